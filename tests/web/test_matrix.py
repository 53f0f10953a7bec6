"""Every address with every role, on one's own objects and on other people's: nothing foreign is there, nothing breaks.

The map of addresses is walked as it is, so that a new page is tried the day it is added; an argument that this file
does not know fails, and the world (tests/world.py) then gets an object of that kind.
"""

from __future__ import annotations

import io
import itertools
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import make_url
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.policy import Actor
from app.services import access_tokens
from app.uow import Database
from models.activity import Activity
from models.base import Base
from models.groups import Membership
from models.items import Item, Kind, Status
from models.polls import Action
from models.validation import ExpertIdentity, Rating
from tests import cast
from tests.cast import Browser
from tests.kept import kept
from tests.world import World, build_world

SECRET = "a secret of the tests, and of nothing else"
CANARY = "canary{}canary"
#: Addresses with these arguments lead to a person's own things, not to a group's; looked at one by one below.
OWN = {"sign_in_id", "token_id", "person_id"}
NO_SUCH_ID = 987_654
#: There is none to look at while a round of the group is open: see tests/web/test_preparation.py.
BEFORE_A_ROUND_OPENS = {"validation.rehearsal"}


@kept
def canaries(database: Database) -> World:
    """The whole world, each of whose texts names its place."""
    return build_world(database, lambda place: CANARY.format(place.replace(" ", "-")))


@pytest.fixture
def world(app: Flask) -> World:
    """The world on this test's own database, with the application running on it."""
    return canaries(app.extensions["concordat.database"])


@pytest.fixture
def changes(world: World, database_url: str) -> Iterator[Callable[[], bool]]:
    """``changes()``: whether anything was written to the database since it was last asked."""
    with closing(sqlite3.connect(str(make_url(database_url).database))) as watcher:

        def version() -> int:
            found: tuple[int] = watcher.execute("PRAGMA data_version").fetchone()
            return found[0]

        last = [version()]

        def ask() -> bool:
            before, last[0] = last[0], version()
            return before != last[0]

        yield ask


def browser_of(app: Flask, world: World, actor: Actor) -> Browser:
    client = app.test_client()
    assert isinstance(client, Browser)
    if actor.person_id is not None:
        is_guest = actor.person_id == world.guest.person_id
        client.enter(world.guest_token if is_guest else cast.sign_in_token(world.database, actor))
    return client


def methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}, key=lambda each: (each != "GET", each))


def group_rules(app: Flask) -> list[Rule]:
    """Addresses that lead into a group: by its short name, or by the id of something in it."""
    found = []
    for rule in app.url_map.iter_rules():
        noun = rule.endpoint.partition(".")[0]
        ids = {each for each in rule.arguments if each.endswith("_id")} - OWN
        if "slug" in rule.arguments or (ids and noun not in {"rating", "administration", "account"}):
            found.append(rule)
    return found


def address(rule: Rule, world: World, *, slug: str, ids: dict[str, int] | None = None) -> str:
    """The rule's address with the world's objects, or with ``ids`` for every id."""
    path = rule.rule
    for name in rule.arguments:
        if name == "slug":
            value = slug
        elif name.endswith("_id"):
            known = {**world.ids, **(ids or {})}
            assert name in known, f"tests/world.py makes no object for <{name}> of {rule.rule}"
            value = str(known[name])
        else:
            value = {
                "reference": world.words["reference"], "form": what(rule) or "json", "what": what(rule),
                "code": world.words["code"], "language": "nl",
            }[name]  # fmt: skip
        path = re.sub(rf"<(?:[^:>]*:)?{name}>", value, path)
    assert "<" not in path, path
    return path


def what(rule: Rule) -> str:
    found = re.search(r"<any\((\w+)", rule.rule)
    return found[1] if found else ""


