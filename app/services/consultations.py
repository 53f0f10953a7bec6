"""People heard beside the panel: what they said, kept apart from the panel and never averaged with it.

Positions of organisations, webinars, conferences and conversations are written down with date and audience. A form can
be opened for any of them: whoever has its address scores the core elements from 1 to 5 and says a word, and nobody
learns who did.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, Gone, Invalid, NotFound
from app.events import ConsultationChanged
from app.policy import SYSTEM, Actor, Can, access, require
from app.secrets import Keys, new_id, new_nonce
from app.services.activity import note
from app.services.remarks import must_be_words, pieces, redacted
from app.services.versions import access_version, items_of
from app.uow import UnitOfWork
from models.consultations import Consultation, ConsultationKind, Opinion
from models.groups import Group
from models.items import Kind
from models.versions import VersionItem

LONGEST_WORDS = 20_000
LONGEST_OPINION = 3_000
LEAST_SHOWN = 3
LONGEST_OPEN = timedelta(days=90)
#: So many opinions one form takes: a hall, not a flood.
MOST_OPINIONS = 2_000
SCORES = range(1, 6)
CLOSED = "This form is closed, or the address is not quite right. Thank you for your interest; nothing more is needed."


@dataclass(frozen=True)
class ConsultationForm:
    """What is written down: of what kind, when, who or what (``title``), before whom, how many, and what was said."""

    kind: ConsultationKind
    happened_on: date | None
    title: str
    audience: str = ""
    people: int | None = None
    words: str = ""
    may_be_named: bool = False
    version_id: int | None = None


@dataclass(frozen=True)
class Heard:
    """A consultation as its reader may see it: without ``title`` where whoever spoke did not agree to be named."""

    consultation: Consultation
    title: str | None
    version_number: int | None
    opinions: int
    link: str
    is_open: bool


@dataclass(frozen=True)
class Tally:
    """How a form's answers spread over one element: how many gave each of 1 to 5, of the ``n`` who answered it.

    ``counts`` is empty where fewer than `LEAST_SHOWN` did: they would tell what one of them gave.
    """

    reference: str
    title: str
    n: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Said:
    """What one person said in a form, as its reader may see it.

    ``words`` is what the group reads (None: nothing), ``removed`` which pieces are missing in it, ``speaks_for`` for
    whom they speak, where the group may read that. Only who decides about it has ``pieces``: all that was said, word by
    word, ``whom``: for whom they said they speak, and whether that ``shows_whom`` is marked to be read.
    """

    id: int
    words: str | None
    removed: tuple[int, ...]
    speaks_for: str
    pieces: list[str] = field(default_factory=list)
    whom: str = ""
    shows_whom: bool = True


#: What is marked in an opinion: places in `remarks.pieces`, and whether the group is to read for whom they speak.
Marks = tuple[AbstractSet[int], bool]


@dataclass(frozen=True)
class Reading:
    """One consultation with the answers of its form: ``opinions`` are those with words that the reader may see, all for
    who decides what the group reads of them (``may_decide``)."""

    heard: Heard
    tallies: list[Tally]
    opinions: list[Said]
    hidden: int
    may_write: bool
    may_decide: bool


@dataclass(frozen=True)
class Sheet:
    """An open form as whoever has its address sees it."""

    consultation: Consultation
    group: Group
    elements: list[VersionItem]


def access_consultation(
    session: Session, actor: Actor, consultation_id: int, can: Can, *, group_id: int | None = None
) -> Consultation:
    """A consultation and the right to it; one of another group is not found. Raises NotFound, Forbidden."""
    found = access(session, actor, Consultation, consultation_id, can)
    if group_id is not None and found.group_id != group_id:
        raise NotFound()
    return found


def list_consultations(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[Heard]:
    """What was said beside the panel, newest first; withdrawn ones last, for those who may restore them."""
    standing = require(uow.session, actor, group_id, Can.CONSULTATION_READ)
    writes = standing.may(Can.CONSULTATION_WRITE)
    return _list(uow, group_id, writes)


def heard_by_the_group(uow: UnitOfWork, *, group_id: int) -> list[Heard]:
    """The same as the group reads it, whoever asks: for what is handed out. The caller has checked the right."""
    return _list(uow, group_id, writes=False)


def read_consultation(uow: UnitOfWork, actor: Actor, *, consultation_id: int, group_id: int) -> Reading:
    """One consultation with how its form was answered, which the group sees once the form is closed."""
    found = access_consultation(uow.session, actor, consultation_id, Can.CONSULTATION_READ, group_id=group_id)
    standing = require(uow.session, actor, group_id, Can.CONSULTATION_READ)
    writes, decides = standing.may(Can.CONSULTATION_WRITE), standing.may(Can.REMARK_RELEASE)
    if found.withdrawn_at is not None and not writes:
        raise NotFound()
    heard = _heard(uow, found, writes)
    rows = list(
        uow.session.execute(select(Opinion).where(Opinion.consultation_id == found.id)).scalars()
    )  # fmt: skip
    if heard.is_open and not writes:
        return Reading(heard, [], [], 0, writes, decides)
    rows.sort(key=lambda each: uow.keys.hash("shuffle", f"opinion {each.id}"))  # says nothing about who came first
    spoken = [each for each in rows if each.words]
    seen = spoken if decides else [each for each in spoken if each.shown_at is not None]
    tallies = [
        Tally(item.reference, item.title, sum(given), tuple(given) if sum(given) >= LEAST_SHOWN else ())
        for item in (_elements(uow.session, found) if rows else [])
        for given in [_counted(rows, item.reference)]
    ]
    said = [_said(each, decides) for each in seen]
    return Reading(heard, tallies, said, len(spoken) - len(seen), writes, decides)


def _said(each: Opinion, decides: bool) -> Said:
    whom = each.speaks_for if each.shown is not None and each.shows_whom else ""
    everything = (pieces(each.words), each.speaks_for, each.shows_whom) if decides else ()
    return Said(each.id, each.shown, tuple(each.removed), whom, *everything)


def add_consultation(uow: UnitOfWork, actor: Actor, *, group_id: int, form: ConsultationForm) -> Consultation:
    """Write down that people were heard. Raises Invalid with a sentence for each field."""
    require(uow.session, actor, group_id, Can.CONSULTATION_WRITE)
    made = Consultation(group_id=group_id, created_at=uow.now, created_by_id=actor.person_id)
    _fill(uow, actor, made, form)
    uow.session.add(made)
    uow.flush()
    _tell(uow, actor, made, f"wrote down a {made.kind.value}")
    return made


def edit_consultation(
    uow: UnitOfWork, actor: Actor, *, consultation_id: int, form: ConsultationForm, group_id: int | None = None
) -> Consultation:
    """Change what was written down. Raises Invalid, and Conflict for another version once there are opinions on one."""
    found = _hold(uow, actor, consultation_id, group_id)
    if form.version_id != found.version_id and _opinions(uow.session, found.id):
        raise Conflict("Opinions have been given on this version: it stays.")
    _fill(uow, actor, found, form)
    _tell(uow, actor, found, f"changed what was written down of a {found.kind.value}")
    return found


def withdraw_consultation(uow: UnitOfWork, actor: Actor, *, consultation_id: int, group_id: int | None = None) -> None:
    """Take it back: nobody but those who write sees it, and its form closes. It can be restored."""
    found = _hold(uow, actor, consultation_id, group_id)
    if found.withdrawn_at is None:
        found.withdrawn_at, found.open_until = uow.now, None
        _tell(uow, actor, found, f"withdrew a {found.kind.value}")


def restore_consultation(uow: UnitOfWork, actor: Actor, *, consultation_id: int, group_id: int | None = None) -> None:
    """Bring a withdrawn one back; its form stays closed."""
    found = _hold(uow, actor, consultation_id, group_id)
    if found.withdrawn_at is not None:
        found.withdrawn_at = None
        _tell(uow, actor, found, f"restored a {found.kind.value}")


def open_form(
    uow: UnitOfWork, actor: Actor, *, consultation_id: int, until: datetime, group_id: int | None = None
) -> str:
    """Open the form until a moment, or move that moment; its address, the same as long as it is not closed.

    Raises Invalid for a moment past or too far ahead, Conflict without a version whose elements could be scored.
    """
    found = _hold(uow, actor, consultation_id, group_id)
    if found.withdrawn_at is not None:
        raise Conflict("It is withdrawn. Restore it first.", code="withdrawn")
    if not uow.now < until <= uow.now + LONGEST_OPEN:
        sentence = f"Choose a moment in the future, at most {LONGEST_OPEN.days} days ahead"
        raise Invalid(sentence + ".", fields={"until": sentence})
    if found.version_id is None or not _elements(uow.session, found):
        raise Conflict("Say first which version is looked at: its core elements are what the form asks about.")
    if found.token_nonce is None:
        found.token_nonce = new_nonce()
        found.token_hash = uow.keys.hash("consultation", token_of(uow.keys, found))
    found.open_until = until
    _tell(uow, actor, found, "opened a form for opinions")
    return link_of(uow, found)


def close_form(uow: UnitOfWork, actor: Actor, *, consultation_id: int, group_id: int | None = None) -> None:
    """Close the form now; its address dies, and a form opened again has another."""
    found = _hold(uow, actor, consultation_id, group_id)
    found.open_until = found.token_nonce = found.token_hash = None
    _tell(uow, actor, found, "closed a form for opinions")


def mark_words(
    uow: UnitOfWork, actor: Actor, *, consultation_id: int, marks: Mapping[int, Marks], group_id: int | None = None
) -> None:
    """Keep what is marked in opinions, by their ids, that the group does not read yet. Raises NotFound, Invalid."""
    found = _hold(uow, actor, consultation_id, group_id, Can.REMARK_RELEASE)
    query = select(Opinion).where(Opinion.consultation_id == found.id, Opinion.id.in_(marks))
    opinions = list(uow.session.execute(query).scalars())
    if len(opinions) < len(marks):
        raise NotFound()
    for opinion in opinions:
        places, shows_whom = marks[opinion.id]
        must_be_words(pieces(opinion.words), places)
        if opinion.shown is None:
            opinion.removed, opinion.shows_whom = sorted(places), shows_whom


def show_words(
    uow: UnitOfWork,
    actor: Actor,
    *,
    consultation_id: int,
    opinion_id: int,
    shown: bool,
    removed: AbstractSet[int] = frozenset(),
    shows_whom: bool = True,
    group_id: int | None = None,
) -> None:
    """Let the group read the words of one opinion, or no longer: they may name somebody.

    ``removed`` holds places in `remarks.pieces` that the group does not read, ``shows_whom`` says whether it reads for
    whom they speak. For the panel manager, as experts' comments are. Raises Invalid for places where there is no word,
    and where no word would be left. No longer read, the same pieces stay marked for another time.
    """
    found = _hold(uow, actor, consultation_id, group_id, Can.REMARK_RELEASE)
    opinion = uow.session.get(Opinion, opinion_id)
    if opinion is None or opinion.consultation_id != found.id:
        raise NotFound()
    opinion.shown = redacted(opinion.words, removed) if shown else None
    if shown:
        opinion.removed = sorted(removed)
    opinion.shows_whom, opinion.shown_at = shows_whom, uow.now if shown else None
    uow.emit(ConsultationChanged(found.group_id, found.id))


def look_at_form(uow: UnitOfWork, *, token: str) -> Sheet:
    """The open form of an address. Raises Gone for one that is closed, or never was."""
    query = select(Consultation).where(Consultation.token_hash == uow.keys.hash("consultation", token))
    found = uow.session.execute(query).scalar_one_or_none()
    if found is None or not _is_open(uow, found):
        raise Gone(CLOSED)
    return Sheet(found, uow.session.get_one(Group, found.group_id), _elements(uow.session, found))


def give_opinion(
    uow: UnitOfWork, *, token: str, scores: Mapping[str, int], speaks_for: str = "", words: str = ""
) -> None:
    """Keep one opinion. Raises Gone once the form is closed, Invalid for nothing at all, or what the form does not ask.

    What is kept has a day and no hour, and nothing that says from where it came.
    """
    sheet = look_at_form(uow, token=token)
    words, speaks_for = words.replace("\r\n", "\n").strip(), " ".join(speaks_for.split())
    fields: dict[str, str] = {}
    if len(words) > LONGEST_OPINION or "\0" in words:
        fields["words"] = f"Use at most {LONGEST_OPINION:,} characters"
    if len(speaks_for) > 120 or "\0" in speaks_for:
        fields["speaks_for"] = "Use at most 120 characters"
    if not scores and not words:
        fields["words"] = "Score at least one part, or say something"
    if not set(scores) <= {each.reference for each in sheet.elements} or not set(scores.values()) <= set(SCORES):
        fields["scores"] = "Choose from the numbers shown"
    if fields:
        raise Invalid("Your opinion has not been sent yet.", fields=fields)
    found = uow.lock(Consultation, sheet.consultation.id)
    if not _is_open(uow, found):
        raise Gone(CLOSED)
    if _opinions(uow.session, found.id) >= MOST_OPINIONS:
        raise Conflict("This form has taken as many opinions as it can. Thank you all the same.")
    uow.session.add(
        Opinion(
            id=new_id(),
            consultation_id=found.id, given_on=uow.now.date(), speaks_for=speaks_for, scores=dict(scores), words=words
        )
    )  # fmt: skip
    uow.emit(ConsultationChanged(found.group_id, found.id))


def token_of(keys: Keys, consultation: Consultation) -> str:
    """The token of a form's address: only this server can make it again; stored as a keyed hash."""
    return keys.derive("consultation", consultation.id, consultation.token_nonce or "")


