"""What changed between two Markdown texts as people read them: their words, and how words look that stayed."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby

from app.calc.differences import Segment, difference
from app.calc.plain import Form, Run, formed

#: So many letters of what stayed are enough to see where a change is.
AROUND = 140
#: Fewer letters are not left out: the dots would take as much room.
_LITTLE = 60
#: The rest of a line and the one beside it; half a word at the end of what is kept.
_LINES, _HALF = re.compile(r"\s*[^\n]*(?:\n+[^\n]*)?"), re.compile(r"\S+$")
#: So many letters of an address are enough to see where it leads.
_ADDRESS = 100
#: How a form is named: what words became, and, with "no longer", what they were.
FORM_WORDS = {
    "bold": "bold", "italic": "italic", "heading": "a heading", "subheading": "a subheading", "link": "a link",
    "no bold": "no longer bold", "no italic": "no longer italic", "no heading": "no longer a heading",
    "no subheading": "no longer a subheading", "no link": "no longer a link", "now": "now",
    "another link": "with another address",
}  # fmt: skip


def redline(old: str, new: str) -> list[Segment]:
    """What leads from one text to another: words in segments of one form, those that only look otherwise with both."""
    return compared(formed(old), formed(new))


def compared(before: Sequence[Run], after: Sequence[Run]) -> list[Segment]:
    """The same of words whose form is known."""
    segments = difference("".join(run.text for run in before), "".join(run.text for run in after))
    return [part for part in _with_form(segments, _Forms(before), _Forms(after)) if part.text]


def shown(old: str, new: str, *, markdown: bool = True) -> list[Segment]:
    """What leads from one text to another, as people are shown it: by their marks where they read and look the same, or
    where they are no Markdown, as a title is none."""
    segments = redline(old, new) if markdown else []
    return segments if _differs(segments) else difference(old, new)


def _differs(segments: Sequence[Segment]) -> bool:
    """Whether anything changed that people can see."""
    return any(each.kind != "same" or each.was is not None for each in segments)


def said(segment: Segment, words: Mapping[str, str] = FORM_WORDS) -> str:
    """What is to be said of the look of a segment's words; nothing of words that look as they did."""
    form = segment.form
    if segment.kind != "same":
        return ", ".join(_with_address(name, form, words) for name in _names(form))
    if segment.was is None:
        return ""
    had, has = _names(segment.was), _names(form)
    gained = [_with_address(name, form, words) for name in has if name not in had]
    lost = [words[f"no {name}"] for name in had if name not in has]
    if form.link and segment.was.link and form.link != segment.was.link:
        gained.append(_with_address("another link", form, words))
    return ", ".join([f"{words['now']} {', '.join(gained)}"] * bool(gained) + lost)


def address(form: Form) -> str:
    """Where words lead, as much of it as can be read; a link must not look like another."""
    return form.link if len(form.link) <= _ADDRESS else f"{form.link[:_ADDRESS]}…"


def _with_address(name: str, form: Form, words: Mapping[str, str]) -> str:
    return f"{words[name]} ({address(form)})" if name.endswith("link") else words[name]


def in_words(segment: Segment) -> str:
    """A segment as it reads on paper: what looks otherwise now says so."""
    return f"{segment.text} [{said(segment)}]" if segment.was is not None else segment.text


def looks(segments: Sequence[Segment]) -> list[str]:
    """What words only look otherwise, and how: “End of life” now bold."""
    return [f"“{each.text.strip()}” {said(each)}" for each in segments if each.was is not None]


def _names(form: Form) -> list[str]:
    heading = {1: "heading", 2: "subheading"}.get(form.heading, "")
    found = (("bold", form.bold), ("italic", form.italic), (heading, heading), ("link", form.link))
    return [name for name, has in found if has]


def around(segments: Iterable[Segment], letters: int = AROUND) -> list[Segment]:
    """What changed with a line or two before and after it, of so many letters at most, and "…" for what is left out.

    An empty line sets two places apart. Words stay whole. Where so little would be left out that it is not worth it,
    all of it is given.
    """
    runs = [(stays, list(some)) for stays, some in groupby(segments, lambda each: each.kind == "same" and not each.was)]
    found: list[Segment] = []
    for at, (stays, run) in enumerate(runs):
        words = "".join(each.text for each in run)
        first = _kept(words, letters) if at else 0
        last = len(words) - _kept(words[::-1], letters) if at + 1 < len(runs) else len(words)
        if not stays or last - first < _LITTLE:
            found += run
            continue
        dots = " …\n\n… " if first and last < len(words) else " …" if first else "… "
        found += [*_part(run, 0, first), Segment("same", dots), *_part(run, last, len(words))]
    return found


def _kept(words: str, letters: int) -> int:
    """How many letters of unchanged words stand beside a change: of two lines, and no word by half."""
    lines = _LINES.match(words)
    kept = lines[0][:letters] if lines is not None else ""
    if kept and kept != words and not words[len(kept) :][:1].isspace():
        kept = _HALF.sub("", kept) or kept
    return len(kept.rstrip())


def _part(run: Iterable[Segment], start: int, end: int) -> Iterator[Segment]:
    """The segments between two letters."""
    for each in run:
        text = each.text[max(0, start) : max(0, end)]
        start, end = start - len(each.text), end - len(each.text)
        if text:
            yield replace(each, text=text)


class _Forms:
    """The form of each letter, read from the first to the last."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._starts = [0, *accumulate(len(run.text) for run in runs)][:-1]
        self.at = 0

    def take(self, count: int) -> Iterator[tuple[int, Form]]:
        """The next so many letters as (how many, their form)."""
        end = self.at + count
        number = bisect_right(self._starts, self.at) - 1
        while self.at < end:
            run = self._runs[number]
            step = min(end, self._starts[number] + len(run.text)) - self.at
            yield step, run.form
            self.at += step
            number += 1


def _with_form(segments: Sequence[Segment], before: _Forms, after: _Forms) -> Iterator[Segment]:
    for segment in segments:
        if segment.kind == "same":
            yield from _changed_form(
                segment.text, list(before.take(len(segment.text))), list(after.take(len(segment.text)))
            )
        else:
            at = 0
            for count, form in (before if segment.kind == "removed" else after).take(len(segment.text)):
                yield Segment(segment.kind, segment.text[at : at + count], form)
                at += count


def _changed_form(
    text: str, before: Sequence[tuple[int, Form]], after: Sequence[tuple[int, Form]]
) -> Iterator[Segment]:
    """Words that stayed, cut where their form, or what it was, changes; spaces look like nothing."""
    was, now = ([form for count, form in some for _ in range(count)] for some in (before, after))
    forms: list[tuple[Form, Form | None]] = []
    for sign, old, new in zip(text, was, now, strict=True):
        blank = sign.isspace()
        forms.append((new, None if blank or old == new else old))
    for at, sign in enumerate(text):  # a space between words that changed alike is one of them
        if sign.isspace() and at and forms[at][1] is None and forms[at - 1][1] is not None:
            end = at
            while end < len(text) and text[end].isspace():
                end += 1
            if end < len(text) and forms[end] == forms[at - 1] and "\n" not in text[at:end]:
                forms[at:end] = [forms[end]] * (end - at)
    at = 0
    for (form, earlier), some in groupby(forms):
        count = sum(1 for _ in some)
        yield Segment("same", text[at : at + count], form, earlier)
        at += count
