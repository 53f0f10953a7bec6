"""A blueprint whose texts hold what texts can hold, and forty edits of it as outside counsel makes them."""

from __future__ import annotations

from typing import Any, NamedTuple

from app.services import items
from app.uow import Database
from models.items import Kind, PrincipleGroup, Status
from tests.cast import Cast, make_cast
from tests.kept import kept

KINDS = {"P": Kind.PRINCIPLE, "E": Kind.ELEMENT, "C": Kind.CRITERION, "S": Kind.SPECIFICATION}

#: reference: title, words, why, in plain words.
TEXTS = {
    "P1": ("Care close to home", "People are cared for at home where that is safe.", "Hospitals are **not** homes.",
           "You stay at home."),
    "E1": ("Outcomes that people share", "Outcomes are agreed at the start.", "One aim holds all partners together.",
           "We agree what good looks like."),
    "C1.1": ("The aims are shared", "The partners share:\n\n- aims\n- money\n  - open books\n  - one ledger\n- risk",
             "Without shared aims each partner pulls its own way.", "One list of aims for all."),
    "C1.2": ("Each aim has a measure",
             "Each aim has:\n- a baseline\n  - from *one* year\n    - with its source\n- a target",
             "A **weak** measure rewards the wrong thing.", "We count what matters. We show how we count."),
    "C1.3": ("People have a say", "1. People are asked.\n2. People decide.\n3. People are told.",
             "Those who live with it know most.", "People are asked first.\n\nThen they decide."),
    "C1.4": ("Nobody is left out", "- access for all\n- letters in plain words\n- help at the door",
             "**Equal access is a duty** and not a wish.",
             "Everyone can come.\n\nThis line goes.\n\nEveryone is heard."),
    "C1.5": ("Money follows the person", "1. The budget is set.\n2. The budget is shared.\n\nThen it is reviewed.",
             "See the [guidance on budgets](https://example.org/guidance?a=1&b=2) for the reasons.",
             "Money makes people smile."),
    "C1.6": ("Risk is borne fairly", "3. First risk.\n4. Second risk.\n5. Third risk.",
             "As [one study](https://example.org) found, small partners break first.", "No one breaks 🙂 alone."),
    "C1.7": ("Data is open", "The cafe\u0301 near the clinic is na\u00efve about data 👩\u200d👧.",
             "The “lead” body holds the data.", 'The "lead provider" pays for it, doesn\'t it?'),
    "C1.8": ("Ends are planned", "At most 10 % is held back.", "> Said by a carer: I was not told.\n\nSo we tell.",
             "# Part one\n\nThe end is planned.\n\n## Detail\n\nTwo years ahead."),
    "C1.9": ("Forms are short", "Line one\nline two\nline three", "Costs 5 \\* 3 \\[net\\] and snake_case_names stay.",
             "This all goes."),
    "S1.1.1": ("The board meets monthly", "The board meets each month and publishes what it decides.",
               "Old minutes are kept. New minutes are sent to all.", "We meet. We tell."),
    "S1.2.1": ("Payment within a month", "Payment is made within 30 days.", "- first\n- second\n- third",
               "It was __bold__ and * not a list *.\n* star one\n* star two"),
    "S1.3.1": ("Quotes that a machine turns", 'He said "yes" - and it\'s 1/2 done... (c)', "A -- B -- C",
               "So \"it\" is."),
}  # fmt: skip


class Edit(NamedTuple):
    """What is done, as tests/office_hands.py knows it, and what the text then reads."""

    name: str
    reference: str
    field: str
    after: str
    acts: list[list[Any]]


def _edit(name: str, reference: str, field: str, after: str, *acts: tuple[Any, ...]) -> Edit:
    return Edit(name, reference, field, after, [[verb, begins, f"{reference} ", *rest] for verb, begins, *rest in acts])


