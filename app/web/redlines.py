"""Suggestions as pages show them: what would change marked, or the words of then and of now side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, takewhile
from textwrap import dedent

from flask_babel import gettext as _
from markupsafe import Markup

from app import markup
from app.calc.differences import Segment
from app.calc.moves import told
from app.calc.paragraphs import paragraphs
from app.calc.plain import Run, formed, plain
from app.calc.redlines import around
from app.calc.redlines import said as said_of
from app.calc.redlines import shown as shown_of
from app.policy import Actor
from app.services import suggestions
from app.services.suggestions import Shown
from app.uow import UnitOfWork
from models.documents import Field
from models.suggestions import SuggestionState

#: What one place says of itself is cut after so many letters.
PLACE_LETTERS = 80
#: Of more places than this one cannot choose some: the suggestion is taken whole or by hand.
MOST_CHOICES = 100
#: Of one choice no more changes than these are said one by one.
MOST_SAID = 6
_POINTS = ("bullet", "number")


@dataclass(frozen=True)
class Redline:
    """One suggestion on a page; ``marked`` is its difference, ``choices`` its places as check boxes offer them.

    Of one accepted in part ``marked`` is what was taken, and ``left_out`` says the rest in words. ``whole`` is all of
    it where ``marked`` shows only the places that changed.
    """

    shown: Shown
    marked: Markup
    choices: list[tuple[str, str]]
    left_out: list[str]
    whole: Markup | None = None


@dataclass(frozen=True)
class Redlines:
    """The suggestions of an item: those that wait, and those that were decided, newest first."""

    waiting: list[Redline]
    decided: list[Redline]


def of_item(uow: UnitOfWork, actor: Actor, item_id: int, *, also: int | None = None) -> Redlines:
    """All that is shown of an item's suggestions, the one ``also`` among them. Raises NotFound, Forbidden."""
    lines = [line(shown) for shown in suggestions.of_item(uow, actor, item_id, also=also)]
    waiting = [each for each in lines if each.shown.suggestion.state is SuggestionState.OPEN]
    return Redlines(waiting, [each for each in lines if each not in waiting])


def line(shown: Shown, *, briefly: bool = False) -> Redline:
    """One suggestion as a page shows it; ``briefly`` as a list of many does, of a long text the places that changed."""
    choices = []
    if shown.may_decide and 1 < len(shown.places) <= MOST_CHOICES:
        choices = [(each.key, _choice(each.old, each.new, shown.field)) for each in shown.places]
    left_out = [_choice(each.old, each.new, shown.field) for each in shown.left_out[:MOST_CHOICES]]
    whole = marked(shown.before, shown.after, shown.field)
    if briefly:
        some, is_part = passages(shown.before, shown.after, shown.field)
        if is_part:
            return Redline(shown, some, choices, left_out, whole)
    return Redline(shown, whole, choices, left_out)


def marked(before: str, after: str, field: Field | None = None) -> Markup:
    """What leads from one text to another, marked: the words and how they look; marks of form where nothing else
    differs. A title is no Markdown."""
    return html(_compared(before, after, field is not Field.TITLE))


def passages(before: str, after: str, field: Field) -> tuple[Markup, bool]:
    """Only the places that changed, marked, each with a line or two around it; whether anything is left out."""
    whole = _compared(before, after, field is not Field.TITLE)
    some = around(whole)
    return html(some), len(some) != len(whole) or any(
        one.text != two.text for one, two in zip(some, whole, strict=True)
    )


@lru_cache(maxsize=128)
def _compared(before: str, after: str, markdown: bool) -> tuple[Segment, ...]:
    """Kept for the next reader: comparing costs more than all the rest."""
    return tuple(shown_of(before, after, markdown=markdown))


def texts(some: Iterable[tuple[str, Iterable[Segment]]]) -> list[tuple[str, Markup]]:
    """Some texts that differ, each by its name, marked."""
    return [(name, html(segments)) for name, segments in some]


def html(segments: Iterable[Segment]) -> Markup:
    """A difference, marked."""
    return markup.redline(segments, added=_("added"), removed=_("removed"), forms=_form_words())


def _form_words() -> dict[str, str]:
    """How words look, in the reader's language."""
    return {
        "bold": _("bold"), "italic": _("italic"), "heading": _("a heading"), "subheading": _("a subheading"),
        "link": _("a link"), "no bold": _("no longer bold"), "no italic": _("no longer italic"),
        "no heading": _("no longer a heading"), "no subheading": _("no longer a subheading"),
        "no link": _("no longer a link"), "now": _("now"), "another link": _("with another address"),
    }  # fmt: skip


