"""Editing a live text together: open, push, read on. Every push is checked inside the transaction that stores it.

The protocol, its refusals and the reasons for one-at-a-time rebasing are in docs/live-text.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.calc.changes import ChangeError, ChangeSet, Units, parse, to_units
from app.calc.rebase import MAX_REBASE_STEPS, Logged, must_chain, rebase
from app.errors import DomainError, NotFound
from app.events import ItemChanged
from app.policy import Actor, Can, allowed, require, standing
from app.services import documents, items, minutes
from app.uow import UnitOfWork
from models.documents import Document, Field, TextChange
from models.groups import Role
from models.items import Item
from models.meetings import Meeting

#: What a failed transaction raises beside DomainErrors: nothing was stored, and trying again may succeed.
FAILURES: tuple[type[Exception], ...] = (DBAPIError,)
MAX_CHANGES = 100
#: One push as it is sent.
MAX_BYTES = 65_536
#: A pull is answered in pieces of at most so many changes.
PIECE = 1_000
LONGEST_CLIENT = 60
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
    guest_of: int | None
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

    Raises NotFound, Forbidden.
    """
    document = uow.session.get(Document, document_id)
    if document is None:
        raise NotFound()
    found = _rights(uow, actor, document)
    resumes = epoch == document.epoch and version is not None and 0 <= version <= document.version
    return Opened(
        document.id, document.group_id, document.item_id, document.meeting_id,
        _guest_of(uow.session, actor, document.group_id), document.epoch, document.version,
        None if resumes else document.text, found.access, found.reason,
    )  # fmt: skip


def pull(uow: UnitOfWork, actor: Actor, *, document_id: int, version: int) -> list[Entry]:
    """The next entries of the log after ``version``, at most PIECE. Raises NotFound, Forbidden."""
    document = uow.session.get(Document, document_id)
    if document is None:
        raise NotFound()
    _rights(uow, actor, document)
    return entries(uow.session, document_id, version)


def entries(session: Session, document_id: int, after: int, *, most: int = PIECE) -> list[Entry]:
    """Entries of a document's log, oldest first: for those who have been let in already."""
    rows = session.execute(
        select(TextChange.client, TextChange.changes)
        .where(TextChange.document_id == document_id, TextChange.version > after)
        .order_by(TextChange.version)
        .limit(most)
    )
    return [(client, changes) for client, changes in rows]


