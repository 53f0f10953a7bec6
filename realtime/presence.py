"""Who is where: carets in a text, merged every 100 ms, and who is here in a group. Nothing of it is stored.

A browser says only where its caret is; who it belongs to is the server's word.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.calc.changes import MAX_TEXT_UNITS
from realtime.connections import Connection
from realtime.threads import keep_on

if TYPE_CHECKING:
    from realtime.gateway import Gateway

MERGE_SECONDS = 0.1
#: Most carets told of one text at once.
MOST = 400

#: client, anchor, head, person: as browsers get it.
Caret = list[Any]


class Presence:
    """The carets and the people of this process."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.lock = threading.Lock()
        self.due = threading.Event()
        #: By text: what is to be told of each client, and what was told last.
        self.fresh: dict[int, dict[str, tuple[int, Caret]]] = {}
        self.last: dict[int, dict[str, tuple[int, Caret]]] = {}
        self.groups: set[int] = set()
        self.thread: threading.Thread | None = None

    def register(self) -> None:
        """Take the event of carets."""
        self.gateway.handle("text:presence", self.moved)

    def start(self) -> None:
        """Start the thread that tells."""
        self.thread = threading.Thread(target=self.work, name="live-presence", daemon=True)
        self.thread.start()

    # --- carets ---

    def moved(self, each: Connection, payload: Any) -> None:
        """``[doc, client, version, anchor, head]``; what is out of range is not shown."""
        match payload:
            case [str(doc), str(client), int(version), anchor, head] if (
                doc.isascii() and doc.isdigit() and len(doc) < 10 and not isinstance(version, bool)
            ):
                document_id = int(doc)
            case _:
                return
        known = each.texts.get(document_id)
        told = self.gateway.texts.told.get(document_id, 0)
        if known is None or client not in known.clients or not 0 <= version <= told:
            return
        if not (_is_place(anchor) and _is_place(head)):
            return
        with self.lock:
            if known.present not in {"", client}:
                self._forget(document_id, known.present, known.stamp)
            known.present = client
            self._note(document_id, client, version, [client, anchor, head, asdict(known.stamp)])

    def _note(self, document_id: int, client: str, version: int, caret: Caret) -> None:
        self.fresh.setdefault(document_id, {})[client] = (version, caret)
        self.due.set()

    def _forget(self, document_id: int, client: str, stamp: Any) -> None:
        version, _ = self.last.get(document_id, {}).pop(client, (0, None))
        self._note(document_id, client, version, [client, None, None, asdict(stamp)])

    def joined(self, each: Connection, document_id: int) -> None:
        """Somebody has opened a text: they are told where the others are."""
        with self.lock:
            carets = list(self.last.get(document_id, {}).values())
        for version, together in _by_version(carets).items():
            self.gateway.texts.tell(each.sid, "text:presence", [str(document_id), version, together])
        self.here_changed(each.texts[document_id].group_id if document_id in each.texts else 0)

    def left_text(self, each: Connection, document_id: int) -> None:
        """Somebody has closed a text: their caret goes."""
        known = each.texts.get(document_id)
        if known is None:
            return
        with self.lock:
            if known.present:
                self._forget(document_id, known.present, known.stamp)
        self.here_changed(known.group_id)

    # --- who is here ---

    def here_changed(self, group_id: int) -> None:
        """Somebody has come, gone or turned to another item of a group."""
        with self.lock:
            self.groups.add(group_id)
        self.due.set()

    def left(self, each: Connection) -> None:
        """A connection is gone."""
        for document_id in list(each.texts):
            self.left_text(each, document_id)
        for group_id in list(each.stamps):
            self.here_changed(group_id)

    def here(self, group_id: int) -> list[dict[str, Any]]:
        """Who has a page of a group open: ``person, name, initials, tag, item``, by name, each person once."""
        found: dict[int, dict[str, Any]] = {}
        for each in self.gateway.connections.all():
            stamp = each.stamps.get(group_id)
            if stamp is None or each.closing:
                continue
            items = [text.item_id for text in list(each.texts.values()) if text.group_id == group_id and text.item_id]
            line = found.setdefault(
                stamp.id,
                {"person": stamp.id, "name": stamp.name, "initials": stamp.initials, "tag": stamp.tag, "item": None},
            )
            if items:
                line["item"] = items[-1]
        return sorted(found.values(), key=lambda line: (line["name"], line["person"]))

    # --- telling ---

    def work(self) -> None:
        """Tell what is new, at most ten times a second, for ever."""
        while True:
            self.due.wait()
            time.sleep(MERGE_SECONDS)
            self.due.clear()
            keep_on(self.tell, "telling who is where")

    def tell(self) -> None:
        """Tell the rooms what has changed since they were told last."""
        with self.lock:
            fresh, self.fresh = self.fresh, {}
            groups, self.groups = self.groups, set()
            for document_id, carets in fresh.items():
                kept = self.last.setdefault(document_id, {})
                for client, (version, caret) in carets.items():
                    if caret[2] is None:
                        kept.pop(client, None)
                    elif len(kept) < MOST:
                        kept[client] = (version, caret)
                if not kept:
                    self.last.pop(document_id)
        for document_id, carets in fresh.items():
            for version, together in _by_version(list(carets.values())).items():
                self.gateway.texts.tell(f"text-{document_id}", "text:presence", [str(document_id), version, together])
        for group_id in groups:
            if self.gateway.rooms.members(f"here-{group_id}"):
                self.gateway.texts.tell(f"here-{group_id}", "presence:here", self.here(group_id))


def to_id(doc: str) -> int:
    """A document's id from the wire, or 0."""
    return int(doc) if doc.isascii() and doc.isdigit() and len(doc) < 10 and not doc.startswith("0") else 0


def _is_place(value: Any) -> bool:
    return value is None or (type(value) is int and 0 <= value <= MAX_TEXT_UNITS)


def _by_version(carets: list[tuple[int, Caret]]) -> dict[int, list[Caret]]:
    found: dict[int, list[Caret]] = {}
    for version, caret in carets[:MOST]:
        found.setdefault(version, []).append(caret)
    return found
