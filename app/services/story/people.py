"""First chapter: the administrator, the group with its people, and a second, small group."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.policy import SYSTEM, Actor
from app.services import accounts, groups, items, outline
from app.services.story.telling import Teller, local
from models.accounts import Person
from models.groups import Role
from models.items import Kind


def tell(teller: Teller) -> None:
    """Everybody takes a seat."""
    content = teller.content["people"]
    uow = teller.uow
    teller.at(local(date(2015, 2, 16), "10:00"))
    administrator = accounts.create_person(uow, SYSTEM, administrator=True, **content["administrator"])
    chief = Actor(person_id=administrator.id, name=administrator.name, is_administrator=True)
    about = content["group"]
    group = groups.create_group(uow, chief, slug=about["slug"], name=about["name"])
    teller.group_id = group.id
    groups.describe_group(uow, SYSTEM, group_id=group.id, purpose=about["purpose"], setting=about["setting"])
    seats = {row["org_type"]: row["constituency"] for row in teller.content["sessions"]["constituencies"]}
    persons = {}
    for each in content["design_group"]:
        teller.later(minutes=3)
        person = accounts.create_person(uow, SYSTEM, email=each["email"], name=each["name"])
        persons[each["id"]] = person
        groups.add_member(
            uow, SYSTEM, group_id=group.id, person=person, role=_role(each["rights"]),
            constituency=seats[each["org_type"]], organisation=each["organisation"], title=each["role"],
        )  # fmt: skip
        teller.people[each["id"]] = Actor(person_id=person.id, name=person.name, email=person.email)
    _second_group(teller, content["other_group"], persons, seats)


def _role(rights: str) -> Role:
    return Role(rights.replace(" ", "_"))


def _second_group(teller: Teller, about: dict[str, Any], persons: dict[str, Person], seats: dict[str, str]) -> None:
    """Two of the people belong to a group that has only just begun."""
    uow = teller.uow
    teller.at(local(date(2015, 5, 26), "11:00"))
    group = groups.create_group(uow, SYSTEM, slug=about["slug"], name=about["name"])
    groups.describe_group(uow, SYSTEM, group_id=group.id, purpose=about["purpose"], setting="")
    known = {each["id"]: each for each in teller.content["people"]["design_group"]}
    for each in about["people"]:
        own = known[each["id"]]
        groups.add_member(
            uow, SYSTEM, group_id=group.id, person=persons[each["id"]], role=_role(each["rights"]),
            constituency=seats[own["org_type"]], organisation=own["organisation"], title=own["role"],
        )  # fmt: skip
    first = teller.who(about["people"][0]["id"])
    elements = outline.start(uow, first, group_id=group.id)
    items.add_item(uow, first, group_id=group.id, kind=Kind.CRITERION, parent_id=elements[0].id, title=about["idea"])
