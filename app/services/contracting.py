"""The contracting models that were reviewed, as cards, and what items keep from them."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.events import EvidenceChanged, ItemChanged
from app.policy import Actor, Can, access, require
from app.services import items
from app.services.activity import note
from app.services.evidence import standing_models
from app.services.sources import is_storable
from app.uow import UnitOfWork
from models.evidence import ContractingModel, Finding, ItemModel, Source, Strength
from models.groups import Group
from models.items import Item

LONGEST = 4_000
MOST = 60


@dataclass(frozen=True)
class Use:
    """Where a model was used: a place, what is known of it, and a source's key (or none)."""

    place: str
    fact: str
    source: str = ""


@dataclass(frozen=True)
class ModelForm:
    """What a card says."""

    name: str
    definition: str = ""
    origin: str = ""
    mechanisms: Sequence[str] = ()
    used_in: Sequence[Use] = ()
    contributes: Sequence[str] = ()
    strength: Strength = Strength.UNKNOWN


def access_model(
    session: Session, actor: Actor, model_id: int, can: Can, *, group_id: int | None = None
) -> ContractingModel:
    """A contracting model and the right to it; one of another group is not found. Raises NotFound, Forbidden."""
    model = access(session, actor, ContractingModel, model_id, can)
    if group_id is not None and model.group_id != group_id:
        raise NotFound()
    return model


def add_model(uow: UnitOfWork, actor: Actor, *, group_id: int, form: ModelForm) -> ContractingModel:
    """A new card, the last in the room. Raises NotFound, Forbidden, Invalid with a sentence for each field."""
    adding = Adding(uow, actor, group_id)
    model = adding.add(form)
    adding.store()
    _tell(uow, actor, model, "added the contracting model")
    return model


class Adding:
    """Cards on their way into a group: each is looked at when it comes, and all are stored together.

    The group is held from the beginning. Raises NotFound, Forbidden.
    """

    def __init__(self, uow: UnitOfWork, actor: Actor, group_id: int) -> None:
        require(uow.session, actor, group_id, Can.EVIDENCE_WRITE)
        uow.lock(Group, group_id)
        self._uow, self._group_id = uow, group_id
        self._sources = _source_keys(uow.session, group_id)
        query = select(ContractingModel).where(ContractingModel.group_id == group_id)
        #: All cards of the group by their names in small letters, withdrawn ones and those that wait too.
        self.known = {_folded(each.name): each for each in uow.session.execute(query).scalars()}
        self._keys = {each.key for each in self.known.values()}
        self._position = max((each.position for each in self.known.values()), default=-1)
        self._waiting: list[ContractingModel] = []

    def again(self, name: str) -> ContractingModel | None:
        """The card of this name, a withdrawn one too."""
        return self.known.get(_folded(name))

    def add(self, form: ModelForm) -> ContractingModel:
        """A card as ``add_model`` makes it, without an id until it is stored. Raises Invalid."""
        model = ContractingModel(group_id=self._group_id, position=self._position + 1)
        _fill(model, form, self.known, self._sources)
        model.key = _key(self._keys, model.name)
        self._position += 1
        self._keys.add(model.key)
        self.known[_folded(model.name)] = model
        self._waiting.append(model)
        return model

    def store(self) -> None:
        """Store what waits; the caller says so."""
        self._uow.session.add_all(self._waiting)
        self._uow.flush()
        self._waiting = []


def edit_model(
    uow: UnitOfWork, actor: Actor, *, model_id: int, form: ModelForm, group_id: int | None = None
) -> ContractingModel:
    """Change a card. Raises NotFound, Forbidden, Invalid, Conflict."""
    model = _hold(uow, actor, model_id, group_id)
    others = select(ContractingModel.name).where(
        ContractingModel.group_id == model.group_id, ContractingModel.id != model.id
    )
    names = {_folded(name) for name in uow.session.execute(others).scalars()}
    _fill(model, form, names, _source_keys(uow.session, model.group_id))
    _tell(uow, actor, model, "changed the card of")
    return model


def form_of(model: ContractingModel) -> ModelForm:
    """A card as it stands, as the form that would make it."""
    return ModelForm(
        model.name, model.definition, model.origin, tuple(model.mechanisms),
        tuple(Use(each["place"], each["fact"], each.get("source", "")) for each in model.used_in),
        tuple(model.contributes), model.strength,
    )  # fmt: skip


def withdraw_model(uow: UnitOfWork, actor: Actor, *, model_id: int, group_id: int | None = None) -> ContractingModel:
    """Take a card out of the room; it can be restored.

    Raises Conflict while items keep something from it or findings were read about it.
    """
    model = _hold(uow, actor, model_id, group_id)
    kept = select(ItemModel.item_id).where(ItemModel.model_id == model.id).limit(1)
    found = select(Finding.id).where(Finding.model_id == model.id, Finding.withdrawn_at.is_(None)).limit(1)
    if uow.session.execute(kept).first() is not None or uow.session.execute(found).first() is not None:
        raise Conflict("Items or findings rest on this model. Take them off it first.", code="in_use")
    if model.withdrawn_at is None:
        model.withdrawn_at = uow.now
        _tell(uow, actor, model, "withdrew the contracting model")
    return model


