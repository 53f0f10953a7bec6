"""When each person was last in each of their groups, and until when they have read what is new there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Visit(Base):
    """One person's last visit to one group; what its moments mean is said in ``app/calc/visits.py``."""

    __tablename__ = "visit"

    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    begun_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    shown_at: Mapped[datetime | None]
    read_until: Mapped[datetime | None]
    read_before: Mapped[datetime | None]
