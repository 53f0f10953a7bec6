"""Soundings: the group scores its own items privately, talks about those it disagrees on, and scores them again."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class SoundingState(StrEnum):
    """Where a sounding is: scored, talked about, scored again, over."""

    FIRST = "first"
    TALK = "talk"
    SECOND = "second"
    CLOSED = "closed"


class Sounding(Base):
    """One question put to the members of a group about some items, on a scale of 1 to 9, in two passes."""

    __tablename__ = "sounding"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    question: Mapped[str] = mapped_column(String(300))
    low_words: Mapped[str] = mapped_column(String(60))
    high_words: Mapped[str] = mapped_column(String(60))
    state: Mapped[SoundingState] = mapped_column(choice(SoundingState, "sounding_state"))
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    first_closed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class SoundingItem(Base):
    """An item that is scored; ``eligible_first`` and ``eligible_second`` are how many could when a pass closed."""

    __tablename__ = "sounding_item"

    sounding_id: Mapped[int] = mapped_column(ForeignKey("sounding.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    position: Mapped[int]
    eligible_first: Mapped[int | None]
    eligible_second: Mapped[int | None]


class SoundingScore(Base):
    """One member's score of one item in one pass. ``value`` None is "cannot judge"; no row is no answer.

    ``words_sha256`` is of the words as they were read: a score of other words is not compared.
    """

    __tablename__ = "sounding_score"
    __table_args__ = (
        CheckConstraint("value IS NULL OR value BETWEEN 1 AND 9", name="value_in_scale"),
        CheckConstraint("pass_number IN (1, 2)", name="two_passes"),
    )

    sounding_id: Mapped[int] = mapped_column(ForeignKey("sounding.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    pass_number: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int | None]
    words_sha256: Mapped[str] = mapped_column(Text)
    scored_at: Mapped[datetime]
