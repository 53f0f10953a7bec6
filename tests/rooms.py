"""A small design group with an open session, for tests of sessions: two facilitators, members, an item, a clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time

from app.policy import SYSTEM, Actor
from app.services import accounts, attendance, groups, items, meetings, stages
from app.uow import Database
from models.accounts import Person
from models.groups import Role
from models.items import Kind, Status
from models.meetings import Attendance, Meeting, StageKind
from tests.kept import kept

#: name, role, constituency
PEOPLE = (
    ("Fay Facilitator", Role.FACILITATOR, "Research"),
    ("Sam Scribe", Role.FACILITATOR, "Commissioner"),
    ("Ana Acute", Role.MEMBER, "Acute provider"),
    ("Leo Lawyer", Role.MEMBER, "Legal"),
    ("Pat Patient", Role.MEMBER, "Patients and carers"),
    ("Ola Observer", Role.OBSERVER, "Commissioner"),
    ("Max Manager", Role.PANEL_MANAGER, "Research"),
)


@dataclass
class Hall:
    """Ids of a group with people, one criterion and one planned session; ``who`` gives actors by first name."""

    database: Database
    group_id: int = 0
    slug: str = "northmere"
    item_id: int = 0
    meeting_id: int = 0
    who: dict[str, Actor] = field(default_factory=dict)

    def meeting(self) -> Meeting:
        """The session as it is now."""
        with self.database.reading() as uow:
            return uow.session.get_one(Meeting, self.meeting_id)

    def open(self, *present: str) -> None:
        """Announce the session, open its doors by Fay, and let members say that they are here."""
        with self.database.writing() as uow:
            meetings.announce(uow, self.who["Fay"], meeting_id=self.meeting_id)
            meeting = uow.session.get_one(Meeting, self.meeting_id)
            stages.open_doors(uow, self.who["Fay"], meeting_id=self.meeting_id, revision=meeting.revision)
        for name in present:
            with self.database.writing() as uow:
                attendance.arrive(uow, self.who[name], meeting_id=self.meeting_id)

    def advance(self) -> Meeting:
        """Press the main button once, as Fay."""
        revision = self.meeting().revision
        with self.database.writing() as uow:
            return stages.advance(uow, self.who["Fay"], meeting_id=self.meeting_id, revision=revision)

    def guest(self, name: str, constituency: str, *, let_in: bool = True) -> Actor:
        """Somebody who joined by code."""
        code = self.meeting().join_code or ""
        with self.database.writing() as uow:
            door = attendance.find_door(uow, code)
            chosen = next(id_ for id_, words in door.constituencies if words == constituency)
            token = attendance.join(
                uow, Actor(), code=code, name=name, organisation="Elsewhere", constituency_id=chosen, device="test"
            )
        with self.database.writing() as uow:
            actor = accounts.actor_of_cookie(uow.session, uow.keys, token, uow.now)
            if let_in:
                attendance.decide_guests(
                    uow, self.who["Fay"], meeting_id=self.meeting_id, person_ids=[actor.person_id or 0], let_in=True
                )
        return actor

    def attendance_of(self, actor: Actor) -> Attendance:
        """Somebody's line in the attendance."""
        with self.database.reading() as uow:
            rows = attendance.attendances(uow.session, self.meeting_id)
            return next(row for row in rows if row.person_id == actor.person_id)


@kept
def build_hall(database: Database) -> Hall:
    """A group with people, one element with a criterion, and a session of three stages, the second a decision on it."""
    hall = Hall(database)
    with database.writing() as uow:
        group = groups.create_group(uow, SYSTEM, slug=hall.slug, name="Northmere (invented)")
        hall.group_id = group.id
        for name, role, constituency in PEOPLE:
            first = name.split()[0]
            person: Person = accounts.create_person(uow, SYSTEM, email=f"{first.lower()}@example.org", name=name)
            groups.add_member(
                uow, SYSTEM, group_id=group.id, person=person, role=role, constituency=constituency, organisation="Org"
            )
            hall.who[first] = Actor(person_id=person.id, name=name, email=person.email)
        element = items.add_item(uow, hall.who["Fay"], group_id=group.id, kind=Kind.ELEMENT, title="Partnership")
        item = items.add_item(
            uow, hall.who["Fay"], group_id=group.id, kind=Kind.CRITERION, title="Leadership is shared",
            parent_id=element.id, text="Partners share leadership.", status=Status.PROPOSED,
        )  # fmt: skip
        hall.item_id = item.id
        meeting = meetings.plan_meeting(
            uow, hall.who["Fay"], group_id=group.id, title="Partnership", day=date(2026, 3, 2), at=time(9), place="Hall"
        )
        hall.meeting_id = meeting.id
        second = meetings.stages_of(uow.session, meeting.id)[1]
        stages.edit_stage(
            uow, hall.who["Fay"], meeting_id=meeting.id, stage_id=second.id, title="Decide", kind=StageKind.DECIDE,
            minutes=20, item_id=item.id,
        )  # fmt: skip
    return hall
