"""Agreement between raters. Everything but Kendall's W works on counts: units by categories."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

from app.calc.distributions import chi_square_tail, t_quantile
from app.calc.figures import METHODS, Figure, Result, Table, given, rectangular

Category = Hashable
Counts = Sequence[Sequence[int]]
NO_PAIRS = "no unit has two scores"
ONE_VALUE = "every score is the same: there is nothing to tell apart"


@dataclass(frozen=True, kw_only=True)
class KendallW(Result):
    """Concordance of `raters` over `n` units; `rank_sums` one per unit, `s` their squared deviations."""

    raters: int
    rank_sums: tuple[float, ...] = ()
    s: float | None = None
    w: float | None = None
    chisq: float | None = None
    df: int | None = None
    p: float | None = None


@dataclass(frozen=True, kw_only=True)
class Alpha(Result):
    """Krippendorff's alpha over `n` units with two scores or more."""

    alpha: float | None = None
    pair_agreement: float | None = None


@dataclass(frozen=True, kw_only=True)
class Gwet(Result):
    """AC1 or AC2 over `n` units: coefficient, observed and chance agreement, standard error, 95 % interval."""

    coefficient: float | None = None
    pa: float | None = None
    pe: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class FleissKappa(Result):
    """Fleiss' kappa over `n` units; `z` only where every unit has the same number of scores."""

    kappa: float | None = None
    z: float | None = None


def is_missing(value: object) -> bool:
    """Whether a cell holds no score: None, or not a number."""
    return value is None or value != value  # noqa: PLR0124  not a number is the one value that is not itself


def seen(table: Sequence[Sequence[Category | None]]) -> list[Category]:
    """The categories that occur: numbers in order, then words in order."""
    values = {cell for row in table for cell in row if cell is not None and not is_missing(cell)}
    numbers = sorted(value for value in values if isinstance(value, int | float))
    return [*numbers, *sorted((value for value in values if not isinstance(value, int | float)), key=str)]


def count(table: Sequence[Sequence[Category | None]], categories: Sequence[Category]) -> list[list[int]]:
    """Counts of a table with one row per unit, in the order of `categories`.

    Raises ValueError for a score outside the categories or a category named twice.
    """
    place = {category: index for index, category in enumerate(categories)}
    if len(place) < len(categories):
        raise ValueError("a category is named twice")
    rows = []
    for row in table:
        counts = [0] * len(categories)
        for cell in row:
            if cell is None or is_missing(cell):
                continue
            if cell not in place:
                raise ValueError(f"{cell} is not one of the categories")
            counts[place[cell]] += 1
        rows.append(counts)
    return rows


def transpose(table: Sequence[Sequence[Category | None]]) -> list[list[Category | None]]:
    """Rows become columns; raises ValueError when rows differ in length."""
    return [[row[column] for row in table] for column in range(rectangular(table))]


def midranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, the mean rank where values tie."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        stop = start
        while stop < len(order) and values[order[stop]] == values[order[start]]:
            stop += 1
        for index in order[start:stop]:
            ranks[index] = (start + stop + 1) / 2
        start = stop
    return ranks


def tie_term(values: Sequence[float]) -> int:
    """The sum of t^3 - t over groups of equal values."""
    sizes: dict[float, int] = {}
    for value in values:
        sizes[value] = sizes.get(value, 0) + 1
    return sum(size**3 - size for size in sizes.values())


def kendall_w(units_by_raters: Table, tie_correction: bool = True) -> KendallW:
    """Kendall's W of a table with one row per unit and one column per rater; incomplete units are dropped.

    Undefined with fewer than two units or raters, or where no rater tells any units apart.
    Source: Kendall and Babington Smith (1939); ties by Siegel and Castellan (1988).
    """
    raters = rectangular(units_by_raters)
    rows = [given(row)[0] for row in units_by_raters if not any(is_missing(cell) for cell in row)]
    n, missing, method = len(rows), len(units_by_raters) - len(rows), METHODS["kendall-w"]
    if n < 2 or raters < 2:
        reason = "concordance needs two units and two raters without gaps"
        return KendallW(method=method, n=n, missing=missing, raters=raters, reason=reason)
    columns = [[row[rater] for row in rows] for rater in range(raters)]
    ranks = [midranks(column) for column in columns]
    sums = tuple(math.fsum(column[unit] for column in ranks) for unit in range(n))
    s = math.fsum((total - raters * (n + 1) / 2) ** 2 for total in sums)
    ties = sum(tie_term(column) for column in columns)
    if ties == raters * (n**3 - n):
        return KendallW(method=method, n=n, missing=missing, raters=raters, rank_sums=sums, s=s, reason=ONE_VALUE)
    w = 12 * s / (raters**2 * (n**3 - n) - (raters * ties if tie_correction else 0))
    chisq = raters * (n - 1) * w
    return KendallW(
        method=method,
        n=n,
        missing=missing,
        raters=raters,
        rank_sums=sums,
        s=s,
        w=w,
        chisq=chisq,
        df=n - 1,
        p=chi_square_tail(chisq, n - 1),
    )


