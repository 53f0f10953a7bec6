"""What comes in: a Word document's headings, looked at first; another server's blueprint, as JSON, into an empty group.

Either is added as ideas and drafts, all of it or none. Nothing that is a decision or somebody's comes along.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.calc.fingerprint import fingerprint
from app.calc.outlines import Outline, outline
from app.calc.wordpackages import Unreadable
from app.calc.wordreading import read
from app.errors import Conflict, Invalid
from app.policy import Actor, Can, require
from app.services import findings, glossary, items, sources
from app.services.activity import note
from app.services.evidence import is_aspirational
from app.services.findings import FindingForm
from app.services.glossary import TermForm
from app.services.items import Adding
from app.uow import UnitOfWork
from models.evidence import Finding, Relation, Source, Strength
from models.items import Item, Kind, PrincipleGroup, Status

#: At most so many headings at a time, so that they can be looked through.
MOST = 300
#: What a heading becomes where it is no item: words of the item above it, or nothing.
WORDS, LEFT_OUT = "words", "none"


@dataclass(frozen=True)
class Chosen:
    """One heading as somebody wants it: ``what`` is a kind (a principle with its family), WORDS or LEFT_OUT."""

    what: str
    title: str
    text: str = ""
    why: str = ""
    summary: str = ""
    family: PrincipleGroup | None = None


def look(uow: UnitOfWork, actor: Actor, *, group_id: int, data: bytes) -> Outline:
    """What a document's headings would be as items; stores nothing. Raises NotFound, Forbidden, Invalid."""
    require(uow.session, actor, group_id, Can.ITEM_WRITE)
    try:
        found = outline(read(data))
    except Unreadable as unreadable:
        raise Invalid("", fields={"file": str(unreadable)}) from unreadable
    if not found.headings:
        raise Invalid("", fields={"file": "No heading was found in it. Give what should become items a heading style."})
    if len(found.headings) > MOST:
        raise Invalid("", fields={"file": f"It has more than {MOST} headings. Divide it, and bring the parts in turn."})
    return found


def add(
    uow: UnitOfWork, actor: Actor, *, group_id: int, chosen: Sequence[Chosen], under_id: int | None = None
) -> list[Item]:
    """Add headings as ideas in their order, each under the last above it that may hold it; all or none.

    Criteria before the first element stand under the element ``under_id``. Raises NotFound, Forbidden, Conflict, and
    Invalid with the sentence at ``title-N`` or ``what-N`` of the heading it is about.
    """
    require(uow.session, actor, group_id, Can.ITEM_WRITE)
    if len(chosen) > MOST:
        raise Invalid(f"At most {MOST} headings at a time.")
    above: dict[Kind, int | Item | None] = {Kind.ELEMENT: under_id, Kind.CRITERION: None}
    faults: dict[str, str] = {}
    adding = Adding(uow, actor, group_id)
    for number, each in enumerate(_gathered(chosen)):
        if each is None or each.what == LEFT_OUT:
            continue
        if each.what == WORDS:
            faults[f"what-{number}"] = "There is no item above it whose words it could be"
            continue
        kind = Kind(each.what)
        parent_kind = items.PARENT_OF.get(kind)
        parent = above.get(parent_kind) if parent_kind is not None else None
        if parent_kind is not None and parent is None:
            faults[f"what-{number}"] = f"No {_NAMES[parent_kind]} stands above it"
            continue
        try:
            item = adding.add(
                kind=kind, title=each.title, text=each.text, why=each.why, summary=each.summary, under=parent,
                principle_group=each.family,
            )  # fmt: skip
        except Invalid as refused:
            faults[f"title-{number}"] = next(iter(refused.fields.values()), refused.message)
            continue
        above |= {kind: item} | ({Kind.CRITERION: None} if kind is Kind.ELEMENT else {})
    if faults:
        raise Invalid("Nothing was added yet.", fields=faults)
    made = adding.store()
    if not made:
        raise Invalid("", fields={"what-0": "Choose at least one heading to become an item"})
    note(uow, actor, f"added {len(made)} items from a Word document", group_id=group_id)
    return made


