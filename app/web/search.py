"""The page and the box in which one searches over everything in a group."""

from __future__ import annotations

import logging
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.calc import search as calc
from app.calc.search import Piece
from app.errors import Conflict, Full
from app.policy import Can
from app.services import search
from app.services.search import Found
from app.services.search_texts import Kind, Thing
from app.uow import SILENT
from app.web.context import ROOMS, database, looking
from app.web.fragments import group_id, may

bp = Blueprint("search", __name__)
#: So many pages of the group are offered beside what was found.
MOST_PLACES = 4
log = logging.getLogger("concordat.web")


def _kind() -> Kind | None:
    given = request.args.get("kind", "")
    return next((kind for kind in Kind if kind.value == given), None)


def _find(kind: Kind | None) -> Found:
    """What the address asks for. New words are filed first; where that cannot be, one does without the newest."""
    asked = request.args.get("q", "")
    with looking() as (uow, actor):
        if not search.is_due(uow.session):
            return search.search(uow, actor, group_id=group_id(), asked=asked, kind=kind)
    try:
        search.file_all(database())
    except (Conflict, Full, *SILENT) as error:
        log.warning("new words were not filed: %s", type(error).__name__)
    with looking() as (uow, actor):
        return search.search(uow, actor, group_id=group_id(), asked=asked, kind=kind)


def _shelves() -> dict[Kind, str]:
    return {
        Kind.ITEM: _("Blueprint"),
        Kind.TERM: _("Glossary"),
        Kind.COMMENT: _("Comments"),
        Kind.SUGGESTION: _("Suggestions"),
        Kind.DECISION: _("Decisions"),
        Kind.ACTION: _("Actions"),
        Kind.HOMEWORK: _("Homework"),
        Kind.MEETING: _("Sessions"),
        Kind.MINUTES: _("Minutes"),
        Kind.FINDING: _("Findings"),
        Kind.SOURCE: _("Sources"),
        Kind.MODEL: _("Contracting models"),
        Kind.VERSION: _("Versions"),
        Kind.PERSON: _("People"),
    }


#: The pages of things that have one of their own, and what its address calls them.
_PAGES = {
    Kind.ITEM: ("items.item", "item_id"),
    Kind.TERM: ("glossary.show", "term_id"),
    Kind.DECISION: ("decisions.show", "decision_id"),
    Kind.MEETING: ("meetings.show", "meeting_id"),
    Kind.FINDING: ("findings.show", "finding_id"),
    Kind.SOURCE: ("sources.show", "source_id"),
    Kind.MODEL: ("contracting.show", "model_id"),
    Kind.VERSION: ("versions.version", "version_id"),
}


def _address(slug: str, thing: Thing) -> str:
    """Where a thing is read."""
    match thing.kind:
        case Kind.COMMENT:
            return url_for("items.item", slug=slug, item_id=thing.at, said=thing.id, _anchor=f"said-{thing.id}")
        case Kind.SUGGESTION:
            name = f"suggestion-{thing.id}"
            return url_for("items.item", slug=slug, item_id=thing.at, suggestion=thing.id, _anchor=name)
        case Kind.ACTION:
            return url_for("actions.index", slug=slug, _anchor=f"action-{thing.id}")
        case Kind.HOMEWORK if thing.done:
            return url_for("meetings.show", slug=slug, meeting_id=thing.at, _anchor="homework")
        case Kind.HOMEWORK if thing.withdrawn:  # it is listed again when its item is back
            return url_for("items.item", slug=slug, item_id=thing.at)
        case Kind.HOMEWORK:
            return url_for("homework.index", slug=slug, _anchor=f"homework-{thing.id}")
        case Kind.MINUTES:
            return url_for("meetings.show_minutes", slug=slug, meeting_id=thing.at)
        case Kind.PERSON:
            return url_for("groups.people", slug=slug, _anchor=f"person-{thing.id}")
        case _:
            endpoint, name = _PAGES[thing.kind]
            values: dict[str, Any] = {"slug": slug, name: thing.id}
            return url_for(endpoint, **values)


