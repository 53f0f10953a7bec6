"""The glossary: one meaning for each word, every wording kept, and nothing of anybody's lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from app.events import GlossaryChanged
from app.policy import Actor
from app.services import (
    corrections,
    decided,
    decisions,
    documents,
    glossary,
    items,
    outline,
    polls,
    privacy,
    threads,
)
from app.services.activity import list_activity
from app.services.glossary import TermForm, TermLine
from app.uow import Database
from models.glossary import Term
from models.items import Kind, Status
from models.polls import Choice, Decision, Outcome
from tests.cast import Cast, counting, make_cast
from tests.rooms import Hall, build_hall

LEAD = TermForm(
    "Lead provider", "The one organisation that *answers* for the whole contract.", ("lead providers", "LP")
)


@pytest.fixture
def cast(database: Database) -> Cast:
    return make_cast(database)


def define(database: Database, actor: Actor, cast: Cast, form: TermForm = LEAD) -> int:
    with database.writing() as uow:
        return glossary.define(uow, actor, group_id=cast.group_id, form=form).id


def redefine(database: Database, actor: Actor, term_id: int, form: TermForm, number: int) -> Term:
    with database.writing() as uow:
        return glossary.redefine(uow, actor, term_id=term_id, form=form, number=number)


def lines(database: Database, cast: Cast) -> list[TermLine]:
    with database.reading() as uow:
        return list(glossary.read(uow, cast.observer, group_id=cast.group_id).lines)


def add(database: Database, cast: Cast, title: str, **more: Any) -> int:
    with database.writing() as uow:
        return items.add_item(
            uow, cast.member, group_id=cast.group_id, kind=Kind.ELEMENT, title=title, status=Status.DRAFT, **more
        ).id


def test_a_term_says_who_when_and_where(database: Database, cast: Cast) -> None:
    add(database, cast, "Money", text="Each **lead provider** pays.\n\nNo lead\n\nprovider here")
    add(database, cast, "Elsewhere", why="An lp decides, not the misleading providers")
    add(database, cast, "A plead provider, a leadprovider and an LPG tank")
    gone = add(database, cast, "Lead providers of old")
    with database.writing() as uow:
        outline.withdraw_item(uow, cast.member, item_id=gone)
    with database.writing() as uow:
        made = glossary.define(uow, cast.member, group_id=cast.group_id, form=LEAD)
        assert uow.facts == [GlossaryChanged(cast.group_id)]
    [line] = lines(database, cast)
    assert (line.term.name, line.defined_by, line.term.number) == ("Lead provider", "Member Invented", 1)
    assert [(used.reference, used.title) for used in line.used_in] == [("E1", "Money"), ("E2", "Elsewhere")]
    with database.reading() as uow:
        newest = list_activity(uow, cast.member, group_id=cast.group_id, limit=1)
    assert [each.sentence for each in newest] == ["defined “Lead provider”"]
    assert made.id == line.term.id


def test_the_longest_term_is_the_one_that_is_used(database: Database, cast: Cast) -> None:
    define(database, cast.member, cast, TermForm("provider", "Whoever gives care."))
    define(database, cast.member, cast)
    add(database, cast, "The lead provider pays")
    assert {line.term.name: len(line.used_in) for line in lines(database, cast)} == {"Lead provider": 1, "provider": 0}


def test_every_wording_is_kept(database: Database, cast: Cast) -> None:
    term_id = define(database, cast.member, cast)
    redefine(database, cast.peer, term_id, TermForm("Lead provider", "The one organisation that pays.", ("LP",)), 1)
    with database.reading() as uow:
        told = glossary.read_term(uow, cast.observer, term_id=term_id)
    assert [(said.wording.number, said.by) for said in told.story] == [(2, "Peer Invented"), (1, "Member Invented")]
    assert told.story[1].wording.definition == LEAD.definition
    changed = dict(told.story[0].changed)
    assert set(changed) == {"forms", "definition"}
    assert "pays" in next(part.text for part in changed["definition"] if part.kind == "added")
    assert (told.line.changed_by, told.may_write) == ("Peer Invented", False)


def test_two_at_once_lose_nothing(database: Database, cast: Cast) -> None:
    term_id = define(database, cast.member, cast)
    redefine(database, cast.peer, term_id, TermForm("Lead provider", "Peer's words."), 1)
    mine = TermForm("Lead provider", "Member's words.")
    with pytest.raises(Conflict, match="Somebody else has changed “Lead provider” meanwhile") as refused:
        redefine(database, cast.member, term_id, mine, 1)
    assert refused.value.code == "changed"
    assert [line.term.definition for line in lines(database, cast)] == ["Peer's words."]
    assert redefine(database, cast.member, term_id, mine, 2).number == 3
    assert redefine(database, cast.member, term_id, mine, 2).number == 3  # pressed twice


@pytest.mark.parametrize(
    ("form", "field", "sentence"),
    [
        (TermForm("lead  PROVIDER", "x"), "name", "“lead PROVIDER” is in the glossary already"),
        (TermForm("Lead provider’s", "x"), "name", "“Lead provider’s” is in the glossary already"),
        (TermForm("lp", "x"), "name", "is in the glossary already, under “Lead provider”"),
        (TermForm("Prime", "x", ("Lead Providers",)), "forms", "is in the glossary already, under “Lead provider”"),
        (TermForm("x", "x"), "name", "Enter the term"),
        (TermForm("?!", "x"), "name", "Enter the term"),
        (TermForm("y" * 81, "x"), "name", "at most"),
        (TermForm("Prime\0", "x"), "name", "Enter the term"),
        (TermForm("Prime", "  "), "definition", "in plain words"),
        (TermForm("Prime", "x" * 2_001), "definition", "Use at most 2,000 characters: this has 2,001"),
        (TermForm("Prime", "x", ("y",)), "forms", "2 to 80"),
        (TermForm("Prime", "x", tuple(f"form {each}" for each in range(13))), "forms", "at most 12"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    database: Database, cast: Cast, form: TermForm, field: str, sentence: str
) -> None:
    define(database, cast.member, cast)
    with pytest.raises(Invalid) as refused:
        define(database, cast.member, cast, form)
    assert sentence.replace("at most", "2 to 80" if field == "name" else "at most") in refused.value.fields[field]
    assert len(lines(database, cast)) == 1


@pytest.mark.parametrize("runs", [8])
def test_two_who_define_one_word_at_once_make_one_term(database: Database, cast: Cast, runs: int) -> None:
    for run in range(runs):
        barrier, refused = threading.Barrier(2), list[DomainError]()

        def act(
            actor: Actor, form: TermForm, barrier: threading.Barrier = barrier, refused: list[DomainError] = refused
        ) -> None:
            barrier.wait()
            try:
                define(database, actor, cast, form)
            except DomainError as error:
                refused.append(error)

        other = TermForm(f"Other {run}", "Theirs.", (f"word {run}",))
        both = ((cast.member, TermForm(f"Word {run}", "Mine.")), (cast.peer, other))
        threads = [threading.Thread(target=act, args=each) for each in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [type(each) for each in refused] == [Invalid]
        assert len(lines(database, cast)) == run + 1


def test_a_form_that_repeats_the_name_is_left_out(database: Database, cast: Cast) -> None:
    define(database, cast.member, cast, TermForm("Prime", "x", ("prime", "primes", " Primes ", "")))
    assert [line.term.forms for line in lines(database, cast)] == [["Primes"]]


def test_withdrawn_and_restored(database: Database, cast: Cast) -> None:
    term_id = define(database, cast.member, cast)
    with database.writing() as uow:
        glossary.withdraw(uow, cast.peer, term_id=term_id, group_id=cast.group_id)
    with database.reading() as uow:
        sheet = glossary.read(uow, cast.member, group_id=cast.group_id)
        assert not glossary.standing(uow.session, cast.group_id)
    assert ([each.term.name for each in sheet.lines], len(sheet.withdrawn), sheet.may_write) == ([], 1, True)
    with pytest.raises(Conflict, match="has been withdrawn"):
        redefine(database, cast.member, term_id, TermForm("Lead provider", "Other."), 1)
    other = define(database, cast.member, cast, TermForm("LP", "A record."))
    with database.writing() as uow, pytest.raises(Conflict, match="“LP” is in the glossary by now"):
        glossary.restore(uow, cast.member, term_id=term_id)
    with database.writing() as uow:
        glossary.withdraw(uow, cast.member, term_id=other)
        glossary.restore(uow, cast.member, term_id=term_id)
    assert [line.term.name for line in lines(database, cast)] == ["Lead provider"]


def test_who_may(database: Database, cast: Cast) -> None:
    term_id = define(database, cast.facilitator, cast)
    for actor in (cast.observer, cast.panel_manager):
        with pytest.raises(Forbidden):
            define(database, actor, cast, TermForm("Prime", "x"))
        with pytest.raises(Forbidden):
            redefine(database, actor, term_id, TermForm("Prime", "x"), 1)
        for act in (glossary.withdraw, glossary.restore):
            with database.writing() as uow, pytest.raises(Forbidden):
                act(uow, actor, term_id=term_id)
    with database.reading() as uow, pytest.raises(NotFound):
        glossary.read(uow, cast.stranger, group_id=cast.group_id)
    with database.reading() as uow, pytest.raises(NotFound):
        glossary.read_term(uow, cast.member, term_id=term_id, group_id=cast.other_group_id)
    with database.writing() as uow:  # each group has its own
        glossary.define(uow, cast.stranger, group_id=cast.other_group_id, form=LEAD)


def test_ones_copy_holds_ones_wordings_and_erasure_leaves_them_without_a_name(database: Database, cast: Cast) -> None:
    term_id = define(database, cast.member, cast)
    redefine(database, cast.peer, term_id, TermForm("Lead provider", "Peer's words."), 1)
    with database.reading() as uow:
        mine = privacy.export_mine(uow, cast.member)["definitions"]
    assert [(each["term"], each["definition"]) for each in mine] == [("Lead provider", LEAD.definition)]
    with database.writing() as uow:
        privacy.erase_me(uow, cast.member)
    [line] = lines(database, cast)
    assert "Member" not in line.defined_by
    with database.reading() as uow:
        assert len(glossary.read_term(uow, cast.peer, term_id=term_id).story) == 2


def test_what_is_being_voted_on_keeps_its_meaning(database: Database) -> None:
    hall = build_hall(database)
    ana = hall.who["Ana"]

    def write(name: str, definition: str = "x") -> int:
        with database.writing() as uow:
            form = TermForm(name, definition)
            return glossary.define(uow, ana, group_id=hall.group_id, form=form).id

    used, other = write("leadership"), write("tariff")
    hall.open("Ana")
    hall.advance()
    hall.advance()  # the stage that decides on the item opens its vote
    with database.writing() as uow:
        glossary.redefine(uow, ana, term_id=other, form=TermForm("tariff", "A price."), number=1)
        glossary.withdraw(uow, ana, term_id=other)
    for form in (TermForm("leadership", "Otherwise."), TermForm("tariff", "y", ("share",))):
        with database.writing() as uow, pytest.raises(Conflict, match=r"The vote on C1.1, which uses"):
            glossary.redefine(uow, ana, term_id=used, form=form, number=1)
    with database.writing() as uow, pytest.raises(Conflict, match="is open"):
        glossary.withdraw(uow, ana, term_id=used)
    with pytest.raises(Conflict, match="which uses “Partners”"):
        write("Partners")


def test_the_wall_holds_one_name_once(database: Database, cast: Cast) -> None:
    define(database, cast.member, cast)
    with pytest.raises((Conflict, IntegrityError)), database.writing() as uow:
        uow.session.add(
            Term(
                group_id=cast.group_id, name="lead provider", folded="lead provider", definition="x", number=1,
                defined_at=uow.now, changed_at=uow.now,
            )
        )  # fmt: skip


def test_the_page_costs_the_same_for_many(database: Database, cast: Cast) -> None:
    def cost() -> int:
        with database.reading() as uow, counting(database) as sent:
            glossary.read(uow, cast.member, group_id=cast.group_id)
        return len(sent)

    define(database, cast.member, cast)
    add(database, cast, "The lead provider")
    first = cost()
    for number in range(5):
        define(database, cast.member, cast, TermForm(f"Term {number}", "x"))
        add(database, cast, f"Term {number}")
    assert cost() == first


def test_a_possessive_is_no_form_of_its_own(database: Database, cast: Cast) -> None:
    define(database, cast.member, cast, TermForm("Carer", "Who cares.", ("carers", "carers’", "Carer's", "carer-led")))
    add(database, cast, "The carer’s own words")
    [line] = lines(database, cast)
    assert (line.term.forms, len(line.used_in)) == (["carers", "carer-led"], 1)


# --- words that are agreed ---


def agree(hall: Hall) -> int:
    """The hall's item is agreed as it stands; the number of the decision."""
    with hall.database.writing() as uow:
        poll = polls.open_poll(uow, hall.who["Fay"], meeting_id=hall.meeting_id, item_id=hall.item_id)
        polls.vote(uow, hall.who["Ana"], poll_id=poll.id, choice=Choice.YES)
        polls.close_poll(uow, hall.who["Fay"], poll_id=poll.id)
        return decisions.record_decision(
            uow, hall.who["Fay"], poll_id=poll.id, outcome=Outcome.AGREED, sentence="So be it."
        ).id


