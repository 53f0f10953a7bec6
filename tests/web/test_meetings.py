"""Sessions over HTTP: coming in by code, a vote from open to decision, the projector, files, foreign addresses."""

from __future__ import annotations

import html
import io
import re
from datetime import date, time

import docx
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.policy import SYSTEM, Actor
from app.services import attendance, decisions, descent, documents, groups, items, meetings, outline, polls, stages
from app.uow import Database, UnitOfWork
from models.documents import Document, Field
from models.items import Kind
from models.meetings import Meeting, MeetingState
from models.polls import Choice, Outcome
from tests.cast import Browser, sign_in_token
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall


@pytest.fixture
def hall(app: Flask, database: Database) -> Hall:
    return build_hall(database)


def browser(app: Flask, hall: Hall, actor: Actor | None = None) -> Browser:
    """A browser, signed in as the actor."""
    made = app.test_client()
    assert isinstance(made, Browser)
    if actor is not None:
        made.enter(sign_in_token(hall.database, actor))
    return made


def base(hall: Hall) -> str:
    return f"/g/{hall.slug}/sessions/{hall.meeting_id}"


def test_a_series_is_planned_and_its_run_sheet_edited_by_buttons(app: Flask, hall: Hall) -> None:
    fay = browser(app, hall, hall.who["Fay"])
    plan = f"/g/{hall.slug}/sessions/plan"
    refused = fay.post(plan, data={"what": "series", "day": "", "at": "14:00", "place": "Town hall"})
    assert refused.status_code == 422
    assert 'value="Town hall"' in refused.text
    assert "Enter the day" in refused.text
    made = fay.post(plan, data={"what": "series", "day": "2026-03-12", "at": "14:00:30+02:00", "place": ""})
    assert made.status_code == 303
    with hall.database.reading() as uow:
        begin = uow.session.execute(select(Meeting.starts_at)).scalars().all()
        assert {(each.second, each.microsecond) for each in begin} == {(0, 0)}, "forms show minutes"
    listed = fay.get(made.location).text
    assert "Thursday 9 April 2026 at 14:00 (BST)" in listed
    assert "Legal and the whole blueprint" in listed
    assert (
        "Legal and the whole blueprint" not in browser(app, hall, hall.who["Ana"]).get(f"/g/{hall.slug}/sessions").text
    )

    sheet = fay.get(f"{base(hall)}/plan").text
    stage_ids = re.findall(r'id="stage-(\d+)"', sheet)
    fay.post(f"{base(hall)}/stages/{stage_ids[2]}/move", data={"by": "-1"})
    moved = re.findall(r'id="stage-(\d+)"', fay.get(f"{base(hall)}/plan").text)
    assert moved == [stage_ids[0], stage_ids[2], stage_ids[1]]
    wrong = fay.post(f"{base(hall)}/stages", data={"title": "Longer", "kind": "discuss", "minutes": "9999"})
    assert wrong.status_code == 422
    assert 'value="9999"' in wrong.text
    assert (
        fay.post(f"{base(hall)}/stages", data={"title": "Extra", "kind": "discuss", "minutes": "5"}).status_code == 303
    )
    assert fay.post(f"{base(hall)}/stages/{stage_ids[0]}/remove").status_code == 303
    entry = fay.get(f"{base(hall)}/calendar.ics")
    assert f"/g/{hall.slug}/sessions/{hall.meeting_id}" in entry.text.replace("\r\n ", "")


