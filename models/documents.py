"""Live texts: the current text and the numbered log of changes that made it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class Field(StrEnum):
    """Which text of its owner a document is."""

    TITLE = "title"
    TEXT = "text"
    WHY = "why"
    SUMMARY = "summary"
    MINUTES = "minutes"


class Document(Base):
    """A Markdown text and its state: ``version`` counts the changes, ``epoch`` the histories.

    Lengths are UTF-16 units: a title at most 300, any other text at most 100,000. ``authors`` says who wrote which
    words (app/calc/authorship.py); it is read only where it is asked for, and where it is missing the log tells.
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("item_id", "field"),
        UniqueConstraint("meeting_id", "field"),
        CheckConstraint("(item_id IS NULL) <> (meeting_id IS NULL)", name="one_owner"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    field: Mapped[Field] = mapped_column(choice(Field, "field"))
    epoch: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(default=0)
    text: Mapped[str] = mapped_column(Text, default="")
    authors: Mapped[str | None] = mapped_column(Text, deferred=True)
    changed_at: Mapped[datetime]


class TextChange(Base):
    """One change, as it stands in the log; ``changes`` is the ChangeSet's JSON, lengths in UTF-16 units."""

    __tablename__ = "text_change"
    __table_args__ = (UniqueConstraint("document_id", "client", "seq"),)

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    client: Mapped[str] = mapped_column(String(60))
    seq: Mapped[int]
    changes: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class TextSnapshot(Base):
    """The whole text every 1,000 changes, so that old moments are near; ``sha256`` checks it."""

    __tablename__ = "text_snapshot"

    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
