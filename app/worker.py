"""The worker: carries out jobs, one small loop; idempotent tasks, tried again when they fail."""

from __future__ import annotations

import logging
import signal
import smtplib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from app import jobs, logs
from app.mail import Mail, Mailer, mailer, passes
from app.policy import SYSTEM
from app.services import notifications, privacy, search, seats, stages, validation
from app.uow import SILENT, Database

log = logging.getLogger("concordat.worker")

#: A task takes the database and the payload, and opens its own transactions.
Task = Callable[[Database, dict[str, Any]], None]
#: Something looked for by query again and again: a deadline that has passed. Idempotent, in its own transactions.
#: It answers what there is to do, each thing apart, so that one that fails keeps no other waiting.
Periodic = Callable[[Database], Iterable[Callable[[], object]]]
PERIOD_SECONDS = 5.0
T = TypeVar("T")


def look_after_meeting(database: Database, payload: dict[str, Any]) -> None:
    """Pause a session that nobody has ended, or look again later."""
    with database.writing() as uow:
        stages.pause_if_idle(uow, SYSTEM, meeting_id=int(payload["meeting_id"]))


def close_rounds(database: Database) -> Iterator[Callable[[], object]]:
    """Close each round whose deadline has passed."""
    for round_id in validation.due(database):
        yield partial(validation.close_if_due, database, round_id)


def file_words(database: Database) -> Iterator[Callable[[], object]]:
    """Have new words found by searching; whoever searches before this does it themselves."""

    with database.reading() as uow:
        is_due = search.is_due(uow.session)
    if is_due:
        yield partial(search.file_all, database)


def ask_for_sweep(database: Database) -> Iterator[Callable[[], object]]:
    """Have what has served its time deleted, once a day however many workers look."""
    with database.reading() as uow:
        today = uow.now.date().isoformat()
        known = jobs.known(uow, f"sweep-{today}")

    def ask() -> None:
        with database.writing() as uow:
            jobs.enqueue(uow, "sweep", {}, key=f"sweep-{today}")

    if not known:
        yield ask


def sweep(database: Database, payload: dict[str, Any]) -> None:
    """Delete what has served its time."""
    with database.writing() as uow:
        gone = privacy.sweep(uow)
    log.info("swept", extra={"fields": gone})


class Worker:
    """Runs due jobs until told to stop."""

    def __init__(self, database: Database, *, post: Mailer | None = None) -> None:
        self.database = database
        self.post = post or mailer(database.settings)
        self.stopping = threading.Event()
        self.tasks: dict[str, Task] = {
            "mail": self.deliver,
            "patient_mail": self.deliver_in_peace,
            "seat_mail": self.write_to_expert,
            "meeting_idle": look_after_meeting,
            "sweep": sweep,
        }
        self.periodic: list[Periodic] = [close_rounds, notifications.look, file_words, ask_for_sweep]

    def deliver(self, database: Database, payload: dict[str, Any]) -> None:
        """Send one mail."""
        self.post.deliver(Mail(**payload))

    def deliver_in_peace(self, database: Database, payload: dict[str, Any]) -> None:
        """Send one mail to a member of a group, later while a session of it runs; not to who left it, or such mails."""
        mail, group_id = Mail(**payload["mail"]), int(payload["group_id"])
        with database.reading() as uow:
            notifications.wait_for_end(uow, group_id)
            member = payload.get("person_id")  # mails written before it was kept have none
            what = payload.get("what", "all")  # as have those before this was
            is_wanted = member is None or notifications.is_addressee(uow, group_id, int(member), what)
        if is_wanted:
            self.post.deliver(mail)

    def write_to_expert(self, database: Database, payload: dict[str, Any]) -> None:
        """Send an expert a mail about their seat; its link is made now, so that no job row ever holds it."""
        with database.reading() as uow:
            mail = seats.letter(uow, **payload)
        if mail is not None:
            self.post.deliver(mail)

    def look(self) -> None:
        """Look once for what is due by the clock; what fails is looked at again next time, and keeps nobody waiting."""
        for periodic in self.periodic:
            for act in self._tried(partial(self._found, periodic)) or ():
                self._tried(act)

    def _found(self, periodic: Periodic) -> list[Callable[[], object]]:
        return list(periodic(self.database))

    @staticmethod
    def _tried(act: Callable[[], T]) -> T | None:
        try:
            return act()
        except SILENT:
            raise
        except Exception:
            log.exception("looking for what is due failed")
            return None

    def step(self) -> bool:
        """Do one due job; False when there was none."""
        logs.request_id.set("")
        with self.database.writing() as uow:
            job = jobs.claim(uow)
            is_late = job is not None and job.until is not None and job.until < uow.now
            if job is not None and is_late:
                jobs.fail(uow, job.id, "Late: nobody is served by it any more", passes=True)
        if job is None or is_late:
            return is_late
        logs.request_id.set(f"job-{job.id}")
        try:
            self.tasks[job.kind](self.database, job.payload)
        except jobs.Later as later:
            with self.database.writing() as uow:
                jobs.postpone(uow, job.id, later.at)
        except Exception as error:
            # Whatever it was, the next job must not wait for it: noted, tried again later, in the end given up.
            expected = isinstance(error, (OSError, smtplib.SMTPException))
            log.warning("job of kind %s failed: %s", job.kind, type(error).__name__, exc_info=not expected)
            with self.database.writing() as uow:
                jobs.fail(uow, job.id, f"{type(error).__name__}: {error}", passes=passes(error))
        else:
            with self.database.writing() as uow:
                jobs.finish(uow, job.id)
        return True

    def drain(self) -> int:
        """Do all jobs that are due now; how many."""
        done = 0
        while self.step():
            done += 1
        return done

    def run(self) -> None:
        """Work until SIGTERM or SIGINT."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self.stopping.set())
        looked = -PERIOD_SECONDS
        while not self.stopping.is_set():
            try:
                if time.monotonic() - looked >= PERIOD_SECONDS:
                    self.look()
                    looked = time.monotonic()
                if not self.step():
                    self.stopping.wait(1.0)
            except SILENT as error:
                log.warning("the database does not answer: %s", type(error).__name__)
                self.stopping.wait(PERIOD_SECONDS)
