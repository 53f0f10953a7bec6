"""A frozen version as files: JSON that a third party can check, Markdown to read, CSV for a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from app.calc.paragraphs import markdown_for_others, words_for_others
from app.calc.plain import plain
from app.calc.redlines import looks, redline
from app.calc.tables import Cell, csv_bytes
from app.calc.wordmarks import DEFINITIONS, EVIDENCE, THREAD
from app.services.companions import Commented, Companions, Including, Suggested
from app.services.thread_files import Tied
from app.services.versions import Whole
from models.versions import VersionItem, VersionTerm

CHECK = (
    "sha256 is the SHA-256 (hexadecimal) of 'content' written as UTF-8 JSON with the keys of every object in "
    "alphabetical order, no white space between tokens and no unnecessary escapes. In Python: "
    "hashlib.sha256(json.dumps(file['content'], sort_keys=True, separators=(',', ':'), ensure_ascii=False)"
    ".encode()).hexdigest()"
)
UNTESTED = "Depends on untested evidence"
FORMER_MEMBER = "A former member"
FIELD_WORDS = {"title": "Title", "text": "Words", "why": "Why", "summary": "In plain words"}
_RELATIONS = {"supports": "Supports", "qualifies": "Qualifies", "contradicts": "Contradicts"}
_STRENGTHS = {"strong": "strong", "moderate": "moderate", "low": "weak", "unknown": "strength not known"}


@dataclass(frozen=True)
class File:
    """A file to hand out."""

    name: str
    media_type: str
    body: bytes


def grounds(whole: Whole) -> str:
    """What the version rests on, in one sentence."""
    if whole.decision is not None:
        return f"Decision {whole.decision.number}: {whole.decision.sentence} {whole.version.reason}".strip()
    return f"Locked without a decision of the group, because: {whole.version.reason}"


def front(whole: Whole) -> list[str]:
    """What a version's file says of it under its title."""
    version = whole.version
    return [
        f"{whole.group_name}. Locked on {whole.locked_on:%-d %B %Y}.",
        grounds(whole),
        f"Fingerprint (SHA-256): {version.sha256}",
    ]


def json_bytes(
    head: dict[str, Any], content: dict[str, Any], rows: Iterable[VersionItem], companions: Companions
) -> bytes:
    """JSON to be read by people and programs; what goes along stands outside ``content``, which can be checked."""
    shown = {**head, "content": content}
    references = {row.item_id: row.reference for row in rows}
    if companions.tied.data:
        shown["thread"] = companions.tied.data
    if companions.origins:
        shown["origins"] = {references[item_id]: line for item_id, line in companions.origins.items()}
    if companions.decisions:
        shown["decisions"] = [
            {"item": references[item_id], "number": each.number, "on": each.on.isoformat(), "outcome": each.outcome,
             "sentence": each.sentence}
            for item_id, some in companions.decisions.items() for each in some
        ]  # fmt: skip
    if companions.suggestions:
        shown["suggestions"] = [
            {"item": references[item_id], "text": each.field, "before": each.before, "after": each.after,
             "by": each.author or FORMER_MEMBER, "reason": each.reason}
            for item_id, some in companions.suggestions.items() for each in some
        ]  # fmt: skip
    if companions.comments:
        shown["comments"] = [
            {"item": references[item_id], "text": each.field, "on": each.quote, "by": each.author or FORMER_MEMBER,
             "at": each.at.isoformat(timespec="seconds"), "words": each.words}
            for item_id, some in companions.comments.items() for each in some
        ]  # fmt: skip
    return (json.dumps(shown, ensure_ascii=False, indent=2) + "\n").encode()


def markdown_bytes(
    head: Sequence[str],
    items: Iterable[VersionItem],
    terms: Sequence[VersionTerm],
    including: Including,
    companions: Companions,
) -> bytes:
    """Lines of Markdown and, under them, each item with all that an expert would see and what is to go along."""
    lines = list(head)
    for item in items:
        level = min(item.depth + 2, 6)
        lines += ["", f"{'#' * level} {item.reference} {words_for_others(item.title)}", ""]
        lines += [f"*{item.kind.value.capitalize()}, {item.status_words}*"]
        if item.item_id in companions.origins:
            lines += ["", f"*{companions.origins[item.item_id]}*"]
        lines += _paragraphs(item, companions, evidence=including.evidence)
        for title, some in _along(item, companions):
            lines += ["", f"**{title}:**", "", *(f"- {words_for_others(each)}" for each in some)]
    if terms:
        lines += ["", f"## {DEFINITIONS}"]
        for term in terms:
            lines += ["", f"### {words_for_others(term.name)}", ""]
            lines += [f"*{words_for_others(also(term))}*", ""] if term.forms else []
            lines += [markdown_for_others(term.definition, under=3)]
    return ("\n".join(lines) + "\n").encode()


def also(term: VersionTerm) -> str:
    """The other forms of a term in words; empty when it has none."""
    return f"Also: {', '.join(term.forms)}" if term.forms else ""


