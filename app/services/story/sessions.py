"""Fourth and sixth chapter: six sessions planned, two held and minuted, version 1 locked, the third announced."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from app.services import (
    actions,
    attendance,
    comments,
    corrections,
    documents,
    homework,
    meetings,
    memberships,
    minutes,
    soundings,
    stages,
    suggestions,
    versions,
    visits,
)
from app.services import items as item_services
from app.services.story import voting
from app.services.story.blueprint import reword
from app.services.story.telling import ZONE, Teller, local
from models.documents import Field
from models.groups import Role
from models.items import Status
from models.meetings import Meeting
from models.soundings import SoundingState

#: Who runs the sessions, and who writes actions down.
FACILITATOR, SCRIBE = "avocet", "yarrow"
#: How many minutes each stage took beyond its plan; they sum to what the files say of the whole.
OVERRUNS = {"S1": (2, 6, -2, 1, -1, -2, -2), "S2": (2, 6, 4, 0, 1, -2)}
#: In which stage (from 0) the questions of a session are put, by the number of the decision.
STAGES = {"D4": 5, "D5": 1, "D6": 1, "D7": 2, "D8": 4}
#: The next session, which a visitor can open, is the Thursday so many days ahead or after; then every five weeks.
NEXT_IN, EVERY, THURSDAY = 4, timedelta(weeks=5), 3
#: How many days before the telling it was announced.
ANNOUNCED_BEFORE = 3


def first(teller: Teller) -> None:
    """All six are planned, and the first is held."""
    teller.at(local(date(2015, 2, 23), "16:00"))
    told = teller.story["sessions"]
    planned = meetings.plan_series(
        teller.uow, teller.who(FACILITATOR), group_id=teller.group_id, first=told[0]["held"],
        at=local(told[0]["held"], told[0]["starts"]).astimezone(ZONE).time(), place=told[0]["place"],
    )  # fmt: skip
    teller.meetings = [meeting.id for meeting in planned]
    _dates(teller, planned)
    _hold(teller, planned[0], told[0])
    _sound(teller)


def second(teller: Teller) -> None:
    """The second is held, and version 1 is locked."""
    meeting = teller.uow.session.get_one(Meeting, teller.meetings[1])
    _hold(teller, meeting, teller.story["sessions"][1])
    _propose(teller)
    _lock_version(teller)


def since(teller: Teller) -> None:
    """Words change after they were decided, others are suggested, and the third session is announced."""
    _look_in(teller)
    _change(teller)
    _suggest(teller)
    _comment(teller)
    teller.at(local(teller.day(-ANNOUNCED_BEFORE), "15:00"))
    meetings.announce(teller.uow, teller.who(FACILITATOR), meeting_id=teller.meetings[2])
    _give_homework(teller, teller.uow.session.get_one(Meeting, teller.meetings[2]))


def _sound(teller: Teller) -> None:
    """Everybody scores some principles in private, twice, a day apart."""
    uow, told = teller.uow, teller.story["sounding"]
    teller.at(local(told["day"], "09:00"))
    ids = {name: teller.items[name] for name in told["items"]}
    made = soundings.begin(
        uow, teller.who(FACILITATOR), group_id=teller.group_id, title=told["title"], item_ids=list(ids.values())
    )
    scorers = memberships.members(uow, teller.who(FACILITATOR), group_id=teller.group_id)
    writers = {each.person_id for each in scorers if each.role in {Role.FACILITATOR, Role.MEMBER}}
    for number in range(2):
        for name, actor in teller.people.items():
            if actor.person_id not in writers:
                continue
            draw = random.Random(f"{name} {number}")  # noqa: S311  a tale, no secret
            scores: dict[int, int | None] = {
                ids[key]: min(9, max(1, round(draw.gauss(*passes[number])))) for key, passes in told["items"].items()
            }
            teller.later(minutes=7)
            soundings.score(uow, actor, sounding_id=made.id, scores=scores)
        teller.later(hours=1)
        seen = SoundingState.SECOND if number else SoundingState.FIRST
        soundings.go_on(uow, teller.who(FACILITATOR), sounding_id=made.id, seen=seen)
        if not number:
            teller.at(local(told["day"] + timedelta(days=1), "09:00"))
            soundings.go_on(uow, teller.who(FACILITATOR), sounding_id=made.id, seen=SoundingState.TALK)


def _dates(teller: Teller, planned: Sequence[Meeting]) -> None:
    """The first two on the days they were held, the rest in the weeks to come."""
    days = [session["held"] for session in teller.story["sessions"]]
    soon = teller.day(NEXT_IN)
    soon += timedelta(days=(THURSDAY - soon.weekday()) % 7)
    days += [soon + EVERY * number for number in range(len(planned) - len(days))]
    for meeting, day in zip(planned, days, strict=True):
        meetings.edit_meeting(
            teller.uow, teller.who(FACILITATOR), meeting_id=meeting.id, title=meeting.title, day=day,
            at=meeting.starts_at.astimezone(ZONE).time(), place=meeting.place, aims=meeting.aims,
        )  # fmt: skip


def _hold(teller: Teller, meeting: Meeting, session: dict[str, Any]) -> None:
    """One session from the open door to approved minutes."""
    uow, facilitator = teller.uow, teller.who(FACILITATOR)
    begins = local(session["held"], session["starts"])
    teller.at(begins - timedelta(minutes=20))
    stages.open_doors(uow, facilitator, meeting_id=meeting.id, revision=meeting.revision)
    _gather(teller, meeting, session)
    teller.at(begins)
    overruns = OVERRUNS[session["id"]]
    for number, stage in enumerate(meetings.stages_of(uow.session, meeting.id)):
        stages.advance(uow, facilitator, meeting_id=meeting.id, revision=meeting.revision)
        ends = uow.now + timedelta(minutes=stage.planned_minutes + overruns[number])
        for decision in session["decisions"]:
            if STAGES.get(decision["id"]) == number:
                voting.decide(teller, meeting, decision)
        if number == len(overruns) - 1:
            _end(teller, meeting, session)
        teller.at(max(ends, uow.now))
    stages.advance(uow, facilitator, meeting_id=meeting.id, revision=meeting.revision)
    teller.later(seconds=30)
    stages.close(uow, facilitator, meeting_id=meeting.id, revision=meeting.revision)
    _minute(teller, meeting, session)


def _gather(teller: Teller, meeting: Meeting, session: dict[str, Any]) -> None:
    """Who comes, who is sorry, and who comes in somebody's place."""
    uow, told = teller.uow, session["attendance"]
    sorry = {each["person"] for each in told["apologies"]}
    for each in teller.content["people"]["design_group"]:
        name = each["id"]
        if each["rights"] == "panel manager" or name in told["absent"]:
            continue
        teller.later(seconds=35)
        if name in sorry:
            attendance.apologise(uow, teller.who(name), meeting_id=meeting.id, coming=False)
        else:
            attendance.arrive(uow, teller.who(name), meeting_id=meeting.id)
    for each in told["apologies"]:
        if "deputy" in each:
            _deputy(teller, meeting, each["deputy"], each["person"])


