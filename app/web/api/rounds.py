"""Validation rounds: what is asked, how far it is, and the results once it is closed."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal

from app.policy import Actor, Can, allowed, require
from app.services import panel, results, validation
from app.services.results import Comment, Report
from app.services.rounds import Seated, how_far
from app.services.stopping import ruling_words
from app.services.verdicts import Figures, is_open
from app.uow import UnitOfWork
from app.web.api.calls import Shown, bp, calling, documented
from models.validation import RoundState


class RoundItem(Shown):
    """A rated item: `item_id` is what ratings name."""

    item_id: int
    reference: str
    title: str


class Counts(Shown):
    """How many were invited, have started and have sent; to the panel manager while open, to the group once closed."""

    invited: int
    started: int
    sent: int


class Deviation(Shown):
    """A change to a locked protocol, with its reason."""

    at: datetime
    what: str
    reason: str


class Round(Shown):
    """A round: its protocol, its items, and how far it is."""

    id: int
    number: int
    title: str
    state: RoundState
    version_id: int
    version_sha256: str
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    protocol: dict[str, Any]
    items: list[RoundItem]
    deviations: list[Deviation]
    counts: Counts | None


class Judgement(Shown):
    """What one rule says; `sentence` is the count, `why` what the rule made of it."""

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


class GroupFigures(Shown):
    """The scores of one of the groups that the protocol compares, where there are enough of each."""

    name: str
    eligible: int
    n: int | None
    median: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    distribution: tuple[int, ...] | None


class Movement(Shown):
    """What moved since the round before, among those who scored the same words in both."""

    n: int
    up: int
    down: int
    unchanged: float | None
    change: float | None
    stable: bool | None
    effect: float | None
    median_before: float | None


class DimensionFigures(Shown):
    """One dimension of one item. Null is "does not exist", or withheld where `withheld` says why.

    `verdict` is of the one rule that decides; `sensitivity` holds others, which never colour it. `distribution` counts
    each score of the scale upwards.
    """

    dimension: str
    scale: tuple[int, int]
    eligible: int
    n: int | None
    cannot_judge: int | None
    unanswered: int | None
    withheld: str
    median: float | None
    interval: tuple[float, float] | None
    confidence: float | None
    lower_quartile: float | None
    upper_quartile: float | None
    iqr: float | None
    distribution: tuple[int, ...]
    disagreement_index: float | None
    verdict: Judgement | None
    no_verdict: str
    sensitivity: list[Judgement]
    groups: list[GroupFigures]
    groups_withheld: str
    movement: Movement | None


class Answer(Shown):
    """What the group did about a comment, and why; `references` are the items whose words that changed."""

    outcome: str
    why: str
    references: list[str]


class Remark(Shown):
    """A comment as released, the themes it was put under, and the group's answer, null while there is none."""

    kind: str
    text: str
    removed_words: int
    themes: list[str]
    answer: Answer | None


class ItemResult(Shown):
    """One item; `settled` says that rating it again could not help."""

    item_id: int
    reference: str
    title: str
    settled: bool
    figures: list[DimensionFigures]
    comments: list[Remark]


class Missing(Shown):
    """What experts found missing under an element."""

    reference: str
    comments: list[Remark]


class Ruling(Shown):
    """What the stop rule says after the round: whether the rounds end, on what ground, and the counts behind it.

    `ground` is null while they go on; `said` is the same as a sentence.
    """

    ends: bool
    ground: Literal["nothing open", "most rounds", "enough agreed", "all stable"] | None
    rounds: int
    items: int
    agreed: int
    open: int
    stable: int
    said: str


class Results(Shown):
    """A closed round: totals, figures by item and dimension, released comments, what was changed, how it was computed.

    `inputs_sha256` is a fingerprint of what the figures were computed from. `ruling` is null where the protocol has no
    stop rule that can be told.
    """

    round_id: int
    number: int
    version_number: int
    version_sha256: str
    protocol: dict[str, Any]
    counts: Counts
    by_scope: dict[str, int]
    pilots: int
    items: list[ItemResult]
    whole: list[DimensionFigures]
    whole_comments: list[Remark]
    missing: list[Missing]
    withheld_comments: int
    unread_comments: int
    removed_words: int
    deviations: list[Deviation]
    ruling: Ruling | None
    methods: dict[str, str]
    inputs_sha256: str
    computed_on: date