def test_guests_come_in_by_code_and_are_told_what_is_wrong(app: Flask, hall: Hall) -> None:
    hall.open()
    code = hall.meeting().join_code or ""
    guest = browser(app, hall)
    wrong = guest.post("/join", data={"code": "12 34"})
    assert wrong.status_code == 404
    assert "Check the six digits" in wrong.text
    assert 'value="12 34"' in wrong.text
    assert guest.post("/join", data={"code": f"{code[:3]} {code[3:]}"}).location == f"/join/{code}"
    page = guest.get(f"/join/{code}").text
    chosen = re.search(r'value="(\d+)"[^>]*>Legal<', page)
    assert chosen
    missing = guest.post(f"/join/{code}", data={"name": "Gus Guest", "constituency": "0"})
    assert missing.status_code == 422
    assert 'value="Gus Guest"' in missing.text
    answers = {"name": "Gus Guest", "organisation": "Elsewhere", "constituency": chosen[1]}
    assert guest.post(f"/join/{code}", data=answers).location == "/join/waiting"
    assert "Please wait" in guest.get("/join/waiting").text
    assert guest.get(f"{base(hall)}/room").status_code == 404
    mark = guest.get("/join/waiting/live").headers["ETag"]
    assert guest.get("/join/waiting/live", headers={"If-None-Match": mark}).status_code == 304

    fay = browser(app, hall, hall.who["Fay"])
    shown = fay.get(f"{base(hall)}/console").text
    assert "Gus Guest" in shown
    waiting = re.findall(r'name="person_id" value="(\d+)"', shown)
    assert "Somebody of this name is in already" not in shown
    hall.guest("Lea Later", "Legal", let_in=False)  # comes after the page was shown, and is not let in by it
    assert fay.post(f"{base(hall)}/console/guests", data={"let_in": "yes", "person_id": waiting}).status_code == 303
    hall.guest("gus guest", "Legal", let_in=False)  # the same one, on another telephone
    still = fay.get(f"{base(hall)}/console").text.split("wait to be let in", 1)[1].split("</ul>")[0]
    assert "Lea Later" in still
    assert still.count("Somebody of this name is in already") == 1
    assert f'data-go="{base(hall)}/room"' in guest.get("/join/waiting/live").text
    assert guest.get(f"{base(hall)}/room").status_code == 200
    for place in ("", "/console", "/minutes", "/console/live"):
        assert guest.get(f"{base(hall)}{place}").status_code in (403, 404), place
    assert guest.get(f"/g/{hall.slug}/sessions/decisions").status_code in (403, 404)


def test_wrong_codes_run_out(app: Flask, hall: Hall) -> None:
    app.extensions["limiter"]  # it is there
    hall.open()
    visitor = browser(app, hall)
    statuses = [visitor.get(f"/join/{code:06d}").status_code for code in range(45)]
    assert set(statuses[:40]) == {404}
    assert statuses[-1] == 429


def test_one_vote_from_open_to_a_numbered_decision(app: Flask, hall: Hall, clock: SetClock) -> None:
    hall.open("Ana", "Leo", "Fay")
    people = {name: browser(app, hall, hall.who[name]) for name in ("Fay", "Ana", "Leo", "Pat")}
    revision = {"revision": hall.meeting().revision}
    console, room = f"{base(hall)}/console", f"{base(hall)}/room"
    shown = people["Fay"].post(f"{console}/item", data={"item_id": ""}, headers={"Accept": "application/json"})
    assert (shown.status_code, shown.json) == (200, {"said": "", "item": None, "undo": None})
    assert people["Fay"].post(f"{console}/advance", data=revision).status_code == 303
    stale = people["Fay"].post(f"{console}/advance", data=revision)
    assert stale.status_code == 409
    assert "already moved on" in stale.text
    assert "Start Decide on" in stale.text, "the page shows where the session is now"
    people["Fay"].post(f"{console}/advance", data={"revision": hall.meeting().revision})

    page = people["Ana"].get(room).text
    assert "then they are shown with names" in page
    vote = re.search(rf'action="({base(hall)}/polls/\d+/vote)"', page)
    assert vote
    refused = people["Ana"].post(vote[1], data={"choice": "no", "reason": " "})
    assert refused.status_code == 422
    assert "Say what change" in refused.text
    people["Ana"].post(vote[1], data={"choice": "no", "reason": "Name the lead"})
    people["Leo"].post(vote[1], data={"choice": "yes"})
    assert people["Pat"].post(vote[1], data={"choice": "yes"}).status_code == 403, "not here when it opened"
    screen = re.search(r'href="http://[^"]+(/screen/[^"]+)"', people["Fay"].get(console).text)
    assert screen
    for text in (people["Fay"].get(console).text, people["Leo"].get(room).text, people["Pat"].get(screen[1]).text):
        assert "Name the lead" not in text
        assert "2 of 3 voted" in text
    poll = vote[1].removesuffix("/vote")
    assert people["Ana"].post(f"{poll}/close").status_code == 403
    people["Fay"].post(f"{poll}/close")
    page = people["Fay"].get(console).text
    reason, closed = page.index("Name the lead"), page.index("Who said what")
    assert reason < page.index("Outcome sentence") < closed, "what objectors say comes first, and open"
    assert "<details" not in page[page.index('id="decide-') : reason]
    assert page.count("(50% of 2)") == 2, "a yes and a no of two votes, though three could vote"
    assert "Shares are of the 2 votes given." in page
    bars = re.findall(r'<progress class="(progress--\d)"', page[page.index('id="decide-') :])
    assert bars == ["progress--1", "progress--2", "progress--3"], "in the colours of the legend"
    assert "reads the result" in people["Leo"].get(room).text
    assert "Name the lead" not in people["Leo"].get(room).text
    late = people["Leo"].post(vote[1], data={"choice": "no", "reason": "Too late"})
    assert late.status_code == 410
    decide = {"outcome": "agreed", "sentence": "We agree C1."}
    without_reason = people["Fay"].post(f"{poll}/decision", data=decide)
    assert without_reason.status_code == 422
    assert "We agree C1." in without_reason.text
    people["Fay"].post(f"{poll}/decision", data=decide | {"departs_because": "Ana is content with the minutes"})
    assert "Name the lead" in people["Leo"].get(room).text
    wall = people["Pat"].get(screen[1]).text
    assert "We agree C1." in wall
    assert "(50% of 2)" in wall
    assert "Name the lead" not in wall
    assert "Ana Acute" not in wall
    log = people["Pat"].get(f"/g/{hall.slug}/sessions/decisions")
    assert "We agree C1." in log.text
    decision = re.search(rf'href="(/g/{hall.slug}/sessions/decisions/\d+)"', log.text)
    assert decision
    assert "Leadership is shared" in people["Pat"].get(decision[1]).text
    with hall.database.writing() as uow:
        texts = documents.documents_of(uow.session, [hall.item_id])[hall.item_id]
        documents.replace_text(uow, hall.who["Fay"], texts[Field.TEXT], "Partners share all leadership.")
    page = people["Leo"].get(decision[1]).text
    assert "Changed since decided" in page
    assert "[added: </span>" in page
    assert people["Leo"].post(f"{decision[1]}/correction").status_code == 303
    same = people["Fay"].post(f"{decision[1]}/correction")
    assert same.status_code == 409, "the second confirmation has to come from another side"
    correction = re.search(r'name="correction_id" value="(\d+)"', people["Pat"].get(decision[1]).text)
    assert correction
    assert people["Pat"].post(f"{decision[1]}/correction", data={"correction_id": correction[1]}).status_code == 303
    assert "Minor correction since" in people["Ana"].get(decision[1]).text


