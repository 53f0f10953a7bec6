"""People and how they come in: actors, sign-ins, passwords, one-time links and personal tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.calc.dialect import clean
from app.errors import Conflict, Invalid
from app.mail import check_address
from app.policy import VISITOR, Actor, require_administrator
from app.secrets import Keys, new_token
from app.uow import UnitOfWork
from models.accounts import AccessToken, Person, SignIn

SIGN_IN_LASTS = timedelta(days=30)
#: That a sign-in or token is in use is written at most this often, so that reading a page seldom writes.
SEEN_EVERY = timedelta(minutes=10)


def _actor(
    person: Person,
    *,
    sign_in_id: int | None = None,
    access_token_id: int | None = None,
    seen_at: datetime | None = None,
) -> Actor:
    return Actor(
        person_id=person.id,
        name=person.name,
        email=person.email,
        is_administrator=person.is_administrator,
        sign_in_id=sign_in_id,
        access_token_id=access_token_id,
        seen_at=seen_at,
    )


def actor_of_cookie(session: Session, keys: Keys, token: str | None, now: datetime) -> Actor:
    """Who a sign-in cookie stands for at this moment; a visitor when it is revoked, expired or unknown."""
    if not token:
        return VISITOR
    return _actor_where(session, SignIn.token_hash == keys.hash("sign_in", token), now)


def actor_of_sign_in(session: Session, sign_in_id: int, now: datetime) -> Actor:
    """Who an open socket stands for at this moment, by the sign-in it was opened with."""
    return _actor_where(session, SignIn.id == sign_in_id, now)


def _actor_where(session: Session, condition: object, now: datetime) -> Actor:
    row = session.execute(
        select(SignIn.id, SignIn.last_seen_at, Person)
        .join(Person, Person.id == SignIn.person_id)
        .where(
            condition,  # type: ignore[arg-type]  # a column expression
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > now,
            Person.disabled_at.is_(None),
            Person.erased_at.is_(None),
        )
    ).first()
    return VISITOR if row is None else _actor(row[2], sign_in_id=row[0], seen_at=row[1])


def actor_of_person(session: Session, person_id: int) -> Actor:
    """A person as an actor, for what only reads in their name; a visitor when the account is closed."""
    person = session.get(Person, person_id)
    if person is None or person.disabled_at is not None or person.erased_at is not None:
        return VISITOR
    return _actor(person)


def actor_of_access_token(session: Session, keys: Keys, token: str) -> Actor:
    """Who a personal access token stands for; a visitor when it is revoked or unknown."""
    return _actor_of_token_where(session, AccessToken.token_hash == keys.hash("access_token", token))


def actor_of_access_token_id(session: Session, access_token_id: int) -> Actor:
    """Who an open socket stands for at this moment, by the personal token it was opened with."""
    return _actor_of_token_where(session, AccessToken.id == access_token_id)


def _actor_of_token_where(session: Session, condition: object) -> Actor:
    row = session.execute(
        select(AccessToken.id, AccessToken.last_used_at, Person)
        .join(Person, Person.id == AccessToken.person_id)
        .where(
            condition,  # type: ignore[arg-type]  # a column expression
            AccessToken.revoked_at.is_(None),
            Person.disabled_at.is_(None),
            Person.erased_at.is_(None),
        )
    ).first()
    return VISITOR if row is None else _actor(row[2], access_token_id=row[0], seen_at=row[1])


def is_use_due(actor: Actor, now: datetime) -> bool:
    """Whether it is time to note that the sign-in or token an actor came with is in use; see ``note_use``."""
    if actor.sign_in_id is None and actor.access_token_id is None:
        return False
    return actor.seen_at is None or now - actor.seen_at >= SEEN_EVERY


def note_use(uow: UnitOfWork, actor: Actor) -> None:
    """Note that what the actor came with is in use, so that its owner can tell on the account page."""
    if actor.sign_in_id is not None:
        uow.session.execute(update(SignIn).where(SignIn.id == actor.sign_in_id).values(last_seen_at=uow.now))
    if actor.access_token_id is not None:
        used = update(AccessToken).where(AccessToken.id == actor.access_token_id)
        uow.session.execute(used.values(last_used_at=uow.now))


def start_sign_in(uow: UnitOfWork, person: Person, *, device: str, lasts: timedelta = SIGN_IN_LASTS) -> str:
    """Sign a person in on one device; the token returned goes into the cookie and is stored only as a hash."""
    token = new_token()
    uow.session.add(
        SignIn(
            person_id=person.id,
            token_hash=uow.keys.hash("sign_in", token),
            device=device[:200],
            created_at=uow.now,
            last_seen_at=uow.now,
            expires_at=uow.now + lasts,
        )
    )
    return token


def find_person(session: Session, email: str) -> Person | None:
    """The person with this address, in any case."""
    return session.execute(select(Person).where(Person.email == email.strip().lower())).scalar_one_or_none()


def create_person(uow: UnitOfWork, actor: Actor, *, email: str, name: str, administrator: bool = False) -> Person:
    """Create an account without a password. Raises Invalid for a bad address or name, Conflict for a taken address."""
    require_administrator(actor)
    return add_person(uow, email=email, name=name, administrator=administrator)


def add_person(uow: UnitOfWork, *, email: str, name: str, administrator: bool = False) -> Person:
    """The row behind create_person and accepted invitations: no right is asked here."""
    address, name = check_address(email), check_name(name)
    if find_person(uow.session, address) is not None:
        raise Conflict(f"There is already an account for {address}.")
    person = Person(email=address, name=name, is_administrator=administrator, created_at=uow.now)
    uow.session.add(person)
    uow.flush()
    return person


def check_name(name: str, *, field: str = "name") -> str:
    """A person's name as it is kept: spaces made single, and no signs that turn what stands beside it around.

    Raises Invalid, beside ``field``, when empty or too long.
    """
    name = " ".join(clean(name).split())
    if not 1 <= len(name) <= 120:
        sentence = "Enter a name of at most 120 characters"
        raise Invalid(sentence, fields={field: sentence})
    return name


def names_of(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """The names of some people, by id; those who are nobody are passed over."""
    wanted = {each for each in ids if each is not None}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def initials(name: str) -> str:
    """At most two capitals for a name, of its first and last word; words that begin with a mark are passed over."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0].upper() for word in (words[:1] + words[-1:] if len(words) > 1 else words))
