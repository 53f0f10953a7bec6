"""Homework: an item given to named people until a day, and how it arrives in the next session.

It stays open until a session closes to which it came back ready, or until it is taken back: what was not ready comes
again to the session after, so that nothing is forgotten between two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.orm import Session, joinedload

from app.calc import moments
from app.calc.homework import Outcome, is_overdue, outcome
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import ItemChanged, MeetingChanged
from app.policy import Actor, Can, access, require
from app.services import items, notifications
from app.services.activity import note
from app.services.meetings import BEFORE, OPEN, access_meeting
from app.services.notifications import DOES_HOMEWORK, NOBODY_ENDED, given_key, moved_key, reminder_key
from app.uow import UnitOfWork
from models.accounts import Person
from models.documents import Document, Field
from models.groups import Group, Membership
from models.homework import IS_OPEN, WAITS, Homework, HomeworkShare
from models.items import Item, Status
from models.meetings import Meeting, MeetingState
from models.notifications import Kind

LONGEST = 500
#: How many people may share one piece, and how many pieces one item may have at a time.
MOST_PEOPLE, MOST_OPEN = 100, 10
#: How many that came back are listed, newest first.
PAST_SHOWN = 30
#: States of a session that is no longer to come.
OVER = (MeetingState.CLOSED, MeetingState.APPROVED)


@dataclass(frozen=True)
class HomeworkLine:
    """One piece of homework as people read it; ``number`` is that of the session it is for, none for the next one.

    ``withdrawn`` is whether its item is.

    ``gone`` are those of its people of whom it is asked no more, since they have left the group, have a role that does
    no homework or no account: what they answered stays, and only waits for nobody.
    """

    homework: Homework
    reference: str
    title: str
    number: int | None
    given_by: str
    withdrawn: bool
    shares: list[HomeworkShare]
    gone: frozenset[int]
    outcome: Outcome
    overdue: bool
    open_for_comments: bool
    zone: str

    @property
    def ready(self) -> int:
        """How many of its people say that it is ready."""
        return sum(share.ready is True for share in self.shares)

    @property
    def has_nobody(self) -> bool:
        """Whether all it was given to are gone and it is not ready: nobody does it unless it is given to somebody."""
        return self.outcome is not Outcome.READY and all(share.person_id in self.gone for share in self.shares)

    def is_late(self, share: HomeworkShare) -> bool:
        """Whether a person answered only after the day it was due."""
        return share.replied_at is not None and moments.local_day(share.replied_at, self.zone) > self.homework.due_on

    def share_of(self, person_id: int | None) -> HomeworkShare | None:
        """One person's part of it."""
        return next((share for share in self.shares if share.person_id == person_id), None)


