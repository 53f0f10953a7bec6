"""Words people disagree about, in real browsers: suggested in place, commented on, decided, all of it by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Dialog, Locator, Page, expect

from app.policy import Actor
from app.services import documents, memberships, outline, suggestions
from app.uow import Database
from models.documents import Field
from models.items import Item
from tests import wordings
from tests.cast import SLUG, Cast, enter
from tests.live import LiveServer
from tests.typists import until
from tests.visits import closed_unasked, goto

Opener = Callable[..., Page]
WORDS = "Partners share gain and loss within a corridor."


@pytest.fixture
def agreed(database: Database, people: Cast) -> Item:
    return wordings.agreed(database, people, WORDS)


@pytest.fixture
def open_room(server: LiveServer, browser_context: Callable[..., BrowserContext], agreed: Item) -> Opener:
    """``open_room(people.member)``: their page of a blueprint with one agreed item."""

    def open_page(actor: Actor, path: str = "", **options: object) -> Page:
        context = browser_context(**{"viewport": {"width": 1366, "height": 900}, **options})
        enter(context, server, actor.email or "")
        page = context.new_page()
        page.goto(f"{server.url}/g/{SLUG}/blueprint{path}")
        page.wait_for_selector("html[data-ready][data-live=on]")
        return page

    return open_page


def card(page: Page) -> Locator:
    return page.locator('[data-reference="E1"]')


def words(page: Page) -> Locator:
    return card(page).get_by_role("textbox", name="Words of E1")


def saved_words(database: Database, item: Item) -> str:
    with database.reading() as uow:
        return documents.words_of(uow.session, item.id)["text"]


def test_a_suggestion_is_written_in_place_while_others_write_and_is_taken_by_keyboard(
    open_room: Opener, people: Cast, database: Database, agreed: Item, assert_accessible: Callable[[Page], None]
) -> None:
    member, facilitator = open_room(people.member), open_room(people.facilitator)
    card(member).focus()
    member.keyboard.press("s")
    expect(words(member)).to_be_focused()
    member.keyboard.press("Control+End")
    member.keyboard.press("ArrowLeft")
    member.keyboard.type(" of two percent")
    member.keyboard.press("Control+Home")
    member.keyboard.press("Control+Delete")
    member.keyboard.type("We")
    expect(card(member).locator("ins.cm-added")).to_have_text(["We", " of two percent"])
    expect(card(member).locator("del.cm-removed")).to_contain_text("Partners")
    assert_accessible(member)

    card(facilitator).focus()
    facilitator.keyboard.press("Enter")
    expect(words(facilitator)).to_be_focused()
    facilitator.keyboard.press("Control+End")
    facilitator.keyboard.type(" Always.")
    expect(words(member)).to_contain_text("Always.")
    expect(words(facilitator)).not_to_contain_text("percent")
    expect(card(member).locator("ins.cm-added")).to_have_text(["We", " of two percent"])

    reason = card(member).get_by_label("Your reason")
    reason.focus()
    member.keyboard.type("A number is needed.")
    member.keyboard.press("Escape")
    expect(words(member)).to_be_focused()
    expect(reason).to_have_value("A number is needed.")
    # Whoever is through with the title goes on to the words; Ctrl and Enter send.
    card(member).get_by_role("textbox", name="Title of E1").focus()
    member.keyboard.press("Enter")
    expect(words(member)).to_be_focused()
    member.keyboard.press("Control+Enter")
    expect(card(member)).to_be_focused()
    expect(card(member).get_by_role("link", name="1 suggestion")).to_be_visible()
    expect(member.locator(".cm-editor")).to_have_count(0)

    facilitator.keyboard.press("Escape")
    expect(card(facilitator)).to_be_focused()
    details = card(facilitator).locator("details[data-details] > summary")
    expect(details).to_contain_text("1 suggestion")
    details.focus()
    facilitator.keyboard.press("Enter")
    shown = card(facilitator).get_by_role("article")
    expect(shown).to_contain_text("A number is needed.")
    assert_accessible(facilitator)
    shown.get_by_role("button", name="Accept: suggestion of Member Invented").focus()
    facilitator.keyboard.press("Enter")
    expect(card(facilitator).locator(".item__words")).to_have_text(
        "We share gain and loss within a corridor of two percent. Always."
    )
    facilitator.goto(re.sub(r"/blueprint.*", "/blueprint/suggestions?show=decided", facilitator.url))
    difference, reason = (
        facilitator.locator(f".suggestion--decided {each}") for each in (".diff", ".suggestion__reason")
    )
    difference_box, reason_box = difference.bounding_box(), reason.bounding_box()
    assert difference_box is not None
    assert reason_box is not None
    assert reason_box["y"] - difference_box["y"] - difference_box["height"] >= 16, "a line's space between the two"
    assert saved_words(database, agreed) == "We share gain and loss within a corridor of two percent. Always."


def not_sent(open_room: Opener, people: Cast) -> Page:
    """A member's page on which a suggestion was written, with its reason, and not sent."""
    member = open_room(people.member)
    card(member).get_by_role("link", name="Suggest E1").click()
    expect(words(member)).to_be_focused()
    member.keyboard.press("Control+End")
    member.keyboard.type(" And more.")
    card(member).get_by_label("Your reason").fill("It is not enough.")
    card(member).get_by_role("button", name="Cancel").click()
    return member


