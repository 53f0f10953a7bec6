"""The evidence room: sources, findings, contracting models and what each of them does to the items, read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.policy import Actor, Can, allowed, require
from app.services import items
from app.services.evidence import grounds, standing_models
from app.uow import UnitOfWork
from models.accounts import Person
from models.documents import Document, Field
from models.evidence import ContractingModel, Finding, ItemModel, Link, Relation, Source
from models.items import Item, Kind, Status


@dataclass(frozen=True)
class Neighbour:
    """An item at the end of an arrow: ``relation`` is None for one that keeps something from a model."""

    id: int
    reference: str
    title: str
    status: Status
    relation: Relation | None = None
    link_id: int = 0
    note: str = ""


@dataclass(frozen=True)
class FindingView:
    """A finding with its source, the model it was read about, who wrote it down, and the items it speaks to."""

    finding: Finding
    source: Source
    model: ContractingModel | None
    noted_by: str
    items: list[Neighbour]


@dataclass(frozen=True)
class SourceView:
    """A source and how many findings were read in it."""

    source: Source
    findings: int


@dataclass(frozen=True)
class ModelView:
    """A contracting model as a card: what was found for and against it, and which items keep something from it."""

    model: ContractingModel
    cites: dict[str, Source]
    speaking_for: list[FindingView]
    against: list[FindingView]
    others: list[FindingView]
    items: list[Neighbour]


@dataclass(frozen=True)
class Room:
    """The evidence room at a glance; ``untested`` counts items that depend on untested evidence."""

    models: list[ModelView]
    sources: int
    findings: int
    links: int
    untested: int
    items: int
    may_write: bool


def room(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Room:
    """The models as cards and the figures of the room. Raises NotFound, Forbidden."""
    session = uow.session
    role = require(session, actor, group_id, Can.EVIDENCE_READ).role
    views = _findings(session, group_id)
    standing = {one.id for one in items.items_of(session, group_id) if one.status is not Status.WITHDRAWN}
    weak = grounds(session, group_id)
    return Room(
        models=_models(session, group_id, views),
        sources=_count(session, Source, group_id),
        findings=len(views),
        links=sum(len(view.items) for view in views),
        untested=sum(weak[one].aspirational for one in standing),
        items=len(standing),
        may_write=actor.is_system or allowed(role, Can.EVIDENCE_WRITE),
    )


def _count(session: Session, table: type[Source], group_id: int) -> int:
    query = select(func.count()).select_from(table).where(table.group_id == group_id, table.withdrawn_at.is_(None))
    return session.execute(query).scalar_one()


def may_write(uow: UnitOfWork, actor: Actor, *, group_id: int) -> bool:
    """Whether the actor may add to the evidence room. Raises NotFound, Forbidden for those who may not read it."""
    role = require(uow.session, actor, group_id, Can.EVIDENCE_READ).role
    return actor.is_system or allowed(role, Can.EVIDENCE_WRITE)


def list_findings(uow: UnitOfWork, actor: Actor, *, group_id: int, withdrawn: bool = False) -> list[FindingView]:
    """The findings of a group by source (or those that were withdrawn). Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    return _findings(uow.session, group_id, withdrawn=withdrawn)


def list_sources(uow: UnitOfWork, actor: Actor, *, group_id: int, withdrawn: bool = False) -> list[SourceView]:
    """The sources of a group in the order of their citations (or those that were withdrawn).

    Raises NotFound, Forbidden.
    """
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    is_gone = Source.withdrawn_at.is_not(None) if withdrawn else Source.withdrawn_at.is_(None)
    rows = uow.session.execute(
        select(Source, func.count(Finding.id))
        .outerjoin(Finding, (Finding.source_id == Source.id) & Finding.withdrawn_at.is_(None))
        .where(Source.group_id == group_id, is_gone)
        .group_by(Source.id)
    )
    return sorted((SourceView(source, count) for source, count in rows), key=lambda one: one.source.cite.casefold())


def _findings(session: Session, group_id: int, *, withdrawn: bool = False) -> list[FindingView]:
    is_gone = Finding.withdrawn_at.is_not(None) if withdrawn else Finding.withdrawn_at.is_(None)
    rows = session.execute(
        select(Finding, Source, ContractingModel, Person.name)
        .join(Source, Source.id == Finding.source_id)
        .outerjoin(ContractingModel, ContractingModel.id == Finding.model_id)
        .outerjoin(Person, Person.id == Finding.created_by_id)
        .where(Finding.group_id == group_id, is_gone)
        .order_by(Source.cite, Finding.id)
    ).all()
    ends = _ends(session, group_id)
    return [
        FindingView(finding, source, model, name or "Concordat", ends.get(finding.id, []))
        for finding, source, model, name in rows
    ]


def _ends(session: Session, group_id: int) -> dict[int, list[Neighbour]]:
    """For every finding the items it speaks to, in tree order."""
    titles = _titles(session, group_id)
    links: dict[int, list[Link]] = {}
    for link in session.execute(select(Link).where(Link.group_id == group_id)).scalars():
        links.setdefault(link.item_id, []).append(link)
    found: dict[int, list[Neighbour]] = {}
    for item in items.items_of(session, group_id):
        for link in links.get(item.id, []):
            end = Neighbour(
                item.id, item.reference, titles.get(item.id, ""), item.status, link.relation, link.id, link.note
            )
            found.setdefault(link.finding_id, []).append(end)
    return found


