"""How Alembic reaches the database; run by Alembic itself for every command of :mod:`migrations`."""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text

import models  # noqa: F401  every table must be known before models and database are compared
from models.base import Base, Json, UtcDateTime
from models.search import WORDS

# Any number will do that no other program takes on the same PostgreSQL database.
MIGRATION_LOCK = 4_207_115_001


def render_item(kind: str, item: object, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types as plain ones: a revision must not change when the code does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Json):
        return "sa.Text()"
    return False


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out what no model can describe: the searched words, whose table differs by engine."""
    return not (kind == "table" and name is not None and name.startswith(WORDS))


def engine_for(url: str) -> Engine:
    """An engine for one migration run.

    On SQLite the driver's own opening of transactions is switched off, so that a revision is all or nothing there too;
    and foreign keys stay unchecked meanwhile, because batch mode copies and drops tables and a checked drop would
    delete the rows that point to it.
    """
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def plain(dbapi_connection: sqlite3.Connection, _record: Any) -> None:
            dbapi_connection.isolation_level = None
            dbapi_connection.execute("PRAGMA foreign_keys = OFF")
            dbapi_connection.execute("PRAGMA busy_timeout = 30000")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def run(connection: Connection) -> None:
    """Run the command's revisions on one connection, within one transaction that nobody else migrates in."""
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        render_as_batch=True,
        render_item=render_item,
        include_name=include_name,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        context.run_migrations()
        if sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"the migration would leave rows that point nowhere: {broken[:5]}")


engine = engine_for(context.config.attributes["url"])
try:
    with engine.connect() as connection:
        run(connection)
finally:
    engine.dispose()
