"""Who is at a session: members who say so, guests by code, apologies, and deputies who speak for a member."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from app.errors import Conflict, Forbidden, Gone, Invalid, NotFound, TooMany
from app.events import MembershipEnded, PeopleChanged
from app.policy import Actor, Can, allowed, standing
from app.services.accounts import start_sign_in
from app.services.activity import note
from app.services.meetings import OPEN, access_meeting, hold_meeting, record
from app.uow import UnitOfWork
from models.accounts import Person
from models.groups import Constituency, Group, Membership, Role
from models.items import Item
from models.meetings import Attendance, Hand, Meeting, MeetingState
from models.polls import Decision

#: A guest's sign-in ends by itself; their rights end with the session, whichever comes first.
GUEST_LASTS = timedelta(hours=12)
MOST_WAITING = 60


@dataclass(frozen=True)
class Door:
    """The session a code opens: what the page to join it must show."""

    meeting_id: int
    number: int
    title: str
    group_id: int
    group_slug: str
    group_name: str
    constituencies: list[tuple[int, str]]


@dataclass(frozen=True)
class Taken:
    """A decision as a guest is reminded of it: its number, and the item by the title it was decided under, if any."""

    number: int
    item: str


def constituencies_of(session: Session, group_id: int) -> list[Constituency]:
    """A group's constituencies as they may be chosen now, in order."""
    query = (
        select(Constituency)
        .where(Constituency.group_id == group_id, Constituency.retired_at.is_(None))
        .order_by(Constituency.position, Constituency.id)
    )
    return list(session.execute(query).scalars())


def find_door(uow: UnitOfWork, code: str) -> Door:
    """The open session of a six-digit code (spaces do not matter). Raises NotFound with a sentence for any other."""
    digits = "".join(code.split()).replace("-", "")
    meeting = None
    if len(digits) == 6 and digits.isascii() and digits.isdigit():
        meeting = uow.session.execute(
            select(Meeting).where(Meeting.join_code == digits, Meeting.state.in_(OPEN))
        ).scalar_one_or_none()
    if meeting is None:
        raise NotFound("No session is open under this code. Check the six digits on the screen.")
    group = uow.session.get_one(Group, meeting.group_id)
    choices = [(each.id, each.name) for each in constituencies_of(uow.session, group.id)]
    return Door(meeting.id, meeting.number, meeting.title, group.id, group.slug, group.name, choices)


# --- coming in ---


def join(
    uow: UnitOfWork, actor: Actor, *, code: str, name: str, organisation: str, constituency_id: int | None, device: str
) -> str | None:
    """Ask to come in by code: a visitor becomes a guest who waits for a facilitator, a member is simply here.

    Returns the token of a new sign-in for a visitor, None for somebody who was signed in. Raises NotFound for a wrong
    code, Invalid with a sentence for each field, TooMany when the waiting room is full.
    """
    door = find_door(uow, code)
    meeting = uow.lock(Meeting, door.meeting_id)
    found = standing(uow.session, actor, meeting.group_id)
    if found is not None and found.role is not Role.GUEST:
        arrive(uow, actor, meeting_id=meeting.id)
        return None
    constituency = _check_guest(door, name, organisation, constituency_id)
    _check_room(uow.session, meeting)
    token = None
    if actor.person_id is None:
        person = Person(name=" ".join(name.split()), created_at=uow.now)
        uow.session.add(person)
        uow.flush()
        token = start_sign_in(uow, person, device=device, lasts=GUEST_LASTS)
    else:
        person = uow.session.get_one(Person, actor.person_id)
    _seat_guest(uow, meeting, person, constituency, " ".join(organisation.split()))
    record(uow, Actor(person_id=person.id, name=person.name), meeting, "asked")
    return token


def _check_guest(door: Door, name: str, organisation: str, constituency_id: int | None) -> int:
    fields = {}
    if not 1 <= len(" ".join(name.split())) <= 120 or "\0" in name:
        fields["name"] = "Enter your name"
    if not 1 <= len(" ".join(organisation.split())) <= 200 or "\0" in organisation:
        fields["organisation"] = "Enter the organisation you come from, or 'none'"
    if constituency_id not in {each for each, _ in door.constituencies}:
        fields["constituency"] = "Choose whom you speak for"
    if fields or constituency_id is None:
        raise Invalid("Some answers are missing.", fields=fields)
    return constituency_id


