"""The member's screen in a session: phone first, for members and for guests who were let in."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import DomainError, Gone, Invalid
from app.policy import Actor
from app.services import attendance, hands, rooms
from app.uow import UnitOfWork
from app.web.context import looking
from app.web.errors import written
from app.web.forms import asked
from app.web.fragments import command, faults, fragment, group_id, typed
from models.meetings import HandKind

bp = Blueprint("room", __name__)


def page(meeting_id: int, refused: DomainError | None = None, *, whole: bool = True) -> str:
    """The member's screen as it is now; with a refusal, its sentence and what was typed.

    Whoever writes in an item stays at it, whatever the group turns to, and keeps the editor when the words are closed
    or the session is.
    """
    own, again = asked("item"), not whole or refused is not None
    with looking() as (uow, actor):
        screen = rooms.read_member(
            uow, actor, meeting_id=meeting_id, group_id=group_id(), look_at=own,
            known_descent=asked("since") if again else None,
        )  # fmt: skip
    room = screen.room
    writing = request.args.get("write") == "1" and (screen.may_write or again)
    return render_template(
        "meetings/room.html" if whole else "meetings/_room.html",
        screen=screen, room=room, meeting=room.meeting, refused=refused, errors=faults(refused), typed=typed(),
        late=written() if isinstance(refused, Gone) and whole else [],
        look_at=screen.view.item.id if writing and screen.view else own, writing=writing,
        caret=asked("caret"),
    )  # fmt: skip


def act(
    slug: str, meeting_id: int, use_case: Callable[[UnitOfWork, Actor], object], said: str | None = None
) -> ResponseReturnValue:
    """Carry out what a button of the member's screen asks for, and show the screen again."""
    to = url_for("room.show", slug=slug, meeting_id=meeting_id)
    return command(use_case, to=to, said=said, page=lambda refused: page(meeting_id, refused))


@bp.get("")
def show(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The member's screen."""
    return page(meeting_id)


@bp.get("/live")
def live(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The member's screen, again."""
    return fragment(page(meeting_id, whole=False))


@bp.post("/here")
def here(slug: str, meeting_id: int) -> ResponseReturnValue:
    """ "I am here"."""
    return act(slug, meeting_id, lambda uow, actor: attendance.arrive(uow, actor, meeting_id=meeting_id))


@bp.post("/left")
def left(slug: str, meeting_id: int) -> ResponseReturnValue:
    """ "I have to leave"."""
    return act(
        slug, meeting_id, lambda uow, actor: attendance.leave(uow, actor, meeting_id=meeting_id),
        _("The facilitators see that you have left."),
    )  # fmt: skip


@bp.post("/hand")
def hand(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Raise a hand of one of the four kinds, or take it down."""
    kind = request.form.get("kind", "")

    def move(uow: UnitOfWork, actor: Actor) -> None:
        if kind == "down":
            hands.lower_hand(uow, actor, meeting_id=meeting_id)
        elif kind in {each.value for each in HandKind}:
            hands.raise_hand(uow, actor, meeting_id=meeting_id, kind=HandKind(kind))
        else:
            raise Invalid(_("Choose what you want to say."), fields={"kind": _("Choose what you want to say")})

    return act(slug, meeting_id, move)