def _deputy(teller: Teller, meeting: Meeting, deputy: str, member: str) -> None:
    """Somebody from outside comes in by the code, is let in, and speaks and votes for a member."""
    uow = teller.uow
    voting.come_in(teller, meeting, deputy)
    attendance.decide_guests(uow, teller.who(FACILITATOR), meeting_id=meeting.id, person_ids=None, let_in=True)
    attendance.set_deputy(
        uow, teller.who(FACILITATOR), meeting_id=meeting.id, person_id=teller.person_id(deputy),
        for_person_id=teller.person_id(member),
    )  # fmt: skip


def _end(teller: Teller, meeting: Meeting, session: dict[str, Any]) -> None:
    """What was decided without a vote on an item, and what is to be done."""
    for decision in session["decisions"]:
        if decision["id"] not in STAGES:
            teller.later(seconds=50)
            voting.log(teller, meeting, decision)
    for each in session["actions"]:
        teller.later(seconds=20)
        actions.add_action(
            teller.uow, teller.who(SCRIBE), group_id=teller.group_id, what=each["what"],
            owner_id=teller.person_id(each["owner"]), due_on=each["due"], meeting_id=meeting.id,
        )  # fmt: skip


def _minute(teller: Teller, meeting: Meeting, session: dict[str, Any]) -> None:
    """The scribe adds what the draft cannot know; a week later they are approved, and what was done is ticked."""
    uow = teller.uow
    teller.later(hours=18)
    drafted = minutes.document_of(uow.session, meeting.id)
    if drafted is None:
        raise ValueError("a session that has closed has no minutes")
    names = {each["id"]: each["name"] for each in teller.content["people"]["design_group"]}
    parked = "\n".join(
        f"- {each['question']} ({names[each['by']]}; to be answered by session {each['answer_by'][1:]})"
        for each in session["parked"]
    )
    text = f"{drafted.text}\n\n# Notes\n\n{session['notes'].strip()}\n\n# Questions for later\n\n{parked}"
    noted = minutes.correct_minutes(uow, teller.who(SCRIBE), meeting_id=meeting.id, text=text, version=drafted.version)
    teller.at(local(session["approved"], "11:00"))
    minutes.approve_minutes(uow, teller.who(FACILITATOR), meeting_id=meeting.id, version=noted.version)
    logged = actions.list_actions(uow, teller.who(SCRIBE), group_id=teller.group_id, meeting_id=meeting.id)
    by_words = {line.action.what: line.action for line in logged}
    for each in session["actions"]:
        if each["status"] == "done":
            teller.at(local(each["due"] - timedelta(days=1), "16:00"))
            actions.set_done(
                uow, teller.who(SCRIBE), action_id=by_words[each["what"]].id, group_id=teller.group_id, done=True
            )