def test_what_was_decided_is_compared_with_the_words_of_today(app: Flask, hall: Hall, clock: SetClock) -> None:
    hall.open("Ana", "Leo")
    fay = hall.who["Fay"]
    with hall.database.writing() as uow:
        poll = polls.open_poll(uow, fay, meeting_id=hall.meeting_id, item_id=hall.item_id)
        for name in ("Ana", "Leo"):
            polls.vote(uow, hall.who[name], poll_id=poll.id, choice=Choice.YES)
        polls.close_poll(uow, fay, poll_id=poll.id)
    clock.advance(minutes=1)
    with hall.database.writing() as uow:
        texts = documents.documents_of(uow.session, [hall.item_id])[hall.item_id]
        documents.replace_text(uow, fay, texts[Field.TEXT], "Partners share all leadership.")
    clock.advance(minutes=1)
    with hall.database.writing() as uow:
        decisions.record_decision(uow, fay, poll_id=poll.id, outcome=Outcome.AGREED, sentence="So be it.")
    ana, place = browser(app, hall, hall.who["Ana"]), f"/g/{hall.slug}/blueprint/items/{hall.item_id}"
    decided, edited, *_ = re.findall(r'<li class="moment moment--(?s:.)*?</li>', ana.get(place).text)
    assert ("So be it." in decided, "compare with now" in decided) == (True, True)
    assert "compare with now" not in edited, "those are the words of today"
    rows = re.findall(r'<tr class="moment moment--(?s:.)*?</tr>', ana.get(f"{place}/history").text)
    assert [re.findall(r'name="(from|to)"[^>]*checked', row) for row in rows[:2]] == [["from"], ["to"]]


