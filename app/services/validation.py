"""Validation rounds from draft to closed: protocol, items, information sheet, opening, extending and closing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.calc import moments
from app.errors import Conflict, Invalid, NotFound
from app.events import RoundChanged
from app.policy import SYSTEM, Actor, Can, require
from app.services import pilots
from app.services.activity import note
from app.services.panel import ENGLISH, LANGUAGES, check_reason, panel_of
from app.services.protocols import (
    GROUPINGS,
    Burden,
    Impossible,
    Protocol,
    changed_terms,
    follow_up,
    template,
)  # fmt: skip
from app.services.round_figures import compute, group_names
from app.services.rounds import (
    access_round,
    burden_of,
    deviate,
    deviations_of,
    experts_of,
    group_of,
    hold_round,
    must_be,
    protocol_of,
    rated_items,
    round_before,
    title_of,
    version_of,
)  # fmt: skip
from app.services.seats import seat_all, tell_deadline
from app.services.stopping import marks_of, ruling_after, ruling_words, to_rate_again
from app.services.versions import access_version, items_of
from app.uow import Database, UnitOfWork
from models.groups import Group
from models.items import Kind
from models.validation import Deviation, Expert, Panel, Round, RoundItem, RoundState
from models.versions import Version, VersionItem

LONGEST = timedelta(days=180)
MOST_ITEMS = 200

#: Quartiles and counts of a group smaller than this let a careful reader work out every score in it, though not whose.
TELLING = 6
#: What a round's information sheet starts with; the panel manager adapts it.
SHEET = """# What this is

{group} has written a blueprint for contracts of integrated care and asks independent experts what they think of it. \
You are asked to score its criteria and to say what is missing.

# What it takes

- One sitting or several, on any device. How many minutes is said above.
- You may say “I cannot judge this” to any question, and you may stop at any time.

# What happens to your answers

- The group sees no scores by name. We do not promise that nobody can guess: with few experts, comments and specialty \
may identify you.
- Your name and your answers are kept apart. The panel manager sees who was invited, has started and has sent, never \
what anyone scored.
- Your comments are read by the panel manager, who removes words that identify you before the group reads them.
- Answers you have saved count when the round closes, whether or not you have pressed Send.
- You can withdraw until the round closes, and choose whether what you have answered is deleted or counts.

# Contact

{contact}
"""


@dataclass(frozen=True)
class Listed:
    """A round in the list."""

    round: Round
    version: Version


@dataclass(frozen=True)
class Overview:
    """A round as everybody in the group may see it: protocol, version, items and logged changes; never who answers."""

    round: Round
    version: Version
    group: Group
    protocol: Protocol
    items: list[VersionItem]
    deviations: list[Deviation]
    before: Round | None


@dataclass(frozen=True)
class Preparation:
    """What the panel manager needs before opening a round; ``missing`` says what still stands in the way.

    ``fragile`` says where few missing scores leave the rule without a verdict. ``telling`` names the groups that are
    shown and so small that their figures tell each score in them. ``marks`` says how items stood when they were last
    rated (``stopping.marks_of``), ``proposed`` what this round should ask about.
    """

    overview: Overview
    choices: list[VersionItem]
    experts: list[Expert]
    burden: Burden
    groups: dict[str, int]
    impossible: list[Impossible]
    telling: list[str]
    fragile: list[str]
    marks: dict[str, tuple[str, int]]
    proposed: list[int]
    missing: list[str]


@dataclass(frozen=True)
class Next:
    """Whether the next round can be prepared, and what stands in the way or speaks against it.

    ``unfinished`` is the round that has to be closed (or discarded) first. ``said`` is what the stop rule says after
    the last closed round, "" where there is none.
    """

    unfinished: Round | None
    said: str


def next_round(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Next:
    """What the panel manager needs to know before preparing the next round."""
    require(uow.session, actor, group_id, Can.ROUND_MANAGE)
    rounds = [each.round for each in list_rounds(uow, actor, group_id=group_id)]
    unfinished = next((each for each in rounds if each.state is not RoundState.CLOSED), None)
    last = next((each for each in rounds if each.state is RoundState.CLOSED), None)
    said, _ended = _said_after(uow.session, last) if unfinished is None else ("", False)
    return Next(unfinished, said)


def list_rounds(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[Listed]:
    """The group's rounds, newest first."""
    require(uow.session, actor, group_id, Can.ROUND_READ)
    rows = uow.session.execute(
        select(Round, Version)
        .join(Version, Version.id == Round.version_id)
        .where(Round.group_id == group_id)
        .order_by(Round.number.desc(), Round.id.desc())
    )
    return [Listed(round_, version) for round_, version in rows]


