"""Every package that we ask for has its line in docs/dependencies.md, and the locks hold it."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ASKED = {
    "runtime": PROJECT["project"]["dependencies"],
    "test": PROJECT["dependency-groups"]["test"],
}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=~!; ]", each, maxsplit=1)[0].lower() for each in requirements}


def test_each_package_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    asked = names(ASKED["runtime"]) | names(ASKED["test"])
    for folder in ("frontend", "tests/node"):
        scripts = json.loads((ROOT / folder / "package.json").read_text())
        both = {**scripts["dependencies"], **scripts.get("devDependencies", {})}
        asked |= {name.removeprefix("@codemirror/").removeprefix("@lezer/") for name in both}
    missing = {name for name in asked if not re.search(rf"\b{re.escape(name)}\b", explained)}
    assert not missing, f"docs/dependencies.md does not say what these are for: {sorted(missing)}"


def test_the_locks_hold_each_package_with_a_hash() -> None:
    for lock, requirements in ASKED.items():
        text = (ROOT / "requirements" / f"{lock}.txt").read_text()
        locked = set(re.findall(r"^([a-z0-9.-]+)==\S+.* \\\n    --hash=sha256:", text, re.MULTILINE))
        assert names(requirements) <= locked, f"run make lock: {sorted(names(requirements) - locked)}"


def test_locks_name_no_host() -> None:
    for lock in ROOT.glob("requirements/*.txt"):
        assert not re.search(r"://|index-url|find-links", lock.read_text()), lock.name
    for lock in (ROOT / "frontend" / "package-lock.json", ROOT / "tests" / "node" / "package-lock.json"):
        assert '"resolved"' not in lock.read_text(), lock


def test_the_project_is_no_package_that_an_update_takes_away_for_a_while() -> None:
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.distribution("concordat")


def test_the_command_is_ours_wherever_one_stands(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit('some other app')")
    (tmp_path / "link").symlink_to(Path(sys.executable).parent / "concordat")
    said = subprocess.run([tmp_path / "link", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.startswith("Usage: concordat ")


def test_pip_is_refused_with_the_way_that_works() -> None:
    refused = subprocess.run([sys.executable, "setup.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "tools/bootstrap.sh runtime" in refused.stderr
    assert "Traceback" not in refused.stderr
