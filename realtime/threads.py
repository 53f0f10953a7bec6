"""Threads that must not end: what goes wrong in one round is logged, and the next round goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable

log = logging.getLogger("concordat.live")


def keep_on(act: Callable[[], object], what: str) -> bool:
    """Do one round of a thread; whether it went well. A fault is a bug: logged whole, it ends only this round."""
    try:
        act()
    except Exception:
        log.exception("%s failed", what)
        return False
    return True
