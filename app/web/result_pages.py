"""What the pages of a round's results show: verdicts in words, who needs work first, pictures, how figures were made.

No figure is computed here: all were stored when the round closed. How an item stands is read off its verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from app import markup
from app.calc.charts import BarRow, Chart, MedianRow, Spread, Words, diverging_bars, medians
from app.calc.consensus import classify
from app.calc.figures import METHODS
from app.calc.maps import HeatRow, Point, flow, heat_map, plane
from app.calc.ratings import rate_band
from app.services.protocols import RULES, Dimension
from app.services.results import ItemReport, Report
from app.services.stopping import rule_words, ruling_words
from app.services.verdicts import Figures, Judgement, Movement, stand_of
from models.items import Kind
from models.validation import Round, Scope

LONGEST_LABEL = 90


@dataclass(frozen=True)
class Mark:
    """A verdict as people see it: a tone, a sign and words, so that colour is never alone."""

    tone: str
    sign: str
    words: str


@dataclass(frozen=True)
class Cell:
    """One dimension of one item in the table at the top."""

    dimension: Dimension
    mark: Mark
    sentence: str


@dataclass(frozen=True)
class Row:
    """One item in the table at the top; ``standing`` is work, agreed or open."""

    item: ItemReport
    standing: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Picture:
    """A picture in two layouts, and its table."""

    wide: Markup
    narrow: Markup
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Fact:
    """A figure with its name."""

    name: str
    value: str


@dataclass(frozen=True)
class Explained:
    """How a figure was made: formula, source, and what it was made from."""

    name: str
    value: str
    formula: str
    source: str


@dataclass(frozen=True)
class Part:
    """One dimension of one item (or of the whole blueprint) on a page."""

    figures: Figures
    mark: Mark
    reasons: tuple[str, str]
    facts: tuple[Fact, ...]
    beside: tuple[Fact, ...]
    picture: Picture | None
    explained: tuple[Explained, ...]


def results_page(report: Report, *, before: Round | None = None, rehearsal: int = 0) -> str:
    """The page of a round's results; with the seed of a ``rehearsal`` it says that all answers are invented."""
    shown = rows(report)
    return render_template(
        "results/show.html",
        report=report,
        round=report.round,
        rows=shown,
        headline=headline(report, shown),
        asked=asked_words(report),
        counts={name: sum(row.standing == name for row in shown) for name in ("work", "open", "agreed")},
        pictures=[(each, overview_of(report, each)) for each in report.protocol.dimensions],
        whole=parts(report, report.whole, "whole"),
        flow=flow_words(report.flow),
        heat={each.key: heat_map_of(report, each) for each in report.protocol.dimensions},
        plane=plane_of(report),
        before=before,
        rehearsal=rehearsal,
        rules=RULES,
        stop=rule_words(report.protocol.stop, report.protocol.stop_rule),
        ruling=ruling_words(report.protocol.stop, report.ruling),
    )


# --- verdicts ---


def mark(figures: Figures) -> Mark:
    """The verdict of the rule that decides; where there is none, why not."""
    if figures.withheld:
        return Mark("outline", "lock", _("Too few to show"))
    if figures.judgement is None:
        return Mark("plain", "info", _("No verdict asked"))
    return mark_of(figures.judgement.outcome)


def mark_of(outcome: str) -> Mark:
    """An outcome in words."""
    known = {
        "agreed": Mark("green", "tick", _("Agreed")),
        "not agreed": Mark("amber", "approx", _("Not agreed")),
        "uncertain": Mark("amber", "approx", _("In the middle")),
        "disagreement": Mark("red", "warning", _("Experts disagree")),
        "rejected": Mark("red", "cross", _("Rated low")),
        "too few": Mark("outline", "circle", _("Too few scores")),
        "no rule": Mark("outline", "circle", _("Rule cannot say")),
    }
    return known[outcome]


def rows(report: Report) -> list[Row]:
    """The items, those that need work first, each group in the order of the blueprint."""
    made = [
        Row(
            item,
            stand_of(item.figures),
            tuple(Cell(each.dimension, mark(each), _short(each)) for each in item.figures),
        )
        for item in report.items
    ]
    return sorted(made, key=lambda row: ("work", "open", "agreed").index(row.standing))


#: Outcomes that say nothing about the item: the rule had too little to go by.
NO_VERDICT = frozenset({"", "too few", "no rule"})


