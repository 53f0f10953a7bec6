"""The shape of the blueprint: the four core elements, moving, withdrawing, restoring. Every act can be undone.

All of them hold the group's row, so that two hands never number the same places at once, and the rows of the items
they change, so that no vote opens and no status is given meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select

from app.errors import Conflict
from app.events import ItemChanged, TreeChanged
from app.policy import Actor, Can
from app.services import homework, suggestions, unmerging
from app.services.activity import note
from app.services.items import (
    access_item,
    add_item,
    branch_of,
    check_parent,
    give_status,
    merge_of,
    must_be_free,
    must_go_along,
    must_settle,
    must_stand,
    now_under,
    siblings,
)
from app.uow import UnitOfWork
from models.groups import Group
from models.items import Item, ItemDescent, Kind, PrincipleGroup, Status

#: Titles of the core elements a blueprint starts with.
CORE_ELEMENTS: Sequence[str] = (
    "(Joint) outcomes",
    "Partnership: collaboration and leadership",
    "Financial: incentives and risk",
    "Legal",
)


class Place(NamedTuple):
    """Where an item stood: enough to move it back."""

    parent_id: int | None
    principle_group: PrincipleGroup | None
    position: int


def start(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[Item]:
    """Add the four core elements to a blueprint that has no element yet. Raises Conflict when it has one."""
    uow.lock(Group, group_id)
    if uow.session.execute(select(Item.id).where(Item.group_id == group_id, Item.kind == Kind.ELEMENT)).first():
        raise Conflict("This blueprint has core elements already.")
    return [
        add_item(uow, actor, group_id=group_id, kind=Kind.ELEMENT, title=title, status=Status.DRAFT)
        for title in CORE_ELEMENTS
    ]


def place_of(item: Item) -> Place:
    """Where an item stands now."""
    return Place(item.parent_id, item.principle_group, item.position)


def shift_item(uow: UnitOfWork, actor: Actor, *, item_id: int, by: int, group_id: int | None = None) -> Place | None:
    """Move an item one place up (``by`` -1) or down (1) among the siblings that are not withdrawn.

    Answers where it stood, or None when it is the first or last already. Raises NotFound, Forbidden (agreed, it or what
    is under it: facilitators only), Conflict (withdrawn, or a vote on any of these is open).
    """
    item = _hold(uow, actor, item_id, group_id)
    row = siblings(uow.session, item.group_id, item.kind, item.parent_id, item.principle_group)
    standing = [one for one in row if one.status is not Status.WITHDRAWN]
    at = standing.index(item) + (1 if by > 0 else -1)
    if not 0 <= at < len(standing):
        return None
    before = place_of(item)
    row.remove(item)
    row.insert(row.index(standing[at]) + (1 if by > 0 else 0), item)
    _number(row)
    _tell(uow, actor, item, f"moved {item.reference} {'down' if by > 0 else 'up'}")
    return before


def move_item(
    uow: UnitOfWork,
    actor: Actor,
    *,
    item_id: int,
    parent_id: int | None = None,
    principle_group: PrincipleGroup | None = None,
    position: int | None = None,
    group_id: int | None = None,
) -> Place:
    """Move an item under another parent of the same kind (a principle: to the other family), or to another place.

    ``position`` counts from 0 among all siblings, withdrawn ones too; beyond the end, or None, means last. The
    reference stays. Answers where the item stood. Raises Invalid, and NotFound, Forbidden, Conflict as ``shift_item``.
    """
    item = _hold(uow, actor, item_id, group_id)
    before = place_of(item)
    family = (principle_group or item.principle_group) if item.kind is Kind.PRINCIPLE else None
    parent = check_parent(uow.session, item.group_id, item.kind, parent_id)
    old = siblings(uow.session, item.group_id, item.kind, item.parent_id, item.principle_group)
    old.remove(item)
    stays = item.parent_id == parent_id and item.principle_group is family
    row = old if stays else siblings(uow.session, item.group_id, item.kind, parent_id, family)
    item.parent_id, item.principle_group = parent_id, family
    row.insert(len(row) if position is None else max(0, min(position, len(row))), item)
    _number(old)
    _number(row)
    _tell(uow, actor, item, _moved(item, parent, stays=stays))
    return before


def withdraw_item(uow: UnitOfWork, actor: Actor, *, item_id: int, group_id: int | None = None) -> list[Item]:
    """Withdraw an item and what is under it; nothing is deleted and no reference becomes free. Answers all of them.

    Raises NotFound, Forbidden (an agreed one: facilitators only), Conflict (withdrawn already, or a vote is open).
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    _hold_branch(uow, item)
    if item.status is Status.WITHDRAWN:
        raise Conflict(f"{item.reference} is withdrawn already.")
    [going] = withdraw_branches(uow, actor, [item])
    more = f" with {len(going) - 1} under it" if len(going) > 1 else ""
    _tell(uow, actor, item, f"withdrew {item.reference}{more}")
    return going


