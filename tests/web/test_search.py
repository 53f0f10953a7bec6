"""Searching on the page and in the box: links that lead there, marked words, and nothing that a stranger could use."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.policy import Actor
from app.services import comments, documents, glossary, items, suggestions
from app.services.glossary import TermForm
from app.uow import Database
from models.documents import Field
from models.items import Item, Kind
from tests.cast import OTHER_SLUG, SLUG, Browser, Cast
from tests.world import build_world

SEARCH = f"/g/{SLUG}/search"


@pytest.fixture
def item(database: Database, people: Cast) -> Item:
    with database.writing() as uow:
        return items.add_item(
            uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title="Money <b>& trust</b>",
            text="Partners share gain.",
        )  # fmt: skip


def test_the_header_leads_to_a_page_that_works_without_scripts(
    client_of: Callable[[Actor], Browser], people: Cast, item: Item
) -> None:
    member = client_of(people.member)
    assert f'href="{SEARCH}"' in member.get(f"/g/{SLUG}/").text
    assert "What are you looking for?" in member.get(SEARCH).text
    page = member.get(SEARCH, query_string={"q": "trus part"}).text
    assert f'href="/g/{SLUG}/blueprint/items/{item.id}"' in page
    assert "Money &lt;b&gt;&amp; <mark>trust</mark>&lt;/b&gt;" in page
    assert "<mark>Partners</mark> share gain." in page
    assert "1 result" in page
    none = member.get(SEARCH, query_string={"q": '"><script>'}).text
    assert "Nothing holds all these words" in none
    assert 'value="&#34;&gt;&lt;script&gt;"' in none


def test_signs_are_said_not_to_be_searched_for(client_of: Callable[[Actor], Browser], people: Cast, item: Item) -> None:
    member = client_of(people.member)

    def said(asked: str) -> tuple[bool, bool]:
        page, box = (member.get(f"{SEARCH}{at}", query_string={"q": asked}).text for at in ("", "/found"))
        sentences = "Signs such as “", "Signs are not searched for"
        assert [each in page for each in sentences] == [each in box for each in sentences]
        assert page.count("Nothing holds all these words") == 1, "in the box alone, which waits"
        return sentences[0] in page, sentences[1] in page

    assert said("≥ &") == (True, False)
    assert "“≥ &amp;” are not searched for" in member.get(SEARCH, query_string={"q": "≥ &"}).text
    assert said("gain %") == (False, True)
    assert said("“Partners’ share”, gain.") == (False, False), "which say nothing by themselves"
    assert said("") == (False, False)


def test_a_reference_leads_straight_to_its_item(
    client_of: Callable[[Actor], Browser], people: Cast, item: Item
) -> None:
    member = client_of(people.member)
    answer = member.get(SEARCH, query_string={"q": "e1"})
    assert (answer.status_code, answer.location) == (303, f"/g/{SLUG}/blueprint/items/{item.id}")
    assert member.get(SEARCH, query_string={"q": "E2"}).status_code == 200
    assert f"found-item-{item.id}" in member.get(f"{SEARCH}/found", query_string={"q": "e1"}).text


def test_every_result_leads_to_a_page(client_of: Callable[[Actor], Browser], database: Database) -> None:
    world = build_world(database, lambda place: f"Zebra {place}")
    observer = client_of(world.cast.observer)
    page = observer.get(SEARCH, query_string={"q": "zebra"}).text
    hits = set(re.findall(r'class="hit" href="([^"#]+)(?:#([^"]+))?"', page))
    assert len(hits) > 12
    for href, anchor in hits:
        answer = observer.get(href)
        assert answer.status_code == 200, href
        assert not anchor or f'id="{anchor}"' in answer.text, f"{href}#{anchor}"
    all_items = observer.get(SEARCH, query_string={"q": "zebra", "kind": "item"}).text
    assert all_items.count('class="hit"') > 0
    assert "Comments" not in re.findall(r"<h2[^>]*>([^<]*)", all_items)


def test_what_was_settled_long_ago_is_found_on_the_page_it_leads_to(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database, item: Item
) -> None:
    with database.writing() as uow:
        for number in range(21):
            talk = comments.start(uow, people.peer, item_id=item.id, words=f"Zebra {number}?")
            comments.resolve(uow, people.member, discussion_id=talk.id)
            version = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT].version
            made = suggestions.suggest(
                uow, people.peer, item_id=item.id, field=Field.TEXT, text=f"Zebra {number}.", version=version,
                reason="Stripes.",
            )  # fmt: skip
            suggestions.reject(uow, people.facilitator, suggestion_id=made.id, answer="No.")
    observer = client_of(people.observer)
    for kind in ("comment", "suggestion"):
        page = observer.get(SEARCH, query_string={"q": "zebra", "kind": kind}).text
        hits = re.findall(r'class="hit" href="([^"#]+)#([^"]+)"', page)
        assert len(hits) > 10
        for href, anchor in hits:
            assert f'id="{anchor}"' in observer.get(href.replace("&amp;", "&")).text, f"{href}#{anchor}"
    assert observer.get(f"/g/{SLUG}/blueprint/items/{item.id}?said={'9' * 30}").status_code == 422


def test_strangers_find_nothing(client_of: Callable[[Actor], Browser], people: Cast, item: Item) -> None:
    stranger = client_of(people.stranger)
    for path in (SEARCH, f"{SEARCH}/found"):
        assert stranger.get(path, query_string={"q": "trust"}).status_code == 404
    assert "trust</mark>" not in stranger.get(f"/g/{OTHER_SLUG}/search", query_string={"q": "trust"}).text


def test_pages_of_the_group_are_found_by_their_names(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    member, observer = client_of(people.member), client_of(people.observer)
    found = member.get(f"{SEARCH}/found", query_string={"q": "gloss"}).text
    assert re.search(rf'role="option"[^>]* href="/g/{SLUG}/glossary"><span class="hit__head">', found)
    assert 'data-says="1 result"' in found
    page = member.get(SEARCH, query_string={"q": "gloss"}).text
    assert f'href="/g/{SLUG}/glossary">Glossary</a>' in page
    assert re.findall(r'role="status">([^<]*)', page)[0] == "1 result", "a page found is a result"
    assert '"status">0 results' in member.get(SEARCH, query_string={"q": "gloss", "kind": "item"}).text
    for asked in ("add word", "choose several", "over", "e", "actions", "home", "prac", "every", "down", "vers"):
        for href in re.findall(r'href="([^"]+)"', member.get(f"{SEARCH}/found", query_string={"q": asked}).text):
            assert member.get(href).status_code == 200, href
    for reader in (observer, client_of(people.panel_manager)):
        for asked in "abcdefghijklmnopqrstuvwxyz":
            for href in re.findall(r'id="found-place[^>]*href="([^"]+)"', reader.get(f"{SEARCH}/found?q={asked}").text):
                assert reader.get(href).status_code == 200, href
    assert "choose several" not in observer.get(f"{SEARCH}/found", query_string={"q": "choose several"}).text.casefold()


def test_a_term_found_by_another_form_says_what_it_means(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database
) -> None:
    with database.writing() as uow:
        form = TermForm("partner", "An organisation that has signed.", ("party",))
        glossary.define(uow, people.member, group_id=people.group_id, form=form)
    found = client_of(people.observer).get(f"{SEARCH}/found", query_string={"q": "party"}).text
    assert "partner (<mark>party</mark>)" in found
    assert "An organisation that has signed." in found