def link_of(uow: UnitOfWork, consultation: Consultation) -> str:
    """The address of a form."""
    return f"{uow.settings.base_url}/opinion/{token_of(uow.keys, consultation)}"


def _list(uow: UnitOfWork, group_id: int, writes: bool) -> list[Heard]:
    rows = uow.session.execute(
        select(Consultation)
        .where(Consultation.group_id == group_id, *(() if writes else (Consultation.withdrawn_at.is_(None),)))
        .order_by(Consultation.withdrawn_at.is_not(None), Consultation.happened_on.desc(), Consultation.id.desc())
    ).scalars()
    return [_heard(uow, each, writes) for each in rows]


def _heard(uow: UnitOfWork, each: Consultation, writes: bool) -> Heard:
    number = access_version(uow.session, SYSTEM, each.version_id, Can.VERSION_READ).number if each.version_id else None
    is_open = _is_open(uow, each)
    return Heard(
        consultation=each,
        title=each.title if writes or each.may_be_named or each.kind in _EVENTS else None,
        version_number=number,
        opinions=_opinions(uow.session, each.id) if writes or not is_open else 0,
        link=link_of(uow, each) if writes and is_open else "",
        is_open=is_open,
    )


#: What is called by the name of an event, and not by that of whoever spoke.
_EVENTS = frozenset({ConsultationKind.WEBINAR, ConsultationKind.CONFERENCE})