def give(
    uow: UnitOfWork, actor: Actor, *, group_id: int, item_id: int | None, person_ids: Collection[int], asked: str,
    due_on: date | None, comments_until: date | None = None, meeting_id: int | None = None,
) -> Homework:  # fmt: skip
    """Give an item to people of the group until a day; comments on it are asked for until the same day or a later one.

    Without ``meeting_id`` it is for the session that comes next. Raises NotFound, Forbidden, Conflict (a withdrawn
    item, a session that is over, too much at a time), Invalid with a sentence for each field.
    """
    require(uow.session, actor, group_id, Can.HOMEWORK_GIVE)
    if meeting_id is not None:  # held, so that it does not close meanwhile; before the group, as sessions hold the two
        access_meeting(uow.session, actor, meeting_id, Can.MEETING_RUN, group_id=group_id)
        meeting = uow.lock(Meeting, meeting_id)
        if meeting.state in OVER or meeting.cancelled_at is not None:
            raise Conflict("That session is over: choose one that is to come.")
    # Held, so that nobody leaves who is given it.
    today = moments.local_day(uow.now, uow.lock(Group, group_id).time_zone)
    asked, until = " ".join(asked.split()), comments_until or due_on
    fields = _faults(asked, due_on, until, today)
    session = _next(uow, group_id)(uow.now, meeting_id)
    if due_on is not None and "due_on" not in fields and session is not None:
        fields |= _late(uow, group_id, session, due_on)
    if item_id is None:
        fields["item_id"] = "Choose the item"
    if not person_ids or len(person_ids) > MOST_PEOPLE or not set(person_ids) <= dict(takers(uow, group_id)).keys():
        fields["people"] = f"Choose one to {MOST_PEOPLE} people of the list"
    if fields or item_id is None or due_on is None or until is None:
        raise Invalid("The homework cannot be given yet.", fields=fields)
    item = items.access_item(uow.session, actor, item_id, Can.HOMEWORK_GIVE, group_id=group_id)
    item = uow.lock(Item, item.id)
    items.must_stand(uow.session, item)
    if len(_open_ids(uow.session, Homework.item_id == item.id)) >= MOST_OPEN:
        raise Conflict(f"{item.reference} is given as homework {MOST_OPEN} times already. Take one back first.")
    made = Homework(
        group_id=group_id, item_id=item.id, meeting_id=meeting_id, asked=asked, due_on=due_on, comments_until=until,
        given_by_id=actor.person_id, given_at=uow.now,
    )  # fmt: skip
    uow.session.add(made)
    uow.flush()
    day = moments.day_in_words(due_on)
    # Without names: a line about an item keeps its words when somebody is called otherwise, or has their data erased.
    takers_ = "1 person" if len(set(person_ids)) == 1 else f"{len(set(person_ids))} people"
    _note(uow, actor, made, f"gave {item.reference} as homework to {takers_}, due {day}")
    _ask(uow, actor, made, set(person_ids))
    return made


def change(
    uow: UnitOfWork, actor: Actor, *, homework_id: int, group_id: int, due_on: date | None,
    person_ids: Collection[int] = (), was: date | None = None,
) -> bool:  # fmt: skip
    """Have open homework due on another day, and give it to more people; who has it already keeps it.

    ``was`` is the day it was due on the page that asks: that day is left as it is now. Comments that were asked for
    until the day it was due are asked for until the new one. Answers whether anything changed. Raises NotFound,
    Forbidden, Conflict once it is over, its item withdrawn, or its day changed by somebody else to yet another one,
    Invalid with a sentence for each field, also where nobody would have it.
    """
    require(uow.session, actor, group_id, Can.HOMEWORK_GIVE)
    uow.lock(Group, group_id)  # before the homework, as whoever takes people out holds the two
    homework = _hold(uow, actor, homework_id, group_id, Can.HOMEWORK_GIVE)
    items.must_stand(uow.session, uow.session.get_one(Item, homework.item_id))
    (line,) = _lines(uow, group_id, [homework.id])
    more = set(person_ids) - {share.person_id for share in line.shares}
    if due_on is not None and due_on == was:
        due_on = homework.due_on
    elif was is not None and homework.due_on not in (was, due_on):
        now = moments.day_in_words(homework.due_on)
        whose = f"the day of the homework on {line.reference}"
        raise Conflict(f"Nothing was changed: somebody else has changed {whose} meanwhile. It is due {now} now.")
    is_moved = due_on != homework.due_on
    until = due_on if homework.comments_until == homework.due_on else max(homework.comments_until, due_on or date.min)
    fields = {}
    if is_moved or more:
        today = moments.local_day(uow.now, uow.session.get_one(Group, group_id).time_zone)
        fields = _faults(homework.asked, due_on, until, today)
        session = _next(uow, group_id)(homework.given_at, homework.meeting_id)
        if due_on is not None and not fields and session is not None:
            fields |= _late(uow, group_id, session, due_on)
    if line.has_nobody and not more:
        fields["people"] = "Choose who does it now"
    elif len(more) + len(line.shares) > MOST_PEOPLE or not more <= dict(takers(uow, group_id)).keys():
        fields["people"] = f"Choose people of the list, {MOST_PEOPLE} in all at most"
    if fields or due_on is None or until is None:
        raise Invalid("The homework cannot be changed yet.", fields=fields)
    if not is_moved and not more:
        return False
    waiting = [share.person_id for share in line.shares if share.ready is not True and share.person_id not in line.gone]
    if is_moved:
        notifications.settle(uow, *(reminder_key(homework, each) for each in waiting))
    homework.due_on, homework.comments_until = due_on, until
    day = moments.day_in_words(due_on)
    whom = f" and gave it to {len(more)} more" if more else ""
    _note(uow, actor, homework, f"changed the homework on {line.reference}{whom}, due {day}")
    if is_moved:
        homework.changed_at = uow.now
        notifications.forget(uow, *(moved_key(homework, share.person_id) for share in line.shares))
        words = f"changed the day of your homework on {line.reference}: it is due {day}"
        for each in waiting:
            _tell(uow, actor, homework, each, words, path=_place(homework.item_id), key=moved_key(homework, each))
    if more:
        notifications.settle(uow, _nobody(homework))
    _ask(uow, actor, homework, more)
    return True