def percent_agreement(units_by_raters: Table, tolerance_points: float = 0) -> Figure:
    """Share (0-100) of the complete units whose scores differ by at most `tolerance_points`.

    Undefined without a complete unit or with fewer than two raters.
    """
    raters = rectangular(units_by_raters)
    rows = [given(row)[0] for row in units_by_raters if not any(is_missing(cell) for cell in row)]
    missing = len(units_by_raters) - len(rows)
    if raters < 2 or not rows:
        reason = "agreement needs two raters and a unit scored by all of them"
        return Figure(method=METHODS["percent-agreement"], n=len(rows), missing=missing, value=None, reason=reason)
    alike = sum(max(row) - min(row) <= tolerance_points for row in rows)
    return Figure(method=METHODS["percent-agreement"], n=len(rows), missing=missing, value=100 * alike / len(rows))


def pair_agreement(counts: Counts) -> Figure:
    """Identical pairs over all pairs, pooled over units; `n` counts the pairs. Undefined without a pair."""
    pairs = sum(math.comb(sum(row), 2) for row in counts)
    alike = sum(math.comb(k, 2) for row in counts for k in row)
    missing = sum(sum(row) < 2 for row in counts)
    value = alike / pairs if pairs else None
    reason = None if pairs else NO_PAIRS
    return Figure(method=METHODS["pair-agreement"], n=pairs, missing=missing, value=value, reason=reason)


def alpha(counts: Counts, categories: Sequence[Category], level: str = "ordinal") -> Alpha:
    """Krippendorff's alpha; `categories` give the values for interval and ratio and the order for ordinal.

    Undefined without a unit of two scores, or where every pairable score is the same. Raises ValueError for an
    unknown level, or for words at a level that needs numbers. Source: Krippendorff (2011).
    """
    rows = [row for row in counts if sum(row) >= 2]
    missing, method = len(counts) - len(rows), METHODS["alpha"]
    totals = [sum(row[k] for row in rows) for k in range(len(categories))]
    distance = _distances(categories, totals, level)
    if not rows:
        return Alpha(method=method, n=0, missing=missing, reason=NO_PAIRS)
    pairs = pair_agreement(rows).value
    used = [k for k, total in enumerate(totals) if total]
    everyone = sum(totals)
    expected = math.fsum(totals[c] * totals[k] * distance(c, k) for c in used for k in used) / (everyone - 1)
    observed = math.fsum(
        math.fsum(row[c] * row[k] * distance(c, k) for c in used if row[c] for k in used if row[k]) / (sum(row) - 1)
        for row in rows
    )
    if len(used) < 2 or expected == 0:
        return Alpha(method=method, n=len(rows), missing=missing, pair_agreement=pairs, reason=ONE_VALUE)
    return Alpha(method=method, n=len(rows), missing=missing, alpha=1 - observed / expected, pair_agreement=pairs)


def gwet(counts: Counts, weights: Sequence[Sequence[float]]) -> Gwet:
    """AC1 (identity weights) or AC2 over units with at least one score.

    Undefined without a unit of two scores or with fewer than two categories; the standard error needs two units.
    Source: Gwet (2008, 2014).
    """
    rows = [row for row in counts if sum(row)]
    n, q, missing, method = len(rows), len(weights), len(counts) - len(rows), METHODS["gwet"]
    paired = sum(sum(row) >= 2 for row in rows)
    if q < 2 or not paired:
        reason = "chance agreement needs two categories" if paired else NO_PAIRS
        return Gwet(method=method, n=n, missing=missing, reason=reason)
    shares = [math.fsum(row[k] / sum(row) for row in rows) / n for k in range(q)]
    chance = math.fsum(map(math.fsum, weights)) / (q * (q - 1))
    pe = chance * math.fsum(share * (1 - share) for share in shares)
    agreements = [_unit_agreement(row, weights) for row in rows]
    pa = math.fsum(a for a in agreements if a is not None) / paired
    if pe >= 1:
        return Gwet(method=method, n=n, missing=missing, pa=pa, pe=pe, reason="chance agreement is complete")
    value = (pa - pe) / (1 - pe)
    parts = []
    for row, agreement in zip(rows, agreements, strict=True):
        part = 0.0 if agreement is None else n / paired * (agreement - pe) / (1 - pe)
        unit_pe = chance * math.fsum(k * (1 - share) for k, share in zip(row, shares, strict=True)) / sum(row)
        parts.append(part - 2 * (1 - value) * (unit_pe - pe) / (1 - pe))
    if n < 2:
        reason = "a standard error needs two units"
        return Gwet(method=method, n=n, missing=missing, coefficient=value, pa=pa, pe=pe, reason=reason)
    se = math.sqrt(math.fsum((part - value) ** 2 for part in parts) / (n * (n - 1)))
    half = t_quantile(0.975, n - 1) * se
    return Gwet(
        method=method,
        n=n,
        missing=missing,
        coefficient=value,
        pa=pa,
        pe=pe,
        se=se,
        low=value - half,
        high=min(1.0, value + half),
    )


