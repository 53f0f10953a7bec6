"""Word documents that come back: into suggestions on the right words, by those who may, and nothing else."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from copy import deepcopy
from itertools import count
from typing import Any

import docx
import pytest
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from docx.text.paragraph import Paragraph
from sqlalchemy import func, select, update

from app.calc import returns as returns_calc
from app.calc import wordsheets
from app.calc.wordreading import WordFile, read
from app.errors import Forbidden, Invalid, NotFound
from app.policy import SYSTEM, Actor
from app.services import (
    comments,
    descent,
    exports,
    findings,
    glossary,
    history,
    items,
    outline,
    privacy,
    returns,
    sources,
    story,
    suggestions,
    versions,
)
from app.services.companions import Including
from app.services.documents import documents_of, replace_text
from app.services.findings import FindingForm
from app.services.glossary import TermForm
from app.services.returns import Examined
from app.uow import Database, UnitOfWork
from models.accounts import Person
from models.documents import Document, Field
from models.evidence import Relation, Strength
from models.groups import Group
from models.items import Item, Kind
from models.returns import ReturnedDocument
from models.suggestions import Suggestion, SuggestionState
from models.versions import Version
from tests.cast import Cast, counting
from tests.conftest import SetClock
from tests.growth import growth
from tests.scripted import TEXTS, cast_with_blueprint
from tests.wordings import by_turns

on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"])
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture
def cast(database: Database) -> Cast:
    return cast_with_blueprint(database)


def sent(database: Database, cast: Cast, number: int | None = None, **including: bool) -> bytes:
    with database.reading() as uow:
        wanted = {"group_id": cast.group_id, "form": "docx", "including": Including(**including)}
        if number is None:
            return exports.export_draft(uow, cast.member, **wanted).body  # type: ignore[arg-type]
        return exports.export_version(uow, cast.member, number=number, **wanted).body  # type: ignore[arg-type]


def edited(data: bytes, change: Callable[[dict[str, Paragraph], Any], None]) -> bytes:
    """The document after ``change(paragraphs by their words, document)``."""
    document = docx.Document(io.BytesIO(data))
    change({each.text: each for each in document.paragraphs}, document)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def document(body: str) -> bytes:
    """A document with this body, which knows nothing of where it is from."""
    out = io.BytesIO()
    docx.Document().save(out)
    with zipfile.ZipFile(out) as old, zipfile.ZipFile(made := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            whole = f"<w:document {W}><w:body>{body}</w:body></w:document>".encode()
            new.writestr(name, whole if name == "word/document.xml" else old.read(name))
    return made.getvalue()


def nameless(data: bytes, slug: str, kept: str = "") -> bytes:
    """The document with no more of its own property than what is kept."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/custom.xml":
                part, count = re.subn(rb">%b [^<]*<" % slug.encode(), b">%b<" % kept.encode(), part)
                assert count == 1
            new.writestr(name, part)
    return out.getvalue()


def put_in(paragraph: Paragraph, words: str, by: str) -> None:
    """Words at the end of a paragraph, tracked as Word does."""
    xml = f'<w:ins {W} w:id="9" w:author="{by}"><w:r><w:t xml:space="preserve">{words}</w:t></w:r></w:ins>'
    paragraph._p.append(parse_xml(xml))


def take_out(paragraph: Paragraph, words: str, by: str) -> None:
    """Words of a paragraph of one run, taken out with tracking on."""
    (run,) = paragraph.runs
    before, _, after = run.text.partition(words)
    for text, gone in ((before, False), (words, True), (after, False)):
        tag = "delText" if gone else "t"
        xml = f'<w:r {W}><w:{tag} xml:space="preserve">{text}</w:{tag}></w:r>'
        if gone:
            xml = f'<w:del {W} w:id="8" w:author="{by}">{xml}</w:del>'
        run._r.addprevious(parse_xml(xml))
    paragraph._p.remove(run._r)


def examine(database: Database, cast: Cast, data: bytes, actor: Actor | None = None) -> Examined:
    with database.reading() as uow:
        return returns.examine(uow, actor or cast.member, group_id=cast.group_id, data=data)


def brought(database: Database, cast: Cast, data: bytes, **more: str) -> int:
    found = examine(database, cast, data)
    with database.writing() as uow:
        return returns.keep(uow, cast.member, found, group_id=cast.group_id, file_name="back.docx", **more).id


def preview(database: Database, cast: Cast, return_id: int) -> returns.Preview:
    with database.reading() as uow:
        return returns.preview(uow, cast.member, return_id=return_id, group_id=cast.group_id)


def words_found(found: Examined) -> dict[tuple[str, str], str]:
    return {(each.reference, each.field): each.after for each in found.returned.proposals}


# --- what comes back as it went ---


def test_an_unchanged_document_suggests_nothing(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
        item = uow.session.execute(select(Item).where(Item.reference == "C1.1")).scalar_one()
        comments.start(uow, cast.member, item_id=item.id, words="Which money?", quote="money")
        suggestions.suggest(uow, cast.member, item_id=item.id, field=Field.WHY, text="Because.", version=1)
    for number in (None, 1):
        data = sent(database, cast, number, decisions=True, suggestions=True, comments=True)
        found = examine(database, cast, data).returned
        assert (found.proposals, found.found, found.marked) == ([], len(TEXTS), True)
        assert [each.what for each in found.loose] == ["comment"]
        seen = preview(database, cast, brought(database, cast, data))
        assert seen.loose == []  # a comment that went out says nothing new


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_the_whole_demonstration_comes_back_unchanged(database: Database) -> None:
    assert story.tell_once(database)
    with database.reading() as uow:
        group_id = uow.session.execute(select(Group.id).where(Group.slug == "northmere")).scalar_one()
        number = uow.session.execute(select(func.max(Version.number)).where(Version.group_id == group_id)).scalar_one()
        wanted = {"group_id": group_id, "form": "docx", "including": Including(decisions=True, suggestions=True)}
        for data in (
            exports.export_draft(uow, SYSTEM, **wanted).body,
            exports.export_version(uow, SYSTEM, number=number, **wanted).body,
        ):
            found = returns.examine(uow, SYSTEM, group_id=group_id, data=data).returned
            assert (found.proposals, found.loose) == ([], [])
            assert found.found > 90


# --- what was changed ---


@on_sqlite
def test_a_suggestion_that_only_makes_words_bold_goes_out_in_words_and_comes_back_unchanged(
    database: Database, cast: Cast
) -> None:
    with database.writing() as uow:
        suggestions.suggest(
            uow, cast.member, item_id=numbered(uow, "P1").id, field=Field.SUMMARY, version=1,
            text="You **stay** at home.",
        )  # fmt: skip
    data = sent(database, cast, suggestions=True)
    assert "You stay [now bold] at home." in [each.text for each in docx.Document(io.BytesIO(data)).paragraphs]
    found = examine(database, cast, data)
    assert (words_found(found), listed(found)) == ({}, [])
    with database.reading() as uow:
        wanted = {"group_id": cast.group_id, "including": Including(suggestions=True)}
        lines = exports.export_draft(uow, cast.member, form="md", **wanted).body.decode()  # type: ignore[arg-type]
    assert "You stay at home. (“stay” now bold)" in lines.replace("\\", "")


@on_sqlite
def test_a_title_goes_out_and_comes_back_as_it_is_written(database: Database, cast: Cast) -> None:
    title = "Payment *within* a month"
    with database.writing() as uow:
        item = numbered(uow, "S1.2.1")
        replace_text(uow, cast.member, documents_of(uow.session, [item.id])[item.id][Field.TITLE], title)
        suggestions.suggest(
            uow, cast.member, item_id=item.id, field=Field.TITLE, version=2, text="Payment **within** a month"
        )
        comments.start(
            uow, cast.member, item_id=item.id, field=Field.TITLE, quote="Payment *within* a", words="Why so loud?"
        )

    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.add_comment(at[f"S1.2.1 {title}"].runs[1:], "Whose?", "Ann Solicitor", "AS")

    data = sent(database, cast, suggestions=True)
    shown = [each.text for each in docx.Document(io.BytesIO(data)).paragraphs]
    assert any("**within**" in each for each in shown), "what was suggested is read as it is written"
    with database.reading() as uow:
        wanted = {"group_id": cast.group_id, "including": Including(suggestions=True, comments=True)}
        lines = exports.export_draft(uow, cast.member, form="md", **wanted).body.decode().replace("\\", "")  # type: ignore[arg-type]
    assert "Title: Payment **within** a month\n" in lines
    assert "on “Payment *within* a”: Why so loud?" in lines
    return_id = brought(database, cast, edited(data, change))
    with database.writing() as uow:
        assert (
            returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen=(), remarks={0})[1] == 1
        )
    assert preview(database, cast, brought(database, cast, edited(data, change))).loose == []


def test_changes_become_suggestions_that_say_whose_they_are(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        put_in(at["Outcomes are agreed at the start."], " All of them.", "Ann Solicitor")
        take_out(at["Payment is made within 30 days."], "within 30 days", "Ben Barrister")
        at["You stay at home."].runs[0].text = "You live at home."

    return_id = brought(database, cast, edited(sent(database, cast), change), edited_by="Smith & Co")
    seen = preview(database, cast, return_id)
    assert [(each.reference, each.field, each.after) for each in seen.proposals] == [
        ("P1", Field.SUMMARY, "You live at home."),
        ("E1", Field.TEXT, "Outcomes are agreed at the start. All of them."),
        ("S1.2.1", Field.TEXT, "Payment is made ."),
    ]
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0, 1})
        assert made == (2, 0)
        rows = uow.session.execute(select(Suggestion).order_by(Suggestion.id)).scalars().all()
        assert [each.reason for each in rows] == ["From Word, by Smith & Co", "From Word, by Ann Solicitor"]
        assert {each.author_id for each in rows} == {cast.member.person_id}
    left = preview(database, cast, return_id)
    assert [each.suggestion_id is None for each in left.proposals] == [False, False, True]


