"""The design system on one page, for those who build pages; in demo mode only."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from app.web.context import database

bp = Blueprint("components", __name__)


@bp.get("/_components")
def gallery() -> ResponseReturnValue:
    """Every macro of templates/components/, in use."""
    if not database().settings.is_demo:
        abort(404)
    return render_template("components_gallery.html")
