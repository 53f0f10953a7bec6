"""One group with an object of every kind, made through the use cases: what hostile tests reach for.

``build_world(database, say)`` writes ``say(place)`` into every text that a person can type; ``place`` names the field.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import time, timedelta

from app.errors import DomainError
from app.policy import SYSTEM, VISITOR, Actor
from app.services import (
    accounts,
    actions,
    attendance,
    comments,
    consultations,
    contracting,
    corrections,
    decisions,
    dispositions,
    documents,
    exports,
    findings,
    glossary,
    groups,
    hands,
    homework,
    items,
    meetings,
    memberships,
    panel,
    polls,
    practice,
    rating,
    remarks,
    returns,
    seating,
    seats,
    soundings,
    sources,
    stages,
    suggestions,
    threads,
    validation,
    versions,
)  # fmt: skip
from app.services.consultations import ConsultationForm
from app.services.contracting import ModelForm, Use
from app.services.findings import FindingForm
from app.services.glossary import TermForm
from app.services.panel import SeatForm
from app.services.practice import Lines, Script
from app.uow import Database, UnitOfWork
from models.consultations import ConsultationKind, Opinion
from models.dispositions import DispositionOutcome
from models.documents import Document
from models.evidence import Relation
from models.groups import Role
from models.items import Item, Kind, PrincipleGroup, Status
from models.meetings import HandKind, Meeting, Stage, StageKind
from models.polls import Choice, Outcome
from models.soundings import SoundingState
from models.validation import Acknowledgement, RemarkKind, Seat
from models.versions import VersionItem
from tests.cast import OTHER_SLUG, Cast, make_cast

Say = Callable[[str], str]
MINUTES = "# Minutes\n\nWe met."


@dataclass
class World:
    """The cast with what its first group holds; ids by the name they have in addresses."""

    database: Database
    cast: Cast
    ids: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    #: Of the second group: somebody in every role there. ``former`` was removed from the first.
    outsiders: dict[str, Actor] = field(default_factory=dict)
    guest: Actor = VISITOR
    guest_token: str = ""
    seat_tokens: list[str] = field(default_factory=list)
    closed_tokens: list[str] = field(default_factory=list)

    @property
    def insiders(self) -> dict[str, Actor]:
        """One person of the first group for each role, the guest of its open session too."""
        return {**{role.value: actor for role, actor in self.cast.insiders.items()}, "guest": self.guest}


def build_world(database: Database, say: Say = lambda place: f"The {place}") -> World:
    """A cast whose first group has everything: a session that runs and one that is over, rounds closed and open."""
    world = World(database, make_cast(database))
    for act in (_people, _evidence, _blueprint, _past_session, _version, _closed_round, _open_round, _consultation,
                _open_session, _sounding, _practice):  # fmt: skip
        act(world, say)
    return world


def _people(world: World, say: Say) -> None:
    lead, group_id = world.cast.facilitator, world.cast.group_id
    with world.database.writing() as uow:
        groups.describe_group(uow, lead, group_id=group_id, purpose=say("purpose"), setting=say("setting"))
        world.ids["constituency_id"] = groups.add_constituency(
            uow, lead, group_id=group_id, name=say("constituency")[:80], tag="ZZ", bloc="Providing"
        ).id
        world.ids["invitation_id"] = memberships.invite(
            uow, lead, group_id=group_id, email="invited@example.org", name=say("invited person")[:120],
            role=Role.MEMBER, constituency="Legal",
        ).id  # fmt: skip
        for row in memberships.members(uow, lead, group_id=group_id):
            if row.person_id == world.cast.peer.person_id:
                world.ids["membership_id"] = row.id
        for name, role, slug in (
            ("former", Role.MEMBER, "first"), ("member", Role.MEMBER, "second"), ("observer", Role.OBSERVER, "second"),
            ("manager", Role.PANEL_MANAGER, "second"),
        ):  # fmt: skip
            person = accounts.create_person(uow, SYSTEM, email=f"other-{name}@example.org", name=f"Other {name}")
            home = group_id if slug == "first" else world.cast.other_group_id
            row = groups.add_member(uow, SYSTEM, group_id=home, person=person, role=role, constituency="Research")
            world.outsiders[name] = Actor(person_id=person.id, name=person.name, email=person.email)
            if name == "former":
                memberships.remove(uow, lead, group_id=group_id, membership_id=row.id)
        world.ids["person_id"] = world.cast.peer.person_id or 0
    world.outsiders |= {
        "facilitator": world.cast.stranger, "nobody": world.cast.nobody, "administrator": world.cast.administrator,
    }  # fmt: skip


def _evidence(world: World, say: Say) -> None:
    who, group_id = world.cast.member, world.cast.group_id
    with world.database.writing() as uow:
        source = sources.add_source(
            uow, who, group_id=group_id, cite=say("citation"), url="https://example.org/?a=1&b=<2>"
        )
        model = contracting.add_model(
            uow, who, group_id=group_id,
            form=ModelForm(
                name=say("model"), definition=say("definition"), origin=say("origin"), mechanisms=[say("mechanism")],
                used_in=[Use(place=say("use place"), fact=say("use fact"))], contributes=[say("contribution")],
            ),
        )  # fmt: skip
        finding = findings.add_finding(
            uow, who, group_id=group_id,
            form=FindingForm(source.id, text=say("finding"), page=say("page")[:40], model_id=model.id),
        )  # fmt: skip
        world.ids |= {"source_id": source.id, "model_id": model.id, "finding_id": finding.id}
        term = glossary.define(
            uow, who, group_id=group_id,
            form=TermForm(say("term")[:80], say("what a term means"), [say("other form")[:80]]),
        )  # fmt: skip
        gone = glossary.define(uow, who, group_id=group_id, form=TermForm(say("withdrawn term")[:80], say("old sense")))
        world.ids["term_id"] = term.id
    with world.database.writing() as uow:
        form = TermForm(term.name, say("what a term means now"), term.forms)
        glossary.redefine(uow, world.cast.peer, term_id=term.id, form=form, number=1)
        glossary.withdraw(uow, world.cast.peer, term_id=gone.id)


def _blueprint(world: World, say: Say) -> None:
    lead, group_id = world.cast.facilitator, world.cast.group_id

    def add(uow: UnitOfWork, kind: Kind, parent: Item | None = None, status: Status = Status.AGREED) -> Item:
        name = kind.value
        return items.add_item(
            uow, lead, group_id=group_id, kind=kind, parent_id=parent.id if parent else None, status=status,
            title=say(f"{name} title")[:300], text=say(f"{name} text"), why=say(f"{name} why"),
            summary=say(f"{name} summary"),
            principle_group=PrincipleGroup.PERSON_CENTRED if kind is Kind.PRINCIPLE else None,
        )  # fmt: skip

    with world.database.writing() as uow:
        principle = add(uow, Kind.PRINCIPLE)
        element = add(uow, Kind.ELEMENT)
        criterion = add(uow, Kind.CRITERION, element)
        add(uow, Kind.SPECIFICATION, criterion, Status.DRAFT)
        draft = add(uow, Kind.CRITERION, element, Status.PROPOSED)
        threads.set_principles(uow, lead, item_id=criterion.id, principle_ids=[principle.id])
        contracting.keep(uow, lead, item_id=criterion.id, model_ids=[world.ids["model_id"]])
        world.ids["link_id"] = findings.link(
            uow, lead, finding_id=world.ids["finding_id"], item_id=criterion.id, relation=Relation.SUPPORTS,
            note_text=say("link note"),
        ).id  # fmt: skip
        world.ids |= {"item_id": criterion.id, "draft_id": draft.id, "element_id": element.id}


def _meeting(world: World, say: Say, name: str) -> int:
    lead = world.cast.facilitator
    with world.database.writing() as uow:
        made = meetings.plan_meeting(
            uow, lead, group_id=world.cast.group_id, title=say(f"{name} session")[:200],
            day=(uow.now + timedelta(days=1)).date(), at=time(9), place=say("place")[:200],
        )  # fmt: skip
        first, second, *_rest = meetings.stages_of(uow.session, made.id)
        stages.edit_stage(
            uow, lead, meeting_id=made.id, stage_id=first.id, title=say("stage")[:120], kind=StageKind.OPENING,
            minutes=10, purpose=say("stage purpose")[:200],
        )  # fmt: skip
        stages.edit_stage(
            uow, lead, meeting_id=made.id, stage_id=second.id, title="Decide", kind=StageKind.DECIDE, minutes=20,
            item_id=world.ids["draft_id"],
        )  # fmt: skip
        meetings.announce(uow, lead, meeting_id=made.id)
    _press(world, made.id, stages.open_doors)
    for who in (lead, world.cast.member, world.cast.peer):
        with world.database.writing() as uow:
            attendance.arrive(uow, who, meeting_id=made.id)
    return made.id


def _press(world: World, meeting_id: int, act: Callable[..., Meeting]) -> Meeting:
    with world.database.writing() as uow:
        revision = uow.session.get_one(Meeting, meeting_id).revision
        return act(uow, world.cast.facilitator, meeting_id=meeting_id, revision=revision)


def _vote(world: World, meeting_id: int, say: Say, objection: str) -> int:
    """Open the decision's ballot, and have the members vote."""
    lead = world.cast.facilitator
    for _ in range(2):
        _press(world, meeting_id, stages.advance)
    with world.database.writing() as uow:
        found = polls.open_poll_in(uow.session, meeting_id)
        poll = found or polls.open_poll(uow, lead, meeting_id=meeting_id, item_id=world.ids["draft_id"])
    with world.database.writing() as uow:
        polls.vote(uow, world.cast.member, poll_id=poll.id, choice=Choice.YES)
        polls.vote(uow, world.cast.peer, poll_id=poll.id, choice=Choice.NO, reason=say(objection))
    return poll.id


