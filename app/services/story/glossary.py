"""Before the first session: the group writes down what it means by its words, while nothing is agreed."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.services import glossary
from app.services.glossary import TermForm
from app.services.story.telling import Teller, local


def tell(teller: Teller) -> None:
    """Each term by whoever knows it best; one of them is first understood otherwise."""
    teller.at(local(date(2015, 3, 2), "09:30"))
    for each in teller.content["glossary"]["terms"]:
        first = each.get("first", each)
        teller.later(minutes=12)
        term = glossary.define(
            teller.uow, teller.who(first["by"]), group_id=teller.group_id, form=_form(each, first["definition"])
        )
        if first is not each:
            teller.later(minutes=40)
            glossary.redefine(
                teller.uow, teller.who(each["by"]), term_id=term.id, form=_form(each, each["definition"]),
                number=term.number,
            )  # fmt: skip


def _form(each: dict[str, Any], definition: str) -> TermForm:
    return TermForm(each["term"], definition, each.get("also", ()))
