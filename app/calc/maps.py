"""More pictures of a round: a heat map of items by groups, one question against another, how far experts came.

As in ``charts.py`` each comes wide and narrow with the rows of its table twin, and holds no script and no style.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.calc import svg
from app.calc.chart_parts import BAND, CURRENT, DARK, HIGH, NARROW, WIDE, Chart, Layout, Words, colours
from app.calc.ratings import Scale

STEPS = 7
CELL = 30.0


@dataclass(frozen=True, kw_only=True)
class HeatRow:
    """One item: the median of each group in the order of the columns, None where it must not be shown."""

    label: str
    medians: Sequence[float | None]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One item by its medians on two questions; ``name`` is short, such as a reference."""

    name: str
    label: str
    x: float
    y: float


def heat_map(
    rows: Sequence[HeatRow], columns: Sequence[str], scale: Scale, *, title: str, key: str, words: Words | None = None
) -> Chart:
    """The median of every group for every item, coloured by where it lies on the scale, the number in each cell.

    Columns are numbered where their names would not fit. Raises ValueError where a row has another number of cells.
    """
    said = words or Words()
    if any(len(row.medians) != len(columns) for row in rows):
        raise ValueError("every row has one cell for each column")
    table = [
        (row.label, *(said.withheld if each is None else svg.number(each) for each in row.medians)) for row in rows
    ]
    drawn = [_draw_heat(rows, columns, scale, layout, title, key, said) for layout in (WIDE, NARROW)]
    return Chart(wide=drawn[0], narrow=drawn[1], columns=(said.item, *columns), rows=tuple(table))


def plane(
    points: Sequence[Point], scales: tuple[Scale, Scale], axes: tuple[str, str], *, title: str, key: str,
    words: Words | None = None,
) -> Chart:  # fmt: skip
    """Items by their medians on two questions; what counts as agreed on both is shaded; items on one spot share it."""
    said = words or Words()
    table = [(each.label, svg.number(each.x), svg.number(each.y)) for each in points]
    drawn = [_draw_plane(points, scales, axes, layout, title, key, said) for layout in (WIDE, NARROW)]
    return Chart(wide=drawn[0], narrow=drawn[1], columns=(said.item, *axes), rows=tuple(table))


def flow(
    rounds: Sequence[tuple[str, Mapping[str, int]]], steps: Mapping[str, str], *, title: str, key: str,
    words: Words | None = None,
) -> Chart:  # fmt: skip
    """How many experts came how far in each round: a bar for each of ``steps`` (key to name), as long as its count."""
    said = words or Words()
    most = max((count for _name, counts in rounds for count in counts.values()), default=0)
    table = [(name, *(str(counts.get(step, 0)) for step in steps)) for name, counts in rounds]
    drawn = [_draw_flow(rounds, steps, most, layout, title, key) for layout in (WIDE, NARROW)]
    return Chart(wide=drawn[0], narrow=drawn[1], columns=(said.item, *steps.values()), rows=tuple(table))


def _draw_heat(
    rows: Sequence[HeatRow], columns: Sequence[str], scale: Scale, layout: Layout, title: str, key: str, words: Words
) -> str:  # fmt: skip
    width = (layout.right - layout.left) / max(1, len(columns))
    fit = all(len(name) * 12 * svg.CHARACTER <= width - 6 for name in columns)
    parts, y = [], 16.0
    if fit:
        heads = list(columns)
    else:
        heads = [str(place) for place in range(1, len(columns) + 1)]
        start = layout.left if layout.beside else 0.0
        for head, name in zip(heads, columns, strict=True):
            for line in svg.wrap(f"{head}: {name}", layout.width - start, 12, most=2):
                parts.append(svg.label(line, start, y, size=12, fill=svg.QUIET))
                y += 16
        y += 6
    for place, head in enumerate(heads):
        x = layout.left + (place + 0.5) * width
        parts.append(svg.label(head, x, y, size=12, fill=svg.QUIET, anchor="middle", bold=True))
    y += 10
    steps = colours(STEPS)
    for row in rows:
        text, begin = layout.place(row.label, y, CELL)
        parts.append(text)
        for place, median in enumerate(row.medians):
            x = layout.left + place * width
            colour = "#ffffff" if median is None else steps[_step(median, scale)]
            parts.append(svg.rect(x + 1, begin, width - 2, CELL, colour))
            words_here = "–" if median is None else svg.number(median)
            fill = "#ffffff" if colour in DARK else svg.INK
            parts.append(
                svg.label(words_here, x + width / 2, begin + CELL / 2 + 4, size=12, fill=fill, anchor="middle")
            )
        y += layout.row_height(row.label, CELL)
    return svg.document(key, title, words.heat, layout.width, y + 4, parts, layout.kind)


