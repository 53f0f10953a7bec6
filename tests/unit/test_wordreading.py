"""Word documents of strangers: tracked changes as Word writes them, and files that mean harm."""

from __future__ import annotations

import contextlib
import io
import random
import re
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calc import wordpackages, wordreading
from app.calc.documents import WordDocument
from app.calc.paragraphs import paragraphs
from app.calc.wordpackages import Unreadable
from app.calc.wordreading import WordFile, read
from app.calc.wordstates import lines

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
BY_ANN, BY_BEN = 'w:id="1" w:author="Ann" w:date="2026-01-01T10:00:00Z"', 'w:id="2" w:author="Ben"'


def replaced(data: bytes, parts: dict[str, bytes]) -> bytes:
    """A zip file with some parts put in or replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def document(body: str, *, head: str = "") -> bytes:
    """A document with this body, as Word would hold it."""
    xml = f'{head}<w:document xmlns:w="{W}" xmlns:r="{R}"><w:body>{body}</w:body></w:document>'
    return replaced(WordDocument("T").to_bytes(), {"word/document.xml": xml.encode()})


def run(words: str, form: str = "") -> str:
    return f'<w:r><w:rPr>{form}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'


def put_in(words: str, by: str = BY_ANN) -> str:
    return f"<w:ins {by}>{run(words)}</w:ins>"


def taken_out(words: str, by: str = BY_ANN) -> str:
    return f'<w:del {by}><w:r><w:delText xml:space="preserve">{words}</w:delText></w:r></w:del>'


def paragraph(*parts: str, mark: str = "") -> str:
    return f"<w:p><w:pPr><w:rPr>{mark}</w:rPr></w:pPr>{''.join(parts)}</w:p>"


def texts(data: bytes, *accepted: str) -> list[str]:
    """What the document reads when these people's changes are made."""
    return [line.paragraph.text for line in lines(read(data), lambda author: author in accepted)]


def test_tracked_changes_are_read_in_every_state() -> None:
    data = document(
        paragraph(run("One "), taken_out("two "), put_in("2 "), run("three"))
        + paragraph(run("kept"), mark=f"<w:del {BY_ANN}/>")
        + paragraph(run(" and joined"))
        + paragraph(run("divi"), mark=f"<w:ins {BY_BEN}/>")
        + paragraph(run("ded"))
    )
    assert texts(data) == ["One two three", "kept", " and joined", "divided"]
    assert texts(data, "Ann") == ["One 2 three", "kept and joined", "divided"]
    assert texts(data, "Ben") == ["One two three", "kept", " and joined", "divi", "ded"]
    assert read(data).authors == ["Ann", "Ben"]


def test_moved_words_leave_one_place_and_come_to_the_other() -> None:
    moved = f"<w:moveFrom {BY_ANN}>{run('Moved.')}</w:moveFrom>"
    come = f"<w:moveTo {BY_ANN}>{run('Moved.')}</w:moveTo>"
    data = document(
        f'<w:moveFromRangeStart {BY_ANN} w:name="m"/>'
        + paragraph(moved, mark=f"<w:moveFrom {BY_ANN}/>")
        + '<w:moveFromRangeEnd w:id="1"/>'
        + paragraph(run("Stays."))
        + paragraph(come, mark=f"<w:moveTo {BY_ANN}/>")
        + paragraph(run("Last."))
    )
    assert texts(data) == ["Moved.", "Stays.", "Last."]
    assert texts(data, "Ann") == ["Stays.", "Moved.", "Last."]


def test_what_one_put_in_and_another_took_out_is_there_for_the_first_alone() -> None:
    data = document(paragraph(run("a"), f"<w:ins {BY_ANN}>{taken_out('b', BY_BEN)}</w:ins>", run("c")))
    assert (texts(data), texts(data, "Ann"), texts(data, "Ann", "Ben")) == (["ac"], ["abc"], ["ac"])


def test_a_tracked_change_of_form_is_somebodys_and_a_hidden_one_is_nobodys() -> None:
    changed = f"<w:b/><w:rPrChange {BY_ANN}><w:rPr/></w:rPrChange>"
    same = f"<w:sz w:val='40'/><w:rPrChange {BY_BEN}><w:rPr/></w:rPrChange>"
    file = read(document(paragraph(run("bold", changed), run("large", same))))
    assert file.authors == ["Ann"]
    by_state = [lines(file, lambda author, state=state: state)[0].paragraph.words[0].bold for state in (True, False)]
    assert by_state == [True, False]


def test_links_fields_wrappers_and_signs_are_words() -> None:
    link = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://example.org/" '
        "</w:instrText></w:r>"
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        + run("there")
        + '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    wrapped = f"<w:sdt><w:sdtContent>{run('in a box')}</w:sdtContent></w:sdt>"
    clever = f'<w:smartTag w:element="place">{run("clever")}</w:smartTag>'
    signs = "<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:softHyphen/><w:tab/><w:br/><w:sym w:char='00A7'/></w:r>"
    (line,) = lines(read(document(paragraph(run("See "), link, run(", "), wrapped, clever, signs))), lambda _: True)
    assert line.paragraph.text == "See there, in a boxclevera\u2011b \n§"
    assert [each.link for each in line.paragraph.words if each.link] == ["https://example.org/"]


def test_signs_of_words_fonts_are_letters_or_are_listed() -> None:
    signs = "".join(
        f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'
        for font, code in (
            ("Symbol", "F0B3"), ("Symbol", "F0B1"), ("Symbol", "F061"), ("Wingdings", "F0FC"), ("Webdings", "F063"),
        )
    )  # fmt: skip
    (line,) = lines(read(document(paragraph(run("At "), signs))), lambda _: True)
    assert line.paragraph.text == "At ≥±α✓"
    assert line.block.things == ["symbol: Webdings, after “At ≥±α✓”"]


def test_hidden_text_is_nobodys_words_and_is_listed() -> None:
    hidden, shown = run(" PRIVILEGED: they would take less.", "<w:vanish/>"), run(" Said.", '<w:vanish w:val="0"/>')
    put_in = f"<w:ins {BY_ANN}>{hidden}</w:ins>"
    (line,) = lines(read(document(paragraph(run("One."), put_in, shown))), lambda _: True)
    assert (line.paragraph.text, line.block.things) == (
        "One. Said.", ["hidden: PRIVILEGED: they would take less."],
    )  # fmt: skip


