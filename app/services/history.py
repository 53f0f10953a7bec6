"""The time line of an item's words, from the log of changes: moments, what lies between two of them, and restoring.

A **moment** gathers what one person changed without a pause of five minutes, all inside one session or all outside
any, and without others taking away what was written (app/calc/stretches.py). Bringing back earlier words, a merge and
a split are moments of their own, before which all others end. Decisions, locked versions and the ends of sessions in
which the words changed are moments too. A moment is addressed by its **mark**: the versions of the item's four texts
after it, such as "12.40.3.0".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.calc.authorship import Run, Span, from_json, joined, spans, taken
from app.calc.changes import ChangeSet, from_units, recall, recall_parts, to_units
from app.calc.differences import Segment, change_between
from app.calc.redlines import shown as shown_of
from app.calc.returns import whose_words
from app.calc.stretches import Entry, gather
from app.errors import Conflict, Forbidden, NotFound
from app.events import WordsRestored
from app.policy import Actor, Can
from app.services.accounts import names_of
from app.services.activity import note
from app.services.decided import corrections_of, latest_decisions, texts_of
from app.services.documents import (
    MOVED,
    RESTORED,
    SUGGESTED,
    WORDS,
    act,
    authors_at,
    authors_of,
    back_to,
    changes_of,
    client_of,
    documents_of,
    doer,
    hands_of,
    mark_of,
    put_in,
    whole_act,
)  # fmt: skip
from app.services.items import access_item, may_write
from app.services.notifications import NOBODY_ENDED
from app.uow import UnitOfWork
from models.activity import Activity
from models.documents import Document, Field, TextChange, TextSnapshot
from models.items import Descent, Item, ItemDescent
from models.meetings import Meeting, MeetingEvent
from models.polls import Decision, Poll
from models.suggestions import Suggestion, SuggestionState
from models.versions import Version, VersionItem

_TAKEN = (SuggestionState.ACCEPTED, SuggestionState.PARTLY)
#: The kinds of moments that come from the log, and of the states between them.
_WRITTEN = {"edit", "restore", "moved", "state"}
#: What a session stands still from, and what ends that.
_STOPS, _GOES_ON = {"paused", "idle"}, {"resumed", "closed"}
_Times = list[tuple[datetime, datetime]]
#: The mark of an item before its first word.
BEGINNING = ".".join("0" for _ in WORDS)
#: So many changes are read for each moment that is asked for, and so many at least and at most.
READ_PER_MOMENT = 200
LEAST_READ = 2_000
MOST_READ = 100_000


class Turn(NamedTuple):
    """What became of an item and another one, by its ``reference``; ``by_id`` is who did it, where that is known.

    ``what``: "merged in", "merged into", "split off", "split from", "put back" (a split taken back), and "out" and
    "restored" of a merge that was taken back, on the side of the one that stayed and of the one that had gone.
    """

    what: str
    reference: str
    by_id: int | None


@dataclass
class Moment:
    """One entry of the time line; ``kind`` is "edit", "restore", "moved" (merged, split, or that taken back, as
    ``turns`` say), "decision", "version", "session" (the end of one) or "suggestion" (of ``name``, accepted by
    ``decider``; of words from a Word document, which ``name`` brought in, ``word`` says who wrote them there, as far as
    it names them, and is None of others).

    ``mark`` addresses the item's words after it, and ``before`` those before a restore; ``fields`` are the texts that
    changed, or that the suggestion is for, ``text`` is the outcome sentence or the version's title, ``changes`` how
    many changes an edit gathers and ``place`` where it ends in the log. What an accepted suggestion changed is no edit
    of its author's besides. ``between``, newest first, is what stood in the midst of an edit before somebody took a few
    letters of it away: of the kind "state", by the ``name`` of who did. ``bound_at`` is when a decision's words were
    put to the vote: they may have changed before it was recorded.
    """

    kind: str
    begun: datetime
    ended: datetime
    mark: str = ""
    name: str = ""
    author_id: int | None = None
    decider_id: int | None = None
    decider: str = ""
    meeting: Meeting | None = None
    fields: list[Field] = field(default_factory=list)
    changes: int = 0
    text: str = ""
    decision: Decision | None = None
    version: Version | None = None
    suggestion: Suggestion | None = None
    word: str | None = None
    before: str = ""
    between: list[Moment] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    place: int = 0
    bound_at: datetime | None = None

    @property
    def words_at(self) -> datetime:
        """When the item's words were those of the moment."""
        return self.bound_at or self.ended

    @property
    def address(self) -> str:
        """The mark, and behind "~" what the moment is called where it has a name of its own: "12.40.3.0~version-1"."""
        whose = {"decision": self.decision, "version": self.version, "session": self.meeting}.get(self.kind)
        return self.mark if whose is None else f"{self.mark}~{self.kind}-{whose.number}"


