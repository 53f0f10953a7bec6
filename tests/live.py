"""A real server process for tests that go through the network: gunicorn, sockets, logs and all."""

from __future__ import annotations

import atexit
import contextlib
import http.client
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import free_port, is_free

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60
GONE_SECONDS = 10

#: Loading Concordat takes seconds of processor time. One process has it loaded, and every server is forked from that.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.preloaded", "tests.live"])


def run(command: str, environ: dict[str, str], log: str) -> None:
    """What a server's process does: ``concordat COMMAND`` with this environment, from the project's folder."""
    from app import cli  # noqa: PLC0415  the process of the tests itself must not load it

    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environ)
    with open(log, "ab") as written, open(os.devnull, "rb") as nothing:  # noqa: PTH123  file descriptors are what counts
        for ours, standard in ((nothing, 0), (written, 1), (written, 2)):
            os.dup2(ours.fileno(), standard)
    cli.main(args=[command], prog_name="concordat")


@dataclass
class LiveServer:
    """One ``concordat`` process with a data folder of its own. ``environ`` holds what differs from a plain demo.

    ``command`` is "serve" for the web process alone, "run" for everything that `make run` starts.
    """

    folder: Path
    database_url: str
    command: str = "serve"
    environ: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """All that the process has written so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    @property
    def outbox(self) -> Path:
        """Where its mails land as files."""
        return self.folder / "outbox"

    def settings_environ(self) -> dict[str, str]:
        """The environment that the process gets: ours without settings of the developer's own."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")}
        return {
            **own,
            "CONCORDAT_MODE": "demo",
            "CONCORDAT_DATA": str(self.folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": "",
            **self.environ,
        }

    def start(self) -> LiveServer:
        """Start and wait until it answers. Raises RuntimeError with its log when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / "server.log"
        log.touch()
        self.process = FORKS.Process(target=run, args=(self.command, self.settings_environ(), str(log)))
        self.process.start()
        # Python waits at its end for processes that it began; after an error nobody would stop this one.
        atexit.register(self.kill)
        until = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.process.is_alive() or time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"the server did not start:\n{self.log}")
            time.sleep(0.05)
        return self

    def answers(self) -> bool:
        """Whether /healthz answers 200 now."""
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C and systemd do, and wait; a process that does not is killed and an error."""
        if self.process is None or not self.process.is_alive():
            return
        self.process.terminate()
        self.process.join(timeout=15)
        stopped = not self.process.is_alive()
        self.kill()
        if not stopped:
            raise RuntimeError(f"the server did not stop within 15 seconds:\n{self.log}")

    def kill(self) -> None:
        """Kill it and its children at once, as a power cut does."""
        if self.process is not None and self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.join()
            # Its children are nobody's that we could wait for: they are gone when nobody listens any more.
            until = time.monotonic() + GONE_SECONDS
            while not is_free(self.port) and time.monotonic() < until:
                time.sleep(0.01)
        atexit.unregister(self.kill)

    def restart(self) -> LiveServer:
        """Kill it, and start it again on the same port and data."""
        self.kill()
        return self.start()


def leave_with_pages_ready(environ: dict[str, str]) -> None:
    """Exit with 0 where a server begun in this process would find its templates compiled, else with 1."""
    from app.config import Settings  # noqa: PLC0415  the process of the tests itself must not load it
    from app.factory import create_app  # noqa: PLC0415

    made = create_app(Settings.from_env(environ)).jinja_env
    names = made.list_templates(extensions=["html"])
    sys.exit(0 if made.cache is not None and len(made.cache) >= len(names) else 1)
