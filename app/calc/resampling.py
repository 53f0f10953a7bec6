"""Bootstrap of one list of scores: intervals by resampling (seeded), standard errors exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist, median
from typing import TYPE_CHECKING

from app.calc.distributions import check_conf
from app.calc.figures import METHODS, Result, Scores, given

if TYPE_CHECKING:
    import numpy as np

LEAST_FOR_BOOTSTRAP = 20
RESAMPLES = 50_000
CHUNK = 2_000_000
SEED = 20151


@dataclass(frozen=True, kw_only=True)
class BootstrapInterval(Result):
    """Ends of the interval, in points of the scale."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class BootstrapError(Result):
    """Exact bootstrap standard errors of the mean and of the median."""

    mean: float | None = None
    median: float | None = None


def bootstrap_interval(
    scores: Scores, statistic: str = "mean", method: str = "percentile", conf: float = 0.95, *, least: int | None = None
) -> BootstrapInterval:
    """Interval of the `mean` or `median` by `percentile`, `basic` or `bca`; the same input gives the same interval.

    Undefined under `least` scores (20), and for BCa where its two constants do not exist (constant scores). Raises
    ValueError for an unknown statistic or method. Source: Efron and Tibshirani (1993), ch. 13 and 14.
    """
    check_conf(conf)
    way = method.lower()
    if statistic not in {"mean", "median"} or way not in {"percentile", "basic", "bca"}:
        raise ValueError(f"no bootstrap of {statistic} by {method}")
    kept, missing = given(scores)
    n, record = len(kept), METHODS["bootstrap"]
    needed = LEAST_FOR_BOOTSTRAP if least is None else max(least, 2)
    if n < needed:
        return BootstrapInterval(method=record, n=n, missing=missing, reason=f"a bootstrap needs {needed} scores")
    draws = _draws(kept, statistic)
    value = _value(kept, statistic)
    tails: tuple[float, float] | None = ((1 - conf) / 2, (1 + conf) / 2)
    if way == "bca":
        below = (int((draws < value).sum()) + int((draws <= value).sum())) / (2 * len(draws))
        tails = _bca_tails(kept, statistic, below, conf)
    if tails is None:
        reason = "BCa needs scores that vary: its bias or acceleration does not exist here"
        return BootstrapInterval(method=record, n=n, missing=missing, reason=reason)
    low, high = (_share(draws, tail) for tail in tails)
    if way == "basic":
        low, high = 2 * value - high, 2 * value - low
    return BootstrapInterval(method=record, n=n, missing=missing, low=low, high=high)


def bootstrap_error(scores: Scores) -> BootstrapError:
    """Standard deviation of mean and median over all n^n resamples, without drawing any; needs two scores.

    The mean by its closed form; the median from the exact distribution of the one or two middle order statistics.
    """
    kept, missing = given(scores)
    n, record = len(kept), METHODS["bootstrap-se"]
    if n < 2:
        return BootstrapError(method=record, n=n, missing=missing, reason="a standard error needs two scores")
    ordered = sorted(Fraction(score) for score in kept)
    centre = sum(ordered, Fraction(0)) / n
    variance = sum(((score - centre) ** 2 for score in ordered), Fraction(0)) / n
    chances = _median_chances(ordered)
    first = sum((value * chance for value, chance in chances), Fraction(0))
    spread = sum(((value - first) ** 2 * chance for value, chance in chances), Fraction(0))
    return BootstrapError(method=record, n=n, missing=missing, mean=math.sqrt(variance / n), median=math.sqrt(spread))


def _median_chances(ordered: list[Fraction]) -> list[tuple[Fraction, Fraction]]:
    """Every value the median of a resample can take, with its probability."""
    n = len(ordered)
    half = n // 2
    if n % 2:
        reached = [_at_least(n, half + 1, Fraction(i, n)) for i in range(n + 1)]
        return [(ordered[i], reached[i + 1] - reached[i]) for i in range(n)]
    reached = [_at_least(n, half, Fraction(i, n)) for i in range(n + 1)]
    ways = math.comb(n, half)
    chances = []
    for i in range(n):
        left = Fraction(i + 1, n) ** half - Fraction(i, n) ** half
        apart = Fraction(0)
        for j in range(i + 1, n):
            right = Fraction(n - j, n) ** half - Fraction(n - j - 1, n) ** half
            chance = ways * left * right
            apart += chance
            chances.append(((ordered[i] + ordered[j]) / 2, chance))
        chances.append((ordered[i], reached[i + 1] - reached[i] - apart))
    return chances


def _at_least(n: int, k: int, p: Fraction) -> Fraction:
    return sum((math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)), Fraction(0))


def _value(scores: list[float], statistic: str) -> float:
    return math.fsum(scores) / len(scores) if statistic == "mean" else float(median(scores))


def _draws(scores: list[float], statistic: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    import numpy as np  # noqa: PLC0415  the web process starts without it

    generator = np.random.default_rng(SEED)
    pool = np.asarray(scores, dtype=np.float64)
    middle = np.mean if statistic == "mean" else np.median
    size = max(1, CHUNK // len(scores))
    parts = []
    for start in range(0, RESAMPLES, size):
        drawn = pool[generator.integers(0, len(pool), size=(min(size, RESAMPLES - start), len(pool)))]
        parts.append(np.asarray(middle(drawn, axis=1), dtype=np.float64))
    return np.concatenate(parts)


def _share(draws: np.ndarray[tuple[int, ...], np.dtype[np.float64]], tail: float) -> float:
    import numpy as np  # noqa: PLC0415  see above

    return float(np.quantile(draws, tail))


def _bca_tails(scores: list[float], statistic: str, below: float, conf: float) -> tuple[float, float] | None:
    """The two tails after correction for bias and skew; None where a constant does not exist."""
    without = [_value(scores[:index] + scores[index + 1 :], statistic) for index in range(len(scores))]
    centre = math.fsum(without) / len(without)
    squares = math.fsum((centre - one) ** 2 for one in without)
    if not 0 < below < 1 or len(set(without)) < 2 or squares == 0:
        return None
    normal = NormalDist()
    bias = normal.inv_cdf(below)
    skew = math.fsum((centre - one) ** 3 for one in without) / (6 * squares**1.5)
    tails = []
    for tail in ((1 - conf) / 2, (1 + conf) / 2):
        shifted = bias + normal.inv_cdf(tail)
        if 1 - skew * shifted <= 0:
            return None
        tails.append(normal.cdf(bias + shifted / (1 - skew * shifted)))
    return tails[0], tails[1]