EDITS = [
    _edit("put in", "P1", "text", "People are cared for at home or nearby where that is safe.",
          ("replace", "People are cared", "at home", "at home or nearby")),
    _edit("take out a bold word", "P1", "why", "Hospitals are homes.", ("replace", "Hospitals are", "not ", "")),
    _edit("replace a word", "P1", "summary", "You live at home.", ("replace", "You stay", "stay", "live")),
    _edit("longer title", "E1", "title", "Outcomes that people share for long",
          ("append", "E1 Outcomes", " for long")),
    _edit("at the start", "E1", "text", "In short: Outcomes are agreed at the start.",
          ("prepend", "Outcomes are", "In short: ")),
    _edit("at the end", "E1", "why", "One aim holds all partners together. Always.",
          ("append", "One aim", " Always.")),
    _edit("two places", "E1", "summary", "Together we agree what better looks like.",
          ("replace", "We agree", "We", "Together we"), ("replace", "Together we", "good", "better")),
    _edit("a point", "C1.1", "text", "The partners share:\n\n- aims\n- budgets\n  - open books\n  - one ledger\n- risk",
          ("replace", "money", "money", "budgets")),
    _edit("bold", "C1.1", "why", "Without **shared aims** each partner pulls its own way.",
          ("bold", "Without shared", "shared aims")),
    _edit("new paragraph", "C1.1", "summary", "One list of aims for all.\n\nKept by the board.",
          ("after", "One list", "Kept by the board.")),
    _edit("a nested point", "C1.2", "text",
          "Each aim has:\n- a baseline\n  - from *one* full year\n    - with its source\n- a target",
          ("replace", "from one", "year", "full year")),
    _edit("no longer bold", "C1.2", "why", "A weak measure rewards the wrong thing.", ("plain", "A weak", "weak")),
    _edit("divide a paragraph", "C1.2", "summary", "We count what matters.\n\nWe show how we count.",
          ("split", "We count", " We show")),
    _edit("a numbered point", "C1.3", "text", "1. People are asked.\n2. People and carers decide.\n3. People are told.",
          ("replace", "People decide", "People", "People and carers")),
    _edit("italic", "C1.3", "why", "Those who live with it know *most*.", ("italic", "Those who", "most")),
    _edit("join paragraphs", "C1.3", "summary", "People are asked first. Then they decide.",
          ("merge", "People are asked first")),
    _edit("take out a point", "C1.4", "text", "- access for all\n- help at the door", ("remove", "letters in")),
    _edit("within bold", "C1.4", "why", "**Equal access is a legal duty** and not a wish.",
          ("replace", "Equal access", "a duty", "a legal duty")),
    _edit("take out a paragraph", "C1.4", "summary", "Everyone can come.\n\nEveryone is heard.",
          ("remove", "This line")),
    _edit("new numbered point", "C1.5", "text",
          "1. The budget is set.\n2. The budget is published.\n3. The budget is shared.\n\nThen it is reviewed.",
          ("after", "The budget is set", "The budget is published.")),
    _edit("within a link", "C1.5", "why",
          "See the [guidance on shared budgets](https://example.org/guidance?a=1&b=2) for the reasons.",
          ("replace", "See the", " on", " on shared")),
    _edit("a joined emoji", "C1.5", "summary", "Money makes people 👩\u200d👩\u200d👧 smile.",
          ("replace", "Money makes", "smile", "👩\u200d👩\u200d👧 smile")),
    _edit("a list that begins at 3", "C1.6", "text", "3. First risk.\n4. Second, larger risk.\n5. Third risk.",
          ("replace", "Second risk", "Second", "Second, larger")),
    _edit("after a link", "C1.6", "why", "As [one study](https://example.org) found, weak partners break first.",
          ("replace", "As one study", "small", "weak")),
    _edit("an emoji out", "C1.6", "summary", "No one breaks alone.", ("replace", "No one", " 🙂", "")),
    _edit("beside combining marks", "C1.7", "text", "The cafe\u0301 at the clinic is na\u00efve about data 👩\u200d👧.",
          ("replace", "The cafe", "near", "at")),
    _edit("within quotation marks", "C1.7", "why", "The “host” body holds the data.",
          ("replace", "The “lead”", "lead", "host")),
    _edit("quotation marks turned, and a word", "C1.7", "summary",
          'The "lead provider" pays early for it, doesn\'t it?',
          ("replace", "The \"lead", "\"lead provider\" pays", "“lead provider” pays early"),
          ("replace", "for it, doesn't", "doesn't", "doesn’t")),
    _edit("a hard space, and a figure", "C1.8", "text", "At most 12 % is held back.",
          ("replace", "At most", "10 %", "12\u00a0%")),
    _edit("a quoted line", "C1.8", "why", "> Said by a carer: I was never told.\n\nSo we tell.",
          ("replace", "Said by", "not", "never")),
    _edit("a heading in the words", "C1.8", "summary",
          "# Part 1\n\nThe end is planned.\n\n## Detail\n\nTwo years ahead.", ("replace", "Part one", "one", "1")),
    _edit("a line of several", "C1.9", "text", "Line one\nline 2\nline three", ("replace", "Line one", "two", "2")),
    _edit("beside marks that are words", "C1.9", "why", "Prices 5 \\* 3 \\[net\\] and snake_case_names stay.",
          ("replace", "Costs 5", "Costs", "Prices")),
    _edit("all of it out", "C1.9", "summary", "", ("empty", "This all")),
    _edit("a title written anew", "S1.1.1", "title", "Monthly meetings of the partners",
          ("replace", "S1.1.1 The board", "The board meets monthly", "Monthly meetings of the partners")),
    _edit("all of it anew", "S1.1.1", "text", "Partners meet once a month.",
          ("replace", "The board meets each", "The board meets each month and publishes what it decides.",
           "Partners meet once a month.")),
    _edit("several places", "S1.1.1", "why", "All minutes are kept. New minutes are posted to all.",
          ("replace", "Old minutes", "Old", "All"), ("replace", "All minutes", "sent", "posted")),
    _edit("a full stop", "S1.1.1", "summary", "We meet. We tell!", ("replace", "We meet", "tell.", "tell!")),
    _edit("a figure", "S1.2.1", "text", "Payment is made within 28 days.", ("replace", "Payment is", "30", "28")),
    _edit("new last point", "S1.2.1", "why", "- first\n- second\n- third\n- fourth", ("after", "third", "fourth")),
    _edit("other marks for the same", "S1.2.1", "summary",
          "It was __bold__ and * not a list *.\n* star one\n* star three", ("replace", "star two", "two", "three")),
    _edit("a title", "C1.8", "title", "Ends are planned early", ("append", "C1.8 Ends", " early")),
]  # fmt: skip

