"""The fingerprint of a version: as documented, and the same for the same words only."""

import hashlib

import pytest

from app.calc.fingerprint import EXAMPLE, canonical, fingerprint

CONTENT = {"blueprint": "Northmere", "items": [{"reference": "P1", "title": "People first"}]}


def test_the_documented_example_holds() -> None:
    written = b'{"blueprint":"Northmere","items":[{"reference":"P1","title":"People first"}]}'
    assert canonical(CONTENT) == written
    assert fingerprint(CONTENT) == hashlib.sha256(written).hexdigest() == EXAMPLE


def test_keys_may_come_in_any_order_but_items_may_not() -> None:
    assert fingerprint({"b": 1, "a": [1, 2]}) == fingerprint({"a": (1, 2), "b": 1})
    assert fingerprint({"a": [1, 2]}) != fingerprint({"a": [2, 1]})


def test_words_are_hashed_as_they_are() -> None:
    assert canonical({"title": 'Carers’ “own” é 😀\n"\\'}) == '{"title":"Carers’ “own” é 😀\\n\\"\\\\"}'.encode()
    assert fingerprint("é") != fingerprint("e\u0301")


@pytest.mark.parametrize(
    "content",
    [
        {"id": 1}, {"item_id": 1}, {"locked_at": "x"}, {"items": [{"document_id": 3}]}, {"epoch": 1}, {1: "x"},
        {"a": 0.5}, {"a": float("nan")}, {"a": b"x"}, {"a": {1, 2}}, {"a": object()}, {"a": "\ud83d"}, {"\udc00": "a"},
    ],
)  # fmt: skip
def test_what_has_no_place_in_a_version_is_refused(content: object) -> None:
    with pytest.raises(ValueError, match=r"content|character"):
        fingerprint(content)
