"""Every word that a page shows goes through gettext, so that it can be translated."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SHOWN_ATTRIBUTES = {"alt", "aria-label", "aria-description", "placeholder", "title", "content"}
SILENT = {"script", "style", "code", "kbd", "svg"}
# A name, an example and what programs read are the same in every language.
SAME_EVERYWHERE = {"Concordat"}
WORD = re.compile(r"[^\W\d_]{2,}")


class Words(HTMLParser):
    """Collects the words that stand in a template as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in SILENT:
            self.silent += 1
        for name, value in attrs:
            if name in SHOWN_ATTRIBUTES and not (tag == "meta" and given.get("name") != "description"):
                self.note(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(data)

    def note(self, text: str) -> None:
        if text.strip().endswith(" Invented"):  # a person of an example
            return
        # A block or a variable may hold a class name or attributes, which nobody reads.
        if re.fullmatch(r"\s*([a-z0-9]+(-+[a-z0-9]+)+\s*)+", text) or '="' in text:
            return
        if any(word not in SAME_EVERYWHERE for word in WORD.findall(text)):
            self.found.append(f"line {self.getpos()[0]}: {' '.join(text.split())[:80]}")


def without_jinja(text: str) -> str:
    """The template with each Jinja construct, even inside an attribute, replaced by line breaks only."""
    return re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_no_word_is_written_out(path: Path) -> None:
    words = Words()
    words.feed(without_jinja(path.read_text()))
    assert not words.found, f"{path.relative_to(ROOT)}: put these into _('…'):\n" + "\n".join(words.found)