def _ask(uow: UnitOfWork, actor: Actor, homework: Homework, person_ids: Collection[int]) -> None:
    """Ask people for a piece of homework, and tell them."""
    uow.session.add_all(HomeworkShare(homework_id=homework.id, person_id=each) for each in sorted(person_ids))
    uow.flush()
    reference = uow.session.get_one(Item, homework.item_id).reference
    day = moments.day_in_words(homework.due_on)
    for each in sorted(person_ids):
        words = f"gave you homework on {reference}, due {day}: {homework.asked}"
        _tell(uow, actor, homework, each, words, path=_place(homework.item_id), key=given_key(homework, each))


def _place(item_id: int) -> str:
    """Where the homework on an item stands, as notifications say it."""
    return f"blueprint/items/{item_id}#homework"


def _nobody(homework: Homework) -> str:
    """For whoever gave it: that nobody has it any more."""
    return f"homework-{homework.id}-nobody"


def _keys(homework: Homework, person_id: int) -> tuple[str, ...]:
    """Under which a person is told of what is asked of them."""
    return given_key(homework, person_id), moved_key(homework, person_id), reminder_key(homework, person_id)


def _faults(asked: str, due_on: date | None, until: date | None, today: date) -> dict[str, str]:
    fields = {}
    if not 1 <= len(asked) <= LONGEST or "\0" in asked:
        fields["asked"] = f"Say in a sentence what is asked, in at most {LONGEST} characters"
    if due_on is None or not today <= due_on or due_on.year > today.year + 5:
        fields["due_on"] = "Choose a day from today on"
    elif until is not None and not due_on <= until <= date(today.year + 5, 12, 31):
        fields["comments_until"] = "Choose the day it is due, or a later one"
    return fields


def _late(uow: UnitOfWork, group_id: int, meeting_id: int, due_on: date) -> dict[str, str]:
    """What is wrong with a day on which the session that the homework is for will be over."""
    meeting = uow.session.get(Meeting, meeting_id)
    if meeting is None or meeting.group_id != group_id:
        return {}
    zone = uow.session.get_one(Group, group_id).time_zone
    day = moments.local_day(meeting.starts_at, zone)
    # What is given on the day of a session may be for the one after: what is not ready comes again.
    if due_on <= day or day <= moments.local_day(uow.now, zone):
        return {}
    return {"due_on": f"Session {meeting.number} is on {moments.day_in_words(day)}: choose that day or an earlier one"}


