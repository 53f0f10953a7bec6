"""Sentences that stand elsewhere: one is said to have moved only where nothing of it became another."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc.choices import choices
from app.calc.differences import change_between
from app.calc.moves import told
from app.calc.plain import formed, plain

VISIT, PLAN, SHARE = (
    "Carers are told of each visit.", "The plan is kept for a whole year and then for another one.",
    "Partners share gain and loss within a corridor.",
)  # fmt: skip


def read(old: str, new: str) -> tuple[list[str], list[tuple[str, str]]]:
    """What moved, and what else changed."""
    moved, rest = told(formed(old), formed(new))
    return moved, [(each.kind, each.text.strip()) for each in rest if each.kind != "same" or each.was is not None]


@pytest.mark.parametrize(
    ("old", "new", "moved"),
    [
        (f"{VISIT} {PLAN} {SHARE}", f"{PLAN} {SHARE} {VISIT}", [VISIT]),
        (f"{VISIT} {PLAN} {SHARE}", f"{SHARE} {VISIT} {PLAN}", [SHARE]),
        # Its first words, or its last, stand where those of the next one do.
        (f"{VISIT} Carers are kept informed of it for long. {SHARE}",
         f"Carers are kept informed of it for long. {SHARE} {VISIT}", [VISIT]),
        # Points are counted anew, and of a list the last ends otherwise; lines of which nothing is left go.
        (f"1. {VISIT}\n2. {PLAN}\n3. {SHARE}", f"1. {PLAN}\n2. {SHARE}\n3. {VISIT}", [VISIT]),
        (f"1. so:\n\n   1. {VISIT}\n   2. {PLAN}\n\n2. {SHARE}\n3. as it is",
         f"1. so:\n\n   1. {PLAN}\n   2. {VISIT}\n\n2. {SHARE}\n3. as it is", [VISIT]),
        ("- carers are told of it;\n- the plan is kept for one year;\n- partners share all of their gain.",
         "- the plan is kept for one year;\n- partners share all of their gain;\n- carers are told of it.",
         ["carers are told of it"]),
        (f"# One\n\n{VISIT}\n\n# Two\n\n{SHARE} {PLAN}", f"# One\n\n# Two\n\n{SHARE} {PLAN}\n\n{VISIT}", [VISIT]),
        (f"1. so:\n   - one\n2. Then:\n   - {PLAN}\n   - {VISIT}\n3. end",
         f"1. so:\n   - one\n   - {VISIT}\n2. Then:\n   - {PLAN}\n3. end", [VISIT]),
        # Short ones go along with those beside them, also what only looks like an end.
        (f"{VISIT} So it is, e.g. now. {PLAN} {SHARE}", f"{PLAN} {SHARE} {VISIT} So it is, e.g. now.",
         [f"{VISIT} So it is, e.g. now."]),
        (f"1. {VISIT}\n2. So it is.\n3. {PLAN}\n4. {SHARE}", f"1. {PLAN}\n2. {SHARE}\n3. {VISIT}\n4. So it is.",
         [f"{VISIT} So it is."]),
        (f"Give **0.5 mg** [at night](https://a.org/b) only. {PLAN}",
         f"{PLAN} Give **0.5 mg** [at night](https://a.org/b) only.",
         ["Give 0.5 mg at night only."]),
        (f"“{VISIT}” {PLAN}", f"{PLAN} “{VISIT}”", [f"“{VISIT}”"]),
        # Scripts without spaces between words, where no space stands behind a sentence.
        ("介護者は訪問ごとに知らされる。計画は一年間有効である。団体は利益を分け合う。",
         "計画は一年間有効である。団体は利益を分け合う。介護者は訪問ごとに知らされる。",
         ["介護者は訪問ごとに知らされる。"]),
        ("每次访问前通知照护者！计划有效期为一整年。合作伙伴分享收益和损失。",
         "计划有效期为一整年。合作伙伴分享收益和损失。每次访问前通知照护者！", ["每次访问前通知照护者！"]),
    ],
)  # fmt: skip
def test_what_moved_and_is_the_same_is_all_there_is_to_say(old: str, new: str, moved: list[str]) -> None:
    assert read(old, new) == (moved, [])
    assert len(choices(change_between(old, new), old)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (f"{VISIT}\n\n{PLAN}\n\n- one\n- two", f"{PLAN}\n\n- one\n- two\n- {VISIT}"),
        (f"1. {VISIT}\n2. so\n\n{PLAN}\n\n- one\n- two", f"1. so\n\n{PLAN}\n\n- one\n- {VISIT}\n- two"),
        (f"- {VISIT}\n- one\n\n{PLAN}", f"- one\n\n{PLAN} {VISIT}"),
    ],
)
def test_what_becomes_a_point_or_another_kind_of_point_is_not_said_to_have_only_moved(old: str, new: str) -> None:
    moved, rest = read(old, new)
    assert (moved, any("told of each visit" in words for _kind, words in rest)) == ([], True)


@pytest.mark.parametrize(
    ("gone", "come"),
    [
        ("Carers are told of each visit.", "Carers, are told of each visit."),
        ("Pain below < 5 is told to carers.", "Pain below > 5 is told to carers."),
        ("Give .5 mg to them at night.", "Give 5 mg to them at night."),
        ("Give 0.5 mg to them at night.", "Give 05 mg to them at night."),
        ("Meet at 10:30 in the hall.", "Meet at 10.30 in the hall."),
        ("Are carers told of each visit?", "Are carers told of each visit."),
        ("carers are told of each visit.", "Carers are told of each visit."),
        ("Carers are [told](https://a.org) of it.", "Carers are [told](https://b.org) of it."),
        ("Carers are **told** of it.", "Carers are told of it."),
    ],
)
def test_one_of_which_a_sign_became_another_is_taken_together_and_not_said_to_have_moved(gone: str, come: str) -> None:
    old, new = f"{gone} {PLAN} {SHARE}", f"{PLAN} {SHARE} {come}"
    moved, rest = read(old, new)
    assert (moved, {kind for kind, _words in rest}) == ([], {"removed", "added"})
    if "0.5" not in gone and "10:30" not in gone:  # other words, which no one knows again
        assert len(choices(change_between(old, new), old)) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Nurses tell doctors.", "doctors Nurses tell."),
        ("Nurses tell all their doctors now.", "doctors now Nurses tell all their."),
        ("Nurses always tell their doctors of it.", "of it. Nurses always tell their doctors"),
        (f"So it is. {PLAN} {SHARE}", f"{PLAN} {SHARE} So it is."),
        ("5\\. Carers are told of it.\n\nSo.", "6\\. Carers are told of it.\n\nSo."),
    ],
)
def test_turned_words_and_few_ones_are_no_move(old: str, new: str) -> None:
    moved, rest = read(old, new)
    assert (moved, bool(rest)) == ([], True)


def test_what_changes_beside_what_moved_is_said_without_it() -> None:
    assert read(f"{VISIT} {PLAN} {SHARE}", f"{PLAN} {SHARE} {VISIT} So they are.") == (
        [VISIT], [("added", "So they are.")],
    )  # fmt: skip
    assert read(f"1. {VISIT}\n2. {PLAN}\n3. {SHARE}\n4. Tax.", f"1. {PLAN}\n2. {SHARE}\n3. {VISIT}\n4. .5 mg") == (
        [VISIT], [("removed", "Tax."), ("added", ".5 mg")],
    )  # fmt: skip
    # A list that begins with another number does so whatever moves in it.
    moved, rest = read(f"1. {VISIT}\n2. {PLAN}\n3. {SHARE}", f"5. {PLAN}\n6. {SHARE}\n7. {VISIT}")
    assert moved == [VISIT]
    assert rest == [("removed", "1"), ("added", "5"), ("removed", "2"), ("added", "6")]


WORDS = st.lists(
    st.sampled_from(
        ["so it is", "carers", "told", "of", ".", "; ", "5", ".5", " ", "\n- ", "\n1. ", "\n", "**", "。", "計"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(WORDS, WORDS, st.lists(st.sampled_from([VISIT, PLAN, SHARE]), max_size=4))
def test_what_is_said_to_have_moved_stands_in_both_texts(one: str, other: str, between: list[str]) -> None:
    old, new = f"{one} {' '.join(between)} {other}", f"{other} {' '.join(between)} {one}"
    letters = [re.sub(r"[\W\d]", "", plain(each)) for each in (old, new)]
    for each in told(formed(old), formed(new))[0]:
        assert all(re.sub(r"[\W\d]", "", each) in text for text in letters)


LONG = 100_000


@pytest.mark.parametrize(
    "filling",
    [
        " ",
        ".",
        "。",
        "1. ",
        "](",
        "](a)",
        "](()",
        "[so](a) ",
        "“",
        ".)",
        "\n- ",
        "\n1. so\n",
        "a. ",
        "計",
        "\n\n",
        "_.",
        "So it is. ",
    ],
)
def test_what_it_costs_grows_with_the_text_and_not_with_its_square(filling: str) -> None:
    filled = (filling * LONG)[:LONG]
    old, new = f"{VISIT} {PLAN} {filled}x {SHARE}", f"{PLAN} {filled}x {SHARE} {VISIT}"
    before, after = formed(old), formed(new)
    begun = time.process_time()
    told(before, after)
    spent = time.process_time() - begun
    assert spent < 3, spent
