"""Practising: how far each newcomer to a group has come with its tour."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice
from models.polls import Choice


class Tour(Base):
    """One person's five minutes of practice in a group: when they first looked at it, and whether its card is put away.

    Which steps are done is told by what they did, and is not kept here; but for ``choice`` and ``reason``, their answer
    to the exercise in voting, which nobody else sees. ``left_out`` names the steps they do not want to take.
    """

    __tablename__ = "practice_tour"
    __table_args__ = (
        CheckConstraint("choice IS NULL OR choice <> 'no' OR length(reason) > 0", name="no_needs_reason"),
    )

    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    begun_at: Mapped[datetime | None]
    put_away_at: Mapped[datetime | None]
    left_out: Mapped[list[str]] = mapped_column(default=list)
    choice: Mapped[Choice | None] = mapped_column(choice(Choice, "choice"))
    reason: Mapped[str] = mapped_column(Text, default="")
