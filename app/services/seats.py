"""Seats of a round: invitations, reminders and lost links. Mails are made when they are sent; no row holds a link."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.calc import moments
from app.errors import Conflict, Invalid, NotFound
from app.events import PanelChanged
from app.jobs import enqueue
from app.mail import Mail, compose
from app.policy import Actor, Can
from app.secrets import Keys, new_nonce
from app.services import identities
from app.services.activity import note
from app.services.dispositions import became
from app.services.panel import ENGLISH, SeatForm, addresses, check_reason, checked, hold_expert
from app.services.protocols import Protocol
from app.services.rounds import (
    Seated,
    access_round,
    burden_of,
    deviate,
    hold_round,
    must_be,
    protocol_of,
    seated,
    takes_answers,
    title_in,
)
from app.uow import UnitOfWork
from models.dispositions import Disposition
from models.groups import Group
from models.validation import Expert, Rating, Remark, Round, RoundState, Seat


@dataclass(frozen=True)
class Reminders:
    """Of those who have not sent: how many may be reminded now, when the next of the others may be (None: nobody), and
    how many were reminded as often as the protocol allows."""

    due: int
    next_at: datetime | None
    over: int


#: A lost link is sent again at most once in this time.
LINK_EVERY = timedelta(minutes=10)
ANSWERED = (
    "This expert has begun to answer, and the answers stay with the address they were asked at. The link works on any "
    "device whatever the address is. Or take the expert off and add the new address: they begin afresh."
)
#: Whose clocks a deadline goes by, in each of the languages.
CLOCKS = {ENGLISH: "{place} time", "nl": "tijd in {place}"}


def seat_all(
    uow: UnitOfWork, round_: Round, experts: Sequence[Expert], carry: Round | None, kind: str = "invitation"
) -> None:
    """Invite experts to a round: a seat, a link and a mail (of this kind) each. The caller has checked the right.

    Consent given in the round ``carry`` stands when the information sheet is word for word the same.
    """
    earlier = {each.expert.id: each.seat for each in seated(uow.session, carry.id)} if carry else {}
    for expert in experts:
        nonce = new_nonce()
        seat = Seat(
            round_id=round_.id, expert_id=expert.id, token_nonce=nonce, token_hash=uow.keys.hash("seat", nonce),
            invited_at=uow.now,
        )  # fmt: skip
        before = earlier.get(expert.id)
        if before is not None and before.consented_at and before.consent_version == round_.information_version:
            seat.consented_at, seat.consent_version = before.consented_at, before.consent_version
            seat.acknowledgement = before.acknowledgement
            seat.conflict_of_interest = before.conflict_of_interest
        uow.session.add(seat)
        uow.flush()
        seat.token_hash = uow.keys.hash("seat", token_of(uow.keys, seat))
        _write(uow, round_, seat, kind)


def invite_later(
    uow: UnitOfWork, actor: Actor, *, round_id: int, expert_id: int, reason: str, in_place_of: int | None = None
) -> None:
    """Invite one more expert to an open round: a deviation, with its reason.

    ``in_place_of`` is the expert who left and whose seat they take. Raises Conflict, Invalid, NotFound.
    """
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.OPEN)
    expert = uow.session.get(Expert, expert_id)
    if expert is None or expert.panel_id != round_.panel_id or expert.withdrawn_at is not None:
        raise NotFound()
    if expert.is_pilot:
        raise Conflict("A pilot rater tries a round before it opens, and is never counted.")
    seats = {each.expert.id: each.seat for each in seated(uow.session, round_.id)}
    if expert.id in seats:
        raise Conflict("This expert has been invited already.")
    left = _left(seats, in_place_of)
    what = "One more expert was invited after the round had opened."
    if left is not None:
        what = "An expert was invited in place of one who left."
    deviate(uow, actor, round_, what, check_reason(reason))
    seat_all(uow, round_, [expert], None)
    if left is not None:
        uow.session.execute(
            update(Seat).where(Seat.round_id == round_.id, Seat.expert_id == expert.id).values(replaces_id=left.id)
        )
    note(uow, actor, "invited one more expert", group_id=round_.group_id, audience="panel")
    uow.emit(PanelChanged(round_.group_id, round_.id))


def remind(uow: UnitOfWork, actor: Actor, *, round_id: int) -> tuple[int, int]:
    """Mail those who have not sent; (reminded, held back by the protocol's cap and gap). Raises Conflict."""
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.OPEN)
    protocol = protocol_of(round_)
    waiting = [each for each in seated(uow.session, round_.id) if _is_waiting(each)]
    due = [each.seat for each in waiting if (at := _remind_from(each.seat, protocol)) and at <= uow.now]
    for seat in due:
        seat.reminders += 1
        seat.reminded_at = uow.now
        _write(uow, round_, seat, "reminder")
    if due:
        note(uow, actor, f"reminded {len(due)} experts", group_id=round_.group_id, audience="panel")
        uow.emit(PanelChanged(round_.group_id, round_.id))
    return len(due), len(waiting) - len(due)


