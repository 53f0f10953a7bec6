"""Guards: what must hold before any view of a blueprint runs. Each blueprint names its guard where it is registered."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import NotFound
from app.policy import Can
from app.services import groups, meetings
from app.web.context import looking, remember

Guard = Callable[[], ResponseReturnValue | None]


def to_sign_in() -> ResponseReturnValue:
    """Send a visitor to the sign-in page and back; a program gets 401."""
    if request.method == "GET" and "text/html" in request.headers.get("Accept", "text/html"):
        return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?")))
    return abort(401)


def anyone() -> ResponseReturnValue | None:
    """Open to all; the page header still shows who is signed in."""
    with looking() as (_uow, actor):
        remember(actor)
    return None


def unlooked() -> ResponseReturnValue | None:
    """Open to all and asks nothing of the database: health checks, static files, an expert's own pages."""
    return None


def signed_in() -> ResponseReturnValue | None:
    """Only people who are signed in."""
    with looking() as (_uow, actor):
        remember(actor)
        return None if actor.person_id is not None else to_sign_in()


def administrator() -> ResponseReturnValue | None:
    """Only administrators; nobody else learns that the page exists."""
    with looking() as (_uow, actor):
        remember(actor)
        if actor.person_id is None:
            return to_sign_in()
        if not actor.is_administrator:
            raise NotFound()
    return None


def member() -> ResponseReturnValue | None:
    """Only people of the group named by ``slug`` in the address; to others the group does not exist."""
    return _in_group(practice=False)


def practising_member() -> ResponseReturnValue | None:
    """As ``member``, in the practice ground of their group too: the rooms in which one writes and says something."""
    return _in_group(practice=True)


def _in_group(*, practice: bool) -> ResponseReturnValue | None:
    with looking() as (uow, actor):
        remember(actor)
        if actor.person_id is None:
            return to_sign_in()
        slug = (request.view_args or {}).get("slug", "")
        group, standing = groups.access_group(uow.session, actor, slug, Can.GROUP_READ, practice=practice)
        remember(actor, group, standing.role)
    return None


def session_member() -> ResponseReturnValue | None:
    """As ``member``; a session named in the address has to be one of that group, and no draft of others."""
    return _in_session(Can.MEETING_READ)


def attendee() -> ResponseReturnValue | None:
    """People with a place in the session named in the address: members, and guests who were let into this very one."""
    return _in_session(Can.MEETING_ATTEND)


def _in_session(can: Can) -> ResponseReturnValue | None:
    args = request.view_args or {}
    with looking() as (uow, actor):
        remember(actor)
        if actor.person_id is None:
            return to_sign_in()
        group, standing = groups.access_group(uow.session, actor, args.get("slug", ""), can)
        if "meeting_id" in args:
            meetings.access_meeting(uow.session, actor, args["meeting_id"], can, group_id=group.id)
        remember(actor, group, standing.role)
    return None
