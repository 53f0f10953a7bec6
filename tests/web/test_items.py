"""The Blueprint room over HTTP: what its page holds, what an act answers, and what each role is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.policy import Actor
from app.services import items, outline
from app.uow import Database
from models.documents import Field
from models.items import Item, Kind, PrincipleGroup, Status
from tests.cast import Browser, Cast, counting
from tests.conftest import SetClock
from tests.wordings import rewrite

ROOM = "/g/north-vale/blueprint"
JSON = {"Accept": "application/json"}


@pytest.fixture
def blueprint(database: Database, people: Cast) -> dict[str, Item]:
    with database.writing() as uow:
        made = outline.start(uow, people.member, group_id=people.group_id)
        made += [
            items.add_item(
                uow, people.member, group_id=people.group_id, kind=Kind.CRITERION, parent_id=made[0].id, title="A line",
                text="Some **bold** words <b>", status=Status.DRAFT,
            )
            for n in range(2)
        ]  # fmt: skip
        made.append(
            items.add_item(
                uow, people.member, group_id=people.group_id, kind=Kind.PRINCIPLE, title="Respect",
                principle_group=PrincipleGroup.PERSON_CENTRED,
            )
        )  # fmt: skip
    return {item.reference: item for item in made}


def test_an_empty_blueprint_says_what_to_do_next(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    page = client_of(people.member).get(ROOM).text
    assert "Start with the four core elements" in page
    assert "Start with" not in client_of(people.observer).get(ROOM).text
    answer = client_of(people.member).post(f"{ROOM}/start")
    assert answer.status_code == 302
    assert re.findall(r'data-reference="(\w+)"', client_of(people.member).get(ROOM).text) == ["E1", "E2", "E3", "E4"]


def test_the_room_shows_cards_and_outline_as_the_role_may_use_them(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item]
) -> None:
    page = client_of(people.member).get(ROOM).text
    assert "Some <strong>bold</strong> words &lt;b&gt;" in page
    first, second = (page.index(f'href="#item-{blueprint[name].id}"') for name in ("P1", "E1"))
    assert first < second
    assert page.count("data-edit ") == page.count("data-actions ") == 7
    reading = client_of(people.observer).get(ROOM).text
    assert "data-edit " not in reading
    assert "data-actions " not in reading
    assert "reading along" in reading


def test_the_page_takes_as_many_queries_however_many_items(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], database: Database
) -> None:
    browser = client_of(people.member)
    browser.get(ROOM)  # the first page of a visit notes that it has begun
    with counting(database) as sent:
        browser.get(ROOM)
    few = len(sent)
    with database.writing() as uow:
        for number in range(40):
            items.add_item(
                uow, people.member, group_id=people.group_id, kind=Kind.CRITERION, parent_id=blueprint["E2"].id,
                title=f"More {number}",
            )  # fmt: skip
    with counting(database) as sent:
        browser.get(ROOM)
    assert len(sent) == few <= 25, sent


def test_an_act_answers_a_script_with_the_way_back(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item]
) -> None:
    browser, item = client_of(people.member), blueprint["C1.1"]
    moved = browser.post(f"{ROOM}/items/{item.id}/move", data={"parent_id": blueprint["E2"].id}, headers=JSON).json
    assert moved["said"] == "C1.1, now under E2"
    assert moved["undo"] == {
        "url": f"{ROOM}/items/{item.id}/move",
        "fields": {"parent_id": blueprint["E1"].id, "position": 0, "back": "yes"},
    }  # fmt: skip
    card = browser.get(f"{ROOM}/items/{item.id}/card").text
    assert "now under E2" in card
    assert card.count("<article") == 1
    back = browser.post(moved["undo"]["url"], data=moved["undo"]["fields"], headers=JSON).json
    assert back["said"] == "C1.1 is back where it was"
    assert "now under" not in browser.get(f"{ROOM}/cards?ids={item.id},999,x").text
    down = browser.post(f"{ROOM}/items/{item.id}/shift", data={"by": "down"}, headers=JSON).json
    last = browser.post(f"{ROOM}/items/{item.id}/shift", data={"by": "down"}, headers=JSON).json
    assert (down["said"], last["said"], last["undo"]) == ("C1.1 moved down", "C1.1 is the last already", None)
    gone = browser.post(f"{ROOM}/items/{item.id}/withdraw", headers=JSON).json
    assert f'id="item-{item.id}"' in browser.get(ROOM).text  # hidden, for those who ask for it
    browser.post(gone["undo"]["url"], headers=JSON)
    status = browser.post(f"{ROOM}/items/{item.id}/status", data={"status": "parked"}, headers=JSON).json
    assert status["said"] == "C1.1 is now: Parked"
    assert status["undo"]["fields"] == {"status": "draft", "seen": "1.1.0.0", "given": "parked"}


def test_without_scripts_an_act_leads_back_to_its_item(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item]
) -> None:
    browser, item = client_of(people.member), blueprint["C1.1"]
    answer = browser.post(f"{ROOM}/items/{item.id}/shift", data={"by": "down"})
    assert (answer.status_code, answer.location) == (302, f"{ROOM}#item-{item.id}")
    assert "C1.1 moved down" in browser.get(ROOM).text


def test_what_was_typed_stays_when_an_addition_is_refused(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item]
) -> None:
    browser = client_of(people.member)
    answer = browser.post(f"{ROOM}/add", data={"kind": "criterion", "title": "Kept <words>"})
    assert answer.status_code == 422
    assert "Kept &lt;words&gt;" in answer.text
    assert "Choose a core element" in answer.text
    refused = browser.post(f"{ROOM}/add", data={"kind": "element", "title": " "}, headers=JSON)
    assert (refused.status_code, refused.json["fields"]) == (422, {"title": "Enter a title"})
    for wrong in ({"kind": "chapter", "title": "x"}, {"kind": "criterion", "title": "x", "parent_id": "²"}):
        assert browser.post(f"{ROOM}/add", data=wrong, headers=JSON).status_code == 422


def test_what_was_typed_stays_when_the_parent_was_withdrawn_meanwhile(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], database: Database
) -> None:
    with database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=blueprint["E1"].id)
    data = {"kind": "criterion", "title": "Kept words", "parent_id": blueprint["E1"].id}
    answer = client_of(people.member).post(f"{ROOM}/add", data=data)
    assert answer.status_code == 409
    assert "Kept words" in answer.text
    assert "E1 is withdrawn. Restore it first." in answer.text


@pytest.mark.parametrize("number", ["9" * 11, "9" * 30, "9" * 1_900, "²", "-1"])
def test_numbers_that_no_object_has_break_nothing(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], number: str
) -> None:
    browser = client_of(people.member)
    assert browser.get(f"{ROOM}/cards?ids={number}").status_code in {200, 422}
    assert browser.get(f"/g/north-vale/activity/?before={number}").status_code in {200, 422}
    item = f"{ROOM}/items/{blueprint['C1.1'].id}"
    for place, data in ((f"{item}/principles", {"principles": number}), (f"{item}/move", {"parent_id": number})):
        assert browser.post(place, data=data, headers=JSON).status_code in {200, 404, 422}


def test_item_page_time_line_and_difference(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], clock: SetClock
) -> None:
    browser, place = client_of(people.member), f"{ROOM}/items/{blueprint['C1.1'].id}"
    browser.post(f"{place}/principles", data={"principles": [blueprint["P1"].id]})
    assert "Respect" in browser.get(place).text
    assert "What you can do" not in client_of(people.observer).get(place).text
    assert "Member Invented" in browser.get(f"{place}/history").text
    shown = browser.get(f"{place}/compare?from=1.0.0.0").text
    assert "Some <strong>bold</strong> words &lt;b&gt;</ins>" in shown.replace(
        '<span class="visually-hidden">]</span>', ""
    )
    assert browser.get(f"{place}/compare?from=9.9.9.9").status_code == 404
    clock.advance(seconds=1)
    back = browser.post(f"{place}/history/restore", data={"mark": "1.0.0.0"}, headers=JSON).json
    assert back["said"] == "One text of C1.1 brought back"
    assert back["undo"]["fields"] == {"mark": "1.1.0.0"}
    line = browser.get(f"{place}/history").text
    assert "brought back earlier words" in line
    assert f'{place}/compare?from=1.1.0.0">take this back' in line
    assert "take this back" in browser.get(place).text
    page = browser.post(f"{place}/history/restore", data={"mark": "1.1.0.0"}, follow_redirects=True).text
    assert "One text of C1.1 brought back" in page
    undo = page[page.index("One text of C1.1 brought back") :]
    assert '<input type="hidden" name="mark" value="1.2.0.0"><button' in undo
    assert "Some <strong>bold</strong> words" in browser.get(place).text


def test_the_states_between_two_moments_can_be_compared(
    client_of: Callable[[Actor], Browser],
    people: Cast,
    blueprint: dict[str, Item],
    database: Database,
    clock: SetClock,
) -> None:
    item = blueprint["C1.1"]
    for actor, words in (
        (people.member, "Not so."), (people.peer, "No so."), (people.member, "No so! And on."),
    ):  # fmt: skip
        clock.advance(seconds=1)
        rewrite(database, actor, item.id, words)
    browser, place = client_of(people.observer), f"{ROOM}/items/{item.id}"
    assert "and 2 states in between" in browser.get(place).text
    page = browser.get(f"{place}/history").text
    assert f"before {people.peer.name} took words of it away" in page
    assert '<input type="radio" name="from" value="1.2.0.0">' in page
    assert "Not so." in browser.get(f"{place}/compare?from=0.0.0.0&to=1.2.0.0").text


def test_who_agrees_to_words_agrees_to_those_that_were_read(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], database: Database
) -> None:
    item = blueprint["C1.1"]
    browser = client_of(people.facilitator)
    page = browser.get(f"{ROOM}/items/{item.id}").text
    read = re.search(r'name="seen" value="([^"]+)"', page)
    assert read is not None
    rewrite(database, people.member, item.id, "Entirely other words.")
    refused = browser.post(f"{ROOM}/items/{item.id}/status", data={"status": "agreed", "seen": read[1]}, headers=JSON)
    assert (refused.status_code, "others than you read" in refused.json["message"]) == (409, True)
    parked = browser.post(f"{ROOM}/items/{item.id}/status", data={"status": "parked", "seen": read[1]}, headers=JSON)
    assert parked.status_code == 200, "nobody agrees to anything by that"
    now = re.search(r'name="seen" value="([^"]+)"', browser.get(f"{ROOM}/items/{item.id}").text)
    assert now is not None
    agreed = browser.post(f"{ROOM}/items/{item.id}/status", data={"status": "agreed", "seen": now[1]}, headers=JSON)
    assert agreed.json["said"] == "C1.1 is now: Agreed"


def test_in_the_room_they_are_those_of_the_card_behind_the_dialog(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], database: Database
) -> None:
    item, browser = blueprint["C1.1"], client_of(people.facilitator)
    card = re.search(rf'id="item-{item.id}"[^>]* data-mark="([^"]+)"', browser.get(ROOM).text)
    assert card is not None
    rewrite(database, people.member, item.id, "Entirely other words.")
    dialog = browser.get(f"{ROOM}/items/{item.id}/actions", query_string={"seen": card[1]}).text
    assert f'name="seen" value="{card[1]}"' in dialog
    sent = {"status": "agreed", "seen": card[1]}
    assert browser.post(f"{ROOM}/items/{item.id}/status", data=sent, headers=JSON).status_code == 409


def test_refusals(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], database: Database
) -> None:
    item = blueprint["C1.1"]
    with database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=item.id, status=Status.AGREED)
    member, stranger = client_of(people.member), client_of(people.stranger)
    assert "Agreed: ask a facilitator to reopen" in member.get(f"{ROOM}/items/{item.id}/editor").text
    assert member.get(f"{ROOM}/items/{item.id}/editor").status_code == 403
    assert member.post(f"{ROOM}/items/{item.id}/withdraw", headers=JSON).json["code"] == "agreed"
    assert client_of(people.observer).post(f"{ROOM}/items/{item.id}/shift").status_code == 403
    for place in (
        "",
        "/outline",
        "/lately",
        f"/items/{item.id}",
        f"/items/{item.id}/card",
        f"/items/{item.id}/history",
    ):
        assert stranger.get(ROOM + place).status_code == 404
        assert stranger.get(f"/g/south-vale/blueprint{place}").status_code == (404 if "items/" in place else 200)
    assert stranger.post(f"/g/south-vale/blueprint/items/{item.id}/withdraw", headers=JSON).status_code == 404
    assert client_of(people.facilitator).get(f"{ROOM}/items/{item.id}/editor").text.count('data-module="editor"') == 4


def test_the_mark_of_a_page_tells_whether_it_shows_the_newest(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item]
) -> None:
    member, peer = client_of(people.member), client_of(people.peer)
    address = f"{ROOM}/items/{blueprint['C1.1'].id}"

    def shown() -> str:
        found = re.search(r'data-mark="(\w+)"', member.get(address).text)
        assert found
        return found[1]

    first = shown()
    assert member.get(f"{address}/mark").json == {"mark": first}
    peer.post(f"{address}/comments", data={"words": "Why so?"})
    later = member.get(f"{address}/mark").json["mark"]
    assert later != first
    assert shown() == later
    assert client_of(people.stranger).get(f"{address}/mark").status_code == 404


def test_earlier_words_are_brought_back_by_name_and_nothing_is_emptied_unasked(
    client_of: Callable[[Actor], Browser], people: Cast, blueprint: dict[str, Item], database: Database
) -> None:
    member = client_of(people.member)
    place = f"{ROOM}/items/{blueprint['C1.1'].id}"
    rewrite(database, people.peer, blueprint["C1.1"].id, "Others.")
    rewrite(database, people.peer, blueprint["C1.1"].id, "Since.", Field.WHY)
    beginning = member.get(f"{place}/compare?from=0.0.0.0").text
    assert "Bring back the earlier words" not in beginning
    assert "There were no words yet at this moment" in beginning
    before = member.get(f"{place}/compare?from=1.1.0.0").text
    question = re.search(r'data-confirm="([^"]*)"', before)
    assert question
    assert question[1] == (
        f"Bring back the words of 2 March 2026, 09:00 ({people.member.name})? It is a new change: today’s words "
        "stay in the time line. Empty then, and so again: Why."
    )


def test_a_moment_that_was_chosen_by_its_name_is_called_so(
    client_of: Callable[[Actor], Browser],
    people: Cast,
    blueprint: dict[str, Item],
    database: Database,
    clock: SetClock,
) -> None:
    member, place = client_of(people.member), f"{ROOM}/items/{blueprint['C1.1'].id}"
    clock.advance(days=1)
    client_of(people.facilitator).post(
        "/g/north-vale/versions/new", data={"title": "First", "reason": "For all", "with_ideas": "yes"}
    )
    clock.advance(days=1)
    rewrite(database, people.peer, blueprint["C1.1"].id, "Others.")
    page = member.get(f"{place}/history").text
    row = page[: page.index("Locked as version 1")]
    address = re.findall(r'name="from" value="([^"]+)"', row)[-1]
    shown = member.get(f"{place}/compare", query_string={"from": address}).text
    assert "<strong>version 1 (3 March 2026, 09:00)</strong>" in shown
    assert "Bring back the words of version 1 (3 March 2026, 09:00)?" in shown
    assert "<strong>version 1 (" in member.get(f"{place}/compare", query_string={"to": address}).text
    other = member.get(f"{place}/compare", query_string={"from": address.replace("1.1.", "1.2.")}).text
    assert "version 1 (" not in other, "a name is said only of the words that bear it"
