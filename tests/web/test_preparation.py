"""Preparing a round over HTTP: groups to merge, the rehearsal, the try-out, and deviations once it is locked."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.policy import Actor
from app.services import panel, rating, seating, seats, validation
from app.services.protocols import Protocol
from app.uow import Database
from models.validation import Seat
from tests.cast import SLUG, Browser
from tests.panels import Study, build_study


@pytest.fixture
def study(app: Flask, database: Database) -> Study:
    app.test_client_class = Browser
    study = build_study(database)
    with database.writing() as uow:
        made = validation.create_round(
            uow, study.cast.panel_manager, group_id=study.cast.group_id, version_id=study.version_id
        )
        study.round_id = made.id
    return study


@pytest.fixture
def manager(study: Study, client_of: Callable[[Actor], Browser]) -> Browser:
    return client_of(study.cast.panel_manager)


def base(study: Study) -> str:
    return f"/g/{SLUG}/validation/rounds/{study.round_id}"


def fields(page: str) -> dict[str, list[str]]:
    """What the protocol's form would post as it stands."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(r"<(?:input|textarea)[^>]*>(?:[^<]*</textarea>)?", page):
        name = re.search(r'name="([^"]+)"', tag)
        if name is None or (re.search(r'type="(radio|checkbox)"', tag) and " checked" not in tag):
            continue
        value = re.search(r'value="([^"]*)"', tag)
        inside = re.search(r">([^<]*)</textarea>", tag)
        found.setdefault(name[1], []).append(value[1] if value else inside[1] if inside else "")
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = [chosen[1] if chosen else ""]
    return found


def test_many_experts_come_from_a_file_and_its_mistakes_are_mended_on_the_page(study: Study, manager: Browser) -> None:
    address, head = f"/g/{SLUG}/validation/panel", "name;email;scope;expertise\n"
    wrong = f"{head}Zoë Invented;zoe@example.org;abroad;legal\n"
    refused = manager.post(f"{address}/table", data={"file": (io.BytesIO(wrong.encode("cp1252")), "experts.csv")})
    assert refused.status_code == 422
    assert "line 2" in refused.text
    assert "Zoë Invented;zoe@example.org;abroad;legal" in refused.text
    workbook = manager.post(f"{address}/table", data={"file": (io.BytesIO(b"PK\3\4"), "experts.xlsx"), "table": wrong})
    assert workbook.status_code == 422
    assert "This is a workbook" in workbook.text
    assert "Zoë Invented;" in workbook.text
    mended = wrong.replace("abroad", "international")
    added = manager.post(f"{address}/table", data={"file": (io.BytesIO(mended.encode()), "experts.csv")})
    assert added.status_code == 303
    assert "zoe@example.org" in manager.get(f"{address}/").text


def test_countries_are_merged_in_the_form(study: Study, manager: Browser) -> None:
    page = manager.get(f"{base(study)}/protocol").text
    assert "Austria (1)" in page
    assert "England (5)" in page
    typed = fields(page)
    for name, (value, *_rest) in list(typed.items()):
        if name.startswith("value-country-") and value in {"Austria", "Spain", "Netherlands"}:
            typed[f"merge-country-{name.rpartition('-')[2]}"] = [" Continental  Europe "]
    typed["split_by"] = ["country"]
    answer = manager.post(f"{base(study)}/protocol", data=typed)
    assert answer.status_code == 303
    with study.database.reading() as uow:
        kept = validation.read_round(uow, study.cast.panel_manager, round_id=study.round_id).protocol
    merged = dict.fromkeys(("Austria", "Netherlands", "Spain"), "Continental Europe")
    assert (kept.split_by, kept.merged) == ("country", merged)
    shown = manager.get(base(study)).text
    assert "Countries side by side; merged: Austria in Continental Europe" in shown
    assert "New Zealand (1)" in shown  # too small to be shown: said before anybody is asked
    again = fields(manager.get(f"{base(study)}/protocol").text)
    assert Protocol.from_json({**kept.to_json()}).merged == merged
    assert sum(value == ["Continental Europe"] for value in again.values()) == 3


