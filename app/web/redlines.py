"""Suggestions as pages show them: what would change marked, or the words of then and of now side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flask_babel import gettext as _
from markupsafe import Markup

from app import markup
from app.calc.differences import difference
from app.calc.plain import plain
from app.policy import Actor
from app.services import suggestions
from app.services.suggestions import Shown
from app.uow import UnitOfWork
from models.suggestions import SuggestionState

#: What one place says of itself is cut after so many letters.
PLACE_LETTERS = 80
#: Of more places than this one cannot choose some: the suggestion is taken whole or by hand.
MOST_CHOICES = 100


@dataclass(frozen=True)
class Redline:
    """One suggestion on a page; ``marked`` is its difference, ``choices`` its places as check boxes offer them.

    Of one accepted in part ``marked`` is what was taken, and ``left_out`` says the rest in words.
    """

    shown: Shown
    marked: Markup
    choices: list[tuple[str, str]]
    left_out: list[str]


@dataclass(frozen=True)
class Redlines:
    """The suggestions of an item: those that wait, and those that were decided, newest first."""

    waiting: list[Redline]
    decided: list[Redline]


def of_item(uow: UnitOfWork, actor: Actor, item_id: int) -> Redlines:
    """All that is shown of an item's suggestions. Raises NotFound, Forbidden."""
    lines = [line(shown) for shown in suggestions.of_item(uow, actor, item_id)]
    waiting = [each for each in lines if each.shown.suggestion.state is SuggestionState.OPEN]
    return Redlines(waiting, [each for each in lines if each not in waiting])


def line(shown: Shown) -> Redline:
    """One suggestion as a page shows it."""
    choices = []
    if shown.may_decide and 1 < len(shown.places) <= MOST_CHOICES:
        choices = [(str(at), _place(words.old, words.new)) for at, words in enumerate(shown.places)]
    left_out = [_place(words.old, words.new) for words in shown.left_out]
    return Redline(shown, marked(shown.before, shown.after), choices, left_out)


def marked(before: str, after: str) -> Markup:
    """What leads from one text to another, marked: the words, or the marks of form where only those differ."""
    return _marked(before, after, _("added"), _("removed"))


@lru_cache(maxsize=128)
def _marked(before: str, after: str, added: str, removed: str) -> Markup:
    """Kept for the next reader: the same words have the same difference, and comparing costs more than all the rest."""
    old, new = plain(before), plain(after)
    if old == new:
        old, new = before, after
    return markup.redline(difference(old, new), added=added, removed=removed)


def _place(old: str, new: str) -> str:
    was, becomes = (" ".join(plain(each).split())[:PLACE_LETTERS] for each in (old, new))
    said: str = _("“%(old)s” becomes “%(new)s”", old=was, new=becomes)
    if not was:
        said = _("put in “%(new)s”", new=becomes)
    elif not becomes:
        said = _("leave out “%(old)s”", old=was)
    return said
