"""Live texts, with the real editor in Node and a real server."""

from __future__ import annotations

import pytest

from app.calc.changes import from_units, parse, to_units
from app.uow import Database
from tests.cast import Cast
from tests.live import LiveServer
from tests.typists import Typists, add_texts, log_of, token_of

pytestmark = [pytest.mark.node]


def open_together(
    typists: Typists, server: LiveServer, database: Database, people: Cast, doc: int, names: list[str]
) -> None:
    for name in names:
        actor = getattr(people, name)
        token = token_of(database, actor)
        assert typists.do("connect", name, url=server.url, token=token) == {"connected": True, "refused": None}
        assert typists.do("join", name, doc=str(doc), person=actor.person_id)["access"] == "write"


def replayed(database: Database, doc: int) -> str:
    units = to_units("")
    for row in log_of(database, doc)[1]:
        units = parse(row.changes).apply(units)
    return from_units(units)


def test_three_people_write_one_text(live: LiveServer, database: Database, people: Cast, typists: Typists) -> None:
    _, doc = add_texts(database, people, "Partners share.")
    names = ["facilitator", "member", "peer"]
    open_together(typists, live, database, people, doc, names)
    for turn in range(20):
        waiting = [
            typists.ask("type", name, doc=str(doc), **{"from": turn % 5, "insert": f"{name[0]}😀{turn} "})
            for name in names
        ]
        for each in waiting:
            assert "ok" in each.get(timeout=10)
    reports = [typists.do("settle", name, doc=str(doc)) for name in names]
    version = len(log_of(database, doc)[1])
    reports = [typists.do("until", name, doc=str(doc), version=version) for name in names]
    text, rows = log_of(database, doc)
    assert {report["text"] for report in reports} == {text} == {replayed(database, doc)}
    assert [report["acked"] for report in reports] == [20, 20, 20]
    assert version == 61
    assert [row.version for row in rows] == list(range(1, 62))
    assert {row.author_id for row in rows} == {getattr(people, name).person_id for name in names}
    typists.do("presence", "member", doc=str(doc), anchor=1, head=3)
    typists.do("presence", "member", doc=str(doc), anchor=2, head=4)
