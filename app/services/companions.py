"""What may go out beside the words of items: evidence, decisions, suggestions that wait, open comments."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select

from app.calc import moments
from app.calc.glossary import Glossary
from app.policy import Actor, Can, require
from app.services import comments, origins, suggestions
from app.services.decisions import STANDING_WORDS, standings_of
from app.services.documents import WORDS
from app.services.minutes import OUTCOMES
from app.services.thread_files import Tied
from app.uow import UnitOfWork
from models.groups import Group
from models.polls import Decision
from models.suggestions import SuggestionState
from models.versions import VersionItem


@dataclass(frozen=True)
class Including:
    """What is wanted beside the words."""

    evidence: bool = True
    definitions: bool = True
    decisions: bool = False
    suggestions: bool = False
    comments: bool = False


class Decided(NamedTuple):
    """A decision on an item; ``standing`` says whether its words are still those decided on, for the latest only."""

    number: int
    on: date
    outcome: str
    sentence: str
    standing: str


class Suggested(NamedTuple):
    """A suggestion that waits: which text, the words now and the words suggested, by whom and why."""

    field: str
    before: str
    after: str
    author: str
    reason: str


class Commented(NamedTuple):
    """One open comment: on which text, on which words of it (none: all of it), by whom, what it says, and when.

    The moment is that of the group's clocks.
    """

    field: str
    quote: str
    author: str
    words: str
    at: datetime


@dataclass
class Companions:
    """What goes out beside the words of items, by the item's id."""

    decisions: dict[int, list[Decided]] = field(default_factory=dict)
    suggestions: dict[int, list[Suggested]] = field(default_factory=dict)
    comments: dict[int, list[Commented]] = field(default_factory=dict)
    #: Where items come from that were split or merged; it always goes along.
    origins: dict[int, str] = field(default_factory=dict)
    #: What items are tied to, and where sources can be read; it goes along with evidence.
    tied: Tied = field(default_factory=Tied)


def beside(
    uow: UnitOfWork, actor: Actor, *, group_id: int, rows: Collection[VersionItem], terms: Glossary,
    including: Including, until: datetime | None = None,
) -> Companions:  # fmt: skip
    """What goes along with some items of a group, as far as it is wanted: decisions on their words as the ``rows`` and
    ``terms`` have them, and where they come from, both as of ``until``; what waits, as it is today.

    Raises NotFound, Forbidden for those who may not read them.
    """
    item_ids = {row.item_id for row in rows}
    found = Companions(origins=origins.lines(uow.session, group_id, item_ids, until=until))
    if including.decisions:
        require(uow.session, actor, group_id, Can.DECISION_READ)
        found.decisions = _decisions(uow, group_id, rows, terms, until)
    if including.suggestions:
        require(uow.session, actor, group_id, Can.ITEM_READ)
        for item_id in suggestions.open_counts(uow.session, group_id, item_ids):
            found.suggestions[item_id] = [
                Suggested(each.field.value, each.before, each.after, each.author, each.suggestion.reason)
                for each in suggestions.of_item(uow, actor, item_id, group_id=group_id)
                if each.suggestion.state is SuggestionState.OPEN
            ]
    if including.comments:
        require(uow.session, actor, group_id, Can.COMMENT_READ)
        zone = uow.session.get_one(Group, group_id).time_zone
        for item_id in comments.open_counts(uow.session, group_id).keys() & item_ids:
            found.comments[item_id] = [
                Commented(talk.field.value, talk.discussion.quote, each.author, each.comment.words, at)
                for talk in comments.of_item(uow, actor, item_id, group_id=group_id)
                if talk.discussion.resolved_at is None
                for each in talk.said
                if each.comment.taken_back_at is None
                for at in (moments.local(each.comment.made_at, zone),)
            ]
    return found


def _decisions(
    uow: UnitOfWork, group_id: int, rows: Iterable[VersionItem], terms: Glossary, until: datetime | None
) -> dict[int, list[Decided]]:
    zone = uow.session.get_one(Group, group_id).time_zone
    words = {row.item_id: {each.value: getattr(row, each.value) for each in WORDS} for row in rows}
    latest = standings_of(uow.session, words, terms, until=until)
    found: dict[int, list[Decided]] = {}
    query = select(Decision).where(Decision.group_id == group_id).order_by(Decision.number)
    if until is not None:
        query = query.where(Decision.decided_at <= until)
    for each in uow.session.execute(query).scalars():
        if each.item_id not in words:
            continue
        newest, standing = latest.get(each.item_id, (each, "no_words"))
        says = "Followed by a later decision" if each.number < newest.number else ""
        if each.id == newest.id:
            says = STANDING_WORDS[standing]
        day = moments.local_day(each.decided_at, zone)
        found.setdefault(each.item_id, []).append(
            Decided(each.number, day, OUTCOMES[each.outcome], each.sentence, says)
        )
    return found
