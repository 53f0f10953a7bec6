"""Pictures of a round's results as SVG strings, each wide and narrow, with the rows of its table twin.

The strings hold no script, no style and no unescaped text; `app.markup` wraps them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.calc import svg
from app.calc.chart_parts import BAND, CURRENT, DARK, EARLIER, HIGH, NARROW, WIDE, Chart, Layout, Words
from app.calc.chart_parts import colours as colour_steps
from app.calc.chart_parts import legend as draw_legend
from app.calc.ratings import Scale, Summary

__all__ = ["BarRow", "Chart", "MedianRow", "Spread", "Words", "default_bands", "diverging_bars", "medians", "reach"]


@dataclass(frozen=True, kw_only=True)
class BarRow:
    """One item: people per score of the scale upwards, None where they must not be shown; a note such as a verdict."""

    label: str
    counts: Sequence[int] | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A median with the quartiles and, where known, the interval of the median, in points of the scale."""

    median: float
    quartiles: tuple[float, float]
    interval: tuple[float, float] | None = None
    n: int = 0

    @classmethod
    def of(cls, summary: Summary) -> Spread | None:
        """The spread of a summary; None where nobody gave a score."""
        low, middle, high = summary.lower_quartile.value, summary.median.value, summary.upper_quartile.value
        if low is None or middle is None or high is None:
            return None
        ends = summary.interval
        interval = None if ends.low is None or ends.high is None else (ends.low, ends.high)
        return cls(median=middle, quartiles=(low, high), interval=interval, n=summary.n)


@dataclass(frozen=True, kw_only=True)
class MedianRow:
    """One item in this round and, where its words are the same, in an earlier one; None where it must not be shown."""

    label: str
    current: Spread | None
    earlier: Spread | None = None


def default_bands(scale: Scale) -> tuple[tuple[int, int], ...]:
    """Scores drawn as one colour: the two outer bands a rule counts, the scores between one by one.

    1-9 gives 1-3, 4, 5, 6, 7-9, so that the darkest blue is what "agreed" counts; up to eight points each score is its
    own; beyond eleven the middle is one band.
    """
    if len(scale.categories) < 9:
        return tuple((score, score) for score in scale.categories)
    between = range(scale.low_band[1] + 1, scale.band[0])
    middle = [(score, score) for score in between] if len(scale.categories) <= 11 else [(between[0], between[-1])]
    return (scale.low_band, *middle, scale.band)


def diverging_bars(
    rows: Sequence[BarRow],
    scale: Scale,
    *,
    title: str,
    key: str,
    bands: Sequence[tuple[int, int]] | None = None,
    words: Words | None = None,
    within: tuple[float, float] | None = None,
) -> Chart:
    """Diverging stacked bars, one per item, centred on the middle of the scale.

    `key` must be unique on the page. `within` is how far the drawing goes left and right of the centre, by default as
    far as its own bars do: pictures that are compared get the `reach` of all their rows. Raises ValueError where a row
    does not count every score of the scale.
    """
    said = words or Words()
    groups = list(bands or default_bands(scale))
    counted = [_banded(row, scale, groups) for row in rows]
    names = [_band_name(band) for band in groups]
    columns = (said.item, *names, said.n)
    table = []
    for row, counts in zip(rows, counted, strict=True):
        if counts is None:
            table.append((row.label, *[said.withheld] * len(groups), said.withheld))
        else:
            total = sum(counts)
            table.append((row.label, *(_share(count, total) for count in counts), str(total)))
    ends = within or _reach(counted)
    pictures = [_draw_bars(rows, counted, names, layout, title, key, said, ends) for layout in (WIDE, NARROW)]
    return Chart(wide=pictures[0], narrow=pictures[1], columns=columns, rows=tuple(table))


def reach(
    rows: Sequence[BarRow], scale: Scale, *, bands: Sequence[tuple[int, int]] | None = None
) -> tuple[float, float]:
    """How far left and right of the centre bars go, as shares of those who scored, up to the next fifth."""
    return _reach([_banded(row, scale, list(bands or default_bands(scale))) for row in rows])


def medians(
    rows: Sequence[MedianRow],
    scale: Scale,
    *,
    title: str,
    key: str,
    band: tuple[int, int] | None = None,
    words: Words | None = None,
) -> Chart:
    """Median, middle half and interval per item, with an arrow from an earlier round where there is one.

    `band` is what counts as agreed (by default the scale's); `key` must be unique on the page.
    """
    said = words or Words()
    agreed = band or scale.band
    both = any(row.earlier for row in rows)
    columns = [said.item, said.median, said.middle_half, said.interval, said.n]
    if both:
        columns.append(f"{said.earlier}: {said.median.lower()}")
    table = []
    for row in rows:
        cells = [row.label, *_spread_cells(row.current, said)]
        if both:
            cells.append(svg.number(row.earlier.median) if row.earlier else "")
        table.append(tuple(cells))
    pictures = [_draw_medians(rows, scale, agreed, layout, title, key, said) for layout in (WIDE, NARROW)]
    return Chart(wide=pictures[0], narrow=pictures[1], columns=tuple(columns), rows=tuple(table))


