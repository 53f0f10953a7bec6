"""Minutes: drafted from what happened, corrected as a live text, approved and locked; and the logs as Word files."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc import moments
from app.calc.documents import WordDocument
from app.errors import Conflict, NotFound
from app.events import DocumentReset
from app.policy import SYSTEM, Actor, Can, allowed
from app.services import actions, decisions, documents
from app.services.activity import note
from app.services.attendance import attendances, expected, is_present
from app.services.meetings import access_meeting, hold_meeting, next_meeting, record, stages_of
from app.uow import UnitOfWork
from models.documents import Document, Field, TextChange
from models.groups import Group, Role
from models.items import Item
from models.meetings import Attendance, Meeting, MeetingState, Stage
from models.polls import Ballot, Choice, Decision, Outcome, Poll

OUTCOMES = {
    Outcome.AGREED: "Agreed",
    Outcome.RESERVATIONS: "Agreed with reservations",
    Outcome.NOT_AGREED: "Not agreed",
    Outcome.DEFERRED: "Put off",
}


@dataclass(frozen=True)
class MinutesPage:
    """The minutes of a session and what may be done with them now."""

    meeting: Meeting
    document: Document | None
    may_edit: bool
    may_approve: bool


# --- drafting ---


def draft(uow: UnitOfWork, meeting: Meeting) -> Document:
    """Write the minutes of a session from what happened, or write them anew as long as nobody has edited them.

    The caller has checked the right and holds the session.
    """
    text = compose(uow, meeting)
    document = document_of(uow.session, meeting.id)
    if document is None:
        beginning = documents.Beginning(Field.MINUTES, text, meeting_id=meeting.id)
        return documents.create_documents(uow, SYSTEM, group_id=meeting.group_id, beginnings=[beginning])[0]
    edited = select(TextChange.version).where(TextChange.document_id == document.id, TextChange.author_id.is_not(None))
    if uow.session.execute(edited.limit(1)).first() is None:
        documents.replace_text(uow, SYSTEM, uow.lock(Document, document.id), text)
    return document


def document_of(session: Session, meeting_id: int) -> Document | None:
    """The minutes as a live text, once they are drafted."""
    return session.execute(
        select(Document).where(Document.meeting_id == meeting_id, Document.field == Field.MINUTES)
    ).scalar_one_or_none()


def compose(uow: UnitOfWork, meeting: Meeting) -> str:
    """The draft in Markdown: attendance, stages planned and actual, decisions with their split, actions."""
    group = uow.session.get_one(Group, meeting.group_id)
    zone = group.time_zone
    began = moments.in_words(meeting.opened_at or meeting.starts_at, zone)
    parts = [
        f"Session {meeting.number} of {plain(group.name)}: {plain(meeting.title)}. {began}"
        + (f", {plain(meeting.place)}" if meeting.place else "")
        + (f", until {moments.clock_time(meeting.closed_at, zone)}" if meeting.closed_at else "")
        + "."
    ]
    if meeting.aims:
        parts.append("# What it was for\n\n" + "\n".join(f"- {plain(aim)}" for aim in meeting.aims))
    parts += [
        _attendance(uow.session, meeting),
        _stages(stages_of(uow.session, meeting.id), zone),
        _decisions(uow.session, meeting),
        _actions(uow, meeting),
    ]
    after = next_meeting(uow.session, meeting)
    if after is not None:
        parts.append(f"# Next session\n\n{plain(after.title)}, {moments.in_words(after.starts_at, zone)}")
    return "\n\n".join(parts)


def plain(words: str) -> str:
    """Words in one line that Markdown shows as they are typed."""
    line = " ".join(words.split())
    for mark in "\\*_[]<>`#":
        line = line.replace(mark, "\\" + mark)
    return line


def _attendance(session: Session, meeting: Meeting) -> str:
    rows = attendances(session, meeting.id)
    came = [row for row in rows if is_present(row) or (row.left_at is not None and row.refused_at is None)]
    represented = {row.for_person_id for row in came}
    ids = {row.person_id for row in came}
    sorry = {row.person_id for row in rows if row.apologies_at is not None}
    lines = ["# Attendance", ""]
    by: dict[str, list[Attendance]] = {}
    for row in sorted(came, key=lambda row: row.constituency.position if row.constituency else 99):
        by.setdefault(row.constituency.name if row.constituency else "No constituency", []).append(row)
    lines += [f"- **{plain(name)}**: {', '.join(_who(row) for row in group)}" for name, group in by.items()]
    if not came:
        lines.append("Nobody was recorded as present.")
    absent = [
        row for row in expected(session, meeting.group_id) if row.person_id not in ids and row.role is not Role.OBSERVER
    ]
    apologies = [plain(row.person.name) for row in absent if row.person_id in sorry]
    rest = [plain(row.person.name) for row in absent if row.person_id not in sorry and row.person_id not in represented]
    if apologies:
        lines += ["", f"**Apologies**: {', '.join(apologies)}"]
    if rest:
        lines += ["", f"**Not present**: {', '.join(rest)}"]
    return "\n".join(lines)


def _who(row: Attendance) -> str:
    extra = []
    if row.organisation and row.asked_at is not None:
        extra.append(plain(row.organisation))
    if row.for_person is not None:
        extra.append(f"for {plain(row.for_person.name)}")
    if row.asked_at is not None and row.for_person is None:
        extra.append("guest")
    return plain(row.person.name) + (f" ({', '.join(extra)})" if extra else "")


def _stages(stages: list[Stage], zone: str) -> str:
    lines = ["# Run sheet", ""]
    for stage in stages:
        if stage.started_at is None:
            lines.append(f"- {plain(stage.title)}: planned {_minutes(stage.planned_minutes)}, not reached")
            continue
        actual = "not ended"
        if stage.ended_at is not None:
            seconds = (stage.ended_at - stage.started_at).total_seconds() - stage.paused_seconds
            actual = f"took {_minutes(max(0, math.ceil(seconds / 60)))}"
        begun = moments.clock_time(stage.started_at, zone)
        lines.append(f"- {begun} {plain(stage.title)}: planned {_minutes(stage.planned_minutes)}, {actual}")
    return "\n".join(lines)


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"


def _decisions(session: Session, meeting: Meeting) -> str:
    query = select(Decision).where(Decision.meeting_id == meeting.id).order_by(Decision.number)
    found = list(session.execute(query).scalars())
    said = [_decision(session, each) for each in found] or ["No decision was recorded."]
    undecided = (
        select(Item.reference)
        .join(Poll, Poll.item_id == Item.id)
        .outerjoin(Decision, Decision.poll_id == Poll.id)
        .where(Poll.meeting_id == meeting.id, Poll.closed_at.is_not(None), Poll.cancelled_at.is_(None))
        .where(Decision.id.is_(None))
        .order_by(Poll.id)
    )
    said += [
        f"The vote on {reference} closed, and no decision was recorded on it."
        for reference in session.execute(undecided).scalars()
    ]
    return "\n\n".join(["# Decisions", *said])


def _decision(session: Session, decision: Decision) -> str:
    lines = [f"**Decision {decision.number}**: {plain(decision.sentence)}"]
    if decision.words is not None:
        lines[0] += f" ({OUTCOMES[decision.outcome]})"
        lines += ["", f"> {plain(str(decision.words.get('title', '')))}"]
        lines += [f"> {line}".rstrip() for line in ("\n" + str(decision.words.get("text", ""))).rstrip().split("\n")]
        lines += ["", split_in_words(decision), *_reasons(session, decision)]
    if decision.departs_because:
        lines += ["", f"This departs from the rule of consent because: {plain(decision.departs_because)}"]
    return "\n".join(lines)


def _reasons(session: Session, decision: Decision) -> list[str]:
    """What those who said no, or had a reservation, asked for; without names, which stand with the decision itself."""
    query = select(Ballot.choice, Ballot.reason).where(Ballot.poll_id == decision.poll_id, Ballot.reason != "")
    given = [(choice, plain(reason)) for choice, reason in session.execute(query.order_by(Ballot.reason))]
    lines: list[str] = []
    for wanted, words in (
        (Choice.NO, "What change would let those who said no live with it"),
        (Choice.RESERVATIONS, "Reservations"),
    ):
        said = [f"“{reason}”" for choice, reason in given if choice is wanted]
        lines += ["", f"{words}: {'; '.join(said)}"] if said else []
    return lines


def split_in_words(decision: Decision) -> str:
    """How the vote went, as a sentence for each constituency; empty where there was none."""
    if not decision.split:
        return ""
    totals = [sum(row[choice.value] for row in decision.split) for choice in Choice]
    silent = sum(row["not_voted"] for row in decision.split)
    if not totals[1] and not totals[2] and not silent:
        each = [f"{plain(row['constituency'])} {row['yes']}" for row in decision.split]
        return f"Vote: all {totals[0]} said yes ({', '.join(each)})."
    head = f"Vote: {totals[0]} yes, {totals[1]} yes with reservations, {totals[2]} no"
    head += f", {silent} did not vote." if silent else "."
    rows = [(plain(row["constituency"]), "/".join(str(row[each.value]) for each in Choice)) for row in decision.split]
    each = [f"{name} {counts}" for name, counts in rows]
    return f"{head} By constituency (yes/reservations/no): {'; '.join(each)}."


def _actions(uow: UnitOfWork, meeting: Meeting) -> str:
    lines = ["# Actions", ""]
    found = actions.lines_of(uow, meeting.group_id, meeting_id=meeting.id)
    if not found:
        lines.append("No action was noted.")
    for line in sorted(found, key=lambda line: line.action.number):
        due = moments.day_in_words(line.action.due_on) if line.action.due_on else "no date"
        owner = plain(line.owner) if line.owner else "no owner"
        lines.append(f"- **{line.action.number}** {plain(line.action.what)} ({owner}, {due})")
    return "\n".join(lines)


# --- reading, correcting, approving ---


def read_minutes(uow: UnitOfWork, actor: Actor, *, meeting_id: int, group_id: int) -> MinutesPage:
    """The minutes of a session. Raises NotFound, Forbidden."""
    meeting, found = access_meeting(uow.session, actor, meeting_id, Can.MEETING_READ, group_id=group_id)
    document = document_of(uow.session, meeting.id)
    open_ = document is not None and meeting.state is not MeetingState.APPROVED
    runs = allowed(found.role, Can.MEETING_RUN)
    return MinutesPage(
        meeting,
        document,
        open_ and allowed(found.role, Can.TEXT_WRITE),
        open_ and runs and meeting.state is MeetingState.CLOSED,
    )


def approve_minutes(
    uow: UnitOfWork, actor: Actor, *, meeting_id: int, version: int | None, keep_notes: bool = False
) -> Meeting:
    """Approve and lock the minutes; the facilitator's notes are deleted with it unless kept.

    ``version`` is what the facilitator has read: minutes that somebody has corrected since are not approved unread.

    Raises NotFound, Forbidden, Conflict when the session is still open, or the minutes are approved already or others
    than were read.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    if meeting.state is not MeetingState.CLOSED:
        raise Conflict("Minutes can be approved once the session is closed, and only once.")
    found = document_of(uow.session, meeting.id)
    if found is None:
        raise NotFound()
    document = uow.lock(Document, found.id)
    if version is None:
        raise Conflict("Reload the page and try again.")
    if document.version != version:
        raise Conflict("Somebody has corrected the minutes since you opened this page. Read them as they are first.")
    meeting.state = MeetingState.APPROVED
    meeting.revision += 1
    meeting.approved_at, meeting.projector_nonce = uow.now, None
    if not keep_notes:
        meeting.notes = ""
    uow.emit(DocumentReset(meeting.group_id, document.id))
    record(uow, actor, meeting, "approved")
    sentence = f"approved the minutes of session {meeting.number}"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)
    return meeting


