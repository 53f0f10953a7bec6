"""The action log: what is to be done, by whom and when."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import DomainError
from app.policy import Actor, Can, allowed
from app.services import actions, minutes
from app.uow import UnitOfWork
from app.web import console
from app.web.context import looking
from app.web.fragments import command, day, faults, group_id, number, typed
from app.web.meetings import file_answer

bp = Blueprint("actions", __name__)


def _page(refused: DomainError | None = None, action_id: int | None = None) -> str:
    with looking() as (uow, actor):
        lines = actions.list_actions(uow, actor, group_id=group_id())
        owners = actions.owners(uow, group_id())
    return render_template(
        "actions/index.html", lines=lines, owners=owners, refused=refused, errors=faults(refused), typed=typed(),
        action_id=action_id, may_write=allowed(g.role, Can.ACTION_WRITE),
    )  # fmt: skip


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """All actions: open ones first."""
    return _page()


@bp.post("")
def add(slug: str) -> ResponseReturnValue:
    """Note an action, from the log or from a session's console."""
    meeting_id = number("meeting_id")

    def note(uow: UnitOfWork, actor: Actor) -> object:
        actions.add_action(
            uow, actor, group_id=group_id(), what=request.form.get("what", ""), owner_id=number("owner_id"),
            due_on=day("due_on"), meeting_id=meeting_id, item_id=number("item_id"),
        )  # fmt: skip
        return _("The action is noted.")

    if meeting_id is not None and request.form.get("from") == "console":
        to = url_for("console.show", slug=slug, meeting_id=meeting_id)
        return command(note, to=to, page=lambda refused: console.page(meeting_id, refused))
    return command(note, to=url_for("actions.index", slug=slug), page=_page)


@bp.post("/<int:action_id>")
def edit(slug: str, action_id: int) -> ResponseReturnValue:
    """Change an action's words, owner or date."""

    def keep(uow: UnitOfWork, actor: Actor) -> object:
        actions.edit_action(
            uow, actor, action_id=action_id, group_id=group_id(), what=request.form.get("what", ""),
            owner_id=number("owner_id"), due_on=day("due_on"),
        )  # fmt: skip
        return _("The action is saved.")

    to = url_for("actions.index", slug=slug)
    return command(keep, to=to, page=lambda refused: _page(refused, action_id))


@bp.post("/<int:action_id>/done")
def done(slug: str, action_id: int) -> ResponseReturnValue:
    """Say that an action is done, or not after all."""
    is_done = request.form.get("done") == "yes"

    def mark(uow: UnitOfWork, actor: Actor) -> object:
        action = actions.set_done(uow, actor, action_id=action_id, group_id=group_id(), done=is_done)
        words = _("Action %(number)s is done.") if is_done else _("Action %(number)s is open again.")
        return words % {"number": action.number}

    return command(mark, to=url_for("actions.index", slug=slug), page=_page)


@bp.get("/log.docx")
def log_file(slug: str) -> ResponseReturnValue:
    """The action log as a Word file."""
    with looking() as (uow, actor):
        return file_answer(*minutes.action_log_file(uow, actor, group_id=group_id()))
