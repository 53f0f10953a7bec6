"""What is refused on an item's page is said at its head, with the way to the field, and shown with what was typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from app.policy import Actor
from app.services import findings, homework, sources, suggestions
from app.services.findings import FindingForm
from app.uow import Database
from models.documents import Field
from models.items import Item
from tests import wordings
from tests.cast import SLUG, Browser, Cast

ROOM = f"/g/{SLUG}/blueprint"
WORDS = "Partners **share gain** and loss within a corridor."
OTHER = "All partners share gain and loss within a narrow corridor."


@pytest.fixture
def agreed(database: Database, people: Cast) -> Item:
    return wordings.agreed(database, people, WORDS)


def problem(answer: TestResponse, status: int = 422) -> dict[str, str]:
    """What the summary says, by the id it leads to; each is on the page once, and inside nothing that is closed."""
    assert answer.status_code == status
    page = answer.text
    summary = re.search(r'<div class="error-summary".*?</div>', page, re.DOTALL)
    assert summary, "no summary"
    assert page.index('class="error-summary"') < page.index("<h1")
    found = dict(re.findall(r'<a href="#([^"]+)">([^<]*)</a>', summary[0]))
    for target in found:
        assert page.count(f' id="{target}"') == 1, target
        before = page[: page.index(f' id="{target}"')]
        folds: list[str] = []
        for tag in re.findall(r"<details[^>]*>|</details>", before):
            if tag == "</details>":
                folds.pop()
            else:
                folds.append(tag)
        assert all(re.search(r" open\b", fold) for fold in folds), target
    return found


def test_comments_and_replies(client_of: Callable[[Actor], Browser], people: Cast, agreed: Item) -> None:
    member = client_of(people.member)
    page = f"{ROOM}/items/{agreed.id}"
    new = {"here": "yes", "field": "text", "quote": "not there", "words": "My thought."}
    assert list(problem(member.post(f"{page}/comments", data=new))) == ["quote"]
    long = member.post(f"{page}/comments", data={**new, "quote": "", "words": "x" * 20_000})
    assert list(problem(long)) == ["new-words"]
    assert "x" * 20_000 in long.text
    member.post(f"{page}/comments", data={**new, "quote": "corridor"})
    assert list(problem(member.post(f"{page}/comments/1/reply", data={"words": " "}))) == ["reply-1"]
    changed = member.post(f"{page}/comments/1/said/1", data={"words": "y" * 20_000})
    assert list(problem(changed)) == ["change-1"]
    assert "y" * 20_000 in changed.text
    member.post(f"{page}/comments/1/resolve")
    twice = member.post(f"{page}/comments/1/resolve", data={"words": "And I had more to say."})
    assert list(problem(twice, 409)) == ["talk-1"]
    assert re.search(r"<textarea[^>]*readonly[^>]*>\nAnd I had more to say.</textarea>", twice.text), "to be copied"
    assert list(problem(member.post(f"{page}/comments/1/reply", data={"words": ""}))) == ["reply-1"], "a resolved one"


def test_answers_to_suggestions(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item, database: Database
) -> None:
    facilitator = client_of(people.facilitator)
    with database.writing() as uow:
        suggestions.suggest(uow, people.member, item_id=agreed.id, field=Field.TEXT, version=1, text=OTHER)
    address = f"{ROOM}/items/{agreed.id}/suggestions/1"
    assert list(problem(facilitator.post(f"{address}/reject", data={"answer": " "}))) == ["answer-1"]
    assert list(problem(facilitator.post(f"{address}/accept", data={"part": "yes"}))) == ["places-1"]
    boxes = re.findall(
        r'name="places" type="checkbox" value="([^"]+)"', facilitator.get(f"{ROOM}/items/{agreed.id}").text
    )
    part = {"part": "yes", "places": boxes[1:2], "answer": "z" * 1_001}
    long = facilitator.post(f"{address}/accept", data=part)
    assert list(problem(long)) == ["part-answer-1"]
    assert long.text.count("z" * 1_001) == 1, "in the form it was typed into"
    assert re.search(rf'id="places-1-2" name="places" type="checkbox" value="{boxes[1]}" checked', long.text)
    facilitator.post(f"{address}/accept")
    late = facilitator.post(f"{address}/reject", data={"answer": "Because of the corridor."})
    assert list(problem(late, 409)) == ["suggestion-1"]
    assert "Because of the corridor." in late.text


def test_evidence_without_a_finding(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item, database: Database
) -> None:
    with database.writing() as uow:
        source = sources.add_source(uow, people.facilitator, group_id=people.group_id, cite="A report, 2020")
        form = FindingForm(source.id, text="It holds.", page="12")
        findings.add_finding(uow, people.facilitator, group_id=people.group_id, form=form)
    sent = {"finding_id": "", "relation": "qualifies", "note": "A word."}
    answer = client_of(people.member).post(f"/g/{SLUG}/evidence/items/{agreed.id}/link", data=sent)
    assert list(problem(answer)) == [f"finding-of-{agreed.id}"]
    assert 'value="A word."' in answer.text


def test_homework_that_is_not_ready_is_refused_where_it_was_said(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item, database: Database
) -> None:
    member = client_of(people.member)
    with database.writing() as uow:
        given = homework.give(
            uow, people.facilitator, group_id=people.group_id, item_id=agreed.id, asked="Write it.",
            person_ids=[people.member.person_id or 0], due_on=uow.now.date() + timedelta(days=2),
        )  # fmt: skip
    page = member.get(f"{ROOM}/items/{agreed.id}").text
    form = re.search(r'<input type="hidden" name="ready" value="no">.*?</form>', page, re.DOTALL)
    assert form
    sent = {"ready": "no", "words": "", **dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))}
    sent.pop("csrf_token", None)
    refused = member.post(f"/g/{SLUG}/sessions/homework/{given.id}/reply", data=sent)
    assert list(problem(refused)) == [f"words-{given.id}"]
    assert 'class="item-page' in refused.text
    own_page = member.post(f"/g/{SLUG}/sessions/homework/{given.id}/reply", data={"ready": "no", "words": ""})
    assert list(problem(own_page)) == [f"words-{given.id}"]
    assert 'class="item-page' not in own_page.text
    taken = member.post(f"/g/{SLUG}/sessions/homework/{given.id}/reply", data={**sent, "words": "Figures."})
    assert taken.location == f"{ROOM}/items/{agreed.id}#homework"
