"""Everything that can be said of a table of ratings: what `concordat score` prints, as JSON or to read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from app.calc import agreement, comparisons, consensus, quantiles, resampling, stability, validity
from app.calc.figures import METHODS, Result
from app.calc.jackknife import FIGURES, Jackknife, intervals
from app.calc.quantiles import NOBODY
from app.calc.ratings import Rule, Scale, least_scores, verdict
from app.calc.score_tables import Answers, RatingTable, natural

#: Scales whose three points mean not necessary, useful, essential (Lawshe).
ESSENTIAL = Scale(1, 3)

Figures = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How a table is scored.

    `rule` decides and `others` stand beside it, each as it is written (`ram`, `70/15`). `least` is the least number of
    scores for a verdict, None for two thirds of those eligible. `by` names the column that splits experts into groups;
    `p_values` adds permutation tests between them. `bootstrap` adds intervals of that figure of each item, under 20
    scores only with `bootstrap_any`.
    """

    scale: Scale
    rule: str
    others: tuple[str, ...] = ()
    percentile_type: int = 7
    least: int | None = None
    conf: float = 0.95
    by: str | None = None
    p_values: bool = False
    zeros: str = "wilcox"
    bootstrap: Literal["mean", "median"] | None = None
    bootstrap_any: bool = False

    @classmethod
    def default_rule(cls, scale: Scale) -> str:
        """The rule that decides where none is named: `ram` on 1-9, `cvi` on 1-4, 75/15 on any other scale."""
        return {(1, 9): "ram", (1, 4): "cvi"}.get((scale.lo, scale.hi), "75/15")

    def read_rule(self, written: str) -> Rule:
        """A rule as it is written. Raises ValueError."""
        return Rule.parse(written, self.percentile_type)

    def check(self) -> None:
        """Raises ValueError for a rule that is unknown, or one that decides and does not fit the scale."""
        objection = self.read_rule(self.rule).objection(self.scale)
        if objection:
            raise ValueError(f"{self.rule} cannot decide: {objection}")
        for other in self.others:
            self.read_rule(other)
        if self.percentile_type not in range(1, 10):
            raise ValueError(f"percentile types are 1 to 9, not {self.percentile_type}")
        if self.zeros not in comparisons.ZERO_METHODS:
            raise ValueError(f"zeros are treated by {', '.join(comparisons.ZERO_METHODS)}, not {self.zeros}")


@dataclass
class _Used:
    """Which methods a scoring has used, by name, for the key at its end."""

    methods: dict[str, Figures] = field(default_factory=dict)

    def figures(self, result: Result, **renamed: str) -> Figures:
        """A result's fields for JSON; its method is named."""
        method = result.method
        self.methods[method.name] = {"title": method.title, "formula": method.formula, "source": method.source}
        names = [each.name for each in fields(result) if each.name not in {"method", "reason"}]
        found = {renamed.get(name, name): getattr(result, name) for name in names}
        found |= {name: list(value) for name, value in found.items() if isinstance(value, tuple)}
        return {**found, "reason": result.reason, "method": method.name}


def score(table: RatingTable, plan: Plan) -> Figures:
    """All figures of a table: per round, dimension and item; agreement per round and dimension; stability of rounds.

    An undefined figure is None beside its `reason`; a statistic that does not fit the scale says why not. The order of
    rows and of experts changes nothing. Raises ValueError as `Plan.check`.
    """
    plan.check()
    used = _Used()
    rounds = [
        {
            "round": round_,
            "dimensions": [
                _dimension(table, plan, used, round_, dimension)
                for dimension in table.dimensions
                if (round_, dimension) in table.asked
            ],
        }
        for round_ in table.rounds
    ]
    pairs = zip(table.rounds, table.rounds[1:], strict=False)
    moved = [_stability(table, plan, used, earlier, later) for earlier, later in pairs]
    return {
        "scale": {"lowest": plan.scale.lo, "highest": plan.scale.hi},
        "percentile_type": plan.percentile_type,
        "primary": plan.rule,
        "rules": list(plan.others),
        "by": plan.by,
        "rounds": rounds,
        "stability": moved,
        "methods": dict(sorted(used.methods.items())),
    }


