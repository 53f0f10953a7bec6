"""From facts to hints: the only file that knows both facts and rooms. A hint names a topic, never a score or a name."""

from __future__ import annotations

from flask_socketio import SocketIO

from app import events
from app.events import Bus, Fact


def topics(fact: Fact) -> list[str]:
    """The topics a fact concerns; a page that watches one of them asks again."""
    match fact:
        case events.ItemChanged(group_id, item_id):
            return [f"items-{group_id}", f"item-{item_id}"]
        case events.TreeChanged(group_id):
            return [f"items-{group_id}"]
        case events.PeopleChanged(group_id):
            return [f"people-{group_id}"]
        case events.EvidenceChanged(group_id):
            return [f"evidence-{group_id}"]
        case events.MeetingChanged(group_id, meeting_id):
            return [f"meetings-{group_id}", f"meeting-{meeting_id}"]
        case events.PollChanged(_, meeting_id, _):
            return [f"meeting-{meeting_id}"]
        case events.VersionFrozen(group_id, _):
            return [f"versions-{group_id}"]
        case events.RoundChanged(group_id, _):
            return [f"validation-{group_id}"]
        case _:
            return []


def hints(fact: Fact) -> list[tuple[str, str]]:
    """Every hint of a fact with the room it goes to: a topic's own, and for one item also the blueprint it stands in.

    A page of two hundred cards watches its blueprint once and is told which card to ask for again.
    """
    own = [(topic, topic) for topic in topics(fact)]
    match fact:
        case events.ItemChanged(group_id, item_id) | events.TextChanged(group_id, item_id=int(item_id)):
            return [*own, (f"item-{item_id}", f"items-{group_id}")]
        case _:
            return own


def install(bus: Bus, socketio: SocketIO) -> None:
    """Listen to all facts and hint to the rooms they concern."""

    def relay(fact: Fact) -> None:
        for topic, room in hints(fact):
            socketio.emit("changed", {"topic": topic}, to=room)

    bus.listen(relay)
