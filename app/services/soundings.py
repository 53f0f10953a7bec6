"""Soundings: members score items from 1 to 9 in private, talk about the contested ones first, and score again.

Nobody but oneself ever reads one's scores. How the group scored is shown once a pass is closed, from three scores on;
both passes are kept, and what moved between them is counted among those who scored the same words twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, delete, func, or_, select
from sqlalchemy.orm import Session

from app.calc.quantiles import deviation
from app.calc.ratings import Rule, Scale, Verdict, least_scores, summarise
from app.calc.stability import Movement, movement
from app.errors import Conflict, Invalid, NotFound
from app.events import SoundingChanged
from app.policy import RULES, Actor, Can, access, require
from app.services import notifications
from app.services.activity import note
from app.services.documents import documents_of, words_in, words_sha256
from app.services.items import items_of, tree
from app.uow import UnitOfWork
from models.groups import Membership
from models.items import Item, Kind, Status
from models.notifications import Kind as Reason
from models.soundings import Sounding, SoundingItem, SoundingScore, SoundingState

SCALE = Scale(1, 9)
#: Decides what is contested: the spread of the middle scores, which panels of any size can have.
RULE = Rule("ipras")
LEAST_SHOWN = 3
MOST_ITEMS = 60
UNNAMED = "Give it a name of at most 120 characters"
QUESTION = ("How relevant is it to the people this blueprint is for?", "Irrelevant", "Essential")
#: What is out of the blueprint, or out of the discussion, is not asked about.
NOT_ASKED = frozenset({Status.PARKED, Status.WITHDRAWN})
PASSES = {SoundingState.FIRST: 1, SoundingState.SECOND: 2}
NEXT = {
    SoundingState.FIRST: SoundingState.TALK,
    SoundingState.TALK: SoundingState.SECOND,
    SoundingState.SECOND: SoundingState.CLOSED,
}


@dataclass(frozen=True)
class Pass:
    """How the group scored an item in one pass: counts by score, median, spread and verdict; None where too few did.

    ``spread`` is the mean absolute deviation from the median, in points of the scale.
    """

    n: int
    eligible: int
    cannot_judge: int
    distribution: tuple[int, ...] | None
    median: float | None
    spread: float | None
    verdict: Verdict | None


@dataclass(frozen=True)
class Line:
    """One item of a sounding with one's own scores by pass (None is "cannot judge"), and the group's once shown."""

    item: Item
    title: str
    text: str
    own: Mapping[int, int | None]
    first: Pass | None
    second: Pass | None
    moved: Movement | None
    is_reworded: bool

    @property
    def latest(self) -> Pass | None:
        """The latest pass that is shown."""
        return self.second or self.first


@dataclass(frozen=True)
class Reading:
    """A sounding as one member sees it: ``lines`` contested first where something is shown, else as in the blueprint.

    ``begun`` of ``asked`` people have scored something in the pass that is open, ``done`` everything.
    """

    sounding: Sounding
    lines: list[Line]
    open_pass: int | None
    asked: int
    begun: int
    done: int
    may_score: bool
    may_run: bool
    may_discard: bool

    @property
    def answered(self) -> int:
        """How many items one has answered in the open pass."""
        return sum(self.open_pass in line.own for line in self.lines)


@dataclass(frozen=True)
class Waiting:
    """A sounding whose open pass one has not finished: ``answered`` of ``asked`` items so far."""

    sounding: Sounding
    answered: int
    asked: int


def access_sounding(
    session: Session, actor: Actor, sounding_id: int, can: Can, *, group_id: int | None = None
) -> Sounding:
    """A sounding and the right to it; one of another group is not found. Raises NotFound, Forbidden."""
    found = access(session, actor, Sounding, sounding_id, can)
    if group_id is not None and found.group_id != group_id:
        raise NotFound()
    return found


def list_soundings(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[tuple[Sounding, int]]:
    """The soundings of a group with how many items each has, newest first."""
    require(uow.session, actor, group_id, Can.SOUNDING_READ)
    rows = uow.session.execute(
        select(Sounding, func.count(SoundingItem.item_id))
        .outerjoin(SoundingItem, SoundingItem.sounding_id == Sounding.id)
        .where(Sounding.group_id == group_id)
        .group_by(Sounding.id)
        .order_by(Sounding.id.desc())
    ).all()
    return [(sounding, count) for sounding, count in rows]


def waiting(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[Waiting]:
    """The soundings that wait for the actor's own scores, the oldest first: none for those who do not score."""
    standing = require(uow.session, actor, group_id, Can.GROUP_READ)
    if actor.person_id is None or not standing.may(Can.SOUNDING_SCORE):
        return []
    own = and_(
        SoundingScore.sounding_id == SoundingItem.sounding_id, SoundingScore.item_id == SoundingItem.item_id,
        SoundingScore.person_id == actor.person_id,
        or_(*(and_(Sounding.state == state, SoundingScore.pass_number == number) for state, number in PASSES.items())),
    )  # fmt: skip
    rows = uow.session.execute(
        select(Sounding, func.count(SoundingItem.item_id), func.count(SoundingScore.item_id))
        .join(SoundingItem, SoundingItem.sounding_id == Sounding.id)
        .outerjoin(SoundingScore, own)
        .where(Sounding.group_id == group_id, Sounding.state.in_(list(PASSES)))
        .group_by(Sounding.id)
        .order_by(Sounding.id)
    )
    return [Waiting(sounding, answered, asked) for sounding, asked, answered in rows if answered < asked]