def _check_room(session: Session, meeting: Meeting) -> None:
    waiting = session.execute(
        select(func.count())
        .select_from(Attendance)
        .where(
            Attendance.meeting_id == meeting.id,
            Attendance.asked_at.is_not(None),
            Attendance.confirmed_by_id.is_(None),
            Attendance.refused_at.is_(None),
        )
    ).scalar()
    if (waiting or 0) >= MOST_WAITING:
        raise TooMany("Many people are waiting to be let in. Ask the facilitator, and try again in a minute.")


def _seat_guest(uow: UnitOfWork, meeting: Meeting, person: Person, constituency_id: int, organisation: str) -> None:
    membership = uow.session.execute(
        select(Membership).where(Membership.group_id == meeting.group_id, Membership.person_id == person.id)
    ).scalar_one_or_none()
    if membership is None:
        membership = Membership(group_id=meeting.group_id, person_id=person.id, role=Role.GUEST, joined_at=uow.now)
        uow.session.add(membership)
    membership.role, membership.meeting_id, membership.removed_at = Role.GUEST, meeting.id, None
    membership.constituency_id, membership.organisation = constituency_id, organisation
    attendance = _own(uow, meeting, person.id)
    if attendance.refused_at is not None or attendance.confirmed_by_id is None:
        attendance.constituency_id, attendance.organisation = constituency_id, organisation
        attendance.asked_at, attendance.refused_at = uow.now, None
    attendance.left_at = None
    uow.flush()


def waiting_place(uow: UnitOfWork, actor: Actor) -> tuple[Attendance, Meeting, str] | None:
    """Where a guest stands who asked to come in last: their attendance, the session and its group's slug."""
    if actor.person_id is None:
        return None
    row = uow.session.execute(
        select(Attendance, Meeting, Group.slug)
        .join(Meeting, Meeting.id == Attendance.meeting_id)
        .join(Group, Group.id == Meeting.group_id)
        .where(Attendance.person_id == actor.person_id, Attendance.asked_at.is_not(None))
        .order_by(Attendance.asked_at.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1], row[2])


def taken_with(uow: UnitOfWork, row: Attendance, meeting: Meeting) -> list[Taken]:
    """The decisions of a session at which somebody was, to part with: those the room was shown while they were there.

    Empty for whoever was never let in or was shown out. Numbers and titles only: what became of them stands in the
    minutes, which are the group's.
    """
    if row.confirmed_by_id is None or row.refused_at is not None or row.arrived_at is None:
        return []
    until = min(moment for moment in (row.left_at, meeting.closed_at, uow.now) if moment is not None)
    found = uow.session.execute(
        select(Decision, Item.reference)
        .outerjoin(Item, Item.id == Decision.item_id)
        .where(Decision.meeting_id == meeting.id, Decision.decided_at <= until)
        .order_by(Decision.number)
    )
    return [
        Taken(decision.number, f"{reference or ''} {(decision.words or {}).get('title', '')}".strip())
        for decision, reference in found
    ]


def decide_guests(
    uow: UnitOfWork, actor: Actor, *, meeting_id: int, person_ids: Collection[int] | None, let_in: bool
) -> int:
    """Let waiting guests in, or not: those named, or all who wait. Returns how many.

    Their rights begin with this and end with the session. Raises NotFound, Forbidden.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    query = select(Attendance).where(
        Attendance.meeting_id == meeting.id, Attendance.asked_at.is_not(None), Attendance.confirmed_by_id.is_(None)
    )
    query = query.where(Attendance.refused_at.is_(None) if person_ids is None else Attendance.person_id.in_(person_ids))
    rows = list(uow.session.execute(query.options(joinedload(Attendance.person))).scalars())
    for row in rows:
        if let_in:
            row.confirmed_by_id, row.arrived_at, row.left_at, row.refused_at = actor.person_id, uow.now, None, None
        else:
            row.refused_at = uow.now
        record(uow, actor, meeting, "let_in" if let_in else "refused", person=row.person_id)
    if rows:
        who = rows[0].person.name if len(rows) == 1 else f"{len(rows)} people"
        sentence = f"{'let' if let_in else 'did not let'} {who} into session {meeting.number}"
        note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id, audience="facilitators")
        uow.emit(PeopleChanged(meeting.group_id))
    return len(rows)


def show_out(uow: UnitOfWork, actor: Actor, *, meeting_id: int, person_id: int) -> None:
    """End a guest's rights in this session, at once. Raises NotFound, Forbidden, Conflict for members."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    row = _find(uow.session, meeting.id, person_id)
    if row is None or row.asked_at is None:
        raise Conflict("Only guests can be shown out: members belong to the group.")
    row.confirmed_by_id, row.refused_at, row.left_at = None, uow.now, uow.now
    record(uow, actor, meeting, "refused", person=person_id)
    note(uow, actor, f"ended a guest's place in session {meeting.number}", group_id=meeting.group_id,
         meeting_id=meeting.id, audience="facilitators")  # fmt: skip
    uow.emit(PeopleChanged(meeting.group_id))
    uow.emit(MembershipEnded(meeting.group_id, person_id))