def headline(report: Report, shown: Sequence[Row]) -> str:
    """What the round found, in one sentence."""
    agreed, total = sum(row.standing == "agreed" for row in shown), len(shown)
    if none := _no_verdict(report, shown):
        return none
    if all(row.item.item.kind is Kind.CRITERION for row in shown):
        if agreed == total:
            return str(_("The experts agree on all %(total)s criteria.", total=total))
        return str(_("The experts agree on %(agreed)s of %(total)s criteria.", agreed=agreed, total=total))
    if agreed == total:
        return str(_("The experts agree on all %(total)s items.", total=total))
    return str(_("The experts agree on %(agreed)s of %(total)s items.", agreed=agreed, total=total))


def _no_verdict(report: Report, shown: Sequence[Row]) -> str:
    """The sentence for a round in which no item has any verdict, which is no disagreement; else empty.

    It says how many scores were needed; only the classic rule may also meet more than it covers.
    """
    asked = [figures for row in shown for figures in row.item.figures if figures.decidable]
    if not asked or any(figures.outcome not in NO_VERDICT for figures in asked):
        return ""
    total, criteria = len(shown), all(row.item.item.kind is Kind.CRITERION for row in shown)
    needed = {report.protocol.needed(figures.eligible) for figures in asked}
    if any((figures.n or 0) >= report.protocol.needed(figures.eligible) for figures in asked):
        return str(
            ngettext("No verdict on %(num)s criterion: the rule does not cover so many scores.",
                     "No verdict on any of %(num)s criteria: the rule does not cover so many scores.", total)
            if criteria
            else ngettext("No verdict on %(num)s item: the rule does not cover so many scores.",
                          "No verdict on any of %(num)s items: the rule does not cover so many scores.", total)
        )  # fmt: skip
    low, high = min(needed), max(needed)
    least = str(low) if low == high else _("%(low)s to %(high)s", low=low, high=high)
    return str(
        ngettext("Too few scores for a verdict on %(num)s criterion: %(least)s were needed.",
                 "Too few scores for a verdict on any of %(num)s criteria: %(least)s were needed for each.",
                 total, least=least)
        if criteria
        else ngettext("Too few scores for a verdict on %(num)s item: %(least)s were needed.",
                      "Too few scores for a verdict on any of %(num)s items: %(least)s were needed for each.",
                      total, least=least)
    )  # fmt: skip


def _short(figures: Figures) -> str:
    if figures.withheld:
        return figures.withheld
    judged = figures.judgement
    if judged is None:
        return _median_words(figures)
    # Where there is no verdict the count alone would contradict the minimum: it is the rule that says why.
    return (
        f"{judged.sentence}: {judged.why}"
        if judged.outcome in {"too few", "no rule"} and judged.why
        else judged.sentence
    )


def reasons(figures: Figures) -> tuple[str, str]:
    """The count behind a verdict, and what the rule made of it, as two sentences."""
    judged = figures.judgement
    if figures.withheld:
        return figures.withheld, ""
    if judged is None:
        return _sentence(figures.no_judgement), ""
    return _sentence(judged.sentence), _sentence(judged.why)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


# --- figures in words ---


def number(value: float | None) -> str:
    """A figure without needless digits; a dash where there is none."""
    return "–" if value is None else f"{round(value, 2):g}"


def _median_words(figures: Figures) -> str:
    return str(_("median %(median)s", median=number(figures.median)))


def facts(figures: Figures) -> tuple[Fact, ...]:
    """What the report says of one dimension first: count, median, spread, who scored."""
    if figures.withheld or figures.n is None:
        return (Fact(_("Asked"), str(figures.eligible)),)
    made = []
    if figures.judgement is not None:
        made.append(Fact(_("In the agreed band"), _in_band(figures.judgement)))
    made += [
        Fact(_("Median"), _median(figures)),
        Fact(_("Middle half"), _middle(figures)),
        Fact(_("Scores"), _scores(figures)),
    ]
    if figures.movement is not None:
        made.append(Fact(_("Since it was last rated"), _moved(figures.movement, figures)))
    return tuple(made)


def _in_band(judged: Judgement) -> str:
    band = rate_band(judged.band)
    return str(_("%(count)s of %(n)s gave %(band)s", count=judged.in_band, n=judged.n, band=band))


