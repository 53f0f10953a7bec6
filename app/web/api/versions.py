"""Frozen versions: lock one, read one with the fingerprint that anyone can check."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from app.policy import Can
from app.services import groups, version_files, versions
from app.web.api.calls import Sent, Shown, bp, calling, documented, sent
from app.web.forms import LARGEST_ID


class Version(Shown):
    """A version; `content` is what `sha256` was made of, and `how_to_check` says how."""

    id: int
    number: int
    title: str
    locked_at: datetime
    rests_on: str
    sha256: str
    how_to_check: str
    content: dict[str, Any]


class NewVersion(Sent):
    """A version rests on a decision of the group, or on a reason that is printed."""

    title: Annotated[str, Field(max_length=200)] = ""
    decision_id: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""
    with_ideas: bool = False
    with_parked: bool = False


@bp.post("/groups/<slug>/versions")
@documented(Version, tag="versions", status=201, body=NewVersion, refusals=(403, 404, 409, 422))
def lock_version(slug: str) -> Version:
    """Lock the blueprint as it stands into the next version; the draft stays writable."""
    given = sent(NewVersion)
    with calling(writing=True) as (uow, actor):
        group, _standing = groups.access_group(uow.session, actor, slug, Can.VERSION_FREEZE)
        made = versions.freeze(uow, actor, group_id=group.id, **given.model_dump())
        whole = versions.read(uow, actor, version_id=made.id)
    return _shown(whole)


@bp.get("/versions/<int:version_id>")
@documented(Version, tag="versions")
def read_version(version_id: int) -> Version:
    """One version with all its items as they were locked."""
    with calling() as (uow, actor):
        whole = versions.read(uow, actor, version_id=version_id)
    return _shown(whole)


def _shown(whole: versions.Whole) -> Version:
    version = whole.version
    return Version(
        id=version.id,
        number=version.number,
        title=version.title,
        locked_at=version.frozen_at,
        rests_on=version_files.grounds(whole),
        sha256=version.sha256,
        how_to_check=version_files.CHECK,
        content=versions.content(version.title, whole.items, whole.terms),
    )