@dataclass(frozen=True)
class Cause:
    """Why an item's words became others in some time: a ``decision`` on it, a suggestion of ``names`` that ``decider``
    accepted (``word`` as of a ``Moment``), or the writing of ``names``; ``kind`` is "decision", "suggestion" or "edit",
    ``at`` when (last)."""

    kind: str
    at: datetime
    names: tuple[str, ...] = ()
    decider: str = ""
    decision: Decision | None = None
    suggestion: Suggestion | None = None
    word: str | None = None


class FieldDifference(NamedTuple):
    """What happened to one text between two moments; ``changed`` also where only bold or a list was."""

    field: Field
    segments: list[Segment]
    changed: bool


class _Change(NamedTuple):
    at: datetime
    field: Field
    version: int
    author_id: int | None
    client: str
    changes: str


def timeline(uow: UnitOfWork, actor: Actor, item_id: int, *, most: int, group_id: int | None = None) -> list[Moment]:
    """The newest moments of an item, at most ``most`` of them, newest first. Raises NotFound, Forbidden.

    Of a very long log only its end is read: the oldest moment shown may then have begun before it, and count less.
    """
    session = uow.session
    item = access_item(session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    texts = documents_of(session, [item.id]).get(item.id, {})
    meetings = _meetings(session, item.group_id)
    log, since = _log(session, texts, min(max(most * READ_PER_MOMENT, LEAST_READ), MOST_READ))
    marks = _Marks(log, texts)
    moments = [moment for moment in _bound(session, item) if since is None or moment.words_at > since]
    for moment in moments:
        moment.mark = marks.at(moment.words_at)
    turns = _turns(session, item)
    edits = _edits(log, meetings, _left(uow, meetings), marks, turns)
    moments += edits + _sessions(meetings, marks, since)
    shown_in = {moment.begun for moment in edits if moment.kind == "moved"}
    moments += [
        Moment("moved", at, at, mark=marks.at(at), author_id=some[0].by_id, turns=some)
        for at, some in turns.items() if at not in shown_in and (since is None or at > since)
    ]  # fmt: skip
    shown = sorted(
        moments, key=lambda moment: (moment.ended, moment.kind not in _WRITTEN, moment.place), reverse=True
    )[:most]  # fmt: skip
    named = [each for moment in shown for each in (moment, *moment.between) if each.kind in {*_WRITTEN, "suggestion"}]
    names = names_of(session, (one for moment in named for one in (moment.author_id, moment.decider_id)))
    for moment in named:
        nobody = "" if moment.turns else "Concordat"
        moment.name = names.get(moment.author_id or 0, nobody)
        moment.decider = names.get(moment.decider_id or 0, "")
    return shown


def written(uow: UnitOfWork, actor: Actor, item_id: int, mark: str) -> tuple[datetime, str] | None:
    """When an item's words came to read as at a mark, and whose change that was; None for the beginning.

    Raises NotFound, also for a mark that names no moment.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ)
    texts = documents_of(uow.session, [item.id]).get(item.id, {})
    places = [
        and_(TextChange.document_id == texts[one].id, TextChange.version == version)
        for one, version in _parse(mark, texts).items()
        if version
    ]
    found = uow.session.execute(
        select(TextChange.at, TextChange.author_id, TextChange.client)
        .where(or_(*places)).order_by(TextChange.at.desc()).limit(1)
    ).first() if places else None  # fmt: skip
    if found is None:
        return None
    who = doer(found.client, found.author_id) or 0
    return found.at, names_of(uow.session, [who]).get(who, "Concordat")


def named(uow: UnitOfWork, actor: Actor, item_id: int, address: str) -> Moment | None:
    """The moment with a name of its own that an ``address`` says, where the item's words read then as at its mark; None
    for any other. Raises NotFound, Forbidden.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ)
    mark, _, name = address.partition("~")
    ends = [
        Moment("session", one.closed_at, one.closed_at, meeting=one, text=one.title)
        for one in _meetings(uow.session, item.group_id) if name.startswith("session-") and one.closed_at
    ]  # fmt: skip
    for moment in [*_bound(uow.session, item), *ends] if name else []:
        moment.mark = mark
        if moment.address == address:
            return moment if mark == _mark_at(uow.session, item, moment.words_at) else None
    return None