def reminders(uow: UnitOfWork, actor: Actor, *, round_id: int) -> Reminders:
    """Whom a reminder would reach now. Raises NotFound, Forbidden."""
    round_ = access_round(uow.session, actor, round_id, Can.ROUND_MANAGE)
    protocol = protocol_of(round_)
    waiting = [_remind_from(each.seat, protocol) for each in seated(uow.session, round_.id) if _is_waiting(each)]
    known = [at for at in waiting if at is not None]
    return Reminders(
        due=sum(at <= uow.now for at in known),
        next_at=min((at for at in known if at > uow.now), default=None),
        over=len(waiting) - len(known),
    )


def _remind_from(seat: Seat, protocol: Protocol) -> datetime | None:
    """When one who has not sent may be reminded next; None once they were reminded as often as the protocol allows."""
    if seat.reminders >= protocol.reminders_most or seat.invited_at is None:
        return None
    return (seat.reminded_at or seat.invited_at) + timedelta(days=protocol.reminder_gap_days)


def send_link_again(uow: UnitOfWork, *, email: str) -> None:
    """Mail the links of all open rounds to an address that sits on their panels; for any other, quietly nothing."""
    address = email.strip().lower()
    rows = uow.session.execute(
        select(Seat, Round, Expert)
        .join(Round, Round.id == Seat.round_id)
        .join(Expert, Expert.id == Seat.expert_id)
        .where(Round.state != RoundState.CLOSED, Seat.revoked_at.is_(None))
    ).all()
    known = identities.identities_of(uow, [expert.id for _seat, _round, expert in rows])
    for seat, round_, expert in rows:
        sits = known.get(expert.id)
        if sits is not None and sits.email == address and takes_answers(round_, expert, uow.now):
            _write(uow, round_, seat, "link")


def resend_link(uow: UnitOfWork, actor: Actor, *, round_id: int, expert_id: int) -> tuple[str, bool]:
    """Mail one expert of an open round their link again: (name, whether a mail goes out, once in ten minutes).

    Raises NotFound for nobody's seat, Conflict once closed.
    """
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.OPEN)
    for each in seated(uow.session, round_.id):
        if each.expert.id == expert_id and each.counts:
            is_new = _write(uow, round_, each.seat, "resent")
            if is_new:
                note(uow, actor, "sent an expert the link again", group_id=round_.group_id, audience="panel")
            identity = identities.identity_of(uow, expert_id)
            return identity.name if identity else each.expert.code, is_new
    raise NotFound()


def correct_expert(
    uow: UnitOfWork, actor: Actor, *, panel_id: int, expert_id: int, name: str, email: str, role: str, language: str
) -> int:
    """Put right how an expert is called, written to and spoken to; to how many rounds they were sent a new link.

    At another address the links that were mailed to the old one open nothing any more: whoever got them by mistake is
    out. What was answered stays and counts, and is not shown to whoever has the new link: it might be somebody else.
    Raises NotFound, Invalid with a sentence for each field, Conflict for an address of somebody else on the panel, and
    for another address once the expert has answered in a round that is not closed.
    """
    found, expert, rounds = hold_expert(uow, actor, panel_id, expert_id)
    if expert.withdrawn_at is not None:
        raise NotFound()
    form = checked(SeatForm(name, email, expert.scope.value, role=role, language=language))
    before = identities.identity_of(uow, expert.id)
    moved = before is None or before.email != form.email
    if moved and form.email in addresses(uow, found.id):
        raise Conflict(f"{form.email} is on the panel already.")
    if moved and _has_answered(uow.session, expert, rounds):
        raise Conflict(ANSWERED)
    identities.correct(uow, expert_id=expert.id, name=form.name, email=form.email, role=form.role)
    expert.language = form.language or None
    note(uow, actor, "corrected what is known of an expert", group_id=found.group_id, audience="panel")
    if not moved:
        return 0
    expert.moved_at = uow.now
    sent = 0
    for seat in uow.session.execute(
        select(Seat).where(Seat.expert_id == expert.id, Seat.round_id.in_(rounds), Seat.revoked_at.is_(None))
    ).scalars():
        seat.token_nonce = new_nonce()
        seat.token_hash = uow.keys.hash("seat", token_of(uow.keys, seat))
        if takes_answers(rounds[seat.round_id], expert, uow.now):
            first = "pilot" if expert.is_pilot else "invitation"  # who is written to here for the first time is asked
            _write(uow, rounds[seat.round_id], seat, "resent" if seat.started_at is not None else first)
            sent += 1
    return sent


