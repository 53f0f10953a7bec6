"""The group's overview and its people."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

bp = Blueprint("groups", __name__)


@bp.get("/")
def overview(slug: str) -> ResponseReturnValue:
    """What is going on in the group."""
    return render_template("groups/overview.html")
