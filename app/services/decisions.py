"""Decisions: numbered, bound to the exact words they were taken on, and what has become of those words since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.calc.glossary import Glossary, fold
from app.errors import Conflict, Invalid, NotFound
from app.events import DecisionRecorded
from app.policy import Actor, Can, access, allowed, require
from app.services import decided, documents, glossary, items, polls
from app.services.activity import note
from app.services.meetings import OPEN, hold_meeting, record
from app.uow import UnitOfWork
from models.accounts import Person
from models.documents import Field
from models.groups import Bloc, Group
from models.items import Item, Status
from models.meetings import Meeting, MeetingState
from models.polls import Choice, Correction, CorrectionConfirmation, Decision, Outcome, Poll

#: Whether the words are still those of the decision, differ in a confirmed minor way, or have changed since.
Standing = Literal["stands", "corrected", "changed", "no_words"]
STATUS_OF = {Outcome.AGREED: Status.AGREED, Outcome.RESERVATIONS: Status.RESERVATIONS}
LONGEST = 2_000
#: The same sentence within this time is one press of a button.
PRESSED_TWICE = timedelta(minutes=1)
#: What files say of the words a decision was taken on.
STANDING_WORDS: dict[Standing, str] = {
    "stands": "Stands",
    "corrected": "Stands, with a minor correction",
    "changed": "Changed since decided",
    "no_words": "",
}


@dataclass(frozen=True)
class Gone:
    """The item of a decision is withdrawn; ``into_id`` and ``into`` say into which one it was merged, if it was."""

    into_id: int | None
    into: str

    def in_words(self, reference: str) -> str:
        """That, of the item with a reference, as a file says it."""
        return f"{reference} was merged into {self.into}" if self.into else f"{reference} is withdrawn"


@dataclass(frozen=True)
class DecisionLine:
    """One line of the decision log."""

    decision: Decision
    meeting_number: int | None
    meeting_title: str
    item_reference: str
    standing: Standing
    superseded: bool
    gone: Gone | None


@dataclass(frozen=True)
class Changed:
    """One of an item's texts, or what a ``term`` in them means, that differs from what was decided."""

    field: Field | None
    then: str
    now: str
    term: str = ""


@dataclass(frozen=True)
class CorrectionView:
    """A minor correction and who has confirmed it: (name, bloc)."""

    correction: Correction
    confirmed: list[tuple[str, str]]
    is_current: bool


@dataclass(frozen=True)
class DecisionPage:
    """A decision with its vote, the words then and now, and its corrections."""

    line: DecisionLine
    recorded_by: str
    poll: polls.PollView | None
    changed: list[Changed]
    corrections: list[CorrectionView]


# --- recording ---


def record_decision(
    uow: UnitOfWork, actor: Actor, *, poll_id: int, outcome: Outcome | None, sentence: str, departs_because: str = ""
) -> Decision:
    """Record what the group decided after a vote; the tally never decides by itself.

    The item's status follows. Raises Invalid when the outcome departs from the rule of consent without a reason,
    Conflict when the vote is still open or has its decision already.
    """
    poll = uow.session.get(Poll, poll_id)
    if poll is None:
        raise NotFound()
    meeting, _ = hold_meeting(uow, actor, poll.meeting_id, Can.DECISION_RECORD)
    if poll.closed_at is None:
        raise Conflict("Close the vote first.")
    seen = polls.view(uow.session, poll, person_id=actor.person_id, facilitates=True)
    if seen.decision is not None:
        raise Conflict(f"Decision {seen.decision.number} was recorded on this vote already.", code="decided")
    sentence, departs_because = _checked(outcome, sentence, departs_because, seen.suggested)
    if not seen.is_shown:
        polls.publish(uow, poll)
    assert outcome is not None  # noqa: S101  # _checked refused None
    decision = _add(
        uow, actor, meeting, outcome=outcome, sentence=sentence, departs_because=departs_because,
        item_id=poll.item_id, poll_id=poll.id, words=dict(poll.words), words_sha256=poll.words_sha256,
        split=_split(seen),
    )  # fmt: skip
    _follow(uow, uow.lock(Item, poll.item_id), outcome)
    return decision