def test_words_from_word_stay_those_of_whoever_wrote_them_there(
    database: Database, cast: Cast, clock: SetClock
) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        put_in(at["Outcomes are agreed at the start."], " All of them.", "Ann Solicitor")
        put_in(at["You stay at home."], " Or not.", "Ben Barrister")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    since = clock.now
    clock.advance(minutes=1)
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0, 1})
        made = {each.reason[-3:]: each.id for each in uow.session.execute(select(Suggestion)).scalars()}
        returns.discard(uow, cast.member, return_id=return_id, group_id=cast.group_id)
    with database.writing() as uow:
        suggestions.accept(uow, cast.facilitator, suggestion_id=made["tor"])
        item = uow.session.execute(select(Item).where(Item.reference == "E1")).scalar_one()
    with database.writing() as uow:  # words before and in the midst of those from Word move and part them
        text = documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        replace_text(uow, cast.peer, text, f"Now: {text.text.replace('All of', 'All, yes all, of')}")
    with database.reading() as uow:
        (moment,) = [
            each for each in history.timeline(uow, cast.observer, item.id, most=9) if each.kind == "suggestion"
        ]
        assert (moment.word, moment.author_id) == ("Ann Solicitor", cast.member.person_id)
        found = history.authors(uow, cast.observer, item.id)[Field.TEXT]
        ((ann, name),) = found.word.items()
        assert (name, found.names[ann]) == ("Ann Solicitor", cast.member.name)
        assert {found.text[each.start : each.end] for each in found.spans if each.author == ann} == {
            " All",
            " of them.",
        }
        assert cast.member.person_id not in {each.author for each in found.spans}
        assert sum(share for _who, share in found.shares) == pytest.approx(1)
        causes = history.causes(uow.session, group_id=cast.group_id, references=["E1"], since=since, until=clock.now)
    assert [(each.kind, each.word, each.names) for each in causes["E1"]] == [
        ("suggestion", "Ann Solicitor", (cast.member.name,)), ("edit", None, (cast.peer.name,)),
    ]  # fmt: skip
    with database.writing() as uow:  # what somebody words anew is theirs
        other = uow.session.get_one(Suggestion, made["ter"])
        home = uow.session.execute(select(Item).where(Item.reference == "P1")).scalar_one()
        anew = {"item_id": home.id, "field": Field.SUMMARY, "version": other.made_for, "reason": other.reason}
        kept = suggestions.suggest(uow, cast.member, text="You stay. Or not, as you like.", replaces=other.id, **anew)
        assert kept.reason == "From Word, by Ben Barrister, worded anew by hand"
        assert suggestions.suggest(
            uow, cast.member, text="You stay. Or not, as you like.", replaces=other.id, **anew
        ).id == kept.id, "sent twice it is one"  # fmt: skip
        suggestions.accept(uow, cast.facilitator, suggestion_id=kept.id)
    with database.reading() as uow:
        assert history.authors(uow, cast.observer, home.id)[Field.SUMMARY].word == {}


def test_whose_words_from_word_are_is_known_among_many_hands_after_an_undo_and_where_they_go(
    database: Database, cast: Cast
) -> None:
    words = "Outcomes are agreed at the start."

    def change(at: dict[str, Paragraph], _: Any) -> None:
        put_in(at[words], " All of them." * 50, "Ann Solicitor")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
        made = uow.session.execute(select(Suggestion)).scalar_one()
        suggestions.accept(uow, cast.facilitator, suggestion_id=made.id)
        document_id = made.document_id
        item_id = uow.session.get_one(Document, document_id).item_id

    def theirs(at: int) -> str:
        """The words that Ann wrote in Word, in an item."""
        with database.reading() as uow:
            found = history.authors(uow, cast.observer, at)[Field.TEXT]
            assert list(found.word.values()) == ["Ann Solicitor"]
            assert found.names[-1] == cast.member.name
            return "".join(found.text[each.start : each.end] for each in found.spans if each.author in found.word)

    by_turns(database, [cast.peer], item_id, (len(words) + 3 * number for number in range(300)), "scattered")
    by_turns(database, [cast.peer], item_id, [0, 10_000] * 400, "ends")
    before = theirs(item_id)
    assert before == " All of them." * 50
    with database.writing() as uow:
        text = uow.session.get_one(Document, document_id)
        other = suggestions.suggest(
            uow, cast.peer, item_id=item_id, field=Field.TEXT, text="Shorter.", version=text.version
        ).id
        suggestions.accept(uow, cast.facilitator, suggestion_id=other)
    with database.writing() as uow:
        suggestions.unaccept(uow, cast.facilitator, suggestion_id=other)
    assert theirs(item_id) == before
    with database.writing() as uow:
        title = "Another of the kind"
        into = items.add_item(
            uow, cast.facilitator, group_id=cast.group_id, kind=Kind.ELEMENT, title=title, text="Words."
        ).id
        descent.merge(uow, cast.facilitator, item_id=into, other_id=item_id)
    assert theirs(into) == before
    with database.writing() as uow:
        uow.session.execute(update(Document).values(authors=None))  # the log tells it
    assert theirs(into) == before


def test_pressed_twice_and_brought_twice_nothing_is_made_twice(database: Database, cast: Cast) -> None:
    data = edited(sent(database, cast), lambda at, _: put_in(at["You stay at home."], " Always.", "Ann"))
    for expected in (1, 0):
        return_id = brought(database, cast, data)
        with database.writing() as uow:
            made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
            assert made == (expected, 0)
        with database.writing() as uow, pytest.raises(Invalid):
            returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
    with database.reading() as uow:
        assert uow.session.execute(select(func.count(Suggestion.id))).scalar_one() == 1


def test_two_peoples_changes_are_two_suggestions_unless_they_touch_the_same_words(
    database: Database, cast: Cast
) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        apart = at["The board meets each month and publishes what it decides."]
        take_out(apart, "each month", "Ann")
        put_in(apart, " Always.", "Ben")
        together = at["People are cared for at home where that is safe."]
        xml = (
            f'<w:ins {W} w:id="1" w:author="Ann"><w:r><w:t xml:space="preserve"> And so</w:t></w:r>'
            f'<w:del w:id="2" w:author="Ben"><w:r><w:delText xml:space="preserve"> on</w:delText></w:r></w:del></w:ins>'
        )
        together._p.append(parse_xml(xml))

    found = examine(database, cast, edited(sent(database, cast), change)).returned.proposals
    assert [(each.reference, each.authors, each.mixed) for each in found] == [
        ("P1", ("Ann", "Ben"), True), ("S1.1.1", ("Ann",), False), ("S1.1.1", ("Ben",), False),
    ]  # fmt: skip
    assert found[0].after == "People are cared for at home where that is safe. And so"
    assert found[1].after == "The board meets and publishes what it decides."
    assert found[2].after == "The board meets each month and publishes what it decides. Always."


def test_paragraphs_that_begin_alike_are_taken_out_by_whoever_did(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        document = documents_of(uow.session, [numbered(uow, "S1.1.1").id])[numbered(uow, "S1.1.1").id][Field.TEXT]
        replace_text(uow, cast.facilitator, document, "Whole para one.\n\nWhole para two.\n\nKept.")

    def change(at: dict[str, Paragraph], _: Any) -> None:
        wrapped(at["Whole para one."]._p, "del", "Ann")
        wrapped(at["Whole para two."]._p, "del", "Ben")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    found = preview(database, cast, return_id).proposals
    assert [(each.after, each.authors) for each in found] == [
        ("Whole para two.\n\nKept.", ("Ann",)), ("Whole para one.\n\nKept.", ("Ben",)),
    ]  # fmt: skip
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0, 1})
    for each in waiting_on(database, cast, "S1.1.1"):
        with database.writing() as uow:
            suggestions.accept(uow, cast.facilitator, suggestion_id=each.suggestion.id)
    with database.reading() as uow:
        assert (
            documents_of(uow.session, [numbered(uow, "S1.1.1").id])[numbered(uow, "S1.1.1").id][Field.TEXT].text
            == "Kept."
        )


def test_what_two_add_at_the_same_place_is_one_suggestion_which_can_be_taken(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        put_in(at["You stay at home."], " Ann adds.", "Ann")
        put_in(at["You stay at home."], " Ben adds.", "Ben")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    (found,) = preview(database, cast, return_id).proposals
    assert (found.after, found.authors, found.mixed) == (
        "You stay at home. Ann adds. Ben adds.", ("Ann", "Ben"), True
    )  # fmt: skip


def test_changes_of_the_same_words_by_two_stand_together_and_say_so(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        paragraph = at["You stay at home."]
        take_out(paragraph, "stay at home", "Ann")
        put_in(paragraph, " Or not.", "Ann")
        xml = f'<w:ins {W} w:id="1" w:author="Ben"><w:r><w:t>leave</w:t></w:r></w:ins>'
        deleted = next(paragraph._p.iter(qn("w:del")))
        deleted.addnext(parse_xml(xml))

    (found,) = examine(database, cast, edited(sent(database, cast), change)).returned.proposals
    assert (found.after, set(found.authors), found.mixed) == ("You leave. Or not.", {"Ann", "Ben"}, True)
    assert "touch the same words" in returns.reason(found.authors, "", mixed=True)


@on_sqlite
@pytest.mark.parametrize("form", ["**always**", "[always](https://example.org)"])
def test_words_taken_out_whose_form_went_untracked_stand_together(database: Database, cast: Cast, form: str) -> None:
    """Without the untracked change, taking the words out would leave marks around nothing."""
    with database.writing() as uow:
        item = numbered(uow, "P1")
        replace_text(
            uow, cast.facilitator, documents_of(uow.session, [item.id])[item.id][Field.TEXT], f"Due {form} so."
        )

    def formless(at: dict[str, Paragraph]) -> tuple[Paragraph, Any]:
        paragraph = at["Due always so."]
        (run,) = (each for each in paragraph._p.iter(qn("w:r")) if each.text == "always")
        run.remove(run.find(qn("w:rPr")))
        if paragraph.hyperlinks:
            paragraph.hyperlinks[0]._hyperlink.addprevious(run)
            paragraph._p.remove(paragraph.hyperlinks[0]._hyperlink)
        return paragraph, run

    def take(at: dict[str, Paragraph], _: Any) -> None:
        _paragraph, run = formless(at)
        run.find(qn("w:t")).tag = qn("w:delText")
        gone = parse_xml(f'<w:del {W} w:id="8" w:author="Bob"/>')
        run.addprevious(gone)
        gone.append(run)

    def add(at: dict[str, Paragraph], _: Any) -> None:
        put_in(formless(at)[0], " And then.", "Bob")

    data = sent(database, cast)
    found = examine(database, cast, edited(data, take)).returned.proposals
    assert [(each.after, each.authors) for each in found] == [("Due so.", ("", "Bob"))]
    found = examine(database, cast, edited(data, add)).returned.proposals
    assert [(each.after, each.authors) for each in found] == [
        ("Due always so.", ("",)), (f"Due {form} so. And then.", ("Bob",)),
    ]  # fmt: skip


@on_sqlite
def test_a_link_taken_out_with_tracking_on_is_one_change(database: Database, cast: Cast) -> None:
    """Word turns the link into a field, whose code is taken out with it."""

    def change(at: dict[str, Paragraph], _: Any) -> None:
        link = at["See the guidance on budgets for the reasons."].hyperlinks[0]._hyperlink
        address = "https://example.org/guidance?a=1&amp;b=2"
        gone = parse_xml(
            f'<w:del {W} w:id="8" w:author="Ann"><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            f'<w:r><w:delInstrText xml:space="preserve"> HYPERLINK "{address}" </w:delInstrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:delText>guidance on budgets</w:delText></w:r>'
            '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:del>'
        )
        link.addprevious(gone)
        link.getparent().remove(link)

    found = examine(database, cast, edited(sent(database, cast), change)).returned.proposals
    assert [(each.after, each.authors) for each in found] == [("See the for the reasons.", ("Ann",))]


@on_sqlite
@pytest.mark.parametrize("nobody", ["Unknown Author", "Unbekannter Autor", "Author"])
@pytest.mark.parametrize(("typed", "reason"), [("Harrow LLP", "From Word, by Harrow LLP"), ("", "From Word")])
def test_a_programs_word_for_nobody_is_no_name(
    database: Database, cast: Cast, nobody: str, typed: str, reason: str
) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        put_in(at["You stay at home."], " Always.", nobody)
        document.add_comment(at["We meet. We tell."].runs, "Whom?", nobody, "A")

    seen = preview(database, cast, brought(database, cast, edited(sent(database, cast), change), edited_by=typed))
    (proposal,) = seen.proposals
    assert returns.reason(proposal.authors, typed, mixed=proposal.mixed) == reason
    assert [each.loose.author for each in seen.loose] == [typed]


def test_a_suggestion_is_made_against_what_went_out_and_carried_along(database: Database, cast: Cast) -> None:
    data = edited(sent(database, cast), lambda at, _: put_in(at["You stay at home."], " Always.", "Ann"))
    with database.writing() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == "P1")).scalar_one()
        document = documents_of(uow.session, [item.id])[item.id][Field.SUMMARY]
        replace_text(uow, cast.facilitator, document, "In short: You stay at home.")
    return_id = brought(database, cast, data)
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
        (shown,) = suggestions.of_item(uow, cast.member, item.id)
    assert (shown.after, shown.in_conflict) == ("In short: You stay at home. Always.", False)


