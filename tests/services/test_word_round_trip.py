"""Documents that LibreOffice opened, changed and saved: every edit comes back as a suggestion, nothing else does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

import migrations
from app.calc.paragraphs import paragraphs
from app.config import Settings
from app.policy import SYSTEM, Actor
from app.services import exports, returns, story, versions
from app.services.companions import Including
from app.services.documents import documents_of, replace_text
from app.uow import Database
from models.documents import Field
from models.items import Item
from models.versions import Version, VersionItem
from tests.cast import Cast
from tests.office import Office, Turn, office
from tests.scripted import EDITS, MACHINE, Edit, cast_with_blueprint

pytestmark = pytest.mark.long  # LibreOffice is large to install: `tools/system.sh office`
ALONE = Including()
on_sqlite = pytest.mark.parametrize("database_engine", ["sqlite"])


@pytest.fixture(scope="module")
def libre() -> Iterator[Office]:
    with office() as running:
        yield running


@pytest.fixture
def cast(database: Database) -> Cast:
    return cast_with_blueprint(database)


def sent(database: Database, cast: Cast, base: str, including: Including = ALONE) -> bytes:
    """The draft, or version 1, as it goes out."""
    if base == "draft":
        with database.reading() as uow:
            return exports.export_draft(uow, cast.member, group_id=cast.group_id, form="docx", including=including).body
    with database.writing() as uow:
        versions.freeze(uow, cast.facilitator, group_id=cast.group_id, reason="To be read outside")
    with database.reading() as uow:
        return exports.export_version(
            uow, cast.member, group_id=cast.group_id, number=1, form="docx", including=including
        ).body


def came_back(database: Database, actor: Actor, cast: Cast, data: bytes) -> returns.Examined:
    with database.reading() as uow:
        return returns.examine(uow, actor, group_id=cast.group_id, data=data)


@on_sqlite
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


@on_sqlite
@pytest.mark.parametrize("base", ["draft", "version"])
def test_an_unchanged_document_suggests_nothing(database: Database, cast: Cast, libre: Office, base: str) -> None:
    document = sent(database, cast, base, Including(decisions=True, suggestions=True))
    saved, _ = libre.edit(document, Turn([]))
    for data in (document, saved):
        found = came_back(database, cast.member, cast, data).returned
        assert (found.proposals, found.loose, found.marked) == ([], [], True)


@on_sqlite
def test_addresses_that_libreoffice_writes_its_own_way_are_no_change(
    database: Database, cast: Cast, libre: Office
) -> None:
    """It parts them at “#”, in a field, and writes percents out."""
    addresses = (
        "https://example.org/law#part-2", "https://example.org#x", "https://example.org/x#", "https://Example.org/50%",
        "https://example.org/x?a=1&b=2#%C3%A9", "https://example.org/%7Eme/a%20b%2Fc?q=%22%26%22%3C#%22a%22",
        "mailto:a@b.org?subject=Hi%20you%40x%25&body=x%0Ay", "mailto:a@b.org?subject=Re:%20", "https://exämple.org/é/[x]",
    )  # fmt: skip
    text = "\n\n".join(f"See [number {number}]({each}) of it." for number, each in enumerate(addresses))
    assert [words.link for each in paragraphs(text) for words in each.words if words.link] == list(addresses)
    with database.writing() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == "S1.1.1")).scalar_one()
        document = documents_of(uow.session, [item.id])[item.id][Field.TEXT]
        replace_text(uow, cast.facilitator, document, text)
    saved, _ = libre.edit(sent(database, cast, "draft"), Turn([]))
    assert came_back(database, cast.member, cast, saved).returned.proposals == []


