"""The interface for programs, ``/api/v1``: one file per noun, all under three blueprints.

``bp`` takes a person's token, ``seats`` an expert's invitation token, ``docs`` describes both to anyone. None of them
reads or sets a cookie, so a page of another site can do nothing with a visitor's sign-in.
"""

from __future__ import annotations

from app.web.api import describing, groups, items, ratings, rounds, versions
from app.web.api.calls import bearer, bp, docs, seat_bearer, seats

__all__ = [
    "bearer",
    "bp",
    "describing",
    "docs",
    "groups",
    "items",
    "ratings",
    "rounds",
    "seat_bearer",
    "seats",
    "versions",
]
