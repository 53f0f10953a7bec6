"""The projector: a page at its own address, without a sign-in, that may be reloaded at any time."""

from __future__ import annotations

import io

import segno
from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app import markup
from app.policy import VISITOR
from app.services import rooms
from app.web.context import database, remember
from app.web.fragments import fragment
from app.web.limits import KNOCKING, failed, limiter

bp = Blueprint("screen", __name__)


def join_code_picture(base: str, code: str | None) -> Markup | None:
    """The QR code that leads to a session, None when nobody may come in."""
    if not code:
        return None
    return picture(f"{base}/join/{code}", _("QR code that opens the page to join"))


def picture(address: str, words: str) -> Markup:
    """The QR code of an address; ``words`` say what it is to those who do not see it."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", border=2, xmldecl=False, svgns=True, omitsize=True, dark="#212b32", light="#ffffff"
    )
    return markup.qr(out.getvalue().decode(), words)


def _page(token: str, *, whole: bool) -> str:
    with database().reading() as uow:
        room = rooms.read_screen(uow, token=token)
        due = rooms.needs_seen(uow, room.meeting)
    if due:
        with database().writing() as uow:
            rooms.screen_was_seen(uow, token=token)
    remember(VISITOR, room.group)
    base = database().settings.base_url
    return render_template(
        "screen/show.html" if whole else "screen/_screen.html", room=room, meeting=room.meeting, token=token,
        address=f"{base}/join".split("://", 1)[1], qr=join_code_picture(base, room.meeting.join_code),
    )  # fmt: skip


@bp.get("/screen/<token>")
@limiter.limit(KNOCKING, deduct_when=failed)
def show(token: str) -> ResponseReturnValue:
    """What the room sees on the wall."""
    return _page(token, whole=True)


@bp.get("/screen/<token>/live")
@limiter.limit(KNOCKING, deduct_when=failed)
def live(token: str) -> ResponseReturnValue:
    """The same, again: cheap while nothing changes."""
    return fragment(_page(token, whole=False))
