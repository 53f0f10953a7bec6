"""The Blueprint room: the tree, its cards, and every act upon an item.

Each act answers a form with a redirect, and a script that asks for JSON with ``{said, item, undo}``: the sentence for
the toast, and the form that takes the act back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app import markup
from app.calc.glossary import Glossary
from app.errors import Conflict, DomainError, Forbidden, Invalid
from app.policy import Actor, Can
from app.services import (
    activity,
    descent,
    evidence,
    glossary,
    history,
    homework,
    items,
    memberships,
    origins,
    outline,
    several,
    threads,
    unmerging,
)
from app.uow import UnitOfWork
from app.web import cards, redlines
from app.web import talks as talks_
from app.web.context import looking, transaction
from app.web.errors import wants_json, written
from app.web.forms import asked, text, whole_number
from app.web.fragments import faults, group_id, mark_of, may, typed, with_undo
from app.web.history import field_words, named_field
from models.documents import Field
from models.items import Item, Kind, PrincipleGroup, Status
from models.suggestions import Suggestion, SuggestionState

bp = Blueprint("items", __name__)
bp.add_app_template_filter(mark_of)

Choice = TypeVar("Choice", bound=StrEnum)
#: Most cards that are asked for at once.
MOST_CARDS = 100


def _choice(values: type[Choice], name: str, given: str) -> Choice:
    try:
        return values(given)
    except ValueError:
        raise Invalid(_("Choose from the list."), fields={name: _("Choose from the list")}) from None


def _number(name: str) -> int | None:
    """A whole number of the form; None when it is empty. Raises Invalid for anything else."""
    given = text(name)
    number = whole_number(given)
    if given and number is None:
        raise Invalid(_("Choose from the list."), fields={name: _("Choose from the list")})
    return number


def _place(item_id: int) -> str:
    return url_for("items.blueprint", slug=g.group.slug, _anchor=f"item-{item_id}")


def done(
    said: str, item: Item | None, undo: tuple[str, Mapping[str, Any]] | None = None, *, of: Item | None = None
) -> ResponseReturnValue:  # fmt: skip
    """The answer to an act: what was done, and the form that takes it back, which is one ``of`` another item at times.

    Who sends a form without a script, or from a page of its own, is offered the way back on the page that follows.
    """
    back: dict[str, Any] | None = None
    if undo is not None and item is not None:
        back = {"url": url_for(undo[0], slug=g.group.slug, item_id=(of or item).id), "fields": undo[1]}
    if wants_json():
        return jsonify(said=said, item=item.id if item else None, undo=back)
    if back is not None:
        fields = back["fields"] | ({"next": "page"} if request.form.get("next") == "page" else {})
        said = with_undo(said, back["url"], fields)
    flash(said, "success")
    if item is not None and request.form.get("next") == "page":
        return redirect(url_for("items.item", slug=g.group.slug, item_id=item.id))
    return redirect(_place(item.id if item else 0))


# --- looking ---

#: So many letters of the words one looks for on the page are kept in its address; the page itself looks for them.
LONGEST_WORDS = 200


@bp.get("")
def blueprint(slug: str) -> ResponseReturnValue:
    """The room: outline, cards, who is here."""
    with looking() as (uow, actor):
        board = cards.board(uow, actor, group_id())
        lines = activity.list_activity(uow, actor, group_id=group_id(), limit=6)
        people = writers(uow, actor)
        found, only = narrowing(uow, board, people)
    return render_template(
        "items/blueprint.html", board=board, lines=lines, families=cards.family_words(), people=people,
        found={**found, "words": request.args.get("words", "")[:LONGEST_WORDS]},
        abouts=list(cards.about_words().items()), only=only,
        hidden={card.id for card in board.cards if not cards.takes(found, card, only=only)},
    )  # fmt: skip


def writers(uow: UnitOfWork, actor: Actor) -> list[tuple[str, str]]:
    """Whose changes a page can be narrowed to, for those who may know the people of the group."""
    if not may(Can.PEOPLE_READ):
        return []
    rows = memberships.members(uow, actor, group_id=group_id())
    return [(str(row.person_id), row.person.name) for row in rows]


def narrowing(
    uow: UnitOfWork, board: cards.Board, people: Sequence[tuple[str, str]]
) -> tuple[dict[str, str], set[int] | None]:
    """What the address narrows a page to, unknown words to nothing; and the items that ``by`` leaves, if given."""
    known = {
        "kind": dict(board.kinds), "status": {*dict(board.statuses), "all"}, "about": cards.about_words(),
        "by": dict(people),
    }  # fmt: skip
    wanted = {name: request.args.get(name, "") for name in known}
    found = {name: given if given in known[name] else "" for name, given in wanted.items()}
    only = several.changed_by(uow.session, group_id(), int(found["by"])) if found["by"] else None
    return found, only


@bp.get("/outline")
def contents(slug: str) -> ResponseReturnValue:
    """The outline alone: what an open page asks for when the tree has changed."""
    with looking() as (uow, actor):
        board = cards.board(uow, actor, group_id())
    return render_template("items/_outline.html", board=board, families=cards.family_words())


@bp.get("/lately")
def lately(slug: str) -> ResponseReturnValue:
    """The newest lines of what happened."""
    with looking() as (uow, actor):
        lines = activity.list_activity(uow, actor, group_id=group_id(), limit=6)
    return render_template("items/_lately.html", lines=lines)


@bp.get("/cards")
def some_cards(slug: str) -> ResponseReturnValue:
    """Some cards: ``ids`` are their items' numbers, with commas."""
    ids = [one for one in map(whole_number, request.args.get("ids", "")[:2_000].split(",")) if one is not None]
    with looking() as (uow, actor):
        found = cards.cards_of(uow, actor, group_id(), ids[:MOST_CARDS])
    return render_template("items/_cards.html", cards=found)


