"""The report of a closed round to hand out: Word and PDF with pictures, checklists with gaps, and no name in either."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from app.services import checklists, consultations, dispositions, panel, rating, remarks, results, seating
from app.services.consultations import ConsultationForm
from app.uow import Database
from models.consultations import ConsultationKind
from models.dispositions import DispositionOutcome
from models.validation import Expert, ExpertIdentity, Remark, Round
from tests.panels import Study, build_study
from tests.web.test_results import Client, run

HOSTILE = '<script>alert(1)</script> #image("/etc/passwd") costs = 5 * 3 $x$'


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


@pytest.fixture
def closed(study: Study) -> Study:
    run(study, comments=(HOSTILE, "Say what happens in spring."))
    with study.database.writing() as uow:
        remarks.release_all(uow, study.cast.panel_manager, round_id=study.round_id)
    with study.database.writing() as uow:
        known = uow.session.execute(select(Remark.id).order_by(Remark.id)).scalars().first()
        assert known is not None
        dispositions.answer(
            uow, study.cast.facilitator, remark_id=known, outcome=DispositionOutcome.NOT_ADOPTED, why="It is a test."
        )
    return study


def report(client_of: Client, study: Study, form: str) -> bytes:
    answer = client_of(study.cast.member).get(address(study, form))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{study.cast.slug}-round-1-report.{form}"'
    return answer.data


def address(study: Study, form: str = "docx") -> str:
    return f"/g/{study.cast.slug}/validation/rounds/{study.round_id}/results/report.{form}"


def word_text(file: bytes) -> str:
    document = docx.Document(io.BytesIO(file))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return flat("\n".join([*(each.text for each in document.paragraphs), *cells]))


def pdf_text(file: bytes) -> str:
    return flat(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(file)).pages))


def flat(text: str) -> str:
    return " ".join(text.split())


def secrets_of(study: Study) -> set[str]:
    """Whatever could tell who an expert is."""
    with study.database.reading() as uow:
        people = uow.session.execute(select(ExpertIdentity)).scalars()
        known = {words for each in people for words in (each.name, each.email)}
        return known | set(study.tokens) | set(uow.session.execute(select(Expert.code)).scalars())


def test_word_and_pdf_hold_the_whole_report_and_name_nobody(client_of: Client, closed: Study) -> None:
    """The referee's test of docs/referee.md, as far as a machine can do it."""
    word, pdf = report(client_of, closed, "docx"), report(client_of, closed, "pdf")
    written, printed = word_text(word), pdf_text(pdf)
    for text in (written, printed):
        assert text.count("The one rule that decides") == (1 if text == written else 2)  # and in the contents
        assert "RAND/UCLA: by how many lie outside the median's third" in text
        for words in (
            "9 of 9", "8 of 9", "Experts disagree", "5 national", "Information sheet, version 1", "Say what happens in",
            "What we did. Not adopted: It is a test.", "35 entries", "38 entries", "16 entries", "Registration",
        ):  # fmt: skip
            assert words in text, words
        assert flat(HOSTILE) in text
        assert "root:" not in text
    parts = zipfile.ZipFile(io.BytesIO(word))
    inside = "".join(parts.read(name).decode("utf-8", "ignore") for name in parts.namelist())
    drawn = [parts.read(name) for name in parts.namelist() if name.startswith("word/media/")]
    assert len(drawn) == 8  # how far they came, three for each question, and one against the other
    assert all(each.startswith(b"\x89PNG") for each in drawn)
    assert inside.count('descr="') == len(drawn)
    read = PdfReader(io.BytesIO(pdf))
    assert read.metadata is not None
    for secret in secrets_of(closed):
        for place in (inside, printed, str(read.metadata)):
            assert secret not in place, secret


def test_before_the_round_closes_and_for_outsiders_there_is_none(client_of: Client, study: Study) -> None:
    run(study, close=False)
    for form in ("docx", "pdf"):
        assert client_of(study.cast.facilitator).get(address(study, form)).status_code == 404
    study.close()
    assert client_of(study.cast.stranger).get(address(study)).status_code == 404
    assert client_of(study.cast.member).get(address(study).replace(".docx", ".exe")).status_code == 404


def test_who_downloads_it_changes_nothing_of_who_is_named(client_of: Client, closed: Study) -> None:
    """A facilitator sees more on the page; what is handed out is what the group reads."""
    group_id, manager = closed.cast.group_id, closed.cast.panel_manager
    with closed.database.writing() as uow:
        for title, named in (("Dr Wren Invented", False), ("Association of Wagtails (invented)", True)):
            form = ConsultationForm(
                ConsultationKind.CONVERSATION, uow.now.date(), title, words=f"Said by {title[:2]}.", may_be_named=named
            )
            consultations.add_consultation(uow, manager, group_id=group_id, form=form)
        gone = ConsultationForm(ConsultationKind.WEBINAR, uow.now.date(), "A withdrawn webinar", words="Not any more.")
        made = consultations.add_consultation(uow, manager, group_id=group_id, form=gone)
        consultations.withdraw_consultation(uow, manager, consultation_id=made.id)
    answer = client_of(closed.cast.panel_manager).get(address(closed))
    text = word_text(answer.data)
    assert "Association of Wagtails (invented)" in text
    assert "Said by Dr." in text
    for words in ("Wren", "withdrawn webinar", "Not any more"):
        assert words not in text


