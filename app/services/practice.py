"""Practising: a place beside a group where nothing counts, and the tour of five minutes that leads through it.

The **practice ground** of a group is a group of its own (``Group.practises_for_id``). So nothing that is written there
can reach what the group counts, exports, finds, mails or locks: whatever asks for a group's things asks by its id.
``policy.standing`` lets everybody in with the role they hold in the group that practises, as long as they hold it.

Which steps of the **tour** somebody has taken is read from what they did there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.errors import Conflict, NotFound
from app.events import ItemChanged, TreeChanged
from app.policy import SYSTEM, Actor, Can, Standing, require
from app.services import comments, documents, items, polls, suggestions
from app.services.activity import note
from app.uow import UnitOfWork
from models.activity import Activity
from models.comments import Comment, Discussion
from models.documents import Document, Field, TextChange
from models.groups import Group
from models.items import Item, Kind, Status
from models.polls import Choice
from models.practice import Tour
from models.suggestions import Suggestion
from models.visits import Visit

#: Nobody else is there, for whoever wants to start afresh, when nobody else has done anything for so long.
QUIET = timedelta(minutes=30)


class Step(StrEnum):
    """The steps of the tour, in their order."""

    WRITE = "write"
    SUGGEST = "suggest"
    COMMENT = "comment"
    REPLY = "reply"
    ANSWER = "answer"
    LOOK = "look"


#: What it takes to take a step: nobody is shown one that their role does not let them take.
NEEDS = {
    Step.WRITE: Can.TEXT_WRITE,
    Step.SUGGEST: Can.TEXT_SUGGEST,
    Step.COMMENT: Can.COMMENT_WRITE,
    Step.REPLY: Can.COMMENT_WRITE,
    Step.ANSWER: Can.POLL_VOTE,
    Step.LOOK: Can.GROUP_READ,
}


class Lines(NamedTuple):
    """The title and the words of an item."""

    title: str
    text: str


@dataclass(frozen=True)
class Script:
    """What the ground says in the beginning, in the language of whoever opens it.

    Under ``element`` stand a ``draft`` to write in, something ``agreed`` to suggest other words for, and something
    ``discussed``, about which nobody in particular asks the ``question``.
    """

    element: str
    draft: Lines
    agreed: Lines
    discussed: Lines
    question: str

    @property
    def criteria(self) -> Sequence[tuple[str, Lines, Status]]:
        """The criteria with their references, words and statuses, in their order."""
        return (
            (DRAFT, self.draft, Status.DRAFT),
            (AGREED, self.agreed, Status.AGREED),
            (DISCUSSED, self.discussed, Status.PROPOSED),
        )


#: References are given once and for good, so they say which item is which.
ELEMENT, DRAFT, AGREED, DISCUSSED = "E1", "C1.1", "C1.2", "C1.3"


@dataclass(frozen=True)
class Stride:
    """One step as somebody finds it."""

    step: Step
    done: bool
    left_out: bool

    @property
    def open(self) -> bool:
        """Whether it is still to be taken."""
        return not (self.done or self.left_out)


@dataclass(frozen=True)
class Way:
    """How far somebody has come with the tour. ``begun_at`` is None for those who have never looked at it."""

    strides: Sequence[Stride]
    begun_at: datetime | None
    choice: Choice | None
    reason: str

    @property
    def done(self) -> int:
        """How many steps are taken."""
        return sum(each.done for each in self.strides)

    @property
    def next(self) -> Step | None:
        """The step to take next; None when all are taken or left out."""
        return next((each.step for each in self.strides if each.open), None)


@dataclass(frozen=True)
class Ground:
    """The practice ground of a group; ``ids`` are its items by reference, ``question`` the discussion to answer in."""

    id: int
    slug: str
    ids: dict[str, int]
    question: int | None
    may_restart: bool


# --- the tour ---


def way(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Way:
    """How far the actor has come, in one query. Raises NotFound, Forbidden."""
    standing = require(uow.session, actor, group_id, Can.GROUP_READ)
    found = _way(uow.session, standing, _asked(group_id, actor.person_id or 0))
    assert found is not None  # noqa: S101  # the group is there: it has just been asked for
    return found


def offer(session: Session, actor: Actor, standing: Standing) -> Way | None:
    """How far somebody who was let into the group has come, in one query, if the tour is still to be offered to them.

    None where they have put it away or come to its end, and to those whose role only reads.
    """
    if not standing.may(Can.COMMENT_WRITE):
        return None
    # What is put away finds no row, and then the database looks for nothing that was done.
    asked = _asked(standing.group_id, actor.person_id or 0).where(Tour.put_away_at.is_(None))
    found = _way(session, standing, asked)
    return found if found is not None and found.next is not None else None


def begin(uow: UnitOfWork, actor: Actor, *, group_id: int, script: Script) -> None:
    """Note that the actor takes the tour, and make the group's practice ground where there is none yet.

    Raises NotFound, Forbidden.
    """
    require(uow.session, actor, group_id, Can.GROUP_READ)
    mine = _mine(uow, actor, group_id)
    mine.begun_at = mine.begun_at or uow.now
    if _ground_id(uow.session, group_id) is None:
        _open(uow, uow.session.get_one(Group, group_id), script)


def put_away(uow: UnitOfWork, actor: Actor, *, group_id: int) -> None:
    """Do not offer the tour on the group's first page any more. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.GROUP_READ)
    _mine(uow, actor, group_id).put_away_at = uow.now