def _dimension(table: RatingTable, plan: Plan, used: _Used, round_: str, dimension: str) -> Figures:
    asked = sorted(table.asked[round_, dimension], key=natural)
    names = table.items(round_, dimension)
    answers = table.answers.get((round_, dimension), {})
    items = [_item(plan, used, name, answers[name], asked, table.groups) for name in names]
    if plan.by and plan.p_values:
        _adjust(items)
    return {
        "dimension": dimension,
        "experts": len(asked),
        "items": items,
        "agreement": _agreement(plan, used, [[answers[name].get(expert) for name in names] for expert in asked]),
    }


def _item(
    plan: Plan, used: _Used, name: str, answers: Answers, asked: Sequence[str], groups: Mapping[str, str]
) -> Figures:
    values = [answers[expert] for expert in asked if expert in answers]
    kept = sorted(value for value in values if value is not None)
    given: list[int | None] = [*kept, *[None] * (len(values) - len(kept))]
    made: Figures = {
        "item": name,
        "eligible": len(asked),
        "n": len(kept),
        "cannot_judge": len(values) - len(kept),
        "unanswered": len(asked) - len(values),
        "distribution": _distribution(plan.scale, kept),
        "verdict": _verdict(plan, used, plan.rule, given, len(asked)),
        "sensitivity": [_verdict(plan, used, each, given, len(asked)) for each in plan.others if each != plan.rule],
        "figures": _figures(plan, used, given),
    }
    if plan.by:
        made["groups"] = _groups(plan, used, answers, asked, groups)
    return made


def _distribution(scale: Scale, kept: Sequence[int]) -> dict[str, int]:
    return {str(score): kept.count(score) for score in scale.categories}


def _verdict(plan: Plan, used: _Used, written: str, given: Sequence[int | None], eligible: int) -> Figures:
    rule = plan.read_rule(written)
    objection = rule.objection(plan.scale)
    if objection:
        return {"rule": written, "outcome": None, "reason": objection}
    least = least_scores(eligible) if plan.least is None else plan.least
    return {"rule": written, **used.figures(verdict(rule, given, eligible, plan.scale, least), missing="cannot_judge")}


def _figures(plan: Plan, used: _Used, given: Sequence[int | None]) -> Figures:
    """Every statistic of one item that fits the scale; for the others why not."""
    scale, kind = plan.scale, plan.percentile_type
    nine, four, three = scale == Scale(1, 9), scale == Scale(1, 4), scale == ESSENTIAL
    kept = [value for value in given if value is not None]

    def only(fits: bool, where: str, make: Callable[[], Result]) -> Figures:
        return used.figures(make()) if fits else {"reason": f"defined {where}, not on {scale.name}"}

    on_nine, on_three = "on 1-9 only", "on 1-3 only (not necessary, useful, essential)"
    spread = consensus.ipras(given, kind) if nine else None
    middle = quantiles.median(given)
    made = {
        "median": used.figures(middle),
        "median_interval": used.figures(quantiles.median_interval(given, plan.conf)),
        "p25": used.figures(quantiles.quantile(given, 0.25, kind)),
        "p75": used.figures(quantiles.quantile(given, 0.75, kind)),
        "iqr": used.figures(quantiles.iqr(given, kind)),
        "ipras": only(nine, on_nine, lambda: spread or consensus.ipras(given, kind)),
        "ram": only(nine, on_nine, lambda: consensus.classic_ram(given)),
        "appropriateness": {"class": None, "reason": f"defined {on_nine}, not on {scale.name}"},
        "icvi": only(four, "on 1-4 only", lambda: validity.item_cvi_of(given, conf=plan.conf)),
        "cvr": only(three, on_three, lambda: validity.cvr(len(kept), kept.count(3))),
        "cvr_critical": only(
            three, on_three, lambda: validity.cvr_critical(len(kept), 1 - plan.conf, kept.count(3))
        ),
        "aiken_v": used.figures(validity.aiken(given, scale.lo, scale.hi, plan.conf)),
    }  # fmt: skip
    if spread is not None:
        made["appropriateness"] = {"class": None, "reason": spread.reason, "method": METHODS["ram-class"].name}
        if middle.value is not None and spread.disagreement is not None:
            made["appropriateness"]["class"] = consensus.classify(middle.value, spread.disagreement)
    if plan.bootstrap:
        least = 2 if plan.bootstrap_any else None
        made["bootstrap"] = {"of": plan.bootstrap} | {
            way: used.figures(resampling.bootstrap_interval(given, plan.bootstrap, way, plan.conf, least=least))
            for way in ("percentile", "basic", "bca")
        }
        made["bootstrap"]["standard_error"] = used.figures(resampling.bootstrap_error(given))
    return made