def test_closing_drafts_minutes_and_everything_comes_as_word(app: Flask, hall: Hall, clock: SetClock) -> None:
    hall.open("Ana", "Fay")
    fay, ana = browser(app, hall, hall.who["Fay"]), browser(app, hall, hall.who["Ana"])
    guest = hall.guest("Dee Deputy", "Industry")
    console = f"{base(hall)}/console"
    seat = {"person_id": guest.person_id, "for_person_id": hall.who["Pat"].person_id}
    assert fay.post(f"{console}/deputy", data=seat).status_code == 303
    browser(app, hall, hall.who["Leo"]).post(f"{base(hall)}/coming", data={"coming": "no"})
    hall.advance()
    clock.advance(minutes=21)
    action = {"what": "Write to *all* partners", "owner_id": hall.who["Ana"].person_id, "due_on": "2026-03-20"}
    fay.post(f"/g/{hall.slug}/sessions/actions", data=action | {"meeting_id": hall.meeting_id, "from": "console"})
    over = ana.post(f"/g/{hall.slug}/sessions/actions", data={"what": "Keep me", "due_on": "2020-01-01"})
    assert over.status_code == 422
    assert re.search(r'id="new-due_on-error">.*?That day is over', over.text)
    assert 'value="2020-01-01"' in over.text
    bad = ana.post(f"/g/{hall.slug}/sessions/actions", data={"what": "Keep me", "due_on": "tomorrow"})
    assert bad.status_code == 422
    assert "Keep me" in bad.text
    fay.post(f"{console}/decision", data={"sentence": "We meet in the town hall."})
    closed = fay.post(f"{console}/close", data={"revision": hall.meeting().revision})
    assert closed.location == f"{base(hall)}/minutes"
    text = ana.get(closed.location).text
    said = ("Dee Deputy (Elsewhere, for Pat Patient)", "<strong>Apologies</strong>: Leo Lawyer", "took 21 minutes")
    for words in (*said, "We meet in the town hall.", "Write to *all* partners", "not reached"):
        assert words in text, words
    version = re.search(r'name="version" value="(\d+)"', ana.get(f"{closed.location}?correct=1").text)
    assert version
    edit = {"version": version[1], "text": "Corrected minutes"}
    assert ana.post(f"{base(hall)}/minutes", data=edit).status_code == 303
    again = fay.post(f"{base(hall)}/minutes", data=edit | {"text": "Mine"})
    assert again.status_code == 409
    assert "Mine" in again.text
    for address in (f"{base(hall)}/minutes.docx", f"/g/{hall.slug}/sessions/decisions/log.docx",
                    f"/g/{hall.slug}/sessions/actions/log.docx"):  # fmt: skip
        file = docx.Document(io.BytesIO(ana.get(address).data))
        assert file.paragraphs, address
    assert ana.post(f"{base(hall)}/approve").status_code == 403
    page = fay.get(f"{base(hall)}/minutes").text
    approval = re.search(r'action="[^"]*/approve".*?name="version" value="(\d+)"', page, re.DOTALL)
    assert approval
    assert "/approve" not in fay.get(f"{base(hall)}/minutes?correct=1").text, "approved where they are read"
    after = {"version": approval[1], "text": "Corrected once more"}
    assert ana.post(f"{base(hall)}/minutes", data=after).status_code == 303
    unread = fay.post(f"{base(hall)}/approve", data={"version": approval[1], "keep_notes": "yes"})
    assert unread.status_code == 409
    assert "Somebody has corrected the minutes since you opened this page." in unread.text
    assert "Corrected once more" in unread.text
    assert hall.meeting().state is MeetingState.CLOSED
    assert fay.post(f"{base(hall)}/approve").status_code == 409
    read = re.search(r'action="[^"]*/approve".*?name="version" value="(\d+)"', unread.text, re.DOTALL)
    assert read
    assert fay.post(f"{base(hall)}/approve", data={"version": read[1]}).status_code == 303
    assert hall.meeting().state is MeetingState.APPROVED
    assert fay.post(f"{base(hall)}/minutes", data=edit | {"version": "2"}).status_code == 409


def test_foreign_sessions_do_not_exist(app: Flask, hall: Hall) -> None:
    hall.open("Ana")
    with hall.database.writing() as uow:
        other = build_other(uow)
    ana = browser(app, hall, hall.who["Ana"])
    for place in ("", "/room", "/console", "/minutes", "/plan", "/calendar.ics", "/room/live"):
        assert ana.get(f"/g/{hall.slug}/sessions/{other}{place}").status_code in (403, 404), place
    assert ana.post(f"/g/{hall.slug}/sessions/{other}/room/here").status_code == 404
    assert browser(app, hall).get("/screen/AAAA").status_code == 404
    manager = browser(app, hall, hall.who["Max"])
    assert manager.get(base(hall)).status_code == 200
    assert manager.get(f"{base(hall)}/room").status_code == 403


