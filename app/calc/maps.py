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
    for (x_score, y_score), names in sorted(spots.items()):
        x, y = at(x_score, y_score)
        parts.append(svg.circle(x, y, 4 + 2 * math.sqrt(len(names)), fill=HIGH[0], stroke="#ffffff"))
    taken: list[tuple[float, float, float]] = []
    for (x_score, y_score), names in sorted(spots.items()):
        x, y = at(x_score, y_score)
        if not layout.beside and x_score >= across.band[0] and y_score >= up.band[0]:
            continue  # on a phone only what needs attention has room for its name; the table names all
        shown = names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"
        long = len(shown) * 11 * svg.CHARACTER
        begin = x - 10 - long if x + 12 + long > left + side else x + 10
        base = y - 8
        while any(abs(base - line) < 11 and begin < end_ and start < begin + long for start, end_, line in taken):
            base += 12  # below what stands there already
        taken.append((begin, begin + long, base))
        parts.append(svg.label(shown, begin, base, size=11))
    below = top + side + 36
    parts.append(svg.label(f"→ {axes[0]}", left, below, size=layout.size, bold=True))
    parts.append(svg.label(f"↑ {axes[1]}", left, below + 20, size=layout.size, bold=True))
    return svg.document(key, title, words.plane, layout.width, below + 30, parts, layout.kind)


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