def _past_session(world: World, say: Say) -> None:
    lead = world.cast.facilitator
    meeting_id = _meeting(world, say, "past")
    poll_id = _vote(world, meeting_id, say, "past objection")
    with world.database.writing() as uow:
        polls.close_poll(uow, lead, poll_id=poll_id)
        polls.show_result(uow, lead, poll_id=poll_id)
        decision = decisions.record_decision(
            uow, lead, poll_id=poll_id, outcome=Outcome.AGREED, sentence=say("outcome"),
            departs_because=say("departure"),
        )  # fmt: skip
        decisions.log_decision(uow, lead, meeting_id=meeting_id, sentence=say("plain decision"))
        action = actions.add_action(
            uow, lead, group_id=world.cast.group_id, what=say("action"), owner_id=world.cast.member.person_id,
            due_on=uow.now.date() + timedelta(days=30), meeting_id=meeting_id,
        )  # fmt: skip
        meetings.save_notes(uow, lead, meeting_id=meeting_id, notes=say("notes"), before="")
    _press(world, meeting_id, stages.close)
    with world.database.writing() as uow:
        text = uow.session.query(Document).filter_by(item_id=world.ids["draft_id"], field=documents.Field.TEXT).one()
        documents.replace_text(uow, lead, text, say("corrected text"))
        corrections.propose_correction(uow, world.cast.member, decision_id=decision.id)
        discussion = comments.start(
            uow, world.cast.member, item_id=world.ids["draft_id"], words=say("comment"), quote=text.text
        )
        said = comments.reply(uow, world.cast.peer, discussion_id=discussion.id, words=say("reply"))
        suggestion = suggestions.suggest(
            uow, world.cast.peer, item_id=world.ids["draft_id"], field=documents.Field.TEXT, version=text.version,
            text=say("suggested text"), reason=say("suggestion reason"),
        )  # fmt: skip
        given = homework.give(
            uow, lead, group_id=world.cast.group_id, item_id=world.ids["draft_id"], asked=say("homework")[:300],
            person_ids=[world.cast.member.person_id or 0, world.cast.peer.person_id or 0],
            due_on=uow.now.date() + timedelta(days=18),
        )  # fmt: skip
        homework.reply(
            uow, world.cast.peer, homework_id=given.id, group_id=world.cast.group_id, ready=False,
            words=say("homework reply")[:300],
        )  # fmt: skip
        world.ids |= {
            "past_meeting_id": meeting_id, "past_poll_id": poll_id, "decision_id": decision.id, "action_id": action.id,
            "document_id": text.id, "suggestion_id": suggestion.id, "homework_id": given.id,
            "discussion_id": discussion.id, "comment_id": said.id,
        }  # fmt: skip


