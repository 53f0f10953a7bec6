"""An expert's own pages: the personal link, the information sheet, one criterion a page, review, send, receipt.

A link's page changes nothing when it is looked at (mail scanners do); pressing Continue puts the seat into an HttpOnly
cookie and leads to an address without a token. Every request looks the seat up again. A browser holds one seat, and may
show pages of another that was opened in it before: every page says whose it is when it posts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.errors import Conflict, DomainError, Gone, Invalid, NotFound
from app.mail import check_address
from app.services import rating, reviewing, seating, seats
from app.services.protocols import Dimension
from app.services.reviewing import Page, Review, Task
from app.services.rounds import plain_title
from app.services.seating import Place
from app.uow import UnitOfWork
from app.web import redlines
from app.web.context import looking, transaction
from app.web.forms import local_path, text, whole_number
from app.web.languages import LANGUAGE_KEY, said, speak
from app.web.limits import KNOCKING, guessed, limiter
from models.validation import RemarkKind

bp = Blueprint("rating", __name__)

SEAT_KEY = "seat"
#: Sent by static/js/modules/autosave.js: answer with the stored state instead of the next page.
AUTOSAVE = "X-Autosave"


class OtherLink(Conflict):
    """The page that posts is not of the seat that this browser holds now; an old page does not say whose it is."""

    code = "other_link"


@dataclass(frozen=True)
class RatingForm:
    """What a page of questions posts: scores as typed, by dimension; comments by kind, and what stood there before.

    With scripts a page posts only what was changed on it (static/js/modules/autosave.js): what it holds may be old.
    """

    scores: dict[str, str]
    remarks: dict[RemarkKind, str]
    was: dict[RemarkKind, str]

    @classmethod
    def parse(cls, dimensions: tuple[Dimension, ...], *kinds: RemarkKind) -> RatingForm:
        """The posted form; a question without an answer is left out, an empty answer is "cannot judge"."""
        scores = {
            each.key: request.form[f"score-{each.key}"] for each in dimensions if f"score-{each.key}" in request.form
        }
        remarks = {kind: text(kind.value, longest=20_000) for kind in kinds if kind.value in request.form}
        was = {kind: text(f"was-{kind.value}", longest=20_000) for kind in kinds if f"was-{kind.value}" in request.form}
        return cls(scores, remarks, was)

    def keep(self, uow: UnitOfWork, place: Place, version_item_id: int | None) -> Review:
        """Keep all of it, and say how far the expert is. Raises Invalid with a sentence beside the field at fault."""
        given = {(version_item_id, key): number(key, typed) for key, typed in self.scores.items()}
        words, was = (
            {(version_item_id, kind): text for kind, text in each.items()} for each in (self.remarks, self.was)
        )
        return reviewing.answer(uow, place, given, words, was)


def number(key: str, typed: str) -> int | None:
    """A score as typed: empty is "cannot judge". Raises Invalid for anything but a small whole number."""
    if typed == "":
        return None
    digits = typed.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 3):
        sentence = _("Choose one of the numbers shown")
        raise Invalid(sentence, code="off_scale", fields={f"score-{key}": sentence})
    return int(typed)


@bp.after_request
def keep_quiet(response: Response) -> Response:
    """No address of these pages is told to another, and no page is kept."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.errorhandler(Gone)
def over(error: Gone) -> ResponseReturnValue:
    """The one kind page for links that are no longer in use."""
    if request.headers.get(AUTOSAVE):
        return jsonify(code="gone"), 410
    seat_id = error.seat_id if isinstance(error, seating.Over) else None
    return render_template("rating/gone.html", seat_id=seat_id, tried_out=error.code == "tried_out"), 410


@bp.errorhandler(OtherLink)
def other_link(error: OtherLink) -> ResponseReturnValue:
    """In the language of the page that posted: nothing was done, and nothing of the other seat is shown."""
    if request.headers.get(AUTOSAVE):
        # A page from before pages said whose they are loads itself anew on this, and finds its words on the device.
        return jsonify(code=error.code), error.status if "seat" in request.form else 410
    words = (request.form.get(name, "").strip() for name in (*RemarkKind, "interests"))
    return render_template("rating/other.html", written=[each for each in words if each]), error.status


