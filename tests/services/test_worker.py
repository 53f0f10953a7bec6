"""Work that waits: done once however many workers there are, tried again when it fails, forgotten when it is done."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import jobs
from app.mail import KINDS, Mail, send
from app.services import privacy, stages
from app.uow import Database
from app.worker import Worker
from models.jobs import Job
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall


class Post:
    """A mailer that keeps what it was given, and fails as often as it is told to."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.delivered: list[Mail] = []
        self.failures = failures
        self.error = error or ConnectionRefusedError("nobody listens")

    def deliver(self, mail: Mail) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error
        self.delivered.append(mail)


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


def ask(database: Database, *subjects: str, key: str | None = None) -> None:
    for subject in subjects:
        with database.writing() as uow:
            send(uow, Mail("one@example.org", subject, "Open https://here/sign-in/link/abcdef\n"), key=key)


def rows(database: Database) -> list[Job]:
    with database.reading() as uow:
        return list(uow.session.execute(select(Job).order_by(Job.id)).scalars())


def test_two_workers_do_each_job_once(database: Database) -> None:
    ask(database, *(f"number {n}" for n in range(12)))
    post = Post()
    both = threading.Barrier(2)

    def work() -> None:
        both.wait()
        Worker(database, post=post).drain()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail.subject for mail in post.delivered) == sorted(f"number {n}" for n in range(12))
    assert all(job.done_at for job in rows(database))