def build_other(uow: UnitOfWork) -> int:
    """A session of another group."""
    group = groups.create_group(uow, SYSTEM, slug="elsewhere", name="Elsewhere (invented)")
    return meetings.plan_meeting(uow, SYSTEM, group_id=group.id, title="Not yours", day=date(2026, 3, 2), at=time(9)).id


def test_the_console_says_that_the_words_moved_before_their_decision(app: Flask, hall: Hall) -> None:
    hall.open("Ana", "Leo")
    hall.advance()
    with hall.database.writing() as uow:
        poll = polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
        polls.vote(uow, hall.who["Ana"], poll_id=poll.id, choice=Choice.YES)
    fay = browser(app, hall, hall.who["Fay"])
    assert "Close the vote? 2 people have not voted yet." in fay.get(f"{base(hall)}/console").text
    with hall.database.writing() as uow:
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)
    assert "have changed since the vote" not in fay.get(f"{base(hall)}/console").text
    with hall.database.writing() as uow:
        text = documents.documents_of(uow.session, [hall.item_id])[hall.item_id][Field.TEXT]
        documents.replace_text(uow, hall.who["Fay"], uow.lock(Document, text.id), "Other words.")
    assert "have changed since the vote" in fay.get(f"{base(hall)}/console").text
    with hall.database.writing() as uow:
        decisions.record_decision(
            uow, hall.who["Fay"], poll_id=poll.id, outcome=Outcome.AGREED, sentence="So be it."
        )  # fmt: skip
    assert "The words have changed since the vote: see what." in fay.get(f"{base(hall)}/console").text


def joined(app: Flask, hall: Hall, name: str) -> Browser:
    """The browser of somebody who has asked to come in by the code."""
    made, code = browser(app, hall), hall.meeting().join_code
    chosen = re.search(r'value="(\d+)"[^>]*>Legal<', made.get(f"/join/{code}").text)
    assert chosen
    made.post(f"/join/{code}", data={"name": name, "organisation": "Elsewhere", "constituency": chosen[1]})
    return made


def test_guests_part_with_thanks_and_the_decisions_they_were_there_for(app: Flask, hall: Hall, clock: SetClock) -> None:
    hall.open("Ana", "Leo")
    pages = {name: joined(app, hall, name) for name in ("Early Guest", "Gus Guest", "Out Guest", "Never Guest")}
    with hall.database.writing() as uow:
        rows = {row.person.name: row.person_id for row in attendance.attendances(uow.session, hall.meeting_id)}
        inside = [rows[name] for name in pages if name != "Never Guest"]
        attendance.decide_guests(uow, hall.who["Fay"], meeting_id=hall.meeting_id, person_ids=inside, let_in=True)
    hall.advance()
    clock.advance(minutes=5)
    with hall.database.writing() as uow:
        attendance.leave(uow, hall.who["Fay"], meeting_id=hall.meeting_id, person_id=rows["Early Guest"])
        attendance.show_out(uow, hall.who["Fay"], meeting_id=hall.meeting_id, person_id=rows["Out Guest"])
    clock.advance(minutes=5)
    hall.advance()
    with hall.database.reading() as uow:
        poll = polls.latest_poll(uow.session, hall.meeting_id)
    assert poll is not None
    with hall.database.writing() as uow:
        polls.vote(uow, hall.who["Ana"], poll_id=poll.id, choice=Choice.YES)
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)
    with hall.database.writing() as uow:
        decisions.record_decision(
            uow, hall.who["Fay"], poll_id=poll.id, outcome=Outcome.AGREED, sentence="We agree with all of it."
        )
        decisions.log_decision(uow, hall.who["Fay"], meeting_id=hall.meeting_id, sentence="We meet on Mondays.")
    clock.advance(minutes=5)
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    clock.advance(minutes=5)
    with hall.database.writing() as uow:
        decisions.log_decision(uow, hall.who["Fay"], meeting_id=hall.meeting_id, sentence="Noted afterwards.")
    said = {name: client.get("/join/waiting").text for name, client in pages.items()}
    mine = " ".join(re.sub(r"<[^>]+>", " ", said["Gus Guest"]).split())
    assert "Thank you for coming" in mine
    assert "Decision 1 : C1.1 Leadership is shared Decision 2 How each" in mine
    assert "Decision 3" not in mine, "noted after the session"
    for sentence in ("We agree with all", "We meet on Mondays", "Noted afterwards"):
        assert not [name for name, page in said.items() if sentence in page]
    assert "Thank you for coming" in said["Early Guest"]
    for name in ("Early Guest", "Never Guest", "Out Guest"):
        assert "Decision" not in said[name], name
    for name in ("Never Guest", "Out Guest"):
        assert "This session is closed" in said[name]
        assert "Thank you for your interest" in said[name]