@bp.errorhandler(NotFound)
def unknown(_error: NotFound) -> ResponseReturnValue:
    """The same page for a mistyped link and for a browser that holds none."""
    if request.headers.get(AUTOSAVE):
        return jsonify(code="not_found"), 404
    return render_template("rating/unknown.html"), 404


@bp.errorhandler(DomainError)
def refused(error: DomainError) -> ResponseReturnValue:
    """What cannot be done now, in a sentence, and the way back."""
    if request.headers.get(AUTOSAVE):
        return jsonify(code=error.code, message=said(error.message)), error.status
    return render_template("rating/refused.html", sentence=said(error.message)), error.status


@bp.get("/r/<token>")
@limiter.limit(KNOCKING, deduct_when=guessed)
def door(token: str) -> ResponseReturnValue:
    """Whose round a link opens, and a button; nothing is changed by looking."""
    with looking() as (uow, _actor):
        place = seating.knock(uow, token=token)
        asks = seating.asks(uow, place)
        _speak_to(uow, place)
    return render_template("rating/door.html", place=place, token=token, asks=asks)


@bp.post("/r/<token>/language")
@limiter.limit(KNOCKING, deduct_when=guessed)
def choose_language_first(token: str) -> ResponseReturnValue:
    """Read one's pages and mails in another language, before coming in."""
    with transaction() as (uow, _actor):
        rating.speak(seating.knock(uow, token=token), text("language"))
    return redirect(url_for("rating.door", token=token), 303)


@bp.post("/r/<token>")
@limiter.limit(KNOCKING, deduct_when=guessed)
def come_in(token: str) -> ResponseReturnValue:
    """Take the seat on this device."""
    with transaction() as (uow, _actor):
        seat_id, mark = seating.enter(uow, token=token)
    session[SEAT_KEY] = [seat_id, mark]
    session.permanent = True
    return redirect(url_for("rating.index"), 303)


@bp.get("/r/")
def lost_link() -> ResponseReturnValue:
    """Ask for one's link again."""
    return render_template("rating/lost.html", sent=False, errors={})


@bp.post("/r/")
@limiter.limit("10 per 10 minutes")
def send_link_again() -> ResponseReturnValue:
    """Send links to an address; the answer is the same whether or not it is known."""
    try:
        email = check_address(text("email", longest=254))
    except Invalid as refusal:
        return render_template("rating/lost.html", sent=False, errors=_said(refusal.fields)), 422
    with transaction() as (uow, _actor):
        seats.send_link_again(uow, email=email)
    return render_template("rating/lost.html", sent=True, errors={})


def _seat(uow: UnitOfWork, *, writing: bool = False) -> Place:
    match session.get(SEAT_KEY):
        case [int(seat_id), str(mark)]:
            place = seating.sit(uow, seat_id=seat_id, mark=mark, writing=writing)
        case _:
            raise NotFound()
    _speak_to(uow, place)
    return place


def _speak_to(uow: UnitOfWork, place: Place) -> None:
    """In the expert's language, and on the clocks of the group; rights never come from here."""
    uow.session.expunge(place.group)  # also a page that says what went wrong, after a rollback, reads its name
    g.group = place.group
    speak(place.expert.language)
    own = place.round.translations.get(g.language, {}).get("words", {})
    g.own_words = {place.round.title: plain_title(place.round.title, g.language), **own}
    if session.get(LANGUAGE_KEY) != g.language:
        session[LANGUAGE_KEY] = g.language


@bp.before_request
def begin() -> None:
    """Who it is, and in which language they read, is known once the link or the cookie has been looked at.

    What an expert posts is of the page's seat: where this browser holds another by now, nothing is done.
    """
    speak()
    if request.method == "POST" and request.path.startswith("/rate/"):
        match session.get(SEAT_KEY):
            case [int(seat_id), str()] if request.form.get("seat") != str(seat_id):
                speak(request.form.get("reads"))
                raise OtherLink("Another link was opened in this browser.")


