"""The methodologist's bundle: all figures come out again with plain Python, and no expert is named or told apart."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.services import bundles, panel, rating, seating, validation, versions
from app.services.protocols import WHOLE, Protocol, template
from app.uow import Database
from models.bundles import BundleRelease
from models.validation import Expert
from tests.panels import EXPERTS, Study, build_study


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database, criteria=3)


def play(study: Study, shift: int = 0, **protocol: object) -> None:
    """A round that is answered with gaps, "cannot judge" and disagreement, and closed."""
    study.open(**protocol)
    for place, token in enumerate(study.tokens):
        if place == 8:
            continue  # one never begins
        with study.database.writing() as uow:
            seating.enter(uow, token=token)
            mine = seating.sit_with_token(uow, token=token, round_id=study.round_id)
            rating.consent(uow, mine, agrees=True, acknowledgement="thanked")
        with study.database.writing() as uow:
            mine = seating.sit_with_token(uow, token=token, round_id=study.round_id)
            for number, item in enumerate(study.rated):
                for dimension in mine.dimensions:
                    width = dimension.highest - dimension.lowest + 1
                    value = dimension.lowest + (place * (number + 2) + shift) % width
                    if (place + number) % 7 == 3:
                        continue
                    rating.rate(uow, mine, {(item.id, dimension.key): None if (place + number) % 5 == 4 else value})
            for question in WHOLE if mine.protocol.ask_whole else ():
                rating.rate(uow, mine, {(None, question.key): 1 + (place + shift) % 9})
    study.close()


def give(study: Study) -> bytes:
    with study.database.writing() as uow:
        return bundles.release(
            uow, study.cast.panel_manager, round_id=study.round_id, given_to="Prof. Invented, University of Nowhere",
            reason="To check the report.",
        ).body  # fmt: skip


def unpacked(body: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        archive.extractall(folder)
    return folder


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "ratings.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def recompute(folder: Path) -> subprocess.CompletedProcess[str]:
    """By a Python that knows none of our packages, nor anybody's."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "recompute.py")], capture_output=True, text=True, check=False, cwd="/"
    )