def _version(world: World, say: Say) -> None:
    with world.database.writing() as uow:
        frozen = versions.freeze(
            uow, world.cast.facilitator, group_id=world.cast.group_id, title=say("version title")[:200],
            reason=say("version reason"),
        )  # fmt: skip
        world.ids["version_id"] = frozen.id
        group_id = world.cast.group_id
        sent = exports.export_version(uow, world.cast.member, group_id=group_id, number=frozen.number, form="docx")
        examined = returns.examine(uow, world.cast.member, group_id=group_id, data=sent.body)
        brought = returns.keep(
            uow,
            world.cast.member,
            examined,
            group_id=group_id,
            file_name=say("file name"),
            edited_by=say("editor")[:120],
        )
        world.ids["return_id"] = brought.id
        rated = [each for each in versions.items_of(uow.session, frozen.id) if each.kind is Kind.CRITERION]
        world.ids["version_item_id"] = rated[0].id
        world.words["reference"] = rated[0].reference
        made = panel.panel_of(uow, world.cast.panel_manager, group_id=world.cast.group_id)
        for number in range(1, 7):
            form = SeatForm(
                say("expert name")[:100] + f" {number}", f"expert{number}@example.org", "national", say("country")[:80],
                say("organisation type")[:80], (say("expertise")[:40],), say("expert role")[:80],
            )  # fmt: skip
            expert = panel.add_expert(uow, world.cast.panel_manager, panel_id=made.id, form=form)
        world.ids |= {"panel_id": made.id, "expert_id": expert.id}