@bp.post("/rate/language")
def choose_language() -> ResponseReturnValue:
    """Read one's pages and mails in another language, and stay on the page."""
    with transaction() as (uow, _actor):
        rating.speak(_seat(uow, writing=True), text("language"))
    return redirect(local_path(text("next"), url_for("rating.index")), 303)


@bp.get("/rate/")
def index() -> ResponseReturnValue:
    """The information sheet first; then the list of tasks."""
    with looking() as (uow, _actor):
        place = _seat(uow)
        if not place.has_consented:
            return _sheet(uow, place)
        review = reviewing.review_of(uow, place)
        opening = reviewing.opening_of(uow, place)
    return render_template("rating/tasks.html", place=place, review=review, opening=opening)


@bp.get("/rate/sheet")
def sheet() -> ResponseReturnValue:
    """The information sheet, to read again."""
    with looking() as (uow, _actor):
        return _sheet(uow, _seat(uow))


def _sheet(uow: UnitOfWork, place: Place, errors: dict[str, str] | None = None) -> str:
    asks = seating.asks(uow, place)
    own = place.round.translations.get(g.language, {}).get("sheet", "")
    return render_template(
        "rating/sheet.html", place=place, asks=asks, errors=errors or {}, typed=request.form,
        words=own or place.round.information_sheet, is_own=bool(own),
    )  # fmt: skip


@bp.post("/rate/sheet")
def consent() -> ResponseReturnValue:
    """Agree to take part."""
    try:
        with transaction() as (uow, _actor):
            place = _seat(uow, writing=True)
            rating.consent(
                uow, place, agrees=text("agrees") == "yes", acknowledgement=text("acknowledgement"),
                interests=text("interests"),
            )  # fmt: skip
    except Invalid as refusal:
        with looking() as (uow, _actor):
            return _sheet(uow, _seat(uow), _said(refusal.fields)), 422
    return redirect(url_for("rating.index"), 303)


@bp.get("/rate/item/<int:item_id>")
def item(item_id: int) -> ResponseReturnValue:
    """One criterion, exactly as frozen, with its questions."""
    with looking() as (uow, _actor):
        place = _seat(uow)
        if not place.has_consented:
            return redirect(url_for("rating.index"), 303)
        page = reviewing.item_page(uow, place, version_item_id=item_id)
    return _item(place, page, {}, {})


def _item(place: Place, page: Page, errors: Mapping[str, str], typed: Mapping[str, str]) -> str:
    return render_template(
        "rating/item.html", place=place, page=page, errors=errors, typed=typed, reworded=redlines.texts(page.reworded)
    )


@bp.post("/rate/item/<int:item_id>")
def rate(item_id: int) -> ResponseReturnValue:
    """Keep the answers to one criterion; then the next page, or for autosave the stored state."""
    try:
        with transaction() as (uow, _actor):
            place = _seat(uow, writing=True)
            form = RatingForm.parse(place.dimensions, RemarkKind.COMMENT, RemarkKind.WORDING)
            review = form.keep(uow, place, item_id)
            task = review.task("item", item_id)
    except Invalid as refusal:
        if refusal.code == "unknown_item":
            raise NotFound() from refusal
        if request.headers.get(AUTOSAVE):
            return _not_stored(refusal)
        with looking() as (uow, _actor):
            place = _seat(uow)
            page = reviewing.item_page(uow, place, version_item_id=item_id)
        errors = _said(refusal.fields) or {"comment": said(refusal.message)}
        return _item(place, page, errors, request.form), 422
    return _stored(review, task)


@bp.get("/rate/grid")
def grid() -> ResponseReturnValue:
    """All criteria on one page, to be answered by typing."""
    with looking() as (uow, _actor):
        place = _seat(uow)
        if not place.has_consented:
            return redirect(url_for("rating.index"), 303)
        review, sections = reviewing.grid_page(uow, place)
    return render_template("rating/grid.html", place=place, review=review, sections=sections, errors={}, typed={})


