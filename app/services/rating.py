"""What an expert does in an open round: agree to take part, score, comment, look through it, send, withdraw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.events import PanelChanged
from app.policy import Can
from app.services.panel import LANGUAGES
from app.services.protocols import WHOLE, Dimension
from app.services.rounds import rated_ids
from app.services.seating import Place
from app.uow import UnitOfWork
from models.validation import Acknowledgement, Rating, Remark, RemarkKind
from models.versions import VersionItem

LONGEST_REMARK = 5000
MOST_AT_ONCE = 5000


@dataclass(frozen=True)
class Answer:
    """One answer of a program: an item of the blueprint by its id, a score or None ("cannot judge"), and a comment.

    ``remark`` None leaves the comment as it is, an empty one deletes it.
    """

    item_id: int
    dimension: str
    value: int | None
    remark: str | None = None


@dataclass(frozen=True)
class Stored:
    """What an expert has entered so far: scores by (item, dimension), comments by (item, kind)."""

    scores: dict[tuple[int | None, str], int | None]
    remarks: dict[tuple[int | None, RemarkKind], str]


def answers_of(session: Session, place: Place) -> Stored:
    """The expert's own answers in this round."""
    own = (Rating.round_id == place.round.id, Rating.expert_id == place.expert.id)
    scores = {
        (each.version_item_id, each.dimension): each.value
        for each in session.execute(select(Rating).where(*own)).scalars()
    }
    written = select(Remark).where(Remark.round_id == place.round.id, Remark.expert_id == place.expert.id)
    remarks = {(each.version_item_id, each.kind): each.text for each in session.execute(written).scalars()}
    return Stored(scores, remarks)


def consent(uow: UnitOfWork, place: Place, *, agrees: bool, acknowledgement: str, interests: str = "") -> None:
    """Agree to take part, to the information sheet as it is now, and say how to appear in the report.

    Raises Invalid without agreement or a choice.
    """
    fields = {}
    if acknowledgement not in {each.value for each in Acknowledgement}:
        fields["acknowledgement"] = "Choose how you wish to appear in the report"
    if len(interests) > 1000:
        fields["interests"] = "Use at most 1,000 characters"
    if not agrees:
        fields["agrees"] = "Tick the box if you want to take part"
    if fields:
        raise Invalid("You have not started yet.", fields=fields)
    seat = place.seat
    seat.consented_at = uow.now
    seat.consent_version = place.round.information_version
    seat.acknowledgement = Acknowledgement(acknowledgement)
    seat.conflict_of_interest = interests.strip()
    uow.emit(PanelChanged(place.round.group_id, place.round.id))


def speak(place: Place, language: str) -> None:
    """Read one's pages and mails in another language. Raises Invalid for one that we do not have."""
    if language not in LANGUAGES:
        raise Invalid("Choose a language from the list.")
    place.expert.language = language


def rate(uow: UnitOfWork, place: Place, *, version_item_id: int | None, dimension: str, value: int | None) -> None:
    """Record or change the score of one item (None: of the whole blueprint) on one dimension.

    ``value`` None is "cannot judge". Raises Invalid for an item, a dimension or a number the round does not ask of
    this expert, Forbidden before consent. The caller has loaded the place for writing.
    """
    place.require(Can.ROUND_RATE)
    asked = _asked(uow.session, place, version_item_id, dimension)
    asked.must_accept(value)
    _put(uow, place, version_item_id, asked, value)


def rate_many(uow: UnitOfWork, place: Place, answers: Sequence[Answer]) -> int:
    """Record many answers, all or none; the same list twice leaves the same rows. How many were recorded.

    Raises Invalid (code ``off_scale``, ``unknown_item``, ``unknown_dimension`` or ``twice``) and Forbidden as `rate`.
    """
    place.require(Can.ROUND_RATE)
    if len(answers) > MOST_AT_ONCE:
        raise Invalid(f"Send at most {MOST_AT_ONCE} answers at once.")
    items = {item_id: known for known, item_id in rated_ids(uow.session, place.round.id).items()}
    seen: set[tuple[int, str]] = set()
    for place_in_list, answer in enumerate(answers):
        if (answer.item_id, answer.dimension) in seen:
            raise Invalid(f"Answer {place_in_list + 1} is about the same question as one before it.", code="twice")
        seen.add((answer.item_id, answer.dimension))
        if answer.item_id not in items:
            raise Invalid(f"Item {answer.item_id} is not rated in this round.", code="unknown_item")
        _dimension(place.dimensions, answer.dimension).must_accept(answer.value)
    for answer in answers:
        version_item_id = items[answer.item_id]
        _put(uow, place, version_item_id, _dimension(place.dimensions, answer.dimension), answer.value)
        if answer.remark is not None:
            remark(uow, place, version_item_id=version_item_id, kind=RemarkKind.COMMENT, text=answer.remark)
    return len(answers)


