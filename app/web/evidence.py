"""The Evidence room: contracting models as cards, the matrix, and the arrows between findings and items.

Acts answer with a redirect. What can be taken back leaves a note in the person's own cookie for two minutes: every page
of the room, and the item's, shows it as a sentence with an Undo button, and works without scripts.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Invalid
from app.services import contracting, evidence, findings, library
from app.services.version_files import cited
from app.web import items
from app.web.context import database, looking, transaction
from app.web.errors import wants_json
from app.web.forms import local_path, text
from app.web.fragments import fragment, group_id, number, numbers
from models.evidence import Provenance, Relation, Strength

bp = Blueprint("evidence", __name__)

Choice = TypeVar("Choice", bound=StrEnum)
#: How to take an act back: an endpoint, the ids in its address, and the fields of its form.
Back = tuple[str, Mapping[str, Any], Mapping[str, Any]]
UNDO_KEY = "evidence_undo"
#: How long an act can be taken back from the page, in seconds.
UNDO_LASTS = 120
#: A cookie holds about 4,000 characters; what is longer than this when squeezed cannot be put back from the page.
UNDO_BYTES = 1_800


# --- words ---


def strength_words() -> dict[str, str]:
    """How strong a finding is, in the reader's language."""
    return {
        Strength.STRONG.value: _("Strong"),
        Strength.MODERATE.value: _("Moderate"),
        Strength.LOW.value: _("Low"),
        Strength.UNKNOWN.value: _("Not graded"),
    }


def provenance_words() -> dict[str, str]:
    """How we know of something, in the reader's language."""
    return {
        Provenance.SEEN.value: _("Read"),
        Provenance.SEED.value: _("Named in the published project"),
        Provenance.RECALLED.value: _("From memory, to be checked"),
        Provenance.DEMO.value: _("Invented for the demonstration"),
        Provenance.GIVEN.value: _("Given by the group"),
    }


def relation_words() -> dict[str, str]:
    """What a finding does to an item, in the reader's language."""
    return {
        Relation.SUPPORTS.value: _("Supports"),
        Relation.QUALIFIES.value: _("Qualifies"),
        Relation.CONTRADICTS.value: _("Contradicts"),
    }


def stance_words() -> dict[str, str]:
    """How a finding speaks about its model, in the reader's language."""
    return {"for": _("For it"), "against": _("Against it"), "": _("Neither")}


@bp.app_template_global("evidence_words")
def words() -> dict[str, dict[str, str]]:
    """All of these, for templates."""
    return {
        "strength": strength_words(),
        "provenance": provenance_words(),
        "relation": relation_words(),
        "stance": stance_words(),
    }


bp.add_app_template_global(cited, "cited")


@bp.app_template_global("provenance_choices")
def provenance_choices(chosen: str | None) -> list[tuple[str, str]]:
    """The flags a form offers: those of the demonstration only there, or where one is chosen already."""
    special = {Provenance.SEED.value, Provenance.DEMO.value}
    is_demo = database().settings.is_demo
    return [pair for pair in provenance_words().items() if is_demo or pair[0] not in special or pair[0] == chosen]


def choose(values: type[Choice], name: str) -> Choice:
    """One field of the form as one of ``values``. Raises Invalid with a sentence beside the field."""
    try:
        return values(text(name))
    except ValueError:
        raise Invalid(_("Choose from the list."), fields={name: _("Choose from the list")}) from None


# --- acts and their undo ---


def done(
    said: str,
    to: str,
    undo: Back | None = None,
    *,
    item_id: int | None = None,
) -> ResponseReturnValue:
    """The answer to an act: on to ``to``, with what was done and how to take it back.

    ``item_id`` is the item it was done to: only that item's evidence, and the room, offer the way back.
    """
    note: dict[str, Any] = {"said": said, "until": database().clock().timestamp() + UNDO_LASTS, "item": item_id}
    if undo is not None:
        endpoint, ids, fields = undo
        back = {"url": url_for(endpoint, slug=g.group.slug, **ids), "fields": dict(fields)}
        if len(zlib.compress(json.dumps(back).encode())) <= UNDO_BYTES:
            note |= back
    session[UNDO_KEY] = note
    return redirect(local_path(request.form.get("next"), to), 303)