def _mark_at(session: Session, item: Item, at: datetime) -> str:
    """The mark of an item's words at a time."""
    texts = documents_of(session, [item.id]).get(item.id, {})
    last = (
        select(TextChange.document_id, func.max(TextChange.version))
        .where(TextChange.document_id.in_([text.id for text in texts.values()]), TextChange.at <= at)
        .group_by(TextChange.document_id)
    )
    versions = {row[0]: row[1] for row in session.execute(last)}
    return ".".join(str(versions.get(texts[one].id, 0) if one in texts else 0) for one in WORDS)


def mark_now(session: Session, item: Item) -> str:
    """The mark of the item's words as they stand."""
    return mark_of(documents_of(session, [item.id]).get(item.id, {}))


def words_at(
    uow: UnitOfWork, actor: Actor, item_id: int, mark: str, *, group_id: int | None = None
) -> dict[Field, str]:
    """The item's four texts at a moment. Raises NotFound, also for a mark that names no moment."""
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    texts = documents_of(uow.session, [item.id]).get(item.id, {})
    versions = _parse(mark, texts)
    return {one: text_at(uow.session, texts[one], version) if one in texts else "" for one, version in versions.items()}


def text_at(session: Session, document: Document, version: int) -> str:
    """A document's text after its change number ``version``; 0 is the empty beginning. Raises NotFound beyond it."""
    if not 0 <= version <= document.version:
        raise NotFound()
    if version == document.version:
        return document.text
    snapshot = session.execute(
        select(TextSnapshot.version, TextSnapshot.text)
        .where(TextSnapshot.document_id == document.id, TextSnapshot.version <= version)
        .order_by(TextSnapshot.version.desc())
        .limit(1)
    ).first()
    after, units = (snapshot[0], to_units(snapshot[1])) if snapshot else (0, to_units(""))
    for change in changes_of(session, document, after, version):
        units = change.apply(units)
    return from_units(units)


def version_holding(session: Session, document: Document, text: str, at: datetime) -> int:
    """The number of the change after which a document read ``text`` about the moment ``at``; now's when none did.

    A change and a copy made at the same moment may carry their times in either order: the neighbours are tried too.
    """
    if document.text == text:
        return document.version
    near = session.execute(
        select(func.max(TextChange.version)).where(TextChange.document_id == document.id, TextChange.at <= at)
    ).scalar_one()
    for step in sorted(range(-20, 21), key=abs):
        version = (near or 0) + step
        if 0 <= version <= document.version and text_at(session, document, version) == text:
            return version
    return document.version


def compare(
    uow: UnitOfWork, actor: Actor, item_id: int, before: str, after: str, *, group_id: int | None = None
) -> list[FieldDifference]:
    """What changed between two moments, text by text, as people are shown it. Raises NotFound."""
    old = words_at(uow, actor, item_id, before, group_id=group_id)
    new = words_at(uow, actor, item_id, after, group_id=group_id)
    return [
        FieldDifference(one, shown_of(old[one], new[one], markdown=one is not Field.TITLE), old[one] != new[one])
        for one in WORDS
    ]


class Restored(NamedTuple):
    """The texts that were brought back, and the mark of the words before, which bring back what was."""

    fields: list[Field]
    before: str


