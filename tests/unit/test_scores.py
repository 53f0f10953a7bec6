"""`concordat score`: what is read, what is refused, and that its figures are those `concordat verify` checks."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from app.calc import agreement, comparisons, consensus, quantiles, stability, validity
from app.calc.ratings import Scale, least_scores, verdict
from app.calc.score_tables import MOST_FAULTS, RatingTable, TableError, natural, read
from app.calc.scores import Plan, as_lines, score
from app.cli import main

HEAD = "round,expert,item,dimension,value"
NINE = Scale(1, 9)


def table(*rows: str, head: str = HEAD, scale: Scale = NINE, by: str | None = None) -> RatingTable:
    return read("\n".join([head, *rows]), scale, by)


def refusal(*rows: str, head: str = HEAD, by: str | None = None) -> list[str]:
    with pytest.raises(TableError) as refused:
        table(*rows, head=head, by=by)
    return refused.value.faults


def random_rows(seed: int, scale: Scale, experts: int = 9, items: int = 5, rounds: int = 2) -> list[str]:
    draw = random.Random(seed)
    rows = []
    for round_ in range(1, rounds + 1):
        for expert in range(experts):
            for item in range(items):
                value = draw.choice([*map(str, scale.categories), *map(str, scale.categories), "CJ", ""])
                rows.append(f"{round_},E{expert},C{item + 8},relevance,{value},{'abroad' if expert % 3 else 'here'}")
    return rows


# --- reading --------------------------------------------------------------------------------------------------------


def test_missing_and_cannot_judge_are_two_things() -> None:
    read_ = table("1,A,C1,r,7", "1,B,C1,r,", "1,C,C1,r,CJ", "1,D,C1,r,na", "1,E,C1,r,7.0")
    assert read_.answers["1", "r"] == {"C1": {"A": 7, "C": None, "D": None, "E": 7}}
    item = score(read_, Plan(NINE, "ipras"))["rounds"][0]["dimensions"][0]["items"][0]
    assert (item["eligible"], item["n"], item["cannot_judge"], item["unanswered"]) == (5, 2, 2, 1)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_spreadsheets_write_it_in_several_ways(mark: str) -> None:
    text = "\ufeff" + 'Round,Expert, Item ,DIMENSION,value,notes\r\n\r\n1,A,C1,r,7,"one\r\ntwo"\r\n1,B,C1,r,8,\r\n'
    read_ = read(text.replace(",", mark), NINE)
    assert read_.answers["1", "r"]["C1"] == {"A": 7, "B": 8}


def test_names_are_in_the_order_people_count() -> None:
    assert sorted(["C1.10", "C1.2", "C1.1", "P1"], key=natural) == ["C1.1", "C1.2", "C1.10", "P1"]
    read_ = table("10,A,C10,r,7", "2,A,C9,r,7", "2,A,C10,b,7")
    assert read_.rounds == ["2", "10"]
    assert read_.dimensions == ["b", "r"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (["1,A,C1,r,10"], "line 2: 10 is not on the scale 1-9"),
        (["1,A,C1,r,7", "1,A,C1,r,7"], "line 3: expert A has C1 on r in round 1 already"),
        (["1,A,C1,r,7", "1,A,C1,r,"], "line 3: expert A has C1 on r in round 1 already"),
        (["1,A,C1,r,7.5"], "line 2: '7.5' is no whole number (empty is missing, CJ is “cannot judge”)"),
        (["1,A,C1,r,seven"], "line 2: 'seven' is no whole number (empty is missing, CJ is “cannot judge”)"),
        (["1,A,C1,r,٧"], "line 2: '٧' is no whole number (empty is missing, CJ is “cannot judge”)"),
        (["1,A,C1,r"], "line 2: 4 cells under 5 names of columns"),
        ([",A,C1,,7"], "line 2: no round and no dimension"),
        ([], "there is no rating under the names of the columns"),
        (['1,A,"C1,r,7'], "line 2: unexpected end of data"),
        (["1,A,C1,r,7\0"], "this is not a text: it holds bytes of value 0"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(rows: list[str], sentence: str) -> None:
    assert refusal(*rows) == [sentence]


def test_all_faults_are_named_and_not_more_than_anyone_reads() -> None:
    assert refusal("1,A,C1,r,0", "1,A,C1,r,x")[1].startswith("line 3")
    faults = refusal(*[f"1,A,C{n},r,0" for n in range(MOST_FAULTS + 7)])
    assert len(faults) == MOST_FAULTS + 1
    assert faults[-1] == "and 7 more"


def test_columns_are_asked_for_by_name() -> None:
    assert refusal(head="round,expert,item,value") == ["line 1: there is no column dimension"]
    assert refusal(head=HEAD + ",value") == ["line 1: the column value is named twice"]
    assert refusal("1,A,C1,r,7", by="scope") == ["line 1: there is no column scope"]
    assert refusal(head="") == ["the file is empty: its first line names the columns"]


def test_an_expert_is_in_one_group() -> None:
    rows = ["1,A,C1,r,7,here", "1,A,C2,r,7,there"]
    assert refusal(*rows, head=HEAD + ",scope", by="scope") == ["line 3: expert A is there here and here before"]
    assert table("1,A,C1,r,7,here", "1,B,C1,r,7,", head=HEAD + ",scope", by="Scope").groups == {"A": "here"}


# --- scoring --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("scale", "rule"), [(NINE, "ram"), (Scale(1, 4), "cvi"), (Scale(1, 5), "75/15")])
def test_every_figure_is_that_of_its_own_function(seed: int, scale: Scale, rule: str) -> None:
    read_ = table(*random_rows(seed, scale), head=HEAD + ",scope", scale=scale, by="scope")
    found = score(read_, Plan(scale, rule, ("70/15", "ipras"), by="scope"))
    here = found["rounds"][0]["dimensions"][0]
    experts = sorted(read_.asked["1", "relevance"])
    answers = read_.answers["1", "relevance"]
    for item in here["items"]:
        scores = [answers[item["item"]][expert] for expert in experts if expert in answers[item["item"]]]
        figures = item["figures"]
        assert figures["median"]["value"] == quantiles.median(scores).value
        assert figures["iqr"]["value"] == quantiles.iqr(scores).value
        assert figures["aiken_v"]["v"] == validity.aiken(scores, scale.lo, scale.hi).v
        assert figures["ipras"].get("index") == (consensus.ipras(scores).index if scale == NINE else None)
        assert figures["icvi"].get("icvi") == (validity.item_cvi_of(scores).icvi if scale.hi == 4 else None)
        wanted = verdict(rule, scores, len(experts), scale, least_scores(len(experts)))
        assert (item["verdict"]["outcome"], item["verdict"]["sentence"]) == (wanted.outcome, wanted.sentence)
        assert [each["rule"] for each in item["sensitivity"]] == ["70/15", "ipras"]
        assert (item["sensitivity"][1]["outcome"] is None) == (scale != NINE)
        assert all(figure["reason"] for figure in (figures["ipras"], figures["icvi"]) if "n" not in figure)
        groups = {each["group"]: each for each in item["groups"]["groups"]}
        assert sum(sum(each["distribution"].values()) for each in groups.values()) == item["n"]
        two = [[answers[item["item"]].get(e) for e in experts if read_.groups[e] == g] for g in ("abroad", "here")]
        assert item["groups"]["effect"]["effect"] == comparisons.mann_whitney(*two).effect
        assert "p" not in item["groups"]["effect"]
    names = [item["item"] for item in here["items"]]
    counts = agreement.count([[answers[name].get(e) for e in experts] for name in names], scale.categories)
    assert here["agreement"]["alpha_ordinal"]["alpha"] == agreement.alpha(counts, scale.categories).alpha
    assert here["agreement"]["ac1"]["interval"]["reliable"] is False
    moved = found["stability"][0]["dimensions"][0]["items"][0]
    later = read_.answers["2", "relevance"][moved["item"]]
    pairs = [(answers[moved["item"]].get(e), later.get(e)) for e in experts]
    wanted_move = stability.movement([a for a, _ in pairs], [b for _, b in pairs], scale.categories)
    assert moved["movement"]["change"] == wanted_move.change
    assert moved["movement"]["unchanged"] == wanted_move.unchanged
    assert moved["wilcoxon"]["effect"] == wanted_move.effect


@given(st.randoms(use_true_random=False), st.sampled_from([NINE, Scale(1, 4), Scale(-4, 4), Scale(1, 3)]))
def test_the_order_of_rows_changes_nothing(draw: random.Random, scale: Scale) -> None:
    rows = random_rows(draw.randrange(1000), scale, experts=draw.randrange(1, 7), items=draw.randrange(1, 4))
    plan = Plan(scale, Plan.default_rule(scale), by="scope", p_values=True)
    found = score(table(*rows, head=HEAD + ",scope", scale=scale, by="scope"), plan)
    draw.shuffle(rows)
    assert score(table(*rows, head=HEAD + ",scope", scale=scale, by="scope"), plan) == found
    json.dumps(found, allow_nan=False)


def undefined(found: Any) -> list[Any]:
    """Every figure with a method that has a None in it."""
    if isinstance(found, dict):
        own = [found] if "method" in found and None in [v for k, v in found.items() if k != "reason"] else []
        return own + [each for value in found.values() for each in undefined(value)]
    return [each for value in found for each in undefined(value)] if isinstance(found, list) else []


@pytest.mark.parametrize("rows", [["1,A,C1,r,5"], ["1,A,C1,r,CJ"], ["1,A,C1,r,"], ["1,A,C1,r,5", "2,A,C1,r,5"]])
def test_what_is_undefined_says_why(rows: list[str]) -> None:
    found = score(table(*rows), Plan(NINE, "ram", bootstrap="median"))
    empty = undefined(found)
    assert empty
    assert all(each["reason"] for each in empty), empty
    assert as_lines(found)


def test_between_groups_there_is_no_p_unless_asked_and_then_holm() -> None:
    rows = [f"1,{g}{n},C{i},r,{v}" + f",{g}" for g, v in (("x", 2), ("y", 8)) for n in range(4) for i in range(3)]
    read_ = table(*rows, head=HEAD + ",scope", by="scope")
    item = score(read_, Plan(NINE, "ipras", by="scope", p_values=True))["rounds"][0]["dimensions"][0]["items"][0]
    assert item["groups"]["exploratory"]["p"] == pytest.approx(2 / 70)
    assert item["groups"]["exploratory"]["holm"] == pytest.approx(6 / 70)
    assert item["groups"]["exploratory"]["exact"] is True
    assert (
        "exploratory"
        not in score(read_, Plan(NINE, "ipras", by="scope"))["rounds"][0]["dimensions"][0]["items"][0]["groups"]
    )


def test_a_drawn_permutation_lies_near_the_exact_one() -> None:
    draw = random.Random(1)
    x, y = [draw.randint(1, 7) for _ in range(20)], [draw.randint(2, 9) for _ in range(20)]
    exact, drawn = comparisons.permutation([x, y]), comparisons.permutation([x, y, []], draws=40_000)
    assert exact.exact
    assert exact.p is not None
    three = comparisons.permutation([x[:10], x[10:], y])
    assert three.exact is False
    assert three.p is not None
    assert drawn.exact
    many = comparisons.permutation([x * 2, y * 2], draws=40_000)
    wanted = comparisons.mann_whitney(x * 2, y * 2, exact=True).p
    assert many.p == pytest.approx(wanted, abs=0.005)


# --- the command ----------------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["score", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_prints_tables_or_json(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv"
    file.write_text("\n".join([HEAD, *[f"1,E{n},C1,relevance,{7 + n % 3}" for n in range(9)]]))
    code, out, _ = run(str(file), "--scale", "1-9")
    assert code == 0
    assert "Round 1, relevance (9 experts)" in out
    assert "9 of 9 rated 7 to 9" in out
    code, out, _ = run(str(file), "--scale", "1-9", "--primary", "ipras", "--rule", "ram, 70/15", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["primary"], found["rules"]) == ("ipras", ["ram", "70/15"])
    assert found["methods"]["ipras/1"]["source"]
    assert found["rounds"][0]["dimensions"][0]["items"][0]["verdict"]["outcome"] == "agreed"


def test_the_command_refuses_and_scores_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv"
    file.write_text(f"{HEAD}\n1,A,C1,r,7\n1,B,C1,r,12\n")
    code, out, err = run(str(file), "--scale", "1-9", "--json")
    assert (code, out) == (1, "")
    assert "line 3: 12 is not on the scale 1-9" in err
    for wrong in (
        ["--scale", "nine"], ["--scale", "9-1"], ["--scale", "1-4", "--primary", "ram"],
        ["--scale", "1-9", "--rule", "x"],
        ["--scale", "1-9", "--p-values"], ["--scale", "1-9", "--zeros", "none"], [],
    ):  # fmt: skip
        code, out, err = run(str(file), *wrong)
        assert (code, out) == (2, ""), wrong
        assert err
    file.write_bytes(b"\xff\xfe\x00")
    code, out, err = run(str(file), "--scale", "1-9")
    assert (code, out) == (1, "")
    assert "UTF-8" in err
