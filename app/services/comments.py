"""Comments: discussions about exact words, carried along while the words change, resolved and reopened."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.calc import anchors
from app.calc.anchors import Anchor
from app.calc.changes import to_units
from app.calc.dialect import clean
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import ItemChanged
from app.policy import Actor, Can, allowed, require, standing
from app.services import documents, history, items, notifications
from app.services.accounts import names_of
from app.services.activity import note
from app.uow import UnitOfWork
from models.accounts import Person
from models.comments import Comment, Discussion, Mention
from models.documents import Document, Field
from models.groups import Group, Membership, Role
from models.items import Item
from models.notifications import Kind

LONGEST = 2_000
#: The words one comments on are at most so long; more than that is a comment on the whole text.
LONGEST_QUOTE = 2_000
#: A place is not carried over more changes than this: whoever points at words has them open.
FAR = 2_000
#: The same words of the same person within this time are one press of a button.
PRESSED_TWICE = timedelta(minutes=1)
#: How many resolved discussions an item shows, newest first.
RESOLVED_SHOWN = 20
#: How many discussions one list of a group holds.
MOST = 200


class Point(NamedTuple):
    """Words pointed at in an open editor: from ``start`` to ``end`` (UTF-16 units) of the text's ``version``."""

    version: int
    start: int
    end: int


class Which(StrEnum):
    """Which discussions of a group somebody wants to see."""

    OPEN = "open"
    MINE = "mine"
    MENTIONS = "mentions"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Said:
    """One comment as it is read: its author's name, and whether the reader may change it."""

    comment: Comment
    author: str
    mentioned: Collection[str]
    mine: bool


@dataclass(frozen=True)
class Talk:
    """A discussion as people read it: where its words stand today (None: nowhere, or it is about the whole text)."""

    discussion: Discussion
    item: Item
    field: Field
    place: Anchor | None
    said: Sequence[Said]
    resolved_by: str
    may_comment: bool

    @property
    def orphan(self) -> bool:
        """Whether the words it is about are gone; they can still be read in its quote."""
        return bool(self.discussion.quote) and self.place is None


# --- saying something ---


