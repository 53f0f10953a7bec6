"""What concerns me in my groups, how I want to hear of it by mail, and stopping mails without signing in."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Invalid
from app.services import notifications
from app.web.context import looking, transaction
from app.web.fragments import moment, number
from app.web.limits import KNOCKING, failed, limiter
from models.notifications import MailMode

bp = Blueprint("notifications", __name__)
#: Apart, since whoever has a link from a mail needs neither a sign-in nor a form of ours.
stopping = Blueprint("stopping", __name__)


def mode_words() -> list[dict[str, str]]:
    """The ways to hear of things by mail."""
    return [
        {"value": MailMode.CONCERNS.value, "text": _("My items and what concerns me"),
         "hint": _("Within the hour, all in one mail, at most one an hour.")},
        {"value": MailMode.DIGEST.value, "text": _("A daily digest"),
         "hint": _("At 7 in the morning, and only when something concerns me.")},
        {"value": MailMode.SESSIONS.value, "text": _("Session mail only"),
         "hint": _("When a session is announced, moved or cancelled.")},
        {"value": MailMode.NONE.value, "text": _("No mail at all"), "hint": _("Everything stays on this page.")},
    ]  # fmt: skip


@bp.get("")
def index() -> ResponseReturnValue:
    """What concerns me, the newest first, and what each group may mail to me."""
    with looking() as (uow, actor):
        lines = notifications.mine(uow, actor)
        choices = notifications.choices(uow, actor)
        now = uow.now
    return render_template("notifications/index.html", lines=lines, choices=choices, modes=mode_words(), now=now)


@bp.post("/read")
def read() -> ResponseReturnValue:
    """Take one, or all that the page showed, for read."""
    with transaction() as (uow, actor):
        notifications.read(
            uow, actor, until_id=number("until"), notification_id=number("one"), seen_at=moment("seen_at")
        )
    return redirect(url_for("notifications.index"), 303)


@bp.post("/mail")
def choose() -> ResponseReturnValue:
    """Say what a group may mail to me."""
    group_id, mode = number("group_id"), request.form.get("mode", "")
    if group_id is None or mode not in {each.value for each in MailMode}:
        raise Invalid(_("Choose one of the ways to hear of things."))
    with transaction() as (uow, actor):
        notifications.choose(uow, actor, group_id=group_id, mode=MailMode(mode))
    flash(_("Your choice is kept."), "success")
    return redirect(url_for("notifications.index", _anchor=f"mail-{group_id}"), 303)


@stopping.get("/<token>")
@limiter.limit(KNOCKING, deduct_when=failed)
def ask(token: str) -> ResponseReturnValue:
    """What the link would stop and the button that does it, or that it is stopped: looking alone changes nothing."""
    with looking() as (uow, _actor):
        found = notifications.read_stop(uow, token)
        stopped = notifications.is_stopped(uow, found)
    return render_template("notifications/stop.html", stop=stopped or found, token=token, done=stopped is not None)


@stopping.post("/<token>")
@limiter.limit(KNOCKING, deduct_when=failed)
def stop(token: str) -> ResponseReturnValue:
    """Stop those mails; mail programs press this by themselves when their reader asks them to (RFC 8058)."""
    with transaction() as (uow, _actor):
        found = notifications.stop(uow, token)
    return render_template("notifications/stop.html", stop=found, token=token, done=True)
