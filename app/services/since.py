"""What has happened in a group since a moment, as it concerns one person: what others did, what is theirs first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.policy import Actor, Can, allowed, require
from app.services import documents
from app.services.accounts import names_of
from app.services.documents import WORDS
from app.uow import UnitOfWork
from models.accounts import Person
from models.activity import Activity
from models.comments import Comment, Discussion
from models.documents import Document, Field, TextChange
from models.items import Descent, Item, ItemDescent, Status
from models.meetings import Attendance, Meeting
from models.polls import Decision
from models.suggestions import Suggestion, SuggestionState

#: Most lines of one kind that are read; the page says so where there are more.
MOST = 40


@dataclass(frozen=True)
class Line:
    """An item that something happened to."""

    item_id: int
    reference: str
    title: str


@dataclass(frozen=True)
class Answered(Line):
    """A suggestion of the reader that was decided."""

    suggestion: Suggestion
    decided_by: str


@dataclass(frozen=True)
class Reworded(Line):
    """An item whose words others wrote or changed; ``mark`` addresses its words as they were before."""

    names: list[str]
    mark: str
    is_new: bool


@dataclass(frozen=True)
class Gone(Line):
    """An item that others took out of the blueprint, or merged ``into`` the one with this reference."""

    into: str


@dataclass(frozen=True)
class Counted(Line):
    """An item on which others have said something; ``count`` how often."""

    count: int


@dataclass(frozen=True)
class Decided:
    """A decision of the group, with the reference of its item, if it has one."""

    decision: Decision
    reference: str


@dataclass(frozen=True)
class Held:
    """A session that is over."""

    meeting: Meeting
    was_there: bool


@dataclass(frozen=True)
class Since:
    """What is new since ``moment``, each list in the order in which it is read."""

    moment: datetime
    answered: list[Answered]
    held: list[Held]
    decided: list[Decided]
    reworded: list[Reworded]
    gone: list[Gone]
    suggested: list[Counted]
    commented: list[Counted]

    @property
    def count(self) -> int:
        """How many things are new."""
        lists = (self.answered, self.held, self.decided, self.reworded, self.gone, self.suggested, self.commented)
        return sum(len(each) for each in lists)


def since(uow: UnitOfWork, actor: Actor, *, group_id: int, moment: datetime) -> Since:
    """What others did in a group since a moment, in a fixed number of queries. Raises NotFound, Forbidden."""
    role = require(uow.session, actor, group_id, Can.GROUP_READ).role
    session, me = uow.session, actor.person_id or 0
    return Since(
        moment=moment,
        answered=_answered(session, group_id, me, moment),
        held=_held(session, group_id, me, moment) if allowed(role, Can.MEETING_READ) else [],
        decided=_decided(session, group_id, me, moment) if allowed(role, Can.DECISION_READ) else [],
        reworded=_reworded(session, group_id, me, moment) if allowed(role, Can.ITEM_READ) else [],
        gone=_gone(session, group_id, me, moment) if allowed(role, Can.ITEM_READ) else [],
        suggested=_suggested(session, group_id, me, moment) if allowed(role, Can.ITEM_READ) else [],
        commented=_commented(session, group_id, me, moment) if allowed(role, Can.COMMENT_READ) else [],
    )


def _answered(session: Session, group_id: int, me: int, moment: datetime) -> list[Answered]:
    title = aliased(Document)
    rows = session.execute(
        select(Suggestion, Item.id, Item.reference, title.text, Person.name)
        .join(Document, Document.id == Suggestion.document_id)
        .join(Item, Item.id == Document.item_id)
        .join(title, (title.item_id == Item.id) & (title.field == Field.TITLE))
        .outerjoin(Person, Person.id == Suggestion.decided_by_id)
        .where(
            Suggestion.group_id == group_id, Suggestion.author_id == me, Suggestion.decided_at > moment,
            Suggestion.decided_by_id != me,
        )
        .order_by(Suggestion.decided_at.desc()).limit(MOST)
    )  # fmt: skip
    return [Answered(item_id, reference, title_, made, name or "") for made, item_id, reference, title_, name in rows]


def _held(session: Session, group_id: int, me: int, moment: datetime) -> list[Held]:
    rows = session.execute(
        select(Meeting, Attendance.arrived_at)
        .outerjoin(Attendance, (Attendance.meeting_id == Meeting.id) & (Attendance.person_id == me))
        .where(Meeting.group_id == group_id, Meeting.closed_at > moment)
        .order_by(Meeting.closed_at.desc()).limit(MOST)
    )  # fmt: skip
    return [Held(meeting, arrived is not None) for meeting, arrived in rows]


def _decided(session: Session, group_id: int, me: int, moment: datetime) -> list[Decided]:
    rows = session.execute(
        select(Decision, Item.reference).outerjoin(Item, Item.id == Decision.item_id)
        .where(Decision.group_id == group_id, Decision.decided_at > moment, _by_others(Decision.recorded_by_id, me))
        .order_by(Decision.number.desc()).limit(MOST)
    )  # fmt: skip
    return [Decided(decision, reference or "") for decision, reference in rows]


def _by_others(column: InstrumentedAttribute[int | None], me: int) -> ColumnElement[bool]:
    """Not the reader's own doing; what the server did is by nobody."""
    return func.coalesce(column, 0) != me


