"""An expert's pages over HTTP: nothing happens by looking, nothing leaks, and everything works without scripts."""

from __future__ import annotations

import itertools
import re

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.services import panel, pilots, rating, seating, seats, validation
from app.uow import Database
from models.validation import Expert, Rating, Remark, RemarkKind, Round, RoundState, Seat
from models.versions import VersionItem
from tests.cast import Browser, sign_in_token
from tests.panels import Study, build_study


@pytest.fixture
def study(app: Flask, database: Database) -> Study:
    app.test_client_class = Browser
    study = build_study(database)
    study.open()
    return study


def browser(app: Flask) -> Browser:
    made = app.test_client()
    assert isinstance(made, Browser)
    return made


def seated(app: Flask, study: Study, number: int = 0) -> Browser:
    """An expert who has pressed Continue and agreed."""
    expert = browser(app)
    expert.post(f"/r/{study.tokens[number]}")
    expert.post("/rate/sheet", data={"agrees": "yes", "acknowledgement": "thanked"})
    return expert


def rows(study: Study) -> list[tuple[int | None, str, int | None]]:
    with study.database.reading() as uow:
        found = uow.session.execute(select(Rating).order_by(Rating.id)).scalars()
        return [(row.version_item_id, row.dimension, row.value) for row in found]


