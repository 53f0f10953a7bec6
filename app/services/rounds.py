"""What every use case of validation stands on: rounds, their items, seats and protocols, loaded and checked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, select
from sqlalchemy.orm import Session

from app.errors import Conflict, NotFound
from app.policy import Actor, Can, access
from app.services.protocols import Burden, Protocol, burden
from app.uow import UnitOfWork
from models.items import Kind
from models.validation import Deviation, Expert, Panel, Round, RoundItem, RoundState, Seat
from models.versions import Version, VersionItem

#: What a round that nobody named is called in languages that experts read; in English see `title_of`.
TITLES = {"nl": "Ronde {number} over versie {version}"}
_TITLE = re.compile(r"Round (\d+) on version (\d+)")


@dataclass(frozen=True)
class Seated:
    """An expert invited to a round: the seat, and the expert as the report may speak of them."""

    seat: Seat
    expert: Expert

    @property
    def counts(self) -> bool:
        """Whether what this expert answers counts: no pilot rater, and not taken off or gone with their answers."""
        return not self.expert.is_pilot and (self.seat.revoked_at is None or self.seat.answers_kept)

    @property
    def state(self) -> str:
        """invited, started, sent, withdrew, withdrew, kept (their answers count), or removed."""
        if self.seat.withdrew_at is not None:
            return "withdrew, kept" if self.seat.answers_kept else "withdrew"
        if self.seat.revoked_at is not None:
            return "removed"
        if self.seat.sent_at is not None:
            return "sent"
        return "started" if self.seat.started_at is not None else "invited"


def access_round(session: Session, actor: Actor, round_id: int, can: Can) -> Round:
    """The round, if the actor may do ``can`` with it. Raises NotFound, Forbidden."""
    return access(session, actor, Round, round_id, can)


def hold_round(uow: UnitOfWork, actor: Actor, round_id: int, can: Can) -> Round:
    """The same, fresh and held against other writers until the end of the transaction."""
    access_round(uow.session, actor, round_id, can)
    return uow.lock(Round, round_id)


def access_panel(session: Session, actor: Actor, panel_id: int, can: Can) -> Panel:
    """The panel, if the actor may do ``can`` with it. Raises NotFound, Forbidden."""
    return access(session, actor, Panel, panel_id, can)


def must_be(round_: Round, state: RoundState) -> None:
    """Raises Conflict unless the round is in this state."""
    if round_.state is not state:
        words = {
            RoundState.DRAFT: "The round has been opened: its protocol is locked.",
            RoundState.OPEN: "The round is not open.",
            RoundState.CLOSED: "The round is not closed yet.",
        }
        raise Conflict(words[state], code=f"not_{state.value}")


def is_accepting(round_: Round, now: datetime) -> bool:
    """Whether answers are taken at this moment, by the server's clock: open, and before the deadline."""
    return round_.state is RoundState.OPEN and round_.closes_at is not None and now < round_.closes_at


def takes_answers(round_: Round, expert: Expert, now: datetime) -> bool:
    """Whether this expert's answers are taken: pilot raters' before the round opens, everybody else's while it is."""
    if expert.is_pilot:
        return round_.state is RoundState.DRAFT and round_.pilot_at is not None
    return is_accepting(round_, now)


def protocol_of(round_: Round) -> Protocol:
    """The round's protocol."""
    return Protocol.from_json(round_.protocol)


class Outlined(NamedTuple):
    """An item's place in the tree of a round's version, without its words, and whether the round asks about it."""

    id: int
    reference: str
    parent_reference: str | None
    kind: Kind
    is_rated: bool


