"""A closed round as a paper to hand out: what the results pages say, in the order in which a referee reads.

Aggregates and released comments only, as on the pages; whoever may read those may have the paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from app.calc import moments
from app.calc.figures import METHODS
from app.calc.papers import Block, Heading, Line, Paper, Picture, Points, Prose, Table
from app.services.checklists import Checklist
from app.services.consultations import Heard
from app.services.protocols import FEEDBACK, GROUPINGS, RULES, WHOLE, Dimension
from app.services.results import Comment, ItemReport, Report
from app.services.stopping import rule_words, ruling_words
from app.services.verdicts import Band, Figures
from app.web import result_pages as pages
from app.web.dispositions import outcome_words
from models.groups import Group
from models.validation import RemarkKind, Scope

#: A picture of more rows than this would be taller than a page.
ROWS_A_PAGE = 23


def paper_of(
    report: Report, group: Group, *, heard: Sequence[Heard], lists: Sequence[Checklist], made_at: datetime
) -> Paper:
    """The report of a round: protocol, panel, results with pictures, each item, comments, methods, checklists."""
    shown = pages.rows(report)
    title = _("Validation round %(number)s of %(group)s", number=report.round.number, group=group.name)
    closed = _day(report.round.closed_at, group)
    blocks = [
        *_found(report, shown),
        *_protocol(report, group),
        *_panel(report, heard),
        *_results(report),
        *_items(report),
        *_whole(report),
        *_methods(report),
        *_lists(lists),
    ]
    return Paper(
        title=title,
        subject=group.name,
        front=[
            _("On version %(number)s of the blueprint, closed %(day)s.", number=report.version_number, day=closed),
            _("This copy was made on %(day)s: comments and answers as they stood then.", day=_day(made_at, group)),
            _(
                "It names no expert and ties no answer to anybody. It does not promise that nobody can guess: with few "
                "experts, the figures of a small group tell the scores in it, and comments may tell who wrote them."
            ),
            _("Fingerprint of the version (SHA-256): %(mark)s", mark=report.round.version_sha256),
        ],
        footer=f"{title}, {closed}",
        blocks=blocks,
    )


def _day(at: datetime | None, group: Group) -> str:
    return "–" if at is None else moments.day_in_words(moments.local_day(at, group.time_zone))


def _found(report: Report, shown: Sequence[pages.Row]) -> Iterator[Block]:
    yield Heading(1, _("What was found"))
    yield Line(pages.headline(report, shown))
    yield Line(f"{pages.asked_words(report)}.")
    if said := ruling_words(report.protocol.stop, report.ruling):
        yield Line(said)
    named = {"work": _("Need work"), "open": _("Without a verdict"), "agreed": _("Agreed")}
    for standing, words in named.items():
        chosen = [row for row in shown if row.standing == standing]
        if chosen:
            yield Line(f"{words} ({len(chosen)})", "label")
            yield Points([f"{row.item.item.reference} {row.item.item.title}" for row in chosen])
    if report.only_contested:
        yield Line(
            _(
                "Only items without agreement in the round before were rated again. Part of any movement is therefore "
                "regression to the mean."
            )
        )


def _protocol(report: Report, group: Group) -> Iterator[Block]:
    protocol = report.protocol
    locked = report.round.locked_at
    yield Heading(1, _("The protocol"))
    if locked is not None:
        moment = moments.in_words(locked, group.time_zone)
        yield Line(_("Locked on %(moment)s, before the first invitation went out.", moment=moment))
    yield Heading(2, _("The one rule that decides"))
    yield Line(RULES[protocol.rule])
    yield Line(protocol.primary.method.formula, "note")
    least = (
        _("two thirds of those asked, and never fewer than 5 scores")
        if protocol.least is None
        else _("%(least)s scores", least=protocol.least)
    )
    yield Line(_("A verdict needs %(least)s.", least=least))
    yield Table(
        (_("Verdict"), _("What it says")),
        [(pages.mark_of(outcome).words, words) for outcome, words in _verdicts().items()],
        (0.22, 0.78),
    )
    yield Line(_("An item counts as agreed when it is agreed on every question that the rule can decide."))
    yield Heading(2, _("Beside it, deciding nothing"))
    beside = [RULES[each] for each in protocol.sensitivity]
    if any(each.scale.name == "1-9" for each in protocol.dimensions):
        beside.append(_("RAND/UCLA class, by median and spread (scale 1 to 9)"))
    yield Points(beside or [_("No other rule.")])
    yield Heading(2, _("Questions"))
    yield Table(
        (_("Question"), _("Scale"), _("Lowest means"), _("Highest means"), _("Asked of")),
        [
            *(_question(each) for each in protocol.dimensions),
            *(_question(each, _("everybody, once")) for each in (WHOLE if protocol.ask_whole else ())),
        ],
        (0.4, 0.1, 0.16, 0.16, 0.18),
    )
    yield Heading(2, _("Rules of the round"))
    reminders = _(
        "at most %(most)s, %(days)s days apart", most=protocol.reminders_most, days=protocol.reminder_gap_days
    )
    yield Table(
        (_("What"), _("How")),
        [
            (_("Items rated"), _("%(count)s, chosen before the round opened", count=len(report.items))),
            (_("Groups compared"), GROUPINGS[protocol.split_by]),
            (_("Smallest group shown"), str(protocol.minimum_cell)),
            (_("Percentiles"), _("type %(type)s of Hyndman and Fan", type=protocol.percentile_type)),
            (_("Interval of the median"), _("by order statistics, 95 % or the next that so few scores allow")),
            (_("Fed back of an earlier round"), FEEDBACK[protocol.feedback]),
            (
                _("Comments"),
                _("shown to the other experts in the next round, as released")
                if protocol.share_comments
                else _("for the group only, as released"),
            ),
            (_("Reminders"), reminders),
            (_("When to stop"), rule_words(protocol.stop, protocol.stop_rule)),
            (_("Opened"), _day(report.round.opened_at, group)),
            (_("Closed"), _day(report.round.closed_at, group)),
        ],
        (0.3, 0.7),
    )  # fmt: skip
    yield Heading(2, _("Changed after the protocol was locked"))
    if report.deviations:
        yield Table(
            (_("Day"), _("What"), _("Reason")),
            [(_day(at, group), what, reason) for at, what, reason in report.deviations],
            (0.18, 0.41, 0.41),
        )
    else:
        yield Line(_("Nothing is logged."))
    yield Heading(2, _("What the experts agreed to"))
    yield Line(
        _(
            "Information sheet, version %(version)s, word for word. On the experts' page the number of answers and the "
            "minutes they take stood above it.",
            version=report.round.information_version,
        )
    )
    yield Prose(report.round.information_sheet)


def _verdicts() -> dict[str, str]:
    """What each outcome of a rule means, in the words of the report."""
    return {
        "agreed": _("The rule finds agreement at the upper end of the scale."),
        "not agreed": _("The scores lie too far apart for agreement, and not far enough for disagreement."),
        "uncertain": _("The rule finds agreement in the middle of the scale, or a median between two of its parts."),
        "rejected": _("The rule finds agreement at the lower end of the scale."),
        "disagreement": _("The rule finds many scores at both ends."),
        "too few": _("Fewer scores than a verdict needs; also fewer than the rule is defined for."),
        "no rule": _("More scores than the rule is defined for."),
    }


def _question(each: Dimension, of: str = "") -> tuple[str, ...]:
    asked = of or ", ".join(each.only_for) or _("everybody")
    scale = _("%(low)s to %(high)s", low=each.lowest, high=each.highest)
    return f"{each.label}: {each.question}", scale, each.low_words or "–", each.high_words or "–", asked


def _panel(report: Report, heard: Sequence[Heard]) -> Iterator[Block]:
    yield Heading(1, _("The panel"))
    scopes = ", ".join(
        f"{report.by_scope.get(each.value, 0)} {pages.group_words(each.value).lower()}" for each in Scope
    )
    yield Line(_("%(count)s experts were asked: %(scopes)s.", count=report.invited, scopes=scopes))
    if report.pilots:
        yield Line(
            ngettext(
                "%(num)s pilot rater tried the round first and is not counted.",
                "%(num)s pilot raters tried the round first and are not counted.",
                report.pilots,
            )
        )
    if picture := pages.flow_of([(report.round.number, report.flow)]):
        yield from _picture(picture)
    if heard:
        yield Heading(2, _("Heard beside the panel"))
        yield Line(_("Kept apart from the panel, and never averaged with it."))
        for each in heard:
            found = each.consultation
            name = each.title or _("Not named")
            yield Line(f"{moments.day_in_words(found.happened_on)}: {name}", "label")
            if found.audience or found.people:
                people = ngettext("%(num)s person", "%(num)s people", found.people) if found.people else ""
                yield Line(", ".join(part for part in (found.audience, people) if part), "note")
            if found.words:
                yield Prose(found.words)


def _results(report: Report) -> Iterator[Block]:
    yield Heading(1, _("Results"))
    for dimension in report.protocol.dimensions:
        yield Heading(2, dimension.label)
        yield Line(dimension.question)
        found = [(item, next(f for f in item.figures if f.dimension.key == dimension.key)) for item in report.items]
        yield Table(
            (_("Item"), _("Scores of asked"), _("Median"), _("Middle half"), _("In the agreed band"), _("Verdict")),
            [_line(item, figures) for item, figures in found],
            (0.32, 0.12, 0.14, 0.12, 0.14, 0.16),
        )
        sheets = _sheets(report.items)
        for number, sheet in enumerate(sheets, 1):
            for picture in pages.overview_of(report, dimension, sheet):
                yield from _picture(picture, part=_part_of(number, sheets), twin=False)
            if heat := pages.heat_map_of(report, dimension, sheet):
                yield from _picture(heat, part=_part_of(number, sheets), twin=False)
        if any(figures.groups for _item, figures in found):
            yield Table(
                (_("Item"), *(_("%(group)s: median", group=pages.group_words(name)) for name in report.groups)),
                [(_name(item), *_by_group(report, figures)) for item, figures in found],
            )
    if plane := pages.plane_of(report):
        yield Heading(2, plane.title)
        yield Line(_("Each dot is an item, placed by its medians, which stand in the tables above."), "note")
        yield from _picture(plane, twin=False)


def _by_group(report: Report, figures: Figures) -> list[str]:
    """The median of each group with how many scored of how many asked; a dash where it may not be shown."""
    known = {band.name: band for band in figures.groups}
    said = []
    for name in report.groups:
        band = known.get(name)
        if band is None or band.n is None:
            said.append("–")
        else:
            said.append(
                _(
                    "%(median)s (%(n)s of %(eligible)s)",
                    median=pages.number(band.median),
                    n=band.n,
                    eligible=band.eligible,
                )
            )
    return said


def _sheets(items: Sequence[ItemReport]) -> list[Sequence[ItemReport]]:
    """The items in parts of about the same length, each short enough for a picture on one page."""
    parts = -(-len(items) // ROWS_A_PAGE)
    length = -(-len(items) // max(1, parts))
    return [items[at : at + length] for at in range(0, len(items), max(1, length))]


def _name(item: ItemReport) -> str:
    return f"{item.item.reference} {item.item.title}"


def _line(item: ItemReport, figures: Figures) -> tuple[str, ...]:
    name = _name(item)
    verdict = pages.mark(figures).words
    if figures.withheld or figures.n is None:
        return name, _("too few of %(eligible)s", eligible=figures.eligible), "–", "–", "–", verdict
    judged = figures.judgement
    interval = (
        f" [{pages.number(figures.low)}; {pages.number(figures.high)}]"
        if figures.low is not None and figures.high is not None
        else ""
    )
    return (
        name,
        _("%(n)s of %(eligible)s", n=figures.n, eligible=figures.eligible),
        f"{pages.number(figures.median)}{interval}",
        _middle(figures),
        "–" if judged is None else _("%(count)s of %(n)s", count=judged.in_band, n=judged.n),
        verdict,
    )


def _middle(shown: Figures | Band) -> str:
    words: str = _(
        "%(low)s to %(high)s", low=pages.number(shown.lower_quartile), high=pages.number(shown.upper_quartile)
    )
    return words


def _items(report: Report) -> Iterator[Block]:
    yield Heading(1, _("Item by item"))
    for each in report.items:
        yield Heading(2, _name(each))
        yield Prose(each.item.text)
        for part in pages.parts(report, each.figures, f"paper-{each.item.id}"):
            yield from _part(part)
        yield from _comments(each.comments)


def _part(part: pages.Part) -> Iterator[Block]:
    yield Line(f"{part.figures.dimension.label}: {part.mark.words}", "label")
    yield Line(" ".join(words for words in part.reasons if words))
    yield Points([f"{fact.name}: {fact.value}" for fact in part.facts])
    if part.figures.groups:
        yield Table(
            (_("Group"), _("Scores of asked"), _("Median"), _("Middle half")),
            [
                (
                    pages.group_words(band.name),
                    "–" if band.n is None else _("%(n)s of %(eligible)s", n=band.n, eligible=band.eligible),
                    pages.number(band.median),
                    _middle(band),
                )
                for band in part.figures.groups
            ],
            (0.34, 0.22, 0.22, 0.22),
        )  # fmt: skip
    elif part.figures.groups_withheld:
        yield Line(part.figures.groups_withheld, "note")
    if part.beside:
        yield Line(_("For comparison only, deciding nothing:"), "note")
        yield Points([f"{fact.name}: {fact.value}" for fact in part.beside])


def _comments(comments: Sequence[Comment]) -> Iterator[Block]:
    if comments:
        yield Line(_("Comments"), "label")
    for each in comments:
        if each.kind is RemarkKind.WORDING:
            yield Line(_("Suggested words:"), "note")
        yield Line(each.text, "quote")
        if each.removed_words:
            yield Line(
                ngettext("%(num)s identifying word removed", "%(num)s identifying words removed", each.removed_words),
                "note",
            )
        if each.answer is not None:
            yield Line(
                _(
                    "What we did. %(outcome)s: %(why)s",
                    outcome=outcome_words(each.answer.outcome.value),
                    why=each.answer.why,
                )
                + (f" ({changed})" if (changed := ", ".join(name for _id, name in each.answer.items)) else "")
            )


def _whole(report: Report) -> Iterator[Block]:
    if report.whole or report.whole_comments:
        yield Heading(1, _("The blueprint as a whole"))
        for part in pages.parts(report, report.whole, "paper-whole"):
            yield Line(part.figures.dimension.question)
            yield from _part(part)
        yield from _comments(report.whole_comments)
    if report.missing_comments:
        yield Heading(1, _("What the experts miss"))
        for item, found in report.missing_comments:
            yield Heading(2, f"{item.reference} {item.title}")
            yield from _comments(found)
    yield Heading(1, _("Comments that are not here"))
    yield Line(
        _(
            "%(withheld)s withheld, %(unread)s not read yet by the panel manager; %(words)s identifying words removed",
            withheld=report.withheld_comments,
            unread=report.unread_comments,
            words=report.removed_words,
        )
        + "."
    )


def _methods(report: Report) -> Iterator[Block]:
    yield Heading(1, _("Methods"))
    yield Line(
        _(
            "All figures were worked out once, when the round closed, from the answers with this fingerprint "
            "(SHA-256): %(mark)s. A methodologist can be given the answers without names, and a script that computes "
            "them again.",
            mark=report.inputs_sha256,
        )
    )
    rows = []
    moved = any(figures.movement for item in report.items for figures in item.figures)
    also = {METHODS[key].title: METHODS[key].name for key in ("scheibe", "unchanged")} if moved else {}
    for title, name in {**report.methods, **also}.items():
        method = METHODS.get(name.partition("/")[0])
        rows.append((title, name, method.formula if method else "–", method.source if method else "–"))
    yield Table((_("Figure"), _("Method and version"), _("Formula"), _("Source")), rows, (0.2, 0.16, 0.38, 0.26))


def _lists(lists: Sequence[Checklist]) -> Iterator[Block]:
    yield Heading(1, _("Checklists"))
    yield Line(
        _(
            "Filled from the data of this round; a gap is what the data do not hold. The names of the entries are our "
            "own short ones: compare with the wording in the papers before this is submitted anywhere."
        )
    )
    for each in lists:
        yield Heading(2, each.name)
        total = len(each.entries)
        yield Line(
            _("%(total)s entries, %(gaps)s with a gap. %(source)s", total=total, gaps=each.gaps, source=each.source),
            "note",
        )
        yield Table(
            (_("No."), _("Entry"), _("In this round"), _("Gap")),
            [(entry.number, entry.name, entry.said or "–", entry.gap or "–") for entry in each.entries],
            (0.07, 0.25, 0.43, 0.25),
        )


def _part_of(number: int, sheets: Sequence[object]) -> str:
    return f" ({number}/{len(sheets)})" if len(sheets) > 1 else ""


def _picture(picture: pages.Picture, *, part: str = "", twin: bool = True) -> Iterator[Block]:
    """A picture under its title; its table where the paper does not say the same in another one."""
    yield Line(picture.title + part, "label")
    yield Picture(
        str(picture.wide), _("%(title)s. The same figures stand in a table beside it.", title=picture.title + part)
    )
    if twin:
        yield Table(picture.columns, picture.rows)
