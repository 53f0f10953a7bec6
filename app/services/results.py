"""The results of a closed round as anyone in the group may read them: no identity, no expert's code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.stopping import Ruling
from app.policy import Actor, Can
from app.services.dispositions import Answer, answers_of, themes_of
from app.services.protocols import WHOLE, Protocol
from app.services.rounds import access_round, counting, deviations_of, protocol_of, rated_items, version_of
from app.services.stopping import ruling_of
from app.services.verdicts import Figures, flow_in, read_figures, stored_result
from app.uow import UnitOfWork
from models.validation import Remark, RemarkKind, Round, RoundResult
from models.versions import VersionItem


@dataclass(frozen=True)
class Comment:
    """A released comment, word for word but for removed identifying words, which are counted; its themes; what the
    group did."""

    kind: RemarkKind
    text: str
    removed_words: int
    answer: Answer | None = None
    themes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemReport:
    """One rated item, as frozen, with its figures by dimension and the released comments on it."""

    item: VersionItem
    figures: tuple[Figures, ...]
    comments: tuple[Comment, ...]


@dataclass(frozen=True)
class Report:
    """A closed round: who was asked (as totals), what they scored, what the rule decided, and what was changed.

    ``flow`` counts the experts by how far they went (`rounds.how_far`); rounds that were closed before it was counted
    have none.
    ``ruling`` is what the stop rule says after it, None where the protocol only has words for that.
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
    ruling: Ruling | None
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
    found = {
        item.reference: tuple(
            read_figures(protocol, each, figures["items"][item.reference][each.key]) for each in protocol.dimensions
        )
        for item in items
    }
    return Report(
        round=round_,
        version_number=version_of(session, round_).number,
        protocol=protocol,
        invited=figures["invited"],
        started=figures["started"],
        sent=figures["sent"],
        by_scope=figures["by_scope"],
        groups=tuple(figures.get("groups", figures["by_scope"])) if protocol.split_by else (),
        flow=flow_in(figures),
        pilots=figures["pilots"],
        items=tuple(
            ItemReport(item, found[item.reference], remarks.of(item.id, RemarkKind.COMMENT, RemarkKind.WORDING))
            for item in items
        ),
        whole=tuple(
            read_figures(protocol, each, figures["whole"][each.key]) for each in WHOLE if each.key in figures["whole"]
        ),
        whole_comments=remarks.of(None, RemarkKind.WHOLE),
        missing_comments=remarks.missing(session),
        withheld_comments=remarks.withheld,
        unread_comments=remarks.unread,
        removed_words=remarks.removed_words,
        deviations=tuple((each.at, each.what, each.reason) for each in deviations_of(session, round_.id)),
        inputs_sha256=stored.inputs_sha256,
        methods=stored.methods,
        only_contested=figures["only_contested"],
        ruling=ruling_of(session, round_, found),
        computed_at=stored.computed_at,
    )


def released_on(uow: UnitOfWork, round_: Round, item: VersionItem) -> tuple[Comment, ...]:
    """What experts wrote about an item of a closed round, as released, in an order that tells nothing."""
    return _Remarks(uow, round_.id).of(item.id, RemarkKind.COMMENT, RemarkKind.WORDING)


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
        ids = [remark.id for remark in self.released]
        self.answers, self.themes = answers_of(uow.session, ids), themes_of(uow.session, ids)

    def of(self, item_id: int | None, *kinds: RemarkKind) -> tuple[Comment, ...]:
        """The released comments of these kinds on an item."""
        return tuple(
            Comment(
                remark.kind,
                remark.released or "",
                remark.removed_words,
                self.answers.get(remark.id),
                tuple(self.themes.get(remark.id, ())),
            )
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