def reply(
    uow: UnitOfWork, actor: Actor, *, homework_id: int, group_id: int, ready: bool, words: str = ""
) -> HomeworkShare:
    """Say that one's homework is ready, with ``words`` if there is something to add, or that it is not and why.

    It may be said anew until the session is over. Raises NotFound, Forbidden for somebody it was not given to,
    Conflict once it is over, Invalid without a reason or with too long a sentence.
    """
    homework = _hold(uow, actor, homework_id, group_id, Can.HOMEWORK_DO)
    share = uow.session.get(HomeworkShare, (homework.id, actor.person_id or 0))
    if share is None:
        raise Forbidden("This homework was given to others.")
    words = " ".join(words.split())
    if len(words) > LONGEST or "\0" in words:
        raise Invalid("", fields={"words": f"At most {LONGEST} characters"})
    if not ready and not words:
        raise Invalid("", fields={"words": "Say in a sentence what is missing, so that the others know"})
    other = (Homework.item_id == homework.item_id) & (Homework.id != homework.id)
    asked_more = _shared(uow.session, other, WAITS, HomeworkShare.person_id == actor.person_id)
    # Who answers has read what was asked, wherever that was: no mail tells of it any more.
    notifications.read_told(uow, *_keys(homework, share.person_id))
    if not asked_more:
        notifications.read_on_item(uow, actor, item_id=homework.item_id, kinds=(Kind.HOMEWORK, Kind.DUE))
    if (share.ready, share.words) == (ready, words):
        return share  # pressed twice
    share.ready, share.words, share.replied_at = ready, words, uow.now
    reference = uow.session.get_one(Item, homework.item_id).reference
    _note(uow, actor, homework, f"said that the homework on {reference} is {'ready' if ready else 'not ready'}")
    return share


def take_back(uow: UnitOfWork, actor: Actor, *, homework_id: int, group_id: int) -> Homework:
    """Take a piece of homework back: nobody is asked for it any more.

    Whoever has neither read of it nor been mailed is not mailed now either. Raises NotFound, Forbidden, Conflict.
    """
    homework = _hold(uow, actor, homework_id, group_id, Can.HOMEWORK_GIVE)
    homework.withdrawn_at = uow.now
    reference = uow.session.get_one(Item, homework.item_id).reference
    _note(uow, actor, homework, f"took back the homework on {reference}")
    notifications.settle(uow, _nobody(homework))
    for _homework, person_id in _shared(uow.session, Homework.id == homework.id):
        words, key = f"took back your homework on {reference}: nothing is left to do", given_key(homework, person_id)
        _tell(uow, actor, homework, person_id, words, key=f"{key}-back")
        is_new = notifications.settle(uow, key)
        notifications.settle(uow, *_keys(homework, person_id), *([f"{key}-back"] if is_new else []))
    return homework


def tell_takers(uow: UnitOfWork, actor: Actor, some: Iterable[Item], *, withdrawn: bool) -> None:
    """Tell whoever is not ready with homework on items that were withdrawn, or have come back, what that means.

    Each is told once, of the items in the order given.
    """
    by_id = {item.id: item for item in some}
    of_taker: dict[int, set[int]] = {}
    for homework, person_id in _shared(uow.session, Homework.item_id.in_(by_id), WAITS):
        of_taker.setdefault(person_id, set()).add(homework.item_id)
    for person_id, ids in sorted(of_taker.items()):
        held = [item for item in by_id.values() if item.id in ids]
        them = "it" if len(held) == 1 else "them"
        rests = f"withdrew {items.references(held)}: nothing is left to do for your homework on {them}"
        goes_on = f"restored {items.references(held)}: your homework on {them} is asked for again"
        notifications.tell(
            uow, person_id, Kind.HOMEWORK, group_id=held[0].group_id, by=actor,
            item_id=held[0].id if len(held) == 1 else None, path=None if len(held) == 1 else "sessions/homework",
            words=rests if withdrawn else goes_on,
        )  # fmt: skip


def _shared(session: Session, *wanted: ColumnElement[bool]) -> list[tuple[Homework, int]]:
    """Pieces of homework for which all of ``wanted`` holds, with each person of whom they are asked."""
    query = (
        select(Homework, HomeworkShare.person_id)
        .join(HomeworkShare, HomeworkShare.homework_id == Homework.id)
        .join(
            Membership, (Membership.group_id == Homework.group_id) & (Membership.person_id == HomeworkShare.person_id)
        )
        .join(Person, Person.id == Membership.person_id)
        .where(*DOES_HOMEWORK, *wanted)
    )
    rows = session.execute(query.order_by(Homework.id, HomeworkShare.person_id)).all()
    return [(homework, person_id) for homework, person_id in rows]


