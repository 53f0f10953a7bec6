"""What a stop rule says, ground by ground, and where its limits lie."""

from __future__ import annotations

import pytest

from app.calc.stopping import Ruling, Standing, StopRule, decide

AGREED = Standing(agreed=True, open=False)
LOW = Standing(agreed=False, open=False)  # rated low: settled, and not agreed


def open_(*stable: bool | None) -> Standing:
    return Standing(agreed=False, open=True, stable=stable)


@pytest.mark.parametrize(
    ("rule", "rounds", "items", "ground"),
    [
        (StopRule(2), 1, [AGREED, open_(None)], None),
        (StopRule(2), 2, [AGREED, open_(None)], "most rounds"),
        (StopRule(2), 3, [AGREED, open_(None)], "most rounds"),
        (StopRule(3), 1, [AGREED, LOW], "nothing open"),
        (StopRule(1), 1, [AGREED, LOW], "nothing open"),
        (StopRule(3, enough=80), 1, [AGREED] * 4 + [open_(None)], "enough agreed"),
        (StopRule(3, enough=80), 1, [AGREED] * 3 + [LOW] + [open_(None)], None),
        (StopRule(3, enough=67), 1, [AGREED] * 2 + [open_(None)], None),
        (StopRule(3, enough=66), 1, [AGREED] * 2 + [open_(None)], "enough agreed"),
        (StopRule(3, when_stable=True), 2, [AGREED, open_(True, True), open_(True)], "all stable"),
        (StopRule(3, when_stable=True), 2, [AGREED, open_(True, False)], None),
        (StopRule(3, when_stable=True), 2, [AGREED, open_(True, None)], None),
        (StopRule(3, when_stable=True), 1, [open_()], None),
        (StopRule(3), 2, [AGREED, open_(True)], None),
        (StopRule(2, enough=50, when_stable=True), 2, [AGREED, open_(True)], "enough agreed"),
        (StopRule(2, enough=90, when_stable=True), 2, [AGREED, open_(True)], "all stable"),
        (StopRule(2, enough=90), 2, [], "nothing open"),
    ],
)
def test_the_ground_on_which_the_rounds_end(
    rule: StopRule, rounds: int, items: list[Standing], ground: str | None
) -> None:
    found = decide(rule, rounds, items)
    assert found.ground == ground
    assert found.ends is (ground is not None)


def test_what_is_counted() -> None:
    items = [AGREED, AGREED, LOW, open_(True, True), open_(True, False), open_(None), open_()]
    assert decide(StopRule(3), 2, items) == Ruling(ground=None, rounds=2, items=7, agreed=2, open=4, stable=1)