def test_no_figure_is_off_its_scale(client_of: Client, study: Study) -> None:
    with study.database.reading() as uow:
        assert uow.session.execute(select(Expert)).first() is not None
    four = {"key": "relevance", "question": "How relevant?", "lowest": 1, "highest": 4}
    study.open(dimensions=[four], rule="cvi", sensitivity=["cvi-n"])
    for number, token in enumerate(study.tokens):
        study.answer(token, {"relevance": [4, 1 + number % 4]})
    study.close()
    text = word_text(report(client_of, study, "docx"))
    assert "Content validity index" in text
    for words in ("RAND", "IPRAS", "disagreement index"):
        assert words not in text, words


def test_a_word_without_end_stays_on_the_page(client_of: Client, study: Study) -> None:
    run(study, comments=("w" * 4_999 + "!", "Two\u2028lines"))
    with study.database.writing() as uow:
        remarks.release_all(uow, study.cast.panel_manager, round_id=study.round_id)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(report(client_of, study, "pdf"))).pages)
    assert text.count("w") >= 4_999
    assert "!" in text
    assert "Two\u2028" not in text
    with study.database.reading() as uow:
        assert uow.session.get_one(Round, study.round_id).version_sha256 in flat(text), "copied as it is"


def test_a_long_round_has_its_pictures_in_sheets(client_of: Client, database: Database) -> None:
    study = build_study(database, criteria=30, experts=5)
    study.open()
    study.close()
    text = pdf_text(report(client_of, study, "pdf"))
    assert "Relevance: medians (1/2)" in text
    assert "Relevance: medians (2/2)" in text


def test_papers_count_the_experts_as_the_pages_do(client_of: Client, database: Database) -> None:
    """Nine are asked, four start; one leaves the answers, and one who had started is taken off: eight count."""
    study = build_study(database)
    study.open()
    for token in study.tokens[:4]:
        study.answer(token, {"relevance": [9, 9], "applicability": [9, 9]})
    with database.writing() as uow:
        rating.withdraw(uow, seating.sit_with_token(uow, token=study.tokens[0], round_id=study.round_id), keep=True)
        manager = study.cast.panel_manager
        members = panel.list_members(uow, manager, group_id=study.cast.group_id, round_id=study.round_id)
        last = next(each for each in members if each.identity.email == "expert4@example.org")
        panel.remove_expert(uow, manager, panel_id=study.panel_id, expert_id=last.expert.id, reason="Moved away.")
    study.close()
    for text in (word_text(report(client_of, study, "docx")), pdf_text(report(client_of, study, "pdf"))):
        assert "8 experts asked, 3 started, 0 pressed Send" in text
        assert "1 of them withdrew and left the answers; 1 more was taken off and is not counted." in text
        assert "Too few scores for a verdict on any of 2 criteria: 8 were needed for each." in text
        assert "Of them withdrew, answers count" in text
        assert "Taken off, not counted" in text
        assert "8 asked, 3 started, 0 pressed Send;" in text
        assert "1 of them withdrew and left the answers, 1 more taken off (not counted)." in text


def test_checklists_are_filled_from_the_data_and_gaps_are_gaps(closed: Study) -> None:
    def lists() -> dict[str, checklists.Checklist]:
        with closed.database.reading() as uow:
            found = results.report(uow, closed.cast.member, round_id=closed.round_id)
            return {each.name: each for each in checklists.checklists(uow, found)}

    made = lists()
    assert {name: len(each.entries) for name, each in made.items()} == {"ACCORD": 35, "DELPHISTAR": 38, "CREDES": 16}
    for each in made.values():
        assert all(entry.said or entry.gap for entry in each.entries)
        assert len({entry.number for entry in each.entries}) == len(each.entries)
        assert 0 < each.gaps < len(each.entries)
    accord = {entry.number: entry for entry in made["ACCORD"].entries}
    assert (accord["M16"].said, accord["M16"].gap) == ("", "nobody tried the round out")
    assert accord["R3"].said == "9 asked, 9 started, 0 pressed Send; 5 national, 4 international."
    assert accord["R5"].said == "1 of 2 comments answered with what was done and why."
    assert accord["R5"].gap
    with closed.database.writing() as uow:
        for known in uow.session.execute(select(Remark.id)).scalars().all():
            dispositions.answer(
                uow, closed.cast.facilitator, remark_id=known, outcome=DispositionOutcome.ADOPTED, why="It is done."
            )
    answered = {entry.number: entry for entry in lists()["ACCORD"].entries}["R5"]
    assert (answered.said, answered.gap) == ("2 of 2 comments answered with what was done and why.", "")
