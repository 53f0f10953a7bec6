"""Settings from the environment: read once, all faults reported together, the only reader of ``os.environ``."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit


class Mode(StrEnum):
    """Demonstration (invented people, mail as files) or production."""

    DEMO = "demo"
    PRODUCTION = "production"


class SettingsError(Exception):
    """The environment cannot be used; ``faults`` holds one sentence for each reason."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


#: Every setting: field, environment name, default, what it is. docs/settings.md is held against this list by a test.
SETTINGS: tuple[tuple[str, str, str, str], ...] = (
    ("mode", "CONCORDAT_MODE", "", "`demo` or `production`; must be given, except to `make run`, which says demo"),
    ("host", "HOST", "127.0.0.1", "address to listen on"),
    ("port", "PORT", "8000", "port to listen on, 1 to 65535"),
    ("data", "CONCORDAT_DATA", "var", "folder for the database, the outbox and the secret of the demo"),
    ("database_url", "DATABASE_URL", "", "`postgresql://…`; without it SQLite in the data folder"),
    ("redis_url", "REDIS_URL", "", "`redis://…` when several web processes share hints and limits"),
    ("secret", "CONCORDAT_SECRET", "", "at least 32 characters; required in production, made once in demo"),
    ("base_url", "CONCORDAT_BASE_URL", "", "address that people type, for links and join codes; https in production"),
    ("smtp_url", "CONCORDAT_SMTP_URL", "", "`smtp://user:password@host:587` or `smtps://…`; required in production"),
    ("mail_from", "CONCORDAT_MAIL_FROM", "Concordat <concordat@example.org>", "sender of all mails"),
    ("controller", "CONCORDAT_CONTROLLER", "the organisation that runs this server", "named on the privacy page"),
    ("contact", "CONCORDAT_CONTACT", "privacy@example.org", "contact on the privacy page and in information sheets"),
    ("retention_days", "CONCORDAT_RETENTION_DAYS", "365", "days to keep ended sign-ins and experts' names, 1 to 3650"),
    ("proxy_hops", "CONCORDAT_PROXY_HOPS", "0", "number of trusted proxies in front, 0 to 5"),
    ("max_sockets", "CONCORDAT_MAX_SOCKETS", "400", "open live connections, 10 to 5000; each holds a thread"),
    ("sockets_per_address", "CONCORDAT_SOCKETS_PER_ADDRESS", "100", "live connections from one address, 1 to 5000"),
    ("log_level", "CONCORDAT_LOG_LEVEL", "INFO", "`DEBUG`, `INFO`, `WARNING` or `ERROR`"),
)


#: The database's name in the data folder.
SQLITE_FILE = "concordat.sqlite3"

#: Hosts that mean "on every address of this machine".
EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104  # compared, not bound


@dataclass(frozen=True)
class Settings:
    """Checked settings. Paths are absolute; ``database_url`` is ready for SQLAlchemy."""

    mode: Mode
    host: str
    port: int
    data: Path
    database_url: str
    redis_url: str
    secret: str = field(repr=False)
    base_url: str = ""
    smtp_url: str = field(default="", repr=False)
    mail_from: str = "Concordat <concordat@example.org>"
    controller: str = "the organisation that runs this server"
    contact: str = "privacy@example.org"
    retention_days: int = 365
    proxy_hops: int = 0
    max_sockets: int = 400
    sockets_per_address: int = 100
    log_level: str = "INFO"

    @property
    def is_demo(self) -> bool:
        """Whether this server shows invented people and lets anyone enter as one of them."""
        return self.mode is Mode.DEMO

    @property
    def is_https(self) -> bool:
        """Whether people reach the server by https: decides Secure and __Host- of cookies."""
        return self.base_url.startswith("https://")

    @property
    def leads_nowhere(self) -> bool:
        """Whether links say "this machine" though other machines can reach the server."""
        return self.host in EVERYWHERE and self.base_url == f"http://127.0.0.1:{self.port}"

    @property
    def outbox(self) -> Path:
        """Where the demo writes its mails as files."""
        return self.data / "outbox"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, first: bool = True) -> Settings:
        """Read and check the environment; in demo make the secret once in the data folder (mode 0600).

        With ``first`` the data folder is made where it is missing; without it, a folder that should hold the database
        or the secret and does not is a fault, and nothing is made in it: its name is probably misspelt.

        Raises SettingsError with every fault found, so that one start shows them all.
        """
        environ = os.environ if environ is None else environ
        known = {name for _, name, _, _ in SETTINGS}
        faults = [
            f"{name} is not a setting; see docs/settings.md"
            for name in sorted(environ)
            if name.startswith("CONCORDAT_") and name not in known
        ]
        raw = {field_: environ.get(name, "").strip() or default for field_, name, default, _ in SETTINGS}
        return _Check(raw, faults, first).settings()