def _median(figures: Figures) -> str:
    if figures.low is None or figures.high is None:
        return str(_("%(median)s (too few scores for an interval)", median=number(figures.median)))
    words: str = _(
        "%(median)s (interval %(low)s to %(high)s, confidence %(conf)s %%)",
        median=number(figures.median),
        low=number(figures.low),
        high=number(figures.high),
        conf=round(100 * (figures.conf or 0)),
    )
    return words


def _middle(figures: Figures) -> str:
    words: str = _(
        "%(low)s to %(high)s (interquartile range %(iqr)s)",
        low=number(figures.lower_quartile),
        high=number(figures.upper_quartile),
        iqr=number(figures.iqr),
    )
    return words


def _scores(figures: Figures) -> str:
    words = [_("%(n)s of %(eligible)s asked", n=figures.n, eligible=figures.eligible)]
    if figures.cannot_judge:
        words.append(_("%(count)s could not judge", count=figures.cannot_judge))
    if figures.unanswered:
        words.append(_("%(count)s gave no answer", count=figures.unanswered))
    return ", ".join(words)


def _moved(moved: Movement, figures: Figures) -> str:
    words: str = _(
        "median %(before)s before, %(now)s now; of %(n)s who scored the same words twice %(up)s went up and "
        "%(down)s down",
        before=number(moved.median_before),
        now=number(figures.median),
        n=moved.n,
        up=moved.up,
        down=moved.down,
    )
    if moved.change is not None:
        said = _("stable") if moved.stable else _("still moving")
        words += "; " + _("net change %(change)s %% (%(said)s)", change=round(100 * moved.change), said=said)
    return words


def beside(figures: Figures) -> tuple[Fact, ...]:
    """Other readings, printed beside the verdict and never colouring it."""
    made = [
        Fact(RULES.get(each.rule, each.rule), f"{mark_of(each.outcome).words}. {each.sentence}: {each.why}.")
        for each in figures.sensitivity
    ]
    index = figures.disagreement_index
    too_few = figures.judgement is not None and figures.judgement.outcome == "too few"
    if index is not None and figures.median is not None and not too_few:
        words = {
            "appropriate": _("Appropriate"),
            "uncertain": _("Uncertain"),
            "inappropriate": _("Inappropriate"),
        }[classify(figures.median, index > 1)]
        said = _("disagreement index %(index)s; above 1 is disagreement", index=number(index))
        made.append(Fact(_("RAND/UCLA class, by median and spread"), f"{words} ({said})."))
    return tuple(made)


# --- pictures ---


def chart_words() -> Words:
    """What the pictures say, in the reader's language."""
    return Words(
        item=_("Item"),
        n=_("n"),
        no_scores=_("No scores"),
        withheld=_("Too few scores to show"),
        median=_("Median"),
        middle_half=_("Middle half"),
        interval=_("Interval of the median"),
        earlier=_("Earlier round"),
        current=_("This round"),
        agreed=_("Counts as agreed"),
        to=_("to"),
        bars=_("Numbers in the bars count people; the axis shows their share of those who scored."),
        dots=_(
            "The dot is the median, the bar the middle half of the scores, the thin line the interval of the median."
        ),
    )


def label(item: ItemReport) -> str:
    """An item's reference and title, short enough for a picture."""
    words = f"{item.item.reference} {item.item.title}"
    return words if len(words) <= LONGEST_LABEL else words[: LONGEST_LABEL - 1].rstrip() + "…"


def overview_of(
    report: Report, dimension: Dimension, items: Sequence[ItemReport] | None = None
) -> tuple[Picture, Picture]:
    """All items (or some) in one dimension: how the scores spread, and their medians with what moved."""
    words = chart_words()
    found = [(item, _of(item, dimension)) for item in (report.items if items is None else items)]
    bars = [BarRow(label=label(item), counts=_counts(each), note=_note(each)) for item, each in found]
    dots = [MedianRow(label=label(item), current=_spread(each), earlier=_earlier(each)) for item, each in found]
    band = next((each.judgement.band for _item, each in found if each.judgement), None)
    title = _("%(dimension)s: how the experts scored", dimension=dimension.label)
    medians_title = _("%(dimension)s: medians", dimension=dimension.label)
    return (
        picture_of(
            diverging_bars(bars, dimension.scale, title=title, key=f"bars-{dimension.key}", words=words), title
        ),
        picture_of(
            medians(dots, dimension.scale, title=medians_title, key=f"dots-{dimension.key}", band=band, words=words),
            medians_title,
        ),
    )  # fmt: skip


