"""The registry of abuse cases is whole, names tests that exist, and is what docs/security.md says."""

from __future__ import annotations

import ast
import dataclasses
import re
from functools import lru_cache
from pathlib import Path
from typing import get_type_hints

from flask import Flask

from app import events
from realtime import relay
from tests.rules.abuse import ABUSES, FIRST, SOCKET_GUARDS, table

ROOT = Path(__file__).resolve().parents[2]


@lru_cache
def named_in(path: str) -> set[str]:
    file = ROOT / path
    if not file.exists():
        return set()
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


def test_every_number_is_there_once() -> None:
    assert sorted(each.number for each in ABUSES) == list(range(1, len(ABUSES) + 1))
    assert len(ABUSES) >= 117
    for each in ABUSES:
        assert each.tests or each.absent or each.due, each
        assert not (each.absent and (each.tests or each.due)), each


def test_the_first_release_has_tried_what_it_must() -> None:
    assert {each.number for each in ABUSES if each.tests} >= FIRST


def test_every_test_named_exists() -> None:
    missing = [
        f"{each.number}: {test}"
        for each in ABUSES
        for test in each.tests
        if test.partition("::")[2] not in named_in(test.partition("::")[0])
    ]
    assert not missing, "\n".join(missing)


def test_the_document_shows_the_registry() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    assert table() in text, f"docs/security.md must hold:\n{table()}"


def test_every_message_of_the_live_server_is_guarded(app: Flask) -> None:
    server = app.extensions["concordat.gateway"].server
    handled = set(server.handlers["/"]) - {"disconnect"}
    assert handled == set(SOCKET_GUARDS), "say in tests/rules/abuse.py what is asked before a message is served"
    assert set(server.handlers) == {"/"}, "one namespace only"


def test_hints_name_topics_only() -> None:
    """A hint says where to look; who did what, and any score, is asked for over HTTP. Who has answered is no news."""
    for kind in [each for each in vars(events).values() if isinstance(each, type) and issubclass(each, events.Fact)]:
        hints = get_type_hints(kind)
        values = {field.name: 7 if "int" in str(hints[field.name]) else True for field in dataclasses.fields(kind)}
        for room, topic in relay.hints(kind(**values)):
            assert re.fullmatch(r"[a-z]+-7", room)
            assert re.fullmatch(r"[a-z]+-7", topic)
    assert relay.hints(events.PanelChanged(7, 7)) == []


def test_the_server_fetches_no_address() -> None:
    """No part of the server asks another host for anything, so nobody can make it ask."""
    clients = re.compile(
        r"^\s*(?:import|from) (?:urllib\.request|requests|httpx|aiohttp|http\.client|urllib3|ftplib)\b", re.MULTILINE
    )
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("app", "realtime", "models")
        for path in (ROOT / folder).rglob("*.py")
        if clients.search(path.read_text())
    }
    assert found <= {"app/supervise.py"}, "only the supervisor asks, and only its own web process"
