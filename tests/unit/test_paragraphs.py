"""Texts as word processors keep them: written back as they were, changed only where they differ."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.calc.documents import WordDocument
from app.calc.paragraphs import (
    Paragraph,
    Words,
    fold,
    markdown,
    markdown_for_others,
    paragraphs,
    rewritten,
    tidy,
    words_for_others,
)
from app.calc.wordreading import read
from app.calc.wordstates import lines
from tests.growth import again, growth

PARTS = [
    "word", "two words", "*", "**", "_", "__", "[", "](https://example.org/a)", "[a](https://example.org/b?c=1&d=2)",
    "[m](mailto:a@example.org)", "\n", "\n\n", "\n- ", "\n  - ", "\n    - ", "\n1. ", "\n   1. ", "\n3) ", "\n\n  more",
    "\n# ", "\n\n## ", "\n> ", "\\", "é", "e\u0301", "👩\u200d👧", "(x)", '"q"', "’", "...", " -- ", "  ", "\u00a0",
    "\n---\n", "```", "<div>", "1/2", "**b**", "*i*", "***bi***", ".", "\u00ad", "– ", "(c)", "#", "10 %",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PARTS), max_size=25).map("".join)


def through_word(text: str) -> list[Paragraph]:
    """The text written into a Word document and read from it again."""
    document = WordDocument("T")
    document.text(paragraphs(text))
    return [line.paragraph for line in lines(read(document.to_bytes()), lambda _: True)]


@pytest.mark.timeout(900)
@given(TEXTS)
def test_what_nobody_changed_is_not_changed(text: str) -> None:
    shown = paragraphs(text)
    assert tidy(shown) == shown
    assert rewritten(text, shown) == text
    assert rewritten(text, through_word(text)) == text


@given(TEXTS)
def test_markdown_shows_every_word_at_its_place(text: str) -> None:
    shown = paragraphs(text)
    back = paragraphs(markdown(shown))
    assert [(each.kind, each.level, each.first, each.text) for each in back] == [
        (each.kind, each.level, each.first, each.text) for each in shown
    ]


PLAIN_WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), min_size=1, max_size=3).map(" ".join)
FORMED = st.builds(
    Words, PLAIN_WORDS, st.booleans(), st.booleans(), st.sampled_from(["", "https://example.org/a", "file://server/a"])
)


@given(st.lists(st.lists(FORMED, min_size=1, max_size=4), min_size=1, max_size=3))
@example(
    [
        [
            Words("a", link="https://example.org/a"),
            Words("b", italic=True, link="https://example.org/a"),
            Words("c", bold=True, italic=True),
        ]
    ]
)
def test_form_and_links_come_through(given_words: list[list[Words]]) -> None:
    """Words with spaces between them can have any form; only an address nobody may follow is left off them."""
    spaced = [
        Paragraph(
            "plain", tuple(word for at, each in enumerate(row) for word in ((Words(" "), each) if at else (each,)))
        )
        for row in given_words
    ]
    back = paragraphs(markdown(tidy(spaced)))
    assert [_formed(each) for each in back] == [_formed(each) for each in spaced]


def _formed(paragraph: Paragraph) -> list[tuple[str, bool, bool, str]]:
    """Each word with its form."""
    return [
        (word, each.bold, each.italic, each.link if each.link.startswith("https") else "")
        for each in paragraph.words for word in each.text.split()
    ]  # fmt: skip


@given(TEXTS, TEXTS)
@example("word\n- \nword", "\n---\nword")
@example("word\n- ", "word– ")
def test_a_text_becomes_any_other(old: str, new: str) -> None:
    wanted = paragraphs(new)
    got = paragraphs(rewritten(old, wanted))
    assert _seen(got) == _seen(wanted)


def _seen(some: list[Paragraph]) -> list[str]:
    """The words of the paragraphs that show any: one of nothing but a soft hyphen is left out."""
    return [words for each in some if (words := fold(each.text))]


def test_a_link_that_nobody_may_follow_costs_nothing_around_it() -> None:
    old = "**Equal access** is [a duty](https://example.org/a)."
    added = Words(" See annex", link="file://server/share/annex.docx")
    (shown,) = paragraphs(old)
    assert rewritten(old, [Paragraph("plain", (*shown.words, added))]) == f"{old} See annex"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("# One\n\n## Two", "### One\n\n#### Two"),
        ("<script>a()</script> <b>", "\\<script>a()\\</script> \\<b>"),
        ("one\n**two** and [it](https://example.org/?a=1&b=2)",
         "one  \n**two** and [it](https://example.org/?a=1\\&b=2)"),
        ("```\ncode", "\\`\\`\\`  \ncode"),
        ("- a | b\n  - ~~c~~ &lt;", "- a \\| b\n  - \\~\\~c\\~\\~ \\&lt;"),
        ("5 \\* 3 and snake_case", "5 \\* 3 and snake\\_case"),
    ],
)  # fmt: skip
def test_other_readers_are_shown_what_ours_shows(text: str, shown: str) -> None:
    assert markdown_for_others(text, under=2) == shown


@given(TEXTS)
def test_for_other_readers_no_word_is_lost(text: str) -> None:
    back = paragraphs(markdown_for_others(text, under=0))
    assert "".join(each.text for each in back).split() == "".join(each.text for each in paragraphs(text)).split()


def test_a_title_is_words_to_every_reader() -> None:
    assert words_for_others("=1 *star* <b>x</b> #") == "\\=1 \\*star\\* \\<b>x\\</b> \\#"


def test_a_text_taken_out_whole_is_empty() -> None:
    assert rewritten("Each aim has:\n- a baseline\n  - from *one* year", []) == ""


@pytest.mark.parametrize(
    ("old", "shown", "new"),
    [
        ("* one\n* two", "- one\n- three", "* one\n* three"),
        ("It __was__ so, yes.", "It **was** so, no.", "It __was__ so, no."),
        ("5 \\* 3 = 15", "5 \\* 4 = 15", "5 \\* 4 = 15"),
        ("a\n\n\n\nb", "a\n\nc", "a\n\n\n\nc"),
        ("> > deep", "> deeper", "> > deeper"),
        ("- a\n\n- b", "- a\n- b\n- c", "- a\n\n- b\n- c"),
    ],
)
def test_only_what_differs_is_written_anew(old: str, shown: str, new: str) -> None:
    assert rewritten(old, paragraphs(shown)) == new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Yes" and it\'s', "“Yes” and it’s"),
        ("a - b -- c", "a – b — c"),
        ("10 % of 1/2...", "10\u00a0% of ½…"),
        ("(c) e\u0301 na\u00efve", "© \u00e9 nai\u0308ve"),
        ("end-user", "end\u2011user"),
        ("a\u00adb", "ab"),
        ("You stay.", "\u200eYou stay.\u200f"),
    ],
)
def test_what_a_machine_does_is_no_change_of_anybodys(old: str, new: str) -> None:
    assert rewritten(old, [Paragraph("plain", (Words(new),))]) == old


def test_a_real_change_beside_a_machines_keeps_what_only_the_machine_changed() -> None:
    assert rewritten('He said "yes" - twice', [Paragraph("plain", (Words("He said “no” – twice"),))]) == (
        'He said "no" - twice'
    )
    assert rewritten("2019-2020", [Paragraph("plain", (Words("2019–2020"),))]) == "2019–2020"


def test_an_address_that_became_a_link_is_no_change_and_a_link_written_otherwise_is_none() -> None:
    assert rewritten("See https://example.org now", [
        Paragraph("plain", (Words("See "), Words("https://example.org", link="https://example.org/"), Words(" now")))
    ]) == "See https://example.org now"  # fmt: skip
    text = "See [it](https://example.org) now"
    assert rewritten(text, [
        Paragraph("plain", (Words("See "), Words("it", link="https://example.org/"), Words(" now")))
    ]) == text  # fmt: skip


LINKS = {
    "https://example.org#x": ("https://example.org/#x",),
    "https://example.org/x#": ("https://example.org/x",),
    "https://Example.org/x?a=1&b=2#%C3%A9": ("https://example.org/x?a=1&b=2#é", "https://example.org/x?a=1&b=2#%c3%a9"),
    "https://example.org/%7Eme/a%20b(c)": ("https://example.org/~me/a%20b%28c%29", "https://example.org/~me/a%20b(c)"),
    "https://example.org/50%/[x]": ("https://example.org/50%25/%5Bx%5D",),
    "mailto:a@b.org?subject=Hi%20%22you%22%40x%20": ('mailto:a@b.org?subject=Hi%20"you"%40x',),
}


@pytest.mark.parametrize("kept", LINKS)
def test_an_address_written_in_another_way_is_no_change(kept: str) -> None:
    text = f"See [it]({kept}) now"
    assert paragraphs(text)[0].words[1].link == kept
    for other in LINKS[kept]:
        assert rewritten(text, [Paragraph("plain", (Words("See "), Words("it", link=other), Words(" now")))]) == text


def test_addresses_are_compared_in_a_blink_however_long() -> None:
    begun = time.process_time()
    for spaces in (" " * 100_000, "%20" * 100_000):
        for words, link in ((f"a{spaces}b", "https://x.example"), ("a", f"https://x.example/a{spaces}b")):
            rewritten("Words", [Paragraph("plain", (Words(words, link=link),))])
    assert time.process_time() - begun < 3


def test_who_is_written_to_is_another_in_capitals_and_where_is_not() -> None:
    text = "See [it](mailto:Ana@example.org) now"
    for other, same in (("mailto:Ana@Example.ORG", True), ("mailto:ana@example.org", False)):
        found = rewritten(text, [Paragraph("plain", (Words("See "), Words("it", link=other), Words(" now")))])
        assert (found == text) is same


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/law", "https://example.org/law#part-3", "https://example.org/law?a=1%26b=2#part-2",
        "https://example.org/Law?a=1&b=2#part-2", "https://example.org/law?a=1&b=2#Part-2",
    ],
)  # fmt: skip
def test_an_address_that_leads_elsewhere_is_a_change(other: str) -> None:
    text = "See [it](https://example.org/law?a=1&b=2#part-2) now"
    words = (Words("See "), Words("it", link=other), Words(" now"))
    assert rewritten(text, [Paragraph("plain", words)]) == f"See [it]({other}) now"


def test_a_micro_sign_that_a_font_of_signs_draws_is_the_same_letter() -> None:
    assert rewritten("5 \u00b5g", [Paragraph("plain", (Words("5 \u03bcg"),))]) == "5 \u00b5g"


def test_form_that_cannot_be_shown_costs_no_word() -> None:
    words = (Words("a"), Words("(b)", bold=True), Words("c"))
    assert [each.text for each in paragraphs(markdown([Paragraph("plain", words)]))] == ["a(b)c"]


@pytest.mark.parametrize("piece", ["a ", "a", "a\u00a0", "**a** ", "(", "["])
def test_reading_a_text_twice_as_long_takes_twice_the_time(piece: str) -> None:
    assert growth(paragraphs, again(piece), shorter=12_000, times=6) < 18


@pytest.mark.parametrize("piece", ["a ", "**a** "])
def test_bringing_back_a_text_twice_as_long_takes_twice_the_time(piece: str) -> None:
    def bring_back(text: str) -> None:
        assert rewritten(text, paragraphs(f"{text}end")).endswith("end")

    assert growth(bring_back, again(piece), shorter=6_000) < 8


def test_a_letter_of_thousands_of_marks_is_compared_at_once() -> None:
    """Putting marks in order takes the square of their number, so that only as many as a letter can have are."""
    assert growth(fold, again("\u0301\u0316"), shorter=8_000, times=6) < 18
    assert fold("e\u0301\u0316") == fold("é\u0316") == fold("e\u0316\u0301")
