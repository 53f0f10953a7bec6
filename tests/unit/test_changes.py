"""Text changes against the original, real CodeMirror in Node, and against everything a stranger may send."""

import json
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc import changes as ch
from app.calc.changes import BadChangeError, ChangeSet, TooFarBehindError, TooLargeError, Units
from app.calc.rebase import Logged, rebase
from tests.programs import NODE

REFERENCE = Path(__file__).parents[1] / "node" / "changes_reference.mjs"


class Original:
    """A Node process with the real CodeMirror, answering requests in batches."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [NODE, str(REFERENCE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def ask(self, requests: list[dict[str, Any]]) -> list[Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(requests) + "\n")
        self.process.stdin.flush()
        answers: list[Any] = json.loads(self.process.stdout.readline())
        return answers

    def close(self) -> None:
        self.process.communicate()


@pytest.fixture(scope="module")
def original() -> Iterator[Original]:
    node = Original()
    yield node
    node.close()


# -- The same as the original ------------------------------------------------------------------------------------------


def check_examples(original: Original, first: int, count: int) -> None:
    for start in range(first, first + count, 500):
        requests = [{"do": "examples", "from": start, "count": min(500, first + count - start)}]
        for case in original.ask(requests)[0]:
            check_example(case)


def check_example(case: dict[str, Any]) -> None:
    a, b, c = (ch.parse(case[name]) for name in "abc")
    doc = ch.to_units(case["doc"])
    after = a.apply(doc)
    got = {
        "after": ch.from_units(after),
        "late": a.map(b).to_json(),
        "early": a.map(b, before=True).to_json(),
        "composed": a.compose(c).to_json(),
        "inverse": a.invert(doc).to_json(),
        "left": a.map_position(case["at"], -1),
        "right": a.map_position(case["at"], 1),
        "a": a.to_json(),
    }
    assert got == {name: case[name] for name in got}, f"seed {case['seed']}"
    assert a.invert(doc).apply(after) == doc
    again = ch.difference(doc, after)
    assert again.apply(doc) == after
    for made in (a.map(b), b.map(a, before=True), a.compose(c), a.invert(doc), again):
        assert ch.parse(made.to_json()) == made


@pytest.mark.node
def test_operations_agree_with_codemirror(original: Original) -> None:
    check_examples(original, 1, 1_500)


@pytest.mark.node
@pytest.mark.long
def test_operations_agree_with_codemirror_at_length(original: Original) -> None:
    check_examples(original, 100_000, 20_000)


# -- Small sessions: everybody ends with the same text -----------------------------------------------------------------


class Client:
    """What the authority's side of a fuzzed session remembers of one client."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.known = 0
        self.acknowledged = 0
        self.on_the_way: list[tuple[int, int, list[str]]] = []


class Session:
    """One text, its authority in Python, two or three real clients; pushes arrive late and some arrive twice."""

    def __init__(self, seed: int) -> None:
        self.roll = random.Random(seed)
        self.seed = seed
        self.start = self.roll.choice(["", "abcdef", "ab\ncd", "x😀y"])
        self.text = ch.to_units(self.start)
        self.log: list[Logged] = []
        self.clients = [Client(f"{seed}.{number}") for number in range(self.roll.choice([2, 2, 3]))]
        self.steps = self.roll.randint(8, 18)

    def begin(self) -> list[dict[str, Any]]:
        return [{"do": "begin", "key": one.key, "id": one.key, "text": self.start} for one in self.clients]

    def step(self) -> dict[str, Any] | None:
        """The next thing that happens, as a request to Node where Node must act."""
        one = self.roll.choice(self.clients)
        kind = self.roll.choices(["edit", "send", "arrive", "receive"], [35, 25, 20, 20])[0]
        if kind == "edit":
            return {"do": "edit", "key": one.key, "seed": self.roll.getrandbits(31)}
        if kind == "send":
            return {"do": "pending", "key": one.key}
        if kind == "arrive":
            self.arrive(one)
            return None
        return self.receive(one, self.roll.randint(1, 4))

    def receive(self, one: Client, most: int) -> dict[str, Any] | None:
        entries = self.log[one.known : one.known + most]
        one.known += len(entries)
        one.acknowledged += sum(entry.client == one.key for entry in entries)
        updates = [[entry.client, entry.changes.to_json()] for entry in entries]
        return {"do": "receive", "key": one.key, "updates": updates} if updates else None

    def sent(self, one: Client, answer: tuple[int, list[str]]) -> None:
        version, pending = answer
        assert version == one.known
        if pending:
            one.on_the_way.append((version, one.acknowledged + 1, pending[: self.roll.choice([1, 3, 100])]))

    def arrive(self, one: Client) -> None:
        if not one.on_the_way:
            return
        # A push whose acknowledgement was lost is sent again: the same one may arrive twice, or a longer one after it.
        base, first, sources = one.on_the_way[0] if self.roll.random() < 0.2 else one.on_the_way.pop(0)
        pushed = [ch.parse(source) for source in sources]
        last = sum(entry.client == one.key for entry in self.log)
        assert first <= last + 1, "the client left a gap"
        following, fresh = rebase(pushed, self.log[base:], client=one.key, first_seq=first)
        for number, change in enumerate(fresh):
            self.text = change.apply(self.text)
            self.log.append(Logged(one.key, following + number, change))


