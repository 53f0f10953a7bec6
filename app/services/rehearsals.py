"""What a round's report would look like: figures of invented answers, made from a seed, which are stored nowhere."""

from __future__ import annotations

import random
from collections.abc import Sequence

from app.policy import Actor, Can
from app.services.protocols import WHOLE, Dimension
from app.services.results import Report, report_of
from app.services.round_figures import AllAnswers, figures_of, methods_of
from app.services.rounds import access_round, experts_of, must_be, protocol_of, rated_items
from app.uow import UnitOfWork
from models.validation import Expert, Round, RoundResult, RoundState, Scope

#: Of a hundred invited experts so many never begin; of a hundred questions so many are not judged, or not answered.
STAY_AWAY, CANNOT_JUDGE, SKIP = 0.1, 0.04, 0.03
INVENTED = 9


def rehearse(uow: UnitOfWork, actor: Actor, *, round_id: int, seed: int = 1) -> Report:
    """The report of a round in preparation, had its panel given invented answers; the same seed gives the same ones.

    The panel is the one that would be invited; while there is none, nine invented experts. Raises Conflict once the
    round is open: from then on there are real answers.
    """
    round_ = access_round(uow.session, actor, round_id, Can.ROUND_MANAGE)
    must_be(round_, RoundState.DRAFT)
    experts = [each for each in experts_of(uow.session, round_.panel_id) if not each.is_pilot] or _invented()
    draw = random.Random(f"{round_.id} {seed}")  # noqa: S311  invented answers, no secret
    answers = _answers(uow, round_, experts, draw)
    came = {code for given in answers.values() for code in given}
    figures = {
        "invited": len(experts),
        "started": len(came),
        "sent": len(came),
        "pilots": 0,
        "flow": {
            "invited": len(experts),
            "started": len(came),
            "sent": len(came),
            "in_place": 0,
            "withdrew": 0,
            "withdrew_kept": 0,
            "taken_off": 0,
        },
        **figures_of(uow.session, round_, experts, answers),
    }
    protocol = protocol_of(round_)
    made = RoundResult(
        round_id=round_.id, figures=figures, inputs_sha256="", methods=methods_of(protocol), computed_at=uow.now
    )
    return report_of(uow, round_, made)


def _answers(uow: UnitOfWork, round_: Round, experts: Sequence[Expert], draw: random.Random) -> AllAnswers:
    protocol = protocol_of(round_)
    here = [each for each in experts if draw.random() >= STAY_AWAY]
    asked: list[tuple[int | None, Dimension]] = [
        (item.id, dimension) for item in rated_items(uow.session, round_.id) for dimension in protocol.dimensions
    ]
    asked += [(None, dimension) for dimension in WHOLE if protocol.ask_whole]
    return {(item_id, dimension.key): _scores(dimension, here, draw) for item_id, dimension in asked}


def _scores(dimension: Dimension, experts: Sequence[Expert], draw: random.Random) -> dict[str, int | None]:
    """Scores around a centre of the item, most of them in the upper half, now and then from two camps."""
    lowest, highest = dimension.lowest, dimension.highest
    width = highest - lowest
    centre = lowest + width * draw.triangular(0.2, 1.0, 0.8)
    camps = draw.random() < 0.15
    given: dict[str, int | None] = {}
    for expert in experts:
        luck = draw.random()
        own = lowest + width * 0.15 if camps and draw.random() < 0.4 else centre
        score = min(highest, max(lowest, round(draw.gauss(own, width / 8))))
        if dimension.asks(expert.expertise) and luck >= SKIP:
            given[expert.code] = None if luck < SKIP + CANNOT_JUDGE else score
    return given


def _invented() -> list[Expert]:
    """Experts who are in no table: five of this country, four from abroad."""
    return [
        Expert(
            code=f"INVENTED{number}", scope=Scope.NATIONAL if number <= 5 else Scope.INTERNATIONAL, country="",
            organisation_type="", expertise=[], is_pilot=False,
        )
        for number in range(1, INVENTED + 1)
    ]  # fmt: skip
