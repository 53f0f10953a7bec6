"""How the work for a text grows with its length, asked by comparing two lengths: machines differ, ratios do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def again(piece: str) -> Callable[[int], str]:
    """Texts of so many characters, made of a piece again and again."""
    return lambda length: piece * (length // len(piece))


def growth(act: Callable[[T], object], made: Callable[[int], T], *, shorter: int, times: int = 4) -> float:
    """How many times longer it takes to act on what is made for ``times`` the length of the ``shorter``.

    About ``times`` where the work grows with the length, about its square where it grows by squares. Counted is the
    processor time of the best of three.
    """
    return _seconds(act, made(shorter * times)) / _seconds(act, made(shorter))


def _seconds(act: Callable[[T], object], made: T) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        act(made)
        taken.append(time.process_time() - began)
    return min(taken)