@dataclass
class _Check:
    raw: dict[str, str]
    faults: list[str]
    first: bool

    def number(self, name: str, env: str, low: int, high: int) -> int:
        text = self.raw[name]
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        self.faults.append(f"{env} is {text!r}; it must be a whole number from {low} to {high}")
        return low

    def settings(self) -> Settings:
        raw, faults = self.raw, self.faults
        production = raw["mode"] == "production"
        if raw["mode"] not in {"demo", "production"}:
            said = repr(raw["mode"]) if raw["mode"] else "not set"
            faults.append(f"CONCORDAT_MODE is {said}; it must be demo or production")
        port = self.number("port", "PORT", 1, 65535)
        retention = self.number("retention_days", "CONCORDAT_RETENTION_DAYS", 1, 3650)
        hops = self.number("proxy_hops", "CONCORDAT_PROXY_HOPS", 0, 5)
        sockets = self.number("max_sockets", "CONCORDAT_MAX_SOCKETS", 10, 5000)
        per_address = self.number("sockets_per_address", "CONCORDAT_SOCKETS_PER_ADDRESS", 1, 5000)
        if raw["log_level"] not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            faults.append(f"CONCORDAT_LOG_LEVEL is {raw['log_level']!r}; it must be DEBUG, INFO, WARNING or ERROR")
        base_url = self.base_url(production, port)
        smtp = raw["smtp_url"]
        if production and not smtp:
            faults.append("CONCORDAT_SMTP_URL must be set in production")
        if smtp and (urlsplit(smtp).scheme not in {"smtp", "smtps"} or not urlsplit(smtp).hostname):
            faults.append(
                "CONCORDAT_SMTP_URL must read smtp://user:password@host:587 or smtps://user:password@host:465"
            )
        if production and not 32 <= len(raw["secret"]) <= 500:
            faults.append("CONCORDAT_SECRET must be set in production, with at least 32 characters")
        elif production and len(set(raw["secret"])) < 10:
            faults.append("CONCORDAT_SECRET is too plain; make one with: openssl rand -base64 48")
        if production and raw["redis_url"] and not urlsplit(raw["redis_url"]).password:
            faults.append("REDIS_URL must carry a password in production")
        data = Path(raw["data"]).absolute()
        database_url = self.database_url(data)
        self.prepare(data)
        if faults:
            raise SettingsError(faults)
        return Settings(
            mode=Mode(raw["mode"]), host=raw["host"], port=port, data=data, database_url=database_url,
            redis_url=raw["redis_url"], secret=raw["secret"] or _kept_secret(data), base_url=base_url, smtp_url=smtp,
            mail_from=raw["mail_from"], controller=raw["controller"], contact=raw["contact"],
            retention_days=retention, proxy_hops=hops, max_sockets=sockets, sockets_per_address=per_address,
            log_level=raw["log_level"],
        )  # fmt: skip

    def base_url(self, production: bool, port: int) -> str:
        given = self.raw["base_url"].rstrip("/")
        if not given:
            if production:
                self.faults.append("CONCORDAT_BASE_URL must be set in production")
            host = self.raw["host"]
            shown = "127.0.0.1" if host in EVERYWHERE else host
            return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
            self.faults.append("CONCORDAT_BASE_URL must read https://name, without a path")
        elif production and parts.scheme != "https":
            self.faults.append("CONCORDAT_BASE_URL must begin with https:// in production")
        return given

    def database_url(self, data: Path) -> str:
        given = self.raw["database_url"]
        if not given:
            return f"sqlite:///{data / SQLITE_FILE}"
        scheme = urlsplit(given).scheme
        if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
            return "postgresql+psycopg://" + given.split("://", 1)[1]
        if scheme == "sqlite":
            return given
        self.faults.append(f"DATABASE_URL begins with {scheme or 'nothing'}://; it must be postgresql:// or sqlite:///")
        return given

    def prepare(self, data: Path) -> None:
        if not self.first and not self.raw["database_url"] and not (data / SQLITE_FILE).exists():
            self.faults.append(f"there is no database in {data}; correct CONCORDAT_DATA, or run: concordat migrate")
            return
        if not self.first and not data.exists():
            if not self.raw["secret"]:
                self.faults.append(f"CONCORDAT_DATA: there is no folder {data}; correct it, or run: concordat migrate")
            return
        try:
            if not data.is_dir():
                data.mkdir(mode=0o700, parents=True)
            probe = data / f".probe-{secrets.token_hex(4)}"
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            self.faults.append(f"CONCORDAT_DATA: the folder {data} cannot be written ({error.strerror})")


def _kept_secret(data: Path) -> str:
    path = data / "secret"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret
