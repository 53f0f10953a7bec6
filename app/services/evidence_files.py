"""The evidence and the golden thread of another server's file, on their way into an empty blueprint.

What ties an item to others is named in the file by references and names and found here by them; what is not found is
told and left out. A label such as "Read" comes along: it says how the finding was come by, and gives nobody a right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import Invalid
from app.events import EvidenceChanged
from app.policy import Actor
from app.services import contracting, findings, sources, threads
from app.services.contracting import ModelForm, Use
from app.services.findings import STANCES, FindingForm
from app.services.thread_files import FORMAT
from app.uow import UnitOfWork
from models.evidence import ContractingModel, Finding, Provenance, Relation, Source, Strength
from models.items import Item, Kind

#: Most lines of evidence in one file, and most of anything its thread lists: nobody else writes while they come in.
MOST_LINES = 5_000
MOST_MODELS = 200
NO_THREAD = (
    "The file has no golden thread: its items come in tied to no principle and no contracting model, sources without "
    "addresses, and evidence as given by the group."
)
Key = tuple[str, ...]


@dataclass(frozen=True)
class Thread:
    """The thread of a file as it stands there; ``known`` is how each finding was come by, with its model and stance."""

    carries_out: Mapping[str, list[str]] = field(default_factory=dict)
    keeps_from: Mapping[str, list[str]] = field(default_factory=dict)
    models: list[dict[str, Any]] = field(default_factory=list)
    sources: Mapping[str, tuple[str, str, Provenance]] = field(default_factory=dict)
    known: Mapping[Key, tuple[Provenance, str, str]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


def read_thread(told: object) -> Thread:
    """The thread of a file, empty where it has none or one of a form that is not known here.

    Raises KeyError, TypeError, ValueError for what is no thread.
    """
    if told is None:
        return Thread(left_out=(NO_THREAD,))
    if not isinstance(told, dict):
        raise TypeError("thread")
    if (form := text(told, "format")) != FORMAT:
        words = f"The file’s golden thread is of a form that this server does not know ({form[:60]}). {NO_THREAD}"
        return Thread(left_out=(words,))
    models = rows(told, "models")
    if len(models) > MOST_MODELS or any(len(rows(told, each)) > MOST_LINES for each in ("sources", "findings")):
        raise ValueError("too many")
    return Thread(
        _named(told, "carries_out"), _named(told, "keeps_from"), models,
        {_line(text(each, "source")): (text(each, "doi"), text(each, "url"), Provenance(text(each, "known")))
         for each in rows(told, "sources")},
        {tuple(text(each, name) for name in ("source", "finding", "page", "strength")):
            (Provenance(text(each, "known")), _line(text(each, "model")), _stance(each))
         for each in rows(told, "findings")},
    )  # fmt: skip


class Evidence:
    """The evidence of a file: each source and each finding once, however many items it speaks to.

    Sources that are here already, by their citation or DOI, and findings that say the same of them, are found again;
    they stay as they are here. ``left_out`` says what of it cannot come in, a line each. Raises NotFound, Forbidden.
    """

    def __init__(self, uow: UnitOfWork, actor: Actor, group_id: int, thread: Thread) -> None:
        self._uow, self._actor, self._group_id, self._thread = uow, actor, group_id, thread
        self._sources = sources.Adding(uow, actor, group_id)
        self._findings = findings.Adding(uow, actor, group_id)
        self._cited: dict[str, Source] = {}
        self._lines = 0
        self.left_out = list(thread.left_out)
        self.made = self.found = self.models_made = self.models_found = self.ties = 0
        self.noted: dict[Key, Finding] = {}
        self._dois = Counter(sources.bare(doi).lower() for doi, _, _ in thread.sources.values())
        for cite in thread.sources:
            self._source(cite)
        self._sources.store()
        self._models = dict(self._bring_models())

    def take(self, item: Item, line: dict[str, Any]) -> tuple[Relation, Strength]:
        """One line under an item; what it does there, and how strong it is."""
        self._lines += 1
        if self._lines > MOST_LINES:
            raise Invalid(f"A file has at most {MOST_LINES:,} lines of evidence.")
        key = tuple(text(line, name) for name in ("source", "finding", "page", "strength"))
        if key not in self.noted:
            self.noted[key] = self._finding(key)
        relation, said = Relation(text(line, "relation")), text(line, "note")
        self._findings.link(self.noted[key], item, relation, said)
        return relation, Strength(key[3])

    def store(self, made: Mapping[str, Item]) -> None:
        """Store all of it, and tie the items, which are stored by now, to what they carry out and keep."""
        self._sources.store()
        self._findings.store()
        principles = list(self._principles(made))
        models = list(self._kept(made))
        threads.tie(self._uow, principles)
        contracting.tie(self._uow, models)
        self._uow.emit(EvidenceChanged(self._group_id))
        self.ties = sum(len(some) for _, some in principles) + sum(len(some) for _, some in models)

    @property
    def restored(self) -> int:
        """How many sources of the group had been withdrawn and are restored, of those that were found."""
        return self._sources.restored

    def _source(self, cite: str) -> Source:
        cite = _line(cite)
        if cite in self._cited:
            return self._cited[cite]
        doi, url, known = self._thread.sources.get(cite, ("", "", Provenance.GIVEN))
        if (doi and not sources.is_doi(doi)) or (url and not sources.is_address(url)):
            self.left_out.append(f"The address of “{cite[:120]}” cannot be a link: the source comes in without it.")
            doi, url = (doi if sources.is_doi(doi) else ""), (url if sources.is_address(url) else "")
        # Chapters of one book share a DOI, and are sources of their own.
        alone = doi if self._dois[sources.bare(doi).lower()] == 1 else ""
        source = self._sources.again(cite, alone, beside=self._thread.sources)
        if source is not None:
            self.found += 1
            if source.cite != cite:
                self.left_out.append(f"“{cite[:120]}” is here by its DOI, and stays cited as “{source.cite[:120]}”.")
        else:
            source = self._sources.add(cite=cite, doi=doi, url=url, provenance=known)
            self.made += 1
        self._cited[cite] = source
        return source

    def _finding(self, key: Key) -> Finding:
        source, strength = self._source(key[0]), Strength(key[3])
        known, model, stance = self._thread.known.get(key, (Provenance.GIVEN, "", ""))
        about = self._models.get(model.casefold())
        form = FindingForm(
            None, key[1], key[2], strength, known, about.id if about is not None else None,
            stance if about is not None else "",
        )  # fmt: skip
        return self._findings.again(form, source) or self._findings.add(form, source)

    def _bring_models(self) -> Iterator[tuple[str, ContractingModel]]:
        """Contracting models by name: those of the group, and those that are made."""
        adding = contracting.Adding(self._uow, self._actor, self._group_id)
        keys = {cite: source.key for cite, source in self._cited.items()}
        for card in self._thread.models:
            name, form = _line(text(card, "name")), _card(card, keys)
            model = adding.again(name)
            if model is not None and model.withdrawn_at is not None:
                self.left_out.append(
                    f"The contracting model “{name[:120]}” was withdrawn here: nothing comes in tied to it. Restore it "
                    "first if it should."
                )
                continue
            if model is None:
                try:
                    model = adding.add(form)
                except Invalid as refused:
                    why = next(iter(refused.fields.values()), refused.message)
                    self.left_out.append(
                        f"The contracting model “{name[:120]}” cannot be taken, and nothing comes in tied to it: {why}."
                    )
                    continue
                self.models_made += 1
            else:
                self.models_found += 1
            yield name.casefold(), model
        adding.store()

    def _principles(self, made: Mapping[str, Item]) -> Iterator[tuple[Item, list[Item]]]:
        for reference, wanted in self._thread.carries_out.items():
            item, found = made.get(reference), []
            for each in dict.fromkeys(wanted):
                principle = made.get(each)
                if item is None or principle is None:
                    missing = each if principle is None else reference
                    self.left_out.append(f"{reference[:20]} carries out {each[:20]}: there is no such {missing[:20]}.")
                elif item.kind is Kind.PRINCIPLE:
                    self.left_out.append(f"{reference[:20]} carries out {each[:20]}: {reference[:20]} is a principle.")
                elif principle.kind is not Kind.PRINCIPLE:
                    self.left_out.append(f"{reference[:20]} carries out {each[:20]}: {each[:20]} is no principle.")
                else:
                    found.append(principle)
            if item is not None and found:
                yield item, found

    def _kept(self, made: Mapping[str, Item]) -> Iterator[tuple[Item, list[ContractingModel]]]:
        listed = {_line(text(card, "name")).casefold() for card in self._thread.models}
        for reference, wanted in self._thread.keeps_from.items():
            item, found = made.get(reference), {}
            for each in wanted:
                name = _line(each).casefold()
                model = self._models.get(name)
                if item is None or (model is None and name not in listed):
                    self.left_out.append(f"{reference[:20]} keeps from “{each[:120]}”: the file does not have both.")
                elif model is not None:
                    found[model.id] = model
            if item is not None and found:
                yield item, list(found.values())


# --- reading what a file says ---


def text(each: Mapping[str, Any], name: str) -> str:
    """A text of a file. Raises KeyError, TypeError, and ValueError where it holds what no text can."""
    value = each[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return _kept(value)


def texts(each: Mapping[str, Any], name: str) -> list[str]:
    """A list of texts of a file. Raises KeyError, TypeError, ValueError."""
    value = each[name]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(name)
    return [_kept(one) for one in value]


def rows(each: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of things of a file, none where it has none. Raises TypeError."""
    value = each.get(name, [])
    if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
        raise TypeError(name)
    return value


def _kept(words: str) -> str:
    if not sources.is_storable(words):
        raise ValueError("no text")
    return words


def _named(told: Mapping[str, Any], name: str) -> dict[str, list[str]]:
    value = told.get(name, {})
    if not isinstance(value, dict):
        raise TypeError(name)
    found = {_kept(each): texts(value, each) for each in value}
    if sum(map(len, found.values())) > MOST_LINES:
        raise ValueError(name)
    return found


def _card(card: Mapping[str, Any], keys: Mapping[str, str]) -> ModelForm:
    """What a card of a file says; ``keys`` are those that its sources have here, by what they cite."""
    used = [
        Use(text(use, "place"), text(use, "fact"), keys.get(_line(text(use, "source")), ""))
        for use in rows(card, "used_in")
    ]
    return ModelForm(
        text(card, "name"), text(card, "definition"), text(card, "origin"), texts(card, "mechanisms"), used,
        texts(card, "contributes"), Strength(text(card, "strength")),
    )  # fmt: skip


def _stance(each: Mapping[str, Any]) -> str:
    value = text(each, "stance")
    if value not in STANCES:
        raise ValueError(value)
    return value


def _line(words: str) -> str:
    return " ".join(words.split())
