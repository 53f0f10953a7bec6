"""Spread, verdicts and small cells: exactness at the limits, and what a verdict says."""

from __future__ import annotations

import itertools
from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from app.calc.consensus import classic_ram, classify, ipras, panel_limits, threshold
from app.calc.quantiles import deviation, iqr, median, median_interval, quantile
from app.calc.ratings import Rule, Scale, least_scores, rate_band, summarise, suppress, verdict
from app.calc.validity import aiken, cvr_critical, item_cvi, item_cvi_of, scale_cvi

NINE, FOUR = Scale(1, 9), Scale(1, 4)
nine_scores = st.lists(st.integers(1, 9), min_size=1, max_size=16)
NUMPY = dict(
    enumerate(
        (
            "inverted_cdf",
            "averaged_inverted_cdf",
            "closest_observation",
            "interpolated_inverted_cdf",
            "hazen",
            "weibull",
            "linear",
            "median_unbiased",
            "normal_unbiased",
        ),
        start=1,
    )
)


@given(nine_scores, st.sampled_from([0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 1]), st.sampled_from(range(1, 10)))
def test_quantiles_agree_with_numpy(scores: list[int], p: float, kind: int) -> None:
    if kind >= 5 or 4 * p == int(4 * p):  # the stepped types turn on n p, which binary tenths miss in numpy
        theirs = np.quantile(scores, p, method=NUMPY[kind])
        assert quantile(scores, p, kind).value == pytest.approx(theirs, abs=1e-9), (p, kind)
    assert median([*scores, None]).value == np.median(scores)
    assert median([*scores, None]).missing == 1


@pytest.mark.parametrize(("n", "ranks", "conf"), [(9, (2, 8), 0.9609), (6, (1, 6), 0.96875), (5, (1, 5), 0.9375)])
def test_the_interval_of_the_median_states_the_confidence_it_reaches(
    n: int, ranks: tuple[int, int], conf: float
) -> None:
    result = median_interval(list(range(n)))
    assert (result.rank_low, result.rank_high) == ranks
    assert result.conf == pytest.approx(conf, abs=1e-4)
    assert result.conf == pytest.approx(1 - 2 * stats.binom.cdf(ranks[0] - 1, n, 0.5))


@given(nine_scores, st.data())
def test_the_deviation_from_the_median_measures_how_far_people_are_apart(
    scores: list[int], data: st.DataObject
) -> None:
    found = deviation([*scores, None])
    assert found.value == pytest.approx(np.mean(np.abs(np.array(scores) - np.median(scores))))
    assert (found.n, found.missing) == (len(scores), 1)
    assert (found.value == 0) == (len(set(scores)) == 1), "only where all gave the same is there none"
    assert deviation(data.draw(st.permutations(scores))).value == found.value
    assert deviation([10 - score for score in scores]).value == found.value, "low or high makes no difference"
    low, high = data.draw(st.integers(0, 8)), data.draw(st.integers(0, 8))
    apart = [score + (high if score > np.median(scores) else -low) for score in scores]
    if low + high and len(set(scores)) > 1 and np.median(scores) not in scores:
        assert (deviation(apart).value or 0) > (found.value or 0), "two halves further apart disagree more"


def test_without_scores_figures_have_reasons() -> None:
    for figure in (median([None]), quantile([], 0.3), iqr([]), deviation([None]), median_interval([4])):
        assert figure.reason
    assert ipras([]).reason
    assert ipras([0, 5]).reason
    assert classic_ram([10]).reason
    assert threshold([None]).decision is None


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_ipras_is_exact_at_its_limit(scores: list[int]) -> None:
    result = ipras(scores)
    ordered = sorted(scores)

    def tenth(tenths: int) -> Fraction:
        place = Fraction(tenths * (len(ordered) - 1), 10)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    p30, p70 = tenth(3), tenth(7)
    limit = Fraction(235, 100) + Fraction(3, 2) * abs(5 - (p30 + p70) / 2)
    assert result.disagreement == (p70 - p30 > limit)
    assert result.index == pytest.approx(float((p70 - p30) / limit))


def test_the_classic_rule_turns_at_its_sizes() -> None:
    assert [panel_limits(size) for size in (7, 8, 10, 11, 13, 14, 16, 17)] == [
        None,
        (2, 3),
        (2, 3),
        (3, 4),
        (3, 4),
        (4, 5),
        (4, 5),
        None,
    ]
    assert classic_ram([7] * 7 + [1, 2]).agreement is True
    assert classic_ram([7] * 6 + [1, 2, 6]).agreement is False
    assert classic_ram([6, 7] * 5, "higher").region == (7, 9)
    assert (classify(6.5, False), classify(6.5, False, "higher"), classify(8, True)) == (
        "uncertain",
        "appropriate",
        "uncertain",
    )


