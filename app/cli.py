"""``concordat``: the command line. Exit 0 done, 1 refused with a sentence, 2 wrong usage or settings."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import logs
from app.config import Settings, SettingsError
from app.errors import DomainError
from app.uow import SILENT, Database

NEWER = "this database belongs to a newer version of Concordat; install that version, or restore a backup of this one"
#: PostgreSQL's word for a role that may not do this (its appendix "Error Codes").
NOT_PERMITTED = "42501"
LEADS_NOWHERE = (
    "HOST lets other devices in, but links and join codes say 127.0.0.1: set CONCORDAT_BASE_URL to the address that "
    "people type, for example http://192.168.1.20:8000"
)


class Sentences(click.Group):
    """Commands that end in one line, and never in a trace, where something is wrong that an operator can mend."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what it raises about settings, files, the database and rules becomes a sentence."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            for fault in error.faults:
                click.echo(f"concordat: {fault}", err=True)
            sys.exit(2)
        except DomainError as error:
            refused(error.message or ". ".join(error.fields.values()))
        except OSError as error:
            if not error.filename:
                raise
            refused(f"{error.filename}: {error.strerror}")
        except PoolTimeout:
            refused("the database does not answer; nothing was changed")
        except DBAPIError as error:
            broken = type(error) is DatabaseError  # SQLite's word for a damaged file
            if not (broken or isinstance(error, SILENT) or not_permitted(error)):
                raise
            refused(f"the database refuses: {first_line(error)}")


def not_permitted(error: DBAPIError) -> bool:
    """Whether the role of DATABASE_URL lacks a right on PostgreSQL."""
    return getattr(error.orig, "sqlstate", None) == NOT_PERMITTED


def first_line(error: DBAPIError) -> str:
    """What the database said, without what it goes on to say about rows."""
    return logs.redact(str(error.orig).partition("\n")[0])


def refused(sentence: str) -> NoReturn:
    """Say in one line why this was not done, and leave with exit status 1."""
    click.echo(f"concordat: {sentence}", err=True)
    sys.exit(1)


def unusable(sentence: str) -> NoReturn:
    """Say in one line why nothing can run, and leave with exit status 2."""
    click.echo(f"concordat: {sentence}", err=True)
    sys.exit(2)


def revision_of(chosen: Settings) -> str | None:
    """The revision of the database's tables, None without any; leave with one line when it cannot be read."""
    from migrations import current

    try:
        return current(chosen.database_url)
    except DBAPIError as error:
        if not_permitted(error):
            raise
        file = sqlite_file(chosen)
        unusable(
            f"{file} cannot be read as a database: {first_line(error)}"
            if file
            else "the database cannot be reached; check DATABASE_URL"
        )


def sqlite_file(chosen: Settings) -> str | None:
    """The file of a SQLite database; None for PostgreSQL."""
    place = make_url(chosen.database_url)
    return place.database if place.get_backend_name() == "sqlite" else None


def nothing_there(chosen: Settings) -> str:
    """A database without tables, named as the operator knows it."""
    return f"the database {sqlite_file(chosen) or 'of DATABASE_URL'} has no tables of Concordat"


def migrated(chosen: Settings) -> None:
    """Bring the database to this version's tables, or leave with one line."""
    from migrations import Standing, standing, upgrade

    if standing(revision_of(chosen)) is Standing.NEWER:
        unusable(NEWER)
    upgrade(chosen.database_url)


def ready(chosen: Settings) -> None:
    """Leave with one line unless the database answers and has this version's tables."""
    from migrations import Standing, standing

    found = standing(revision_of(chosen))
    if found is Standing.EMPTY:
        unusable(f"{nothing_there(chosen)}; check the settings, or run: concordat migrate")
    if found is Standing.OLDER:
        unusable("the database has the tables of an earlier version; run: concordat migrate")
    if found is Standing.NEWER:
        unusable(NEWER)


@contextmanager
def database(chosen: Settings | None = None) -> Iterator[Database]:
    """The database of the settings, with this version's tables, closed at the end.

    With settings given, as it is: whoever gives them has looked at it.
    """
    if chosen is None:
        chosen = Settings.from_env(first=False)
        ready(chosen)
    opened = Database(chosen)
    try:
        yield opened
    finally:
        opened.close()


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(ctx: click.Context) -> None:
    """Concordat: where design groups write, decide, freeze and validate a blueprint."""
    # All that it writes is for its owner's eyes only: database, mails, backups, exports.
    before = os.umask(0o077)
    ctx.call_on_close(lambda: os.umask(before))