_NAMES = {Kind.ELEMENT: "core element", Kind.CRITERION: "criterion"}


def _gathered(chosen: Sequence[Chosen]) -> list[Chosen | None]:
    """Each heading that is words of the one above it goes there, with all its words; None stands in its place."""
    found: list[Chosen | None] = []
    at: int | None = None
    for each in chosen:
        holder = found[at] if at is not None else None
        if each.what == WORDS and holder is not None:
            parts = [holder.text, f"## {' '.join(each.title.split())}", each.text, each.why, each.summary]
            text = "\n\n".join(part for part in parts if part)
            found[at or 0] = Chosen(holder.what, holder.title, text, holder.why, holder.summary, holder.family)
            found.append(None)
            continue
        found.append(each)
        at = len(found) - 1 if each.what not in (WORDS, LEFT_OUT) else at
    return found


# --- a blueprint of another server ---

FORMATS = ("concordat-draft/1", "concordat-version/1")
LARGEST = 16 * 1024 * 1024
#: Most lines of evidence in one file: nobody else writes while they come in.
MOST_LINES = 20_000
_BROKEN = "This is not a blueprint as Concordat writes it. Export it again as JSON, and choose that file."


@dataclass(frozen=True)
class TakenOver:
    """What came in: how many items, findings and terms, and the group and form it came from.

    ``parked`` are the items that were parked there, ``judged`` those that rest on a group's judgement.
    """

    items: int
    findings: int
    terms: int
    origin: str
    parked: int = 0
    judged: int = 0


def take_over(uow: UnitOfWork, actor: Actor, *, group_id: int, data: bytes) -> TakenOver:
    """Fill a group's empty blueprint from the JSON of a draft or a version, with its references, evidence and terms.

    Whatever was agreed there is a draft here, what was parked is parked, and what depends on untested evidence does
    so here; no person, decision, suggestion or comment comes along. A version must still have its fingerprint. Raises
    NotFound, Forbidden, Conflict when there are items already, Invalid with a sentence for a file that is no such
    thing.
    """
    require(uow.session, actor, group_id, Can.GROUP_EDIT)
    head, entries = _read(data)
    adding = Adding(uow, actor, group_id)
    if adding.count:
        raise Conflict("This group has items already. A blueprint comes into an empty one only.")
    made: dict[str, Item] = {}
    evidence = _Evidence(uow, actor, group_id)
    for at, each in enumerate(entries):
        try:
            item = _take(adding, each, made)
            made[item.reference] = item
            spoken = [evidence.take(item, line) for line in _list(each, "evidence")]
            item.group_judgement = _judged(item.kind, spoken, marked=_is(each, "aspirational"))
        except (KeyError, ValueError, TypeError) as broken:
            raise Invalid("", fields={"file": f"{_BROKEN} The fault is in entry {at + 1}."}) from broken
        except Invalid as refused:
            why = refused.message or next(iter(refused.fields.values()), "")
            raise Invalid("", fields={"file": f"Entry {at + 1} cannot be taken: {why}"}) from refused
    adding.store()
    evidence.store()
    terms = _take_terms(uow, actor, group_id, head["content"])
    note(uow, actor, f"took over {len(made)} items from a file", group_id=group_id)
    return TakenOver(
        len(made), len(evidence.noted), terms, f"{str(head.get('group', ''))[:200]}, {head['format']}",
        parked=sum(item.status is Status.PARKED for item in made.values()),
        judged=sum(item.group_judgement for item in made.values()),
    )  # fmt: skip