def _banded(row: BarRow, scale: Scale, groups: Sequence[tuple[int, int]]) -> list[int] | None:
    if row.counts is None:
        return None
    if len(row.counts) != len(scale.categories):
        raise ValueError(f"{row.label} must count every score of {scale.name}")
    return [sum(row.counts[low - scale.lo : high - scale.lo + 1]) for low, high in groups]


def _band_name(band: tuple[int, int]) -> str:
    low, high = band
    return str(low) if low == high else f"{low}–{high}"


def _share(count: int, total: int) -> str:
    return f"{count} ({round(100 * count / total)} %)" if total else "0"


def _draw_bars(
    rows: Sequence[BarRow],
    counted: Sequence[list[int] | None],
    names: Sequence[str],
    layout: Layout,
    title: str,
    key: str,
    words: Words,
    ends: tuple[float, float],
) -> str:
    colours = colour_steps(len(names))
    legend, top = draw_legend(list(zip(names, colours, strict=True)), layout)
    left, right = ends
    unit = (layout.right - layout.left) / (left + right)
    zero = layout.left + left * unit
    height = 24.0
    bottom = top + sum(layout.row_height(row.label, height) for row in rows)
    step = 0.2 if layout.beside else 0.4
    places = range(-math.floor(left / step + 1e-9), math.floor(right / step + 1e-9) + 1)
    marks = [(zero + place * step * unit, f"{abs(round(100 * place * step))}%") for place in places]
    parts = [legend, *_axis(marks, bottom)]
    if layout.beside:
        parts += _grid([x for x, _ in marks], zero, top - 4, bottom)
    y = top
    for row, counts in zip(rows, counted, strict=True):
        text, begin = layout.place(row.label, y, height)
        parts.append(text)
        if not layout.beside:
            parts += _grid([x for x, _ in marks], zero, begin - 3, begin + height + 3)
        parts.append(_bar(counts, colours, zero, unit, begin, height, words))
        total = words.withheld if counts is None else f"{words.n}={sum(counts)}"
        if counts is not None:
            x, base = (layout.right + 14, begin + 16) if layout.beside else (layout.width, y + layout.size)
            anchor = "start" if layout.beside else "end"
            parts.append(svg.label(total, x, base, size=12, fill=svg.QUIET, anchor=anchor))
        if row.note and layout.beside and counts is not None:
            parts.append(svg.label(row.note, layout.right + 66, begin + 16, size=12, fill=svg.QUIET))
        y += layout.row_height(row.label, height)
    return svg.document(key, title, words.bars, layout.width, bottom + 26, parts, layout.kind)


def _reach(counted: Sequence[Sequence[int] | None]) -> tuple[float, float]:
    sides = [_sides(counts) for counts in counted if counts and sum(counts)]
    left, right = (max(0.2, math.ceil(5 * max(ends, default=0.2) - 1e-9) / 5) for ends in _unzip(sides))
    return left, right


