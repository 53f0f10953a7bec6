"""What signs are called: words for those that a typeface does not have, such as an emoji in a PDF."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from itertools import groupby

#: What only says how the sign before it looks, or joins it to the next: skin tones, "as a picture", "as a key".
_ASIDE = "\u200d\ufe0e\ufe0f\u20e3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
#: Two of these letters are a flag.
_FLAGS = range(0x1F1E6, 0x1F200)


def spelled(text: str, missing: Collection[str]) -> str:
    """A text with what its missing signs are in brackets: "[party popper]", and of foreign words "[thai letters]"."""
    if not any(sign in missing for sign in text):
        return text
    kinds = "".join(map(re.escape, sorted(missing)))
    return re.sub(f"[{kinds}][{kinds}{_ASIDE}]*", lambda run: _in_brackets(run[0]), text)


def _in_brackets(run: str) -> str:
    signs = [sign for sign in run if sign not in _ASIDE]
    if any(_letters(sign) for sign in signs):  # their full stops say nothing without them
        signs = [sign for sign in signs if not unicodedata.category(sign).startswith("P")]
    names = [name for letters, some in groupby(signs, _letters) for name in _names(letters, "".join(some))]
    return f"[{', '.join(names)}]" if names else ""


def _letters(sign: str) -> str:
    """Of which letters a sign is one: "thai", or "flag"; nothing for what is no letter."""
    if ord(sign) in _FLAGS:
        return "flag"
    named = unicodedata.name(sign, "").lower()
    return named.split(" ")[0] if unicodedata.category(sign)[0] in "LM" else ""


def _names(letters: str, some: str) -> Iterator[str]:
    if letters == "flag":
        code = "".join(chr(ord("a") + ord(sign) - _FLAGS.start) for sign in some)
        yield from (f"flag {code[at : at + 2]}" for at in range(0, len(code), 2))
    elif letters and len(some) > 1:
        yield f"{letters} letters"
    else:
        yield from (unicodedata.name(sign, "unknown sign").lower() for sign in some)
