"""What the rule that decides found: the stored figures of an item, and how the item stands by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sqlalchemy.orm import Session

from app.errors import NotFound
from app.services.protocols import Dimension, Protocol
from app.services.rounds import protocol_of, rated_items
from models.validation import Round, RoundResult, RoundState
from models.versions import VersionItem

#: Outcomes that settle a question; with all others it is asked again in the next round.
SETTLED = frozenset({"agreed", "rejected", "uncertain"})
#: Outcomes that call for work on the words.
WORK = frozenset({"not agreed", "uncertain", "disagreement", "rejected"})
Stand: TypeAlias = Literal["work", "agreed", "open"]


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
    """What moved since the words were last rated, among the ``n`` experts who scored the same words in both.

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
    says why. ``decidable``: the rule could decide on this scale with so many asked.
    """

    dimension: Dimension
    decidable: bool
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
    def outcome(self) -> str:
        """What the rule that decides found; "" where it found nothing or nothing may be shown."""
        return self.judgement.outcome if self.judgement else ""

    @property
    def is_settled(self) -> bool:
        """Whether rating again could not help: agreement was found, or the rule cannot decide with those asked."""
        return not self.decidable or self.outcome in SETTLED


def stand_of(figures: Sequence[Figures]) -> Stand:
    """How an item stands: ``work`` when some question needs it, ``agreed`` when all that could have a verdict are, else
    ``open``.

    Questions on which the rule could never decide with the experts asked (another scale, two lawyers) do not count.
    """
    outcomes = {each.outcome for each in figures if each.decidable}
    if WORK & outcomes:
        return "work"
    return "agreed" if outcomes == {"agreed"} else "open"


def is_open(figures: Sequence[Figures]) -> bool:
    """Whether some question of an item is left without agreement."""
    return not all(each.is_settled for each in figures)


def flow_in(figures: Mapping[str, Any]) -> dict[str, int]:
    """How far the experts of a closed round came, as `rounds.how_far` counts; empty where it was not counted.

    Rounds that were closed earlier count those who do not count in the first three steps too, and say beside what
    remains without them.
    """
    flow = figures.get("flow", {})
    return {**flow, **{step: figures[step] for step in ("invited", "started", "sent")}} if flow else {}


def stored_result(session: Session, round_: Round) -> RoundResult:
    """The stored figures of a closed round. Raises NotFound otherwise."""
    found = session.get(RoundResult, round_.id) if round_.state is RoundState.CLOSED else None
    if found is None:
        raise NotFound("There are no results before the round is closed.")
    return found


def figures_of(round_: Round, stored: RoundResult, reference: str) -> dict[str, Figures]:
    """The figures of one item of a closed round by dimension; empty for an item that was not rated."""
    protocol = protocol_of(round_)
    found = stored.figures["items"].get(reference, {})
    return {key: read_figures(protocol, protocol.dimension(key), each) for key, each in found.items()}


def contested(session: Session, round_: Round) -> list[VersionItem]:
    """The items of a closed round on which the rule that decides found no agreement in some dimension."""
    stored = stored_result(session, round_)
    return [
        item
        for item in rated_items(session, round_.id)
        if is_open(list(figures_of(round_, stored, item.reference).values()))
    ]


def read_figures(protocol: Protocol, dimension: Dimension, stored: Mapping[str, Any]) -> Figures:
    """Figures as they are stored with a closed round."""
    moved = stored.get("movement")
    return Figures(
        dimension=dimension,
        decidable=protocol.decides(dimension) and protocol.least_of(stored["eligible"]) <= stored["eligible"],
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
