"""``python -m migrations "what changes"``: write the next revision, from what the models have and migrations lack."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from migrations import config, head, upgrade


def main() -> int:
    """Autogenerate against an empty SQLite database that has been migrated; print the path of the new revision."""
    if len(sys.argv) != 2 or not sys.argv[1].strip():
        print('Say what changes: python -m migrations "add a table of sources"', file=sys.stderr)
        return 2
    newest = head()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'empty.sqlite'}"
        upgrade(url)
        number = f"{int(newest or '0') + 1:04d}"
        written = command.revision(config(url), message=sys.argv[1], rev_id=number, autogenerate=True)
        subprocess.run([sys.executable, "-m", "ruff", "format", "-q", written.path], check=True)
    print("Read it before you commit it: triggers, and moves of data, are written by hand.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
