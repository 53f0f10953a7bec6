"""How often one connection may do what: a bucket of tokens for each kind of message, refilled steadily."""

from __future__ import annotations

import time


class Bucket:
    """At most ``burst`` at once and ``rate`` a second in the long run."""

    __slots__ = ("burst", "level", "rate", "seen")

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self.level = burst
        self.seen = time.monotonic()

    def take(self) -> bool:
        """Take one token; False when there is none."""
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.seen) * self.rate)
        self.seen = now
        if self.level < 1:
            return False
        self.level -= 1
        return True


#: By event: tokens a second, tokens at once. Nobody who types comes near; scripts in a tight loop do.
RATES = {
    "text:push": (300, 900),
    "text:pull": (50, 300),
    "text:join": (20, 200),
    "text:leave": (20, 200),
    "text:presence": (30, 60),
    "hint:watch": (10, 50),
}
#: All messages together, whatever they are.
TOTAL = (500, 2_000)
