"""Items of the blueprint: reached, read as a tree, added, and brought from idea to agreed.

Moving, withdrawing and restoring them is in ``outline.py``; their texts are documents (``documents.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.events import ItemChanged, TreeChanged
from app.policy import Actor, Can, access, allowed, require
from app.services import documents
from app.services.activity import note
from app.uow import UnitOfWork
from models.documents import Document, Field
from models.groups import Group, Role
from models.items import Descent, Item, ItemDescent, Kind, PrincipleGroup, ReferenceCounter, Status
from models.meetings import Meeting, Stage
from models.polls import Poll

#: What stands above what; principles and elements stand at the top.
PARENT_OF = {Kind.CRITERION: Kind.ELEMENT, Kind.SPECIFICATION: Kind.CRITERION}
#: How deep an item stands in the tree.
DEPTHS = {Kind.PRINCIPLE: 0, Kind.ELEMENT: 0, Kind.CRITERION: 1, Kind.SPECIFICATION: 2}
#: The letter a reference begins with.
LETTERS = {Kind.PRINCIPLE: "P", Kind.ELEMENT: "E", Kind.CRITERION: "C", Kind.SPECIFICATION: "S"}
#: What references look like: what stands before the last number, and that.
_REFERENCES = {
    kind: re.compile(rf"({letter}{dots})([1-9][0-9]{{0,4}})")
    for (kind, letter), dots in zip(
        LETTERS.items(), ("", "", r"[1-9][0-9]{0,4}\.", r"[1-9][0-9]{0,4}\.[1-9][0-9]{0,4}\."), strict=True
    )
}
#: Statuses that are a decision of the group: only facilitators give and take them.
SETTLED = frozenset({Status.AGREED, Status.RESERVATIONS})
#: So many references stand in the line of what happened.
NAMED = 6
#: Statuses as they stand in a sentence.
STATUS_WORDS = {
    Status.IDEA: "idea",
    Status.DRAFT: "draft",
    Status.PROPOSED: "proposed",
    Status.AGREED: "agreed",
    Status.RESERVATIONS: "agreed with reservations",
    Status.PARKED: "parked",
    Status.WITHDRAWN: "withdrawn",
}
#: Most items of one group, so that a page and a version stay readable.
MOST = 2_000

Access = Literal["write", "read"]


class MayWrite(NamedTuple):
    """Whether an actor may change an item's words now and, where not, the sentence that says why."""

    access: Access
    reason: str


@dataclass(frozen=True)
class Entry:
    """One line of the tree as it is read: the item, how deep it stands, its parent and its texts."""

    item: Item
    depth: int
    parent: Item | None
    documents: Mapping[Field, Document]

    def words(self, field: Field) -> str:
        """A text of the item; empty when it has none."""
        document = self.documents.get(field)
        return "" if document is None else document.text

    @property
    def title(self) -> str:
        """The item's title as it stands."""
        return self.words(Field.TITLE)

    @property
    def mark(self) -> str:
        """What the item's words are known by as they stand."""
        return documents.mark_of(self.documents)

    @property
    def now_under(self) -> str:
        """The reference of the parent where the item was moved away from the one that named it, else empty."""
        return now_under(self.item, self.parent)


def now_under(item: Item, parent: Item | None) -> str:
    """The parent's reference where it is not the one the item's own reference was made under, else empty."""
    if parent is None or item.reference[1:].rpartition(".")[0] == parent.reference[1:]:
        return ""
    return parent.reference


def access_item(session: Session, actor: Actor, item_id: int, can: Can, *, group_id: int | None = None) -> Item:
    """An item and the right to it. With ``group_id``, an item of another group is not found either.

    Raises NotFound, Forbidden.
    """
    item = access(session, actor, Item, item_id, can)
    if group_id is not None and item.group_id != group_id:
        raise NotFound()
    return item


