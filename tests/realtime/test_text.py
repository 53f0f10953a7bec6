"""Live texts, with the real editor in Node and a real server."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
import socketio.exceptions

from app.calc.changes import from_units, parse, to_units
from app.config import Settings
from app.policy import SYSTEM, Actor
from app.services import documents, memberships
from app.uow import Database
from models.accounts import Person
from models.documents import Document
from models.groups import Membership
from tests.cast import Cast
from tests.live import LiveServer
from tests.typists import PROTOCOL, Place, Raw, Typists, add_texts, log_of, raw, token_of, until

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


def test_three_people_write_one_text(place: Place, typists: Typists) -> None:
    live, database, people = place.server, place.database, place.people
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


# --- rights that end -----------------------------------------------------------------------------------------------


def membership_of(database: Database, actor: Actor) -> int:
    with database.reading() as uow:
        return uow.session.query(Membership).filter_by(person_id=actor.person_id).one().id


def test_who_is_locked_out_removed_or_signed_out_is_cut_off_within_a_second(place: Place) -> None:
    item, doc = add_texts(place.database, place.people, "abc")
    leaver, leaves = place.newcomer("Leaver"), place.newcomer("Disabled")
    facilitator, page = place.visit(place.people.facilitator), place.visit(place.people.peer)
    base = f"{place.server.url}/g/{place.people.slug}"
    auth = {"csrf": page.headers["X-CSRFToken"], "protocol": PROTOCOL}
    headers = {"Cookie": f"concordat={page.cookies['concordat']}"}
    peer = Raw(place.server.url, None, auth=auth, headers=headers)
    member = Raw(place.server.url, token_of(place.database, leaver))
    mark = f"{leaver.person_id}.raw"
    assert member.join(doc, mark)["access"] == peer.join(doc, place.client("peer"))["access"] == "write"

    # A lock: the room is told where it stands, and what comes later is refused.
    answer = facilitator.post(f"{base}/blueprint/items/{item}/status", data={"status": "agreed"}, timeout=10)
    assert answer.status_code < 400, answer.text
    assert [message["access"] for message in member.wait("text:joined", 2)] == ["write", "suggest"]
    member.send("text:push", [str(doc), 1, mark, 1, ['[3,[0,"!"]]']])
    assert member.wait("text:refused")[-1][1:3] == [1, "locked"]

    # Signed out in another tab.
    page.post(f"{place.server.url}/sign-out", timeout=10)
    until(lambda: peer.closed, "the connection of a sign-in that ended", seconds=1)
    with pytest.raises(socketio.exceptions.ConnectionError):
        Raw(place.server.url, None, auth=auth, headers=headers)

    # Taken out of the group.
    address = f"{base}/people/{membership_of(place.database, leaver)}/remove"
    answer = facilitator.post(address, timeout=10)
    assert answer.status_code < 400, answer.text
    until(lambda: member.closed, "the connection of somebody removed", seconds=1)
    with raw(place.server.url, token_of(place.database, leaver)) as again:
        again.send("text:join", [str(doc), mark, 1, None])
        assert again.wait("text:refused")[-1][1:3] == [None, "forbidden"]
        again.send("text:push", [str(doc), 1, mark, 1, ['[3,[0,"!"]]']])
        assert again.wait("text:refused", 2)[-1][1:3] == [1, "forbidden"]
    assert log_of(place.database, doc)[0] == "abc"

    # An account that ends without any word of it: the gateway looks by itself.
    late = Raw(place.server.url, token_of(place.database, leaves))
    with place.database.writing() as uow:
        uow.session.get_one(Person, leaves.person_id).disabled_at = uow.now
    until(lambda: late.closed, "the connection of a disabled account", seconds=3)

    # And a place in the group, of which another process has not told.
    elsewhere = place.newcomer("Elsewhere")
    heard = Raw(place.server.url, token_of(place.database, elsewhere))
    heard.join(doc, f"{elsewhere.person_id}.raw")
    with place.database.writing() as uow:
        kept = uow.session.query(Membership).filter_by(person_id=elsewhere.person_id).one().id
        memberships.remove(uow, place.people.facilitator, group_id=place.people.group_id, membership_id=kept)
    until(lambda: heard.closed, "the connection of somebody removed elsewhere")
    for client in (peer, member, late, heard, facilitator, page):
        client.close()


def test_hints_reach_those_who_do_not_have_the_text_open(place: Place) -> None:
    item, doc = add_texts(place.database, place.people, "")
    mark = place.client("member")
    with (
        raw(place.server.url, place.tokens["observer"]) as reader,
        raw(place.server.url, place.tokens["member"]) as member,
    ):
        reader.send("hint:watch", [f"items-{place.people.group_id}", f"here-{place.people.group_id}"])
        reader.wait("presence:here")
        member.join(doc, mark)
        here = {"person": place.people.member.person_id, "name": "Member Invented", "initials": "MI", "item": item}
        until(lambda: any(here.items() <= line.items() for line in reader.got("presence:here")[-1]), "who is where")
        for number in range(20):
            start = [number] if number else []
            member.send("text:push", [str(doc), number, mark, number + 1, [json.dumps([*start, [0, "x"]])]])
            member.wait("text:updates", number + 1)

        def hints() -> int:
            return reader.got("changed").count({"topic": f"item-{item}"})

        until(lambda: hints() >= 2, "a second hint after the typing")
        assert hints() < 10
        assert reader.got("text:updates") == []


# --- processes that die ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_engine", ["sqlite"])
@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.long)])
def test_the_server_is_killed_while_three_people_type(
    live: LiveServer, database: Database, people: Cast, typists: Typists, kills: int
) -> None:
    """kill -9 in the midst of typing: what was acknowledged is in the log once, and all texts end up equal."""
    _, doc = add_texts(database, people, "")
    names = ["facilitator", "member", "peer"]
    open_together(typists, live, database, people, doc, names)
    typed = dict.fromkeys(names, 0)
    killed = 0
    dice = random.Random(7)
    for turn in range(kills * 12):
        for name in names:
            typed[name] += 1
            typists.do("type", name, doc=str(doc), **{"from": 0, "insert": f"<{name[0]}{typed[name]}>"})
        if turn % 12 == 6 + dice.randrange(5):
            live.kill()
            killed += 1
            typists.do("type", "peer", doc=str(doc), **{"from": 0, "insert": "<offline>"})
            typed["peer"] += 1
            live.start()
    assert killed >= kills - 1
    reports = [typists.do("settle", name, doc=str(doc), timeout=30_000) for name in names]
    text, rows = log_of(database, doc)
    reports = [typists.do("until", name, doc=str(doc), version=len(rows), timeout=30_000) for name in names]
    assert {report["text"] for report in reports} == {text} == {replayed(database, doc)}
    assert [report["lost"] for report in reports] == [[], [], []]
    assert [report["acked"] for report in reports] == list(typed.values())
    for name, count in typed.items():
        own = [row.seq for row in rows if row.author_id == getattr(people, name).person_id]
        assert sorted(own) == list(range(1, count + 1))
    for name in names:
        for number in range(1, 6):
            assert text.count(f"<{name[0]}{number}>") == 1


def test_a_sync_lies_between_the_commit_and_the_acknowledgement(place: Place, tmp_path: Path) -> None:
    """strace sees the write-ahead log written, synced, and only then the change sent to the room."""
    _, doc = add_texts(place.database, place.people, "")
    mark = place.client("member")
    with raw(place.server.url, place.tokens["member"]) as member:
        member.join(doc, mark)
        assert place.server.process is not None
        pid = place.server.process.pid
        worker = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0]
        trace = tmp_path / "trace"
        calls = "trace=fsync,fdatasync,sendto,pwrite64,write"
        strace = subprocess.Popen(
            ["strace", "-f", "-s", "400", "-e", calls, "-o", str(trace), "-p", worker], stderr=subprocess.PIPE
        )
        assert strace.stderr is not None
        assert b"attached" in strace.stderr.readline()
        member.send("text:push", [str(doc), 0, mark, 1, ['[[0,"synced words"]]']])
        member.wait("text:updates")
        strace.terminate()
        strace.wait()
        strace.stderr.close()
    lines = trace.read_text().splitlines()
    sent = next(number for number, line in enumerate(lines) if "sendto(" in line and "text:updates" in line)
    synced = [number for number, line in enumerate(lines) if "sync(" in line and number < sent]
    written = [number for number, line in enumerate(lines) if "pwrite64(" in line and number < sent]
    assert written, lines
    assert synced, lines
    assert synced[-1] > written[-1], "what was written last before the acknowledgement was not synced"


# --- several processes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_two_processes_share_one_text(
    start_server: Callable[..., LiveServer], database: Database, people: Cast, app_settings: Settings, redis_url: str
) -> None:
    """What one process stores is told by the other: at once through Redis, within seconds without it."""
    item, doc = add_texts(database, people, "")
    environ = {"CONCORDAT_SECRET": app_settings.secret, "REDIS_URL": redis_url}
    here, there = start_server(**environ), start_server(**environ)
    one, two = (f"{actor.person_id}.raw" for actor in (people.member, people.peer))
    with (
        raw(here.url, token_of(database, people.member)) as member,
        raw(there.url, token_of(database, people.peer)) as peer,
    ):
        member.join(doc, one)
        peer.join(doc, two)
        member.send("text:push", [str(doc), 0, one, 1, ['[[0,"a"]]']])
        assert peer.wait("text:updates")[0] == [str(doc), 0, [[one, '[[0,"a"]]']]]
        # Both push on the same version: the database orders them, and both rooms hear the same.
        member.send("text:push", [str(doc), 1, one, 2, ['[1,[0,"m"]]']])
        peer.send("text:push", [str(doc), 1, two, 1, ['[1,[0,"p"]]']])

        def heard(client: Raw) -> list[list[str]]:
            log: dict[int, list[str]] = {}
            for _, version, entries in client.got("text:updates"):
                log.update({version + number: entry for number, entry in enumerate(entries)})
            return [log[version] for version in sorted(log)]

        until(lambda: len(heard(member)) == len(heard(peer)) == 3, "both rooms hear all three")
        assert heard(member) == heard(peer) == [[row.client, row.changes] for row in log_of(database, doc)[1]]
        # A use case outside of both processes, of which no fact tells: found by looking.
        with database.writing() as uow:
            documents.replace_text(uow, SYSTEM, uow.lock(Document, doc), "restored")
        until(lambda: len(heard(member)) == len(heard(peer)) == 4, "both look by themselves", seconds=5)
        # A lock set through one process reaches the other.
        answer = requests.patch(
            f"{here.url}/api/v1/items/{item}", json={"status": "agreed"}, timeout=10,
            headers={"Authorization": f"Bearer {token_of(database, people.facilitator)}"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert [message["access"] for message in peer.wait("text:joined", 2)] == ["write", "suggest"]
