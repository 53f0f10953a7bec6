"""Splitting an item in two, and merging two into one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate
from textwrap import shorten
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.calc.dialect import Layout, clean, layout
from app.calc.paragraphs import paragraphs
from app.calc.plain import plain
from app.errors import Conflict, DomainError, Forbidden, Invalid
from app.policy import Actor, Can, require
from app.services import descent, items, origins
from app.services.descent import Words
from app.uow import UnitOfWork
from app.web import cards
from app.web.context import looking, transaction
from app.web.errors import wants_json
from app.web.forms import text, whole_number
from app.web.fragments import faults, group_id, typed
from app.web.items import done
from models.documents import Field
from models.items import Item, Status

bp = Blueprint("descent", __name__)
SPLIT, MERGE = "descent/split.html", "descent/merge.html"
#: Where words can be cut: behind a sentence and the marks that close with it, or where a line begins; of a short text
#: also within its sentences, and of one that has no such place between any two words.
_CUTS = (
    re.compile(r"[.!?;][*_”’)\]]*\s+(?=\S)|\n+\s*(?=\S)"),
    re.compile(r"[.!?;,:–][*_”’)\]]*\s+(?=\S)|\n+\s*(?=\S)|(?<!\s)\s+(?=(?:and|or|but|so that|which|with|within)\s)"),
    re.compile(r"\s+(?=\S)"),
)
#: What holds none of these reads as it is written.
_MARKS = re.compile(r"[\\*_`\[\]()<>&#|~+=-]|[0-9][.)]")
#: Fewer pieces than these by sentences, and a text is cut within them; fewer than the second by clauses, between words.
_FEW = (4, 2)


@dataclass(frozen=True)
class Passage:
    """Words between two places where a text can be cut, as people read them."""

    at: int
    words: str


def passages(text: str) -> list[Passage]:
    """A text in the pieces between which it can be cut.

    Marks that belong together, as those around bold words, stay together, and the mark of a point with its words: cut
    apart they would be read as asterisks.
    """
    found: list[Passage] = []
    held, text = _held(text), text.rstrip()
    for cuts, few in zip(_CUTS, (*_FEW, 0), strict=True):
        starts = [0, *(match.end() for match in cuts.finditer(text) if not held[match.end()])]
        if len(starts) < few:
            continue
        ends = zip(starts, [*starts[1:], len(text)], strict=True)
        found = [Passage(start, words) for start, end in ends if (words := _read(text[start:end]))]
        if len(found) >= few:
            break
    return found


def _read(piece: str) -> str:
    """A piece of a text in one line, as people read it."""
    return " ".join((plain(piece) if _MARKS.search(piece) else piece).split())


def _held(text: str) -> list[bool]:
    """For each place in a text and its end, whether marks before it belong to something behind it."""
    edges = [0] * (len(text) + 2)
    laid = layout(text) if clean(text) == text else Layout([], [])
    for start, words in laid.lines:
        mark = text[start:words].lstrip()
        if mark:
            edges[words - len(mark) + 1] += 1
            edges[words + 1] -= 1
    for _stretch, marks in laid.blocks:
        for first, last in marks.pairs:
            edges[first[0] + 1] += 1
            edges[last[1]] -= 1
    return [within > 0 for within in accumulate(edges)][:-1]


def _page(template: str, item_id: int, refused: DomainError | None = None, **more: Any) -> str:
    """The page of one of the two as it is now, after a refusal with what was typed."""
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.ITEM_WRITE)
        entry = items.entry_of(uow, actor, item_id, group_id=group_id())
        rights = items.rights(uow.session, actor, group_id())
        may = rights.standing(entry.item) and entry.item.status is not Status.WITHDRAWN
        if template == MERGE:
            more["others"] = [
                each for each in items.tree(uow, actor, group_id(), withdrawn=False)
                if each.item.kind is entry.item.kind and each.item.id != item_id and rights.standing(each.item)
            ]  # fmt: skip
            more["odds"] = descent.at_odds(uow, actor, item_id=item_id)
        else:
            words = entry.words(Field.TEXT)
            several = len(" ".join(each.text for each in paragraphs(words)).split()) > 1
            more |= {"text": entry.documents[Field.TEXT], "passages": passages(words), "several_words": several}
    return render_template(
        template, entry=entry, may=may, statuses=cards.status_words(), errors=faults(refused), typed=typed(),
        refusal=refused.message if refused is not None else "", **more,
    )  # fmt: skip


@bp.get("/<int:item_id>/split")
def split_form(slug: str, item_id: int) -> ResponseReturnValue:
    """Where to cut an item's words, and what the new item is called."""
    return _page(SPLIT, item_id)


