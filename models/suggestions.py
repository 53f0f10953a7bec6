"""Suggested changes to live texts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class SuggestionState(StrEnum):
    """What has become of a suggestion."""

    OPEN = "open"
    ACCEPTED = "accepted"
    PARTLY = "accepted in part"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Suggestion(Base):
    """Words somebody would rather read: a change of one document that is not yet made.

    ``made_for`` and ``changes`` are the version it was written against and the ChangeSet's JSON as it was written;
    ``carried_to`` and ``carried`` the same after it was moved along with the text. It stays where it is once the words
    under it have changed (``in_conflict``). ``answer`` says why it was accepted or rejected. One in conflict is
    accepted only by being written into the text by hand (``by_hand``). ``replaced`` says, while it is accepted, who
    wrote the words whose place it took (runs, as app/calc/authorship.py keeps them). It is read only where it is asked
    for, and missing where these were too many, or it was accepted before this was kept.
    """

    __tablename__ = "suggestion"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("carried_to >= made_for", name="carried_forward"),
        Index("ix_suggestion_document_id_state", "document_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("design_group.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime]
    made_for: Mapped[int]
    changes: Mapped[str] = mapped_column(Text)
    carried_to: Mapped[int]
    carried: Mapped[str] = mapped_column(Text)
    in_conflict: Mapped[bool] = mapped_column(default=False)
    state: Mapped[SuggestionState] = mapped_column(choice(SuggestionState, "state"), default=SuggestionState.OPEN)
    answer: Mapped[str] = mapped_column(Text, default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime | None]
    replaced: Mapped[str | None] = mapped_column(Text, deferred=True)

    @property
    def by_hand(self) -> bool:
        """Whether somebody took it in by editing the text, since its words had changed."""
        return self.in_conflict and self.state is SuggestionState.ACCEPTED
