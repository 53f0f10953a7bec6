"""Results of a round: nothing before it closes, then what is agreed and what needs work; never who said what."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from app.policy import Actor
from app.services import panel, pilots, rating, remarks, results, seating, validation
from app.uow import Database
from models.validation import Expert, ExpertIdentity, RemarkKind
from tests.cast import OTHER_SLUG, SLUG, Browser
from tests.panels import Study, build_study
from tests.wordings import rewrite

#: Scores of nine experts by dimension for (C1.1, C1.2): all agree on the first; on the second they are split.
RELEVANCE = [(8, 2), (8, 2), (7, 2), (9, 1), (8, 8), (8, 8), (7, 8), (9, 9), (8, 9)]
APPLICABILITY = [(7, 8), (7, 8), (7, 7), (7, 8), (7, 9), (8, 9), (8, 7), (None, 8), (2, 8)]
Client = Callable[[Actor], Browser]


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


def run(study: Study, *, close: bool = True, comments: tuple[str, ...] = (), **protocol: object) -> None:
    """A round that all nine answer; each of ``comments`` is one expert's on C1.1."""
    study.open(**protocol)
    for number, token in enumerate(study.tokens):
        given: dict[str, Any] = {"relevance": list(RELEVANCE[number]), "applicability": list(APPLICABILITY[number])}
        with study.database.reading() as uow:
            place = seating.knock(uow, token=token)
            asked = {each.key for each in place.dimensions}
        study.answer(token, {key: values[: len(study.rated)] for key, values in given.items() if key in asked})
        if number < len(comments):
            with study.database.writing() as uow:
                place = seating.sit_with_token(uow, token=token, round_id=study.round_id)
                item = study.rated[0].id
                rating.remark(uow, place, {(item, RemarkKind.COMMENT): comments[number]})
    if close:
        study.close()


def addresses(study: Study) -> Iterator[str]:
    base = f"/g/{SLUG}/validation/rounds/{study.round_id}/results"
    for rest in ("", "/items/C1.1", "/items/C1.2", "/all", "/figures.csv", "/comments.csv"):
        yield base + rest


def canaries(study: Study) -> list[str]:
    with study.database.reading() as uow:
        found = [*study.tokens, *uow.session.execute(select(Expert.code)).scalars()]
        for identity in uow.session.execute(select(ExpertIdentity)).scalars():
            found += [identity.name, identity.email]
    return found


