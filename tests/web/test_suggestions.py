"""Suggesting on pages: what is shown to whom, what is kept after a refusal, and who reads why."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.policy import Actor
from app.services import descent, history, items, outline, suggestions
from app.uow import Database
from app.web import redlines
from models.documents import Document, Field
from models.items import Item, Kind, Status
from tests import wordings
from tests.cast import SLUG, Browser, Cast

ROOM = f"/g/{SLUG}/blueprint"
WORDS = "Partners share gain and loss within a corridor."
OTHER = "All partners share gain and loss within a narrow corridor."


@pytest.fixture
def agreed(database: Database, people: Cast) -> Item:
    return wordings.agreed(database, people, WORDS)


def parts_of(page: str) -> list[str]:
    """What the check boxes of the first suggestion that can be taken in part send."""
    return re.findall(r'name="places" type="checkbox" value="([^"]+)"', page)


def test_the_blueprint_counts_what_can_be_decided(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database, agreed: Item
) -> None:
    member = client_of(people.member)
    sent = {"field": "title", "version": "1", "text": "Money and risk"}
    member.post(f"{ROOM}/items/{agreed.id}/suggest", data=sent)
    assert "1 suggestion waits" in member.get(ROOM).text
    with database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=agreed.id)
    page = member.get(f"{ROOM}?status=all").text
    assert "1 suggestion waits" not in page
    assert "1 suggestion" in page, "the card says it still"


def test_the_list_shows_of_a_long_text_what_changed_and_all_of_it_on_demand(
    client_of: Callable[[Actor], Browser], people: Cast, database: Database
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    words = "\n\n".join(f"Sentence {at} says what all the partners of this contract share." for at in range(40))
    with database.writing() as uow:
        item = items.add_item(
            uow, people.member, group_id=people.group_id, kind=Kind.ELEMENT, title="Long", text=words,
            status=Status.DRAFT,
        )  # fmt: skip
    page = f"{ROOM}/items/{item.id}"
    suggested = words.replace("Sentence 20 says", "Sentence 20 tells")
    member.post(f"{page}/suggest", data={"field": "text", "version": "1", "text": suggested})

    def brief(show: str) -> str:
        part, whole = member.get(f"{ROOM}/suggestions?show={show}").text.split("Show all of it")
        assert "Sentence 3 says" in whole
        return part

    assert "Sentence 3 says" not in brief("open")
    assert re.search(r"<ins>.*tells.*</ins>", brief("mine"))
    assert "Show all of it" not in member.get(page).text, "the item’s own page has room"
    facilitator.post(f"{page}/suggestions/1/accept")
    assert "Sentence 3 says" not in brief("decided")


def test_accepting_offers_the_way_back_on_pages_and_to_scripts(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item, database: Database
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    page = f"{ROOM}/items/{agreed.id}"
    member.post(f"{page}/suggest", data={"field": "text", "version": "1", "text": OTHER})
    accept, back = f"{page}/suggestions/1/accept", f"{page}/suggestions/1/unaccept"
    listed = {"next": f"{ROOM}/suggestions"}
    shown = facilitator.post(accept, data=listed, follow_redirects=True).text
    assert f'action="{back}"' in shown
    assert f'name="next" value="{ROOM}/suggestions"' in shown[shown.index(f'action="{back}"') :]
    undone = facilitator.post(back, data=listed, follow_redirects=True)
    assert undone.request.path == f"{ROOM}/suggestions"
    assert "Its words are as they were, and the suggestion waits again." in undone.text
    assert f'action="{accept}"' in undone.text
    done = facilitator.post(accept, headers={"Accept": "application/json"}).json
    assert done["undo"] == {"url": back, "fields": {}}
    now = wordings.text_of(database, agreed.id).version
    member.post(f"{page}/suggest", data={"field": "text", "version": str(now), "text": WORDS})
    facilitator.post(f"{page}/suggestions/2/accept")
    late = facilitator.post(back)
    assert (late.status_code, late.text.count("The words have been changed since it was accepted.")) == (409, 1)


def test_a_no_offers_the_way_back_on_pages_and_to_scripts(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    page = f"{ROOM}/items/{agreed.id}"
    member.post(f"{page}/suggest", data={"field": "text", "version": "1", "text": OTHER})
    no, back = f"{page}/suggestions/1/reject", f"{page}/suggestions/1/unreject"
    listed = {"next": f"{ROOM}/suggestions"}
    shown = facilitator.post(no, data=listed | {"answer": "No."}, follow_redirects=True).text
    assert f'action="{back}"' in shown
    assert f'name="next" value="{ROOM}/suggestions"' in shown[shown.index(f'action="{back}"') :]
    undone = facilitator.post(back, data=listed, follow_redirects=True)
    assert undone.request.path == f"{ROOM}/suggestions"
    assert "The suggestion waits again." in undone.text
    assert f'action="{no}"' in undone.text
    done = facilitator.post(no, data={"answer": "No."}, headers={"Accept": "application/json"}).json
    assert done["undo"] == {"url": back, "fields": {}}
    assert member.post(back).status_code == 403
    assert facilitator.post(back, follow_redirects=True).request.path == page
    facilitator.post(f"{page}/suggestions/1/accept")
    late = facilitator.post(back)
    assert (late.status_code, late.text.count("There is nothing to take back")) == (409, 1)


def test_a_suggestion_goes_from_a_member_to_a_facilitator_and_back(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    assert f"{ROOM}/items/{agreed.id}/suggest" in member.get(ROOM).text
    form = member.get(f"{ROOM}/items/{agreed.id}/suggest").text
    assert WORDS in form
    sent = {"field": "text", "version": "1", "text": OTHER, "reason": "Two gaps in one."}
    shown = member.post(f"{ROOM}/items/{agreed.id}/suggest", data=sent, follow_redirects=True).text
    assert "Your suggestion is kept" in shown
    assert "<ins>" in shown
    assert "Two gaps in one." in shown
    assert "Withdraw" in shown
    assert "Do not take it" not in shown, "a member decides nothing about agreed words"
    assert "1 suggestion" in facilitator.get(ROOM).text

    page = facilitator.get(f"{ROOM}/items/{agreed.id}").text
    assert "put in “narrow”" in page
    assert "What you accept is shown as “changed since decided”" in page
    assert "What you accept" in facilitator.get(f"{ROOM}/suggestions").text
    address = f"{ROOM}/items/{agreed.id}/suggestions/1"
    nothing = facilitator.post(f"{address}/accept", data={"part": "yes"})
    assert (nothing.status_code, "Choose at least one of the places." in nothing.text) == (422, True)
    part = {"part": "yes", "places": parts_of(page)[1], "answer": "Not all."}
    taken = facilitator.post(f"{address}/accept", data=part, follow_redirects=True).text
    assert "Partners share gain and loss within a narrow corridor." in taken
    assert "Accepted in part" in taken
    told = member.get(f"{ROOM}/items/{agreed.id}").text
    assert "Not all." in told
    decided = told[told.index('id="suggestion-1" aria-labelledby="suggestion-1-who"') :]
    decided = decided[: decided.index("</article>")]
    assert 'id="suggestion-1-who"' in decided
    assert decided.index("Taken:") < decided.index("narrow") < decided.index("Not taken:")
    assert "“Partners” becomes “All partners”" in decided[decided.index("Not taken:") :]
    assert "All partners" not in decided[: decided.index("Not taken:")]
    again = facilitator.post(f"{address}/reject", data={"answer": "No."})
    assert again.status_code == 409


def test_ones_own_suggestion_is_worded_anew_and_nothing_typed_is_lost(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, facilitator, page = client_of(people.member), client_of(people.facilitator), f"{ROOM}/items/{agreed.id}"
    sent = {"field": "text", "version": "1", "text": OTHER, "reason": "Two gaps in one."}
    assert member.post(f"{page}/suggest", data=sent).status_code == 303
    form = f"{page}/suggest?replaces=1"
    assert f'href="{form}"' in member.get(page).text
    assert f'href="{form}"' not in facilitator.get(page).text
    shown = member.get(form).text
    assert "Change my suggestion" in shown
    assert OTHER in shown
    assert "Two gaps in one." in shown
    assert facilitator.get(form).status_code == 404
    anew = {**sent, "text": OTHER.replace("All", "Both"), "replaces": "1"}
    told = member.post(f"{page}/suggest", data=anew, follow_redirects=True).text
    assert "reads as you worded it now" in told
    assert "Both partners" in told
    refused = member.post(f"{page}/suggest", data={**sent, "text": "Ever other words.", "replaces": "1"})
    assert refused.status_code == 409
    assert "Ever other words." in refused.text
    assert "Send this as a new one" in refused.text
    assert 'name="replaces"' not in refused.text, "pressed again it is a new one"
    assert member.get(form, follow_redirects=True).text.count("waits no longer") == 1


def test_a_decided_one_keeps_its_reason_and_a_moved_one_is_found_again(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, lead, page = client_of(people.member), client_of(people.facilitator), f"{ROOM}/items/{agreed.id}"
    sent = {"field": "text", "version": "1", "text": OTHER, "reason": "Two gaps in one."}
    member.post(f"{page}/suggest", data=sent)
    shown = lead.get(page).text
    assert 'name="seen" value="1"' in shown
    wordings.rewrite(database, people.facilitator, agreed.id, f"Not so: {WORDS}")
    unread = lead.post(f"{page}/suggestions/1/accept", data={"answer": "", "seen": "1"})
    assert (unread.status_code, "others than you read" in unread.text) == (409, True)
    other = wordings.agreed(database, people, "Something else.")
    there = f"{ROOM}/items/{other.id}"
    refused = lead.post(f"{there}/suggestions/1/accept", data={"answer": "", "seen": "2"})
    assert (refused.status_code, f"has gone to {agreed.reference}" in refused.text) == (409, True)
    moved = member.get(f"{there}/suggest?replaces=1")
    assert moved.status_code == 303
    assert moved.location.endswith(f"/items/{agreed.id}/suggest?replaces=1")
    typed = member.post(f"{there}/suggest", data={**sent, "text": "Something else entirely.", "replaces": "1"})
    assert typed.status_code == 409
    assert "has gone to another item" in typed.text
    assert "Something else entirely." in typed.text
    anew = member.post(f"{page}/suggest", data={**sent, "text": OTHER + " So be it.", "replaces": "1"})
    assert anew.status_code == 303
    assert "worded it anew" in lead.post(f"{page}/suggestions/1/reject", data={"answer": "No."}).text
    told = lead.post(f"{page}/suggestions/2/reject", data={"answer": "No, since."}, follow_redirects=True).text
    decided = told[told.index('id="suggestion-2"') :]
    assert decided.index("Two gaps in one.") < decided.index("No, since.")
    assert "Its author has worded it anew" in told


def test_who_suggests_on_an_item_that_was_merged_reads_where_it_went(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    other = wordings.agreed(database, people, "Something else.")
    with database.writing() as uow:
        descent.merge(uow, people.facilitator, item_id=other.id, other_id=agreed.id)
    sent = {"field": "text", "version": "1", "text": OTHER, "reason": ""}
    refused = client_of(people.member).post(f"{ROOM}/items/{agreed.id}/suggest", data=sent)
    assert refused.status_code == 409
    assert f"It was merged into {other.reference}" in refused.text
    assert OTHER in refused.text


def test_where_other_words_stand_now_ones_suggestion_is_shown_beside_them(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, page = client_of(people.member), f"{ROOM}/items/{agreed.id}"
    sent = {"field": "text", "version": "1", "text": WORDS.replace("gain and loss", "gains"), "reason": ""}
    assert member.post(f"{page}/suggest", data=sent).status_code == 303
    wordings.rewrite(database, people.facilitator, agreed.id, WORDS.replace("gain and loss", "all money"))
    assert "Set apart" not in client_of(people.facilitator).get(page).text, "it is one change, whose words have gone"
    shown = member.get(f"{page}/suggest?replaces=1").text
    assert "You suggested, on the words of then" in shown
    assert "Partners share all money within a corridor.</textarea>" in shown
    refused = member.post(
        f"{page}/suggest", data={"field": "text", "version": "2", "text": "x" * 100_001, "replaces": "1"}
    )
    assert refused.status_code == 422
    assert "You suggested, on the words of then" in refused.text


def test_what_still_fits_is_set_apart_from_the_page(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    lead, page = client_of(people.facilitator), f"{ROOM}/items/{agreed.id}"
    sent = {"field": "text", "version": "1", "text": OTHER.replace("gain and loss", "gains"), "reason": ""}
    assert client_of(people.member).post(f"{page}/suggest", data=sent).status_code == 303
    wordings.rewrite(database, people.facilitator, agreed.id, WORDS.replace("gain and loss", "all money"))
    assert "Set apart what still fits" in lead.get(page).text
    told = lead.post(f"{page}/suggestions/1/set-apart", follow_redirects=True).text
    assert "is a suggestion of its own now" in told
    assert "All partners" in told
    assert "Set apart" not in told
    assert lead.post(f"{page}/suggestions/1/set-apart").status_code == 409
    accepted = lead.post(f"{page}/suggestions/3/accept", data={"answer": ""}, follow_redirects=True).text
    assert "All partners share all money within a narrow corridor." in accepted


def test_one_whose_words_all_came_back_is_said_to_wait_again(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    lead, page = client_of(people.facilitator), f"{ROOM}/items/{agreed.id}"
    sent = {"field": "text", "version": "1", "text": OTHER.replace("gain and loss", "gains"), "reason": ""}
    assert client_of(people.member).post(f"{page}/suggest", data=sent).status_code == 303
    with database.reading() as uow:
        mark = history.mark_now(uow.session, uow.session.get_one(Item, agreed.id))
    wordings.rewrite(database, people.facilitator, agreed.id, WORDS.replace("gain and loss", "all money"))
    assert "Set apart what still fits" in lead.get(page).text  # in conflict, and stored as such once somebody writes
    with database.writing() as uow:
        suggestions.carry_along(uow, uow.lock(Document, wordings.text_of(database, agreed.id).id))
        history.restore(uow, people.facilitator, item_id=agreed.id, mark=mark)
    wordings.rewrite(database, people.facilitator, agreed.id, f"{WORDS} End.")
    told = lead.post(f"{page}/suggestions/1/set-apart", follow_redirects=True).text
    assert "it waits again as it was" in told
    assert "is a suggestion of its own now" not in told


def test_a_redline_is_made_once_and_its_places_are_offered_where_they_can_be_looked_through(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast
) -> None:
    words = [f"word{at} stays{at}" for at in range(150)]
    item = wordings.agreed(database, people, " ".join(words))
    page, facilitator = f"{ROOM}/items/{item.id}", client_of(people.facilitator)
    for changed in (100, 101):  # the second adds no choice
        text = " ".join(each.replace("word", "words") if at < changed else each for at, each in enumerate(words))
        sent = {"field": "text", "version": "1", "text": text, "reason": ""}
        assert client_of(people.member).post(f"{page}/suggest", data=sent).status_code == 303
        made = redlines._compared.cache_info().misses
        assert facilitator.get(page).text.count("Accept a part of it") == 1
        client_of(people.observer).get(page)
        assert redlines._compared.cache_info().misses - made <= 1


def test_form_is_shown_and_taken_in_words_and_never_as_asterisks(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    other = "**Partners share** gain and losses within a corridor."
    sent = {"field": "text", "version": "1", "text": other, "reason": ""}
    client_of(people.member).post(f"{ROOM}/items/{agreed.id}/suggest", data=sent)
    facilitator = client_of(people.facilitator)
    page = facilitator.get(f"{ROOM}/items/{agreed.id}").text
    assert re.search(r"<strong>Partners share</strong><span class=\"[^\"]*\"> \[now bold\]</span>", page)
    assert "“Partners share”: now bold" in page
    assert "“loss” becomes “losses”" in page
    assert "**" not in page
    taken = facilitator.post(
        f"{ROOM}/items/{agreed.id}/suggestions/1/accept",
        data={"part": "yes", "places": parts_of(page)[0]},
        follow_redirects=True,
    ).text
    assert "<strong>Partners share</strong> gain and loss within a corridor." in taken


def test_a_sentence_that_moved_is_one_box_that_says_so(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    facilitator, page = client_of(people.facilitator), f"{ROOM}/items/{agreed.id}"
    moved, stays = "Carers are told of each visit.", "The plan is kept for one whole year and then for another one."
    losses = WORDS.replace("loss", "losses")
    for version, old, new, said in (
        (2, f"{moved} {stays} {WORDS}", f"{stays} {losses} {moved}", [f"move “{moved}”", "“loss” becomes “losses”"]),
        (3, f"1. {moved}\n2. {stays}\n\n{WORDS}", f"1. {stays}\n2. {moved}\n\n{losses}",
         [f"move “{moved}”", "“loss” becomes “losses”"]),
        (4, f"{moved} {stays} {WORDS}", f"{stays} {losses} {moved} So they are.",
         [f"move “{moved}”; put in “So they are”", "“loss” becomes “losses”"]),
        (5, f"Pain below < 5 is told to carers. {stays} {WORDS}", f"{stays} {losses} Pain below > 5 is told to carers.",
         ["leave out “Pain below &lt; 5 is told to carers.”; put in “. Pain below &gt; 5 is told to carers”",
          "“loss” becomes “losses”"]),
        (6, f"Give .5 mg to them at night. {stays} {WORDS}", f"{stays} {losses} Give 5 mg to them at night.",
         ["leave out “Give .5 mg to them at night.”; put in “. Give 5 mg to them at night”",
          "“loss” becomes “losses”"]),
        (7, f"Carers [read the whole](https://a.example) plan. {stays} {WORDS}",
         f"{stays} {losses} Carers [read the whole](https://b.example) plan.",
         ["leave out “Carers read the whole plan.”; put in “. Carers read the whole plan”", "“loss” becomes “losses”"]),
        (8, f"{moved} Staff may use aids, e.g. lifts. {stays} {WORDS}",
         f"{stays} {losses} {moved} Staff may use aids, e.g. lifts.",
         [f"move “{moved} Staff may use aids, e.g. lifts.”", "“loss” becomes “losses”"]),
        (9, f"1. {moved}\n2. {stays}\n3. So it is.\n\n{WORDS}", f"1. {stays}\n2. So it is.\n3. {moved}\n\n{losses}",
         [f"move “{moved}”", "“loss” becomes “losses”"]),
        (10, f"{moved} {stays} {WORDS}", f"{stays} {losses} Carers, are told of each visit.",
         [f"leave out “{moved}”; put in “. Carers, are told of each visit”", "“loss” becomes “losses”"]),
        (11, "介護者は訪問ごとに知らされる。計画は一年間有効である。\n\n利益を分け合う。",
         "計画は一年間有効である。介護者は訪問ごとに知らされる。\n\n利益と損失を分け合う。",
         ["move “介護者は訪問ごとに知らされる。”", "“利益を分け合う” becomes “利益と損失を分け合う”"]),
    ):  # fmt: skip
        wordings.rewrite(database, people.facilitator, agreed.id, old)
        sent = {"field": "text", "version": str(version), "text": new, "reason": ""}
        assert client_of(people.member).post(f"{page}/suggest", data=sent).status_code == 303
        shown = facilitator.get(page).text
        boxes = re.findall(r'name="places".*?<label[^>]*>(.*?)</label>', shown, re.DOTALL)
        assert [re.sub(r"<[^>]*>|\s+$|^\s+", "", box) for box in boxes] == said
        withdrawn = re.search(r'action="([^"]+/reject)"', shown)
        assert withdrawn is not None
        assert facilitator.post(withdrawn[1], data={"answer": "Next."}).status_code == 303


def test_a_title_is_shown_and_taken_as_it_is_written(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    facilitator, page = client_of(people.facilitator), f"{ROOM}/items/{agreed.id}"
    wordings.rewrite(database, people.facilitator, agreed.id, "Money *and* all of its risks", Field.TITLE)
    sent = {"field": "title", "version": "2", "text": "Cash *and* all of **their** risks", "reason": ""}
    assert client_of(people.member).post(f"{page}/suggest", data=sent).status_code == 303
    comment = {"here": "yes", "field": "title", "quote": "Money *and* all", "words": "Or?"}
    assert facilitator.post(f"{page}/comments", data=comment).status_code == 303
    shown = facilitator.get(page).text
    assert "“its” becomes “**their**”" in shown
    assert "<span>Money *and* all</span></blockquote>" in shown
    wordings.rewrite(database, people.facilitator, agreed.id, "Wealth *and* all of **no** risks", Field.TITLE)
    assert '<div class="prose">Wealth *and* all of **no** risks</div>' in facilitator.get(page).text
    assert ">Wealth *and* all of **no** risks</span>" in facilitator.get(f"{page}/authors").text


def test_a_title_with_the_marks_of_a_link_or_a_number_is_in_the_colours_of_its_authors(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    for title in ("Money [and](https://a.example/b1) risks", "24. hours of care"):
        wordings.rewrite(database, people.facilitator, agreed.id, title, Field.TITLE)
        shown = client_of(people.facilitator).get(f"{ROOM}/items/{agreed.id}/authors").text
        words = re.search(r'<div class="prose authors">(.*?)</div>', shown, re.DOTALL)
        assert words is not None
        coloured = re.findall(r'<span class="by [^>]*>([^<]*)</span>', words[1])
        assert re.sub("<[^>]*>", "", words[1]) == title
        assert re.sub(r"\W", "", "".join(coloured)) == re.sub(r"\W", "", title)


def test_a_point_taken_out_is_called_so(client_of: Callable[[Actor], Browser], people: Cast, agreed: Item) -> None:
    first = "Each has:\n\n1. the aim;\n2. the plan;\n3. the carer."
    facilitator, member = client_of(people.facilitator), client_of(people.member)
    facilitator.post(
        f"{ROOM}/items/{agreed.id}/suggest", data={"field": "why", "version": "0", "text": first, "reason": ""}
    )
    facilitator.post(f"{ROOM}/items/{agreed.id}/suggestions/1/accept")
    other = "Everybody has:\n\n1. the aim;\n2. the carer.\n3. a phone."
    member.post(f"{ROOM}/items/{agreed.id}/suggest", data={"field": "why", "version": "1", "text": other, "reason": ""})
    page = facilitator.get(f"{ROOM}/items/{agreed.id}").text
    for choice in ("“Each” becomes “Everybody”", "leave out the point “the plan;”", "put in the point “a phone.”"):
        assert choice in page


def test_what_was_typed_is_kept_when_it_is_refused(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    same = {"field": "text", "version": "1", "text": WORDS, "reason": "A reason that is kept"}
    refused = member.post(f"{ROOM}/items/{agreed.id}/suggest", data=same)
    assert (refused.status_code, "A reason that is kept" in refused.text) == (422, True)
    assert "These are the words as they are" in refused.text
    member.post(f"{ROOM}/items/{agreed.id}/suggest", data={**same, "text": OTHER})
    address = f"{ROOM}/items/{agreed.id}/suggestions/1/reject"
    assert "Say why" in facilitator.post(address, data={"answer": "  "}).text
    long = facilitator.post(address, data={"answer": "x" * 1_001})
    assert (long.status_code, "x" * 1_001 in long.text) == (422, True)
    facilitator.post(address, data={"answer": "Decided in session 2."})
    assert "Decided in session 2." in member.get(f"{ROOM}/items/{agreed.id}").text


def test_one_that_was_overtaken_is_taken_in_by_hand_and_everybody_reads_so(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item, database: Database
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    member.get(f"/g/{SLUG}/")
    sent = {"field": "text", "version": "1", "text": WORDS.replace("gain", "profit")}
    page = f"{ROOM}/items/{agreed.id}"
    member.post(f"{page}/suggest", data=sent)
    assert "Taken in by hand" not in facilitator.get(page).text, "as long as it can be accepted"
    wordings.rewrite(database, people.facilitator, agreed.id, WORDS.replace("gain and loss", "all of it"))
    assert "Taken in by hand" in facilitator.get(page).text
    assert "Taken in by hand" not in member.get(page).text, "nothing to decide for a member"
    address = f"{page}/suggestions/1/take-in"
    empty = facilitator.post(address, data={"answer": " "})
    assert empty.status_code == 422
    assert 'href="#hand-answer-1"' in empty.text
    done = facilitator.post(address, data={"answer": "All of it has profit in it."}, follow_redirects=True).text
    for shown in (done, member.get(page).text, member.get(f"{ROOM}/suggestions?show=decided").text):
        assert '<span class="tag tag--green">Taken in by hand</span>' in shown
        assert "All of it has profit in it." in shown
    assert (
        "took in, by hand, your suggestion for E1: All of it has profit" in member.get("/account/notifications/").text
    )
    line = f"took in, by hand, a suggestion by {people.member.name}"
    assert line in done
    assert line in member.get(f"{page}/history").text
    assert facilitator.post(address, data={"answer": "Twice."}).status_code == 409


def test_what_an_accepted_suggestion_changed_is_one_line_of_the_time_line(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    page = f"{ROOM}/items/{agreed.id}"
    member.post(f"{page}/suggest", data={"field": "text", "version": "1", "text": OTHER})
    member.post(f"{page}/suggest", data={"field": "text", "version": "1", "text": WORDS.replace("loss", "losses")})
    second = parts_of(facilitator.get(page).text)[1]
    facilitator.post(f"{page}/suggestions/1/accept", data={"part": "yes", "places": second})
    facilitator.post(f"{page}/suggestions/2/accept")
    member.post(f"{page}/suggest", data={"field": "title", "version": "1", "text": "Cash"})
    facilitator.post(f"{page}/suggestions/3/accept")
    for shown in (member.get(page).text, member.get(f"{page}/history").text):
        assert shown.count(f"accepted a part of a suggestion by {people.member.name} for the words") == 1
        assert shown.count(f"accepted a suggestion by {people.member.name} for the words") == 1
        assert shown.count(f"accepted a suggestion by {people.member.name} for the title") == 1
        assert f"<strong>{people.member.name}</strong> changed" not in shown
        assert f"<strong>{people.facilitator.name}</strong> changed" in shown, "who wrote the item"
    chosen = re.findall(r'name="(?:from|to)" value="([\d.]+)"[^>]* checked', member.get(f"{page}/history").text)
    assert len(chosen) == 2
    assert chosen[0] != chosen[1], "of two moments with the same words there is nothing to compare"


def test_foreign_and_wrong_addresses_find_nothing(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member = client_of(people.member)
    assert member.get(f"{ROOM}/items/{agreed.id}/suggest?field=minutes").status_code == 404
    assert member.get(f"{ROOM}/items/999/suggest").status_code == 404
    sent = {"field": "text", "version": "7", "text": OTHER}
    assert member.post(f"{ROOM}/items/{agreed.id}/suggest", data=sent).status_code == 404
    assert member.post(f"{ROOM}/documents/9999/suggest", data={"text": "x", "version": "1"}).status_code == 404
    assert client_of(people.observer).get(f"{ROOM}/items/{agreed.id}/suggest").status_code == 403
    assert client_of(people.stranger).get(f"{ROOM}/items/{agreed.id}/suggest").status_code == 404


def test_what_no_line_can_hold_becomes_a_line_end_or_goes(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    """Slides end a line within a paragraph by U+000B; stored, no typed change could bring it back."""
    typed = {"field": "text", "version": "1", "text": "Partners\x0bshare\x0cgain\x08 and loss.", "reason": ""}
    client_of(people.member).post(f"{ROOM}/items/{agreed.id}/suggest", data=typed)
    client_of(people.facilitator).post(f"{ROOM}/items/{agreed.id}/suggestions/1/accept", data={})
    assert wordings.text_of(database, agreed.id).text == "Partners\nshare\ngain and loss."


def test_a_title_is_not_suggested_away_and_who_accepts_that_all_words_go_is_asked(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    address = f"{ROOM}/items/{agreed.id}/suggest"
    refused = member.post(address, data={"field": "title", "version": "1", "text": "  ", "reason": "Not needed."})
    assert (refused.status_code, "Enter a title" in refused.text, "Not needed." in refused.text) == (422, True, True)
    member.post(address, data={"field": "text", "version": "1", "text": OTHER})
    asks = "It takes out all of these words, and leaves nothing in their place."
    assert asks not in facilitator.get(f"{ROOM}/items/{agreed.id}").text
    member.post(address, data={"field": "text", "version": "1", "text": ""})
    for page in (f"{ROOM}/items/{agreed.id}", f"{ROOM}/suggestions"):
        assert facilitator.get(page).text.count(asks) == 1


def test_of_two_who_suggest_the_same_words_the_second_is_told_that_they_stand_there(
    client_of: Callable[[Actor], Browser], people: Cast, agreed: Item
) -> None:
    member, peer, facilitator = (client_of(each) for each in (people.member, people.peer, people.facilitator))
    for each in (member, peer):
        each.post(f"{ROOM}/items/{agreed.id}/suggest", data={"field": "text", "version": "1", "text": OTHER})
    facilitator.post(f"{ROOM}/items/{agreed.id}/suggestions/1/accept")
    page = peer.get(f"{ROOM}/items/{agreed.id}").text
    assert 'aria-label="Change it: my suggestion"' in page, "a name begins with the words one sees"
    assert "These words stand there already." in page
    assert "Something else has been written there" not in page