def _propose(teller: Teller) -> None:
    """Members bring items forward, or park them, between the sessions."""
    teller.at(local(date(2015, 4, 13), "10:00"))
    told = teller.story["statuses"]
    for name in [*told["proposed"], *told["parked"]]:
        teller.later(minutes=2)
        status = Status.PARKED if name in told["parked"] else Status.PROPOSED
        item_services.set_status(teller.uow, teller.who("bramble"), item_id=teller.items[name], status=status)


def _lock_version(teller: Teller) -> None:
    """Version 1 rests on the decision that said so."""
    teller.at(local(date(2015, 4, 17), "15:00"))
    version = versions.freeze(
        teller.uow, teller.who(FACILITATOR), group_id=teller.group_id, title="Northmere long-term conditions blueprint",
        decision_id=teller.decisions["locks"],
    )  # fmt: skip
    teller.version_id = version.id
    teller.version_items = versions.items_of(teller.uow.session, version.id)


def _look_in(teller: Teller) -> None:
    """People look at what is new, so that all that follows is new to them."""
    told = teller.story["visits"]
    teller.at(local(told["last"], "08:40"))
    for each in teller.content["people"]["design_group"]:
        if each["id"] not in told["never"]:
            visits.read_all(teller.uow, teller.who(each["id"]), group_id=teller.group_id, until=teller.uow.now)


def _give_homework(teller: Teller, meeting: Meeting) -> None:
    """What is prepared for a session, and who has said how far it is."""
    for each in teller.story["homework"]:
        teller.later(minutes=4)
        given = homework.give(
            teller.uow, teller.who(FACILITATOR), group_id=teller.group_id, item_id=teller.items[each["item"]],
            person_ids=[teller.person_id(name) for name in each["to"]], asked=each["asked"], meeting_id=meeting.id,
            due_on=meeting.starts_at.astimezone(ZONE).date() - timedelta(days=1),
        )  # fmt: skip
        for answer in each["replies"]:
            teller.later(hours=2)
            homework.reply(
                teller.uow, teller.who(answer["by"]), homework_id=given.id, group_id=teller.group_id,
                ready=answer["ready"], words=answer["words"],
            )  # fmt: skip


def _suggest(teller: Teller) -> None:
    """Members suggest other words; some wait, one was answered."""
    for each in teller.story["suggestions"]:
        teller.at(local(each["day"], "11:15"))
        item_id = teller.items[each["item"]]
        text = documents.documents_of(teller.uow.session, [item_id])[item_id][Field.TEXT]
        made = suggestions.suggest(
            teller.uow, teller.who(each["by"]), item_id=item_id, field=Field.TEXT, version=text.version,
            text=text.text.replace(each["old"], each["new"]), reason=each["reason"],
        )  # fmt: skip
        if "answer" in each:
            teller.later(hours=5)
            answerer = teller.who(each["answered_by"])
            suggestions.reject(teller.uow, answerer, suggestion_id=made.id, answer=each["answer"])


def _comment(teller: Teller) -> None:
    """Members talk about exact words; one discussion has come to its end."""
    for each in teller.story["discussions"]:
        teller.at(local(each["day"], "12:20"))
        made = comments.start(
            teller.uow, teller.who(each["by"]), item_id=teller.items[each["item"]], quote=each.get("quote", ""),
            words=each["said"],
        )  # fmt: skip
        for answer in each.get("replies", ()):
            teller.later(hours=2)
            comments.reply(teller.uow, teller.who(answer["by"]), discussion_id=made.id, words=answer["said"])
        if "resolved_by" in each:
            teller.later(hours=1)
            comments.resolve(teller.uow, teller.who(each["resolved_by"]), discussion_id=made.id)


def _change(teller: Teller) -> None:
    """Words change after they were decided; one change is confirmed to be minor."""
    for each in teller.story["changes"]:
        teller.at(local(each["day"], "10:30"))
        reword(teller, each["by"], each["item"], each["text"])
        if "correction" in each:
            teller.later(minutes=20)
            made = corrections.propose_correction(
                teller.uow, teller.who(each["correction"]["proposed_by"]), decision_id=teller.decisions[each["item"]]
            )
            teller.later(hours=3)
            confirmer = teller.who(each["correction"]["confirmed_by"])
            corrections.confirm_correction(teller.uow, confirmer, correction_id=made.id)