def with_items(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Columns of a round's version's items, in the order of the tree, and last whether the item is rated.

    Asks for ``round`` and ``version``, the round's id and its version's.
    """
    rated = and_(RoundItem.version_item_id == VersionItem.id, RoundItem.round_id == bindparam("round"))
    return (
        select(*columns, RoundItem.round_id.is_not(None))
        .select_from(VersionItem)
        .outerjoin(RoundItem, rated)
        .where(VersionItem.version_id == bindparam("version"))
        .order_by(VersionItem.position)
    )


_OUTLINE = with_items(VersionItem.id, VersionItem.reference, VersionItem.parent_reference, VersionItem.kind)


def outline_of(session: Session, round_: Round) -> list[Outlined]:
    """The items of a round's version in the order of the tree."""
    return [Outlined(*row) for row in session.execute(_OUTLINE, {"round": round_.id, "version": round_.version_id})]


def rated_items(session: Session, round_id: int) -> list[VersionItem]:
    """The items rated in a round, in the order of the tree."""
    return list(
        session.execute(
            select(VersionItem)
            .join(RoundItem, RoundItem.version_item_id == VersionItem.id)
            .where(RoundItem.round_id == round_id)
            .order_by(VersionItem.position)
        ).scalars()
    )


def rated_ids(session: Session, round_id: int) -> dict[int, int]:
    """The ids of the items rated in a round: of the version's item, the blueprint's. Reads no words."""
    query = (
        select(VersionItem.id, VersionItem.item_id)
        .join(RoundItem, RoundItem.version_item_id == VersionItem.id)
        .where(RoundItem.round_id == round_id)
        .order_by(VersionItem.position)
    )
    return {row.id: row.item_id for row in session.execute(query)}


def burden_of(session: Session, round_: Round, questions: int | None = None) -> Burden:
    """What the round asks of one expert, by the words of its items; ``questions`` an item, or all the protocol has."""
    items = rated_items(session, round_.id)
    words = sum(len(f"{item.title} {item.text} {item.why} {item.summary}".split()) for item in items)
    return burden(protocol_of(round_), len(items), words, questions)


def seated(session: Session, round_id: int) -> list[Seated]:
    """Everybody invited to a round, in the order of their random codes, which says nothing about anyone."""
    rows = session.execute(
        select(Seat, Expert)
        .join(Expert, Expert.id == Seat.expert_id)
        .where(Seat.round_id == round_id)
        .order_by(Expert.code)
    )
    return [Seated(seat, expert) for seat, expert in rows]


def how_far(everybody: Iterable[Seated]) -> dict[str, int]:
    """How far the experts of a round are: the one way in which every page and paper counts them.

    ``invited``, ``started`` and ``sent`` are of those whose answers count; ``withdrew_kept`` of these have gone and
    left their answers. ``withdrew`` (with their answers) and ``taken_off`` are more who were asked and do not count.
    """
    asked = [each for each in everybody if not each.expert.is_pilot]
    seats = [each.seat for each in asked if each.counts]
    gone = [each.seat for each in asked if not each.counts]
    return {
        "invited": len(seats),
        "in_place": sum(seat.replaces_id is not None for seat in seats),
        "started": sum(seat.started_at is not None for seat in seats),
        "sent": sum(seat.sent_at is not None for seat in seats),
        "withdrew": sum(seat.withdrew_at is not None for seat in gone),
        "withdrew_kept": sum(seat.withdrew_at is not None for seat in seats),
        "taken_off": sum(seat.withdrew_at is None for seat in gone),
    }


def counting(session: Session, round_id: int) -> set[int]:
    """The ids of the experts whose answers and comments count in a round."""
    return {each.expert.id for each in seated(session, round_id) if each.counts}


def experts_of(session: Session, panel_id: int) -> list[Expert]:
    """The experts of a panel who have not withdrawn, pilot raters among them, in the order of their codes."""
    return list(
        session.execute(
            select(Expert).where(Expert.panel_id == panel_id, Expert.withdrawn_at.is_(None)).order_by(Expert.code)
        ).scalars()
    )


def group_of(protocol: Protocol, expert: Expert) -> str:
    """The group an expert is compared in, the same for every item; "" where the protocol compares none."""
    return protocol.group_named(str(getattr(expert, protocol.split_by))) if protocol.split_by else ""


def round_before(session: Session, round_: Round) -> Round | None:
    """The closed round of the same panel before this one, or None."""
    query = select(Round).where(*_closed(round_.panel_id, round_.number)).order_by(Round.number.desc()).limit(1)
    return session.execute(query).scalar_one_or_none()


def closed_before(session: Session, round_: Round) -> list[int]:
    """The ids of all closed rounds of the same panel before this one."""
    return list(session.execute(select(Round.id).where(*_closed(round_.panel_id, round_.number))).scalars())


def _closed(panel_id: int, below: int) -> tuple[ColumnElement[bool], ...]:
    return Round.panel_id == panel_id, Round.number < below, Round.state == RoundState.CLOSED


def last_rated(session: Session, panel_id: int, *, below: int) -> dict[str, tuple[Round, VersionItem]]:
    """By reference, the latest closed round with a number ``below`` this that rated an item, and how it read then."""
    rows = session.execute(
        select(Round, VersionItem)
        .join(RoundItem, RoundItem.round_id == Round.id)
        .join(VersionItem, VersionItem.id == RoundItem.version_item_id)
        .where(*_closed(panel_id, below))
        .order_by(Round.number)
    )
    return {item.reference: (round_, item) for round_, item in rows}


def version_of(session: Session, round_: Round) -> Version:
    """The frozen version a round is bound to. Raises NotFound when its hash is not the round's."""
    version = session.get(Version, round_.version_id)
    if version is None or version.sha256 != round_.version_sha256:
        raise NotFound()
    return version


def title_of(number: int, version: int) -> str:
    """What a round is called when nobody says otherwise."""
    return f"Round {number} on version {version}"


def title_in(round_: Round, language: str) -> str:
    """What a round is called in a language: as the panel manager put it, else as `plain_title` says."""
    own: str | None = round_.translations.get(language, {}).get("words", {}).get(round_.title)
    return own or plain_title(round_.title, language)


def plain_title(title: str, language: str) -> str:
    """A name that nobody gave in the words of a language; one that somebody gave as it is."""
    plain = _TITLE.fullmatch(title)
    return TITLES[language].format(number=plain[1], version=plain[2]) if plain and language in TITLES else title


def deviate(uow: UnitOfWork, actor: Actor, round_: Round, what: str, reason: str) -> None:
    """Log a change to a locked protocol with its reason."""
    uow.session.add(Deviation(round_id=round_.id, at=uow.now, person_id=actor.person_id, what=what, reason=reason))


def deviations_of(session: Session, round_id: int) -> list[Deviation]:
    """The logged deviations, oldest first."""
    return list(
        session.execute(select(Deviation).where(Deviation.round_id == round_id).order_by(Deviation.id)).scalars()
    )