def restore(uow: UnitOfWork, actor: Actor, *, item_id: int, mark: str, group_id: int | None = None) -> Restored:
    """Make the words of a moment the present words, by ordinary changes on top: nothing of the history is lost.

    Words that are put in are whose they were then, as far as that can be told soon (``documents.authors_at``), else the
    actor's. Words that stand now and stay are left alone: they are whose they are now, also where somebody else wrote
    the same words then. A title stays where there was none. Raises NotFound, Forbidden with the reason why the words
    cannot change now, Conflict when they are the present ones.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    texts = documents_of(uow.session, [item.id]).get(item.id, {})
    # What was written never changes, and nobody need wait while it is read.
    wrote = {one: authors_at(uow.session, texts[one], at) for one, at in _parse(mark, texts).items() if one in texts}
    uow.lock(Item, item.id)
    access, reason = may_write(uow.session, actor, item)
    if access != "write":
        raise Forbidden(reason)
    texts = documents_of(uow.session, [item.id]).get(item.id, {})
    held = {one: uow.lock(Document, texts[one].id) for one in WORDS if one in texts}
    before, wanted = mark_now(uow.session, item), words_at(uow, actor, item.id, mark)
    client = client_of(actor, RESTORED)
    if Field.TITLE in held and not wanted[Field.TITLE].strip():
        wanted[Field.TITLE] = held[Field.TITLE].text
    changed = [one for one, text in held.items() if text.text != wanted[one]]
    if not changed:
        raise Conflict("These are the present words already.")
    versions = _parse(mark, texts)
    for one in changed:
        _become(uow, actor, held[one], wanted[one], wrote.get(one), back_to(client, versions[one]))
    item.changed_at = uow.now
    note(uow, actor, f"restored earlier words of {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(WordsRestored(item.group_id, item.id))
    return Restored(changed, before)


def _become(uow: UnitOfWork, actor: Actor, document: Document, words: str, runs: list[Run] | None, client: str) -> None:
    """Make a held text read as words that are, in these ``runs``, by several, or by the actor where nobody knows."""
    change = change_between(document.text, words)
    inserted = [Run(change.inserted, actor.person_id or 0)]
    if runs is not None:
        inserted = taken(runs, change.invert(to_units(document.text)))
    put_in(uow, actor, document, change, inserted, client)


def way_back(session: Session, document: Document, version: int) -> ChangeSet:
    """What takes back the change that led to a ``version``, for the text as it read then."""
    change = recall(session.get_one(TextChange, (document.id, version)).changes)
    return change.invert(to_units(text_at(session, document, version - 1)))


def put_back(
    uow: UnitOfWork, actor: Actor, document: Document, back: ChangeSet, replaced: str | None, *, to: int | None = None
) -> None:
    """Carry out a way back that fits a held text: what it puts in are words of whoever ``replaced`` (as ``Suggestion``
    keeps it) names, or the actor's where nothing is kept. ``to`` is the version as which the text reads then, if it
    does. The caller has checked the right.
    """
    runs = [Run(back.inserted, actor.person_id or 0)] if replaced is None else from_json(replaced)
    client = client_of(actor, RESTORED)
    put_in(uow, actor, document, back, runs, client if to is None else back_to(client, to))


@dataclass(frozen=True)
class Written:
    """Who wrote which words of one text: its spans, and for each author (0: nobody known) a name and a share of it.

    Words that came from a Word document have an author below 0 for everybody who wrote them there and brought them in:
    ``word`` has the names of the former, as that document gives them, and ``names`` that of the latter.
    """

    text: str
    spans: list[Span]
    names: dict[int, str]
    shares: list[tuple[int, float]]
    word: dict[int, str]


def authors(uow: UnitOfWork, actor: Actor, item_id: int, *, group_id: int | None = None) -> dict[Field, Written]:
    """Who wrote the words of an item as they stand, text by text, those who wrote most first.

    It costs what the texts cost, however long their logs are; of a text where this is not kept (before its first change
    since an upgrade) it costs its log, within a second or so (``documents.authors_of``). Raises NotFound, Forbidden.
    """
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    texts = documents_of(uow.session, [item.id]).get(item.id, {})
    found = {one: authors_of(uow.session, texts[one]) for one in WORDS if one in texts and texts[one].text}
    hands = hands_of(uow.session, {run.author for runs in found.values() for run in runs})
    runs_of = {one: joined(Run(run.units, hands[run.author].one) for run in runs) for one, runs in found.items()}
    people = names_of(uow.session, {hand.maker for hand in hands.values()})
    names = {hand.one: people[hand.maker] for hand in hands.values() if hand.maker in people}
    said = {hand.one: hand.word for hand in hands.values() if hand.word is not None}
    written = {}
    for one, runs in runs_of.items():
        units: dict[int, int] = {}
        for run in runs:
            units[run.author] = units.get(run.author, 0) + run.units
        whole = sum(units.values())
        shares = sorted(((author, count / whole) for author, count in units.items()), key=lambda pair: -pair[1])
        written[one] = Written(texts[one].text, spans(runs), names, shares, said)
    return written


def causes(
    session: Session, *, group_id: int, references: Iterable[str], since: datetime, until: datetime
) -> dict[str, list[Cause]]:
    """What made items what they became after ``since`` and until ``until``, by their references: decisions, suggestions
    that were accepted, and last who wrote in them. Five queries, however many items are asked for.
    """
    known = select(Item.id, Item.reference).where(Item.group_id == group_id, Item.reference.in_(list(references)))
    reference_of = {row.id: row.reference for row in session.execute(known)}
    decisions = session.execute(
        select(Decision)
        .where(Decision.item_id.in_(reference_of), Decision.decided_at > since, Decision.decided_at <= until)
        .order_by(Decision.number)
    ).scalars()
    found: dict[str, list[Cause]] = {}
    for decision in decisions:
        cause = Cause("decision", decision.decided_at, decision=decision)
        found.setdefault(reference_of[decision.item_id or 0], []).append(cause)
    taken = session.execute(
        select(Document.item_id, Suggestion)
        .join(Document, Document.id == Suggestion.document_id)
        .where(
            Document.item_id.in_(reference_of), Suggestion.state.in_(_TAKEN), Suggestion.decided_at > since,
            Suggestion.decided_at <= until,
        )
        .order_by(Suggestion.decided_at)
    ).all()  # fmt: skip
    client = act()
    rows = session.execute(
        select(Document.item_id, TextChange.author_id, client, func.max(TextChange.at))
        .join(Document, Document.id == TextChange.document_id)
        .where(
            Document.item_id.in_(reference_of), TextChange.at > since, TextChange.at <= until,
            ~TextChange.client.contains(SUGGESTED),
        )
        .group_by(Document.item_id, TextChange.author_id, client)
        .order_by(func.max(TextChange.at))
    ).all()  # fmt: skip
    written = [(item_id, doer(hand, author_id), at) for item_id, author_id, hand, at in rows]
    people = [who for _item, one in taken for who in (one.author_id, one.decided_by_id)]
    names = names_of(session, [*people, *(who for _item, who, _at in written)])
    for item_id, one in taken:
        author, decider = (names.get(who or 0, "") for who in (one.author_id, one.decided_by_id))
        cause = Cause(
            "suggestion", one.decided_at or until, (author,), decider, suggestion=one, word=whose_words(one.reason)
        )
        found.setdefault(reference_of[item_id or 0], []).append(cause)
    hands: dict[int, list[tuple[str, datetime]]] = {}
    for item_id, who, at in written:
        hands.setdefault(item_id or 0, []).append((names.get(who or 0, ""), at))
    for item_id, each in hands.items():
        writers = tuple(sorted({name for name, _at in each if name}))
        found.setdefault(reference_of[item_id], []).append(Cause("edit", each[-1][1], writers))
    return found


# --- how moments are made ---


def _log(session: Session, texts: Mapping[Field, Document], most: int) -> tuple[list[_Change], datetime | None]:
    """The newest changes of an item's texts, at most so many of each, oldest first; and since when that is all of them.

    None: from the beginning.
    """
    found: list[_Change] = []
    since: datetime | None = None
    for one in WORDS:
        if one not in texts:
            continue
        rows = session.execute(
            select(TextChange.at, TextChange.version, TextChange.author_id, TextChange.client, TextChange.changes)
            .where(TextChange.document_id == texts[one].id)
            .order_by(TextChange.version.desc())
            .limit(most)
        ).all()
        # Of two writers who met, the one who began first may have come second: a text's changes stand in their order.
        times = accumulate((row.at for row in reversed(rows)), max)
        found += [_Change(at, one, *row[1:]) for at, row in zip(times, reversed(rows), strict=True)]
        if len(rows) == most:
            since = max(since, rows[-1].at) if since is not None else rows[-1].at
    if since is not None:
        found = [change for change in found if change.at >= since]
    return sorted(found), since


def _turns(session: Session, item: Item) -> dict[datetime, list[Turn]]:
    """When an item was merged or split, and when that was taken back."""
    other = aliased(Item)
    rows = session.execute(
        select(ItemDescent, other.reference)
        .join(other, (other.id == ItemDescent.item_id) | (other.id == ItemDescent.from_id))
        .where(other.id != item.id, (ItemDescent.item_id == item.id) | (ItemDescent.from_id == item.id))
        .order_by(ItemDescent.id)
    ).all()  # fmt: skip
    splits = {(row.at, reference) for row, reference in rows if row.how is Descent.SPLIT}
    parts = {row.undone_at for row, _reference in rows if row.how is Descent.SPLIT}
    undone = {row.undone_at for row, _reference in rows if row.undone_at is not None}
    lines = select(Activity.at, Activity.person_id).where(Activity.item_id == item.id, Activity.at.in_(undone))
    doers: dict[datetime, int | None] = {at: who for at, who in session.execute(lines)} if undone else {}  # noqa: C416  # rows are not pairs to the type checker
    found: dict[datetime, list[Turn]] = {}
    for row, reference in rows:
        stays = row.item_id == item.id
        if row.how is Descent.SPLIT:
            what = "split from" if stays else "split off"
        else:
            what = ("put back" if row.at in parts else "merged in") if stays else "merged into"
            # Of one that was put back and is split off again, that says it all.
            if row.undone_at is not None and (row.undone_at, reference) not in splits:
                turn = Turn("out" if stays else "restored", reference, doers.get(row.undone_at))
                found.setdefault(row.undone_at, []).append(turn)
        found.setdefault(row.at, []).append(Turn(what, reference, row.by_id))
    return found


def _act(change: _Change) -> str:
    """The act as a whole that a change is part of, if any; of a merge all texts change at one time."""
    if MOVED in change.client:
        return f"{MOVED}{change.at.isoformat()}"
    return whole_act(change.client) if RESTORED in change.client else ""


def _kind(act: str) -> str:
    """What a moment is, by the act that it is the whole of."""
    if act.startswith(MOVED):
        return "moved"
    return "restore" if act else "edit"


def _edits(
    log: list[_Change], meetings: list[Meeting], left: Mapping[int, _Times], marks: _Marks,
    turns: Mapping[datetime, list[Turn]],
) -> list[Moment]:  # fmt: skip
    """What people wrote, restored and moved, gathered; what accepted suggestions changed, which is told otherwise or
    was taken back, only takes words away."""
    # Of several that nobody closed, in the one that began last.
    held = [
        max((one for one in meetings if _during(one, left.get(one.id, []), change.at)), key=_opened, default=None)
        for change in log
    ]
    stretches = gather(
        Entry(
            change.at, change.field, doer(change.client, change.author_id) or 0, meeting.id if meeting else 0,
            SUGGESTED in change.client, _act(change), recall_parts(change.changes),
        )
        for change, meeting in zip(log, held, strict=True)
    )  # fmt: skip
    return [
        Moment(
            _kind(each.act), log[each.first].at, log[each.last].at, marks.after(each.last),
            author_id=each.author or None, meeting=held[each.last], changes=each.changes, place=each.last,
            fields=[one for one in WORDS if one in each.texts], before=marks.after(each.first - 1) if each.act else "",
            turns=turns.get(log[each.first].at, []) if _kind(each.act) == "moved" else [],
            between=[
                Moment("state", at := log[state.last].at, at, marks.after(state.last), author_id=state.by or None)
                for state in reversed(each.states)
            ],
        )
        for each in stretches
    ]  # fmt: skip


def _sessions(meetings: list[Meeting], marks: _Marks, since: datetime | None) -> list[Moment]:
    """The ends of the sessions in which the item's words changed."""
    return [
        Moment("session", one.closed_at, one.closed_at, mark=marks.at(one.closed_at), meeting=one, text=one.title)
        for one in meetings
        if one.opened_at and one.closed_at and (since is None or one.opened_at > since)
        and marks.at(one.opened_at) != marks.at(one.closed_at)
    ]  # fmt: skip


