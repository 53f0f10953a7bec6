"""A frozen version as files: JSON that a third party can check, Markdown to read, CSV for a spreadsheet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.calc.tables import csv_bytes
from app.errors import NotFound
from app.policy import Actor
from app.services.versions import Whole, content, read
from app.uow import UnitOfWork
from models.versions import VersionItem

CHECK = (
    "sha256 is the SHA-256 (hexadecimal) of 'content' written as UTF-8 JSON with the keys of every object in "
    "alphabetical order, no white space between tokens and no unnecessary escapes. In Python: "
    "hashlib.sha256(json.dumps(file['content'], sort_keys=True, separators=(',', ':'), ensure_ascii=False)"
    ".encode()).hexdigest()"
)
UNTESTED = "Depends on untested evidence"


@dataclass(frozen=True)
class File:
    """A file to hand out."""

    name: str
    media_type: str
    body: bytes


def export(uow: UnitOfWork, actor: Actor, *, version_id: int, form: str) -> File:
    """The version as ``json``, ``md`` or ``csv``. Raises NotFound for another form or a version one may not read."""
    whole = read(uow, actor, version_id=version_id)
    writers = {
        "json": (_json, "application/json"),
        "md": (_markdown, "text/markdown; charset=utf-8"),
        "csv": (_csv, "text/csv; charset=utf-8"),
    }
    if form not in writers:
        raise NotFound()
    write, media_type = writers[form]
    return File(f"version-{whole.version.number}.{form}", media_type, write(whole))


def grounds(whole: Whole) -> str:
    """What the version rests on, in one sentence."""
    if whole.decision is not None:
        return f"Decision {whole.decision.number}: {whole.decision.sentence} {whole.version.reason}".strip()
    return f"Locked without a decision of the group, because: {whole.version.reason}"


def _json(whole: Whole) -> bytes:
    version = whole.version
    shown = {
        "format": "concordat-version/1",
        "group": whole.group_name,
        "number": version.number,
        "locked_on": f"{whole.locked_on:%Y-%m-%d}",
        "rests_on": grounds(whole),
        "sha256": version.sha256,
        "how_to_check": CHECK,
        "content": content(version.title, whole.items),
    }
    return (json.dumps(shown, ensure_ascii=False, indent=2) + "\n").encode()


def _markdown(whole: Whole) -> bytes:
    version = whole.version
    lines = [
        f"# {version.title}: version {version.number}",
        "",
        f"{whole.group_name}. Locked on {whole.locked_on:%-d %B %Y}.",
        "",
        grounds(whole),
        "",
        f"Fingerprint (SHA-256): `{version.sha256}`",
    ]
    return markdown_bytes(lines, whole.items)


def markdown_bytes(head: Sequence[str], items: Iterable[VersionItem]) -> bytes:
    """Lines of Markdown and, under them, each item with all that an expert would see."""
    lines = list(head)
    for item in items:
        lines += ["", f"{'#' * min(item.depth + 2, 6)} {item.reference} {item.title}", ""]
        lines += [f"*{item.kind.value.capitalize()}, {item.status.value.replace('_', ' ')}*"]
        lines += _paragraphs(item)
    return ("\n".join(lines) + "\n").encode()


def _paragraphs(item: VersionItem) -> list[str]:
    lines: list[str] = []
    if item.aspirational:
        lines += ["", f"**{UNTESTED}**"]
    if item.text:
        lines += ["", item.text]
    if item.why:
        lines += ["", "**Why:**", "", item.why]
    if item.summary:
        lines += ["", "**In plain words:**", "", item.summary]
    if item.evidence:
        lines += ["", "**Evidence:**", ""]
        lines += [f"- {_evidence(line)}" for line in item.evidence]
    return lines


def _evidence(line: dict[str, str]) -> str:
    page = f", {line['page']}" if line["page"] else ""
    return f"{line['relation']} ({line['strength']}): {line['finding']} ({line['source']}{page})"


def _csv(whole: Whole) -> bytes:
    return items_table(whole.items)


def items_table(items: Iterable[VersionItem]) -> bytes:
    """Items as CSV, one a line."""
    head = [
        "reference",
        "under",
        "kind",
        "status",
        "title",
        "words",
        "why",
        "plain summary",
        "evidence",
        "untested evidence",
    ]
    rows = [
        [
            item.reference,
            item.parent_reference or "",
            item.kind.value,
            item.status.value,
            item.title,
            item.text,
            item.why,
            item.summary,
            "\n".join(_evidence(line) for line in item.evidence),
            item.aspirational,
        ]
        for item in items
    ]
    return csv_bytes(head, rows)
