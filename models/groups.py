"""Design groups: who belongs to them, in which role, and whom each person speaks for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from models.accounts import Person
from models.base import Base, choice


class Role(StrEnum):
    """What a person may do in one group. A guest belongs to one session of it only."""

    FACILITATOR = "facilitator"
    MEMBER = "member"
    OBSERVER = "observer"
    PANEL_MANAGER = "panel_manager"
    GUEST = "guest"


class Group(Base):
    """A design group and its workspace.

    With ``practises_for_id`` it is the practice ground of another group: nobody is a member of it, and nothing in it
    counts. See ``app/services/practice.py``.
    """

    __tablename__ = "design_group"
    __table_args__ = (CheckConstraint("length(slug) > 0", name="slug_given"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str]
    purpose: Mapped[str] = mapped_column(Text, default="")
    time_zone: Mapped[str] = mapped_column(default="Europe/London")
    setting: Mapped[str] = mapped_column(Text, default="")
    former_members: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    practises_for_id: Mapped[int | None] = mapped_column(ForeignKey("design_group.id"), unique=True)

    #: The group whose members may come in: the one that practises here, or itself.
    home_id: Mapped[int] = column_property(func.coalesce(practises_for_id, id))  # noqa: A003  the column above is meant
    practises_for: Mapped[Group | None] = relationship(lazy="raise", remote_side="Group.id")


class Bloc(Base):
    """Constituencies gathered, fixed at the start; anything hidden is split by bloc only."""

    __tablename__ = "bloc"
    __table_args__ = (UniqueConstraint("group_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    name: Mapped[str]
    position: Mapped[int]


class Constituency(Base):
    """Whom a person speaks for; ``tag`` is the two-letter mark shown beside initials."""

    __tablename__ = "constituency"
    __table_args__ = (UniqueConstraint("group_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    bloc_id: Mapped[int] = mapped_column(ForeignKey("bloc.id"))
    name: Mapped[str]
    tag: Mapped[str] = mapped_column(String(3))
    position: Mapped[int]
    changed_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    bloc: Mapped[Bloc] = relationship(lazy="raise")


class Membership(Base):
    """A person in a group. ``meeting_id`` is set for guests: their rights end with that session."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("group_id", "person_id"),
        CheckConstraint("(role = 'guest') = (meeting_id IS NOT NULL)", name="guest_has_meeting"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[Role] = mapped_column(choice(Role, "role"))
    constituency_id: Mapped[int | None] = mapped_column(ForeignKey("constituency.id"))
    organisation: Mapped[str] = mapped_column(default="")
    title: Mapped[str] = mapped_column(default="")
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meeting.id"))
    joined_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="raise")
    constituency: Mapped[Constituency | None] = relationship(lazy="raise")
    group: Mapped[Group] = relationship(lazy="raise")


class Invitation(Base):
    """A mailed invitation into a group with role and constituency; accepted by POST, once."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    email: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    role: Mapped[Role] = mapped_column(choice(Role, "role"))
    constituency_id: Mapped[int | None] = mapped_column(ForeignKey("constituency.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    constituency: Mapped[Constituency | None] = relationship(lazy="raise")
