"""Soundings: score items in private, talk about the contested ones first, score again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.calc.charts import BarRow, diverging_bars, reach
from app.errors import Conflict, Invalid
from app.policy import Can
from app.services import soundings
from app.services.soundings import SCALE, Line
from app.web.context import looking, transaction
from app.web.forms import text, whole_number
from app.web.fragments import fragment, group_id, may, numbers
from app.web.rating import AUTOSAVE, number
from app.web.result_pages import Picture, chart_words, picture_of
from models.items import Kind
from models.soundings import SoundingState

bp = Blueprint("soundings", __name__)


def _one(sounding_id: int) -> str:
    return url_for("soundings.show", slug=g.group.slug, sounding_id=sounding_id)


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """All soundings; for a facilitator the form to begin one."""
    return _index({}, {})


def _index(typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    runs = may(Can.SOUNDING_RUN)
    with looking() as (uow, actor):
        found = soundings.list_soundings(uow, actor, group_id=group_id())
        choices = soundings.choosable(uow, actor, group_id=group_id()) if runs else {}
    kinds = [(kind, choices[kind]) for kind in Kind if kind in choices]
    return render_template(
        "soundings/index.html", soundings=found, kinds=kinds, runs=runs, typed=typed, errors=errors,
        chosen=set(request.form.getlist("items")), question=soundings.QUESTION,
    )  # fmt: skip


@bp.post("/")
def begin(slug: str) -> ResponseReturnValue:
    """Ask everybody to score some items."""
    ids = set(numbers("items"))
    try:
        with transaction() as (uow, actor):
            made = soundings.begin(
                uow, actor, group_id=group_id(), title=text("title"), item_ids=ids, question=text("question"),
                low_words=text("low_words"), high_words=text("high_words"),
            )  # fmt: skip
    except Invalid as refusal:
        return _index(request.form, refusal.fields), 422
    return redirect(_one(made.id), 303)


@bp.get("/<int:sounding_id>")
def show(slug: str, sounding_id: int) -> ResponseReturnValue:
    """Score what is asked, or see how the group scored."""
    return fragment(_show(sounding_id, ""))


def _show(
    sounding_id: int, error: str, errors: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None
) -> str:
    with looking() as (uow, actor):
        reading = soundings.read_sounding(uow, actor, sounding_id=sounding_id, group_id=group_id())
    return render_template(
        "soundings/show.html", reading=reading, sounding=reading.sounding, error=error, errors=errors or {},
        typed=typed or {}, pictures=_pictures(reading.lines),
    )  # fmt: skip


@bp.post("/<int:sounding_id>/scores")
def score(slug: str, sounding_id: int) -> ResponseReturnValue:
    """Keep one's scores; for autosave answer with how far one is."""
    given = {name.removeprefix("score-"): value for name, value in request.form.items() if name.startswith("score-")}
    try:
        scores = {
            item_id: number(name, value) for name, value in given.items()
            if (item_id := whole_number(name)) is not None
        }  # fmt: skip
        with transaction() as (uow, actor):
            soundings.score(uow, actor, sounding_id=sounding_id, scores=scores, group_id=group_id())
            reading = soundings.read_sounding(uow, actor, sounding_id=sounding_id, group_id=group_id())
    except (Invalid, Conflict) as refusal:
        if request.headers.get(AUTOSAVE):
            return jsonify(code=refusal.code, message=refusal.message), refusal.status
        return _show(sounding_id, refusal.message), refusal.status
    if request.headers.get(AUTOSAVE):
        words = _("%(value)s of %(max)s", value=reading.answered, max=len(reading.lines))
        return jsonify(
            value=reading.answered, max=len(reading.lines), words=words, wants_comment=False, next=_one(sounding_id)
        )
    flash(_("Your scores are saved. You can change them until the facilitator goes on."), "success")
    return redirect(_one(sounding_id), 303)


@bp.post("/<int:sounding_id>/go-on")
def go_on(slug: str, sounding_id: int) -> ResponseReturnValue:
    """Close the open pass, or open the second one."""
    states = {each.value: each for each in SoundingState}
    try:
        with transaction() as (uow, actor):
            soundings.go_on(
                uow, actor, sounding_id=sounding_id, seen=states.get(text("seen"), SoundingState.CLOSED),
                group_id=group_id(),
            )  # fmt: skip
    except Conflict as refusal:
        flash(refusal.message, "info")
    return redirect(_one(sounding_id), 303)


@bp.post("/<int:sounding_id>/name")
def rename(slug: str, sounding_id: int) -> ResponseReturnValue:
    """Give a sounding another name."""
    try:
        with transaction() as (uow, actor):
            soundings.rename(uow, actor, sounding_id=sounding_id, title=text("title"), group_id=group_id())
    except Invalid as refusal:
        return _show(sounding_id, "", refusal.fields, request.form), refusal.status
    return redirect(_one(sounding_id), 303)


@bp.post("/<int:sounding_id>/discard")
def discard(slug: str, sounding_id: int) -> ResponseReturnValue:
    """Take back one that was begun by mistake, while nobody has scored."""
    try:
        with transaction() as (uow, actor):
            soundings.discard(uow, actor, sounding_id=sounding_id, group_id=group_id())
    except Conflict as refusal:
        return _show(sounding_id, refusal.message), refusal.status
    flash(_("The sounding was discarded. Nobody had scored."), "info")
    return redirect(url_for("soundings.index", slug=slug), 303)


def _pictures(lines: Sequence[Line]) -> dict[int, Picture]:
    """How the group scored each item, a bar for each pass that is shown; one scale for all, to compare them by eye."""
    rows = {line.item.id: _bars(line) for line in lines}
    drawn = [line for line in lines if any(row.counts for row in rows[line.item.id])]
    within = reach([row for line in drawn for row in rows[line.item.id]], SCALE)
    found = {}
    for line in drawn:
        title = _("%(reference)s: how the group scored", reference=line.item.reference)
        chart = diverging_bars(
            rows[line.item.id], SCALE, title=title, key=f"sounding-{line.item.id}", words=chart_words(), within=within
        )
        found[line.item.id] = picture_of(chart, title)
    return found


def _bars(line: Line) -> list[BarRow]:
    shown = ((_("First"), line.first), (_("Second"), line.second))
    return [BarRow(label=name, counts=each.distribution) for name, each in shown if each is not None]