def plausible(world: World) -> dict[str, str]:
    """A form that many addresses would take, so that a refusal is about the place and not about a missing field."""
    ids = {name: str(id_) for name, id_ in world.ids.items() if name != "stage_id"}
    return {
        **ids, "parent_id": ids["element_id"], "kind": "criterion", "title": "Smuggled in", "text": "Smuggled in",
        "status": "agreed", "relation": "supports", "choice": "yes", "outcome": "agreed", "sentence": "Smuggled in",
        "reason": "Because it can be done", "revision": "1", "what": "Smuggled in", "cite": "Smuggled in",
        "name": "Smuggled in", "email": "smuggled@example.org", "role": "observer", "scope": "national",
        "owner_id": str(world.cast.member.person_id), "on": "1", "by": "up", "mark": "1.0.0.0", "place": "Hall",
        "day": "2026-05-05", "at": "10:00", "minutes": "10", "purpose": "Smuggled in", "strength": "low",
        "provenance": "given", "constituency": "Research", "tag": "SM", "bloc": "Providing",
        "version": ids["version_id"], "closes_at": "2026-03-20T12:00", "protocol": "rand", "sheet": "Smuggled in " * 10,
        "principles": ids["item_id"], "items": ids["version_item_id"], "plan": "one", "count": "1", "definition": "x",
        "finding_id": ids["finding_id"],
    }  # fmt: skip


def call(client: Browser, method: str, path: str, data: dict[str, str] | None = None) -> TestResponse:
    """Ask as a program does, so that a refusal is short: a thousand of them are read here."""
    form = {} if method == "GET" else {"data": data or {}}
    return client.open(path, method=method, headers={"Accept": "application/json"}, **form)


def rows_across_groups(database: Database) -> list[str]:
    """Rows of one group that point to a row of another."""
    found = []
    tables = Base.metadata.tables.values()
    with database.snapshot() as connection:
        for table in tables:
            for key in table.foreign_keys:
                other = key.column.table.alias()
                if "group_id" not in table.c or "group_id" not in other.c or key.column.table.name == "design_group":
                    continue
                crossed = (
                    select(table.c.group_id)
                    .join(other, key.parent == other.c[key.column.name])
                    .where(table.c.group_id != other.c.group_id)
                )
                found += [f"{table.name}.{key.parent.name}"] * len(connection.execute(crossed).all())
        owners = select(Action.id).where(
            Action.owner_id.is_not(None),
            ~select(Membership.id)
            .where(Membership.person_id == Action.owner_id, Membership.group_id == Action.group_id)
            .exists(),
        )
        found += ["action.owner_id"] * len(connection.execute(owners).all())
    return found


def test_outsiders_find_nothing_and_change_nothing(app: Flask, world: World, changes: Callable[[], bool]) -> None:
    """Members of another group, former members, people of none, the administrator: 404 on everything, under the
    group's own address and smuggled in under theirs; a visitor is sent to the door."""
    clients = {name: browser_of(app, world, actor) for name, actor in world.outsiders.items()}
    visitor = browser_of(app, world, Actor())
    form = plausible(world)
    changes()
    tried = 0
    turns = itertools.cycle(["member", "observer", "manager", "nobody", "administrator"])
    takers = itertools.cycle(["facilitator", "manager"])
    for rule in group_rules(app):
        if rule.endpoint.startswith("api"):
            continue
        for method in methods(rule):
            straight = address(rule, world, slug=world.cast.slug)
            # Guards stand before whole rooms, so that the rest may take turns: each meets every room many times.
            for name in ("facilitator", "former", next(turns)):
                answer = call(clients[name], method, straight, form)
                assert answer.status_code == 404, f"{name}: {method} {straight}: {answer.status}"
                assert CANARY[:6] not in answer.text, f"{name}: {method} {straight}"
                tried += 1
            answer = call(visitor, method, straight, form)
            assert answer.status_code == 401, f"visitor: {method} {straight}: {answer.status}"
            assert not changes(), f"{method} {straight} wrote something"
            if rule.arguments == {"slug"}:
                continue
            smuggled = address(rule, world, slug=world.cast.other_slug)
            nowhere = address(rule, world, slug=world.cast.other_slug, ids=dict.fromkeys(world.ids, NO_SUCH_ID))
            name = next(takers)
            answer, same = (call(clients[name], method, path, form) for path in (smuggled, nowhere))
            assert answer.status_code in {403, 404, 422}, f"{name}: {method} {smuggled}: {answer.status}"
            assert answer.status_code == same.status_code, f"{name}: {method} {smuggled} tells that it exists"
            assert CANARY[:6] not in answer.text, f"{name}: {method} {smuggled}"
            assert not changes(), f"{method} {smuggled} wrote something"
    assert tried > 400


