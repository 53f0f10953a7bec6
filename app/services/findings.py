"""Findings, and the arrows from them to items: supports, qualifies, contradicts; or the group's own judgement."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.events import EvidenceChanged, ItemChanged
from app.policy import Actor, Can, access, require
from app.services import items
from app.services.activity import note
from app.services.sources import is_storable
from app.uow import UnitOfWork
from models.evidence import ContractingModel, Finding, Link, Provenance, Relation, Source, Strength
from models.items import Item

Row = TypeVar("Row", Source, ContractingModel)

LONGEST = 2_000
#: How long the note on an arrow to an item may be.
LONGEST_NOTE = 500
#: How a finding may speak about its model.
STANCES = ("for", "against", "")
RELATION_WORDS = {
    Relation.SUPPORTS: "supports",
    Relation.QUALIFIES: "qualifies",
    Relation.CONTRADICTS: "contradicts",
}


@dataclass(frozen=True)
class FindingForm:
    """What a finding says: where it was read, what it says, how strong it is; ``stance`` about its model, if any."""

    source_id: int | None
    text: str
    page: str = ""
    strength: Strength = Strength.UNKNOWN
    provenance: Provenance = Provenance.GIVEN
    model_id: int | None = None
    stance: str = ""


def access_finding(
    session: Session, actor: Actor, finding_id: int, can: Can, *, group_id: int | None = None
) -> Finding:
    """A finding and the right to it; one of another group is not found. Raises NotFound, Forbidden."""
    finding = access(session, actor, Finding, finding_id, can)
    if group_id is not None and finding.group_id != group_id:
        raise NotFound()
    return finding


def add_finding(uow: UnitOfWork, actor: Actor, *, group_id: int, form: FindingForm) -> Finding:
    """A new finding. Raises NotFound, Forbidden, Invalid with a sentence for each field."""
    adding = Adding(uow, actor, group_id)
    finding = adding.add(form, _held(uow.session, Source, form.source_id))
    adding.store()
    _tell(uow, actor, finding, "noted the finding")
    return finding


class Adding:
    """Findings and their arrows to items on their way into a group: looked at one by one, and stored together.

    Raises NotFound, Forbidden.
    """

    def __init__(self, uow: UnitOfWork, actor: Actor, group_id: int) -> None:
        require(uow.session, actor, group_id, Can.EVIDENCE_WRITE)
        self._uow, self._actor, self._group_id = uow, actor, group_id
        self._findings: list[tuple[Finding, Source]] = []
        self._links: dict[tuple[Finding, Item], Link] = {}
        self._here: dict[tuple[int, str, str, Strength], Finding] | None = None
        self._models: dict[int | None, ContractingModel | None] = {}

    def add(self, form: FindingForm, source: Source | None) -> Finding:
        """A finding without an id until it is stored; its source is held, or waits to be stored itself.

        Raises Invalid with a sentence for each field.
        """
        now, author = self._uow.now, self._actor.person_id
        finding = Finding(group_id=self._group_id, created_at=now, created_by_id=author)
        if form.model_id not in self._models:
            self._models[form.model_id] = _held(self._uow.session, ContractingModel, form.model_id)
        self._findings.append((finding, _fill(finding, form, source, self._models[form.model_id])))
        return finding

    def again(self, form: FindingForm, source: Source) -> Finding | None:
        """The finding that says the same of a source which is stored, as strongly and on the same page."""
        if self._here is None:
            query = select(Finding).where(Finding.group_id == self._group_id, Finding.withdrawn_at.is_(None))
            some = self._uow.session.execute(query.order_by(Finding.id.desc())).scalars()
            self._here = {(each.source_id, each.text, each.page, each.strength): each for each in some}
        return self._here.get((source.id, " ".join(form.text.split()), " ".join(form.page.split()), form.strength))

    def link(self, finding: Finding, item: Item, relation: Relation, note_text: str) -> None:
        """Say what a finding does to a new item; said again, it replaces what was said before. Raises Invalid."""
        known = self._links.get((finding, item))
        self._links[finding, item] = _drawn(self._uow, self._actor, item, known, relation, note_text)

    def store(self) -> None:
        """Store what waits, whose sources and items are stored by now; the caller says so."""
        uow = self._uow
        for finding, source in self._findings:
            finding.source_id = source.id
        uow.session.add_all(finding for finding, _ in self._findings)
        uow.flush()
        for (finding, item), link in self._links.items():
            link.finding_id, link.item_id = finding.id, item.id
        uow.session.add_all(self._links.values())
        uow.flush()
        self._findings, self._links = [], {}


def edit_finding(
    uow: UnitOfWork, actor: Actor, *, finding_id: int, form: FindingForm, group_id: int | None = None
) -> Finding:
    """Change a finding; the items it speaks to are told. Raises NotFound, Forbidden, Invalid."""
    finding = _hold(uow, actor, finding_id, group_id)
    source = _held(uow.session, Source, form.source_id)
    _fill(finding, form, source, _held(uow.session, ContractingModel, form.model_id))
    _tell(uow, actor, finding, "changed the finding", touched=_items_of(uow.session, finding))
    return finding


def form_of(finding: Finding) -> FindingForm:
    """A finding as it stands, as the form that would make it."""
    return FindingForm(
        finding.source_id, finding.text, finding.page, finding.strength, finding.provenance, finding.model_id,
        finding.stance,
    )  # fmt: skip


def withdraw_finding(uow: UnitOfWork, actor: Actor, *, finding_id: int, group_id: int | None = None) -> Finding:
    """Take a finding back: it speaks to no item until it is restored, and its links come back with it."""
    finding = _hold(uow, actor, finding_id, group_id)
    if finding.withdrawn_at is None:
        finding.withdrawn_at = uow.now
        _tell(uow, actor, finding, "withdrew the finding", touched=_items_of(uow.session, finding))
    return finding


def restore_finding(uow: UnitOfWork, actor: Actor, *, finding_id: int, group_id: int | None = None) -> Finding:
    """Bring a withdrawn finding back with its links. Raises Conflict while its source is withdrawn."""
    finding = _hold(uow, actor, finding_id, group_id)
    if uow.lock(Source, finding.source_id).withdrawn_at is not None:
        raise Conflict("Its source is withdrawn. Restore that first.", code="withdrawn")
    if finding.withdrawn_at is not None:
        finding.withdrawn_at = None
        _tell(uow, actor, finding, "restored the finding", touched=_items_of(uow.session, finding))
    return finding


# --- arrows to items ---


def link(
    uow: UnitOfWork,
    actor: Actor,
    *,
    finding_id: int,
    item_id: int,
    relation: Relation,
    note_text: str = "",
    group_id: int | None = None,
) -> Link:
    """Say what a finding does to an item; said again, it replaces what was said before.

    Raises NotFound (also when finding and item belong to different groups), Forbidden, Invalid, Conflict for a
    withdrawn item or finding.
    """
    finding = access_finding(uow.session, actor, finding_id, Can.EVIDENCE_WRITE, group_id=group_id)
    item = _hold_item(uow, actor, item_id, finding.group_id)
    if finding.withdrawn_at is not None:
        raise Conflict("This finding is withdrawn. Restore it first.", code="withdrawn")
    known = uow.session.execute(
        select(Link).where(Link.finding_id == finding.id, Link.item_id == item.id)
    ).scalar_one_or_none()
    found = _drawn(uow, actor, item, known, relation, note_text)
    found.finding_id, found.item_id = finding.id, item.id
    uow.session.add(found)
    uow.flush()
    _tell_of_link(uow, actor, finding, item, relation)
    return found


def _drawn(uow: UnitOfWork, actor: Actor, item: Item, known: Link | None, relation: Relation, note_text: str) -> Link:
    """An arrow to an item, the one that is known or a new one, with what it says. Raises Invalid."""
    note_text = " ".join(note_text.split())
    if len(note_text) > LONGEST_NOTE or not is_storable(note_text):
        raise Invalid("The link was not saved.", fields={"note": f"Use at most {LONGEST_NOTE} characters"})
    link = known or Link(group_id=item.group_id, created_at=uow.now, created_by_id=actor.person_id)
    link.relation, link.note = relation, note_text
    return link


def unlink(uow: UnitOfWork, actor: Actor, *, link_id: int, group_id: int | None = None) -> Link:
    """Take an arrow away; what is answered is enough to draw it again. Raises NotFound, Forbidden, Conflict."""
    found = access(uow.session, actor, Link, link_id, Can.EVIDENCE_WRITE)
    if group_id is not None and found.group_id != group_id:
        raise NotFound()
    item = _hold_item(uow, actor, found.item_id, found.group_id)
    finding = uow.session.get_one(Finding, found.finding_id)
    uow.session.delete(found)
    uow.flush()
    _tell_item(uow, actor, item, f"took “{_in_short(finding)}” off {item.reference}")
    return found


def judge(uow: UnitOfWork, actor: Actor, *, item_id: int, on: bool, group_id: int | None = None) -> Item:
    """Say that an item rests on the group's own judgement, or no longer. Raises NotFound, Forbidden, Conflict."""
    item = items.access_item(uow.session, actor, item_id, Can.EVIDENCE_WRITE, group_id=group_id)
    item = _hold_item(uow, actor, item.id, item.group_id)
    if item.group_judgement != on:
        item.group_judgement = on
        what = "rests on the group's judgement" if on else "no longer rests on the group's judgement"
        _tell_item(uow, actor, item, f"noted that {item.reference} {what}")
    return item