def _has_answered(session: Session, expert: Expert, round_ids: Iterable[int]) -> bool:
    """Whether an expert has scored or written anything in one of some rounds."""
    return any(
        session.execute(
            select(table.id).where(table.expert_id == expert.id, table.round_id.in_(list(round_ids))).limit(1)
        ).first()
        for table in (Rating, Remark)
    )


def tell_deadline(uow: UnitOfWork, round_: Round) -> int:
    """Mail those who have not sent that an open round closes on another day; how many.

    The caller has checked the right. Those who have sent may still change what they gave, and need no mail for that.
    """
    waiting = [each.seat for each in seated(uow.session, round_.id) if _is_waiting(each)]
    for seat in waiting:
        _write(uow, round_, seat, "deadline")
    return len(waiting)


def tell_answers(uow: UnitOfWork, actor: Actor, *, round_id: int) -> int:
    """Mail every expert of a closed round whose comments the group has answered what became of them; how many.

    Nobody is told the same answers twice. Raises Conflict while the round is not closed.
    """
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.CLOSED)
    rows = _untold(uow.session, round_.id)
    for _seat, given in rows:
        given.told_at = uow.now
    due = {seat.id: seat for seat, _given in rows}.values()
    for seat in due:
        key = f"seat-{seat.id}-answers-{int(uow.now.timestamp())}"
        enqueue(uow, "seat_mail", {"seat_id": seat.id, "kind": "answers"}, key=key, group_id=round_.group_id)
    if due:
        sentence = f"told {len(due)} experts what became of their comments"
        note(uow, actor, sentence, group_id=round_.group_id, audience="panel")
    return len(due)


def untold(uow: UnitOfWork, actor: Actor, *, round_id: int) -> int:
    """How many experts of a round have not been told yet what became of a comment of theirs."""
    access_round(uow.session, actor, round_id, Can.ROUND_MANAGE)
    return len({seat.id for seat, _given in _untold(uow.session, round_id)})


def _untold(session: Session, round_id: int) -> Sequence[tuple[Seat, Disposition]]:
    rows = session.execute(
        select(Seat, Disposition)
        .join(Remark, (Remark.expert_id == Seat.expert_id) & (Remark.round_id == Seat.round_id))
        .join(Disposition, Disposition.remark_id == Remark.id)
        .join(Expert, Expert.id == Seat.expert_id)
        .where(Seat.round_id == round_id, Expert.withdrawn_at.is_(None), Disposition.told_at.is_(None))
        .where(or_(Expert.moved_at.is_(None), Remark.written_at > Expert.moved_at))
    )
    return [(seat, given) for seat, given in rows]


def _about_answers(uow: UnitOfWork, seat: Seat, round_: Round, expert: Expert) -> Mail | None:
    identity = identities.identity_of(uow, seat.expert_id)
    if identity is None or expert.withdrawn_at is not None:
        return None
    language = expert.language or ENGLISH
    return compose(
        "seat_answers" if language == ENGLISH else f"{language}/seat_answers",
        identity.email,
        name=identity.name,
        group=uow.session.get_one(Group, round_.group_id).name,
        round_title=title_in(round_, language),
        comments=[
            (
                item.reference if item else "",
                remark.text,
                answer.outcome.value,
                answer.why,
                ", ".join(reference for _id, reference in answer.items),
            )
            for remark, item, answer in became(uow.session, round_ids=[round_.id], expert=expert)
            if answer is not None
        ],
        contact=uow.settings.contact,
    )


