"""A Word document that went out and comes back: which words of which item somebody would rather read.

Which lines are which text is found in wordsheets.py; what is said otherwise, and by whom, is found here.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.calc.changes import BadChangeError, ChangeSet, from_units, to_units
from app.calc.differences import change_between
from app.calc.paragraphs import Paragraph, Words, fold, paragraphs, rewritten, tidy, unfolded
from app.calc.suggestions import competes
from app.calc.wordmarks import FIELDS, LINE, Place, check
from app.calc.wordreading import WordFile
from app.calc.wordsheets import Item, Loose, Sheet, Sorter, Text, What
from app.calc.wordstates import lines, stands_out

#: What stands for an author who gave no name (LibreOffice), or whose name was taken out (Word).
NOBODY = {"unknown author", "unbekannter autor", "author"}
#: A text of the blueprint never has more letters.
LONGEST = 100_000
#: More people than this who tracked changes are taken together.
MOST_AUTHORS = 8
#: How a suggestion from a Word document says whose it is, that theirs meets another's there, and that it was put
#: otherwise since.
_FROM_WORD, _MIXED, _ANEW = "From Word", ", whose changes touch the same words", ", worded anew by hand"
_PAGE = re.compile(r" · page [0-9]*$")


@dataclass(frozen=True)
class Proposal:
    """Words that somebody would rather read.

    `authors` are those whose tracked changes these are, an empty name for changes that were not tracked. `mixed` if
    several people's changes of one text could not be told apart and stand in one proposal.
    """

    reference: str
    field: str
    version: int
    before: str
    after: str
    authors: tuple[str, ...]
    mixed: bool = False


@dataclass(frozen=True)
class Returned:
    """All that a document says. `marked` is False when its bookmarks were gone and likeness had to do."""

    proposals: list[Proposal]
    loose: list[Loose]
    found: int
    marked: bool


def named(author: str, edited_by: str) -> str:
    """An author as a document names them; where a program wrote a word for nobody, who is said to have edited it."""
    return edited_by if fold(author).lower() in NOBODY else author


def reason(names: Iterable[str], *, mixed: bool) -> str:
    """Why a suggestion from a Word document was made: whose changes these are, as far as anybody is named."""
    known = list(dict.fromkeys(filter(None, names)))
    if not known:
        return _FROM_WORD
    return f"{_FROM_WORD}, by {' and '.join(known)}{_MIXED if mixed and len(known) > 1 else ''}"


def by_hand(said: str, longest: int) -> str:
    """The ``reason`` of a suggestion that somebody wrote by hand, of at most so many characters: it never reads as that
    of one from a Word document, of whose reason it may be a copy."""
    said = said[:longest]
    return said if whose_words(said) is None else f"{said[: longest - len(_ANEW)]}{_ANEW}"


def whose_words(said: str) -> str | None:
    """The names with which a ``reason`` says that words came from a Word document: empty where it knows of none.

    None for what is no such reason, and where somebody has put the words otherwise since.
    """
    head, by, names = said.removesuffix(_MIXED).partition(", by ")
    if head != _FROM_WORD or "\n" in said or said.endswith(_ANEW) or (by and not names):
        return None
    return names


def match(file: WordFile, items: Iterable[Item], last: int = 0) -> Returned:
    """What the document would have otherwise: proposals in the order of `items`, and all that can be none.

    `items` come in the order in which they went out, as far as that is known; `last` is the number of the last line
    that did, 0 where nothing tells.
    """
    known = {item.reference: item for item in items}
    sorter = Sorter(file, known, last)
    sheet = sorter.sort(lines(file, lambda author: True))
    states = _states(file, known)
    who = _who(file, sheet, states.get(None, sheet))
    proposals: list[Proposal] = []
    for reference, item in known.items():
        if reference not in sheet.titles and not any(place[0] == reference for place in sheet.texts):
            continue
        for name, base in item.texts.items():
            made = _proposals(reference, name, base, sheet, states, who)
            # What did not go out was not taken out either, whatever heading came here with its bookmark.
            proposals += (each for each in made if item.sent or each.after)
    for (reference, name), found in sheet.texts.items():
        if _too_long(found):
            words = "\n".join(each.text for each in found)
            sheet.loose.append(Loose("too long", reference, words, ", ".join(who[reference, name]), field=name))
    for reference, title in sheet.titles.items():
        if len(title) > LONGEST:
            sheet.loose.append(Loose("too long", reference, title, ", ".join(who[reference, "title"]), field="title"))
    return Returned(proposals, _all_loose(file, known, sheet), len(sheet.order), sorter.has_marks)


def _states(file: WordFile, known: Mapping[str, Item]) -> dict[str | None, Sheet]:
    """The document as each of its authors would have it, and, under None, without what was tracked."""
    if not file.authors:
        return {}
    states: dict[str | None, Sheet] = {None: Sorter(file, known).sort(lines(file, lambda author: False))}
    if len(file.authors) <= MOST_AUTHORS:
        for name in file.authors:
            states[name] = Sorter(file, known).sort(lines(file, lambda author, name=name: author == name))  # type: ignore[misc]  # a default binds the name
    return states


def _who(file: WordFile, now: Sheet, before: Sheet) -> Mapping[Place, Mapping[str, None]]:
    """Who changed each text with tracking on: what is taken out where it stood `before`, all else where it stands."""
    found: defaultdict[Place, dict[str, None]] = defaultdict(dict)
    was = stands = ("", "")
    for block in file.blocks:
        # A paragraph that is not there in one of the states goes with the one above it.
        was, stands = before.where.get(id(block), was), now.where.get(id(block), stands)
        for piece in block.pieces:
            found[stands].update(dict.fromkeys(filter(None, (piece.inserted_by, piece.formed_by))))
            if piece.deleted_by is not None:
                found[was if piece.inserted_by is None else stands][piece.deleted_by] = None
        found[stands].update(dict.fromkeys(filter(None, (block.shaped_by, block.mark_inserted_by))))
        if block.mark_deleted_by is not None:
            found[was if block.mark_inserted_by is None else stands][block.mark_deleted_by] = None
    return found


def _words_of(sheet: Sheet, reference: str, name: str, base: str) -> str | None:
    """A text as a state of the document has it, in our dialect; None when nothing can be said of it."""
    if name == "title":
        title = sheet.titles.get(reference)
        return _title(base, title) if title and len(title) <= LONGEST else None
    found = sheet.texts.get((reference, name))
    if found is None:
        return "" if reference in sheet.titles and base else None
    return None if _too_long(found) else _rewritten(base, tuple(found))


def _too_long(found: Sequence[Paragraph]) -> bool:
    """Whether a text is longer than any can be; to compare it all the same would take long and lead to nothing."""
    return sum(len(each.text) for each in found) > LONGEST


@lru_cache(maxsize=64)
def _rewritten(base: str, found: tuple[Paragraph, ...]) -> str:
    """`rewritten`; most authors leave most texts as others have them."""
    return rewritten(base, found)


def _title(base: str, title: str) -> str:
    old, new = (tidy([Paragraph("plain", (Words(each),))]) for each in (base, title))
    kept = unfolded(old, new)
    return base if kept == old else " ".join(each.text for each in kept)


def _proposals(
    reference: str,
    name: str,
    base: Text,
    sheet: Sheet,
    states: Mapping[str | None, Sheet],
    who: Mapping[Place, Mapping[str, None]],
) -> Iterator[Proposal]:
    after = _words_of(sheet, reference, name, base.words)
    if after is None or after == base.words:
        return
    versions = {who: _words_of(state, reference, name, base.words) for who, state in states.items()}
    plain = versions.pop(None, after)
    plain = base.words if plain is None else plain
    edits = [("", plain)] if plain != base.words else []
    edits += [
        (each, words) for each, words in versions.items() if words is not None and words != plain and each is not None
    ]
    if states and not versions:  # more people than are told apart
        edits += [(each, after) for each in who[reference, name] if plain != after]
    separate = _separate(base.words, plain, after, edits) if versions else None
    if len(edits) > 1 and separate is not None:
        for (each, _), words in zip(edits, separate, strict=True):
            yield Proposal(reference, name, base.version, base.words, words, (each,))
        return
    names = tuple(each for each, _ in edits) or ("",)
    if versions and not (len(edits) == 1 and edits[0][1] == after):  # somebody changed what another had put in
        names = tuple(dict.fromkeys([*names, *who[reference, name]]))
    yield Proposal(reference, name, base.version, base.words, after, names, mixed=len(names) > 1)


def _separate(base: str, plain: str, after: str, edits: Sequence[tuple[str, str]]) -> list[str] | None:
    """Each one's words on their own, if they touch different places, together make the whole, and break nothing."""
    if len(edits) < 2:
        return None
    units = to_units(base)
    try:
        untracked = change_between(base, plain)
        back = untracked.invert(units)
        changes: list[ChangeSet] = []
        for who, words in edits:
            changes.append(change_between(plain, words).map(back) if who else untracked)
        if any(competes(one, other) for at, one in enumerate(changes) for other in changes[at + 1 :]):
            return None
        whole = changes[0]
        for change in changes[1:]:
            whole = whole.compose(change.map(whole))
        if paragraphs(from_units(whole.apply(units))) != paragraphs(after):
            return None
        alone = [from_units(change.apply(units)) for change in changes]
    except BadChangeError:
        return None
    broken = any(_breaks(base, plain, words, each) for (who, words), each in zip(edits, alone, strict=True) if who)
    return None if broken else alone


