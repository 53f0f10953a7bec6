"""What a statistic returns, and the register of methods that names every formula and its source."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

Score: TypeAlias = float | None
Scores: TypeAlias = Sequence[float | None]
Table: TypeAlias = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Method:
    """A named way of computing something; `version` rises whenever its figures could change."""

    key: str
    title: str
    formula: str
    source: str
    version: int = 1

    @property
    def name(self) -> str:
        """Key and version as stored with a closed round, for example `ipras/1`."""
        return f"{self.key}/{self.version}"


@dataclass(frozen=True, kw_only=True)
class Result:
    """Base of every statistic's result.

    `n` counts what entered the figure (scores, units or pairs, as the method says), `missing` what was dropped.
    `reason` says why a figure of this result is None; where nothing is undefined it is None.
    """

    method: Method
    n: int
    missing: int = 0
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Figure(Result):
    """One number, or None with a reason."""

    value: float | None


def given(scores: Iterable[float | None]) -> tuple[list[float], int]:
    """The scores that exist, in order, and how many were missing (None or not a number)."""
    everything = list(scores)
    kept = [score for score in everything if score is not None and score == score]  # noqa: PLR0124  NaN is not itself
    return kept, len(everything) - len(kept)


def mean(values: Iterable[float | None]) -> float | None:
    """Arithmetic mean of the values that exist; None when there are none."""
    kept, _ = given(values)
    return math.fsum(kept) / len(kept) if kept else None


def rectangular(table: Sequence[Sequence[object]]) -> int:
    """The number of columns of a table.

    Raises ValueError when rows differ in length: a shifted row would silently compare the wrong people.
    """
    widths = {len(row) for row in table}
    if len(widths) > 1:
        raise ValueError("the rows of the table differ in length")
    return widths.pop() if widths else 0


_HF = "Hyndman and Fan (1996), The American Statistician 50:361-365"
_FITCH = "Fitch et al. (2001), The RAND/UCLA Appropriateness Method User's Manual"
_POLIT = "Polit, Beck and Owen (2007), Research in Nursing and Health 30:459-467"
_GWET = "Gwet (2008), British Journal of Mathematical and Statistical Psychology 61:29-48; Gwet (2014), Handbook"
_COHEN = "Cohen (1968), Psychological Bulletin 70:213-220"
_CHAFFIN = "Chaffin and Talley (1980), Technological Forecasting and Social Change 16:67-73"
_EFRON = "Efron and Tibshirani (1993), An Introduction to the Bootstrap"

_REGISTER = (
    Method("median", "Median", "middle score; with an even number the mean of the two middle ones", _HF),
    Method(
        "median-interval",
        "Interval of the median",
        "scores d and n + 1 - d in order, with the largest d whose confidence 1 - 2 P(Bin(n, 1/2) < d) reaches the "
        "level asked for; the confidence reached is printed; n = 9: 2nd to 8th, 96 %",
        "Hahn and Meeker (1991), Statistical Intervals, ch. 5",
    ),
    Method(
        "quantile",
        "Quantile",
        "h = n p + m, j = floor(h): (1 - g) x[j] + g x[j+1] with g and m of the type; type 7 (m = 1 - p, g = h - j) "
        "by default, type 6 (m = p) offered; types 1 to 9 computed in exact fractions",
        _HF,
    ),
    Method("iqr", "Interquartile range", "P75 - P25, by the percentile type of the round", _HF),
    Method(
        "deviation",
        "Mean absolute deviation from the median",
        "sum of |score - median| / n, in points of the scale; 0 where everybody gave the same",
        _FITCH,
    ),
    Method(
        "ipras",
        "IPRAS and disagreement index (only on 1-9)",
        "IPR = P70 - P30; centre = (P30 + P70)/2; IPRAS = 2.35 + 1.5 |5 - centre|; disagreement if IPR > IPRAS; "
        "index = IPR/IPRAS",
        _FITCH,
    ),
    Method(
        "ram",
        "Classic rule by panel size (only on 1-9)",
        "8-10 scores: agreement when at most 2 lie outside the three-point region of the median, disagreement when at "
        "least 3 lie in 1-3 and at least 3 in 7-9; 11-13: 3 and 4; 14-16: 4 and 5; other sizes have no rule",
        f"{_FITCH}; BMC Medical Informatics and Decision Making 2012;12:93, table 7",
    ),
    Method(
        "ram-class",
        "Appropriateness (only on 1-9)",
        "median 7-9 without disagreement: appropriate; 1-3 without disagreement: inappropriate; else uncertain. "
        "Medians of 3.5 and 6.5 are uncertain, or count with the higher region by a setting",
        _FITCH,
    ),
    Method(
        "threshold",
        "Percentage threshold",
        "in when at least pct_in % score at or above the upper cut and fewer than pct_out % at or below the lower "
        "one; out when mirrored; else no consensus. On 1-9 the cuts are 7 and 3; compared in whole numbers",
        "Williamson et al. (2017), The COMET Handbook, Trials 18(S3):280",
    ),
    Method(
        "percent-agreement",
        "Percent agreement",
        "100 x units whose scores lie within the tolerance / units scored by everyone",
        "Gamer et al. (2019), R package irr, agree",
    ),
    Method(
        "pair-agreement",
        "Pairwise agreement",
        "identical pairs / pairs, pooled over units with two scores or more",
        "Fleiss (1971), Psychological Bulletin 76:378-382",
    ),
    Method(
        "icvi",
        "I-CVI (verdicts only on 1-4)",
        "A/N, the share of scores that endorse (3 and 4 on 1-4); Wilson interval. As a rule: .78 with six or more "
        "scores and 1.00 with five or fewer, compared after rounding to two decimals as the tables do (7 of 9 is .78)",
        f"Lynn (1986), Nursing Research 35:382-385; {_POLIT}; Wilson (1927), JASA 22:209-212",
    ),
    Method("scvi", "S-CVI/Ave and S-CVI/UA", "mean of the I-CVI; share of items whose I-CVI is 1", _POLIT),
    Method("modified-kappa", "Modified kappa", "k* = (I-CVI - pc)/(1 - pc), pc = C(N, A)/2^N", _POLIT),
    Method(
        "cvr",
        "Content validity ratio (essential, useful, not necessary)",
        "(ne - N/2)/(N/2)",
        "Lawshe (1975), Personnel Psychology 28:563-575",
    ),
    Method(
        "cvr-critical",
        "Critical value of the CVR",
        "smallest ne with P(Bin(N, 1/2) >= ne) <= alpha, one-tailed, exact",
        "Ayre and Scally (2014), Measurement and Evaluation in Counseling and Development 47:79-86",
    ),
    Method(
        "aiken",
        "Aiken's V",
        "(mean - lo)/(hi - lo); Wilson interval with N (hi - lo) trials",
        "Aiken (1985), Educational and Psychological Measurement 45:131-142; Penfield and Giacobbi (2004), "
        "Measurement in Physical Education and Exercise Science 8:213-225",
    ),
    Method(
        "kendall-w",
        "Kendall's W",
        "12 S/(m^2 (n^3 - n) - m sum of T), T = sum of t^3 - t over ties of a rater; "
        "chi2 = m (n - 1) W with n - 1 df; units with a missing score are dropped",
        "Kendall and Babington Smith (1939), Annals of Mathematical Statistics 10:275-287; Siegel and Castellan (1988)",
    ),
    Method(
        "alpha",
        "Krippendorff's alpha",
        "1 - Do/De from the coincidence matrix; nominal, ordinal, interval or "
        "ratio difference; units with fewer than two scores are dropped",
        "Krippendorff (2011), Computing Krippendorff's Alpha-Reliability",
    ),
    Method(
        "gwet",
        "Gwet AC1 and AC2",
        "(pa - pe)/(1 - pe), pe = sum of weights x sum of pk (1 - pk)/(q (q - 1)); "
        "AC1 with identity weights, AC2 with linear, quadratic or ordinal ones; categories are those of the scale, "
        "not of the data; interval by t with n - 1",
        _GWET,
    ),
    Method(
        "fleiss",
        "Fleiss' kappa",
        "(pa - pe)/(1 - pe), pe = sum of pk^2; z only where every unit has the same number of scores",
        "Fleiss (1971); Fleiss, Nee and Landis (1979), Psychological Bulletin 86:974-977",
    ),
    Method(
        "jackknife",
        "Interval of an agreement figure",
        "delete one expert at a time; standard error "
        "sqrt((m - 1)/m x sum of squared deviations), t with m - 1; unreliable under ten experts. A bootstrap over "
        "experts would compare an expert with himself and is biased",
        _EFRON,
    ),
    Method(
        "weighted-kappa",
        "Weighted kappa between rounds",
        "1 - sum(v po)/sum(v pe); v by the place in the full scale: 0 or 1, |i - j| or (i - j)^2",
        _COHEN,
    ),
    Method("unchanged", "Share unchanged", "diagonal / people who scored in both rounds", _CHAFFIN),
    Method(
        "scheibe",
        "Net change",
        "half the sum of |later - earlier| over categories / people; stable under 15 %",
        "Scheibe, Skutsch and Schofer (1975), in Linstone and Turoff, The Delphi Method",
    ),
    Method(
        "chi2-individual",
        "Individual chi-square",
        "sum (o - e)^2/e over the crosstab of two rounds, empty rows and columns left out",
        _CHAFFIN,
    ),
    Method(
        "chi2-group",
        "Group chi-square",
        "sum (o - e)^2/e over rounds by categories, empty categories left out",
        "Dajani, Sincoff and Talley (1979), Technological Forecasting and Social Change 13:83-90",
    ),
    Method(
        "lambda",
        "Goodman and Kruskal's lambda",
        "(sum of row maxima - largest column total)/(N - largest column "
        "total): the later answer predicted from the earlier",
        "Goodman and Kruskal (1954), JASA 49:732-764",
    ),
    Method(
        "wilcoxon",
        "Wilcoxon signed ranks",
        "W+ = sum of the ranks of positive differences; zeros by the named "
        "method (wilcox, pratt, zsplit); normal approximation with ties, or the exact permutation of signs; effect: "
        "(W+ - W-)/(W+ + W-). Not significant is not stable",
        "Wilcoxon (1945); Pratt (1959), JASA 54:655-667; Kerby (2014), Comprehensive Psychology 3:1",
    ),
    Method(
        "mann-whitney",
        "Mann-Whitney U",
        "U = R1 - n1 (n1 + 1)/2; normal approximation with ties, or the exact "
        "permutation of groups, two-sided by doubling; effects 2U/(n1 n2) - 1 and U/(n1 n2)",
        "Mann and Whitney (1947), Annals of Mathematical Statistics 18:50-60; Kerby (2014)",
    ),
    Method(
        "kruskal-wallis",
        "Kruskal-Wallis H",
        "12/(N (N + 1)) sum of R^2/n - 3 (N + 1), over 1 - T/(N^3 - N); "
        "epsilon squared = H/(N - 1); eta squared = (H - k + 1)/(N - k), which can be negative",
        "Kruskal and Wallis (1952), JASA 47:583-621; Tomczak and Tomczak (2014)",
    ),
    Method(
        "permutation",
        "Permutation test between groups (exploratory)",
        "share of the ways to deal the same scores out to groups of the same sizes that differ at least as much: all "
        "ways for two groups of up to 50 scores, two-sided by doubling; else 9,999 seeded ones by the Kruskal-Wallis "
        "rank sums, (as extreme + 1)/(drawn + 1)",
        "Edgington and Onghena (2007), Randomization Tests, 4th edition",
    ),
    Method(
        "holm",
        "Holm's adjustment",
        "ordered p times (number left), made monotone, at most 1",
        "Holm (1979), Scandinavian Journal of Statistics 6:65-70",
    ),
    Method(
        "bootstrap",
        "Bootstrap interval",
        "percentile, basic or BCa of resampled means or medians, seeded; none "
        "under 20 scores unless asked; BCa has none on constant data",
        _EFRON,
    ),
    Method(
        "bootstrap-se",
        "Exact bootstrap standard error",
        "standard deviation over all n^n resamples, from the exact distribution of the order statistics",
        _EFRON,
    ),
    Method(
        "suppression",
        "Small cells",
        "cells from 1 to the minimum less one are withheld, then the smallest "
        "others until no withheld cell can be worked out from the total; if none is left, the total too",
        "Hundepool et al. (2012), Statistical Disclosure Control",
    ),
)

METHODS: Mapping[str, Method] = MappingProxyType({method.key: method for method in _REGISTER})


def as_markdown() -> str:
    """The register as the page `docs/statistics.md`."""
    parts = [
        "# Statistics",
        "",
        "Written by `python -m app.calc.figures > docs/statistics.md`; a test holds the two together.",
        "",
        (
            'Missing scores and "cannot judge" are dropped and counted; every figure carries what it was computed from '
            "(n), what was missing, and the name and version of its method. A figure that does not exist is None with "
            "a reason, never 0, 1 or not-a-number. Consensus and stability are two questions and are shown as two. "
            "`concordat verify FILE.json` runs published cases through the same code."
        ),
    ]
    for method in _REGISTER:
        parts += [
            "",
            f"## {method.title}",
            "",
            f"`{method.name}`. {method.formula[0].upper()}{method.formula[1:]}.",
            "",
            f"Source: {method.source}.",
        ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