def _titles(session: Session, group_id: int) -> dict[int, str]:
    rows = session.execute(
        select(Document.item_id, Document.text).where(Document.group_id == group_id, Document.field == Field.TITLE)
    )
    return {item_id: text for item_id, text in rows if item_id is not None}


def _models(session: Session, group_id: int, views: list[FindingView]) -> list[ModelView]:
    cites = {
        source.key: source for source in session.execute(select(Source).where(Source.group_id == group_id)).scalars()
    }
    keeping = _keepers(session, group_id)
    cards = []
    for model in standing_models(session, group_id):
        own = [view for view in views if view.finding.model_id == model.id]
        cards.append(
            ModelView(
                model,
                {use["source"]: cites[use["source"]] for use in model.used_in if use.get("source") in cites},
                [view for view in own if view.finding.stance == "for"],
                [view for view in own if view.finding.stance == "against"],
                [view for view in own if view.finding.stance not in ("for", "against")],
                keeping.get(model.id, []),
            )
        )
    return cards


def _keepers(session: Session, group_id: int) -> dict[int, list[Neighbour]]:
    """For every model the items that keep something from it, in tree order."""
    titles = _titles(session, group_id)
    kept: dict[int, list[int]] = {}
    rows = session.execute(
        select(ItemModel.item_id, ItemModel.model_id)
        .join(ContractingModel, ContractingModel.id == ItemModel.model_id)
        .where(ContractingModel.group_id == group_id)
    )
    for item_id, model_id in rows:
        kept.setdefault(item_id, []).append(model_id)
    found: dict[int, list[Neighbour]] = {}
    for item in items.items_of(session, group_id):
        for model_id in kept.get(item.id, []):
            end = Neighbour(item.id, item.reference, titles.get(item.id, ""), item.status)
            found.setdefault(model_id, []).append(end)
    return found


def read_model(uow: UnitOfWork, actor: Actor, *, model_id: int, group_id: int) -> ModelView:
    """One contracting model as a card. Raises NotFound (also for a withdrawn one), Forbidden."""
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    for view in _models(uow.session, group_id, _findings(uow.session, group_id)):
        if view.model.id == model_id:
            return view
    raise NotFound()


def read_finding(uow: UnitOfWork, actor: Actor, *, finding_id: int, group_id: int) -> FindingView:
    """One finding with the items it speaks to, withdrawn or not. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    for withdrawn in (False, True):
        for view in _findings(uow.session, group_id, withdrawn=withdrawn):
            if view.finding.id == finding_id:
                return view
    raise NotFound()


def read_source(uow: UnitOfWork, actor: Actor, *, source_id: int, group_id: int) -> tuple[Source, list[FindingView]]:
    """One source and what was found in it. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    source = uow.session.get(Source, source_id)
    if source is None or source.group_id != group_id:
        raise NotFound()
    return source, [view for view in _findings(uow.session, group_id) if view.source.id == source.id]


# --- the matrix ---


@dataclass(frozen=True)
class Cell:
    """What meets in one place of the matrix: whether the item keeps something from the model, and the findings."""

    keeps: bool
    supports: int
    qualifies: int
    contradicts: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing meets here."""
        return not (self.keeps or self.supports or self.qualifies or self.contradicts)


@dataclass(frozen=True)
class Row:
    """One item of the matrix; ``cells`` follow the models in order, the last one gathers all other sources."""

    item: Item
    title: str
    depth: int
    aspirational: bool
    cells: list[Cell]

    @property
    def is_empty(self) -> bool:
        """Whether no evidence at all is tied to the item, nor the group's judgement."""
        return all(cell.is_empty for cell in self.cells) and not self.item.group_judgement


@dataclass(frozen=True)
class Matrix:
    """Items by models."""

    models: Sequence[ContractingModel]
    rows: Sequence[Row]


def matrix(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Matrix:
    """Items in tree order by contracting models; withdrawn items and specifications without evidence are left out.

    Raises NotFound, Forbidden.
    """
    session = uow.session
    require(session, actor, group_id, Can.EVIDENCE_READ)
    models = standing_models(session, group_id)
    kept = {(end.id, model_id) for model_id, ends in _keepers(session, group_id).items() for end in ends}
    counts: dict[tuple[int, int | None], dict[Relation, int]] = {}
    columns = {model.id for model in models}
    for view in _findings(session, group_id):
        column = view.model.id if view.model is not None and view.model.id in columns else None
        for end in view.items:
            cell = counts.setdefault((end.id, column), dict.fromkeys(Relation, 0))
            if end.relation is not None:
                cell[end.relation] += 1
    weak, titles = grounds(session, group_id), _titles(session, group_id)
    rows = []
    for item in items.items_of(session, group_id):
        if item.status is Status.WITHDRAWN:
            continue
        keys = [*(model.id for model in models), None]
        cells = [_cell(counts.get((item.id, key)), keeps=(item.id, key) in kept) for key in keys]
        row = Row(item, titles.get(item.id, ""), items.DEPTHS[item.kind], weak[item.id].aspirational, cells)
        if item.kind is not Kind.SPECIFICATION or not row.is_empty:
            rows.append(row)
    return Matrix(models, rows)


def _cell(counts: dict[Relation, int] | None, *, keeps: bool) -> Cell:
    counts = counts or dict.fromkeys(Relation, 0)
    return Cell(keeps, counts[Relation.SUPPORTS], counts[Relation.QUALIFIES], counts[Relation.CONTRADICTS])
