"""What an expert does in an open round: agree to take part, score, comment, look through it, send, withdraw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, and_, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.events import PanelChanged
from app.policy import Can
from app.secrets import new_id
from app.services.panel import LANGUAGES
from app.services.protocols import WHOLE, Dimension
from app.services.rounds import Outlined, outline_of, rated_ids
from app.services.seating import Place
from app.uow import UnitOfWork
from models.validation import Acknowledgement, Rating, Remark, RemarkKind, RoundItem
from models.versions import VersionItem

LONGEST_REMARK = 5000
MOST_AT_ONCE = 5000


#: A question: the item of the version it is about (None: the blueprint as a whole), and its dimension.
Question = tuple[int | None, str]
#: What a comment is about, in the same way, and its kind.
About = tuple[int | None, RemarkKind]


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
    """What an expert has entered so far: scores by (item, dimension), comments by (item, kind), and when last."""

    scores: dict[Question, int | None]
    remarks: dict[About, str]
    saved_at: datetime | None


#: Which of some items of the blueprint are rated in a round, and what an expert has given them there. What every save
#: asks is made once, here and below: making a statement costs more than asking it.
_BY_ITEM = (
    select(VersionItem.id, VersionItem.item_id, Rating.dimension, Rating.value)
    .join(RoundItem, RoundItem.version_item_id == VersionItem.id)
    .outerjoin(
        Rating,
        and_(
            Rating.round_id == RoundItem.round_id,
            Rating.version_item_id == RoundItem.version_item_id,
            Rating.expert_id == bindparam("expert"),
        ),
    )
    .where(RoundItem.round_id == bindparam("round"), VersionItem.item_id.in_(bindparam("items", expanding=True)))
)
_OWN_RATINGS = select(Rating.version_item_id, Rating.dimension, Rating.value, Rating.rated_at).where(
    Rating.round_id == bindparam("round"), Rating.expert_id == bindparam("expert")
)
_CHANGE = (
    update(Rating)
    .where(
        Rating.round_id == bindparam("round"),
        Rating.expert_id == bindparam("expert"),
        Rating.version_item_id.is_not_distinct_from(bindparam("item", type_=Integer)),
        Rating.dimension == bindparam("key"),
    )
    .values(value=bindparam("score"), rated_at=bindparam("at"))
)
_OWN_REMARKS = select(Remark.version_item_id, Remark.kind, Remark.text, Remark.written_at).where(
    Remark.round_id == bindparam("round"), Remark.expert_id == bindparam("expert")
)


ELSEWHERE = "Something else was written here meanwhile, on another device. Save again to keep what stands here instead."


class Elsewhere(Invalid):
    """Comments were changed since the page that sends others was made: ``stored`` holds the words, by kind."""

    def __init__(self, stored: Mapping[RemarkKind, str]) -> None:
        super().__init__(ELSEWHERE, code="elsewhere", fields={kind.value: ELSEWHERE for kind in stored})
        self.stored = {kind.value: words for kind, words in stored.items()}


def answers_of(session: Session, place: Place) -> Stored:
    """The expert's own answers in this round."""
    own = {"round": place.round.id, "expert": place.expert.id}
    ratings, remarks = session.execute(_OWN_RATINGS, own).all(), session.execute(_OWN_REMARKS, own).all()
    return Stored(
        {(each.version_item_id, each.dimension): each.value for each in ratings},
        {(each.version_item_id, each.kind): each.text for each in remarks},
        max([*(each.rated_at for each in ratings), *(each.written_at for each in remarks)], default=None),
    )


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
    seat.started_at = seat.started_at or uow.now
    seat.consent_version = place.round.information_version
    seat.acknowledgement = Acknowledgement(acknowledgement)
    seat.conflict_of_interest = interests.strip()
    uow.emit(PanelChanged(place.round.group_id, place.round.id))


def speak(place: Place, language: str) -> None:
    """Read one's pages and mails in another language. Raises Invalid for one that we do not have."""
    if language not in LANGUAGES:
        raise Invalid("Choose a language from the list.")
    place.expert.language = language


def keep(
    uow: UnitOfWork,
    place: Place,
    scores: Mapping[Question, int | None],
    words: Mapping[About, str],
    was: Mapping[About, str] | None = None,
) -> tuple[list[Outlined], Stored]:
    """Record or change scores and comments, all or none; answers the round's items and all that is stored then.

    None is "cannot judge", an empty comment deletes what was there. ``was``, where it is known, is what stood where a
    comment was written; Elsewhere is raised where something else is stored there by now. Raises Invalid for an item
    the round does not rate or, for a comment, its version does not have (``unknown_item``), a dimension
    (``unknown_dimension``) or a number (``off_scale``) it does not ask of this expert, a comment that is too long;
    Forbidden before consent. The caller has loaded the place for writing.
    """
    place.require(Can.ROUND_RATE)
    outline, own = outline_of(uow.session, place.round), answers_of(uow.session, place)
    if not _items(scores) <= {each.id for each in outline if each.is_rated}:
        raise Invalid("This item is not rated in this round.", code="unknown_item")
    texts = {about: _plain(about[1], text) for about, text in words.items()}
    differ = {about: text for about, text in texts.items() if text != own.remarks.get(about, "")}
    if not _items(differ) <= {each.id for each in outline}:
        raise Invalid("This item is not part of the round.", code="unknown_item")
    lost = {
        about[1]: own.remarks[about] for about in differ if _is_news(own.remarks.get(about), (was or {}).get(about))
    }
    if lost:
        raise Elsewhere(lost)
    _store(uow, place, scores, own.scores)
    for about, text in differ.items():
        _write(uow, place, about, text, is_new=about not in own.remarks)
    remarks = {about: text for about, text in {**own.remarks, **texts}.items() if text}
    is_new = differ or scores.items() - own.scores.items()
    return outline, Stored({**own.scores, **scores}, remarks, uow.now if is_new else own.saved_at)


