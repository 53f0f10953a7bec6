"""The blueprint as its page shows it: everything a card needs, worked out before the template runs.

A page holds two hundred cards, so this costs a fixed number of queries, and rendered words are kept by their text.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from app import markup
from app.calc.glossary import Glossary
from app.policy import Actor
from app.services import comments, decided, documents, evidence, glossary, items, suggestions
from app.services.items import Entry, Rights
from app.uow import UnitOfWork
from models.documents import Field
from models.items import Kind, PrincipleGroup, Status

#: What one may add under an item.
UNDER = {Kind.ELEMENT: Kind.CRITERION, Kind.CRITERION: Kind.SPECIFICATION}
#: What a page can be narrowed to beside kind and status: what waits on an item, or is the matter with it.
ABOUT = ("comments", "suggestions", "unfounded", "changed")
#: Longer texts are rendered anew each time, so that the memory held stays small.
KEPT_LENGTH = 5_000


@dataclass(frozen=True, slots=True)
class Card:
    """One item on the page. ``stamp`` changes when anything the card shows does; ``documents`` numbers its texts."""

    id: int
    reference: str
    now_under: str
    kind: str
    status: str
    family: str
    parent_id: int | None
    level: int
    title: str
    html: Markup
    more: str
    may_edit: bool
    reason: str
    may_act: bool
    add_kind: str
    may_suggest: bool
    may_suggest_too: bool
    suggested: str
    commented: str
    may_comment: bool
    voted: bool
    changed: bool
    aspirational: bool
    marks: str
    stamp: str
    mark: str
    documents: str


@dataclass(frozen=True)
class Board:
    """The whole blueprint: its cards in tree order and what the viewer may do."""

    cards: Sequence[Card]
    may_add: bool
    statuses: Sequence[tuple[str, str]]
    kinds: Sequence[tuple[str, str]]
    suggested: str
    commented: str

    def principles(self, family: str) -> list[Card]:
        """The principles of one family."""
        return [card for card in self.cards if card.family == family]

    @property
    def branches(self) -> list[Card]:
        """Elements with what is under them."""
        return [card for card in self.cards if not card.family]

    @property
    def has_elements(self) -> bool:
        """Whether there is any core element."""
        return any(card.kind == "element" for card in self.cards)


@dataclass(frozen=True)
class Around:
    """What is known about all items of a group at once, beside their rows."""

    rights: Rights
    decided: dict[int, set[str]]
    evidence: dict[int, int]
    weak: Collection[int]
    suggested: dict[int, int]
    commented: dict[int, int]
    terms: Glossary
    glossary: str


def _anew(text: str, offset: int, terms: Glossary, address: str) -> Markup:
    return markup.defined(markup.render(text, heading_offset=offset), terms, address)


_kept = lru_cache(maxsize=4096)(_anew)


def rendered(text: str, offset: int, terms: Glossary, address: str) -> Markup:
    """The HTML of a text with its defined terms marked, kept by what it says."""
    return (_kept if len(text) <= KEPT_LENGTH else _anew)(text, offset, terms, address)


def glossary_address() -> str:
    """Where the terms of the group in the address stand."""
    return url_for("glossary.index", slug=g.group.slug)


def kind_words() -> dict[str, str]:
    """Kinds of items in the reader's language."""
    return {
        Kind.PRINCIPLE.value: _("Principle"),
        Kind.ELEMENT.value: _("Core element"),
        Kind.CRITERION.value: _("Criterion"),
        Kind.SPECIFICATION.value: _("Specification"),
    }


def status_words() -> dict[str, str]:
    """Statuses in the reader's language."""
    return {
        Status.IDEA.value: _("Idea"),
        Status.DRAFT.value: _("Draft"),
        Status.PROPOSED.value: _("Proposed"),
        Status.AGREED.value: _("Agreed"),
        Status.RESERVATIONS.value: _("Agreed with reservations"),
        Status.PARKED.value: _("Parked"),
        Status.WITHDRAWN.value: _("Withdrawn"),
    }


def about_words() -> dict[str, str]:
    """What a page can be narrowed to, in the reader's language."""
    words = (_("Open comments"), _("Suggestions"), _("No evidence"), _("Changed since decided"))
    return dict(zip(ABOUT, words, strict=True))


def takes(found: Mapping[str, str], card: Card, *, only: Collection[int] | None = None) -> bool:
    """Whether a card is shown: as static/js/blueprint/finder.js has it. Withdrawn ones only when asked for.

    ``only`` are the items in which the person wrote whom ``by`` names.
    """
    if found["kind"] not in ("", card.kind) or (found["about"] and found["about"] not in card.marks.split()):
        return False
    if only is not None and card.id not in only:
        return False
    if not found["status"]:
        return card.status != Status.WITHDRAWN.value
    return found["status"] in ("all", card.status)


def family_words() -> dict[str, str]:
    """Families of principles in the reader's language."""
    return {
        PrincipleGroup.PERSON_CENTRED.value: _("Person-centred principles"),
        PrincipleGroup.ORGANISATIONAL.value: _("Organisational principles"),
    }


