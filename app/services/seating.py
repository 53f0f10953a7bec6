"""Who an expert's link or cookie stands for: looked at afresh for every request, by the server's clock."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Forbidden, Gone, NotFound
from app.events import PanelChanged
from app.policy import Can
from app.secrets import Keys
from app.services.protocols import Burden, Dimension, Protocol
from app.services.rounds import burden_of, protocol_of, takes_answers
from app.uow import UnitOfWork
from models.groups import Group
from models.validation import Expert, Round, Seat

OVER = "This round is over, or the link is no longer in use. Thank you for your interest; nothing more is needed."


@dataclass(frozen=True)
class Place:
    """An expert at their seat in an open round, at this moment. ``may`` holds what they may do; never kept."""

    seat: Seat
    expert: Expert
    round: Round
    group: Group
    protocol: Protocol
    may: frozenset[Can]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """The questions this expert is asked of every item."""
        return self.protocol.asked_of(self.expert.expertise)

    @property
    def is_pilot(self) -> bool:
        """Whether this is a try-out before the round opens, which counts for nothing."""
        return self.expert.is_pilot

    @property
    def has_consented(self) -> bool:
        """Whether they have agreed to the information sheet as it is."""
        return self.seat.consented_at is not None

    def require(self, can: Can) -> None:
        """Raises Forbidden before the expert has agreed to take part."""
        if can not in self.may:
            raise Forbidden("Read the information sheet and agree to take part first.", code="no_consent")


def knock(uow: UnitOfWork, *, token: str) -> Place:
    """Whose link this is; changes nothing. Raises NotFound for an unknown one, Gone once it is no longer in use."""
    return _place(uow, _seat_of_token(uow.session, uow.keys, token))


def asks(uow: UnitOfWork, place: Place) -> Burden:
    """How many answers the round asks of this expert, and about how many minutes they take."""
    return burden_of(uow.session, place.round, len(place.dimensions))


def enter(uow: UnitOfWork, *, token: str) -> tuple[int, str]:
    """Take the seat a link stands for: (seat id, mark) for the cookie. Raises NotFound, Gone."""
    place = knock(uow, token=token)
    seat = place.seat
    if seat.started_at is None:
        seat.started_at = uow.now
        uow.emit(PanelChanged(place.round.group_id, place.round.id))
    return seat.id, mark_of(uow.keys, seat)


def sit(uow: UnitOfWork, *, seat_id: int, mark: str, writing: bool = False) -> Place:
    """The place a cookie stands for. With ``writing`` seat and round are held, so that closing waits or comes first.

    Raises NotFound for a forged or outdated cookie, Gone once the round no longer takes answers.
    """
    seat = uow.session.get(Seat, seat_id)
    if seat is None or not hmac.compare_digest(mark, mark_of(uow.keys, seat)):
        raise NotFound()
    return _place(uow, seat, writing=writing)


def sit_with_token(uow: UnitOfWork, *, token: str, round_id: int) -> Place:
    """The place of a program that shows the link's token, held for writing.

    Raises NotFound for an unknown token or one of another round, Gone once the round no longer takes answers.
    """
    seat = _seat_of_token(uow.session, uow.keys, token)
    if seat.round_id != round_id:
        raise NotFound()
    place = _place(uow, seat, writing=True)
    if seat.started_at is None:
        seat.started_at = uow.now
    return place


def mark_of(keys: Keys, seat: Seat) -> str:
    """What the cookie holds beside the seat's id: another mark for every nonce."""
    return keys.hash("seat_cookie", f"{seat.id} {seat.token_nonce}")


def _seat_of_token(session: Session, keys: Keys, token: str) -> Seat:
    query = select(Seat).where(Seat.token_hash == keys.hash("seat", token))
    seat = session.execute(query).scalar_one_or_none()
    if seat is None:
        raise NotFound()
    return seat


def _place(uow: UnitOfWork, seat: Seat, *, writing: bool = False) -> Place:
    query = select(Round).where(Round.id == seat.round_id)
    if writing:
        query = query.with_for_update(read=True).execution_options(populate_existing=True)
    round_ = uow.session.execute(query).scalar_one()
    if writing:
        seat = uow.lock(Seat, seat.id)  # after the round, as everybody does
    expert = uow.session.get_one(Expert, seat.expert_id)
    if seat.revoked_at is not None or expert.withdrawn_at is not None or not takes_answers(round_, expert, uow.now):
        raise Gone(OVER)
    group = uow.session.get_one(Group, round_.group_id)
    may = frozenset({Can.ROUND_RATE}) if seat.consented_at is not None else frozenset()
    return Place(seat, expert, round_, group, protocol_of(round_), may)
