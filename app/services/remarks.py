"""Experts' comments on their way to the group: released word for word, with identifying words removed, or withheld."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from sqlalchemy import select

from app.errors import Conflict, Invalid, NotFound
from app.events import RoundChanged
from app.policy import Actor, Can
from app.services.activity import note
from app.services.rounds import access_round, counting, must_be
from app.uow import UnitOfWork
from models.validation import Remark, RemarkKind, Round, RoundState
from models.versions import VersionItem

REMOVED = "[…]"


@dataclass(frozen=True)
class Waiting:
    """A comment as the panel manager reads it: what it is about and its words, never whose it is."""

    remark: Remark
    item: VersionItem | None

    @property
    def state(self) -> str:
        """waiting, released or withheld."""
        if self.remark.withheld_at is not None:
            return "withheld"
        return "released" if self.remark.released is not None else "waiting"

    @property
    def words(self) -> list[str]:
        """The comment in pieces that can be removed one by one: words and the spaces between them, in order."""
        return pieces(self.remark.text)


def list_remarks(uow: UnitOfWork, actor: Actor, *, round_id: int) -> list[Waiting]:
    """All comments of a closed round, by item, in an order that says nothing about who wrote first.

    Raises Conflict while the round is open.
    """
    round_ = access_round(uow.session, actor, round_id, Can.REMARK_RELEASE)
    must_be(round_, RoundState.CLOSED)
    rows = uow.session.execute(
        select(Remark, VersionItem)
        .outerjoin(VersionItem, VersionItem.id == Remark.version_item_id)
        .where(Remark.round_id == round_.id)
    )
    asked = counting(uow.session, round_.id)
    found = [Waiting(remark, item) for remark, item in rows if remark.expert_id in asked]
    order = {kind: place for place, kind in enumerate(RemarkKind)}
    found.sort(
        key=lambda each: (
            each.item.position if each.item else 100_000,
            order[each.remark.kind],
            uow.keys.hash("shuffle", f"remark {each.remark.id}"),
        )
    )
    return found


def mark(uow: UnitOfWork, actor: Actor, *, round_id: int, marks: Mapping[int, AbstractSet[int]]) -> None:
    """Keep which words of comments tell who wrote, by the comments' ids; nothing is released by it.

    Raises NotFound for a comment of another round, Invalid for places in `pieces` where there is no word.
    """
    found = {each.remark.id: each.remark for each in list_remarks(uow, actor, round_id=round_id)}
    if not marks.keys() <= found.keys():
        raise NotFound()
    for remark_id, places in marks.items():
        must_be_words(pieces(found[remark_id].text), places)
        if found[remark_id].removed != sorted(places):
            found[remark_id].removed = sorted(places)


def release(uow: UnitOfWork, actor: Actor, *, remark_id: int) -> Remark:
    """Let the group read a comment, word for word but for the words that are marked, which are counted.

    Neighbours become one mark. Raises NotFound, Forbidden, Conflict; Invalid where no word would be left.
    """
    remark, round_ = _hold(uow, actor, remark_id)
    remark.released, remark.removed_words = redacted(remark.text, set(remark.removed)), len(remark.removed)
    remark.released_at, remark.withheld_at = uow.now, None
    note(uow, actor, "released a comment of an expert", group_id=round_.group_id, audience="panel")
    uow.emit(RoundChanged(round_.group_id, round_.id))
    return remark


def release_all(uow: UnitOfWork, actor: Actor, *, round_id: int) -> int:
    """Release every comment that is still waiting, without the words that are marked; how many. Raises as `release`."""
    waiting = [each for each in list_remarks(uow, actor, round_id=round_id) if each.state == "waiting"]
    for each in waiting:
        release(uow, actor, remark_id=each.remark.id)
    return len(waiting)


def withhold(uow: UnitOfWork, actor: Actor, *, remark_id: int) -> None:
    """Keep a comment from the group; the report counts it. What was marked as telling who wrote stays marked."""
    remark, round_ = _hold(uow, actor, remark_id)
    remark.withheld_at = uow.now
    remark.released, remark.released_at, remark.removed_words = None, None, 0
    note(uow, actor, "withheld a comment of an expert", group_id=round_.group_id, audience="panel")
    uow.emit(RoundChanged(round_.group_id, round_.id))


def pieces(text: str) -> list[str]:
    """A text as words and the white space between them; joined they are the text."""
    parts: list[str] = []
    for char in text:
        if parts and parts[-1].isspace() == char.isspace():
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def redacted(text: str, removed: AbstractSet[int]) -> str:
    """A text without some of its `pieces`, by their places; neighbours become one mark.

    Raises Invalid for places where there is no word, and where no word would be left.
    """
    parts = pieces(text)
    if removed == must_be_words(parts, removed):
        raise Invalid("Nothing would be left: keep it from the group instead.")
    kept: list[str] = []
    gap = False
    for place, part in enumerate(parts):
        if place in removed:
            if not gap:
                kept.append(REMOVED)
            gap = True
        elif part.isspace() and gap and place + 1 in removed:
            continue
        else:
            kept.append(part)
            gap = False
    return "".join(kept)


def must_be_words(parts: list[str], places: AbstractSet[int]) -> set[int]:
    """Where the words of some `pieces` are. Raises Invalid where one of the places has none."""
    words = {place for place, part in enumerate(parts) if not part.isspace()}
    if not places <= words:
        raise Invalid("Choose words of the comment.")
    return words


def _hold(uow: UnitOfWork, actor: Actor, remark_id: int) -> tuple[Remark, Round]:
    found = uow.session.get(Remark, remark_id)
    if found is None:
        raise NotFound()
    round_ = access_round(uow.session, actor, found.round_id, Can.REMARK_RELEASE)
    if round_.state is not RoundState.CLOSED:
        raise Conflict("Comments are read once the round is closed.")
    return uow.lock(Remark, remark_id), round_
