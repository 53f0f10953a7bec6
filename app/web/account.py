"""My account: sign-ins, password, tokens, my data."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Invalid
from app.services import access_tokens, privacy, signing_in
from app.web.context import looking, transaction
from app.web.forms import text
from app.web.limits import KNOCKING, limiter

bp = Blueprint("account", __name__)


def _page(status: int = 200, **values: Any) -> ResponseReturnValue:
    with looking() as (uow, actor):
        shown: dict[str, Any] = {
            "sign_ins": signing_in.my_sign_ins(uow, actor),
            "here": actor.sign_in_id,
            "tokens": access_tokens.tokens_of(uow, actor.person_id or 0),
            "errors": {},
            "typed": {},
            "new_token": None,
        }
    return render_template("account/account.html", **{**shown, **values}), status


@bp.get("/")
def account() -> ResponseReturnValue:
    """Everything about my account on one page."""
    return _page()


@bp.post("/name")
def rename() -> ResponseReturnValue:
    """Change my name as the others see it."""
    try:
        with transaction() as (uow, actor):
            privacy.rename_me(uow, actor, name=text("name"))
    except Invalid as error:
        return _page(422, errors=error.fields, typed=request.form.to_dict())
    flash(_("Your name is changed."), "success")
    return redirect(url_for("account.account"))


@bp.post("/password")
@limiter.limit(KNOCKING)
def change_password() -> ResponseReturnValue:
    """Change my password; my other sign-ins end."""
    try:
        with transaction() as (uow, actor):
            current, new = request.form.get("current", ""), request.form.get("password", "")
            signing_in.change_password(uow, actor, current=current, new=new)
    except Invalid as error:
        return _page(422, errors=error.fields)
    flash(_("Your password is changed, and you are signed out everywhere else."), "success")
    return redirect(url_for("account.account"))


@bp.post("/sign-ins/<int:sign_in_id>/revoke")
def revoke(sign_in_id: int) -> ResponseReturnValue:
    """End one of my sign-ins."""
    with transaction() as (uow, actor):
        signing_in.revoke(uow, actor, sign_in_id=sign_in_id)
    flash(_("That device is signed out."), "success")
    return redirect(url_for("account.account"))


@bp.post("/sign-ins/revoke-others")
def revoke_others() -> ResponseReturnValue:
    """End all my sign-ins but this one."""
    with transaction() as (uow, actor):
        signing_in.end_sign_ins(uow, actor.person_id or 0, but=actor.sign_in_id)
    flash(_("You are signed out everywhere else."), "success")
    return redirect(url_for("account.account"))


@bp.post("/tokens")
def create_token() -> ResponseReturnValue:
    """Make a personal token; it is shown on this answer and never again."""
    try:
        with transaction() as (uow, actor):
            token = access_tokens.create_token(uow, actor, label=text("label"))
    except Invalid as error:
        return _page(422, errors=error.fields)
    return _page(new_token=token)


@bp.post("/tokens/<int:token_id>/revoke")
def revoke_token(token_id: int) -> ResponseReturnValue:
    """Revoke a personal token."""
    with transaction() as (uow, actor):
        access_tokens.revoke_token(uow, actor, token_id=token_id)
    flash(_("The token no longer works."), "success")
    return redirect(url_for("account.account"))


@bp.get("/data.json")
def my_data() -> ResponseReturnValue:
    """Everything kept about me, as a file."""
    with looking() as (uow, actor):
        answer = jsonify(privacy.export_mine(uow, actor))
    answer.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@bp.get("/erase")
def erase_question() -> ResponseReturnValue:
    """What erasing takes away and what it cannot."""
    with looking() as (uow, actor):
        remains = privacy.remains(uow, actor)
    return render_template("account/erase.html", remains=remains, errors={})


@bp.post("/erase")
def erase() -> ResponseReturnValue:
    """Erase my account."""
    if text("confirm").lower() != "erase":
        with looking() as (uow, actor):
            remains = privacy.remains(uow, actor)
        errors = {"confirm": _("Type the word erase to go on")}
        return render_template("account/erase.html", remains=remains, errors=errors), 422
    try:
        with transaction() as (uow, actor):
            former = privacy.erase_me(uow, actor)
    except Invalid as error:
        with looking() as (uow, actor):
            remains = privacy.remains(uow, actor)
        return render_template("account/erase.html", remains=remains, errors={"confirm": error.message}), 422
    session.clear()
    flash(_("Your personal data is erased. What you wrote for the group stays, by %(name)s.", name=former), "success")
    return redirect(url_for("accounts.sign_in"))