def _opened(meeting: Meeting) -> datetime:
    return meeting.opened_at or meeting.starts_at


def _during(meeting: Meeting, left: _Times, at: datetime) -> bool:
    return (
        meeting.opened_at is not None
        and meeting.opened_at <= at
        and (meeting.closed_at is None or at <= meeting.closed_at)
        and not any(begins < at <= ends for begins, ends in left)
    )


def _left(uow: UnitOfWork, meetings: Iterable[Meeting]) -> dict[int, _Times]:
    """For sessions that nobody closed for long: from when to when they stood still."""
    stops: dict[int, datetime] = {}
    found: dict[int, _Times] = {}
    ids = [each.id for each in meetings]
    events = (
        select(MeetingEvent.meeting_id, MeetingEvent.at, MeetingEvent.kind)
        .where(MeetingEvent.meeting_id.in_(ids), MeetingEvent.kind.in_({*_STOPS, *_GOES_ON}))
        .order_by(MeetingEvent.id)
    )
    rows = [*uow.session.execute(events), *((id_, uow.now, "closed") for id_ in ids)]
    for meeting_id, at, kind in rows:
        if kind in _STOPS:
            stops.setdefault(meeting_id, at)
        elif (begins := stops.pop(meeting_id, None)) is not None and at - begins >= NOBODY_ENDED:
            found.setdefault(meeting_id, []).append((begins, at))
    return found


