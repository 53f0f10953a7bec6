"""Parts of pages that the browser asks for again and again: answered with 304 as long as nothing has changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import flash, g, get_template_attribute, jsonify, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, DomainError, Forbidden, Gone, Invalid
from app.policy import Actor, Can, allowed
from app.uow import UnitOfWork
from app.web.context import transaction
from app.web.errors import wants_json
from app.web.forms import whole_number

#: What differs in every answer and means nothing: tokens, and the moment of the answer.
_PASSING = re.compile(r'(?:name="csrf_token" value|data-now)="[^"]*"')


def mark_of(html: str) -> str:
    """What tells one content of a part from another."""
    return hashlib.sha256(_PASSING.sub("", html).encode()).hexdigest()[:32]


def fragment(html: str) -> ResponseReturnValue:
    """A part of a page with a mark of its content, or 304 when the browser shows that content already."""
    response = make_response(html)
    response.set_etag(mark_of(html))
    response.headers["Cache-Control"] = "no-store"
    response.make_conditional(request)
    return response


def command(
    use_case: Callable[[UnitOfWork, Actor], object],
    *,
    to: str,
    page: Callable[..., str],
    said: str | None = None,
    undo: tuple[str, Mapping[str, str]] | None = None,
) -> ResponseReturnValue:
    """Carry out a use case in one transaction and go on to ``to``, saying ``said``, or what it answered in words.

    A refusal shows ``page(refused)`` again, with its status: the sentence, the state as it is now, and what was typed.
    A script that asks for JSON gets the sentence alone, and stays where it is: an empty one
    where nothing is to be said. ``undo`` is the address that takes it back, and what is sent there.
    """
    try:
        with transaction() as (uow, actor):
            answer = use_case(uow, actor)
    except (Conflict, Gone, Invalid, Forbidden) as refused:
        if wants_json():
            raise
        return page(refused), refused.status
    sentence = said or (answer if isinstance(answer, str) else "")
    if wants_json():
        back = None if undo is None else {"url": undo[0], "fields": undo[1]}
        return jsonify(said=sentence, item=None, undo=back)
    if sentence:
        flash(with_undo(sentence, *undo) if undo is not None else sentence, "success")
    return redirect(to, 303)


def with_undo(said: str, address: str, fields: Mapping[str, str]) -> str:
    """A sentence that says what was done, for the next page, with the button that takes it back."""
    made: str = get_template_attribute("components/buttons.html", "said_with_undo")(said, address, fields)
    return made


def number(name: str) -> int | None:
    """A whole number of the form, None when it is empty or none."""
    return whole_number(request.form.get(name, ""))


def numbers(name: str) -> list[int]:
    """All whole numbers that the form gives under one name; what is none is left out."""
    return [one for each in request.form.getlist(name) if (one := whole_number(each)) is not None]


def places(name: str) -> frozenset[int]:
    """All whole numbers under one name, of which none may be anything else: a word that was to be taken out stays out.

    Raises Invalid.
    """
    found = numbers(name)
    if len(found) != len(request.form.getlist(name)):
        raise Invalid(_("Choose words of the comment."))
    return frozenset(found)


def day(name: str) -> date | None:
    """A day of the form, None when it is empty. Raises Invalid for what is none."""
    given = request.form.get(name, "").strip()
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        sentence = _("Enter a real date, or leave it empty")
        raise Invalid(sentence, fields={name: sentence}) from None


def moment(name: str) -> datetime | None:
    """A moment that a page of ours has put into its form, None for anything else."""
    try:
        found = datetime.fromisoformat(request.form.get(name, ""))
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def group_id() -> int:
    """The id of the group in the address, which the guard has let the actor into."""
    found: Any = g.group
    return int(found.id)


def may(can: Can) -> bool:
    """Whether the page shows what it takes ``can`` to do here; the use case asks again."""
    return allowed(g.role, can, practises=g.group.practises_for_id is not None)


def faults(refused: DomainError | None) -> dict[str, str]:
    """The sentences beside fields."""
    return refused.fields if refused is not None else {}


class Typed(dict[str, str]):
    """What was typed into a form, to be shown again: a field that was not sent is empty."""

    def __missing__(self, name: str) -> str:
        return ""

    def every(self, name: str) -> list[str]:
        """What was chosen under one name, where more than one can be."""
        return request.form.getlist(name)


def typed() -> Typed:
    """What the request's form holds."""
    return Typed(request.form.items())
