"""The browser's half of live text, in Node: characters, pieces, positions, and what a session answers the server."""

import subprocess
from pathlib import Path

import pytest

from tests.programs import NODE

SCRIPT = Path(__file__).parents[1] / "node" / "text.test.mjs"


@pytest.mark.node
def test_the_browsers_half_of_live_text() -> None:
    done = subprocess.run([NODE, "--test", str(SCRIPT)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