def correct_minutes(uow: UnitOfWork, actor: Actor, *, meeting_id: int, text: str, version: int) -> Document:
    """Replace the text of minutes that are not approved yet, from a plain form; ``version`` is what its writer saw.

    Raises NotFound, Forbidden, Invalid, Conflict when they are locked or somebody else has changed them since.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.TEXT_WRITE)
    if meeting.state is MeetingState.APPROVED:
        raise Conflict("These minutes are approved and locked.", code="locked")
    found = document_of(uow.session, meeting.id)
    if found is None:
        raise NotFound()
    document = uow.lock(Document, found.id)
    if document.version != version:
        raise Conflict("Somebody else has changed the minutes meanwhile. Yours are kept below: add them again.")
    if documents.replace_text(uow, actor, document, text):
        sentence = f"corrected the minutes of session {meeting.number}"
        note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)
    return document


# --- Word ---


def minutes_file(uow: UnitOfWork, actor: Actor, *, meeting_id: int, group_id: int) -> tuple[str, bytes]:
    """The minutes as a Word file: its name and its bytes. Raises NotFound before they are drafted."""
    page = read_minutes(uow, actor, meeting_id=meeting_id, group_id=group_id)
    if page.document is None:
        raise NotFound("The minutes are drafted when the session closes.")
    meeting, group = page.meeting, uow.session.get_one(Group, group_id)
    file = WordDocument(f"Minutes of session {meeting.number}", subject=group.name, day=uow.now)
    file.heading(f"Minutes of session {meeting.number}: {meeting.title}", level=0)
    if meeting.approved_at is not None:
        file.paragraph(f"Approved on {moments.in_words(meeting.approved_at, group.time_zone)}.")
    else:
        file.paragraph("Draft: not approved yet.")
    file.markdown(page.document.text, heading_offset=0)
    return f"{group.slug}-session-{meeting.number}-minutes.docx", file.to_bytes()


def decision_log_file(uow: UnitOfWork, actor: Actor, *, group_id: int) -> tuple[str, bytes]:
    """The decision log as a Word file. Raises NotFound, Forbidden."""
    lines = decisions.list_decisions(uow, actor, group_id=group_id)
    group = uow.session.get_one(Group, group_id)
    file = WordDocument("Decision log", subject=group.name, day=uow.now, landscape=True)
    file.heading(f"{group.name}: decision log", level=0)
    file.paragraph(f"As of {moments.in_words(uow.now, group.time_zone)}.")
    rows = [
        [
            str(line.decision.number),
            moments.day_in_words(moments.local_day(line.decision.decided_at, group.time_zone)),
            line.item_reference,
            line.decision.sentence,
            OUTCOMES[line.decision.outcome],
            split_in_words(line.decision).replace("\\", "")
            + (f" Departs from the rule: {line.decision.departs_because}" if line.decision.departs_because else ""),
            _words_now(line),
        ]
        for line in reversed(lines)
    ]
    _table(
        file, ["No.", "Date", "Item", "Decision", "Outcome", "Vote", "Words now"], rows, "No decision is recorded yet."
    )
    return f"{group.slug}-decisions.docx", file.to_bytes()


def _words_now(line: decisions.DecisionLine) -> str:
    stands = "Followed by a later decision" if line.superseded else decisions.STANDING_WORDS[line.standing]
    return ". ".join(filter(None, (stands, line.gone.in_words(line.item_reference) if line.gone else "")))


def action_log_file(uow: UnitOfWork, actor: Actor, *, group_id: int) -> tuple[str, bytes]:
    """The action log as a Word file. Raises NotFound, Forbidden."""
    lines = actions.list_actions(uow, actor, group_id=group_id)
    group = uow.session.get_one(Group, group_id)
    file = WordDocument("Action log", subject=group.name, day=uow.now, landscape=True)
    file.heading(f"{group.name}: action log", level=0)
    file.paragraph(f"As of {moments.in_words(uow.now, group.time_zone)}.")
    rows = [
        [
            str(line.action.number),
            line.action.what,
            line.owner or "no owner",
            moments.day_in_words(line.action.due_on) if line.action.due_on else "no date",
            str(line.meeting_number or ""),
            "Done" if line.action.done_at else "Overdue" if line.overdue else "Open",
        ]
        for line in lines
    ]
    _table(file, ["No.", "Action", "Owner", "Due", "Session", "State"], rows, "No action is noted yet.")
    return f"{group.slug}-actions.docx", file.to_bytes()


def _table(file: WordDocument, header: list[str], rows: list[list[str]], empty: str) -> None:
    if rows:
        file.table(header, rows)
    else:
        file.paragraph(empty)
