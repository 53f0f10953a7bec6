"""What a Word document that goes out carries, so that it is known again when it comes back: labels and bookmarks.

What goes out carries a bookmark on every paragraph that is not itself words to be changed: on the reference in an
item's heading, on the line under it, on labels, on lines that only inform. Bookmarks outlive Word and LibreOffice, even
when a heading is moved or its words are written anew. A bookmark is no authority: it names an item and a version of its
text, nothing more, and whoever brings the document back may do with that what they may do anyway.
"""

import hashlib
import re

from app.calc.paragraphs import fold

FIELDS = ("title", "text", "why", "summary")
LABELS = {"why": "Why", "summary": "In plain words"}
#: The headings above items.
PRINCIPLES, ELEMENTS = "Principles", "Core elements"
#: The heading above what the defined terms mean, which stands before them.
DEFINITIONS = "Definitions"
#: How the grey line under an item's heading begins.
KIND_WORDS = ("Principle", "Core element", "Criterion", "Specification")
#: Labels of what only informs.
THREAD, EVIDENCE, DECISIONS = "Golden thread", "Evidence", "Decisions"
SUGGESTIONS, COMMENTS = "Suggested words", "Comments"
FIXED_LABELS = {THREAD.lower(), EVIDENCE.lower(), DECISIONS.lower(), SUGGESTIONS.lower(), COMMENTS.lower()}

TEXT = re.compile(
    r"c_([A-Z][0-9]{1,6}(?:_[0-9]{1,6}){0,3})_(title|text|why|summary)_([0-9]{1,9})_([0-9a-f]{6})(?:_([0-9]{1,6}))?"
)
LINE = re.compile(r"c_line_([0-9]{1,6})_([0-9a-f]{6})")
FIXED = re.compile(r"c_fixed_([0-9]{1,6})")
_OURS = re.compile(r"c_(?:(?:line|fixed)_|[A-Z][0-9]+(?:_[0-9]+)*_(?:title|text|why|summary)_)[0-9]")

Place = tuple[str, str]


def is_ours(name: str) -> bool:
    """Whether a bookmark is one that our documents carry; anybody else's join and part like words."""
    return _OURS.match(name) is not None


def bare(words: str) -> str:
    """A label or heading as it is compared: in small letters, without needless spaces and its colon."""
    return " ".join(fold(words).split()).rstrip(":").lower()


def check(words: str) -> str:
    """Six digits that tell whether a line with these words was changed."""
    alike = " ".join(fold(words).split())
    return hashlib.sha256(alike.encode()).hexdigest()[:6]


class Marks:
    """The bookmarks of a document. Headings and lines that only inform are numbered, so that what is gone is noticed
    and what was moved is told from what went out in that order. The foot of the pages is the first."""

    def __init__(self) -> None:
        self.last = 0

    def text(self, reference: str, name: str, version: int, line: str) -> str:
        """For a text: on the reference in its heading for a title, else on the line above the text."""
        mark = f"c_{reference.replace('.', '_')}_{name}_{version}_{check(line)}"
        return f"{mark}_{self._next()}" if name == "title" else mark

    def line(self, words: str) -> str:
        """For a line with these words; a table's row is its cells joined by " | "."""
        return f"c_line_{self._next()}_{check(words)}"

    def fixed(self) -> str:
        """For the label above lines that only inform."""
        return f"c_fixed_{self._next()}"

    def _next(self) -> int:
        self.last += 1
        return self.last


def number_of(name: str) -> int | None:
    """The number of a bookmark that has one."""
    if (mark := TEXT.match(name)) is not None:
        return int(mark[5]) if mark[5] else None
    found = LINE.match(name) or FIXED.match(name)
    return int(found[1]) if found is not None else None


def place_of(mark: re.Match[str]) -> Place:
    """The reference and the field that a bookmark of a text names."""
    return mark[1].replace("_", "."), mark[2]
