"""Suggestions: words that somebody would rather read, kept beside a text until somebody who may write it decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.calc import authorship
from app.calc import suggestions as calc
from app.calc.changes import MAX_SOURCE_CHARACTERS, ChangeSet, from_units, recall, to_units, units_length
from app.calc.choices import Choice, choices
from app.calc.choices import chosen as chosen_of
from app.calc.differences import change_between
from app.calc.returns import by_hand
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import ItemChanged
from app.policy import Actor, Can, require
from app.services import documents, history, items, notifications
from app.services.accounts import names_of
from app.services.activity import note
from app.uow import UnitOfWork
from models.documents import Document, Field, TextChange
from models.items import Item, Status
from models.notifications import Kind
from models.polls import Ballot
from models.suggestions import Suggestion, SuggestionState

LONGEST_REASON = 1_000
#: How many undecided suggestions one person may have on one item.
MOST_OPEN = 20
#: How many decided ones an item shows, newest first.
DECIDED_SHOWN = 10
#: How many one list of a group holds.
MOST = 200
#: Of a suggestion in more places than these nobody looks for the choices it leaves: it is taken whole or by hand.
MOST_PLACES = 400
#: What is said of one that was withdrawn because others stand in its place.
_ANEW = "Its author has worded it anew: read it as it is now."
_DIVIDED = "What still fits of it was set apart from the rest: read both as they are now."
_DECIDED = "Your earlier suggestion waits no longer. Send this as a new one, if you still would rather read it."
#: Of words by more hands than these it is not kept whose they were when a suggestion takes their place: should that be
#: taken back, they are those of whoever does.
MOST_REPLACED = 10_000
#: Over more changes than this a suggestion is not moved one by one, nor with so many places over so many (each place of
#: each change takes some microseconds).
FAR = 2_000
MOST_PASSED = 200_000
#: What of one in conflict still fits is looked for change by change, in so many steps (a quarter of a second); beyond
#: these, what differs between then and now is looked at, in a text of so many characters.
MOST_STEPS = 50_000
MOST_COMPARED = 10_000


@dataclass(frozen=True)
class Shown:
    """A suggestion as people read it.

    ``before`` and ``after`` are the text without and with it, as the text is now, or, ``in_conflict``, as it was before
    somebody changed the same words (in its ``version``); ``now`` is the text of today. ``places`` are what whoever
    decides can accept one by one; ``several``: it changes more than one place, or for whoever decides more than one
    that can be taken by itself. Of one accepted in part ``after`` holds what was taken, and ``left_out`` is the rest.
    """

    suggestion: Suggestion
    field: Field
    author: str
    decided_by: str
    version: int
    before: str
    after: str
    now: str
    in_conflict: bool
    places: Sequence[Choice]
    left_out: Sequence[Choice]
    several: bool
    may_decide: bool
    may_withdraw: bool

    @property
    def stands(self) -> bool:
        """Whether what it would make of the text stands there already: another with the same words was accepted."""
        return self.in_conflict and self.after == self.now


@dataclass(frozen=True)
class Draft:
    """One's own suggestion to be worded anew: the item it stands at, and the words to begin with, for a ``version``.

    Where something else has been written they are the words of today with what still fits of it.
    """

    shown: Shown
    item_id: int
    text: str
    version: int


def suggest(
    uow: UnitOfWork, actor: Actor, *, item_id: int, field: Field, text: str, version: int, reason: str = "",
    replaces: int | None = None, from_word: bool = False, group_id: int | None = None,
) -> Suggestion:  # fmt: skip
    """Keep ``text`` as what the actor would rather read in place of the text's ``version``.

    It is carried along from there, so that what others write meanwhile is no obstacle. Sent twice it is one. That which
    it ``replaces``, made by the actor on the same text, is withdrawn: nobody accepts words that they have not read.
    Only the ``reason`` of one ``from_word`` tells who wrote its words in a Word document: anybody can type a name.
    Raises NotFound, Forbidden, Conflict (a withdrawn item, too many suggestions, the one to be replaced waits no
    longer), Invalid (no difference, too long, no title left).
    """
    item = items.access_item(uow.session, actor, item_id, Can.TEXT_SUGGEST, group_id=group_id)
    document = _document(uow, item.id, field)
    # What a version reads never changes, and nobody need wait while texts are compared.
    text = documents.clean(field, text)
    if field is Field.TITLE and not text:
        raise Invalid("", fields={"text": "Enter a title: an item has to be called something."})
    change = change_between(history.text_at(uow.session, document, version), text)
    item = uow.lock(Item, item.id)
    items.must_stand(uow.session, item)
    document = uow.lock(Document, document.id)
    if replaces is None:
        _must_have_room(uow.session, actor, item)
    reason = reason.strip()
    if len(reason) > LONGEST_REASON:
        raise Invalid("", fields={"reason": f"At most {LONGEST_REASON} characters."})
    if change.empty:
        raise Invalid("", fields={"text": "These are the words as they are. Change what you would rather read."})
    source = change.to_json()
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise Invalid("", fields={"text": "That is too much for one suggestion. Suggest a part of it first."})
    if replaces is not None:
        earlier = _earlier(uow, actor, document, replaces)
        waits = earlier.state is SuggestionState.OPEN
        known = _same(uow, actor, document, source, version)
        if known is earlier and known.reason == reason:
            return known  # sent without a change
        reason = by_hand(reason, LONGEST_REASON)
        if known is not None and known.reason == reason and not waits:
            return known  # sent twice
        if not waits:
            raise Conflict(_DECIDED)
        for each in {earlier, known or earlier}:
            _decide(uow, actor, each, SuggestionState.WITHDRAWN, _ANEW)
        uow.flush()
    if not from_word:
        reason = by_hand(reason, LONGEST_REASON)
    return _keep(uow, actor, item, document, source, version=version, reason=reason)


def _same(uow: UnitOfWork, actor: Actor, document: Document, source: str, version: int) -> Suggestion | None:
    """The actor's suggestion that makes this change, and waits."""
    query = select(Suggestion).where(
        Suggestion.document_id == document.id, Suggestion.author_id == actor.person_id,
        Suggestion.state == SuggestionState.OPEN, Suggestion.made_for == version, Suggestion.changes == source,
    )  # fmt: skip
    return uow.session.execute(query).scalars().first()


