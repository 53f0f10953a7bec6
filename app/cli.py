"""``concordat``: the command line. Exit 0 done, 1 refused with a sentence, 2 wrong usage or settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from app import logs
from app.config import Settings, SettingsError
from app.errors import DomainError, Forbidden
from app.uow import Database


def settings() -> Settings:
    """The settings, or all their faults on standard error and exit status 2."""
    try:
        return Settings.from_env()
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"concordat: {fault}", err=True)
        sys.exit(2)


def unusable(sentence: str) -> NoReturn:
    """Say in one line why nothing can run, and leave with exit status 2."""
    click.echo(f"concordat: {sentence}", err=True)
    sys.exit(2)


def migrated(chosen: Settings) -> None:
    """Bring the database to this version's tables, or leave with one line."""
    from sqlalchemy.exc import OperationalError

    from migrations import upgrade

    try:
        upgrade(chosen.database_url)
    except OperationalError:
        unusable("the database cannot be reached; check DATABASE_URL")


def ready(opened: Database) -> None:
    """Leave with one line unless the database answers and has this version's tables."""
    from migrations import current, head

    if not opened.answers():
        unusable("the database cannot be reached; check DATABASE_URL")
    if current(opened.settings.database_url) != head():
        unusable("the database has the tables of another version; run: concordat migrate")


@contextmanager
def database() -> Iterator[Database]:
    """The database of the settings, closed at the end; a refusal ends with its sentence and exit status 1."""
    opened = Database(settings())
    try:
        if not opened.answers():
            unusable("the database cannot be reached; check DATABASE_URL")
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
    migrated(settings())


def serve_pages() -> None:
    """Serve the pages and live connections until told to stop."""
    chosen = settings()
    with database() as opened:
        ready(opened)

    from app.factory import create_app
    from app.serve import Server, port_is_free

    if not port_is_free(chosen):
        unusable(f"port {chosen.port} on {chosen.host} is taken; set PORT to another")
    logs.configure(chosen.log_level)
    Server(create_app(chosen), chosen).run()


def do_work() -> None:
    """Send mails and do other work that waits, until told to stop."""
    from app.worker import Worker

    with database() as opened:
        ready(opened)
        logs.configure(opened.settings.log_level)
        Worker(opened).run()


main.command("serve", help="Serve the pages and live connections.")(serve_pages)
main.command("worker", help="Send mails and do other work that waits.")(do_work)


@main.group()
def user() -> None:
    """Accounts."""


@user.command("create")
@click.argument("email")
@click.option("--name", required=True, help="The person's name, as others see it.")
@click.option("--admin", is_flag=True, help="Let this person administer the server.")
def create_user(email: str, name: str, admin: bool) -> None:
    """Create an account; print a one-time link with which its owner sets a password."""
    from app.policy import SYSTEM
    from app.services import accounts, administration

    with database() as opened, opened.writing() as uow:
        person = accounts.create_person(uow, SYSTEM, email=email, name=name, administrator=admin)
        link = administration.welcome(uow, SYSTEM, person)
    click.echo(link)


@main.group()
def group() -> None:
    """Design groups."""


@group.command("create")
@click.argument("slug")
@click.option("--name", required=True, help="The group's name.")
@click.option("--facilitator", required=True, metavar="EMAIL", help="Its first facilitator; gets a mail if new here.")
def create_group(slug: str, name: str, facilitator: str) -> None:
    """Open a group from the template with its first facilitator."""
    from app.policy import SYSTEM
    from app.services import administration

    with database() as opened, opened.writing() as uow:
        made = administration.open_group(uow, SYSTEM, slug=slug, name=name, facilitator=facilitator)
    click.echo(f"{opened.settings.base_url}/g/{made.slug}/")


@main.command()
@click.argument("email")
@click.option("--label", default="", help="What the token is for.")
def token(email: str, label: str) -> None:
    """Print a personal access token once, on the last line."""
    from app.errors import NotFound
    from app.services import access_tokens, accounts

    with database() as opened, opened.writing() as uow:
        person = accounts.find_person(uow.session, email)
        if person is None:
            raise NotFound(f"There is no account for {email}.")
        made = access_tokens.issue_token(uow, person_id=person.id, label=label)
    click.echo(made)


@main.command()
@click.option("--reset", is_flag=True, help="Delete everything in the database first.")
def demo(reset: bool) -> None:
    """Load the demonstration's people and story into an empty database."""
    from app.services import story

    with database() as opened:
        if not opened.settings.is_demo:
            raise Forbidden("The demonstration can only be loaded where CONCORDAT_MODE is demo.")
        if reset:
            from migrations import downgrade, upgrade

            opened.close()
            downgrade(opened.settings.database_url, "base")
            upgrade(opened.settings.database_url)
        told = story.tell_once(opened)
    click.echo("The demonstration is loaded." if told else "There is content already; use --reset to begin anew.")


