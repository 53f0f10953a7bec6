"""Programs that come with the test environment."""

from __future__ import annotations

import sys
from pathlib import Path

# The locked one, not what a system happens to package: `tools/bootstrap.sh test` puts it beside Python.
NODE = str(Path(sys.prefix) / "bin" / "node")
