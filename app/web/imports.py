"""Bringing somebody's Word document into the tree, with a look at every heading first."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.calc.wordpackages import MAX_BYTES
from app.errors import Conflict, DomainError, Forbidden, Invalid
from app.policy import Can, allowed, require
from app.services import imports, items, several
from app.services.imports import LEFT_OUT, WORDS, Chosen, Looked
from app.web.context import looking, transaction
from app.web.forms import whole_number
from app.web.fragments import faults, with_undo
from app.web.limits import limiter
from models.items import Kind, PrincipleGroup, Status

bp = Blueprint("imports", __name__)

#: A whole blueprint holds up whoever else writes, for seconds if it is a large one.
WHOLE = "30 per hour"
#: A form of this application holds a million letters.
LARGEST_PACKED = 900_000
#: Of what is left out so many letters are still known after a refusal.
LARGEST_LEFT_OUT = 100_000
TEXTS = ("text", "why", "summary")
#: What is said of words that look otherwise in Word, and is still said after a refusal.
LOOKS = ("struck", "raised")
#: So many letters of what Undo sends are offered: they travel in a cookie.
LONGEST_BACK = 1_000


def what_words() -> dict[str, str]:
    """What a heading may become, in the reader's language."""
    return {
        f"principle.{PrincipleGroup.PERSON_CENTRED.value}": _("Principle, person-centred"),
        f"principle.{PrincipleGroup.ORGANISATIONAL.value}": _("Principle, organisational"),
        Kind.ELEMENT.value: _("Core element"),
        Kind.CRITERION.value: _("Criterion"),
        Kind.SPECIFICATION.value: _("Specification"),
        WORDS: _("Words of the item above"),
        LEFT_OUT: _("Leave out"),
    }


@bp.get("/import")
def index(slug: str) -> ResponseReturnValue:
    """The form for a document."""
    return _index(None)


def _index(refused: DomainError | None) -> str:
    with looking() as (uow, actor):
        require(uow.session, actor, g.group.id, Can.ITEM_WRITE)
        is_empty = items.count(uow.session, g.group.id) == 0
    may_take_over = is_empty and allowed(g.role, Can.GROUP_EDIT)
    refusal = refused.message if refused is not None and not refused.fields else ""
    return render_template("imports/index.html", errors=faults(refused), refusal=refusal, may_take_over=may_take_over)


@bp.post("/import/blueprint")
@limiter.limit(WHOLE)
def look_over(slug: str) -> ResponseReturnValue:
    """What would come in of another server's JSON, and what would not; nothing is done yet."""
    try:
        data = _json_file()
        with transaction() as (uow, actor):
            found = imports.look_over(uow, actor, group_id=g.group.id, data=data)
    except (Invalid, Conflict) as refused:
        return _refused(refused)
    return render_template("imports/blueprint.html", found=found, packed=_packed(data))


def _json_file() -> bytes:
    given = request.files.get("blueprint")
    if given is None or not given.filename:
        raise Invalid("", fields={"file": _("Choose the JSON file.")})
    return given.stream.read(imports.LARGEST + 1)


def _refused(refused: Invalid | Conflict) -> ResponseReturnValue:
    if "file" in refused.fields:
        refused.fields["blueprint"] = refused.fields.pop("file")
    return _index(refused), refused.status


def _packed(data: bytes) -> str:
    """A file as a field of the page carries it, so that nobody chooses it twice; empty where it is too large."""
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    return packed if len(packed) <= LARGEST_PACKED else ""


def _unpacked(packed: str) -> bytes:
    """The file of such a field; empty for what is none, or is larger than any file may be."""
    try:
        swollen = zlib.decompressobj().decompress(base64.b64decode(packed), imports.LARGEST + 1)
    except (ValueError, zlib.error):
        return b""
    return swollen


@bp.post("/import/blueprint/take")
@limiter.limit(WHOLE)
def take_over(slug: str) -> ResponseReturnValue:
    """Fill an empty blueprint from the JSON of a draft or version of any server, as it was looked at."""
    try:
        data = _unpacked(request.form.get("packed", "")) or _json_file()
        with transaction() as (uow, actor):
            made = imports.take_over(uow, actor, group_id=g.group.id, data=data)
    except (Invalid, Conflict) as refused:
        return _refused(refused)
    said = [ngettext("%(num)d item has come in.", "%(num)d items have come in.", made.items)]
    if made.parked:
        said.append(ngettext("%(num)d is parked, as it was.", "%(num)d are parked, as they were.", made.parked))
    if made.judged:
        said.append(
            ngettext("%(num)d rests on the group’s judgement.", "%(num)d rest on the group’s judgement.", made.judged)
        )
    flash(" ".join(said), "success")
    return redirect(url_for("items.blueprint", slug=slug), 303)


