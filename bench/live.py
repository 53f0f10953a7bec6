"""How soon people see what others type, by how many type at once: `.venv/bin/python bench/live.py [seconds]`.

Starts a server of its own on a fresh SQLite database in a temporary folder and lets real Socket.IO clients in Node type
into one text, five letters a second each. The figures are those of docs/performance.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import migrations  # noqa: E402  found through the line above
from app.config import Settings  # noqa: E402
from app.policy import SYSTEM  # noqa: E402
from app.services import access_tokens, accounts, groups  # noqa: E402
from app.uow import Database  # noqa: E402
from models.groups import Role  # noqa: E402
from tests.cast import make_cast  # noqa: E402
from tests.live import LiveServer  # noqa: E402
from tests.programs import NODE  # noqa: E402
from tests.typists import add_texts  # noqa: E402

CROWDS = (2, 10, 100)


def cpu_seconds(server: LiveServer) -> float:
    """Processor time that the server's processes have used so far."""
    assert server.process is not None  # noqa: S101
    pid = server.process.pid
    pids = [str(pid), *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    fields = [Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split() for each in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / 100


def main() -> None:
    """Measure each crowd and print one line for it."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "10"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'concordat.sqlite3'}"
        secret = "a secret of the measurement, and of nothing else"  # noqa: S105
        environ = {"CONCORDAT_MODE": "demo", "CONCORDAT_DATA": str(folder), "CONCORDAT_SECRET": secret}
        migrations.upgrade(url)
        database = Database(Settings.from_env({**environ, "DATABASE_URL": url}))
        people = make_cast(database)
        cast: list[str] = []
        for number in range(4):
            with database.writing() as uow:
                person = accounts.add_person(uow, email=f"typist{number}@example.org", name=f"Typist {number}")
                groups.add_member(
                    uow, SYSTEM, group_id=people.group_id, person=person, role=Role.MEMBER,
                    constituency="Commissioner", organisation="Vale",
                )  # fmt: skip
                token = access_tokens.issue_token(uow, person_id=person.id, label="measurement")
                cast += [token, str(person.id)]
        server = LiveServer(
            folder, url, environ={"CONCORDAT_SECRET": secret, "CONCORDAT_SOCKETS_PER_ADDRESS": "500"}
        ).start()
        for crowd in CROWDS:
            _, doc = add_texts(database, people, "")
            before, began = cpu_seconds(server), time.monotonic()
            script = [NODE, str(ROOT / "bench" / "live.mjs")]
            done = subprocess.run(
                [*script, server.url, str(doc), seconds, str(crowd), *cast], capture_output=True, text=True, check=True
            )
            figures = json.loads(done.stdout)
            figures["cores"] = round((cpu_seconds(server) - before) / (time.monotonic() - began), 2)
            print(json.dumps(figures), flush=True)
        server.stop()
        database.close()


if __name__ == "__main__":
    main()
