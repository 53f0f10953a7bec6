"""Word documents that come back: into suggestions on the right words, by those who may, and nothing else."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from docx.text.paragraph import Paragraph
from sqlalchemy import func, select

from app.errors import Forbidden, Invalid, NotFound
from app.policy import SYSTEM, Actor
from app.services import comments, exports, glossary, items, outline, privacy, returns, story, suggestions, versions
from app.services.companions import Including
from app.services.documents import documents_of, replace_text
from app.services.glossary import TermForm
from app.services.returns import Examined
from app.uow import Database
from models.documents import Field
from models.groups import Group
from models.items import Item
from models.returns import ReturnedDocument
from models.suggestions import Suggestion
from models.versions import Version
from tests.cast import Cast, make_cast
from tests.scripted import TEXTS, build_blueprint

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


@pytest.fixture
def cast(database: Database) -> Cast:
    made = make_cast(database)
    build_blueprint(database, made)
    return made


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
        ("P1", ("Ann",), False), ("S1.1.1", ("Ann",), False), ("S1.1.1", ("Ben",), False),
    ]  # fmt: skip
    assert found[0].after == "People are cared for at home where that is safe. And so"
    assert found[1].after == "The board meets and publishes what it decides."
    assert found[2].after == "The board meets each month and publishes what it decides. Always."


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
