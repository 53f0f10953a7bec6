"""Splitting an item and merging two, with where they come from kept for good.

What was said about words goes where the words go: comments, and suggestions that lie wholly in the part that moves.
What cannot go along stays where it was, with the words it was about. Everything happens in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.calc.authorship import Run
from app.calc.changes import ChangeSet, Units, from_units, recall, replace, to_units, units_length
from app.calc.suggestions import places
from app.errors import Conflict, Invalid
from app.events import ItemChanged, TreeChanged
from app.policy import Actor, Can
from app.services import comments, documents, suggestions
from app.services.accounts import names_of
from app.services.activity import note
from app.services.items import (
    SETTLED,
    access_item,
    add_item,
    give_status,
    merged_into,
    must_be_free,
    must_settle,
    must_stand,
    siblings,
)
from app.uow import UnitOfWork
from models.comments import Discussion
from models.documents import Document, Field
from models.evidence import ItemModel, Link
from models.groups import Group
from models.homework import IS_OPEN, Homework
from models.items import Descent, Item, ItemDescent, ItemPrinciple, Status
from models.suggestions import Suggestion, SuggestionState

#: Of more hands than these, the words that move are noted as those of who moves them.
MOST_HANDS = 300


class Words(StrEnum):
    """Whose words stand first in a merged item, or stand alone."""

    AFTER = "after"
    BEFORE = "before"
    FIRST_ONLY = "first_only"


@dataclass(frozen=True)
class Relative:
    """Another item that one comes from, or that comes from it."""

    item_id: int
    reference: str
    title: str
    how: Descent
    at: datetime


@dataclass(frozen=True)
class Ancestry:
    """Where an item comes from and what has come of it, oldest first."""

    split_from: list[Relative]
    merged_in: list[Relative]
    split_off: list[Relative]
    merged_into: list[Relative]

    def __bool__(self) -> bool:
        return bool(self.split_from or self.merged_in or self.split_off or self.merged_into)


def split(
    uow: UnitOfWork, actor: Actor, *, item_id: int, at: int, version: int, title: str, group_id: int | None = None
) -> Item:
    """Make a new item, right behind this one, of its words from ``at`` on (a place in the text of that ``version``).

    It has the same kind and parent, the same principles, models and evidence, and the next reference. What was agreed
    of a part is not agreed of a new whole: of an agreed item it is proposed. Raises NotFound, Forbidden (an agreed one:
    facilitators only), Conflict (withdrawn, a vote is open, the words have changed meanwhile), Invalid.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    uow.lock(Group, item.group_id)
    uow.lock(Item, item.id)
    _must_change(uow, actor, [item])
    text = _hold_text(uow, item)
    if text.version != version:
        raise Conflict("Somebody has changed these words meanwhile. Look at them, and choose again.")
    head, tail = text.text[:at].rstrip(), text.text[at:].lstrip()
    if at < 0 or not head or not tail:
        raise Invalid("", fields={"at": "Choose a place with words before and after it."})
    begins = units_length(text.text) - units_length(tail)
    status = Status.PROPOSED if item.status in SETTLED else item.status
    made = add_item(
        uow, actor, group_id=item.group_id, kind=item.kind, title=title, parent_id=item.parent_id, status=status,
        principle_group=item.principle_group, told=lambda new: f"split {new.reference} from {item.reference}",
    )  # fmt: skip
    made.group_judgement = item.group_judgement
    _stand_behind(uow, made, item)
    _share(uow, item, made)
    new = _hold_text(uow, made)
    _put_in(uow, actor, new, 0, text, begins)
    _take_along(uow, text, new, begins=begins, by=-begins)
    documents.replace_text(uow, actor, text, head)
    _settle(uow, text, new)
    _keep(uow, actor, made, item, Descent.SPLIT)
    parts = f"split {item.reference}: a part of it is {made.reference} now"
    note(uow, actor, parts, group_id=item.group_id, item_id=item.id)
    return made


