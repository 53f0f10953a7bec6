"""Coming in and going out: passwords, mailed links and codes, resets, and the list of one's sign-ins.

What is tried at the door answers None rather than raising, so that failed attempts are counted in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from app.errors import Gone, Invalid, NotFound
from app.events import SignInEnded
from app.mail import compose, send
from app.policy import Actor
from app.secrets import new_code, new_token
from app.services import accounts, passwords
from app.uow import UnitOfWork
from models.accounts import OneTimeToken, Person, Purpose, SignIn

LASTS = {
    Purpose.SIGN_IN: timedelta(minutes=15),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.WELCOME: timedelta(days=7),
}
CODE_ATTEMPTS = 5
#: Links and codes one person can have mailed within an hour.
MAILS_AN_HOUR = 6


def _is_in(person: Person | None) -> bool:
    return person is not None and person.disabled_at is None and person.erased_at is None


@dataclass(frozen=True)
class Proof:
    """That somebody knows a person's password: against which stored hash, and a fresh one where that is outdated."""

    person_id: int
    stored: str
    renewed: str | None


def prove(uow: UnitOfWork, *, email: str, password: str) -> Proof | None:
    """What the right password proves, else None; nobody learns whether the address is known.

    Changes nothing: hashing takes long, so a shell asks in a transaction that holds nobody up.
    """
    person = accounts.find_person(uow.session, email)
    if not passwords.matches(person.password_hash if person else None, password) or person is None:
        return None
    stored = person.password_hash or ""
    renewed = passwords.hash_password(password) if passwords.is_outdated(stored) else None
    return Proof(person.id, stored, renewed)


def with_proof(uow: UnitOfWork, proof: Proof, *, device: str) -> str | None:
    """A sign-in token for a proof; None when the account is closed or the password was changed meanwhile."""
    person = uow.session.get(Person, proof.person_id)
    if person is None or not _is_in(person) or person.password_hash != proof.stored:
        return None
    if proof.renewed is not None:
        person.password_hash = proof.renewed
    return accounts.start_sign_in(uow, person, device=device)


def issue(uow: UnitOfWork, person: Person, purpose: Purpose) -> tuple[str, str]:
    """A one-time token and six-digit code for a person, good once and for a short time; only hashes are stored."""
    token, code = new_token(), new_code()
    uow.session.add(
        OneTimeToken(
            purpose=purpose,
            person_id=person.id,
            token_hash=uow.keys.hash(purpose.value, token),
            code_hash=uow.keys.hash("code", f"{person.id}.{code}"),
            created_at=uow.now,
            expires_at=uow.now + LASTS[purpose],
        )
    )
    return token, code


def _mails_lately(uow: UnitOfWork, person: Person) -> int:
    recent = select(OneTimeToken.id).where(
        OneTimeToken.person_id == person.id, OneTimeToken.created_at > uow.now - timedelta(hours=1)
    )
    return len(uow.session.execute(recent).all())


def mail_link(uow: UnitOfWork, *, email: str) -> None:
    """Mail a sign-in link and code, if there is such a person; the answer is the same if not."""
    _mail(uow, email, Purpose.SIGN_IN, "sign_in", "sign-in/link")


def mail_reset(uow: UnitOfWork, *, email: str) -> None:
    """Mail a link to set a new password, if there is such a person; the answer is the same if not."""
    _mail(uow, email, Purpose.RESET, "reset", "reset")


