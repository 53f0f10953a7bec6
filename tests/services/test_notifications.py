"""What concerns somebody: told once, to those alone it concerns, mailed together and never during a session."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import date, time, timedelta
from functools import partial
from typing import Literal

import pytest
from sqlalchemy import delete, event, select

from app import jobs
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.mail import Mail
from app.policy import SYSTEM, Actor
from app.services import (
    accounts,
    actions,
    comments,
    groups,
    homework,
    items,
    meetings,
    memberships,
    notifications,
    privacy,
    stages,
    suggestions,
)  # fmt: skip
from app.uow import Database, UnitOfWork
from app.worker import Worker
from models.documents import Field
from models.groups import Membership, Role
from models.items import Item, Status
from models.items import Kind as ItemKind
from models.jobs import Job
from models.meetings import Meeting, MeetingState
from models.notifications import Kind, MailMode, Notification
from tests.conftest import SetClock
from tests.rooms import Hall, build_hall


class Post:
    """A mailer that keeps what it was given; ``dies`` ends the worker in the middle, as a power cut would."""

    def __init__(self) -> None:
        self.delivered: list[Mail] = []
        self.dies = False

    def deliver(self, mail: Mail) -> None:
        if self.dies:
            raise KeyboardInterrupt
        self.delivered.append(mail)

    def of(self, name: str) -> list[Mail]:
        return [mail for mail in self.delivered if mail.to == f"{name.lower()}@example.org"]


@pytest.fixture
def hall(database: Database) -> Hall:
    return build_hall(database)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def work(database: Database, post: Post) -> Callable[[], None]:
    def look_and_do() -> None:
        worker = Worker(database, post=post)
        worker.look()
        worker.drain()

    return look_and_do


def tell(
    hall: Hall, name: str, words: str = "answered you on C1.1", *, by: str = "Leo", key: str | None = None
) -> None:
    with hall.database.writing() as uow:
        notifications.tell(
            uow, hall.who[name].person_id, Kind.REPLY, group_id=hall.group_id, item_id=hall.item_id,
            by=hall.who[by], words=words, key=key,
        )  # fmt: skip


def choose(hall: Hall, name: str, mode: MailMode) -> None:
    with hall.database.writing() as uow:
        notifications.choose(uow, hall.who[name], group_id=hall.group_id, mode=mode)


def plan_another(hall: Hall) -> int:
    """A session a month after the hall's own, still a draft."""
    with hall.database.writing() as uow:
        return meetings.plan_meeting(
            uow, hall.who["Fay"], group_id=hall.group_id, title="Money", day=date(2026, 4, 2), at=time(9)
        ).id


def told(hall: Hall, name: str) -> list[str]:
    with hall.database.reading() as uow:
        return [f"{line.by} {line.notification.words}".strip() for line in notifications.mine(uow, hall.who[name])]


def leave(hall: Hall, name: str) -> None:
    with hall.database.writing() as uow:
        people = memberships.members(uow, hall.who["Fay"], group_id=hall.group_id)
        row = next(each for each in people if each.person_id == hall.who[name].person_id)
        memberships.remove(uow, hall.who["Fay"], group_id=hall.group_id, membership_id=row.id)


# --- telling ---


def test_who_is_told_and_once(hall: Hall) -> None:
    tell(hall, "Ana", "answered   you", key="one")
    tell(hall, "Ana", "answered you again", key="one")
    tell(hall, "Leo", "answered himself", by="Leo")
    with hall.database.writing() as uow:
        stranger = accounts.create_person(uow, SYSTEM, email="x@example.org", name="X")
        for person_id in (stranger.id, None):
            notifications.tell(uow, person_id, Kind.MENTION, group_id=hall.group_id, words="mentioned you")
    assert told(hall, "Ana") == ["Leo Lawyer answered you"]
    assert told(hall, "Leo") == []
    with hall.database.reading() as uow:
        assert uow.session.query(Notification).count() == 1
        (line,) = notifications.mine(uow, hall.who["Ana"])
        assert line.link.endswith(f"/g/{hall.slug}/blueprint/items/{hall.item_id}")