def merge(
    uow: UnitOfWork, actor: Actor, *, item_id: int, other_id: int, words: Words = Words.AFTER,
    group_id: int | None = None,
) -> Item:  # fmt: skip
    """Merge another item of the same kind into this one: words, comments, evidence, principles and what is under it.

    The other is withdrawn; it keeps its own words and can be restored. Answers the item that stays. Raises NotFound,
    Forbidden (agreed ones: facilitators only), Conflict (withdrawn, a vote is open), Invalid (not two of a kind, too
    long).
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    other = access_item(uow.session, actor, other_id, Can.ITEM_WRITE, group_id=item.group_id)
    if item.id == other.id or item.kind is not other.kind:
        raise Invalid("", fields={"other_id": f"Choose another {item.kind.value}."})
    uow.lock(Group, item.group_id)
    uow.lock_all(Item, [item.id, other.id])
    _must_change(uow, actor, [item, other])
    uow.lock_all(Document, [each.id for each in _texts(uow, item, other)])
    for field in (Field.TEXT, Field.WHY, Field.SUMMARY):
        kept, given = _text(uow, item, field), _text(uow, other, field)
        _join(uow, actor, kept, given, Words.AFTER if field is not Field.TEXT else words)
    _take_rest(uow, item, other)
    _share(uow, other, item)
    _adopt(uow, item, other)
    _keep(uow, actor, item, other, Descent.MERGE)
    other.status_before, other.withdrawn_with_id = other.status, other.id
    give_status(uow, other, Status.WITHDRAWN)
    suggestions.tell_authors(uow, actor, [other], withdrawn=True)
    item.changed_at = uow.now
    went = f"withdrew {other.reference}: it is a part of {item.reference} now"
    note(uow, actor, went, group_id=item.group_id, item_id=other.id)
    note(uow, actor, f"merged {other.reference} into {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(TreeChanged(item.group_id))
    uow.emit(ItemChanged(item.group_id, item.id))
    return item


def ancestry(session: Session, item: Item) -> Ancestry:
    """Where an item comes from, and what came of it."""
    rows = session.execute(
        select(ItemDescent).where((ItemDescent.item_id == item.id) | (ItemDescent.from_id == item.id))
        .order_by(ItemDescent.id)
    ).scalars().all()  # fmt: skip
    ids = {each for row in rows for each in (row.item_id, row.from_id)}
    references = {one.id: one.reference for one in session.execute(select(Item).where(Item.id.in_(ids))).scalars()}
    titles = documents.documents_of(session, ids)
    found = Ancestry([], [], [], [])
    for row in rows:
        older = row.item_id == item.id
        end = row.from_id if older else row.item_id
        title = titles.get(end, {}).get(Field.TITLE)
        relative = Relative(end, references[end], title.text if title else "", row.how, row.at)
        if row.how is Descent.SPLIT:
            (found.split_from if older else found.split_off).append(relative)
        else:
            (found.merged_in if older else found.merged_into).append(relative)
    return found


def split_off(
    uow: UnitOfWork, actor: Actor, *, item_id: int, among: Collection[int], group_id: int | None = None
) -> list[tuple[Relative, str]]:
    """Which of some items were split off one, as `parted` says it. Raises NotFound, Forbidden."""
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    return [found for found in parted(uow.session, item) if found[0].item_id in among]


def parted(session: Session, item: Item, *, after: int = 0) -> list[tuple[Relative, str]]:
    """What was split off an item later than the descent ``after`` (see `newest`), oldest first, each with the name of
    who did it, empty where nobody knows."""
    rows = session.execute(
        select(ItemDescent.item_id, ItemDescent.by_id).where(
            ItemDescent.from_id == item.id, ItemDescent.how == Descent.SPLIT, ItemDescent.id > after
        )
    ).all()
    if not rows:
        return []
    by: dict[int, int | None] = {made: person for made, person in rows}  # noqa: C416  # rows are not pairs to the type checker
    names = names_of(session, by.values())
    off = [each for each in ancestry(session, item).split_off if each.item_id in by]
    return [(each, names.get(by[each.item_id] or 0, "")) for each in off]


def newest(session: Session, group_id: int) -> int:
    """The number of the latest split or merge of a group, 0 before the first."""
    return session.execute(select(func.max(ItemDescent.id)).where(ItemDescent.group_id == group_id)).scalar() or 0


def merged_away(session: Session, item: Item) -> tuple[str, str] | None:
    """For an item that is withdrawn because it was merged into another one: that one's reference, and the name of who
    did it, empty where nobody knows. None for any other."""
    found = merged_into(session, item)
    return None if found is None else (found[0], names_of(session, [found[1]]).get(found[1] or 0, ""))


def origins(
    session: Session, group_id: int, item_ids: Collection[int], *, until: datetime | None = None
) -> dict[int, str]:
    """For items that come from others a line that says so, as it stood at ``until``: "Formed from C3.2 and C3.5"."""
    query = select(ItemDescent).where(ItemDescent.group_id == group_id).order_by(ItemDescent.id)
    if until is not None:
        query = query.where(ItemDescent.at <= until)
    rows = [row for row in session.execute(query).scalars() if row.item_id in item_ids]
    ids = {each for row in rows for each in (row.item_id, row.from_id)}
    references = {one.id: one.reference for one in session.execute(select(Item).where(Item.id.in_(ids))).scalars()}
    found: dict[int, str] = {}
    for item_id in dict.fromkeys(row.item_id for row in rows):
        mine = [row for row in rows if row.item_id == item_id]
        merged = list(dict.fromkeys(references[row.from_id] for row in mine if row.how is Descent.MERGE))
        parts = [f"Split from {references[row.from_id]}" for row in mine if row.how is Descent.SPLIT]
        if merged:
            parts.append(f"Formed from {', '.join([references[item_id], *merged[:-1]])} and {merged[-1]}")
        found[item_id] = "; ".join(parts)
    return found


# --- parts of these ---


def _must_change(uow: UnitOfWork, actor: Actor, some: Sequence[Item]) -> None:
    for item in some:
        must_stand(uow.session, item)
    must_settle(uow.session, actor, some)
    must_be_free(uow.session, some)


def _texts(uow: UnitOfWork, *some: Item) -> list[Document]:
    found = documents.documents_of(uow.session, [item.id for item in some])
    return [document for texts in found.values() for document in texts.values()]


def _text(uow: UnitOfWork, item: Item, field: Field) -> Document:
    return documents.documents_of(uow.session, [item.id])[item.id][field]


def _hold_text(uow: UnitOfWork, item: Item) -> Document:
    return uow.lock(Document, _text(uow, item, Field.TEXT).id)


def _settle(uow: UnitOfWork, *some: Document) -> None:
    """Carry what hangs on texts to their present words."""
    for document in some:
        suggestions.carry_along(uow, document)
        comments.carry_along(uow, document)


def _stand_behind(uow: UnitOfWork, made: Item, item: Item) -> None:
    row = siblings(uow.session, item.group_id, item.kind, item.parent_id, item.principle_group)
    row.remove(made)
    row.insert(row.index(item) + 1, made)
    for position, each in enumerate(row):
        each.position = position


def _put_in(uow: UnitOfWork, actor: Actor, into: Document, at: int, text: Document, begins: int = 0) -> None:
    """Write words of one text, from ``begins`` on, into another one at ``at``, each run as the words of its author."""
    words, place = to_units(text.text), 0
    pieces: list[Run] = []
    for run in documents.authors_of(uow.session, text):
        units = run.units - max(0, min(run.units, begins - place))
        place += run.units
        if units > 0:
            pieces.append(Run(units, run.author))
    if len(pieces) > MOST_HANDS or sum(run.units for run in pieces) != len(words) - begins:
        pieces = [Run(len(words) - begins, actor.person_id or 0)]
    whole, start = to_units(into.text), begins
    additions: list[documents.Addition] = []
    client = documents.client_of(actor, documents.MOVED)
    for run in pieces:
        for piece in documents.cut(Units(words[start : start + run.units])):
            change = replace(len(whole), at, at, piece)
            whole = change.apply(whole)
            additions.append(documents.Addition(run.author or None, client, len(additions), change, whole))
            at += len(piece)
        start += run.units
    documents.clean(into.field, from_units(whole))
    documents.append(uow, into, additions)


def _take_along(uow: UnitOfWork, old: Document, new: Document, *, begins: int, by: int, behind: int = 0) -> None:
    """Move what is said about the words of one text from ``begins`` on to another, where they stand ``by`` further.

    ``behind`` is how much the other text has after them. Both texts hold these words at this moment.
    """
    _settle(uow, old)
    gone = []
    for each in uow.session.execute(select(Discussion).where(Discussion.document_id == old.id)).scalars().all():
        if each.begins < each.ends and each.begins >= begins:
            each.begins, each.ends = each.begins + by, each.ends + by
            each.document_id, each.made_for, each.carried_to = new.id, new.version, new.version
            gone.append(each)
    comments.lead_on(uow, gone, old=old.item_id or 0, new=new.item_id or 0)
    waiting = select(Suggestion).where(
        Suggestion.document_id == old.id, Suggestion.state == SuggestionState.OPEN, Suggestion.in_conflict.is_(False)
    )
    for suggestion in uow.session.execute(waiting).scalars().all():
        change = recall(suggestion.carried)
        # What goes on from words that stay, stays.
        stays = begins > 0 and any(each.goes_on and each.start == begins for each in places(change))
        if suggestion.carried_to == old.version and change.start >= begins and not stays:
            suggestion.carried = suggestion.changes = _shifted(change, by, behind).to_json()
            suggestion.document_id = new.id
            suggestion.made_for = suggestion.carried_to = new.version
    uow.flush()


def _shifted(change: ChangeSet, lead: int, tail: int) -> ChangeSet:
    """The change with as many more kept units before and after it; fewer before where ``lead`` is negative."""
    parts = list(change.parts)
    if lead > 0 and parts[0][1] is not None:
        parts.insert(0, (lead, None))
    elif lead:
        parts[0] = (parts[0][0] + lead, parts[0][1])
        parts = parts if parts[0][0] or parts[0][1] is not None else parts[1:]
    if tail and parts[-1][1] is not None:
        parts.append((tail, None))
    elif tail:
        parts[-1] = (parts[-1][0] + tail, None)
    return ChangeSet(tuple(parts))


def _join(uow: UnitOfWork, actor: Actor, kept: Document, given: Document, words: Words) -> None:
    """Put the words of one text after or before those of another, with what is said about them."""
    if not given.text.strip() or words is Words.FIRST_ONLY or given.text.strip() == kept.text.strip():
        return
    _settle(uow, kept, given)
    own = units_length(kept.text)
    gap = "\n\n" if kept.text.strip() else ""
    size = units_length(given.text)
    documents.clean(kept.field, kept.text + gap + given.text)
    if words is Words.AFTER:
        if gap:
            _insert(uow, actor, kept, own, gap)
        at, behind = own + len(gap), 0
    else:
        if gap:
            _insert(uow, actor, kept, 0, gap)
        at, behind = 0, len(gap) + own
    _put_in(uow, actor, kept, at, given)
    if size:
        _take_along(uow, given, kept, begins=0, by=at, behind=behind)
    _settle(uow, kept)


def _insert(uow: UnitOfWork, actor: Actor, document: Document, at: int, words: str) -> None:
    change = replace(units_length(document.text), at, at, to_units(words))
    whole = change.apply(to_units(document.text))
    addition = documents.Addition(actor.person_id, documents.client_of(actor), 0, change, whole)
    documents.append(uow, document, [addition])


def _take_rest(uow: UnitOfWork, item: Item, other: Item) -> None:
    """Comments whose words do not come along are about the whole of the merged item, and still say what they were."""
    text = _text(uow, item, Field.TEXT)
    left = [document.id for document in _texts(uow, other)]
    rest = uow.session.execute(select(Discussion).where(Discussion.document_id.in_(left))).scalars().all()
    for each in rest:
        each.document_id, each.made_for, each.carried_to = text.id, text.version, text.version
        each.begins = each.ends = 0
    comments.lead_on(uow, rest, old=other.id, new=item.id)
    # Whoever prepares the one prepares the other now.
    asked = update(Homework).where(Homework.item_id == other.id, IS_OPEN)
    uow.session.execute(asked.values(item_id=item.id))


def _share(uow: UnitOfWork, giver: Item, taker: Item) -> None:
    """Give an item the principles, models and evidence that another one has."""
    session = uow.session
    mine = set(session.execute(select(ItemPrinciple.principle_id).where(ItemPrinciple.item_id == taker.id)).scalars())
    for id_ in session.execute(select(ItemPrinciple.principle_id).where(ItemPrinciple.item_id == giver.id)).scalars():
        if id_ not in mine:
            session.add(ItemPrinciple(item_id=taker.id, principle_id=id_))
    kept = set(session.execute(select(ItemModel.model_id).where(ItemModel.item_id == taker.id)).scalars())
    for id_ in session.execute(select(ItemModel.model_id).where(ItemModel.item_id == giver.id)).scalars():
        if id_ not in kept:
            session.add(ItemModel(item_id=taker.id, model_id=id_))
    known = set(session.execute(select(Link.finding_id).where(Link.item_id == taker.id)).scalars())
    for link in session.execute(select(Link).where(Link.item_id == giver.id)).scalars().all():
        if link.finding_id not in known:
            session.add(
                Link(
                    group_id=link.group_id, finding_id=link.finding_id, item_id=taker.id, relation=link.relation,
                    note=link.note, created_at=link.created_at, created_by_id=link.created_by_id,
                )
            )  # fmt: skip
    uow.flush()


def _adopt(uow: UnitOfWork, item: Item, other: Item) -> None:
    """What stands under the other, and who carries it out, comes under the item; references stay."""
    session = uow.session
    last = len(list(session.execute(select(Item.id).where(Item.parent_id == item.id)).scalars()))
    under = select(Item).where(Item.parent_id == other.id, Item.status != Status.WITHDRAWN).order_by(Item.position)
    for number, child in enumerate(session.execute(under).scalars().all()):
        child.parent_id, child.position = item.id, last + number
        uow.emit(ItemChanged(item.group_id, child.id))
    own = set(session.execute(select(ItemPrinciple.item_id).where(ItemPrinciple.principle_id == item.id)).scalars())
    for id_ in session.execute(select(ItemPrinciple.item_id).where(ItemPrinciple.principle_id == other.id)).scalars():
        if id_ not in own:
            session.add(ItemPrinciple(item_id=id_, principle_id=item.id))
    session.execute(delete(ItemPrinciple).where(ItemPrinciple.principle_id == other.id))
    uow.flush()


def _keep(uow: UnitOfWork, actor: Actor, item: Item, other: Item, how: Descent) -> None:
    uow.session.add(
        ItemDescent(
            group_id=item.group_id, item_id=item.id, from_id=other.id, how=how, at=uow.now, by_id=actor.person_id
        )
    )
    uow.emit(ItemChanged(item.group_id, other.id))
