"""``/me``, and what a group reads: its evidence, decisions and activity."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.policy import Can
from app.services import activity, decisions, exports, groups, memberships
from app.web.api.calls import Sent, Shown, asked, bp, calling, documented
from app.web.forms import LARGEST_ID


class MyGroup(Shown):
    """A group of the caller's: the role in it, and whom they speak for."""

    slug: str
    name: str
    role: str
    constituency: str | None


class Me(Shown):
    """Who the token stands for."""

    id: int
    email: str | None
    name: str
    groups: list[MyGroup]


class EvidenceSource(Shown):
    """Something cited; `provenance` says how it is known: read, recalled, invented for a demonstration."""

    id: int
    key: str
    cite: str
    doi: str
    url: str
    provenance: str


class EvidenceModel(Shown):
    """A contracting model that was reviewed."""

    id: int
    key: str
    name: str
    definition: str
    strength: str


class EvidenceFinding(Shown):
    """What a source says, how strong it is, and on which page."""

    id: int
    source_id: int
    model_id: int | None
    stance: str
    text: str
    page: str
    strength: str
    provenance: str


class EvidenceLink(Shown):
    """An arrow from a finding to an item: it supports, qualifies or contradicts it."""

    id: int
    finding_id: int
    item_id: int
    reference: str
    relation: str
    note: str


class Evidence(Shown):
    """All evidence of a group."""

    sources: list[EvidenceSource]
    models: list[EvidenceModel]
    findings: list[EvidenceFinding]
    links: list[EvidenceLink]


class Decision(Shown):
    """A numbered decision. `words_sha256` binds it to the words it was taken on, and to what their terms meant."""

    id: int
    number: int
    outcome: str
    sentence: str
    departs_because: str
    item_id: int | None
    item_reference: str
    meeting_number: int | None
    words_sha256: str | None
    standing: str
    superseded: bool
    decided_at: datetime


class Decisions(Shown):
    """The decision log."""

    decisions: list[Decision]


class ActivityLine(Shown):
    """One line of what happened."""

    id: int
    at: datetime
    name: str
    sentence: str
    item_id: int | None
    meeting_id: int | None


class Activity(Shown):
    """What happened, newest first."""

    activity: list[ActivityLine]


class ActivityQuery(Sent):
    """Which lines: at most ``limit``, older than ``before_id``."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    before_id: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = None


@bp.get("/me")
@documented(Me, tag="people", refusals=())
def me() -> Me:
    """Who the token stands for, and in which groups."""
    with calling() as (uow, actor):
        mine = [
            MyGroup(
                slug=each.group.slug,
                name=each.group.name,
                role=each.role.value,
                constituency=each.constituency.name if each.constituency else None,
            )
            for each in memberships.my_groups(uow, actor)
        ]
    return Me(id=actor.person_id or 0, email=actor.email, name=actor.name, groups=mine)


@bp.get("/groups/<slug>/evidence")
@documented(Evidence, tag="evidence")
def read_evidence(slug: str) -> Evidence:
    """Sources, contracting models, findings, and the links from findings to items."""
    with calling() as (uow, actor):
        group, _standing = groups.access_group(uow.session, actor, slug, Can.EVIDENCE_READ)
        found = exports.evidence_of(uow, actor, group_id=group.id)
    links = [
        EvidenceLink(
            id=link.id,
            finding_id=link.finding_id,
            item_id=link.item_id,
            reference=reference,
            relation=link.relation.value,
            note=link.note,
        )
        for link, reference in found.links
    ]
    return Evidence(
        sources=[EvidenceSource.model_validate(each) for each in found.sources],
        models=[EvidenceModel.model_validate(each) for each in found.models],
        findings=[EvidenceFinding.model_validate(each) for each in found.findings],
        links=links,
    )


@bp.get("/groups/<slug>/decisions")
@documented(Decisions, tag="decisions")
def read_decisions(slug: str) -> Decisions:
    """The decision log, newest first.

    `standing` says what has become of the words since: `stands`, `corrected`, `changed` or `no_words`.
    """
    with calling() as (uow, actor):
        group, _standing = groups.access_group(uow.session, actor, slug, Can.DECISION_READ)
        lines = decisions.list_decisions(uow, actor, group_id=group.id)
    return Decisions(decisions=[_decision(line) for line in lines])


@bp.get("/groups/<slug>/activity")
@documented(Activity, tag="activity", query=ActivityQuery, refusals=(403, 404, 422))
def read_activity(slug: str) -> Activity:
    """What happened, in words, newest first. For the next page send the last `id` as `before_id`."""
    query = asked(ActivityQuery)
    with calling() as (uow, actor):
        group, _standing = groups.access_group(uow.session, actor, slug, Can.ACTIVITY_READ)
        lines = activity.list_activity(
            uow, actor, group_id=group.id, before_id=query.before_id, limit=query.limit
        )  # fmt: skip
    return Activity(activity=[ActivityLine.model_validate(line) for line in lines])


def _decision(line: decisions.DecisionLine) -> Decision:
    made = line.decision
    return Decision(
        id=made.id,
        number=made.number,
        outcome=made.outcome.value,
        sentence=made.sentence,
        departs_because=made.departs_because,
        item_id=made.item_id,
        item_reference=line.item_reference,
        meeting_number=line.meeting_number,
        words_sha256=made.words_sha256,
        standing=line.standing,
        superseded=line.superseded,
        decided_at=made.decided_at,
    )
