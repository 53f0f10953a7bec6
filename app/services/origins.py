"""Where items come from: what was split off them and merged into them, as it is true today or was at a moment.

Every split and merge is kept for good (``descent.py`` does them, ``unmerging.py`` takes merges back). Here is read what
still holds of them: in the lines of an item's page, in files, for who has the item open meanwhile, and for documents
from before that come back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from app.calc.changes import ChangeSet
from app.calc.suggestions import Place, places
from app.policy import Actor, Can
from app.services import documents
from app.services.accounts import names_of
from app.services.items import access_item, merge_of, went_to
from app.uow import UnitOfWork
from models.documents import Document, Field
from models.items import Descent, Item, ItemDescent, Status


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
    """Where an item comes from and what has come of it, oldest first, as it is true today.

    ``words_of`` were merged into it and are items of their own again, but their words stay in it; ``words_in`` says the
    same of the other one.
    """

    split_from: list[Relative]
    merged_in: list[Relative]
    split_off: list[Relative]
    merged_into: list[Relative]
    words_of: list[Relative]
    words_in: list[Relative]

    def __bool__(self) -> bool:
        return any((self.split_from, self.merged_in, self.split_off, self.merged_into, self.words_of, self.words_in))


def ancestry(session: Session, item: Item) -> Ancestry:
    """Where an item comes from, and what came of it."""
    rows = session.execute(
        select(ItemDescent).where((ItemDescent.item_id == item.id) | (ItemDescent.from_id == item.id))
        .order_by(ItemDescent.id)
    ).scalars().all()  # fmt: skip
    ids = {each for row in rows for each in (row.item_id, row.from_id)}
    known = {one.id: one for one in session.execute(select(Item).where(Item.id.in_(ids))).scalars()}
    titles = documents.documents_of(session, ids)
    found = Ancestry([], [], [], [], [], [])
    put_back, splits = _put_back(rows), _splits(rows)
    for row in rows:
        older = row.item_id == item.id
        end = row.from_id if older else row.item_id
        if row.how is Descent.SPLIT:
            if row not in splits:
                continue
            among = found.split_from if older else found.split_off
        elif row.undone_at is not None or known[row.from_id].status is not Status.WITHDRAWN:
            # Before it was kept what a merge moved, restoring the one brought back nothing of the other.
            if row.undone_at is not None and not row.words_stay:
                continue
            among = found.words_of if older else found.words_in
        elif older and _same_moment(row) in put_back:
            continue
        else:
            among = found.merged_in if older else found.merged_into
        title = titles.get(end, {}).get(Field.TITLE)
        relative = Relative(end, known[end].reference, title.text if title else "", row.how, row.at)
        if end not in [each.item_id for each in among]:
            among.append(relative)
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
            ItemDescent.from_id == item.id,
            ItemDescent.how == Descent.SPLIT,
            ItemDescent.id > after,
            ItemDescent.undone_at.is_(None),
        )
    ).all()
    if not rows:
        return []
    by: dict[int, int | None] = {made: person for made, person in rows}  # noqa: C416  # rows are not pairs to the type checker
    names = names_of(session, by.values())
    off = [each for each in ancestry(session, item).split_off if each.item_id in by]
    return [(each, names.get(by[each.item_id] or 0, "")) for each in off]


class Cut(NamedTuple):
    """What a split took out of a text: the words from ``start`` to ``end``, in units, of its version ``before``, which
    are in ``part`` since."""

    before: int
    start: int
    end: int
    part: Item

    def took(self, place: Place) -> bool:
        """Whether what is changed at a place of that version belongs to the words that went."""
        if self.start < place.start < self.end:
            return True
        return place.start == self.end and place.goes_on  # it goes on from the last of them


def cuts(session: Session, text: Document, *, after: int) -> list[Cut]:
    """The splits of an item's words later than a version of them, oldest first, but those that were taken back."""
    rows = session.execute(
        select(Item, ItemDescent.moved).join(ItemDescent, ItemDescent.item_id == Item.id)
        .where(
            ItemDescent.from_id == text.item_id, ItemDescent.how == Descent.SPLIT, ItemDescent.undone_at.is_(None)
        )
        .order_by(ItemDescent.id)
    ).all()  # fmt: skip
    found = []
    for part, moved in rows:
        if moved is None or moved["before"] < after:
            continue
        # None where somebody had taken all of the part's words out before it was split off again.
        log = [*documents.changes_of(session, text, moved["before"], moved["left"])]
        if log and (gone := places(reduce(ChangeSet.compose, log))):
            found.append(Cut(moved["before"], gone[0].start, gone[-1].end, part))
    return found


@dataclass(frozen=True)
class Elsewhere:
    """Why earlier words of an item are not simply its words: what of them stands in other items by now (``parted``, and
    could be put back where ``how`` is a split), and which items became a part of it only later (``joined``)."""

    parted: list[Relative]
    joined: list[Relative]


