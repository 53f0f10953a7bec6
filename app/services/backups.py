"""Backups: one file with every row, taken in one consistent moment while people work, for SQLite and PostgreSQL alike.

The file is a ZIP of one JSON-lines file per table and a manifest with the schema's revision, row counts and a hash of
each table. The server's secret is not in it: without the keys, restored links are dead and identities cannot be joined
to answers. Restoring gives every live text a new epoch, so that a browser left open from before cannot push into it.
What is made for searching is left out: the restored rows are due for it, as any row that is written.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Column, Connection, MetaData, Table, exists, insert, inspect, select, text, update

from app.errors import Conflict, Invalid
from app.secrets import new_nonce
from app.uow import Database
from models.search import MADE

FORMAT = 1
#: Rows written at once when restoring.
BATCH = 500
#: What a ZIP file with a wrong byte raises, by where the byte is.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError)


def write_backup(database: Database, path: Path, *, revision: str, keys: Path | None = None) -> dict[str, int]:
    """Write everything into a new file at ``path``, and the server's secret into ``keys``; row counts by table.

    Both files, or none, and readable by their owner only from the first byte. Raises Conflict when one of them exists
    already, since a backup is never overwritten; Invalid for a folder that does not exist, or one file for both.
    """
    if keys is not None and keys.absolute() == path.absolute():
        raise Invalid("The backup and the keys go into two files: who has both reads everything.")
    for new in filter(None, (path, keys)):
        if os.path.lexists(new):
            raise Conflict(f"{new} exists already; backups and keys are never overwritten.")
        if not new.absolute().parent.is_dir():
            raise Invalid(f"There is no folder {new.absolute().parent}.")
    with ExitStack() as undo:
        if keys is not None:
            with _private(keys) as file:
                undo.callback(keys.unlink)
                file.write(database.settings.secret.encode())
        counts = _write_rows(database, path, revision)
        undo.pop_all()
    return counts


def _private(path: Path) -> BinaryIO:
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _write_rows(database: Database, path: Path, revision: str) -> dict[str, int]:
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    tables: dict[str, dict[str, Any]] = {}
    try:
        with (
            _private(part) as file,
            database.snapshot() as connection,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for table in _tables(connection):
                digest, rows = hashlib.sha256(), 0
                with archive.open(f"{table.name}.jsonl", "w") as out:
                    for line in _lines(connection, table):
                        digest.update(line)
                        out.write(line)
                        rows += 1
                tables[table.name] = {"rows": rows, "sha256": digest.hexdigest()}
            manifest = {"format": FORMAT, "revision": revision, "secret": database.keys.mark(), "tables": tables}
            archive.writestr("manifest.json", json.dumps(manifest, indent=1))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return {name: each["rows"] for name, each in tables.items()}


def read_manifest(path: Path) -> dict[str, Any]:
    """What a backup holds. Raises Invalid for a file that is no backup, or of a later format.

    ``secret`` is the mark of the secret it was made with (``Keys.mark``); backups of old have none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read("manifest.json"))
        if manifest["format"] != FORMAT or not isinstance(manifest["tables"], dict):
            raise Invalid(f"{path} was written by another version of this program.")
    except (*UNREADABLE, ValueError, TypeError, OSError) as error:
        if isinstance(error, OSError) and error.filename:  # it cannot be opened at all
            raise
        raise Invalid(f"{path} is not a backup of this program.") from None
    found: dict[str, Any] = manifest
    return found


def check(path: Path) -> dict[str, Any]:
    """The manifest of a backup of which every byte is what was written. Raises Invalid for any other file."""
    manifest = read_manifest(path)
    with zipfile.ZipFile(path) as archive:
        for name, expected in manifest["tables"].items():
            _read(archive, name, expected)
    return manifest


def is_empty(database: Database) -> bool:
    """Whether no table holds a row."""
    with database.snapshot() as connection:
        return not _filled(connection)