def _meetings(session: Session, group_id: int) -> list[Meeting]:
    query = select(Meeting).where(Meeting.group_id == group_id, Meeting.opened_at.is_not(None)).order_by(Meeting.number)
    return list(session.execute(query).scalars())


def _bound(session: Session, item: Item) -> list[Moment]:
    """Decisions on the item, versions it is in, and suggestions that were accepted."""
    moments = []
    taken = (
        select(Suggestion, Document.field).join(Document, Document.id == Suggestion.document_id)
        .where(Document.item_id == item.id, Suggestion.state.in_(_TAKEN))
    )  # fmt: skip
    for suggestion, text in session.execute(taken):
        if suggestion.decided_at is not None:
            at = suggestion.decided_at
            moments.append(
                Moment(
                    "suggestion", at, at, author_id=suggestion.author_id, decider_id=suggestion.decided_by_id,
                    suggestion=suggestion, fields=[text], word=whose_words(suggestion.reason),
                )
            )  # fmt: skip
    rows = session.execute(
        select(Decision, Meeting, Poll.opened_at)
        .outerjoin(Meeting, Meeting.id == Decision.meeting_id)
        .outerjoin(Poll, Poll.id == Decision.poll_id)
        .where(Decision.item_id == item.id)
    )
    for decision, meeting, opened_at in rows:
        at = decision.decided_at
        moments.append(
            Moment("decision", at, at, meeting=meeting, text=decision.sentence, decision=decision, bound_at=opened_at)
        )
    frozen = select(VersionItem.version_id).where(VersionItem.item_id == item.id)
    for version in session.execute(select(Version).where(Version.id.in_(frozen))).scalars():
        at = version.frozen_at
        moments.append(Moment("version", at, at, text=version.title, version=version))
    return moments


