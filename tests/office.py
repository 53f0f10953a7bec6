"""LibreOffice as people use it: opens a Word document, edits it with or without tracked changes, saves it as Word."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HANDS = Path(__file__).with_name("office_hands.py")
SYSTEM_PYTHON = "/usr/bin/python3"

Act = Sequence[Any]


def is_there() -> bool:
    """Whether LibreOffice and the bridge to it are installed."""
    if shutil.which("soffice") is None or not Path(SYSTEM_PYTHON).exists():
        return False
    return subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], capture_output=True, check=False).returncode == 0


@dataclass
class Turn:
    """What one person does in a document."""

    acts: list[Act]
    record: bool = True
    author: str = "Ann Solicitor"


@dataclass
class Office:
    """A running LibreOffice."""

    pipe: str
    folder: Path

    def edit(self, document: bytes, *turns: Turn) -> tuple[bytes, int]:
        """The document after all turns, saved as .docx, and how many pages it has."""
        source, target = self.folder / "in.docx", self.folder / "out.docx"
        source.write_bytes(document)
        target.unlink(missing_ok=True)
        asked = {
            "pipe": self.pipe, "open": str(source), "save": str(target),
            "turns": [{"acts": turn.acts, "record": turn.record, "author": turn.author} for turn in turns],
        }  # fmt: skip
        done = subprocess.run(
            [SYSTEM_PYTHON, str(HANDS)],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return target.read_bytes(), int(json.loads(done.stdout)["pages"])


@contextmanager
def office() -> Iterator[Office]:
    """A LibreOffice with a profile of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="office-") as name:
        folder = Path(name)
        pipe = f"concordat-{folder.name}"
        process = subprocess.Popen(
            ["soffice", "--headless", "--norestore", "--nologo", f"-env:UserInstallation=file://{folder}/profile",
             f"--accept=pipe,name={pipe};urp;"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(pipe)
            yield Office(pipe, folder)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _wait(pipe: str) -> None:
    """Until it answers."""
    asks = (
        "import uno, sys; c = uno.getComponentContext();"
        "r = c.ServiceManager.createInstanceWithContext('com.sun.star.bridge.UnoUrlResolver', c);"
        f"r.resolve('uno:pipe,name={pipe};urp;StarOffice.ComponentContext')"
    )
    until = time.monotonic() + 60
    while subprocess.run([SYSTEM_PYTHON, "-c", asks], capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < until, "LibreOffice did not start"
