"""From facts to rooms: the only file that knows both. A hint names a topic, never a score or a name.

With Redis, facts go to the other processes too. They say only that something happened: whoever hears one looks in the
database, so a lost message costs at most the two seconds until the gateway looks by itself.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from dataclasses import asdict
from typing import Any

import redis

from app import events
from app.events import Bus, Fact
from realtime.gateway import Gateway

log = logging.getLogger("concordat.live")

CHANNEL = "concordat:facts"
#: A text that is being written is hinted at most this often to those who do not have it open.
TEXT_HINT_SECONDS = 0.5

#: A room and the topic it is told.
Hint = tuple[str, str]


def hints(fact: Fact) -> list[Hint]:  # noqa: PLR0912  # one branch for each kind of fact
    """The rooms a fact concerns and the topic each is told; a page that watches one of them asks again."""
    match fact:
        case events.ItemChanged(group_id, item_id):
            item = f"item-{item_id}"
            return [_same(f"items-{group_id}"), (f"items-{group_id}", item), _same(item)]
        case events.TextChanged(group_id, _, item_id, _, _) if item_id is not None:
            return [(f"items-{group_id}", f"item-{item_id}"), _same(f"item-{item_id}")]
        case events.TextChanged(_, _, _, meeting_id, _) | events.PollChanged(_, meeting_id, _) if (
            meeting_id is not None
        ):
            return [_same(f"meeting-{meeting_id}")]
        case events.WordsRestored(group_id, item_id):
            return [(f"items-{group_id}", f"restored-{item_id}"), (f"item-{item_id}", f"restored-{item_id}")]
        case events.TreeChanged(group_id):
            return [_same(f"items-{group_id}")]
        case events.PeopleChanged(group_id):
            return [_same(f"people-{group_id}")]
        case events.EvidenceChanged(group_id):
            return [_same(f"evidence-{group_id}")]
        case events.GlossaryChanged(group_id):
            return [_same(f"glossary-{group_id}"), _same(f"items-{group_id}")]
        case events.MeetingChanged(group_id, meeting_id):
            return [_same(f"meetings-{group_id}"), _same(f"meeting-{meeting_id}")]
        case events.DecisionRecorded(group_id, _) | events.SoundingChanged(group_id, _):
            return [_same(f"meetings-{group_id}")]
        case events.VersionFrozen(group_id, _):
            return [_same(f"versions-{group_id}")]
        case events.RoundChanged(group_id, _) | events.ConsultationChanged(group_id, _):
            return [_same(f"validation-{group_id}")]
        case _:
            return []


def _same(topic: str) -> Hint:
    return topic, topic


class Relay:
    """Listens to the facts of this process and of the others."""

    def __init__(self, gateway: Gateway, redis_url: str) -> None:
        self.gateway = gateway
        self.name = secrets.token_hex(8)
        self.redis = redis.Redis.from_url(redis_url, socket_timeout=2, socket_connect_timeout=2) if redis_url else None
        self.lock = threading.Lock()
        self.hinted: dict[Hint, float] = {}
        self.later: set[Hint] = set()
        self.timer: threading.Timer | None = None

    def heard(self, fact: Fact) -> None:
        """A fact of this process."""
        self.act(fact)
        if self.redis is not None:
            message = {"from": self.name, "fact": type(fact).__name__, "fields": asdict(fact)}
            try:
                self.redis.publish(CHANNEL, json.dumps(message))
            except redis.RedisError as error:
                log.warning("Redis did not take a fact: %s", type(error).__name__)

    def act(self, fact: Fact) -> None:
        """Tell the rooms of this process."""
        match fact:
            case events.TextChanged(_, document_id, _, _, version):
                self.gateway.texts.news(document_id, version)
                for hint in hints(fact):
                    self.soon(hint)
                return
            case events.DocumentReset(_, document_id):
                self.gateway.texts.reset(document_id)
            case events.MembershipEnded(_, person_id):
                self.gateway.end(person_id=person_id)
            case events.SignInEnded(person_id, sign_in_id):
                self.gateway.end(person_id=person_id, sign_in_id=sign_in_id)
            case events.MeetingChanged(_, meeting_id):
                self.gateway.look_again(meeting_id)
            case _:
                pass
        for hint in hints(fact):
            self.hint(hint)

    def hint(self, hint: Hint) -> None:
        """Tell a room a topic."""
        room, topic = hint
        self.gateway.rooms.emit("changed", {"topic": topic}, "/", to=room)

    def soon(self, hint: Hint) -> None:
        """Tell a room a topic, now or when the last time is long enough ago."""
        now = time.monotonic()
        with self.lock:
            if now - self.hinted.get(hint, 0.0) < TEXT_HINT_SECONDS:
                self.later.add(hint)
                if self.timer is None:
                    self.timer = threading.Timer(TEXT_HINT_SECONDS, self._flush)
                    self.timer.daemon = True
                    self.timer.start()
                return
            self.hinted[hint] = now
        self.hint(hint)

    def _flush(self) -> None:
        now = time.monotonic()
        with self.lock:
            self.timer = None
            due, self.later = self.later, set()
            self.hinted = {hint: at for hint, at in self.hinted.items() if now - at < TEXT_HINT_SECONDS}
            self.hinted.update(dict.fromkeys(due, now))
        for hint in due:
            self.hint(hint)

    # --- the other processes ---

    def start(self) -> None:
        """Listen to Redis, where there is one."""
        if self.redis is not None:
            threading.Thread(target=self.listen, name="live-redis", daemon=True).start()

    def listen(self) -> None:
        """Take in the facts of other processes, for ever; reconnect when Redis comes back."""
        while not self.gateway.stopping.is_set():
            try:
                self._listen()
            except redis.RedisError as error:
                log.warning("Redis is not there: %s", type(error).__name__)
                time.sleep(1)

    def _listen(self) -> None:
        assert self.redis is not None  # noqa: S101  # start() has seen to it
        with self.redis.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]  # untyped there
            channel.subscribe(CHANNEL)
            # What was said while nobody listened is in the database.
            self.gateway.look()
            while not self.gateway.stopping.is_set():
                message = channel.get_message(timeout=1.0)
                if message is not None and message["type"] == "message":
                    fact = self.read(message["data"])
                    if fact is not None:
                        self.act(fact)

    def read(self, data: bytes) -> Fact | None:
        """A fact of another process; None for one of this process's own, or for what is none."""
        try:
            message: dict[str, Any] = json.loads(data)
            kind = {one.__name__: one for one in Fact.__subclasses__()}[message["fact"]]
            return None if message["from"] == self.name else kind(**message["fields"])
        except (ValueError, KeyError, TypeError):
            log.warning("a message on Redis was no fact")
            return None


def install(bus: Bus, gateway: Gateway) -> None:
    """Listen to all facts and tell the rooms they concern."""
    relay = Relay(gateway, gateway.database.settings.redis_url)
    gateway.on_waking.append(relay.start)
    bus.listen(relay.heard)
