"""Agreement between raters against krippendorff, statsmodels and scipy on random panels, and its own properties."""

from __future__ import annotations

import math
import warnings

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from app.calc.agreement import (
    agreement_weights,
    alpha,
    count,
    fleiss_kappa,
    gwet,
    kendall_w,
    pair_agreement,
    percent_agreement,
    seen,
    transpose,
)
from app.calc.figures import Table
from tests.unit.panels import panels

COUNTS = [100, pytest.param(1000, marks=pytest.mark.long)]


@pytest.mark.parametrize("number", COUNTS)
def test_alpha_agrees_with_krippendorff(number: int) -> None:
    for panel in panels(number):
        counts = count(transpose(panel.scores), panel.categories)
        data = np.array(panel.scores, dtype=float)
        for level in ("nominal", "ordinal", "interval", "ratio"):
            ours = alpha(counts, panel.categories, level)
            pairable = {k for row in counts if sum(row) > 1 for k, cell in enumerate(row) if cell}
            if len(pairable) < 2:
                assert ours.alpha is None
                assert ours.reason
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = krippendorff.alpha(reliability_data=data, level_of_measurement=level)
            assert ours.alpha == pytest.approx(theirs, abs=1e-9), (panel.number, level)


@pytest.mark.parametrize("number", COUNTS)
def test_fleiss_agrees_with_statsmodels(number: int) -> None:
    from statsmodels.stats.inter_rater import fleiss_kappa as theirs  # noqa: PLC0415  slow to load

    for panel in panels(number):
        counts = count(transpose(panel.whole), panel.categories)
        assert fleiss_kappa(counts).kappa == pytest.approx(theirs(np.array(counts)), abs=1e-9), panel.number


@pytest.mark.parametrize("number", COUNTS)
def test_kendall_agrees_with_friedman(number: int) -> None:
    for panel in panels(number):
        units = transpose(panel.whole)
        ours = kendall_w(np.array(units, dtype=float).tolist())
        if len(units) < 3 or ours.w is None:
            continue
        chisq, p = stats.friedmanchisquare(*units)
        assert ours.chisq == pytest.approx(chisq, abs=1e-8)
        assert ours.p == pytest.approx(p, abs=1e-9)
        assert 0 <= ours.w <= 1 + 1e-12


def plain_ac(table: Table, weights: list[list[float]], categories: list[int]) -> float:
    """AC1 or AC2 by its definition over pairs of raters: slow and obvious."""
    place = {category: index for index, category in enumerate(categories)}
    observed = []
    shares = [0.0] * len(categories)
    units = [[score for score in unit if score is not None] for unit in table]
    units = [unit for unit in units if unit]
    for unit in units:
        pairs = [
            weights[place[int(a)]][place[int(b)]] for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j
        ]
        if pairs:
            observed.append(sum(pairs) / len(pairs))
        for score in unit:
            shares[place[int(score)]] += 1 / len(unit) / len(units)
    chance = sum(map(sum, weights)) * sum(p * (1 - p) for p in shares) / (len(shares) * (len(shares) - 1))
    return (sum(observed) / len(observed) - chance) / (1 - chance)


@pytest.mark.parametrize("number", COUNTS)
def test_gwet_agrees_with_its_definition(number: int) -> None:
    for panel in panels(number):
        units = transpose(panel.scores)
        counts = count(units, panel.categories)
        if not any(sum(row) > 1 for row in counts):
            continue
        for kind in ("identity", "linear", "quadratic", "ordinal"):
            weights = agreement_weights(panel.categories, kind)
            ours = gwet(counts, weights)
            assert ours.coefficient == pytest.approx(plain_ac(units, weights, panel.categories), abs=1e-9)
            if ours.se is not None:
                assert ours.high is not None
                assert ours.high <= 1


def test_categories_come_from_the_scale_and_not_from_the_data() -> None:
    row = [[4, 4, 3, 4]]
    full, inferred = [1, 2, 3, 4], seen(row)
    by_scale = gwet(count(row, full), agreement_weights(full, "quadratic")).coefficient
    by_data = gwet(count(row, inferred), agreement_weights(inferred, "quadratic")).coefficient
    assert by_scale is not None
    assert by_data is not None
    assert by_scale - by_data > 0.5
    with pytest.raises(ValueError, match="5 is not one"):
        count([[5]], full)


def test_with_unequal_numbers_of_scores_fleiss_has_no_z() -> None:
    result = fleiss_kappa([[2, 1], [0, 2], [1, 1]])
    assert result.kappa is not None
    assert result.z is None
    assert result.reason


tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=width, max_size=width), min_size=1, max_size=6
    )
)


@given(tables, st.randoms(use_true_random=False))
def test_agreement_is_bounded_defined_or_reasoned_and_blind_to_order(table: Table, draw: object) -> None:
    counts = count(table, [1, 2, 3, 4])
    mirrored = count([list(reversed(row)) for row in reversed(table)], [1, 2, 3, 4])
    identity = agreement_weights([1, 2, 3, 4], "identity")
    for value, again, reason in (
        (alpha(counts, [1, 2, 3, 4]).alpha, alpha(mirrored, [1, 2, 3, 4]).alpha, alpha(counts, [1, 2, 3, 4]).reason),
        (gwet(counts, identity).coefficient, gwet(mirrored, identity).coefficient, gwet(counts, identity).reason),
        (fleiss_kappa(counts).kappa, fleiss_kappa(mirrored).kappa, fleiss_kappa(counts).reason),
        (pair_agreement(counts).value, pair_agreement(mirrored).value, pair_agreement(counts).reason),
        (percent_agreement(table).value, None, percent_agreement(table).reason),
    ):
        assert (value is not None and math.isfinite(value)) or reason
        assert value is None or again is None or value == pytest.approx(again, abs=1e-9)
    whole = pair_agreement(counts)
    assert whole.value is None or 0 <= whole.value <= 1
