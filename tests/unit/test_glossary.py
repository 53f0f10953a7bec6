"""Terms in texts: whole words, any case, the longest first; and their marks, which break nothing."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from app.calc.anchors import Anchor
from app.calc.glossary import Glossary, Term
from app.markup import Mark, defined, marked, render
from tests.growth import growth

LEAD = Term(1, "Lead provider", ("lead providers", "LP"), "Who *answers* for\nthe “contract” & <pays>")
PROVIDER = Term(2, "provider", ("providers",), "Whoever gives care, as an R&D.")
RESEARCH = Term(3, "R&D", (), "Finding out.")
TERMS = Glossary([LEAD, PROVIDER, RESEARCH])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The LEAD provider, and lp.", ["LEAD provider", "lp"]),
        ("lead\n provider", ["lead\n provider"]),
        ("lead\n\nprovider", ["provider"]),
        ("provider’s providers", ["provider", "providers"]),
        ("mislead providery LPG xLP l_p", []),
        ("The r&d of (LP)", ["r&d", "LP"]),
        ("ſ ß İ lead  provider", ["lead  provider"]),
    ],
)
def test_a_use_is_whole_words(text: str, found: list[str]) -> None:
    assert [text[use.start : use.end] for use in TERMS.uses(text)] == found


def test_an_apostrophe_is_an_apostrophe() -> None:
    carer = Glossary([Term(1, "carer’s leave", (), "x")])
    assert [len(list(carer.uses(text))) for text in ("a carer's leave", "a carer’s  leave")] == [1, 1]


def test_markdown_is_read_before_it_is_searched() -> None:
    assert TERMS.used_in(["A **lead** provider"]) == {1}
    assert TERMS.used_in(["[see](https://example.org/lp)", "# provider", "lead", "provider"]) == {2}
    assert Glossary().used_in(["provider"]) == set()


def test_a_definition_brings_what_it_uses_itself() -> None:
    assert [term.name for term in TERMS.needed_by(["All providers"])] == ["provider", "R&D"]
    assert TERMS.needed_by(["Nothing"]) == []


def test_equal_terms_are_equal() -> None:
    same = Glossary([LEAD, PROVIDER, RESEARCH])
    assert (same == TERMS, hash(same) == hash(TERMS)) == (True, True)
    assert Glossary([LEAD, PROVIDER, Term(3, "R&D", (), "Otherwise.")]) != TERMS


def test_the_first_use_is_a_link_that_says_what_it_means() -> None:
    html = defined(render("A lead provider is an LP; any *provider*. No provider."), TERMS, "/g/x/glossary")
    assert html == (
        '<p>A <a class="term" href="/g/x/glossary#term-1" data-term="Lead provider" title="Who answers for\n'
        'the “contract” &amp; &lt;pays&gt;">lead provider</a> is an LP; any <em><a class="term" '
        'href="/g/x/glossary#term-2" data-term="provider" title="Whoever gives care, as an R&amp;D.">provider</a>'
        "</em>. No provider.</p>"
    )
    assert '>R&amp;D</a> &amp; "' in defined(render('R&D & "'), TERMS, "")


@pytest.mark.parametrize(
    "text",
    [
        "# The provider\n\n## LP", "[a provider](https://example.org)", "**lead** p*rovider*s",
        "lead\nLPs", "pro**vider**",
    ],
)  # fmt: skip
def test_links_headings_and_what_a_tag_cuts_are_left_alone(text: str) -> None:
    assert defined(render(text), TERMS, "") == render(text)


def test_comments_keep_their_marks() -> None:
    text = "Ask the lead provider at once."
    html = marked(render(text), text, [Mark("7", 1, "Comment 1", Anchor(4, 21))])
    shown = str(defined(html, TERMS, ""))
    assert re.search(
        r'<mark class="commented">.*?<a class="term"[^>]*>lead provider</a></mark><a class="commented__n', shown
    )
    assert re.sub(r'<a class="term"[^>]*>(.*?)</a>', r"\1", shown) == html


PIECES = ["lead provider", "LP", "provider", "R&D", "*", "**", "_", "\n", "\n\n", "- ", "# ", "> ", " ", "[", "](https://e.org)",
          "<b>", "&amp;", "é", "x", '"', "’"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_marks_change_no_word_and_break_no_tag(text: str) -> None:
    html = str(render(text))
    shown = str(defined(render(text), TERMS, "/g/x/glossary"))
    assert unescape(re.sub(r'<a class="term"[^>]*>([^<]*)</a>', r"\1", shown)) == unescape(html)
    assert len(re.findall(r'<a class="term"', shown)) == len(set(re.findall(r"#term-(\d)", shown)))
    assert not re.search(r"<a [^>]*>(?:(?!</a>).)*<a ", shown)


def test_nothing_is_marked_without_terms() -> None:
    assert defined(Markup("<p>LP</p>"), None, "") == "<p>LP</p>"


def test_a_term_is_no_use_in_its_own_definition() -> None:
    some = Glossary([Term(1, "Plan", (), "A care plan."), Term(2, "Care plan", (), "A plan of care.")])
    apart = some.without(some.terms[0])
    assert [use.term.name for use in apart.uses("A plan and a care plan")] == ["Care plan"]
    assert [use.term.name for use in some.without(some.terms[1]).uses("Any care plan")] == ["Plan"]
    assert apart != some
    assert [term.name for term in apart.terms] == ["Care plan"]
    assert not Glossary(some.terms[:1]).without(some.terms[0])


def test_many_terms_that_begin_alike_cost_no_more_than_few() -> None:
    """Members define them: 300 with twelve other forms each took a minute of a page."""

    def made(number: int) -> Glossary:
        return Glossary(
            Term(at, f"A plan {at}", tuple(f"A plan {at} {each}" for each in range(12)), "") for at in range(number)
        )

    text = "A definition of a plan, a plan of a definition. " * 400
    assert growth(lambda some: list(some.uses(text)), made, shorter=20, times=12) < 4
    assert growth(made, int, shorter=25, times=6) < 18