# --- a long version ---


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demonstration's database."""
    folder = tmp_path_factory.mktemp("demonstration")
    settings = Settings.from_env({"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(folder)})
    migrations.upgrade(settings.database_url)
    database = Database(settings)
    story.tell_once(database)
    yield database
    database.close()


def _spread(items: list[VersionItem]) -> list[Edit]:
    """Forty edits over a whole version, of texts that are one plain paragraph, each kind of edit in turn."""
    places = [
        (item.reference, field, getattr(item, field))
        for item in items for field in ("title", "text", "why", "summary")
    ]  # fmt: skip
    plain = [place for place in places if len(place[2].split()) > 5 and not set("*_[]\\\n#>`") & set(place[2])]
    titles = {item.reference: item.title for item in items}
    plain = [each for each in plain if each[1] == "title" or " ".join(each[2].split()[:4]) not in titles[each[0]]]
    made = []
    for number, (reference, field, words) in enumerate(plain[:: max(1, len(plain) // 45)][:40]):
        parts = words.split(" ")
        begin = " ".join(parts[:4])
        match number % 5:
            case 0:
                after, act = f"{words} Added here.", ("append", begin, f"{reference} ", " Added here.")
            case 1:
                after = " ".join([*parts[:2], *parts[3:]])
                act = ("replace", begin, f"{reference} ", f"{parts[1]} {parts[2]} ", f"{parts[1]} ")
            case 2:
                after = " ".join([*parts[:3], "otherwise", *parts[4:]])
                act = ("replace", begin, f"{reference} ", f"{parts[2]} {parts[3]}", f"{parts[2]} otherwise")
            case 3:
                after = f"{words} “Quoted” and naïve 🙂."
                act = ("append", begin, f"{reference} ", " “Quoted” and naïve 🙂.")
            case _:
                after = " ".join([*parts[:3], "quite", *parts[3:]])
                act = ("replace", begin, f"{reference} ", f"{parts[2]} ", f"{parts[2]} quite ")
        made.append(Edit(f"{reference} {field}", reference, field, after, [list(act)]))
    return made


@pytest.mark.parametrize("record", [True, False], ids=["tracked", "plain"])
def test_forty_edits_of_a_long_version_come_back(told: Database, libre: Office, record: bool) -> None:
    with told.reading() as uow:
        version = uow.session.execute(select(Version).order_by(Version.number)).scalars().first()
        assert version is not None
        edits = _spread(versions.items_of(uow.session, version.id))
        including = Including(decisions=True, suggestions=True)
        document = exports.export_version(
            uow, SYSTEM, group_id=version.group_id, number=version.number, form="docx", including=including
        ).body
    assert len(edits) == 40
    edited, pages = libre.edit(document, Turn([act for edit in edits for act in edit.acts], record=record))
    assert pages >= 25
    with told.reading() as uow:
        found = returns.examine(uow, SYSTEM, group_id=version.group_id, data=edited).returned
    got = {(each.reference, each.field): each.after for each in found.proposals}
    assert got == {(edit.reference, edit.field): edit.after for edit in edits}
    assert found.loose == []


@on_sqlite
@pytest.mark.parametrize("record", [True, False], ids=["tracked", "plain"])
def test_changes_of_structure_are_made_or_listed(database: Database, cast: Cast, libre: Office, record: bool) -> None:
    acts = [
        ["level", "letters in", "C1.4 ", 1],
        ["link", "Payment is", "S1.2.1 ", "30 days", "https://example.org/terms"],
        ["after", "C1.9 Forms", "C1.9 ", "Said under the title."],
        ["after", "The end is planned", "C1.8 ", "And written down."],
        ["remove", "In plain words", "C1.3 "],
        ["remove_item", "C1.7 ", "C1.7 ", "C1.8 "],
        ["append", "Criterion", "C1.6 ", " now"],
    ]
    document = sent(database, cast, "draft")
    edited, _ = libre.edit(document, Turn(acts, record=record))
    found = came_back(database, cast.member, cast, edited).returned
    got = {(each.reference, each.field): each.after for each in found.proposals}
    assert got == {
        ("C1.4", "text"): "- access for all\n  - letters in plain words\n- help at the door",
        ("S1.2.1", "text"): "Payment is made within [30 days](https://example.org/terms).",
        ("C1.9", "text"): "Said under the title.\n\nLine one\nline two\nline three",
        ("C1.8", "summary"): "# Part one\n\nThe end is planned.\n\nAnd written down.\n\n## Detail\n\nTwo years ahead.",
    }
    listed = {(each.what, each.reference) for each in found.loose}
    assert listed == {("label", "C1.3"), ("deleted", "C1.7"), ("line", "C1.6")}


@on_sqlite
def test_two_people_who_track_their_changes_are_told_apart(database: Database, cast: Cast, libre: Office) -> None:
    text = "The board meets each month and publishes what it decides."
    edited, _ = libre.edit(
        sent(database, cast, "draft"),
        Turn([["replace", "The board meets each", "S1.1.1 ", "each month", "every month"]], author="Ann Solicitor"),
        Turn([["append", "publishes what", "S1.1.1 ", " Promptly."]], author="Ben Barrister"),
        Turn([["append", "We meet", "S1.1.1 ", " Soon."]], record=False),
    )
    found = came_back(database, cast.member, cast, edited).returned.proposals
    assert [(each.field, each.after, each.authors) for each in found] == [
        ("text", text.replace("each", "every"), ("Ann Solicitor",)),
        ("text", f"{text} Promptly.", ("Ben Barrister",)),
        ("summary", "We meet. We tell. Soon.", ("",)),
    ]
