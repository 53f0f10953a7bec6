"""The figures of a round, computed once when it closes and stored with a hash of what they were computed from."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.figures import METHODS
from app.calc.round_figures import Answers, Terms, compared, question_figures
from app.services.protocols import WHOLE, Dimension, Protocol
from app.services.rounds import group_of, how_far, last_rated, protocol_of, rated_items, round_before, seated
from app.services.verdicts import contested
from app.uow import UnitOfWork
from models.validation import Expert, Rating, Round, RoundResult, Scope
from models.versions import VersionItem

#: Methods whose figures a result may hold, besides those of its rules.
_ALWAYS = ("median", "median-interval", "quantile", "iqr", "suppression")

#: Answers of a round by item (None is the whole blueprint) and dimension.
AllAnswers = dict[tuple[int | None, str], dict[str, int | None]]


def compute(uow: UnitOfWork, round_: Round) -> RoundResult:
    """Compute and store the figures of a round that is being closed; the caller holds the round.

    Pilot raters, withdrawn experts and revoked links are left out. Answers count whether sent or only saved.
    """
    session = uow.session
    everybody = seated(session, round_.id)
    flow = how_far(everybody)
    asked = [each for each in everybody if each.counts]
    experts = [each.expert for each in asked]
    answers = answers_in(session, round_.id, experts)
    figures = {
        **{step: flow[step] for step in ("invited", "started", "sent")},
        "flow": flow,
        **_who_stayed(session, round_, experts, answers),
        "pilots": sum(each.expert.is_pilot for each in everybody),
        **figures_of(session, round_, experts, answers),
    }
    result = RoundResult(
        round_id=round_.id,
        figures=figures,
        inputs_sha256=_inputs_sha256(round_, experts, rated_items(session, round_.id), answers),
        methods=methods_of(protocol_of(round_)),
        computed_at=uow.now,
    )
    session.add(result)
    return result


def _who_stayed(
    session: Session, round_: Round, experts: Sequence[Expert], answers: AllAnswers
) -> dict[str, list[dict[str, Any]]]:
    """Scores of the round before by those who answered again, beside those who did not; nothing in a first round."""
    before = Before(session, round_)
    if before.round is None:
        return {}
    protocol = protocol_of(before.round)
    again = {code for given in answers.values() for code in given} & {each.code for each in experts}
    found = []
    for dimension in protocol.dimensions:
        both: tuple[list[int], list[int]] = ([], [])
        people: tuple[set[str], set[str]] = (set(), set())
        for (item_id, key), given in before.answers_of(before.round).items():
            if item_id is None or key != dimension.key:
                continue
            for code, value in given.items():
                if value is not None:
                    both[code not in again].append(value)
                    people[code not in again].add(code)
        found.append(compared(dimension.key, both, (len(people[0]), len(people[1])), protocol.minimum_cell))
    return {"stayed": found}


def figures_of(session: Session, round_: Round, experts: Sequence[Expert], answers: AllAnswers) -> dict[str, Any]:
    """The figures of a round's items, had these experts given these answers."""
    protocol, items = protocol_of(round_), rated_items(session, round_.id)
    before = Before(session, round_)
    return {
        "by_scope": {scope.value: sum(each.scope is scope for each in experts) for scope in Scope},
        "groups": group_names(protocol, experts) if protocol.split_by else [],
        "only_contested": before.were_contested(items),
        "items": {
            item.reference: {
                each.key: _figures(
                    protocol, each, experts, answers.get((item.id, each.key), {}), found[1] if found else None
                )
                for each in protocol.dimensions
                for found in [before.of(item, each)]
            }
            for item in items
        },
        "whole": {
            each.key: _figures(protocol, each, experts, answers.get((None, each.key), {}), None)
            for each in (WHOLE if protocol.ask_whole else ())
        },
    }


def answers_in(session: Session, round_id: int, experts: Sequence[Expert]) -> AllAnswers:
    """Answers of these experts by (item, dimension) and the expert's code."""
    codes = {each.id: each.code for each in experts}
    found: AllAnswers = defaultdict(dict)
    rows = session.execute(select(Rating).where(Rating.round_id == round_id)).scalars()
    for rating in rows:
        if rating.expert_id in codes:
            found[rating.version_item_id, rating.dimension][codes[rating.expert_id]] = rating.value
    return found


