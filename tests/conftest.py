"""What every test stands on: a fresh real database, real servers, a real browser, and no way to cheat.

* Order is random; the seed is printed, and ``--randomly-seed=N`` repeats it.
* A warning is an error. A connection to anything but this machine is an error.
* With ``CI=true`` a skipped test is a failed test.
* Tests in ``services`` and ``realtime`` that use a database run on SQLite and on PostgreSQL; others on SQLite, unless
  they name engines: ``@pytest.mark.parametrize("database_engine", ["sqlite", "postgres"])``.
  ``--engine sqlite`` (or ``postgres``) keeps to one while one works on something.
"""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import os
import re
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy
from filelock import FileLock
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import migrations
from app.config import Settings
from app.policy import Actor
from app.uow import Database, make_engine
from models.search import WORDS
from tests import cast, servers
from tests.browser import CHROMIUM, CHROMIUM_FLAGS
from tests.live import LiveServer

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[1]
CI = os.environ.get("CI") == "true"
ENGINES = ("sqlite", "postgres")
ON_BOTH_ENGINES = ("services", "realtime")

# The same examples every time in `make test`; new ones, and many, in `make test-long`.
hypothesis_settings.register_profile("short", derandomize=True, database=None, deadline=None, max_examples=30)
hypothesis_settings.register_profile(
    "long", database=None, deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)


# --- rules that hold for every test ---------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=ENGINES, help="run database tests on this engine only")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis_settings.load_profile("short" if "not long" in (config.option.markexpr or "") else "long")
    sys.addaudithook(_only_this_machine)