def fleiss_kappa(counts: Counts) -> FleissKappa:
    """Fleiss' kappa over units with at least one score; unequal numbers of scores are allowed, then without z.

    Undefined without a unit of two scores or where every score is the same. Source: Fleiss (1971).
    """
    rows = [row for row in counts if sum(row)]
    n, missing, method = len(rows), len(counts) - len(rows), METHODS["fleiss"]
    identity = agreement_weights(range(len(rows[0]) if rows else 0), "identity")
    agreements = [a for a in (_unit_agreement(row, identity) for row in rows) if a is not None]
    if not agreements:
        return FleissKappa(method=method, n=n, missing=missing, reason=NO_PAIRS)
    shares = [math.fsum(row[k] / sum(row) for row in rows) / n for k in range(len(identity))]
    if sum(share > 0 for share in shares) < 2:
        return FleissKappa(method=method, n=n, missing=missing, reason=ONE_VALUE)
    pe = math.fsum(share * share for share in shares)
    kappa = (math.fsum(agreements) / len(agreements) - pe) / (1 - pe)
    raters = {sum(row) for row in rows}
    if len(raters) > 1:
        uneven = "z needs the same number of scores for every unit"
        return FleissKappa(method=method, n=n, missing=missing, kappa=kappa, reason=uneven)
    m = raters.pop()
    spread = math.fsum(share * (1 - share) for share in shares)
    skew = math.fsum(share * (1 - share) * (1 - 2 * share) for share in shares)
    variance = 2 * (spread**2 - skew) / (spread**2 * n * m * (m - 1))
    z = kappa / math.sqrt(variance) if variance > 0 else None
    reason = None if z is not None else "the variance under chance is 0"
    return FleissKappa(method=method, n=n, missing=missing, kappa=kappa, z=z, reason=reason)


def agreement_weights(categories: Sequence[Category], kind: str) -> list[list[float]]:
    """Weights 1 (same) to 0 (furthest) by the values of the categories, or by their order where they are words.

    `identity`, `linear`, `quadratic`, or `ordinal` (by order). Raises ValueError for another kind.
    """
    q = len(categories)
    values = _numbers(categories) or [float(index) for index in range(q)]
    span = max(values) - min(values) if q > 1 else 1.0

    def weight(i: int, j: int) -> float:
        if i == j:
            return 1.0
        gap = abs(values[i] - values[j]) / span
        by_kind: Mapping[str, float] = {
            "identity": 0.0,
            "linear": 1 - gap,
            "quadratic": 1 - gap * gap,
            "ordinal": 1 - math.comb(abs(i - j) + 1, 2) / math.comb(q, 2),
        }
        return by_kind[kind]

    if kind not in {"identity", "linear", "quadratic", "ordinal"}:
        raise ValueError(f"unknown weights {kind}")
    return [[weight(i, j) for j in range(q)] for i in range(q)]


def _unit_agreement(row: Sequence[int], weights: Sequence[Sequence[float]]) -> float | None:
    total = sum(row)
    if total < 2:
        return None
    used = [k for k, number in enumerate(row) if number]
    weighted = math.fsum(row[k] * (math.fsum(weights[k][other] * row[other] for other in used) - 1) for k in used)
    return weighted / (total * (total - 1))


def _numbers(categories: Sequence[Category]) -> list[float] | None:
    values = [float(category) for category in categories if isinstance(category, int | float)]
    return values if len(values) == len(categories) else None


def _distances(categories: Sequence[Category], totals: Sequence[int], level: str) -> Callable[[int, int], float]:
    """The squared difference of two categories (by index) at a level of measurement."""
    values = _numbers(categories)
    if level not in {"nominal", "ordinal", "interval", "ratio"}:
        raise ValueError(f"unknown level {level}")
    if level in {"interval", "ratio"} and values is None:
        raise ValueError(f"the {level} level needs numbers")
    before = [sum(totals[:k]) for k in range(len(totals) + 1)]

    def distance(c: int, k: int) -> float:
        if c == k:
            return 0.0
        if level == "nominal":
            return 1.0
        if level == "ordinal":
            first, last = min(c, k), max(c, k)
            return (before[last + 1] - before[first] - (totals[first] + totals[last]) / 2) ** 2
        a, b = (values[c], values[k]) if values is not None else (0.0, 0.0)
        if level == "interval":
            return (a - b) ** 2
        return ((a - b) / (a + b)) ** 2 if a + b else 0.0

    return distance
