"""Commenting on words: beside an item, in the editor's dialog, and all of a group's comments in one list."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.calc.anchors import readable
from app.errors import Conflict, DomainError, Invalid
from app.policy import Actor, Can, require
from app.services import comments
from app.services import items as items_service
from app.services.comments import Point, Which
from app.uow import UnitOfWork
from app.web import items, talks
from app.web.context import looking, transaction
from app.web.errors import wants_json
from app.web.forms import asked, local_path, text, whole_number
from app.web.fragments import command, faults, group_id
from app.web.history import field_words, named_field

bp = Blueprint("comments", __name__)


# --- looking ---


def which_words() -> dict[Which, str]:
    """The lists of a group's comments in the reader's language."""
    return {
        Which.OPEN: _("Open"),
        Which.MENTIONS: _("Naming me"),
        Which.MINE: _("I took part"),
        Which.RESOLVED: _("Resolved"),
    }


@bp.get("/comments")
def index(slug: str) -> ResponseReturnValue:
    """All comments of the group in one list: open ones, those that name me, mine, or resolved ones."""
    given = request.args.get("show", Which.OPEN.value)
    which = next((each for each in Which if each.value == given), Which.OPEN)
    with looking() as (uow, actor):
        found = [talks.shown(talk) for talk in comments.in_group(uow, actor, group_id=group_id(), which=which)]
        people = talks.people(uow, group_id())
        entries = items_service.entries_of(uow, actor, group_id(), {each.talk.item.id for each in found})
    return render_template(
        "comments/index.html", shown_=found, entries=entries, which=which, lists=which_words(),
        fields=field_words(), people=people, most=comments.MOST, errors={}, refused_on="", refusal="", typed={},
    )  # fmt: skip


@bp.get("/items/<int:item_id>/comments/new")
def new(slug: str, item_id: int) -> ResponseReturnValue:
    """The form for a comment on words marked in the editor, or on the whole item: inside the dialog, or a page."""
    return _form(item_id)


def _form(item_id: int, refused: DomainError | None = None) -> str:
    given = request.form if refused is not None else request.args
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.COMMENT_WRITE)
        entry = items_service.entry_of(uow, actor, item_id, group_id=group_id())
        people = talks.people(uow, group_id())
    template = "comments/_new.html" if request.headers.get("HX-Request") else "comments/new.html"
    return render_template(
        template, entry=entry, given=given, people=people, fields=field_words(), errors=faults(refused),
        refusal=refused.message if refused else "", read=readable(given.get("quote", "")),
    )  # fmt: skip


@bp.get("/documents/<int:document_id>/anchors")
def anchors(slug: str, document_id: int) -> ResponseReturnValue:
    """Where the words of open comments stand in one version of a text, the present one unless ``version`` says so.

    ``{version, places: [[discussion, start, end], …]}``, in UTF-16 units.
    """
    with looking() as (uow, actor):
        version, found = comments.anchors_at(
            uow, actor, document_id=document_id, version=asked("version"), group_id=group_id()
        )
    return jsonify(version=version, places=[[id_, place.start, place.end] for id_, place in sorted(found.items())])


# --- saying something ---


def _point() -> Point | None:
    numbers = [whole_number(request.form.get(name, "")) for name in ("version", "start", "end")]
    version, first, last = numbers
    return Point(version, first, last) if version is not None and first is not None and last is not None else None


@bp.post("/items/<int:item_id>/comments")
def start(slug: str, item_id: int) -> ResponseReturnValue:
    """Begin a discussion about some words, or about the item."""
    try:
        with transaction() as (uow, actor):
            made = comments.start(
                uow, actor, item_id=item_id, words=request.form.get("words", ""), field=named_field(text("field")),
                quote=text("quote"), occurrence=whole_number(text("occurrence")), point=_point(),
                group_id=group_id(),
            )  # fmt: skip
            said = _kept(uow, _("Your comment is kept."))
    except (Invalid, Conflict) as refused:
        if wants_json():
            raise
        return (items.page(item_id, refused, "new") if text("here") else _form(item_id, refused)), refused.status
    if wants_json():
        return jsonify(said=said, item=item_id, undo=None)
    flash(said, "success")
    return redirect(_to(item_id, made.id), 303)


def _kept(uow: UnitOfWork, said: str) -> str:
    """The sentence that says that words are kept, and whom they call in vain."""
    left = comments.who_left(uow.session, group_id(), request.form.get("words", ""))
    return " ".join(
        [said, *(_("%(name)s has left, or has no account any more, and is not told.", name=name) for name in left)]
    )


def _to(item_id: int, discussion_id: int) -> str:
    """Where to go on: the page one came from where it said so, else the item's."""
    page = url_for("items.item", slug=g.group.slug, item_id=item_id)
    return f"{local_path(request.form.get('next'), page)}#talk-{discussion_id}"


def _act(
    item_id: int, discussion_id: int, use_case: Callable[[UnitOfWork, Actor], object], *, on: str = "",
) -> ResponseReturnValue:  # fmt: skip
    """Carry out something upon a discussion; a refusal shows the item's page with what was typed at ``on``."""
    where = on or f"talk-{discussion_id}"
    return command(use_case, to=_to(item_id, discussion_id), page=lambda refused: items.page(item_id, refused, where))


@bp.post("/items/<int:item_id>/comments/<int:discussion_id>/reply")
def reply(slug: str, item_id: int, discussion_id: int) -> ResponseReturnValue:
    """Add to a discussion."""

    def act(uow: UnitOfWork, actor: Actor) -> object:
        words = request.form.get("words", "")
        comments.reply(uow, actor, discussion_id=discussion_id, words=words, group_id=group_id())
        return _kept(uow, _("Your reply is kept."))

    return _act(item_id, discussion_id, act)


@bp.post("/items/<int:item_id>/comments/<int:discussion_id>/<any(resolve, reopen):what>")
def settle(slug: str, item_id: int, discussion_id: int, what: str) -> ResponseReturnValue:
    """Say that a discussion is done, or open it again; a reply that was written and not sent goes along."""
    words = request.form.get("words", "")

    def act(uow: UnitOfWork, actor: Actor) -> object:
        if what == "reopen":
            comments.reopen(uow, actor, discussion_id=discussion_id, group_id=group_id())
            return _("Open again.")
        comments.resolve(uow, actor, discussion_id=discussion_id, words=words, group_id=group_id())
        if words.strip():
            return _kept(uow, _("Your reply is kept, and the comment is resolved. It can be reopened at any time."))
        return _("Resolved. It can be reopened at any time.")

    return _act(item_id, discussion_id, act)


@bp.post("/items/<int:item_id>/comments/<int:discussion_id>/said/<int:comment_id>")
def change(slug: str, item_id: int, discussion_id: int, comment_id: int) -> ResponseReturnValue:
    """Say one's own comment in other words, or take it back."""

    def act(uow: UnitOfWork, actor: Actor) -> object:
        if request.form.get("take_back"):
            comments.take_back(uow, actor, comment_id=comment_id, group_id=group_id())
            return _("Taken back.")
        comments.change(uow, actor, comment_id=comment_id, words=request.form.get("words", ""), group_id=group_id())
        return _kept(uow, _("Your comment is changed."))

    return _act(item_id, discussion_id, act, on=f"said-{comment_id}")
