"""The protocol of a validation round: what is asked of whom, on which scale, and which one rule decides."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.calc.consensus import LEAST_PANEL
from app.calc.ratings import Rule, Scale, least_scores
from app.calc.stopping import StopRule
from app.errors import Invalid

#: Scales a dimension may use, by the name shown in forms.
SCALES = {"1-9": Scale(1, 9), "1-5": Scale(1, 5), "1-4": Scale(1, 4), "-4 to 4": Scale(-4, 4)}
#: Rules a protocol may name, with what people read.
RULES = {
    "ram": "RAND/UCLA: by how many lie outside the median's third (scale 1 to 9, 8 to 16 scores)",
    "ipras": "RAND/UCLA: by the spread of the middle scores, IPRAS (scale 1 to 9)",
    "70/15": "At least 70 % at the upper end and fewer than 15 % at the lower end",
    "75/15": "At least 75 % at the upper end and fewer than 15 % at the lower end",
    "80/15": "At least 80 % at the upper end and fewer than 15 % at the lower end",
    "cvi": "Content validity index of at least 0.78 (scale 1 to 4)",
    "cvi-n": "Content validity index by number of scores (scale 1 to 4)",
}
FEEDBACK = {
    "none": "Nothing from the round before",
    "median": "Own score and the panel's median",
    "distribution": "Own score, the panel's median and how many gave each score",
    "groups": "Own score, the panel's median and that of each group, where groups may be shown",
}
#: What experts can be compared by (a column of theirs), with what people read.
GROUPINGS = {
    "": "No groups",
    "scope": "National beside international",
    "country": "Countries side by side",
    "organisation_type": "Kinds of organisation side by side",
}
NOT_SAID = "not said"
MOST_DIMENSIONS = 12
MOST_ROUNDS = 9
TWO_ROUNDS = StopRule(most_rounds=2)
#: What the burden is estimated from: reading speed and time for one answer.
WORDS_A_MINUTE = 220
SECONDS_A_RATING = 12
MINUTES_AROUND = 3
TOO_LONG_MINUTES = 30


@dataclass(frozen=True)
class Dimension:
    """One question asked of every rated item; ``only_for`` holds the expertise asked for, empty asks everybody."""

    key: str
    question: str
    lowest: int
    highest: int
    low_words: str = ""
    high_words: str = ""
    middle_words: str = ""
    only_for: tuple[str, ...] = ()

    @property
    def scale(self) -> Scale:
        """The whole numbers that may be given."""
        return Scale(self.lowest, self.highest)

    @property
    def label(self) -> str:
        """The key as people read it: "legal soundness"."""
        return self.key.replace("_", " ").capitalize()

    def asks(self, expertise: Sequence[str]) -> bool:
        """Whether an expert with this expertise is asked."""
        wanted = {each.casefold() for each in self.only_for}
        return not wanted or bool(wanted & {each.casefold() for each in expertise})

    def is_low(self, value: int) -> bool:
        """Whether a score calls for a comment: the lower end of the scale, except where both ends are equally good."""
        return self.lowest > 0 and value <= self.scale.low_band[1]

    def must_accept(self, value: object) -> None:
        """Raises Invalid unless ``value`` is a whole number of the scale or None ("cannot judge")."""
        if value is not None and (type(value) is not int or not self.lowest <= value <= self.highest):
            raise Invalid(
                f"{self.label}: choose a whole number from {self.lowest} to {self.highest}, or that you cannot judge.",
                code="off_scale",
                fields={f"score-{self.key}": f"Choose a number from {self.lowest} to {self.highest}"},
            )


#: Asked once, of the blueprint as a whole, in every round that asks it.
WHOLE = (
    Dimension(
        "whole_face_validity",
        "Does the blueprint as a whole look like a sensible and complete basis for contracts of integrated care?",
        1, 9, "Makes no sense", "Clearly right",
    ),
    Dimension(
        "whole_potential",
        "How much could contracts built on it improve care for the people it is meant for?",
        1, 9, "Not at all", "Very much",
    ),
)  # fmt: skip


def _nine(key: str, question: str, low: str, high: str, *only_for: str) -> Dimension:
    return Dimension(key, question, 1, 9, low, high, only_for=only_for)


_RELEVANCE = _nine("relevance", "How relevant is it to the people this blueprint is for?", "Irrelevant", "Essential")
_APPLICABILITY = _nine("applicability", "Could it be applied in your country or sector?", "Could not", "Could now")
_NINE = (
    _nine(
        "face_validity",
        "Does this look like a sensible and complete part of a contract for integrated care?",
        "Makes no sense",
        "Clearly right",
    ),
    _RELEVANCE,
    _APPLICABILITY,
    _nine("transferability", "Could another locality pick it up without you?", "No", "Yes"),
    _nine("clarity", "Is the wording clear enough to contract on?", "Unclear", "Clear"),
    _nine("feasibility", "With ordinary skills and cost, can it be done?", "Not feasible", "Easily done"),
    _nine("legal_soundness", "Is it lawful and enforceable in your setting?", "Unlawful", "Sound", "legal"),
    _nine("evidence", "How good is the evidence behind it?", "None", "Strong"),
    Dimension("balance", "Transactional or relational?", -4, 4, "All transactional", "All relational", "Balanced"),
)
_CONTENT = (
    Dimension("relevance", "How relevant is it to the blueprint's purpose?", 1, 4, "Not relevant", "Highly relevant"),
    Dimension("clarity", "How clear is the wording?", 1, 4, "Not clear", "Very clear"),
)
_AGREEMENT = (
    Dimension(
        "agreement",
        "Do you agree that it belongs in a contract for integrated care?",
        1,
        5,
        "Strongly disagree",
        "Strongly agree",
        "Neither",
    ),
)

#: Ready-made protocols: key to (name, dimensions, primary rule, sensitivity rules).
TEMPLATES: dict[str, tuple[str, tuple[Dimension, ...], str, tuple[str, ...]]] = {
    "rand": (
        "Relevance and applicability on 1 to 9 (RAND/UCLA style)",
        (_RELEVANCE, _APPLICABILITY),
        "ram",
        ("ipras", "70/15"),
    ),
    "content": ("Content validity on 1 to 4", _CONTENT, "cvi", ("cvi-n",)),
    "agreement": ("Agreement on 1 to 5", _AGREEMENT, "75/15", ("70/15", "80/15")),
    "nine": ("Nine dimensions (long: choose a few criteria)", _NINE, "ram", ("ipras", "70/15")),
}


@dataclass(frozen=True)
class Protocol:
    """What a round asks and how it decides; locked before the first invitation.

    ``rule`` is the one that decides, ``sensitivity`` stand beside it and never colour the verdict. ``least`` None is
    two thirds of those eligible; never under five. ``minimum_cell`` is the smallest group shown. ``split_by`` (a key of
    ``GROUPINGS``) is what experts are compared by; ``merged`` names the group that a value of it is put into. Both hold
    for every item. ``share_comments``: what is written about an item is shown to the others in the next round.
    ``stop`` is what ends the rounds, None in protocols from before it could be told; ``stop_rule`` adds words to it.
    """

    dimensions: tuple[Dimension, ...]
    rule: str = "ram"
    sensitivity: tuple[str, ...] = ()
    least: int | None = None
    percentile_type: int = 7
    minimum_cell: int = 3
    split_by: str = "scope"
    merged: Mapping[str, str] = field(default_factory=dict)
    feedback: str = "median"
    share_comments: bool = False
    ask_missing: bool = True
    ask_whole: bool = True
    reminders_most: int = 3
    reminder_gap_days: int = 3
    stop: StopRule | None = TWO_ROUNDS
    stop_rule: str = "Criteria without agreement at the end are reported as such."

    @property
    def primary(self) -> Rule:
        """The rule that decides."""
        return Rule.parse(self.rule, self.percentile_type)

    @property
    def others(self) -> tuple[Rule, ...]:
        """The rules printed beside it."""
        return tuple(Rule.parse(each, self.percentile_type) for each in self.sensitivity if each != self.rule)

    def dimension(self, key: str) -> Dimension:
        """The dimension with this key. Raises Invalid when the round does not ask it."""
        for each in self.dimensions:
            if each.key == key:
                return each
        raise Invalid(f"This round does not ask about {key}.", code="unknown_dimension")

    def asked_of(self, expertise: Sequence[str]) -> tuple[Dimension, ...]:
        """The dimensions an expert with this expertise is asked."""
        return tuple(each for each in self.dimensions if each.asks(expertise))

    def decides(self, dimension: Dimension) -> bool:
        """Whether the primary rule can decide on this dimension's scale; otherwise it is described only."""
        return self.primary.objection(dimension.scale) is None

    def group_named(self, value: str) -> str:
        """The group of experts whose column ``split_by`` holds this value."""
        value = " ".join(value.split())
        return self.merged.get(value, value) or NOT_SAID

    def least_of(self, eligible: int) -> int:
        """The least number of scores for a verdict when so many experts are eligible."""
        return least_scores(eligible) if self.least is None else self.least

    def needed(self, eligible: int) -> int:
        """With how many scores there can be a verdict: the least number, or more where the rule itself needs more."""
        least = self.least_of(eligible)
        return max(least, LEAST_PANEL) if self.primary.kind == "ram" else least

    def to_json(self) -> dict[str, Any]:
        """The protocol as stored with the round."""
        made = asdict(self)
        made["dimensions"] = [{**asdict(each), "only_for": list(each.only_for)} for each in self.dimensions]
        made["sensitivity"] = list(self.sensitivity)
        made["merged"] = dict(self.merged)
        return made

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Protocol:
        """The protocol as it was stored."""
        dimensions = tuple(
            Dimension(**{**each, "only_for": tuple(each.get("only_for", ()))}) for each in stored["dimensions"]
        )
        plain = {name: value for name, value in stored.items() if name not in {"dimensions", "sensitivity", "stop"}}
        if "split_by_scope" in plain:  # as it was stored before there were other groups
            plain["split_by"] = "scope" if plain.pop("split_by_scope") else ""
        stop = StopRule(**stored["stop"]) if stored.get("stop") else None
        return cls(dimensions=dimensions, sensitivity=tuple(stored.get("sensitivity", ())), stop=stop, **plain)

    def checked(self) -> Protocol:
        """The protocol itself if a round can be run on it. Raises Invalid with a sentence for each fault."""
        fields = dict(_faults_of_dimensions(self.dimensions)) | _faults_of_stopping(self.stop)
        if self.rule not in RULES:
            fields["rule"] = "Choose the one rule that decides"
        elif self.dimensions and not any(self.decides(each) for each in self.dimensions):
            fields["rule"] = "This rule fits none of the scales: choose another rule or another scale"
        unknown = [each for each in self.sensitivity if each not in RULES]
        if unknown:
            fields["sensitivity"] = "Choose from the list"
        for name, low, high in (
            ("minimum_cell", 3, 20), ("reminders_most", 0, 5), ("reminder_gap_days", 1, 30),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                fields[name] = f"Enter a whole number from {low} to {high}"
        if self.least is not None and not 5 <= self.least <= 200:
            fields["least"] = "Enter a whole number from 5 to 200, or leave it empty for two thirds of those asked"
        if self.percentile_type not in {6, 7}:
            fields["percentile_type"] = "Choose type 7 or type 6"
        if self.feedback not in FEEDBACK:
            fields["feedback"] = "Choose from the list"
        if self.split_by not in GROUPINGS:
            fields["split_by"] = "Choose from the list"
        elif any(not 1 <= len(name) <= 60 or "\0" in name for name in self.merged.values()):
            fields["split_by"] = "Use at most 60 characters for the name of a group"
        if fields:
            raise Invalid("The protocol was not saved.", fields=fields)
        return replace(self, sensitivity=tuple(each for each in dict.fromkeys(self.sensitivity) if each != self.rule))


def template(key: str) -> Protocol:
    """A ready-made protocol. Raises Invalid for an unknown key."""
    if key not in TEMPLATES:
        raise Invalid("Choose a protocol from the list.", fields={"template": "Choose from the list"})
    _name, dimensions, rule, sensitivity = TEMPLATES[key]
    return Protocol(dimensions=dimensions, rule=rule, sensitivity=sensitivity)


def follow_up(protocol: Protocol, number: int) -> Protocol:
    """The protocol of the round with this number, from that of the round before: the same questions and rule; the whole
    and what is missing are asked once. A round more than were announced becomes the last that is."""
    stop = protocol.stop
    if stop is not None and stop.most_rounds < number <= MOST_ROUNDS:
        stop = replace(stop, most_rounds=number)
    return replace(protocol, ask_missing=False, ask_whole=False, stop=stop)


def changed_terms(before: Protocol, now: Protocol) -> list[str]:
    """What decides otherwise than in the round before, one sentence each: what its report has to own up to."""
    terms = {
        "rule": "The rule that decides", "least": "The least number of scores for a verdict",
        "percentile_type": "The type of percentiles", "minimum_cell": "The smallest group shown",
        "split_by": "What experts are compared by", "merged": "How groups are merged", "stop": "The rule for stopping",
    }  # fmt: skip
    changed = [words for name, words in terms.items() if getattr(before, name) != getattr(now, name)]
    scales = {each.key: each.scale for each in before.dimensions}
    if any(scales.get(each.key, each.scale) != each.scale for each in now.dimensions):
        changed.append("The scale of a question")
    return [f"{words} is not that of the round before." for words in changed]


def key_of(words: str) -> str:
    """A dimension's key made from its short name: "Legal soundness" gives "legal_soundness"."""
    return re.sub(r"[^a-z0-9]+", "_", words.casefold()).strip("_")[:40]


def _faults_of_stopping(rule: StopRule | None) -> dict[str, str]:
    faults = {}
    if rule is not None and not 1 <= rule.most_rounds <= MOST_ROUNDS:
        faults["most_rounds"] = f"Enter a whole number from 1 to {MOST_ROUNDS}"
    if rule is not None and rule.enough is not None and not 50 <= rule.enough <= 100:
        faults["enough"] = "Enter a whole number from 50 to 100, or leave it empty"
    return faults


def _faults_of_dimensions(dimensions: Sequence[Dimension]) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    if not 1 <= len(dimensions) <= MOST_DIMENSIONS:
        faults.append(("dimensions", f"Ask between 1 and {MOST_DIMENSIONS} questions"))
    keys = [each.key for each in dimensions]
    for place, each in enumerate(dimensions):
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", each.key) or each.key in {whole.key for whole in WHOLE}:
            faults.append((f"name-{place}", "Give the question a short name that begins with a letter"))
        elif keys.count(each.key) > 1:
            faults.append((f"name-{place}", "Two questions have this name"))
        if not 5 <= len(each.question) <= 300:
            faults.append((f"question-{place}", "Write the question in 5 to 300 characters"))
        if each.scale not in SCALES.values():
            faults.append((f"scale-{place}", "Choose a scale from the list"))
        if max(len(each.low_words), len(each.high_words), len(each.middle_words)) > 60:
            faults.append((f"low-{place}", "Use at most 60 characters for the words at the ends"))
    return faults


@dataclass(frozen=True)
class Burden:
    """What a round asks of one expert who is asked everything."""

    items: int
    ratings: int
    words: int
    minutes: int

    @property
    def is_too_long(self) -> bool:
        """Whether one sitting will not do."""
        return self.minutes > TOO_LONG_MINUTES


def burden(protocol: Protocol, items: int, words: int, questions: int | None = None) -> Burden:
    """Ratings and estimated minutes for so many items with so many words in all.

    ``questions`` is how many are asked of each item, where one expert is not asked all of them.
    """
    each = len(protocol.dimensions) if questions is None else questions
    ratings = items * each + (len(WHOLE) if protocol.ask_whole else 0)
    minutes = MINUTES_AROUND + words / WORDS_A_MINUTE + ratings * SECONDS_A_RATING / 60
    return Burden(items, ratings, words, round(minutes))


@dataclass(frozen=True)
class Impossible:
    """A result that can never appear with this panel, and what would help."""

    what: str
    why: str
    advice: str = "Invite more experts, or report what they say as attributed opinion with their agreement."
