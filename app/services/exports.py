"""What leaves the system as files: the draft or a version of a blueprint, and the results of a closed round.

Nothing here holds an expert's name, address, code or link, or one expert's answers; times of answers never leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from app.calc import moments
from app.calc.glossary import Glossary
from app.calc.paragraphs import words_for_others
from app.calc.tables import Cell, csv_bytes
from app.errors import NotFound
from app.policy import SYSTEM, Actor, Can, require
from app.services import (
    companions,
    documents,
    evidence,
    glossary,
    history,
    pdf_files,
    results,
    thread_files,
    version_files,
    versions,
    word_files,
)
from app.services.companions import Including
from app.services.results import Comment, Report
from app.services.verdicts import Band, Figures, Judgement
from app.services.version_files import File
from app.uow import UnitOfWork
from models.evidence import ContractingModel, Finding, Link, Source
from models.groups import Group
from models.items import Item
from models.validation import RemarkKind
from models.versions import Version, VersionItem, VersionTerm


@dataclass(frozen=True)
class EvidenceList:
    """The evidence of a group that stands: sources, models, findings, and links as (link, the item's reference)."""

    sources: list[Source]
    models: list[ContractingModel]
    findings: list[Finding]
    links: list[tuple[Link, str]]


#: What a blueprint can leave as, and what each is called.
FORMS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
}
_ALONE = Including()
#: What ties the items of a version to others is not in it: it goes along as it is on the day of the file.
THREAD_OF_TODAY = (
    "Which principles items carry out, what they keep from contracting models and where sources can be read is as it "
    "stands today; it is no part of the version."
)
#: A version takes no suggestions and no comments: those that go along with it are on words that may have moved on.
OF_THE_DRAFT = "Suggestions and comments in this file are on the draft of today, whose words may differ from these."


def export_draft(uow: UnitOfWork, actor: Actor, *, group_id: int, form: str, including: Including = _ALONE) -> File:
    """The blueprint as it stands now in one of ``FORMS``: ideas and parked items too, withdrawn ones not.

    A draft has no fingerprint: only a version can be checked. Raises NotFound for another form or a foreign group.
    """
    require(uow.session, actor, group_id, Can.ITEM_READ)
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    # Only facilitators may look at what freezing would do; the words and the evidence in it the actor may read.
    preview = versions.preview(uow, SYSTEM, group_id=group_id, with_ideas=True, with_parked=True)
    rows = [versions.row_of(each, position) for position, each in enumerate(preview.taken)]
    group = uow.session.get_one(Group, group_id)
    today = moments.local_day(uow.now, group.time_zone)
    warning = f"As it stood on {today:%-d %B %Y}. A draft can change at any time."
    if not including.evidence:
        for row in rows:
            row.evidence = []
    terms = versions.terms_used(uow.session, group_id, rows) if including.definitions else []
    head: dict[str, Any] = {"format": "concordat-draft/1", "group": group.name, "exported_on": today.isoformat()}
    body = _body(
        uow, actor, form, group, rows, terms, including, title=group.name, base=word_files.DRAFT, today=today,
        front=[warning], markdown=[f"# {words_for_others(group.name)}: draft", "", warning], head=head, frozen_at=None,
        meant=glossary.standing(uow.session, group_id),
    )  # fmt: skip
    return File(f"draft-{today.isoformat()}.{form}", FORMS[form], body)


