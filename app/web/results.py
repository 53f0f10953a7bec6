"""Results of a validation round: what the experts agree on, item by item, with pictures, tables and files.

Before a round closes there is nothing to show, for anyone: the page then says when there will be.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from app.errors import Invalid, NotFound
from app.policy import Can
from app.services import bundles, checklists, consultations, exports, paper_files, results, validation
from app.services.results import Report
from app.services.rounds import access_round
from app.web import result_pages as pages
from app.web import result_papers
from app.web.context import looking, transaction
from app.web.exports import attached
from app.web.forms import text
from models.validation import RoundState

bp = Blueprint("results", __name__)
bp.add_app_template_global(pages.group_words, "group_words")


def _report(round_id: int) -> Report:
    """The report of a closed round of this group. Raises NotFound."""
    with looking() as (uow, actor):
        found = results.report(uow, actor, round_id=round_id)
    if found.round.group_id != g.group.id:
        raise NotFound()
    return found


@bp.get("/<int:round_id>/results")
def show(slug: str, round_id: int) -> ResponseReturnValue:
    """What the round found, at a glance and in pictures; before it closes, when there will be something."""
    with looking() as (uow, actor):
        if access_round(uow.session, actor, round_id, Can.RESULTS_READ).group_id != g.group.id:
            raise NotFound()
        overview = validation.read_round(uow, actor, round_id=round_id)
        deadline = overview.round.closes_at
        is_due = deadline is not None and deadline <= uow.now
    if overview.round.state is not RoundState.CLOSED:
        return render_template("results/waiting.html", round=overview.round, is_due=is_due)
    return pages.results_page(_report(round_id), before=overview.before)


@bp.get("/<int:round_id>/results/items/<reference>")
def item(slug: str, round_id: int, reference: str) -> ResponseReturnValue:
    """One item: its words as frozen, every figure, and what the experts wrote."""
    report = _report(round_id)
    places = {each.item.reference: place for place, each in enumerate(report.items)}
    if reference not in places:
        raise NotFound()
    place = places[reference]
    found = report.items[place]
    return render_template(
        "results/item.html",
        report=report,
        round=report.round,
        each=found,
        parts=pages.parts(report, found.figures, f"item-{found.item.id}"),
        previous=report.items[place - 1] if place else None,
        next=report.items[place + 1] if place + 1 < len(report.items) else None,
    )


@bp.get("/<int:round_id>/results/all")
def everything(slug: str, round_id: int) -> ResponseReturnValue:
    """All items on one page, to read through or to print."""
    report = _report(round_id)
    return render_template(
        "results/all.html",
        report=report,
        round=report.round,
        items=[(each, pages.parts(report, each.figures, f"item-{each.item.id}")) for each in report.items],
    )


@bp.get("/<int:round_id>/results/figures.csv")
def figures_file(slug: str, round_id: int) -> ResponseReturnValue:
    """The figures as a table for a spreadsheet: aggregates only."""
    _report(round_id)
    with looking() as (uow, actor):
        made = exports.results_table(uow, actor, round_id=round_id)
    return attached(made)


@bp.get("/<int:round_id>/results/comments.csv")
def comments_file(slug: str, round_id: int) -> ResponseReturnValue:
    """The released comments as a table for a spreadsheet, in no order that tells who wrote."""
    _report(round_id)
    with looking() as (uow, actor):
        made = exports.comments_table(uow, actor, round_id=round_id)
    return attached(made)


@bp.get("/<int:round_id>/results/report.<any(docx, pdf):form>")
def paper(slug: str, round_id: int, form: str) -> ResponseReturnValue:
    """The whole report as Word or PDF, with its pictures and the checklists."""
    report = _report(round_id)
    with looking() as (uow, _actor):
        heard = consultations.heard_by_the_group(uow, group_id=report.round.group_id)
        lists = checklists.checklists(uow, report)
        now = uow.now
    made = result_papers.paper_of(report, g.group, heard=heard, lists=lists, made_at=now)
    return attached(paper_files.make(made, name=f"round-{report.round.number}-report", form=form, day=now))


@bp.get("/<int:round_id>/bundle")
def bundle(slug: str, round_id: int) -> ResponseReturnValue:
    """What a methodologist's bundle holds, a form to give one out, and which were."""
    return _bundle(round_id, {})


def _bundle(round_id: int, errors: Mapping[str, str]) -> str:
    with looking() as (uow, actor):
        round_ = access_round(uow.session, actor, round_id, Can.BUNDLE_RELEASE)
        if round_.group_id != g.group.id:
            raise NotFound()
        releases = bundles.list_releases(uow, actor, round_id=round_id)
    return render_template("results/bundle.html", round=round_, releases=releases, errors=errors, typed=request.form)


@bp.post("/<int:round_id>/bundle")
def give_bundle(slug: str, round_id: int) -> ResponseReturnValue:
    """Give the bundle out: a zip file, and a line of who got it and why."""
    try:
        with transaction() as (uow, actor):
            if access_round(uow.session, actor, round_id, Can.BUNDLE_RELEASE).group_id != g.group.id:
                raise NotFound()
            made = bundles.release(uow, actor, round_id=round_id, given_to=text("given_to"), reason=text("reason"))
    except Invalid as refusal:
        return _bundle(round_id, refusal.fields), 422
    return attached(made)
