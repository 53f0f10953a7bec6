"""Worlds that many tests begin with, built once by each worker and put back from a copy afterwards.

``@kept`` stands over a function that fills an empty database through the use cases and answers what tests need to know
of it. What is put back is every row and every sequence, so no test can tell the difference; a database that has
somebody in it already is filled as if ``@kept`` were not there.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import make_url, select, text

from app.uow import Database
from models.accounts import Person

P = ParamSpec("P")
T = TypeVar("T")

#: What stands for the Database in an answer that is kept.
_PLACE = object()


@dataclass(frozen=True)
class _Copy:
    answer: Any
    moment: Any
    rows: bytes | _Tables


@dataclass(frozen=True)
class _Tables:
    """What PostgreSQL's COPY gave of each table with rows, and how far each sequence has come."""

    copied: dict[str, list[bytes]]
    sequences: dict[str, int]


_copies: dict[Hashable, _Copy] = {}


def kept(build: Callable[Concatenate[Database, P], T]) -> Callable[Concatenate[Database, P], T]:
    """See the head of this file. All arguments but the database must be hashable, and say all that matters."""

    @functools.wraps(build)
    def built(database: Database, *args: P.args, **named: P.kwargs) -> T:
        clock: Any = database.clock
        if not hasattr(clock, "advance"):  # real time goes on
            return build(database, *args, **named)
        with database.reading() as uow:
            if uow.session.execute(select(Person.id).limit(1)).first():
                return build(database, *args, **named)
        dialect = database.engine.dialect.name
        key = (build.__module__, build.__qualname__, args, tuple(sorted(named.items())), dialect,
               database.settings.secret, clock.now)  # fmt: skip
        found = _copies.get(key)
        if found is not None:
            _put_back(database, found.rows)
            clock.now = found.moment
            return copy.deepcopy(found.answer, {id(_PLACE): database})  # type: ignore[no-any-return]
        answer = build(database, *args, **named)
        _copies[key] = _Copy(copy.deepcopy(answer, {id(database): _PLACE}), clock.now, _rows(database))
        return answer

    return built


def _file(database: Database) -> Path:
    return Path(str(make_url(database.settings.database_url).database))


def _rows(database: Database) -> bytes | _Tables:
    if database.engine.dialect.name == "sqlite":
        # With no connection left the log is in the file, and there are no locks, which reading it here would let go.
        database.engine.dispose()
        return _file(database).read_bytes()
    with database.engine.connect() as connection:
        names = connection.execute(
            text(
                "SELECT format('%I', tablename) FROM pg_tables"
                " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
        )
        sequences = connection.execute(
            text("SELECT format('%I', sequencename), last_value FROM pg_sequences WHERE last_value IS NOT NULL")
        )
        copied = {}
        with connection.connection.cursor() as cursor:
            for name in names.scalars().all():
                with cursor.copy(f"COPY {name} TO STDOUT") as out:  # type: ignore[attr-defined]  # psycopg's
                    copied[name] = [bytes(piece) for piece in out]
        return _Tables({name: lines for name, lines in copied.items() if lines}, {row[0]: row[1] for row in sequences})


def _put_back(database: Database, rows: bytes | _Tables) -> None:
    if isinstance(rows, bytes):
        database.engine.dispose()
        path = _file(database)
        for beside in ("-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        path.write_bytes(rows)
        return
    with database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))  # rows are whole: nothing to check
        with connection.connection.cursor() as cursor:
            for name, lines in rows.copied.items():
                with cursor.copy(f"COPY {name} FROM STDIN") as into:  # type: ignore[attr-defined]
                    for line in lines:
                        into.write(line)
        for name, last in rows.sequences.items():
            connection.execute(text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last})
