"""The decision log, and each decision with what has become of its words since."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.policy import Actor
from app.services import corrections, decisions, minutes
from app.uow import UnitOfWork
from app.web import redlines
from app.web.context import looking
from app.web.fragments import command, group_id, number
from app.web.meetings import file_answer

bp = Blueprint("decisions", __name__)


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """All decisions, newest first."""
    with looking() as (uow, actor):
        lines = decisions.list_decisions(uow, actor, group_id=group_id())
    return render_template("decisions/index.html", lines=lines)


def _page(decision_id: int, refused: DomainError | None = None) -> str:
    with looking() as (uow, actor):
        page = decisions.read_decision(uow, actor, decision_id=decision_id, group_id=group_id())
    changed = [
        (
            each.term,
            each.field.value if each.field is not None else "",
            redlines.marked(each.then, each.now, each.field),
        )
        for each in page.changed
    ]
    return render_template("decisions/show.html", page=page, line=page.line, changed=changed, refused=refused)


@bp.get("/<int:decision_id>")
def show(slug: str, decision_id: int) -> ResponseReturnValue:
    """One decision: the words it was taken on, the vote, and what has changed since."""
    return _page(decision_id)


@bp.post("/<int:decision_id>/correction")
def correct(slug: str, decision_id: int) -> ResponseReturnValue:
    """Call the change since a minor correction, or confirm one."""
    given = number("correction_id")

    def carry_out(uow: UnitOfWork, actor: Actor) -> object:
        page = decisions.read_decision(uow, actor, decision_id=decision_id, group_id=group_id())
        if not request.form.get("correction_id"):
            made = corrections.propose_correction(uow, actor, decision_id=decision_id)
        elif given is not None and given in {each.correction.id for each in page.corrections}:
            made = corrections.confirm_correction(uow, actor, correction_id=given)
        else:
            raise NotFound()
        if made.accepted_at is not None:
            return _("Two sides have confirmed it: the decision stands.")
        return _("You have confirmed it. Somebody who speaks for another side has to confirm it too.")

    to = url_for("decisions.show", slug=slug, decision_id=decision_id)
    return command(carry_out, to=to, page=lambda refused: _page(decision_id, refused))


@bp.get("/log.docx")
def log_file(slug: str) -> ResponseReturnValue:
    """The decision log as a Word file."""
    with looking() as (uow, actor):
        return file_answer(*minutes.decision_log_file(uow, actor, group_id=group_id()))
