"""Words as they are searched for, and where they stand in a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc.search import MOST_WORDS, Piece, asked_for, excerpt, marked, matches, words
from tests.growth import again, growth


def shown(pieces: list[Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Café NAÏVE", ["cafe", "naive"]),
        ("cafe\u0301", ["cafe"]),
        ("Straße, İstanbul und Łódź", ["strasse", "istanbul", "und", "lodz"]),
        ("Ærø œuvre ﬁne ½", ["aero", "oeuvre", "fine", "1", "2"]),
        ("person/carer_x e-mail", ["person", "carer", "x", "e", "mail"]),
        ('"a" NEAR* -b:c', ["a", "near", "b", "c"]),
        ("C3.2", ["c3", "2"]),
        ("Ελλάδα Україна 日本", ["ελλαδα", "украіна", "日本"]),
        ("*:&|!'\"", []),
    ],
)
def test_folding(text: str, folded: list[str]) -> None:
    assert words(text) == folded


def test_each_word_is_asked_for_once_and_not_without_end() -> None:
    assert asked_for("risk Risk RÍSK share") == ("risk", "share")
    assert len(asked_for(" ".join(f"w{number}" for number in range(50)))) == MOST_WORDS


def test_all_words_must_begin_one() -> None:
    assert matches(["Acute Provider", "Vale"], ("prov", "vale"))
    assert not matches(["Acute Provider"], ("rovider",))
    assert not matches(["Acute Provider"], ())


def test_marking_takes_whole_words_and_keeps_what_was_written() -> None:
    assert shown(marked("Résumé: the CONTRACTS, contracted", ("contr", "resume"))) == (
        "[Résumé]: the [CONTRACTS], [contracted]"
    )
    assert shown(marked("nothing", ("x",))) == "nothing"


def test_an_excerpt_shows_where_most_words_stand_near_each_other() -> None:
    text = "Risk comes first. " + "Other words. " * 60 + "Here **gain** and [risk](https://example.org/risk) meet."
    assert shown(excerpt(text, ("gain", "risk"))) == "… Here [gain] and [risk] meet."
    assert excerpt(text, ("absent",)) == []
    assert shown(excerpt("> ## Heading\n> - a *risk*\n> > quoted", ("risk",))) == "Heading a [risk] quoted"


@given(st.text(max_size=600), st.text(max_size=20))
def test_no_text_breaks_it_and_nothing_is_lost(text: str, question: str) -> None:
    wanted = asked_for(question)
    assert "".join(piece.text for piece in marked(text, wanted)) == text
    assert all(word.isalnum() and "'" not in word and '"' not in word for word in words(text))
    if wanted and matches([text], wanted):
        assert any(piece.found for piece in marked(text, wanted))
    excerpt(text, wanted)


def test_thousands_of_accents_on_one_letter_are_taken_off_at_once() -> None:
    """Putting them in order first, as normalising does, would take the square of their number."""
    assert growth(words, again("\u0301\u0316"), shorter=8_000, times=6) < 18
    assert words("e\u0301\u0316ǘ ﬁ\u0316 ŉ İ") == ["eu", "fi", "ʼn", "i"]
