"""Items with words to disagree about, and ways to read and change those words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.calc.changes import replace, to_units
from app.policy import Actor
from app.services import documents, items
from app.services.practice import Lines, Script
from app.uow import Database
from models.documents import Document, Field
from models.items import Item, Kind, Status
from tests.cast import Cast

#: What a practice ground says in the beginning.
SCRIPT = Script(
    element="Nothing counts",
    draft=Lines("A number", "Whoever answers can"),
    agreed=Lines("Letters", "Letters arrive within 14 days."),
    discussed=Lines("One visit", "They agree who goes."),
    question="Who decides?",
)


def agreed(database: Database, people: Cast, words: str, *, why: str = "") -> Item:
    """An agreed core element of the first group, which members may not edit."""
    with database.writing() as uow:
        return items.add_item(
            uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title="Money", text=words, why=why,
            status=Status.AGREED,
        )  # fmt: skip


def text_of(database: Database, item_id: int, field: Field = Field.TEXT) -> Document:
    """One of an item's texts as it is stored."""
    with database.reading() as uow:
        return documents.documents_of(uow.session, [item_id])[item_id][field]


def rewrite(database: Database, who: Actor, item_id: int, words: str, field: Field = Field.TEXT) -> None:
    """Put other words in place of an item's."""
    known = text_of(database, item_id, field).id
    with database.writing() as uow:
        documents.replace_text(uow, who, uow.lock(Document, known), words)


def by_turns(
    database: Database, writers: Sequence[Actor], item_id: int, places: Iterable[int], mark: str, put_in: str = "x"
) -> None:
    """Have people put in a letter each by turns, at such places of an item's text, as editors of this ``mark``."""
    known = text_of(database, item_id).id
    with database.writing() as uow:
        text = uow.lock(Document, known)
        whole, additions = to_units(text.text), []
        for number, place in enumerate(places):
            who = writers[number % len(writers)].person_id
            at = min(place, len(whole))
            one = replace(len(whole), at, at, to_units(put_in))
            whole = one.apply(whole)
            additions.append(documents.Addition(who, f"{who}.{mark}", number, one, whole))
        documents.append(uow, text, additions)
