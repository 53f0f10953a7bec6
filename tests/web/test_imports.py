"""The page on which a Word document's headings become items."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from app.policy import Actor
from tests.cast import SLUG, Browser, Cast
from tests.services.test_imports import CONTRACT

PAGE = f"/g/{SLUG}/blueprint/import"


def test_headings_are_looked_at_changed_and_added(client_of: Callable[[Actor], Browser], people: Cast) -> None:
    member = client_of(people.member)
    assert PAGE in member.get(f"/g/{SLUG}/blueprint").text
    assert member.post(PAGE, data={}).status_code == 422
    shown = member.post(
        PAGE, data={"file": (io.BytesIO(CONTRACT), "terms.docx")}, content_type="multipart/form-data"
    ).text
    assert "is left out" in shown
    fields = dict(re.findall(r'<input[^>]* name="([a-z]+(?:-\d+)?)"[^>]* value="([^"]*)"', shown))
    fields |= dict(re.findall(r'<select[^>]* name="(what-\d+)".*?<option value="([^"]+)" selected', shown, re.DOTALL))
    assert (fields["count"], fields["title-0"], fields["what-0"], fields["what-3"]) == (
        "5",
        "Money",
        "element",
        "words",
    )
    refused = member.post(f"{PAGE}/add", data={**fields, "title-1": "", "what-4": "specification"})
    assert (refused.status_code, "Enter a title" in refused.text) == (422, True)
    assert 'value="Money"' in refused.text
    added = member.post(f"{PAGE}/add", data={**fields, "title-0": "All the money"}, follow_redirects=True).text
    assert "4 items are added as ideas." in added
    assert "All the money" in added
    assert client_of(people.observer).get(PAGE).status_code == 403