def export_version(
    uow: UnitOfWork, actor: Actor, *, group_id: int, number: int, form: str, including: Including = _ALONE
) -> File:
    """A version of the group by its number, in the form whose fingerprint a third party can check (``json``).

    JSON always holds evidence and definitions, without which it could not be checked. Raises NotFound for a number or
    a form there is not.
    """
    require(uow.session, actor, group_id, Can.VERSION_READ)
    query = select(Version.id).where(Version.group_id == group_id, Version.number == number)
    found = uow.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound(f"The group has no version {number}.")
    whole = versions.read(uow, actor, version_id=found)
    version, group = whole.version, uow.session.get_one(Group, group_id)
    head = {
        "format": "concordat-version/1", "group": whole.group_name, "number": version.number,
        "locked_on": f"{whole.locked_on:%Y-%m-%d}", "rests_on": version_files.grounds(whole), "sha256": version.sha256,
        "how_to_check": version_files.CHECK,
    }  # fmt: skip
    front = version_files.front(whole)
    if form == "json":
        including = replace(including, evidence=True, definitions=True)
    terms = whole.terms if including.definitions else []
    said = [each for line in front for each in ("", words_for_others(line))]
    said[-1] = f"Fingerprint (SHA-256): `{version.sha256}`"
    if including.suggestions or including.comments:
        front, said = [*front, OF_THE_DRAFT], [*said, "", OF_THE_DRAFT]
    if including.evidence:
        front, said = [*front, THREAD_OF_TODAY], [*said, "", THREAD_OF_TODAY]
    body = _body(
        uow, actor, form, group, whole.items, terms, including, title=version.title, base=str(version.number),
        today=moments.local_day(uow.now, group.time_zone), front=front,
        markdown=[f"# {words_for_others(version.title)}: version {version.number}", *said], head=head,
        frozen_at=version.frozen_at, meant=versions.meanings(whole.terms),
    )  # fmt: skip
    return File(f"version-{number}.{form}", FORMS[form], body)


def _body(
    uow: UnitOfWork, actor: Actor, form: str, group: Group, rows: Sequence[VersionItem], terms: Sequence[VersionTerm],
    including: Including, *,
    title: str, base: str, today: date, front: Sequence[str], markdown: Sequence[str], head: dict[str, Any],
    frozen_at: datetime | None, meant: Glossary,
) -> bytes:  # fmt: skip
    if form not in FORMS:
        raise NotFound()
    along = companions.beside(
        uow, actor, group_id=group.id, rows=rows, terms=meant, including=including, until=frozen_at
    )  # fmt: skip
    if including.evidence:
        require(uow.session, actor, group.id, Can.EVIDENCE_READ)
        along.tied = thread_files.of_rows(uow.session, group.id, rows, today)
    if form == "json":
        return version_files.json_bytes(head, versions.content(title, rows, terms), rows, along)
    if form == "md":
        return version_files.markdown_bytes(markdown, rows, terms, including, along)
    if form == "csv":
        return version_files.items_table(rows, terms, including, along)
    versions_ = {} if form == "pdf" else _text_versions(uow, rows, frozen_at)
    sheet = word_files.Sheet(
        title=title, group_name=group.name, slug=group.slug, sign=word_files.sign_of(group), base=base, made_on=today,
        front=front, rows=rows, terms=terms, versions=versions_, including=including, companions=along,
    )  # fmt: skip
    if form == "pdf":
        return pdf_files.pdf_bytes(uow, sheet)
    return word_files.word_bytes(uow, sheet)


def _text_versions(
    uow: UnitOfWork, rows: Iterable[VersionItem], frozen_at: datetime | None
) -> dict[tuple[str, str], int]:
    """After which of its changes each text reads as the rows have it."""
    found = {}
    items_ = {row.item_id: row for row in rows}
    for item_id, texts in documents.documents_of(uow.session, items_).items():
        row = items_[item_id]
        for each in documents.WORDS:
            if (document := texts.get(each)) is not None:
                words: str = getattr(row, each.value)
                version = history.version_holding(uow.session, document, words, frozen_at or uow.now)
                found[row.reference, each.value] = version
    return found


def evidence_of(uow: UnitOfWork, actor: Actor, *, group_id: int) -> EvidenceList:
    """What a group cites, in the order in which it was added; withdrawn things are left out.

    A withdrawn source stays while a finding rests on it. Raises NotFound, Forbidden.
    """
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    session = uow.session
    standing = select(Finding).where(Finding.group_id == group_id, Finding.withdrawn_at.is_(None))
    findings = list(session.execute(standing.order_by(Finding.id)).scalars())
    cited = or_(Source.withdrawn_at.is_(None), Source.id.in_([each.source_id for each in findings]))
    sources = session.execute(select(Source).where(Source.group_id == group_id, cited).order_by(Source.id)).scalars()
    models = evidence.standing_models(session, group_id)
    links = session.execute(
        select(Link, Item.reference)
        .join(Item, Item.id == Link.item_id)
        .where(Link.group_id == group_id, Link.finding_id.in_([each.id for each in findings]))
        .order_by(Link.id)
    )
    return EvidenceList(list(sources), models, findings, [(link, reference) for link, reference in links])


# --- results of a closed round ---


