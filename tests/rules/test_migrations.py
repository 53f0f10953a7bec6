"""The migrations make the tables that the models describe, on both engines, and can be taken back a step."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy
from alembic import op

import migrations
from app.services.search import SOURCES
from models.base import Base
from models.search import WORDS


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
        found = set(sqlalchemy.inspect(connection).get_table_names())
    return {name for name in found if not name.startswith(WORDS)} | (found & {WORDS})


@pytest.mark.parametrize("database_engine", ["sqlite", "postgres"])
def test_up_from_empty_one_step_down_and_up_again(empty_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    migrations.upgrade(empty_url)
    assert tables(empty_url) == {*Base.metadata.tables, "alembic_version", WORDS}
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


# --- writing the next one ---

NEW_TABLE = """
from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from app.services.search import SOURCES
from models.base import Base


class Thanks(Base):
    __tablename__ = "thanks"

    id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of models and migrations, where revisions can be written."""
    root = Path(migrations.__file__).parents[1]
    for name in ("models", "migrations"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "models" / "thanks.py").write_text(NEW_TABLE)
    return tmp_path


def write_revision(folder: Path) -> tuple[subprocess.CompletedProcess[str], list[Path]]:
    """What ``python -m migrations "add thanks"`` said there, and the files it left that were not there before."""
    before = set((folder / "migrations" / "versions").glob("*.py"))
    said = subprocess.run(
        [sys.executable, "-m", "migrations", "add thanks"], cwd=folder, capture_output=True, text=True, check=False
    )
    return said, sorted(set((folder / "migrations" / "versions").glob("*.py")) - before)


def imported(folder: Path) -> None:
    """Have the copy's models know the new table."""
    known = folder / "models" / "__init__.py"
    known.write_text(known.read_text() + "\nfrom models import thanks  # noqa\n")


def test_no_empty_revision_is_written(copied: Path) -> None:
    said, written = write_revision(copied)
    assert (said.returncode, written) == (1, [])
    assert said.stderr == "Nothing differs; is the new file imported in models/__init__.py?\n"


def test_the_next_revision_holds_what_differs_and_no_more(copied: Path) -> None:
    imported(copied)
    said, [written] = write_revision(copied)
    assert said.returncode == 0, said.stderr
    assert f"{int(migrations.head() or '0') + 1:04d}_add_thanks" == written.stem
    assert written.read_text().count("op.create_table(") == written.read_text().count("op.drop_table(") == 1
    assert '"thanks"' in written.read_text()
    assert write_revision(copied)[1] == [], "and then nothing differs"


def test_a_revision_is_whole_without_the_formatter(copied: Path) -> None:
    imported(copied)
    (copied / "ruff.py").write_text("raise SystemExit('not installed')")
    said, [written] = write_revision(copied)
    assert said.returncode == 0, said.stderr
    assert "not formatted" in said.stderr
    compile(written.read_text(), written.name, "exec")


@pytest.mark.parametrize("database_engine", ["sqlite", "postgres"])
def test_every_searched_table_is_watched(empty_url: str, database_engine: str) -> None:
    """A revision that rebuilds a table on SQLite loses its triggers, and new words would never be found."""
    known = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'search#_%' ESCAPE '#'",
        "postgres": "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'search#_%' ESCAPE '#'",
    }
    verbs = ("_insert", "_update", "_delete") if database_engine == "sqlite" else ("",)
    wanted = {f"search_{table}{verb}" for table in (*SOURCES, "document") for verb in verbs}
    # Watched since 0029.
    later = {f"search_{table}{verb}" for table in ("homework", "homework_share") for verb in verbs}
    engine = sqlalchemy.create_engine(empty_url, poolclass=sqlalchemy.NullPool)
    for step, expected in (
        (migrations.upgrade, wanted), (partial(migrations.downgrade, revision="0028"), wanted - later),
        (migrations.upgrade, wanted),
    ):  # fmt: skip
        step(empty_url)
        with engine.connect() as connection:
            found = {row[0] for row in connection.execute(sqlalchemy.text(known[database_engine]))}
        assert found == expected
