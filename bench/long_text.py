"""A text of 260,999 changes, 999 past its last snapshot: what it costs to open it, and to read its past.

``python bench/long_text.py [CHANGES]`` writes the log through the same function as typing does, then prints what
opening sends, as a share of the text, and for opening and for each way of reading the past the median milliseconds of
twenty.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import migrations  # noqa: E402
from app.calc.changes import Units, replace, to_units  # noqa: E402
from app.config import Settings  # noqa: E402
from app.services import comments, documents, history, suggestions, texts  # noqa: E402
from app.uow import Database, UnitOfWork  # noqa: E402
from models.documents import Document, Field  # noqa: E402
from tests.cast import Cast, make_cast  # noqa: E402
from tests.typists import add_texts  # noqa: E402

#: The text is kept about so long, in units: words come and go.
LENGTH = 20_000
RUNS = 20


def write(database: Database, people: Cast, doc: int, count: int) -> None:
    """So many changes of one to eight letters by three people, in places that wander, a thousand to a transaction."""
    chance = random.Random(11)
    authors = [people.facilitator.person_id, people.member.person_id, people.peer.person_id]
    done = at = 0
    while done < count:
        with database.writing() as uow:
            document = uow.lock(Document, doc)
            units = to_units(document.text)
            additions = []
            for _ in range(min(1_000, count - done)):
                if chance.random() < 0.05:
                    at = chance.randrange(len(units) + 1)
                at = min(at, len(units))
                cut = min(len(units) - at, 8 if len(units) > LENGTH else 0)
                put = Units("".join(chance.choice("abcdefgh    \n") for _ in range(chance.randint(1, 8))))
                change = replace(len(units), at, at + cut, put)
                units = change.apply(units)
                done += 1
                additions.append(documents.Addition(chance.choice(authors), f"{authors[0]}.bench", done, change, units))
                at += len(put)
            documents.append(uow, document, additions)


def measured(database: Database, name: str, act: Callable[[UnitOfWork], object]) -> None:
    """One line: the median and the slowest of twenty, each in a transaction of its own."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        with database.reading() as uow:
            act(uow)
        times.append((time.perf_counter() - began) * 1000)
    print(f"{name}: median {statistics.median(times):.1f} ms, slowest {max(times):.1f} ms", flush=True)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 260_998
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{Path(name) / 'concordat.sqlite3'}"
        migrations.upgrade(url)
        database = Database(Settings.from_env({"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": name, "DATABASE_URL": url}))
        people = make_cast(database)
        item, doc = add_texts(database, people, "Partners share gain and loss.")
        began = time.perf_counter()
        write(database, people, doc, count)
        print(f"{count} changes written in {time.perf_counter() - began:.0f} s", flush=True)
        with database.writing() as uow:
            text = uow.session.get_one(Document, doc)
            version, words = text.version, text.text
            comments.start(uow, people.member, item_id=item, words="Why?", point=comments.Point(version, 10, 40))
            suggestions.suggest(
                uow, people.peer, item_id=item, field=Field.TEXT, version=version, text=words.replace("a", "b", 3)
            )
            opened = texts.join(uow, people.member, document_id=doc, version=None, epoch=None)
        sent = len(json.dumps(opened.text, ensure_ascii=False).encode())
        print(f"version {version}, {version % documents.SNAPSHOT_EVERY} past a snapshot; opening sends {sent} bytes, "
              f"{sent / len(words.encode()):.3f} of the text", flush=True)  # fmt: skip
        measured(
            database, "open", lambda uow: texts.join(uow, people.member, document_id=doc, version=None, epoch=None)
        )
        measured(database, "the last 999 changes", lambda uow: texts.pull(
            uow, people.member, document_id=doc, version=version - 999))  # fmt: skip
        measured(database, "time line, eight moments", lambda uow: history.timeline(uow, people.member, item, most=8))
        measured(database, "who wrote which words", lambda uow: history.authors(uow, people.member, item))
        measured(database, "the words of change 130,500", lambda uow: history.text_at(
            uow.session, uow.session.get_one(Document, doc), version // 2 // 1000 * 1000 + 500))  # fmt: skip
        measured(database, "comments and suggestions", lambda uow: (
            comments.of_item(uow, people.member, item), suggestions.of_item(uow, people.member, item)))  # fmt: skip
        database.close()


if __name__ == "__main__":
    main()
