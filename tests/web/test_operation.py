"""What an operator relies on: settings, health, logs without secrets, mail, and clear words when it cannot run."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from pathlib import Path
from urllib.parse import urlencode

import pytest
import sqlalchemy
from click.testing import CliRunner
from flask import Flask

import migrations
from app import logs
from app.cli import main
from app.config import Settings, SettingsError
from app.factory import create_app
from app.mail import Mail, SmtpMailer, mailer, message, send
from app.services import signing_in
from app.uow import Database
from app.worker import Worker
from tests import cast
from tests.live import FORKS, ROOT, LiveServer, leave_with_pages_ready
from tests.servers import free_port
from tests.smtp import smtp_sink

PASSWORD = "canary password of the member"
CANARY_TOKEN = "canaryTOKENcanaryTOKENcanaryTOKENcanaryTOKEN"
CANARY_CODE = "518861"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # a server of the tests, for as long as one looks at its log


def environ_of(folder: Path, **more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")}
    return {**own, "CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(folder), "PORT": str(free_port()),
            "DATABASE_URL": "", "REDIS_URL": "", **more}  # fmt: skip


def start(command: str, environ: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "app", *command.split()], cwd=ROOT, env=environ, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


# --- settings ---


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as faults:
        Settings.from_env(
            {
                "CONCORDAT_MODE": "production", "PORT": "99999", "CONCORDAT_PROXY_HOPS": "many", "CONCORDAT_TYPO": "1",
                "CONCORDAT_DATA": str(tmp_path / "file" / "below"), "CONCORDAT_SECRET": "dev", "REDIS_URL": "redis://h",
                "CONCORDAT_BASE_URL": "http://h", "DATABASE_URL": "mysql://h/d", "CONCORDAT_LOG_LEVEL": "loud",
            }
        )  # fmt: skip
    said = "\n".join(faults.value.faults)
    for name in ("PORT", "CONCORDAT_PROXY_HOPS", "CONCORDAT_TYPO", "CONCORDAT_DATA", "CONCORDAT_SECRET", "REDIS_URL",
                 "CONCORDAT_BASE_URL", "CONCORDAT_SMTP_URL", "DATABASE_URL", "CONCORDAT_LOG_LEVEL"):  # fmt: skip
        assert name in said
    assert len(faults.value.faults) == 10


@pytest.mark.parametrize("secret", ["", "short", "changeme-changeme-changeme-change", "a" * 40])
def test_production_refuses_a_missing_short_or_silly_secret(tmp_path: Path, secret: str) -> None:
    with pytest.raises(SettingsError) as faults:
        Settings.from_env(
            {
                "CONCORDAT_MODE": "production", "CONCORDAT_DATA": str(tmp_path), "CONCORDAT_SECRET": secret,
                "CONCORDAT_BASE_URL": "https://h.example", "CONCORDAT_SMTP_URL": "smtp://h",
            }
        )  # fmt: skip
    assert [fault.split()[0] for fault in faults.value.faults] == ["CONCORDAT_SECRET"]


def test_the_demo_makes_its_secret_once_for_its_owner_only(tmp_path: Path) -> None:
    first, second = (
        Settings.from_env({"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(tmp_path)}).secret for _ in range(2)
    )
    assert first == second
    assert len(first) >= 43
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    assert first not in repr(Settings.from_env({"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(tmp_path)}))


def test_what_cannot_run_says_why_in_one_line(tmp_path: Path) -> None:
    migrated = environ_of(tmp_path / "migrated")
    assert CliRunner().invoke(main, ["migrate"], env=migrated).exit_code == 0
    (tmp_path / "empty").mkdir()
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "concordat.sqlite3").write_text("this is no database, but a file that somebody put here")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = {
            "CONCORDAT_TYPO is not a setting": {**migrated, "CONCORDAT_TYPO": "1"},
            "CONCORDAT_MODE is not set; it must be demo or production": {**migrated, "CONCORDAT_MODE": ""},
            f"there is no database in {tmp_path / 'misspelt'}; correct CONCORDAT_DATA, or run: "
            "concordat migrate": environ_of(tmp_path / "misspelt"),
            f"there is no folder {tmp_path / 'nowhere'}; correct it": environ_of(
                tmp_path / "nowhere", DATABASE_URL=f"sqlite:///{tmp_path / 'migrated' / 'concordat.sqlite3'}"
            ),
            f"the database {tmp_path / 'blank'} has no tables of Concordat; check the settings, or run: "
            "concordat migrate": {**migrated, "DATABASE_URL": f"sqlite:///{tmp_path / 'blank'}"},
            "cannot be read as a database: file is not a database": environ_of(tmp_path / "noise"),
            "HOST is '192.0.2.1', which is no address of this machine": {**migrated, "HOST": "192.0.2.1"},
            "HOST is 'no..host', which is no address of this machine": {**migrated, "HOST": "no..host"},
            f"port {port} on 127.0.0.1 is taken": {**migrated, "PORT": port},
            "the database cannot be reached": {
                **migrated,
                "DATABASE_URL": f"postgresql://u:canary@127.0.0.1:{free_port()}/d",
            },
            f"there is no database in {tmp_path / 'empty'};": environ_of(tmp_path / "empty"),
        }
        for words, environ in cases.items():
            result = CliRunner().invoke(main, ["serve"], env=environ)
            assert (result.exit_code, result.stdout) == (2, ""), f"{words}: {result.output}"
            assert re.fullmatch(rf"concordat: .*{re.escape(words)}.*\n", result.stderr), result.stderr
            assert "canary" not in result.stderr
    assert not list((tmp_path / "empty").iterdir()), "looking makes nothing"
    assert not any((tmp_path / name).exists() for name in ("misspelt", "nowhere", "blank"))


def ran(command: str, environ: dict[str, str]) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, shlex.split(command), env=environ)
    return result.exit_code, result.stdout, result.stderr


def refused(command: str, environ: dict[str, str], words: str, status: int) -> None:
    """The command ends with one line that holds the words, on standard error, and no trace."""
    code, said, complaint = ran(command, environ)
    assert (code, said) == (status, ""), f"{command}: {complaint}"
    assert re.fullmatch(rf"concordat: [^\n]*{re.escape(words)}[^\n]*\n", complaint), f"{command}: {complaint}"


NEEDS_TABLES = [
    "serve", "worker", "user create a@example.org --name Ann", "token a@example.org", "export vale", "demo",
    "group create vale --name Vale --facilitator a@example.org",
]  # fmt: skip


@pytest.mark.parametrize("command", [*NEEDS_TABLES, "backup new.zip"])
def test_what_needs_a_database_says_so_and_makes_none(tmp_path: Path, command: str) -> None:
    command = command.replace("new.zip", str(tmp_path / "new.zip"))
    (tmp_path / "empty").mkdir()
    for name in ("empty", "misspelt"):
        refused(command, environ_of(tmp_path / name), f"there is no database in {tmp_path / name};", 2)
    # A file of no bytes is what a command used to leave behind.
    blank = environ_of(tmp_path / "empty", DATABASE_URL=f"sqlite:///{tmp_path / 'blank'}")
    (tmp_path / "blank").touch()
    status = 1 if command.startswith("backup") else 2
    refused(command, blank, f"the database {tmp_path / 'blank'} has no tables of Concordat", status)
    assert {each.name for each in tmp_path.rglob("*")} == {"empty", "blank", "secret"}
    assert (tmp_path / "blank").stat().st_size == 0


def at_revision(folder: Path, revision: str) -> dict[str, str]:
    """The environment of a demo whose database says that it is of a revision."""
    environ = environ_of(folder)
    assert ran("migrate", environ)[0] == 0
    with contextlib.closing(sqlite3.connect(folder / "concordat.sqlite3")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
        connection.commit()
    return environ


def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    older = environ_of(tmp_path / "older")
    (tmp_path / "older").mkdir()
    migrations.upgrade(f"sqlite:///{tmp_path / 'older' / 'concordat.sqlite3'}", migrations.revisions()[0])
    newer = at_revision(tmp_path / "newer", "9999")
    for command in NEEDS_TABLES:
        refused(command, older, "the database has the tables of an earlier version; run: concordat migrate", 2)
        refused(command, newer, "this database belongs to a newer version of Concordat", 2)
    for command in ("migrate", "run", "demo --reset"):
        refused(command, newer, "this database belongs to a newer version of Concordat", 2)
    for name, environ in (("older", older), ("newer", newer)):  # before one migrates, and before one goes back
        assert ran(f"backup {tmp_path / name}.zip", environ) == (0, f"0 rows in {tmp_path / name}.zip\n", "")
    refused(f"restore {tmp_path / 'newer.zip'}", environ_of(tmp_path / "a"), "made by a newer version of Concordat", 1)
    refused(f"restore {tmp_path / 'older.zip'}", at_revision(tmp_path / "b", migrations.head() or ""), "earlier", 1)
    assert ran(f"restore {tmp_path / 'older.zip'}", environ_of(tmp_path / "c"))[:2] == (0, "0 rows restored\n")
    assert migrations.current(f"sqlite:///{tmp_path / 'c' / 'concordat.sqlite3'}") == migrations.head()


def filled(folder: Path) -> dict[str, str]:
    """The environment of a demo with one account."""
    environ = environ_of(folder)
    assert ran("migrate", environ)[0] == 0
    assert ran("user create a@example.org --name Ann", environ)[0] == 0
    return environ


def test_backup_and_restore_from_the_command_line(tmp_path: Path) -> None:
    environ = filled(tmp_path / "data")
    file, keys = tmp_path / "b.zip", tmp_path / "b.key"
    assert ran(f"backup {file} --with-keys {keys}", environ)[0] == 0
    whole = file.read_bytes()
    production = {"CONCORDAT_MODE": "production", "CONCORDAT_BASE_URL": "https://h.example", "CONCORDAT_SMTP_URL":
                  "smtp://h"}  # fmt: skip

    # A damaged file leaves nothing behind that stands in the way of the good one.
    file.write_bytes(whole[:-200])
    refused(f"restore {file} --with-keys {keys}", environ_of(tmp_path / "new"), "is not a backup", 1)
    assert not (tmp_path / "new").exists()
    file.write_bytes(whole)
    code, said, warned = ran(f"restore {file} --with-keys {keys}", environ_of(tmp_path / "new"))
    assert (code, warned) == (0, "")
    assert re.fullmatch(r"[1-9]\d* rows restored\n", said)
    assert (tmp_path / "new" / "secret").read_text() == (tmp_path / "data" / "secret").read_text()
    assert (tmp_path / "new" / "secret").stat().st_mode & 0o077 == 0
    refused(f"restore {file} --with-keys {keys}", environ_of(tmp_path / "new"), "There is content already", 1)

    # Without the keys it works, and says what does not.
    code, said, warned = ran(f"restore {file}", environ_of(tmp_path / "without"))
    assert code == 0
    assert "links, sign-ins and tokens from before are dead" in warned
    shutil.copy(tmp_path / "without" / "secret", tmp_path / "other.key")
    refused(f"restore {file} --with-keys {tmp_path / 'other.key'}", environ_of(tmp_path / "x"), "does not hold the", 1)
    (tmp_path / "without" / "concordat.sqlite3").unlink()
    refused(f"restore {file} --with-keys {keys}", environ_of(tmp_path / "without"), "is another secret", 1)

    # In production the secret is the setting's, and nothing else.
    place = environ_of(tmp_path / "production", **production)
    refused(f"restore {file} --with-keys {keys}", place, "CONCORDAT_SECRET must be set", 2)
    other = {**place, "CONCORDAT_SECRET": "another secret, of the length that is asked for"}
    refused(f"restore {file} --with-keys {keys}", other, "CONCORDAT_SECRET is not the secret in the keys", 1)
    same = {**place, "CONCORDAT_SECRET": keys.read_text()}
    assert ran(f"restore {file} --with-keys {keys}", same)[::2] == (0, "")
    assert not (tmp_path / "production" / "secret").exists()


def test_files_that_cannot_be_written_or_read_are_named(tmp_path: Path) -> None:
    environ = filled(tmp_path / "data")
    (tmp_path / "file").write_text("")
    refused(f"backup {tmp_path / 'nowhere' / 'b.zip'}", environ, f"There is no folder {tmp_path / 'nowhere'}", 1)
    refused(f"backup {tmp_path / 'file'}", environ, "file exists already", 1)
    refused(f"restore {tmp_path / 'file'}", environ_of(tmp_path / "x"), "is not a backup of this program", 1)
    assert ran("group create vale --name Vale --facilitator a@example.org", environ)[0] == 0
    out = tmp_path / "file" / "below"
    refused(f"export vale --output {out}", environ, f"{out}: Not a directory", 1)
    assert ran(f"backup {tmp_path / 'b.zip'}", environ)[0] == 0
    for command in (f"restore {tmp_path / 'b.zip'}", "migrate", "run"):
        refused(command, environ_of(tmp_path / "file"), f"the folder {tmp_path / 'file'} cannot be written", 2)


def test_a_database_that_fails_in_the_middle_is_no_trace(tmp_path: Path) -> None:
    environ = filled(tmp_path / "data")
    file = tmp_path / "data" / "concordat.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        [(size,)] = connection.execute("PRAGMA page_size").fetchall()
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'person'").fetchall()
    with file.open("r+b") as opened:  # the revision can still be read, people cannot
        opened.seek((page - 1) * size)
        opened.write(b"\xff" * size)
    for command in ("token a@example.org", f"backup {tmp_path / 'b.zip'} --with-keys {tmp_path / 'b.key'}"):
        refused(command, environ, "the database refuses: database disk image is malformed", 1)
    assert {each.name for each in tmp_path.iterdir()} == {"data"}, "no half of a backup"


def test_what_an_operator_makes_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        filled(tmp_path / "data")
        with contextlib.closing(sqlite3.connect(tmp_path / "data" / "concordat.sqlite3")) as connection:
            connection.execute("SELECT count(*) FROM person").fetchall()  # as a server: -wal and -shm are there
            made = list((tmp_path / "data").iterdir())
        assert os.umask(0o022) == 0o022, "what runs us keeps its own"
    finally:
        os.umask(before)
    assert {each.suffix for each in made} >= {".sqlite3", ".sqlite3-wal", ".sqlite3-shm"}
    for each in (tmp_path / "data", tmp_path / "data" / "concordat.sqlite3", tmp_path / "data" / "secret"):
        assert each.stat().st_mode & 0o077 == 0, each


@pytest.mark.parametrize(
    ("more", "warns"),
    [
        ({"HOST": EVERYWHERE}, True),
        ({"HOST": "::"}, True),
        ({"HOST": "127.0.0.1"}, False),
        ({"HOST": EVERYWHERE, "CONCORDAT_BASE_URL": "http://192.0.2.7:8000"}, False),
    ],
)
def test_links_that_lead_nowhere_are_noticed(tmp_path: Path, more: dict[str, str], warns: bool) -> None:
    settings = Settings.from_env({"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(tmp_path), **more})
    assert settings.leads_nowhere is warns


def test_a_server_for_other_devices_warns_that_its_links_are_for_this_one(
    start_server: Callable[..., LiveServer],
) -> None:
    server = start_server(HOST=EVERYWHERE)
    server.stop()
    assert "set CONCORDAT_BASE_URL to the address that people type" in server.log


@pytest.mark.postgres
def test_a_role_without_rights_is_told_so(
    postgres_database: tuple[str, sqlalchemy.Connection], tmp_path: Path, worker: str
) -> None:
    url, admin = postgres_database
    admin.exec_driver_sql(f"CREATE ROLE stranger_{worker} LOGIN PASSWORD 'canary'")
    try:
        stranger = sqlalchemy.make_url(url).set(username=f"stranger_{worker}", password="canary")
        environ = environ_of(tmp_path, DATABASE_URL=stranger.render_as_string(hide_password=False))
        for command in ("migrate", "user create a@example.org --name Ann", f"backup {tmp_path / 'b.zip'}"):
            refused(command, environ, "the database refuses: permission denied for table alembic_version", 1)
    finally:
        admin.exec_driver_sql(f"DROP ROLE stranger_{worker}")


# --- health ---


def test_readiness_names_a_silent_database(app_settings: Settings) -> None:
    nowhere = dataclasses.replace(app_settings, database_url=f"postgresql+psycopg://u:p@127.0.0.1:{free_port()}/d")
    made = create_app(nowhere)
    made.test_client_class = cast.Browser
    client = made.test_client()
    assert isinstance(client, cast.Browser)
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"ok": False, "silent": ["database"]})
    page = client.post("/sign-in", data={"email": "a@example.org", "password": "x"})
    assert page.status_code == 503
    assert "Traceback" not in page.text
    made.extensions["concordat.database"].close()


def test_servers_of_the_tests_begin_with_pages_that_are_made(server: LiveServer) -> None:
    """Else each compiles the templates of its own pages: most of its time (docs/performance.md)."""
    looks = FORKS.Process(target=leave_with_pages_ready, args=(server.settings_environ(),))
    looks.start()
    looks.join()
    assert looks.exitcode == 0


def test_readiness_names_a_silent_redis(start_server: Callable[..., LiveServer]) -> None:
    server = start_server(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert ask(server, "GET", "/healthz")[0] == 200
    status, _headers, body = ask(server, "GET", "/readyz")
    assert (status, json.loads(body)) == (503, {"ok": False, "silent": ["redis"]})
    jar, csrf = at_the_door(server)
    typed = urlencode({"email": "a@example.org", "password": "x", "csrf_token": csrf})
    status, _headers, page = ask(server, "POST", "/sign-in", typed, Cookie=jar)
    assert status == 503, "guesses cannot be counted, so none is taken"
    assert "Traceback" not in page


def test_readiness_when_all_is_well(client: cast.Browser) -> None:
    assert client.get("/readyz").json == {"ok": True, "silent": []}


# --- logs ---


def ask(server: LiveServer, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        if body:
            headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def at_the_door(server: LiveServer) -> tuple[str, str]:
    """The cookie and the CSRF token with which one may post a form."""
    _, headers, page = ask(server, "GET", "/sign-in")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"|csrf-token" content="([^"]+)"', page)
    assert token
    return headers["Set-Cookie"].partition(";")[0], next(filter(None, token.groups()))


def test_the_log_tells_what_happened_and_no_secret(start_server: Callable[..., LiveServer], database: Database) -> None:
    people = cast.make_cast(database)
    with database.writing() as uow:
        signing_in.change_password(uow, people.member, current="", new=PASSWORD)
    cookie = cast.sign_in_token(database, people.member)
    server = start_server(CONCORDAT_LOG_LEVEL="DEBUG", CONCORDAT_SECRET=database.settings.secret)
    jar, csrf = at_the_door(server)
    ids = []
    for method, path, body in (
        ("POST", "/sign-in", urlencode({"email": "member@example.org", "password": PASSWORD, "csrf_token": csrf})),
        ("POST", "/sign-in", urlencode({"email": "member@example.org", "password": PASSWORD})),
        ("GET", f"/r/{CANARY_TOKEN}", ""),
        ("GET", f"/reset/{CANARY_TOKEN}?password={CANARY_TOKEN}", ""),
        ("GET", f"/screen/{CANARY_TOKEN}", ""),
        ("GET", f"/join/{CANARY_CODE}", ""),
        ("POST", f"/join/{CANARY_CODE}", f"name=Ann&csrf_token={csrf}"),
        ("GET", f"/sign-in?next=/{cookie}", ""),
        ("GET", "/account/%0d%0aInjected:%20line%1b[31m", ""),
        ("GET", f"/nowhere/{CANARY_TOKEN}", ""),
    ):
        status, headers, _page = ask(server, method, path, body, Cookie=jar)
        assert status < 500
        ids.append((headers["X-Request-Id"], status))
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(f"GET /r/{CANARY_TOKEN} NONSENSE\r\n\r\n".encode())
        while line.recv(4096):
            pass
    server.stop()
    lines = [json.loads(line) for line in server.log.splitlines()]
    told = {line["request"]: line["status"] for line in lines if line["logger"] == "concordat.access"}
    assert [(id_, told[id_]) for id_, _ in ids] == ids, "each answer's id leads to its line"
    for line in lines:
        assert {"at", "level", "logger", "message"} <= line.keys()
    for secret in (CANARY_TOKEN, f"/{CANARY_CODE}", PASSWORD, urlencode({"": PASSWORD})[1:], "member@example.org",
                   cookie, csrf, database.settings.secret, jar.partition("=")[2]):  # fmt: skip
        assert secret not in server.log
    assert "\x1b" not in server.log
    assert "127.0.0.1:" not in server.log, "nor whence people came"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"GET /r/{CANARY_TOKEN}/x", "GET /r/…/x"),
        ("/sign-in/link/short-one", "/sign-in/link/…"),
        ("/join/518861", "/join/…"),
        ("email=a@example.org&password=hunter2&x=1", "email=…&password=…&x=1"),
        ("connect postgresql+psycopg://user:pw@host/db", "connect postgresql+psycopg://user:…@host/db"),
        ("RecipientsRefused {'ann@example.org': (550, b'no')}", "RecipientsRefused {'…': (550, b'no')}"),
        ("/g/north-vale/blueprint/items/12", "/g/north-vale/blueprint/items/12"),
        ("/sign-in/code", "/sign-in/code"),
        ("Invalid request from ip=203.0.113.9: no", "Invalid request from ip=…: no"),
    ],
)
def test_redaction(text: str, kept: str) -> None:
    assert logs.redact(text) == kept


def secret_paths(app: Flask) -> list[str]:
    """An address of each page whose path holds a token or a code: "/r/KEY", "/screen/KEY/live" …"""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.arguments & {"token", "code"}:
            for kind in re.findall(r"\w+", "".join(re.findall(r"<any\((.*?)\):kind>", rule.rule))) or [""]:
                path = re.sub(r"<any\(.*?\):kind>", kind, rule.rule)
                found.append(re.sub(r"<(token|code)>", "KEY", path))
    return found


def test_no_path_that_is_a_key_is_logged_by_us_or_by_the_proxy_of_the_docs(app: Flask) -> None:
    docs = (ROOT / "docs" / "operations.md").read_text()
    [unlogged] = re.findall(r"map \$uri \$logged \{ ~(\S+) 0;", docs)
    paths = secret_paths(app)
    assert {"/r/KEY", "/welcome/KEY", "/reset/KEY", "/join/KEY", "/screen/KEY/live"} <= set(paths)
    for path in paths:
        assert "KEY" not in logs.redact(path), path
        assert re.match(unlogged, path), path


@pytest.mark.parametrize("text", ["." * 40_000, "a://" * 10_000, "x." * 20_000, "/r/" * 13_000, "token=" * 7_000])
def test_redaction_is_quick_whatever_is_asked_for(text: str) -> None:
    began = time.process_time()
    logs.redact(text)
    assert time.process_time() - began < 1


# --- mail ---


def smtp_settings(settings: Settings, port: int) -> Settings:
    return dataclasses.replace(settings, smtp_url=f"smtp://post%40us:p%2Fw@127.0.0.1:{port}")


def test_mail_travels_by_smtp_and_survives_a_refusal(database: Database, app_settings: Settings) -> None:
    with smtp_sink() as sink:
        sink.refuse = 1
        with database.writing() as uow:
            send(uow, Mail("ann@example.org", "Réunion — “agreed”", "Bonjour\n.\nEnd\n"))
        worker = Worker(database, post=SmtpMailer(smtp_settings(app_settings, sink.port)))
        worker.drain()
        assert sink.mails == []
        database.clock.advance(seconds=60)  # type: ignore[attr-defined]  # the tests' clock
        worker.drain()
    [mail] = sink.mails
    assert (sink.recipients, mail["To"]) == (["ann@example.org"], "ann@example.org")
    assert (mail["Subject"], mail.get_content().replace("\r\n", "\n")) == ("Réunion — “agreed”", "Bonjour\n.\nEnd\n")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"]
    assert sink.logins[0] == "\0post@us\0p/w"


NORTHMERE = "Northmere long-term conditions design group"


@pytest.mark.parametrize(
    "subject",
    [
        "Sign in to Concordat",
        f"{NORTHMERE}: please review our blueprint",
        f"Judith Avocet invites you to {NORTHMERE}",
        f"Zoë Kjær invites you to {NORTHMERE}",
        f"Judith Avocet invites you to {NORTHMERE} (Überlingen)",
        "a" * 69,
        f"{'a' * 200}: please review our blueprint",
        f"{NORTHMERE} {'ä' * 200} {'💷 ' * 60}{NORTHMERE}",
        " ".join([NORTHMERE] * 9),
    ],
)  # fmt: skip
def test_a_subject_begins_on_its_first_line_and_arrives_as_it_was(app_settings: Settings, subject: str) -> None:
    made = bytes(message(app_settings, Mail("ann@example.org", subject, "Bonjour\n")))
    lines = made[made.index(b"Subject:") : made.index(b"\r\nDate:")].split(b"\r\n")
    assert lines[0].startswith(b"Subject: ")
    assert all(line.strip() for line in [lines[0].removeprefix(b"Subject: "), *lines[1:]])
    assert max(map(len, lines)) <= 78, "RFC 5322, 2.1.1"
    for line in lines:
        assert b"=?" not in line or len(line) <= 76, "RFC 2047, 2"
    assert message_from_bytes(made, policy=policy.default)["Subject"] == subject
    older = message_from_bytes(made)["Subject"].replace("\n", "").replace("\r", "")
    assert str(make_header(decode_header(older))) == subject, "for programs that read it as it was read of old, too"


def test_the_worker_process_sends_and_stops(database: Database, database_url: str, tmp_path: Path) -> None:
    with smtp_sink() as sink:
        with database.writing() as uow:
            send(uow, Mail("ann@example.org", "Hello", f"Open https://h/reset/{CANARY_TOKEN}\n"))
        environ = environ_of(tmp_path, DATABASE_URL=database_url, CONCORDAT_SMTP_URL=f"smtp://127.0.0.1:{sink.port}")
        worker = start("worker", environ)
        try:
            assert sink.arrived.wait(30)
        finally:
            worker.send_signal(signal.SIGTERM)
            out, err = worker.communicate(timeout=20)
        assert worker.returncode == 0
        assert [mail["Subject"] for mail in sink.mails] == ["Hello"]
        assert CANARY_TOKEN not in out + err
        assert "ann@example.org" not in out + err
        for line in err.splitlines():
            json.loads(line)


def test_no_process_outlives_a_parent_that_was_killed(database_url: str, tmp_path: Path) -> None:
    environ = environ_of(
        tmp_path, DATABASE_URL=database_url, CONCORDAT_MODE="production", CONCORDAT_SECRET=PASSWORD * 2,
        CONCORDAT_BASE_URL="https://h.example.org", CONCORDAT_SMTP_URL="smtp://127.0.0.1:9",
    )  # fmt: skip
    everything = start("run", environ)
    assert everything.stdout is not None
    while "Stop with Ctrl-C" not in everything.stdout.readline():
        assert everything.poll() is None
    everything.kill()
    # Both hold the other end of our pipes: these end when the last of them is gone.
    everything.communicate(timeout=30)


def test_the_demo_writes_mails_as_files_of_their_own(app_settings: Settings, client: cast.Browser) -> None:
    post = mailer(app_settings)
    both = threading.Barrier(4)

    def deliver(number: int) -> None:
        both.wait()
        post.deliver(Mail(f"p{number}@example.org", "Subject <b>bold</b>", "<script>alert(1)</script>\n"))

    threads = [threading.Thread(target=deliver, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(app_settings.outbox.glob("*.eml"))) == 4
    page = client.get("/outbox").text
    assert "p3@example.org" in page
    assert "<b>bold</b>" not in page
    assert "<script>alert" not in page


def test_no_line_break_enters_a_header(app_settings: Settings) -> None:
    for mail in (Mail("a@example.org\nBcc: b@example.org", "s", "t"), Mail("a@example.org", "s\r\nBcc: b@x.org", "t")):
        with pytest.raises(ValueError, match=r"(?i)linefeed|newline|line"):
            mailer(app_settings).deliver(mail)
    assert not app_settings.outbox.exists() or not list(app_settings.outbox.iterdir())