@main.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    migrated(Settings.from_env())


def serve_pages() -> None:
    """Serve the pages and live connections until told to stop."""
    chosen = Settings.from_env(first=False)
    ready(chosen)

    from app.factory import create_app
    from app.serve import Server, why_not_listen

    if fault := why_not_listen(chosen):
        unusable(fault)
    logs.configure(chosen.log_level)
    if chosen.leads_nowhere:
        logging.getLogger("concordat").warning(LEADS_NOWHERE)
    Server(create_app(chosen), chosen).run()


def do_work() -> None:
    """Send mails and do other work that waits, until told to stop."""
    from app.worker import Worker

    with database() as opened:
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
    from migrations import downgrade

    chosen = Settings.from_env(first=False)
    if not chosen.is_demo:
        refused("the demonstration can only be loaded where CONCORDAT_MODE is demo")
    if reset:
        migrated(chosen)
        downgrade(chosen.database_url, "base")
        migrated(chosen)
    ready(chosen)
    with database(chosen) as opened:
        told = story.tell_once(opened)
    click.echo("The demonstration is loaded." if told else "There is content already; use --reset to begin anew.")


@main.command()
@click.argument("slug", metavar="GROUP")
@click.option("--version", "number", type=click.IntRange(1, 1_000_000), help="A version's number; else the draft.")
@click.option(
    "--format", "form", type=click.Choice(["md", "docx", "pdf", "json", "csv"]), default="md", show_default=True
)
@click.option("--evidence/--no-evidence", default=True, show_default=True, help="What the items rest on.")
@click.option("--definitions/--no-definitions", default=True, show_default=True, help="What the terms in them mean.")
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
    else:
        output.write_bytes(made.body)


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
    for each in made.left_out:
        click.echo(each, err=True)


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
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--scale", required=True, help="Lowest and highest score, for example 1-9.")
@click.option("--primary", help="The rule that decides: ram, ipras, cvi, cvi-n or a threshold such as 70/15.")
@click.option("--rule", "rules", default="", help="Rules that stand beside it, with commas between.")
@click.option(
    "--least", type=click.IntRange(5), help="Least scores for a verdict; without it two thirds of those asked."
)
@click.option("--by", help="The column that splits experts into groups.")
@click.option("--p-values", is_flag=True, help="Permutation tests between the groups, Holm-adjusted: exploratory.")
@click.option("--percentile", type=click.IntRange(1, 9), default=7, show_default=True, help="Hyndman and Fan's type.")
@click.option("--conf", type=click.FloatRange(0.5, 0.999), default=0.95, show_default=True, help="Confidence level.")
@click.option("--zeros", default="wilcox", show_default=True, help="Wilcoxon's zeros: wilcox, pratt or zsplit.")
@click.option("--bootstrap", type=click.Choice(["mean", "median"]), help="Bootstrap intervals of it for each item.")
@click.option("--bootstrap-any", is_flag=True, help="Also under 20 scores, where they are too narrow.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON instead of tables to read.")
def score(
    file: Path, scale: str, primary: str | None, rules: str, least: int | None, by: str | None, percentile: int,
    conf: float, zeros: str, bootstrap: Literal["mean", "median"] | None, **flags: bool,
) -> None:  # fmt: skip
    """Score the ratings of a CSV in long form: round, expert, item, dimension, value and columns about the expert.

    An empty value is missing, CJ is "cannot judge".
    """
    from app.calc import score_tables, scores
    from app.calc.ratings import Scale

    try:
        on = Scale.parse(scale)
        plan = scores.Plan(
            on, primary or scores.Plan.default_rule(on), tuple(filter(None, map(str.strip, rules.split(",")))),
            percentile, least, conf, by, flags["p_values"], zeros, bootstrap, flags["bootstrap_any"],
        )  # fmt: skip
        plan.check()
    except ValueError as error:
        unusable(str(error))
    if flags["p_values"] and not by:
        unusable("--p-values compares groups: name the column with --by")
    try:
        table = score_tables.read(file.read_text(encoding="utf-8"), on, by)
    except UnicodeDecodeError:
        refused(f"{file} is not a text in UTF-8; nothing was scored")
    except score_tables.TableError as error:
        for fault in error.faults:
            click.echo(f"concordat: {fault}", err=True)
        refused(f"{file} was not scored")
    found = scores.score(table, plan)
    click.echo(
        json.dumps(found, ensure_ascii=False, allow_nan=False)
        if flags["as_json"]
        else "\n".join(scores.as_lines(found))
    )


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-keys", type=click.Path(path_type=Path), help="Also write the server's secret to this file.")
def backup(file: Path, with_keys: Path | None) -> None:
    """Write everything into FILE; safe while people work."""
    from app.services import backups

    chosen = Settings.from_env(first=False)
    revision = revision_of(chosen)  # whichever it is: one makes a backup before one migrates
    if revision is None:
        refused(f"{nothing_there(chosen)}, so nothing to back up; check the settings")
    with database(chosen) as opened:
        counts = backups.write_backup(opened, file, revision=revision, keys=with_keys)
    click.echo(f"{sum(counts.values())} rows in {file}")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--with-keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The secret written with the backup; in production CONCORDAT_SECRET must be the same.",
)
def restore(file: Path, with_keys: Path | None) -> None:
    """Fill an empty data folder or database from FILE."""
    from app.secrets import Keys
    from app.services import backups
    from migrations import Standing, revisions, standing, upgrade

    manifest = backups.check(file)
    revision = manifest["revision"]
    if not revision:
        refused(f"{file} was made of a database without tables; there is nothing to restore")
    if standing(revision) is Standing.NEWER:
        refused(f"{file} was made by a newer version of Concordat; restore it with that version")
    secret = with_keys.read_text(encoding="utf-8", errors="replace").strip() if with_keys else None
    mark = manifest.get("secret")
    if secret == "":
        refused(f"{with_keys} is empty")
    if secret is not None and mark is not None and Keys(secret).mark() != mark:
        refused(f"{with_keys} does not hold the keys of {file}")
    chosen = settings_with(secret)
    there = revision_of(chosen)
    known = revisions()
    if standing(there) is Standing.NEWER:
        unusable(NEWER)
    with database(chosen) as opened:
        if there is not None and not backups.is_empty(opened):
            refused("There is content already. Restore into an empty data folder or database.")
        if there is not None and known.index(there) > known.index(revision):
            refused(f"{file} is of an earlier version than the tables here; restore it where there are none yet")
        if secret is not None:
            keep_secret(chosen, secret)
        upgrade(chosen.database_url, revision)
        counts = backups.restore(opened, file)
        upgrade(chosen.database_url)
    click.echo(f"{sum(counts.values())} rows restored")
    if secret is None and mark != opened.keys.mark():
        click.echo(
            "concordat: warning: this server's secret is not the one of the backup, or the backup does not say: links, "
            "sign-ins and tokens from before are dead, and experts' names cannot be joined to their answers. To have "
            "them, restore into an empty folder with --with-keys, or with CONCORDAT_SECRET as it was.",
            err=True,
        )


