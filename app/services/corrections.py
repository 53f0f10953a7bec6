"""Minor corrections: a decision stands when two people of different blocs confirm that the meaning is unchanged."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.glossary import Glossary
from app.errors import Conflict, Forbidden, NotFound
from app.events import DecisionRecorded, ItemChanged
from app.policy import Actor, Can, access, require
from app.services import decided, documents, glossary
from app.services.activity import note
from app.services.items import SETTLED
from app.uow import UnitOfWork
from models.accounts import Person
from models.glossary import TermWording
from models.groups import Constituency
from models.items import Item
from models.polls import Correction, CorrectionConfirmation, Decision


def propose_correction(uow: UnitOfWork, actor: Actor, *, decision_id: int) -> Correction:
    """Say that the words as they stand now mean what was decided; the proposer is the first of two who confirm it.

    Raises NotFound, Forbidden (also for people without a constituency), Conflict when nothing has changed.
    """
    decision = access(uow.session, actor, Decision, decision_id, Can.DECISION_CORRECT)
    correction, is_new = _propose(uow, actor, decision)
    if is_new:
        _tell(uow, actor, decision, f"called the change since decision {decision.number} a minor correction")
    else:
        _tell(uow, actor, decision, f"confirmed the minor correction after decision {decision.number}")
    return correction


def _propose(uow: UnitOfWork, actor: Actor, decision: Decision) -> tuple[Correction, bool]:
    """A correction to what the decision would bind now, confirmed by the actor; whether they are the first to."""
    decision = uow.lock(Decision, decision.id)
    if decision.item_id is None or decision.words_sha256 is None:
        raise Conflict("This decision is not bound to an item's words.")
    words = decided.binding_now(uow.session, decision.group_id, decision.item_id)
    sha256 = documents.words_sha256(words)
    if decision.words_sha256 in decided.fingerprints(words):
        raise Conflict("The words are those that were decided: there is nothing to correct.")
    known = uow.session.execute(
        select(Correction).where(Correction.decision_id == decision.id, Correction.words_sha256 == sha256)
    ).scalar_one_or_none()
    if known is not None:
        return _second(uow, actor, decision, known), False
    bloc_id = _bloc_of(uow.session, actor, decision.group_id)
    correction = Correction(
        decision_id=decision.id, proposed_by_id=actor.person_id, words=dict(words), words_sha256=sha256,
        created_at=uow.now,
    )  # fmt: skip
    uow.session.add(correction)
    uow.flush()
    _confirm(uow, actor, correction, bloc_id)
    return correction, True


def confirm_correction(uow: UnitOfWork, actor: Actor, *, correction_id: int) -> Correction:
    """Confirm that a correction leaves the meaning unchanged; with people of two blocs, the decision stands.

    Raises NotFound, Forbidden, Conflict when the words have changed again, or for somebody of a bloc that confirmed.
    """
    correction = uow.session.get(Correction, correction_id)
    if correction is None:
        raise NotFound()
    decision = access(uow.session, actor, Decision, correction.decision_id, Can.DECISION_CORRECT)
    decision = uow.lock(Decision, decision.id)
    if correction.accepted_at is not None:
        return correction
    _second(uow, actor, decision, correction)
    _tell(uow, actor, decision, f"confirmed the minor correction after decision {decision.number}")
    return correction


def _second(uow: UnitOfWork, actor: Actor, decision: Decision, correction: Correction) -> Correction:
    """Confirm a correction of a decision that is held. Raises Forbidden, Conflict."""
    if correction.accepted_at is not None:
        return correction
    now = decided.binding_now(uow.session, decision.group_id, decision.item_id or 0)
    if documents.words_sha256(now) != correction.words_sha256:
        raise Conflict(
            "The words have changed again since this correction was proposed. Read them and propose it anew."
        )
    bloc_id = _bloc_of(uow.session, actor, decision.group_id)
    blocs = set(
        uow.session.execute(
            select(CorrectionConfirmation.bloc_id).where(CorrectionConfirmation.correction_id == correction.id)
        ).scalars()
    )
    if bloc_id in blocs:
        raise Conflict("Somebody who speaks for your side has confirmed it; the second has to come from another.")
    _confirm(uow, actor, correction, bloc_id)
    if blocs:
        correction.accepted_at = uow.now
        uow.emit(ItemChanged(decision.group_id, decision.item_id or 0))
    return correction


@dataclass(frozen=True)
class Shifted:
    """A decision whose words stand, and which shows as changed only because a term means something else now.

    ``confirmed`` are those who said that this leaves the meaning unchanged, ``blocs`` the sides they speak for.
    """

    decision: Decision
    item_id: int
    reference: str
    confirmed: Sequence[str]
    blocs: frozenset[int]


def shifted_by(uow: UnitOfWork, actor: Actor, *, term_id: int, group_id: int | None = None) -> list[Shifted]:
    """The decisions on agreed items that show as changed only by this term's change. Raises NotFound, Forbidden."""
    session = uow.session
    term = glossary.access_term(session, actor, term_id, Can.DECISION_READ, group_id=group_id)
    query = select(Item.id, Item.reference).where(Item.group_id == term.group_id, Item.status.in_(SETTLED))
    references = {id_: reference for id_, reference in session.execute(query)}  # noqa: C416  # rows, not pairs
    latest = decided.latest_decisions(session, references)
    accepted = decided.corrections_of(session, [each.id for each in latest.values()])
    terms = glossary.standing(session, term.group_id)
    names = {term.name, *session.execute(select(TermWording.name).where(TermWording.term_id == term.id)).scalars()}
    texts = documents.documents_of(session, latest)
    waiting: dict[int, tuple[Decision, str]] = {}
    for item_id, decision in latest.items():
        now = decided.binding(documents.words_in(texts.get(item_id, {})), terms)
        bound = [decision.words or {}, *(each.words for each in accepted.get(decision.id, []))]
        covered = {decision.words_sha256, *(each.words_sha256 for each in accepted.get(decision.id, []))}
        if decided.fingerprints(now).isdisjoint(covered) and any(_shifts(then, now, names, terms) for then in bound):
            waiting[item_id] = (decision, documents.words_sha256(now))
    confirmed = _confirmed(session, waiting.values())
    return [
        Shifted(
            decision, item_id, references[item_id], [name for name, _ in confirmed.get(decision.id, [])],
            frozenset(bloc for _, bloc in confirmed.get(decision.id, [])),
        )
        for item_id, (decision, _) in waiting.items()
    ]  # fmt: skip


