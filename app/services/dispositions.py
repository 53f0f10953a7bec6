"""What the group did: experts' comments, suggestions and ideas in one table, each with its answer.

A suggestion is answered where it is accepted or rejected, an idea by what becomes of the item; only what experts wrote
is answered here. Comments are put under themes by one person and signed off by a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, true
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.events import RoundChanged
from app.policy import Actor, Can, access, require
from app.services import suggestions
from app.services.accounts import names_of
from app.services.activity import note
from app.services.documents import documents_of, words_in
from app.services.rounds import counting
from app.uow import UnitOfWork
from models.dispositions import Coding, Disposition, DispositionItem, DispositionOutcome, RemarkTheme, Theme
from models.items import Item, Status
from models.suggestions import SuggestionState
from models.validation import Expert, Remark, RemarkKind, Round, RoundState
from models.versions import VersionItem

LONGEST_WHY = 2_000
MOST_THEMES = 60
MOST_THEMES_EACH = 6
#: What an answered suggestion, and an item's status, say in the words of this table.
BY_SUGGESTION = {
    SuggestionState.ACCEPTED: DispositionOutcome.ADOPTED,
    SuggestionState.PARTLY: DispositionOutcome.ADAPTED,
    SuggestionState.REJECTED: DispositionOutcome.NOT_ADOPTED,
}
BY_STATUS = {Status.PARKED: DispositionOutcome.DEFERRED}


@dataclass(frozen=True)
class Answer:
    """What was done, why, by whom and when; ``items`` are those whose words that changed: (id, reference)."""

    outcome: DispositionOutcome
    why: str
    items: tuple[tuple[int, str], ...] = ()
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the table.

    ``source`` is "expert", "suggestion" or "idea"; ``about`` the reference and title of what it speaks of. Of experts'
    comments ``id`` is the remark's, and ``themes``, ``coded_by`` and ``checked_by`` say how it was read; of others
    ``item_id`` leads to where they are answered.
    """

    source: str
    id: int
    words: str
    about: tuple[str, str] | None
    answer: Answer | None
    kind: RemarkKind | None = None
    round_id: int | None = None
    round_number: int | None = None
    themes: tuple[str, ...] = ()
    coded_by: str = ""
    checked_by: str = ""
    coder_id: int | None = None
    item_id: int | None = None


@dataclass(frozen=True)
class Table:
    """All entries that were asked for, and how many there are of each kind in all."""

    entries: list[Entry]
    open: int
    answered: int
    by_source: dict[str, int]
    themes: list[tuple[str, int]]
    unchecked: int
    may_code: bool
    may_answer: bool


def read_table(
    uow: UnitOfWork, actor: Actor, *, group_id: int, source: str = "", theme: str = "", show: str = ""
) -> Table:
    """The table: all of it, or one ``source``, one ``theme``, or to ``show`` only "open", "answered" or "unchecked"."""
    standing = require(uow.session, actor, group_id, Can.DISPOSITION_READ)
    everything = [*_remarks(uow, group_id), *_suggested(uow, actor, group_id), *_ideas(uow.session, group_id)]
    wanted = [each for each in everything if source in {"", each.source} and (not theme or theme in each.themes)]
    if show in {"open", "answered"}:
        wanted = [each for each in wanted if (each.answer is not None) == (show == "answered")]
    elif show == "unchecked":
        wanted = [each for each in wanted if each.coded_by and not each.checked_by]
    themes = Counter(name for each in everything for name in each.themes)
    answered = sum(each.answer is not None for each in everything)
    return Table(
        entries=wanted,
        open=len(everything) - answered,
        answered=answered,
        by_source=dict(Counter(each.source for each in everything)),
        themes=sorted(themes.items(), key=lambda each: (-each[1], each[0].casefold())),
        unchecked=sum(bool(each.coded_by) and not each.checked_by for each in everything),
        may_code=standing.may(Can.REMARK_CODE),
        may_answer=standing.may(Can.DISPOSITION_WRITE),
    )


