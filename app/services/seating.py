"""Who an expert's link or cookie stands for: looked at afresh for every request, by the server's clock."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ColumnElement, bindparam, select, text

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


class Over(Gone):
    """A link or cookie of a seat that we know, and that takes no answers any more."""

    def __init__(self, seat: Seat, *, code: str | None) -> None:
        super().__init__(OVER, code=code)
        self.seat_id = seat.id


@dataclass(frozen=True)
class Place:
    """An expert at their seat in an open round, at this moment. ``may`` holds what they may do; never kept."""

    seat: Seat
    expert: Expert
    round: Round
    group: Group
    protocol: Protocol
    may: frozenset[Can]

    @cached_property
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


class _Way:
    """The statements by which a seat is found. They are made once: making them costs more than asking them."""

    def __init__(self, which: ColumnElement[bool]) -> None:
        self.look = (
            select(Seat, Expert, Round, Group)
            .join(Expert, Expert.id == Seat.expert_id)
            .join(Round, Round.id == Seat.round_id)
            .join(Group, Group.id == Round.group_id)
            .where(which)
        )
        # The round before the seat, as everybody does: PostgreSQL takes them in the order they are named.
        self.hold = (
            self.look.with_for_update(read=True, of=Round)
            .suffix_with(text("FOR NO KEY UPDATE OF seat"), dialect="postgresql")
            .execution_options(populate_existing=True)
        )


_BY_ID = _Way(Seat.id == bindparam("seat"))
_BY_TOKEN = _Way(Seat.token_hash == bindparam("seat"))


def knock(uow: UnitOfWork, *, token: str) -> Place:
    """Whose link this is; changes nothing. Raises NotFound for an unknown one, Gone once it is no longer in use."""
    return _place(uow, _BY_TOKEN, uow.keys.hash("seat", token))


def asks(uow: UnitOfWork, place: Place) -> Burden:
    """How many answers the round asks of this expert, and about how many minutes they take."""
    return burden_of(uow.session, place.round, len(place.dimensions))


def enter(uow: UnitOfWork, *, token: str) -> tuple[int, str]:
    """Take the seat a link stands for: (seat id, mark) for the cookie. Raises NotFound, Gone."""
    place = knock(uow, token=token)
    seat = place.seat
    if seat.started_at is None and place.has_consented:  # in a round before; else it begins with that
        seat.started_at = uow.now
        uow.emit(PanelChanged(place.round.group_id, place.round.id))
    return seat.id, mark_of(uow.keys, seat)


def sit(uow: UnitOfWork, *, seat_id: int, mark: str, writing: bool = False) -> Place:
    """The place a cookie stands for. With ``writing`` seat and round are held, so that closing waits or comes first.

    Raises NotFound for a forged or outdated cookie, Gone once the round no longer takes answers.
    """
    return _place(uow, _BY_ID, seat_id, mark=mark, writing=writing)


def sit_with_token(uow: UnitOfWork, *, token: str, round_id: int) -> Place:
    """The place of a program that shows the link's token, held for writing.

    Raises NotFound for an unknown token or one of another round, Gone once the round no longer takes answers.
    """
    place = _place(uow, _BY_TOKEN, uow.keys.hash("seat", token), round_id=round_id, writing=True)
    if place.seat.started_at is None:
        place.seat.started_at = uow.now
        uow.emit(PanelChanged(place.round.group_id, place.round.id))
    return place


def mark_of(keys: Keys, seat: Seat) -> str:
    """What the cookie holds beside the seat's id: another mark for every nonce."""
    return keys.hash("seat_cookie", f"{seat.id} {seat.token_nonce}")


def _place(
    uow: UnitOfWork,
    way: _Way,
    seat_key: int | str,
    *,
    mark: str | None = None,
    round_id: int | None = None,
    writing: bool = False,
) -> Place:
    """The place of one seat: with ``mark`` only for the cookie that holds it, with ``round_id`` only in this round."""
    found = uow.session.execute(way.hold if writing else way.look, {"seat": seat_key}).one_or_none()
    if found is None:
        raise NotFound()
    seat, expert, round_, group = found
    if mark is not None and not hmac.compare_digest(mark, mark_of(uow.keys, seat)):
        raise NotFound()
    if round_id is not None and seat.round_id != round_id:
        raise NotFound()
    if seat.revoked_at is not None or expert.withdrawn_at is not None or not takes_answers(round_, expert, uow.now):
        raise Over(seat, code="tried_out" if expert.is_pilot else None)
    may = frozenset({Can.ROUND_RATE}) if seat.consented_at is not None else frozenset()
    return Place(seat, expert, round_, group, protocol_of(round_), may)
