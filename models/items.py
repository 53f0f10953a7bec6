"""The blueprint: a tree of items with permanent references."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class Kind(StrEnum):
    """What an item is; a criterion stands under a core element, a specification under a criterion."""

    PRINCIPLE = "principle"
    ELEMENT = "element"
    CRITERION = "criterion"
    SPECIFICATION = "specification"


class Status(StrEnum):
    """How far the group has come with an item."""

    IDEA = "idea"
    DRAFT = "draft"
    PROPOSED = "proposed"
    AGREED = "agreed"
    RESERVATIONS = "agreed_with_reservations"
    PARKED = "parked"
    WITHDRAWN = "withdrawn"


class PrincipleGroup(StrEnum):
    """The two families of principles."""

    PERSON_CENTRED = "person_centred"
    ORGANISATIONAL = "organisational"


class Item(Base):
    """One line of the blueprint. Its texts are documents; ``reference`` is never reused and never changes.

    ``withdrawn_with_id`` is the item whose withdrawal took this one along (itself, when it was withdrawn alone):
    restoring that one brings back just these.
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("group_id", "reference"),
        CheckConstraint("(kind IN ('principle', 'element')) = (parent_id IS NULL)", name="parent_by_kind"),
        CheckConstraint("(kind = 'principle') = (principle_group IS NOT NULL)", name="principle_has_group"),
        Index("ix_item_group_id_parent_id_position", "group_id", "parent_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    kind: Mapped[Kind] = mapped_column(choice(Kind, "kind"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    position: Mapped[int]
    reference: Mapped[str] = mapped_column(String(20))
    status: Mapped[Status] = mapped_column(choice(Status, "status"))
    status_before: Mapped[Status | None] = mapped_column(choice(Status, "status_before"))
    withdrawn_with_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    principle_group: Mapped[PrincipleGroup | None] = mapped_column(choice(PrincipleGroup, "principle_group"))
    group_judgement: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime]


class ItemPrinciple(Base):
    """A criterion carries out a principle: one arrow of the golden thread."""

    __tablename__ = "item_principle"

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    principle_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)


class ReferenceCounter(Base):
    """The last number given under a parent (or to a kind at the top), so that none is given twice."""

    __tablename__ = "reference_counter"

    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    last: Mapped[int]


class Descent(StrEnum):
    """How an item comes from another one."""

    SPLIT = "split"
    MERGE = "merge"


class ItemDescent(Base):
    """An item comes from another: it was split from it, or that one was merged into it. Kept for good.

    ``moved`` is what the act took along, which is the way back (app/services/descent.py writes it, unmerging.py reads
    it); None where it was done before that was kept. ``undone_at`` is when it was taken back; where the words that a
    merge put in could not be taken out again, ``words_stay``.
    """

    __tablename__ = "item_descent"
    __table_args__ = (CheckConstraint("item_id <> from_id", name="not_itself"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    how: Mapped[Descent] = mapped_column(choice(Descent, "how"))
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    moved: Mapped[dict[str, Any] | None]
    undone_at: Mapped[datetime | None]
    words_stay: Mapped[bool] = mapped_column(default=False, server_default=false())
