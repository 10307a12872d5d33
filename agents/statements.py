"""The statements of an advice: supported sentences on every condition it must cover, the most serious first."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from agents.agent import GuidelineAgent, Question
from agents.case_view import CaseView, facts
from agents.grounding import Grounded
from agents.intents import asks, is_about_care
from agents.levels import HELP, concerns, in_step, level_of, names_other_number, suits_child
from agents.passages import NumberedPassage
from agents.ranking import alike
from agents.remedies import failed, names_allergen
from agents.selection.pairs import Asked
from agents.stems import content_stems
from agents.subjects import Subject
from agents.triage.told import Fact, breastfeeds
from cases.record import Case, History
from conditions import TriageLevel

MOST_STATEMENTS = 7
_MOST_SUBJECTS = 3
_OF_ONE_SUBJECT = 6
_SPARE = 4
_CHILD, _FEEDS_FROM, _ADULT = 2, 12, 18
"""Ages in years until which somebody is a baby, feeds none, and is a child."""
_NAMES = {
    "a baby": re.compile(
        r"\bfor (?:an? |my |our |the |this )?(?:\w+ )?(?:bab(?:y|ies)|infants?|newborns?)\b", re.IGNORECASE
    ),
    "a child": re.compile(
        r"\b(?:child\w*|kids?|bab(?:y|ies)|toddlers?|sons?|daughters?|boys?|girls?|infants?|newborns?|teen\w*)\b",
        re.IGNORECASE,
    ),
}
"""How a question says whom it is for. A baby that is only spoken of in it would not choose the answer."""
_WITH_MARK = re.compile(r"[^.!?\n]+\?")
_SAY_NOTHING = frozenset(
    content_stems("ideas help helps advice advise thoughts suggest suggestions opinion views sure right")
)
"""Words of questions that leave open what is asked: "any ideas?"."""
_ORDER = (HELP, "Self-care", "Treatment")
_FEEDS = re.compile(r"breast.?feed")


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
        feeds = _feeds(history, advised.told)
        fit = self._answered(_what_to_do(subject, history, feeds), subject, advised, share)
        return [
            each for each in fit if concerns(each.text, history, breastfeeds=feeds) and _is_of_now(each, advised.seen)
        ]

    def _answered(self, question: str, subject: Subject, advised: "_Advised", share: int) -> list[Supported]:
        if not question:
            return []
        asked = asked_for(question, advised.case.history, advised.told)
        answer = self._agent.ask(Question(asked, (subject,), facts(advised.case, advised.seen)), share + _SPARE)
        fit = fitting(answer.sentences, answer.passages, advised.seen, (subject,), self._number)
        in_vain = failed(question, advised.told)
        return [
            each
            for each in fit
            if in_vain.isdisjoint(content_stems(each.text))
            and suits(each.text, asked, advised.case.history, advised.told)
        ]


@dataclass(frozen=True, slots=True)
class _Advised:
    """Whom the statements are for."""

    case: Case
    seen: CaseView
    told: Sequence[Fact]


def suits(text: str, asked: str, history: History, told: Sequence[Fact]) -> bool:
    """Whether a sentence may be said to this patient: of nothing that they are allergic to, and what suits a child."""
    return not names_allergen(text, told) and suits_child(text, asked, history)


def asked_for(question: str, history: History, told: Sequence[Fact]) -> str:
    """The question about care, with pregnancy or breastfeeding, on which its answer depends, where it names neither; or
    else with the child whose skin it is.
    """
    if not is_about_care(question):
        return question
    feeds = _feeds(history, told)
    if not history.pregnant and not feeds:
        whose = _whose(history)
        return _asked_of(question, whose) if whose and not _NAMES[whose].search(question) else question
    named = question.casefold()
    pregnant = " I am pregnant." if history.pregnant and "pregnan" not in named else ""
    feeding = " I am breastfeeding." if feeds and not _FEEDS.search(named) else ""
    return f"{question}{pregnant}{feeding}"


def _feeds(history: History, told: Sequence[Fact]) -> bool:
    """Whether the patient breastfeeds; where the skin is a baby's, it is who writes that does."""
    return breastfeeds(told) and (history.age is None or history.age >= _FEEDS_FROM)


def _whose(history: History) -> str:
    """Whose skin it is, as a question says it; empty for an adult's, and where that is not known."""
    if history.age is None or history.age >= _ADULT:
        return ""
    return "a baby" if history.age < _CHILD else "a child"


def _asked_of(question: str, whose: str) -> str:
    """The question with the child in the sentence that asks about care: told beside it, it would choose no answer."""
    marked = [match for match in _WITH_MARK.finditer(question) if is_about_care(match.group())]
    if not marked:
        return f"{question} It is for {whose}."
    end = marked[-1].end() - 1
    return f"{question[:end].rstrip()} for {whose}{question[end:]}"


def _words_asked(case: Case) -> str:
    """The question that opened a case without a photo, which the advice answers; empty where nothing was asked."""
    if case.photo_ids or not asks(case.words):
        return ""
    asked = Asked.of(case.words, ())
    return case.words if asked.intents or not _SAY_NOTHING.issuperset(asked.telling) else ""


def _what_to_do(subject: Subject, history: History, feeds: bool) -> str:
    """The question behind the advice; what holds for a child or in pregnancy is asked for where it matters."""
    whose = f" for {_whose(history)}" if _whose(history) else ""
    when = " in pregnancy" if history.pregnant else " while breastfeeding" if feeds else ""
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