def words(html: str) -> str:
    """A page's words as they are read."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_before_it_closes_the_page_says_only_when(study: Study, client_of: Client, clock: Any) -> None:
    run(study, close=False, comments=("Mine alone.",))
    show, *others = addresses(study)
    for actor in study.cast.insiders.values():
        client = client_of(actor)
        page = client.get(show)
        assert page.status_code == 200
        assert "Results appear here when the round closes: 23 March 2026, 09:00 (London time)" in words(page.text)
        assert "rated 7 to 9" not in page.text
        assert 'svg class="chart' not in page.text
        assert [client.get(address).status_code for address in others] == [404] * 5
    clock.advance(days=21)  # no more answers are taken, and the worker has not closed it yet
    page = client_of(study.cast.member).get(show)
    assert "The figures are being worked out" in words(page.text)
    assert "rated 7 to 9" not in page.text


def test_a_closed_round_shows_at_a_glance_what_needs_work(study: Study, client_of: Client) -> None:
    run(study)
    show, first, second, *_others = addresses(study)
    client = client_of(study.cast.member)
    page = client.get(show)
    read = words(page.text)
    assert "The experts agree on 1 of 2 criteria." in read
    assert read.index("Need work (1)") < read.index("C1.2 Criterion 2 is shared") < read.index("Agreed (1)")
    assert "Experts disagree 4 of 9 rated 1 to 3 and 5 rated 7 to 9" in read
    for kind in ("bars", "dots"):  # each picture in two layouts, with its table
        for layout in ("wide", "narrow"):
            assert f'id="chart-{kind}-relevance-{layout}-title"' in page.text
    assert read.count("Show as a table") == 7  # two dimensions with two pictures
    assert 'data-label="7–9" class="numeric">9 (100 %)' in page.text

    read = words(client.get(first).text)
    assert "Relevance Agreed" in read
    assert "9 of 9 rated 7 to 9. 0 lie outside 7 to 9, the region of the median; at most 2 may." in read
    assert "Median 8 (interval 7 to 9, confidence 96 %)" in read
    assert "Middle half 8 to 8 (interquartile range 0)" in read
    assert "8 of 9 asked, 1 could not judge" in read
    assert "Made from n = 8 scores of 9 experts asked; missing: 1 could not judge" in read
    assert "Source: Hyndman and Fan (1996)" in read
    assert "Appropriate (disagreement index" in read
    assert "All experts 9 n=9 National 5 n=5 International 4 n=4" in read
    assert "Partners share criterion 1." in read
    assert "Uncertain (disagreement index" in words(client.get(second).text)


def test_other_rules_stand_beside_the_verdict_and_never_colour_it(study: Study, client_of: Client) -> None:
    """Seven of nine in 7-9 and one in 1-3 meets 70/15, but 80/15, which decides, is not met."""
    study.open(rule="80/15", sensitivity=["70/15"])
    for number, token in enumerate(study.tokens):
        score = (8, 8, 8, 7, 7, 9, 9, 5, 2)[number]
        study.answer(token, {"relevance": [score, 8], "applicability": [8, 8]})
    study.close()
    page = client_of(study.cast.member).get(next(address for address in addresses(study) if "C1.1" in address))
    read = words(page.text)
    assert "Relevance Not agreed" in read
    assert "fewer than 15 % at the lower end Agreed. 7 of 9 rated 7 to 9" in read
    assert 'card--amber part">\n    <h2 class="card__title">Relevance' in page.text


def test_nobody_learns_who_said_what(study: Study, client_of: Client) -> None:
    comments = tuple(f"Comment of the seat number {number}." for number in range(9))
    run(study, comments=comments)
    manager = study.cast.panel_manager
    _show, first, *_rest = addresses(study)
    assert "Comment of the seat" not in client_of(study.cast.member).get(first).text  # nothing released yet
    with study.database.writing() as uow:
        waiting = remarks.list_remarks(uow, manager, round_id=study.round_id)
        assert len(waiting) == 9
        remarks.release_all(uow, manager, round_id=study.round_id)
    secret = canaries(study)
    for actor in study.cast.insiders.values():
        client = client_of(actor)
        for address in addresses(study):
            answer = client.get(address)
            assert answer.status_code == 200
            assert not [each for each in secret if each in answer.text], address
            assert answer.headers["Cache-Control"] == "no-store"
            assert not {"ETag", "Last-Modified"} & set(answer.headers)
    listed = re.findall(r"seat number (\d)", client_of(study.cast.member).get(first).text)
    assert sorted(listed) == [str(number) for number in range(9)]
    assert listed not in (sorted(listed), sorted(listed, reverse=True))
    table = client_of(study.cast.member).get(list(addresses(study))[-1]).text
    assert re.findall(r"seat number (\d)", table) == listed


def test_small_groups_are_withheld_everywhere(study: Study, client_of: Client) -> None:
    """Two lawyers: their dimension shows nothing at all; three answers of one scope: no comparison."""
    made = study.open(rule="70/15", sensitivity=[])
    legal = {**made.protocol["dimensions"][1], "key": "legal_soundness", "only_for": ["legal"]}
    with study.database.writing() as uow:
        found = uow.session.get_one(type(made), made.id)
        found.protocol = {**made.protocol, "dimensions": [made.protocol["dimensions"][0], legal]}
    for number, token in enumerate(study.tokens[:7]):
        with study.database.reading() as uow:
            lawyer = len(seating.knock(uow, token=token).dimensions) == 2
        study.answer(token, {"relevance": [8, 7], **({"legal_soundness": [3, 2]} if lawyer else {})})
        assert number < 7
    study.close()
    client = client_of(study.cast.facilitator)
    show, first, *_rest = addresses(study)
    read = words(client.get(first).text)
    assert "Legal soundness Too few to show" in read
    assert "Fewer than 3 experts gave a score." in read
    assert "Groups are not shown side by side. Not split: a group has fewer than 3 scores." in read
    read = words(client.get(show).text)
    assert "Too few scores to show" in read
    assert "The experts agree on all 2 criteria." in read  # two lawyers could never decide: the rest does
    lines = list(csv.DictReader(io.StringIO(client.get(list(addresses(study))[4]).text.lstrip("\ufeff"))))
    withheld = next(line for line in lines if line["dimension"] == "Legal soundness")
    assert withheld["experts asked"] == "2"
    assert withheld["withheld because"] == "Fewer than 3 experts gave a score."
    told = {name for name, value in withheld.items() if value} - {"withheld because"}
    assert told <= {"round", "version", "item", "title", "dimension", "question", "scale", "experts asked"}


def test_movement_is_shown_where_the_words_are_the_same(study: Study, client_of: Client) -> None:
    run(study)
    study.open()
    assert [item.reference for item in study.rated] == ["C1.2"]
    for token in study.tokens:
        study.answer(token, {"relevance": [8], "applicability": [8]})
    study.close()
    show, _first, second, *_rest = addresses(study)
    client = client_of(study.cast.observer)
    page = client.get(show)
    assert "Only items without agreement in round 1 were rated again" in words(page.text)
    assert "Earlier round" in page.text
    read = words(client.get(second).text)
    assert "median 8 before, 8 now; of 9 who scored the same words twice 4 went up and 2 down" in read
    assert "regression to the mean" in words(page.text)


def test_files_hold_totals_only_and_no_formula(study: Study, client_of: Client) -> None:
    run(study, comments=("=1+1", "@SUM(A1)"))
    with study.database.writing() as uow:
        remarks.release_all(uow, study.cast.panel_manager, round_id=study.round_id)
    *_pages, figures, comments = addresses(study)
    client = client_of(study.cast.member)
    answer = client.get(figures)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{SLUG}-round-1-results.csv"'
    lines = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(line["item"], line["dimension"]) for line in lines][:4] == [
        ("C1.1", "Relevance"), ("C1.1", "Applicability"), ("C1.2", "Relevance"), ("C1.2", "Applicability")
    ]  # fmt: skip
    assert (lines[0]["median"], lines[0]["gave 8"], lines[0]["verdict"]) == ("8.0", "5", "agreed")
    assert lines[0]["national scores"] == "5"
    written = [line["comment"] for line in csv.DictReader(io.StringIO(client.get(comments).text.lstrip("\ufeff")))]
    assert sorted(written) == ["'=1+1", "'@SUM(A1)"]


def test_what_is_foreign_is_not_found(study: Study, client_of: Client) -> None:
    run(study)
    for address in addresses(study):
        assert client_of(study.cast.stranger).get(address).status_code == 404
        assert client_of(study.cast.stranger).get(address.replace(SLUG, OTHER_SLUG)).status_code == 404
        assert client_of(study.cast.nobody).get(address).status_code == 404
    client = client_of(study.cast.member)
    base = f"/g/{SLUG}/validation/rounds"
    for rest in ("/999/results", f"/{study.round_id}/results/items/C9.9", f"/{study.round_id}/results/items/E1"):
        assert client.get(base + rest).status_code == 404


def test_pilots_and_the_withdrawn_are_not_counted(study: Study, client_of: Client) -> None:
    with study.database.writing() as uow:
        form = panel.SeatForm("Pilot Invented", "pilot@example.org", "national", "England", "", (), "", is_pilot=True)
        panel.add_expert(uow, study.cast.panel_manager, panel_id=study.panel_id, form=form)
    with study.database.writing() as uow:
        made = validation.create_round(
            uow, study.cast.panel_manager, group_id=study.cast.group_id, version_id=study.version_id
        )
        pilots.start(uow, study.cast.panel_manager, round_id=made.id)
        study.round_id = made.id
    study.open_prepared()
    for token in study.tokens:
        study.answer(token, {"relevance": [9, 9], "applicability": [9, 9]})
    with study.database.writing() as uow:
        rating.withdraw(uow, seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id))
    study.close()
    read = words(client_of(study.cast.member).get(next(addresses(study))).text)
    assert "8 experts asked" in read
    assert "1 pilot rater is not counted" in read
    assert "8 of 8 rated 7 to 9" in read
    with study.database.reading() as uow:
        assert results.report(uow, study.cast.member, round_id=study.round_id).invited == 8


def test_answers_row_by_row_are_given_out_with_a_name_and_a_purpose(study: Study, client_of: Client) -> None:
    study.open()
    for token in study.tokens:
        study.answer(token, {"relevance": [9, 2], "applicability": [9, 9]})
    study.close()
    manager = client_of(study.cast.panel_manager)
    address = f"/g/{SLUG}/validation/rounds/{study.round_id}/bundle"
    assert "Answers row by row" in manager.get(address).text
    refused = manager.post(address, data={"given_to": "", "reason": "To <b>check</b>."})
    assert refused.status_code == 422
    assert "Say who gets it" in refused.text
    assert "To &lt;b&gt;check&lt;/b&gt;." in refused.text
    given = manager.post(address, data={"given_to": "Prof. Invented", "reason": "To check."})
    assert given.mimetype == "application/zip"
    assert given.data[:2] == b"PK"
    assert "Prof. Invented" in manager.get(address).text
    for actor in (study.cast.facilitator, study.cast.member):
        assert client_of(actor).get(address).status_code == 403
        assert client_of(actor).post(address, data={"given_to": "Me", "reason": "To see."}).status_code == 403
    assert client_of(study.cast.stranger).get(address).status_code == 404


def test_two_rounds_stand_side_by_side(study: Study, client_of: Client) -> None:
    address = f"/g/{SLUG}/validation/side-by-side"
    member = client_of(study.cast.member)
    assert "Nothing to compare yet" in member.get(address).text
    study.open()
    for place, token in enumerate(study.tokens):
        study.answer(token, {"relevance": [9, 2 if place < 4 else 9], "applicability": [9, 9]})
    study.close()
    study.open()
    for token in study.tokens[:5]:
        study.answer(token, {"relevance": [8], "applicability": [8]})
    study.close()
    read = words(member.get(address).text)
    assert "C1.1 Criterion 1 is shared Agreed 9 (9 to 9), n 9 Not rated" in read
    assert "Experts disagree 9 (2 to 9), n 9 Too few scores 8 (8 to 8), n 5" in read
    assert "5 stayed (median of their earlier scores 9), 4 left (9)" in read
    assert "Round 2: 9 experts asked, 5 started, 0 pressed Send" in read
    assert "Rounds side by side" in member.get(f"/g/{SLUG}/validation/").text


def test_an_item_says_how_experts_rated_it(study: Study, client_of: Client) -> None:
    """Whoever rewords a criterion sees from its own page what was said of it, and that it was said of other words."""
    run(study, comments=("Say who leads.", "Too long."))
    item_id = study.rated[0].item_id
    with study.database.writing() as uow:
        heard = remarks.list_remarks(uow, study.cast.panel_manager, round_id=study.round_id)
        remarks.release(uow, study.cast.panel_manager, remark_id=heard[0].remark.id)
    address = f"/g/{SLUG}/blueprint/items/{item_id}"
    member = client_of(study.cast.member)
    page = member.get(address).text
    assert f"/validation/rounds/{study.round_id}/results/items/C1.1" in page
    assert "Round 1 : Agreed 1 comment" in words(page)
    assert "on other words than these" not in page
    rewrite(study.database, study.cast.facilitator, item_id, "Partners share all of it.")
    assert "on other words than these" in member.get(address).text
    assert "Rated by experts" not in client_of(study.cast.member).get(f"/g/{SLUG}/blueprint/items/{item_id + 1}").text


def test_the_first_page_says_which_comments_wait_for_whom(study: Study, client_of: Client) -> None:
    run(study, comments=("Say who leads.", "Too long.", "Fine."))
    lead, manager, member = (
        client_of(each) for each in (study.cast.facilitator, study.cast.panel_manager, study.cast.member)
    )
    first = f"/g/{SLUG}/"
    assert "3 comments of experts wait to be read and released (round 1)" in words(manager.get(first).text)
    assert "comments of experts" not in words(lead.get(first).text)
    with study.database.writing() as uow:
        heard = remarks.list_remarks(uow, study.cast.panel_manager, round_id=study.round_id)
        remarks.release(uow, study.cast.panel_manager, remark_id=heard[0].remark.id)
        remarks.withhold(uow, study.cast.panel_manager, remark_id=heard[1].remark.id)
    assert "1 comment of an expert waits to be read and released (round 1)" in words(manager.get(first).text)
    assert "1 comment of an expert waits for the group’s answer (round 1)" in words(lead.get(first).text)
    assert "of an expert" not in words(member.get(first).text)


def test_every_page_counts_the_experts_of_a_round_in_one_way(study: Study, client_of: Client) -> None:
    """Nine are asked, four start, one sends; one leaves the answers, and one is taken off: eight count."""
    study.open()
    for place, token in enumerate(study.tokens[:4]):
        study.answer(token, {"relevance": [9, 9], "applicability": [9, 9]})
        if place == 0:
            with study.database.writing() as uow:
                place_ = seating.sit_with_token(uow, token=token, round_id=study.round_id)
                rating.withdraw(uow, place_, keep=True)
    with study.database.writing() as uow:
        members = panel.list_members(
            uow, study.cast.panel_manager, group_id=study.cast.group_id, round_id=study.round_id
        )
        last = next(each for each in members if each.identity.email == "expert4@example.org")
        panel.remove_expert(
            uow, study.cast.panel_manager, panel_id=study.panel_id, expert_id=last.expert.id, reason="Moved away."
        )
    page = f"/g/{SLUG}/validation/rounds/{study.round_id}"
    gone = "1 of them withdrew and left the answers; 1 more was taken off and is not counted."
    counted = "8 experts asked, 3 started, 0 pressed Send"

    def going() -> str:
        return words(client_of(study.cast.panel_manager).get(page).text)

    assert "8 Asked 3 Started 0 Pressed Send" in going()
    assert gone in going()
    study.close()
    assert "8 Asked 3 Started 0 Pressed Send" in going()
    read = words(client_of(study.cast.member).get(next(addresses(study))).text)
    assert f"{counted} (answers count without it too); {gone}" in read
    assert f"How far they came {counted}; {gone[:-1]}" in read
    assert not re.search(r"\b(9|10) (experts )?(asked|invited)", read)


def test_a_round_without_any_verdict_does_not_read_like_disagreement(study: Study, client_of: Client) -> None:
    for rule, needed in (("ram", 8), ("70/15", 6)):
        study.open(minimum_cell=3, rule=rule)
        for token in study.tokens[:4]:
            study.answer(token, {"relevance": [9, 1], "applicability": [9, 9]})
        study.close()
        read = words(client_of(study.cast.member).get(next(addresses(study))).text)
        assert f"Too few scores for a verdict on any of 2 criteria: {needed} were needed for each." in read
        assert "agree on 0" not in read


def test_where_only_some_have_no_verdict_the_headline_counts_agreement(study: Study, client_of: Client) -> None:
    study.open(minimum_cell=3)
    for place, token in enumerate(study.tokens[:8]):
        second = 9 if place < 4 else None
        study.answer(token, {"relevance": [9, second], "applicability": [9, second]})
    study.close()
    read = words(client_of(study.cast.member).get(next(addresses(study))).text)
    assert "The experts agree on 1 of 2 criteria." in read


@pytest.mark.parametrize(
    ("started", "said"),
    [
        (7, "A verdict needs 8 scores and only 7 have started: it is out of reach."),
        (8, "A verdict needs 8 scores: it may be out of reach."),
    ],
)
def test_closing_early_is_asked_first_with_how_many_have_sent(
    study: Study, client_of: Client, started: int, said: str
) -> None:
    study.open()
    for token in study.tokens[:started]:
        study.answer(token, {"relevance": [9, 9], "applicability": [9, 9]})
    page = client_of(study.cast.panel_manager).get(f"/g/{SLUG}/validation/rounds/{study.round_id}").text
    form = re.search(r'<form[^>]*action="[^"]*/close"[^>]*>', page)
    assert form is not None
    assert 'data-module="confirm' in form[0]
    assert f"0 of 9 experts have pressed Send. {said} Close the round now? It cannot be opened again." in form[0]
    assert f"0 of 9 experts have pressed Send. {said}" in words(page), "said beside the button too, without scripts"
