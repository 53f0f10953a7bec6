"""Passwords by argon2id, at most four hashed at a time, so that a crowd at the door cannot exhaust memory."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from app.errors import Invalid

SHORTEST, LONGEST = 10, 128
#: 19 MiB, two passes, one lane: the least OWASP's password storage cheat sheet asks of argon2id.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = threading.BoundedSemaphore(4)
_FOR_NOBODY = _hasher.hash("a password nobody has")


def hash_password(password: str) -> str:
    """The argon2id hash to store. Raises Invalid for a password that is too short, too long or too plain."""
    sentence = ""
    if len(password) < SHORTEST:
        sentence = f"Use at least {SHORTEST} characters: three or four words are easy to remember"
    elif len(password) > LONGEST:
        sentence = f"Use at most {LONGEST} characters"
    elif len(set(password)) < 5:
        sentence = "Use more than a few different characters"
    if sentence:
        raise Invalid(sentence, fields={"password": sentence})
    with _at_once:
        return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one. Takes as long when there is none, so that nobody learns who has one."""
    if len(password) > LONGEST:
        password = ""
    with _at_once:
        try:
            _hasher.verify(stored or _FOR_NOBODY, password)
        except (Argon2Error, InvalidHashError):
            return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a stored hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)