def _breaks(base: str, plain: str, own: str, alone: str) -> bool:
    """Whether a change, made `alone` in the words that went out, leaves marks around nothing.

    In its author's own words these had gone with what was not tracked. Where it breaks nothing it adds and takes the
    same letters here and there; marks around nothing are letters, but for those of a link.
    """
    if alone.count("[](") > base.count("[]("):
        return True
    return _letters(alone) + _letters(plain) != _letters(base) + _letters(own)


def _letters(text: str) -> Counter[str]:
    """How often each letter is to be read in a text."""
    return Counter("".join("".join(each.text.split()) for each in paragraphs(text)))


# --- what is loose ---


def _all_loose(file: WordFile, known: Mapping[str, Item], sheet: Sheet) -> list[Loose]:
    loose = list(sheet.loose)
    for reference, item in known.items():
        title = item.texts["title"].words if "title" in item.texts else ""
        seen = any(place[0] == reference for place in sheet.texts)
        if reference not in sheet.titles and (seen or (item.missed and not sheet.whole)):
            loose.append(Loose("no title" if seen else "deleted", reference, title))
        elif reference in sheet.titles and not sheet.titles[reference]:
            loose.append(Loose("no title", reference, title))
    moved = _moved(sheet.order, {reference: at for at, reference in enumerate(known)})
    # Out of the order of today: but was it in that order that they went out? The headings' numbers tell, if all stand.
    if moved and all(reference in sheet.numbers for reference in sheet.order):
        moved = _moved(sheet.order, sheet.numbers)
    loose += [Loose("moved", each, known[each].texts["title"].words) for each in moved]
    return [*_margins(file), *loose, *_beside(file, sheet)]


