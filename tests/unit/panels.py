"""Random panels for comparing our statistics with other people's code."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

Table = list[list[float | None]]


@dataclass(frozen=True)
class Panel:
    """Experts (rows) by items, on 1 to `hi`, some of it missing; `whole` has no gaps and is never constant."""

    number: int
    hi: int
    scores: Table
    whole: list[list[int]]

    @property
    def categories(self) -> list[int]:
        return list(range(1, self.hi + 1))


def panels(count: int) -> Iterator[Panel]:
    """`count` panels, the same at every call: 2 to 14 experts, 2 to 12 items, spread from unanimous to random."""
    for number in range(count):
        draw = random.Random(number)
        hi = draw.choice((3, 4, 5, 7, 9))
        experts, items = draw.randint(2, 14), draw.randint(2, 12)
        spread = draw.choice((0.3, 1.0, 3.0))
        centres = [draw.uniform(1, hi) for _ in range(items)]
        whole = [[min(hi, max(1, round(draw.gauss(centre, spread)))) for centre in centres] for _ in range(experts)]
        whole[0][0], whole[1][0] = 1, 2
        whole[0][1], whole[1][1] = 3, 1
        gaps = draw.choice((0.0, 0.1, 0.4))
        scores: Table = [[None if draw.random() < gaps else float(score) for score in row] for row in whole]
        yield Panel(number, hi, scores, whole)