def remark(uow: UnitOfWork, place: Place, *, version_item_id: int | None, kind: RemarkKind, text: str) -> None:
    """Keep a comment; an empty one deletes it. Raises Invalid when it is too long or about an item not shown."""
    place.require(Can.ROUND_RATE)
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > LONGEST_REMARK or "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        sentence = f"Use at most {LONGEST_REMARK:,} characters"
        raise Invalid(f"The comment was not saved. {sentence}.", fields={kind.value: sentence})
    if version_item_id is not None:
        item = uow.session.get(VersionItem, version_item_id)
        if item is None or item.version_id != place.round.version_id:
            raise Invalid("This item is not part of the round.", code="unknown_item")
    found = uow.session.execute(
        select(Remark).where(
            Remark.round_id == place.round.id,
            Remark.expert_id == place.expert.id,
            Remark.kind == kind,
            Remark.version_item_id.is_(None) if version_item_id is None else Remark.version_item_id == version_item_id,
        )
    ).scalar_one_or_none()
    if not text:
        if found is not None:
            uow.session.delete(found)
    elif found is None:
        uow.session.add(
            Remark(
                round_id=place.round.id, expert_id=place.expert.id, version_item_id=version_item_id, kind=kind,
                text=text, written_at=uow.now,
            )
        )  # fmt: skip
    elif found.text != text:
        found.text, found.written_at = text, uow.now
    uow.flush()


def send(uow: UnitOfWork, place: Place) -> None:
    """Say that one is done. Raises Invalid when a question has neither a score nor "cannot judge"."""
    place.require(Can.ROUND_RATE)
    open_ = unanswered(uow.session, place)
    if open_:
        raise Invalid(f"{open_} questions have no answer yet. “I cannot judge this” is an answer too.", code="missing")
    if place.seat.sent_at is None:
        place.seat.sent_at = uow.now
        uow.emit(PanelChanged(place.round.group_id, place.round.id))


def withdraw(uow: UnitOfWork, place: Place, *, keep: bool = False) -> None:
    """Withdraw from the round and the panel: the link dies, and the answers are deleted, or with ``keep`` count."""
    if not keep:
        own = (place.round.id, place.expert.id)
        for table in (Rating, Remark):
            uow.session.execute(delete(table).where(table.round_id == own[0], table.expert_id == own[1]))
    place.seat.answers_kept = keep
    place.seat.withdrew_at = place.seat.revoked_at = uow.now
    place.expert.withdrawn_at = uow.now
    uow.emit(PanelChanged(place.round.group_id, place.round.id))


def unanswered(session: Session, place: Place) -> int:
    """How many questions have no answer of this expert yet."""
    asked: list[tuple[int | None, str]] = [
        (known, each.key) for known in rated_ids(session, place.round.id) for each in place.dimensions
    ]
    asked += [(None, each.key) for each in whole_of(place)]
    return len(set(asked) - answers_of(session, place).scores.keys())


def whole_of(place: Place) -> tuple[Dimension, ...]:
    """The questions asked of the blueprint as a whole."""
    return WHOLE if place.protocol.ask_whole else ()


def last_saved(session: Session, place: Place) -> datetime | None:
    """When this expert last changed a score or a comment."""
    own = select(Rating.rated_at).where(Rating.round_id == place.round.id, Rating.expert_id == place.expert.id)
    written = select(Remark.written_at).where(Remark.round_id == place.round.id, Remark.expert_id == place.expert.id)
    return max([*session.execute(own).scalars(), *session.execute(written).scalars()], default=None)


def _asked(session: Session, place: Place, version_item_id: int | None, dimension: str) -> Dimension:
    if version_item_id is None:
        return _dimension(whole_of(place), dimension)
    if version_item_id not in rated_ids(session, place.round.id):
        raise Invalid("This item is not rated in this round.", code="unknown_item")
    return _dimension(place.dimensions, dimension)


def _dimension(asked: Iterable[Dimension], key: str) -> Dimension:
    for each in asked:
        if each.key == key:
            return each
    raise Invalid("This round does not ask you that question.", code="unknown_dimension")


def _put(uow: UnitOfWork, place: Place, version_item_id: int | None, asked: Dimension, value: int | None) -> None:
    found = uow.session.execute(
        select(Rating).where(
            Rating.round_id == place.round.id,
            Rating.expert_id == place.expert.id,
            Rating.dimension == asked.key,
            Rating.version_item_id.is_(None) if version_item_id is None else Rating.version_item_id == version_item_id,
        )
    ).scalar_one_or_none()
    if found is None:
        uow.session.add(
            Rating(
                round_id=place.round.id, expert_id=place.expert.id, version_item_id=version_item_id,
                dimension=asked.key, value=value, lowest=asked.lowest, highest=asked.highest, rated_at=uow.now,
            )
        )  # fmt: skip
        uow.flush()
    elif found.value != value:
        found.value, found.rated_at = value, uow.now
