"""What is seen of a question and of each sentence that might answer it."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from agents.intents import Intent, asking_clauses, intents, sections, speaks_of_time
from agents.search import Array
from agents.stems import content_stems
from agents.vocabulary import NEGATIONS, RELATED

HEADINGS = (
    "Overview", "What it looks like", "On darker skin", "Causes", "Is it contagious", "Self-care", "Treatment",
    "Prevention", "Children and pregnancy", "When to get help / Emergency", "When to get help / Same day",
    "When to get help / This week", "When to get help / Routine", "When to get help / Self-care",
)  # fmt: skip
"""The sections that every guideline has; a sentence of another section gets nothing for where it stands."""
FEATURES = (
    "at home",
    "telling words",
    "question's words",
    "place",
    "forbids",
    "speaks of time",
    "time asked",
    "length",
)

_GENERIC = frozenset(
    content_stems(
        "skin rash spot patch mole area photo picture case problem condition time day long doctor thing "
        "look happen use using put try good bad ask question"
    )
)
"""Words of a question that nearly every passage holds: they choose nothing."""
_FORBIDS = re.compile(r"(?:do not|don't|never|avoid|stop)\b", re.IGNORECASE)
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
class Asked:
    """A question about conditions: the clauses that ask, what for, and its stems.

    `named` are the stems of the conditions' names; `focus` those that may choose a sentence, without the names;
    `telling` those of them that stand in a clause that asks and do not only show what kind of question it is.
    """

    text: str
    asking: str
    intents: tuple[Intent, ...]
    named: frozenset[str]
    focus: tuple[str, ...]
    telling: tuple[str, ...]

    @classmethod
    def of(cls, question: str, titles: Collection[str]) -> "Asked":
        """What `question` asks about the conditions in `titles`."""
        named = frozenset(each for title in titles for each in content_stems(title))
        asking = asking_clauses(question)
        kinds = intents(asking)
        shown = frozenset(each for intent in kinds for each in _SHOW[intent])
        focus = tuple(
            dict.fromkeys(each for each in content_stems(question) if each not in named | _GENERIC | NEGATIONS)
        )
        there = set(content_stems(asking))
        return cls(question, asking, kinds, named, focus, tuple(e for e in focus if e in there and e not in shown))


@dataclass(frozen=True, slots=True)
class Placed:
    """A sentence, its guideline's title, its section with the subsection, and how many of that section come before."""

    text: str
    title: str
    section: str
    place: int

    @property
    def in_context(self) -> str:
        """The sentence after what it is about, as the reranker reads it."""
        return f"{self.title}, {self.section.split(' / ')[-1].lower()}: {self.text}"


def overlap(focus: Sequence[str], sentence: str) -> float:
    """How many of the question's stems the sentence holds: 1 for each, 0.6 where it holds one that is related."""
    there = set(content_stems(sentence))
    return sum(1.0 if each in there else 0.6 if RELATED.get(each, frozenset()) & there else 0.0 for each in focus)


def features(asked: Asked, placed: Sequence[Placed]) -> Array:
    """(N, len(FEATURES)) of the sentences `placed`."""
    return np.array([_row(asked, each) for each in placed], dtype=np.float32).reshape(len(placed), len(FEATURES))


def headings(placed: Sequence[Placed]) -> Array:
    """(N, len(HEADINGS)): 1 where the sentence stands."""
    return np.array([[each.section == name for name in HEADINGS] for each in placed], dtype=np.float32)


def kinds(asked: Asked) -> Array:
    """(len(Intent),): 1 for what is asked."""
    return np.array([each in asked.intents for each in Intent], dtype=np.float32)


def _row(asked: Asked, placed: Placed) -> tuple[float, ...]:
    heading = placed.section.split(" / ")[0]
    wanted = [sections(intent) for intent in asked.intents]
    home = max((1.0 - 0.3 * each.index(heading) for each in wanted if heading in each), default=0.0)
    timed = speaks_of_time(placed.text)
    return (
        home,
        overlap(asked.telling, placed.text),
        overlap(asked.focus, placed.text),
        1 / (1 + placed.place),
        float(bool(_FORBIDS.match(placed.text))),
        float(timed),
        float(timed and Intent.DURATION in asked.intents),
        len(placed.text.split()) / 20,
    )