def settings_with(secret: str | None) -> Settings:
    """The settings of a server to restore into, with a backup's secret if one is given.

    Leaves with one line when the server has another secret already: from CONCORDAT_SECRET, or kept in a demo's data
    folder. Nothing is written but the folder.
    """
    if secret is None:
        return Settings.from_env()
    if os.environ.get("CONCORDAT_SECRET", "").strip():
        chosen = Settings.from_env()
        if chosen.secret != secret:
            refused("CONCORDAT_SECRET is not the secret in the keys; set it to that, and restore again")
        return chosen
    if os.environ.get("CONCORDAT_MODE") == "production":
        Settings.from_env()  # says that CONCORDAT_SECRET must be set
    chosen = Settings.from_env({**os.environ, "CONCORDAT_SECRET": secret})
    kept = chosen.data / "secret"
    if kept.exists() and kept.read_text(encoding="utf-8").strip() != secret:
        refused(f"{kept} is another secret than the one in the keys; restore into an empty data folder")
    return chosen


def keep_secret(chosen: Settings, secret: str) -> None:
    """Have a demo server's data folder hold its secret, for its owner only."""
    if not os.environ.get("CONCORDAT_SECRET", "").strip():
        kept = chosen.data / "secret"
        kept.touch(mode=0o600)
        kept.write_text(secret, encoding="utf-8")


@main.command()
def run() -> None:
    """Everything for a demonstration: migrate, tell the demo story once, serve, work; stop both together."""
    os.environ.setdefault("CONCORDAT_MODE", "demo")
    from app import factory, worker  # noqa: F401  # loaded once, for both processes that are forked
    from app.serve import why_not_listen
    from app.supervise import supervise

    chosen = Settings.from_env()
    if fault := why_not_listen(chosen):
        unusable(fault)
    migrated(chosen)
    if chosen.is_demo:
        from app.services import story

        with database() as opened:
            story.tell_once(opened)
    sys.exit(supervise(chosen, [serve_pages, do_work]))
