"""Nine experts rate a round to the end on a phone: one by keyboard, one cut off meanwhile and moving to a desktop."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Route, expect
from sqlalchemy import func, select

from app.clock import utc_now
from app.config import Settings
from app.services import consultations, rating, seating
from app.services.consultations import ConsultationForm
from app.uow import Database
from models.consultations import ConsultationKind, Opinion
from models.validation import Expert, Rating, Remark, Seat
from tests.cast import SLUG, enter
from tests.conftest import SetClock
from tests.live import LiveServer
from tests.panels import Study, build_study
from tests.typists import until
from tests.visits import act_before_script, take

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


@pytest.fixture
def study(database: Database, clock: SetClock) -> Study:
    clock.now = utc_now()  # the server's clock is the real one
    study = build_study(database, criteria=3)
    study.open()
    return study


@pytest.fixture
def questions() -> list[str]:
    """The pages that asked whether they may be left; a test that means one to ask takes it out."""
    return []


@pytest.fixture
def browser_context(
    browser_context: Callable[..., BrowserContext], questions: list[str]
) -> Iterator[Callable[..., BrowserContext]]:
    """As everywhere; and nobody is asked whether they want to leave a page by its own button."""

    def answer(dialog: Dialog) -> None:
        questions.append(urlsplit(dialog.page.url if dialog.page else "").path)
        dialog.accept()

    def open_context(**options: Any) -> BrowserContext:
        context = browser_context(**options)
        context.on("dialog", answer)
        return context

    yield open_context
    assert questions == []


@pytest.fixture
def server(start_server: Callable[..., LiveServer], app_settings: Settings) -> LiveServer:
    return start_server(CONCORDAT_SECRET=app_settings.secret)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def choose(page: Page, dimension: str, value: int) -> None:
    page.locator(f'label.scale__option:has(input[name="score-{dimension}"][value="{value}"])').click()


def begin(page: Page, address: str) -> None:
    """From the mail's link to the list of tasks."""
    page.goto(address)
    press(page, "Continue")
    page.get_by_label("Thank the panel without my name").check()
    page.get_by_label("I have read the information sheet").check()
    press(page, "Agree and begin")
    expect(page.get_by_role("heading", name="My review")).to_be_visible()


def finish(page: Page, look: Callable[[Page], None]) -> None:
    """From the list of tasks to the receipt."""
    page.locator("main .button--primary").click()
    for number in range(3):
        choose(page, "relevance", 8)
        choose(page, "applicability", 7)
        if number == 0:
            look(page)
        press(page, "Save and continue")
    expect(page.get_by_role("heading", name="What is missing here?")).to_be_visible()
    look(page)
    press(page, "Save and continue")
    choose(page, "whole_face_validity", 8)
    choose(page, "whole_potential", 6)
    look(page)
    press(page, "Save and continue")
    look(page)
    press(page, "Send my review")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    look(page)


@pytest.mark.parametrize("experts", [3, pytest.param(9, marks=pytest.mark.long)])
def test_experts_rate_a_round_to_the_end_on_a_phone(
    study: Study,
    server: LiveServer,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
    experts: int,
) -> None:
    def look(page: Page) -> None:
        expect(page.locator("html[data-ready]")).to_have_count(1)
        assert page.evaluate(FITS)
        assert_accessible(page)

    page = browser_context(**PHONE).new_page()
    for number, token in enumerate(study.tokens[:experts]):
        page.context.clear_cookies()  # another person's phone
        begin(page, f"{server.url}/r/{token}")
        if number == 0:
            look(page)
        finish(page, look if number == 0 else lambda _page: None)
    with study.database.reading() as uow:
        assert uow.session.execute(select(func.count(Seat.sent_at))).scalar_one() == experts
        assert uow.session.execute(select(func.count(Rating.id))).scalar_one() == experts * (3 * 2 + 2)


