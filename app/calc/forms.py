"""How each statistic of the case format reads its input and names its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.calc import agreement, comparisons, consensus, quantiles, resampling, stability, validity
from app.calc.figures import Result, mean, rectangular

Given = Mapping[str, Any]
Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Undefined:
    """A figure that does not exist, and why; `known` is False where the statistic has no figure of that name."""

    reason: str
    known: bool = True

    def __str__(self) -> str:
        return f"undefined: {self.reason}"


def _name(result: Result, **fields: str) -> dict[str, Any]:
    """Figures of a result under the names of the format: `_name(result, W="w")`."""
    found: dict[str, Any] = {}
    for name, field in fields.items():
        value = getattr(result, field)
        found[name] = Undefined(result.reason or "there is nothing to compute it from") if value is None else value
    return found


def _columns(rows: Sequence[Figures]) -> dict[str, Any]:
    """Figures of several items as lists under each name."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row[name] for row in rows] for name in names}


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)


def _each(ratings: Sequence[Any], one: Callable[[Sequence[float | None]], Figures]) -> Figures:
    """One list of ratings gives figures, a list of lists a list of each."""
    if ratings and all(_is_list(row) for row in ratings):
        return _columns([one(row) for row in ratings])
    return one(ratings)


def _broadcast(given: Given, *keys: str) -> tuple[list[tuple[Any, ...]], bool]:
    """The values of several keys side by side, a single one repeated; and whether any was a list."""
    values = [given.get(key) for key in keys]
    sizes = {len(value) for value in values if isinstance(value, list)}
    if len(sizes) > 1:
        raise ValueError(f"{' and '.join(keys)} differ in length")
    size = sizes.pop() if sizes else 1
    columns = [value if isinstance(value, list) else [value] * size for value in values]
    return list(zip(*columns, strict=True)), any(isinstance(value, list) for value in values)


def _over(given: Given, one: Callable[..., Figures], *keys: str) -> Figures:
    rows, many = _broadcast(given, *keys)
    results = [one(*row) for row in rows]
    return _columns(results) if many else results[0]


