"""Editing a live text together: open, push, read on. Every push is checked inside the transaction that stores it.

The protocol, its refusals and the reasons for one-at-a-time rebasing are in docs/live-text.md.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.calc.changes import ChangeError, ChangeSet, TooFarBehindError, Units, parse, recall, to_units
from app.calc.rebase import MAX_REBASE_STEPS, Logged, must_chain, rebase
from app.errors import DomainError, NotFound
from app.events import ItemChanged
from app.policy import Actor, Can, allowed, require
from app.services import comments, documents, items, minutes, origins, suggestions
from app.services.activity import who_did
from app.services.documents import Addition, is_editors
from app.uow import SILENT, UnitOfWork
from models.documents import Document, Field, TextChange
from models.items import Item, Status
from models.meetings import Meeting

#: What a failed transaction raises beside DomainErrors: nothing was stored, and trying again may succeed.
FAILURES: tuple[type[Exception], ...] = (DBAPIError, *SILENT)
MAX_CHANGES = 100
#: One push as it is sent.
MAX_BYTES = 65_536
#: A push is moved over at most so much of the log: who is further behind pulls first, and moves it in the browser.
MAX_BEHIND_CHARACTERS = 100_000
#: No push is moved over more changes than this: who is further behind pulls first, in pieces as they are read.
MAX_BEHIND = 2_000
#: What one person's pushes may take of one transaction, in seconds; the rest of them is tried again with the next.
SHARE_SECONDS = 0.1
#: A pull is answered in pieces of at most so many changes, and about so many characters.
PIECE = 1_000
PIECE_CHARACTERS = 200_000
#: Typing moves an item's "last changed" at most this often.
TOUCH_EVERY = timedelta(minutes=1)

#: One entry of the log on its way to browsers: the client's id and the ChangeSet's JSON.
Entry = tuple[str, str]


class Refused(DomainError):
    """A push or a join that is not taken; ``code`` is the word of the wire, the message is for the person."""

    status = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


@dataclass(frozen=True)
class Opened:
    """A document as its joiner gets it: ``text`` is None when what the joiner has can go on."""

    document_id: int
    group_id: int
    item_id: int | None
    meeting_id: int | None
    epoch: str
    version: int
    text: str | None
    access: str
    reason: str


@dataclass(frozen=True)
class Rights:
    """Whether a text may be written now and, where not, the wire's word for why and the sentence."""

    access: str
    code: str = ""
    reason: str = ""


# --- opening and reading ---


def join(uow: UnitOfWork, actor: Actor, *, document_id: int, version: int | None, epoch: str | None) -> Opened:
    """Open a text. With a ``version`` and ``epoch`` that fit, only what is newer need be read; else the whole text.

    Where it cannot be written, ``reason`` says why, and who closed it where that is known.

    Raises NotFound, Forbidden.
    """
    document = uow.session.get(Document, document_id)
    if document is None:
        raise NotFound()
    found = _rights(uow, actor, document)
    resumes = epoch == document.epoch and version is not None and 0 <= version <= document.version
    return Opened(
        document.id, document.group_id, document.item_id, document.meeting_id,
        document.epoch, document.version,
        None if resumes else document.text, found.access, _closed(uow.session, actor, document, found),
    )  # fmt: skip


def may_read(uow: UnitOfWork, actor: Actor, *, document_id: int) -> None:
    """Return for people who may read a text now. Raises NotFound, Forbidden."""
    document = uow.session.get(Document, document_id)
    if document is None:
        raise NotFound()
    _rights(uow, actor, document)


def pull(uow: UnitOfWork, actor: Actor, *, document_id: int, version: int) -> list[Entry]:
    """The next entries of the log after ``version``, at most PIECE. Raises NotFound, Forbidden."""
    may_read(uow, actor, document_id=document_id)
    return entries(uow.session, document_id, version)


