"""The live server against a malicious member and a stranger at the raw socket. Numbers are those of docs/security.md.

After each abuse the text is what it was, others go on, and the process keeps its size.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
import socketio.exceptions

from app.services import history, memberships, suggestions
from models.documents import Document, Field
from models.groups import Membership
from realtime.buckets import OF_A_PERSON
from tests.cast import sign_in_token
from tests.typists import PROTOCOL, Place, Raw, add_texts, document_of, log_of, raw, token_of, until

WORDS = "Partners share."


@pytest.fixture
def member(place: Place) -> Iterator[Raw]:
    with raw(place.server.url, place.tokens["member"]) as client:
        yield client


@pytest.fixture
def witness(place: Place) -> Iterator[Raw]:
    """Another member who has the text open; must hear nothing of what is refused."""
    with raw(place.server.url, place.tokens["peer"]) as client:
        client.join(place.doc, place.client("peer"))
        client.heard.clear()
        yield client


def refusal(client: Raw, *push: Any) -> list[Any]:
    """The answer to a push that must be refused."""
    before = len(client.got("text:refused"))
    client.send("text:push", list(push))
    answer: list[Any] = client.wait("text:refused", before + 1)[-1]
    return answer


def test_8_9_10_rooms_and_texts_of_others(place: Place, witness: Raw) -> None:
    """A stranger gets into no room, and pushes nothing into a text that was not opened."""
    doc = str(place.doc)
    with raw(place.server.url, place.tokens["stranger"]) as stranger:
        own = place.client("stranger")
        for strange in (doc, doc + " ", [doc], {"id": doc}, "text-1", "0" + doc, "9" * 30, None):
            stranger.send("text:join", [strange, own, None, None])
        stranger.send(
            "hint:watch", [f"items-{place.people.group_id}", f"item-{place.item}", "sign-in-1", "person-1", 7]
        )
        stranger.send("text:pull", [doc, 0])
        stranger.settle()
        assert stranger.got("text:joined") == []
        assert {code for _, _, code, *_ in stranger.got("text:refused")} == {"forbidden"}
        assert refusal(stranger, doc, 1, own, 1, ['[15,[0,"x"]]'])[1:3] == [1, "forbidden"]
        with raw(place.server.url, place.tokens["member"]) as member:
            other = log_of_other(place)
            mine = place.client("member")
            member.join(other, mine)
            assert refusal(member, doc, 1, mine, 1, ['[15,[0,"x"]]'])[2] == "forbidden"
            member.send("text:push", [str(other), 1, mine, 1, ['[10,[0,"!"]]']])
            member.wait("text:updates")
        stranger.settle()
        assert stranger.got("text:updates") == stranger.got("changed") == []
    assert place.text() == WORDS
    assert witness.heard == []


def test_117_who_asks_again_and_again_hears_nothing_while_being_refused(place: Place, member: Raw) -> None:
    """A stranger, and somebody who was taken out of the group, ask on several sockets to open a text being written."""
    removed = place.newcomer("Gone")
    with place.database.writing() as uow:
        kept = uow.session.query(Membership).filter_by(person_id=removed.person_id).one()
        memberships.remove(uow, place.people.facilitator, group_id=kept.group_id, membership_id=kept.id)
    _, doc = add_texts(place.database, place.people, WORDS)
    own = place.client("member")
    version = member.join(doc, own)["version"]
    tokens = {place.people.stranger: place.tokens["stranger"], removed: token_of(place.database, removed)}
    asked, written = 60, 150
    with contextlib.ExitStack() as stack:
        uninvited = [
            (stack.enter_context(raw(place.server.url, token)), f"{actor.person_id}.x")
            for actor, token in tokens.items()
            for _ in range(3)
        ]
        for turn in range(written):
            change = json.dumps([len(WORDS) + turn, [0, "x"]])
            member.send("text:push", [str(doc), version + turn, own, turn + 1, [change]])
            if turn < asked:
                for client, mark in uninvited:
                    client.send("text:join", [str(doc), mark, None, None])
        until(lambda: heard_of(member, own) == written, "everything is written")
        for client, _ in uninvited:
            client.settle()
            assert {event for event, _ in client.heard} == {"text:refused"}
            assert [code for _, _, code, *_ in client.got("text:refused")] == ["forbidden"] * asked


def heard_of(client: Raw, mark: str) -> int:
    """How many changes of an editor somebody has heard."""
    return sum(one == mark for _, _, entries in client.got("text:updates") for one, _ in entries)


def log_of_other(place: Place) -> int:
    with place.database.reading() as uow:
        return document_of(uow.session, place.item, Field.TITLE).id


def test_11_65_readers_and_forged_marks(place: Place, witness: Raw, member: Raw) -> None:
    doc = str(place.doc)
    with raw(place.server.url, place.tokens["observer"]) as observer:
        own = place.client("observer")
        assert observer.join(place.doc, own)["access"] == "read"
        assert refusal(observer, doc, 1, own, 1, ['[15,[0,"x"]]'])[2] == "forbidden"
    forged = place.client("peer")
    member.send("text:join", [doc, forged, None, None])
    assert member.wait("text:refused")[-1][2] == "forbidden"
    assert refusal(member, doc, 1, forged, 1, ['[15,[0,"x"]]'])[2] == "forbidden"
    assert place.text() == WORDS
    assert witness.heard == []


BAD = {
    "deep": "[" * 50_000,
    "long": "[" + "1," * 30_000 + "1]",
    "float": "[15.0]",
    "text": '["15"]',
    "big": "[9223372036854775808]",
    "too short": '[14,[0,"x"]]',
    "too long": '[16,[0,"x"]]',
    "beyond": '[10,[9,"x"]]',
    "half": '[15,[0,"\\ud83d"]]',
    "nul": '[15,[0,"\\u0000"]]',
    "return": '[15,[0,"a\\rb"]]',
    "not canonical": '[7,8,[0,"x"]]',
    "nothing": "",
    "no list": '{"a":1}',
}


def test_63_64_66_67_changes_that_are_none(place: Place, witness: Raw, member: Raw) -> None:
    doc, own = str(place.doc), place.client("member")
    version = member.join(place.doc, own)["version"]
    for name, source in BAD.items():
        assert refusal(member, doc, version, own, 1, [source])[1:3] == [1, "limit" if name == "long" else "bad"], name
    good = '[15,[0,"x"]]'
    assert refusal(member, doc, version, own, 1, [good, '[15,[0,"x"]]'])[2] == "bad"
    assert refusal(member, doc, version, own, 1, [])[2] == "bad"
    assert refusal(member, doc, version, own, 1, [good] * 101)[2] == "bad"
    assert refusal(member, doc, version, own, 1, [good, 7])[2] == "bad"
    assert refusal(member, doc, version, own, 1, "[15]")[2] == "bad"
    assert refusal(member, doc, 1.5, own, 1, [good])[2] == "bad"
    assert refusal(member, doc, -1, own, 1, [good])[2] == "bad"
    assert refusal(member, doc, version, own, 0, [good])[2] == "bad"
    assert refusal(member, doc, version, own, 2, [good])[2] == "gap"
    assert refusal(member, doc, version, own, 2**63, [good])[2] == "gap"
    assert refusal(member, doc, version + 1, own, 1, [good])[2] == "ahead"
    assert refusal(member, doc, 2**63, own, 1, [good])[2] == "ahead"
    assert refusal(member, doc, True, own, 1, [good])[2] == "bad"
    member.send("text:push", [doc, version, own, True, [good]])
    for beyond in (2**31, 2**53, 2**63 - 1, 2**63, 10**18, True):
        member.send("text:pull", [doc, beyond])
        member.send("text:join", [doc, own, beyond, "epoch"])
        member.send("text:presence", [doc, own, beyond, 1, 1])
    for mark in (own + "\0", own + "\n", own + "é"):
        member.send("text:join", [doc, mark, None, None])
        assert refusal(member, doc, version, mark, 1, [good])[2] == "forbidden"
    wide = json.dumps([15, [0, "x" * 65_000]])
    assert refusal(member, doc, version, own, 1, [wide, wide.replace("15", "65015")])[2] == "limit"
    for odd in (None, 7, "x", [], {}, [doc], [None] * 5, [doc, 0, own], [[doc], 0, own, 1, [good]]):
        for event in ("text:push", "text:join", "text:pull", "text:leave", "text:presence", "hint:watch"):
            member.send(event, odd)
    member.settle()
    assert place.text() == WORDS
    assert witness.heard == []


def test_69_68_flood_of_joins_and_pulls(place: Place) -> None:
    with raw(place.server.url, place.tokens["member"]) as member:
        for number in range(110):
            member.send("text:join", [str(place.doc), f"{place.people.member.person_id}.{number}", None, None])
        member.settle()
        assert [code for _, _, code, *_ in member.got("text:refused")].count("full") == 90
    with raw(place.server.url, place.tokens["member"]) as member:
        with contextlib.suppress(socketio.exceptions.SocketIOError):
            for number in range(5_000):
                member.send("text:pull", [str(place.doc), number % 3])
        until(lambda: member.closed, "a flood is cut")


def test_72_many_connections_of_one_person_take_turns(place: Place) -> None:
    """Each stays within what one connection may ask; together they get no more than one person does."""
    flooder = place.newcomer("Flooder")
    token, mark = token_of(place.database, flooder), f"{flooder.person_id}.x"
    rate, burst = OF_A_PERSON["text:pull"]
    wanted = burst + 3 * rate
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(raw(place.server.url, token)) for _ in range(6)]
        for client in clients:
            client.join(place.doc, mark)
        began = time.monotonic()
        for _ in range(wanted // len(clients)):
            for client in clients:
                client.send("text:pull", [str(place.doc), 0])
        for client in clients:  # what is on its way already is not answered twice: answers are no measure
            client.settle(30)
        assert time.monotonic() - began > 2.9
        assert all(client.got("text:updates") for client in clients)
        assert not any(client.closed for client in clients)


def test_71_carets_carry_the_servers_word(place: Place, witness: Raw, member: Raw) -> None:
    own = place.client("member")
    member.join(place.doc, own)
    doc = str(place.doc)
    for odd in (
        [doc, place.client("peer"), 1, 1, 1], [doc, own, 99, 1, 1], [doc, own, 1, -1, 1], [doc, own, 1, 1, "9"],
        [doc, own, 1, 10**9, 1],
    ):  # fmt: skip
        member.send("text:presence", odd)
    member.settle()
    for place_ in range(5):
        member.send("text:presence", [doc, own, 1, place_, place_, {"name": "<b>Somebody else</b>"}])
        member.send("text:presence", [doc, own, 1, place_, place_])
    got = witness.wait("text:presence")
    until(lambda: witness.got("text:presence")[-1][2][0][1] == 4, "the last place")
    person = {
        "id": place.people.member.person_id, "name": "Member Invented", "initials": "MI", "tag": "CO",
        "constituency": "Commissioner",
    }  # fmt: skip
    assert [client for client, *_ in got[-1][2]] == [own]
    assert {**got[-1][2][0][3], "tag": "CO"} == person
    member.send("text:leave", [doc])
    until(lambda: witness.got("text:presence")[-1][2][0][1:3] == [None, None], "the caret goes")


def engine_frame(data: bytes, *, opcode: int = 2) -> bytes:
    """A masked WebSocket frame."""
    size = len(data)
    head = bytes([0x80 | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + data


def handshake(place: Place, **headers: str | None) -> tuple[socket.socket, bytes]:
    """Open a WebSocket by hand; the connection and what the server said to the request."""
    line = socket.create_connection(("127.0.0.1", place.server.port), timeout=10)
    wanted: dict[str, str | None] = {
        "Host": f"127.0.0.1:{place.server.port}", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(), "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Extensions": "permessage-deflate", "Origin": place.server.url, **headers,
    }  # fmt: skip
    sent = "".join(f"{name}: {value}\r\n" for name, value in wanted.items() if value is not None)
    line.sendall(f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n{sent}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += line.recv(4096) or b"\r\n\r\n"
    return line, answer


def is_over(line: socket.socket) -> bool:
    """Whether the server has ended a connection: read until it has, at most the time-out of the socket."""
    try:
        while line.recv(65_536):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def heard_until(line: socket.socket, wanted: bytes) -> bytes:
    """What the server says, up to what is wanted; the socket's time-out fails the test."""
    said = b""
    while wanted not in said:
        said += line.recv(65_536) or pytest.fail(f"it ended; heard {said[-200:]!r}")
    return said