def field(code: str, words: str) -> str:
    """A field as Word keeps one."""
    steps = [f'<w:r><w:fldChar w:fldCharType="{step}"/></w:r>' for step in ("begin", "separate", "end")]
    return f"{steps[0]}<w:r><w:instrText>{escape(code)}</w:instrText></w:r>{steps[1]}{run(words)}{steps[2]}"


LAW = "https://example.org/law"


@pytest.mark.parametrize(
    ("code", "leads"),
    [
        (f'HYPERLINK "{LAW}" \\l "part-2"', f"{LAW}#part-2"),
        (f' HYPERLINK "{LAW}" \\l "part" \\n tip', f"{LAW}#part"),  # so LibreOffice writes where it opens
        (f'HYPERLINK \\o "a tip" "{LAW}"', LAW),
        (f'hyperlink \\n \\l "two" {LAW} \\o "no address"', f"{LAW}#two"),
        (f'HYPERLINK "{LAW}#one" \\l "two"', f"{LAW}#one"),
        ('HYPERLINK "https://example.org/a b?x=1" \\l "a"b"', 'https://example.org/a%20b?x=1#a"b'),
        ('HYPERLINK "mailto:a@b.org?subject=Hi you&cc=c@d.org"', "mailto:a@b.org?subject=Hi%20you&cc=c%40d.org"),
        ('HYPERLINK \\l "inside"', ""),
        (f'HYPERLINK "{LAW}', LAW),
        (f'REF "{LAW}"', ""),
        ("", ""),
    ],
)
def test_a_field_leads_to_one_address_whatever_stands_around_it(code: str, leads: str) -> None:
    simple = f'<w:fldSimple w:instr="{escape(code, {chr(34): "&quot;"})}">{run("there")}</w:fldSimple>'
    for each in (field(code, "there"), simple):
        (block,) = read(document(paragraph(each))).blocks
        assert [(piece.words.text, piece.words.link) for piece in block.pieces] == [("there", leads)]


def field_out(code: str, words: str, by: str = BY_ANN) -> str:
    """A field taken out with tracking on, as Word keeps one."""
    gone = field(code, words).replace("w:instrText", "w:delInstrText").replace("<w:t ", "<w:delText ")
    return f"<w:del {by}>{gone.replace('</w:t>', '</w:delText>')}</w:del>"


def linked(data: bytes, *accepted: str) -> list[list[tuple[str, str]]]:
    """The words of each paragraph with where they lead, when these people's changes are made."""
    return [
        [
            ("".join(each.text for each in some), link)
            for link, some in groupby(line.paragraph.words, lambda it: it.link)
        ]
        for line in lines(read(data), lambda author: author in accepted)
    ]


def test_a_link_taken_out_with_tracking_on_is_one_where_it_still_stands() -> None:
    code = f'HYPERLINK "{LAW}"'
    sentence = paragraph(run("Stays."), taken_out(" See "), field_out(code, "the law"), taken_out("."))
    assert linked(document(sentence)) == [[("Stays. See ", ""), ("the law", LAW), (".", "")]]
    assert linked(document(sentence), "Ann") == [[("Stays.", "")]]
    put_in = f"<w:ins {BY_ANN}>{field(code, 'this act')}</w:ins>"
    replaced = paragraph(run("See "), field_out(code, "the law"), put_in, run("."))
    assert linked(document(replaced)) == [[("See ", ""), ("the law", LAW), (".", "")]]
    assert linked(document(replaced), "Ann") == [[("See ", ""), ("this act", LAW), (".", "")]]
    # The code alone replaced: where the link leads now counts in every state, as an address that is changed by hand.
    elsewhere = field("HYPERLINK", "the law").replace(
        "<w:r><w:instrText>HYPERLINK</w:instrText></w:r>",
        f"<w:del {BY_ANN}><w:r><w:delInstrText>{escape(code)}</w:delInstrText></w:r></w:del>"
        f'<w:ins {BY_ANN}><w:r><w:instrText>HYPERLINK "{LAW}/2"</w:instrText></w:r></w:ins>',
    )
    assert linked(document(paragraph(elsewhere))) == [[("the law", f"{LAW}/2")]]


def test_a_link_that_keeps_its_place_beside_its_address_is_one_address() -> None:
    """Word cuts an address at its “#”, and keeps what follows with the words."""
    body = paragraph(
        *(f'<w:hyperlink {where}>{run("there")}</w:hyperlink>' for where in (
            'r:id="a" w:anchor="part-2"', 'r:id="a"', 'r:id="b" w:anchor="two"',
            'w:anchor="inside"', 'r:id="gone" w:anchor="x"',
        )),
    )  # fmt: skip
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"
    links = "".join(
        f'<Relationship Id="{name}" Type="{kind}" Target="{target}" TargetMode="External"/>'
        for name, target in (("a", LAW), ("b", f"{LAW}#one"))
    )
    rels = (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>'
    )
    (block,) = read(replaced(document(body), {"word/_rels/document.xml.rels": rels.encode()})).blocks
    assert [piece.words.link for piece in block.pieces] == [f"{LAW}#part-2", LAW, f"{LAW}#one", "", ""]


def style(name: str, says: str, *, on: str = "", more: str = "") -> str:
    based = f'<w:basedOn w:val="{on}"/>' if on else ""
    return f'<w:style w:styleId="{name}" {more}><w:name w:val="{name}"/>{based}<w:rPr>{says}</w:rPr></w:style>'


def test_words_that_a_style_hides_or_strikes_are_as_those_hidden_and_struck_by_hand() -> None:
    known = "".join((
        style("Hid", "<w:vanish/>"), style("Deep", "<w:b/>", on="Hid"),
        style("Shown", '<w:vanish w:val="0"/>', on="Deep"), style("Out", "<w:strike/>"),
        style("Twice", "<w:dstrike/>", on="Out"), style("Up", '<w:vertAlign w:val="superscript"/>'),
    ))  # fmt: skip
    one = paragraph(*(
        run(name, f'<w:rStyle w:val="{name}"/>{form}')
        for name, form in (
            ("Deep", ""), ("Shown", ""), ("Hid", '<w:vanish w:val="0"/>'), ("Twice", ""),
            ("Out", '<w:strike w:val="0"/>'), ("Up", ""), ("Up", '<w:vertAlign w:val="baseline"/>'),
            ("None", '<w:vertAlign w:val="subscript"/>'),
        )
    ))  # fmt: skip
    said = run("said", '<w:vanish w:val="0"/>')
    whole = f'<w:p><w:pPr><w:pStyle w:val="Deep"/></w:pPr>{run("Note")}{said}</w:p>'
    cell = f'<w:tbl><w:tr><w:tc><w:p><w:pPr><w:pStyle w:val="Hid"/></w:pPr>{run("Cell")}</w:p></w:tc></w:tr></w:tbl>'
    first, second, third = read(packed(one + whole + cell, styles=known)).blocks
    assert [(piece.words.text, piece.struck, piece.raised) for piece in first.pieces] == [
        ("Shown", False, ""), ("Hid", False, ""), ("Twice", True, ""), ("Out", False, ""),
        ("Up", False, "raised"), ("Up", False, ""), ("None", False, "lowered"),
    ]  # fmt: skip
    assert [each.things for each in (first, second, third)] == [["hidden: Deep"], ["hidden: Note"], ["hidden: Cell"]]
    assert [piece.words.text for piece in second.pieces] == ["said"]
    hidden = style("Normal", "<w:vanish/>", more='w:type="paragraph" w:default="1"')
    assert read(packed(paragraph(run("All")), styles=hidden)).blocks[0].things == ["hidden: All"]


