"""Where a link of a Word document leads: one address, of which Word and LibreOffice keep parts in different places."""

import re
from collections.abc import Iterator
from urllib.parse import quote

#: No code of a field that could be a link, and no address that anybody follows, is longer.
LONGEST = 8_192

_WORD = re.compile(r"\S+")
_CLOSES = re.compile(r'(?<!\\)"(?=[\s\\]|$)')
#: LibreOffice writes these out where an address holds them as percents, and no address may hold them as they are.
_NEVER = re.compile(r"[\s\\]")
#: The switches of a field that have a word of their own after them: a place, a tip, a frame, and how it is to look.
_WITH_A_WORD = {"\\l", "\\o", "\\t", "\\*", "\\#", "\\@"}


def address(target: str) -> str:
    """An address as a link may hold it: without white space, and in one of mail without a second @."""
    found = _NEVER.sub(lambda sign: quote(sign[0]), target.strip())
    if found[:7].lower() == "mailto:":
        to, mark, more = found.partition("?")
        return to + mark + more.replace("@", "%40")
    return found


def with_place(target: str, place: str) -> str:
    """An address with the place in it that Word keeps beside it; one that has a place already keeps its own."""
    if not place or not target or "#" in target or len(target) > LONGEST:
        return target
    return f"{target}#{_NEVER.sub(lambda sign: quote(sign[0]), place.strip())}"


def of_field(code: str) -> str:
    """Where the code of a field leads; empty where it is no link, or one into the document itself."""
    words = _words(code)
    if next(words, "").upper() != "HYPERLINK":
        return ""
    target = place = ""
    for each in words:
        switch = each.lower()
        if switch in _WITH_A_WORD:
            after = _bare(next(words, ""))
            place = after if switch == "\\l" else place
        elif not each.startswith("\\") and not target:
            target = address(_bare(each))
    return with_place(target, place)


def _words(code: str) -> Iterator[str]:
    """The words of a code, those in quotation marks with the first of them."""
    at = 0
    while begun := _WORD.search(code, at):
        at = begun.end()
        if begun[0].startswith('"'):
            closed = _CLOSES.search(code, begun.start() + 1)
            at = closed.start() if closed is not None else len(code)
            yield code[begun.start() : at]
            at += 1
        else:
            yield begun[0]


def _bare(word: str) -> str:
    """A word without the mark it begins with, and with the signs that Word writes with a stroke before them."""
    return word.removeprefix('"').replace("\\\\", "\\").replace('\\"', '"')
