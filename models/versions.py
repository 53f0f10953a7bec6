"""Frozen versions: numbered, immutable, hashed copies of the blueprint. Triggers refuse UPDATE and DELETE."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice
from models.items import Kind, Status


class Version(Base):
    """A frozen copy. ``sha256`` is the fingerprint of its items' canonical JSON; see app/calc/fingerprint.py."""

    __tablename__ = "version"
    __table_args__ = (
        UniqueConstraint("group_id", "number"),
        CheckConstraint("length(sha256) = 64", name="sha256_length"),
        CheckConstraint("decision_id IS NOT NULL OR length(reason) > 0", name="decision_or_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(default="")
    sha256: Mapped[str] = mapped_column(String(64))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    frozen_at: Mapped[datetime]
    frozen_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class VersionItem(Base):
    """One item as frozen, with all an expert will see. ``words_sha256`` tells whether two versions' words are equal.

    ``changed_since_decided``: the group agreed on other words than these, and has not decided again.
    """

    __tablename__ = "version_item"
    __table_args__ = (UniqueConstraint("version_id", "reference"), UniqueConstraint("version_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    position: Mapped[int]
    depth: Mapped[int]
    kind: Mapped[Kind] = mapped_column(choice(Kind, "kind"))
    reference: Mapped[str] = mapped_column(String(20))
    parent_reference: Mapped[str | None] = mapped_column(String(20))
    status: Mapped[Status] = mapped_column(choice(Status, "status"))
    principle_group: Mapped[str | None] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    aspirational: Mapped[bool] = mapped_column(default=False)
    changed_since_decided: Mapped[bool] = mapped_column(default=False)
    words_sha256: Mapped[str] = mapped_column(String(64))

    @property
    def status_words(self) -> str:
        """The status as people read it, and whether the words are still those that were decided."""
        words = self.status.value.replace("_", " ")
        return f"{words}, changed since decided" if self.changed_since_decided else words


class VersionTerm(Base):
    """A defined term as frozen with the words that use it."""

    __tablename__ = "version_term"
    __table_args__ = (
        UniqueConstraint("version_id", "name"),
        UniqueConstraint("version_id", "position"),
        CheckConstraint("length(name) > 0 AND length(definition) > 0", name="says_something"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    forms: Mapped[list[str]] = mapped_column(default=list)
    definition: Mapped[str] = mapped_column(Text)