def test_answers_are_saved_as_they_are_given_by_keyboard_and_through_a_lost_connection(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    context.add_init_script("delete AbortSignal.timeout")  # as on an iPhone that ends at iOS 15
    page = context.new_page()
    begin(page, f"{server.url}/r/{study.tokens[0]}")
    page.locator("main .button--primary").click()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    page.locator('input[name="score-relevance"]').first.focus()
    page.keyboard.press("2")
    expect(page.get_by_text("1 of 8")).to_be_visible()
    expect(page.get_by_text("You gave a low score")).to_be_visible()
    context.set_offline(True)
    page.get_by_label("Comment", exact=True).fill("Who pays for this?")
    expect(page.get_by_text("Not saved yet – kept on this device")).to_be_visible()
    context.set_offline(False)
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(page.get_by_text("You gave a low score")).to_be_hidden()

    desktop = browser_context(viewport={"width": 1366, "height": 900}).new_page()
    desktop.goto(f"{server.url}/r/{study.tokens[0]}")
    press(desktop, "Continue")
    desktop.get_by_role("link", name="Go on").click()
    expect(desktop.locator('input[name="score-relevance"][value="2"]')).to_be_checked()
    expect(desktop.get_by_label("Comment", exact=True)).to_have_value("Who pays for this?")


def test_going_on_without_a_connection_keeps_the_page_and_its_words(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    page = context.new_page()
    begin(page, f"{server.url}/r/{study.tokens[0]}")
    page.locator("main .button--primary").click()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    address = page.url
    context.set_offline(True)
    page.get_by_label("Comment", exact=True).fill("Who pays for this?")
    press(page, "Save and continue")
    expect(page.get_by_text("Not saved yet")).to_be_in_viewport()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Who pays for this?")
    context.set_offline(False)
    expect(page).not_to_have_url(address)  # stored, then on to the next page by itself
    with study.database.reading() as uow:
        assert uow.session.execute(select(Remark.text)).scalar_one() == "Who pays for this?"


def first_item(page: Page, address: str) -> str:
    """The first criterion's page of an expert who has agreed, and its address."""
    page.goto(address)
    press(page, "Continue")
    page.locator("main .button--primary").click()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    return page.url


def kept_on(page: Page) -> dict[str, str]:
    """What this device keeps of what experts could not send."""
    kept: dict[str, str] = page.evaluate(
        "Object.fromEntries(Object.entries(localStorage).filter(([key]) => key.startsWith('concordat-unsent:')))"
    )
    return kept


def test_two_experts_links_in_one_browser_keep_apart(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    """What the first tab is given counts for nobody, and waits on the device for its own expert."""
    context = browser_context(**PHONE)
    joost, lena = (f"{server.url}/r/{token}" for token in study.tokens[:2])
    others, page = context.new_page(), context.new_page()
    begin(others, lena)
    begin(page, joost)
    address = first_item(page, joost)
    first_item(others, lena)
    others.get_by_label("Comment", exact=True).fill("Lena's words.")
    expect(others.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_label("Comment", exact=True).fill("Joost's words.")
    told = page.get_by_text("Another link was opened in this browser.")
    expect(told).to_be_visible()
    expect(page.get_by_text("Not saved yet – kept on this device")).to_be_visible()
    page.get_by_label("Comment", exact=True).fill("Joost's words, with more.")
    press(page, "Save and continue")
    expect(told).to_be_in_viewport()
    expect(told).to_have_count(1)
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Joost's words, with more.")

    press(others, "Save and continue")
    expect(others.get_by_text("2 of 3")).to_be_visible()
    page.goto(joost)
    press(page, "Continue")
    page.goto(address)
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Joost's words, with more.")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    with study.database.reading() as uow:
        assert set(uow.session.execute(select(Remark.text)).scalars()) == {"Lena's words.", "Joost's words, with more."}

    # A tab that one comes back to takes over nothing of the other's; without scripts it is a page that says so.
    others.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(others.get_by_text("Another link was opened in this browser.")).to_be_visible()
    others.goto(joost)
    press(others, "Continue")
    others.goto(f"{server.url}/rate/withdraw")
    page.goto(lena)
    press(page, "Continue")
    others.locator("main .button--warning").click()
    expect(others.get_by_text("What you pressed was not done.")).to_be_visible()
    with study.database.reading() as uow:
        assert uow.session.execute(select(func.count(Seat.withdrew_at))).scalar_one() == 0


def two_devices(study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]) -> tuple[Page, Page]:
    """A phone and a laptop of one expert, both on the first criterion's page."""
    phone = browser_context(**PHONE).new_page()
    begin(phone, f"{server.url}/r/{study.tokens[0]}")
    phone.locator("main .button--primary").click()
    laptop = browser_context(viewport={"width": 1366, "height": 900}).new_page()
    laptop.goto(f"{server.url}/r/{study.tokens[0]}")
    press(laptop, "Continue")
    laptop.goto(phone.url)
    for page in (phone, laptop):
        expect(page.locator("html[data-ready]")).to_have_count(1)
    return phone, laptop


def test_an_old_page_on_another_device_sets_nothing_back(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    """A tab left open on the phone is how people work: what the laptop stored meanwhile must outlive it."""
    phone, laptop = two_devices(study, server, browser_context)
    address = phone.url
    laptop.get_by_label("Comment", exact=True).fill("Written on the laptop.")
    choose(laptop, "relevance", 3)
    expect(laptop.get_by_text("1 of 8")).to_be_visible()
    expect(laptop.get_by_text("Saved", exact=True)).to_be_visible()
    choose(phone, "applicability", 6)
    expect(phone.get_by_text("2 of 8")).to_be_visible()
    press(phone, "Save and continue")
    expect(phone).not_to_have_url(address)
    with study.database.reading() as uow:
        assert uow.session.execute(select(Remark.text)).scalars().all() == ["Written on the laptop."]
        given = uow.session.execute(select(Rating.dimension, Rating.value)).all()
        assert {(each.dimension, each.value) for each in given} == {("relevance", 3), ("applicability", 6)}
    choose(laptop, "relevance", 4)
    expect(laptop.get_by_text("2 of 8")).to_be_visible()
    expect(laptop.get_by_text("Saved", exact=True)).to_be_visible()
    laptop.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when one comes back to its tab
    expect(laptop.locator('input[name="score-applicability"][value="6"]')).to_be_checked()
    expect(laptop.locator('input[name="score-relevance"][value="4"]')).to_be_checked()


def test_words_written_on_two_devices_at_once_are_both_there(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    phone, laptop = two_devices(study, server, browser_context)
    laptop.get_by_label("Comment", exact=True).fill("Written on the laptop.")
    expect(laptop.get_by_text("Saved", exact=True)).to_be_visible()
    phone.get_by_label("Comment", exact=True).fill("Written on the phone.")
    expect(phone.get_by_text("You had written this on another device")).to_be_visible()
    expect(phone.locator("q")).to_have_text("Written on the laptop.")
    expect(phone.get_by_text("Saved", exact=True)).to_be_visible()
    with study.database.reading() as uow:
        assert uow.session.execute(select(Remark.text)).scalar_one() == "Written on the phone."
    phone.reload()
    expect(phone.get_by_text("You had written this on another device")).to_be_visible()
    press(phone, "Use it instead")
    expect(phone.get_by_label("Comment", exact=True)).to_have_value("Written on the laptop.")
    press(laptop, "Save and continue")  # an old page, on which nothing was touched since
    press(phone, "Save and continue")
    expect(phone.get_by_text("2 of 3")).to_be_visible()
    with study.database.reading() as uow:
        assert uow.session.execute(select(Remark.text)).scalar_one() == "Written on the laptop."


def test_what_was_entered_too_late_is_shown_until_it_is_let_go_of(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    page = context.new_page()
    begin(page, f"{server.url}/r/{study.tokens[0]}")
    page.locator("main .button--primary").click()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    context.set_offline(True)
    choose(page, "relevance", 4)
    page.get_by_label("Comment", exact=True).fill("Who pays <b>for this</b>?")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    study.close()
    context.set_offline(False)
    expect(page.get_by_role("heading", name="This review is over")).to_be_visible()
    for _again in range(2):
        expect(page.get_by_role("heading", name="This did not reach us in time")).to_be_visible()
        expect(page.get_by_text("1 answer on a scale")).to_be_visible()
        expect(page.get_by_text("Who pays <b>for this</b>?")).to_be_visible()
        expect(page.get_by_role("button", name="Copy")).to_be_visible()
        page.reload()
    press(page, "Let go")
    expect(page.get_by_role("heading", name="This did not reach us in time")).to_be_hidden()
    page.reload()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    expect(page.get_by_text("Who pays")).to_have_count(0)
    assert kept_on(page) == {}


def test_what_one_expert_could_not_send_is_neither_shown_to_another_nor_deleted_by_one(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    joost, lena, gone, forgetful = (f"{server.url}/r/{token}" for token in study.tokens[:4])
    page = context.new_page()
    begin(page, joost)
    address = first_item(page, joost)
    context.set_offline(True)
    page.get_by_label("Comment", exact=True).fill("Words of Joost.")
    choose(page, "relevance", 4)
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    take(page)
    context.set_offline(False)
    with study.database.writing() as uow:
        rating.withdraw(
            uow, seating.sit_with_token(uow, token=gone.rpartition("/")[2], round_id=study.round_id), keep=False
        )
    page = context.new_page()

    def look(heading: str) -> None:
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.locator("html[data-ready]")).to_have_count(1)

    def nothing_of_joost(heading: str) -> None:
        look(heading)
        expect(page.get_by_text("Words of Joost.")).to_have_count(0)
        assert "Words of Joost." in str(kept_on(page))

    page.goto(gone)
    nothing_of_joost("This review is over")
    begin(page, lena)
    press(page, "Close on this device")
    nothing_of_joost("Closed on this device")
    expect(page.get_by_text("Your answers are saved.")).to_be_visible()
    begin(page, forgetful)
    page.goto(f"{server.url}/rate/withdraw")
    press(page, "I do not take part")
    nothing_of_joost("You have withdrawn")

    page.goto(joost)
    press(page, "Continue")
    press(page, "Close on this device")
    look("Closed on this device")
    expect(page.get_by_text("Your answers are saved.")).to_be_hidden()
    expect(page.get_by_role("heading", name="This is not saved yet")).to_be_visible()
    expect(page.get_by_text("Words of Joost.")).to_be_visible()
    expect(page.get_by_text("1 answer on a scale")).to_be_visible()
    page.goto(joost)
    press(page, "Continue")
    page.goto(address)
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Words of Joost.")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert kept_on(page) == {}


def test_declared_interests_outlive_a_closed_tab_and_another_language_until_they_are_stored(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext], questions: list[str]
) -> None:
    context = browser_context(**PHONE)
    page = context.new_page()
    page.goto(f"{server.url}/r/{study.tokens[0]}")
    press(page, "Continue")
    expect(page.locator("html[data-ready]")).to_have_count(1)
    page.get_by_label("Interests to declare").fill("I own shares.")
    page.get_by_label("Name me among the experts").check()
    page.get_by_label("I have read the information sheet").check()
    page.close(run_before_unload=False)
    page = context.new_page()
    page.goto(f"{server.url}/rate/sheet")
    expect(page.get_by_text("What you had written here and not sent stands here again.")).to_be_visible()
    expect(page.get_by_label("Interests to declare")).to_have_value("I own shares.")
    expect(page.get_by_label("Name me among the experts")).to_be_checked()
    expect(page.get_by_label("I have read the information sheet")).not_to_be_checked()
    press(page, "Nederlands")
    expect(page.get_by_text("Wat u hier had geschreven en niet verstuurd, staat hier weer.")).to_be_visible()
    expect(page.locator("[name=interests]")).to_have_value("I own shares.")
    press(page, "English")
    expect(page.get_by_role("button", name="Agree and begin")).to_be_visible()
    assert questions == ["/rate/sheet"] * 2  # by the languages: nothing of the form goes with them
    questions.clear()
    press(page, "Agree and begin")  # the tick is missing
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    expect(page.get_by_label("Interests to declare")).to_have_value("I own shares.")
    expect(page.locator("html[data-ready]")).to_have_count(1)
    page.get_by_label("I have read the information sheet").check()
    press(page, "Agree and begin")
    expect(page.get_by_role("heading", name="My review")).to_be_visible()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    assert kept_on(page) == {}
    with study.database.reading() as uow:
        assert set(uow.session.execute(select(Seat.conflict_of_interest)).scalars()) == {"", "I own shares."}


def test_interests_typed_before_those_that_were_kept_stand_again_take_nothing(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    page = context.new_page()
    page.goto(f"{server.url}/r/{study.tokens[0]}")
    press(page, "Continue")
    expect(page.locator("html[data-ready]")).to_have_count(1)
    interests = page.get_by_label("Interests to declare")
    interests.fill("I own shares.")
    page.close(run_before_unload=False)

    page = context.new_page()
    interests = page.get_by_label("Interests to declare")
    sheet = f"{server.url}/rate/sheet"
    act_before_script(page, sheet, "draft", lambda: interests.fill("My sister works for a trust."))
    expect(page.locator("html[data-ready]")).to_have_count(1)
    earlier = page.get_by_role("status").filter(has_text="You had written this here before, and not sent it:")
    expect(earlier).to_contain_text("I own shares.")
    page.close(run_before_unload=False)

    page = context.new_page()
    page.goto(f"{server.url}/rate/sheet")
    interests = page.get_by_label("Interests to declare")
    expect(interests).to_have_value("My sister works for a trust.")
    page.get_by_role("button", name="Use it instead").click()
    expect(interests).to_have_value("I own shares.")
    page.get_by_label("Thank the panel without my name").check()
    page.get_by_label("I have read the information sheet").check()
    press(page, "Agree and begin")
    expect(page.get_by_role("heading", name="My review")).to_be_visible()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    assert kept_on(page) == {}


def test_interests_that_stand_beside_the_field_outlive_a_refusal(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    page = context.new_page()
    page.goto(f"{server.url}/r/{study.tokens[0]}")
    press(page, "Continue")
    page.wait_for_selector("html[data-ready]")
    page.get_by_label("Interests to declare").fill("I own shares.")
    page.close(run_before_unload=False)
    page = context.new_page()
    interests = page.get_by_label("Interests to declare")
    sheet = f"{server.url}/rate/sheet"
    act_before_script(page, sheet, "draft", lambda: interests.fill("My sister works for a trust."))
    earlier = page.get_by_role("status").filter(has_text="You had written this here before, and not sent it:")
    expect(earlier).to_contain_text("I own shares.")
    page.get_by_label("Thank the panel without my name").check()
    for _twice in range(2):
        press(page, "Agree and begin")  # the tick is missing
        page.wait_for_selector(".error-summary")
        page.wait_for_selector("html[data-ready]")
        expect(earlier).to_have_count(1)
        expect(interests).to_have_value("My sister works for a trust.")
        assert "I own shares." in str(kept_on(page))
    earlier.get_by_role("button", name="Use it instead").click()
    expect(interests).to_have_value("I own shares.")
    expect(page.get_by_label("Thank the panel without my name")).to_be_checked()
    page.get_by_label("I have read the information sheet").check()
    press(page, "Agree and begin")
    expect(page.get_by_role("heading", name="My review")).to_be_visible()
    page.wait_for_selector("html[data-ready]")
    assert kept_on(page) == {}


def test_what_is_left_is_let_go_of_as_it_was_read(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    writing = context.new_page()
    begin(writing, f"{server.url}/r/{study.tokens[0]}")
    first_item(writing, f"{server.url}/r/{study.tokens[0]}")
    reading = context.new_page()
    reading.goto(f"{server.url}/rate/")
    context.set_offline(True)
    writing.get_by_label("Comment", exact=True).fill("Who pays?")
    expect(writing.get_by_text("Not saved yet")).to_be_visible()
    assert "Who pays?" in str(kept_on(writing))
    writing.route("**/rate/item/*", lambda route: route.abort())
    context.set_offline(False)
    press(reading, "Close on this device")
    shown = reading.locator("#left-over")
    expect(shown).to_contain_text("Who pays?")
    writing.get_by_label("Comment", exact=True).fill("Who pays for carers?")
    expect(shown).to_contain_text("Who pays for carers?")
    reading.evaluate(
        """() => {
          const key = Object.keys(localStorage).find((name) => name.startsWith("concordat-unsent:"));
          localStorage.setItem(key, localStorage.getItem(key).replace("carers", "carers and their children"));
        }"""
    )
    press(reading, "Let go")
    expect(shown).to_contain_text("Who pays for carers and their children?")
    assert "Who pays for carers and their children?" in str(kept_on(reading))
    press(reading, "Let go")
    expect(reading.get_by_role("heading", name="This is not saved yet")).to_be_hidden()
    assert kept_on(reading) == {}


def test_the_grid_is_filled_in_by_keyboard_alone(
    study: Study,
    server: LiveServer,
    browser_context: Callable[..., BrowserContext],
    assert_accessible: Callable[[Page], None],
) -> None:
    page = browser_context(viewport={"width": 1366, "height": 900}).new_page()
    begin(page, f"{server.url}/r/{study.tokens[0]}")
    page.get_by_role("link", name="Prefer the keyboard? All criteria on one page").click()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    assert_accessible(page)
    page.get_by_label("Relevance of C1.1").focus()
    page.keyboard.type("8x70")  # relevance, applicability, the next row, and what is no number of the scale
    expect(page.get_by_text("Type a number from 1 to 9, or x").first).to_be_visible()
    expect(page.get_by_label("Applicability of C1.2")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("3 of 8")).to_be_visible()
    expect(page.get_by_text("Not all saved: see the marked field")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Applicability of C1.1")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("6")
    expect(page.get_by_label("Relevance of C1.3")).to_be_focused()
    expect(page.get_by_text("4 of 8")).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert page.evaluate(FITS)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(FITS)
    with study.database.reading() as uow:
        values = uow.session.execute(select(Rating.value).order_by(Rating.id)).scalars().all()
    assert values == [8, None, 7, 6]

    last = page.get_by_label("Applicability of C1.3")  # no next field takes the focus away
    last.fill("5")
    expect(page.get_by_text("5 of 8")).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    last.fill("")
    page.keyboard.press("Tab")
    expect(last).to_have_value("5")
    expect(page.get_by_text("An answer can be changed, but not taken back").first).to_be_visible()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def test_what_a_closed_tab_could_not_send_is_sent_when_it_is_opened_again(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(**PHONE)
    page = context.new_page()
    begin(page, f"{server.url}/r/{study.tokens[0]}")
    page.locator("main .button--primary").click()
    expect(page.locator("html[data-ready]")).to_have_count(1)
    address = page.url
    context.set_offline(True)
    choose(page, "relevance", 4)
    page.get_by_label("Comment", exact=True).fill("Written in a tunnel.")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    take(page)
    context.set_offline(False)
    again = context.new_page()
    again.goto(address)
    expect(again.get_by_text("is being saved now")).to_be_visible()
    expect(again.get_by_label("Comment", exact=True)).to_have_value("Written in a tunnel.")
    expect(again.get_by_text("Saved", exact=True)).to_be_visible()
    with study.database.reading() as uow:
        assert uow.session.execute(select(Rating.value)).scalar_one() == 4
        assert uow.session.execute(select(Remark.text)).scalar_one() == "Written in a tunnel."
    again.reload()
    expect(again.locator("html[data-ready]")).to_have_count(1)
    expect(again.get_by_text("is being saved now")).to_have_count(0)

    context.set_offline(True)
    again.get_by_label("Comment", exact=True).fill("Kept on this phone.")
    choose(again, "relevance", 6)
    expect(again.get_by_text("Not saved yet")).to_be_visible()
    take(again)
    context.set_offline(False)
    other = browser_context(viewport={"width": 1366, "height": 900}).new_page()
    other.goto(f"{server.url}/r/{study.tokens[0]}")
    press(other, "Continue")
    expect(other.get_by_role("heading", name="My review")).to_be_visible()
    other.goto(address)
    with other.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        choose(other, "relevance", 9)
    with other.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        other.get_by_label("Comment", exact=True).fill("Written on a laptop.")
    last = context.new_page()
    saved_meanwhile = last.get_by_text("something else was saved meanwhile")
    last.goto(address)
    expect(saved_meanwhile).to_have_count(2)
    with last.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        choose(last, "applicability", 5)
    expect(last.get_by_text("Saved", exact=True)).to_be_visible()
    last.reload()
    expect(saved_meanwhile).to_have_count(2)  # what is offered does not go with the first thing that is saved
    expect(last.get_by_label("Comment", exact=True)).to_have_value("Written on a laptop.")
    for words in ("How relevant is it to the people this blueprint is for? 6", "Kept on this phone."):
        with last.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
            last.locator(".inset", has_text=words).get_by_role("button", name="Use it instead").click()
    expect(last.get_by_label("Comment", exact=True)).to_have_value("Kept on this phone.")
    expect(last.locator('input[name="score-relevance"][value="6"]')).to_be_checked()
    expect(last.get_by_text("Saved", exact=True)).to_be_visible()
    last.reload()
    expect(last.locator("html[data-ready]")).to_have_count(1)
    expect(saved_meanwhile).to_have_count(0)
    last.goto(f"{server.url}/rate/")
    press(last, "Close on this device")
    assert last.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('concordat-unsent')).length") == 0


def test_what_an_expert_writes_is_not_kept_for_whoever_is_signed_in_on_the_device(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context()
    enter(context, server, study.cast.facilitator.email or "")
    page = context.new_page()
    for token in study.tokens[:2]:
        page.goto(f"{server.url}/r/{token}")
        press(page, "Continue")
        page.wait_for_selector("html[data-ready]")
        interests = page.get_by_label("Interests to declare")
        expect(interests).to_have_value("")
        interests.fill("I own shares.")
        assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('concordat-words'))") == []
        page.close(run_before_unload=False)
        page = context.new_page()


PRESS_TWICE = """(form) => {
  const button = form.querySelector("button:not([type=button])");
  button.click();
  setTimeout(() => button.click(), 700);
  setTimeout(() => fetch("/healthz?pressed=twice"), 1400);
}"""


def sent_twice_on_a_slow_line(page: Page, form: str, address: str) -> int:
    """How often a form is on its way once its button was pressed twice; then its answer comes."""
    on_the_way: list[Route] = []
    pressed: list[str] = []
    page.route(address, lambda route: on_the_way.append(route) if route.request.method == "POST" else route.continue_())
    page.on("request", lambda request: pressed.append(request.url) if "pressed=twice" in request.url else None)
    page.locator(form).evaluate(PRESS_TWICE)
    # Asked in the page, which is about to be left, a question would wait for the next one.
    until(lambda: page.request.get(page.url) and pressed and on_the_way, "the second press")
    times = len(on_the_way)
    on_the_way[-1].continue_()
    return times


def test_a_second_press_in_a_hall_on_a_slow_line_gives_one_opinion(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    manager = study.cast.panel_manager
    with study.database.writing() as uow:
        talk = ConsultationForm(ConsultationKind.WEBINAR, uow.now.date(), "Leads", people=40)
        talk = replace(talk, version_id=study.version_id)
        made = consultations.add_consultation(uow, manager, group_id=study.cast.group_id, form=talk)
        link = consultations.open_form(uow, manager, consultation_id=made.id, until=uow.now + timedelta(days=1))
    page = browser_context(**PHONE).new_page()
    page.goto(f"{server.url}/opinion/{link.rpartition('/')[2]}")
    page.wait_for_selector("html[data-ready]")
    page.locator("[name=words]").fill("More for carers, please.")
    assert sent_twice_on_a_slow_line(page, "form:has([name=words])", "**/opinion/*") == 1
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    with study.database.reading() as uow:
        assert uow.session.execute(select(func.count(Opinion.id))).scalar_one() == 1


def test_a_form_that_keeps_nothing_is_sent_once_and_its_own_button_asks_nothing(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext]
) -> None:
    context = browser_context(viewport={"width": 1366, "height": 900})
    enter(context, server, study.cast.panel_manager.email or "")
    page = context.new_page()
    page.goto(f"{server.url}/g/{SLUG}/validation/panel/")
    page.wait_for_selector("html[data-ready]")
    page.get_by_text("Add many from a spreadsheet").click()
    page.locator("[name=table]").fill("name,email,scope\nVera Teal,vera@example.org,national")
    assert sent_twice_on_a_slow_line(page, "form[data-keeps=nothing]", "**/table") == 1
    expect(page.get_by_text("1 expert was added.")).to_be_visible()
    with study.database.reading() as uow:
        assert uow.session.execute(select(func.count(Expert.id))).scalar_one() == len(study.tokens) + 1


def test_a_page_whose_form_was_answered_by_a_file_is_left_unasked(
    study: Study, server: LiveServer, browser_context: Callable[..., BrowserContext], questions: list[str]
) -> None:
    for token in study.tokens:
        study.answer(token, {"relevance": [9, 2, 3], "applicability": [9, 9, 9]})
    study.close()
    context = browser_context(viewport={"width": 1366, "height": 900}, accept_downloads=True)
    enter(context, server, study.cast.panel_manager.email or "")
    page = context.new_page()
    page.goto(f"{server.url}/g/{SLUG}/validation/rounds/{study.round_id}/bundle")
    page.wait_for_selector("html[data-ready]")
    page.get_by_label("To whom?").fill("Prof. Invented")
    page.get_by_label("What for?").fill("To check.")
    for _again in range(2):
        with page.expect_download() as given:
            press(page, "Download the bundle")
        assert re.search(r"\.zip$", given.value.suggested_filename)
    page.get_by_role("link", name="Validation").first.click()
    page.wait_for_url("**/validation/")
    assert questions == []
    # What is typed after that is asked about, as always.
    page.go_back()
    page.wait_for_selector("html[data-ready]")
    page.get_by_label("What for?").fill("To check again.")
    page.get_by_role("link", name="Validation").first.click()
    page.wait_for_url("**/validation/")
    assert len(questions) == 1
    questions.clear()