PARTNERS = TermForm("partner", "Who signed.", ("partners",))


@pytest.fixture
def hall(database: Database) -> Hall:
    """An agreed item that uses a term: “Partners share leadership.”"""
    built = build_hall(database)
    built.open("Ana")
    with database.writing() as uow:
        glossary.define(uow, built.who["Leo"], group_id=built.group_id, form=PARTNERS)
    return built


def term_of(hall: Hall, name: str = "partner") -> Term:
    with hall.database.reading() as uow:
        return uow.session.execute(select(Term).where(Term.name == name)).scalar_one()


def how_it_stands(hall: Hall) -> str:
    with hall.database.reading() as uow:
        said = decisions.standings(uow.session, hall.group_id, [hall.item_id])[hall.item_id][1]
        [thread] = threads.thread_of(uow, hall.who["Ana"], hall.item_id).decisions
    assert thread.changed is (said == "changed"), "the item's page says the same"
    return said


def change(hall: Hall, who: str, form: TermForm) -> None:
    term = term_of(hall)
    redefine(hall.database, hall.who[who], term.id, form, term.number)


def test_what_agreed_words_mean_is_changed_by_a_facilitator_who_says_why(hall: Hall) -> None:
    agree(hall)
    other = TermForm("partner", "Whoever is paid.", PARTNERS.forms)
    with pytest.raises(Forbidden, match=r"^C1\.1 is agreed and uses “partner”: .* A facilitator can change it"):
        change(hall, "Leo", other)
    with pytest.raises(Invalid) as refused:
        change(hall, "Fay", other)
    assert refused.value.fields == {"reason": "C1.1 is agreed and uses “partner”: say why, for those who agreed"}
    assert how_it_stands(hall) == "stands"
    change(hall, "Fay", TermForm(other.name, other.definition, other.forms, reason="Counsel asked."))
    assert how_it_stands(hall) == "changed"
    with hall.database.reading() as uow:
        told = glossary.read_term(uow, hall.who["Leo"], term_id=term_of(hall).id)
        [newest] = list_activity(uow, hall.who["Leo"], group_id=hall.group_id, limit=1)
    assert [said.wording.reason for said in told.story] == ["Counsel asked.", ""]
    assert newest.sentence == "changed the definition of “partner”: Counsel asked."
    assert [(used.reference, used.agreed) for used in told.line.used_in] == [("C1.1", True)]

    # As it was when it was agreed, it stands again.
    change(hall, "Fay", TermForm(PARTNERS.name, PARTNERS.definition, PARTNERS.forms, reason="Taken back."))
    assert how_it_stands(hall) == "stands"


