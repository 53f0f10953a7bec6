"""Intervals by leaving out one expert: the quick way equals the slow one, which equals the textbook."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from scipy import stats

from app.calc import agreement
from app.calc.jackknife import FIGURES, intervals, jackknife
from tests.unit.panels import panels

COUNTS = [60, pytest.param(1000, marks=pytest.mark.long)]


def test_a_jackknife_of_a_mean_is_its_standard_error() -> None:
    scores = [[3], [5], [8], [9], [1]]

    def average(rows: object) -> float | None:
        values = np.array(rows, dtype=float)
        return float(values.mean())

    result = jackknife(scores, average)
    se = stats.sem([row[0] for row in scores])
    assert result.se == pytest.approx(se)
    assert result.low == pytest.approx(5.2 - stats.t.ppf(0.975, 4) * se)
    assert not result.reliable
    assert jackknife(scores[:2], average).reason
    assert jackknife([[1]] * 4, lambda rows: None).reason
    assert jackknife([[1]] * 10, average).reliable


def slowly(name: str, categories: list[int], rows: Sequence[Sequence[float | None]]) -> float | None:
    """The figure of one table by the plain function for it."""
    units = agreement.transpose(rows)
    counts = agreement.count(units, categories)
    if name == "kendall-w":
        return agreement.kendall_w([[cell if isinstance(cell, float) else None for cell in unit] for unit in units]).w
    if name.startswith("alpha-"):
        return agreement.alpha(counts, categories, name.removeprefix("alpha-")).alpha
    if name in {"ac1", "ac2"}:
        kind = "identity" if name == "ac1" else "quadratic"
        return agreement.gwet(counts, agreement.agreement_weights(categories, kind)).coefficient
    return agreement.fleiss_kappa(counts).kappa if name == "fleiss" else agreement.pair_agreement(counts).value


@pytest.mark.parametrize("number", COUNTS)
def test_all_at_once_is_one_by_one(number: int) -> None:
    for panel in panels(number):
        found = intervals(panel.scores, panel.categories, 0.9)
        assert set(found) == set(FIGURES)
        for name, ours in found.items():
            wanted = jackknife(panel.scores, partial(slowly, name, panel.categories), 0.9)
            where = (panel.number, name)
            assert ours.reason == wanted.reason, where
            assert (ours.n, ours.reliable) == (wanted.n, wanted.reliable), where
            for part in ("value", "se", "low", "high"):
                assert getattr(ours, part) == pytest.approx(getattr(wanted, part), abs=1e-9), (*where, part)


def test_a_unit_that_only_one_did_not_score_comes_in_without_them() -> None:
    rows = [[1.0, 2.0, None], [1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [1.0, 2.0, 3.0]]
    found = intervals(rows, [1, 2, 3])["kendall-w"]
    wanted = jackknife(rows, partial(slowly, "kendall-w", [1, 2, 3]))
    assert found.se == pytest.approx(wanted.se)
    assert slowly("kendall-w", [1, 2, 3], rows[1:]) != slowly("kendall-w", [1, 2, 3], [row[:2] for row in rows[1:]])


def test_what_is_off_the_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="categories"):
        intervals([[1.0, 7.0], [2.0, 2.0]], [1, 2, 3])


def test_degenerate_panels_have_reasons() -> None:
    for rows in ([], [[]], [[None], [None]], [[5.0]], [[5.0, 5.0]] * 4, [[5.0, None], [None, 4.0], [None, None]]):
        for name, found in intervals(rows, [4, 5]).items():
            assert found.low is not None or found.reason, (rows, name)
