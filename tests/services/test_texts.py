"""Live texts below the wire: who may push what and when, numbers that never repeat, and a log that makes the text."""

from __future__ import annotations

import hashlib
import json
import threading

import pytest
from sqlalchemy import func, select

from app.calc.changes import from_units, parse, to_units
from app.errors import NotFound
from app.events import DocumentReset, ItemChanged, TextChanged
from app.policy import SYSTEM, VISITOR, Actor
from app.services import descent, documents, history, items, memberships, minutes, outline, polls, texts
from app.uow import Database
from models.documents import Document, Field, TextChange, TextSnapshot
from models.groups import Membership, Role
from models.items import Item, Kind, Status
from models.meetings import MeetingState
from tests.cast import Cast
from tests.conftest import SetClock
from tests.rooms import build_hall
from tests.typists import add_texts, document_of, log_of


def push(
    database: Database, actor: Actor, doc: int, base: int, *changes: object, client: str = "", seq: int = 1
) -> list[texts.Entry]:
    """One push in a transaction of its own; changes as lists or as raw text."""
    sources = [each if isinstance(each, str) else json.dumps(each) for each in changes]
    with database.writing() as uow:
        return texts.push(
            uow, actor, document_id=doc, base=base, client=client or f"{actor.person_id}.a", first_seq=seq,
            sources=sources,
        )  # fmt: skip


def refused(database: Database, actor: Actor, doc: int, base: int, *changes: object, **rest: object) -> str:
    """The code with which a push is refused; the text must be what it was."""
    before = log_of(database, doc)[0]
    with pytest.raises(texts.Refused) as caught:
        push(database, actor, doc, base, *changes, **rest)  # type: ignore[arg-type]
    assert caught.value.message
    assert log_of(database, doc)[0] == before
    return caught.value.code


def test_two_people_push_on_the_same_version(database: Database, people: Cast) -> None:
    item, doc = add_texts(database, people, "abc")
    facts: list[object] = []
    database.bus.listen(facts.append)
    assert push(database, people.member, doc, 1, [[0, "x"], 3], [4, [0, "y"]]) == [
        (f"{people.member.person_id}.a", '[[0,"x"],3]'),
        (f"{people.member.person_id}.a", '[4,[0,"y"]]'),
    ]
    assert push(database, people.peer, doc, 1, [1, [1, "B"], 1]) == [(f"{people.peer.person_id}.a", '[2,[1,"B"],2]')]
    text, rows = log_of(database, doc)
    assert text == "xaBcy"
    assert [(row.version, row.author_id, row.seq) for row in rows] == [
        (1, people.facilitator.person_id, 0),
        (2, people.member.person_id, 1),
        (3, people.member.person_id, 2),
        (4, people.peer.person_id, 1),
    ]
    assert facts == [
        TextChanged(people.group_id, doc, item, None, 3),
        TextChanged(people.group_id, doc, item, None, 4),
    ]


def test_what_was_sent_twice_is_logged_once(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "abc")
    assert len(push(database, people.member, doc, 1, [3, [0, "d"]])) == 1
    push(database, people.peer, doc, 1, [[0, "z"], 3])
    assert push(database, people.member, doc, 1, [3, [0, "d"]]) == []
    assert len(push(database, people.member, doc, 1, [3, [0, "d"]], [4, [0, "e"]])) == 1
    assert log_of(database, doc)[0] == "zabcde"
    assert refused(database, people.member, doc, 4, [6, [0, "d"]]) == "bad"
    assert refused(database, people.member, doc, 4, [6, [0, "d"]], seq=4) == "gap"


