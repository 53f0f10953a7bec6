"""Markdown to HTML: what it shows, that it agrees with the editor's parser, and that nothing hostile gets through."""

import json
import re
import subprocess
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from app.calc.differences import difference
from app.markup import MAX_UNITS, picture, qr, redline, render
from tests.programs import NODE

REFERENCE = Path(__file__).parents[1] / "node"


class _Shown(HTMLParser):
    """HTML as nested lists, the neutral structure of tests/node/markdown_reference.mjs."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[list[Any]] = [["root"]]
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "span":
            self.hidden += 1
            return
        values = dict(attrs)
        node: list[Any] = ["quote" if tag == "blockquote" else tag]
        if tag == "ol":
            node.append(int(values.get("start") or 1))
        if tag == "a":
            node.append(values.get("href"))
        self.stack[-1].append(node)
        if tag != "br":
            self.stack.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag == "span":
            self.hidden -= 1
        elif tag != "br":
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if not self.hidden and (data.strip() or self.stack[-1][0] not in ("root", "ul", "ol", "quote")):
            self.stack[-1].append(data)


def shown(text: str) -> list[Any]:
    parser = _Shown()
    parser.feed(str(render(text, heading_offset=0)))
    parser.close()
    return [neutral(each) for each in parser.stack[0][1:]]


INLINE = {"em", "strong", "a", "br"}


def neutral(node: list[Any]) -> list[Any]:
    """`node` with white space as a browser shows it, and every item's words in a paragraph."""
    fixed = 2 if node[0] in ("ol", "a") else 1
    out: list[Any] = list(node[:fixed])
    body: list[Any] = []
    for child in node[fixed:]:
        if isinstance(child, str) and body and isinstance(body[-1], str):
            body[-1] += child
        else:
            body.append(child)
    for at, child in enumerate(body):
        if isinstance(child, str):
            words = re.sub(r"\s+", " ", child)
            if at == 0 or body[at - 1] == ["br"]:
                words = words.lstrip()
            if at + 1 == len(body) or body[at + 1] == ["br"]:
                words = words.rstrip()
            if words:
                out.append(words)
        else:
            out.append(neutral(child))
    if node[0] == "li":
        words_of = [each for each in out[1:] if isinstance(each, str) or each[0] in INLINE]
        if words_of:
            return ["li", ["p", *words_of], *out[1 + len(words_of) :]]
    return out


def reference(texts: list[str]) -> list[list[Any]]:
    done = subprocess.run(
        [NODE, "markdown_reference.mjs"],
        cwd=REFERENCE,
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
    )
    return [[neutral(block) for block in blocks] for blocks in json.loads(done.stdout)]


EXAMPLES = {
    "One\ntwo": [["p", "One", ["br"], "two"]],
    "# Aim\n## Part\n### Deeper": [["h1", "Aim"], ["h2", "Part"], ["h2", "Deeper"]],
    "Words\n- a\n  - b\n- c": [
        ["p", "Words"],
        ["ul", ["li", ["p", "a"], ["ul", ["li", ["p", "b"]]]], ["li", ["p", "c"]]],
    ],
    "3. c\n4. d": [["ol", 3, ["li", ["p", "c"]], ["li", ["p", "d"]]]],
    "> said\n> **so**": [["quote", ["p", "said", ["br"], ["strong", "so"]]]],
    "[Guide](https://example.org/a?b=1&c=2)": [["p", ["a", "https://example.org/a?b=1&c=2", "Guide"]]],
    "***both***": [["p", ["em", ["strong", "both"]]]],
    "1. \n    > - x\n\n      2. y": [
        ["ol", 1, ["li", ["quote", ["ul", ["li", ["p", "x"]]]]]],
        ["ol", 2, ["li", ["p", "y"]]],
    ],
    "[to be agreed] and &amp; <b>": [["p", "[to be agreed] and &amp; <b>"]],
    "[a [b](https://example.org) c](https://example.net)": [
        ["p", "[a ", ["a", "https://example.org", "b"], " c](https://example.net)"]
    ],
    "-      far\n\n  near": [["ul", ["li", ["p", "far"], ["p", "near"]]]],
    '"_(b)_" snake_case_name': [["p", '"', ["em", "(b)"], '" snake_case_name']],
    "Not a heading\n---\nnor a rule": [["p", "Not a heading"], ["p", "---", ["br"], "nor a rule"]],
    "![x](https://example.org/x.png)": [["p", "!", ["a", "https://example.org/x.png", "x"]]],
}


