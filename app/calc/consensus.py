"""Consensus on one item: the RAND/UCLA rules and percentage thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from app.calc.figures import METHODS, Result, Scores, given
from app.calc.quantiles import NOBODY, exact, exact_quantile

HalfPoints = Literal["uncertain", "higher"]
#: Sizes for which the classic rule is defined.
LEAST_PANEL, MOST_PANEL = 8, 16
OFF_SCALE = "the rule is defined on a scale of 1 to 9 only"


@dataclass(frozen=True, kw_only=True)
class Ipras(Result):
    """Percentiles, interpercentile range adjusted for symmetry, index, and whether the panel disagrees."""

    p30: float | None = None
    p70: float | None = None
    ipr: float | None = None
    centre: float | None = None
    distance: float | None = None
    ipras: float | None = None
    index: float | None = None
    disagreement: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ClassicRam(Result):
    """Counts in the regions and the two answers of the classic rule, None where the panel's size has no rule."""

    median: float | None = None
    region: tuple[int, int] | None = None
    outside: int | None = None
    low: int | None = None
    high: int | None = None
    max_outside: int | None = None
    min_each_extreme: int | None = None
    agreement: bool | None = None
    disagreement: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Threshold(Result):
    """How many scored in and out of the cuts, and the decision."""

    high: int = 0
    low: int = 0
    decision: Literal["consensus_in", "consensus_out", "no_consensus"] | None = None


def ipras(scores: Scores, kind: int = 7) -> Ipras:
    """IPRAS of scores on 1-9; undefined without scores or with one off the scale.

    Exact, so that IPR = IPRAS is no disagreement. Source: Fitch et al. (2001).
    """
    kept, missing = given(scores)
    reason = _objection(kept)
    if reason:
        return Ipras(method=METHODS["ipras"], n=len(kept), missing=missing, reason=reason)
    p30, p70 = exact_quantile(kept, 0.3, kind), exact_quantile(kept, 0.7, kind)
    centre = (p30 + p70) / 2
    distance = abs(5 - centre)
    limit = Fraction("2.35") + Fraction("1.5") * distance
    return Ipras(
        method=METHODS["ipras"],
        n=len(kept),
        missing=missing,
        p30=float(p30),
        p70=float(p70),
        ipr=float(p70 - p30),
        centre=float(centre),
        distance=float(distance),
        ipras=float(limit),
        index=float((p70 - p30) / limit),
        disagreement=p70 - p30 > limit,
    )


def panel_limits(size: int) -> tuple[int, int] | None:
    """(most outside for agreement, least in each extreme for disagreement) by panel size; None where no rule exists."""
    if not LEAST_PANEL <= size <= MOST_PANEL:
        return None
    outside = 2 + (size - LEAST_PANEL) // 3
    return outside, outside + 1


def region_of(median: float, half_points: HalfPoints = "uncertain") -> tuple[int, int]:
    """The three-point region (1-3, 4-6, 7-9) of a median on 1-9.

    3.5 and 6.5 lie in the middle; with `higher` 6.5 counts with 7-9.
    """
    if median <= 3:
        return 1, 3
    if median >= 7 or (half_points == "higher" and median >= 6.5):
        return 7, 9
    return 4, 6


def classic_ram(scores: Scores, half_points: HalfPoints = "uncertain") -> ClassicRam:
    """The classic rule on 1-9, with n the scores given; undefined without scores or with one off the scale.

    Source: Fitch et al. (2001); sizes by BMC Med Inform Decis Mak 2012;12:93, table 7.
    """
    kept, missing = given(scores)
    reason = _objection(kept)
    if reason:
        return ClassicRam(method=METHODS["ram"], n=len(kept), missing=missing, reason=reason)
    middle = exact_quantile(kept, 0.5, 7)
    region = region_of(float(middle), half_points)
    outside = sum(not region[0] <= score <= region[1] for score in kept)
    low, high = sum(score <= 3 for score in kept), sum(score >= 7 for score in kept)
    limits = panel_limits(len(kept))
    return ClassicRam(
        method=METHODS["ram"],
        n=len(kept),
        missing=missing,
        median=float(middle),
        region=region,
        outside=outside,
        low=low,
        high=high,
        max_outside=limits[0] if limits else None,
        min_each_extreme=limits[1] if limits else None,
        agreement=outside <= limits[0] if limits else None,
        disagreement=min(low, high) >= limits[1] if limits else None,
        reason=None if limits else f"the classic rule covers 8 to 16 scores, not {len(kept)}",
    )


def classify(median: float, disagreement: bool, half_points: HalfPoints = "uncertain") -> str:
    """`appropriate`, `uncertain` or `inappropriate` from a median on 1-9 and whether the panel disagrees."""
    if disagreement:
        return "uncertain"
    return {(7, 9): "appropriate", (1, 3): "inappropriate"}.get(region_of(median, half_points), "uncertain")


def threshold(
    scores: Scores, pct_in: float = 70, pct_out: float = 15, in_from: float = 7, out_to: float = 3
) -> Threshold:
    """A percentage rule such as 70/15: `in_from` and above is in, `out_to` and below is out.

    Shares are of the scores given, compared exactly; undefined without any. Raises ValueError for a percentage
    outside 0 to 100 or cuts that overlap. Source: The COMET Handbook (2017).
    """
    if not (0 <= pct_in <= 100 and 0 <= pct_out <= 100):
        raise ValueError("a percentage lies between 0 and 100")
    if out_to >= in_from:
        raise ValueError("the two cuts overlap")
    kept, missing = given(scores)
    n = len(kept)
    if not kept:
        return Threshold(method=METHODS["threshold"], n=0, missing=missing, reason=NOBODY)
    high, low = sum(score >= in_from for score in kept), sum(score <= out_to for score in kept)
    decision: Literal["consensus_in", "consensus_out", "no_consensus"] = "no_consensus"
    if 100 * high >= exact(pct_in) * n and 100 * low < exact(pct_out) * n:
        decision = "consensus_in"
    elif 100 * low >= exact(pct_in) * n and 100 * high < exact(pct_out) * n:
        decision = "consensus_out"
    return Threshold(method=METHODS["threshold"], n=n, missing=missing, high=high, low=low, decision=decision)


def _objection(kept: list[float]) -> str | None:
    if not kept:
        return NOBODY
    return None if all(1 <= score <= 9 for score in kept) else OFF_SCALE
