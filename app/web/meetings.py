"""Sessions before and after: the list, the plan and its run sheet, the minutes."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, time

from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.calc import moments
from app.calc.calendars import calendar_file
from app.errors import Conflict, DomainError, Invalid
from app.policy import Actor, Can
from app.services import attendance, decisions, homework, meetings, minutes, packs, rooms, soundings, stages
from app.uow import UnitOfWork
from app.web.calendars import calendar_answer
from app.web.context import looking, transaction
from app.web.forms import whole_number
from app.web.fragments import command, faults, group_id, may, number, typed
from app.web.history import field_words
from app.web.homework import with_homework
from models.meetings import Meeting, StageKind

bp = Blueprint("meetings", __name__)

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def kinds() -> list[tuple[str, str]]:
    """What a stage may be, in words."""
    return [
        (StageKind.OPENING.value, _("Opening")),
        (StageKind.GATHER.value, _("Gather ideas")),
        (StageKind.GROUP.value, _("Group and sort")),
        (StageKind.DISCUSS.value, _("Discuss and edit")),
        (StageKind.DECIDE.value, _("Decide")),
        (StageKind.BREAK.value, _("Break")),
        (StageKind.CLOSE.value, _("Close")),
    ]


def file_answer(name: str, content: bytes) -> ResponseReturnValue:
    """A Word file to keep."""
    return send_file(io.BytesIO(content), mimetype=WORD, as_attachment=True, download_name=name)


def _date(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        return None


def _time(name: str) -> time | None:
    try:
        return time.fromisoformat(request.form.get(name, "")).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


@dataclass(frozen=True)
class When:
    """Day and time of a form, both given."""

    day: date
    at: time

    @classmethod
    def parse(cls) -> When:
        """Raises Invalid with a sentence for each missing field."""
        day, at = _date("day"), _time("at")
        fields = {}
        if day is None or not 2000 <= day.year <= 2200:
            fields["day"] = _("Enter the day")
        if at is None:
            fields["at"] = _("Enter the time")
        if fields or day is None or at is None:
            raise Invalid(_("The day and time are needed."), fields=fields)
        return cls(day, at)


# --- the list, and planning ---


@bp.get("")
def index(slug: str) -> ResponseReturnValue:
    """All sessions of the group, and the soundings that wait for one's scores."""
    with looking() as (uow, actor):
        lines = meetings.list_meetings(uow, actor, group_id=group_id())
        waiting = soundings.waiting(uow, actor, group_id=group_id())
    return render_template("meetings/index.html", lines=lines, waiting=waiting)


def _plan_page(refused: DomainError | None = None) -> str:
    return render_template(
        "meetings/plan.html", plans=meetings.series_template(), errors=faults(refused), typed=typed(),
    )  # fmt: skip


@bp.get("/plan")
def plan(slug: str) -> ResponseReturnValue:
    """Choose how to begin: the series of six, or one session."""
    return _plan_page()


@bp.post("/plan")
def make(slug: str) -> ResponseReturnValue:
    """Plan the series or one session, as drafts."""
    place = request.form.get("place", "")
    try:
        moment = When.parse()
        with transaction() as (uow, actor):
            if request.form.get("what") == "one":
                title = request.form.get("title", "")
                made = [
                    meetings.plan_meeting(
                        uow, actor, group_id=group_id(), title=title, day=moment.day, at=moment.at, place=place
                    )
                ]
            else:
                made = meetings.plan_series(
                    uow, actor, group_id=group_id(), first=moment.day, at=moment.at, place=place
                )
    except Invalid as refused:
        return _plan_page(refused), refused.status
    if len(made) == 1:
        said = _("Session %(number)s is planned. It is a draft until you announce it.", number=made[0].number)
        flash(said, "success")
        return redirect(url_for("meetings.edit", slug=slug, meeting_id=made[0].id), 303)
    flash(_("%(count)s sessions are planned. They are drafts until you announce them.", count=len(made)), "success")
    return redirect(url_for("meetings.index", slug=slug), 303)


# --- one session ---


