"""The speaker queue: hands raised in four kinds, called in an order that lets every constituency be heard."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.errors import Conflict, NotFound
from app.policy import Actor, Can
from app.services.attendance import must_be_present
from app.services.meetings import access_meeting, hold_meeting, record
from app.uow import UnitOfWork
from models.meetings import Attendance, Hand, HandKind, Meeting


@dataclass(frozen=True)
class Queue:
    """Who speaks and who comes next, in the suggested order; ``times`` counts turns taken by person so far."""

    speaker: Hand | None
    waiting: list[Hand]
    times: dict[int, int]


def queue_of(session: Session, meeting_id: int, rows: list[Attendance]) -> Queue:
    """The queue of a session. Points of process come first, then constituencies heard least, then who asked first."""
    query = select(Hand).where(Hand.meeting_id == meeting_id).options(joinedload(Hand.person)).order_by(Hand.id)
    hands = list(session.execute(query).scalars())
    of = {row.person_id: row.constituency_id for row in rows}
    called = [hand for hand in hands if hand.called_at is not None]
    heard = Counter(of.get(hand.person_id) for hand in called)
    waiting = [hand for hand in hands if hand.called_at is None and hand.lowered_at is None]
    waiting.sort(key=lambda hand: (hand.kind is not HandKind.PROCESS, heard[of.get(hand.person_id)], hand.id))
    speaker = next((hand for hand in reversed(called) if hand.lowered_at is None), None)
    return Queue(speaker, waiting, dict(Counter(hand.person_id for hand in called)))


def raise_hand(uow: UnitOfWork, actor: Actor, *, meeting_id: int, kind: HandKind) -> Hand:
    """Ask to speak; a hand already up changes its kind and keeps its place. Raises Gone, Conflict when not here."""
    meeting, row = must_be_present(uow, actor, meeting_id)
    uow.lock(Meeting, meeting.id)
    hand = _own(uow.session, meeting.id, row.person_id)
    if hand is None:
        hand = Hand(meeting_id=meeting.id, person_id=row.person_id, kind=kind, raised_at=uow.now)
        uow.session.add(hand)
    hand.kind = kind
    record(uow, actor, meeting, "hand", person=row.person_id)
    return hand


def lower_hand(uow: UnitOfWork, actor: Actor, *, meeting_id: int) -> None:
    """Take one's hand down, or say that one has finished speaking."""
    meeting, _ = access_meeting(uow.session, actor, meeting_id, Can.MEETING_ATTEND)
    query = select(Hand).where(
        Hand.meeting_id == meeting.id, Hand.person_id == actor.person_id, Hand.lowered_at.is_(None)
    )
    for hand in uow.session.execute(query).scalars():
        hand.lowered_at = uow.now
    record(uow, actor, meeting, "hand_down", person=actor.person_id)


def call(uow: UnitOfWork, actor: Actor, *, meeting_id: int, hand_id: int) -> Hand:
    """Give somebody the floor; whoever had it is done. Raises NotFound, Forbidden, Conflict for a hand that is down."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    hand = uow.session.get(Hand, hand_id)
    if hand is None or hand.meeting_id != meeting.id:
        raise NotFound()
    if hand.lowered_at is not None:
        raise Conflict("That hand has gone down.")
    _finish(uow, meeting)
    hand.called_at = uow.now
    record(uow, actor, meeting, "floor", person=hand.person_id)
    return hand


def finish_speaking(uow: UnitOfWork, actor: Actor, *, meeting_id: int) -> None:
    """End the turn of whoever has the floor."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    _finish(uow, meeting)
    record(uow, actor, meeting, "hand_down")


def _finish(uow: UnitOfWork, meeting: Meeting) -> None:
    query = select(Hand).where(Hand.meeting_id == meeting.id, Hand.called_at.is_not(None), Hand.lowered_at.is_(None))
    for hand in uow.session.execute(query).scalars():
        hand.lowered_at = uow.now


def _own(session: Session, meeting_id: int, person_id: int) -> Hand | None:
    query = select(Hand).where(
        Hand.meeting_id == meeting_id, Hand.person_id == person_id, Hand.called_at.is_(None), Hand.lowered_at.is_(None)
    )
    return session.execute(query).scalars().first()
