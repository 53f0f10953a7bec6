"""The Blueprint room in real browsers: editing in place, acts seen by others at once, keys, and nothing that moves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Locator, Page, Route, expect
from sqlalchemy import select

from app.policy import Actor
from app.services import comments, descent, documents, findings, items, memberships, outline, sources
from app.services.findings import FindingForm
from app.uow import Database
from models.documents import Document, Field, TextChange
from models.evidence import Relation
from models.groups import Membership
from models.items import Item, Kind, PrincipleGroup, Status
from tests.cast import SLUG, Cast, enter
from tests.live import LiveServer
from tests.typists import until
from tests.visits import goto, held_back, take

Opener = Callable[..., Page]
#: Answers when so many changes wait in the browser's own store to be sent.
KEPT = """(count) => new Promise((tell) => {
  const open = indexedDB.open("concordat-text");
  open.onsuccess = function look() {
    const all = open.result.transaction("pending").objectStore("pending").getAll();
    all.onsuccess = () => all.result.some(({ pending }) => pending.length >= count) ? tell() : setTimeout(look, 20);
  };
})"""
#: The texts that are kept on the device and were not sent, or not saved.
NOT_SENT = """() => new Promise((tell) => {
  const open = indexedDB.open("concordat-text");
  open.onsuccess = () => {
    const all = open.result.transaction("lost").objectStore("lost").getAll();
    all.onsuccess = () => tell(all.result.map(({ text }) => text));
  };
})"""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def open_room(
    server: LiveServer, people: Cast, database: Database, browser_context: Callable[..., BrowserContext]
) -> Opener:
    """``open_room(people.member)``: their page of a blueprint with P1, E1 to E4 and C1.1 to C1.3 (that one agreed)."""
    with database.writing() as uow:
        made = outline.start(uow, people.member, group_id=people.group_id)
        for title, status in (("Owned", Status.DRAFT), ("Measured", Status.DRAFT), ("Settled", Status.AGREED)):
            items.add_item(
                uow, people.facilitator, group_id=people.group_id, kind=Kind.CRITERION, parent_id=made[0].id,
                title=title, text="First words.", why="Since they matter.", status=status,
            )  # fmt: skip
        items.add_item(
            uow, people.member, group_id=people.group_id, kind=Kind.PRINCIPLE, title="Respect",
            principle_group=PrincipleGroup.PERSON_CENTRED,
        )  # fmt: skip

    def open_page(actor: Actor, **options: object) -> Page:
        context = browser_context(**{"viewport": {"width": 1366, "height": 900}, **options})
        enter(context, server, actor.email or "")
        page = context.new_page()
        page.goto(f"{server.url}/g/{SLUG}/blueprint")
        page.wait_for_selector("html[data-ready][data-live=on]")
        return page

    return open_page


def card(page: Page, reference: str) -> Locator:
    return page.locator(f'[data-reference="{reference}"]')


def act(page: Page, reference: str) -> Locator:
    """Open what can be done with an item."""
    card(page, reference).get_by_role("button", name="More").click()
    return page.get_by_role("dialog")


def test_words_are_edited_in_place_and_read_by_others_at_once(
    open_room: Opener, people: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    writer, reader = open_room(people.member), open_room(people.observer)
    assert_accessible(reader)
    card(writer, "C1.1").get_by_role("button", name="Edit").click()
    words = card(writer, "C1.1").get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    expect(card(reader, "C1.1").get_by_role("img", name="Member Invented")).to_be_visible()
    expect(reader.locator(".here")).to_contain_text("editing C1.1")
    writer.keyboard.press("Control+End")
    writer.keyboard.type(" Second **words**.")
    expect(card(reader, "C1.1").locator("strong")).to_have_text("words", timeout=1_500)
    assert_accessible(writer)
    card(writer, "C1.2").get_by_role("button", name="Edit").click()
    expect(card(writer, "C1.2").get_by_role("textbox", name="Words of C1.2")).to_be_focused()
    expect(writer.locator("article[data-editing]")).to_have_count(1)
    expect(card(writer, "C1.1").locator(".item__words")).to_have_text("First words. Second words.")
    card(writer, "C1.2").get_by_text("Why", exact=True).click()
    expect(card(writer, "C1.2").get_by_role("textbox", name="C1.2: Why")).to_have_text("Since they matter.")
    words = card(writer, "C1.2").get_by_role("textbox", name="Words of C1.2")
    words.press("Escape")
    expect(card(writer, "C1.2")).to_be_focused()
    expect(writer.locator(".cm-editor")).to_have_count(0)


def test_nothing_is_fetched_while_one_types(open_room: Opener, people: Cast) -> None:
    writer = open_room(people.member)
    card(writer, "C1.1").get_by_role("button", name="Edit").click()
    expect(card(writer, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()
    writer.evaluate("""() => {
      window.letters = [];
      document.addEventListener("input", () => window.letters.push(performance.now()), { capture: true });
    }""")
    # Each of these letters is stored, and the card it stands in is news to everybody, its writer included.
    writer.keyboard.type("sixteen letters.", delay=100)
    letters = writer.evaluate("window.letters")
    asked = writer.wait_for_function(
        """() => {
          const fetched = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/cards?"));
          return fetched.length && fetched.map(({ startTime }) => startTime);
        }"""
    ).json_value()
    assert len(letters) == 16
    assert not [at for at in asked if any(at - 500 < letter < at for letter in letters)]


def test_a_press_before_the_scripts_have_come_is_not_lost(open_room: Opener, people: Cast, server: LiveServer) -> None:
    page = open_room(people.member)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/modules/tree.js", hold)
    with page.expect_request("**/js/modules/tree.js"):
        page.goto(f"{server.url}/g/{SLUG}/blueprint", wait_until="commit")
    edit = card(page, "C1.1").get_by_role("button", name="Edit")
    edit.click()
    edit.click()
    expect(page.locator(".cm-editor")).to_have_count(0)
    held[0].continue_()
    expect(card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()


def test_acts_are_seen_by_others_at_once_and_undone(
    open_room: Opener, people: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    one, other = open_room(people.member), open_room(people.peer)
    card(other, "C1.2").get_by_role("button", name="Edit").click()
    typing = card(other, "C1.2").get_by_role("textbox", name="Words of C1.2")
    expect(typing).to_be_focused()
    card(one, "E1").get_by_role("link", name="Add a criterion").click()
    one.get_by_label("Title").fill("Trusted")
    one.get_by_role("dialog").get_by_role("button", name="Add a criterion").dblclick()
    expect(card(one, "C1.4").get_by_role("textbox", name="Words of C1.4")).to_be_focused()
    # It would push down what the other has in view: it is offered, and the outline has it already.
    expect(other.locator("#outline")).to_contain_text("Trusted")
    expect(other.get_by_role("link", name="The list has changed: show it")).to_be_visible()
    expect(typing).to_be_focused()
    other.get_by_role("link", name="The list has changed: show it").click()
    expect(card(other, "C1.4")).to_be_visible()
    expect(card(other, "C1.5")).to_have_count(0)
    typing.focus()
    card(one, "C1.4").get_by_role("button", name="Done").click()
    dialog = act(one, "C1.4")
    assert_accessible(one)
    dialog.get_by_label("Move to…").select_option(label="E2 Partnership: collaboration and leadership")
    dialog.get_by_role("button", name="Move", exact=True).click()
    expect(card(one, "C1.4")).to_contain_text("now under E2")
    expect(card(other, "C1.4")).to_contain_text("now under E2")
    act(one, "C1.4").get_by_role("button", name="Withdraw C1.4").click()
    expect(card(one, "C1.4")).to_be_hidden()
    expect(other.locator("#outline").get_by_text("Trusted")).to_be_hidden()
    one.get_by_role("button", name="Undo").last.click()
    expect(card(one, "C1.4")).to_be_visible()
    expect(other.locator("#outline").get_by_text("Trusted")).to_be_visible()
    expect(typing).to_be_focused()


def test_what_was_withdrawn_comes_back_whoever_restores_it(open_room: Opener, people: Cast) -> None:
    one, other = open_room(people.member), open_room(people.peer)
    act(one, "C1.2").get_by_role("button", name="Withdraw C1.2").click()
    expect(card(one, "C1.2")).to_be_hidden()
    expect(card(other, "C1.2")).to_have_attribute("data-status", "withdrawn")
    other.reload()
    other.wait_for_selector("html[data-ready][data-live=on]")
    expect(card(other, "C1.2")).to_be_hidden()
    held: list[tuple[Route, APIResponse]] = []
    one.route(lambda url: url.endswith("/restore"), lambda route: held.append((route, route.fetch())))
    one.get_by_role("button", name="Undo").last.click()
    # The hint is here before the answer: what it brings must not hide the item from whoever restored it.
    expect(card(one, "C1.2")).to_have_attribute("data-status", "draft")
    route, answer = held[0]
    route.fulfill(response=answer)
    expect(card(one, "C1.2")).to_be_visible()
    # Below what the other has in view it comes by itself.
    expect(card(other, "C1.2")).to_be_visible()


def test_keys_move_items_and_what_is_read_stays(open_room: Opener, people: Cast) -> None:
    one, other = open_room(people.member), open_room(people.peer)
    other.locator("#outline").get_by_role("link", name="E4 Legal").click()
    place = card(other, "E4").evaluate("(element) => element.getBoundingClientRect().top")
    card(one, "C1.1").focus()
    one.keyboard.press("Alt+ArrowDown")
    expect(one.locator(".item--criterion").first).to_have_attribute("data-reference", "C1.2")
    expect(other.locator("#outline [data-kind=criterion]").first).to_contain_text("C1.2")
    assert abs(card(other, "E4").evaluate("(element) => element.getBoundingClientRect().top") - place) < 2
    expect(card(one, "C1.1")).to_be_focused()
    one.keyboard.press("k")
    expect(card(one, "C1.2")).to_be_focused()
    one.keyboard.press("m")
    expect(one.get_by_role("dialog")).to_contain_text("C1.2 Measured")


def test_agreed_words_are_reopened_by_a_facilitator(open_room: Opener, people: Cast) -> None:
    member, facilitator = open_room(people.member), open_room(people.facilitator)
    expect(card(member, "C1.3")).to_contain_text("Agreed: ask a facilitator to reopen")
    act(facilitator, "C1.3").get_by_role("button", name="Reopen C1.3").click()
    expect(card(member, "C1.3").get_by_role("button", name="Edit")).to_be_visible()
    facilitator.get_by_role("button", name="Undo").click()
    expect(card(member, "C1.3")).to_contain_text("Agreed: ask a facilitator to reopen")


def test_what_a_closed_tab_left_is_sent_or_shown_on_its_item(open_room: Opener, people: Cast) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    for reference in ("C1.1", "C1.2"):
        page.context.set_offline(False)
        page.reload()
        card(page, reference).get_by_role("button", name="Edit").click()
        expect(card(page, reference).get_by_role("textbox", name=f"Words of {reference}")).to_be_focused()
        page.context.set_offline(True)
        page.keyboard.type(" Written in a tunnel.")  # the cursor stands at the end
        page.evaluate(KEPT, len(" Written in a tunnel."))
        expect(card(page, reference).locator(".save-state")).to_have_attribute("data-state", "reconnecting")
        if reference == "C1.2":
            dialog = act(facilitator, "C1.2")
            dialog.get_by_label("Status").select_option("agreed")
            dialog.get_by_role("button", name="Save").click()
            expect(card(facilitator, "C1.2")).to_contain_text("Agreed")
        context, address = page.context, page.url
        page.close(run_before_unload=False)
        context.set_offline(False)
        page = context.new_page()
        page.goto(address)
    expect(card(page, "C1.1").locator(".item__words")).to_have_text("First words. Written in a tunnel.")
    expect(card(page, "C1.2").get_by_role("textbox", name="Your words")).to_have_value(
        "First words. Written in a tunnel."
    )
    expect(page.get_by_text("could not be saved")).to_contain_text("C1.2")
    card(page, "C1.2").get_by_role("button", name="Suggest these words").click()
    expect(page.get_by_label("Words", exact=True)).to_have_value("First words. Written in a tunnel.")
    page.get_by_label("Your reason").fill("x" * 1_001)
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.get_by_text("At most 1000 characters").first).to_be_visible()
    page.wait_for_selector("html[data-ready]")
    with page.expect_event("dialog", lambda dialog: dialog.type == "beforeunload" and (dialog.accept() or True)):
        page.goto(address)
    expect(card(page, "C1.2").get_by_role("textbox", name="Your words")).to_be_visible()
    card(page, "C1.2").get_by_role("button", name="Suggest these words").click()
    page.get_by_role("button", name="Suggest these words").click()
    expect(page.locator("#suggestions ins")).to_contain_text("Written in a tunnel.")
    page.wait_for_selector("html[data-ready]")
    page.goto(address)
    expect(card(page, "C1.2").get_by_role("link", name="1 suggestion")).to_be_visible()
    page.wait_for_selector("html[data-ready]")
    expect(page.get_by_text("could not be saved")).to_be_hidden()
    expect(page.locator(".editor__kept")).to_have_count(0)


def test_an_item_on_a_phone_and_its_time_line(
    open_room: Opener, people: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    page = open_room(people.member, **PHONE)
    page.get_by_role("button", name="Outline").click()
    page.locator("#outline").get_by_role("link", name="C1.1 Owned").click()
    expect(page.locator("#outline")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Kind").select_option("principle")
    expect(card(page, "C1.1")).to_be_hidden()
    expect(page.get_by_text("1 of 8 items")).to_be_visible()
    page.get_by_label("Kind").select_option("")
    card(page, "C1.1").get_by_role("button", name="Edit").tap()
    expect(card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Worse.")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    card(page, "C1.1").get_by_role("button", name="Done").tap()
    card(page, "C1.1").get_by_role("link", name="C1.1", exact=True).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Owned")
    assert_accessible(page)
    page.get_by_role("link", name="Whole time line, and compare").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Time line")
    assert_accessible(page)
    page.get_by_role("button", name="Compare the two").tap()
    expect(page.get_by_role("heading", level=1)).to_contain_text("What changed")
    expect(page.locator("ins")).to_contain_text("Worse.")
    assert_accessible(page)
    page.get_by_role("button", name="Bring back the earlier words").tap()
    page.get_by_role("button", name="Bring back", exact=True).tap()
    expect(page.locator(".item-page__text")).to_have_text("First words.")


def test_the_page_is_narrowed_and_the_address_keeps_it(open_room: Opener, people: Cast, database: Database) -> None:
    page = open_room(people.member)
    shown = page.locator("[data-item]:visible")
    expect(shown).to_have_count(8)
    page.evaluate("""() => {
      const replace = history.replaceState.bind(history);
      window.replaced = 0;
      history.replaceState = (...to) => { window.replaced += 1; replace(...to); };
    }""")
    page.get_by_label("Find words").press_sequentially("measured")
    expect(shown).to_have_count(1)
    assert page.evaluate("window.replaced") <= 1  # Safari refuses after a hundred in half a minute
    page.wait_for_url("**words=measured")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.get_by_label("Find words")).to_have_value("measured")
    expect(shown).to_have_count(1)
    page.get_by_label("Find words").fill("")
    page.wait_for_url("**/blueprint")
    item_id = card(page, "C1.2").get_attribute("data-item") or ""
    page.get_by_label("What waits").select_option("comments")
    expect(shown).to_have_count(0)
    with database.writing() as uow:
        comments.start(uow, people.observer, item_id=int(item_id), words="Why?")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.get_by_label("What waits")).to_have_value("comments")
    expect(shown).to_have_count(1)
    page.get_by_label("Changed by").select_option(label="Member Invented")  # C1.2 was written by somebody else
    page.wait_for_url("**about=comments&by=*")
    expect(shown).to_have_count(0)
    page.get_by_role("link", name="Choose several").click()
    page.wait_for_url("**/several?about=comments&by=*")
    expect(page.get_by_text("No item matches")).to_be_visible()
    page.get_by_label("What waits").select_option("")
    page.get_by_label("Changed by").select_option("")
    page.get_by_role("button", name="Show").click()
    for reference in ("C1.1", "C1.2"):
        page.get_by_label(reference).check()
    expect(page.get_by_text("2 items are ticked")).to_be_visible()
    page.get_by_label("What waits").select_option("comments")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url(lambda url: "about=comments" in url and "token" not in url)
    expect(page.get_by_role("group", name="1 ticked before").get_by_label("C1.1")).to_be_checked()
    expect(page.get_by_role("group", name="1 item").get_by_label("C1.2")).to_be_checked()
    expect(page.get_by_text("1 does not match the list")).to_be_visible()
    page.get_by_label("C1.1").uncheck()
    expect(page.get_by_text("1 item is ticked")).to_be_visible()
    page.get_by_label("Their status").select_option("parked")
    page.get_by_role("button", name="Give it to those chosen").click()
    expect(page.get_by_text("1 item has another status now")).to_be_visible()
    with database.reading() as uow:
        assert uow.session.get_one(Item, int(item_id)).status is Status.PARKED


def test_the_page_of_an_item_tells_of_what_others_changed_and_not_of_what_it_shows(
    open_room: Opener, people: Cast, database: Database, server: LiveServer
) -> None:
    page = open_room(people.member)
    item_id = card(page, "C1.1").get_attribute("data-item")
    page.goto(f"{server.url}/g/{SLUG}/blueprint/items/{item_id}")
    page.wait_for_selector("html[data-ready][data-live=on]")
    pill = page.get_by_role("link", name="This item has changed: show it as it is now")
    with page.expect_response("**/mark") as told:  # a hint about one's own act comes when its page is there already
        page.evaluate(
            "(id) => document.dispatchEvent(new CustomEvent('concordat:changed', {detail: {topic: `item-${id}`}}))",
            item_id,
        )
    told.value.finished()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(pill).to_be_hidden()
    with database.writing() as uow:
        comments.start(uow, people.peer, item_id=int(item_id or 0), words="Why so?", field=Field.TEXT)
    page.evaluate(
        "(id) => document.dispatchEvent(new CustomEvent('concordat:changed', {detail: {topic: `item-${id}`}}))", item_id
    )
    expect(pill).to_be_visible()
    pill.click()
    expect(page.locator("#comments")).to_contain_text("Why so?")
    expect(pill).to_be_hidden()


def test_whoever_writes_is_told_that_earlier_words_come_back_and_so_is_who_brings_them(
    open_room: Opener, people: Cast, server: LiveServer
) -> None:
    peer, member = open_room(people.peer), open_room(people.member)
    item_id = card(peer, "C1.1").get_attribute("data-item")
    card(peer, "C1.1").get_by_role("button", name="Edit").click()
    words = card(peer, "C1.1").get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    peer.keyboard.press("Control+End")
    peer.keyboard.type(" More.")
    expect(card(peer, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")

    member.goto(f"{server.url}/g/{SLUG}/blueprint/items/{item_id}/compare?from=1.1.1.0")
    expect(member.get_by_text(f"In it just now: {people.peer.name}.")).to_be_visible()
    member.get_by_role("button", name="Bring back the earlier words").click()
    expect(member.get_by_role("dialog")).to_contain_text(f"In it just now: {people.peer.name}.")
    member.get_by_role("button", name="Bring back", exact=True).click()
    expect(member.locator(".item-page__text")).to_have_text("First words.")
    expect(words).to_have_text("First words.")
    expect(peer.locator("#toasts")).to_contain_text("Somebody has just brought back earlier words of the item you are")


def lay_words(page: Page) -> Locator:
    """Write in C1.1, somewhere in the middle of the page; answers its box."""
    card(page, "C1.1").get_by_role("button", name="Edit").click()
    words = card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    page.keyboard.type(" Before.")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    return words


def begin_reply(page: Page, people: Cast, database: Database, reference: str) -> Locator:
    """Begin to answer a comment of the peer, where the card shows its details; answers the field."""
    with database.writing() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == reference)).scalar_one()
        comments.start(uow, people.peer, item_id=item.id, words="Why is that so?")
    card(page, reference).locator("details[data-details] > summary").click()
    card(page, reference).locator("summary", has_text="Reply").click()
    reply = card(page, reference).get_by_label("Reply to")
    reply.click()
    page.keyboard.type("Because it")
    expect(reply).to_have_value("Because it")
    return reply


def agree(page: Page, reference: str, words: str) -> None:
    """Set the item to Agreed, once its card shows these words: one agrees to what one reads."""
    expect(card(page, reference)).to_contain_text(words)
    dialog = act(page, reference)
    dialog.get_by_label("Status").select_option("agreed")
    dialog.get_by_role("button", name="Save").click()
    expect(card(page, reference)).to_contain_text("Agreed")


def standing(words: Locator) -> float:
    return float(words.evaluate("(element) => element.getBoundingClientRect().top"))


@pytest.mark.parametrize("screen", [{}, PHONE], ids=["laptop", "phone"])
def test_what_is_typed_while_an_item_is_agreed_becomes_a_suggestion(
    open_room: Opener, people: Cast, screen: dict[str, object], assert_accessible: Callable[[Page], None]
) -> None:
    page, facilitator = open_room(people.member, **screen), open_room(people.facilitator)
    words = lay_words(page)
    place = standing(words)
    agree(facilitator, "C1.1", "Before.")
    # Nobody stops typing to look.
    page.keyboard.type(" After it was agreed.")
    said = card(page, "C1.1").get_by_role("status").filter(has_text="Facilitator Invented has agreed this item.")
    expect(said).to_be_in_viewport()
    expect(words).to_be_focused()
    page.keyboard.type(" And more.")
    assert abs(standing(words) - place) < 2
    expect(card(page, "C1.1").locator("ins")).to_have_text(" After it was agreed. And more.")
    expect(page.get_by_text("These words are not saved")).to_have_count(0)
    expect(card(page, "C1.1").locator(".save-state")).to_be_hidden()
    assert_accessible(page)
    card(page, "C1.1").get_by_role("button", name="Suggest these words").click()
    expect(card(page, "C1.1").get_by_role("link", name="1 suggestion")).to_be_visible()
    expect(card(page, "C1.1")).to_be_focused()
    expect(card(page, "C1.1").locator(".item__words")).to_have_text("First words. Before.")
    expect(card(page, "C1.1").locator(".editor__kept")).to_have_count(0)


def test_on_a_phone_what_is_said_of_a_closed_item_does_not_cover_what_one_writes(
    open_room: Opener, people: Cast, database: Database
) -> None:
    page = open_room(people.member, **PHONE)
    words = lay_words(page)
    page.evaluate("(by) => window.scrollBy(0, by)", standing(words) - PHONE["viewport"]["height"] + 130)  # type: ignore[index]
    item_id = int(card(page, "C1.1").get_attribute("data-item") or "")
    with database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=item_id, status=Status.AGREED)
    page.keyboard.type(" After.")
    said = card(page, "C1.1").locator(".editor__told--mine")
    expect(said).to_be_in_viewport()
    line = words.locator(".cm-line").last
    expect(line).to_have_text("First words. Before. After.")
    until(
        lambda: foot(line) <= said.evaluate("(element) => element.getBoundingClientRect().top") + 1,
        "the line one writes in stands above it",
    )


def foot(line: Locator) -> float:
    return float(line.evaluate("(element) => element.getBoundingClientRect().bottom"))


def test_what_is_typed_while_an_item_is_withdrawn_stays_on_the_device_once_and_with_the_true_reason(
    open_room: Opener, people: Cast, database: Database
) -> None:
    page = open_room(people.member)
    words = lay_words(page)
    item_id = int(card(page, "C1.1").get_attribute("data-item") or "")
    with database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=item_id)
    page.keyboard.type(" After it was withdrawn.")
    why = "Facilitator Invented has withdrawn this item."
    expect(card(page, "C1.1").get_by_role("status").filter(has_text=why)).to_be_in_viewport()
    expect(words).to_be_focused()
    page.keyboard.type(" And more.")
    expect(words).to_have_text("First words. Before. After it was withdrawn. And more.")
    expect(card(page, "C1.1").get_by_role("button", name="Suggest these words")).to_be_hidden()
    card(page, "C1.1").get_by_role("button", name="Done").click()
    kept = card(page, "C1.1").get_by_role("region", name="These words are not saved")
    expect(kept).to_have_count(1)
    expect(kept).to_contain_text(why)
    expect(kept.get_by_role("textbox")).to_have_value("First words. Before. After it was withdrawn. And more.")
    expect(kept.get_by_role("button")).to_have_text(["Copy my text", "Let go"])
    with database.reading() as uow:
        text = documents.documents_of(uow.session, [item_id])[item_id][Field.TEXT].text
    assert text == "First words. Before."
    page.reload()
    expect(card(page, "C1.1")).to_be_hidden()
    page.locator("[data-left]").get_by_role("link", name="C1.1").click()
    expect(kept).to_be_focused()
    expect(kept.get_by_role("textbox")).to_be_in_viewport()
    kept.get_by_role("button", name="Let go").focus()
    page.keyboard.press("Enter")
    expect(card(page, "C1.1")).to_be_focused()


def test_what_is_typed_while_an_item_is_withdrawn_can_be_put_in_once_it_is_back(
    open_room: Opener, people: Cast
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    lay_words(page)
    one = card(page, "C1.1")
    act(facilitator, "C1.1").get_by_role("button", name="Withdraw C1.1").click()
    page.keyboard.type(" After it was withdrawn.")
    expect(one.get_by_role("status").filter(has_text="has withdrawn this item.")).to_be_in_viewport()
    facilitator.get_by_role("button", name="Undo").click()
    expect(one.get_by_role("button", name="Put my words into the text")).to_be_visible()
    one.get_by_role("button", name="Done").click()
    kept = one.get_by_role("region", name="These words are not saved")
    expect(kept.get_by_role("textbox")).to_have_value("First words. Before. After it was withdrawn.")
    expect(one.get_by_text("A suggestion of yours is not sent")).to_have_count(0)
    one.get_by_role("button", name="Edit").click()
    words = one.get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    kept.get_by_role("button", name="Put my words into the text").click()
    expect(words).to_have_text("First words. Before. After it was withdrawn.")
    expect(one.locator(".editor--body")).to_have_attribute("data-save", "saved")


def test_what_was_typed_and_taken_out_again_while_an_item_was_agreed_is_kept_nowhere(
    open_room: Opener, people: Cast, database: Database
) -> None:
    page = open_room(people.member)
    words = lay_words(page)
    one = card(page, "C1.1")
    with database.writing() as uow:
        agreed = int(one.get_attribute("data-item") or "")
        items.set_status(uow, people.facilitator, item_id=agreed, status=Status.AGREED)
    page.keyboard.type("!")
    expect(one.get_by_role("status").filter(has_text="has agreed this item")).to_be_in_viewport()
    expect(one.get_by_role("button", name="Let go of my words")).to_be_visible()
    page.keyboard.press("Backspace")
    expect(words).to_have_text("First words. Before.")
    expect(one.get_by_role("button", name="Let go of my words")).to_be_hidden()
    body = one.locator(".editor--body")
    expect(body).to_have_attribute("data-pending", "0")
    with database.writing() as uow:
        known = uow.session.query(Document).filter_by(item_id=agreed, field=Field.TEXT).one()
        stored, topic = known.version, body.get_attribute("data-topic")
        items.reopen(uow, people.facilitator, item_id=agreed)
    page.evaluate("topic => document.dispatchEvent(new CustomEvent('concordat:changed', { detail: { topic } }))", topic)
    expect(body).to_have_attribute("data-access", "write")
    page.keyboard.type("?")
    expect(one.get_by_text("Saved", exact=True).first).to_be_visible()
    with database.reading() as uow:
        text = uow.session.get_one(Document, known.id)
        assert (text.text, text.version) == ("First words. Before.?", stored + 1), "the log has nothing of it"
    page.keyboard.press("Backspace")
    expect(words).to_have_text("First words. Before.")
    one.get_by_role("button", name="Done").click()
    expect(one.locator(".editor")).to_have_count(0)
    expect(one.locator(".item__words")).to_have_text("First words. Before.")
    page.reload()
    expect(one.locator(".item__words")).to_have_text("First words. Before.")
    expect(one.locator(".editor__kept")).to_have_count(0)


def test_who_is_taken_out_of_the_group_while_writing_is_told_so_and_finds_the_words_under_their_account(
    open_room: Opener, server: LiveServer, people: Cast, database: Database
) -> None:
    page = open_room(people.member)
    lay_words(page)
    page.context.set_offline(True)
    page.keyboard.type(" Too late.")
    page.evaluate(KEPT, len(" Too late."))
    with database.writing() as uow:
        [row] = uow.session.query(Membership).filter_by(person_id=people.member.person_id, group_id=people.group_id)
        memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=row.id)
    page.context.set_offline(False)
    kept = page.get_by_role("region", name="These words are not saved")
    expect(kept).to_contain_text("You are no longer in this group")
    expect(kept.get_by_role("button")).to_have_text(["Copy my text", "Let go"])
    expect(card(page, "C1.1").get_by_text("There is nothing here")).to_have_count(0)
    page.goto(f"{server.url}/account")
    expect(kept).to_have_count(1)
    expect(kept.get_by_role("textbox")).to_have_value("First words. Before. Too late.")
    kept.get_by_role("button", name="Let go").click()
    page.goto(server.url)
    expect(page.get_by_role("heading", name="My groups")).to_be_visible()
    expect(kept).to_have_count(0)


def test_nothing_more_is_saved_as_ones_own_once_somebody_else_has_come_in_on_the_device(
    open_room: Opener, server: LiveServer, people: Cast, database: Database
) -> None:
    page = open_room(people.member)
    lay_words(page)
    enter(page.context, server, people.peer.email or "")
    expect(card(page, "C1.1").get_by_text("Somebody has signed in on this device since").first).to_be_visible()
    page.keyboard.type(" Whose is this?")
    page.evaluate(KEPT, len(" Whose is this?"))
    page.goto(f"{server.url}/g/{SLUG}/blueprint")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    expect(card(page, "C1.1")).to_contain_text("First words. Before.")
    with database.reading() as uow:
        assert not [row for row in uow.session.query(TextChange) if "Whose" in row.changes]


def test_who_signs_out_in_another_tab_is_told_just_that(open_room: Opener, people: Cast) -> None:
    page = open_room(people.member)
    lay_words(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("form[action='/sign-out']").evaluate("(form) => form.requestSubmit()")
    expect(card(page, "C1.1").get_by_text("You are signed out. Sign in again in another tab").first).to_be_visible()
    expect(page.get_by_text("Somebody has signed in on this device")).to_have_count(0)


def test_what_is_written_while_somebody_else_signs_in_on_the_device_is_its_writers(
    open_room: Opener, server: LiveServer, people: Cast, database: Database
) -> None:
    page = open_room(people.member)
    lay_words(page)
    page.context.set_offline(True)
    page.keyboard.type(" Mine.")
    page.evaluate(KEPT, len(" Mine."))
    enter(page.context, server, people.peer.email or "")
    page.context.set_offline(False)
    told = card(page, "C1.1").get_by_text("Somebody has signed in on this device since").first
    expect(told).to_be_visible()
    page.reload()
    expect(page.locator("html[data-live=on]")).to_be_attached()
    expect(card(page, "C1.1")).to_contain_text("First words. Before.")
    assert "Mine" not in card(page, "C1.1").inner_text()
    enter(page.context, server, people.member.email or "")
    page.reload()
    expect(card(page, "C1.1")).to_contain_text("First words. Before. Mine.")
    with database.reading() as uow:
        row = uow.session.query(TextChange).order_by(TextChange.at, TextChange.version).all()[-1]
        assert row.author_id == people.member.person_id


@pytest.mark.parametrize("screen", ["laptop", "phone"])
def test_after_a_long_paste_the_line_one_is_at_is_seen(open_room: Opener, people: Cast, screen: str) -> None:
    options = PHONE if screen == "phone" else {}
    page = open_room(people.member, permissions=["clipboard-read", "clipboard-write"], **options)
    words = lay_words(page)
    page.evaluate(
        "(words) => navigator.clipboard.writeText(words)", "A line of words. " * 50 + "\n\nA paragraph. " * 400
    )
    page.keyboard.press("Control+v")
    expect(words).to_contain_text("A paragraph.")
    seen = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const { top, bottom } = getSelection().getRangeAt(0).getBoundingClientRect();
      done(top >= 0 && bottom <= window.innerHeight && bottom > 0);
    })))"""
    until(lambda: page.evaluate(seen), "the line with the cursor")
    assert page.evaluate(seen)


