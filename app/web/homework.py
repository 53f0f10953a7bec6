"""Homework: given on one page, answered wherever it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import Blueprint, g, get_template_attribute, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.calc import moments
from app.errors import DomainError, Invalid
from app.policy import Actor, Can, allowed
from app.services import homework, meetings, rooms
from app.uow import UnitOfWork
from app.web import items
from app.web.context import looking
from app.web.errors import written
from app.web.forms import asked, local_path, text
from app.web.fragments import command, day, faults, group_id, number, numbers, typed

bp = Blueprint("homework", __name__)


def _page(refused: DomainError | None = None, homework_id: int | None = None) -> str:
    gives = allowed(g.role, Can.HOMEWORK_GIVE)
    with looking() as (uow, actor):
        waits, past = homework.list_homework(uow, actor, group_id=group_id())
        lines = meetings.list_meetings(uow, actor, group_id=group_id())
        zone = g.group.time_zone
        coming = [each for each in lines if each.state in meetings.OPEN or each.is_to_come(uow.now, zone)]
        choices = {
            "items": rooms.choosable(uow.session, group_id()) if gives else [],
            "takers": homework.takers(uow, group_id()) if gives else [],
            "sessions": [(each.id, _session(each)) for each in coming],
        }
        item, meeting = asked("item"), asked("meeting")
        next_id = homework.next_id(uow, group_id()) if gives else None
        following = next((each for each in coming if each.id == next_id), None)
        chosen = next((each for each in coming if each.id == meeting), following)
        given = {
            "item_id": item or "", "meeting_id": meeting or "", "asked": "", "comments_until": "",
            "due_on": _day_before(chosen, uow) if chosen else "",
        }  # fmt: skip
        me = actor.person_id
    if refused is not None and homework_id is None:
        given = {name: request.form.get(name, "") for name in given}
    summary = faults(refused)
    if homework_id is not None:
        part = "ready-" if request.form.get("ready") == "yes" else ""
        summary = {f"{part}{name}-{homework_id}": sentence for name, sentence in summary.items()}
    return render_template(
        "homework/index.html", waits=waits, past=past, gives=gives, given=given, me=me, refused=refused,
        errors=faults(refused), typed=typed(), homework_id=homework_id, summary=summary,
        written=written() if homework_id is not None and refused is not None and not refused.fields else [],
        people=request.form.getlist("people"), opens=bool(item or meeting),
        changes=homework_id if "due_on" in request.form or "people" in request.form else asked("change"),
        following=following.number if following is not None else None, **choices,
    )  # fmt: skip


def _session(line: meetings.MeetingLine) -> str:
    when = moments.day_in_words(moments.local_day(line.starts_at, g.group.time_zone))
    said: str = _("Session %(number)s, %(day)s: %(title)s", number=line.number, day=when, title=line.title)
    return said


def _day_before(line: meetings.MeetingLine, uow: UnitOfWork) -> str:
    before = moments.local_day(line.starts_at, g.group.time_zone) - timedelta(days=1)
    return max(before, moments.local_day(uow.now, g.group.time_zone)).isoformat()


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """All homework of the group, and the form to give some; ``item`` and ``meeting`` fill it in."""
    return _page()


@bp.post("")
def give(slug: str) -> ResponseReturnValue:
    """Give an item to people of the group."""

    def hand_out(uow: UnitOfWork, actor: Actor) -> object:
        until = day("comments_until") if request.form.get("comments_until") else None
        homework.give(
            uow, actor, group_id=group_id(), item_id=number("item_id"), asked=text("asked"), due_on=day("due_on"),
            person_ids=numbers("people"),
            comments_until=until, meeting_id=number("meeting_id"),
        )  # fmt: skip
        return _("The homework is given. Its people find it on their first page and on the item.")

    return command(hand_out, to=url_for("homework.index", slug=slug), page=_page)


@bp.post("/<int:homework_id>/reply")
def reply(slug: str, homework_id: int) -> ResponseReturnValue:
    """Say that mine is ready, with a sentence if there is one, or not ready and why."""
    ready = request.form.get("ready")

    def say(uow: UnitOfWork, actor: Actor) -> object:
        if ready not in {"yes", "no"}:
            raise Invalid("", fields={"words": _("Choose ready or not ready")})
        homework.reply(
            uow, actor, homework_id=homework_id, group_id=group_id(), ready=ready == "yes", words=text("words")
        )
        return _("The next session sees that it is ready.") if ready == "yes" else _("The next session sees why not.")

    to = local_path(request.form.get("next"), url_for("homework.index", slug=slug))

    def page(refused: DomainError) -> str:
        item_id = number("here")
        part = "ready" if ready == "yes" else "homework"
        return items.page(item_id, refused, f"{part}-{homework_id}") if item_id else _page(refused, homework_id)

    return command(say, to=to, page=page)


@bp.post("/<int:homework_id>/change")
def change(slug: str, homework_id: int) -> ResponseReturnValue:
    """Have it due on another day, or give it to more people."""

    def keep(uow: UnitOfWork, actor: Actor) -> object:
        is_changed = homework.change(
            uow, actor, homework_id=homework_id, group_id=group_id(), due_on=day("due_on"),
            person_ids=numbers("people"), was=day("was"),
        )  # fmt: skip
        return _("The homework is changed. Its people are told.") if is_changed else _("Nothing was changed.")

    to = url_for("homework.index", slug=slug, _anchor=f"homework-{homework_id}")
    return command(keep, to=to, page=lambda refused: _page(refused, homework_id))


def with_homework(said: str, what: str, lines: Sequence[homework.HomeworkLine], slug: str) -> str:
    """A sentence that says what was done, for the next page, and what to do about homework, with links to it.

    ``what`` is the macro of homework/_parts.html that says it; without ``lines`` nothing is added.
    """
    made: str = get_template_attribute("homework/_parts.html", what)(said, lines, slug) if lines else said
    return made


@bp.post("/<int:homework_id>/take-back")
def take_back(slug: str, homework_id: int) -> ResponseReturnValue:
    """Ask nobody for it any more."""
    return command(
        lambda uow, actor: homework.take_back(uow, actor, homework_id=homework_id, group_id=group_id()),
        to=local_path(request.form.get("next"), url_for("homework.index", slug=slug)),
        said=_("The homework is taken back."),
        page=lambda refused: _page(refused, homework_id),
    )
