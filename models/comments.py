"""What people say about words: threads of comments, and who is named in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Discussion(Base):
    """A thread of comments about some words of a document, or about the whole of it where ``quote`` is empty.

    ``quote`` are the words as they stood in version ``made_for``; ``begins`` and ``ends`` (UTF-16 units) say where they
    stand in version ``carried_to``. Both are the same once the words are gone.
    """

    __tablename__ = "discussion"
    __table_args__ = (
        CheckConstraint("0 <= begins AND begins <= ends", name="place"),
        CheckConstraint("carried_to >= made_for", name="carried_forward"),
        CheckConstraint("(resolved_at IS NULL) = (resolved_by_id IS NULL)", name="resolved"),
        Index("ix_discussion_document_id_resolved_at", "document_id", "resolved_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    made_at: Mapped[datetime]
    made_for: Mapped[int]
    quote: Mapped[str] = mapped_column(Text, default="")
    begins: Mapped[int] = mapped_column(default=0)
    ends: Mapped[int] = mapped_column(default=0)
    carried_to: Mapped[int]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Comment(Base):
    """One contribution to a discussion; its words are empty once its author has taken it back."""

    __tablename__ = "comment"
    __table_args__ = (CheckConstraint("taken_back_at IS NULL OR words = ''", name="taken_back"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    discussion_id: Mapped[int] = mapped_column(ForeignKey("discussion.id"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    made_at: Mapped[datetime]
    words: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime | None]
    taken_back_at: Mapped[datetime | None]


class Mention(Base):
    """Somebody is named in a comment, as "@" and their name."""

    __tablename__ = "mention"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comment.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