@bp.get("/items/<int:item_id>/card")
def card(item_id: int, slug: str) -> ResponseReturnValue:
    """One card, rendered."""
    with looking() as (uow, actor):
        items.access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id())
        found = cards.cards_of(uow, actor, group_id(), [item_id])
    return render_template("items/_cards.html", cards=found)


@bp.get("/items/<int:item_id>/editor")
def editor(item_id: int, slug: str) -> ResponseReturnValue:
    """One card with its live editors; refused with the reason where its words cannot be changed now.

    With ``suggest`` in the address what is written in them is a suggestion, for whoever may make one; ``field`` is the
    text one begins in.
    """
    suggests = "suggest" in request.args
    with looking() as (uow, actor):
        entry = items.entry_of(uow, actor, item_id, group_id=group_id())
        rights = items.rights(uow.session, actor, entry.item.group_id, item_id=item_id)
        access, reason = rights.words(entry.item)
        [found] = cards.cards_of(uow, actor, group_id(), [item_id])
    if suggests and not rights.suggesting(entry.item):
        raise Forbidden(_("Your role does not let you suggest words here."))
    if not suggests and access != "write":
        raise Forbidden(reason)
    return render_template(
        "items/_editor.html", card=found, entry=entry, Field=Field, access="suggest" if suggests else "write",
        first=named_field(request.args.get("field", "")),
    )  # fmt: skip


@bp.get("/items/<int:item_id>/details")
def details(item_id: int, slug: str) -> ResponseReturnValue:
    """What one click on a card shows: why, in plain words, evidence, decisions, the newest lines of its story."""
    nothing: dict[str, str] = {}
    return render_template(
        "items/_details.html", refusal="", refused_on="", errors=nothing, typed=nothing, **_everything(item_id)
    )


@bp.get("/items/<int:item_id>")
def item(item_id: int, slug: str) -> ResponseReturnValue:
    """Everything about one item, at an address of its own; with ``comment`` in it the form for one is open."""
    return page(item_id)


def page(item_id: int, refused: DomainError | None = None, refused_on: str = "") -> str:
    """The page of an item as it is now; after a refusal, with that and what was typed, at the part ``refused_on``.

    That is "suggestion-7", "talk-7" (a discussion), "said-7" (one comment), "new" (a new comment), "homework-7",
    "ready-7" (homework that is said to be ready) or "evidence". What no form of the page can show any more is
    shown to be copied.
    """
    return render_template(
        "items/item.html", refusal=refused.message if refused else "", refused_on=refused_on, errors=faults(refused),
        summary=_summary(refused, refused_on, item_id), written=written() if refused and not refused.fields else [],
        typed=typed(), **_everything(item_id, whole=True),
    )  # fmt: skip


@bp.get("/items/<int:item_id>/mark")
def mark(item_id: int, slug: str) -> ResponseReturnValue:
    """The mark of an item's page as it is now: a page with another one does not show the newest."""
    nothing: dict[str, str] = {}
    body = render_template(
        "items/_item.html", refusal="", refused_on="", errors=nothing, typed=nothing, **_everything(item_id, whole=True)
    )
    return jsonify(mark=mark_of(body))


