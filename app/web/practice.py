"""The tour of five minutes, and the practice ground it leads through."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app import markup
from app.errors import DomainError, Forbidden, Invalid
from app.policy import Actor, Can
from app.services import items, practice
from app.services.practice import AGREED, DISCUSSED, DRAFT, Ground, Lines, Script, Step, Stride
from app.uow import UnitOfWork
from app.web.context import database, looking, transaction
from app.web.fragments import command, faults, group_id, may, typed
from app.web.screen import picture
from models.documents import Field
from models.polls import Choice

bp = Blueprint("practice", __name__)


@dataclass(frozen=True)
class Line:
    """One step as the page shows it: what to do, and the button that leads there."""

    stride: Stride
    title: str
    text: str
    button: str
    href: str


def script() -> Script:
    """What the practice ground says in the beginning, in the reader's language."""
    return Script(
        element=_("Practice: nothing here counts"),
        draft=Lines(
            _("A number to ring at night"),
            _("Whoever looks after somebody at home has one number to ring, day or night. Whoever answers can"),
        ),
        agreed=Lines(
            _("Letters in plain words"),
            _("Every letter about somebody’s care is written in plain words and arrives within 14 days."),
        ),
        discussed=Lines(
            _("One visit instead of three"),
            _("Where several people come to the same home in one week, they agree who goes."),
        ),
        question=_("Who decides who goes: the person at home, or whoever knows them best? What would you say?"),
    )


def _lines(way: practice.Way, ground: Ground) -> list[Line]:
    def lead(step: Step) -> tuple[str, str, str, str]:
        match step:
            case Step.WRITE:
                href = url_for("items.blueprint", slug=ground.slug, _anchor=f"edit-{ground.ids[DRAFT]}")
                text = _(
                    "Go to the end of a draft and finish its sentence. Others who are there see your words as you type."
                )
                return _("Write a few words"), text, _("Write in the draft"), href
            case Step.SUGGEST:
                text = _("What is agreed stays as it is until the group decides. Say how you would rather read it.")
                href = url_for("suggestions.new", slug=ground.slug, item_id=ground.ids[AGREED])
                return _("Suggest other words"), text, _("Suggest other words"), href
            case Step.COMMENT:
                text = _(
                    "Say what you think of something without changing it. Mark words first, if you mean just those."
                )
                agreed = ground.ids[AGREED]
                href = url_for("items.item", slug=ground.slug, item_id=agreed, comment="new", _anchor="new-words")
                return _("Comment on words"), text, _("Write a comment"), href
            case Step.REPLY:
                text = _("Somebody asks a question about a line. Answer it below theirs.")
                asked, anchor = ground.question, f"reply-{ground.question}" if ground.question else "comments"
                discussed = ground.ids[DISCUSSED]
                href = url_for("items.item", slug=ground.slug, item_id=discussed, comment=asked, _anchor=anchor)
                return _("Answer a comment"), text, _("Answer it"), href
            case Step.ANSWER:
                text = _("In a session you are asked so about exact words. Here nobody sees what you say.")
                href = url_for("practice.vote", slug=g.group.slug)
                return _("Say whether you can live with it"), text, _("Try a vote"), href
            case Step.LOOK:
                text = _(
                    "Before a session look at the group’s first page: what is new there, and what your homework is."
                )
                href = url_for("groups.overview", slug=g.group.slug, tour="look", _anchor="since")
                return _("Know where to look"), text, _("Look at the first page"), href

    return [Line(stride, *lead(stride.step)) for stride in way.strides]


@bp.get("")
def tour(slug: str) -> ResponseReturnValue:
    """The steps, as far as the reader has come. Whoever looks for the first time begins."""
    return _tour()


def _tour(refused: DomainError | None = None) -> str:
    way, ground = _begun()
    return render_template(
        "practice/tour.html", way=way, ground=ground, lines=_lines(way, ground), refused=refused,
        may_write=may(Can.TEXT_WRITE),
    )  # fmt: skip


