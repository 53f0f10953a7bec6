"""Seventh and last chapter: nine experts, a first round that has closed, and one that is open to whoever visits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from app.policy import Actor
from app.services import consultations, dispositions, panel, rating, remarks, seating, validation
from app.services.consultations import ConsultationForm
from app.services.panel import SeatForm
from app.services.protocols import WHOLE
from app.services.rating import Answer
from app.services.rounds import rated_items, seated
from app.services.seating import Place
from app.services.seats import token_of
from app.services.story.telling import Teller, local
from models.consultations import ConsultationKind
from models.dispositions import DispositionOutcome
from models.validation import Remark, RemarkKind, Round
from models.versions import VersionItem

MANAGER, FACILITATOR = "tansy", "avocet"
#: What the files call what the group did.
OUTCOMES = {each.value.replace(" ", "_"): each for each in DispositionOutcome}
#: The same numbers in every telling.
SEED = 2015
#: What the blueprint as a whole is given: centre and spread of a score.
WHOLE_SCORE = (7.4, 0.9)
OPENS, CLOSES = local(date(2015, 4, 20), "09:00"), local(date(2015, 5, 11), "17:00")
#: The second round was opened so many days before the telling and closes so many after it.
OPENED_BEFORE, CLOSES_AFTER = 2, 30
#: Who has begun the second round, how many of its criteria they have scored, and how many hours after it opened.
BEGUN, BEGUN_AFTER = {"X2": 4, "X7": 2}, (9, 25)
#: How many criteria an expert scores before pausing.
AT_ONCE = 6
ACKNOWLEDGED = ("named", "thanked", "named", "neither")


def first(teller: Teller) -> None:
    """The experts are seated and answer; the group reads what may be released."""
    _seat(teller)
    _release(teller, _first_round(teller))
    _hear(teller)
    _did(teller)


def second(teller: Teller) -> None:
    """The criteria without agreement, on the same version; open for a month from the day the story is told."""
    uow = teller.uow
    opens = local(teller.day(-OPENED_BEFORE), "10:00")
    teller.at(opens - timedelta(hours=1))
    made = validation.create_round(uow, _manager(teller), group_id=teller.group_id, version_id=teller.version_id)
    teller.at(opens)
    closes = local(teller.day(CLOSES_AFTER), "17:00")
    validation.open_round(uow, _manager(teller), round_id=made.id, closes_at=closes)
    tokens = _tokens(teller, made)
    scores = _scores(teller)
    for (name, count), hours in zip(BEGUN.items(), BEGUN_AFTER, strict=True):
        teller.at(opens + timedelta(hours=hours))
        seating.enter(uow, token=tokens[name])
        place = seating.sit_with_token(uow, token=tokens[name], round_id=made.id)
        _answer(teller, place, scores[name], rated_items(uow.session, made.id)[:count])


def _manager(teller: Teller) -> Actor:
    return teller.who(MANAGER)


def _seat(teller: Teller) -> None:
    """The panel is put together."""
    uow = teller.uow
    teller.at(local(date(2015, 4, 18), "10:00"))
    found = panel.panel_of(uow, _manager(teller), group_id=teller.group_id)
    persons = {each["seat"]: each for each in teller.content["people"]["experts"]}
    for seat in teller.content["experts"]["panel"]:
        teller.later(minutes=2)
        person = persons[seat["id"]]
        form = SeatForm(
            person["name"], person["email"], seat["scope"], seat["country"], seat["org_type"],
            tuple(seat["expertise"]), seat["role"],
        )  # fmt: skip
        teller.experts[seat["id"]] = panel.add_expert(uow, _manager(teller), panel_id=found.id, form=form).id


def _tokens(teller: Teller, round_: Round) -> dict[str, str]:
    """The links that were mailed, by seat."""
    names = {expert_id: name for name, expert_id in teller.experts.items()}
    return {
        names[each.expert.id]: token_of(teller.uow.keys, each.seat) for each in seated(teller.uow.session, round_.id)
    }


def _first_round(teller: Teller) -> Round:
    """All criteria, by all nine, to the end."""
    uow = teller.uow
    teller.later(hours=3)
    made = validation.create_round(
        uow, _manager(teller), group_id=teller.group_id, version_id=teller.version_id, protocol="rand"
    )
    teller.at(OPENS)
    validation.open_round(uow, _manager(teller), round_id=made.id, closes_at=CLOSES)
    tokens = _tokens(teller, made)
    scores = _scores(teller)
    for number, name in enumerate(teller.experts):
        teller.at(OPENS + timedelta(days=2 * number + 1, hours=number, minutes=17))
        place = seating.sit_with_token(uow, token=tokens[name], round_id=made.id)
        rating.consent(uow, place, agrees=True, acknowledgement=ACKNOWLEDGED[number % len(ACKNOWLEDGED)])
        place = seating.sit_with_token(uow, token=tokens[name], round_id=made.id)
        _answer(teller, place, scores[name], rated_items(uow.session, made.id))
        _comment(teller, place, name)
        for question in WHOLE:
            value = _score(random.Random(f"{SEED} {name} {question.key}"), *WHOLE_SCORE)  # noqa: S311  a tale, no secret
            rating.rate(uow, place, {(None, question.key): value})
        teller.later(minutes=4)
        rating.send(uow, place)
    teller.at(CLOSES + timedelta(minutes=1))
    validation.close_round(uow, _manager(teller), round_id=made.id)
    return made


def _did(teller: Teller) -> None:
    """Comments under their themes, read twice, and the first ones answered."""
    uow, story = teller.uow, teller.content["story"]
    teller.at(local(date(2015, 5, 20), "10:00"))
    rows = uow.session.execute(
        select(Remark, VersionItem)
        .join(VersionItem, VersionItem.id == Remark.version_item_id)
        .where(Remark.released.is_not(None), Remark.kind.in_([RemarkKind.COMMENT, RemarkKind.MISSING]))
    )
    names = {expert_id: name for name, expert_id in teller.experts.items()}
    keys = {item_id: key for key, item_id in teller.items.items()}
    released = {(names[remark.expert_id], keys[item.item_id]): (remark, item) for remark, item in rows}
    for each in story["themes"]:
        remark, _item = released[each["expert"], each["said_of"]]
        dispositions.code(uow, _manager(teller), remark_id=remark.id, themes=each["themes"])
    teller.later(hours=2)
    dispositions.sign_off(uow, teller.who(FACILITATOR), group_id=teller.group_id)
    for each in story["dispositions"]:
        teller.later(minutes=5)
        remark, item = released[each["expert"], each["said_of"]]
        dispositions.answer(
            uow, teller.who(FACILITATOR), remark_id=remark.id, outcome=OUTCOMES[each["did"]], why=each["why"],
            item_ids=[item.item_id],
        )  # fmt: skip


def _hear(teller: Teller) -> None:
    """What was said beside the panel; the form of a talk is open for an hour."""
    uow, manager = teller.uow, _manager(teller)
    for each in teller.content["story"]["heard"]:
        teller.at(local(each["day"], "16:00"))
        form = ConsultationForm(
            ConsultationKind(each["kind"]), each["day"], each["title"], each.get("audience", ""), each.get("people"),
            each["words"], each.get("named", False), teller.version_id,
        )  # fmt: skip
        made = consultations.add_consultation(uow, manager, group_id=teller.group_id, form=form)
        if "form" not in each:
            continue
        link = consultations.open_form(uow, manager, consultation_id=made.id, until=uow.now + timedelta(hours=1))
        token = link.rpartition("/")[2]
        given = [[score for score, count in enumerate(row, 1) for _ in range(count)] for row in each["form"].values()]
        for place, scores in enumerate(zip(*given, strict=True)):
            teller.later(minutes=1)
            said = each["opinions"][place] if place < len(each["opinions"]) else {}
            consultations.give_opinion(
                uow, token=token, scores=dict(zip(each["form"], scores, strict=True)),
                speaks_for=said.get("for", ""), words=said.get("words", ""),
            )  # fmt: skip
        consultations.close_form(uow, manager, consultation_id=made.id)
        reading = consultations.read_consultation(uow, manager, consultation_id=made.id, group_id=teller.group_id)
        kept = {said["words"] for said in each["opinions"] if said.get("hidden")}
        for opinion in reading.opinions:
            if "".join(opinion.pieces) not in kept:
                consultations.show_words(uow, manager, consultation_id=made.id, opinion_id=opinion.id, shown=True)


def _scores(teller: Teller) -> dict[str, dict[tuple[str, str], int | None]]:
    """Every expert's scores by item and dimension, drawn as the files say; the same in every telling."""
    chance = random.Random(SEED)  # noqa: S311  a tale, no secret
    scope = {each["id"]: each["scope"] for each in teller.content["experts"]["panel"]}
    silent = {(each["expert"], each["criterion"], each["dimension"]) for each in teller.story["cannot_judge"]}
    drawn: dict[str, dict[tuple[str, str], int | None]] = {name: {} for name in scope}
    for criterion, dimensions in teller.story["ratings"].items():
        for dimension in ("relevance", "applicability"):
            centre, spread, shift = dimensions[dimension]
            for name, place in scope.items():
                value = _score(chance, centre + shift * (place == "international"), spread)
                drawn[name][criterion, dimension] = None if (name, criterion, dimension) in silent else value
    return drawn


