"""Refuses ``pip install``: pages, migrations and the demonstration stand beside the code and would be left out."""

import sys

sys.exit(
    "Concordat is not installed with pip: it runs from its own folder.\n"
    "Make it ready with tools/bootstrap.sh runtime, then use .venv/bin/concordat; see docs/operations.md, Install."
)
