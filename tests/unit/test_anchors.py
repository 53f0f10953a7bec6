"""Anchors: from words as they are read to their place in the text, along with it, and back onto the page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import markup
from app.calc import anchors
from app.calc.anchors import Anchor
from app.calc.changes import ChangeSet, replace, to_units

TEXT = """# Money

Partners **share gain** and [loss here](https://x.org/a1) within:

1. a *corri*dor & so
2. é😀 two < 3

- gain"""
PIECES = st.lists(
    st.sampled_from(
        ["gain ", "**loss** ", "*so* ", "é😀 ", "a < b & c ", "[to](https://example.org/1) ", "\n\n", "\n", "\n- ",
         "\n1. ", "\n> ", "\n# ", "un**even**ly ", "12 ", "2) ", "_under_ ", "\\* ", "https://example.org/a "]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("quote", "occurrence", "source"),
    [
        ("share gain and loss", None, "share gain** and [loss"),
        ("corridor & so", None, "corri*dor & so"),
        ("here within:", None, "here](https://x.org/a1) within:"),
        ("Money Partners", None, "Money\n\nPartners"),
        ("two < 3", None, "two < 3"),
        ("gain", 0, "gain"),
        ("gain", 1, "gain"),
        ("😀", None, "😀"),
    ],
)
def test_words_as_they_read_are_found_in_the_text(quote: str, occurrence: int | None, source: str) -> None:
    place = anchors.find(TEXT, quote, occurrence)
    assert place is not None
    assert anchors.cut(TEXT, place) == source
    assert (place.start > 100) is (occurrence == 1 or quote in {"😀", "two < 3"})


@pytest.mark.parametrize("quote", ["money", "nowhere", "x.org", " ", "", "**", "a1"])
def test_what_nobody_can_read_there_is_not_found(quote: str) -> None:
    assert anchors.find(TEXT.replace("**", "").replace("*", ""), quote) is None


def test_a_whole_word_comes_before_a_part_of_one() -> None:
    assert anchors.find("A part of art", "art") == Anchor(10, 13)
    assert anchors.find("A part of art", "art", 0) == Anchor(3, 6)
    assert anchors.find("A part", "art") == Anchor(3, 6)


def edit(text: str, old: str, new: str) -> ChangeSet:
    units = to_units(text)
    start = units.index(to_units(old))
    return replace(len(units), start, start + len(to_units(old)), to_units(new))


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("Partners", "All the partners", "gain and loss"),
        ("gain and", "gain, or", "gain, or loss"),
        ("share ", "share every ", "gain and loss"),
        ("loss within", "lo", "gain and "),
        ("and ", "", "gain loss"),
        ("gain and loss", "", ""),
        ("share gain and loss within", "split", ""),
    ],
)
def test_an_anchor_goes_along_with_its_words(old: str, new: str, left: str) -> None:
    text = "Partners share gain and loss within a corridor 😀."
    place = anchors.find(text, "gain and loss")
    assert place is not None
    change = edit(text, old, new)
    after = anchors.carry(place, [change])
    assert after.empty is (left == "")
    assert anchors.cut(text.replace(old, new), after) == left


def came_to(text: str, quote: str, *edits: tuple[str, str]) -> str | None:
    """The end of a text from where the last of such words are found again, after edits one after the other."""
    start = text.rindex(quote)
    over = []
    for old, new in edits:
        over.append(edit(text, old, new))
        text = text.replace(old, new, 1)
    found = anchors.again(text, quote, Anchor(start, start + len(quote)), over)
    return None if found is None else text[found.start :]


@pytest.mark.parametrize(
    ("text", "quote", "edits", "expected"),
    [
        ("A gain.", "gain", [("gain", ""), ("A .", "A gain.")], "gain."),
        ("A gain. End.", "gain", [("gain. ", ""), ("End.", "End gain.")], "gain."),  # carried off to another place
        ("A gain. End.", "gain", [("A gain. End", "End. A gain")], "gain."),
        ("A gain.", "gain", [("gain", "in"), ("in", ""), ("A .", "A ga."), ("ga", "gain")], "gain."),  # in letters
        ("A gain.", "gain", [("gain", ""), ("A .", "A gain or gain.")], None),  # twice now
        ("It may. They may.", "may", [(" They may.", "")], None),  # that one is another
        ("It may. They may.", "may", [(" They may.", ""), ("It", "He")], None),
        ("It may. They may.", "may", [(" They may.", ""), ("may", "can"), ("can", "may")], "may."),
        ("A part, an art.", "art", [(", an art", "")], None),
        ("A gain.", "gain", [("A", "No gain, a"), (", a gain", "")], None),  # stood there beside it
    ],
)
def test_words_that_come_back_are_found_again_where_there_is_no_doubt(
    text: str, quote: str, edits: list[tuple[str, str]], expected: str | None
) -> None:
    assert came_to(text, quote, *edits) == expected


def test_words_of_a_text_that_had_none_of_them_are_found_once_they_are_put_in() -> None:
    nowhere = Anchor(0, 0)
    assert anchors.again("A gain.", "gain", nowhere, []) is None
    assert anchors.again("A gain.", "gain", nowhere, [edit("A loss.", "loss", "gain")]) == Anchor(2, 6)
    assert anchors.again("A gain.", "", nowhere, []) is None


@given(PIECES, st.data())
def test_what_is_marked_on_the_page_is_what_was_marked_in_the_text(text: str, data: st.DataObject) -> None:
    html = markup.render(text)
    places = anchors.letters(text)
    if not places:
        return
    first = data.draw(st.integers(0, len(places) - 1))
    last = data.draw(st.integers(first, len(places) - 1))
    units = [len(to_units(text[:at])) for at in (places[first], places[last] + 1)]
    mark = markup.Mark("7", 1, "Comment 1", Anchor(units[0], units[1]))
    marked = markup.marked(html, text, [mark])
    if marked == html:
        # Only where page and text differ letter by letter: an entity, or an address that is a link.
        shown = re.sub(r'<span class="link-host">.*?</span>', "", html)
        assert "&amp;" in shown or "example.org/a" in text or "\\" in text or re.search(r"\d[.)]", text)
        return
    assert re.sub(r'<mark class="commented">|</mark>|<a class="commented__note".*?</a>', "", marked) == html
    inside = "".join(re.findall(r"<mark class=\"commented\">(.*?)</mark>", marked))
    wanted = "".join(text[at] for at in places[first : last + 1])
    assert "".join(sign for sign in re.sub(r"&[a-z]+;", "", inside) if sign.isalnum()) == wanted
    assert marked.count('id="words-7"') == 1


def test_marks_that_overlap_nest_nothing_wrongly() -> None:
    html = markup.render(TEXT)
    marks = [
        markup.Mark(str(number), number, f"Comment {number}", place)
        for number, quote in enumerate(("share gain and loss", "loss here within", "corridor & so"), start=1)
        if (place := anchors.find(TEXT, quote))
    ]
    marked = str(markup.marked(html, TEXT, marks))
    assert (
        '<strong><mark class="commented">share gain</mark></strong><mark class="commented"> and </mark><a href'
        in marked
    )
    assert [int(number) for number in re.findall(r'id="words-(\d)"', marked)] == [1, 2, 3]
    link = marked[marked.index("<a href") : marked.index("</a>")]
    assert "commented__note" not in link, "a link inside a link is no HTML"


@given(PIECES, st.integers(1, 5))
def test_shades_cover_the_letters_they_are_for_and_nest_rightly(text: str, size: int) -> None:
    html = markup.render(text)
    length = len(to_units(text))
    shades = [
        markup.Shade(start, min(start + size, length), f"by by--{number % 3}", "A <b>")
        for number, start in enumerate(range(0, length, size))
    ]
    shaded = str(markup.shaded(html, text, shades))
    assert re.sub(r'<span class="by [^>]*>([^<]*)</span>', r"\1", shaded) == str(html)


def test_a_quote_is_read_without_marks() -> None:
    assert anchors.readable("share gain** and [loss") == "share gain and loss"
    assert anchors.readable("here](https://x.org/a1) within:\n\n- *so*") == "here within: so"
