"""A validation round from protocol to results: what decides, who sees what and when, and what is refused."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from app.policy import SYSTEM, Actor
from app.services import (
    dispositions,
    panel,
    rating,
    remarks,
    results,
    reviewing,
    round_figures,
    seating,
    seats,
    validation,
    verdicts,
    versions,
)
from app.services.panel import SeatForm
from app.services.protocols import TEMPLATES, Protocol, burden, template
from app.services.rating import Answer
from app.services.reviewing import item_page
from app.uow import Database
from app.worker import Worker
from models.activity import Activity
from models.dispositions import DispositionOutcome
from models.jobs import Job
from models.validation import (
    Expert,
    Rating,
    Remark,
    RemarkKind,
    Round,
    RoundResult,
    RoundState,
    Seat,
)  # fmt: skip
from tests.conftest import SetClock
from tests.panels import EXPERTS, Study, build_study

AGREED = {"relevance": [8, 2], "applicability": [7, 8]}


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


def answer_all(study: Study, tokens: list[str] | None = None) -> None:
    """Everybody agrees on the first criterion; on the second three find it irrelevant and six essential."""
    for place, token in enumerate(study.tokens if tokens is None else tokens):
        study.answer(token, {"relevance": [8, 2 if place < 3 else 9], "applicability": [7, None if place == 0 else 8]})


def place(study: Study, token: str) -> Any:
    """The expert's place, looked at."""
    with study.database.reading() as uow:
        return seating.knock(uow, token=token)


def test_a_round_is_closed_into_stored_figures_that_anyone_can_compute_again(study: Study) -> None:
    study.open()
    answer_all(study)
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        stored = uow.session.get_one(RoundResult, study.round_id)
    first, second = report.items
    relevance, applicability = first.figures
    assert (relevance.n, relevance.eligible, relevance.median) == (9, 9, 8.0)
    assert relevance.judgement is not None
    assert (relevance.judgement.outcome, relevance.judgement.sentence) == ("agreed", "9 of 9 rated 7 to 9")
    assert [judged.rule for judged in relevance.sensitivity] == ["ipras", "70/15"]
    assert (applicability.median, applicability.distribution) == (7.0, (0, 0, 0, 0, 0, 0, 9, 0, 0))
    assert second.figures[0].judgement is not None
    assert second.figures[0].judgement.outcome == "disagreement"
    assert (second.figures[1].n, second.figures[1].cannot_judge, second.figures[1].unanswered) == (8, 1, 0)
    assert (verdicts.is_open(first.figures), verdicts.is_open(second.figures)) == (False, True)
    assert [(band.name, band.n) for band in relevance.groups] == [("national", 5), ("international", 4)]
    assert (report.invited, report.started, report.sent) == (9, 9, 0)
    assert report.methods["Classic rule by panel size (only on 1-9)"] == "ram/1"
    assert report.deviations[0][1:] == ("The round was closed before its deadline.", "Everybody has answered.")
    with study.database.writing() as uow:
        uow.session.delete(uow.session.get_one(RoundResult, study.round_id))
        uow.flush()
        again = round_figures.compute(uow, uow.session.get_one(Round, study.round_id))
        assert (again.figures, again.inputs_sha256) == (stored.figures, stored.inputs_sha256)


def test_no_identity_and_no_code_is_part_of_a_report(study: Study) -> None:
    study.open()
    answer_all(study)
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.facilitator, round_id=study.round_id)
        whole = json.dumps(asdict(replace(report, round=None, items=())), default=str)  # type: ignore[arg-type]
        whole += uow.session.execute(text("SELECT figures FROM round_result")).scalar_one()
        whole += "".join(uow.session.execute(select(Activity.sentence)).scalars())
        for member in panel.list_members(uow, study.cast.panel_manager, group_id=study.cast.group_id):
            assert not any(mark in whole for mark in (member.expert.code, member.identity.name, member.identity.email))


def test_nothing_is_known_before_close(study: Study) -> None:
    """Abuse cases 39 and 49."""
    study.open()
    answer_all(study)
    for actor in study.cast.insiders.values():
        with study.database.reading() as uow, pytest.raises(NotFound):
            results.report(uow, actor, round_id=study.round_id)
    with study.database.reading() as uow:
        for actor in (study.cast.facilitator, study.cast.member, study.cast.observer):
            with pytest.raises(Forbidden):
                panel.list_members(uow, actor, group_id=study.cast.group_id, round_id=study.round_id)
        with pytest.raises(Conflict):
            remarks.list_remarks(uow, study.cast.panel_manager, round_id=study.round_id)
        with pytest.raises(NotFound):
            validation.read_round(uow, study.cast.stranger, round_id=study.round_id)
        states = panel.list_members(
            uow, study.cast.panel_manager, group_id=study.cast.group_id, round_id=study.round_id
        )
        assert {member.state for member in states} == {"started"}


