"""Administration of the server: groups and accounts, no content."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, Invalid
from app.services import administration
from app.web.context import looking, transaction
from app.web.forms import text

bp = Blueprint("administration", __name__)


def _page(status: int = 200, **values: Any) -> ResponseReturnValue:
    with looking() as (uow, actor):
        shown = {
            "groups": administration.list_groups(uow, actor),
            "people": administration.list_people(uow, actor),
            "trouble": administration.trouble_with_mails(uow, actor),
            "errors": {},
            "typed": {},
        }
    return render_template("administration/administration.html", **{**shown, **values}), status


@bp.get("/")
def index() -> ResponseReturnValue:
    """Groups and people of this server."""
    return _page()


@bp.post("/groups")
def open_group() -> ResponseReturnValue:
    """Create a group with its first facilitator."""
    try:
        with transaction() as (uow, actor):
            administration.open_group(
                uow, actor, slug=text("slug").lower(), name=text("name"), facilitator=text("facilitator"),
                facilitator_name=text("facilitator_name"),
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        errors = error.fields or {"slug": error.message}
        if "email" in errors:
            errors["facilitator"] = errors.pop("email")
        return _page(422, errors=errors, typed=request.form.to_dict())
    flash(_("The group is open. Its facilitator can sign in and invite the others."), "success")
    return redirect(url_for("administration.index"))


@bp.post("/people/<int:person_id>/<any(disable, enable):what>")
def set_disabled(person_id: int, what: str) -> ResponseReturnValue:
    """Disable or enable an account, at once."""
    with transaction() as (uow, actor):
        person = administration.set_disabled(uow, actor, person_id=person_id, disabled=what == "disable")
    words = _("%(name)s can no longer sign in.") if what == "disable" else _("%(name)s can sign in again.")
    flash(words % {"name": person.name}, "success")
    return redirect(url_for("administration.index"))
