"""Web and worker under one parent, as ``concordat run`` keeps them: started together, stopped together."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

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


def supervise(settings: Settings) -> int:
    """Run both processes until one ends or a signal comes; the exit status to leave with."""
    command = [sys.executable, "-m", "app"]
    running = [subprocess.Popen([*command, name], start_new_session=True) for name in ("serve", "worker")]  # noqa: S603  # us
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    announced, began = False, time.monotonic()
    try:
        while not stopping and all(each.poll() is None for each in running):
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
            try:
                each.wait(timeout=10)
            except subprocess.TimeoutExpired:
                each.kill()
    return 0 if stopping else 1


def _announce(settings: Settings) -> None:
    click.echo(f"\n  Concordat is at {settings.base_url}")
    if settings.is_demo:
        click.echo(f"  Choose whom to enter as at {settings.base_url}/demo (invented people, no passwords).")
    click.echo("  Stop with Ctrl-C.\n")
