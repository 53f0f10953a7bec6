"""The door: sign in by password, mailed link or code; accept an invitation; set a password; sign out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Invalid
from app.services import accounts, memberships, signing_in
from app.web.context import SIGN_IN_KEY, looking, transaction
from app.web.forms import device, local_path, text
from app.web.limits import KNOCKING, failed, limiter, per_address_typed
from models.accounts import Purpose

bp = Blueprint("accounts", __name__)

NO_REFERRER = {"Referrer-Policy": "no-referrer"}
LINKS = {"welcome": Purpose.WELCOME, "reset": Purpose.RESET}


def come_in(token: str, *, stays: bool = True) -> None:
    """Begin a fresh browser session for a new sign-in: nothing set before it lives on.

    Whoever was signed in here is signed out, their open pages included: what is typed there would be theirs, whoever
    types. ``stays``: also when the browser is closed.
    """
    with transaction() as (uow, actor):
        signing_in.sign_out(uow, actor)
    session.clear()
    session[SIGN_IN_KEY] = token
    session.permanent = stays


def _door(status: int = 200, **values: Any) -> ResponseReturnValue:
    known = {"email": "", "errors": {}, "next": local_path(request.values.get("next"))}
    return render_template("accounts/sign_in.html", **{**known, **values}), status


@bp.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Password, or a link by mail."""
    return _door()


@bp.post("/sign-in")
@limiter.limit(KNOCKING)
@limiter.limit("10 per 10 minutes", key_func=per_address_typed)
def sign_in_with_password() -> ResponseReturnValue:
    """Sign in by password; the answer never says which of the two was wrong."""
    email, password = text("email", longest=300), request.form.get("password", "")
    with looking() as (uow, _actor):
        proof = signing_in.prove(uow, email=email, password=password)
    token = None
    if proof is not None:
        with transaction() as (uow, _actor):
            token = signing_in.with_proof(uow, proof, device=device())
    if token is None:
        return _door(422, email=email, errors={"password": _("This address and password do not go together")})
    come_in(token)
    return redirect(local_path(request.form.get("next")))


@bp.post("/sign-in/mail")
@limiter.limit(KNOCKING)
@limiter.limit("10 per 10 minutes", key_func=per_address_typed)
def mail_link() -> ResponseReturnValue:
    """Send a link and code; the answer is the same whether or not the address is known."""
    email = text("email", longest=300)
    if "@" not in email:
        return _door(422, email=email, errors={"email": _("Enter your e-mail address, like name@example.org")})
    with transaction() as (uow, _actor):
        signing_in.mail_link(uow, email=email)
    return render_template("accounts/code.html", email=email, errors={}, next=local_path(request.form.get("next")))


@bp.post("/sign-in/code")
@limiter.limit(KNOCKING)
@limiter.limit("10 per 10 minutes", key_func=per_address_typed)
def sign_in_with_code() -> ResponseReturnValue:
    """Sign in by the six digits of the mail."""
    email = text("email", longest=300)
    with transaction() as (uow, _actor):
        token = signing_in.with_code(uow, email=email, code=text("code", longest=20), device=device())
    if token is None:
        errors = {"code": _("This code is wrong, used or too old. Check it, or ask for a new mail")}
        page = render_template(
            "accounts/code.html", email=email, errors=errors, next=local_path(request.form.get("next"))
        )
        return page, 422
    come_in(token)
    return redirect(local_path(request.form.get("next")))


@bp.get("/sign-in/link/<token>")
def link(token: str) -> ResponseReturnValue:
    """A button: mail scanners press links, so only the POST uses it up."""
    action = url_for("accounts.sign_in_with_link", token=token)
    return render_template("accounts/continue.html", action=action), 200, NO_REFERRER


@bp.post("/sign-in/link/<token>")
@limiter.limit(KNOCKING)
def sign_in_with_link(token: str) -> ResponseReturnValue:
    """Use the link up and sign in."""
    with transaction() as (uow, _actor):
        fresh = signing_in.with_link(uow, token=token, device=device())
    come_in(fresh)
    return redirect("/")


@bp.get("/forgotten")
def forgotten() -> ResponseReturnValue:
    """Ask for a link to set a new password."""
    return render_template("accounts/forgotten.html", email="", errors={}, sent=False)


@bp.post("/forgotten")
@limiter.limit(KNOCKING)
@limiter.limit("10 per 10 minutes", key_func=per_address_typed)
def mail_reset() -> ResponseReturnValue:
    """Send the link; the answer is the same whether or not the address is known."""
    email = text("email", longest=300)
    if "@" not in email:
        errors = {"email": _("Enter your e-mail address, like name@example.org")}
        return render_template("accounts/forgotten.html", email=email, errors=errors, sent=False), 422
    with transaction() as (uow, _actor):
        signing_in.mail_reset(uow, email=email)
    return render_template("accounts/forgotten.html", email=email, errors={}, sent=True)


@bp.get("/<any(welcome, reset):kind>/<token>")
@limiter.limit(KNOCKING, deduct_when=failed)
def new_password(kind: str, token: str) -> ResponseReturnValue:
    """The form to set a password; looking at it uses nothing up."""
    with looking() as (uow, _actor):
        name = signing_in.owner_of(uow, token=token, purpose=LINKS[kind])
    return render_template("accounts/password.html", name=name, kind=kind, errors={}), 200, NO_REFERRER


@bp.post("/<any(welcome, reset):kind>/<token>")
@limiter.limit(KNOCKING)
def set_password(kind: str, token: str) -> ResponseReturnValue:
    """Set it, end other sign-ins, and sign in."""
    password = request.form.get("password", "")
    try:
        with transaction() as (uow, _actor):
            name = signing_in.owner_of(uow, token=token, purpose=LINKS[kind])
            fresh = signing_in.set_password(uow, token=token, purpose=LINKS[kind], password=password, device=device())
    except Invalid as error:
        page = render_template("accounts/password.html", name=name, kind=kind, errors=error.fields)
        return page, 422, NO_REFERRER
    come_in(fresh)
    flash(_("Your password is set."), "success")
    return redirect("/")


@bp.get("/invitation/<token>")
@limiter.limit(KNOCKING, deduct_when=failed)
def invitation(token: str) -> ResponseReturnValue:
    """What is offered, and a button."""
    with looking() as (uow, _actor):
        offer = memberships.offer(uow, token=token)
    return render_template("accounts/invitation.html", offer=offer, name=offer.name, errors={}), 200, NO_REFERRER


@bp.post("/invitation/<token>")
@limiter.limit(KNOCKING)
def accept(token: str) -> ResponseReturnValue:
    """Join the group; the link proves the address, so it signs in too."""
    try:
        with transaction() as (uow, _actor):
            offer = memberships.offer(uow, token=token)
            person = memberships.accept(uow, token=token, name=text("name", longest=200))
            fresh = accounts.start_sign_in(uow, person, device=device())
    except Invalid as error:
        page = render_template("accounts/invitation.html", offer=offer, name=text("name"), errors=error.fields)
        return page, 422, NO_REFERRER
    come_in(fresh)
    flash(_("Welcome to %(group)s.", group=offer.group.name), "success")
    return redirect(url_for("groups.overview", slug=offer.group.slug))


@bp.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this sign-in, its open sockets included."""
    with transaction() as (uow, actor):
        signing_in.sign_out(uow, actor)
    session.clear()
    flash(_("You are signed out."), "info")
    return redirect(url_for("accounts.sign_in"))