@dataclass(frozen=True)
class Rights:
    """What an actor may do with the items of one group at one moment; ``voted`` are those with an open vote.

    ``within`` are the items whose words a guest may write: those their session is about. None: no such bound.
    """

    role: Role
    voted: frozenset[int]
    within: frozenset[int] | None = None

    @property
    def may_add(self) -> bool:
        """Whether items may be added, moved and withdrawn at all."""
        return allowed(self.role, Can.ITEM_WRITE)

    @property
    def may_settle(self) -> bool:
        """Whether agreed may be given and taken."""
        return allowed(self.role, Can.ITEM_SETTLE)

    def words(self, item: Item) -> MayWrite:
        """Whether the item's words may be changed."""
        if not allowed(self.role, Can.TEXT_WRITE):
            return MayWrite("read", "Your role lets you read this, not change it.")
        if self.within is not None and item.id not in self.within:
            return MayWrite("read", "Guests write in what the session is about. Ask the facilitator to turn to it.")
        if item.status is Status.WITHDRAWN:
            return MayWrite("read", "Withdrawn: restore it to change it.")
        if item.status in SETTLED and not self.may_settle:
            return MayWrite("read", "Agreed: ask a facilitator to reopen")
        if item.id in self.voted:
            return MayWrite("read", "The vote on these words is open: they cannot change until it closes.")
        return MayWrite("write", "")

    def suggesting(self, item: Item) -> bool:
        """Whether other words may be suggested for the item."""
        return allowed(self.role, Can.TEXT_SUGGEST) and item.status is not Status.WITHDRAWN

    def commenting(self, item: Item) -> bool:
        """Whether one may comment on the item's words."""
        return allowed(self.role, Can.COMMENT_WRITE) and item.status is not Status.WITHDRAWN

    def standing(self, item: Item) -> bool:
        """Whether the item may be moved, withdrawn or given another status."""
        return self.may_add and item.id not in self.voted and (item.status not in SETTLED or self.may_settle)


def rights(session: Session, actor: Actor, group_id: int, *, item_id: int | None = None) -> Rights:
    """The actor's rights over the items of a group, or over one of them. Raises NotFound for people outside it."""
    found = require(session, actor, group_id, Can.ITEM_READ)
    within = _of_session(session, found.meeting_id) if found.role is Role.GUEST else None
    return Rights(found.role, frozenset(items_voted_on(session, group_id, item_id)), within)


def _of_session(session: Session, meeting_id: int | None) -> frozenset[int]:
    """The items a session is about: the one it is at, those of its run sheet, and those it voted on."""
    queries = (
        select(Meeting.current_item_id).where(Meeting.id == meeting_id),
        select(Stage.item_id).where(Stage.meeting_id == meeting_id),
        select(Poll.item_id).where(Poll.meeting_id == meeting_id),
    )
    found = (one for query in queries for one in session.execute(query).scalars())
    return frozenset(one for one in found if one is not None)


def may_write(session: Session, actor: Actor, item: Item) -> MayWrite:
    """Whether the actor may change the item's words at this moment: the one place that decides it.

    Pages ask it to show or hide an editor, the live text asks it for every push inside the push's transaction (with
    the item's row held, so that no vote opens in between). Raises NotFound for people who may not even read it.
    """
    return rights(session, actor, item.group_id, item_id=item.id).words(item)


def items_voted_on(session: Session, group_id: int, item_id: int | None = None) -> set[int]:
    """Items of a group on which a vote is open now (only ``item_id``, where given)."""
    query = select(Poll.item_id).where(Poll.group_id == group_id, Poll.closed_at.is_(None), Poll.cancelled_at.is_(None))
    if item_id is not None:
        query = query.where(Poll.item_id == item_id)
    return set(session.execute(query).scalars())


def must_be_free(session: Session, items: Iterable[Item]) -> None:
    """Raises Conflict while a vote is open on any of the items: nobody changes what is being voted on."""
    wanted = list(items)
    voted = items_voted_on(session, wanted[0].group_id) if wanted else set()
    for item in wanted:
        if item.id in voted:
            raise Conflict(f"A vote on {item.reference} is open. Wait until it closes.", code="vote_open")


def must_stand(session: Session, item: Item) -> None:
    """Raises Conflict when the item is withdrawn: nothing of it changes until it is restored."""
    if item.status is Status.WITHDRAWN:
        found = merge_of(session, item)
        what = "Restore it first." if found is None else f"It was merged into {found[0].reference}: go on there."
        raise Conflict(f"{item.reference} is withdrawn. {what}", code="withdrawn")


def merge_of(session: Session, item: Item) -> tuple[Item, ItemDescent] | None:
    """For an item that is withdrawn because it was merged into another one: that one, and how it came there."""
    return merges_of(session, [item]).get(item.id)


def went_to(session: Session, item: Item) -> Item:
    """Where the words of an item go on: in itself, or in the last of those that it was merged into, one by one."""
    while (found := merge_of(session, item)) is not None:
        item = found[0]
    return item