def _tell(
    uow: UnitOfWork, actor: Actor, homework: Homework, person_id: int | None, words: str, *, path: str | None = None,
    key: str | None = None,
) -> None:  # fmt: skip
    notifications.tell(
        uow, person_id, Kind.HOMEWORK, group_id=homework.group_id, item_id=homework.item_id, by=actor, words=words,
        path=path, key=key,
    )  # fmt: skip


def move(uow: UnitOfWork, some: Collection[Homework], item_id: int) -> None:
    """Have homework be on another item, and what told people of it lead there."""
    by_id = {homework.id: homework for homework in some}
    uow.lock_all(Homework, by_id)
    parts = select(HomeworkShare.homework_id, HomeworkShare.person_id).where(HomeworkShare.homework_id.in_(by_id))
    keys = {key for id_, person_id in uow.session.execute(parts) for key in _keys(by_id[id_], person_id)}
    notifications.lead_keys_on(uow, keys, item_id=item_id, path=_place(item_id))
    for homework in some:
        homework.item_id = item_id


def come_back(uow: UnitOfWork, meeting: Meeting) -> None:
    """When a session is about to close: what is ready has arrived in it, the rest is for the session after."""
    # All of it is held before it is read how it stands, so that nobody answers or takes something back meanwhile.
    known = select(Homework.id).where(Homework.group_id == meeting.group_id, IS_OPEN)
    uow.lock_all(Homework, uow.session.execute(known).scalars())
    lines = of_meeting(uow, meeting)
    for line in lines:
        if line.outcome is Outcome.READY:
            line.homework.meeting_id, line.homework.came_back_at = meeting.id, uow.now
        uow.emit(ItemChanged(meeting.group_id, line.homework.item_id))
    uow.flush()
    # Also what is on no line since its item is withdrawn: it may be restored.
    named = (Homework.meeting_id == meeting.id) | Homework.id.in_([line.homework.id for line in lines])
    uow.session.execute(update(Homework).where(named, IS_OPEN).values(meeting_id=None))


def takers(uow: UnitOfWork, group_id: int) -> list[tuple[int, str]]:
    """Who may be given homework: those who may do it, by name."""
    query = select(Person.id, Person.name).join(Membership, Membership.person_id == Person.id)
    found = uow.session.execute(query.where(Membership.group_id == group_id, *DOES_HOMEWORK)).all()
    return sorted(((id_, name) for id_, name in found), key=lambda pair: pair[1].lower())


def leave(
    uow: UnitOfWork, actor: Actor, person_id: int, *, group_id: int | None = None, stays: bool = False
) -> list[HomeworkLine]:
    """Nobody waits for open homework of somebody who is gone from one group, or whose data are erased from all.

    With ``stays`` they have a role now that does no homework. What they answered stays in the group, but not when they
    are erased. Answers what nobody has now, which whoever gave it is told; it stays open until it is given to somebody
    else or taken back.
    """
    given = select(HomeworkShare).join(Homework).where(IS_OPEN, HomeworkShare.person_id == person_id)
    if group_id is not None:
        given = given.where(Homework.group_id == group_id)
    # Held before it is read what was answered: what is said meanwhile is not lost.
    known = uow.session.execute(given.with_only_columns(HomeworkShare.homework_id)).scalars()
    held = {homework.id: homework for homework in uow.lock_all(Homework, known)}
    shares = uow.session.execute(given.execution_options(populate_existing=True)).scalars().all()
    in_groups: dict[int, list[int]] = {}
    for share in shares:
        homework = held[share.homework_id]
        in_groups.setdefault(homework.group_id, []).append(homework.id)
        if group_id is None or share.ready is None:
            notifications.forget(uow, *_keys(homework, person_id))
            uow.session.delete(share)
        else:
            notifications.settle(uow, reminder_key(homework, person_id))
    uow.flush()
    if group_id is not None:  # all else of it, and of what is over; whoever has left is mailed of nothing
        kinds = [Kind.HOMEWORK] if stays else tuple(Kind)
        notifications.settle_all(uow, person_id, group_id=group_id, kinds=kinds)
    lines = [line for each, ids in in_groups.items() for line in _lines(uow, each, ids) if line.has_nobody]
    if stays:
        what = "took another role" if actor.person_id == person_id else "gave somebody another role"
    else:
        what = "left the group" if actor.person_id == person_id else "took somebody out of the group"
    for line in lines:
        homework = line.homework
        words = f"{what}: homework on {line.reference} has nobody now"
        todo = "Give it to somebody else or take it back"
        path = f"sessions/homework?change={homework.id}#homework-{homework.id}"
        if line.withdrawn:  # it can be given to nobody until it is restored
            todo = "It is withdrawn: give it to somebody if it is restored"
            path = f"blueprint/items/{homework.item_id}"
        notifications.forget(uow, _nobody(homework))
        if homework.given_by_id != person_id:
            _tell(uow, actor, homework, homework.given_by_id, f"{words}. {todo}", path=path, key=_nobody(homework))
    return lines


