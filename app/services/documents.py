"""Live texts as rows: created, read in bulk, replaced, and bound to decisions by their words."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, insert, select
from sqlalchemy.orm import Session

from app.calc import authorship
from app.calc.authorship import Run
from app.calc.changes import (
    MAX_TEXT_UNITS,
    ChangeSet,
    Part,
    Units,
    add_part,
    difference,
    from_units,
    recall,
    replace,
    to_units,
    units_length,
)  # fmt: skip
from app.calc.differences import change_between
from app.calc.returns import whose_words
from app.errors import Invalid
from app.events import DocumentReset, TextChanged
from app.policy import Actor
from app.secrets import new_nonce
from app.uow import UnitOfWork
from models.documents import Document, Field, TextChange, TextSnapshot
from models.suggestions import Suggestion

#: Longest text of a field in UTF-16 units.
LIMITS = {Field.TITLE: 300}
LIMIT = MAX_TEXT_UNITS
#: A snapshot of the whole text is kept every so many changes.
SNAPSHOT_EVERY = 1_000
#: Most that one change puts in: even a line end in every unit stays within what a change may be on the wire.
PIECE_UNITS = 12_000
#: Most places, kept and changed, of one such change.
PIECE_PARTS = 1_000
#: Who wrote words is told from a log of so many changes at most, in so many steps: half a second each.
MOST_REPLAYED = 20_000
MOST_STEPS = 1_000_000
#: Of so many Word documents' hands it is kept whose their words are where a text's words are brought along or back.
MOST_FROM_WORD = 50
#: The texts that make an item's words, in the order they are read.
WORDS = (Field.TITLE, Field.TEXT, Field.WHY, Field.SUMMARY)


_LINE_END = re.compile("\r\n|[\r\v\f]")
#: A change that is typed may not hold them either (`app/calc/changes.py`), so that each can be undone.
_FOR_MACHINES = re.compile("[\x01-\x08\x0e-\x1f]")


def limit_of(field: Field) -> int:
    """The longest text of a field, in UTF-16 units."""
    return LIMITS.get(field, LIMIT)


def clean(field: Field, text: str) -> str:
    """The text as it may be stored: line ends as newlines, and no characters that are only for machines.

    What slides and word processors put between lines of one paragraph (U+000B, U+000C) is a line end too. Raises
    Invalid for NUL, half characters or too much text.
    """
    text = _LINE_END.sub("\n", text)
    text = text if text.isprintable() else _FOR_MACHINES.sub("", text)
    if field is Field.TITLE:
        text = " ".join(text.split())
    limit = limit_of(field)
    if any(character in "\0\ufffe\uffff" or "\ud800" <= character <= "\udfff" for character in text):
        sentence = "The text holds characters that cannot be stored."
        raise Invalid(sentence, fields={field.value: sentence})
    if units_length(text) > limit:
        sentence = f"This is too long: at most {limit:,} characters."
        raise Invalid(sentence, fields={field.value: sentence})
    return text


class Addition(NamedTuple):
    """A change on its way into the log: who made it, its mark (a client's id) and number, and the text after it."""

    author_id: int | None
    client: str
    seq: int
    change: ChangeSet
    text: Units


class Beginning(NamedTuple):
    """A document that is to be: whose it is, which text, and the words it starts with."""

    field: Field
    text: str
    item_id: int | None = None
    meeting_id: int | None = None


def create_documents(
    uow: UnitOfWork, actor: Actor, *, group_id: int, beginnings: Iterable[Beginning]
) -> list[Document]:
    """New documents; what each starts with is its first change, by the actor. The caller has checked the right.

    However many they are, they take a few statements. Raises Invalid as ``clean``.
    """
    made, logs = [], []
    for field, given, item_id, meeting_id in beginnings:
        document = Document(
            group_id=group_id, item_id=item_id, meeting_id=meeting_id, field=field, epoch=new_nonce(), version=0,
            text="", changed_at=uow.now,
        )  # fmt: skip
        made.append(document)
        if text := clean(field, given):
            logs.append(_advance(uow, document, [], _in_pieces(actor, to_units(""), to_units(text), client_of(actor))))
    uow.session.add_all(made)
    _keep(uow, logs)
    return made


def replace_text(uow: UnitOfWork, actor: Actor, document: Document, text: str, client: str | None = None) -> bool:
    """Make ``text`` the document's text by an ordinary change (a large one in pieces); False when it is that already.

    ``client`` is what the log names as its hand, where that tells something. The caller has checked the right and
    locked the row. Everyone in the room receives it as a change.
    """
    text = clean(document.field, text)
    if text == document.text:
        return False
    change, client = change_between(document.text, text), client or client_of(actor)
    if change.inserted <= PIECE_UNITS and len(change.parts) <= PIECE_PARTS:
        after = change.apply(to_units(document.text))
        append(uow, document, [Addition(actor.person_id, client, 0, change, after)])
    else:
        append(uow, document, _in_pieces(actor, to_units(document.text), to_units(text), client))
    return True


#: What the log names as the hand of a split or a merge, after whose act it was: the words it brings along stay their
#: authors'.
MOVED = ".moved-"
#: What it names as the hand that brought back earlier words, after whose it was.
RESTORED = ".restored-"
#: What it names as the hand that wrote an accepted suggestion, after whose that is and before its id.
SUGGESTED = ".suggestion-"
#: What stands behind an act that brought back the words of a version as they were, before its number.
_TO = ".to-"
#: What stands behind an act that brought along or brought back such words, before the suggestion's id.
_OF = ".of-"
_TO_VERSION = re.compile(rf"{re.escape(_TO)}([0-9]+)(?:{re.escape(_OF)}|$)")
_OF_SUGGESTION = re.compile(rf"(?:{re.escape(SUGGESTED)}|{re.escape(_OF)})([0-9]+)$")
LONGEST_CLIENT = 60


def taken_by(suggestion: Suggestion) -> str:
    """What the log of changes names as the hand that wrote an accepted suggestion."""
    return f"{suggestion.author_id or 0}{SUGGESTED}{suggestion.id}"


def whole_act(client: str) -> str:
    """The client of an act as a whole, which brought along or brought back words of several hands."""
    return client.partition(_OF)[0].partition(_TO)[0]


def back_to(client: str, version: int) -> str:
    """The client of an act that makes a text read as in one of its versions."""
    return f"{client}{_TO}{version}"


def brings_back(client: str, *, before: int) -> bool:
    """Whether an act brought back the words of a version before one."""
    to = _brought_back(client)
    return to is not None and to < before


def _brought_back(client: str) -> int | None:
    """The version whose words an act brought back."""
    found = _TO_VERSION.search(client) if RESTORED in client else None
    return int(found[1]) if found is not None else None


def _hand(client: str, author_id: int | None) -> int:
    """Whose the words of a change are, as the runs of a text have it."""
    found = _OF_SUGGESTION.search(client)
    return -int(found[1]) if found is not None else author_id or 0


def client_of(actor: Actor, act: str = ".") -> str:
    """A client's id that no browser's editor has; ``act`` says what was done, where that tells something."""
    return f"{actor.person_id or 0}{act}{new_nonce()}"


def doer(client: str, author_id: int | None) -> int | None:
    """Who made a change: its author, but for words that somebody else brought along or brought back."""
    whose, _, _ = client.partition(".")
    return int(whose) or None if is_brought(client) and whose.isdigit() else author_id


def is_brought(client: str) -> bool:
    """Whether a client is that of an act which brought along or brought back words."""
    return client[client.find(".") :].startswith((MOVED, RESTORED))


def act() -> ColumnElement[str]:
    """For a query that groups changes by their authors: the client, where ``doer`` needs it; else nothing."""
    done = TextChange.client.contains(MOVED) | TextChange.client.contains(RESTORED)
    return case((done, TextChange.client), else_="")


def is_editors(client: str, person_id: int | None) -> bool:
    """Whether a client's id is one that an editor of a person gives itself: nobody passes for an act of ours."""
    mark = client.removeprefix(f"{person_id}.")
    return mark != client and mark.isascii() and mark.isalnum() and len(client) <= LONGEST_CLIENT


def _in_pieces(actor: Actor, old: Units, new: Units, client: str) -> list[Addition]:
    """The changes that lead from one text to another by replacing what differs as a whole.

    What is put in is cut into pieces that every reader of the log takes: a change has a longest size on the wire.
    """
    change = difference(old, new)
    put_in = Units("".join(insert for _, insert in change.parts if insert))
    additions = []
    text, at, end = old, change.start, change.end
    for number, piece in enumerate(cut(put_in)):
        one = replace(len(text), at, end, piece)
        text = one.apply(text)
        additions.append(Addition(actor.person_id, client, number, one, text))
        at = end = at + len(piece)
    return additions


def cut(units: Units) -> list[Units]:
    """Pieces of at most about PIECE_UNITS that halve no character; one empty piece for nothing."""
    pieces = []
    start = 0
    while start < len(units):
        end = min(start + PIECE_UNITS, len(units))
        if end < len(units) and "\ud800" <= units[end - 1] <= "\udbff":
            end += 1
        pieces.append(Units(units[start:end]))
        start = end
    return pieces or [Units("")]


def append(uow: UnitOfWork, document: Document, additions: Sequence[Addition]) -> None:
    """Put changes that follow each other from the present text at the end of the log.

    The caller has checked the rights and holds the document's row. Unique numbers are the last wall: should two writers
    have met in spite of the lock, the database refuses the second.
    """
    _keep(uow, [_advance(uow, document, authors_of(uow.session, document), additions)])


def put_in(
    uow: UnitOfWork, actor: Actor, document: Document, change: ChangeSet, runs: Iterable[Run], client: str,
    *, first: int = 0,
) -> None:  # fmt: skip
    """Make a change of a held text whose words are by many, as ``runs`` say one place after the other: they stay whose
    they are. What it only takes out, the actor does.

    In the log it is a change for each of them, in however many places; a large one is several. Beyond MOST_FROM_WORD,
    who wrote fewest of the words that came from Word is no longer told: these are then of who brought them in.
    ``first`` is the number of the first by this ``client``. The caller has checked the rights.
    """
    words = Units("".join(insert for _, insert in change.parts if insert))
    pieces, at = [], 0
    runs, writers = _few_hands(uow.session, list(runs))
    for run in runs:
        pieces += [Run(len(piece), run.author) for piece in cut(Units(words[at : at + run.units]))]
        at += run.units
    turns = authorship.by_author(
        change, pieces, actor.person_id or 0, most_units=PIECE_UNITS, most_places=(PIECE_PARTS - 1) // 2
    )
    whole, additions = to_units(document.text), []
    for number, (author, one) in enumerate(turns, first):
        whole = one.apply(whole)
        hand = f"{client}{_OF}{-author}" if author < 0 else client
        if len(hand) > LONGEST_CLIENT:  # the first of an act says which version it brings back: enough for all
            hand = f"{whole_act(client)}{_OF}{-author}"
        additions.append(Addition(writers.get(author, author) or None, hand, number, one, whole))
    clean(document.field, from_units(whole))
    append(uow, document, additions)


def _few_hands(session: Session, runs: list[Run]) -> tuple[list[Run], dict[int, int]]:
    """Runs with as few authors as say the same of their words, and who made the suggestions that are left among them.

    A suggestion says more than its author only where its words came from Word, and then as much as any other that the
    same person brought in from the same hands. Each author is a change of the whole text: texts with thousands of
    accepted suggestions could not be merged otherwise.
    """
    units: Counter[int] = Counter()
    for run in runs:
        units[run.author] += run.units
    hands = hands_of(session, units)
    shares: Counter[int] = Counter()
    for author, count in units.items():
        shares[hands[author].one] += count
    from_word = [author for author, _ in shares.most_common() if author < 0]
    kept = {*from_word[:MOST_FROM_WORD]}
    told = {author: hand.one if hand.one >= 0 or hand.one in kept else hand.maker for author, hand in hands.items()}
    same = authorship.joined(Run(run.units, told[run.author]) for run in runs)
    return same, {author: hands[author].maker for author in kept}


class Hand(NamedTuple):
    """Who stands for an author of runs: the person who wrote or suggested (0: nobody known), and the names that a Word
    document gave, None where the words came from none. ``one`` is an author that stands for all of the same hand."""

    one: int
    maker: int
    word: str | None


def hands_of(session: Session, authors: Iterable[int]) -> dict[int, Hand]:
    """Who the authors of runs are. Suggestions of one person are one hand, but for words from Word of others there."""
    found = {author: Hand(max(author, 0), max(author, 0), None) for author in authors}
    first: dict[tuple[int, str], int] = {}
    ids = sorted(-author for author in found if author < 0)
    for start in range(0, len(ids), 500):
        query = select(Suggestion.id, Suggestion.author_id, Suggestion.reason)
        for each in session.execute(query.where(Suggestion.id.in_(ids[start : start + 500])).order_by(Suggestion.id)):
            maker, there = each.author_id or 0, whose_words(each.reason)
            one = maker if there is None else first.setdefault((maker, there), -each.id)
            found[-each.id] = Hand(one, maker, there)
    return found


class _Log(NamedTuple):
    """What a document's log gains: rows that lack but the document's id, which a new one gets when it is stored."""

    document: Document
    changes: list[dict[str, Any]]
    snapshots: list[dict[str, Any]]


def _advance(uow: UnitOfWork, document: Document, runs: list[Run], additions: Sequence[Addition]) -> _Log:
    """Bring a document, whose words are by the authors in ``runs``, to the end of changes; nothing is stored yet."""
    changes, snapshots = [], []
    log = [(each.change, _hand(each.client, each.author_id)) for each in additions]
    runs = authorship.after(runs, *log[0]) if len(log) == 1 else authorship.after_all(runs, log)
    for addition in additions:
        document.version += 1
        changes.append(
            {
                "version": document.version, "author_id": addition.author_id, "client": addition.client,
                "seq": addition.seq, "changes": addition.change.to_json(), "at": uow.now,
            }
        )  # fmt: skip
        if document.version % SNAPSHOT_EVERY == 0:
            whole = from_units(addition.text)
            digest = hashlib.sha256(whole.encode()).hexdigest()
            snapshots.append({"version": document.version, "text": whole, "sha256": digest})
    document.text = from_units(additions[-1].text)
    document.authors = authorship.to_json(runs)
    document.changed_at = uow.now
    return _Log(document, changes, snapshots)


def _keep(uow: UnitOfWork, logs: Sequence[_Log]) -> None:
    """Store documents with what their logs gain, and say how far each has come."""
    uow.flush()
    changes = [row | {"document_id": log.document.id} for log in logs for row in log.changes]
    snapshots = [row | {"document_id": log.document.id} for log in logs for row in log.snapshots]
    if changes:
        uow.session.execute(insert(TextChange), changes)
    if snapshots:
        uow.session.execute(insert(TextSnapshot), snapshots)
    for log in logs:
        one = log.document
        uow.emit(TextChanged(one.group_id, one.id, one.item_id, one.meeting_id, one.version))


def authors_of(session: Session, document: Document) -> list[Run]:
    """Who wrote which words of a document: kept with every change, and told by the log where it was not.

    Where that would take too long, all of them are nobody's that is known (0).
    """
    if document.authors is not None:
        return authorship.from_json(document.authors)
    told = _told(session, document, document.version)
    return told if told is not None else [Run(units_length(document.text), 0)] if document.text else []


def authors_at(session: Session, document: Document, version: int) -> list[Run] | None:
    """Who wrote which words of a document as it stood in a version; None where it would take too long to tell."""
    # Both in one look: somebody may store the next words meanwhile.
    now, kept = session.execute(select(Document.version, Document.authors).where(Document.id == document.id)).one()
    return authorship.from_json(kept) if kept is not None and now == version else _told(session, document, version)


def _told(session: Session, document: Document, version: int) -> list[Run] | None:
    """What the log says, up to a version, of who wrote which words; None where it would take too long to tell."""
    if version > MOST_REPLAYED:
        return None
    return authorship.replay_within(_hands(session, document, version), MOST_STEPS)


def _hands(session: Session, document: Document, until: int) -> Iterator[tuple[ChangeSet, int]]:
    """A document's log up to a version, each change with whose its words are."""
    log = session.execute(
        select(TextChange.changes, TextChange.client, TextChange.author_id)
        .where(TextChange.document_id == document.id, TextChange.version <= until)
        .order_by(TextChange.version)
    )
    return ((recall(changes), _hand(client, author_id)) for changes, client, author_id in log)


def changes_of(session: Session, document: Document, since: int, until: int) -> Iterator[ChangeSet]:
    """What was written in a document after one version of it, until another, change by change."""
    query = select(TextChange.changes).where(
        TextChange.document_id == document.id, TextChange.version > since, TextChange.version <= until
    )
    return map(recall, session.execute(query.order_by(TextChange.version)).scalars())


class Acts:
    """What was written in a document after one version of it, until another, for what is carried along with the words.

    An act that brought along or brought back words of several hands is one change, by the first of them, and nothing
    happens in the rest: who is carried over one after the other would come to lie among these words. And where the
    words of a version were brought back, nothing has happened since to who is carried from that version, or an earlier.
    """

    def __init__(self, session: Session, document: Document, since: int, until: int) -> None:
        self._since = since
        rows = session.execute(
            select(TextChange.changes, TextChange.client)
            .where(
                TextChange.document_id == document.id, TextChange.version > since, TextChange.version <= until + 1
            )
            .order_by(TextChange.version)
        )  # fmt: skip
        log = [(changes, client) for changes, client in rows]
        #: The act that goes on behind: it has not brought anything back yet.
        self._cut = whole_act(log.pop()[1]) if len(log) > until - since else ""
        self._log = [(recall(changes), client) for changes, client in log]
        self._is_plain = not any(is_brought(client) for _change, client in self._log)

    def since(self, version: int) -> list[tuple[ChangeSet, str]]:
        """What happened after one of the versions, change by change, each with its client."""
        log = self._log[version - self._since :]
        if self._is_plain:
            return log
        found: list[tuple[ChangeSet, str]] = []
        end = len(log)
        while end:
            begin, act = end - 1, whole_act(log[end - 1][1])
            while begin and is_brought(log[begin][1]) and whole_act(log[begin - 1][1]) == act:
                begin -= 1
            cut = whole_act(log[end][1]) if end < len(log) else self._cut
            to = None if act == cut else _brought_back(log[begin][1])
            if to is not None and to >= version:
                begin = to - version
                whole = _nothing(log[begin][0].length)
            else:
                whole = _as_one([change for change, _client in log[begin:end]])
            nothing = _nothing(whole.new_length)
            found += [(nothing, client) for _change, client in reversed(log[begin + 1 : end])]
            found.append((whole, log[begin][1]))
            end = begin
        return found[::-1]


def _as_one(changes: Sequence[ChangeSet]) -> ChangeSet:
    """Changes that follow each other as one, with one place for what they did at one."""
    if len(changes) == 1:
        return changes[0]
    parts: list[Part] = []
    for part in reduce(ChangeSet.compose, changes).parts:
        add_part(parts, *part, join=True)
    return ChangeSet(tuple(parts))


def _nothing(length: int) -> ChangeSet:
    return replace(length, 0, 0, Units(""))


def reset(uow: UnitOfWork, document: Document) -> None:
    """Have every open editor of the document join again with the rights it has now."""
    uow.emit(DocumentReset(document.group_id, document.id))


def mark_of(texts: Mapping[Field, Document]) -> str:
    """The versions of an item's texts, such as "12.40.3.0": what its words are known by at a moment."""
    return ".".join(str(texts[one].version if one in texts else 0) for one in WORDS)


def documents_of(session: Session, item_ids: Iterable[int]) -> dict[int, dict[Field, Document]]:
    """All documents of some items, by item and field, in one query."""
    found: dict[int, dict[Field, Document]] = {}
    ids = list(item_ids)
    for start in range(0, len(ids), 500):
        rows = session.execute(select(Document).where(Document.item_id.in_(ids[start : start + 500]))).scalars()
        for document in rows:
            if document.item_id is not None:
                found.setdefault(document.item_id, {})[document.field] = document
    return found


def words_of(session: Session, item_id: int) -> dict[str, str]:
    """The words of an item at this moment: title, text, why and summary."""
    return words_in(documents_of(session, [item_id]).get(item_id, {}))


def words_in(documents: Mapping[Field, Document]) -> dict[str, str]:
    """The words among an item's documents: title, text, why and summary; empty where there is none."""
    return {field.value: documents[field].text if field in documents else "" for field in WORDS}


def words_sha256(words: Mapping[str, object]) -> str:
    """SHA-256 of an item's words (canonical JSON), with what they bind: equal words have equal hashes."""
    canonical = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
