"""The look keeps its promises: small, colours in one file, every macro on show, names that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
SHARED = ("tokens.css", "base.css", "layout.css", "components.css")
MACROS = sorted((ROOT / "templates" / "components").glob("*.html"))


def test_stylesheets_stay_small() -> None:
    """Pages open quickly on a hospital network: the shared sheets below 60 kB as written, any other below 12."""
    sizes = {sheet.name: sheet.stat().st_size for sheet in SHEETS}
    assert sum(sizes.pop(name) for name in SHARED) < 60_000
    assert {name: size for name, size in sizes.items() if size > 12_000} == {}


@pytest.mark.parametrize("name", [name for name in SHARED if name != "tokens.css"])
def test_shared_colours_have_their_numbers_in_one_file(name: str) -> None:
    """Contrast is judged once, in tokens.css; the other shared sheets know colours by name (white apart)."""
    text = (ROOT / "static" / "css" / name).read_text()
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\([^)]*\)", text)) <= {"#fff"}


def test_every_token_used_is_defined() -> None:
    """A misspelt custom property fails silently in browsers."""
    text = "\n".join(sheet.read_text() for sheet in SHEETS)
    used = set(re.findall(r"var\((--[a-z0-9-]+)", text))
    defined = set(re.findall(r"(--[a-z0-9-]+)\s*:", text))
    assert used - defined == set()


@pytest.mark.parametrize("file", MACROS, ids=lambda file: file.name)
def test_every_macro_is_explained_and_on_show(file: Path) -> None:
    """Whoever adds a macro says at the top of its file what it takes, and uses it on /_components."""
    text = file.read_text()
    head = text.split("-#}")[0]
    gallery = (ROOT / "templates" / "components_gallery.html").read_text()
    for name in re.findall(r"{% macro ([a-z]\w*)\(", text):
        assert f"{name}(" in head, f"{name} is not explained at the top of {file.name}"
        if name != "mark":  # every page shows it, in its header
            assert re.search(rf"\b{name}\(", gallery), f"{name} is not on /_components"


def test_every_module_named_by_a_template_exists() -> None:
    """data-module="x" without static/js/modules/x.js is a silent failure."""
    modules = {file.stem for file in (ROOT / "static" / "js" / "modules").glob("*.js")}
    for page in (ROOT / "templates").rglob("*.html"):
        for names in re.findall(r'data-module="([a-z0-9_ ]+)"', page.read_text()):
            assert set(names.split()) <= modules, f"{page.name} names {names}"


def test_no_sheet_holds_a_page_to_one_way_up() -> None:
    """WCAG 1.3.4: a phone fixed to a wheelchair cannot be turned."""
    assert [sheet.name for sheet in SHEETS if "orientation" in sheet.read_text()] == []
