"""The statements of an advice: supported sentences on every condition it must cover, the most serious first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from agents.agent import GuidelineAgent, Question
from agents.case_view import CaseView, facts
from agents.grounding import Grounded
from agents.intents import asks, is_about_care
from agents.levels import HELP, concerns, in_step, level_of, names_other_number
from agents.passages import NumberedPassage
from agents.ranking import alike
from agents.remedies import failed, names_allergen
from agents.selection.pairs import Asked
from agents.stems import content_stems
from agents.subjects import Subject
from agents.triage.told import Fact
from cases.record import Case, History
from conditions import TriageLevel

MOST_STATEMENTS = 7
_MOST_SUBJECTS = 3
_OF_ONE_SUBJECT = 6
_SPARE = 4
_ADULT = 18
_SAY_NOTHING = frozenset(
    content_stems("ideas help helps advice advise thoughts suggest suggestions opinion views sure right")
)
"""Words of questions that leave open what is asked: "any ideas?"."""
_ORDER = (HELP, "Self-care", "Treatment")


@dataclass(frozen=True, slots=True)
class Supported:
    """A sentence and the passages it rests on."""

    text: str
    passages: tuple[NumberedPassage, ...]


def fitting(
    grounded: Sequence[Grounded],
    passages: Mapping[int, NumberedPassage],
    seen_case: CaseView,
    about: Sequence[Subject],
    emergency_number: str,
) -> list[Supported]:
    """The grounded sentences about these conditions (any, if none is given) that fit the urgency of the case."""
    slugs = {subject.slug for subject in about}
    fit: list[Supported] = []
    for each in grounded:
        cited = tuple(
            passages[n]
            for n in each.citations
            if in_step(each.text, passages[n], seen_case.level, seen_case.suspicious)
            and (not slugs or passages[n].slug in slugs)
        )
        if cited and not names_other_number(each.text, emergency_number):
            fit.append(Supported(each.text, cited))
    return fit


class Statements:
    """Asks the agent about each condition of a case."""

    def __init__(self, agent: GuidelineAgent, emergency_number: str) -> None:
        self._agent = agent
        self._number = emergency_number

    def of(self, case: Case, seen_case: CaseView, told: Sequence[Fact]) -> list[Supported]:
        """The supported sentences on every subject, the most serious first, nothing said twice.

        What the words that opened the case ask is answered as it is asked; of a condition that they ask nothing about,
        what to do is told. An emergency has none: whoever must call for help should read nothing else. `told`: of the
        patient; what they are allergic to, or tried in vain, is not among the sentences.
        """
        chosen: list[Supported] = []
        if seen_case.level is TriageLevel.EMERGENCY:
            return []
        advised = _Advised(case, seen_case, told)
        subjects = seen_case.subjects[:_MOST_SUBJECTS]
        named = content_stems(" ".join(subject.title for subject in seen_case.subjects))
        words = _words_asked(case)
        for place, subject in enumerate(subjects):
            share = _share(len(subjects), place)
            found = _new(self._answered(words, subject, advised, share), chosen, named)[:share]
            if not found:
                found = _grouped(_new(self._told_what_to_do(subject, advised, share), chosen, named), share)
            chosen += found
        return chosen[:MOST_STATEMENTS]

    def _told_what_to_do(self, subject: Subject, advised: "_Advised", share: int) -> list[Supported]:
        """What to do about it; nothing that concerns others, nor a sign to watch for."""
        history = advised.case.history
        fit = self._answered(_what_to_do(subject, history), subject, advised, share)
        return [each for each in fit if concerns(each.text, history) and _is_of_now(each, advised.seen)]

    def _answered(self, question: str, subject: Subject, advised: "_Advised", share: int) -> list[Supported]:
        if not question:
            return []
        asked = asked_for(question, advised.case.history)
        answer = self._agent.ask(Question(asked, (subject,), facts(advised.case, advised.seen)), share + _SPARE)
        fit = fitting(answer.sentences, answer.passages, advised.seen, (subject,), self._number)
        in_vain = failed(question, advised.told)
        return [
            each
            for each in fit
            if in_vain.isdisjoint(content_stems(each.text)) and not names_allergen(each.text, advised.told)
        ]


@dataclass(frozen=True, slots=True)
class _Advised:
    """Whom the statements are for."""

    case: Case
    seen: CaseView
    told: Sequence[Fact]


def asked_for(question: str, history: History) -> str:
    """The question about care, with the pregnancy on which its answer depends where it leaves that out."""
    pregnant = history.pregnant and is_about_care(question) and "pregnan" not in question.casefold()
    return f"{question} I am pregnant." if pregnant else question


def _words_asked(case: Case) -> str:
    """The question that opened a case without a photo, which the advice answers; empty where nothing was asked."""
    if case.photo_ids or not asks(case.words):
        return ""
    asked = Asked.of(case.words, ())
    return case.words if asked.intents or not _SAY_NOTHING.issuperset(asked.telling) else ""


def _what_to_do(subject: Subject, history: History) -> str:
    """The question behind the advice; what holds for a child or in pregnancy is asked for where it matters."""
    whose = " for a child" if history.age is not None and history.age < _ADULT else ""
    when = " in pregnancy" if history.pregnant else ""
    return f"What should I do about {subject.title}{when}, and how is it treated{whose}{when}?"


def _share(subjects: int, place: int) -> int:
    """How many statements the condition at this place gets."""
    if subjects == 1:
        return _OF_ONE_SUBJECT
    return -(-MOST_STATEMENTS // subjects) if place == 0 else MOST_STATEMENTS // subjects


def _is_of_now(each: Supported, seen_case: CaseView) -> bool:
    """Whether the sentence is no sign to watch for, which has its own place."""
    level = level_of(each.passages[0])
    return level is None or level is seen_case.level


def _new(fit: Sequence[Supported], chosen: Sequence[Supported], named: Collection[str]) -> list[Supported]:
    """The sentences that say something else than those chosen."""
    return [each for each in fit if not any(alike(each.text, other.text, named) for other in chosen)]


def _grouped(fit: Sequence[Supported], share: int) -> list[Supported]:
    """What to do, then care, then treatment: the best of each group in turn until there are `share`."""
    groups: dict[str, list[Supported]] = {}
    for each in fit:
        groups.setdefault(each.passages[0].heading, []).append(each)
    turns = [each for row in zip_longest(*groups.values()) for each in row if each is not None]
    taken = [each for each in fit if each in turns[:share]]
    return sorted(taken, key=lambda each: _place(each.passages[0].heading))


def _place(heading: str) -> int:
    return _ORDER.index(heading) if heading in _ORDER else len(_ORDER)
