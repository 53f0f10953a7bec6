"""The experts a group asks: who is on the panel, added and taken off. Never what anyone answered.

Their seats in a round, invitations, reminders and lost links are in ``seats.py``.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import select

from app.errors import Conflict, Invalid, NotFound
from app.events import PanelChanged
from app.mail import check_address
from app.policy import Actor, Can, require
from app.services import identities
from app.services.activity import note
from app.services.rounds import (
    Seated,
    access_panel,
    deviate,
    experts_of,
    seated,
)  # fmt: skip
from app.uow import UnitOfWork
from models.accounts import Person
from models.groups import Membership
from models.validation import Expert, ExpertIdentity, Panel, Round, RoundState, Scope, Seat

CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
MOST_EXPERTS = 1_000
LEFT = (
    "This person was on the panel and left it; whoever withdraws is told that nobody writes to them again. Tick below "
    "if they have asked to come back"
)
#: What experts may read their pages and mails in, by the code of the language; criteria are as they were written.
ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "nl": "Nederlands"}
PLAIN = ("name", "email", "scope", "country", "organisation_type", "role", "language")
COLUMNS = (*PLAIN, "expertise")
#: Of a table of experts, in bytes of a file or letters that were pasted.
LARGEST_TABLE = 400_000


@dataclass(frozen=True)
class SeatForm:
    """What the panel manager says of one expert; ``expertise`` is a list of words, ``language`` empty if not known.

    ``comes_back``: they left the panel and have asked to be on it again.
    """

    name: str
    email: str
    scope: str
    country: str = ""
    organisation_type: str = ""
    expertise: tuple[str, ...] = ()
    role: str = ""
    is_pilot: bool = False
    language: str = ""
    comes_back: bool = False


@dataclass(frozen=True)
class Member:
    """An expert as the panel manager sees them: who they are and how far, never what they answered.

    ``is_in_group`` tells that they are of the group too, which the report must disclose.
    """

    expert: Expert
    identity: ExpertIdentity
    seat: Seat | None = None
    is_in_group: bool = False

    @property
    def has_left(self) -> bool:
        """Whether this expert's link no longer works, so that another may be invited in their place."""
        return self.seat is not None and self.seat.revoked_at is not None

    @property
    def state(self) -> str:
        """not invited, or how far they are in the round (`Seated.state`)."""
        return Seated(self.seat, self.expert).state if self.seat is not None else "not invited"


def panel_of(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Panel:
    """The group's panel, made when it is first asked for."""
    require(uow.session, actor, group_id, Can.ROUND_MANAGE)
    query = select(Panel).where(Panel.group_id == group_id).order_by(Panel.id).limit(1)
    found = uow.session.execute(query).scalar_one_or_none()
    if found is None:
        found = Panel(group_id=group_id, name="Expert panel", created_at=uow.now)
        uow.session.add(found)
        uow.flush()
    return found


def list_members(uow: UnitOfWork, actor: Actor, *, group_id: int, round_id: int | None = None) -> list[Member]:
    """The panel by name, with each seat in ``round_id`` where one is given. For the panel manager only."""
    require(uow.session, actor, group_id, Can.ROUND_MANAGE)
    query = select(Expert).join(Panel, Panel.id == Expert.panel_id).where(Panel.group_id == group_id)
    seats: dict[int, Seat] = {}
    if round_id is not None:
        seats = {each.expert.id: each.seat for each in seated(uow.session, round_id)}
    experts = {each.id: each for each in uow.session.execute(query.order_by(Expert.code)).scalars()}
    known = identities.identities_of(uow, experts)
    inside = set(
        uow.session.execute(
            select(Person.email)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.group_id == group_id, Membership.removed_at.is_(None))
        ).scalars()
    )
    return [
        Member(experts[id_], identity, seats.get(id_), identity.email in inside)
        for id_, identity in sorted(known.items(), key=lambda each: (each[1].name, each[0]))
        if experts[id_].withdrawn_at is None or id_ in seats
    ]


def add_expert(uow: UnitOfWork, actor: Actor, *, panel_id: int, form: SeatForm) -> Expert:
    """Add one expert to the panel.

    Raises Invalid with a sentence for each field (code ``left`` for somebody who left and has not asked to come back),
    Conflict for an address that is there already.
    """
    panel = access_panel(uow.session, actor, panel_id, Can.ROUND_MANAGE)
    uow.lock(Panel, panel.id)
    form = checked(form)
    if form.email in addresses(uow, panel.id):
        raise Conflict(f"{form.email} is on the panel already.")
    if not form.comes_back and form.email in _left(uow, panel.id):
        raise Invalid("The expert was not added.", code="left", fields={"email": LEFT})
    if len(experts_of(uow.session, panel.id)) >= MOST_EXPERTS:
        raise Conflict(f"A panel holds at most {MOST_EXPERTS:,} experts.")
    expert = _new_expert(uow, panel.id, form)
    note(uow, actor, f"added an expert to the panel ({form.scope})", group_id=panel.group_id, audience="panel")
    return expert


