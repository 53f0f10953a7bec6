"""Bundles of answers that were given out, by whom, to whom, and why."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class BundleRelease(Base):
    """The row-level answers of a closed round were given to somebody; ``sha256`` is of the file."""

    __tablename__ = "bundle_release"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    given_to: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    released_at: Mapped[datetime]