def restore_model(uow: UnitOfWork, actor: Actor, *, model_id: int, group_id: int | None = None) -> ContractingModel:
    """Bring a withdrawn card back. Raises NotFound, Forbidden."""
    model = _hold(uow, actor, model_id, group_id)
    if model.withdrawn_at is not None:
        model.withdrawn_at = None
        _tell(uow, actor, model, "restored the contracting model")
    return model


def keep(
    uow: UnitOfWork, actor: Actor, *, item_id: int, model_ids: Collection[int], group_id: int | None = None
) -> list[int]:
    """Say from which models an item keeps something; replaces what was said before. Answers what that was.

    Raises NotFound, Forbidden, Conflict for a withdrawn item, Invalid for what is no model of the group.
    """
    item = items.access_item(uow.session, actor, item_id, Can.EVIDENCE_WRITE, group_id=group_id)
    item = uow.lock(Item, item.id)
    items.must_stand(uow.session, item)
    wanted = set(model_ids)
    # Held, so that nobody withdraws a card while something comes to rest on it.
    held = select(ContractingModel).where(ContractingModel.id.in_(wanted)).order_by(ContractingModel.id)
    uow.session.execute(held.with_for_update().execution_options(populate_existing=True)).scalars().all()
    known = {model.id: model for model in standing_models(uow.session, item.group_id)}
    if not wanted <= known.keys():
        raise Invalid("Choose from the models of this room.", fields={"models": "Choose from the list"})
    before = sorted(uow.session.execute(select(ItemModel.model_id).where(ItemModel.item_id == item.id)).scalars())
    if set(before) == wanted:
        return before
    uow.session.execute(delete(ItemModel).where(ItemModel.item_id == item.id))
    uow.session.add_all([ItemModel(item_id=item.id, model_id=one) for one in sorted(wanted)])
    uow.flush()
    names = ", ".join(known[one].name for one in sorted(wanted)) or "no contracting model"
    note(uow, actor, f"noted that {item.reference} keeps from {names}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    uow.emit(EvidenceChanged(item.group_id))
    return before


def tie(uow: UnitOfWork, ties: Iterable[tuple[Item, Collection[ContractingModel]]]) -> None:
    """Tie items that come in just now to models they keep from. The caller has asked for the right, and says so."""
    uow.session.add_all([ItemModel(item_id=item.id, model_id=one.id) for item, models in ties for one in models])
    uow.flush()


def _hold(uow: UnitOfWork, actor: Actor, model_id: int, group_id: int | None) -> ContractingModel:
    model = access_model(uow.session, actor, model_id, Can.EVIDENCE_WRITE, group_id=group_id)
    return uow.lock(ContractingModel, model.id)


def _fill(model: ContractingModel, form: ModelForm, names: Container[str], sources: Container[str]) -> None:
    """Write what a card says; ``names`` are those of the group's other cards, ``sources`` the keys of its sources.

    Raises Invalid.
    """
    name = " ".join(form.name.split())
    fields = {}
    if not 2 <= len(name) <= 120 or not is_storable(name):
        fields["name"] = "Enter a name of 2 to 120 characters"
    elif _folded(name) in names:
        fields["name"] = "There is a model of this name already"
    for field, words in (("definition", form.definition), ("origin", form.origin)):
        if len(words) > LONGEST or not is_storable(words):
            fields[field] = f"Use at most {LONGEST:,} characters"
    for field, lines in (("mechanisms", form.mechanisms), ("contributes", form.contributes)):
        if len(lines) > MOST or any(len(line) > 300 or not is_storable(line) for line in lines):
            fields[field] = f"Use at most {MOST} lines of at most 300 characters"
    for use in form.used_in:
        is_long = len(use.place) > 200 or len(use.fact) > 1_000
        if not use.place or not use.fact or is_long or not is_storable(use.place + use.fact):
            fields["used_in"] = "Write each line as: place: what is known of it"
        elif use.source and use.source not in sources:
            fields["used_in"] = f"There is no source with the short name {use.source[:60]}"
    if fields:
        raise Invalid("The card was not saved.", fields=fields)
    model.name, model.definition, model.origin = name, form.definition.strip(), form.origin.strip()
    model.mechanisms = [line.strip() for line in form.mechanisms if line.strip()]
    model.contributes = [line.strip() for line in form.contributes if line.strip()]
    model.used_in = [{"place": use.place, "fact": use.fact, "source": use.source} for use in form.used_in]
    model.strength = form.strength


def _folded(name: str) -> str:
    """A name as it is compared with others."""
    return " ".join(name.split()).casefold()


def _source_keys(session: Session, group_id: int) -> set[str]:
    return set(session.execute(select(Source.key).where(Source.group_id == group_id)).scalars())


def _key(taken: Container[str], name: str) -> str:
    key = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:48] or "model"
    made, number = key, 1
    while made in taken:
        number += 1
        made = f"{key}_{number}"
    return made


def _tell(uow: UnitOfWork, actor: Actor, model: ContractingModel, what: str) -> None:
    note(uow, actor, f"{what} “{model.name}”", group_id=model.group_id)
    uow.emit(EvidenceChanged(model.group_id))
