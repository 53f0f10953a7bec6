"""Coming in and going out: each way in, each refusal, and that everything ends at once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.errors import Gone, Invalid, NotFound
from app.policy import VISITOR, Actor
from app.services import access_tokens, accounts, administration, signing_in
from app.uow import Database
from models.accounts import OneTimeToken, Purpose, SignIn
from models.jobs import Job
from tests.cast import Cast
from tests.conftest import SetClock

PASSWORD = "three plain words"


def with_password(database: Database, email: str, password: str = PASSWORD) -> str | None:
    with database.reading() as uow:
        proof = signing_in.prove(uow, email=email, password=password)
    if proof is None:
        return None
    with database.writing() as uow:
        return signing_in.with_proof(uow, proof, device="test")


def give_password(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        signing_in.change_password(uow, people.member, current="", new=PASSWORD)


def mailed(database: Database) -> str:
    with database.reading() as uow:
        return str(uow.session.execute(select(Job).order_by(Job.id.desc())).scalars().first().payload["text"])  # type: ignore[union-attr]


def test_a_password_lets_its_owner_in(database: Database, people: Cast) -> None:
    give_password(database, people)
    token = with_password(database, "MEMBER@example.org")
    assert token
    with database.reading() as uow:
        actor = accounts.actor_of_cookie(uow.session, uow.keys, token, uow.now)
        assert actor.person_id == people.member.person_id
        assert token not in {row.token_hash for row in uow.session.execute(select(SignIn)).scalars()}


@pytest.mark.parametrize(("email", "password"), [("member@example.org", "wrong"), ("none@example.org", PASSWORD)])
def test_a_wrong_password_or_address_answers_alike(database: Database, people: Cast, email: str, password: str) -> None:
    give_password(database, people)
    assert with_password(database, email, password) is None
    assert with_password(database, "peer@example.org", "") is None, "no password is not an empty password"


def test_a_password_that_was_changed_meanwhile_no_longer_opens(database: Database, people: Cast) -> None:
    give_password(database, people)
    with database.reading() as uow:
        proof = signing_in.prove(uow, email="member@example.org", password=PASSWORD)
    assert proof is not None
    with database.writing() as uow:
        signing_in.change_password(uow, people.member, current=PASSWORD, new="four other plain words")
    with database.writing() as uow:
        assert signing_in.with_proof(uow, proof, device="test") is None


@pytest.mark.parametrize("password", ["short", "x" * 129, "aaaaaaaaaaaa"])
def test_plain_passwords_are_refused_beside_their_field(database: Database, people: Cast, password: str) -> None:
    with pytest.raises(Invalid) as refused, database.writing() as uow:
        signing_in.change_password(uow, people.member, current="", new=password)
    assert refused.value.fields["password"]


def test_a_mailed_link_works_once_and_not_for_long(database: Database, people: Cast, clock: SetClock) -> None:
    with database.writing() as uow:
        signing_in.mail_link(uow, email="member@example.org")
        signing_in.mail_link(uow, email="nobody-here@example.org")
    found = re.search(r"/sign-in/link/(\S+)", mailed(database))
    assert found
    with database.writing() as uow:
        assert signing_in.with_link(uow, token=found[1], device="phone")
    with pytest.raises(Gone), database.writing() as uow:
        signing_in.with_link(uow, token=found[1], device="phone")
    with database.writing() as uow:
        signing_in.mail_link(uow, email="member@example.org")
    late = re.search(r"/sign-in/link/(\S+)", mailed(database))
    clock.advance(minutes=16)
    with pytest.raises(Gone), database.writing() as uow:
        signing_in.with_link(uow, token=late[1] if late else "", device="phone")


def test_a_code_works_and_cannot_be_guessed(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        signing_in.mail_link(uow, email="member@example.org")
    found = re.search(r"\b(\d{6})\b", mailed(database))
    code = found[1] if found else ""
    wrong = "000000" if code != "000000" else "111111"

    def attempt(digits: str) -> str | None:
        with database.writing() as uow:
            return signing_in.with_code(uow, email="member@example.org", code=digits, device="phone")

    for _ in range(4):
        assert attempt(wrong) is None
    assert attempt(code[:3] + " " + code[3:])
    with database.writing() as uow:
        signing_in.mail_link(uow, email="member@example.org")
    for _ in range(5):
        assert attempt(wrong) is None
    again = re.search(r"\b(\d{6})\b", mailed(database))
    assert attempt(again[1] if again else "") is None, "after five wrong ones even the right one is closed"


def test_tokens_of_one_purpose_open_no_other_door(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        person = accounts.find_person(uow.session, "member@example.org")
        assert person is not None
        token, _code = signing_in.issue(uow, person, Purpose.RESET)
    with pytest.raises(Gone), database.writing() as uow:
        signing_in.with_link(uow, token=token, device="x")
    with pytest.raises(Gone), database.writing() as uow:
        signing_in.set_password(uow, token=token, purpose=Purpose.WELCOME, password=PASSWORD, device="x")


def test_a_reset_ends_every_other_sign_in(database: Database, people: Cast) -> None:
    give_password(database, people)
    old = with_password(database, "member@example.org")
    with database.writing() as uow:
        signing_in.mail_reset(uow, email="member@example.org")
    found = re.search(r"/reset/(\S+)", mailed(database))
    with database.writing() as uow:
        token = found[1] if found else ""
        new = signing_in.set_password(uow, token=token, purpose=Purpose.RESET, password="four other words", device="x")
    with database.reading() as uow:
        assert accounts.actor_of_cookie(uow.session, uow.keys, old, uow.now) == VISITOR
        assert accounts.actor_of_cookie(uow.session, uow.keys, new, uow.now).person_id == people.member.person_id


def test_mails_to_one_person_are_capped(database: Database, people: Cast) -> None:
    for _ in range(9):
        with database.writing() as uow:
            signing_in.mail_link(uow, email="member@example.org")
    with database.reading() as uow:
        assert len(uow.session.execute(select(OneTimeToken)).all()) == signing_in.MAILS_AN_HOUR


def test_sign_ins_are_listed_and_revoked_by_their_owner_only(database: Database, people: Cast, clock: SetClock) -> None:
    give_password(database, people)
    token = with_password(database, "member@example.org")
    with database.reading() as uow:
        actor = accounts.actor_of_cookie(uow.session, uow.keys, token, uow.now)
        (row,) = signing_in.my_sign_ins(uow, actor)
    with pytest.raises(NotFound), database.writing() as uow:
        signing_in.revoke(uow, people.peer, sign_in_id=row.id)
    with database.writing() as uow:
        signing_in.revoke(uow, actor, sign_in_id=row.id)
    with database.reading() as uow:
        assert accounts.actor_of_cookie(uow.session, uow.keys, token, uow.now) == VISITOR
    other = with_password(database, "member@example.org")
    clock.advance(days=31)
    with database.reading() as uow:
        assert accounts.actor_of_cookie(uow.session, uow.keys, other, uow.now) == VISITOR


def test_a_disabled_account_is_out_at_once_and_cannot_come_back(database: Database, people: Cast) -> None:
    give_password(database, people)
    token = with_password(database, "member@example.org")
    with database.writing() as uow:
        api = access_tokens.create_token(uow, people.member, label="script")
        administration.set_disabled(uow, people.administrator, person_id=people.member.person_id or 0, disabled=True)
    with database.reading() as uow:
        assert accounts.actor_of_cookie(uow.session, uow.keys, token, uow.now) == VISITOR
        assert accounts.actor_of_access_token(uow.session, uow.keys, api) == VISITOR
    assert with_password(database, "member@example.org") is None


def test_a_personal_token_is_shown_once_and_revoked_by_its_owner(database: Database, people: Cast) -> None:
    with database.writing() as uow:
        token = access_tokens.create_token(uow, people.member, label="laptop")
        (row,) = access_tokens.tokens_of(uow, people.member.person_id or 0)
        assert token not in row.token_hash
        assert accounts.actor_of_access_token(uow.session, uow.keys, token).person_id == people.member.person_id
    with pytest.raises(NotFound), database.writing() as uow:
        access_tokens.revoke_token(uow, people.peer, token_id=row.id)
    with database.writing() as uow:
        access_tokens.revoke_token(uow, people.member, token_id=row.id)
        assert accounts.actor_of_access_token(uow.session, uow.keys, token) == VISITOR


def test_use_is_noted_now_and_then(database: Database, people: Cast, clock: SetClock) -> None:
    with database.writing() as uow:
        token = access_tokens.create_token(uow, people.member, label="laptop")
        person = accounts.find_person(uow.session, "member@example.org")
        assert person is not None
        cookie = accounts.start_sign_in(uow, person, device="x")

    def actors() -> list[Actor]:
        with database.reading() as uow:
            return [
                accounts.actor_of_cookie(uow.session, uow.keys, cookie, uow.now),
                accounts.actor_of_access_token(uow.session, uow.keys, token),
            ]

    assert [accounts.is_use_due(each, clock()) for each in actors()] == [False, True], "a token was never used before"
    clock.advance(seconds=accounts.SEEN_EVERY.total_seconds())
    assert all(accounts.is_use_due(each, clock()) for each in actors())
    with database.writing() as uow:
        for each in actors():
            accounts.note_use(uow, each)
    assert [each.seen_at for each in actors()] == [clock(), clock()]
    assert not any(accounts.is_use_due(each, clock()) for each in actors())
    assert not accounts.is_use_due(VISITOR, clock())
