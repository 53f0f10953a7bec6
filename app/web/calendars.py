"""My calendar: its address, and the file that calendar programs find there."""

from __future__ import annotations

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.services import calendars
from app.web.context import database, looking, transaction
from app.web.limits import KNOCKING, failed, limiter

bp = Blueprint("calendars", __name__)
#: Apart, since calendar programs do not sign in.
following = Blueprint("following", __name__)


def calendar_answer(content: bytes, name: str = "") -> Response:
    """An iCalendar file; with a ``name``, one to keep."""
    answer = make_response(content)
    answer.headers["Content-Type"] = "text/calendar; charset=utf-8"
    if name:
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@bp.get("")
def index() -> ResponseReturnValue:
    """My address, and how to use it."""
    with looking() as (uow, actor):
        found = calendars.address(uow, actor)
    return render_template("calendars/index.html", address=found)


@bp.post("")
def make() -> ResponseReturnValue:
    """Make my address, or another one."""
    with transaction() as (uow, actor):
        calendars.make(uow, actor)
    flash(_("Your calendar has a new address."), "success")
    return redirect(url_for("calendars.index"), 303)


@bp.post("/revoke")
def revoke() -> ResponseReturnValue:
    """Take my address away."""
    with transaction() as (uow, actor):
        calendars.revoke(uow, actor)
    flash(
        _("The address no longer works. Calendars that follow it keep what they have until you remove it there."),
        "success",
    )
    return redirect(url_for("calendars.index"), 303)


@following.get("/<token>.ics")
@limiter.limit(KNOCKING, deduct_when=failed)
def feed(token: str) -> ResponseReturnValue:
    """The calendar itself; answered with 304 while nothing has changed."""
    with database().reading() as uow:
        answer = calendar_answer(calendars.feed(uow, token))
    answer.add_etag()
    return answer.make_conditional(request)