#: The ids of fields on the page of an item, by the part they are in; N is the number of that part.
_FIELDS = {
    "new": {"quote": "quote", "words": "new-words"},
    "talk": {"words": "reply-N"},
    "said": {"words": "change-N"},
    "suggestion": {name: f"{name}-N" for name in ("places", "answer", "part-answer", "hand-answer")},
    "homework": {"words": "words-N"},
    "ready": {"words": "ready-words-N"},
    "evidence": {"finding_id": "finding-of-N", "relation": "relation-of-N", "note": "note-of-N"},
}
#: Parts whose own id is another than their name.
_PARTS = {"new": "new-comment"}


def _summary(refused: DomainError | None, refused_on: str, item_id: int) -> dict[str, str]:
    """What went wrong, by the id of the place on the page where it can be mended."""
    if refused is None:
        return {}
    part, _dash, number = refused_on.partition("-")
    here = _PARTS.get(refused_on, refused_on)
    known = _FIELDS.get(part, {})
    found = {
        known.get(name, here).replace("N", number or str(item_id)): sentence
        for name, sentence in refused.fields.items()
    }
    return found or {here: refused.message}


def outcome(suggestion: Suggestion) -> str:
    """What has become of a suggestion, in the reader's language."""
    if suggestion.by_hand:
        return str(_("Taken in by hand"))
    words = {
        SuggestionState.OPEN: _("Open"),
        SuggestionState.ACCEPTED: _("Accepted"),
        SuggestionState.PARTLY: _("Accepted in part"),
        SuggestionState.REJECTED: _("Not taken"),
        SuggestionState.WITHDRAWN: _("Withdrawn"),
    }
    return str(words[suggestion.state])


def _everything(item_id: int, *, whole: bool = False) -> dict[str, Any]:
    """What is shown of an item, beside its card; or the ``whole`` of it, on its own page."""
    lines = 8 if whole else 4
    suggestion, said = asked("suggestion"), asked("said")
    with looking() as (uow, actor):
        entry = items.entry_of(uow, actor, item_id, group_id=group_id())
        terms = glossary.standing(uow.session, group_id())
        [found] = cards.cards_of(uow, actor, group_id(), [item_id], terms)
        talks = talks_.of_item(uow, actor, entry.item, also=said)
        return {
            "card": found,
            "entry": entry,
            "seen": entry.mark,
            "thread": threads.thread_of(uow, actor, item_id),
            "ancestry": origins.ancestry(uow.session, entry.item),
            "evidence": evidence.of_item(uow, actor, item_id),
            "moments": history.timeline(uow, actor, item_id, most=lines),
            "lines": activity.list_activity(uow, actor, group_id=group_id(), item_id=item_id, limit=lines),
            "redlines": redlines.of_item(uow, actor, item_id, also=suggestion),
            "talks": talks,
            "words": {field: _words(entry, talks, field, terms) for field in field_words()},
            "terms": terms,
            "glossary_at": cards.glossary_address(),
            "homework": homework.of_item(uow, actor, item_id),
            "gives": may(Can.HOMEWORK_GIVE),
            "me": actor.person_id,
            "may_suggest": items.rights(uow.session, actor, entry.item.group_id).suggesting(entry.item),
            "fields": field_words(),
            "outcome": outcome,
            "Field": Field,
            "back_into": descent.back_into(uow, actor, entry.item) if whole and found.may_act else None,
            **_choices(uow, actor, entry),
        }


def _words(entry: items.Entry, talks: talks_.Talks, field: Field, terms: Glossary) -> Markup:
    """One text of an item as its page shows it: commented words are marked, defined terms say what they mean."""
    text = entry.words(field)
    html = talks.in_words(markup.render(text, heading_offset=1 if field is Field.TEXT else 2), text, field)
    return markup.defined(html, terms, cards.glossary_address())


@bp.get("/items/<int:item_id>/actions")
def actions(item_id: int, slug: str) -> ResponseReturnValue:
    """All that can be done with an item, for the dialog; ``seen`` is the mark of the words on the page behind it."""
    with looking() as (uow, actor):
        entry = items.entry_of(uow, actor, item_id, group_id=group_id())
        [found] = cards.cards_of(uow, actor, group_id(), [item_id])
        choices = _choices(uow, actor, entry)
    return render_template(
        "items/_actions.html", card=found, entry=entry, seen=request.args.get("seen") or entry.mark, **choices
    )


