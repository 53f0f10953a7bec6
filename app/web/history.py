"""The time line of an item, the difference between two of its moments, and bringing one back."""

from __future__ import annotations

from flask import Blueprint, flash, get_template_attribute, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import escape

from app import markup
from app.policy import Can
from app.services import history, items, origins
from app.web import redlines
from app.web.context import looking, transaction
from app.web.errors import wants_json
from app.web.forms import asked, text
from app.web.fragments import group_id, with_undo
from models.documents import Field

bp = Blueprint("history", __name__)

#: How many moments a time line shows at first and at most.
SHOWN = 100
MOST_SHOWN = 400


def field_words() -> dict[Field, str]:
    """The texts of an item in the reader's language."""
    return {
        Field.TITLE: _("Title"),
        Field.TEXT: _("Words"),
        Field.WHY: _("Why"),
        Field.SUMMARY: _("In plain words"),
    }


def named_field(given: str) -> Field:
    """The text of an item that somebody names, its words where they name none."""
    return next((field for field in field_words() if field.value == given), Field.TEXT)


@bp.get("/<int:item_id>/history")
def index(item_id: int, slug: str) -> ResponseReturnValue:
    """The newest moments of an item; any two of them can be compared. ``show`` asks for more of them."""
    most = min(max(asked("show") or SHOWN, SHOWN), MOST_SHOWN)
    with looking() as (uow, actor):
        entry = items.entry_of(uow, actor, item_id, group_id=group_id())
        moments = history.timeline(uow, actor, item_id, most=most + 1)
    return render_template(
        "history/index.html", entry=entry, moments=moments[:most], beginning=history.BEGINNING,
        more=most * 4 if len(moments) > most and most < MOST_SHOWN else 0,
    )  # fmt: skip


#: So many people have a colour of their own on the page of authors.
COLOURS = 8


@bp.get("/<int:item_id>/authors")
def authors(item_id: int, slug: str) -> ResponseReturnValue:
    """Who wrote which words of an item, as they stand now: in colours, and as a table."""
    with looking() as (uow, actor):
        entry = items.entry_of(uow, actor, item_id, group_id=group_id())
        written = history.authors(uow, actor, item_id, group_id=group_id())
    people: dict[int, tuple[str, str]] = {}
    whose = get_template_attribute("history/_parts.html", "whose")
    for each in written.values():
        for author, _share in each.shares:
            look = f"by by--{len(people)}" if len(people) < COLOURS else "by by--more"
            name = whose(each.names.get(author, _("Nobody known")), each.word.get(author))
            people.setdefault(author, (name[0].upper() + name[1:] if author < 0 else name, look))
    shown = []
    for field, each in written.items():
        shades = [
            markup.Shade(span.start, span.end, people[span.author][1], people[span.author][0]) for span in each.spans
        ]
        is_title = field is Field.TITLE  # which is no Markdown
        words = escape(each.text) if is_title else markup.render(each.text, heading_offset=2)
        html = markup.shaded(words, each.text, shades, markdown=not is_title)
        shares = [(*people[author], round(100 * share)) for author, share in each.shares]
        shown.append((field_words()[field], html, shares))
    return render_template("history/authors.html", entry=entry, shown=shown)


@bp.get("/<int:item_id>/compare")
def compare(item_id: int, slug: str) -> ResponseReturnValue:
    """What changed between two moments, ``from`` and ``to``, each by its mark or with its name, as
    ``history.Moment.address`` has it; the present words when ``to`` is left out."""
    with looking() as (uow, actor):
        entry = items.entry_of(uow, actor, item_id, group_id=group_id())
        now = history.mark_now(uow.session, entry.item)
        before, after = request.args.get("from") or history.BEGINNING, request.args.get("to") or now
        chosen = sorted((before, after), key=_age)
        before, after = (each.partition("~")[0] for each in chosen)
        names = [history.named(uow, actor, item_id, each) for each in chosen]
        parts = history.compare(uow, actor, item_id, before, after)
        access, reason = items.may_write(uow.session, actor, entry.item)
        written = {mark: history.written(uow, actor, item_id, mark) for mark in (before, after)}
        then = history.words_at(uow, actor, item_id, before)
        came = written[before]
        elsewhere = origins.elsewhere(uow, actor, item_id=item_id, since=came[0]) if came is not None else None
        may_part = items.rights(uow.session, actor, group_id()).standing(entry.item)
    differences = [
        (
            field_words()[part.field],
            redlines.html(part.segments),
            any(segment.kind != "same" for segment in part.segments),
        )
        for part in parts
        if part.changed
    ]
    return render_template(
        "history/compare.html", entry=entry, differences=differences, before=before, after=after, now=now,
        written=written, names=names, may_restore=access == "write", reason=reason, elsewhere=elsewhere,
        may_part=may_part,
        was_written=any(then[field].strip() for field in (Field.TITLE, Field.TEXT)),
        emptied=[
            words for one, words in field_words().items()
            if one is not Field.TITLE and entry.words(one).strip() and not then[one].strip()
        ],
    )  # fmt: skip


def _age(mark: str) -> list[int]:
    """Marks grow in every part, so that their sum tells which is older; what is no mark is refused later."""
    parts = [int(part) if part.isascii() and part.isdigit() else 0 for part in mark.partition("~")[0][:60].split(".")]
    return [sum(parts), *parts]


@bp.post("/<int:item_id>/history/restore")
def restore(item_id: int, slug: str) -> ResponseReturnValue:
    """Make the words of a moment the present ones, as new changes."""
    with transaction() as (uow, actor):
        item = items.access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id())
        changed, before = history.restore(uow, actor, item_id=item_id, mark=text("mark"), group_id=group_id())
    said = ngettext("One text of %(reference)s brought back", "%(num)d texts of %(reference)s brought back",
                    len(changed), reference=item.reference)  # fmt: skip
    here, fields = url_for("history.restore", slug=slug, item_id=item_id), {"mark": before}
    if wants_json():
        return jsonify(said=said, item=item.id, undo={"url": here, "fields": fields})
    flash(with_undo(said, here, fields), "success")
    return redirect(url_for("items.item", slug=slug, item_id=item_id))