def answer(
    uow: UnitOfWork,
    actor: Actor,
    *,
    remark_id: int,
    outcome: DispositionOutcome,
    why: str,
    item_ids: Collection[int] = (),
    group_id: int | None = None,
) -> Disposition:
    """Say what the group did about a released comment, why, and which items' words that changed.

    Said again, it replaces what was said before. Raises Invalid with a sentence for each field, NotFound for a comment
    that the group does not read.
    """
    remark, round_ = _released(uow, actor, remark_id, Can.DISPOSITION_WRITE, group_id)
    why = why.replace("\r\n", "\n").strip()
    fields: dict[str, str] = {}
    if not 3 <= len(why) <= LONGEST_WHY or "\0" in why:
        fields["why"] = f"Say why, in 3 to {LONGEST_WHY:,} characters: the expert reads it"
    wanted = set(item_ids)
    known = select(Item.id).where(Item.group_id == round_.group_id, Item.id.in_(wanted))
    if wanted != set(uow.session.execute(known).scalars()):
        fields["item_ids"] = "Choose items of this blueprint"
    if fields:
        raise Invalid("The answer was not saved.", fields=fields)
    found = uow.session.get(Disposition, remark.id)
    if found is None:
        found = Disposition(remark_id=remark.id, group_id=round_.group_id)
        uow.session.add(found)
    if (found.outcome, found.why) != (outcome, why):
        found.told_at = None  # the expert has been told something else
    found.outcome, found.why = outcome, why
    found.decided_by_id, found.decided_at = actor.person_id, uow.now
    uow.flush()
    uow.session.execute(delete(DispositionItem).where(DispositionItem.remark_id == remark.id))
    if outcome in _CHANGES:  # what was not adopted changed no words
        uow.session.add_all(DispositionItem(remark_id=remark.id, item_id=each) for each in sorted(wanted))
        uow.flush()
    note(uow, actor, f"answered a comment of an expert: {outcome.value}", group_id=round_.group_id)
    uow.emit(RoundChanged(round_.group_id, round_.id))
    return found


def take_back(uow: UnitOfWork, actor: Actor, *, remark_id: int, group_id: int | None = None) -> None:
    """Take an answer back: the comment is open again."""
    remark, round_ = _released(uow, actor, remark_id, Can.DISPOSITION_WRITE, group_id)
    for table in (DispositionItem, Disposition):
        uow.session.execute(delete(table).where(table.remark_id == remark.id))
    uow.emit(RoundChanged(round_.group_id, round_.id))


def code(
    uow: UnitOfWork, actor: Actor, *, remark_id: int, themes: Sequence[str], group_id: int | None = None
) -> tuple[str, ...]:
    """Put a comment under themes, by their names; a new name is a new theme. A second reader signs it off afterwards.

    The same themes again change nothing. Raises Invalid for too many, or a name too long.
    """
    remark, round_ = _released(uow, actor, remark_id, Can.REMARK_CODE, group_id)
    spelled: dict[str, str] = {}
    for name in themes:
        if name.strip():
            spelled.setdefault(" ".join(name.split()).casefold(), " ".join(name.split()))
    names = list(spelled.values())
    if len(names) > MOST_THEMES_EACH or any(len(name) > 80 or "\0" in name for name in names):
        sentence = f"At most {MOST_THEMES_EACH} themes of at most 80 characters each"
        raise Invalid(sentence + ".", fields={"themes": sentence})
    rows = uow.session.execute(select(Theme).where(Theme.group_id == round_.group_id)).scalars()
    known = {row.name.casefold(): row for row in rows}
    fresh = [name for name in names if name.casefold() not in known]
    if len(known) + len(fresh) > MOST_THEMES:
        sentence = f"There are {len(known)} themes already: use those, or merge some"
        raise Invalid(sentence + ".", fields={"themes": sentence})
    for name in fresh:
        known[name.casefold()] = Theme(group_id=round_.group_id, name=name, created_at=uow.now)
        uow.session.add(known[name.casefold()])
    uow.flush()
    wanted = {known[name.casefold()].id for name in names}
    before = set(uow.session.execute(select(RemarkTheme.theme_id).where(RemarkTheme.remark_id == remark.id)).scalars())
    coding = uow.session.get(Coding, remark.id)
    if coding is None or wanted != before:
        uow.session.execute(delete(RemarkTheme).where(RemarkTheme.remark_id == remark.id))
        uow.session.add_all(RemarkTheme(remark_id=remark.id, theme_id=each) for each in wanted)
        if coding is None:
            coding = Coding(remark_id=remark.id)
            uow.session.add(coding)
        coding.coded_by_id, coding.coded_at = actor.person_id, uow.now
        coding.checked_by_id = coding.checked_at = None
        uow.flush()
        _forget_unused(uow.session, round_.group_id)
        uow.emit(RoundChanged(round_.group_id, round_.id))
    return tuple(known[name.casefold()].name for name in names)


