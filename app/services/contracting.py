"""The contracting models that were reviewed, as cards, and what items keep from them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
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
    """A new card, the last in the room. Raises Invalid with a sentence for each field, Conflict for a known name."""
    require(uow.session, actor, group_id, Can.EVIDENCE_WRITE)
    uow.lock(Group, group_id)
    last = uow.session.execute(
        select(func.max(ContractingModel.position)).where(ContractingModel.group_id == group_id)
    ).scalar()
    model = ContractingModel(group_id=group_id, position=0 if last is None else last + 1, strength=form.strength)
    _fill(uow.session, model, form)
    model.key = _key(uow.session, group_id, model.name)
    uow.session.add(model)
    uow.flush()
    _tell(uow, actor, model, "added the contracting model")
    return model


def edit_model(
    uow: UnitOfWork, actor: Actor, *, model_id: int, form: ModelForm, group_id: int | None = None
) -> ContractingModel:
    """Change a card. Raises NotFound, Forbidden, Invalid, Conflict."""
    model = _hold(uow, actor, model_id, group_id)
    _fill(uow.session, model, form)
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


def by_name(session: Session, group_id: int) -> dict[str, ContractingModel]:
    """The models of a group by name, in small letters; withdrawn ones too. The caller has asked for the right."""
    query = select(ContractingModel).where(ContractingModel.group_id == group_id)
    return {each.name.casefold(): each for each in session.execute(query).scalars()}


def tie(uow: UnitOfWork, actor: Actor, ties: Iterable[tuple[Item, Collection[ContractingModel]]]) -> None:
    """Say what items that came in just now keep from models. The caller has asked for the right."""
    for item, models in ties:
        uow.session.add_all([ItemModel(item_id=item.id, model_id=one.id) for one in models])
        names = ", ".join(one.name for one in models)
        note(uow, actor, f"noted that {item.reference} keeps from {names}", group_id=item.group_id, item_id=item.id)
    uow.flush()


def _hold(uow: UnitOfWork, actor: Actor, model_id: int, group_id: int | None) -> ContractingModel:
    model = access_model(uow.session, actor, model_id, Can.EVIDENCE_WRITE, group_id=group_id)
    return uow.lock(ContractingModel, model.id)


def _fill(session: Session, model: ContractingModel, form: ModelForm) -> None:
    name = " ".join(form.name.split())
    fields = {}
    if not 2 <= len(name) <= 120 or not is_storable(name):
        fields["name"] = "Enter a name of 2 to 120 characters"
    elif _is_taken(session, model, name):
        fields["name"] = "There is a model of this name already"
    for field, words in (("definition", form.definition), ("origin", form.origin)):
        if len(words) > LONGEST or not is_storable(words):
            fields[field] = f"Use at most {LONGEST:,} characters"
    for field, lines in (("mechanisms", form.mechanisms), ("contributes", form.contributes)):
        if len(lines) > MOST or any(len(line) > 300 or not is_storable(line) for line in lines):
            fields[field] = f"Use at most {MOST} lines of at most 300 characters"
    keys = set(session.execute(select(Source.key).where(Source.group_id == model.group_id)).scalars())
    for use in form.used_in:
        is_long = len(use.place) > 200 or len(use.fact) > 1_000
        if not use.place or not use.fact or is_long or not is_storable(use.place + use.fact):
            fields["used_in"] = "Write each line as: place: what is known of it"
        elif use.source and use.source not in keys:
            fields["used_in"] = f"There is no source with the short name {use.source[:60]}"
    if fields:
        raise Invalid("The card was not saved.", fields=fields)
    model.name, model.definition, model.origin = name, form.definition.strip(), form.origin.strip()
    model.mechanisms = [line.strip() for line in form.mechanisms if line.strip()]
    model.contributes = [line.strip() for line in form.contributes if line.strip()]
    model.used_in = [{"place": use.place, "fact": use.fact, "source": use.source} for use in form.used_in]
    model.strength = form.strength


def _is_taken(session: Session, model: ContractingModel, name: str) -> bool:
    query = select(ContractingModel.id).where(
        ContractingModel.group_id == model.group_id, func.lower(ContractingModel.name) == name.lower()
    )
    if model.id is not None:
        query = query.where(ContractingModel.id != model.id)
    return session.execute(query).first() is not None


def _key(session: Session, group_id: int, name: str) -> str:
    key = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")[:48] or "model"
    taken = set(session.execute(select(ContractingModel.key).where(ContractingModel.group_id == group_id)).scalars())
    made, number = key, 2
    while made in taken:
        made, number = f"{key}_{number}", number + 1
    return made


def _tell(uow: UnitOfWork, actor: Actor, model: ContractingModel, what: str) -> None:
    note(uow, actor, f"{what} “{model.name}”", group_id=model.group_id)
    uow.emit(EvidenceChanged(model.group_id))
