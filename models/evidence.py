"""What stands under a line: sources, findings, the reviewed contracting models, and links to items."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class Provenance(StrEnum):
    """How we know it: read, named in the published project, from memory, or invented for the demonstration."""

    SEEN = "seen"
    SEED = "seed"
    RECALLED = "recalled"
    DEMO = "demo"
    GIVEN = "given"


class Strength(StrEnum):
    """How strong a finding is, in the group's own reading."""

    STRONG = "strong"
    MODERATE = "moderate"
    LOW = "low"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """What a finding does to an item."""

    SUPPORTS = "supports"
    QUALIFIES = "qualifies"
    CONTRADICTS = "contradicts"


class Source(Base):
    """Something cited."""

    __tablename__ = "source"
    __table_args__ = (UniqueConstraint("group_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    key: Mapped[str] = mapped_column(String(60))
    cite: Mapped[str] = mapped_column(Text)
    doi: Mapped[str] = mapped_column(default="")
    url: Mapped[str] = mapped_column(Text, default="")
    provenance: Mapped[Provenance] = mapped_column(choice(Provenance, "provenance"))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]

    @property
    def address(self) -> str:
        """Where it can be read: its DOI's address, else its own, else nothing."""
        return f"https://doi.org/{self.doi}" if self.doi else self.url


class ContractingModel(Base):
    """One of the contracting models reviewed, as a card.

    ``used_in`` holds ``{"place", "fact", "source"}``, where source is a source's key or empty.
    """

    __tablename__ = "contracting_model"
    __table_args__ = (UniqueConstraint("group_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    key: Mapped[str] = mapped_column(String(60))
    position: Mapped[int]
    name: Mapped[str]
    definition: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[str] = mapped_column(Text, default="")
    mechanisms: Mapped[list[str]] = mapped_column(default=list)
    used_in: Mapped[list[Any]] = mapped_column(default=list)
    contributes: Mapped[list[str]] = mapped_column(default=list)
    strength: Mapped[Strength] = mapped_column(choice(Strength, "strength"))
    withdrawn_at: Mapped[datetime | None]


class Finding(Base):
    """What a source says, how strong it is and where it says so.

    ``stance`` says how it speaks about its model: "for", "against", or empty.
    """

    __tablename__ = "finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    source_id: Mapped[int] = mapped_column(ForeignKey("source.id"), index=True)
    model_id: Mapped[int | None] = mapped_column(ForeignKey("contracting_model.id"))
    stance: Mapped[str] = mapped_column(String(20), default="")
    text: Mapped[str] = mapped_column(Text)
    page: Mapped[str] = mapped_column(default="")
    strength: Mapped[Strength] = mapped_column(choice(Strength, "strength"))
    provenance: Mapped[Provenance] = mapped_column(choice(Provenance, "provenance"))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]


class Link(Base):
    """An arrow from a finding to an item."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("finding_id", "item_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    finding_id: Mapped[int] = mapped_column(ForeignKey("finding.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    relation: Mapped[Relation] = mapped_column(choice(Relation, "relation"))
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class ItemModel(Base):
    """An item keeps something worth keeping from a contracting model."""

    __tablename__ = "item_model"
    __table_args__ = (CheckConstraint("item_id > 0", name="item_given"),)

    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("contracting_model.id"), primary_key=True)