def choosable(uow: UnitOfWork, actor: Actor, *, group_id: int) -> dict[Kind, list[tuple[Item, str]]]:
    """The items that can be scored, each with its title, by kind, in the order of the blueprint."""
    require(uow.session, actor, group_id, Can.SOUNDING_RUN)
    found: dict[Kind, list[tuple[Item, str]]] = {}
    for entry in tree(uow, actor, group_id):
        if entry.item.status not in NOT_ASKED:
            found.setdefault(entry.item.kind, []).append((entry.item, entry.title))
    return found


def begin(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    title: str,
    item_ids: Collection[int],
    question: str = "",
    low_words: str = "",
    high_words: str = "",
) -> Sounding:
    """Ask the members to score some items; the first pass is open at once. Raises Invalid with a sentence a field."""
    require(uow.session, actor, group_id, Can.SOUNDING_RUN)
    title, question = _name(title), " ".join(question.split())
    given = (question, " ".join(low_words.split()), " ".join(high_words.split())) if question else QUESTION
    fields: dict[str, str] = {}
    if not title:
        fields["title"] = UNNAMED
    if not 5 <= len(given[0]) <= 300 or "\0" in "".join(given):
        fields["question"] = "Write the question in 5 to 300 characters"
    if max(len(given[1]), len(given[2])) > 60:
        fields["low_words"] = "Use at most 60 characters for the words at the ends"
    items = [each for each in items_of(uow.session, group_id) if each.id in item_ids and each.status not in NOT_ASKED]
    if not 1 <= len(set(item_ids)) <= MOST_ITEMS or set(item_ids) - {each.id for each in items}:
        fields["items"] = f"Choose 1 to {MOST_ITEMS} items of this blueprint"
    if fields:
        raise Invalid("Nobody has been asked yet.", fields=fields)
    made = Sounding(
        group_id=group_id, title=title, question=given[0], low_words=given[1], high_words=given[2],
        state=SoundingState.FIRST, created_at=uow.now, created_by_id=actor.person_id,
    )  # fmt: skip
    uow.session.add(made)
    uow.flush()
    uow.session.add_all(
        SoundingItem(sounding_id=made.id, item_id=item.id, position=place) for place, item in enumerate(items)
    )
    _tell(uow, actor, made, f"asked everybody to score {len(items)} items: {title}")
    _ask(uow, actor, made, f"asks you to score {len(items)} items privately: {title}")
    return made


