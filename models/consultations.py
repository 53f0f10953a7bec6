"""What was said beside the panel: positions of organisations, webinars, conferences, conversations; never averaged."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class ConsultationKind(StrEnum):
    """How people outside the panel were heard."""

    POSITION = "position"
    WEBINAR = "webinar"
    CONFERENCE = "conference"
    CONVERSATION = "conversation"


class Consultation(Base):
    """One time people outside the panel were heard; for a position the organisation whose it is.

    While a form is open (``token_nonce`` set, ``open_until`` ahead) whoever has its address may give an opinion.
    ``may_be_named`` says that whoever spoke agreed to be named; without it the group reads no ``title``.
    """

    __tablename__ = "consultation"
    __table_args__ = (CheckConstraint("people IS NULL OR people > 0", name="somebody_came"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    version_id: Mapped[int | None] = mapped_column(ForeignKey("version.id"))
    kind: Mapped[ConsultationKind] = mapped_column(choice(ConsultationKind, "consultation_kind"))
    happened_on: Mapped[date]
    title: Mapped[str] = mapped_column(String(200))
    audience: Mapped[str] = mapped_column(String(300), default="")
    people: Mapped[int | None]
    words: Mapped[str] = mapped_column(Text, default="")
    may_be_named: Mapped[bool] = mapped_column(default=False)
    token_nonce: Mapped[str | None] = mapped_column(String(32))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    open_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None]


class Opinion(Base):
    """What one person entered in an open form: nobody knows who. ``scores`` holds 1 to 5 by an element's reference.

    ``shown`` is what the group may read of ``words``, without the pieces at the places ``removed``; ``shows_whom`` says
    whether it may read ``speaks_for`` too.
    """

    __tablename__ = "opinion"

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"), index=True)
    given_on: Mapped[date]
    speaks_for: Mapped[str] = mapped_column(String(120), default="")
    scores: Mapped[dict[str, Any]]
    words: Mapped[str] = mapped_column(Text, default="")
    shown: Mapped[str | None] = mapped_column(Text)
    shows_whom: Mapped[bool] = mapped_column(default=True)
    removed: Mapped[list[Any]] = mapped_column(default=list)
    shown_at: Mapped[datetime | None]
