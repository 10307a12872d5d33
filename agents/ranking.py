"""Chooses which sentences answer a question: words in common, the right section, the order they stand in.

No sentence is changed. A question about nothing that the passages speak of gets no sentence at all.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from agents.intents import Intent, asking_clauses, intents, sections, speaks_of_time
from agents.passages import NumberedPassage
from agents.sentences import sentences
from agents.stems import content_stems
from agents.vocabulary import NEGATIONS, RELATED

MOST = 6
_PER_INTENT = 3
_FAR_FROM_HOME = 2.0
"""Telling words that a sentence needs to answer from a section where such an answer does not stand."""
_ALIKE = 0.65
"""Share of the shorter sentence's content that makes two sentences say the same."""
_GENERIC = frozenset(
    content_stems(
        "skin rash spot patch mole area photo picture case problem condition time day long doctor thing "
        "look happen use using put try good bad ask question"
    )
)
"""Words of a question that nearly every passage holds: they choose nothing."""

_FORBIDS = re.compile(r"(?:do not|don't|never|avoid|stop)\b", re.IGNORECASE)
_OF_CARE = (Intent.TREATMENT, Intent.SELF_CARE)
_SHOW = {
    intent: frozenset(content_stems(words))
    for intent, words in {
        Intent.TREATMENT: "treat treatment cure medicine medication best help rid remove used use doctor",
        Intent.SELF_CARE: "home care look after ease help put use using",
        Intent.CONTAGION: "contagious infectious catch spread pass give",
        Intent.DURATION: "last long week month year away go disappear cure heal clear take forever",
        Intent.HELP: "see doctor urgent soon worry help appointment call gp hospital",
        Intent.CAUSE: "cause why come trigger",
        Intent.LOOK: "look sign symptom",
        Intent.SERIOUSNESS: "serious dangerous bad",
        Intent.WHAT_IS_IT: "explain more information about mean exactly",
        Intent.PREVENTION: "prevent avoid protect future",
        Intent.FAMILY: "safe",
        Intent.DARK_SKIN: "dark black brown darker",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Quotation:
    """A sentence as the passage has it, and where it stands. `score` compares within one question only."""

    text: str
    passage: NumberedPassage
    score: float


def quotations(
    question: str,
    passages: Sequence[NumberedPassage],
    titles: Collection[str] = (),
    most: int = MOST,
    *,
    described: bool = False,
) -> tuple[Quotation, ...]:
    """At most `most` sentences that answer the question about the conditions in `titles`; none where none does.

    Of a condition that the question only describes, what it is answers more than nothing.
    """
    named = {each for title in titles for each in content_stems(title)}
    focus = tuple(dict.fromkeys(each for each in content_stems(question) if each not in named | _GENERIC | NEGATIONS))
    asking = asking_clauses(question)
    asked = intents(asking)
    chosen: list[Quotation] = []
    stems = content_stems(asking)
    telling = tuple(each for each in focus if each in stems and each not in _shown_by(asked))
    lists = [_for_intent(intent, telling, passages, described=described) for intent in asked] or [
        _by_words(focus, passages)
    ]
    if (not asked and not focus and titles) or (described and not any(lists)):
        lists = [_for_intent(Intent.WHAT_IS_IT, (), passages)]
    share = max(2, -(-most // len(lists))) if len(lists) > 1 else most
    for ranked in lists:
        _take(ranked[: share * 3], chosen, min(most, len(chosen) + share), named)
    return tuple(chosen[:most])


def alike(first: str, second: str, apart_from: Collection[str] = ()) -> bool:
    """Whether two sentences say nearly the same, the stems in `apart_from` not counted."""
    one = set(content_stems(first)) - set(apart_from)
    other = set(content_stems(second)) - set(apart_from)
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) / shorter >= _ALIKE


def overlap(focus: Sequence[str], sentence: str) -> float:
    """How many of the question's stems the sentence holds: 1 for each, 0.6 where it holds one that is related."""
    there = set(content_stems(sentence))
    return sum(1.0 if each in there else 0.6 if RELATED.get(each, frozenset()) & there else 0.0 for each in focus)


def _each(passages: Sequence[NumberedPassage]) -> Iterator[tuple[str, NumberedPassage, int]]:
    """Each sentence, its passage, and how many of the same section came before it."""
    before: Counter[tuple[str, str]] = Counter()
    for passage in passages:
        for sentence in sentences(passage.text):
            yield sentence, passage, before[passage.slug, passage.section]
            before[passage.slug, passage.section] += 1


def _for_intent(
    intent: Intent, telling: Sequence[str], passages: Sequence[NumberedPassage], *, described: bool = False
) -> list[Quotation]:
    """Sentences of the sections where the answer stands, or, where some name what was asked for, only those.

    Where the condition is `described`, other sections have its words because it is described in them, and say nothing.
    """
    wanted = sections(intent)
    found: list[Quotation] = []
    for sentence, passage, place in _each(passages):
        words = overlap(telling, sentence)
        home = 1.0 - 0.3 * wanted.index(passage.heading) if passage.heading in wanted else 0.0
        timeless = intent is Intent.DURATION and not speaks_of_time(sentence)
        warns = 0.5 if _FORBIDS.match(sentence) and intent in _OF_CARE else 0.0
        if (home or words) and not timeless:
            found.append(Quotation(sentence, passage, 1.2 * words + 1.5 * home + 0.4 / (1 + place) + warns))
    at_home = [each for each in found if each.passage.heading in wanted]
    far = [] if described and at_home else found
    specific = _holding(telling, at_home, 1.0) or _holding(telling, far, _FAR_FROM_HOME)
    if telling and not specific and intent is Intent.WHAT_IS_IT and not described:
        return []
    return _best(specific or at_home)


def _holding(telling: Sequence[str], found: Sequence[Quotation], least: float) -> list[Quotation]:
    """Those that hold about as many of the telling words as any does, and at least so many."""
    most = max((overlap(telling, each.text) for each in found), default=0.0)
    return [each for each in found if overlap(telling, each.text) >= max(least, 0.7 * most)]


def _shown_by(asked: Sequence[Intent]) -> frozenset[str]:
    """The words that only show what kind of question it is, and choose no sentence."""
    return frozenset(each for intent in asked for each in _SHOW[intent])


def _by_words(focus: Sequence[str], passages: Sequence[NumberedPassage]) -> list[Quotation]:
    """Sentences that hold at least a third, and one, of the question's own words."""
    found = [
        Quotation(sentence, passage, overlap(focus, sentence) + 0.2 / (1 + place))
        for sentence, passage, place in _each(passages)
        if overlap(focus, sentence) >= max(1.0, len(focus) / 3)
    ]
    return _best(found)


def _best(found: list[Quotation]) -> list[Quotation]:
    ranked = sorted(found, key=lambda each: -each.score)
    return [each for each in ranked if each.score >= 0.5 * ranked[0].score][: _PER_INTENT + MOST]


def _take(ranked: Sequence[Quotation], chosen: list[Quotation], most: int, named: Collection[str]) -> None:
    for each in ranked:
        if len(chosen) >= most:
            return
        if not any(alike(each.text, other.text, named) for other in chosen):
            chosen.append(each)
