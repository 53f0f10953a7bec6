"""Figures on random panels against numpy, scipy, statsmodels, or a second reading of their definition.

What agreement, kappa and rank tests are held against stands in test_agreement.py and test_stability.py. The panels of
`tests/unit/panels.py` go from unanimous to random, with and without missing scores; a thousand of them in the long run.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from app.calc.agreement import count, pair_agreement, percent_agreement, transpose
from app.calc.comparisons import differences, kruskal_wallis, mann_whitney, wilcoxon
from app.calc.consensus import classic_ram, ipras, threshold
from app.calc.quantiles import iqr, median, median_interval, quantile
from app.calc.stability import chi_square, crosstab, gk_lambda, movement, net_change
from app.calc.validity import aiken, item_cvi_of, scale_cvi
from tests.unit.panels import Panel, panels

COUNTS = [100, pytest.param(1000, marks=pytest.mark.long)]
NUMPY = {6: "weibull", 7: "linear"}
Scores = Sequence[float | None]


def items(panel: Panel) -> list[list[float | None]]:
    """The panel item by item; on 1 to 9 whatever its own scale."""
    return [
        [None if score is None else score * 9 // panel.hi for score in item] for item in zip(*panel.scores, strict=True)
    ]


def kept(scores: Scores) -> list[float]:
    return [score for score in scores if score is not None]


@pytest.mark.parametrize("number", COUNTS)
def test_medians_quartiles_and_intervals(number: int) -> None:
    for panel in panels(number):
        for scores in items(panel):
            seen = kept(scores)
            if not seen:
                assert (median(scores).value, quantile(scores, 0.25).value, iqr(scores).value) == (None, None, None)
                continue
            assert median(scores).value == np.median(seen)
            for kind, name in NUMPY.items():
                lower, upper = np.quantile(seen, [0.25, 0.75], method=name)
                assert quantile(scores, 0.25, kind).value == pytest.approx(lower)
                assert iqr(scores, kind).value == pytest.approx(upper - lower)
            found, ordered, n = median_interval(scores), sorted(seen), len(seen)
            if n < 2:
                assert found.reason
                continue
            reached = {depth: 1 - 2 * stats.binom.cdf(depth - 1, n, 0.5) for depth in range(1, n // 2 + 1)}
            deepest = max((depth for depth, conf in reached.items() if conf >= 0.95), default=1)
            assert (found.low, found.high) == (ordered[deepest - 1], ordered[n - deepest])
            assert found.conf == pytest.approx(reached[deepest])


@pytest.mark.parametrize("number", COUNTS)
def test_rules_of_consensus(number: int) -> None:
    limits = {**dict.fromkeys((8, 9, 10), (2, 3)), **dict.fromkeys((11, 12, 13), (3, 4)), 14: (4, 5)}
    for panel in panels(number):
        for scores in items(panel):
            seen = kept(scores)
            low, high = sum(each <= 3 for each in seen), sum(each >= 7 for each in seen)
            if not seen:
                assert ipras(scores).reason
                assert classic_ram(scores).reason
                assert threshold(scores).reason
                continue
            p30, p70 = np.quantile(seen, [0.3, 0.7])
            limit = 2.35 + 1.5 * abs(5 - (p30 + p70) / 2)
            found = ipras(scores)
            assert (found.ipr, found.ipras) == pytest.approx((p70 - p30, limit))
            assert found.index == pytest.approx((p70 - p30) / limit)
            if abs(p70 - p30 - limit) > 1e-9:
                assert found.disagreement == (p70 - p30 > limit)
            middle = np.median(seen)
            region = (1, 3) if middle <= 3 else (7, 9) if middle >= 7 else (4, 6)
            outside = sum(not region[0] <= each <= region[1] for each in seen)
            classic = classic_ram(scores)
            assert (classic.outside, classic.low, classic.high) == (outside, low, high)
            if len(seen) in limits:
                most, least = limits[len(seen)]
                assert classic.agreement == (outside <= most)
                assert classic.disagreement == (low >= least and high >= least)
            else:
                assert (classic.agreement, classic.disagreement) == (None, None)
                assert classic.reason
            share = threshold(scores)
            is_in = Fraction(high, len(seen)) >= Fraction(7, 10) and Fraction(low, len(seen)) < Fraction(15, 100)
            is_out = Fraction(low, len(seen)) >= Fraction(7, 10) and Fraction(high, len(seen)) < Fraction(15, 100)
            assert share.decision == ("consensus_in" if is_in else "consensus_out" if is_out else "no_consensus")


@pytest.mark.parametrize("number", COUNTS)
def test_content_validity_and_aiken(number: int) -> None:
    for panel in panels(number):
        if panel.hi != 4:
            continue
        made = []
        for scores in zip(*panel.scores, strict=True):
            seen = kept(scores)
            made.append(item_cvi_of(scores))
            found = aiken(scores, 1, 4)
            if not seen:
                assert made[-1].reason
                assert found.reason
                continue
            agree = sum(each >= 3 for each in seen)
            chance = stats.binom.pmf(agree, len(seen), 0.5)
            assert made[-1].icvi == pytest.approx(agree / len(seen))
            assert made[-1].kappa == pytest.approx((agree / len(seen) - chance) / (1 - chance))
            assert found.v == pytest.approx((np.mean(seen) - 1) / 3)
            low, high = proportion_confint(sum(seen) - len(seen), 3 * len(seen), method="wilson")
            assert (found.low, found.high) == pytest.approx((low, high))
        values = [each.icvi for each in made if each.icvi is not None]
        whole = scale_cvi(made)
        if values:
            assert whole.average == pytest.approx(np.mean(values))
            assert whole.universal == pytest.approx(sum(each == 1 for each in values) / len(values))


@pytest.mark.parametrize("number", COUNTS)
def test_agreement_in_pairs_is_a_count_of_pairs(number: int) -> None:
    for panel in panels(number):
        units = transpose(panel.scores)
        pairs = [pair for unit in units for pair in itertools.combinations(kept(unit), 2)]  # type: ignore[arg-type]
        found = pair_agreement(count(units, panel.categories))
        assert found.n == len(pairs)
        assert found.value == (pytest.approx(sum(a == b for a, b in pairs) / len(pairs)) if pairs else None)
        complete = [unit for unit in zip(*panel.scores, strict=True) if None not in unit]
        alike = sum(len(set(unit)) == 1 for unit in complete)
        share = percent_agreement([list(unit) for unit in zip(*panel.scores, strict=True)]).value
        assert share == (pytest.approx(100 * alike / len(complete)) if complete else None)


@pytest.mark.parametrize("number", COUNTS)
def test_movement_between_two_rounds(number: int) -> None:
    for panel in panels(number):
        earlier, later = panel.scores[0], panel.scores[1]
        both = [(a, b) for a, b in zip(earlier, later, strict=True) if a is not None and b is not None]
        found = movement(earlier, later, panel.categories)
        assert found.n == len(both)
        if not both:
            assert found.reason
            continue
        assert (found.up, found.down) == (sum(a < b for a, b in both), sum(a > b for a, b in both))
        before, after = Counter(a for a, _b in both), Counter(b for _a, b in both)
        gone = sum(max(0, before[score] - after[score]) for score in panel.categories)
        assert found.change == pytest.approx(gone / len(both))
        gaps = [b - a for a, b in both if a != b]
        if gaps:
            ranks = stats.rankdata(np.abs(gaps))
            signed = sum(rank if gap > 0 else -rank for rank, gap in zip(ranks, gaps, strict=True))
            assert found.effect == pytest.approx(signed / sum(ranks))
            assert wilcoxon(differences(later, earlier)).effect == found.effect
        else:
            assert (found.effect, found.unchanged) == (None, 1)


@pytest.mark.parametrize("number", COUNTS)
def test_tables_of_two_rounds(number: int) -> None:
    for panel in panels(number):
        earlier = [score for row in panel.whole for score in row]
        later = [score for row in reversed(panel.whole) for score in row]
        table = crosstab(earlier, later, panel.categories)
        counts = np.array(table, dtype=float)
        used = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
        found = chi_square(table)
        if min(used.shape) < 2:
            assert found.reason
        else:
            theirs = stats.chi2_contingency(used, correction=False)
            assert (found.chisq, found.df, found.p) == pytest.approx((theirs.statistic, theirs.dof, theirs.pvalue))
        # how many later answers are guessed wrongly: knowing nothing, and knowing the earlier one
        common = Counter(later).most_common(1)[0][0]
        blind = sum(score != common for score in later)
        best = {
            a: Counter(b for x, b in zip(earlier, later, strict=True) if x == a).most_common(1)[0][0] for a in earlier
        }
        knowing = sum(best[a] != b for a, b in zip(earlier, later, strict=True))
        assert gk_lambda(table).value == (pytest.approx((blind - knowing) / blind) if blind else None)
        margins = np.abs(counts.sum(axis=1) - counts.sum(axis=0)).sum() / 2 / counts.sum()
        assert net_change(table).value == pytest.approx(margins)


@pytest.mark.parametrize("number", COUNTS)
def test_effects_between_groups(number: int) -> None:
    for panel in panels(number):
        groups = [kept(row) for row in panel.scores]
        x, y = groups[0], groups[1]
        found = mann_whitney(panel.scores[0], panel.scores[1])
        if not x or not y:
            assert found.effect is None
            assert found.reason
        else:
            above = sum((a > b) - (a < b) for a in x for b in y) / (len(x) * len(y))
            assert found.effect == pytest.approx(above)
            assert found.superiority == pytest.approx((above + 1) / 2)
        several = [each for each in groups if each]
        pooled = [score for each in several for score in each]
        result = kruskal_wallis(panel.scores)
        if len(several) > 1 and len(set(pooled)) > 1:
            h = stats.kruskal(*several).statistic
            assert result.epsilon2 == pytest.approx(h * (len(pooled) + 1) / (len(pooled) ** 2 - 1))
        else:
            assert result.epsilon2 is None
            assert result.reason


@pytest.mark.parametrize("number", COUNTS)
def test_the_order_of_experts_changes_nothing(number: int) -> None:
    for panel in panels(number):
        draw = random.Random(panel.number)
        for scores in items(panel):
            mixed = draw.sample(scores, len(scores))
            for figure in (median, iqr, ipras, classic_ram, threshold, median_interval):
                assert figure(mixed) == figure(scores)
            assert aiken(mixed, 1, 9) == aiken(scores, 1, 9)
