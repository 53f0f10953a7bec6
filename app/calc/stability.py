"""Stability between two rounds: the same people on the same words."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from app.calc.agreement import is_missing, seen
from app.calc.comparisons import differences, wilcoxon
from app.calc.distributions import chi_square_tail
from app.calc.figures import METHODS, Figure, Result, rectangular

Matrix = Sequence[Sequence[float]]
NOBODY_TWICE = "nobody scored in both rounds"
NET_CHANGE_LIMIT = 0.15


@dataclass(frozen=True, kw_only=True)
class WeightedKappa(Result):
    """Weighted kappa over `n` people, and the share of them whose score did not change."""

    kappa: float | None = None
    unchanged: float | None = None


@dataclass(frozen=True, kw_only=True)
class ChiSquare(Result):
    """Pearson's chi-square over `n` people."""

    chisq: float | None = None
    df: int | None = None
    p: float | None = None


@dataclass(frozen=True, kw_only=True)
class Movement(Result):
    """What moved between two rounds for the `n` people who scored in both.

    `change` is the net change of the whole (stable under 15 %), which can be 0 although everybody moved; `effect` is
    the rank-biserial effect of the signed ranks, above 0 where later scores are higher. `kappa` and `effect` may each
    be None where the scores leave nothing to compute them from.
    """

    unchanged: float | None = None
    up: int = 0
    down: int = 0
    change: float | None = None
    stable: bool | None = None
    kappa: float | None = None
    effect: float | None = None


def pairs_of(
    earlier: Sequence[Hashable | None], later: Sequence[Hashable | None]
) -> tuple[list[Hashable], list[Hashable], int]:
    """The people who scored in both rounds, and how many did not; raises ValueError for unequal lengths."""
    if len(earlier) != len(later):
        raise ValueError("the two rounds list different numbers of people")
    both = [
        (a, b)
        for a, b in zip(earlier, later, strict=True)
        if a is not None and b is not None and not (is_missing(a) or is_missing(b))
    ]
    return [a for a, _ in both], [b for _, b in both], len(earlier) - len(both)


def crosstab(
    earlier: Sequence[Hashable | None],
    later: Sequence[Hashable | None],
    categories: Sequence[Hashable] | None = None,
) -> list[list[int]]:
    """People by earlier (rows) and later (columns) score, those with a missing one left out.

    `categories` is the full scale, by default the values seen. Raises ValueError for a score outside it.
    """
    first, second, _ = pairs_of(earlier, later)
    order = list(categories) if categories is not None else seen([first, second])
    place = {category: index for index, category in enumerate(order)}
    table = [[0] * len(order) for _ in order]
    for a, b in zip(first, second, strict=True):
        if a not in place or b not in place:
            raise ValueError(f"{b if a in place else a} is not one of the categories")
        table[place[a]][place[b]] += 1
    return table


def disagreement_weights(q: int, kind: str) -> list[list[float]]:
    """Weights by the place in the scale: `none` (0 or 1), `linear` or `quadratic`; ValueError for another kind."""
    power = {"none": 0, "unweighted": 0, "identity": 0, "linear": 1, "equal": 1, "quadratic": 2, "squared": 2}.get(kind)
    if power is None:
        raise ValueError(f"unknown weights {kind}")
    return [[0.0 if i == j else float(abs(i - j) ** power) for j in range(q)] for i in range(q)]


def weighted_kappa(table: Matrix, weights: Matrix, missing: int = 0) -> WeightedKappa:
    """Kappa of a square table with disagreement weights (0 on the diagonal).

    Undefined for an empty table, or where chance disagreement is 0 (both rounds unanimous on one score).
    Raises ValueError unless table and weights are square and of one size. Source: Cohen (1968).
    """
    q = _square(table)
    if _square(weights) != q:
        raise ValueError("the weights do not fit the table")
    total, rows, columns = _margins(table)
    if not total:
        return WeightedKappa(method=METHODS["weighted-kappa"], n=0, missing=missing, reason=NOBODY_TWICE)
    cells = [(i, j) for i in range(q) for j in range(q)]
    observed = math.fsum(weights[i][j] * table[i][j] for i, j in cells)
    expected = math.fsum(weights[i][j] * rows[i] * columns[j] for i, j in cells) / total
    unchanged = math.fsum(table[i][i] for i in range(q)) / total
    return WeightedKappa(
        method=METHODS["weighted-kappa"],
        n=round(total),
        missing=missing,
        kappa=None if expected == 0 else 1 - observed / expected,
        unchanged=unchanged,
        reason="no disagreement is possible with these margins" if expected == 0 else None,
    )