def test_looking_at_a_link_changes_nothing_and_continue_leads_to_a_clean_address(app: Flask, study: Study) -> None:
    """Abuse cases 34, 35 and 36."""
    token, expert = study.tokens[0], browser(app)
    for method in ("GET", "HEAD"):
        answer = expert.open(f"/r/{token}", method=method)
        assert answer.status_code == 200
    page = expert.get(f"/r/{token}").text
    assert "Continue" in page
    assert "og:url" not in page
    assert token not in re.sub(r'action="[^"]*"', "", page)
    with study.database.reading() as uow:
        assert uow.session.execute(select(Seat).where(Seat.started_at.is_not(None))).first() is None
    answer = expert.post(f"/r/{token}")
    assert (answer.status_code, answer.location) == (303, "/rate/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert token not in cookie
    for address in (f"/r/{token}", "/rate/"):
        headers = expert.get(address).headers
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
    assert browser(app).post(f"/r/{token}", csrf=False).status_code == 400


def test_an_expert_rates_without_scripts_from_consent_to_receipt(app: Flask, study: Study) -> None:
    expert = browser(app)
    expert.post(f"/r/{study.tokens[0]}")
    assert "Before you begin" in expert.get("/rate/").text
    assert expert.get(f"/rate/item/{study.rated[0].id}").location == "/rate/"
    refused = expert.post("/rate/sheet", data={"interests": "None."})
    assert refused.status_code == 422
    assert "Tick the box" in refused.text
    assert "None." in refused.text
    expert.post("/rate/sheet", data={"agrees": "yes", "acknowledgement": "named"})
    first, second = (f"/rate/item/{item.id}" for item in study.rated)
    assert "Not started" in expert.get("/rate/").text
    answer = expert.post(first, data={"score-relevance": "2", "score-applicability": "", "comment": "Too vague."})
    assert answer.location == second
    answer = expert.post(second, data={"score-relevance": "9", "score-applicability": "8"})
    assert answer.location == f"/rate/missing/{study.element_id}"
    answer = expert.post(answer.location, data={"missing": "Who pays?"})
    assert answer.location == "/rate/whole"
    assert "still" in expert.post("/rate/send").text.lower()
    answer = expert.post("/rate/whole", data={"score-whole_face_validity": "7", "score-whole_potential": "6"})
    assert answer.location == "/rate/review"
    assert expert.post("/rate/send").location == "/rate/sent"
    assert "Thank you" in expert.get("/rate/sent").text
    assert expert.post(first, data={"score-relevance": "3"}).status_code == 303
    one, two = (item.id for item in study.rated)
    assert rows(study) == [
        (one, "relevance", 3), (one, "applicability", None), (two, "relevance", 9), (two, "applicability", 8),
        (None, "whole_face_validity", 7), (None, "whole_potential", 6),
    ]  # fmt: skip


def test_what_is_typed_is_kept_when_it_is_refused(app: Flask, study: Study) -> None:
    """Abuse cases 28 and 29 over HTTP."""
    expert, item = seated(app, study), study.rated[0].id
    for wrong in ("0", "10", "1.5", "nan", "-1", "９", "7 "):
        answer = expert.post(f"/rate/item/{item}", data={"score-relevance": wrong, "comment": "My words."})
        assert answer.status_code == 422
        assert "My words." in answer.text
    autosaved = expert.post(f"/rate/item/{item}", data={"score-relevance": "99"}, headers={"X-Autosave": "1"})
    assert (autosaved.status_code, autosaved.json["code"]) == (422, "off_scale")
    with study.database.reading() as uow:
        principle = uow.session.execute(select(VersionItem.id).where(VersionItem.id == study.element_id)).scalar_one()
    for foreign in (999, principle):
        assert expert.post(f"/rate/item/{foreign}", data={"score-relevance": "5"}).status_code == 404
    assert rows(study) == []
    stored = expert.post(f"/rate/item/{item}", data={"score-relevance": "2"}, headers={"X-Autosave": "1"})
    told = {"value": 1, "max": 6, "words": "1 of 6", "wants_comment": True, "next": f"/rate/item/{study.rated[1].id}"}
    assert stored.json == told


def test_after_close_or_revoke_every_page_is_the_same_kind_one(app: Flask, study: Study) -> None:
    """Abuse case 25; 32 for links nobody was given."""
    expert, item = seated(app, study), study.rated[0].id
    assert browser(app).get("/r/" + "x" * 43).status_code == 404
    assert browser(app).get("/rate/").status_code == 404
    study.close()
    addresses = (f"/r/{study.tokens[0]}", "/rate/", f"/rate/item/{item}", "/rate/review")
    pages = set()
    for address in addresses:
        answer = expert.get(address)
        assert answer.status_code == 410
        pages.add(re.sub(r'(content|value|nonce)="[^"]*"', "", answer.text))
    assert len(pages) == 1
    assert "This review is over" in pages.pop()
    assert expert.post(f"/rate/item/{item}", data={"score-relevance": "5"}).status_code == 410
    autosaved = expert.post(f"/rate/item/{item}", data={"score-relevance": "5"}, headers={"X-Autosave": "1"})
    assert autosaved.status_code == 410
    assert rows(study) == []


def test_an_expert_sees_the_frozen_words_and_nothing_of_the_group(app: Flask, study: Study) -> None:
    """Abuse cases 39 and 59."""
    expert, item = seated(app, study), study.rated[0]
    seated(app, study, 1).post(f"/rate/item/{item.id}", data={"score-relevance": "1", "comment": "Other expert."})
    page = expert.get(f"/rate/item/{item.id}").text
    for words in (item.title, item.text, item.why, item.summary, "Specification of 1"):
        assert words in page
    assert "Other expert." not in page
    with study.database.reading() as uow:
        assert uow.session.get_one(Round, study.round_id).version_sha256 in expert.get("/rate/").text
        assert uow.session.execute(select(Remark)).scalars().all()[0].text == "Other expert."
    for address in ("", "blueprint/", "validation/", f"validation/rounds/{study.round_id}", "versions/", "people"):
        assert expert.get(f"/g/north-vale/{address}").status_code in {302, 404}


def test_a_lost_link_page_says_the_same_to_everyone(app: Flask, study: Study) -> None:
    """Abuse case 33."""
    answers = []
    for email in ("expert1@example.org", "nobody@example.org"):
        answer = browser(app).post("/r/", data={"email": email})
        answers.append((answer.status_code, re.sub(r'(content|value|nonce)="[^"]*"', "", answer.text)))
    assert len(set(answers)) == 1
    mistyped = browser(app).post("/r/", data={"email": "not an address"})
    assert (mistyped.status_code, "Enter an e-mail address" in mistyped.text) == (422, True)
    assert 'value="not an address"' in mistyped.text


def test_a_forged_or_outdated_cookie_opens_nothing(app: Flask, study: Study) -> None:
    """Abuse case 43."""
    expert = seated(app, study)
    with study.database.writing() as uow:
        other = uow.session.execute(select(Seat).where(Seat.started_at.is_(None))).scalars().first()
        assert other is not None
        mark = seating.mark_of(uow.keys, other)
    with expert.session_transaction() as session:
        session["seat"] = [session["seat"][0], mark]
    assert expert.get("/rate/").status_code == 404
    for broken in ("x", [1], [1, 2], ["1", mark]):
        with expert.session_transaction() as session:
            session["seat"] = broken
        assert expert.get("/rate/").status_code == 404


def posts_of(page: str) -> dict[str, dict[str, str]]:
    """What each form of a page would post without being touched, by its address: its hidden fields."""
    forms = re.findall(r'<form[^>]* action="([^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL)
    hidden = r'<input type="hidden" name="([^"]+)" value="([^"]*)"'
    return {address: dict(re.findall(hidden, inside)) for address, inside in forms}


def test_a_page_of_another_link_opened_in_the_same_browser_does_nothing(app: Flask, study: Study) -> None:
    """A browser holds one seat; a tab that still shows another's must neither write, agree nor withdraw as that one."""
    shared, item = browser(app), study.rated[0].id
    words = "My own words."
    shared.post(f"/r/{study.tokens[2]}")
    sheet = posts_of(shared.get("/rate/").text)
    shared.post("/rate/sheet", data={**sheet["/rate/sheet"], "agrees": "yes", "acknowledgement": "thanked"})
    forms: dict[str, dict[str, str]] = sheet
    addresses = ("", "sheet", f"item/{item}", "grid", f"missing/{study.element_id}", "whole", "withdraw")
    shared.post(f"/rate/item/{item}", data={"score-relevance": "5"})
    for address in addresses:
        forms |= posts_of(shared.get(f"/rate/{address}").text)
    shared.post("/rate/whole", data={"score-whole_face_validity": "7", "score-whole_potential": "6"})
    shared.post(
        "/rate/grid",
        data={f"score-{one.id}-{key}": "5" for one in study.rated for key in ("relevance", "applicability")},
    )
    forms |= posts_of(shared.get("/rate/review").text)
    rules = app.url_map.iter_rules()
    posted = {rule.rule for rule in rules if rule.endpoint.startswith("rating.") and "POST" in (rule.methods or ())}
    assert {re.sub(r"\d+", "<int:item_id>", address) for address in forms} == {
        rule for rule in posted if rule.startswith("/rate/")
    }, "every page that posts says whose it is"  # fmt: skip
    before = rows(study)

    # Now somebody else comes in, in another tab, and the first tab is pressed on.
    shared.post(f"/r/{study.tokens[1]}")
    typed = {"agrees": "yes", "acknowledgement": "named", "answers": "delete", "comment": words, "whole": words,
             "missing": words, "interests": words, "score-relevance": "1", "language": "nl"}  # fmt: skip
    for address, marks in forms.items():
        assert {"seat", "reads"} <= marks.keys(), address
        for given in (marks, {**marks, "reads": "xx"}, {}, {"seat": "x"}):
            answer = shared.post(address, data={**given, **typed}, of_seat=False)
            assert (answer.status_code, answer.location) == (409, None), address
            assert "Another link was opened in this browser." in answer.text
            assert words in answer.text
            assert "/rate/" not in answer.text
        quiet = shared.post(address, data={**marks, **typed}, of_seat=False, headers={"X-Autosave": "1"})
        assert (quiet.status_code, quiet.json) == (409, {"code": "other_link"})
        # An old page, which does not say whose it is, loads itself anew on this.
        assert shared.post(address, data=typed, of_seat=False, headers={"X-Autosave": "1"}).status_code == 410
    dutch = shared.post("/rate/withdraw", data={**forms["/rate/withdraw"], "reads": "nl"}, of_seat=False)
    assert '<html lang="nl">' in dutch.text
    assert "In deze browser is een andere link geopend." in dutch.text
    assert rows(study) == before
    with study.database.reading() as uow:
        seats_now = uow.session.execute(select(Seat)).scalars().all()
        assert [seat.consented_at is not None for seat in seats_now].count(True) == 1
        assert not any(seat.withdrew_at or seat.sent_at or seat.conflict_of_interest for seat in seats_now)
    assert '<html lang="en">' in shared.get("/rate/").text
    shared.post(f"/r/{study.tokens[2]}")
    assert shared.post(f"/rate/item/{item}", data={**forms[f"/rate/item/{item}"], **typed}).status_code == 303


def test_the_panel_manager_prepares_opens_reminds_and_closes_on_pages(app: Flask, database: Database) -> None:
    app.test_client_class = Browser
    study = build_study(database, criteria=1, experts=0)
    manager, lead = browser(app), browser(app)
    manager.enter(sign_in_token(database, study.cast.panel_manager))
    lead.enter(sign_in_token(database, study.cast.facilitator))
    base = "/g/north-vale/validation"
    form = {"name": "Ann Invented", "email": "ann@example.org", "scope": "national", "expertise": "legal, ethics"}
    assert manager.post(f"{base}/panel/experts", data=form).status_code == 303
    assert manager.post(f"{base}/panel/experts", data={**form, "email": "x"}).status_code == 422
    assert manager.post(f"{base}/panel/experts", data=form).status_code == 409
    with database.reading() as uow:
        ann = uow.session.execute(select(func.max(Expert.id))).scalar_one()
    correct = f"{base}/panel/experts/{ann}"
    refused = manager.post(correct, data={"name": "Ann Typed", "email": "x"})
    assert (refused.status_code, f'id="email-{ann}-error"' in refused.text) == (422, True)
    assert refused.text.count('value="Ann Typed"') == 1  # in the form that was refused, not in the one that adds
    assert manager.post(correct, data={"name": "Ann Invented", "email": "ann2@example.org"}).status_code == 303
    assert "ann2@example.org" in manager.get(f"{base}/panel/").text
    assert lead.post(correct, data={"name": "A", "email": "a@example.org"}).status_code == 403
    answer = manager.post(f"{base}/rounds", data={"version_id": str(study.version_id), "template": "rand"})
    address = answer.location
    page = manager.get(address).text
    assert "Anything on relevance" in page
    assert lead.get(address).status_code == 200
    assert "Ann Invented" not in lead.get(address).text
    fields = {
        "name-0": "Clarity", "question-0": "How clear is it?", "scale-0": "1-4", "rule": "cvi", "percentile_type": "7",
        "minimum_cell": "3", "feedback": "none", "reminders_most": "2", "reminder_gap_days": "3",
        "most_rounds": "2", "stop_rule": "Two.",
    }  # fmt: skip
    faulty = manager.post(f"{address}/protocol", data={**fields, "rule": "ram"})
    assert faulty.status_code == 422
    assert "fits none of the scales" in faulty.text
    assert "How clear is it?" in faulty.text
    assert (
        manager.post(f"{address}/protocol", data={**fields, "action": "add"}).text.count("dimension__row--three") == 2
    )
    assert manager.post(f"{address}/protocol", data=fields).status_code == 303
    for page_ in ("protocol", "items", "sheet"):
        assert manager.get(f"{address}/{page_}").status_code == 200
        assert lead.get(f"{address}/{page_}").status_code == 403
    assert manager.post(f"{address}/items", data={"items": "999"}).status_code == 422
    assert manager.post(f"{address}/open", data={"closes_on": "2026-01-01"}).status_code == 422
    assert lead.post(f"{address}/open", data={"closes_on": "2026-03-20"}).status_code == 403
    assert manager.post(f"{address}/open", data={"closes_on": "2026-03-20"}).status_code == 303
    assert "Ann Invented" in manager.get(address).text
    number = address.rpartition("/")[2]
    assert "The next reminder can go out from" in manager.get(address).text
    assert manager.post(f"{base}/panel/rounds/{number}/remind").status_code == 303
    assert "No reminder was sent." in manager.get(address).text
    assert manager.post(f"{base}/panel/experts", data={**form, "email": "bea@example.org"}).status_code == 303
    with database.reading() as uow:
        late = uow.session.execute(select(func.max(Expert.id))).scalar_one()
    refused = manager.post(f"{base}/panel/rounds/{number}/invite", data={"expert_id": str(late), "reason": ""})
    assert (refused.status_code, 'id="invite-reason-error"' in refused.text) == (422, True)
    assert manager.post(f"{address}/close", data={"reason": ""}).status_code == 422
    assert manager.post(f"{address}/close", data={"reason": "A test."}).status_code == 303
    assert manager.get(f"{base}/panel/rounds/{number}/comments").status_code == 200
    with database.reading() as uow:
        assert uow.session.get_one(Round, int(number)).state is RoundState.CLOSED
    stranger = browser(app)
    stranger.enter(sign_in_token(database, study.cast.stranger))
    assert stranger.get(address).status_code == 404
    assert stranger.get(address.replace("north-vale", "south-vale")).status_code == 404


def test_versions_are_locked_read_and_compared_on_pages(app: Flask, database: Database) -> None:
    app.test_client_class = Browser
    study = build_study(database, experts=0)
    lead, member = browser(app), browser(app)
    lead.enter(sign_in_token(database, study.cast.facilitator))
    member.enter(sign_in_token(database, study.cast.member))
    base = "/g/north-vale/versions"
    assert member.post(f"{base}/new", data={"reason": "x"}).status_code == 403
    assert lead.post(f"{base}/new", data={"title": "Kept"}).status_code == 422
    made = lead.post(f"{base}/new", data={"title": "Blueprint", "reason": "For the experts."})
    assert made.status_code == 303
    page = member.get(made.location).text
    assert "Locked without a decision of the group, because: For the experts." in page
    assert "How to check it" in page
    assert member.get(f"{made.location}/difference?to={study.version_id}").status_code == 200
    for form, kind in (("json", "application/json"), ("md", "text/markdown"), ("csv", "text/csv")):
        file = member.get(f"{made.location}/version.{form}")
        assert (file.status_code, file.mimetype) == (200, kind)
    assert member.get(f"{made.location}/version.exe").status_code == 404
    assert member.get(f"/g/north-vale/versions/{study.version_id + 99}").status_code == 404
    stranger = browser(app)
    stranger.enter(sign_in_token(database, study.cast.stranger))
    for address in (made.location, made.location.replace("north", "south"), f"{made.location}/version.json"):
        assert stranger.get(address).status_code == 404


def test_withdrawing_offers_to_leave_the_answers(app: Flask, study: Study) -> None:
    expert = seated(app, study)
    assert "keep my answers" not in expert.get("/rate/withdraw").text  # there are none yet
    expert.post(f"/rate/item/{study.rated[0].id}", data={"score-relevance": "7"})
    page = expert.get("/rate/withdraw").text
    assert "1 of 6 answers" in page
    answer = expert.post("/rate/withdraw", data={"answers": "keep"})
    assert "will count" in answer.text
    assert len(rows(study)) == 1
    assert expert.get("/rate/").status_code == 404
    other = seated(app, study, 1)
    other.post(f"/rate/item/{study.rated[0].id}", data={"score-relevance": "7"})
    assert "have been deleted" in other.post("/rate/withdraw", data={"answers": "delete"}).text
    assert len(rows(study)) == 1


def test_a_pilot_is_told_so_on_every_page(app: Flask, study: Study) -> None:
    """Scores of a try-out are never counted, and nobody who gives them should think otherwise."""
    study.close()
    manager, group_id = study.cast.panel_manager, study.cast.group_id
    with study.database.writing() as uow:
        form = panel.SeatForm("Pilot Invented", "pilot@example.org", "national", is_pilot=True)
        panel.add_expert(uow, manager, panel_id=study.panel_id, form=form)
        made = validation.create_round(uow, manager, group_id=group_id, version_id=study.version_id)
        validation.choose_items(uow, manager, round_id=made.id, item_ids=[item.id for item in study.rated])
        pilots.start(uow, manager, round_id=made.id)
        study.round_id = made.id
    with study.database.reading() as uow:
        seat = uow.session.execute(select(Seat).where(Seat.round_id == made.id)).scalar_one()
        study.tokens = [seats.token_of(uow.keys, seat)]
    expert = seated(app, study)
    for address in ("/rate/", f"/rate/item/{study.rated[0].id}", "/rate/review"):
        page = expert.get(address).text
        assert "You are trying this out before the experts get it" in page, address
        assert "closes on" not in page
    assert "your scores do not count, whatever it says below" in expert.get("/rate/sheet").text
    study.open_prepared()
    over = expert.get("/rate/")
    assert over.status_code == 410
    assert "are never counted" in over.text
    assert "before the round closed count" not in over.text


def test_the_grid_takes_numbers_and_x_all_or_none(app: Flask, study: Study) -> None:
    expert = seated(app, study)
    first, second = (item.id for item in study.rated)
    page = expert.get("/rate/grid").text
    assert page.count('name="score-') == 4
    typed = {f"score-{first}-relevance": "7", f"score-{first}-applicability": " X ", f"score-{second}-relevance": "12"}
    refused = expert.post("/rate/grid", data=typed)
    assert refused.status_code == 422
    assert "Type a number from 1 to 9, or x" in refused.text
    assert 'value="12"' in refused.text
    assert rows(study) == []
    typed[f"score-{second}-relevance"] = ""
    saved = expert.post("/rate/grid", data=typed, headers={"X-Autosave": "1"})
    assert saved.get_json()["words"] == "2 of 6"
    assert rows(study) == [(first, "relevance", 7), (first, "applicability", None)]
    again = expert.get("/rate/grid").text
    assert re.search(rf'name="score-{first}-applicability"[^>]*value="x"', again)
    assert expert.post("/rate/grid", data={f"score-{first}-relevance": "8"}).status_code == 303
    assert rows(study)[0] == (first, "relevance", 8)  # what was left out stays as it was
    assert len(rows(study)) == 2
    assert browser(app).get("/rate/grid").status_code == 404


def test_the_grid_and_the_review_say_what_was_given(app: Flask, study: Study) -> None:
    """In the second round the grid shows last time's score and the panel's median; the review lists every answer."""
    for place, token in enumerate(study.tokens):
        study.answer(token, {"relevance": [8, 2 if place < 3 else 9], "applicability": [7, None if place == 0 else 8]})
    study.close()
    study.open(feedback="groups")
    [contested] = study.rated
    expert = seated(app, study)
    page = expert.get("/rate/grid").text
    assert "Below a field stands what was given when these words were last rated" in page
    below = [
        " ".join(re.sub("<[^>]*>", " ", each).split())
        for each in re.findall(r'id="score-[^"]*-before">(.*?)</td>', page, re.DOTALL)
    ]
    assert below == ["you 2 median 9 National 2 International 9", "you x median 8 National 8 International 8"]
    given = {"score-relevance": "4", "score-applicability": "", "comment": "Hm."}
    expert.post(f"/rate/item/{contested.id}", data=given)
    review = expert.get("/rate/review").text
    found = " ".join(re.sub("<[^>]*>", " ", review.partition("All that you have answered")[2]).split())
    assert f"{contested.reference} {contested.title} Relevance 4 Applicability cannot judge Hm." in found
    expert.post("/rate/send")
    assert 'href="/rate/review"' in expert.get("/rate/").text.partition("Look through my answers")[0][-200:]
    assert re.search(r"<details[^>]* open", expert.get("/rate/review").text)


def test_a_first_round_says_nothing_of_one_before(app: Flask, study: Study) -> None:
    page = seated(app, study).get("/rate/grid").text
    assert "Below a field stands" not in page
    assert "-before" not in page


def test_a_refusal_is_a_sentence_and_a_way_back(app: Flask, study: Study) -> None:
    """Two tabs: one still asks for agreement when the other already answers."""
    expert = browser(app)
    expert.post(f"/r/{study.tokens[0]}")
    answer = expert.post(f"/rate/item/{study.rated[0].id}", data={"score-relevance": "7"})
    assert answer.status_code == 403
    assert "Read the information sheet and agree to take part first." in answer.text
    assert 'href="/rate/"' in answer.text
    quiet = expert.post(f"/rate/item/{study.rated[0].id}", data={"score-relevance": "7"}, headers={"X-Autosave": "1"})
    assert (quiet.status_code, quiet.get_json()["code"]) == (403, "no_consent")


def test_a_link_that_is_no_longer_in_use_is_no_guess(app: Flask, study: Study) -> None:
    with study.database.writing() as uow:
        uow.session.execute(update(Seat).values(revoked_at=uow.now))
    visitor = browser(app)
    assert {visitor.get(f"/r/{study.tokens[0]}").status_code for _ in range(70)} == {410}
    assert visitor.get("/r/guess-that-is-as-long-as-a-token-would-be-here").status_code == 404


def test_what_was_written_one_after_the_other_is_not_numbered_so(study: Study) -> None:
    """Abuse case 48: a comment's id stands in pages of the group."""
    with study.database.writing() as uow:
        place = seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id)
        rating.consent(uow, place, agrees=True, acknowledgement="thanked")
    with study.database.writing() as uow:
        place = seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id)
        for number in range(2):
            for kind in (RemarkKind.COMMENT, RemarkKind.WORDING):
                rating.remark(uow, place, {(study.rated[number].id, kind): "Mine."})
    with study.database.reading() as uow:
        ids = sorted(uow.session.execute(select(Remark.id)).scalars())
    assert len(ids) == 4
    assert min(b - a for a, b in itertools.pairwise(ids)) > 50, "by chance once in millions of runs"


def test_a_whole_conference_behind_one_address_opens_its_links(app: Flask, study: Study) -> None:
    """Only guesses are counted: eighty visits and forty arrivals from one address are let in."""
    visitor = browser(app)
    assert {visitor.get(f"/r/{study.tokens[number % 3]}").status_code for number in range(80)} == {200}
    assert {browser(app).post(f"/r/{study.tokens[number % 3]}").status_code for number in range(40)} == {303}
