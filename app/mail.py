"""Mails: composed from templates/email, written as jobs in the use case's transaction, sent by the worker."""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import asdict, dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime, make_msgid
from functools import lru_cache
from pathlib import Path
from textwrap import wrap
from typing import Any, Literal, Protocol
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.clock import Clock, utc_now
from app.config import Settings
from app.errors import Invalid
from app.jobs import enqueue
from app.uow import UnitOfWork

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "email"


@dataclass(frozen=True)
class Mail:
    """One plain-text mail to one address.

    ``unsubscribe`` is the link that stops its kind by one POST (RFC 8058), ``calendar`` an entry for calendars.
    """

    to: str
    subject: str
    text: str
    unsubscribe: str = ""
    calendar: str = ""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Plain text, never shown as HTML: escaping would show &amp; to the reader.
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


#: What people's addresses look like: the dot-atom and the host name of RFC 5321, 4.1.2, without quoted parts.
_ATOM, _LABEL = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+", "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", re.ASCII)
_LONGEST_ADDRESS = 254


def check_address(address: str) -> str:
    """The address in lower case if one mail can be sent to it; raises Invalid for anything else."""
    address = address.strip().lower()
    # An encoded word would be read as other addresses by whatever sends the mail.
    if len(address) > _LONGEST_ADDRESS or "=?" in address or not _ADDRESS.fullmatch(address):
        sentence = "Enter an e-mail address, like name@example.org"
        raise Invalid(sentence, fields={"email": sentence})
    return address


def compose(template: str, to: str, **values: Any) -> Mail:
    """A mail from ``templates/email/<template>.txt``, whose first line is the subject."""
    whole = _environment().get_template(f"{template}.txt").render(**values)
    subject, _, text = whole.partition("\n")
    subject = " ".join(subject.split())
    more = {name: values[name] for name in ("unsubscribe", "calendar") if name in values}
    return Mail(to=to, subject=subject, text=text.strip() + "\n", **more)


def send(
    uow: UnitOfWork,
    mail: Mail,
    *,
    key: str | None = None,
    group_id: int | None = None,
    member_id: int | None = None,
    what: Literal["news", "all"] = "all",
    until: datetime | None = None,
) -> None:
    """Have the worker send a mail after the commit; with a ``key``, at most once.

    One for a member of its group waits while a session of it runs, and goes after what they were sent there before, so
    that of two days the later word comes last; not to who has left the list ``what``, which it belongs to, before it
    goes. After ``until`` none is sent.
    """
    if member_id is None:
        enqueue(uow, "mail", asdict(mail), key=key, group_id=group_id, until=until)
        return
    payload = {"mail": asdict(mail), "group_id": group_id, "person_id": member_id, "what": what}
    lane = f"mail-{group_id}-{member_id}"
    enqueue(uow, "patient_mail", payload, key=key, group_id=group_id, until=until, lane=lane)


#: Answers of a mail server from here on will be no other later (RFC 5321, 4.2.1).
_FOR_GOOD = 500


def passes(error: Exception) -> bool:
    """Whether what kept a mail from being sent may be over later: a server that is away or busy, a password to change.

    A server that refuses this address or this mail for good does not.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code < _FOR_GOOD for code, _said in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException) and not isinstance(error, smtplib.SMTPAuthenticationError):
        return error.smtp_code < _FOR_GOOD
    return isinstance(error, (OSError, smtplib.SMTPException))


#: The kinds of jobs that send a mail.
KINDS = ("mail", "patient_mail", "seat_mail")


class Mailer(Protocol):
    """Something that delivers a mail or raises OSError/SMTPException."""

    def deliver(self, mail: Mail) -> None: ...


class _AsItIs(UnstructuredHeader):
    """A header whose address is longer than a line: broken up or encoded, mail programs would not find it."""

    def fold(self, *, policy: Policy[Any]) -> str:
        """The header on one line, as standards allow up to 998 characters."""
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]  # the registry adds the name


class _Subject(UnstructuredHeader):
    """A subject whose words begin beside its name: Python would leave that line empty where they fit on the next one,
    and what reads it as written then shows a blank, or nothing, first."""

    def fold(self, *, policy: Policy[Any]) -> str:
        """The header in lines of at most 78 characters (RFC 5322, 2.1.1), 76 where words are encoded (RFC 2047, 2)."""
        name, words, begins = self.name, str(self), len(self.name) + 2  # type: ignore[attr-defined]  # as above
        if words.isascii() and max(map(len, words.split(" "))) + begins <= _LINE:
            lines = wrap(f"{name}: {words}", _LINE, subsequent_indent=" ", break_on_hyphens=False)
            return policy.linesep.join(lines) + policy.linesep
        encoded = Header(words, "utf-8", maxlinelen=_ENCODED_LINE, header_name=name).encode(linesep=policy.linesep)
        return f"{name}: {encoded}{policy.linesep}"


_LINE, _ENCODED_LINE = 78, 76
_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("subject", _Subject)  # type: ignore[arg-type]  # as below
_HEADERS.map_to_type("list-unsubscribe", _AsItIs)  # type: ignore[arg-type]  # the registry makes it a BaseHeader


def message(settings: Settings, mail: Mail, clock: Clock = utc_now) -> EmailMessage:
    """The mail as it travels. EmailMessage refuses line breaks in headers."""
    made = EmailMessage(policy=SMTP.clone(header_factory=_HEADERS))
    made["From"] = settings.mail_from
    made["To"] = mail.to
    made["Subject"] = mail.subject
    made["Date"] = format_datetime(clock())
    made["Message-ID"] = make_msgid(domain=urlsplit(settings.base_url).hostname or "localhost")
    made["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe:
        made["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(mail.text)
    if mail.calendar:
        made.add_attachment(mail.calendar, subtype="calendar", filename="session.ics", params={"method": "PUBLISH"})
    return made


class Outbox:
    """Mails as files in the data folder, for the demo: nothing leaves the machine."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock

    def deliver(self, mail: Mail) -> None:
        """Write one ``.eml`` file, whole or not at all."""
        folder = self.settings.outbox
        folder.mkdir(parents=True, exist_ok=True)
        made = message(self.settings, mail, self.clock)
        name = f"{self.clock():%Y%m%dT%H%M%S%f}.eml"
        part = folder / (name + ".part")
        part.write_bytes(bytes(made))
        part.replace(folder / name)


class SmtpMailer:
    """Delivery by SMTP with TLS: STARTTLS on smtp://, TLS from the first byte on smtps://."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def deliver(self, mail: Mail) -> None:
        """Hand one mail to the server; raises OSError or SMTPException when it does not take it."""
        url = urlsplit(self.settings.smtp_url)
        host, user = url.hostname or "", unquote(url.username or "")
        context = ssl.create_default_context()
        if url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=30, context=context)
        else:
            server = smtplib.SMTP(host, url.port or 587, timeout=30)
        with server:
            if url.scheme == "smtp" and host not in {"localhost", "127.0.0.1"}:
                server.starttls(context=context)
            if user:
                server.login(user, unquote(url.password or ""))
            server.send_message(message(self.settings, mail))


def mailer(settings: Settings) -> Mailer:
    """The way out for this server: SMTP where it is set, the outbox otherwise (demo only)."""
    return SmtpMailer(settings) if settings.smtp_url else Outbox(settings)
