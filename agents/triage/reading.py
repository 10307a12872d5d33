"""What a text says of the patient: which terms it affirms, denies or only asks about.

A term is a name for one thing in many wordings (`terms/*.yaml`). A reading holds the terms found, each with how it was
meant, and the rules ask it nothing but names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from re import Pattern

import yaml
from pydantic import BaseModel, ConfigDict

from agents.triage.ages import age_terms, fever_spans, only_normal_temperatures
from agents.triage.circumstances import without_circumstances
from agents.triage.context import Marks, Whose, is_over, marks
from agents.triage.figures_of_speech import without_figures_of_speech
from agents.triage.negation import negators
from agents.triage.phrases import compile_phrases
from agents.triage.questions import begins_as_question
from agents.triage.sentences import Sentence, sentences
from agents.triage.skin_tone import without_skin_tone

_TERMS = Path(__file__).parent / "terms"
_IMPLIED = {"under_3_months": ("baby", "child"), "baby": ("child",)}
_LONGEST_TEXT = 20_000
_REASSURING = frozenset({"blanches", "airway_fine"})
"""Terms that say what is not so without a word for not."""
_AGES = frozenset(
    {*map(str, range(1, 90)), *"birth school uni age one two three four five six seven eight nine ten".split()}
)
_JUST_NOW = frozenset("just now today hour hours minutes tonight yesterday currently".split())
_NO, _FRAGMENT = frozenset({"no", "nope", "none", "nah"}), 6
_KINDS = ("symptoms", "named", "standing", "anyone")


class _TermFile(BaseModel):
    """One file of `terms/`.

    `named`: a diagnosis by name counts only as said of the patient, now, and not in doubt. `standing`: what stays, so
    it counts however long ago it came (a mole). `anyone`: counts whoever has it and whenever it was (a contact).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lists: dict[str, list[str]] = {}
    symptoms: dict[str, list[str]] = {}
    named: dict[str, list[str]] = {}
    standing: dict[str, list[str]] = {}
    anyone: dict[str, list[str]] = {}


@dataclass(frozen=True)
class Term:
    """One thing and the pattern of its wordings."""

    name: str
    pattern: Pattern[str]
    kind: str


@lru_cache(maxsize=1)
def terms() -> Mapping[str, Term]:
    """Every term by name, compiled. KeyError: a phrase uses an unknown list. ValueError: a term is defined twice."""
    files = [
        _TermFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted(_TERMS.glob("*.yaml"))
        if path.name != "spelling.yaml"
    ]
    lists = {name: words for file in files for name, words in file.lists.items()}
    found: dict[str, Term] = {}
    for file in files:
        for kind in _KINDS:
            for name, phrases in getattr(file, kind).items():
                if name in found:
                    raise ValueError(f"The term {name!r} is defined twice in agents/triage/terms: keep one of the two.")
                found[name] = Term(name, compile_phrases(phrases, lists), kind)
    return found


def term_names() -> frozenset[str]:
    """The names a rule may use."""
    return frozenset(terms()) | {"under_3_months", "baby", "child", "adult"}


@dataclass(frozen=True)
class Reading:
    """The names of terms affirmed of the patient; or of anyone now; affirmed or only asked; denied.

    `over`: whether it tells of an illness long over. `turned`: whether terms are denied, over, another's or were a
    figure of speech, or a temperature is normal.
    """

    affirmed: frozenset[str]
    anyone_now: frozenset[str]
    asked: frozenset[str]
    denied: frozenset[str]
    over: bool
    turned: bool


def _was_had(tokens: tuple[str, ...], first: int) -> bool:
    """Whether an illness by name is one that somebody "had": over, unless it was just now, or at what age it was."""
    then = any(one == "at" and other in _AGES for one, other in pairwise(tokens[first : first + 5]))
    return "had" in tokens[max(first - 3, 0) : first] and (then or not _JUST_NOW & set(tokens))


def _meant(term: Term, first: int, last: int, under: tuple[int | None, ...], mark: Marks, sentence: Sentence) -> str:
    """One of affirmed, anyone, asked, denied, dismissed, for the tokens `first` to `last` (exclusive)."""
    tokens, question = sentence.tokens, begins_as_question(sentence)
    if any(trigger is not None and not first <= trigger < last for trigger in under[first:last]):
        return "denied"
    only_asked = all(mark.asked[first:last])
    if term.kind == "anyone":
        return "asked" if only_asked else "affirmed"
    if term.kind == "named" and _was_had(tokens, first):
        return "dismissed"
    if (mark.past[first] and term.kind != "standing") or mark.whose[first] is Whose.OTHER_THEN:
        return "dismissed"
    if only_asked or (term.kind == "named" and question):
        return "asked" if mark.whose[first] is Whose.PATIENT else "dismissed"
    if mark.whose[first] is Whose.OTHER_NOW:
        return "dismissed" if term.kind == "named" else "anyone"
    return "affirmed"


def _read_sentence(sentence: Sentence, mark: Marks, found: dict[str, set[str]]) -> None:
    """Adds the terms of one sentence to `found`."""
    under = negators(sentence)
    spans = [
        (term, match.start(), match.end())
        for term in terms().values()
        for match in term.pattern.finditer(sentence.line)
    ]
    spans += [(terms()["fever"], start, end) for start, end in fever_spans(sentence)]
    normal = only_normal_temperatures(sentence)
    for term, start, end in spans:
        if normal and "temp" in sentence.line[start:end]:
            continue
        first, last = sentence.index_at(start), sentence.index_at(end)
        found[_meant(term, first, last, under, mark, sentence)].add(term.name)
    found["affirmed"] |= age_terms(sentence)


def read(text: str) -> Reading:
    """Read a patient's text. Never raises; the first 20,000 characters are read (Telegram's messages end at 4,096)."""
    found: dict[str, set[str]] = {
        "affirmed": set(),
        "anyone": set(),
        "asked": set(),
        "denied": set(),
        "dismissed": set(),
    }
    plain = without_circumstances(without_skin_tone(text[:_LONGEST_TEXT]))
    literal = without_figures_of_speech(plain)
    parts = sentences(literal)
    answers = [*parts[1:], None][: len(parts)]
    for sentence, mark, answer in zip(parts, marks(parts), answers, strict=True):
        if not (sentence.question and answer and answer.tokens[0] in _NO and len(sentence.tokens) <= _FRAGMENT):
            _read_sentence(sentence, mark, found)
    for name, implied in _IMPLIED.items():
        if name in found["affirmed"]:
            found["affirmed"].update(implied)
    affirmed = frozenset(found["affirmed"])
    return Reading(
        affirmed=affirmed,
        anyone_now=affirmed | found["anyone"],
        asked=affirmed | found["asked"],
        denied=frozenset(found["denied"]),
        over=is_over(parts),
        turned=bool(found["denied"] | found["dismissed"] | found["anyone"] | affirmed & _REASSURING)
        or literal != plain
        or any(map(only_normal_temperatures, parts)),
    )
