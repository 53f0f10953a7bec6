"""``concordat``: the command line. Exit 0 done, 1 refused with a sentence, 2 wrong usage or settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app import logs
from app.config import Settings, SettingsError
from app.errors import DomainError
from app.uow import Database


def settings() -> Settings:
    """The settings, or all their faults on standard error and exit status 2."""
    try:
        return Settings.from_env()
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"concordat: {fault}", err=True)
        sys.exit(2)


@contextmanager
def database() -> Iterator[Database]:
    """The database of the settings, closed at the end; a refusal ends with its sentence and exit status 1."""
    opened = Database(settings())
    try:
        yield opened
    except DomainError as error:
        click.echo(f"concordat: {error.message}", err=True)
        sys.exit(1)
    finally:
        opened.close()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Concordat: where design groups write, decide, freeze and validate a blueprint."""


@main.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    from migrations import upgrade

    upgrade(settings().database_url)


@main.command()
def serve() -> None:
    """Serve the pages and live connections."""
    from app.factory import create_app
    from app.serve import Server

    chosen = settings()
    logs.configure(chosen.log_level)
    Server(create_app(chosen), chosen).run()


@main.command()
def worker() -> None:
    """Send mails and do other work that waits."""
    from app.worker import Worker

    with database() as opened:
        logs.configure(opened.settings.log_level)
        Worker(opened).run()


@main.command()
def run() -> None:
    """Everything for a demonstration: migrate, tell the demo story once, serve, work; stop both together."""
    os.environ.setdefault("CONCORDAT_MODE", "demo")
    from app.supervise import supervise

    sys.exit(supervise(settings()))