@bp.get("/rounds/<int:round_id>")
@documented(Round, tag="rounds")
def read_round(round_id: int) -> Round:
    """A round: what is asked, on which version, by which rule, and how far it is. Scores are in its results."""
    with calling() as (uow, actor):
        seen = validation.read_round(uow, actor, round_id=round_id)
        counts = _counts(uow, actor, seen)
    made = seen.round
    return Round(
        id=made.id,
        number=made.number,
        title=made.title,
        state=made.state,
        version_id=made.version_id,
        version_sha256=made.version_sha256,
        opened_at=made.opened_at,
        closes_at=made.closes_at,
        closed_at=made.closed_at,
        protocol=seen.protocol.to_json(),
        items=[RoundItem(item_id=each.item_id, reference=each.reference, title=each.title) for each in seen.items],
        deviations=[Deviation.model_validate(each) for each in seen.deviations],
        counts=counts,
    )


@bp.get("/rounds/<int:round_id>/results")
@documented(Results, tag="rounds")
def read_results(round_id: int) -> Results:
    """The results of a closed round. Before it closes there are none, for anyone (404)."""
    with calling() as (uow, actor):
        report = results.report(uow, actor, round_id=round_id)
    return shown(report)


def _counts(uow: UnitOfWork, actor: Actor, seen: validation.Overview) -> Counts | None:
    if seen.round.state is RoundState.CLOSED:
        report = results.report(uow, actor, round_id=seen.round.id)
        return Counts(invited=report.invited, started=report.started, sent=report.sent)
    role = require(uow.session, actor, seen.round.group_id, Can.ROUND_READ).role
    if seen.round.state is RoundState.DRAFT or not allowed(role, Can.ROUND_MANAGE):
        return None
    members = panel.list_members(uow, actor, group_id=seen.round.group_id, round_id=seen.round.id)
    going = how_far(Seated(each.seat, each.expert) for each in members if each.seat is not None)
    return Counts(invited=going["invited"], started=going["started"], sent=going["sent"])


def shown(report: Report) -> Results:
    """The report as programs read it; times only to the day."""
    return Results(
        round_id=report.round.id,
        number=report.round.number,
        version_number=report.version_number,
        version_sha256=report.round.version_sha256,
        protocol=report.protocol.to_json(),
        counts=Counts(invited=report.invited, started=report.started, sent=report.sent),
        by_scope=report.by_scope,
        pilots=report.pilots,
        items=[
            ItemResult(
                item_id=each.item.item_id,
                reference=each.item.reference,
                title=each.item.title,
                settled=not is_open(each.figures),
                figures=[_figures(one) for one in each.figures],
                comments=_remarks(each.comments),
            )
            for each in report.items
        ],
        whole=[_figures(each) for each in report.whole],
        whole_comments=_remarks(report.whole_comments),
        missing=[
            Missing(reference=item.reference, comments=_remarks(comments)) for item, comments in report.missing_comments
        ],
        withheld_comments=report.withheld_comments,
        unread_comments=report.unread_comments,
        removed_words=report.removed_words,
        deviations=[Deviation(at=at, what=what, reason=reason) for at, what, reason in report.deviations],
        ruling=_ruling(report),
        methods=report.methods,
        inputs_sha256=report.inputs_sha256,
        computed_on=report.computed_at.date(),
    )


def _ruling(report: Report) -> Ruling | None:
    if report.ruling is None:
        return None
    said = ruling_words(report.protocol.stop, report.ruling)
    return Ruling(ends=report.ruling.ends, said=said, **asdict(report.ruling))


def _remarks(comments: tuple[Comment, ...]) -> list[Remark]:
    return [
        Remark(
            kind=each.kind.value,
            text=each.text,
            removed_words=each.removed_words,
            themes=list(each.themes),
            answer=None
            if each.answer is None
            else Answer(
                outcome=each.answer.outcome.value,
                why=each.answer.why,
                references=[reference for _id, reference in each.answer.items],
            ),
        )
        for each in comments
    ]


def _figures(each: Figures) -> DimensionFigures:
    ends = None if each.low is None or each.high is None else (each.low, each.high)
    return DimensionFigures(
        dimension=each.dimension.key,
        scale=(each.dimension.lowest, each.dimension.highest),
        eligible=each.eligible,
        n=each.n,
        cannot_judge=each.cannot_judge,
        unanswered=each.unanswered,
        withheld=each.withheld,
        median=each.median,
        interval=ends,
        confidence=each.conf,
        lower_quartile=each.lower_quartile,
        upper_quartile=each.upper_quartile,
        iqr=each.iqr,
        distribution=each.distribution,
        disagreement_index=each.disagreement_index,
        verdict=Judgement.model_validate(each.judgement) if each.judgement else None,
        no_verdict=each.no_judgement,
        sensitivity=[Judgement.model_validate(one) for one in each.sensitivity],
        groups=[GroupFigures.model_validate(one) for one in each.groups],
        groups_withheld=each.groups_withheld,
        movement=Movement.model_validate(each.movement) if each.movement else None,
    )