def come(uow: UnitOfWork, person_id: int, *, group_id: int) -> None:
    """Whoever does homework again has what is open of theirs: nobody is mailed that it has nobody."""
    own = (
        select(Homework).join(HomeworkShare, HomeworkShare.homework_id == Homework.id)
        .where(Homework.group_id == group_id, HomeworkShare.person_id == person_id, IS_OPEN).order_by(Homework.id)
    )  # fmt: skip
    for each in uow.session.execute(own).scalars().all():
        notifications.settle(uow, _nobody(each))


# --- reading ---


def list_homework(uow: UnitOfWork, actor: Actor, *, group_id: int) -> tuple[list[HomeworkLine], list[HomeworkLine]]:
    """A group's homework: what is open, first what nobody has, else the earliest first; what came back, latest first.

    Raises NotFound, Forbidden.
    """
    require(uow.session, actor, group_id, Can.MEETING_READ)
    waits = _lines(uow, group_id, _open_ids(uow.session, Homework.group_id == group_id))
    past = (
        select(Homework.id).where(Homework.group_id == group_id, Homework.came_back_at.is_not(None))
        .order_by(Homework.came_back_at.desc(), Homework.id.desc()).limit(PAST_SHOWN)
    )  # fmt: skip
    waits.sort(key=lambda line: not line.has_nobody)
    return waits, _lines(uow, group_id, uow.session.execute(past).scalars().all())[::-1]


def of_item(uow: UnitOfWork, actor: Actor, item_id: int) -> list[HomeworkLine]:
    """The open homework on an item. Raises NotFound, Forbidden."""
    item = items.access_item(uow.session, actor, item_id, Can.ITEM_READ)
    return _lines(uow, item.group_id, _open_ids(uow.session, Homework.item_id == item.id))


def mine(uow: UnitOfWork, actor: Actor, *, group_id: int) -> tuple[list[HomeworkLine], list[HomeworkLine]]:
    """The actor's open homework: what waits for them, and what they said is ready; each with the earliest first.

    Of those who do no homework nothing is asked. Raises NotFound, Forbidden.
    """
    if not require(uow.session, actor, group_id, Can.GROUP_READ).may(Can.HOMEWORK_DO):
        return [], []
    own = select(HomeworkShare.homework_id).where(HomeworkShare.person_id == (actor.person_id or 0))
    waits = set(uow.session.execute(own.join(Homework).where(WAITS)).scalars())
    lines = _lines(uow, group_id, _open_ids(uow.session, Homework.group_id == group_id, Homework.id.in_(own)))
    return (
        [line for line in lines if line.homework.id in waits],
        [line for line in lines if line.homework.id not in waits],
    )


