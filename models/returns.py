"""Word documents that went out, were changed elsewhere, and came back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class ReturnedDocument(Base):
    """What a returned document would have otherwise; the file itself is not kept.

    ``proposals`` are the suggestions it could become, each with the suggestion once it is made; ``loose`` is all that
    can be none. ``made_from`` is ``draft`` or a version's number, empty where the file did not say. ``edited_by`` is
    who changed it, as whoever brought it says.
    """

    __tablename__ = "returned_document"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    brought_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    brought_at: Mapped[datetime]
    file_name: Mapped[str] = mapped_column(String(200))
    edited_by: Mapped[str] = mapped_column(String(120), default="")
    made_from: Mapped[str] = mapped_column(String(20), default="")
    is_marked: Mapped[bool]
    found: Mapped[int]
    proposals: Mapped[list[Any]] = mapped_column(default=list)
    loose: Mapped[list[Any]] = mapped_column(default=list)