def entries(session: Session, document_id: int, after: int, *, most: int = PIECE) -> list[Entry]:
    """Entries of a document's log, oldest first, at least one if there are any: for those let in already."""
    rows = session.execute(
        select(TextChange.client, TextChange.changes)
        .where(TextChange.document_id == document_id, TextChange.version > after)
        .order_by(TextChange.version)
        .limit(most)
        .execution_options(yield_per=100)
    )
    found: list[Entry] = []
    size = 0
    for client, changes in rows:
        found.append((client, changes))
        size += len(changes)
        if size > PIECE_CHARACTERS:
            break
    rows.close()
    return found


def heads(session: Session, document_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """How far documents have come: version and epoch by id."""
    rows = session.execute(
        select(Document.id, Document.version, Document.epoch).where(Document.id.in_(list(document_ids)))
    )
    return {id_: (version, epoch) for id_, version, epoch in rows}


# --- writing ---


@dataclass(frozen=True)
class Push:
    """Changes made on version ``base``: ChangeSets as JSON, numbered from ``first_seq`` by their ``client``."""

    base: int
    client: str
    first_seq: int
    sources: Sequence[str]


@dataclass
class Held:
    """A document held by a transaction, and what the pushes of that transaction share."""

    document: Document
    item: Item | None
    units: Units
    stored: int
    since: int
    log: list[Logged] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    rights: dict[int | None, Rights] = field(default_factory=dict)
    additions: list[Addition] = field(default_factory=list)
    #: From this version and any earlier one it is too much to read, found out once for all pushes of the transaction.
    too_far: int = -1
    spent: dict[int | None, float] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """How far the text has come, with what is about to be stored."""
        return self.stored + len(self.additions)

    def after(self, session: Session, base: int) -> list[Logged]:
        """The log after ``base``, read from the database once. Raises TooFarBehindError where it is too much."""
        if base <= self.too_far:
            raise TooFarBehindError("too much to read")
        if base < self.since:
            wanted = (
                TextChange.document_id == self.document.id,
                TextChange.version > base,
                TextChange.version <= self.since,
            )
            size = session.execute(select(func.sum(func.length(TextChange.changes))).where(*wanted)).scalar() or 0
            if size > MAX_BEHIND_CHARACTERS:
                self.too_far = base
                raise TooFarBehindError("too much to read")
            rows = session.execute(
                select(TextChange.client, TextChange.seq, TextChange.changes)
                .where(*wanted)
                .order_by(TextChange.version)
            )
            found = rows.all()
            self.log[:0] = [Logged(client, seq, recall(changes)) for client, seq, changes in found]
            self.since = base
        return self.log[base - self.since :]


def hold(uow: UnitOfWork, document_id: int, clients: Collection[str] = ()) -> Held:
    """Hold a document and what it belongs to, in the order every writer takes them: no lock and no vote comes between
    the check of a right and the change. Raises NotFound."""
    known = uow.session.get(Document, document_id)
    if known is None:
        raise NotFound()
    item = None if known.item_id is None else uow.lock(Item, known.item_id)
    if known.meeting_id is not None:
        uow.lock(Meeting, known.meeting_id)
    document = uow.lock(Document, document_id)
    held = Held(document, item, to_units(document.text), document.version, document.version)
    last = select(TextChange.client, func.max(TextChange.seq)).group_by(TextChange.client)
    last = last.where(TextChange.document_id == document_id, TextChange.client.in_(set(clients)))
    held.seqs = {row[0]: row[1] for row in uow.session.execute(last)}
    return held


def push(
    uow: UnitOfWork,
    actor: Actor,
    *,
    document_id: int,
    base: int,
    client: str,
    first_seq: int,
    sources: Sequence[str],
) -> list[Entry]:
    """Log one push; see push_all. Answers the new entries. Raises Refused."""
    pushed = [(actor, Push(base, client, first_seq, sources))]
    _, (answer,) = push_all(uow, pushed, document_id=document_id)
    if isinstance(answer, Refused):
        raise answer
    return answer


def push_all(
    uow: UnitOfWork, pushes: Sequence[tuple[Actor, Push]], *, document_id: int
) -> tuple[int, list[list[Entry] | Refused]]:
    """Log the pushes of several people to one text, in order: each moved over what came since its base, whole or not
    at all; changes logged before are passed over.

    Answers the version before them, and for each push its new entries or a Refused with one of the codes bad, ahead,
    behind, gap, forbidden, locked, limit, retry; one that is refused changes nothing and is not the others' trouble.
    """
    try:
        held = hold(uow, document_id, [each.client for _, each in pushes])
    except NotFound as error:
        return 0, [Refused("forbidden", error.message) for _ in pushes]
    answers: list[list[Entry] | Refused] = []
    for actor, each in pushes:
        began = time.perf_counter()
        try:
            if held.spent.get(actor.person_id, 0.0) > SHARE_SECONDS:
                raise Refused("retry", RETRY)
            answers.append(_take(uow, actor, held, each))
        except Refused as refused:
            # What led to it would keep all that was read for it as long as the answer lives.
            refused.__traceback__ = refused.__cause__ = refused.__context__ = None
            answers.append(refused)
        held.spent[actor.person_id] = held.spent.get(actor.person_id, 0.0) + time.perf_counter() - began
    if held.additions:
        documents.append(uow, held.document, held.additions)
        if held.document.version // documents.SNAPSHOT_EVERY > held.stored // documents.SNAPSHOT_EVERY:
            suggestions.carry_along(uow, held.document)
            comments.carry_along(uow, held.document)
        _touch(uow, held)
    return held.stored, answers


def _take(uow: UnitOfWork, actor: Actor, held: Held, each: Push) -> list[Entry]:
    found = held.rights.get(actor.person_id)
    if found is None:
        try:
            found = held.rights[actor.person_id] = _rights(uow, actor, held.document)
        except DomainError as error:
            raise Refused("forbidden", error.message) from error
    if found.access != "write":
        raise Refused(found.code, found.reason)
    if not is_editors(each.client, actor.person_id):
        raise Refused("forbidden", "These changes carry somebody else's mark.")
    # What costs little is looked at first: a flood that is refused must not cost the time of those who type.
    last = held.seqs.get(each.client, 0)
    if each.first_seq < 1:
        raise Refused("bad", "Changes are numbered from 1.")
    if each.first_seq > last + 1:
        raise Refused("gap", "An earlier change has not arrived.")
    try:
        _must_follow(held, each.base, len(each.sources))
        changes = _parsed(each.sources)
        seq, fresh = _moved(uow.session, held, changes, each)
        if not fresh:
            return []
        if seq != last + 1:
            raise Refused("bad", "These numbers were used for other changes.")
        texts = _applied(held, fresh)
    except ChangeError as error:
        raise Refused(error.code, _SENTENCES.get(error.code, f"The change does not fit: {error}.")) from error
    for number, (change, text) in enumerate(zip(fresh, texts, strict=True), start=seq):
        held.additions.append(Addition(actor.person_id, each.client, number, change, text))
        held.log.append(Logged(each.client, number, change))
    held.units = texts[-1]
    held.seqs[each.client] = seq + len(fresh) - 1
    return [(each.client, change.to_json()) for change in fresh]


RETRY = "The server could not store this just now. It is tried again by itself."
_SENTENCES = {
    "limit": "That would be more than this text, or one change, may hold.",
    "behind": "Too much has been written meanwhile: fetch it first.",
}


def _parsed(sources: Sequence[str]) -> list[ChangeSet]:
    if not 1 <= len(sources) <= MAX_CHANGES:
        raise Refused("bad", f"A push holds from 1 to {MAX_CHANGES} changes.")
    if sum(len(source.encode("utf-8", "surrogatepass")) for source in sources) > MAX_BYTES:
        raise Refused("limit", _SENTENCES["limit"])
    return [parse(source) for source in sources]


def _must_follow(held: Held, base: int, count: int) -> None:
    version = held.version
    if base < 0:
        raise Refused("bad", "Versions are counted from 0.")
    if base > version:
        raise Refused("ahead", "The text has not come that far.")
    if version - base > MAX_BEHIND or (version - base) * count > MAX_REBASE_STEPS:
        raise Refused("behind", _SENTENCES["behind"])


def _moved(session: Session, held: Held, changes: list[ChangeSet], each: Push) -> tuple[int, list[ChangeSet]]:
    over = held.after(session, each.base)
    if not over:
        must_chain(changes, len(held.units))
        return each.first_seq, changes
    return rebase(changes, over, client=each.client, first_seq=each.first_seq)


def _applied(held: Held, changes: list[ChangeSet]) -> list[Units]:
    """The texts after each change. Raises Refused beyond the field's limit and for a second line in a title."""
    limit, title = documents.limit_of(held.document.field), held.document.field is Field.TITLE
    texts = []
    units = held.units
    for change in changes:
        if title and any(insert and "\n" in insert for _, insert in change.parts):
            raise Refused("bad", "A title is one line.")
        units = change.apply(units)
        if len(units) > limit and change.delta > 0:
            raise Refused("limit", f"This text holds at most {limit:,} characters.")
        texts.append(units)
    return texts


def _touch(uow: UnitOfWork, held: Held) -> None:
    """Move the item's "last changed", and say that it changed, now and then instead of with every key."""
    if held.item is not None and uow.now - held.item.changed_at >= TOUCH_EVERY:
        held.item.changed_at = uow.now
        uow.emit(ItemChanged(held.item.group_id, held.item.id))


# --- rights ---


def _closed(session: Session, actor: Actor, document: Document, found: Rights) -> str:
    """Why a text cannot be written now, for whoever might be writing in it at this moment."""
    if found.access == "write" or found.code != "locked" or document.item_id is None:
        return found.reason
    item = session.get_one(Item, document.item_id)
    who: tuple[int, str] | None = None
    merged = origins.merged_away(session, item)
    if merged:
        into = merged[0]
        done, passive, who = f"merged this item into {into}.", f"This item has been merged into {into}.", merged[1:]
    elif item.status is Status.WITHDRAWN:
        done, passive = "withdrawn this item.", "This item has been withdrawn."
    elif item.status in items.SETTLED:
        more = " with reservations" if item.status is Status.RESERVATIONS else ""
        done, passive = f"agreed this item{more}.", f"This item has been agreed{more}."
    elif items.items_voted_on(session, item.group_id, item.id):
        return "A vote on this item has begun."
    else:
        return found.reason
    # An item that goes with the one it stands under has no line of its own.
    id_, name = who or who_did(session, {item.id, item.withdrawn_with_id or item.id}, item.changed_at) or (0, "")
    if id_ and id_ == actor.person_id:
        return f"You have {done}"
    return f"{name} has {done}" if name else passive


def _rights(uow: UnitOfWork, actor: Actor, document: Document) -> Rights:
    """What the actor may do with the text at this moment; the rules themselves are the item's and the minutes'.

    Raises NotFound for people who may not read it, Forbidden where their role does not let them.
    """
    require(uow.session, actor, document.group_id, Can.TEXT_READ)
    if document.item_id is not None:
        item = uow.session.get_one(Item, document.item_id)
        rights = items.rights(uow.session, actor, document.group_id, item_id=item.id)
        found = rights.words(item)
        code = "locked" if allowed(rights.role, Can.TEXT_WRITE) else "forbidden"
        access = "suggest" if found.access != "write" and rights.suggesting(item) else found.access
        return Rights(access, code, found.reason)
    page = minutes.read_minutes(uow, actor, meeting_id=document.meeting_id or 0, group_id=document.group_id)
    if page.may_edit:
        return Rights("write")
    role = require(uow.session, actor, document.group_id, Can.MEETING_READ).role
    if not allowed(role, Can.TEXT_WRITE):
        return Rights("read", "forbidden", "Your role lets you read this, not change it.")
    return Rights("read", "locked", "These minutes are approved and locked.")