def heads(session: Session, document_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """How far documents have come: version and epoch by id."""
    rows = session.execute(
        select(Document.id, Document.version, Document.epoch).where(Document.id.in_(list(document_ids)))
    )
    return {id_: (version, epoch) for id_, version, epoch in rows}


# --- writing ---


@dataclass
class Held:
    """A document held by a transaction, with what its pushes share: the text in units and the read part of the log."""

    document: Document
    item: Item | None
    units: Units
    since: int
    log: list[Logged] = field(default_factory=list)

    def after(self, session: Session, base: int) -> list[Logged]:
        """The log after ``base``, read from the database once."""
        if base < self.since:
            rows = session.execute(
                select(TextChange.client, TextChange.seq, TextChange.changes)
                .where(
                    TextChange.document_id == self.document.id,
                    TextChange.version > base,
                    TextChange.version <= self.since,
                )
                .order_by(TextChange.version)
            )
            self.log[:0] = [Logged(client, seq, parse(changes)) for client, seq, changes in rows]
            self.since = base
        return self.log[base - self.since :]


def hold(uow: UnitOfWork, document_id: int) -> Held:
    """Hold a document and the item it belongs to, in the order every writer takes them: no lock and no vote comes
    between the check of a right and the change. Raises NotFound."""
    held: dict[int, Held] = uow.session.info.setdefault("held_texts", {})
    if document_id not in held:
        known = uow.session.get(Document, document_id)
        if known is None:
            raise NotFound()
        item = None if known.item_id is None else uow.lock(Item, known.item_id)
        if known.meeting_id is not None:
            uow.lock(Meeting, known.meeting_id)
        document = uow.lock(Document, document_id)
        held[document_id] = Held(document, item, to_units(document.text), document.version)
    return held[document_id]


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
    """Log changes made on version ``base``, moved over what came since; all of them or none.

    ``sources`` are ChangeSets as JSON, numbered from ``first_seq`` by their ``client``. Those logged before are passed
    over. Answers the new entries, the first of which makes the version after the present one. Raises Refused with one
    of bad, ahead, behind, gap, forbidden, locked, limit.
    """
    try:
        held = hold(uow, document_id)
        found = _rights(uow, actor, held.document)
    except DomainError as error:
        raise Refused("forbidden", error.message) from error
    if found.access != "write":
        raise Refused(found.code, found.reason)
    if not client.startswith(f"{actor.person_id}.") or len(client) > LONGEST_CLIENT:
        raise Refused("forbidden", "These changes carry somebody else's mark.")
    try:
        changes = _parsed(sources)
        _must_follow(held, base, len(changes))
        last = _last_seq(uow.session, document_id, client)
        if first_seq < 1:
            raise Refused("bad", "Changes are numbered from 1.")
        if first_seq > last + 1:
            raise Refused("gap", "An earlier change has not arrived.")
        seq, fresh = _moved(uow.session, held, base, changes, client, first_seq)
        if not fresh:
            return []
        if seq != last + 1:
            raise Refused("bad", "These numbers were used for other changes.")
        texts = _applied(held, fresh)
    except ChangeError as error:
        raise Refused(error.code, _SENTENCES.get(error.code, f"The change does not fit: {error}.")) from error
    documents.append(uow, actor, held.document, fresh, texts, client=client, first_seq=seq)
    held.units = texts[-1]
    held.log += [Logged(client, seq + number, change) for number, change in enumerate(fresh)]
    _touch(uow, held)
    return [(client, change.to_json()) for change in fresh]


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
    version = held.document.version
    if base < 0:
        raise Refused("bad", "Versions are counted from 0.")
    if base > version:
        raise Refused("ahead", "The text has not come that far.")
    if (version - base) * count > MAX_REBASE_STEPS:
        raise Refused("behind", _SENTENCES["behind"])


def _last_seq(session: Session, document_id: int, client: str) -> int:
    newest = select(func.max(TextChange.seq)).where(TextChange.document_id == document_id, TextChange.client == client)
    return session.execute(newest).scalar() or 0


def _moved(
    session: Session, held: Held, base: int, changes: list[ChangeSet], client: str, first_seq: int
) -> tuple[int, list[ChangeSet]]:
    over = held.after(session, base)
    if not over:
        must_chain(changes, len(held.units))
        return first_seq, changes
    return rebase(changes, over, client=client, first_seq=first_seq)


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


def _rights(uow: UnitOfWork, actor: Actor, document: Document) -> Rights:
    """What the actor may do with the text at this moment; the rules themselves are the item's and the minutes'.

    Raises NotFound for people who may not read it, Forbidden where their role does not let them.
    """
    if document.item_id is not None:
        item = uow.session.get_one(Item, document.item_id)
        rights = items.rights(uow.session, actor, document.group_id, item_id=item.id)
        found = rights.words(item)
        code = "locked" if allowed(rights.role, Can.TEXT_WRITE) else "forbidden"
        return Rights(found.access, code, found.reason)
    page = minutes.read_minutes(uow, actor, meeting_id=document.meeting_id or 0, group_id=document.group_id)
    if page.may_edit:
        return Rights("write")
    role = require(uow.session, actor, document.group_id, Can.MEETING_READ).role
    if not allowed(role, Can.TEXT_WRITE):
        return Rights("read", "forbidden", "Your role lets you read this, not change it.")
    return Rights("read", "locked", "These minutes are approved and locked.")


def may_read(uow: UnitOfWork, actor: Actor, document_id: int) -> bool:
    """Whether the actor may still read a text."""
    document = uow.session.get(Document, document_id)
    try:
        return document is not None and bool(_rights(uow, actor, document))
    except DomainError:
        return False


def _guest_of(session: Session, actor: Actor, group_id: int) -> int | None:
    found = standing(session, actor, group_id)
    return found.meeting_id if found is not None and found.role is Role.GUEST else None