def to_replace(uow: UnitOfWork, actor: Actor, *, suggestion_id: int, group_id: int | None = None) -> Draft:
    """The actor's own suggestion, to be worded anew. Raises NotFound (others' too), Forbidden, Conflict if decided."""
    known = _known(uow, actor, suggestion_id, group_id)
    if known.author_id != actor.person_id:
        raise NotFound()
    if known.state is not SuggestionState.OPEN:
        raise Conflict(_DECIDED)
    document = uow.session.get_one(Document, known.document_id)
    shown = _shown(uow, actor, known, document, {}, {}, may_decide=False)
    text, version = shown.after, shown.version
    if shown.in_conflict:
        found = _fitting(uow.session, document, known, recall(known.carried), shown.version)
        units = to_units(document.text)
        text, version = from_units(found.change.apply(units) if found is not None else units), document.version
    return Draft(shown, document.item_id or 0, text, version)


def _earlier(uow: UnitOfWork, actor: Actor, document: Document, suggestion_id: int) -> Suggestion:
    """The actor's own suggestion on a held text, held."""
    found = uow.session.get(Suggestion, suggestion_id)
    if found is None or found.author_id != actor.person_id:
        raise NotFound()
    found = uow.lock(Suggestion, found.id)
    if found.document_id != document.id:
        raise Conflict("Your earlier suggestion has gone to another item with its words. Send this as a new one here.")
    return found


def from_ballot(uow: UnitOfWork, ballot: Ballot, item_id: int) -> Suggestion | None:
    """Keep the words an elector could live with as their suggestion, with what they said in the vote as its reason.

    None where they are the words as they stood, or more than one suggestion takes.
    """
    item = uow.lock(Item, item_id)
    document = uow.lock(Document, _document(uow, item_id, Field.TEXT).id)
    version = document.version if ballot.made_for is None else ballot.made_for
    change = change_between(history.text_at(uow.session, document, version), ballot.words)
    source = change.to_json()
    if change.empty or len(source) > MAX_SOURCE_CHARACTERS:
        return None
    author = Actor(person_id=ballot.person_id)
    return _keep(uow, author, item, document, source, version=version, reason=by_hand(ballot.reason, LONGEST_REASON))


