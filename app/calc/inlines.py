"""Inside a paragraph: emphasis, links, escapes and line breaks, read as the editor's parser reads them.

Emphasis pairs by the delimiter rules of CommonMark (flanking, the rule of three). Every search is bounded, so that a
hostile text costs no more than its length times a small constant.
"""

import re
import unicodedata
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

MAX_PARENTHESES = 8
MAX_NESTED = 32

_SPECIAL = re.compile(r"[\\*_\[\]\n]")
_ESCAPABLE = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_LABEL = re.compile(r"\[(?:[^\[\]\\]|\\[\s\S]){0,998}+\]")
_TITLE = re.compile(r"\"(?:[^\"\\]|\\[\s\S]){0,300}+\"|'(?:[^'\\]|\\[\s\S]){0,300}+'|\((?:[^)\\]|\\[\s\S]){0,300}+\)")
_ANGLED = re.compile(r"<(?:[^<>\\\n]|\\[^\n])*>")
_SAFE_URL = re.compile(r"https?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?|mailto:[^\s@\\:]+@[^\s@\\]+", re.IGNORECASE)

Node = str | ET.Element
Span = tuple[int, int]


@dataclass(slots=True)
class _Run:
    """A run of `*` or `_`: where it stands, how many are left, how many there were, and what it may do."""

    char: str
    at: int
    left: int
    size: int
    opens: bool
    closes: bool

    @property
    def span(self) -> Span:
        return self.at, self.at + self.size


@dataclass(slots=True)
class _Bracket:
    """An opening bracket that may become a link."""

    at: int


_Part = Node | _Run | _Bracket


def safe_url(url: str) -> str | None:
    """`url` where it may become a link: http or https with a host and no sign-in part, or mailto; else None.

    Protocol-relative, relative and any other addresses are refused, and so are white space and backslashes, which
    browsers read leniently.
    """
    return url if _SAFE_URL.fullmatch(url) else None


def fill(element: ET.Element, words: str) -> None:
    """Put what `words` show into the empty `element`."""
    _append(element, _Inline(words).nodes())


class Marks(NamedTuple):
    """Where marks stand in the words of a paragraph: those that make a form or a link together, by twos; those that
    stand for themselves; and those that have no other one and would make a form with the next that comes."""

    pairs: list[tuple[Span, Span]]
    alone: list[Span]
    loose: list[Span]


def marks(words: str) -> Marks:
    """The marks in the words of one paragraph."""
    inline = _Inline(words)
    inline.nodes()
    loose = [run.span for run in inline.runs if run.left and (run.opens or run.closes)]
    loose += [(part.at, part.at + 1) for part in inline.parts if isinstance(part, _Bracket)]
    alone = [run.span for run in inline.runs if not (run.opens or run.closes)]
    return Marks(inline.pairs, inline.alone + alone, inline.loose + loose)


def _append(element: ET.Element, nodes: list[Node]) -> None:
    last: ET.Element | None = None
    texts: list[str] = []

    def flush() -> None:
        joined = "".join(texts)
        texts.clear()
        if last is None:
            element.text = joined or None
        else:
            last.tail = joined or None

    for node in nodes:
        if isinstance(node, str):
            texts.append(node)
        else:
            flush()
            element.append(node)
            last = node
    flush()