def arrive(uow: UnitOfWork, actor: Actor, *, meeting_id: int) -> Attendance:
    """Say "I am here". Raises NotFound, Forbidden, Conflict when the session is not open."""
    meeting, _found = hold_meeting(uow, actor, meeting_id, Can.MEETING_ATTEND)
    return _arrive(uow, actor, meeting, actor.person_id or 0)


def mark_present(uow: UnitOfWork, actor: Actor, *, meeting_id: int, person_id: int) -> Attendance:
    """Note as a facilitator that a member is here, perhaps without a device. Raises NotFound, Forbidden, Conflict."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    return _arrive(uow, actor, meeting, person_id)


def _arrive(uow: UnitOfWork, actor: Actor, meeting: Meeting, person_id: int) -> Attendance:
    if meeting.state not in OPEN:
        raise Conflict("This session is not open.", code="not_open")
    membership = _membership(uow.session, meeting.group_id, person_id)
    if not allowed(membership.role, Can.MEETING_ATTEND):
        raise Forbidden("Your role in this group has no place in sessions.")
    row = _own(uow, meeting, person_id)
    if row.arrived_at is None or row.left_at is not None:
        row.constituency_id = row.constituency_id if row.for_person_id else membership.constituency_id
        row.organisation = row.organisation or membership.organisation
        row.arrived_at, row.left_at, row.apologies_at = uow.now, None, None
        record(uow, actor, meeting, "arrived", person=person_id)
        person = uow.session.get_one(Person, person_id)
        who = "came to" if person_id == actor.person_id else f"noted that {person.name} is at"
        note(uow, actor, f"{who} session {meeting.number}", group_id=meeting.group_id, meeting_id=meeting.id)
    uow.flush()
    return row


def leave(uow: UnitOfWork, actor: Actor, *, meeting_id: int, person_id: int | None = None) -> None:
    """Say that one has left; a facilitator may say it of somebody else. Raised hands go down."""
    can = Can.MEETING_ATTEND if person_id in (None, actor.person_id) else Can.MEETING_RUN
    meeting, _ = hold_meeting(uow, actor, meeting_id, can)
    row = _find(uow.session, meeting.id, person_id or actor.person_id or 0)
    if row is None or row.arrived_at is None or row.left_at is not None:
        return
    row.left_at = uow.now
    hands = select(Hand).where(
        Hand.meeting_id == meeting.id, Hand.person_id == row.person_id, Hand.lowered_at.is_(None)
    )
    for hand in uow.session.execute(hands).scalars():
        hand.lowered_at = uow.now
    record(uow, actor, meeting, "left", person=row.person_id)


def apologise(uow: UnitOfWork, actor: Actor, *, meeting_id: int, coming: bool) -> None:
    """Say before a session that one cannot come, or that one can after all. Raises Conflict once it is over."""
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_ATTEND)
    if meeting.state in (MeetingState.CLOSED, MeetingState.APPROVED):
        raise Conflict("This session is over.")
    row = _own(uow, meeting, actor.person_id or 0)
    row.apologies_at = None if coming else uow.now
    record(uow, actor, meeting, "apologies", person=actor.person_id, coming=coming)
    what = "can come to" if coming else "cannot come to"
    note(uow, actor, f"{what} session {meeting.number}", group_id=meeting.group_id, meeting_id=meeting.id)


# --- deputies ---


def set_deputy(uow: UnitOfWork, actor: Actor, *, meeting_id: int, person_id: int, for_person_id: int | None) -> None:
    """Seat somebody present in a member's place: they inherit constituency and vote; None ends it.

    Raises Conflict when the member is here, has another deputy, or when the deputy has a vote of their own as a member.
    """
    meeting, _ = hold_meeting(uow, actor, meeting_id, Can.MEETING_RUN)
    row = _find(uow.session, meeting.id, person_id)
    if row is None:
        raise NotFound()
    if for_person_id is None:
        row.for_person_id = None
        row.constituency_id = _membership(uow.session, meeting.group_id, person_id).constituency_id
        record(uow, actor, meeting, "deputy", person=person_id, member=None)
        return
    member = _must_be_absent(uow, meeting, row, for_person_id)
    row.for_person_id, row.constituency_id = for_person_id, member.constituency_id
    record(uow, actor, meeting, "deputy", person=person_id, member=for_person_id)
    names = {each.id: each.name for each in _people(uow.session, (person_id, for_person_id))}
    sentence = f"seated {names[person_id]} for {names[for_person_id]} in session {meeting.number}"
    note(uow, actor, sentence, group_id=meeting.group_id, meeting_id=meeting.id)


def _must_be_absent(uow: UnitOfWork, meeting: Meeting, row: Attendance, for_person_id: int) -> Membership:
    member = _membership(uow.session, meeting.group_id, for_person_id)
    if member.role is Role.GUEST or not allowed(member.role, Can.POLL_VOTE):
        raise Invalid("Choose a member of the group.", fields={"for_person_id": "Choose from the list"})
    if _membership(uow.session, meeting.group_id, row.person_id).role in (Role.MEMBER, Role.FACILITATOR):
        raise Conflict("This person has a seat of their own: nobody votes twice.", code="has_seat")
    theirs = _find(uow.session, meeting.id, for_person_id)
    if theirs is not None and is_present(theirs):
        raise Conflict("That member is here and speaks for themselves.", code="member_present")
    other = uow.session.execute(
        select(Attendance.id).where(
            Attendance.meeting_id == meeting.id, Attendance.for_person_id == for_person_id, Attendance.id != row.id,
            Attendance.left_at.is_(None), Attendance.refused_at.is_(None),
        )
    ).first()  # fmt: skip
    if other is not None:
        raise Conflict("That member has a deputy here already.", code="has_deputy")
    return member


# --- reading ---


def is_present(row: Attendance) -> bool:
    """Whether somebody is in the room now; a guest only once let in."""
    if row.arrived_at is None or row.left_at is not None or row.refused_at is not None:
        return False
    return row.asked_at is None or row.confirmed_by_id is not None


def attendances(session: Session, meeting_id: int) -> list[Attendance]:
    """Everyone of a session, with person, constituency and the member a deputy stands for, in order of names."""
    query = (
        select(Attendance)
        .where(Attendance.meeting_id == meeting_id)
        .options(joinedload(Attendance.person), joinedload(Attendance.for_person), joinedload(Attendance.constituency))
    )
    return sorted(session.execute(query).scalars(), key=lambda row: row.person.name.lower())


def expected(session: Session, group_id: int) -> list[Membership]:
    """The group's own people with a place in sessions (no guests), with person and constituency, by name."""
    query = (
        select(Membership)
        .where(
            Membership.group_id == group_id,
            Membership.removed_at.is_(None),
            Membership.role.in_((Role.FACILITATOR, Role.MEMBER, Role.OBSERVER)),
        )
        .options(joinedload(Membership.person), joinedload(Membership.constituency))
    )
    return sorted(session.execute(query).scalars(), key=lambda row: row.person.name.lower())


