"""Homework: an item given to named people until a day, and what each of them says about it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import Person
from models.base import Base


class Homework(Base):
    """One item given to some people. ``meeting_id`` is the session it is for; None is the one that comes next.

    ``changed_at`` is when the day it is due was last changed; ``came_back_at`` when that session closed with it ready;
    ``withdrawn_at`` when it was taken back.
    """

    __tablename__ = "homework"
    __table_args__ = (
        CheckConstraint("comments_until >= due_on", name="comments_after_due"),
        CheckConstraint("came_back_at IS NULL OR meeting_id IS NOT NULL", name="came_back_to_session"),
        Index("ix_homework_group_id_item_id", "group_id", "item_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    asked: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date] = mapped_column(Date)
    comments_until: Mapped[date] = mapped_column(Date)
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    came_back_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


#: Neither come back nor taken back.
IS_OPEN = Homework.came_back_at.is_(None) & Homework.withdrawn_at.is_(None)


class HomeworkShare(Base):
    """One person's part of it: no reply yet, ready, or not ready and why."""

    __tablename__ = "homework_share"
    __table_args__ = (
        CheckConstraint("(ready IS NULL) = (replied_at IS NULL)", name="replied"),
    )  # fmt: skip

    homework_id: Mapped[int] = mapped_column(ForeignKey("homework.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    ready: Mapped[bool | None]
    words: Mapped[str] = mapped_column(Text, default="")
    replied_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="raise")


#: Something is still asked of a person: to say that it is not ready does not end that.
WAITS = IS_OPEN & HomeworkShare.ready.is_not(True)