class _Inline:
    """One pass over the words of a paragraph."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[_Part] = []
        self.runs: list[_Run] = []
        self.pairs: list[tuple[Span, Span]] = []
        self.alone: list[Span] = []
        self.loose: list[Span] = []
        self.brackets: list[int] = []
        self.dead = 0
        """So many of the open brackets, counted from the outermost, can no longer become a link."""

    def nodes(self) -> list[Node]:
        at = 0
        while at < len(self.text):
            found = _SPECIAL.search(self.text, at)
            if not found:
                break
            if found.start() > at:
                self.parts.append(self.text[at : found.start()])
            at = self._special(found.start())
        self.parts.append(self.text[at:])
        return _resolve(self.parts, self.pairs)

    def _special(self, at: int) -> int:
        char = self.text[at]
        if char == "\\":
            if self.text[at + 1 : at + 2] in _ESCAPABLE:
                self.parts.append(self.text[at + 1])
                self.alone.append((at, at + 2))
                return at + 2
            self.parts.append(char)
        elif char == "\n":
            self.parts.append(ET.Element("br"))
        elif char == "[":
            self.brackets.append(len(self.parts))
            self.parts.append(_Bracket(at))
        elif char == "]":
            return self._close(at)
        else:
            return self._run(at)
        return at + 1

    def _run(self, at: int) -> int:
        char, end = self.text[at], at + 1
        while end < len(self.text) and self.text[end] == char:
            end += 1
        before, after = self.text[at - 1 : at] if at else "", self.text[end : end + 1]
        space_before, space_after = not before or before.isspace(), not after or after.isspace()
        mark_before, mark_after = _is_mark(before), _is_mark(after)
        left = not space_after and (not mark_after or space_before or mark_before)
        right = not space_before and (not mark_before or space_after or mark_after)
        opens = left and (char == "*" or not right or mark_before)
        closes = right and (char == "*" or not left or mark_after)
        self.runs.append(_Run(char, at, end - at, end - at, opens, closes))
        self.parts.append(self.runs[-1])
        return end

    def _close(self, at: int) -> int:
        """Read `]`: a link if a bracket is open and an address follows; else the brackets stay words."""
        if not self.brackets:
            self.parts.append("]")
            self.loose.append((at, at + 1))
            return at + 1
        index = self.brackets.pop()
        opened = self.parts[index]
        alive = len(self.brackets) >= self.dead
        self.dead = min(self.dead, len(self.brackets))
        content = self.parts[index + 1 :] if alive else []
        url, end = self._target(at + 1) if alive else (None, at + 1)
        if isinstance(opened, _Bracket):
            self.pairs.append(((opened.at, opened.at + 1), (at, end)))
        if not alive or (self.text[at + 1 : at + 2] not in ("(", "[") and all(_is_blank(part) for part in content)):
            self.parts[index] = "["
            self.parts.append("]")
            return at + 1
        del self.parts[index:]
        self.dead = len(self.brackets)
        inside = _resolve(content, self.pairs)
        if url is None:
            self.parts += ["[", *inside, "]", *_lines(self.text[at + 1 : end])]
        elif (address := safe_url(url)) is None:
            self.parts += inside
        else:
            link = ET.Element("a", {"href": address})
            _append(link, inside)
            self.parts.append(link)
        return end

    def _target(self, at: int) -> tuple[str | None, int]:
        """The address after the label that ends before `at`, or None, and where reading goes on."""
        after = self.text[at : at + 1]
        if after == "[":
            label = _LABEL.match(self.text, at)
            return None, label.end() if label else at
        if after != "(":
            return None, at
        pos = self._skip(at + 1)
        url, end = self._address(pos)
        if url is not None:
            pos = self._skip(end)
            if pos != end and (title := _TITLE.match(self.text, pos)):
                pos = self._skip(title.end())
        return (url, pos + 1) if self.text[pos : pos + 1] == ")" else (None, at)

    def _address(self, at: int) -> tuple[str | None, int]:
        if self.text[at : at + 1] == "<":
            found = _ANGLED.match(self.text, at)
            return (_ESCAPE.sub(r"\1", found[0][1:-1]), found.end()) if found else (None, at)
        depth, pos = 0, at
        while pos < len(self.text) and self.text[pos] not in " \t\n":
            char = self.text[pos]
            if char == "\\":
                pos += 1
            elif char == "(":
                depth += 1
                if depth > MAX_PARENTHESES:
                    return None, at
            elif char == ")":
                if not depth:
                    break
                depth -= 1
            pos += 1
        pos = min(pos, len(self.text))
        return (_ESCAPE.sub(r"\1", self.text[at:pos]), pos) if pos > at else (None, at)

    def _skip(self, at: int) -> int:
        while at < len(self.text) and self.text[at] in " \t\n":
            at += 1
        return at


def _lines(text: str) -> list[Node]:
    nodes: list[Node] = []
    for at, line in enumerate(text.split("\n")):
        nodes += [ET.Element("br"), line] if at else [line]
    return nodes


def _is_blank(part: _Part) -> bool:
    return not part.strip() if isinstance(part, str) else isinstance(part, ET.Element) and part.tag == "br"


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    """Punctuation or a symbol, of the first 65,536 characters: the editor looks at half of any other."""
    return bool(char) and ord(char) < 0x10000 and unicodedata.category(char)[0] in "SP"


def _resolve(parts: list[_Part], pairs: list[tuple[Span, Span]]) -> list[Node]:
    """Pair the runs in `parts` into emphasis, and note which do; what pairs with nothing becomes words again."""
    pairing = _Pairing(pairs)
    for part in parts:
        if isinstance(part, _Run):
            pairing.add(part)
        else:
            pairing.out.append(part)
    return [_words(part) for part in pairing.out]


class _Pairing:
    """Parts in order, and the runs among them that may still open emphasis.

    `bottoms` remembers, for each kind of closer, how many of the openers are known not to fit: without it a text of
    nothing but openers would cost the square of its length. `depths` holds how deeply each emphasis nests: at
    `MAX_NESTED` pairing ends, since a tree of any depth could exhaust the stack of whoever walks it.
    """

    def __init__(self, pairs: list[tuple[Span, Span]]) -> None:
        self.pairs = pairs
        self.out: list[_Part] = []
        self.openers: list[int] = []
        self.bottoms: dict[tuple[str, bool, int], int] = {}
        self.depths: dict[ET.Element, int] = {}
        self.full = False

    def add(self, run: _Run) -> None:
        if run.closes:
            while run.left and not self.full and self._pair(run):
                pass
        if run.left:
            if run.opens:
                self.openers.append(len(self.out))
            self.out.append(run)

    def _pair(self, close: _Run) -> bool:
        """Pair `close` with the nearest opener that fits, if there is one."""
        key = (close.char, close.opens, close.size % 3)
        bottom = self.bottoms.get(key, 0)
        for at in range(len(self.openers) - 1, bottom - 1, -1):
            opener = self.out[self.openers[at]]
            if isinstance(opener, _Run) and _fits(opener, close):
                self._wrap(at, opener, close)
                return True
        self.bottoms[key] = len(self.openers)
        return False

    def _wrap(self, at: int, opener: _Run, close: _Run) -> None:
        where = self.openers[at]
        size = min(2, opener.left, close.left)
        element = ET.Element("em" if size == 1 else "strong")
        content = [_words(part) for part in self.out[where + 1 :]]
        _append(element, content)
        depth = 1 + max((self.depths.get(each, 0) for each in content if not isinstance(each, str)), default=0)
        self.depths[element] = depth
        self.full = depth >= MAX_NESTED
        opener.left -= size
        close.left -= size
        self.pairs.append((opener.span, close.span))
        del self.out[where + 1 :], self.openers[at + 1 :]
        if not opener.left:
            self.out.pop()
            self.openers.pop()
        self.out.append(element)
        for key, bottom in self.bottoms.items():
            self.bottoms[key] = min(bottom, len(self.openers))


def _fits(opener: _Run, close: _Run) -> bool:
    if opener.char != close.char:
        return False
    both = close.opens or opener.closes
    return not (both and (opener.size + close.size) % 3 == 0 and (opener.size % 3 or close.size % 3))


def _words(part: _Part) -> Node:
    if isinstance(part, _Run):
        return part.char * part.left
    return "[" if isinstance(part, _Bracket) else part