@bp.post("/import")
def look(slug: str) -> ResponseReturnValue:
    """The document's headings, each with what it would become; nothing is added yet."""
    given = request.files.get("file")
    try:
        if given is None or not given.filename:
            raise Invalid("", fields={"file": _("Choose a Word document.")})
        data = given.stream.read(MAX_BYTES + 1)
        with looking() as (uow, actor):
            found = imports.look(uow, actor, group_id=g.group.id, data=data)
    except Invalid as refused:
        return _index(refused), refused.status
    lines = _lines_of(found)
    wrong = imports.faults_of([line["title"] if line["what"] not in (WORDS, LEFT_OUT) else "-" for line in lines])
    return _preview(lines, found.left_out, wrong, is_ours=found.is_ours)


def _lines_of(found: Looked) -> list[dict[str, str]]:
    return [
        {"what": f"principle.{PrincipleGroup.PERSON_CENTRED.value}" if each.guess == "principle" else each.guess,
         "depth": str(min(each.depth, 3)), "title": each.title, "text": each.text, "why": each.why,
         "summary": each.summary, "struck": each.struck, "raised": each.raised}
        for each in found.headings
    ]  # fmt: skip


def _preview(
    lines: list[dict[str, str]], left_out: Sequence[str], errors: dict[str, str], *, under: str = "",
    is_ours: bool = False, is_open: bool = False,
) -> str:  # fmt: skip
    with looking() as (uow, actor):
        standing = items.tree(uow, actor, g.group.id, withdrawn=False)
    elements = [
        (each.item.id, f"{each.item.reference} {each.title}") for each in standing
        if each.item.kind is Kind.ELEMENT and each.item.status is not Status.WITHDRAWN
    ]  # fmt: skip
    return render_template(
        "imports/preview.html", lines=lines, left_out=left_out, elements=elements, whats=what_words(), under=under,
        errors=errors, is_ours=is_ours, is_open=is_open, kept=_kept(left_out),
        closely=sum(any(line[name] for name in LOOKS) for line in lines),
    )  # fmt: skip


@bp.post("/import/add")
def add(slug: str) -> ResponseReturnValue:
    """Add what was chosen, all of it as ideas."""
    count = min(whole_number(request.form.get("count", "")) or 0, imports.MOST)
    names = ("what", "depth", "title", *TEXTS, *LOOKS)
    lines = [{name: request.form.get(f"{name}-{number}", "") for name in names} for number in range(count)]
    try:
        with transaction() as (uow, actor):
            made = imports.add(
                uow, actor, group_id=g.group.id, chosen=[_chosen(line) for line in lines],
                under_id=whole_number(request.form.get("under", "")),
            )  # fmt: skip
    except Invalid as refused:
        page = _preview(
            lines, _left_out(request.form.get("left_out", "")), faults(refused), under=request.form.get("under", ""),
            is_ours="ours" in request.form, is_open=True,
        )  # fmt: skip
        return page, refused.status
    said = ngettext("%(num)d item is added as an idea.", "%(num)d items are added as ideas.", len(made))
    ids = {item.id for item in made}
    roots = [item.id for item in made if item.parent_id not in ids]
    back = " ".join(map(str, roots))
    # What is said is kept in a cookie, and what is done to several is done to so many at most.
    if len(roots) <= several.MOST and len(back) <= LONGEST_BACK:
        flash(with_undo(said, url_for("imports.take_back", slug=slug), {"added": back}), "success")
    else:
        flash(said, "success")
    return redirect(f"{url_for('items.blueprint', slug=slug)}#item-{made[0].id}", 303)


@bp.post("/import/take-back")
def take_back(slug: str) -> ResponseReturnValue:
    """Withdraw together what has just been added."""
    ids = [one for one in map(whole_number, request.form.get("added", "").split()) if one is not None]
    try:
        with transaction() as (uow, actor):
            gone = several.withdraw(uow, actor, group_id=g.group.id, item_ids=ids)
    except (Conflict, Forbidden, Invalid) as refused:
        flash(refused.message or " ".join(refused.fields.values()), "error")
    else:
        said = ngettext(
            "%(num)d item is withdrawn again, with what is under it.",
            "%(num)d items are withdrawn again, with what is under them.", len(gone),
        )  # fmt: skip
        flash(said, "success")
    return redirect(url_for("items.blueprint", slug=slug), 303)


def _kept(left_out: Sequence[str]) -> str:
    """What is left out as a field of the page keeps it, as far as that may be long."""
    some, letters = [], 0
    for each in left_out:
        letters += len(each)
        if letters <= LARGEST_LEFT_OUT:
            some.append(each)
    return json.dumps(some, ensure_ascii=False)


def _left_out(kept: str) -> list[str]:
    try:
        found = json.loads(kept)
    except (ValueError, RecursionError):
        return []
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []


def _chosen(line: dict[str, str]) -> Chosen:
    what, _dot, family = line["what"].partition(".")
    if what not in {*(kind.value for kind in Kind), WORDS}:
        what = LEFT_OUT
    families: dict[str, Any] = {each.value: each for each in PrincipleGroup}
    texts = {name: line[name].replace("\r\n", "\n") for name in TEXTS}
    return Chosen(what, line["title"], family=families.get(family), **texts)
