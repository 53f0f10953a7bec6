"""Calendar files: what is written comes back the same, line by line as RFC 5545 wants it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from app.calc import moments
from app.calc.calendars import Entry, calendar_file

CHANGED = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINK = "https://concordat.example.org/g/north-vale/sessions/7"


def entry(**more: object) -> Entry:
    values: dict[str, object] = {
        "uid": "session-7@example.org", "title": "Money", "begins": datetime(2026, 3, 2, 14, tzinfo=UTC),
        "changed": CHANGED, "link": LINK, "minutes": 90, **more,
    }  # fmt: skip
    return Entry(**values)  # type: ignore[arg-type]  # as named above


def read(file: bytes) -> Calendar:
    found = Calendar.from_ical(file)
    assert isinstance(found, Calendar)
    return found


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_typed_stays_inside_its_line(title: str, about: str) -> None:
    file = calendar_file([entry(title=title, about=about), entry(uid="session-8@example.org")], name=title)
    assert file.endswith(b"END:VCALENDAR\r\n")
    lines = file.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert not [line for line in lines if b"\n" in line or b"\0" in line]
    assert len([line for line in lines if line.startswith(b"BEGIN:VEVENT")]) == 2
    for component in read(file).walk("VEVENT"):
        assert str(component["url"]) == LINK


def test_words_come_back_as_they_were() -> None:
    words = "Gain; loss, and \\ “corridor”: naïve 💷 " * 4
    (found,) = read(calendar_file([entry(title=words, place=words)])).walk("VEVENT")
    assert (str(found["summary"]), str(found["location"])) == (words, words)
    assert str(found["description"]) == LINK


def test_the_same_hour_on_the_wall_before_and_after_the_clocks_change() -> None:
    found = {}
    for day in (date(2026, 3, 26), date(2026, 4, 2), date(2026, 10, 22), date(2026, 10, 29)):
        begins = moments.moment(day, time(14), "Europe/London")
        (event,) = read(calendar_file([entry(begins=begins)])).walk("VEVENT")
        assert event["dtstart"].dt == begins
        assert (event["dtend"].dt - event["dtstart"].dt).total_seconds() == 90 * 60
        found[day.isoformat()] = event["dtstart"].to_ical().decode()
    assert found == {
        "2026-03-26": "20260326T140000Z", "2026-04-02": "20260402T130000Z", "2026-10-22": "20261022T130000Z",
        "2026-10-29": "20261029T140000Z",
    }  # fmt: skip


def test_a_whole_day_takes_nobodys_time() -> None:
    file = calendar_file([entry(begins=date(2026, 3, 5))])
    assert b"DTSTART;VALUE=DATE:20260305\r\nDTEND;VALUE=DATE:20260306\r\n" in file
    assert b"TRANSP:TRANSPARENT" in file


def test_a_change_shows() -> None:
    (found,) = read(calendar_file([entry(sequence=4, cancelled=True)])).walk("VEVENT")
    assert (found["sequence"], found["status"], found["last-modified"].dt) == (4, "CANCELLED", CHANGED)
