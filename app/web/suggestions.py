"""Suggesting other words for an item, and saying what becomes of a suggestion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, DomainError, Invalid, NotFound
from app.policy import Actor, Can, require
from app.services import items as items_service
from app.services import suggestions
from app.services.suggestions import Draft
from app.uow import UnitOfWork
from app.web import items, redlines
from app.web.context import KEPT_WORDS, looking, transaction
from app.web.errors import wants_json
from app.web.forms import asked, local_path, text, whole_number
from app.web.fragments import command, faults, group_id, number
from app.web.history import field_words
from models.documents import Field
from models.suggestions import SuggestionState

bp = Blueprint("suggestions", __name__)


def _field(given: str) -> Field:
    for field in field_words():
        if field.value == given:
            return field
    raise NotFound()


def _to(slug: str, item_id: int) -> str:
    """Where to go on: the list one came from where it said so, else the item's suggestions."""
    page = url_for("items.item", slug=slug, item_id=item_id, _anchor="suggestions")
    return local_path(request.form.get("next"), page)


def _page_of(item_id: int, suggestion_id: int, form: str = "") -> Callable[[DomainError], str]:
    """What is shown when something upon a suggestion is refused; ``form`` tells its forms with an answer apart."""

    def page(refused: DomainError) -> str:
        refused.fields = {form + name if name == "answer" else name: said for name, said in refused.fields.items()}
        return items.page(item_id, refused, f"suggestion-{suggestion_id}")

    return page


@bp.get("/suggestions")
def index(slug: str) -> ResponseReturnValue:
    """All suggestions of the group in one list: those that wait, mine, or those decided."""
    show = request.args.get("show", "open")
    with looking() as (uow, actor):
        found = suggestions.in_group(uow, actor, group_id=group_id(), mine=show == "mine", decided=show == "decided")
        lines = [(redlines.line(shown, briefly=True), item) for shown, item in found]
        entries = items_service.entries_of(uow, actor, group_id(), {item.id for _, item in found})
    return render_template(
        "suggestions/index.html", lines=lines, entries=entries, show=show if show in ("mine", "decided") else "open",
        fields=field_words(), outcome=items.outcome, most=suggestions.MOST,
    )  # fmt: skip


@bp.get("/items/<int:item_id>/suggest")
def new(slug: str, item_id: int) -> ResponseReturnValue:
    """The words as they are, to be made into what one would rather read, or one's own suggestion, to word it anew."""
    replaces = asked("replaces")
    try:
        with looking() as (uow, actor):
            draft = None
            if replaces is not None:
                draft = suggestions.to_replace(uow, actor, suggestion_id=replaces, group_id=group_id())
    except Conflict as decided:
        flash(decided.message, "info")
        return redirect(_to(slug, item_id), 303)
    if draft is not None and draft.item_id != item_id:
        return redirect(url_for("suggestions.new", slug=slug, item_id=draft.item_id, replaces=replaces), 303)
    field = _field(request.args.get("field", Field.TEXT.value)) if draft is None else draft.shown.field
    return _form(item_id, field, draft=draft)


def _form(item_id: int, field: Field, refused: Invalid | None = None, draft: Draft | None = None) -> str:
    """The form, with what was typed where that was ``refused``; ``draft``: one's own suggestion, to be worded anew."""
    with looking() as (uow, actor):
        require(uow.session, actor, group_id(), Can.TEXT_SUGGEST)
        entry = items_service.entry_of(uow, actor, item_id, group_id=group_id())
    document = entry.documents.get(field)
    if document is None:
        raise NotFound()
    words, version, reason = document.text, document.version, ""
    if draft is not None:
        words, version, reason = draft.text, draft.version, draft.shown.suggestion.reason
    typed = request.form if refused is not None else {}
    # What the form itself keeps (static/js/modules/unsaved.js) it finds again by its words.
    names = request.form.getlist("kept") if refused is not None else []
    kept = next((name for name in names if not name.startswith(KEPT_WORDS)), "")
    return render_template(
        "suggestions/new.html", entry=entry, field=field, fields=field_words(), errors=faults(refused),
        words=typed.get("text", words), reason=typed.get("reason", reason), version=typed.get("version", version),
        kept=kept, earlier=redlines.line(draft.shown) if draft is not None else None,
    )  # fmt: skip


def _waiting(replaces: int | None, item_id: int) -> Draft | None:
    """What was to be replaced, if it still waits here."""
    if replaces is None:
        return None
    with looking() as (uow, actor):
        try:
            draft = suggestions.to_replace(uow, actor, suggestion_id=replaces, group_id=group_id())
        except (Conflict, NotFound):
            return None
    return draft if draft.item_id == item_id else None


@bp.post("/items/<int:item_id>/suggest")
def suggest(slug: str, item_id: int) -> ResponseReturnValue:
    """Keep what was written as a suggestion."""
    field, version, replaces = _field(text("field")), whole_number(text("version")), number("replaces")
    if version is None or (replaces is None and text("replaces")):
        raise NotFound()
    try:
        with transaction() as (uow, actor):
            suggestions.suggest(
                uow, actor, item_id=item_id, field=field, text=request.form.get("text", "").replace("\r\n", "\n"),
                version=version, reason=text("reason"), replaces=replaces, group_id=group_id(),
            )  # fmt: skip
    except (Conflict, Invalid) as refused:
        if wants_json():
            raise
        fault = Invalid("", fields=refused.fields or {"text": refused.message})
        return _form(item_id, field, fault, _waiting(replaces, item_id)), refused.status
    said = _("Your suggestion is kept. Whoever may change these words decides about it.")
    if replaces is not None:
        said = _("Your suggestion reads as you worded it now. Whoever may change these words decides about it.")
    if wants_json():
        return jsonify(said=said, item=item_id, undo=None)
    flash(said, "success")
    return redirect(_to(slug, item_id), 303)