def _begun() -> tuple[practice.Way, Ground]:
    """How far the reader has come, and the ground, which is made for the first of the group to come."""
    found = _look()
    if found is None:
        with transaction() as (uow, actor):
            practice.begin(uow, actor, group_id=group_id(), script=script())
        found = _look()
        assert found is not None  # noqa: S101  # has just begun
    return found


def _look() -> tuple[practice.Way, Ground] | None:
    with looking() as (uow, actor):
        way = practice.way(uow, actor, group_id=group_id())
        ground = practice.ground_of(uow, actor, group_id=group_id())
    return None if way.begun_at is None or ground is None else (way, ground)


@bp.post("/steps")
def steps(slug: str) -> ResponseReturnValue:
    """Leave a step out, or take it in again."""
    given = request.form.get("step", "")
    if given not in {each.value for each in Step}:
        raise Invalid(_("Choose a step."))
    out = request.form.get("out") != "no"

    def leave(uow: UnitOfWork, actor: Actor) -> None:
        practice.leave_out(uow, actor, group_id=group_id(), step=Step(given), out=out)

    return command(leave, to=url_for("practice.tour", slug=slug, _anchor=f"step-{given}"), page=_tour)


@bp.post("/away")
def put_away(slug: str) -> ResponseReturnValue:
    """Take the card off the group's first page, for good."""
    return command(
        lambda uow, actor: practice.put_away(uow, actor, group_id=group_id()),
        to=url_for("groups.overview", slug=slug), page=_tour,
        said=_("Put away. Whenever you want to practise, you find it in the menu under your name."),
    )  # fmt: skip


@bp.post("/afresh")
def start_afresh(slug: str) -> ResponseReturnValue:
    """Put the practice ground back as it was in the beginning."""
    return command(
        lambda uow, actor: practice.start_afresh(uow, actor, group_id=group_id(), script=script()),
        to=url_for("practice.tour", slug=slug), page=_tour,
        said=_("Everything on the practice ground is as it was in the beginning."),
    )  # fmt: skip


@bp.get("/vote")
def vote(slug: str) -> ResponseReturnValue:
    """A ballot as in a session, which nobody counts."""
    return _vote()


def _vote(refused: DomainError | None = None) -> str:
    way, ground = _begun()
    if Step.ANSWER not in {each.step for each in way.strides}:
        raise Forbidden(_("Your role in this group has no vote, so there is nothing to practise here."))
    with looking() as (uow, actor):
        entry = items.entry_of(uow, actor, ground.ids[DISCUSSED])
    return render_template(
        "practice/vote.html", way=way, entry=entry, words=markup.render(entry.words(Field.TEXT), heading_offset=1),
        errors=faults(refused), typed=typed(),
    )  # fmt: skip


@bp.post("/vote")
def answer(slug: str) -> ResponseReturnValue:
    """Answer as in a session."""
    given = request.form.get("choice", "")
    choice = Choice(given) if given in {each.value for each in Choice} else None

    def cast(uow: UnitOfWork, actor: Actor) -> None:
        practice.answer(uow, actor, group_id=group_id(), choice=choice, reason=request.form.get("reason", ""))

    return command(
        cast, to=url_for("practice.tour", slug=slug, _anchor="step-answer"), page=_vote,
        said=_("Your answer is saved. In a session you could change it until the vote closes."),
    )  # fmt: skip


@bp.get("/together")
def together(slug: str) -> ResponseReturnValue:
    """For the wall of a session: where everybody goes to type one word, and who has come."""
    _way, ground = _begun()
    address = database().settings.base_url + url_for("practice.tour", slug=slug)
    return render_template(
        "practice/together.html", ground=ground, address=address.split("://", 1)[1],
        picture=picture(address, _("QR code of this address")),
    )  # fmt: skip