def letter(uow: UnitOfWork, *, seat_id: int, kind: str) -> Mail | None:
    """The mail of a job about a seat: ``invitation``, ``pilot``, ``reminder``, ``deadline``, ``link`` (which somebody
    asked for), ``resent`` (by the panel manager) or ``answers``. None when it is no longer due.
    """
    seat = uow.session.get(Seat, seat_id)
    if seat is None or seat.revoked_at is not None:
        return None
    round_, expert = uow.session.get_one(Round, seat.round_id), uow.session.get_one(Expert, seat.expert_id)
    if kind == "answers":
        return _about_answers(uow, seat, round_, expert)
    if expert.withdrawn_at is not None or not takes_answers(round_, expert, uow.now):
        return None
    if kind in {"reminder", "deadline"} and seat.sent_at is not None:
        return None
    identity = identities.identity_of(uow, seat.expert_id)
    if identity is None:
        return None
    group = uow.session.get_one(Group, round_.group_id)
    asks = burden_of(uow.session, round_, len(protocol_of(round_).asked_of(expert.expertise)))
    language = expert.language or ENGLISH
    return compose(
        f"seat_{kind}" if language == ENGLISH else f"{language}/seat_{kind}",
        identity.email,
        name=identity.name,
        group=group.name,
        round_title=title_in(round_, language),
        link=link_of(uow, seat),
        again=_sat_before(uow.session, round_, expert),
        shown=protocol_of(round_).feedback != "none",
        until=until(round_, group, language),
        started=seat.started_at is not None,
        minutes=asks.minutes,
        contact=uow.settings.contact,
    )


def _sat_before(session: Session, round_: Round, expert: Expert) -> bool:
    """Whether an expert was asked in a round before this one, and by the same address."""
    earlier = select(Seat.id).join(Round, Round.id == Seat.round_id).where(
        Seat.expert_id == expert.id, Round.number < round_.number
    )  # fmt: skip
    return expert.moved_at is None and session.execute(earlier.limit(1)).first() is not None


def until(round_: Round, group: Group, language: str = ENGLISH) -> str:
    """The deadline in the group's time zone: "12 December 2026, 17:00 (London time)"; empty while there is none."""
    if round_.closes_at is None:
        return ""
    place = moments.city(group.time_zone, locale=language)
    day = moments.day_in_words(moments.local_day(round_.closes_at, group.time_zone), locale=language)
    clock = moments.clock_time(round_.closes_at, group.time_zone, locale=language)
    return f"{day}, {clock} ({CLOCKS[language].format(place=place)})"


def token_of(keys: Keys, seat: Seat) -> str:
    """The token of a seat's link: only this server can make it again; stored as a keyed hash."""
    return keys.derive("seat", seat.id, seat.token_nonce)


def link_of(uow: UnitOfWork, seat: Seat) -> str:
    """The address that opens a seat."""
    return f"{uow.settings.base_url}/r/{token_of(uow.keys, seat)}"


def _left(seats: Mapping[int, Seat], expert_id: int | None) -> Seat | None:
    """The seat of an expert who left; None for nobody. Raises Invalid for one who is there, or was replaced before."""
    if expert_id is None:
        return None
    seat = seats.get(expert_id)
    replaced = {each.replaces_id for each in seats.values()}
    if seat is None or seat.revoked_at is None or seat.id in replaced:
        raise Invalid("Choose an expert who has left.", fields={"in_place_of": "Choose an expert who has left"})
    return seat


def _is_waiting(each: Seated) -> bool:
    return each.counts and each.seat.sent_at is None


def _write(uow: UnitOfWork, round_: Round, seat: Seat, kind: str) -> bool:
    """Have a mail sent, unless the same is on its way; whether it is."""
    # The job holds no link and no address: both are looked up when the mail is sent.
    window = int(uow.now.timestamp() // LINK_EVERY.total_seconds())
    closes = int(round_.closes_at.timestamp()) if round_.closes_at is not None else 0
    # A new link is another mail, however soon after the last.
    link = f"{seat.token_hash[:12]}-{window}"
    by = {"link": link, "resent": link, "deadline": closes, "invitation": link, "pilot": link}
    key = f"seat-{seat.id}-{kind}-{by.get(kind, seat.reminders)}"
    return enqueue(uow, "seat_mail", {"seat_id": seat.id, "kind": kind}, key=key, group_id=round_.group_id)