def _reworded(session: Session, group_id: int, me: int, moment: datetime) -> list[Reworded]:
    # Backwards from the head of each log, so that only what is new is read, however long the history.
    last_before = (
        select(TextChange.version)
        .where(TextChange.document_id == Document.id, TextChange.at <= moment)
        .order_by(TextChange.version.desc()).limit(1).correlate(Document).scalar_subquery()
    )  # fmt: skip
    moved = (
        select(Document.id, Document.item_id, Document.changed_at, func.coalesce(last_before, 0).label("before"))
        .join(Item, Item.id == Document.item_id)
        .where(
            Document.group_id == group_id, Document.field.in_(WORDS), Document.changed_at > moment,
            Item.status != Status.WITHDRAWN,
        ).cte("moved").prefix_with("MATERIALIZED")  # else SQLite asks for the last version anew for every change
    )  # fmt: skip
    act = documents.act()
    rows = session.execute(
        select(moved.c.item_id, moved.c.id, moved.c.before, func.max(moved.c.changed_at), TextChange.author_id, act)
        .join(TextChange, (TextChange.document_id == moved.c.id) & (TextChange.version > moved.c.before))
        .group_by(moved.c.item_id, moved.c.id, moved.c.before, TextChange.author_id, act)
    ).all()
    authors: dict[int, set[int]] = {}
    before: dict[int, int] = {}
    latest: dict[int, datetime] = {}
    for item_id, document_id, version, at, author_id, client in rows:
        before[document_id] = version
        latest[item_id] = max(at, latest.get(item_id, at))
        who = documents.doer(client, author_id)
        if who != me:
            authors.setdefault(item_id, set()).add(who or 0)
    wanted = sorted(authors, key=lambda item_id: latest[item_id], reverse=True)[:MOST]
    items = {item.id: item for item in session.execute(select(Item).where(Item.id.in_(wanted))).scalars()}
    texts = documents.documents_of(session, wanted)
    names = names_of(session, {one for item_id in wanted for one in authors[item_id]})
    return [
        Reworded(
            item_id, items[item_id].reference, texts[item_id][Field.TITLE].text,
            sorted(names[one] for one in authors[item_id] if one in names), _mark(texts[item_id], before),
            items[item_id].created_at > moment,
        )
        for item_id in wanted
    ]  # fmt: skip


def _mark(texts: dict[Field, Document], before: dict[int, int]) -> str:
    """The mark of an item's words (see ``history``) as they were before the changes that are new."""
    known = (texts.get(one) for one in WORDS)
    return ".".join("0" if each is None else str(before.get(each.id, each.version)) for each in known)


def _gone(session: Session, group_id: int, me: int, moment: datetime) -> list[Gone]:
    into = aliased(Item)
    rows = session.execute(
        select(Item, Document.text, into.reference)
        .join(Document, (Document.item_id == Item.id) & (Document.field == Field.TITLE))
        .outerjoin(
            ItemDescent,
            (ItemDescent.from_id == Item.id) & (ItemDescent.how == Descent.MERGE) & (ItemDescent.at == Item.changed_at),
        )
        .outerjoin(into, into.id == ItemDescent.item_id)
        .where(
            Item.group_id == group_id, Item.status == Status.WITHDRAWN, Item.changed_at > moment,
            Item.withdrawn_with_id == Item.id,
        )
        .order_by(Item.changed_at.desc()).limit(MOST)
    ).all()  # fmt: skip
    # Whose act it was stands in its line of activity, written in the same moment.
    moments = {item.changed_at for item, _title, _reference in rows}
    own = select(Activity.at).where(
        Activity.group_id == group_id, Activity.person_id == me, Activity.at.in_(moments)
    )  # fmt: skip
    mine = set(session.execute(own).scalars()) if moments else set()
    return [
        Gone(item.id, item.reference, title, reference or "")
        for item, title, reference in rows
        if item.changed_at not in mine
    ]


def _suggested(session: Session, group_id: int, me: int, moment: datetime) -> list[Counted]:
    said = select(Suggestion.document_id, Suggestion.made_at).where(
        Suggestion.group_id == group_id, Suggestion.state == SuggestionState.OPEN, Suggestion.made_at > moment,
        _by_others(Suggestion.author_id, me),
    )  # fmt: skip
    return _counted(session, said, Item.status != Status.WITHDRAWN)  # nobody can decide about those before


def _commented(session: Session, group_id: int, me: int, moment: datetime) -> list[Counted]:
    said = (
        select(Discussion.document_id, Comment.made_at)
        .join(Comment, Comment.discussion_id == Discussion.id)
        .where(
            Discussion.group_id == group_id, Comment.made_at > moment, Comment.taken_back_at.is_(None),
            _by_others(Comment.author_id, me),
        )
    )  # fmt: skip
    return _counted(session, said)


def _counted(session: Session, said: Select[int, datetime], *wanted: ColumnElement[bool]) -> list[Counted]:
    """What was said of texts, by item for which all of ``wanted`` holds, the latest first."""
    each, title = said.subquery(), aliased(Document)
    latest = func.max(each.c.made_at)
    rows = session.execute(
        select(Item.id, Item.reference, title.text, func.count(), latest)
        .select_from(each)
        .join(Document, Document.id == each.c.document_id)
        .join(Item, Item.id == Document.item_id)
        .join(title, (title.item_id == Item.id) & (title.field == Field.TITLE))
        .where(*wanted)
        .group_by(Item.id, Item.reference, title.text).order_by(latest.desc()).limit(MOST)
    )  # fmt: skip
    return [Counted(item_id, reference, text, count) for item_id, reference, text, count, _at in rows]