def _only_this_machine(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse, as an audit hook, what would leave this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in {"socket.connect", "socket.sendto"} and arguments[0].family != socket.AF_UNIX:
        host = arguments[1][0]
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host in {None, "", "localhost"}:
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback or host == "0.0.0.0":  # noqa: S104  a name for "this machine" here
            return
    raise ConnectionRefusedError(f"a test tried to reach {host!r}; tests stay on this machine")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what touches the database below the shells on both engines."""
    if "database_engine" not in metafunc.fixturenames:
        return
    named = [mark for mark in metafunc.definition.iter_markers("parametrize") if "database_engine" in mark.args[0]]
    folders = metafunc.definition.path.relative_to(metafunc.config.rootpath).parts
    if not named and folders[1] in ON_BOTH_ENGINES:
        metafunc.parametrize("database_engine", ENGINES)


def _longest_first(items: list[pytest.Item]) -> None:
    """Put what drives a browser at the beginning of what each of two workers gets: short tests even out the end."""
    long = [item for item in items if "e2e" in item.keywords]
    short = [item for item in items if "e2e" not in item.keywords]
    half, middle = len(long) // 2, (len(items) + 1) // 2 - len(long) // 2
    items[:] = [*long[:half], *short[:middle], *long[half:], *short[middle:]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what a test needs by the fixtures it asks for, and keep to --engine."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if parameters.get("database_engine") == "postgres":
            item.add_marker("postgres")
        if "redis_url" in names:
            item.add_marker("redis")
        if "browser" in names:
            item.add_marker("e2e")
    _longest_first(items)
    engine = config.getoption("--engine")
    if engine:
        other = [
            item
            for item in items
            if getattr(getattr(item, "callspec", None), "params", {}).get("database_engine", engine) != engine
        ]
        items[:] = [item for item in items if item not in other]
        config.hook.pytest_deselected(items=other)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays for the whole run, and look less often: an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be skipped: what a test needs is installed there, so a skip hides a fault."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    seed = getattr(config.option, "randomly_seed", None)
    if isinstance(seed, int):
        terminalreporter.write_line(f"random order, seed {seed} (again: --randomly-seed={seed})")


# --- folders and servers of one run ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def once(run_folder: Path) -> Callable[[str, Callable[[], str]], str]:
    """``once(name, make)``: what ``make()`` answered, called by whichever worker comes first."""

    def do(name: str, make: Callable[[], str]) -> str:
        note = run_folder / f"{name}.once"
        with FileLock(f"{note}.lock"):
            if not note.exists():
                note.write_text(make())
            return note.read_text()

    return do


@pytest.fixture(scope="session")
def owner() -> int:
    """The process that people started: servers end when it does."""
    return os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()


@pytest.fixture(scope="session")
def worker() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "only")


# --- databases ------------------------------------------------------------------------------------------------------


def _migrated(url: str) -> str:
    """Migrate the empty database at ``url``; raise when that left rows, since tests begin with none."""
    migrations.upgrade(url)
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        for table in sqlalchemy.inspect(connection).get_table_names():
            if table == "alembic_version" or table.startswith(WORDS):  # an index has rows of its own from the first
                continue
            rows = connection.execute(sqlalchemy.text(f'SELECT count(*) FROM "{table}"')).scalar()  # noqa: S608  own names
            assert not rows, f"a migration put rows into {table}: they belong into a command or the demo"
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path, once: Callable[[str, Callable[[], str]], str]) -> Path:
    """The path of an empty, migrated SQLite database, already in WAL mode."""

    def make() -> str:
        path = run_folder / "template.sqlite"
        _migrated(f"sqlite:///{path}")
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        return str(path)

    return Path(once("sqlite", make))


@pytest.fixture(scope="session")
def postgres_server(once: Callable[[str, Callable[[], str]], str], owner: int) -> str:
    """The URL of a PostgreSQL server's administrative database; one server for all workers."""
    return once("postgres", lambda: servers.start_postgres(owner))


@pytest.fixture(scope="session")
def postgres_database(
    postgres_server: str, run_folder: Path, once: Callable[[str, Callable[[], str]], str], worker: str
) -> Iterator[tuple[str, sqlalchemy.Connection]]:
    """This worker's PostgreSQL database, and a connection that cleans it."""
    admin = sqlalchemy.create_engine(postgres_server, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)

    def url_of(name: str) -> str:
        return postgres_server.replace("@/postgres?", f"@/{name}?")

    def create(name: str, template: str) -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")

    def make_template() -> str:
        create("template_migrated", "template0")
        return _migrated(url_of("template_migrated"))

    once("postgres-template", make_template)
    with FileLock(run_folder / "clone.lock"):
        # PostgreSQL refuses to copy a database that another worker is copying at this moment.
        create(f"test_{worker}", "template_migrated")
    engine = sqlalchemy.create_engine(
        url_of(f"test_{worker}"), isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool
    )
    with engine.connect() as connection:
        yield url_of(f"test_{worker}"), connection


EMPTY_POSTGRES = sqlalchemy.text("""
DO $$
DECLARE name text; filled boolean;
BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;  -- no triggers, no foreign keys: everything goes
    FOR name IN SELECT format('%I', tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE 'SELECT EXISTS (SELECT FROM ' || name || ')' INTO filled;
        IF filled THEN EXECUTE 'DELETE FROM ' || name; END IF;
    END LOOP;
    PERFORM setval(CAST(format('%I.%I', schemaname, sequencename) AS regclass), start_value, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
""")


@pytest.fixture
def database_engine() -> str:
    """Which engine the test runs on, "sqlite" or "postgres"; parametrised as the head of this file says."""
    return "sqlite"


@pytest.fixture(scope="session")
def sqlite_place() -> Iterator[Path]:
    """Where this worker's SQLite database lies: in memory where there is such a folder. Commits sync to disk as in
    production, and there that costs nothing."""
    memory = Path("/dev/shm")  # noqa: S108  a fresh folder is made in it
    place = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="concordat-test-", dir=place) as folder:
        yield Path(folder) / "concordat.sqlite"


