"""Splitting an item and merging two, with where they come from kept for good (``origins.py`` tells it).

What was said about words goes where the words go: comments, and suggestions that lie wholly in the part that moves.
What cannot go along stays where it was, with the words it was about. Everything happens in one transaction, and what
moved is kept with the descent, so that either can be taken back (``unmerging.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import aliased

from app.calc import authorship
from app.calc.changes import ChangeSet, Units, recall, replace, to_units, units_length
from app.calc.suggestions import places
from app.errors import Conflict, Forbidden, Invalid
from app.events import ItemChanged, TreeChanged
from app.policy import Actor, Can
from app.services import comments, documents, history, homework, suggestions
from app.services.activity import note
from app.services.findings import LONGEST_NOTE, RELATION_WORDS
from app.services.items import (
    SETTLED,
    access_item,
    add_item,
    branch_of,
    give_status,
    must_be_free,
    must_go_along,
    must_settle,
    must_stand,
    siblings,
)
from app.services.origins import split_of
from app.uow import UnitOfWork
from models.comments import Discussion
from models.documents import Document, Field
from models.evidence import Finding, ItemModel, Link
from models.groups import Group
from models.homework import IS_OPEN, Homework
from models.items import Descent, Item, ItemDescent, ItemPrinciple, Status
from models.suggestions import Suggestion, SuggestionState

#: How a refusal is known after which a split can be taken back by merging only.
PARTS_CHANGED = "parts_changed"
#: What stands in a note between what the lines of several items say.
_BESIDE = " · "


class Words(StrEnum):
    """Whose words stand first in a merged item, or stand alone."""

    AFTER = "after"
    BEFORE = "before"
    FIRST_ONLY = "first_only"


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
    before, head, tail = text.version, text.text[:at].rstrip(), text.text[at:].lstrip()
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
    client = documents.client_of(actor, documents.MOVED)
    _put_in(uow, actor, new, 0, text, client, begins=begins)
    take_along(uow, text, new, begins=begins, by=-begins)
    about = places_in(uow, text)
    documents.replace_text(uow, actor, text, head, client)
    settle(uow, text, new)
    keep(uow, actor, made, item, Descent.SPLIT, parted_at(uow, text, made, before=before, about=about))
    parts = f"split {item.reference}: a part of it is {made.reference} now"
    note(uow, actor, parts, group_id=item.group_id, item_id=item.id)
    return made


def merge(
    uow: UnitOfWork, actor: Actor, *, item_id: int, other_id: int, words: Words = Words.AFTER,
    seen: tuple[str, str] = ("", ""), group_id: int | None = None,
) -> Item:  # fmt: skip
    """Merge another item of the same kind into this one: words, comments, evidence, principles and what is under it.

    The other is withdrawn and keeps its own words; restoring it (``outline.restore_item``) gives back what it took
    along. Who takes that back merges the words they have ``seen``, by the marks of both; other words are a Conflict.
    Answers the item that stays. Raises NotFound, Forbidden (agreed ones, also those that go along as what is under the
    other: facilitators only), Conflict (withdrawn, a vote on any of these is open), Invalid (not two of a kind, too
    long).
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    other = access_item(uow.session, actor, other_id, Can.ITEM_WRITE, group_id=item.group_id)
    if item.id == other.id or item.kind is not other.kind:
        raise Invalid("", fields={"other_id": f"Choose another {item.kind.value}."})
    uow.lock(Group, item.group_id)
    _hold(uow, item, other)
    _must_change(uow, actor, [item, other], going=other)
    uow.lock_all(Document, [each.id for each in texts_of(uow, item, other)])
    for one, mark in zip((item, other), seen, strict=True):
        if mark and history.mark_now(uow.session, one) != mark:
            raise Conflict(f"The words of {one.reference} are others than you read. Read them as they are now first.")

    def put_together(client: str) -> Iterable[_Joined]:
        for field in JOINED:
            kept, given = text_of(uow, item, field), text_of(uow, other, field)
            order = Words.AFTER if field is not Field.TEXT else words
            if order is not Words.FIRST_ONLY and given.text.strip() != kept.text.strip():
                yield _join(uow, actor, kept, given, client, first=order is Words.BEFORE)

    _unite(uow, actor, item, other, put_together, words)
    note(uow, actor, f"merged {other.reference} into {item.reference}", group_id=item.group_id, item_id=item.id)
    return item