def sign_off(uow: UnitOfWork, actor: Actor, *, group_id: int, remark_ids: Iterable[int] | None = None) -> int:
    """Sign off, as the second reader, how others have put comments under themes: these, or all that wait; how many.

    Raises NotFound for one of another group, Conflict when all that wait were coded by the same person who asks.
    """
    require(uow.session, actor, group_id, Can.REMARK_CODE)
    query = (
        select(Coding)
        .join(Remark, Remark.id == Coding.remark_id)
        .join(Round, Round.id == Remark.round_id)
        .where(Round.group_id == group_id, Coding.checked_at.is_(None))
    )
    if remark_ids is not None:
        named = [_released(uow, actor, each, Can.REMARK_CODE, group_id)[0].id for each in remark_ids]
        query = query.where(Coding.remark_id.in_(named))
    waiting = list(uow.session.execute(query).scalars())
    theirs = [each for each in waiting if each.coded_by_id != actor.person_id]
    if waiting and not theirs:
        raise Conflict("You put these under their themes yourself: somebody else reads them a second time.")
    for each in theirs:
        each.checked_by_id, each.checked_at = actor.person_id, uow.now
    if theirs:
        note(uow, actor, f"signed off the themes of {len(theirs)} comments", group_id=group_id)
    return len(theirs)


def rename_theme(uow: UnitOfWork, actor: Actor, *, group_id: int, name: str, new: str) -> None:
    """Give a theme another name; the name of another theme merges the two. Raises NotFound, Invalid."""
    require(uow.session, actor, group_id, Can.REMARK_CODE)
    new = " ".join(new.split())
    if not 1 <= len(new) <= 80 or "\0" in new:
        raise Invalid("Use 1 to 80 characters.", fields={"new": "Use 1 to 80 characters"})
    rows = uow.session.execute(select(Theme).where(Theme.group_id == group_id)).scalars()
    known = {row.name: row for row in rows}
    theme = known.get(name)
    if theme is None:
        raise NotFound()
    other = next((row for row in known.values() if row.name.casefold() == new.casefold() and row is not theme), None)
    if other is None:
        theme.name = new
        return
    has = set(uow.session.execute(select(RemarkTheme.remark_id).where(RemarkTheme.theme_id == other.id)).scalars())
    for row in list(uow.session.execute(select(RemarkTheme).where(RemarkTheme.theme_id == theme.id)).scalars()):
        uow.session.delete(row)
        if row.remark_id not in has:
            uow.session.add(RemarkTheme(remark_id=row.remark_id, theme_id=other.id))
    uow.flush()
    uow.session.delete(theme)


