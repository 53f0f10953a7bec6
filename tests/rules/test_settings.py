"""docs/settings.md holds every setting that the program reads, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from app.config import SETTINGS

ROOT = Path(__file__).resolve().parents[2]


def settings_table() -> str:
    """What docs/settings.md must hold: name, default, meaning, in the order of the code."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for _field, name, default, meaning in SETTINGS:
        rows.append(f"| `{name}` | {f'`{default}`' if default else ''} | {meaning} |")
    return "\n".join(rows)


def test_the_docs_list_the_settings_as_they_are() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    assert settings_table() in text, f"docs/settings.md must hold this table:\n{settings_table()}"


def test_no_other_text_names_a_setting_that_does_not_exist() -> None:
    known = {name for _field, name, _default, _meaning in SETTINGS}
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*"), ROOT / "Makefile"]:
        if path.is_file():
            named = set(re.findall(r"\bCONCORDAT_[A-Z_]+\b", path.read_text(errors="replace")))
            assert named <= known, f"{path.relative_to(ROOT)} names {sorted(named - known)}"