def withdraw_branches(uow: UnitOfWork, actor: Actor, roots: Iterable[Item]) -> list[list[Item]]:
    """Withdraw held items with the held branches under them: the branches that went, each with its root first.

    Those who have homework or suggestions on them are told, each once; what was done the caller says. Raises as above.
    """
    branches: list[list[Item]] = []
    for root in roots:
        if root.status is Status.WITHDRAWN:
            continue  # it stood under another one, and has gone with it
        branch = [one for one in branch_of(uow.session, root) if one.status is not Status.WITHDRAWN]
        must_settle(uow.session, actor, branch)
        must_be_free(uow.session, branch)
        for one in branch:
            one.status_before, one.withdrawn_with_id = one.status, root.id
            give_status(uow, one, Status.WITHDRAWN)
        branches.append(branch)
    going = [one for branch in branches for one in branch]
    homework.tell_takers(uow, actor, going, withdrawn=True)
    suggestions.tell_authors(uow, actor, going, withdrawn=True)
    return branches


def restore_item(uow: UnitOfWork, actor: Actor, *, item_id: int, group_id: int | None = None) -> list[Item]:
    """Bring back a withdrawn item, and what was withdrawn with it, as it was. Answers all of them.

    One that was merged into another gets back what it took along there (``unmerging.give_back``).

    Raises NotFound, Forbidden (one that was agreed, or merged into an agreed one, or with agreed ones that go home to
    it: facilitators only), Conflict (its parent is still withdrawn, or so is the merge of the item it was merged into,
    or a vote on any of these is open).
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    _hold_branch(uow, item)
    unmerging.hold(uow, item)
    if item.status is not Status.WITHDRAWN:
        raise Conflict(f"{item.reference} is not withdrawn.")
    [coming] = restore_branches(uow, actor, [item])
    more = f" with {len(coming) - 1} under it" if len(coming) > 1 else ""
    _tell(uow, actor, item, f"restored {item.reference}{more}")
    return coming


def restore_branches(uow: UnitOfWork, actor: Actor, roots: Iterable[Item]) -> list[list[Item]]:
    """Restore held items, each with what was withdrawn with it: the branches that came back, each with its root first.

    Those who have homework or suggestions on them are told, each once; what was done the caller says. Raises as above.
    """
    branches: list[list[Item]] = []
    merged: list[tuple[list[Item], Item, ItemDescent]] = []
    roots = list(roots)
    rested = {root.id for root in roots if unmerging.rests(uow.session, root)}
    for root in roots:
        if root.status is not Status.WITHDRAWN:
            continue
        merge = merge_of(uow.session, root)
        parent = uow.session.get(Item, root.parent_id) if root.parent_id is not None else None
        if parent is not None and parent.status is Status.WITHDRAWN:
            raise Conflict(f"{parent.reference}, which it stands under, is withdrawn. Restore that first.")
        branch = [one for one in branch_of(uow.session, root) if one is root or one.withdrawn_with_id == root.id]
        for one in branch:
            give_status(uow, one, one.status_before or Status.DRAFT)
            one.status_before = one.withdrawn_with_id = None
        branches.append(branch)
        if merge is not None:
            merged.append((branch, *merge))
    merged.sort(key=lambda each: each[2].id, reverse=True)
    for branch, into, row in merged:
        branch.extend(unmerging.revive(uow, into, row))
    coming = [one for branch in branches for one in branch]
    # What rested in the other item was said to rest, so it goes home first; what stood there all the time, afterwards.
    for branch, into, row in merged:
        if branch[0].id in rested:
            unmerging.give_back(uow, actor, branch[0], into, row)
    homework.tell_takers(uow, actor, coming, withdrawn=False)
    suggestions.tell_authors(uow, actor, coming, withdrawn=False)
    for branch, into, row in merged:
        if branch[0].id not in rested:
            unmerging.give_back(uow, actor, branch[0], into, row)
    must_settle(uow.session, actor, coming)
    return branches


def _hold(uow: UnitOfWork, actor: Actor, item_id: int, group_id: int | None) -> Item:
    """The item to be moved, with its branch held. A branch with anything agreed in it is moved by facilitators only."""
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    _hold_branch(uow, item)
    must_stand(uow.session, item)
    must_settle(uow.session, actor, [item])
    must_be_free(uow.session, [item])
    must_go_along(uow.session, actor, branch_of(uow.session, item))
    return item


def _hold_branch(uow: UnitOfWork, item: Item) -> None:
    """Hold the group's row and then the whole branch, fresh: moving needs the group's row, so it stays whole."""
    uow.lock(Group, item.group_id)
    uow.lock_all(Item, [one.id for one in branch_of(uow.session, item)])


def _number(row: list[Item]) -> None:
    for position, item in enumerate(row):
        item.position = position


def _moved(item: Item, parent: Item | None, *, stays: bool) -> str:
    if stays:
        return f"moved {item.reference} to place {item.position + 1}"
    if parent is None:
        family = "person-centred" if item.principle_group is PrincipleGroup.PERSON_CENTRED else "organisational"
        return f"moved {item.reference} to the {family} principles"
    back = "" if now_under(item, parent) else "back "
    return f"moved {item.reference} {back}under {parent.reference}"


def _tell(uow: UnitOfWork, actor: Actor, item: Item, sentence: str) -> None:
    item.changed_at = uow.now
    note(uow, actor, sentence, group_id=item.group_id, item_id=item.id)
    uow.emit(TreeChanged(item.group_id))
    uow.emit(ItemChanged(item.group_id, item.id))
