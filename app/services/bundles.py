"""The methodologist's bundle: a closed round's answers row by row, and all that is needed to compute its report again.

Experts stand under codes of the bundle's own, without scope, country, expertise or time. Whoever runs the panel knows
who was asked, began, sent and left in each round, and gives the bundle out: so by that no row can be told apart from
fewer others than the smallest group that is shown has (`Cover`). To whom it was given and why is kept.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calc.recompute import WHOLE as WHOLE_ITEM
from app.calc.recompute import WITHHELD
from app.calc.round_figures import Answers
from app.calc.tables import Cell, csv_bytes
from app.errors import Conflict, Invalid
from app.policy import Actor, Can
from app.services.accounts import names_of
from app.services.activity import note
from app.services.protocols import WHOLE, Dimension, Protocol
from app.services.round_figures import AllAnswers, Before, answers_in, group_names
from app.services.rounds import (
    access_round,
    closed_before,
    group_of,
    hold_round,
    protocol_of,
    rated_items,
    seated,
    version_of,
)
from app.services.verdicts import stored_result
from app.services.version_files import File
from app.uow import UnitOfWork
from models.bundles import BundleRelease
from models.validation import Expert, Rating, Round, RoundState, Seat
from models.versions import VersionItem

CALC = Path(__file__).resolve().parents[1] / "calc"
#: The files of ours that the figures are computed with; nothing else of ours goes along.
SOURCES = (
    "agreement", "comparisons", "consensus", "distributions", "figures", "quantiles", "ratings", "recompute",
    "round_figures", "stability", "suppression", "validity",
)  # fmt: skip
LONGEST = 1_000
#: Any time at all: the file is the same whenever it is made.
MADE = (2020, 1, 1, 0, 0, 0)

READ_ME = """\
Answers of validation round {number}, row by row

ratings.csv    one row for each question that an expert was asked: round, expert, item, dimension, value, group.
               An empty value was not answered, CJ is "cannot judge", "withheld" are all values of a question to which
               too few gave a score. Experts have codes that are used nowhere else. {threads}
               {groups}
               {movement}
codebook.csv   what each column and each question means
protocol.json  the rule that decides, the rules beside it, percentiles, least numbers, and the questions
figures.json   every figure as the report prints it
recompute.py   computes all of them again and compares:   python recompute.py
               Python 3.11 or later, and nothing else; the formulas are in app/calc, each with its source

