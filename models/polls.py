"""Asking the room: polls, ballots, decisions bound to exact words, corrections and actions."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import Person
from models.base import Base, choice
from models.groups import Bloc, Constituency


class Choice(StrEnum):
    """Answers to "Can you live with it?"."""

    YES = "yes"
    RESERVATIONS = "yes_with_reservations"
    NO = "no"


class Outcome(StrEnum):
    """What the facilitator records; the tally never decides by itself."""

    AGREED = "agreed"
    RESERVATIONS = "agreed_with_reservations"
    NOT_AGREED = "not_agreed"
    DEFERRED = "deferred"


class Poll(Base):
    """A question to a fixed electorate. ``words`` are the item's texts as they stood when it opened."""

    __tablename__ = "poll"
    __table_args__ = (CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closed_after_opened"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    question: Mapped[str]
    words: Mapped[dict[str, Any]]
    words_sha256: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    closed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Elector(Base):
    """Someone who may vote in a poll, fixed when it opened, with the constituency they spoke for then."""

    __tablename__ = "elector"

    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    constituency_id: Mapped[int | None] = mapped_column(ForeignKey("constituency.id"))
    for_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    person: Mapped[Person] = relationship(lazy="raise", foreign_keys=[person_id])
    for_person: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[for_person_id])
    constituency: Mapped[Constituency | None] = relationship(lazy="raise")


class Ballot(Base):
    """One elector's answer; may change until the poll closes. A "no" says why.

    ``words`` is the item's text as the elector could live with it, made on the document's version ``made_for``; empty
    where they wrote none. It becomes a suggestion once the answers are shown.
    """

    __tablename__ = "ballot"
    __table_args__ = (
        UniqueConstraint("poll_id", "person_id"),
        CheckConstraint("choice <> 'no' OR length(reason) > 0", name="no_needs_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    poll_id: Mapped[int] = mapped_column(ForeignKey("poll.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    choice: Mapped[Choice] = mapped_column(choice(Choice, "choice"))
    reason: Mapped[str] = mapped_column(Text, default="")
    words: Mapped[str] = mapped_column(Text, default="")
    made_for: Mapped[int | None]
    cast_at: Mapped[datetime]


class Decision(Base):
    """A numbered decision of the group, bound to the exact words it was taken on."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("group_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    number: Mapped[int]
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"), index=True)
    poll_id: Mapped[int | None] = mapped_column(ForeignKey("poll.id"), unique=True)
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome, "outcome"))
    sentence: Mapped[str] = mapped_column(Text)
    departs_because: Mapped[str] = mapped_column(Text, default="")
    words: Mapped[dict[str, Any] | None]
    words_sha256: Mapped[str | None] = mapped_column(String(64))
    split: Mapped[list[Any]] = mapped_column(default=list)
    decided_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Correction(Base):
    """A minor correction after a decision; it keeps the decision once two people of different blocs confirm it."""

    __tablename__ = "correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), index=True)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    words: Mapped[dict[str, Any]]
    words_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


class CorrectionConfirmation(Base):
    """One person's word that a correction leaves the meaning unchanged."""

    __tablename__ = "correction_confirmation"

    correction_id: Mapped[int] = mapped_column(ForeignKey("correction.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    bloc_id: Mapped[int] = mapped_column(ForeignKey("bloc.id"))
    at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="raise")
    bloc: Mapped[Bloc] = relationship(lazy="raise")


class Action(Base):
    """Something a named person will do by a date."""

    __tablename__ = "action"
    __table_args__ = (UniqueConstraint("group_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    number: Mapped[int]
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"), index=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    what: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    due_on: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    done_at: Mapped[datetime | None]

    owner: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[owner_id])
