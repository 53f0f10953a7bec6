"""Sources: what is cited, where it stands, and how we know of it."""

from __future__ import annotations

import re
from collections.abc import Container
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, Invalid, NotFound
from app.events import EvidenceChanged
from app.policy import Actor, Can, access, require
from app.services.activity import note
from app.uow import UnitOfWork
from models.evidence import Finding, Provenance, Source
from models.groups import Group

#: Most sources of a group, withdrawn ones too: they are listed on one page.
MOST = 5_000
LONGEST_CITE = 1_000
LONGEST_ADDRESS = 1_000
#: A DOI as Crossref registers them: https://www.crossref.org/blog/dois-and-matching-regular-expressions/
DOI = re.compile(r"10\.\d{4,9}/[-._;()/:a-z0-9]+", re.IGNORECASE)


def access_source(session: Session, actor: Actor, source_id: int, can: Can, *, group_id: int | None = None) -> Source:
    """A source and the right to it. With ``group_id``, one of another group is not found either.

    Raises NotFound, Forbidden.
    """
    source = access(session, actor, Source, source_id, can)
    if group_id is not None and source.group_id != group_id:
        raise NotFound()
    return source


def add_source(
    uow: UnitOfWork,
    actor: Actor,
    *,
    group_id: int,
    cite: str,
    doi: str = "",
    url: str = "",
    provenance: Provenance = Provenance.GIVEN,
    key: str = "",
) -> Source:
    """A new source. ``key`` is its short name in files; one is made where none is given.

    Raises Invalid with a sentence for each field, Conflict for a key that is there already, or one source too many.
    """
    adding = Adding(uow, actor, group_id)
    source = adding.add(cite=cite, doi=doi, url=url, provenance=provenance, key=key)
    adding.store()
    _tell(uow, actor, source, "added the source")
    return source


class Adding:
    """Sources on their way into a group: each is looked at when it comes, and all are stored together.

    The group is held from the beginning. Raises NotFound, Forbidden.
    """

    def __init__(self, uow: UnitOfWork, actor: Actor, group_id: int) -> None:
        require(uow.session, actor, group_id, Can.EVIDENCE_WRITE)
        uow.lock(Group, group_id)
        self._uow, self._actor, self._group_id = uow, actor, group_id
        known = uow.session.execute(select(Source.key, Source.cite).where(Source.group_id == group_id)).all()
        self._cites = {cite for _, cite in known}
        #: Each key with the last number that was put behind it.
        self._keys = dict.fromkeys((key for key, _ in known), 1)
        self._waiting: list[Source] = []
        #: Sources by citation and by DOI, once one is looked for.
        self._found_by: dict[str, Source] = {}
        self._is_read = False
        #: How many withdrawn ones were restored because they came again.
        self.restored = 0

    def add(
        self, *, cite: str, doi: str = "", url: str = "", provenance: Provenance = Provenance.GIVEN, key: str = ""
    ) -> Source:
        """A source as ``add_source`` makes it, without an id until it is stored. Raises Invalid, Conflict."""
        if len(self._cites) >= MOST:
            raise Conflict(f"A group holds at most {MOST:,} sources.")
        source = Source(
            group_id=self._group_id, key="", cite="", provenance=provenance, created_at=self._uow.now,
            created_by_id=self._actor.person_id,
        )  # fmt: skip
        _fill(source, self._cites, cite=cite, doi=doi, url=url, provenance=provenance)
        source.key = self._key(key or source.cite, is_given=bool(key))
        self._cites.add(source.cite)
        self._waiting.append(source)
        # Not by its DOI: chapters of one book that come together share one, and are two sources.
        self._found_by.setdefault(source.cite, source)
        return source

    def again(self, cite: str, doi: str = "", *, beside: Container[str] = ()) -> Source | None:
        """The source of the group with this citation or DOI, or the one that waits with this citation.

        By its DOI it is none that is cited as one of those that come ``beside``: chapters of one book share a DOI. A
        withdrawn one is restored.
        """
        if not self._is_read:
            self._is_read = True
            query = select(Source).where(Source.group_id == self._group_id).order_by(Source.id)
            for each in self._uow.session.execute(query).scalars():
                self._found_by.setdefault(each.cite, each)
                if each.doi:
                    self._found_by.setdefault(f"doi:{each.doi.lower()}", each)
        found = self._found_by.get(" ".join(cite.split()))
        if found is None:
            found = self._found_by.get(f"doi:{bare(doi).lower()}")
            if found is not None and found.cite in beside:
                return None
        if found is not None and found.withdrawn_at is not None:
            found.withdrawn_at = None
            self.restored += 1
        return found

    def store(self) -> None:
        """Store what waits; the caller says so."""
        self._uow.session.add_all(self._waiting)
        self._uow.flush()
        self._waiting = []

    def _key(self, words: str, *, is_given: bool) -> str:
        key = re.sub(r"[^a-z0-9]+", "_", words.casefold()).strip("_")[:48] or "source"
        if is_given and key in self._keys:
            raise Conflict(f"There is already a source with the short name {key}.")
        made, number = key, self._keys.get(key, 1)
        while made in self._keys:
            number += 1
            made = f"{key}_{number}"
        self._keys |= {made: 1, key: number}
        return made


