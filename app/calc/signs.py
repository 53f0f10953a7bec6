"""What signs are called: words for those that a typeface does not have, such as an emoji in a PDF."""

import unicodedata
from collections.abc import Collection, Iterator
from itertools import groupby, islice

#: Skin tones: as a mark does, they only say how the sign before them looks.
_TONES = range(0x1F3FB, 0x1F400)
#: Two of these letters are a flag.
_FLAGS = range(0x1F1E6, 0x1F200)
#: So many kinds of signs are named in one place.
_NAMED = 20


def is_mark(sign: str) -> bool:
    """Whether a sign only belongs to the one before it: an accent, a vowel sign, a joiner, "as a picture"."""
    kind = unicodedata.category(sign)
    # What turns the direction of writing acts on what is around it, and is kept: an end of it may not be lost.
    return kind[0] == "M" or (kind == "Cf" and unicodedata.bidirectional(sign) == "BN")


def spelled(text: str, missing: Collection[str]) -> str:
    """A text with what its missing signs are in brackets: "[party popper]", and of foreign words "[thai letters]".

    A mark goes with the sign before it: it stays where that is set, and is part of what is named where that is missing.
    No missing sign goes unsaid: each kind is named once in a pair of brackets, and after the first twenty "and others".
    """
    runs: list[tuple[bool, list[str]]] = [(False, [])]
    for sign in text:
        gone = sign in missing or (runs[-1][0] and is_mark(sign))
        if gone != runs[-1][0]:
            runs.append((gone, []))
        runs[-1][1].append(sign)
    return "".join(_in_brackets(run) if gone else "".join(run) for gone, run in runs)


def _in_brackets(run: list[str]) -> str:
    # The first is named whatever it is: it has no sign before it to go with.
    signs = run[:1] + [sign for sign in run[1:] if not is_mark(sign) and ord(sign) not in _TONES]
    if any(_letters(sign) for sign in signs):  # their full stops say nothing without them
        signs = [sign for sign in signs if not unicodedata.category(sign).startswith("P")]
    kinds = dict.fromkeys(name for letters, some in groupby(signs, _letters) for name in _names(letters, "".join(some)))
    return f"[{', '.join([*islice(kinds, _NAMED), *(['and others'] if len(kinds) > _NAMED else [])])}]"


def _letters(sign: str) -> str:
    """Of which letters a sign is one: "thai", or "flag"; nothing for what is no letter."""
    if ord(sign) in _FLAGS:
        return "flag"
    named = unicodedata.name(sign, "").lower()
    return named.split(" ")[0] if unicodedata.category(sign)[0] == "L" else ""


def _names(letters: str, some: str) -> Iterator[str]:
    if letters == "flag":
        code = "".join(chr(ord("a") + ord(sign) - _FLAGS.start) for sign in some)
        yield from (f"flag {code[at : at + 2]}" for at in range(0, len(code), 2))
    elif letters and len(some) > 1:
        yield f"{letters} letters"
    else:
        yield from (unicodedata.name(sign, "unknown sign").lower() for sign in some)
