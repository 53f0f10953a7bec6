"""When the rounds of a panel end: a stop rule fixed before the first, and what it says after each.

The three grounds are those that reports of Delphi studies give beside a fixed number of rounds: enough agreement,
stable answers, nothing left to ask (Diamond et al. 2014, doi:10.1016/j.jclinepi.2013.12.002; von der Gracht 2012,
doi:10.1016/j.techfore.2012.04.013). Stability is Scheibe's: a net change of under 15 % between two rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Ground: TypeAlias = Literal["nothing open", "most rounds", "enough agreed", "all stable"]


@dataclass(frozen=True)
class StopRule:
    """End after ``most_rounds`` in any case, and earlier as soon as nothing is left without agreement.

    ``enough`` (per cent of the items, None for no such limit) ends them with that share agreed; ``when_stable`` when
    every question still open was scored in two rounds and no longer moves.
    """

    most_rounds: int
    enough: int | None = None
    when_stable: bool = False


@dataclass(frozen=True)
class Standing:
    """How an item stands after the round it was last rated in.

    ``stable`` holds for each question of it that is still open whether the answers have stopped moving, None where
    that is not known.
    """

    agreed: bool
    open: bool
    stable: tuple[bool | None, ...] = ()


@dataclass(frozen=True)
class Ruling:
    """What the stop rule says after a round: why the rounds end (``ground`` None: they go on), and the counts behind.

    ``stable`` counts the open items of which no question moves any more.
    """

    ground: Ground | None
    rounds: int
    items: int
    agreed: int
    open: int
    stable: int

    @property
    def ends(self) -> bool:
        """Whether the rounds end here."""
        return self.ground is not None


def decide(rule: StopRule, rounds: int, items: Sequence[Standing]) -> Ruling:
    """What ``rule`` says after so many rounds, with how each item stands now.

    Where several grounds hold, the one named is the first of: nothing open, enough agreed, all stable, most rounds.
    """
    agreed = sum(each.agreed for each in items)
    still = [each for each in items if each.open]
    stable = sum(bool(each.stable) and all(each.stable) for each in still)
    ground: Ground | None = None
    if not still:
        ground = "nothing open"
    elif rule.enough is not None and 100 * agreed >= rule.enough * len(items):
        ground = "enough agreed"
    elif rule.when_stable and stable == len(still):
        ground = "all stable"
    elif rounds >= rule.most_rounds:
        ground = "most rounds"
    return Ruling(ground, rounds, len(items), agreed, len(still), stable)
