"""The import rule of docs/architecture.md, as import-linter reads it from pyproject.toml."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_go_downwards_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_part_has_its_layer() -> None:
    """A part that pyproject.toml does not place would be free to import anything."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = next(each for each in project["tool"]["importlinter"]["contracts"] if each["id"] == "layers")["layers"]
    placed = {part for layer in layers for part in re.split(r"\s*[|:]\s*", layer)}
    parts = {path.stem for path in (ROOT / "app").glob("*.py")} - {"__init__", "__main__"}
    parts |= {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}
    assert {f"app.{part}" for part in parts} <= placed


def test_wsgi_is_settings_in_and_application_out() -> None:
    """import-linter looks at packages only, and wsgi.py is none."""
    tree = ast.parse((ROOT / "wsgi.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"app.config", "app.factory"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