@pytest.mark.parametrize("what", ["withdraw", "define", "restore", "longer"])
def test_a_meaning_that_comes_or_goes_changes_what_was_agreed(hall: Hall, what: str) -> None:
    leo, fay, term_id = hall.who["Leo"], hall.who["Fay"], term_of(hall).id
    longer = TermForm("share leadership", "To decide together.")
    if what in ("restore", "define"):
        with hall.database.writing() as uow:
            glossary.withdraw(uow, leo, term_id=term_id)
    agree(hall)

    def go(who: Actor, reason: str) -> None:
        with hall.database.writing() as uow:
            if what == "withdraw":
                glossary.withdraw(uow, who, term_id=term_id, reason=reason)
            elif what == "restore":
                glossary.restore(uow, who, term_id=term_id, reason=reason)
            else:
                form = PARTNERS if what == "define" else longer
                form = TermForm(form.name, form.definition, form.forms, reason)
                glossary.define(uow, who, group_id=hall.group_id, form=form)

    with pytest.raises(Forbidden):
        go(leo, "I would rather.")
    with pytest.raises(Invalid):
        go(fay, "  ")
    assert how_it_stands(hall) == "stands"
    go(fay, "We had to.")
    assert how_it_stands(hall) == "changed"


def test_other_words_of_the_glossary_stay_everybodys(hall: Hall) -> None:
    agree(hall)
    with hall.database.writing() as uow:
        other = glossary.define(uow, hall.who["Leo"], group_id=hall.group_id, form=LEAD).id
    redefine(hall.database, hall.who["Leo"], other, TermForm("Lead provider", "Another."), 1)
    with hall.database.writing() as uow:
        glossary.withdraw(uow, hall.who["Leo"], term_id=other)
    assert how_it_stands(hall) == "stands"


