"""Comments as pages show them: in the order of their words, which are marked, each with its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from markupsafe import Markup

from app import markup
from app.calc.anchors import readable
from app.policy import Actor
from app.services import comments, items
from app.services.comments import Talk
from app.uow import UnitOfWork
from models.documents import Field
from models.items import Item


@dataclass(frozen=True)
class Shown:
    """A discussion on a page; ``number`` is the one its words carry there, None where they carry none."""

    talk: Talk
    number: int | None
    quote: str
    said: Sequence[tuple[comments.Said, Markup]]

    @property
    def key(self) -> str:
        """What its addresses on the page are made of."""
        return str(self.talk.discussion.id)


@dataclass(frozen=True)
class Talks:
    """The comments of an item: open ones in the order of their words, and resolved ones."""

    waiting: list[Shown]
    resolved: list[Shown]
    may_comment: bool
    people: list[str]

    def in_words(self, html: Markup, words: str, field: Field) -> Markup:
        """The rendered words of one text with those marked that somebody has commented on."""
        marks = [
            markup.Mark(shown.key, shown.number, _("Comment %(number)s", number=shown.number), shown.talk.place)
            for shown in self.waiting
            if shown.talk.field is field and shown.talk.place is not None and shown.number is not None
        ]
        return markup.marked(html, words, marks)


def of_item(uow: UnitOfWork, actor: Actor, item: Item, *, also: int | None = None) -> Talks:
    """All that is shown of an item's comments, the one ``also`` among them. Raises NotFound, Forbidden."""
    found = comments.of_item(uow, actor, item.id, also=also)
    numbers = iter(range(1, len(found) + 1))
    waiting = [shown(talk, next(numbers) if talk.place else None) for talk in found if not talk.discussion.resolved_at]
    resolved = [shown(talk, None) for talk in found if talk.discussion.resolved_at]
    may = items.rights(uow.session, actor, item.group_id).commenting(item)
    return Talks(waiting, resolved, may, people(uow, item.group_id) if may else [])


def people(uow: UnitOfWork, group_id: int) -> list[str]:
    """The names that can be called in a group, for the list after "@"."""
    return sorted({name for _, name in comments.may_be_named(uow.session, group_id)})


def shown(talk: Talk, number: int | None = None) -> Shown:
    """One discussion as a page shows it."""
    said = [(each, markup.naming(each.comment.words, each.mentioned)) for each in talk.said]
    quote = talk.discussion.quote
    return Shown(talk, number, quote if talk.field is Field.TITLE else readable(quote), said)