_THINGS: dict[str, What] = {
    "picture": "picture", "footnote": "footnote", "equation": "equation", "hidden": "hidden", "symbol": "symbol",
}  # fmt: skip


def _margins(file: WordFile) -> Iterator[Loose]:
    """What somebody wrote above or below the pages, a watermark too, each once however many sorts of page have it."""
    said: dict[str, str] = {}
    hidden: dict[str, None] = {}
    for block in file.margins:
        for thing in block.things:
            what, _, words = thing.partition(": ")
            if words and what == "picture":
                said.setdefault(words, "")
            elif what == "hidden":
                hidden[words] = None
    yield from (Loose("hidden", "", words) for words in hidden)
    for line in lines(WordFile(file.margins, [], [], {}, []), lambda _: True):
        text = line.paragraph.text.strip()
        ours = [known[2] for name in line.begins if (known := LINE.match(name)) is not None]
        if text and check(_PAGE.sub("", text)) not in ours:
            said.setdefault(text, ", ".join(dict.fromkeys(line.who)))
    yield from (Loose("margin", "", text, author) for text, author in said.items())


def _beside(file: WordFile, sheet: Sheet) -> Iterator[Loose]:
    """Comments, pictures, notes, and words struck through by hand, with the item they stand in."""
    place: Place = ("", "")
    at: list[Place] = []
    for block in file.blocks:
        reference, name = sheet.where.get(id(block), place)
        place = reference, name if name in FIELDS else "text"
        at.append(place)
        for thing in block.things:
            what, _, words = thing.partition(": ")
            yield Loose(_THINGS[what], place[0], words)
        informs = block.row or any(LINE.match(name) for name in block.begins)
        for looks, words in () if informs else stands_out(block):
            yield Loose("struck" if looks == "struck" else "marked", place[0], words)
    for comment in file.comments:
        reference, name = at[comment.block] if 0 <= comment.block < len(at) else ("", "")
        yield Loose("comment", reference, comment.text, comment.author, comment.on.strip(), name, comment.resolved)


def _moved(order: Sequence[str], rank: Mapping[str, int]) -> list[str]:
    """Those that do not stand in the longest run that kept its order."""
    tails: list[int] = []
    chain: list[list[str]] = []
    for reference in order:
        place = bisect_left(tails, rank[reference])
        run = [*(chain[place - 1] if place else []), reference]
        tails[place : place + 1] = [rank[reference]]
        chain[place : place + 1] = [run]
    kept = set(chain[-1]) if chain else set()
    return [reference for reference in order if reference not in kept]
