"""A blueprint as a Word document that can be edited and sent back: see app/calc/wordmarks.py for what it carries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from docx.text.paragraph import Paragraph

from app.calc import moments
from app.calc.documents import WordDocument
from app.calc.paragraphs import paragraphs
from app.calc.plain import plain
from app.calc.redlines import in_words, shown
from app.calc.wordmarks import (
    DECISIONS,
    DEFINITIONS,
    ELEMENTS,
    EVIDENCE,
    KIND_WORDS,
    LABELS,
    PRINCIPLES,
    SUGGESTIONS,
    THREAD,
    Marks,
)
from app.services.companions import Commented, Companions, Decided, Including, Suggested
from app.services.version_files import FIELD_WORDS, FORMER_MEMBER, UNTESTED, as_read, evidence_row
from app.uow import UnitOfWork
from models.groups import Group
from models.items import Kind, PrincipleGroup
from models.versions import VersionItem, VersionTerm

#: The property of the file that says what it was made from: the group, and the draft or a version.
PROPERTY = "Concordat"
DRAFT = "draft"

HOW_TO = (
    "To change this document, write in the titles and texts, with tracked changes on or off, and add comments where "
    "you like; leave the references (such as C3.2), the labels and the small grey lines as they are. "
    "Then save it as a Word document (.docx) and send it back to the group: each change becomes a suggestion on the "
    "item it belongs to, and nothing is changed until the group accepts it."
)
HOW_TO_DEFINITIONS = " What you change in Definitions is listed for the group, which makes it in its glossary itself."
KINDS = dict(zip((Kind.PRINCIPLE, Kind.ELEMENT, Kind.CRITERION, Kind.SPECIFICATION), KIND_WORDS, strict=True))
FAMILIES = {
    PrincipleGroup.PERSON_CENTRED.value: "person-centred",
    PrincipleGroup.ORGANISATIONAL.value: "organisational",
}
EVIDENCE_HEAD = ("What it does", "How strong", "Finding", "Source")
_DECISION_WIDTHS = (1.2, 2.9, 2.7, 7.0, 2.8)
TERM_HEAD = ("Term", "Also", "What it means")
DECISION_HEAD = ("No.", "Date", "Outcome", "Decision", "These words")


@dataclass(frozen=True)
class Sheet:
    """What is to be written: ``base`` is ``draft`` or a version's number, ``front`` the lines under the title.

    ``slug`` is the group's short name, ``sign`` tells it from another server's group of that name. ``versions`` says
    for each text, by the item's reference and the field, after which of its changes it reads so.
    """

    title: str
    group_name: str
    slug: str
    sign: str
    base: str
    made_on: date
    front: Sequence[str]
    rows: Sequence[VersionItem]
    terms: Sequence[VersionTerm]
    versions: dict[tuple[str, str], int]
    including: Including
    companions: Companions = field(default_factory=Companions)


def word_bytes(uow: UnitOfWork, sheet: Sheet) -> bytes:
    """The blueprint as a Word document with real headings, lists and tables, and marks by which it can be read again.

    Nothing in it is secret: the marks name items and versions of their texts.
    """
    return _Writer(uow, sheet).to_bytes()


class _Writer:
    def __init__(self, uow: UnitOfWork, sheet: Sheet) -> None:
        self.sheet = sheet
        self.marks = Marks()
        name = "draft" if sheet.base == DRAFT else f"version {sheet.base}"
        self.file = WordDocument(f"{sheet.title}: {name}", subject=sheet.group_name, day=uow.now)
        self.made = f"{uow.now:%Y-%m-%dT%H:%M:%S.%fZ}"
        foot = f"{sheet.title}: {name}, {moments.day_in_words(sheet.made_on)}"
        self.file.footer(foot, bookmark=self.marks.line(foot))
        self._say(f"{sheet.title}: {name}", level=0)
        for line in sheet.front:
            self._say(line)
        self._say(HOW_TO + (HOW_TO_DEFINITIONS if self.sheet.terms else ""), style="Intense Quote")

    def to_bytes(self) -> bytes:
        if self.sheet.terms:
            rows = [term_row(each) for each in self.sheet.terms]
            self.file.heading(DEFINITIONS, level=1, bookmark=self.marks.fixed())
            self._rows(TERM_HEAD, rows, (3.6, 3.4, 9.6))
        part = ""
        for item in self.sheet.rows:
            begins = {Kind.PRINCIPLE: PRINCIPLES, Kind.ELEMENT: ELEMENTS}.get(item.kind, part)
            if begins != part:
                self._say(begins, level=1)
                part = begins
            self._item(item)
        sheet = self.sheet
        self.file.keep({PROPERTY: f"{sheet.slug} {sheet.base} {self.made} {sheet.sign} {self.marks.last}"})
        return self.file.to_bytes()

    def _say(self, words: str, *, level: int | None = None, style: str | None = None) -> None:
        """A line that only informs."""
        if level is None:
            self.file.paragraph(words, style=style, bookmark=self.marks.line(words))
        else:
            self.file.heading(words, level=level, bookmark=self.marks.line(words))

    def _item(self, item: VersionItem) -> None:
        mark = self._mark(item, "title", item.reference)
        heading = self.file.heading(item.title, level=item.depth + 2, reference=item.reference, bookmark=mark)
        line = line_of(item, self.sheet.companions)
        self.file.note(line, bookmark=self._mark(item, "text", line))
        made = {"title": [heading], "text": self.file.text(paragraphs(item.text))}
        for name, words in (("why", item.why), ("summary", item.summary)):
            if words:
                self.file.label(LABELS[name], bookmark=self._mark(item, name, LABELS[name]))
                made[name] = self.file.text(paragraphs(words))
        for each in self.sheet.companions.comments.get(item.item_id, []):
            self._comment(each, [*made.get(each.field, []), heading])
        if tied := self.sheet.companions.tied.lines(item.item_id):
            self.file.label(THREAD, bookmark=self.marks.fixed())
            for line in tied:
                self._say(line)
        if self.sheet.including.evidence and item.evidence:
            rows = [evidence_row(each, self.sheet.companions.tied) for each in item.evidence]
            self._table(EVIDENCE, EVIDENCE_HEAD, rows, (2.1, 2.3, 6.4, 5.8))
        decided = self.sheet.companions.decisions.get(item.item_id, [])
        if decided:
            self._table(DECISIONS, DECISION_HEAD, [decision_row(each) for each in decided], _DECISION_WIDTHS)
        suggested = self.sheet.companions.suggestions.get(item.item_id, [])
        if suggested:
            self._suggestions(suggested)

    def _suggestions(self, suggested: Sequence[Suggested]) -> None:
        self.file.label(SUGGESTIONS, bookmark=self.marks.fixed())
        for each in suggested:
            said = f"{FIELD_WORDS[each.field]}, suggested by {each.author or FORMER_MEMBER.lower()}"
            said += f": {each.reason}" if each.reason else ""
            self.file.paragraph(said, bookmark=self.marks.line(said))
            segments = shown(each.before, each.after, markdown=each.field != "title")
            self.file.difference(segments, bookmark=self.marks.line("".join(in_words(segment) for segment in segments)))

    def _comment(self, comment: Commented, places: Sequence[Paragraph]) -> None:
        """In the margin of the paragraph that holds the words it is about."""
        quote = as_read(comment.field, comment.quote).split("\n")[0]
        place = next((each for each in places if quote in each.text), places[0])
        words = comment_words(comment.quote, comment.words)
        self.file.comment(place, words, author=comment.author or FORMER_MEMBER, at=comment.at)

    def _table(self, label: str, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        self.file.label(label, bookmark=self.marks.fixed())
        self._rows(head, rows, widths)

    def _rows(self, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        marks = [self.marks.line(" | ".join(row)) for row in (head, *rows)]
        self.file.table(head, rows, bookmarks=marks, widths=widths)

    def _mark(self, item: VersionItem, name: str, line: str) -> str:
        version = self.sheet.versions.get((item.reference, name))
        return "" if version is None else self.marks.text(item.reference, name, version, line)


def sign_of(group: Group) -> str:
    """What tells a group from another of the same short name, on another server or after it: no secret."""
    return hashlib.sha256(f"{group.id} {group.created_at.isoformat()}".encode()).hexdigest()[:10]


def comment_words(quote: str, words: str) -> str:
    """What a comment reads in the margin: Word pins it to a paragraph, so it says which words it is about."""
    return f"“{quote}”: {words}" if quote else words


def line_of(item: VersionItem, companions: Companions) -> str:
    """The line under an item's heading, with where it comes from."""
    parts = [KINDS[item.kind], FAMILIES.get(item.principle_group or "", ""), item.status_words]
    more = [companions.origins.get(item.item_id, ""), UNTESTED if item.aspirational else ""]
    return " · ".join(part for part in [*parts, *more] if part)


def decision_row(each: Decided) -> list[str]:
    """A decision as a line of a table."""
    return [str(each.number), moments.day_in_words(each.on), each.outcome, each.sentence, each.standing]


def term_row(term: VersionTerm) -> list[str]:
    """A defined term as a line of a table."""
    return [term.name, ", ".join(term.forms), " ".join(plain(term.definition).split())]
