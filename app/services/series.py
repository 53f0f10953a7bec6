"""The closed rounds of a panel side by side: what each item came to in each of them, and who stayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.policy import Actor, Can, require
from app.services.protocols import Dimension
from app.services.rounds import protocol_of, rated_items
from app.services.verdicts import Figures, figures_of, flow_in, stored_result
from app.uow import UnitOfWork
from models.validation import Round, RoundState
from models.versions import VersionItem


@dataclass(frozen=True)
class Step:
    """One item in one round; ``figures`` None where it was not rated, ``is_reworded`` where it read otherwise."""

    figures: Figures | None
    is_reworded: bool = False


@dataclass(frozen=True)
class Line:
    """One item in one dimension through the rounds, under the words it had last."""

    reference: str
    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Stayed:
    """Earlier scores of those who took part again beside those who did not: how many, and the median of their scores.

    ``withheld`` says why neither is shown.
    """

    dimension: str
    stayed: int | None
    left: int | None
    stayed_median: float | None
    left_median: float | None
    effect: float | None
    withheld: str


@dataclass(frozen=True)
class Series:
    """All closed rounds, oldest first, with how far their experts came, and the items of each dimension."""

    rounds: tuple[Round, ...]
    flows: tuple[dict[str, int], ...]
    lines: tuple[tuple[Dimension, tuple[Line, ...]], ...]
    stayed: tuple[tuple[Round, tuple[Stayed, ...]], ...]


def read_series(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Series:
    """The closed rounds of the group's panel. Raises NotFound, Forbidden."""
    require(uow.session, actor, group_id, Can.RESULTS_READ)
    query = select(Round).where(Round.group_id == group_id, Round.state == RoundState.CLOSED).order_by(Round.number)
    rounds = tuple(uow.session.execute(query).scalars())
    stored = {each.id: stored_result(uow.session, each) for each in rounds}
    rated = {each.id: {item.reference: item for item in rated_items(uow.session, each.id)} for each in rounds}
    latest: dict[str, VersionItem] = {reference: item for each in rounds for reference, item in rated[each.id].items()}
    asked: dict[str, Dimension] = {each.key: each for round_ in rounds for each in protocol_of(round_).dimensions}
    figures = {
        (round_.id, reference): figures_of(round_, stored[round_.id], reference)
        for round_ in rounds
        for reference in rated[round_.id]
    }

    def line(item: VersionItem, key: str) -> Line:
        steps, words = [], ""
        for round_ in rounds:
            here = rated[round_.id].get(item.reference)
            found = figures.get((round_.id, item.reference), {}).get(key)
            steps.append(Step(found, bool(words) and here is not None and here.words_sha256 != words))
            words = here.words_sha256 if here is not None else words
        return Line(item.reference, item.title, tuple(steps))

    items = sorted(latest.values(), key=lambda item: item.position)
    return Series(
        rounds=rounds,
        flows=tuple(flow_in(stored[each.id].figures) for each in rounds),
        lines=tuple((dimension, tuple(line(item, key) for item in items)) for key, dimension in asked.items()),
        stayed=tuple(
            (each, _stayed(stored[each.id].figures)) for each in rounds if "stayed" in stored[each.id].figures
        ),
    )


def _stayed(figures: dict[str, Any]) -> tuple[Stayed, ...]:
    return tuple(Stayed(**each) for each in figures["stayed"])
