"""Frozen versions: the list, locking one, reading and printing it, its files, and the difference to another."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, Invalid, NotFound
from app.policy import Can, allowed
from app.services import dispositions, exports, history, versions
from app.services.version_files import grounds
from app.web import redlines
from app.web.context import looking, nothing_stored, transaction
from app.web.exports import attached
from app.web.forms import asked, text, whole_number

bp = Blueprint("versions", __name__)


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """All versions, newest first."""
    with looking() as (uow, actor):
        entries = versions.list_versions(uow, actor, group_id=g.group.id)
    return render_template("versions/index.html", entries=entries, may_freeze=allowed(g.role, Can.VERSION_FREEZE))


@bp.get("/new")
def new(slug: str) -> ResponseReturnValue:
    """What locking would copy, and the form that does it."""
    return _new({}, {}), 200


@bp.post("/new")
def freeze(slug: str) -> ResponseReturnValue:
    """Lock the blueprint as it stands."""
    chosen = text("decision_id")
    try:
        if chosen and whole_number(chosen) is None:
            raise Invalid("", fields={"decision_id": _("Choose a decision from the list")})
        with transaction() as (uow, actor):
            frozen = versions.freeze(
                uow, actor, group_id=g.group.id, title=text("title"), decision_id=whole_number(chosen),
                reason=text("reason"), with_ideas=text("with_ideas") == "yes", with_parked=text("with_parked") == "yes",
                number=whole_number(text("number")),
            )  # fmt: skip
    except Conflict as meanwhile:
        nothing_stored()
        flash(_("%(sentence)s Look at it before you lock another.", sentence=meanwhile.message), "info")
        return redirect(url_for("versions.index", slug=slug), 303)
    except Invalid as refusal:
        return _new(request.form, refusal.fields or {"title": refusal.message}), 422
    return redirect(url_for("versions.version", slug=slug, version_id=frozen.id), 303)


def _new(typed: object, errors: dict[str, str]) -> str:
    given = request.values
    with looking() as (uow, actor):
        preview = versions.preview(
            uow, actor, group_id=g.group.id, with_ideas=given.get("with_ideas") == "yes",
            with_parked=given.get("with_parked") == "yes",
        )  # fmt: skip
    decisions = [(each.id, f"{each.number}: {each.sentence[:100]}") for each in preview.decisions]
    return render_template(
        "versions/new.html", preview=preview, decisions=decisions, typed=typed, errors=errors, shown=given
    )


@bp.get("/<int:version_id>")
def version(slug: str, version_id: int) -> ResponseReturnValue:
    """One version to read and print, with its fingerprint and how to check it."""
    with looking() as (uow, actor):
        whole = versions.read(uow, actor, version_id=version_id)
    if whole.version.group_id != g.group.id:
        raise NotFound()
    return render_template(
        "versions/show.html", whole=whole, grounds=grounds(whole), terms=versions.meanings(whole.terms)
    )


@bp.get("/<int:version_id>/difference")
def difference(slug: str, version_id: int) -> ResponseReturnValue:
    """What changed between this version and another, ``to``, or the blueprint of now, item by item."""
    other_id = asked("to")
    with looking() as (uow, actor):
        found = versions.compare(uow, actor, version_id=version_id, other_id=other_id)
        group, references = found.older.group_id, [each.reference for each in found.items]
        because = dispositions.behind(uow.session, group_id=group, references=references)
        causes = history.causes(
            uow.session, group_id=group, references=references, since=found.older.frozen_at,
            until=found.newer.frozen_at if found.newer else uow.now,
        )  # fmt: skip
    if found.older.group_id != g.group.id:
        raise NotFound()
    return render_template(
        "versions/difference.html", older=found.older, newer=found.newer, changes=found.items, terms=found.terms,
        marked={change.reference: redlines.texts(change.texts) for change in found.items},
        meant={term.name: redlines.texts(term.texts) for term in found.terms}, because=because, causes=causes,
    )  # fmt: skip


@bp.get("/<int:version_id>/version.<form>")
def download(slug: str, version_id: int, form: str) -> ResponseReturnValue:
    """The version as a file, in one of ``exports.FORMS``."""
    with looking() as (uow, actor):
        found = versions.access_version(uow.session, actor, version_id, Can.VERSION_READ)
        if found.group_id != g.group.id:
            raise NotFound()
        file = exports.export_version(uow, actor, group_id=found.group_id, number=found.number, form=form)
    return attached(file)