def _hold_item(uow: UnitOfWork, actor: Actor, item_id: int, group_id: int) -> Item:
    item = items.access_item(uow.session, actor, item_id, Can.EVIDENCE_WRITE, group_id=group_id)
    item = uow.lock(Item, item.id)
    items.must_stand(uow.session, item)
    return item


def _hold(uow: UnitOfWork, actor: Actor, finding_id: int, group_id: int | None) -> Finding:
    finding = access_finding(uow.session, actor, finding_id, Can.EVIDENCE_WRITE, group_id=group_id)
    return uow.lock(Finding, finding.id)


def _fill(finding: Finding, form: FindingForm, source: Source | None, model: ContractingModel | None) -> Source:
    """Write what a finding says of its source and model, which are held, and answer the source.

    Raises Invalid with a sentence for each field.
    """
    text, page = " ".join(form.text.split()), " ".join(form.page.split())
    fields = {}
    if source is None or source.group_id != finding.group_id or source.withdrawn_at is not None:
        fields["source_id"] = "Choose the source it was read in"
    if form.model_id is not None and (model is None or model.group_id != finding.group_id or model.withdrawn_at):
        fields["model_id"] = "Choose from the list"
    if not 3 <= len(text) <= LONGEST or not is_storable(text):
        fields["text"] = f"Say what the source says, in 3 to {LONGEST:,} characters"
    if len(page) > 60 or not is_storable(page):
        fields["page"] = "Use at most 60 characters, such as 12 or 12–14"
    if form.stance not in STANCES:
        fields["stance"] = "Choose from the list"
    if fields or source is None:
        raise Invalid("The finding was not saved.", fields=fields)
    finding.source_id, finding.model_id, finding.text, finding.page = source.id, form.model_id, text, page
    finding.stance = form.stance if form.model_id is not None else ""
    finding.strength, finding.provenance = form.strength, form.provenance
    return source