@bp.app_template_global("evidence_undo")
def undo(item_id: int | None = None) -> dict[str, Any] | None:
    """What was done last and may still be taken back: in the room, or on the item it was done to.

    None after two minutes, or in another group.
    """
    note: dict[str, Any] | None = session.get(UNDO_KEY)
    if note is None or note["until"] < database().clock().timestamp():
        return None
    if item_id is not None and note["item"] != item_id:
        return None
    if "url" in note and not str(note["url"]).startswith(f"/g/{g.group.slug}/"):
        return None
    return note


def refused(page: Callable[[dict[str, str]], str], error: Invalid, field: str) -> ResponseReturnValue:
    """A form again with what was typed, and the sentences beside its fields."""
    return page(error.fields or {field: error.message}), error.status


# --- looking ---


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """The models as cards, and what the room holds."""
    with looking() as (uow, actor):
        room = library.room(uow, actor, group_id=group_id())
    return fragment(render_template("evidence/index.html", room=room, here="models"))


@bp.get("/matrix")
def matrix(slug: str) -> ResponseReturnValue:
    """Items by models."""
    with looking() as (uow, actor):
        found = library.matrix(uow, actor, group_id=group_id())
    return fragment(render_template("evidence/matrix.html", matrix=found, here="matrix"))


@bp.get("/items/<int:item_id>")
def of_item(slug: str, item_id: int) -> ResponseReturnValue:
    """What one item rests on, as its page and its card show it."""
    with looking() as (uow, actor):
        found = evidence.of_item(uow, actor, item_id, group_id=group_id())
    return fragment(render_template("evidence/_of_item.html", evidence=found))


# --- arrows to an item ---


def _item(item_id: int) -> str:
    return url_for("items.item", slug=g.group.slug, item_id=item_id, _anchor="evidence")


def add_link(finding_id: int, item_id: int) -> int:
    """Link the two as the form says; the link's id."""
    relation = choose(Relation, "relation")
    with transaction() as (uow, actor):
        made = findings.link(
            uow, actor, finding_id=finding_id, item_id=item_id, relation=relation, note_text=text("note"),
            group_id=group_id(),
        )  # fmt: skip
    return made.id


@bp.post("/items/<int:item_id>/link")
def link(slug: str, item_id: int) -> ResponseReturnValue:
    """Say what a finding does to an item."""
    finding_id = number("finding_id")
    try:
        if finding_id is None:
            raise Invalid(
                _("Choose a finding from the list."), fields={"finding_id": _("Choose a finding from the list")}
            )
        made = add_link(finding_id, item_id)
    except Invalid as error:
        if wants_json():
            raise
        return items.page(item_id, error, "evidence"), error.status
    back: Back = ("evidence.unlink", {"link_id": made}, {})
    return done(_("The finding is linked."), _item(item_id), back, item_id=item_id)


@bp.post("/links/<int:link_id>/remove")
def unlink(slug: str, link_id: int) -> ResponseReturnValue:
    """Take a finding off an item."""
    with transaction() as (uow, actor):
        gone = findings.unlink(uow, actor, link_id=link_id, group_id=group_id())
    again = {"finding_id": gone.finding_id, "relation": gone.relation.value, "note": gone.note}
    back: Back = ("evidence.link", {"item_id": gone.item_id}, again)
    return done(_("The link is gone."), _item(gone.item_id), back, item_id=gone.item_id)


@bp.post("/items/<int:item_id>/judgement")
def judge(slug: str, item_id: int) -> ResponseReturnValue:
    """Say that an item rests on the group's judgement, or no longer."""
    on = text("on") == "yes"
    with transaction() as (uow, actor):
        item = findings.judge(uow, actor, item_id=item_id, on=on, group_id=group_id())
    said = (
        _("%(reference)s rests on the group's judgement.", reference=item.reference)
        if on
        else _("%(reference)s no longer rests on the group's judgement.", reference=item.reference)
    )
    back: Back = ("evidence.judge", {"item_id": item_id}, {"on": "no" if on else "yes"})
    return done(said, _item(item_id), back, item_id=item_id)


@bp.post("/items/<int:item_id>/models")
def keep(slug: str, item_id: int) -> ResponseReturnValue:
    """Say from which models an item keeps something."""
    chosen = numbers("models")
    with transaction() as (uow, actor):
        before = contracting.keep(uow, actor, item_id=item_id, model_ids=chosen, group_id=group_id())
    back: Back = ("evidence.keep", {"item_id": item_id}, {"models": before})
    return done(_("Saved."), _item(item_id), back, item_id=item_id)