def _show_page(meeting_id: int, refused: DomainError | None = None) -> str:
    with looking() as (uow, actor):
        meeting, _found = meetings.access_meeting(uow.session, actor, meeting_id, Can.MEETING_READ, group_id=group_id())
        sheet = meetings.stages_of(uow.session, meeting_id)
        own = [row for row in attendance.attendances(uow.session, meeting_id) if row.person_id == actor.person_id]
        log = decisions.list_decisions(uow, actor, group_id=group_id(), meeting_id=meeting_id)
        has_minutes = minutes.document_of(uow.session, meeting_id) is not None
        items = dict(rooms.choosable(uow.session, group_id()))
        prepared = homework.of_meeting(uow, meeting)
        zone = g.group.time_zone
        day, today = moments.local_day(meeting.starts_at, zone), moments.local_day(uow.now, zone)
        told = meetings.as_told(uow.session, [meeting])[meeting_id]
    return render_template(
        "meetings/show.html", meeting=meeting, sheet=sheet, own=own[0] if own else None, decisions=log,
        has_minutes=has_minutes, items=items, told=told, is_today=day == today, has_passed=day < today, refused=refused,
        kinds=dict(kinds()), homework=prepared, typed=typed(),
    )  # fmt: skip


@bp.get("/<int:meeting_id>")
def show(slug: str, meeting_id: int) -> ResponseReturnValue:
    """One session: what is planned, and what came of it."""
    return _show_page(meeting_id)


