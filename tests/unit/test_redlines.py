"""What changed as people read it: words, and how words look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc.plain import formed, plain
from app.calc.redlines import in_words, looks, redline
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
        ("See [it](https://a.org/b)", "See [it](https://a.org/c)", "See it [now with another address]"),
        ("See it", "See [it](https://a.org/c)", "See it [now a link]"),
    ],
)
def test_words_that_only_look_otherwise_say_how(old: str, new: str, said: str) -> None:
    assert "".join(map(in_words, redline(old, new))) == said


def test_a_look_is_told_beside_words_that_changed() -> None:
    found = redline("Share the *whole* cost at once", "Share **the whole** cost later")
    assert looks(found) == ["“the” now bold", "“whole” now bold, no longer italic"]
    assert [each.text for each in found if each.kind == "removed"] == ["at once"]
