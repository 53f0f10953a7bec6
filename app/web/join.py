"""Coming into a session by its six-digit code, without an account."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import DomainError, Invalid, NotFound, TooMany
from app.policy import standing
from app.services import attendance, rooms
from app.web.accounts import come_in
from app.web.context import looking, transaction
from app.web.fragments import faults, fragment, number, typed
from app.web.limits import limiter

bp = Blueprint("join", __name__)

#: Wrong codes from one address. A room of fifty behind one address comes in; a guesser does not.
WRONG_CODES = "40 per 10 minutes"


def _was_wrong(response: Response) -> bool:
    return response.status_code == 404


knocking = limiter.shared_limit(WRONG_CODES, scope="session codes", deduct_when=_was_wrong)


def _code_page(code: str, refused: DomainError | None = None) -> ResponseReturnValue:
    error = refused.message if refused else None
    return render_template("join/code.html", code=code, error=error), refused.status if refused else 200


@bp.get("/join")
def code() -> ResponseReturnValue:
    """Where the six digits are typed."""
    return _code_page("")


@bp.post("/join")
@knocking
def find() -> ResponseReturnValue:
    """From the code to the session it opens."""
    given = request.form.get("code", "")
    try:
        with looking() as (uow, _actor):
            attendance.find_door(uow, given)
    except NotFound as refused:
        return _code_page(given, refused)
    return redirect(url_for("join.details", code="".join(given.split()).replace("-", "")), 303)


def _details_page(code: str, refused: DomainError | None = None) -> ResponseReturnValue:
    try:
        with looking() as (uow, actor):
            door = attendance.find_door(uow, code)
            found = standing(uow.session, actor, door.group_id)
    except NotFound as unknown:
        return _code_page(code, unknown)
    page = render_template(
        "join/details.html", door=door, code=code, errors=faults(refused), refused=refused, typed=typed(),
        is_member=found is not None and found.meeting_id is None,
    )  # fmt: skip
    return page, refused.status if refused else 200


@bp.get("/join/<code>")
@knocking
def details(code: str) -> ResponseReturnValue:
    """Name, organisation, and whom one speaks for; the address a QR code leads to."""
    return _details_page(code)


@bp.post("/join/<code>")
@knocking
def ask(code: str) -> ResponseReturnValue:
    """Ask to be let in."""
    try:
        with transaction() as (uow, actor):
            door = attendance.find_door(uow, code)
            token = attendance.join(
                uow, actor, code=code, name=request.form.get("name", ""),
                organisation=request.form.get("organisation", ""), constituency_id=number("constituency"),
                device=request.user_agent.string,
            )  # fmt: skip
            found = standing(uow.session, actor, door.group_id)
    except NotFound as refused:
        return _code_page(code, refused)
    except (Invalid, TooMany) as refused:
        return _details_page(code, refused)
    if token is not None:
        come_in(token, stays=False)
    if found is not None:
        return redirect(url_for("room.show", slug=door.group_slug, meeting_id=door.meeting_id), 303)
    return redirect(url_for("join.waiting"), 303)


def _waiting(*, whole: bool) -> str | None:
    with looking() as (uow, actor):
        place = attendance.waiting_place(uow, actor)
        if place is None:
            return None
        row, meeting, slug = place
        inside = attendance.is_present(row) and rooms.is_open(meeting)
        taken = [] if rooms.is_open(meeting) else attendance.taken_with(uow, row, meeting)
    go = url_for("room.show", slug=slug, meeting_id=meeting.id) if inside else ""
    return render_template(
        "join/waiting.html" if whole else "join/_waiting.html", meeting=meeting, go=go,
        refused=row.refused_at is not None, over=not rooms.is_open(meeting), taken=taken,
        came=row.confirmed_by_id is not None and row.refused_at is None,
    )  # fmt: skip


@bp.get("/join/waiting")
def waiting() -> ResponseReturnValue:
    """The waiting room's page, which moves on by itself when a facilitator lets one in."""
    page = _waiting(whole=True)
    return page if page is not None else redirect(url_for("join.code"))


@bp.get("/join/waiting/live")
def live() -> ResponseReturnValue:
    """The waiting room, again."""
    page = _waiting(whole=False)
    if page is None:
        raise NotFound(_("Nobody waits here."))
    return fragment(page)