def test_the_servers_clock_decides_about_the_deadline_and_the_worker_closes(study: Study, clock: SetClock) -> None:
    """Abuse case 27, and 25: afterwards the link is of no use."""
    opened = study.open()
    assert opened.closes_at is not None
    token = study.tokens[0]
    clock.now = opened.closes_at - timedelta(microseconds=1)
    study.answer(token, {"relevance": [8, 8]})
    clock.now = opened.closes_at
    with pytest.raises(Gone):
        study.answer(token, {"relevance": [1, 1]})
    with study.database.reading() as uow, pytest.raises(Gone):
        seating.knock(uow, token=token)
    worker = Worker(study.database)
    worker.look()
    worker.look()
    with study.database.reading() as uow:
        round_ = uow.session.get_one(Round, study.round_id)
        assert (round_.state, round_.closed_at) == (RoundState.CLOSED, opened.closes_at)
        found = results.report(uow, study.cast.member, round_id=study.round_id).items[0].figures[0]
    assert found.withheld == "Fewer than 3 experts gave a score."
    assert (found.n, found.median, found.distribution) == (None, None, ())


def test_a_score_off_the_scale_is_refused(study: Study) -> None:
    """Abuse case 28."""
    study.open()
    study.answer(study.tokens[0], {"relevance": [5, 5]})
    wrong: tuple[Any, ...] = (0, 10, -1, 1.5, 7.0, "9", 1e308, float("nan"), True, 2**63)
    with study.database.writing() as uow:
        expert = seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id)
        for value in wrong:
            with pytest.raises(Invalid) as refused:
                rating.rate(uow, expert, {(study.rated[0].id, "relevance"): value})
            assert refused.value.code == "off_scale"
    with study.database.reading() as uow:
        assert uow.session.execute(select(Rating.value)).scalars().all() == [5, 5]


def test_the_database_refuses_it_too(study: Study) -> None:
    study.open()
    study.answer(study.tokens[0], {"relevance": [5, 5]})
    with pytest.raises(IntegrityError), study.database.writing() as uow:
        uow.session.execute(text("UPDATE rating SET value = 10"))


