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
from app.calc.ratings import Rule, Summary, Verdict, summarise
from app.calc.stability import movement
from app.calc.suppression import suppress
from app.services.protocols import WHOLE, Dimension, Protocol
from app.services.rounds import Seated, group_of, protocol_of, rated_items, round_before, seated
from app.uow import UnitOfWork
from models.validation import Expert, Rating, Round, RoundResult, Scope
from models.versions import VersionItem

#: Methods whose figures a result may hold, besides those of its rules.
_ALWAYS = ("median", "median-interval", "quantile", "iqr", "suppression")

#: Answers of one question by expert code: a score, or None for "cannot judge"; who is missing did not answer.
Answers = Mapping[str, int | None]
#: Answers of a round by item (None is the whole blueprint) and dimension.
AllAnswers = dict[tuple[int | None, str], dict[str, int | None]]


def compute(uow: UnitOfWork, round_: Round) -> RoundResult:
    """Compute and store the figures of a round that is being closed; the caller holds the round.

    Pilot raters, withdrawn experts and revoked links are left out. Answers count whether sent or only saved.
    """
    session = uow.session
    everybody = seated(session, round_.id)
    asked = [each for each in everybody if each.counts]
    experts = [each.expert for each in asked]
    answers = _answers(session, round_.id, experts)
    figures = {
        "invited": len(asked),
        "started": sum(each.seat.started_at is not None for each in asked),
        "sent": sum(each.seat.sent_at is not None for each in asked),
        "flow": _flow(everybody),
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


def _flow(everybody: Sequence[Seated]) -> dict[str, int]:
    """How many experts went how far: all who were invited, and what became of those who did not stay."""
    seats = [each.seat for each in everybody if not each.expert.is_pilot]
    withdrew = [seat for seat in seats if seat.withdrew_at is not None]
    return {
        "invited": len(seats),
        "in_place": sum(seat.replaces_id is not None for seat in seats),
        "started": sum(seat.started_at is not None for seat in seats),
        "sent": sum(seat.sent_at is not None for seat in seats),
        "withdrew": sum(not seat.answers_kept for seat in withdrew),
        "withdrew_kept": sum(seat.answers_kept for seat in withdrew),
        "taken_off": sum(seat.revoked_at is not None and seat.withdrew_at is None for seat in seats),
    }


def figures_of(session: Session, round_: Round, experts: Sequence[Expert], answers: AllAnswers) -> dict[str, Any]:
    """The figures of a round's items, had these experts given these answers."""
    protocol, items = protocol_of(round_), rated_items(session, round_.id)
    before = _Before(session, round_)
    return {
        "by_scope": {scope.value: sum(each.scope is scope for each in experts) for scope in Scope},
        "groups": group_names(protocol, experts) if protocol.split_by else [],
        "only_contested": before.round is not None and len(items) < before.size,
        "items": {
            item.reference: {
                each.key: _figures(protocol, each, experts, answers.get((item.id, each.key), {}), before.of(item, each))
                for each in protocol.dimensions
            }
            for item in items
        },
        "whole": {
            each.key: _figures(protocol, each, experts, answers.get((None, each.key), {}), None)
            for each in (WHOLE if protocol.ask_whole else ())
        },
    }


def _answers(session: Session, round_id: int, experts: Sequence[Expert]) -> AllAnswers:
    """Answers of those asked by (item, dimension) and expert code; only of questions the expert was asked."""
    codes = {each.id: each.code for each in experts}
    found: AllAnswers = defaultdict(dict)
    rows = session.execute(select(Rating).where(Rating.round_id == round_id)).scalars()
    for rating in rows:
        if rating.expert_id in codes:
            found[rating.version_item_id, rating.dimension][codes[rating.expert_id]] = rating.value
    return found


class _Before:
    """The round before of the same panel: who gave what to the same words."""

    def __init__(self, session: Session, round_: Round) -> None:
        self.round = round_before(session, round_)
        self.size = 0
        self.items: dict[str, VersionItem] = {}
        self.answers: AllAnswers = {}
        if self.round is not None:
            rated = rated_items(session, self.round.id)
            self.size = len(rated)
            self.items = {item.reference: item for item in rated}
            asked = [each.expert for each in seated(session, self.round.id) if each.counts]
            self.answers = _answers(session, self.round.id, asked)

    def of(self, item: VersionItem, dimension: Dimension) -> Answers | None:
        """Earlier answers to the same words on the same scale, or None."""
        earlier = self.items.get(item.reference)
        if self.round is None or earlier is None or earlier.words_sha256 != item.words_sha256:
            return None
        asked = {each.key: each for each in protocol_of(self.round).dimensions}.get(dimension.key)
        return self.answers.get((earlier.id, dimension.key)) if asked and asked.scale == dimension.scale else None


def _figures(
    protocol: Protocol, dimension: Dimension, asked: Sequence[Expert], answers: Answers, earlier: Answers | None
) -> dict[str, Any]:
    """One item in one dimension as stored."""
    eligible = [each for each in asked if dimension.asks(each.expertise)]
    codes = {each.code for each in eligible}
    own = {code: value for code, value in answers.items() if code in codes}
    scores = sorted(value for value in own.values() if value is not None)
    least = protocol.minimum_cell
    if 0 < len(scores) < least:
        return {"eligible": len(eligible), "withheld": f"Fewer than {least} experts gave a score."}
    decides = protocol.decides(dimension)
    summary = summarise(
        [*scores, *(None for value in own.values() if value is None)],
        len(eligible),
        dimension.scale,
        protocol.primary if decides else Rule("threshold", percentile_type=protocol.percentile_type),
        minimum=protocol.least_of(len(eligible)),
        others=protocol.others if decides else (),
    )
    made = _as_json(summary)
    made["judgement"] = _judgement(protocol.rule, summary.verdict) if decides else None
    made["no_judgement"] = "" if decides else protocol.primary.objection(dimension.scale)
    names = [each for each in protocol.sensitivity if _stands_beside(each, dimension, protocol)] if decides else []
    made["sensitivity"] = [_judgement(name, each) for name, each in zip(names, summary.sensitivity, strict=True)]
    if protocol.split_by:
        made["groups"], made["groups_withheld"] = _groups(protocol, dimension, eligible, own)
    if earlier is not None:
        made["movement"] = _movement(dimension, own, earlier, least)
    return made


def _stands_beside(rule: str, dimension: Dimension, protocol: Protocol) -> bool:
    """Whether a rule beside the primary one is printed for this dimension."""
    return rule != protocol.rule and Rule.parse(rule).objection(dimension.scale) is None


def _as_json(summary: Summary) -> dict[str, Any]:
    return {
        "eligible": summary.eligible,
        "n": summary.n,
        "cannot_judge": summary.missing,
        "unanswered": summary.unanswered,
        "withheld": "",
        "median": summary.median.value,
        "low": summary.interval.low,
        "high": summary.interval.high,
        "conf": summary.interval.conf,
        "lower_quartile": summary.lower_quartile.value,
        "upper_quartile": summary.upper_quartile.value,
        "iqr": summary.iqr.value,
        "distribution": list(summary.distribution),
        "disagreement_index": summary.ipras.index if summary.ipras else None,
    }


def _judgement(rule: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": rule,
        "outcome": verdict.outcome,
        "n": verdict.n,
        "minimum": verdict.minimum,
        "band": list(verdict.band),
        "in_band": verdict.in_band,
        "low_band": list(verdict.low_band),
        "in_low": verdict.in_low,
        "sentence": verdict.sentence,
        "why": verdict.why,
    }


def _groups(
    protocol: Protocol, dimension: Dimension, eligible: Sequence[Expert], own: Answers
) -> tuple[list[dict[str, Any]], str]:
    """The groups side by side where every cell, and what could be worked out from it, is large enough."""
    members: dict[str, list[str]] = {name: [] for name in group_names(protocol, eligible)}
    for each in eligible:
        members[group_of(protocol, each)].append(each.code)
    scores = {
        name: [value for code in codes if (value := own.get(code)) is not None] for name, codes in members.items()
    }
    shown = suppress({name: len(each) for name, each in scores.items()}, protocol.minimum_cell)
    if shown.withheld:
        return [], f"Not split: a group has fewer than {protocol.minimum_cell} scores."
    rule = Rule("threshold", percentile_type=protocol.percentile_type)
    made = []
    for name, given in scores.items():
        if not given:
            continue
        summary = summarise(sorted(given), len(members[name]), dimension.scale, rule)
        figures = _as_json(summary)
        kept = ("eligible", "n", "median", "lower_quartile", "upper_quartile", "distribution")
        made.append({"name": name, **{key: figures[key] for key in kept}})
    return made, ""


def group_names(protocol: Protocol, experts: Sequence[Expert]) -> list[str]:
    """The groups that these experts make, in one order: national before international, others by name."""
    found = {group_of(protocol, each) for each in experts}
    if protocol.split_by == "scope":
        return [scope.value for scope in Scope]
    return sorted(found, key=str.casefold)


def _movement(dimension: Dimension, own: Answers, earlier: Answers, least: int) -> dict[str, Any] | None:
    codes = sorted(set(own) & set(earlier))
    first, second = [earlier[code] for code in codes], [own[code] for code in codes]
    both = [a for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    before = [value for value in earlier.values() if value is not None]
    if len(both) < least or len(before) < least:
        return None
    moved = movement(first, second, dimension.scale.categories)
    summary = summarise(sorted(before), len(before), dimension.scale, Rule("threshold"))
    return {
        "n": moved.n,
        "up": moved.up,
        "down": moved.down,
        "unchanged": moved.unchanged,
        "change": moved.change,
        "stable": moved.stable,
        "effect": moved.effect,
        "median_before": summary.median.value,
    }


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
