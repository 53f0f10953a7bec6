"""Published cases through our own statistics: what `concordat verify` prints.

The form of a case is described in `tests/cases/FORMAT.md`. Nothing here knows a case; it only knows input keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.calc.forms import STATISTICS, Undefined

Calculator = Callable[[Mapping[str, Any]], Mapping[str, Any]]
ROUNDING = 1e-12


class CaseError(ValueError):
    """A file that is not a list of cases; the message says which case and why."""


@dataclass(frozen=True)
class Outcome:
    """What became of one case; `name` is its statistic or rule."""

    id: str
    name: str
    state: Literal["ok", "FAIL", "unknown"]
    got: Mapping[str, Any]
    expected: Mapping[str, Any]

    @property
    def line(self) -> str:
        """The line `concordat verify` prints for this case."""
        if self.state == "ok":
            return f"ok {self.id}"
        if self.state == "unknown":
            return f"unknown {self.id} {self.name}"
        return f"FAIL {self.id} got {_words(self.got)} expected {_words(self.expected)}"


def verify(cases: Sequence[object], calculators: Mapping[str, Calculator] = STATISTICS) -> list[Outcome]:
    """Compute every case and compare its expected figures; the order is that of the cases.

    `calculators` maps the name of a statistic or rule to what computes its input. Raises CaseError where an entry is
    not a case at all.
    """
    return [_verify_one(place, case, calculators) for place, case in enumerate(cases, start=1)]


def read(text: str) -> list[object]:
    """The cases of a file: a list, or an object that holds one under `cases`. Raises CaseError otherwise."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise CaseError(f"not JSON: {error}") from error
    if isinstance(content, dict):
        content = content.get("cases")
    if not isinstance(content, list):
        raise CaseError("a file of cases is a list")
    return content


def lines(outcomes: Sequence[Outcome]) -> list[str]:
    """One line per case, and the count of each state as the last."""
    states = [outcome.state for outcome in outcomes]
    total = f"{states.count('ok')} passed, {states.count('FAIL')} failed, {states.count('unknown')} unknown"
    return [*(outcome.line for outcome in outcomes), total]


def all_passed(outcomes: Sequence[Outcome]) -> bool:
    """Whether every case passed, so that the command ends with 0."""
    return all(outcome.state == "ok" for outcome in outcomes)


def compute(name: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every figure of one statistic by the names of the case format; an undefined one is an `Undefined`.

    Raises KeyError for an unknown statistic and ValueError for input it cannot read.
    """
    return _run(STATISTICS[name], given)


def _run(calculator: Calculator, given: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return calculator({key: _plain(value) for key, value in given.items()})
    except KeyError as error:
        raise ValueError(f"the input lacks {error.args[0]}") from error
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"the input has another form: {error}") from error


def _plain(value: Any) -> Any:
    """Input without the numbers JSON should not hold: not-a-number is missing, an infinite one is refused."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise ValueError("a number is infinite")
    return value


def _verify_one(place: int, case: object, calculators: Mapping[str, Calculator]) -> Outcome:
    if not isinstance(case, dict):
        raise CaseError(f"case {place} is not an object")
    name = case.get("statistic", case.get("rule"))
    given, expected = case.get("input"), case.get("expected")
    if not isinstance(name, str) or not isinstance(given, dict) or not isinstance(expected, dict):
        raise CaseError(f"case {place} lacks a statistic or rule, an input or an expected figure")
    ident = str(case.get("id", place))
    if name not in calculators:
        return Outcome(ident, name, "unknown", {}, expected)
    try:
        allowed = _tolerance(case.get("tolerance", 0))
        figures = _run(calculators[name], given)
    except ValueError as error:
        return Outcome(ident, name, "FAIL", {"refused": str(error)}, expected)
    got = {key: figures.get(key, Undefined(f"no figure of {name}", known=False)) for key in expected}
    good = bool(expected) and all(_agrees(got[key], wanted, allowed) for key, wanted in expected.items())
    return Outcome(ident, name, "ok" if good else "FAIL", got, expected)


def _tolerance(stated: object) -> Callable[[float], float]:
    """How far a figure may lie from an expected one: absolute, or relative to what was expected."""
    kind: object = "abs"
    value: object = stated
    if isinstance(stated, dict):
        kind, value = stated.get("type"), stated.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or kind not in {"abs", "rel"}:
        raise ValueError("a tolerance is a number from 0, absolute or relative")
    size = float(value)
    return (lambda wanted: size * abs(wanted)) if kind == "rel" else (lambda _: size)


def _agrees(got: object, wanted: object, allowed: Callable[[float], float]) -> bool:
    if isinstance(got, list) and len(got) == 1 and not isinstance(wanted, list):
        got = got[0]
    if isinstance(wanted, list):
        found = got if isinstance(got, list) else [got]
        return len(found) == len(wanted) and all(
            _agrees(one, other, allowed) for one, other in zip(found, wanted, strict=True)
        )
    if wanted is None:
        return isinstance(got, Undefined) and got.known and bool(got.reason)
    if isinstance(wanted, bool) or isinstance(got, bool) or not isinstance(wanted, int | float):
        return type(got) is type(wanted) and got == wanted
    if not isinstance(got, int | float) or not math.isfinite(got):
        return False
    return abs(got - wanted) <= allowed(wanted) + ROUNDING * max(1.0, abs(wanted))


def _words(figures: Mapping[str, Any]) -> str:
    return json.dumps(figures, default=str, ensure_ascii=False)
