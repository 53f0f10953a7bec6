"""Live texts as rows: created, read in bulk, replaced, and bound to decisions by their words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.events import DocumentReset, TextChanged
from app.policy import Actor
from app.secrets import new_nonce
from app.uow import UnitOfWork
from models.documents import Document, Field, TextChange

#: Longest text of a field in UTF-16 units.
LIMITS = {Field.TITLE: 300}
LIMIT = 100_000
#: The texts that make an item's words, in the order they are read.
WORDS = (Field.TITLE, Field.TEXT, Field.WHY, Field.SUMMARY)


def utf16(text: str) -> int:
    """Length in UTF-16 units, the unit of all changes."""
    return len(text) + sum(character > "\uffff" for character in text)


def clean(field: Field, text: str) -> str:
    """The text as it may be stored: line ends as newlines. Raises Invalid for NUL, half characters or too much text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if field is Field.TITLE:
        text = " ".join(text.split())
    limit = LIMITS.get(field, LIMIT)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        sentence = "The text holds characters that cannot be stored."
        raise Invalid(sentence, fields={field.value: sentence})
    if utf16(text) > limit:
        sentence = f"This is too long: at most {limit:,} characters."
        raise Invalid(sentence, fields={field.value: sentence})
    return text


def create_document(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    field: Field,
    text: str = "",
    item_id: int | None = None,
    meeting_id: int | None = None,
) -> Document:
    """A new document; what it starts with is its first change, by the actor. The caller has checked the right."""
    document = Document(
        group_id=group_id, item_id=item_id, meeting_id=meeting_id, field=field, epoch=new_nonce(), version=0, text="",
        changed_at=uow.now,
    )  # fmt: skip
    uow.session.add(document)
    uow.flush()
    text = clean(field, text)
    if text:
        _log(uow, actor, document, [[0, *text.split("\n")]], text)
    return document


def replace_text(uow: UnitOfWork, actor: Actor, document: Document, text: str) -> bool:
    """Make ``text`` the document's text by one ordinary change; False when it is that already.

    The caller has checked the right and locked the row. Everyone in the room receives it as a change.
    """
    text = clean(document.field, text)
    if text == document.text:
        return False
    old = document.text
    start = 0
    while start < min(len(old), len(text)) and old[start] == text[start]:
        start += 1
    end = 0
    while end < min(len(old), len(text)) - start and old[-1 - end] == text[-1 - end]:
        end += 1
    head, gone, tail = old[:start], old[start : len(old) - end], old[len(old) - end :]
    new = text[start : len(text) - end]
    lines = new.split("\n") if new else []
    part: list[object] = [utf16(gone), *lines]
    changes: list[object] = [utf16(head)] if head else []
    changes.append(part)
    if tail:
        changes.append(utf16(tail))
    _log(uow, actor, document, changes, text)
    return True


def _log(uow: UnitOfWork, actor: Actor, document: Document, changes: list[object], text: str) -> None:
    document.version += 1
    document.text = text
    document.changed_at = uow.now
    uow.session.add(
        TextChange(
            document_id=document.id,
            version=document.version,
            author_id=actor.person_id,
            client=f"{actor.person_id or 0}.{new_nonce()}",
            seq=0,
            changes=json.dumps(changes, ensure_ascii=False, separators=(",", ":")),
            at=uow.now,
        )
    )
    uow.flush()
    uow.emit(TextChanged(document.group_id, document.id, document.item_id, document.meeting_id, document.version))


def reset(uow: UnitOfWork, document: Document) -> None:
    """Have every open editor of the document join again with the rights it has now."""
    uow.emit(DocumentReset(document.group_id, document.id))


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
    documents = documents_of(session, [item_id]).get(item_id, {})
    return {field.value: documents[field].text if field in documents else "" for field in WORDS}


def words_sha256(words: dict[str, str]) -> str:
    """SHA-256 of an item's words (canonical JSON): two items with equal words have equal hashes."""
    canonical = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