def test_many_answers_at_once_are_all_or_nothing_and_the_same_twice(study: Study) -> None:
    """Abuse cases 26 and 29."""
    study.open()
    token, items = study.tokens[0], [item.item_id for item in study.rated]
    good = [
        Answer(items[0], "relevance", 7, "Good."),
        Answer(items[0], "applicability", None),
        Answer(items[1], "relevance", 3),
    ]

    def send(answers: list[Answer], round_id: int = study.round_id) -> int:
        with study.database.writing() as uow:
            return rating.rate_many(uow, seating.sit_with_token(uow, token=token, round_id=round_id), answers)

    with pytest.raises(Forbidden):
        send(good)
    study.answer(token, {})
    assert send(good) == send(good) == 3
    for bad, code in (
        (Answer(items[1], "relevance", 10), "off_scale"), (Answer(999, "relevance", 5), "unknown_item"),
        (Answer(study.element_id, "relevance", 5), "unknown_item"),
        (Answer(items[0], "clarity", 5), "unknown_dimension"),
        (Answer(items[0], "relevance", 5), "twice"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            send([Answer(items[0], "relevance", 1), bad])
        assert refused.value.code == code
    with pytest.raises(NotFound):
        send(good, round_id=study.round_id + 1)
    with study.database.reading() as uow:
        rows = {
            (row.version_item_id, row.dimension): row.value for row in uow.session.execute(select(Rating)).scalars()
        }
        assert uow.session.execute(select(Remark.text)).scalars().all() == ["Good."]
    first, second = (item.id for item in study.rated)
    assert rows == {(first, "relevance"): 7, (first, "applicability"): None, (second, "relevance"): 3}


def test_links_are_stored_as_hashes_and_mails_are_made_when_they_are_sent(study: Study) -> None:
    """Abuse case 37."""
    study.open()
    with study.database.reading() as uow:
        assert len(set(study.tokens)) == 9
        for table in ("seat", "job", "activity", "expert"):
            rows = " ".join(str(row) for row in uow.session.execute(text(f"SELECT * FROM {table}")))  # noqa: S608  own names
            assert not any(token in rows for token in study.tokens)
            assert table == "seat" or "expert1@example.org" not in rows
        jobs = uow.session.execute(select(Job).where(Job.kind == "seat_mail")).scalars().all()
        mails = {mail.to: mail.text for job in jobs if (mail := seats.letter(uow, **job.payload)) is not None}
    for number, token in enumerate(study.tokens, 1):
        assert f"/r/{token}" in mails[f"expert{number}@example.org"]


def test_reminders_go_to_those_who_have_not_sent_capped_and_spaced(study: Study, clock: SetClock) -> None:
    study.open(ask_whole=False)
    answer_all(study, study.tokens[:1])
    with study.database.writing() as uow:
        rating.send(uow, seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id))

    def remind() -> tuple[int, int]:
        with study.database.writing() as uow:
            return seats.remind(uow, study.cast.panel_manager, round_id=study.round_id)

    def foreseen() -> seats.Reminders:
        with study.database.reading() as uow:
            return seats.reminders(uow, study.cast.panel_manager, round_id=study.round_id)

    assert remind() == (0, 8)
    assert foreseen() == seats.Reminders(due=0, next_at=clock.now + timedelta(days=3), over=0)
    reminded = []
    for _ in range(4):
        clock.advance(days=3)
        due = foreseen().due
        reminded.append(remind()[0])
        assert reminded[-1] == due
        clock.advance(days=1)
        assert remind()[0] == 0
    assert reminded == [8, 8, 8, 0]
    assert foreseen() == seats.Reminders(due=0, next_at=None, over=8)
    with pytest.raises(Forbidden), study.database.writing() as uow:
        seats.remind(uow, study.cast.facilitator, round_id=study.round_id)


def test_whoever_withdraws_says_what_becomes_of_the_answers(study: Study) -> None:
    study.open()
    answer_all(study)
    manager = study.cast.panel_manager
    for number, keep in enumerate((True, False)):
        with study.database.writing() as uow:
            mine = seating.sit_with_token(uow, token=study.tokens[number], round_id=study.round_id)
            rating.remark(uow, mine, {(study.rated[0].id, RemarkKind.COMMENT): f"Word {number}"})
            rating.withdraw(uow, mine, keep=keep)
    with study.database.reading() as uow:
        for token in study.tokens[:2]:
            with pytest.raises(Gone):
                seating.knock(uow, token=token)
        members = panel.list_members(uow, manager, group_id=study.cast.group_id, round_id=study.round_id)
        assert sorted(each.state for each in members)[-2:] == ["withdrew", "withdrew, kept"]
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        assert (report.invited, report.items[0].figures[0].n) == (8, 8)
        assert (report.flow["invited"], report.flow["withdrew"], report.flow["withdrew_kept"]) == (8, 1, 1)
        found = remarks.list_remarks(uow, manager, round_id=study.round_id)
        assert [each.remark.text for each in found] == ["Word 0"]
    study.open()
    assert len(study.tokens) == 7  # neither is asked again


def test_one_who_left_is_replaced_once_and_it_is_logged(study: Study) -> None:
    study.open()
    manager = study.cast.panel_manager
    with study.database.writing() as uow:
        rating.withdraw(uow, seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id))
        fresh = [
            panel.add_expert(
                uow,
                manager,
                panel_id=study.panel_id,
                form=SeatForm(f"New {n} Invented", f"new{n}@example.org", "national"),
            ).id
            for n in range(2)
        ]
        left = uow.session.execute(select(Seat.expert_id).where(Seat.revoked_at.is_not(None))).scalar_one()
        stays = uow.session.execute(select(Seat.expert_id).where(Seat.revoked_at.is_(None)).limit(1)).scalar_one()

    def invite(expert_id: int, in_place_of: int | None) -> None:
        with study.database.writing() as uow:
            seats.invite_later(
                uow, manager, round_id=study.round_id, expert_id=expert_id, reason="One left.", in_place_of=in_place_of
            )

    with pytest.raises(Invalid):
        invite(fresh[0], stays)
    invite(fresh[0], left)
    with pytest.raises(Invalid):
        invite(fresh[1], left)
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    assert report.deviations[0][1] == "An expert was invited in place of one who left."
    assert (report.invited, report.flow["in_place"], report.flow["withdrew"]) == (9, 1, 1)


def test_whoever_is_invited_later_is_a_logged_deviation(study: Study) -> None:
    study.open()
    manager = study.cast.panel_manager
    with study.database.writing() as uow:
        form = SeatForm("Late Invented", "late@example.org", "national")
        late = panel.add_expert(uow, manager, panel_id=study.panel_id, form=form).id
    for reason, refusal in (("", Invalid), ("Asked to try it first.", None), ("Twice.", Conflict)):
        with contextlib.nullcontext() if refusal is None else pytest.raises(refusal), study.database.writing() as uow:
            seats.invite_later(uow, manager, round_id=study.round_id, expert_id=late, reason=reason)
    answer_all(study)
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    assert (report.invited, report.pilots, report.items[0].figures[0].eligible) == (10, 0, 10)
    assert report.deviations[0][2] == "Asked to try it first."


