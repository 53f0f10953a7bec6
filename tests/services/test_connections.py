"""Connections to the database: one that died while it rested is replaced, and writers wait for each other in turn."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, event, select, text

from app.uow import Database
from models.groups import Group
from tests.cast import Cast


@pytest.mark.postgres
@pytest.mark.parametrize("database_engine", ["postgres"])
def test_a_connection_that_died_while_it_rested_is_replaced(database: Database) -> None:
    with database.reading() as uow:
        resting = uow.session.execute(text("SELECT pg_backend_pid()")).scalar_one()

    def long_ago(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = float("-inf")

    event.listen(database.engine, "checkin", long_ago)
    try:
        with database.reading() as uow:
            assert uow.session.execute(text("SELECT pg_backend_pid()")).scalar_one() == resting
        other = create_engine(database.settings.database_url, poolclass=NullPool)
        with other.connect() as connection:
            ended = connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": resting}).scalar_one()
        assert ended is True
        with database.writing() as uow:
            assert uow.session.execute(text("SELECT pg_backend_pid()")).scalar_one() != resting
    finally:
        event.remove(database.engine, "checkin", long_ago)


def test_writers_of_one_process_take_turns(database: Database) -> None:
    """Sixty writers at once: each is let in, none is told that the database is locked."""
    together, told = threading.Barrier(60), []
    inside: set[int] = set()
    most: list[int] = []

    def write(number: int) -> None:
        together.wait()
        try:
            with database.writing() as uow:
                inside.add(number)
                most.append(len(inside))
                uow.session.execute(text("SELECT 1"))
                inside.discard(number)
        except Exception as error:  # noqa: BLE001  # any refusal at all is what this looks for
            told.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == []
    assert max(most) <= (1 if database.engine.dialect.name == "sqlite" else 2)


def test_whoever_reads_sees_one_moment(database: Database, people: Cast) -> None:
    """A report that reads its figures and its comments one after the other reads both as they stood together."""
    name = select(Group.name).where(Group.id == people.group_id)
    with database.reading() as reader:
        before = reader.session.execute(name).scalar_one()
        with database.writing() as writer:
            writer.session.get_one(Group, people.group_id).name = "Another name"
        assert reader.session.execute(name).scalar_one() == before
    with database.reading() as reader:
        assert reader.session.execute(name).scalar_one() == "Another name"
    with database.writing() as writer:
        # Whoever writes reads what others have committed meanwhile: its locks are taken on what is there.
        if database.engine.dialect.name == "postgresql":
            assert writer.session.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"
