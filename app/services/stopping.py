"""What the stop rule of a protocol says after a round: whether another is called for, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.stopping import Ruling, Standing, StopRule, decide
from app.services.rounds import protocol_of, rated_items
from app.services.verdicts import Figures, figures_of, is_open, stand_of, stored_result
from app.services.versions import items_of
from models.items import Kind
from models.validation import Round, RoundState


def ruling_of(session: Session, round_: Round, here: Mapping[str, Sequence[Figures]]) -> Ruling | None:
    """What the rule says after a round with the figures ``here``, by reference; None where it has none but words.

    Counted are the items of the round's version that were rated in this round or one before, each as it stood when it
    was last rated. One that was reworded since is open: nobody has rated what it says now.
    """
    rule = protocol_of(round_).stop
    if rule is None:
        return None
    now = {item.reference: item.words_sha256 for item in items_of(session, round_.version_id)}
    found = {reference: _standing(figures) for reference, figures in here.items()}
    for before in _earlier(session, round_):
        found = _rated_in(session, before, now) | found
    return decide(rule, round_.number, list(found.values()))


def ruling_after(session: Session, round_: Round, version_id: int | None = None) -> Ruling | None:
    """What the rule says after a closed round; with ``version_id`` of a later version, about the items as they read
    there: what is new in it, or reads otherwise, is open."""
    rule = protocol_of(round_).stop
    if rule is None:
        return None
    items = items_of(session, version_id or round_.version_id)
    now = {item.reference: item.words_sha256 for item in items}
    found: dict[str, Standing] = {}
    for each in (round_, *_earlier(session, round_)):
        found = _rated_in(session, each, now) | found
    if version_id not in {None, round_.version_id}:
        new = (item.reference for item in items if item.kind is Kind.CRITERION)
        found = dict.fromkeys(new, Standing(agreed=False, open=True)) | found
    return decide(rule, round_.number, list(found.values()))


def _rated_in(session: Session, round_: Round, now: Mapping[str, str]) -> dict[str, Standing]:
    """How the items of a closed round stand by it, of those in ``now`` (reference to fingerprint of the words)."""
    stored = stored_result(session, round_)
    return {
        item.reference: _standing(list(figures_of(round_, stored, item.reference).values()))
        if item.words_sha256 == now[item.reference]
        else Standing(agreed=False, open=True)
        for item in rated_items(session, round_.id)
        if item.reference in now
    }


def _earlier(session: Session, round_: Round) -> list[Round]:
    """The closed rounds of the same panel before this one, the latest first."""
    query = (
        select(Round)
        .where(Round.panel_id == round_.panel_id, Round.number < round_.number, Round.state == RoundState.CLOSED)
        .order_by(Round.number.desc())
    )
    return list(session.execute(query).scalars())


def _standing(figures: Sequence[Figures]) -> Standing:
    moving = [each.movement.stable if each.movement else None for each in figures if not each.is_settled]
    return Standing(agreed=stand_of(figures) == "agreed", open=is_open(figures), stable=tuple(moving))


def rule_words(rule: StopRule | None, more: str) -> str:
    """A stop rule as people read it, with the words a protocol adds to it."""
    if rule is None:
        return more
    sooner = ["no item is left without agreement"]
    if rule.enough is not None:
        sooner.append(f"at least {rule.enough} % of the items are agreed")
    if rule.when_stable:
        sooner.append("the answers on all items still open have stopped moving (net change under 15 %)")
    first = "After the first round in any case."
    if rule.most_rounds > 1:
        first = f"After round {rule.most_rounds} at the latest; sooner once {', or '.join(sooner)}."
    return f"{first} {more}".strip()


def ruling_words(rule: StopRule | None, ruling: Ruling | None) -> str:
    """What the rule says after a round, and why, in a sentence; "" where the protocol only has words for it."""
    if rule is None or ruling is None:
        return ""
    left = f"{ruling.open} of {ruling.items} items {'is' if ruling.open == 1 else 'are'} left without agreement"
    at = f"round {ruling.rounds} of at most {rule.most_rounds}"
    if ruling.ground is None:
        return f"By the stop rule another round follows: {left} after {at}."
    why = {
        "nothing open": "no item is left without agreement",
        "enough agreed": f"{ruling.agreed} of {ruling.items} items are agreed, and {rule.enough} % are enough",
        "all stable": f"the answers on the {ruling.open} items still open have stopped moving",
        "most rounds": f"this was {at}; {left}",
    }[ruling.ground]
    return f"By the stop rule the rounds end here: {why}."