def test_a_lost_link_goes_to_the_same_address_only(study: Study) -> None:
    """Abuse case 33: the use case answers nothing at all."""
    study.open()
    for email in ("EXPERT2@example.org ", "member@example.org", "nobody", ""):
        with study.database.writing() as uow:
            seats.send_link_again(uow, email=email)
    with study.database.writing() as uow:
        seats.send_link_again(uow, email="expert2@example.org")
        jobs = [job.payload for job in uow.session.execute(select(Job)).scalars() if job.payload.get("kind") == "link"]
        assert len(jobs) == 1
        mail = seats.letter(uow, **jobs[0])
    assert mail is not None
    assert study.tokens[1] in mail.text


def test_a_corrected_address_gets_a_new_link_and_the_old_one_opens_nothing(study: Study) -> None:
    study.open()
    manager, expert = study.cast.panel_manager, place(study, study.tokens[0]).expert

    def correct(actor: Actor = manager, **other: str) -> int:
        said = {"name": "Ann Invented", "email": "expert1@example.org", "role": "Judge", "language": ""} | other
        with study.database.writing() as uow:
            return seats.correct_expert(uow, actor, panel_id=study.panel_id, expert_id=expert.id, **said)

    def links() -> list[str]:
        with study.database.reading() as uow:
            jobs = [each.payload for each in uow.session.execute(select(Job).order_by(Job.id)).scalars()]
            mails = [seats.letter(uow, **each) for each in jobs if each.get("kind") in {"invitation", "resent"}]
            mails = [mail for mail in mails if mail is not None and "Ann Invented" in mail.text]
        return [f"{mail.to} {mail.text.split('/r/')[1].split()[0]}" for mail in mails if mail is not None]

    assert correct(language="nl") == 0
    asked_first = len(links())  # the mail to the old address, as it would be made now
    assert place(study, study.tokens[0]).expert.language == "nl"
    # Twice within the ten minutes in which a lost link is sent once: each address gets its own.
    for address in ("wrong@example.org", "ann@example.org"):
        assert correct(email=f" {address.upper()} ") == 1
    assert len(links()) == asked_first + 2
    to, token = links()[-1].split()
    assert to == "ann@example.org"
    with pytest.raises(NotFound):
        place(study, study.tokens[0])
    assert place(study, token).expert.id == expert.id
    study.answer(token, {"relevance": [8, 3]})
    with pytest.raises(Conflict, match="begun to answer"):
        correct(email="taken.over@example.org")
    assert correct(email="ann@example.org", role="Chief judge") == 0, "all else can still be put right"
    with study.database.reading() as uow:
        kept = uow.session.execute(select(func.count()).select_from(Rating).where(Rating.expert_id == expert.id))
        assert kept.scalar_one() == 2
        assert "ann@example.org" in panel.addresses(uow, study.panel_id)
        assert "wrong@example.org" not in panel.addresses(uow, study.panel_id)
    with pytest.raises(Conflict):
        correct(email="expert2@example.org")
    with pytest.raises(Invalid) as refused:
        correct(email="nowhere", name=" ", role="x" * 81, language="fr")
    assert set(refused.value.fields) == {"email", "name", "role", "language"}
    with pytest.raises(Forbidden):
        correct(study.cast.facilitator)
    study.close()
    assert correct(email="later@example.org") == 0
    with study.database.writing() as uow:
        panel.remove_expert(uow, manager, panel_id=study.panel_id, expert_id=expert.id, reason="Has left.")
    with pytest.raises(NotFound):
        correct()


def test_what_was_answered_is_not_shown_at_another_address(study: Study) -> None:
    """Whoever changes addresses could change one to their own, and would read what a named expert scored."""
    study.open()
    answer_all(study)
    with study.database.writing() as uow:
        mine = seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id)
        rating.remark(uow, mine, {(study.rated[1].id, RemarkKind.COMMENT): "Only mine."})
    manager, expert = study.cast.panel_manager, place(study, study.tokens[0]).expert
    first = study.round_id
    study.close()
    with study.database.writing() as uow:
        remarks.release_all(uow, manager, round_id=first)
        remark_id = uow.session.execute(select(Remark.id)).scalar_one()
        lead, outcome = study.cast.facilitator, DispositionOutcome.DEFERRED
        dispositions.answer(uow, lead, remark_id=remark_id, outcome=outcome, why="Next year.")
        sent = seats.correct_expert(
            uow, manager, panel_id=study.panel_id, expert_id=expert.id, name="Ann Invented", email="own@example.org",
            role="", language="",
        )  # fmt: skip
    assert sent == 0
    study.open(feedback="median")

    def looked(token: str) -> tuple[object, ...]:
        with study.database.reading() as uow:
            seat = seating.knock(uow, token=token)
            page = item_page(uow, seat, version_item_id=study.rated[0].id)
            opening = reviewing.opening_of(uow, seat)
            said = page.questions[0].feedback
            assert said is not None
            return said.own, said.own_given, said.median, opening.looks_back, len(opening.became)

    seen = {place(study, token).expert.id: looked(token) for token in study.tokens}
    assert seen.pop(expert.id) == (None, False, 9.0, False, 0)
    assert {given for _own, given, _median, _looks, _became in seen.values()} == {True}
    with study.database.writing() as uow:
        assert seats.tell_answers(uow, manager, round_id=first) == 0, "nor is it mailed there"
        jobs = [each.payload for each in uow.session.execute(select(Job).order_by(Job.id)).scalars()]
        mails = [seats.letter(uow, **each) for each in jobs if each.get("kind") == "invitation"]
        asked = {mail.to: "from a round before" in mail.text for mail in mails if mail is not None}
    assert asked["own@example.org"] is False
    assert asked["expert2@example.org"] is True
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    assert report.invited == 9