def create_round(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    version_id: int,
    title: str = "",
    protocol: str = "rand",
    reason: str = "",
) -> Round:
    """Prepare the next round on a frozen version, from a ready-made protocol.

    After a closed round it asks the same questions, only of the items without agreement (where the version still holds
    them). Where the stop rule has ended the rounds, one more is a deviation and needs a ``reason``. Raises Invalid,
    Conflict when another round is not closed yet.
    """
    require(uow.session, actor, group_id, Can.ROUND_MANAGE)
    group = uow.lock(Group, group_id)
    version = access_version(uow.session, actor, version_id, Can.VERSION_READ)
    if version.group_id != group_id:
        raise NotFound()
    panel = panel_of(uow, actor, group_id=group_id)
    rounds = list(uow.session.execute(select(Round).where(Round.panel_id == panel.id).order_by(Round.number)).scalars())
    if any(each.state is not RoundState.CLOSED for each in rounds):
        raise Conflict("Close the round before this one first.")
    number = len(rounds) + 1
    title = " ".join(title.split()) or title_of(number, version.number)
    if len(title) > 200:
        raise Invalid("Use a shorter title.", fields={"title": "Use at most 200 characters"})
    before = rounds[-1] if rounds else None
    said, ended = _said_after(uow.session, before, version.id)
    if ended:
        reason = check_reason(reason)
    chosen = follow_up(protocol_of(before), number) if before else template(protocol)
    round_ = Round(
        group_id=group_id, panel_id=panel.id, version_id=version.id, version_sha256=version.sha256, number=number,
        title=title, state=RoundState.DRAFT, protocol=chosen.to_json(),
        information_sheet=before.information_sheet if before else "",
        information_version=before.information_version if before else 1,
        translations=before.translations if before else {}, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(round_)
    uow.flush()
    _set_items(uow.session, round_, _proposed(uow.session, round_, before))
    if not before:
        round_.information_sheet = SHEET.format(group=group.name, contact=uow.settings.contact)
    if ended:
        deviate(uow, actor, round_, f"This round was prepared although the rounds had ended. {said}", reason)
    note(uow, actor, f"prepared validation round {number} on version {version.number}", group_id=group_id)
    uow.emit(RoundChanged(group_id, round_.id))
    return round_


def read_round(uow: UnitOfWork, actor: Actor, *, round_id: int) -> Overview:
    """A round for anybody in the group. Raises NotFound, Forbidden."""
    return _overview(uow.session, access_round(uow.session, actor, round_id, Can.ROUND_READ))


def prepare(uow: UnitOfWork, actor: Actor, *, round_id: int) -> Preparation:
    """A round for the panel manager: burden, what can never appear with this panel, and what is missing."""
    round_ = access_round(uow.session, actor, round_id, Can.ROUND_MANAGE)
    overview = _overview(uow.session, round_)
    experts = experts_of(uow.session, round_.panel_id)
    groups = group_sizes(overview.protocol, [each for each in experts if not each.is_pilot])
    least = overview.protocol.minimum_cell
    shown = bool(groups) and min(groups.values()) >= least
    return Preparation(
        overview=overview,
        choices=items_of(uow.session, round_.version_id),
        experts=experts,
        burden=burden_of(uow.session, round_),
        groups=groups,
        impossible=impossible(overview.protocol, experts),
        telling=[f"{name} ({size})" for name, size in groups.items() if shown and size < TELLING],
        fragile=fragile(overview.protocol, experts),
        marks=marks_of(uow.session, round_) if overview.before else {},
        proposed=[each.id for each in _proposed(uow.session, round_, overview.before)],
        missing=_missing(round_, overview.items, experts),
    )


def save_protocol(uow: UnitOfWork, actor: Actor, *, round_id: int, protocol: Protocol) -> None:
    """Replace the protocol of a round in preparation. Raises Invalid for a faulty one, Conflict once it is locked."""
    round_ = _hold_draft(uow, actor, round_id)
    round_.protocol = protocol.checked().to_json()
    uow.emit(RoundChanged(round_.group_id, round_.id))


def choose_items(uow: UnitOfWork, actor: Actor, *, round_id: int, item_ids: Collection[int]) -> None:
    """Say which items of the version are rated. Raises Invalid for none, or one of another version."""
    round_ = _hold_draft(uow, actor, round_id)
    known = {item.id: item for item in items_of(uow.session, round_.version_id)}
    chosen = set(item_ids)
    if not 1 <= len(chosen) <= MOST_ITEMS or not chosen <= known.keys():
        raise Invalid("Choose which items are rated.", fields={"items": "Choose at least one item of this version"})
    _set_items(uow.session, round_, [known[each] for each in chosen])
    uow.emit(RoundChanged(round_.group_id, round_.id))


def own_words(round_: Round) -> list[str]:
    """What a round's title and questions say to experts, each once, in order: what may be put into other languages."""
    said = (
        words
        for each in protocol_of(round_).dimensions
        for words in (each.label, each.question, each.low_words, each.middle_words, each.high_words)
    )
    return list(dict.fromkeys(words for words in (round_.title, *said) if words))


def save_translation(
    uow: UnitOfWork, actor: Actor, *, round_id: int, language: str, sheet: str, words: Mapping[str, str]
) -> None:
    """Keep what experts who read another language get instead of the sheet, the title and the questions' words.

    What is empty stays as it is. A changed sheet is a new version, as in English. Raises Invalid, Conflict.
    """
    round_ = _hold_draft(uow, actor, round_id)
    if language not in LANGUAGES or language == ENGLISH:
        raise NotFound()
    sheet = sheet.replace("\r\n", "\n").strip()
    known = set(own_words(round_))
    kept = {english: " ".join(other.split()) for english, other in words.items() if english in known and other.strip()}
    fields = {}
    if sheet and (not 50 <= len(sheet) <= 20_000 or "\0" in sheet):
        fields["sheet"] = "Write between 50 and 20,000 characters, or nothing"
    if any(len(each) > 400 or "\0" in each for each in kept.values()):
        fields["words"] = "Use at most 400 characters for each"
    if fields:
        raise Invalid("The translation was not saved.", fields=fields)
    made = {"sheet": sheet, "words": kept}
    _sheet_changed(uow, round_, sheet != round_.translations.get(language, {}).get("sheet", ""))
    round_.translations = {**round_.translations, language: made}
    uow.emit(RoundChanged(round_.group_id, round_.id))


def _sheet_changed(uow: UnitOfWork, round_: Round, is_other: bool) -> None:
    """A changed sheet is a new version of it, which earlier consent does not cover."""
    before = round_before(uow.session, round_)
    if is_other and before is not None:
        round_.information_version = before.information_version + 1


def save_sheet(uow: UnitOfWork, actor: Actor, *, round_id: int, text: str) -> None:
    """Replace the information sheet; a changed one is a new version, and earlier consent no longer covers it."""
    round_ = _hold_draft(uow, actor, round_id)
    text = text.replace("\r\n", "\n").strip()
    if not 50 <= len(text) <= 20_000 or "\0" in text:
        raise Invalid(
            "The information sheet was not saved.", fields={"sheet": "Write between 50 and 20,000 characters"}
        )
    _sheet_changed(uow, round_, text != round_.information_sheet.strip())
    round_.information_sheet = text
    uow.emit(RoundChanged(round_.group_id, round_.id))


def discard_round(uow: UnitOfWork, actor: Actor, *, round_id: int) -> None:
    """Throw away a round that the panel was not invited to yet, with what pilot raters answered."""
    round_ = _hold_draft(uow, actor, round_id)
    pilots.wipe(uow, round_)
    for table in (RoundItem, Deviation):
        uow.session.execute(delete(table).where(table.round_id == round_.id))
    uow.session.delete(round_)
    note(uow, actor, f"discarded the prepared validation round {round_.number}", group_id=round_.group_id)
    uow.emit(RoundChanged(round_.group_id, round_.id))


def open_round(uow: UnitOfWork, actor: Actor, *, round_id: int, closes_at: datetime) -> Round:
    """Lock the protocol and invite the panel by mail, but no pilot raters; it takes answers until ``closes_at``.

    Raises Invalid naming what is missing, Conflict when it was opened before.
    """
    round_ = _hold_draft(uow, actor, round_id)
    protocol_of(round_).checked()
    _check_deadline(uow.now, closes_at)
    uow.lock(Panel, round_.panel_id)  # nobody is taken off the panel while it is invited
    experts = experts_of(uow.session, round_.panel_id)
    missing = _missing(round_, rated_items(uow.session, round_.id), experts)
    if missing:
        raise Invalid("The round was not opened. " + " ".join(missing))
    before = round_before(uow.session, round_)
    if before is not None:
        for change in changed_terms(follow_up(protocol_of(before), round_.number), protocol_of(round_)):
            deviate(uow, actor, round_, change, f"Changed after round {before.number}, before this one was opened.")
    round_.state = RoundState.OPEN
    round_.locked_at = round_.opened_at = uow.now
    round_.closes_at = closes_at
    uow.flush()
    seat_all(uow, round_, [each for each in experts if not each.is_pilot], before)
    note(uow, actor, f"opened validation round {round_.number}", group_id=round_.group_id)
    uow.emit(RoundChanged(round_.group_id, round_.id))
    return round_


def extend_round(
    uow: UnitOfWork, actor: Actor, *, round_id: int, closes_at: datetime, reason: str, telling: bool = False
) -> int:
    """Move the deadline of an open round to a later one: a deviation, with its reason.

    With ``telling`` those who have not sent are mailed the new one; how many.
    """
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.OPEN)
    _check_deadline(uow.now, closes_at)
    if round_.closes_at is None or closes_at <= round_.closes_at:
        sentence = "The new deadline must be later than the one announced; to end sooner, close the round"
        raise Invalid(sentence + ".", fields={"closes_at": sentence})
    zone = uow.session.get_one(Group, round_.group_id).time_zone
    before, after = (moments.in_words(each, zone) for each in (round_.closes_at, closes_at))
    what = f"The deadline was moved from {before} to {after}."
    deviate(uow, actor, round_, what, check_reason(reason))
    round_.closes_at = closes_at
    note(uow, actor, f"moved the deadline of validation round {round_.number}", group_id=round_.group_id)
    uow.emit(RoundChanged(round_.group_id, round_.id))
    return tell_deadline(uow, round_) if telling else 0