def merges_of(session: Session, some: Iterable[Item]) -> dict[int, tuple[Item, ItemDescent]]:
    """The same for those of some items that are withdrawn so, by their ids."""
    gone = [item.id for item in some if item.status is Status.WITHDRAWN]
    if not gone:
        return {}
    into, other = aliased(Item), aliased(Item)
    rows = session.execute(
        select(into, ItemDescent)
        .join(ItemDescent, ItemDescent.item_id == into.id).join(other, other.id == ItemDescent.from_id)
        .where(
            other.id.in_(gone), ItemDescent.how == Descent.MERGE, ItemDescent.at == other.changed_at,
            ItemDescent.undone_at.is_(None),
        )
        .order_by(ItemDescent.id)
    ).all()  # fmt: skip
    return {row.from_id: (one, row) for one, row in rows}


def must_settle(session: Session, actor: Actor, items: Iterable[Item]) -> None:
    """Raises Forbidden when any of the items is agreed and the actor is no facilitator."""
    for item in items:
        if item.status in SETTLED:
            found = require(session, actor, item.group_id, Can.ITEM_WRITE)
            if not allowed(found.role, Can.ITEM_SETTLE):
                raise Forbidden(f"{item.reference} is agreed: ask a facilitator to reopen it.", code="agreed")


def must_go_along(session: Session, actor: Actor, items: Iterable[Item]) -> None:
    """The same of items that go along where what they stand under is moved or merged, and Conflict while a vote is open
    on any of them."""
    going = list(items)
    for item in going:
        if item.status in SETTLED:
            found = require(session, actor, item.group_id, Can.ITEM_WRITE)
            if not allowed(found.role, Can.ITEM_SETTLE):
                raise Forbidden(
                    f"{item.reference} would go along, and is agreed: ask a facilitator to do this.", code="agreed"
                )
    must_be_free(session, going)


# --- reading ---


def items_of(session: Session, group_id: int) -> list[Item]:
    """All items of a group in tree order: principles (person-centred first), then each element with its branch."""
    rows = session.execute(select(Item).where(Item.group_id == group_id).order_by(Item.position, Item.id)).scalars()
    under: dict[int | None, list[Item]] = {}
    for item in rows:
        under.setdefault(item.parent_id, []).append(item)
    families = list(PrincipleGroup)
    top = under.get(None, [])
    top.sort(key=lambda item: families.index(item.principle_group) if item.principle_group else len(families))
    ordered: list[Item] = []
    waiting = top[::-1]
    while waiting:
        item = waiting.pop()
        ordered.append(item)
        waiting.extend(reversed(under.get(item.id, [])))
    return ordered


def branch_of(session: Session, item: Item, *more: Item) -> list[Item]:
    """Items of a group and all that stands under them, in tree order."""
    inside = {item.id, *(one.id for one in more)}
    branch = []
    for one in items_of(session, item.group_id):
        if one.id in inside or one.parent_id in inside:
            inside.add(one.id)
            branch.append(one)
    return branch


def tree(uow: UnitOfWork, actor: Actor, group_id: int, *, withdrawn: bool = True) -> list[Entry]:
    """The blueprint in tree order with all texts, in a fixed number of queries.

    Withdrawn items are left out unless ``withdrawn``. Raises NotFound, Forbidden.
    """
    require(uow.session, actor, group_id, Can.ITEM_READ)
    ordered = items_of(uow.session, group_id)
    texts: dict[int, dict[Field, Document]] = {}
    query = select(Document).where(Document.group_id == group_id, Document.item_id.is_not(None))
    for document in uow.session.execute(query).scalars():
        if document.item_id is not None:
            texts.setdefault(document.item_id, {})[document.field] = document
    by_id = {item.id: item for item in ordered}
    entries = []
    for item in ordered:
        parent = by_id[item.parent_id] if item.parent_id is not None else None
        if withdrawn or item.status is not Status.WITHDRAWN:
            entries.append(Entry(item, DEPTHS[item.kind], parent, texts.get(item.id, {})))
    return entries


def entry_of(uow: UnitOfWork, actor: Actor, item_id: int, *, group_id: int | None = None) -> Entry:
    """One item as the tree would show it. Raises NotFound, Forbidden."""
    item = access_item(uow.session, actor, item_id, Can.ITEM_READ, group_id=group_id)
    return entries_of(uow, actor, item.group_id, [item.id])[item.id]


