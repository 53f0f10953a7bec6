"""What every call has: who calls, a body that is taken strictly, an answer in JSON, and a line in the description."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from spectree import Response as Answers
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from app.errors import Invalid
from app.policy import Actor
from app.services import accounts
from app.uow import UnitOfWork
from app.web import errors
from app.web.context import database, remember
from app.web.intake import plain
from app.web.limits import KNOCKING, limiter

bp = Blueprint("api", __name__)
seats = Blueprint("api_seats", __name__)
docs = Blueprint("api_docs", __name__)

#: How often one token may call.
CALLS = "600 per minute"
MOST_FAULTS = 20

M = TypeVar("M", bound=BaseModel)


class Sent(BaseModel):
    """Base of what a program sends: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Shown(BaseModel):
    """Base of what a program receives."""

    model_config = ConfigDict(from_attributes=True, extra="forbid")


class Problem(Shown):
    """A refusal: a code for programs, a sentence for people, and sentences by field."""

    code: str
    message: str
    fields: dict[str, str] = Field(default_factory=dict)


TOKEN = SecurityScheme(
    name="person",
    data=SecuritySchemeData(
        type=SecureType.HTTP,
        scheme="bearer",
        description="A personal access token: made on your account page, or by `concordat token EMAIL`.",
    ),
)
SEAT = SecurityScheme(
    name="invitation",
    data=SecuritySchemeData(
        type=SecureType.HTTP,
        scheme="bearer",
        description="The last part of an expert's personal link. Good for the ratings of its round, nothing else.",
    ),
)

tree = SpecTree(
    "flask",
    title="Concordat",
    version="1",
    description=(
        "Read and write a group's blueprint, lock versions, read closed validation rounds, and send an expert's "
        "ratings. Every refusal is a problem with `code`, `message` and `fields`. What you may not see is not found "
        "(404). Moments are UTC."
    ),
    openapi_version="3.1.0",
    mode="strict",
    annotations=False,
    security_schemes=[TOKEN, SEAT],
    naming_strategy=lambda model: model.__name__,
    nested_naming_strategy=lambda _parent, child: child,
    validation_error_model=Problem,
)


# --- who calls ---


def shown_token() -> str:
    """The token of the Authorization header; empty when there is none."""
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and token.isascii() else ""


def refused() -> Response:
    """401: no token, or one that no longer works."""
    words = "Send a personal access token that works: Authorization: Bearer TOKEN."
    answer = current_app.make_response(errors.answer(401, "unauthorised", words))
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def bearer() -> ResponseReturnValue | None:
    """Guard: only calls that show a personal token that works now; cookies count for nothing."""
    with calling() as (_uow, actor):
        remember(actor)
        return None if actor.person_id is not None else refused()


def seat_bearer() -> ResponseReturnValue | None:
    """Guard: only calls that show a token at all; whose it is the view finds out in its own transaction."""
    return None if shown_token() else refused()


@contextmanager
def calling(*, writing: bool = False) -> Iterator[tuple[UnitOfWork, Actor]]:
    """One transaction with the caller loaded fresh inside it."""
    with database().writing() if writing else database().reading() as uow:
        yield uow, accounts.actor_of_access_token(uow.session, uow.keys, shown_token())


def by_token() -> str:
    """Counts calls by token, so that one program does not use up another's."""
    return "token " + (database().keys.hash("rate_limit", shown_token()) if shown_token() else get_remote_address())


def is_knock(response: Response) -> bool:
    """Whether a call guessed at a token: only these count against the address they came from."""
    return response.status_code == 401 or (request.blueprint == seats.name and response.status_code == 404)


for _blueprint in (bp, seats):
    limiter.limit(CALLS, key_func=by_token)(_blueprint)
    limiter.limit(KNOCKING, key_func=get_remote_address, deduct_when=is_knock)(_blueprint)


# --- what is sent ---


def sent(model: type[M]) -> M:
    """The body as ``model``. Raises Invalid naming every fault: not JSON, a key twice, a number that is none."""
    if request.mimetype != "application/json":
        raise Invalid("Send JSON, with Content-Type: application/json.", code="not_json")
    return _checked(model, _read(request.get_data()))


def asked(model: type[M]) -> M:
    """The query as ``model``; what is unknown or given twice is refused."""
    if any(len(values) > 1 for _name, values in request.args.lists()):
        raise Invalid("A parameter is given twice.", code="twice")
    return _checked(model, request.args.to_dict(), strict=False)


def _read(body: bytes) -> Any:
    try:
        read = json.loads(body.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except RecursionError as fault:
        raise Invalid("The JSON is nested too deeply.", code="not_json") from fault
    except ValueError as fault:  # of JSON, of UTF-8, or a number with thousands of digits
        raise Invalid("The body is not JSON that can be read.", code="not_json") from fault
    if not plain(read):
        raise Invalid("The JSON holds what cannot be stored, or is nested too deeply.", code="bad")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Invalid("An object holds the same key twice.", code="twice")
    return made


def _no_number(name: str) -> None:
    raise Invalid(f"{name} is not a number.", code="not_json")


def _checked(model: type[M], value: Any, *, strict: bool | None = None) -> M:
    try:
        return model.model_validate(value, strict=strict)
    except ValidationError as fault:
        faults = fault.errors(include_url=False, include_input=False, include_context=False)[:MOST_FAULTS]
        fields = {".".join(str(part)[:60] for part in each["loc"]): each["msg"] for each in faults}
        words = "; ".join(f"{name}: {words}" if name else words for name, words in fields.items())
        raise Invalid(f"This was not accepted. {words}.", fields=fields) from fault


# --- what is answered ---


def documented(
    shown: type[BaseModel],
    *,
    tag: str,
    status: int = 200,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    security: SecurityScheme = TOKEN,
    refusals: tuple[int, ...] = (403, 404),
) -> Callable[[Callable[..., BaseModel]], Callable[..., ResponseReturnValue]]:
    """Answer with the view's model as JSON, and enter the view into the description."""

    def decorate(view: Callable[..., BaseModel]) -> Callable[..., ResponseReturnValue]:
        @wraps(view)
        def respond(**values: Any) -> Response:
            return current_app.response_class(view(**values).model_dump_json(), status, mimetype="application/json")

        codes = {f"HTTP_{status}": shown, **{f"HTTP_{code}": Problem for code in (401, *refusals, 429)}}
        entered: Callable[..., ResponseReturnValue] = tree.validate(
            json=body,
            query=query,
            resp=Answers(**codes),
            tags=(tag,),
            security={security.name: []},
            operation_id=view.__name__,
            skip_validation=True,
        )(respond)
        return entered

    return decorate
