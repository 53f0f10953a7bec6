"""Word documents that come back: read, shown item by item, and made into suggestions.

``examine`` reads the file and compares; it writes nothing and may take a second. ``keep`` stores what it found, so that
the preview can be looked at, left and come back to. The file is not kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, func, or_, select

from app.calc import anchors
from app.calc.differences import change_between
from app.calc.paragraphs import fold
from app.calc.returns import Returned, match, named
from app.calc.returns import reason as reason_of
from app.calc.suggestions import only, places
from app.calc.wordmarks import FIELDS, Place
from app.calc.wordpackages import Unreadable
from app.calc.wordreading import WordFile, read
from app.calc.wordsheets import Item, Loose, Text, alike, informing, versions_of
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.policy import Actor, Can, access, require
from app.services import comments, documents, exports, history, items, origins, suggestions, versions
from app.services.activity import note
from app.services.companions import Including
from app.services.version_files import FORMER_MEMBER, as_read
from app.services.word_files import DRAFT, PROPERTY, comment_words, sign_of
from app.uow import UnitOfWork
from models import items as item_models
from models.accounts import Person
from models.comments import Comment, Discussion
from models.documents import Document, Field, TextChange
from models.groups import Group
from models.items import Status
from models.returns import ReturnedDocument
from models.suggestions import Suggestion, SuggestionState
from models.versions import Version

LONGEST_NAME = 120
_IS_GONE = ", which is withdrawn,"
_STANDS = "These words stand there already."
#: How many returned documents of one person in one group are kept for looking at; older ones go.
MOST_KEPT = 20
#: Among so many refused suggestions on a text, the latest, one that says the same is looked for.
MOST_REFUSED = 50
#: A comment in the margin of more letters is no remark any more: it is listed in full, and becomes no comment.
LONGEST_SAID = 20_000


@dataclass(frozen=True)
class Examined:
    """A document that has been read; nothing is stored yet."""

    returned: Returned
    made_from: str
    item_ids: dict[str, int]
    moment: datetime | None = None


@dataclass(frozen=True)
class Proposed:
    """One suggestion the document could become; ``number`` is its place in the list.

    ``blocked`` says why it cannot be made, ``refused`` why it could not when it was last tried, ``suggestion_id`` which
    one it has become, ``refusal`` the one in which the group has said no to the same. ``fits`` is False where the words
    it changes are no longer there: it would stand in conflict. ``known`` if it is blocked because the group has these
    words already, however they came, or the actor has suggested them. ``now_in`` are items, by id and reference, in
    which words of this one stand since: the one it was merged into, or what was split off it.
    """

    number: int
    item_id: int
    reference: str
    title: str
    field: Field
    before: str
    after: str
    authors: tuple[str, ...]
    mixed: bool
    blocked: str
    refused: str
    fits: bool
    suggestion_id: int | None
    refusal: Suggestion | None = None
    known: bool = False
    now_in: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class Besides:
    """One thing that can be no suggestion; ``may_be_said`` if it is a comment that can become one of an item."""

    number: int
    loose: Loose
    item_id: int | None
    may_be_said: bool
    said: int | None


@dataclass(frozen=True)
class Preview:
    """A returned document as it is looked at before anything is made of it."""

    document: ReturnedDocument
    proposals: list[Proposed]
    loose: list[Besides]

    @property
    def open(self) -> list[Proposed]:
        """Those that can be made."""
        return [each for each in self.proposals if each.suggestion_id is None and not each.blocked]

    @property
    def says_nothing_new(self) -> bool:
        """Whether it would have changes, all of which were taken or suggested before it came back."""
        return bool(self.proposals) and all(each.known for each in self.proposals)

    @property
    def hides(self) -> int:
        """At how many places the document has text that Word hides."""
        return sum(each.loose.what == "hidden" for each in self.loose)


def examine(uow: UnitOfWork, actor: Actor, *, group_id: int, data: bytes) -> Examined:
    """Read a Word document made from the group's blueprint and find what it would have otherwise; stores nothing.

    A document says which version of which text it was made from, and no more than that is believed of it. Raises
    NotFound, Forbidden, and Invalid with a sentence for a file that cannot be read or is another group's.
    """
    require(uow.session, actor, group_id, Can.TEXT_SUGGEST)
    try:
        file = read(data)
    except Unreadable as unreadable:
        raise Invalid("", fields={"file": str(unreadable)}) from unreadable
    group = uow.session.get_one(Group, group_id)
    slug, base, moment, sign, last = _origin(file)
    if (slug and slug != group.slug) or (sign and sign != sign_of(group)):
        raise Invalid("", fields={"file": f"This document was made from another group’s blueprint ({slug})."})
    source = _Source(uow, group_id, base, moment, versions_of(file))
    known = list(source.items())
    returned = match(file, known, last)
    if not returned.found:
        raise Invalid(
            "",
            fields={"file": "No item of this blueprint was found in it. Choose the document that was exported here."},
        )
    if not sign and not _speaks_of(returned):
        raise Invalid(
            "",
            fields={
                "file": "It does not say which group it is from, and most of its titles are none of this blueprint. "
                "Choose the document that was exported here."
            },
        )
    if any(each.check for each in returned.loose):
        sent = _informing(uow, actor, group_id, base)
        loose = [replace(each, was=sent.get(each.check, "")) for each in returned.loose]
        returned = replace(returned, loose=loose)
    return Examined(returned, base, source.item_ids, moment)


def _informing(uow: UnitOfWork, actor: Actor, group_id: int, base: str) -> dict[str, str]:
    """The lines that only inform of the document as it would go out today; any that has changed since is not found."""
    all_of_it = Including(decisions=True, suggestions=True, comments=True)
    try:
        if base.isdigit():
            sent = exports.export_version(
                uow, actor, group_id=group_id, number=int(base), form="docx", including=all_of_it
            )  # fmt: skip
        else:
            sent = exports.export_draft(uow, actor, group_id=group_id, form="docx", including=all_of_it)
        return informing(read(sent.body))
    except (Forbidden, NotFound, Unreadable):  # a guest reads no evidence: then they see the new words alone
        return {}


def keep(
    uow: UnitOfWork, actor: Actor, examined: Examined, *, group_id: int, file_name: str, edited_by: str = ""
) -> ReturnedDocument:
    """Store what was found, for a preview that can be left and come back to. Raises NotFound, Forbidden, Invalid."""
    require(uow.session, actor, group_id, Can.TEXT_SUGGEST)
    edited_by = " ".join(edited_by.split())
    if len(edited_by) > LONGEST_NAME:
        raise Invalid("", fields={"edited_by": f"At most {LONGEST_NAME} characters."})
    if actor.person_id is None:
        raise NotFound()
    found = examined.returned
    proposals = [
        {
            **asdict(each),
            "authors": [named(author, edited_by) for author in each.authors],
            "item_id": examined.item_ids[each.reference],
            "suggestion_id": None,
            "refused": "",
        }
        for each in found.proposals
    ]
    known = _Known(uow, examined.item_ids.values(), examined.moment)
    loose = [
        {**asdict(each), "item_id": item_id, "said": None}
        for each in (_of_somebody(each, edited_by) for each in found.loose)
        for item_id in (examined.item_ids.get(each.reference),)
        if each.what != "comment" or item_id is None or not known.says(item_id, each)
    ]
    kept = ReturnedDocument(
        group_id=group_id, brought_by_id=actor.person_id, brought_at=uow.now,
        file_name=(documents.clean(Field.TEXT, file_name).strip() or "document.docx")[-200:], edited_by=edited_by,
        made_from=examined.made_from, is_marked=found.marked, found=found.found, proposals=proposals, loose=loose,
    )  # fmt: skip
    uow.session.add(kept)
    uow.flush()
    for old in list_mine(uow, actor, group_id=group_id)[MOST_KEPT:]:
        uow.session.delete(old)
    return kept


def _of_somebody(loose: Loose, edited_by: str) -> Loose:
    names = [named(author, edited_by) for author in loose.author.split(", ")]
    return replace(loose, author=", ".join(dict.fromkeys(filter(None, names))))


class _Known:
    """Comments that say nothing new: those that went out with a document, and those made of one brought before."""

    def __init__(self, uow: UnitOfWork, item_ids: Collection[int], moment: datetime | None) -> None:
        query = (
            select(Document.item_id, Document.field, Discussion.quote, Comment.words, Comment.made_at, Person.name)
            .join(Discussion, Discussion.document_id == Document.id)
            .join(Comment, Comment.discussion_id == Discussion.id)
            .outerjoin(Person, Person.id == Comment.author_id)
            .where(Document.item_id.in_(item_ids))
        )
        self._went_out: set[tuple[int, str, str]] = set()
        self._made: set[tuple[int, str, str]] = set()
        for item_id, field, quote, words, made_at, author in uow.session.execute(query):
            if item_id is None:
                continue
            self._made.add((item_id, _letters(as_read(field.value, quote)), fold(words)))
            if moment is None or made_at <= moment:
                self._went_out.add((item_id, fold(author or FORMER_MEMBER), fold(comment_words(quote, words))))

    def says(self, item_id: int, comment: Loose) -> bool:
        """Whether a comment of a document is one of them: on the same item, by the same person or on the same words."""
        if (item_id, fold(comment.author), fold(comment.text)) in self._went_out:
            return True
        quoted, quoting = _spoken(comment.author, comment.text, comment.on)
        on = _letters(comment.on)
        return self._made.issuperset((item_id, on, fold(each)) for each in quoted) or self._made.issuperset(
            (item_id, "", fold(each)) for each in quoting
        )


def _letters(quote: str) -> str:
    """Words that a comment is about as they are looked for in a text: paragraphs and points may be parted otherwise."""
    folded = fold(quote)
    return "".join(folded[at] for at in anchors.letters(folded)) or folded


def _spoken(author: str, text: str, on: str) -> tuple[list[str], list[str]]:
    """A comment of a document as one of the item, and what goes on in replies to it, as none may be as long as it is:
    where it can stand on the words it is about, and where not."""
    who = author or "Word"
    return _divided(who, who, text), _divided(f"{who}, on “{on[:300]}”" if on else who, who, text)


def _divided(first: str, who: str, text: str) -> list[str]:
    """What somebody said, in as many comments as it needs, parted between words where it can be.

    It begins with `first`, and each further comment says whose it is too.
    """
    if len(f"{first}: {text}") <= comments.LONGEST:
        return [f"{first}: {text}"]
    room = comments.LONGEST - len(max(first, who, key=len)) - len(", continued (99 of 99):  …")
    parts = []
    while len(text) > room:
        gap = max(text.rfind(space, room // 2, room) for space in " \n")
        cut = gap if gap > 0 else room
        parts.append(f"{text[:cut].strip()} …")
        text = text[cut:].strip()
    parts.append(text)
    leads = [first, *(f"{who}, continued ({number} of {len(parts)})" for number in range(2, len(parts) + 1))]
    return [f"{lead}: {part}" for lead, part in zip(leads, parts, strict=True)]


def access_return(uow: UnitOfWork, actor: Actor, return_id: int, *, group_id: int) -> ReturnedDocument:
    """A returned document, for whoever brought it alone. Raises NotFound, Forbidden."""
    found = access(uow.session, actor, ReturnedDocument, return_id, Can.TEXT_SUGGEST)
    if found.group_id != group_id or found.brought_by_id != actor.person_id:
        raise NotFound()
    return found


def list_mine(uow: UnitOfWork, actor: Actor, *, group_id: int) -> list[ReturnedDocument]:
    """The documents the actor brought back to a group, newest first. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.TEXT_SUGGEST)
    query = select(ReturnedDocument).where(
        ReturnedDocument.group_id == group_id, ReturnedDocument.brought_by_id == actor.person_id
    )
    return list(uow.session.execute(query.order_by(ReturnedDocument.id.desc())).scalars())


