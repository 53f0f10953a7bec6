"""The demo's files agree with one another, and say of every figure whether it was read, recalled or invented."""

import random
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.calc.glossary import Glossary, Term

DEMO = Path(__file__).parents[2] / "demo"


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEMO / f"{name}.yaml").read_text("utf-8"))
    return found


STORY, PEOPLE = load("story"), load("people")
PRINCIPLES = load("principles")["principles"]
ELEMENTS = load("blueprint")["elements"]
CRITERIA = [criterion for element in ELEMENTS for criterion in element["criteria"]]
SPECIFICATIONS = [specification for criterion in CRITERIA for specification in criterion["specs"]]
ITEMS = {item["id"] for item in [*PRINCIPLES, *ELEMENTS, *CRITERIA, *SPECIFICATIONS]}
SEATS = {seat["id"]: seat for seat in load("experts")["panel"]}


def test_counts_are_those_of_the_blueprint() -> None:
    assert (len(PRINCIPLES), len(ELEMENTS), len(CRITERIA), len(SPECIFICATIONS)) == (15, 4, 23, 51)


def test_every_item_has_a_short_title_and_a_summary() -> None:
    for item in [*PRINCIPLES, *CRITERIA, *SPECIFICATIONS]:
        assert 1 <= len(item["title"].split()) <= 8, item["id"]
    assert set(STORY["criteria"]) == {each["id"] for each in CRITERIA}
    assert all(set(each) == {"why", "summary"} for each in STORY["criteria"].values())
    assert set(STORY["specifications"]) == {each["id"] for each in SPECIFICATIONS}
    assert set(STORY["summaries"]) == {each["id"] for each in [*ELEMENTS, *PRINCIPLES]}


def test_every_seat_has_an_invented_person() -> None:
    group = load("sessions")["design_group"]
    seats = [(each["role"], each["org_type"], each["rights"]) for each in group for _ in range(each["seats"])]
    assert [(each["role"], each["org_type"], each["rights"]) for each in PEOPLE["design_group"]] == seats
    assert [each["seat"] for each in PEOPLE["experts"]] == list(SEATS)
    people = [*PEOPLE["design_group"], *PEOPLE["experts"]]
    assert len({each["email"] for each in people}) == len({each["name"] for each in people}) == len(people)
    assert all(each["email"].endswith("@example.org") for each in people)


def test_the_story_names_only_what_there_is() -> None:
    people = {each["id"] for each in PEOPLE["design_group"]}
    statuses = [item for items in STORY["statuses"].values() for item in items]
    assert len(statuses) == len(set(statuses))
    assert set(statuses) <= ITEMS
    assert ITEMS - set(statuses) <= {each["id"] for each in SPECIFICATIONS}
    for session in STORY["sessions"]:
        attendance = session["attendance"]
        away = {each["person"] for each in attendance["apologies"]}
        assert {*attendance["online"], *attendance["absent"], *away} <= people
        for decision in session["decisions"]:
            voters = [person for choice in decision["votes"].values() for person in choice]
            assert len(voters) == len(set(voters))
            assert set(voters) <= people
            assert decision["outcome"].endswith(".")
            assert set(decision["items"]) <= ITEMS
            for each in decision.get("reservations", []):
                assert each["person"] in decision["votes"]["reservations"]
        assert {each["owner"] for each in session["actions"]} <= people
    for each in [*STORY["comments"], *STORY["dispositions"]]:
        assert each["expert"] in SEATS
        assert each["said_of"] in ITEMS
    commented = {(each["expert"], each["said_of"]) for each in STORY["comments"]}
    assert {(each["expert"], each["said_of"]) for each in STORY["dispositions"]} <= commented


def test_terms_are_defined_once_and_used() -> None:
    terms = load("glossary")["terms"]
    ways = [way.lower() for each in terms for way in (each["term"], *each.get("also", ()))]
    assert len(ways) == len(set(ways))
    told = STORY["criteria"] | {each: {"summary": words} for each, words in STORY["summaries"].items()}
    texts = [words for item in [*PRINCIPLES, *CRITERIA, *SPECIFICATIONS] for words in (item["title"], item["text"])]
    texts += [words for each in told.values() for words in each.values()]
    glossary = Glossary(
        Term(number, each["term"], tuple(each.get("also", ())), each["definition"]) for number, each in enumerate(terms)
    )
    assert glossary.used_in(texts) == set(range(len(terms)))
    authors = {each["by"] for each in terms} | {each["first"]["by"] for each in terms if "first" in each}
    assert authors <= {each["id"] for each in PEOPLE["design_group"] if each["rights"] in {"member", "facilitator"}}


def test_what_is_agreed_was_decided() -> None:
    decisions = [decision for session in STORY["sessions"] for decision in session["decisions"]]
    decided = [item for decision in decisions for item in decision["items"]]
    assert len(decided) == len(set(decided))
    assert set(decided) == {*STORY["statuses"]["agreed"], *STORY["statuses"]["agreed_with_reservations"]}
    reserved = {each["item"] for decision in decisions for each in decision.get("reservations", []) if "item" in each}
    assert reserved == set(STORY["statuses"]["agreed_with_reservations"])


def _scores(parameters: list[float], chance: random.Random) -> list[int]:
    centre, spread, shift = parameters
    return [
        max(1, min(9, round(chance.gauss(centre + shift * (seat["scope"] == "international"), spread))))
        for seat in SEATS.values()
    ]


def _agreed(scores: list[int]) -> bool:
    """The classic rule for nine raters: at most two outside the three-point region of the median."""
    region = (statistics.median_low(scores) - 1) // 3
    return sum((score - 1) // 3 != region for score in scores) <= 2


def test_seeded_ratings_agree_on_most_criteria_and_not_on_about_six() -> None:
    assert set(STORY["ratings"]) == {each["id"] for each in CRITERIA}
    assert sum(each.get("contested", False) for each in STORY["ratings"].values()) == 6
    for trial in range(50):
        chance = random.Random(trial)
        contested = {
            criterion
            for criterion, dimensions in STORY["ratings"].items()
            if not all(_agreed(_scores(dimensions[name], chance)) for name in ("relevance", "applicability"))
        }
        assert 5 <= len(contested) <= 8, (trial, contested)


@pytest.mark.parametrize(
    ("file", "key", "flag", "allowed"),
    [
        ("outcomes", "outcomes", "baseline_status", {"seen", "recalled", "demo"}),
        ("references", "references", "status", {"seen", "seed", "recalled"}),
        ("principles", "principles", "source", {"seed", "ours"}),
    ],
)
def test_every_figure_and_source_says_where_it_comes_from(file: str, key: str, flag: str, allowed: set[str]) -> None:
    assert {each[flag] for each in load(file)[key]} <= allowed
    lines = load("localities")["localities"][0]["lines"]
    assert {line["cost_status"] for line in lines} <= {"seen", "demo"}
    assert (STORY["status"], load("outcomes")["outcomes"][0]["ref"]) == ("demo", "qw_supported")


def _named(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "refs" or (key == "ref" and isinstance(each, str)):
                yield from [each] if isinstance(each, str) else each
            else:
                yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def test_every_reference_exists() -> None:
    known = {each["id"] for each in load("references")["references"]}
    for name in ("principles", "models", "outcomes"):
        assert set(_named(load(name))) <= known