def test_thresholds_count_in_whole_numbers() -> None:
    assert threshold([8] * 7 + [5] * 3).decision == "consensus_in"
    assert threshold([8] * 17 + [2] * 3).decision == "no_consensus"  # 15 % out is not fewer than 15 %
    assert threshold([2] * 7 + [5] * 3).decision == "consensus_out"
    with pytest.raises(ValueError, match="overlap"):
        threshold([5], in_from=3, out_to=3)


@given(st.integers(1, 30), st.data())
def test_content_validity_agrees_with_scipy_and_statsmodels(n: int, data: st.DataObject) -> None:
    agree = data.draw(st.integers(0, n))
    result = item_cvi(n, agree)
    low, high = proportion_confint(agree, n, method="wilson")
    assert (result.low, result.high) == pytest.approx((low, high), abs=1e-9)
    assert result.pc == pytest.approx(stats.binom.pmf(agree, n, 0.5))
    critical = cvr_critical(n, essential=agree)
    assert critical.p == pytest.approx(stats.binom.sf(agree - 1, n, 0.5))
    if critical.n_critical is not None:
        assert stats.binom.sf(critical.n_critical - 1, n, 0.5) <= 0.05 < stats.binom.sf(critical.n_critical - 2, n, 0.5)
    else:
        assert n < 5


def test_items_nobody_scored_leave_the_averages() -> None:
    whole = scale_cvi([item_cvi_of([4, 3, None]), item_cvi_of([None, None]), item_cvi_of([4, 1])])
    assert (whole.average, whole.universal, whole.n, whole.missing) == (0.75, 0.5, 2, 1)
    assert aiken([5, 11], 0, 10).reason
    assert scale_cvi([]).reason


@pytest.mark.parametrize(
    ("rule", "scores", "outcome", "sentence"),
    [
        ("ram", [7, 7, 8, 8, 9, 9, 7, 5, 2], "agreed", "7 of 9 rated 7 to 9"),
        ("ram", [7, 7, 8, 8, 9, 9, 4, 5, 2], "not agreed", "6 of 9 rated 7 to 9"),
        ("ram", [1, 2, 3, 5, 5, 5, 7, 8, 9], "disagreement", "3 of 9 rated 1 to 3 and 3 rated 7 to 9"),
        ("ram", [1, 1, 1, 1, 2, 3, 2, 2, 9], "rejected", "8 of 9 rated 1 to 3"),
        ("ram", [4, 5, 6, 5, 5, 4, 4, 4, 9], "uncertain", "1 of 9 rated 7 to 9"),
        ("ram", [7] * 6 + [None] * 3, "too few", "6 of 9 gave a score"),
        ("ram", [7] * 17, "no rule", "17 of 17 rated 7 to 9"),
        ("ipras", [1, 1, 1, 1, 9, 9, 9, 9], "disagreement", "4 of 8 rated 1 to 3 and 4 rated 7 to 9"),
        ("ipras", [7, 7, 7, 8, 8, 3], "agreed", "5 of 6 rated 7 to 9"),
        ("ipras", [2, 2, 1, 2, 3], "rejected", "5 of 5 rated 1 to 3"),
        ("70/15", [8] * 7 + [5] * 3, "agreed", "7 of 10 rated 7 to 9"),
        ("70/15", [1] * 7 + [5] * 3, "rejected", "7 of 10 rated 1 to 3"),
        ("70/15", [8] * 6 + [5] * 4, "not agreed", "6 of 10 rated 7 to 9"),
        ("70/15", [8] * 4, "too few", "4 of 4 gave a score"),
        ("cvi", [4, 4, 3, 3, 3, 4, 4, 2, 1], "agreed", "7 of 9 rated 3 or 4"),
        ("cvi", [4, 4, 3, 3, 1], "agreed", "4 of 5 rated 3 or 4"),
        ("cvi-n", [4, 4, 3, 3, 1], "not agreed", "4 of 5 rated 3 or 4"),
    ],
)
def test_a_verdict_says_what_it_counted(rule: str, scores: list[int | None], outcome: str, sentence: str) -> None:
    result = verdict(rule, scores, len(scores), FOUR if rule.startswith("cvi") else NINE)
    assert (result.outcome, result.sentence) == (outcome, sentence)
    assert bool(result.reason) == (outcome in {"too few", "no rule"})
    assert result.why


