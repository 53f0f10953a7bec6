"""Backup and restore: taken while people work, whole or refused, between engines, and worthless without the keys."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData, event, select

import migrations
from app.errors import Conflict, Invalid, NotFound
from app.policy import SYSTEM, VISITOR
from app.secrets import Keys
from app.services import accounts, backups, documents, identities, items, panel, search, search_texts, seating
from app.uow import Database
from models.documents import Document, TextChange
from models.search import MADE
from models.validation import ExpertIdentity, Rating
from tests import cast
from tests.panels import Study, build_study

OTHER_SECRET = "another server, another secret, of the same length"


@pytest.fixture
def empty(database: Database, tmp_path: Path) -> Iterator[Callable[..., Database]]:
    """``empty(secret=…)``: a migrated SQLite database without a row, with the first one's secret unless another."""
    opened: list[Database] = []

    def make(*, secret: str = "") -> Database:
        url = f"sqlite:///{tmp_path}/restored-{len(opened)}.sqlite3"
        settings = dataclasses.replace(database.settings, database_url=url, secret=secret or database.settings.secret)
        migrations.upgrade(url)
        opened.append(Database(settings, clock=database.clock))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def answered(database: Database) -> Study:
    """A group with live texts, a frozen version and an open round in which one expert has answered."""
    study = build_study(database, criteria=2, experts=3)
    study.open()
    study.answer(study.tokens[0], {"relevance": [7, 8]})
    return study


def content(database: Database) -> dict[str, str]:
    """A hash of every table's rows; a live text's epoch, which restoring renews, is left out."""
    hashes = {}
    with database.snapshot() as connection:
        metadata = MetaData()
        metadata.reflect(connection, only=lambda name, _: name != "alembic_version" and not name.startswith(MADE))
        for table in metadata.sorted_tables:
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            plain = [
                {k: int(v) if isinstance(v, bool) else str(v)[:19] if hasattr(v, "isoformat") else v
                 for k, v in row.items() if k != "epoch"}
                for row in rows
            ]  # fmt: skip
            hashes[table.name] = hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
    return hashes


def test_what_is_restored_is_what_was_there_and_old_browsers_are_told(
    database: Database, empty: Callable[..., Database], tmp_path: Path
) -> None:
    study = answered(database)
    counts = backups.write_backup(database, tmp_path / "b.zip", revision=migrations.head() or "")
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0, "for its owner's eyes only"
    restored = empty()
    assert backups.restore(restored, tmp_path / "b.zip") == counts
    assert content(restored) == content(database)
    with database.reading() as uow, restored.reading() as again:
        before = dict(uow.session.execute(select(Document.id, Document.epoch)).all())
        after = dict(again.session.execute(select(Document.id, Document.epoch)).all())
        assert before.keys() == after.keys()
        assert not set(before.values()) & set(after.values())
    with restored.writing() as uow:
        assert seating.knock(uow, token=study.tokens[1]).round.id == study.round_id
        items.add_item(
            uow, study.cast.facilitator, group_id=study.cast.group_id, kind=items.Kind.ELEMENT, title="Goes on"
        )


def test_what_is_restored_can_be_searched(database: Database, empty: Callable[..., Database], tmp_path: Path) -> None:
    """The index is in no backup: it is made from what was restored."""
    study = answered(database)
    counts = backups.write_backup(database, tmp_path / "b.zip", revision=migrations.head() or "")
    assert not [name for name in counts if name.startswith(MADE)]
    restored = empty()
    backups.restore(restored, tmp_path / "b.zip")
    with restored.writing() as uow:
        assert search.file_due(uow) > 0
    with restored.reading() as uow:
        found = search.search(uow, SYSTEM, group_id=study.cast.group_id, asked="version 1")
    assert [shelf.kind for shelf in found.shelves] == [search_texts.Kind.VERSION]


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_a_backup_moves_between_engines_and_back(
    database: Database, postgres_database: tuple[str, object], empty: Callable[..., Database], tmp_path: Path
) -> None:
    from tests.conftest import EMPTY_POSTGRES  # noqa: PLC0415  only this test empties in the middle

    study = answered(database)
    before = content(database)
    backups.write_backup(database, tmp_path / "postgres.zip", revision="")
    small = empty()
    backups.restore(small, tmp_path / "postgres.zip")
    assert content(small) == before
    backups.write_backup(small, tmp_path / "sqlite.zip", revision="")
    database.engine.dispose()
    postgres_database[1].execute(EMPTY_POSTGRES)  # type: ignore[attr-defined]
    backups.restore(database, tmp_path / "sqlite.zip")
    assert content(database) == before
    with database.writing() as uow:  # numbers go on after the restored ones
        items.add_item(
            uow, study.cast.facilitator, group_id=study.cast.group_id, kind=items.Kind.ELEMENT, title="Goes on"
        )


def test_a_backup_taken_while_people_write_is_one_moment(
    database: Database, empty: Callable[..., Database], tmp_path: Path
) -> None:
    people = cast.make_cast(database)
    with database.writing() as uow:
        item = items.add_item(
            uow, people.facilitator, group_id=people.group_id, kind=items.Kind.ELEMENT, title="Busy", text="0"
        )
        [document] = [
            each for each in uow.session.execute(select(Document).where(Document.item_id == item.id)).scalars()
            if each.field is documents.Field.TEXT
        ]  # fmt: skip
    stop, wrote = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with database.writing() as uow:
                documents.replace_text(uow, people.facilitator, uow.lock(Document, document.id), "x" * number)
            wrote.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.wait(10)
        for number in range(3):
            backups.write_backup(database, tmp_path / f"{number}.zip", revision="")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        restored = empty()
        backups.restore(restored, tmp_path / f"{number}.zip")
        with restored.reading() as uow:
            row = uow.session.get_one(Document, document.id)
            changes = uow.session.query(TextChange).filter_by(document_id=document.id).count()
            assert changes == row.version, "the log and the text are of one moment"


