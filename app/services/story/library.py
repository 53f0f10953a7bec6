"""Second chapter: what the researcher brings to the group: sources, contracting models and findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from app.services import contracting, findings, sources
from app.services.contracting import ModelForm, Use
from app.services.findings import FindingForm
from app.services.story.telling import Teller, local
from models.evidence import Provenance, Strength

#: The files grade a little finer than the product.
STRENGTHS = {"very_low": Strength.LOW, "low": Strength.LOW, "moderate": Strength.MODERATE, "unknown": Strength.UNKNOWN}
#: "… (nao2016, pac2016)": whom a sentence comes from.
SAID_BY = re.compile(r"\s*\(([^()]*)\)\s*$")


def tell(teller: Teller) -> None:
    """The shelves are filled."""
    teller.at(local(date(2015, 2, 18), "09:30"))
    researcher = teller.who("yarrow")
    evidence = teller.content["evidence"]
    for each in [*teller.content["references"]["references"], *evidence["sources"]]:
        teller.later(seconds=40)
        made = sources.add_source(
            teller.uow, researcher, group_id=teller.group_id, cite=each["cite"], doi=str(each.get("doi", "")),
            url=each.get("url", ""), provenance=Provenance(each["status"]), key=each["id"],
        )  # fmt: skip
        teller.sources[each["id"]] = made.id
    teller.at(local(date(2015, 2, 19), "09:30"))
    cited = Cited(teller)
    for model in teller.content["models"]["models"]:
        teller.later(minutes=5)
        _card(teller, cited, model)
    teller.at(local(date(2015, 2, 20), "14:00"))
    for each in evidence["findings"]:
        teller.later(minutes=2)
        _note(
            teller, each["id"],
            FindingForm(
                source_id=teller.sources[each["source"]], text=each["text"], page=each.get("page", ""),
                strength=STRENGTHS[each["strength"]], provenance=cited.provenance(each["source"]),
                model_id=teller.models.get(each.get("model", "")),
            ),
        )  # fmt: skip


class Cited:
    """What the files say of sources: their flags, and how one is named in half a line."""

    def __init__(self, teller: Teller) -> None:
        known = [*teller.content["references"]["references"], *teller.content["evidence"]["sources"]]
        self.rows = {each["id"]: each for each in known}

    def provenance(self, key: str) -> Provenance:
        """The source's own flag."""
        return Provenance(self.rows[key]["status"])

    def short(self, key: str) -> str:
        """ "Public Accounts Committee (2016)" """
        cite: str = self.rows[key]["cite"]
        return cite.split(")", 1)[0] + ")" if ")" in cite[:80] else cite

    def named_in(self, words: str) -> list[str]:
        """The sources that a remark in brackets names, in its order."""
        return [word for word in re.findall(r"[a-z0-9_]+", words) if word in self.rows]


def _card(teller: Teller, cited: Cited, model: dict[str, Any]) -> None:
    form = ModelForm(
        name=model["name"], definition=model["definition"], origin=model["origin"], mechanisms=model["mechanisms"],
        used_in=[Use(each["place"], each["fact"], each["ref"]) for each in model["used_in"]],
        contributes=model["contributes_to_blueprint"], strength=STRENGTHS[model["evidence_strength"]],
    )  # fmt: skip
    card = contracting.add_model(teller.uow, teller.who("yarrow"), group_id=teller.group_id, form=form)
    teller.models[model["id"]] = card.id
    for name, stance, sentence in _sentences(model):
        _note(teller, name, _read(teller, cited, model, name, stance, sentence))


def _sentences(model: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for stance in ("for", "against"):
        for number, sentence in enumerate(model[f"evidence_{stance}"], 1):
            yield f"{model['id']}.{stance}.{number}", stance, sentence


def _read(teller: Teller, cited: Cited, model: dict[str, Any], name: str, stance: str, sentence: str) -> FindingForm:
    """A sentence of the files as a finding: the bracket at its end says where it was read, or that it was inferred."""
    evidence = teller.content["evidence"]
    bracket = SAID_BY.search(sentence)
    keys = cited.named_in(bracket[1]) if bracket else []
    text = SAID_BY.sub("", sentence) if bracket else sentence
    provenance = None
    if bracket and "inference" in bracket[1]:
        text, provenance = f"{text} (inferred, not read)", Provenance.GIVEN
    elif len(keys) > 1:
        text = f"{text}. See also {', '.join(cited.short(key) for key in keys[1:])}"
    key = evidence["said_by"].get(name) or keys[0]
    strength = evidence["strengths"].get(name, model["evidence_strength"])
    return FindingForm(
        source_id=teller.sources[key], text=f"{text}.", strength=STRENGTHS[strength],
        provenance=provenance or cited.provenance(key), model_id=teller.models[model["id"]], stance=stance,
    )  # fmt: skip


def _note(teller: Teller, name: str, form: FindingForm) -> None:
    made = findings.add_finding(teller.uow, teller.who("yarrow"), group_id=teller.group_id, form=form)
    teller.findings[name] = made.id
