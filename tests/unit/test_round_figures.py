"""What a closing round stores never shows a small cell, nor lets one be worked out, whatever is compared and asked."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from app.calc.ratings import Scale
from app.calc.round_figures import Terms, question_figures

NAMES = ("a", "b", "c", "d", "e")


@st.composite
def rounds(draw: st.DrawFn) -> tuple[Terms, dict[str, str], dict[str, int | None]]:
    """Some experts in some groups, who score, cannot judge or say nothing; also some who were not asked this."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    eligible = {f"{name}{number}": name for name in names for number in range(draw(st.integers(0, 8)))}
    others = {f"other{number}": "a" for number in range(draw(st.integers(0, 3)))}
    said = st.one_of(st.integers(1, 9), st.none())
    answers = {code: draw(said) for code in [*eligible, *others] if draw(st.booleans()) or draw(st.booleans())}
    terms = Terms(
        rule=draw(st.sampled_from(("ram", "ipras", "70/15"))), sensitivity=("75/15",),
        minimum_cell=draw(st.integers(3, 6)), groups=names if draw(st.booleans()) else (),
    )  # fmt: skip
    return terms, eligible, answers


@given(rounds())
def test_no_small_cell_is_shown_or_can_be_worked_out(
    given_round: tuple[Terms, dict[str, str], dict[str, int | None]],
) -> None:
    terms, eligible, answers = given_round
    made = question_figures(terms, Scale(1, 9), eligible, answers)
    least = terms.minimum_cell
    scored = {code for code in eligible if answers.get(code) is not None}
    if 0 < len(scored) < least:
        assert set(made) == {"eligible", "withheld"}
        assert made["withheld"]
        return
    assert made["n"] == len(scored)
    assert made["n"] + made["cannot_judge"] + made["unanswered"] == len(eligible)
    shown = {each["name"]: each for each in made.get("groups", [])}
    for name, band in shown.items():
        inside = [code for code in scored if eligible[code] == name]
        assert band["n"] == len(inside) >= least
        assert sum(band["distribution"]) == band["n"]
        rest = len(scored) - band["n"]
        assert rest == 0 or rest >= least, "all less this group is a cell too"
    assert sum(band["n"] for band in shown.values()) in {0, len(scored)}
    if terms.groups and scored and not shown:
        asked = {name: [code for code in eligible if eligible[code] == name] for name in terms.groups}
        sizes = [sum(code in scored for code in codes) for codes in asked.values() if codes]
        assert any(size < least for size in sizes), "nothing is withheld without a reason"
        assert made["groups_withheld"]


@given(rounds(), st.randoms(use_true_random=False))
def test_neither_order_nor_people_who_were_not_asked_change_a_figure(
    given_round: tuple[Terms, dict[str, str], dict[str, int | None]], draw: random.Random
) -> None:
    terms, eligible, answers = given_round
    mixed = list(answers.items())
    draw.shuffle(mixed)
    asked_only = {code: value for code, value in mixed if code in eligible}
    assert question_figures(terms, Scale(1, 9), eligible, dict(mixed)) == question_figures(
        terms, Scale(1, 9), eligible, asked_only
    )
