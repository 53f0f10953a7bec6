"""The methodologist's bundle: a closed round's answers row by row, and all that is needed to compute its report again.

Experts stand under codes of the bundle's own, without scope, country, expertise or time; the group they are compared in
is there only where every group is large enough. Who gives it out says to whom and why, and that is kept.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.calc.recompute import WHOLE as WHOLE_ITEM
from app.calc.round_figures import Answers
from app.calc.tables import Cell, csv_bytes
from app.errors import Conflict, Invalid
from app.policy import Actor, Can
from app.services.accounts import names_of
from app.services.activity import note
from app.services.protocols import WHOLE, Dimension
from app.services.round_figures import Before, answers_in, group_names
from app.services.rounds import access_round, group_of, hold_round, protocol_of, rated_items, seated, version_of
from app.services.verdicts import stored_result
from app.services.version_files import File
from app.uow import UnitOfWork
from models.bundles import BundleRelease
from models.validation import Expert, Round, RoundState

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
               An empty value was not answered, CJ is "cannot judge". Experts have codes that are used nowhere else;
               the same code is the same expert in every round. {groups}
               Rows of an earlier round are there only where the words were the same: movement is computed from them.
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


def build(uow: UnitOfWork, round_: Round) -> bytes:
    """The bundle as a zip file; the same round always gives the same bytes."""
    session, protocol = uow.session, protocol_of(round_)
    experts = [each.expert for each in seated(session, round_.id) if each.counts]
    sizes = [group_of(protocol, each) for each in experts]
    names = group_names(protocol, experts) if protocol.split_by else []
    if any(sizes.count(name) < protocol.minimum_cell for name in names):
        names = []
    rows = sorted(_rows(uow, round_, experts, names), key=lambda row: [str(cell) for cell in row])
    questions = [(each, False) for each in protocol.dimensions]
    questions += [(each, True) for each in (WHOLE if protocol.ask_whole else ())]
    stored = stored_result(session, round_).figures
    figures = {part: _without_groups(stored[part]) if not names else stored[part] for part in ("items", "whole")}
    version = version_of(session, round_)
    files: dict[str, bytes] = {
        "README.txt": READ_ME.format(
            number=round_.number, version=version.number, sha256=version.sha256,
            groups="Group is the place of the expert's group in protocol.json." if names
            else "Groups are left out: one is too small.",
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
        "figures.json": _json(figures),
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


def _rows(uow: UnitOfWork, round_: Round, experts: list[Expert], names: list[str]) -> Iterator[list[Cell]]:
    """One row for each question asked of each expert, and earlier answers to the same words."""
    session, protocol = uow.session, protocol_of(round_)
    answers, before = answers_in(session, round_.id, experts), Before(session, round_)
    codes = {each.code: uow.keys.hash("bundle", f"{round_.panel_id} {each.code}")[:10] for each in experts}
    places: list[tuple[int | None, str, Dimension]] = [
        (item.id, item.reference, each) for item in rated_items(session, round_.id) for each in protocol.dimensions
    ]
    places += [(None, WHOLE_ITEM, each) for each in (WHOLE if protocol.ask_whole else ())]
    for item_id, reference, dimension in places:
        given = answers.get((item_id, dimension.key), {})
        for expert in experts:
            if dimension.asks(expert.expertise):
                group = names.index(group_of(protocol, expert)) + 1 if names else ""
                value = _value(given, expert.code)
                yield [round_.number, codes[expert.code], reference, dimension.key, value, group]
    for item in rated_items(session, round_.id):
        for dimension in protocol.dimensions:
            found = before.of(item, dimension)
            if found is None:
                continue
            then, earlier = found
            for code in earlier:
                known = codes.get(code) or uow.keys.hash("bundle", f"{round_.panel_id} {code}")[:10]
                yield [then.number, known, item.reference, dimension.key, _value(earlier, code), ""]


def _value(given: Answers, code: str) -> int | str:
    if code not in given:
        return ""
    value = given[code]
    return "CJ" if value is None else value


def _codebook(questions: list[tuple[Dimension, bool]]) -> Iterator[list[Cell]]:
    yield ["round", "number of the round", None, None, "", ""]
    yield ["expert", "code of an expert, of this bundle only", None, None, "", ""]
    yield ["item", f"reference of the item, or {WHOLE_ITEM}: the blueprint as a whole", None, None, "", ""]
    yield ["dimension", "key of the question", None, None, "", ""]
    yield ["value", "score; empty: asked and not answered; CJ: cannot judge", None, None, "", ""]
    yield ["group", "place of the group among the groups of protocol.json, from 1", None, None, "", ""]
    for each, _of_whole in questions:
        yield [each.key, each.question, each.lowest, each.highest, each.low_words, each.high_words]


def _without_groups(figures: dict[str, Any]) -> dict[str, Any]:
    """The same figures without those of groups, at any depth."""
    return {
        key: _without_groups(value) if isinstance(value, dict) else value
        for key, value in figures.items()
        if key not in {"groups", "groups_withheld"}
    }


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _must_be_closed(round_: Round) -> None:
    if round_.state is not RoundState.CLOSED:
        raise Conflict("The round is not closed yet: there is nothing to give out.", code="not_closed")