def answers_of(session: Session, remark_ids: Iterable[int]) -> dict[int, Answer]:
    """The answers to some comments, by the comment."""
    asked = list(remark_ids)
    rows = session.execute(select(Disposition).where(Disposition.remark_id.in_(asked))).scalars().all()
    names = names_of(session, [row.decided_by_id for row in rows])
    changed: dict[int, list[tuple[int, str]]] = {}
    for remark_id, item_id, reference in session.execute(
        select(DispositionItem.remark_id, Item.id, Item.reference)
        .join(Item, Item.id == DispositionItem.item_id)
        .where(DispositionItem.remark_id.in_(asked))
        .order_by(Item.id)
    ):
        changed.setdefault(remark_id, []).append((item_id, reference))
    return {
        row.remark_id: Answer(
            row.outcome, row.why, tuple(changed.get(row.remark_id, ())), names.get(row.decided_by_id or 0, ""),
            row.decided_at,
        )
        for row in rows
    }  # fmt: skip


def themes_of(session: Session, remark_ids: Iterable[int]) -> dict[int, list[str]]:
    """The themes of some comments in the order of the alphabet, by the comment."""
    found: dict[int, list[str]] = {}
    named = select(RemarkTheme.remark_id, Theme.name).join(Theme, Theme.id == RemarkTheme.theme_id)
    for remark_id, name in session.execute(
        named.where(RemarkTheme.remark_id.in_(list(remark_ids))).order_by(Theme.name)
    ):
        found.setdefault(remark_id, []).append(name)
    return found


def behind(session: Session, *, group_id: int, references: Iterable[str]) -> dict[str, list[tuple[str, Answer]]]:
    """The released comments that changed some items, with the answer to each, by the items' references.

    So every difference between two versions is traced to what caused it.
    """
    rows = session.execute(
        select(Remark, Item.reference)
        .join(DispositionItem, DispositionItem.remark_id == Remark.id)
        .join(Item, Item.id == DispositionItem.item_id)
        .where(Item.group_id == group_id, Item.reference.in_(list(references)), Remark.released.is_not(None))
        .order_by(Remark.id)
    ).all()  # fmt: skip
    answers = answers_of(session, [remark.id for remark, _reference in rows])
    found: dict[str, list[tuple[str, Answer]]] = {}
    for remark, reference in rows:
        found.setdefault(reference, []).append((remark.released or "", answers[remark.id]))
    return found


#: Outcomes that change words.
_CHANGES = frozenset({DispositionOutcome.ADOPTED, DispositionOutcome.ADAPTED, DispositionOutcome.MERGED})


def became(
    session: Session, *, round_ids: Iterable[int], expert: Expert
) -> list[tuple[Remark, VersionItem | None, Answer | None]]:
    """What became of one expert's own comments in some rounds, as they wrote them: of the last round first, and then in
    the order of the blueprint. Those from before they had another address are left out.
    """
    rows = session.execute(
        select(Remark, VersionItem)
        .outerjoin(VersionItem, VersionItem.id == Remark.version_item_id)
        .join(Round, Round.id == Remark.round_id)
        .where(Remark.round_id.in_(list(round_ids)), Remark.expert_id == expert.id)
        .where(true() if expert.moved_at is None else Remark.written_at > expert.moved_at)
        .order_by(Round.number.desc(), VersionItem.position.is_(None), VersionItem.position, Remark.id)
    ).all()
    answers = answers_of(session, [remark.id for remark, _item in rows])
    return [(remark, item, answers.get(remark.id)) for remark, item in rows]


def _released(uow: UnitOfWork, actor: Actor, remark_id: int, can: Can, group_id: int | None) -> tuple[Remark, Round]:
    """A comment as the group reads it, held; and its round. Raises NotFound, Forbidden."""
    remark = uow.session.get(Remark, remark_id)
    if remark is None:
        raise NotFound()
    round_ = access(uow.session, actor, Round, remark.round_id, can)
    if group_id is not None and round_.group_id != group_id:
        raise NotFound()
    remark = uow.lock(Remark, remark_id)
    if remark.released is None or remark.expert_id not in counting(uow.session, round_.id):
        raise NotFound()
    return remark, round_


