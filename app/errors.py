"""What a use case may refuse, and with which HTTP status. Messages are written for the person who reads them."""

from __future__ import annotations

from collections.abc import Mapping


class DomainError(Exception):
    """A refusal: ``code`` for programs, ``message`` for people, ``fields`` for sentences beside form fields."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, code: str | None = None, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.fields = dict(fields or {})


class Invalid(DomainError):
    """What was sent cannot be taken as it is."""

    status = 422
    code = "invalid"


class Forbidden(DomainError):
    """The actor may know the object but not do this to it."""

    status = 403
    code = "forbidden"


class NotFound(DomainError):
    """There is no such object, or the actor may not know of it."""

    status = 404
    code = "not_found"

    def __init__(self, message: str = "There is nothing here, or you may not see it.") -> None:
        super().__init__(message)


class Conflict(DomainError):
    """The object has moved on since the actor looked."""

    status = 409
    code = "conflict"


class Gone(DomainError):
    """What was here is over: an expired link, a closed round."""

    status = 410
    code = "gone"


class TooMany(DomainError):
    """Asked too often; try again later."""

    status = 429
    code = "too_many"


class Full(DomainError):
    """The server cannot store more just now; nothing was lost and nothing was half-written."""

    status = 507
    code = "full"
