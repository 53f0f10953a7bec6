"""What happened, one readable line per use case, written in the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Activity(Base):
    """A line such as "moved C3.2 to agreed"; the person's name stands before it when shown.

    ``audience`` narrows who may read it: "group" (all who may read the group), "facilitators" or "panel".
    """

    __tablename__ = "activity"
    __table_args__ = (Index("ix_activity_group_id_id", "group_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("design_group.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    audience: Mapped[str] = mapped_column(String(20), default="group")
    sentence: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