Round {number} is bound to version {version} of the blueprint, SHA-256 {sha256}.
Whoever has this file must not try to find out who an expert is, and must not pass it on.
"""


@dataclass(frozen=True)
class Release:
    """A bundle that was given out, with the name of whoever did."""

    release: BundleRelease
    by: str


def list_releases(uow: UnitOfWork, actor: Actor, *, round_id: int) -> list[Release]:
    """What was given out of a closed round, newest first. Raises Conflict while it is not closed."""
    round_ = access_round(uow.session, actor, round_id, Can.BUNDLE_RELEASE)
    _must_be_closed(round_)
    query = select(BundleRelease).where(BundleRelease.round_id == round_.id).order_by(BundleRelease.id.desc())
    rows = list(uow.session.execute(query).scalars())
    names = names_of(uow.session, [each.released_by_id for each in rows])
    return [Release(each, names.get(each.released_by_id or 0, "")) for each in rows]


def release(uow: UnitOfWork, actor: Actor, *, round_id: int, given_to: str, reason: str) -> File:
    """Make the bundle, and keep to whom it was given and why. Raises Invalid, Conflict before the round closes."""
    access_round(uow.session, actor, round_id, Can.BUNDLE_RELEASE)
    round_ = hold_round(uow, actor, round_id, Can.BUNDLE_RELEASE)
    _must_be_closed(round_)
    given_to, reason = " ".join(given_to.split()), reason.strip()
    fields: dict[str, str] = {}
    if not 3 <= len(given_to) <= 200 or "\0" in given_to:
        fields["given_to"] = "Say who gets it: a name, and where they work"
    if not 3 <= len(reason) <= LONGEST or "\0" in reason:
        fields["reason"] = f"Say what for, in 3 to {LONGEST:,} characters"
    if fields:
        raise Invalid("Nothing has been given out.", fields=fields)
    body = build(uow, round_)
    uow.session.add(
        BundleRelease(
            group_id=round_.group_id, round_id=round_.id, given_to=given_to, reason=reason,
            sha256=hashlib.sha256(body).hexdigest(), released_by_id=actor.person_id, released_at=uow.now,
        )
    )  # fmt: skip
    note(uow, actor, f"gave out the answers of validation round {round_.number} row by row", group_id=round_.group_id)
    return File(f"round-{round_.number}-answers.zip", "application/zip", body)


@dataclass(frozen=True)
class Cover:
    """What may be in a bundle without telling apart an expert whom the panel's status page names.

    ``threads``: one code for an expert in all rows; else another one in each question. ``names``: the groups that are
    compared, empty where they are left out. ``movement``: the questions, by item and dimension, that come with the
    answers of a round before.
    """

    threads: bool
    names: list[str]
    movement: set[tuple[str, str]]

    @property
    def words(self) -> dict[str, str]:
        """What is said of it in the bundle."""
        code = "The same code is the same expert in every row."
        if not self.threads:
            code = "A code holds within one question only: over all of them too few answered in the same way."
        groups = "Group is the place of the expert's group in protocol.json."
        if not self.names:
            groups = "Groups are left out: there are none, or one is too small."
        movement = (
            "Rows of an earlier round are there where the words were the same, but for questions that too few\n"
            "               experts answered in just one of the rounds: movement is computed from them."
        )
        return {"threads": code, "groups": groups, "movement": movement}


def cover_of(session: Session, round_: Round, experts: Sequence[Expert], answers: AllAnswers) -> Cover:
    """What a bundle of these experts' answers may hold: no company is smaller than the protocol's smallest group."""
    protocol = protocol_of(round_)
    least = protocol.minimum_cell
    asked = {each.code: _asked(protocol, each, rated_items(session, round_.id)) for each in experts}
    given = Counter(code for each in answers.values() for code in each if code in asked)
    earlier = _earlier(session, round_)
    names = group_names(protocol, experts) if protocol.split_by else []
    groups = {each.code: group_of(protocol, each) for each in experts}
    sizes, answering = Counter(groups.values()), Counter(groups[code] for code in given)
    if any(sizes[name] < least or 0 < answering[name] < least for name in names):
        names = []
    seen = Counter(
        (asked[code], given[code] < asked[code][1], earlier.get(code), groups[code] if names else "") for code in given
    )
    before = Before(session, round_)
    movement = {
        (item.reference, each.key)
        for item in rated_items(session, round_.id)
        for each in protocol.dimensions
        if (found := before.of(item, each)) is not None
        and _is_covered(answers.get((item.id, each.key), {}).keys(), found[1].keys(), least)
    }
    return Cover(all(company >= least for company in seen.values()), names, movement)


def _is_covered(now: AbstractSet[str], then: AbstractSet[str], least: int) -> bool:
    """Whether those who answered only then, only now, and both times, are each nobody or as many as may be shown."""
    return all(not few or few >= least for few in (len(now - then), len(then - now), len(now & then)))


def _asked(protocol: Protocol, expert: Expert, items: Sequence[VersionItem]) -> tuple[tuple[str, ...], int]:
    """Which questions an expert was asked of each item, and how many answers that makes."""
    keys = tuple(each.key for each in protocol.asked_of(expert.expertise))
    return keys, len(keys) * len(items) + (len(WHOLE) if protocol.ask_whole else 0)


def _earlier(session: Session, round_: Round) -> dict[str, tuple[tuple[int, bool], ...]]:
    """By expert's code: in which closed rounds before somebody answered, and whether they sent."""
    query = (
        select(Expert.code, Seat.round_id, Seat.sent_at.is_not(None))
        .join(Seat, Seat.expert_id == Expert.id)
        .where(Seat.round_id.in_(closed_before(session, round_)))
        .where(select(Rating.id).where(Rating.round_id == Seat.round_id, Rating.expert_id == Expert.id).exists())
        .order_by(Seat.round_id)
    )
    found: dict[str, tuple[tuple[int, bool], ...]] = {}
    for code, round_id, has_sent in session.execute(query):
        found[code] = (*found.get(code, ()), (round_id, has_sent))
    return found


def build(uow: UnitOfWork, round_: Round) -> bytes:
    """The bundle as a zip file; the same round always gives the same bytes."""
    session, protocol = uow.session, protocol_of(round_)
    experts = [each.expert for each in seated(session, round_.id) if each.counts]
    answers = answers_in(session, round_.id, experts)
    cover = cover_of(session, round_, experts, answers)
    names = cover.names
    rows = sorted(_rows(uow, round_, experts, answers, cover), key=lambda row: [str(cell) for cell in row])
    questions = [(each, False) for each in protocol.dimensions]
    questions += [(each, True) for each in (WHOLE if protocol.ask_whole else ())]
    version = version_of(session, round_)
    files: dict[str, bytes] = {
        "README.txt": READ_ME.format(
            number=round_.number, version=version.number, sha256=version.sha256, **cover.words
        ).encode(),
        "ratings.csv": csv_bytes(("round", "expert", "item", "dimension", "value", "group"), rows),
        "codebook.csv": csv_bytes(("name", "what it is", "lowest", "highest", "lowest means", "highest means"),
                                  list(_codebook(questions))),
        "protocol.json": _json({
            "round": round_.number, "rule": protocol.rule, "sensitivity": list(protocol.sensitivity),
            "least": protocol.least, "percentile_type": protocol.percentile_type,
            "minimum_cell": protocol.minimum_cell, "groups": names,
            "items": [item.reference for item in rated_items(session, round_.id)],
            "questions": [
                {"key": each.key, "question": each.question, "lowest": each.lowest, "highest": each.highest,
                 "of_whole": of_whole}
                for each, of_whole in questions
            ],
        }),
        "figures.json": _json(_covered(stored_result(session, round_).figures, cover)),
        "recompute.py": RUN.encode(),
        "app/__init__.py": b"",
        "app/calc/__init__.py": b"",
        **{f"app/calc/{name}.py": (CALC / f"{name}.py").read_bytes() for name in SOURCES},
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name, MADE), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