def preview(uow: UnitOfWork, actor: Actor, *, return_id: int, group_id: int) -> Preview:
    """What the document would become, item by item, and what it holds besides. Raises NotFound, Forbidden."""
    document = access_return(uow, actor, return_id, group_id=group_id)
    ids = {each["item_id"] for each in document.proposals}
    entries = items.entries_of(uow, actor, group_id, ids)
    suggested = _Suggested(uow, actor, {item_id: entry.documents for item_id, entry in entries.items()})
    ends = {
        entry.item.id: items.went_to(uow.session, entry.item)
        for entry in entries.values() if entry.item.status is Status.WITHDRAWN
    }  # fmt: skip
    proposals = []
    for number, each in enumerate(document.proposals):
        entry = entries.get(each["item_id"])
        if entry is None:
            continue
        blocked, known, fits = "", False, _fits(uow, entry, each)
        now_in: tuple[tuple[int, str], ...] = ()
        end = ends.get(entry.item.id)
        if end is not None:
            now_in = _standing([end])
            went = "withdrawn" if end is entry.item else f"merged into {end.reference}{_IS_GONE if not now_in else ''}"
            blocked = f"It has been {went} since."
        elif each["suggestion_id"] is None and (settled := suggested.settled(each)) is not None:
            known, blocked = True, settled.why
        elif each["suggestion_id"] is None:
            parts, is_there = _went_to(uow, entry, each)
            now_in, fits = _standing(parts), fits and not parts
            if is_there:
                named = " and ".join(part.reference for part in parts)
                blocked = f"These words have gone to {named}{_IS_GONE if not now_in else ''} since."
            elif _stands(entry.documents[Field(each["field"])], each):
                known, blocked = True, _STANDS
        proposals.append(
            Proposed(
                number, entry.item.id, entry.item.reference, entry.title, Field(each["field"]), each["before"],
                each["after"], tuple(each["authors"]), each["mixed"], blocked, each["refused"],
                fits, each["suggestion_id"],
                None if blocked or each["suggestion_id"] is not None else suggested.refused(each), known, now_in,
            )
        )  # fmt: skip
    spoken_of = {each["item_id"] for each in document.loose if _may_be_said(each)}
    standing = items.entries_of(uow, actor, group_id, spoken_of)
    gone = {item_id for item_id, entry in standing.items() if entry.item.status is Status.WITHDRAWN}
    return Preview(document, proposals, [_besides(number, each, gone) for number, each in enumerate(document.loose)])


