"""House rules that a reader of one file cannot see broken in another. Each says why it is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Rule:
    """Lines of ``where`` must not match ``never``, but in the files of ``but_in``."""

    name: str
    never: str
    where: tuple[str, ...]
    why: str
    but_in: tuple[str, ...] = ()


CODE = ("app/**/*.py", "realtime/**/*.py", "models/**/*.py", "wsgi.py")
PAGES = ("templates/**/*.html",)
SCRIPTS = ("static/js/**/*.js",)
RULES = [
    Rule(
        "settings are read in one place",
        r"\bos\.(environ|getenv)\b",
        CODE,
        "all faults of the environment are reported together at the start",
        ("app/config.py", "app/cli.py"),  # the command line only says "demo" for `make run`
    ),
    Rule(
        "only the shell's transaction commits",
        r"\.(commit|rollback)\(\)",
        CODE,
        "a use case is all or nothing, and facts leave after the commit",
        ("app/uow.py",),
    ),
    Rule(
        "safe HTML is made in one place",
        r"\bMarkup\(|\bMarkup\.",
        CODE,
        "what is declared safe once can be reviewed once",
        ("app/markup.py",),
    ),
    Rule(
        "no broad except",
        r"except (Base)?Exception\b|except:",
        CODE,
        "an unknown error is a bug and must be seen",
        # One logs what a listener did after the commit; one rolls back and raises again; one notes a job as failed; one
        # keeps the live server's threads going.
        ("app/events.py", "app/uow.py", "app/worker.py", "realtime/threads.py"),
    ),
    Rule(
        "no notes to self",
        r"\b(TODO|FIXME|XXX|HACK)\b",
        (*CODE, *PAGES, *SCRIPTS, "tests/**/*.py"),
        "do it, or file an issue",
    ),
    Rule(
        "a silenced checker says why",
        r"# (type: ignore(?!\[)|type: ignore\[[\w, -]+\]\s*$|noqa(?!:)|noqa: [A-Z0-9, ]+\s*$)",
        (*CODE, "migrations/*.py"),
        "the next reader cannot know whether it is still needed",
    ),
    Rule(
        "no clock but ours",
        r"datetime\.(now|utcnow|today)\(|date\.today\(",
        CODE,
        "tests set the time",
        ("app/clock.py",),
    ),
    Rule("pages do not bypass escaping", r"\|\s*safe\b|autoescape\s+false", ("templates/**/*",), "see app/markup.py"),
    Rule("no inline style", r"<[^>]*\sstyle=|<style\b", PAGES, "the content security policy forbids it"),
    Rule("no inline handler", r"<[^>]*\son[a-z]+=", PAGES, "the content security policy forbids it"),
    Rule(
        "no inline script", r"<script(?![^>]*\bsrc=)(?![^>]*type=\"(application/json|importmap)\")", PAGES, "the same"
    ),
    Rule(
        "nothing from other hosts",
        r"""(src|href)=["']?(https?:)?//""",
        PAGES,
        "no other host may learn who reads a page, and it must work without the Internet",
    ),
    Rule(
        "scripts do not look behind",
        r"\(\?<[=!]",
        SCRIPTS,
        "the Safari of an iPhone that ends at iOS 15 takes such an expression for a fault of the whole file",
    ),
    Rule("scripts do not write HTML as text", r"\.(innerHTML|outerHTML)\s*=|document\.write|\beval\(", SCRIPTS, "XSS"),
    Rule(
        "no test sleeps",
        r"time\.sleep\(|wait_for_timeout",
        ("tests/**/*.py",),
        "it is slow when right and flaky when wrong",
        ("tests/servers.py", "tests/live.py", "tests/typists.py", "tests/rules/test_code.py"),  # these ask again
    ),
]


def files(patterns: tuple[str, ...]) -> list[Path]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(path for path in found if not {"node_modules", "__pycache__"} & set(path.parts))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name.replace(" ", "-"))
def test_house_rule(rule: Rule) -> None:
    broken = []
    for path in files(rule.where):
        name = path.relative_to(ROOT).as_posix()
        if name in rule.but_in or name == "tests/rules/test_code.py":
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if re.search(rule.never, line):
                broken.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not broken, f"{rule.name} ({rule.why}):\n" + "\n".join(broken)
