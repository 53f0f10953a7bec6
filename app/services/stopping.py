"""What the stop rule of a protocol says after a round: whether another is called for, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from app.calc.stopping import Ruling, Standing, StopRule, decide
from app.services.rounds import last_rated, protocol_of
from app.services.verdicts import Figures, figures_of, is_open, stand_of, stored_result
from app.services.versions import items_of
from models.items import Kind
from models.validation import Round
from models.versions import VersionItem


def ruling_of(session: Session, round_: Round, here: Mapping[str, Sequence[Figures]]) -> Ruling | None:
    """What the rule says after a round with the figures ``here``, by reference; None where it has none but words.

    Counted are the items of the round's version that were rated in this round or one before, each as it stood when it
    was last rated. One that was reworded since is open: nobody has rated what it says now.
    """
    rule = protocol_of(round_).stop
    if rule is None:
        return None
    found = _stood(session, round_.panel_id, round_.number, items_of(session, round_.version_id))
    return decide(rule, round_.number, list((found | {key: _standing(each) for key, each in here.items()}).values()))


def ruling_after(session: Session, round_: Round, version_id: int | None = None) -> Ruling | None:
    """What the rule says after a closed round; with ``version_id`` of a later version, about the items as they read
    there: what is new in it, or reads otherwise, is open."""
    rule = protocol_of(round_).stop
    if rule is None:
        return None
    items = items_of(session, version_id or round_.version_id)
    found = _stood(session, round_.panel_id, round_.number + 1, items)
    if version_id not in {None, round_.version_id}:
        new = (item.reference for item in items if item.kind is Kind.CRITERION)
        found = dict.fromkeys(new, Standing(agreed=False, open=True)) | found
    return decide(rule, round_.number, list(found.values()))


def to_rate_again(session: Session, before: Round, version_id: int) -> list[VersionItem]:
    """What the round after ``before`` should ask about: items without agreement when they were last rated, those that
    read otherwise since, and on another version the criteria that are new in it."""
    items = items_of(session, version_id)
    stood = _stood(session, before.panel_id, before.number + 1, items)
    is_new = version_id != before.version_id
    return [
        item
        for item in items
        if (stood[item.reference].open if item.reference in stood else is_new and item.kind is Kind.CRITERION)
    ]


def marks_of(session: Session, round_: Round) -> dict[str, tuple[str, int]]:
    """For the items of a round's version that were rated before: ``agreed``, ``settled`` (low, or in the middle),
    ``open`` or ``reworded``, by reference, with the number of the round that rated them last."""
    items = {item.reference: item for item in items_of(session, round_.version_id)}
    rated = last_rated(session, round_.panel_id, below=round_.number)
    found = {}
    for reference, stood in _stood(session, round_.panel_id, round_.number, list(items.values())).items():
        before, then = rated[reference]
        mark = "agreed" if stood.agreed else "open" if stood.open else "settled"
        same = then.words_sha256 == items[reference].words_sha256
        found[reference] = (mark if same else "reworded", before.number)
    return found


def _stood(session: Session, panel_id: int, below: int, items: Sequence[VersionItem]) -> dict[str, Standing]:
    """How items stand by the round below this number that rated them last, for those that one did."""
    rated = last_rated(session, panel_id, below=below)
    stored = {round_.id: stored_result(session, round_) for round_ in {each for each, _then in rated.values()}}
    found = {}
    for item in items:
        if item.reference in rated:
            round_, then = rated[item.reference]
            figures = list(figures_of(round_, stored[round_.id], item.reference).values())
            same = then.words_sha256 == item.words_sha256
            found[item.reference] = _standing(figures) if same else Standing(agreed=False, open=True)
    return found


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
        "all stable": f"the answers on what is still open ({ruling.open} of {ruling.items} items) have stopped moving",
        "most rounds": f"this was {at}; {left}",
    }[ruling.ground]
    return f"By the stop rule the rounds end here: {why}."
