"""How often one connection, and one person on all of theirs, may do what: buckets of tokens, refilled steadily."""

from __future__ import annotations

import threading
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
        if self.filled() < 1:
            return False
        self.level -= 1
        return True

    def owe(self) -> float:
        """Take one token, also one that is yet to come; in how many seconds it will be there."""
        self.level = self.filled() - 1
        return max(0.0, -self.level / self.rate)

    def filled(self) -> float:
        """How many tokens there are now."""
        now = time.monotonic()
        self.level = min(self.burst, self.level + (now - self.seen) * self.rate)
        self.seen = now
        return self.level


#: By event: tokens a second, tokens at once. Nobody who types comes near; scripts in a tight loop do.
RATES = {
    "text:push": (300, 900),
    "text:pull": (50, 300),
    "text:join": (20, 200),
    "text:leave": (20, 200),
    "text:presence": (30, 60),
    "hint:watch": (10, 50),
}
#: The same for a person on all their connections, for what asks the database and stores nothing: a flood from many
#: pages waits for its turn, and is no trouble to those who write. No page that opens again after a break comes near.
OF_A_PERSON = {"text:pull": (60, 300), "text:join": (60, 300), "hint:watch": (30, 150)}
#: All messages together, whatever they are.
TOTAL = (500, 2_000)


class Turns:
    """The turns of one person, whose connections have a thread each."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.buckets = {name: Bucket(*rate) for name, rate in OF_A_PERSON.items()}

    def wait(self, event: str) -> float:
        """How many seconds a message of the person has to wait for its turn, which is taken with this."""
        bucket = self.buckets.get(event)
        if bucket is None:
            return 0.0
        with self.lock:
            return bucket.owe()

    @property
    def rested(self) -> bool:
        """Whether nothing is left of what the person did."""
        with self.lock:
            return all(bucket.filled() >= bucket.burst for bucket in self.buckets.values())
