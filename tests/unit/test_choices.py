"""What of a suggestion can be taken by itself: whichever parts are taken, marks end as they began."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc.changes import from_units, to_units
from app.calc.choices import choices, chosen
from app.calc.differences import change_between
from app.calc.paragraphs import paragraphs
from app.calc.plain import plain

KINDS = {"plain": "", "bullet": "- ", "number": "4. ", "quote": "> ", "heading": "# "}
FORMS = ["{}"] * 6 + ["**{}**", "*{}*", "_{}_", "[{}](https://example.org/a)", "**so {} *and***", "in**{} to**", "{},"]
SIGNS = st.lists(
    st.sampled_from(
        ["a", "bb ", "gain", ", ", "\n", "\n\n", "**", "*", "_", "[", "](https://e.org)", "- ", "1. ", "> ", "\\", "\t"]
    ),
    max_size=20,
).map("".join)  # fmt: skip


def in_dialect(blocks: list[tuple[str, list[list[str]]]], forms: list[str]) -> str:
    """Paragraphs of passages of words, each passage in one of the forms in turn; all marks begin and end."""
    out, last, number = "", "", 0
    for kind, passages in blocks:
        words = []
        for passage in passages:
            words.append(forms[number % len(forms)].format(" ".join(passage)))
            number += 1
        between = ("\n" if kind == last in ("bullet", "number") else "\n\n") if out else ""
        out += between + KINDS[kind] + " ".join(words)
        last = kind
    return out


PASSAGES = st.lists(st.lists(st.sampled_from(["the", "life", "24", "share", "x"]), min_size=1, max_size=3), min_size=1)
BLOCKS = st.lists(st.tuples(st.sampled_from(list(KINDS)), PASSAGES), min_size=1, max_size=4)
SOME_FORMS = st.lists(st.sampled_from(FORMS), min_size=1, max_size=9)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, str]:
    """A text and the same with words, forms and paragraphs changed."""
    blocks = draw(BLOCKS)
    old = in_dialect(blocks, draw(SOME_FORMS))
    changed = []
    for kind, passages in blocks:
        what = draw(st.integers(0, 9))
        if what == 0:
            continue
        if what == 1:
            kind = draw(st.sampled_from(list(KINDS)))  # noqa: PLW2901
        kept = [each for each in passages if draw(st.integers(0, 7))] or passages
        kept = [[*each, "new"] if draw(st.integers(0, 5)) == 0 else each for each in kept]
        if what == 2 and len(kept) > 1:
            changed.append((kind, kept[:1]))
            kept = kept[1:]
        changed.append((kind, kept))
    return old, in_dialect(changed or blocks, draw(SOME_FORMS))


def strays(text: str) -> int:
    """How many marks are read as signs."""
    found = (re.findall(r"[*_\[\]]|^(?:[-#>]|\d+\.)(?= )", each.text, re.MULTILINE) for each in paragraphs(text))
    return sum(map(len, found))


def taken(old: str, new: str, numbers: set[int]) -> str:
    change = change_between(old, new)
    keys = [each.key for at, each in enumerate(choices(change, old)) if at in numbers]
    return from_units(chosen(change, old, keys).apply(to_units(old)))


@given(edits(), st.sets(st.integers(0, 12)))
def test_whatever_is_taken_every_mark_that_begins_ends(texts: tuple[str, str], numbers: set[int]) -> None:
    old, new = texts
    assert strays(old) == strays(new) == 0
    mixed = taken(old, new, numbers)
    assert strays(mixed) == 0, mixed


@given(SIGNS, SIGNS, st.sets(st.integers(0, 12)))
def test_no_mark_is_lost_from_its_other_half_in_any_text(old: str, new: str, numbers: set[int]) -> None:
    assert strays(taken(old, new, numbers)) <= strays(old) + strays(new)


@given(SIGNS, SIGNS)
def test_all_that_can_be_taken_is_the_whole(old: str, new: str) -> None:
    found = choices(change_between(old, new), old)
    assert taken(old, new, set(range(len(found)))) == new
    assert taken(old, new, set()) == taken(old, new, {99}) == old


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("End of life wishes.", "**End of l**ife wishes.", [("End of life", "**End of l**ife")]),
        (
            "End of life wishes are known.", "**End of life** wishes are written.",
            [("End of life", "**End of life**"), ("known", "written")],
        ),
        (
            "They shall share *the whole* cost.", "They must give *the full* cost.",
            [("shall share", "must give"), ("*the whole*", "*the full*")],
        ),
        (
            "1. one\n2. two\n3. three\n4. four\n5. five", "1. one\n2. three\n3. four\n4. more\n5. five",
            [("2. two\n3. three\n4. four", "2. three\n3. four"), ("4. four", "4. four\n4. more")],
        ),
        ("one\n\ntwo and so", "1. one\n2. two and on", [("one\n\ntwo and so", "1. one\n2. two and so"), ("so", "on")]),
        ("See [it](https://a.org/b) where it is now", "See [it](https://a.org/c) where it is then",
         [("[it](https://a.org/b)", "[it](https://a.org/c)"), ("now", "then")]),
    ],
)  # fmt: skip
def test_marks_of_one_pair_are_one_choice_and_words_stay_apart(
    old: str, new: str, parts: list[tuple[str, str]]
) -> None:
    found = choices(change_between(old, new), old)
    assert [(each.old, each.new) for each in found] == parts


SENTENCES = (
    "Carers are told of each visit in advance.", "Partners share gain and loss within a corridor.",
    "The council names two of its members.", "The plan is kept for the whole year.", "The partners meet each year.",
    "Whoever answers tells the carers of the plan.",
)  # fmt: skip


@st.composite
def moves(draw: st.DrawFn) -> tuple[str, str, list[str]]:
    """Some sentences, the same with one or two of them elsewhere and a word put into another, and those that moved."""
    some = list(draw(st.permutations(SENTENCES)))[: draw(st.integers(3, 6))]
    others, moved = list(some), []
    for _ in range(draw(st.integers(1, 2))):
        moved.append(others.pop(draw(st.integers(0, len(others) - 1))))
        others.insert(draw(st.integers(0, len(others))), moved[-1])
    stays = draw(st.sampled_from(some))
    if stays not in moved:
        others = [each.replace(".", " always.") if each == stays else each for each in others]
    apart = draw(st.sampled_from([" ", "\n\n", "\n- "]))
    return apart.join(some), apart.join(others), moved


@given(moves(), st.sets(st.integers(0, 12)))
def test_whatever_is_taken_a_sentence_that_moved_stands_once(
    texts: tuple[str, str, list[str]], numbers: set[int]
) -> None:
    old, new, moved = texts
    mixed = taken(old, new, numbers)
    assert [mixed.count(each) for each in moved] == [1] * len(moved), mixed


def test_a_moved_sentence_is_one_choice_and_what_changes_beside_it_another() -> None:
    first, second, third, *_ = SENTENCES
    old, new = f"{first} {second} {third}", f"{second.replace('gain', 'gains')} {third} {first}"
    assert [each.places for each in choices(change_between(old, new), old)] == [(0, 2), (1,)]
    # What it has in common with the next one stays; it is read as a whole, and so are the marks around it.
    next_one = "Carers are kept informed of it."
    for marks in ("{}", "**{}**", "[{}](https://example.org/a)"):
        old, new = (marks.format(each) for each in (f"{first} {next_one} {third}", f"{next_one} {first} {third}"))
        (found,) = choices(change_between(old, new), old)
        assert [plain(each).count(first) for each in (found.old, found.new)] == [1, 1]
        assert strays(found.old) == strays(found.new) == 0
    # The same beginning, or a few words that stand in many places, is no sentence that moved.
    for gone, come in ((first, "Carers are told of each bill in advance."), ("It is so.", "It is so.")):
        old, new = f"{gone} {second} {third}", f"{second} {third} {come}"
        assert len(choices(change_between(old, new), old)) == 2