def close_round(uow: UnitOfWork, actor: Actor, *, round_id: int, reason: str = "") -> None:
    """Close a round and store its figures; before its deadline that is a deviation and needs a reason.

    Links die with it. Raises Conflict when it is not open, Invalid without a reason.
    """
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.OPEN)
    if round_.closes_at is not None and uow.now < round_.closes_at:
        deviate(uow, actor, round_, "The round was closed before its deadline.", check_reason(reason))
    round_.state = RoundState.CLOSED
    round_.closed_at = uow.now
    uow.flush()
    compute(uow, round_)
    note(uow, actor, f"closed validation round {round_.number}", group_id=round_.group_id)
    uow.emit(RoundChanged(round_.group_id, round_.id))


def due(database: Database) -> list[int]:
    """The ids of rounds whose deadline has passed and that are still open. For the worker."""
    with database.reading() as uow:
        query = select(Round.id).where(Round.state == RoundState.OPEN, Round.closes_at <= uow.now)
        return list(uow.session.execute(query).scalars())


def close_if_due(database: Database, round_id: int) -> None:
    """Close a round whose deadline has passed; another worker may do the same, or have moved the deadline meanwhile."""
    with database.writing() as uow:
        round_ = uow.lock(Round, round_id)
        if round_.state is RoundState.OPEN and round_.closes_at is not None and round_.closes_at <= uow.now:
            close_round(uow, SYSTEM, round_id=round_id)


