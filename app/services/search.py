"""Searching over everything in a group that its reader may read.

The words stand in one index (FTS5 on SQLite, a tsvector with GIN on PostgreSQL), folded by ``app/calc/search.py`` so
that both find the same. The index only says where to look: what is shown is loaded as it is now, under the reader's
rights. Triggers note which rows have new words (migration "search"); ``file_due`` reads those, before each search and
in the worker, so that the index cannot miss a way of writing, and typing does not wait for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, exists, func, select, text
from sqlalchemy.orm import Session

from app.calc import search as calc
from app.calc.search import Piece
from app.policy import Actor, Can, Standing, require
from app.services import memberships
from app.services.search_texts import Kind, Thing, things
from app.uow import Database, UnitOfWork
from models.documents import Document
from models.items import Item
from models.meetings import Meeting, MeetingState
from models.search import SearchDue, SearchEntry

#: What somebody must be able to do to find a thing; no finding opens what its page would not show.
RIGHTS = {
    Kind.ITEM: Can.ITEM_READ,
    Kind.TERM: Can.ITEM_READ,
    Kind.COMMENT: Can.COMMENT_READ,
    Kind.SUGGESTION: Can.ITEM_READ,
    Kind.DECISION: Can.DECISION_READ,
    Kind.ACTION: Can.DECISION_READ,
    Kind.HOMEWORK: Can.MEETING_READ,
    Kind.MEETING: Can.MEETING_READ,
    Kind.MINUTES: Can.MEETING_READ,
    Kind.FINDING: Can.EVIDENCE_READ,
    Kind.SOURCE: Can.EVIDENCE_READ,
    Kind.MODEL: Can.EVIDENCE_READ,
    Kind.VERSION: Can.VERSION_READ,
    Kind.PERSON: Can.PEOPLE_READ,
}
#: Which kind the rows of a watched table are; a document belongs to an item or is somebody's minutes, and an answer
#: to homework is noted under the number of that.
SOURCES = {
    "item": Kind.ITEM,
    "term": Kind.TERM,
    "comment": Kind.COMMENT,
    "suggestion": Kind.SUGGESTION,
    "decision": Kind.DECISION,
    "action": Kind.ACTION,
    "homework": Kind.HOMEWORK,
    "homework_share": Kind.HOMEWORK,
    "meeting": Kind.MEETING,
    "source": Kind.SOURCE,
    "finding": Kind.FINDING,
    "contracting_model": Kind.MODEL,
    "version": Kind.VERSION,
}
#: The longest question, how many of a kind are shown at first and when asked for alone, and how many are ranked at all.
LONGEST = 200
FIRST, ALL = 5, 100
RANKED = 2_000
#: So many rows are filed in one transaction: whoever writes one of them again waits no longer than that.
BATCH = 200
#: PostgreSQL's name for the one who files.
FILING = 7_301
#: How much of one thing's words is filed: PostgreSQL takes less than a megabyte.
MOST_BYTES = 600_000
_REFERENCE = re.compile(r"[PECS][1-9][0-9]{0,4}(?:\.[1-9][0-9]{0,4}){0,2}", re.IGNORECASE)


@dataclass(frozen=True)
class Hit:
    """A thing that was found, with the words that were searched for marked in it."""

    thing: Thing
    title: list[Piece]
    excerpt: list[Piece]


@dataclass(frozen=True)
class Shelf:
    """What was found of one kind, best first; ``count`` is how many there are in all."""

    kind: Kind
    count: int
    hits: list[Hit]


@dataclass(frozen=True)
class Found:
    """What a search found. ``exact`` is the item whose reference was typed, which heads its shelf too; ``signs`` are
    what was typed besides the ``words`` and is not searched for."""

    asked: str
    words: tuple[str, ...]
    signs: tuple[str, ...]
    shelves: list[Shelf]
    exact: Thing | None

    @property
    def count(self) -> int:
        """How many things were found."""
        return sum(shelf.count for shelf in self.shelves)


def search(uow: UnitOfWork, actor: Actor, *, group_id: int, asked: str, kind: Kind | None = None) -> Found:
    """What the actor may read in a group and holds each of the words asked for, or a word that begins so.

    Every sign that is neither letter nor digit only parts words. With ``kind``, that kind alone, and more of it.
    Raises NotFound, Forbidden.
    """
    standing = require(uow.session, actor, group_id, Can.GROUP_READ)
    asked = asked.strip()[:LONGEST]
    wanted = calc.asked_for(asked)
    kinds = [each for each in Kind if standing.may(RIGHTS[each]) and kind in (None, each)]
    exact, under = _by_reference(uow.session, group_id, asked) if Kind.ITEM in kinds else (None, [])
    ranked = _ranked(uow.session, group_id, wanted)
    if first := [*([exact] if exact is not None else []), *under]:
        ranked[Kind.ITEM] = list(dict.fromkeys([*first, *ranked.get(Kind.ITEM, [])]))
    _leave_out_hidden(uow.session, standing, ranked)
    most = FIRST if kind is None else ALL
    shelves = [Shelf(each, len(ids), _hits(uow.session, each, ids[:most], wanted))
               for each in kinds if (ids := ranked.get(each))]  # fmt: skip
    if Kind.PERSON in kinds and wanted:
        shelves += _people(uow, actor, group_id, wanted, most)
    items = (hit.thing for shelf in shelves if shelf.kind is Kind.ITEM for hit in shelf.hits)
    meant = next((thing for thing in items if thing.id == exact), None)
    return Found(asked, wanted, calc.not_searched(asked), [each for each in shelves if each.hits], meant)


def _by_reference(session: Session, group_id: int, asked: str) -> tuple[int | None, list[int]]:
    """The item that has this reference, and those whose reference goes on from it: S3.3.1 to S3.3.9 for S3.3."""
    reference = asked.upper().removesuffix(".")
    if _REFERENCE.fullmatch(reference) is None:
        return None, []
    query = select(Item.id, Item.reference).where(
        Item.group_id == group_id, (Item.reference == reference) | Item.reference.startswith(f"{reference}.")
    )
    known = {name: id_ for id_, name in session.execute(query)}
    exact = known.pop(reference, None)
    return exact, [known[name] for name in sorted(known, key=lambda name: [int(part) for part in name[1:].split(".")])]


def _ranked(session: Session, group_id: int, wanted: Sequence[str]) -> dict[Kind, list[int]]:
    """The ids of what holds all words wanted, by kind, best first."""
    if not wanted:
        return {}
    if _is_sqlite(session):
        statement = (
            "SELECT e.kind, e.thing_id FROM search_words JOIN search_entry e ON e.id = search_words.rowid "
            "WHERE search_words MATCH :question AND e.group_id = :group "
            "ORDER BY bm25(search_words, 10.0, 1.0), e.id LIMIT :most"
        )
        question = " AND ".join(f'"{word}"*' for word in wanted)
    else:
        statement = (
            "SELECT e.kind, e.thing_id FROM search_words w JOIN search_entry e ON e.id = w.id, "
            "CAST(:question AS tsquery) AS q WHERE w.words @@ q AND e.group_id = :group "
            "ORDER BY ts_rank(w.words, q) DESC, e.id LIMIT :most"
        )
        question = " & ".join(f"'{word}':*" for word in wanted)
    found: dict[Kind, list[int]] = {}
    for name, id_ in session.execute(text(statement), {"question": question, "group": group_id, "most": RANKED}):
        found.setdefault(Kind(name), []).append(id_)
    return found


def _leave_out_hidden(session: Session, standing: Standing, ranked: dict[Kind, list[int]]) -> None:
    """Sessions that are still being planned are for those who run them; not even their number is told to others."""
    if not ranked.get(Kind.MEETING) or standing.may(Can.MEETING_RUN):
        return
    known = select(Meeting.id).where(
        Meeting.group_id == standing.group_id, (Meeting.state != MeetingState.DRAFT) | Meeting.cancelled_at.is_not(None)
    )
    shown = set(session.execute(known).scalars())
    ranked[Kind.MEETING] = [each for each in ranked[Kind.MEETING] if each in shown]


def _hits(session: Session, kind: Kind, ids: Sequence[int], wanted: Sequence[str]) -> list[Hit]:
    known = things(session, kind, ids)
    return [_hit(known[each], wanted) for each in ids if each in known]


def _hit(thing: Thing, wanted: Sequence[str]) -> Hit:
    excerpts = (calc.excerpt(words, wanted) for words in thing.texts)
    best = max(excerpts, key=lambda pieces: len({p.text.casefold() for p in pieces if p.found}), default=[])
    if not best and (not thing.title or thing.kind is Kind.TERM):  # a term is looked up for what it means
        best = calc.marked(next((words for words in thing.texts if words.strip()), "")[: calc.EXCERPT], wanted)
    return Hit(thing, calc.marked(thing.title, wanted), best)


def _people(uow: UnitOfWork, actor: Actor, group_id: int, wanted: Sequence[str], most: int) -> list[Shelf]:
    """A group is few people: they are read as they are, and filed nowhere."""
    hits = []
    for row in memberships.members(uow, actor, group_id=group_id):
        speaks_for = row.constituency.name if row.constituency is not None else ""
        texts = (row.title, row.organisation, speaks_for)
        if calc.matches((row.person.name, *texts), wanted):
            about = ", ".join(each for each in texts if each)
            thing = Thing(Kind.PERSON, row.person_id, group_id, row.person.name, (about,))
            hits.append(Hit(thing, calc.marked(thing.title, wanted), calc.marked(about, wanted)))
    return [Shelf(Kind.PERSON, len(hits), hits[:most])] if hits else []


# --- filing ---


def is_due(session: Session) -> bool:
    """Whether rows have words that are not filed yet."""
    return bool(session.execute(select(exists().select_from(SearchDue))).scalar_one())


def file_all(database: Database) -> None:
    """File everything that is due, batch by batch, each in a transaction of its own. Raises as ``file_due``."""
    while True:
        with database.writing() as uow:
            if file_due(uow) < BATCH:
                return


def file_due(uow: UnitOfWork) -> int:
    """File the words of rows that have new ones, at most BATCH of them; how many rows there were.

    A row that somebody else is writing at this moment is left for the next time. One files at a time: two with
    different texts of one item would each write that item's words. Raises Full or what a locked database raises:
    nothing is filed then, and all of it is due still.
    """
    if not _is_sqlite(uow.session):
        uow.session.execute(select(func.pg_advisory_xact_lock(FILING)))
    query = select(SearchDue).order_by(SearchDue.source, SearchDue.row_id).limit(BATCH)
    rows = uow.session.execute(query.with_for_update(skip_locked=True)).scalars().all()
    due: dict[Kind, set[int]] = {}
    texts = {row.row_id for row in rows if row.source == "document"}
    for row in rows:
        if row.source != "document":
            due.setdefault(SOURCES[row.source], set()).add(row.row_id)
    for document in _documents(uow.session, texts):
        if document.item_id is not None:
            due.setdefault(Kind.ITEM, set()).add(document.item_id)
        texts.discard(document.id)
        if document.meeting_id is not None:
            due.setdefault(Kind.MINUTES, set()).add(document.id)
    if texts:  # minutes that are gone with their session
        due.setdefault(Kind.MINUTES, set()).update(texts)
    for kind, ids in due.items():
        _file(uow, kind, ids)
    for row in rows:
        uow.session.delete(row)
    return len(rows)


def _documents(session: Session, ids: Collection[int]) -> Iterable[Document]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        yield from session.execute(select(Document).where(Document.id.in_(wanted[start : start + 500]))).scalars()


def _file(uow: UnitOfWork, kind: Kind, ids: Collection[int]) -> None:
    """Write the words of things anew; those that are gone, or have none, are taken out."""
    known = things(uow.session, kind, ids)
    entries: dict[int, SearchEntry] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        query = select(SearchEntry).where(
            SearchEntry.kind == kind.value, SearchEntry.thing_id.in_(wanted[start : start + 500])
        )
        entries |= {entry.thing_id: entry for entry in uow.session.execute(query).scalars()}
    for thing in known.values():
        if thing.id not in entries:
            entries[thing.id] = SearchEntry(group_id=thing.group_id, kind=kind.value, thing_id=thing.id)
            uow.session.add(entries[thing.id])
    uow.flush()
    gone = [entry.id for thing_id, entry in entries.items() if thing_id not in known]
    _write(uow.session, {entries[thing.id].id: thing for thing in known.values()}, gone)
    for start in range(0, len(gone), 500):
        uow.session.execute(delete(SearchEntry).where(SearchEntry.id.in_(gone[start : start + 500])))


def _write(session: Session, filed: dict[int, Thing], gone: Sequence[int]) -> None:
    key = "rowid" if _is_sqlite(session) else "id"
    old = [*filed, *gone]
    remove = text(f"DELETE FROM search_words WHERE {key} IN :ids").bindparams(bindparam("ids", expanding=True))  # noqa: S608  # one of two names
    for start in range(0, len(old), 500):
        session.execute(remove, {"ids": old[start : start + 500]})
    if not filed:
        return
    if _is_sqlite(session):
        insert = text("INSERT INTO search_words (rowid, head, words) VALUES (:id, :head, :words)")
        rows = [
            {"id": id_, "head": " ".join(head), "words": " ".join(rest)}
            for id_, (head, rest) in ((id_, _words(thing)) for id_, thing in filed.items())
        ]
    else:
        insert = text("INSERT INTO search_words (id, words) VALUES (:id, CAST(:words AS tsvector))")
        rows = [{"id": id_, "words": _vector(*_words(thing))} for id_, thing in filed.items()]
    session.execute(insert, rows)


def _words(thing: Thing) -> tuple[list[str], list[str]]:
    """What is filed of a thing: the words of its name and title, and the others, each once and not without end."""
    name = {Kind.ITEM: thing.reference, Kind.VERSION: f"version {thing.number}"}.get(thing.kind, "")
    if thing.kind in {Kind.DECISION, Kind.ACTION, Kind.MEETING}:
        name = f"{thing.kind.value} {thing.number}"
    head = list(dict.fromkeys(calc.words(f"{name} {thing.title}")))
    rest, size = [], sum(len(word.encode()) + 8 for word in head)
    for word in dict.fromkeys(word for each in thing.texts for word in calc.words(each)):
        size += len(word.encode()) + 8
        if size > MOST_BYTES:
            break
        rest.append(word)
    return head, rest


def _vector(head: Sequence[str], rest: Sequence[str]) -> str:
    """Words as PostgreSQL's tsvector is written; they hold letters and digits only."""
    weighed = dict.fromkeys(rest, "1") | dict.fromkeys(head, "1A")
    return " ".join(f"'{word}':{place}" for word, place in weighed.items())


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
