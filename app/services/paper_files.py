"""A paper as a Word or PDF file, its pictures drawn."""

from __future__ import annotations

from datetime import datetime

from app import typesetting
from app.calc import papers
from app.calc.papers import Paper
from app.errors import Conflict
from app.services.version_files import File

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def make(paper: Paper, *, name: str, form: str, day: datetime) -> File:
    """The file ``name`` in the form "docx" or "pdf". Raises Conflict, with a sentence, if none can be made."""
    if form == "pdf":
        try:
            made = typesetting.pdf(papers.data_of(paper), day=day, template="paper")
        except typesetting.NotSet as refused:
            raise Conflict(str(refused)) from refused
        return File(f"{name}.pdf", "application/pdf", made)
    try:
        drawn = typesetting.pictures([each.svg for each in paper.pictures])
    except typesetting.NotSet as refused:
        raise Conflict("The pictures of this report could not be drawn just now. Try again in a minute.") from refused
    return File(f"{name}.docx", WORD, papers.word_bytes(paper, drawn, day=day))
