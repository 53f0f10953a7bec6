"""Experts read pages and mails in a language they choose; the catalogue is whole, and criteria stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from jinja2 import Environment, meta
from sqlalchemy import select

from app.calc.redlines import FORM_WORDS
from app.policy import Actor
from app.services import panel, rating, seating, seats, validation
from app.services.panel import ENGLISH, LANGUAGES, SeatForm
from app.services.protocols import TEMPLATES, WHOLE
from app.services.rounds import protocol_of
from app.uow import Database
from app.worker import Worker
from models.validation import Expert
from tests.cast import Browser, sign_in_token
from tests.panels import Study, build_study
from tests.services.test_versions import edit, freeze
from tests.world import build_world

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [each for each in LANGUAGES if each != ENGLISH]
#: Components that only pages of the group use, or that say it in data for scripts which experts' pages do not have.
NOT_THEIRS = {"components/content.html", "components/live.html", "components/navigation.html"}
#: What experts' pages use of those all the same.
THEIRS = {"%(value)s of %(max)s", "Close"}


def templates_of_experts() -> set[str]:
    """Every template that an expert's page extends, imports or includes."""
    found: set[str] = set()
    waiting = {
        f"{room}/{path.name}" for room in ("rating", "opinions") for path in (ROOT / "templates" / room).glob("*.html")
    }
    waiting |= {f"home/{name}.html" for name in ("privacy", "accessibility")}  # where their pages lead
    while waiting:
        name = waiting.pop()
        found.add(name)
        source = (ROOT / "templates" / name).read_text()
        named = meta.find_referenced_templates(Environment(extensions=["jinja2.ext.i18n"]).parse(source))  # noqa: S701
        waiting |= {each for each in named if each} - found
    return found


