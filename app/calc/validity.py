"""Content validity: I-CVI, S-CVI, modified kappa, Lawshe's ratio, Aiken's V."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.calc.distributions import check_conf, fair_tail, wilson
from app.calc.figures import METHODS, Figure, Result, Scores, given, mean
from app.calc.quantiles import NOBODY, exact


@dataclass(frozen=True, kw_only=True)
class ItemCvi(Result):
    """Share of endorsing scores, Wilson interval, and kappa modified for chance agreement."""

    agree: int
    icvi: float | None = None
    low: float | None = None
    high: float | None = None
    pc: float | None = None
    kappa: float | None = None


@dataclass(frozen=True, kw_only=True)
class ScaleCvi(Result):
    """Averages over the items somebody scored (`n`); items nobody scored are `missing`."""

    average: float | None = None
    universal: float | None = None
    mean_kappa: float | None = None


@dataclass(frozen=True, kw_only=True)
class CriticalCvr(Result):
    """The smallest number of "essential" that is beyond chance, the ratio it makes, and p of an observed number."""

    n_critical: int | None = None
    cvr: float | None = None
    p: float | None = None


@dataclass(frozen=True, kw_only=True)
class Aiken(Result):
    """Aiken's V with its score interval."""

    v: float | None = None
    low: float | None = None
    high: float | None = None


def item_cvi(n: int, agree: int, conf: float = 0.95, missing: int = 0) -> ItemCvi:
    """I-CVI and modified kappa of `agree` endorsements among `n` scores; undefined without scores.

    Raises ValueError for counts that cannot be. Source: Polit, Beck and Owen (2007); Wilson (1927).
    """
    check_conf(conf)
    _check_count(n, agree)
    if n == 0:
        return ItemCvi(method=METHODS["icvi"], n=0, missing=missing, agree=0, reason=NOBODY)
    share = agree / n
    low, high = wilson(agree, n, conf)
    pc = math.comb(n, agree) / 2**n
    return ItemCvi(
        method=METHODS["icvi"],
        n=n,
        missing=missing,
        agree=agree,
        icvi=share,
        low=low,
        high=high,
        pc=pc,
        kappa=(share - pc) / (1 - pc),
    )


def item_cvi_of(scores: Scores, cut: float = 3, conf: float = 0.95) -> ItemCvi:
    """I-CVI of scores, of which `cut` and above endorse; missing ones leave the denominator."""
    kept, missing = given(scores)
    return item_cvi(len(kept), sum(score >= cut for score in kept), conf, missing)


def scale_cvi(items: Sequence[ItemCvi]) -> ScaleCvi:
    """S-CVI/Ave, S-CVI/UA and mean modified kappa over the items that have an I-CVI; undefined without any."""
    scored = [item for item in items if item.icvi is not None]
    missing = len(items) - len(scored)
    if not scored:
        return ScaleCvi(method=METHODS["scvi"], n=0, missing=missing, reason="no item has a score")
    return ScaleCvi(
        method=METHODS["scvi"],
        n=len(scored),
        missing=missing,
        average=mean(item.icvi for item in scored),
        universal=sum(item.agree == item.n for item in scored) / len(scored),
        mean_kappa=mean(item.kappa for item in scored),
    )


def cvr(n: int, essential: int) -> Figure:
    """Lawshe's ratio, from -1 to 1, of `essential` among `n` experts; undefined without experts."""
    _check_count(n, essential)
    value = (2 * essential - n) / n if n else None
    return Figure(method=METHODS["cvr"], n=n, value=value, reason=None if n else NOBODY)


def cvr_critical(n: int, alpha: float = 0.05, essential: int | None = None) -> CriticalCvr:
    """The exact one-tailed critical value for `n` experts, and p of `essential` where given.

    The critical number is undefined where not even all of them would be beyond chance (under five at .05).
    Source: Ayre and Scally (2014).
    """
    if not 0 < alpha < 1:
        raise ValueError("alpha lies between 0 and 1")
    _check_count(n, essential or 0)
    needed = next((k for k in range(n + 1) if fair_tail(n, k) <= exact(alpha)), None) if n else None
    reason = None
    if needed is None:
        reason = f"with {n} experts not even all of them are beyond chance"
    p = float(fair_tail(n, essential)) if n and essential is not None else None
    if n and essential is None and reason is None:
        reason = "p needs the number who chose essential"
    return CriticalCvr(
        method=METHODS["cvr-critical"],
        n=n,
        n_critical=needed,
        cvr=None if needed is None else (2 * needed - n) / n,
        p=p,
        reason=reason,
    )


def aiken(scores: Scores, lo: float, hi: float, conf: float = 0.95) -> Aiken:
    """Aiken's V of scores on `lo` to `hi`, with the interval of Penfield and Giacobbi (2004).

    Undefined without scores or with one off the scale. Raises ValueError unless `lo` is under `hi`.
    """
    check_conf(conf)
    if lo >= hi:
        raise ValueError("the lower end of the scale must be under the upper one")
    kept, missing = given(scores)
    reason = None if kept else NOBODY
    if any(not lo <= score <= hi for score in kept):
        reason = f"a score lies off the scale of {lo} to {hi}"
    if reason:
        return Aiken(method=METHODS["aiken"], n=len(kept), missing=missing, reason=reason)
    points = math.fsum(score - lo for score in kept)
    trials = len(kept) * (hi - lo)
    low, high = wilson(points, trials, conf)
    return Aiken(method=METHODS["aiken"], n=len(kept), missing=missing, v=points / trials, low=low, high=high)


def _check_count(n: int, part: int) -> None:
    if n < 0 or not 0 <= part <= n:
        raise ValueError(f"{part} of {n} cannot be")