def board(uow: UnitOfWork, actor: Actor, group_id: int) -> Board:
    """All cards of a group. Raises NotFound, Forbidden."""
    entries = items.tree(uow, actor, group_id)
    around = _around(uow, actor, group_id)
    cards = [_card(entry, around) for entry in entries]
    gone = {entry.item.id for entry in entries if entry.item.status is Status.WITHDRAWN}
    waiting = sum(count for item_id, count in around.suggested.items() if item_id not in gone)
    talks = sum(around.commented.values())
    return Board(
        cards, around.rights.may_add, list(status_words().items()), list(kind_words().items()),
        ngettext("%(num)d suggestion waits", "%(num)d suggestions wait", waiting) if waiting else _("Suggestions"),
        ngettext("%(num)d open comment", "%(num)d open comments", talks) if talks else _("Comments"),
    )  # fmt: skip


def cards_of(
    uow: UnitOfWork, actor: Actor, group_id: int, ids: Collection[int], terms: Glossary | None = None
) -> list[Card]:
    """Some cards, in the order of ``ids``; what is not there any more, or foreign, is left out.

    ``terms`` are those of the group, where the caller has them already.
    """
    around = _around(uow, actor, group_id, terms)
    entries = items.entries_of(uow, actor, group_id, ids)
    return [_card(entries[one], around) for one in ids if one in entries]


def _around(uow: UnitOfWork, actor: Actor, group_id: int, terms: Glossary | None = None) -> Around:
    grounds = evidence.grounds(uow.session, group_id)
    return Around(
        rights=items.rights(uow.session, actor, group_id),
        decided=decided.covered_words(uow.session, group_id),
        evidence={item_id: ground.findings for item_id, ground in grounds.items()},
        weak=frozenset(item_id for item_id, ground in grounds.items() if ground.aspirational),
        suggested=suggestions.open_counts(uow.session, group_id),
        commented=comments.open_counts(uow.session, group_id),
        terms=glossary.standing(uow.session, group_id) if terms is None else terms,
        glossary=glossary_address(),
    )


def _card(entry: Entry, around: Around) -> Card:
    item, rights = entry.item, around.rights
    access, reason = rights.words(item)
    level = entry.depth + (2 if item.kind is not Kind.PRINCIPLE else 3)
    add = UNDER.get(item.kind) if rights.may_add and item.status is not Status.WITHDRAWN else None
    changed, weak = _changed(entry, around.decided.get(item.id, set()), around.terms), item.id in around.weak
    voted, findings = item.id in rights.voted, around.evidence.get(item.id, 0)
    suggested, commented = around.suggested.get(item.id, 0), around.commented.get(item.id, 0)
    html = rendered(entry.words(Field.TEXT), level, around.terms, around.glossary)
    # What a card shows of a definition is in its HTML alone.
    meant = f"-{zlib.crc32(html.encode()):x}" if 'class="term"' in html else ""
    marks = f"{access[0]}{voted:d}{changed:d}{weak:d}{findings}.{suggested}.{commented}{rights.role[0]}"
    return Card(
        id=item.id,
        reference=item.reference,
        now_under=entry.now_under,
        kind=item.kind.value,
        status=item.status.value,
        family=item.principle_group.value if item.principle_group else "",
        parent_id=item.parent_id,
        level=level,
        title=entry.title or _("Untitled"),
        html=html,
        more=_more(entry, findings, suggested, commented),
        may_edit=access == "write",
        reason=reason if rights.may_add else "",
        may_act=rights.may_add,
        add_kind=add.value if add else "",
        may_suggest=access != "write" and rights.suggesting(item),
        may_suggest_too=access == "write" and rights.suggesting(item),
        suggested=_suggested(suggested),
        commented=_commented(commented),
        may_comment=rights.commenting(item),
        voted=voted,
        changed=changed,
        aspirational=weak,
        marks=" ".join(
            name
            for name, has in zip(
                ABOUT, (commented > 0, suggested > 0, findings == 0 and not item.group_judgement, changed), strict=True
            )
            if has
        ),
        stamp=f"{item.status.value}-{item.parent_id or 0}-{entry.mark}-{marks}{meant}",
        mark=entry.mark,
        documents=" ".join(str(one.id) for one in entry.documents.values()),
    )


def _changed(entry: Entry, covered: set[str], terms: Glossary) -> bool:
    """Whether the words, and what they mean, are no longer those of the item's latest decision."""
    return bool(covered) and not decided.is_covered(documents.words_in(entry.documents), terms, covered)


def _more(entry: Entry, findings: int, suggested: int, commented: int) -> str:
    """What the disclosure under a card holds, in words."""
    parts = []
    if entry.words(Field.WHY).strip():
        parts.append(_("Why"))
    if entry.words(Field.SUMMARY).strip():
        parts.append(_("In plain words"))
    if suggested:
        parts.append(_suggested(suggested))
    if commented:
        parts.append(_commented(commented))
    if findings:
        parts.append(ngettext("%(num)d finding", "%(num)d findings", findings))
    return " · ".join(parts)


def _suggested(count: int) -> str:
    return ngettext("%(num)d suggestion", "%(num)d suggestions", count) if count else ""


def _commented(count: int) -> str:
    return ngettext("%(num)d comment", "%(num)d comments", count) if count else ""
