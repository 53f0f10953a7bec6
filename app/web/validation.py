"""Validation rounds: the list, one round for everybody, and the panel manager's preparation, opening and closing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from app.calc.stopping import StopRule
from app.errors import Invalid, NotFound
from app.policy import Actor, Can, allowed
from app.services import panel, pilots, protocols, rehearsals, seats, series, validation, versions
from app.services.panel import ENGLISH, LANGUAGES, MOST_EXPERTS
from app.services.protocols import SCALES, Dimension, Protocol
from app.services.rounds import Seated, access_round, how_far, plain_title
from app.services.stopping import rule_words
from app.uow import UnitOfWork
from app.web.context import looking, transaction
from app.web.forms import text
from app.web.languages import catalogue
from app.web.result_pages import flow_of, flow_words, gone_words, mark, results_page, spread_words
from models.validation import Round, RoundState

bp = Blueprint("validation", __name__)

#: More different countries, or kinds of organisation, than a panel can have experts.
MOST_VALUES = MOST_EXPERTS
COLUMNS = [column for column in protocols.GROUPINGS if column]


def check(uow: UnitOfWork, actor: Actor, round_id: int, can: Can = Can.ROUND_READ) -> Round:
    """The round. Raises NotFound unless it belongs to the group in the address."""
    round_ = access_round(uow.session, actor, round_id, can)
    if round_.group_id != g.group.id:
        raise NotFound()
    return round_


def to_round(slug: str, round_id: int) -> ResponseReturnValue:
    """Back to the round's page."""
    return redirect(url_for("validation.round", slug=slug, round_id=round_id), 303)


def results_address(round_id: int) -> str:
    """Where the results of a closed round are shown."""
    known = "results.show" in current_app.view_functions
    return url_for("results.show", slug=g.group.slug, round_id=round_id) if known else ""


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """All rounds; for the panel manager what to do next."""
    return _index({}, {})


def _index(typed: Mapping[str, str], errors: dict[str, str]) -> str:
    manages = allowed(g.role, Can.ROUND_MANAGE)
    with looking() as (uow, actor):
        rounds = validation.list_rounds(uow, actor, group_id=g.group.id)
        coming = validation.next_round(uow, actor, group_id=g.group.id) if manages else None
        frozen = versions.list_versions(uow, actor, group_id=g.group.id)
        members = panel.list_members(uow, actor, group_id=g.group.id) if manages else []
    return render_template(
        "validation/index.html", rounds=rounds, versions=frozen, members=members, manages=manages, typed=typed,
        errors=errors, templates=[(key, each[0]) for key, each in protocols.TEMPLATES.items()],
        coming=coming if frozen else None,
        results_address=results_address,
    )  # fmt: skip


@bp.get("/side-by-side")
def side_by_side(slug: str) -> ResponseReturnValue:
    """The closed rounds beside each other."""
    with looking() as (uow, actor):
        found = series.read_series(uow, actor, group_id=g.group.id)
    return render_template(
        "validation/side_by_side.html", series=found, verdict_of=mark, flow_words=flow_words, spread=spread_words,
        flow=flow_of([(each.number, flow) for each, flow in zip(found.rounds, found.flows, strict=True)]),
    )  # fmt: skip


@bp.post("/rounds")
def create(slug: str) -> ResponseReturnValue:
    """Prepare the next round."""
    try:
        with transaction() as (uow, actor):
            made = validation.create_round(
                uow, actor, group_id=g.group.id, version_id=_number(text("version_id")) or 0, title=text("title"),
                protocol=text("template") or "rand", reason=text("reason"),
            )  # fmt: skip
    except Invalid as refusal:
        return _index(request.form, refusal.fields or {"title": refusal.message}), 422
    return to_round(slug, made.id)


@bp.get("/rounds/<int:round_id>", endpoint="round")
def show(slug: str, round_id: int) -> ResponseReturnValue:
    """A round: its protocol for everybody; preparation, progress and closing for the panel manager."""
    return round_page(round_id, {})


