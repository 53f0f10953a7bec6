"""Facts: what has happened, in the past tense, ids only. They leave after the commit; listeners only hint."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass

log = logging.getLogger("concordat.events")


@dataclass(frozen=True)
class Fact:
    """The root of all facts."""

    @property
    def subject(self) -> Hashable:
        """What it is about: a transaction announces the last fact about each subject; by default each is its own."""
        return self


@dataclass(frozen=True)
class ItemChanged(Fact):
    """An item's status, standing, evidence or words (as shown to readers) changed."""

    group_id: int
    item_id: int


@dataclass(frozen=True)
class WordsRestored(Fact):
    """Earlier words of an item were brought back, perhaps under the hands of somebody who writes in it."""

    group_id: int
    item_id: int


@dataclass(frozen=True)
class TreeChanged(Fact):
    """Items were added, moved, withdrawn or restored."""

    group_id: int


@dataclass(frozen=True)
class TextChanged(Fact):
    """A document's text moved to ``version``; the text room itself is told by realtime/text.py."""

    group_id: int
    document_id: int
    item_id: int | None
    meeting_id: int | None
    version: int

    @property
    def subject(self) -> Hashable:
        """The document: a transaction says once how far it has come."""
        return TextChanged, self.document_id


@dataclass(frozen=True)
class DocumentReset(Fact):
    """A document must be joined afresh: restored, replaced or locked by a change of right."""

    group_id: int
    document_id: int


@dataclass(frozen=True)
class PeopleChanged(Fact):
    """Memberships, roles or constituencies of a group changed."""

    group_id: int


@dataclass(frozen=True)
class MembershipEnded(Fact):
    """A person lost their place in a group, or a role that opened doors: their sockets are looked at again."""

    group_id: int
    person_id: int


@dataclass(frozen=True)
class SignInEnded(Fact):
    """Sign-ins of a person were revoked; ``sign_in_id`` None means all of them."""

    person_id: int
    sign_in_id: int | None


@dataclass(frozen=True)
class MeetingChanged(Fact):
    """A session's state, stage, timer, attendance, hands or current item changed."""

    group_id: int
    meeting_id: int


@dataclass(frozen=True)
class PollChanged(Fact):
    """A poll opened, closed, or somebody voted (never how)."""

    group_id: int
    meeting_id: int
    poll_id: int


@dataclass(frozen=True)
class DecisionRecorded(Fact):
    """A decision was recorded, corrected or confirmed."""

    group_id: int
    decision_id: int


@dataclass(frozen=True)
class EvidenceChanged(Fact):
    """Sources, findings or models of a group changed."""

    group_id: int


@dataclass(frozen=True)
class GlossaryChanged(Fact):
    """A term was defined, redefined, withdrawn or restored: every card that uses it reads otherwise."""

    group_id: int


@dataclass(frozen=True)
class VersionFrozen(Fact):
    """A version was locked."""

    group_id: int
    version_id: int


@dataclass(frozen=True)
class RoundChanged(Fact):
    """A round was prepared, opened or closed."""

    group_id: int
    round_id: int


@dataclass(frozen=True)
class ConsultationChanged(Fact):
    """What was said beside the panel was written down, changed or added to by a form."""

    group_id: int
    consultation_id: int


@dataclass(frozen=True)
class SoundingChanged(Fact):
    """A sounding was begun, scored in, or went on."""

    group_id: int
    sounding_id: int


@dataclass(frozen=True)
class PanelChanged(Fact):
    """Invited, started or sent counts changed: news for the panel manager only."""

    group_id: int
    round_id: int


Listener = Callable[[Fact], None]


class Bus:
    """Hands committed facts to listeners, in order. A listener that fails is logged: what is committed stands."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Add a listener for all facts."""
        self._listeners.append(listener)

    def publish(self, facts: list[Fact]) -> None:
        """Tell every listener of every fact."""
        for fact in facts:
            for listener in self._listeners:
                try:
                    listener(fact)
                except Exception:
                    log.exception("a listener failed on %s", type(fact).__name__)