@bp.post("/<int:item_id>/split")
def split(slug: str, item_id: int) -> ResponseReturnValue:
    """Split an item."""
    at, version = whole_number(text("at")), whole_number(text("version"))
    errors = {} if at is not None else {"at": _("Choose where to cut")}
    if not text("title"):
        errors["title"] = _("Enter a title")
    try:
        if errors or at is None or version is None:
            raise Invalid("", fields=errors)
        with transaction() as (uow, actor):
            made = descent.split(
                uow, actor, item_id=item_id, at=at, version=version, title=text("title"), group_id=group_id()
            )
    except (Conflict, Forbidden, Invalid) as refused:
        return _page(SPLIT, item_id, refused), refused.status
    said = _("%(reference)s is new; both say where they come from", reference=made.reference)
    return done(said, made, ("descent.put_back", {}))


@bp.post("/<int:item_id>/put-back")
def put_back(slug: str, item_id: int) -> ResponseReturnValue:
    """Take a split back, by the part that was split off; where words have changed, on to merging the two."""
    try:
        with transaction() as (uow, actor):
            item = descent.put_back(uow, actor, item_id=item_id, group_id=group_id())
            part = items.access_item(uow.session, actor, item_id, Can.ITEM_READ)
            left = _left(uow, actor, item, part)
    except Conflict as refused:
        if wants_json() or refused.code != descent.PARTS_CHANGED:
            raise
        with looking() as (uow, actor):
            part = items.access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id())
            row = origins.split_of(uow.session, part)
        if row is None:
            raise
        return _page(MERGE, row.from_id, refused, other_id=item_id), refused.status
    said = _(
        "%(part)s is a part of %(reference)s again, and withdrawn", part=part.reference, reference=item.reference
    )  # fmt: skip
    return done(f"{said}. {left}" if left else said, item, ("items.restore", {}), of=part)


@bp.get("/<int:item_id>/parted")
def parted(slug: str, item_id: int) -> ResponseReturnValue:
    """Where the rest of an item's words is, for who has it open: of the items ``ids``, those that were split off it."""
    ids = {one for one in map(whole_number, request.args.get("ids", "")[:2_000].split(",")) if one is not None}
    with looking() as (uow, actor):
        found = origins.split_off(uow, actor, item_id=item_id, among=ids, group_id=group_id())
    return render_template("descent/_parted.html", found=found)


@bp.get("/<int:item_id>/merge")
def merge_form(slug: str, item_id: int) -> ResponseReturnValue:
    """Which other item to merge into this one, and in which order the words stand."""
    return _page(MERGE, item_id, other_id=whole_number(request.args.get("item", "")))


@bp.post("/<int:item_id>/merge")
def merge(slug: str, item_id: int) -> ResponseReturnValue:
    """Merge another item into this one."""
    other = whole_number(text("other_id"))
    words = next((each for each in Words if each.value == text("words")), Words.AFTER)
    try:
        if other is None:
            raise Invalid("", fields={"other_id": _("Choose an item")})
        with transaction() as (uow, actor):
            merged = descent.merge(
                uow, actor, item_id=item_id, other_id=other, words=words, seen=(text("seen"), text("other_seen")),
                group_id=group_id(),
            )  # fmt: skip
            gone = items.access_item(uow.session, actor, other, Can.ITEM_READ, group_id=group_id())
            left = _left(uow, actor, merged, gone)
    except (Conflict, Forbidden, Invalid) as refused:
        if wants_json():  # an Undo of a restore
            raise
        return _page(MERGE, item_id, refused, other_id=other), refused.status
    said = _(
        "%(other)s is merged into %(reference)s. It is withdrawn, and can be restored with all that came along.",
        other=gone.reference, reference=merged.reference,
    )  # fmt: skip
    return done(f"{said} {left}".strip(), merged, ("items.restore", {}), of=gone)


def _left(uow: UnitOfWork, actor: Actor, kept: Item, gone: Item) -> str:
    """Which evidence of an item that has just become a part of another one says what could not be added there."""
    some = descent.at_odds(uow, actor, item_id=kept.id).get(gone.id, [])
    if not some:
        return ""
    said: str = ngettext(
        "What %(other)s says of this evidence was too long to be added, and stands only on %(other)s: %(findings)s.",
        "What %(other)s says of %(num)d findings was too long to be added, and stands only on %(other)s: %(findings)s.",
        len(some), other=gone.reference,
        findings="; ".join(f"“{shorten(each.finding.text, 90, placeholder=' …')}”" for each in some),
    )  # fmt: skip
    return said
