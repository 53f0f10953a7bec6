"""Work to be done after a use case: a row written with it, claimed by the worker, tried again when it fails."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.uow import UnitOfWork
from models.jobs import Job

log = logging.getLogger("concordat.jobs")

#: A claimed job that has not reported back for this long was lost with its worker and is claimed again.
CLAIM_LASTS = timedelta(minutes=5)
MAX_ATTEMPTS = 8


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
    group_id: int | None = None,
) -> bool:
    """Ask the worker for a piece of work after this transaction commits; the same ``key`` asks only once.

    Whether it was not asked for before.
    """
    job = Job(kind=kind, key=key, payload=payload, group_id=group_id, created_at=uow.now, run_at=run_at or uow.now)
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
    due = (
        select(Job.id)
        .where(
            Job.done_at.is_(None),
            Job.failed_at.is_(None),
            Job.run_at <= uow.now,
            Job.attempts < MAX_ATTEMPTS,
            (Job.claimed_at.is_(None)) | (Job.claimed_at < uow.now - CLAIM_LASTS),
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
    job.claimed_at, job.run_at, job.attempts = None, at, max(0, job.attempts - 1)


def fail(uow: UnitOfWork, job_id: int, error: str) -> None:
    """Note that a job failed; try again later, each time after twice as long, and give up after MAX_ATTEMPTS.

    What was given up is forgotten but for its kind and the error: by then its links have expired.
    """
    job = uow.session.get_one(Job, job_id)
    job.error = error[:2000]
    job.claimed_at = None
    if job.attempts >= MAX_ATTEMPTS:
        job.failed_at = uow.now
        job.payload = {}
    else:
        job.run_at = uow.now + timedelta(seconds=15 * 2**job.attempts)
