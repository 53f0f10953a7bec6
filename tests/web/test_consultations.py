"""What was heard beside the panel, over HTTP: writing it down, a form for a hall, and what strangers learn."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask

from app.policy import Actor
from app.uow import Database
from tests.cast import SLUG, Browser
from tests.panels import Study, build_study

BASE = f"/g/{SLUG}/validation/heard"
TALK = {"kind": "webinar", "happened_on": "2026-11-03", "title": "Webinar <b>for</b> leads", "people": "40"}


@pytest.fixture
def study(app: Flask, database: Database) -> Study:
    app.test_client_class = Browser
    return build_study(database)


def test_it_is_written_down_changed_and_read(study: Study, client_of: Callable[[Actor], Browser]) -> None:
    manager, member = client_of(study.cast.panel_manager), client_of(study.cast.member)
    assert "Nothing yet" in manager.get(f"{BASE}/").text
    refused = manager.post(f"{BASE}/add", data={**TALK, "happened_on": "", "words": "They liked it."})
    assert refused.status_code == 422
    assert "Choose the day" in refused.text
    assert "They liked it." in refused.text
    wrong = manager.post(f"{BASE}/add", data={**TALK, "kind": "party"})
    assert wrong.status_code == 422
    made = manager.post(f"{BASE}/add", data=TALK)
    assert made.status_code == 303
    page = member.get(made.location).text
    assert "Webinar &lt;b&gt;for&lt;/b&gt; leads" in page
    assert "Change" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL).partition("<main")[2]
    assert member.get(f"{made.location}/edit").status_code == 403
    changed = manager.post(f"{made.location}/edit", data={**TALK, "people": "41", "version_id": str(study.version_id)})
    assert changed.status_code == 303
    assert "41" in member.get(made.location).text
    assert client_of(study.cast.stranger).get(made.location).status_code == 404
    assert "Webinar" in member.get(f"{BASE}/").text


def test_a_hall_fills_in_a_form_without_a_name(app: Flask, study: Study, client_of: Callable[[Actor], Browser]) -> None:
    manager, member = client_of(study.cast.panel_manager), client_of(study.cast.member)
    one = manager.post(f"{BASE}/add", data={**TALK, "version_id": str(study.version_id)}).location
    refused = manager.post(f"{one}/form", data={"until_day": "", "action": "open"})
    assert refused.status_code == 422
    assert manager.post(f"{one}/form", data={"until_day": "2000-01-01"}).status_code == 422
    day = re.search(r'name="until_day"', manager.get(one).text)
    assert day is not None
    with study.database.reading() as uow:
        tomorrow = (uow.now.date()).isoformat()
    assert manager.post(f"{one}/form", data={"until_day": tomorrow, "until_time": "23:59"}).status_code == 303
    page = manager.get(one).text
    found = re.search(r"/opinion/([\w-]+)", page)
    assert found is not None
    assert "<svg" in page.partition("opinion-link")[2]
    assert found[1] not in member.get(one).text
    phone = app.test_client()
    assert isinstance(phone, Browser)
    address = f"/opinion/{found[1]}"
    form = phone.get(address)
    assert form.status_code == 200
    assert "Partnership" in form.text
    assert form.headers["X-Robots-Tag"] == "noindex" if "X-Robots-Tag" in form.headers else "noindex" in form.text
    dutch = phone.get(address, headers={"Accept-Language": "nl"}).text
    assert "Vindt u dit onderdeel zinvol?" in dutch
    assert '<h2 class="card__title" lang="en">' in dutch
    assert 'lang="nl">Nederlands</a>' in form.text
    assert '<html lang="nl">' in phone.get(f"{address}?language=nl").text
    unsaid = phone.post(address, data={"language": "nl", "speaks_for": "Mantelzorgers"})
    assert unsaid.status_code == 422
    assert "Geef minstens één onderdeel een score, of zeg iets" in unsaid.text
    assert "Mantelzorgers" in unsaid.text
    empty = phone.post(address, data={"score-E1": "9"})
    assert empty.status_code == 422
    kept = phone.post(address, data={"score-E1": "6", "words": "Keep my words"})
    assert kept.status_code == 422
    assert "Keep my words" in kept.text
    sent = phone.post(address, data={"score-E1": "4", "words": "Clear <i>enough</i>"})
    assert (sent.status_code, "Thank you" in sent.text) == (200, True)
    assert "A form is open. What it brings is shown once it is closed." in member.get(one).text
    mine = manager.get(one).text
    assert re.search(r"<span>Clear</span></label> <label[^>]*><input[^>]*><span>&lt;i&gt;enough&lt;/i&gt;</span>", mine)
    opinion = re.search(r'name="seen" value="(\d+)"', mine)
    assert opinion is not None
    unsaid, box = f"{one}/opinions", f"removed-{opinion[1]}"
    show = {"seen": opinion[1], "show": opinion[1]}
    refused = manager.post(unsaid, data={**show, box: ["0", "2"]})
    assert (refused.status_code, "Nothing would be left" in refused.text) == (422, True)
    for wrong in ("", "x", "0 2"):
        assert manager.post(unsaid, data={**show, box: ["0", wrong]}).status_code == 422
    assert manager.post(unsaid, data={"show": opinion[1]}).status_code == 404
    assert manager.post(unsaid, data={"seen": opinion[1], box: "2"}).status_code == 303
    assert re.search(rf'name="{box}" value="2" checked', manager.get(one).text), "a mark is kept whatever is pressed"
    assert "Clear" not in member.get(one).text
    assert manager.post(unsaid, data={**show, box: "0"}).status_code == 303
    assert re.search(rf'name="{box}" value="0" checked', manager.get(one).text)
    assert manager.post(f"{one}/form", data={"action": "close"}).status_code == 303
    read = member.get(one).text
    assert "[…] &lt;i&gt;enough" in read
    assert "1 identifying word removed" in read
    assert "Clear" not in read
    for gone in (address, "/opinion/nonsense"):
        assert phone.get(gone).status_code == 410
        assert "This form is closed" in phone.get(gone).text
    assert phone.post(address, data={"score-E1": "4"}).status_code == 410


def test_it_is_withdrawn_and_restored(study: Study, client_of: Callable[[Actor], Browser]) -> None:
    lead, member = client_of(study.cast.facilitator), client_of(study.cast.member)
    one = lead.post(f"{BASE}/add", data=TALK).location
    assert lead.post(f"{one}/withdraw").status_code == 303
    assert member.get(one).status_code == 404
    assert "Withdrawn" in lead.get(f"{BASE}/").text
    assert lead.post(f"{one}/restore").status_code == 303
    assert member.get(one).status_code == 200
