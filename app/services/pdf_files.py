"""A blueprint as a PDF: its headings, lists, tables and links, tagged for those who hear it."""

from __future__ import annotations

from typing import Any

from app import typesetting
from app.calc import moments
from app.calc.papers import blocks
from app.calc.paragraphs import paragraphs
from app.calc.wordmarks import (
    COMMENTS,
    DECISIONS,
    DEFINITIONS,
    ELEMENTS,
    EVIDENCE,
    LABELS,
    PRINCIPLES,
    SUGGESTIONS,
    THREAD,
)
from app.errors import Conflict
from app.services.version_files import also, comment_line, evidence_row, suggestion_line
from app.services.word_files import (
    DECISION_HEAD,
    DRAFT,
    EVIDENCE_HEAD,
    Sheet,
    decision_row,
    line_of,
)
from app.uow import UnitOfWork
from models.items import Kind
from models.versions import VersionItem


def pdf_bytes(uow: UnitOfWork, sheet: Sheet) -> bytes:
    """The blueprint as a tagged PDF with bookmarks and contents. Raises Conflict, with a sentence, if none is made."""
    try:
        return typesetting.pdf(data_of(sheet), day=uow.now)
    except typesetting.NotSet as refused:
        raise Conflict(str(refused)) from refused


def data_of(sheet: Sheet) -> dict[str, Any]:
    """What the template (app/data/blueprint.typ) takes."""
    name = "draft" if sheet.base == DRAFT else f"version {sheet.base}"
    title = f"{sheet.title}: {name}"
    parts: list[dict[str, Any]] = []
    for row in sheet.rows:
        begins = {Kind.PRINCIPLE: PRINCIPLES, Kind.ELEMENT: ELEMENTS}.get(row.kind)
        if begins and (not parts or parts[-1]["title"] != begins):
            parts.append({"title": begins, "items": []})
        parts[-1]["items"].append(_item(sheet, row))
    footer = f"{title}, {moments.day_in_words(sheet.made_on)}"
    terms = [
        {"name": each.name, "also": also(each), "text": blocks(paragraphs(each.definition))} for each in sheet.terms
    ]
    if terms:
        parts.insert(0, {"title": DEFINITIONS, "terms": terms, "items": []})
    return {"title": title, "front": list(sheet.front), "footer": footer, "parts": parts}


def _item(sheet: Sheet, row: VersionItem) -> dict[str, Any]:
    along = sheet.companions
    tables = []
    if sheet.including.evidence and row.evidence:
        rows = [evidence_row(each, along.tied) for each in row.evidence]
        tables.append({"label": EVIDENCE, "head": list(EVIDENCE_HEAD), "rows": rows})
    if decided := along.decisions.get(row.item_id):
        rows = [decision_row(each) for each in decided]
        tables.append({"label": DECISIONS, "head": list(DECISION_HEAD), "rows": rows})
    notes = []
    if suggested := along.suggestions.get(row.item_id):
        notes.append({"label": SUGGESTIONS, "lines": [suggestion_line(each) for each in suggested]})
    if commented := along.comments.get(row.item_id):
        notes.append({"label": COMMENTS, "lines": [comment_line(each) for each in commented]})
    texts = [(LABELS["why"], row.why), (LABELS["summary"], row.summary)]
    return {
        "level": row.depth + 2, "reference": row.reference, "title": row.title, "note": line_of(row, along),
        "text": blocks(paragraphs(row.text)), "tables": tables, "notes": notes,
        "tied": {"label": THREAD, "lines": along.tied.lines(row.item_id)},
        "texts": [[label, blocks(paragraphs(words))] for label, words in texts if words],
    }  # fmt: skip