def rate(uow: UnitOfWork, place: Place, scores: Mapping[Question, int | None]) -> None:
    """Record or change scores, as `keep`."""
    keep(uow, place, scores, {})


def remark(uow: UnitOfWork, place: Place, words: Mapping[About, str]) -> None:
    """Record, change or delete comments, as `keep`."""
    keep(uow, place, {}, words)


def rate_many(uow: UnitOfWork, place: Place, answers: Sequence[Answer]) -> int:
    """Record many answers, all or none; the same list twice leaves the same rows. How many were recorded.

    Raises Invalid (code ``off_scale``, ``unknown_item``, ``unknown_dimension`` or ``twice``) and Forbidden as `rate`.
    """
    place.require(Can.ROUND_RATE)
    if len(answers) > MOST_AT_ONCE:
        raise Invalid(f"Send at most {MOST_AT_ONCE} answers at once.")
    given = {"round": place.round.id, "expert": place.expert.id, "items": {each.item_id for each in answers}}
    rows = uow.session.execute(_BY_ITEM, given).all()
    items = {row.item_id: row.id for row in rows}
    before = {(row.id, row.dimension): row.value for row in rows if row.dimension is not None}
    scores: dict[Question, int | None] = {}
    for number, answer in enumerate(answers, 1):
        if answer.item_id not in items:
            raise Invalid(f"Item {answer.item_id} is not rated in this round.", code="unknown_item")
        question = (items[answer.item_id], answer.dimension)
        if question in scores:
            raise Invalid(f"Answer {number} is about the same question as one before it.", code="twice")
        scores[question] = answer.value
    _store(uow, place, scores, before)
    words: dict[About, str] = {}
    for number, answer in enumerate(answers, 1):
        about = (items[answer.item_id], RemarkKind.COMMENT)
        if answer.remark is not None and words.setdefault(about, answer.remark) != answer.remark:
            raise Invalid(f"Answer {number} has another comment on the same item than one before it.", code="twice")
    if words:
        remark(uow, place, words)
    return len(answers)


def _is_news(stored: str | None, was: str | None) -> bool:
    """Whether somebody who saw ``was`` has not seen what is stored."""
    return bool(stored) and was is not None and _unified(was) != stored


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _plain(kind: RemarkKind, text: str) -> str:
    text = _unified(text)
    if len(text) > LONGEST_REMARK or "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        sentence = f"Use at most {LONGEST_REMARK:,} characters"
        raise Invalid(f"The comment was not saved. {sentence}.", fields={kind.value: sentence})
    return text


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


def _store(
    uow: UnitOfWork, place: Place, scores: Mapping[Question, int | None], before: Mapping[Question, int | None]
) -> None:
    """Write scores of items that are known to be rated in the round; what is the same already stays as it is."""
    asked = {
        question: _dimension(place.dimensions if question[0] is not None else whole_of(place), question[1])
        for question in scores
    }
    for question, dimension in asked.items():
        dimension.must_accept(scores[question])
    new = [
        {
            "round_id": place.round.id, "expert_id": place.expert.id, "version_item_id": question[0],
            "dimension": question[1], "value": value, "lowest": asked[question].lowest,
            "highest": asked[question].highest, "rated_at": uow.now,
        }
        for question, value in scores.items()
        if question not in before
    ]  # fmt: skip
    own = {"round": place.round.id, "expert": place.expert.id, "at": uow.now}
    changed = [
        {**own, "item": item_id, "key": key, "score": value}
        for (item_id, key), value in scores.items()
        if before.get((item_id, key), value) != value
    ]
    if new:
        uow.session.connection().execute(insert(Rating), new)
    if changed:
        uow.session.connection().execute(_CHANGE, changed)


def _write(uow: UnitOfWork, place: Place, about: About, text: str, *, is_new: bool) -> None:
    """Write one comment; without words delete it."""
    item_id, kind = about
    of = {"round_id": place.round.id, "expert_id": place.expert.id, "version_item_id": item_id, "kind": kind}
    own = [getattr(Remark, name) == value for name, value in of.items()]
    if is_new:
        uow.session.execute(insert(Remark).values(id=new_id(), **of, text=text, written_at=uow.now))
    elif text:
        uow.session.execute(update(Remark).where(*own).values(text=text, written_at=uow.now))
    else:
        uow.session.execute(delete(Remark).where(*own))


def _items(about: Iterable[Question | About]) -> set[int]:
    return {item_id for item_id, _what in about if item_id is not None}


def _dimension(asked: Iterable[Dimension], key: str) -> Dimension:
    for each in asked:
        if each.key == key:
            return each
    raise Invalid("This round does not ask you that question.", code="unknown_dimension")