@bp.post("/documents/<int:document_id>/suggest")
def take_up(slug: str, document_id: int) -> ResponseReturnValue:
    """The form with words that could not be saved any more; nothing is kept yet."""
    with looking() as (uow, actor):
        item_id, field = suggestions.place_of(uow, actor, document_id, group_id=group_id())
    return _form(item_id, field, Invalid(""))


def _decided(
    slug: str, item_id: int, suggestion_id: int, use_case: Callable[..., object], *, said: str | None = None,
    form: str = "", undo: tuple[str, Mapping[str, str]] | None = None, **more: object,
) -> ResponseReturnValue:  # fmt: skip
    """Carry out what became of a suggestion that was read at an item, and go back there. ``form`` as `_page_of`."""

    def act(uow: UnitOfWork, actor: Actor) -> object:
        return use_case(uow, actor, suggestion_id=suggestion_id, item_id=item_id, group_id=group_id(), **more)

    return command(
        act, to=_to(slug, item_id), said=said, page=_page_of(item_id, suggestion_id, form), undo=undo
    )  # fmt: skip


def _undo(view: str, slug: str, item_id: int, suggestion_id: int) -> tuple[str, Mapping[str, str]]:
    """What takes a decision back and comes back to where it was made, as `command` takes it."""
    kept = {"next": request.form["next"]} if request.form.get("next") else {}
    return url_for(f"suggestions.{view}", slug=slug, item_id=item_id, suggestion_id=suggestion_id), kept


@bp.post("/items/<int:item_id>/suggestions/<int:suggestion_id>/accept")
def accept(slug: str, item_id: int, suggestion_id: int) -> ResponseReturnValue:
    """Make the suggested words the item's, all of them or at the places that were ticked."""
    places = request.form.getlist("places") if request.form.get("part") else None

    def use_case(uow: UnitOfWork, actor: Actor, **about: Any) -> str:
        made = suggestions.accept(uow, actor, **about)
        if made.state is SuggestionState.PARTLY:
            return str(_("The places you ticked are now as suggested."))
        return str(_("The words are now as suggested."))

    form = "part-" if places is not None else ""
    undo = _undo("unaccept", slug, item_id, suggestion_id)
    return _decided(
        slug, item_id, suggestion_id, use_case, form=form, undo=undo, places=places, answer=text("answer"),
        seen=number("seen"),
    )  # fmt: skip


@bp.post("/items/<int:item_id>/suggestions/<int:suggestion_id>/unaccept")
def unaccept(slug: str, item_id: int, suggestion_id: int) -> ResponseReturnValue:
    """Take back that one accepted it: its words are as they were, and it waits again."""
    said = _("Its words are as they were, and the suggestion waits again.")
    return _decided(slug, item_id, suggestion_id, suggestions.unaccept, said=said)


@bp.post("/items/<int:item_id>/suggestions/<int:suggestion_id>/take-in")
def take_in(slug: str, item_id: int, suggestion_id: int) -> ResponseReturnValue:
    """Say that it was written into the words by hand, and how."""
    said = _("Its author can read that it was taken in, and how.")
    use_case = suggestions.take_in
    return _decided(slug, item_id, suggestion_id, use_case, said=said, form="hand-", answer=text("answer"))


@bp.post("/items/<int:item_id>/suggestions/<int:suggestion_id>/set-apart")
def set_apart(slug: str, item_id: int, suggestion_id: int) -> ResponseReturnValue:
    """Make what still finds its words a suggestion of its own."""

    def use_case(uow: UnitOfWork, actor: Actor, **about: Any) -> str:
        if suggestions.set_apart(uow, actor, **about).id == suggestion_id:
            return str(_("Its words have come back: it waits again as it was, and can be accepted."))
        return str(_("What still fits is a suggestion of its own now, and can be accepted."))

    return _decided(slug, item_id, suggestion_id, use_case)


@bp.post("/items/<int:item_id>/suggestions/<int:suggestion_id>/reject")
def reject(slug: str, item_id: int, suggestion_id: int) -> ResponseReturnValue:
    """Say no to it, and why."""
    said, undo = _("Its author can read why it was not taken."), _undo("unreject", slug, item_id, suggestion_id)
    return _decided(slug, item_id, suggestion_id, suggestions.reject, said=said, undo=undo, answer=text("answer"))


@bp.post("/items/<int:item_id>/suggestions/<int:suggestion_id>/unreject")
def unreject(slug: str, item_id: int, suggestion_id: int) -> ResponseReturnValue:
    """Take back that one said no to it: it waits again."""
    said = _("The suggestion waits again.")
    return _decided(slug, item_id, suggestion_id, suggestions.unreject, said=said)


@bp.post("/items/<int:item_id>/suggestions/<int:suggestion_id>/withdraw")
def withdraw(slug: str, item_id: int, suggestion_id: int) -> ResponseReturnValue:
    """Take one's own suggestion back."""
    return _decided(slug, item_id, suggestion_id, suggestions.withdraw, said=_("Your suggestion is withdrawn."))
