"""Taking a merge back: what it moved goes home, from wherever it still is where the merge put it.

Nothing that somebody did since is lost. What was moved on stays where it is now; words that somebody changed stay in
the item they were put into; and what was begun about words that go back goes with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app.calc.anchors import Anchor, again, carry
from app.calc.changes import Units, recall, replace, to_units, units_length
from app.errors import Conflict, Forbidden
from app.events import ItemChanged
from app.policy import Actor, Can, allowed, require
from app.services import comments, documents, homework
from app.services.activity import note
from app.services.descent import (
    Words,
    between,
    keep,
    parted_at,
    places_in,
    say_beside,
    settle,
    shifted,
    take_along,
    text_of,
    texts_of,
    without,
)
from app.services.items import (
    SETTLED,
    branch_of,
    give_status,
    merge_of,
    must_be_free,
    must_go_along,
    must_settle,
    went_to,
)
from app.services.origins import split_of
from app.uow import UnitOfWork
from models.comments import Discussion
from models.documents import Document, Field
from models.evidence import ItemModel, Link
from models.homework import IS_OPEN, Homework
from models.items import Descent, Item, ItemDescent, ItemPrinciple, Status
from models.suggestions import Suggestion, SuggestionState


@dataclass(frozen=True)
class Unmerged:
    """What came of a merge that was taken back: from which item, and whether words ``stay`` in it.

    ``known`` is whether what the merge moved was kept. ``again`` is whether it can be done again, by putting the
    part back where it ``was_split`` (the merge took a split back), else by merging with these ``words``.
    """

    into: Item
    stay: bool
    known: bool
    words: Words
    was_split: bool
    again: bool


def just_now(uow: UnitOfWork, actor: Actor, item: Item) -> Unmerged | None:
    """What was taken back in this transaction by restoring an item, where that was a merge."""
    query = select(ItemDescent).where(
        ItemDescent.from_id == item.id, ItemDescent.how == Descent.MERGE, ItemDescent.undone_at == uow.now
    )
    row = uow.session.execute(query).scalar()
    if row is None:
        return None
    into, was_split, known = uow.session.get_one(Item, row.item_id), _took_back(uow.session, row), row.moved is not None
    words = Words((row.moved or {}).get("words", Words.AFTER.value))
    again = known and not row.words_stay and into.status is not Status.WITHDRAWN
    if again and was_split:
        split = split_of(uow.session, item)
        again = split is not None and between(uow, actor, split, into, item) is not None
    return Unmerged(into, row.words_stay, known, words, was_split, again)


def hold(uow: UnitOfWork, item: Item) -> None:
    """Hold what a merge that is to be taken back will touch besides the merged item, whose group is held."""
    found = merge_of(uow.session, item)
    if found is not None:
        uow.lock_all(Item, [each.id for each in branch_of(uow.session, found[0])])


def rests(session: Session, item: Item) -> bool:
    """Whether what a merged item took along rests where it is now, as that was itself withdrawn and not merged on."""
    return went_to(session, item).status is Status.WITHDRAWN


def revive(uow: UnitOfWork, item: Item, row: ItemDescent) -> list[Item]:
    """Bring back what is to go home from the item another was merged into, and what is under it, where it was withdrawn
    with that item. Answers what came back: whoever restores it must be allowed to, and its people are told.
    """
    if item.status is not Status.WITHDRAWN or row.moved is None:
        return []
    back: list[Item] = []
    for child, _position in _under(uow.session, row, item):
        under = uow.session.execute(select(Item).where(Item.parent_id == child.id).order_by(Item.position)).scalars()
        for one in (child, *under.all()):
            if one.status is Status.WITHDRAWN and one.withdrawn_with_id == item.withdrawn_with_id:
                give_status(uow, one, one.status_before or Status.DRAFT)
                one.status_before = one.withdrawn_with_id = None
                back.append(one)
    return back


def give_back(uow: UnitOfWork, actor: Actor, other: Item, item: Item, row: ItemDescent) -> None:
    """Give an item that was merged into another, and stands again, what it took along there.

    Words that nobody has changed since are taken out of the other item by an ordinary change; else ``row.words_stay``.
    Both items are held. Raises Forbidden (agreed ones, also those that go home: facilitators only), Conflict (a vote on
    any of these is open, or the other item was itself merged away).
    """
    _must_change(uow, actor, other, item, row)
    row.undone_at = uow.now
    moved = row.moved
    if moved is None:  # merged before this was kept: it comes back with its own words
        row.words_stay = True
        return
    uow.lock_all(Document, [each.id for each in texts_of(uow, item, other)])
    settle(uow, *texts_of(uow, item))
    here = {each.id for each in texts_of(uow, item)}
    _discussions(uow, moved["discussions"], here, item, other)
    _suggestions(uow, moved["suggestions"], here)
    client = documents.client_of(actor, documents.MOVED)
    text = text_of(uow, item, Field.TEXT)
    before, about = text.version, places_in(uow, text)
    for name, place in moved["texts"].items():
        kept, given = text_of(uow, item, Field(name)), text_of(uow, other, Field(name))
        if not _take_out(uow, actor, kept, given, place, client):
            row.words_stay = True
    _homework(uow, moved["homework"], item, other)
    _ties(uow, row, item, other)
    _children(uow, row, item, other)
    _part_again(uow, actor, item, other, row, before, about)
    item.changed_at = uow.now
    note(uow, actor, f"took {other.reference} out of {item.reference} again", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))


def _must_change(uow: UnitOfWork, actor: Actor, other: Item, item: Item, row: ItemDescent) -> None:
    further = merge_of(uow.session, item)
    if further is not None:
        raise Conflict(
            f"{other.reference} was merged into {item.reference}, which was then merged into {further[0].reference}. "
            f"Restore {item.reference} first."
        )
    must_settle(uow.session, actor, [item])
    must_be_free(uow.session, [item])
    if item.status is Status.WITHDRAWN and item.status_before in SETTLED:
        found = require(uow.session, actor, item.group_id, Can.ITEM_WRITE)
        if not allowed(found.role, Can.ITEM_SETTLE):
            raise Forbidden(f"{item.reference} was agreed: ask a facilitator to restore {other.reference}.")
    if going := [child for child, _position in _under(uow.session, row, item)]:
        must_go_along(uow.session, actor, branch_of(uow.session, *going))


def _discussions(
    uow: UnitOfWork, known: Sequence[Sequence[int]], here: set[int], item: Item, other: Item
) -> None:  # fmt: skip
    back = []
    for id_, document_id, made_for, carried_to, begins, ends in known:
        each = uow.session.get(Discussion, id_)
        if each is not None and each.document_id in here:
            each.document_id, each.begins, each.ends = document_id, begins, ends
            each.made_for, each.carried_to = made_for, carried_to
            back.append(each)
    uow.flush()
    comments.lead_on(uow, back, old=item.id, new=other.id)


def _suggestions(uow: UnitOfWork, known: Sequence[Sequence[int]], here: set[int]) -> None:
    """Also those whose words somebody changed meanwhile: where they go back to, they fit as they did."""
    for id_, document_id, version, made_for, by, behind in known:
        each = uow.session.get(Suggestion, id_)
        if each is None or each.state is not SuggestionState.OPEN or each.document_id not in here:
            continue
        if each.made_for == made_for:
            each.changes = each.carried = shifted(recall(each.changes), -by, -behind).to_json()
            each.document_id, each.in_conflict = document_id, False
            each.made_for = each.carried_to = version
    uow.flush()


def _take_out(
    uow: UnitOfWork, actor: Actor, kept: Document, given: Document, place: Mapping[str, Any], client: str
) -> bool:  # fmt: skip
    """Take the words that were put into a text out of it, with what was said of them since.

    False where somebody has changed them, or writes on from them: then they stay.
    """
    begins, ends = stands = _stands(uow.session, kept, given, place)
    if stands.empty:
        return True  # somebody has taken them out
    whole = to_units(kept.text)
    if not _untouched(whole, stands, to_units(given.text), place):
        return False
    take_along(
        uow, kept, given, begins=begins, ends=ends, by=-begins, behind=ends - len(whole), since=place["version"]
    )  # fmt: skip
    before, after = (units_length(gap) for gap in place["gap"])
    if before and _holds(whole, begins - before, place["gap"][0]):
        begins -= before
    elif after and _holds(whole, ends, place["gap"][1]):
        ends += after
    change = replace(len(whole), begins, ends, Units(""))
    addition = documents.Addition(actor.person_id, client, 0, change, change.apply(whole))
    documents.append(uow, kept, [addition])
    settle(uow, kept, given)
    return True


def _stands(session: Session, kept: Document, given: Document, place: Mapping[str, Any]) -> Anchor:
    """Where the words that were put in stand today; empty where nothing is left of them."""
    later = list(documents.changes_of(session, kept, place["version"], kept.version))
    was = Anchor(place["begins"], place["ends"])
    found = carry(was, later)
    if to_units(kept.text)[found.start : found.end] == to_units(given.text):
        return found
    # Whoever brings back earlier words, or sends a whole text, may write them anew: where there is no doubt they are
    # the same.
    return again(kept.text, given.text, was, later) or found


def _untouched(whole: Units, stands: Anchor, words: Units, place: Mapping[str, Any]) -> bool:
    begins, ends = stands
    lead, trail = place["gap"]
    apart_before = begins == 0 or whole[begins - 1] == "\n" or _holds(whole, begins - units_length(lead), lead)
    apart_behind = ends == len(whole) or whole[ends] == "\n" or _holds(whole, ends, trail)
    return whole[begins:ends] == words and apart_before and apart_behind


def _holds(whole: Units, at: int, words: str) -> bool:
    units = to_units(words)
    return bool(words) and at >= 0 and whole[at : at + len(units)] == units


def _homework(uow: UnitOfWork, known: Sequence[int], item: Item, other: Item) -> None:
    """What is still open: what came back meanwhile was about the item it came back on."""
    asked = select(Homework).where(Homework.id.in_(known), Homework.item_id == item.id, IS_OPEN)
    homework.move(uow, uow.session.execute(asked).scalars().all(), other.id)


def _ties(uow: UnitOfWork, row: ItemDescent, item: Item, other: Item) -> None:
    """Principles, models and evidence: the one that was withdrawn has kept its own, and the other had copies.

    What a later merge found there already, and would have brought as well, stays as what that one brought.
    """
    session, moved, heirs = uow.session, row.moved or {}, _heirs(uow.session, row)
    left, merged = set(moved["models"]), [heir.from_id for heir in heirs]
    models = select(ItemModel.item_id, ItemModel.model_id).where(ItemModel.item_id.in_(merged))
    kept = set(map(tuple, session.execute(models)))
    for heir in heirs:
        taken = sorted(id_ for id_ in left if (heir.from_id, id_) in kept)
        _inherit(heir, "models", taken)
        left.difference_update(taken)
    session.execute(delete(ItemModel).where(ItemModel.item_id == item.id, ItemModel.model_id.in_(left)))
    principles = select(ItemPrinciple.item_id, ItemPrinciple.principle_id).where(ItemPrinciple.item_id.in_(merged))
    carried = set(map(tuple, session.execute(principles)))
    for principle_id in moved["principles"]:
        _principle(session, heirs, carried, item, principle_id)
    _lines(session, moved, heirs, item, other)
    _carriers(session, moved, heirs, item, other)
    uow.flush()


def _principle(
    session: Session, heirs: Sequence[ItemDescent], carried: Collection[tuple[int, ...]], item: Item, principle_id: int
) -> None:  # fmt: skip
    """An item carries a principle out no more that came with a merge, unless something else would have brought it: a
    later merge, or a principle that was merged into it meanwhile. Where it was itself merged into another, it is that
    one which the item carries out for it. ``carried`` is which items of later merges carry out which principles."""
    while True:
        merged = merge_of(session, session.get_one(Item, principle_id))
        step = merged[1] if merged is not None else None
        carriers = _brought(step, "carriers") if step is not None else []
        # Those too which did when it was merged into another.
        bearers = {who for who, _before in carriers}
        heir = next(
            (one for one in heirs if (one.from_id, principle_id) in carried or one.from_id in bearers), None
        )  # fmt: skip
        if heir is not None:
            _inherit(heir, "principles", [principle_id])
            return
        if _claimed(session.execute(_merges_into(principle_id)).scalars(), item.id):
            return
        if step is None:
            tie = session.get(ItemPrinciple, (item.id, principle_id))
            if tie is not None:
                session.delete(tie)
            return
        mine = next((each for each in carriers if each[0] == item.id), None)
        if mine is None:
            return  # somebody has put it otherwise since
        _put(step, "carriers", [each for each in carriers if each is not mine])
        if mine[1]:
            return  # it carried that one out as well
        principle_id = step.item_id


def _claimed(merges: Iterable[ItemDescent], carrier_id: int) -> bool:
    """Whether one of some merges of principles would have brought a carrier as well: then it counts as by that one."""
    claim = next((each for each in merges if [carrier_id, 1] in _brought(each, "carriers")), None)
    if claim is not None:
        carriers = _brought(claim, "carriers")
        _put(claim, "carriers", [[who, 0 if who == carrier_id else before] for who, before in carriers])
    return claim is not None


def _carriers(
    session: Session, moved: Mapping[str, Any], heirs: Sequence[ItemDescent], item: Item, other: Item
) -> None:  # fmt: skip
    """Who carried the other out does so again, and the item no more where that came with it."""
    for id_, carried_before in moved["carriers"]:
        tie = session.get(ItemPrinciple, (id_, item.id))
        if tie is None or session.get(ItemPrinciple, (id_, other.id)) is not None:
            continue
        session.add(ItemPrinciple(item_id=id_, principle_id=other.id))
        if carried_before:
            continue
        if not _claimed(heirs, id_):
            session.delete(tie)


def _merges_into(item_id: int) -> Select[ItemDescent]:
    """The merges into an item that stand, in their order."""
    return select(ItemDescent).where(
        ItemDescent.item_id == item_id, ItemDescent.how == Descent.MERGE, ItemDescent.undone_at.is_(None)
    ).order_by(ItemDescent.id)  # fmt: skip


def _heirs(session: Session, merge: ItemDescent) -> list[ItemDescent]:
    """The merges into the same item that came later and stand, in their order."""
    later = _merges_into(merge.item_id).where(ItemDescent.id > merge.id)
    return [each for each in session.execute(later).scalars() if each.moved is not None]


def _inherit(heir: ItemDescent, name: str, some: Sequence[int]) -> None:
    """Count some ties among those that a merge brought."""
    if some:
        _put(heir, name, [*_brought(heir, name), *some])


def _brought(row: ItemDescent, name: str) -> list[Any]:
    """What a merge brought of one kind; nothing where that was not kept then."""
    return list((row.moved or {}).get(name, []))


def _put(row: ItemDescent, name: str, value: Sequence[Any]) -> None:
    row.moved = {**(row.moved or {}), name: value}


def _lines(
    session: Session, moved: Mapping[str, Any], heirs: Sequence[ItemDescent], item: Item, other: Item
) -> None:  # fmt: skip
    """The lines of evidence that a merge brought, and what it added to the notes of others."""
    notes = moved.get("notes", [])  # merged before these were kept: none was changed
    about = [*moved["findings"], *(finding_id for finding_id, _said in notes)]
    theirs = [item.id, other.id, *(heir.from_id for heir in heirs)]
    links = select(Link).where(Link.finding_id.in_(about), Link.item_id.in_(theirs))
    found = {(each.finding_id, each.item_id): each for each in session.execute(links).scalars()}
    said_by = _SaidBy(session, heirs, found)
    inherited: dict[int, list[int]] = {heir.id: [] for heir in heirs}
    for finding_id in moved["findings"]:
        copy, own = found.get((finding_id, item.id)), found.get((finding_id, other.id))
        # A line that somebody has put otherwise since is theirs.
        if copy is None or own is None or (copy.relation, said_by.bare(copy)) != (own.relation, own.note):
            continue
        next_one = next((each for each in heirs if (finding_id, each.from_id) in found), None)
        if next_one is None:
            session.delete(copy)
            continue
        line = found[finding_id, next_one.from_id]
        copy.relation, copy.note = line.relation, line.note
        copy.created_at, copy.created_by_id = line.created_at, line.created_by_id
        inherited[next_one.id].append(finding_id)
        said_by.forget(finding_id)
        said_by.say([heir for heir in heirs if heir is not next_one], copy)
    for finding_id, said in notes:
        held = found.get((finding_id, item.id))
        if held is not None and (rest := without(held.note, said)) != held.note:
            held.note = rest
            said_by.say(heirs, held)
    for heir in heirs:
        _inherit(heir, "findings", inherited[heir.id])
    said_by.store()


class _SaidBy:
    """What each of some merges into an item added to the notes on its findings.

    It is read once and stored once: a merge keeps it in one value with all else that moved.
    """

    def __init__(
        self, session: Session, merges: Sequence[ItemDescent], found: Mapping[tuple[int, int], Link]
    ) -> None:  # fmt: skip
        self._merges, self._found = merges, found
        ids = {merge.from_id for merge in merges}
        named = session.execute(select(Item).where(Item.id.in_(ids))).scalars()
        self._references = {one.id: one.reference for one in named}
        self._added: dict[int, dict[int, list[str]]] = {merge.id: {} for merge in merges}
        for merge in merges:
            for finding_id, said in _brought(merge, "notes"):
                self._added[merge.id].setdefault(finding_id, []).append(said)

    def bare(self, line: Link) -> str:
        """The note of a line without all of it."""
        words = line.note
        for added in self._added.values():
            for said in added.get(line.finding_id, []):
                words = without(words, said)
        return words

    def forget(self, finding_id: int) -> None:
        """None of it stands in the note on a finding any more."""
        for added in self._added.values():
            added.pop(finding_id, None)

    def say(self, merges: Iterable[ItemDescent], held: Link) -> None:
        """Let a line say what the lines of merged items say of the same finding, as far as it does not, and as it
        fits."""
        for merge in merges:
            line = self._found.get((held.finding_id, merge.from_id))
            added = self._added[merge.id]
            if line is None or added.get(held.finding_id):
                continue  # what it has said already stands there, or somebody has taken it out
            if said := say_beside(held, line, self._references[merge.from_id]):
                added[held.finding_id] = [said]

    def store(self) -> None:
        """Keep it with the merges."""
        for merge in self._merges:
            pairs = [[finding_id, said] for finding_id, some in self._added[merge.id].items() for said in some]
            if pairs != _brought(merge, "notes"):
                _put(merge, "notes", pairs)


def _under(session: Session, row: ItemDescent, item: Item) -> list[tuple[Item, int]]:
    """What a merge brought under an item and stands there still, each with the place it had."""
    places: dict[int, int] = dict(_brought(row, "under"))
    query = select(Item).where(Item.id.in_(places), Item.parent_id == item.id).order_by(Item.position, Item.id)
    return [(child, places[child.id]) for child in session.execute(query).scalars()]


def _children(uow: UnitOfWork, row: ItemDescent, item: Item, other: Item) -> None:
    """What stood under it, with what is under that."""
    for child, position in _under(uow.session, row, item):
        child.parent_id, child.position = other.id, position
        uow.emit(ItemChanged(item.group_id, child.id))


def _part_again(
    uow: UnitOfWork, actor: Actor, item: Item, part: Item, row: ItemDescent, before: int,
    about: Mapping[int, tuple[int, int]],
) -> None:  # fmt: skip
    """Where the merge was a split that was taken back, the part is split off again.

    That is a split of its own: that the first was taken back stays true. Where its words stay none is kept, as taking
    that back would put them in a second time: that it was once split off is true again (``origins.lines``).
    """
    if not row.words_stay and _took_back(uow.session, row):
        moved = parted_at(uow, text_of(uow, item, Field.TEXT), part, before=before, about=about)
        keep(uow, actor, part, item, Descent.SPLIT, moved)


def _took_back(session: Session, merge: ItemDescent) -> bool:
    """Whether a merge was a split that was taken back."""
    query = select(ItemDescent.id).where(
        ItemDescent.item_id == merge.from_id, ItemDescent.from_id == merge.item_id,
        ItemDescent.how == Descent.SPLIT, ItemDescent.undone_at == merge.at,
    )  # fmt: skip
    return session.execute(query).first() is not None