def impossible(protocol: Protocol, experts: list[Expert]) -> list[Impossible]:
    """Results that can never appear with this panel."""
    asked = [each for each in experts if not each.is_pilot]
    found = []
    for dimension in protocol.dimensions:
        eligible = sum(dimension.asks(each.expertise) for each in asked)
        least = protocol.least_of(eligible)
        if eligible < protocol.minimum_cell:
            what = f"Anything on {dimension.label.lower()}"
            why = f"It is asked of {eligible} of the panel; fewer than {protocol.minimum_cell} scores are never shown."
            found.append(Impossible(what, why))
        elif protocol.decides(dimension) and eligible < least:
            why = f"It is asked of {eligible} of the panel; a verdict needs at least {least} scores."
            found.append(Impossible(f"A verdict on {dimension.label.lower()}", why))
        elif protocol.decides(dimension) and (objection := protocol.primary.objection(dimension.scale, eligible)):
            advice = "Invite more experts, or choose another rule."
            found.append(Impossible(f"A verdict on {dimension.label.lower()}", objection.capitalize() + ".", advice))
    sizes = group_sizes(protocol, asked)
    small = [f"{name} ({size})" for name, size in sizes.items() if size < protocol.minimum_cell]
    if asked and (small or len(sizes) == 1):
        why = f"A group needs {protocol.minimum_cell} experts; too few are in {', '.join(small)}."
        if not small:
            why = f"All of the panel are in one group: {', '.join(sizes)}."
        advice = "Invite more, merge groups in the protocol, or compare none."
        found.append(Impossible(GROUPINGS[protocol.split_by], why, advice))
    return found


