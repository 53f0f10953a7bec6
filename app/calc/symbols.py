"""Signs that word processors take from fonts by number: which letters of Unicode they are."""

import re
from typing import Final

#: Where Word puts the numbers of such fonts (ECMA-376, part 1, 17.3.3.30: a sign may stand at F000 and its number).
PRIVATE: Final = range(0xF000, 0xF100)

# Adobe's encoding of the font Symbol, as Unicode's own table has it (unicode.org, MAPPINGS/VENDORS/ADOBE/symbol.txt).
_SYMBOL: Final = {
    0x20: " !∀#∃%&∍()∗+,−./0123456789:;<=>?",
    0x40: "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_",
    0x61: "αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…",
    0xC0: "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑",
}
# Of the pictures of Wingdings those that stand in contracts and letters: points, ticks, arrows, hands and faces.
_WINGDINGS: Final = {
    0x28: "☎", 0x2A: "✉", 0x45: "☜", 0x46: "☞", 0x47: "☝", 0x48: "☟", 0x4A: "☺", 0x4B: "😐", 0x4C: "☹", 0x6C: "●",
    0x6D: "❍", 0x6E: "■", 0x6F: "□", 0x71: "❑", 0x72: "❒", 0x75: "◆", 0x76: "❖", 0x9F: "•", 0xA7: "▪", 0xA8: "◻",
    0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓", 0xE8: "➔", 0xF0: "⇨", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒",
    0xFE: "☑",
}  # fmt: skip
_FONTS: Final = {
    "symbol": {start + at: sign for start, signs in _SYMBOL.items() for at, sign in enumerate(signs)},
    "wingdings": _WINGDINGS,
}


#: What of these is not known stands there as it stood, unreadable.
UNREAD: Final = re.compile("[\uf020-\uf0ff]+")
_SIGNS: Final = re.compile(r"\bsymbol\b|dings|\bmt extra\b|\bmarlett\b", re.IGNORECASE)
#: Letters that such a font draws as signs; hard spaces and soft hyphens are what they are in any font.
_TYPED: Final = [each for each in range(0x21, 0x100) if not 0x7F <= each <= 0xA0 and each != 0xAD]
#: What letters are in these fonts: those from F020 on by their number, and those that are typed.
_WRITTEN: Final = {
    name: {PRIVATE.start + number: sign for number, sign in signs.items()}
    | {number: signs[number] for number in _TYPED if number in signs}
    for name, signs in _FONTS.items()
}
#: The fonts that draw all letters that are typed as signs, and which of these we do not know.
_STRANGE: Final = {
    name: re.compile(f"[{''.join(re.escape(chr(each)) for each in _TYPED if each not in _FONTS.get(name, {}))}]+")
    for name in (
        *_FONTS, "wingdings 2", "wingdings 3", "webdings", "mt extra", "marlett", "zapfdingbats", "zapf dingbats",
        "itc zapf dingbats",
    )
}  # fmt: skip


def draws_signs(font: str) -> bool:
    """Whether a font draws signs where others have letters, by its name."""
    return _SIGNS.search(font) is not None


def written(font: str, text: str) -> str:
    """What letters in a font are: where it draws signs by their numbers, the signs we know."""
    known = _WRITTEN.get(font.strip().lower())
    return text if known is None else text.translate(known)


def strange(font: str, text: str) -> re.Match[str] | None:
    """The first of the letters in a font that stand for signs which we do not know; None where there are none."""
    known = _STRANGE.get(font.strip().lower())
    return known.search(text) if known is not None else None


def of_font(font: str, number: int) -> str:
    """The letter that a font draws at a number from 0 to 255; empty where we do not know it."""
    return _FONTS.get(font.strip().lower(), {}).get(number, "")