def test_refusals_say_why_and_change_nothing(database: Database, people: Cast) -> None:
    item, doc = add_texts(database, people, "abc")
    good = [3, [0, "d"]]
    assert refused(database, people.member, doc, 2, good) == "ahead"
    assert refused(database, people.member, doc, -1, good) == "bad"
    assert refused(database, people.member, doc, 1, good, seq=0) == "bad"
    assert refused(database, people.member, doc, 1, good, seq=2) == "gap"
    assert refused(database, people.member, doc, 1, [2, [0, "d"]]) == "bad"
    assert refused(database, people.member, doc, 1, good, [3, [0, "d"]]) == "bad"
    assert refused(database, people.member, doc, 1) == "bad"
    assert refused(database, people.member, doc, 1, *[good] * 101) == "bad"
    assert refused(database, people.member, doc, 1, [3, [0, "x" * 66_000]]) == "limit"
    assert refused(database, people.member, doc, 1, good, client=f"{people.peer.person_id}.a") == "forbidden"
    for passing_for in (".moved-a", ".x.moved-1", ".restored-a", ".suggestion-1", "."):
        given = f"{people.member.person_id}{passing_for}"
        assert refused(database, people.member, doc, 1, good, client=given) == "forbidden", "an act that is none"
    assert (
        refused(database, people.member, doc, 1, good, client=f"{people.member.person_id}." + "a" * 60) == "forbidden"
    )
    for outsider in (
        people.observer,
        people.panel_manager,
        people.stranger,
        people.nobody,
        people.administrator,
        VISITOR,
    ):
        mark = f"{outsider.person_id}.a"
        assert refused(database, outsider, doc, 1, good, client=mark) == "forbidden"
    with database.reading() as uow:
        title = document_of(uow.session, item, Field.TITLE)
    assert refused(database, people.member, title.id, 1, [10, [0, "", ""]]) == "bad"
    assert refused(database, people.member, title.id, 1, [10, [0, "x" * 291]]) == "limit"
    push(database, people.member, title.id, 1, [10, [0, "x" * 290]])
    with pytest.raises(texts.Refused):
        push(database, people.member, 10**6, 0, [[0, "x"]])


def test_a_text_has_an_end(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "y" * 99_990)
    start = len(log_of(database, doc)[1])  # a long beginning is put in piece by piece
    assert refused(database, people.member, doc, start, [99_990, [0, "x" * 11]]) == "limit"
    push(database, people.member, doc, start, [99_990, [0, "x" * 10]])
    assert refused(database, people.peer, doc, start, [99_990, [0, "x"]]) == "limit"
    push(database, people.member, doc, start + 1, [[99_999], 1], seq=2)
    assert log_of(database, doc)[0] == "x"


def test_work_per_push_is_bounded(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "")
    for turn in range(3):
        size = turn * 100
        changes = [[*([size + number] if size + number else []), [0, "x"]] for number in range(100)]
        push(database, people.member, doc, size, *changes, seq=size + 1)
    late = [[[0, "y"]], *[[number, [0, "y"]] for number in range(1, 100)]]
    assert refused(database, people.peer, doc, 0, *late) == "behind"
    assert len(push(database, people.peer, doc, 0, *late[:60])) == 60


def test_snapshots_and_the_text_at_any_version(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "")
    for turn in range(21):
        size = turn * 100
        changes = [[*([size + number] if size + number else []), [0, "é"]] for number in range(100)]
        push(database, people.member, doc, size, *changes, seq=size + 1)
    with database.reading() as uow:
        snapshots = uow.session.execute(select(TextSnapshot).order_by(TextSnapshot.version)).scalars().all()
        assert [(each.version, each.text) for each in snapshots] == [(1000, "é" * 1000), (2000, "é" * 2000)]
        assert snapshots[0].sha256 == hashlib.sha256(("é" * 1000).encode()).hexdigest()
        document = uow.session.get_one(Document, doc)
        assert history.text_at(uow.session, document, 1_050) == "é" * 1_050
        first = texts.pull(uow, people.observer, document_id=doc, version=0)
        assert len(first) == texts.PIECE
        assert len(texts.pull(uow, people.observer, document_id=doc, version=2_000)) == 100
        with pytest.raises(NotFound):
            texts.pull(uow, people.stranger, document_id=doc, version=0)


def test_joining_tells_what_one_may_do(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "abc")

    def join(actor: Actor, version: int | None = None, epoch: str | None = None) -> texts.Opened:
        with database.reading() as uow:
            return texts.join(uow, actor, document_id=doc, version=version, epoch=epoch)

    opened = join(people.member)
    assert (opened.version, opened.text, opened.access) == (1, "abc", "write")
    assert join(people.observer).access == "read"
    assert join(people.member, 1, opened.epoch).text is None
    for version, epoch in ((2, opened.epoch), (1, "other"), (None, opened.epoch), (-1, opened.epoch)):
        assert join(people.member, version, epoch).text == "abc"
    for outsider in (people.stranger, people.nobody, people.administrator):
        with pytest.raises(NotFound):
            join(outsider)


