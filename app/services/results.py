"""The results of a closed round as anyone in the group may read them: no identity, no expert's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.ratings import LEAST_SCORES
from app.errors import NotFound
from app.policy import Actor, Can
from app.services.dispositions import Answer, answers_of
from app.services.protocols import WHOLE, Dimension, Protocol
from app.services.rounds import access_round, counting, deviations_of, protocol_of, rated_items, version_of
from app.uow import UnitOfWork
from models.validation import Remark, RemarkKind, Round, RoundResult, RoundState
from models.versions import VersionItem

#: Outcomes that settle an item; all others are rated again in the next round.
SETTLED = frozenset({"agreed", "rejected", "uncertain"})


@dataclass(frozen=True)
class Band:
    """The scores of one of the groups that the protocol compares, where they may be shown; None where withheld."""

    name: str
    eligible: int
    n: int | None
    median: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    distribution: tuple[int, ...] | None


@dataclass(frozen=True)
class Judgement:
    """What one rule says: ``outcome`` as in app.calc.ratings, the count in words, and what the rule made of it."""

    rule: str
    outcome: str
    n: int
    minimum: int
    band: tuple[int, int]
    in_band: int
    low_band: tuple[int, int]
    in_low: int
    sentence: str
    why: str


@dataclass(frozen=True)
class Movement:
    """What moved since the round before, among the ``n`` experts who scored the same words in both.

    ``median_before`` is that of everybody who scored then, as the figures' own median is that of everybody now.
    """

    n: int
    up: int
    down: int
    unchanged: float | None
    change: float | None
    stable: bool | None
    effect: float | None
    median_before: float | None


@dataclass(frozen=True)
class Figures:
    """One item in one dimension.

    ``n`` gave a score, ``cannot_judge`` said so, ``unanswered`` of the ``eligible`` did neither. ``withheld`` is a
    sentence where too few gave a score for anything to be shown; every figure is None or empty then. ``judgement`` is
    that of the one rule that decides, None (with ``no_judgement`` saying why) where it is not defined on this scale.
    ``sensitivity`` holds the other rules; they never colour the verdict. ``groups`` is empty where ``groups_withheld``
    says why.
    """

    dimension: Dimension
    eligible: int
    n: int | None
    cannot_judge: int | None
    unanswered: int | None
    withheld: str
    median: float | None
    low: float | None
    high: float | None
    conf: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    iqr: float | None
    distribution: tuple[int, ...]
    disagreement_index: float | None
    judgement: Judgement | None
    no_judgement: str
    sensitivity: tuple[Judgement, ...]
    groups: tuple[Band, ...]
    groups_withheld: str
    movement: Movement | None

    @property
    def is_settled(self) -> bool:
        """Whether rating again could not help: agreement was found, or the rule cannot decide with those asked."""
        judged = self.judgement
        if self.withheld:
            return self.eligible < LEAST_SCORES
        return judged is None or judged.outcome in SETTLED or judged.minimum > self.eligible


@dataclass(frozen=True)
class Comment:
    """A released comment, word for word but for removed identifying words, which are counted; what the group did."""

    kind: RemarkKind
    text: str
    removed_words: int
    answer: Answer | None = None


@dataclass(frozen=True)
class ItemReport:
    """One rated item, as frozen, with its figures by dimension and the released comments on it."""

    item: VersionItem
    figures: tuple[Figures, ...]
    comments: tuple[Comment, ...]

    @property
    def is_settled(self) -> bool:
        """Whether no dimension is left without agreement."""
        return all(each.is_settled for each in self.figures)


@dataclass(frozen=True)
class Report:
    """A closed round: who was asked (as totals), what they scored, what the rule decided, and what was changed.

    ``flow`` counts the experts by how far they went; rounds that were closed before it was counted have none.
    """

    round: Round
    version_number: int
    protocol: Protocol
    invited: int
    started: int
    sent: int
    by_scope: dict[str, int]
    groups: tuple[str, ...]
    flow: dict[str, int]
    pilots: int
    items: tuple[ItemReport, ...]
    whole: tuple[Figures, ...]
    whole_comments: tuple[Comment, ...]
    missing_comments: tuple[tuple[VersionItem, tuple[Comment, ...]], ...]
    withheld_comments: int
    unread_comments: int
    removed_words: int
    deviations: tuple[tuple[datetime, str, str], ...]
    inputs_sha256: str
    methods: dict[str, str]
    only_contested: bool
    computed_at: datetime


def report(uow: UnitOfWork, actor: Actor, *, round_id: int) -> Report:
    """The stored results of a closed round, with the comments released so far.

    Raises NotFound while the round is not closed: before that there is nothing anybody may know.
    """
    round_ = access_round(uow.session, actor, round_id, Can.RESULTS_READ)
    return report_of(uow, round_, stored_result(uow.session, round_))


def report_of(uow: UnitOfWork, round_: Round, stored: RoundResult) -> Report:
    """The report that some figures of a round make, with the comments released so far."""
    session, protocol = uow.session, protocol_of(round_)
    figures = stored.figures
    items = rated_items(session, round_.id)
    remarks = _Remarks(uow, round_.id)
    return Report(
        round=round_,
        version_number=version_of(session, round_).number,
        protocol=protocol,
        invited=figures["invited"],
        started=figures["started"],
        sent=figures["sent"],
        by_scope=figures["by_scope"],
        groups=tuple(figures.get("groups", figures["by_scope"])) if protocol.split_by else (),
        flow=figures.get("flow", {}),
        pilots=figures["pilots"],
        items=tuple(
            ItemReport(
                item,
                tuple(_read(each, figures["items"][item.reference][each.key]) for each in protocol.dimensions),
                remarks.of(item.id, RemarkKind.COMMENT, RemarkKind.WORDING),
            )
            for item in items
        ),
        whole=tuple(_read(each, figures["whole"][each.key]) for each in WHOLE if each.key in figures["whole"]),
        whole_comments=remarks.of(None, RemarkKind.WHOLE),
        missing_comments=remarks.missing(session),
        withheld_comments=remarks.withheld,
        unread_comments=remarks.unread,
        removed_words=remarks.removed_words,
        deviations=tuple((each.at, each.what, each.reason) for each in deviations_of(session, round_.id)),
        inputs_sha256=stored.inputs_sha256,
        methods=stored.methods,
        only_contested=figures["only_contested"],
        computed_at=stored.computed_at,
    )


def stored_result(session: Session, round_: Round) -> RoundResult:
    """The stored figures of a closed round. Raises NotFound otherwise."""
    found = session.get(RoundResult, round_.id) if round_.state is RoundState.CLOSED else None
    if found is None:
        raise NotFound("There are no results before the round is closed.")
    return found


def contested(session: Session, round_: Round) -> list[VersionItem]:
    """The items of a closed round on which the rule that decides found no agreement in some dimension."""
    figures, protocol = stored_result(session, round_).figures, protocol_of(round_)
    return [
        item
        for item in rated_items(session, round_.id)
        if not all(
            _read(protocol.dimension(k), f).is_settled
            for k, f in figures["items"][item.reference].items()
            if protocol.decides(protocol.dimension(k))
        )
    ]


def figures_of(round_: Round, stored: RoundResult, reference: str) -> dict[str, Figures]:
    """The figures of one item of a closed round by dimension; empty for an item that was not rated."""
    protocol = protocol_of(round_)
    found = stored.figures["items"].get(reference, {})
    return {key: _read(protocol.dimension(key), each) for key, each in found.items()}


def released_on(uow: UnitOfWork, round_: Round, item: VersionItem) -> tuple[Comment, ...]:
    """What experts wrote about an item of a closed round, as released, in an order that tells nothing."""
    return _Remarks(uow, round_.id).of(item.id, RemarkKind.COMMENT, RemarkKind.WORDING)


def _read(dimension: Dimension, stored: Mapping[str, Any]) -> Figures:
    """Stored figures as the report's dataclass."""
    moved = stored.get("movement")
    return Figures(
        dimension=dimension,
        eligible=stored["eligible"],
        n=stored.get("n"),
        cannot_judge=stored.get("cannot_judge"),
        unanswered=stored.get("unanswered"),
        withheld=stored["withheld"],
        median=stored.get("median"),
        low=stored.get("low"),
        high=stored.get("high"),
        conf=stored.get("conf"),
        lower_quartile=stored.get("lower_quartile"),
        upper_quartile=stored.get("upper_quartile"),
        iqr=stored.get("iqr"),
        distribution=tuple(stored.get("distribution", ())),
        disagreement_index=stored.get("disagreement_index"),
        judgement=_read_judgement(stored["judgement"]) if stored.get("judgement") else None,
        no_judgement=stored.get("no_judgement", ""),
        sensitivity=tuple(_read_judgement(each) for each in stored.get("sensitivity", ())),
        groups=tuple(
            Band(**{**each, "distribution": tuple(each["distribution"])}) for each in stored.get("groups", ())
        ),
        groups_withheld=stored.get("groups_withheld", ""),
        movement=Movement(**moved) if moved else None,
    )


