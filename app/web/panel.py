"""The panel manager's panel: experts, invitations, reminders; and experts' comments on their way to the group."""

from __future__ import annotations

from collections.abc import Container, Mapping

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.errors import Conflict, Invalid, NotFound
from app.policy import Actor, Can
from app.services import panel, remarks, seats
from app.services.panel import SeatForm
from app.services.rounds import access_panel
from app.uow import UnitOfWork
from app.web.context import looking, transaction
from app.web.forms import text, whole_number
from app.web.fragments import number, numbers, places
from app.web.validation import check, round_page, to_round

bp = Blueprint("panel", __name__)


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """Everybody on the panel, and the forms to add more."""
    return _index({}, {})


def _index(
    typed: Mapping[str, str], errors: dict[str, str], correcting: int | None = None, *, has_left: bool = False
) -> str:
    """The page as a form of it was refused: the one that corrects an expert, or those that add some."""
    with looking() as (uow, actor):
        members = panel.list_members(uow, actor, group_id=g.group.id)
    return render_template(
        "panel/index.html", members=members, typed=typed, errors=errors, correcting=correcting, has_left=has_left
    )


@bp.post("/experts")
def add(slug: str) -> ResponseReturnValue:
    """Add one expert."""
    expertise = tuple(each.strip() for each in text("expertise").replace(";", ",").split(",") if each.strip())
    form = SeatForm(
        text("name"), text("email"), text("scope"), text("country"), text("organisation_type"), expertise,
        text("role"), text("is_pilot") == "yes", text("language"), text("comes_back") == "yes",
    )  # fmt: skip
    try:
        with transaction() as (uow, actor):
            found = panel.panel_of(uow, actor, group_id=g.group.id)
            panel.add_expert(uow, actor, panel_id=found.id, form=form)
    except Invalid as refusal:
        return _index(request.form, refusal.fields, has_left=refusal.code == "left"), 422
    except Conflict as refusal:
        return _index(request.form, {"email": refusal.message}), 409
    flash(_("%(name)s is on the panel.", name=form.name), "success")
    return redirect(url_for("panel.index", slug=slug), 303)


@bp.post("/table")
def add_table(slug: str) -> ResponseReturnValue:
    """Add the experts of a table that was pasted or chosen as a file."""
    table = text("table", longest=panel.LARGEST_TABLE + 1)
    try:
        given = request.files.get("file")
        if given is not None and given.filename:
            table = panel.read_table(given.stream.read(panel.LARGEST_TABLE + 1))
        with transaction() as (uow, actor):
            found = panel.panel_of(uow, actor, group_id=g.group.id)
            count = panel.add_experts(uow, actor, panel_id=found.id, table=table)
    except Invalid as refusal:
        return _index({"table": table}, refusal.fields), 422  # a file's lines too can be mended where they are shown
    flash(ngettext("%(num)d expert was added.", "%(num)d experts were added.", count), "success")
    return redirect(url_for("panel.index", slug=slug), 303)


@bp.post("/experts/<int:expert_id>")
def correct(slug: str, expert_id: int) -> ResponseReturnValue:
    """Put right an expert's name, address, role or language."""
    try:
        with transaction() as (uow, actor):
            found = panel.panel_of(uow, actor, group_id=g.group.id)
            sent = seats.correct_expert(
                uow, actor, panel_id=found.id, expert_id=expert_id, name=text("name"), email=text("email"),
                role=text("role"), language=text("language"),
            )  # fmt: skip
    except Invalid as refusal:
        errors = {f"{name}-{expert_id}": words for name, words in refusal.fields.items()}
        return _index(request.form, errors, expert_id), 422
    except Conflict as refusal:
        return _index(request.form, {f"email-{expert_id}": refusal.message}, expert_id), 409
    said = _("Saved.")
    if sent:
        said = _("Saved. A new link is on its way to the new address; the old one opens nothing any more.")
    flash(said, "success")
    return redirect(url_for("panel.index", slug=slug, _anchor=f"expert-{expert_id}"), 303)


@bp.post("/experts/<int:expert_id>/remove")
def remove(slug: str, expert_id: int) -> ResponseReturnValue:
    """Take an expert off the panel."""
    try:
        with transaction() as (uow, actor):
            found = panel.panel_of(uow, actor, group_id=g.group.id)
            access_panel(uow.session, actor, found.id, Can.ROUND_MANAGE)
            panel.remove_expert(uow, actor, panel_id=found.id, expert_id=expert_id, reason=text("reason"))
    except Invalid as refusal:
        return _index({}, {f"reason-{expert_id}": refusal.fields.get("reason", refusal.message)}), 422
    flash(_("The expert is off the panel."), "info")
    return redirect(url_for("panel.index", slug=slug), 303)