def heat_map_of(report: Report, dimension: Dimension, items: Sequence[ItemReport] | None = None) -> Picture | None:
    """Every item (or some) by the groups that are compared, where any may be shown."""
    shown = [(item, _of(item, dimension)) for item in (report.items if items is None else items)]
    if not report.groups or not any(figures.groups for _item, figures in shown):
        return None
    rows = []
    for item, figures in shown:
        medians_of = {band.name: band.median for band in figures.groups}
        rows.append(HeatRow(label=label(item), medians=[medians_of.get(name) for name in report.groups]))
    title = _("%(dimension)s: medians by group", dimension=dimension.label)
    columns = [group_words(name) for name in report.groups]
    chart = heat_map(rows, columns, dimension.scale, title=title, key=f"heat-{dimension.key}", words=chart_words())
    return picture_of(chart, title)


def plane_of(report: Report) -> Picture | None:
    """Relevance against applicability, or the first two questions, where both have medians."""
    asked = list(report.protocol.dimensions)
    if len(asked) < 2:
        return None
    keys = {each.key: each for each in asked}
    pair = (keys.get("relevance", asked[0]), keys.get("applicability", asked[1]))
    if pair[0] == pair[1]:
        pair = (asked[0], asked[1])
    points = []
    for item in report.items:
        x, y = (_of(item, each).median for each in pair)
        if x is not None and y is not None:
            points.append(Point(name=item.item.reference, label=label(item), x=x, y=y))
    if len(points) < 2:
        return None
    title = _("%(first)s against %(second)s", first=pair[0].label, second=pair[1].label.lower())
    names = (pair[0].label, pair[1].label)
    chart = plane(points, (pair[0].scale, pair[1].scale), names, title=title, key="plane", words=chart_words())
    return picture_of(chart, title)


def flow_of(rounds: Sequence[tuple[int, Mapping[str, int]]]) -> Picture | None:
    """How far the experts of each round came who count, and how many more left, where it was counted."""
    counted = [(_("Round %(number)s", number=number), flow_) for number, flow_ in rounds if flow_]
    if not counted:
        return None
    steps = {
        "invited": _("Asked"), "started": _("Started"), "sent": _("Pressed Send"),
        "withdrew_kept": _("Of them withdrew, answers count"), "withdrew": _("Withdrew with answers, not counted"),
        "taken_off": _("Taken off, not counted"),
    }  # fmt: skip
    used = {key: words for key, words in steps.items() if any(each.get(key) for _name, each in counted)}
    title = _("How far the experts came")
    return picture_of(flow(counted, used, title=title, key="flow", words=chart_words()), title)


def comparison_of(figures: Figures, key: str) -> Picture | None:
    """One item in one dimension: everybody, and the groups side by side where the cells allow."""
    if figures.withheld or not figures.n:
        return None
    bars = [BarRow(label=_("All experts"), counts=_counts(figures))]
    bars += [BarRow(label=group_words(each.name), counts=each.distribution) for each in figures.groups]
    title = _("%(dimension)s: how the experts scored", dimension=figures.dimension.label)
    chart = diverging_bars(bars, figures.dimension.scale, title=title, key=key, words=chart_words())
    return picture_of(chart, title)


def flow_words(flow: Mapping[str, int]) -> str:
    """How far the experts who count came, and who left, in one line; empty where it was not counted."""
    if not flow:
        return ""
    said = [
        ngettext("%(num)s expert asked", "%(num)s experts asked", flow["invited"]),
        _("%(count)s started", count=flow["started"]), _("%(count)s pressed Send", count=flow["sent"]),
    ]  # fmt: skip
    if flow["in_place"]:
        said.insert(
            1, ngettext("%(num)s of them for one who left", "%(num)s of them for ones who left", flow["in_place"])
        )
    return "; ".join([", ".join(said), *gone_words(flow)])


def gone_words(flow: Mapping[str, int]) -> list[str]:
    """Who left: of those who count, and who were asked and do not count; nothing where nobody did."""
    said = []
    if flow.get("withdrew_kept"):
        said.append(
            ngettext(
                "%(num)s of them withdrew and left the answers",
                "%(num)s of them withdrew and left their answers",
                flow["withdrew_kept"],
            )
        )
    if flow.get("withdrew"):
        said.append(
            ngettext(
                "%(num)s more withdrew with the answers and is not counted",
                "%(num)s more withdrew with their answers and are not counted",
                flow["withdrew"],
            )
        )
    if flow.get("taken_off"):
        said.append(
            ngettext(
                "%(num)s more was taken off and is not counted",
                "%(num)s more were taken off and are not counted",
                flow["taken_off"],
            )
        )
    return said


