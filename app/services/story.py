"""The demonstration's story, told through the same use cases that people use."""

from __future__ import annotations

from sqlalchemy import select

from app.uow import Database
from models.groups import Group


def tell_once(database: Database) -> bool:
    """Tell the story if the database has no group yet; whether it was told now."""
    with database.reading() as uow:
        if uow.session.execute(select(Group.id)).first() is not None:
            return False
    return False