class Before:
    """The closed rounds before of the same panel: who gave what to the same words when they were last rated."""

    def __init__(self, session: Session, round_: Round) -> None:
        self.session = session
        self.round = round_before(session, round_)
        self._rated = last_rated(session, round_.panel_id, below=round_.number)
        self._answers: dict[int, AllAnswers] = {}

    def answers_of(self, round_: Round) -> AllAnswers:
        """The answers of a closed round that count."""
        if round_.id not in self._answers:
            asked = [each.expert for each in seated(self.session, round_.id) if each.counts]
            self._answers[round_.id] = answers_in(self.session, round_.id, asked)
        return self._answers[round_.id]

    def were_contested(self, items: Sequence[VersionItem]) -> bool:
        """Whether of what was rated before only items without agreement are rated again, and others were left out."""
        if self.round is None:
            return False
        rated = {item.reference for item in rated_items(self.session, self.round.id)}
        open_ = {item.reference for item in contested(self.session, self.round)}
        again = {item.reference for item in items if item.reference in rated}
        return bool(again) and again <= open_ < rated

    def of(self, item: VersionItem, dimension: Dimension) -> tuple[Round, Answers] | None:
        """Earlier answers to the same words on the same scale, and the round they were given in; or None."""
        if item.reference not in self._rated:
            return None
        round_, then = self._rated[item.reference]
        asked = {each.key: each for each in protocol_of(round_).dimensions}.get(dimension.key)
        if then.words_sha256 != item.words_sha256 or asked is None or asked.scale != dimension.scale:
            return None
        given = self.answers_of(round_).get((then.id, dimension.key))
        return None if given is None else (round_, given)


def _figures(
    protocol: Protocol, dimension: Dimension, asked: Sequence[Expert], answers: Answers, earlier: Answers | None
) -> dict[str, Any]:
    """One item in one dimension as stored."""
    eligible = {each.code: group_of(protocol, each) for each in asked if dimension.asks(each.expertise)}
    return question_figures(terms_of(protocol, asked), dimension.scale, eligible, answers, earlier)


def terms_of(protocol: Protocol, experts: Sequence[Expert]) -> Terms:
    """What of a protocol the figures of these experts' answers depend on."""
    return Terms(
        rule=protocol.rule, sensitivity=protocol.sensitivity, least=protocol.least,
        percentile_type=protocol.percentile_type, minimum_cell=protocol.minimum_cell,
        groups=tuple(group_names(protocol, experts)) if protocol.split_by else (),
    )  # fmt: skip


def group_names(protocol: Protocol, experts: Sequence[Expert]) -> list[str]:
    """The groups that these experts make, in one order: national before international, others by name."""
    found = {group_of(protocol, each) for each in experts}
    if protocol.split_by == "scope":
        return [scope.value for scope in Scope]
    return sorted(found, key=str.casefold)


def _inputs_sha256(
    round_: Round,
    experts: Sequence[Expert],
    items: Sequence[VersionItem],
    answers: Mapping[tuple[int | None, str], Answers],
) -> str:
    """SHA-256 of what the figures were computed from, as canonical JSON: a test computes them again from the same."""
    protocol = protocol_of(round_)
    references: dict[int | None, str | None] = {item.id: item.reference for item in items}
    rows = [
        [code, references.get(item_id), dimension, value]
        for (item_id, dimension), given in answers.items()
        for code, value in given.items()
    ]
    inputs = {
        "version_sha256": round_.version_sha256,
        "protocol": round_.protocol,
        "experts": [_told_apart(protocol, each) for each in experts],
        "ratings": sorted(rows, key=lambda row: [str(cell) for cell in row]),
    }
    canonical = json.dumps(inputs, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _told_apart(protocol: Protocol, expert: Expert) -> list[Any]:
    """What of an expert a figure may depend on."""
    told: list[Any] = [expert.code, expert.scope.value, sorted(expert.expertise)]
    return told if protocol.split_by in {"", "scope"} else [*told, group_of(protocol, expert)]


def methods_of(protocol: Protocol) -> dict[str, str]:
    """The name and version of each method used, by what it is called in the report."""
    used = [METHODS[key] for key in _ALWAYS] + [protocol.primary.method, *(each.method for each in protocol.others)]
    if any(each.scale.name == "1-9" for each in protocol.dimensions):
        used.append(METHODS["ipras"])
    return {method.title: method.name for method in used}
