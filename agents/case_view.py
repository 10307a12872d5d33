"""What an answer must know of a case, worked out once: how urgent, what it may be, what it is about, the facts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agents.history_taking.by_buttons import Pressed, by_buttons, pressed
from agents.history_taking.candidates import candidates, next_feature, told
from agents.history_taking.features import NOT_SURE, Feature
from agents.intents import asks
from agents.possibilities import Differential, PhotoKind, differential
from agents.raised import conditions_behind, raised_by
from agents.safety_net import with_serious
from agents.search import GuidelineSearch
from agents.settings import AgentSettings
from agents.stems import content_stems
from agents.subjects import Subject, named_of_patient
from agents.triage import triage, triage_findings, triage_history, triage_words
from cases.record import Case, FollowUp, History, Triage
from conditions import MALIGNANT, TriageLevel

_BY_WORDS, _LEAST_SHARE = 2, 0.3
_LATEST = 2
"""Later messages that describe: with a whole conversation the search finds everything and nothing."""
_CALLED_RASH = re.compile(
    r"(?<!not a )(?<!no )(?<!isn't a )\b(?:rash(?:es)?|hives|wea?ls|welts|wheals|breaking out|ring[- ]shaped|"
    r"(?:spots|bumps|blisters|patches) (?:all over|everywhere))\b",
    re.IGNORECASE,
)
"""Words for many spots. The model knows single spots only: whoever has these must not be told of a single one."""
_SAYS_NOTHING = frozenset(
    content_stems(
        "rash skin spot patch area body problem bad new help days weeks red son daughter baby boy girl child kid "
        "toddler husband wife partner mother mum father dad"
    )
)
"""What nearly everybody says, and whose skin it is."""
RestsOn = Literal["words", "answers"]
"""What the patient wrote, or, where that tells nothing, what they pressed."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What words and answers alone amount to, and the question that would tell more.

    `guessed`: nobody named it; the words, or the answers alone, were taken for it.
    """

    subjects: tuple[Subject, ...]
    feature: Feature | None
    guessed: bool = False
    rests_on: RestsOn = "words"


@dataclass(frozen=True, slots=True)
class CaseView:
    """`raised`: what the urgency is about. `subjects`: what advice must cover, the most serious first.

    `suspicious`: a skin cancer is not excluded. `by_words`: what it may be rests on words, or on answers alone, not on
    a photo. `guessed`: and the words do not name it.
    """

    triage: Triage
    differential: Differential
    raised: tuple[Subject, ...]
    subjects: tuple[Subject, ...]
    by_words: bool
    guessed: bool
    suspicious: bool
    has_photo: bool
    ask: FollowUp | None = None
    rests_on: RestsOn = "words"

    @property
    def level(self) -> TriageLevel:
        """How soon."""
        return self.triage.level

    @property
    def leading(self) -> Subject | None:
        """What "it" is: the leading possibility, or what the words fit best; None: nothing but the urgency is known."""
        return self.differential.leading or next((each for each in self.subjects if each not in self.raised), None)

    @property
    def serious(self) -> Subject | None:
        """The most serious that is not excluded, by the photo or by what was told; None: there is none."""
        return self.differential.serious or next(iter(self.raised), None)


def view(case: Case, said: Sequence[str], search: GuidelineSearch, settings: AgentSettings) -> CaseView:
    """The case and what was `said` in its conversation, triaged together: the highest wins, nothing lowers it.

    Where an emergency is about no condition of the library (a threat, a stroke), the words are not guessed at. Nor are
    answers alone, of one spot that no photo shows well enough, where a cancer is not excluded.
    """
    parts = [triage_words(text) for text in (case.words, *said) if text.strip()]
    parts.append(triage_history(case.history))
    rash = _is_rash(case, said)
    if case.findings is not None:
        probabilities = {each.slug: each.probability for each in case.findings.differential}
        parts.append(triage_findings(probabilities, case.findings.domain, settings.thresholds))
    urgency = triage(*parts)
    found = differential(case.findings, rash, urgency.level, settings)
    urgency = with_serious(urgency, found)
    words = _told(case, said)
    suspicious = found.serious is not None or not MALIGNANT.isdisjoint(conditions_behind(urgency))
    unseen = found.kind in (PhotoKind.RASH, PhotoKind.NONE, PhotoKind.CANNOT_TELL)
    by_words = unseen and (rash or _tells(words) or not suspicious)
    raised = raised_by(urgency, case.findings, found.kind)
    beside_skin = urgency.level is TriageLevel.EMERGENCY and not raised
    of_skin = found.kind is not PhotoKind.NONE or case.history.spot_or_rash is not None
    by = (
        taken(words, case.history, urgency.level, search, rash=rash, of_skin=of_skin)
        if by_words and not beside_skin
        else Taken((), None)
    )
    return CaseView(
        triage=urgency,
        differential=differential(case.findings, rash, urgency.level, settings),
        raised=raised,
        subjects=tuple(dict.fromkeys((*raised, *found.subjects, *by.subjects))),
        by_words=by_words,
        guessed=by.guessed,
        suspicious=suspicious,
        has_photo=bool(case.photo_ids) or case.findings is not None,
        ask=_follow_up(by.feature) if urgency.level is not TriageLevel.EMERGENCY else None,
        rests_on=by.rests_on,
    )


def _is_rash(case: Case, said: Sequence[str]) -> bool:
    """Whether it is a rash, by the button; where it was not pressed, by what the patient calls it."""
    if case.history.spot_or_rash is not None:
        return case.history.spot_or_rash == "rash"
    return any(_CALLED_RASH.search(text) for text in (case.words, *said))


def _told(case: Case, said: Sequence[str]) -> str:
    stated = [text for text in said if not asks(text)]
    return " ".join([case.words, *stated[:1], *stated[1:][-_LATEST:]]).strip()


def _tells(words: str) -> bool:
    """Whether the words say more than that something is on the skin."""
    return not _SAYS_NOTHING.issuperset(content_stems(words))


def taken(
    words: str, history: History, level: TriageLevel, search: GuidelineSearch, *, rash: bool, of_skin: bool
) -> Taken:
    """The conditions that the patient's words name, or else at most two that words and answers fit; what to ask next.

    Nothing is asked where a condition is named. Words that name only "a rash", or none with a photo `of_skin`, make no
    condition likely, but are asked about.
    """
    if named := named_of_patient(words):
        return Taken(named[:_BY_WORDS], None)
    answered = answers_of(history)
    if not _tells(words):
        if not (of_skin or answered or content_stems(words)):
            return Taken((), None)
        return _by_answers(by_buttons(history, answered, told(words), level, rash=rash), search)
    sought = " ".join([words, *(word for word, there in (("itchy", history.itch), ("painful", history.hurt)) if there)])
    telling = tuple(each for each in dict.fromkeys(content_stems(sought)) if each not in _SAYS_NOTHING)
    pressed_of_skin = history.spot_or_rash is not None or bool(answered)
    known = candidates(sought, search, telling, of_skin=pressed_of_skin).after(answered)
    feature = next_feature(known, [*told(sought), *answered, *pressed(history)], len(answered))
    best = known.ranked[:_BY_WORDS]
    likely = tuple(Subject.of(slug) for slug, weight in best if weight >= _LEAST_SHARE * best[0][1])
    return Taken(likely, feature, guessed=bool(likely))


def _by_answers(by: Pressed, search: GuidelineSearch) -> Taken:
    """What answers alone fit, of what the library has."""
    subjects = tuple(
        subject for subject in map(Subject.of, by.slugs) if search.search(subject.title, k=1, slugs={subject.slug})
    )
    return Taken(subjects, by.feature, guessed=bool(subjects), rests_on="answers")


def answers_of(history: History) -> dict[str, str]:
    """The answers to the agent's own questions: feature → option."""
    pairs = (each.partition(":") for each in sorted(history.answers))
    return {feature: option for feature, _, option in pairs}