def test_what_all_words_of_a_document_are_hides_and_strikes_as_a_style_does() -> None:
    body = paragraph(run("All"), run("said", '<w:vanish w:val="0"/>'))
    usual = "<w:docDefaults><w:rPrDefault><w:rPr>{}</w:rPr></w:rPrDefault></w:docDefaults>"
    (block,) = read(packed(body, styles=usual.format("<w:vanish/>"))).blocks
    assert ([each.words.text for each in block.pieces], block.things) == (["said"], ["hidden: All"])
    struck = run("kept", '<w:strike w:val="0"/>')
    (block,) = read(packed(paragraph(run("All"), struck), styles=usual.format("<w:strike/>"))).blocks
    assert [(each.words.text, each.struck) for each in block.pieces] == [("All", True), ("kept", False)]


def table(rows: list[list[str]], *, takes: str = "", named: str = "T") -> str:
    """A table of a style, which takes over parts of it."""
    lines_ = "".join(f"<w:tr>{''.join(f'<w:tc>{each}</w:tc>' for each in row)}</w:tr>" for row in rows)
    style_ = f'<w:tblStyle w:val="{named}"/>' if named else ""
    return f"<w:tbl><w:tblPr>{style_}{takes}</w:tblPr>{lines_}</w:tbl>"


def cells(*rows: str) -> list[list[str]]:
    return [[paragraph(run(each)) for each in row.split()] for row in rows]


def test_words_that_the_style_of_a_table_hides_or_strikes_are_hidden_and_struck() -> None:
    known = style("Base", "<w:strike/>", more='w:type="table"') + style("T", "", on="Base", more='w:type="table"')
    inner = table([[paragraph(run("in"))]], named="Base")
    body = table([[paragraph(run("out"), run("kept", '<w:strike w:val="0"/>')), inner]]) + paragraph(run("after"))
    first, last = read(packed(body, styles=known)).blocks
    assert [(each.words.text, each.struck) for each in [*first.pieces, *last.pieces]] == [
        ("out", True), ("kept", False), (" | ", False), ("in", True), ("after", False),
    ]  # fmt: skip
    hides = style("Plain", "<w:vanish/>", more='w:type="table" w:default="1"')
    within = table([[table(cells("in"), named=""), table(cells("shown"))]])
    blocks = read(packed(table(cells("none"), named="") + within, styles=known + hides)).blocks
    assert [each.things for each in blocks] == [["hidden: none"], ["hidden: in"]]


@pytest.mark.parametrize(
    ("part", "takes", "hidden"),
    [
        ("firstRow", 'w:firstRow="1"', "a b c"), ("firstRow", 'w:val="0020"', "a b c"), ("firstRow", "", ""),
        ("lastRow", 'w:lastRow="1"', "j k l"), ("firstCol", 'w:firstColumn="1"', "a d g j"),
        ("lastCol", 'w:val="0100"', "c f i l"), ("neCell", 'w:firstRow="1" w:lastColumn="1"', "c"),
        ("swCell", 'w:lastRow="1" w:firstColumn="1"', "j"), ("neCell", 'w:firstRow="1"', ""),
        ("band1Horz", 'w:val="0000"', "a b c g h i"), ("band1Horz", 'w:firstRow="1"', "d e f j k l"),
        ("band2Horz", 'w:noHBand="1"', ""), ("band2Vert", 'w:val="0000"', "b e h k"), ("band1Vert", 'w:val="0400"', ""),
        ("wholeTable", "", "a b c d e f g h i j k l"),
    ],
)  # fmt: skip
def test_a_part_of_a_table_is_hidden_where_the_table_takes_it_over(part: str, takes: str, hidden: str) -> None:
    says = f'<w:tblStylePr w:type="{part}"><w:rPr><w:vanish/></w:rPr></w:tblStylePr>'
    known = style("T", "", more='w:type="table"').replace("</w:style>", f"{says}</w:style>")
    rows = cells("a b c", "d e f", "g h i", "j k l")
    blocks = read(packed(table(rows, takes=f"<w:tblLook {takes}/>"), styles=known)).blocks
    assert " ".join(each.removeprefix("hidden: ") for block in blocks for each in block.things) == hidden


@pytest.mark.parametrize(
    ("by_style", "by_table", "part", "hidden"),
    [
        ('<w:tblStyleRowBandSize w:val="2"/>', "", "band1Horz", "a b c d e f"),
        ('<w:tblStyleRowBandSize w:val="2"/>', '<w:tblStyleRowBandSize w:val="3"/>', "band2Horz", "j k l"),
        ('<w:tblStyleColBandSize w:val="2"/>', "", "band2Vert", "c f i l"),
        ('<w:tblStyleRowBandSize w:val="0"/>', "", "band1Horz", ""),
    ],
)
def test_a_band_of_a_table_is_as_many_rows_or_columns_as_it_or_its_style_says(
    by_style: str, by_table: str, part: str, hidden: str
) -> None:
    says = f'<w:tblStylePr w:type="{part}"><w:rPr><w:vanish/></w:rPr></w:tblStylePr>'
    known = style("T", "", on="Base", more='w:type="table"').replace("</w:style>", f"{says}</w:style>") + style(
        "Base", "", more='w:type="table"'
    ).replace("</w:style>", f"<w:tblPr>{by_style}</w:tblPr></w:style>")
    body = table(cells("a b c", "d e f", "g h i", "j k l"), takes=f'{by_table}<w:tblLook w:val="0000"/>')
    blocks = read(packed(body, styles=known)).blocks
    assert " ".join(each.removeprefix("hidden: ") for block in blocks for each in block.things) == hidden


