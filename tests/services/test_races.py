"""Two at the same moment: one row, one facilitator at least; and what secrets are made of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.policy import VISITOR, Actor
from app.secrets import Keys, new_code, new_nonce, new_token
from app.services import activity, memberships, panel, passwords, practice, privacy, rating, seating, sockets, versions
from app.services.panel import SeatForm
from app.uow import Database
from models.groups import Group, Membership, Role
from models.validation import Rating
from tests.cast import make_cast, sign_in_token
from tests.conftest import SetClock
from tests.panels import build_study
from tests.wordings import SCRIPT


def at_once(*acts: Callable[[], object]) -> list[Exception]:
    """Do all at the same moment; what they raised of our own refusals."""
    start, refused = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            act()
        except DomainError as error:
            refused.append(error)

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_fifty_submissions_of_one_answer_leave_one_row(database: Database) -> None:
    study = build_study(database, criteria=1, experts=3)
    study.open()
    study.answer(study.tokens[0], {})
    item = study.rated[0]

    def submit(value: int) -> None:
        with database.writing() as uow:
            place = seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id)
            rating.rate(uow, place, {(item.id, "relevance"): value})

    for _ in range(5):
        assert at_once(*(lambda value=n: submit(value) for n in range(1, 10))) == []  # type: ignore[misc]
    for n in (3, 4, 5, 6, 7):
        submit(n)
    with database.reading() as uow:
        (row,) = uow.session.query(Rating).all()
        assert row.value == 7


def test_the_button_that_locks_pressed_twice_makes_one_version(database: Database) -> None:
    study = build_study(database, criteria=1, experts=0)

    def press() -> None:
        with database.writing() as uow:
            versions.freeze(uow, study.cast.facilitator, group_id=study.cast.group_id, reason="Agreed.", number=2)

    assert [type(error) for error in at_once(press, press, press)] == [Conflict, Conflict]
    with database.reading() as uow:
        entries = versions.list_versions(uow, study.cast.facilitator, group_id=study.cast.group_id)
        assert [entry.version.number for entry in entries] == [2, 1]


def test_two_facilitators_who_remove_each_other_leave_one(database: Database) -> None:
    cast = make_cast(database)
    with database.writing() as uow:
        rows = {row.person_id: row.id for row in memberships.members(uow, cast.facilitator, group_id=cast.group_id)}
        memberships.change(
            uow, cast.facilitator, group_id=cast.group_id, membership_id=rows[cast.member.person_id or 0],
            role=Role.FACILITATOR, constituency="Legal",
        )  # fmt: skip

    def remove(who: int | None) -> None:
        actor = cast.facilitator if who == cast.member.person_id else cast.member
        with database.writing() as uow:
            memberships.remove(uow, actor, group_id=cast.group_id, membership_id=rows[who or 0])

    refused = at_once(lambda: remove(cast.member.person_id), lambda: remove(cast.facilitator.person_id))
    assert [type(error) for error in refused] in ([Forbidden], [NotFound], [Invalid])
    with database.reading() as uow:
        left = uow.session.query(Membership).filter_by(
            group_id=cast.group_id, role=Role.FACILITATOR, removed_at=None
        )  # fmt: skip
        assert left.count() == 1


def test_the_panels_lines_are_for_the_panel_manager(database: Database) -> None:
    study = build_study(database, criteria=1, experts=3)
    with database.reading() as uow:

        def told(actor: object) -> str:
            return "\n".join(
                line.sentence
                for line in activity.list_activity(uow, actor, group_id=study.cast.group_id)  # type: ignore[arg-type]
            )

        assert "expert to the panel" in told(study.cast.panel_manager)
        assert "expert to the panel" not in told(study.cast.facilitator) + told(study.cast.member)


def test_an_expert_who_is_of_the_group_is_disclosed(database: Database) -> None:
    study = build_study(database, criteria=1, experts=3)
    with database.writing() as uow:
        form = SeatForm("Peer Invented", "peer@example.org", "national")
        panel.add_expert(uow, study.cast.panel_manager, panel_id=study.panel_id, form=form)
        members = panel.list_members(uow, study.cast.panel_manager, group_id=study.cast.group_id)
    assert [each.identity.email for each in members if each.is_in_group] == ["peer@example.org"]


def test_experts_names_go_when_their_time_is_over(database: Database, clock: SetClock) -> None:
    study = build_study(database, criteria=1, experts=3)
    study.open()
    study.answer(study.tokens[0], {"relevance": [5], "applicability": [5]})
    study.close()
    for days, left in ((database.settings.retention_days - 1, 3), (2, 0)):
        clock.advance(days=days)
        with database.writing() as uow:
            privacy.sweep(uow)
            found = panel.list_members(uow, study.cast.panel_manager, group_id=study.cast.group_id)
            assert len(found) == left
            assert uow.session.query(Rating).count() == 2, "the answers stay, under a code"


def test_a_sign_in_ends_on_open_sockets_too_when_its_time_is_over(database: Database, clock: SetClock) -> None:
    people = make_cast(database)
    cookie = sign_in_token(database, people.member)
    with database.reading() as uow:
        holder = sockets.holder_of_cookie(uow, cookie)
        assert holder is not None
        assert sockets.still_good(uow, {holder}) == {holder}
    clock.advance(days=31)
    with database.reading() as uow:
        assert sockets.still_good(uow, {holder}) == set(), "what the live server asks every second"
        assert sockets.actor_of(uow, holder) == VISITOR, "and with every message"


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_secrets_are_long_and_keys_are_apart(database: Database) -> None:
    assert len({new_token() for _ in range(1000)}) == 1000
    assert len(new_token()) >= 43, "256 bits"
    assert len(new_nonce()) == 24
    assert all(code.isdigit() and len(code) == 6 for code in (new_code() for _ in range(200)))
    one, other = Keys("a" * 40), Keys("b" * 40)
    hashes = {keys.hash(purpose, "token") for keys in (one, other) for purpose in ("seat", "sign_in", "reset")}
    assert len(hashes | {one.web(), other.web(), one.derive("seat", 1, "x"), one.derive("seat", 11, "x")}) == 10
    assert len(one.derive("seat", 1, "nonce")) >= 43
    stored = passwords.hash_password("three plain words")
    kind, _version, parameters = stored.split("$")[1:4]
    memory, passes, _lanes = (int(part.partition("=")[2]) for part in parameters.split(","))
    assert (kind, memory >= 19_456, passes >= 2) == ("argon2id", True, True)
    assert passwords.is_outdated(stored.replace("m=19456", "m=1024"))
    assert replace(database.settings, secret="canary of the settings").__repr__().count("canary") == 0


def test_those_who_come_to_practise_at_the_same_moment_find_one_ground(database: Database) -> None:
    people = make_cast(database)

    def come(who: Actor) -> None:
        with database.writing() as uow:
            practice.begin(uow, who, group_id=people.group_id, script=SCRIPT)

    newcomers = [people.member, people.peer, people.facilitator, people.observer, people.member]
    assert at_once(*(lambda who=who: come(who) for who in newcomers)) == []  # type: ignore[misc]
    with database.reading() as uow:
        assert uow.session.query(Group).filter_by(practises_for_id=people.group_id).count() == 1
