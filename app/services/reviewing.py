"""What an expert sees in an open round: the list of tasks with its progress, and one criterion exactly as frozen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.calc.differences import Segment
from app.errors import NotFound
from app.services import rating
from app.services.dispositions import Answer, became
from app.services.protocols import Dimension
from app.services.rating import Stored, answers_of, whole_of
from app.services.results import Comment, released_on
from app.services.rounds import closed_before, last_rated, protocol_of, round_before, version_of, with_items
from app.services.seating import Place
from app.services.verdicts import Band, Figures, figures_of, stored_result
from app.services.versions import reworded
from app.uow import UnitOfWork
from models.items import Kind
from models.validation import Rating, Remark, RemarkKind, Round, RoundResult
from models.versions import Version, VersionItem


class Node(Protocol):
    """An item's place in the tree: all that telling how far an expert is asks for. Pages have the `VersionItem`."""

    @property
    def id(self) -> int: ...
    @property
    def reference(self) -> str: ...
    @property
    def parent_reference(self) -> str | None: ...
    @property
    def kind(self) -> Kind: ...


N = TypeVar("N", bound=Node)


@dataclass(frozen=True)
class Task:
    """One page of the review: ``kind`` is item, missing or whole. ``state`` is done, begun, open or optional."""

    kind: str
    item: Node | None
    answered: int
    asked: int
    has_comment: bool
    wants_comment: bool

    @property
    def state(self) -> str:
        """done, begun, open, or optional for a question one need not answer."""
        if self.asked == 0:
            return "done" if self.has_comment else "optional"
        if self.answered == self.asked:
            return "done"
        return "begun" if self.answered or self.has_comment else "open"


@dataclass(frozen=True)
class Section:
    """An element with its tasks; None gathers what stands under no element."""

    element: Node | None
    tasks: list[Task]


@dataclass(frozen=True)
class Review:
    """All tasks in order, and how far the expert is (in answers).

    ``stored`` and ``items`` (of the whole version, empty when no words were asked for) are what it was made from.
    """

    place: Place
    sections: list[Section]
    whole: Task | None
    answered: int
    asked: int
    stored: Stored
    items: list[VersionItem]

    @property
    def saved_at(self) -> datetime | None:
        """When the expert last changed a score or a comment."""
        return self.stored.saved_at

    @property
    def tasks(self) -> list[Task]:
        """Every page in order."""
        tasks = [task for section in self.sections for task in section.tasks]
        return [*tasks, self.whole] if self.whole else tasks

    @property
    def open(self) -> list[Task]:
        """What still needs an answer."""
        return [task for task in self.tasks if task.state in {"open", "begun"}]

    @property
    def is_complete(self) -> bool:
        """Whether every question has an answer."""
        return self.answered == self.asked

    def task(self, kind: str, version_item_id: int) -> Task:
        """The page about an item, ``kind`` item or missing. Raises NotFound where the round has no such page."""
        for task in self.tasks:
            if task.kind == kind and task.item is not None and task.item.id == version_item_id:
                return task
        raise NotFound()

    def given(self, task: Task) -> list[Question]:
        """The questions of a page with the expert's own answers, to look through."""
        if task.kind == "missing":
            return []
        asked = self.place.dimensions if task.item is not None else whole_of(self.place)
        about = task.item.id if task.item else None
        return [Question(each, _written(self.stored, about, each.key), None) for each in asked]

    def words(self, task: Task) -> list[tuple[RemarkKind, str]]:
        """What the expert wrote on a page, each with what it is."""
        kinds = {"item": (RemarkKind.COMMENT, RemarkKind.WORDING), "missing": (RemarkKind.MISSING,)}
        about = task.item.id if task.item else None
        wanted = kinds.get(task.kind, (RemarkKind.WHOLE,))
        return [(kind, words) for kind in wanted if (words := self.stored.remarks.get((about, kind), ""))]

    def after(self, task: Task) -> Task | None:
        """Where to go after a page: the next that has something to answer, then earlier ones; None when all is done."""
        tasks = self.tasks
        place = tasks.index(task)
        ahead = [each for each in tasks[place + 1 :] if each.state != "done"]
        behind = [each for each in tasks[:place] if each.state in {"open", "begun"}]
        return next(iter(ahead + behind), None)

    def before(self, task: Task) -> Task | None:
        """The page before, whatever its state."""
        place = self.tasks.index(task)
        return self.tasks[place - 1] if place else None


