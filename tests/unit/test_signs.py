"""Signs that a typeface does not have are said in words."""

from __future__ import annotations

import pytest

from app.calc.signs import spelled

MISSING = set("\U0001f389\U0001f44d\U0001f3fd\U0001f468\U0001f469\U0001f467\u2705\u20e3\U0001f1f3\U0001f1f1\U000f1234")
TONE = "emoji modifier fitzpatrick type-4"
THAI, CHINESE, HINDI = "\u0e2a\u0e02", "\u5065\u5eb7\u3002\u597d", "\u0939\u093f\u0928\u094d\u0926\u0940"


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
        ("1\ufe0f\u20e3 first", "1\ufe0f[combining enclosing keycap] first"),
        ("\U0001f3fd \U0001f3fd\u2705", f"[{TONE}] [{TONE}, white heavy check mark]"),
        (f"{THAI} and {CHINESE}", "[thai letters] and [cjk letters]"),
        ("\u5065", "[cjk unified ideograph-5065]"),
        (f"{HINDI} e\u0301\u0323 a\u200db", f"{HINDI} e\u0301\u0323 a\u200db"),
        ("\u0e2a\u0e38, \u5065\U000e0101\u200d\u597d\u0301\u0323.", "[thai character so sua], [cjk letters]."),
        ("\u2067\u5065\u597d\u2069 it is", "\u2067[cjk letters]\u2069 it is"),
    ],
)
def test_what_is_missing_is_said_in_brackets(text: str, said: str) -> None:
    assert spelled(text, MISSING | set(THAI + CHINESE)) == said


def test_a_long_run_is_said_in_few_words() -> None:
    unknown = "".join(map(chr, range(0xF0000, 0xF0000 + 60_000)))
    assert spelled(unknown, set(unknown)) == "[unknown sign]"
    animals = "".join(map(chr, range(0x1F400, 0x1F419)))
    said = spelled(animals * 1_000, set(animals))
    assert said.startswith("[rat, mouse, ox, ")
    assert said.endswith(", and others]")
    assert said.count(",") == 20
