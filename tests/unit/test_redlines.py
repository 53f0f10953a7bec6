"""What changed as people read it: words, and how words look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc.plain import formed, plain
from app.calc.redlines import around, in_words, looks, redline
from app.calc.redlines import shown as shown_of

SIGNS = st.lists(
    st.sampled_from(["a", "bb ", "gain", ", ", "\n", "\n\n", "**", "*", "_", "[", "](https://e.org)", "- ", "# "]),
    max_size=20,
).map("".join)


@given(SIGNS, SIGNS)
def test_both_texts_can_be_read_back_with_their_form(old: str, new: str) -> None:
    found = redline(old, new)
    assert "".join(each.text for each in found if each.kind != "added") == plain(old)
    assert "".join(each.text for each in found if each.kind != "removed") == plain(new)
    shown = [(sign, each.form) for each in found if each.kind != "removed" for sign in each.text if not sign.isspace()]
    assert shown == [(sign, run.form) for run in formed(new) for sign in run.text if not sign.isspace()]
    assert {each.kind for each in shown_of(old, old)} <= {"same"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("End of life wishes", "**End of life** wishes", "End of life [now bold] wishes"),
        ("within **24** hours", "within *24* hours", "within 24 [now italic, no longer bold] hours"),
        ("# Why\n\nSo", "Why\n\nSo", "Why [no longer a heading]\n\nSo"),
        (
            "See [it](https://a.org/b)",
            "See [it](https://a.org/c)",
            "See it [now with another address (https://a.org/c)]",
        ),
        ("See it", "See [it](https://a.org/c)", "See it [now a link (https://a.org/c)]"),
    ],
)
def test_words_that_only_look_otherwise_say_how(old: str, new: str, said: str) -> None:
    assert "".join(map(in_words, redline(old, new))) == said


def test_a_look_is_told_beside_words_that_changed() -> None:
    found = redline("Share the *whole* cost at once", "Share **the whole** cost later")
    assert looks(found) == ["“the” now bold", "“whole” now bold, no longer italic"]
    assert [each.text for each in found if each.kind == "removed"] == ["at once"]


@given(SIGNS, SIGNS, st.integers(1, 12))
def test_around_a_change_nothing_of_it_is_lost(old: str, new: str, letters: int) -> None:
    """What is left out is of what stayed, and what is shown stands in it in order."""
    whole = redline(f"{'so ' * 40}{old}{'on ' * 40}", f"{'so ' * 40}{new}{'on ' * 40}")
    some = around(whole, letters)
    changed = [each for each in whole if each.kind != "same" or each.was]
    assert [each for each in some if each.kind != "same" or each.was] == changed
    rest = "".join(each.text for each in whole)
    for part in (each.strip() for each in "".join(each.text for each in some).split("…")):
        assert part in rest
        rest = rest[rest.index(part) + len(part) :]


def test_of_a_long_text_only_what_changed_is_shown_with_a_line_or_two() -> None:
    lines = [f"{at}. The {at}th duty of all providers is told in this line." for at in range(1, 60)]
    old = "\n\n".join(lines)
    new = old.replace("The 30th duty", "The thirtieth duty").replace("The 50th duty", "The last duty")
    shown = around(redline(old, new))
    text = "".join(each.text for each in shown)
    assert len(text) < 700
    assert text.count("…") == 4
    assert text.startswith("… ")
    assert "…\n\n…" in text, "two places stand apart"
    assert "The thirtieth duty" in "".join(each.text for each in shown if each.kind != "removed")
    for seen in ("29th", "31th", "49th", "51th"):
        assert seen in text
    for left_out in ("27th", "33th", "40th", "53th"):
        assert left_out not in text
    short = redline("Share the cost at once", "Share the cost later")
    assert around(short) == short
