"""What concerns one person, whether they have read it, and how they want to hear of it by mail."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class Kind(StrEnum):
    """Why somebody is told."""

    HOMEWORK = "homework"
    DUE = "due"
    SUGGESTION = "suggestion"
    REPLY = "reply"
    MENTION = "mention"
    SOUNDING = "sounding"


class MailMode(StrEnum):
    """What a group sends to a person by mail: each thing within the hour, once a day, only sessions, or nothing."""

    CONCERNS = "concerns"
    DIGEST = "digest"
    SESSIONS = "sessions"
    NONE = "none"


class Notification(Base):
    """One thing that concerns a person. ``path`` leads from the group's first page straight to the words.

    ``words`` follow the name of ``by_id``, which stands in no sentence, so that erasing somebody takes it out of here
    too. ``settled_at`` is when nothing more was to be mailed about it. The same ``key`` tells only once.
    """

    __tablename__ = "notification"
    __table_args__ = (
        Index("ix_notification_person_id_read_at", "person_id", "read_at"),
        Index("ix_notification_settled_at_group_id", "settled_at", "group_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    kind: Mapped[Kind] = mapped_column(choice(Kind, "kind"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))
    path: Mapped[str] = mapped_column(String(300))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    words: Mapped[str] = mapped_column(Text)
    key: Mapped[str | None] = mapped_column(String(120), unique=True)
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]


class MailChoice(Base):
    """What one person wants from one group by mail, and when they last got such a mail; no row is the daily digest."""

    __tablename__ = "mail_choice"

    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    mode: Mapped[MailMode] = mapped_column(choice(MailMode, "mode"), default=MailMode.DIGEST)
    mailed_at: Mapped[datetime | None]