RUN = """\
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from app.calc.recompute import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
"""


def _rows(
    uow: UnitOfWork, round_: Round, experts: Sequence[Expert], answers: AllAnswers, cover: Cover
) -> Iterator[list[Cell]]:
    """One row for each question asked of each expert, and earlier answers to the same words."""
    session, protocol = uow.session, protocol_of(round_)
    before = Before(session, round_)

    def named(code: str, item: str, dimension: str) -> str:
        """The bundle's code of an expert: of this round's only, so that no two bundles can be put together."""
        within = "" if cover.threads else f" {item} {dimension}"
        return uow.keys.hash("bundle", f"{round_.id} {code}{within}")[:10]

    places: list[tuple[int | None, str, Dimension]] = [
        (item.id, item.reference, each) for item in rated_items(session, round_.id) for each in protocol.dimensions
    ]
    places += [(None, WHOLE_ITEM, each) for each in (WHOLE if protocol.ask_whole else ())]
    for item_id, reference, dimension in places:
        given = answers.get((item_id, dimension.key), {})
        asked = [each for each in experts if dimension.asks(each.expertise)]
        scores = sum(given.get(each.code) is not None for each in asked)
        for expert in asked:
            group = cover.names.index(group_of(protocol, expert)) + 1 if cover.names else ""
            value = WITHHELD if 0 < scores < protocol.minimum_cell else _value(given, expert.code)
            yield [round_.number, named(expert.code, reference, dimension.key), reference, dimension.key, value, group]
    for item in rated_items(session, round_.id):
        for dimension in protocol.dimensions:
            found = before.of(item, dimension)
            if found is None or (item.reference, dimension.key) not in cover.movement:
                continue
            then, earlier = found
            for code in earlier:
                known = named(code, item.reference, dimension.key)
                yield [then.number, known, item.reference, dimension.key, _value(earlier, code), ""]


def _value(given: Answers, code: str) -> int | str:
    if code not in given:
        return ""
    value = given[code]
    return "CJ" if value is None else value


def _codebook(questions: list[tuple[Dimension, bool]]) -> Iterator[list[Cell]]:
    yield ["round", "number of the round", None, None, "", ""]
    yield ["expert", "code of an expert, of this bundle only (README.txt says how far it holds)", None, None, "", ""]
    yield ["item", f"reference of the item, or {WHOLE_ITEM}: the blueprint as a whole", None, None, "", ""]
    yield ["dimension", "key of the question", None, None, "", ""]
    yield [
        "value",
        "score; empty: asked and not answered; CJ: cannot judge; withheld: too few scores",
        None,
        None,
        "",
        "",
    ]
    yield ["group", "place of the group among the groups of protocol.json, from 1", None, None, "", ""]
    for each, _of_whole in questions:
        yield [each.key, each.question, each.lowest, each.highest, each.low_words, each.high_words]


def _covered(figures: dict[str, Any], cover: Cover) -> dict[str, Any]:
    """The figures of items and of the whole that can be computed from what the bundle holds."""
    left_out = set() if cover.names else {"groups", "groups_withheld"}
    items = {
        item: {
            key: _without(left_out if (item, key) in cover.movement else {*left_out, "movement"}, each)
            for key, each in of_item.items()
        }
        for item, of_item in figures["items"].items()
    }
    return {"items": items, "whole": _without(left_out, figures["whole"])}


def _without(names: AbstractSet[str], figures: dict[str, Any]) -> dict[str, Any]:
    """The same figures without those under some names, at any depth."""
    return {
        key: _without(names, value) if isinstance(value, dict) else value
        for key, value in figures.items()
        if key not in names
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _must_be_closed(round_: Round) -> None:
    if round_.state is not RoundState.CLOSED:
        raise Conflict("The round is not closed yet: there is nothing to give out.", code="not_closed")