def test_a_verdict_waits_for_two_thirds_and_never_fewer_than_five() -> None:
    assert [least_scores(n) for n in (0, 2, 5, 7, 8, 9, 10, 30)] == [5, 5, 5, 5, 6, 6, 7, 20]
    assert verdict("70/15", [8] * 5, 9, NINE).outcome == "too few"
    assert verdict("70/15", [8] * 5, 9, NINE, minimum=5).outcome == "agreed"
    assert verdict("70/15", [8] * 4, 9, NINE, minimum=1).outcome == "too few"


def test_a_rule_must_fit_its_scale() -> None:
    assert Rule.parse("ram").objection(Scale(1, 5))
    assert Rule.parse("cvi").objection(NINE)
    assert Rule.parse("ram").objection(NINE, eligible=7)
    assert Rule.parse("70/15").objection(Scale(-3, 3)) is None
    assert Rule("threshold", in_from=3, out_to=5).objection(NINE)
    with pytest.raises(ValueError, match="1-9 only"):
        verdict("ipras", [3], 1, Scale(1, 5))
    with pytest.raises(ValueError, match="not on the scale"):
        verdict("ipras", [10], 1, NINE)
    with pytest.raises(ValueError, match="2 answers from 1"):
        verdict("ipras", [3, 4], 1, NINE)
    for text in ("", "rum", "70", "170/15"):
        with pytest.raises(ValueError, match="unknown rule"):
            Rule.parse(text)


def test_scales_are_read_and_divided() -> None:
    assert Scale.parse("1-9") == NINE
    assert Scale.parse(" -3..3 ") == Scale(-3, 3)
    assert [Scale(1, hi).band for hi in (9, 5, 4, 7)] == [(7, 9), (4, 5), (3, 4), (5, 7)]
    assert (Scale(-3, 3).band, Scale(-3, 3).low_band, Scale(0, 10).band) == ((1, 3), (-3, -1), (8, 10))
    assert [rate_band(band) for band in ((7, 9), (3, 4), (5, 5))] == ["7 to 9", "3 or 4", "5"]
    for text in ("9", "9-1", "one to nine", "5-5"):
        with pytest.raises(ValueError, match="scale"):
            Scale.parse(text)


@given(st.lists(st.one_of(st.none(), st.integers(1, 9)), max_size=16), st.integers(0, 3))
def test_a_summary_adds_up(scores: list[int | None], silent: int) -> None:
    rule, others = Rule.parse("ram"), [Rule.parse(text) for text in ("ram", "ipras", "70/15", "cvi")]
    result = summarise(scores, len(scores) + silent, NINE, rule, others=others)
    assert result.n + result.missing + result.unanswered == result.eligible
    assert sum(result.distribution) == result.n == result.verdict.n
    assert sum(result.distribution[6:]) == result.verdict.in_band
    assert [one.method.key for one in result.sensitivity] == ["ipras", "threshold"]
    assert result.median.value is not None or result.n == 0
    assert result.n >= result.verdict.minimum or result.verdict.outcome == "too few"


@pytest.mark.parametrize(("cells", "top"), [(1, 12), (2, 12), (3, 8), (4, 6)])
@pytest.mark.parametrize("minimum", [3, 4, 5])
def test_no_withheld_cell_can_be_worked_out_even_by_one_who_knows_the_procedure(
    cells: int, top: int, minimum: int
) -> None:
    """Every breakdown there is: those that look alike once published must differ in each withheld cell."""
    alike: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for counts in itertools.product(range(top + 1), repeat=cells):
        shown = suppress(dict(zip("abcd"[:cells], counts, strict=True)), minimum)
        assert all(cell is None or cell == 0 or cell >= minimum for cell in shown.cells.values())
        assert bool(shown.withheld) == any(0 < count < minimum for count in counts)
        if max(counts) < top:
            alike[(tuple(shown.cells.values()), shown.total)].append(counts)
    for (published, total), behind in alike.items():
        for index, cell in enumerate(published):
            if cell is None and (total is None or total < top):
                assert len({counts[index] for counts in behind}) > 1, (published, total, behind)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=8), st.integers(1, 6))
def test_what_is_shown_is_true(counts: dict[str, int], minimum: int) -> None:
    shown = suppress(counts, minimum)
    assert all(cell is None or cell == counts[name] for name, cell in shown.cells.items())
    assert shown.total in {None, sum(counts.values())}
    assert len(shown.withheld) != 1 or shown.total is None
