"""Intervals of agreement figures by leaving out one expert at a time: any statistic slowly, ours all at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from app.calc.agreement import agreement_weights
from app.calc.distributions import check_conf, t_quantile
from app.calc.figures import METHODS, Result

if TYPE_CHECKING:
    import numpy as np

    Numbers: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

Row: TypeAlias = Sequence[float | None]
#: Scores counted at once while experts are left out: bounds the memory, 8 bytes each.
CHUNK = 2_000_000
#: The agreement figures that have an interval, by the name that `intervals` gives them.
FIGURES = (
    "kendall-w", "alpha-nominal", "alpha-ordinal", "alpha-interval", "ac1", "ac2", "fleiss", "pair-agreement",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Jackknife(Result):
    """Interval of an agreement figure over `n` experts; `reliable` from ten of them."""

    value: float | None = None
    se: float | None = None
    low: float | None = None
    high: float | None = None
    reliable: bool = False


def jackknife(rows: Sequence[Row], statistic: Callable[[Sequence[Row]], float | None], conf: float = 0.95) -> Jackknife:
    """Interval of `statistic` (of a table with one row per expert) by deleting one expert at a time.

    Undefined with fewer than three experts or where a figure without one of them is. Source: Efron and Tibshirani
    (1993), ch. 11.
    """
    everyone = list(rows)
    value = statistic(everyone)
    if value is None or len(everyone) < 3:
        return _interval(value, [None] * len(everyone), conf)
    return _interval(value, [statistic(everyone[:place] + everyone[place + 1 :]) for place in range(len(rows))], conf)


def intervals(rows: Sequence[Row], categories: Sequence[int], conf: float = 0.95) -> Mapping[str, Jackknife]:
    """The intervals of all `FIGURES` of a table with one row per expert and one column per unit.

    The same figures as `jackknife` of the functions of `app.calc.agreement` (AC2 with quadratic weights), computed
    together: what every expert adds to the counts is taken away again. Raises ValueError for a score that is not one
    of the `categories`, which are numbers in order.
    """
    import numpy as np  # noqa: PLC0415  the web process starts without it

    check_conf(conf)
    table = np.array([[math.nan if cell is None else cell for cell in row] for row in rows], dtype=np.float64)
    table = table.reshape(len(rows), len(rows[0]) if rows else 0)
    if not np.isin(table[~np.isnan(table)], categories).all():
        raise ValueError("a score is not one of the categories")
    marks = table[:, :, None] == np.asarray(categories, dtype=np.float64)
    counts = marks.sum(axis=0, dtype=np.float64)
    whole = _coefficients(counts[None], categories)
    size = max(1, CHUNK // max(1, counts.size))
    parts = [_coefficients(counts - marks[at : at + size], categories) for at in range(0, len(rows), size)]
    found = {
        name: _interval(_known(whole[name])[0], [one for part in parts for one in _known(part[name])], conf)
        for name in FIGURES[1:]
    }
    concordance, without = _concordance(table)
    return {FIGURES[0]: _interval(concordance, without, conf), **found}


def _interval(value: float | None, without: Sequence[float | None], conf: float) -> Jackknife:
    m, method = len(without), METHODS["jackknife"]
    if value is None or m < 3:
        reason = "the figure itself is undefined" if value is None else "an interval needs three experts"
        return Jackknife(method=method, n=m, value=value, reason=reason)
    kept = [one for one in without if one is not None]
    if len(kept) < m:
        return Jackknife(method=method, n=m, value=value, reason="without one of the experts the figure is undefined")
    centre = math.fsum(kept) / m
    se = math.sqrt((m - 1) / m * math.fsum((one - centre) ** 2 for one in kept))
    half = t_quantile(0.5 + conf / 2, m - 1) * se
    return Jackknife(
        method=method, n=m, value=value, se=se, low=value - half, high=min(1.0, value + half), reliable=m >= 10
    )


def _known(values: Numbers) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _coefficients(counts: Numbers, categories: Sequence[int]) -> dict[str, Numbers]:
    """Each figure for each of several tables of counts (tables by units by categories); NaN where undefined.

    The formulas are those of `app.calc.agreement`, whose functions a test holds these against.
    """
    import numpy as np  # noqa: PLC0415  see above

    q = len(categories)
    totals = counts.sum(axis=2)
    is_paired, is_used = totals >= 2, totals >= 1
    pairs = np.where(is_paired, totals * (totals - 1), np.nan)
    used = np.where(is_used, totals, np.nan)
    paired, units = is_paired.sum(axis=1), is_used.sum(axis=1)

    def mean(values: Numbers, number: Numbers) -> Numbers:
        return np.where(number > 0, np.nansum(values, axis=1) / np.maximum(number, 1), np.nan)

    with np.errstate(divide="ignore", invalid="ignore"):
        alike = (counts * (counts - 1)).sum(axis=2)
        both = np.where(is_paired, alike, 0).sum(axis=1)
        found = {"pair-agreement": both / np.nansum(pairs, axis=1)}

        kept = counts * np.sqrt(np.where(is_paired, 1 / np.maximum(totals - 1, 1), 0))[:, :, None]
        coincidences = kept.transpose(0, 2, 1) @ kept
        sums = np.where(is_paired[:, :, None], counts, 0).sum(axis=1)
        everyone = sums.sum(axis=1)
        middle = np.cumsum(sums, axis=1) - sums / 2
        values = np.asarray(categories, dtype=np.float64)
        distances = {
            "alpha-nominal": 1 - np.eye(q),
            "alpha-ordinal": (middle[:, :, None] - middle[:, None, :]) ** 2,
            "alpha-interval": (values[:, None] - values[None, :]) ** 2,
        }
        chances = sums[:, :, None] * sums[:, None, :] / (everyone - 1)[:, None, None]
        varied = (sums > 0).sum(axis=1) >= 2
        for name, distance in distances.items():
            observed = (coincidences * distance).sum(axis=(1, 2))
            found[name] = np.where(varied, 1 - observed / (chances * distance).sum(axis=(1, 2)), np.nan)

        shares = mean(counts / used[:, :, None], units[:, None])
        spread = (shares * (1 - shares)).sum(axis=1)
        for name, kind in (("ac1", "identity"), ("ac2", "quadratic")):
            weights = np.asarray(agreement_weights(categories, kind))
            near = (counts * (counts @ weights - 1)).sum(axis=2) / pairs
            chance = weights.sum() / max(q * (q - 1), 1) * spread
            agreed = mean(near, paired)
            found[name] = np.where((paired > 0) & (q > 1) & (chance < 1), (agreed - chance) / (1 - chance), np.nan)
        chance = (shares**2).sum(axis=1)
        several = (paired > 0) & ((shares > 0).sum(axis=1) >= 2)
        found["fleiss"] = np.where(several, (mean(alike / pairs, paired) - chance) / (1 - chance), np.nan)
    return found


def _concordance(table: Numbers) -> tuple[float | None, list[float | None]]:
    """Kendall's W of experts by units, and without each expert in turn; a unit that only one did not score comes in."""
    import numpy as np  # noqa: PLC0415  see above

    gaps = np.isnan(table)
    silent = gaps.sum(axis=0)
    everyone = np.arange(len(table))
    ranks, ties = _ranks(table[:, silent == 0])
    sums, all_ties = ranks.sum(axis=0), ties.sum()
    without: list[float | None] = []
    for expert in everyone:
        only = (silent == 1) & gaps[expert]
        if only.any():
            other_ranks, other_ties = _ranks(table[np.ix_(everyone != expert, (silent == 0) | only)])
            without.append(_kendall(other_ranks.sum(axis=0), len(table) - 1, float(other_ties.sum())))
        else:
            without.append(_kendall(sums - ranks[expert], len(table) - 1, float(all_ties - ties[expert])))
    return _kendall(sums, len(table), float(all_ties)), without


def _ranks(table: Numbers) -> tuple[Numbers, Numbers]:
    """Mid-ranks within each row, and each row's sum of t^3 - t over its ties."""
    import numpy as np  # noqa: PLC0415  see above

    ranks, ties = np.zeros_like(table), np.zeros(len(table))
    size = max(1, CHUNK // max(1, table.shape[1] ** 2))
    for at in range(0, len(table), size):
        here, other = table[at : at + size, :, None], table[at : at + size, None, :]
        alike = (here == other).sum(axis=2, dtype=np.float64)
        ranks[at : at + size] = (here > other).sum(axis=2) + (alike + 1) / 2
        ties[at : at + size] = (alike**2 - 1).sum(axis=1)
    return ranks, ties


def _kendall(sums: Numbers, raters: int, ties: float) -> float | None:
    n = len(sums)
    if n < 2 or raters < 2 or ties == raters * (n**3 - n):
        return None
    s = float(((sums - raters * (n + 1) / 2) ** 2).sum())
    return 12 * s / (raters**2 * (n**3 - n) - raters * ties)