def test_a_removed_or_demoted_person_pushes_no_more(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "abc")
    with database.writing() as uow:
        row = select(Membership).where(Membership.person_id == people.member.person_id)
        membership = uow.session.execute(row).scalar_one().id
    push(database, people.member, doc, 1, [3, [0, "d"]])
    with database.writing() as uow:
        memberships.change(
            uow, people.facilitator, group_id=people.group_id, membership_id=membership, role=Role.OBSERVER,
            constituency=None,
        )  # fmt: skip
    assert refused(database, people.member, doc, 2, [4, [0, "e"]], seq=2) == "forbidden"
    with database.writing() as uow:
        memberships.remove(uow, people.facilitator, group_id=people.group_id, membership_id=membership)
    assert refused(database, people.member, doc, 2, [4, [0, "e"]], seq=2) == "forbidden"


def test_agreed_and_withdrawn_words_are_locked(database: Database, people: Cast) -> None:
    item, doc = add_texts(database, people, "abc")
    facts: list[object] = []
    database.bus.listen(facts.append)
    with database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=item, status=Status.AGREED)
    assert DocumentReset(people.group_id, doc) in facts
    assert refused(database, people.member, doc, 1, [3, [0, "d"]]) == "locked"
    push(database, people.facilitator, doc, 1, [3, [0, "d"]])
    with database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=item)
    push(database, people.member, doc, 2, [4, [0, "e"]])
    assert log_of(database, doc)[0] == "abcde"


def test_who_closed_a_text_is_told_to_those_who_write_in_it(database: Database, people: Cast, clock: SetClock) -> None:
    item, doc = add_texts(database, people, "abc")

    def why(actor: Actor) -> str:
        with database.reading() as uow:
            return texts.join(uow, actor, document_id=doc, version=None, epoch=None).reason

    assert why(people.member) == ""
    clock.advance(minutes=5)
    with database.writing() as uow:
        items.set_status(uow, people.facilitator, item_id=item, status=Status.RESERVATIONS)
    assert why(people.member) == "Facilitator Invented has agreed this item with reservations."
    assert why(people.facilitator) == ""
    assert why(people.observer) == "Your role lets you read this, not change it."
    clock.advance(minutes=5)
    with database.writing() as uow:
        items.reopen(uow, people.facilitator, item_id=item)
        parent = uow.session.get_one(Item, item).parent_id or item
        outline.withdraw_item(uow, people.peer, item_id=parent)
    assert why(people.member) == "Peer Invented has withdrawn this item."
    assert why(people.peer) == "You have withdrawn this item."
    clock.advance(minutes=5)
    with database.writing() as uow:
        uow.session.get_one(Item, item).changed_at = clock()
    assert why(people.member) == "This item has been withdrawn."


def test_who_writes_in_an_item_that_is_merged_away_is_told_where_its_words_went(
    database: Database, people: Cast, clock: SetClock
) -> None:
    item, doc = add_texts(database, people, "abc")
    with database.writing() as uow:
        into = items.add_item(uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title="Kept")
        descent.merge(uow, people.peer, item_id=into.id, other_id=item)

    def why() -> tuple[str, str]:
        with database.reading() as uow:
            opened = texts.join(uow, people.member, document_id=doc, version=None, epoch=None)
        return opened.access, opened.reason

    assert why() == ("read", f"Peer Invented has merged this item into {into.reference}.")
    clock.advance(minutes=5)
    with database.writing() as uow:
        outline.restore_item(uow, people.member, item_id=item)
    assert why() == ("write", "")
    clock.advance(minutes=5)
    with database.writing() as uow:
        outline.withdraw_item(uow, people.member, item_id=item)
    assert why()[1] == "You have withdrawn this item."


def test_a_vote_locks_the_words_and_the_minutes_have_their_own_rule(database: Database) -> None:
    hall = build_hall(database)
    hall.open("Ana", "Leo", "Pat")
    with database.reading() as uow:
        doc = document_of(uow.session, hall.item_id).id
    push(database, hall.who["Ana"], doc, 1, [26, [0, "!"]])
    hall.advance()
    meeting = hall.advance()
    with database.reading() as uow:
        poll = polls.open_poll_in(uow.session, meeting.id)
    if poll is None:
        with database.writing() as uow:
            polls.open_poll(uow, hall.who["Fay"], meeting_id=meeting.id, item_id=hall.item_id)
    for name in ("Ana", "Fay"):
        assert refused(database, hall.who[name], doc, 2, [27, [0, "?"]], seq=2) == "locked"
    with database.reading() as uow:
        opened = texts.join(uow, hall.who["Ana"], document_id=doc, version=None, epoch=None)
    assert (opened.access, opened.reason) == ("suggest", "A vote on this item has begun.")
    with database.writing() as uow:
        meeting = hall.meeting()
        minute = minutes.draft(uow, meeting).id
        text = uow.session.get_one(Document, minute).text
    end = len(text.encode("utf-16-le")) // 2
    push(database, hall.who["Fay"], minute, 1, [end, [0, "!"]])
    for name in ("Ola", "Max"):
        assert refused(database, hall.who[name], minute, 2, [end + 1, [0, "!"]]) == "forbidden"
    with database.writing() as uow:
        uow.session.merge(hall.meeting()).state = MeetingState.APPROVED
    assert refused(database, hall.who["Fay"], minute, 2, [end + 1, [0, "!"]], seq=2) == "locked"


