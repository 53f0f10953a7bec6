"""Doing one thing to several items at once: all of them or none, in one transaction, with one line of what happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.events import TreeChanged
from app.policy import Actor, Can, require
from app.services.activity import note
from app.services.items import (
    SETTLED,
    STATUS_WORDS,
    give_status,
    items_of,
    must_be_free,
    must_settle,
    must_stand,
    references,
)
from app.services.outline import restore_branches, withdraw_branches
from app.uow import UnitOfWork
from models.documents import Document, TextChange
from models.groups import Group
from models.items import Item, Status

#: How many items are changed at once.
MOST = 200


class Seen(NamedTuple):
    """What a page saw of the words of a group: when it looked, and how many changes of texts were stored by then."""

    moment: datetime
    changes: int


def set_statuses(
    uow: UnitOfWork, actor: Actor, *, group_id: int, wanted: Mapping[int, Status], read: Seen | None = None,
    given: Status | None = None,
) -> dict[int, Status]:  # fmt: skip
    """Bring items to a status each; those that changed, with the status they had, which is the way back.

    Who says that words are agreed has read them: where ``read`` is given, what their page saw, words that somebody has
    written past it are not agreed so. Who takes back that items were ``given`` a status leaves those alone to which
    somebody has given another since, and agreed ones whose words are others by now.

    Raises NotFound (also for foreign items), Forbidden (agreed ones, to and from: facilitators only), Invalid (none or
    too many chosen, or withdrawing so), Conflict (a withdrawn one, a vote is open, or words were changed after
    ``read``).
    """
    if Status.WITHDRAWN in wanted.values():
        raise Invalid("Withdraw the items instead.")
    held = _hold(uow, actor, group_id, wanted)
    some = [item for item in held if item.status is not wanted[item.id] and given in (None, item.status)]
    for item in some:
        must_stand(uow.session, item)
    must_settle(uow.session, actor, some)
    if any(wanted[item.id] in SETTLED for item in some):
        require(uow.session, actor, group_id, Can.ITEM_SETTLE)
    must_be_free(uow.session, some)
    if read is not None:
        settled = [item for item in some if not SETTLED.isdisjoint({wanted[item.id], given})]
        others = _changed_since(uow, group_id, settled, read)
        if agreeing := [item for item in others if wanted[item.id] in SETTLED]:
            raise Conflict(
                f"The words of {references(agreeing)} were changed after this page was made. Read them as they are now "
                "first."
            )
        some = [item for item in some if item not in others]
    before = {item.id: item.status for item in some}
    for item in some:
        give_status(uow, item, wanted[item.id])
    for status in dict.fromkeys(wanted[item.id] for item in some):
        moved = [item for item in some if wanted[item.id] is status]
        note(uow, actor, f"moved {references(moved)} to {STATUS_WORDS[status]}", group_id=group_id)
    if some:
        uow.emit(TreeChanged(group_id))
    return before


def withdraw(uow: UnitOfWork, actor: Actor, *, group_id: int, item_ids: Collection[int]) -> list[Item]:
    """Withdraw items, each with what is under it; those that were chosen and stood. ``restore`` is the way back.

    Raises NotFound, Forbidden (agreed ones: facilitators only), Invalid, Conflict (a vote is open).
    """
    chosen = _hold(uow, actor, group_id, item_ids)
    roots = [root for root, *_under in withdraw_branches(uow, actor, chosen)]
    if roots:
        note(uow, actor, f"withdrew {references(roots)}", group_id=group_id)
        uow.emit(TreeChanged(group_id))
    return roots


def restore(uow: UnitOfWork, actor: Actor, *, group_id: int, item_ids: Collection[int]) -> list[Item]:
    """Bring withdrawn items back, with what went with them; those that came back.

    Raises NotFound, Forbidden (those that were agreed: facilitators only), Invalid, Conflict (a parent is withdrawn).
    """
    chosen = _hold(uow, actor, group_id, item_ids)
    back = [root for root, *_with_it in restore_branches(uow, actor, chosen)]
    if back:
        note(uow, actor, f"restored {references(back)}", group_id=group_id)
        uow.emit(TreeChanged(group_id))
    return back


def seen(uow: UnitOfWork, group_id: int) -> Seen:
    """What this transaction sees of the words of a group."""
    return Seen(uow.now, uow.session.execute(_stored(group_id)).scalar_one())


def _stored(group_id: int) -> Select[int]:
    """How many changes of texts are stored in a group: versions count them."""
    return select(func.coalesce(func.sum(Document.version), 0)).where(Document.group_id == group_id)


def changed_by(session: Session, group_id: int, person_id: int) -> set[int]:
    """The items of a group in whose texts somebody has written."""
    wrote = select(TextChange.document_id).where(
        TextChange.document_id == Document.id, TextChange.author_id == person_id
    )
    query = select(Document.item_id).where(Document.group_id == group_id, Document.item_id.is_not(None), wrote.exists())
    return {item_id for item_id in session.execute(query.distinct()).scalars() if item_id is not None}


def _changed_since(uow: UnitOfWork, group_id: int, some: Collection[Item], read: Seen) -> list[Item]:
    """The items whose words, held from now on, were changed after a page was made. Raises Conflict where that cannot be
    told."""
    query = select(Document.id).where(Document.item_id.in_([item.id for item in some]))
    held = {each.id: each.item_id for each in uow.lock_all(Document, uow.session.execute(query).scalars())}
    since = select(TextChange.document_id).where(TextChange.document_id.in_(held), TextChange.at > read.moment)
    changed = {held[id_] for id_ in uow.session.execute(since.distinct()).scalars()}
    if changed:
        return [item for item in some if item.id in changed]
    # What was being stored when the page looked bears an earlier moment, and the page did not see it. Whose words it is
    # cannot be told any more, only that there is such a change.
    later = (
        select(func.count()).select_from(TextChange).join(Document, Document.id == TextChange.document_id)
        .where(Document.group_id == group_id, Document.changed_at > read.moment, TextChange.at > read.moment)
    )  # fmt: skip
    now, after = uow.session.execute(select(_stored(group_id).scalar_subquery(), later.scalar_subquery())).one()
    if now - after != read.changes:
        raise Conflict("Words were changed just when this page was made. Read them as they are now first.")
    return []


def _hold(uow: UnitOfWork, actor: Actor, group_id: int, ids: Collection[int]) -> list[Item]:
    """The items in tree order, with the group and all of its items that may be touched held against other writers."""
    require(uow.session, actor, group_id, Can.ITEM_WRITE)
    if not ids:
        raise Invalid("", fields={"ids": "Choose at least one item."})
    if len(ids) > MOST:
        raise Invalid("", fields={"ids": f"Choose at most {MOST} items."})
    uow.lock(Group, group_id)
    known = [item.id for item in items_of(uow.session, group_id)]
    if not set(ids) <= set(known):
        raise NotFound()
    uow.lock_all(Item, known)
    return [item for item in items_of(uow.session, group_id) if item.id in set(ids)]
