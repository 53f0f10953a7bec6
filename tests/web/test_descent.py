"""Splitting and merging on pages that work without scripts: where one can cut, what is said, and what refusals keep."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.policy import Actor
from app.services import descent, findings, history, items, outline, sources
from app.services.findings import FindingForm
from app.uow import Database
from app.web.descent import passages
from models.evidence import Relation
from models.items import Item, Kind, Status
from models.polls import Decision, Outcome
from tests import wordings
from tests.cast import SLUG, Browser, Cast
from tests.conftest import SetClock

ITEMS = f"/g/{SLUG}/blueprint/items"
WORDS = "Partners share gain. The corridor is narrow; it is reviewed.\n\n- First point\n- Second point"


@pytest.fixture
def pair(database: Database, people: Cast) -> tuple[Item, Item]:
    with database.writing() as uow:
        return tuple(
            items.add_item(
                uow, people.facilitator, group_id=people.group_id, kind=Kind.ELEMENT, title=title, text=text,
                status=status,
            )
            for title, text, status in (("Money", WORDS, Status.DRAFT), ("Trust", "Trust grows.", Status.AGREED))
        )  # type: ignore[return-value]  # two of them  # fmt: skip


def test_a_text_is_cut_at_sentences_and_lines() -> None:
    found = passages(WORDS)
    assert [each.words for each in found] == [
        "Partners share gain.", "The corridor is narrow;", "it is reviewed.", "• First point", "• Second point",
    ]  # fmt: skip
    assert [WORDS[each.at :].split("\n", maxsplit=1)[0] for each in found[-2:]] == ["- First point", "- Second point"]
    assert [each.words for each in passages("Gain is shared by formula within a corridor, caps and floors")] == [
        "Gain is shared by formula", "within a corridor,", "caps", "and floors",
    ]  # fmt: skip
    assert [each.words for each in passages("Trust grows")] == ["Trust", "grows"]
    assert passages("") == []


def test_a_text_is_cut_as_it_is_read_and_never_between_marks_that_belong_together() -> None:
    text = (
        "# Money\n\n**Aim.** Partners **share gain. And loss** within [a corridor. Narrow](https://example.org/a_b). "
        "Each \\*year\\*.\n\n1. First point; more\n   - nested. Within"
    )
    found = passages(text)
    assert [each.words for each in found] == [
        "Money", "Aim.", "Partners share gain. And loss within a corridor. Narrow.", "Each *year*.", "1. First point;",
        "more", "• nested.", "Within",
    ]  # fmt: skip
    assert [text[each.at :][:6] for each in found] == [
        "# Mone", "**Aim.", "Partne", "Each \\", "1. Fir", "more\n ", "- nest", "Within",
    ]  # fmt: skip
    assert len(passages("**All of it. Is bold.**")) == 1


def test_what_stays_whole_says_why_it_cannot_be_cut(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    address = f"{ITEMS}/{pair[0].id}/split"
    wordings.rewrite(database, people.member, pair[0].id, "**All of it. Is bold.**")
    assert "There is no place to cut" in client_of(people.member).get(address).text
    for one in ("Word", "- Word", "1. Word", "# Word"):
        wordings.rewrite(database, people.member, pair[0].id, one)
        assert "There is nothing to cut" in client_of(people.member).get(address).text, one


def test_an_item_is_split_and_both_say_so(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    member, address = client_of(people.member), f"{ITEMS}/{pair[0].id}"
    assert f"{address}/split" in member.get(address).text
    form = member.get(f"{address}/split").text
    assert "The new item begins with" in form
    at = WORDS.index("The corridor")
    missing = member.post(f"{address}/split", data={"version": "1", "title": "Corridor"})
    assert (missing.status_code, "Choose where to cut" in missing.text) == (422, True)
    assert 'value="Corridor"' in missing.text, "what was typed is kept"
    late = member.post(f"{address}/split", data={"at": at, "version": "0", "title": "Corridor"})
    assert (late.status_code, "changed these words meanwhile" in late.text) == (409, True)
    data = {"at": at, "version": "1", "title": "Corridor", "next": "page"}
    page = member.post(f"{address}/split", data=data, follow_redirects=True).text
    assert "E3 is new; both say where they come from" in page
    assert f'It was split off <a href="{address}"' in page
    kept = member.get(address).text
    assert "was split off it." in kept
    undo = f"{ITEMS}/{pair[1].id + 1}/put-back"
    assert undo in page, "the way back is offered"
    back = member.post(undo, data={"next": "page"}, follow_redirects=True).text
    assert ("E3 is a part of E1 again" in back, "was split off it." in back) == (True, False)
    assert f"{ITEMS}/{pair[1].id + 1}/restore" in back
    again = member.post(undo, data={"next": "page"})
    assert (again.status_code, "taken back already" in again.text) == (409, True)
    restored = member.post(f"{ITEMS}/{pair[1].id + 1}/restore", headers={"Accept": "application/json"}).json
    assert (restored["said"], restored["undo"]["url"]) == ("E3 is split off E1 again", undo)
    wordings.rewrite(database, people.member, pair[0].id, "Partners share.")
    instead = member.post(undo, data={"next": "page"})
    assert (instead.status_code, "Merge E3 into E1 instead." in instead.text) == (409, True)
    assert f'<option value="{pair[1].id + 1}" selected>E3 (Draft) Corridor</option>' in instead.text
    json = member.post(undo, headers={"Accept": "application/json"})
    assert (json.status_code, "Merge E3 into E1 instead." in json.json["message"]) == (409, True)


def test_an_item_is_merged_and_the_other_says_where_it_went(
    client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    member, lead, address = client_of(people.member), client_of(people.facilitator), f"{ITEMS}/{pair[0].id}"
    assert "There is no other item to merge" in member.get(f"{address}/merge").text, "the other is agreed"
    refused = member.post(f"{address}/merge", data={"other_id": pair[1].id})
    assert refused.status_code == 403
    assert "E2 (Agreed) Trust" in lead.get(f"{address}/merge").text
    none = lead.post(f"{address}/merge", data={"words": "after"})
    assert (none.status_code, "Choose an item" in none.text) == (422, True)
    data = {"other_id": pair[1].id, "words": "before", "next": "page"}
    page = lead.post(f"{address}/merge", data=data, follow_redirects=True).text
    assert "E2 is merged into E1." in page
    assert f'<a href="{ITEMS}/{pair[1].id}" title="Trust">E2</a> was merged into it.' in page
    other = member.get(f"{ITEMS}/{pair[1].id}").text
    assert f'It was merged into <a href="{address}"' in other
    assert "Withdrawn" in other
    undo = f"{ITEMS}/{pair[1].id}/restore"
    assert undo in page, "the way back is offered"
    assert (
        "It was merged into E1. Restored, it gets back what came along there" in lead.get(f"{ITEMS}/{pair[1].id}").text
    )
    done = lead.post(undo, headers={"Accept": "application/json"}).json
    assert done["said"] == "E2 restored, with all that came to E1 with it"
    assert "E2</a> was merged into it." not in lead.get(address).text
    seen = {"seen": "1.4.0.0", "other_seen": "1.1.0.0"}
    redo = {"url": f"{address}/merge", "fields": {"other_id": pair[1].id, "words": "before", **seen}}
    assert done["undo"] == redo
    assert (
        lead.post(redo["url"], data=redo["fields"], headers={"Accept": "application/json"}).json["item"] == pair[0].id
    )
    refused = lead.post(redo["url"], data=redo["fields"], headers={"Accept": "application/json"})
    assert (refused.status_code, "is withdrawn" in refused.json["message"]) == (409, True)


def test_evidence_that_two_items_read_otherwise_is_named_before_they_are_merged(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, (kept, other) = client_of(people.facilitator), (pair[0].id, pair[1].id)
    with database.writing() as uow:
        source = sources.add_source(uow, people.member, group_id=people.group_id, cite="A study")
        for text, note in (("It works", "A note"), ("It works late", "x" * 400), ("It works for both", "")):
            form = FindingForm(source.id, text=text)
            found = findings.add_finding(uow, people.member, group_id=people.group_id, form=form).id
            theirs = (Relation.CONTRADICTS, f"Not {note}") if note else (Relation.SUPPORTS, "")
            for item_id, (relation, words) in ((kept, (Relation.SUPPORTS, note)), (other, theirs)):
                findings.link(
                    uow, people.member, finding_id=found, item_id=item_id, relation=relation, note_text=words
                )  # fmt: skip
    page = lead.get(f"{ITEMS}/{kept}/merge").text
    assert f'id="odds-{other}"' in page
    assert "<strong>E2</strong> Contradicts: Not A note<br>" in page
    assert ("“It works”" in page, "“It works late”" in page, "“It works for both”" in page) == (True, True, False)
    assert "E1 keeps its line, and what E2 says is added to it." in page
    assert "What E2 says is too long to be added to it" in page
    done = lead.post(f"{ITEMS}/{kept}/merge", data={"other_id": other}, headers=JSON).json
    assert done["said"].endswith(
        "What E2 says of this evidence was too long to be added, and stands only on E2: “It works late”."
    )
    assert "A note · E2: contradicts, Not A note" in lead.get(f"{ITEMS}/{kept}").text


def test_a_part_whose_evidence_was_put_otherwise_says_so_where_it_is_put_back(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, kept, part = client_of(people.facilitator), pair[0].id, pair[1].id + 1
    with database.writing() as uow:
        source = sources.add_source(uow, people.member, group_id=people.group_id, cite="A study")
        form = FindingForm(source.id, text="It works")
        found = findings.add_finding(uow, people.member, group_id=people.group_id, form=form).id
        findings.link(
            uow, people.member, finding_id=found, item_id=kept, relation=Relation.SUPPORTS, note_text="x" * 300
        )
    at = WORDS.index("The corridor")
    lead.post(f"{ITEMS}/{kept}/split", data={"at": at, "version": "1", "title": "Corridor"})
    said = {"finding_id": found, "relation": "contradicts", "note": "y" * 300}
    assert lead.post(f"/g/{SLUG}/evidence/items/{part}/link", data=said).status_code < 400
    back = lead.post(f"{ITEMS}/{part}/put-back", headers=JSON).json
    assert back["said"] == (
        "E3 is a part of E1 again, and withdrawn. What E3 says of this evidence was too long to be added, and "
        "stands only on E3: “It works”."
    )


def test_a_decision_leads_to_where_its_item_has_gone(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, address = client_of(people.facilitator), f"{ITEMS}/{pair[0].id}"
    with database.writing() as uow:
        decision = Decision(
            group_id=people.group_id, number=1, item_id=pair[1].id, outcome=Outcome.AGREED, sentence="Trust it is.",
            split=[], decided_at=uow.now,
        )  # fmt: skip
        uow.session.add(decision)
        uow.flush()
        pages = [f"/g/{SLUG}/sessions/decisions", f"/g/{SLUG}/sessions/decisions/{decision.id}"]
    form = lead.get(f"{address}/merge").text
    assert "E2 (Agreed) Trust" in form
    assert "Agreed words are withdrawn with the item that goes" in form
    lead.post(f"{address}/merge", data={"other_id": pair[1].id})
    merged = f'E2, which was merged into <a href="{address}">E1</a>'
    assert [merged in lead.get(page, follow_redirects=True).text for page in pages] == [True, True]
    lead.post(f"{ITEMS}/{pair[1].id}/restore")
    lead.post(f"{ITEMS}/{pair[1].id}/withdraw")
    gone = f'<a href="{ITEMS}/{pair[1].id}">E2</a>, which is withdrawn'
    assert [gone in lead.get(page, follow_redirects=True).text for page in pages] == [True, True]


def test_moments_of_a_merge_say_what_it_was(
    client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, address = client_of(people.facilitator), f"{ITEMS}/{pair[0].id}"
    lead.post(f"{address}/merge", data={"other_id": pair[1].id})
    for page in (address, f"{address}/history"):
        assert f"E2 was merged into it, by {people.facilitator.name}" in lead.get(page).text
    assert f"It was merged into E1, by {people.facilitator.name}" in lead.get(f"{ITEMS}/{pair[1].id}/history").text


def test_words_that_stay_after_a_merge_was_taken_back_are_said(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, address = client_of(people.facilitator), f"{ITEMS}/{pair[0].id}"
    lead.post(f"{address}/merge", data={"other_id": pair[1].id, "words": "before"})
    wordings.rewrite(database, people.member, pair[0].id, "Trust grows slowly.")
    restored = lead.post(f"{ITEMS}/{pair[1].id}/restore", headers={"Accept": "application/json"}).json
    assert "Its words were changed there, so they stay there too" in restored["said"]
    assert restored["undo"] is None
    words = f'Words of <a href="{ITEMS}/{pair[1].id}" title="Trust">E2</a> stay in it from a merge that was taken back.'
    assert words in lead.get(address).text
    assert "Its words also stay in" in lead.get(f"{ITEMS}/{pair[1].id}").text


JSON = {"Accept": "application/json"}


def restored(browser: Browser, item_id: int, said: str) -> dict[str, object] | None:
    """Restore an item, which is told in these words, and take that back where it is offered, which is never refused."""
    answer = browser.post(f"{ITEMS}/{item_id}/restore", headers=JSON).json
    assert answer["said"] == said
    undo: dict[str, object] | None = answer["undo"]
    if undo is not None:
        assert browser.post(str(undo["url"]), data=undo["fields"], headers=JSON).status_code == 200
    return undo


def test_no_undo_of_a_restore_is_offered_and_then_refused(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, (kept, other) = client_of(people.facilitator), (pair[0].id, pair[1].id)
    at, part = WORDS.index("The corridor"), other + 1
    lead.post(f"{ITEMS}/{kept}/split", data={"at": at, "version": "1", "title": "Corridor"})
    wordings.rewrite(database, people.member, part, "The corridor is wide.")
    lead.post(f"{ITEMS}/{kept}/merge", data={"other_id": part})
    undo = restored(lead, part, "E3 restored, with all that came to E1 with it")
    fields = {"other_id": part, "words": "after", "seen": "1.6.0.0", "other_seen": "1.2.0.0"}
    assert undo == {"url": f"{ITEMS}/{kept}/merge", "fields": fields}, "it was a merge"
    lead.post(f"{ITEMS}/{part}/restore")
    lead.post(f"{ITEMS}/{kept}/merge", data={"other_id": other})
    lead.post(f"{ITEMS}/{kept}/withdraw")
    assert restored(lead, other, "E2 restored, with all that came to E1 with it") is None, "it would come into nothing"


@pytest.mark.parametrize("changed", [0, 1])
def test_an_undo_of_a_restore_merges_no_words_that_were_written_since(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item], changed: int
) -> None:
    lead, (kept, other) = client_of(people.facilitator), (pair[0].id, pair[1].id)
    lead.post(f"{ITEMS}/{kept}/merge", data={"other_id": other})
    undo = lead.post(f"{ITEMS}/{other}/restore", headers=JSON).json["undo"]
    wordings.rewrite(database, people.member, pair[changed].id, "Others by now.")
    late = lead.post(undo["url"], data=undo["fields"], headers=JSON)
    said = f"The words of E{changed + 1} are others than you read. Read them as they are now first."
    assert (late.status_code, late.json["message"]) == (409, said)
    page = lead.post(undo["url"], data={**undo["fields"], "next": "page"})
    assert (page.status_code, said in page.text) == (409, True)
    assert "other_seen" not in page.text, "whoever merges them there does so with what they say now"
    assert lead.post(undo["url"], data={"other_id": other}, headers=JSON).status_code == 200


def test_putting_a_part_back_is_offered_only_where_it_can_be_done(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, kept, part = client_of(people.facilitator), pair[0].id, pair[1].id + 1
    wordings.rewrite(database, people.member, kept, "Partners share.\n\nTrust grows.")
    lead.post(f"{ITEMS}/{kept}/split", data={"at": 17, "version": "2", "title": "Trust"})
    lead.post(f"{ITEMS}/{part}/put-back")
    assert restored(lead, part, "E3 is split off E1 again") == {"url": f"{ITEMS}/{part}/put-back", "fields": {}}
    lead.post(f"{ITEMS}/{kept}/withdraw")
    assert restored(lead, part, "E3 is split off E1 again") is None, "it would come into nothing"
    lead.post(f"{ITEMS}/{kept}/restore")
    lead.post(f"{ITEMS}/{part}/put-back")
    wordings.rewrite(database, people.member, kept, "Partners share.\n\nTrust grows.\n\nSlowly.")
    assert restored(lead, part, "E3 is split off E1 again") is None
    late = lead.post(f"{ITEMS}/{part}/put-back", headers=JSON)
    assert (late.status_code, late.json["message"]) == (
        409,
        "The words of E1 or E3 have changed, so they cannot be put back as they were. Merge E3 into E1 instead.",
    )


def test_the_page_of_a_part_offers_to_take_the_split_back_while_that_can_be_done(
    database: Database, client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    lead, kept, part = client_of(people.facilitator), pair[0].id, pair[1].id + 1
    offer, address = "Take the split back: put its words back into E1", f"{ITEMS}/{part}"
    at = WORDS.index("The corridor")
    lead.post(f"{ITEMS}/{kept}/split", data={"at": at, "version": "1", "title": "Corridor"})

    def offered(who: Actor = people.member, item_id: int = part) -> bool:
        page = client_of(who).get(f"{ITEMS}/{item_id}").text
        assert (f"{address}/put-back" in page) is (offer in page)
        return offer in page

    assert offered()
    assert (offered(people.observer), offered(item_id=kept)) == (False, False)
    assert offer not in lead.get(f"{address}/actions").text, "beside a card it is not looked for"
    whole = wordings.text_of(database, kept).text
    wordings.rewrite(database, people.member, kept, "Partners share.")
    assert not offered(), "the words read otherwise"
    wordings.rewrite(database, people.member, kept, whole)
    assert offered()
    lead.post(f"{ITEMS}/{kept}/status", data={"status": "agreed"})
    assert (offered(), offered(people.facilitator)) == (False, True)
    lead.post(f"{ITEMS}/{kept}/withdraw")
    assert not offered(people.facilitator), "it would come into nothing"
    lead.post(f"{ITEMS}/{kept}/restore")
    back = lead.post(f"{address}/put-back", data={"next": "page"}, follow_redirects=True).text
    assert "E3 is a part of E1 again" in back
    assert not offered(people.facilitator)
    lead.post(f"{address}/restore")
    assert offered(people.facilitator), "it is split off once more"


def test_who_may_not_write_reads_no_form(
    client_of: Callable[[Actor], Browser], people: Cast, pair: tuple[Item, Item]
) -> None:
    for what in ("split", "merge"):
        assert client_of(people.observer).get(f"{ITEMS}/{pair[0].id}/{what}").status_code == 403
        assert client_of(people.stranger).get(f"{ITEMS}/{pair[0].id}/{what}").status_code == 404
        assert "It is agreed" in client_of(people.member).get(f"{ITEMS}/{pair[1].id}/{what}").text


def test_who_brings_earlier_words_back_reads_what_of_them_stands_elsewhere_by_now(
    client_of: Callable[[Actor], Browser], database: Database, people: Cast, pair: tuple[Item, Item], clock: SetClock
) -> None:
    money, trust = pair
    member, facilitator = client_of(people.member), client_of(people.facilitator)
    twice, without = "Brought back, they stand in both.", "the earlier words are without it"

    def shown(mark: str = "", who: Browser = facilitator) -> str:
        return who.get(f"{ITEMS}/{money.id}/compare", query_string={"from": mark or before}).text

    with database.reading() as uow:
        before = history.mark_now(uow.session, money)
    clock.advance(minutes=10)
    with database.writing() as uow:
        version = wordings.text_of(database, money.id).version
        at = WORDS.index("The corridor")
        part = descent.split(uow, people.facilitator, item_id=money.id, at=at, version=version, title="The corridor")
    with database.reading() as uow:
        parted = history.mark_now(uow.session, money)
    clock.advance(minutes=10)
    wordings.rewrite(database, people.facilitator, money.id, "Partners share gain and loss.")
    page = shown()
    assert twice in page
    assert f'<a href="{ITEMS}/{part.id}">{part.reference} The corridor</a>' in page
    assert f"{ITEMS}/{part.id}/put-back" in page
    assert twice not in shown(parted), "the split is no news since then"
    assert f"{ITEMS}/{part.id}/put-back" in shown(who=member)

    with database.writing() as uow:
        outline.withdraw_item(uow, people.facilitator, item_id=part.id)
    assert twice not in shown(), "the part does not stand"
    with database.writing() as uow:
        outline.restore_item(uow, people.facilitator, item_id=part.id)
    assert twice in shown()
    clock.advance(minutes=10)
    wordings.rewrite(database, people.facilitator, money.id, "Partners share all of it.")
    back = facilitator.post(f"{ITEMS}/{part.id}/put-back", data={"next": "page"})
    assert back.status_code == 409, "its words were changed: merge them"
    with database.writing() as uow:
        descent.merge(uow, people.facilitator, item_id=money.id, other_id=part.id)
    assert (twice in shown(), without in shown()) == (False, False), "it came home"
    assert without in shown(parted), "then it was an item of its own"
    clock.advance(minutes=10)
    with database.writing() as uow:
        outline.restore_item(uow, people.facilitator, item_id=part.id)
    assert twice in shown()
    assert (twice in shown(parted), without in shown(parted)) == (False, False)

    clock.advance(minutes=10)
    with database.writing() as uow:
        descent.merge(uow, people.facilitator, item_id=money.id, other_id=trust.id, words=descent.Words.FIRST_ONLY)
    assert f'<a href="{ITEMS}/{trust.id}">' not in shown(), "none of its words came along"


def test_words_that_came_from_another_item_are_said_to_go_when_earlier_ones_are_brought_back(
    client_of: Callable[[Actor], Browser], database: Database, people: Cast, pair: tuple[Item, Item], clock: SetClock
) -> None:
    money, trust = pair
    with database.reading() as uow:
        before = history.mark_now(uow.session, money)
    clock.advance(minutes=10)
    with database.writing() as uow:
        descent.merge(uow, people.facilitator, item_id=money.id, other_id=trust.id)
    page = client_of(people.facilitator).get(f"{ITEMS}/{money.id}/compare", query_string={"from": before}).text
    assert f'<a href="{ITEMS}/{trust.id}">{trust.reference} Trust</a>' in page
    assert "the earlier words are without it" in page
