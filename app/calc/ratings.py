"""What a round's report says of one item in one dimension: counts, spread, and the verdict of the protocol's rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from app.calc.consensus import ClassicRam, HalfPoints, Ipras, classic_ram, ipras, panel_limits, region_of, threshold
from app.calc.figures import METHODS, Figure, Method, Result
from app.calc.quantiles import MedianInterval, iqr, median, median_interval, quantile
from app.calc.suppression import Suppressed, suppress
from app.calc.validity import item_cvi_of

__all__ = [
    "Outcome",
    "Rule",
    "Scale",
    "Summary",
    "Suppressed",
    "Verdict",
    "least_scores",
    "rate_band",
    "summarise",
    "suppress",
    "verdict",
]

LEAST_SCORES = 5
RuleKind = Literal["ram", "ipras", "threshold", "cvi"]
Outcome = Literal["agreed", "not agreed", "uncertain", "disagreement", "rejected", "too few", "no rule"]


@dataclass(frozen=True, slots=True)
class Scale:
    """Whole numbers from `lo` to `hi`; raises ValueError unless `lo` is under `hi`."""

    lo: int
    hi: int

    def __post_init__(self) -> None:
        if self.lo >= self.hi:
            raise ValueError("the lower end of a scale must be under the upper one")

    @classmethod
    def parse(cls, text: str) -> Scale:
        """A scale written as `1-9` or `-3..3`; raises ValueError for anything else."""
        found = re.fullmatch(r"\s*([+-]?\d{1,3})\s*(?:-|–|\.\.|:|to)\s*([+-]?\d{1,3})\s*", text)
        if not found:
            raise ValueError("write a scale as 1-9")
        return cls(int(found[1]), int(found[2]))

    @property
    def name(self) -> str:
        """The scale as people write it, for example 1-9."""
        return f"{self.lo}-{self.hi}" if self.lo >= 0 else f"{self.lo} to {self.hi}"

    @property
    def categories(self) -> tuple[int, ...]:
        """Every score of the scale, upwards."""
        return tuple(range(self.lo, self.hi + 1))

    @property
    def band(self) -> tuple[int, int]:
        """Scores that count as agreeing unless a rule names a cut: the upper third from nine points, else half.

        7-9 on 1-9, 4-5 on 1-5, 3-4 on 1-4, 1-3 on -3 to 3; the middle score is in neither half.
        """
        return self.hi - self._width + 1, self.hi

    @property
    def low_band(self) -> tuple[int, int]:
        """The mirror of `band` at the lower end."""
        return self.lo, self.lo + self._width - 1

    @property
    def _width(self) -> int:
        size = self.hi - self.lo + 1
        return size // 3 if size >= 9 else size // 2

    def check(self, scores: Sequence[int | None]) -> None:
        """Raises ValueError for a score that is not a whole number of this scale; None (cannot judge) is fine."""
        for score in scores:
            if score is not None and (score != int(score) or not self.lo <= score <= self.hi):
                raise ValueError(f"{score} is not on the scale {self.name}")


@dataclass(frozen=True, slots=True)
class Rule:
    """A consensus rule as a protocol names it.

    `pct_in`, `pct_out`, `in_from` and `out_to` belong to `threshold` (cuts by default those of the scale); `least_icvi`
    to `cvi`, where None asks by the number of scores: all of them up to five, .78 from six. `half_points` says what
    medians of 3.5 and 6.5 are, `percentile_type` is Hyndman and Fan's.
    """

    kind: RuleKind
    pct_in: float = 70
    pct_out: float = 15
    in_from: int | None = None
    out_to: int | None = None
    least_icvi: float | None = 0.78
    percentile_type: int = 7
    half_points: HalfPoints = "uncertain"

    @classmethod
    def parse(cls, text: str, percentile_type: int = 7) -> Rule:
        """A rule as it is written: `ram`, `ipras`, `cvi`, `cvi-n` (by number of scores), or a threshold as `70/15`.

        Raises ValueError for anything else.
        """
        plain = text.strip().lower()
        if plain == "cvi-n":
            return cls("cvi", least_icvi=None, percentile_type=percentile_type)
        for kind in get_args(RuleKind):
            if plain == kind:
                return cls(kind, percentile_type=percentile_type)
        found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)/(\d{1,3}(?:\.\d+)?)", plain)
        if not found or float(found[1]) > 100 or float(found[2]) > 100:
            raise ValueError(f"unknown rule {text.strip()}: ram, ipras, cvi, cvi-n or a threshold such as 70/15")
        return cls("threshold", float(found[1]), float(found[2]), percentile_type=percentile_type)

    @property
    def method(self) -> Method:
        """The method whose version a closed round stores."""
        return METHODS["icvi" if self.kind == "cvi" else self.kind]

    def bands(self, scale: Scale) -> tuple[tuple[int, int], tuple[int, int]]:
        """(scores that count as out, scores that count as in) on this scale."""
        low, high = scale.low_band, scale.band
        if self.kind == "threshold":
            low = (scale.lo, low[1] if self.out_to is None else self.out_to)
            high = (high[0] if self.in_from is None else self.in_from, scale.hi)
        return low, high

    def objection(self, scale: Scale, eligible: int | None = None) -> str | None:
        """Why this rule cannot decide on this scale (and panel size, where given), or None where it can."""
        if self.kind in {"ram", "ipras"} and (scale.lo, scale.hi) != (1, 9):
            return f"this rule is defined on a scale of 1-9 only, not {scale.name}"
        if self.kind == "cvi" and (scale.lo, scale.hi) != (1, 4):
            return f"content validity is defined on a scale of 1-4 only, not {scale.name}"
        (_, out_to), (in_from, _) = self.bands(scale)
        if not scale.lo <= out_to < in_from <= scale.hi:
            return "the two cuts of the threshold overlap or lie off the scale"
        if self.kind == "ram" and eligible is not None and panel_limits(eligible) is None:
            return f"the classic rule covers 8 to 16 scores, not {eligible}"
        return None


@dataclass(frozen=True, kw_only=True)
class Verdict(Result):
    """The answer of one rule; `n` scores of `eligible` experts, `missing` could not judge.

    `in_band` of the n lie in `band`, `in_low` in `low_band`. `sentence` says the count ("7 of 9 rated 7 to 9"), `why`
    what the rule made of it. `reason` is set where there is no verdict (too few, no rule).
    """

    outcome: Outcome
    eligible: int
    minimum: int
    band: tuple[int, int]
    low_band: tuple[int, int]
    in_band: int
    in_low: int
    sentence: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Summary(Result):
    """One item in one dimension; `n` scored, `missing` could not judge, `unanswered` of the `eligible` did neither.

    `distribution` counts each score of the scale upwards. `ipras` and `classic` are None off 1-9. `verdict` is that of
    the primary rule; `sensitivity` holds those of the other rules that fit the scale and never colours it.
    """

    scale: Scale
    eligible: int
    unanswered: int
    median: Figure
    interval: MedianInterval
    lower_quartile: Figure
    upper_quartile: Figure
    iqr: Figure
    distribution: tuple[int, ...]
    ipras: Ipras | None
    classic: ClassicRam | None
    verdict: Verdict
    sensitivity: tuple[Verdict, ...]


def least_scores(eligible: int) -> int:
    """The default least number of scores for a verdict: two thirds of those eligible, and never under five."""
    return max(LEAST_SCORES, -(-2 * eligible // 3))


def rate_band(band: tuple[int, int]) -> str:
    """A band in words: "7 to 9", "3 or 4", "5"."""
    low, high = band
    if low == high:
        return str(low)
    return f"{low} or {high}" if high == low + 1 else f"{low} to {high}"


def verdict(
    rule: Rule | str, scores: Sequence[int | None], eligible: int, scale: Scale, minimum: int | None = None
) -> Verdict:
    """The verdict of `rule` on the scores of one item; None among them is "cannot judge".

    `eligible` counts the experts asked, `minimum` the least number of scores (by default `least_scores`; never under
    five). Raises ValueError for a score off the scale, more answers than experts, or a rule that does not fit the
    scale (see `Rule.objection`).
    """
    how = Rule.parse(rule) if isinstance(rule, str) else rule
    scale.check(scores)
    objection = how.objection(scale)
    if objection:
        raise ValueError(objection)
    if len(scores) > eligible:
        raise ValueError(f"{len(scores)} answers from {eligible} experts")
    kept = [score for score in scores if score is not None]
    needed = least_scores(eligible) if minimum is None else max(LEAST_SCORES, minimum)
    low, high = how.bands(scale)
    n = len(kept)
    in_low, in_band = (sum(first <= score <= last for score in kept) for first, last in (low, high))
    reason: str | None = None
    outcome: Outcome
    if n < needed:
        outcome, why = "too few", f"a verdict needs {needed} scores"
        reason = why
    else:
        outcome, why = _decide(how, kept, low, high)
        if outcome in {"too few", "no rule"}:
            reason = why
    return Verdict(
        method=how.method,
        n=n,
        missing=len(scores) - n,
        reason=reason,
        outcome=outcome,
        eligible=eligible,
        minimum=needed,
        band=high,
        low_band=low,
        in_band=in_band,
        in_low=in_low,
        sentence=_sentence(outcome, (n, eligible), (in_low, low), (in_band, high)),
        why=why,
    )


def _sentence(
    outcome: Outcome, scored: tuple[int, int], low: tuple[int, tuple[int, int]], high: tuple[int, tuple[int, int]]
) -> str:
    """The count behind an outcome; `scored` is n of eligible, `low` and `high` a count and its band."""
    n, eligible = scored
    if outcome == "too few":
        return f"{n} of {eligible} gave a score"
    if outcome == "rejected":
        return f"{low[0]} of {n} rated {rate_band(low[1])}"
    if outcome == "disagreement":
        return f"{low[0]} of {n} rated {rate_band(low[1])} and {high[0]} rated {rate_band(high[1])}"
    return f"{high[0]} of {n} rated {rate_band(high[1])}"


def summarise(
    scores: Sequence[int | None],
    eligible: int,
    scale: Scale,
    rule: Rule,
    *,
    minimum: int | None = None,
    others: Sequence[Rule] = (),
    conf: float = 0.95,
) -> Summary:
    """Everything the report shows of one item in one dimension; raises ValueError as `verdict` does.

    Rules among `others` that do not fit the scale are left out of `sensitivity`.
    """
    answer = verdict(rule, scores, eligible, scale, minimum)
    kept = [score for score in scores if score is not None]
    kind = rule.percentile_type
    nine = (scale.lo, scale.hi) == (1, 9)
    return Summary(
        method=rule.method,
        n=len(kept),
        missing=len(scores) - len(kept),
        scale=scale,
        eligible=eligible,
        unanswered=eligible - len(scores),
        median=median(scores),
        interval=median_interval(scores, conf),
        lower_quartile=quantile(scores, 0.25, kind),
        upper_quartile=quantile(scores, 0.75, kind),
        iqr=iqr(scores, kind),
        distribution=tuple(kept.count(category) for category in scale.categories),
        ipras=ipras(scores, kind) if nine else None,
        classic=classic_ram(scores, rule.half_points) if nine else None,
        verdict=answer,
        sensitivity=tuple(
            verdict(other, scores, eligible, scale, minimum)
            for other in others
            if other != rule and other.objection(scale) is None
        ),
    )


def _decide(rule: Rule, kept: Sequence[int], low: tuple[int, int], high: tuple[int, int]) -> tuple[Outcome, str]:
    if rule.kind == "ram":
        return _by_classic(kept, rule)
    if rule.kind == "ipras":
        return _by_ipras(kept, rule)
    if rule.kind == "cvi":
        return _by_cvi(kept, rule)
    result = threshold(kept, rule.pct_in, rule.pct_out, high[0], low[1])
    wanted = f"at least {rule.pct_in:g} % in {rate_band(high)} and fewer than {rule.pct_out:g} % in {rate_band(low)}"
    if result.decision == "consensus_in":
        return "agreed", f"the rule asks for {wanted}"
    if result.decision == "consensus_out":
        return "rejected", f"the rule for leaving out is met: at least {rule.pct_in:g} % in {rate_band(low)}"
    return "not agreed", f"the rule asks for {wanted}"


def _by_classic(kept: Sequence[int], rule: Rule) -> tuple[Outcome, str]:
    result = classic_ram(kept, rule.half_points)
    region, most, each = result.region, result.max_outside, result.min_each_extreme
    if region is None or most is None:
        return ("too few" if len(kept) < 8 else "no rule"), str(result.reason)
    if result.disagreement:
        return "disagreement", f"at least {each} lie at each end"
    lie = "lies" if result.outside == 1 else "lie"
    outside = f"{result.outside} {lie} outside {rate_band(region)}, the region of the median"
    if not result.agreement:
        return "not agreed", f"{outside}; at most {most} may"
    by_region: dict[tuple[int, int], Outcome] = {(7, 9): "agreed", (1, 3): "rejected"}
    return by_region.get(region, "uncertain"), f"{outside}; at most {most} may"


def _by_ipras(kept: Sequence[int], rule: Rule) -> tuple[Outcome, str]:
    spread = ipras(kept, rule.percentile_type)
    middle = median(kept).value
    if middle is None or spread.ipr is None or spread.ipras is None:
        return "too few", str(spread.reason)
    compared = f"the middle 40 % span {spread.ipr:g} points, the limit here is {spread.ipras:g}"
    if spread.disagreement:
        return "disagreement", compared
    by_region: dict[tuple[int, int], Outcome] = {(7, 9): "agreed", (1, 3): "rejected"}
    return by_region.get(region_of(middle, rule.half_points), "uncertain"), f"median {middle:g}; {compared}"


def _by_cvi(kept: Sequence[int], rule: Rule) -> tuple[Outcome, str]:
    share = item_cvi_of(kept)
    least = rule.least_icvi
    if least is None:
        least = 1.0 if len(kept) <= 5 else 0.78
    # Hundredths, halves upwards, in whole numbers: the published tables print 7 of 9 as .78 and accept it.
    hundredths = (200 * share.agree + share.n) // (2 * share.n)
    met = hundredths >= round(100 * least)
    return ("agreed" if met else "not agreed"), f"I-CVI {hundredths / 100:.2f}; the rule asks for {least:.2f}"