def test_a_session_that_has_not_begun_is_not_called_closed_to_whoever_would_write_in_it(app: Flask, hall: Hall) -> None:
    ana, address = browser(app, hall, hall.who["Ana"]), f"{base(hall)}/room?item={hall.item_id}&write=1"
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    page = ana.get(address).get_data(as_text=True)
    assert "It has not begun yet." in page
    assert "has been closed" not in page
    with hall.database.writing() as uow:
        revision = uow.session.get_one(Meeting, hall.meeting_id).revision
        stages.open_doors(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=revision)
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    assert "The session has been closed. You can go on writing here." in ana.get(address).get_data(as_text=True)


def test_an_item_that_goes_while_the_room_looks_at_it_is_said_to_be_gone_and_leads_on(app: Flask, hall: Hall) -> None:
    hall.open("Ana", "Leo")
    hall.advance()
    words = "People and carers share leadership."
    with hall.database.writing() as uow:
        group_id = uow.session.get_one(Meeting, hall.meeting_id).group_id
        one, two = (
            items.add_item(uow, hall.who["Fay"], group_id=group_id, kind=Kind.ELEMENT, title=title, text=words)
            for title in ("Sharing", "Leading")
        )
        stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=one.id)
    fay, ana = (browser(app, hall, hall.who[name]) for name in ("Fay", "Ana"))
    console, room = f"{base(hall)}/console", f"{base(hall)}/room"
    screen = re.search(r'href="http://[^"]+(/screen/[^"]+)"', fay.get(console).text)
    assert screen is not None
    assert words in wall_of(app, hall, screen[1])
    with hall.database.writing() as uow:
        descent.merge(uow, hall.who["Fay"], item_id=two.id, other_id=one.id)

    gone = f"{one.reference} was merged into {two.reference}, and goes on there."
    wall = wall_of(app, hall, screen[1])
    assert gone in wall
    assert words not in wall, "what is gone is not on the wall as if it stood"
    page = ana.get(room).text
    assert gone in page
    assert re.search(rf'<a href="{room}\?item={two.id}">Go to {two.reference}</a>', page)
    page = fay.get(console).text
    assert gone in page
    assert f"Ask: can you live with {one.reference}?" not in page
    press = re.search(rf'name="item_id" value="(\d+)">\s*<button[^>]*>\s*(?:<span>)?Show {two.reference}<', page)
    assert press is not None
    fay.post(f"{console}/item", data={"item_id": press[1]})
    assert gone not in wall_of(app, hall, screen[1])
    assert words in wall_of(app, hall, screen[1])

    with hall.database.writing() as uow:
        text = documents.documents_of(uow.session, [two.id])[two.id][Field.TEXT]
        at = text.text.index("share")
        part = descent.split(uow, hall.who["Fay"], item_id=two.id, at=at, version=text.version, title="A part")
        stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=part.id)
    with hall.database.writing() as uow:
        descent.put_back(uow, hall.who["Fay"], item_id=part.id)
    gone = f"{part.reference} was merged into {two.reference}, and goes on there."
    assert all(gone in page for page in (wall_of(app, hall, screen[1]), ana.get(room).text, fay.get(console).text))
    with hall.database.writing() as uow:
        outline.withdraw_item(uow, hall.who["Fay"], item_id=two.id)
        stages.show_item(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=two.id)
    gone = f"{two.reference} was withdrawn."
    assert all(gone in page for page in (wall_of(app, hall, screen[1]), ana.get(room).text, fay.get(console).text))


def save_plan(by: Browser, hall: Hall, day: str, at: str, place: str = "") -> TestResponse:
    return by.post(f"{base(hall)}/plan", data={"title": "Partnership", "day": day, "at": at, "place": place})