def test_ids_of_another_group_in_a_form_of_ones_own_are_refused(app: Flask, world: World) -> None:
    """The second group's people fill their own forms with the first group's ids: nothing points across, ever."""
    for name in ("facilitator", "manager", "member"):
        client = browser_of(app, world, world.outsiders[name])
        for rule in group_rules(app):
            if rule.arguments == {"slug"} and "POST" in (rule.methods or ()) and not rule.endpoint.startswith("api"):
                answer = client.post(address(rule, world, slug=world.cast.other_slug), data=plausible(world))
                assert answer.status_code < 500, f"{name}: {rule.rule}: {answer.status}"
    assert rows_across_groups(world.database) == []


BODIES: dict[str, object] = {
    "api.add_item": {"kind": "element", "title": "Smuggled"},
    "api.change_item": {"status": "agreed"},
    "api.lock_version": {"reason": "Smuggled"},
    "api_seats.put_ratings": [{"item_id": 1, "dimension": "relevance", "value": 1}],
}


def test_programs_of_outsiders_find_nothing(app: Flask, world: World, changes: Callable[[], bool]) -> None:
    tokens = {}
    for name, actor in world.outsiders.items():
        with world.database.writing() as uow:
            tokens[name] = access_tokens.create_token(uow, actor, label="")
    tokens["seat"] = world.seat_tokens[1]
    tokens["forged"] = "cdt_" + "x" * 43
    client = app.test_client()
    for token in tokens.values():  # the first use of a token is noted
        client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    changes()
    for rule in group_rules(app):
        if not rule.endpoint.startswith("api"):
            continue
        for method in methods(rule):
            for ids in (None, dict.fromkeys(world.ids, NO_SUCH_ID)):
                path = address(rule, world, slug=world.cast.slug, ids=ids)
                for name, token in tokens.items():
                    if name == "seat" and rule.endpoint.startswith("api_seats") and ids is None:
                        continue
                    answer = client.open(
                        path, method=method, json=BODIES.get(rule.endpoint),
                        headers={"Authorization": f"Bearer {token}"},
                    )  # fmt: skip
                    assert answer.status_code in {401, 404}, f"{name}: {method} {path}: {answer.status}"
                    assert CANARY[:6] not in answer.text, f"{name}: {method} {path}"
    assert not changes()


def looking(rule: Rule, world: World) -> list[str]:
    """The addresses at which a rule shows something: of rounds the closed one too, of sessions the one that is over."""
    query = {"items.add_form": "?kind=element", "versions.difference": f"?to={world.ids['version_id']}"}
    paths = [address(rule, world, slug=world.cast.slug)]
    if "round_id" in rule.arguments:
        paths.append(address(rule, world, slug=world.cast.slug, ids={"round_id": world.ids["closed_round_id"]}))
    if rule.endpoint.startswith("meetings."):
        paths.append(address(rule, world, slug=world.cast.slug, ids={"meeting_id": world.ids["past_meeting_id"]}))
    return [path + query.get(rule.endpoint, "") for path in paths]