def connect_packet(**auth: Any) -> bytes:
    return bytes(msgpack.packb({"type": 0, "nsp": "/", "data": {"protocol": PROTOCOL, **auth}}))


def test_86_only_our_own_pages_may_connect(place: Place) -> None:
    cookie = {"Cookie": "concordat=whatever"}
    for origin in (
        "http://evil.example",
        "null",
        f"http://sub.127.0.0.1:{place.server.port}",
        None,
        "http://127.0.0.1:1",
    ):
        line, answer = handshake(place, Origin=origin, **cookie)
        assert answer.startswith(b"HTTP/1.1 400"), origin
        line.close()
    line, answer = handshake(place)
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"permessage-deflate" not in answer
    # A page needs its CSRF token beside the cookie of a sign-in; a script needs a token.
    line.sendall(engine_frame(connect_packet()))
    assert b"Sign in first" in heard_until(line, b"Sign in first")
    line.close()
    page = place.visit(place.people.peer)
    line, _ = handshake(place, Cookie=f"concordat={page.cookies['concordat']}")
    line.sendall(engine_frame(connect_packet()))
    assert b"csrf" in heard_until(line, b"csrf")
    line.close()


def test_14_16_38_who_may_connect(place: Place) -> None:
    refused = [
        {"token": "cdt_unknown", "protocol": PROTOCOL},
        {"protocol": PROTOCOL},
        {"token": 7, "protocol": 1},
        None,
        "x",
    ]
    for auth in [*refused, {"token": place.tokens["member"], "protocol": 0}, {"token": place.tokens["member"]}]:
        with pytest.raises(socketio.exceptions.ConnectionError):
            Raw(place.server.url, None, auth=auth)
    with pytest.raises(socketio.exceptions.ConnectionError):
        Raw(place.server.url, place.tokens["member"], namespaces=["/admin"])
    # An expert's link is no personal token, and neither is a sign-in's cookie.
    with pytest.raises(socketio.exceptions.ConnectionError):
        Raw(place.server.url, sign_in_token(place.database, place.people.member))