def entries_of(uow: UnitOfWork, actor: Actor, group_id: int, ids: Collection[int]) -> dict[int, Entry]:
    """Some items of a group as the tree would show them, by id; foreign ones are left out.

    Raises NotFound, Forbidden.
    """
    require(uow.session, actor, group_id, Can.ITEM_READ)
    query = select(Item).where(Item.group_id == group_id, Item.id.in_(ids))
    found = {item.id: item for item in uow.session.execute(query).scalars()}
    above = {item.parent_id for item in found.values() if item.parent_id is not None}
    parents = {item.id: item for item in uow.session.execute(select(Item).where(Item.id.in_(above))).scalars()}
    texts = documents.documents_of(uow.session, found)
    return {
        item.id: Entry(item, DEPTHS[item.kind], parents.get(item.parent_id or 0), texts.get(item.id, {}))
        for item in found.values()
    }


# --- adding ---


def add_item(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    kind: Kind,
    title: str,
    parent_id: int | None = None,
    text: str = "",
    why: str = "",
    summary: str = "",
    status: Status = Status.IDEA,
    principle_group: PrincipleGroup | None = None,
    note_text: str = "",
    reference: str | None = None,
    told: Callable[[Item], str] | None = None,
) -> Item:
    """Add an item as the last under its parent (or among its kind at the top), with its four texts.

    ``reference`` is the one it had where it comes from; else it gets the next one. ``told`` says what is noted about it
    instead of "added".

    Raises Invalid for a wrong parent or title, NotFound for a foreign one, Forbidden by role, Conflict when the parent
    is withdrawn or all is full.
    """
    adding = Adding(uow, actor, group_id)
    item = adding.add(
        kind=kind, title=title, under=parent_id, text=text, why=why, summary=summary, status=status,
        principle_group=principle_group, note_text=note_text, reference=reference, told=told,
    )  # fmt: skip
    adding.store()
    return item