#: What any address reads from its query.
QUERY = (
    "before", "after", "from", "to", "page", "ids", "kind", "item", "item_id", "status", "source", "model", "by", "q",
    "filter", "show", "dimension", "group", "about", "withdrawn", "version", "mark", "stage", "day", "with", "template",
    "replaces", "seen", "read", "field",
)  # fmt: skip


def words_of(answer: TestResponse) -> str:
    """What an answer says, a Word file's inside too."""
    if answer.mimetype.endswith("wordprocessingml.document"):
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            return "".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    return answer.data.decode(errors="replace")


def test_no_page_breaks_and_none_names_an_expert(app: Flask, world: World) -> None:
    """Looked at by every role: no 500; no vote before it is closed, no comment of an open round; notes of
    facilitators and names of experts for those alone whom they are for. Everything is seen by
    somebody, else a 404 would prove nothing.
    """
    clients = {name: browser_of(app, world, actor) for name, actor in world.insiders.items()}
    with world.database.reading() as uow:
        known = {each.email for each in uow.session.query(ExpertIdentity)} | {CANARY.format("expert-name")}
    seen: dict[str, set[int]] = {}
    queries = itertools.cycle(
        f"?{'&'.join(f'{name}={value}' for name in QUERY)}"
        for value in ("-1", "9" * 30, "x", "%F0%9F%92%A9", "1,2,x", "2026-13-45", "9" * 18, "")
    )
    for rule in group_rules(app):
        if "GET" not in (rule.methods or ()) or rule.endpoint.startswith("api"):
            continue
        for number, path in enumerate(looking(rule, world)):
            for name, client in clients.items():
                if number and name in {"member", "observer"}:
                    continue
                answer = client.get(path)
                assert answer.status_code < 500, f"{name}: {path}: {answer.status}"
                seen.setdefault(rule.endpoint, set()).add(answer.status_code)
                if name == "facilitator" and number == 0:
                    junk = next(queries)
                    answered = client.get(path.partition("?")[0] + junk)
                    assert answered.status_code < 500, f"{path}{junk}: {answered.status}"
                text = words_of(answer)
                assert CANARY.format("open-objection") not in text, f"{name}: {path}: a vote that is not closed"
                assert CANARY.format("open-notes") not in text or name == "facilitator", f"{name}: {path}"
                if number == 0 and "round_id" in rule.arguments:
                    assert "canaryexpert's" not in text, f"{name}: {path}: a round that is not closed"
                if name == "panel_manager":
                    continue
                assert not [word for word in known if word in text], f"{name}: {path}"
                if number == 0 and "round_id" in rule.arguments:
                    assert "canaryexpert" not in text, f"{name}: {path}"
    hidden = {each for each, codes in seen.items() if not codes & {200, 302, 303}} - BEFORE_A_ROUND_OPENS
    assert not hidden, f"nobody can look at these: {sorted(hidden)}"


def test_no_form_breaks(app: Flask, world: World) -> None:
    """The bare button pressed by a member and a guest, nonsense in every field by those who may do most: refused with a
    sentence, never a 500, and nothing points across groups."""
    sent = {"guest": {}, "member": {}, "panel_manager": NONSENSE, "facilitator": NONSENSE}
    clients = {name: browser_of(app, world, world.insiders[name]) for name in sent}
    for rule in group_rules(app):
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith("api"):
            continue
        path = address(rule, world, slug=world.cast.slug)
        for name, client in clients.items():
            answer = client.post(path, data=sent[name])
            assert answer.status_code < 500, f"{name}: {path}: {answer.status}"
    assert rows_across_groups(world.database) == []