def leave_out(uow: UnitOfWork, actor: Actor, *, group_id: int, step: Step, out: bool = True) -> None:
    """Leave a step out, or take it in again. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, NEEDS[step])
    mine = _mine(uow, actor, group_id)
    mine.left_out = sorted({*mine.left_out, step.value} if out else {*mine.left_out} - {step.value})


def answer(uow: UnitOfWork, actor: Actor, *, group_id: int, choice: Choice | None, reason: str) -> None:
    """Answer "Can you live with it?" as in a session, for nobody to see. Raises NotFound, Forbidden, Invalid."""
    require(uow.session, actor, group_id, NEEDS[Step.ANSWER])
    checked = polls.checked(choice, reason)
    mine = _mine(uow, actor, group_id)
    mine.choice, mine.reason = checked


def _mine(uow: UnitOfWork, actor: Actor, group_id: int) -> Tour:
    """The actor's row, held by its group: two pages opened at once make one."""
    if actor.person_id is None:
        raise NotFound()
    uow.lock(Group, group_id)
    row = uow.session.get(Tour, (group_id, actor.person_id))
    if row is None:
        row = Tour(group_id=group_id, person_id=actor.person_id, left_out=[])
        uow.session.add(row)
        uow.flush()
    return row


def _asked(group_id: int, me: int) -> Select[Tour | None, bool, bool, bool, bool, datetime | None]:
    """The query of a person's tour: their row, and what they did in the ground."""
    ground = select(Group.id).where(Group.practises_for_id == group_id).scalar_subquery()
    wrote = exists().where(
        Document.group_id == ground, TextChange.document_id == Document.id, TextChange.author_id == me
    )
    suggested = exists().where(Suggestion.group_id == ground, Suggestion.author_id == me)
    earlier = aliased(Comment)
    mine = (Discussion.group_id == ground, Comment.discussion_id == Discussion.id, Comment.author_id == me)
    before = exists().where(earlier.discussion_id == Comment.discussion_id, earlier.id < Comment.id)
    commented = exists().where(*mine, ~before)
    replied = exists().where(*mine, before.where(func.coalesce(earlier.author_id, 0) != me))
    shown = select(Visit.shown_at).where(Visit.group_id == group_id, Visit.person_id == me).scalar_subquery()
    return (
        select(Tour, wrote, suggested, commented, replied, shown)
        .select_from(Group)
        .outerjoin(Tour, (Tour.group_id == Group.id) & (Tour.person_id == me))
        .where(Group.id == group_id)
    )


def _way(
    session: Session,
    standing: Standing,
    asked: Select[Tour | None, bool, bool, bool, bool, datetime | None],
) -> Way | None:
    row = session.execute(asked).one_or_none()
    if row is None:
        return None
    mine, wrote, suggested, commented, replied, shown = row
    begun = mine.begun_at if mine is not None else None
    done = {
        Step.WRITE: wrote,
        Step.SUGGEST: suggested,
        Step.COMMENT: commented,
        Step.REPLY: replied,
        Step.ANSWER: mine is not None and mine.choice is not None,
        # The group's first page has been on the screen since: not before, when nobody had said what to look for there.
        Step.LOOK: shown is not None and begun is not None and shown >= begun,
    }
    out = mine.left_out if mine is not None else []
    return Way(
        [Stride(step, done[step], step.value in out) for step in Step if standing.may(NEEDS[step])],
        begun, mine.choice if mine is not None else None, mine.reason if mine is not None else "",
    )  # fmt: skip


# --- the ground ---


