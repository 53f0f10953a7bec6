"""Live servers that take the tokens of the test's own Database, and people who type."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.config import Settings
from app.uow import Database
from tests.cast import make_cast
from tests.live import LiveServer
from tests.typists import Place, Typists, add_texts, token_of


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Place]:
    """One server for the tests of a worker that need no other; on SQLite. Its log must show no fault at the end."""
    folder = tmp_path_factory.mktemp("live")
    path = folder / "concordat.sqlite"
    shutil.copyfile(sqlite_template, path)
    secret = "a secret of the tests, and of nothing else"
    environ = {"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(folder), "CONCORDAT_SECRET": secret}
    database = Database(Settings.from_env({**environ, "DATABASE_URL": f"sqlite:///{path}"}))
    people = make_cast(database)
    item, doc = add_texts(database, people, "Partners share.")
    names = ("facilitator", "member", "peer", "observer", "stranger")
    tokens = {name: token_of(database, getattr(people, name)) for name in names}
    server = LiveServer(folder, f"sqlite:///{path}", environ={"CONCORDAT_SECRET": secret}).start()
    yield Place(server, database, people, item, doc, tokens)
    database.close()
    server.stop()
    assert "Traceback" not in server.log, server.log


@pytest.fixture
def live(start_server: Callable[..., LiveServer], app_settings: Settings) -> LiveServer:
    """A real web process with the secret of this test's Database."""
    return start_server(CONCORDAT_SECRET=app_settings.secret)


@pytest.fixture
def typists() -> Iterator[Typists]:
    """People with the real editor."""
    found = Typists()
    yield found
    found.close()
