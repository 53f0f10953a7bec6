"""The interface for programs: tokens only, strict bodies, one shape of refusal, nothing before a round closes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.policy import Actor
from app.services import access_tokens, glossary
from app.services.glossary import TermForm
from app.uow import Database
from models.base import Base
from models.items import Item
from models.validation import Expert, ExpertIdentity, Rating
from tests.cast import OTHER_SLUG, SLUG
from tests.panels import Study, build_study

Call = Callable[..., TestResponse]


@pytest.fixture
def study(database: Database) -> Study:
    return build_study(database)


@pytest.fixture
def call(app: Flask) -> Call:
    """``call("GET", "/me", token, json=…)``: one call of a program, without cookies or CSRF token."""
    client = app.test_client()

    def make(method: str, path: str, token: str | None = None, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return client.open(f"/api/v1{path}", method=method, headers=headers, csrf=False, **options)

    return make


def token_of(study: Study, actor: Actor) -> str:
    with study.database.writing() as uow:
        return access_tokens.issue_token(uow, person_id=actor.person_id or 0, label="test")


def rows(database: Database) -> dict[str, int]:
    with database.reading() as uow:
        counted = (
            (table.name, uow.session.execute(select(func.count()).select_from(table)).scalar_one())
            for table in Base.metadata.sorted_tables
        )
        return {name: count for name, count in counted if name != "access_token"}


def assert_problem(answer: TestResponse, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text
    assert set(answer.json) == {"code", "message", "fields"}, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


# --- the description ---


def test_the_description_is_openapi_and_holds_every_call(app: Flask, call: Call) -> None:
    document = call("GET", "/openapi.json").json
    validate(document)
    assert document["openapi"].startswith("3.1")
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    served = {
        (rule.rule.replace("<int:", "{").replace("<", "{").replace(">", "}"), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(("api.", "api_seats."))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == served
    assert len(described) == 12


def test_the_description_can_be_read_by_people(app: Flask) -> None:
    page = app.test_client().get("/api/v1/")
    assert page.status_code == 200
    assert "/api/v1/rounds/{round_id}/ratings" in page.text


# --- who calls ---


def test_only_a_token_that_works_counts(study: Study, call: Call, client_of: Any) -> None:
    signed_in = client_of(study.cast.facilitator)
    for answer in (
        call("GET", "/me"),
        call("GET", "/me", "cdt_wrong"),
        call("GET", "/me", headers={"Authorization": "Basic YTpi"}),
        signed_in.get("/api/v1/me"),  # a cookie is no token
        signed_in.post(f"/api/v1/groups/{SLUG}/items", json={"kind": "element", "title": "By cookie"}),
    ):
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    token = token_of(study, study.cast.member)
    assert call("GET", "/me", token).status_code == 200
    with study.database.writing() as uow:
        mine = access_tokens.tokens_of(uow, study.cast.member.person_id or 0)
        access_tokens.revoke_token(uow, study.cast.member, token_id=mine[0].id)
    assert_problem(call("GET", "/me", token), 401)


def test_guessing_tokens_is_slowed_down(study: Study, call: Call) -> None:
    for number in range(60):
        assert call("GET", "/me", f"cdt_{number}").status_code == 401
    assert_problem(call("GET", "/me", "cdt_60"), 429)


def test_me(study: Study, call: Call) -> None:
    assert call("GET", "/me", token_of(study, study.cast.member)).json == {
        "id": study.cast.member.person_id,
        "email": "member@example.org",
        "name": "Member Invented",
        "groups": [{"slug": SLUG, "name": "North Vale design group", "role": "member", "constituency": "Commissioner"}],
    }


# --- the blueprint ---


def test_items_are_read_added_moved_and_settled(study: Study, call: Call) -> None:
    token, lead = token_of(study, study.cast.member), token_of(study, study.cast.facilitator)
    items = call("GET", f"/groups/{SLUG}/items", token).json["items"]
    assert [item["reference"] for item in items] == ["E1", "C1.1", "S1.1.1", "C1.2", "S1.2.1"]
    element, first, second = items[0], items[1], items[3]
    assert first["text"] == "Partners share criterion 1."
    assert first["parent_id"] == element["id"]
    assert first["text_document"]
    assert first["text_version"] == 1

    made = call("POST", f"/groups/{SLUG}/items", token, json={
        "kind": "criterion", "parent_id": element["id"], "title": "Made by a program", "text": "Its **words**.",
    })  # fmt: skip
    assert made.status_code == 201
    assert (made.json["reference"], made.json["status"], made.json["position"]) == ("C1.3", "idea", 2)
    path = f"/items/{made.json['id']}"
    assert call("PATCH", path, token, json={"status": "proposed", "position": 0}).json["position"] == 0
    assert call("PATCH", path, lead, json={"status": "agreed"}).json["status"] == "agreed"
    assert_problem(call("PATCH", path, token, json={"status": "draft"}), 403)
    assert call("PATCH", path, lead, json={"status": "withdrawn"}).json["status"] == "withdrawn"
    assert call("PATCH", path, lead, json={"status": "draft"}).json["status"] == "draft"
    assert_problem(call("PATCH", path, token, json={"parent_id": second["id"]}), 422)
    assert_problem(call("PATCH", path, token_of(study, study.cast.observer), json={"status": "draft"}), 403)


def test_a_change_is_all_or_nothing(study: Study, call: Call) -> None:
    token = token_of(study, study.cast.member)
    with study.database.reading() as uow:
        item = uow.session.execute(select(Item).where(Item.reference == "S1.1.1")).scalar_one()
    answer = call("PATCH", f"/items/{item.id}", token, json={"status": "parked", "parent_id": item.id})
    assert_problem(answer, 422)
    with study.database.reading() as uow:
        assert uow.session.get_one(Item, item.id).status is item.status


def test_versions_are_locked_and_can_be_checked(study: Study, call: Call) -> None:
    lead = token_of(study, study.cast.facilitator)
    with study.database.writing() as uow:
        form = TermForm("criterion", "What is scored.", reason="Experts asked.")
        glossary.define(uow, study.cast.facilitator, group_id=study.cast.group_id, form=form)
    made = call("POST", f"/groups/{SLUG}/versions", lead, json={"reason": "By a program."})
    assert made.status_code == 201
    read = call("GET", f"/versions/{made.json['id']}", token_of(study, study.cast.observer)).json
    assert read == made.json
    assert read["number"] == 2
    canonical = json.dumps(read["content"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == read["sha256"]
    assert [each["term"] for each in read["content"]["terms"]] == ["criterion"]
    assert_problem(call("POST", f"/groups/{SLUG}/versions", lead, json={}), 422)
    member = token_of(study, study.cast.member)
    assert_problem(call("POST", f"/groups/{SLUG}/versions", member, json={"reason": "Mine."}), 403)


def test_evidence_decisions_and_activity_are_read(study: Study, call: Call) -> None:
    token = token_of(study, study.cast.observer)
    nothing: dict[str, list[object]] = {"sources": [], "models": [], "findings": [], "links": []}
    assert call("GET", f"/groups/{SLUG}/evidence", token).json == nothing
    assert call("GET", f"/groups/{SLUG}/decisions", token).json == {"decisions": []}
    lines = call("GET", f"/groups/{SLUG}/activity?limit=2", token).json["activity"]
    assert len(lines) == 2
    older = call("GET", f"/groups/{SLUG}/activity?limit=2&before_id={lines[-1]['id']}", token).json["activity"]
    assert older[0]["id"] < lines[-1]["id"]
    for query in ("limit=0", "limit=x", "limit=2&limit=3", "before_id=99999999999", "person=1"):
        assert_problem(call("GET", f"/groups/{SLUG}/activity?{query}", token), 422)
    assert "expert" not in call("GET", f"/groups/{SLUG}/activity?limit=200", token).text  # the panel's own lines


def test_what_is_foreign_is_not_found(study: Study, call: Call) -> None:
    study.open()
    with study.database.reading() as uow:
        item_id = uow.session.execute(select(Item.id).limit(1)).scalar_one()
    stranger, before = token_of(study, study.cast.stranger), rows(study.database)
    paths = [f"/groups/{SLUG}/{what}" for what in ("items", "evidence", "decisions", "activity")]
    paths += [f"/versions/{study.version_id}", f"/rounds/{study.round_id}", f"/rounds/{study.round_id}/results"]
    paths += ["/groups/nowhere/items", "/versions/99999999999999999999", "/rounds/2147483647"]
    for path in paths:
        assert_problem(call("GET", path, stranger), 404)
    assert_problem(call("POST", f"/groups/{SLUG}/items", stranger, json={"kind": "element", "title": "X"}), 404)
    assert_problem(call("POST", f"/groups/{SLUG}/versions", stranger, json={"reason": "Because."}), 404)
    assert_problem(call("PATCH", f"/items/{item_id}", stranger, json={"status": "draft"}), 404)
    in_other = {"kind": "criterion", "parent_id": item_id, "title": "Under a foreign element"}
    assert_problem(call("POST", f"/groups/{OTHER_SLUG}/items", stranger, json=in_other), 404)
    assert rows(study.database) == before


# --- rounds ---


def test_nothing_of_a_round_is_told_before_it_closes(study: Study, call: Call) -> None:
    study.open()
    for token in study.tokens[:8]:
        study.answer(token, {"relevance": [8, 9], "applicability": [7, 2]})
    everyone = {role: token_of(study, actor) for role, actor in study.cast.insiders.items()}
    path = f"/rounds/{study.round_id}"
    for role, token in everyone.items():
        shown = call("GET", path, token).json
        assert shown["state"] == "open"
        assert shown["protocol"]["rule"] == "ram"
        assert [item["reference"] for item in shown["items"]] == ["C1.1", "C1.2"]
        is_manager = role.value == "panel_manager"
        assert shown["counts"] == ({"invited": 9, "started": 8, "sent": 0} if is_manager else None)
        assert_problem(call("GET", f"{path}/results", token), 404)
    study.close()
    for token in everyone.values():
        results = call("GET", f"{path}/results", token)
        assert results.status_code == 200
        first = results.json["items"][0]["figures"][0]
        assert (first["dimension"], first["n"], first["eligible"], first["median"]) == ("relevance", 8, 9, 8.0)
        assert first["verdict"]["outcome"] == "agreed"
        assert first["verdict"]["sentence"] == "8 of 8 rated 7 to 9"
        assert results.json["ruling"] == {
            "ends": True, "ground": "nothing open", "rounds": 1, "items": 2, "agreed": 1, "open": 0, "stable": 0,
            "said": "By the stop rule the rounds end here: no item is left without agreement.",
        }  # fmt: skip
        assert call("GET", path, token).json["counts"] == {"invited": 9, "started": 8, "sent": 0}
        with study.database.reading() as uow:
            canaries = list(uow.session.execute(select(Expert.code)).scalars()) + study.tokens
            for identity in uow.session.execute(select(ExpertIdentity)).scalars():
                canaries += [identity.name, identity.email]
        assert not [canary for canary in canaries if canary in results.text]


def test_an_experts_token_puts_ratings_and_opens_nothing_else(study: Study, call: Call) -> None:
    study.open()
    token, path = study.tokens[0], f"/rounds/{study.round_id}/ratings"
    items = [each.item_id for each in study.rated]
    body = [
        {"item_id": item_id, "dimension": dimension, "value": 7}
        for item_id in items
        for dimension in ("relevance", "applicability")
    ]
    assert_problem(call("PUT", path, token, json=body), 403)  # the information sheet comes first
    study.answer(token, {})
    body[0] |= {"value": None, "remark": "I know nothing of this."}
    for _again in range(2):
        assert call("PUT", path, token, json=body).json == {"recorded": 4}
    with study.database.reading() as uow:
        values = uow.session.execute(select(Rating.value).order_by(Rating.id)).scalars().all()
        assert sorted(str(value) for value in values) == ["7", "7", "7", "None"]

    changed = [{**body[1], "value": 1}]
    for wrong in (
        {"value": 10}, {"value": 0}, {"value": 1.5}, {"value": "9"}, {"value": -1}, {"value": True}, {"value": 1e308},
        {"item_id": 2**63}, {"item_id": 999}, {"dimension": "beauty"}, {"expert_id": 3}, {"remark": "a\0b"},
    ):  # fmt: skip
        assert_problem(call("PUT", path, token, json=[*changed, {**body[2], **wrong}]), 422)
    missing = {name: value for name, value in body[2].items() if name != "value"}
    assert_problem(call("PUT", path, token, json=[*changed, missing]), 422)
    with study.database.reading() as uow:
        again = uow.session.execute(select(Rating.value).order_by(Rating.id)).scalars().all()
        assert again == values  # all or nothing

    assert_problem(call("GET", "/me", token), 401)
    assert_problem(call("GET", f"/rounds/{study.round_id}", token), 401)
    assert_problem(call("PUT", "/rounds/77/ratings", token, json=body), 404)
    assert_problem(call("PUT", path, token_of(study, study.cast.facilitator), json=body), 404)
    assert_problem(call("PUT", path, json=body), 401)
    study.close()
    assert_problem(call("PUT", path, token, json=body), 410)


def test_the_servers_clock_decides_the_deadline(study: Study, call: Call, clock: Any) -> None:
    study.open()
    study.answer(study.tokens[0], {})
    body = [{"item_id": study.rated[0].item_id, "dimension": "relevance", "value": 7}]
    clock.advance(days=21, seconds=-1)
    path = f"/rounds/{study.round_id}/ratings"
    late = {"Date": "Mon, 02 Mar 2026 09:00:00 GMT"}
    assert call("PUT", path, study.tokens[0], json=body, headers=late).status_code == 200
    clock.advance(seconds=1)
    assert_problem(call("PUT", path, study.tokens[0], json=body, headers=late), 410)


# --- bad input ---

UNREADABLE = {
    "empty": b"",
    "half": b'{"kind": "element"',
    "twice": b'{"kind": "element", "kind": "element", "title": "X"}',
    "not a number": b'{"kind": "element", "title": "X", "parent_id": NaN}',
    "endless": b'{"kind": "element", "title": "X", "parent_id": Infinity}',
    "too large": b'{"kind": "element", "title": "X", "parent_id": 9223372036854775808}',
    "thousands of digits": b'{"kind": "element", "title": "X", "parent_id": ' + b"9" * 6000 + b"}",
    "NUL": b'{"kind": "element", "title": "X\\u0000"}',
    "half a character": b'{"kind": "element", "title": "X\\ud800"}',
    "half a key": b'{"kind": "element", "title": "X", "\\ud800": 1}',
    "not UTF-8": b'{"kind": "element", "title": "\xff"}',
    "deep": b"[" * 50_000,
    "a list": b"[]",
    "a word": b'"element"',
    "unknown field": b'{"kind": "element", "title": "X", "created_by_id": 1}',
    "no title": b'{"kind": "element"}',
    "long title": b'{"kind": "element", "title": "' + b"x" * 301 + b'"}',
    "no kind": b'{"kind": "ELEMENT", "title": "X"}',
    "list for a word": b'{"kind": ["element"], "title": "X"}',
}


def test_bodies_are_taken_strictly(study: Study, call: Call) -> None:
    token, before = token_of(study, study.cast.facilitator), rows(study.database)
    for name, body in UNREADABLE.items():
        for method, path in (("POST", f"/groups/{SLUG}/items"), ("POST", f"/groups/{SLUG}/versions"),
                             ("PATCH", "/items/1"), ("PUT", "/rounds/1/ratings")):  # fmt: skip
            answer = call(method, path, token, data=body, content_type="application/json")
            if not (method == "PUT" and name == "a list"):  # an empty list of ratings; the token is no expert's
                assert_problem(answer, 400, 422)
    fine = b'{"kind": "element", "title": "X"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert_problem(call("POST", f"/groups/{SLUG}/items", token, data=fine, content_type=kind), 400, 422)
    assert rows(study.database) == before
    wrong = call("POST", f"/groups/{SLUG}/items", token, json={"kind": "criterion", "title": "X"})
    assert wrong.json["fields"] == {"parent_id": "Choose a core element"}


_words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["element", "criterion", "agreed", "withdrawn", "relevance", "title", "\ud800", "\0", "1"]),
)
_numbers = st.one_of(st.integers(), st.sampled_from([1, 2, 2**31, 2**63, -1, 0]), st.floats())
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_words, inner, max_size=3)),
    max_leaves=6,
)
_names = (
    "kind", "parent_id", "title", "text", "status", "position", "principle_group", "reason", "decision_id",
    "with_ideas", "item_id", "dimension", "value", "remark",
)  # fmt: skip
_objects = st.dictionaries(st.one_of(st.sampled_from(_names), _words), _values, max_size=6)
_bodies = st.one_of(_values, _objects, st.lists(_objects, max_size=3))


def test_no_body_is_too_much(study: Study, call: Call) -> None:
    """Whatever is sent by whomever to any door that takes a body: done, or refused in words; never a 500."""
    study.open()
    study.answer(study.tokens[0], {})
    tokens = [token_of(study, study.cast.facilitator), token_of(study, study.cast.observer), study.tokens[0]]
    doors = (
        ("POST", f"/groups/{SLUG}/items"),
        ("PATCH", "/items/1"),
        ("POST", f"/groups/{SLUG}/versions"),
        ("PUT", f"/rounds/{study.round_id}/ratings"),
    )

    @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
    @given(body=_bodies, door=st.sampled_from(doors), token=st.sampled_from(tokens))
    def throw(body: Any, door: tuple[str, str], token: str) -> None:
        sent = json.dumps(body).encode()
        answer = call(*door, token, data=sent, content_type="application/json")
        if answer.status_code >= 300:
            assert_problem(answer, 400, 401, 403, 404, 409, 422, 429)

    throw()
