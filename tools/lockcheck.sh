#!/usr/bin/env bash
# Lock files must name no host: people behind a mirror install from them too.
set -euo pipefail
cd "$(dirname "$0")/.."
if grep -nE '://|index-url|find-links' requirements/*.txt; then exit 1; fi
if grep -nE '"resolved"|registry' frontend/package-lock.json tests/node/package-lock.json; then exit 1; fi
# And they must lock what pyproject.toml asks for.
.venv/bin/python - <<'PYTHON'
import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())
asked = {"runtime": project["project"]["dependencies"], "test": project["dependency-groups"]["test"]}
for lock, requirements in asked.items():
    locked = dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", Path(f"requirements/{lock}.txt").read_text(), re.MULTILINE))
    for requirement in requirements:
        name = re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0].lower().replace("_", "-")
        if name not in locked:
            sys.exit(f"requirements/{lock}.txt does not lock {name}: run make lock")
PYTHON
