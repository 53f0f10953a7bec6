"""Comparisons of two rounds or of groups: rank tests with exact permutation, and their effect sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.calc.agreement import midranks, tie_term
from app.calc.distributions import alternative_name, chi_square_tail, normal_p
from app.calc.figures import METHODS, Result, Scores, given

ZERO_METHODS = ("wilcox", "pratt", "zsplit")
#: Up to so many scores every permutation is counted; beyond, so many are drawn.
MOST_EXACT = 50
PERMUTATIONS = 9_999
SEED = 20151


@dataclass(frozen=True, kw_only=True)
class Wilcoxon(Result):
    """Signed ranks of `n` differences: rank sums, the smaller one, p, and the rank-biserial effect (-1 to 1)."""

    plus: float | None = None
    minus: float | None = None
    smaller: float | None = None
    p: float | None = None
    effect: float | None = None


@dataclass(frozen=True, kw_only=True)
class MannWhitney(Result):
    """U of the first group, p, rank-biserial effect (-1 to 1), and the chance that the first scores higher."""

    u: float | None = None
    p: float | None = None
    effect: float | None = None
    superiority: float | None = None


@dataclass(frozen=True, kw_only=True)
class KruskalWallis(Result):
    """H over `n` scores, p by chi-square with `df`, epsilon squared and eta squared."""

    h: float | None = None
    df: int | None = None
    p: float | None = None
    epsilon2: float | None = None
    eta2: float | None = None


@dataclass(frozen=True, kw_only=True)
class Permutation(Result):
    """P that groups of `n` scores differ so much by chance: over all permutations (`exact`) or so many `draws`."""

    p: float | None = None
    exact: bool | None = None
    draws: int | None = None


def differences(x: Scores, y: Scores) -> list[float | None]:
    """x - y, None where one of the two is missing; raises ValueError for unequal lengths."""
    if len(x) != len(y):
        raise ValueError("x and y differ in length")
    pairs = zip(x, y, strict=True)
    return [None if a is None or b is None else _decimal_difference(a, b) for a, b in pairs]


def wilcoxon(
    values: Scores,
    zero_method: str = "wilcox",
    *,
    correction: bool = False,
    exact: bool = False,
    alternative: str = "two-sided",
) -> Wilcoxon:
    """Signed-rank test of differences; `exact` permutes the signs of the ranks as they are, ties included.

    `correction` is the continuity correction of the normal approximation. Where no difference is other than 0 the rank
    sums are what they are, but p and effect are undefined; without any difference all is.
    Raises ValueError for an unknown method or alternative. Sources: Wilcoxon (1945), Pratt (1959).
    """
    if zero_method not in ZERO_METHODS:
        raise ValueError(f"unknown zero method {zero_method}")
    side = alternative_name(alternative)
    kept, missing = given(values)
    method = METHODS["wilcoxon"]
    if not kept:
        return Wilcoxon(method=method, n=0, missing=missing, reason="nobody scored twice")
    if zero_method == "wilcox":
        kept = [value for value in kept if value]
    ranks = midranks([abs(value) for value in kept])
    zeros = math.fsum(rank for value, rank in zip(kept, ranks, strict=True) if value == 0)
    share = zeros / 2 if zero_method == "zsplit" else 0.0
    plus = share + math.fsum(rank for value, rank in zip(kept, ranks, strict=True) if value > 0)
    minus = share + math.fsum(rank for value, rank in zip(kept, ranks, strict=True) if value < 0)
    p: float | None = None
    moving = [rank for value, rank in zip(kept, ranks, strict=True) if value]
    if moving and exact:
        p = _sign_permutation(moving, plus - share, side)
    elif moving:
        p = _wilcoxon_normal(kept, zero_method, plus, side, correction)
    return Wilcoxon(
        method=method,
        n=len(kept),
        missing=missing,
        plus=plus,
        minus=minus,
        smaller=min(plus, minus),
        p=p,
        effect=(plus - minus) / (plus + minus) if moving else None,
        reason=None if p is not None else "no difference is other than 0",
    )


def mann_whitney(
    x: Scores, y: Scores, *, continuity: bool = True, exact: bool = False, alternative: str = "two-sided"
) -> MannWhitney:
    """Mann-Whitney test; `exact` permutes the two groups over the ranks as they are, ties included.

    Undefined with an empty group; p of the normal approximation undefined where all scores are the same.
    Source: Mann and Whitney (1947).
    """
    side = alternative_name(alternative)
    first, missing_first = given(x)
    second, missing_second = given(y)
    n1, n2, missing = len(first), len(second), missing_first + missing_second
    method = METHODS["mann-whitney"]
    if not n1 or not n2:
        return MannWhitney(method=method, n=n1 + n2, missing=missing, reason="a group has no scores")
    ranks = midranks(first + second)
    u = math.fsum(ranks[:n1]) - n1 * (n1 + 1) / 2
    total = n1 + n2
    variance = n1 * n2 / 12 * (total + 1 - tie_term(first + second) / (total * (total - 1)))
    p: float | None = None
    if len(set(first + second)) > 1:
        if exact:
            p = _group_permutation(ranks, n1, side)
        else:
            p = normal_p(_corrected(u - n1 * n2 / 2, side, continuity) / math.sqrt(variance), side)
    return MannWhitney(
        method=method,
        n=total,
        missing=missing,
        u=u,
        p=None if p is None else min(1.0, p),
        effect=2 * u / (n1 * n2) - 1,
        superiority=u / (n1 * n2),
        reason=None if p is not None else "all scores are the same",
    )


def kruskal_wallis(groups: Sequence[Scores]) -> KruskalWallis:
    """Kruskal-Wallis test with ties over the groups that have scores.

    Undefined with fewer than two such groups or where all scores are the same; eta squared needs more scores than
    groups. Source: Kruskal and Wallis (1952).
    """
    parts = [given(group) for group in groups]
    missing = sum(lost for _, lost in parts)
    kept = [scores for scores, _ in parts if scores]
    pooled = [score for scores in kept for score in scores]
    n, k, method = len(pooled), len(kept), METHODS["kruskal-wallis"]
    if k < 2 or len(set(pooled)) < 2:
        reason = "fewer than two groups have scores" if k < 2 else "all scores are the same"
        return KruskalWallis(method=method, n=n, missing=missing, reason=reason)
    ranks = iter(midranks(pooled))
    sums = [math.fsum(next(ranks) for _ in scores) for scores in kept]
    squares = math.fsum(total**2 / len(scores) for total, scores in zip(sums, kept, strict=True))
    h = (12 / (n * (n + 1)) * squares - 3 * (n + 1)) / (1 - tie_term(pooled) / (n**3 - n))
    return KruskalWallis(
        method=method,
        n=n,
        missing=missing,
        h=h,
        df=k - 1,
        p=chi_square_tail(max(h, 0.0), k - 1),
        epsilon2=h / (n - 1),
        eta2=(h - k + 1) / (n - k) if n > k else None,
        reason=None if n > k else "eta squared needs more scores than groups",
    )


def permutation(groups: Sequence[Scores], draws: int = PERMUTATIONS) -> Permutation:
    """Whether groups differ, by permuting who is in which: exactly for two groups of up to 50 scores in all.

    Otherwise by `draws` seeded permutations of the Kruskal-Wallis rank sums, and p = (as extreme + 1)/(draws + 1).
    Undefined with fewer than two groups that have scores, or where all scores are the same. Exploratory: nobody decides
    by it. Source: Edgington and Onghena (2007).
    """
    parts = [given(group) for group in groups]
    kept = [scores for scores, _ in parts if scores]
    missing = sum(lost for _, lost in parts)
    pooled = [score for scores in kept for score in scores]
    method, n = METHODS["permutation"], len(pooled)
    if len(kept) < 2 or len(set(pooled)) < 2:
        reason = "fewer than two groups have scores" if len(kept) < 2 else "all scores are the same"
        return Permutation(method=method, n=n, missing=missing, reason=reason)
    if len(kept) == 2 and n <= MOST_EXACT:
        p = mann_whitney(*kept, exact=True).p
        return Permutation(method=method, n=n, missing=missing, p=p, exact=True, draws=None)
    p = _drawn_permutation([len(scores) for scores in kept], midranks(pooled), draws)
    return Permutation(method=method, n=n, missing=missing, p=p, exact=False, draws=draws)


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given. Source: Holm (1979)."""
    adjusted = [0.0] * len(values)
    worst = 0.0
    for place, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        worst = max(worst, min(1.0, values[index] * (len(values) - place)))
        adjusted[index] = worst
    return adjusted