def unchanged(table: Matrix) -> Figure:
    """Share of people on the diagonal of a crosstab; undefined when it is empty."""
    _square(table)
    total, _, _ = _margins(table)
    value = math.fsum(table[i][i] for i in range(len(table))) / total if total else None
    return Figure(method=METHODS["unchanged"], n=round(total), value=value, reason=None if total else NOBODY_TWICE)


def net_change(table: Matrix) -> Figure:
    """Scheibe's net change: half the absolute differences of the margins, as a share of people (0 to 1)."""
    _square(table)
    total, rows, columns = _margins(table)
    gaps = math.fsum(abs(a - b) for a, b in zip(rows, columns, strict=True))
    value = gaps / 2 / total if total else None
    return Figure(method=METHODS["scheibe"], n=round(total), value=value, reason=None if total else NOBODY_TWICE)


def chi_square(table: Matrix, *, group: bool = False) -> ChiSquare:
    """Pearson's chi-square of a crosstab, or with `group` of rounds by categories; empty rows and columns left out.

    Undefined with fewer than two rows or columns that hold anybody. Sources: Chaffin and Talley (1980); Dajani,
    Sincoff and Talley (1979).
    """
    method = METHODS["chi2-group" if group else "chi2-individual"]
    rectangular(table)
    total, rows, columns = _margins(table)
    used_rows = [i for i, sum_ in enumerate(rows) if sum_]
    used_columns = [j for j, sum_ in enumerate(columns) if sum_]
    df = (len(used_rows) - 1) * (len(used_columns) - 1)
    if not total or df < 1:
        return ChiSquare(method=method, n=round(total), reason="fewer than two rows or columns hold anybody")
    value = math.fsum(
        (table[i][j] - rows[i] * columns[j] / total) ** 2 / (rows[i] * columns[j] / total)
        for i in used_rows
        for j in used_columns
    )
    return ChiSquare(method=method, n=round(total), chisq=value, df=df, p=chi_square_tail(value, df))


def gk_lambda(table: Matrix) -> Figure:
    """Goodman and Kruskal's lambda, later (columns) predicted from earlier (rows); undefined where later is unanimous.

    Source: Goodman and Kruskal (1954).
    """
    rectangular(table)
    total, _, columns = _margins(table)
    best = max(columns, default=0)
    if total == best:
        reason = "every later answer is the same" if total else NOBODY_TWICE
        return Figure(method=METHODS["lambda"], n=round(total), value=None, reason=reason)
    value = (math.fsum(max(row) for row in table) - best) / (total - best)
    return Figure(method=METHODS["lambda"], n=round(total), value=value)


def movement(earlier: Sequence[float | None], later: Sequence[float | None], categories: Sequence[float]) -> Movement:
    """Movement of one item on the scale `categories`; positions of people must match, missing ones are counted.

    Undefined where nobody scored in both rounds; kappa and effect also where nothing moved. Raises ValueError for a
    score off the scale.
    """
    first, second, missing = pairs_of(earlier, later)
    table = crosstab(first, second, categories)
    kappa = weighted_kappa(table, disagreement_weights(len(table), "quadratic"), missing)
    change = net_change(table).value
    size = len(table)
    ranks = wilcoxon(differences(later, earlier))
    return Movement(
        method=METHODS["scheibe"],
        n=kappa.n,
        missing=missing,
        unchanged=kappa.unchanged,
        up=sum(table[i][j] for i in range(size) for j in range(i + 1, size)),
        down=sum(table[i][j] for i in range(size) for j in range(i)),
        change=change,
        stable=None if change is None else change < NET_CHANGE_LIMIT,
        kappa=kappa.kappa,
        effect=ranks.effect,
        reason=kappa.reason or (ranks.reason if ranks.effect is None else None),
    )


def _square(table: Matrix) -> int:
    if any(len(row) != len(table) for row in table):
        raise ValueError("the table must be square")
    return len(table)


def _margins(table: Matrix) -> tuple[float, list[float], list[float]]:
    if any(cell < 0 for row in table for cell in row):
        raise ValueError("a count cannot be negative")
    rows = [math.fsum(row) for row in table]
    columns = [math.fsum(column) for column in zip(*table, strict=True)]
    return math.fsum(rows), rows, columns
