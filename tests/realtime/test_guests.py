"""A guest's live connection ends with what the guest was let in to, whatever the guest had asked to hear of."""

from __future__ import annotations

import pytest
import requests

from app.uow import Database
from tests.live import LiveServer
from tests.rooms import Hall, build_hall
from tests.typists import Raw, token_of, until


@pytest.fixture
def hall(database: Database) -> Hall:
    hall = build_hall(database)
    hall.open()
    return hall


def as_fay(live: LiveServer) -> requests.Session:
    """A signed-in facilitator without a browser."""
    fay = requests.Session()
    door = fay.get(f"{live.url}/demo", timeout=10).text
    token = door.split('<meta name="csrf-token" content="')[1].split('"')[0]
    fay.headers.update({"X-CSRFToken": token, "Origin": live.url})
    fay.post(f"{live.url}/demo/enter", data={"email": "fay@example.org"}, timeout=10)
    page = fay.get(f"{live.url}/", timeout=10).text
    fay.headers["X-CSRFToken"] = page.split('<meta name="csrf-token" content="')[1].split('"')[0]
    return fay


def test_who_is_shown_out_hears_no_more_and_those_who_stay_do(hall: Hall, live: LiveServer, database: Database) -> None:
    gone, stays = hall.guest("Gus Guest", "Industry"), hall.guest("Gia Guest", "Legal")
    first, second = (Raw(live.url, token_of(database, guest)) for guest in (gone, stays))
    # Only who is here, and no text: nothing else ties this connection to the session.
    first.send("hint:watch", [f"here-{hall.group_id}"])
    second.send("hint:watch", [f"meeting-{hall.meeting_id}"])
    assert first.wait("presence:here")

    address = f"{live.url}/g/{hall.slug}/sessions/{hall.meeting_id}/console/present"
    answer = as_fay(live).post(address, data={"person_id": gone.person_id, "what": "out"}, timeout=10)
    assert answer.status_code < 400, answer.text
    until(lambda: first.closed, "the connection of a guest who was shown out", seconds=2)
    assert second.wait("changed")
    assert not second.closed
    second.client.disconnect()
