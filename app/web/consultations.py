"""People heard beside the panel: the list, one of them with its answers, and the form that a whole hall fills in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from app.errors import Conflict, DomainError, Gone, Invalid, NotFound
from app.policy import VISITOR, Can, require
from app.services import consultations, versions
from app.services.consultations import SCORES, ConsultationForm, Sheet
from app.web.context import looking, remember, transaction
from app.web.forms import text, whole_number
from app.web.fragments import day, group_id, may, number, numbers, places
from app.web.languages import said, speak
from app.web.limits import limiter
from app.web.screen import picture
from models.consultations import Consultation, ConsultationKind

bp = Blueprint("consultations", __name__)
#: The open form: no sign-in, and nothing in the browser that says who somebody is.
opinions = Blueprint("opinions", __name__)
#: A whole hall may answer from one address.
HALL = "600 per 10 minutes"


def _one(consultation_id: int) -> str:
    return url_for("consultations.show", slug=g.group.slug, consultation_id=consultation_id)


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """Everything that was said beside the panel."""
    with looking() as (uow, actor):
        heard = consultations.list_consultations(uow, actor, group_id=group_id())
    return render_template("consultations/index.html", heard=heard, may_write=may(Can.CONSULTATION_WRITE))


@bp.get("/<int:consultation_id>")
def show(slug: str, consultation_id: int) -> ResponseReturnValue:
    """One of them, and what its form brought."""
    return _show(consultation_id, {})


def _show(consultation_id: int, errors: Mapping[str, str]) -> str:
    with looking() as (uow, actor):
        reading = consultations.read_consultation(
            uow, actor, consultation_id=consultation_id, group_id=group_id()
        )  # fmt: skip
    words = _("QR code that opens the form")
    return render_template(
        "consultations/show.html", reading=reading, heard=reading.heard, one=reading.heard.consultation, errors=errors,
        typed=request.form, qr=picture(reading.heard.link, words) if reading.heard.link else None,
    )  # fmt: skip


@bp.get("/add")
def add_form(slug: str) -> ResponseReturnValue:
    """The form to write one down."""
    return _form({"kind": request.args.get("kind", ConsultationKind.CONVERSATION.value)}, {})


@bp.post("/add")
def add(slug: str) -> ResponseReturnValue:
    """Write one down."""
    try:
        with transaction() as (uow, actor):
            made = consultations.add_consultation(uow, actor, group_id=group_id(), form=_read())
    except Invalid as refusal:
        return _form(request.form, refusal.fields), 422
    flash(_("Written down."), "success")
    return redirect(_one(made.id), 303)


@bp.get("/<int:consultation_id>/edit")
def edit_form(slug: str, consultation_id: int) -> ResponseReturnValue:
    """The form to change what was written down."""
    one = _found(consultation_id)
    given = {
        "kind": one.kind.value, "happened_on": one.happened_on.isoformat(), "title": one.title,
        "audience": one.audience, "people": str(one.people or ""), "words": one.words,
        "may_be_named": "yes" if one.may_be_named else "", "version_id": str(one.version_id or ""),
    }  # fmt: skip
    return _form(given, {}, one)


@bp.post("/<int:consultation_id>/edit")
def edit(slug: str, consultation_id: int) -> ResponseReturnValue:
    """Change what was written down."""
    try:
        with transaction() as (uow, actor):
            consultations.edit_consultation(
                uow, actor, consultation_id=consultation_id, form=_read(), group_id=group_id()
            )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        errors = refusal.fields or {"version_id": refusal.message}
        return _form(request.form, errors, _found(consultation_id)), refusal.status
    return redirect(_one(consultation_id), 303)


def _found(consultation_id: int) -> Consultation:
    with looking() as (uow, actor):
        return consultations.access_consultation(
            uow.session, actor, consultation_id, Can.CONSULTATION_WRITE, group_id=group_id()
        )


def _form(given: Mapping[str, str], errors: Mapping[str, str], one: Consultation | None = None) -> str:
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.CONSULTATION_WRITE)
        frozen = versions.list_versions(uow, actor, group_id=group_id())
    choices = [
        (each.version.id, _("Version %(number)s: %(title)s", number=each.version.number, title=each.version.title))
        for each in frozen
    ]
    return render_template("consultations/form.html", given=given, errors=errors, one=one, versions=choices)


def _read() -> ConsultationForm:
    kinds = {each.value: each for each in ConsultationKind}
    if text("kind") not in kinds:
        sentence = _("Choose what it was")
        raise Invalid(sentence, fields={"kind": sentence})
    people = text("people")
    return ConsultationForm(
        kind=kinds[text("kind")], happened_on=day("happened_on"), title=text("title"), audience=text("audience"),
        people=(whole_number(people) or 0) if people else None, words=text("words", longest=25_000),
        may_be_named=text("may_be_named") == "yes", version_id=number("version_id"),
    )  # fmt: skip


@bp.post("/<int:consultation_id>/withdraw")
def withdraw(slug: str, consultation_id: int) -> ResponseReturnValue:
    """Take one back."""
    with transaction() as (uow, actor):
        consultations.withdraw_consultation(uow, actor, consultation_id=consultation_id, group_id=group_id())
    flash(_("Withdrawn. You can restore it here."), "info")
    return redirect(_one(consultation_id), 303)


@bp.post("/<int:consultation_id>/restore")
def restore(slug: str, consultation_id: int) -> ResponseReturnValue:
    """Bring one back."""
    with transaction() as (uow, actor):
        consultations.restore_consultation(uow, actor, consultation_id=consultation_id, group_id=group_id())
    return redirect(_one(consultation_id), 303)


@bp.post("/<int:consultation_id>/form")
def open_form(slug: str, consultation_id: int) -> ResponseReturnValue:
    """Open the form until a moment, or close it."""
    try:
        with transaction() as (uow, actor):
            if text("action") == "close":
                consultations.close_form(uow, actor, consultation_id=consultation_id, group_id=group_id())
            else:
                consultations.open_form(
                    uow, actor, consultation_id=consultation_id, until=_until(), group_id=group_id()
                )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        return _show(consultation_id, refusal.fields or {"until": refusal.message}), refusal.status
    return redirect(_one(consultation_id), 303)


@bp.post("/<int:consultation_id>/opinions")
def decide(slug: str, consultation_id: int) -> ResponseReturnValue:
    """Keep what is marked in all opinions of the page; then let the group read the words of one, or no longer."""
    shown, hidden = number("show"), number("hide")
    one = shown if shown is not None else hidden
    try:
        marks = {each: (places(f"removed-{each}"), text(f"without_whom-{each}") != "yes") for each in numbers("seen")}
        if one is not None and one not in marks:
            raise NotFound()
        with transaction() as (uow, actor):
            consultations.mark_words(
                uow, actor, consultation_id=consultation_id, marks=marks, group_id=group_id()
            )  # fmt: skip
        if one is not None:
            with transaction() as (uow, actor):  # of its own: what was marked is kept where the rest is refused
                removed, shows_whom = marks[one]
                consultations.show_words(
                    uow, actor, consultation_id=consultation_id, opinion_id=one, shown=shown is not None,
                    removed=removed, shows_whom=shows_whom, group_id=group_id(),
                )  # fmt: skip
    except Invalid as refusal:
        return _show(consultation_id, {f"opinion-{one}": refusal.message}), 422
    return redirect(_one(consultation_id) + (f"#opinion-{one}" if one is not None else ""), 303)


def _until() -> datetime:
    try:
        typed = datetime.fromisoformat(f"{text('until_day')}T{text('until_time') or '23:59'}")
    except ValueError:
        sentence = _("Choose a day and a time")
        raise Invalid(sentence, fields={"until": sentence}) from None
    return typed.replace(tzinfo=ZoneInfo(g.group.time_zone))


# --- the open form ---


@opinions.before_request
def begin() -> None:
    """In the language chosen on the page, else in the browser's; nothing of it is kept."""
    speak(request.values.get("language"))


