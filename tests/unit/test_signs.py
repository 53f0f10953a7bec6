"""Signs that a typeface does not have are said in words."""

from __future__ import annotations

import pytest

from app.calc.signs import spelled

MISSING = set("\U0001f389\U0001f44d\U0001f3fd\U0001f468\U0001f469\U0001f467\u2705\u20e3\U0001f1f3\U0001f1f1\U000f1234")
THAI, CHINESE = "\u0e2a\u0e38\u0e02", "\u5065\u5eb7\u3002\u597d"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Words “as they are”, in €", "Words “as they are”, in €"),
        ("Done \u2705.", "Done [white heavy check mark]."),
        ("Fine \U0001f44d\U0001f3fd!", "Fine [thumbs up sign]!"),
        ("\U0001f44d\U0001f389", "[thumbs up sign, party popper]"),
        ("A \U0001f468\u200d\U0001f469\u200d\U0001f467 at home", "A [man, woman, girl] at home"),
        ("\U0001f1f3\U0001f1f1 only", "[flag nl] only"),
        ("No \U000f1234 known", "No [unknown sign] known"),
        ("1\ufe0f\u20e3 first", "1\ufe0f first"),
        (f"{THAI} and {CHINESE}", "[thai letters] and [cjk letters]"),
        ("\u5065", "[cjk unified ideograph-5065]"),
    ],
)
def test_what_is_missing_is_said_in_brackets(text: str, said: str) -> None:
    assert spelled(text, MISSING | set(THAI + CHINESE)) == said