def fragile(protocol: Protocol, experts: Sequence[Expert]) -> list[str]:
    """Where the rule that decides says nothing once a few of those asked give no score: a sentence a question."""
    asked = [each for each in experts if not each.is_pilot]
    found = []
    for dimension in protocol.dimensions:
        count = sum(dimension.asks(each.expertise) for each in asked)
        if not protocol.decides(dimension) or protocol.primary.objection(dimension.scale, count):
            continue  # said as impossible, or never judged
        for scores in range(count - 1, max(protocol.least_of(count), count - 4) - 1, -1):
            if objection := protocol.primary.objection(dimension.scale, scores):
                found.append(f"{dimension.label}: {count - scores} of {count} without a score are enough; {objection}.")
                break
    return found


def group_sizes(protocol: Protocol, experts: Sequence[Expert]) -> dict[str, int]:
    """How many of these experts are in each group that the protocol compares; empty where it compares none."""
    if not protocol.split_by:
        return {}
    groups = [group_of(protocol, each) for each in experts]
    return {name: groups.count(name) for name in group_names(protocol, experts)}


def log_deviation(uow: UnitOfWork, actor: Actor, *, round_id: int, what: str, reason: str) -> None:
    """Log what was done otherwise than the locked protocol says. Raises Invalid, Conflict before it is locked."""
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    if round_.locked_at is None:
        raise Conflict("The protocol is not locked yet: change it instead.", code="not_locked")
    what = " ".join(what.split())
    if not 3 <= len(what) <= 1000:
        sentence = "Say what was done otherwise: it is printed in the report (3 to 1,000 characters)"
        raise Invalid(sentence + ".", fields={"what": sentence})
    deviate(uow, actor, round_, what, check_reason(reason))
    note(uow, actor, f"logged a deviation in validation round {round_.number}", group_id=round_.group_id)
    uow.emit(RoundChanged(round_.group_id, round_.id))


def _overview(session: Session, round_: Round) -> Overview:
    return Overview(
        round=round_,
        version=version_of(session, round_),
        group=session.get_one(Group, round_.group_id),
        protocol=protocol_of(round_),
        items=rated_items(session, round_.id),
        deviations=deviations_of(session, round_.id),
        before=round_before(session, round_),
    )


def _said_after(session: Session, before: Round | None, version_id: int | None = None) -> tuple[str, bool]:
    """What the stop rule says after a closed round, "" where it has none but words; and whether it ends the rounds.

    ``version_id`` is the version that the next round would be on.
    """
    if before is None:
        return "", False
    ruling = ruling_after(session, before, version_id)
    said = ruling_words(protocol_of(before).stop, ruling)
    if said and version_id not in {None, before.version_id}:
        said += " Counted are the items as they read in the version that is to be rated."
    return said, ruling is not None and ruling.ends


def _hold_draft(uow: UnitOfWork, actor: Actor, round_id: int) -> Round:
    round_ = hold_round(uow, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.DRAFT)
    return round_


def _proposed(session: Session, round_: Round, before: Round | None) -> list[VersionItem]:
    """Criteria, or after a closed round those without agreement and those new in this version."""
    if before is None:
        return [item for item in items_of(session, round_.version_id) if item.kind is Kind.CRITERION]
    return to_rate_again(session, before, round_.version_id)


def _set_items(session: Session, round_: Round, items: Collection[VersionItem]) -> None:
    session.execute(delete(RoundItem).where(RoundItem.round_id == round_.id))
    session.add_all(RoundItem(round_id=round_.id, version_item_id=item.id, position=item.position) for item in items)
    session.flush()


def _missing(round_: Round, items: list[VersionItem], experts: list[Expert]) -> list[str]:
    missing = []
    if not items:
        missing.append("Choose which items are rated.")
    if not any(not each.is_pilot for each in experts):
        missing.append("Add the experts of the panel.")
    if len(round_.information_sheet.strip()) < 50:
        missing.append("Write the information sheet.")
    return missing


def _check_deadline(now: datetime, closes_at: datetime) -> None:
    if not now + timedelta(minutes=1) <= closes_at <= now + LONGEST:
        sentence = f"Choose a deadline in the future, at most {LONGEST.days} days ahead"
        raise Invalid(sentence + ".", fields={"closes_at": sentence})