def _decimal_difference(a: float, b: float) -> float:
    """a - b without binary noise: .3 - .2 and .2 - .1 must tie, as they do on paper."""
    gap = a - b
    if gap == int(gap) and a == int(a):
        return gap
    return float(f"{gap:.12g}") if abs(gap) > 1e-12 * max(abs(a), abs(b)) else 0.0


def _corrected(deviation: float, side: str, correction: bool) -> float:
    if not correction:
        return deviation
    if side == "two-sided":
        return math.copysign(max(abs(deviation) - 0.5, 0.0), deviation)
    return deviation - 0.5 if side == "greater" else deviation + 0.5


def _wilcoxon_normal(kept: list[float], zero_method: str, plus: float, side: str, correction: bool) -> float | None:
    n = len(kept)
    centre, spread = n * (n + 1) / 4, float(n * (n + 1) * (2 * n + 1))
    ties = [abs(value) for value in kept]
    if zero_method == "pratt":
        zeros = kept.count(0)
        centre -= zeros * (zeros + 1) / 4
        spread -= zeros * (zeros + 1) * (2 * zeros + 1)
        ties = [value for value in ties if value]
    spread = (spread - tie_term(ties) / 2) / 24
    if spread <= 0:
        return None
    return min(1.0, normal_p(_corrected(plus - centre, side, correction) / math.sqrt(spread), side))