def _along(item: VersionItem, companions: Companions) -> Iterable[tuple[str, list[str]]]:
    """Decisions and suggestions of an item, a line each, under what they are."""
    decided = companions.decisions.get(item.item_id, [])
    if decided:
        yield "Decisions", [f"{each.number}, {each.on:%-d %B %Y}, {each.outcome}: {each.sentence}" for each in decided]
    suggested = companions.suggestions.get(item.item_id, [])
    if suggested:
        yield (
            "Suggested words",
            [suggestion_line(each) for each in suggested],
        )

    commented = companions.comments.get(item.item_id, [])
    if commented:
        yield (
            "Comments",
            [comment_line(each) for each in commented],
        )


def as_read(field: str, words: str) -> str:
    """Words of one of an item's texts without the marks of Markdown; a title is none, and reads as it is written."""
    return words if field == "title" else plain(words)


def suggestion_line(each: Suggested) -> str:
    """A suggestion as one line."""
    said = f"{each.author or FORMER_MEMBER}, {FIELD_WORDS[each.field]}: {as_read(each.field, each.after)}"
    if each.field != "title" and (shown := looks(redline(each.before, each.after))):
        said += f" ({'; '.join(shown)})"
    return f"{said} (because: {each.reason})" if each.reason else said


def comment_line(each: Commented) -> str:
    """A comment as one line."""
    quoted = f", on “{as_read(each.field, each.quote)}”" if each.quote else ""
    return f"{each.author or FORMER_MEMBER}{quoted}: {each.words}"


def _paragraphs(item: VersionItem, along: Companions, *, evidence: bool) -> list[str]:
    lines: list[str] = []
    if item.aspirational:
        lines += ["", f"**{UNTESTED}**"]
    level = item.depth + 2
    if item.text:
        lines += ["", markdown_for_others(item.text, under=level)]
    if item.why:
        lines += ["", "**Why:**", "", markdown_for_others(item.why, under=level)]
    if item.summary:
        lines += ["", "**In plain words:**", "", markdown_for_others(item.summary, under=level)]
    if tied := along.tied.lines(item.item_id):
        lines += ["", f"**{THREAD}:**", "", *(f"- {words_for_others(line)}" for line in tied)]
    if evidence and item.evidence:
        lines += ["", f"**{EVIDENCE}:**", ""]
        for line in item.evidence:
            address = along.tied.address(line).replace("<", "%3C").replace(">", "%3E")
            lines += [f"- {words_for_others(_evidence(line))}" + (f" <{address}>" if address else "")]
    return lines


def evidence_row(line: dict[str, str], tied: Tied) -> list[str]:
    """A piece of evidence: what it does, how strong it is, the finding with its note, the source with its page.

    Where the source can be read stands on a line of its own.
    """
    *row, source = _row(line)
    address = tied.address(line)
    return [*row, f"{source}\n{address}" if address else source]


def cited(source: str, page: str) -> str:
    """A source with the page: what its citation ends with does not stand before the comma."""
    if not page:
        return source
    bare = source.rstrip(" .,;:")
    return f"{bare} {page}" if bare.endswith(("?", "!", "…")) else f"{bare}, {page}"


def _row(line: dict[str, str]) -> list[str]:
    finding = f"{line['finding']} ({line['note']})" if line["note"] else line["finding"]
    source = cited(line["source"], line["page"])
    return [_RELATIONS[line["relation"]], _STRENGTHS[line["strength"]], finding, source]


def _evidence(line: dict[str, str]) -> str:
    relation, strength, finding, source = _row(line)
    return f"{relation} ({strength}): {finding} ({source})"


def items_table(
    items: Iterable[VersionItem], terms: Sequence[VersionTerm], including: Including, companions: Companions
) -> bytes:
    """Items as CSV, one a line; a column for each thing that is to go along. Terms follow, one a line too."""
    head = [
        "reference",
        "under",
        "kind",
        "status",
        "comes from",
        "title",
        "words",
        "why",
        "plain summary",
        "carries out",
        "keeps from",
        "evidence",
        "where to read it",
        "untested evidence",
        "decisions",
        "suggestions",
        "comments",
    ]
    wanted = {each.name: getattr(including, each.name) for each in fields(including)}
    wanted |= dict.fromkeys(("carries out", "keeps from", "where to read it"), including.evidence)
    columns = [name for name in head if wanted.get(name, True)]
    rows = []
    for item in items:
        along = dict(_along(item, companions))
        line: dict[str, Cell] = {
            "reference": item.reference,
            "under": item.parent_reference or "",
            "kind": item.kind.value,
            "status": item.status_words,
            "comes from": companions.origins.get(item.item_id, ""),
            "title": item.title,
            "words": item.text,
            "why": item.why,
            "plain summary": item.summary,
            "carries out": companions.tied.carries_out(item.item_id),
            "keeps from": companions.tied.keeps_from(item.item_id),
            "where to read it": "\n".join(dict.fromkeys(filter(None, map(companions.tied.address, item.evidence)))),
            "evidence": "\n".join(_evidence(each) for each in item.evidence),
            "untested evidence": item.aspirational,
            "decisions": "\n".join(along.get("Decisions", [])),
            "suggestions": "\n".join(along.get("Suggested words", [])),
            "comments": "\n".join(along.get("Comments", [])),
        }
        rows.append([line[name] for name in columns])
    for term in terms:
        told = {"kind": "definition", "title": term.name, "words": term.definition, "plain summary": also(term)}
        rows.append([told.get(name, "") for name in columns])
    return csv_bytes(columns, rows)