def _checked(outcome: Outcome | None, sentence: str, because: str, suggested: Outcome) -> tuple[str, str]:
    sentence, because = " ".join(sentence.split()), because.strip().replace("\r\n", "\n")
    fields = {}
    if outcome is None:
        fields["outcome"] = "Choose what the group decided"
    if not 1 <= len(sentence) <= LONGEST or "\0" in sentence:
        fields["sentence"] = "Write the outcome in one sentence"
    if len(because) > LONGEST or "\0" in because:
        fields["departs_because"] = f"At most {LONGEST:,} characters"
    if outcome is not None and departs(outcome, suggested) and not because:
        fields["departs_because"] = "This departs from the rule: say why"
    if fields:
        raise Invalid("The decision cannot be recorded yet.", fields=fields)
    return sentence, because if outcome is not None and departs(outcome, suggested) else ""


def departs(outcome: Outcome, suggested: Outcome) -> bool:
    """Whether an outcome is not what the rule makes of the vote; putting a decision off never is."""
    return outcome is not Outcome.DEFERRED and outcome is not suggested


def _split(seen: polls.PollView) -> list[dict[str, object]]:
    return [
        {
            "constituency": each.constituency, "tag": each.tag, Choice.YES.value: each.yes,
            Choice.RESERVATIONS.value: each.reservations, Choice.NO.value: each.no, "not_voted": each.silent,
        }
        for each in seen.split
    ]  # fmt: skip


def log_decision(uow: UnitOfWork, actor: Actor, *, meeting_id: int, sentence: str) -> Decision:
    """Record something the group decided without a vote on an item, such as a way of working.

    Raises Invalid, Conflict when the session is not open or the same was recorded a moment ago.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.DECISION_RECORD)
    if meeting.state not in (*OPEN, MeetingState.CLOSED):
        raise Conflict("Decisions are recorded in a session, or before its minutes are approved.")
    sentence = " ".join(sentence.split())
    if not 1 <= len(sentence) <= LONGEST or "\0" in sentence:
        words = "Write what was decided in one sentence"
        raise Invalid(words, fields={"sentence": words})
    just_now = select(Decision.number).where(
        Decision.meeting_id == meeting.id, Decision.sentence == sentence, Decision.decided_at > uow.now - PRESSED_TWICE
    )
    known = uow.session.execute(just_now).scalars().first()
    if known is not None:
        raise Conflict(f"This was recorded as decision {known} a moment ago.", code="decided")
    return _add(uow, actor, meeting, outcome=Outcome.AGREED, sentence=sentence)


def _add(
    uow: UnitOfWork, actor: Actor, meeting: Meeting, *, outcome: Outcome, sentence: str, departs_because: str = "",
    item_id: int | None = None, poll_id: int | None = None, words: dict[str, str] | None = None,
    words_sha256: str | None = None, split: list[dict[str, object]] | None = None,
) -> Decision:  # fmt: skip
    uow.lock(Group, meeting.group_id)
    last = uow.session.execute(select(func.max(Decision.number)).where(Decision.group_id == meeting.group_id)).scalar()
    decision = Decision(
        group_id=meeting.group_id, number=(last or 0) + 1, meeting_id=meeting.id, item_id=item_id, poll_id=poll_id,
        outcome=outcome, sentence=sentence, departs_because=departs_because, words=words, words_sha256=words_sha256,
        split=split or [], decided_at=uow.now, recorded_by_id=actor.person_id,
    )  # fmt: skip
    uow.session.add(decision)
    uow.flush()
    record(uow, actor, meeting, "decision", decision=decision.id)
    uow.emit(DecisionRecorded(meeting.group_id, decision.id))
    note(uow, actor, f"recorded decision {decision.number}: {sentence}", group_id=meeting.group_id, item_id=item_id,
         meeting_id=meeting.id)  # fmt: skip
    return decision


def _follow(uow: UnitOfWork, item: Item, outcome: Outcome) -> None:
    """Bring the item's status after the decision; a refusal takes an earlier agreement back to proposed."""
    status = STATUS_OF.get(outcome)
    if status is None and outcome is Outcome.NOT_AGREED and item.status in items.SETTLED:
        status = Status.PROPOSED
    if status is not None and item.status is not status:
        items.give_status(uow, item, status)


