"""Documents that LibreOffice opened, changed and saved: every edit comes back as a suggestion, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.policy import Actor
from app.services import exports, returns, versions
from app.services.companions import Including
from app.uow import Database
from tests.cast import Cast, make_cast
from tests.office import Office, Turn, office
from tests.scripted import EDITS, MACHINE, build_blueprint

pytestmark = [
    pytest.mark.long,  # LibreOffice is large to install: `tools/system.sh office`
    pytest.mark.parametrize("database_engine", ["sqlite"]),
]


@pytest.fixture(scope="module")
def libre() -> Iterator[Office]:
    with office() as running:
        yield running


@pytest.fixture
def cast(database: Database) -> Cast:
    made = make_cast(database)
    build_blueprint(database, made)
    return made


def sent(database: Database, cast: Cast, base: str, including: Including = Including()) -> bytes:
    """The draft, or version 1, as it goes out."""
    if base == "draft":
        with database.reading() as uow:
            return exports.export_draft(
                uow, cast.member, group_id=cast.group_id, form="docx", including=including
            ).body
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
    with database.reading() as uow:
        return exports.export_version(
            uow, cast.member, group_id=cast.group_id, number=1, form="docx", including=including
        ).body


def came_back(database: Database, actor: Actor, cast: Cast, data: bytes) -> returns.Examined:
    with database.reading() as uow:
        return returns.examine(uow, actor, group_id=cast.group_id, data=data)


@pytest.mark.parametrize("base", ["draft", "version"])
@pytest.mark.parametrize("record", [True, False], ids=["tracked", "plain"])
def test_forty_edits_come_back_as_suggestions_in_the_right_items(
    database: Database, cast: Cast, libre: Office, base: str, record: bool
) -> None:
    assert len(EDITS) >= 40
    document = sent(database, cast, base)
    acts = [act for edit in EDITS for act in edit.acts] + MACHINE
    edited, _ = libre.edit(document, Turn(acts, record=record))
    found = came_back(database, cast.member, cast, edited).returned
    wanted = {(edit.reference, edit.field): edit.after for edit in EDITS}
    got = {(each.reference, each.field): each.after for each in found.proposals}
    assert {place: words for place, words in got.items() if wanted.get(place) != words} == {}
    assert set(wanted) - set(got) == set()
    assert {each.authors for each in found.proposals} == {("Ann Solicitor",) if record else ("",)}
    assert found.loose == []


@pytest.mark.parametrize("base", ["draft", "version"])
def test_an_unchanged_document_suggests_nothing(database: Database, cast: Cast, libre: Office, base: str) -> None:
    document = sent(database, cast, base, Including(decisions=True, suggestions=True))
    saved, _ = libre.edit(document, Turn([]))
    for data in (document, saved):
        found = came_back(database, cast.member, cast, data).returned
        assert (found.proposals, found.loose, found.marked) == ([], [], True)