def test_who_left_is_not_written_to_again_by_mistake(study: Study) -> None:
    study.open()
    with study.database.writing() as uow:
        rating.withdraw(uow, seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id))
    manager, again = study.cast.panel_manager, SeatForm("Ann Invented", "expert1@example.org", "national")
    with pytest.raises(Invalid) as refused, study.database.writing() as uow:
        panel.add_expert(uow, manager, panel_id=study.panel_id, form=again)
    assert refused.value.code == "left"
    table = "name,email,scope\nAnn Invented,expert1@example.org,national"
    with pytest.raises(Invalid, match="line 2: expert1@example\\.org left"), study.database.writing() as uow:
        panel.add_experts(uow, manager, panel_id=study.panel_id, table=table)
    with study.database.writing() as uow:
        panel.add_expert(uow, manager, panel_id=study.panel_id, form=replace(again, comes_back=True))
    with study.database.reading() as uow:
        assert "expert1@example.org" in panel.addresses(uow, study.panel_id)


def test_withdrawing_and_being_taken_off_end_the_link_and_the_answers(study: Study) -> None:
    study.open()
    answer_all(study)
    with study.database.writing() as uow:
        rating.remark(
            uow,
            seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id),
            {(None, RemarkKind.WHOLE): "Mine."},
        )
    with study.database.writing() as uow:
        rating.withdraw(uow, seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id))
    taken = place(study, study.tokens[1]).expert.id
    with study.database.writing() as uow:
        panel.remove_expert(
            uow, study.cast.panel_manager, panel_id=study.panel_id, expert_id=taken, reason="Wrong address."
        )
    for token in study.tokens[:2]:
        with pytest.raises(Gone):
            place(study, token)
    study.close()
    with study.database.reading() as uow:
        assert uow.session.execute(select(Remark)).scalars().all() == []
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        assert (report.invited, report.items[0].figures[0].n) == (7, 7)
        assert report.deviations[0][1].startswith("An expert was taken off")


def test_groups_so_small_that_their_figures_tell_each_score_are_named_before_launch(database: Database) -> None:
    study = build_study(database, criteria=1)
    manager = study.cast.panel_manager

    def telling(**protocol: object) -> list[str]:
        with database.writing() as uow:
            round_ = uow.session.get_one(Round, study.round_id)
            kept = Protocol.from_json({**round_.protocol, **protocol})
            validation.save_protocol(uow, manager, round_id=round_.id, protocol=kept)
        with database.reading() as uow:
            return validation.prepare(uow, manager, round_id=study.round_id).telling

    with database.writing() as uow:
        made = validation.create_round(uow, manager, group_id=study.cast.group_id, version_id=study.version_id)
        study.round_id = made.id
    assert telling() == ["national (5)", "international (4)"]
    assert telling(split_by="") == []
    assert telling(split_by="scope", minimum_cell=5) == [], "where a group is withheld all are"


