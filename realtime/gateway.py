"""The live server: who connects, with which right, and where refusals go."""

from __future__ import annotations

from typing import Any

from flask import Flask, request, session
from flask_socketio import SocketIO, join_room
from flask_wtf.csrf import validate_csrf
from socketio.exceptions import ConnectionRefusedError as Refused
from wtforms.validators import ValidationError

from app.policy import Actor, Can, standing
from app.services import accounts, meetings
from app.uow import Database, UnitOfWork

PROTOCOL = 1
#: Topics whose number is a group's id: anyone who may read the group may watch them.
GROUP_TOPICS = ("group", "items", "people", "evidence", "meetings", "versions", "validation")


class Gateway:
    """Connections and their sign-ins; every message loads the actor fresh."""

    def __init__(self, socketio: SocketIO, database: Database) -> None:
        self.socketio = socketio
        self.database = database
        self.sign_ins: dict[str, int] = {}

    def actor(self, uow: UnitOfWork, sid: str) -> Actor:
        """Who a socket stands for at this moment; a visitor once its sign-in is over."""
        return accounts.actor_of_sign_in(uow.session, self.sign_ins.get(sid, 0), uow.now)

    def connect(self, auth: Any) -> None:
        """Accept a signed-in browser that shows its page's CSRF token."""
        given = auth if isinstance(auth, dict) else {}
        if given.get("protocol") != PROTOCOL:
            raise Refused("protocol")
        try:
            validate_csrf(given.get("csrf") if isinstance(given.get("csrf"), str) else None)
        except ValidationError:
            raise Refused("csrf") from None
        with self.database.reading() as uow:
            actor = accounts.actor_of_cookie(uow.session, uow.keys, session.get("sign_in"), uow.now)
        if actor.sign_in_id is None:
            raise Refused("sign in")
        self.sign_ins[request.sid] = actor.sign_in_id  # type: ignore[attr-defined]  # set by Flask-SocketIO
        join_room(f"sign-in-{actor.sign_in_id}")
        join_room(f"person-{actor.person_id}")

    def watch(self, topics: Any) -> None:
        """Join the rooms of the topics the actor may read; others are passed over without a word."""
        if not isinstance(topics, list) or len(topics) > 50:
            return
        with self.database.reading() as uow:
            actor = self.actor(uow, request.sid)  # type: ignore[attr-defined]
            for topic in topics:
                noun, _, number = topic.rpartition("-") if isinstance(topic, str) else ("", "", "")
                if not (number.isascii() and number.isdigit() and len(number) < 12):
                    continue
                if noun in GROUP_TOPICS:
                    found = standing(uow.session, actor, int(number))
                    if found is not None and found.role is not None:
                        join_room(topic)
                elif noun == "meeting" and meetings.may_watch(uow.session, actor, int(number)):
                    join_room(topic)

    def disconnect(self) -> None:
        """Forget a socket."""
        self.sign_ins.pop(request.sid, None)  # type: ignore[attr-defined]


def create(app: Flask, database: Database) -> SocketIO:
    """The live server on the application, with hints; text and presence are added by their own files."""
    settings = database.settings
    socketio = SocketIO(
        app,
        async_mode="threading",
        async_handlers=False,
        manage_session=False,
        serializer="msgpack",  # type: ignore[call-arg]  # handed on to the Socket.IO server
        cors_allowed_origins=[settings.base_url],
        max_http_buffer_size=256 * 1024,
        message_queue=settings.redis_url or None,
    )
    gateway = Gateway(socketio, database)
    socketio.on_event("connect", gateway.connect)
    socketio.on_event("hint:watch", gateway.watch)
    socketio.on_event("disconnect", lambda *_: gateway.disconnect())
    app.extensions["concordat.gateway"] = gateway
    return socketio


__all__ = ["PROTOCOL", "Can", "Gateway", "create"]