# --- what has become of the words ---


def standings(session: Session, group_id: int, item_ids: Iterable[int]) -> dict[int, tuple[Decision, Standing]]:
    """For items of a group that were decided: the latest decision and whether it still stands, in four queries."""
    return standings_of(session, *_now(session, group_id, item_ids))


def standings_of(
    session: Session, words: Mapping[int, dict[str, str]], terms: Glossary, *, until: datetime | None = None
) -> dict[int, tuple[Decision, Standing]]:
    """For items that were decided, by the words that they have, or had at a moment: the latest decision until then, and
    whether those words, with the meanings of their terms, are the ones that it was taken on."""
    latest = decided.latest_decisions(session, words, until=until)
    judge = _Judge(session, latest.values(), words, terms, until)
    return {item_id: (decision, judge.standing(decision)) for item_id, decision in latest.items()}


def _now(session: Session, group_id: int, item_ids: Iterable[int]) -> tuple[dict[int, dict[str, str]], Glossary]:
    ids = set(item_ids)
    texts = documents.documents_of(session, ids)
    words = {item_id: documents.words_in(texts.get(item_id, {})) for item_id in ids}
    return words, glossary.standing(session, group_id)


class _Judge:
    """Says of some decisions of a group whether they stand; all that this needs is read once."""

    def __init__(
        self, session: Session, some: Collection[Decision], words: Mapping[int, dict[str, str]], terms: Glossary,
        until: datetime | None = None,
    ) -> None:  # fmt: skip
        self._accepted = decided.corrections_of(session, [each.id for each in some], until=until)
        self._words, self._terms = words, terms

    def standing(self, decision: Decision) -> Standing:
        if decision.words_sha256 is None:
            return "no_words"
        words = self._words.get(decision.item_id or 0) or documents.words_in({})
        if decided.is_covered(words, self._terms, [decision.words_sha256]):
            return "stands"
        accepted = [each.words_sha256 for each in self._accepted.get(decision.id, [])]
        return "corrected" if decided.is_covered(words, self._terms, accepted) else "changed"


# --- reading ---


