"""What can be searched for. All of it is made from other tables, and can be made again."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

#: Names of tables made from others begin so: they go into no backup. Those of the words themselves differ by engine
#: (FTS5 on SQLite, tsvector on PostgreSQL), are made by the migration and are known to no model.
MADE = "search_"
WORDS = "search_words"


class SearchEntry(Base):
    """One thing that can be found; its words stand under the same id in the table of words."""

    __tablename__ = "search_entry"
    __table_args__ = (UniqueConstraint("kind", "thing_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    thing_id: Mapped[int]


class SearchDue(Base):
    """A row whose words have changed since they were last read for searching; written by triggers, never by hand."""

    __tablename__ = "search_due"

    source: Mapped[str] = mapped_column(String(40), primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
