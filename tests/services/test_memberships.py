"""Who is in a group: invitations, changes that take effect at once, and the last facilitator."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from app.events import MembershipEnded
from app.policy import SYSTEM, Can, require, standing
from app.services import accounts, activity, groups, memberships, privacy
from app.uow import Database
from models.accounts import Person
from models.activity import Activity
from models.groups import Membership, Role
from models.jobs import Job
from tests.cast import Cast
from tests.conftest import SetClock


def invite(database: Database, people: Cast, email: str = "new@example.org", **more: object) -> str:
    given = {"name": "New Person", "role": Role.MEMBER, "constituency": "Legal", **more}
    with database.writing() as uow:
        memberships.invite(uow, people.facilitator, group_id=people.group_id, email=email, **given)  # type: ignore[arg-type]
    with database.reading() as uow:
        job = uow.session.execute(select(Job).order_by(Job.id.desc())).scalars().first()
        found = re.search(r"/invitation/(\S+)", job.payload["text"] if job else "")
    return found[1] if found else ""


def test_a_name_holds_nothing_that_turns_the_page_around() -> None:
    assert accounts.check_name(" Ada \u202e Invented\u0000 ") == "Ada Invented"


def test_an_invitation_gives_account_role_and_constituency_once(database: Database, people: Cast) -> None:
    token = invite(database, people)
    with database.writing() as uow:
        person = memberships.accept(uow, token=token, name="Newt Newly")
    with database.reading() as uow:
        row = uow.session.execute(select(Membership).where(Membership.person_id == person.id)).scalar_one()
        assert (row.role, row.group_id) == (Role.MEMBER, people.group_id)
        assert [m.constituency.name for m in memberships.members(uow, SYSTEM, group_id=people.group_id)
                if m.person_id == person.id and m.constituency] == ["Legal"]  # fmt: skip
    with pytest.raises(Gone), database.writing() as uow:
        memberships.accept(uow, token=token, name="Again")


def test_an_invitation_ends_when_taken_back_renewed_or_old(database: Database, people: Cast, clock: SetClock) -> None:
    first = invite(database, people)
    second = invite(database, people)
    for token, works in ((first, False), (second, True)):
        with database.reading() as uow:
            if works:
                assert memberships.offer(uow, token=token).role is Role.MEMBER
            else:
                with pytest.raises(Gone):
                    memberships.offer(uow, token=token)
    with database.writing() as uow:
        (row,) = memberships.open_invitations(uow, people.facilitator, group_id=people.group_id)
        memberships.revoke_invitation(uow, people.facilitator, group_id=people.group_id, invitation_id=row.id)
    with pytest.raises(Gone), database.reading() as uow:
        memberships.offer(uow, token=second)
    third = invite(database, people)
    clock.advance(days=22)
    with pytest.raises(Gone), database.reading() as uow:
        memberships.offer(uow, token=third)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": "two@example.org, three@example.org"}, "email"),
        ({"email": "line@example.org\nBcc: all@example.org"}, "email"),
        ({"email": "two@signs@example.org"}, "email"),
        ({"email": "=?utf-8?q?one=40evil.example=2c?=three@example.org"}, "email"),
        ({"constituency": None}, "constituency"),
        ({"constituency": "Martians"}, "constituency"),
        ({"role": Role.GUEST}, "role"),
    ],
)
def test_a_faulty_invitation_is_refused_beside_its_field(
    database: Database, people: Cast, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        invite(database, people, **change)  # type: ignore[arg-type]
    assert field in refused.value.fields
    with database.reading() as uow:
        assert uow.session.execute(select(Job)).first() is None


def test_only_facilitators_invite_and_only_newcomers(database: Database, people: Cast) -> None:
    for actor, error in ((people.member, Forbidden), (people.panel_manager, Forbidden), (people.stranger, NotFound)):
        with pytest.raises(error), database.writing() as uow:
            memberships.invite(
                uow, actor, group_id=people.group_id, email="x@example.org", name="", role=Role.MEMBER,
                constituency="Legal",
            )  # fmt: skip
    with pytest.raises(Conflict):
        invite(database, people, "member@example.org")


def membership_id(database: Database, people: Cast, person_id: int | None) -> int:
    with database.reading() as uow:
        rows = memberships.members(uow, SYSTEM, group_id=people.group_id)
        return next(row.id for row in rows if row.person_id == person_id)


def test_a_demotion_takes_effect_with_the_next_request(database: Database, people: Cast) -> None:
    facts: list[object] = []
    database.bus.listen(facts.append)
    target = membership_id(database, people, people.peer.person_id)
    with database.writing() as uow:
        require(uow.session, people.peer, people.group_id, Can.ITEM_WRITE)
        memberships.change(
            uow, people.facilitator, group_id=people.group_id, membership_id=target, role=Role.OBSERVER,
            constituency="Legal",
        )  # fmt: skip
    with pytest.raises(Forbidden), database.reading() as uow:
        require(uow.session, people.peer, people.group_id, Can.ITEM_WRITE)
    assert MembershipEnded(people.group_id, people.peer.person_id or 0) in facts


def test_a_removed_person_is_a_stranger_and_can_be_taken_back(database: Database, people: Cast) -> None:
    target = membership_id(database, people, people.peer.person_id)
    with database.writing() as uow:
        memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=target)
    with database.reading() as uow:
        assert standing(uow.session, people.peer, people.group_id) is None
    token = invite(database, people, "peer@example.org")
    with database.writing() as uow:
        memberships.accept(uow, token=token, name="")
        found = standing(uow.session, people.peer, people.group_id)
        assert found is not None
        assert found.role is Role.MEMBER


def test_a_group_keeps_a_facilitator(database: Database, people: Cast) -> None:
    target = membership_id(database, people, people.facilitator.person_id)
    with pytest.raises(Invalid), database.writing() as uow:
        memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=target)
    with pytest.raises(Invalid), database.writing() as uow:
        memberships.change(
            uow, people.facilitator, group_id=people.group_id, membership_id=target, role=Role.MEMBER,
            constituency="Legal",
        )  # fmt: skip
    with pytest.raises(Invalid), database.writing() as uow:
        privacy.erase_me(uow, people.facilitator)


def test_people_of_another_group_are_not_there(database: Database, people: Cast) -> None:
    target = membership_id(database, people, people.member.person_id)
    with pytest.raises(NotFound), database.writing() as uow:
        memberships.remove(uow, people.stranger, group_id=people.other_group_id, membership_id=target)
    with pytest.raises(NotFound), database.writing() as uow:
        memberships.change(
            uow, people.stranger, group_id=people.other_group_id, membership_id=target, role=Role.OBSERVER,
            constituency=None,
        )  # fmt: skip


def test_constituencies_are_edited_and_keep_their_holders(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        row = groups.add_constituency(
            uow, people.facilitator, group_id=people.group_id, name="Mental health", tag="mh", bloc="Providing"
        )
        assert row.tag == "MH"
    with pytest.raises(Invalid) as refused, database.writing() as uow:
        groups.add_constituency(
            uow, people.facilitator, group_id=people.group_id, name="mental HEALTH", tag="M", bloc="Nowhere"
        )
    assert set(refused.value.fields) == {"name", "tag", "bloc"}
    with database.writing() as uow:
        legal = groups.find_constituency(uow.session, people.group_id, "Acute provider")
        groups.retire_constituency(uow, people.facilitator, group_id=people.group_id, constituency_id=legal.id)
        names = [each.name for each in groups.constituencies(uow.session, people.group_id)]
        assert "Acute provider" not in names
        rows = memberships.members(uow, SYSTEM, group_id=people.group_id)
        assert "Acute provider" in {row.constituency.name for row in rows if row.constituency}


def test_erasure_takes_name_and_address_everywhere_but_keeps_the_record(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        assert privacy.export_mine(uow, people.member)["account"]["email"] == "member@example.org"
        former = privacy.erase_me(uow, people.member)
    assert former == "Former member 1"
    with database.reading() as uow:
        person = uow.session.get_one(Person, people.member.person_id)
        assert (person.name, person.email, person.password_hash) == (former, None, None)
        dump = "\n".join(uow.session.connection().connection.driver_connection.iterdump()) if (  # type: ignore[union-attr]
            uow.session.get_bind().dialect.name == "sqlite"
        ) else ""  # fmt: skip
    assert "member@example.org" not in dump
    assert people.member.name not in dump


def test_erasure_leaves_other_words_and_other_groups_alone(database: Database, people: Cast) -> None:
    name = people.member.name
    with database.writing() as uow:
        for group_id in (people.group_id, people.other_group_id):
            activity.note(uow, SYSTEM, f"seated {name} for {name}s Ltd", group_id=group_id)
        privacy.erase_me(uow, people.member)
    with database.reading() as uow:
        found = select(Activity.group_id, Activity.sentence).where(Activity.sentence.contains("s Ltd"))
        told = {group_id: sentence for group_id, sentence in uow.session.execute(found)}  # noqa: C416  # rows, not pairs
    assert told[people.group_id] == f"seated Former member 1 for {name}s Ltd"
    assert told[people.other_group_id] == f"seated {name} for {name}s Ltd", "somebody else of that name"


def test_what_has_served_its_time_is_deleted(database: Database, people: Cast, clock: SetClock) -> None:
    invite(database, people)
    clock.advance(days=21 + 364)
    with database.writing() as uow:
        assert privacy.sweep(uow)["invitations"] == 0
    clock.advance(days=2)
    with database.writing() as uow:
        assert privacy.sweep(uow)["invitations"] == 1