def _choices(uow: UnitOfWork, actor: Actor, entry: items.Entry) -> dict[str, Any]:
    """What the forms of an item offer: places it may go to, statuses it may take, principles it may carry out."""
    rights = items.rights(uow.session, actor, entry.item.group_id)
    wanted, merged = items.PARENT_OF.get(entry.item.kind), items.merge_of(uow.session, entry.item)
    parents = [
        (one.item.id, f"{one.item.reference} {one.title}")
        for one in items.tree(uow, actor, entry.item.group_id, withdrawn=False)
        if one.item.kind is wanted
    ]
    words = cards.status_words()
    given = [one for one in Status if one is not Status.WITHDRAWN and (rights.may_settle or one not in items.SETTLED)]
    may_carry = entry.item.kind is not Kind.PRINCIPLE
    return {
        "rights": rights,
        "merged": merged[0].reference if merged else "",
        "may_stand": rights.standing(entry.item),
        "settled": entry.item.status in items.SETTLED,
        "parents": parents,
        "statuses": [(one.value, words[one.value]) for one in given],
        "all_principles": threads.principles(uow, actor, entry.item.id) if may_carry else [],
        "families": cards.family_words(),
    }


# --- adding ---


@bp.get("/add")
def add_form(slug: str) -> ResponseReturnValue:
    """The form for a new item: a page of its own, and the inside of the dialog."""
    return _add_page(request.args, {})


def _add_page(given: Mapping[str, str], errors: dict[str, str], status: int = 200) -> ResponseReturnValue:
    kind = _choice(Kind, "kind", given.get("kind", ""))
    with looking() as (uow, actor):
        tree = items.tree(uow, actor, group_id(), withdrawn=False)
    wanted = items.PARENT_OF.get(kind)
    template = "items/_add.html" if request.headers.get("HX-Request") else "items/add.html"
    page = render_template(
        template, kind=kind.value, kinds=cards.kind_words(), families=cards.family_words(), given=given, errors=errors,
        parents=[(one.item.id, f"{one.item.reference} {one.title}") for one in tree if one.item.kind is wanted],
    )  # fmt: skip
    return page, status


@bp.post("/add")
def add(slug: str) -> ResponseReturnValue:
    """Add an item; what was typed stays in the form when it is refused."""
    kind = _choice(Kind, "kind", text("kind"))
    family = text("principle_group")
    try:
        with transaction() as (uow, actor):
            made = items.add_item(
                uow, actor, group_id=group_id(), kind=kind, parent_id=_number("parent_id"), title=text("title"),
                text=request.form.get("text", ""), status=Status.IDEA,
                principle_group=_choice(PrincipleGroup, "principle_group", family) if family else None,
            )  # fmt: skip
    except (Invalid, Conflict) as error:
        if wants_json():
            raise
        return _add_page(request.form, error.fields or {"title": error.message}, error.status)
    return done(_("%(reference)s added", reference=made.reference), made, ("items.withdraw", {}))


@bp.post("/start")
def start(slug: str) -> ResponseReturnValue:
    """Add the four core elements to an empty blueprint."""
    with transaction() as (uow, actor):
        made = outline.start(uow, actor, group_id=group_id())
    return done(_("The four core elements are there. Each may now be given criteria."), made[0])


# --- acts upon one item ---


@bp.post("/items/<int:item_id>/shift")
def shift(item_id: int, slug: str) -> ResponseReturnValue:
    """One place up or down."""
    up = text("by") == "up"
    with transaction() as (uow, actor):
        before = outline.shift_item(uow, actor, item_id=item_id, by=-1 if up else 1, group_id=group_id())
        moved = items.access_item(uow.session, actor, item_id, Can.ITEM_READ)
    if before is None:
        first = _("%(reference)s is the first already", reference=moved.reference)
        last = _("%(reference)s is the last already", reference=moved.reference)
        return done(first if up else last, moved)
    said = (
        _("%(reference)s moved up", reference=moved.reference)
        if up
        else _("%(reference)s moved down", reference=moved.reference)
    )
    return done(said, moved, ("items.move", _fields(before)))


@bp.post("/items/<int:item_id>/move")
def move(item_id: int, slug: str) -> ResponseReturnValue:
    """Under another parent, to the other family, or to another place."""
    family = text("principle_group")
    with transaction() as (uow, actor):
        before = outline.move_item(
            uow, actor, item_id=item_id, parent_id=_number("parent_id"), position=_number("position"),
            principle_group=_choice(PrincipleGroup, "principle_group", family) if family else None, group_id=group_id(),
        )  # fmt: skip
        entry = items.entry_of(uow, actor, item_id)
    said = _("%(reference)s moved", reference=entry.item.reference)
    if entry.now_under:
        said = _("%(reference)s, now under %(parent)s", reference=entry.item.reference, parent=entry.now_under)
    if text("back") == "yes":
        said = _("%(reference)s is back where it was", reference=entry.item.reference)
    return done(said, entry.item, ("items.move", _fields(before)))


