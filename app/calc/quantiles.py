"""Median, quantiles and spread, in exact fractions: verdicts turn on ties that floating point would miss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from app.calc.distributions import check_conf
from app.calc.figures import METHODS, Figure, Result, Scores, given

NOBODY = "nobody gave a score"


@dataclass(frozen=True, kw_only=True)
class MedianInterval(Result):
    """Scores in order from `rank_low` to `rank_high` (from 1); `conf` is the confidence reached, not the one asked."""

    low: float | None
    high: float | None
    rank_low: int | None
    rank_high: int | None
    conf: float | None


def exact(p: float) -> Fraction:
    """The decimal a person wrote, as a fraction: .3 is three tenths."""
    return Fraction(str(p))


def exact_quantile(values: list[float], p: float, kind: int) -> Fraction:
    """Quantile `p` (0 to 1) of at least one value by Hyndman and Fan's type 1 to 9, as an exact fraction.

    Raises ValueError for another type or a `p` outside 0 to 1. Source: Hyndman and Fan (1996).
    """
    share = exact(p)
    if not 0 <= share <= 1:
        raise ValueError("a quantile lies between 0 and 1")
    ordered = sorted(values)
    n = len(ordered)
    shift = {
        1: Fraction(0),
        2: Fraction(0),
        3: Fraction(-1, 2),
        4: Fraction(0),
        5: Fraction(1, 2),
        6: share,
        7: 1 - share,
        8: (share + 1) / 3,
        9: share / 4 + Fraction(3, 8),
    }.get(kind)
    if shift is None:
        raise ValueError(f"percentile types are 1 to 9, not {kind}")
    place = n * share + shift
    whole = math.floor(place)
    rest = place - whole
    if kind == 1:
        rest = Fraction(int(rest > 0))
    elif kind == 2:
        rest = Fraction(1) if rest > 0 else Fraction(1, 2)
    elif kind == 3:
        rest = Fraction(int(rest > 0 or whole % 2 == 1))
    low, high = (Fraction(ordered[min(max(index, 1), n) - 1]) for index in (whole, whole + 1))
    return low + rest * (high - low)


def quantile(scores: Scores, p: float, kind: int = 7) -> Figure:
    """The `p` quantile of the scores that exist; undefined without any."""
    kept, missing = given(scores)
    value = float(exact_quantile(kept, p, kind)) if kept else None
    return Figure(
        method=METHODS["quantile"], n=len(kept), missing=missing, value=value, reason=None if kept else NOBODY
    )


def median(scores: Scores) -> Figure:
    """The median of the scores that exist; undefined without any."""
    kept, missing = given(scores)
    value = float(exact_quantile(kept, 0.5, 7)) if kept else None
    return Figure(method=METHODS["median"], n=len(kept), missing=missing, value=value, reason=None if kept else NOBODY)


def iqr(scores: Scores, kind: int = 7) -> Figure:
    """P75 - P25 in points of the scale; undefined without scores."""
    kept, missing = given(scores)
    value = float(exact_quantile(kept, 0.75, kind) - exact_quantile(kept, 0.25, kind)) if kept else None
    return Figure(method=METHODS["iqr"], n=len(kept), missing=missing, value=value, reason=None if kept else NOBODY)


def deviation(scores: Scores) -> Figure:
    """How far scores lie from their median on average, in points of the scale; undefined without scores.

    Everybody's score enters, also in a group of three. Source: Fitch et al. (2001), who show it to panels as the
    dispersion of an item.
    """
    kept, missing = given(scores)
    value = None
    if kept:
        middle = exact_quantile(kept, 0.5, 7)
        value = float(sum((abs(Fraction(score) - middle) for score in kept), Fraction(0)) / len(kept))
    return Figure(
        method=METHODS["deviation"], n=len(kept), missing=missing, value=value, reason=None if kept else NOBODY
    )


def median_interval(scores: Scores, conf: float = 0.95) -> MedianInterval:
    """The narrowest symmetric pair of ordered scores that covers the median with at least `conf`.

    Under six scores no pair reaches 95 %: then the whole range is given with the confidence it does reach. Undefined
    with fewer than two scores. Raises ValueError for a `conf` outside 0 to 1. Source: Hahn and Meeker (1991).
    """
    check_conf(conf)
    kept, missing = given(scores)
    kept.sort()
    n = len(kept)
    if n < 2:
        return MedianInterval(
            method=METHODS["median-interval"],
            n=n,
            missing=missing,
            low=None,
            high=None,
            rank_low=None,
            rank_high=None,
            conf=None,
            reason="an interval needs at least two scores",
        )
    depth, reached = _depth(n, conf)
    return MedianInterval(
        method=METHODS["median-interval"],
        n=n,
        missing=missing,
        low=float(kept[depth - 1]),
        high=float(kept[n - depth]),
        rank_low=depth,
        rank_high=n + 1 - depth,
        conf=reached,
    )


@cache
def _depth(n: int, conf: float) -> tuple[int, float]:
    """The deepest pair of ordered scores (1 is the outermost) that still covers the median with `conf`; how surely."""
    wanted = 1 - exact(conf)
    depth, below = 1, 1  # of 2^n ways, those in which fewer than `depth` scores lie under the median
    while depth < n // 2 and Fraction(2 * (below + math.comb(n, depth)), 2**n) <= wanted:
        below += math.comb(n, depth)
        depth += 1
    return depth, float(1 - Fraction(2 * below, 2**n))