def round_page(round_id: int, errors: dict[str, str]) -> str:
    """The round's page; with ``errors`` as a form of it was refused, what was typed still in it."""
    manages = allowed(g.role, Can.ROUND_MANAGE)
    with looking() as (uow, actor):
        check(uow, actor, round_id)
        overview = validation.read_round(uow, actor, round_id=round_id)
        state = overview.round.state
        prepared = validation.prepare(uow, actor, round_id=round_id) if manages and state is RoundState.DRAFT else None
        members = panel.list_members(uow, actor, group_id=g.group.id, round_id=round_id) if manages else []
        tried = pilots.list_pilots(uow, actor, round_id=round_id) if manages else []
        closed = state is RoundState.CLOSED
        reminders = seats.reminders(uow, actor, round_id=round_id) if manages and state is RoundState.OPEN else None
        untold = seats.untold(uow, actor, round_id=round_id) if manages and closed else 0
    going = how_far(Seated(each.seat, each.expert) for each in members if each.seat is not None)
    return render_template(
        "validation/show.html", overview=overview, pilots=tried, round=overview.round, protocol=overview.protocol,
        manages=manages, prepared=prepared, members=members, untold=untold, reminders=reminders, errors=errors,
        typed=request.form, going=going, gone=gone_words(going),
        rules=protocols.RULES, feedback=protocols.FEEDBACK, groupings=protocols.GROUPINGS,
        stop=rule_words(overview.protocol.stop, overview.protocol.stop_rule),
        others={code: name for code, name in LANGUAGES.items() if code != ENGLISH},
        results_address=results_address(round_id),
    )  # fmt: skip


@bp.get("/rounds/<int:round_id>/protocol")
def protocol(slug: str, round_id: int) -> ResponseReturnValue:
    """The form of the protocol; ``template`` fills it from a ready-made one."""
    prepared = _prepared(round_id)
    chosen = prepared.overview.protocol
    if request.args.get("template") in protocols.TEMPLATES:
        chosen = protocols.template(request.args["template"])
    return _protocol_form(prepared, chosen, {})


@bp.post("/rounds/<int:round_id>/protocol")
def save_protocol(slug: str, round_id: int) -> ResponseReturnValue:
    """Keep the protocol, or show the form again with one more question."""
    typed = read_protocol(request.form)
    errors: dict[str, str] = {}
    if text("action") == "add":
        dimensions = (*typed.dimensions, Dimension("", "", 1, 9))
        typed = Protocol.from_json({**typed.to_json(), "dimensions": [vars(each) for each in dimensions]})
    else:
        try:
            with transaction() as (uow, actor):
                check(uow, actor, round_id, Can.ROUND_MANAGE)
                validation.save_protocol(uow, actor, round_id=round_id, protocol=typed)
            return to_round(slug, round_id)
        except Invalid as refusal:
            errors = refusal.fields
    prepared = _prepared(round_id)
    return _protocol_form(prepared, typed, errors), 422 if errors else 200


def _prepared(round_id: int) -> validation.Preparation:
    with looking() as (uow, actor):
        check(uow, actor, round_id, Can.ROUND_MANAGE)
        return validation.prepare(uow, actor, round_id=round_id)


def _protocol_form(prepared: validation.Preparation, chosen: Protocol, errors: dict[str, str]) -> str:
    asked = [each for each in prepared.experts if not each.is_pilot]
    values = {column: Counter(" ".join(str(getattr(each, column)).split()) for each in asked) for column in COLUMNS}
    return render_template(
        "validation/protocol.html", prepared=prepared, groupings=protocols.GROUPINGS, values=values,
        round=prepared.overview.round, protocol=chosen, errors=errors,
        scale_options=[(name, name) for name in SCALES],
        scale_names={each: name for name, each in SCALES.items()}, rules=protocols.RULES,
        feedback=protocols.FEEDBACK, templates=[(key, each[0]) for key, each in protocols.TEMPLATES.items()],
    )  # fmt: skip


def read_protocol(form: MultiDict[str, str]) -> Protocol:
    """The posted protocol as typed; what cannot be read becomes a value that `Protocol.checked` refuses."""

    def words(name: str, place: int, longest: int = 300) -> str:
        return " ".join(form.get(f"{name}-{place}", "").split())[:longest]

    dimensions = []
    for place in range(protocols.MOST_DIMENSIONS + 1):
        if f"question-{place}" not in form or form.get(f"drop-{place}") == "yes":
            continue
        if not words("name", place) and not words("question", place):
            continue
        scale = SCALES.get(form.get(f"scale-{place}", ""), SCALES["1-9"])
        only_for = tuple(each.strip().lower() for each in words("only", place).split(",") if each.strip())
        dimensions.append(
            Dimension(
                protocols.key_of(words("name", place)), words("question", place, 301), scale.lo, scale.hi,
                words("low", place, 61), words("high", place, 61), words("middle", place, 61), only_for,
            )
        )  # fmt: skip
    least = form.get("least", "").strip()
    return Protocol(
        dimensions=tuple(dimensions),
        rule=form.get("rule", ""),
        sensitivity=tuple(form.getlist("sensitivity")),
        least=(_number(least) or -1) if least else None,
        percentile_type=_number(form.get("percentile_type", "")) or -1,
        minimum_cell=_number(form.get("minimum_cell", "")) or -1,
        split_by=form.get("split_by", "scope"),
        merged=_merged(form),
        feedback=form.get("feedback", ""),
        share_comments=form.get("share_comments") == "yes",
        ask_missing=form.get("ask_missing") == "yes",
        ask_whole=form.get("ask_whole") == "yes",
        reminders_most=-1 if (most := _number(form.get("reminders_most", ""))) is None else most,
        reminder_gap_days=_number(form.get("reminder_gap_days", "")) or -1,
        stop=_stop(form),
        stop_rule=form.get("stop_rule", "").strip()[:500],
    )


