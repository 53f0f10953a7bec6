"""Frozen versions: numbered, immutable copies of the blueprint whose fingerprint anyone can check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc import moments, redlines
from app.calc.differences import Segment
from app.calc.fingerprint import fingerprint
from app.calc.glossary import Glossary, fold
from app.calc.glossary import Term as Meaning
from app.errors import Conflict, Invalid, NotFound
from app.events import VersionFrozen
from app.policy import Actor, Can, access, require
from app.services import decided, evidence, glossary
from app.services.activity import note
from app.services.documents import WORDS, documents_of, words_sha256
from app.services.items import DEPTHS, SETTLED
from app.services.items import items_of as items_in_order
from app.uow import UnitOfWork
from models.accounts import Person
from models.documents import Document
from models.groups import Group
from models.items import Item, Kind, Status
from models.polls import Decision
from models.versions import Version, VersionItem, VersionTerm

#: Statuses that are copied unless the facilitator asks for more; what is withdrawn is never copied.
USUAL = frozenset({Status.DRAFT, Status.PROPOSED, Status.AGREED, Status.RESERVATIONS})


@dataclass(frozen=True)
class Draft:
    """One item as it would be frozen now; ``left_out`` if it is not, for its own status or with that of ``left_with``,
    the reference of what it stands under."""

    item: Item
    depth: int
    parent_reference: str | None
    words: dict[str, str]
    evidence: list[dict[str, str]]
    aspirational: bool
    changed_since_decided: bool
    left_out: bool = False
    left_with: str = ""


@dataclass(frozen=True)
class Preview:
    """What freezing would copy, and what it would leave out; ``terms`` are the defined terms that go along.

    ``last_title`` and ``last_id`` are those of the version before, empty and None for the first.
    """

    taken: list[Draft]
    left_out: list[Draft]
    terms: list[VersionTerm]
    next_number: int
    last_title: str
    last_id: int | None
    decisions: list[Decision]


@dataclass(frozen=True)
class Entry:
    """A version in the list."""

    version: Version
    frozen_by: str
    items: int
    criteria: int


@dataclass(frozen=True)
class Whole:
    """A version with all its items and what it rests on; ``locked_on`` is the day on the group's calendar."""

    version: Version
    group_name: str
    locked_on: date
    frozen_by: str
    decision: Decision | None
    items: list[VersionItem]
    terms: list[VersionTerm]
    others: list[Version]
    recomputed: str

    @property
    def is_intact(self) -> bool:
        """Whether the fingerprint computed from the stored items now is the one stored when it was locked."""
        return self.recomputed == self.version.sha256


