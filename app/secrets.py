"""Random tokens and keyed hashes. The database holds only hashes; the key is outside it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode


def new_token() -> str:
    """A random token of 256 bits, safe in an address."""
    return secrets.token_urlsafe(32)


def new_nonce() -> str:
    """A random mark of 96 bits in hexadecimal."""
    return secrets.token_hex(12)


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(1_000_000):06d}"


def new_id() -> int:
    """A random number, 31 bits as PostgreSQL's integers have, for a row whose id must not tell when it was written."""
    return 1 + secrets.randbelow(2**31 - 1)


class Keys:
    """Everything made from the server's secret, kept apart by purpose."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def _mac(self, purpose: str, value: str) -> bytes:
        key = hmac.digest(self._secret, b"concordat." + purpose.encode(), hashlib.sha256)
        return hmac.digest(key, value.encode(), hashlib.sha256)

    def hash(self, purpose: str, token: str) -> str:
        """The keyed hash (64 hexadecimal digits) under which a token is stored."""
        return self._mac(purpose, token).hex()

    def derive(self, purpose: str, *parts: str | int) -> str:
        """A token that only this server can make again from ``parts``: for links that must be shown more than once."""
        return urlsafe_b64encode(self._mac("derive." + purpose, "\x1f".join(map(str, parts)))).decode().rstrip("=")

    def mark(self) -> str:
        """What tells whether two servers have the same secret, and nothing else about it."""
        return self._mac("mark", "backups").hex()

    def web(self) -> str:
        """The key that signs cookies."""
        return self._mac("web", "cookies").hex()
