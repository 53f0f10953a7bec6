"""Work that must happen after a use case: a row written with it, carried out by the worker."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Job(Base):
    """One piece of work. ``key`` makes enqueueing idempotent; a failed one waits until ``run_at``.

    Nobody else takes a claimed one before the claim is over, some time after ``claimed_at``; one that is put back has
    ``claimed_at`` set so that this is when it is to be done.

    After ``until`` nobody is helped by it any more; none means the time that ``app.jobs`` sets. Those of one ``lane``
    are done one after the other, in the order in which they were asked for.
    """

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_done_at_run_at", "done_at", "run_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str | None] = mapped_column(unique=True)
    payload: Mapped[dict[str, Any]]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("design_group.id"))
    created_at: Mapped[datetime]
    run_at: Mapped[datetime]
    until: Mapped[datetime | None]
    lane: Mapped[str | None] = mapped_column(index=True)
    claimed_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