def _read(data: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if len(data) > LARGEST:
        raise Invalid("", fields={"file": "This file is too large."})
    try:
        head = json.loads(data.decode("utf-8-sig"))
        content = head["content"]
        entries = content["items"]
        whole = isinstance(entries, list) and all(isinstance(each, dict) for each in entries)
        if head["format"] not in FORMATS or not whole:
            raise ValueError("another format")
        changed = head["format"] == FORMATS[1] and fingerprint(content) != head.get("sha256")
    except (ValueError, KeyError, TypeError, RecursionError) as broken:
        raise Invalid("", fields={"file": _BROKEN}) from broken
    if not entries or len(entries) > items.MOST:
        raise Invalid("", fields={"file": f"A blueprint has between 1 and {items.MOST:,} items."})
    if changed:
        sentence = "This version’s fingerprint does not fit: the file was changed after it was exported."
        raise Invalid("", fields={"file": sentence})
    return head, entries


def _take(adding: Adding, each: dict[str, Any], made: dict[str, Item]) -> Item:
    kind = Kind(each["kind"])
    family = PrincipleGroup(each["principle_group"]) if kind is Kind.PRINCIPLE else None
    parent = made[each["parent"]] if each["parent"] is not None else None
    was = Status(each["status"])
    if was is Status.WITHDRAWN:
        raise ValueError("what is withdrawn is never exported")
    status = was if was in (Status.IDEA, Status.PARKED) else Status.DRAFT
    return adding.add(
        kind=kind, title=_text(each, "title"), text=_text(each, "text"), why=_text(each, "why"),
        summary=_text(each, "summary"), under=parent, principle_group=family, status=status,
        reference=_text(each, "reference"),
    )  # fmt: skip


def _judged(kind: Kind, spoken: list[tuple[Relation, Strength]], *, marked: bool) -> bool:
    """Whether an item rests on a group's judgement: what is marked as untested, and by its evidence would not be."""
    by_evidence, by_judgement = (is_aspirational(kind, spoken, group_judgement=each) for each in (False, True))
    return marked and by_judgement and not by_evidence


class _Evidence:
    """The evidence of a file: each source and each finding once, however many items it speaks to."""

    def __init__(self, uow: UnitOfWork, actor: Actor, group_id: int) -> None:
        self._sources = sources.Adding(uow, actor, group_id)
        self._findings = findings.Adding(uow, actor, group_id)
        self._cited: dict[str, Source] = {}
        self._lines = 0
        self.noted: dict[tuple[str, ...], Finding] = {}

    def take(self, item: Item, line: dict[str, Any]) -> tuple[Relation, Strength]:
        """One line under an item; what it does there, and how strong it is."""
        self._lines += 1
        if self._lines > MOST_LINES:
            raise Invalid(f"A file has at most {MOST_LINES:,} lines of evidence.")
        cite, key = (
            _text(line, "source"),
            tuple(_text(line, name) for name in ("source", "finding", "page", "strength")),
        )
        if cite not in self._cited:
            self._cited[cite] = self._sources.add(cite=cite)
        if key not in self.noted:
            form = FindingForm(None, text=key[1], page=key[2], strength=Strength(key[3]))
            self.noted[key] = self._findings.add(form, self._cited[cite])
        relation, said = Relation(_text(line, "relation")), _text(line, "note")
        self._findings.link(self.noted[key], item, relation, said)
        return relation, Strength(key[3])

    def store(self) -> None:
        """Store all of it; the items are stored by now."""
        self._sources.store()
        self._findings.store()


def _take_terms(uow: UnitOfWork, actor: Actor, group_id: int, content: dict[str, Any]) -> int:
    """The defined terms of a blueprint, all of them or none: one that is here already may mean something else."""
    try:
        forms = [
            TermForm(_text(each, "term"), _text(each, "definition"), _forms(each)) for each in _list(content, "terms")
        ]
    except (KeyError, TypeError) as broken:
        raise Invalid("", fields={"file": f"{_BROKEN} The fault is in its terms."}) from broken
    for form in forms:
        try:
            glossary.define(uow, actor, group_id=group_id, form=form)
        except Invalid as refused:
            why = next(iter(refused.fields.values()), refused.message)
            raise Invalid("", fields={"file": f"Its term “{form.name[:80]}” cannot be taken: {why}."}) from refused
    return len(forms)


def _forms(each: dict[str, Any]) -> list[str]:
    value = each["also"]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError("also")
    return value


def _text(each: dict[str, Any], name: str) -> str:
    value = each[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _is(each: dict[str, Any], name: str) -> bool:
    value = each.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(name)
    return value


def _list(each: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = each.get(name, [])
    if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
        raise TypeError(name)
    return value