def start(
    uow: UnitOfWork, actor: Actor, *, item_id: int, words: str, field: Field = Field.TEXT, quote: str = "",
    occurrence: int | None = None, point: Point | None = None, group_id: int | None = None,
) -> Discussion:  # fmt: skip
    """Begin a discussion about words of an item: those at ``point``, those that read ``quote``, or all of the text.

    Sent twice it is one. Raises NotFound, Forbidden, Conflict for a withdrawn item, Invalid where nothing is said or
    the quote is not there.
    """
    item = items.access_item(uow.session, actor, item_id, Can.COMMENT_WRITE, group_id=group_id)
    item = uow.lock(Item, item.id)
    items.must_stand(uow.session, item)
    known = documents.documents_of(uow.session, [item.id]).get(item.id, {}).get(field)
    if known is None:
        raise NotFound()
    document = uow.lock(Document, known.id)
    words = _checked(words)
    place, cut = _place(uow.session, document, quote, occurrence, point)
    version = document.version if point is None else point.version
    made = Discussion(
        group_id=item.group_id, document_id=document.id, made_at=uow.now, made_for=version, quote=cut,
        begins=place.start, ends=place.end, carried_to=version,
    )  # fmt: skip
    _carry(uow.session, [made], document)
    same = select(Discussion.id).where(
        Discussion.document_id == document.id, Discussion.quote == cut, Discussion.begins == made.begins,
        Discussion.ends == made.ends,
    )  # fmt: skip
    again = _said_just_now(uow, actor, words, same)
    if again is not None:
        return uow.session.get_one(Discussion, again.discussion_id)
    uow.session.add(made)
    uow.flush()
    _say(uow, actor, made, item, words)
    note(uow, actor, f"commented on {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return made


def reply(uow: UnitOfWork, actor: Actor, *, discussion_id: int, words: str, group_id: int | None = None) -> Comment:
    """Add to a discussion; a resolved one is open again. Sent twice it is one. Raises NotFound, Forbidden, Invalid."""
    discussion, item = _hold(uow, actor, discussion_id, group_id)
    words = _checked(words)
    again = _said_just_now(uow, actor, words, select(Discussion.id).where(Discussion.id == discussion.id))
    if again is not None:
        return again
    said = _say(uow, actor, discussion, item, words)
    discussion.resolved_at = discussion.resolved_by_id = None
    note(uow, actor, f"replied to a comment on {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return said


def change(uow: UnitOfWork, actor: Actor, *, comment_id: int, words: str, group_id: int | None = None) -> Comment:
    """Say one's own comment in other words, which is shown. Raises NotFound, Forbidden, Conflict, Invalid."""
    comment, discussion, item = _mine(uow, actor, comment_id, group_id)
    words = _checked(words)
    if words != comment.words:
        comment.words, comment.changed_at = words, uow.now
        _mention(uow, actor, discussion, item, comment)
        uow.emit(ItemChanged(item.group_id, item.id))
    return comment


def take_back(uow: UnitOfWork, actor: Actor, *, comment_id: int, group_id: int | None = None) -> Comment:
    """Take the words of one's own comment back; that there was one stays, and what holds no words is no longer open.

    Raises NotFound, Forbidden, Conflict.
    """
    comment, discussion, item = _mine(uow, actor, comment_id, group_id)
    comment.words, comment.taken_back_at = "", uow.now
    left = select(Comment.id).where(Comment.discussion_id == discussion.id, Comment.taken_back_at.is_(None)).limit(1)
    uow.flush()
    if discussion.resolved_at is None and uow.session.execute(left).first() is None:
        discussion.resolved_at, discussion.resolved_by_id = uow.now, actor.person_id
    notifications.drop(uow, group_id=item.group_id, path=_path(item.id, comment.id))
    _mention(uow, actor, discussion, item, comment)
    uow.emit(ItemChanged(item.group_id, item.id))
    return comment


def resolve(
    uow: UnitOfWork, actor: Actor, *, discussion_id: int, words: str = "", group_id: int | None = None
) -> Discussion:
    """Say that a discussion has come to its end, with ``words`` as the last of it where there are any.

    Raises NotFound, Forbidden, Invalid, Conflict when it was resolved.
    """
    discussion, item = _hold(uow, actor, discussion_id, group_id)
    if discussion.resolved_at is not None:
        raise Conflict("Somebody has resolved this already.")
    if words.strip():
        reply(uow, actor, discussion_id=discussion_id, words=words, group_id=group_id)
    discussion.resolved_at, discussion.resolved_by_id = uow.now, actor.person_id
    note(uow, actor, f"resolved a comment on {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return discussion


def close_open(uow: UnitOfWork, actor: Actor, item_ids: Collection[int]) -> None:
    """Resolve what is said of some items, which the caller holds and whose words it puts back."""
    waiting = (
        select(Discussion).join(Document, Document.id == Discussion.document_id)
        .where(Document.item_id.in_(item_ids), Discussion.resolved_at.is_(None))
    )  # fmt: skip
    for discussion in uow.session.execute(waiting).scalars().all():
        discussion.resolved_at, discussion.resolved_by_id = uow.now, actor.person_id


def reopen(uow: UnitOfWork, actor: Actor, *, discussion_id: int, group_id: int | None = None) -> Discussion:
    """Open a resolved discussion again. Raises NotFound, Forbidden, Conflict when it is open."""
    discussion, item = _hold(uow, actor, discussion_id, group_id)
    if discussion.resolved_at is None:
        raise Conflict("This comment is open already.")
    discussion.resolved_at = discussion.resolved_by_id = None
    note(uow, actor, f"reopened a comment on {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return discussion


# --- reading ---


def of_item(
    uow: UnitOfWork, actor: Actor, item_id: int, *, group_id: int | None = None, also: int | None = None
) -> list[Talk]:
    """The discussions of an item: open ones in the order of their words, then the last resolved, and that of the
    comment ``also`` where it was resolved before those.

    Raises NotFound, Forbidden.
    """
    item = items.access_item(uow.session, actor, item_id, Can.COMMENT_READ, group_id=group_id)
    mine = select(Discussion).join(Document, Document.id == Discussion.document_id).where(Document.item_id == item.id)
    waiting = list(uow.session.execute(mine.where(Discussion.resolved_at.is_(None))).scalars())
    resolved = list(
        uow.session.execute(
            mine.where(Discussion.resolved_at.is_not(None))
            .order_by(Discussion.resolved_at.desc(), Discussion.id.desc()).limit(RESOLVED_SHOWN)
        ).scalars()
    )  # fmt: skip
    if also is not None and len(resolved) == RESOLVED_SHOWN:
        with_it = select(Comment.discussion_id).where(Comment.id == also)
        one = uow.session.execute(mine.where(Discussion.resolved_at.is_not(None), Discussion.id.in_(with_it))).scalar()
        resolved += [one] if one is not None and one not in resolved else []
    order = {field: at for at, field in enumerate(documents.WORDS)}
    talks = _talks(uow, actor, [*waiting, *resolved])
    first = [each for each in talks if each.discussion.resolved_at is None]
    first.sort(key=lambda talk: (order.get(talk.field, 9), (talk.place or (1 << 30,))[0], talk.discussion.id))
    return [*first, *(each for each in talks if each.discussion.resolved_at is not None)]


def in_group(uow: UnitOfWork, actor: Actor, *, group_id: int, which: Which = Which.OPEN) -> list[Talk]:
    """The discussions of a group, those last spoken in first, at most MOST. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.COMMENT_READ)
    last = func.max(Comment.made_at)
    query = (
        select(Discussion).join(Comment, Comment.discussion_id == Discussion.id)
        .where(Discussion.group_id == group_id)
        .group_by(Discussion.id).order_by(last.desc(), Discussion.id.desc()).limit(MOST)
    )  # fmt: skip
    spoken = select(Comment.discussion_id)
    narrower = {
        Which.OPEN: Discussion.resolved_at.is_(None),
        Which.RESOLVED: Discussion.resolved_at.is_not(None),
        Which.MINE: Discussion.id.in_(spoken.where(Comment.author_id == actor.person_id)),
        Which.MENTIONS: Discussion.id.in_(
            spoken.join(Mention, Mention.comment_id == Comment.id).where(Mention.person_id == actor.person_id)
        ),
    }
    return _talks(uow, actor, list(uow.session.execute(query.where(narrower[which])).scalars()))


def open_counts(session: Session, group_id: int) -> dict[int, int]:
    """How many discussions are open on each item of a group."""
    query = (
        select(Document.item_id, func.count())
        .join(Discussion, Discussion.document_id == Document.id)
        .where(Discussion.group_id == group_id, Discussion.resolved_at.is_(None))
        .group_by(Document.item_id)
    )
    return {item_id: count for item_id, count in session.execute(query) if item_id is not None}


def anchors_at(
    uow: UnitOfWork, actor: Actor, *, document_id: int, version: int | None = None, group_id: int | None = None
) -> tuple[int, dict[int, Anchor]]:
    """Where the words of a document's open discussions stand in one version of it, for the editor that has it open.

    Answers the version, the present one where none is asked for. Raises NotFound, also for a version the text has not
    come to; Forbidden.
    """
    document = uow.session.get(Document, document_id)
    if document is None or document.item_id is None:
        raise NotFound()
    version = document.version if version is None else version
    if not 0 <= version <= document.version:
        raise NotFound()
    items.access_item(uow.session, actor, document.item_id, Can.COMMENT_READ, group_id=group_id)
    found = uow.session.execute(
        select(Discussion).where(
            Discussion.document_id == document.id, Discussion.resolved_at.is_(None), Discussion.quote != "",
            Discussion.carried_to <= version,
        )
    ).scalars().all()  # fmt: skip
    places = _places(uow.session, document, found, version)
    return version, {id_: place for id_, place in places.items() if not place.empty}


def may_be_named(session: Session, group_id: int) -> list[tuple[int, str]]:
    """Who can be named in a comment, by id and name: everybody in the group, or who practises there, with an account,
    but guests."""
    rows = session.execute(
        select(Person.id, Person.name).join(Membership, Membership.person_id == Person.id)
        .join(Group, Group.home_id == Membership.group_id)
        .where(
            Group.id == group_id, Membership.removed_at.is_(None), Membership.role != Role.GUEST,
            Person.disabled_at.is_(None),
        )
    )  # fmt: skip
    return [(row.id, row.name) for row in rows]


def who_left(session: Session, group_id: int, words: str) -> list[str]:
    """Whom words would name and do not, since they have left or their account is closed: nobody is told of that."""
    here = may_be_named(session, group_id)
    rows = session.execute(
        select(Person.id, Person.name).join(Membership, Membership.person_id == Person.id)
        .join(Group, Group.home_id == Membership.group_id)
        .where(Group.id == group_id, Membership.role != Role.GUEST, Person.erased_at.is_(None))
    )  # fmt: skip
    present = {name.casefold() for _, name in here}
    known = [(row.id, row.name) for row in rows]
    named = _named_in(words, known)
    return sorted({name for id_, name in known if id_ in named and name.casefold() not in present})


def carry_along(uow: UnitOfWork, document: Document) -> None:
    """Move the discussions of a held document to its present text, so that no reader has far to carry them."""
    found = uow.session.execute(select(Discussion).where(Discussion.document_id == document.id)).scalars().all()
    _carry(uow.session, found, document)


def lead_on(uow: UnitOfWork, discussions: Collection[Discussion], *, old: int, new: int) -> None:
    """Discussions have gone from one item to another: what people were told of them leads there, and is read there."""
    said = select(Comment.id).where(Comment.discussion_id.in_([each.id for each in discussions]))
    for comment_id in uow.session.execute(said).scalars().all():
        notifications.lead_on(uow, _path(old, comment_id), item_id=new, path=_path(new, comment_id))


def rename(uow: UnitOfWork, person_id: int, former: str, new: str) -> None:
    """Write somebody's new name where they are named, so that nothing keeps the old one."""
    named = select(Mention.comment_id).where(Mention.person_id == person_id)
    rows = uow.session.execute(
        select(Comment, Person.name).join(Mention, Mention.comment_id == Comment.id)
        .join(Person, Person.id == Mention.person_id).where(Comment.id.in_(named))
    )  # fmt: skip
    names: dict[Comment, set[str]] = {}
    for comment, name in rows:
        names.setdefault(comment, {former}).add(name)
    for comment, present in names.items():
        # "@Ana" begins "@Ana Lee" too, who may be somebody else in the same comment.
        comment.words = _named(present).sub(
            lambda match: f"@{new}" if match[1].casefold() == former.casefold() else match[0], comment.words
        )


# --- parts of these ---


def _checked(words: str) -> str:
    words = clean(words).strip()
    if not any(sign.isprintable() and not sign.isspace() for sign in words):
        raise Invalid("", fields={"words": "Say what you think of these words."})
    if len(words) > LONGEST:
        raise Invalid("", fields={"words": f"At most {LONGEST:,} characters. Suggest other words instead?"})
    return words


def _place(
    session: Session, document: Document, quote: str, occurrence: int | None, point: Point | None
) -> tuple[Anchor, str]:
    """The place pointed at and the words that stand there; both empty for a comment on the whole text."""
    if point is not None:
        if document.version - point.version > FAR:
            sentence = "These words have changed a lot since you opened them. Mark them again."
            raise Invalid(sentence, fields={"quote": sentence})
        text = history.text_at(session, document, point.version)
        place = Anchor(point.start, point.end)
    elif quote.strip():
        text = document.text
        found = anchors.find(text, quote[: LONGEST_QUOTE + 1], occurrence)
        if found is None:
            raise Invalid("", fields={"quote": "These words do not stand in the text as it is now. Copy them from it."})
        place = found
    else:
        return Anchor(0, 0), ""
    try:
        cut = anchors.cut(text, place)
    except ValueError:
        raise Invalid("", fields={"quote": "These words are not in the text. Mark them again."}) from None
    if not cut.strip():
        return Anchor(0, 0), ""
    if len(cut) > LONGEST_QUOTE:
        raise Invalid("", fields={"quote": f"Mark at most {LONGEST_QUOTE:,} characters, or comment on the whole text."})
    # A space marked along would stay when the words go, and be what the comment is about.
    return Anchor(place.start + len(cut) - len(cut.lstrip()), place.end - len(cut) + len(cut.rstrip())), cut.strip()


def _said_just_now(uow: UnitOfWork, actor: Actor, words: str, where: Select[int]) -> Comment | None:
    """The same words of the same person a moment ago: a button that was pressed twice says a thing once."""
    found = select(Comment).where(
        Comment.discussion_id.in_(where), Comment.author_id == actor.person_id, Comment.words == words,
        Comment.made_at > uow.now - PRESSED_TWICE,
    )  # fmt: skip
    return uow.session.execute(found).scalars().first()


def _say(uow: UnitOfWork, actor: Actor, discussion: Discussion, item: Item, words: str) -> Comment:
    """Add a comment; who is named in it is told, and who has spoken in the discussion before."""
    comment = Comment(discussion_id=discussion.id, author_id=actor.person_id, made_at=uow.now, words=words)
    uow.session.add(comment)
    uow.flush()
    named = _mention(uow, actor, discussion, item, comment)
    for person_id in _spoken_before(uow.session, comment) - named:
        _answer(uow, actor, person_id, item, comment)
    return comment


def _spoken_before(session: Session, comment: Comment) -> set[int | None]:
    spoken = select(Comment.author_id).where(
        Comment.discussion_id == comment.discussion_id, Comment.id < comment.id
    )  # fmt: skip
    return set(session.execute(spoken.distinct()).scalars())


def _answer(uow: UnitOfWork, actor: Actor, person_id: int | None, item: Item, comment: Comment) -> None:
    _tell(uow, actor, person_id, Kind.REPLY, f"answered you on {item.reference}", item, comment)


def _tell(
    uow: UnitOfWork, actor: Actor, person_id: int | None, kind: Kind, words: str, item: Item, comment: Comment
) -> None:
    """Without what was said: it may be put in other words, or taken back."""
    notifications.tell(
        uow, person_id, kind, group_id=item.group_id, item_id=item.id, by=actor, words=words,
        path=_path(item.id, comment.id), key=f"comment-{comment.id}-{kind.value}-{person_id}",
    )  # fmt: skip


def _path(item_id: int, comment_id: int) -> str:
    return f"blueprint/items/{item_id}#said-{comment_id}"


def _mention(uow: UnitOfWork, actor: Actor, discussion: Discussion, item: Item, comment: Comment) -> set[int]:
    """Keep who is named in a comment, as it reads now, and tell those who were not before; all of them.

    Who is named no more is told of it no more; where they had spoken before, that they were answered.
    """
    known = select(Mention).where(Mention.comment_id == comment.id)
    before = uow.session.execute(known).scalars().all()
    # Who was named and has left the group since stays named for as long as the name stands there.
    left = names_of(uow.session, (mention.person_id for mention in before)).items()
    wanted = _named_in(comment.words, {*may_be_named(uow.session, discussion.group_id), *left})
    named, place = set(wanted), _path(item.id, comment.id)
    spoken = _spoken_before(uow.session, comment) if before and comment.taken_back_at is None else set()
    for mention in before:
        if mention.person_id not in wanted:
            uow.session.delete(mention)
            waited = notifications.drop(
                uow, group_id=item.group_id, path=place, person_id=mention.person_id, kind=Kind.MENTION
            )
            if waited and mention.person_id in spoken:
                _answer(uow, actor, mention.person_id, item, comment)
        wanted.discard(mention.person_id)
    for person_id in sorted(wanted):
        uow.session.add(Mention(comment_id=comment.id, person_id=person_id))
        notifications.drop(uow, group_id=item.group_id, path=place, person_id=person_id, kind=Kind.REPLY)
        _tell(uow, actor, person_id, Kind.MENTION, f"mentioned you on {item.reference}", item, comment)
    return named


def _named(names: Iterable[str]) -> re.Pattern[str]:
    """ "@" and one of the names; of two of which one begins the other, the longer one."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<!\w)@({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def _named_in(words: str, people: Collection[tuple[int, str]]) -> set[int]:
    """Who of the people is named; everybody who has a name that several have."""
    if not people:
        return set()
    found = {match[1].casefold() for match in _named({name for _, name in people}).finditer(words)}
    return {id_ for id_, name in people if name.casefold() in found}


def _hold(uow: UnitOfWork, actor: Actor, discussion_id: int, group_id: int | None) -> tuple[Discussion, Item]:
    known = uow.session.get(Discussion, discussion_id)
    if known is None or (group_id is not None and known.group_id != group_id):
        raise NotFound()
    require(uow.session, actor, known.group_id, Can.COMMENT_WRITE)
    discussion = uow.lock(Discussion, known.id)
    document = uow.session.get_one(Document, discussion.document_id)
    return discussion, uow.session.get_one(Item, document.item_id or 0)


def _mine(uow: UnitOfWork, actor: Actor, comment_id: int, group_id: int | None) -> tuple[Comment, Discussion, Item]:
    known = uow.session.get(Comment, comment_id)
    if known is None:
        raise NotFound()
    discussion, item = _hold(uow, actor, known.discussion_id, group_id)
    comment = uow.lock(Comment, known.id)
    if comment.author_id != actor.person_id:
        raise Forbidden("Only who wrote a comment can change it.")
    if comment.taken_back_at is not None:
        raise Conflict("This comment was taken back.")
    return comment, discussion, item


def _carry(session: Session, some: Iterable[Discussion], document: Document) -> None:
    some = [each for each in some if each.carried_to < document.version]
    places = _places(session, document, some, document.version)
    for each in some:
        place = places.get(each.id) if each.id else _places(session, document, [each], document.version)[0]
        each.begins, each.ends = place or Anchor(0, 0)
        each.carried_to = document.version


def _places(session: Session, document: Document, some: Sequence[Discussion], version: int) -> dict[int, Anchor]:
    """Where discussions stand in a version of their text (id 0: one not kept yet), with the log read once for all."""
    since = min((each.carried_to for each in some), default=version)
    acts = documents.Acts(session, document, since, version) if since < version else None
    later = {
        at: [change for change, _client in acts.since(at)] if acts else [] for at in {one.carried_to for one in some}
    }
    places, units = {}, to_units(document.text)
    for each in some:
        was, over = Anchor(each.begins, each.ends), later[each.carried_to]
        place = anchors.carry(was, over)
        if version == document.version and not units[place.start : place.end].strip():
            place = anchors.again(document.text, each.quote, was, over) or Anchor(place.start, place.start)
        places[each.id or 0] = place
    return places


def _talks(uow: UnitOfWork, actor: Actor, some: Sequence[Discussion]) -> list[Talk]:
    """Discussions of one group with all that is shown of them, in the order given; reading changes no row."""
    if not some:
        return []
    session = uow.session
    texts = {
        document.id: (document, item)
        for document, item in session.execute(
            select(Document, Item).join(Item, Item.id == Document.item_id)
            .where(Document.id.in_({each.document_id for each in some}))
        )
    }  # fmt: skip
    places: dict[int, Anchor] = {}
    for document, _ in texts.values():
        quoted = [each for each in some if each.document_id == document.id and each.quote]
        places |= _places(session, document, quoted, document.version)
    said = _said(session, actor, [each.id for each in some])
    names = names_of(session, (each.resolved_by_id for each in some))
    may_comment = _may_comment(session, actor, some[0].group_id)
    talks = []
    for each in some:
        document, item = texts[each.document_id]
        place = places.get(each.id)
        talks.append(
            Talk(
                each, item, document.field, place if place and not place.empty else None, said.get(each.id, []),
                names.get(each.resolved_by_id or 0, ""), may_comment,
            )
        )  # fmt: skip
    return talks


def _may_comment(session: Session, actor: Actor, group_id: int) -> bool:
    found = standing(session, actor, group_id)
    return found is not None and allowed(found.role, Can.COMMENT_WRITE)


def _said(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, list[Said]]:
    rows = session.execute(
        select(Comment, Person.name).outerjoin(Person, Person.id == Comment.author_id)
        .where(Comment.discussion_id.in_(ids)).order_by(Comment.id)
    ).all()  # fmt: skip
    named: dict[int, list[str]] = {}
    mentions = session.execute(
        select(Mention.comment_id, Person.name).join(Person, Person.id == Mention.person_id)
        .join(Comment, Comment.id == Mention.comment_id).where(Comment.discussion_id.in_(ids))
    )  # fmt: skip
    for comment_id, name in mentions:
        named.setdefault(comment_id, []).append(name)
    found: dict[int, list[Said]] = {}
    for comment, name in rows:
        mine = comment.author_id is not None and comment.author_id == actor.person_id and comment.taken_back_at is None
        found.setdefault(comment.discussion_id, []).append(Said(comment, name or "", named.get(comment.id, []), mine))
    return found