def list_decisions(
    uow: UnitOfWork, actor: Actor, *, group_id: int, meeting_id: int | None = None, item_id: int | None = None
) -> list[DecisionLine]:
    """The decision log, newest first. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.DECISION_READ)
    query = select(Decision).where(Decision.group_id == group_id).order_by(Decision.number.desc())
    if meeting_id is not None:
        query = query.where(Decision.meeting_id == meeting_id)
    if item_id is not None:
        query = query.where(Decision.item_id == item_id)
    return _lines(uow.session, group_id, list(uow.session.execute(query).scalars()))


def _lines(session: Session, group_id: int, found: list[Decision]) -> list[DecisionLine]:
    meetings = {
        id_: (number, title)
        for id_, number, title in session.execute(
            select(Meeting.id, Meeting.number, Meeting.title).where(Meeting.group_id == group_id)
        )
    }
    rows = session.execute(select(Item.id, Item.reference).where(Item.group_id == group_id))
    references = {id_: reference for id_, reference in rows}  # noqa: C416  # rows are not pairs to the type checker
    of_items = {each.item_id for each in found if each.item_id is not None}
    judge = _Judge(session, found, *_now(session, group_id, of_items))
    latest, gone = _latest_ids(session, of_items), _gone(session, of_items)
    lines = []
    for each in found:
        number, title = meetings.get(each.meeting_id or 0, (None, ""))
        lines.append(
            DecisionLine(
                each, number, title, references.get(each.item_id or 0, ""),
                judge.standing(each),
                each.item_id is not None and latest[each.item_id] != each.id,
                gone.get(each.item_id or 0),
            )
        )  # fmt: skip
    return lines


def _gone(session: Session, item_ids: Iterable[int]) -> dict[int, Gone]:
    """Which of some items are withdrawn, and where they have gone."""
    query = select(Item).where(Item.id.in_(list(item_ids)), Item.status == Status.WITHDRAWN)
    some = list(session.execute(query).scalars())
    into = {id_: Gone(one.id, one.reference) for id_, (one, _how) in items.merges_of(session, some).items()}
    return {item.id: into.get(item.id, Gone(None, "")) for item in some}


def _latest_ids(session: Session, item_ids: Iterable[int]) -> dict[int, int]:
    query = select(Decision.item_id, func.max(Decision.id)).where(Decision.item_id.in_(list(item_ids)))
    return {item_id: id_ for item_id, id_ in session.execute(query.group_by(Decision.item_id)) if item_id is not None}


def read_decision(uow: UnitOfWork, actor: Actor, *, decision_id: int, group_id: int) -> DecisionPage:
    """One decision with everything that belongs to it. Raises NotFound, Forbidden."""
    decision = access(uow.session, actor, Decision, decision_id, Can.DECISION_READ)
    if decision.group_id != group_id:
        raise NotFound()
    session = uow.session
    line = _lines(session, group_id, [decision])[0]
    recorder = session.get(Person, decision.recorded_by_id) if decision.recorded_by_id else None
    poll = session.get(Poll, decision.poll_id) if decision.poll_id else None
    found = require(session, actor, group_id, Can.DECISION_READ)
    seen = None
    if poll is not None:
        facilitates = allowed(found.role, Can.MEETING_RUN)
        seen = polls.view(session, poll, person_id=actor.person_id, facilitates=facilitates)
    now = decided.binding_now(session, group_id, decision.item_id) if decision.item_id is not None else {}
    changed = []
    if line.standing in ("changed", "corrected") and decision.words is not None:
        changed = _differences(decision.words, now)
    corrections = _corrections(session, decision, documents.words_sha256(now) if now else "")
    return DecisionPage(line, recorder.name if recorder else "Concordat", seen, changed, corrections)


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Changed]:
    """What differs: texts first, then meanings of terms, where the decision bound any."""
    found = [
        Changed(field, then.get(field.value, ""), now.get(field.value, ""))
        for field in documents.WORDS
        if then.get(field.value, "") != now.get(field.value, "")
    ]
    meant, means = then.get(decided.DEFINITIONS), now.get(decided.DEFINITIONS, {})
    if meant is not None:
        terms = sorted({*meant, *means}, key=fold)
        found += [
            Changed(None, meant.get(term, ""), means.get(term, ""), term)
            for term in terms
            if meant.get(term) != means.get(term)
        ]
    return found


def _corrections(session: Session, decision: Decision, now: str) -> list[CorrectionView]:
    query = select(Correction).where(Correction.decision_id == decision.id).order_by(Correction.id.desc())
    made = list(session.execute(query).scalars())
    confirmed: dict[int, list[tuple[str, str]]] = {}
    rows = session.execute(
        select(CorrectionConfirmation.correction_id, Person.name, Bloc.name)
        .join(Person, Person.id == CorrectionConfirmation.person_id)
        .join(Bloc, Bloc.id == CorrectionConfirmation.bloc_id)
        .where(CorrectionConfirmation.correction_id.in_([each.id for each in made]))
        .order_by(CorrectionConfirmation.at)
    )
    for correction_id, name, bloc in rows:
        confirmed.setdefault(correction_id, []).append((name, bloc))
    return [CorrectionView(each, confirmed.get(each.id, []), each.words_sha256 == now) for each in made]
