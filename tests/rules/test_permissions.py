"""The permission table is whole: every right has a rule, a use and a line in the docs, every page a guard."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Flask

from app.policy import RULES, Can
from models.groups import Role

ROOT = Path(__file__).resolve().parents[2]


def code(*folders: str) -> str:
    return "\n".join(path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


def test_every_right_has_a_rule() -> None:
    assert set(RULES) == set(Can)


def test_every_right_is_asked_for_somewhere() -> None:
    used = set(re.findall(r"\bCan\.([A-Z_]+)", code("app/services", "app/web", "realtime")))
    unused = {can.name for can in Can} - used
    assert not unused, f"nothing asks for these rights; use or remove them: {sorted(unused)}"


def permission_table() -> str:
    """What docs/permissions.md must hold between its two marks."""
    roles = list(Role)
    head = "| | " + " | ".join(role.value.replace("_", " ") for role in roles) + " |"
    rule = "|---|" + "|".join(":-:" for _ in roles) + "|"
    rows = [
        f"| `{can.value}` | " + " | ".join("yes" if role in RULES[can] else "" for role in roles) + " |" for can in Can
    ]
    return "\n".join([head, rule, *rows])


def test_the_docs_show_the_table_as_it_is() -> None:
    text = (ROOT / "docs" / "permissions.md").read_text()
    assert permission_table() in text, f"docs/permissions.md must hold this table:\n{permission_table()}"


def test_every_page_names_its_guard(app: Flask) -> None:
    from app.web import BLUEPRINTS  # noqa: PLC0415  the application has been made by now

    guarded = {blueprint.name for blueprint, _guard, _prefix in BLUEPRINTS}
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.rpartition(".")[0]
        assert blueprint in guarded, f"{rule.rule} ({rule.endpoint}) belongs to no guarded blueprint"
