"""Web and worker under one parent, as ``concordat run`` keeps them: started together, stopped together."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from multiprocessing.process import BaseProcess

import click

from app.config import Settings

START_SECONDS = 60


def _answers(settings: Settings) -> bool:
    try:
        with urllib.request.urlopen(f"{_local(settings)}/healthz", timeout=1) as answer:  # noqa: S310  # our own http
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _local(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _begin(service: Callable[[], object]) -> None:
    """What a child does: serve, apart from the terminal's Ctrl-C; stop when the parent is gone, however it went."""
    os.setsid()
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="parent", daemon=True).start()
    service()


def supervise(settings: Settings, services: list[Callable[[], object]]) -> int:
    """Run the services, each in a process of its own, until one ends or a signal comes; the exit status to leave with.

    They are forked from this process, which has loaded everything already.
    """
    forked = multiprocessing.get_context("fork")
    running: list[BaseProcess] = [forked.Process(target=_begin, args=(service,)) for service in services]
    for each in running:
        each.start()
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    announced, began = False, time.monotonic()
    try:
        while not stopping and all(each.is_alive() for each in running):
            if not announced and _answers(settings):
                _announce(settings)
                announced = True
            if not announced and time.monotonic() - began > START_SECONDS:
                click.echo("concordat: the web server did not answer within a minute", err=True)
                return 1
            time.sleep(0.2 if not announced else 0.5)
    finally:
        for each in running:
            each.terminate()
        for each in running:
            each.join(timeout=10)
            if each.is_alive():
                each.kill()
    return 0 if stopping else 1


def _announce(settings: Settings) -> None:
    click.echo(f"\n  Concordat is at {settings.base_url}")
    if settings.is_demo:
        click.echo(f"  Choose whom to enter as at {settings.base_url}/demo (invented people, no passwords).")
    if settings.leads_nowhere:
        click.echo(f"  Other devices cannot follow its links: set CONCORDAT_BASE_URL=http://ADDRESS:{settings.port}")
    click.echo("  Stop with Ctrl-C.\n")