@pytest.mark.parametrize(
    "protocol",
    [
        {},
        {"split_by": "", "rule": "70/15", "sensitivity": ["ram", "ipras", "80/15"], "least": 6, "percentile_type": 6},
        {"split_by": "country", "merged": dict.fromkeys(["Austria", "New Zealand", "Netherlands", "Spain"], "Abroad")},
        {**template("nine").to_json(), "rule": "ipras"},
        {**template("content").to_json()},
        {**template("agreement").to_json(), "split_by": "country"},
    ],
)
def test_plain_python_gives_every_figure_of_the_report(
    study: Study, tmp_path: Path, protocol: dict[str, object]
) -> None:
    play(study, **protocol)
    folder = unpacked(give(study), tmp_path)
    done = recompute(folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert ", 0 differences" in done.stdout
    printed = json.loads((folder / "figures.json").read_text())
    counted = sum(len(each) for each in printed["items"].values()) + len(printed["whole"])
    assert done.stdout.startswith(f"{counted} sets")
    spoiled = (folder / "ratings.csv").read_text("utf-8-sig").replace(',"relevance",', ',"relevance",', 1)
    rows = list(csv.reader(io.StringIO(spoiled)))
    place = next(at for at, row in enumerate(rows) if row[4].isdigit() and row[2] != "whole")
    rows[place][4] = str(int(rows[place][4]) % 4 + 1)
    with (folder / "ratings.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    wrong = recompute(folder)
    assert wrong.returncode == 1
    assert "computed" in wrong.stdout


def test_movement_since_the_round_before_is_computed_again_too(study: Study, tmp_path: Path) -> None:
    play(study)
    play(study, shift=2)
    folder = unpacked(give(study), tmp_path)
    figures = json.loads((folder / "figures.json").read_text())
    assert any("movement" in each and each["movement"] for item in figures["items"].values() for each in item.values())
    done = recompute(folder)
    assert done.returncode == 0, done.stdout
    rows = rows_of(folder)
    by_round = {number: {row["expert"] for row in rows if row["round"] == number} for number in ("1", "2")}
    assert by_round["1"] <= by_round["2"]  # the same code is the same expert


def test_movement_is_computed_again_from_the_round_that_rated_an_item_last(study: Study, tmp_path: Path) -> None:
    play(study)
    with study.database.writing() as uow:
        made = validation.create_round(
            uow, study.cast.panel_manager, group_id=study.cast.group_id, version_id=study.version_id
        )
        study.round_id = made.id
        again = [each.id for each in versions.items_of(uow.session, study.version_id) if each.reference == "C1.2"]
        validation.choose_items(uow, study.cast.panel_manager, round_id=made.id, item_ids=again)
    study.open_prepared()
    study.close()
    play(study, shift=1)
    folder = unpacked(give(study), tmp_path / "bundle")
    done = recompute(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    rounds = {(row["round"], row["item"]) for row in rows_of(folder)}
    assert ("1", "C1.1") in rounds, "it was not rated in round 2"
    assert ("1", "C1.2") not in rounds
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["items"]["C1.1"]["relevance"]["movement"]["n"] > 0


def test_nobody_is_named_and_small_groups_are_left_out(study: Study, tmp_path: Path) -> None:
    play(study, split_by="country")
    folder = unpacked(give(study), tmp_path)
    said = "".join(
        path.read_text("utf-8-sig") for path in folder.rglob("*") if path.suffix in {".csv", ".json", ".txt"}
    )
    with study.database.reading() as uow:
        members = panel.list_members(uow, study.cast.panel_manager, group_id=study.cast.group_id)
        codes = set(uow.session.execute(select(Expert.code)).scalars())
    known = codes | {mark for each in members for mark in (each.identity.name, each.identity.email)}
    known |= {country for _scope, country, _expertise in EXPERTS} | {"national", "legal,", "long-term care"}
    assert not [mark for mark in known if mark in said]
    rows = rows_of(folder)
    assert {row["group"] for row in rows} == {""}
    assert [row["expert"] for row in rows] == sorted(row["expert"] for row in rows)
    assert json.loads((folder / "protocol.json").read_text())["groups"] == []
    with zipfile.ZipFile(io.BytesIO(give(study))) as archive:
        assert {each.date_time[0] for each in archive.infolist()} == {2020}


def answer_whole(study: Study, places: Iterable[int], *, but_last: Collection[int] = ()) -> None:
    """A round that these experts answer in full, but for the last question of some, and that is closed."""
    study.open(split_by="scope", ask_whole=False)
    for place in places:
        with study.database.writing() as uow:
            mine = seating.sit_with_token(uow, token=study.tokens[place], round_id=study.round_id)
            rating.consent(uow, mine, agrees=True, acknowledgement="thanked")
        with study.database.writing() as uow:
            mine = seating.sit_with_token(uow, token=study.tokens[place], round_id=study.round_id)
            asked = [(item.id, each.key) for item in study.rated for each in mine.dimensions]
            given = asked[:-1] if place in but_last else asked
            rating.rate(uow, mine, {question: 1 + (place * 2 + number) % 9 for number, question in enumerate(given)})
    study.close()


@pytest.mark.parametrize(
    ("first", "second", "but_last", "threads", "movement", "groups"),
    [
        (range(9), range(9), (), True, True, True),
        (range(9), range(8), (), True, False, True),  # who did not come again is known by name: their first scores too
        (range(8), range(9), (), False, False, True),  # and so is whoever came late
        (range(9), range(6), (), True, True, None),
        (range(9), range(9), (4,), False, True, True),  # "started" and not "sent": one, by name
        (range(9), range(1), (), False, False, False),
        (range(9), range(2), (), False, False, False),
    ],
)
def test_no_row_is_told_apart_by_who_is_known_to_have_answered(
    study: Study, tmp_path: Path, first: range, second: range, but_last: tuple[int, ...], threads: bool, movement: bool,
    groups: bool | None,
) -> None:  # fmt: skip
    """The panel manager sees by name who began and sent, and gives the bundle out."""
    answer_whole(study, first)
    answer_whole(study, second, but_last=but_last)
    folder = unpacked(give(study), tmp_path)
    done = recompute(folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    rows = rows_of(folder)
    assert ({row["round"] for row in rows} == {"1", "2"}) is movement
    assert ("A code holds within one question only" not in (folder / "README.txt").read_text()) is threads
    questions = [(row["expert"], row["round"]) for row in rows]
    assert (len(set(questions)) < len(questions)) is threads
    if groups is not None:
        assert any(row["group"] for row in rows) is groups
    values = [row["value"] for row in rows if row["round"] == "2"]
    if len(second) < 3:
        assert set(values) == {"withheld"}
    else:
        for question in {(row["item"], row["dimension"]) for row in rows}:
            here = [row for row in rows if (row["item"], row["dimension"]) == question and row["value"]]
            now, then = ({row["expert"] for row in here if row["round"] == number} for number in ("2", "1"))
            companies = [now & then, now - then, then - now] if then else [now]
            assert not [company for company in companies if 0 < len(company) < 3], question


def test_two_bundles_cannot_be_put_together(study: Study, tmp_path: Path) -> None:
    answer_whole(study, range(9))
    first = unpacked(give(study), tmp_path / "first")
    answer_whole(study, range(9))
    second = unpacked(give(study), tmp_path / "second")
    one, other = ({row["expert"] for row in rows_of(folder)} for folder in (first, second))
    assert len(one) == len(other) == 9
    assert not one & other


def test_who_gave_it_to_whom_is_kept_and_the_file_is_always_the_same(study: Study) -> None:
    play(study)
    first, second = give(study), give(study)
    assert first == second
    with study.database.reading() as uow:
        rows = list(uow.session.execute(select(BundleRelease)).scalars())
        listed = bundles.list_releases(uow, study.cast.panel_manager, round_id=study.round_id)
    assert {row.sha256 for row in rows} == {hashlib.sha256(first).hexdigest()}
    assert [(each.release.given_to, each.by) for each in listed] == [
        ("Prof. Invented, University of Nowhere", study.cast.panel_manager.name)
    ] * 2


def test_it_is_given_out_by_the_panel_manager_once_the_round_is_closed(study: Study) -> None:
    study.open()
    with study.database.writing() as uow, pytest.raises(Conflict):
        bundles.release(uow, study.cast.panel_manager, round_id=study.round_id, given_to="Somebody", reason="To check.")
    study.close()
    for actor, refusal in (
        (study.cast.facilitator, Forbidden), (study.cast.member, Forbidden), (study.cast.stranger, NotFound),
    ):  # fmt: skip
        with study.database.writing() as uow, pytest.raises(refusal):
            bundles.release(uow, actor, round_id=study.round_id, given_to="Somebody", reason="To check.")
    for given_to, reason, field in (("", "To check.", "given_to"), ("Somebody", "", "reason")):
        with study.database.writing() as uow, pytest.raises(Invalid) as refused:
            bundles.release(
                uow, study.cast.panel_manager, round_id=study.round_id, given_to=given_to, reason=reason
            )  # fmt: skip
        assert field in refused.value.fields
    with study.database.reading() as uow:
        assert uow.session.execute(select(BundleRelease)).first() is None
        assert validation.list_rounds(uow, study.cast.member, group_id=study.cast.group_id)


def test_protocols_of_the_bundle_are_those_that_were_locked(study: Study, tmp_path: Path) -> None:
    play(study, sensitivity=["ipras", "70/15"])
    kept = json.loads((unpacked(give(study), tmp_path) / "protocol.json").read_text())
    with study.database.reading() as uow:
        locked = validation.read_round(uow, study.cast.member, round_id=study.round_id).protocol
    assert isinstance(locked, Protocol)
    assert (kept["rule"], tuple(kept["sensitivity"])) == (locked.rule, locked.sensitivity)
    assert [each["key"] for each in kept["questions"]] == [
        *(each.key for each in locked.dimensions), *(each.key for each in WHOLE),
    ]  # fmt: skip