def of_meeting(uow: UnitOfWork, meeting: Meeting) -> list[HomeworkLine]:
    """What comes to a session, or came to it; the caller has asked for the right.

    What names no session, or one that is cancelled or was not held on its day, comes to the one that is held now, or
    else to the next.
    """
    if meeting.state in OVER:
        arrived = select(Homework.id).where(Homework.meeting_id == meeting.id, Homework.came_back_at.is_not(None))
        return _lines(uow, meeting.group_id, uow.session.execute(arrived).scalars().all())
    of = _next(uow, meeting.group_id)
    known = select(Homework.id, Homework.given_at, Homework.meeting_id).where(
        Homework.group_id == meeting.group_id, IS_OPEN
    )
    rows = uow.session.execute(known).all()
    here = [id_ for id_, given_at, named in rows if of(given_at, named) == meeting.id]
    return _lines(uow, meeting.group_id, _open_ids(uow.session, Homework.id.in_(here)))


def due_after(uow: UnitOfWork, meeting: Meeting) -> list[HomeworkLine]:
    """What comes to a session that is still to come, is not ready and is due only after its day.

    The caller has asked for the right.
    """
    zone = uow.session.get_one(Group, meeting.group_id).time_zone
    day = moments.local_day(meeting.starts_at, zone)
    if meeting.state not in BEFORE or day < moments.local_day(uow.now, zone):
        return []
    lines = of_meeting(uow, meeting)
    return [line for line in lines if line.outcome is not Outcome.READY and line.homework.due_on > day]


def next_id(uow: UnitOfWork, group_id: int) -> int | None:
    """The session for which homework is that is given now and names none; the caller has asked for the right."""
    return _next(uow, group_id)(uow.now, None)


def _not_held(uow: UnitOfWork, group_id: int) -> ColumnElement[bool]:
    """Of a session: that it is cancelled, or its day has passed, and it was not held. It may be, later."""
    zone = uow.session.get_one(Group, group_id).time_zone
    today = moments.moment(moments.local_day(uow.now, zone), time(), zone)
    return Meeting.state.in_(BEFORE) & (Meeting.cancelled_at.is_not(None) | (Meeting.starts_at < today))


def _next(uow: UnitOfWork, group_id: int) -> Callable[[datetime, int | None], int | None]:
    """For which session homework is, by when it was given and which it names.

    That is the one it names, unless that is cancelled, or its day has passed and it was not held. Else it is the one
    that is held now, of several the one that began last; else the first that is still to come, of those people were
    told of before a draft, which none of them can see. A session that nobody closed keeps what was given before it was
    left, so that it can arrive when it is closed later, until another begins.
    """
    in_group = select(Meeting).where(Meeting.group_id == group_id)
    begun = in_group.where(Meeting.opened_at.is_not(None)).order_by(Meeting.opened_at.desc(), Meeting.number.desc())
    sessions = uow.session.execute(begun).scalars().all()
    ends = {each.id: each.paused_at + NOBODY_ENDED for each in sessions if each.paused_at is not None}
    held = next((each for each in sessions if each.state in OPEN and ends.get(each.id, uow.now) >= uow.now), None)
    left = sessions[0] if held is None and sessions and sessions[0].state in OPEN else None
    idle = _not_held(uow, group_id)
    to_come = in_group.where(Meeting.state.in_(BEFORE), ~idle).order_by(
        Meeting.state != MeetingState.ANNOUNCED, Meeting.starts_at, Meeting.number
    )
    not_held = set(uow.session.execute(select(Meeting.id).where(Meeting.group_id == group_id, idle)).scalars())
    coming = held or uow.session.execute(to_come.limit(1)).scalar()

    def of(given_at: datetime, named: int | None) -> int | None:
        if named is not None and named not in not_held:
            return named
        if named is None and left is not None and left.paused_at is not None and given_at <= left.paused_at:
            return left.id
        return coming.id if coming is not None else None

    return of