def _fields(place: outline.Place) -> dict[str, Any]:
    """What a form sends that puts an item back in its place, and says so."""
    fields = {
        "parent_id": place.parent_id, "principle_group": place.principle_group, "position": place.position,
        "back": "yes",
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


@bp.post("/items/<int:item_id>/withdraw")
def withdraw(item_id: int, slug: str) -> ResponseReturnValue:
    """Withdraw an item with what is under it."""
    with transaction() as (uow, actor):
        gone = outline.withdraw_item(uow, actor, item_id=item_id, group_id=group_id())
    said = _("%(reference)s withdrawn", reference=gone[0].reference)
    if len(gone) > 1:
        said = _("%(reference)s withdrawn, with %(count)s under it", reference=gone[0].reference, count=len(gone) - 1)
    return done(said, gone[0], ("items.restore", {}))


@bp.post("/items/<int:item_id>/restore")
def restore(item_id: int, slug: str) -> ResponseReturnValue:
    """Bring a withdrawn item back, with what went with it."""
    with transaction() as (uow, actor):
        back = outline.restore_item(uow, actor, item_id=item_id, group_id=group_id())
        unmerged = unmerging.just_now(uow, actor, back[0])
        seen = [history.mark_now(uow.session, one) for one in (unmerged.into, back[0])] if unmerged is not None else []
    reference = back[0].reference
    if unmerged is None:
        return done(_("%(reference)s restored", reference=reference), back[0], ("items.withdraw", {}))
    into = unmerged.into.reference
    if not unmerged.known:
        said = _(
            "%(reference)s restored with its own words. What came to %(into)s with it stays there: nobody kept a "
            "list of it then.", reference=reference, into=into,
        )  # fmt: skip
        return done(said, back[0])
    if unmerged.stay:
        said = _(
            "%(reference)s restored, with all that came to %(into)s with it. Its words were changed there, so they "
            "stay there too: take out what you do not want twice.", reference=reference, into=into,
        )  # fmt: skip
        return done(said, back[0])
    if unmerged.was_split:
        said = _("%(reference)s is split off %(into)s again", reference=reference, into=into)
        return done(said, back[0], ("descent.put_back", {}) if unmerged.again else None)
    said = _("%(reference)s restored, with all that came to %(into)s with it", reference=reference, into=into)
    if not unmerged.again:
        return done(said, back[0])
    again = {"other_id": back[0].id, "words": unmerged.words.value, "seen": seen[0], "other_seen": seen[1]}
    return done(said, back[0], ("descent.merge", again), of=unmerged.into)


@bp.post("/items/<int:item_id>/reopen")
def reopen(item_id: int, slug: str) -> ResponseReturnValue:
    """Make an agreed item a draft again."""
    with transaction() as (uow, actor):
        before = items.access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id()).status
        opened = items.reopen(uow, actor, item_id=item_id, group_id=group_id())
        seen = history.mark_now(uow.session, opened)
    said = _("%(reference)s reopened: members can change it again", reference=opened.reference)
    back = {"status": before.value, "seen": seen, "given": opened.status.value}
    return done(said, opened, ("items.set_status", back))


@bp.post("/items/<int:item_id>/status")
def set_status(item_id: int, slug: str) -> ResponseReturnValue:
    """Give an item another status."""
    status = _choice(Status, "status", text("status"))
    given = _choice(Status, "given", text("given")) if text("given") else None
    with transaction() as (uow, actor):
        before = items.access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id()).status
        changed = items.set_status(
            uow, actor, item_id=item_id, status=status, seen=text("seen"), given=given, group_id=group_id()
        )
        seen = history.mark_now(uow.session, changed)
    words = cards.status_words()[status.value]
    said = _("%(reference)s is now: %(status)s", reference=changed.reference, status=words)
    back = {"status": before.value, "seen": seen, "given": status.value}
    return done(said, changed, ("items.set_status", back) if before is not status else None)


@bp.post("/items/<int:item_id>/principles")
def set_principles(item_id: int, slug: str) -> ResponseReturnValue:
    """Say which principles an item carries out."""
    chosen = [one for one in map(whole_number, request.form.getlist("principles")) if one is not None]
    with transaction() as (uow, actor):
        threads.set_principles(uow, actor, item_id=item_id, principle_ids=chosen, group_id=group_id())
        changed = items.access_item(uow.session, actor, item_id, Can.ITEM_READ)
    return done(_("Principles of %(reference)s saved", reference=changed.reference), changed)
