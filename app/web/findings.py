"""Findings of the Evidence room."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, Invalid
from app.policy import Can, require
from app.services import evidence, findings, items, library
from app.services.findings import FindingForm
from app.web.context import looking, transaction
from app.web.evidence import add_link, choose, done, refused
from app.web.forms import text
from app.web.fragments import fragment, group_id, number
from models.evidence import Finding, Provenance, Strength

bp = Blueprint("findings", __name__)


def _all() -> str:
    return url_for("findings.index", slug=g.group.slug)


def _fields(finding: Finding) -> dict[str, str]:
    return {
        "source_id": str(finding.source_id),
        "text": finding.text,
        "page": finding.page,
        "strength": finding.strength.value,
        "provenance": finding.provenance.value,
        "model_id": str(finding.model_id or ""),
        "stance": finding.stance,
    }


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """Everything that was found, by source."""
    with looking() as (uow, actor):
        found = library.list_findings(uow, actor, group_id=group_id())
        gone = library.list_findings(uow, actor, group_id=group_id(), withdrawn=True)
        may_write = library.may_write(uow, actor, group_id=group_id())
    page = render_template("evidence/findings.html", findings=found, gone=gone, may_write=may_write, here="findings")
    return fragment(page)


@bp.get("/<int:finding_id>")
def show(slug: str, finding_id: int) -> ResponseReturnValue:
    """One finding, and the items it speaks to."""
    with looking() as (uow, actor):
        view = library.read_finding(uow, actor, finding_id=finding_id, group_id=group_id())
        may_write = library.may_write(uow, actor, group_id=group_id())
        linked = {end.id for end in view.items}
        entries = items.tree(uow, actor, group_id(), withdrawn=False) if may_write else []
    choices = [(one.item.id, f"{one.item.reference} {one.title}"[:120]) for one in entries if one.item.id not in linked]
    return fragment(render_template("evidence/finding.html", view=view, may_write=may_write, choices=choices))


def _form(given: Mapping[str, str], errors: dict[str, str], finding: Finding | None = None) -> str:
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.EVIDENCE_WRITE)
        sources = [
            (one.source.id, one.source.cite[:140]) for one in library.list_sources(uow, actor, group_id=group_id())
        ]
        models = [(one.id, one.name) for one in evidence.standing_models(uow.session, group_id())]
    return render_template(
        "evidence/finding_form.html", given=given, errors=errors, finding=finding, sources=sources, models=models
    )


def _read() -> FindingForm:
    return FindingForm(
        source_id=number("source_id"), text=text("text"), page=text("page"), strength=choose(Strength, "strength"),
        provenance=choose(Provenance, "provenance"), model_id=number("model_id"), stance=text("stance"),
    )  # fmt: skip


@bp.get("/add")
def add_form(slug: str) -> ResponseReturnValue:
    """The form for a new finding; ``source_id`` and ``model_id`` in the address are chosen already."""
    given = {"provenance": Provenance.SEEN.value, "strength": Strength.UNKNOWN.value}
    return _form(given | request.args.to_dict(), {})


@bp.post("/add")
def add(slug: str) -> ResponseReturnValue:
    """Note a finding."""
    try:
        form = _read()
        with transaction() as (uow, actor):
            made = findings.add_finding(uow, actor, group_id=group_id(), form=form)
    except Invalid as error:
        return refused(lambda errors: _form(request.form, errors), error, "text")
    to = url_for("findings.show", slug=slug, finding_id=made.id)
    said = _("The finding is noted. Say below which items it speaks to.")
    return done(said, to, ("findings.withdraw", {"finding_id": made.id}, {}))


@bp.get("/<int:finding_id>/edit")
def edit_form(slug: str, finding_id: int) -> ResponseReturnValue:
    """The form that changes a finding."""
    with looking() as (uow, actor):
        finding = findings.access_finding(uow.session, actor, finding_id, Can.EVIDENCE_WRITE, group_id=group_id())
    return _form(_fields(finding), {}, finding)


@bp.post("/<int:finding_id>/edit")
def edit(slug: str, finding_id: int) -> ResponseReturnValue:
    """Change a finding."""
    with looking() as (uow, actor):
        before = findings.access_finding(uow.session, actor, finding_id, Can.EVIDENCE_WRITE, group_id=group_id())
    was = _fields(before)
    try:
        form = _read()
        with transaction() as (uow, actor):
            findings.edit_finding(uow, actor, finding_id=finding_id, form=form, group_id=group_id())
    except Invalid as error:
        return refused(lambda errors: _form(request.form, errors, before), error, "text")
    to = url_for("findings.show", slug=slug, finding_id=finding_id)
    return done(_("The finding is changed."), to, ("findings.edit", {"finding_id": finding_id}, was))


@bp.post("/<int:finding_id>/link")
def link(slug: str, finding_id: int) -> ResponseReturnValue:
    """Say what the finding does to one more item."""
    item_id = number("item_id")
    if item_id is None:
        raise Invalid(_("Choose an item from the list."), fields={"item_id": _("Choose from the list")})
    link_id = add_link(finding_id, item_id)
    to = url_for("findings.show", slug=slug, finding_id=finding_id)
    return done(_("The finding is linked."), to, ("evidence.unlink", {"link_id": link_id}, {"next": to}))


@bp.post("/<int:finding_id>/withdraw")
def withdraw(slug: str, finding_id: int) -> ResponseReturnValue:
    """Take a finding back, with its links."""
    with transaction() as (uow, actor):
        findings.withdraw_finding(uow, actor, finding_id=finding_id, group_id=group_id())
    return done(_("The finding is withdrawn."), _all(), ("findings.restore", {"finding_id": finding_id}, {}))


@bp.post("/<int:finding_id>/restore")
def restore(slug: str, finding_id: int) -> ResponseReturnValue:
    """Bring a withdrawn finding back, with its links."""
    try:
        with transaction() as (uow, actor):
            findings.restore_finding(uow, actor, finding_id=finding_id, group_id=group_id())
    except Conflict as error:
        return done(error.message, _all())
    to = url_for("findings.show", slug=slug, finding_id=finding_id)
    return done(_("The finding is back, with its links."), to, ("findings.withdraw", {"finding_id": finding_id}, {}))