def test_typing_moves_the_items_clock_now_and_then(database: Database, people: Cast, clock: SetClock) -> None:
    item, doc = add_texts(database, people, "")
    facts: list[object] = []
    database.bus.listen(facts.append)
    changed = ItemChanged(people.group_id, item)
    for seconds, count in ((1, 0), (60, 1), (1, 1), (60, 2)):
        clock.advance(seconds=seconds)
        version = len(log_of(database, doc)[1])
        push(database, people.member, doc, version, [*([version] if version else []), [0, "x"]], seq=version + 1)
        assert facts.count(changed) == count


def test_restored_words_are_an_ordinary_change(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "a😀b")
    with database.writing() as uow:
        document = uow.lock(Document, doc)
        assert documents.replace_text(uow, SYSTEM, document, "a😁b")
        assert not documents.replace_text(uow, SYSTEM, document, "a😁b")
    text, rows = log_of(database, doc)
    assert rows[-1].changes == '[1,[2,"😁"],1]'
    units = to_units("")
    for row in rows:
        units = parse(row.changes).apply(units)
    assert from_units(units) == text == "a😁b"
    push(database, people.member, doc, 1, [4, [0, "!"]])
    assert log_of(database, doc)[0] == "a😁b!"


def test_ten_threads_push_at_once(database: Database, people: Cast) -> None:
    """Two processes meet at the row: every change gets a version of its own, and none is lost."""
    _, doc = add_texts(database, people, "")

    def write(thread: int) -> None:
        for number in range(1, 6):
            push(
                database,
                people.member,
                doc,
                0,
                *[[[0, "x"]] for _ in range(1)],
                client=f"{people.member.person_id}.{thread}x{number}",
            )

    threads = [threading.Thread(target=write, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text, rows = log_of(database, doc)
    assert text == "x" * 50
    assert [row.version for row in rows] == list(range(1, 51))
    with database.reading() as uow:
        marks = uow.session.execute(select(func.count(func.distinct(TextChange.client)))).scalar()
    assert marks is not None
    assert marks >= 50


def test_one_persons_pushes_take_a_share_of_a_transaction_and_no_more(database: Database, people: Cast) -> None:
    """What is laborious is tried again with the next transaction; what somebody else wrote is stored with this one."""
    _, doc = add_texts(database, people, "ab" * 2_000)
    for at in range(0, 500, 100):
        push(database, people.member, doc, 1 + at, *([[0, "x"], 4_000 + each] for each in range(at, at + 100)),
             client=f"{people.member.person_id}.a", seq=at + 1)  # fmt: skip
    # On an old base, in two thousand places: each letter that came since is looked at in each of them.
    laborious = json.dumps([part for _ in range(2_000) for part in ([1, "y"], 1)])
    pushes = [
        (people.facilitator, texts.Push(1, f"{people.facilitator.person_id}.{each}", 1, [laborious]))
        for each in range(60)
    ]
    other = (people.peer, texts.Push(501, f"{people.peer.person_id}.a", 1, [json.dumps([4_500, [0, "!"]])]))
    with database.writing() as uow:
        _, answers = texts.push_all(uow, [*pushes, other], document_id=doc)
    put_off = [each for each in answers[:-1] if isinstance(each, texts.Refused) and each.code == "retry"]
    assert put_off
    assert isinstance(answers[0], list)
    assert all(each.__traceback__ is None and each.__cause__ is None for each in put_off)
    assert isinstance(answers[-1], list)
    assert len(answers[-1]) == 1


def test_who_is_far_behind_pulls_first(database: Database, people: Cast) -> None:
    _, doc = add_texts(database, people, "abc")
    for at in range(0, texts.MAX_BEHIND, 100):
        push(database, people.member, doc, 1 + at, *([[0, "x"], 3 + each] for each in range(at, at + 100)), seq=at + 1)
    push(database, people.peer, doc, 1, [3, [0, "!"]])
    assert refused(database, people.peer, doc, 1, [3, [0, "?"]], client=f"{people.peer.person_id}.b") == "behind"