def _groups(
    plan: Plan, used: _Used, answers: Answers, asked: Sequence[str], groups: Mapping[str, str]
) -> Figures:  # fmt: skip
    """The groups of one item side by side, and the size of the difference between them."""
    names = sorted({groups[expert] for expert in asked if expert in groups}, key=natural)
    scores = {name: [answers.get(expert) for expert in asked if groups.get(expert) == name] for name in names}
    made: Figures = {
        "no_group": sum(expert not in groups for expert in asked),
        "groups": [
            {
                "group": name,
                "eligible": len(values),
                "distribution": _distribution(plan.scale, [value for value in values if value is not None]),
                "median": used.figures(quantiles.median(values)),
                "iqr": used.figures(quantiles.iqr(values, plan.percentile_type)),
            }
            for name, values in scores.items()
        ],
    }
    lists = list(scores.values())
    dropped = {"p"}  # that of an approximation nobody asked for
    if len(lists) == 2:
        effect = used.figures(comparisons.mann_whitney(*lists))
    else:
        effect = used.figures(comparisons.kruskal_wallis(lists))
        dropped |= {"df"}
    made["effect"] = {name: value for name, value in effect.items() if name not in dropped}
    if plan.p_values:
        made["exploratory"] = used.figures(comparisons.permutation(lists))
    return made


def _adjust(items: Sequence[Figures]) -> None:
    """Put Holm's adjusted p beside each permutation p of one round and dimension."""
    tests = [item["groups"]["exploratory"] for item in items if item["groups"]["exploratory"]["p"] is not None]
    for test, adjusted in zip(tests, comparisons.holm([test["p"] for test in tests]), strict=True):
        test["holm"] = adjusted


def _agreement(plan: Plan, used: _Used, rows: Sequence[Sequence[int | None]]) -> Figures:
    """Agreement of the experts (rows) over all items of a round and dimension, with intervals."""
    categories = plan.scale.categories
    units = [list(unit) for unit in zip(*rows, strict=True)]
    counts = agreement.count(units, categories)
    around = intervals(rows, categories, plan.conf)
    identity, quadratic = (agreement.agreement_weights(categories, kind) for kind in ("identity", "quadratic"))
    results: dict[str, Result] = {
        "kendall-w": agreement.kendall_w(units),
        "alpha-nominal": agreement.alpha(counts, categories, "nominal"),
        "alpha-ordinal": agreement.alpha(counts, categories, "ordinal"),
        "alpha-interval": agreement.alpha(counts, categories, "interval"),
        "ac1": agreement.gwet(counts, identity),
        "ac2": agreement.gwet(counts, quadratic),
        "fleiss": agreement.fleiss_kappa(counts),
        "pair-agreement": agreement.pair_agreement(counts),
    }
    made = {name.replace("-", "_"): _with_interval(used, results[name], around[name]) for name in FIGURES}
    if plan.scale == Scale(1, 4):
        made["scvi"] = used.figures(validity.scale_cvi([validity.item_cvi_of(unit) for unit in units]))
    else:
        made["scvi"] = {"reason": f"defined on 1-4 only, not on {plan.scale.name}"}
    return made


def _with_interval(used: _Used, result: Result, interval: Jackknife) -> Figures:
    around = used.figures(interval)
    shown = {name: around[name] for name in ("se", "low", "high", "reliable", "reason", "method")}
    return {**used.figures(result), "interval": {**shown, "experts": interval.n}}


def _stability(table: RatingTable, plan: Plan, used: _Used, earlier: str, later: str) -> Figures:
    """What moved between two rounds, item by item, among those who scored in both."""
    found = []
    for dimension in table.dimensions:
        first, second = table.answers.get((earlier, dimension)), table.answers.get((later, dimension))
        if first is None or second is None:
            continue
        experts = sorted(table.asked[earlier, dimension] | table.asked[later, dimension], key=natural)
        items = [name for name in table.items(later, dimension) if name in first]
        moved = [_moved(plan, used, name, *_side_by_side(first[name], second[name], experts)) for name in items]
        found.append({"dimension": dimension, "items": moved})
    return {"from": earlier, "to": later, "dimensions": found}


