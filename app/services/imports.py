"""Somebody's Word document into the tree: its headings looked at first, then added as ideas, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.calc.outlines import Outline, outline
from app.calc.wordreading import Unreadable, read
from app.errors import Invalid
from app.policy import Actor, Can, require
from app.services import items
from app.services.activity import note
from app.uow import UnitOfWork
from models.items import Item, Kind, PrincipleGroup

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
    above: dict[Kind, int | None] = {Kind.ELEMENT: under_id, Kind.CRITERION: None}
    faults: dict[str, str] = {}
    made: list[Item] = []
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
            item = items.add_item(
                uow, actor, group_id=group_id, kind=kind, title=each.title, text=each.text, why=each.why,
                summary=each.summary, parent_id=parent, principle_group=each.family,
            )  # fmt: skip
        except Invalid as refused:
            faults[f"title-{number}"] = next(iter(refused.fields.values()), refused.message)
            continue
        made.append(item)
        above |= {kind: item.id} | ({Kind.CRITERION: None} if kind is Kind.ELEMENT else {})
    if faults:
        raise Invalid("Nothing was added yet.", fields=faults)
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
