"""How the group of the story decides: one question at a time, every ballot cast by the person it belongs to."""

from __future__ import annotations

from typing import Any

from app.policy import VISITOR, Actor
from app.services import attendance, decisions, items, polls
from app.services.documents import words_of
from app.services.story.blueprint import reword
from app.services.story.telling import Teller
from models.items import Item, Status
from models.meetings import Meeting
from models.polls import Choice, Decision, Outcome

FACILITATOR = "avocet"
#: Ballots come so many seconds apart.
BETWEEN = 2


def come_in(teller: Teller, meeting: Meeting, name: str) -> None:
    """A guest joins by the code on the screen."""
    about = next(each for each in teller.content["people"]["guests"] if each["id"] == name)
    seats = {row["org_type"]: row["constituency"] for row in teller.content["sessions"]["constituencies"]}
    door = attendance.find_door(teller.uow, meeting.join_code or "")
    constituency = next(id_ for id_, words in door.constituencies if words == seats[about["org_type"]])
    attendance.join(
        teller.uow, VISITOR, code=meeting.join_code or "", name=about["name"], organisation=about["organisation"],
        constituency_id=constituency, device="Demonstration",
    )  # fmt: skip
    waiting = [row for row in attendance.attendances(teller.uow.session, meeting.id) if row.asked_at is not None]
    [row] = [each for each in waiting if each.person.name == about["name"]]
    teller.people[name] = Actor(person_id=row.person_id, name=about["name"])


def decide(teller: Teller, meeting: Meeting, decision: dict[str, Any]) -> None:
    """Put a decision's items to the vote, one after the other."""
    first = decision.get("first_try")
    if first is not None:
        _refuse(teller, meeting, first, without=decision["votes"].get("abstain", []))
    for item in decision["items"]:
        held = [each for each in decision.get("reservations", []) if each["item"] == item]
        reasons = {each["person"]: (Choice.RESERVATIONS, _reason(each)) for each in held}
        _ask(teller, meeting, item, reasons, decision["votes"].get("abstain", []), _sentence(teller, item, held))


def log(teller: Teller, meeting: Meeting, decision: dict[str, Any]) -> None:
    """Record what was decided without a vote on an item; elements named in it are agreed with it."""
    uow, facilitator = teller.uow, teller.who(FACILITATOR)
    made = decisions.log_decision(uow, facilitator, meeting_id=meeting.id, sentence=decision["outcome"])
    if decision.get("locks_version"):
        teller.decisions["locks"] = made.id
    for name in decision["items"]:
        items.set_status(uow, facilitator, item_id=teller.items[name], status=Status.AGREED)


def _refuse(teller: Teller, meeting: Meeting, first: dict[str, Any], *, without: list[str]) -> None:
    """The room cannot live with the first words of an item; they are changed and come back."""
    objection = first["object"]
    no = {objection["person"]: (Choice.NO, _reason(objection))}
    _ask(teller, meeting, first["item"], no, without, first["outcome"])
    teller.later(seconds=90)
    words = {each["id"]: each["text"] for each in teller.content["principles"]["principles"]}
    reword(teller, FACILITATOR, first["item"], words[first["item"]])
    teller.later(seconds=30)


def _reason(said: dict[str, Any]) -> str:
    return f"{said['words']} I could live with: {said['would_live_with'][0].lower()}{said['would_live_with'][1:]}"


def _ask(
    teller: Teller, meeting: Meeting, item: str, others: dict[str, tuple[Choice, str]], silent: list[str], sentence: str
) -> Decision:
    """One question from the open ballot to the recorded decision. Who is not named says yes; the silent do not vote."""
    uow, facilitator = teller.uow, teller.who(FACILITATOR)
    poll = polls.open_poll(uow, facilitator, meeting_id=meeting.id, item_id=teller.items[item])
    names = {actor.person_id: name for name, actor in teller.people.items()}
    for row in polls.electorate(uow.session, meeting):
        teller.later(seconds=BETWEEN)
        name = names[row.person_id]
        if name not in silent:
            choice, reason = others.get(name, (Choice.YES, ""))
            polls.vote(uow, teller.who(name), poll_id=poll.id, choice=choice, reason=reason)
    teller.later(seconds=10)
    polls.close_poll(uow, facilitator, poll_id=poll.id)
    polls.show_result(uow, facilitator, poll_id=poll.id)
    seen = polls.view(uow.session, poll, person_id=facilitator.person_id, facilitates=True)
    teller.later(seconds=15)
    made = decisions.record_decision(uow, facilitator, poll_id=poll.id, outcome=seen.suggested, sentence=sentence)
    if made.outcome in (Outcome.AGREED, Outcome.RESERVATIONS):
        teller.decisions[item] = made.id
    return made


def _sentence(teller: Teller, item: str, held: list[dict[str, Any]]) -> str:
    """The outcome as the facilitator writes it."""
    row = teller.uow.session.get_one(Item, teller.items[item])
    title = words_of(teller.uow.session, row.id)["title"]
    names = {each["id"]: each["name"] for each in teller.content["people"]["design_group"]}
    if not held:
        return f"Agreed: {row.reference} “{title}” stands as worded."
    who = " and ".join(names[each["person"]] for each in held)
    one = len(held) == 1
    return (
        f"Agreed with {'a reservation' if one else 'reservations'}: {row.reference} “{title}” stands; "
        f"what {who} said stays beside the words."
    )
