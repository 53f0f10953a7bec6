"""Live texts on the wire: joins, pulls, and pushes that are gathered, stored by one commit and told in one message.

The database is the truth. What this process keeps for a text is how far its room has been told (``told``), so that
rows of other processes, or of other use cases such as a restore, are told too, in order and once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from app.errors import DomainError, Full
from app.services import sockets, texts
from app.services.documents import LONGEST_CLIENT, is_editors
from app.services.texts import PIECE, RETRY, Entry, Push, Refused
from app.uow import UnitOfWork
from realtime.connections import Connection, OpenText
from realtime.presence import to_id
from realtime.threads import keep_on

if TYPE_CHECKING:
    from realtime.gateway import Gateway

log = logging.getLogger("concordat.live")

MAX_TEXTS = 100
#: No text comes to a higher version: what the database could not even compare is no version.
MOST_CHANGES = 2**31 - 1
#: Editor states of one text on one connection: the one on the page, and those that bring home what a closed tab left.
MAX_CLIENTS = 20
#: How long a tick waits for more, as a share of what the last message took to fan out; bounds in seconds.
WINDOW_SHARE = 3
WINDOW = (0.001, 0.05)
#: While so much of a pull waits to be read, no more of it is fetched.
MOST_UNREAD_BYTES = 262_144
#: What one person may have waiting to be stored, in changes and characters: an editor has one push on its way.
MOST_WAITING = 300
MOST_WAITING_CHARACTERS = 1_000_000
#: And in how many texts, each of which is a transaction.
MOST_WAITING_TEXTS = 8
#: A pull that asks again for what is on its way already is not answered twice within this time.
STREAM_SECONDS = 2.0
PULL_WAIT_SECONDS = 10.0
#: What a transaction may end with, nothing being stored.
STORE_FAILURES: tuple[type[Exception], ...] = (Full, *texts.FAILURES)


@dataclass(frozen=True)
class Waiting:
    """One push as it waits in the queue of its text."""

    each: Connection
    push: Push


def room(document_id: int) -> str:
    """The room of a text."""
    return f"text-{document_id}"


class Texts:
    """All texts that are open on this process."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.database = gateway.database
        self.waiting: dict[int, list[Waiting]] = {}
        #: How many changes wait of each person, how many characters they have, and in which texts.
        self.loads: dict[int, tuple[int, int, frozenset[int]]] = {}
        self.moved: set[int] = set()
        self.told: dict[int, int] = {}
        self.epochs: dict[int, str] = {}
        #: Held while a room is found empty and forgotten: who enters meanwhile must be told what comes.
        self.telling = threading.Lock()
        self.wake = threading.Condition()
        self.fan_out = 0.0
        self.worker: threading.Thread | None = None

    def register(self) -> None:
        """Take the events of live texts."""
        for event, handler in (
            ("text:join", self.join), ("text:push", self.push), ("text:pull", self.pull), ("text:leave", self.leave),
        ):  # fmt: skip
            self.gateway.handle(event, handler)

    def start(self) -> None:
        """Start the thread that stores what is pushed."""
        self.worker = threading.Thread(target=self.work, name="live-texts", daemon=True)
        self.worker.start()

    # --- joining and reading ---

    def join(self, each: Connection, payload: Any) -> None:
        """``[doc, client, version or null, epoch or null]``: answered by text:joined, or text:refused without a seq.

        A fifth part is the client whose place it takes: nothing more comes from that one.
        """
        match payload:
            case [str(doc), str(client), int() | None as version, str() | None as epoch, *rest] if (
                document_id := to_id(doc)
            ) and len(rest) <= 1:
                pass
            case _:
                return
        if isinstance(version, bool) or not (client.isascii() and client.isprintable()):
            return
        known = each.texts.get(document_id)
        if known is not None:
            known.clients.difference_update(one for one in rest if isinstance(one, str))
        full = len(each.texts) >= MAX_TEXTS if known is None else client not in known.clients
        if full and (known is None or len(known.clients) >= MAX_CLIENTS):
            self.refuse(each, doc, None, "full", "Too many texts are open on this page.", client)
            return
        # First the right, so that nobody hears in a room what they may not read. Then the room, then the text: what is
        # stored in between reaches the room, and is looked for below. With the text the right is looked up once more:
        # one that was lost on the way in leads out again.
        try:
            self._may_open(each, document_id, client)
            if not self.gateway.enter(each, room(document_id)):
                return
            opened = self._open(each, document_id, client, version, epoch)
        except DomainError as error:
            self._drop(each, document_id)
            self.refuse(each, doc, None, "forbidden", error.message)
            return
        except texts.FAILURES:
            if document_id not in each.texts:  # nobody has looked whether it may stay
                self._drop(each, document_id)
            raise
        with self.telling:
            self.told.setdefault(document_id, opened.version)
            self.epochs[document_id] = opened.epoch
        self._joined(each, opened, client)
        if self.told.get(document_id, 0) > opened.version:
            self.stream(each, document_id, opened.version)
        self.gateway.presence.joined(each, document_id)

    def _may_open(self, each: Connection, document_id: int, client: str) -> None:
        """Return where a text may be read in an editor of the person's own. Raises NotFound, Forbidden, Refused."""
        with self.database.reading() as uow:
            actor = self.gateway.actor(uow, each)
            texts.may_read(uow, actor, document_id=document_id)
        if not is_editors(client, actor.person_id):
            raise Refused("forbidden", "This editor carries somebody else's mark.")

    def _open(
        self, each: Connection, document_id: int, client: str, version: int | None, epoch: str | None
    ) -> texts.Opened:
        with self.database.reading() as uow:
            actor = self.gateway.actor(uow, each)
            opened = texts.join(uow, actor, document_id=document_id, version=version, epoch=epoch)
            known = each.texts.get(document_id)
            if known is None:
                stamp = each.stamps.get(opened.group_id) or sockets.stamp(uow, actor, opened.group_id)
                each.stamps[opened.group_id] = stamp
                known = OpenText(opened.group_id, opened.item_id, set(), stamp)
                each.texts[document_id] = known
        known.clients.add(client)
        known.streamed = -1
        return opened

    def _joined(self, each: Connection, opened: texts.Opened, client: str = "") -> None:
        message: dict[str, Any] = {
            "doc": str(opened.document_id), "epoch": opened.epoch, "version": opened.version, "access": opened.access,
        }  # fmt: skip
        if opened.text is not None:
            message["text"] = opened.text
        if opened.reason:
            message["reason"] = opened.reason
        if client:
            message["client"] = client
        self.tell(each.sid, "text:joined", message)

    def pull(self, each: Connection, payload: Any) -> None:
        """``[doc, version]``: answered by text:updates in pieces, as fast as they are read."""
        match payload:
            case [str(doc), int(version)] if (
                (document_id := to_id(doc)) and 0 <= version <= MOST_CHANGES and not isinstance(version, bool)
            ):
                pass
            case _:
                return
        known = each.texts.get(document_id)
        if known is None:
            self.refuse(each, doc, None, "forbidden", "Open the text first.")
            return
        start = version
        if version < known.streamed and time.monotonic() - known.streamed_at < STREAM_SECONDS:
            start = known.streamed
        self.stream(each, document_id, start)

    def stream(self, each: Connection, document_id: int, version: int) -> None:
        """Send the log after a version, piece by piece; at the head an empty piece says that there is nothing more."""
        known = each.texts.get(document_id)
        while known is not None and self._can_read(each):
            try:
                with self.database.reading() as uow:
                    actor = self.gateway.actor(uow, each)
                    found = texts.pull(uow, actor, document_id=document_id, version=version)
            except DomainError as error:
                self._drop(each, document_id)
                self.refuse(each, str(document_id), None, "forbidden", error.message)
                return
            self.tell(each.sid, "text:updates", [str(document_id), version, found])
            version += len(found)
            known.streamed, known.streamed_at = version, time.monotonic()
            if not found or version >= self.told.get(document_id, version):
                return

    def _can_read(self, each: Connection) -> bool:
        """Wait until the connection has read most of what was sent; False when it does not."""
        until = time.monotonic() + PULL_WAIT_SECONDS
        while not each.closing and time.monotonic() < until:
            found = self.gateway.server.eio.sockets.get(each.eio_sid)
            if found is None or found.closed:
                return False
            if found.queue.qsize() < 4 and found.queue.bytes < MOST_UNREAD_BYTES:
                return True
            time.sleep(0.01)
        return False

    def leave(self, each: Connection, payload: Any) -> None:
        """``[doc]``: nothing more is sent of it."""
        match payload:
            case [str(doc)] if document_id := to_id(doc):
                self._drop(each, document_id)
            case _:
                return

    def left(self, each: Connection) -> None:
        """A connection is gone, and its rooms with it."""
        for document_id in list(each.texts):
            each.texts.pop(document_id, None)
            self._tidy(document_id)

    def _drop(self, each: Connection, document_id: int) -> None:
        """Nothing more is sent to a connection of a text, whether it was in its room or not."""
        self.gateway.rooms.leave_room(each.sid, "/", room(document_id))
        if document_id in each.texts:
            self.gateway.presence.left_text(each, document_id)
            each.texts.pop(document_id, None)
        self._tidy(document_id)

    def _tidy(self, document_id: int) -> None:
        with self.telling:
            if not self.gateway.rooms.members(room(document_id)):
                self.told.pop(document_id, None)
                self.epochs.pop(document_id, None)

    # --- pushing ---

    def push(self, each: Connection, payload: Any) -> None:
        """``[doc, baseVersion, client, firstSeq, [changes, …]]``: put into the queue of its text."""
        match payload:
            case [str(doc), int(base), str(client), int(first_seq), list(sources)] if (
                (document_id := to_id(doc)) and not isinstance(base, bool) and not isinstance(first_seq, bool)
            ):
                pass
            case [str(doc), _, _, int(first_seq), *_] if not isinstance(first_seq, bool):
                self.refuse(each, doc[:20], first_seq, "bad", "Not a push.")
                return
            case _:
                return
        known = each.texts.get(document_id)
        if known is None or client not in known.clients:
            self.refuse(each, doc, first_seq, "forbidden", "Open the text first.", client)
            return
        if not all(isinstance(source, str) for source in sources):
            self.refuse(each, doc, first_seq, "bad", "Changes are JSON texts.", client)
            return
        person_id = each.holder.person_id if each.holder is not None else 0
        size = sum(map(len, sources))
        with self.wake:
            count, characters, where = self.loads.get(person_id, (0, 0, frozenset()))
            count, characters, where = count + max(1, len(sources)), characters + size, where | {document_id}
            fits = count <= MOST_WAITING and characters <= MOST_WAITING_CHARACTERS and len(where) <= MOST_WAITING_TEXTS
            if fits:
                self.loads[person_id] = count, characters, where
                self.waiting.setdefault(document_id, []).append(Waiting(each, Push(base, client, first_seq, sources)))
                self.wake.notify()
        if not fits:
            self.refuse(each, doc, first_seq, "retry", RETRY, client)

    def work(self) -> None:
        """Store what waits, tick by tick, for ever."""
        while True:
            with self.wake:
                while not self.waiting and not self.moved:
                    self.wake.wait()
            low, high = WINDOW
            time.sleep(min(max(self.fan_out * WINDOW_SHARE, low), high))
            with self.wake:
                waiting, self.waiting = self.waiting, {}
                self.loads.clear()
                moved, self.moved = self.moved, set()
            for document_id in sorted({*waiting, *moved}):
                pushes = [one for one in waiting.get(document_id, []) if not one.each.closing]
                if not keep_on(partial(self.tick, document_id, pushes), "a tick"):
                    self._one_by_one(document_id, pushes)

    def _one_by_one(self, document_id: int, waiting: list[Waiting]) -> None:
        """After a tick that nobody foresaw to fail: one push that breaks it is not the trouble of the others."""
        for one in waiting:
            if not keep_on(partial(self.tick, document_id, [one]), "a push"):
                self._retry(document_id, [one])

    def tick(self, document_id: int, waiting: list[Waiting]) -> None:
        """Store the pushes of one text by one commit, then tell its room everything it has not been told."""
        if not waiting:
            self.tell_news(document_id)
            return
        try:
            with self.database.writing() as uow:
                holders = {one.each.holder for one in waiting}
                actors = {holder: sockets.actor_of(uow, holder) for holder in holders}
                pushes = [(actors[one.each.holder], one.push) for one in waiting]
                before, answers = texts.push_all(uow, pushes, document_id=document_id)
                missed = self._missed(uow, document_id, before)
        except STORE_FAILURES as error:
            log.warning("a tick was rolled back: %s", type(error).__name__)
            self._retry(document_id, waiting)
            return
        stored = [entry for answer in answers if isinstance(answer, list) for entry in answer]
        if missed or stored:
            self._announce(document_id, before - len(missed), [*missed, *stored])
        head = before + len(stored)
        for one, answer in zip(waiting, answers, strict=True):
            if isinstance(answer, Refused):
                self.refuse(
                    one.each, str(document_id), one.push.first_seq, answer.code, answer.message, one.push.client
                )
            elif not answer:  # all of it was stored before: its sender hears how far the text is, and pulls what is new
                self.tell(one.each.sid, "text:updates", [str(document_id), head, []])

    def _missed(self, uow: UnitOfWork, document_id: int, before: int) -> list[Entry]:
        """What other processes have logged that this one has not told yet."""
        told = self.told.get(document_id)
        if told is None or told >= before:
            return []
        missed: list[Entry] = []
        while told + len(missed) < before:
            at = told + len(missed)
            missed += texts.entries(uow.session, document_id, at, most=before - at)
        return missed

    def _announce(self, document_id: int, version: int, entries: list[Entry]) -> None:
        began = time.monotonic()
        self.told[document_id] = version + len(entries)
        for start in range(0, len(entries), PIECE):
            piece = entries[start : start + PIECE]
            self.tell(room(document_id), "text:updates", [str(document_id), version + start, piece])
        self.fan_out = time.monotonic() - began

    def _retry(self, document_id: int, waiting: Iterable[Waiting]) -> None:
        for one in waiting:
            self.refuse(one.each, str(document_id), one.push.first_seq, "retry", RETRY, one.push.client)

    # --- news from elsewhere ---

    def news(self, document_id: int, version: int) -> None:
        """A text has come to a version, here or on another process: its room is told unless it knows."""
        if self.told.get(document_id, version) < version:
            with self.wake:
                self.moved.add(document_id)
                self.wake.notify()

    def tell_news(self, document_id: int) -> None:
        """Read and tell the rows beyond what the room has been told."""
        told = self.told.get(document_id)
        while told is not None:
            with self.database.reading() as uow:
                found = texts.entries(uow.session, document_id, told)
            if not found:
                return
            self._announce(document_id, told, found)
            told += len(found)

    def look(self) -> None:
        """Look for texts that moved without a fact reaching this process."""
        known = dict(self.told)
        if not known:
            return
        with self.database.reading() as uow:
            heads = texts.heads(uow.session, list(known))
        for document_id, (version, epoch) in heads.items():
            if self.epochs.get(document_id, epoch) != epoch:
                self.reset(document_id)
            self.news(document_id, version)

    def reset(self, document_id: int) -> None:
        """Rights, or the text itself, have changed: everyone in the room is told where they stand now."""
        for sid, _ in self.gateway.rooms.members(room(document_id)):
            each = self.gateway.connections.by_sid.get(sid)
            if each is None:
                continue
            epoch = self.epochs.get(document_id)
            try:
                with self.database.reading() as uow:
                    actor = self.gateway.actor(uow, each)
                    opened = texts.join(uow, actor, document_id=document_id, version=0, epoch=epoch)
            except DomainError as error:
                self._drop(each, document_id)
                self.refuse(each, str(document_id), None, "forbidden", error.message)
                continue
            self._joined(each, opened)

    # --- answers ---

    def tell(self, to: str, event: str, payload: Any) -> None:
        """Send an event to a room or to one connection."""
        self.gateway.rooms.emit(event, payload, "/", to=to)

    def refuse(
        self, each: Connection, doc: str, first_seq: int | None, code: str, detail: str, client: str | None = None
    ) -> None:
        """Tell one connection that something was not taken, and why; with ``client``, of which of its editors."""
        more = [] if client is None else [client[:LONGEST_CLIENT]]
        self.tell(each.sid, "text:refused", [doc, first_seq, code, detail, *more])
