"""Stability, comparisons and resampling against scikit-learn, scipy and plain enumeration."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.calc.comparisons import differences, holm, kruskal_wallis, mann_whitney, wilcoxon
from app.calc.resampling import bootstrap_error, bootstrap_interval
from app.calc.stability import (
    chi_square,
    crosstab,
    disagreement_weights,
    gk_lambda,
    movement,
    net_change,
    unchanged,
    weighted_kappa,
)
from tests.unit.panels import panels

COUNTS = [100, pytest.param(1000, marks=pytest.mark.long)]
NINE = range(1, 10)
rounds = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12)


@pytest.mark.parametrize("number", COUNTS)
def test_kappa_on_the_full_scale_agrees_with_scikit_learn(number: int) -> None:
    from sklearn.metrics import cohen_kappa_score  # noqa: PLC0415  slow to load

    for panel in panels(number):
        x, y = panel.whole[0], panel.whole[1]
        table = crosstab(x, y, panel.categories)
        for kind, theirs in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
            ours = weighted_kappa(table, disagreement_weights(panel.hi, kind))
            assert ours.kappa == pytest.approx(cohen_kappa_score(x, y, weights=theirs, labels=panel.categories))
        assert ours.unchanged == sum(a == b for a, b in zip(x, y, strict=True)) / len(x)


@pytest.mark.parametrize("number", COUNTS)
def test_rank_tests_agree_with_scipy(number: int) -> None:
    for panel in panels(number):
        x = [float(score) for row in panel.whole[::2] for score in row]
        y = [float(score) for row in panel.whole[1::2] for score in row]
        for side in ("two-sided", "greater", "less"):
            ours = mann_whitney(x, y, alternative=side)
            theirs = stats.mannwhitneyu(x, y, alternative=side, method="asymptotic")
            assert (ours.u, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), abs=1e-9)
        groups = [[float(score) for score in row] for row in panel.whole]
        if len({score for row in groups for score in row}) > 1:
            result = kruskal_wallis(groups)
            assert (result.h, result.p) == pytest.approx(tuple(stats.kruskal(*groups)), abs=1e-8)
        earlier, later = (x + y)[: len(y)], y
        gaps = differences(earlier, later)
        if any(gaps):
            for zeros, corrected in itertools.product(("wilcox", "pratt", "zsplit"), (False, True)):
                ours_w = wilcoxon(gaps, zeros, correction=corrected)
                theirs_w = stats.wilcoxon(earlier, later, zero_method=zeros, correction=corrected, method="asymptotic")
                assert (ours_w.smaller, ours_w.p) == pytest.approx((theirs_w.statistic, theirs_w.pvalue), abs=1e-9)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=7), st.sampled_from(["wilcox", "pratt", "zsplit"]))
def test_exact_wilcoxon_is_the_enumeration_of_signs(gaps: list[int], zeros: str) -> None:
    result = wilcoxon([float(gap) for gap in gaps], zeros, exact=True, alternative="greater")
    if not any(gaps):
        assert result.p is None
        return
    sizes = [abs(float(gap)) for gap in gaps]
    totals = []
    for signs in itertools.product((1, -1), repeat=len([gap for gap in gaps if gap])):
        each = iter(signs)
        totals.append(wilcoxon([size * next(each) if size else 0.0 for size in sizes], zeros).plus)
    assert result.p == pytest.approx(sum(total >= result.plus for total in totals if total is not None) / len(totals))


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_exact_mann_whitney_is_the_enumeration_of_groups(x: list[int], y: list[int]) -> None:
    result = mann_whitney(x, y, exact=True)
    pooled = x + y
    if len(set(pooled)) < 2:
        assert result.p is None
        return
    us = []
    for chosen in itertools.combinations(range(len(pooled)), len(x)):
        first = [pooled[i] for i in chosen]
        second = [pooled[i] for i in range(len(pooled)) if i not in chosen]
        us.append(mann_whitney(first, second).u or 0.0)
    assert result.u is not None
    upper, lower = sum(u >= result.u for u in us) / len(us), sum(u <= result.u for u in us) / len(us)
    assert result.p == pytest.approx(min(1, 2 * min(upper, lower)))


@given(rounds)
def test_movement_is_consistent(pairs: list[tuple[int, int]]) -> None:
    earlier, later = [a for a, _ in pairs], [b for _, b in pairs]
    moved = movement([*earlier, None], [*later, 3], list(NINE))
    assert (moved.n, moved.missing) == (len(pairs), 1)
    assert moved.up + moved.down + round((moved.unchanged or 0) * moved.n) == moved.n
    assert moved.change is not None
    assert 0 <= moved.change <= 1
    assert moved.stable == (moved.change < 0.15)
    assert moved.kappa is None or -1 <= moved.kappa <= 1
    assert (moved.effect is None) == (earlier == later)
    table = crosstab(earlier, later, list(NINE))
    assert unchanged(table).value == moved.unchanged
    lam = gk_lambda(table)
    assert lam.reason if lam.value is None else 0 <= lam.value <= 1


def test_net_change_can_be_nothing_although_everybody_moved() -> None:
    moved = movement([1, 9], [9, 1], list(NINE))
    assert (moved.change, moved.unchanged, moved.stable) == (0, 0, True)
    assert movement([None], [3], list(NINE)).reason


def test_chi_square_agrees_with_scipy_and_leaves_empty_rows_out() -> None:
    table = [[10, 4, 0], [3, 8, 0], [0, 0, 0]]
    ours = chi_square(table)
    theirs = stats.chi2_contingency([[10, 4], [3, 8]], correction=False)
    assert (ours.chisq, ours.df, ours.p) == pytest.approx((theirs.statistic, theirs.dof, theirs.pvalue))
    assert chi_square([[3, 0], [2, 0]]).reason


def test_tables_that_cannot_be_are_refused() -> None:
    for broken in ([[1, 2]], [[1, 2], [3]], [[-1, 2], [3, 4]]):
        with pytest.raises(ValueError, match=r"square|negative"):
            net_change(broken)
    with pytest.raises(ValueError, match="10 is not"):
        crosstab([10], [1], list(NINE))


def test_holm_is_monotone_and_capped() -> None:
    assert holm([0.01, 0.04, 0.03, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.5])


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_exact_bootstrap_errors_are_the_enumeration(scores: list[int]) -> None:
    draws = list(itertools.product(scores, repeat=len(scores)))
    result = bootstrap_error([float(score) for score in scores])
    assert result.mean == pytest.approx(statistics.pstdev([statistics.mean(draw) for draw in draws]), abs=1e-9)
    assert result.median == pytest.approx(statistics.pstdev([statistics.median(draw) for draw in draws]), abs=1e-9)


def test_a_bootstrap_repeats_itself_and_knows_when_it_cannot_be() -> None:
    scores = [float(score) for score in np.random.default_rng(1).integers(1, 10, 25)]
    first, again = bootstrap_interval(scores, method="bca"), bootstrap_interval(scores, method="bca")
    assert first == again
    theirs = stats.bootstrap((scores,), np.mean, method="BCa", n_resamples=9999, rng=np.random.default_rng(2))
    assert first.low == pytest.approx(theirs.confidence_interval.low, abs=0.15)
    assert bootstrap_interval(scores[:19]).reason
    assert bootstrap_interval([4.0] * 25, method="bca").reason
    flat = bootstrap_interval([4.0] * 25, "median")
    assert (flat.low, flat.high) == (4, 4)
    assert not math.isnan(flat.n)