def spread_words(figures: Figures) -> str:
    """Median, the middle half and how many scored, in a few characters: "7 (6 to 8), n 9"."""
    if figures.withheld or figures.median is None:
        return figures.withheld
    low, high = figures.lower_quartile, figures.upper_quartile
    middle = f" ({low:g} to {high:g})" if low is not None and high is not None else ""
    return f"{figures.median:g}{middle}, n {figures.n}"


def group_words(name: str) -> str:
    """The name of a group of experts as people read it."""
    known: dict[str, str] = {Scope.NATIONAL.value: _("National"), Scope.INTERNATIONAL.value: _("International")}
    return known.get(name, name)


def picture_of(chart: Chart, title: str) -> Picture:
    """A drawn chart as a page shows it, with its table."""
    return Picture(markup.picture(chart.wide), markup.picture(chart.narrow), title, chart.columns, chart.rows)


def _of(item: ItemReport, dimension: Dimension) -> Figures:
    return next(each for each in item.figures if each.dimension.key == dimension.key)


def _counts(figures: Figures) -> tuple[int, ...] | None:
    return None if figures.withheld else figures.distribution


def _note(figures: Figures) -> str:
    shown = mark(figures)
    return shown.words if figures.judgement is not None and not figures.withheld else ""


def _spread(figures: Figures) -> Spread | None:
    low, middle, high = figures.lower_quartile, figures.median, figures.upper_quartile
    if low is None or middle is None or high is None:
        return None
    ends = None if figures.low is None or figures.high is None else (figures.low, figures.high)
    return Spread(median=middle, quartiles=(low, high), interval=ends, n=figures.n or 0)


def _earlier(figures: Figures) -> Spread | None:
    before = figures.movement.median_before if figures.movement else None
    return None if before is None else Spread(median=before, quartiles=(before, before))


# --- how figures were made ---


def explained(figures: Figures, rule: str) -> tuple[Explained, ...]:
    """Formula and source of every figure shown of one dimension; ``rule`` is the key of the method that decides."""
    if figures.withheld or figures.n is None:
        return (_explain("suppression", figures.withheld),)
    made = []
    if figures.judgement is not None:
        made.append(_explain(rule, mark_of(figures.judgement.outcome).words))
    made += [
        _explain("median", number(figures.median)),
        _explain("median-interval", f"{number(figures.low)} {_('to')} {number(figures.high)}"),
        _explain("quantile", f"{number(figures.lower_quartile)}, {number(figures.upper_quartile)}"),
        _explain("iqr", number(figures.iqr)),
    ]
    if figures.disagreement_index is not None:
        made.append(_explain("ipras", number(figures.disagreement_index)))
    if figures.groups_withheld:
        made.append(_explain("suppression", figures.groups_withheld))
    if figures.movement is not None:
        made.append(_explain("scheibe", _share(figures.movement.change)))
        made.append(_explain("unchanged", _share(figures.movement.unchanged)))
    return tuple(made)


def _explain(key: str, value: str) -> Explained:
    method = METHODS[key]
    return Explained(method.title, value, method.formula, method.source)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{round(100 * value)} %"


def parts(report: Report, figures: Iterable[Figures], key: str) -> list[Part]:
    """Dimensions of one item (or of the whole) as a page shows them; ``key`` makes the pictures' ids unique."""
    rule = report.protocol.primary.method.key
    return [
        Part(
            each, mark(each), reasons(each), facts(each), beside(each),
            comparison_of(each, f"{key}-{each.dimension.key}"), explained(each, rule),
        )
        for each in figures
    ]  # fmt: skip


def asked_words(report: Report) -> str:
    """Who was asked and answered, in one line."""
    asked = ngettext("%(num)s expert asked", "%(num)s experts asked", report.invited)
    words = ", ".join([
        asked, _("%(count)s started", count=report.started), _("%(count)s pressed Send", count=report.sent)
    ])  # fmt: skip
    if report.sent < report.started:
        words += " " + _("(answers count without it too)")
    return "; ".join([words, *gone_words(report.flow)])
