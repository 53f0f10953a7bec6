"""Bringing a Word document back, looking at what it would change, and making suggestions of it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from app.calc.wordpackages import MAX_BYTES
from app.errors import Invalid
from app.services import returns
from app.services.returns import Besides, Preview, Proposed
from app.web import redlines
from app.web.context import looking, transaction
from app.web.forms import text
from app.web.fragments import command, faults, numbers
from app.web.history import field_words
from models.documents import Field

bp = Blueprint("returns", __name__)


@dataclass(frozen=True)
class Shown:
    """A proposal as the page shows it: the places that would change, marked, and whose changes these are.

    ``whole`` is all of the text, marked, where there is more of it than those places.
    """

    proposed: Proposed
    marked: Markup
    whole: Markup | None
    who: str


@dataclass(frozen=True)
class Rest:
    """What can be no suggestion, all of one sort under one heading."""

    heading: str
    explained: str
    lines: list[Besides]


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """The form for a document, and those I brought back before."""
    return _index(None)


def _index(refused: Invalid | None) -> str:
    with looking() as (uow, actor):
        mine = returns.list_mine(uow, actor, group_id=g.group.id)
    typed = request.form if refused is not None else {}
    return render_template(
        "returns/index.html", mine=mine, errors=faults(refused), edited_by=typed.get("edited_by", "")
    )


@bp.post("/")
def bring(slug: str) -> ResponseReturnValue:
    """Read the document and go on to what it would change; nothing of the blueprint changes yet."""
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Invalid("", fields={"file": _("Choose the Word document that came back.")})
        data = given.stream.read(MAX_BYTES + 1)
        with looking() as (uow, actor):  # reading and comparing takes a while: nobody has to wait for it
            examined = returns.examine(uow, actor, group_id=g.group.id, data=data)
        with transaction() as (uow, actor):
            kept = returns.keep(
                uow, actor, examined, group_id=g.group.id, file_name=given.filename, edited_by=text("edited_by")
            )
    except Invalid as refused:
        return _index(refused), refused.status
    return redirect(url_for("returns.show", slug=slug, return_id=kept.id), 303)


@bp.get("/<int:return_id>")
def show(slug: str, return_id: int) -> ResponseReturnValue:
    """What the document would change, item by item, each with a tick, and all that can be no suggestion."""
    return _show(return_id)


def _show(return_id: int, refused: Invalid | None = None) -> str:
    with looking() as (uow, actor):
        preview = returns.preview(uow, actor, return_id=return_id, group_id=g.group.id)
    shown: dict[str, list[Shown]] = {}
    for each in preview.proposals:
        who = returns.reason(each.authors, preview.document.edited_by, mixed=each.mixed)
        marked, is_part = redlines.passages(each.before, each.after, each.field)
        line = Shown(each, marked, redlines.marked(each.before, each.after, each.field) if is_part else None, who)
        shown.setdefault(each.reference, []).append(line)
    return render_template(
        "returns/show.html", preview=preview, shown=shown, was=_was(preview), fields=field_words(), rest=_rest(preview),
        errors=faults(refused), chosen=request.form.getlist("chosen") if refused is not None else None,
        remarks=request.form.getlist("remarks") if refused is not None else None,
    )  # fmt: skip


@bp.post("/<int:return_id>/suggestions")
def make(slug: str, return_id: int) -> ResponseReturnValue:
    """Make suggestions of what is ticked, and comments of the ticked comments."""
    ticked = {name: numbers(name) for name in ("chosen", "remarks")}
    try:
        with transaction() as (uow, actor):
            made, said = returns.make(uow, actor, return_id=return_id, group_id=g.group.id, **ticked)
    except Invalid as refused:
        return _show(return_id, refused), refused.status
    if made:
        flash(ngettext("%(num)d suggestion is made.", "%(num)d suggestions are made.", made), "success")
    if said:
        flash(ngettext("%(num)d comment is made.", "%(num)d comments are made.", said), "success")
    if not made and not said:
        flash(_("Nothing was made: what you ticked waits already, or cannot be suggested now."), "info")
    return redirect(url_for("returns.show", slug=slug, return_id=return_id), 303)


@bp.post("/<int:return_id>/discard")
def discard(slug: str, return_id: int) -> ResponseReturnValue:
    """Put the document aside; suggestions made of it stay."""
    return command(
        lambda uow, actor: returns.discard(uow, actor, return_id=return_id, group_id=g.group.id),
        to=url_for("returns.index", slug=slug),
        said=_("The document is put aside. Suggestions made of it stay."),
        page=lambda refused: _show(return_id),
    )


def _was(preview: Preview) -> dict[int, Markup]:
    """What was changed in lines that only inform, where it is known what they were, by their numbers."""
    known = [each for each in preview.loose if each.loose.was]
    return {each.number: redlines.marked(each.loose.was, each.loose.text, Field.TITLE) for each in known}


def _rest(preview: Preview) -> list[Rest]:
    sorts = {
        "hidden": (
            _("Hidden text"),
            _(
                "Word seldom shows it and does not print it: perhaps it is a private note. It is not suggested; only "
                "you see it here. What should be suggested must be made visible in Word first."
            ),
        ),
        "symbol": (
            _("Signs we cannot read"),
            _(
                "Word takes them from a font of pictures, which does not say what they are: they are left out of the "
                "words, or stand in them as the letters that were typed. Where one matters, write it in words. Each "
                "with its font, and the words before it:"
            ),
        ),
        "comment": (_("Comments in the margin"), _("Tick those that should become comments on the item.")),
        "new": (
            _("New headings, with what stands under them"),
            _(
                "They belong to no item yet. To make items of them, copy them into a document of their own and add it "
                "under Blueprint, Add from Word."
            ),
        ),
        "paragraph": (_("Words between the items"), _("They stand where no text can be changed.")),
        "table": (_("Tables"), _("A text of the blueprint holds no table.")),
        "deleted": (_("Items taken out"), _("A document cannot withdraw an item: a facilitator can.")),
        "no title": (_("Headings taken out"), _("An item keeps its title; what stands under it was read.")),
        "moved": (_("Items in another place"), _("They stay where they were; their words were read.")),
        "reference": (_("References changed"), _("A reference never changes. The words were read.")),
        "line": (_("Lines changed that only inform"), _("Evidence, decisions and grey lines belong to no text.")),
        "lines gone": (_("Lines taken out that only inform"), _("Nothing leaves the blueprint by this. How many:")),
        "label": (_("Labels taken out"), _("The words below were recognised all the same; look at them closely.")),
        "struck": (_("Words struck through by hand"), _("They were not deleted, so no suggestion takes them out.")),
        "marked": (
            _("Words underlined, highlighted, raised or lowered"),
            _(
                "A text of the blueprint holds none of this. Where a figure is raised or lowered, look closely: it now "
                "reads as a part of what stands before it. Words such as “to the power of 6” say it safely."
            ),
        ),
        "footnote": (_("Footnotes"), _("A text of the blueprint holds no footnote.")),
        "equation": (_("Equations"), _("A text of the blueprint holds no equation.")),
        "picture": (
            _("Pictures, text boxes and documents put in"), _("A text of the blueprint holds none of these."),
        ),
        "too long": (_("Texts that have become too long"), _("A text of the blueprint holds 100,000 letters at most.")),
        "margin": (_("Words above or below the pages"), _("They belong to no item.")),
    }  # fmt: skip
    rest = []
    for what, (heading, explained) in sorts.items():
        lines = [each for each in preview.loose if each.loose.what == what]
        if lines:
            rest.append(Rest(heading, explained, lines))
    return rest