def _fits(uow: UnitOfWork, entry: items.Entry, proposal: dict[str, Any]) -> bool:
    document = entry.documents[Field(proposal["field"])]
    if document.version == proposal["version"]:
        return True
    change = change_between(proposal["before"], proposal["after"])
    return suggestions.still_fits(uow.session, document, change, proposal["version"])


def _stands(document: Document, proposal: dict[str, Any]) -> bool:
    """Whether all that a proposal changes reads so today, by whichever changes that came."""
    if document.version == proposal["version"]:
        return False
    now = set(places(change_between(proposal["before"], document.text)))
    return now.issuperset(places(change_between(proposal["before"], proposal["after"])))


def _went_to(uow: UnitOfWork, entry: items.Entry, proposal: dict[str, Any]) -> tuple[list[item_models.Item], bool]:
    """Items split off since to which words of a proposal went, and whether all of it belongs there."""
    document, since = entry.documents[Field(proposal["field"])], proposal["version"]
    cuts = origins.cuts(uow.session, document, after=since) if proposal["field"] == Field.TEXT.value else []
    change = change_between(proposal["before"], proposal["after"])
    found: list[item_models.Item] = []
    for cut in cuts:
        moved = suggestions.moved_on(uow.session, document, change, since, cut.before)
        if moved is None:  # whatever is left of it has met other words, and is shown beside them
            return list(dict.fromkeys([*found, *(items.went_to(uow.session, each.part) for each in cuts)])), False
        change, since = moved, cut.before
        stays = [number for number, place in enumerate(places(change)) if not cut.took(place)]
        if len(stays) < len(places(change)):
            found.append(items.went_to(uow.session, cut.part))
        if not stays:
            return found, True
        change = only(change, stays)
    return found, False


