"""Choosing several items of the blueprint at once: to give them a status, or to withdraw them, with a way back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.errors import Conflict, DomainError, Forbidden, Invalid
from app.policy import Can, require
from app.services import several
from app.services.items import SETTLED
from app.services.several import Seen
from app.web import cards
from app.web.context import looking, transaction
from app.web.evidence import done
from app.web.forms import whole_number
from app.web.fragments import faults, group_id, numbers
from app.web.items import narrowing, writers
from models.items import Status

bp = Blueprint("several", __name__)
#: What narrows the list, as it stands in its address.
NARROWED_BY = ("kind", "status", "about", "by")


def _status(given: str) -> Status:
    try:
        return Status(given)
    except ValueError:
        raise Invalid("", fields={"to": _("Choose a status")}) from None


def _before(given: str) -> dict[int, Status]:
    """Items and the statuses they had, as "3:draft 7:idea"."""
    found = {}
    for one in given.split():
        id_, _sign, status = one.partition(":")
        number = whole_number(id_)
        if number is not None:
            found[number] = _status(status)
    return found


def _read() -> Seen:
    """What the page saw on which somebody chose, or what is taken back did. Raises Conflict."""
    moment, _sign, changes = request.values.get("read", "").partition("~")
    count = whole_number(changes)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or count is None:
        raise Conflict(_("Reload the page and try again."))
    return Seen(at, count)


def _as_text(seen: Seen) -> str:
    return f"{seen.moment.isoformat()}~{seen.changes}"


def _page(refused: DomainError | None = None) -> str:
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.ITEM_WRITE)
        board = cards.board(uow, actor, group_id())
        people = writers(uow, actor)
        found, only = narrowing(uow, board, people)
        read = _as_text(several.seen(uow, group_id()))
    shown = [card for card in board.cards if cards.takes(found, card, only=only)]
    ticked = {one for each in request.values.getlist("ids") if (one := whole_number(each)) is not None}
    chosen = [card.id for card in board.cards if card.id in ticked]
    here = {card.id for card in shown}
    to = request.values.get("to", "")
    if request.method == "GET" and to in SETTLED:
        to = ""  # no address arrives with “agreed” chosen: that is said by who has read the words
    return render_template(
        "several/index.html", cards=shown, board=board, found=found, people=people,
        kept={name: given for name, given in found.items() if given}, errors=faults(refused),
        abouts=list(cards.about_words().items()), refusal=refused.message if refused is not None else "",
        chosen=chosen, beside=[card for card in board.cards if card.id in ticked and card.id not in here],
        unticked=[card.id for card in shown if card.id not in ticked], most=several.MOST, to=to, read=read,
        statuses=[(value, words) for value, words in board.statuses if value != Status.WITHDRAWN.value],
    )  # fmt: skip


def _back(said: str, endpoint: str = "", **fields: str) -> ResponseReturnValue:
    """To the list as it was narrowed, saying what was done, and offering the way back."""
    narrowed: dict[str, Any] = {name: request.args[name] for name in NARROWED_BY if request.args.get(name)}
    to = url_for("several.index", slug=g.group.slug, **narrowed)
    return done(said, to, (endpoint, narrowed, fields) if endpoint else None)


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """Items to choose from, narrowed as the address says; ``ids`` are ticked, also those that it leaves out."""
    return _page()


@bp.post("/status")
def set_status(slug: str) -> ResponseReturnValue:
    """Give the chosen items a status; with ``before``, give each the one it had."""
    try:
        were = request.form.get("before", "")
        wanted = _before(were) if were else dict.fromkeys(numbers("ids"), _status(request.form.get("to", "")))
        given = _status(request.form.get("given", "")) if were else None
        with transaction() as (uow, actor):
            read = None if SETTLED.isdisjoint({*wanted.values(), given}) else _read()
            before = several.set_statuses(uow, actor, group_id=group_id(), wanted=wanted, read=read, given=given)
            now = _as_text(several.seen(uow, group_id()))
    except (Conflict, Forbidden, Invalid) as refused:
        return _page(refused), refused.status
    count = len(before)
    if were:
        said = ngettext("%(num)s item has its status back", "%(num)s items have their status back", count)
        said = said if count else _("Nothing was set back")
        left = ngettext(
            "%(num)s was changed since and stays as it is", "%(num)s were changed since and stay as they are",
            len(wanted) - count,
        )  # fmt: skip
        return _back(f"{said}. {left}." if len(wanted) > count else said)
    if not count:
        return _back(_("They had that status already"))
    said = ngettext("%(num)s item has another status now", "%(num)s items have another status now", count)
    back = " ".join(f"{id_}:{each.value}" for id_, each in before.items())
    return _back(said, "several.set_status", before=back, read=now, given=request.form["to"])


@bp.post("/withdraw")
def withdraw(slug: str) -> ResponseReturnValue:
    """Withdraw the chosen items, each with what is under it."""
    try:
        with transaction() as (uow, actor):
            gone = several.withdraw(uow, actor, group_id=group_id(), item_ids=numbers("ids"))
    except (Conflict, Forbidden, Invalid) as refused:
        return _page(refused), refused.status
    said = ngettext("%(num)s item withdrawn", "%(num)s items withdrawn, with what was under them", len(gone))
    ids = " ".join(str(item.id) for item in gone)
    return _back(said, "several.restore", gone=ids) if gone else _back(said)


@bp.post("/restore")
def restore(slug: str) -> ResponseReturnValue:
    """Bring items back that were withdrawn together."""
    ids = [one for one in map(whole_number, request.form.get("gone", "").split()) if one is not None]
    try:
        with transaction() as (uow, actor):
            back = several.restore(uow, actor, group_id=group_id(), item_ids=ids)
    except (Conflict, Forbidden, Invalid) as refused:
        return _page(refused), refused.status
    return _back(ngettext("%(num)s item restored", "%(num)s items restored", len(back)))