def _unzip(sides: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [left for left, _ in sides], [right for _, right in sides]


def _sides(counts: Sequence[int]) -> tuple[float, float]:
    """Shares left and right of the centre; a middle band lies half on each side."""
    total, side = sum(counts), len(counts) // 2
    middle = counts[side] / 2 if len(counts) % 2 else 0
    return (sum(counts[:side]) + middle) / total, (sum(counts[len(counts) - side :]) + middle) / total


def _axis(marks: Sequence[tuple[float, str]], bottom: float) -> Iterator[str]:
    """The words below the drawing."""
    for x, name in marks:
        yield svg.label(name, x, bottom + 18, size=12, fill=svg.QUIET, anchor="middle")


def _grid(places: Sequence[float], zero: float | None, top: float, bottom: float) -> Iterator[str]:
    """Thin upright lines, and a dark one at the centre; under labels they would strike words through."""
    for x in places:
        yield svg.line(x, top, x, bottom)
    if zero is not None:
        yield svg.line(zero, top, zero, bottom, stroke=svg.INK, width=1.5)


def _bar(
    counts: Sequence[int] | None,
    colours: Sequence[str],
    zero: float,
    unit: float,
    top: float,
    height: float,
    words: Words,
) -> str:
    total = sum(counts) if counts is not None else 0
    if counts is None or not total:
        said = words.withheld if counts is None else words.no_scores
        return svg.label(said, zero + 8, top + height / 2 + 4, size=12, fill=svg.QUIET)
    x = zero - _sides(counts)[0] * unit
    parts = []
    for count, colour in zip(counts, colours, strict=True):
        width = count / total * unit
        if count:
            parts.append(svg.rect(x, top, width, height, colour))
        if count and width >= 8 + 7 * len(str(count)):
            fill = "#ffffff" if colour in DARK else svg.INK
            parts.append(svg.label(str(count), x + width / 2, top + 17, size=12, fill=fill, anchor="middle", bold=True))
        x += width
    return "".join(parts)


def _spread_cells(spread: Spread | None, words: Words) -> tuple[str, str, str, str]:
    if spread is None:
        return words.withheld, "", "", ""

    def span(ends: tuple[float, float] | None) -> str:
        return f"{svg.number(ends[0])} {words.to} {svg.number(ends[1])}" if ends else ""

    return svg.number(spread.median), span(spread.quartiles), span(spread.interval), str(spread.n)


def _draw_medians(
    rows: Sequence[MedianRow],
    scale: Scale,
    band: tuple[int, int],
    layout: Layout,
    title: str,
    key: str,
    words: Words,
) -> str:
    both = any(row.earlier for row in rows)
    entries = [(words.current, CURRENT), (words.agreed, BAND)]
    legend, top = draw_legend([(words.earlier, EARLIER), *entries] if both else entries, layout)
    inset = 14.0
    unit = (layout.right - layout.left - 2 * inset) / (scale.hi - scale.lo)

    def at(score: float) -> float:
        return layout.left + inset + (score - scale.lo) * unit

    height = 40.0 if both else 24.0
    bottom = top + sum(layout.row_height(row.label, height) for row in rows)
    edge = min(inset, unit / 2)

    def ground(start: float, stop: float) -> list[str]:
        shade = svg.rect(at(band[0]) - edge, start, at(band[1]) - at(band[0]) + 2 * edge, stop - start, BAND)
        return [shade, *_grid([x for x, _ in marks], None, start, stop)]

    every = max(1, math.ceil(len(scale.categories) / 11))
    marks = [(at(score), str(score)) for score in scale.categories[::every]]
    parts = [legend, *_axis(marks, bottom)]
    if layout.beside:
        parts += ground(top - 4, bottom)
    y = top
    for row in rows:
        text, begin = layout.place(row.label, y, height)
        parts.append(text)
        if not layout.beside:
            parts += ground(begin - 3, begin + height + 3)
        x, base = (layout.right + 14, begin + height / 2 + 4) if layout.beside else (layout.width, y + layout.size)
        if row.current is None:
            parts.append(svg.label(words.withheld, at(scale.lo), begin + height / 2 + 4, size=12, fill=svg.QUIET))
        else:
            anchor = "start" if layout.beside else "end"
            parts.append(svg.label(f"{words.n}={row.current.n}", x, base, size=12, fill=svg.QUIET, anchor=anchor))
            centre = begin + (28 if row.earlier else height / 2)
            parts += _lanes(row.current, row.earlier, (begin + 9, centre), [at(v) for v in _marks(row)])
        y += layout.row_height(row.label, height)
    return svg.document(key, title, words.dots, layout.width, bottom + 26, parts, layout.kind)


def _marks(row: MedianRow) -> list[float]:
    """Scores a row draws: median, quartiles and interval of this round, then those of the earlier one."""
    marks: list[float] = []
    for spread in (row.current, row.earlier):
        if spread is not None:
            marks += [spread.median, *spread.quartiles, *(spread.interval or spread.quartiles)]
    return marks


def _lanes(current: Spread, earlier: Spread | None, lanes: tuple[float, float], x: Sequence[float]) -> list[str]:
    """The drawing of one row: an earlier lane above, this round's below, an arrow between the two medians."""
    above, y = lanes
    parts = [svg.rect(x[1] - 2, y - 5, x[2] - x[1] + 4, 10, CURRENT)]
    if current.interval:
        parts.append(svg.line(x[3], y, x[4], y, stroke=svg.INK, width=1.5))
        parts += [svg.line(end, y - 4, end, y + 4, stroke=svg.INK, width=1.5) for end in x[3:5]]
    if earlier is not None:
        parts.insert(0, svg.rect(x[6] - 2, above - 3, x[7] - x[6] + 4, 6, EARLIER))
        parts.append(_arrow((x[5], above), (x[0], y)))
        parts.append(svg.circle(x[5], above, 5, fill="#ffffff", stroke=svg.INK))
    parts.append(svg.circle(x[0], y, 6, fill=HIGH[0], stroke="#ffffff"))
    return parts


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A line whose head stops at the rim of the dot it points to."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    tip = (end[0] - 8 * ux, end[1] - 8 * uy)
    base = (tip[0] - 6 * ux, tip[1] - 6 * uy)
    corners = [tip, (base[0] - 3.5 * uy, base[1] + 3.5 * ux), (base[0] + 3.5 * uy, base[1] - 3.5 * ux)]
    points = " ".join(f"{svg.number(px)},{svg.number(py)}" for px, py in corners)
    shaft = svg.line(start[0], start[1], base[0], base[1], stroke=svg.INK, width=1.5)
    return shaft + svg.tag("polygon", points=points, fill=svg.INK)
