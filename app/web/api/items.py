"""The blueprint: read as a flat tree, add to, bring to a status, move."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.policy import Actor, Can
from app.services import groups, items, outline
from app.services.items import Entry
from app.uow import UnitOfWork
from app.web.api.calls import Sent, Shown, bp, calling, documented, sent
from app.web.forms import LARGEST_ID
from models import documents
from models.items import Kind, PrincipleGroup, Status

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
# A strict model takes no words for an enumeration's members; these fields do, and nothing but these words.
OneKind = Annotated[Kind, Field(strict=False)]
OneStatus = Annotated[Status, Field(strict=False)]
OneFamily = Annotated[PrincipleGroup, Field(strict=False)]


class Item(Shown):
    """One item. The documents are what the live text protocol joins; `text_version` counts the changes of the text."""

    id: int
    reference: str
    kind: Kind
    parent_id: int | None
    principle_group: PrincipleGroup | None
    position: int
    status: Status
    title: str
    text: str
    why: str
    summary: str
    title_document: int | None
    text_document: int | None
    text_version: int | None


class Items(Shown):
    """The tree, flat and in order."""

    items: list[Item]


class NewItem(Sent):
    """A criterion stands under an element, a specification under a criterion, the others at the top."""

    kind: OneKind
    parent_id: Id | None = None
    title: Annotated[str, Field(min_length=1, max_length=300)]
    text: Annotated[str, Field(max_length=100_000)] = ""
    why: Annotated[str, Field(max_length=100_000)] = ""
    summary: Annotated[str, Field(max_length=100_000)] = ""
    principle_group: OneFamily | None = None


class ItemChange(Sent):
    """What to change; what is left out stays. `position` counts from 0 among all siblings."""

    status: OneStatus | None = None
    parent_id: Id | None = None
    position: Annotated[int, Field(ge=0, le=100_000)] | None = None


@bp.get("/groups/<slug>/items")
@documented(Items, tag="blueprint")
def list_items(slug: str) -> Items:
    """The blueprint's tree, flat and in order; withdrawn items too."""
    with calling() as (uow, actor):
        group, _standing = groups.access_group(uow.session, actor, slug, Can.ITEM_READ)
        entries = items.tree(uow, actor, group.id)
    return Items(items=[_shown(entry) for entry in entries])


@bp.post("/groups/<slug>/items")
@documented(Item, tag="blueprint", status=201, body=NewItem, refusals=(403, 404, 409, 422))
def add_item(slug: str) -> Item:
    """Add an item as the last under its parent, as an idea."""
    given = sent(NewItem)
    with calling(writing=True) as (uow, actor):
        group, _standing = groups.access_group(uow.session, actor, slug, Can.ITEM_WRITE)
        made = items.add_item(
            uow,
            actor,
            group_id=group.id,
            kind=given.kind,
            title=given.title,
            parent_id=given.parent_id,
            text=given.text,
            why=given.why,
            summary=given.summary,
            principle_group=given.principle_group,
        )
        entry = items.entry_of(uow, actor, made.id)
    return _shown(entry)


@bp.patch("/items/<int:item_id>")
@documented(Item, tag="blueprint", body=ItemChange, refusals=(403, 404, 409, 422))
def change_item(item_id: int) -> Item:
    """Bring an item to a status, or move it; all or nothing.

    `withdrawn` withdraws what stands under it too; any other status restores a withdrawn item first.
    """
    given = sent(ItemChange)
    with calling(writing=True) as (uow, actor):
        items.access_item(uow.session, actor, item_id, Can.ITEM_WRITE)
        if given.status is not None:
            _bring(uow, actor, item_id, given.status)
        if given.model_fields_set & {"parent_id", "position"}:
            _move(uow, actor, item_id, given)
        entry = items.entry_of(uow, actor, item_id)
    return _shown(entry)


def _bring(uow: UnitOfWork, actor: Actor, item_id: int, status: Status) -> None:
    item = items.access_item(uow.session, actor, item_id, Can.ITEM_WRITE)
    if status is item.status:
        return
    if status is Status.WITHDRAWN:
        outline.withdraw_item(uow, actor, item_id=item_id)
        return
    if item.status is Status.WITHDRAWN:
        outline.restore_item(uow, actor, item_id=item_id)
    items.set_status(uow, actor, item_id=item_id, status=status)


def _move(uow: UnitOfWork, actor: Actor, item_id: int, given: ItemChange) -> None:
    item = items.access_item(uow.session, actor, item_id, Can.ITEM_WRITE)
    parent_id = given.parent_id if "parent_id" in given.model_fields_set else item.parent_id
    outline.move_item(uow, actor, item_id=item_id, parent_id=parent_id, position=given.position)


def _shown(entry: Entry) -> Item:
    item = entry.item
    title, text = entry.documents.get(documents.Field.TITLE), entry.documents.get(documents.Field.TEXT)
    return Item(
        id=item.id,
        reference=item.reference,
        kind=item.kind,
        parent_id=item.parent_id,
        principle_group=item.principle_group,
        position=item.position,
        status=item.status,
        title=entry.title,
        text=entry.words(documents.Field.TEXT),
        why=entry.words(documents.Field.WHY),
        summary=entry.words(documents.Field.SUMMARY),
        title_document=title.id if title else None,
        text_document=text.id if text else None,
        text_version=text.version if text else None,
    )