def put_back(uow: UnitOfWork, actor: Actor, *, item_id: int, group_id: int | None = None) -> Item:
    """Take a split back: the part is withdrawn, and its words stand again where they were, with what was said of them.

    Answers the item it was split off. Restoring the part parts them again, unless its words stay there. Raises
    NotFound, Forbidden (agreed ones, also under the part: facilitators only), Conflict (it was not split off, any of
    these is withdrawn or voted on, or the words of either read otherwise now).
    """
    part = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    refused = Conflict(f"{part.reference} was not split off another item, or that was taken back already.")
    row = split_of(uow.session, part)
    if row is None:
        raise refused
    item = access_item(uow.session, actor, row.from_id, Can.ITEM_WRITE, group_id=part.group_id)
    uow.lock(Group, item.group_id)
    _hold(uow, item, part)
    uow.session.refresh(row, with_for_update=True)
    if row.undone_at is not None:  # somebody has taken it back while the group was waited for
        raise refused
    _must_change(uow, actor, [item, part], going=part)
    uow.lock_all(Document, [each.id for each in texts_of(uow, item, part)])
    gap = between(uow, actor, row, item, part)
    if gap is None:
        raise Conflict(
            f"The words of {item.reference} or {part.reference} have changed, so they cannot be put back as they were. "
            f"Merge {part.reference} into {item.reference} instead.",
            code=PARTS_CHANGED,
        )
    old, new, parted = text_of(uow, item, Field.TEXT), text_of(uow, part, Field.TEXT), row.moved or {}
    row.undone_at = uow.now

    def put_together(client: str) -> Iterable[_Joined]:
        joined = _join(uow, actor, old, new, client, gap=gap)
        _mend(uow, old, parted)
        yield joined

    _unite(uow, actor, item, part, put_together, Words.AFTER)
    again = f"took the split of {item.reference} back: {part.reference} is a part of it again"
    note(uow, actor, again, group_id=item.group_id, item_id=item.id)
    return item


def back_into(uow: UnitOfWork, actor: Actor, part: Item) -> Item | None:
    """The item into which ``put_back`` would put a part's words now; None where it was not split off one, or would be
    refused. The caller has asked for the right to write."""
    row = split_of(uow.session, part)
    if row is None:
        return None
    item = uow.session.get_one(Item, row.from_id)
    try:
        _must_change(uow, actor, [item, part], going=part)
    except (Conflict, Forbidden):
        return None
    return item if between(uow, actor, row, item, part) is not None else None


@dataclass(frozen=True)
class Odds:
    """A finding of which the line of another item (``theirs``) says something else than one's ``own``, and whether that
    ``fits`` into the note of this when the two are merged."""

    finding: Finding
    own: Link
    theirs: Link
    fits: bool


