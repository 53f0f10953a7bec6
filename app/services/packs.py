"""A session on paper: what it is for, its run sheet, and every item it takes up, to be printed in large type."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from app.policy import Actor, Can, require
from app.services import decisions, evidence, homework, items, meetings
from app.services.evidence import Line
from app.services.homework import HomeworkLine
from app.services.items import Entry
from app.uow import UnitOfWork
from models.items import Status
from models.meetings import Meeting, Stage
from models.polls import Decision


@dataclass(frozen=True)
class Sheet:
    """One item on its page: its words, its evidence, the stages in which it is taken up, and its homework.

    ``changed`` when its words are others than those it was decided with.
    """

    entry: Entry
    evidence: list[Line]
    stages: list[Stage]
    homework: list[HomeworkLine]
    changed: bool


@dataclass(frozen=True)
class Pack:
    """A session with its run sheet and the items of it, in the order in which they come up.

    ``choosable`` are all items that could be printed with it, ``chosen`` those that are.
    """

    meeting: Meeting
    stages: list[Stage]
    sheets: list[Sheet]
    choosable: list[Entry]
    chosen: list[int]


def pack(
    uow: UnitOfWork, actor: Actor, *, meeting_id: int, group_id: int, also: Collection[int] = (), under: bool = False
) -> Pack:
    """The session's pack: items of its run sheet, of its homework, those it decided on, and ``also`` others.

    They come in this order.
    ``under`` brings what stands under them too. Withdrawn items, and any that are not the group's, are left out.

    Raises NotFound, Forbidden.
    """
    meeting, _standing = meetings.access_meeting(uow.session, actor, meeting_id, Can.MEETING_READ, group_id=group_id)
    require(uow.session, actor, group_id, Can.EVIDENCE_READ)
    stages = meetings.stages_of(uow.session, meeting.id)
    taken_up: dict[int, list[Stage]] = {}
    for stage in stages:
        if stage.item_id is not None:
            taken_up.setdefault(stage.item_id, []).append(stage)
    decided = select(Decision.item_id).where(Decision.meeting_id == meeting.id).order_by(Decision.number)
    more = [item_id for item_id in uow.session.execute(decided).scalars() if item_id is not None]
    given: dict[int, list[HomeworkLine]] = {}
    for line in homework.of_meeting(uow, meeting):
        given.setdefault(line.homework.item_id, []).append(line)
    tree = [each for each in items.tree(uow, actor, group_id) if each.item.status is not Status.WITHDRAWN]
    by_id = {each.item.id: each for each in tree}
    chosen: dict[int, Entry] = {}
    for item_id in dict.fromkeys([*taken_up, *given, *more, *also]):
        if item_id not in by_id:
            continue
        chosen.setdefault(item_id, by_id[item_id])
        if under:
            chosen |= {each.item.id: each for each in tree if _stands_under(each, item_id, by_id)}
    lines = evidence.lines_of(uow.session, chosen)
    stands = decisions.standings(uow.session, group_id, chosen)
    changed = {id_ for id_, (_decision, how) in stands.items() if how == "changed"}
    sheets = [
        Sheet(each, lines.get(id_, []), taken_up.get(id_, []), given.get(id_, []), id_ in changed)
        for id_, each in chosen.items()
    ]
    return Pack(meeting, stages, sheets, tree, list(chosen))


def _stands_under(entry: Entry, item_id: int, by_id: dict[int, Entry]) -> bool:
    parent_id = entry.item.parent_id
    while parent_id is not None and parent_id in by_id:
        if parent_id == item_id:
            return True
        parent_id = by_id[parent_id].item.parent_id
    return False