def test_a_text_box_in_a_cell_is_told_once_and_its_words_are_not_the_cells() -> None:
    box = f"<w:pict><w:txbxContent>{paragraph(run('in the box'))}</w:txbxContent></w:pict>"
    mc = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    both = f"<mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
    anew = f'<mc:AlternateContent xmlns:mc="{mc}">{both}</mc:AlternateContent>'
    (block,) = read(packed(table([[paragraph(run("said"), f"<w:r>{anew}</w:r>")]]))).blocks
    assert ([each.words.text for each in block.pieces], block.things) == (["said"], ["picture: in the box"])


def test_the_font_of_signs_may_come_from_a_style_and_the_nearest_has_the_last_word() -> None:
    def greek(*runs: str) -> str:
        return paragraph(*runs).replace("<w:pPr>", '<w:pPr><w:pStyle w:val="Greek"/>')

    fonts = '<w:rFonts w:ascii="{0}" w:hAnsi="{0}"/>'.format
    known = (
        style("Ticks", fonts("Wingdings"), more='w:type="character"') + style("More", "", on="Ticks")
        + style("Greek", fonts("Symbol"))
    )  # fmt: skip
    body = "".join((
        paragraph(run("ü", '<w:rStyle w:val="More"/>'), run(" done")),
        greek(run("m"), run("m", fonts("Arial")), run("ü", '<w:rStyle w:val="Ticks"/>')),
        greek(run("m", '<w:rFonts w:asciiTheme="minorHAnsi"/>')),
    ))  # fmt: skip
    assert texts(packed(body, styles=known)) == ["✓ done", "μm✓", "m"]
    everywhere = f"<w:docDefaults><w:rPrDefault><w:rPr>{fonts('Symbol')}</w:rPr></w:rPrDefault></w:docDefaults>"
    assert texts(packed(paragraph(run("m")), styles=everywhere)) == ["μ"]


def test_of_the_parts_of_a_table_the_narrower_says_how_its_words_look() -> None:
    says = '<w:tblStylePr w:type="firstCol"><w:rPr><w:vanish w:val="0"/></w:rPr></w:tblStylePr>'
    known = style("T", "<w:vanish/>", more='w:type="table"').replace("</w:style>", f"{says}</w:style>")
    takes = '<w:tblLook w:firstColumn="1"/>'
    (block,) = read(packed(table(cells("shown gone"), takes=takes), styles=known)).blocks
    assert ([each.words.text for each in block.pieces], block.things) == (["shown", " | "], ["hidden: gone"])


def test_a_break_of_page_or_column_parts_words_and_is_nothing_where_none_stand() -> None:
    page, column = ('<w:br w:type="page"/>', '<w:br w:type="column"/>')
    near, far = "<w:t>Near.</w:t>", "<w:t>Far.</w:t>"
    data = document("".join(
        paragraph(each) for each in (
            f"<w:r>{near}{page}{far}</w:r>", f"{run('Near.')}<w:r>{column}</w:r>{run('Far.')}",
            f"<w:r>{page}</w:r>{run('Far.')}", f"<w:r>{page}{near}</w:r>", f"<w:r>{page}</w:r>",
        )
    ))  # fmt: skip
    assert texts(data) == ["Near. Far.", "Near. Far.", "Far.", "Near.", ""]


def test_notes_and_comments_say_breaks_and_hyphens_as_the_words_do() -> None:
    signs = (
        "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>One</w:t><w:br/><w:t>two, well</w:t><w:noBreakHyphen/>"
        "<w:t>known</w:t><w:tab/><w:t>co</w:t><w:softHyphen/><w:t>op</w:t></w:r>"
        '<w:r><w:rPr><w:rFonts w:ascii="Symbol"/></w:rPr><w:t>\uf06d</w:t><w:sym w:font="Symbol" w:char="F062"/></w:r>'
        '<w:ins w:id="1"><w:r><w:cr/><w:t>end</w:t></w:r></w:ins></w:p>'
    )
    file = read(packed(
        paragraph(pinned(1, run("One")), '<w:r><w:footnoteReference w:id="1"/></w:r>'),
        footnotes=f'<w:footnote w:id="1">{signs}</w:footnote>', comments=f'<w:comment w:id="1">{signs}</w:comment>',
    ))  # fmt: skip
    said = "One\ntwo, well\u2011known coopμβ\nend"
    assert [each.text for each in file.comments] == [said]
    assert file.blocks[0].things == [f"footnote: {said}"]


def emoji(number: str, otherwise: str = "<w:t>😊</w:t>", font: str = "Segoe UI Emoji") -> str:
    """A letter as Word writes some emoji: by its number, and for older programs as a letter."""
    spaces = (
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:w16se="http://schemas.microsoft.com/office/word/2015/wordml/symex"'
    )
    newer = f'<mc:Choice Requires="w16se"><w16se:symEx w16se:font="{font}" w16se:char="{number}"/></mc:Choice>'
    form = '<mc:Choice Requires="w16se"/><mc:Fallback><w:rFonts w:ascii="Segoe UI Emoji"/></mc:Fallback>'
    return (
        f"<w:r {spaces}><w:rPr><mc:AlternateContent>{form}</mc:AlternateContent></w:rPr>"
        f"<mc:AlternateContent>{newer}<mc:Fallback>{otherwise}</mc:Fallback></mc:AlternateContent></w:r>"
    )


def test_an_emoji_that_word_writes_by_its_number_is_a_letter_of_its_words() -> None:
    smile = emoji("1F60A")
    body = paragraph(
        run("Sunny "), smile, f"<w:ins {BY_ANN}>{emoji('263A')}</w:ins>", f"<w:del {BY_BEN}>{smile}</w:del>"
    )
    assert texts(document(body)) == ["Sunny 😊😊"]
    assert texts(document(body), "Ann") == ["Sunny 😊☺😊"]
    assert texts(document(body), "Ann", "Ben") == ["Sunny 😊☺"]
    assert read(document(body)).blocks[0].things == []
    told = read(packed(
        paragraph(pinned(1, run("One")), '<w:r><w:footnoteReference w:id="1"/></w:r>'),
        footnotes=f'<w:footnote w:id="1">{paragraph(run("Well "), smile)}</w:footnote>',
        comments=f'<w:comment w:id="1">{paragraph(smile)}</w:comment>',
    ))  # fmt: skip
    assert ([each.text for each in told.comments], told.blocks[0].things) == (["😊"], ["footnote: Well 😊"])


