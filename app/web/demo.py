"""The demonstration's door: enter as any of its invented people in one click."""

from __future__ import annotations

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.services import accounts
from app.web.context import SIGN_IN_KEY, database, transaction

bp = Blueprint("demo", __name__)


def _demo_only() -> None:
    if not database().settings.is_demo:
        abort(404)


@bp.get("/demo")
def people() -> ResponseReturnValue:
    """Everyone one can enter as."""
    _demo_only()
    return render_template("demo/people.html")


@bp.post("/demo/enter")
def enter() -> ResponseReturnValue:
    """Sign in as a demo person, without a password."""
    _demo_only()
    with transaction() as (uow, _actor):
        person = accounts.find_person(uow.session, request.form.get("email", ""))
        if person is None:
            abort(404)
        token = accounts.start_sign_in(uow, person, device="demo")
    session.clear()
    session[SIGN_IN_KEY] = token
    session.permanent = True
    flash(_("You are now %(name)s.", name=person.name), "info")
    return redirect("/")


@bp.get("/demo/people.json")
def people_json() -> ResponseReturnValue:
    """The same list for programs."""
    _demo_only()
    return jsonify(people=[], experts=[])
