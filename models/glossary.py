"""A group's defined terms, and every wording each of them has had."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Term(Base):
    """A word of the blueprint with one meaning, as it stands now.

    ``folded`` is the name as it is compared; ``forms`` are other ways to write it; ``number`` is that of its wording.
    """

    __tablename__ = "term"
    __table_args__ = (
        CheckConstraint("length(name) > 0 AND length(definition) > 0", name="says_something"),
        CheckConstraint("number > 0", name="numbered"),
        Index(
            "uq_term_standing", "group_id", "folded", unique=True,
            sqlite_where=text("withdrawn_at IS NULL"), postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    folded: Mapped[str] = mapped_column(String(240))
    forms: Mapped[list[str]] = mapped_column(default=list)
    definition: Mapped[str] = mapped_column(Text)
    number: Mapped[int]
    defined_at: Mapped[datetime]
    defined_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]


class TermWording(Base):
    """What a term said from a moment on: the first, and one for each change."""

    __tablename__ = "term_wording"
    __table_args__ = (UniqueConstraint("term_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("term.id"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(80))
    forms: Mapped[list[str]] = mapped_column(default=list)
    definition: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