@pytest.mark.parametrize(
    ("number", "otherwise", "font", "reads"),
    [
        ("", "<w:t>😊</w:t>", "", "😊"),
        ("FFFFFFF", "<w:t>😊</w:t>", "", "😊"),
        ("D83D", "<w:t>😊</w:t>", "", "😊"),
        ("none", "<w:delText>😊</w:delText>", "", "😊"),
        ("F0FC", "<w:t>x</w:t>", "Wingdings", "✓"),
        ("F001", "<w:t>x</w:t>", "Webdings", "x"),
        ("1F60A", "", "Segoe UI Emoji", "😊"),
    ],
)
def test_of_a_letter_that_word_keeps_twice_the_one_that_can_be_read_counts(
    number: str, otherwise: str, font: str, reads: str
) -> None:
    (line,) = lines(read(document(paragraph(run("At"), emoji(number, otherwise, font)))), lambda _: True)
    assert (line.paragraph.text, line.block.things) == (f"At{reads}", [])


def test_a_letter_that_word_keeps_twice_and_nobody_can_read_is_listed() -> None:
    (line,) = lines(read(document(paragraph(run("At"), emoji("none", "")))), lambda _: True)
    assert (line.paragraph.text, line.block.things) == ("At", ["picture"])


def test_a_letter_set_large_at_the_beginning_belongs_to_the_paragraph_that_follows() -> None:
    def large(words: str, how: str = "drop") -> str:
        return f'<w:p><w:pPr><w:keepNext/><w:framePr w:dropCap="{how}" w:lines="3"/></w:pPr>{words}</w:p>'

    mark = '<w:bookmarkStart w:id="7" w:name="{}"/>'
    after = f'<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr>{mark.format("b")}{run("he fox.")}</w:p>'
    body = paragraph(run("Above.")) + large(mark.format("a") + put_in("T")) + after + large(run("A"), "none")
    file = read(packed(
        body + large(pinned(1, run("W")), "margin") + paragraph(run("e.")) + large(run("Z")),
        styles=style("Heading2", "").replace('"Heading2"/>', '"heading 2"/>'),
        comments=f'<w:comment w:id="1">{paragraph(run("Who?"))}</w:comment>',
    ))  # fmt: skip
    said = [each.paragraph.text for each in lines(file, lambda _: True)]
    assert said == ["Above.", "The fox.", "A", "We.", "Z"]
    assert [(each.begins, each.heading) for each in file.blocks[1:2]] == [({"a": 0, "b": 1}, 2)]
    assert [(each.on, each.block) for each in file.comments] == [("W", 3)]


def test_what_a_box_to_be_filled_in_asks_for_is_nobodys_words() -> None:
    def box(words: str, shows: str = "<w:showingPlcHdr/>") -> str:
        return f"<w:sdt><w:sdtPr>{shows}</w:sdtPr><w:sdtContent>{words}</w:sdtContent></w:sdt>"

    asked, off = run("Click to enter text."), '<w:showingPlcHdr w:val="0"/>'
    body = (
        paragraph(run("Fee: "), box(asked), box(run("ten"), off), run("."))
        + box(paragraph(put_in("Choose a day.")))
        + table([[paragraph(run("cell")) + box(paragraph(asked)), paragraph(box(asked))]])
    )
    comment = f'<w:comment w:id="1">{paragraph(run("Who?"), box(asked))}</w:comment>'
    file = read(packed(body + paragraph(pinned(1, run("One"))), comments=comment))
    said = [each.paragraph.text for each in lines(file, lambda _: True)]
    assert said == ["Fee: ten.", "", "cell | ", "One"]
    assert [each.text for each in file.comments] == ["Who?"]


def test_letters_in_a_font_of_signs_are_the_signs_or_are_listed() -> None:
    def signs(font: str, words: str) -> str:
        return run(words, f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}"/>')

    body = paragraph(
        run("At 5 "), signs("Symbol", "\uf06d"), signs("Symbol", "m"), run("m "), signs("Wingdings", "\uf0fc"),
        signs("Wingdings 2", "a\uf050\uf051b"), signs("Arial", "m\uf06d"), run("\uf06d"),
        f"<w:del {BY_ANN}><w:r><w:rPr><w:rFonts w:ascii='Symbol'/></w:rPr><w:delText>\uf062</w:delText></w:r></w:del>",
    )  # fmt: skip
    (line,) = lines(read(document(body)), lambda _: False)
    assert line.paragraph.text == "At 5 μμm ✓abm\uf06d\uf06dβ"
    assert line.block.things == [
        "symbol: Wingdings 2, typed “a”, after “At 5 μμm ✓”", "symbol: Wingdings 2, after “At 5 μμm ✓a”",
    ]  # fmt: skip
    apart = [
        run("m", f'<w:rFonts w:ascii="{near}" w:hAnsi="{far}"/>')
        for near, far in (("Arial", "Symbol"), ("Symbol", "Arial"))
    ]
    assert texts(document(paragraph(*apart))) == ["mμ"], "the letters of a keyboard have a font of their own"


def test_letters_of_a_keyboard_in_a_font_of_signs_are_what_it_draws_or_are_listed() -> None:
    def signs(font: str, words: str) -> str:
        return run(words, f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}"/>')

    body = paragraph(
        signs("Wingdings", "ü"), run(" done "), signs("Wingdings", "J"), signs("Symbol", "³\xa0"), run("5 "),
        signs("Wingdings", "n l"), signs("Segoe UI Symbol", "ab"), signs("Webdings", "a"), signs("Wingdings", "yl"),
        '<w:r><w:sym w:font="Wingdings" w:char="00FC"/><w:sym w:font="Wingdings" w:char="0079"/></w:r>',
    )  # fmt: skip
    (line,) = lines(read(document(body)), lambda _: True)
    assert line.paragraph.text == "✓ done ☺≥\xa05 ■ ●abay●✓"
    assert line.block.things == [
        "symbol: Webdings, typed “a”, after “done ☺≥ 5 ■ ●ab”",
        "symbol: Wingdings, typed “y”, after “☺≥ 5 ■ ●aba”", "symbol: Wingdings, after “≥ 5 ■ ●abay●✓”",
    ]  # fmt: skip