def _choice(old: str, new: str, field: Field) -> str:
    """What it is to take one choice, in a line."""
    moved, segments = _told(old, new, field is not Field.TITLE)
    if field is Field.TITLE:
        return _other_words(moved, segments)
    before, after = _points(old), _points(new)
    said = _otherwise_arranged(old, new)
    if said:
        pass
    elif (one := _one_more(before, after)) is not None:
        said = _("put in the point “%(new)s”", new=_short(one))
    elif (one := _one_more(after, before)) is not None:
        said = _("leave out the point “%(old)s”", old=_short(one))
    else:
        said = _other_words(moved, segments)
    looks = [
        _("“%(words)s”: %(look)s", words=_short(each.text), look=said_of(each, _form_words()))
        for each in segments
        if each.was is not None
    ]
    return "; ".join(part for part in (said, *looks) if part) or _("“%(new)s”: other marks", new=_short(plain(new)))


@lru_cache(maxsize=256)
def _told(old: str, new: str, markdown: bool) -> tuple[Sequence[str], Sequence[Segment]]:
    """What moved and what else changed, kept for the next reader."""
    return told(*(formed(_set_out(each)) if markdown else [Run(each)] for each in (old, new)))


def _set_out(part: str) -> str:
    """A part of a text that begins within a list, with the first of its points as those of a list of their own: set in
    as they stand they would be read as something else."""
    lines = part.split("\n")
    first = list(takewhile(lambda line: line.startswith(" "), lines))
    return "\n".join([*dedent("\n".join(first)).split("\n"), *lines[len(first) :]]) if first else part


def _other_words(moved: Sequence[str], segments: Sequence[Segment]) -> str:
    """What is said of words that stand elsewhere, and of others that become others; nothing where none do."""
    said = [_("move “%(words)s”", words=_short(each)) for each in moved]
    passages: list[list[Segment]] = [[]]
    for stays, some in groupby(segments, lambda each: each.kind == "same"):
        run = list(some)
        if stays and sum(len(each.text) for each in run) > PLACE_LETTERS:
            passages.append([])
        else:
            passages[-1] += run
    said += [words for passage in passages if (words := _becomes(passage))]
    return "; ".join([*said[:MOST_SAID], *["…"] * (len(said) > MOST_SAID)])


def _becomes(segments: Sequence[Segment]) -> str:
    """What is said of words that become others; nothing where none do."""
    changed = [at for at, each in enumerate(segments) if each.kind != "same"]
    if not changed:
        return ""
    passage = segments[changed[0] : changed[-1] + 1]
    was, becomes = (
        _short("".join(each.text for each in passage if each.kind != kind)) for kind in ("added", "removed")
    )
    said: str = _("“%(old)s” becomes “%(new)s”", old=was, new=becomes)
    if not was:
        said = _("put in “%(new)s”", new=becomes)
    elif not becomes:
        said = _("leave out “%(old)s”", old=was)
    return said


def _otherwise_arranged(old: str, new: str) -> str:
    """What is said of the same paragraphs that became points, or are no longer any; nothing of others."""
    before, after = paragraphs(old), paragraphs(new)
    if [each.text for each in before] != [each.text for each in after]:
        return ""
    moved = [(one, two) for one, two in zip(before, after, strict=True) if one.kind != two.kind]
    words, said = _short(" ".join(one.text for one, _two in moved)), ""
    if moved and all(two.kind in _POINTS and one.kind not in _POINTS for one, two in moved):
        said = _("make a list of “%(words)s”", words=words)
    elif moved and all(one.kind in _POINTS and two.kind not in _POINTS for one, two in moved):
        said = _("no longer a list: “%(words)s”", words=words)
    return said


def _points(text: str) -> list[str] | None:
    """The points of a list that is nothing else."""
    some = paragraphs(text)
    return [each.text for each in some] if all(each.kind in _POINTS for each in some) else None


def _one_more(some: list[str] | None, more: list[str] | None) -> str | None:
    """The one point that stands in ``more`` besides those in ``some``."""
    if some is None or more is None or len(more) != len(some) + 1:
        return None
    return next((each for at, each in enumerate(more) if more[:at] + more[at + 1 :] == some), None)


def _short(words: str) -> str:
    return " ".join(words.split())[:PLACE_LETTERS]
