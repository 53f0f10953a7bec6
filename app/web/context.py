"""What every request has: its transaction, its actor, and what base.html shows around a page."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, request, session, url_for
from flask_babel import gettext as _

from app.errors import Conflict, Full, NotFound
from app.policy import VISITOR, Actor, Can, allowed
from app.services import accounts, notifications, visits
from app.uow import SILENT, Database, UnitOfWork
from models.groups import Group, Role

SIGN_IN_KEY = "sign_in"
STORED_KEY = "stored"
#: So many signs of what a device keeps, and so long: they travel in the cookie.
MOST_KEPT, LONGEST_KEPT = 6, 200
#: A slow phone has the scripts of one page or another in this time.
SAID_FOR = timedelta(minutes=10)
#: What begins the names under which a device keeps the words of forms (static/js/modules/unsaved.js).
KEPT_WORDS = "concordat-words:"
log = logging.getLogger("concordat.web")


@dataclass(frozen=True)
class Viewer:
    """The signed-in person as the page header shows them."""

    id: int
    name: str
    email: str
    is_administrator: bool

    @property
    def initials(self) -> str:
        """At most two letters."""
        return accounts.initials(self.name)


def database() -> Database:
    """This process's database."""
    found = current_app.extensions["concordat.database"]
    assert isinstance(found, Database)  # noqa: S101  # put there by app.factory
    return found


def _actor(uow: UnitOfWork) -> Actor:
    return accounts.actor_of_cookie(uow.session, uow.keys, session.get(SIGN_IN_KEY), uow.now)


@contextmanager
def transaction() -> Iterator[tuple[UnitOfWork, Actor]]:
    """One writing transaction with the actor loaded fresh inside it; facts are published after the commit."""
    with database().writing() as uow:
        yield uow, _actor(uow)


@contextmanager
def looking() -> Iterator[tuple[UnitOfWork, Actor]]:
    """One reading transaction with the actor loaded fresh inside it."""
    with database().reading() as uow:
        yield uow, _actor(uow)


def remember(actor: Actor, group: Group | None = None, role: Role | None = None) -> None:
    """Keep for the page header who looks at what; never used to decide a right."""
    g.actor, g.group, g.role = actor, group, role


def note_use(response: Response) -> None:
    """Note now and then that a sign-in is in use and who is in a group; what cannot be written is let go.

    Looking at an item reads what concerned one there. A page that is fetched by a script counts for nothing.
    """
    actor: Actor = g.get("actor", VISITOR)
    used = accounts.is_use_due(actor, database().clock())
    group = g.get("group") if _is_visit(response) else None
    shows, asked = request.endpoint == "groups.overview", g.get("look_asked")
    item_id = (request.view_args or {}).get("item_id") if request.endpoint == "items.item" else None
    if group is not None:
        with database().reading() as uow:
            known = visits.known(uow.session, actor, group.id)
            if item_id is not None and not notifications.waits_on_item(uow.session, actor, item_id):
                item_id = None
        if not visits.is_due(known, uow.now, shows=shows, asked=asked):
            group = None
    else:
        item_id = None
    if not used and group is None and item_id is None:
        return
    try:
        with database().writing() as uow:
            if used:
                accounts.note_use(uow, actor)
            if group is not None:
                visits.note(uow, actor, group_id=group.id, shows=shows, asked=asked)
            if item_id is not None:
                notifications.read_on_item(uow, actor, item_id=item_id)
    except (Conflict, Full, NotFound, *SILENT) as error:  # a page can be read although nothing can be written just now
        log.warning("use was not noted: %s", type(error).__name__)


def nothing_stored() -> None:
    """Say that nothing of the form is stored though it leads on: its device keeps the words."""
    g.nothing_stored = True