@dataclass(frozen=True)
class ItemDifference:
    """One item in two versions; ``texts`` holds the changed texts as (field, segments)."""

    reference: str
    title: str
    kind: Kind
    change: str
    texts: list[tuple[str, list[Segment]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TermDifference:
    """One defined term in two versions; ``texts`` as of an item: its other forms and its definition."""

    name: str
    change: str
    texts: list[tuple[str, list[Segment]]] = field(default_factory=list)


@dataclass(frozen=True)
class Differences:
    """What differs between the older and the newer of two versions (None: the blueprint of now)."""

    older: Version
    newer: Version | None
    items: list[ItemDifference]
    terms: list[TermDifference]


def access_version(session: Session, actor: Actor, version_id: int, can: Can) -> Version:
    """The version, if the actor may do ``can`` with it. Raises NotFound, Forbidden."""
    return access(session, actor, Version, version_id, can)


def freeze(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    title: str = "",
    decision_id: int | None = None,
    reason: str = "",
    with_ideas: bool = False,
    with_parked: bool = False,
    number: int | None = None,
) -> Version:
    """Lock the blueprint as it stands into the next numbered version; the draft stays writable.

    Takes the same rows as writing does, so that a change is either in the version or in the draft after it. Rests on
    a decision of the group, or on a reason that is printed. ``number`` is the one the person meant to lock: pressed
    twice, or by two at once, the button makes one version. Raises Invalid, Forbidden, NotFound, Conflict.
    """
    require(uow.session, actor, group_id, Can.VERSION_FREEZE)
    group = _hold(uow, group_id)
    following = _next_number(uow.session, group_id)
    if number is not None and number != following:
        raise Conflict(f"Version {number} has been locked already.")
    title, reason = " ".join(title.split()) or group.name, reason.strip()
    _check_grounds(uow.session, group_id, title, decision_id, reason)
    statuses = _statuses(with_ideas, with_parked)
    drafts = [draft for draft in _drafts(uow.session, group_id, statuses) if not draft.left_out]
    if not drafts:
        raise Invalid("There is nothing to lock yet: the blueprint holds no drafted or agreed items.")
    rows = [row_of(draft, position) for position, draft in enumerate(drafts)]
    terms = terms_used(uow.session, group_id, rows)
    version = Version(
        group_id=group_id, number=following, title=title, decision_id=decision_id,
        reason=reason, frozen_at=uow.now, frozen_by_id=actor.person_id,
        sha256=fingerprint(content(title, rows, terms)),
    )  # fmt: skip
    uow.session.add(version)
    uow.flush()
    for row in rows:
        row.version_id = version.id
    for term in terms:
        term.version_id = version.id
    uow.session.add_all([*rows, *terms])
    uow.flush()
    note(uow, actor, f"locked version {version.number} with {len(rows)} items", group_id=group_id)
    uow.emit(VersionFrozen(group_id, version.id))
    return version


def preview(uow: UnitOfWork, actor: Actor, *, group_id: int, with_ideas: bool, with_parked: bool) -> Preview:
    """What freezing would do now; for those who may freeze."""
    require(uow.session, actor, group_id, Can.VERSION_FREEZE)
    statuses = _statuses(with_ideas, with_parked)
    drafts = _drafts(uow.session, group_id, statuses)
    decisions = uow.session.execute(
        select(Decision).where(Decision.group_id == group_id).order_by(Decision.number.desc()).limit(50)
    ).scalars()
    taken = [draft for draft in drafts if not draft.left_out]
    query = select(Version).where(Version.group_id == group_id).order_by(Version.number.desc()).limit(1)
    last = uow.session.execute(query).scalar_one_or_none()
    return Preview(
        taken=taken,
        left_out=[draft for draft in drafts if draft.left_out],
        terms=terms_used(uow.session, group_id, [row_of(draft, at) for at, draft in enumerate(taken)]),
        next_number=_next_number(uow.session, group_id),
        last_title=last.title if last is not None else "",
        last_id=last.id if last is not None else None,
        decisions=list(decisions),
    )


def list_versions(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[Entry]:
    """The group's versions, newest first."""
    require(uow.session, actor, group_id, Can.VERSION_READ)
    rows = uow.session.execute(
        select(Version, Person.name)
        .outerjoin(Person, Person.id == Version.frozen_by_id)
        .where(Version.group_id == group_id)
        .order_by(Version.number.desc())
    ).all()
    kinds: dict[int, list[Kind]] = {}
    found = uow.session.execute(
        select(VersionItem.version_id, VersionItem.kind)
        .join(Version, Version.id == VersionItem.version_id)
        .where(Version.group_id == group_id)
    )
    for version_id, kind in found:
        kinds.setdefault(version_id, []).append(kind)
    entries = []
    for version, name in rows:
        own = kinds.get(version.id, [])
        entries.append(Entry(version, name or "Concordat", len(own), own.count(Kind.CRITERION)))
    return entries


def read(uow: UnitOfWork, actor: Actor, *, version_id: int) -> Whole:
    """A version with all its items in order. Raises NotFound, Forbidden."""
    version = access_version(uow.session, actor, version_id, Can.VERSION_READ)
    session = uow.session
    items, terms = items_of(session, version.id), terms_of(session, version.id)
    frozen_by = session.get(Person, version.frozen_by_id) if version.frozen_by_id else None
    others = session.execute(
        select(Version).where(Version.group_id == version.group_id, Version.id != version.id).order_by(Version.number)
    ).scalars()
    group = session.get_one(Group, version.group_id)
    return Whole(
        version=version,
        group_name=group.name,
        locked_on=moments.local_day(version.frozen_at, group.time_zone),
        frozen_by=frozen_by.name if frozen_by else "Concordat",
        decision=session.get(Decision, version.decision_id) if version.decision_id else None,
        items=items,
        terms=terms,
        others=list(others),
        recomputed=fingerprint(content(version.title, items, terms)),
    )


def items_of(session: Session, version_id: int) -> list[VersionItem]:
    """The items of a version in the order of the tree; the caller has checked the right."""
    return list(
        session.execute(
            select(VersionItem).where(VersionItem.version_id == version_id).order_by(VersionItem.position)
        ).scalars()
    )


def terms_of(session: Session, version_id: int) -> list[VersionTerm]:
    """The defined terms of a version, A to Z; the caller has checked the right."""
    query = select(VersionTerm).where(VersionTerm.version_id == version_id).order_by(VersionTerm.position)
    return list(session.execute(query).scalars())


def terms_used(session: Session, group_id: int, rows: Iterable[VersionItem]) -> list[VersionTerm]:
    """The group's terms that some items use, and those that their definitions use, as a version would hold them now.

    They belong to none yet. The caller has checked the right.
    """
    texts = [words for row in rows for words in (row.title, row.text, row.why, row.summary)]
    needed = glossary.standing(session, group_id).needed_by(texts)
    return [
        VersionTerm(position=position, name=term.name, forms=list(term.forms), definition=term.definition)
        for position, term in enumerate(needed)
    ]


def meanings(terms: Iterable[VersionTerm]) -> Glossary:
    """The terms of a version, to be looked for in its words; each has its place in the version for a number."""
    return Glossary(Meaning(term.position + 1, term.name, tuple(term.forms), term.definition) for term in terms)


def content(title: str, items: Iterable[VersionItem], terms: Iterable[VersionTerm] = ()) -> dict[str, Any]:
    """What is hashed: the blueprint's name, its items as an expert sees them, its terms; no ids, no times.

    Without a term there is no ``terms`` in it: versions from before there were any keep their fingerprint.
    """
    found: dict[str, Any] = {"blueprint": title, "items": [_content_of(item) for item in items]}
    defined = [{"term": term.name, "also": term.forms, "definition": term.definition} for term in terms]
    return found | {"terms": defined} if defined else found


def compare(uow: UnitOfWork, actor: Actor, *, version_id: int, other_id: int | None) -> Differences:
    """Every item and term that differs between two versions of one group, in the newer one's order.

    Without ``other_id`` the newer one is the blueprint of now, as locking it would take it. Raises NotFound when they
    do not belong to one group, Forbidden.
    """
    session = uow.session
    older = access_version(session, actor, version_id, Can.VERSION_READ)
    newer: Version | None = None
    if other_id is None:
        require(session, actor, older.group_id, Can.ITEM_READ)
        drafts = _drafts(session, older.group_id, _statuses(with_ideas=False, with_parked=False))
        after = [row_of(draft, at) for at, draft in enumerate(each for each in drafts if not each.left_out)]
        terms = terms_used(session, older.group_id, after)
    else:
        other = access_version(session, actor, other_id, Can.VERSION_READ)
        if older.group_id != other.group_id:
            raise NotFound()
        older, newer = sorted((older, other), key=lambda version: version.number)
        after, terms = items_of(session, newer.id), terms_of(session, newer.id)
    before = {item.reference: item for item in items_of(session, older.id)}
    changes = [change for item in after if (change := _difference(before.get(item.reference), item)) is not None]
    kept = {item.reference for item in after}
    changes += [
        ItemDifference(item.reference, item.title, item.kind, "removed")
        for item in before.values()
        if item.reference not in kept
    ]
    return Differences(older, newer, changes, _terms_that_differ(terms_of(session, older.id), terms))


def _terms_that_differ(before: Iterable[VersionTerm], after: Iterable[VersionTerm]) -> list[TermDifference]:
    """By name: a term of another name is another term."""
    old = {fold(term.name): term for term in before}
    found = []
    for term in after:
        was = old.pop(fold(term.name), None)
        earlier = (", ".join(was.forms), was.definition) if was is not None else ("", "")
        pairs = zip(("forms", "definition"), earlier, (", ".join(term.forms), term.definition), strict=True)
        texts = [(name, redlines.shown(one, two, markdown=name != "forms")) for name, one, two in pairs if one != two]
        if texts:
            found.append(TermDifference(term.name, "changed" if was is not None else "added", texts))
    gone = [
        TermDifference(term.name, "removed", [("definition", redlines.shown(term.definition, ""))])
        for term in old.values()
    ]
    return found + gone


def _hold(uow: UnitOfWork, group_id: int) -> Group:
    """Hold what writers hold, in their order: the group, its items, their texts.

    ``key_share`` lets rows that merely refer to these be written meanwhile; else two could wait for each other.
    """
    fresh = {"populate_existing": True}
    session = uow.session
    group = session.execute(
        select(Group).where(Group.id == group_id).with_for_update(key_share=True).execution_options(**fresh)
    ).scalar_one()
    for statement in (
        select(Item).where(Item.group_id == group_id).order_by(Item.id),
        select(Document).where(Document.group_id == group_id, Document.item_id.is_not(None)).order_by(Document.id),
    ):
        session.execute(statement.with_for_update(key_share=True).execution_options(**fresh)).scalars().all()
    return group


def _check_grounds(session: Session, group_id: int, title: str, decision_id: int | None, reason: str) -> None:
    fields = {}
    if len(title) > 200:
        fields["title"] = "Use at most 200 characters"
    if len(reason) > 2000:
        fields["reason"] = "Use at most 2,000 characters"
    if decision_id is None and not reason:
        fields["reason"] = "Choose the group's decision, or say why the version is locked without one"
    if decision_id is not None:
        decision = session.get(Decision, decision_id)
        if decision is None or decision.group_id != group_id:
            fields["decision_id"] = "Choose a decision from the list"
    if fields:
        raise Invalid("The version was not locked.", fields=fields)


def _statuses(with_ideas: bool, with_parked: bool) -> frozenset[Status]:
    more = {Status.IDEA: with_ideas, Status.PARKED: with_parked}
    return USUAL | {status for status, wanted in more.items() if wanted}


def _next_number(session: Session, group_id: int) -> int:
    numbers = session.execute(select(Version.number).where(Version.group_id == group_id)).scalars()
    return max(numbers, default=0) + 1


def _drafts(session: Session, group_id: int, statuses: frozenset[Status]) -> list[Draft]:
    """The tree in order; an item is left out with everything under it."""
    items = items_in_order(session, group_id)
    by_id = {item.id: item for item in items}
    documents = documents_of(session, by_id)
    grounds = evidence.lines_of(session, by_id)
    covered, terms = decided.covered_words(session, group_id), glossary.standing(session, group_id)
    with_: dict[int, str] = {}
    found: list[Draft] = []
    for item in items:
        parent = by_id[item.parent_id] if item.parent_id is not None else None
        above = with_[parent.id] if parent is not None else ""
        goes = bool(above) or item.status not in statuses
        with_[item.id] = above or (item.reference if goes else "")
        texts = documents.get(item.id, {})
        words = {each.value: texts[each].text if each in texts else "" for each in WORDS}
        lines = grounds.get(item.id, [])
        grades = [(line.link.relation, line.finding.strength) for line in lines]
        aspirational = evidence.is_aspirational(item.kind, grades, group_judgement=item.group_judgement)
        copied = [_written(line) for line in lines]
        reference = parent.reference if parent is not None else None
        bound = covered.get(item.id)
        changed = item.status in SETTLED and bound is not None and not decided.is_covered(words, terms, bound)
        found.append(Draft(item, DEPTHS[item.kind], reference, words, copied, aspirational, changed, goes, above))
    return found


def _written(line: evidence.Line) -> dict[str, str]:
    """An evidence line as a version keeps it: words only, so that it stands when the room changes."""
    return {
        "relation": line.link.relation.value,
        "strength": line.finding.strength.value,
        "finding": line.finding.text,
        "page": line.finding.page,
        "source": line.source.cite,
        "note": line.link.note,
    }


def row_of(draft: Draft, position: int) -> VersionItem:
    """The item as a version holds it; belongs to none yet."""
    item = draft.item
    return VersionItem(
        item_id=item.id, position=position, depth=draft.depth, kind=item.kind, reference=item.reference,
        parent_reference=draft.parent_reference, status=item.status,
        principle_group=item.principle_group.value if item.principle_group else None,
        title=draft.words["title"], text=draft.words["text"], why=draft.words["why"], summary=draft.words["summary"],
        evidence=draft.evidence, aspirational=draft.aspirational, words_sha256=words_sha256(draft.words),
        changed_since_decided=draft.changed_since_decided,
    )  # fmt: skip


def _content_of(item: VersionItem) -> dict[str, Any]:
    """One item as it is hashed. What was decided on other words says so; where none was, as in versions from before,
    nothing is said and the fingerprint is what it was."""
    found = {
        "reference": item.reference,
        "parent": item.parent_reference,
        "kind": item.kind.value,
        "principle_group": item.principle_group,
        "status": item.status.value,
        "title": item.title,
        "text": item.text,
        "why": item.why,
        "summary": item.summary,
        "evidence": item.evidence,
        "aspirational": item.aspirational,
    }
    return found | {"changed_since_decided": True} if item.changed_since_decided else found


def reworded(before: VersionItem, after: VersionItem) -> list[tuple[str, list[Segment]]]:
    """The texts of an item that read otherwise in another version, as (field, segments)."""
    return [
        (name, redlines.shown(getattr(before, name), getattr(after, name), markdown=name != "title"))
        for name in ("title", "text", "why", "summary")
        if getattr(before, name) != getattr(after, name)
    ]


def _difference(before: VersionItem | None, after: VersionItem) -> ItemDifference | None:
    if before is None:
        return ItemDifference(after.reference, after.title, after.kind, "added")
    texts = reworded(before, after)
    notes = []
    if before.parent_reference != after.parent_reference:
        notes.append(f"moved from {before.parent_reference} to {after.parent_reference}")
    if before.status != after.status:
        notes.append(f"{before.status.value.replace('_', ' ')} before, {after.status.value.replace('_', ' ')} now")
    if texts and after.changed_since_decided:
        notes.append("changed since decided")
    if before.evidence != after.evidence:
        notes.append(f"evidence lines: {len(before.evidence)} before, {len(after.evidence)} now")
    if not texts and not notes:
        return None
    return ItemDifference(after.reference, after.title, after.kind, "changed", texts, notes)