def _standing(ends: Iterable[item_models.Item]) -> tuple[tuple[int, str], ...]:
    return tuple((each.id, each.reference) for each in ends if each.status is not Status.WITHDRAWN)


def _besides(number: int, kept: dict[str, Any], gone: Collection[int]) -> Besides:
    own = {"item_id", "said"}
    loose = Loose(**{name: value for name, value in kept.items() if name not in own})
    may_be_said = _may_be_said(kept) and kept["item_id"] not in gone
    return Besides(number, loose, kept["item_id"], may_be_said, kept["said"])


def make(
    uow: UnitOfWork, actor: Actor, *, return_id: int, group_id: int, chosen: Collection[int],
    remarks: Collection[int] = (),
) -> tuple[int, int]:  # fmt: skip
    """Make suggestions of the proposals chosen, and comments of the remarks chosen, by their numbers; how many of each.

    One that cannot be made (its item was withdrawn, too many of the actor's wait there) keeps the sentence that says
    why; one that waits already, or was accepted, is not made twice. Raises NotFound, Forbidden, Invalid when none is
    chosen.
    """
    known = access_return(uow, actor, return_id, group_id=group_id)
    document = uow.lock(ReturnedDocument, known.id)
    wanted = [
        number for number, each in enumerate(document.proposals) if number in chosen and not each["suggestion_id"]
    ]
    loose = [dict(each) for each in document.loose]
    spoken = [number for number, each in enumerate(loose) if number in remarks and _may_be_said(each)]
    if not wanted and not spoken:
        raise Invalid("", fields={"chosen": "Tick at least one change or comment that has not been taken over yet."})
    proposals = [dict(each) for each in document.proposals]
    made = 0
    texts = documents.documents_of(uow.session, {proposals[number]["item_id"] for number in wanted})
    suggested = _Suggested(uow, actor, texts)
    for number in wanted:
        each = proposals[number]
        settled = suggested.settled(each)
        if settled is not None:
            each["suggestion_id"] = settled.by.id
            continue
        if _stands(texts[each["item_id"]][Field(each["field"])], each):
            each["refused"] = _STANDS
            continue
        try:
            suggestion = suggestions.suggest(
                uow, actor, item_id=each["item_id"], field=Field(each["field"]), text=each["after"],
                version=each["version"], reason=reason(each["authors"], document.edited_by, mixed=each["mixed"]),
                from_word=True, group_id=group_id,
            )  # fmt: skip
        except (Conflict, Invalid) as refused:
            each["refused"] = refused.message or " ".join(refused.fields.values())
        else:
            each["suggestion_id"], each["refused"] = suggestion.id, ""
            made += 1
    said = 0
    for number in spoken:
        try:
            loose[number]["said"] = _say(uow, actor, loose[number], group_id)
        except (Conflict, Invalid):  # its item was withdrawn meanwhile, which the preview says from now on
            continue
        said += 1
    document.proposals, document.loose = proposals, loose
    if made:
        note(uow, actor, f"made {made} suggestions from a Word document", group_id=group_id)
    return made, said


