"""What a piece of homework comes back as, from what its people say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum


class Outcome(StrEnum):
    """How a piece of homework stands."""

    READY = "ready"
    PARTLY = "partly"
    NOT_READY = "not_ready"
    NOBODY = "nobody"


def outcome(replies: Sequence[bool | None]) -> Outcome:
    """What it comes back as: ``True`` for each who says it is ready, ``False`` not ready, None for no reply.

    One who is not ready is enough for not ready; ready it is when all are.
    """
    if False in replies:
        return Outcome.NOT_READY
    if replies and all(replies):
        return Outcome.READY
    return Outcome.PARTLY if True in replies else Outcome.NOBODY


def is_overdue(how: Outcome, due_on: date, today: date) -> bool:
    """Whether it should have been ready before today."""
    return how is not Outcome.READY and due_on < today
