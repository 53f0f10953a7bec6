"""A group with a frozen version and a panel of nine invented experts, for tests of validation rounds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from app.policy import SYSTEM
from app.services import items, panel, rating, seating, seats, validation, versions
from app.services.panel import SeatForm
from app.services.protocols import Protocol
from app.uow import Database
from models.items import Kind, Status
from models.validation import Acknowledgement, Round
from models.versions import VersionItem
from tests.cast import Cast, make_cast
from tests.kept import kept

#: scope, country and expertise of nine experts: five national, four international, two of them lawyers.
EXPERTS = (
    ("national", "England", ("contracting", "legal")),
    ("national", "England", ("financial",)),
    ("national", "England", ("legal",)),
    ("national", "England", ("long-term care",)),
    ("national", "England", ("financial",)),
    ("international", "Austria", ("long-term care",)),
    ("international", "New Zealand", ("partnership",)),
    ("international", "Netherlands", ("outcomes",)),
    ("international", "Spain", ("financial",)),
)


@dataclass
class Study:
    """Ids of a group that has frozen version 1: an element with criteria. ``tokens`` open the experts' seats."""

    database: Database
    cast: Cast
    version_id: int = 0
    panel_id: int = 0
    round_id: int = 0
    element_id: int = 0
    rated: list[VersionItem] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def answer(self, token: str, scores: dict[str, list[int | None]]) -> None:
        """Enter with a link, agree, and give the scores of each dimension for the rated items in order."""
        with self.database.writing() as uow:
            seating.enter(uow, token=token)
            place = seating.sit_with_token(uow, token=token, round_id=self.round_id)
            rating.consent(uow, place, agrees=True, acknowledgement=Acknowledgement.THANKED.value)
        with self.database.writing() as uow:
            place = seating.sit_with_token(uow, token=token, round_id=self.round_id)
            for dimension, values in scores.items():
                for item, value in zip(self.rated, values, strict=True):
                    rating.rate(uow, place, {(item.id, dimension): value})

    def open(self, **protocol: object) -> Round:
        """Prepare the next round, and open it for 21 days."""
        with self.database.writing() as uow:
            made = validation.create_round(
                uow, self.cast.panel_manager, group_id=self.cast.group_id, version_id=self.version_id,
                reason="The group wants to know.",
            )  # fmt: skip
            self.round_id = made.id
            if protocol:
                kept = Protocol.from_json({**made.protocol, **protocol})
                validation.save_protocol(uow, self.cast.panel_manager, round_id=made.id, protocol=kept)
        return self.open_prepared()

    def open_prepared(self) -> Round:
        """Open the round that is being prepared, for 21 days."""
        with self.database.writing() as uow:
            opened = validation.open_round(
                uow, self.cast.panel_manager, round_id=self.round_id, closes_at=uow.now + timedelta(days=21)
            )
            self.rated = validation.read_round(uow, SYSTEM, round_id=self.round_id).items
            members = panel.list_members(
                uow, self.cast.panel_manager, group_id=self.cast.group_id, round_id=self.round_id
            )
            members.sort(key=lambda member: member.identity.email)
            self.tokens = [
                seats.token_of(uow.keys, each.seat) for each in members if each.seat and not each.expert.is_pilot
            ]
        return opened

    def close(self) -> None:
        """Close the round before its deadline."""
        with self.database.writing() as uow:
            validation.close_round(
                uow, self.cast.panel_manager, round_id=self.round_id, reason="Everybody has answered."
            )


@kept
def build_study(database: Database, *, criteria: int = 2, experts: int = 9) -> Study:
    """A group with one element and some criteria, frozen as version 1, and a panel; no round yet."""
    study = Study(database, make_cast(database))
    group_id, lead, manager = study.cast.group_id, study.cast.facilitator, study.cast.panel_manager
    with database.writing() as uow:
        element = items.add_item(
            uow, lead, group_id=group_id, kind=Kind.ELEMENT, title="Partnership", status=Status.AGREED
        )
        for number in range(1, criteria + 1):
            criterion = items.add_item(
                uow, lead, group_id=group_id, kind=Kind.CRITERION, parent_id=element.id, status=Status.AGREED,
                title=f"Criterion {number} is shared", text=f"Partners share criterion {number}.",
                why="Because trust needs it.", summary=f"Number {number} in plain words.",
            )  # fmt: skip
            items.add_item(
                uow, lead, group_id=group_id, kind=Kind.SPECIFICATION, parent_id=criterion.id, status=Status.DRAFT,
                title=f"Specification of {number}", text="Measured every quarter.",
            )  # fmt: skip
    with database.writing() as uow:
        version = versions.freeze(uow, lead, group_id=group_id, reason="Sent to the experts.")
        study.version_id = version.id
        study.element_id = next(i.id for i in versions.items_of(uow.session, version.id) if i.kind is Kind.ELEMENT)
        study.panel_id = panel.panel_of(uow, manager, group_id=group_id).id
        for number, (scope, country, expertise) in enumerate(EXPERTS[:experts], 1):
            form = SeatForm(
                f"Expert {number} Invented", f"expert{number}@example.org", scope, country, "University", expertise
            )
            panel.add_expert(uow, manager, panel_id=study.panel_id, form=form)
    return study


def link_in(text: str) -> str:
    """The token of the personal link in a mail."""
    found = re.search(r"/r/([\w-]+)", text)
    assert found is not None, text
    return found[1]
