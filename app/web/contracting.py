"""Contracting models of the Evidence room, each a card of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, Invalid
from app.policy import Can, require
from app.services import contracting, library
from app.services.contracting import ModelForm, Use
from app.web.context import looking, transaction
from app.web.evidence import choose, done, refused
from app.web.forms import text
from app.web.fragments import fragment, group_id
from models.evidence import ContractingModel, Strength

bp = Blueprint("contracting", __name__)

#: "Canterbury, New Zealand: 12 partner organisations [hfma_canterbury2017]"
USE = re.compile(r"^(?P<place>[^:]{1,200}):\s*(?P<fact>.*?)\s*(?:\[(?P<source>[a-z0-9_]+)\])?$")


def _fields(model: ContractingModel) -> dict[str, str]:
    uses = [
        f"{one['place']}: {one['fact']}" + (f" [{one['source']}]" if one["source"] else "") for one in model.used_in
    ]
    return {
        "name": model.name,
        "definition": model.definition,
        "origin": model.origin,
        "mechanisms": "\n".join(model.mechanisms),
        "used_in": "\n".join(uses),
        "contributes": "\n".join(model.contributes),
        "strength": model.strength.value,
    }


def _lines(name: str) -> list[str]:
    return [line.strip() for line in text(name).splitlines() if line.strip()]


def _read() -> ModelForm:
    uses = []
    for line in _lines("used_in"):
        found = USE.match(line)
        uses.append(Use(found["place"].strip(), found["fact"], found["source"] or "") if found else Use("", line))
    return ModelForm(
        name=text("name"), definition=text("definition"), origin=text("origin"), mechanisms=_lines("mechanisms"),
        used_in=uses, contributes=_lines("contributes"), strength=choose(Strength, "strength"),
    )  # fmt: skip


@bp.get("/<int:model_id>")
def show(slug: str, model_id: int) -> ResponseReturnValue:
    """One model: what it is, where it was used, what speaks for and against it, what the blueprint keeps of it."""
    with looking() as (uow, actor):
        view = library.read_model(uow, actor, model_id=model_id, group_id=group_id())
        may_write = library.may_write(uow, actor, group_id=group_id())
    return fragment(render_template("evidence/model.html", view=view, may_write=may_write))


def _form(given: Mapping[str, str], errors: dict[str, str], model: ContractingModel | None = None) -> str:
    return render_template("evidence/model_form.html", given=given, errors=errors, model=model)


@bp.get("/add")
def add_form(slug: str) -> ResponseReturnValue:
    """The form for a new card."""
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.EVIDENCE_WRITE)
    return _form({"strength": Strength.UNKNOWN.value}, {})


@bp.post("/add")
def add(slug: str) -> ResponseReturnValue:
    """Add a card."""
    try:
        form = _read()
        with transaction() as (uow, actor):
            made = contracting.add_model(uow, actor, group_id=group_id(), form=form)
    except Invalid as error:
        return refused(lambda errors: _form(request.form, errors), error, "name")
    to = url_for("contracting.show", slug=slug, model_id=made.id)
    return done(_("The card is in the room."), to, ("contracting.withdraw", {"model_id": made.id}, {}))


@bp.get("/<int:model_id>/edit")
def edit_form(slug: str, model_id: int) -> ResponseReturnValue:
    """The form that changes a card."""
    with looking() as (uow, actor):
        model = contracting.access_model(uow.session, actor, model_id, Can.EVIDENCE_WRITE, group_id=group_id())
    return _form(_fields(model), {}, model)


@bp.post("/<int:model_id>/edit")
def edit(slug: str, model_id: int) -> ResponseReturnValue:
    """Change a card."""
    with looking() as (uow, actor):
        before = contracting.access_model(uow.session, actor, model_id, Can.EVIDENCE_WRITE, group_id=group_id())
    was = _fields(before)
    try:
        form = _read()
        with transaction() as (uow, actor):
            contracting.edit_model(uow, actor, model_id=model_id, form=form, group_id=group_id())
    except Invalid as error:
        return refused(lambda errors: _form(request.form, errors, before), error, "name")
    to = url_for("contracting.show", slug=slug, model_id=model_id)
    return done(_("The card is changed."), to, ("contracting.edit", {"model_id": model_id}, was))


@bp.post("/<int:model_id>/withdraw")
def withdraw(slug: str, model_id: int) -> ResponseReturnValue:
    """Take a card out of the room, unless something rests on it."""
    try:
        with transaction() as (uow, actor):
            contracting.withdraw_model(uow, actor, model_id=model_id, group_id=group_id())
    except Conflict as error:
        return done(error.message, url_for("contracting.show", slug=slug, model_id=model_id))
    to = url_for("evidence.index", slug=g.group.slug)
    return done(_("The card is withdrawn."), to, ("contracting.restore", {"model_id": model_id}, {}))


@bp.post("/<int:model_id>/restore")
def restore(slug: str, model_id: int) -> ResponseReturnValue:
    """Bring a withdrawn card back."""
    with transaction() as (uow, actor):
        contracting.restore_model(uow, actor, model_id=model_id, group_id=group_id())
    to = url_for("contracting.show", slug=slug, model_id=model_id)
    return done(_("The card is back."), to, ("contracting.withdraw", {"model_id": model_id}, {}))
