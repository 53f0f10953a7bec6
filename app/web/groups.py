"""My groups, a group's overview, and its people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, Forbidden, Invalid
from app.policy import Can, allowed, standing
from app.services import groups, memberships, visits
from app.services import overview as overview_service
from app.services.activity import list_activity
from app.web.context import looking, transaction
from app.web.forms import asked, optional, text
from app.web.fragments import moment
from app.web.homework import with_homework
from app.web.items import outcome
from models.groups import Role

bp = Blueprint("groups", __name__)
PAGE = 50


@bp.get("/")
def overview(slug: str) -> ResponseReturnValue:
    """What is going on in the group."""
    with looking() as (uow, actor):
        seen = overview_service.look(uow, actor, group_id=g.group.id)
    g.look_asked = seen.practice.begun_at if seen.practice is not None else None
    return render_template("groups/overview.html", seen=seen, outcome=outcome)


@bp.post("/read")
def read(slug: str) -> ResponseReturnValue:
    """Take what is new for read, as far as the page showed it; or show again what was."""
    until = moment("until")
    with transaction() as (uow, actor):
        if request.form.get("again"):
            visits.take_back(uow, actor, group_id=g.group.id)
        elif until is not None:
            visits.read_all(uow, actor, group_id=g.group.id, until=until)
    return redirect(url_for("groups.overview", slug=slug, _anchor="since"), 303)


@bp.get("/activity/")
def activity(slug: str) -> ResponseReturnValue:
    """All that happened, newest first, a page at a time."""
    before = asked("before")
    with looking() as (uow, actor):
        lines = list_activity(uow, actor, group_id=g.group.id, before_id=before, limit=PAGE + 1)
    more = lines[PAGE - 1].id if len(lines) > PAGE else None
    return render_template("groups/activity.html", lines=lines[:PAGE], more=more)


@bp.get("/description")
def description(slug: str) -> ResponseReturnValue:
    """The form in which facilitators say what the group is for."""
    if not allowed(g.role, Can.GROUP_EDIT):
        raise Forbidden(_("Only facilitators describe the group."))
    return render_template("groups/description.html", purpose=g.group.purpose, setting=g.group.setting, errors={})


@bp.post("/description")
def describe(slug: str) -> ResponseReturnValue:
    """Say what the group is for."""
    purpose, setting = text("purpose"), text("setting")
    try:
        with transaction() as (uow, actor):
            groups.describe_group(uow, actor, group_id=g.group.id, purpose=purpose, setting=setting)
    except Invalid as error:
        page = render_template("groups/description.html", purpose=purpose, setting=setting, errors=error.fields)
        return page, 422
    flash(_("The description is saved."), "success")
    return redirect(url_for("groups.overview", slug=slug))


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise Invalid("Choose a role", fields={"role": "Choose a role"}) from None


def _people(status: int = 200, **values: Any) -> ResponseReturnValue:
    manages = g.role is not None and allowed(g.role, Can.PEOPLE_MANAGE)
    with looking() as (uow, actor):
        shown = {
            "members": memberships.members(uow, actor, group_id=g.group.id),
            "constituencies": groups.constituencies(uow.session, g.group.id),
            "invitations": memberships.open_invitations(uow, actor, group_id=g.group.id) if manages else [],
            "now": uow.now,
            "me": actor.person_id,
        }
    defaults = {"manages": manages, "roles": memberships.GIVEN, "role_words": memberships.ROLE_WORDS}
    return render_template("groups/people.html", **{**shown, **defaults, "errors": {}, "typed": {}, **values}), status


@bp.get("/people/")
def people(slug: str) -> ResponseReturnValue:
    """Who is in the group, for whom they speak, and who has been invited."""
    return _people()


@bp.post("/people/invite")
def invite(slug: str) -> ResponseReturnValue:
    """Invite somebody by mail."""
    try:
        with transaction() as (uow, actor):
            memberships.invite(
                uow,
                actor,
                group_id=g.group.id,
                email=text("email", longest=300),
                name=text("name", longest=200),
                role=_role(text("role")),
                constituency=optional("constituency"),
            )
    except (Invalid, Conflict) as error:
        return _people(error.status, errors=error.fields or {"email": error.message}, typed=request.form.to_dict())
    flash(_("The invitation is on its way."), "success")
    return redirect(url_for("groups.people", slug=slug))


@bp.post("/people/invitations/<int:invitation_id>/<any(resend, revoke):what>")
def change_invitation(slug: str, invitation_id: int, what: str) -> ResponseReturnValue:
    """Mail an invitation again, or take it back."""
    act = memberships.resend if what == "resend" else memberships.revoke_invitation
    with transaction() as (uow, actor):
        act(uow, actor, group_id=g.group.id, invitation_id=invitation_id)
    flash(_("Mailed again.") if what == "resend" else _("The invitation no longer works."), "success")
    return redirect(url_for("groups.people", slug=slug))


@bp.post("/people/<int:membership_id>")
def change(slug: str, membership_id: int) -> ResponseReturnValue:
    """Give a person another role or constituency."""
    try:
        with transaction() as (uow, actor):
            row, orphaned = memberships.change(
                uow,
                actor,
                group_id=g.group.id,
                membership_id=membership_id,
                role=_role(text("role")),
                constituency=optional("constituency"),
            )
    except Invalid as error:
        flash(error.message, "error")
        return redirect(url_for("groups.people", slug=slug))
    said = _("Changed: %(name)s.", name=row.person.name)
    flash(with_homework(said, "nobody_now", orphaned, slug), "success")
    return redirect(url_for("groups.people", slug=slug))


@bp.post("/people/<int:membership_id>/remove")
def remove(slug: str, membership_id: int) -> ResponseReturnValue:
    """Take a person out of the group, or leave it oneself."""
    try:
        with transaction() as (uow, actor):
            orphaned = memberships.remove(uow, actor, group_id=g.group.id, membership_id=membership_id)
            has_left = standing(uow.session, actor, g.group.id) is None
    except Invalid as error:
        flash(error.message, "error")
        return redirect(url_for("groups.people", slug=slug))
    if has_left:  # no page of the group is theirs any more
        flash(_("You have left %(group)s. What you wrote stays there.", group=g.group.name), "success")
        return redirect(url_for("home.home"), 303)
    said = with_homework(_("Done. What they wrote stays in the group."), "nobody_now", orphaned, slug)
    flash(said, "success")
    return redirect(url_for("groups.people", slug=slug))


@bp.post("/people/constituencies")
def add_constituency(slug: str) -> ResponseReturnValue:
    """Add to the list of whom people speak for."""
    try:
        with transaction() as (uow, actor):
            groups.add_constituency(
                uow, actor, group_id=g.group.id, name=text("name"), tag=text("tag"), bloc=text("bloc")
            )
    except Invalid as error:
        errors = {f"constituency_{field}": sentence for field, sentence in error.fields.items()}
        return _people(422, errors=errors, typed=request.form.to_dict())
    flash(_("Added."), "success")
    return redirect(url_for("groups.people", slug=slug))


@bp.post("/people/constituencies/<int:constituency_id>/retire")
def retire_constituency(slug: str, constituency_id: int) -> ResponseReturnValue:
    """Take one off the list; those who speak for it keep it until changed."""
    with transaction() as (uow, actor):
        groups.retire_constituency(uow, actor, group_id=g.group.id, constituency_id=constituency_id)
    flash(_("Taken off the list."), "success")
    return redirect(url_for("groups.people", slug=slug))