def restore(database: Database, path: Path) -> dict[str, int]:
    """Fill a database that has the backup's tables and no row; row counts by table. One transaction: all or nothing.

    Raises Conflict when there are rows already, Invalid when the file is damaged.
    """
    manifest = read_manifest(path)
    counts: dict[str, int] = {}
    with database.writing() as uow, zipfile.ZipFile(path) as archive:
        connection = uow.session.connection()
        tables = _tables(connection)
        if _filled(connection):
            raise Conflict("There is content already. Restore into an empty data folder or database.")
        for table in tables:
            expected = manifest["tables"].get(table.name, {"rows": 0})
            rows = list(_rows(archive, table, expected))
            for start in range(0, len(rows), BATCH):
                connection.execute(insert(table), rows[start : start + BATCH])
            _continue_numbers(connection, table)
            counts[table.name] = len(rows)
        documents = next(table for table in tables if table.name == "document")
        connection.execute(update(documents).values(epoch=new_nonce()))
    return counts


def _tables(connection: Connection) -> list[Table]:
    """The database's own tables as they are, those that are pointed to first."""
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: name != "alembic_version" and not name.startswith(MADE))
    return metadata.sorted_tables


def _filled(connection: Connection) -> bool:
    return any(connection.execute(select(exists().select_from(table))).scalar_one() for table in _tables(connection))


def _lines(connection: Connection, table: Table) -> Iterator[bytes]:
    # As the driver gives them: times as text, so that the file reads the same from either engine.
    ordered = select(table).order_by(*table.primary_key.columns)
    for row in connection.execute(ordered).mappings():
        values = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _read(archive: zipfile.ZipFile, name: str, expected: dict[str, Any]) -> bytes:
    """A table's rows as they were written. Raises Invalid when they are not."""
    try:
        data = archive.read(f"{name}.jsonl")
    except UNREADABLE:
        raise Invalid(f"The backup is damaged: {name} cannot be read.") from None
    if hashlib.sha256(data).hexdigest() != expected["sha256"]:
        raise Invalid(f"The backup is damaged: {name} is not what was written.")
    return data


def _rows(archive: zipfile.ZipFile, table: Table, expected: dict[str, Any]) -> Iterable[dict[str, Any]]:
    if not expected["rows"]:
        return []
    data = _read(archive, table.name, expected)
    rows = [json.loads(line) for line in data.splitlines()]
    kinds = {column.name: _reader(column) for column in table.columns}
    for row in rows:
        for name, read in kinds.items():
            if row.get(name) is not None and read is not None:
                row[name] = read(row[name])
    return _parents_first(table, rows)


def _reader(column: Column[Any]) -> Any:
    """How a JSON value of this column becomes what the driver takes; None where it is that already."""
    kind = column.type.python_type
    if hasattr(kind, "fromisoformat"):
        return kind.fromisoformat
    return bool if kind is bool else None


def _parents_first(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows that point to rows of their own table come after them."""
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    if not own:
        return rows
    (key,) = [column.name for column in table.primary_key.columns]
    waiting, placed, done = rows, [], set()
    while waiting:
        ready = [row for row in waiting if all(row[name] is None or row[name] in done for name in own)]
        if not ready:
            raise Invalid(f"The backup is damaged: {table.name} points to itself in a circle.")
        placed += ready
        done |= {row[key] for row in ready}
        waiting = [row for row in waiting if row[key] not in done]
    return placed


def _continue_numbers(connection: Connection, table: Table) -> None:
    """On PostgreSQL, have new rows numbered after the restored ones."""
    if connection.dialect.name != "postgresql" or "id" not in table.columns:
        return
    sequences = inspect(connection).get_columns(table.name)
    if any(each["name"] == "id" and each.get("default") for each in sequences):
        name = table.name
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM \"{name}\"), false)"  # noqa: S608, E501  # our own table's name
            )
        )