@pytest.mark.parametrize("database_engine", ["postgres"])
def test_no_number_breaks_postgres(database: Database, request: pytest.FixtureRequest) -> None:
    """Numbers that are whole and that no id and no version is, in every field and query: never a 500."""
    world = build_world(database)
    client = browser_of(request.getfixturevalue("app"), world, world.cast.facilitator)
    numbers = {name for name, value in NONSENSE.items() if value.startswith("-9")}
    names = {*numbers, *QUERY, "start", "end", "occurrence"}
    for number in ("2147483648", "99999999999"):
        for rule in group_rules(request.getfixturevalue("app")):
            if rule.endpoint.startswith("api"):
                continue
            path = address(rule, world, slug=world.cast.slug)
            for method in methods(rule):
                fields = dict.fromkeys(names, number)
                if method == "GET":
                    answer = client.get(path, query_string=fields)
                else:
                    answer = client.post(path, data={**plausible(world), **fields})
                assert answer.status_code < 500, f"{method} {path}: {answer.status}"


#: For every field that any form has: a wrong kind of thing.
NONSENSE = {
    **dict.fromkeys(
        ("revision", "item_id", "parent_id", "position", "person_id", "for_person_id", "hand_id", "owner_id", "minutes",
         "by", "version", "poll_id", "stage_id", "source_id", "model_id", "finding_id", "version_id", "count",
         "replaces"),
        "-9223372036854775809",
    ),
    **dict.fromkeys(("day", "due_on", "at", "closes_at", "date", "time"), "9999-99-99T99:99"),
    **dict.fromkeys(("kind", "role", "status", "choice", "outcome", "relation", "scope", "what"), "\u202e<b>"),
    **dict.fromkeys(("title", "name", "text", "reason", "sentence", "what", "mark", "email", "table"), "𝕏" * 400),
    "principles": "1e308", "items": "NaN", "protocol": "[" * 5000, "from": "1.2.3", "next": "//evil.example",
}  # fmt: skip


def test_own_things_are_nobody_elses(app: Flask, world: World, changes: Callable[[], bool]) -> None:
    """Sign-ins, tokens and accounts of others: 404, and they go on working."""
    owner = browser_of(app, world, world.cast.peer)
    with world.database.writing() as uow:
        access_tokens.create_token(uow, world.cast.peer, label="")
        (token,) = access_tokens.tokens_of(uow, world.cast.peer.person_id or 0)
        from app.services import signing_in  # noqa: PLC0415  named where it is used

        sign_in = signing_in.my_sign_ins(uow, world.cast.peer)[0]
    for actor in (world.cast.facilitator, world.cast.administrator, world.cast.stranger):
        client = browser_of(app, world, actor)
        changes()
        for path in (f"/account/sign-ins/{sign_in.id}/revoke", f"/account/tokens/{token.id}/revoke"):
            assert client.post(path).status_code == 404
        if actor is not world.cast.administrator:
            for path in ("/admin/", "/admin/groups", f"/admin/people/{world.cast.peer.person_id}/disable"):
                assert client.post(path).status_code in {404, 405}
        assert not changes()
    assert owner.get("/account/").status_code == 200