def must_be_present(uow: UnitOfWork, actor: Actor, meeting_id: int) -> tuple[Meeting, Attendance]:
    """The session and the actor's own attendance. Raises NotFound, Gone when it is over, Conflict when not here yet."""
    meeting, _ = access_meeting(uow.session, actor, meeting_id, Can.MEETING_ATTEND)
    if meeting.state not in OPEN:
        raise Gone("This session is not open.")
    row = _find(uow.session, meeting.id, actor.person_id or 0)
    if row is None or not is_present(row):
        raise Conflict("Say first that you are here.", code="not_here")
    return meeting, row


def _find(session: Session, meeting_id: int, person_id: int) -> Attendance | None:
    return session.execute(
        select(Attendance).where(Attendance.meeting_id == meeting_id, Attendance.person_id == person_id)
    ).scalar_one_or_none()


def _own(uow: UnitOfWork, meeting: Meeting, person_id: int) -> Attendance:
    found = _find(uow.session, meeting.id, person_id)
    if found is None:
        found = Attendance(meeting_id=meeting.id, person_id=person_id)
        uow.session.add(found)
    return found


def _membership(session: Session, group_id: int, person_id: int) -> Membership:
    found = session.execute(
        select(Membership).where(
            Membership.group_id == group_id, Membership.person_id == person_id, Membership.removed_at.is_(None)
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound()
    return found


def _people(session: Session, ids: Iterable[int]) -> list[Person]:
    return list(session.execute(select(Person).where(Person.id.in_(list(ids)))).scalars())