def _step(median: float, scale: Scale) -> int:
    share = (median - scale.lo) / (scale.hi - scale.lo)
    return min(STEPS - 1, max(0, int(share * STEPS)))


def _draw_plane(
    points: Sequence[Point], scales: tuple[Scale, Scale], axes: tuple[str, str], layout: Layout, title: str, key: str,
    words: Words,
) -> str:  # fmt: skip
    left, top, side = 44.0, 12.0, min(420.0, layout.width - 60)
    across, up = scales

    def at(x: float, y: float) -> tuple[float, float]:
        inset, room = 16.0, side - 32
        return (
            left + inset + (x - across.lo) / (across.hi - across.lo) * room,
            top + side - inset - (y - up.lo) / (up.hi - up.lo) * room,
        )

    parts = [svg.rect(left, top, side, side, "#ffffff")]
    corner, end = at(across.band[0] - 0.5, up.band[1]), at(across.band[1], up.band[0] - 0.5)
    parts.append(svg.rect(corner[0], top, left + side - corner[0], end[1] - top, BAND))
    for score in across.categories:
        x, _ = at(score, up.lo)
        parts += [svg.line(x, top, x, top + side), svg.label(str(score), x, top + side + 16, size=12, anchor="middle")]
    for score in up.categories:
        _, y = at(across.lo, score)
        parts += [svg.line(left, y, left + side, y), svg.label(str(score), left - 8, y + 4, size=12, anchor="end")]
    spots: dict[tuple[float, float], list[str]] = {}
    for each in points:
        spots.setdefault((each.x, each.y), []).append(each.name)
    dots = {spot: (*at(*spot), 4 + 2 * math.sqrt(len(names))) for spot, names in sorted(spots.items())}
    parts += [svg.circle(x, y, size, fill=HIGH[0], stroke="#ffffff") for x, y, size in dots.values()]
    taken = [_Box(x - size, y - size, x + size, y + size) for x, y, size in dots.values()]
    for spot, (x, y, size) in dots.items():
        if not layout.beside and spot[0] >= across.band[0] and spot[1] >= up.band[0]:
            continue  # on a phone only what needs attention has room for its name; the table names all
        names = spots[spot]
        shown = names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"
        box = _free(x, y, size, len(shown) * 11 * svg.CHARACTER, layout.width - 2, taken)
        taken.append(box)
        parts.append(svg.label(shown, box.left, box.bottom - 2, size=11))
    below = top + side + 36
    parts.append(svg.label(f"→ {axes[0]}", left, below, size=layout.size, bold=True))
    parts.append(svg.label(f"↑ {axes[1]}", left, below + 20, size=layout.size, bold=True))
    return svg.document(key, title, words.plane, layout.width, below + 30, parts, layout.kind)


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def _free(x: float, y: float, size: float, long: float, end: float, taken: Sequence[_Box]) -> _Box:
    """Where a name of this length stands on nothing that is there: right of its dot, else left, else further off."""
    height, gap = 12.0, size + 3
    for step in range(12):
        for begin in (x + gap, x - gap - long):
            for base in (y - 4 - step * height, y + height + step * height, y + 4):
                box = _Box(begin, base - height + 2, begin + long, base + 2)
                if begin >= 0 and box.right <= end and not any(map(box.meets, taken)):
                    return box
    return _Box(x + gap, y - height, x + gap + long, y)


def _draw_flow(
    rounds: Sequence[tuple[str, Mapping[str, int]]], steps: Mapping[str, str], most: int, layout: Layout, title: str,
    key: str,
) -> str:  # fmt: skip
    parts, y, height = [], 8.0, 20.0
    room = layout.right - layout.left - 40
    for name, counts in rounds:
        parts.append(svg.label(name, 0.0, y + 14, size=layout.size, bold=True))
        y += 26
        for place, (step, label) in enumerate(steps.items()):
            count = counts.get(step, 0)
            text, begin = layout.place(label, y, height)
            parts.append(text)
            long = count / most * room if most else 0.0
            parts.append(svg.rect(layout.left, begin, max(long, 1.0), height, HIGH[0] if place == 0 else CURRENT))
            parts.append(svg.label(str(count), layout.left + long + 8, begin + 15, size=12))
            y += layout.row_height(label, height) - (6 if layout.beside else 8)
        y += 12
    return svg.document(key, title, title, layout.width, y, parts, layout.kind)
