"""What the group did about experts' comments: their themes, who read them twice, and the answer to each."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class DispositionOutcome(StrEnum):
    """What became of a comment."""

    ADOPTED = "adopted"
    ADAPTED = "adapted"
    MERGED = "merged"
    DEFERRED = "deferred"
    NOT_ADOPTED = "not adopted"


class Theme(Base):
    """What several comments are about, in the group's words."""

    __tablename__ = "theme"
    __table_args__ = (UniqueConstraint("group_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class RemarkTheme(Base):
    """A comment is about a theme."""

    __tablename__ = "remark_theme"

    remark_id: Mapped[int] = mapped_column(ForeignKey("remark.id"), primary_key=True)
    theme_id: Mapped[int] = mapped_column(ForeignKey("theme.id"), primary_key=True)


class Coding(Base):
    """Who put a comment under its themes, and the second reader who signed that off: never the same person."""

    __tablename__ = "coding"
    __table_args__ = (CheckConstraint("checked_by_id IS NULL OR checked_by_id <> coded_by_id", name="two_readers"),)

    remark_id: Mapped[int] = mapped_column(ForeignKey("remark.id"), primary_key=True)
    coded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    coded_at: Mapped[datetime]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    checked_at: Mapped[datetime | None]


class Disposition(Base):
    """The group's answer to one released comment: what it did and why.

    ``told_at`` is when its expert was mailed about this answer; an answer that is given anew has not been told.
    """

    __tablename__ = "disposition"

    remark_id: Mapped[int] = mapped_column(ForeignKey("remark.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    outcome: Mapped[DispositionOutcome] = mapped_column(choice(DispositionOutcome, "disposition_outcome"))
    why: Mapped[str] = mapped_column(Text)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime]
    told_at: Mapped[datetime | None]


class DispositionItem(Base):
    """An answer changed the words of an item: one comment may change a criterion and what specifies it."""

    __tablename__ = "disposition_item"

    remark_id: Mapped[int] = mapped_column(ForeignKey("disposition.remark_id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True, index=True)