@opinions.get("/opinion/<token>")
@limiter.limit(HALL)
def form(token: str) -> ResponseReturnValue:
    """The form, for whoever has its address."""
    with looking() as (uow, _actor):
        sheet = consultations.look_at_form(uow, token=token)
    return _sheet(sheet, token, {})


@opinions.post("/opinion/<token>")
@limiter.limit(HALL)
def give(token: str) -> ResponseReturnValue:
    """Keep an opinion."""
    with looking() as (uow, _actor):
        sheet = consultations.look_at_form(uow, token=token)
    scores: dict[str, int] = {}
    for each in sheet.elements:
        typed = request.form.get(f"score-{each.reference}", "")
        if typed:
            scores[each.reference] = int(typed) if typed in map(str, SCORES) else 0
    try:
        with transaction() as (uow, _actor):
            consultations.give_opinion(
                uow, token=token, scores=scores, speaks_for=text("speaks_for"), words=text("words", longest=10_000)
            )  # fmt: skip
    except (Invalid, Conflict) as refusal:
        return _sheet(sheet, token, refusal.fields or {"words": refusal.message}), refusal.status
    remember(VISITOR, sheet.group)
    return render_template("opinions/thanks.html", sheet=sheet)


def _sheet(sheet: Sheet, token: str, errors: Mapping[str, str]) -> str:
    remember(VISITOR, sheet.group)
    shown = {name: said(sentence) for name, sentence in errors.items()}
    return render_template("opinions/form.html", sheet=sheet, token=token, errors=shown, typed=request.form)


@opinions.errorhandler(Gone)
def closed(_error: DomainError | HTTPException) -> ResponseReturnValue:
    """The one kind page for forms that are closed, and for addresses that never were one."""
    return render_template("opinions/closed.html"), 410
