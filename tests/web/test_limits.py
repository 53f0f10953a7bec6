"""Counting how often somebody knocks costs no thread for each request, and what is over is let go."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from app.web.limits import MemoryByTheMinute

LIMIT = RateLimitItemPerMinute(3)


def make_old(storage: MemoryByTheMinute, limit: RateLimitItem, who: str) -> None:
    """As if a minute and a second had passed since."""
    for entry in storage.events[limit.key_for(who)]:
        entry.atime -= 61
        entry.expiry -= 61


def test_counting_starts_no_thread_for_each_request() -> None:
    storage = MemoryByTheMinute()
    counted = MovingWindowRateLimiter(storage)
    assert counted.hit(LIMIT, "first")
    first = storage.timer
    first.join(5)
    assert not first.is_alive()
    for number in range(50):
        assert counted.hit(LIMIT, f"person {number}")
    assert storage.timer is first


def test_a_request_too_many_is_one_whether_or_not_the_past_was_let_go() -> None:
    storage = MemoryByTheMinute()
    counted = MovingWindowRateLimiter(storage)
    assert [counted.hit(LIMIT, "somebody") for _ in range(4)] == [True, True, True, False]
    assert counted.hit(LIMIT, "somebody else")
    make_old(storage, LIMIT, "somebody")
    assert [counted.hit(LIMIT, "somebody") for _ in range(4)] == [True, True, True, False]


def test_what_is_over_is_let_go_when_its_minute_has_come() -> None:
    storage = MemoryByTheMinute()
    counted = MovingWindowRateLimiter(storage)
    assert counted.hit(LIMIT, "somebody")
    storage.timer.join(5)
    make_old(storage, LIMIT, "somebody")
    storage.next_time = 0.0
    assert counted.hit(LIMIT, "somebody else")
    storage.timer.join(5)
    assert [len(storage.events[LIMIT.key_for(who)]) for who in ("somebody", "somebody else")] == [0, 1]