def _follow_up(feature: Feature | None) -> FollowUp | None:
    if feature is None:
        return None
    options = tuple((option.id, option.label) for option in feature.options)
    return FollowUp(feature=feature.id, text=feature.question, options=(*options, (NOT_SURE, "Not sure")))


def facts(case: Case, seen: CaseView) -> str:
    """The case in plain lines, for the model to read as data."""
    lines = [f"Urgency decided by rules: {seen.level.value}.", *_history_lines(case.history)]
    if case.words.strip():
        lines.append(f"The patient wrote: {case.words.strip()!r}")
    lines += [f"Possibility: {each.title} – {each.words}." for each in seen.differential.in_words]
    if not seen.differential.in_words and seen.subjects:
        lines.append(f"By the patient's {seen.rests_on} it may be: {', '.join(each.title for each in seen.subjects)}.")
    if case.advice is not None:
        lines.append("Already said: " + " ".join(statement.text for statement in case.advice.statements))
    return "\n".join(lines)


def _history_lines(history: History) -> list[str]:
    lines = [f"Age: {history.age}."] if history.age is not None else []
    if history.region:
        lines.append(f"Where: {history.region}.")
    answers = history.model_dump(
        include={"itch", "grew", "hurt", "changed", "bleed", "elevation", "pregnant", "immunosuppressed"}
    )
    lines += [f"{name}: {'yes' if there else 'no'}." for name, there in answers.items() if there is not None]
    lines += [f"{feature}: {option}." for feature, option in answers_of(history).items() if option != NOT_SURE]
    if history.danger:
        lines.append("Danger signs pressed: " + ", ".join(sorted(sign.value for sign in history.danger)) + ".")
    return lines