#: What a word processor does by itself while somebody types: no change of anybody's.
MACHINE = [
    ["replace", "He said", "S1.3.1 ", '"yes" - and it\'s 1/2 done... (c)', "“yes” – and it’s ½ done… ©"],
    ["replace", "A -- B", "S1.3.1 ", "A -- B -- C", "A – B — C"],
    ["replace", 'So "it"', "S1.3.1 ", '"it" is', "„it“\u00a0is"],
]


def build_blueprint(database: Database, cast: Cast) -> None:
    """Put the texts into the first group of the cast."""
    with database.writing() as uow:
        ids: dict[str, int] = {}
        for reference, (title, words, why, summary) in TEXTS.items():
            kind = KINDS[reference[0]]
            above = {"C": f"E{reference[1]}", "S": f"C{reference[1:].rpartition('.')[0]}"}.get(reference[0])
            item = items.add_item(
                uow, cast.facilitator, group_id=cast.group_id, kind=kind, title=title, text=words, why=why,
                summary=summary, parent_id=ids[above] if above else None, status=Status.DRAFT,
                principle_group=PrincipleGroup.PERSON_CENTRED if kind is Kind.PRINCIPLE else None,
            )  # fmt: skip
            assert item.reference == reference
            ids[reference] = item.id


@kept
def cast_with_blueprint(database: Database) -> Cast:
    """The cast, the first group of which has the texts."""
    made = make_cast(database)
    build_blueprint(database, made)
    return made
