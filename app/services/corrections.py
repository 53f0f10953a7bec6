"""Minor corrections: a decision stands when two people of different blocs confirm that the meaning is unchanged."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, Forbidden, NotFound
from app.events import DecisionRecorded, ItemChanged
from app.policy import Actor, Can, access, require
from app.services import documents
from app.services.activity import note
from app.uow import UnitOfWork
from models.groups import Constituency
from models.polls import Correction, CorrectionConfirmation, Decision


def propose_correction(uow: UnitOfWork, actor: Actor, *, decision_id: int) -> Correction:
    """Say that the words as they stand now mean what was decided; the proposer is the first of two who confirm it.

    Raises NotFound, Forbidden (also for people without a constituency), Conflict when nothing has changed.
    """
    decision = access(uow.session, actor, Decision, decision_id, Can.DECISION_CORRECT)
    decision = uow.lock(Decision, decision.id)
    if decision.item_id is None or decision.words_sha256 is None:
        raise Conflict("This decision is not bound to an item's words.")
    words = documents.words_of(uow.session, decision.item_id)
    sha256 = documents.words_sha256(words)
    if sha256 == decision.words_sha256:
        raise Conflict("The words are those that were decided: there is nothing to correct.")
    known = uow.session.execute(
        select(Correction).where(Correction.decision_id == decision.id, Correction.words_sha256 == sha256)
    ).scalar_one_or_none()
    if known is not None:
        return confirm_correction(uow, actor, correction_id=known.id)
    bloc_id = _bloc_of(uow.session, actor, decision.group_id)
    correction = Correction(
        decision_id=decision.id, proposed_by_id=actor.person_id, words=dict(words), words_sha256=sha256,
        created_at=uow.now,
    )  # fmt: skip
    uow.session.add(correction)
    uow.flush()
    _confirm(uow, actor, correction, bloc_id)
    _tell(uow, actor, decision, f"called the change since decision {decision.number} a minor correction")
    return correction


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
    now = documents.words_sha256(documents.words_of(uow.session, decision.item_id or 0))
    if now != correction.words_sha256:
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
    _tell(uow, actor, decision, f"confirmed the minor correction after decision {decision.number}")
    return correction


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
