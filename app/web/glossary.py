"""The glossary: the terms of a group A to Z, and each with the wordings it has had."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.calc.glossary import Glossary
from app.errors import DomainError
from app.policy import Actor, Can, require
from app.services import corrections, glossary
from app.services.glossary import TermForm
from app.uow import UnitOfWork
from app.web import redlines
from app.web.context import looking
from app.web.forms import text, whole_number
from app.web.fragments import command, faults, fragment, group_id, typed

bp = Blueprint("glossary", __name__)


def _read() -> TermForm:
    return TermForm(
        name=text("name", longest=1_000), definition=text("definition"), forms=text("forms").splitlines(),
        reason=text("reason"),
    )  # fmt: skip


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """All terms, A to Z; renewed in place when one changes."""
    with looking() as (uow, actor):
        sheet = glossary.read(uow, actor, group_id=group_id())
    terms = Glossary(glossary.meaning(line.term) for line in sheet.lines)
    # A term is no link in its own definition.
    others = {term.id: terms.without(term) for term in terms.terms}
    return fragment(render_template("glossary/index.html", sheet=sheet, others=others))


@bp.get("/add")
def add_form(slug: str) -> ResponseReturnValue:
    """The form for a new term; ``name`` in the address fills it in."""
    return _new()


def _new(refused: DomainError | None = None) -> str:
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.TERM_WRITE)
    given = (
        typed()
        if refused is not None
        else {"name": request.args.get("name", "")[:80], "forms": "", "definition": "", "reason": ""}
    )
    return render_template("glossary/add.html", given=given, refused=refused, errors=faults(refused))


@bp.post("/add")
def add(slug: str) -> ResponseReturnValue:
    """Define a term."""
    form = _read()

    def define(uow: UnitOfWork, actor: Actor) -> object:
        made = glossary.define(uow, actor, group_id=group_id(), form=form)
        return _("“%(name)s” is defined. It is marked wherever an item uses it.", name=made.name)

    return command(define, to=url_for("glossary.index", slug=slug), page=_new)


@bp.get("/<int:term_id>")
def show(slug: str, term_id: int) -> ResponseReturnValue:
    """One term with every wording it has had, and the form that gives it another."""
    return _page(term_id)


def _page(term_id: int, refused: DomainError | None = None) -> str:
    with looking() as (uow, actor):
        story = glossary.read_term(uow, actor, term_id=term_id, group_id=group_id())
        shifted = corrections.shifted_by(uow, actor, term_id=term_id)
    term = story.line.term
    given = {"name": term.name, "forms": "\n".join(term.forms), "definition": term.definition, "reason": ""}
    kept = refused is not None and "definition" in request.form
    if refused is not None:
        given["reason"] = text("reason")
    changes = {said.wording.number: redlines.texts(said.changed) for said in story.story}
    return render_template(
        "glossary/show.html", story=story, term=term, given=typed() if kept else given, refused=refused, kept=kept,
        errors=faults(refused), changes=changes, shifted=shifted,
    )  # fmt: skip


@bp.post("/<int:term_id>")
def change(slug: str, term_id: int) -> ResponseReturnValue:
    """Give a term another wording; ``number`` is that of the wording its writer saw."""
    form, number = _read(), whole_number(text("number")) or 0
    return command(
        lambda uow, actor: glossary.redefine(
            uow, actor, term_id=term_id, form=form, number=number, group_id=group_id()
        ),
        to=url_for("glossary.show", slug=slug, term_id=term_id),
        said=_("The new definition stands. The earlier one is kept below."),
        page=lambda refused: _page(term_id, refused),
    )


@bp.post("/<int:term_id>/withdraw")
def withdraw(slug: str, term_id: int) -> ResponseReturnValue:
    """Take a term out of the glossary."""
    return command(
        lambda uow, actor: glossary.withdraw(uow, actor, term_id=term_id, group_id=group_id(), reason=text("reason")),
        to=url_for("glossary.index", slug=g.group.slug),
        said=_("The term is withdrawn. It stands at the end of the page, and can be restored."),
        page=lambda refused: _page(term_id, refused),
    )


@bp.post("/<int:term_id>/restore")
def restore(slug: str, term_id: int) -> ResponseReturnValue:
    """Bring a withdrawn term back."""
    return command(
        lambda uow, actor: glossary.restore(uow, actor, term_id=term_id, group_id=group_id(), reason=text("reason")),
        to=url_for("glossary.index", slug=slug, _anchor=f"term-{term_id}"),
        said=_("The term is back in the glossary."),
        page=lambda refused: _page(term_id, refused),
    )


@bp.post("/<int:term_id>/unchanged")
def unchanged(slug: str, term_id: int) -> ResponseReturnValue:
    """Say that a term's change leaves the meaning of what was agreed as it was."""

    def confirm(uow: UnitOfWork, actor: Actor) -> object:
        made = corrections.confirm_term(uow, actor, term_id=term_id, group_id=group_id())
        stand = sum(each.accepted_at is not None for each in made)
        if stand:
            return ngettext(
                "Two sides have confirmed it: the decision stands.",
                "Two sides have confirmed it: %(num)d decisions stand.",
                stand,
            )
        return _("You have confirmed it. Somebody who speaks for another side has to confirm it too.")

    to = url_for("glossary.show", slug=slug, term_id=term_id)
    return command(confirm, to=to, page=lambda refused: _page(term_id, refused))
