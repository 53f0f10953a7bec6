"""What no view should have to think of: numbers that no database row has, and characters that cannot be stored."""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from flask_babel import gettext as _
from werkzeug.routing import IntegerConverter

from app.errors import Invalid
from app.web.forms import LARGEST_ID

#: Deeper JSON than any of our messages.
DEEPEST = 20


class IdConverter(IntegerConverter):
    """``<int:…>`` of an address: what no id can be leads nowhere (404) instead of to the database."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max", LARGEST_ID)
        super().__init__(*args, **kwargs)


def storable(text: str) -> bool:
    """Whether every database can hold the text: no NUL, no half of a character."""
    if "\0" in text:
        return False
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def plain(value: Any, depth: int = 0) -> bool:
    """Whether a JSON value holds only text and whole numbers that can be stored, and is no deeper than our messages."""
    if depth > DEEPEST:
        return False
    match value:
        case str():
            return storable(value)
        case int():
            return abs(value) <= LARGEST_ID
        case list():
            return all(plain(each, depth + 1) for each in value)
        case dict():
            return all(plain(each, depth + 1) for pair in value.items() for each in pair)
        case _:
            return True


def install(app: Flask) -> None:
    """Refuse such requests before any view sees them."""
    app.url_map.converters["int"] = IdConverter

    @app.before_request
    def look() -> None:
        # Numbers in a query are ids and pages; the database could not even compare what has more digits.
        if any(len(value) > 18 and value.lstrip("+-").isdigit() for _name, value in request.args.items(multi=True)):
            raise Invalid(_("There is no such number."), code="bad")
        words = [request.path, *(one for pair in request.args.items(multi=True) for one in pair)]
        words += [one for pair in request.form.items(multi=True) for one in pair]
        fine = all(map(storable, words))
        if fine and request.is_json:  # also what comes in pieces, without a length
            try:
                fine = plain(request.get_json(silent=True))
            except RecursionError:
                fine = False
        if not fine:
            raise Invalid(_("Some characters in this cannot be stored. Remove them and send it again."), code="bad")