class Adding:
    """Items on their way into a group: each is looked at when it comes, and all are stored together.

    So many take hardly more statements than one. The group is held from the beginning, so that nobody else adds to it.
    Raises NotFound, Forbidden.
    """

    def __init__(self, uow: UnitOfWork, actor: Actor, group_id: int) -> None:
        uow.lock(Group, group_id)
        require(uow.session, actor, group_id, Can.ITEM_WRITE)
        self._uow, self._actor, self._group_id = uow, actor, group_id
        #: How many items the group has, with those that wait.
        self.count = count(uow.session, group_id)
        self._waiting: list[_New] = []
        self._rows: dict[tuple[Kind, str | None, PrincipleGroup | None], int] = {}
        self._counters: dict[str, ReferenceCounter] = {}
        self._taken: set[str] | None = None

    def add(
        self, *, kind: Kind, title: str, under: int | Item | None = None, text: str = "", why: str = "",
        summary: str = "", status: Status = Status.IDEA, principle_group: PrincipleGroup | None = None,
        note_text: str = "", reference: str | None = None, told: Callable[[Item], str] | None = None,
    ) -> Item:  # fmt: skip
        """An item as ``add_item`` makes it, without an id until it is stored; ``under`` may be one that waits too.

        Raises as ``add_item``; what is refused does not wait.
        """
        session = self._uow.session
        if status in SETTLED:
            require(session, self._actor, self._group_id, Can.ITEM_SETTLE)
        texts = {Field.TITLE: check_title(title)}
        parent = check_parent(session, self._group_id, kind, under)
        if kind is Kind.PRINCIPLE and principle_group is None:
            raise Invalid("Choose a family.", fields={"principle_group": "Choose person-centred or organisational"})
        if self.count >= MOST:
            raise Conflict(f"A blueprint holds at most {MOST:,} items.")
        for field, words in ((Field.TEXT, text), (Field.WHY, why), (Field.SUMMARY, summary)):
            texts[field] = documents.clean(field, words)
        family = principle_group if kind is Kind.PRINCIPLE else None
        item = Item(
            group_id=self._group_id, kind=kind, status=status, principle_group=family, note=note_text,
            reference=self._reference(kind, parent, reference), position=self._position(kind, parent, family),
            created_at=self._uow.now, created_by_id=self._actor.person_id, changed_at=self._uow.now,
        )  # fmt: skip
        self._waiting.append(_New(item, parent, texts, told))
        self.count += 1
        return item

    def store(self) -> list[Item]:
        """Store what waits, with its texts, and say so."""
        uow = self._uow
        uow.session.add_all(self._counters.values())
        for depth in sorted(set(DEPTHS.values())):  # a parent has its id before what stands under it
            row = [new for new in self._waiting if DEPTHS[new.item.kind] == depth]
            for new in row:
                new.item.parent_id = new.parent.id if new.parent is not None else None
            uow.session.add_all(new.item for new in row)
            uow.flush()
        beginnings = [
            documents.Beginning(field, words, item_id=new.item.id)
            for new in self._waiting for field, words in new.texts.items()
        ]  # fmt: skip
        documents.create_documents(uow, self._actor, group_id=self._group_id, beginnings=beginnings)
        for item, _, texts, told in self._waiting:
            sentence = told(item) if told is not None else f"added {item.reference} “{texts[Field.TITLE]}”"
            note(uow, self._actor, sentence, group_id=self._group_id, item_id=item.id)
            uow.emit(TreeChanged(self._group_id))
            uow.emit(ItemChanged(self._group_id, item.id))
        stored, self._waiting = [new.item for new in self._waiting], []
        return stored

    def _position(self, kind: Kind, parent: Item | None, family: PrincipleGroup | None) -> int:
        """The end of the row in which an item comes to stand."""
        row = (kind, parent.reference if parent is not None else None, family)
        if row not in self._rows:
            parent_id = parent.id if parent is not None else None
            is_new = parent is not None and parent_id is None
            self._rows[row] = 0 if is_new else _counted(
                self._uow.session, _row(self._group_id, kind, parent_id, family)
            )  # fmt: skip
        self._rows[row] += 1
        return self._rows[row] - 1

    def _reference(self, kind: Kind, parent: Item | None, wanted: str | None) -> str:
        """The wanted reference, or the next under a parent: counted, so that none is ever given twice."""
        prefix, number = LETTERS[kind] + ("" if parent is None else parent.reference[1:] + "."), 0
        if wanted is not None:
            found = _REFERENCES[kind].fullmatch(wanted)
            if found is None or wanted in self._references():
                raise Invalid(f"{wanted[:20]} cannot be the reference of a {kind.value} here.")
            prefix, number = found[1], int(found[2])
        if prefix not in self._counters:
            known = self._uow.session.get(ReferenceCounter, (self._group_id, prefix))
            self._counters[prefix] = known or ReferenceCounter(group_id=self._group_id, prefix=prefix, last=0)
        counter = self._counters[prefix]
        counter.last = max(counter.last, number) if number else counter.last + 1
        given = f"{prefix}{number or counter.last}"
        if self._taken is not None:
            self._taken.add(given)
        return given

    def _references(self) -> set[str]:
        """The references of the group, with those that wait: read where one is wanted, as many will be."""
        if self._taken is None:
            query = select(Item.reference).where(Item.group_id == self._group_id)
            self._taken = {*self._uow.session.execute(query).scalars(), *(new.item.reference for new in self._waiting)}
        return self._taken


class _New(NamedTuple):
    """An item that waits to be stored, its parent, its texts, and what is noted about it."""

    item: Item
    parent: Item | None
    texts: dict[Field, str]
    told: Callable[[Item], str] | None


def check_title(title: str) -> str:
    """The title on one line. Raises Invalid when it is empty, too long or unstorable."""
    title = documents.clean(Field.TITLE, title)
    if not title:
        raise Invalid("Give it a title.", fields={"title": "Enter a title"})
    return title


def check_parent(session: Session, group_id: int, kind: Kind, under: int | Item | None) -> Item | None:
    """The parent an item of ``kind`` may stand under. Raises Invalid; NotFound if foreign; Conflict if withdrawn."""
    wanted = PARENT_OF.get(kind)
    if wanted is None:
        if under is not None:
            raise Invalid("Principles and core elements stand at the top.", fields={"parent_id": "Leave this empty"})
        return None
    name = "a core element" if wanted is Kind.ELEMENT else "a criterion"
    if under is None:
        raise Invalid(f"A {kind.value} stands under {name}.", fields={"parent_id": f"Choose {name}"})
    parent = session.get(Item, under) if isinstance(under, int) else under
    if parent is None or parent.group_id != group_id:
        raise NotFound()
    if parent.kind is not wanted:
        raise Invalid(f"A {kind.value} stands under {name}.", fields={"parent_id": f"Choose {name}"})
    must_stand(session, parent)
    return parent