def test_small_groups_are_withheld_with_what_would_give_them_away(database: Database) -> None:
    """Abuse case 45: two lawyers, and two international experts beside five national ones."""
    study = build_study(database, criteria=1, experts=7)
    kept = template("nine")
    legal = next(each for each in kept.dimensions if each.key == "legal_soundness")
    balance = next(each for each in kept.dimensions if each.key == "balance")
    protocol = Protocol(dimensions=(kept.dimensions[1], legal, balance), rule="ipras")
    never = validation.impossible(protocol, _experts(study))
    assert [each.what for each in never] == ["Anything on legal soundness", "National beside international"]
    study.open(**{k: v for k, v in protocol.to_json().items() if k in {"dimensions", "rule", "sensitivity"}})
    for token in study.tokens:
        scores: dict[str, list[int | None]] = {"relevance": [8], "balance": [-4]}
        if len(place(study, token).dimensions) == 3:
            scores["legal_soundness"] = [2]
        study.answer(token, scores)
    study.close()
    with database.reading() as uow:
        relevance, law, balanced = results.report(uow, study.cast.member, round_id=study.round_id).items[0].figures
    assert (relevance.n, relevance.groups) == (7, ())
    assert relevance.groups_withheld == "Not split: a group has fewer than 3 scores."
    assert (law.eligible, law.n, law.median, law.distribution, law.judgement) == (2, None, None, (), None)
    assert (balanced.median, balanced.judgement) == (-4.0, None)
    assert balanced.no_judgement.startswith("this rule is defined on a scale of 1-9")


def _experts(study: Study) -> list[Expert]:
    with study.database.reading() as uow:
        return list(uow.session.execute(select(Expert)).scalars())


def test_the_next_round_asks_what_is_open_and_shows_what_was_said(study: Study) -> None:
    study.open()
    answer_all(study)
    study.close()
    study.open(feedback="distribution")
    assert [item.reference for item in study.rated] == ["C1.2"]
    with study.database.reading() as uow:
        expert = seating.knock(uow, token=study.tokens[0])
        assert expert.has_consented  # the information sheet is the same, word for word
        page = item_page(uow, expert, version_item_id=study.rated[0].id)
        relevance, applicability = page.questions
        assert relevance.feedback is not None
        assert (relevance.feedback.own, relevance.feedback.median) == (2, 9.0)
        assert relevance.feedback.distribution == (0, 3, 0, 0, 0, 0, 0, 0, 6)
        assert applicability.feedback is not None
        assert (applicability.feedback.own, applicability.feedback.own_given) == (None, True)
        assert (page.review.whole, page.reworded) == (None, [])
        with pytest.raises(NotFound):
            item_page(uow, expert, version_item_id=999)
    for token in study.tokens:
        study.answer(token, {"relevance": [9], "applicability": [8]})
    study.close()
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
    moved = report.items[0].figures[0].movement
    assert report.only_contested
    assert moved is not None
    assert (moved.n, moved.up, moved.down, moved.median_before) == (9, 3, 0, 9.0)


@pytest.mark.parametrize(("again", "said"), [(("C1.2",), True), (("C1.1",), False), (("C1.1", "C1.2"), False)])
def test_it_is_said_that_only_contested_items_are_rated_again_where_it_is_so(
    study: Study, again: tuple[str, ...], said: bool
) -> None:
    """The panel manager may choose otherwise than proposed."""
    study.open()
    answer_all(study)
    study.close()
    manager = study.cast.panel_manager
    with study.database.writing() as uow:
        made = validation.create_round(uow, manager, group_id=study.cast.group_id, version_id=study.version_id)
        study.round_id = made.id
        chosen = [each.id for each in versions.items_of(uow.session, study.version_id) if each.reference in again]
        validation.choose_items(uow, manager, round_id=made.id, item_ids=chosen)
    study.open_prepared()
    study.close()
    with study.database.reading() as uow:
        assert results.report(uow, study.cast.member, round_id=study.round_id).only_contested is said


def test_groups_and_released_comments_come_back_where_the_protocol_says_so(study: Study) -> None:
    study.open(share_comments=True)
    answer_all(study)
    with study.database.writing() as uow:
        for number in (0, 1):
            mine = seating.sit_with_token(uow, token=study.tokens[number], round_id=study.round_id)
            rating.remark(uow, mine, {(study.rated[1].id, RemarkKind.COMMENT): f"Comment {number}"})
    study.close()
    with study.database.writing() as uow:
        first = remarks.list_remarks(uow, study.cast.panel_manager, round_id=study.round_id)[0].remark
        remarks.release(uow, study.cast.panel_manager, remark_id=first.id)
    study.open(feedback="groups", share_comments=False)
    with study.database.reading() as uow:
        page = item_page(uow, seating.knock(uow, token=study.tokens[8]), version_item_id=study.rated[0].id)
    assert [each.text for each in page.said] == [first.text], "as released, and nothing else"
    shown = page.questions[0].feedback
    assert shown is not None
    assert shown.distribution == ()
    assert [(each.name, each.n) for each in shown.groups] == [("national", 5), ("international", 4)]


