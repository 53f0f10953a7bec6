"""The fingerprint of a locked version, which anyone can check without us.

**How to check one.** Take the version's content as JSON: an object of ``blueprint`` (its name) and ``items``, the items
in the order of the tree (a parent before its children, neighbours by position), and, where its words use defined terms,
``terms``, these in the order of the alphabet, each with its ``definition`` and the other forms of the word (``also``).
A version whose words use none has no ``terms``, not even an empty list. Write it as JSON with the keys of every
object in alphabetical order (by code point), no white space between tokens, no character escaped that JSON does not
require to be (so ``é`` stays ``é``), encode it as UTF-8, and take the SHA-256 of the bytes in hexadecimal. In Python::

    json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

An example: the content

    {"blueprint": "Northmere", "items": [{"reference": "P1", "title": "People first"}]}

is written ``{"blueprint":"Northmere","items":[{"reference":"P1","title":"People first"}]}`` and has the fingerprint
``019ba1c6`` (first eight digits; the whole is `EXAMPLE`).

The content holds everything an expert sees (reference, kind, status, title, words, why, summary and evidence lines)
and what the defined terms meant in these words. It never holds ids or times, so that the same words have the same
fingerprint wherever and whenever they were locked.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

EXAMPLE = "019ba1c6a6c8654d272caf733377acbc516b0515f45ca92903bfeef6aab10169"
"""The fingerprint of the example above."""

_FORBIDDEN = re.compile(r"(?:.+_)?(?:id|ids|at|uuid)$|epoch$|created|updated")


def canonical(content: object) -> bytes:
    """`content`, made of mappings, sequences, strings, whole numbers, booleans and None, as the bytes that are hashed.

    Raises:
        ValueError: it holds anything else (a fraction has more than one spelling), half a character, or a key that
            names an id or a time.
    """
    return json.dumps(_checked(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(content: object) -> str:
    """The SHA-256 of `content` in canonical form: 64 lower-case hexadecimal digits.

    Raises:
        ValueError: as `canonical`.
    """
    return hashlib.sha256(canonical(content)).hexdigest()


def _checked(value: object) -> object:
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("half a character cannot be written as UTF-8")
        return value
    if value is None or type(value) in (bool, int):
        return value
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or _FORBIDDEN.match(key):
                raise ValueError(f"a version's content has no {key!r}")
        return {str(_checked(key)): _checked(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_checked(each) for each in value]
    raise ValueError(f"a version's content has no {type(value).__name__}")