def test_a_decision_says_which_meaning_changed_and_two_sides_keep_it(hall: Hall) -> None:
    decision_id = agree(hall)
    with hall.database.writing() as uow:
        glossary.define(uow, hall.who["Leo"], group_id=hall.group_id, form=TermForm("contract", "A paper."))
    change(hall, "Fay", TermForm("partner", "Who signed the contract.", PARTNERS.forms, "It said too little."))
    with hall.database.reading() as uow:
        page = decisions.read_decision(uow, hall.who["Ana"], decision_id=decision_id, group_id=hall.group_id)
        shifted = corrections.shifted_by(uow, hall.who["Ana"], term_id=term_of(hall).id)
        assert corrections.shifted_by(uow, hall.who["Ana"], term_id=term_of(hall, "contract").id) == []
    assert [(each.field, each.term, each.then, each.now) for each in page.changed] == [
        (None, "contract", "", "A paper."), (None, "partner", "Who signed.", "Who signed the contract."),
    ]  # fmt: skip
    assert [(each.decision.id, each.reference, each.confirmed) for each in shifted] == [(decision_id, "C1.1", [])]

    def confirm(name: str) -> int:
        with hall.database.writing() as uow:
            made = corrections.confirm_term(uow, hall.who[name], term_id=term_of(hall).id)
            return sum(each.accepted_at is not None for each in made)

    assert confirm("Leo") == 0
    with pytest.raises(Conflict, match="for your side"):
        confirm("Leo")
    with pytest.raises(Forbidden):
        confirm("Ola")
    assert how_it_stands(hall) == "changed"
    assert confirm("Pat") == 1
    assert how_it_stands(hall) == "corrected"
    with pytest.raises(Conflict, match="No decision shows as changed"):
        confirm("Pat")


def test_a_decision_from_before_the_glossary_binds_words_alone(hall: Hall) -> None:
    decision_id = agree(hall)
    with hall.database.writing() as uow:
        decision = uow.session.get_one(Decision, decision_id)
        words = decided.texts_of(decision.words or {})
        decision.words, decision.words_sha256 = words, documents.words_sha256(words)
    change(hall, "Fay", TermForm("partner", "Whoever is paid.", PARTNERS.forms, "Because."))
    assert how_it_stands(hall) == "stands"