def _may_be_said(loose: dict[str, Any]) -> bool:
    is_one = loose["what"] == "comment" and bool(loose["item_id"]) and 0 < len(loose["text"]) <= LONGEST_SAID
    return is_one and not loose["said"]


def _say(uow: UnitOfWork, actor: Actor, remark: dict[str, Any], group_id: int) -> int:
    """Make a comment of the item of one in the document, on the same words where they are still there."""
    quoted, quoting = _spoken(remark["author"], remark["text"], remark["on"])
    where = {"item_id": remark["item_id"], "field": Field(remark["field"]), "group_id": group_id}
    try:
        talk = comments.start(uow, actor, words=quoted[0], quote=remark["on"], **where).id
    except Invalid:
        quoted = quoting
        talk = comments.start(uow, actor, words=quoting[0], **where).id
    for each in quoted[1:]:
        comments.reply(uow, actor, discussion_id=talk, words=each, group_id=group_id)
    return talk


def discard(uow: UnitOfWork, actor: Actor, *, return_id: int, group_id: int) -> None:
    """Put a returned document aside; suggestions made of it stay. Raises NotFound, Forbidden."""
    uow.session.delete(access_return(uow, actor, return_id, group_id=group_id))


def reason(authors: Collection[str], edited_by: str, *, mixed: bool) -> str:
    """Why a suggestion from a Word document was made: whose changes these are."""
    return reason_of((name or edited_by for name in authors), mixed=mixed)[: suggestions.LONGEST_REASON]