def _name(title: str) -> str:
    """The name as it is kept; empty where it cannot be one."""
    plain = " ".join(title.split())
    return plain if 2 <= len(plain) <= 120 and "\0" not in plain else ""


def rename(uow: UnitOfWork, actor: Actor, *, sounding_id: int, title: str, group_id: int | None = None) -> None:
    """Give a sounding another name, whatever its state. Raises Invalid with a sentence beside the field."""
    access_sounding(uow.session, actor, sounding_id, Can.SOUNDING_RUN, group_id=group_id)
    found, name = uow.lock(Sounding, sounding_id), _name(title)
    if not name:
        raise Invalid("The name is as it was.", fields={"title": UNNAMED})
    if name != found.title:
        before, found.title = found.title, name
        _tell(uow, actor, found, f"renamed a sounding: {before} is now {name}")


def discard(uow: UnitOfWork, actor: Actor, *, sounding_id: int, group_id: int | None = None) -> None:
    """Take a sounding back that was begun by mistake, with what everybody was told of it.

    Raises Conflict once anybody has scored in it, though only to say "cannot judge": what people gave is not deleted.
    """
    access_sounding(uow.session, actor, sounding_id, Can.SOUNDING_RUN, group_id=group_id)
    found = uow.lock(Sounding, sounding_id)
    if uow.session.execute(select(SoundingScore.item_id).where(SoundingScore.sounding_id == found.id)).first():
        raise Conflict("Somebody has scored: it can be closed now, and not be discarded.", code="scored")
    notifications.take_back(uow, group_id=found.group_id, path=_path(found))
    uow.session.execute(delete(SoundingItem).where(SoundingItem.sounding_id == found.id))
    uow.session.delete(found)
    uow.flush()
    _tell(uow, actor, found, f"discarded a sounding before anybody scored: {found.title}")


def score(
    uow: UnitOfWork, actor: Actor, *, sounding_id: int, scores: Mapping[int, int | None], group_id: int | None = None
) -> None:
    """Keep one's scores of some items in the pass that is open, all or none; None is "cannot judge".

    Raises Conflict while no pass is open, Invalid for a number off the scale or an item that is not asked about.
    """
    access_sounding(uow.session, actor, sounding_id, Can.SOUNDING_SCORE, group_id=group_id)
    found = uow.lock(Sounding, sounding_id)
    number = PASSES.get(found.state)
    if number is None:
        raise Conflict("Nothing is scored just now.", code="not_open")
    asked = {each.item_id for each in _rows(uow.session, found.id)}
    if not scores.keys() <= asked:
        raise Invalid("This item is not asked about.", code="unknown_item")
    if any(value is not None and not SCALE.lo <= value <= SCALE.hi for value in scores.values()):
        raise Invalid("Choose a number from 1 to 9, or that you cannot judge.", code="off_scale")
    assert actor.person_id is not None  # noqa: S101  a right to score belongs to a person
    words = _hashes(uow.session, list(scores))
    known = {
        each.item_id: each
        for each in uow.session.execute(
            select(SoundingScore).where(
                SoundingScore.sounding_id == found.id, SoundingScore.person_id == actor.person_id,
                SoundingScore.pass_number == number,
            )
        ).scalars()
    }  # fmt: skip
    for item_id, value in scores.items():
        row = known.get(item_id)
        if row is None:
            uow.session.add(
                SoundingScore(
                    sounding_id=found.id, item_id=item_id, person_id=actor.person_id, pass_number=number, value=value,
                    words_sha256=words[item_id], scored_at=uow.now,
                )
            )  # fmt: skip
        elif (row.value, row.words_sha256) != (value, words[item_id]):
            row.value, row.words_sha256, row.scored_at = value, words[item_id], uow.now
    uow.flush()
    uow.emit(SoundingChanged(found.group_id, found.id))