def play(original: Original, seeds: range) -> None:
    """Play the sessions side by side, one step of each per request, then let everything arrive."""
    sessions = [Session(seed) for seed in seeds]
    original.ask([request for session in sessions for request in session.begin()])
    for number in range(max(session.steps for session in sessions)):
        acting = [(session, session.step()) for session in sessions if number < session.steps]
        asked = [(session, request) for session, request in acting if request]
        answers = original.ask([request for _, request in asked])
        for (session, request), answer in zip(asked, answers, strict=True):
            if request["do"] == "pending":
                session.sent(next(one for one in session.clients if one.key == request["key"]), answer)
    everyone = [(session, one) for session in sessions for one in session.clients]
    pending = original.ask([{"do": "pending", "key": one.key} for _, one in everyone])
    for (session, one), answer in zip(everyone, pending, strict=True):
        while one.on_the_way:
            session.arrive(one)
        version, sources = answer
        if sources:
            one.on_the_way.append((version, one.acknowledged + 1, sources))
        while one.on_the_way:
            session.arrive(one)
    requests = [request for session, one in everyone if (request := session.receive(one, 10_000))]
    original.ask(requests)
    texts = original.ask([{"do": "end", "key": one.key} for _, one in everyone])
    for (session, _), text in zip(everyone, texts, strict=True):
        assert text == ch.from_units(session.text), f"session {session.seed} diverged"


@pytest.mark.node
def test_sessions_with_late_pushes_converge(original: Original) -> None:
    for start in range(0, 1_500, 300):
        play(original, range(start, start + 300))


@pytest.mark.node
@pytest.mark.long
def test_sessions_with_late_pushes_converge_at_length(original: Original) -> None:
    for start in range(100_000, 120_000, 500):
        play(original, range(start, start + 500))


def test_the_known_divergence_goes_the_browsers_way() -> None:
    """Somebody types in front of words that another deletes and replaces: one at a time gives one answer."""
    log = [Logged("a", 1, ch.replace(6, 3, 5, Units(""))), Logged("a", 2, ch.replace(4, 3, 3, Units("B")))]
    text = log[1].changes.apply(log[0].changes.apply(Units("abcdef")))
    _, fresh = rebase([ch.replace(6, 3, 3, Units("x"))], log, client="x", first_seq=1)
    mine = ch.replace(6, 3, 3, Units("x"))
    assert fresh == [mine.map(log[0].changes).map(log[1].changes)]
    assert fresh[0].apply(text) in {"abcxBf", "abcBxf"}


# -- What a stranger sends (safety 63, 64, 67) -------------------------------------------------------------------------

HOSTILE = {
    "nothing": "",
    "not JSON": "[3,",
    "an object": '{"0": 3}',
    "a bare number": "3",
    "null": "null",
    "a float": "[3.0]",
    "an exponent": "[1e2]",
    "not a number": "[NaN]",
    "infinity": "[Infinity]",
    "a number as text": '["3"]',
    "true as one": "[true]",
    "negative": "[-3]",
    "minus zero": "[-0]",
    "negative deletion": "[[-1]]",
    "a float deletion": '[[1.5,"a"]]',
    "true deletion": '[[true,"a"]]',
    "empty section": "[0]",
    "empty deletion": "[[0]]",
    "empty list": "[[]]",
    "inserts nothing": '[[0,""]]',
    "deletes with an empty line": '[[3,""]]',
    "two retains": "[1,2]",
    "two deletions": "[[1],[2]]",
    "two insertions": '[[0,"a"],[0,"b"]]',
    "a line that is a number": "[[0,1]]",
    "a line that is a list": '[[0,["a"]]]',
    "a line that is null": "[[0,null]]",
    "NUL": '[[0,"a\\u0000"]]',
    "CR": '[[0,"a\\r"]]',
    "LF inside a line": '[[0,"a\\nb"]]',
    "escape": '[[0,"\\u001b"]]',
    "a high half": '[[0,"\\ud83d"]]',
    "a low half": '[[0,"\\ude00"]]',
    "halves the wrong way round": '[[0,"\\ude00\\ud83d"]]',
    "not a character": '[[0,"\\uffff"]]',
    "deep lists": "[" * 30_000,
    "deep and closed": "[" * 30_000 + "]" * 30_000,
    "deep objects": '[{"a":' * 8_000,
    "a very long number": "[" + "9" * 4_000 + "]",
    "2^63": f"[{2**63}]",
    "beyond the longest text": "[100001]",
    "a longer number": "[" + "9" * 60_000 + "]",
    "bytes": b"[3]",
    "a list": [3],
    "a number": 3,
    "None": None,
}
TOO_LARGE = {
    "grows beyond the longest text": '[100000,[0,"a"]]',
    "a million numbers": "[" + "1," * 1_000_000 + "1]",
    "ten thousand sections": "[" + ",".join(["1,[1]"] * 8_000) + "]",
    "ten megabytes": '[[0,"' + "a" * 10_000_000 + '"]]',
}