def test_a_cancelled_session_shows_the_day_that_was_cancelled_until_it_is_announced_anew(
    app: Flask, hall: Hall
) -> None:
    fay, ana = browser(app, hall, hall.who["Fay"]), browser(app, hall, hall.who["Ana"])
    fay.post(f"{base(hall)}/announce")
    fay.post(f"{base(hall)}/cancel", data={"reason": "The hall is flooded."})
    was, anew = "Monday 2 March 2026 at 09:00 (GMT)", "Monday 6 April 2026 at 14:00 (BST)"
    assert "Planned anew" not in fay.get(base(hall)).text
    assert save_plan(fay, hall, "2026-04-06", "14:00", "Library").status_code == 303
    for page in (base(hall), base(hall).rpartition("/")[0], f"{base(hall)}/pack"):
        assert was in ana.get(page).text
        assert anew not in ana.get(page).text
        assert "Library" not in ana.get(page).text
    on_paper = "This session was cancelled on"
    assert [by.get(f"{base(hall)}/pack").text.count(on_paper) for by in (fay, ana)] == [1, 1]
    searched = f"/g/{hall.slug}/search?q="
    assert "Session 1" in ana.get(f"{searched}Hall").text
    assert "Session 1" not in ana.get(f"{searched}Library").text, "nobody finds what is planned anew either"
    seen = fay.get(base(hall)).text
    assert "seen by facilitators only until it is announced" in seen
    assert was in seen
    assert anew in seen
    at_once = "What it is for and the run sheet everybody sees as they are now."
    assert at_once in seen
    plan = fay.get(f"{base(hall)}/plan").text
    assert "the title, day, time and place that were cancelled until you announce it anew" in plan
    assert at_once in plan
    assert at_once not in ana.get(base(hall)).text
    fay.post(f"{base(hall)}/announce")
    assert "Session 1" in ana.get(f"{searched}Library").text
    for by in (fay, ana):
        assert anew in by.get(base(hall)).text
        assert was not in by.get(base(hall)).text
        assert on_paper not in by.get(f"{base(hall)}/pack").text


def test_an_hour_that_the_clocks_leave_out_is_said_at_its_field(app: Flask, hall: Hall) -> None:
    fay = browser(app, hall, hall.who["Fay"])
    said = "The clocks go forward that day: there is no 01:30 on 28 March 2027. Choose another time."
    refused = save_plan(fay, hall, "2027-03-28", "01:30")
    assert (refused.status_code, refused.text.count(said)) == (422, 2), "above, and at the field"
    assert 'value="01:30"' in refused.text
    plan = f"/g/{hall.slug}/sessions/plan"
    for what, first in (("one", "2027-03-28"), ("series", "2027-02-28")):  # the last Sundays of the months
        refused = fay.post(plan, data={"what": what, "title": "Early", "day": first, "at": "01:30", "place": ""})
        assert (refused.status_code, said in refused.text) == (422, True)
    assert save_plan(fay, hall, "2027-03-28", "02:00").status_code == 303
    assert "Sunday 28 March 2027 at 02:00 (BST) to 02:50" in fay.get(base(hall)).text


def test_a_session_in_which_the_clocks_are_put_back_says_on_which_it_ends(app: Flask, hall: Hall) -> None:
    fay = browser(app, hall, hall.who["Fay"])
    save_plan(fay, hall, "2027-10-31", "01:30")
    assert "Sunday 31 October 2027 at 01:30 (BST) to 01:20 (GMT)" in fay.get(base(hall)).text
    save_plan(fay, hall, "2027-10-31", "02:00")
    assert "Sunday 31 October 2027 at 02:00 (GMT) to 02:50</p>" in fay.get(base(hall)).text


def wall_of(app: Flask, hall: Hall, address: str) -> str:
    """What the projector shows."""
    return browser(app, hall).get(address).text


def form_of(page: str) -> dict[str, str]:
    """What the browser would send of the form of the plan, as it stands."""
    form = next(each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if 'id="aims"' in each)
    fields = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form)
    fields += re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL)
    return {name: html.unescape(value) for name, value in fields if name != "csrf_token"}