@bp.get("/<int:meeting_id>/pack")
def pack(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The session on paper: a sheet for each of its items and of ``items``, and with ``under`` what is under them."""
    under = request.args.get("under") == "yes"
    also = [number for given in request.args.getlist("items") if (number := whole_number(given)) is not None]
    with looking() as (uow, actor):
        made = packs.pack(uow, actor, meeting_id=meeting_id, group_id=group_id(), also=also, under=under)
        # Whoever plans it anew prints what they plan.
        plan = made.meeting if may(Can.MEETING_RUN) else meetings.as_told(uow.session, [made.meeting])[meeting_id]
    return render_template("meetings/pack.html", pack=made, plan=plan, under=under, fields=field_words())


@bp.post("/<int:meeting_id>/announce")
def announce(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Tell the group of it, by one mail each."""

    def tell(uow: UnitOfWork, actor: Actor) -> object:
        count = meetings.announce(uow, actor, meeting_id=meeting_id, revision=number("revision"))
        said = ngettext("The group has been told: %(num)d mail is on its way.",
                        "The group has been told: %(num)d mails are on their way.", count)  # fmt: skip
        # It may have become the next one, for which homework is that was given for a later one.
        late = homework.due_after(uow, uow.session.get_one(Meeting, meeting_id))
        return with_homework(said, "due_after", late, slug)

    to = url_for("meetings.show", slug=slug, meeting_id=meeting_id)
    return command(tell, to=to, page=lambda refused: _show_page(meeting_id, refused))


@bp.post("/<int:meeting_id>/cancel")
def cancel(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Cancel it, and tell everyone why."""

    def call_off(uow: UnitOfWork, actor: Actor) -> object:
        count = meetings.cancel(
            uow, actor, meeting_id=meeting_id, reason=request.form.get("reason", ""), revision=number("revision")
        )
        return ngettext("The session is cancelled: %(num)d mail is on its way.",
                        "The session is cancelled: %(num)d mails are on their way.", count)  # fmt: skip

    to = url_for("meetings.show", slug=slug, meeting_id=meeting_id)
    return command(call_off, to=to, page=lambda refused: _show_page(meeting_id, refused))


@bp.post("/<int:meeting_id>/open")
def open_doors(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Open the waiting room and go to the console."""
    return command(
        lambda uow, actor: stages.open_doors(uow, actor, meeting_id=meeting_id, revision=number("revision") or 0),
        to=url_for("console.show", slug=slug, meeting_id=meeting_id),
        page=lambda refused: _show_page(meeting_id, refused),
    )


@bp.post("/<int:meeting_id>/discard")
def discard(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Throw a draft away."""

    def remove(uow: UnitOfWork, actor: Actor) -> object:
        meetings.remove_meeting(uow, actor, meeting_id=meeting_id)
        return _("The draft is gone.")

    return command(
        remove,
        to=url_for("meetings.index", slug=slug),
        page=lambda refused: _show_page(meeting_id, refused),
    )


@bp.post("/<int:meeting_id>/coming")
def coming(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Say that one cannot come, or can after all."""
    yes = request.form.get("coming") == "yes"
    said = _("The facilitators see that you are coming.") if yes else _("The facilitators see that you cannot come.")

    def say(uow: UnitOfWork, actor: Actor) -> object:
        attendance.apologise(uow, actor, meeting_id=meeting_id, coming=yes)
        return said

    return command(
        say,
        to=url_for("meetings.show", slug=slug, meeting_id=meeting_id),
        page=lambda refused: _show_page(meeting_id, refused),
    )


@bp.get("/<int:meeting_id>/calendar.ics")
def calendar(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The session as a calendar entry that carries its join link."""
    with looking() as (uow, actor):
        meeting, _found = meetings.access_meeting(uow.session, actor, meeting_id, Can.MEETING_READ)
        file = calendar_file(meetings.entries(uow, g.group, [meeting]))
    return calendar_answer(file, f"{slug}-session-{meeting.number}.ics")


# --- the plan of one session ---


def _edit_page(meeting_id: int, refused: DomainError | None = None, stage_id: int | None = None) -> str:
    with looking() as (uow, actor):
        meeting, _found = meetings.access_meeting(uow.session, actor, meeting_id, Can.MEETING_RUN, group_id=group_id())
        sheet = meetings.stages_of(uow.session, meeting_id)
        items = rooms.choosable(uow.session, group_id())
    was = _as_typed(meeting)
    plan = was
    if refused is not None and stage_id == 0:
        was, plan = _typed_plan(was, is_outdated=refused.code == meetings.OUTDATED)
    return render_template(
        "meetings/edit.html", meeting=meeting, sheet=sheet, items=items, kinds=kinds(), refused=refused,
        errors=faults(refused), typed=typed(), stage_id=stage_id, plan=plan, was=was,
        total=sum(stage.planned_minutes for stage in sheet), names=dict(items), kind_names=dict(kinds()),
    )  # fmt: skip


def _as_typed(meeting: Meeting) -> dict[str, str]:
    """The fields of the plan as it stands."""
    local = moments.local(meeting.starts_at, g.group.time_zone)
    return {
        "title": meeting.title, "day": local.date().isoformat(), "at": local.strftime("%H:%M"), "place": meeting.place,
        "aims": "\n".join(meeting.aims),
    }  # fmt: skip


def _typed_plan(now: dict[str, str], *, is_outdated: bool) -> tuple[dict[str, str], dict[str, str]]:
    """What a refused form of the plan is based on, and what it shows.

    Who was told how the plan stands now goes on from there: what they had not touched shows it, what they typed stays.
    Any other refusal leaves the form as it was sent: what others changed meanwhile is told when it can be saved.
    """
    sent = typed()
    shown = {name: sent.get(name, value) for name, value in now.items()}
    was = {name: sent.get(f"was_{name}", value) for name, value in now.items()}
    if not is_outdated:
        return was, shown
    left = {name for name in now if shown[name].splitlines() == was[name].splitlines()}
    return now, {name: now[name] if name in left else shown[name] for name in now}


def _was() -> meetings.Plan | None:
    """The plan that the form was made from, where it says so."""
    day, at = _date("was_day"), _time("was_at")
    if day is None or at is None:
        return None
    sent = typed()
    return meetings.Plan(sent["was_title"], day, at, sent["was_place"], sent["was_aims"].splitlines())


@bp.get("/<int:meeting_id>/plan")
def edit(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Change a session's plan and run sheet."""
    return _edit_page(meeting_id)


@bp.post("/<int:meeting_id>/plan")
def save(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Keep title, time, place and aims."""

    def keep(uow: UnitOfWork, actor: Actor) -> object:
        moment = When.parse()
        changed = meetings.edit_meeting(
            uow, actor, meeting_id=meeting_id, title=request.form.get("title", ""), day=moment.day, at=moment.at,
            place=request.form.get("place", ""), aims=request.form.get("aims", "").splitlines(), was=_was(),
        )  # fmt: skip
        return with_homework(_("The plan is saved."), "due_after", homework.due_after(uow, changed), slug)

    to = url_for("meetings.edit", slug=slug, meeting_id=meeting_id)
    return command(keep, to=to, page=lambda refused: _edit_page(meeting_id, refused, 0))


@bp.post("/<int:meeting_id>/stages")
@bp.post("/<int:meeting_id>/stages/<int:stage_id>")
def save_stage(slug: str, meeting_id: int, stage_id: int | None = None) -> ResponseReturnValue:
    """Add a stage to the run sheet, or change one."""

    def keep(uow: UnitOfWork, actor: Actor) -> object:
        kind = request.form.get("kind", "")
        if kind not in {each.value for each in StageKind}:
            raise Invalid(_("Choose what happens in this stage."), fields={"kind": _("Choose from the list")})
        values = {
            "title": request.form.get("title", ""), "kind": StageKind(kind), "minutes": number("minutes") or 0,
            "item_id": number("item_id"), "purpose": request.form.get("purpose", ""),
        }  # fmt: skip
        if stage_id is None:
            stages.add_stage(uow, actor, meeting_id=meeting_id, **values)  # type: ignore[arg-type]  # as named above
            return _("The stage is added.")
        stages.edit_stage(uow, actor, meeting_id=meeting_id, stage_id=stage_id, **values)  # type: ignore[arg-type]  # as above
        return _("The stage is saved.")

    to = url_for("meetings.edit", slug=slug, meeting_id=meeting_id, _anchor="run-sheet")
    return command(keep, to=to, page=lambda refused: _edit_page(meeting_id, refused, stage_id or -1))


@bp.post("/<int:meeting_id>/stages/<int:stage_id>/move")
def move_stage(slug: str, meeting_id: int, stage_id: int) -> ResponseReturnValue:
    """Move a stage up or down by one."""
    by = 1 if request.form.get("by") == "1" else -1

    def move(uow: UnitOfWork, actor: Actor) -> None:
        stages.move_stage(uow, actor, meeting_id=meeting_id, stage_id=stage_id, by=by)

    to = url_for("meetings.edit", slug=slug, meeting_id=meeting_id, _anchor=f"stage-{stage_id}")
    return command(move, to=to, page=lambda refused: _edit_page(meeting_id, refused))


@bp.post("/<int:meeting_id>/stages/<int:stage_id>/remove")
def remove_stage(slug: str, meeting_id: int, stage_id: int) -> ResponseReturnValue:
    """Take a stage off the run sheet."""

    def remove(uow: UnitOfWork, actor: Actor) -> object:
        stages.remove_stage(uow, actor, meeting_id=meeting_id, stage_id=stage_id)
        return _("The stage is gone.")

    to = url_for("meetings.edit", slug=slug, meeting_id=meeting_id, _anchor="run-sheet")
    return command(remove, to=to, page=lambda refused: _edit_page(meeting_id, refused))


# --- minutes ---


def _minutes_page(meeting_id: int, refused: DomainError | None = None) -> str:
    with looking() as (uow, actor):
        page = minutes.read_minutes(uow, actor, meeting_id=meeting_id, group_id=group_id())
    text = request.form.get("text") if refused is not None else None
    return render_template(
        "meetings/minutes.html", page=page, meeting=page.meeting, refused=refused, text=text, errors=faults(refused),
        correcting=request.args.get("correct") == "1",
    )  # fmt: skip


@bp.get("/<int:meeting_id>/minutes")
def show_minutes(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The minutes: drafted when the session closes, corrected, approved."""
    return _minutes_page(meeting_id)


@bp.post("/<int:meeting_id>/minutes")
def correct(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Correct the minutes from a plain form."""

    def keep(uow: UnitOfWork, actor: Actor) -> object:
        version = number("version")
        if version is None:
            raise Conflict(_("Reload the page and try again."))
        minutes.correct_minutes(uow, actor, meeting_id=meeting_id, text=request.form.get("text", ""), version=version)
        return _("The minutes are saved.")

    to = url_for("meetings.show_minutes", slug=slug, meeting_id=meeting_id)
    return command(keep, to=to, page=lambda refused: _minutes_page(meeting_id, refused))


@bp.post("/<int:meeting_id>/approve")
def approve(slug: str, meeting_id: int) -> ResponseReturnValue:
    """Approve and lock the minutes."""
    keep = request.form.get("keep_notes") == "yes"

    def lock(uow: UnitOfWork, actor: Actor) -> object:
        minutes.approve_minutes(uow, actor, meeting_id=meeting_id, version=number("version"), keep_notes=keep)
        return _("The minutes are approved and locked.")

    return command(
        lock,
        to=url_for("meetings.show_minutes", slug=slug, meeting_id=meeting_id),
        page=lambda refused: _minutes_page(meeting_id, refused),
    )


@bp.get("/<int:meeting_id>/minutes.docx")
def minutes_file(slug: str, meeting_id: int) -> ResponseReturnValue:
    """The minutes as a Word file."""
    with looking() as (uow, actor):
        return file_answer(*minutes.minutes_file(uow, actor, meeting_id=meeting_id, group_id=group_id()))