def test_a_guest_and_who_has_left_are_told_nothing(hall: Hall) -> None:
    hall.open()
    guest = hall.guest("Gus Guest", "Industry")
    with hall.database.writing() as uow:
        notifications.tell(uow, guest.person_id, Kind.MENTION, group_id=hall.group_id, words="mentioned you")
    tell(hall, "Ana")
    leave(hall, "Ana")
    tell(hall, "Ana", "again")
    assert told(hall, "Ana") == [], "what concerned one in a group is not shown outside it"
    with hall.database.reading() as uow:
        assert notifications.unread(uow.session, hall.who["Ana"]) == 0
        assert uow.session.query(Notification).count() == 1


def test_homework_and_suggestions_tell_whom_they_concern(hall: Hall) -> None:
    with hall.database.writing() as uow:
        uow.session.get_one(Item, hall.item_id).status = Status.AGREED
        ids = [hall.who[name].person_id or 0 for name in ("Ana", "Fay")]
        given = homework.give(
            uow, hall.who["Fay"], group_id=hall.group_id, item_id=hall.item_id, person_ids=ids, asked="Write it.",
            due_on=date(2026, 3, 20),
        ).id  # fmt: skip
        made = suggestions.suggest(
            uow, hall.who["Leo"], item_id=hall.item_id, field=Field.TEXT, version=1, text="Partners lead together."
        ).id  # fmt: skip
        suggestions.reject(uow, hall.who["Fay"], suggestion_id=made, answer="Said already.")
    assert told(hall, "Ana") == ["Fay Facilitator gave you homework on C1.1, due 20 March 2026: Write it."]
    assert told(hall, "Fay") == [], "she gave it to herself"
    assert told(hall, "Leo") == ["Fay Facilitator did not take your suggestion for C1.1: Said already."]
    with hall.database.writing() as uow:
        homework.take_back(uow, hall.who["Fay"], homework_id=given, group_id=hall.group_id)
    assert told(hall, "Ana")[0] == "Fay Facilitator took back your homework on C1.1: nothing is left to do"


