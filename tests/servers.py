"""Throw-away PostgreSQL and Redis servers for the tests.

Each runs under a keeper, ``python tests/servers.py KIND FOLDER OWNER …``: a small process that starts the server, waits
until the owner (the pytest process that people started) is gone, however it went, and then stops the server and removes
its folder. So nothing is left over after Ctrl-C or ``kill -9``, and several pytest-xdist workers can share one server
without agreeing on who stops it.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

START_SECONDS = 60
USER = "concordat"


class Missing(RuntimeError):
    """A program that a server needs is not installed; the message says how to get it."""


def postgres_programs() -> Path:
    """The folder of the newest PostgreSQL's programs, which Debian keeps off the PATH. Raises Missing."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        on_path = shutil.which("initdb")
        if on_path is None:
            raise Missing("PostgreSQL's server is not installed: sudo apt-get install postgresql")
        return Path(on_path).resolve().parent
    return max(found, key=lambda folder: int(folder.parent.name))


def redis_program() -> str:
    """The path of redis-server. Raises Missing."""
    found = shutil.which("redis-server")
    if found is None:
        raise Missing("Redis's server is not installed: sudo apt-get install redis-server")
    return found


def _ports() -> Iterator[int]:
    """Ports that no connection is ever given by the system, so that a server can be killed and come back on its own.

    Each pytest-xdist worker has every sixteenth, from a place of its own choice.
    """
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    lane = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 16
    lowest, count = 16 * 700, (first - 16 * 700) // 16
    start = random.SystemRandom().randrange(count)
    while True:
        yield lowest + 16 * (start % count) + lane
        start += 1


PORTS = _ports()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now, and that nobody else in this run is given."""
    return next(port for port in PORTS if is_free(port))


def is_free(port: int) -> bool:
    """Whether nobody listens on a TCP port of 127.0.0.1."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


def unprivileged() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root, which it refuses; None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Missing("PostgreSQL refuses to run as root, and there is neither a user 'postgres' nor 'nobody'")


def start_postgres(owner: int, *, durable: bool = False) -> str:
    """Start a PostgreSQL server that lives as long as the process ``owner``; the URL of its first database.

    It listens on a Unix socket only, lets in everybody who may open that, and syncs to disk only where it is asked to
    be ``durable``.
    """
    postgres_programs()
    folder = Path(tempfile.mkdtemp(prefix="concordat-postgres-"))
    user = unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    _start_keeper("postgres", folder, owner, *(["durable"] if durable else []))
    return f"postgresql+psycopg://{USER}@/postgres?host={folder}"


def start_redis(owner: int) -> str:
    """Start a Redis server on a free port of 127.0.0.1 that lives as long as the process ``owner``; its URL."""
    redis_program()
    folder = Path(tempfile.mkdtemp(prefix="concordat-redis-"))
    port = free_port()
    _start_keeper("redis", folder, owner, str(port))
    return f"redis://127.0.0.1:{port}/0"


def _start_keeper(kind: str, folder: Path, owner: int, *more: str) -> None:
    """Start the keeper and wait until it has written "ready". Raises RuntimeError with the server's log otherwise."""
    ready, said = os.pipe()
    with os.fdopen(ready, "rb") as answer:
        keeper = subprocess.Popen(
            [sys.executable, str(Path(__file__)), kind, str(folder), str(owner), str(said), *more],
            pass_fds=[said],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(said)
        text = answer.read().decode()
    if text != "ready":
        keeper.wait()
        raise RuntimeError(f"the test server for {kind} did not start:\n{text}")
    # The keeper outlives whoever started it by design; without this Popen would warn that it still runs.
    keeper.returncode = 0


def _keep_postgres(folder: Path, durable: str = "") -> tuple[subprocess.Popen[bytes], Callable[[], bool]]:
    programs, data, user = postgres_programs(), folder / "data", unprivileged()
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    log = (folder / "log").open("wb")
    subprocess.run(
        [programs / "initdb", "--no-sync", "-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "-D", data],
        check=True, stdout=log, stderr=log, cwd=folder, **as_user,
    )  # fmt: skip
    settings = {
        "listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off", "full_page_writes": "off",
        "synchronous_commit": "off", "max_connections": "200", "shared_buffers": "64MB", "autovacuum": "off",
        "max_wal_size": "2GB", "checkpoint_timeout": "1h", "log_min_messages": "fatal", "timezone": "UTC",
    }  # fmt: skip
    if durable:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            settings[name] = "on"
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=folder, **as_user
    )
    client = [programs / "pg_isready", "-q", "-h", str(folder), "-d", "postgres", "-U", USER]
    return server, lambda: subprocess.run(client, check=False).returncode == 0


def _keep_redis(folder: Path, port: str) -> tuple[subprocess.Popen[bytes], Callable[[], bool]]:
    log = (folder / "log").open("wb")
    options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    server = subprocess.Popen([redis_program(), *options], stdout=log, stderr=log)

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int(port)), timeout=1) as peer:
            peer.sendall(b"PING\r\n")
            return peer.recv(7) == b"+PONG\r\n"
        return False

    return server, answers


def keep(kind: str, folder: Path, owner: int, said: int, more: Sequence[str]) -> None:
    """Be the keeper: start, say so on the file descriptor ``said``, wait for the owner's end, stop, tidy up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = None
    try:
        try:
            owner_ends = os.pidfd_open(owner)
            server, answers = _keep_postgres(folder, *more) if kind == "postgres" else _keep_redis(folder, *more)
            until = time.monotonic() + START_SECONDS
            while not answers():
                if server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError("no answer")
                time.sleep(0.02)
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            log = folder / "log"
            os.write(said, f"{error}\n{log.read_text(errors='replace') if log.exists() else ''}".encode())
            return
        os.write(said, b"ready")
        os.close(said)
        select.select([owner_ends], [], [])
    finally:
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGQUIT if kind == "postgres" else signal.SIGKILL)
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