@pytest.mark.parametrize(
    ("source", "code"),
    [pytest.param(source, "bad", id=name) for name, source in HOSTILE.items()]
    + [pytest.param(source, "limit", id=name) for name, source in TOO_LARGE.items()],
)
def test_hostile_changes_are_refused_at_once(source: object, code: str) -> None:
    fastest = 1.0
    for _ in range(5):
        begun = time.perf_counter()
        with pytest.raises(ch.ChangeError) as refused:
            ch.parse(source)
        fastest = min(fastest, time.perf_counter() - begun)
        assert refused.value.code == code
    assert fastest < 0.005


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_whatever_arrives_parses_or_is_refused(value: object) -> None:
    source = value if isinstance(value, str) else json.dumps(value)
    try:
        made = ch.parse(source)
    except ch.ChangeError:
        return
    assert ch.parse(made.to_json()) == made


@given(st.data())
def test_a_mutated_change_parses_or_is_refused(data: st.DataObject) -> None:
    source = '[3,[2,"añ","😀"],1,[0,"\\u00e9\\"x"],[4]]'
    at = data.draw(st.integers(0, len(source)))
    cut = data.draw(st.integers(0, 4))
    mutated = source[:at] + data.draw(st.text(max_size=3)) + source[at + cut :]
    try:
        made = ch.parse(mutated)
        made.apply(Units("x" * 10))
    except ch.ChangeError:
        return
    assert made.length == 10


def test_a_change_must_fit_and_must_not_cut_a_character() -> None:
    text = ch.to_units("a😀b")
    assert len(text) == 4
    for source in ("[3]", "[5]", '[2,[0,"x"],2]', "[2,[1],1]", "[1,[1],2]"):
        with pytest.raises(BadChangeError):
            ch.parse(source).apply(text)
    assert ch.from_units(ch.parse('[1,[2,"👍"],1]').apply(text)) == "a👍b"
    assert ch.difference(ch.to_units("😀"), ch.to_units("😁")).to_json() == '[[2,"😁"]]'


def test_a_push_must_chain_and_keep_its_numbers() -> None:
    log = [Logged("a", 1, ch.replace(3, 0, 0, Units("x"))), Logged("b", 1, ch.replace(4, 0, 0, Units("y")))]
    first, second = ch.replace(3, 0, 0, Units("x")), ch.replace(4, 4, 4, Units("z"))
    assert rebase([first, second], log, client="a", first_seq=1) == (2, [ch.replace(5, 5, 5, Units("z"))])
    assert rebase([first], log, client="a", first_seq=1) == (2, [])
    with pytest.raises(BadChangeError):
        rebase([first], log, client="a", first_seq=2)
    with pytest.raises(BadChangeError):
        rebase([second], log, client="c", first_seq=1)
    with pytest.raises(BadChangeError):
        rebase([first, first], log, client="c", first_seq=1)


def test_rebasing_is_bounded() -> None:
    mine = ch.replace(3, 0, 0, Units("x"))
    log = [Logged("a", seq, ch.replace(3, 0, 1, Units("x"))) for seq in range(1, 20_002)]
    with pytest.raises(TooFarBehindError):
        rebase([mine], log, client="b", first_seq=1)
    wide = ch.parse("[" + ",".join(['1,[0,"y"]'] * 4_000) + "]")
    log = [Logged("a", seq, ch.replace(4_000, 2_000, 2_001, Units("x"))) for seq in range(1, 1_001)]
    begun = time.process_time()
    with pytest.raises(TooFarBehindError):
        rebase([wide], log, client="b", first_seq=1)
    assert time.process_time() - begun < 1


def test_a_range_keeps_to_its_words() -> None:
    around = ch.replace(10, 2, 2, Units("ab")).compose(ch.replace(12, 8, 8, Units("cd")))
    assert around.map_range(2, 6) == (4, 8)
    assert ch.replace(10, 1, 9, Units("")).map_range(2, 6) == (1, 1)
    with pytest.raises(BadChangeError):
        around.map_position(11)


def test_units_and_text_are_one() -> None:
    for text in ("", "plain", "é\u0301", "😀x👩🏽‍⚕️", "\U0010ffff"):
        units = ch.to_units(text)
        assert ch.from_units(units) == text
        assert len(units) == ch.units_length(text) == len(text.encode("utf-16-le")) // 2
    with pytest.raises(BadChangeError):
        ch.to_units("\ud83d")
    assert ChangeSet(()).empty
    assert TooLargeError("x").code == "limit"