def edit_source(
    uow: UnitOfWork,
    actor: Actor,
    *,
    source_id: int,
    cite: str,
    doi: str,
    url: str,
    provenance: Provenance,
    group_id: int | None = None,
) -> Source:
    """Change what a source says of itself. Raises NotFound, Forbidden, Invalid, Conflict."""
    source = _hold(uow, actor, source_id, group_id)
    others = select(Source.cite).where(Source.group_id == source.group_id, Source.id != source.id)
    known = set(uow.session.execute(others).scalars())
    _fill(source, known, cite=cite, doi=doi, url=url, provenance=provenance)
    _tell(uow, actor, source, "changed the source")
    return source


def withdraw_source(uow: UnitOfWork, actor: Actor, *, source_id: int, group_id: int | None = None) -> Source:
    """Take a source out of the room; it can be restored. Raises Conflict while findings rest on it."""
    source = _hold(uow, actor, source_id, group_id)
    resting = select(Finding.id).where(Finding.source_id == source.id, Finding.withdrawn_at.is_(None)).limit(1)
    if uow.session.execute(resting).first() is not None:
        raise Conflict("Findings rest on this source. Withdraw them first.", code="in_use")
    if source.withdrawn_at is None:
        source.withdrawn_at = uow.now
        _tell(uow, actor, source, "withdrew the source")
    return source


def restore_source(uow: UnitOfWork, actor: Actor, *, source_id: int, group_id: int | None = None) -> Source:
    """Bring a withdrawn source back. Raises NotFound, Forbidden."""
    source = _hold(uow, actor, source_id, group_id)
    if source.withdrawn_at is not None:
        source.withdrawn_at = None
        _tell(uow, actor, source, "restored the source")
    return source


def _hold(uow: UnitOfWork, actor: Actor, source_id: int, group_id: int | None) -> Source:
    source = access_source(uow.session, actor, source_id, Can.EVIDENCE_WRITE, group_id=group_id)
    return uow.lock(Source, source.id)


def _fill(source: Source, others: Container[str], *, cite: str, doi: str, url: str, provenance: Provenance) -> None:
    """Write what a source says of itself; ``others`` is what the group's other sources cite. Raises Invalid."""
    cite, doi, url = " ".join(cite.split()), bare(doi), url.strip()
    fields = {}
    if not 3 <= len(cite) <= LONGEST_CITE or not is_storable(cite):
        fields["cite"] = f"Say what is cited, in 3 to {LONGEST_CITE:,} characters"
    if doi and not is_doi(doi):
        fields["doi"] = "Enter a DOI such as 10.1108/JICA-03-2015-0015, or leave it empty"
    if url and not is_address(url):
        fields["url"] = "Enter an address that begins with https:// or http://, or leave it empty"
    if not fields and cite in others:
        fields["cite"] = "This source is in the room already"
    if fields:
        raise Invalid("The source was not saved.", fields=fields)
    source.cite, source.doi, source.url, source.provenance = cite, doi, url, provenance


def is_storable(text: str) -> bool:
    """Whether a text holds only characters that every database and file takes."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def is_doi(doi: str) -> bool:
    """Whether this is a DOI, bare or as an address."""
    return DOI.fullmatch(bare(doi)) is not None and len(bare(doi)) <= 300


def is_address(url: str) -> bool:
    """Whether an address may stand in a link: http or https, with a host, without spaces."""
    if len(url) > LONGEST_ADDRESS or any(char.isspace() or not char.isprintable() for char in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def bare(doi: str) -> str:
    """A DOI without the address that leads to it."""
    doi = doi.strip()
    for head in ("https://doi.org/", "http://doi.org/", "https://dx.doi.org/", "http://dx.doi.org/", "doi:"):
        if doi.lower().startswith(head):
            return doi[len(head) :].strip()
    return doi


def _tell(uow: UnitOfWork, actor: Actor, source: Source, what: str) -> None:
    note(uow, actor, f"{what} “{source.cite[:120]}”", group_id=source.group_id)
    uow.emit(EvidenceChanged(source.group_id))
