"""Validation rounds: panel, protocol, ratings, remarks and stored results.

Who an expert is (``expert_identity``) and what an expert answered (``rating``, ``remark``) meet only through a key
made with the server's secret; no page of the group joins them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class Scope(StrEnum):
    """Where an expert speaks from."""

    NATIONAL = "national"
    INTERNATIONAL = "international"


class RoundState(StrEnum):
    """A round is prepared, open to its experts, or closed."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Acknowledgement(StrEnum):
    """How an expert wishes to appear in the report."""

    NAMED = "named"
    THANKED = "thanked"
    NEITHER = "neither"


class RemarkKind(StrEnum):
    """What a free text answers."""

    COMMENT = "comment"
    WORDING = "suggested_wording"
    MISSING = "missing"
    WHOLE = "whole"


class Panel(Base):
    """The experts a group asks."""

    __tablename__ = "panel"

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    name: Mapped[str]
    created_at: Mapped[datetime]


class Expert(Base):
    """A seat of the panel as the report may speak of it. ``code`` is random, one per panel.

    ``moved_at`` is when the panel manager last changed the address: what was answered before then is shown to nobody
    who comes by a later link, since that would show it to whoever changed the address to their own.
    """

    __tablename__ = "expert"
    __table_args__ = (UniqueConstraint("panel_id", "code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    code: Mapped[str] = mapped_column(String(12))
    scope: Mapped[Scope] = mapped_column(choice(Scope, "scope"))
    country: Mapped[str] = mapped_column(String(80), default="")
    organisation_type: Mapped[str] = mapped_column(default="")
    expertise: Mapped[list[str]] = mapped_column(default=list)
    is_pilot: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str | None] = mapped_column(String(8))
    withdrawn_at: Mapped[datetime | None]
    moved_at: Mapped[datetime | None]


class ExpertIdentity(Base):
    """Who sits on a seat: seen by the panel manager only, never beside an answer.

    ``key`` is a keyed hash of the expert's id (app/services/identities.py): the database alone joins no name to an
    answer. Rows lie in the order of their keys, not in the order in which experts were added.
    """

    __tablename__ = "expert_identity"
    __table_args__ = ({"sqlite_with_rowid": False},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[str] = mapped_column(default="")
    organisation: Mapped[str] = mapped_column(default="")


class Round(Base):
    """One scored round on one frozen version, bound by its hash; ``protocol`` is locked before the first invitation.

    ``protocol`` is the JSON of ``app.services.protocols.Protocol``. ``translations`` holds by language the information
    ``sheet`` and ``words``: those of the questions to what experts read instead. Pilot raters try it from ``pilot_at``
    on.
    """

    __tablename__ = "round"
    __table_args__ = (
        UniqueConstraint("panel_id", "number"),
        CheckConstraint("state <> 'open' OR closes_at IS NOT NULL", name="open_has_deadline"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    version_sha256: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    title: Mapped[str]
    state: Mapped[RoundState] = mapped_column(choice(RoundState, "state"))
    protocol: Mapped[dict[str, Any]]
    information_sheet: Mapped[str] = mapped_column(Text, default="")
    information_version: Mapped[int] = mapped_column(default=1)
    translations: Mapped[dict[str, Any]] = mapped_column(default=dict)
    pilot_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RoundItem(Base):
    """An item of the version that is rated in a round."""

    __tablename__ = "round_item"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    version_item_id: Mapped[int] = mapped_column(ForeignKey("version_item.id"), primary_key=True)
    position: Mapped[int]


class Seat(Base):
    """An expert invited to a round: how far they are, never what they answered.

    Whoever withdraws (``withdrew_at``) or is taken off loses the link (``revoked_at``); ``answers_kept`` says that what
    one who withdrew had answered counts. ``replaces_id`` is the seat of one who left, whose place this expert takes.
    """

    __tablename__ = "seat"
    __table_args__ = (UniqueConstraint("round_id", "expert_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    token_nonce: Mapped[str] = mapped_column(String(32))
    invited_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    consented_at: Mapped[datetime | None]
    consent_version: Mapped[int | None]
    acknowledgement: Mapped[Acknowledgement | None] = mapped_column(choice(Acknowledgement, "acknowledgement"))
    conflict_of_interest: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    revoked_at: Mapped[datetime | None]
    withdrew_at: Mapped[datetime | None]
    answers_kept: Mapped[bool] = mapped_column(default=False)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("seat.id"))


class Rating(Base):
    """One expert's score of one item on one dimension. ``value`` None is "cannot judge"; no row is unanswered.

    Without an item it is a judgement of the whole blueprint.
    """

    __tablename__ = "rating"
    __table_args__ = (
        UniqueConstraint("round_id", "expert_id", "version_item_id", "dimension"),
        CheckConstraint("value IS NULL OR value BETWEEN lowest AND highest", name="value_in_scale"),
        Index("ix_rating_round_id_version_item_id", "round_id", "version_item_id"),
        Index(
            "uq_rating_whole",
            "round_id",
            "expert_id",
            "dimension",
            unique=True,
            sqlite_where=sql("version_item_id IS NULL"),
            postgresql_where=sql("version_item_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"))
    version_item_id: Mapped[int | None] = mapped_column(ForeignKey("version_item.id"))
    dimension: Mapped[str] = mapped_column(String(40))
    value: Mapped[int | None]
    lowest: Mapped[int]
    highest: Mapped[int]
    rated_at: Mapped[datetime]


class Remark(Base):
    """An expert's free text. ``released`` is what the group may read, and how many words that lacks ``removed_words``.

    ``removed`` are the places of the words that are marked as telling who wrote, for this release or the next. The id
    is drawn at random: whoever reads several must not learn which were written one after the other.
    """

    __tablename__ = "remark"
    __table_args__ = (UniqueConstraint("round_id", "expert_id", "version_item_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"))
    expert_id: Mapped[int] = mapped_column(ForeignKey("expert.id"))
    version_item_id: Mapped[int | None] = mapped_column(ForeignKey("version_item.id"))
    kind: Mapped[RemarkKind] = mapped_column(choice(RemarkKind, "kind"))
    text: Mapped[str] = mapped_column(Text)
    released: Mapped[str | None] = mapped_column(Text)
    removed_words: Mapped[int] = mapped_column(default=0)
    removed: Mapped[list[Any]] = mapped_column(default=list)
    released_at: Mapped[datetime | None]
    withheld_at: Mapped[datetime | None]
    written_at: Mapped[datetime]


class RoundResult(Base):
    """The figures of a closed round, stored once, with a hash of what they were computed from and by which methods."""

    __tablename__ = "round_result"

    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), primary_key=True)
    figures: Mapped[dict[str, Any]]
    inputs_sha256: Mapped[str] = mapped_column(String(64))
    methods: Mapped[dict[str, Any]]
    computed_at: Mapped[datetime]


class Deviation(Base):
    """A change to a locked protocol, with its reason."""

    __tablename__ = "deviation"

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("round.id"), index=True)
    at: Mapped[datetime]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    what: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
