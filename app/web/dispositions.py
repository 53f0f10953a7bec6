"""What we did: experts' comments, suggestions and ideas in one table, each with its answer; themes, second reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.errors import Conflict, Invalid
from app.policy import Can
from app.services import dispositions, items, seats
from app.web.context import looking, transaction
from app.web.forms import text
from app.web.fragments import group_id, may, numbers
from app.web.validation import check
from models.dispositions import DispositionOutcome
from models.items import Kind

bp = Blueprint("dispositions", __name__)

FILTERS = ("source", "theme", "show")


@bp.app_template_global()
def outcome_words(outcome: str) -> str:
    """What became of a comment, as people read it."""
    words: dict[str, str] = {
        DispositionOutcome.ADOPTED.value: _("Adopted"),
        DispositionOutcome.ADAPTED.value: _("Adapted"),
        DispositionOutcome.MERGED.value: _("Merged"),
        DispositionOutcome.DEFERRED.value: _("Deferred"),
        DispositionOutcome.NOT_ADOPTED.value: _("Not adopted"),
    }
    return words[outcome]


def _here() -> str:
    """The table as it was narrowed, which every form of it carries along."""
    source, theme, show = (request.values.get(name, "") or None for name in FILTERS)
    return url_for("dispositions.index", slug=g.group.slug, source=source, theme=theme, show=show)


@bp.get("/")
def index(slug: str) -> ResponseReturnValue:
    """The table; ``source``, ``theme`` and ``show`` narrow it."""
    return _index({}, None)


def _index(errors: Mapping[str, str], wrong: int | None) -> str:
    chosen = {name: request.values.get(name, "")[:100] for name in FILTERS}
    with looking() as (uow, actor):
        table = dispositions.read_table(uow, actor, group_id=group_id(), **chosen)
        entries = items.tree(uow, actor, group_id(), withdrawn=False) if table.may_answer else []
        me = actor.person_id
    choices = {one.item.id: f"{one.item.reference} {one.title}"[:90] for one in entries}
    return render_template(
        "dispositions/index.html", table=table, chosen=chosen, choices=choices, families=_families(entries),
        errors=errors, wrong=wrong, me=me, typed=request.form, may_tell=may(Can.ROUND_MANAGE),
    )  # fmt: skip


def _families(entries: Sequence[items.Entry]) -> dict[int, list[int]]:
    """What a comment on an item is likely to change: the item, what specifies it, and the criterion it specifies."""
    found: dict[int, list[int]] = {}
    for one in entries:
        found.setdefault(one.item.id, []).append(one.item.id)
        if one.parent is not None:
            found.setdefault(one.parent.id, []).append(one.item.id)
            if one.item.kind is Kind.SPECIFICATION:
                found[one.item.id].insert(0, one.parent.id)
    return found


@bp.post("/comments/<int:remark_id>/answer")
def answer(slug: str, remark_id: int) -> ResponseReturnValue:
    """Say what was done about a comment, or take that back."""
    outcomes = {each.value: each for each in DispositionOutcome}
    try:
        with transaction() as (uow, actor):
            if text("action") == "take_back":
                dispositions.take_back(uow, actor, remark_id=remark_id, group_id=group_id())
            elif text("outcome") not in outcomes:
                sentence = _("Choose what was done")
                raise Invalid(sentence, fields={"outcome": sentence})
            else:
                dispositions.answer(
                    uow, actor, remark_id=remark_id, outcome=outcomes[text("outcome")], why=text("why"),
                    item_ids=numbers("item_ids"), group_id=group_id(),
                )  # fmt: skip
    except Invalid as refusal:
        return _index(refusal.fields, remark_id), 422
    return redirect(f"{_here()}#comment-{remark_id}", 303)


@bp.post("/comments/<int:remark_id>/themes")
def code(slug: str, remark_id: int) -> ResponseReturnValue:
    """Put a comment under its themes."""
    names = [each.strip() for each in text("themes", longest=1_000).split(",")]
    try:
        with transaction() as (uow, actor):
            dispositions.code(uow, actor, remark_id=remark_id, themes=names, group_id=group_id())
    except Invalid as refusal:
        return _index(refusal.fields, remark_id), 422
    return redirect(f"{_here()}#comment-{remark_id}", 303)


@bp.post("/comments/<int:remark_id>/checked")
def check_one(slug: str, remark_id: int) -> ResponseReturnValue:
    """Sign off one comment's themes, as the second reader."""
    return _sign_off([remark_id], f"{_here()}#comment-{remark_id}")


@bp.post("/checked")
def check_all(slug: str) -> ResponseReturnValue:
    """Sign off all that others have put under themes."""
    return _sign_off(None, _here())


def _sign_off(remark_ids: list[int] | None, to: str) -> ResponseReturnValue:
    try:
        with transaction() as (uow, actor):
            count = dispositions.sign_off(uow, actor, group_id=group_id(), remark_ids=remark_ids)
        words = ngettext("You signed off %(num)d comment.", "You signed off %(num)d comments.", count)
        flash(words, "success" if count else "info")
    except Conflict as refusal:
        flash(refusal.message, "warning")
    return redirect(to, 303)


@bp.post("/themes")
def rename(slug: str) -> ResponseReturnValue:
    """Give a theme another name, or merge it with another."""
    try:
        with transaction() as (uow, actor):
            dispositions.rename_theme(uow, actor, group_id=group_id(), name=text("theme"), new=text("new"))
    except Invalid as refusal:
        return _index(refusal.fields, None), 422
    return redirect(url_for("dispositions.index", slug=slug, theme=text("new")), 303)


@bp.post("/rounds/<int:round_id>/tell")
def tell(slug: str, round_id: int) -> ResponseReturnValue:
    """Mail the experts what became of their comments."""
    with transaction() as (uow, actor):
        check(uow, actor, round_id, Can.ROUND_MANAGE)
        count = seats.tell_answers(uow, actor, round_id=round_id)
    flash(
        ngettext("%(num)d expert is told by mail.", "%(num)d experts are told by mail.", count)
        if count else _("Nobody to tell: no comment has been answered since they were told last."),
        "success" if count else "info",
    )  # fmt: skip
    return redirect(url_for("validation.round", slug=slug, round_id=round_id), 303)
