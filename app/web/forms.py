"""Small helpers for reading forms: what was typed is kept, and where to go next stays on this server."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

#: Ids are 32-bit integers on PostgreSQL, which cannot even compare one with a larger number.
LARGEST_ID = 2**31 - 1


def text(name: str, *, longest: int = 10_000) -> str:
    """One field of the posted form, without spaces around it, cut at ``longest`` characters."""
    return request.form.get(name, "").strip()[:longest]


def optional(name: str) -> str | None:
    """One field of the posted form, None when it was left empty."""
    return text(name) or None


def whole_number(given: str) -> int | None:
    """A whole number as it was typed, None for anything else and for what is larger than any id of ours."""
    given = given.strip()
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 12 else None
    return number if number is None or number <= LARGEST_ID else None


def asked(name: str) -> int | None:
    """A whole number of the address's query, None when there is none."""
    return whole_number(request.args.get(name, ""))


def local_path(target: str | None, otherwise: str = "/") -> str:
    """``target`` if it is a path on this server, else ``otherwise``: an address from outside never leads elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return otherwise
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in target):
        return otherwise
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else otherwise


def device() -> str:
    """A few words about the browser, for the list of one's sign-ins."""
    agent = request.headers.get("User-Agent", "")
    browsers = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
               ("Mac OS", "Mac"), ("CrOS", "Chromebook"), ("Linux", "Linux"))  # fmt: skip
    names = {"Edg": "Edge", "OPR": "Opera"}
    browser = next((names.get(each, each) for each in browsers if each in agent), "A browser")
    system = next((words for mark, words in systems if mark in agent), "")
    return f"{browser} on {system}" if system else browser
