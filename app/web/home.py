"""The front page, and the pages about the service: help, accessibility, privacy, the demonstration's outbox."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app.services import memberships
from app.services.panel import LANGUAGES
from app.web.context import database, looking
from app.web.languages import LANGUAGE_KEY, speak
from app.web.rating import SEAT_KEY

bp = Blueprint("home", __name__)


@bp.get("/")
def home() -> ResponseReturnValue:
    """My groups; for a visitor what this is and how to come in."""
    with looking() as (uow, actor):
        if actor.person_id is None:
            return render_template("home/visitor.html")
        mine = memberships.my_groups(uow, actor)
    if len(mine) == 1 and not actor.is_administrator:
        return redirect(url_for("groups.overview", slug=mine[0].group.slug))
    return render_template("home/groups.html", memberships=mine, role_words=memberships.ROLE_WORDS)


@bp.get("/help")
def help_page() -> ResponseReturnValue:
    """How to use Concordat, in five minutes."""
    return render_template("home/help.html")


def _as_they_came_from() -> bool:
    """In the language of the expert's page, or of the form for a hall, from which one comes; for all others English.

    Answers whether it is an expert, who is to find the way back.
    """
    chosen = request.args.get("language") or session.get(LANGUAGE_KEY)
    if chosen in LANGUAGES and g.actor.person_id is None:
        speak(chosen)
    return SEAT_KEY in session


@bp.get("/accessibility")
def accessibility() -> ResponseReturnValue:
    """What we promise and how to tell us where we fall short."""
    return render_template("home/accessibility.html", settings=database().settings, is_reviewing=_as_they_came_from())


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """Who is responsible, what is kept, for how long, and what you can ask."""
    return render_template("home/privacy.html", settings=database().settings, is_reviewing=_as_they_came_from())


@bp.get("/outbox")
def outbox() -> ResponseReturnValue:
    """The demonstration's mails, newest first: nothing leaves the machine."""
    settings = database().settings
    if not settings.is_demo:
        abort(404)
    files = sorted(settings.outbox.glob("*.eml"), reverse=True)[:100]
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in files]
    shown = [
        {"to": mail["To"], "subject": mail["Subject"], "date": mail["Date"], "text": body.get_content()}
        for mail in mails
        if (body := mail.get_body()) is not None
    ]
    return render_template("home/outbox.html", mails=shown)