def test_a_reworded_item_starts_afresh(study: Study) -> None:
    from tests.services.test_versions import edit  # noqa: PLC0415  the same small group

    study.open()
    answer_all(study)
    study.close()
    edit(study, study.rated[1].item_id, "Partners and patients share criterion 2.")
    with study.database.writing() as uow:
        study.version_id = versions.freeze(
            uow, study.cast.facilitator, group_id=study.cast.group_id, reason="Reworded."
        ).id
    study.open()
    with study.database.reading() as uow:
        page = item_page(uow, seating.knock(uow, token=study.tokens[0]), version_item_id=study.rated[0].id)
    assert [question.feedback for question in page.questions] == [None, None]
    [(name, segments)] = page.reworded
    assert name == "text"
    assert any(segment.kind == "added" for segment in segments)


def test_comments_are_released_word_for_word_but_for_what_identifies(study: Study) -> None:
    study.open()
    answer_all(study)
    for token, words in zip(study.tokens, ("As a judge in Vienna I object.", "Fine.", "Secret."), strict=False):
        with study.database.writing() as uow:
            expert = seating.sit_with_token(uow, token=token, round_id=study.round_id)
            rating.remark(uow, expert, {(study.rated[0].id, RemarkKind.COMMENT): words})
    study.close()
    manager = study.cast.panel_manager
    with study.database.writing() as uow:
        ids = {each.remark.text: each.remark.id for each in remarks.list_remarks(uow, manager, round_id=study.round_id)}
        identifying = remarks.pieces("As a judge in Vienna I object.")
        chosen = frozenset(identifying.index(word) for word in ("judge", "in", "Vienna"))
        remarks.mark(uow, manager, round_id=study.round_id, marks={ids["As a judge in Vienna I object."]: chosen})
        remarks.release(uow, manager, remark_id=ids["As a judge in Vienna I object."])
        remarks.withhold(uow, manager, remark_id=ids["Secret."])
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        assert [(each.text, each.removed_words) for each in report.items[0].comments] == [("As a […] I object.", 3)]
        assert (report.withheld_comments, report.unread_comments, report.removed_words) == (1, 1, 3)
        with pytest.raises(Forbidden):
            remarks.list_remarks(uow, study.cast.facilitator, round_id=study.round_id)
    with study.database.writing() as uow:
        remarks.mark(uow, manager, round_id=study.round_id, marks={ids["Fine."]: {0}})
    with pytest.raises(Invalid), study.database.writing() as uow:
        remarks.release(uow, manager, remark_id=ids["Fine."])
    with study.database.writing() as uow:
        remarks.withhold(uow, manager, remark_id=ids["As a judge in Vienna I object."])
    with study.database.reading() as uow:
        report = results.report(uow, study.cast.member, round_id=study.round_id)
        assert (report.items[0].comments, report.withheld_comments, report.removed_words) == ((), 2, 0)
        again = next(
            each.remark for each in remarks.list_remarks(uow, manager, round_id=study.round_id)
            if each.remark.id == ids["As a judge in Vienna I object."]
        )  # fmt: skip
        assert again.removed == sorted(chosen), "whoever looks at it again need not find the words again"


def test_a_protocol_is_locked_when_the_first_invitation_goes_out(study: Study) -> None:
    manager = study.cast.panel_manager
    study.open()
    with pytest.raises(Conflict), study.database.writing() as uow:
        validation.save_protocol(uow, manager, round_id=study.round_id, protocol=template("content"))
    with pytest.raises(Invalid) as refused, study.database.writing() as uow:
        validation.close_round(uow, manager, round_id=study.round_id)
    assert "reason" in refused.value.fields
    with study.database.writing() as uow:
        later = uow.now + timedelta(days=30)
        validation.extend_round(uow, manager, round_id=study.round_id, closes_at=later, reason="Holidays.")
    with pytest.raises(Invalid), study.database.writing() as uow:
        validation.extend_round(
            uow, manager, round_id=study.round_id, closes_at=uow.now + timedelta(days=2), reason="Sooner."
        )
    for actor, refusal in ((study.cast.facilitator, Forbidden), (study.cast.stranger, NotFound)):
        with pytest.raises(refusal), study.database.writing() as uow:
            validation.close_round(uow, actor, round_id=study.round_id, reason="No.")
    with study.database.reading() as uow:
        assert [each.reason for each in validation.read_round(uow, SYSTEM, round_id=study.round_id).deviations] == [
            "Holidays."
        ]