def _shifts(then: dict[str, Any], now: dict[str, Any], names: Collection[str], terms: Glossary) -> bool:
    """Whether what is bound differs by the meaning of the one term, and by terms that only its definition uses."""
    if decided.DEFINITIONS not in then or decided.texts_of(then) != decided.texts_of(now):
        return False
    meant, means = then[decided.DEFINITIONS], now[decided.DEFINITIONS]
    differing = {each for each in {*meant, *means} if meant.get(each) != means.get(each)}
    used = terms.used_in(decided.texts_of(now).values())
    indirect = {each.name for each in terms.terms if each.id not in used}
    return not differing.isdisjoint(names) and all(
        each in names or (each in indirect and (each in meant) != (each in means)) for each in differing
    )


def _confirmed(session: Session, waiting: Iterable[tuple[Decision, str]]) -> dict[int, list[tuple[str, int]]]:
    """Who confirmed a correction to the words as they are now: name and bloc, by decision."""
    fingerprints = {decision.id: sha256 for decision, sha256 in waiting}
    rows = session.execute(
        select(Correction.decision_id, Correction.words_sha256, Person.name, CorrectionConfirmation.bloc_id)
        .join(CorrectionConfirmation, CorrectionConfirmation.correction_id == Correction.id)
        .join(Person, Person.id == CorrectionConfirmation.person_id)
        .where(Correction.decision_id.in_(fingerprints))
        .order_by(CorrectionConfirmation.at)
    )
    found: dict[int, list[tuple[str, int]]] = {}
    for decision_id, sha256, name, bloc_id in rows:
        if fingerprints[decision_id] == sha256:
            found.setdefault(decision_id, []).append((name, bloc_id))
    return found


def confirm_term(uow: UnitOfWork, actor: Actor, *, term_id: int, group_id: int | None = None) -> list[Correction]:
    """Say of all decisions that a term's change has touched, at once, that their meaning is unchanged.

    Each is a minor correction of its own, and stands once people of two blocs have said so. Raises NotFound, Forbidden,
    Conflict when nothing waits for the actor's side.
    """
    term = glossary.access_term(uow.session, actor, term_id, Can.DECISION_CORRECT, group_id=group_id)
    bloc_id = _bloc_of(uow.session, actor, term.group_id)
    shifted = shifted_by(uow, actor, term_id=term_id)
    if not shifted:
        raise Conflict("No decision shows as changed because of this term.")
    waiting = [each for each in shifted if bloc_id not in each.blocs]
    if not waiting:
        raise Conflict("Somebody who speaks for your side has confirmed it; the second has to come from another.")
    made = []
    for each in waiting:
        made.append(_propose(uow, actor, each.decision)[0])
        uow.emit(DecisionRecorded(term.group_id, each.decision.id))
    numbers = ", ".join(str(each.decision.number) for each in waiting)
    which = f"decision {numbers}" if len(waiting) == 1 else f"decisions {numbers}"
    note(uow, actor, f"said that the change of “{term.name}” leaves {which} as meant", group_id=term.group_id)
    return made


def _bloc_of(session: Session, actor: Actor, group_id: int) -> int:
    found = require(session, actor, group_id, Can.DECISION_CORRECT)
    constituency = session.get(Constituency, found.constituency_id) if found.constituency_id else None
    if constituency is None:
        raise Forbidden("Only people who speak for a constituency can confirm a correction.")
    return constituency.bloc_id


def _confirm(uow: UnitOfWork, actor: Actor, correction: Correction, bloc_id: int) -> None:
    confirmation = CorrectionConfirmation(
        correction_id=correction.id, person_id=actor.person_id, bloc_id=bloc_id, at=uow.now
    )
    uow.session.add(confirmation)
    uow.flush()


def _tell(uow: UnitOfWork, actor: Actor, decision: Decision, sentence: str) -> None:
    note(uow, actor, sentence, group_id=decision.group_id, item_id=decision.item_id, meeting_id=decision.meeting_id)
    uow.emit(DecisionRecorded(decision.group_id, decision.id))