def _label(thing: Thing) -> str:
    """What stands before a thing's own words."""
    match thing.kind:
        case Kind.ITEM:
            return thing.reference
        case Kind.COMMENT | Kind.SUGGESTION | Kind.HOMEWORK:
            if not thing.about:
                return str(_("On %(reference)s", reference=thing.reference))
            return str(_("%(name)s on %(reference)s", name=thing.about, reference=thing.reference))
        case Kind.DECISION:
            return " · ".join(filter(None, (_("Decision %(number)s", number=thing.number), thing.reference)))
        case Kind.ACTION:
            return " · ".join(filter(None, (_("Action %(number)s", number=thing.number), thing.about)))
        case Kind.MEETING:
            return str(_("Session %(number)s", number=thing.number))
        case Kind.MINUTES:
            return str(_("Minutes of session %(number)s: %(title)s", number=thing.number, title=thing.about))
        case Kind.FINDING:
            return thing.about
        case Kind.VERSION:
            return str(_("Version %(number)s", number=thing.number))
        case Kind.TERM | Kind.SOURCE | Kind.MODEL | Kind.PERSON:
            return ""


def _note(thing: Thing) -> str:
    """What has become of a thing, where that matters to who finds it."""
    if thing.withdrawn:
        return str(_("Withdrawn"))
    if thing.done:
        return str({Kind.COMMENT: _("Resolved"), Kind.SUGGESTION: _("Decided"), Kind.ACTION: _("Done"),
                    Kind.HOMEWORK: _("Came back")}[thing.kind])  # fmt: skip
    return ""


def _places(slug: str, found: Found) -> list[tuple[list[Piece], str]]:
    """The pages of a group whose names hold what was asked for, and where they are."""
    extra = (
        (_("Glossary"), "glossary.index", Can.ITEM_READ),
        (_("Suggestions"), "suggestions.index", Can.ITEM_READ),
        (_("Comments"), "comments.index", Can.COMMENT_READ),
        (_("Choose several items"), "several.index", Can.ITEM_WRITE),
        (_("Add from Word"), "imports.index", Can.ITEM_WRITE),
        (_("Decisions"), "decisions.index", Can.DECISION_READ),
        (_("Actions"), "actions.index", Can.DECISION_READ),
        (_("Homework"), "homework.index", Can.MEETING_READ),
        (_("Download the draft"), "exports.index", Can.ITEM_READ),
        (_("Everything that happened"), "groups.activity", Can.GROUP_READ),
        (_("Practise in five minutes"), "practice.tour", Can.GROUP_READ),
    )
    rooms = ((_(label), endpoint, can) for label, endpoint, _first, can in ROOMS)
    return [
        (calc.marked(str(label), found.words), url_for(endpoint, slug=slug))
        for label, endpoint, can in (*rooms, *extra)
        if may(can) and calc.matches([str(label)], found.words)
    ][:MOST_PLACES]


def _rendered(template: str, slug: str, found: Found, kind: Kind | None) -> str:
    shelves = [
        (
            shelf, _shelves()[shelf.kind],
            [(hit, _address(slug, hit.thing), _label(hit.thing), _note(hit.thing)) for hit in shelf.hits],
        )
        for shelf in found.shelves
    ]  # fmt: skip
    places = _places(slug, found) if kind is None else []
    return render_template(template, found=found, shelves=shelves, kind=kind, kinds=_shelves(), places=places)


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """What was found, as a page; a reference typed in full leads straight to its item."""
    kind = _kind()
    found = _find(kind)
    if found.exact is not None and kind is None:
        return redirect(_address(slug, found.exact), 303)
    return _rendered("search/index.html", slug, found, kind)


@bp.get("/found")
def found(slug: str) -> ResponseReturnValue:
    """What was found, as choices of the box that Ctrl-K opens."""
    return _rendered("search/_choices.html", slug, _find(None), None)
