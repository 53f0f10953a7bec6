"""Published cases through `app.calc.cases`, and how the verifier treats what it cannot read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from app.calc.cases import CaseError, Outcome, all_passed, compute, lines, read, verify
from app.calc.figures import METHODS, as_markdown
from app.calc.forms import STATISTICS, Undefined

CASES = read((Path(__file__).parents[1] / "cases" / "statistics.json").read_text("utf-8"))
ROOT = Path(__file__).parents[2]


def ident(case: object) -> str:
    return str(case["id"]) if isinstance(case, dict) else "?"


def one(statistic: str, given: dict[str, Any], expected: dict[str, Any], tolerance: object = 1e-9) -> Outcome:
    case = {"id": "x-1", "statistic": statistic, "input": given, "expected": expected, "tolerance": tolerance}
    return verify([case])[0]


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_a_published_case_is_reproduced(case: object) -> None:
    assert verify([case])[0].line == f"ok {ident(case)}"


def test_the_report_has_a_line_per_case_and_a_count() -> None:
    unknown = {"id": "x-9", "statistic": "astrology", "input": {}, "expected": {"sign": "leo"}, "tolerance": 0}
    wrong = {"id": "x-8", "statistic": "median", "input": {"ratings": [1, 2]}, "expected": {"median": 2}}
    outcomes = verify([CASES[0], wrong, unknown])
    assert lines(outcomes) == [
        f"ok {ident(CASES[0])}",
        'FAIL x-8 got {"median": 1.5} expected {"median": 2}',
        "unknown x-9 astrology",
        "1 passed, 1 failed, 1 unknown",
    ]
    assert not all_passed(outcomes)
    assert all_passed(verify(CASES[:2]))


def test_null_passes_only_for_an_undefined_figure_that_exists() -> None:
    assert one("median", {"ratings": [None, None]}, {"median": None}).state == "ok"
    assert one("median", {"ratings": [3]}, {"median": None}).state == "FAIL"
    assert one("median", {"ratings": [None]}, {"mode": None}).state == "FAIL"
    assert one("median", {"ratings": []}, {"median": 0}).line.startswith('FAIL x-1 got {"median": "undefined: ')


def test_a_label_and_a_truth_value_must_be_equal_and_of_one_kind() -> None:
    nine = {"ratings": [7, 7, 8, 8, 8, 9, 9, 9, 1]}
    assert one("RAM classic agreement rule", nine, {"agreement": True}, 5).state == "ok"
    assert one("RAM classic agreement rule", nine, {"agreement": 1}, 5).state == "FAIL"
    assert one("RAM classification", {"pairs": [[8, False]]}, {"cls": "appropriate"}, 0).state == "ok"


def test_tolerances_are_absolute_or_relative() -> None:
    ratings = {"ratings": [100, 102]}
    assert one("median", ratings, {"median": 100}, {"type": "rel", "value": 0.01}).state == "ok"
    assert one("median", ratings, {"median": 100}, {"type": "abs", "value": 0.5}).state == "FAIL"
    assert one("median", ratings, {"median": 101}, {"type": "near", "value": 1}).state == "FAIL"


def test_calculators_of_other_subjects_can_be_added() -> None:
    case = {"id": "r-1", "rule": "double", "input": {"a": 2}, "expected": {"b": 4}, "tolerance": 0}
    assert verify([case])[0].state == "unknown"
    assert verify([case], {**STATISTICS, "double": lambda given: {"b": 2 * given["a"]}})[0].state == "ok"


@pytest.mark.parametrize("text", ["", "{}", "3", '{"cases": 3}', "not json"])
def test_a_file_that_holds_no_cases_is_refused(text: str) -> None:
    with pytest.raises(CaseError):
        read(text)


@pytest.mark.parametrize("case", [3, {}, {"statistic": "median"}, {"statistic": "median", "input": [], "expected": {}}])
def test_an_entry_that_is_no_case_is_refused(case: object) -> None:
    with pytest.raises(CaseError, match="case 1"):
        verify([case])


UGLY: list[Any] = [
    None,
    [],
    [None],
    [3],
    [3, 3, 3],
    [[]],
    [[None], [None]],
    [[3, 3]],
    [[1], [2]],
    [[1, 2], [3]],
    "x",
    ["a", "b"],
    [1e400, 2],
    [float("nan"), 2],
    [[4, None, 4], [None, None, None], [2, 2, 2]],
    0,
    -1,
    {"a": 1},
    [True],
]
KEYS = (
    "ratings",
    "ratings_experts_by_items",
    "ratings_raters_by_units",
    "ratings_units_by_raters",
    "items",
    "ratings_subjects_by_raters",
    "counts_units_by_categories",
    "x",
    "y",
    "differences",
    "groups",
    "table",
    "crosstab",
    "crosstabs",
    "pairs",
    "panel_sizes",
    "n_experts",
    "n_agree",
    "n_essential",
)


@pytest.mark.parametrize("statistic", sorted(STATISTICS))
def test_no_input_breaks_a_statistic_or_gives_not_a_number(statistic: str) -> None:
    rest = {"cut": 3, "lo": 1, "hi": 9, "pct_in": 70, "pct_out": 15, "p": 0.3}
    for ugly in UGLY:
        given = {**dict.fromkeys(KEYS, ugly), **rest}
        for dropped in (*((key,) for key in KEYS), ()):
            kept = {key: value for key, value in given.items() if key not in dropped}
            try:
                figures = compute(statistic, kept)
            except ValueError:
                continue
            for value in figures.values():
                flat = value if isinstance(value, list) else [value]
                assert all(not isinstance(one, float) or math.isfinite(one) for one in flat), (ugly, figures)
                assert all(one is not None for one in flat)
                assert all(one.reason for one in flat if isinstance(one, Undefined))


FOUR_RATERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]  # Gwet's and Krippendorff's worked example, with gaps
VARIANTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("quantile", {"ratings": [1, 2, 3, 4], "p": [0.25, 0.5], "hyndman_fan_type": 6}, {"q": [1.25, 2.5]}),
    (
        "RAM panel-size thresholds",
        {"panel_sizes": [7, 8, 11, 16, 17]},
        {"max_outside": [None, 2, 3, 4, None], "min_each_extreme": [None, 3, 4, 5, None]},
    ),
    ("RAM classic agreement rule", {"ratings": [8] * 6}, {"agreement": None, "disagreement": None, "outside": 0}),
    (
        "percent agreement threshold",
        {"ratings": [8, 8, 8, 8, 8, 8, 8, 2, 2, 5], "pct_in": 70, "pct_out": 15},
        {"decision": "no_consensus"},
    ),
    ("percent agreement", {"ratings_subjects_by_raters": [[1, None], [2, 2]]}, {"pct": 100.0}),
    (
        "pairwise percent agreement",
        {"ratings_raters_by_units": [[1, 2, None], [1, 3, 4], [1, 3, None]]},
        {"pair_agreement": 4 / 6},
    ),
    ("I-CVI", {"n_experts": 6, "n_agree": 5, "conf": 0.95}, {"icvi": 5 / 6, "lo": 0.436497, "hi": 0.969947}),
    ("I-CVI", {"ratings_experts_by_items": [[4, 1], [3, None]], "cut": 3}, {"icvi": [1, 0]}),
    ("CVR critical value", {"n_experts": 4, "alpha": 0.05}, {"n_critical": None, "cvr_critical": None}),
    ("Lawshe CVR", {"n_essential": 0, "n_experts": 0}, {"cvr": None}),
    ("Aiken's V", {"items": [[1, 9, None], [None]], "lo": 1, "hi": 9}, {"V": [0.5, None], "mean_V": 0.5}),
    ("Kendall's W", {"ratings_subjects_by_raters": [[1], [2]]}, {"W": None}),
    ("Krippendorff's alpha", {"ratings_raters_by_units": [["a", "b"], ["a", "b"]], "level": "nominal"}, {"alpha": 1}),
    ("Gwet AC1", {"ratings_units_by_raters": [[3, 3]], "categories": [1, 2, 3]}, {"coef": 1, "se": None}),
    ("Fleiss kappa", {"ratings_units_by_raters": [[3, 3], [3, 3]]}, {"kappa": None, "z": None}),
    ("weighted kappa", {"table": [[2, 0], [0, 2]], "weights": "linear"}, {"kappa": 1, "unchanged": 1}),
    (
        "weighted kappa",
        {"table": [[88, 14, 18], [10, 40, 10], [2, 6, 12]], "weights": [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]},
        {
            "kappa": 1
            - (14 + 10 + 10 + 6 + 2 * (18 + 2))
            / ((100 * 60 + 60 * 120 + 40 * 60 + 60 * 20 + 2 * (40 * 120 + 20 * 100)) / 200)
        },
    ),
    ("Wilcoxon signed-rank", {"differences": [0, 0, None]}, {"T": 0, "p": None, "rbc": None}),
    ("Wilcoxon signed-rank", {"x": [1, None], "y": [None, 2]}, {"T": None, "p": None}),
    ("Wilcoxon signed-rank effect size", {"x": [3, 2], "y": [1, 1]}, {"T": 0, "rbc": 1}),
    ("Mann-Whitney U", {"x": [1, 2], "y": [2, 3], "exact_permutation": True}, {"U": 0.5, "p": 2 / 3}),
    ("Mann-Whitney U", {"x": [2, 2], "y": [2]}, {"U": 1, "p": None}),
    ("Kruskal-Wallis", {"groups": [[2, 2], [2]]}, {"H": None, "p": None}),
    ("Goodman-Kruskal lambda stability", {"crosstabs": [[[3, 0], [2, 0]]]}, {"lam": [None]}),
    ("net percent change (Scheibe)", {"crosstab": [[1, 2], [0, 1]]}, {"change": 0.5}),
    ("proportion unchanged", {"crosstab": [[1, 2], [0, 1]]}, {"unchanged": 0.5}),
    ("individual chi-square stability", {"crosstab": [[10, 0, 0], [0, 10, 0], [0, 0, 0]]}, {"chisq": 20, "df": 1}),
    ("bootstrap confidence interval", {"x": [4, 4, 4, 4], "method": "BCa"}, {"lo": None, "hi": None}),
    (
        "Gwet AC1",
        {"ratings_units_by_raters": [list(unit) for unit in zip(*FOUR_RATERS, strict=True)]},
        {"coef": 0.775444, "se": 0.14295, "pa": 0.818182, "pe": 0.190321, "hi": 1},
    ),
    (
        "Fleiss kappa",
        {"ratings_units_by_raters": [list(unit) for unit in zip(*FOUR_RATERS, strict=True)]},
        {"kappa": 0.761169, "z": None},
    ),
    ("Krippendorff's alpha", {"ratings_raters_by_units": FOUR_RATERS, "level": "ordinal"}, {"alpha": 0.815388}),
    ("Krippendorff's alpha", {"ratings_raters_by_units": FOUR_RATERS, "level": "ratio"}, {"alpha": 0.797403}),
    (
        "Mann-Whitney U",
        {
            "x": [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
            "y": [1.15, 0.88, 0.9, 0.74, 1.21],
            "alternative": "greater",
            "exact": True,
        },
        {"U": 35, "p": 0.127206},
    ),
    ("bootstrap SE (exact)", {"x": [94, 197, 16, 38, 99, 141, 23]}, {"se_mean": 23.363523, "se_median": 37.834674}),
    ("bootstrap SE (exact)", {"x": [1, 2], "exact": True}, {"se_mean": 0.125**0.5, "se_median": 0.125**0.5}),
]


@pytest.mark.parametrize(("statistic", "given", "expected"), VARIANTS)
def test_every_form_of_the_format_is_read(statistic: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    outcome = one(statistic, json.loads(json.dumps(given)), expected, 1e-6)
    assert outcome.state == "ok", outcome.line


def test_the_statistics_page_is_the_register() -> None:
    assert (ROOT / "docs" / "statistics.md").read_text("utf-8") == as_markdown()
    assert all(method.source and method.formula and method.version >= 1 for method in METHODS.values())