@pytest.fixture
def database_url(database_engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated database without a row; the same for all tests of a worker, one after the other."""
    if database_engine == "postgres":
        url, cleaner = request.getfixturevalue("postgres_database")
        cleaner.execute(EMPTY_POSTGRES)
    else:
        path = request.getfixturevalue("sqlite_place")
        for old in path.parent.iterdir():
            old.unlink()
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    yield url
    make_engine(url).dispose()  # a connection that a test has left open must not see another test's rows


class SetClock:
    """A clock that stands still until the test moves it: ``clock.advance(minutes=5)``."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def app_settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a demo server on this test's database; ``dataclasses.replace`` makes others of them."""
    return Settings.from_env(
        {
            "CONCORDAT_MODE": "demo",
            "CONCORDAT_DATA": str(tmp_path / "data"),
            "CONCORDAT_SECRET": "a secret of the tests, and of nothing else",
            "DATABASE_URL": database_url,
        }
    )


@pytest.fixture(scope="session")
def pages() -> Flask:
    """The application before it is given a database: made once by each worker, since that takes a while.

    It is not the one that ``create_app`` furnishes: a test may have that beside it.
    """
    from app.factory import make_pages  # noqa: PLC0415  tests of pure code must not wait for Flask

    pages = make_pages.__wrapped__("")
    pages.test_client_class = cast.Browser
    return pages


@pytest.fixture
def app(pages: Flask, app_settings: Settings, clock: SetClock) -> Iterator[Flask]:
    """The whole application, as wsgi.py makes it, on this test's database and on the clock that stands still."""
    from app.factory import furnish  # noqa: PLC0415
    from app.web.limits import limiter  # noqa: PLC0415

    furnish(pages, app_settings, clock=clock)
    yield pages
    pages.extensions["concordat.database"].close()
    limiter.reset()
    del pages.wsgi_app  # the way through this test's gateway; what is left is the class's own


@pytest.fixture
def client(app: Flask) -> cast.Browser:
    """A visitor's browser without scripts, which sends CSRF tokens as pages do; ``app.test_client()`` makes more."""
    client = app.test_client()
    assert isinstance(client, cast.Browser)
    return client


@pytest.fixture
def people(database: Database) -> cast.Cast:
    """A group with a person in every role, and a stranger's group beside it."""
    return cast.make_cast(database)


@pytest.fixture
def client_of(app: Flask, database: Database) -> Callable[[Actor], cast.Browser]:
    """``client_of(people.member)``: a browser without scripts in which that person is signed in."""

    def sign_in(actor: Actor) -> cast.Browser:
        client = app.test_client()
        assert isinstance(client, cast.Browser)
        client.enter(cast.sign_in_token(database, actor))
        return client

    return sign_in


@pytest.fixture
def database(request: pytest.FixtureRequest, app_settings: Settings, clock: SetClock) -> Iterator[Database]:
    """The Database; the application's own one for a test that asks for ``app`` or ``client``: facts reach its rooms."""
    if "app" in request.fixturenames:
        yield request.getfixturevalue("app").extensions["concordat.database"]
        return
    database = Database(app_settings, clock=clock)
    yield database
    database.close()


@pytest.fixture
def start_server(database_url: str, tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """``start_server(**environ)``: a web process of its own on this test's database; any number of them."""
    started: list[LiveServer] = []

    def start(**environ: str) -> LiveServer:
        server = LiveServer(tmp_path / "data", database_url, environ=environ)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.stop()
        assert "Traceback" not in server.log, server.log


@pytest.fixture
def server(start_server: Callable[..., LiveServer]) -> LiveServer:
    """A real web process on this test's database."""
    return start_server()


@pytest.fixture(scope="session")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """All that `make run` starts, with the demo's people and story. Shared by the tests of one worker: look, and add
    what is your own, but count nothing that others may add to."""
    folder = tmp_path_factory.mktemp("demo")
    server = LiveServer(folder, f"sqlite:///{folder / 'concordat.sqlite3'}", command="run").start()
    yield server
    server.stop()
    assert "Traceback" not in server.log, server.log


@pytest.fixture(scope="session")
def redis_server(owner: int) -> str:
    """The URL of this worker's own Redis: its channels know no databases, so workers cannot share one."""
    return servers.start_redis(owner)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    import redis  # noqa: PLC0415  few tests need it

    with redis.Redis.from_url(redis_server) as connection:
        connection.flushall()
    return redis_server


# --- a browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium under Playwright, without a window."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  few tests need it

    if not Path(CHROMIUM).exists():
        raise servers.Missing("Chromium is not installed: sudo apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def browser_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """``browser_context(**options)``: a browser of one person, with no cookies; any number of them in one test.

    Fails the test when a page of it met an uncaught error, wrote an error to the console or broke the content security
    policy. A response of 400 and above and a connection the test took away, which the console mentions too, are the
    test's own business.
    """
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                faults.append(f"{page.url}: {message.text}")
                if message.type == "error" and not re.search("Failed to load resource|INTERNET_DISCONN", message.text)
                else None
            ),
        )

    def open_context(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "en-GB", "timezone_id": "Europe/London", **options})
        context.set_default_timeout(10_000)
        context.on("page", watch)
        opened.append(context)
        return context

    yield open_context
    for context in opened:
        context.close()
    assert not faults, "the browser complained:\n" + "\n".join(faults)


@pytest.fixture
def page(browser_context: Callable[..., BrowserContext]) -> Page:
    """A page of a fresh browser."""
    return browser_context().new_page()


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """``assert_accessible(page)`` fails with what axe finds wrong by WCAG 2.2 AA and its own good practice.

    Axe need not fetch the style sheets again: it would only look whether they hold a page to one way up, and
    tests/rules/test_look.py sees to that.
    """
    source = (ROOT / "tests" / "node" / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def check(page: Page) -> None:
        page.evaluate(source)
        result = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
        found = [
            f"{each['id']}: {each['help']}\n    " + "\n    ".join(node["html"][:160] for node in each["nodes"])
            for each in result["violations"]
        ]
        assert not found, f"{page.url}\n" + "\n".join(found)

    return check
