"""Choosing several items, and narrowing the blueprint: by form alone, kept in the address, with a way back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.policy import Actor, Can
from app.services import comments, documents, items
from app.uow import Database
from models.documents import Document, Field
from models.items import Kind, Status
from tests import wordings
from tests.cast import SLUG, Browser, Cast
from tests.conftest import SetClock

ROOM = f"/g/{SLUG}/blueprint"
PAGE = f"{ROOM}/several"


@pytest.fixture
def ids(database: Database, people: Cast) -> list[int]:
    with database.writing() as uow:
        made = [
            items.add_item(
                uow, people.peer if number == 2 else people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT,
                title=f"Item {number}", status=Status.DRAFT,
            ).id
            for number in range(3)
        ]  # fmt: skip
    with database.writing() as uow:
        comments.start(uow, people.member, item_id=made[1], words="Why?")
    return made


def shown(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'name="ids" value="(\d+)"', page)]


def way_back(page: str) -> tuple[str, dict[str, str]]:
    form = re.search(r'class="post-button" method="post" action="([^"]+)">(.*?)</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    del fields["csrf_token"]
    return form[1].replace("&amp;", "&"), fields


def agreeing(page: str) -> str:
    found = re.search(rf'formaction="({PAGE}/status[^"]*)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def test_a_status_for_several_and_back(client_of: Callable[[Actor], Browser], people: Cast, ids: list[int]) -> None:
    member = client_of(people.member)
    assert f'href="{PAGE}"' in member.get(ROOM).text
    none = member.post(f"{PAGE}/status", data={"to": "parked"})
    assert (none.status_code, "Choose at least one item." in none.text) == (422, True)
    kept = member.post(f"{PAGE}/status", data={"ids": ids[:2]})
    assert (kept.status_code, "Choose a status" in kept.text, kept.text.count(" checked")) == (422, True, 2)
    answer = member.post(f"{PAGE}/status?kind=element", data={"ids": ids[:2], "to": "parked"})
    assert "kind=element" in answer.location
    page = member.get(answer.location).text
    assert "2 items have another status now" in page
    address, fields = way_back(page)
    back = member.post(address, data=fields, follow_redirects=True).text
    assert "2 items have their status back" in back
    assert 'name="before"' not in back
    assert 'name="before"' not in member.get(f"{PAGE}?before={ids[0]}:parked").text, "no address makes a way back"
    assert shown(member.get(f"{PAGE}?status=draft").text) == ids


def test_what_somebody_made_of_an_item_since_is_not_set_back(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int], database: Database
) -> None:
    def status(item_id: int) -> Status:
        with database.reading() as uow:
            return items.access_item(uow.session, people.member, item_id, Can.ITEM_READ).status

    member, peer = client_of(people.member), client_of(people.peer)
    page = member.post(f"{PAGE}/status", data={"ids": ids, "to": "parked"}, follow_redirects=True).text
    for item_id, to in ((ids[0], "proposed"), (ids[1], "draft")):
        peer.post(f"{ROOM}/items/{item_id}/status", data={"status": to})
    address, fields = way_back(page)
    back = member.post(address, data=fields, follow_redirects=True).text
    assert "1 item has its status back. 2 were changed since and stay as they are." in back
    assert [status(each) for each in ids] == [Status.PROPOSED, Status.DRAFT, Status.DRAFT]
    again = member.post(address, data=fields, follow_redirects=True).text
    assert "Nothing was set back. 3 were changed since and stay as they are." in again
    one = f"{ROOM}/items/{ids[2]}/status"
    undo = member.post(one, data={"status": "parked"}, headers={"Accept": "application/json"}).get_json()["undo"]
    peer.post(one, data={"status": "proposed"})
    refused = member.post(undo["url"], data=undo["fields"], headers={"Accept": "application/json"})
    assert refused.status_code == 409
    assert "is proposed by now: that is left as it is." in refused.text
    assert status(ids[2]) is Status.PROPOSED


@pytest.mark.parametrize("together", [True, False])
def test_a_way_back_that_was_kept_takes_no_later_agreement_back(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int], database: Database, clock: SetClock,
    together: bool,
) -> None:  # fmt: skip
    lead, item_id = client_of(people.facilitator), ids[0]
    if together:
        data = {"ids": ids[:2], "to": "agreed"}
        done = lead.post(agreeing(lead.get(PAGE).text), data=data, follow_redirects=True).text
        address, fields = way_back(done)
    else:
        one = f"{ROOM}/items/{item_id}/status"
        undo = lead.post(one, data={"status": "agreed"}, headers={"Accept": "application/json"}).get_json()["undo"]
        address, fields = undo["url"], undo["fields"]
    clock.advance(minutes=1)
    with database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=item_id)
    wordings.rewrite(database, people.peer, item_id, "Put otherwise.")
    with database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=item_id, status=Status.AGREED)
    answer = lead.post(address, data=fields)
    assert answer.status_code == (303 if together else 409)
    with database.reading() as uow:
        assert items.access_item(uow.session, people.facilitator, item_id, Can.ITEM_READ).status is Status.AGREED
        other = items.access_item(uow.session, people.facilitator, ids[1], Can.ITEM_READ)
        assert other.status is Status.DRAFT, "only what was changed is left alone"


def test_several_are_agreed_as_they_were_read(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int], database: Database, clock: SetClock
) -> None:
    facilitator = client_of(people.facilitator)
    early = agreeing(facilitator.get(PAGE).text)
    clock.advance(minutes=1)
    wordings.rewrite(database, people.member, ids[0], "Other words", Field.TITLE)
    refused = facilitator.post(early, data={"ids": ids[:2], "to": "agreed"})
    assert refused.status_code == 409
    assert "The words of E1 were changed after this page was made." in refused.text
    assert 'value="agreed" selected' in refused.text
    assert shown(facilitator.get(f"{PAGE}?status=draft").text) == ids
    assert facilitator.post(early, data={"ids": ids[:2], "to": "parked"}).status_code == 303, "not agreed so"
    for unknown in ("", "?read=x", "?read=2026-01-01", "?read=2026-03-01T09:00:00~1", "?read=2026-03-01T09:00:00Z"):
        assert facilitator.post(f"{PAGE}/status{unknown}", data={"ids": ids[:2], "to": "agreed"}).status_code == 409
    again = agreeing(facilitator.get(PAGE).text)
    assert facilitator.post(again, data={"ids": ids[:2], "to": "agreed"}).status_code == 303
    assert shown(facilitator.get(f"{PAGE}?status=agreed").text) == ids[:2]


def test_words_that_were_written_and_not_yet_stored_when_the_page_was_made_are_not_agreed(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int], database: Database, clock: SetClock
) -> None:
    facilitator = client_of(people.facilitator)
    facilitator.get(PAGE)
    clock.advance(minutes=1)
    known = wordings.text_of(database, ids[0], Field.TITLE).id
    with database.writing() as uow:
        documents.replace_text(uow, people.member, uow.lock(Document, known), "Other words")
        clock.advance(seconds=1)
        page = facilitator.get(PAGE).text
    assert "Other words" not in page
    refused = facilitator.post(agreeing(page), data={"ids": ids[:2], "to": "agreed"})
    assert (refused.status_code, "Words were changed just when this page was made" in refused.text) == (409, True)
    again = agreeing(facilitator.get(PAGE).text)
    assert facilitator.post(again, data={"ids": ids[:2], "to": "agreed"}).status_code == 303


@pytest.mark.parametrize("reworded", [False, True])
def test_what_was_agreed_is_so_again_when_that_is_taken_back_unless_it_was_reworded(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int], database: Database, clock: SetClock,
    reworded: bool,
) -> None:  # fmt: skip
    facilitator = client_of(people.facilitator)
    facilitator.post(agreeing(facilitator.get(PAGE).text), data={"ids": ids[:2], "to": "agreed"})
    clock.advance(minutes=1)
    page = facilitator.post(f"{PAGE}/status", data={"ids": ids[:1], "to": "draft"}, follow_redirects=True).text
    address, fields = way_back(page)
    one = facilitator.post(f"{ROOM}/items/{ids[1]}/reopen", headers={"Accept": "application/json"}).json
    clock.advance(minutes=1)
    if reworded:
        for item_id in ids[:2]:
            wordings.rewrite(database, people.member, item_id, "Other words", Field.TITLE)
    assert one is not None
    back = facilitator.post(address, data=fields), facilitator.post(one["undo"]["url"], data=one["undo"]["fields"])
    assert [answer.status_code for answer in back] == ([409, 409] if reworded else [303, 302])
    assert shown(facilitator.get(f"{PAGE}?status=agreed").text) == ([] if reworded else ids[:2])


def test_several_are_withdrawn_and_restored(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int]
) -> None:
    member = client_of(people.member)
    page = member.post(f"{PAGE}/withdraw", data={"ids": ids[1:]}, follow_redirects=True).text
    assert "2 items withdrawn" in page
    assert shown(page) == ids[:1]
    assert shown(member.get(f"{PAGE}?status=all").text) == ids
    address, fields = way_back(page)
    assert shown(member.post(address, data=fields, follow_redirects=True).text) == ids
    forged = member.post(f"{PAGE}/status", data={"before": "x:draft 99999:idea", "given": "parked"})
    assert forged.status_code == 404


def test_both_pages_are_narrowed_by_their_address(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int]
) -> None:
    member = client_of(people.member)
    for query, left in (
        ("about=comments", ids[1:2]), ("about=suggestions", []), ("about=unfounded", ids), ("about=changed", []),
        (f"by={people.peer.person_id}", ids[2:]), ("by=999999", ids), ("about=nonsense", ids),
        (f"by={people.facilitator.person_id}&about=comments", ids[1:2]),
    ):  # fmt: skip
        assert shown(member.get(f"{PAGE}?{query}").text) == left, query
        room = member.get(f"{ROOM}?{query}").text
        cards = re.findall(r'<article [^>]*data-item="(\d+)"[^>]*?( hidden)?>', room)
        assert [int(id_) for id_, hidden in cards if not hidden] == left, query


def test_what_is_ticked_stays_so_when_the_list_is_narrowed(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int]
) -> None:
    """The form that narrows is the one with the boxes; what is ticked and does not match is listed first, and said."""

    def ticked(page: str) -> list[int]:
        return [int(found) for found in re.findall(r'name="ids" value="(\d+)"[^>]* checked', page)]

    member = client_of(people.member)
    page = member.get(PAGE, query_string={"ids": ids[:2], "to": "parked"}).text
    form = re.search(rf'<form class="several" method="get" action="{PAGE}".*?</form>', page, re.DOTALL)
    assert form is not None
    assert [*re.findall(r'<select[^>]* name="(\w+)"', form[0])] == ["kind", "status", "about", "by", "to"]
    assert (shown(form[0]), ticked(form[0])) == (ids, ids[:2])
    assert 'value="parked" selected' in page
    arrived = client_of(people.facilitator).get(PAGE, query_string={"ids": ids[:2], "to": "agreed"}).text
    assert (ticked(arrived), 'value="agreed" selected' in arrived) == (ids[:2], False), "that is for who has read them"
    assert "2 items are ticked" in page
    assert "does not match" not in page
    page = member.get(PAGE, query_string={"ids": ids[:2], "about": "comments"}).text
    assert (shown(page), ticked(page)) == (ids[:2], ids[:2])
    assert "2 items are ticked" in page
    assert "1 does not match the list and stands first." in page
    page = member.get(PAGE, query_string={"ids": [*ids[:2], 99_999, "x"], "about": "suggestions"}).text
    assert (shown(page), ticked(page), "No item matches" in page) == (ids[:2], ids[:2], True)
    assert "2 do not match the list and stand first." in page
    page = member.get(PAGE, query_string={"ids": ids[:1], "about": "comments"}).text
    every = re.search(r'href="([^"]*)">Tick all shown', page)
    assert every
    page = member.get(every[1].replace("&amp;", "&")).text
    assert (shown(page), ticked(page), "Tick all shown" in page) == (ids[:2], ids[:2], False)
    refused = member.post(f"{PAGE}/status?about=comments", data={"ids": ids[:2]})
    assert (refused.status_code, ticked(refused.text)) == (422, ids[:2])
    done = member.post(f"{PAGE}/status?about=comments", data={"ids": ids[:2], "to": "parked"}, follow_redirects=True)
    assert "2 items have another status now" in done.text
    assert ticked(done.text) == []


def test_who_may_not_write_is_not_asked_to_choose(
    client_of: Callable[[Actor], Browser], people: Cast, ids: list[int]
) -> None:
    observer = client_of(people.observer)
    assert observer.get(PAGE).status_code == 403
    assert f'href="{PAGE}"' not in observer.get(ROOM).text
    assert client_of(people.stranger).get(PAGE).status_code == 404
