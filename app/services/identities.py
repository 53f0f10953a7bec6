"""Who sits on a seat: the one place that leads from an expert's row to a name and back, by a key made of the secret.

The table of identities holds no id of an expert, only a keyed hash of it. So whoever has the database without the
server's secret (an operator with a copy, a thief with a backup) has names, and has answers, but not whose they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select

from app.errors import NotFound
from app.secrets import Keys
from app.uow import UnitOfWork
from models.validation import ExpertIdentity


def key_of(keys: Keys, expert_id: int) -> str:
    """The key of an expert's identity, which only this server can make from the expert's id."""
    return keys.hash("identity", str(expert_id))


def remember(uow: UnitOfWork, *, expert_id: int, name: str, email: str, role: str = "") -> None:
    """Keep who sits on a seat."""
    key = key_of(uow.keys, expert_id)
    uow.session.add(ExpertIdentity(key=key, name=name, email=email, role=role, organisation=""))
    uow.flush()


def correct(uow: UnitOfWork, *, expert_id: int, name: str, email: str, role: str) -> ExpertIdentity:
    """Keep who sits on a seat under a corrected name, address or role. Raises NotFound for one who was forgotten."""
    found = identity_of(uow, expert_id)
    if found is None:
        raise NotFound()
    found.name, found.email, found.role = name, email, role
    uow.flush()
    return found


def forget(uow: UnitOfWork, expert_ids: Iterable[int]) -> int:
    """Delete who sat on some seats; the answers stay, without a name. How many were known."""
    keys = [key_of(uow.keys, expert_id) for expert_id in expert_ids]
    gone = delete(ExpertIdentity).where(ExpertIdentity.key.in_(keys)).execution_options(synchronize_session="fetch")
    return uow.session.execute(gone).rowcount  # type: ignore[attr-defined, no-any-return]  # DELETE counts


def identities_of(uow: UnitOfWork, expert_ids: Iterable[int]) -> dict[int, ExpertIdentity]:
    """Who sits on some seats, by the expert's id; without those that were forgotten, or kept under another secret."""
    by_key = {key_of(uow.keys, expert_id): expert_id for expert_id in expert_ids}
    rows = uow.session.execute(select(ExpertIdentity).where(ExpertIdentity.key.in_(by_key))).scalars()
    return {by_key[row.key]: row for row in rows}


def identity_of(uow: UnitOfWork, expert_id: int) -> ExpertIdentity | None:
    """Who sits on one seat, or None."""
    return uow.session.get(ExpertIdentity, key_of(uow.keys, expert_id))
