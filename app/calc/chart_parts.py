"""What every chart shares: words, colours, the two layouts, the legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.calc import svg

LOW = ("#8f3a05", "#b8561a", "#eaa77b", "#f6dccb")
HIGH = ("#0b4f8c", "#2f77b5", "#8fbce2", "#d3e4f4")
MIDDLE = "#dde1e4"
BAND = "#e8f1fa"
EARLIER = "#aeb7bd"
CURRENT = "#8fb4d9"
DARK = frozenset({*LOW[:2], *HIGH[:2]})


@dataclass(frozen=True, kw_only=True)
class Words:
    """What charts and their tables say; a shell passes translations."""

    item: str = "Item"
    n: str = "n"
    no_scores: str = "No scores"
    withheld: str = "Too few scores to show"
    median: str = "Median"
    middle_half: str = "Middle half"
    interval: str = "Interval of the median"
    earlier: str = "Earlier round"
    current: str = "This round"
    agreed: str = "Counts as agreed"
    to: str = "to"
    bars: str = "Numbers in the bars count people; the axis shows their share of those who scored."
    heat: str = "The number in a cell is the median of that group; the colour shows where it lies on the scale."
    plane: str = "Each dot is an item, placed by its two medians; in the shaded corner both lie in the agreed band."
    dots: str = (
        "The dot is the median, the bar the middle half of the scores, the thin line the interval of the median."
    )


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One picture in two layouts and its table: show `wide` or `narrow` by the width of the page."""

    wide: str
    narrow: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where things lie in one of the two layouts, in pixels; `beside` puts labels left of the drawing, else above."""

    kind: str
    width: float
    left: float
    right: float
    label_width: float
    beside: bool
    size: float

    def place(self, text: str, top: float, height: float) -> tuple[str, float]:
        """The label of a row, and where the row's drawing begins below it (or beside it)."""
        lines = svg.wrap(text, self.label_width, self.size)
        step = self.size * 1.25
        first = top + self.size
        if self.beside:
            first = top + max(0.0, (height - step * len(lines)) / 2) + self.size
        anchor, x = ("end", self.left - 12) if self.beside else ("start", 0.0)
        drawn = [svg.label(one, x, first + step * i, size=self.size, anchor=anchor) for i, one in enumerate(lines)]
        used = step * len(lines)
        begin = top + max(0.0, (used - height) / 2) if self.beside else top + used + 4
        return "".join(drawn), begin

    def row_height(self, text: str, height: float) -> float:
        """How much room a row of this label and drawing takes, with the gap to the next."""
        used = self.size * 1.25 * len(svg.wrap(text, self.label_width, self.size))
        return max(used, height) + 12 if self.beside else used + height + 16


WIDE = Layout(kind="wide", width=780, left=220, right=610, label_width=200, beside=True, size=13)
NARROW = Layout(kind="narrow", width=340, left=4, right=336, label_width=270, beside=False, size=14)


def colours(number: int) -> list[str]:
    """A colour per band, orange to blue, grey in the middle of an odd number."""
    side = number // 2
    picks = {1: (0,), 2: (0, 2), 3: (0, 1, 2)}.get(side, (0, 1, 2, 3))
    steps = [picks[min(i, len(picks) - 1)] for i in range(side)]
    low, high = [LOW[i] for i in steps], [HIGH[i] for i in reversed(steps)]
    return [*low, *([MIDDLE] if number % 2 else []), *high]


def legend(entries: Sequence[tuple[str, str]], layout: Layout) -> tuple[str, float]:
    """Coloured squares with their names, broken into lines; and the height they take."""
    parts, start = [], layout.left if layout.beside else 0.0
    x, y = start, 4.0
    for name, colour in entries:
        width = 22 + len(name) * layout.size * svg.CHARACTER + 18
        if x > start and x + width > layout.width:
            x, y = start, y + 22
        parts.append(svg.tag("rect", x=x, y=y, width=14, height=14, fill=colour, stroke=svg.QUIET, stroke_width=0.75))
        parts.append(svg.label(name, x + 20, y + 12, size=layout.size))
        x += width
    return "".join(parts), y + 30
