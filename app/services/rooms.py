"""The room of a session as its three surfaces show it: console, member's screen, projector."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.calc.glossary import Glossary
from app.errors import NotFound
from app.policy import Actor, Can, allowed
from app.services import actions, documents, glossary, homework, items, origins, polls
from app.services.actions import ActionLine
from app.services.attendance import attendances, expected, is_present
from app.services.hands import Queue, queue_of
from app.services.homework import HomeworkLine
from app.services.meetings import OPEN, access_meeting, current_stage, next_meeting, next_stage, stages_of
from app.services.origins import Relative
from app.services.polls import PollView
from app.services.stages import UNDO_LASTS, elapsed, last_change
from app.uow import UnitOfWork
from models.accounts import Person
from models.documents import Document, Field
from models.groups import Group, Membership, Role
from models.items import Item, Status
from models.meetings import Attendance, HandKind, Meeting, Stage, StageKind
from models.polls import Decision

#: A projector that has not asked for this long is said to be away.
PROJECTOR_AWAY = timedelta(seconds=30)
SEEN_EVERY = timedelta(seconds=10)


@dataclass(frozen=True)
class StageLine:
    """One line of the run sheet: what was planned and, where it has run, what it took."""

    id: int
    title: str
    purpose: str
    kind: StageKind
    state: str  # done, now, next
    planned: int
    actual: int | None
    item_id: int | None
    item: str
    started_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether it took longer than planned."""
        return self.actual is not None and self.actual > self.planned


