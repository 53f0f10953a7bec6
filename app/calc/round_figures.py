"""The figures of a validation round from its answers alone: what a closing round stores, and what anyone recomputes.

Nothing but Python's own library is needed, so that a bundle of answers can carry this file along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.calc.comparisons import mann_whitney
from app.calc.quantiles import median
from app.calc.ratings import Rule, Scale, Summary, Verdict, least_scores, summarise
from app.calc.stability import movement
from app.calc.suppression import suppress

#: Answers of one question by expert code: a score, or None for "cannot judge"; who is missing did not answer.
Answers: TypeAlias = Mapping[str, int | None]


@dataclass(frozen=True)
class Terms:
    """What of a protocol its figures depend on. ``groups`` names those compared, in order; empty compares none."""

    rule: str
    sensitivity: tuple[str, ...] = ()
    least: int | None = None
    percentile_type: int = 7
    minimum_cell: int = 3
    groups: tuple[str, ...] = ()

    @property
    def primary(self) -> Rule:
        """The rule that decides."""
        return Rule.parse(self.rule, self.percentile_type)

    def beside(self, scale: Scale) -> list[str]:
        """The other rules that are printed for a question on this scale, as they are written."""
        return [each for each in self.sensitivity if each != self.rule and Rule.parse(each).objection(scale) is None]


def question_figures(
    terms: Terms, scale: Scale, eligible: Mapping[str, str], answers: Answers, earlier: Answers | None = None
) -> dict[str, Any]:
    """One item in one dimension, as stored and printed.

    ``eligible`` maps the code of everybody who was asked to their group; ``earlier`` holds answers to the same words on
    the same scale in the round before. Too few scores are withheld. Raises ValueError for a score off the scale.
    """
    own = {code: value for code, value in answers.items() if code in eligible}
    scores = sorted(value for value in own.values() if value is not None)
    asked, cell = len(eligible), terms.minimum_cell
    if 0 < len(scores) < cell:
        return withheld_figures(asked, cell)
    objection = terms.primary.objection(scale)
    names = [] if objection else terms.beside(scale)
    summary = summarise(
        [*scores, *(None for value in own.values() if value is None)],
        asked,
        scale,
        Rule("threshold", percentile_type=terms.percentile_type) if objection else terms.primary,
        minimum=least_scores(asked) if terms.least is None else terms.least,
        others=[Rule.parse(each, terms.percentile_type) for each in names],
    )
    made = _described(summary)
    made["judgement"] = None if objection else _judgement(terms.rule, summary.verdict)
    made["no_judgement"] = objection or ""
    made["sensitivity"] = [_judgement(name, each) for name, each in zip(names, summary.sensitivity, strict=True)]
    if terms.groups:
        made["groups"], made["groups_withheld"] = _groups(terms, scale, eligible, own)
    if earlier is not None:
        made["movement"] = _movement(scale, own, earlier, cell)
    return made


def withheld_figures(asked: int, cell: int) -> dict[str, Any]:
    """What is stored and printed of a question to which fewer than ``cell`` of those who were asked gave a score."""
    return {"eligible": asked, "withheld": f"Fewer than {cell} experts gave a score."}


def _described(summary: Summary) -> dict[str, Any]:
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


def _groups(terms: Terms, scale: Scale, eligible: Mapping[str, str], own: Answers) -> tuple[list[dict[str, Any]], str]:
    """The groups side by side where every cell, and what could be worked out from it, is large enough."""
    members = {name: [code for code, group in eligible.items() if group == name] for name in terms.groups}
    scores = {
        name: [value for code in codes if (value := own.get(code)) is not None] for name, codes in members.items()
    }
    # a group nobody of which gave a score would tell that of each of them
    cells = {name: len(each) or min(1, len(members[name])) for name, each in scores.items()}
    if suppress(cells, terms.minimum_cell).withheld:
        return [], f"Not split: a group has fewer than {terms.minimum_cell} scores."
    rule = Rule("threshold", percentile_type=terms.percentile_type)
    kept = ("eligible", "n", "median", "lower_quartile", "upper_quartile", "distribution")
    made = []
    for name, given in scores.items():
        if given:
            figures = _described(summarise(sorted(given), len(members[name]), scale, rule))
            made.append({"name": name, **{key: figures[key] for key in kept}})
    return made, ""


def _movement(scale: Scale, own: Answers, earlier: Answers, least: int) -> dict[str, Any] | None:
    codes = sorted(set(own) & set(earlier))
    first, second = [earlier[code] for code in codes], [own[code] for code in codes]
    both = [a for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    before = [value for value in earlier.values() if value is not None]
    if len(both) < least or len(before) < least:
        return None
    moved = movement(first, second, scale.categories)
    summary = summarise(sorted(before), len(before), scale, Rule("threshold"))
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


def compared(
    dimension: str, scores: tuple[Sequence[int], Sequence[int]], people: tuple[int, int], least: int
) -> dict[str, Any]:
    """Earlier scores of those who stayed beside those who left, over all items; both withheld where either is small.

    ``effect`` is rank-biserial, above 0 where those who stayed had scored higher.
    """
    made: dict[str, Any] = {
        "dimension": dimension, "stayed": None, "left": None, "stayed_median": None, "left_median": None,
        "effect": None, "withheld": "",
    }  # fmt: skip
    if people[1] == 0:
        return made | {"stayed": people[0], "left": 0, "withheld": "Everybody who scored took part again."}
    if min(people) < least:
        return made | {"withheld": f"Fewer than {least} experts stayed, or left: not shown."}
    stayed, left = (sorted(each) for each in scores)
    return made | {
        "stayed": people[0],
        "left": people[1],
        "stayed_median": median(stayed).value,
        "left_median": median(left).value,
        "effect": mann_whitney(stayed, left).effect,
    }


def read_terms(stored: Mapping[str, Any], groups: Sequence[str]) -> Terms:
    """The terms of a protocol as its JSON holds them."""
    return Terms(
        rule=stored["rule"],
        sensitivity=tuple(stored.get("sensitivity", ())),
        least=stored.get("least"),
        percentile_type=stored.get("percentile_type", 7),
        minimum_cell=stored.get("minimum_cell", 3),
        groups=tuple(groups),
    )