def _stop(form: MultiDict[str, str]) -> StopRule | None:
    """The posted stop rule; a protocol from before there were any may go on without."""
    most, enough = form.get("most_rounds", "").strip(), form.get("enough", "").strip()
    when_stable = form.get("when_stable") == "yes"
    if not most and not enough and not when_stable and form.get("stops") != "yes":
        return None
    return StopRule(_number(most) or -1, (_number(enough) or -1) if enough else None, when_stable)


def _merged(form: MultiDict[str, str]) -> dict[str, str]:
    """The posted names of groups, for the values of what is compared; a value that keeps its name is left out."""
    column = form.get("split_by", "")
    pairs = ((form.get(f"value-{column}-{at}"), form.get(f"merge-{column}-{at}", "")) for at in range(MOST_VALUES))
    named = {value: " ".join(name.split())[:61] for value, name in pairs if value}
    return {value: name for value, name in named.items() if name and name != value}


@bp.get("/rounds/<int:round_id>/items")
def items(slug: str, round_id: int) -> ResponseReturnValue:
    """Which items of the version are rated."""
    return _items(round_id, {})


@bp.post("/rounds/<int:round_id>/items")
def choose_items(slug: str, round_id: int) -> ResponseReturnValue:
    """Keep which items are rated."""
    chosen = {number for each in request.form.getlist("items") if (number := _number(each)) is not None}
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            validation.choose_items(uow, actor, round_id=round_id, item_ids=chosen)
    except Invalid as refusal:
        return _items(round_id, refusal.fields), 422
    return to_round(slug, round_id)


def _items(round_id: int, errors: dict[str, str]) -> str:
    prepared = _prepared(round_id)
    chosen = {item.id for item in prepared.overview.items}
    if request.args.get("proposed"):
        chosen = set(prepared.proposed)
    return render_template(
        "validation/items.html", prepared=prepared, round=prepared.overview.round, chosen=chosen, errors=errors
    )


@bp.get("/rounds/<int:round_id>/sheet")
def sheet(slug: str, round_id: int) -> ResponseReturnValue:
    """The information sheet."""
    return _sheet(round_id, None, {})


@bp.post("/rounds/<int:round_id>/sheet")
def save_sheet(slug: str, round_id: int) -> ResponseReturnValue:
    """Keep the information sheet."""
    words = text("sheet", longest=25_000)
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            validation.save_sheet(uow, actor, round_id=round_id, text=words)
    except Invalid as refusal:
        return _sheet(round_id, words, refusal.fields), 422
    return to_round(slug, round_id)


def _sheet(round_id: int, typed: str | None, errors: dict[str, str]) -> str:
    prepared = _prepared(round_id)
    round_ = prepared.overview.round
    words = round_.information_sheet if typed is None else typed
    return render_template("validation/sheet.html", prepared=prepared, round=round_, words=words, errors=errors)


@bp.get("/rounds/<int:round_id>/languages/<language>")
def translation(slug: str, round_id: int, language: str) -> ResponseReturnValue:
    """What experts who read another language get."""
    return _translation(round_id, language, None, {})


@bp.post("/rounds/<int:round_id>/languages/<language>")
def save_translation(slug: str, round_id: int, language: str) -> ResponseReturnValue:
    """Keep it."""
    prepared = _prepared(round_id)
    own = validation.own_words(prepared.overview.round)
    pairs = ((request.form.get(f"english-{at}", ""), request.form.get(f"words-{at}", "")) for at in range(len(own)))
    typed = {english: words[:500] for english, words in pairs}  # not by place: the protocol may have changed meanwhile
    sheet_ = text("sheet", longest=25_000)
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            validation.save_translation(uow, actor, round_id=round_id, language=language, sheet=sheet_, words=typed)
    except Invalid as refusal:
        return _translation(round_id, language, {"sheet": sheet_, "words": typed}, refusal.fields), 422
    return to_round(slug, round_id)


