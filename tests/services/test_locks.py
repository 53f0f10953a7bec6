"""Two use cases at the same moment on the same rows: one after the other, and neither waits for ever."""

from __future__ import annotations

import re

from sqlalchemy import select

from app.errors import Conflict, Gone, Invalid
from app.policy import SYSTEM, Actor
from app.services import groups, items, memberships, outline, privacy, signing_in
from app.uow import Database
from models.accounts import SignIn
from models.groups import Role
from models.items import Item, Kind, Status
from models.jobs import Job
from tests.cast import Cast
from tests.services.test_races import at_once

TRIES = 6


def mailed(database: Database, what: str) -> str:
    """The token in the newest mail."""
    with database.reading() as uow:
        mail = uow.session.execute(select(Job).order_by(Job.id.desc())).scalars().first()
        assert mail is not None
        found = re.search(rf"/{what}/([\w-]+)", mail.payload["text"])
        assert found is not None
        return found[1]


def test_a_member_never_withdraws_what_is_being_agreed(database: Database, people: Cast) -> None:
    for n in range(TRIES):
        with database.writing() as uow:
            item = items.add_item(
                uow, people.member, group_id=people.group_id, kind=Kind.ELEMENT, title=f"Element {n}",
                status=Status.PROPOSED,
            )  # fmt: skip

        def agree(item_id: int = item.id) -> None:
            with database.writing() as uow:
                items.set_status(uow, people.facilitator, item_id=item_id, status=Status.AGREED)

        def withdraw(item_id: int = item.id) -> None:
            with database.writing() as uow:
                outline.withdraw_item(uow, people.member, item_id=item_id)

        refused = at_once(agree, withdraw)
        assert len(refused) == 1, "whoever comes second is told"
        with database.reading() as uow:
            left = uow.session.get_one(Item, item.id)
            assert (left.status, left.status_before) in {
                (Status.AGREED, None),
                (Status.WITHDRAWN, Status.PROPOSED),
            }


def test_a_mailed_link_signs_in_once_however_often_it_is_pressed(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        signing_in.mail_link(uow, email="member@example.org")
    token = mailed(database, "sign-in/link")

    def press() -> None:
        with database.writing() as uow:
            signing_in.with_link(uow, token=token, device="phone")

    refused = at_once(press, press, press)
    assert [type(error) for error in refused] == [Gone, Gone]
    with database.reading() as uow:
        own = select(SignIn).where(SignIn.person_id == people.member.person_id, SignIn.device == "phone")
        assert len(uow.session.execute(own).all()) == 1


def test_guesses_at_a_code_are_counted_one_by_one(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        signing_in.mail_link(uow, email="member@example.org")
    with database.reading() as uow:
        mail = uow.session.execute(select(Job).order_by(Job.id.desc())).scalars().first()
        assert mail is not None
        code = re.search(r"\b(\d{6})\b", mail.payload["text"])
    assert code is not None

    def guess(digits: str) -> str | None:
        with database.writing() as uow:
            return signing_in.with_code(uow, email="member@example.org", code=digits, device="x")

    wrong = f"{(int(code[1]) + 1) % 1_000_000:06d}"
    at_once(*(lambda: guess(wrong) for _ in range(signing_in.CODE_ATTEMPTS)))
    assert guess(code[1]) is None


def test_an_invitation_is_accepted_once_however_often_it_is_pressed(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        memberships.invite(
            uow, people.facilitator, group_id=people.group_id, email="new@example.org", name="New", role=Role.OBSERVER,
            constituency=None,
        )  # fmt: skip
    token = mailed(database, "invitation")

    def accept() -> None:
        with database.writing() as uow:
            memberships.accept(uow, token=token, name="New")

    assert [type(error) for error in at_once(accept, accept)] == [Gone]


def test_of_two_who_give_one_name_at_the_same_moment_the_second_is_told(database: Database) -> None:
    """Nothing is held while a name is looked for: the wall of the database stops the second."""

    def create(slug: str) -> None:
        with database.writing() as uow:
            groups.create_group(uow, SYSTEM, slug=slug, name="One")

    for n in range(TRIES):
        refused = at_once(lambda slug=f"one-{n}": create(slug), lambda slug=f"one-{n}": create(slug))  # type: ignore[misc]
        assert [type(error) for error in refused] == [Conflict]


def test_two_facilitators_who_erase_themselves_at_the_same_moment_leave_one(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        rows = {row.person_id: row.id for row in memberships.members(uow, people.facilitator, group_id=people.group_id)}
        memberships.change(
            uow, people.facilitator, group_id=people.group_id, membership_id=rows[people.member.person_id or 0],
            role=Role.FACILITATOR, constituency="Legal",
        )  # fmt: skip

    def erase(actor: Actor) -> None:
        with database.writing() as uow:
            privacy.erase_me(uow, actor)

    refused = at_once(lambda: erase(people.facilitator), lambda: erase(people.member))
    assert [type(error) for error in refused] == [Invalid]