def test_the_protocols_faults_are_named() -> None:
    for key in TEMPLATES:
        made = template(key).checked()
        assert Protocol.from_json(json.loads(json.dumps(made.to_json()))) == made
    faulty = replace(template("content"), rule="ram", least=3, minimum_cell=1, percentile_type=5, feedback="all")
    with pytest.raises(Invalid) as refused:
        faulty.checked()
    assert set(refused.value.fields) == {"rule", "least", "minimum_cell", "percentile_type", "feedback"}
    assert burden(template("nine"), 23, 1600).is_too_long
    assert burden(template("nine"), 23, 1600).ratings == 23 * 9 + 2
    assert not burden(template("rand"), 23, 1600).is_too_long


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_file_is_read_as_spreadsheets_write_it(encoding: str) -> None:
    table = "name;email;scope\r\nZoë Müller;zoe@example.org;international\r\n"
    forms, faults = panel.parse_table(panel.read_table(table.encode(encoding)))
    assert [form.name for _line, form in forms] == ["Zoë Müller"]
    assert not faults


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 a workbook", "workbook"),
        (b"\xd0\xcf\x11\xe0 an old one", "workbook"),
        (b"name,email,scope\0", "no text"),
        (b"\xff\xfe\x00\xd8", "no text"),
        (b"x" * (panel.LARGEST_TABLE + 1), "at most"),
    ],
)
def test_what_is_no_table_is_said_so(data: bytes, said: str) -> None:
    with pytest.raises(Invalid, match=said) as refused:
        panel.read_table(data)
    assert said in refused.value.fields["file"]


def test_a_pasted_table_is_taken_whole_or_not_at_all(study: Study) -> None:
    manager = study.cast.panel_manager
    head = "Name;E-mail;Scope;Country;Organisation type;Expertise\n"
    for table, line in (
        (head + "Ann Invented;ann@example.org;national;;;\nBob Invented;bob;abroad;;;", "line 3"),
        (head + "Ann Invented;expert1@example.org;national;;;", "line 2"),
        ("Ann;ann@example.org", "columns"),
        (
            head + "Ann Invented;a@example.org;national;;;\nAnn Two;A@example.org;national;;;",
            "the same address as in line 2",
        ),
        (head + "J\ufffdrg Invented;j@example.org;national;;;", "letters were damaged"),
        (head + "Ann Invented;a@example..org;national;;;", "line 2: Enter an e-mail address"),
        (
            "Name;E-mail;Scope;Organisation\nAnn Invented;ann@example.org;national;Court",
            "“Organisation” cannot be kept",
        ),
        ("name,email,scope\n" + "x" * panel.LARGEST_TABLE, "longer than"),
    ):
        with pytest.raises(Invalid, match=line), study.database.writing() as uow:
            panel.add_experts(uow, manager, panel_id=study.panel_id, table=table)
    with study.database.writing() as uow:
        table = "\ufeff" + head + "Ann Invented;ann@example.org;national;England;Court;legal | ethics, audit\n\n"
        assert panel.add_experts(uow, manager, panel_id=study.panel_id, table=table) == 1
        form = SeatForm("Ann", "Ann@example.org", "national")
        with pytest.raises(Conflict):
            panel.add_expert(uow, manager, panel_id=study.panel_id, form=form)
    with study.database.reading() as uow:
        members = panel.list_members(uow, manager, group_id=study.cast.group_id)
    assert len(members) == len(EXPERTS) + 1
    assert members[0].expert.expertise == ["legal", "ethics", "audit"]


def test_sending_needs_every_answer_and_allows_changes_until_close(study: Study) -> None:
    """Abuse case 40."""
    study.open()
    token = study.tokens[0]
    study.answer(token, AGREED)

    def act(what: Any) -> None:
        with study.database.writing() as uow:
            what(uow, seating.sit_with_token(uow, token=token, round_id=study.round_id))

    with pytest.raises(Invalid, match="2 questions"):
        act(rating.send)
    for key in ("whole_face_validity", "whole_potential"):
        act(lambda uow, expert, key=key: rating.rate(uow, expert, {(None, key): 6}))
    act(rating.send)
    act(lambda uow, e: rating.rate(uow, e, {(study.rated[0].id, "relevance"): 1}))
    with study.database.reading() as uow:
        review = reviewing.review_of(uow, seating.knock(uow, token=token))
        assert uow.session.execute(select(Seat.sent_at).where(Seat.sent_at.is_not(None))).scalars().all()
    assert (review.answered, review.asked, review.is_complete) == (6, 6, True)
    assert [task.item.reference for task in review.tasks if task.wants_comment and task.item] == ["C1.1", "C1.2"]


def test_items_that_too_few_scored_are_asked_again(study: Study) -> None:
    study.open()
    for token in study.tokens[:2]:
        study.answer(token, AGREED)
    study.close()
    with study.database.reading() as uow:
        again = verdicts.contested(uow.session, uow.session.get_one(Round, study.round_id))
        assert [item.id for item in again] == [item.id for item in study.rated]


def test_a_pasted_table_that_cannot_be_read_is_refused_with_a_sentence() -> None:
    forms, faults = panel.parse_table('name,email,scope\n"' + "x" * 140_000)
    assert forms == []
    assert faults[0].startswith("the table cannot be read")
