"""What can be found by searching, as it reads now: the same words are filed (``search.py``) and shown.

A thing holds no word of another: who wrote a comment, or what the item it is about is called, is shown beside it and
not filed with it, so that filing needs to watch the thing's own rows only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.changes import from_units, recall, to_units
from app.calc.suggestions import places
from app.services import documents
from app.services.meetings import as_told
from models.accounts import Person
from models.comments import Comment, Discussion
from models.documents import Document, Field
from models.evidence import ContractingModel, Finding, Source
from models.glossary import Term
from models.homework import Homework, HomeworkShare
from models.items import Item, Status
from models.meetings import Meeting
from models.polls import Action, Decision
from models.suggestions import Suggestion
from models.versions import Version


class Kind(StrEnum):
    """What can be found, in the order in which it is shown."""

    ITEM = "item"
    TERM = "term"
    COMMENT = "comment"
    SUGGESTION = "suggestion"
    DECISION = "decision"
    ACTION = "action"
    HOMEWORK = "homework"
    MEETING = "session"
    MINUTES = "minutes"
    FINDING = "finding"
    SOURCE = "source"
    MODEL = "model"
    VERSION = "version"
    PERSON = "person"


@dataclass(frozen=True)
class Thing:
    """Something that can be found.

    ``title`` and ``texts`` are its own words, the title counting for more. ``about`` is what stands beside them without
    being searched: a name, a reference. ``at`` is what it belongs to (a comment's item, the minutes' session).
    """

    kind: Kind
    id: int
    group_id: int
    title: str
    texts: tuple[str, ...] = ()
    reference: str = ""
    about: str = ""
    at: int = 0
    number: int = 0
    withdrawn: bool = False
    done: bool = False

    @property
    def empty(self) -> bool:
        """Whether it has no words, as a comment that was taken back."""
        return not (self.title.strip() or any(text.strip() for text in self.texts))


def things(session: Session, kind: Kind, ids: Collection[int]) -> dict[int, Thing]:
    """Things of one kind by id, in a fixed number of queries; those that are gone, or have no words, are left out."""
    found: dict[int, Thing] = {}
    wanted = sorted(ids)
    for start in range(0, len(wanted), 500):
        rows = _LOADERS[kind](session, wanted[start : start + 500])
        found |= {thing.id: thing for thing in rows if not thing.empty}
    return found


def _items(session: Session, ids: list[int]) -> Iterable[Thing]:
    texts = documents.documents_of(session, ids)
    for item in session.execute(select(Item).where(Item.id.in_(ids))).scalars():
        words = {field: document.text for field, document in texts.get(item.id, {}).items()}
        yield Thing(
            Kind.ITEM, item.id, item.group_id, words.get(Field.TITLE, ""), reference=item.reference,
            texts=tuple(words.get(field, "") for field in (Field.TEXT, Field.SUMMARY, Field.WHY)),
            withdrawn=item.status is Status.WITHDRAWN,
        )  # fmt: skip


def _terms(session: Session, ids: list[int]) -> Iterable[Thing]:
    for term in session.execute(select(Term).where(Term.id.in_(ids))).scalars():
        yield Thing(
            Kind.TERM, term.id, term.group_id,
            f"{term.name} ({', '.join(term.forms)})" if term.forms else term.name, (term.definition,),
            withdrawn=term.withdrawn_at is not None,
        )  # fmt: skip


def _comments(session: Session, ids: list[int]) -> Iterable[Thing]:
    rows = session.execute(
        select(Comment, Discussion, Item, Person.name)
        .join(Discussion, Discussion.id == Comment.discussion_id)
        .join(Document, Document.id == Discussion.document_id).join(Item, Item.id == Document.item_id)
        .outerjoin(Person, Person.id == Comment.author_id).where(Comment.id.in_(ids))
    )  # fmt: skip
    for comment, discussion, item, name in rows:
        yield Thing(
            Kind.COMMENT, comment.id, item.group_id, "", (comment.words,), item.reference, name or "", item.id,
            done=discussion.resolved_at is not None,
        )  # fmt: skip


def _suggestions(session: Session, ids: list[int]) -> Iterable[Thing]:
    rows = session.execute(
        select(Suggestion, Item, Person.name).join(Document, Document.id == Suggestion.document_id)
        .join(Item, Item.id == Document.item_id).outerjoin(Person, Person.id == Suggestion.author_id)
        .where(Suggestion.id.in_(ids))
    )  # fmt: skip
    for suggestion, item, name in rows:
        put_in = [from_units(to_units(place.insert)) for place in places(recall(suggestion.carried))]
        yield Thing(
            Kind.SUGGESTION, suggestion.id, item.group_id, "",
            (" … ".join(part for part in put_in if part.strip()), suggestion.reason, suggestion.answer),
            item.reference, name or "", item.id, done=suggestion.decided_at is not None,
        )  # fmt: skip


def _decisions(session: Session, ids: list[int]) -> Iterable[Thing]:
    rows = session.execute(
        select(Decision, Item.reference).outerjoin(Item, Item.id == Decision.item_id).where(Decision.id.in_(ids))
    )
    for each, reference in rows:
        texts = (each.sentence, each.departs_because)
        yield Thing(Kind.DECISION, each.id, each.group_id, "", texts, reference=reference or "", number=each.number)


def _actions(session: Session, ids: list[int]) -> Iterable[Thing]:
    rows = session.execute(
        select(Action, Person.name).outerjoin(Person, Person.id == Action.owner_id).where(Action.id.in_(ids))
    )
    for action, name in rows:
        yield Thing(
            Kind.ACTION, action.id, action.group_id, "", (action.what,), about=name or "", number=action.number,
            done=action.done_at is not None,
        )  # fmt: skip


def _homework(session: Session, ids: list[int]) -> Iterable[Thing]:
    """What was taken back is asked of nobody any more, and found no more."""
    answers: dict[int, list[str]] = {}
    shares = select(HomeworkShare.homework_id, HomeworkShare.words).where(HomeworkShare.homework_id.in_(ids))
    for homework_id, words in session.execute(shares.order_by(HomeworkShare.homework_id, HomeworkShare.person_id)):
        answers.setdefault(homework_id, []).append(words)
    rows = session.execute(
        select(Homework, Item).join(Item, Item.id == Homework.item_id)
        .where(Homework.id.in_(ids), Homework.withdrawn_at.is_(None))
    )  # fmt: skip
    for homework, item in rows:
        came_back = homework.came_back_at is not None
        yield Thing(
            Kind.HOMEWORK, homework.id, homework.group_id, "", (homework.asked, *answers.get(homework.id, ())),
            item.reference, at=(homework.meeting_id or 0) if came_back else item.id, done=came_back,
            withdrawn=item.status is Status.WITHDRAWN and not came_back,
        )  # fmt: skip


def _meetings(session: Session, ids: list[int]) -> Iterable[Thing]:
    rows = session.execute(select(Meeting).where(Meeting.id.in_(ids))).scalars().all()
    told = as_told(session, rows)
    for meeting in rows:
        known = told[meeting.id]
        yield Thing(
            Kind.MEETING, meeting.id, meeting.group_id, known.title,
            (*meeting.aims, *meeting.outputs, known.place, meeting.cancelled_because or ""), number=meeting.number,
        )  # fmt: skip


def _minutes(session: Session, ids: list[int]) -> Iterable[Thing]:
    rows = session.execute(
        select(Document, Meeting).join(Meeting, Meeting.id == Document.meeting_id).where(Document.id.in_(ids))
    )
    for document, meeting in rows:
        yield Thing(
            Kind.MINUTES, document.id, meeting.group_id, "", (document.text,), about=meeting.title, at=meeting.id,
            number=meeting.number,
        )  # fmt: skip


def _findings(session: Session, ids: list[int]) -> Iterable[Thing]:
    rows = session.execute(
        select(Finding, Source.cite).join(Source, Source.id == Finding.source_id).where(Finding.id.in_(ids))
    )
    for finding, cite in rows:
        yield Thing(
            Kind.FINDING, finding.id, finding.group_id, "", (finding.text, finding.page), about=cite,
            withdrawn=finding.withdrawn_at is not None,
        )  # fmt: skip


def _sources(session: Session, ids: list[int]) -> Iterable[Thing]:
    for source in session.execute(select(Source).where(Source.id.in_(ids))).scalars():
        yield Thing(
            Kind.SOURCE, source.id, source.group_id, source.cite, (source.key, source.doi),
            withdrawn=source.withdrawn_at is not None,
        )  # fmt: skip


def _models(session: Session, ids: list[int]) -> Iterable[Thing]:
    for model in session.execute(select(ContractingModel).where(ContractingModel.id.in_(ids))).scalars():
        used = (f"{use.get('place', '')}: {use.get('fact', '')}" for use in _uses(model.used_in))
        yield Thing(
            Kind.MODEL, model.id, model.group_id, model.name,
            (model.definition, model.origin, *model.mechanisms, *model.contributes, *used),
            withdrawn=model.withdrawn_at is not None,
        )  # fmt: skip


def _uses(used_in: list[Any]) -> Iterable[dict[str, str]]:
    return (use for use in used_in if isinstance(use, dict))


def _versions(session: Session, ids: list[int]) -> Iterable[Thing]:
    for version in session.execute(select(Version).where(Version.id.in_(ids))).scalars():
        yield Thing(Kind.VERSION, version.id, version.group_id, version.title, (version.reason,), number=version.number)


_LOADERS: dict[Kind, Callable[[Session, list[int]], Iterable[Thing]]] = {
    Kind.ITEM: _items,
    Kind.TERM: _terms,
    Kind.COMMENT: _comments,
    Kind.SUGGESTION: _suggestions,
    Kind.DECISION: _decisions,
    Kind.ACTION: _actions,
    Kind.HOMEWORK: _homework,
    Kind.MEETING: _meetings,
    Kind.MINUTES: _minutes,
    Kind.FINDING: _findings,
    Kind.SOURCE: _sources,
    Kind.MODEL: _models,
    Kind.VERSION: _versions,
}