@bp.post("/rate/grid")
def rate_grid() -> ResponseReturnValue:
    """Keep what was typed, all or none; for autosave answer with the stored state."""
    try:
        with transaction() as (uow, _actor):
            place = _seat(uow, writing=True)
            _review, sections = reviewing.grid_page(uow, place, looking_back=False)
            review = reviewing.answer(uow, place, dict(_typed(sections)), {})
    except Invalid as refusal:
        if request.headers.get(AUTOSAVE):
            return _not_stored(refusal)
        with looking() as (uow, _actor):
            place = _seat(uow)
            review, sections = reviewing.grid_page(uow, place)
        shown = {"place": place, "review": review, "sections": sections, "errors": _said(refusal.fields)}
        return render_template("rating/grid.html", typed=request.form, **shown), 422
    if request.headers.get(AUTOSAVE):
        return jsonify(**_progress(review), wants_comment=False, next=url_for("rating.review"))
    return redirect(url_for("rating.review"), 303)


def _typed(
    sections: list[tuple[reviewing.Section, list[reviewing.Row]]],
) -> Iterator[tuple[rating.Question, int | None]]:
    """The cells that were typed anew: their question, and a score or None. Raises Invalid naming every wrong cell."""
    wrong: dict[str, str] = {}
    for _section, rows in sections:
        for row in rows:
            for question in row.questions:
                dimension = question.dimension
                name = f"score-{row.task.item.id if row.task.item else 0}-{dimension.key}"
                now = request.form.get(name, "").strip().lower()
                if now in {"", question.typed} or row.task.item is None:
                    continue
                try:
                    value = None if now == reviewing.CANNOT else number(dimension.key, now)
                    dimension.must_accept(value)
                except Invalid:
                    wrong[name] = _(
                        "Type a number from %(low)s to %(high)s, or x", low=dimension.lowest, high=dimension.highest
                    )
                    continue
                yield (row.task.item.id, dimension.key), value
    if wrong:
        raise Invalid(next(iter(wrong.values())), code="off_scale", fields=wrong)


@bp.get("/rate/missing/<int:item_id>")
def missing(item_id: int) -> ResponseReturnValue:
    """What is missing under an element?"""
    with looking() as (uow, _actor):
        place = _seat(uow)
        if not place.has_consented:
            return redirect(url_for("rating.index"), 303)
        review, task, words = reviewing.missing_page(uow, place, version_item_id=item_id)
    return render_template("rating/missing.html", place=place, review=review, task=task, words=words, errors={})


@bp.post("/rate/missing/<int:item_id>")
def say_missing(item_id: int) -> ResponseReturnValue:
    """Keep what an expert finds missing."""
    try:
        with transaction() as (uow, _actor):
            place = _seat(uow, writing=True)
            words = text("missing", longest=20_000)
            review = RatingForm.parse((), RemarkKind.MISSING).keep(uow, place, item_id)
            task = review.task("missing", item_id)
    except Invalid as refusal:
        if request.headers.get(AUTOSAVE):
            return _not_stored(refusal)
        with looking() as (uow, _actor):
            place = _seat(uow)
            review, task, _words = reviewing.missing_page(uow, place, version_item_id=item_id)
        shown = {"place": place, "review": review, "task": task, "words": words}
        return render_template("rating/missing.html", errors=_said(refusal.fields), **shown), 422
    return _stored(review, task)


@bp.get("/rate/whole")
def whole() -> ResponseReturnValue:
    """The blueprint as a whole."""
    with looking() as (uow, _actor):
        place = _seat(uow)
        if not place.has_consented:
            return redirect(url_for("rating.index"), 303)
        review, task, questions, words = reviewing.whole_page(uow, place)
    shown = {"place": place, "review": review, "task": task, "questions": questions, "words": words}
    return render_template("rating/whole.html", errors={}, typed={}, **shown)


@bp.post("/rate/whole")
def rate_whole() -> ResponseReturnValue:
    """Keep the judgement of the whole."""
    try:
        with transaction() as (uow, _actor):
            place = _seat(uow, writing=True)
            review = RatingForm.parse(rating.whole_of(place), RemarkKind.WHOLE).keep(uow, place, None)
            if review.whole is None:
                raise NotFound()
    except Invalid as refusal:
        if request.headers.get(AUTOSAVE):
            return _not_stored(refusal)
        with looking() as (uow, _actor):
            place = _seat(uow)
            review, task, questions, _words = reviewing.whole_page(uow, place)
        shown = {"place": place, "review": review, "task": task, "questions": questions}
        words, errors = text("whole", longest=20_000), _said(refusal.fields)
        return render_template("rating/whole.html", words=words, errors=errors, typed=request.form, **shown), 422
    return _stored(review, review.whole)