def _translation(round_id: int, language: str, typed: Mapping[str, Any] | None, errors: dict[str, str]) -> str:
    if language not in LANGUAGES or language == ENGLISH:
        raise NotFound()
    prepared = _prepared(round_id)
    round_ = prepared.overview.round
    known = catalogue(language)
    ours = {each: known.ugettext(each) for each in validation.own_words(round_)}
    ours[round_.title] = plain_title(round_.title, language)
    words = [(each, "" if other == each else other) for each, other in ours.items()]
    return render_template(
        "validation/translation.html", round=round_, language_name=LANGUAGES[language], code=language, words=words,
        kept=round_.translations.get(language, {}) if typed is None else typed, errors=errors,
    )  # fmt: skip


@bp.post("/rounds/<int:round_id>/open")
def open_(slug: str, round_id: int) -> ResponseReturnValue:
    """Lock the protocol and invite everybody."""
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            validation.open_round(uow, actor, round_id=round_id, closes_at=_deadline())
    except Invalid as refusal:
        return round_page(round_id, refusal.fields or {"closes_at": refusal.message}), 422
    flash(_("The round is open. The invitations are on their way."), "success")
    return to_round(slug, round_id)


@bp.post("/rounds/<int:round_id>/extend")
def extend(slug: str, round_id: int) -> ResponseReturnValue:
    """Move the deadline to a later one."""
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            told = validation.extend_round(
                uow, actor, round_id=round_id, closes_at=_deadline(), reason=text("reason"),
                telling=text("telling") == "yes",
            )  # fmt: skip
    except Invalid as refusal:
        return round_page(round_id, {f"extend-{name}": words for name, words in refusal.fields.items()}), 422
    words = ngettext("%(num)d expert is told by mail.", "%(num)d experts are told by mail.", told)
    flash(_("The deadline has been moved.") + " " + (words if told else _("Nobody has been told of it.")), "success")
    return to_round(slug, round_id)


@bp.post("/rounds/<int:round_id>/close")
def close(slug: str, round_id: int) -> ResponseReturnValue:
    """Close the round before its deadline."""
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            validation.close_round(uow, actor, round_id=round_id, reason=text("reason"))
    except Invalid as refusal:
        return round_page(round_id, {f"close-{name}": words for name, words in refusal.fields.items()}), 422
    flash(_("The round is closed and its results are there."), "success")
    return to_round(slug, round_id)


@bp.post("/rounds/<int:round_id>/deviations")
def log_deviation(slug: str, round_id: int) -> ResponseReturnValue:
    """Log what was done otherwise than the protocol says."""
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            validation.log_deviation(uow, actor, round_id=round_id, what=text("what"), reason=text("reason"))
    except Invalid as refusal:
        return round_page(round_id, {f"deviation-{name}": words for name, words in refusal.fields.items()}), 422
    flash(_("It is logged, and will be printed in the report."), "success")
    return to_round(slug, round_id)


@bp.post("/rounds/<int:round_id>/pilots")
def start_pilots(slug: str, round_id: int) -> ResponseReturnValue:
    """Send the pilot raters their links."""
    try:
        with transaction() as (uow, actor):
            check(uow, actor, round_id, Can.ROUND_MANAGE)
            count = pilots.start(uow, actor, round_id=round_id)
    except Invalid as refusal:
        return round_page(round_id, {"pilots": refusal.message}), 422
    flash(ngettext("%(num)d link is on its way.", "%(num)d links are on their way.", count), "success")
    return to_round(slug, round_id)


@bp.get("/rounds/<int:round_id>/rehearsal")
def rehearsal(slug: str, round_id: int) -> ResponseReturnValue:
    """What the report would look like, with invented answers; ``seed`` gives others."""
    seed = _number(request.args.get("seed", "")) or 1
    with looking() as (uow, actor):
        check(uow, actor, round_id, Can.ROUND_MANAGE)
        report = rehearsals.rehearse(uow, actor, round_id=round_id, seed=seed)
    return results_page(report, rehearsal=seed)


@bp.post("/rounds/<int:round_id>/discard")
def discard(slug: str, round_id: int) -> ResponseReturnValue:
    """Throw away a round that nobody was invited to."""
    with transaction() as (uow, actor):
        check(uow, actor, round_id, Can.ROUND_MANAGE)
        validation.discard_round(uow, actor, round_id=round_id)
    flash(_("The prepared round was discarded."), "info")
    return redirect(url_for("validation.index", slug=slug), 303)


def _deadline() -> datetime:
    """Day and time as typed, on the group's clocks. Raises Invalid."""
    typed = f"{text('closes_on')}T{text('closes_time') or '17:00'}"
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(g.group.time_zone))
    except ValueError:
        sentence = _("Choose a day and a time")
        raise Invalid(sentence, fields={"closes_at": sentence}) from None


def _number(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else None