def _is_open(uow: UnitOfWork, each: Consultation) -> bool:
    open_until = each.open_until
    return each.withdrawn_at is None and each.token_hash is not None and open_until is not None and uow.now < open_until


def _elements(session: Session, found: Consultation) -> list[VersionItem]:
    items = items_of(session, found.version_id) if found.version_id else []
    return [item for item in items if item.kind is Kind.ELEMENT]


def _opinions(session: Session, consultation_id: int) -> int:
    query = select(func.count(Opinion.id)).where(Opinion.consultation_id == consultation_id)
    return session.execute(query).scalar_one()


def _counted(rows: list[Opinion], reference: str) -> list[int]:
    given = [each.scores.get(reference) for each in rows]
    return [given.count(score) for score in SCORES]


def _hold(
    uow: UnitOfWork, actor: Actor, consultation_id: int, group_id: int | None, can: Can = Can.CONSULTATION_WRITE
) -> Consultation:
    access_consultation(uow.session, actor, consultation_id, can, group_id=group_id)
    return uow.lock(Consultation, consultation_id)


def _fill(uow: UnitOfWork, actor: Actor, made: Consultation, form: ConsultationForm) -> None:
    title, audience = " ".join(form.title.split()), " ".join(form.audience.split())
    words = form.words.replace("\r\n", "\n").strip()
    fields: dict[str, str] = {}
    if form.happened_on is None or form.happened_on > uow.now.date() + timedelta(days=366):
        fields["happened_on"] = "Choose the day"
    if not 2 <= len(title) <= 200 or "\0" in title:
        fields["title"] = "Say who or what it was, in at most 200 characters"
    if len(audience) > 300 or "\0" in audience:
        fields["audience"] = "Use at most 300 characters"
    if form.people is not None and not 1 <= form.people <= 100_000:
        fields["people"] = "Enter a whole number, or leave it empty"
    if len(words) > LONGEST_WORDS or "\0" in words:
        fields["words"] = f"Use at most {LONGEST_WORDS:,} characters"
    if form.version_id is not None:
        try:
            version = access_version(uow.session, actor, form.version_id, Can.VERSION_READ)
        except NotFound:
            version = None
        if version is None or version.group_id != made.group_id:
            fields["version_id"] = "Choose a version of this group"
    if fields or form.happened_on is None:
        raise Invalid("Not written down yet.", fields=fields)
    made.kind, made.happened_on, made.title, made.audience = form.kind, form.happened_on, title, audience
    made.people, made.words, made.may_be_named = form.people, words, form.may_be_named
    made.version_id = form.version_id


def _tell(uow: UnitOfWork, actor: Actor, found: Consultation, sentence: str) -> None:
    note(uow, actor, sentence, group_id=found.group_id)
    uow.emit(ConsultationChanged(found.group_id, found.id))
