"""CSV that a spreadsheet reads as data."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc.tables import csv_bytes, csv_text, safe_text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u200b=1", "\ufeff=1", "\u00a0=1",
        "＝1+1", "＋1", "－1", "＠x", "﹦1", "+44 20 7946 0000", "- a list", "=cmd|' /C calc'!A0", "\x00=1", "-",
    ],
)  # fmt: skip
def test_words_that_could_run_are_marked_as_text(text: str) -> None:
    assert safe_text(text).startswith("'")
    assert safe_text(safe_text(text)) == safe_text(text)


@pytest.mark.parametrize("text", ["-1.5", "+3", "-2e-3", "12", "0.05", "plain", "a=b", "50 %", "", "'quoted'", "C3.2"])
def test_numbers_and_plain_words_stay(text: str) -> None:
    assert safe_text(text) == text


def test_a_table_keeps_its_kinds() -> None:
    table = csv_text(["Item", "n"], [["a;=1", -3], ['say "=x"', -0.5], ["-1.5", Decimal("2.50")], [None, True]])
    assert table == '"Item","n"\r\n"a;=1",-3\r\n"say ""=x""",-0.5\r\n-1.5,2.50\r\n,"yes"\r\n'
    assert csv_bytes(["é"], []) == b'\xef\xbb\xbf"\xc3\xa9"\r\n'


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=4))
def test_any_words_come_back(rows: list[list[str]]) -> None:
    table = csv_text(["a", "b"], rows)
    back = list(csv.reader(io.StringIO(table, newline="")))
    assert back == [["a", "b"], *([safe_text(cell) for cell in row] for row in rows)]
    for cell in (cell for row in back for cell in row):
        assert not cell.lstrip().startswith(("=", "@", "＝", "＋", "－", "＠"))


def test_a_crooked_table_is_refused() -> None:
    with pytest.raises(ValueError, match="row"):
        csv_text(["a"], [["x", "y"]])
    with pytest.raises(ValueError, match="finite"):
        csv_text(["a"], [[float("nan")]])
