"""Tables as CSV that a spreadsheet opens as data and never as formulas.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end, full-width forms included,
and some skip white space or invisible characters first. Such words get an apostrophe in front, which a spreadsheet
shows as the mark of text. Every piece of text is quoted, so that none can begin a cell of its own where another
separator is in use. Numbers stay numbers, negative ones too.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

Cell = str | int | float | Decimal | bool | None

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_STARTS = "=+-@\t\r\n"
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table as CSV (RFC 4180: commas, CR LF), every text through `safe_text`; None is an empty cell.

    Raises:
        ValueError: a row is not as long as the header, or a number is not finite.
    """
    lines = [",".join(_cell(name) for name in header)]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells under a header of {len(header)}")
        lines.append(",".join(_cell(value) for value in row))
    return "".join(f"{line}\r\n" for line in lines)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """`csv_text` as UTF-8 with the mark at its beginning by which spreadsheets know the encoding.

    Raises:
        ValueError: as `csv_text`.
    """
    return csv_text(header, rows).encode("utf-8-sig")


def safe_text(value: str) -> str:
    """`value` without control characters, and with an apostrophe in front where a spreadsheet could run it."""
    text = _UNWANTED.sub("", value)
    if _NUMBER.fullmatch(text):
        return text
    first = next((char for char in text if char in _STARTS or not _is_invisible(char)), "")
    return f"'{text}" if first and unicodedata.normalize("NFKC", first)[0] in _STARTS else text


def _is_invisible(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) in ("Cf", "Mn")


def _cell(value: Cell) -> str:
    """One field; text is quoted and numbers are not, numbers that arrive as text included."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return '"yes"' if value else '"no"'
    if isinstance(value, str):
        text = safe_text(value)
        return text if _NUMBER.fullmatch(text) else '"' + text.replace('"', '""') + '"'
    if not math.isfinite(value):
        raise ValueError("a cell holds a number that is not finite")
    return str(value)
