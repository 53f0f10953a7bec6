""" "Can you live with it?": asking, answering, closing, showing, and recording what was decided."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import NotFound
from app.policy import Actor
from app.services import decisions, polls
from app.uow import UnitOfWork
from app.web import console, room
from app.web.fragments import group_id, number
from models.polls import Choice, Outcome

bp = Blueprint("polls", __name__)


def _belongs(uow: UnitOfWork, actor: Actor, meeting_id: int, poll_id: int) -> None:
    """A poll of another session than the one in the address is not found."""
    if polls.access_poll(uow, actor, poll_id, group_id=group_id()).poll.meeting_id != meeting_id:
        raise NotFound()


@bp.post("")
def ask(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Ask the room about an item."""
    item_id = number("item_id") or 0
    return console.act(
        slug, meeting_id, lambda uow, actor: polls.open_poll(uow, actor, meeting_id=meeting_id, item_id=item_id)
    )


@bp.post("/<int:poll_id>/vote")
def vote(slug: str, meeting_id: int, poll_id: int) -> ResponseReturnValue:
    """Give or change one's answer."""
    given = request.form.get("choice", "")
    choice = Choice(given) if given in {each.value for each in Choice} else None

    def cast(uow: UnitOfWork, actor: Actor) -> object:
        _belongs(uow, actor, meeting_id, poll_id)
        return polls.vote(
            uow, actor, poll_id=poll_id, choice=choice, reason=request.form.get("reason", ""),
            words=request.form.get("words", ""),
        )  # fmt: skip

    return room.act(slug, meeting_id, cast, _("Your answer is saved. You may change it until the vote closes."))


@bp.post("/<int:poll_id>/<any(close, withdraw, show):what>")
def settle(slug: str, meeting_id: int, poll_id: int, what: str) -> ResponseReturnValue:
    """Close a vote, withdraw it, or show its result to the room."""
    use_case = {"close": polls.close_poll, "withdraw": polls.cancel_poll, "show": polls.show_result}[what]

    def carry_out(uow: UnitOfWork, actor: Actor) -> object:
        _belongs(uow, actor, meeting_id, poll_id)
        return use_case(uow, actor, poll_id=poll_id)

    return console.act(slug, meeting_id, carry_out)


@bp.post("/<int:poll_id>/decision")
def decide(slug: str, meeting_id: int, poll_id: int) -> ResponseReturnValue:
    """Record the outcome sentence as a numbered decision."""
    given = request.form.get("outcome", "")
    outcome = Outcome(given) if given in {each.value for each in Outcome} else None

    def record(uow: UnitOfWork, actor: Actor) -> object:
        _belongs(uow, actor, meeting_id, poll_id)
        return decisions.record_decision(
            uow, actor, poll_id=poll_id, outcome=outcome, sentence=request.form.get("sentence", ""),
            departs_because=request.form.get("departs_because", ""),
        )  # fmt: skip

    return console.act(slug, meeting_id, record, _("The decision is recorded and shown to the room."))
