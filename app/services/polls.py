"""Asking the room "Can you live with it?": electorate fixed when opened, answers hidden until closed, then named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from app.events import ItemChanged, PollChanged
from app.policy import Actor, Can, allowed
from app.services import decided, documents, items, suggestions
from app.services.activity import note
from app.services.attendance import attendances, is_present
from app.services.meetings import OPEN, access_meeting, hold_controls, hold_meeting, record
from app.uow import UnitOfWork
from models.documents import Document, Field
from models.groups import Constituency, Membership
from models.items import Item, Status
from models.meetings import Attendance, Meeting, MeetingEvent
from models.polls import Ballot, Choice, Decision, Elector, Outcome, Poll

QUESTION = "Can you live with it?"
LONGEST_REASON = 2_000


@dataclass(frozen=True)
class Voice:
    """One elector: whom they are and speak for. ``choice``, ``reason`` and whether they suggest
    words are empty until the vote has closed."""

    person_id: int
    name: str
    standing_for: str
    constituency: str
    tag: str
    has_voted: bool
    choice: Choice | None = None
    reason: str = ""
    suggests: bool = False


@dataclass(frozen=True)
class Split:
    """Answers of one constituency: yes, with reservations, no, and who has not answered."""

    constituency: str
    tag: str
    yes: int
    reservations: int
    no: int
    silent: int

    @property
    def label(self) -> str:
        """What stands beside its bar."""
        return self.constituency

    @property
    def counts(self) -> list[int]:
        """The three answers, in the order they are always shown."""
        return [self.yes, self.reservations, self.no]


@dataclass(frozen=True)
class PollView:
    """A poll as one actor may see it. While it is open nobody's answer is in it but the actor's own.

    ``moved``, for facilitators: the vote has closed, and the item's words, or what its terms mean, are no longer those
    it was taken on. ``text``, for whoever votes while it is open: the document of the item's words.
    """

    poll: Poll
    reference: str
    voices: list[Voice]
    split: list[Split]
    own: Ballot | None
    may_vote: bool
    is_shown: bool
    decision: Decision | None
    moved: bool
    text: Document | None

    @property
    def voted(self) -> int:
        """How many have answered."""
        return sum(voice.has_voted for voice in self.voices)

    @property
    def is_open(self) -> bool:
        """Whether answers are taken now."""
        return self.poll.closed_at is None and self.poll.cancelled_at is None

    def is_looked_at(self, item_id: int | None, since: datetime | None) -> bool:
        """Whether it still matters to a room that is at an item, in a stage that began at ``since``."""
        if self.is_open or self.decision is None:
            return True
        return since is not None and self.poll.opened_at >= since and item_id in (None, self.poll.item_id)

    def count(self, choice: Choice) -> int:
        """How many gave an answer; 0 for every answer while the poll is open."""
        return sum(voice.choice is choice for voice in self.voices)

    @property
    def suggested(self) -> Outcome:
        """What the rule of consent makes of the answers; the facilitator records the outcome."""
        if self.count(Choice.NO):
            return Outcome.NOT_AGREED
        if self.count(Choice.RESERVATIONS):
            return Outcome.RESERVATIONS
        return Outcome.AGREED if self.count(Choice.YES) else Outcome.DEFERRED


# --- open, close ---


def open_poll_on(session: Session, item_id: int) -> bool:
    """Whether a vote on an item is open now, so that its words may not change."""
    query = select(Poll.id).where(Poll.item_id == item_id, Poll.closed_at.is_(None), Poll.cancelled_at.is_(None))
    return session.execute(query).first() is not None


def open_poll_in(session: Session, meeting_id: int) -> Poll | None:
    """The vote that is open in a session, or None: there is one at a time."""
    query = select(Poll).where(Poll.meeting_id == meeting_id, Poll.closed_at.is_(None), Poll.cancelled_at.is_(None))
    return session.execute(query).scalars().first()


def electorate(session: Session, meeting: Meeting) -> list[Attendance]:
    """Who may vote now: people in the room whose role votes, and deputies for absent members. Nobody counts twice."""
    rows = [row for row in attendances(session, meeting.id) if is_present(row)]
    here = {row.person_id for row in rows}
    memberships = session.execute(
        select(Membership.person_id, Membership.role).where(
            Membership.group_id == meeting.group_id, Membership.removed_at.is_(None)
        )
    )
    roles = {person_id: role for person_id, role in memberships}  # noqa: C416  # rows are not pairs to the type checker
    seated: set[int] = set()
    voting = []
    for row in rows:
        role = roles.get(row.person_id)
        if role is None or (row.for_person_id is not None and row.for_person_id in here | seated):
            continue
        if row.for_person_id is not None:
            seated.add(row.for_person_id)
            voting.append(row)
        elif allowed(role, Can.POLL_VOTE):
            voting.append(row)
    return voting


def somebody_votes(session: Session, meeting: Meeting) -> bool:
    """Whether anyone in the room may vote, so that a vote makes sense."""
    return bool(electorate(session, meeting))


def open_poll(uow: UnitOfWork, actor: Actor, *, meeting_id: int, item_id: int, revision: int | None = None) -> Poll:
    """Ask the room whether it can live with an item's words as they stand now; from here on they are locked.

    Raises NotFound, Forbidden, Invalid, Conflict when another vote is open or nobody in the room may vote.
    """
    meeting = hold_controls(uow, actor, meeting_id, revision=revision)
    if meeting.state not in OPEN:
        raise Conflict("This session is not open.")
    poll = open_in(uow, actor, meeting, item_id)
    meeting.current_item_id = item_id
    meeting.revision += 1
    return poll


def open_in(uow: UnitOfWork, actor: Actor, meeting: Meeting, item_id: int) -> Poll:
    """Open the vote in a session that is held already; the row behind open_poll and the start of a decide stage."""
    if open_poll_in(uow.session, meeting.id) is not None:
        raise Conflict("A vote is open already. Close it first.", code="vote_open")
    item = uow.lock(Item, item_id)
    if item.group_id != meeting.group_id:
        raise NotFound()
    if item.status is Status.WITHDRAWN:
        raise Conflict(f"{item.reference} is withdrawn: restore it before you ask about it.")
    items.must_be_free(uow.session, [item])
    voting = electorate(uow.session, meeting)
    if not voting:
        raise Conflict("Nobody who may vote is here yet.", code="nobody_votes")
    # Edits in flight hold a document's row: wait for them, so that the words kept are the words shown.
    locked = select(Document).where(Document.item_id == item_id).order_by(Document.id).with_for_update()
    texts = list(uow.session.execute(locked.execution_options(populate_existing=True)).scalars())
    words = decided.binding_now(uow.session, meeting.group_id, item_id)
    poll = Poll(
        group_id=meeting.group_id, meeting_id=meeting.id, item_id=item_id, question=QUESTION, words=words,
        words_sha256=documents.words_sha256(words), opened_at=uow.now, opened_by_id=actor.person_id or 0,
    )  # fmt: skip
    uow.session.add(poll)
    uow.flush()
    uow.session.add_all(
        Elector(
            poll_id=poll.id, person_id=row.person_id, constituency_id=row.constituency_id,
            for_person_id=row.for_person_id,
        )
        for row in voting
    )  # fmt: skip
    for text in texts:
        documents.reset(uow, text)
    _tell(uow, actor, meeting, poll, "poll_opened")
    sentence = f"asked session {meeting.number} about {item.reference}: {QUESTION}"
    note(uow, actor, sentence, group_id=meeting.group_id, item_id=item_id, meeting_id=meeting.id)
    return poll


def close_poll(uow: UnitOfWork, actor: Actor, *, poll_id: int) -> Poll:
    """Close the vote by hand: from now on no answer changes. Only facilitators see the result until it is shown."""
    meeting, poll = _controlled(uow, actor, poll_id)
    poll.closed_at = uow.now
    _unlock(uow, poll)
    _tell(uow, actor, meeting, poll, "poll_closed")
    note(uow, actor, f"closed the vote in session {meeting.number}", group_id=poll.group_id, item_id=poll.item_id,
         meeting_id=meeting.id)  # fmt: skip
    return poll


def cancel_poll(uow: UnitOfWork, actor: Actor, *, poll_id: int) -> Poll:
    """Withdraw an open vote: its answers count for nothing and are never shown."""
    meeting, poll = _controlled(uow, actor, poll_id)
    withdraw(uow, actor, meeting, poll)
    return poll


def withdraw(uow: UnitOfWork, actor: Actor, meeting: Meeting, poll: Poll) -> None:
    """The row behind cancel_poll and the undo of a stage: the session is held already."""
    poll.cancelled_at = uow.now
    _unlock(uow, poll)
    _tell(uow, actor, meeting, poll, "poll_cancelled")
    note(uow, actor, f"withdrew the vote in session {meeting.number}", group_id=poll.group_id, item_id=poll.item_id,
         meeting_id=meeting.id)  # fmt: skip


def show_result(uow: UnitOfWork, actor: Actor, *, poll_id: int) -> None:
    """Show the result of a closed vote to the room and on the projector."""
    poll = _poll(uow, poll_id)
    meeting, _ = hold_meeting(uow, actor, poll.meeting_id, Can.MEETING_RUN)
    if poll.closed_at is None:
        raise Conflict("Close the vote first.")
    if not is_shown(uow.session, poll):
        decided = select(Decision.id).where(Decision.poll_id == poll.id)
        if uow.session.execute(decided).first() is None:  # what was decided has been seen
            publish(uow, poll)
        _tell(uow, actor, meeting, poll, "result_shown")


def publish(uow: UnitOfWork, poll: Poll) -> None:
    """The answers are about to be seen: the words that electors could live with become suggestions of theirs."""
    ballots = select(Ballot).where(Ballot.poll_id == poll.id, Ballot.words != "").order_by(Ballot.id)
    for ballot in uow.session.execute(ballots).scalars().all():
        suggestions.from_ballot(uow, ballot, poll.item_id)


def _controlled(uow: UnitOfWork, actor: Actor, poll_id: int) -> tuple[Meeting, Poll]:
    meeting = hold_controls(uow, actor, _poll(uow, poll_id).meeting_id)
    poll = uow.lock(Poll, poll_id)
    if poll.closed_at is not None or poll.cancelled_at is not None:
        raise Conflict("This vote has closed already.", code="vote_closed")
    return meeting, poll


def _unlock(uow: UnitOfWork, poll: Poll) -> None:
    uow.flush()
    for document in documents.documents_of(uow.session, [poll.item_id]).get(poll.item_id, {}).values():
        documents.reset(uow, document)


def _tell(uow: UnitOfWork, actor: Actor, meeting: Meeting, poll: Poll, kind: str) -> None:
    record(uow, actor, meeting, kind, poll=poll.id, item=poll.item_id)
    uow.emit(PollChanged(poll.group_id, meeting.id, poll.id))
    uow.emit(ItemChanged(poll.group_id, poll.item_id))


# --- vote ---


def vote(
    uow: UnitOfWork, actor: Actor, *, poll_id: int, choice: Choice | None, reason: str = "", words: str = ""
) -> Ballot:
    """Give or change one's answer while the vote is open. A "no" says what would have to change.

    ``words``, the item's text as one could live with it, is kept beside a "no" or a reservation where it differs.
    Raises NotFound for people without a ballot, Gone once it has closed, Invalid with sentences beside the fields.
    """
    poll = _poll(uow, poll_id)
    access_meeting(uow.session, actor, poll.meeting_id, Can.MEETING_ATTEND)
    elector = uow.session.get(Elector, (poll_id, actor.person_id or 0))
    if elector is None:
        raise Forbidden("You have no ballot in this vote: it was fixed when the vote opened.", code="no_ballot")
    poll = uow.lock(Poll, poll_id)
    if poll.closed_at is not None or poll.cancelled_at is not None:
        raise Gone("This vote has closed. What you chose was not counted.", code="vote_closed")
    choice, reason = checked(choice, reason)
    words = documents.clean(Field.TEXT, words)
    if choice is Choice.YES or words.strip() == poll.words["text"].strip():
        words = ""
    ballot = _ballot(uow.session, poll_id, elector.person_id)
    if ballot is None:
        ballot = Ballot(poll_id=poll_id, person_id=elector.person_id, choice=choice, cast_at=uow.now)
        uow.session.add(ballot)
    ballot.choice, ballot.reason, ballot.cast_at = choice, reason, uow.now
    text = documents.documents_of(uow.session, [poll.item_id])[poll.item_id][Field.TEXT]
    ballot.words, ballot.made_for = words, text.version if words else None
    uow.flush()
    uow.emit(PollChanged(poll.group_id, poll.meeting_id, poll.id))
    return ballot


def checked(choice: Choice | None, reason: str) -> tuple[Choice, str]:
    """An answer as it may be kept. Raises Invalid with sentences beside the fields."""
    reason = reason.strip().replace("\r\n", "\n")
    if choice is None:
        raise Invalid("Choose an answer.", fields={"choice": "Choose one of the three answers"})
    if choice is Choice.NO and not reason:
        sentence = "Say what change would let you live with it"
        raise Invalid(sentence, fields={"reason": sentence})
    if len(reason) > LONGEST_REASON or "\0" in reason:
        raise Invalid("That is too long.", fields={"reason": f"At most {LONGEST_REASON:,} characters"})
    return choice, reason


# --- reading ---


def latest_poll(session: Session, meeting_id: int) -> Poll | None:
    """The vote of a session that counts now: the open one, or the last that closed."""
    query = (
        select(Poll).where(Poll.meeting_id == meeting_id, Poll.cancelled_at.is_(None)).order_by(Poll.id.desc()).limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def withdrawn_poll(session: Session, meeting_id: int, since: datetime | None) -> Poll | None:
    """The last vote of a session, where it was withdrawn at ``since`` or later."""
    if since is None:
        return None
    query = select(Poll).where(Poll.meeting_id == meeting_id).order_by(Poll.id.desc()).limit(1)
    last = session.execute(query).scalar_one_or_none()
    return last if last is not None and last.cancelled_at is not None and last.cancelled_at >= since else None


def view(session: Session, poll: Poll, *, person_id: int | None, facilitates: bool) -> PollView:
    """A poll as one person may see it: answers only once it has closed and, for the room, once they are shown."""
    decision = session.execute(select(Decision).where(Decision.poll_id == poll.id)).scalar_one_or_none()
    shown = poll.closed_at is not None and (decision is not None or is_shown(session, poll))
    query = (
        select(Elector)
        .where(Elector.poll_id == poll.id)
        .options(joinedload(Elector.person), joinedload(Elector.for_person), joinedload(Elector.constituency))
    )
    electors = sorted(session.execute(query).scalars(), key=_order)
    ballots = {
        each.person_id: each for each in session.execute(select(Ballot).where(Ballot.poll_id == poll.id)).scalars()
    }
    open_to_see = poll.closed_at is not None and (facilitates or shown)
    voices = [_voice(elector, ballots.get(elector.person_id), named=open_to_see) for elector in electors]
    may_vote = any(elector.person_id == person_id for elector in electors)
    split = split_of(voices) if open_to_see else []
    reference = session.get_one(Item, poll.item_id).reference
    # Only who records the decision is told, and forty others ask at the same moment.
    moved = (
        facilitates
        and poll.closed_at is not None
        and poll.words_sha256 not in decided.fingerprints(decided.binding_now(session, poll.group_id, poll.item_id))
    )
    voting = may_vote and poll.closed_at is None and poll.cancelled_at is None
    text = documents.documents_of(session, [poll.item_id])[poll.item_id][Field.TEXT] if voting else None
    own = ballots.get(person_id or 0)
    return PollView(poll, reference, voices, split, own, may_vote, shown, decision, moved, text)


def _order(elector: Elector) -> tuple[int, str]:
    position = elector.constituency.position if elector.constituency else 99
    return position, elector.person.name.lower()


def _voice(elector: Elector, ballot: Ballot | None, *, named: bool) -> Voice:
    constituency: Constituency | None = elector.constituency
    return Voice(
        person_id=elector.person_id,
        name=elector.person.name,
        standing_for=elector.for_person.name if elector.for_person else "",
        constituency=constituency.name if constituency else "No constituency",
        tag=constituency.tag if constituency else "–",
        has_voted=ballot is not None,
        choice=ballot.choice if ballot and named else None,
        reason=ballot.reason if ballot and named else "",
        suggests=bool(ballot and named and ballot.words),
    )


def split_of(voices: Sequence[Voice]) -> list[Split]:
    """The answers by constituency, in the order of the voices."""
    by: dict[str, list[Voice]] = {}
    for voice in voices:
        by.setdefault(voice.constituency, []).append(voice)
    return [
        Split(
            name,
            group[0].tag,
            sum(each.choice is Choice.YES for each in group),
            sum(each.choice is Choice.RESERVATIONS for each in group),
            sum(each.choice is Choice.NO for each in group),
            sum(each.choice is None for each in group),
        )
        for name, group in by.items()
    ]


def is_shown(session: Session, poll: Poll) -> bool:
    """Whether a facilitator has shown the result to the room."""
    shown = session.execute(
        select(MeetingEvent.detail).where(
            MeetingEvent.meeting_id == poll.meeting_id, MeetingEvent.kind == "result_shown"
        )
    ).scalars()
    return any(detail.get("poll") == poll.id for detail in shown)


def _poll(uow: UnitOfWork, poll_id: int) -> Poll:
    poll = uow.session.get(Poll, poll_id)
    if poll is None:
        raise NotFound()
    return poll


def access_poll(uow: UnitOfWork, actor: Actor, poll_id: int, *, group_id: int) -> PollView:
    """One poll as the actor may see it. Raises NotFound, Forbidden."""
    poll = _poll(uow, poll_id)
    _, found = access_meeting(uow.session, actor, poll.meeting_id, Can.MEETING_ATTEND, group_id=group_id)
    return view(uow.session, poll, person_id=actor.person_id, facilitates=allowed(found.role, Can.MEETING_RUN))


def _ballot(session: Session, poll_id: int, person_id: int) -> Ballot | None:
    return session.execute(
        select(Ballot).where(Ballot.poll_id == poll_id, Ballot.person_id == person_id)
    ).scalar_one_or_none()