def test_64_77_78_malformed_packets_end_the_connection(place: Place) -> None:
    connect = connect_packet(token=place.tokens["member"])
    event = {"type": 2, "nsp": "/", "data": ["hint:watch", []]}
    for strange in (
        b"\xc1", b"\xdc\xff\xff", b"no packet", bytes(msgpack.packb([1, 2])), bytes(msgpack.packb(dict(event, type=9))),
        bytes(msgpack.packb({**event, "data": {"a": 1}})), bytes(msgpack.packb({**event, "data": [7]})),
        b"\x91" * 5_000, bytes(msgpack.packb({**event, "type": "2"})),
    ):  # fmt: skip
        line, _ = handshake(place)
        line.sendall(engine_frame(connect) + engine_frame(strange))
        assert is_over(line), strange[:40]
        line.close()
    for text in (b"x", b"4", b'4{"a":1}', b"b!!!", b"0{}"):
        line, _ = handshake(place)
        line.sendall(engine_frame(text, opcode=1))
        assert is_over(line), text
        line.close()
    # Reserved names, answers nobody asked for, strange ids and other namespaces are passed over.
    line, _ = handshake(place)
    line.sendall(engine_frame(connect))
    for passed in (
        {**event, "data": ["connect", {}]}, {**event, "data": ["disconnect"]}, {**event, "type": 3, "id": 5},
        {**event, "id": -1}, {**event, "id": 2**63}, {**event, "nsp": "/admin"}, {**event, "data": ["unknown", 1]},
    ):  # fmt: skip
        line.sendall(engine_frame(bytes(msgpack.packb(passed))))
    line.sendall(engine_frame(bytes(msgpack.packb({**event, "id": 7}))))
    answer = bytes(msgpack.packb({"type": 3, "data": [], "nsp": "/", "id": 7}))
    assert answer in heard_until(line, answer)
    line.close()