@bp.post("/rounds/<int:round_id>/experts/<int:expert_id>/link")
def resend(slug: str, round_id: int, expert_id: int) -> ResponseReturnValue:
    """Send one expert the link again."""
    with transaction() as (uow, actor):
        check(uow, actor, round_id, Can.ROUND_MANAGE)
        name, is_new = seats.resend_link(uow, actor, round_id=round_id, expert_id=expert_id)
    if is_new:
        flash(_("The link is on its way to %(name)s.", name=name), "success")
    else:
        flash(_("%(name)s was sent the link a moment ago: no second mail goes out.", name=name), "info")
    return to_round(slug, round_id)


@bp.post("/rounds/<int:round_id>/remind")
def remind(slug: str, round_id: int) -> ResponseReturnValue:
    """Remind those who have not sent."""
    with transaction() as (uow, actor):
        check(uow, actor, round_id, Can.ROUND_MANAGE)
        reminded, held = seats.remind(uow, actor, round_id=round_id)
    words = _("No reminder was sent.")
    if reminded:
        words = ngettext("%(num)d reminder is on its way.", "%(num)d reminders are on their way.", reminded)
    if held:
        words += " " + ngettext(
            "%(num)d expert who has not sent was not written to: too early, or reminded often enough.",
            "%(num)d experts who have not sent were not written to: too early, or reminded often enough.",
            held,
        )
    flash(words, "success" if reminded else "info")
    return to_round(slug, round_id)


@bp.post("/rounds/<int:round_id>/invite")
def invite(slug: str, round_id: int) -> ResponseReturnValue:
    """Invite one more expert to an open round."""
    chosen = text("expert_id")
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 10):
        raise NotFound()
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            seats.invite_later(
                uow, actor, round_id=round_id, expert_id=int(chosen), reason=text("reason"),
                in_place_of=whole_number(text("in_place_of")),
            )  # fmt: skip
        flash(_("The invitation is on its way."), "success")
    except Invalid as refusal:
        errors = {f"invite-{name}": words for name, words in refusal.fields.items()}
        return round_page(round_id, errors or {"invite-reason": refusal.message}), 422
    return to_round(slug, round_id)


@bp.get("/rounds/<int:round_id>/comments")
def comments(slug: str, round_id: int) -> ResponseReturnValue:
    """Experts' comments: what the group may read of them."""
    with looking() as (uow, actor):
        round_ = check(uow, actor, round_id, Can.REMARK_RELEASE)
        waiting = remarks.list_remarks(uow, actor, round_id=round_id)
    return render_template("panel/comments.html", comments=waiting, round_id=round_id, round=round_)


@bp.post("/rounds/<int:round_id>/comments")
def settle_comments(slug: str, round_id: int) -> ResponseReturnValue:
    """Keep which words are marked in all comments of the page; then release or withhold one, or release all."""
    below = next((f"#comment-{one}" for name in ("release", "withhold") if (one := number(name)) is not None), "")
    try:
        marks = {one: places(f"removed-{one}") for one in numbers("seen")}
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.REMARK_RELEASE)
            remarks.mark(uow, actor, round_id=round_id, marks=marks)
        with transaction() as (uow, actor):  # of its own: what was marked is kept where the rest is refused
            check(uow, actor, round_id, Can.REMARK_RELEASE)
            said = _settle(uow, actor, round_id, marks)
    except Invalid as refusal:
        flash(refusal.message, "error")
    else:
        flash(said, "success")
    return redirect(url_for("panel.comments", slug=slug, round_id=round_id) + below, 303)


def _settle(uow: UnitOfWork, actor: Actor, round_id: int, seen: Container[int]) -> str:
    """Do what the pressed button asks for; what to say of it. Raises NotFound for what was not on the page."""
    if text("all") == "release":
        count = remarks.release_all(uow, actor, round_id=round_id)
        return str(ngettext("%(num)d comment was released.", "%(num)d comments were released.", count))
    released, withheld = number("release"), number("withhold")
    for one in (released, withheld):
        if one is not None and one not in seen:
            raise NotFound()
    if released is not None:
        remarks.release(uow, actor, remark_id=released)
        return str(_("The group can read the comment now."))
    if withheld is not None:
        remarks.withhold(uow, actor, remark_id=withheld)
        return str(_("The comment is kept from the group, and counted."))
    return str(_("Your marks are kept. Nothing was released."))