def _mail(uow: UnitOfWork, email: str, purpose: Purpose, template: str, path: str) -> None:
    person = accounts.find_person(uow.session, email)
    if person is None or person.email is None or not _is_in(person) or _mails_lately(uow, person) >= MAILS_AN_HOUR:
        return
    token, code = issue(uow, person, purpose)
    link = f"{uow.settings.base_url}/{path}/{token}"
    minutes = int(LASTS[purpose].total_seconds() // 60)
    letter = compose(template, person.email, name=person.name, link=link, code=code, minutes=minutes)
    send(uow, letter, until=uow.now + LASTS[purpose])


def _live_token(
    uow: UnitOfWork, token: str, purpose: Purpose, *, hold: bool = False
) -> tuple[OneTimeToken, Person] | None:
    """The token and its person; with ``hold`` for the one who is about to use it up."""
    query = (
        select(OneTimeToken, Person)
        .join(Person, Person.id == OneTimeToken.person_id)
        .where(
            OneTimeToken.token_hash == uow.keys.hash(purpose.value, token),
            OneTimeToken.purpose == purpose,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.expires_at > uow.now,
        )
    )
    row = uow.session.execute(query.with_for_update(of=OneTimeToken, key_share=True) if hold else query).first()
    return (row[0], row[1]) if row is not None and _is_in(row[1]) else None


def with_link(uow: UnitOfWork, *, token: str, device: str) -> str:
    """Use up a mailed link and sign its person in. Raises Gone when it is used, expired or unknown."""
    found = _live_token(uow, token, Purpose.SIGN_IN, hold=True)
    if found is None:
        raise Gone("This link has been used or has expired. Ask for a new one.")
    row, person = found
    row.used_at = uow.now
    return accounts.start_sign_in(uow, person, device=device)


def with_code(uow: UnitOfWork, *, email: str, code: str, device: str) -> str | None:
    """Use up a mailed six-digit code; None when it is wrong, and after five wrong ones a new mail is needed."""
    person = accounts.find_person(uow.session, email)
    if person is None or not _is_in(person):
        return None
    live = select(OneTimeToken).where(
        OneTimeToken.person_id == person.id,
        OneTimeToken.purpose == Purpose.SIGN_IN,
        OneTimeToken.used_at.is_(None),
        OneTimeToken.expires_at > uow.now,
        OneTimeToken.attempts < CODE_ATTEMPTS,
    )
    # Held, so that guesses made at the same moment are counted one after the other.
    held = live.order_by(OneTimeToken.id).with_for_update(key_share=True)
    digits = "".join(code.split())
    for row in uow.session.execute(held).scalars():
        if row.code_hash == uow.keys.hash("code", f"{person.id}.{digits}"):
            row.used_at = uow.now
            return accounts.start_sign_in(uow, person, device=device)
        row.attempts += 1
    return None


def owner_of(uow: UnitOfWork, *, token: str, purpose: Purpose) -> str:
    """The name on a welcome or reset link that still works, without using it up. Raises Gone."""
    found = _live_token(uow, token, purpose)
    if found is None:
        raise Gone("This link has been used or has expired. Ask for a new one.")
    return found[1].name


def set_password(uow: UnitOfWork, *, token: str, purpose: Purpose, password: str, device: str) -> str:
    """Use up a welcome or reset link, set the password, end all other sign-ins, and sign in. Raises Gone, Invalid."""
    found = _live_token(uow, token, purpose, hold=True)
    if found is None:
        raise Gone("This link has been used or has expired. Ask for a new one.")
    row, person = found
    person.password_hash = passwords.hash_password(password)
    row.used_at = uow.now
    end_sign_ins(uow, person.id)
    return accounts.start_sign_in(uow, person, device=device)


def change_password(uow: UnitOfWork, actor: Actor, *, current: str, new: str) -> None:
    """Change one's own password; other sign-ins end. Raises Invalid when the current one is wrong."""
    person = uow.session.get(Person, actor.person_id or 0)
    if person is None:
        raise NotFound()
    if person.password_hash is not None and not passwords.matches(person.password_hash, current):
        sentence = "This is not your current password"
        raise Invalid(sentence, fields={"current": sentence})
    person.password_hash = passwords.hash_password(new)
    end_sign_ins(uow, person.id, but=actor.sign_in_id)


def end_sign_ins(uow: UnitOfWork, person_id: int, *, but: int | None = None) -> None:
    """End all sign-ins of a person except one; their open sockets close."""
    ended = update(SignIn).where(SignIn.person_id == person_id, SignIn.revoked_at.is_(None))
    if but is not None:
        ended = ended.where(SignIn.id != but)
    uow.session.execute(ended.values(revoked_at=uow.now))
    used = update(OneTimeToken).where(OneTimeToken.person_id == person_id, OneTimeToken.used_at.is_(None))
    uow.session.execute(used.values(used_at=uow.now))
    uow.emit(SignInEnded(person_id, None))


def my_sign_ins(uow: UnitOfWork, actor: Actor) -> list[SignIn]:
    """The actor's sign-ins that still work, the latest first."""
    rows = select(SignIn).where(
        SignIn.person_id == (actor.person_id or 0), SignIn.revoked_at.is_(None), SignIn.expires_at > uow.now
    )
    return list(uow.session.execute(rows.order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())).scalars())


def revoke(uow: UnitOfWork, actor: Actor, *, sign_in_id: int) -> None:
    """End one of the actor's own sign-ins, sockets included. Raises NotFound for another's."""
    row = uow.session.get(SignIn, sign_in_id)
    if row is None or row.person_id != actor.person_id:
        raise NotFound()
    row.revoked_at = row.revoked_at or uow.now
    uow.emit(SignInEnded(row.person_id, row.id))


def sign_out(uow: UnitOfWork, actor: Actor) -> None:
    """End the sign-in the actor came with."""
    if actor.sign_in_id is not None:
        revoke(uow, actor, sign_in_id=actor.sign_in_id)
