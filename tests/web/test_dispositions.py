"""What we did, over HTTP: the table narrowed, answered, coded and signed off; and where the answers are read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.policy import Actor
from app.services import rating, remarks, seating
from app.uow import Database
from models.validation import Remark, RemarkKind
from tests.cast import SLUG, Browser
from tests.panels import Study, build_study

BASE = f"/g/{SLUG}/validation/done"
SAID = "Say who pays <b>then</b>."


@pytest.fixture
def study(app: Flask, database: Database) -> Study:
    app.test_client_class = Browser
    study = build_study(database)
    study.open()
    for token in study.tokens:
        study.answer(token, {"relevance": [8, 8], "applicability": [8, 8]})
    with database.writing() as uow:
        place = seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id)
        rating.remark(uow, place, {(study.rated[0].id, RemarkKind.COMMENT): SAID})
    study.close()
    with database.writing() as uow:
        remarks.release_all(uow, study.cast.panel_manager, round_id=study.round_id)
    return study


@pytest.fixture
def remark_id(study: Study) -> int:
    with study.database.reading() as uow:
        return uow.session.execute(select(Remark.id)).scalar_one()


def test_a_facilitator_answers_and_everybody_reads_it(
    study: Study, remark_id: int, client_of: Callable[[Actor], Browser]
) -> None:
    lead, member = client_of(study.cast.facilitator), client_of(study.cast.member)
    page = lead.get(f"{BASE}/?show=open&source=expert").text
    assert "Say who pays &lt;b&gt;then&lt;/b&gt;." in page
    address = f"{BASE}/comments/{remark_id}/answer"
    carried = {"show": "open", "source": "expert"}
    refused = lead.post(address, data={**carried, "outcome": "adopted", "why": ""})
    assert refused.status_code == 422
    assert "Say why, in 3 to 2,000 characters" in refused.text
    unsaid = lead.post(address, data={**carried, "outcome": "", "why": "Kept words"})
    assert unsaid.status_code == 422
    assert "Kept words" in unsaid.text
    both = [str(each.item_id) for each in study.rated]
    done = lead.post(address, data={**carried, "outcome": "adapted", "why": "It says so now.", "item_ids": both})
    assert done.status_code == 303
    assert done.location == f"{BASE}/?source=expert&show=open#comment-{remark_id}"
    page = member.get(f"{BASE}/").text
    assert "It says so now." in page
    assert re.search(r"It says so now\.\s*<a[^>]+>C1\.1</a>,\s*<a[^>]+>C1\.2</a>", page)
    assert "Save the answer" not in page
    ticked = re.findall(r'value="(\d+)" checked', lead.get(f"{BASE}/").text)
    assert ticked == both
    result = member.get(f"/g/{SLUG}/validation/rounds/{study.round_id}/results/items/C1.1").text
    assert "It says so now." in result
    csv = member.get(f"/g/{SLUG}/validation/rounds/{study.round_id}/results/comments.csv").text
    assert '"adapted","It says so now."' in csv
    assert member.post(address, data={"outcome": "adopted", "why": "Mine."}).status_code == 403
    assert client_of(study.cast.stranger).get(f"{BASE}/").status_code == 404
    assert lead.post(address, data={"action": "take_back"}).status_code == 303
    assert "1 waits for an answer" in member.get(f"{BASE}/").text


def test_themes_are_given_by_one_and_signed_off_by_another(
    study: Study, remark_id: int, client_of: Callable[[Actor], Browser]
) -> None:
    manager, member = client_of(study.cast.panel_manager), client_of(study.cast.member)
    address = f"{BASE}/comments/{remark_id}/themes"
    refused = manager.post(address, data={"themes": "x" * 90})
    assert refused.status_code == 422
    assert "At most 6 themes" in refused.text
    assert manager.post(address, data={"themes": "Who pays, Small <i>providers</i>"}).status_code == 303
    page = manager.get(f"{BASE}/?theme=Who pays").text
    assert "Small &lt;i&gt;providers&lt;/i&gt; (1)" in page
    assert "I read it the same way" not in page
    assert manager.post(f"{BASE}/checked").status_code == 303
    assert "somebody else reads them a second time" in manager.get(f"{BASE}/").text
    assert "I read it the same way" in member.get(f"{BASE}/?show=unchecked").text
    assert member.post(f"{BASE}/comments/{remark_id}/checked").status_code == 303
    assert "Read a second time and signed off by" in manager.get(f"{BASE}/").text
    renamed = manager.post(f"{BASE}/themes", data={"theme": "Who pays", "new": "Money"})
    assert renamed.location == f"{BASE}/?theme=Money"
    assert "Money (1)" in manager.get(f"{BASE}/").text


def test_the_panel_manager_tells_the_experts(
    study: Study, remark_id: int, client_of: Callable[[Actor], Browser]
) -> None:
    manager, lead = client_of(study.cast.panel_manager), client_of(study.cast.facilitator)
    address = f"{BASE}/rounds/{study.round_id}/tell"
    assert lead.post(address).status_code == 403
    assert "Nobody to tell" in manager.get(manager.post(address).location).text
    lead.post(f"{BASE}/comments/{remark_id}/answer", data={"outcome": "deferred", "why": "Next year."})
    assert "1 expert is told by mail." in manager.get(manager.post(address).location).text


def test_a_word_to_be_taken_out_is_never_let_through(
    study: Study, remark_id: int, client_of: Callable[[Actor], Browser]
) -> None:
    manager = client_of(study.cast.panel_manager)
    rounds, box = f"/g/{SLUG}/validation/panel/rounds/{study.round_id}/comments", f"removed-{remark_id}"
    out = manager.post(rounds, data={"seen": remark_id, "release": remark_id, box: ["0", "2"]})
    assert out.status_code == 303
    page = manager.get(rounds).text
    assert "[…] pays &lt;b&gt;then&lt;/b&gt;." in page
    assert re.findall(rf'name="{box}" value="(\d+)" checked', page) == ["0", "2"]
    for wrong in ("", "x", "999"):
        manager.post(rounds, data={"seen": remark_id, "release": remark_id, box: ["0", wrong]})
        page = manager.get(rounds).text
        assert "Choose words of the comment." in page
        assert "[…] pays &lt;b&gt;then&lt;/b&gt;." in page
    assert manager.post(rounds, data={"release": remark_id}).status_code == 404, "what was not on the page stays"


def test_what_is_marked_in_one_comment_is_kept_whatever_is_pressed_in_another(
    study: Study, remark_id: int, client_of: Callable[[Actor], Browser]
) -> None:
    """Somebody who marks names in several comments and then releases the first must not release the names."""
    manager, member = client_of(study.cast.panel_manager), client_of(study.cast.member)
    rounds = f"/g/{SLUG}/validation/panel/rounds/{study.round_id}/comments"
    with study.database.writing() as uow:
        first = uow.session.get_one(Remark, remark_id)
        first.released = first.released_at = None
        kind, expert_id = RemarkKind.WORDING, first.expert_id
        second = Remark(
            id=first.id + 1, round_id=first.round_id, expert_id=expert_id, kind=kind, text="Ask Nora of Nowhere.",
            version_item_id=first.version_item_id, written_at=first.written_at,
        )  # fmt: skip
        uow.session.add(second)
    name = {f"removed-{second.id}": ["2"]}
    manager.post(rounds, data={"seen": [first.id, second.id], "release": first.id, **name})
    page = manager.get(rounds).text
    assert "The group can read the comment now." in page
    assert re.findall(r'name="removed-(\d+)" value="(\d+)" checked', page) == [(str(second.id), "2")]
    everything = {"seen": [first.id, second.id], "all": "release", f"removed-{second.id}": ["2", "6"]}
    manager.post(rounds, data=everything)
    read = member.get(f"{BASE}/").text
    assert "Ask […] of […]" in read
    assert "Nora" not in read
    manager.post(rounds, data={"seen": second.id, f"removed-{second.id}": ["0"]})
    assert "Ask […] of […]" in member.get(f"{BASE}/").text, "a mark alone releases nothing"
