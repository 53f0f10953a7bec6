"""Work to be done after a use case: a row written with it, claimed by the worker, tried again when it fails."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from app.uow import UnitOfWork
from models.jobs import Job

log = logging.getLogger("concordat.jobs")

#: A claimed job that has not reported back for this long was lost with its worker and is claimed again.
CLAIM_LASTS = timedelta(minutes=5)
#: What fails by a fault of its own is given up after so many times.
MAX_ATTEMPTS = 8
#: What fails by a fault that passes, such as a mail server that is down, is tried for as long as this: a long weekend
#: and the days in which somebody notices.
TRIED_FOR = timedelta(days=7)
SOONEST, LATEST = timedelta(seconds=30), timedelta(hours=1)


class Later(Exception):
    """A task that finds the moment wrong asks to be done at another; it does not count as tried."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at.isoformat())
        self.at = at


def enqueue(
    uow: UnitOfWork,
    kind: str,
    payload: dict[str, Any],
    *,
    key: str | None = None,
    run_at: datetime | None = None,
    until: datetime | None = None,
    lane: str | None = None,
    group_id: int | None = None,
) -> bool:
    """Ask the worker for a piece of work after this transaction commits; the same ``key`` asks only once.

    ``until`` is when it serves nobody any more; in one ``lane`` nothing is done before what was asked for earlier.
    Answers whether it was not asked for before.
    """
    job = Job(
        kind=kind,
        key=key,
        payload=payload,
        group_id=group_id,
        created_at=uow.now,
        run_at=run_at or uow.now,
        until=until,
        lane=lane,
    )
    if key is None:
        uow.session.add(job)
        return True
    if known(uow, key):
        return False
    try:
        with uow.session.begin_nested():
            uow.session.add(job)
    except IntegrityError:
        log.debug("job %s was asked for by somebody else at the same moment", kind)
        return False
    return True


def known(uow: UnitOfWork, key: str) -> bool:
    """Whether work with this ``key`` was asked for, done or not."""
    return uow.session.execute(select(Job.id).where(Job.key == key)).first() is not None


def claim(uow: UnitOfWork) -> Job | None:
    """Take the next due job for this worker, or None. Two workers never take the same one."""
    ahead = aliased(Job)
    due = (
        select(Job.id)
        .where(
            Job.done_at.is_(None),
            Job.failed_at.is_(None),
            Job.run_at <= uow.now,
            Job.attempts < MAX_ATTEMPTS,
            (Job.claimed_at.is_(None)) | (Job.claimed_at <= uow.now - CLAIM_LASTS),
            ~exists().where(
                ahead.lane == Job.lane,
                ahead.id < Job.id,
                ahead.done_at.is_(None),
                ahead.failed_at.is_(None),
                ahead.attempts < MAX_ATTEMPTS,
            ),
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = update(Job).where(Job.id == due).values(claimed_at=uow.now, attempts=Job.attempts + 1).returning(Job)
    return uow.session.execute(statement.execution_options(synchronize_session=False)).scalar_one_or_none()


def finish(uow: UnitOfWork, job_id: int) -> None:
    """Note that a job is done; what it was about is forgotten, since mails hold addresses and links."""
    uow.session.execute(update(Job).where(Job.id == job_id).values(done_at=uow.now, error="", payload={}))


def postpone(uow: UnitOfWork, job_id: int, at: datetime) -> None:
    """Put a claimed job back for a later moment, as if it had not been tried."""
    job = uow.session.get_one(Job, job_id)
    # Its claim is over then. ``run_at`` stays: it tells when the job failed the last time, if it did.
    job.claimed_at, job.attempts = at - CLAIM_LASTS, max(0, job.attempts - 1)


def fail(uow: UnitOfWork, job_id: int, error: str, *, passes: bool) -> None:
    """Note that a job failed, and try again when it is twice as old, or after an hour.

    A fault that ``passes`` is waited out, for TRIED_FOR or until the job serves nobody; any other is given up after
    MAX_ATTEMPTS. What was given up is forgotten but for its kind and the error.
    """
    job = uow.session.get_one(Job, job_id)
    job.error = error[:2000]
    job.claimed_at = None
    again = uow.now + min(max(SOONEST, uow.now - job.created_at), LATEST)
    if passes:
        job.attempts -= 1
        is_over = again > (job.until or job.created_at + TRIED_FOR)
    else:
        is_over = job.attempts >= MAX_ATTEMPTS
    if is_over:
        job.failed_at = uow.now
        job.payload = {}
    else:
        job.run_at = again


@dataclass(frozen=True)
class Trouble:
    """How the work stands that did not succeed: what is tried again, since when, and what was given up lately."""

    waiting: int
    since: datetime | None
    given_up: int
    #: What the latest failure said, without the rest of its words, which may name somebody.
    reason: str


def trouble(uow: UnitOfWork, kinds: Collection[str]) -> Trouble | None:
    """What of some kinds was tried and did not succeed, or None where all went well."""
    tried = select(Job).where(Job.kind.in_(kinds), Job.done_at.is_(None), Job.error != "")
    tried = tried.order_by(Job.created_at, Job.id)
    rows = uow.session.execute(tried).scalars().all()
    waiting = [job for job in rows if job.failed_at is None]
    if not rows:
        return None
    since = waiting[0].created_at if waiting else None
    latest = max(rows, key=_failed)
    return Trouble(len(waiting), since, len(rows) - len(waiting), latest.error.partition(":")[0])


def _failed(job: Job) -> datetime:
    """When a job failed the last time: what is tried again says it by the moment that ``fail`` has given it."""
    if job.failed_at is not None:
        return job.failed_at
    return job.run_at - min(max(SOONEST, (job.run_at - job.created_at) / 2), LATEST)
