"""The golden thread as files have it: what items are tied to, and where the sources of their evidence can be read.

It stands beside the words, as it is on the day of the file: a version's fingerprint is of its words and evidence alone,
and a version does not hold what ties its items to principles and models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.services import evidence
from app.services.threads import in_order
from models.evidence import ContractingModel, Source
from models.items import Item, ItemPrinciple
from models.versions import VersionItem

#: What the thread in a JSON file is written as; a file without one is read as before.
FORMAT = "concordat-thread/1"


@dataclass(frozen=True)
class Tied:
    """What some items are tied to: principles by reference and models by name, by the item's id.

    ``addresses`` are those of sources by their citation; ``data`` is all of it as JSON has it.
    """

    principles: dict[int, list[str]] = field(default_factory=dict)
    models: dict[int, list[str]] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)

    def carries_out(self, item_id: int) -> str:
        """The principles an item carries out, as a list in words."""
        return in_a_row(self.principles.get(item_id, []))

    def keeps_from(self, item_id: int) -> str:
        """The contracting models an item keeps something from, as a list in words."""
        return in_a_row(self.models.get(item_id, []))

    def lines(self, item_id: int) -> list[str]:
        """What an item is tied to, a line each."""
        said = (("Carries out", self.carries_out(item_id)), ("Keeps from", self.keeps_from(item_id)))
        return [f"{what} {names}" for what, names in said if names]

    def address(self, line: dict[str, str]) -> str:
        """Where the source of a piece of evidence can be read; empty if that is not known."""
        return self.addresses.get(line["source"], "")


def in_a_row(names: Sequence[str]) -> str:
    """Names as a list in words: P3, P8 and P10."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1] if names else "")))


def of_rows(session: Session, group_id: int, rows: Iterable[VersionItem], today: date) -> Tied:
    """What the items of a file are tied to now, as far as both ends are in it. The caller has asked for the right."""
    items = {row.item_id: row for row in rows}
    principles = _principles(session, group_id, items)
    models = evidence.models_of(session, items)
    known = {each.id: each for some in models.values() for each in some}
    cited = {line["source"] for row in items.values() for line in row.evidence}
    spoken = {(line["source"], line["finding"], line["page"], line["strength"])
              for row in items.values() for line in row.evidence}  # fmt: skip
    findings: dict[tuple[str, ...], dict[str, str]] = {}
    for line in (each for some in evidence.lines_of(session, items).values() for each in some):
        finding = line.finding
        key = line.source.cite, finding.text, finding.page, finding.strength.value
        if key in spoken and key not in findings:
            findings[key] = dict(zip(("source", "finding", "page", "strength"), key, strict=True)) | {
                "known": finding.provenance.value, "model": line.model.name if line.model is not None else "",
                "stance": finding.stance,
            }  # fmt: skip
            if line.model is not None:
                known[line.model.id] = line.model
    query = select(Source).where(Source.group_id == group_id).order_by(Source.id)
    sources = list(session.execute(query).scalars())
    by_key = {each.key: each.cite for each in sources}
    cards = [_card(each, by_key) for each in sorted(known.values(), key=lambda one: (one.position, one.id))]
    cited |= {use["source"] for card in cards for use in card["used_in"]}
    wanted = [each for each in sources if each.cite in cited]
    names = {item_id: [each.name for each in some] for item_id, some in models.items()}
    data = {
        "format": FORMAT, "as_of": today.isoformat(),
        "carries_out": {row.reference: principles[id_] for id_, row in items.items() if id_ in principles},
        "keeps_from": {row.reference: names[id_] for id_, row in items.items() if id_ in names},
        "models": cards,
        "sources": [
            {"source": each.cite, "doi": each.doi, "url": each.url, "known": each.provenance.value} for each in wanted
        ],
        "findings": list(findings.values()),
    }  # fmt: skip
    addresses = {each.cite: each.address for each in wanted if each.address}
    return Tied(principles, names, addresses, data)


def _principles(session: Session, group_id: int, items: dict[int, VersionItem]) -> dict[int, list[str]]:
    rows = session.execute(
        select(ItemPrinciple).join(Item, Item.id == ItemPrinciple.item_id).where(Item.group_id == group_id)
    ).scalars()
    found: dict[int, list[str]] = {}
    for each in rows:
        if each.item_id in items and each.principle_id in items:
            found.setdefault(each.item_id, []).append(items[each.principle_id].reference)
    return {item_id: sorted(some, key=in_order) for item_id, some in found.items()}


def _card(model: ContractingModel, by_key: dict[str, str]) -> dict[str, Any]:
    """A contracting model as a file has it; the sources of where it was used by their citations."""
    return {
        "name": model.name, "definition": model.definition, "origin": model.origin, "mechanisms": model.mechanisms,
        "contributes": model.contributes, "strength": model.strength.value,
        "used_in": [
            {"place": each["place"], "fact": each["fact"], "source": by_key.get(each.get("source", ""), "")}
            for each in model.used_in
        ],
    }  # fmt: skip
