"""The zip file that a Word document is: its parts as XML, opened without trusting them.

Only the parts that are asked for are opened, in memory, each within limits of size, and a part that declares a document
type (the only way to declare an entity) is refused. Nothing is written to disk, nothing outside the file is looked at.
"""

import io
import posixpath
import xml.etree.ElementTree as ET
import zipfile
import zlib
from functools import lru_cache

from app.calc.dialect import clean

MAX_BYTES = 8 * 1024 * 1024
MAX_PARTS = 2_000
MAX_PART = 16 * 1024 * 1024
MAX_TOTAL = 96 * 1024 * 1024
MAX_RATIO = 250
MAX_DEPTH = 120
MAX_ELEMENTS = 300_000
#: In all parts together: many a part is read beside the document, and each may be as large.
MAX_ELEMENTS_IN_ALL = 600_000
#: No name of a part, a style or a namespace that a program makes is longer. Each is asked of thousands of paragraphs.
LONGEST_NAME = 255
#: No program gives an element so many attributes.
_MOST_ATTRIBUTES = 100
#: A part may swell this much however small it is packed.
_SMALL = 1024 * 1024

_PREFIXES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "r",
    "http://purl.oclc.org/ooxml/officeDocument/relationships": "r",
    "http://schemas.openxmlformats.org/package/2006/relationships": "rel",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties": "cp",
    "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes": "vt",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://purl.oclc.org/ooxml/officeDocument/math": "m",
}


class Unreadable(Exception):
    """Not a Word document that can be read; the sentence says what to do."""


NOT_WORD = "This is not a Word document. Save it as a Word document (.docx) and choose that file."
_OLD = "This is an older Word file (.doc), or one with a password. Save it as .docx without a password."
_ODT = "This is an OpenDocument text (.odt). Save it as a Word document (.docx) and choose that file."
_PDF = "This is a PDF, from which changes cannot be read. Ask for the Word document (.docx)."
BROKEN = "This Word document is damaged: part of it cannot be read. Open it in Word, save it again and try that file."
TOO_BIG = "This document is too large to read. Take the pictures out, or save only the pages that changed."


class _Builder(ET.TreeBuilder):
    """Builds a tree with short names of at most so many elements, within limits, and refuses a document type."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.depth = self.count = 0
        self._most = most

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self.depth += 1
        self.count += 1
        if self.depth > MAX_DEPTH or self.count > self._most or len(attrs) > _MOST_ATTRIBUTES:
            raise Unreadable(TOO_BIG)
        return super().start(_short(tag), {_short(name): value for name, value in attrs.items()})

    def end(self, tag: str, /) -> ET.Element:
        self.depth -= 1
        return super().end(_short(tag))

    def start_ns(self, prefix: str, uri: str, /) -> None:
        """The parser spells a namespace out for every element in it."""
        if len(uri) > LONGEST_NAME:
            raise Unreadable(BROKEN)

    def doctype(self, name: str, public: str | None, system: str | None, /) -> None:
        raise Unreadable(BROKEN)


@lru_cache(maxsize=1024)
def _short(name: str) -> str:
    if not name.startswith("{"):
        return name
    space, _, local = name[1:].partition("}")
    prefix = _PREFIXES.get(space)
    return f"{prefix}-{local}" if prefix else f"x-{local}"


class Package:
    """The parts of the zip file, each opened at most within the limits."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise Unreadable(TOO_BIG)
        if data.startswith(b"\xd0\xcf\x11\xe0"):
            raise Unreadable(_OLD)
        if data.startswith(b"%PDF"):
            raise Unreadable(_PDF)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as broken:
            raise Unreadable(NOT_WORD if not data.startswith(b"PK") else BROKEN) from broken
        parts = self._zip.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_TOTAL:
            raise Unreadable(TOO_BIG)
        self._parts = {part.filename: part for part in parts}
        self._elements = 0
        if "mimetype" in self._parts and "content.xml" in self._parts:
            raise Unreadable(_ODT)
        if "[Content_Types].xml" not in self._parts:
            raise Unreadable(NOT_WORD)

    def _read(self, name: str) -> bytes | None:
        part = self._parts.get(name) if len(name) <= LONGEST_NAME else None
        if part is None:
            return None
        swollen = part.file_size > max(_SMALL, part.compress_size * MAX_RATIO)
        if part.file_size > MAX_PART or swollen:
            raise Unreadable(TOO_BIG)
        if part.flag_bits & 1:
            raise Unreadable(_OLD)
        # Word packs in these two ways alone; of the others the library unpacks all at once, however much there is.
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable(BROKEN)
        try:
            with self._zip.open(part) as opened:
                data = opened.read(MAX_PART + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError) as broken:
            raise Unreadable(BROKEN) from broken
        if len(data) > MAX_PART:
            raise Unreadable(TOO_BIG)
        return data

    def tree(self, name: str) -> ET.Element | None:
        """A part as a tree, None when the file has no such part."""
        data = self._read(name)
        if data is None:
            return None
        builder = _Builder(min(MAX_ELEMENTS, MAX_ELEMENTS_IN_ALL - self._elements))
        parser = ET.XMLParser(target=builder)  # noqa: S314 - no entity can be declared: a document type is refused
        try:
            parser.feed(data)
            root = parser.close()
        except (ET.ParseError, ValueError, LookupError) as broken:
            raise Unreadable(BROKEN) from broken
        self._elements += builder.count
        assert isinstance(root, ET.Element)  # noqa: S101 - what _Builder makes
        return root

    def links(self, name: str) -> list[tuple[str, str, str]]:
        """The relationships of a part as (id, the last word of its type, target: a part's name or an address)."""
        folder, file = posixpath.split(name)
        tree = self.tree(posixpath.join(folder, "_rels", f"{file}.rels"))
        found = []
        for each in tree if tree is not None else ():
            target = each.get("Target", "")
            if each.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found.append((each.get("Id", ""), each.get("Type", "").rpartition("/")[2], target))
        return found

    def main(self) -> str:
        """The name of the part that holds the document."""
        for _, kind, target in self.links(""):
            if kind == "officeDocument":
                return target
        raise Unreadable(NOT_WORD)

    def properties(self) -> dict[str, str]:
        """The properties that programs put into the file."""
        found = {}
        parts = dict.fromkeys(target for _, kind, target in self.links("") if kind == "custom-properties")
        for tree in map(self.tree, parts):
            for each in tree if tree is not None else ():
                found[each.get("name", "")] = clean("".join(each.itertext()))
        return found
