"""What a person does in LibreOffice, done by the system's Python (which has `uno`), in a process of its own.

Reads a JSON object from standard input: `pipe` (of the running office), `open`, `save`, `record` (tracked changes),
`author`, and `acts`, each a list: a verb, the paragraph it is about (by words in it, and the beginning of one above),
and the rest.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.text.ControlCharacter import PARAGRAPH_BREAK
from com.sun.star.uno import RuntimeException


def named(name: str, value: Any) -> PropertyValue:
    found = PropertyValue()
    found.Name, found.Value = name, value
    return found


class Hands:
    def __init__(self, document: Any) -> None:
        self.document = document
        self.text = document.Text

    def find(self, words: str, start: Any = None) -> Any:
        """The paragraph of the text (not of a table) that holds ``words`` next, below ``start``; a cursor over it."""
        search = self.document.createSearchDescriptor()
        search.SearchString, search.SearchCaseSensitive = words, True
        found = self.document.findFirst(search) if start is None else self.document.findNext(start, search)
        while found is not None:
            try:
                cursor = self.text.createTextCursorByRange(found.getStart())
            except RuntimeException:
                found = self.document.findNext(found.getEnd(), search)
                continue
            cursor.gotoStartOfParagraph(False)
            cursor.gotoEndOfParagraph(True)
            return cursor
        raise LookupError(words)

    def paragraph(self, words: str, after: str) -> Any:
        """The first paragraph with such words, from the one on that begins with ``after``."""
        one = self.find(after)
        while not one.getString().startswith(after):
            one = self.find(after, one.getEnd())
        return one if words in one.getString() else self.find(words, one.getEnd())

    def cursor(self, one: Any, words: str | None = None) -> Any:
        """A cursor on some words of a paragraph, or on all of it."""
        cursor = self.text.createTextCursorByRange(one.getStart())
        if words is None:
            cursor.gotoRange(one.getEnd(), True)
            return cursor
        whole = one.getString()
        at = whole.index(words)
        cursor.goRight(at, False)
        cursor.goRight(len(words), True)
        return cursor

    def replace(self, one: Any, old: str, new: str) -> None:
        self.text.insertString(self.cursor(one, old), new, True)

    def append(self, one: Any, new: str) -> None:
        self.text.insertString(one.getEnd(), new, False)

    def prepend(self, one: Any, new: str) -> None:
        self.text.insertString(one.getStart(), new, False)

    def after(self, one: Any, new: str) -> None:
        end = self.text.createTextCursorByRange(one.getEnd())
        self.text.insertControlCharacter(end, PARAGRAPH_BREAK, False)
        self.text.insertString(end, new, False)

    def split(self, one: Any, before: str) -> None:
        cursor = self.cursor(one, before)
        self.text.insertControlCharacter(cursor.getStart(), PARAGRAPH_BREAK, False)

    def remove(self, one: Any) -> None:
        """The paragraph with its end, as one who selects to the beginning of the next."""
        cursor = self.cursor(one)
        cursor.goRight(1, True)
        cursor.setString("")

    def remove_item(self, one: Any, until: str) -> None:
        """Everything from a paragraph to the one that begins with ``until``."""
        end = self.find(until, one.getEnd())
        while not end.getString().startswith(until):
            end = self.find(until, end.getEnd())
        cursor = self.text.createTextCursorByRange(one.getStart())
        cursor.gotoRange(end.getStart(), True)
        cursor.setString("")

    def empty(self, one: Any) -> None:
        self.cursor(one).setString("")

    def merge(self, one: Any) -> None:
        """Delete at the end of the paragraph: the next one runs into it."""
        cursor = self.text.createTextCursorByRange(one.getEnd())
        cursor.goRight(1, True)
        cursor.setString(" ")

    def across(self, one: Any, words: str, until: str, new: str) -> None:
        """From some words to the end of others in a later paragraph, replaced at one stroke."""
        begin = self.cursor(one, words).getStart()
        cursor = self.text.createTextCursorByRange(begin)
        cursor.gotoRange(self.cursor(self.find(until, one.getEnd()), until).getEnd(), True)
        self.text.insertString(cursor, new, True)

    def bold(self, one: Any, words: str) -> None:
        self.cursor(one, words).setPropertyValue("CharWeight", 150.0)

    def italic(self, one: Any, words: str) -> None:
        self.cursor(one, words).setPropertyValue("CharPosture", uno.Enum("com.sun.star.awt.FontSlant", "ITALIC"))

    def plain(self, one: Any, words: str) -> None:
        self.cursor(one, words).setPropertyValue("CharWeight", 100.0)

    def link(self, one: Any, words: str, address: str) -> None:
        self.cursor(one, words).setPropertyValue("HyperLinkURL", address)

    def level(self, one: Any, level: int) -> None:
        one.setPropertyValue("NumberingLevel", level)


def main() -> None:
    asked = json.load(sys.stdin)
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    office = resolver.resolve(f"uno:pipe,name={asked['pipe']};urp;StarOffice.ComponentContext")
    create = office.ServiceManager.createInstanceWithContext
    settings = create("com.sun.star.configuration.ConfigurationProvider", office)
    access = settings.createInstanceWithArguments(
        "com.sun.star.configuration.ConfigurationUpdateAccess",
        (named("nodepath", "/org.openoffice.UserProfile/Data"),),
    )
    desktop = create("com.sun.star.frame.Desktop", office)
    document = desktop.loadComponentFromURL(f"file://{asked['open']}", "_blank", 0, (named("Hidden", True),))
    hands = Hands(document)
    try:
        for turn in asked["turns"]:
            given, _, family = turn["author"].rpartition(" ")
            access.replaceByName("givenname", given)
            access.replaceByName("sn", family)
            access.commitChanges()
            document.setPropertyValue("RecordChanges", turn["record"])
            for verb, begins, after, *rest in turn["acts"]:
                getattr(hands, verb)(hands.paragraph(begins, after), *rest)
        document.setPropertyValue("RecordChanges", False)
        pages = document.getCurrentController()
        document.storeToURL(f"file://{asked['save']}", (named("FilterName", "MS Word 2007 XML"),))
        json.dump({"pages": pages.getPropertyValue("PageCount") if pages else 0}, sys.stdout)
    finally:
        document.close(False)


main()
# The bridge's own threads now and then bring the interpreter down while it ends, when all is saved and said.
sys.stdout.flush()
os._exit(0)