def at_odds(uow: UnitOfWork, actor: Actor, *, item_id: int, group_id: int | None = None) -> dict[int, list[Odds]]:
    """What other items' lines say of the findings that speak to one, by those items, where its own say it nowhere.

    Before a merge that is what stands in no line of its own; after it, what stays with the other item. Raises NotFound,
    Forbidden.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    own, theirs = aliased(Link), aliased(Link)
    rows = uow.session.execute(
        select(own, theirs, Finding, Item.reference)
        .join(theirs, theirs.finding_id == own.finding_id).join(Finding, Finding.id == own.finding_id)
        .join(Item, Item.id == theirs.item_id)
        .where(own.item_id == item.id, theirs.item_id != item.id, Finding.withdrawn_at.is_(None))
        .order_by(Finding.id, theirs.id)
    ).all()  # fmt: skip
    found: dict[int, list[Odds]] = {}
    for mine, link, finding, reference in rows:
        said = _unsaid(mine, link, reference)
        if said and (mine.note or mine.relation is not link.relation):
            fits = len(_beside(mine.note, said)) <= LONGEST_NOTE
            found.setdefault(link.item_id, []).append(Odds(finding, mine, link, fits))
    return found


# --- parts of these, and of taking them back ---


def without(words: str, said: str) -> str:
    """A note without what a merge put into it; as it is where that does not stand in it whole."""
    rest = f"{_BESIDE}{words}{_BESIDE}".replace(f"{_BESIDE}{said}{_BESIDE}", _BESIDE, 1)
    return rest.removeprefix(_BESIDE).removesuffix(_BESIDE)


def say_beside(own: Link, theirs: Link, reference: str) -> str:
    """Let the note of a line also say what the line of another item (by its reference) says of the same finding, as far
    as it lacks it; what was put in, empty where that is nothing or does not fit."""
    said = _unsaid(own, theirs, reference)
    if not said or len(whole := _beside(own.note, said)) > LONGEST_NOTE:
        return ""
    own.note = whole
    return said


def _beside(words: str, said: str) -> str:
    return f"{words}{_BESIDE}{said}" if words else said


def _unsaid(own: Link, theirs: Link, reference: str) -> str:
    """What the note of a line lacks of what the line of another item (by its reference) says of the same finding; empty
    where it lacks nothing.

    It does not say who said so: a line does not know who last put it otherwise, and who is erased is to be gone from
    notes too.
    """
    if own.relation is theirs.relation:
        if not theirs.note or without(own.note, theirs.note) != own.note:
            return ""
        if not own.note:
            return theirs.note
    words = RELATION_WORDS[theirs.relation]
    said = f"{reference}: {words}, {theirs.note}" if theirs.note else f"{reference}: {words}"
    return said if without(own.note, said) == own.note else ""


def places_in(uow: UnitOfWork, text: Document) -> dict[int, tuple[int, int]]:
    """Which words of a settled text its discussions are about."""
    said = select(Discussion).where(Discussion.document_id == text.id)
    return {each.id: (each.begins, each.ends) for each in uow.session.execute(said).scalars()}


def parted_at(
    uow: UnitOfWork, text: Document, part: Item, *, before: int, about: Mapping[int, tuple[int, int]]
) -> dict[str, Any]:
    """What tells how the words of a split were left, and how they were ``before``, in versions; and of the discussions
    the cut went through, which words they were ``about`` then."""
    made = documents.documents_of(uow.session, [part.id])[part.id]
    now = places_in(uow, text)
    cut = [[id_, *place] for id_, place in about.items() if now.get(id_, place) != place]
    return {"before": before, "left": text.version, "part": documents.mark_of(made), "discussions": cut}


def _mend(uow: UnitOfWork, text: Document, parted: Mapping[str, Any]) -> None:
    """Words that a split parted are again those of before, to the letter: what it cut through is about all of them
    again, and what it brought into conflict fits."""
    for id_, begins, ends in parted.get("discussions", []):  # not kept of splits from before
        each = uow.session.get(Discussion, id_)
        if each is not None and each.document_id == text.id:
            each.begins, each.ends, each.carried_to = begins, ends, text.version
    met = select(Suggestion).where(
        Suggestion.document_id == text.id, Suggestion.state == SuggestionState.OPEN, Suggestion.in_conflict,
        Suggestion.carried_to == parted["before"],
    )  # fmt: skip
    for suggestion in uow.session.execute(met).scalars().all():
        suggestion.carried_to, suggestion.in_conflict = text.version, False
    uow.flush()


def between(uow: UnitOfWork, actor: Actor, row: ItemDescent, item: Item, part: Item) -> str | None:
    """What stood between the words of an item and those of the part split off it; None where any of them read otherwise
    now, so that the split cannot be taken back."""
    if row.moved is None:
        return None
    old, now = text_of(uow, item, Field.TEXT), history.mark_now(uow.session, part)
    left, whole = (history.text_at(uow.session, old, row.moved[each]) for each in ("left", "before"))
    made, words = (history.words_at(uow, actor, part.id, mark) for mark in (row.moved["part"], now))
    gap = whole.removeprefix(old.text).removesuffix(words[Field.TEXT])
    # Parted again, words may have been written behind the part, or the part's may have gone from the whole.
    unchanged = (left, made) == (old.text, words) and whole == old.text + gap + words[Field.TEXT]
    return gap if unchanged else None


def keep(uow: UnitOfWork, actor: Actor, item: Item, other: Item, how: Descent, moved: Mapping[str, Any]) -> None:
    """Keep that one item comes from another, with what ``moved``."""
    uow.session.add(
        ItemDescent(
            group_id=item.group_id, item_id=item.id, from_id=other.id, how=how, at=uow.now, by_id=actor.person_id,
            moved=dict(moved),
        )
    )  # fmt: skip
    uow.emit(ItemChanged(item.group_id, other.id))


def _hold(uow: UnitOfWork, item: Item, going: Item) -> None:
    """Hold an item and one that goes into it with all that is under that, whose group is held."""
    uow.lock_all(Item, [item.id, *(each.id for each in branch_of(uow.session, going))])


def _must_change(uow: UnitOfWork, actor: Actor, some: Sequence[Item], *, going: Item | None = None) -> None:
    for item in some:
        must_stand(uow.session, item)
    must_settle(uow.session, actor, some)
    must_be_free(uow.session, some)
    if going is not None:
        must_go_along(uow.session, actor, branch_of(uow.session, going))


def texts_of(uow: UnitOfWork, *some: Item) -> list[Document]:
    """All texts of some items."""
    found = documents.documents_of(uow.session, [item.id for item in some])
    return [document for texts in found.values() for document in texts.values()]


def text_of(uow: UnitOfWork, item: Item, field: Field) -> Document:
    """One text of an item."""
    return documents.documents_of(uow.session, [item.id])[item.id][field]


def _hold_text(uow: UnitOfWork, item: Item) -> Document:
    return uow.lock(Document, text_of(uow, item, Field.TEXT).id)


def settle(uow: UnitOfWork, *some: Document) -> None:
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


def _put_in(
    uow: UnitOfWork, actor: Actor, into: Document, at: int, text: Document, client: str, *, begins: int = 0,
    first: int = 0,
) -> None:  # fmt: skip
    """Write words of one text, from ``begins`` on, into another one at ``at``, each run as the words of its author.

    ``first`` is the number of the first change by this ``client``.
    """
    words = to_units(text.text)
    keeps = replace(len(words), begins, len(words), Units(""))
    runs = authorship.taken(documents.authors_of(uow.session, text), keeps)
    change = replace(units_length(into.text), at, at, Units(words[begins:]))
    documents.put_in(uow, actor, into, change, runs, client, first=first)


def take_along(
    uow: UnitOfWork, old: Document, new: Document, *, begins: int, by: int, ends: int | None = None, behind: int = 0,
    since: int = 0,
) -> list[Suggestion]:  # fmt: skip
    """Move what is said about the words of one text from ``begins`` to ``ends`` to another, where they stand ``by``
    further; the suggestions among it.

    ``behind`` is how much more the other text has after them (fewer: below 0). Both texts hold these words at this
    moment. Where these words came into the text with its version ``since``, what was suggested for an earlier one was
    not about them, and stays.
    """
    settle(uow, old)
    ends = units_length(old.text) if ends is None else ends
    gone = []
    for each in uow.session.execute(select(Discussion).where(Discussion.document_id == old.id)).scalars().all():
        if begins <= each.begins < each.ends <= ends:
            each.begins, each.ends = each.begins + by, each.ends + by
            each.document_id, each.made_for, each.carried_to = new.id, new.version, new.version
            gone.append(each)
    comments.lead_on(uow, gone, old=old.item_id or 0, new=new.item_id or 0)
    taken = []
    for suggestion in _waiting_on(uow, old, since):
        change = recall(suggestion.carried)
        # What goes on from words that stay, stays.
        stays = begins > 0 and any(each.goes_on and each.start == begins for each in places(change))
        if suggestion.carried_to == old.version and begins <= change.start and change.end <= ends and not stays:
            suggestion.carried = suggestion.changes = shifted(change, by, behind).to_json()
            suggestion.document_id = new.id
            suggestion.made_for = suggestion.carried_to = new.version
            taken.append(suggestion)
    uow.flush()
    return taken


def _waiting_on(uow: UnitOfWork, text: Document, since: int = 0) -> Sequence[Suggestion]:
    """The suggestions for a settled text that can be accepted as they are; those for its version ``since`` or later."""
    query = select(Suggestion).where(
        Suggestion.document_id == text.id, Suggestion.state == SuggestionState.OPEN, Suggestion.in_conflict.is_(False),
        Suggestion.made_for >= since,
    )  # fmt: skip
    return uow.session.execute(query).scalars().all()


def shifted(change: ChangeSet, lead: int, tail: int) -> ChangeSet:
    """The change with as many more kept units before and after it; fewer where they are below 0."""
    parts = list(change.parts)
    if lead > 0 and parts[0][1] is not None:
        parts.insert(0, (lead, None))
    elif lead:
        parts[0] = (parts[0][0] + lead, parts[0][1])
        parts = parts if parts[0][0] or parts[0][1] is not None else parts[1:]
    if tail > 0 and parts[-1][1] is not None:
        parts.append((tail, None))
    elif tail:
        parts[-1] = (parts[-1][0] + tail, parts[-1][1])
        parts = parts if parts[-1][0] or parts[-1][1] is not None else parts[:-1]
    return ChangeSet(tuple(parts))


#: The texts that a merge puts together.
JOINED = (Field.TEXT, Field.WHY, Field.SUMMARY)


@dataclass(frozen=True)
class _Joined:
    """What was put into one text: where the words came to stand, and which suggestions moved with them."""

    field: Field
    place: dict[str, Any]
    suggestions: list[list[int]]


def _join(
    uow: UnitOfWork, actor: Actor, kept: Document, given: Document, client: str, *, gap: str = "\n\n",
    first: bool = False,
) -> _Joined:  # fmt: skip
    """Put the words of one text after those of another, or ``first``, with what is said about them."""
    settle(uow, kept, given)
    if not given.text.strip():
        return _Joined(kept.field, {}, [])
    own, waiting = units_length(kept.text), _waiting_on(uow, kept)
    # Words that wait for an empty text are to stand apart, too, once they are accepted.
    gap = gap if kept.text.strip() or waiting else ""
    documents.clean(kept.field, kept.text + gap + given.text)
    if gap:
        _insert(uow, actor, kept, 0 if first else own, gap, client)
    lead = 0 if first else units_length(kept.text)
    behind = units_length(kept.text) - lead
    _put_in(uow, actor, kept, lead, given, client, first=1)
    grown = units_length(kept.text) - own
    for each in waiting:
        # All that came stands outside its own words, and what was suggested for these goes on from nothing else.
        each.carried = shifted(recall(each.carried), grown if first else 0, 0 if first else grown).to_json()
        each.carried_to = kept.version
    taken = take_along(uow, given, kept, begins=0, by=lead, behind=behind)
    moved = [[each.id, given.id, given.version, kept.version, lead, behind] for each in taken]
    settle(uow, kept)
    place = {
        "version": kept.version, "begins": lead, "ends": lead + units_length(given.text),
        "gap": ["", gap] if first else [gap, ""],
    }  # fmt: skip
    return _Joined(kept.field, place, moved)


def _unite(
    uow: UnitOfWork, actor: Actor, item: Item, other: Item, put_together: Callable[[str], Iterable[_Joined]],
    words: Words,
) -> None:  # fmt: skip
    """Make one of two held items, and keep with the descent all that moved: it is the way back."""
    said = select(Discussion).where(Discussion.document_id.in_([each.id for each in texts_of(uow, other)]))
    discussions = [
        [each.id, each.document_id, each.made_for, each.carried_to, each.begins, each.ends]
        for each in uow.session.execute(said.order_by(Discussion.id)).scalars()
    ]
    joined = list(put_together(documents.client_of(actor, documents.MOVED)))
    moved = {
        "words": words.value,
        "texts": {each.field.value: each.place for each in joined if each.place},
        "discussions": discussions,
        "suggestions": [one for each in joined for one in each.suggestions],
        "homework": _take_rest(uow, item, other),
        **_share(uow, other, item),
        **_adopt(uow, item, other),
    }
    keep(uow, actor, item, other, Descent.MERGE, moved)
    other.status_before, other.withdrawn_with_id = other.status, other.id
    give_status(uow, other, Status.WITHDRAWN)
    suggestions.tell_authors(uow, actor, [other], withdrawn=True)
    item.changed_at = uow.now
    went = f"withdrew {other.reference}: it is a part of {item.reference} now"
    note(uow, actor, went, group_id=item.group_id, item_id=other.id)
    uow.emit(TreeChanged(item.group_id))
    uow.emit(ItemChanged(item.group_id, item.id))


def _insert(uow: UnitOfWork, actor: Actor, document: Document, at: int, words: str, client: str) -> None:
    change = replace(units_length(document.text), at, at, to_units(words))
    whole = change.apply(to_units(document.text))
    addition = documents.Addition(actor.person_id, client, 0, change, whole)
    documents.append(uow, document, [addition])


def _take_rest(uow: UnitOfWork, item: Item, other: Item) -> list[int]:
    """Comments whose words do not come along are about the whole of the merged item, and still say what they were.

    Answers the homework that moved.
    """
    text = text_of(uow, item, Field.TEXT)
    left = [document.id for document in texts_of(uow, other)]
    rest = uow.session.execute(select(Discussion).where(Discussion.document_id.in_(left))).scalars().all()
    for each in rest:
        each.document_id, each.made_for, each.carried_to = text.id, text.version, text.version
        each.begins = each.ends = 0
    comments.lead_on(uow, rest, old=other.id, new=item.id)
    # Whoever prepares the one prepares the other now.
    asked = uow.session.execute(select(Homework).where(Homework.item_id == other.id, IS_OPEN)).scalars().all()
    homework.move(uow, asked, item.id)
    return [each.id for each in asked]


def _share(uow: UnitOfWork, giver: Item, taker: Item) -> dict[str, list[Any]]:
    """Give an item the principles, models and evidence that another one has; what it had not.

    Of a finding that speaks to both, the line of each stays; the note of the taker's also says what the other's does,
    where it fits (``at_odds`` tells of what does not).
    """
    session = uow.session
    given: dict[str, list[Any]] = {"principles": [], "models": [], "findings": [], "notes": []}
    mine = set(session.execute(select(ItemPrinciple.principle_id).where(ItemPrinciple.item_id == taker.id)).scalars())
    for id_ in session.execute(select(ItemPrinciple.principle_id).where(ItemPrinciple.item_id == giver.id)).scalars():
        if id_ not in mine:
            session.add(ItemPrinciple(item_id=taker.id, principle_id=id_))
            given["principles"].append(id_)
    kept = set(session.execute(select(ItemModel.model_id).where(ItemModel.item_id == taker.id)).scalars())
    for id_ in session.execute(select(ItemModel.model_id).where(ItemModel.item_id == giver.id)).scalars():
        if id_ not in kept:
            session.add(ItemModel(item_id=taker.id, model_id=id_))
            given["models"].append(id_)
    known = {one.finding_id: one for one in session.execute(select(Link).where(Link.item_id == taker.id)).scalars()}
    for link in session.execute(select(Link).where(Link.item_id == giver.id)).scalars().all():
        own = known.get(link.finding_id)
        if own is not None:
            if said := say_beside(own, link, giver.reference):
                given["notes"].append([link.finding_id, said])
        else:
            given["findings"].append(link.finding_id)
            session.add(
                Link(
                    group_id=link.group_id, finding_id=link.finding_id, item_id=taker.id, relation=link.relation,
                    note=link.note, created_at=link.created_at, created_by_id=link.created_by_id,
                )
            )  # fmt: skip
    uow.flush()
    return given


def _adopt(uow: UnitOfWork, item: Item, other: Item) -> Mapping[str, list[list[int]]]:
    """What stands under the other, and who carries it out, comes under the item; references stay.

    Answers what came under it, each with the place it had, and who carried the other out, with 1 where they carried the
    item out before.
    """
    session = uow.session
    last = len(list(session.execute(select(Item.id).where(Item.parent_id == item.id)).scalars()))
    under = select(Item).where(Item.parent_id == other.id, Item.status != Status.WITHDRAWN).order_by(Item.position)
    children = session.execute(under).scalars().all()
    places = [[child.id, child.position] for child in children]
    for number, child in enumerate(children):
        child.parent_id, child.position = item.id, last + number
        uow.emit(ItemChanged(item.group_id, child.id))
    own = set(session.execute(select(ItemPrinciple.item_id).where(ItemPrinciple.principle_id == item.id)).scalars())
    carrying = select(ItemPrinciple.item_id).where(ItemPrinciple.principle_id == other.id)
    theirs = session.execute(carrying).scalars().all()
    for id_ in theirs:
        if id_ not in own:
            session.add(ItemPrinciple(item_id=id_, principle_id=item.id))
    session.execute(delete(ItemPrinciple).where(ItemPrinciple.principle_id == other.id))
    uow.flush()
    return {"under": places, "carriers": [[id_, int(id_ in own)] for id_ in theirs]}