@bp.get("/rate/review")
def review() -> ResponseReturnValue:
    """Look through everything before sending."""
    with looking() as (uow, _actor):
        place = _seat(uow)
        if not place.has_consented:
            return redirect(url_for("rating.index"), 303)
        found = reviewing.review_of(uow, place)
    return render_template("rating/review.html", place=place, review=found, error="")


@bp.post("/rate/send")
def send() -> ResponseReturnValue:
    """Say that one is done."""
    try:
        with transaction() as (uow, _actor):
            rating.send(uow, _seat(uow, writing=True))
    except Invalid as refusal:
        with looking() as (uow, _actor):
            place = _seat(uow)
            found = reviewing.review_of(uow, place)
        error = refusal.message
        if refusal.code == "missing":
            error = _("Some questions have no answer yet. “I cannot judge this” is an answer too.")
        return render_template("rating/review.html", place=place, review=found, error=error), 422
    return redirect(url_for("rating.sent"), 303)


@bp.get("/rate/sent")
def sent() -> ResponseReturnValue:
    """The receipt."""
    with looking() as (uow, _actor):
        place = _seat(uow)
        if place.seat.sent_at is None:
            return redirect(url_for("rating.index"), 303)
        found, opening = reviewing.review_of(uow, place), reviewing.opening_of(uow, place)
    return render_template("rating/sent.html", place=place, review=found, opening=opening)


@bp.get("/rate/withdraw")
def withdraw() -> ResponseReturnValue:
    """Withdraw from the round?"""
    with looking() as (uow, _actor):
        place = _seat(uow)
        found = reviewing.review_of(uow, place)
    return render_template("rating/withdraw.html", place=place, review=found)


@bp.post("/rate/withdraw")
def do_withdraw() -> ResponseReturnValue:
    """Close the link, and delete the answers unless they may count."""
    keep = text("answers") == "keep"
    with transaction() as (uow, _actor):
        place = _seat(uow, writing=True)
        rating.withdraw(uow, place, keep=keep)
        seat_id = place.seat.id
    session.pop(SEAT_KEY, None)
    return render_template("rating/withdrawn.html", seat_id=seat_id, kept=keep)


@bp.post("/rate/leave")
def leave() -> ResponseReturnValue:
    """Forget the seat on this device; the link opens it again. What could not be sent from here stays, and is said."""
    session.pop(SEAT_KEY, None)
    return render_template("rating/left.html", seat_id=whole_number(text("seat")))


def _said(fields: Mapping[str, str]) -> dict[str, str]:
    """The sentences beside fields, in the language of the page."""
    return {name: said(words) for name, words in fields.items()}


def address(task: Task | None) -> str:
    """Where a task is done; the review when there is none left."""
    if task is None:
        return url_for("rating.review")
    if task.item is None:
        return url_for("rating.whole")
    return url_for("rating.item" if task.kind == "item" else "rating.missing", item_id=task.item.id)


def _not_stored(refusal: Invalid) -> ResponseReturnValue:
    """For autosave: why nothing was stored, and the words that would have been replaced unread."""
    stored = refusal.stored if isinstance(refusal, rating.Elsewhere) else {}
    return jsonify(code=refusal.code, message=said(refusal.message), stored=stored), refusal.status


def _progress(review: Review) -> dict[str, object]:
    """How far the expert is, for the line at the top."""
    words = _("%(value)s of %(max)s", value=review.answered, max=review.asked)
    return {"value": review.answered, "max": review.asked, "words": words}


def _stored(review: Review, task: Task) -> ResponseReturnValue:
    if request.headers.get(AUTOSAVE):
        onward = address(review.after(task))
        return jsonify(**_progress(review), wants_comment=task.wants_comment, next=onward)
    return redirect(address(review.after(task)), 303)


@bp.app_context_processor
def helpers() -> dict[str, object]:
    """``task_address(task)`` for the templates of these pages."""
    return {"task_address": address}
