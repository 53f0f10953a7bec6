"""What comes in: a Word document's headings, looked at first; another server's blueprint, as JSON, into an empty group.

Either is added as ideas and drafts, all of it or none. Nothing that is a decision or somebody's comes along.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.calc.fingerprint import fingerprint
from app.calc.outlines import Heading, outline
from app.calc.wordpackages import Unreadable
from app.calc.wordreading import read
from app.errors import Conflict, Invalid
from app.policy import Actor, Can, require
from app.services import glossary, items, returns
from app.services.activity import note
from app.services.evidence import is_aspirational
from app.services.evidence_files import Evidence, read_thread, rows, text, texts
from app.services.glossary import TermForm
from app.services.items import Adding
from app.services.sources import is_storable
from app.uow import UnitOfWork
from models.evidence import Relation, Strength
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


@dataclass(frozen=True)
class Looked:
    """A document as it was read: its headings, what is left out of it, and whether it is the group's own blueprint."""

    headings: Sequence[Heading]
    left_out: Sequence[str]
    is_ours: bool


def look(uow: UnitOfWork, actor: Actor, *, group_id: int, data: bytes) -> Looked:
    """What a document's headings would be as items; stores nothing. Raises NotFound, Forbidden, Invalid."""
    require(uow.session, actor, group_id, Can.ITEM_WRITE)
    try:
        file = read(data)
        found = outline(file)
    except Unreadable as unreadable:
        raise Invalid("", fields={"file": str(unreadable)}) from unreadable
    if not found.headings:
        raise Invalid("", fields={"file": "No heading was found in it. Give what should become items a heading style."})
    if len(found.headings) > MOST:
        raise Invalid("", fields={"file": f"It has more than {MOST} headings. Divide it, and bring the parts in turn."})
    return Looked(found.headings, found.left_out, returns.went_out(uow, group_id, file))


def faults_of(titles: Sequence[str]) -> dict[str, str]:
    """What is wrong with titles as they are, at ``title-N`` of each, before anybody adds them."""
    faults: dict[str, str] = {}
    for number, title in enumerate(titles):
        try:
            items.check_title(title)
        except Invalid as refused:
            faults[f"title-{number}"] = next(iter(refused.fields.values()), refused.message)
    return faults


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
_BROKEN = "This is not a blueprint as Concordat writes it. Export it again as JSON, and choose that file."


@dataclass(frozen=True)
class TakenOver:
    """What came in: how many items, findings and terms, and the group and form it came from.

    ``parked`` are the items that were parked there, ``judged`` those that rest on a group's judgement. ``sources`` and
    ``models`` are those made, ``sources_here`` and ``models_here`` those found again, ``sources_back`` those that had
    been withdrawn and are restored, ``ties`` how often an item is tied to a principle or a model. ``left_out`` says
    what does not come in, or otherwise than it was, a line each.
    """

    items: int
    findings: int
    terms: int
    origin: str
    parked: int = 0
    judged: int = 0
    sources: int = 0
    sources_here: int = 0
    sources_back: int = 0
    models: int = 0
    models_here: int = 0
    ties: int = 0
    left_out: tuple[str, ...] = ()


def look_over(uow: UnitOfWork, actor: Actor, *, group_id: int, data: bytes) -> TakenOver:
    """What ``take_over`` would do, and what it would leave out; all of it is undone. Raises what ``take_over`` does."""
    with uow.undone():
        return take_over(uow, actor, group_id=group_id, data=data)