def _keep(
    uow: UnitOfWork, actor: Actor, item: Item, document: Document, source: str, *, version: int, reason: str
) -> Suggestion:
    """Keep a change of a held text as a suggestion, or answer the one of its author that is the same and waits."""
    known = _same(uow, actor, document, source, version)
    if known is not None:
        return known
    made = Suggestion(
        group_id=item.group_id, document_id=document.id, author_id=actor.person_id, reason=reason, made_at=uow.now,
        made_for=version, changes=source, carried_to=version, carried=source,
    )  # fmt: skip
    _carry(uow.session, made, document)
    uow.session.add(made)
    uow.flush()
    note(uow, actor, f"suggested other words for {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return made


def place_of(uow: UnitOfWork, actor: Actor, document_id: int, *, group_id: int | None = None) -> tuple[int, Field]:
    """The item and the field that a document is, for those who may suggest words for it. Raises NotFound, Forbidden."""
    document = uow.session.get(Document, document_id)
    if document is None or document.item_id is None:
        raise NotFound()
    items.access_item(uow.session, actor, document.item_id, Can.TEXT_SUGGEST, group_id=group_id)
    return document.item_id, document.field


def of_item(
    uow: UnitOfWork, actor: Actor, item_id: int, *, group_id: int | None = None, also: int | None = None
) -> list[Shown]:
    """The suggestions on all texts of an item: the open ones in the order they were made, then the last decided, and
    ``also`` one that was decided before those."""
    item = items.access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    found = uow.session.execute(
        select(Suggestion, Document).join(Document, Document.id == Suggestion.document_id)
        .where(Document.item_id == item.id).order_by(Suggestion.id)
    ).all()  # fmt: skip
    waiting = [row for row in found if row[0].state is SuggestionState.OPEN]
    decided = sorted(
        (row for row in found if row[0].state is not SuggestionState.OPEN),
        key=lambda row: (row[0].decided_at, row[0].id), reverse=True,
    )  # fmt: skip
    decided = [*decided[:DECIDED_SHOWN], *(row for row in decided[DECIDED_SHOWN:] if row[0].id == also)]
    may_decide = items.may_write(uow.session, actor, item).access == "write"
    names = _named(uow.session, [each for each, _ in found])
    parts = _parts_taken(uow.session, [each for each, _ in decided])
    return [_shown(uow, actor, each, text, names, parts, may_decide) for each, text in [*waiting, *decided]]


def in_group(
    uow: UnitOfWork, actor: Actor, *, group_id: int, mine: bool = False, decided: bool = False
) -> list[tuple[Shown, Item]]:
    """The suggestions of a group that wait, or that were decided, each with its item, newest first, at most MOST.

    ``mine`` leaves out those of others; else what waits on withdrawn items is left out. Raises NotFound, Forbidden.
    """
    require(uow.session, actor, group_id, Can.ITEM_READ)
    query = (
        select(Suggestion, Document, Item)
        .join(Document, Document.id == Suggestion.document_id).join(Item, Item.id == Document.item_id)
        .where(Suggestion.group_id == group_id, (Suggestion.state == SuggestionState.OPEN).is_(not decided))
        .order_by(func.coalesce(Suggestion.decided_at, Suggestion.made_at).desc(), Suggestion.id.desc()).limit(MOST)
    )  # fmt: skip
    if not decided and not mine:  # nobody can decide about those before the item is restored
        query = query.where(Item.status != Status.WITHDRAWN)
    if mine:
        query = query.where(Suggestion.author_id == actor.person_id)
    rows = uow.session.execute(query).all()
    names = _named(uow.session, [row[0] for row in rows])
    parts = _parts_taken(uow.session, [row[0] for row in rows])
    may = items.rights(uow.session, actor, group_id)
    return [
        (_shown(uow, actor, each, text, names, parts, may.words(item).access == "write"), item)
        for each, text, item in rows
    ]


def open_counts(session: Session, group_id: int, item_ids: Collection[int] | None = None) -> dict[int, int]:
    """How many suggestions wait on each item of a group (or on some of its items)."""
    query = (
        select(Document.item_id, func.count())
        .join(Suggestion, Suggestion.document_id == Document.id)
        .where(Suggestion.group_id == group_id, Suggestion.state == SuggestionState.OPEN)
        .group_by(Document.item_id)
    )
    if item_ids is not None:
        query = query.where(Document.item_id.in_(item_ids))
    return {item_id: count for item_id, count in session.execute(query) if item_id is not None}


def accept(
    uow: UnitOfWork, actor: Actor, *, suggestion_id: int, places: Iterable[str] | None = None, answer: str = "",
    seen: int | None = None, item_id: int | None = None, group_id: int | None = None,
) -> Suggestion:  # fmt: skip
    """Make the suggested words, or some of what can be taken by itself (the keys of ``Shown.places``), an ordinary
    change by its author.

    ``seen`` is the version of the text that was read (``Shown.version``): into agreed words that are others by now
    nothing is accepted. ``item_id``, here and below, is the item where the suggestion was read.

    Raises NotFound, Forbidden with the reason why the words cannot change now, Conflict when it was decided already,
    its words have changed or what was to be taken is no longer one of its parts, Invalid when no place is chosen or the
    text would become too long.
    """
    suggestion, document, item = _hold(uow, actor, suggestion_id, item_id, group_id)
    _must_decide(uow.session, actor, item)
    if seen is not None and item.status in items.SETTLED and document.version != seen:
        raise Conflict(
            f"The agreed words of {item.reference} are others than you read. Read them as they are now first."
        )
    _carry(uow.session, suggestion, document)
    if suggestion.in_conflict:
        raise Conflict("The words under this suggestion have changed since. Edit the text, then say what became of it.")
    whole = recall(suggestion.carried)
    try:
        chosen = whole if places is None else chosen_of(whole, document.text, places)
    except KeyError:
        raise Conflict("The words around these parts have changed since you ticked them. Choose them again.") from None
    if chosen.empty:
        raise Invalid("", fields={"places": "Choose at least one of the places."})
    after = chosen.apply(to_units(document.text))
    if not documents.clean(document.field, from_units(after)) and document.field is Field.TITLE:
        raise Conflict("It would leave no title: an item has to be called something.")
    _stop_rivals(uow, suggestion, document, chosen)
    client = documents.taken_by(suggestion)
    before = select(func.count()).where(TextChange.document_id == document.id, TextChange.client == client)
    times = uow.session.execute(before).scalar_one()  # it may have been accepted, and that taken back
    replaced = authorship.taken(documents.authors_of(uow.session, document), chosen)
    suggestion.replaced = authorship.to_json(replaced) if len(replaced) <= MOST_REPLACED else None
    documents.append(uow, document, [documents.Addition(suggestion.author_id, client, times, chosen, after)])
    item.changed_at = uow.now
    all_of_it = chosen == whole
    _decide(uow, actor, suggestion, SuggestionState.ACCEPTED if all_of_it else SuggestionState.PARTLY, answer)
    _tell(
        uow, actor, suggestion, item, "accepted your suggestion" if all_of_it else "accepted a part of your suggestion"
    )
    what = "a suggestion" if all_of_it else "a part of a suggestion"
    note(uow, actor, f"accepted {what} for {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return suggestion


def unaccept(
    uow: UnitOfWork, actor: Actor, *, suggestion_id: int, item_id: int | None = None, group_id: int | None = None
) -> Suggestion:
    """Take back that the actor accepted a suggestion, or a part of it: its words leave the text by an ordinary change,
    and it waits again as it did, with those that were set aside for it. What was written elsewhere since stays.

    Raises NotFound, Forbidden (others; the words cannot change now), Conflict when it was not accepted so, or somebody
    has changed its words since, the item was agreed or, while it is, changed in any way, or the latest decision or the
    latest version has the words as they stand.
    """
    suggestion, document, item = _hold_any(uow, actor, suggestion_id, item_id, group_id)
    if suggestion.state not in (SuggestionState.ACCEPTED, SuggestionState.PARTLY) or suggestion.in_conflict:
        raise Conflict(f"There is nothing to take back: this suggestion is {suggestion.state.value}.")
    if suggestion.decided_by_id != actor.person_id:
        raise Forbidden("Only who accepted a suggestion can take that back. Earlier words are in the time line.")
    _must_decide(uow.session, actor, item)
    taken = select(func.max(TextChange.version)).where(
        TextChange.document_id == document.id, TextChange.client == documents.taken_by(suggestion)
    )
    version = uow.session.execute(taken).scalar() or 0
    back = _way_back(uow.session, item, document, version) if version else None
    if back is None:
        raise Conflict("The words have been changed since it was accepted. Earlier ones are in the time line.")
    if item.status in items.SETTLED and item.changed_at != suggestion.decided_at:
        raise Conflict(f"{item.reference} has been changed since it was accepted. Earlier words are in the time line.")
    if history.is_bound(uow.session, item.id, document):
        raise Conflict(
            f"The words of {item.reference} are decided on, or locked in a version, as they stand. Earlier ones are in "
            "the time line."
        )
    try:
        to = None if back.without else version - 1
        history.put_back(uow, actor, document, back.change, suggestion.replaced, to=to)
    except Invalid as refused:
        raise Conflict(f"It cannot be taken back: {refused.message}") from refused
    _wait_again(suggestion)
    _fit_again(uow.session, document, suggestion, version - 1, back.without)
    item.changed_at = uow.now
    _tell_taken_back(uow, actor, suggestion, item, "accepting")
    said = f"took back that a suggestion for {item.reference} was accepted"
    note(uow, actor, said, group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return suggestion


def _fit_again(
    session: Session, document: Document, suggestion: Suggestion, before: int, without: Sequence[tuple[ChangeSet, bool]]
) -> None:
    """Let a suggestion that waits again, and those that were set aside for it or only carried over it, find their words
    in a text that reads as that ``before`` it was accepted, with what was written since ``without`` it.

    So do those in conflict whose words the text has again to the letter. All others go over the log as they always do.
    """
    known, length = {before: document.text} if not without else {}, units_length(document.text)
    query = select(Suggestion).where(
        Suggestion.document_id == document.id, Suggestion.state == SuggestionState.OPEN
    )  # fmt: skip
    some = {suggestion, *session.execute(query).scalars()}
    then = _as_of(session, document, some, before)
    for each in some:
        change, at, moved = recall(each.carried), each.carried_to, None
        if change.length == length and (each.in_conflict or each is suggestion or at == before):
            if at not in known:
                known[at] = history.text_at(session, document, at)
            moved = change if known[at] == document.text else None
        if moved is None and (was := then.get(each.id)) is not None:
            dear = len(calc.places(was)) * len(without) > MOST_PASSED
            found = calc.carry_beside(was, without) if not dear else None
            moved = found.change if found is not None and not found.conflict else None
        if moved is not None:
            each.carried, each.carried_to, each.in_conflict = moved.to_json(), document.version, False
        elif each is suggestion:
            each.in_conflict = True


def _as_of(session: Session, document: Document, some: Iterable[Suggestion], version: int) -> dict[int, ChangeSet]:
    """Suggestions on a text, by their ids, as they fitted a version: those that stand there, and those carried further
    whose way there can be gone once more, in as many steps as one takes at most."""
    found = {each.id: recall(each.carried) for each in some if each.carried_to == version}
    further = [each for each in some if version - FAR <= each.made_for <= version < each.carried_to]
    first = min((each.made_for for each in further), default=version)
    acts, left = documents.Acts(session, document, first, version), MOST_PASSED
    for each in further:
        change = recall(each.changes)
        left -= len(calc.places(change)) * (version - each.made_for)
        if left < 0:
            continue
        since = acts.since(each.made_for)
        # What was accepted and taken back since it was made, or merged in, has moved it in another way.
        is_moved = any(documents.is_brought(client) and not later.empty for later, client in since)
        moved = calc.carry_beside(change, map(_as_rival, since))
        if not moved.conflict and not is_moved:
            found[each.id] = moved.change
    return found


def _way_back(session: Session, item: Item, document: Document, version: int) -> calc.Back | None:
    """What takes a change of a text back today; None where somebody has changed its words since, has put in again what
    it took out, or has changed anything in one that is agreed."""
    back, then = history.way_back(session, document, version), history.text_at(session, document, version)
    # What came after may have been taken back itself.
    if then == document.text:
        return calc.Back(back, [])
    if item.status in items.SETTLED:
        return None
    if _is_far(version, document.version, back):
        log = [(each, True) for each in _between(session, document, version, document.version)]
    else:
        acts = documents.Acts(session, document, version, document.version).since(version)
        if any(documents.brings_back(client, before=version) and not change.empty for change, client in acts):
            return None
        log = [(change, documents.SUGGESTED in client) for change, client in acts]
    found = calc.back_over(back, log)
    if found is not None and calc.twice(found.change, to_units(document.text)) > calc.twice(back, to_units(then)):
        return None
    return found


def take_in(
    uow: UnitOfWork, actor: Actor, *, suggestion_id: int, answer: str, item_id: int | None = None,
    group_id: int | None = None,
) -> Suggestion:  # fmt: skip
    """Say that a suggestion whose words have changed was written into the text by hand, and how; no text changes here.

    Raises NotFound, Forbidden with the reason why the words cannot change now, Conflict when it was decided already or
    can be accepted as it is, Invalid without words.
    """
    suggestion, document, item = _hold(uow, actor, suggestion_id, item_id, group_id)
    _must_decide(uow.session, actor, item)
    _carry(uow.session, suggestion, document)
    if not suggestion.in_conflict:
        raise Conflict("The words under this suggestion stand as they did: it can be accepted as it is.")
    if not answer.strip():
        raise Invalid("", fields={"answer": "Say how it was taken in, so that its author knows."})
    _decide(uow, actor, suggestion, SuggestionState.ACCEPTED, answer)
    _tell(uow, actor, suggestion, item, "took in, by hand, your suggestion")
    note(uow, actor, f"took in a suggestion for {item.reference} by hand", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return suggestion


def set_apart(
    uow: UnitOfWork, actor: Actor, *, suggestion_id: int, item_id: int | None = None, group_id: int | None = None
) -> Suggestion:
    """Part a suggestion in conflict in two of the same author and reason: what still finds its words, which can be
    accepted like any other and is answered, and the rest, which stays in conflict.

    It is withdrawn itself, so that nobody decides about something else than they read; where all of it finds its words
    again, it waits as it is, and is answered. Raises NotFound, Forbidden (neither its author nor who may change the
    words), Conflict when it was decided already, is not in conflict, nothing can be set apart, or its author would have
    too many.
    """
    known = _known(uow, actor, suggestion_id, group_id)
    text = uow.session.get_one(Document, known.document_id)
    change, version, conflict = recall(known.carried), known.carried_to, known.in_conflict
    if not conflict:
        change, version, conflict = _carried(uow.session, known, text)
    # What was written never changes, and nobody need wait while it is looked for.
    found, until = _fitting(uow.session, text, known, change, version) if conflict else None, text.version
    suggestion, document, item = _hold(uow, actor, suggestion_id, item_id, group_id)
    if suggestion.author_id == actor.person_id:
        items.must_stand(uow.session, item)
    else:
        _must_decide(uow.session, actor, item)
    _carry(uow.session, suggestion, document)
    if found is None or not suggestion.in_conflict or suggestion.carried_to != version:
        raise Conflict("Nothing of this suggestion can be set apart now.")
    fits, at, met = _moved(uow.session, found.change, until, document)
    if met:
        raise Conflict("Somebody has just written in these words. Try again.")
    if len(found.numbers) == len(calc.places(change)):  # its words have come back
        suggestion.carried, suggestion.carried_to, suggestion.in_conflict = fits.to_json(), at, False
        uow.emit(ItemChanged(item.group_id, item.id))
        return suggestion
    if _waiting(uow.session, suggestion.author_id, item) >= MOST_OPEN:
        raise Conflict(f"Its author has {MOST_OPEN} suggestions waiting on this item. Decide about one of them first.")
    about = {"document_id": document.id, "author_id": suggestion.author_id, "reason": suggestion.reason,
             "group_id": item.group_id, "made_at": suggestion.made_at, "made_for": version}  # fmt: skip
    alone = calc.only(change, found.numbers).to_json()
    rest = calc.only(change, set(range(len(calc.places(change)))) - set(found.numbers)).to_json()
    apart = Suggestion(**about, changes=alone, carried_to=at, carried=fits.to_json())
    uow.session.add_all([Suggestion(**about, changes=rest, carried_to=version, carried=rest, in_conflict=True), apart])
    _decide(uow, actor, suggestion, SuggestionState.WITHDRAWN, _DIVIDED)
    uow.flush()
    if suggestion.author_id != actor.person_id:
        _tell(uow, actor, apart, item, "set apart what still fits of your suggestion")
    said = f"set apart what still fits of a suggestion for {item.reference}"
    note(uow, actor, said, group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return apart


def reject(
    uow: UnitOfWork, actor: Actor, *, suggestion_id: int, answer: str, item_id: int | None = None,
    group_id: int | None = None,
) -> Suggestion:  # fmt: skip
    """Say no to a suggestion, and why. Raises NotFound, Forbidden, Conflict when it was decided, Invalid."""
    suggestion, _, item = _hold(uow, actor, suggestion_id, item_id, group_id)
    _must_decide(uow.session, actor, item)
    if not answer.strip():
        raise Invalid("", fields={"answer": "Say why, so that its author knows."})
    _decide(uow, actor, suggestion, SuggestionState.REJECTED, answer)
    _tell(uow, actor, suggestion, item, "did not take your suggestion")
    note(uow, actor, f"did not take a suggestion for {item.reference}", group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return suggestion


def unreject(
    uow: UnitOfWork, actor: Actor, *, suggestion_id: int, item_id: int | None = None, group_id: int | None = None
) -> Suggestion:
    """Take back that the actor said no to a suggestion: it waits again, upon the words as they are by now.

    Raises NotFound, Forbidden (others; the words cannot change now), Conflict when it is not rejected any more, or its
    author has as many waiting as one may, or the same again.
    """
    suggestion, document, item = _hold_any(uow, actor, suggestion_id, item_id, group_id)
    if suggestion.state is not SuggestionState.REJECTED:
        raise Conflict(f"There is nothing to take back: this suggestion is {suggestion.state.value}.")
    if suggestion.decided_by_id != actor.person_id:
        raise Forbidden("Only who did not take a suggestion can take that back.")
    _must_decide(uow.session, actor, item)
    if _waiting(uow.session, suggestion.author_id, item) >= MOST_OPEN:
        raise Conflict(f"Its author has {MOST_OPEN} suggestions waiting on this item. Decide about one of them first.")
    _wait_again(suggestion)
    carry_along(uow, document)
    _carry(uow.session, suggestion, document)
    theirs = _open_on(document).where(
        Suggestion.author_id == suggestion.author_id, Suggestion.id != suggestion.id,
        Suggestion.carried_to == suggestion.carried_to, Suggestion.carried == suggestion.carried,
    )  # fmt: skip
    if not suggestion.in_conflict and uow.session.execute(theirs.limit(1)).first() is not None:
        raise Conflict("Its author has suggested the same again, and that waits.")
    _tell_taken_back(uow, actor, suggestion, item, "the “no” to")
    said = f"took back that a suggestion for {item.reference} was not taken"
    note(uow, actor, said, group_id=item.group_id, item_id=item.id)
    uow.emit(ItemChanged(item.group_id, item.id))
    return suggestion


def withdraw(
    uow: UnitOfWork, actor: Actor, *, suggestion_id: int, item_id: int | None = None, group_id: int | None = None
) -> Suggestion:
    """Take one's own suggestion back. Raises NotFound, Forbidden to others, Conflict when it was decided."""
    suggestion, _, item = _hold(uow, actor, suggestion_id, item_id, group_id)
    if suggestion.author_id != actor.person_id:
        raise Forbidden("Only who made a suggestion can withdraw it.")
    _decide(uow, actor, suggestion, SuggestionState.WITHDRAWN, "")
    uow.emit(ItemChanged(item.group_id, item.id))
    return suggestion


def close_open(uow: UnitOfWork, actor: Actor, item_ids: Collection[int]) -> None:
    """Close what waits on some items, which the caller holds, without an answer: their words are put back anyway."""
    waiting = (
        select(Suggestion).join(Document, Document.id == Suggestion.document_id)
        .where(Document.item_id.in_(item_ids), Suggestion.state == SuggestionState.OPEN)
    )  # fmt: skip
    for suggestion in uow.session.execute(waiting).scalars().all():
        _decide(uow, actor, suggestion, SuggestionState.WITHDRAWN, "")


def tell_authors(uow: UnitOfWork, actor: Actor, some: Iterable[Item], *, withdrawn: bool) -> None:
    """Tell whoever's suggestions wait on items that were withdrawn, or have come back, what that means for them.

    Each is told once, of the items in the order given.
    """
    by_id = {item.id: item for item in some}
    of_author: dict[int | None, list[Item]] = {}
    waiting = (
        select(Document.item_id, Suggestion.author_id).join(Suggestion, Suggestion.document_id == Document.id)
        .where(Document.item_id.in_(by_id), Suggestion.state == SuggestionState.OPEN)
        .distinct().order_by(Suggestion.author_id)
    )  # fmt: skip
    place = {id_: at for at, id_ in enumerate(by_id)}
    for item_id, author_id in sorted(uow.session.execute(waiting).all(), key=lambda row: place[row.item_id]):
        of_author.setdefault(author_id, []).append(by_id[item_id or 0])
    for author_id, held in of_author.items():
        one = held[0] if len(held) == 1 else None
        rests = f"withdrew {items.references(held)}: what you suggested there waits until that is restored"
        goes_on = f"restored {items.references(held)}: what you suggested there can be decided again"
        notifications.tell(
            uow, author_id, Kind.SUGGESTION, group_id=held[0].group_id, item_id=one.id if one else None, by=actor,
            path=f"blueprint/items/{one.id}#suggestions" if one else "blueprint/suggestions?show=mine",
            words=rests if withdrawn else goes_on,
        )  # fmt: skip


def carry_along(uow: UnitOfWork, document: Document) -> None:
    """Move the open suggestions of a held document to its present text, so that no reader has far to carry them."""
    for suggestion in uow.session.execute(_open_on(document)).scalars().all():
        _carry(uow.session, suggestion, document)


# --- parts of these ---


def _document(uow: UnitOfWork, item_id: int, field: Field) -> Document:
    found = documents.documents_of(uow.session, [item_id]).get(item_id, {}).get(field)
    if found is None:
        raise NotFound()
    return found


def _must_have_room(session: Session, actor: Actor, item: Item) -> None:
    if _waiting(session, actor.person_id, item) >= MOST_OPEN:
        raise Conflict(f"You have {MOST_OPEN} suggestions waiting on this item. Withdraw one first.")


def _waiting(session: Session, author_id: int | None, item: Item) -> int:
    """How many suggestions of one person wait on an item."""
    query = (
        select(func.count(Suggestion.id)).join(Document, Document.id == Suggestion.document_id)
        .where(Document.item_id == item.id, Suggestion.author_id == author_id,
               Suggestion.state == SuggestionState.OPEN)
    )  # fmt: skip
    return session.execute(query).scalar_one()


def _known(uow: UnitOfWork, actor: Actor, suggestion_id: int, group_id: int | None) -> Suggestion:
    known = uow.session.get(Suggestion, suggestion_id)
    if known is None or (group_id is not None and known.group_id != group_id):
        raise NotFound()
    require(uow.session, actor, known.group_id, Can.TEXT_SUGGEST)
    return known


def _hold(
    uow: UnitOfWork, actor: Actor, suggestion_id: int, item_id: int | None, group_id: int | None
) -> tuple[Suggestion, Document, Item]:
    """The suggestion, still open, with its text and item held in the order every writer takes them."""
    suggestion, document, item = _hold_any(uow, actor, suggestion_id, item_id, group_id)
    if suggestion.state is not SuggestionState.OPEN:
        why = f" {suggestion.answer}" if suggestion.state is SuggestionState.WITHDRAWN else ""
        raise Conflict(f"This suggestion is {suggestion.state.value} already.{why}")
    return suggestion, document, item


def _hold_any(
    uow: UnitOfWork, actor: Actor, suggestion_id: int, item_id: int | None, group_id: int | None
) -> tuple[Suggestion, Document, Item]:
    """As ``_hold``, whatever has become of it."""
    known = _known(uow, actor, suggestion_id, group_id)
    text = uow.session.get_one(Document, known.document_id)
    item = uow.lock(Item, text.item_id or 0)
    document = uow.lock(Document, text.id)
    suggestion = uow.lock(Suggestion, known.id)
    if item_id is not None and item.id != item_id:
        raise Conflict(f"This suggestion has gone to {item.reference} with its words. Look there.")
    if suggestion.document_id != document.id:  # while one waited its words went to another item
        raise Conflict("These words have just gone to another item, and this suggestion with them. Look there.")
    return suggestion, document, item


def _must_decide(session: Session, actor: Actor, item: Item) -> None:
    access, reason = items.may_write(session, actor, item)
    if access != "write":
        raise Forbidden(reason)


def _decide(uow: UnitOfWork, actor: Actor, suggestion: Suggestion, state: SuggestionState, answer: str) -> None:
    answer = answer.strip()
    if len(answer) > LONGEST_REASON:
        raise Invalid("", fields={"answer": f"At most {LONGEST_REASON} characters."})
    suggestion.state, suggestion.answer = state, answer
    suggestion.decided_by_id, suggestion.decided_at = actor.person_id, uow.now


def _wait_again(suggestion: Suggestion) -> None:
    suggestion.state, suggestion.answer = SuggestionState.OPEN, ""
    suggestion.decided_by_id = suggestion.decided_at = suggestion.replaced = None


def _tell(uow: UnitOfWork, actor: Actor, suggestion: Suggestion, item: Item, what: str) -> None:
    notifications.tell(
        uow, suggestion.author_id, Kind.SUGGESTION, group_id=item.group_id, item_id=item.id, by=actor,
        path=f"blueprint/items/{item.id}#suggestion-{suggestion.id}", key=f"suggestion-{suggestion.id}",
        words=f"{what} for {item.reference}" + (f": {suggestion.answer}" if suggestion.answer else ""),
    )  # fmt: skip


def _tell_taken_back(uow: UnitOfWork, actor: Actor, suggestion: Suggestion, item: Item, what: str) -> None:
    """Its author is told nothing of it where they have not yet read what became of it, which is told no more."""
    path = f"blueprint/items/{item.id}#suggestion-{suggestion.id}"
    if notifications.take_back(uow, group_id=item.group_id, path=path):
        notifications.tell(
            uow, suggestion.author_id, Kind.SUGGESTION, group_id=item.group_id, item_id=item.id, by=actor, path=path,
            words=f"took back {what} your suggestion for {item.reference}: it waits again",
        )  # fmt: skip


def _carry(session: Session, suggestion: Suggestion, document: Document) -> None:
    """Move it over what was written since it was last moved, as far as its words are still there."""
    if suggestion.in_conflict or suggestion.carried_to == document.version:
        return
    change, suggestion.carried_to, suggestion.in_conflict = _carried(session, suggestion, document)
    suggestion.carried = change.to_json()


def _carried(session: Session, suggestion: Suggestion, document: Document) -> tuple[ChangeSet, int, bool]:
    """The suggestion moved over what was written since, the version it fits then, and whether it met its match."""
    return _moved(session, recall(suggestion.carried), suggestion.carried_to, document)


def _fitting(
    session: Session, document: Document, suggestion: Suggestion, change: ChangeSet, version: int
) -> calc.Fitting | None:
    """What of a suggestion's change, in conflict with what was written right after a ``version``, still finds its words
    today."""
    many, count = len(calc.places(change)), document.version - version
    if not 1 < many <= MOST_PLACES:
        return None
    then = history.text_at(session, document, version)
    over: Iterable[ChangeSet]
    near = count <= FAR and many * count <= MOST_STEPS
    log = documents.Acts(session, document, version, document.version if near else version + 1).since(version)
    # A part of it may have been accepted, and that taken back: it does not compete with itself.
    is_own = any(client == documents.taken_by(suggestion) for _change, client in log[:1])
    if near and not is_own:
        over = [change for change, _client in log]
    elif max(len(then), len(document.text)) <= MOST_COMPARED:
        over = [change_between(then, document.text)]
    else:
        return None
    return calc.fitting(change, [each.places for each in choices(change, then)], over)


def still_fits(session: Session, document: Document, change: ChangeSet, version: int) -> bool:
    """Whether a change written for a ``version`` of a text finds its words there today."""
    return not _moved(session, change, version, document)[2]


def moved_on(session: Session, document: Document, change: ChangeSet, version: int, until: int) -> ChangeSet | None:
    """A change written for a ``version`` of a text as it fits a later one; None where its words were changed."""
    moved, _, met = _moved(session, change, version, document, until)
    return None if met else moved


def saying_the_same(
    session: Session, some: Iterable[Suggestion], document: Document, version: int, old: str, new: str
) -> Suggestion | None:
    """The first of some suggestions on a text, decided or not, that would make ``new`` of ``old``, its ``version``.

    Carried there a suggestion still puts in the words it put in, and takes out as many: most are told apart by that,
    and for the rest the log is read once.
    """
    before, after = to_units(old), to_units(new)
    likely: list[tuple[Suggestion, ChangeSet, int]] = []
    for each in some:
        if version < each.made_for:
            continue
        change, since = recall(each.carried), each.carried_to
        if version < since:
            change, since = recall(each.changes), each.made_for
        if change.delta == len(after) - len(before) and all(put in after for _, put in change.parts if put):
            likely.append((each, change, since))
    first = min((since for _, change, since in likely if not _is_far(since, version, change)), default=version)
    acts = documents.Acts(session, document, first, version) if first < version else None
    for each, change, since in likely:
        if not _is_far(since, version, change):
            later = acts.since(since) if acts is not None else []
            moved, _passed, conflict = calc.carry_beside(change, map(_as_rival, later))
        else:
            moved, _version, conflict = _moved(session, change, since, document, version)
        if not conflict and moved.apply(before) == after:
            return each
    return None


def parts_of(whole: Suggestion, some: Collection[Suggestion]) -> list[Suggestion]:
    """Those among some suggestions that stand in place of one that was set apart, those of its parts in place of these;
    empty where it was not, or where one of them is not among these.

    No row says it: they are of the same author and moment, made for the version at which it stood, and what two of them
    change is together just what it changes.
    """
    if whole.state is not SuggestionState.WITHDRAWN or not whole.in_conflict:
        return []
    all_places = set(calc.places(recall(whole.carried)))
    parts: list[tuple[Suggestion, set[calc.Place]]] = []
    for each in some:
        about = each.document_id, each.author_id, each.made_at, each.made_for
        if each.id > whole.id and about == (whole.document_id, whole.author_id, whole.made_at, whole.carried_to):
            held = set(calc.places(recall(each.changes)))
            other = next((one for one, rest in parts if held | rest == all_places and not held & rest), None)
            if other is not None:
                return [leaf for part in (other, each) for leaf in parts_of(part, some) or [part]]
            parts.append((each, held))
    return []


def _moved(
    session: Session, change: ChangeSet, since: int, document: Document, until: int | None = None
) -> tuple[ChangeSet, int, bool]:
    """A change moved over what was written since (and ``until`` a version, if that is not today's), the version it fits
    then, and whether it met its match.

    Over the log change by change; from far, over what differs between then and now, which costs what the words cost
    however long the log has become.
    """
    last = document.version if until is None else until
    far = _is_far(since, last, change)
    if far:
        moved = calc.carry(change, _between(session, document, since, last))
    else:
        moved = calc.carry_beside(change, map(_as_rival, documents.Acts(session, document, since, last).since(since)))
    return moved.change, since + moved.passed if moved.conflict else last, moved.conflict


def _as_rival(act: tuple[ChangeSet, str]) -> tuple[ChangeSet, bool]:
    """A change of the log, and whether it put words in of which nobody knows on which side of them others belong: it
    brought them back."""
    return act[0], documents.RESTORED in act[1]


def _is_far(since: int, last: int, change: ChangeSet) -> bool:
    """Whether more was written after one version up to another than a change is moved over one by one."""
    return last - since > min(FAR, MOST_PASSED // max(1, len(calc.places(change))))


def _between(session: Session, document: Document, since: int, last: int) -> list[ChangeSet]:
    """What differs between two versions of a text."""
    then, now = (history.text_at(session, document, version) for version in (since, last))
    return [change_between(then, now)]


def _stop_rivals(uow: UnitOfWork, suggestion: Suggestion, document: Document, chosen: ChangeSet) -> None:
    """Before a suggestion is taken: what is suggested at the same places beside it is then taken in by hand."""
    for rival in uow.session.execute(_open_on(document)).scalars().all():
        if rival.id == suggestion.id:
            continue
        _carry(uow.session, rival, document)
        rival.in_conflict = rival.in_conflict or calc.competes(recall(rival.carried), chosen)


def _open_on(document: Document) -> Select[Suggestion]:
    """The suggestions on a text that wait and have their words."""
    return select(Suggestion).where(
        Suggestion.document_id == document.id, Suggestion.state == SuggestionState.OPEN,
        Suggestion.in_conflict.is_(False),
    )  # fmt: skip


def _parts_taken(session: Session, some: Iterable[Suggestion]) -> dict[int, ChangeSet]:
    """What was taken of suggestions that were accepted in part: the log holds it, right after where they were then."""
    ids = {documents.taken_by(each): each for each in some if each.state is SuggestionState.PARTLY}
    if not ids:
        return {}
    rows = session.execute(
        select(TextChange.client, TextChange.changes).where(
            TextChange.document_id.in_({each.document_id for each in ids.values()}), TextChange.client.in_(ids),
        ).order_by(TextChange.seq)
    )  # fmt: skip
    return {ids[client].id: recall(changes) for client, changes in rows}


def _shown(
    uow: UnitOfWork, actor: Actor, suggestion: Suggestion, document: Document, names: dict[int, str],
    parts: dict[int, ChangeSet], may_decide: bool,
) -> Shown:  # fmt: skip
    """Reading changes no row: what was written since is passed over in memory."""
    waits = suggestion.state is SuggestionState.OPEN
    if waits and not suggestion.in_conflict:
        change, version, conflict = _carried(uow.session, suggestion, document)
    else:
        change, version, conflict = recall(suggestion.carried), suggestion.carried_to, suggestion.in_conflict
    taken = parts.get(suggestion.id, change)
    before = history.text_at(uow.session, document, version)
    some: Sequence[Choice] = ()
    if ((waits and may_decide) or taken is not change) and len(calc.places(change)) <= MOST_PLACES:
        some = choices(change, before)
    units = to_units(before)
    mine = suggestion.author_id is not None and suggestion.author_id == actor.person_id
    return Shown(
        suggestion=suggestion, field=document.field, author=names.get(suggestion.author_id or 0, ""),
        decided_by=names.get(suggestion.decided_by_id or 0, ""), version=version, before=before,
        after=from_units(taken.apply(units)), now=document.text, in_conflict=conflict and waits,
        places=some if waits else (), left_out=() if waits else _left_out(some, change, taken),
        several=len(some or calc.places(change)) > 1,
        may_decide=waits and may_decide, may_withdraw=waits and mine,
    )  # fmt: skip


def _left_out(some: Iterable[Choice], change: ChangeSet, taken: ChangeSet) -> list[Choice]:
    """What could have been chosen of a change and was not."""
    all_places, held = calc.places(change), set(calc.places(taken))
    return [each for each in some if not {all_places[at] for at in each.places} & held]


def _named(session: Session, some: Iterable[Suggestion]) -> dict[int, str]:
    return names_of(session, (one for each in some for one in (each.author_id, each.decided_by_id)))