def _open_ids(session: Session, *conditions: ColumnElement[bool]) -> Collection[int]:
    query = select(Homework.id).join(Item, Item.id == Homework.item_id)
    return session.execute(query.where(IS_OPEN, Item.status != Status.WITHDRAWN, *conditions)).scalars().all()


def _lines(uow: UnitOfWork, group_id: int, ids: Collection[int]) -> list[HomeworkLine]:
    if not ids:
        return []
    zone = uow.session.get_one(Group, group_id).time_zone
    shares: dict[int, list[HomeworkShare]] = {}
    parts = select(HomeworkShare).where(HomeworkShare.homework_id.in_(ids)).options(joinedload(HomeworkShare.person))
    for share in uow.session.execute(parts).scalars():
        shares.setdefault(share.homework_id, []).append(share)
    people = {share.person_id for some in shares.values() for share in some}
    here = (
        select(Person.id).join(Membership, Membership.person_id == Person.id)
        .where(Membership.group_id == group_id, *DOES_HOMEWORK, Person.id.in_(people))
    )  # fmt: skip
    gone = frozenset(people.difference(uow.session.execute(here).scalars()))
    rows = uow.session.execute(
        select(Homework, Item, Document.text, case((_not_held(uow, group_id), None), else_=Meeting.number), Person.name)
        .join(Item, Item.id == Homework.item_id)
        .join(Document, (Document.item_id == Item.id) & (Document.field == Field.TITLE))
        .outerjoin(Meeting, Meeting.id == Homework.meeting_id)
        .outerjoin(Person, Person.id == Homework.given_by_id)
        .where(Homework.id.in_(ids)).order_by(Homework.due_on, Homework.id)
    )  # fmt: skip
    return [
        _line(homework, item, title, number, name or "", _by_name(shares.get(homework.id, [])), gone, zone, uow.now)
        for homework, item, title, number, name in rows
    ]


def _by_name(shares: Iterable[HomeworkShare]) -> list[HomeworkShare]:
    return sorted(shares, key=lambda share: share.person.name.lower())


def _line(
    homework: Homework, item: Item, title: str, number: int | None, given_by: str, shares: list[HomeworkShare],
    gone: frozenset[int], zone: str, now: datetime,
) -> HomeworkLine:  # fmt: skip
    today = moments.local_day(now, zone)
    # Somebody who has left with a no cannot mend it: it counts only where nobody else is asked.
    asked = any(share.person_id not in gone for share in shares)
    counted = [
        share for share in shares
        if share.ready or share.person_id not in gone or (share.ready is False and not asked)
    ]  # fmt: skip
    # Only what is ready arrives: who goes afterwards changes nothing about that.
    how = Outcome.READY if homework.came_back_at is not None else outcome([share.ready for share in counted])
    return HomeworkLine(
        homework, item.reference, title, number, given_by, item.status is Status.WITHDRAWN, shares, gone, how,
        homework.came_back_at is None and is_overdue(how, homework.due_on, today), today <= homework.comments_until,
        zone,
    )  # fmt: skip


def _hold(uow: UnitOfWork, actor: Actor, homework_id: int, group_id: int, can: Can) -> Homework:
    """An open piece of homework and the right to it, held. Raises NotFound, Forbidden, Conflict."""
    homework = access(uow.session, actor, Homework, homework_id, can)
    if homework.group_id != group_id:
        raise NotFound()
    homework = uow.lock(Homework, homework.id)
    if homework.withdrawn_at is not None:
        raise Conflict("This homework was taken back: nothing is left to do.")
    if homework.came_back_at is not None:
        raise Conflict("This homework has come back to its session: nothing is left to do.")
    return homework


def _note(uow: UnitOfWork, actor: Actor, homework: Homework, sentence: str) -> None:
    meeting_id = _next(uow, homework.group_id)(homework.given_at, homework.meeting_id)
    note(uow, actor, sentence, group_id=homework.group_id, item_id=homework.item_id)
    uow.emit(ItemChanged(homework.group_id, homework.item_id))
    if meeting_id is not None:
        uow.emit(MeetingChanged(homework.group_id, meeting_id))