def note_stored(response: Response) -> None:
    """What a form's device had kept of its words is stored when the form leads on: the next pages have it let go of.

    Each sign names a record as it was sent (``signOf`` in static/js/text/store.js), and is said for a while: the page
    that answers may be left before its scripts have run.
    """
    leads_on = request.method == "POST" and response.status_code in {HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}
    is_heard = g.get("actor", VISITOR).person_id is not None  # who is signed out is led to the door
    if leads_on and is_heard and not g.get("nothing_stored"):
        now = int(database().clock().timestamp())
        signs = [[sign, now] for sign in request.form.getlist("kept") if len(sign) <= LONGEST_KEPT]
        if signs:
            session[STORED_KEY] = [*session.get(STORED_KEY, []), *signs][-MOST_KEPT:]


def _stored() -> list[str]:
    """The signs of what was stored of late, for whole pages; those said for long enough leave the cookie."""
    said = session.get(STORED_KEY, [])
    oldest = (database().clock() - SAID_FOR).timestamp()
    late = [[sign, at] for sign, at in said if at >= oldest]
    if len(late) < len(said):
        session[STORED_KEY] = late
    return [sign for sign, _at in late]


def _is_visit(response: Response) -> bool:
    """Whether a person asked for this: a page or an act of somebody of the group, not what an open page fetches."""
    if response.status_code >= HTTPStatus.BAD_REQUEST or g.get("role") in (None, Role.GUEST):
        return False
    if g.group.practises_for_id is not None:  # nothing is new there for anybody
        return False
    return request.method == "POST" or request.headers.get("Sec-Fetch-Dest", "document") == "document"


def install(app: Flask) -> None:
    """Give templates what they share, and note who is in use after each answer."""
    app.context_processor(page_context)
    app.jinja_env.filters["initials"] = accounts.initials

    @app.after_request
    def after(response: Response) -> Response:
        note_stored(response)
        note_use(response)
        return response


#: The group's rooms in the order of the golden thread: label, endpoint, first part of the path, who sees it.
ROOMS = (
    ("Overview", "groups.overview", "", Can.GROUP_READ),
    ("Blueprint", "items.blueprint", "blueprint", Can.ITEM_READ),
    ("Sessions", "meetings.index", "sessions", Can.MEETING_READ),
    ("Evidence", "evidence.index", "evidence", Can.EVIDENCE_READ),
    ("Versions", "versions.index", "versions", Can.VERSION_READ),
    ("Validation", "validation.index", "validation", Can.ROUND_READ),
    ("People", "groups.people", "people", Can.PEOPLE_READ),
)


def _nav(group: Group, role: Role) -> list[dict[str, Any]]:
    if group.practises_for is not None:
        return [
            {"label": _("Tour"), "href": url_for("practice.tour", slug=group.practises_for.slug), "current": False},
            {"label": _("Practice ground"), "href": url_for("items.blueprint", slug=group.slug), "current": True},
        ]
    here = request.path.removeprefix(f"/g/{group.slug}").strip("/").split("/")[0]
    known = current_app.view_functions
    return [
        {"label": _(label), "href": url_for(endpoint, slug=group.slug), "current": here == first}
        for label, endpoint, first, can in ROOMS
        if endpoint in known and allowed(role, can)
    ]


def page_context() -> dict[str, Any]:
    """Variables of every template: viewer, group, role, nav, practises_for (whose practice ground this is), and
    ``unread`` and ``stored``, which are asked only where they are shown."""
    actor: Actor = g.get("actor", VISITOR)
    group: Group | None = g.get("group")
    role: Role | None = g.get("role")
    viewer = None
    if actor.person_id is not None:
        viewer = Viewer(actor.person_id, actor.name, actor.email or "", actor.is_administrator)
    shown = group if role is not None and role is not Role.GUEST else None
    return {
        "viewer": viewer,
        "group": group,
        "role": role.value if role else None,
        "nav": _nav(shown, role) if shown is not None and role is not None else [],
        "practises_for": shown.practises_for if shown is not None else None,
        "is_demo": database().settings.is_demo,
        "unread": _unread,
        "stored": _stored,
    }


def _unread() -> int:
    """How much that concerns the viewer is unread; asked by whole pages only, not by the parts that are fetched."""
    with database().reading() as uow:
        return notifications.unread(uow.session, g.get("actor", VISITOR))