# --- what the document was made from ---


def _origin(file: WordFile) -> tuple[str, str, datetime | None, str, int]:
    """(group's short name, draft or a version's number, when it was made, the group's sign, the number of its last
    line), as far as it says."""
    slug, base, made, sign, lines = [*file.properties.get(PROPERTY, "").split(), *[""] * 5][:5]
    last = int(lines) if lines.isascii() and lines.isdigit() and len(lines) < 8 else 0
    if base != DRAFT and not (base.isascii() and base.isdigit() and len(base) < 8):
        base = ""
    try:
        return slug, base, datetime.strptime(made, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC), sign, last
    except ValueError:
        return slug, base, None, sign, last


def went_out(uow: UnitOfWork, group_id: int, file: WordFile) -> bool:
    """Whether a document was made from the group's own blueprint: as its property says, and where that is lost, by its
    marks and references. The caller has asked for the right."""
    group = uow.session.get_one(Group, group_id)
    slug, _base, _made, sign, _last = _origin(file)
    if slug or sign:
        return slug == group.slug and sign in ("", sign_of(group))
    marked = {reference for reference, _name in versions_of(file)}
    return bool(marked & {item.reference for item in items.items_of(uow.session, group_id)})


def _speaks_of(returned: Returned) -> bool:
    """Whether most titles in the document are those of the group's items, as they went out or nearly so."""
    foreign = {
        each.reference for each in returned.proposals if each.field == "title" and not alike(each.before, each.after)
    }
    return 2 * len(foreign) <= returned.found


class _Source:
    """The items the document may speak of, with the texts it was made from."""

    def __init__(
        self, uow: UnitOfWork, group_id: int, base: str, moment: datetime | None, marked: dict[Place, int]
    ) -> None:
        self._uow, self._group_id, self._moment, self._marked = uow, group_id, moment, marked
        self._version = self._find_version(base)
        self.item_ids: dict[str, int] = {}

    def _find_version(self, base: str) -> Version | None:
        if not base.isdigit():
            return None
        query = select(Version).where(Version.group_id == self._group_id, Version.number == int(base))
        return self._uow.session.execute(query).scalar_one_or_none()

    def items(self) -> Iterator[Item]:
        """In the order in which they went out, then those the document need not hold."""
        session = self._uow.session
        standing = items.items_of(session, self._group_id)
        self.item_ids = {item.reference: item.id for item in standing}
        texts = documents.documents_of(session, self.item_ids.values())
        frozen = {row.reference: row for row in versions.items_of(session, self._version.id)} if self._version else {}
        by_reference = {item.reference: item for item in standing}
        order = [*frozen, *(each for each in by_reference if each not in frozen)]
        for reference in order:
            item = by_reference.get(reference)
            if item is None:
                continue
            row = frozen.get(reference)
            held = texts.get(item.id, {})
            found = {}
            for name in FIELDS:
                document = held.get(Field(name))
                if document is not None:
                    said = getattr(row, name) if row is not None else None
                    found[name] = self._text(reference, name, document, said)
            sent = row is not None if frozen else self._was_there(item)
            surely = bool(frozen) or self._moment is not None
            yield Item(reference, found, sent, surely, missed=sent and item.status is not Status.WITHDRAWN)

    def _was_there(self, item: item_models.Item) -> bool:
        if self._moment is None:
            return item.status is not Status.WITHDRAWN
        left = item.changed_at if item.status is Status.WITHDRAWN else None
        return item.created_at <= self._moment and (left is None or left > self._moment)

    def _text(self, reference: str, name: str, document: Document, said: str | None) -> Text:
        session = self._uow.session
        version = self._marked.get((reference, name))
        if version is None or version > document.version:
            if said is not None and self._version is not None:
                version = history.version_holding(session, document, said, self._version.frozen_at)
            else:
                version = self._version_at(document)
        return Text(version, history.text_at(session, document, version))

    def _version_at(self, document: Document) -> int:
        if self._moment is None:
            return document.version
        query = select(func.max(TextChange.version)).where(
            TextChange.document_id == document.id, TextChange.at <= self._moment
        )
        return self._uow.session.execute(query).scalar_one() or 0