def is_bound(session: Session, item_id: int, document: Document) -> bool:
    """Whether one of an item's texts stands as the latest decision on it, a minor correction of that, or the latest
    version that the item is in holds it.

    The words are asked and not the times: whoever locks a version may have begun before, and come after, who wrote. So
    it says yes as well where words are again what was bound before.
    """
    one = document.field.value
    decision = latest_decisions(session, [item_id]).get(item_id)
    bound = [decision.words] if decision is not None else []
    if decision is not None:
        bound += [each.words for each in corrections_of(session, [decision.id]).get(decision.id, [])]
    held = select(VersionItem).where(VersionItem.item_id == item_id).order_by(VersionItem.version_id.desc()).limit(1)
    version = session.execute(held).scalar()
    texts = [texts_of(words)[one] for words in bound if words] + ([getattr(version, one)] if version else [])
    return document.text in texts


class _Marks:
    """The versions of the four texts after each change of a log, as far back as it was read."""

    def __init__(self, log: list[_Change], texts: Mapping[Field, Document]) -> None:
        self._log = log
        self._places: dict[Field, list[int]] = {one: [] for one in WORDS}
        for place, change in enumerate(log):
            self._places[change.field].append(place)
        self._before = {
            one: log[found[0]].version - 1 if found else texts[one].version if one in texts else 0
            for one, found in self._places.items()
        }

    def at(self, when: datetime) -> str:
        """The mark of a time."""
        return self.after(bisect_right(self._log, when, key=lambda change: change.at) - 1)

    def after(self, place: int) -> str:
        """The mark of a change, by its place in the log; of none of them: -1."""
        versions = []
        for one in WORDS:
            places = self._places[one]
            found = bisect_right(places, place)
            versions.append(self._log[places[found - 1]].version if found else self._before[one])
        return ".".join(str(version) for version in versions)


def _parse(mark: str, texts: Mapping[Field, Document]) -> dict[Field, int]:
    parts = mark.split(".")
    if len(parts) != len(WORDS) or not all(part.isascii() and part.isdigit() and len(part) < 12 for part in parts):
        raise NotFound()
    versions = dict(zip(WORDS, map(int, parts), strict=True))
    if any(version > (texts[one].version if one in texts else 0) for one, version in versions.items()):
        raise NotFound()
    return versions
