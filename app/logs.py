"""Logs as one JSON object a line, with the request's id and without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

#: What never reaches a log line: tokens in addresses, codes and passwords in forms, whatever is long and random enough
#: to be a key, and people's addresses.
_SECRET = re.compile(
    r"(?i)(?P<ip>\bip=)[\w.:]+\b"
    r"|(?P<before>/(?:r|screen|opinion|join|stop|calendar|welcome|invitation|reset|sign-in/link)/)[\w-]+"
    r"|(?P<name>\b(?:token|password|code|secret|csrf)[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
    r"|(?P<login>\w+://[^:/@\s]*:)[^@/\s]+(?=@)"
    r"|[\w-]{40,}"
    r"|[^\s@\"'<>()=:/]{1,64}@[\w-]+(?:\.[\w-]+)+"
)


def redact(text: str) -> str:
    """The text with tokens, passwords, e-mail and network addresses replaced by dots."""
    return _SECRET.sub(
        lambda found: (found["ip"] or found["before"] or found["name"] or found["login"] or "") + "…", text
    )


class JsonFormatter(logging.Formatter):
    """One line per event; line breaks in what users sent stay inside the JSON string."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if request_id.get():
            line["request"] = request_id.get()
        fields: dict[str, object] = getattr(record, "fields", {})
        line.update({name: redact(value) if isinstance(value, str) else value for name, value in fields.items()})
        if record.exc_info:
            line["trace"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def configure(level: str) -> None:
    """Send all logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("engineio.server", "socketio.server", "werkzeug", "alembic"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