def test_what_is_due_tomorrow_is_told_once_on_the_morning_before(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    with hall.database.writing() as uow:
        ids = [hall.who[name].person_id or 0 for name in ("Ana", "Leo")]
        given = homework.give(
            uow, hall.who["Fay"], group_id=hall.group_id, item_id=hall.item_id, person_ids=ids, asked="Write it.",
            due_on=date(2026, 3, 5),
        ).id  # fmt: skip
        actions.add_action(
            uow, hall.who["Fay"], group_id=hall.group_id, what="Book the hall", owner_id=hall.who["Pat"].person_id,
            due_on=date(2026, 3, 5),
        )  # fmt: skip
        homework.reply(uow, hall.who["Leo"], homework_id=given, group_id=hall.group_id, ready=True)
    with hall.database.writing() as uow:
        notifications.read(uow, hall.who["Ana"])
    clock.now = clock.now.replace(day=4, hour=5, minute=59)
    work()
    assert told(hall, "Pat") == []
    clock.advance(minutes=30)
    for _ in range(3):
        work()
    assert told(hall, "Ana")[0] == "Your homework on C1.1 is due tomorrow: Write it."
    assert [each for each in told(hall, "Leo") if "tomorrow" in each] == []
    assert told(hall, "Pat") == ["Your action 1 is due tomorrow: Book the hall"]
    clock.advance(minutes=31)
    work()
    assert "due tomorrow" in post.of("ana")[0].subject
    assert "/sessions/actions" in post.of("pat")[0].text
    clock.advance(days=1)
    work()
    assert len(told(hall, "Pat")) == 1


@pytest.mark.parametrize("how", ["done", "moved", "given on"])
def test_who_is_reminded_of_an_action_is_not_mailed_once_that_is_no_longer_so(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post, how: str
) -> None:
    fay, pat = hall.who["Fay"], hall.who["Pat"]
    with hall.database.writing() as uow:
        made = actions.add_action(
            uow, fay, group_id=hall.group_id, what="Book the hall", owner_id=pat.person_id, due_on=date(2026, 3, 5)
        ).id  # fmt: skip
    clock.now = clock.now.replace(day=4, hour=6, minute=30)
    work()
    assert told(hall, "Pat") == ["Your action 1 is due tomorrow: Book the hall"]
    with hall.database.writing() as uow:
        if how == "done":
            actions.set_done(uow, pat, action_id=made, group_id=hall.group_id, done=True)
        else:
            owner, day = (pat, date(2026, 3, 9)) if how == "moved" else (hall.who["Leo"], date(2026, 3, 5))
            actions.edit_action(
                uow, fay, action_id=made, group_id=hall.group_id, what="Book the hall", owner_id=owner.person_id,
                due_on=day,
            )  # fmt: skip
    work()
    assert told(hall, "Pat") == [], "nor is it to be read"
    with hall.database.writing() as uow:  # a slip of the hand
        if how == "done":
            actions.set_done(uow, pat, action_id=made, group_id=hall.group_id, done=False)
        else:
            actions.edit_action(
                uow, fay, action_id=made, group_id=hall.group_id, what="Book the hall", owner_id=pat.person_id,
                due_on=date(2026, 3, 5),
            )  # fmt: skip
    work()
    assert told(hall, "Pat") == ["Your action 1 is due tomorrow: Book the hall"]


def test_who_answers_has_read_what_was_asked_and_nothing_else_that_is(hall: Hall) -> None:
    ana = hall.who["Ana"]
    ids = []
    for asked in ("Write the first words.", "Find the figures."):
        with hall.database.writing() as uow:
            ids.append(
                homework.give(
                    uow, hall.who["Fay"], group_id=hall.group_id, item_id=hall.item_id, asked=asked,
                    person_ids=[ana.person_id or 0], due_on=date(2026, 3, 5),
                ).id
            )  # fmt: skip
    unread = []
    for homework_id in ids:
        with hall.database.writing() as uow:
            homework.reply(uow, ana, homework_id=homework_id, group_id=hall.group_id, ready=False, words="Not yet")
        with hall.database.reading() as uow:
            unread.append(notifications.unread(uow.session, ana))
    assert unread == [1, 0]


def test_an_action_of_somebody_who_has_left_is_no_work_for_the_worker(hall: Hall, clock: SetClock) -> None:
    with hall.database.writing() as uow:
        actions.add_action(
            uow, hall.who["Fay"], group_id=hall.group_id, what="Book the hall", owner_id=hall.who["Pat"].person_id,
            due_on=date(2026, 3, 5),
        )  # fmt: skip
    clock.now = clock.now.replace(day=4, hour=9)
    assert len(list(notifications.look(hall.database))) == 1
    leave(hall, "Pat")
    assert list(notifications.look(hall.database)) == []


# --- mailing ---


def test_one_mail_an_hour_holds_all_that_waits(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    choose(hall, "Ana", MailMode.CONCERNS)
    tell(hall, "Ana", "answered you first")
    clock.advance(minutes=9)
    tell(hall, "Ana", "answered you second")
    work()
    assert post.delivered == [], "more may follow"
    clock.advance(minutes=1)
    work()
    work()
    (mail,) = post.of("ana")
    assert mail.subject == "Northmere (invented): 2 things for you"
    assert mail.text.index("Leo Lawyer answered you first") < mail.text.index("Leo Lawyer answered you second")
    assert f"/g/{hall.slug}/blueprint/items/{hall.item_id}" in mail.text
    clock.advance(minutes=5)
    tell(hall, "Ana", "answered you third")
    clock.advance(minutes=54)
    work()
    assert len(post.of("ana")) == 1
    clock.advance(minutes=1)
    work()
    assert [each.subject for each in post.of("ana")[1:]] == ["Northmere (invented): Leo Lawyer answered you third"]


def test_the_hour_counts_for_all_groups_of_a_person(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    with hall.database.writing() as uow:
        other = groups.create_group(uow, SYSTEM, slug="other", name="Other")
        person = accounts.find_person(uow.session, "ana@example.org")
        assert person is not None
        groups.add_member(
            uow, SYSTEM, group_id=other.id, person=person, role=Role.OBSERVER, constituency=None
        )  # fmt: skip
        notifications.tell(uow, person.id, Kind.MENTION, group_id=other.id, words="Elsewhere")
    tell(hall, "Ana")
    for group_id in (hall.group_id, other.id):
        with hall.database.writing() as uow:
            notifications.choose(uow, hall.who["Ana"], group_id=group_id, mode=MailMode.CONCERNS)
    clock.advance(minutes=10)
    work()
    assert len(post.of("ana")) == 1
    clock.advance(hours=1)
    work()
    assert len({mail.unsubscribe for mail in post.of("ana")}) == 2


def test_the_digest_is_the_default_and_comes_in_the_morning(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    tell(hall, "Ana")
    clock.now = clock.now.replace(hour=23)
    work()
    assert post.delivered == []
    clock.advance(hours=8)
    work()
    (mail,) = post.of("ana")
    assert "at most once a day, at 7 in the morning" in mail.text
    assert post.of("leo") == [], "nothing concerns him"


def test_what_was_read_is_not_mailed_and_what_nobody_wants_neither(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    choose(hall, "Ana", MailMode.CONCERNS)
    choose(hall, "Leo", MailMode.SESSIONS)
    choose(hall, "Pat", MailMode.NONE)
    for name in ("Ana", "Leo", "Pat"):
        tell(hall, name, by="Fay")
    with hall.database.writing() as uow:
        assert notifications.waits_on_item(uow.session, hall.who["Ana"], hall.item_id)
        notifications.read_on_item(uow, hall.who["Ana"], item_id=hall.item_id)
    clock.advance(days=2)
    work()
    assert post.delivered == []
    for name in ("Leo", "Pat"):
        choose(hall, name, MailMode.CONCERNS)
    clock.advance(hours=1)
    work()
    assert post.delivered == [], "what gathered while nothing was wanted does not come all at once"
    tell(hall, "Pat", "answered you now")
    clock.advance(minutes=10)
    work()
    assert "answered you now" in post.of("pat")[0].text


def test_the_digest_counts_no_more_than_it_looks_at(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    def digest_after(items_: int) -> str:
        clock.advance(hours=1)
        with hall.database.writing() as uow:
            for _ in range(items_):
                items.add_item(uow, hall.who["Fay"], group_id=hall.group_id, kind=ItemKind.ELEMENT, title="Money")
        tell(hall, "Ana")
        clock.advance(hours=23)
        work()
        return " ".join(post.of("ana")[-1].text.split())

    assert "new words on 1 item." in digest_after(1)
    assert "new words on 39 items." in digest_after(39)
    assert "new words on 40 or more items." in digest_after(46)


def test_none_goes_out_during_a_session_of_the_group(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    second = plan_another(hall)
    choose(hall, "Ana", MailMode.CONCERNS)
    hall.open("Ana")
    hall.advance()
    tell(hall, "Ana")
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=second)
    clock.advance(minutes=40)
    work()
    assert post.delivered == []
    with hall.database.reading() as uow:
        assert {job.attempts for job in uow.session.query(Job).filter_by(kind="patient_mail")} == {0}
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    clock.advance(minutes=2)
    work()
    subjects = sorted(mail.subject for mail in post.of("ana"))
    assert len(subjects) == 3
    assert subjects[0].startswith("Northmere (invented): Leo Lawyer answered you")


def test_a_session_that_nobody_ends_keeps_no_mail_for_ever(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    choose(hall, "Ana", MailMode.CONCERNS)
    hall.open("Ana")
    hall.advance()
    work()
    tell(hall, "Ana")
    for _ in range(8):
        clock.advance(hours=1)
        work()
    assert hall.meeting().state is MeetingState.RUNNING
    assert any("answered you" in mail.subject for mail in post.of("ana"))


# --- once, whatever happens to the workers ---


def due_for_ana(hall: Hall, clock: SetClock) -> None:
    choose(hall, "Ana", MailMode.CONCERNS)
    tell(hall, "Ana")
    clock.advance(minutes=10)


def news(hall: Hall) -> list[Job]:
    with hall.database.reading() as uow:
        jobs_ = uow.session.execute(select(Job).where(Job.kind == "patient_mail")).scalars().all()
        return list(jobs_)


def test_a_worker_that_dies_before_the_commit_has_done_nothing(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    due_for_ana(hall, clock)

    def cut(_connection: object) -> None:
        raise KeyboardInterrupt

    event.listen(hall.database.engine, "commit", cut)
    with pytest.raises(KeyboardInterrupt):
        notifications.write(hall.database, hall.group_id, hall.who["Ana"].person_id or 0)
    event.remove(hall.database.engine, "commit", cut)
    assert news(hall) == []
    work()
    assert len(post.of("ana")) == 1


def test_a_worker_that_dies_after_the_commit_leaves_the_mail_to_another(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    due_for_ana(hall, clock)
    first = Worker(hall.database, post=post)
    first.look()
    post.dies = True
    with pytest.raises(KeyboardInterrupt):
        first.drain()
    post.dies = False
    work()
    assert post.delivered == [], "it may still be on its way"
    clock.now += jobs.CLAIM_LASTS + timedelta(seconds=1)
    work()
    work()
    assert len(post.of("ana")) == 1
    assert [job.done_at is not None for job in news(hall)] == [True]


def test_two_workers_that_look_at_the_same_moment_write_one_mail(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    due_for_ana(hall, clock)
    person_id = hall.who["Ana"].person_id or 0
    both = threading.Barrier(2)

    def write() -> None:
        both.wait()
        notifications.write(hall.database, hall.group_id, person_id)

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()
    assert (len(news(hall)), len(post.of("ana"))) == (1, 1)


def test_the_next_mail_goes_out_though_the_news_before_it_was_deleted(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    """SQLite gives the number of a deleted row again, so no number may be what a mail is known by."""
    for words in ("the first", "the second"):
        due_for_ana(hall, clock)
        work()
        with hall.database.writing() as uow:
            uow.session.execute(delete(Notification))
        clock.advance(hours=2)
        assert len(post.of("ana")) == ["the first", "the second"].index(words) + 1


def test_who_has_left_the_group_gets_no_mail_that_was_still_waiting(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    due_for_ana(hall, clock)
    notifications.write(hall.database, hall.group_id, hall.who["Ana"].person_id or 0)
    with hall.database.writing() as uow:
        ana = {"group_id": hall.group_id, "person_id": hall.who["Ana"].person_id}
        seat = uow.session.query(Membership).filter_by(**ana).one()
        memberships.remove(uow, hall.who["Fay"], group_id=hall.group_id, membership_id=seat.id)
    work()
    assert post.of("ana") == []
    assert [job.done_at is not None for job in news(hall)] == [True]


@pytest.mark.parametrize(
    ("stopped", "comes"),
    [
        (None, ["all", "all", "news"]),
        ("news", ["all", "all"]),
        ("all", []),
        (MailMode.SESSIONS, ["all", "all"]),
        (MailMode.DIGEST, ["all", "all", "news"]),
    ],
)
def test_who_stops_mails_gets_none_of_those_that_wait(
    hall: Hall,
    clock: SetClock,
    work: Callable[[], None],
    post: Post,
    stopped: Literal["news", "all"] | MailMode | None,
    comes: list[str],
) -> None:
    second = plan_another(hall)
    due_for_ana(hall, clock)
    notifications.write(hall.database, hall.group_id, hall.who["Ana"].person_id or 0)
    hall.open("Ana")  # before the mail server was reached
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=second)
    if isinstance(stopped, MailMode):
        choose(hall, "Ana", stopped)
    elif stopped is not None:
        with hall.database.writing() as uow:
            person_id = hall.who["Ana"].person_id or 0
            notifications.stop(uow, notifications.stop_token(uow.keys, stopped, hall.group_id, person_id))
    with hall.database.writing() as uow:
        stages.close(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=hall.meeting().revision)
    work()
    lists = [mail.unsubscribe.rpartition("/")[2].partition("-")[0] for mail in post.of("ana")]
    assert sorted(lists) == comes
    assert len(post.of("leo")) == 2, "others get both session mails"


def test_of_two_days_the_later_word_comes_last(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    """Held up by a session at different moments, they would come back in any order."""
    second = plan_another(hall)
    hall.open("Ana")
    hall.advance()

    def pass_by(act: Callable[[UnitOfWork], object], seconds: int) -> None:
        with hall.database.writing() as uow:
            act(uow)
        work()
        clock.advance(seconds=seconds)

    fay = hall.who["Fay"]
    pass_by(lambda uow: meetings.announce(uow, fay, meeting_id=second), 96)
    moved = {"title": "Money", "day": date(2026, 4, 9), "at": time(9), "place": "", "aims": []}
    pass_by(lambda uow: meetings.edit_meeting(uow, fay, meeting_id=second, **moved), 40)
    pass_by(lambda uow: stages.close(uow, fay, meeting_id=hall.meeting_id, revision=hall.meeting().revision), 0)
    for _ in range(30):
        work()
        clock.advance(seconds=10)
    days = [found[0] for mail in post.of("ana") if (found := re.search(r"\d+ April", mail.subject + mail.text))]
    assert days == ["2 April", "9 April"]


def test_a_mail_that_waited_through_an_upgrade_is_sent(hall: Hall, work: Callable[[], None], post: Post) -> None:
    """Before, what waited did not say for whom it was but by its address."""
    with hall.database.writing() as uow:
        letter = {"to": "ana@example.org", "subject": "Old", "text": "Words\n", "unsubscribe": "", "calendar": ""}
        jobs.enqueue(uow, "patient_mail", {"mail": letter, "group_id": hall.group_id})
    work()
    assert [mail.subject for mail in post.of("ana")] == ["Old"]


# --- stopping ---


def test_a_link_stops_that_kind_of_mail_and_no_other(hall: Hall) -> None:
    person_id = hall.who["Ana"].person_id or 0

    def mode(name: str = "Ana") -> MailMode:
        with hall.database.reading() as uow:
            return notifications.choices(uow, hall.who[name])[0].mode

    with hall.database.writing() as uow:
        link = partial(notifications.stop_token, uow.keys, group_id=hall.group_id, person_id=person_id)
        news_, all_ = link("news"), link("all")
        assert notifications.read_stop(uow, news_).group.id == hall.group_id
    assert mode() is MailMode.DIGEST, "looking alone changes nothing"
    for token, expected in ((news_, MailMode.SESSIONS), (all_, MailMode.NONE), (news_, MailMode.NONE)):
        with hall.database.writing() as uow:
            said = notifications.stop(uow, token).what
        assert mode() is expected
        assert said == ("news" if expected is MailMode.SESSIONS else "all"), "nobody is promised mails they do not want"
    assert mode("Leo") is MailMode.DIGEST
    forged = ("", "news", news_[:-1] + ("A" if news_[-1] != "A" else "B"), news_.replace("news", "all"),
              f"news-{hall.group_id}-{person_id + 1}-{news_.split('-', 3)[3]}", "news-x-y-z", "news-²-1-z")  # fmt: skip
    for token in forged:
        with pytest.raises(NotFound), hall.database.writing() as uow:
            notifications.stop(uow, token)


def test_session_mails_go_to_all_but_those_who_want_none(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    choose(hall, "Pat", MailMode.NONE)
    choose(hall, "Leo", MailMode.SESSIONS)
    with hall.database.writing() as uow:
        assert meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id) == 6
    work()
    assert (post.of("pat"), len(post.of("leo"))) == ([], 1)
    assert post.of("leo")[0].unsubscribe in post.of("leo")[0].text

    def move(day: int, place: str = "Hall") -> None:
        with hall.database.writing() as uow:
            meetings.edit_meeting(
                uow, hall.who["Fay"], meeting_id=hall.meeting_id, title="Partnership", day=date(2026, 3, day),
                at=time(9), place=place, aims=["A new aim"],
            )  # fmt: skip
        work()

    move(2)
    assert len(post.of("leo")) == 1, "what did not move is told to nobody"
    move(9)
    assert "is now on Monday 9 March 2026 at 09:00 (GMT)" in post.of("leo")[1].subject
    assert "Before: Monday 2 March 2026" in post.of("leo")[1].text
    with pytest.raises(Invalid), hall.database.writing() as uow:
        meetings.cancel(uow, hall.who["Fay"], meeting_id=hall.meeting_id, reason=" ")
    with pytest.raises(Forbidden), hall.database.writing() as uow:
        meetings.cancel(uow, hall.who["Ana"], meeting_id=hall.meeting_id, reason="No.")
    with hall.database.writing() as uow:
        meetings.cancel(uow, hall.who["Fay"], meeting_id=hall.meeting_id, reason="The hall is flooded.")
    work()
    assert "is cancelled" in post.of("leo")[2].subject
    assert "The hall is flooded." in post.of("leo")[2].text
    with hall.database.reading() as uow:
        (line,) = meetings.list_meetings(uow, hall.who["Ana"], group_id=hall.group_id)
        assert line.cancelled, "members see that it is cancelled, not that it is gone"
    revision = hall.meeting().revision
    for act in (
        lambda uow: stages.open_doors(uow, hall.who["Fay"], meeting_id=hall.meeting_id, revision=revision),
        lambda uow: meetings.remove_meeting(uow, hall.who["Fay"], meeting_id=hall.meeting_id),
        lambda uow: meetings.cancel(uow, hall.who["Fay"], meeting_id=hall.meeting_id, reason="Again."),
    ):
        with pytest.raises(Conflict), hall.database.writing() as uow:
            act(uow)
    with hall.database.writing() as uow:
        meetings.announce(uow, hall.who["Fay"], meeting_id=hall.meeting_id)
    work()
    assert len(post.of("leo")) == 4
    with hall.database.reading() as uow:
        assert uow.session.get_one(Meeting, hall.meeting_id).cancelled_at is None


def test_what_came_after_a_page_was_made_is_not_read_there(hall: Hall, clock: SetClock) -> None:
    tell(hall, "Ana")
    seen = clock.now
    clock.advance(seconds=1)
    tell(hall, "Ana", "answered you again")
    with hall.database.writing() as uow:
        notifications.read(uow, hall.who["Ana"], until_id=2**31 - 1, seen_at=seen)
        lines = notifications.mine(uow, hall.who["Ana"])
    assert [line.notification.read_at is None for line in lines] == [True, False]


def test_others_cannot_read_mine_and_erasing_takes_all_away(hall: Hall, clock: SetClock) -> None:
    tell(hall, "Ana")
    choose(hall, "Ana", MailMode.CONCERNS)
    with hall.database.writing() as uow:
        (line,) = notifications.mine(uow, hall.who["Ana"])
        for actor in (hall.who["Leo"], Actor()):
            with pytest.raises(NotFound):
                notifications.read(uow, actor, notification_id=line.notification.id)
        notifications.read(uow, hall.who["Leo"])
        assert notifications.unread(uow.session, hall.who["Ana"]) == 1
        with pytest.raises(NotFound):
            notifications.choose(uow, Actor(person_id=987_654), group_id=hall.group_id, mode=MailMode.NONE)
    with hall.database.reading() as uow:
        copy = privacy.export_mine(uow, hall.who["Ana"])
        assert [each["words"] for each in copy["notifications"]] == ["answered you on C1.1"]
        assert copy["mail"] == [{"group": hall.slug, "wants": "concerns"}]
    with hall.database.writing() as uow:
        privacy.erase_me(uow, hall.who["Ana"])
    with hall.database.reading() as uow:
        assert uow.session.query(Notification).count() == 0
    tell(hall, "Pat")
    clock.advance(days=121)
    with hall.database.writing() as uow:
        assert privacy.sweep(uow)["notifications"] == 1


def test_comments_tell_who_is_named_and_who_has_spoken(hall: Hall) -> None:
    with hall.database.writing() as uow:
        talk = comments.start(
            uow, hall.who["Leo"], item_id=hall.item_id, words="@Ana Acute, is this yours? @Leo Lawyer asks."
        )
        reply = comments.reply(uow, hall.who["Ana"], discussion_id=talk.id, words="Yes.")
        comments.reply(uow, hall.who["Pat"], discussion_id=talk.id, words="@Leo Lawyer and I agree.")
    assert told(hall, "Ana") == ["Pat Patient answered you on C1.1", "Leo Lawyer mentioned you on C1.1"]
    assert told(hall, "Leo") == ["Pat Patient mentioned you on C1.1", "Ana Acute answered you on C1.1"]
    assert told(hall, "Pat") == []
    with hall.database.reading() as uow:
        answered = notifications.mine(uow, hall.who["Leo"])[1]
        assert answered.link.endswith(f"/blueprint/items/{hall.item_id}#said-{reply.id}")
    with hall.database.writing() as uow:
        comments.change(uow, hall.who["Ana"], comment_id=reply.id, words="Yes, with @Pat Patient.")
        comments.change(uow, hall.who["Ana"], comment_id=reply.id, words="Yes, with @Pat Patient and others.")
    assert told(hall, "Pat") == ["Ana Acute mentioned you on C1.1"]


def test_a_mention_that_was_taken_back_before_it_was_read_or_mailed_is_told_nobody(
    hall: Hall, clock: SetClock, work: Callable[[], None], post: Post
) -> None:
    leo = hall.who["Leo"]
    choose(hall, "Ana", MailMode.CONCERNS)
    with hall.database.writing() as uow:
        talk = comments.start(uow, leo, item_id=hall.item_id, words="@Ana Acute and @Pat Patient, is this yours?")
        asked = talk.id, comments.of_item(uow, leo, hall.item_id)[0].said[0].comment.id
        said = comments.reply(uow, hall.who["Pat"], discussion_id=talk.id, words="Mine.").id
    assert told(hall, "Ana") == ["Leo Lawyer mentioned you on C1.1"]
    assert told(hall, "Leo") == ["Pat Patient answered you on C1.1"]
    with hall.database.writing() as uow:
        comments.change(uow, leo, comment_id=asked[1], words="@Pat Patient, is this yours?")
        comments.take_back(uow, hall.who["Pat"], comment_id=said)
    assert (told(hall, "Ana"), told(hall, "Leo")) == ([], []), "neither in the application"
    assert told(hall, "Pat") == ["Leo Lawyer mentioned you on C1.1"], "who is still named is still told"
    clock.advance(days=1)
    work()
    assert (post.of("ana"), post.of("leo"), len(post.of("pat"))) == ([], [], 1), "nor by mail"
    with hall.database.writing() as uow:
        comments.change(uow, leo, comment_id=asked[1], words="@Ana Acute, is this yours?")
    assert told(hall, "Ana") == ["Leo Lawyer mentioned you on C1.1"], "who is named by a later change is told"
    assert told(hall, "Pat") == ["Leo Lawyer mentioned you on C1.1"], "what was mailed leads there still"
    with hall.database.writing() as uow:
        comments.take_back(uow, leo, comment_id=asked[1])
    clock.advance(hours=2)
    work()
    assert (told(hall, "Ana"), post.of("ana")) == ([], [])


def test_who_is_no_longer_named_in_an_answer_is_told_that_it_is_one(hall: Hall) -> None:
    leo, ana = hall.who["Leo"], hall.who["Ana"]
    with hall.database.writing() as uow:
        talk = comments.start(uow, leo, item_id=hall.item_id, words="Whose is this?")
        said = comments.reply(uow, ana, discussion_id=talk.id, words="Yours, @Leo Lawyer.").id
    assert told(hall, "Leo") == ["Ana Acute mentioned you on C1.1"]
    with hall.database.writing() as uow:
        comments.change(uow, ana, comment_id=said, words="Ours.")
    assert told(hall, "Leo") == ["Ana Acute answered you on C1.1"]
    with hall.database.writing() as uow:
        comments.change(uow, ana, comment_id=said, words="Yours, @Leo Lawyer, after all.")
    assert told(hall, "Leo") == ["Ana Acute mentioned you on C1.1"], "one comment is told as one thing"


def test_a_slip_of_the_pen_in_the_year_of_a_session_reaches_nobody(
    hall: Hall, work: Callable[[], None], post: Post
) -> None:
    fay = hall.who["Fay"]
    new = plan_another(hall)
    with hall.database.writing() as uow:
        meetings.announce(uow, fay, meeting_id=new)
    work()
    told = len(post.delivered)
    with hall.database.writing() as uow, pytest.raises(Invalid) as refused:
        meetings.edit_meeting(
            uow, fay, meeting_id=new, title="Money", day=date(2025, 4, 2), at=time(9), place="", aims=[]
        )  # fmt: skip
    assert refused.value.fields == {"day": "2 April 2025 has passed: choose a day from today on."}
    work()
    assert len(post.delivered) == told > 0