def ground_of(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Ground | None:
    """The practice ground of the actor's group, None before somebody has come there. Raises NotFound, Forbidden."""
    standing = require(uow.session, actor, group_id, Can.GROUP_READ)
    rows = uow.session.execute(
        select(Group.id, Group.slug, Item.reference, Item.id)
        .join(Item, Item.group_id == Group.id)
        .where(Group.practises_for_id == group_id)
    ).all()
    if not rows:
        return None
    ids = {reference: item_id for _, _, reference, item_id in rows}
    return Ground(
        rows[0][0], rows[0][1], ids, uow.session.execute(_question(ids[DISCUSSED])).scalars().first(),
        _may_restart(uow, actor, standing, rows[0][0]),
    )  # fmt: skip


def start_afresh(uow: UnitOfWork, actor: Actor, *, group_id: int, script: Script) -> None:
    """Put the words of the ground back as they were in the beginning, by ordinary changes: its history stays.

    For facilitators, and for anybody who writes while nobody else is there. Raises NotFound, Forbidden, and Conflict
    while somebody else is.
    """
    standing = require(uow.session, actor, group_id, Can.TEXT_WRITE)
    ground_id = _ground_id(uow.session, group_id)
    if ground_id is None:
        raise NotFound()
    uow.lock(Group, ground_id)
    if not _may_restart(uow, actor, standing, ground_id):
        raise Conflict(
            "Somebody else is practising here just now. A facilitator can start afresh, or you in half an hour."
        )
    known = select(Item.id).where(Item.group_id == ground_id)
    held = uow.lock_all(Item, uow.session.execute(known).scalars())
    ids = [item.id for item in held]
    suggestions.close_open(uow, actor, ids)
    comments.close_open(uow, actor, ids)
    by_reference = {item.reference: item for item in held}
    element = by_reference.pop(ELEMENT)
    _put_back(uow, element, Lines(script.element, ""), Status.DRAFT)
    for place, (reference, lines, status) in enumerate(script.criteria):
        item = by_reference.pop(reference)
        item.parent_id, item.position = element.id, place
        _put_back(uow, item, lines, status)
        if reference == DISCUSSED:
            _ask(uow, item.id, script)
    for item in by_reference.values():
        if item.status is not Status.WITHDRAWN:
            item.status_before, item.withdrawn_with_id = item.status, item.id
            items.give_status(uow, item, Status.WITHDRAWN)
    note(uow, actor, "started afresh: everything is as it was in the beginning", group_id=ground_id)
    uow.emit(TreeChanged(ground_id))


def _put_back(uow: UnitOfWork, item: Item, lines: Lines, status: Status) -> None:
    """Give a held item its first words and status again. Nobody's hand wrote them, so nobody has practised by it."""
    item.status_before = item.withdrawn_with_id = None
    if item.status is not status:
        items.give_status(uow, item, status)
    first = {Field.TITLE: lines.title, Field.TEXT: lines.text}
    texts = documents.documents_of(uow.session, [item.id])[item.id].values()
    for document in uow.lock_all(Document, [each.id for each in texts]):
        documents.replace_text(uow, SYSTEM, document, first.get(document.field, ""))
    item.changed_at = uow.now
    uow.emit(ItemChanged(item.group_id, item.id))


def _ground_id(session: Session, group_id: int) -> int | None:
    return session.execute(select(Group.id).where(Group.practises_for_id == group_id)).scalar_one_or_none()


def _open(uow: UnitOfWork, home: Group, script: Script) -> None:
    # No group can be called so (a full stop is refused), and nobody has to remember it: the tour leads there.
    ground = Group(
        slug=f"practice.{home.id}", name=home.name, time_zone=home.time_zone, created_at=uow.now,
        practises_for_id=home.id,
    )  # fmt: skip
    uow.session.add(ground)
    uow.flush()
    element = items.add_item(
        uow, SYSTEM, group_id=ground.id, kind=Kind.ELEMENT, title=script.element, status=Status.DRAFT,
        reference=ELEMENT,
    )  # fmt: skip
    for reference, lines, status in script.criteria:
        made = items.add_item(
            uow, SYSTEM, group_id=ground.id, kind=Kind.CRITERION, parent_id=element.id, title=lines.title,
            text=lines.text, status=status, reference=reference,
        )  # fmt: skip
        if reference == DISCUSSED:
            _ask(uow, made.id, script)


def _ask(uow: UnitOfWork, item_id: int, script: Script) -> None:
    """Put the question of nobody in particular; who starts afresh twice in a minute finds the same one."""
    asked = comments.start(uow, SYSTEM, item_id=item_id, words=script.question)
    asked.resolved_at = asked.resolved_by_id = None


def _question(item_id: int) -> Select[int]:
    """The question of nobody in particular on an item, an open one before any that somebody has resolved."""
    said = exists().where(Comment.discussion_id == Discussion.id, Comment.author_id.is_(None))
    return (
        select(Discussion.id).join(Document, Document.id == Discussion.document_id)
        .where(Document.item_id == item_id, said)
        .order_by(Discussion.resolved_at.is_not(None), Discussion.id.desc()).limit(1)
    )  # fmt: skip


def _may_restart(uow: UnitOfWork, actor: Actor, standing: Standing, ground_id: int) -> bool:
    if standing.may(Can.ITEM_SETTLE):
        return True
    me, since = actor.person_id or 0, uow.now - QUIET
    others = (
        select(TextChange.version).join(Document, Document.id == TextChange.document_id)
        .where(Document.group_id == ground_id, TextChange.at > since, TextChange.author_id != me),
        select(Activity.id).where(Activity.group_id == ground_id, Activity.at > since, Activity.person_id != me),
    )  # fmt: skip
    quiet = all(uow.session.execute(query.limit(1)).first() is None for query in others)
    return quiet and standing.may(Can.TEXT_WRITE)