def siblings(
    session: Session, group_id: int, kind: Kind, parent_id: int | None, family: PrincipleGroup | None
) -> list[Item]:
    """The items that share a parent, or a kind and family at the top, in order; withdrawn ones too."""
    query = select(Item).where(*_row(group_id, kind, parent_id, family)).order_by(Item.position, Item.id)
    return list(session.execute(query).scalars())


def _row(group_id: int, kind: Kind, parent_id: int | None, family: PrincipleGroup | None) -> list[ColumnElement[bool]]:
    """Which items stand in one row."""
    row = [Item.group_id == group_id, Item.kind == kind, Item.parent_id == parent_id]
    return row if family is None else [*row, Item.principle_group == family]


def count(session: Session, group_id: int) -> int:
    """How many items a group has, withdrawn ones too."""
    return _counted(session, [Item.group_id == group_id])


def _counted(session: Session, which: Iterable[ColumnElement[bool]]) -> int:
    return session.execute(select(func.count()).select_from(Item).where(*which)).scalar_one()


def references(some: Collection[Item]) -> str:
    """Items as they stand in a sentence: the first few by reference, and how many more."""
    names = [item.reference for item in some]
    if len(names) > NAMED:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# --- status ---


def set_status(
    uow: UnitOfWork, actor: Actor, *, item_id: int, status: Status, seen: str = "", given: Status | None = None,
    group_id: int | None = None,
) -> Item:  # fmt: skip
    """Bring an item to a status. Agreed ones, to and from, belong to facilitators; withdrawing is in ``outline.py``.

    Who takes back that an item was ``given`` a status does not set back what somebody has made of it since: Conflict.

    Who says that words are agreed, or takes that back, has read them: where ``seen``, the mark of what they read, is
    given and the words are others by now, it is a Conflict.

    Open editors of the item join again when their right changes.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    item = _hold(uow, actor, item_id, group_id)
    if given is not None and item.status is not given:
        raise Conflict(f"{item.reference} is {STATUS_WORDS[item.status]} by now: that is left as it is.")
    if status is Status.WITHDRAWN or item.status is Status.WITHDRAWN:
        raise Invalid("Withdraw or restore the item instead.", fields={"status": "Withdraw or restore it instead"})
    if item.status is status:
        return item
    must_settle(uow.session, actor, [item])
    if status in SETTLED:
        require(uow.session, actor, item.group_id, Can.ITEM_SETTLE)
    must_be_free(uow.session, [item])
    if seen and not SETTLED.isdisjoint({status, given}):
        texts = uow.lock_all(Document, [each.id for each in _texts(uow.session, item).values()])
        if documents.mark_of({each.field: each for each in texts}) != seen:
            raise Conflict(f"The words of {item.reference} are others than you read. Read them as they are now first.")
    give_status(uow, item, status)
    note(uow, actor, f"moved {item.reference} to {STATUS_WORDS[status]}", group_id=item.group_id, item_id=item.id)
    return item


def reopen(uow: UnitOfWork, actor: Actor, *, item_id: int, group_id: int | None = None) -> Item:
    """Make an agreed item a draft again, open to all members; its decision stays on record. Facilitators only."""
    item = _hold(uow, actor, item_id, group_id)
    require(uow.session, actor, item.group_id, Can.ITEM_SETTLE)
    if item.status not in SETTLED:
        raise Conflict(f"{item.reference} is not agreed, so there is nothing to reopen.")
    must_be_free(uow.session, [item])
    give_status(uow, item, Status.DRAFT)
    note(uow, actor, f"reopened {item.reference}", group_id=item.group_id, item_id=item.id)
    return item


def give_status(uow: UnitOfWork, item: Item, status: Status) -> None:
    """Write a status and tell everyone; no right is asked here. Editors join again where a right may have changed."""
    locks = SETTLED | {Status.WITHDRAWN}
    if (item.status in locks) or (status in locks):
        for document in _texts(uow.session, item).values():
            documents.reset(uow, document)
    item.status, item.changed_at = status, uow.now
    uow.emit(ItemChanged(item.group_id, item.id))


def _texts(session: Session, item: Item) -> dict[Field, Document]:
    return documents.documents_of(session, [item.id]).get(item.id, {})


def _hold(uow: UnitOfWork, actor: Actor, item_id: int, group_id: int | None) -> Item:
    """The item, held against other writers, with the right to write it."""
    item = access_item(uow.session, actor, item_id, Can.ITEM_WRITE, group_id=group_id)
    return uow.lock(Item, item.id)