def _score(chance: random.Random, centre: float, spread: float) -> int:
    return max(1, min(9, round(chance.gauss(centre, spread))))


def _answer(
    teller: Teller, place: Place, scores: dict[tuple[str, str], int | None], rated: Sequence[VersionItem]
) -> None:
    """One expert's scores of some items, a few at a time; half a minute goes into each item."""
    names = {item_id: name for name, item_id in teller.items.items()}
    for start in range(0, len(rated), AT_ONCE):
        some = rated[start : start + AT_ONCE]
        teller.later(seconds=30 * len(some))
        answers = [
            Answer(item.item_id, each.key, scores[names[item.item_id], each.key])
            for item in some
            for each in place.dimensions
        ]
        rating.rate_many(teller.uow, place, answers)


def _comment(teller: Teller, place: Place, name: str) -> None:
    """What one expert wrote: about criteria, and what is missing under an element."""
    own = [each for each in teller.story["comments"] if each["expert"] == name]
    rows = {row.item_id: row for row in teller.version_items}
    for each in own:
        row = rows[teller.items[each["said_of"]]]
        kind = RemarkKind.MISSING if row.depth == 0 else RemarkKind.COMMENT
        rating.remark(teller.uow, place, {(row.id, kind): each["text"]})
        if "suggested" in each:
            rating.remark(teller.uow, place, {(row.id, RemarkKind.WORDING): each["suggested"]})


def _release(teller: Teller, round_: Round) -> None:
    """The panel manager reads the comments: most go to the group, some without the words that identify."""
    uow, manager = teller.uow, _manager(teller)
    told = {each["text"]: each for each in teller.story["comments"]}
    teller.at(local(date(2015, 5, 13), "09:00"))
    for waiting in remarks.list_remarks(uow, manager, round_id=round_.id):
        teller.later(minutes=1)
        about = told.get(waiting.remark.text, {})
        if about.get("withheld"):
            remarks.withhold(uow, manager, remark_id=waiting.remark.id)
        elif not about.get("waiting"):
            marks = {waiting.remark.id: _identifying(waiting.words, about)}
            remarks.mark(uow, manager, round_id=round_.id, marks=marks)
            remarks.release(uow, manager, remark_id=waiting.remark.id)


def _identifying(words: list[str], about: dict[str, Any]) -> frozenset[int]:
    """Where in a comment the words stand that would tell who wrote it."""
    wanted = about.get("remove", [])
    return frozenset(place for place, word in enumerate(words) if word in wanted)
