"""The words of two texts compared: complete, readable, and quick."""

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc.changes import from_units, to_units
from app.calc.differences import Segment, change_between, difference
from tests.growth import growth


def marked(old: str, new: str) -> str:
    marks = {"same": "{}", "removed": "[-{}-]", "added": "[+{}+]"}
    return "".join(marks[each.kind].format(each.text) for each in difference(old, new))


@pytest.mark.parametrize(
    ("old", "new", "redline"),
    [
        ("", "", ""),
        ("", "New words", "[+New words+]"),
        ("Old words", "", "[-Old words-]"),
        ("Same words", "Same words", "Same words"),
        (
            "Each partner bears at most 3 per cent of its income.",
            "Each provider bears at most 2.5 per cent of its income.",
            "Each [-partner-][+provider+] bears at most [-3-][+2.5+] per cent of its income.",
        ),
        (
            "The board may decide by majority.",
            "The board must always decide together.",
            "The board [-may-][+must always+] decide [-by majority-][+together+].",
        ),
        (
            "one old to two word",
            "three new to four word",
            "[-one old to two-][+three new to four+] word",
        ),
        ("- a\n- b\n- c", "- a\n- c", "- a\n[-- b\n-]- c"),
        ("- a\n- b\n- c", "- b\n- c", "[-- a\n-]- b\n- c"),
        ("To one.\n\nTo two.", "To two.", "[-To one.\n\n-]To two."),
        ("To two.", "To one.\n\nTo two.", "[+To one.\n\n+]To two."),
        ("Then to one.\nto two.", "to one.\nto two.", "[-Then -]to one.\nto two."),
        ("x x x x", "x x x", "x x x[- x-]"),
        ("It’s the carer's plan", "It’s the carers' plan", "It’s the [-carer's-][+carers'+] plan"),
    ],
)
def test_redlines_read_as_a_person_would_mark_them(old: str, new: str, redline: str) -> None:
    assert marked(old, new) == redline


WORDS = st.lists(st.sampled_from(["a", "to", "risk", "care", " ", "\n", ".", "é", "*", "\t"]), max_size=40).map("".join)


@given(WORDS, WORDS)
def test_both_texts_can_be_read_back(old: str, new: str) -> None:
    segments = difference(old, new)
    assert "".join(each.text for each in segments if each.kind != "added") == old
    assert "".join(each.text for each in segments if each.kind != "removed") == new
    assert all(each.text for each in segments)
    assert all(one.kind != two.kind for one, two in pairwise(segments))
    assert difference(old, new) == segments
    assert difference(old, old) == ([Segment("same", old)] if old else [])


def _long_texts() -> dict[str, tuple[str, str]]:
    chance = random.Random(7)
    words = [f"w{chance.randrange(3000)}" for _ in range(17_000)]
    edited = [word if chance.random() < 0.9 else "new" for word in words]
    return {
        "edited": (" ".join(words), " ".join(edited)),
        "unrelated": (" ".join(words), " ".join(f"v{chance.randrange(3000)}" for _ in range(17_000))),
        "shuffled": (" ".join(words), " ".join(chance.sample(words, len(words)))),
        "repetitive": ("a b " * 25_000, "b a a " * 16_000),
        "one letter": ("a " * 50_000, "a\n" * 50_000),
        "symbols": ("*" * 100_000, "*_" * 50_000),
    }


@pytest.mark.parametrize(("old", "new"), _long_texts().values(), ids=_long_texts().keys())
def test_a_hundred_kilobytes_are_compared_quickly(old: str, new: str) -> None:
    start = time.process_time()
    segments = difference(old, new)
    assert time.process_time() - start < 3.0
    assert "".join(each.text for each in segments if each.kind != "removed") == new


def _stretches(seed: int) -> str:
    """Words that occur once, and between them signs that do not: each stretch is just small enough to be compared."""
    chance = random.Random(seed)
    return "".join(f"u{at} " + "".join(chance.choices("!?", k=190)) for at in range(510))


def test_many_stretches_cost_no_more_than_one_comparison_may() -> None:
    """Asked by comparing with what an edited text of the same length costs: machines differ, ratios do not."""
    pairs = {1: _long_texts()["edited"], 2: (_stretches(1), _stretches(2))}
    assert growth(lambda both: difference(*both), pairs.__getitem__, shorter=1, times=2) < 8


@pytest.mark.parametrize("seed", range(3))
def test_a_change_that_was_cut_short_still_leads_to_the_new_text(seed: int) -> None:
    old, new = _stretches(seed), "\U0001f600" + _stretches(seed + 10)
    change = change_between(old, new)
    assert from_units(change.apply(to_units(old))) == new
    assert change.new_length - change.inserted > 1_000, "what both have stays"


def test_anchors_that_come_up_one_by_one_are_not_sought_for_ever() -> None:
    """Each cut makes the next pair of words the only one of its kind, and only that: as many rounds as words."""

    def pair(words: int) -> tuple[str, str]:
        chain = ["x2", "x1", *(word for at in range(3, words) for word in (f"x{at}", f"x{at - 1}"))]
        return " , ".join(chain), " ; ".join(chain)

    assert growth(lambda both: difference(*both), pair, shorter=250, times=5) < 13
    old, new = pair(1_000)
    found = difference(old, new)
    assert "".join(each.text for each in found if each.kind != "added") == old
    assert "".join(each.text for each in found if each.kind != "removed") == new