def _side_by_side(
    before: Answers, now: Answers, experts: Sequence[str]
) -> tuple[list[int | None], list[int | None]]:  # fmt: skip
    """The answers of those who have a score or "cannot judge" in either round, in one order."""
    here = [expert for expert in experts if expert in before or expert in now]
    return [before.get(expert) for expert in here], [now.get(expert) for expert in here]


def _moved(
    plan: Plan, used: _Used, name: str, first: Sequence[int | None], second: Sequence[int | None]
) -> Figures:  # fmt: skip
    categories = plan.scale.categories
    table = stability.crosstab(first, second, categories)
    missing = len(first) - sum(map(sum, table))
    moved = stability.movement(first, second, categories)
    differences = comparisons.differences(second, first)
    linear = stability.disagreement_weights(len(table), "linear")
    quadratic = stability.disagreement_weights(len(table), "quadratic")
    margins = [[sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]]
    tested = comparisons.wilcoxon(differences, plan.zeros, exact=moved.n <= comparisons.MOST_EXACT)
    return {
        "item": name,
        "movement": used.figures(moved),
        "kappa_linear": used.figures(stability.weighted_kappa(table, linear, missing)),
        "kappa_quadratic": used.figures(stability.weighted_kappa(table, quadratic, missing)),
        "wilcoxon": {**used.figures(tested), "zeros": plan.zeros, "exact": moved.n <= comparisons.MOST_EXACT},
        "chi2_individual": used.figures(stability.chi_square(table)),
        "chi2_group": used.figures(stability.chi_square(margins, group=True)),
        "lambda": used.figures(stability.gk_lambda(table)),
        "crosstab": table,
    }


def as_lines(found: Figures) -> list[str]:
    """The figures to read in a terminal: for each round and dimension a table of items, then agreement, then moves."""
    lines: list[str] = []
    for round_ in found["rounds"]:
        for each in round_["dimensions"]:
            lines += [f"Round {round_['round']}, {each['dimension']} ({each['experts']} experts)", ""]
            lines += _aligned([_HEAD, *(_row(item) for item in each["items"])])
            lines += ["", *_aligned([_agreed(name, figure) for name, figure in each["agreement"].items()]), ""]
    for pair in found["stability"]:
        for each in pair["dimensions"]:
            lines += [f"From round {pair['from']} to round {pair['to']}, {each['dimension']}", ""]
            lines += _aligned([_MOVED, *(_moves(item) for item in each["items"])])
            lines.append("")
    return lines[:-1] if lines and not lines[-1] else lines


_HEAD = ["item", "scored", "median", "interval", "P25 to P75", "count", "verdict", "why"]
_MOVED = ["item", "in both", "unchanged", "up", "down", "net change", "kappa", "effect"]


def _row(item: Figures) -> list[str]:
    figures, judged = item["figures"], item["verdict"]
    around = figures["median_interval"]
    spread = f"{number(figures['p25']['value'])} to {number(figures['p75']['value'])}" if item["n"] else "-"
    interval = "-"
    if around["low"] is not None:
        interval = f"{number(around['low'])} to {number(around['high'])} ({100 * around['conf']:.0f} %)"
    return [
        item["item"], f"{item['n']} of {item['eligible']}", number(figures["median"]["value"]), interval, spread,
        judged["sentence"], judged["outcome"], judged["why"],
    ]  # fmt: skip


def _agreed(name: str, figure: Figures) -> list[str]:
    value = next(
        (figure[key] for key in ("w", "alpha", "coefficient", "kappa", "value", "average") if key in figure), None
    )
    if value is None:
        return [name, "-", figure["reason"] or NOBODY]
    interval = figure.get("interval")
    if interval is None or interval["low"] is None:
        return [name, f"{value:.3f}", interval["reason"] if interval else ""]
    sure = "" if interval["reliable"] else "; unreliable with fewer than ten experts"
    return [name, f"{value:.3f}", f"{interval['low']:.3f} to {interval['high']:.3f}{sure}"]


def _moves(item: Figures) -> list[str]:
    moved = item["movement"]
    return [
        item["item"], str(moved["n"]), _share(moved["unchanged"]), str(moved["up"]), str(moved["down"]),
        _share(moved["change"]), number(moved["kappa"], 2), number(moved["effect"], 2),
    ]  # fmt: skip


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.0f} %"


def number(value: float | None, digits: int = 3) -> str:
    """A figure without trailing zeros; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}".rstrip("0").rstrip(".")


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