def said_to_experts() -> set[str]:
    """Every English sentence that an expert's pages can show."""
    wanted = templates_of_experts() - NOT_THEIRS
    methods = [("templates/**.html", "jinja2.ext:babel_extract"), ("app/web/rating.py", "python")]
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
    found = set(THEIRS)
    for folder in ("templates", "app/web"):
        for file, _line, message, _comments, _context in extract_from_dir(
            str(ROOT / folder),
            [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods if pattern.startswith(folder)],
            {"**.html": options["templates/**.html"]},
            keywords={"_": None, "gettext": None, "ngettext": (1, 2)},
        ):
            if file in wanted or file == "rating.py":
                found |= {message} if isinstance(message, str) else set(message)
    asked = [*WHOLE, *(each for _name, dimensions, *_rest in TEMPLATES.values() for each in dimensions)]
    found |= {words for each in asked for words in (each.question, each.low_words, each.middle_words, each.high_words)}
    found |= {"added", "removed", *FORM_WORDS.values()}  # what is said of words that were reworded
    found |= {each.label for _name, dimensions, *_rest in TEMPLATES.values() for each in dimensions}
    return found - {""}


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_is_whole_and_its_places_are_right(language: str) -> None:
    with (ROOT / "translations" / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    known = {str(message.id): message for message in catalogue if message.id}
    wanted = said_to_experts()
    assert len(wanted) > 150
    assert not wanted - known.keys(), "not translated"
    for message in known.values():
        assert message.string, message.id
        assert not message.fuzzy, message.id
        places = [sorted(re.findall(r"%\(\w+\)[sd]|%%", str(each))) for each in (message.id, message.string)]
        assert places[0] == places[1], message.id


@pytest.mark.parametrize("language", OTHERS)
def test_every_mail_to_experts_is_there_with_the_same_values(language: str) -> None:
    mails = ROOT / "templates" / "email"
    for mail in mails.glob("seat_*.txt"):
        other = mails / language / mail.name
        values = [
            meta.find_undeclared_variables(Environment().parse(path.read_text())) for path in (mail, other)  # noqa: S701
        ]  # fmt: skip
        assert values[0] == values[1], mail.name


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


def test_an_expert_chooses_and_it_holds_on_every_device(app: Flask, study: Study) -> None:
    token = study.tokens[0]
    laptop = browser(app)
    assert '<html lang="en">' in laptop.get(f"/r/{token}").text
    assert laptop.post(f"/r/{token}/language", data={"language": "nl"}).status_code == 303
    door = laptop.get(f"/r/{token}").text
    assert '<html lang="nl">' in door
    assert "Dank u dat u naar onze blauwdruk kijkt" in door
    laptop.post(f"/r/{token}")
    refused = laptop.post("/rate/sheet", data={})
    assert refused.status_code == 422
    assert "Vink het vakje aan als u wilt deelnemen" in refused.text
    laptop.post("/rate/sheet", data={"agrees": "yes", "acknowledgement": "thanked"})
    phone = browser(app)
    phone.post(f"/r/{token}")
    first = study.rated[0]
    page = phone.get(f"/rate/item/{first.id}").text
    assert "Hoe relevant is het voor de mensen" in page
    assert first.title in page  # the criterion itself is as it was frozen
    saved = phone.post(f"/rate/item/{first.id}", data={"score-relevance": "7"}, headers={"X-Autosave": "1"})
    assert saved.get_json()["words"] == "1 van 6"
    for address in ("", "sheet", "review", "whole", "grid", f"missing/{study.element_id}", "withdraw"):
        found = phone.get(f"/rate/{address}")
        assert found.status_code == 200, address
        assert '<html lang="nl">' in found.text
        own = re.sub(
            r'<div class="card prose sheet" lang="en">.*?</div>', "", found.text, flags=re.DOTALL
        )  # the group's
        for english in (
            "Saved",
            "All criteria",
            "Your answers",
            "Open until",
            "I cannot judge",
            "Information sheet",
            "Round 1",
        ):
            assert english not in own, (address, english)
    early = phone.post("/rate/send")
    assert early.status_code == 422
    assert "Sommige vragen hebben nog geen antwoord" in early.text
    back = phone.post("/rate/language", data={"language": "en", "next": "/rate/review"})
    assert back.location == "/rate/review"
    assert phone.post("/rate/language", data={"language": "en", "next": "https://example.com/"}).location == "/rate/"
    assert '<html lang="en">' in laptop.get("/rate/").text
    with study.database.reading() as uow:
        assert uow.session.execute(select(Expert.language).where(Expert.language.is_not(None))).scalars().all() == [
            "en"
        ]
    assert phone.post("/rate/language", data={"language": "xx"}).status_code == 422


class Languages(HTMLParser):
    """The words of a page, each with the language that it says they are in."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.said: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"meta", "link", "input", "br", "img", "hr", "wbr"}:
            self.open.append((tag, dict(attrs).get("lang") or (self.open[-1][1] if self.open else "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """What closes itself holds no words."""

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and "title" not in {tag for tag, _language in self.open}:
            self.said.append((data, self.open[-1][1]))


def test_every_word_of_the_blueprint_says_that_it_is_english(app: Flask, database: Database) -> None:
    """Read aloud by a Dutch voice it could not be understood: titles, evidence and specifications as well."""
    app.test_client_class = Browser
    world = build_world(database, lambda place: f"Qx-{place.replace(' ', '-')}")
    expert = browser(app)
    expert.post(f"/r/{world.seat_tokens[0]}/language", data={"language": "nl"})
    expert.post(f"/r/{world.seat_tokens[0]}")
    tasks = set(re.findall(r'href="(/rate/(?:item|missing)/\d+)"', expert.get("/rate/").text))
    seen: set[str] = set()
    for address in ("/rate/", "/rate/grid", "/rate/review", "/rate/whole", *sorted(tasks)):
        page = expert.get(address)
        assert '<html lang="nl">' in page.text
        for words, language in Languages(page.text).said:
            for found in re.findall(r"Qx-(?:(?:element|criterion|specification)-\w+|finding|citation)", words):
                assert language == "en", f"{address}: {words.strip()}"
                seen.add(found)
    assert {
        "Qx-element-title", "Qx-criterion-title", "Qx-criterion-text", "Qx-criterion-why", "Qx-criterion-summary",
        "Qx-specification-title", "Qx-specification-text", "Qx-finding", "Qx-citation",
    } <= seen  # fmt: skip


def test_what_was_reworded_is_shown_as_it_reads_and_said_in_the_experts_language(app: Flask, study: Study) -> None:
    for token in study.tokens:
        study.answer(token, {"relevance": [9, 9], "applicability": [8, 8]})
    study.close()
    edit(study, study.rated[0].item_id, "Partners and **patients** share criterion 1.")
    study.version_id = freeze(study)
    study.open()
    for item in study.rated:
        item_id, token = item.id, study.tokens[0]
        phone = browser(app)
        phone.post(f"/r/{token}/language", data={"language": "nl"})
        phone.post(f"/r/{token}")
        page = phone.get(f"/rate/item/{item_id}").text
        if "criterion 1" in item.text:
            assert re.search(r"\[toegevoegd, vet: </span>[^<]*<strong>patients</strong>", page)
            assert "**" not in page
        else:
            assert 'class="diff"' not in page


def test_until_one_chooses_the_browser_is_asked_and_the_group_reads_english(app: Flask, study: Study) -> None:
    dutch = {"Accept-Language": "nl-NL,nl;q=0.9,en;q=0.5"}
    expert = browser(app)
    assert '<html lang="nl">' in expert.get(f"/r/{study.tokens[0]}", headers=dutch).text
    assert '<html lang="nl">' in expert.get("/r/", headers=dutch).text
    assert "Open uw persoonlijke link" in browser(app).get("/rate/", headers=dutch).text
    assert '<html lang="fr">' not in expert.get("/r/", headers={"Accept-Language": "fr"}).text
    assert '<html lang="en">' in browser(app).get("/sign-in", headers=dutch).text
    with study.database.reading() as uow:
        assert uow.session.execute(select(Expert).where(Expert.language.is_not(None))).first() is None


def test_privacy_and_accessibility_speak_the_language_of_the_page_one_comes_from(app: Flask, study: Study) -> None:
    expert = browser(app)
    expert.post(f"/r/{study.tokens[0]}/language", data={"language": "nl"})
    assert 'href="/privacy"' in expert.get(f"/r/{study.tokens[0]}").text
    said = {"/privacy": "Naam en adres van een expert", "/accessibility": "met een schermlezer"}
    for address, words in said.items():
        page = expert.get(address).text
        assert '<html lang="nl">' in page
        assert words in page
        assert "Help" not in page  # which is about the group's own rooms, in English
        assert 'href="/rate/"' not in page  # not come in yet: the mail's link is the way back
        from_hall = browser(app).get(f"{address}?language=nl").text
        assert words in from_hall
    expert.post(f"/r/{study.tokens[0]}")
    for address in said:
        assert '<a href="/rate/">Mijn beoordeling</a>' in expert.get(address).text
    member = browser(app)
    member.enter(sign_in_token(study.database, study.cast.member))
    for other in (member, browser(app)):
        for address in ("/privacy", "/accessibility?language=fr"):
            assert '<html lang="en">' in other.get(address, headers={"Accept-Language": "nl"}).text
    assert '<html lang="en">' in member.get("/privacy?language=nl").text


def test_mails_and_deadlines_are_in_that_language_too(app: Flask, study: Study) -> None:
    with study.database.writing() as uow:
        place = seating.sit_with_token(uow, token=study.tokens[1], round_id=study.round_id)
        rating.speak(place, "nl")
    Worker(study.database).drain()
    for mail in study.database.settings.outbox.glob("*"):
        mail.unlink()
    with study.database.writing() as uow:
        seats.send_link_again(uow, email="expert2@example.org")
    Worker(study.database).drain()
    file = next(iter(study.database.settings.outbox.glob("*")))
    text = message_from_bytes(file.read_bytes(), policy=policy.default).get_content()
    assert "Iemand, waarschijnlijk u" in text
    assert "Ronde 1 over versie 1" in text
    assert "(tijd in Londen)" in text
    page = browser(app).get(f"/r/{study.tokens[1]}").text
    deadline = re.search(r"gebleven was, tot ([^.]*)\.", page)
    assert deadline is not None
    assert deadline[1] in text
    for mail in study.database.settings.outbox.glob("*"):
        mail.unlink()
    with study.database.writing() as uow:
        later = uow.now + timedelta(days=60)
        rating_done = seating.sit_with_token(uow, token=study.tokens[2], round_id=study.round_id)
        rating_done.seat.sent_at = uow.now
        told = validation.extend_round(
            uow, study.cast.panel_manager, round_id=study.round_id, closes_at=later, reason="Holidays.", telling=True
        )
        assert told == 8, "all but the one who has sent"
    Worker(study.database).drain()
    mails = [
        message_from_bytes(each.read_bytes(), policy=policy.default)
        for each in study.database.settings.outbox.glob("*")
    ]
    assert len(mails) == 8
    [dutch] = [each for each in mails if each["To"] == "expert2@example.org"]
    assert "blijft langer open" in dutch.get_content()
    assert sum("stays open longer" in each.get_content() for each in mails) == 7


def test_the_panel_manager_says_what_an_expert_reads(study: Study) -> None:
    table = "name,email,scope,language\nJan Verzonnen,jan@example.org,international,NL\nX Y,x@example.org,national,xx"
    forms, faults = panel.parse_table(table)
    assert [(line, form.language) for line, form in forms] == [(2, "nl")]
    assert faults == ["line 3: Choose one of en, nl, or leave it empty"]
    with study.database.writing() as uow:
        form = SeatForm("Jan Verzonnen", "jan@example.org", "international", language="nl")
        made = panel.add_expert(uow, study.cast.panel_manager, panel_id=study.panel_id, form=form)
        assert made.language == "nl"


def test_the_panel_manager_adds_the_sheet_and_own_questions(
    app: Flask, study: Study, client_of: Callable[[Actor], Browser]
) -> None:
    """What is added is read in that language; what is not, in English; a changed sheet asks for consent anew."""
    for token in study.tokens[:2]:
        study.answer(token, {"relevance": [8, 2], "applicability": [7, 7]})
    study.close()
    manager = client_of(study.cast.panel_manager)
    with study.database.writing() as uow:
        made = validation.create_round(
            uow, study.cast.panel_manager, group_id=study.cast.group_id, version_id=study.version_id
        )
        kept = protocol_of(made)
        asked = replace(kept.dimensions[0], question="Would your own ward sign it?", low_words="Never")
        validation.save_protocol(
            uow, study.cast.panel_manager, round_id=made.id, protocol=replace(kept, dimensions=(asked,))
        )
        study.round_id = made.id
    base = f"/g/{study.cast.slug}/validation/rounds/{made.id}"
    assert "In other languages: Nederlands" in manager.get(base).text
    page = manager.get(f"{base}/languages/nl").text
    assert "Empty: “Onmisbaar”" in page
    places = dict(re.findall(r'<label class="label " for="(words-\d+)">([^<]*)</label>', page))
    names = {words: name for name, words in places.items()}
    typed = {
        "sheet": "# Wat dit is\n\nEen groep vraagt u wat u vindt. U mag op elk moment stoppen.",
        names["Would your own ward sign it?"]: "Zou uw eigen afdeling tekenen?",
    }
    typed |= {name.replace("words", "english"): words for name, words in places.items()}
    refused = manager.post(f"{base}/languages/nl", data={**typed, "sheet": "Te kort"})
    assert refused.status_code == 422
    assert "Zou uw eigen afdeling tekenen?" in refused.text
    assert manager.post(f"{base}/languages/nl", data=typed).status_code == 303
    assert manager.get(f"{base}/languages/en").status_code == 404
    assert manager.get(f"{base}/languages/fr").status_code == 404
    study.open_prepared()
    assert client_of(study.cast.member).post(f"{base}/languages/nl", data=typed).status_code == 403
    assert "Een groep vraagt u" in client_of(study.cast.member).get(base).text
    assert manager.post(f"{base}/languages/nl", data=typed).status_code == 409
    expert, dutch = browser(app), {"Accept-Language": "nl"}
    expert.post(f"/r/{study.tokens[0]}", headers=dutch)
    sheet = expert.get("/rate/", headers=dutch).text
    assert '<div class="card prose sheet" lang="nl">' in sheet
    assert "Een groep vraagt u wat u vindt" in sheet
    assert "De criteria zijn in het Engels" in sheet
    assert "Ik heb het informatieblad gelezen" in sheet, "another sheet is agreed to anew"
    expert.post("/rate/sheet", data={"agrees": "yes", "acknowledgement": "thanked"}, headers=dutch)
    rated = expert.get(f"/rate/item/{study.rated[0].id}", headers=dutch).text
    assert "Zou uw eigen afdeling tekenen?" in rated
    assert "Never" in rated
    assert "Onmisbaar" in rated
    english = browser(app)
    english.post(f"/r/{study.tokens[1]}")
    assert '<div class="card prose sheet" lang="en">' in english.get("/rate/").text


def test_the_panel_manager_sends_one_expert_the_link_again(study: Study, client_of: Callable[[Actor], Browser]) -> None:
    Worker(study.database).drain()
    for mail in study.database.settings.outbox.glob("*"):
        mail.unlink()
    base = f"/g/{study.cast.slug}/validation/rounds/{study.round_id}"
    manager, member = client_of(study.cast.panel_manager), client_of(study.cast.member)
    found = re.findall(r'action="([^"]*/experts/\d+/link)"', manager.get(base).text)
    assert len(found) == 9
    assert member.post(found[0]).status_code == 403
    for said in ("The link is on its way to ", "was sent the link a moment ago"):
        assert said in manager.get(manager.post(found[0]).location).text
    assert manager.post(f"{base}/experts/99/link").status_code == 404
    Worker(study.database).drain()
    [mail] = study.database.settings.outbox.glob("*")
    assert "sent by the panel manager" in mail.read_text()
    study.close()
    assert manager.post(found[0]).status_code == 409
