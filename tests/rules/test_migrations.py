"""The migrations make the tables that the models describe, on both engines, and can be taken back a step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from alembic import op

import migrations
from models.base import Base


@pytest.fixture
def empty_url(database_engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without a table."""
    if database_engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    server = request.getfixturevalue("postgres_server")
    name = f"empty_{request.getfixturevalue('worker')}"
    admin = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    yield server.replace("@/postgres?", f"@/{name}?")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def tables(url: str) -> set[str]:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return set(sqlalchemy.inspect(connection).get_table_names())


@pytest.mark.parametrize("database_engine", ["sqlite", "postgres"])
def test_up_from_empty_one_step_down_and_up_again(empty_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    migrations.upgrade(empty_url)
    assert tables(empty_url) == {*Base.metadata.tables, "alembic_version"}
    migrations.check(empty_url)
    migrations.downgrade(empty_url)
    migrations.upgrade(empty_url)
    migrations.check(empty_url)


def test_a_revision_that_fails_half_way_leaves_nothing_behind(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[str] = []
    drop = op.drop_table

    def drop_three(table: str) -> None:
        if len(dropped) == 3:
            raise RuntimeError("the power went")
        drop(table)
        dropped.append(table)

    migrations.upgrade(empty_url)
    before = tables(empty_url)
    monkeypatch.setattr(op, "drop_table", drop_three)
    with pytest.raises(RuntimeError, match="the power went"):
        migrations.downgrade(empty_url, "base")
    assert len(dropped) == 3
    assert tables(empty_url) == before
