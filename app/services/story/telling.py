"""Who tells the demonstration's story: its content, its clock, and whom and what it has named so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from app.policy import SYSTEM, Actor
from app.uow import UnitOfWork
from models.versions import VersionItem

DEMO = Path(__file__).resolve().parents[3] / "demo"
FILES = (
    "people", "story", "blueprint", "models", "references", "evidence", "principles", "sessions", "experts",
    "glossary",
)  # fmt: skip
ZONE = ZoneInfo("Europe/London")
EVENING, SATURDAY = 18, 5

Content = dict[str, dict[str, Any]]


def read_content() -> Content:
    """The files of the demonstration that the story is made of, by name."""
    # The loader in C is the same safe one, eight times as fast; not every machine has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {
        name: yaml.load((DEMO / f"{name}.yaml").read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  both are safe
        for name in FILES
    }


def local(day: date, at: str | time) -> datetime:
    """A moment on Northmere's clocks; ``at`` reads "14:00"."""
    clock = time.fromisoformat(at) if isinstance(at, str) else at
    return datetime.combine(day, clock, ZONE).astimezone(UTC)


@dataclass
class Teller:
    """One telling. ``today`` is the real moment; people, items and findings are found by their names in the files."""

    uow: UnitOfWork
    content: Content
    today: datetime
    group_id: int = 0
    people: dict[str, Actor] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)
    meetings: list[int] = field(default_factory=list)
    decisions: dict[str, int] = field(default_factory=dict)
    experts: dict[str, int] = field(default_factory=dict)
    version_id: int = 0
    version_items: list[VersionItem] = field(default_factory=list)

    @property
    def story(self) -> dict[str, Any]:
        """What the group has done so far."""
        return self.content["story"]

    def at(self, moment: datetime) -> None:
        """Set the clock. Nobody listens to a story that is being told, so the facts so far are let go."""
        self.uow.now = moment
        self.uow.forget_facts()

    def later(self, **by: float) -> None:
        """Move the clock on."""
        self.at(self.uow.now + timedelta(**by))

    def at_work(self, **by: float) -> None:
        """Move the clock on, and out of an evening or a weekend to the next working morning."""
        moment = (self.uow.now + timedelta(**by)).astimezone(ZONE)
        day = moment.date() + timedelta(days=moment.hour >= EVENING)
        while day.weekday() >= SATURDAY:
            day += timedelta(days=1)
        self.at(moment.astimezone(UTC) if day == moment.date() else local(day, "09:05"))

    def day(self, ahead: int) -> date:
        """The real day so many days ahead (behind, when negative), on Northmere's calendar."""
        return self.today.astimezone(ZONE).date() + timedelta(days=ahead)

    def who(self, name: str) -> Actor:
        """A person of the files as an actor; "system" is the server itself."""
        return SYSTEM if name == "system" else self.people[name]

    def person_id(self, name: str) -> int:
        """The number of a person of the files."""
        return self.people[name].person_id or 0

    def end(self) -> None:
        """Leave the clock where it really stands."""
        self.at(self.today)