@pytest.mark.parametrize(("text", "structure"), EXAMPLES.items())
def test_shows_what_the_toolbar_offers(text: str, structure: list[Any]) -> None:
    assert shown(text) == structure


WORD = st.sampled_from(
    ["care", "risk", "a", "1", "é", "–", "“x”", "snake_case", "2.", "x*y", "😀", "(b)", "&amp;", "<b>"]
)
MARK = st.sampled_from(
    [
        "*",
        "**",
        "***",
        "_",
        "__",
        "___",
        "[",
        "]",
        "(",
        ")",
        "](http://e.org)",
        "[l](https://e.org/a_b)",
        "[j](javascript:x)",
        "[r][s]",
        "\\*",
        "\\",
        "\\_",
        "!",
        "#",
        "`",
        "~",
        "<",
        ">",
    ]
)
SPACE = st.sampled_from(["", " ", "  "])
RUN = st.lists(st.tuples(st.one_of(WORD, WORD, MARK), SPACE), min_size=1, max_size=9).map(
    lambda parts: "".join(word + space for word, space in parts)
)
INDENT = st.sampled_from(["", "", "", "  ", "   ", "    ", "      "])
OPEN = st.sampled_from(
    ["", "", "- ", "* ", "+ ", "1. ", "2. ", "10) ", "> ", ">", "> - ", "- 1. ", "# ", "## ", "-   "]
)
LINE = st.one_of(
    st.tuples(INDENT, OPEN, RUN).map("".join),
    st.sampled_from(["", "", "   ", "---", "***", "* * *", "```", "<div>", "-", "1.", "1. ", ">", "===", "    code"]),
)
TEXT = st.lists(LINE, min_size=1, max_size=9).map("\n".join)


def _texts(count: int) -> list[str]:
    found: list[str] = []

    @seed(20261128)
    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(TEXT)
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return found


def _held_against_the_editor(count: int) -> None:
    texts = [*EXAMPLES, *_texts(count)]
    for text, theirs in zip(texts, reference(texts), strict=True):
        assert shown(text) == theirs, repr(text)


@pytest.mark.node
def test_a_page_shows_what_the_editor_shows() -> None:
    _held_against_the_editor(300)


@pytest.mark.long
@pytest.mark.node
def test_a_page_shows_what_the_editor_shows_at_length() -> None:
    _held_against_the_editor(5_000)


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<math><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<form action="https://evil.example"><input name=a></form>',
    '<base href="https://evil.example/">',
    '<meta http-equiv=refresh content="0;url=https://evil.example">',
    "<style>@import url(https://evil.example/x.css)</style>",
    '<p style="background:url(https://evil.example)" class=a id=b>x</p>',
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<xmp><script>alert(1)</script></xmp>",
    "<template><script>alert(1)</script></template>",
    "[x](javascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](\\javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "<javascript:alert(1)>",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/svg+xml,<svg onload=alert(1)>)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](https:evil.example)",
    "[x](https:/evil.example)",
    "[x](https://good.example@evil.example)",
    "[x](https:\\\\evil.example)",
    "[x](/group/1)",
    '[x](https://example.org "onmouseover=alert(1) x=\\"")',
    '[x](https://example.org/"onmouseover="alert(1))',
    '[x](<https://example.org/" onmouseover="alert(1)>)',
    "[a [b](https://example.org) c](https://example.net)",
    "![x](https://evil.example/pixel.png)",
    '![x](x"onerror="alert(1))',
    "a\x00b<scr\x00ipt>alert(1)</scr\x00ipt>",
    "\u202egnp.exe",
    "</title><script>alert(1)</script>",
    "{{ 7 * 7 }}{% raw %}",
    "\x02wzxhzdk:0\x03",
]

ALLOWED = {"p", "br", "h2", "h3", "strong", "em", "ul", "ol", "li", "blockquote", "a", "span"}
ATTRIBUTES = {"a": {"href", "rel"}, "ol": {"start"}, "span": {"class"}}


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_gets_through(text: str) -> None:
    for wrapped in (text, f"- {text}", f"> **{text}**", f"# {text}", f"[{text}](https://example.org)"):
        html = str(render(wrapped))
        parser = _Tags()
        parser.feed(html)
        for tag, attributes in parser.found:
            assert tag in ALLOWED
            assert set(attributes) <= ATTRIBUTES.get(tag, set())
            if tag == "a":
                assert re.match(r"https://example\.(org|net)|https://evil\.example/pixel", attributes["href"] or "")
                assert attributes["rel"] == "noopener noreferrer nofollow"
        assert "\x00" not in html
        assert "\u202e" not in html


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_words_that_look_like_html_are_shown_as_typed() -> None:
    assert render("<b>&amp;</b> {{ x }}") == "<p>&lt;b&gt;&amp;amp;&lt;/b&gt; {{ x }}</p>"


