"""Sessions. The interface says session; the code says meeting, because every library has a session already."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.accounts import Person
from models.base import Base, choice
from models.groups import Constituency


class MeetingState(StrEnum):
    """Where a session is between plan and approved minutes."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    LOBBY = "lobby"
    RUNNING = "running"
    CLOSING = "closing"
    CLOSED = "closed"
    APPROVED = "approved"


class StageKind(StrEnum):
    """What the room does in a stage."""

    OPENING = "opening"
    GATHER = "gather"
    GROUP = "group"
    DISCUSS = "discuss"
    DECIDE = "decide"
    BREAK = "break"
    CLOSE = "close"


class HandKind(StrEnum):
    """What a raised hand asks for."""

    POINT = "new_point"
    REPLY = "reply"
    PROCESS = "process"
    CLARIFY = "clarify"


class Meeting(Base):
    """One session of a group.

    ``join_code`` is good only while people may come in, and is emptied when the session closes. The projector's
    address is derived from the server's secret and ``projector_nonce``: a new nonce revokes it, and the database
    alone opens nothing. The current stage is the one that has started and not ended. ``revision`` counts state
    changes, so that two buttons pressed at once make one change. A session that people were told of and that was then
    cancelled is a draft again with ``cancelled_at``.
    """

    __tablename__ = "meeting"
    __table_args__ = (UniqueConstraint("group_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    number: Mapped[int]
    title: Mapped[str]
    aims: Mapped[list[str]] = mapped_column(default=list)
    outputs: Mapped[list[str]] = mapped_column(default=list)
    place: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime]
    state: Mapped[MeetingState] = mapped_column(choice(MeetingState, "state"))
    revision: Mapped[int] = mapped_column(default=0)
    controller_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    current_item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    join_code: Mapped[str | None] = mapped_column(String(6), unique=True)
    projector_nonce: Mapped[str | None] = mapped_column(String(32))
    projector_seen_at: Mapped[datetime | None]
    notes: Mapped[str] = mapped_column(Text, default="")
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancelled_because: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class Stage(Base):
    """One line of the run sheet. Elapsed time = (ended or now) - started - paused_seconds, on the server's clock."""

    __tablename__ = "stage"
    __table_args__ = (
        Index("ix_stage_meeting_id_position", "meeting_id", "position"),
        CheckConstraint("planned_minutes BETWEEN 1 AND 600", name="planned_minutes_range"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    position: Mapped[int]
    title: Mapped[str]
    purpose: Mapped[str] = mapped_column(default="")
    method: Mapped[str] = mapped_column(default="")
    kind: Mapped[StageKind] = mapped_column(choice(StageKind, "kind"))
    planned_minutes: Mapped[int]
    extra_minutes: Mapped[int] = mapped_column(default=0)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    paused_seconds: Mapped[int] = mapped_column(default=0)


class MeetingEvent(Base):
    """What happened in a session, in order, on the server's clock: the stuff of minutes and of undo."""

    __tablename__ = "meeting_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Attendance(Base):
    """A person at a session: expected, apologies or present; a guest waits until a facilitator confirms.

    ``for_person_id`` is the member a deputy speaks and votes for.
    """

    __tablename__ = "attendance"
    __table_args__ = (UniqueConstraint("meeting_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    constituency_id: Mapped[int | None] = mapped_column(ForeignKey("constituency.id"))
    organisation: Mapped[str] = mapped_column(default="")
    for_person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    apologies_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    refused_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="raise", foreign_keys=[person_id])
    for_person: Mapped[Person | None] = relationship(lazy="raise", foreign_keys=[for_person_id])
    constituency: Mapped[Constituency | None] = relationship(lazy="raise")


class Hand(Base):
    """A raised hand: one place in the speaker queue."""

    __tablename__ = "hand"

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meeting.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[HandKind] = mapped_column(choice(HandKind, "kind"))
    raised_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    lowered_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="raise")
