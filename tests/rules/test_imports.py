"""The import rule of docs/architecture.md, as import-linter reads it from pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_imports_go_downwards_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_wsgi_is_settings_in_and_application_out() -> None:
    """import-linter looks at packages only, and wsgi.py is none."""
    tree = ast.parse((ROOT / "wsgi.py").read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"app.config", "app.factory"}
    assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))
