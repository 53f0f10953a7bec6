"""Counting how often somebody knocks costs no thread for each request, and what is over is let go."""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter

from app.web.limits import MemoryByTheMinute


def test_counting_starts_no_thread_for_each_request() -> None:
    storage = MemoryByTheMinute()
    counted = MovingWindowRateLimiter(storage)
    assert counted.hit(RateLimitItemPerMinute(1000), "first")
    first = storage.timer
    first.join(5)
    assert not first.is_alive()
    for _ in range(50):
        assert counted.hit(RateLimitItemPerMinute(1000), "somebody")
    assert storage.timer is first


def test_a_request_too_many_is_one_whether_or_not_the_past_was_let_go() -> None:
    storage = MemoryByTheMinute()
    counted = MovingWindowRateLimiter(storage)
    limit = RateLimitItemPerSecond(3)
    assert [counted.hit(limit, "somebody") for _ in range(4)] == [True, True, True, False]
    assert counted.hit(limit, "somebody else")
    started = time.time()
    while not counted.hit(limit, "somebody"):
        assert time.time() < started + 10
        time.sleep(0.05)
    assert time.time() - started > 0.5


def test_what_is_over_is_let_go_when_its_minute_has_come() -> None:
    storage = MemoryByTheMinute()
    storage.SECONDS = 0.0
    counted = MovingWindowRateLimiter(storage)
    limit = RateLimitItemPerSecond(3)
    counted.hit(limit, "somebody")
    time.sleep(1.1)
    counted.hit(limit, "somebody else")
    storage.timer.join(5)
    assert [len(storage.events[limit.key_for(who)]) for who in ("somebody", "somebody else")] == [0, 1]