def test_what_would_meet_other_words_by_now_says_so_before_it_is_made(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        take_out(at["We meet. We tell."], "We tell.", "Ann")
        put_in(at["You stay at home."], " Always.", "Ann")
        put_in(at["Outcomes are agreed at the start."], " All of them.", "Ann")

    data = edited(sent(database, cast), change)
    with database.writing() as uow:
        for reference, words in (("S1.1.1", "We meet. We shall tell all."), ("P1", "In short: You stay at home.")):
            texts = documents_of(uow.session, [numbered(uow, reference).id])[numbered(uow, reference).id]
            replace_text(uow, cast.facilitator, texts[Field.SUMMARY], words)
    seen = preview(database, cast, brought(database, cast, data))
    assert {each.reference: each.fits for each in seen.proposals} == {"P1": True, "E1": True, "S1.1.1": False}


def test_a_version_is_compared_with_what_it_said(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
    with database.writing() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == "P1")).scalar_one()
        document = documents_of(uow.session, [item.id])[item.id][Field.SUMMARY]
        replace_text(uow, cast.facilitator, document, "In short: You stay at home.")
    data = sent(database, cast, 1)
    assert examine(database, cast, data).returned.proposals == []
    found = examine(database, cast, edited(data, lambda at, _: put_in(at["You stay at home."], "!", "Ann")))
    assert (found.made_from, words_found(found)) == ("1", {("P1", "summary"): "You stay at home.!"})


# --- what can be no suggestion ---


