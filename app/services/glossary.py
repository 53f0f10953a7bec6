"""The glossary: terms of a group, each with one meaning, every wording kept, and where the blueprint uses them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.calc import redlines
from app.calc.differences import Segment
from app.calc.glossary import Glossary, bare, fold, tidy
from app.calc.glossary import Term as Meaning
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import GlossaryChanged
from app.policy import Actor, Can, access, require
from app.services import items
from app.services.accounts import names_of
from app.services.activity import note
from app.services.documents import WORDS
from app.services.sources import is_storable
from app.uow import UnitOfWork
from models.accounts import Person
from models.glossary import Term, TermWording
from models.groups import Group
from models.items import Item

LONGEST_NAME, LONGEST, LONGEST_REASON = 80, 2_000, 500
#: How many other forms one term has, and how many terms a group.
MOST_FORMS, MOST = 12, 300
#: So many items are named in a sentence, the rest counted.
MOST_LISTED = 6


@dataclass(frozen=True)
class TermForm:
    """What a term is to say; ``reason`` says why, and must where agreed items use it."""

    name: str
    definition: str
    forms: Sequence[str] = ()
    reason: str = ""


@dataclass(frozen=True)
class UsedIn:
    """An item whose words use a term."""

    id: int
    reference: str
    title: str
    agreed: bool = False


@dataclass(frozen=True)
class TermLine:
    """A term as the glossary shows it; names are empty for what came by the command line or from somebody erased.

    ``agreed`` are those of the items that use it which are agreed.
    """

    term: Term
    defined_by: str
    changed_by: str
    used_in: Sequence[UsedIn]

    @property
    def agreed(self) -> list[UsedIn]:
        return [each for each in self.used_in if each.agreed]


@dataclass(frozen=True)
class Sheet:
    """The whole glossary, A to Z, and what was withdrawn from it."""

    lines: Sequence[TermLine]
    withdrawn: Sequence[TermLine]
    may_write: bool


@dataclass(frozen=True)
class Said:
    """One wording of a term, and what it changed of the one before."""

    wording: TermWording
    by: str
    changed: Sequence[tuple[str, list[Segment]]]


@dataclass(frozen=True)
class TermStory:
    """A term with all its wordings, newest first."""

    line: TermLine
    story: Sequence[Said]
    may_write: bool
    may_settle: bool


def access_term(session: Session, actor: Actor, term_id: int, can: Can, *, group_id: int | None = None) -> Term:
    """A term and the right to it; one of another group is not found. Raises NotFound, Forbidden."""
    term = access(session, actor, Term, term_id, can)
    if group_id is not None and term.group_id != group_id:
        raise NotFound()
    return term


def define(uow: UnitOfWork, actor: Actor, *, group_id: int, form: TermForm) -> Term:
    """Add a term.

    Where agreed items use it, what was agreed comes to mean something: a facilitator does that, and says why.

    Raises NotFound, Forbidden, Conflict when the glossary is full or a vote is open on words that use it, Invalid with
    a sentence by field.
    """
    require(uow.session, actor, group_id, Can.TERM_WRITE)
    uow.lock(Group, group_id)
    _must_have_room(uow.session, group_id)
    form = _checked(uow.session, group_id, None, form)
    _must_be_free(uow, actor, group_id, None, _meant(0, form), form.reason)
    term = Term(
        group_id=group_id, name=form.name, folded=fold(form.name), forms=list(form.forms), definition=form.definition,
        number=1, defined_at=uow.now, defined_by_id=actor.person_id, changed_at=uow.now, changed_by_id=actor.person_id,
    )  # fmt: skip
    uow.session.add(term)
    uow.flush()
    _keep(uow, actor, term, form.reason)
    _tell(uow, actor, term, "defined")
    return term


def redefine(
    uow: UnitOfWork, actor: Actor, *, term_id: int, form: TermForm, number: int, group_id: int | None = None
) -> Term:
    """Give a term another wording; ``number`` is that of the one its writer saw. The earlier ones are kept.

    Where agreed items use it, that changes what was agreed: a facilitator does it, and says why.

    Raises NotFound, Forbidden, Conflict when somebody else has changed or withdrawn it since or a vote is open on words
    that use it, Invalid by field.
    """
    term = _hold(uow, actor, term_id, group_id)
    if term.withdrawn_at is not None:
        raise Conflict(f"“{term.name}” has been withdrawn. Restore it first; what you wrote is kept below.")
    form = _checked(uow.session, term.group_id, term, form)
    if (form.name, form.definition, list(form.forms)) == (term.name, term.definition, term.forms):
        return term  # pressed twice, or two wrote the same
    if term.number != number:
        raise Conflict(
            f"Somebody else has changed “{term.name}” meanwhile. Both texts are below: save yours again to put it in "
            "place of theirs.",
            code="changed",
        )
    _must_be_free(uow, actor, term.group_id, meaning(term), _meant(term.id, form), form.reason)
    term.name, term.folded, term.forms = form.name, fold(form.name), list(form.forms)
    term.definition, term.number = form.definition, term.number + 1
    term.changed_at, term.changed_by_id = uow.now, actor.person_id
    _keep(uow, actor, term, form.reason)
    _tell(uow, actor, term, "changed the definition of", form.reason)
    return term


def withdraw(uow: UnitOfWork, actor: Actor, *, term_id: int, group_id: int | None = None, reason: str = "") -> Term:
    """Take a term out of the glossary; it can be restored. The ``reason`` is needed where agreed items use it.

    Raises NotFound, Forbidden, Conflict while a vote is open on words that use it, Invalid without a reason.
    """
    term = _hold(uow, actor, term_id, group_id)
    if term.withdrawn_at is None:
        reason = _reason(reason)
        _must_be_free(uow, actor, term.group_id, meaning(term), None, reason)
        term.withdrawn_at = uow.now
        _tell(uow, actor, term, "withdrew the definition of", reason)
    return term


def restore(uow: UnitOfWork, actor: Actor, *, term_id: int, group_id: int | None = None, reason: str = "") -> Term:
    """Bring a withdrawn term back. The ``reason`` is needed where agreed items use it.

    Raises NotFound, Forbidden, Conflict when one of its words is a term by now or a vote is open on words that use it,
    Invalid without a reason.
    """
    term = _hold(uow, actor, term_id, group_id)
    if term.withdrawn_at is not None:
        _must_have_room(uow.session, term.group_id)
        taken = _taken(uow.session, term.group_id, term.id)
        for words in (term.name, *term.forms):
            if fold(words) in taken:
                raise Conflict(f"{_known(words, taken, 'by now')}. Change that one.")
        reason = _reason(reason)
        _must_be_free(uow, actor, term.group_id, None, meaning(term), reason)
        term.withdrawn_at = None
        _tell(uow, actor, term, "restored the definition of", reason)
    return term


# --- reading ---


def standing(session: Session, group_id: int) -> Glossary:
    """The terms of a group, to be looked for in texts, in one query; the caller has checked the right."""
    query = select(Term).where(Term.group_id == group_id, Term.withdrawn_at.is_(None)).order_by(Term.folded)
    return Glossary(meaning(term) for term in session.execute(query).scalars())


def meaning(term: Term) -> Meaning:
    """A term as it is looked for."""
    return Meaning(term.id, term.name, tuple(term.forms), term.definition)


def read(uow: UnitOfWork, actor: Actor, *, group_id: int) -> Sheet:
    """The glossary of a group. Raises NotFound, Forbidden."""
    found = require(uow.session, actor, group_id, Can.ITEM_READ)
    lines = _lines(uow, actor, group_id, select(Term).where(Term.group_id == group_id).order_by(Term.folded, Term.id))
    return Sheet(
        lines=[line for line in lines if line.term.withdrawn_at is None],
        withdrawn=[line for line in lines if line.term.withdrawn_at is not None],
        may_write=found.may(Can.TERM_WRITE),
    )


def read_term(uow: UnitOfWork, actor: Actor, *, term_id: int, group_id: int | None = None) -> TermStory:
    """A term with every wording it has had. Raises NotFound, Forbidden."""
    term = access_term(uow.session, actor, term_id, Can.ITEM_READ, group_id=group_id)
    found = require(uow.session, actor, term.group_id, Can.ITEM_READ)
    rows = uow.session.execute(
        select(TermWording, Person.name)
        .outerjoin(Person, Person.id == TermWording.by_id)
        .where(TermWording.term_id == term.id)
        .order_by(TermWording.number)
    ).all()
    story = []
    before: TermWording | None = None
    for wording, name in rows:
        story.append(Said(wording, name or "", _changed(before, wording) if before is not None else []))
        before = wording
    [line] = _lines(uow, actor, term.group_id, select(Term).where(Term.id == term.id))
    return TermStory(line, story[::-1], found.may(Can.TERM_WRITE), found.may(Can.ITEM_SETTLE))


def _changed(before: TermWording, after: TermWording) -> list[tuple[str, list[Segment]]]:
    texts = (
        ("name", before.name, after.name),
        ("forms", ", ".join(before.forms), ", ".join(after.forms)),
        ("definition", before.definition, after.definition),
    )
    return [
        (field, redlines.shown(old, new, markdown=field == "definition")) for field, old, new in texts if old != new
    ]


def _lines(uow: UnitOfWork, actor: Actor, group_id: int, query: Select[Term]) -> list[TermLine]:
    terms = uow.session.execute(query).scalars().all()
    names = names_of(uow.session, (one for term in terms for one in (term.defined_by_id, term.changed_by_id)))
    used = _uses(uow, actor, group_id, [term for term in terms if term.withdrawn_at is None])
    return [
        TermLine(
            term, names.get(term.defined_by_id or 0, ""), names.get(term.changed_by_id or 0, ""), used.get(term.id, [])
        )
        for term in terms
    ]


def _uses(uow: UnitOfWork, actor: Actor, group_id: int, terms: Collection[Term]) -> dict[int, list[UsedIn]]:
    """In which items, as they read now, each term is used; withdrawn items apart."""
    found: dict[int, list[UsedIn]] = {}
    if not terms:
        return found
    # All terms of the group are looked for: a longer one may take the words of a shorter one.
    glossary = standing(uow.session, group_id)
    wanted = {term.id for term in terms}
    for entry in items.tree(uow, actor, group_id, withdrawn=False):
        item = UsedIn(entry.item.id, entry.item.reference, entry.title, entry.item.status in items.SETTLED)
        for term_id in glossary.used_in(entry.words(field) for field in WORDS) & wanted:
            found.setdefault(term_id, []).append(item)
    return found


# --- writing ---


def _hold(uow: UnitOfWork, actor: Actor, term_id: int, group_id: int | None) -> Term:
    """A term, its group held first: no two may come to share a word."""
    term = access_term(uow.session, actor, term_id, Can.TERM_WRITE, group_id=group_id)
    uow.lock(Group, term.group_id)
    return uow.lock(Term, term.id)


def _checked(session: Session, group_id: int, term: Term | None, form: TermForm) -> TermForm:
    """The form as it is stored. Raises Invalid with a sentence for each field."""
    name, definition = " ".join(form.name.split()), form.definition.replace("\r\n", "\n").replace("\r", "\n").strip()
    forms = list({fold(each): _form(each) for each in form.forms if each.strip()}.items())
    fields = {}
    taken = _taken(session, group_id, term.id if term is not None else None)
    if not 2 <= len(name) <= LONGEST_NAME or not is_storable(name) or not any(sign.isalnum() for sign in name):
        fields["name"] = f"Enter the term, in 2 to {LONGEST_NAME} characters"
    elif fold(name) in taken:
        fields["name"] = _known(name, taken)
    if not definition or not is_storable(definition):
        fields["definition"] = "Say in plain words what the group means by it"
    elif len(definition) > LONGEST:
        fields["definition"] = f"Use at most {LONGEST:,} characters: this has {len(definition):,}"
    kept = [(folded, words) for folded, words in forms if folded != fold(name)]
    for folded, words in kept:
        if not 2 <= len(words) <= LONGEST_NAME or not is_storable(words) or not any(sign.isalnum() for sign in words):
            fields["forms"] = f"Use 2 to {LONGEST_NAME} characters for each form, one on a line"
        elif folded in taken:
            fields["forms"] = _known(words, taken)
    if len(kept) > MOST_FORMS:
        fields["forms"] = f"Use at most {MOST_FORMS} other forms"
    if fields:
        raise Invalid("The definition was not saved.", fields=fields)
    return TermForm(name, definition, tuple(words for _, words in kept), _reason(form.reason))


def _form(given: str) -> str:
    """Another form as it is stored: its possessive goes without saying."""
    return bare(given) if bare(given) != tidy(given) else " ".join(given.split())


def _reason(given: str) -> str:
    reason = " ".join(given.split())
    if len(reason) > LONGEST_REASON or not is_storable(reason):
        words = f"Say why in at most {LONGEST_REASON} characters"
        raise Invalid(words, fields={"reason": words})
    return reason


def _known(words: str, taken: dict[str, str], since: str = "already") -> str:
    """Under which term a word stands in the glossary."""
    name = taken[fold(words)]
    return f"“{words}” is in the glossary {since}" + ("" if fold(name) == fold(words) else f", under “{name}”")


def _taken(session: Session, group_id: int, but: int | None) -> dict[str, str]:
    """The words that stand for a term already, folded, with the name of that term."""
    query = select(Term).where(Term.group_id == group_id, Term.withdrawn_at.is_(None))
    return {
        fold(words): term.name
        for term in session.execute(query).scalars()
        if term.id != but
        for words in (*term.forms, term.name)
    }


def _meant(term_id: int, form: TermForm) -> Meaning:
    return Meaning(term_id, form.name, tuple(form.forms), form.definition)


def _must_be_free(
    uow: UnitOfWork, actor: Actor, group_id: int, before: Meaning | None, after: Meaning | None, reason: str
) -> None:
    """Whether a term may come to mean something else than ``before``, or anything at all.

    Raises Conflict while a vote is open on an item that this gives another meaning: it is voted on too. (A vote that
    opens at this very moment is on the new meaning: nobody has answered it yet.) Where the item is agreed, raises
    Forbidden for who may not settle what is, and Invalid without a reason.
    """
    session = uow.session
    voted = items.items_voted_on(session, group_id)
    settled = select(Item.id).where(Item.group_id == group_id, Item.status.in_(items.SETTLED))
    watched = voted | set(session.execute(settled).scalars())
    if not watched:
        return
    was = standing(session, group_id)
    others = [term for term in was.terms if before is None or term.id != before.id]
    becomes = Glossary([*others, after] if after is not None else others)
    name = next(each.name for each in (after, before) if each is not None)
    agreed = []
    for entry in items.entries_of(uow, actor, group_id, watched).values():
        texts = [entry.words(field) for field in WORDS]
        if was.definitions_in(texts) == becomes.definitions_in(texts):
            continue
        if entry.item.id in voted:
            raise Conflict(
                f"The vote on {entry.item.reference}, which uses “{name}”, is open: what its words mean cannot change "
                "until it closes.",
                code="vote_open",
            )
        agreed.append(entry.item.reference)
    if agreed:
        which = f"{_listed(agreed)} {'is agreed and uses' if len(agreed) == 1 else 'are agreed and use'} “{name}”"
        if not require(session, actor, group_id, Can.TERM_WRITE).may(Can.ITEM_SETTLE):
            raise Forbidden(
                f"{which}: what it means is part of what was agreed. A facilitator can change it; say in a comment on "
                "one of them what it should mean.",
                code="agreed",
            )
        if not reason:
            raise Invalid("Nothing was changed yet.", fields={"reason": f"{which}: say why, for those who agreed"})


def _listed(references: Sequence[str]) -> str:
    """Some references as words, the first few of many."""
    if len(references) > MOST_LISTED:
        return f"{', '.join(references[:MOST_LISTED])} and {len(references) - MOST_LISTED} more"
    return " and ".join(filter(None, (", ".join(references[:-1]), references[-1])))


def _must_have_room(session: Session, group_id: int) -> None:
    query = select(func.count()).select_from(Term).where(Term.group_id == group_id, Term.withdrawn_at.is_(None))
    if session.execute(query).scalar_one() >= MOST:
        raise Conflict(f"A glossary holds at most {MOST} terms. Withdraw one that is not used.")


def _keep(uow: UnitOfWork, actor: Actor, term: Term, reason: str) -> None:
    uow.session.add(
        TermWording(
            term_id=term.id, number=term.number, name=term.name, forms=list(term.forms), definition=term.definition,
            at=uow.now, by_id=actor.person_id, reason=reason,
        )
    )  # fmt: skip
    uow.flush()


def _tell(uow: UnitOfWork, actor: Actor, term: Term, what: str, reason: str = "") -> None:
    note(uow, actor, f"{what} “{term.name}”" + (f": {reason}" if reason else ""), group_id=term.group_id)
    uow.emit(GlossaryChanged(term.group_id))
