"""Three published checklists for reports of such rounds, filled from the data; what the data do not hold is a gap.

The names of the entries are our own short ones: the guidelines' wording stands in their papers, and whoever submits a
report compares with that. Numbers are counted through each list in the order of its sections.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.calc import moments
from app.services.panel import LANGUAGES
from app.services.protocols import FEEDBACK, GROUPINGS, RULES
from app.services.results import Comment, Report
from app.services.rounds import seated
from app.services.stopping import rule_words, ruling_words
from app.services.versions import items_of
from app.uow import UnitOfWork
from models.consultations import Consultation, ConsultationKind
from models.evidence import Finding, Source
from models.groups import Constituency, Group, Membership, Role
from models.meetings import Meeting
from models.validation import Round, Scope


@dataclass(frozen=True)
class Entry:
    """One line of a checklist: what the data say (may be empty), and what is missing (empty when nothing is)."""

    number: str
    name: str
    said: str
    gap: str


@dataclass(frozen=True)
class Checklist:
    """A published checklist as this round answers it."""

    name: str
    source: str
    entries: tuple[Entry, ...]

    @property
    def gaps(self) -> int:
        """How many entries the data do not fill, or not wholly."""
        return sum(bool(each.gap) for each in self.entries)


@dataclass(frozen=True)
class _Fact:
    said: str = ""
    gap: str = ""


WRITE = "not in the data: to be written by the authors"

#: Our short name of each entry, and the fact that fills it; sections in the order of the papers.
ACCORD = (
    ("T1", "Title says that it is a consensus exercise, and how", "title"),
    ("I1", "Why a consensus exercise", "why"),
    ("I2", "Aim, audience and place", "aim"),
    ("I3", "Whether it brings something older up to date", "update"),
    ("M1", "Registration", "registration"),
    ("M2", "Who directed it", "directed"),
    ("M3", "Who could be on the panel, and why so many", "criteria"),
    ("M4", "How the panel was invited", "invited"),
    ("M5", "People who use care, and carers", "public"),
    ("M6", "Where the items came from", "items"),
    ("M7", "Search of the literature", "search"),
    ("M8", "Evidence given to the panel", "evidence"),
    ("M9", "Methods and steps", "method"),
    ("M10", "Questions, answers and room for reasons", "questions"),
    ("M11", "Aim of each step", "steps"),
    ("M12", "What counted as consensus, and why", "consensus"),
    ("M13", "What went into the next round", "carried"),
    ("M14", "How answers were given", "given"),
    ("M15", "How answers were worked up", "analysis"),
    ("M16", "Trying it out", "pilot"),
    ("M17", "Feedback to the panel", "feedback"),
    ("M18", "Anonymity", "anonymity"),
    ("M19", "Part of those directing it in the decisions", "directors_part"),
    ("M20", "Incentives", "incentives"),
    ("M21", "Access for everybody", "access"),
    ("R1", "Dates", "dates"),
    ("R2", "Deviations from the protocol", "deviations"),
    ("R3", "Who took part", "took_part"),
    ("R4", "Outcome", "outcome"),
    ("R5", "Items changed or taken out", "changed"),
    ("D1", "Strengths and limits", "limits"),
    ("D2", "Compared with what is known", "compared"),
    ("O1", "Organisations that endorse it", "endorsed"),
    ("O2", "Interests", "interests"),
    ("O3", "Funding", "funding"),
)
DELPHISTAR = (
    ("1", "Title names the procedure", "title"),
    ("2", "Structured abstract", "abstract"),
    ("3", "Abstract names panel, rounds and consensus", "abstract"),
    ("4", "Funding", "funding"),
    ("5", "Authors", "authors"),
    ("6", "Advice on method", "advice"),
    ("7", "Background of the project", "background"),
    ("8", "Protocol", "protocol"),
    ("9", "Why this method", "why"),
    ("10", "Aim", "aim"),
    ("11", "Knowledge and perspectives that were needed", "perspectives"),
    ("12", "Knowledge that is missing", "missing"),
    ("13", "Variant of the procedure", "method"),
    ("14", "Why this variant", "why_variant"),
    ("15", "Criteria for experts", "criteria"),
    ("16", "How experts were found", "found"),
    ("17", "Invitation, and later additions", "invited"),
    ("18", "Where the questions came from", "items"),
    ("19", "The questionnaire", "questions"),
    ("20", "Number of rounds", "rounds"),
    ("21", "Aim of each round", "steps"),
    ("22", "When to stop, and why", "stop"),
    ("23", "What was fed back", "feedback"),
    ("24", "How it was fed back", "fed_back"),
    ("25", "Feedback by groups", "feedback_groups"),
    ("26", "How dissent was dealt with", "dissent"),
    ("27", "Analysis of numbers and words", "analysis"),
    ("28", "What counted as consensus", "consensus"),
    ("29", "Groups and weights", "groups"),
    ("30", "Ethics and data protection", "ethics"),
    ("31", "The course of the procedure", "flow"),
    ("32", "Deviations", "deviations"),
    ("33", "Experts in each round", "took_part"),
    ("34", "Results of each round", "outcome"),
    ("35", "What it comes to", "main"),
    ("36", "Validity", "validity"),
    ("37", "Reliability", "reliability"),
    ("38", "Limits", "limits"),
)
CREDES = (
    ("1", "Why this method", "why"),
    ("2", "Plan and process", "protocol"),
    ("3", "What counts as consensus", "consensus"),
    ("4", "What the experts were given to read", "evidence"),
    ("5", "Keeping bias away", "bias"),
    ("6", "How answers were read and worked up", "analysis"),
    ("7", "Looked at from outside", "outside"),
    ("8", "Purpose", "aim"),
    ("9", "The panel", "criteria"),
    ("10", "Methods", "method"),
    ("11", "Procedure", "steps"),
    ("12", "Consensus, and whether it was reached", "main"),
    ("13", "Results", "outcome"),
    ("14", "Limits", "limits"),
    ("15", "Whether the conclusions hold", "validity"),
    ("16", "Publication and use", "publication"),
)
LISTS = (
    ("ACCORD", "Gattrell et al., PLoS Med 2024, doi.org/10.1371/journal.pmed.1004326", ACCORD),
    ("DELPHISTAR", "Niederberger et al., PLoS One 2024, doi.org/10.1371/journal.pone.0304651", DELPHISTAR),
    ("CREDES", "Jünger et al., Palliat Med 2017, doi.org/10.1177/0269216317690685", CREDES),
)


def checklists(uow: UnitOfWork, report: Report) -> list[Checklist]:
    """The three checklists as a closed round fills them. The caller has checked the right to read its results."""
    facts = _facts(uow, report)
    return [
        Checklist(
            name, source, tuple(Entry(number, asked, facts[key].said, facts[key].gap) for number, asked, key in entries)
        )
        for name, source, entries in LISTS
    ]


def _facts(uow: UnitOfWork, report: Report) -> dict[str, _Fact]:
    """What the data say, by the keys the lists use. Nothing here is about one expert."""
    return {**_written_elsewhere(), **_of_protocol(report), **_of_group(uow, report), **_of_course(uow, report)}


def _written_elsewhere() -> dict[str, _Fact]:
    gap = _Fact(gap=WRITE)
    keys = (
        "abstract", "why", "registration", "incentives", "limits", "compared", "funding", "authors", "advice",
        "why_variant", "found", "publication",
    )  # fmt: skip
    return dict.fromkeys(keys, gap)


def _of_protocol(report: Report) -> dict[str, _Fact]:
    protocol = report.protocol
    asked = "; ".join(
        f"{each.label}: {each.question} ({each.lowest} to {each.highest})" for each in protocol.dimensions
    )
    beside = ", ".join(RULES[each] for each in protocol.sensitivity)
    room = "a comment and other words on every item"
    room += "; what is missing under each element" if protocol.ask_missing else ""
    room += "; the blueprint as a whole" if protocol.ask_whole else ""
    least = "two thirds of those asked, never under 5" if protocol.least is None else str(protocol.least)
    feedback = FEEDBACK[protocol.feedback]
    feedback += "; what was written is shown in the next round, as released" if protocol.share_comments else ""
    promise = (
        "The group sees no scores by name; names and answers are kept apart; groups under "
        f"{protocol.minimum_cell} and their complements are not shown. Not promised: that nobody can guess."
    )
    return {
        "protocol": _Fact("Locked before the first invitation; section “The protocol”."),
        "questions": _Fact(f"{asked}. “I cannot judge this” is an answer of its own. Room for {room}."),
        "consensus": _Fact(
            f"One rule decides: {RULES[protocol.rule]}; at least {least} scores. Beside it, deciding nothing: "
            f"{beside or 'none'}.",
            "why this rule",
        ),
        "analysis": _Fact(
            f"Percentiles of type {protocol.percentile_type}; missing answers left out and counted; each figure's "
            "formula and source in section “Methods”. Comments word for word, identifying words removed and counted."
        ),
        "feedback": _Fact(f"{feedback}."),
        "fed_back": _Fact("On the page of each item whose words are the same, beside the question, before scoring.")
        if protocol.feedback != "none"
        else _Fact(gap="nothing was fed back"),
        "feedback_groups": {
            "groups": _Fact("Each group's median beside the panel's, where groups may be shown."),
            "none": _Fact(gap="nothing was fed back"),
        }.get(protocol.feedback, _Fact("Not by groups: each expert sees the whole panel's figures.")),
        "groups": _Fact(f"{GROUPINGS[protocol.split_by]}, chosen before the round opened. All experts weigh the same."),
        "stop": _Fact(rule_words(protocol.stop, protocol.stop_rule), "why then"),
        "anonymity": _Fact(promise),
        "ethics": _Fact(
            f"Information sheet, version {report.round.information_version}, and consent before the first answer; the "
            "right to withdraw with or without one's answers.",
            "approval by an ethics committee, or why none was needed",
        ),
        "given": _Fact("By each expert alone, in a browser, through a personal link, over as many sittings as wanted."),
        "access": _Fact(
            f"{' or '.join(LANGUAGES.values())}, on a phone or larger, by keyboard and with a screen reader."
        ),
        "bias": _Fact(f"{promise} Whoever runs the panel neither votes in the group nor sees a score by name."),
        "directors_part": _Fact(
            "None in scoring. The panel manager releases the comments, and the group answers them."
        ),
    }


def _of_group(uow: UnitOfWork, report: Report) -> dict[str, _Fact]:
    session, round_ = uow.session, report.round
    group = session.get_one(Group, round_.group_id)
    roles = _count_roles(session, group.id)
    speaks_for = list(
        session.execute(
            select(Constituency.name)
            .join(Membership, Membership.constituency_id == Constituency.id)
            .where(Membership.group_id == group.id, Membership.meeting_id.is_(None))
            .group_by(Constituency.name, Constituency.position)
            .order_by(Constituency.position)
        ).scalars()
    )
    held = _count(session, select(func.count()).select_from(Meeting).where(
        Meeting.group_id == group.id, Meeting.closed_at <= round_.opened_at,
    )) if round_.opened_at else 0  # fmt: skip
    sources = _count(session, select(func.count()).select_from(Source).where(Source.group_id == group.id))
    findings = _count(session, select(func.count()).select_from(Finding).where(Finding.group_id == group.id))
    whole = items_of(session, round_.version_id)
    shown = sum(bool(each.evidence) for each in whole)
    heard = list(
        session.execute(
            select(Consultation.kind).where(Consultation.group_id == group.id, Consultation.withdrawn_at.is_(None))
        ).scalars()
    )
    positions = heard.count(ConsultationKind.POSITION)
    beside = _many(len(heard), "time people were heard beside the panel", "times people were heard beside the panel")
    members = ", ".join(speaks_for) or "nobody yet"
    evidence = f"{shown} of {len(whole)} items of the version, of which {len(report.items)} were rated, had evidence"
    return {
        "title": _Fact(f"“Validation round {round_.number} of {group.name}”; a scored round by personal links."),
        "aim": _Fact("The information sheet, printed whole.", "audience and place, where the sheet does not say them"),
        "background": _Fact(f"{group.name}; it speaks for: {members}.", "how the project came about"),
        "update": _Fact(
            f"Version {report.version_number} of the blueprint, locked; earlier versions are kept."
            if report.version_number > 1
            else "No: the first version."
        ),
        "directed": _Fact(f"{roles}.", "their expertise and experience"),
        "criteria": _Fact(
            f"{report.invited} asked; for each: scope, country, kind of organisation, expertise.",
            "what made somebody an expert here, and why so many",
        ),
        "perspectives": _Fact(f"In the group: {members}. On the panel: {_scopes(report)}.", "why these"),
        "missing": _Fact(
            f"{_many(len(report.missing_comments), 'element', 'elements')} with a comment on what is missing."
            if report.missing_comments
            else "",
            "" if report.missing_comments else "whose knowledge was not heard",
        ),
        "public": _Fact(f"The group speaks for: {members}.", "their part in each step"),
        "items": _Fact(
            f"Written by the group in {_many(held, 'session', 'sessions')} before the round opened; every change is "
            "kept."
        ),
        "search": _Fact(
            f"{_many(findings, 'finding', 'findings')} from {_many(sources, 'source', 'sources')}.",
            "how they were searched for",
        ),
        "evidence": _Fact(f"{evidence} beside them." if shown else "",
                          "" if shown else "no item of the version has evidence"),
        "endorsed": _Fact(
            f"{_many(positions, 'organisation', 'organisations')} stated a position." if positions else "",
            "" if positions else "no organisation's position is on record",
        ),
        "outside": _Fact(f"{beside}." if heard else "", "" if heard else "nobody was heard beside the panel"),
    }  # fmt: skip


def _gone(flow: Mapping[str, int]) -> str:
    """Who left, in the words of the results page."""
    said = [
        f"{flow[step]} {words}"
        for step, words in (
            ("withdrew_kept", "of them withdrew and left the answers"), ("withdrew", "more withdrew with the answers"),
            ("taken_off", "more taken off"),
        ) if flow.get(step)
    ]  # fmt: skip
    more = flow.get("withdrew", 0) + flow.get("taken_off", 0)
    return f"{', '.join(said)}{' (not counted)' if more else ''}." if said else ""


def _of_course(uow: UnitOfWork, report: Report) -> dict[str, _Fact]:
    session, round_ = uow.session, report.round
    rounds = list(
        session.execute(
            select(Round).where(Round.panel_id == round_.panel_id, Round.number <= round_.number).order_by(Round.number)
        ).scalars()
    )
    outcomes = [
        figures.judgement.outcome
        for item in report.items
        for figures in item.figures
        if figures.judgement is not None and figures.judgement.outcome not in {"too few", "no rule"}
    ]
    agreed, verdicts = outcomes.count("agreed"), len(outcomes)
    split = outcomes.count("disagreement")
    released = _comments(report)
    comments, answered = len(released), sum(each.answer is not None for each in released)
    declared = sum(bool(each.seat.conflict_of_interest) for each in seated(session, round_.id) if each.counts)
    shown = min(declared, report.invited - declared) >= report.protocol.minimum_cell
    interests = (
        f"{declared} of {report.invited} declared one" if shown else "the number would tell who, and is not given"
    )
    zone = session.get_one(Group, round_.group_id).time_zone
    opened, closed = (
        moments.day_in_words(moments.local_day(at, zone)) if at else "–" for at in (round_.opened_at, round_.closed_at)
    )
    days = f"Opened {opened}, closed {closed}."
    carried = "only items without agreement before" if report.only_contested else "all chosen items"
    sent = f"{report.invited} asked, {report.started} started, {report.sent} pressed Send; {_scopes(report)}."
    if gone := _gone(report.flow):
        sent += f" {gone}"
    stable = sum(
        bool(figures.movement and figures.movement.stable) for item in report.items for figures in item.figures
    )
    moved = sum(figures.movement is not None for item in report.items for figures in item.figures)
    first = dict.fromkeys(("feedback", "fed_back", "feedback_groups"), _Fact("The first round: there was nothing yet."))
    return {
        **(first if len(rounds) == 1 else {}),
        "invited": _Fact(
            f"By e-mail with a personal link from {opened}; at most "
            f"{report.protocol.reminders_most} reminders, {report.protocol.reminder_gap_days} days apart, to those who "
            "had not sent."
        ),
        "method": _Fact(
            f"Scored rounds without a meeting of the panel, on words that are locked; {RULES[report.protocol.rule]}."
        ),
        "rounds": _Fact(
            f"{_many(len(rounds), 'round', 'rounds')} up to this one. "
            f"{ruling_words(report.protocol.stop, report.ruling)}".strip()
        ),
        "steps": _Fact(f"Round {round_.number}: {carried}, {len(report.items)} in all.", "the aim in words"),
        "carried": _Fact(f"In this round: {carried}. Scores are carried over for identical words only."),
        "pilot": _Fact(
            f"{_many(report.pilots, 'pilot rater', 'pilot raters')} before the round opened, not counted."
            if report.pilots
            else "",
            "" if report.pilots else "nobody tried the round out",
        ),
        "dates": _Fact(days),
        "deviations": _Fact(
            f"{_many(len(report.deviations), 'deviation', 'deviations')}, each with its reason."
            if report.deviations
            else "None is logged."
        ),
        "took_part": _Fact(sent, "age, sex and the like were not asked"),
        "flow": _Fact("Picture and table “How far the experts came”." if report.flow else "",
                      "" if report.flow else "was not counted in this round"),
        "outcome": _Fact(
            f"Sections “Results” and “Item by item”: {agreed} of {verdicts} verdicts on items are agreement."
        ),
        "main": _Fact(f"{agreed} of {verdicts} verdicts on items are agreement.", "what follows from it"),
        "dissent": _Fact(
            f"{_many(split, 'verdict is', 'verdicts are')} disagreement, shown as such; comments stand beside the "
            "items."
        ),
        "changed": _Fact(
            f"{answered} of {_many(comments, 'comment', 'comments')} answered with what was done and why.",
            "" if comments == answered else "the other comments are not answered yet",
        ),
        "interests": _Fact(f"Asked of every expert before the first answer; {interests}.", "those of the directors"),
        "validity": _Fact(gap=WRITE),
        "reliability": _Fact(
            f"{stable} of {moved} that were scored twice on the same words moved by less than 15 %." if moved else "",
            "" if moved else "nothing was scored twice on the same words",
        ),
    }  # fmt: skip


def _comments(report: Report) -> list[Comment]:
    on_items = [comment for item in report.items for comment in item.comments]
    missing = [comment for _item, some in report.missing_comments for comment in some]
    return [*on_items, *missing, *report.whole_comments]


def _scopes(report: Report) -> str:
    return ", ".join(f"{report.by_scope.get(scope.value, 0)} {scope.value}" for scope in Scope)


def _count_roles(session: Session, group_id: int) -> str:
    query = select(Membership.role, func.count().label("people")).where(Membership.group_id == group_id)
    found = {row.role: row.people for row in session.execute(query.group_by(Membership.role))}
    leads = _many(found.get(Role.FACILITATOR, 0), "facilitator", "facilitators")
    managers = _many(found.get(Role.PANEL_MANAGER, 0), "panel manager", "panel managers")
    return f"{leads} of the group, and {managers}, who has no vote in it and no part in writing it"


def _count(session: Session, query: Select[int]) -> int:
    return session.execute(query).scalar_one()


def _many(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