def _round(world: World, say: Say, name: str) -> int:
    manager = world.cast.panel_manager
    with world.database.writing() as uow:
        made = validation.create_round(
            uow, manager, group_id=world.cast.group_id, version_id=world.ids["version_id"],
            title=say("round title")[:200],
        )  # fmt: skip
        first, *rest = validation.read_round(uow, manager, round_id=made.id).protocol.dimensions
        worded = replace(first, question=say("question")[:200], low_words=say("low")[:60], high_words=say("high")[:60])
        kept = replace(validation.read_round(uow, manager, round_id=made.id).protocol, dimensions=(worded, *rest))
        with contextlib.suppress(DomainError):  # what a protocol refuses to hold cannot be shown either
            validation.save_protocol(uow, manager, round_id=made.id, protocol=kept)
        validation.save_sheet(uow, manager, round_id=made.id, text=say("information sheet") + " More." * 40)
    with world.database.writing() as uow:
        validation.open_round(uow, manager, round_id=made.id, closes_at=uow.now + timedelta(days=21))
        found = uow.session.query(Seat).filter_by(round_id=made.id).order_by(Seat.id).all()
        world.seat_tokens = [seats.token_of(uow.keys, seat) for seat in found]
    return made.id


def _consultation(world: World, say: Say) -> None:
    who, group_id = world.cast.panel_manager, world.cast.group_id
    with world.database.writing() as uow:
        form = ConsultationForm(
            ConsultationKind.WEBINAR, uow.now.date(), say("consultation")[:200], say("audience")[:300], 40,
            say("what was said"), version_id=world.ids["version_id"],
        )  # fmt: skip
        made = consultations.add_consultation(uow, who, group_id=group_id, form=form)
        consultations.open_form(uow, who, consultation_id=made.id, until=uow.now + timedelta(days=2))
        token = consultations.token_of(uow.keys, made)
        world.ids["consultation_id"] = made.id
    with world.database.writing() as uow:
        reference = consultations.look_at_form(uow, token=token).elements[0].reference
        consultations.give_opinion(
            uow, token=token, scores={reference: 4}, speaks_for=say("speaks for")[:120], words=say("opinion")
        )
        world.ids["opinion_id"] = uow.session.query(Opinion.id).scalar() or 0
    with world.database.writing() as uow:
        consultations.show_words(
            uow, who, consultation_id=made.id, opinion_id=world.ids["opinion_id"], shown=True
        )  # fmt: skip