#: How "cannot judge" is typed where answers are typed.
CANNOT = "x"


@dataclass(frozen=True)
class Feedback:
    """What the round before said of one question: own score and the panel's; None where there was none or too few.

    ``groups`` are the medians of the groups that the protocol compares, where they may be shown.
    """

    own: int | None
    own_given: bool
    median: float | None
    distribution: tuple[int, ...]
    n: int | None
    groups: tuple[Band, ...] = ()


@dataclass(frozen=True)
class Question:
    """One question about an item with the expert's own answer: ``stored`` None is unanswered, "" cannot judge."""

    dimension: Dimension
    stored: str | None
    feedback: Feedback | None

    @property
    def typed(self) -> str:
        """The answer as it is typed in the grid: empty, a number, or `CANNOT` for "cannot judge"."""
        return CANNOT if self.stored == "" else self.stored or ""

    @property
    def wants_comment(self) -> bool:
        """Whether the score is so low that a comment is asked for."""
        return bool(self.stored) and self.dimension.is_low(int(self.stored or 0))


@dataclass(frozen=True)
class Page:
    """One criterion as frozen, what stands under it, and the expert's answers.

    ``reworded``: the texts that differ from those last rated, as (field, segments); ``said``: what experts wrote about
    it then, as released.
    """

    review: Review
    task: Task
    element: VersionItem | None
    specifications: list[VersionItem]
    questions: list[Question]
    comment: str
    wording: str
    reworded: list[tuple[str, list[Segment]]]
    said: tuple[Comment, ...]
    number: int
    count: int


_TREE = with_items(VersionItem)


def review_of(uow: UnitOfWork, place: Place) -> Review:
    """The expert's tasks: criteria by element, what is missing under each, and the whole at the end."""
    of = {"round": place.round.id, "version": place.round.version_id}
    tree: list[tuple[VersionItem, bool]] = [(item, rated) for item, rated in uow.session.execute(_TREE, of)]
    return _review(place, tree, answers_of(uow.session, place), [item for item, _rated in tree])


def answer(
    uow: UnitOfWork,
    place: Place,
    scores: Mapping[rating.Question, int | None],
    words: Mapping[rating.About, str],
    was: Mapping[rating.About, str] | None = None,
) -> Review:
    """Keep what an expert entered, and say how far they are: a review without words. Raises as `rating.keep`."""
    outline, stored = rating.keep(uow, place, scores, words, was)
    return _review(place, [(item, item.is_rated) for item in outline], stored, [])


def _review(place: Place, tree: Sequence[tuple[Node, bool]], stored: Stored, items: list[VersionItem]) -> Review:
    by_reference = {item.reference: item for item, _rated in tree}
    sections: dict[str, Section] = {}
    for item, rated in tree:
        if not rated:
            continue
        element = _element_of(item, by_reference)
        key = element.reference if element else ""
        section = sections.setdefault(key, Section(element, []))
        section.tasks.append(_task(place, item, stored))
    if place.protocol.ask_missing:
        for section in sections.values():
            if section.element is not None:
                text = stored.remarks.get((section.element.id, RemarkKind.MISSING), "")
                section.tasks.append(Task("missing", section.element, 0, 0, bool(text), False))
    whole = whole_of(place)
    whole_task = None
    if whole:
        answered = sum((None, each.key) in stored.scores for each in whole)
        whole_task = Task("whole", None, answered, len(whole), (None, RemarkKind.WHOLE) in stored.remarks, False)
    tasks = [task for section in sections.values() for task in section.tasks] + ([whole_task] if whole_task else [])
    return Review(
        place=place,
        sections=list(sections.values()),
        whole=whole_task,
        answered=sum(task.answered for task in tasks),
        asked=sum(task.asked for task in tasks),
        stored=stored,
        items=items,
    )