def test_the_report_is_rehearsed_and_says_it_is_invented(
    study: Study, manager: Browser, client_of: Callable[[Actor], Browser]
) -> None:
    page = manager.get(f"{base(study)}/rehearsal").text
    assert "every answer on this page is invented" in page
    assert "results/items" not in page
    assert "figures.csv" not in page
    assert "9 experts asked, " in page
    assert "Not counted" not in page
    assert manager.get(f"{base(study)}/rehearsal?seed=2").text != page
    assert manager.get(f"{base(study)}/rehearsal?seed=x").status_code == 200
    for actor in (study.cast.facilitator, study.cast.member):
        assert client_of(actor).get(f"{base(study)}/rehearsal").status_code == 403


def test_pilot_raters_are_sent_their_links_from_the_page(study: Study, manager: Browser) -> None:
    assert "No pilot rater is on the panel yet" in manager.get(base(study)).text
    refused = manager.post(f"{base(study)}/pilots")
    assert refused.status_code == 422
    assert "There is no pilot rater on the panel" in refused.text
    with study.database.writing() as uow:
        form = panel.SeatForm("Pilot Invented", "pilot@example.org", "national", is_pilot=True)
        panel.add_expert(uow, study.cast.panel_manager, panel_id=study.panel_id, form=form)
    page = manager.get(base(study)).text
    assert "Send 1 pilot rater a link" in page
    assert "9 personal links go out by mail." in page  # the pilot's is not among them
    assert manager.post(f"{base(study)}/pilots").status_code == 303
    page = manager.get(base(study)).text
    assert "The try-out by pilot raters" in page
    assert "Send 1 pilot rater a link" not in page
    with study.database.writing() as uow:
        seat = uow.session.execute(select(Seat).where(Seat.round_id == study.round_id)).scalar_one()
        token = seats.token_of(uow.keys, seat)
        rating.withdraw(uow, seating.sit_with_token(uow, token=token, round_id=study.round_id))
    assert "Withdrew" in manager.get(base(study)).text


def test_a_deviation_is_logged_and_what_was_typed_stays(study: Study, manager: Browser) -> None:
    assert "Log a deviation" not in manager.get(base(study)).text
    study.open_prepared()
    refused = manager.post(f"{base(study)}/deviations", data={"what": "Two of them talked.", "reason": ""})
    assert refused.status_code == 422
    assert "Two of them talked.</textarea>" in refused.text
    assert "Say why" in refused.text
    said = {"what": "Two of them talked.", "reason": "They met by chance."}
    assert manager.post(f"{base(study)}/deviations", data=said).status_code == 303
    page = manager.get(base(study)).text
    assert "Two of them talked. Reason: They met by chance." in page


def test_the_stop_rule_is_set_told_and_heeded_on_pages(study: Study, manager: Browser) -> None:
    typed = fields(manager.get(f"{base(study)}/protocol").text)
    assert typed["most_rounds"] == ["2"]
    refused = manager.post(f"{base(study)}/protocol", data={**typed, "most_rounds": "", "enough": "12"})
    assert refused.status_code == 422
    assert "Enter a whole number from 1 to 9" in refused.text
    assert "Enter a whole number from 50 to 100, or leave it empty" in refused.text
    form = {**typed, "most_rounds": "1", "enough": "90", "when_stable": "yes"}
    assert manager.post(f"{base(study)}/protocol", data=form).status_code == 303
    assert fields(manager.get(f"{base(study)}/protocol").text)["when_stable"] == ["yes"]
    assert "After the first round in any case." in manager.get(base(study)).text
    rounds = f"/g/{SLUG}/validation/"
    assert "Round 1 is being prepared" in manager.get(rounds).text
    study.open_prepared()
    assert "can be prepared once round 1 is closed" in manager.get(rounds).text
    for page_ in ("protocol", "items", "sheet"):
        locked = manager.get(f"{base(study)}/{page_}").text
        assert "this cannot be changed any more" in locked
        assert ">Save" not in locked
    study.close()
    said = (
        "By the stop rule the rounds end here: this was round 1 of at most 1; 2 of 2 items are left without agreement."
    )
    assert said in manager.get(f"{base(study)}/results/").text
    page = manager.get(rounds).text
    assert said in page
    assert "Why one more round" in page
    refused = manager.post(f"{rounds}rounds", data={"version_id": study.version_id, "title": "Once more"})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert "Once more" in refused.text
    asked = {"version_id": study.version_id, "reason": "Nobody answered."}
    answer = manager.post(f"{rounds}rounds", data=asked)
    assert answer.status_code == 303
    assert "Nobody answered." in manager.get(answer.location).text
