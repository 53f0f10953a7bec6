"""The demonstration's door: enter as any of its invented people in one click."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.services import demo
from app.web.accounts import come_in
from app.web.context import looking, transaction

bp = Blueprint("demo", __name__)


@bp.get("/demo")
def people() -> ResponseReturnValue:
    """Everyone one can enter as."""
    with looking() as (uow, _actor):
        members, experts = demo.people(uow), demo.experts(uow)
    return render_template("demo/people.html", members=members, experts=experts)


@bp.post("/demo/enter")
def enter() -> ResponseReturnValue:
    """Sign in as a demo person, without a password."""
    with transaction() as (uow, _actor):
        token = demo.enter(uow, email=request.form.get("email", ""))
    come_in(token)
    flash(_("You are in. Go back to the demonstration page to be somebody else."), "info")
    return redirect("/")


@bp.get("/demo/people.json")
def people_json() -> ResponseReturnValue:
    """The same list for programs."""
    with looking() as (uow, _actor):
        members, experts = demo.people(uow), demo.experts(uow)
    return jsonify(people=demo.as_dicts(members), experts=demo.as_dicts(experts))