def test_what_was_suggested_and_not_sent_is_kept_on_this_device(open_room: Opener, people: Cast, agreed: Item) -> None:
    member = not_sent(open_room, people)
    kept = card(member).get_by_label("A suggestion of yours is not sent")
    expect(kept.get_by_label("Your words")).to_have_value(f"{WORDS} And more.")
    kept.get_by_role("button", name="Suggest these words").click()
    expect(member.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} And more.")
    expect(member.get_by_label("Your reason")).to_have_value("It is not enough.")


def test_one_goes_on_with_a_suggestion_that_was_not_sent(open_room: Opener, people: Cast, agreed: Item) -> None:
    member = not_sent(open_room, people)
    card(member).get_by_role("link", name="Suggest E1").click()
    expect(words(member)).to_have_text(WORDS)
    kept = card(member).get_by_label("A suggestion of yours is not sent")
    expect(kept).to_contain_text("Your reason: It is not enough.")
    kept.get_by_role("button", name="Go on with it").click()
    expect(words(member)).to_be_focused()
    expect(card(member).locator("ins.cm-added")).to_have_text(" And more.")
    expect(kept).to_have_count(0)
    expect(card(member).get_by_label("Your reason")).to_have_value("It is not enough.")
    card(member).get_by_role("button", name="Suggest these words").click()
    expect(card(member).get_by_role("link", name="1 suggestion")).to_be_visible()