def test_a_link_names_the_host_it_leads_to() -> None:
    assert '<span class="link-host"> (evil.example)</span>' in render("[example.org](https://evil.example/x)")
    assert "link-host" not in render("[see example.org](https://example.org/x)")
    assert "link-host" not in render("[write to us](mailto:group@example.org)")


def test_headings_start_below_those_of_the_page() -> None:
    assert render("# A\n## B", heading_offset=2) == "<h3>A</h3><h4>B</h4>"
    assert render("# A\n## B", heading_offset=9) == "<h6>A</h6><h6>B</h6>"


PATHOLOGICAL = [
    "*a ", "_a _", "**a", "*a_b", "a**b", "[", "[a](", "[a](<b", "[a](b 'x ", "[a](b (", "[a](((((", "](", "> ", "- ",
    "1. ", "\\", "`", "<", "<!--", "&", "&#", "[a]", "[[a]](x)", "- a\n  ", "\n", "\t", "#", "*_", "![", "a *b [c](d ",
    "> - ", "[a](b)", "**a** ", "(", "[a][", "  \n", "-\n", "x\n> ",
]  # fmt: skip


@pytest.mark.parametrize("piece", PATHOLOGICAL)
def test_hostile_repetition_is_quick(piece: str) -> None:
    text = (piece * (MAX_UNITS // len(piece) + 1))[: MAX_UNITS - 2]
    start = time.process_time()
    render(text + ")")
    assert time.process_time() - start < LIMIT


@pytest.mark.parametrize(
    "text",
    [
        "**a " * 12_000 + "b** " * 12_000,
        "*" * 50_000 + "a" + "*" * 50_000,
        "> - " * 25_000 + "a",
        "[" * 50_000 + "]" * 50_000,
    ],
)
def test_no_nesting_is_too_deep(text: str) -> None:
    start = time.process_time()
    render(text)
    assert time.process_time() - start < LIMIT


LIMIT = 2.0
"""Seconds of processor time for 100 kB. On a quiet machine the worst takes 0.3; growth by squares would take many."""


def test_what_lies_beyond_the_cap_is_cut_and_says_so() -> None:
    assert render("a" * (MAX_UNITS + 5)) == f"<p>{'a' * MAX_UNITS}…</p>"
    assert render("😀" * (MAX_UNITS // 2)) == f"<p>{'😀' * (MAX_UNITS // 2)}</p>"
    assert len(render("a" + "😀" * MAX_UNITS)) == MAX_UNITS // 2 + len("<p>…</p>")


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><title>T</title><rect width="1" height="1"/></svg>'


def test_a_picture_of_shapes_is_shown() -> None:
    assert picture(SVG) == SVG
    assert picture('<?xml version="1.0"?>\n' + SVG) == SVG
    assert 'role="img" aria-label="Join &amp; &quot;see&quot;"' in qr(SVG, 'Join & "see"')


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>", "<foreignObject><p>x</p></foreignObject>", '<rect onload="alert(1)"/>',
        '<rect style="fill:red"/>', '<use href="https://evil.example/x.svg#a"/>', '<a href="javascript:alert(1)"/>',
        '<rect fill="url(https://evil.example)"/>', "<style>x</style>", "<!-- x -->", "<image/>",
        '<animate attributeName="href" to="javascript:alert(1)"/>', "<b", "<?xml-stylesheet href='x'?>",
    ],
)  # fmt: skip
def test_any_other_picture_is_refused(inside: str) -> None:
    with pytest.raises(ValueError, match=r"picture"):
        picture(SVG.replace("<title>", inside + "<title>"))
    with pytest.raises(ValueError, match="SVG"):
        picture("<html></html>")


def test_a_redline_marks_and_escapes() -> None:
    html = redline(difference("pay <b>all\nrisk", "pay <b>some\nrisk"), added="neu", removed="weg")
    assert html == (
        'pay &lt;b&gt;<del><span class="visually-hidden">[weg: </span>all'
        '<span class="visually-hidden">]</span></del><ins><span class="visually-hidden">[neu: </span>'
        'some<span class="visually-hidden">]</span></ins><br>risk'
    )