def elsewhere(uow: UnitOfWork, actor: Actor, *, item_id: int, since: datetime) -> Elsewhere:
    """What would stand twice, or nowhere, if an item had again the words that it had at a moment.

    What went and came home again since then is neither, nor is a part that is withdrawn; of one that was merged into
    another item, that is told. Raises NotFound, Forbidden.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ)
    rows = uow.session.execute(
        select(ItemDescent).where(or_(
            and_(ItemDescent.from_id == item.id, ItemDescent.how == Descent.SPLIT),
            and_(ItemDescent.item_id == item.id, ItemDescent.how == Descent.MERGE),
        ))
    ).scalars().all()  # fmt: skip
    turns: list[tuple[datetime, int, bool, Descent]] = []
    for row in rows:
        if row.how is Descent.SPLIT:  # that it was taken back is a merge of its own
            turns.append((row.at, row.item_id, False, row.how))
        elif row.moved is None or row.moved["texts"]:  # else none of its words came along
            turns.append((row.at, row.from_id, True, row.how))
            if row.undone_at is not None and not row.words_stay:
                turns.append((row.undone_at, row.from_id, False, row.how))
    turns.sort(key=lambda turn: turn[0])
    ends = {other for at, other, _within, _how in turns if at > since}
    known = {one.id: one for one in uow.session.execute(select(Item).where(Item.id.in_(ends))).scalars()}
    found = Elsewhere([], [])
    for other in sorted(ends):
        then = [within for at, one, within, _how in turns if one == other and at <= since]
        later = [(at, within, how) for at, one, within, how in turns if one == other and at > since]
        was_within = then[-1] if then else not later[0][1]
        at, is_within, how = later[-1]
        end = known[other] if is_within else went_to(uow.session, known[other])
        stands = end.status is not Status.WITHDRAWN
        if is_within not in (was_within, stands) and end is not item:
            relative = _relative(uow.session, end, how if end is known[other] else Descent.MERGE, at)
            (found.joined if is_within else found.parted).append(relative)
    return found


def _relative(session: Session, item: Item, how: Descent, at: datetime) -> Relative:
    title = documents.documents_of(session, [item.id])[item.id][Field.TITLE].text
    return Relative(item.id, item.reference, title, how, at)


def newest(session: Session, group_id: int) -> int:
    """The number of the latest split or merge of a group, 0 before the first."""
    return session.execute(select(func.max(ItemDescent.id)).where(ItemDescent.group_id == group_id)).scalar() or 0


def merged_away(session: Session, item: Item) -> tuple[str, int, str] | None:
    """For an item that is withdrawn because it was merged into another one: that one's reference, and who did it, by id
    and name, 0 and empty where nobody knows. None for any other."""
    found = merge_of(session, item)
    if found is None:
        return None
    into, row = found
    return into.reference, row.by_id or 0, names_of(session, [row.by_id]).get(row.by_id or 0, "")


def lines(
    session: Session, group_id: int, item_ids: Collection[int], *, until: datetime | None = None
) -> dict[int, str]:
    """For items that come from others a line that says so, as it stood at ``until``: "Formed from C3.2 and C3.5"."""
    query = select(ItemDescent).where(ItemDescent.group_id == group_id).order_by(ItemDescent.id)
    if until is not None:
        query = query.where(ItemDescent.at <= until)
    some = session.execute(query).scalars().all()
    put_back, splits = _put_back(some, until), _splits(some, until)

    def holds(row: ItemDescent) -> bool:
        if row.how is Descent.SPLIT:
            return row in splits
        return row.words_stay if _undone(row, until) else _same_moment(row) not in put_back

    rows = [row for row in some if row.item_id in item_ids and holds(row)]
    ids = {each for row in rows for each in (row.item_id, row.from_id)}
    references = {one.id: one.reference for one in session.execute(select(Item).where(Item.id.in_(ids))).scalars()}
    found: dict[int, str] = {}
    for item_id in dict.fromkeys(row.item_id for row in rows):
        mine = [row for row in rows if row.item_id == item_id]
        merged = list(dict.fromkeys(references[row.from_id] for row in mine if row.how is Descent.MERGE))
        split = dict.fromkeys(references[row.from_id] for row in mine if row.how is Descent.SPLIT)
        parts = [f"Split from {each}" for each in split]
        if merged:
            parts.append(f"Formed from {', '.join([references[item_id], *merged[:-1]])} and {merged[-1]}")
        found[item_id] = "; ".join(parts)
    return found


def split_of(session: Session, part: Item) -> ItemDescent | None:
    """How an item was split off another one, where that was not taken back."""
    query = select(ItemDescent).where(
        ItemDescent.item_id == part.id, ItemDescent.how == Descent.SPLIT, ItemDescent.undone_at.is_(None)
    )
    return session.execute(query.order_by(ItemDescent.id.desc()).limit(1)).scalar()


def _undone(row: ItemDescent, until: datetime | None) -> bool:
    return row.undone_at is not None and (until is None or row.undone_at <= until)


def _put_back(rows: Iterable[ItemDescent], until: datetime | None = None) -> set[tuple[int, int, datetime]]:
    """The merges that took a split back, as ``_same_moment`` names them: nothing comes from another by these."""
    return {
        (row.from_id, row.item_id, row.undone_at)
        for row in rows if row.how is Descent.SPLIT and row.undone_at is not None and _undone(row, until)
    }  # fmt: skip


def _splits(rows: Iterable[ItemDescent], until: datetime | None = None) -> list[ItemDescent]:
    """The splits that hold: those not taken back, and those whose part came out again while its words stayed.

    Where the words came out too, that is a split of its own.
    """
    stay = {_same_moment(row) for row in rows if row.words_stay and _undone(row, until)}
    return [
        row for row in rows
        if row.how is Descent.SPLIT
        and (not _undone(row, until) or (row.from_id, row.item_id, row.undone_at) in stay)
    ]  # fmt: skip


def _same_moment(row: ItemDescent) -> tuple[int, int, datetime]:
    return row.item_id, row.from_id, row.at
