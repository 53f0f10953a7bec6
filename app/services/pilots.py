"""The try-out before a round: two or three named pilot raters answer it, kept apart, and never counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from app.errors import Conflict, Invalid
from app.events import RoundChanged
from app.policy import Actor, Can
from app.services import identities
from app.services.activity import note
from app.services.rounds import access_round, experts_of, hold_round, must_be, rated_items, seated
from app.services.seats import seat_all
from app.uow import UnitOfWork
from models.validation import Rating, Remark, Round, RoundState, Seat
from models.versions import VersionItem

#: Who took longer did something else in between.
ONE_SITTING = timedelta(hours=3)


@dataclass(frozen=True)
class Pilot:
    """A pilot rater by name: how far, in how many minutes (None unless sent after one sitting), and what they wrote."""

    name: str
    state: str
    minutes: int | None
    remarks: list[tuple[VersionItem | None, Remark]]


def start(uow: UnitOfWork, actor: Actor, *, round_id: int) -> int:
    """Send the pilot raters who have none yet their links; how many. The round stays in preparation.

    Raises Conflict once it is open, Invalid when there is nothing to rate or nobody to try it.
    """
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.DRAFT)
    if not rated_items(uow.session, round_.id):
        raise Invalid("Choose which items are rated first.")
    sitting = {each.expert.id for each in seated(uow.session, round_.id)}
    pilots = [each for each in experts_of(uow.session, round_.panel_id) if each.is_pilot]
    if not pilots:
        raise Invalid("There is no pilot rater on the panel: add one, and tick that they try it out first.")
    fresh = [each for each in pilots if each.id not in sitting]
    if not fresh:
        raise Conflict("All pilot raters have their link.")
    round_.pilot_at = round_.pilot_at or uow.now
    uow.flush()
    seat_all(uow, round_, fresh, None, "pilot")
    note(uow, actor, f"asked {len(fresh)} pilot raters to try the round", group_id=round_.group_id, audience="panel")
    uow.emit(RoundChanged(round_.group_id, round_.id))
    return len(fresh)


def list_pilots(uow: UnitOfWork, actor: Actor, *, round_id: int) -> list[Pilot]:
    """The pilot raters of a round and what they said of it; for the panel manager, who never sees their scores."""
    round_ = access_round(uow.session, actor, round_id, Can.ROUND_MANAGE)
    asked = [each for each in seated(uow.session, round_.id) if each.expert.is_pilot]
    names = identities.identities_of(uow, [each.expert.id for each in asked])
    rows = uow.session.execute(
        select(Remark, VersionItem)
        .outerjoin(VersionItem, VersionItem.id == Remark.version_item_id)
        .where(Remark.round_id == round_.id, Remark.expert_id.in_([each.expert.id for each in asked]))
        .order_by(VersionItem.position.is_(None), VersionItem.position, Remark.id)
    ).all()
    return [
        Pilot(
            name=names[each.expert.id].name if each.expert.id in names else each.expert.code,
            state=each.state,
            minutes=_minutes(each.seat),
            remarks=[(item, remark) for remark, item in rows if remark.expert_id == each.expert.id],
        )
        for each in asked
    ]


def wipe(uow: UnitOfWork, round_: Round) -> None:
    """Delete the seats and answers of a round's pilot raters; the caller holds the round and has checked the right."""
    pilots = [each.expert.id for each in seated(uow.session, round_.id) if each.expert.is_pilot]
    for table in (Rating, Remark, Seat):
        uow.session.execute(delete(table).where(table.round_id == round_.id, table.expert_id.in_(pilots)))


def _minutes(seat: Seat) -> int | None:
    if seat.started_at is None or seat.sent_at is None or seat.sent_at - seat.started_at > ONE_SITTING:
        return None
    return max(1, round((seat.sent_at - seat.started_at).total_seconds() / 60))