def test_all_that_can_be_no_suggestion_is_listed_in_full(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        before = at["C1.4 Nobody is left out"]
        before.insert_paragraph_before("Candour", "Heading 3")
        before.insert_paragraph_before("Each partner tells the others.")
        line = next(words for words in reversed(at) if words.startswith("Criterion · draft"))
        at[line].runs[0].text = "Criterion · agreed at last"
        at["We agree what good looks like."].runs[0].font.strike = True
        at["E1 Outcomes that people share"].runs[0].text = "E7"
        document.add_comment(at["Outcomes are agreed at the start."].runs, "Whose outcomes?", "Ann Solicitor", "AS")
        body = at["S1.2.1 Payment within a month"]._p.getparent()
        gone = False
        for element in list(body):
            words = "".join(element.itertext())
            gone = words.startswith("S1.2.1") or (gone and re.match(r"[CES][0-9]", words) is None)
            if gone:
                body.remove(element)

    found = examine(database, cast, edited(sent(database, cast), change)).returned
    assert found.proposals == []
    listed = {(each.what, each.reference, each.text, each.author, each.on) for each in found.loose}
    assert listed == {
        ("new", "S1.3.1", "Candour\nEach partner tells the others.", "", ""),
        ("line", "C1.9", "Criterion · agreed at last", "", ""),
        ("struck", "E1", "We agree what good looks like.", "", ""),
        ("reference", "E1", "E7 Outcomes that people share", "", ""),
        ("comment", "E1", "Whose outcomes?", "Ann Solicitor", "Outcomes are agreed at the start."),
        ("deleted", "S1.2.1", "Payment within a month", "", ""),
    }


@pytest.mark.parametrize("marked", [True, False])
def test_a_definition_that_was_edited_is_listed_and_changes_nothing(
    database: Database, cast: Cast, marked: bool
) -> None:
    with database.writing() as uow:
        for name in ("partner", "outcomes", "payment"):
            glossary.define(uow, cast.member, group_id=cast.group_id, form=TermForm(name, f"What a {name} is."))
    data = sent(database, cast)
    same = examine(database, cast, data).returned
    assert (same.proposals, same.loose) == ([], [])

    def change(at: dict[str, Paragraph], document: Any) -> None:
        table = document.tables[0]
        rows = {row.cells[0].text: row for row in table.rows}
        rows["partner"].cells[2].paragraphs[0].runs[0].text = "Whoever my client says."
        table._tbl.remove(rows["payment"]._tr)
        cells = table.add_row().cells
        cells[0].text, cells[2].text = "Tariff", "A price."
        if not marked:
            for mark in [*document.element.iter(qn("w:bookmarkStart")), *document.element.iter(qn("w:bookmarkEnd"))]:
                mark.getparent().remove(mark)

    found = examine(database, cast, edited(data, change)).returned
    assert found.proposals == []
    listed = {(each.what, each.reference, " ".join(each.text.replace("|", " ").split())) for each in found.loose}
    if marked:
        assert listed == {
            ("line", "", "partner Whoever my client says."), ("table", "", "Tariff A price."), ("lines gone", "", "1"),
        }  # fmt: skip
    else:
        assert {("table", "", "partner Whoever my client says."), ("table", "", "Tariff A price.")} <= listed


def test_a_comment_in_the_margin_can_become_one_of_the_item(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.add_comment(at["Outcomes are agreed at the start."].runs, "Whose?", "Ann Solicitor", "AS")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen=(), remarks={0})
        assert made == (0, 1)
        (talk,) = comments.in_group(uow, cast.member, group_id=cast.group_id)
    assert talk.discussion.quote == "Outcomes are agreed at the start."
    assert talk.said[0].comment.words == "Ann Solicitor: Whose?"
    assert not preview(database, cast, return_id).loose[0].may_be_said
    again = brought(database, cast, edited(sent(database, cast), change))
    assert preview(database, cast, again).loose == []


@pytest.mark.parametrize("lost", ["bookmarks", "bookmarks and styles", "everything but words"])
def test_where_the_marks_are_lost_references_labels_and_likeness_do(database: Database, cast: Cast, lost: str) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        put_in(at["You stay at home."], " Always.", "Ann")
        at["S1.1.1 The board meets monthly"].runs[1].text = " The board meets weekly"
        at["Payment is made within 30 days."].runs[0].text = "Payment is made within 28 days."
        for mark in [*document.element.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd"))]:
            mark.getparent().remove(mark)
        for paragraph in document.paragraphs if lost != "bookmarks" else ():
            name = paragraph.style.name
            of_a_text = name.startswith(("List", "Quote", "Heading in", "Subheading in"))
            if name in ("Label", "Note") or (lost == "everything but words" and not of_a_text):
                paragraph.style = document.styles["Normal"]

    found = examine(database, cast, edited(sent(database, cast), change))
    assert not found.returned.marked
    assert words_found(found) == {
        ("P1", "summary"): "You stay at home. Always.",
        ("S1.1.1", "title"): "The board meets weekly",
        ("S1.2.1", "text"): "Payment is made within 28 days.",
    }


@on_sqlite
@pytest.mark.parametrize("lost", ["marks of one item", "all marks"])
def test_what_stands_under_a_heading_that_nobody_knows_is_listed_with_it(
    database: Database, cast: Cast, lost: str
) -> None:
    """An item without "Why" stands above it."""
    with database.writing() as uow:
        item = numbered(uow, "S1.2.1")
        replace_text(uow, cast.facilitator, documents_of(uow.session, [item.id])[item.id][Field.WHY], "")

    def change(at: dict[str, Paragraph], document: Any) -> None:
        heading = line("Money for the carers", "Heading3")
        label = line("Why", "Label")
        at["Payment is made within 30 days."]._p.addnext(heading)
        heading.addnext(label)
        label.addnext(line("Carers wait for months."))
        if lost == "all marks":
            without_marks(document)

    found = examine(database, cast, edited(sent(database, cast), change))
    assert words_found(found) == {}
    assert ("new", "S1.2.1", "Money for the carers\nWhy\nCarers wait for months.") in listed(found)


@on_sqlite
def test_an_items_own_label_stays_its_own_under_a_heading_put_in_above(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        at["Why"]._p.addprevious(line("A heading of counsel", "Heading3"))
        without_marks(document)

    found = examine(database, cast, edited(sent(database, cast), change))
    assert words_found(found) == {}
    assert [each for each in listed(found) if each[0] == "new"] == [("new", "C1.9", "A heading of counsel")]


# --- words that run together, come apart or lose their place ---


def with_evidence(database: Database, cast: Cast, reference: str = "P1") -> bytes:
    """The draft sent out with a piece of evidence on an item."""
    with database.writing() as uow:
        source = sources.add_source(uow, cast.facilitator, group_id=cast.group_id, cite="Smith 2020")
        form = FindingForm(source.id, text="It works.", page="p. 3", strength=Strength.STRONG)
        finding = findings.add_finding(uow, cast.facilitator, group_id=cast.group_id, form=form)
        findings.link(
            uow, cast.facilitator, finding_id=finding.id, item_id=numbered(uow, reference).id,
            relation=Relation.SUPPORTS, note_text="but only in towns", group_id=cast.group_id,
        )  # fmt: skip
    return sent(database, cast)


def numbered(uow: UnitOfWork, reference: str) -> Item:
    return uow.session.execute(select(Item).where(Item.reference == reference)).scalar_one()


def line(words: str, style: str = "") -> Any:
    """A paragraph of one run."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return parse_xml(f'<w:p {W}><w:pPr>{named}</w:pPr><w:r><w:t xml:space="preserve">{words}</w:t></w:r></w:p>')


def end_taken_out(paragraph: Paragraph, by: str = "") -> None:
    """The end of a paragraph taken out, so that the next runs on in it; tracked if ``by`` somebody."""
    if by:
        properties = paragraph._p.get_or_add_pPr()
        properties.append(parse_xml(f'<w:rPr {W}><w:del w:id="5" w:author="{by}"/></w:rPr>'))
        return
    following = paragraph._p.getnext()
    for each in list(following):
        if each.tag != qn("w:pPr"):
            paragraph._p.append(each)
    following.getparent().remove(following)


def without_marks(document: Any) -> None:
    for mark in [*document.element.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd"))]:
        mark.getparent().remove(mark)


def listed(found: Examined) -> list[tuple[str, str, str]]:
    return [(each.what, each.reference, each.text) for each in found.returned.loose]


def section(at: dict[str, Paragraph], begins: str, ends: str) -> list[Any]:
    """What stands from one heading up to another."""
    body = list(at[begins]._p.getparent())
    return body[body.index(at[begins]._p) : body.index(at[ends]._p)]


def below(at: dict[str, Paragraph], begins: str, count: int) -> list[Any]:
    """A paragraph and what follows it, so many in all."""
    body = list(at[begins]._p.getparent())
    return body[(first := body.index(at[begins]._p)) : first + count]


@on_sqlite
@pytest.mark.parametrize(
    ("reference", "gone", "count", "told"),
    [
        ("P1", "Evidence", 2, [("lines gone", "P1", "3")]),
        ("C1.9", "Evidence", 2, [("lines gone", "C1.9", "3")]),
        ("P1", "Core elements", 1, [("lines gone", "P1", "1")]),
        ("P1", "Definitions", 2, [("lines gone", "", "3")]),
        ("P1", "P1 Care close to home", 8, [("deleted", "P1", "Care close to home")]),
    ],
)
def test_what_only_informs_and_is_gone_is_told_with_its_heading_or_without(
    database: Database, cast: Cast, reference: str, gone: str, count: int, told: list[tuple[str, str, str]]
) -> None:
    with database.writing() as uow:
        glossary.define(uow, cast.member, group_id=cast.group_id, form=TermForm("outcomes", "What is reached."))

    def change(at: dict[str, Paragraph], _: Any) -> None:
        for each in below(at, gone, count):
            each.getparent().remove(each)

    found = examine(database, cast, edited(with_evidence(database, cast, reference), change))
    assert (words_found(found), listed(found)) == ({}, told)


@on_sqlite
def test_what_the_group_has_withdrawn_since_is_not_missed(database: Database, cast: Cast, clock: SetClock) -> None:
    data = with_evidence(database, cast)
    clock.advance(minutes=1)
    with database.writing() as uow:
        outline.withdraw_item(uow, cast.facilitator, item_id=numbered(uow, "P1").id)

    def change(at: dict[str, Paragraph], _: Any) -> None:
        for each in section(at, "P1 Care close to home", "Core elements"):
            each.getparent().remove(each)

    assert listed(examine(database, cast, edited(data, change))) == []


@on_sqlite
@pytest.mark.parametrize("how", ["taken out", "tracked", "emptied", "emptied with tracking"])
def test_a_grey_line_that_is_gone_is_told(database: Database, cast: Cast, how: str) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        grey = at["C1.5 Money follows the person"]._p.getnext()
        if how == "taken out":
            grey.getparent().remove(grey)
        elif how == "emptied":
            for run in list(grey.iter(qn("w:r"))):
                run.getparent().remove(run)
        else:
            wrapped(grey, "del", "Ann")
        if how == "emptied with tracking":
            (end,) = grey.pPr.iter(qn("w:del"))
            end.getparent().remove(end)

    found = examine(database, cast, edited(sent(database, cast), change))
    assert (words_found(found), listed(found)) == ({}, [("lines gone", "C1.5", "1")])


@on_sqlite
def test_a_grey_line_that_lost_its_bookmark_is_not_gone(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        grey = at["C1.5 Money follows the person"]._p.getnext()
        for mark in list(grey.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd"))):
            grey.remove(mark)

    found = examine(database, cast, edited(sent(database, cast), change))
    assert (words_found(found), listed(found)) == ({}, [])


@on_sqlite
@pytest.mark.parametrize("kept", [0, 3])
def test_where_marks_are_lost_nothing_is_said_of_lines_gone(database: Database, cast: Cast, kept: int) -> None:
    def change(_: dict[str, Paragraph], document: Any) -> None:
        for mark in list(document.element.iter(qn("w:bookmarkStart")))[kept:]:
            mark.getparent().remove(mark)

    found = examine(database, cast, edited(with_evidence(database, cast, "C1.5"), change))
    assert words_found(found) == {}
    assert "lines gone" not in [each.what for each in found.returned.loose]


@on_sqlite
def test_a_heading_that_lost_its_bookmark_is_no_line_gone(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        heading = at["C1.5 Money follows the person"]._p
        for mark in list(heading.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd"))):
            heading.remove(mark)

    found = examine(database, cast, edited(with_evidence(database, cast, "C1.5"), change))
    assert (words_found(found), listed(found)) == ({}, [])


@on_sqlite
def test_an_item_that_goes_with_its_lines_is_told_once_wherever_the_group_has_moved_others(
    database: Database, cast: Cast
) -> None:
    data = with_evidence(database, cast, "C1.5")
    with database.writing() as uow:
        outline.shift_item(uow, cast.facilitator, item_id=numbered(uow, "C1.4").id, by=1)

    def change(at: dict[str, Paragraph], _: Any) -> None:
        for each in section(at, "C1.5 Money follows the person", "C1.6 Risk is borne fairly"):
            each.getparent().remove(each)

    assert listed(examine(database, cast, edited(data, change))) == [("deleted", "C1.5", "Money follows the person")]


@on_sqlite
def test_an_item_that_went_is_told_though_its_bookmarks_stand_elsewhere(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        for each in section(at, "C1.5 Money follows the person", "C1.6 Risk is borne fairly"):
            for mark in list(each.iter(qn("w:bookmarkStart"))):
                at["C1.6 Risk is borne fairly"]._p.append(mark)
            each.getparent().remove(each)

    assert ("deleted", "C1.5", "Money follows the person") in listed(
        examine(database, cast, edited(sent(database, cast), change))
    )


@on_sqlite
def test_emptied_rows_that_stay_of_an_item_that_went_are_no_lines_of_the_one_above(
    database: Database, cast: Cast
) -> None:
    """As LibreOffice leaves them where a table was taken out with tracking on."""

    def change(at: dict[str, Paragraph], _: Any) -> None:
        for each in section(at, "C1.5 Money follows the person", "C1.6 Risk is borne fairly"):
            if each.tag == qn("w:tbl"):
                for words in list(each.iter(qn("w:t"))):
                    words.text = ""
            else:
                each.getparent().remove(each)

    found = listed(examine(database, cast, edited(with_evidence(database, cast, "C1.5"), change)))
    assert [each for each in found if each[0] == "lines gone"] == []
    assert ("deleted", "C1.5", "Money follows the person") in found


def without_numbers(data: bytes) -> bytes:
    """A document as they went out before headings were numbered, and without the number of its last line."""
    lines_before = count(2)
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made := io.BytesIO(), "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "word/document.xml":
                words = re.sub(r"(_title_\d+_[0-9a-f]{6})_\d+", r"\1", part.decode())
                words = re.sub(r"c_(line|fixed)_\d+", lambda mark: f"c_{mark[1]}_{next(lines_before)}", words)
                part = words.encode()
            elif name == "docProps/custom.xml":
                part = re.sub(rb" \d+(?=</)", b"", part)
            new.writestr(name, part)
    return made.getvalue()


@on_sqlite
@pytest.mark.parametrize("earlier", [False, True])
def test_a_row_gone_is_told_of_documents_from_before_headings_were_numbered_too(
    database: Database, cast: Cast, earlier: bool
) -> None:
    data = with_evidence(database, cast)
    data = without_numbers(data) if earlier else data
    same = examine(database, cast, data)
    assert (words_found(same), listed(same)) == ({}, [])

    def change(at: dict[str, Paragraph], document: Any) -> None:
        row = document.tables[0].rows[1]._tr
        row.getparent().remove(row)
        if not earlier:
            mark = f'<w:bookmarkStart {W} w:id="99" w:name="c_line_999999_abcdef"/>'
            at["You stay at home."]._p.append(parse_xml(mark))

    found = examine(database, cast, edited(data, change))
    assert [each for each in listed(found) if each[0] == "lines gone"] == [("lines gone", "P1", "1")]


@on_sqlite
def test_what_is_withdrawn_since_is_not_missed_in_a_version(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
    data = sent(database, cast, 1)
    with database.writing() as uow:
        outline.withdraw_item(uow, cast.facilitator, item_id=numbered(uow, "C1.4").id)

    def change(at: dict[str, Paragraph], _: Any) -> None:
        for each in section(at, "C1.4 Nobody is left out", "C1.5 Money follows the person"):
            each.getparent().remove(each)

    assert listed(examine(database, cast, edited(data, change))) == []


@on_sqlite
def test_what_was_restored_since_never_went_out(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        outline.withdraw_item(uow, cast.facilitator, item_id=numbered(uow, "C1.9").id)
    data = sent(database, cast)
    with database.writing() as uow:
        outline.restore_item(uow, cast.facilitator, item_id=numbered(uow, "C1.9").id)
    assert listed(examine(database, cast, data)) == []


@on_sqlite
@pytest.mark.parametrize(
    ("heading", "lost"),
    [
        *(("C1.10 Termination", lost) for lost in ("nothing", "marks", "property", "marks and property")),
        *(("Audits", lost) for lost in ("nothing", "marks")),
    ],
)
@pytest.mark.parametrize("number", [1, None], ids=["version", "draft"])
def test_a_heading_is_no_item_that_never_went_out(
    database: Database, cast: Cast, clock: SetClock, number: int | None, heading: str, lost: str
) -> None:
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
        slug = uow.session.get_one(Group, cast.group_id).slug
    data = sent(database, cast, number)
    clock.advance(minutes=1)
    with database.writing() as uow:
        added = items.add_item(
            uow, cast.facilitator, group_id=cast.group_id, kind=items.Kind.CRITERION, parent_id=numbered(uow, "E1").id,
            title="Audit", text="The books are open.", why="Trust needs it.", summary="You may look.",
        )  # fmt: skip
        assert added.reference == "C1.10"

    def change(at: dict[str, Paragraph], document: Any) -> None:
        new = line(heading, "Heading3")
        at["This all goes."]._p.addnext(new)
        new.addnext(line("Either may end it."))
        if "marks" in lost:
            without_marks(document)

    data = edited(data, change)
    found = examine(database, cast, nameless(data, slug) if "property" in lost else data)
    assert words_found(found) == {}
    assert [each for each in listed(found) if each[0] == "new"] == [("new", "C1.9", f"{heading}\nEither may end it.")]


@on_sqlite
def test_an_item_that_never_went_out_is_where_its_marks_are_and_loses_nothing(database: Database, cast: Cast) -> None:
    """A heading copied in from another document of the group brings its bookmark, and not all that stood under it."""
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
        items.add_item(
            uow, cast.facilitator, group_id=cast.group_id, kind=items.Kind.CRITERION, parent_id=numbered(uow, "E1").id,
            title="Audit", text="The books are open.", why="Trust needs it.", summary="You may look.",
        )  # fmt: skip
    (draft,) = (each for each in docx.Document(io.BytesIO(sent(database, cast))).paragraphs if "Audit" in each.text)

    def change(at: dict[str, Paragraph], _: Any) -> None:
        copied = deepcopy(draft._p)
        at["This all goes."]._p.addnext(copied)
        copied.addnext(line("The books are open to all."))

    found = examine(database, cast, edited(sent(database, cast, 1), change))
    assert words_found(found) == {("C1.10", "text"): "The books are open to all."}


@on_sqlite
def test_what_the_group_has_moved_since_is_nobodys_move(database: Database, cast: Cast) -> None:
    data = sent(database, cast)
    with database.writing() as uow:
        outline.shift_item(uow, cast.facilitator, item_id=numbered(uow, "C1.5").id, by=-1)
    same = examine(database, cast, data)
    assert (words_found(same), listed(same)) == ({}, [])

    def change(at: dict[str, Paragraph], _: Any) -> None:
        for each in section(at, "C1.6 Risk is borne fairly", "C1.7 Data is open"):
            at["C1.9 Forms are short"]._p.addprevious(each)

    back = edited(data, change)
    assert listed(examine(database, cast, back)) == [("moved", "C1.6", "Risk is borne fairly")]
    with database.writing() as uow:
        outline.shift_item(uow, cast.facilitator, item_id=numbered(uow, "C1.5").id, by=1)
        for _ in range(2):
            outline.shift_item(uow, cast.facilitator, item_id=numbered(uow, "C1.6").id, by=1)
    assert listed(examine(database, cast, back)) == [], "the group has done the same"


@on_sqlite
@pytest.mark.parametrize("by", ["", "Ann"])
@pytest.mark.parametrize(
    "words", ["You stay at home.", "People are cared for at home where that is safe.", 'So "it" is.', "Hospitals are"]
)
def test_words_that_run_into_a_label_or_heading_stay_where_they_were(
    database: Database, cast: Cast, words: str, by: str
) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        end_taken_out(next(at[each] for each in at if each.startswith(words)), by)

    found = examine(database, cast, edited(with_evidence(database, cast), change))
    assert (words_found(found), listed(found)) == ({}, [])


@on_sqlite
def test_words_run_together_and_changed_are_changed_where_they_stood(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        at["You stay at home."].runs[0].text = "You stay at home, always."
        end_taken_out(at["You stay at home."])

    found = examine(database, cast, edited(with_evidence(database, cast), change))
    assert words_found(found) == {("P1", "summary"): "You stay at home, always."}


@on_sqlite
def test_words_written_into_a_label_that_only_informs_are_listed(database: Database, cast: Cast) -> None:
    data = edited(
        with_evidence(database, cast), lambda at, _: put_in(at["Evidence"], ": counsel doubts all of this.", "Ann")
    )
    found = examine(database, cast, data)
    assert (words_found(found), listed(found)) == ({}, [("line", "P1", "Evidence: counsel doubts all of this.")])


@on_sqlite
@pytest.mark.parametrize("by", ["", "Ann"])
def test_words_under_the_heading_of_a_part_belong_to_no_item(database: Database, cast: Cast, by: str) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        added = line("" if by else "Words of counsel.")
        at["Core elements"]._p.addnext(added)
        if by:
            put_in(Paragraph(added, at["Core elements"]._parent), "Words of counsel.", by)

    found = examine(database, cast, edited(sent(database, cast), change))
    assert (words_found(found), listed(found)) == ({}, [("paragraph", "P1", "Words of counsel.")])


@on_sqlite
@pytest.mark.parametrize("tracked", [False, True])
def test_a_heading_taken_out_leaves_its_words_with_its_item(database: Database, cast: Cast, tracked: bool) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        heading = at["C1.3 People have a say"]._p
        for element in (heading, heading.getnext()):
            if not tracked:
                element.getparent().remove(element)
                continue
            properties = element.get_or_add_pPr()
            properties.append(parse_xml(f'<w:rPr {W}><w:del w:id="5" w:author="Ann"/></w:rPr>'))
            for run in list(element.iter(qn("w:r"))):
                for text in run.iter(qn("w:t")):
                    text.tag = qn("w:delText")
                deleted = parse_xml(f'<w:del {W} w:id="6" w:author="Ann"/>')
                run.addprevious(deleted)
                deleted.append(run)

    found = examine(database, cast, edited(sent(database, cast), change))
    assert (words_found(found), listed(found)) == ({}, [("no title", "C1.3", "People have a say")])


@on_sqlite
@pytest.mark.parametrize("label", ["In plain words", "Why"])
@pytest.mark.parametrize("with_words", [True, False])
def test_a_label_taken_out_never_empties_another_text(
    database: Database, cast: Cast, label: str, with_words: bool
) -> None:
    name = "summary" if label == "In plain words" else "why"
    with database.writing() as uow:  # its plain words say what its words say, as plain words do
        texts = documents_of(uow.session, [numbered(uow, "E1").id])[numbered(uow, "E1").id]
        for field in (Field.WHY, Field.SUMMARY):
            replace_text(uow, cast.facilitator, texts[field], "Outcomes are agreed on at the start.")
        bare = documents_of(uow.session, [numbered(uow, "P1").id])[numbered(uow, "P1").id]
        replace_text(uow, cast.facilitator, bare[Field.WHY], "")
        replace_text(uow, cast.facilitator, bare[Field.SUMMARY], "People get care at home where that is safe.")

    def change(_: dict[str, Paragraph], document: Any) -> None:
        inside = False
        for each in document.paragraphs:
            if each.style.name == "Label":
                inside = each.text == label
            elif each.style.name.startswith("Heading ") and "words" not in each.style.name:
                inside = False
            if inside and (with_words or each.style.name == "Label"):
                each._p.getparent().remove(each._p)

    found = examine(database, cast, edited(sent(database, cast), change))
    having = [reference for reference in TEXTS if (reference, name) != ("P1", "why")]
    assert words_found(found) == ({(reference, name): "" for reference in having} if with_words else {})
    assert [what for what, _, _ in listed(found)] == ([] if with_words else ["label"] * len(having))


@on_sqlite
@pytest.mark.parametrize("marks", ["stay", "go along", "are lost"])
def test_an_item_in_another_place_is_read_there_wherever_its_marks_are(
    database: Database, cast: Cast, marks: str
) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        for old in section(at, "C1.3 People have a say", "S1.3.1 Quotes that a machine turns"):
            new = deepcopy(old)
            for element, tag in ((old, "moveFrom"), (new, "moveTo")):
                properties = element.get_or_add_pPr()
                properties.append(parse_xml(f'<w:rPr {W}><w:{tag} w:id="5" w:author="Ann"/></w:rPr>'))
                for run in list(element.iter(qn("w:r"))):
                    moved = parse_xml(f'<w:{tag} {W} w:id="6" w:author="Ann"/>')
                    run.addprevious(moved)
                    moved.append(run)
            for element in {"stay": [new], "go along": [old], "are lost": [old, new]}[marks]:
                for mark in list(element.iter(qn("w:bookmarkStart"), qn("w:bookmarkEnd"))):
                    element.remove(mark)
            at["C1.5 Money follows the person"]._p.addprevious(new)
        moved = next(each for each in at["C1.5 Money follows the person"]._p.itersiblings(preceding=True))
        put_in(Paragraph(moved, at["C1.5 Money follows the person"]._parent), " At last.", "Ann")

    found = examine(database, cast, edited(sent(database, cast), change))
    assert listed(found) == [("moved", "C1.3", "People have a say")]
    assert words_found(found) == {("C1.3", "summary"): "People are asked first.\n\nThen they decide. At last."}


@on_sqlite
def test_paragraphs_joined_with_tracking_on_are_joined_whatever_bookmarks_stand_in_them(
    database: Database, cast: Cast
) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        first = at["People are asked first."]
        first._p.insert(1, parse_xml(f'<w:bookmarkStart {W} w:id="900" w:name="clause_12"/>'))
        end_taken_out(first, "Ann")

    (found,) = examine(database, cast, edited(sent(database, cast), change)).returned.proposals
    assert (found.after, found.authors) == ("People are asked first.Then they decide.", ("Ann",))


@on_sqlite
@pytest.mark.parametrize(
    "lines", [[f"{reference} {texts[0]} 3" for reference, texts in TEXTS.items()], ["C1.2 Each aim has a measure"]]
)
def test_without_marks_a_list_of_contents_is_none_of_the_titles(
    database: Database, cast: Cast, lines: list[str]
) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        without_marks(document)
        for each in lines:
            at["Principles"]._p.addprevious(line(each))

    found = examine(database, cast, edited(sent(database, cast), change))
    assert words_found(found) == {}
    assert {("paragraph", "", each) for each in lines} <= set(listed(found))


@on_sqlite
@pytest.mark.parametrize("styles", [True, False])
def test_without_marks_a_paragraph_that_begins_with_a_reference_is_a_paragraph(
    database: Database, cast: Cast, styles: bool
) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        without_marks(document)
        at["You stay at home."]._p.addnext(line("C1.2 Each aim has a measure, so this follows."))
        for paragraph in document.paragraphs if not styles else ():
            if paragraph.style.name.startswith("Heading ") and "words" not in paragraph.style.name:
                paragraph.style = document.styles["Normal"]

    found = examine(database, cast, edited(sent(database, cast), change))
    assert words_found(found) == {
        ("P1", "summary"): "You stay at home.\n\nC1.2 Each aim has a measure, so this follows."
    }


@on_sqlite
def test_without_marks_all_that_is_no_text_is_listed(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        without_marks(document)
        table = document.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "fee", "10 pounds"
        at["You stay at home."]._p.addnext(table._tbl)
        at["Principles"]._p.addprevious(line("A cover note."))
        at["Outcomes are agreed at the start."].runs[0].text = "Outcomes · goals are agreed at the start."

    found = examine(database, cast, edited(with_evidence(database, cast), change))
    assert words_found(found) == {("E1", "text"): "Outcomes · goals are agreed at the start."}
    assert {("paragraph", "", "A cover note."), ("table", "P1", "fee | 10 pounds")} <= set(listed(found))


# --- what a text cannot hold ---


@on_sqlite
def test_whatever_a_text_cannot_hold_is_listed_with_its_words(database: Database, cast: Cast) -> None:
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    compatible = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    box = "<w:txbxContent><w:p><w:r><w:t>Counsel: see s. 75.</w:t></w:r></w:p></w:txbxContent>"
    boxed = (
        f'<w:r {W} xmlns:mc="{compatible}"><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>{box}</w:drawing>'
        f"</mc:Choice><mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    cell = "<w:tc><w:p><w:r><w:t>in a control</w:t></w:r></w:p></w:tc>"

    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.sections[0].header.paragraphs[0].add_run("PRIVILEGED")
        document.sections[0].footer.paragraphs[0].add_run(" and confidential")
        at["You stay at home."]._p.append(parse_xml(boxed))
        at["One list of aims for all."]._p.append(
            parse_xml(f'<m:oMath xmlns:m="{math}"><m:r><m:t>x=1</m:t></m:r></m:oMath>')
        )
        at["We agree what good looks like."].runs[0].font.highlight_color = WD_COLOR_INDEX.YELLOW
        at["One aim holds all partners together."].runs[0].font.underline = True
        at["One aim holds all partners together."].add_run("They would take less.").font.hidden = True
        at["You stay at home."]._p.append(parse_xml(f'<w:r {W}><w:sym w:font="Webdings" w:char="F063"/></w:r>'))
        at["One list of aims for all."].runs[0].font.superscript = True
        at["Hospitals are not homes."].runs[-1].text = " ho"
        at["Hospitals are not homes."].add_run("mes.").font.subscript = True
        shape = '<v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textpath string="DRAFT"/></v:shape>'
        mark = parse_xml(f"<w:r {W}><w:pict>{shape}</w:pict></w:r>")
        document.sections[0].header.paragraphs[0]._p.append(mark)
        document.sections[0].header.add_paragraph().add_run("Note to self").font.hidden = True
        table = document.add_table(1, 2)
        table.cell(0, 0).text = "outer"
        table.cell(0, 1).add_table(1, 1).cell(0, 0).text = "nested"
        table.rows[0]._tr.append(parse_xml(f"<w:sdt {W}><w:sdtContent>{cell}</w:sdtContent></w:sdt>"))
        at["We meet. We tell."]._p.addnext(table._tbl)

    data = sent(database, cast)
    found = examine(database, cast, edited(data, change))
    assert words_found(found) == {}
    footer = next(text for what, _, text in listed(found) if what == "margin" and text not in ("PRIVILEGED", "DRAFT"))
    assert footer.endswith(" and confidential")
    assert {(what, reference, " ".join(text.split())) for what, reference, text in listed(found)} == {
        ("margin", "", "PRIVILEGED"),
        ("margin", "", "DRAFT"),
        ("hidden", "", "Note to self"),
        ("margin", "", footer),
        ("table", "S1.1.1", "outer | nested | in a control"),
        ("picture", "P1", "Counsel: see s. 75."),
        ("marked", "E1", "One aim holds all partners together."),
        ("marked", "E1", "We agree what good looks like."),
        ("marked", "C1.1", "One list of aims for all. (raised)"),
        ("marked", "P1", "mes. (lowered, after “Hospitals are not ho”)"),
        ("equation", "C1.1", "x=1"),
        ("hidden", "E1", "They would take less."),
        ("symbol", "P1", "Webdings, after “You stay at home.”"),
    }


@on_sqlite
def test_a_table_within_a_new_section_stands_in_it(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        before = at["C1.4 Nobody is left out"]
        before.insert_paragraph_before("Candour", "Heading 3")
        table = document.add_table(1, 1)
        table.cell(0, 0).text = "a table"
        before._p.addprevious(table._tbl)
        before.insert_paragraph_before("Words after it.")

    found = examine(database, cast, edited(sent(database, cast), change))
    assert listed(found) == [("new", "S1.3.1", "Candour\na table\nWords after it.")]


@on_sqlite
def test_a_text_that_no_text_can_be_is_listed_and_not_compared(database: Database, cast: Cast) -> None:
    words = "Ten letter" * (returns_calc.LONGEST // 10) + "s."
    data = edited(sent(database, cast), lambda at, _: put_in(at["You stay at home."], words, "Ann"))
    found = examine(database, cast, data)
    assert words_found(found) == {}
    assert listed(found) == [("too long", "P1", f"You stay at home.{words}")]


@on_sqlite
def test_a_title_that_no_title_can_be_is_listed_and_not_compared(database: Database, cast: Cast) -> None:
    words = "Ten letter" * (returns_calc.LONGEST // 10) + "s."
    title = "C1.4 Nobody is left out"
    found = examine(database, cast, edited(sent(database, cast), lambda at, _: put_in(at[title], words, "Ann")))
    assert words_found(found) == {}
    assert listed(found) == [("too long", "C1.4", f"Nobody is left out{words}")]


def test_headings_are_found_by_their_words_however_many_are_nobodys() -> None:
    """Headings without their marks: the last has its title still, after more others than are compared."""
    titles = [f"{place} of all that is agreed about aims" for place in ("First", "Second", "Third")]
    gone = [f"Nothing at all was agreed to about aims in {at}" for at in range(40)]
    base = {f"C{at}": wordsheets.Text(1, title) for at, title in enumerate([*titles, *gone], 1)}
    items = [wordsheets.Item(reference, {"title": text}) for reference, text in base.items()]
    heading = '<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    others = [f"Agreed at first were all the aims, but not for {each}" for each in range(8_000)]
    some = [titles[0], "Second of all that was agreed about aims", *others, titles[2]]
    begun = time.process_time()
    found = returns_calc.match(read(document("".join(map(heading.format, some)))), items)
    assert found.found == 3
    assert time.process_time() - begun < 20


def test_what_stands_under_a_new_heading_takes_time_by_its_length() -> None:
    row = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>A cell</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    heading = '<w:p><w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
    item = wordsheets.Item("E1", {"title": wordsheets.Text(1, "Outcomes"), "text": wordsheets.Text(0, "")})

    def made(count: int) -> WordFile:
        lines = "".join(f"<w:p><w:r><w:t>Line {at}</w:t></w:r></w:p>" for at in range(count))
        return read(document(heading.format("E1 Outcomes") + row * count + heading.format("Something new") + lines))

    (new,) = (each for each in returns_calc.match(made(50), [item]).loose if each.what == "new")
    assert new.text == "\n".join(["Something new", *(f"Line {at}" for at in range(50))])
    assert growth(lambda file: returns_calc.match(file, [item]), made, shorter=1_000) < 8


# --- whose words these are, and which are new ---


@on_sqlite
def test_however_many_changed_it_every_suggestion_says_who(database: Database, cast: Cast) -> None:
    texts = [
        "You stay at home.", "Outcomes are agreed at the start.", "One list of aims for all.",
        "We agree what good looks like.", "One aim holds all partners together.", "People are asked first.",
        "We meet. We tell.", "Payment is made within 30 days.", "This all goes.",
    ]  # fmt: skip

    def change(at: dict[str, Paragraph], _: Any) -> None:
        for number, text in enumerate(texts):
            put_in(at[text], " So.", f"Author {number}")
        put_in(at["This all goes."], " Yes.", "Author 0")

    found = examine(database, cast, edited(sent(database, cast), change)).returned.proposals
    assert {each.before.split("\n")[0]: each.authors for each in found} == {
        text: (f"Author {number}",) for number, text in enumerate(texts[:-1])
    } | {"This all goes.": ("Author 8", "Author 0")}
    assert [each.mixed for each in found if each.before == "This all goes."] == [True]


def ended(paragraph: Any, how: str, by: str) -> None:
    """Say of the end of a paragraph that somebody put it in, took it out or moved it, with tracking on."""
    properties = paragraph.get_or_add_pPr()
    properties.append(parse_xml(f'<w:rPr {W}><w:{how} w:id="5" w:author="{by}"/></w:rPr>'))


def divided(paragraph: Paragraph, before: str, by: str) -> Any:
    """Divide a paragraph before some words of its last run, as Word does with tracking on; the new paragraph."""
    run = paragraph.runs[-1]
    words, found, rest = run.text.partition(before)
    second = deepcopy(paragraph._p)
    for each in [*second]:
        if each.tag != qn("w:pPr"):
            second.remove(each)
    second.append(parse_xml(f'<w:r {W}><w:t xml:space="preserve">{found}{rest}</w:t></w:r>'))
    run.text = words
    paragraph._p.addnext(second)
    ended(paragraph._p, "ins", by)
    return second


def wrapped(paragraph: Any, how: str, by: str) -> None:
    """All of a paragraph, with its end, taken out or moved with tracking on."""
    for run in list(paragraph.iter(qn("w:r"))):
        around = parse_xml(f'<w:{how} {W} w:id="6" w:author="{by}"/>')
        run.addprevious(around)
        around.append(run)
    ended(paragraph, how, by)


def crowd(at: dict[str, Paragraph]) -> None:
    """More people than are told apart, each with a change of one text."""
    for number in range(8):
        put_in(at["A -- B -- C"], " So.", f"Author {number}")


@on_sqlite
def test_of_very_many_who_ended_moved_or_took_out_a_paragraph_is_named_too(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        crowd(at)
        ended(at["People are asked first."]._p, "del", "Ann")
        take_out(at["One aim holds all partners together."], "aim", "Ben")
        divided(at["One aim holds all partners together."], "partners", "Ann")
        wrapped(at["We agree what good looks like."]._p, "del", "Ann")
        put_in(at["C1.1 The aims are shared"], " by all", "Ben")
        moved = at["We meet. We tell."]._p
        come = deepcopy(moved)
        wrapped(moved, "moveFrom", "Ann")
        wrapped(come, "moveTo", "Cleo")
        at["You stay at home."]._p.addnext(come)

    found = examine(database, cast, edited(sent(database, cast), change)).returned.proposals
    assert {(each.reference, each.field): (each.after, each.authors) for each in found if len(each.authors) < 8} == {
        ("P1", "summary"): ("You stay at home.\n\nWe meet. We tell.", ("Cleo",)),
        ("E1", "why"): ("One holds all\n\npartners together.", ("Ben", "Ann")),
        ("E1", "summary"): ("", ("Ann",)),
        ("C1.1", "title"): ("The aims are shared by all", ("Ben",)),
        ("C1.3", "summary"): ("People are asked first.Then they decide.", ("Ann",)),
        ("S1.1.1", "summary"): ("", ("Ann",)),
    }


@on_sqlite
@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("added", ["", " more"])
def test_whoever_divided_a_title_or_a_line_is_named(database: Database, cast: Cast, crowded: bool, added: str) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        if crowded:
            crowd(at)
        second = divided(at["E1 Outcomes that people share"], "people", "Ann")
        if added:
            put_in(Paragraph(second, at["Principles"]._parent), added, "Ben")
        put_in(at["C1.1 The aims are shared"], " by all", "Ben")
        divided(at["Core elements"], "elements", "Cleo")

    found = examine(database, cast, edited(sent(database, cast), change)).returned
    titles = {each.reference: (each.after, each.authors) for each in found.proposals if each.field == "title"}
    # Alone Ben's words would stand in the title, from which Ann parted them.
    who = ("Ann", "Ben") if added and not crowded else ("Ann",)
    assert titles == {"E1": ("Outcomes that", who), "C1.1": ("The aims are shared by all", ("Ben",))}
    told = [(each.what, each.text, each.author) for each in found.loose if each.what in ("new", "line")]
    assert told == [
        ("line", "Core", "Cleo"), ("new", "elements", "Cleo"),
        ("new", f"people share{added}", "Ann, Ben" if added else "Ann"),
    ]  # fmt: skip


@on_sqlite
def test_a_list_made_with_tracking_on_is_its_authors(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        paragraph = at["You stay at home."]
        paragraph.style = document.styles["List Bullet"]
        paragraph._p.pPr.append(parse_xml(f'<w:pPrChange {W} w:id="3" w:author="Ann"><w:pPr/></w:pPrChange>'))

    (found,) = examine(database, cast, edited(sent(database, cast), change)).returned.proposals
    assert (found.after, found.authors) == ("- You stay at home.", ("Ann",))


def test_the_same_words_on_another_item_or_by_another_are_a_comment_of_their_own(
    database: Database, cast: Cast
) -> None:
    with database.writing() as uow:
        comments.start(uow, cast.member, item_id=numbered(uow, "C1.1").id, words="Why?")
        comments.start(uow, cast.member, item_id=numbered(uow, "S1.2.1").id, words="Why?")
    went_out = sent(database, cast, comments=True)

    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.add_comment(at["We meet. We tell."].runs, "Why?", "Ann Solicitor", "AS")
        document.add_comment(at["Payment is made within 30 days."].runs, "Why?", "Ann Solicitor", "AS")

    return_id = brought(database, cast, edited(went_out, change))
    assert [(each.loose.reference, each.loose.author) for each in preview(database, cast, return_id).loose] == [
        ("S1.1.1", "Ann Solicitor"), ("S1.2.1", "Ann Solicitor"),
    ]  # fmt: skip
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen=(), remarks={0})
        assert made == (0, 1)
    again = preview(database, cast, brought(database, cast, edited(went_out, change))).loose
    assert [each.loose.reference for each in again] == ["S1.2.1"]


@pytest.mark.parametrize(("begins", "ends"), [("Everyone can come.", "This line goes."), ("aims", "money")])
def test_a_comment_over_two_paragraphs_is_on_both_and_is_known_again(
    database: Database, cast: Cast, begins: str, ends: str
) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.add_comment([*at[begins].runs, *at[ends].runs], "Both?", "Ann Solicitor", "AS")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    assert [each.loose.on for each in preview(database, cast, return_id).loose] == [f"{begins}\n{ends}"]
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen=(), remarks={0})
        (talk,) = comments.in_group(uow, cast.member, group_id=cast.group_id)
    assert talk.said[0].comment.words == "Ann Solicitor: Both?"
    again = brought(database, cast, edited(sent(database, cast), change))
    assert preview(database, cast, again).loose == []


@pytest.mark.parametrize("there", [True, False])
def test_a_long_comment_goes_on_in_the_same_talk(database: Database, cast: Cast, there: bool) -> None:
    words = [f"word{number}" for number in range(700)]

    def change(at: dict[str, Paragraph], document: Any, said: str = " ".join(words)) -> None:
        document.add_comment(at["You stay at home."].runs, said, "Ann Solicitor", "AS")

    data = sent(database, cast)
    return_id = brought(database, cast, edited(data, change))
    with database.writing() as uow:
        if not there:
            item = numbered(uow, "P1")
            replace_text(uow, cast.facilitator, documents_of(uow.session, [item.id])[item.id][Field.SUMMARY], "Gone.")
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen=(), remarks={0})
        assert made == (0, 1)
        (talk,) = comments.in_group(uow, cast.member, group_id=cast.group_id)
    first, *more = [each.comment.words for each in talk.said]
    assert first.startswith("Ann Solicitor: word0 " if there else "Ann Solicitor, on “You stay at home.”: word0 ")
    assert [each.partition(" word")[0] for each in more] == [
        f"Ann Solicitor, continued ({number} of 3):" for number in (2, 3)
    ]
    assert re.findall(r"word[0-9]+", " ".join([first, *more])) == words
    assert all(each.endswith(" …") for each in (first, *more[:-1]))
    assert preview(database, cast, brought(database, cast, edited(data, change))).loose == []
    otherwise = edited(data, lambda at, document: change(at, document, " ".join([*words[:-1], "last"])))
    assert len(preview(database, cast, brought(database, cast, otherwise)).loose) == 1


@on_sqlite
def test_a_comment_longer_than_any_talk_stays_listed(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.add_comment(at["You stay at home."].runs, "long " * 10_000, "Ann Solicitor", "AS")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    (found,) = preview(database, cast, return_id).loose
    assert (len(found.loose.text), found.may_be_said) == (49_999, False)
    with database.writing() as uow, pytest.raises(Invalid):
        returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen=(), remarks={0})


def test_a_comment_made_here_after_the_document_went_out_hides_none_of_it(
    database: Database, cast: Cast, clock: SetClock
) -> None:
    went_out = sent(database, cast)
    clock.advance(minutes=1)
    with database.writing() as uow:
        comments.start(uow, cast.member, item_id=numbered(uow, "E1").id, words="Whose?")
        name = uow.session.get_one(Person, cast.member.person_id).name

    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.add_comment(at["Outcomes are agreed at the start."].runs, "Whose?", name, "AS")

    seen = preview(database, cast, brought(database, cast, edited(went_out, change)))
    assert [each.loose.text for each in seen.loose] == ["Whose?"]


@on_sqlite
def test_a_comment_belongs_to_the_words_after_its_beginning_or_to_none(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        heading = at["C1.2 Each aim has a measure"]
        document.add_comment(heading.runs, "Measure of what?", "Ann", "A")
        heading._p.addprevious(next(heading._p.iter(qn("w:commentRangeStart"))))
        document.add_comment(at["You stay at home."].runs, "In a footnote", "Ben", "B")
        for tag in ("w:commentRangeStart", "w:commentRangeEnd", "w:commentReference"):
            for mark in list(at["You stay at home."]._p.iter(qn(tag))):
                mark.getparent().remove(mark)

    found = examine(database, cast, edited(sent(database, cast), change)).returned.loose
    assert [(each.text, each.reference, each.field) for each in found] == [
        ("In a footnote", "", ""), ("Measure of what?", "C1.2", "title"),
    ]  # fmt: skip
    seen = preview(database, cast, brought(database, cast, edited(sent(database, cast), change)))
    assert [each.may_be_said for each in seen.loose] == [False, True]


def test_a_comment_on_what_was_withdrawn_keeps_nothing_else_from_being_made(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], document: Any) -> None:
        document.add_comment(at["You stay at home."].runs, "At whose home?", "Ann", "A")
        document.add_comment(at["We meet. We tell."].runs, "Whom?", "Ann", "A")
        put_in(at["Payment is made within 30 days."], " Or less.", "Ann")

    return_id = brought(database, cast, edited(sent(database, cast), change))
    with database.writing() as uow:
        outline.withdraw_item(uow, cast.facilitator, item_id=numbered(uow, "P1").id)
    assert [each.may_be_said for each in preview(database, cast, return_id).loose] == [False, True]
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0}, remarks={0, 1})
        assert made == (1, 1)
    with database.reading() as uow:
        assert uow.session.execute(select(func.count(Suggestion.id))).scalar_one() == 1
        assert len(comments.in_group(uow, cast.member, group_id=cast.group_id)) == 1


@pytest.mark.parametrize("by", ["Ann", "Ben"])
def test_what_the_group_has_taken_over_is_not_suggested_again(database: Database, cast: Cast, by: str) -> None:
    went_out = sent(database, cast)
    for author, expected in (("Ann", 1), (by, 0)):
        data = edited(
            went_out,
            lambda at, _, author=author: put_in(at["Outcomes are agreed at the start."], " All of them.", author),  # type: ignore[misc]  # a default binds the name
        )
        return_id = brought(database, cast, data)
        seen = preview(database, cast, return_id)
        assert [bool(each.blocked) for each in seen.proposals] == [not expected]
        with database.writing() as uow:
            made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
            assert made == (expected, 0)
            (suggestion,) = uow.session.execute(select(Suggestion)).scalars()
            if expected:
                suggestions.accept(uow, cast.facilitator, suggestion_id=suggestion.id)
    assert "taken these words over" in seen.proposals[0].blocked


def test_words_that_stand_there_already_are_not_suggested_however_they_came(database: Database, cast: Cast) -> None:
    def tracked(at: dict[str, Paragraph], _: Any) -> None:
        take_out(at["The board meets each month and publishes what it decides."], "each month", "Ann")
        put_in(at["The board meets each month and publishes what it decides."], " Always.", "Ben")

    def clean(at: dict[str, Paragraph], _: Any) -> None:
        at["The board meets each month and publishes what it decides."].runs[
            0
        ].text = "The board meets and publishes what it decides. Always."

    went_out = sent(database, cast)
    clean_copy = edited(went_out, clean)
    early = brought(database, cast, clean_copy)
    return_id = brought(database, cast, edited(went_out, tracked))
    with database.writing() as uow:
        assert returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0, 1}) == (2, 0)
    first, second = waiting_on(database, cast, "S1.1.1")
    with database.writing() as uow:
        suggestions.accept(uow, cast.facilitator, suggestion_id=first.suggestion.id)
    (seen,) = preview(database, cast, early).proposals
    assert (seen.known, seen.blocked) == (False, "")
    with database.writing() as uow:
        suggestions.accept(uow, cast.facilitator, suggestion_id=second.suggestion.id)
        document = documents_of(uow.session, [numbered(uow, "S1.1.1").id])[numbered(uow, "S1.1.1").id][Field.TEXT]
        replace_text(uow, cast.facilitator, document, f"To begin with: {document.text}")
    for each in (early, brought(database, cast, clean_copy)):
        shown = preview(database, cast, each)
        assert shown.says_nothing_new
        assert [seen.blocked for seen in shown.proposals] == ["These words stand there already."]
        with database.writing() as uow:
            assert returns.make(uow, cast.member, return_id=each, group_id=cast.group_id, chosen={0}) == (0, 0)
    assert waiting_on(database, cast, "S1.1.1") == []


def reworded(at: dict[str, Paragraph], _: Any) -> None:
    at["Payment is made within 30 days."].runs[0].text = "Each payment is made in full within 28 days."


def waiting_on(database: Database, cast: Cast, reference: str) -> list[suggestions.Shown]:
    with database.reading() as uow:
        shown = suggestions.of_item(uow, cast.facilitator, numbered(uow, reference).id)
    return [each for each in shown if each.suggestion.state is SuggestionState.OPEN]


def test_what_the_group_has_taken_over_in_part_is_settled(database: Database, cast: Cast) -> None:
    went_out = sent(database, cast)
    first = brought(database, cast, edited(went_out, reworded))
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=first, group_id=cast.group_id, chosen={0})
    (shown,) = waiting_on(database, cast, "S1.2.1")
    with database.writing() as uow:
        suggestions.accept(
            uow,
            cast.facilitator,
            suggestion_id=shown.suggestion.id,
            places=[shown.places[0].key],
            answer="Not so soon.",
        )
    again = brought(database, cast, edited(went_out, reworded))
    seen = preview(database, cast, again)
    assert [each.blocked for each in seen.proposals] == [
        "The group has taken a part of this over and left out the rest: Not so soon."
    ]
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=again, group_id=cast.group_id, chosen={0})
        assert made == (0, 0)
    assert waiting_on(database, cast, "S1.2.1") == []


@pytest.mark.parametrize(
    ("became", "blocked"),
    [
        ("waits", "You have suggested this already. It was divided, and a part of it waits."),
        ("refused", "The group has taken a part of this over and left out the rest: Not so soon."),
        ("by hand", "The group has taken these words over already."),
        ("withdrawn", ""), ("all refused", ""),
        ("divided again", "You have suggested this already. It was divided, and a part of it waits."),
    ],
)  # fmt: skip
def test_what_was_divided_is_settled_as_its_parts_are(
    database: Database, cast: Cast, became: str, blocked: str
) -> None:
    went_out = sent(database, cast)
    first = brought(database, cast, edited(went_out, reworded))
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=first, group_id=cast.group_id, chosen={0})

    def write(words: str) -> None:
        with database.writing() as uow:
            item = numbered(uow, "S1.2.1")
            replace_text(uow, cast.facilitator, documents_of(uow.session, [item.id])[item.id][Field.TEXT], words)

    def divide(number: int) -> tuple[int, int]:
        with database.writing() as uow:
            apart = suggestions.set_apart(uow, cast.facilitator, suggestion_id=number).id
        left = [each.suggestion.id for each in waiting_on(database, cast, "S1.2.1") if each.suggestion.id != apart]
        return apart, left[0]

    write("Payment is made within a month.")
    apart, rest = divide(waiting_on(database, cast, "S1.2.1")[0].suggestion.id)
    if became == "divided again":
        write("All payment is made within a month.")
        divide(apart)
    else:
        with database.writing() as uow:
            if became == "all refused":
                suggestions.reject(uow, cast.facilitator, suggestion_id=apart, answer="No.")
            else:
                suggestions.accept(uow, cast.facilitator, suggestion_id=apart)
            if became in ("refused", "all refused"):
                suggestions.reject(uow, cast.facilitator, suggestion_id=rest, answer="Not so soon.")
            elif became == "by hand":
                suggestions.take_in(uow, cast.facilitator, suggestion_id=rest, answer="A month is 28 days now.")
            elif became == "withdrawn":
                suggestions.withdraw(uow, cast.member, suggestion_id=rest)
    seen = preview(database, cast, brought(database, cast, edited(went_out, reworded)))
    assert [each.blocked for each in seen.proposals] == [blocked]
    if became == "all refused":
        (said,) = [each.refusal.answer for each in seen.proposals if each.refusal]
        assert said in ("No.", "Not so soon."), "the last one; these are of one moment"


@pytest.mark.parametrize("meanwhile", ["nothing", "other words"])
def test_what_the_group_has_said_no_to_is_offered_with_its_answer(
    database: Database, cast: Cast, meanwhile: str
) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        put_in(next(at[each] for each in at if each.startswith("Payment is made")), " All of it.", "Ann")

    first = brought(database, cast, edited(sent(database, cast), change))
    with database.writing() as uow:
        returns.make(uow, cast.member, return_id=first, group_id=cast.group_id, chosen={0})
    with database.writing() as uow:
        suggestions.reject(uow, cast.facilitator, suggestion_id=1, answer="Nobody can pay so much.")
    if meanwhile == "other words":
        with database.writing() as uow:
            item = numbered(uow, "S1.2.1")
            document = documents_of(uow.session, [item.id])[item.id][Field.TEXT]
            replace_text(uow, cast.facilitator, document, "Payment is made within 28 days.")
    again = brought(database, cast, edited(sent(database, cast), change))
    (seen,) = preview(database, cast, again).open
    assert seen.refusal is not None
    assert (seen.refusal.answer, seen.blocked) == ("Nobody can pay so much.", "")
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=again, group_id=cast.group_id, chosen={0})
        assert made == (1, 0), "who ticks it all the same is not kept from it"


@on_sqlite
def test_many_that_were_refused_on_a_text_are_looked_up_no_more_often_than_few(database: Database, cast: Cast) -> None:
    """Those that put in other words are told apart by them; for one that puts in these the log is read once."""
    with database.reading() as uow:
        item_id = numbered(uow, "S1.2.1").id

    def refuse(ending: str) -> None:
        with database.writing() as uow:
            document = documents_of(uow.session, [item_id])[item_id][Field.TEXT]
            made = suggestions.suggest(
                uow, cast.member, item_id=item_id, field=Field.TEXT, text=document.text + ending,
                version=document.version,
            )  # fmt: skip
            suggestions.reject(uow, cast.facilitator, suggestion_id=made.id, answer=ending.strip())
            replace_text(uow, cast.facilitator, document, f"In short: {document.text}")

    def looked_up() -> tuple[int, str]:
        back = edited(
            sent(database, cast),
            lambda at, _: put_in(at[next(each for each in at if "Payment is" in each)], " All.", "A"),
        )
        with database.writing() as uow:
            document = documents_of(uow.session, [item_id])[item_id][Field.TEXT]
            replace_text(uow, cast.facilitator, document, f"{document.text} Or so.")
        return_id = brought(database, cast, back)
        with counting(database) as asked:
            (seen,) = preview(database, cast, return_id).open
        return len(asked), seen.refusal.answer if seen.refusal is not None else ""

    refuse(" Not this.")
    few, _ = looked_up()
    for at in range(20):
        refuse(f" Not {at}.")
    assert looked_up() == (few, "")
    refuse(" All.")
    assert looked_up() == (few + 1, "All."), "the log is read once for what may be the same"


def test_what_could_not_be_made_can_be_tried_again(database: Database, cast: Cast) -> None:
    def change(at: dict[str, Paragraph], _: Any) -> None:
        at["C1.9 Forms are short"].runs[1].text = " Forms are very short"

    return_id = brought(database, cast, edited(sent(database, cast), change))
    with database.writing() as uow:
        item_id = numbered(uow, "C1.9").id
        for number in range(suggestions.MOST_OPEN):
            suggestions.suggest(
                uow, cast.member, item_id=item_id, field=Field.SUMMARY, text=f"Number {number}", version=1
            )
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
        assert made == (0, 0)
    (refused,) = preview(database, cast, return_id).open
    assert "waiting" in refused.refused
    with database.writing() as uow:
        first = suggestions.of_item(uow, cast.member, item_id)[0].suggestion
        suggestions.withdraw(uow, cast.member, suggestion_id=first.id)
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
        assert made == (1, 0)


@on_sqlite
def test_a_document_that_does_not_say_whose_it_is_must_have_our_titles(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        items.add_item(
            uow, cast.stranger, group_id=cast.other_group_id, kind=items.Kind.ELEMENT, title="Not yours", text="Secret"
        )
        theirs = exports.export_draft(uow, cast.stranger, group_id=cast.other_group_id, form="docx").body
        slugs = [uow.session.get_one(Group, each).slug for each in (cast.group_id, cast.other_group_id)]
    with pytest.raises(Invalid) as refused:
        examine(database, cast, nameless(theirs, slugs[1]))
    assert "does not say which group" in refused.value.fields["file"]
    with pytest.raises(Invalid) as refused:  # a group of the same short name on another server
        examine(database, cast, nameless(theirs, slugs[1], f"{slugs[0]} draft 2026-01-01T00:00:00.0Z 0123456789"))
    assert "another group" in refused.value.fields["file"]
    assert examine(database, cast, nameless(sent(database, cast), slugs[0])).returned.proposals == []


# --- who may ---


def test_only_who_may_suggest_may_bring_and_only_who_brought_may_look(database: Database, cast: Cast) -> None:
    data = edited(sent(database, cast), lambda at, _: put_in(at["You stay at home."], " Always.", "Ann"))
    with pytest.raises(Forbidden):
        examine(database, cast, data, cast.observer)
    with pytest.raises(NotFound):
        examine(database, cast, data, cast.stranger)
    return_id = brought(database, cast, data)
    for actor in (cast.facilitator, cast.stranger, cast.peer):
        with database.writing() as uow:
            for use in (returns.preview, returns.discard):
                with pytest.raises(NotFound):
                    use(uow, actor, return_id=return_id, group_id=cast.group_id)
            with pytest.raises(NotFound):
                returns.make(uow, actor, return_id=return_id, group_id=cast.group_id, chosen={0})
    with database.reading() as uow:
        assert uow.session.execute(select(func.count(Suggestion.id))).scalar_one() == 0


def test_another_groups_document_is_refused_and_a_forged_mark_reaches_nothing(database: Database, cast: Cast) -> None:
    with database.writing() as uow:
        foreign = items.add_item(
            uow, cast.stranger, group_id=cast.other_group_id, kind=items.Kind.ELEMENT, title="Not yours", text="Secret"
        )
        assert foreign.reference == "E1"
        theirs = exports.export_draft(uow, cast.stranger, group_id=cast.other_group_id, form="docx").body
    with pytest.raises(Invalid) as refused:
        examine(database, cast, theirs)
    assert "another group" in refused.value.fields["file"]

    def forge(at: dict[str, Paragraph], document: Any) -> None:
        for mark in document.element.iter(qn("w:bookmarkStart")):
            name = mark.get(qn("w:name"))
            mark.set(qn("w:name"), re.sub(r"^(c_P1_text)_\d+_", r"\1_999999_", name).replace("c_S1_1_1_", "c_S9_9_9_"))
        put_in(at["People are cared for at home where that is safe."], " Now.", "Ann")

    found = examine(database, cast, edited(sent(database, cast), forge))
    assert words_found(found)["P1", "text"] == "People are cared for at home where that is safe. Now."
    assert {each.reference for each in found.returned.proposals} <= set(TEXTS)


def test_what_was_withdrawn_since_is_shown_and_not_made(database: Database, cast: Cast) -> None:
    data = edited(sent(database, cast), lambda at, _: put_in(at["You stay at home."], " Always.", "Ann"))
    return_id = brought(database, cast, data)
    with database.writing() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == "P1")).scalar_one()
        outline.withdraw_item(uow, cast.facilitator, item_id=item.id)
    assert "withdrawn" in preview(database, cast, return_id).proposals[0].blocked
    with database.writing() as uow:
        made = returns.make(uow, cast.member, return_id=return_id, group_id=cast.group_id, chosen={0})
    assert made == (0, 0)


def test_what_is_no_document_of_ours_is_refused_with_a_sentence(database: Database, cast: Cast) -> None:
    out = io.BytesIO()
    docx.Document().save(out)
    for data in (b"", b"Dear all", out.getvalue()):
        with pytest.raises(Invalid) as refused:
            examine(database, cast, data)
        assert refused.value.fields["file"].endswith(".")


def test_a_returned_document_is_in_ones_copy_and_goes_with_ones_account(database: Database, cast: Cast) -> None:
    data = edited(sent(database, cast), lambda at, _: put_in(at["You stay at home."], " Always.", "Ann"))
    brought(database, cast, data)
    with database.writing() as uow:
        assert [each["file"] for each in privacy.export_mine(uow, cast.member)["returned_documents"]] == ["back.docx"]
        privacy.erase_me(uow, cast.member)
        assert uow.session.execute(select(func.count(ReturnedDocument.id))).scalar_one() == 0


def test_where_words_went_since_is_said(database: Database, cast: Cast) -> None:
    """Merged into another item, or split off as one: a suggestion would stand beside words that are elsewhere."""

    def change(at: dict[str, Paragraph], _: Any) -> None:
        put_in(at["The budget is set."], " Early.", "Eve")
        put_in(at["Then it is reviewed."], " By all.", "Ann")
        put_in(at["At most 10 % is held back."], " Never more.", "Ann")

    with database.reading() as uow:
        by = {each.reference: each.id for each in items.items_of(uow.session, cast.group_id)}
    return_id = brought(database, cast, edited(sent(database, cast), change))
    assert {each.now_in for each in preview(database, cast, return_id).proposals} == {()}
    made = []
    for words, title in (("Then", "Review"), ("2. The", "Shares")):
        with database.writing() as uow:
            text = documents_of(uow.session, [by["C1.5"]])[by["C1.5"]][Field.TEXT]
            part = descent.split(
                uow, cast.facilitator, item_id=by["C1.5"], at=text.text.index(words), version=text.version, title=title
            )
            made.append((part.id, part.reference))
    with database.writing() as uow:
        descent.merge(uow, cast.facilitator, item_id=by["C1.7"], other_id=by["C1.8"])
    with database.writing() as uow:
        descent.merge(uow, cast.facilitator, item_id=by["C1.6"], other_id=by["C1.7"])
    seen = {(each.reference, each.authors): each for each in preview(database, cast, return_id).proposals}
    stays, went, merged = seen["C1.5", ("Eve",)], seen["C1.5", ("Ann",)], seen["C1.8", ("Ann",)]
    assert (stays.blocked, stays.fits, stays.now_in) == ("", True, ())
    assert (went.blocked, went.now_in) == ("These words have gone to C1.10 since.", (made[0],))
    assert (merged.blocked, merged.now_in) == ("It has been merged into C1.6 since.", ((by["C1.6"], "C1.6"),))
    with database.writing() as uow:
        outline.withdraw_item(uow, cast.facilitator, item_id=made[0][0])
    seen = {(each.reference, each.authors): each for each in preview(database, cast, return_id).proposals}
    went = seen["C1.5", ("Ann",)]
    assert (went.blocked, went.now_in) == ("These words have gone to C1.10, which is withdrawn, since.", ())