def go_on(uow: UnitOfWork, actor: Actor, *, sounding_id: int, seen: SoundingState, group_id: int | None = None) -> None:
    """Close the open pass, or open the second one, from the state the facilitator saw.

    Pressed twice it happens once: from another state than ``seen`` it raises Conflict.
    """
    access_sounding(uow.session, actor, sounding_id, Can.SOUNDING_RUN, group_id=group_id)
    found = uow.lock(Sounding, sounding_id)
    if found.state is not seen or seen not in NEXT:
        raise Conflict("Somebody has gone on already.", code="moved")
    closes = PASSES.get(found.state)
    if closes is not None:
        asked = len(_scorers(uow.session, found.group_id))
        for row in _rows(uow.session, found.id):
            if closes == 1:
                row.eligible_first = asked
            else:
                row.eligible_second = asked
    found.state = NEXT[seen]
    if found.state is SoundingState.TALK:
        found.first_closed_at = uow.now
    if found.state is SoundingState.CLOSED:
        found.closed_at = uow.now
    words = {
        SoundingState.TALK: "closed the first scoring of", SoundingState.SECOND: "asked to score again:",
        SoundingState.CLOSED: "closed the second scoring of",
    }  # fmt: skip
    _tell(uow, actor, found, f"{words[found.state]} {found.title}")
    if found.state is SoundingState.SECOND:
        _ask(uow, actor, found, f"asks you to look at how the group scored, and to score again: {found.title}")


def read_sounding(uow: UnitOfWork, actor: Actor, *, sounding_id: int, group_id: int) -> Reading:
    """A sounding with one's own scores, and the group's of every pass that is closed."""
    session = uow.session
    found = access_sounding(session, actor, sounding_id, Can.SOUNDING_READ, group_id=group_id)
    standing = require(session, actor, group_id, Can.SOUNDING_READ)
    rows = _rows(session, found.id)
    ids = [each.item_id for each in rows]
    items = {each.id: each for each in session.execute(select(Item).where(Item.id.in_(ids))).scalars()}
    words = {item_id: words_in(documents) for item_id, documents in documents_of(session, ids).items()}
    given = list(session.execute(select(SoundingScore).where(SoundingScore.sounding_id == found.id)).scalars())
    shown = {SoundingState.FIRST: (), SoundingState.TALK: (1,), SoundingState.SECOND: (1,)}.get(found.state, (1, 2))
    now = _hashes(session, ids)
    lines = [
        _line(row, items[row.item_id], words.get(row.item_id, {}), now[row.item_id],
              [each for each in given if each.item_id == row.item_id], actor, shown)
        for row in rows
    ]  # fmt: skip
    if shown:
        lines.sort(key=_contested)
    number = PASSES.get(found.state)
    people = _scorers(session, group_id)
    by_person = [each.person_id for each in given if each.pass_number == number and each.person_id in people]
    return Reading(
        sounding=found,
        lines=lines,
        open_pass=number,
        asked=len(people),
        begun=len(set(by_person)),
        done=sum(by_person.count(person_id) == len(rows) for person_id in set(by_person)),
        may_score=standing.may(Can.SOUNDING_SCORE) and actor.person_id is not None,
        may_run=standing.may(Can.SOUNDING_RUN),
        may_discard=standing.may(Can.SOUNDING_RUN) and not given,
    )


def _line(
    row: SoundingItem,
    item: Item,
    words: Mapping[str, str],
    now: str,
    given: Sequence[SoundingScore],
    actor: Actor,
    shown: Collection[int],
) -> Line:
    own = {each.pass_number: each.value for each in given if each.person_id == actor.person_id}
    first = _pass(given, 1, row.eligible_first) if 1 in shown else None
    second = _pass(given, 2, row.eligible_second) if 2 in shown else None
    return Line(
        item=item,
        title=words.get("title", ""),
        text=words.get("text", ""),
        own=own,
        first=first,
        second=second,
        moved=_moved(given) if second is not None else None,
        is_reworded=any(each.words_sha256 != now for each in given if each.person_id == actor.person_id),
    )