def _turn(table: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return agreement.transpose(table)


def _median(given: Given) -> Figures:
    return _each(given["ratings"], lambda ratings: _name(quantiles.median(ratings), median="value"))


def _quantile(given: Given) -> Figures:
    kind = given.get("hyndman_fan_type", 7)
    shares = given["p"]

    def one(ratings: Sequence[float | None]) -> Figures:
        if _is_list(shares):
            return _columns([_name(quantiles.quantile(ratings, p, kind), q="value") for p in shares])
        return _name(quantiles.quantile(ratings, shares, kind), q="value")

    return _each(given["ratings"], one)


def _iqr(given: Given) -> Figures:
    kind = given.get("hyndman_fan_type", 7)
    return _each(given["ratings"], lambda ratings: _name(quantiles.iqr(ratings, kind), iqr="value"))


def _ipras(given: Given) -> Figures:
    kind = given.get("percentile_type", given.get("hyndman_fan_type", 7))

    def one(ratings: Sequence[float | None]) -> Figures:
        return _name(
            consensus.ipras(ratings, kind),
            p30="p30",
            p70="p70",
            ipr="ipr",
            iprcp="centre",
            ai="distance",
            ipras="ipras",
            di="index",
            disagreement="disagreement",
        )

    return _each(given["ratings"], one)


def _classic(given: Given) -> Figures:
    names = ("median", "outside", "low", "high", "agreement", "disagreement", "max_outside", "min_each_extreme")
    same = {name: name for name in names}
    return _each(given["ratings"], lambda ratings: _name(consensus.classic_ram(ratings), **same))


def _limits(given: Given) -> Figures:
    def one(size: int) -> Figures:
        limits = consensus.panel_limits(size)
        none = Undefined(f"the classic rule covers 8 to 16 scores, not {size}")
        return {"max_outside": limits[0] if limits else none, "min_each_extreme": limits[1] if limits else none}

    return _over(given, one, "panel_sizes")


def _classification(given: Given) -> Figures:
    half: consensus.HalfPoints = "higher" if given.get("half_points") == "higher" else "uncertain"
    pairs = given["pairs"] if "pairs" in given else [[given["median"], given["disagreement"]]]
    classes: list[Any] = []
    for median, disagreement in pairs:
        if median is None or disagreement is None:
            classes.append(Undefined("no median, or no answer on disagreement"))
        elif not 1 <= median <= 9:
            classes.append(Undefined(consensus.OFF_SCALE))
        else:
            classes.append(consensus.classify(median, bool(disagreement), half))
    return {"cls": classes}


def _threshold(given: Given) -> Figures:
    keys = ("pct_in", "pct_out", "in_from", "out_to")
    options = {key: given[key] for key in keys if given.get(key) is not None}
    return _each(given["ratings"], lambda ratings: _name(consensus.threshold(ratings, **options), decision="decision"))


def _percent(given: Given) -> Figures:
    tolerance = given.get("tolerance_points") or 0
    return _name(agreement.percent_agreement(given["ratings_subjects_by_raters"], tolerance), pct="value")


def _units(given: Given) -> tuple[list[list[int]], list[Any]]:
    """Counts, a row per unit, and the categories, from any of the forms the format allows."""
    categories = given.get("categories")
    if "counts_units_by_categories" in given:
        counts = [list(row) for row in given["counts_units_by_categories"]]
        width = rectangular(counts)
        if any(number is None or number < 0 for row in counts for number in row):
            raise ValueError("a count is a number from 0")
        names = list(categories) if categories is not None else list(range(1, width + 1))
        if len(names) != width:
            raise ValueError("the categories do not fit the counts")
        return counts, names
    if "ratings_units_by_raters" in given:
        table = given["ratings_units_by_raters"]
    elif "ratings_experts_by_items" in given:
        table = _turn(given["ratings_experts_by_items"])
    else:
        table = _turn(given["ratings_raters_by_units"])
    names = list(categories) if categories is not None else agreement.seen(table)
    return agreement.count(table, names), names


def _pairs(given: Given) -> Figures:
    return _name(agreement.pair_agreement(_units(given)[0]), pair_agreement="value")


def _alpha(given: Given) -> Figures:
    counts, names = _units(given)
    result = agreement.alpha(counts, names, given.get("level", "ordinal"))
    return _name(result, alpha="alpha", pair_agreement="pair_agreement")


def _kendall(given: Given) -> Figures:
    result = agreement.kendall_w(given["ratings_subjects_by_raters"], given.get("tie_correction", True))
    figures = _name(result, W="w", S="s", chisq="chisq", df="df", p="p")
    sums = list(result.rank_sums) or Undefined(result.reason or "no ranks")
    return {**figures, "rank_sums": sums}


def _gwet(default: str, title: str) -> Callable[[Given], Figures]:
    def read(given: Given) -> Figures:
        kind = given.get("weights") or default
        if given.get("per_item"):
            return _gwet_per_item(given, kind, title)
        counts, names = _units(given)
        result = agreement.gwet(counts, agreement.agreement_weights(names, kind))
        return _name(result, coef="coefficient", pa="pa", pe="pe", se="se", lo="low", hi="high")

    return read


def _gwet_per_item(given: Given, kind: str, title: str) -> Figures:
    items: list[list[Any]] = (
        _turn(given["ratings_experts_by_items"]) if "ratings_experts_by_items" in given else _gwet_items(given)
    )
    names = given.get("categories")
    cut = given.get("cut")
    if cut is not None:
        items = [[None if agreement.is_missing(cell) else int(cell >= cut) for cell in item] for item in items]
        names = [0, 1]
    order = list(names) if names is not None else agreement.seen(items)
    weights = agreement.agreement_weights(order, kind)
    results = [agreement.gwet(agreement.count([item], order), weights) for item in items]
    average = mean(result.coefficient for result in results)
    figures: dict[str, Any] = {title: Undefined("no item has two scores") if average is None else average}
    for place, result in enumerate(results, start=1):
        figures |= _name(result, **{f"item{place}": "coefficient"})
    return figures


def _gwet_items(given: Given) -> list[list[Any]]:
    return [list(row) for row in given["ratings_units_by_raters"]]


def _fleiss(given: Given) -> Figures:
    return _name(agreement.fleiss_kappa(_units(given)[0]), kappa="kappa", z="z")


def _cvi_items(given: Given) -> tuple[list[validity.ItemCvi], bool]:
    """One result per item, and whether the input named several."""
    conf = given.get("conf") or 0.95
    if "n_experts" in given:
        rows, many = _broadcast(given, "n_experts", "n_agree")
        return [validity.item_cvi(n, agree, conf) for n, agree in rows], many
    cut = given.get("cut", 3)
    if "ratings" in given and not any(_is_list(row) for row in given["ratings"]):
        return [validity.item_cvi_of(given["ratings"], cut, conf)], False
    items = given["ratings"] if "ratings" in given else _turn(given["ratings_experts_by_items"])
    return [validity.item_cvi_of(item, cut, conf) for item in items], True


def _cvi(given: Given) -> Figures:
    items, many = _cvi_items(given)
    rows = [_name(item, icvi="icvi", lo="low", hi="high", pc="pc", kstar="kappa") for item in items]
    scale = _name(validity.scale_cvi(items), ave="average", ua="universal", mean_kappa="mean_kappa")
    return {**(_columns(rows) if many else rows[0]), **scale}


def _cvr(given: Given) -> Figures:
    return _over(given, lambda n, essential: _name(validity.cvr(n, essential), cvr="value"), "n_experts", "n_essential")


def _cvr_critical(given: Given) -> Figures:
    def one(n: int, alpha: float | None, essential: int | None) -> Figures:
        result = validity.cvr_critical(n, 0.05 if alpha is None else alpha, essential)
        return _name(result, n_critical="n_critical", cvr_critical="cvr", p="p")

    return _over(given, one, "n_experts", "alpha", "n_essential")


def _aiken(given: Given) -> Figures:
    lo, hi, conf = given["lo"], given["hi"], given.get("conf") or 0.95
    if "items" in given or "ratings" in given:
        items = given["items"] if "items" in given else given["ratings"]
    else:
        items = _turn(given["ratings_experts_by_items"])
    many = not items or any(_is_list(item) for item in items)
    results = [validity.aiken(item, lo, hi, conf) for item in (items if many else [items])]
    rows = [_name(result, V="v", ci_low="low", ci_high="high") for result in results]
    average = mean(result.v for result in results)
    whole = Undefined("no item has a score") if average is None else average
    return {**(_columns(rows) if many else rows[0]), "mean_V": whole}


def _weighted_kappa(given: Given) -> Figures:
    missing = 0
    if "table" in given:
        table = given["table"]
    else:
        table = stability.crosstab(given["x"], given["y"], given.get("categories"))
        missing = stability.pairs_of(given["x"], given["y"])[2]
    weights: Any = given.get("disagreement_weights")
    if weights is None:
        kind = given.get("weights") or "none"
        if _is_list(kind):
            top = max(float(cell) for row in kind for cell in row)
            weights = [[top - float(cell) for cell in row] for row in kind]
        else:
            weights = stability.disagreement_weights(len(table), kind)
    return _name(stability.weighted_kappa(table, weights, missing), kappa="kappa", unchanged="unchanged")


def _wilcoxon(given: Given) -> Figures:
    values = given["differences"] if "differences" in given else comparisons.differences(given["x"], given["y"])
    result = comparisons.wilcoxon(
        values,
        given.get("zero_method") or "wilcox",
        correction=bool(given.get("correction", given.get("continuity", False))),
        exact=bool(given.get("exact") or given.get("exact_permutation")),
        alternative=given.get("alternative") or "two-sided",
    )
    return _name(result, T="smaller", Wplus="plus", Wminus="minus", p="p", rbc="effect")


def _mann_whitney(given: Given) -> Figures:
    result = comparisons.mann_whitney(
        given["x"],
        given["y"],
        continuity=bool(given.get("continuity", given.get("correction", True))),
        exact=bool(given.get("exact") or given.get("exact_permutation")),
        alternative=given.get("alternative") or "two-sided",
    )
    return _name(result, U="u", p="p", rbc="effect", cles="superiority")


def _kruskal(given: Given) -> Figures:
    return _name(comparisons.kruskal_wallis(given["groups"]), H="h", df="df", p="p", eps2="epsilon2", eta2="eta2")


def _tables(single: str, many: str, one: Callable[[Any], Figures]) -> Callable[[Given], Figures]:
    """A statistic of one crosstab or of a list of them, whichever of the two keys is there."""

    def read(given: Given) -> Figures:
        if many in given:
            return _columns([one(table) for table in given[many]])
        return one(given[single])

    return read


def _chi(group: bool) -> Callable[[Any], Figures]:
    return lambda table: _name(stability.chi_square(table, group=group), chisq="chisq", df="df", p="p")


def _bootstrap(given: Given) -> Figures:
    result = resampling.bootstrap_interval(
        given["x"],
        given.get("statistic") or "mean",
        given.get("method") or "percentile",
        given.get("conf") or 0.95,
        least=2,  # a case asks for its interval, whatever the size
    )
    return _name(result, lo="low", hi="high")


def _bootstrap_error(given: Given) -> Figures:
    return _name(resampling.bootstrap_error(given["x"]), se_mean="mean", se_median="median")


_LAMBDA = _tables("crosstab", "crosstabs", lambda table: _name(stability.gk_lambda(table), lam="value"))

STATISTICS: Mapping[str, Callable[[Given], Figures]] = {
    "median": _median,
    "quantile": _quantile,
    "IQR": _iqr,
    "IPRAS": _ipras,
    "RAM classic agreement rule": _classic,
    "RAM panel-size thresholds": _limits,
    "RAM classification": _classification,
    "percent agreement threshold": _threshold,
    "percent agreement": _percent,
    "pairwise percent agreement": _pairs,
    "I-CVI": _cvi,
    "S-CVI/Ave": _cvi,
    "S-CVI/UA": _cvi,
    "modified kappa": _cvi,
    "Lawshe CVR": _cvr,
    "CVR critical value": _cvr_critical,
    "Aiken's V": _aiken,
    "Aiken's V confidence interval": _aiken,
    "Kendall's W": _kendall,
    "Krippendorff's alpha": _alpha,
    "Gwet AC1": _gwet("identity", "mean_ac1"),
    "Gwet AC2": _gwet("quadratic", "mean_ac2"),
    "Fleiss kappa": _fleiss,
    "weighted kappa": _weighted_kappa,
    "Wilcoxon signed-rank": _wilcoxon,
    "Wilcoxon signed-rank effect size": _wilcoxon,
    "Mann-Whitney U": _mann_whitney,
    "Mann-Whitney U effect size": _mann_whitney,
    "Kruskal-Wallis": _kruskal,
    "Kruskal-Wallis effect size": _kruskal,
    "individual chi-square stability": _tables("crosstab", "crosstabs", _chi(group=False)),
    "group chi-square stability": _tables("table", "tables", _chi(group=True)),
    "Goodman-Kruskal lambda stability": _LAMBDA,
    "net percent change (Scheibe)": _tables(
        "crosstab", "crosstabs", lambda table: _name(stability.net_change(table), change="value")
    ),
    "proportion unchanged": _tables(
        "crosstab", "crosstabs", lambda table: _name(stability.unchanged(table), unchanged="value")
    ),
    "bootstrap confidence interval": _bootstrap,
    "bootstrap SE": _bootstrap_error,
    "bootstrap SE (exact)": _bootstrap_error,
}