def test_73_a_huge_frame_is_not_kept(place: Place) -> None:
    """60 MB in one message, before CONNECT: the process keeps its size (it would grow by twice that in the library)."""
    before = place.memory()
    for size in (60_000_000, 300_000_000):
        line, _ = handshake(place)
        line.sendall(bytes([0x82, 0x80 | 127]) + size.to_bytes(8, "big") + b"\0\0\0\0")
        sent = 0
        try:
            while sent < 60_000_000:
                sent += line.send(b"x" * 65_536)
        except ConnectionError:
            pass
        assert sent < 8_000_000
        assert is_over(line)
        line.close()
    assert place.memory() - before < 20


def test_73_polling_takes_small_whole_packets_only(place: Place) -> None:
    def ask(method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        line = http.client.HTTPConnection("127.0.0.1", place.server.port, timeout=10)
        line.request(method, f"/socket.io/?EIO=4&transport=polling{path}", body, {"Origin": place.server.url})
        answer = line.getresponse()
        found = answer.status, answer.read()
        line.close()
        return found

    for body in (b"\x1e".join([b"3"] * 17), b"b!!", b"4{}", b"", b"x" * 300_000, b"b" + base64.b64encode(b"")):
        status, opened = ask("GET", "")
        assert status == 200
        sid = json.loads(opened[1:])["sid"]
        assert ask("POST", f"&sid={sid}", body)[0] == 400, body[:20]
        until(lambda sid=sid: ask("GET", f"&sid={sid}")[0] == 400, "the connection is gone")  # type: ignore[misc]
    assert ask("GET", "&j=1")[0] == 400
    assert ask("OPTIONS", "")[0] == 405
    with raw(place.server.url, place.tokens["member"], transports=["polling"]) as slow:
        assert slow.join(place.doc, place.client("member"))["text"] == WORDS


def test_76_a_client_that_does_not_read_is_cut(place: Place, member: Raw, witness: Raw) -> None:
    """What is written piles up for one who never reads: it is cut, the memory comes back, others hear everything."""
    line, _ = handshake(place)
    line.sendall(engine_frame(connect_packet(token=place.tokens["observer"])))
    join = ["text:join", [str(place.doc), place.client("observer"), None, None]]
    line.sendall(engine_frame(bytes(msgpack.packb({"type": 2, "nsp": "/", "data": join}))))
    own = place.client("member")
    version, size, before = member.join(place.doc, own)["version"], len(WORDS), place.memory()
    for number in range(1, 401):
        change = json.dumps([[size, "x" * 50_000 + str(number)]])
        member.send("text:push", [str(place.doc), version, own, number, [change]])
        version, size = version + 1, 50_000 + len(str(number))
        witness.wait("text:updates", number)
        if "it does not read" in place.server.log:
            break
    assert number < 400
    line.close()
    assert place.memory() - before < 25
    last = log_of(place.database, place.doc)[1][-1].version
    assert witness.got("text:updates")[-1][1] == last - 1
    member.send("text:push", [str(place.doc), version, own, number + 1, [json.dumps([[size, WORDS]])]])
    witness.wait("text:updates", number + 1)


def test_who_does_not_hang_up_holds_up_nobody(place: Place) -> None:
    asked = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    lines = [socket.create_connection(("127.0.0.1", place.server.port), timeout=10) for _ in range(10)]
    for line in lines:
        line.sendall(asked)
        assert line.recv(12) == b"HTTP/1.1 200"
    for _ in range(3):  # in less than two seconds, which closing one of them would take
        assert place.server.answers()
    for line in lines:
        line.close()


@pytest.mark.long
def test_requests_that_never_end_give_their_threads_back(place: Place) -> None:
    """More of them than there are threads: the server answers others again by itself."""
    begun = (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 1000\r\n\r\na="
    )
    lines = [socket.create_connection(("127.0.0.1", place.server.port), timeout=90) for _ in range(500)]
    for line in lines:
        line.sendall(begun)
    until(lambda: not place.server.answers(), "every thread waits")
    until(place.server.answers, "it answers again", seconds=90)
    assert is_over(lines[0])
    for line in lines:
        line.close()


@pytest.mark.long
def test_74_who_never_connects_is_cut_within_ten_seconds(place: Place) -> None:
    line, _ = handshake(place)
    line.settimeout(13)
    began = time.monotonic()
    assert is_over(line)
    assert 8 < time.monotonic() - began < 12.5
    line.close()


def test_changes_moved_beyond_what_may_be_sent_are_stored_and_read(place: Place, member: Raw) -> None:
    """Within the limits as sent, larger once moved over each other: every reader of the log must take them."""
    item, doc = add_texts(place.database, place.people, "ab" * 4_990)
    one, two = place.client("member"), f"{place.people.peer.person_id}.{secrets.token_hex(4)}"
    put_in: list[Any] = []
    take_out: list[Any] = []
    for _ in range(4_990):
        put_in += [1, [0, "x"], 1]
        take_out += [[1], 1]
    joined = [put_in[0], put_in[1]]
    for _ in range(4_989):
        joined += [2, [0, "x"]]
    joined.append(1)
    with raw(place.server.url, place.tokens["peer"]) as peer:
        version = member.join(doc, one)["version"]
        peer.join(doc, two)
        member.send("text:push", [str(doc), version, one, 1, [json.dumps(joined)]])
        member.wait("text:updates")
        peer.send("text:push", [str(doc), version, two, 1, [json.dumps(take_out)]])
        until(lambda: log_of_version(place, doc) == version + 2, "both are stored")
    with place.database.writing() as uow:
        document = uow.session.get_one(Document, doc)
        assert document.text == "xb" * 4_990
        assert history.text_at(uow.session, document, version + 1) == "axb" * 4_990
        again = suggestions.suggest(
            uow, place.people.member, item_id=item, field=Field.TEXT, text="Short.", version=version + 1
        )
        suggestions.withdraw(uow, place.people.member, suggestion_id=again.id)


def log_of_version(place: Place, doc: int) -> int:
    with place.database.reading() as uow:
        return uow.session.get_one(Document, doc).version


def test_a_flood_of_large_pushes_leaves_the_others_time(place: Place, member: Raw) -> None:
    """Hundreds of pushes at once are answered or put off, each; somebody else's text goes on meanwhile."""
    _, flooded = add_texts(place.database, place.people, "ab" * 4_990)
    _, quiet = add_texts(place.database, place.people, WORDS)
    own, other = place.client("peer"), place.client("member")
    change = json.dumps([part for _ in range(4_990) for part in ([1], 1)])
    with raw(place.server.url, place.tokens["peer"]) as peer:
        version = peer.join(flooded, own)["version"]
        at = member.join(quiet, other)["version"]
        for _ in range(300):
            peer.send("text:push", [str(flooded), version, own, 1, [change]])
        began = time.monotonic()
        member.send("text:push", [str(quiet), at, other, 1, [f'[[0,"!"],{len(WORDS)}]']])
        until(lambda: heard_of(member, other), "it")
        assert time.monotonic() - began < 3
        until(lambda: len(peer.got("text:updates")) + len(peer.got("text:refused")) >= 300, "all are answered", 30)
        assert {code for _, _, code, *_ in peer.got("text:refused")} <= {"retry"}


def test_many_texts_of_one_person_are_stored_in_turns(place: Place, member: Raw) -> None:
    """Each text is a transaction: most of what one person sends to sixty at once is put off, and taken later."""
    _, quiet = add_texts(place.database, place.people, WORDS)
    many = [add_texts(place.database, place.people, "T")[1] for _ in range(60)]
    own, other = place.client("peer"), place.client("member")
    with raw(place.server.url, place.tokens["peer"]) as peer:
        for doc in many:
            peer.join(doc, own)
        at = member.join(quiet, other)["version"]
        for doc in many:
            peer.send("text:push", [str(doc), 1, own, 1, ['[1,[0,"x"]]']])
        member.send("text:push", [str(quiet), at, other, 1, [f'[[0,"!"],{len(WORDS)}]']])
        until(lambda: heard_of(member, other), "what another one wrote")
        until(lambda: len(peer.got("text:updates")) + len(peer.got("text:refused")) >= len(many), "all are answered")
        put_off = {doc for doc, _, code, *_ in peer.got("text:refused") if code == "retry"}
        assert put_off

        def taken() -> bool:
            missing = put_off - {doc for doc, *_ in peer.got("text:updates")}
            for doc in sorted(missing)[:3]:
                peer.send("text:push", [doc, 1, own, 1, ['[1,[0,"x"]]']])
            return not missing

        until(taken, "each is taken when it is sent again")


def test_one_who_has_many_editors_open_keeps_those(place: Place, member: Raw) -> None:
    person_id = place.people.member.person_id
    for number in range(20):
        member.join(place.doc, f"{person_id}.{number}")
    member.send("text:join", [str(place.doc), f"{person_id}.3", None, None])
    member.wait("text:joined", 21)
    member.send("text:join", [str(place.doc), f"{person_id}.20", None, None])
    assert member.wait("text:refused")[-1][1:] == [
        None, "full", "Too many texts are open on this page.", f"{person_id}.20"
    ]  # fmt: skip
    # One that takes the place of another needs no room, and nothing more comes from the other.
    member.send("text:join", [str(place.doc), f"{person_id}.20", None, None, f"{person_id}.19"])
    member.wait("text:joined", 22)
    member.send("text:push", [str(place.doc), 0, f"{person_id}.19", 1, ["[1]"]])
    assert member.wait("text:refused", 2)[-1][1:] == [1, "forbidden", "Open the text first.", f"{person_id}.19"]
    member.send("text:push", ["1", 0, "x" * 200_000, 1, ["[1]"]])
    assert len(json.dumps(member.wait("text:refused", 3)[-1])) < 1_000