def _sounding(world: World, say: Say) -> None:
    lead, group_id = world.cast.facilitator, world.cast.group_id
    with world.database.writing() as uow:
        known = [item.id for items_ in soundings.choosable(uow, lead, group_id=group_id).values() for item, _ in items_]
        made = soundings.begin(
            uow, lead, group_id=group_id, title=say("sounding")[:120], item_ids=known[:3],
            question=say("question")[:300], low_words=say("low")[:60], high_words=say("high")[:60],
        )  # fmt: skip
        world.ids["sounding_id"] = made.id
    for actor in (lead, world.cast.member, world.cast.peer):
        with world.database.writing() as uow:
            soundings.score(uow, actor, sounding_id=made.id, scores=dict.fromkeys(known[:3], 7))
    with world.database.writing() as uow:
        soundings.go_on(uow, lead, sounding_id=made.id, seen=SoundingState.FIRST)
        soundings.go_on(uow, lead, sounding_id=made.id, seen=SoundingState.TALK)


def _answer(world: World, say: Say, round_id: int, token: str, value: int) -> None:
    with world.database.writing() as uow:
        seating.enter(uow, token=token)
        place = seating.sit_with_token(uow, token=token, round_id=round_id)
        rating.consent(
            uow, place, agrees=True, acknowledgement=Acknowledgement.THANKED.value, interests=say("interests")
        )
    with world.database.writing() as uow:
        place = seating.sit_with_token(uow, token=token, round_id=round_id)
        for item in validation.read_round(uow, SYSTEM, round_id=round_id).items:
            for dimension in place.dimensions:
                rating.rate(uow, place, {(item.id, dimension.key): value})
            for kind in (RemarkKind.COMMENT, RemarkKind.WORDING):
                rating.remark(uow, place, {(item.id, kind): say(f"expert's {kind.value}")})
        element = uow.session.query(VersionItem).filter_by(version_id=place.round.version_id, kind=Kind.ELEMENT).first()
        assert element is not None
        rating.remark(uow, place, {(element.id, RemarkKind.MISSING): say("what is missing")})
        rating.remark(uow, place, {(None, RemarkKind.WHOLE): say("whole")})


def _closed_round(world: World, say: Say) -> None:
    manager = world.cast.panel_manager
    world.ids["closed_round_id"] = _round(world, say, "closed")
    world.closed_tokens = world.seat_tokens
    for number, token in enumerate(world.seat_tokens[:5]):
        _answer(world, say, world.ids["closed_round_id"], token, 1 + 3 * (number % 3))
    with world.database.writing() as uow:
        validation.close_round(uow, manager, round_id=world.ids["closed_round_id"], reason=say("closing reason"))
    with world.database.writing() as uow:
        waiting = _release(uow, manager, world.ids["closed_round_id"])
        world.ids["remark_id"] = waiting[0]
    with world.database.writing() as uow:
        released = next(
            each.remark.id
            for each in remarks.list_remarks(uow, manager, round_id=world.ids["closed_round_id"])
            if each.state == "released"
        )
        dispositions.code(uow, manager, remark_id=released, themes=[say("theme")[:80].replace(",", "")])
        dispositions.answer(
            uow, world.cast.facilitator, remark_id=released, outcome=DispositionOutcome.ADOPTED, why=say("why"),
            item_ids=[world.ids["item_id"]],
        )  # fmt: skip


