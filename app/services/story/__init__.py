"""The demonstration's story, told through the same use cases that people use.

It is told in one transaction, with a clock that stands in 2015: whole, or not at all. Interrupted, it leaves nothing,
and the next start tells it from the beginning; ``concordat demo --reset`` empties the database and begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services.story import blueprint, glossary, library, people, rounds, sessions
from app.services.story.telling import Teller, read_content
from app.uow import Database
from models.groups import Group

Chapter = Callable[[Teller], None]
#: The chapters in their order; each stands on those before it.
CHAPTERS: Sequence[Chapter] = (
    people.tell,
    library.tell,
    blueprint.begin,
    glossary.tell,
    sessions.first,
    blueprint.go_on,
    sessions.second,
    rounds.first,
    sessions.since,
    rounds.second,
)


def tell_once(database: Database, chapters: Sequence[Chapter] = CHAPTERS) -> bool:
    """Tell the story if the database has no group yet; whether it was told now."""
    with database.reading() as uow:
        if _has_begun(uow.session):
            return False
    content = read_content()
    with database.writing() as uow:
        if _has_begun(uow.session):  # somebody else told it meanwhile
            return False
        teller = Teller(uow, content, today=uow.now)
        for chapter in chapters:
            chapter(teller)
        teller.end()
    return True


def _has_begun(session: Session) -> bool:
    return session.execute(select(Group.id).limit(1)).first() is not None
