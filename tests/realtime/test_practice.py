"""The practice ground on live connections: the same role as in the group, for as long as one is in it."""

from __future__ import annotations

import pytest

from app.policy import Can, require
from app.services import practice
from app.services.practice import AGREED, DRAFT
from tests.typists import Place, document_of, log_of, raw, token_of, until
from tests.wordings import SCRIPT

pytestmark = [pytest.mark.node]


def test_people_of_the_group_write_there_until_they_are_taken_out(place: Place) -> None:
    leaver, lead = place.newcomer("Practiser"), place.people.facilitator
    with place.database.writing() as uow:
        practice.begin(uow, leaver, group_id=place.people.group_id, script=SCRIPT)
        ground = practice.ground_of(uow, leaver, group_id=place.people.group_id)
        assert ground is not None
        draft, agreed = (document_of(uow.session, ground.ids[each]).id for each in (DRAFT, AGREED))
        membership = require(uow.session, leaver, place.people.group_id, Can.GROUP_READ).membership_id
    start = len("Whoever answers can")
    mark = f"{leaver.person_id}.raw"
    with (
        raw(place.server.url, token_of(place.database, leaver)) as writer,
        raw(place.server.url, place.tokens["observer"]) as reader,
        raw(place.server.url, place.tokens["stranger"]) as stranger,
    ):
        assert writer.join(draft, mark)["access"] == "write"
        assert writer.join(agreed, mark)["access"] == "suggest"
        assert reader.join(draft, place.client("observer"))["access"] == "read"
        stranger.send("text:join", [str(draft), place.client("stranger"), None, None])
        assert stranger.wait("text:refused")[-1][1:3] == [None, "forbidden"]
        reader.send("hint:watch", [f"here-{ground.id}", f"people-{ground.id}", f"meetings-{ground.id}"])
        assert [each["name"] for each in reader.wait("presence:here")[-1]] == [place.people.observer.name, leaver.name]
        stranger.send("hint:watch", [f"here-{ground.id}", f"items-{ground.id}"])
        stranger.settle()
        assert stranger.got("presence:here") == []

        writer.send("text:push", [str(draft), 1, mark, 1, [f'[{start},[0," help"]]']])
        assert reader.wait("text:updates")[-1][2] == [[mark, f'[{start},[0," help"]]']]
        writer.send("text:presence", [str(draft), mark, 2, 3, 3])
        caret = reader.wait("text:presence")[-1][2][-1]
        assert (caret[0], caret[3]["name"]) == (mark, leaver.name)

        address = f"{place.server.url}/g/{place.people.slug}/people/{membership}/remove"
        page = place.visit(lead)
        assert page.post(address, timeout=10).status_code < 400
        page.close()
        until(lambda: writer.closed, "the connection of somebody removed from the group", seconds=1)
        assert not reader.closed
    with raw(place.server.url, token_of(place.database, leaver)) as again:
        again.send("text:join", [str(draft), mark, 2, None])
        assert again.wait("text:refused")[-1][1:3] == [None, "forbidden"]
        again.send("text:push", [str(draft), 2, mark, 2, [f'[{start + 5},[0,"!"]]']])
        assert again.wait("text:refused", 2)[-1][1:3] == [2, "forbidden"]
    assert log_of(place.database, draft)[0] == "Whoever answers can help"