@pytest.mark.parametrize("path", ["/items/1/suggest", "/items/1"])
def test_who_leaves_a_page_with_words_that_are_not_sent_is_asked_first(
    open_room: Opener, people: Cast, path: str
) -> None:
    member = open_room(people.member)
    member.goto(f"{member.url}{path}")
    member.wait_for_selector("html[data-ready]")
    member.locator("main details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    member.on("dialog", stay)
    field = member.locator("main textarea[name=words], main textarea[name=text]").first
    field.press_sequentially("Words of mine")
    member.get_by_role("link", name="Blueprint").first.click()
    until(lambda: member.title() and asked, "the question")
    assert asked == ["beforeunload"]
    expect(field).to_have_value(re.compile("Words of mine"))
    with member.expect_navigation():
        field.locator("xpath=ancestor::form").evaluate("(form) => form.requestSubmit()")
    member.wait_for_selector("html[data-ready]")
    member.reload()
    assert asked == ["beforeunload"]


def test_a_suggestion_in_conflict_leads_into_the_text_that_it_is_about(
    open_room: Opener, people: Cast, database: Database, agreed: Item
) -> None:
    wordings.rewrite(database, people.facilitator, agreed.id, "Costs rise.", Field.WHY)
    version = wordings.text_of(database, agreed.id, Field.WHY).version
    with database.writing() as uow:
        suggestions.suggest(uow, people.member, item_id=agreed.id, field=Field.WHY, text="Costs grow.", version=version)
    wordings.rewrite(database, people.facilitator, agreed.id, "Costs fall.", Field.WHY)
    page = open_room(people.facilitator, f"/items/{agreed.id}", viewport={"width": 1366, "height": 420})
    page.get_by_text("Taken in by hand").click()
    page.get_by_role("link", name="Edit the words first").click()
    why = card(page).get_by_role("textbox", name="E1: Why")
    expect(why).to_be_focused()
    expect(why).to_be_in_viewport(ratio=1)
    page.keyboard.press("Control+A")
    page.keyboard.type("Costs move.")
    page.get_by_role("button", name="Done").click()
    expect(card(page).locator("[data-edit]")).to_be_visible()
    with database.reading() as uow:
        assert documents.words_of(uow.session, agreed.id)["why"] == "Costs move."


def test_who_decides_further_down_the_page_can_undo_it_there(
    open_room: Opener, people: Cast, database: Database, agreed: Item
) -> None:
    version = wordings.text_of(database, agreed.id).version
    with database.writing() as uow:
        suggestions.suggest(
            uow, people.member, item_id=agreed.id, field=Field.TEXT, text=f"{WORDS} Always.", version=version
        )
    page = open_room(people.facilitator, f"/items/{agreed.id}", viewport={"width": 390, "height": 420})
    page.locator("#suggestions summary", has_text="Not taken").click()
    page.locator("#suggestions").get_by_label("Why").first.fill("We said why.")
    page.get_by_role("button", name="Do not take it").click()
    said = page.locator(".toast")
    expect(said).to_contain_text("Its author can read why it was not taken.")
    expect(said.get_by_role("button")).to_have_text("Undo")
    assert said.inner_text().count("Undo") == 1
    said.get_by_role("button", name="Undo").click()
    expect(page.locator("#suggestions summary", has_text="Not taken")).to_be_visible()
    expect(page.get_by_text("No suggestion waits.")).to_have_count(0)


def test_words_are_commented_on_from_the_editor_and_the_mark_goes_along(
    open_room: Opener, people: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    facilitator, member = open_room(people.facilitator), open_room(people.member, "/items/1")
    card(facilitator).focus()
    facilitator.keyboard.press("Enter")
    expect(words(facilitator)).to_be_focused()
    facilitator.keyboard.press("Control+Home")
    facilitator.keyboard.press("Control+Shift+ArrowRight")
    facilitator.keyboard.press("Control+Alt+m")
    dialog = facilitator.get_by_role("dialog")
    expect(dialog.get_by_label("Your comment")).to_be_focused()
    expect(dialog).to_contain_text("Partners")
    facilitator.keyboard.type("Who? @mem")
    expect(dialog.get_by_role("option", name=people.member.name)).to_have_attribute("aria-selected", "true")
    assert_accessible(facilitator)
    facilitator.keyboard.press("Enter")
    expect(dialog.get_by_label("Your comment")).to_have_value(f"Who? @{people.member.name} ")
    facilitator.keyboard.press("Tab")
    facilitator.keyboard.press("Enter")
    expect(dialog).not_to_be_visible()
    expect(words(facilitator)).to_be_focused()
    mark = words(facilitator).locator(".cm-commented")
    expect(mark).to_have_text("Partners")
    facilitator.keyboard.press("Control+Home")
    facilitator.keyboard.type("All ")
    expect(mark).to_have_text("Partners")

    pill = member.locator("[data-pill]")
    expect(pill).to_be_visible()
    pill.click()
    expect(member.locator("mark.commented")).to_have_text("Partners")
    assert_accessible(member)
    talk = member.get_by_role("article", name=f"Comment by {people.facilitator.name}")
    expect(talk).to_contain_text(f"Who? @{people.member.name}")
    talk.locator("summary", has_text="Reply").focus()
    member.keyboard.press("Enter")
    talk.get_by_label(f"Reply to {people.facilitator.name}").focus()
    member.keyboard.type("The two trusts.")
    member.keyboard.press("Tab")
    member.keyboard.press("Enter")
    expect(talk).to_contain_text("The two trusts.")
    talk.locator("summary", has_text="Reply").click()
    talk.get_by_label(f"Reply to {people.facilitator.name}").fill("And so it stays.")
    talk.get_by_role("button", name="Resolve").focus()
    member.keyboard.press("Enter")
    expect(member.locator("#toasts")).to_contain_text("Your reply is kept, and the comment is resolved.")
    expect(member.locator("mark.commented")).to_have_count(0)
    expect(words(facilitator).locator(".cm-commented")).to_have_count(0)


def test_words_marked_on_a_page_go_into_the_form(open_room: Opener, people: Cast) -> None:
    observer = open_room(people.observer, "/items/1")
    observer.locator("[data-quoted=text]").evaluate(
        """(node) => {
          const words = node.querySelector("p").firstChild;
          const range = document.createRange();
          range.setStart(words, words.data.indexOf("gain"));
          range.setEnd(words, words.data.indexOf(" within"));
          document.getSelection().addRange(range);
        }"""
    )
    observer.get_by_role("button", name="Comment on these words").click()
    expect(observer.get_by_label("Your comment")).to_be_focused()
    expect(observer.get_by_label("Which words")).to_have_value("gain and loss")
    observer.keyboard.type("Both?")
    observer.get_by_role("button", name="Comment", exact=True).click()
    expect(observer.locator("mark.commented")).to_have_text("gain and loss")
    expect(observer.locator("mark.commented + a")).to_have_text("Comment 11")


def test_what_was_refused_is_said_at_the_head_of_the_page_and_leads_to_its_field(
    open_room: Opener, server: LiveServer, people: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    member = open_room(people.member, "/items/1", viewport={"width": 390, "height": 844})
    member.locator("#new-comment summary").click()
    member.get_by_label("Which words").fill("no such words")
    member.get_by_label("Your comment").fill("Why these?")
    member.get_by_role("button", name="Comment", exact=True).click()
    summary = member.locator(".error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    assert_accessible(member)
    summary.get_by_role("link").click()
    expect(member.get_by_label("Which words")).to_be_focused()
    expect(member.get_by_label("Which words")).to_be_in_viewport()
    expect(member.get_by_label("Your comment")).to_have_value("Why these?")
    again = goto(closed_unasked(member), f"{server.url}/g/{SLUG}/blueprint/items/1")
    expect(again.get_by_label("Which words")).to_have_value("no such words")
    expect(again.get_by_label("Your comment")).to_have_value("Why these?")


def test_a_suggestion_is_not_lost_where_the_line_is_gone_or_the_page_is_closed_unasked(
    open_room: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_room(people.member)
    address = f"{page.url}/items/{agreed.id}/suggest"
    goto(page, address)
    page.get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.get_by_role("alert")).to_contain_text("The server could not be reached. Nothing was changed.")
    expect(page.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By thirds.")
    again = closed_unasked(page)
    words_, put_back = again.get_by_label("Words", exact=True), again.get_by_text("not sent stands here again.")
    enter(again.context, server, people.peer.email or "")
    goto(again, address)
    expect(words_).to_have_value(WORDS)
    enter(again.context, server, people.member.email or "")
    goto(again, address)
    expect(put_back).to_be_visible()
    expect(words_).to_have_value(f"{WORDS} By thirds.")
    again.get_by_role("button", name="Suggest these words").click()
    expect(again.locator("#suggestions ins")).to_contain_text("By thirds.")
    expect(again.locator("html[data-ready]")).to_have_count(1)
    goto(again, address)
    expect(words_).to_have_value(WORDS)
    assert again.evaluate("() => localStorage.length") == 0


def test_two_pages_of_one_form_keep_their_own_words(open_room: Opener, people: Cast, agreed: Item) -> None:
    one = open_room(people.member)
    address = f"{one.url}/items/{agreed.id}/suggest"
    goto(one, address).get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    two = goto(one.context.new_page(), address)
    two.wait_for_function("async () => (await navigator.locks.query()).pending.length === 0")
    expect(two.get_by_label("Words", exact=True)).to_have_value(WORDS)
    two.get_by_label("Words", exact=True).fill(f"{WORDS} By halves.")
    three = goto(closed_unasked(two), address)
    expect(three.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By halves.")
    three.get_by_role("button", name="Suggest these words").click()
    expect(three.locator("#suggestions ins")).to_contain_text("By halves.")
    expect(three.locator("html[data-ready]")).to_have_count(1)
    one.close(run_before_unload=False)
    goto(three, address)
    expect(three.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By thirds.")
    three.get_by_role("button", name="Let go").click()
    expect(three.get_by_label("Words", exact=True)).to_have_value(WORDS)
    assert three.evaluate("() => localStorage.length") == 0


def test_words_that_are_found_again_are_a_suggestion_upon_what_they_were_written_upon(
    open_room: Opener, people: Cast, database: Database, agreed: Item
) -> None:
    page = open_room(people.member)
    address = f"{page.url}/items/{agreed.id}/suggest"
    goto(page, address).get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    with database.writing() as uow:
        text = documents.documents_of(uow.session, [agreed.id])[agreed.id][Field.TEXT]
        made = suggestions.suggest(
            uow, people.peer, item_id=agreed.id, field=Field.TEXT, text=f"Often, {WORDS}", version=text.version
        )
    with database.writing() as uow:
        suggestions.accept(uow, people.facilitator, suggestion_id=made.id)
    again = goto(closed_unasked(page), address)
    expect(again.get_by_label("Words", exact=True)).to_have_value(f"{WORDS} By thirds.")
    again.get_by_role("button", name="Suggest these words").click()
    expect(again.locator("#suggestions ins")).to_have_text([re.compile("By thirds"), re.compile("Often")])
    expect(again.locator("#suggestions del")).to_have_count(0)


def test_what_is_written_once_such_words_were_let_go_of_is_upon_the_words_as_they_are(
    open_room: Opener, people: Cast, database: Database, agreed: Item
) -> None:
    page = open_room(people.member)
    address = f"{page.url}/items/{agreed.id}/suggest"
    goto(page, address).get_by_label("Words", exact=True).fill(f"{WORDS} By thirds.")
    wordings.rewrite(database, people.facilitator, agreed.id, f"Often, {WORDS}")
    again = goto(closed_unasked(page), address)
    words = again.get_by_label("Words", exact=True)
    expect(words).to_have_value(f"{WORDS} By thirds.")
    again.get_by_role("button", name="Let go").click()
    expect(words).to_have_value(f"Often, {WORDS}")
    words.fill(f"Often, {WORDS} By halves.")
    again.get_by_role("button", name="Suggest these words").click()
    expect(again.locator("#suggestions ins")).to_have_text([re.compile("By halves")])


@pytest.mark.parametrize("path", ["", "/comments/new"])
def test_a_comment_that_was_not_sent_stands_in_its_form_again(
    open_room: Opener, people: Cast, agreed: Item, path: str
) -> None:
    page = open_room(people.member)
    address = f"{page.url}/items/{agreed.id}{path}"
    goto(page, address)
    page.locator("main details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    page.get_by_label("Your comment").first.fill("A thought in a tunnel.")
    again = goto(closed_unasked(page), address)
    field = again.get_by_label("Your comment").first
    expect(field).to_have_value("A thought in a tunnel.")
    expect(field).to_be_visible()
    again.get_by_role("button", name="Let go").first.click()
    expect(field).to_have_value("")
    assert again.evaluate("() => localStorage.length") == 0


def typed_and_closed(page: Page, address: str, label: str, said: str) -> Page:
    """Another page of the same browser, after something was typed at that address and the page closed."""
    goto(page, address).locator("main details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    page.get_by_label(label).first.fill(said)
    return closed_unasked(page)


def test_what_was_typed_in_a_form_that_is_gone_is_handed_back_to_its_writer_only(
    open_room: Opener,
    server: LiveServer,
    people: Cast,
    database: Database,
    agreed: Item,
    assert_accessible: Callable[[Page], None],
) -> None:
    page = open_room(people.member)
    address = f"{page.url}/items/{agreed.id}"
    page = typed_and_closed(page, address, "Your comment", "A thought in a tunnel.")
    with database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=agreed.id)
    told = page.get_by_text("Something you wrote in a form was not saved.")
    shown = page.get_by_role("heading", name="What you wrote that was not saved")

    enter(page.context, server, people.peer.email or "")
    for other in ("/", "/account"):
        goto(page, f"{server.url}{other}")
        expect(told.or_(shown)).to_be_hidden()

    enter(page.context, server, people.member.email or "")
    goto(page, f"{server.url}/")
    expect(told).to_be_visible()
    page.get_by_role("link", name="Read it under My account").click()
    expect(shown).to_be_focused()
    box = page.get_by_role("listitem").filter(has_text="it was not saved")
    expect(box.get_by_role("heading", name=re.compile(r"Written on \d"))).to_be_visible()
    expect(box.get_by_label("Your comment")).to_have_value("A thought in a tunnel.")
    assert_accessible(page)
    box.get_by_role("link", name="Go to its page").click()
    page.wait_for_url(address)
    expect(page.get_by_label("Your comment")).to_have_count(0)
    goto(page, f"{server.url}/account")
    box.get_by_role("button", name="Let go").click()
    expect(page.get_by_role("main")).to_be_focused()
    expect(shown).to_be_hidden()
    assert page.evaluate("() => localStorage.length") == 0


def test_who_was_taken_out_of_the_group_finds_on_the_start_page_what_no_open_page_holds(
    open_room: Opener,
    server: LiveServer,
    people: Cast,
    database: Database,
    agreed: Item,
    assert_accessible: Callable[[Page], None],
) -> None:
    page = open_room(people.member)
    address = f"{page.url}/items/{agreed.id}"
    lines = [f"Line {number} of what carers say." for number in range(40)]
    page = typed_and_closed(page, f"{address}/suggest", "Your reason", "\n".join(lines))
    open_still = page.context.new_page()
    page = typed_and_closed(page, address, "Your comment", "A thought in a tunnel.")
    # It takes over the thought, and holds it while it is open.
    expect(goto(open_still, address).get_by_label("Your comment").first).to_have_value("A thought in a tunnel.")
    with database.writing() as uow:
        row = next(
            one
            for one in memberships.members(uow, people.facilitator, group_id=people.group_id)
            if one.person_id == people.member.person_id
        )
        memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=row.id)
    goto(page, f"{server.url}/")
    box = page.get_by_role("listitem").filter(has_text="it was not saved")
    expect(box).to_have_count(1)
    field = box.get_by_label("Your reason")
    expect(field).to_have_value("\n".join(lines))
    cut = "(field) => field.scrollHeight > field.clientHeight + 1"
    assert field.evaluate(cut)
    box.get_by_role("button", name="Show all of it").click()
    expect(field).to_be_focused()
    assert not field.evaluate(cut)

    open_still.close(run_before_unload=False)
    goto(page, f"{server.url}/")
    expect(box).to_have_count(2)
    assert_accessible(page)
    box.first.get_by_role("button", name="Let go").click()
    expect(box).to_have_count(1)
    expect(box.locator("section")).to_be_focused()
    expect(field).to_have_value("\n".join(lines))


def test_what_was_refused_leads_back_to_the_page_it_was_written_on(
    open_room: Opener, server: LiveServer, people: Cast, agreed: Item
) -> None:
    page = open_room(people.member)
    address = f"{page.url}/items/{agreed.id}"
    goto(page, address).locator("#new-comment summary").click()
    page.get_by_label("Which words").fill("no such words")
    page.get_by_label("Your comment").fill("Why these?")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".error-summary")).to_be_focused()
    page.wait_for_selector("html[data-ready]")
    page.get_by_label("Your comment").fill("Why these words?")
    page = goto(closed_unasked(page), f"{server.url}/account")
    expect(page.get_by_label("Your comment")).to_have_value("Why these words?")
    page.get_by_role("link", name="Go to its page").click()
    page.wait_for_url(address)
    expect(page.get_by_label("Your comment")).to_have_value("Why these words?")