def _read_judgement(stored: Mapping[str, Any]) -> Judgement:
    return Judgement(**{**stored, "band": tuple(stored["band"]), "low_band": tuple(stored["low_band"])})


class _Remarks:
    """The comments of a round as released, in an order that says nothing about who wrote first."""

    def __init__(self, uow: UnitOfWork, round_id: int) -> None:
        found = uow.session.execute(select(Remark).where(Remark.round_id == round_id)).scalars()
        asked = counting(uow.session, round_id)
        rows = [remark for remark in found if remark.expert_id in asked]
        rows.sort(key=lambda remark: uow.keys.hash("shuffle", f"remark {remark.id}"))
        self.released = [remark for remark in rows if remark.released is not None and remark.withheld_at is None]
        self.withheld = sum(remark.withheld_at is not None for remark in rows)
        self.unread = len(rows) - len(self.released) - self.withheld
        self.removed_words = sum(remark.removed_words for remark in self.released)
        self.answers = answers_of(uow.session, [remark.id for remark in self.released])

    def of(self, item_id: int | None, *kinds: RemarkKind) -> tuple[Comment, ...]:
        """The released comments of these kinds on an item."""
        return tuple(
            Comment(remark.kind, remark.released or "", remark.removed_words, self.answers.get(remark.id))
            for remark in self.released
            if remark.version_item_id == item_id and remark.kind in kinds
        )

    def missing(self, session: Session) -> tuple[tuple[VersionItem, tuple[Comment, ...]], ...]:
        """What experts found missing, by element."""
        ids = {remark.version_item_id for remark in self.released if remark.kind is RemarkKind.MISSING}
        items = session.execute(
            select(VersionItem).where(VersionItem.id.in_(ids)).order_by(VersionItem.position)
        ).scalars()
        return tuple((item, self.of(item.id, RemarkKind.MISSING)) for item in items)
