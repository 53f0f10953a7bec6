"""The worker: carries out jobs, one small loop; idempotent tasks, tried again when they fail."""

from __future__ import annotations

import logging
import signal
import smtplib
import threading
from collections.abc import Callable
from typing import Any

from app import jobs
from app.mail import Mail, Mailer, mailer
from app.uow import Database

log = logging.getLogger("concordat.worker")

#: A task takes the database and the payload, and opens its own transactions.
Task = Callable[[Database, dict[str, Any]], None]


class Worker:
    """Runs due jobs until told to stop."""

    def __init__(self, database: Database, *, post: Mailer | None = None) -> None:
        self.database = database
        self.post = post or mailer(database.settings)
        self.stopping = threading.Event()
        self.tasks: dict[str, Task] = {"mail": self.deliver}

    def deliver(self, database: Database, payload: dict[str, Any]) -> None:
        """Send one mail."""
        self.post.deliver(Mail(**payload))

    def step(self) -> bool:
        """Do one due job; False when there was none."""
        with self.database.writing() as uow:
            job = jobs.claim(uow)
        if job is None:
            return False
        try:
            self.tasks[job.kind](self.database, job.payload)
        except (OSError, smtplib.SMTPException, KeyError) as error:
            log.warning("job %s (%s) failed: %s", job.id, job.kind, type(error).__name__)
            with self.database.writing() as uow:
                jobs.fail(uow, job.id, f"{type(error).__name__}: {error}")
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
        while not self.stopping.is_set():
            if not self.step():
                self.stopping.wait(1.0)