def test_words_written_while_an_item_was_closed_are_put_in_when_it_is_open_again(
    open_room: Opener, people: Cast
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    words = lay_words(page)
    agree(facilitator, "C1.1", "Before.")
    expect(card(page, "C1.1").get_by_text("has agreed this item")).to_be_visible()
    page.keyboard.type(" Meanwhile.")
    facilitator.get_by_role("button", name="Undo").click()
    card(page, "C1.1").get_by_role("button", name="Put my words into the text").click()
    expect(card(page, "C1.1").locator("ins")).to_have_count(0)
    words.press("Escape")
    expect(card(page, "C1.1").locator(".item__words")).to_have_text("First words. Before. Meanwhile.")


def test_letters_act_from_the_pages_start_and_from_within_a_card_and_never_where_one_types(
    open_room: Opener, people: Cast
) -> None:
    page = open_room(people.member)
    shown = page.locator("[data-item]:visible")
    page.keyboard.press("j")
    expect(shown.nth(0)).to_be_focused()
    for number in range(1, 7):
        page.keyboard.press("j")
        expect(shown.nth(number)).to_be_focused()
        box = shown.nth(number).bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 900
        assert shown.nth(number).evaluate("(element) => element.matches(':focus-visible')")
    page.keyboard.press("k")
    expect(shown.nth(5)).to_be_focused()

    card(page, "C1.1").get_by_role("link", name="C1.1", exact=True).focus()
    page.keyboard.press("j")
    expect(card(page, "C1.2")).to_be_focused()
    card(page, "C1.1").get_by_role("button", name="More").focus()
    page.keyboard.press("c")
    expect(page.get_by_role("dialog").get_by_label("Your comment")).to_be_focused()
    page.keyboard.type("jack")
    expect(page.get_by_role("dialog").get_by_label("Your comment")).to_have_value("jack")
    page.keyboard.press("Escape")
    page.get_by_label("Find words").focus()
    page.keyboard.type("js")
    expect(page.get_by_label("Find words")).to_have_value("js")
    expect(page.locator("article[data-editing]")).to_have_count(0)
    page.get_by_label("Find words").fill("")

    page.get_by_text("Keys that help").click()
    page.get_by_role("button", name="Turn single letters off").click()
    card(page, "C1.1").get_by_role("link", name="C1.1", exact=True).focus()
    page.keyboard.press("s")
    page.keyboard.press("j")
    expect(card(page, "C1.1").get_by_role("link", name="C1.1", exact=True)).to_be_focused()
    card(page, "C1.1").focus()
    page.keyboard.press("j")
    expect(card(page, "C1.2")).to_be_focused()


def test_after_a_suggestion_or_a_comment_by_keys_the_item_is_in_view(
    open_room: Opener, people: Cast, database: Database
) -> None:
    with database.writing() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == "C1.1")).scalar_one()
        text = documents.documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        documents.replace_text(uow, people.member, text, "\n\n".join(["Many words, one after the other."] * 40))
    page = open_room(people.member)
    card(page, "C1.1").focus()
    page.keyboard.press("s")
    expect(card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Last.")
    card(page, "C1.1").get_by_role("button", name="Suggest these words").press("Enter")
    expect(card(page, "C1.1")).to_be_focused()
    head = card(page, "C1.1").locator(".item__head")
    expect(head).to_be_in_viewport()

    card(page, "C1.1").get_by_role("link", name="1 suggestion").focus()
    page.keyboard.press("c")
    page.keyboard.press("s")
    expect(page.get_by_role("dialog").get_by_label("Your comment")).to_be_focused()
    page.keyboard.type("Why last?")
    page.get_by_role("dialog").get_by_role("button", name="Comment").press("Enter")
    expect(card(page, "C1.1").get_by_role("link", name="1 comment")).to_be_visible()
    expect(head).to_be_in_viewport()
    assert card(page, "C1.1").evaluate("(element) => element.contains(document.activeElement)")


def test_the_name_of_who_types_is_never_cut_at_the_edge_of_a_phone(open_room: Opener, people: Cast) -> None:
    phone, other = open_room(people.member, **PHONE), open_room(people.peer)
    card(phone, "C1.1").get_by_role("button", name="Edit").tap()
    expect(card(phone, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()
    card(other, "C1.1").get_by_role("button", name="Edit").click()
    expect(card(other, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()
    other.keyboard.press("Control+End")
    seen = """(place) => {
      const tag = document.querySelector("[data-reference='C1.1'] .cm-their-name");
      if (tag?.textContent !== "Peer Invented · Acute provider" || tag.scrollWidth > tag.clientWidth) return false;
      const [name, line, field] = [tag, tag.closest(".cm-line"), tag.closest(".editor__field")].map((one) => one.getBoundingClientRect());
      return name.left >= field.left && name.right <= field.right && place === (name.top >= line.bottom - 1 ? "below" : "behind");
    }"""  # noqa: E501
    other.keyboard.press("Control+A")
    other.keyboard.type("Few")
    phone.wait_for_function(seen, arg="behind")
    # To the right edge of the phone, where nothing stands behind the end of the line, and on to the next row.
    other.keyboard.type(" words that go to it")
    phone.wait_for_function(seen, arg="below")
    other.keyboard.type(" and further on")
    phone.wait_for_function(seen, arg="behind")


def test_who_writes_in_an_item_that_is_split_is_told_by_whom_and_where_the_rest_is(
    open_room: Opener, people: Cast, assert_accessible: Callable[[Page], None]
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    words = lay_words(page)
    page.keyboard.type(" The rest of it.")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    facilitator.goto(f"{page.url}/items/{card(page, 'C1.1').get_attribute('data-item')}/split")
    facilitator.get_by_label("The rest of it.").check()
    facilitator.get_by_label("Title of the new item").fill("Owned in part")
    facilitator.get_by_role("button", name="Split C1.1").click()
    said = card(page, "C1.1").get_by_role("status").filter(has_text="Facilitator Invented has split this item.")
    expect(said).to_have_text(
        "Facilitator Invented has split this item. The rest of its words is now in C1.4 Owned in part. Write on in C1.4"
    )
    expect(said).to_be_in_viewport()
    expect(words).to_be_focused()
    expect(words).to_have_text("First words. Before.")
    assert_accessible(page)
    page.keyboard.type(" Torn")
    expect(words).to_have_text("First words. Before.")
    said.get_by_role("link", name="C1.4 Owned in part").click()
    expect(card(page, "C1.4")).to_be_focused()
    expect(card(page, "C1.4")).to_be_in_viewport()
    expect(card(page, "C1.4")).to_contain_text("The rest of it.")
    expect(words).to_be_visible()
    card(page, "C1.1").get_by_role("button", name="Close").click()
    expect(said).to_have_count(0)
    expect(words).to_be_focused()
    page.keyboard.type(" And on.")
    expect(words).to_have_text("First words. Before. And on.")


def test_who_writes_in_words_that_a_split_takes_away_writes_on_in_the_new_item_where_they_were(
    open_room: Opener, people: Cast, database: Database
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    words = lay_words(page)
    page.keyboard.type(" They live. And they end.")
    for _ in " And they end.":
        page.keyboard.press("ArrowLeft")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    facilitator.goto(f"{page.url}/items/{card(page, 'C1.1').get_attribute('data-item')}/split")
    facilitator.get_by_label("They live.").check()
    facilitator.get_by_label("Title of the new item").fill("Living")
    facilitator.get_by_role("button", name="Split C1.1").click()
    on = card(page, "C1.1").get_by_role("link", name="Write on in C1.4")
    expect(on).to_be_visible()
    page.keyboard.type("torn")
    expect(words).to_have_text("First words. Before.")
    on.click()
    rest = card(page, "C1.4").get_by_role("textbox", name="Words of C1.4")
    expect(rest).to_be_focused()
    expect(rest).to_have_text("They live. And they end.")
    page.keyboard.type(" Well.")
    expect(card(page, "C1.4").locator(".editor--body")).to_have_attribute("data-save", "saved")
    with database.reading() as uow:
        texts = (
            select(Document.text).join(Item, Item.id == Document.item_id)
            .where(Document.field == Field.TEXT, Item.reference.in_(("C1.1", "C1.4"))).order_by(Item.reference)
        )  # fmt: skip
        assert list(uow.session.execute(texts).scalars()) == ["First words. Before.", "They live. Well. And they end."]


def test_what_was_typed_offline_into_words_that_a_split_took_away_is_handed_back_and_said(
    open_room: Opener, people: Cast, database: Database, assert_accessible: Callable[[Page], None]
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    words = lay_words(page)
    page.keyboard.type(" They live.")
    editor = card(page, "C1.1").locator(".editor--body")
    expect(editor).to_have_attribute("data-save", "saved")
    page.context.set_offline(True)
    expect(editor).to_have_attribute("data-save", "reconnecting")
    page.keyboard.type(" And more of it")
    facilitator.goto(f"{page.url}/items/{card(page, 'C1.1').get_attribute('data-item')}/split")
    facilitator.get_by_label("They live.").check()
    facilitator.get_by_label("Title of the new item").fill("Living")
    facilitator.get_by_role("button", name="Split C1.1").click()
    expect(facilitator.get_by_text("It was split off C1.1").first).to_be_visible()
    page.context.set_offline(False)
    kept = card(page, "C1.1").locator(".editor__kept")
    expect(kept.get_by_role("textbox")).to_have_value("And more of it", timeout=20_000)
    expect(kept).to_contain_text("went to another item")
    expect(kept.get_by_role("button", name="Suggest these words")).to_have_count(0)
    kept.get_by_role("button", name="Put back at the cursor").click()
    expect(kept.get_by_role("status")).to_have_text("Choose a place in the text first, where you may change it.")
    expect(words).to_have_text("First words. Before.")
    expect(card(page, "C1.1").get_by_role("status").filter(has_text="it is kept below")).to_be_visible()
    assert_accessible(page)
    expect(editor).to_have_attribute("data-save", "saved")
    with database.reading() as uow:
        texts = (
            select(Document.text).join(Item, Item.id == Document.item_id)
            .where(Document.field == Field.TEXT, Item.reference.in_(("C1.1", "C1.4"))).order_by(Item.reference)
        )  # fmt: skip
        assert list(uow.session.execute(texts).scalars()) == ["First words. Before.", "They live."]
        split = uow.session.execute(select(Item).where(Item.reference == "C1.4")).scalar_one()
    with database.writing() as uow:
        descent.put_back(uow, people.facilitator, item_id=split.id)
    expect(words).to_have_text("First words. Before. They live.")
    words.focus()
    kept.get_by_role("button", name="Put back at the cursor").click()
    expect(words).to_have_text("First words. Before. They live.And more of it")


def test_undo_brings_back_nothing_of_what_a_split_took_to_another_item(open_room: Opener, people: Cast) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    words = lay_words(page)
    page.keyboard.type(" They life.")
    for key in ("ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowLeft"):
        page.keyboard.press(key)
    page.keyboard.type("ve")
    expect(words).to_have_text("First words. Before. They live.")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    facilitator.goto(f"{page.url}/items/{card(page, 'C1.1').get_attribute('data-item')}/split")
    facilitator.get_by_label("They live.").check()
    facilitator.get_by_label("Title of the new item").fill("Living")
    facilitator.get_by_role("button", name="Split C1.1").click()
    expect(words).to_have_text("First words. Before.")
    undo = card(page, "C1.1").get_by_role("button", name="Undo my last change")
    expect(undo).to_be_disabled()
    words.press("Home")
    words.press("End")
    page.keyboard.press("Control+z")
    expect(words).to_have_text("First words. Before.")
    page.keyboard.type(" And on.")
    expect(words).to_have_text("First words. Before. And on.")
    page.keyboard.press("Control+z")
    expect(words).to_have_text("First words. Before.")


def test_a_split_leaves_alone_who_writes_in_the_words_that_stay(open_room: Opener, people: Cast) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    words = lay_words(page)
    page.keyboard.type(" They live.")
    page.keyboard.press("Control+Home")
    page.keyboard.type("Our ")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    facilitator.goto(f"{page.url}/items/{card(page, 'C1.1').get_attribute('data-item')}/split")
    facilitator.get_by_label("They live.").check()
    facilitator.get_by_label("Title of the new item").fill("Living")
    facilitator.get_by_role("button", name="Split C1.1").click()
    expect(words).to_have_text("Our First words. Before.")
    page.keyboard.type("own ")
    expect(words).to_have_text("Our own First words. Before.")


def test_keys_meant_for_what_one_writes_are_no_wish_of_the_page(
    open_room: Opener, people: Cast, database: Database
) -> None:
    page = open_room(people.member)
    reply = begin_reply(page, people, database, "C1.1")
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.type("!")
    expect(reply).to_have_value(re.compile("!"))
    page.keyboard.press("Tab")
    words = lay_words(page)
    card(page, "C1.1").get_by_role("button", name="Link").click()
    page.get_by_label("Link to (web or mail address)").press("Escape")
    expect(words).to_be_focused()
    # What is being composed (Chinese, Japanese, accents on some keyboards) is let go of with Escape.
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        words.dispatch_event("keydown", {"key": "Escape", **composing})
    page.keyboard.type(" Still here.")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    expect(words).to_have_text("First words. Before. Still here.")
    with database.reading() as uow:
        order = uow.session.execute(select(Item.reference, Item.position).where(Item.reference.like("C1._")))
    assert [reference for reference, _ in sorted(order, key=lambda each: each[1])] == ["C1.1", "C1.2", "C1.3"]


def test_a_reply_that_is_being_written_stays_when_others_change_the_item(
    open_room: Opener, people: Cast, database: Database
) -> None:
    page, other = open_room(people.member), open_room(people.peer)
    reply = begin_reply(page, people, database, "C1.1")
    with page.expect_response(lambda response: "/cards?" in response.url):
        lay_words(other)
    page.keyboard.type(" is so.")
    expect(reply).to_be_focused()
    expect(reply).to_have_value("Because it is so.")
    # Once one is elsewhere, the card shows the words as they are now, and what is not sent still stands there.
    with page.expect_response(lambda response: response.url.endswith("/details")):
        page.get_by_label("Find words").focus()
    expect(card(page, "C1.1").locator(".item__words")).to_have_text("First words. Before.")
    expect(reply).to_have_value("Because it is so.")
    expect(reply).to_be_visible()
    card(page, "C1.1").get_by_role("button", name="Reply").click()
    expect(card(page, "C1.1").locator(".talk__words").nth(1)).to_have_text("Because it is so.")
    expect(reply).to_have_value("")


def test_what_the_connection_says_is_read_aloud_once(open_room: Opener, people: Cast) -> None:
    page = open_room(people.member)
    lay_words(page)
    page.evaluate("""() => {
      window.said = [];
      const note = document.querySelector(".editor--body .editor__note");
      new MutationObserver(() => window.said.push(note.textContent)).observe(note, { childList: true });
    }""")
    for _ in range(3):
        page.evaluate("""() => {
          document.documentElement.dataset.live = "refused";
          document.dispatchEvent(new CustomEvent("concordat:live", { detail: { state: "refused" } }));
        }""")
    said = page.evaluate("window.said")
    assert len(said) == 1
    assert said[0].startswith("You are signed out.")


def test_whoever_writes_a_reply_keeps_the_cursor_when_the_items_around_it_are_moved(
    open_room: Opener, people: Cast, database: Database
) -> None:
    page, other = open_room(people.member, viewport={"width": 1366, "height": 300}), open_room(people.peer)
    reply = begin_reply(page, people, database, "C1.2")
    reply.evaluate("(element) => element.scrollIntoView({ block: 'center' })")
    card(other, "C1.1").focus()
    for number in (1, 2):
        other.keyboard.press("Alt+ArrowDown")
        expect(other.locator(".item--criterion").nth(number)).to_have_attribute("data-reference", "C1.1")
    expect(page.locator(".item--criterion").last).to_have_attribute("data-reference", "C1.1")
    page.keyboard.type(" is so.")
    expect(reply).to_have_value("Because it is so.")


def test_without_a_connection_what_can_be_done_says_so_in_the_pages_own_words(open_room: Opener, people: Cast) -> None:
    page = open_room(people.member)
    page.route("**/modules/editor.js", lambda route: route.abort())
    # The editor is fetched ahead of its use: where that fails, it is fetched when it is needed.
    with page.expect_event("requestfailed", lambda request: "/modules/editor.js" in request.url):
        page.reload()
    page.unroute_all()
    page.context.set_offline(True)
    card(page, "C1.1").get_by_role("button", name="More").click()
    expect(page.locator("#toasts")).to_contain_text("The server could not be reached.")
    card(page, "C1.1").get_by_role("button", name="Edit").click()
    expect(page.locator("#toasts .toast")).to_have_count(2)
    expect(page.locator("#toasts")).not_to_contain_text("fetch")
    page.context.set_offline(False)
    card(page, "C1.1").get_by_role("button", name="Edit").click()
    expect(card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()


def test_what_is_written_on_after_a_suggestion_was_sent_is_kept(open_room: Opener, people: Cast) -> None:
    page = open_room(people.member)
    card(page, "C1.1").focus()
    page.keyboard.press("s")
    words = card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    page.keyboard.type(" New words.")
    page.route("**/card", lambda route: route.abort())
    card(page, "C1.1").get_by_role("button", name="Suggest these words").click()
    expect(card(page, "C1.1").locator("[data-error]")).to_be_visible()
    words.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" And more.")
    page.unroute_all()
    card(page, "C1.1").get_by_role("button", name="Cancel").click()
    kept = card(page, "C1.1").get_by_role("region", name="A suggestion of yours is not sent")
    expect(kept.get_by_role("textbox")).to_have_value("First words. New words. And more.")


def test_an_answer_that_never_comes_is_given_up_and_the_card_opens_later(open_room: Opener, people: Cast) -> None:
    page = open_room(people.member)
    page.context.clock.install()
    page.reload()
    page.wait_for_selector("html[data-ready][data-live=on]")
    page.route("**/editor", lambda route: None)
    with page.expect_request("**/editor"):
        card(page, "C1.1").get_by_role("button", name="Edit").click()
    page.context.clock.run_for(21_000)
    expect(page.locator("#toasts")).to_contain_text("The server could not be reached.")
    page.unroute("**/editor")
    card(page, "C1.1").get_by_role("button", name="Edit").click()
    expect(card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()


def test_what_evidence_two_items_read_otherwise_is_shown_of_the_one_that_is_chosen(
    open_room: Opener, people: Cast, database: Database
) -> None:
    with database.writing() as uow:
        first, second = uow.session.execute(select(Item).where(Item.reference.in_(["C1.1", "C1.2"]))).scalars()
        source = sources.add_source(uow, people.member, group_id=people.group_id, cite="A study")
        found = findings.add_finding(
            uow, people.member, group_id=people.group_id, form=FindingForm(source.id, text="It works")
        )
        for item, relation in ((first, Relation.SUPPORTS), (second, Relation.CONTRADICTS)):
            findings.link(uow, people.member, finding_id=found.id, item_id=item.id, relation=relation)
    page = open_room(people.facilitator)
    page.goto(f"{page.url}/items/{first.id}/merge")
    said = page.get_by_role("status").filter(has_text="C1.1 and C1.2 do not say the same of their evidence.")
    expect(said).to_be_hidden()
    page.get_by_label("Which item").select_option("C1.2 (Draft) Measured")
    expect(said).to_contain_text("C1.2 Contradicts")
    page.get_by_label("Which item").select_option("C1.3 (Agreed) Settled")
    expect(said).to_be_hidden()


def begin_suggestion(page: Page) -> Locator:
    """Suggest other words for C1.1; answers their box."""
    card(page, "C1.1").focus()
    page.keyboard.press("s")
    words = card(page, "C1.1").get_by_role("textbox", name="Words of C1.1")
    expect(words).to_be_focused()
    page.keyboard.type(" New words.")
    return words


def write_on_while_it_is_sent(page: Page, words: Locator) -> None:
    """Suggest the words of C1.1, and go on typing before they have gone."""
    held = held_back(page, "**/suggest*")
    card(page, "C1.1").get_by_role("button", name="Suggest these words").click()
    until(lambda: page.title() and held, "the suggestion")
    words.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Meanwhile.")
    expect(words).to_contain_text("Meanwhile.")
    held[0].continue_()
    page.unroute("**/suggest*")


def test_what_is_typed_while_a_suggestion_is_on_its_way_is_kept_and_can_be_sent(
    open_room: Opener, people: Cast
) -> None:
    page = open_room(people.member)
    write_on_while_it_is_sent(page, begin_suggestion(page))
    one = card(page, "C1.1")
    expect(one.get_by_role("link", name="1 suggestion")).to_be_visible()
    kept = one.get_by_role("region", name="A suggestion of yours is not sent")
    expect(kept.get_by_role("textbox")).to_have_value("First words. New words. Meanwhile.")
    kept.get_by_role("button", name="Suggest these words").click()
    page.wait_for_url("**/suggest")
    page.get_by_role("button", name="Suggest these words").click()
    page.wait_for_url("**/items/*")
    expect(page.get_by_text("Meanwhile.").first).to_be_visible()
    until(lambda: page.evaluate(NOT_SENT) == [], "what is sent is let go of")


def test_what_is_typed_into_a_closed_text_while_its_words_are_sent_stays_and_can_be_sent(
    open_room: Opener, people: Cast
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    words = lay_words(page)
    agree(facilitator, "C1.1", "Before.")
    page.keyboard.type(" After it was agreed.")
    write_on_while_it_is_sent(page, words)
    expect(page.locator("#toasts")).to_contain_text("suggest")
    expect(words).to_have_text("First words. Before. After it was agreed. Meanwhile.")
    until(lambda: page.evaluate(NOT_SENT) == [words.inner_text()], "it is kept on the device")
    one = card(page, "C1.1")
    one.get_by_role("button", name="Suggest these words").click()
    expect(one.get_by_role("link", name="2 suggestions")).to_be_visible()
    expect(one.locator(".editor__kept")).to_have_count(0)
    until(lambda: page.evaluate(NOT_SENT) == [], "what is sent is let go of")


def test_a_suggestion_that_is_being_written_outlives_its_tab_and_is_offered_once_that_is_gone(
    open_room: Opener, people: Cast
) -> None:
    page = open_room(people.member)
    begin_suggestion(page)
    until(lambda: page.evaluate(NOT_SENT) == ["First words. New words."], "it is kept on the device")
    other = goto(page.context.new_page(), page.url)
    expect(other.locator("html[data-live=on]")).to_have_count(1)
    kept = card(other, "C1.1").get_by_role("region", name="A suggestion of yours is not sent")
    card(other, "C1.1").get_by_role("button", name="Edit").click()
    expect(card(other, "C1.1").get_by_role("textbox", name="Words of C1.1")).to_be_focused()
    expect(kept).to_have_count(0)
    card(other, "C1.1").get_by_role("button", name="Done").click()
    expect(card(other, "C1.1").locator(".item__words")).to_be_visible()
    expect(kept).to_have_count(0)
    take(page)
    expect(kept.get_by_role("textbox")).to_have_value("First words. New words.")
    other.reload()
    expect(kept).to_have_count(1)


def test_a_suggestion_that_is_given_up_is_offered_on_its_card_at_once_and_once_only(
    open_room: Opener, people: Cast
) -> None:
    page = open_room(people.member)
    begin_suggestion(page)
    until(lambda: page.evaluate(NOT_SENT) == ["First words. New words."], "it is kept on the device")
    page.keyboard.type(" More.")
    card(page, "C1.1").get_by_role("button", name="Cancel").click()
    kept = card(page, "C1.1").get_by_role("region", name="A suggestion of yours is not sent")
    expect(kept.get_by_role("textbox")).to_have_value("First words. New words. More.")
    page.reload()
    expect(kept.get_by_role("textbox")).to_have_value("First words. New words. More.")


def test_words_that_were_put_in_once_the_text_was_open_again_are_no_more_offered_as_not_saved(
    open_room: Opener, people: Cast
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    lay_words(page)
    agree(facilitator, "C1.1", "Before.")
    expect(card(page, "C1.1").get_by_text("has agreed this item")).to_be_visible()
    page.keyboard.type(" Meanwhile.")
    until(lambda: page.evaluate(NOT_SENT) == ["First words. Before. Meanwhile."], "it is kept on the device")
    facilitator.get_by_role("button", name="Undo").click()
    card(page, "C1.1").get_by_role("button", name="Put my words into the text").click()
    until(lambda: page.evaluate(NOT_SENT) == [], "what is put in is let go of")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")


def paste_before_it_can_be_read(page: Page) -> Callable[[], None]:
    """Write in C1.1 and paste formatted words on a slow line; answers what lets them be read."""
    held = held_back(page, "**/text/html.js*")
    words = lay_words(page)
    page.keyboard.type(" They live.")
    expect(card(page, "C1.1").locator(".editor--body")).to_have_attribute("data-save", "saved")
    words.evaluate("""(element) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/html", "<p><b>Bold</b> pasted</p>");
      clipboardData.setData("text/plain", "Bold pasted");
      element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }""")
    until(lambda: page.title() and held, "what reads formatted words")
    return held[0].continue_


def test_what_is_pasted_just_before_a_split_is_not_put_among_the_words_that_stay_and_that_is_said(
    open_room: Opener, people: Cast
) -> None:
    page, facilitator = open_room(people.member), open_room(people.facilitator)
    read = paste_before_it_can_be_read(page)
    one = card(page, "C1.1")
    facilitator.goto(f"{page.url}/items/{one.get_attribute('data-item')}/split")
    facilitator.get_by_label("They live.").check()
    facilitator.get_by_label("Title of the new item").fill("Living")
    facilitator.get_by_role("button", name="Split C1.1").click()
    words = one.get_by_role("textbox", name="Words of C1.1")
    expect(words).to_have_text("First words. Before.")
    read()
    said = one.get_by_role("status").filter(has_text="What you pasted came too late and was not put in.")
    expect(said).to_contain_text("To write here all the same, choose a place in these words.")
    expect(words).to_have_text("First words. Before.")


def test_what_is_pasted_just_before_done_is_put_in(open_room: Opener, people: Cast) -> None:
    page = open_room(people.member)
    read = paste_before_it_can_be_read(page)
    card(page, "C1.1").get_by_role("button", name="Done").click()
    shown = card(page, "C1.1").locator(".item__words")
    expect(shown).to_have_text("First words. Before. They live.")
    read()
    expect(shown).to_have_text("First words. Before. They live.Bold pasted")


def test_what_reads_formatted_words_is_there_before_one_pastes(open_room: Opener, people: Cast) -> None:
    page = open_room(people.member)
    with page.expect_response("**/text/html.js*"):
        lay_words(page)