def add_experts(uow: UnitOfWork, actor: Actor, *, panel_id: int, table: str) -> int:
    """Add experts from CSV (a first line with the column names), all or none; how many.

    Raises Invalid naming the lines at fault.
    """
    panel = access_panel(uow.session, actor, panel_id, Can.ROUND_MANAGE)
    uow.lock(Panel, panel.id)
    forms, faults = parse_table(table)
    known, left = addresses(uow, panel.id), _left(uow, panel.id)
    lines: dict[str, int] = {}
    for line, form in forms:
        if form.email in known:
            faults.append(f"line {line}: {form.email} is on the panel already")
        elif form.email in left:
            faults.append(f"line {line}: {form.email} left the panel; add them singly, if they asked to come back")
        elif lines.setdefault(form.email, line) != line:
            faults.append(f"line {line}: the same address as in line {lines[form.email]}")
    if len(experts_of(uow.session, panel.id)) + len(forms) > MOST_EXPERTS:
        faults.append(f"a panel holds at most {MOST_EXPERTS:,} experts")
    if faults or not forms:
        sentence = "Nobody was added: " + ("; ".join(faults[:8]) or "there is no line under the column names") + "."
        raise Invalid(sentence, fields={"table": sentence})
    for _line, form in forms:
        _new_expert(uow, panel.id, form)
    note(uow, actor, f"added {len(forms)} experts to the panel", group_id=panel.group_id, audience="panel")
    return len(forms)


def read_table(data: bytes) -> str:
    """The table in a CSV file, as a spreadsheet writes it: in UTF-8 or UTF-16, or with Windows' Western letters.

    Raises Invalid for a workbook and for what is no text.
    """
    sentence = "This file is no text. Save the sheet as CSV and choose that."
    if data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        sentence = "This is a workbook. Save the sheet as CSV and choose that, or copy its rows and paste them below."
    elif len(data) > LARGEST_TABLE:
        sentence = f"Choose a file of at most {LARGEST_TABLE // 1000} kB."
    else:
        is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        for encoding in ("utf-16",) if is_utf16 else ("utf-8-sig", "cp1252"):
            with suppress(UnicodeDecodeError):
                if "\0" not in (table := data.decode(encoding)):
                    return table
    raise Invalid(sentence, fields={"file": sentence})


def parse_table(table: str) -> tuple[list[tuple[int, SeatForm]], list[str]]:
    """The experts of a CSV with their line numbers, and a sentence for each line that cannot be used."""
    if len(table) > LARGEST_TABLE:
        return [], [f"the table is longer than {LARGEST_TABLE:,} letters; add it in parts"]
    lines = table.removeprefix("\ufeff").strip().splitlines()
    if not lines:
        return [], []
    delimiter = next((each for each in ("\t", ";") if each in lines[0]), ",")
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter))
    except csv.Error as error:
        return [], [f"the table cannot be read: {error}"]
    head = [cell.strip().lower().replace(" ", "_").replace("e-mail", "email") for cell in rows[0]]
    missing = [name for name in ("name", "email", "scope") if name not in head]
    if missing:
        return [], [f"the first line must name the columns; missing: {', '.join(missing)}"]
    unknown = [cell.strip() for cell, name in zip(rows[0], head, strict=True) if name and name not in COLUMNS]
    if unknown:
        listed = ", ".join(f"“{cell[:40]}”" for cell in unknown[:8])
        return [], [f"of the columns, {listed} cannot be kept: leave out, or call it one of {', '.join(COLUMNS)}"]
    forms: list[tuple[int, SeatForm]] = []
    faults: list[str] = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if any("\ufffd" in cell for cell in row):
            faults.append(f"line {line}: letters were damaged (\ufffd); save the sheet as CSV in UTF-8")
            continue
        cells = {name: cell.strip() for name, cell in zip(head, row, strict=False) if name in COLUMNS}
        words = tuple(each.strip() for each in re.split("[|;,]", cells.pop("expertise", "")) if each.strip())
        name, email, scope, country, kind, role, language = (cells.get(column, "") for column in PLAIN)
        form = SeatForm(name, email, scope, country, kind, words, role, language=language)
        try:
            forms.append((line, checked(form)))
        except Invalid as refusal:
            faults.append(f"line {line}: {'; '.join(refusal.fields.values()) or refusal.message}")
    return forms, faults