def test_words_under_small_letters_that_say_how_to_read_them_are_words() -> None:
    base = f"<w:rubyBase>{run('漢')}{run('字')}</w:rubyBase>"
    ruby = f"<w:r><w:ruby><w:rubyPr/><w:rt>{run('kan')}</w:rt>{base}</w:ruby></w:r>"
    assert texts(document(paragraph(run("a "), ruby, run(" b")))) == ["a 漢字 b"]
    hides = ruby.replace(run("字"), run("字", "<w:vanish/>"))
    (block,) = read(document(paragraph(hides))).blocks
    assert ([each.words.text for each in block.pieces], block.things) == (["漢"], ["hidden: 字"])


def test_a_line_that_only_the_file_breaks_is_a_space() -> None:
    assert texts(document(paragraph("<w:r><w:t>one\ntwo</w:t></w:r>", run(" three\nfour")))) == ["one two three four"]


def test_another_document_within_the_document_is_listed() -> None:
    chunk = '<w:altChunk r:id="x"/>'
    words = ["picture: A whole document was put in here; its words were not read"]
    assert [block.things for block in read(document(paragraph(run("One")) + chunk)).blocks] == [words]
    assert [block.things for block in read(document(chunk + paragraph(run("One")))).blocks] == [words, []]
    cell = f"<w:tbl><w:tr><w:tc>{chunk}{paragraph(run('One'))}</w:tc></w:tr></w:tbl>"
    assert words in [block.things for block in read(document(paragraph(run("Above")) + cell)).blocks]


def test_a_watermark_is_said_with_the_words_above_the_pages() -> None:
    shape = '<v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:textpath string="DRAFT"/></v:shape>'
    file = read(packed("<w:p/>", header=paragraph(f"<w:r><w:pict>{shape}</w:pict></w:r>")))
    assert [block.things for block in file.margins] == [["picture: DRAFT"]]


def test_a_field_that_never_ends_swallows_no_words() -> None:
    open_field = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    with pytest.raises(Unreadable, match="damaged"):
        read(document(paragraph(run("One"), open_field) + paragraph(run("Two"))))


def test_more_paragraphs_than_can_be_compared_are_refused() -> None:
    some = "<w:p><w:r><w:t>a</w:t></w:r></w:p>"
    assert len(read(document(some * 50)).blocks) == 50
    with pytest.raises(Unreadable, match="more paragraphs"):
        read(document(some * (wordreading.MAX_BLOCKS + 1)))


def test_a_tracked_change_of_style_is_its_authors() -> None:
    changed = f'<w:pStyle w:val="Heading1"/><w:pPrChange {BY_ANN}><w:pPr/></w:pPrChange>'
    file = read(document(f"<w:p><w:pPr>{changed}</w:pPr>{run('One')}</w:p>"))
    assert file.authors == ["Ann"]
    assert [(file.blocks[0].heading, file.blocks[0].was.heading if file.blocks[0].was else None)] == [(1, 0)]


def test_a_comment_resolved_in_word_is_told_from_an_open_one() -> None:
    made = WordDocument("T")
    for words in ("Open?", "Done?"):
        at = datetime(2026, 3, 4, 17, 5)  # noqa: DTZ001  # the reader's own clocks
        made.comment(made.text(paragraphs("Some words."))[0], words, author="Ann", at=at)
    data = made.to_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        comments = parts.read("word/comments.xml").decode()
        rels = parts.read("word/_rels/document.xml.rels").decode()
    w14, w15 = (
        "http://schemas.microsoft.com/office/word/2010/wordml",
        "http://schemas.microsoft.com/office/word/2012/wordml",
    )
    for number in range(2):  # Word gives each paragraph of a comment a number of its own
        comments = re.sub(r"<w:p>", f'<w:p xmlns:w14="{w14}" w14:paraId="0000000{number}">', comments, count=1)
    states = "".join(f'<w15:commentEx w15:paraId="0000000{number}" w15:done="{number}"/>' for number in range(2))
    kind = "http://schemas.microsoft.com/office/2011/relationships/commentsExtended"
    added = f'<Relationship Id="rIdX" Type="{kind}" Target="commentsExtended.xml"/></Relationships>'
    found = read(replaced(data, {
        "word/comments.xml": comments.encode(),
        "word/commentsExtended.xml": f'<w15:commentsEx xmlns:w15="{w15}">{states}</w15:commentsEx>'.encode(),
        "word/_rels/document.xml.rels": rels.replace("</Relationships>", added).encode(),
    }))  # fmt: skip
    assert [(each.text, each.resolved) for each in found.comments] == [("Open?", False), ("Done?", True)]


