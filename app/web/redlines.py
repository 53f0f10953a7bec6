"""Suggestions as pages show them: what would change marked, or the words of then and of now side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from flask_babel import gettext as _
from markupsafe import Markup

from app import markup
from app.calc.choices import ENDS, MOVED_WORDS
from app.calc.differences import Segment, difference
from app.calc.paragraphs import paragraphs
from app.calc.plain import plain
from app.calc.redlines import around, redline
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
#: The number of a point, which is another elsewhere, and what else words are known by: themselves, numbers and signs.
_NUMBER, _TOKEN = re.compile(r"(?<=\n)\s*\d+\. "), re.compile(r"(?:(?<!\w)[.,](?=\d))?\w+(?:[.,:]\w+)*|[^\w\s.,;:!?•]")
#: What may stand before and behind a sentence that was moved and is none of it, and what ends one.
_MARK, _SENTENCE_END = re.compile(r"^[\s.,;:!?]*(?:\d+\. |• )?|\n\s*(?:\d+\.|•)\s*$"), re.compile(rf"[{ENDS}]\s+")
_ENDS = tuple(ENDS)


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
        choices = [(each.key, _choice(each.old, each.new, shown.field)) for each in shown.places]
    left_out = [_choice(each.old, each.new, shown.field) for each in shown.left_out[:MOST_CHOICES]]
    return Redline(shown, marked(shown.before, shown.after, shown.field), choices, left_out)


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
    if field is Field.TITLE:
        return _other_words(difference(old, new))
    segments = redline(old, new)
    before, after = _points(old), _points(new)
    said = _otherwise_arranged(old, new)
    if said:
        pass
    elif (one := _one_more(before, after)) is not None:
        said = _("put in the point “%(new)s”", new=_short(one))
    elif (one := _one_more(after, before)) is not None:
        said = _("leave out the point “%(old)s”", old=_short(one))
    else:
        said = _other_words(segments)
    looks = [
        _("“%(words)s”: %(look)s", words=_short(each.text), look=said_of(each, _form_words()))
        for each in segments
        if each.was is not None
    ]
    return "; ".join(part for part in (said, *looks) if part) or _("“%(new)s”: other marks", new=_short(plain(new)))


def _other_words(segments: Sequence[Segment]) -> str:
    """What is said of words that stand elsewhere or become others; nothing where none do."""
    runs = [list(some) for _same, some in groupby(segments, lambda each: each.kind == "same")]
    kinds = [{each.kind for each in run} for run in runs]
    texts_of = ["".join(each.text for each in run) for run in runs]
    known = [
        _known_by(run, not at or texts_of[at - 1].endswith("\n")) if len(kinds[at]) == 1 else []
        for at, run in enumerate(runs)
    ]
    put_in = {tuple(sorted(known[at])): at for at, kind in enumerate(kinds) if kind == {"added"}}
    said = []
    for at, kind in enumerate(kinds):
        there = put_in.get(tuple(sorted(known[at]))) if kind == {"removed"} else None
        if there is not None and len(known[at]) >= MOVED_WORDS and _is_turned(known[at], known[there]):
            said.append(_("move “%(words)s”", words=_short(_from_its_beginning(texts_of[at]))))
            runs[at], runs[there], known[there] = [], [], []
    passages: list[list[Segment]] = [[]]
    for run, kind, words in zip(runs, kinds, texts_of, strict=True):
        if kind == {"same"} and len(words) > PLACE_LETTERS:
            passages.append([])
        else:
            passages[-1] += run
    said += [words for some in passages if (words := _becomes(some))]
    return "; ".join([*said[:MOST_SAID], *["…"] * (len(said) > MOST_SAID)])


def _known_by(run: Sequence[Segment], begins_line: bool) -> list[str]:
    """What words are known by in another place: words, numbers and signs, each with its form; without the numbers of
    points, and without what ends and parts sentences, which is another where they stand in another order."""
    found = []
    for each in run:
        text = _NUMBER.sub("", f"\n{each.text}")[1:] if begins_line else _NUMBER.sub("", each.text)
        form = "".join(f"{part} " for part in each.form)
        found += [f"{token} {form}" for token in _TOKEN.findall(text.casefold())]
        begins_line = each.text.endswith("\n")
    return found


def _is_turned(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether words are those of another place, which may begin with what follows there: “told. Carers are”."""
    lines = ["".join(f"\n{word}" for word in words) + "\n" for words in (one, [*other, *other])]
    return len(one) == len(other) and lines[0] in lines[1]


def _from_its_beginning(words: str) -> str:
    """A sentence of which the beginning stands behind it, as that of the next one: “told. Carers are”."""
    words = _MARK.sub("", words).strip()
    ends = [] if words.endswith(_ENDS) else list(_SENTENCE_END.finditer(words))
    return f"{words[ends[-1].end() :]} {words[: ends[-1].end()]}" if ends else words


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