def remove_expert(uow: UnitOfWork, actor: Actor, *, panel_id: int, expert_id: int, reason: str) -> None:
    """Take an expert off the panel: forgotten when never invited, else the link dies and answers no longer count.

    An open round logs it as a deviation, without a name. Raises NotFound, Invalid.
    """
    panel, expert, _rounds = hold_expert(uow, actor, panel_id, expert_id)
    seats = list(uow.session.execute(select(Seat).where(Seat.expert_id == expert.id)).scalars())
    if not seats:
        identities.forget(uow, [expert.id])
        uow.session.delete(expert)
    else:
        reason = check_reason(reason)
        expert.withdrawn_at = uow.now
        for seat in seats:
            round_ = uow.session.get_one(Round, seat.round_id)
            if round_.state is RoundState.OPEN and seat.revoked_at is None:
                seat.revoked_at = uow.now
                deviate(uow, actor, round_, "An expert was taken off the panel; their answers do not count.", reason)
                uow.emit(PanelChanged(panel.group_id, round_.id))
    note(uow, actor, "took an expert off the panel", group_id=panel.group_id, audience="panel")


def hold_expert(uow: UnitOfWork, actor: Actor, panel_id: int, expert_id: int) -> tuple[Panel, Expert, dict[int, Round]]:
    """A panel and one of its experts, held, and so are the panel's rounds that are not closed, by their ids.

    In the order in which a round is opened: nobody is invited, and no round closes, meanwhile. Raises NotFound,
    Forbidden.
    """
    panel = access_panel(uow.session, actor, panel_id, Can.ROUND_MANAGE)
    unclosed = select(Round.id).where(Round.panel_id == panel.id, Round.state != RoundState.CLOSED)
    rounds = {each.id: each for each in uow.lock_all(Round, uow.session.execute(unclosed).scalars())}
    uow.lock(Panel, panel.id)
    expert = uow.session.get(Expert, expert_id, populate_existing=True)
    if expert is None or expert.panel_id != panel.id:
        raise NotFound()
    return panel, expert, rounds


def check_reason(reason: str) -> str:
    """A reason that can be printed. Raises Invalid for none, or for more than 1,000 characters."""
    reason = reason.strip()
    if not 3 <= len(reason) <= 1000:
        sentence = "Say why: the reason is printed in the report (3 to 1,000 characters)"
        raise Invalid(sentence + ".", fields={"reason": sentence})
    return reason


def addresses(uow: UnitOfWork, panel_id: int) -> set[str]:
    """The mail addresses of everybody on a panel."""
    sitting = [each.id for each in experts_of(uow.session, panel_id)]
    return {each.email for each in identities.identities_of(uow, sitting).values()}


def _left(uow: UnitOfWork, panel_id: int) -> set[str]:
    """The addresses of those who withdrew or were taken off, as long as they are known."""
    query = select(Expert.id).where(Expert.panel_id == panel_id, Expert.withdrawn_at.is_not(None))
    return {each.email for each in identities.identities_of(uow, uow.session.execute(query).scalars()).values()}


def checked(form: SeatForm) -> SeatForm:
    """What was said of an expert, made even. Raises Invalid with a sentence for each field."""
    name = " ".join(form.name.split())
    fields: dict[str, str] = {}
    if not 1 <= len(name) <= 120:
        fields["name"] = "Enter a name of at most 120 characters"
    try:
        email = check_address(form.email)
    except Invalid:
        email = ""
        fields["email"] = "Enter an e-mail address, like name@example.org"
    scope = form.scope.strip().lower()
    if scope not in {each.value for each in Scope}:
        fields["scope"] = "Choose national (this country) or international (abroad)"
    expertise = tuple(dict.fromkeys(" ".join(each.lower().split()) for each in form.expertise if each.strip()))
    if len(expertise) > 8 or any(len(each) > 40 for each in expertise):
        fields["expertise"] = "Give at most 8 kinds of expertise of at most 40 characters"
    for field in ("country", "organisation_type", "role"):
        if len(getattr(form, field)) > 80:
            fields[field] = "Use at most 80 characters"
    language = form.language.strip().lower()
    if language and language not in LANGUAGES:
        fields["language"] = f"Choose one of {', '.join(LANGUAGES)}, or leave it empty"
    if fields:
        raise Invalid("The expert was not saved.", fields=fields)
    return SeatForm(
        name, email, scope, " ".join(form.country.split()), " ".join(form.organisation_type.split()), expertise,
        " ".join(form.role.split()), form.is_pilot, language, form.comes_back,
    )  # fmt: skip


def _new_expert(uow: UnitOfWork, panel_id: int, form: SeatForm) -> Expert:
    taken = set(uow.session.execute(select(Expert.code).where(Expert.panel_id == panel_id)).scalars())
    code = _new_code()
    while code in taken:
        code = _new_code()
    expert = Expert(
        panel_id=panel_id, code=code, scope=Scope(form.scope), country=form.country,
        organisation_type=form.organisation_type, expertise=list(form.expertise), is_pilot=form.is_pilot,
        language=form.language or None,
    )  # fmt: skip
    uow.session.add(expert)
    uow.flush()
    identities.remember(uow, expert_id=expert.id, name=form.name, email=form.email, role=form.role)
    return expert


def _new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(6))
