"""``python -m migrations "what changes"``: write the next revision, from what the models have and migrations lack."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import Script

from migrations import config, head, upgrade


def only_changes(_context: object, _revision: object, directives: list[Any]) -> None:
    """Have Alembic write nothing where models and tables agree."""
    if directives[0].upgrade_ops.is_empty():
        directives.clear()


def main() -> int:
    """Autogenerate against an empty SQLite database that has been migrated; print the path of the new revision.

    Where nothing differs nothing is written, and the exit status is 1.
    """
    if len(sys.argv) != 2 or not sys.argv[1].strip() or sys.argv[1].startswith("-"):
        print('Say what changes: python -m migrations "add a table of sources"', file=sys.stderr)
        return 2
    newest = head()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'empty.sqlite'}"
        upgrade(url)
        number = f"{int(newest or '0') + 1:04d}"
        written = command.revision(
            config(url), message=sys.argv[1], rev_id=number, autogenerate=True, process_revision_directives=only_changes
        )
    if not isinstance(written, Script):
        print("Nothing differs; is the new file imported in models/__init__.py?", file=sys.stderr)
        return 1
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "-q", written.path], check=False, capture_output=True
    )
    if formatted.returncode:
        print("It is not formatted: ruff comes with the tests. Later: make fix", file=sys.stderr)
    print("Read it before you commit it: triggers, and moves of data, are written by hand.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