def _pass(given: Sequence[SoundingScore], number: int, eligible: int | None) -> Pass:
    values = [each.value for each in given if each.pass_number == number]
    scores = sorted(value for value in values if value is not None)
    asked = max(eligible or 0, len(values))
    if len(scores) < LEAST_SHOWN:
        return Pass(len(scores), asked, len(values) - len(scores), None, None, None, None)
    summary = summarise(
        [*scores, *[None] * (len(values) - len(scores))], asked, SCALE, RULE, minimum=least_scores(asked)
    )
    return Pass(
        len(scores), asked, len(values) - len(scores), summary.distribution, summary.median.value,
        deviation(scores).value, summary.verdict,
    )  # fmt: skip


def _moved(given: Sequence[SoundingScore]) -> Movement | None:
    """What moved among those who scored the same words in both passes; None where fewer than three did."""
    by_pass: dict[int, dict[int, SoundingScore]] = {1: {}, 2: {}}
    for each in given:
        by_pass[each.pass_number][each.person_id] = each
    both = [
        (by_pass[1][person_id].value, each.value)
        for person_id, each in by_pass[2].items()
        if person_id in by_pass[1] and by_pass[1][person_id].words_sha256 == each.words_sha256
    ]
    pairs = sorted((a, b) for a, b in both if a is not None and b is not None)
    if len(pairs) < LEAST_SHOWN:
        return None
    return movement([a for a, _ in pairs], [b for _, b in pairs], SCALE.categories)


def _contested(line: Line) -> tuple[int, float]:
    """What is talked about first: what the group disagrees most on. Lines that tie stay in the blueprint's order.

    Where the rule says that the group disagrees, the line comes first, so that the order contradicts no verdict; then
    by the mean absolute deviation from the median (Fitch et al. 2001), widest first. That measure and not the spread
    of the middle scores, which the verdict goes by: groups are small, many have too few scores for any verdict, and
    the middle of 1, 5, 5, 5, 9 has no spread at all. How high the scores are does not matter. What is not shown comes
    last.
    """
    latest = line.latest
    if latest is None or latest.spread is None:
        return 2, 0.0
    disagrees = latest.verdict is not None and latest.verdict.outcome == "disagreement"
    return (0 if disagrees else 1), -latest.spread


def _rows(session: Session, sounding_id: int) -> list[SoundingItem]:
    query = select(SoundingItem).where(SoundingItem.sounding_id == sounding_id).order_by(SoundingItem.position)
    return list(session.execute(query).scalars())


def _hashes(session: Session, item_ids: Sequence[int]) -> dict[int, str]:
    """What tells the words of items as they are now from others."""
    documents = documents_of(session, item_ids)
    return {item_id: words_sha256(words_in(documents.get(item_id, {}))) for item_id in item_ids}


def _scorers(session: Session, group_id: int) -> set[int]:
    """Who may score: the group's people with a role that may."""
    query = select(Membership.person_id).where(
        Membership.group_id == group_id, Membership.removed_at.is_(None),
        Membership.role.in_(list(RULES[Can.SOUNDING_SCORE])),
    )  # fmt: skip
    return set(session.execute(query).scalars())


def _tell(uow: UnitOfWork, actor: Actor, found: Sounding, sentence: str) -> None:
    note(uow, actor, sentence, group_id=found.group_id)
    uow.emit(SoundingChanged(found.group_id, found.id))


def _path(found: Sounding) -> str:
    """Where it is, from the group's first page."""
    return f"sessions/soundings/{found.id}"


def _ask(uow: UnitOfWork, actor: Actor, found: Sounding, words: str) -> None:
    """Tell everybody who may score that they are asked to, once for each pass."""
    for person_id in sorted(_scorers(uow.session, found.group_id)):
        notifications.tell(
            uow, person_id, Reason.SOUNDING, group_id=found.group_id, by=actor, words=words,
            path=_path(found), key=f"sounding-{found.id}-{found.state.value}-{person_id}",
        )  # fmt: skip