Texts = Mapping[int, Mapping[Field, Document]]


class _Settled(NamedTuple):
    """That a proposal need not be made, by which suggestion, and why."""

    by: Suggestion
    why: str


class _Suggested:
    """What has been suggested on some texts: the actor's own that still waits, or what was decided or divided."""

    def __init__(self, uow: UnitOfWork, actor: Actor, texts: Texts) -> None:
        self._texts = texts
        mine = and_(Suggestion.state == SuggestionState.OPEN, Suggestion.author_id == actor.person_id)
        decided = (SuggestionState.ACCEPTED, SuggestionState.PARTLY, SuggestionState.REJECTED)
        perhaps_divided = and_(Suggestion.state == SuggestionState.WITHDRAWN, Suggestion.in_conflict)
        query = select(Suggestion).where(
            Suggestion.document_id.in_([each.id for held in texts.values() for each in held.values()]),
            or_(mine, Suggestion.state.in_(decided), perhaps_divided),
        )
        found = uow.session.execute(query.order_by(Suggestion.id)).scalars().all()
        self._session = uow.session
        self._refused: defaultdict[int, list[Suggestion]] = defaultdict(list)
        for each in reversed(found):
            if each.state is SuggestionState.REJECTED:
                self._refused[each.document_id].append(each)
        self._all = found
        # One that was withdrawn counts only where others stand in its place, and where none of the same does.
        told = [*(each for each in found if _is_gone(each)), *(each for each in found if not _is_gone(each))]
        self._found = {
            (each.document_id, each.made_for, each.changes): each
            for each in told
            if each.state is not SuggestionState.REJECTED
        }

    def settled(self, proposal: dict[str, Any]) -> _Settled | None:
        """By what a proposal has been said already and waits, or was decided: whole, or in parts; None where it was
        not, or the group has said no to all of it."""
        parts = self._stands_in(proposal)
        return _settled(parts) if parts and not any(map(_is_gone, parts)) else None

    def refused(self, proposal: dict[str, Any]) -> Suggestion | None:
        """The last one in which the group has said no to the words of a proposal, or to the last part of them."""
        document = self._texts[proposal["item_id"]][Field(proposal["field"])]
        same = suggestions.saying_the_same(
            self._session, self._refused[document.id][:MOST_REFUSED], document, proposal["version"],
            proposal["before"], proposal["after"],
        )  # fmt: skip
        parts = self._stands_in(proposal) if same is None else []
        if parts and all(each.state is SuggestionState.REJECTED for each in parts):
            return max(parts, key=lambda each: (each.decided_at or each.made_at, each.id))
        return same

    def _stands_in(self, proposal: dict[str, Any]) -> Sequence[Suggestion]:
        """The suggestions in which a proposal stands: one, the parts of one that was divided, or none."""
        document = self._texts.get(proposal["item_id"], {}).get(Field(proposal["field"]))
        change = change_between(proposal["before"], proposal["after"]).to_json()
        same = self._found.get((document.id, proposal["version"], change)) if document is not None else None
        if same is None:
            return []
        return suggestions.parts_of(same, self._all) if _is_gone(same) else [same]


def _is_gone(suggestion: Suggestion) -> bool:
    return suggestion.state is SuggestionState.WITHDRAWN


def _settled(parts: Sequence[Suggestion]) -> _Settled | None:
    """How a suggestion is settled that stands in some parts, or whole."""
    states = {each.state for each in parts}
    if SuggestionState.OPEN in states:
        waits = next(each for each in parts if each.state is SuggestionState.OPEN)
        divided = " It was divided, and a part of it waits." if len(parts) > 1 else ""
        return _Settled(waits, f"You have suggested this already.{divided}")
    if states == {SuggestionState.ACCEPTED}:
        return _Settled(parts[0], "The group has taken these words over already.")
    if states == {SuggestionState.REJECTED}:
        return None
    left = next(each for each in parts if each.state is not SuggestionState.ACCEPTED)
    why = "The group has taken a part of this over and left out the rest"
    return _Settled(left, f"{why}: {left.answer}" if left.answer else f"{why}.")
