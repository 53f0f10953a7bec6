"""The blueprint as files: which, in what form, and what goes along."""

from __future__ import annotations

from dataclasses import fields

from flask import Blueprint, Response, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import NotFound
from app.policy import Can, allowed
from app.services import exports, versions
from app.services.companions import Including
from app.services.version_files import File
from app.web.context import looking
from app.web.forms import whole_number

bp = Blueprint("exports", __name__)

DRAFT = "draft"
#: Ticked unless somebody says otherwise.
USUAL = ("evidence", "definitions", "decisions")


def form_words() -> dict[str, tuple[str, str]]:
    """What a blueprint can be had as, with what each is good for."""
    return {
        "docx": (_("Word"), _("To read, print or edit. Changes made in it come back as suggestions.")),
        "pdf": (_("PDF"), _("To read and print, with contents and bookmarks.")),
        "md": (_("Markdown"), _("Plain text with simple marks.")),
        "csv": (_("CSV"), _("A line for each item, for a spreadsheet.")),
        "json": (_("JSON"), _("For programs and other servers. A version’s can be checked by its fingerprint.")),
    }


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """What can be had, as one form."""
    with looking() as (uow, actor):
        entries = versions.list_versions(uow, actor, group_id=g.group.id)
    what = request.args.get("what", DRAFT)
    return render_template(
        "exports/index.html", entries=entries, forms=form_words(), usual=USUAL, what=what,
        may_return=allowed(g.role, Can.TEXT_SUGGEST),
    )  # fmt: skip


@bp.get("/file")
def file(slug: str) -> ResponseReturnValue:
    """The draft or a version as a file: ``what``, in which ``form``, and ``with`` what beside it."""
    what, form = request.args.get("what", DRAFT), request.args.get("form", "docx")
    wanted = set(request.args.getlist("with"))
    including = Including(**{each.name: each.name in wanted for each in fields(Including)})
    with looking() as (uow, actor):
        if what == DRAFT:
            made = exports.export_draft(uow, actor, group_id=g.group.id, form=form, including=including)
        else:
            number = whole_number(what)
            if number is None:
                raise NotFound()
            made = exports.export_version(
                uow, actor, group_id=g.group.id, number=number, form=form, including=including
            )
    return attached(made)


def attached(made: File) -> Response:
    """A file of the group that the browser keeps instead of showing it."""
    answer = Response(made.body, content_type=made.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{g.group.slug}-{made.name}"'
    return answer
