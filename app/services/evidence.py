"""What stands under the lines of a blueprint, and the rule of "Depends on untested evidence".

Sources are written in ``sources.py``, findings and their links in ``findings.py``, contracting models in
``contracting.py``; the room in which all of it is read together is in ``library.py``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.policy import Actor, Can, require
from app.services import items
from app.uow import UnitOfWork
from models.evidence import ContractingModel, Finding, ItemModel, Link, Relation, Source, Strength
from models.items import Item, Kind, Status

#: What counts as tested: a supporting finding of at least this strength.
TESTED = frozenset({Strength.STRONG, Strength.MODERATE})
#: The order in which evidence is read: what speaks for an item, what qualifies it, what speaks against it.
RELATIONS = tuple(Relation)
STRENGTHS = tuple(Strength)


# --- the rule ---


def is_aspirational(kind: Kind, lines: Iterable[tuple[Relation, Strength]], *, group_judgement: bool = False) -> bool:
    """Whether an item depends on untested evidence; ``lines`` are its links to findings that stand.

    It does not when at least one finding of strong or moderate strength supports it. It does when its links hold no
    such finding, and when the group's judgement is all there is. With neither links nor judgement nothing is claimed,
    but for a criterion: it is what experts score and contracts are made of, so evidence is expected of it.
    """
    found = list(lines)
    if any(relation is Relation.SUPPORTS and strength in TESTED for relation, strength in found):
        return False
    return bool(found) or group_judgement or kind is Kind.CRITERION


@dataclass(frozen=True)
class Ground:
    """What one item rests on, in figures: how many findings speak to it, and whether they are untested."""

    findings: int
    aspirational: bool


def grounds(session: Session, group_id: int) -> dict[int, Ground]:
    """For every item of a group: how many findings speak to it, and whether it depends on untested evidence.

    Two queries, however many items there are. The caller has asked for the right.
    """
    found: dict[int, list[tuple[Relation, Strength]]] = {}
    rows = session.execute(
        select(Link.item_id, Link.relation, Finding.strength)
        .join(Finding, Finding.id == Link.finding_id)
        .where(Link.group_id == group_id, Finding.withdrawn_at.is_(None))
    )
    for item_id, relation, strength in rows:
        found.setdefault(item_id, []).append((relation, strength))
    about = session.execute(select(Item.id, Item.kind, Item.group_judgement).where(Item.group_id == group_id))
    return {
        item_id: Ground(
            len(found.get(item_id, [])), is_aspirational(kind, found.get(item_id, []), group_judgement=judged)
        )
        for item_id, kind, judged in about
    }


# --- what an item rests on ---


@dataclass(frozen=True)
class Line:
    """One arrow from a finding to an item, with its source and the model it was read about."""

    link: Link
    finding: Finding
    source: Source
    model: ContractingModel | None


@dataclass(frozen=True)
class Grounds:
    """All that an item's page says of its evidence, and what the reader may do about it.

    ``findings`` and ``all_models`` are what may still be linked; empty for readers who may not write.
    """

    item: Item
    lines: list[Line]
    models: list[ContractingModel]
    aspirational: bool
    may_write: bool
    findings: list[tuple[int, str]] = field(default_factory=list)
    all_models: list[tuple[int, str]] = field(default_factory=list)

    @property
    def has_any(self) -> bool:
        """Whether anything at all is said of the item's evidence."""
        return bool(self.lines or self.models or self.item.group_judgement)


def of_item(uow: UnitOfWork, actor: Actor, item_id: int, *, group_id: int | None = None) -> Grounds:
    """What an item rests on. Raises NotFound, Forbidden.

    Somebody who may read the item but not the evidence room (a guest of a session) sees it too: it is part of the
    item's page.
    """
    session = uow.session
    item = items.access_item(session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    found = require(session, actor, item.group_id, Can.ITEM_READ)
    may_write = (actor.is_system or found.may(Can.EVIDENCE_WRITE)) and item.status is not Status.WITHDRAWN
    lines = _lines(session, [item.id]).get(item.id, [])
    kept = models_of(session, [item.id]).get(item.id, [])
    weak = is_aspirational(
        item.kind, [(one.link.relation, one.finding.strength) for one in lines], group_judgement=item.group_judgement
    )
    choices: list[tuple[int, str]] = []
    models: list[tuple[int, str]] = []
    if may_write:
        linked = {one.finding.id for one in lines}
        choices = [pair for pair in finding_choices(session, item.group_id) if pair[0] not in linked]
        models = [(one.id, one.name) for one in standing_models(session, item.group_id)]
    return Grounds(item, lines, kept, weak, may_write, choices, models)


def lines_of(session: Session, item_ids: Iterable[int]) -> dict[int, list[Line]]:
    """The evidence lines of some items that stand now, in reading order: what a version copies when it is locked."""
    return _lines(session, list(item_ids))


def _lines(session: Session, item_ids: list[int]) -> dict[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for start in range(0, len(item_ids), 500):
        rows = session.execute(
            select(Link, Finding, Source, ContractingModel)
            .join(Finding, Finding.id == Link.finding_id)
            .join(Source, Source.id == Finding.source_id)
            .outerjoin(ContractingModel, ContractingModel.id == Finding.model_id)
            .where(Link.item_id.in_(item_ids[start : start + 500]), Finding.withdrawn_at.is_(None))
        )
        for link, finding, source, model in rows:
            found.setdefault(link.item_id, []).append(Line(link, finding, source, model))
    for lines in found.values():
        lines.sort(key=_reading_order)
    return found


def _reading_order(line: Line) -> tuple[int, int, str, str, str]:
    finding = line.finding
    place = RELATIONS.index(line.link.relation), STRENGTHS.index(finding.strength)
    return *place, line.source.cite, finding.text, finding.page


def models_of(session: Session, item_ids: Iterable[int]) -> dict[int, list[ContractingModel]]:
    """The contracting models that some items keep something from, in the room's order."""
    rows = session.execute(
        select(ItemModel.item_id, ContractingModel)
        .join(ContractingModel, ContractingModel.id == ItemModel.model_id)
        .where(ItemModel.item_id.in_(list(item_ids)))
        .order_by(ContractingModel.position, ContractingModel.id)
    )
    found: dict[int, list[ContractingModel]] = {}
    for item_id, model in rows:
        found.setdefault(item_id, []).append(model)
    return found


def finding_choices(session: Session, group_id: int) -> list[tuple[int, str]]:
    """The findings that stand, as one chooses among them: what they say and the beginning of their source."""
    rows = session.execute(
        select(Finding, Source)
        .join(Source, Source.id == Finding.source_id)
        .where(Finding.group_id == group_id, Finding.withdrawn_at.is_(None))
        .order_by(Source.cite, Finding.id)
    )
    short = partial(textwrap.shorten, placeholder=" …")
    return [(one.id, f"{short(source.cite, 44)}: {short(one.text, 120)}") for one, source in rows]


def standing_models(session: Session, group_id: int) -> list[ContractingModel]:
    """The contracting models that are not withdrawn, in order."""
    query = select(ContractingModel).where(
        ContractingModel.group_id == group_id, ContractingModel.withdrawn_at.is_(None)
    )
    return list(session.execute(query.order_by(ContractingModel.position, ContractingModel.id)).scalars())
