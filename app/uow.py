"""The transaction as an object: opened by a shell, one per use case; facts leave after the commit."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from threading import Semaphore
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from app.clock import Clock, utc_now
from app.config import Settings
from app.errors import Conflict, Full, NotFound
from app.events import Bus, Fact
from app.secrets import Keys
from models.base import Base

T = TypeVar("T", bound=Base)

#: What is raised when the database does not answer, or not in time, or when no connection to it becomes free; the
#: transaction left nothing behind.
SILENT = (OperationalError, InterfaceError, PoolTimeout)
#: PostgreSQL's words for a full disk and for a row that is there already (its appendix "Error Codes").
DISK_FULL, NOT_UNIQUE = "53100", "23505"
#: How long a connection to PostgreSQL may rest before it is asked whether the server is still there.
REST_SECONDS = 1.0
#: How long a writer waits for its turn, and on SQLite for another process.
BUSY_SECONDS = 5


@dataclass
class UnitOfWork:
    """One transaction: its session, the moment it counts as now, the keys, and the facts it will announce."""

    session: Session
    now: datetime
    keys: Keys
    settings: Settings
    _facts: dict[Hashable, Fact] = field(default_factory=dict)

    @property
    def facts(self) -> list[Fact]:
        """What will be announced after the commit, in that order."""
        return list(self._facts.values())

    def emit(self, fact: Fact) -> None:
        """Announce a fact after the commit: once, and of several about one subject the last."""
        if self._facts.get(fact.subject) != fact:
            self._facts.pop(fact.subject, None)  # so that the new one stands last
            self._facts[fact.subject] = fact

    def forget_facts(self) -> None:
        """Announce nothing of what has happened so far: nobody listens."""
        self._facts.clear()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What is done within is taken back at its end, and nothing of it announced: to tell what would come of it."""
        facts = dict(self._facts)
        trial = self.session.begin_nested()
        try:
            yield
        finally:
            trial.rollback()
            self._facts.clear()
            self._facts.update(facts)

    def lock(self, model: type[T], id_: int) -> T:
        """Load a row fresh and hold it against other writers until the end of the transaction.

        Rows that merely refer to it may be written meanwhile (key_share): two use cases that hold different rows and
        each note a line of activity about the group would else wait for each other. On SQLite the whole database is
        held already (BEGIN IMMEDIATE). Raises NotFound when there is none.
        """
        statement = select(model).where(model.__table__.c.id == id_).with_for_update(key_share=True)
        row = self.session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
        if row is None:
            raise NotFound()
        return row

    def lock_all(self, model: type[T], ids: Iterable[int]) -> list[T]:
        """As ``lock`` for several rows, taken in the order of their ids; answered in that order too."""
        column = model.__table__.c.id
        statement = select(model).where(column.in_(set(ids))).order_by(column).with_for_update(key_share=True)
        return list(self.session.execute(statement.execution_options(populate_existing=True)).scalars())

    def flush(self) -> None:
        """Send pending rows so that their ids are known."""
        self.session.flush()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # SQLAlchemy's BEGIN below, not the driver's
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "trusted_schema=OFF",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _ask_after_a_rest(engine: Engine) -> None:
    """Before a connection that has rested is used, ask whether the server is still there; else take a new one.

    SQLAlchemy's own way (pool_pre_ping) asks before each use, a seventh of the way there and back of saving a rating.
    """

    @event.listens_for(engine, "checkin")
    def on_checkin(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def on_checkout(connection: Any, record: ConnectionPoolEntry, proxy: object) -> None:
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) < REST_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError() from error


@cache
def make_engine(url: str) -> Engine:
    """The engine of this address, with the durability this product promises: what is committed has been synced to disk.

    There is one for each address in a process, since what SQLAlchemy has compiled for one engine no other can use.
    """
    if url.startswith("sqlite"):
        engine = create_engine(
            url, pool_size=20, max_overflow=200, hide_parameters=True, connect_args={"check_same_thread": False}
        )
        _prepare_sqlite(engine)
        return engine
    options = "-c synchronous_commit=on -c statement_timeout=30000 -c lock_timeout=10000"
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=30,
        hide_parameters=True,  # they hold addresses and hashes, and errors are logged
        connect_args={"options": options, "connect_timeout": 5},
    )
    _ask_after_a_rest(engine)
    return engine


@cache
def _turns(url: str) -> Semaphore:
    """Where the threads of this process wait before they write.

    SQLite takes one writer at a time and lets one that comes too early sleep and ask again: with fifty waiting, the
    file lies idle while all sleep. With PostgreSQL the threads of one process take Python's one lock from each other at
    every answer of the database, and more than two writers at once store less than two (docs/performance.md).
    """
    return Semaphore(1 if url.startswith("sqlite") else 2)


class Database:
    """The one way to the database. Create it once per process; ``close`` it at the end."""

    def __init__(self, settings: Settings, *, bus: Bus | None = None, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.bus = bus or Bus()
        self.clock = clock
        self.keys = Keys(settings.secret)
        self.engine = make_engine(settings.database_url)

    @contextmanager
    def writing(self) -> Iterator[UnitOfWork]:
        """A transaction that may write: committed at the end, rolled back on any error; then facts are published."""
        turns = _turns(self.settings.database_url)
        took = turns.acquire(timeout=BUSY_SECONDS)  # in vain: the database itself decides who waits for whom
        uow = self._unit(writing=True)  # its moment is now, and not when it began to wait
        try:
            yield uow
            uow.session.commit()
        except OperationalError as error:
            uow.session.rollback()
            if "disk is full" in str(error.orig) or getattr(error.orig, "sqlstate", None) == DISK_FULL:
                raise Full("The server's disk is full. Nothing was changed; please tell whoever runs it.") from error
            raise
        except IntegrityError as error:
            uow.session.rollback()
            if getattr(error.orig, "sqlstate", None) == NOT_UNIQUE:  # two passed a check at once; the wall stops one
                raise Conflict(
                    "Somebody did the same at the same moment. Look at how it stands now, and try again if needed.",
                    code="at_once",
                ) from error
            raise
        except BaseException:
            uow.session.rollback()
            raise
        finally:
            uow.session.close()
            if took:
                turns.release()
        self.bus.publish(uow.facts)

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """A transaction for looking only, never committed; it sees one moment, and what was loaded stays readable."""
        uow = self._unit(writing=False)
        try:
            yield uow
        finally:
            uow.session.close()  # rolls back; rollback() itself would first expire all that was loaded

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A plain connection that sees one consistent moment for as long as it is open: for backups."""
        with self.engine.connect() as connection:
            yield connection.execution_options(**self._one_moment())

    def _one_moment(self) -> dict[str, str]:
        """What makes all statements of a transaction see the same moment: of SQLite they do so anyway."""
        return {} if self.engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}

    def _unit(self, *, writing: bool) -> UnitOfWork:
        bind = self.engine.execution_options(writing=writing, **({} if writing else self._one_moment()))
        session = Session(bind=bind, expire_on_commit=False, autoflush=True)
        return UnitOfWork(session=session, now=self.clock(), keys=self.keys, settings=self.settings)

    def answers(self) -> bool:
        """Whether the database can be reached and read."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except (DBAPIError, PoolTimeout):
            return False
        return True

    def close(self) -> None:
        """Return all connections."""
        self.engine.dispose()