@main.command()
@click.argument("slug", metavar="GROUP")
@click.option("--version", "number", type=click.IntRange(1, 1_000_000), help="A version's number; else the draft.")
@click.option(
    "--format", "form", type=click.Choice(["md", "docx", "pdf", "json", "csv"]), default="md", show_default=True
)
@click.option("--evidence/--no-evidence", default=True, show_default=True, help="What the items rest on.")
@click.option("--decisions", is_flag=True, help="Also the decisions on them.")
@click.option("--suggestions", is_flag=True, help="Also the suggestions that wait.")
@click.option("--comments", is_flag=True, help="Also the open comments.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; else standard output.")
def export(slug: str, number: int | None, form: str, output: Path | None, **along: bool) -> None:
    """Write a group's blueprint: the draft, or a version (as JSON: the form whose fingerprint anyone can check)."""
    from app.policy import SYSTEM, Can
    from app.services import exports, groups
    from app.services.companions import Including

    wanted = Including(**along)
    with database() as opened, opened.reading() as uow:
        found, _standing = groups.access_group(uow.session, SYSTEM, slug, Can.GROUP_READ)
        if number is None:
            made = exports.export_draft(uow, SYSTEM, group_id=found.id, form=form, including=wanted)
        else:
            made = exports.export_version(uow, SYSTEM, group_id=found.id, number=number, form=form, including=wanted)
    if output is None:
        sys.stdout.buffer.write(made.body)
        return
    try:
        output.write_bytes(made.body)
    except OSError as error:
        click.echo(f"concordat: {output} cannot be written: {error.strerror}", err=True)
        sys.exit(1)


@main.command("import")
@click.argument("slug", metavar="GROUP")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(slug: str, file: Path) -> None:
    """Fill the empty blueprint of GROUP from FILE, the JSON of a draft or version of any server."""
    from app.policy import SYSTEM, Can
    from app.services import groups, imports

    with database() as opened, opened.writing() as uow:
        found, _standing = groups.access_group(uow.session, SYSTEM, slug, Can.GROUP_EDIT)
        made = imports.take_over(uow, SYSTEM, group_id=found.id, data=file.read_bytes())
    click.echo(f"{made.items} items and {made.findings} findings of {made.origin}")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
def verify(file: str) -> None:
    """Check published cases of a JSON file against our calculation; exit 1 unless all passed."""
    from app.calc import cases

    try:
        outcomes = cases.verify(cases.read(Path(file).read_text(encoding="utf-8")))
    except ValueError as error:
        click.echo(f"concordat: {file}: {error}", err=True)
        sys.exit(2)
    click.echo("\n".join(cases.lines(outcomes)))
    sys.exit(0 if cases.all_passed(outcomes) else 1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-keys", type=click.Path(path_type=Path), help="Also write the server's secret to this file.")
def backup(file: Path, with_keys: Path | None) -> None:
    """Write everything into FILE; safe while people work."""
    from app.services import backups
    from migrations import current

    with database() as opened:
        counts = backups.write_backup(opened, file, revision=current(opened.settings.database_url) or "")
        if with_keys is not None:
            backups.write_keys(opened, with_keys)
    click.echo(f"{sum(counts.values())} rows in {file}")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--with-keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The secret written with the backup; in production set CONCORDAT_SECRET to it instead.",
)
def restore(file: Path, with_keys: Path | None) -> None:
    """Fill an empty data folder or database from FILE."""
    from app.services import backups
    from migrations import upgrade

    if with_keys is not None:
        secret_from(with_keys)
    with database() as opened:
        upgrade(opened.settings.database_url, backups.read_manifest(file)["revision"] or "head")
        counts = backups.restore(opened, file)
        upgrade(opened.settings.database_url)
    click.echo(f"{sum(counts.values())} rows restored")


def secret_from(keys: Path) -> None:
    """Have a demo server's new data folder use the secret of a backup; refuse to replace another one."""
    chosen = Path(os.environ.get("CONCORDAT_DATA", "var"))
    chosen.mkdir(parents=True, exist_ok=True)
    kept = chosen / "secret"
    if kept.exists():
        unusable(f"{kept} exists already; restore into an empty data folder")
    kept.touch(mode=0o600)
    kept.write_text(keys.read_text().strip())


@main.command()
def run() -> None:
    """Everything for a demonstration: migrate, tell the demo story once, serve, work; stop both together."""
    os.environ.setdefault("CONCORDAT_MODE", "demo")
    from app import factory, worker  # noqa: F401  # loaded once, for both processes that are forked
    from app.serve import port_is_free
    from app.supervise import supervise

    chosen = settings()
    if not port_is_free(chosen):
        unusable(f"port {chosen.port} on {chosen.host} is taken; set PORT to another")
    migrated(chosen)
    if chosen.is_demo:
        from app.services import story

        with database() as opened:
            story.tell_once(opened)
    sys.exit(supervise(chosen, [serve_pages, do_work]))