def test_without_the_keys_links_die_and_answers_have_no_names(
    database: Database, empty: Callable[..., Database], tmp_path: Path
) -> None:
    study = answered(database)
    cookie = cast.sign_in_token(database, study.cast.member)
    backups.write_backup(database, tmp_path / "b.zip", revision="")
    everything = "".join(
        zipfile.ZipFile(tmp_path / "b.zip").read(name).decode()
        for name in zipfile.ZipFile(tmp_path / "b.zip").namelist()
    )
    for secret in (*study.tokens, cookie, database.settings.secret):
        assert secret not in everything
    thief = empty(secret=OTHER_SECRET)
    backups.restore(thief, tmp_path / "b.zip")
    with thief.writing() as uow:
        assert accounts.actor_of_cookie(uow.session, uow.keys, cookie, uow.now) == VISITOR
        for token in study.tokens:
            with pytest.raises(NotFound):
                seating.knock(uow, token=token)
        answered_by = {row.expert_id for row in uow.session.execute(select(Rating)).scalars()}
        assert len(answered_by) == 1
        names = {row.name for row in uow.session.execute(select(ExpertIdentity)).scalars()}
        assert names == {f"Expert {n} Invented" for n in (1, 2, 3)}
        assert not ExpertIdentity.__table__.foreign_keys
        assert identities.identities_of(uow, answered_by) == {}
        assert panel.list_members(uow, study.cast.panel_manager, group_id=study.cast.group_id) == []


def test_keys_go_into_a_file_of_their_own(database: Database, tmp_path: Path) -> None:
    backups.write_backup(database, tmp_path / "b.zip", revision="", keys=tmp_path / "keys")
    assert (tmp_path / "keys").read_text() == database.settings.secret
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_both_files_are_written_or_none(database: Database, tmp_path: Path) -> None:
    (tmp_path / "old.key").write_text("of last month")
    (tmp_path / "new.zip.part").mkdir()  # the place for its rows cannot be had
    for path, keys, refusal in (
        ("b.zip", "old.key", Conflict),
        ("old.key", "new.key", Conflict),
        ("b.zip", "b.zip", Invalid),
        ("nowhere/b.zip", "new.key", Invalid),
        ("b.zip", "nowhere/new.key", Invalid),
        ("new.zip", "new.key", OSError),
    ):
        with pytest.raises(refusal):
            backups.write_backup(database, tmp_path / path, revision="", keys=tmp_path / keys)
        assert {each.name for each in tmp_path.glob("*.*")} == {"old.key", "new.zip.part"}, (path, keys)
    assert (tmp_path / "old.key").read_text() == "of last month"


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_backup_is_its_owners_from_the_first_byte(database: Database, tmp_path: Path) -> None:
    modes: list[int] = []

    def look(*_: object) -> None:
        modes.extend(each.stat().st_mode & 0o777 for each in tmp_path.glob("*.part"))

    cast.make_cast(database)
    event.listen(database.engine, "before_cursor_execute", look)
    before = os.umask(0)
    try:
        backups.write_backup(database, tmp_path / "b.zip", revision="")
    finally:
        os.umask(before)
        event.remove(database.engine, "before_cursor_execute", look)
    assert set(modes) == {0o600}
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_backup_tells_which_secret_it_belongs_to_and_not_the_secret(database: Database, tmp_path: Path) -> None:
    backups.write_backup(database, tmp_path / "b.zip", revision="")
    mark = backups.check(tmp_path / "b.zip")["secret"]
    assert mark == Keys(database.settings.secret).mark()
    assert mark != Keys(OTHER_SECRET).mark()
    assert mark not in {database.keys.web(), database.settings.secret}


def test_nothing_is_overwritten(database: Database, tmp_path: Path) -> None:
    cast.make_cast(database)
    backups.write_backup(database, tmp_path / "b.zip", revision="")
    with pytest.raises(Conflict):
        backups.write_backup(database, tmp_path / "b.zip", revision="")
    before = content(database)
    with pytest.raises(Conflict):
        backups.restore(database, tmp_path / "b.zip")
    assert content(database) == before


def damage_bytes(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def damage_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def damage_rows(path: Path) -> None:
    """Somebody made themselves administrator inside the file, with a valid ZIP around it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["person.jsonl"] = members["person.jsonl"].replace(b'"is_administrator":false', b'"is_administrator":true')
    members["person.jsonl"] = members["person.jsonl"].replace(b'"is_administrator":0', b'"is_administrator":1')
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def damage_missing(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != "person.jsonl"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("damage", [damage_bytes, damage_cut, damage_rows, damage_missing])
@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_a_damaged_file_is_refused_and_nothing_is_written(
    database: Database, empty: Callable[..., Database], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    cast.make_cast(database)
    backups.write_backup(database, tmp_path / "b.zip", revision="")
    damage(tmp_path / "b.zip")
    restored = empty()
    with pytest.raises(Invalid):
        backups.check(tmp_path / "b.zip")
    with pytest.raises(Invalid):
        backups.restore(restored, tmp_path / "b.zip")
    with restored.reading() as uow:
        assert uow.session.query(accounts.Person).count() == 0


@pytest.mark.parametrize("database_engine", ["sqlite"])
def test_some_other_file_is_no_backup(database: Database, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"hello")
    with pytest.raises(Invalid):
        backups.read_manifest(tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": 99, "tables": {}}))
    with pytest.raises(Invalid):
        backups.read_manifest(tmp_path / "y.zip")