def item_page(uow: UnitOfWork, place: Place, *, version_item_id: int) -> Page:
    """The page of one rated item. Raises NotFound for an item this round does not rate."""
    review = review_of(uow, place)
    task = review.task("item", version_item_id)
    rated = [each for each in review.tasks if each.kind == "item"]
    item, stored = next(each for each in review.items if each.id == version_item_id), review.stored
    earlier = _Earlier(uow, place)
    return Page(
        review=review,
        task=task,
        element=_element_of(item, {each.reference: each for each in review.items}),
        specifications=[each for each in review.items if each.parent_reference == item.reference],
        questions=[
            Question(each, _written(stored, item.id, each.key), earlier.feedback(item, each))
            for each in place.dimensions
        ],
        comment=stored.remarks.get((item.id, RemarkKind.COMMENT), ""),
        wording=stored.remarks.get((item.id, RemarkKind.WORDING), ""),
        reworded=earlier.reworded(item),
        said=earlier.said(item),
        number=rated.index(task) + 1,
        count=len(rated),
    )


@dataclass(frozen=True)
class Row:
    """One criterion of the grid: its task, its questions, and whether its words differ from the round before."""

    task: Task
    questions: list[Question]
    is_reworded: bool

    @property
    def looks_back(self) -> bool:
        """Whether something is shown of when its words were last rated."""
        return any(each.feedback is not None for each in self.questions)


def grid_page(
    uow: UnitOfWork, place: Place, *, looking_back: bool = True
) -> tuple[Review, list[tuple[Section, list[Row]]]]:
    """All criteria at once, by element; without ``looking_back`` nothing is said of the round before."""
    review = review_of(uow, place)
    items = {item.id: item for item in review.items}
    earlier = _Earlier(uow, place) if looking_back else None

    def row(task: Task) -> Row:
        item = items[task.item.id] if task.item else None
        asked = [
            Question(
                each,
                _written(review.stored, item.id, each.key),
                earlier.feedback(item, each) if earlier is not None else None,
            )
            for each in (place.dimensions if item is not None else ())
            if item is not None
        ]
        return Row(task, asked, item is not None and earlier is not None and earlier.is_reworded(item))

    return review, [
        (section, [row(task) for task in section.tasks if task.kind == "item"]) for section in review.sections
    ]


@dataclass(frozen=True)
class Opening:
    """What stands around the list of tasks.

    ``looks_back``: the expert rated in the round before too, and is shown what it said. ``became``: what became of the
    expert's own comments in all rounds before, each with the item it was about and the answer.
    """

    version: Version
    looks_back: bool
    became: list[tuple[Remark, VersionItem | None, Answer | None]]


def opening_of(uow: UnitOfWork, place: Place) -> Opening:
    """Of which version, and what the round before has to say to this expert."""
    before = round_before(uow.session, place.round)
    own = became(uow.session, round_ids=closed_before(uow.session, place.round), expert=place.expert)
    return Opening(version_of(uow.session, place.round), _looks_back(uow.session, place, before), own)


def missing_page(uow: UnitOfWork, place: Place, *, version_item_id: int) -> tuple[Review, Task, str]:
    """The page that asks what is missing under an element, and what the expert wrote there. Raises NotFound."""
    review = review_of(uow, place)
    task = review.task("missing", version_item_id)
    return review, task, review.stored.remarks.get((version_item_id, RemarkKind.MISSING), "")


def whole_page(uow: UnitOfWork, place: Place) -> tuple[Review, Task, list[Question], str]:
    """The page about the blueprint as a whole. Raises NotFound when the round does not ask."""
    review = review_of(uow, place)
    if review.whole is None:
        raise NotFound()
    questions = [Question(each, _written(review.stored, None, each.key), None) for each in whole_of(place)]
    return review, review.whole, questions, review.stored.remarks.get((None, RemarkKind.WHOLE), "")


def _looks_back(session: Session, place: Place, before: Round | None) -> bool:
    if before is None or place.protocol.feedback == "none":
        return False
    return session.execute(select(Rating.id).where(*_own(place, before)).limit(1)).first() is not None