def take_over(uow: UnitOfWork, actor: Actor, *, group_id: int, data: bytes) -> TakenOver:
    """Fill a group's empty blueprint from the JSON of a draft or a version, with its references, evidence and terms.

    The golden thread comes along where the file has one (app/services/thread_files.py).

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
    try:
        evidence = Evidence(uow, actor, group_id, read_thread(head.get("thread")))
    except (KeyError, ValueError, TypeError) as broken:
        raise Invalid("", fields={"file": f"{_BROKEN} The fault is in its golden thread."}) from broken
    except Invalid as refused:
        why = next(iter(refused.fields.values()), refused.message)
        raise Invalid("", fields={"file": f"Its golden thread cannot be taken: {why}."}) from refused
    for at, each in enumerate(entries):
        try:
            if (reference := text(each, "reference")) in made:
                first = [*made].index(reference) + 1
                raise Invalid(f"{reference} stands twice in the file, first as entry {first}.")
            item = made[reference] = _take(adding, each, made)
            spoken = [evidence.take(item, line) for line in rows(each, "evidence")]
            item.group_judgement = _judged(item.kind, spoken, marked=_is(each, "aspirational"))
        except (KeyError, ValueError, TypeError) as broken:
            raise Invalid("", fields={"file": f"{_BROKEN} The fault is in entry {at + 1}."}) from broken
        except Invalid as refused:
            why = refused.message or next(iter(refused.fields.values()), "")
            raise Invalid("", fields={"file": f"Entry {at + 1} cannot be taken: {why}"}) from refused
    adding.store()
    evidence.store(made)
    terms = _take_terms(uow, actor, group_id, head["content"])
    came = f"took over {len(made)} items and {len(evidence.noted)} findings of {_origin(head)} from a file"
    back = f", and restored {evidence.restored} sources for them" if evidence.restored else ""
    note(uow, actor, came + back, group_id=group_id)
    return TakenOver(
        len(made), len(evidence.noted), terms, f"{_text(head, 'group')}, {head['format']}",
        parked=sum(item.status is Status.PARKED for item in made.values()),
        judged=sum(item.group_judgement for item in made.values()),
        sources=evidence.made, sources_here=evidence.found - evidence.restored, sources_back=evidence.restored,
        models=evidence.models_made, models_here=evidence.models_found, ties=evidence.ties,
        left_out=(*evidence.left_out, *_stays_there(head, entries)),
    )  # fmt: skip


def _origin(head: dict[str, Any]) -> str:
    """Whose blueprint a file is, as far as it says: what a group's log keeps of it."""
    group = f"“{_text(head, 'group')}”"
    if head["format"] == FORMATS[1]:
        return f"{group}, version {_text(head, 'number')} ({_text(head, 'sha256')[:12]}…),"
    return f"{group}, draft of {_text(head, 'exported_on')},"


def _text(head: dict[str, Any], name: str) -> str:
    value = " ".join(str(head.get(name, ""))[:200].split())
    return value if is_storable(value) else ""


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


def _stays_there(head: dict[str, Any], entries: list[dict[str, Any]]) -> Iterator[str]:
    """What of a file never comes in, as far as it has it."""
    settled = {Status.PROPOSED.value, *(each.value for each in items.SETTLED)}
    if agreed := [text(each, "reference") for each in entries if each["status"] in settled]:
        yield f"Agreed or proposed there, a draft here: {', '.join(agreed)}."
    for name in ("decisions", "suggestions", "comments"):
        if isinstance(some := head.get(name), list) and some:
            yield f"{name.capitalize()} stay where they are: there are {len(some):,} in the file."
    origins = head.get("origins")
    references = [text(each, "reference") for each in entries]
    if isinstance(origins, dict) and (some := [each for each in references if each in origins]):
        yield f"Which items were split or merged is not kept: {', '.join(some)}."


def _take(adding: Adding, each: dict[str, Any], made: dict[str, Item]) -> Item:
    kind = Kind(each["kind"])
    family = PrincipleGroup(each["principle_group"]) if kind is Kind.PRINCIPLE else None
    parent = made[each["parent"]] if each["parent"] is not None else None
    was = Status(each["status"])
    if was is Status.WITHDRAWN:
        raise ValueError("what is withdrawn is never exported")
    status = was if was in (Status.IDEA, Status.PARKED) else Status.DRAFT
    return adding.add(
        kind=kind, title=text(each, "title"), text=text(each, "text"), why=text(each, "why"),
        summary=text(each, "summary"), under=parent, principle_group=family, status=status,
        reference=text(each, "reference"),
    )  # fmt: skip


def _judged(kind: Kind, spoken: list[tuple[Relation, Strength]], *, marked: bool) -> bool:
    """Whether an item rests on a group's judgement: what is marked as untested, and by its evidence would not be."""
    by_evidence, by_judgement = (is_aspirational(kind, spoken, group_judgement=each) for each in (False, True))
    return marked and by_judgement and not by_evidence


def _take_terms(uow: UnitOfWork, actor: Actor, group_id: int, content: dict[str, Any]) -> int:
    """The defined terms of a blueprint, all of them or none: one that is here already may mean something else."""
    try:
        forms = [
            TermForm(text(each, "term"), text(each, "definition"), texts(each, "also"))
            for each in rows(content, "terms")
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


def _is(each: dict[str, Any], name: str) -> bool:
    value = each.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(name)
    return value
