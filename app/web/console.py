"""The facilitator's console: one button for what comes next, and everything the room needs within reach."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.policy import Actor
from app.services import attendance, decisions, hands, meetings, rooms, stages
from app.uow import UnitOfWork
from app.web import screen
from app.web.context import looking
from app.web.forms import whole_number
from app.web.fragments import command, faults, fragment, group_id, number, typed

bp = Blueprint("console", __name__)


def page(meeting_id: int, refused: DomainError | None = None, *, whole: bool = True) -> str:
    """The console as it is now; with a refusal, its sentence and what was typed."""
    with looking() as (uow, actor):
        console = rooms.read_console(uow, actor, meeting_id=meeting_id, group_id=group_id())
        base = uow.settings.base_url
    room = console.room
    return render_template(
        "meetings/console.html" if whole else "meetings/_console.html",
        console=console, room=room, meeting=room.meeting, refused=refused, errors=faults(refused),
        typed=typed(), join_address=f"{base}/join",
        screen_address=base + url_for("screen.show", token=console.projector_token) if console.projector_token else "",
        join_qr=screen.join_code_picture(base, room.meeting.join_code),
    )  # fmt: skip


def act(
    slug: str, meeting_id: int, use_case: Callable[[UnitOfWork, Actor], object], said: str | None = None
) -> ResponseReturnValue:
    """Carry out what a button of the console asks for, and show the console again."""
    to = url_for("console.show", slug=slug, meeting_id=meeting_id)
    return command(use_case, to=to, said=said, page=lambda refused: page(meeting_id, refused))


@bp.get("")
def show(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The console."""
    return page(meeting_id)


@bp.get("/live")
def live(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The console's content, again."""
    return fragment(page(meeting_id, whole=False))


@bp.post("/advance")
def advance(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The main button: on to the next stage; or to any other."""
    revision, stage_id = number("revision") or 0, number("stage_id")
    if stage_id is None and request.form.get("stage_id"):
        raise NotFound()

    def go(uow: UnitOfWork, actor: Actor) -> object:
        return stages.advance(uow, actor, meeting_id=meeting_id, revision=revision, stage_id=stage_id)

    return act(slug, meeting_id, go)


@bp.post("/undo")
def undo(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Take the last change of stage back."""
    revision = number("revision") or 0
    return act(
        slug, meeting_id, lambda uow, actor: stages.undo(uow, actor, meeting_id=meeting_id, revision=revision),
        _("The stage before goes on as if it had not ended."),
    )  # fmt: skip


@bp.post("/pause")
def pause(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Stop the clock, or let it go on."""
    on = request.form.get("on") == "yes"
    return act(slug, meeting_id, lambda uow, actor: stages.pause(uow, actor, meeting_id=meeting_id, on=on))


@bp.post("/minute")
def minute(slug: str, meeting_id: int) -> ResponseReturnValue:
    """One minute more for this stage."""
    return act(slug, meeting_id, lambda uow, actor: stages.add_minute(uow, actor, meeting_id=meeting_id))


@bp.post("/control")
def control(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Take control of the session."""
    return act(
        slug, meeting_id, lambda uow, actor: stages.take_control(uow, actor, meeting_id=meeting_id),
        _("You have control now."),
    )  # fmt: skip


@bp.post("/item")
def item(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Show an item to the room."""
    item_id = number("item_id")
    return act(
        slug, meeting_id, lambda uow, actor: stages.show_item(uow, actor, meeting_id=meeting_id, item_id=item_id)
    )


@bp.post("/close")
def close(slug: str, meeting_id: int) -> ResponseReturnValue:
    """End the session and go to the minutes."""
    revision = number("revision") or 0

    def end(uow: UnitOfWork, actor: Actor) -> object:
        stages.close(uow, actor, meeting_id=meeting_id, revision=revision)
        return _("The session is closed. These minutes were drafted from what happened: read and correct them.")

    to = url_for("meetings.show_minutes", slug=slug, meeting_id=meeting_id)
    return command(end, to=to, page=lambda refused: page(meeting_id, refused))


# --- people ---


@bp.post("/guests")
def guests(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Let waiting guests in, or not: those whom the page showed, and nobody who came since."""
    let_in = request.form.get("let_in") == "yes"
    shown = [one for one in map(whole_number, request.form.getlist("person_id")) if one is not None]

    def decide(uow: UnitOfWork, actor: Actor) -> object:
        return attendance.decide_guests(uow, actor, meeting_id=meeting_id, person_ids=shown, let_in=let_in)

    return act(slug, meeting_id, decide)


@bp.post("/present")
def present(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Note that a member is here, or that somebody has left, or end a guest's place."""
    person_id, what = number("person_id") or 0, request.form.get("what", "here")

    def mark(uow: UnitOfWork, actor: Actor) -> object:
        mark_as = {"left": attendance.leave, "out": attendance.show_out}.get(what, attendance.mark_present)
        return mark_as(uow, actor, meeting_id=meeting_id, person_id=person_id)

    return act(slug, meeting_id, mark)


@bp.post("/deputy")
def deputy(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Seat somebody in an absent member's place, or end that."""
    person_id, for_person_id = number("person_id") or 0, number("for_person_id")

    def seat(uow: UnitOfWork, actor: Actor) -> None:
        attendance.set_deputy(uow, actor, meeting_id=meeting_id, person_id=person_id, for_person_id=for_person_id)

    return act(slug, meeting_id, seat)


@bp.post("/floor")
def floor(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Give somebody the floor, or end the turn of whoever has it."""
    hand_id = number("hand_id")

    def give(uow: UnitOfWork, actor: Actor) -> None:
        if hand_id is None:
            hands.finish_speaking(uow, actor, meeting_id=meeting_id)
        else:
            hands.call(uow, actor, meeting_id=meeting_id, hand_id=hand_id)

    return act(slug, meeting_id, give)


# --- notes, decisions without a vote, the projector ---


@bp.post("/notes")
def notes(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Keep the facilitator's notes."""
    text, before = request.form.get("notes", ""), request.form.get("before", "")
    return act(
        slug, meeting_id,
        lambda uow, actor: meetings.save_notes(uow, actor, meeting_id=meeting_id, notes=text, before=before),
    )  # fmt: skip


@bp.post("/decision")
def decision(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Record a decision that needed no vote on an item."""
    sentence = request.form.get("sentence", "")
    return act(
        slug, meeting_id,
        lambda uow, actor: decisions.log_decision(uow, actor, meeting_id=meeting_id, sentence=sentence),
        _("The decision is recorded."),
    )  # fmt: skip


@bp.post("/projector")
def projector(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Revoke the projector's address and make another."""
    return act(
        slug, meeting_id, lambda uow, actor: stages.new_projector_address(uow, actor, meeting_id=meeting_id),
        _("The old projector address no longer works. Open the new one."),
    )  # fmt: skip