def test_an_empty_or_foreign_file_is_refused_with_what_to_do() -> None:
    odt = io.BytesIO()
    with zipfile.ZipFile(odt, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        made.writestr("content.xml", "<a/>")
    picture = io.BytesIO()
    with zipfile.ZipFile(picture, "w") as made:
        made.writestr("[Content_Types].xml", "<Types/>")
    for data, words in (
        (b"", "not a Word document"), (b"Dear all", "not a Word document"), (b"%PDF-1.7", "PDF"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "older Word file"), (odt.getvalue(), ".odt"),
        (picture.getvalue(), "not a Word document"), (WordDocument("T").to_bytes()[:900], "damaged"),
        (b"x" * (wordpackages.MAX_BYTES + 1), "too large"),
    ):  # fmt: skip
        with pytest.raises(Unreadable, match=words):
            read(data)


ENTITIES = {
    "of a file": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    "that grow": '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY e "&a;&a;&a;&a;&a;">]>',
    "from elsewhere": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
}


@pytest.mark.parametrize("head", ENTITIES.values(), ids=ENTITIES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(head: str, encoding: str) -> None:
    xml = f'<?xml version="1.0" encoding="{encoding}"?>{head}<w:document xmlns:w="{W}"><w:body/></w:document>'
    with pytest.raises(Unreadable):
        read(replaced(WordDocument("T").to_bytes(), {"word/document.xml": xml.encode(encoding)}))


def test_what_swells_is_refused_before_it_is_opened() -> None:
    plain = WordDocument("T").to_bytes()
    bomb = b" " * (wordpackages.MAX_RATIO * 2 * 1024 * 1024 // 64)
    many = {f"x/{number}.xml": b"<a/>" for number in range(wordpackages.MAX_PARTS)}
    deep = f"<w:sdt>{'<w:sdtContent>' * 400}{'</w:sdtContent>' * 400}</w:sdt>"
    wide = "<w:p/>" * (wordpackages.MAX_ELEMENTS + 1)
    begun = time.process_time()
    for data in (
        replaced(plain, {"word/document.xml": bomb}), replaced(plain, many), document(deep), document(wide),
    ):  # fmt: skip
        with pytest.raises(Unreadable, match="too large"):
            read(data)
    assert time.process_time() - begun < 20


# --- small files that would have their words told, or their styles asked, again and again ---


def packed(body: str, *, root: str = "", **parts: str) -> bytes:
    """A document with this body and parts, each with noise enough to be packed no tighter than honest ones."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    noise = f"<!--{random.Random(1).randbytes(30_000).hex()}-->"
    head = f'<Relationships xmlns="{kind.replace("officeDocument", "package")}">'
    links = "".join(
        f'<Relationship Id="{name}" Type="{kind}/{name.rstrip("0123456789")}" Target="{name}.xml"/>' for name in parts
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        main = f'<Relationship Id="a" Type="{kind}/officeDocument" Target="word/document.xml"/>'
        made.writestr("_rels/.rels", f"{head}{main}{root}</Relationships>")
        made.writestr("word/_rels/document.xml.rels", f"{head}{links}</Relationships>")
        made.writestr("word/document.xml", f'<w:document xmlns:w="{W}"><w:body>{body}</w:body>{noise}</w:document>')
        for name, content in parts.items():
            made.writestr(f"word/{name}.xml", f'<w:{name} xmlns:w="{W}">{content}{noise}</w:{name}>')
    return out.getvalue()


def pinned(number: int, words: str) -> str:
    return f'<w:commentRangeStart w:id="{number}"/>{words}<w:commentRangeEnd w:id="{number}"/>'


def told(file: WordFile) -> int:
    """So many letters the document says in all."""
    blocks = [*file.blocks, *file.margins]
    return (
        sum(len(piece.words.text) for block in blocks for piece in block.pieces)
        + sum(len(thing) for block in blocks for thing in block.things)
        + sum(len(comment.text) + len(comment.on) for comment in file.comments)
    )


def test_a_note_is_told_once_and_so_are_words_in_one_another() -> None:
    nested = f"<w:p>{run('Outer')}" * 20 + f"<w:p>{run('Inner')}</w:p>" + "</w:p>" * 20
    refer = '<w:r><w:footnoteReference w:id="1"/></w:r>'
    boxes = "<w:txbxContent><w:p>" * 20 + run("In a box") + "</w:p></w:txbxContent>" * 20
    comment = f'<w:comment w:id="1" w:author="Ann"><w:p>{run("Why?")}</w:p>' * 20 + "</w:comment>" * 20
    file = read(packed(
        paragraph(pinned(1, run("One")), refer, refer) + paragraph(refer, f"<w:r><w:pict>{boxes}</w:pict></w:r>"),
        footnotes=f'<w:footnote w:id="1">{nested}</w:footnote>', comments=comment,
    ))  # fmt: skip
    note = "\n".join([*["Outer"] * 20, "Inner"])
    assert [block.things for block in file.blocks] == [[f"footnote: {note}"], ["picture: In a box"]]
    # One within another is the first one's words.
    assert [(each.author, each.on) for each in file.comments] == [("Ann", "One")]


def test_a_comment_says_what_it_is_pinned_to_but_never_a_whole_document() -> None:
    long = "Some words. " * 2_000
    file = read(packed(
        paragraph(pinned(1, run("One")), run("two"), '<w:commentRangeStart w:id="2"/>', run(long[:5_000]))
        + paragraph(run(long), pinned(1, run(" again"))),
        comments="".join(f'<w:comment w:id="{number}"/>' for number in (1, 2, 3)),
    ))  # fmt: skip
    shown = f"{long[:5_000]}\n{long}"[: wordreading.MAX_PINNED] + " …"
    assert sorted(each.on for each in file.comments) == ["", "One again", shown]


def test_a_comment_over_several_paragraphs_says_where_each_ends() -> None:
    begins, ends = '<w:commentRangeStart w:id="1"/>', '<w:commentRangeEnd w:id="1"/>'
    joins, gone = paragraph(run("Four"), mark=f"<w:del {BY_ANN}/>"), paragraph(taken_out("Gone."))
    cells = f"<w:tc>{paragraph(run('Six.'))}{paragraph(run('Seven.'))}</w:tc><w:tc>{paragraph(run('Eight.'))}</w:tc>"
    file = read(packed(
        paragraph(run("One. "), begins, run("Two.")) + paragraph(run("Three.")) + "<w:p/>" + gone + joins
        + paragraph(run("teen.")) + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>" + paragraph(run("Nine."), ends, run("Ten.")),
        comments='<w:comment w:id="1"/>',
    ))  # fmt: skip
    assert [each.on for each in file.comments] == ["Two.\nThree.\nFourteen.\nSix. Seven. | Eight.\nNine."]


def test_all_that_a_document_says_has_an_end() -> None:
    words = "".join(run("Ten words " * 100) for _ in range(10))
    many = wordreading.MAX_LETTERS // wordreading.MAX_PINNED
    comments = '<w:comment w:id="1"/>'
    assert told(read(packed(paragraph(pinned(1, words)), comments=comments * (many // 2)))) <= wordreading.MAX_LETTERS
    with pytest.raises(Unreadable, match="too large"):
        read(packed(paragraph(pinned(1, words)), comments=comments * (many + 1)))
    link = f'<w:fldSimple w:instr="HYPERLINK &quot;https://example.org/{"a" * 100_000}&quot;">'
    with pytest.raises(Unreadable, match="too large"):
        read(packed(paragraph(f"{link}{run('x') * 200}</w:fldSimple>")))


def test_margins_and_all_parts_together_have_limits_too() -> None:
    with pytest.raises(Unreadable, match="more paragraphs"):
        read(packed("<w:p/>", header="<w:p/>" * (wordreading.MAX_BLOCKS + 1)))
    parts = {f"header{number}": "<w:x/>" * 290_000 for number in range(3)}
    with pytest.raises(Unreadable, match="too large"):
        read(packed("<w:p/>", **parts))
    with pytest.raises(Unreadable, match="too large"):
        read(packed("<w:p " + " ".join(f'a{number}="1"' for number in range(200)) + "/>"))


@pytest.mark.parametrize("way", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_no_word_processor_packs_is_refused(way: int) -> None:
    """The library unpacks these at once, whatever size they say they have."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document(paragraph(run("One"))))) as old, zipfile.ZipFile(out, "w", way) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(Unreadable, match="damaged"):
        read(out.getvalue())


def _field(step: str) -> str:
    return f'<w:fldChar w:fldCharType="{step}"/>'


def _listed(count: int) -> bytes:
    kinds = "".join(
        f'<w:abstractNum w:abstractNumId="{each}"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>'
        f'<w:num w:numId="{each + 1}"><w:abstractNumId w:val="{each}"/></w:num>'
        for each in range(count)
    )
    body = "".join(
        f'<w:p><w:pPr><w:numPr><w:numId w:val="{each + 1}"/></w:numPr></w:pPr>{run("x")}</w:p>' for each in range(count)
    )
    return packed(body, numbering=kinds)


_STYLED = '<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr></w:p>'
_PROPERTIES = '<Relationship Id="c" Type="x/custom-properties" Target="word/custom.xml"/>'
DEAR = {
    "comments that never end": lambda: packed(paragraph(
        "".join(f'<w:commentRangeStart w:id="{each}"/>' for each in range(20_000)), "<w:r><w:t>x</w:t></w:r>" * 20_000
    )),
    "fields in fields": lambda: packed(paragraph(
        f"<w:r>{_field('begin') * 30_000}{_field('separate')}</w:r>", "<w:r/>" * 30_000,
        f"<w:r>{_field('end') * 30_000}</w:r>",
    )),
    "a field that begins its words again": lambda: packed(paragraph(
        f"<w:r>{_field('begin')}<w:instrText>{' ' * 800_000}</w:instrText>",
        f"{_field('separate') * 20_000}{_field('end')}</w:r>",
    )),
    "a code of quotation marks": lambda: packed(paragraph(
        "".join(
            f"<w:r>{_field('begin')}<w:instrText>HYPERLINK {each * 1_600}</w:instrText>{_field('separate')}"
            f"<w:t>x</w:t>{_field('end')}</w:r>" for each in ('"a "b', '"a" ', '\\l "') for _ in range(500)
        )
    )),
    "letters of a font of signs": lambda: packed(paragraph(
        "".join(run("\uf063a" * each, '<w:rFonts w:ascii="Webdings"/>') for each in [*[1] * 30_000, 1_500_000])
    )),
    "styles of letters that rest on each other": lambda: packed(
        paragraph("".join(run("x", f'<w:rStyle w:val="A{each % 5_000}"/>') for each in range(40_000))),
        styles="".join(style(f"A{each}", "<w:b/>", on=f"A{each + 1}") for each in range(5_000)),
    ),
    "pages without words": lambda: packed(paragraph("<w:r>" + '<w:br w:type="page"/>' * 250_000 + "</w:r>")),
    "words struck through": lambda: packed(paragraph(
        "".join(f"<w:r><w:rPr><w:strike/></w:rPr><w:t>{each:0180}</w:t></w:r>" for each in range(50_000))
    )),
    "a style of a long name": lambda: packed(
        _STYLED * 150, styles=f'<w:style w:styleId="A"><w:name w:val="{"LIST 1" * 700_000}"/></w:style>'
    ),
    "a style of many parts": lambda: packed(
        _STYLED * 19_000, styles=f'<w:style w:styleId="A">{"<w:x/>" * 150_000}</w:style>'
    ),
    "tables in tables": lambda: packed(
        "<w:tbl><w:tr><w:tc>" * 35 + "<w:p/>" * 250_000 + "</w:tc></w:tr></w:tbl>" * 35,
        styles=style("T", "<w:vanish/>", on="T", more='w:type="table" w:default="1"'),
    ),
    "styles that rest on each other": lambda: packed(
        _STYLED * 19_000,
        styles='<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style>'
        f'<w:style w:styleId="B"><w:basedOn w:val="A"/>{"<w:x/>" * 30_000}</w:style>',
    ),
    "a list for each point": lambda: _listed(14_000),
    "paragraphs that all run on": lambda: packed(
        f'<w:p><w:pPr><w:rPr><w:del w:author="A"/></w:rPr></w:pPr>{"<w:r><w:t>x</w:t></w:r>" * 3}</w:p>' * 15_000
    ),
    "properties named again": lambda: packed("<w:p/>", root=_PROPERTIES * 200, custom="<w:x/>" * 100_000),
    "a namespace spelt out": lambda: packed(f'<w:p xmlns:q="{"a" * 4_000_000}">{"<q:a/>" * 10_000}</w:p>'),
}  # fmt: skip


@pytest.mark.parametrize("made", DEAR.values(), ids=DEAR)
def test_a_small_file_is_read_or_refused_in_seconds(made: Callable[[], bytes]) -> None:
    data = made()
    assert len(data) < 2 * 1024 * 1024
    begun = time.process_time()
    try:
        file = read(data)
        lines(file, lambda _: True)
    except Unreadable:
        pass
    else:
        assert max((len(block.style) for block in file.blocks), default=0) < 1_000
    assert time.process_time() - begun < 6


@pytest.mark.parametrize("absolute", [False, True])
def test_names_that_lead_out_of_the_file_lead_nowhere(tmp_path: Path, absolute: bool) -> None:
    """A document lies where the name would lead, and is not read."""
    outside = tmp_path / "document.xml"
    outside.write_text(f'<w:document xmlns:w="{W}"><w:body><w:p>{run("Secret")}</w:p></w:body></w:document>')
    target = str(outside) if absolute else f"{'../' * 40}{outside}"
    rels = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="a" Type="x/officeDocument" Target="{target}"/></Relationships>'
    )
    with pytest.raises(Unreadable):
        read(replaced(WordDocument("T").to_bytes(), {"_rels/.rels": rels.encode()}))


@pytest.mark.parametrize("lost", [600, 2_000])
def test_a_file_that_lost_its_beginning_or_end_is_refused(lost: int) -> None:
    data = document(paragraph(run("One")))
    for rest in (data[lost:], data[:-lost]):
        with pytest.raises(Unreadable):
            read(rest)


@given(st.data())
def test_whatever_is_broken_is_refused_and_never_worse(data: st.DataObject) -> None:
    whole = bytearray(document(paragraph(run("One "), taken_out("two "), put_in("2 "))))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(Unreadable):
        read(bytes(whole))


@given(st.text(max_size=60))
def test_whatever_stands_in_the_xml_is_read_or_refused(words: str) -> None:
    with contextlib.suppress(Unreadable):
        read(document(words))