def results_table(uow: UnitOfWork, actor: Actor, *, round_id: int) -> File:
    """The figures of a closed round as CSV, one line for each item and dimension. Raises NotFound before it closes."""
    report = results.report(uow, actor, round_id=round_id)
    asked = [*report.protocol.dimensions, *(each.dimension for each in report.whole)]
    scores = range(min(each.lowest for each in asked), max(each.highest for each in asked) + 1)
    others = [rule for rule in report.protocol.sensitivity if rule != report.protocol.rule]
    head = [*_HEAD, *(f"other rule {rule}" for rule in others), *(f"gave {score}" for score in scores)]
    head += [f"{name} {what}" for name in report.groups for what in ("asked", "scores", "median")]
    head.append("groups withheld because")
    lines = [(item.item, figures) for item in report.items for figures in item.figures]
    rows = [_row(report, item, figures, others, scores) for item, figures in lines]
    rows += [_row(report, None, figures, others, scores) for figures in report.whole]
    return File(f"round-{report.round.number}-results.csv", "text/csv; charset=utf-8", csv_bytes(head, rows))


def comments_table(uow: UnitOfWork, actor: Actor, *, round_id: int) -> File:
    """The comments of a closed round as released, as CSV, in an order that says nothing about who wrote first."""
    report = results.report(uow, actor, round_id=round_id)
    rows = [line for item in report.items for line in _comments(item.item, item.comments)]
    rows += [line for item, comments in report.missing_comments for line in _comments(item, comments)]
    rows += _comments(None, report.whole_comments)
    head = ("item", "title", "answers", "comment", "identifying words removed", "what we did", "why", "themes")
    return File(f"round-{report.round.number}-comments.csv", "text/csv; charset=utf-8", csv_bytes(head, rows))


_HEAD = (
    "round", "version", "item", "title", "dimension", "question", "scale", "experts asked", "gave a score",
    "cannot judge", "no answer", "withheld because", "median", "interval from", "interval to", "confidence of interval",
    "lower quartile", "upper quartile", "interquartile range", "counts as agreed", "in that band", "verdict",
    "verdict in words", "rule that decides", "disagreement index",
)  # fmt: skip
_KINDS = {
    RemarkKind.COMMENT: "comment",
    RemarkKind.WORDING: "suggested wording",
    RemarkKind.MISSING: "what is missing",
    RemarkKind.WHOLE: "the blueprint as a whole",
}


def _row(
    report: Report, item: VersionItem | None, figures: Figures, others: Iterable[str], scores: range
) -> list[Cell]:
    dimension, judged = figures.dimension, figures.judgement
    row: list[Cell] = [
        report.round.number, report.version_number, item.reference if item else "", item.title if item else "",
        dimension.label, dimension.question, f"{dimension.lowest} to {dimension.highest}", figures.eligible, figures.n,
        figures.cannot_judge, figures.unanswered, figures.withheld, figures.median, figures.low, figures.high,
        figures.conf, figures.lower_quartile, figures.upper_quartile, figures.iqr,
        f"{judged.band[0]} to {judged.band[1]}" if judged else "", judged.in_band if judged else None,
        judged.outcome if judged else "", _words(judged) or figures.no_judgement, judged.rule if judged else "",
        figures.disagreement_index,
    ]  # fmt: skip
    beside = {each.rule: f"{each.outcome}: {_words(each)}" for each in figures.sensitivity}
    row += [beside.get(rule, "") for rule in others]
    counts = dict(zip(dimension.scale.categories, figures.distribution, strict=False))
    row += [counts.get(score) for score in scores]
    groups = {each.name: each for each in figures.groups}
    for name in report.groups:
        row += _cells(groups.get(name))
    return [*row, figures.groups_withheld]


def _cells(band: Band | None) -> list[Cell]:
    return [None, None, None] if band is None else [band.eligible, band.n, band.median]


def _words(judged: Judgement | None) -> str:
    if judged is None:
        return ""
    return "; ".join(part for part in (judged.sentence, judged.why) if part)


def _comments(item: VersionItem | None, comments: Iterable[Comment]) -> list[list[Cell]]:
    reference, title = (item.reference, item.title) if item else ("", "")
    return [
        [
            reference, title, _KINDS[each.kind], each.text, each.removed_words,
            each.answer.outcome.value if each.answer else "", each.answer.why if each.answer else "",
            "; ".join(each.themes),
        ]
        for each in comments
    ]  # fmt: skip