def test_what_a_form_says_of_ids_roles_and_times_is_not_believed(app: Flask, world: World) -> None:
    """Every column of an item sent along with a new one: only what the form has is taken."""
    client = browser_of(app, world, world.cast.member)
    smuggled = {
        column.name: {"id": "1", "group_id": str(world.cast.other_group_id), "status": "agreed"}.get(column.name, "1")
        for column in Item.__table__.columns
        if column.name not in {"kind", "parent_id", "principle_group"}
    }
    before = client.get(f"/g/{world.cast.slug}/blueprint").status_code
    extra = {"role": "facilitator", "is_administrator": "1", "person_id": str(world.cast.facilitator.person_id)}
    answer = client.post(
        f"/g/{world.cast.slug}/blueprint/add", data={**smuggled, **extra, "kind": "element", "title": "Smuggled"}
    )
    assert (before, answer.status_code) == (200, 302)
    with world.database.reading() as uow:
        made = uow.session.query(Item).order_by(Item.id.desc()).first()
        assert made is not None
        assert (made.group_id, made.status, made.kind) == (world.cast.group_id, Status.IDEA, Kind.ELEMENT)
        assert made.created_by_id == world.cast.member.person_id
        assert made.created_at == uow.now
        assert made.reference == "E2"
        line = uow.session.query(Activity).order_by(Activity.id.desc()).first()
        assert line is not None
        assert line.person_id == world.cast.member.person_id
    with world.database.writing() as uow:
        token = access_tokens.create_token(uow, world.cast.member, label="")
    answer = app.test_client().post(
        f"/api/v1/groups/{world.cast.slug}/items",
        json={"kind": "element", "title": "Smuggled", "group_id": world.cast.other_group_id, "status": "agreed"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 422
    assert {"group_id", "status"} <= set(answer.json["fields"])


def test_nothing_is_done_for_a_page_of_elsewhere(app: Flask, world: World, changes: Callable[[], bool]) -> None:
    """Every address that changes something: without this browser's token, or from another site, it does nothing."""
    client = browser_of(app, world, world.cast.facilitator)
    stranger = browser_of(app, world, world.cast.stranger)
    forms: list[dict[str, Any]] = [
        {"data": plausible(world)},
        {"data": {**plausible(world), "csrf_token": stranger.csrf_token()}},
        {"data": plausible(world), "headers": {"X-CSRFToken": client.csrf_token(), "Sec-Fetch-Site": "cross-site"}},
        {"data": plausible(world), "headers": {"X-CSRFToken": client.csrf_token(), "Sec-Fetch-Site": "same-site"}},
        {"data": '{"status":"agreed"}', "headers": {"Content-Type": "text/plain"}},
    ]
    changes()
    tried = 0
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            path = re.sub(r"<any\((\w+)[^>]*>|<[^>]*>", lambda found: found[1] or "1", rule.rule)
            path = path.replace("/g/1/", f"/g/{world.cast.slug}/")
            for form in forms:
                answer = client.open(path, method=method, csrf=False, **form)
                expected = {400, 401, 415} if rule.endpoint.startswith("api") else {400}
                if rule.endpoint == "stopping.stop":  # the address is the key, and this one is none (RFC 8058)
                    expected = {400, 404}
                assert answer.status_code in expected, f"{method} {path}: {answer.status}"
                tried += 1
    assert tried > 400
    assert not changes()
    assert client.get("/account/").status_code == 200, "signing out by another site's page is not possible either"


def test_a_link_of_one_round_is_worth_nothing_in_another(app: Flask, world: World, changes: Callable[[], bool]) -> None:
    client = browser_of(app, world, Actor())
    body = [{"item_id": world.ids["item_id"], "dimension": "relevance", "value": 9}]
    changes()
    for token, round_id, expected in (
        (world.closed_tokens[0], world.ids["round_id"], 404),
        (world.seat_tokens[0], world.ids["closed_round_id"], 404),
        (world.closed_tokens[0], world.ids["closed_round_id"], 410),
    ):
        answer = client.put(
            f"/api/v1/rounds/{round_id}/ratings", json=body, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == expected
    for method in ("GET", "POST"):
        assert client.open(f"/r/{world.closed_tokens[0]}", method=method).status_code == 410
    assert not changes()


def test_an_experts_link_opens_that_experts_pages_only(app: Flask, world: World, changes: Callable[[], bool]) -> None:
    """Cookie of one seat, items of other versions, groups, results, other seats: nothing."""
    client = browser_of(app, world, Actor())
    assert client.post(f"/r/{world.seat_tokens[2]}").status_code == 303
    with world.database.reading() as uow:
        ratings = uow.session.query(Rating).count()
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("rating.") and rule.arguments == {"item_id"}:
            for item_id in (NO_SUCH_ID, 0, world.ids["version_item_id"] + 1000):
                for method in methods(rule):
                    answer = call(client, method, rule.rule.replace("<int:item_id>", str(item_id)))
                    assert answer.status_code in {302, 303, 403, 404}, f"{method} {rule.rule}: {answer.status}"
    changes()
    for rule in group_rules(app):
        path = address(rule, world, slug=world.cast.slug)
        for method in methods(rule):
            if not rule.endpoint.startswith("api"):
                assert call(client, method, path).status_code in {302, 401}, path
    assert not changes()
    with world.database.reading() as uow:
        assert uow.session.query(Rating).count() == ratings


#: The rooms of a group in which one writes and says something: a practice ground has these, and no other.
PRACTISED = {"items", "suggestions", "comments", "history", "descent"}


def test_what_is_written_while_practising_is_on_the_practice_ground_only(app: Flask, world: World) -> None:
    """Every address of the group, and those of the server, as every role and as the administrator: not one word of it.
    The practice ground itself, and the tour, show it to whoever may go there."""
    canary, shown = CANARY.partition("{")[0] + "practice", 0
    people = {**world.insiders, "administrator": world.cast.administrator}
    rules = [each for each in app.url_map.iter_rules() if "GET" in (each.methods or ()) and not each.arguments]
    rules += [each for each in group_rules(app) if "GET" in (each.methods or ())]
    for name, actor in people.items():
        client = browser_of(app, world, actor)
        token = ""
        if name != "guest":
            with world.database.writing() as uow:
                token = access_tokens.create_token(uow, actor, label="")
        for rule in rules:
            bearer = {"Authorization": f"Bearer {token}"} if rule.endpoint.startswith("api") else {}
            paths = [rule.rule] if not rule.arguments else looking(rule, world)
            for path in paths:
                found = canary in words_of(client.get(path, headers=bearer))
                if rule.endpoint == "practice.vote":
                    shown += found
                elif rule.endpoint != "account.my_data":  # a copy of one's own words
                    assert not found, f"{name}: {path}"
    assert shown == 2, "facilitator and member see the line they would vote on"


def test_a_practice_ground_has_only_the_rooms_one_writes_in(
    app: Flask, world: World, changes: Callable[[], bool]
) -> None:
    """Outsiders and guests find none of it; insiders find those rooms, and what counts is not there at all."""
    ground = world.words["practice"]
    outsiders = {**world.outsiders, "guest": world.guest}
    clients = {name: browser_of(app, world, actor) for name, actor in outsiders.items()}
    insiders = {name: browser_of(app, world, world.insiders[name]) for name in ("facilitator", "member")}
    form, seen = plausible(world), set()
    changes()
    for rule in group_rules(app):
        if "slug" not in rule.arguments or rule.endpoint.startswith("api"):
            continue
        path = address(rule, world, slug=ground)
        for method in methods(rule):
            for name, client in clients.items():
                answer = call(client, method, path, form)
                assert answer.status_code == 404, f"{name}: {method} {path}: {answer.status}"
            if rule.endpoint.partition(".")[0] in PRACTISED:
                continue
            for name, client in insiders.items():
                answer = call(client, method, path, form)
                assert answer.status_code == 404, f"{name}: {method} {path}: {answer.status}"
                seen.add(rule.endpoint)
    assert not changes()
    assert len(seen) > 80


@pytest.mark.parametrize("role", ["facilitator", "member", "observer", "panel_manager"])
def test_no_link_of_a_practice_ground_leads_nowhere(app: Flask, world: World, role: str) -> None:
    client = browser_of(app, world, world.insiders[role])
    waiting, seen = [f"/g/{world.cast.slug}/practice"], set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status}"
        if world.words["practice"] in path:
            assert "Practice: nothing here counts." in answer.text or "<html" not in answer.text, path
        for href in re.findall(r'href="([^"#]+)', answer.text):
            link = href.replace("&amp;", "&")
            if f"/{world.words['practice']}/" in link and link not in seen and link not in waiting:
                waiting.append(link)
    assert len(seen) > 10