def _own(place: Place, round_: Round) -> list[ColumnElement[bool]]:
    """Which ratings of an earlier round the expert may be shown as their own: none from before another address."""
    own = [Rating.round_id == round_.id, Rating.expert_id == place.expert.id]
    return own if place.expert.moved_at is None else [*own, Rating.rated_at > place.expert.moved_at]


class _Earlier:
    """The rounds before: what the last one that rated an item said of the same words, and what was reworded since."""

    def __init__(self, uow: UnitOfWork, place: Place) -> None:
        self._uow, self._place = uow, place
        self._rated = last_rated(uow.session, place.round.panel_id, below=place.round.number)
        self._shows = place.protocol.feedback
        self._read: dict[str, dict[str, Figures]] = {}
        self._stored: dict[int, RoundResult] = {}  # the session forgets what nobody holds
        self._own: dict[int, dict[tuple[int | None, str], int | None]] = {}

    def said(self, item: VersionItem) -> tuple[Comment, ...]:
        """What experts wrote about an item, where whoever wrote was told that others would read it."""
        if item.reference not in self._rated:
            return ()
        round_, then = self._rated[item.reference]
        return released_on(self._uow, round_, then) if protocol_of(round_).share_comments else ()

    def is_reworded(self, item: VersionItem) -> bool:
        """Whether other words were rated then; never where nothing is told of it."""
        if item.reference not in self._rated or self._shows == "none":
            return False
        return self._rated[item.reference][1].words_sha256 != item.words_sha256

    def reworded(self, item: VersionItem) -> list[tuple[str, list[Segment]]]:
        """The texts that differ from those rated then; none where nothing does, or nothing is told of it."""
        return reworded(self._rated[item.reference][1], item) if self.is_reworded(item) else []

    def feedback(self, item: VersionItem, dimension: Dimension) -> Feedback | None:
        """What to show beside one question, or None."""
        if item.reference not in self._rated or self._shows == "none":
            return None
        round_, then = self._rated[item.reference]
        figures = self._figures(round_, item.reference).get(dimension.key)
        if then.words_sha256 != item.words_sha256 or figures is None or figures.dimension.scale != dimension.scale:
            return None
        own, key = self._own_in(round_), (then.id, dimension.key)
        return Feedback(
            own=own.get(key),
            own_given=key in own,
            median=figures.median,
            distribution=figures.distribution if self._shows == "distribution" else (),
            n=figures.n,
            groups=figures.groups if self._shows == "groups" else (),
        )

    def _figures(self, round_: Round, reference: str) -> dict[str, Figures]:
        if round_.id not in self._stored:
            self._stored[round_.id] = stored_result(self._uow.session, round_)
        if reference not in self._read:
            self._read[reference] = figures_of(round_, self._stored[round_.id], reference)
        return self._read[reference]

    def _own_in(self, round_: Round) -> dict[tuple[int | None, str], int | None]:
        """The expert's own scores in a round."""
        if round_.id not in self._own:
            query = select(Rating.version_item_id, Rating.dimension, Rating.value).where(*_own(self._place, round_))
            self._own[round_.id] = {(item_id, key): value for item_id, key, value in self._uow.session.execute(query)}
        return self._own[round_.id]


def _written(stored: Stored, item_id: int | None, dimension: str) -> str | None:
    if (item_id, dimension) not in stored.scores:
        return None
    value = stored.scores[item_id, dimension]
    return "" if value is None else str(value)


def _element_of(item: N, by_reference: dict[str, N]) -> N | None:
    """The element an item stands under (itself for an element); None for principles."""
    here: N | None = item
    while here is not None and here.kind is not Kind.ELEMENT:
        here = by_reference.get(here.parent_reference) if here.parent_reference else None
    return here


def _task(place: Place, item: Node, stored: Stored) -> Task:
    id_ = item.id
    given = [(each, stored.scores[id_, each.key]) for each in place.dimensions if (id_, each.key) in stored.scores]
    low = any(value is not None and each.is_low(value) for each, value in given)
    has_comment = (id_, RemarkKind.COMMENT) in stored.remarks
    return Task("item", item, len(given), len(place.dimensions), has_comment, low and not has_comment)