def test_asking_twice_by_the_same_key_asks_once_even_at_the_same_moment(database: Database) -> None:
    both = threading.Barrier(2)

    def enqueue() -> None:
        both.wait()
        ask(database, "once", key="the same")

    threads = [threading.Thread(target=enqueue) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ask(database, "again", key="the same")
    assert [job.payload["subject"] for job in rows(database)] == ["once"]


@pytest.mark.parametrize("error", [ConnectionRefusedError("no"), ZeroDivisionError("a bug of ours")])
def test_what_fails_is_tried_again_later_and_does_not_hold_up_the_rest(
    database: Database, clock: SetClock, error: Exception
) -> None:
    ask(database, "first", "second")
    post = Post(failures=1, error=error)
    worker = Worker(database, post=post)
    assert worker.drain() == 2
    assert [mail.subject for mail in post.delivered] == ["second"]
    assert worker.drain() == 0, "not before its time"
    clock.advance(seconds=31)
    assert worker.drain() == 1
    assert [mail.subject for mail in post.delivered] == ["second", "first"]


def refused(code: int) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({"one@example.org": (code, b"not this one")})


@pytest.mark.parametrize("error", [ZeroDivisionError("ours"), refused(550), smtplib.SMTPDataError(554, b"spam")])
def test_what_never_works_is_given_up_and_forgotten(database: Database, clock: SetClock, error: Exception) -> None:
    ask(database, "never")
    worker = Worker(database, post=Post(failures=1000, error=error))
    for _ in range(jobs.MAX_ATTEMPTS + 3):
        worker.drain()
        clock.advance(hours=3)
    (job,) = rows(database)
    assert (job.attempts, job.failed_at is not None, job.payload) == (jobs.MAX_ATTEMPTS, True, {})
    assert type(error).__name__ in job.error


@pytest.mark.parametrize(
    "error", [ConnectionRefusedError("away"), refused(451), smtplib.SMTPAuthenticationError(535, b"changed")]
)
def test_a_mail_server_that_is_away_over_a_long_weekend_loses_no_mail(
    database: Database, clock: SetClock, error: Exception
) -> None:
    ask(database, "late")
    post = Post(failures=1000, error=error)
    worker = Worker(database, post=post)
    for _ in range(24 * 6):
        worker.drain()
        clock.advance(hours=1)
    with database.reading() as uow:
        found = jobs.trouble(uow, KINDS)
    assert found is not None
    assert (found.waiting, found.given_up, found.reason) == (1, 0, type(error).__name__)
    assert 24 * 6 <= 1000 - post.failures < 24 * 6 + 10, "once an hour, and some times in the first"
    post.failures = 0
    worker.drain()
    assert [mail.subject for mail in post.delivered] == ["late"]
    with database.reading() as uow:
        assert jobs.trouble(uow, KINDS) is None


def test_a_mail_that_serves_nobody_any_more_is_given_up_and_the_administrator_is_told(
    database: Database, clock: SetClock
) -> None:
    with database.writing() as uow:
        send(uow, Mail("one@example.org", "sign in", "a link\n"), until=uow.now + timedelta(minutes=15))
    ask(database, "an invitation")
    post = Post(failures=1000)
    worker = Worker(database, post=post)
    for _ in range(60):
        worker.drain()
        clock.advance(minutes=1)
    short, long = rows(database)
    assert (short.failed_at is not None, short.payload, long.failed_at) == (True, {}, None)
    clock.advance(days=8)
    worker.drain()
    assert [job.failed_at is not None for job in rows(database)] == [True, True]
    with database.writing() as uow:
        send(uow, Mail("one@example.org", "slow", "a link\n"), until=uow.now + timedelta(minutes=15))
    clock.advance(minutes=16)
    post.failures = 0
    worker.drain()
    assert post.delivered == [], "no worker was there in time"
    with database.reading() as uow:
        found = jobs.trouble(uow, KINDS)
    assert (found and (found.waiting, found.since, found.given_up)) == (0, None, 3)


def test_the_reason_said_is_that_of_the_latest_failure(database: Database, clock: SetClock) -> None:
    ask(database, "an invitation")
    post = Post(failures=1000)
    worker = Worker(database, post=post)
    worker.drain()
    clock.advance(minutes=20)
    with database.writing() as uow:
        send(uow, Mail("one@example.org", "sign in", "a link\n"), until=uow.now + timedelta(seconds=10))
    worker.drain()

    def reason() -> str:
        with database.reading() as uow:
            found = jobs.trouble(uow, KINDS)
        return found.reason if found is not None else ""

    assert reason() == "ConnectionRefusedError"
    for minutes, error in ((30, refused(451)), (90, smtplib.SMTPAuthenticationError(535, b"changed"))):
        clock.advance(minutes=minutes)
        post.error = error
        worker.drain()
        assert reason() == type(error).__name__, "the newest mail was given up long before"
    with database.writing() as uow:
        send(uow, Mail("one@example.org", "sign in", "a link\n"), until=uow.now + timedelta(seconds=10))
    clock.advance(minutes=1)
    worker.drain()
    assert reason() == "Late", "and what was given up since is later"


def test_a_failure_is_as_old_as_it_is_however_long_its_mail_is_then_put_back(hall: Hall, clock: SetClock) -> None:
    def write(member_id: int | None = None) -> None:
        with hall.database.writing() as uow:
            letter = Mail("ana@example.org", "a day", "It is on Monday.\n")
            send(uow, letter, group_id=hall.group_id if member_id else None, member_id=member_id)

    def reason() -> str:
        with hall.database.reading() as uow:
            found = jobs.trouble(uow, KINDS)
        return found.reason if found is not None else ""

    def sent() -> int:
        return sum(mail.subject == "a day" for mail in post.delivered)

    post = Post(failures=2)
    worker = Worker(hall.database, post=post)
    write(hall.who["Ana"].person_id)
    worker.drain()
    hall.open("Ana")
    hall.advance()
    clock.advance(minutes=1)
    write()
    post.error = refused(451)
    worker.drain()
    assert (post.failures, reason()) == (0, "SMTPRecipientsRefused"), "the other was put back, and failed before it"
    clock.advance(minutes=1, seconds=59)
    worker.drain()
    assert (reason(), sent()) == ("ConnectionRefusedError", 1)
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    worker.drain()
    assert sent() == 1, "it is looked at again after two minutes, not before"
    clock.advance(seconds=1)
    worker.drain()
    assert (reason(), sent()) == ("", 2)


def test_a_job_lost_with_its_worker_is_done_by_another(database: Database, clock: SetClock) -> None:
    ask(database, "lost")
    with database.writing() as uow:
        assert jobs.claim(uow) is not None
    post = Post()
    assert Worker(database, post=post).drain() == 0
    clock.now += jobs.CLAIM_LASTS + timedelta(seconds=1)
    assert Worker(database, post=post).drain() == 1
    assert [mail.subject for mail in post.delivered] == ["lost"]


def test_a_sent_mail_leaves_neither_link_nor_address(database: Database) -> None:
    ask(database, "with a link")
    Worker(database, post=Post()).drain()
    (job,) = rows(database)
    assert (job.kind, job.payload, job.error) == ("mail", {}, "")


def test_the_sweep_runs_once_a_day_whoever_looks(database: Database, clock: SetClock) -> None:
    def sweeps() -> list[Job]:
        return [job for job in rows(database) if job.kind == "sweep"]

    for _ in range(3):
        for worker in (Worker(database, post=Post()), Worker(database, post=Post())):
            worker.look()
            worker.drain()
    assert [job.done_at is not None for job in sweeps()] == [True]
    clock.advance(days=1)
    worker.look()
    worker.drain()
    assert len(sweeps()) == 2
    clock.now += privacy.MAILS_KEPT
    worker.look()
    worker.drain()
    assert len(sweeps()) == 2, "the sweep's own old jobs go as all finished work does"


def test_what_fails_by_the_clock_keeps_nothing_else_waiting(database: Database) -> None:
    worker, looked = Worker(database, post=Post()), []

    def broken() -> None:
        raise KeyError("a fault of ours")

    def cannot_look(_database: Database) -> Iterator[Callable[[], object]]:
        yield broken()  # type: ignore[misc]  # it never gets so far

    def finds_two(found_in: Database) -> list[Callable[[], object]]:
        return [broken, lambda: looked.append(found_in)]

    worker.periodic = [cannot_look, finds_two]
    worker.look()
    assert looked == [database]