@dataclass(frozen=True)
class Clock:
    """The shared timer: seconds left (negative when over) and the end, by the server's clock."""

    title: str
    left: int
    ends_at: datetime
    now: datetime
    paused: bool

    @property
    def minutes_left(self) -> int:
        """Whole minutes left, rounded up; negative when over."""
        return -(-self.left // 60)


@dataclass(frozen=True)
class Here:
    """Somebody of the session as shown to others."""

    person_id: int
    name: str
    organisation: str
    standing_for: str
    is_guest: bool
    turns: int = 0


@dataclass(frozen=True)
class Bench:
    """The people of one constituency who are here, and how many of its own are expected."""

    name: str
    tag: str
    tone: int
    people: list[Here]
    expected: int


@dataclass(frozen=True)
class ItemView:
    """The item the room looks at, with its words as they are now; ``into`` is the one that it was merged into."""

    item: Item
    texts: dict[Field, Document]
    into: Item | None

    @property
    def is_gone(self) -> bool:
        """Whether it is withdrawn, merged into another one or not."""
        return self.item.status is Status.WITHDRAWN

    @property
    def fields(self) -> type[Field]:
        """The names of its texts."""
        return Field

    def words(self, field: str) -> str:
        """One of its texts, empty where there is none."""
        document = self.texts.get(Field(field))
        return document.text if document else ""


@dataclass(frozen=True)
class Room:
    """Everything the surfaces have in common. ``queue`` holds names; the projector shows three of them at most.

    ``withdrawn`` is the reference of the item whose vote was withdrawn in this stage and followed by none; else empty.
    """

    meeting: Meeting
    group: Group
    stages: list[StageLine]
    now: StageLine | None
    after: StageLine | None
    clock: Clock | None
    ends_at: datetime
    benches: list[Bench]
    queue: Queue
    item: ItemView | None
    poll: PollView | None
    withdrawn: str
    decisions: list[Decision]
    actions: list[ActionLine]
    homework: list[HomeworkLine]
    following: Meeting | None

    @property
    def present(self) -> int:
        """How many are here."""
        return sum(len(bench.people) for bench in self.benches)

    @property
    def shows_poll(self) -> bool:
        """Whether the room looks at the vote: until it is decided, and then until one turns to something else."""
        since = self.now.started_at if self.now else None
        return self.poll is not None and self.poll.is_looked_at(self.meeting.current_item_id, since)

    @property
    def quiet(self) -> list[str]:
        """Constituencies that are here and have not had the floor yet."""
        here = [bench for bench in self.benches if bench.people]
        return [bench.name for bench in here if not any(person.turns for person in bench.people)]


@dataclass(frozen=True)
class Console:
    """What a facilitator sees besides the room."""

    room: Room
    in_control: bool
    controller: str
    undo_until: datetime | None
    waiting: list[tuple[Attendance, str]]
    absent: list[tuple[int, str, bool]]
    items: list[tuple[int, str]]
    owners: list[tuple[int, str]]
    projector_seen: int | None
    projector_token: str

    @property
    def projector_is_away(self) -> bool:
        """Whether the projector has not asked for a while."""
        return self.projector_seen is None or self.projector_seen > PROJECTOR_AWAY.seconds


@dataclass(frozen=True)
class MemberScreen:
    """What somebody in the room sees besides the room.

    ``parted`` is what was split off the item on the screen since ``known_descent``, each with the name of who did it.
    """

    room: Room
    is_here: bool
    is_guest: bool
    runs: bool
    hand: HandKind | None
    has_floor: bool
    ahead: int
    own_item: ItemView | None
    items: list[tuple[int, str]]
    may_write: bool
    terms: Glossary
    known_descent: int
    parted: list[tuple[Relative, str]]

    @property
    def view(self) -> ItemView | None:
        """The item on this person's screen: the one they turned to by themselves, or the group's."""
        return self.own_item or self.room.item


def _load(
    uow: UnitOfWork, meeting: Meeting, *, person_id: int | None, facilitates: bool
) -> tuple[Room, list[Attendance], list[Membership]]:
    session, now = uow.session, uow.now
    group = session.get_one(Group, meeting.group_id)
    rows = attendances(session, meeting.id)
    members = expected(session, meeting.group_id)
    queue = queue_of(session, meeting.id, rows)
    stages = stages_of(session, meeting.id)
    references = _references(session, [stage.item_id for stage in stages if stage.item_id is not None])
    lines = [_line(stage, meeting, now, references) for stage in stages]
    running = current_stage(stages)
    clock = _clock(running, meeting, now) if running else None
    coming = next_stage(stages)
    left = sum(
        stage.planned_minutes + stage.extra_minutes
        for stage in (stages[stages.index(coming) :] if coming is not None else ()) if stage.started_at is None
    )  # fmt: skip
    from_now = now if meeting.state in OPEN else meeting.starts_at
    ends_at = from_now + timedelta(minutes=left, seconds=max(0, clock.left) if clock else 0)
    poll = polls.latest_poll(session, meeting.id)
    is_open = poll is not None and poll.closed_at is None
    withdrawn = None if is_open else polls.withdrawn_poll(session, meeting.id, running.started_at if running else None)
    room = Room(
        meeting=meeting, group=group, stages=lines,
        now=next((line for line in lines if line.state == "now"), None),
        after=next((line for line in lines if coming is not None and line.id == coming.id), None),
        clock=clock, ends_at=ends_at, benches=_benches(members, rows, queue), queue=queue,
        item=_item(session, meeting.current_item_id),
        poll=polls.view(session, poll, person_id=person_id, facilitates=facilitates) if poll else None,
        withdrawn=_references(session, [withdrawn.item_id])[withdrawn.item_id] if withdrawn is not None else "",
        decisions=list(session.execute(
            select(Decision).where(Decision.meeting_id == meeting.id).order_by(Decision.number)
        ).scalars()),
        actions=actions.lines_of(uow, meeting.group_id, meeting_id=meeting.id),
        homework=homework.of_meeting(uow, meeting),
        following=next_meeting(session, meeting),
    )  # fmt: skip
    return room, rows, members


def _line(stage: Stage, meeting: Meeting, now: datetime, references: dict[int, str]) -> StageLine:
    actual, state = None, "next"
    if stage.started_at is not None:
        actual = -(-elapsed(stage, now, meeting.paused_at) // 60)
        state = "now" if stage.ended_at is None else "done"
    return StageLine(
        stage.id, stage.title, stage.purpose, stage.kind, state, stage.planned_minutes + stage.extra_minutes, actual,
        stage.item_id, references.get(stage.item_id or 0, ""), stage.started_at,
    )  # fmt: skip


def _clock(stage: Stage, meeting: Meeting, now: datetime) -> Clock:
    planned = stage.planned_minutes + stage.extra_minutes
    left = planned * 60 - elapsed(stage, now, meeting.paused_at)
    # From the start and not from now, so that every look at one state gives the same end.
    ends_at = (stage.started_at or now) + timedelta(minutes=planned, seconds=stage.paused_seconds)
    return Clock(stage.title, left, ends_at, now, meeting.paused_at is not None)


def _references(session: Session, ids: list[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = session.execute(select(Item.id, Item.reference).where(Item.id.in_(ids)))
    return {id_: reference for id_, reference in rows}  # noqa: C416  # rows are not pairs to the type checker


def _item(session: Session, item_id: int | None) -> ItemView | None:
    item = session.get(Item, item_id) if item_id is not None else None
    if item is None:
        return None
    return ItemView(item, documents.documents_of(session, [item.id]).get(item.id, {}), _went_into(session, item))


def _went_into(session: Session, item: Item) -> Item | None:
    """What an item was merged into, at last, and where that stands: nobody is led from one gone item to another."""
    into = items.went_to(session, item)
    return into if into is not item and into.status is not Status.WITHDRAWN else None


def _benches(members: list[Membership], rows: list[Attendance], queue: Queue) -> list[Bench]:
    wanted: dict[str, int] = {}
    seats: dict[str, tuple[int, str]] = {}
    for member in members:
        if member.constituency is not None and member.role is not Role.OBSERVER:
            wanted[member.constituency.name] = wanted.get(member.constituency.name, 0) + 1
            seats[member.constituency.name] = (member.constituency.position, member.constituency.tag)
    people: dict[str, list[Here]] = {}
    for row in rows:
        if not is_present(row):
            continue
        name = row.constituency.name if row.constituency else "No constituency"
        seats[name] = (row.constituency.position, row.constituency.tag) if row.constituency else (99, "–")
        people.setdefault(name, []).append(_here(row, queue.times.get(row.person_id, 0)))
    return [
        Bench(name, seats[name][1], seats[name][0] % 8 + 1, people.get(name, []), wanted.get(name, 0))
        for name in sorted(seats, key=lambda name: seats[name][0])
    ]


def _here(row: Attendance, turns: int) -> Here:
    return Here(
        row.person_id, row.person.name, row.organisation, row.for_person.name if row.for_person else "",
        row.asked_at is not None, turns,
    )  # fmt: skip


# --- the three surfaces ---


def read_console(uow: UnitOfWork, actor: Actor, *, meeting_id: int, group_id: int) -> Console:
    """The facilitator's console. Raises NotFound, Forbidden."""
    meeting, _ = access_meeting(uow.session, actor, meeting_id, Can.MEETING_RUN, group_id=group_id)
    room, rows, members = _load(uow, meeting, person_id=actor.person_id, facilitates=True)
    controller = uow.session.get(Person, meeting.controller_id) if meeting.controller_id else None
    change = last_change(uow, meeting)
    here = {row.person_id for row in rows if is_present(row)}
    represented = {row.for_person_id for row in rows if is_present(row)}
    sorry = {row.person_id for row in rows if row.apologies_at is not None}
    absent = [
        (each.person_id, each.person.name, each.person_id in sorry)
        for each in members
        if each.person_id not in here and each.person_id not in represented
    ]
    waiting = [
        (row, row.constituency.name if row.constituency else "")
        for row in rows
        if row.asked_at is not None and row.confirmed_by_id is None and row.refused_at is None
    ]
    seen = meeting.projector_seen_at
    return Console(
        room=room, in_control=meeting.controller_id == actor.person_id,
        controller=controller.name if controller else "",
        undo_until=change.at + UNDO_LASTS if change else None, waiting=waiting, absent=absent,
        items=choosable(uow.session, group_id), owners=actions.owners(uow, group_id),
        projector_seen=int((uow.now - seen).total_seconds()) if seen else None,
        projector_token=screen_token(uow, meeting),
    )  # fmt: skip


def read_member(
    uow: UnitOfWork, actor: Actor, *, meeting_id: int, group_id: int, look_at: int | None = None,
    known_descent: int | None = None,
) -> MemberScreen:  # fmt: skip
    """The member's screen, for members and for guests who were let in. Raises NotFound, Forbidden.

    ``look_at`` is an item the reader has turned to by themselves; None follows the group. ``known_descent`` is what an
    earlier screen of the reader said; None where there was none.
    """
    meeting, found = access_meeting(uow.session, actor, meeting_id, Can.MEETING_ATTEND, group_id=group_id)
    room, rows, _ = _load(uow, meeting, person_id=actor.person_id, facilitates=False)
    own = next((row for row in rows if row.person_id == actor.person_id), None)
    waiting = [hand.person_id for hand in room.queue.waiting]
    hand = next((hand for hand in room.queue.waiting if hand.person_id == actor.person_id), None)
    speaker = room.queue.speaker
    own_item = _item(uow.session, look_at) if look_at not in (None, meeting.current_item_id) else None
    if own_item is not None and own_item.item.group_id != group_id:
        own_item = None
    view = own_item or room.item
    known = origins.newest(uow.session, group_id) if known_descent is None else known_descent
    may_write = view is not None and items.may_write(uow.session, actor, view.item).access == "write"
    return MemberScreen(
        room=room, is_here=own is not None and is_present(own), is_guest=found.role is Role.GUEST,
        runs=allowed(found.role, Can.MEETING_RUN), hand=hand.kind if hand else None,
        has_floor=speaker is not None and speaker.person_id == actor.person_id,
        ahead=waiting.index(actor.person_id or 0) if hand else 0, own_item=own_item,
        items=choosable(uow.session, group_id), may_write=may_write,
        terms=glossary.standing(uow.session, group_id) if view is not None else Glossary(), known_descent=known,
        parted=origins.parted(uow.session, view.item, after=known) if view and known_descent is not None else [],
    )  # fmt: skip


def screen_token(uow: UnitOfWork, meeting: Meeting) -> str:
    """The last part of the projector's address, empty when there is none. A new nonce revokes it."""
    return uow.keys.derive("screen", meeting.id, meeting.projector_nonce) if meeting.projector_nonce else ""


def find_screen(uow: UnitOfWork, token: str) -> Meeting:
    """The session a projector's address shows. Raises NotFound for a revoked or unknown one."""
    rows = uow.session.execute(select(Meeting).where(Meeting.projector_nonce.is_not(None))).scalars()
    found = [meeting for meeting in rows if hmac.compare_digest(screen_token(uow, meeting).encode(), token.encode())]
    if not found:
        raise NotFound("This screen address is not in use. Take the one shown on the facilitator's console.")
    return found[0]


def read_screen(uow: UnitOfWork, *, token: str) -> Room:
    """The projector's payload: no notes, no open answers, no homework, no names but the speaker and the next two.

    Raises NotFound for a revoked or unknown address.
    """
    meeting = find_screen(uow, token)
    room, _, _ = _load(uow, meeting, person_id=None, facilitates=False)
    benches = [replace(bench, people=[_nameless(person) for person in bench.people]) for bench in room.benches]
    queue = replace(room.queue, waiting=room.queue.waiting[:2])
    poll = room.poll
    if poll is not None:
        voices = [
            replace(voice, name="", standing_for="", reason="", suggests=False, person_id=0) for voice in poll.voices
        ]
        poll = replace(poll, voices=voices, own=None)
    return replace(room, benches=benches, queue=queue, poll=poll, homework=[])


def _nameless(person: Here) -> Here:
    return Here(0, "", "", "", person.is_guest)


def screen_was_seen(uow: UnitOfWork, *, token: str) -> None:
    """Note that the projector asks, at most every ten seconds."""
    meeting = find_screen(uow, token)
    if needs_seen(uow, meeting):
        statement = update(Meeting).where(Meeting.id == meeting.id).values(projector_seen_at=uow.now)
        uow.session.execute(statement.execution_options(synchronize_session=False))


def needs_seen(uow: UnitOfWork, meeting: Meeting) -> bool:
    """Whether it is time to note that the projector was here."""
    return meeting.projector_seen_at is None or uow.now - meeting.projector_seen_at >= SEEN_EVERY


def choosable(session: Session, group_id: int) -> list[tuple[int, str]]:
    """Items a stage or the room may turn to: (id, "C3.2 Title"), in order of their references' letters and numbers."""
    rows = session.execute(
        select(Item.id, Item.reference, Document.text)
        .join(Document, Document.item_id == Item.id)
        .where(Item.group_id == group_id, Document.field == Field.TITLE, Item.status != Status.WITHDRAWN)
    )
    found = sorted(rows, key=lambda row: _natural(row[1]))
    return [(id_, f"{reference} {title}"[:120]) for id_, reference, title in found]


def _natural(reference: str) -> tuple[str, list[int]]:
    return reference[:1], [int(part) for part in reference[1:].split(".") if part.isdigit()]


def is_open(meeting: Meeting) -> bool:
    """Whether people are in the room."""
    return meeting.state in OPEN