def test_a_plan_saved_from_an_older_page_moves_nothing_back(app: Flask, hall: Hall) -> None:
    fay, sam = browser(app, hall, hall.who["Fay"]), browser(app, hall, hall.who["Sam"])
    plan = f"{base(hall)}/plan"
    older = form_of(fay.get(plan).text)
    moved = sam.post(plan, data={**older, "day": "2026-03-09", "aims": "Meet\r\nAgree"})
    assert moved.status_code == 303
    assert fay.post(plan, data={**older, "place": "Library"}).status_code == 303
    now = form_of(fay.get(plan).text)
    assert (now["day"], now["place"], now["aims"].split()) == ("2026-03-09", "Library", ["Meet", "Agree"])

    refused = fay.post(plan, data={**older, "title": "", "aims": "Talk", "at": "10:00"})
    assert refused.status_code == 409
    says = "The session was moved meanwhile. It is now on Monday 9 March 2026 at 09:00 (GMT)."
    assert refused.text.count(says) == 2, "above, and at the field"
    assert "What it is for was changed meanwhile. It is now: Meet · Agree" in refused.text
    assert "somebody changed the plan while this page was open" in refused.text
    again = form_of(refused.text)
    assert (again["day"], again["at"], again["aims"].strip()) == ("2026-03-09", "10:00", "Talk"), "what was typed stays"
    assert (again["place"], again["title"]) == ("Library", ""), "what was left alone shows how it stands now"
    refused = fay.post(plan, data=again)
    assert (refused.status_code, "Enter a title" in refused.text) == (422, True)
    again = form_of(refused.text)
    assert fay.post(plan, data={**again, "title": "Partnership"}).status_code == 303
    assert "Monday 9 March 2026 at 10:00 (GMT)" in fay.get(base(hall)).text


def test_another_refusal_does_not_hide_what_was_changed_meanwhile(app: Flask, hall: Hall) -> None:
    fay, sam = browser(app, hall, hall.who["Fay"]), browser(app, hall, hall.who["Sam"])
    plan = f"{base(hall)}/plan"
    older = form_of(fay.get(plan).text)
    refused = fay.post(plan, data={**older, "day": "", "place": "Library"})
    assert refused.status_code == 422
    sam.post(plan, data={**older, "place": "Barn"})
    refused = fay.post(plan, data={**form_of(refused.text), "day": older["day"]})
    assert (refused.status_code, "It is now: Barn" in refused.text) == (409, True)


def pressed(page: str, does: str) -> dict[str, str]:
    """What the browser would send of the form of a session's page that does something."""
    form = next(each for each in re.findall(r"<form.*?</form>", page, re.DOTALL) if f'/{does}"' in each)
    fields = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', form)
    return {name: value for name, value in fields if name != "csrf_token"}


def test_an_older_page_announces_no_cancelled_session_and_cancels_none_that_was_announced_anew(
    app: Flask, hall: Hall
) -> None:
    fay, sam = browser(app, hall, hall.who["Fay"]), browser(app, hall, hall.who["Sam"])
    draft = fay.get(base(hall)).text
    sam.post(f"{base(hall)}/announce", data=pressed(sam.get(base(hall)).text, "announce"))
    announced = fay.get(base(hall)).text
    sam.post(f"{base(hall)}/cancel", data={**pressed(sam.get(base(hall)).text, "cancel"), "reason": "Snow"})
    refused = fay.post(f"{base(hall)}/announce", data=pressed(draft, "announce"))
    assert (refused.status_code, "had already moved on" in refused.text) == (409, True)
    assert "This session was cancelled" in refused.text
    sam.post(f"{base(hall)}/announce", data=pressed(sam.get(base(hall)).text, "announce"))
    refused = fay.post(f"{base(hall)}/cancel", data={**pressed(announced, "cancel"), "reason": "Heavy snow"})
    assert (refused.status_code, "had already moved on" in refused.text) == (409, True)
    assert 'value="Heavy snow"' in refused.text, "what was typed stays"
    again = fay.post(f"{base(hall)}/cancel", data={**pressed(refused.text, "cancel"), "reason": "Heavy snow"})
    assert again.status_code == 303


def test_a_draft_whose_day_has_passed_leads_to_its_plan(app: Flask, hall: Hall, clock: SetClock) -> None:
    fay = browser(app, hall, hall.who["Fay"])
    older = pressed(fay.get(base(hall)).text, "announce")
    clock.advance(days=1)
    page = fay.get(base(hall)).text
    assert "Announce to the group" not in page
    assert "Its day, 2 March 2026, has passed. To announce it, give it another day" in page
    refused = fay.post(f"{base(hall)}/announce", data=older)
    assert (refused.status_code, "change the plan before you announce" in refused.text) == (422, True)
    assert f'href="{base(hall)}/plan"' in refused.text
    save_plan(fay, hall, "2026-03-03", "09:00")
    page = fay.get(base(hall)).text
    assert ("has passed" in page, "Announce to the group" in page) == (False, True)