def _release(uow: UnitOfWork, manager: Actor, round_id: int) -> list[int]:
    """Release all comments of a closed round but the first; the ids of those that wait."""
    listed = remarks.list_remarks(uow, manager, round_id=round_id)
    for each in listed[1:]:
        remarks.release(uow, manager, remark_id=each.remark.id)
    return [each.remark.id for each in listed[:1]]


def _open_round(world: World, say: Say) -> None:
    world.ids["round_id"] = _round(world, say, "open")
    _answer(world, say, world.ids["round_id"], world.seat_tokens[0], 7)


def _open_session(world: World, say: Say) -> None:
    lead = world.cast.facilitator
    meeting_id = _meeting(world, say, "open")
    with world.database.writing() as uow:
        code = uow.session.get_one(Meeting, meeting_id).join_code or ""
        found = groups.find_constituency(uow.session, world.cast.group_id, "Legal")
        token = attendance.join(
            uow, VISITOR, code=code, name=say("guest")[:100], organisation=say("guest's organisation")[:100],
            constituency_id=found.id, device="test",
        )  # fmt: skip
    assert token is not None
    with world.database.writing() as uow:
        world.guest = accounts.actor_of_cookie(uow.session, uow.keys, token, uow.now)
        world.guest_token = token
        attendance.decide_guests(uow, lead, meeting_id=meeting_id, person_ids=[world.guest.person_id or 0], let_in=True)
        hands.raise_hand(uow, world.cast.member, meeting_id=meeting_id, kind=HandKind.POINT)
        actions.add_action(
            uow, lead, group_id=world.cast.group_id, what=say("open action"), owner_id=None, due_on=None,
            meeting_id=meeting_id,
        )  # fmt: skip
        meetings.save_notes(uow, lead, meeting_id=meeting_id, notes=say("open notes"), before="")
        stage = uow.session.query(Stage).filter_by(meeting_id=meeting_id).order_by(Stage.position.desc()).first()
        assert stage is not None
        world.ids |= {"meeting_id": meeting_id, "stage_id": stage.id}
        world.words["code"] = code
    world.ids["poll_id"] = _vote(world, meeting_id, say, "open objection")
    with world.database.writing() as uow:
        meeting = stages.new_projector_address(uow, lead, meeting_id=meeting_id)
        world.words["screen"] = uow.keys.derive("screen", meeting.id, meeting.projector_nonce or "")


def _practice(world: World, say: Say) -> None:
    """The practice ground, with what a member wrote and said there."""
    who, group_id = world.cast.member, world.cast.group_id
    lines = {name: Lines(say(f"practice {name} title")[:300], say(f"practice {name}")) for name in ("draft", "agreed")}
    script = Script(
        element=say("practice element")[:300], **lines, discussed=Lines(say("practice line")[:300], ""),
        question=say("practice question"),
    )  # fmt: skip
    with world.database.writing() as uow:
        practice.begin(uow, who, group_id=group_id, script=script)
        practice.answer(uow, who, group_id=group_id, choice=Choice.NO, reason=say("practice reason"))
        ground = practice.ground_of(uow, who, group_id=group_id)
        assert ground is not None
        world.words["practice"] = ground.slug
        world.ids["practice_group_id"] = ground.id
        texts = {
            name: documents.documents_of(uow.session, [id_])[id_][documents.Field.TEXT]
            for name, id_ in (("draft", ground.ids[practice.DRAFT]), ("agreed", ground.ids[practice.AGREED]))
        }
        documents.replace_text(uow, who, uow.lock(Document, texts["draft"].id), say("practice text"))
        suggestions.suggest(
            uow, who, item_id=ground.ids[practice.AGREED], field=documents.Field.TEXT, version=texts["agreed"].version,
            text=say("practice suggestion"), reason=say("practice reason of a suggestion"),
        )  # fmt: skip
        said = comments.start(uow, who, item_id=ground.ids[practice.DISCUSSED], words=say("practice comment"))
        comments.reply(
            uow, world.cast.peer, discussion_id=said.id,
            words=f"@{world.cast.facilitator.name} {say('practice reply')}"[:2_000],
        )  # fmt: skip


__all__ = ["OTHER_SLUG", "World", "build_world"]