def _held(session: Session, table: type[Row], id_: int | None) -> Row | None:
    """A source or model, held so that nobody withdraws it while a finding comes to rest on it."""
    if id_ is None:
        return None
    return session.get(table, id_, with_for_update=True, populate_existing=True)


def _items_of(session: Session, finding: Finding) -> list[int]:
    return list(session.execute(select(Link.item_id).where(Link.finding_id == finding.id)).scalars())


def _tell(uow: UnitOfWork, actor: Actor, finding: Finding, what: str, touched: Iterable[int] = ()) -> None:
    note(uow, actor, f"{what} “{finding.text[:120]}”", group_id=finding.group_id)
    uow.emit(EvidenceChanged(finding.group_id))
    for item_id in touched:
        uow.emit(ItemChanged(finding.group_id, item_id))


def _in_short(finding: Finding) -> str:
    """The beginning of what a finding says, cut between words."""
    return textwrap.shorten(finding.text, 90, placeholder=" …")


def _tell_of_link(uow: UnitOfWork, actor: Actor, finding: Finding, item: Item, relation: Relation) -> None:
    _tell_item(uow, actor, item, f"noted that “{_in_short(finding)}” {RELATION_WORDS[relation]} {item.reference}")


def _tell_item(uow: UnitOfWork, actor: Actor, item: Item, sentence: str) -> None:
    note(uow, actor, sentence, group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    uow.emit(EvidenceChanged(item.group_id))
