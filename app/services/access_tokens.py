"""Personal access tokens for scripts: shown once, stored as a keyed hash, listed and revoked by their owner."""

from __future__ import annotations

from sqlalchemy import select

from app.errors import Invalid, NotFound
from app.policy import Actor
from app.secrets import new_token
from app.uow import UnitOfWork
from models.accounts import AccessToken, Person

MOST = 20


def create_token(uow: UnitOfWork, actor: Actor, *, label: str) -> str:
    """A new token for the actor. Raises Invalid when there are too many already, or the label is too long."""
    return issue_token(uow, person_id=actor.person_id or 0, label=label)


def issue_token(uow: UnitOfWork, *, person_id: int, label: str) -> str:
    """A new token for a person, as the command line makes it. Raises NotFound, Invalid."""
    if uow.session.get(Person, person_id) is None:
        raise NotFound()
    label = " ".join(label.split())
    if len(label) > 100:
        raise Invalid("Use at most 100 characters", fields={"label": "Use at most 100 characters"})
    if len(tokens_of(uow, person_id)) >= MOST:
        sentence = f"You have {MOST} tokens already. Revoke one first"
        raise Invalid(sentence, fields={"label": sentence})
    token = "cdt_" + new_token()
    uow.session.add(
        AccessToken(
            person_id=person_id, label=label, token_hash=uow.keys.hash("access_token", token), created_at=uow.now
        )
    )
    return token


def tokens_of(uow: UnitOfWork, person_id: int) -> list[AccessToken]:
    """A person's tokens that still work, the newest first."""
    rows = select(AccessToken).where(AccessToken.person_id == person_id, AccessToken.revoked_at.is_(None))
    return list(uow.session.execute(rows.order_by(AccessToken.id.desc())).scalars())


def revoke_token(uow: UnitOfWork, actor: Actor, *, token_id: int) -> None:
    """Revoke one of the actor's own tokens. Raises NotFound for another's."""
    row = uow.session.get(AccessToken, token_id)
    if row is None or row.person_id != actor.person_id:
        raise NotFound()
    row.revoked_at = row.revoked_at or uow.now
