"""What a decision binds: an item's words, and what the group's defined terms in them meant.

A poll, a decision and a minor correction keep both, under one fingerprint, so that a term given another meaning shows
as a change of what was decided, like any other. Decisions older than the glossary bind words alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.glossary import Glossary
from app.services import glossary
from app.services.documents import WORDS, words_of, words_sha256
from models.polls import Correction, Decision

#: Where the meanings stand beside the item's texts: name of a term to its definition.
DEFINITIONS = "definitions"


def binding(words: dict[str, str], terms: Glossary) -> dict[str, Any]:
    """An item's words with the definitions that they use, those that definitions use included."""
    return {**words, DEFINITIONS: terms.definitions_in(words.values())}


def binding_now(session: Session, group_id: int, item_id: int) -> dict[str, Any]:
    """What a decision on an item would bind at this moment."""
    return binding(words_of(session, item_id), glossary.standing(session, group_id))


def texts_of(bound: Mapping[str, Any]) -> dict[str, str]:
    """The words alone of what is bound."""
    return {field.value: bound.get(field.value, "") for field in WORDS}


def fingerprints(bound: dict[str, Any]) -> set[str]:
    """What stands in a decision taken on this: with its meanings, or, in one older than the glossary, without."""
    return {words_sha256(bound), words_sha256(texts_of(bound))}


def is_covered(words: dict[str, str], terms: Glossary, covered: Collection[str]) -> bool:
    """Whether words, as they and their terms stand, are among those whose fingerprints are given."""
    return not fingerprints(binding(words, terms)).isdisjoint(covered)


def latest_decisions(
    session: Session, item_ids: Iterable[int], *, until: datetime | None = None
) -> dict[int, Decision]:
    """For items with a decision on their words: the latest, of those until a moment."""
    query = select(Decision).where(Decision.item_id.in_(list(item_ids)), Decision.words_sha256.is_not(None))
    if until is not None:
        query = query.where(Decision.decided_at <= until)
    ordered = session.execute(query.order_by(Decision.number)).scalars()
    return {each.item_id: each for each in ordered if each.item_id is not None}


def corrections_of(
    session: Session, decision_ids: Iterable[int], *, until: datetime | None = None
) -> dict[int, list[Correction]]:
    """The minor corrections that were accepted, until a moment, by decision."""
    query = select(Correction).where(
        Correction.decision_id.in_(list(decision_ids)), Correction.accepted_at.is_not(None)
    )
    if until is not None:
        query = query.where(Correction.accepted_at <= until)
    found: dict[int, list[Correction]] = {}
    for each in session.execute(query.order_by(Correction.id)).scalars():
        found.setdefault(each.decision_id, []).append(each)
    return found


def covered_words(session: Session, group_id: int) -> dict[int, set[str]]:
    """For every item with a decision on its words: the fingerprints that its latest decision covers.

    Those of what it was taken on, and of minor corrections that were accepted since.
    """
    rows = session.execute(
        select(Decision.item_id, Decision.number, Decision.words_sha256, Correction.words_sha256)
        .outerjoin(Correction, (Correction.decision_id == Decision.id) & Correction.accepted_at.is_not(None))
        .where(Decision.group_id == group_id, Decision.item_id.is_not(None), Decision.words_sha256.is_not(None))
        .order_by(Decision.number)
    )
    latest: dict[int, tuple[int, set[str]]] = {}
    for item_id, number, words, corrected in rows:
        if item_id is None or words is None:
            continue
        if latest.get(item_id, (0, set()))[0] != number:
            latest[item_id] = (number, {words})
        if corrected is not None:
            latest[item_id][1].add(corrected)
    return {item_id: hashes for item_id, (_, hashes) in latest.items()}
