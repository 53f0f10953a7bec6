"""Third and fifth chapter: principles, elements, criteria and specifications, and what each of them stands on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import cycle
from typing import Any

from app.services import contracting, documents, findings, items, threads
from app.services.story.telling import Teller, local
from models.documents import Document, Field
from models.evidence import Relation
from models.items import Item, Kind, PrincipleGroup, Status

#: Who writes, element by element and in turn.
WRITERS = {
    "P": ("campion", "bramble", "hawthorn", "nuthatch", "avocet"),
    "E1": ("campion", "lapwing", "bittern", "bramble"),
    "E2": ("hawthorn", "redstart", "bittern", "curlew"),
    "E3": ("siskin", "whimbrel", "dunnock", "goldcrest"),
    "E4": ("sorrel", "avocet", "teasel", "wagtail"),
}


def begin(teller: Teller) -> None:
    """Principles and elements stand before the group first meets."""
    writers = cycle(WRITERS["P"])
    teller.at(local(date(2015, 2, 24), "10:00"))
    for principle in teller.content["principles"]["principles"]:
        teller.later(minutes=4)
        _add(teller, next(writers), principle, Kind.PRINCIPLE, summary=teller.story["summaries"][principle["id"]])
    for element in teller.content["blueprint"]["elements"]:
        teller.later(minutes=3)
        words = {"id": element["id"], "title": element["name"], "text": ""}
        _add(teller, "avocet", words, Kind.ELEMENT, summary=teller.story["summaries"][element["id"]])


def go_on(teller: Teller) -> None:
    """Criteria and specifications are written and grounded between the first session and the second."""
    teller.at(local(date(2015, 3, 18), "09:00"))
    for element in teller.content["blueprint"]["elements"]:
        writers = cycle(WRITERS[element["id"]])
        for criterion in element["criteria"]:
            _criterion(teller, writers, element["id"], criterion)
    teller.at(local(date(2015, 4, 2), "15:00"))
    _ground(teller)


def _criterion(teller: Teller, writers: Iterator[str], element: str, criterion: dict[str, Any]) -> None:
    """A criterion with its specifications, the principles it carries out and the models it keeps something from."""
    author = next(writers)
    teller.at_work(hours=3)
    told = teller.story["criteria"][criterion["id"]]
    _add(teller, author, criterion, Kind.CRITERION, element, why=told["why"], summary=told["summary"])
    item_id = teller.items[criterion["id"]]
    carried = [teller.items[name] for name in criterion["principles"]]
    threads.set_principles(teller.uow, teller.who(author), item_id=item_id, principle_ids=carried)
    kept = [teller.models[name] for name in criterion["from_models"]]
    contracting.keep(teller.uow, teller.who(author), item_id=item_id, model_ids=kept)
    for each in criterion["specs"]:
        teller.later(minutes=9)
        summary = teller.story["specifications"][each["id"]]
        _add(teller, next(writers), each, Kind.SPECIFICATION, criterion["id"], summary=summary)


def _add(
    teller: Teller, author: str, words: dict[str, Any], kind: Kind, parent: str = "", *, why: str = "", summary: str
) -> None:
    family = PrincipleGroup(words["group"]) if kind is Kind.PRINCIPLE else None
    made = items.add_item(
        teller.uow, teller.who(author), group_id=teller.group_id, kind=kind, parent_id=teller.items.get(parent),
        title=words["title"], text=_first_words(teller, words), why=why, summary=summary, status=Status.DRAFT,
        principle_group=family,
    )  # fmt: skip
    teller.items[words["id"]] = made.id


def _first_words(teller: Teller, words: dict[str, Any]) -> str:
    """The words an item begins with; one of them was first tried in others."""
    for session in teller.story["sessions"]:
        for decision in session["decisions"]:
            if "first_try" in decision and decision["first_try"]["item"] == words["id"]:
                return str(decision["first_try"]["words"])
    return str(words["text"])


def reword(teller: Teller, author: str, item: str, text: str) -> None:
    """Somebody changes an item's words, if they may at that moment."""
    uow = teller.uow
    row = uow.lock(Item, teller.items[item])
    if items.may_write(uow.session, teller.who(author), row).access != "write":
        raise ValueError(f"{author} may not change {item}")
    document = documents.documents_of(uow.session, [row.id])[row.id][Field.TEXT]
    documents.replace_text(uow, teller.who(author), uow.lock(Document, document.id), text)


def _ground(teller: Teller) -> None:
    """The researcher draws the arrows, and marks what rests on judgement."""
    evidence = teller.content["evidence"]
    researcher = teller.who("yarrow")
    for each in evidence["links"]:
        for relation in Relation:
            for end in each.get(relation.value, []):
                item, words = end if isinstance(end, list) else (end, "")
                teller.later(minutes=1)
                findings.link(
                    teller.uow, researcher, finding_id=teller.findings[each["finding"]],
                    item_id=teller.items[item], relation=relation, note_text=words,
                )  # fmt: skip
    for item in evidence["group_judgement"]:
        findings.judge(teller.uow, researcher, item_id=teller.items[item], on=True)
