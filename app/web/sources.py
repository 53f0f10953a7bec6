"""Sources of the Evidence room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, Invalid
from app.policy import Can, require
from app.services import library, sources
from app.web.context import looking, transaction
from app.web.evidence import choose, done, refused
from app.web.forms import text
from app.web.fragments import fragment, group_id
from models.evidence import Provenance, Source

bp = Blueprint("sources", __name__)


def _all() -> str:
    return url_for("sources.index", slug=g.group.slug)


def _fields(source: Source) -> dict[str, str]:
    return {"cite": source.cite, "doi": source.doi, "url": source.url, "provenance": source.provenance.value}


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """Everything that is cited."""
    with looking() as (uow, actor):
        found = library.list_sources(uow, actor, group_id=group_id())
        gone = library.list_sources(uow, actor, group_id=group_id(), withdrawn=True)
        may_write = library.may_write(uow, actor, group_id=group_id())
    return fragment(
        render_template("evidence/sources.html", sources=found, gone=gone, may_write=may_write, here="sources")
    )


@bp.get("/<int:source_id>")
def show(slug: str, source_id: int) -> ResponseReturnValue:
    """One source and what was found in it."""
    with looking() as (uow, actor):
        source, found = library.read_source(uow, actor, source_id=source_id, group_id=group_id())
        may_write = library.may_write(uow, actor, group_id=group_id())
    return fragment(render_template("evidence/source.html", source=source, findings=found, may_write=may_write))


def _form(given: Mapping[str, str], errors: dict[str, str], source: Source | None = None) -> str:
    return render_template("evidence/source_form.html", given=given, errors=errors, source=source)


@bp.get("/add")
def add_form(slug: str) -> ResponseReturnValue:
    """The form for a new source."""
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.EVIDENCE_WRITE)
    return _form({"provenance": Provenance.GIVEN.value}, {})


@bp.post("/add")
def add(slug: str) -> ResponseReturnValue:
    """Add a source."""
    try:
        provenance = choose(Provenance, "provenance")
        with transaction() as (uow, actor):
            made = sources.add_source(
                uow, actor, group_id=group_id(), cite=text("cite"), doi=text("doi"), url=text("url"),
                provenance=provenance,
            )  # fmt: skip
    except Invalid as error:
        return refused(lambda errors: _form(request.form, errors), error, "cite")
    to = url_for("sources.show", slug=slug, source_id=made.id)
    return done(_("The source is in the room."), to, ("sources.withdraw", {"source_id": made.id}, {}))


@bp.get("/<int:source_id>/edit")
def edit_form(slug: str, source_id: int) -> ResponseReturnValue:
    """The form that changes a source."""
    with looking() as (uow, actor):
        source = sources.access_source(uow.session, actor, source_id, Can.EVIDENCE_WRITE, group_id=group_id())
    return _form(_fields(source), {}, source)


@bp.post("/<int:source_id>/edit")
def edit(slug: str, source_id: int) -> ResponseReturnValue:
    """Change a source."""
    with looking() as (uow, actor):
        before = sources.access_source(uow.session, actor, source_id, Can.EVIDENCE_WRITE, group_id=group_id())
    was = _fields(before)
    try:
        provenance = choose(Provenance, "provenance")
        with transaction() as (uow, actor):
            sources.edit_source(
                uow, actor, source_id=source_id, cite=text("cite"), doi=text("doi"), url=text("url"),
                provenance=provenance, group_id=group_id(),
            )  # fmt: skip
    except Invalid as error:
        return refused(lambda errors: _form(request.form, errors, before), error, "cite")
    to = url_for("sources.show", slug=slug, source_id=source_id)
    return done(_("The source is changed."), to, ("sources.edit", {"source_id": source_id}, was))


@bp.post("/<int:source_id>/withdraw")
def withdraw(slug: str, source_id: int) -> ResponseReturnValue:
    """Take a source out of the room, unless findings rest on it."""
    ids: dict[str, Any] = {"source_id": source_id}
    try:
        with transaction() as (uow, actor):
            sources.withdraw_source(uow, actor, source_id=source_id, group_id=group_id())
    except Conflict as error:
        return done(error.message, url_for("sources.show", slug=slug, source_id=source_id))
    return done(_("The source is withdrawn."), _all(), ("sources.restore", ids, {}))


@bp.post("/<int:source_id>/restore")
def restore(slug: str, source_id: int) -> ResponseReturnValue:
    """Bring a withdrawn source back."""
    with transaction() as (uow, actor):
        sources.restore_source(uow, actor, source_id=source_id, group_id=group_id())
    return done(_("The source is back."), _all(), ("sources.withdraw", {"source_id": source_id}, {}))
