"""Charts are safe, named, complete, and keep within their box."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc import svg
from app.calc.charts import BarRow, Chart, MedianRow, Spread, Words, default_bands, diverging_bars, medians, reach
from app.calc.maps import HeatRow, Point, flow, heat_map, plane
from app.calc.ratings import Rule, Scale, summarise

NINE = Scale(1, 9)
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script> \" onload='x' & ]]> \x00\x0b\ufffe "


def bars(label: str = "Shared outcomes", scale: Scale = NINE) -> Chart:
    rows = [
        BarRow(label=label, counts=[1] * len(scale.categories), note=label[:12]),
        BarRow(label="Nobody", counts=[0] * len(scale.categories)),
        BarRow(label="Few", counts=None),
    ]
    return diverging_bars(rows, scale, title=label, key=label)


def spreads(label: str = "Shared outcomes") -> Chart:
    now = Spread(median=7, quartiles=(6, 8.5), interval=(5, 9), n=9)
    then = Spread(median=9, quartiles=(9, 9), n=9)
    rows = [
        MedianRow(label=label, current=now, earlier=then),
        MedianRow(label="New", current=now),
        MedianRow(label="Few", current=None),
    ]
    return medians(rows, NINE, title=label, key="m", words=Words(earlier=label))


def heat(label: str = "Shared outcomes", columns: int = 2) -> Chart:
    rows = [
        HeatRow(label=label, medians=[1 + place % 9 for place in range(columns)]),
        HeatRow(label="Few", medians=[None] * columns),
    ]
    return heat_map(rows, [f"{label} {place}" for place in range(columns)], NINE, title=label, key="h")


def points(label: str = "C1.1") -> Chart:
    spots = [(1, 1), (9, 4), (7, 3.5), (7, 3.5), (9, 1)]
    return plane(
        [Point(name=label, label=label, x=x, y=y) for x, y in spots], (NINE, Scale(1, 4)), (label, label),
        title=label, key="p",
    )  # fmt: skip


def funnel(label: str = "Round 1") -> Chart:
    counts = {"invited": 9, "started": 8, "sent": 0}
    return flow([(label, counts), ("Round 2", {})], {"invited": label, "started": "Began", "sent": "Sent"},
                title=label, key="f")  # fmt: skip


@pytest.mark.parametrize(
    "chart",
    [
        bars(HOSTILE), spreads(HOSTILE), bars("x" * 300), bars("", Scale(-3, 3)), heat(HOSTILE), heat("x" * 200, 9),
        points(HOSTILE), funnel(HOSTILE),
    ],
)  # fmt: skip
def test_a_chart_is_named_and_holds_no_script_style_or_handler(chart: Chart) -> None:
    for picture in (chart.wide, chart.narrow):
        root = ET.fromstring(picture)  # noqa: S314  our own output; the point is that it parses
        assert root.get("role") == "img"
        named = {element.get("id"): element for element in root}
        first, second = (root.get("aria-labelledby") or "").split()
        assert named[first].tag == f"{SVG}title"
        assert named[second].tag == f"{SVG}desc"
        assert named[second].text
        for element in root.iter():
            assert element.tag.removeprefix(SVG) in {
                "svg", "title", "desc", "rect", "line", "text", "circle", "polygon",
            }  # fmt: skip
            assert not [name for name in element.attrib if name == "style" or name.startswith("on") or "href" in name]


def test_the_two_layouts_have_different_ids_and_the_narrow_one_is_narrow() -> None:
    chart = bars()
    wide, narrow = re.findall(r'id="([^"]+)"', chart.wide), re.findall(r'id="([^"]+)"', chart.narrow)
    assert not set(wide) & set(narrow)
    assert float(ET.fromstring(chart.narrow).get("width") or 0) <= 340  # noqa: S314  our own output
    assert "chart-narrow" in chart.narrow


def test_the_table_says_what_the_picture_shows() -> None:
    chart = bars()
    assert chart.columns == ("Item", "1–3", "4", "5", "6", "7–9", "n")
    assert chart.rows[0] == ("Shared outcomes", "3 (33 %)", "1 (11 %)", "1 (11 %)", "1 (11 %)", "3 (33 %)", "9")
    assert chart.rows[1][1:] == ("0",) * 6
    assert set(chart.rows[2][1:]) == {"Too few scores to show"}
    assert "n=9" in chart.wide
    assert "n=9" in chart.narrow
    table = spreads().rows
    assert table[0] == ("Shared outcomes", "7", "6 to 8.5", "5 to 9", "9", "9")
    assert table[2][1:] == ("Too few scores to show", "", "", "", "")


def test_withheld_counts_leave_no_trace() -> None:
    picture = diverging_bars([BarRow(label="Few", counts=None)], NINE, title="t", key="k")
    assert "n=" not in picture.wide + picture.narrow
    assert "%" not in " ".join(picture.rows[0])


def test_bands_show_what_a_rule_counts() -> None:
    assert default_bands(NINE) == ((1, 3), (4, 4), (5, 5), (6, 6), (7, 9))
    assert default_bands(Scale(1, 4)) == ((1, 1), (2, 2), (3, 3), (4, 4))
    assert default_bands(Scale(0, 100)) == ((0, 32), (33, 67), (68, 100))
    with pytest.raises(ValueError, match="every score"):
        diverging_bars([BarRow(label="x", counts=[1, 2])], NINE, title="t", key="k")


@given(st.lists(st.integers(0, 30), min_size=9, max_size=9), st.text(max_size=200))
def test_nothing_is_drawn_outside_the_box(counts: list[int], label: str) -> None:
    chart = diverging_bars([BarRow(label=label, counts=counts)], NINE, title=label, key="k")
    for picture in (chart.wide, chart.narrow):
        root = ET.fromstring(picture)  # noqa: S314  our own output
        width, height = float(root.get("width") or 0), float(root.get("height") or 0)
        areas = [
            [float(one.get(name) or 0) for name in ("x", "y", "width", "height")] for one in root.iter(f"{SVG}rect")
        ]
        assert all(x >= -0.01 and x + w <= width + 0.02 and y >= 0 and y + h <= height for x, y, w, h in areas)
        texts = [(float(one.get("x") or 0), float(one.get("y") or 0)) for one in root.iter(f"{SVG}text")]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in texts)


def test_a_summary_gives_the_spread_of_its_row() -> None:
    full = Spread.of(summarise([7, 8, 9, 7, 7, 6], 6, NINE, Rule("ipras")))
    assert full == Spread(median=7, quartiles=(7, 7.75), interval=(6, 9), n=6)
    assert Spread.of(summarise([None], 6, NINE, Rule("ipras"))) is None


@pytest.mark.parametrize(
    "chart", [heat(), heat("Long names of groups", 6), points(), points("A long reference"), funnel()]
)
def test_maps_keep_within_their_box(chart: Chart) -> None:
    for picture in (chart.wide, chart.narrow):
        root = ET.fromstring(picture)  # noqa: S314  our own output
        width, height = float(root.get("width") or 0), float(root.get("height") or 0)
        for element in root.iter():
            x, y = float(element.get("x") or element.get("cx") or 0), float(element.get("y") or element.get("cy") or 0)
            assert -0.01 <= x <= width
            assert -0.01 <= y <= height
            if element.get("width") and element is not root:
                assert x + float(element.get("width") or 0) <= width + 0.01


def test_maps_say_in_their_tables_what_they_show() -> None:
    assert heat().columns == ("Item", "Shared outcomes 0", "Shared outcomes 1")
    assert heat().rows[0] == ("Shared outcomes", "1", "2")
    assert set(heat().rows[1][1:]) == {"Too few scores to show"}
    assert points().rows[2] == ("C1.1", "7", "3.5")
    assert "C1.1 +1" in points().wide
    assert funnel().rows == (("Round 1", "9", "8", "0"), ("Round 2", "0", "0", "0"))
    with pytest.raises(ValueError, match="one cell"):
        heat_map([HeatRow(label="x", medians=[1])], ["a", "b"], NINE, title="t", key="k")


def test_no_name_in_the_plane_stands_on_a_dot_or_another_name() -> None:
    spots = [(8, 8)] * 7 + [(8, 7)] * 8 + [(9, 8)] * 3 + [(9, 9), (7, 8), (6, 6), (7, 6), (8, 6), (7.5, 8), (8.5, 8)]
    items = [Point(name=f"C1.{place}", label="x", x=x, y=y) for place, (x, y) in enumerate(spots)]
    chart = plane(items, (NINE, NINE), ("Relevance", "Applicability"), title="t", key="k")
    for picture, most in ((chart.wide, 10), (chart.narrow, 3)):
        root = ET.fromstring(picture)  # noqa: S314  our own output
        boxes = []
        for each in root.iter():
            kind = each.tag.rpartition("}")[2]
            at = {name: float(value) for name, value in each.attrib.items() if name in {"x", "y", "cx", "cy", "r"}}
            if kind == "circle":
                boxes.append((at["cx"] - at["r"], at["cy"] - at["r"], at["cx"] + at["r"], at["cy"] + at["r"]))
        dots = len(boxes)
        for each in root.iter():
            words = "".join(each.itertext())
            if each.tag.endswith("text") and words.startswith("C1."):
                x, y = float(each.attrib["x"]), float(each.attrib["y"])
                boxes.append((x, y - 8, x + len(words) * 11 * svg.CHARACTER, y))
        assert len(boxes) == dots + most
        for place, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[max(place + 1, dots) :]:
                assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


@given(st.lists(st.lists(st.integers(0, 6), min_size=9, max_size=9), min_size=2, max_size=4))
def test_pictures_within_one_reach_have_their_zero_at_one_place(counts: list[list[int]]) -> None:
    rows = [BarRow(label=f"C{place}", counts=each) for place, each in enumerate(counts)]
    within = reach(rows, NINE)
    drawn = [diverging_bars([row], NINE, title=row.label, key=row.label, within=within) for row in rows]
    zeros = {
        line.get("x1")
        for chart in drawn for line in ET.fromstring(chart.wide).iter(f"{SVG}line")  # noqa: S314  # our own output
        if line.get("stroke-width") == "1.5"
    }  # fmt: skip
    assert len(zeros) == 1
    together = diverging_bars(rows, NINE, title="All", key="all")
    assert re.findall(r">\d+%<", together.wide) == re.findall(r">\d+%<", drawn[0].wide), "and one axis below"
    for chart in drawn:
        for bar in ET.fromstring(chart.wide).iter(f"{SVG}rect"):  # noqa: S314  # our own output
            assert 0 <= float(bar.get("x", 0)) <= float(bar.get("x", 0)) + float(bar.get("width", 0)) <= 780
