"""The golden thread around one item: principles it carries out, models it keeps from, decisions, versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.events import ItemChanged
from app.policy import Actor, Can, standing
from app.services import decided, glossary
from app.services.activity import note
from app.services.documents import words_of, words_sha256
from app.services.items import access_item, must_be_free, must_settle, must_stand
from app.services.rounds import counting
from app.services.verdicts import Stand, figures_of, stand_of, stored_result
from app.uow import UnitOfWork
from models.documents import Document, Field
from models.evidence import ContractingModel, ItemModel
from models.items import Item, ItemPrinciple, Kind, PrincipleGroup, Status
from models.polls import Decision
from models.validation import Remark, RemarkKind, Round, RoundItem, RoundState
from models.versions import Version, VersionItem


@dataclass(frozen=True)
class Neighbour:
    """Another item at the end of an arrow, as a link shows it."""

    id: int
    reference: str
    title: str
    status: Status
    principle_group: PrincipleGroup | None


@dataclass(frozen=True)
class Decided:
    """A decision on the item; ``changed`` when it is the latest and what it bound has changed since."""

    decision: Decision
    changed: bool


@dataclass(frozen=True)
class Rated:
    """What a closed round of experts found of the item as it read then, and how many comments the group reads."""

    round: Round
    reference: str
    stand: Stand
    comments: int
    same_words: bool


@dataclass(frozen=True)
class Thread:
    """All arrows that begin or end at one item, but for its evidence."""

    under: list[Neighbour]
    principles: list[Neighbour]
    carried_out_by: list[Neighbour]
    models: list[ContractingModel]
    decisions: list[Decided]
    versions: list[tuple[Version, VersionItem]]
    rated: list[Rated]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is tied to the item."""
        return not (
            self.principles or self.carried_out_by or self.models or self.decisions or self.versions or self.rated
        )


def thread_of(uow: UnitOfWork, actor: Actor, item_id: int) -> Thread:
    """The arrows at one item. Raises NotFound, Forbidden."""
    session = uow.session
    item = access_item(session, actor, item_id, Can.ITEM_READ)
    carries = select(ItemPrinciple.principle_id).where(ItemPrinciple.item_id == item.id)
    carried = select(ItemPrinciple.item_id).where(ItemPrinciple.principle_id == item.id)
    kept = select(ItemModel.model_id).where(ItemModel.item_id == item.id)
    models = select(ContractingModel).where(ContractingModel.id.in_(kept)).order_by(ContractingModel.position)
    covered = decided.covered_words(session, item.group_id).get(item.id, set())
    changed = bool(covered) and not decided.is_covered(
        words_of(session, item.id), glossary.standing(session, item.group_id), covered
    )
    decisions = select(Decision).where(Decision.item_id == item.id).order_by(Decision.number.desc())
    versions = (
        select(Version, VersionItem)
        .join(VersionItem, VersionItem.version_id == Version.id)
        .where(VersionItem.item_id == item.id)
        .order_by(Version.number.desc())
    )
    return Thread(
        under=_neighbours(session, item.group_id, Item.parent_id == item.id),
        principles=_neighbours(session, item.group_id, Item.id.in_(carries)),
        carried_out_by=_neighbours(session, item.group_id, Item.id.in_(carried)),
        models=list(session.execute(models).scalars()),
        decisions=[
            Decided(one, changed=at == 0 and changed) for at, one in enumerate(session.execute(decisions).scalars())
        ],
        versions=[(version, frozen) for version, frozen in session.execute(versions)],
        rated=_rated(session, actor, item),
    )


def _rated(session: Session, actor: Actor, item: Item) -> list[Rated]:
    """The closed rounds that rated an item, the latest first; none for who may not read results."""
    held = standing(session, actor, item.group_id)
    if held is None or not held.may(Can.RESULTS_READ):
        return []
    rows = session.execute(
        select(Round, VersionItem)
        .join(RoundItem, RoundItem.round_id == Round.id)
        .join(VersionItem, VersionItem.id == RoundItem.version_item_id)
        .where(VersionItem.item_id == item.id, Round.state == RoundState.CLOSED)
        .order_by(Round.number.desc())
    ).all()
    now = words_sha256(words_of(session, item.id)) if rows else ""
    return [
        Rated(
            round_, then.reference,
            stand_of(list(figures_of(round_, stored_result(session, round_), then.reference).values())),
            _heard(session, round_, then), then.words_sha256 == now,
        )
        for round_, then in rows
    ]  # fmt: skip


def _heard(session: Session, round_: Round, then: VersionItem) -> int:
    """How many comments on an item the group reads in a round's results."""
    query = select(Remark.expert_id).where(
        Remark.round_id == round_.id, Remark.version_item_id == then.id, Remark.released.is_not(None),
        Remark.withheld_at.is_(None), Remark.kind.in_((RemarkKind.COMMENT, RemarkKind.WORDING)),
    )  # fmt: skip
    spoke = list(session.execute(query).scalars())
    counted = counting(session, round_.id) if spoke else set()
    return sum(each in counted for each in spoke)


def principles(uow: UnitOfWork, actor: Actor, item_id: int) -> list[Neighbour]:
    """The principles an item of this group may carry out. Raises NotFound, Forbidden."""
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ)
    return _neighbours(
        uow.session, item.group_id, Item.kind == Kind.PRINCIPLE, Item.status != Status.WITHDRAWN, Item.id != item.id
    )


def set_principles(
    uow: UnitOfWork, actor: Actor, *, item_id: int, principle_ids: Collection[int], group_id: int | None = None
) -> None:
    """Say which principles a criterion or specification carries out; replaces what was said before.

    Raises NotFound, Forbidden, Conflict, and Invalid for what is no principle of the group.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    uow.lock(Item, item.id)
    must_stand(uow.session, item)
    must_settle(uow.session, actor, [item])
    must_be_free(uow.session, [item])
    if item.kind is Kind.PRINCIPLE:
        raise Invalid("A principle does not carry out another.")
    wanted = set(principle_ids)
    known = _neighbours(uow.session, item.group_id, Item.kind == Kind.PRINCIPLE, Item.id.in_(wanted))
    if len(known) != len(wanted):
        raise Invalid("Choose from the group's principles.", fields={"principles": "Choose from the list"})
    uow.session.execute(delete(ItemPrinciple).where(ItemPrinciple.item_id == item.id))
    uow.session.add_all([ItemPrinciple(item_id=item.id, principle_id=one) for one in sorted(wanted)])
    names = ", ".join(one.reference for one in known) or "no principle"
    note(uow, actor, f"noted that {item.reference} carries out {names}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))


def tie(uow: UnitOfWork, ties: Iterable[tuple[Item, Collection[Item]]]) -> None:
    """Tie items that come in just now to principles they carry out. The caller has asked for the right, and says so."""
    uow.session.add_all(
        [ItemPrinciple(item_id=item.id, principle_id=one.id) for item, principles in ties for one in principles]
    )
    uow.flush()


def _neighbours(session: Session, group_id: int, *where: ColumnElement[Any]) -> list[Neighbour]:
    rows = session.execute(
        select(Item, Document.text)
        .outerjoin(Document, (Document.item_id == Item.id) & (Document.field == Field.TITLE))
        .where(Item.group_id == group_id, *where)
    )
    found = [Neighbour(item.id, item.reference, title or "", item.status, item.principle_group) for item, title in rows]
    return sorted(found, key=lambda one: in_order(one.reference))


def in_order(reference: str) -> tuple[str, list[int]]:
    """The place of a reference among others: P2 before P10."""
    return reference[0], [int(part) for part in reference[1:].split(".")]