def _remarks(uow: UnitOfWork, group_id: int) -> list[Entry]:
    session = uow.session
    found = session.execute(
        select(Remark, Round, VersionItem)
        .join(Round, Round.id == Remark.round_id)
        .outerjoin(VersionItem, VersionItem.id == Remark.version_item_id)
        .where(Round.group_id == group_id, Round.state == RoundState.CLOSED, Remark.released.is_not(None))
    ).all()
    counted = {round_id: counting(session, round_id) for round_id in {round_.id for _remark, round_, _item in found}}
    rows: list[tuple[Remark, Round, VersionItem | None]] = [
        (remark, round_, item) for remark, round_, item in found if remark.expert_id in counted[round_.id]
    ]
    rows.sort(
        key=lambda row: (
            -row[1].number, row[2].position if row[2] else 100_000, uow.keys.hash("shuffle", f"remark {row[0].id}"),
        )
    )  # fmt: skip
    ids = [remark.id for remark, _round, _item in rows]
    answers = answers_of(session, ids)
    themes = themes_of(session, ids)
    codings = {
        each.remark_id: each for each in session.execute(select(Coding).where(Coding.remark_id.in_(ids))).scalars()
    }
    people = names_of(session, [who for each in codings.values() for who in (each.coded_by_id, each.checked_by_id)])

    def who(remark_id: int, part: str) -> str:
        coding = codings.get(remark_id)
        person_id = getattr(coding, part) if coding else None
        return people.get(person_id, "Somebody who has left") if person_id else ""

    return [
        Entry(
            source="expert", id=remark.id, words=remark.released or "", answer=answers.get(remark.id),
            about=(item.reference, item.title) if item else None, kind=remark.kind, round_id=round_.id,
            round_number=round_.number, themes=tuple(themes.get(remark.id, ())),
            coded_by=who(remark.id, "coded_by_id"), checked_by=who(remark.id, "checked_by_id"),
            coder_id=codings[remark.id].coded_by_id if remark.id in codings else None,
            item_id=item.item_id if item else None,
        )
        for remark, round_, item in rows
    ]  # fmt: skip


def _suggested(uow: UnitOfWork, actor: Actor, group_id: int) -> list[Entry]:
    found = []
    for decided in (False, True):
        for shown, item in suggestions.in_group(uow, actor, group_id=group_id, decided=decided):
            state = shown.suggestion.state
            if state is SuggestionState.WITHDRAWN:
                continue
            outcome = BY_SUGGESTION.get(state)
            given = shown.suggestion
            found.append(
                Entry(
                    source="suggestion", id=given.id, words=shown.after, about=(item.reference, ""), item_id=item.id,
                    answer=Answer(
                        outcome, given.answer, ((item.id, item.reference),), shown.decided_by, given.decided_at
                    ) if outcome else None,
                )
            )  # fmt: skip
    return found


def _ideas(session: Session, group_id: int) -> list[Entry]:
    rows = list(
        session.execute(
            select(Item).where(Item.group_id == group_id, Item.status.in_([Status.IDEA, *BY_STATUS])).order_by(Item.id)
        ).scalars()
    )
    documents = documents_of(session, [item.id for item in rows])
    found = []
    for item in rows:
        words = words_in(documents.get(item.id, {}))
        outcome = BY_STATUS.get(item.status)
        found.append(
            Entry(
                source="idea", id=item.id, words=words["text"] or words["title"],
                about=(item.reference, words["title"]), item_id=item.id,
                answer=Answer(outcome, item.note) if outcome else None,
            )
        )  # fmt: skip
    return found


def _forget_unused(session: Session, group_id: int) -> None:
    used = select(RemarkTheme.theme_id)
    session.execute(delete(Theme).where(Theme.group_id == group_id, Theme.id.not_in(used)))