def _tails(weights: Sequence[int], at: int, side: str) -> float:
    """P value of an exact distribution given as ways per value; two-sided by doubling the smaller tail."""
    total = sum(weights)
    lower, upper = sum(weights[: at + 1]) / total, sum(weights[at:]) / total
    if side == "two-sided":
        return min(1.0, 2 * min(lower, upper))
    return upper if side == "greater" else lower


def _sign_permutation(ranks: Sequence[float], plus: float, side: str) -> float:
    doubled = [round(2 * rank) for rank in ranks]
    ways = [1] + [0] * sum(doubled)
    for rank in doubled:
        for value in range(len(ways) - 1, rank - 1, -1):
            ways[value] += ways[value - rank]
    return _tails(ways, round(2 * plus), side)


def _group_permutation(ranks: Sequence[float], n1: int, side: str) -> float:
    doubled = [round(2 * rank) for rank in ranks]
    ways: list[dict[int, int]] = [{0: 1}] + [{} for _ in range(n1)]
    for rank in doubled:
        for size in range(n1, 0, -1):
            for value, number in ways[size - 1].items():
                ways[size][value + rank] = ways[size].get(value + rank, 0) + number
    row = [ways[n1].get(value, 0) for value in range(sum(doubled) + 1)]
    return _tails(row, sum(doubled[:n1]), side)


def _drawn_permutation(sizes: Sequence[int], ranks: Sequence[float], draws: int) -> float:
    import numpy as np  # noqa: PLC0415  the web process starts without it

    generator = np.random.default_rng(SEED)
    ends = np.cumsum(sizes)[:-1]

    def spread(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        parts = [part.sum(axis=1) ** 2 / part.shape[1] for part in np.split(rows, ends, axis=1)]
        return np.asarray(sum(parts), dtype=np.float64)

    pool = np.asarray(ranks, dtype=np.float64)
    seen = float(spread(pool[None])[0])
    extreme, left, size = 0, draws, max(1, 2_000_000 // len(pool))
    while left:
        drawn = generator.permuted(np.tile(pool, (min(size, left), 1)), axis=1)
        extreme += int((spread(drawn) >= seen * (1 - 1e-12)).sum())
        left -= len(drawn)
    return (extreme + 1) / (draws + 1)
