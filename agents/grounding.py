"""The check between any language model and the patient: a sentence stays only if a passage it cites says the same.

It works on one sentence at a time and trusts nothing: an uncited sentence, a number, a medicine or any other word
that the cited sentence does not hold, a lost "not", "unless" or "may", all drop it. A true paraphrase is sometimes
dropped too; a false one must never stay. Quotations word for word stay, unless they give orders to a program: a
hostile document.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from agents import metrics
from agents.passages import NumberedPassage
from agents.sentences import marked_sentences, sentences
from agents.stems import STOP_WORDS, stem, tokens
from agents.vocabulary import CONDITIONS_OF_USE, HEDGES, NEGATIONS, NUMBER_WORDS, PLAIN, SAME
from knowledge.formats.neutral import speaks_to_a_machine

NOT_COVERED = (
    "The guideline library does not cover this, so I would rather not guess. A pharmacist or a doctor can answer it."
)
COVERAGE = 0.85
"""Share of a statement's content words that its source sentence must hold."""
_OF_TIME_AND_AGE = frozenset(
    stem(word)
    for word in "second minute hour day night week month year baby babies infant newborn child children teenager adult "
    "adults people older younger pregnant pregnancy woman man".split()
)
_COMPARING = frozenset({"more", "less", "fewer", "most", "least"})
_CERTAIN = frozenset({"will", "must"})
_SCOPE = 12
"""Words after a negation that it reaches, unless a clause ends first."""
_PURE_NEGATIONS = NEGATIONS - {"avoid", "stop", "unlikely", "rarely"}
"""Those that say nothing else; the others are content too: "does not stop" must not become "does"."""
_CLAUSE_END = re.compile(r"[;:.!?]|\b(?:but|because|so|although|however|while|whereas)\b", re.IGNORECASE)
_WORD_OR_END = re.compile(rf"{_CLAUSE_END.pattern}|\d+(?:[.,]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*", re.IGNORECASE)
_UNIT = re.compile(r"(?<=\d)\s*(mg|mcg|µg|g|kg|ml|l|iu|units?|%|mm|cm)\b|(?<=\d)%", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Grounded:
    """A sentence that is supported, and the numbers of the passages that support it."""

    text: str
    citations: tuple[int, ...]


def ground(text: str, passages: Mapping[int, NumberedPassage]) -> tuple[Grounded, ...]:
    """The sentences of `text` that a passage they cite supports, in order, each once; perhaps none."""
    kept: dict[str, Grounded] = {}
    for sentence in marked_sentences(text):
        marks = () if speaks_to_a_machine(sentence.text) else sentence.marks
        found = ((n, _source(passages[n], sentence.text)) for n in marks if n in passages)
        sources = {n: source for n, source in found if source is not None}
        text = _with_its_scope(sentence.text, next(iter(sources.values()), sentence.text))
        is_kept = bool(sources) and (text == sentence.text or not (speaks_to_a_machine(text) or "://" in text))
        if is_kept:
            kept.setdefault(_bare(text), Grounded(text, tuple(sources)))
        metrics.SENTENCES.labels("kept" if is_kept else "dropped").inc()
    return tuple(kept.values())


def _source(passage: NumberedPassage, statement: str) -> str | None:
    """The sentence of the passage that says, itself or in its main clause, what `statement` says."""
    if not tokens(statement):
        return None
    for source in sentences(passage.text):
        if any(_says_the_same(part, statement, passage.title) for part in (source, _main_clause(source))):
            return source
    return None


def _with_its_scope(statement: str, source: str) -> str:
    """The statement; its source word for word where it leaves out for whom, how long, how much or what not to do."""
    goes_on = re.search(r" because [^,;]*[,;]", source)  # what comes after the reason belongs to what is said
    main = source if goes_on else _main_clause(source)
    kept = (
        _numbers(main) <= _numbers(statement)
        and not _measures(main) - _measures(statement)
        and _negations(main) <= _negations(statement)
    )
    return statement if kept else source


def _main_clause(source: str) -> str:
    """The sentence without its reason: what is said before "because" stands alone."""
    return re.split(r",? because ", source, maxsplit=1)[0]


def _says_the_same(source: str, statement: str, title: str) -> bool:
    if _bare(source) == _bare(statement):
        return True
    if "?" in statement or "://" in statement or not _content(statement):
        return False
    return (
        _numbers(statement) <= _numbers(source)
        and _measures(statement) <= _measures(source)
        and _covered(source, statement, title)
        and _limits_kept(source, statement)
        and _negations_agree(source, statement)
        and _in_order(source, statement)
    )


def _bare(text: str) -> str:
    return " ".join(tokens(text)) + ("?" if text.rstrip().endswith("?") else "")


@lru_cache(maxsize=4096)
def _content(text: str) -> tuple[str, ...]:
    return tuple(
        stem(token)
        for token in tokens(text)
        if token not in STOP_WORDS
        and token not in _PURE_NEGATIONS
        and token not in CONDITIONS_OF_USE
        and token not in HEDGES
    )


def _numbers(text: str) -> frozenset[str]:
    plain = text.casefold()
    digits = {number.rstrip(".,") for number in re.findall(r"\d+(?:[.,]\d+)*", plain)}
    units = {match.group().strip() for match in _UNIT.finditer(plain)}
    words = {NUMBER_WORDS[token] for token in tokens(plain) if token in NUMBER_WORDS}
    return frozenset(digits | units | words)


def _measures(text: str) -> Counter[str]:
    """How often each word of time, age or comparison is said, and each number with its unit ("24 hours")."""
    said = tokens(text.casefold())
    words = [stem(token) for token in said if stem(token) in _OF_TIME_AND_AGE or token in _COMPARING]
    pairs = [f"{number} {stem(unit)}" for number, unit in pairwise(said) if number.isdigit() or number in NUMBER_WORDS]
    return Counter([*words, *(pair for pair in pairs if pair.split()[1] in _OF_TIME_AND_AGE)])


def _covered(source: str, statement: str, title: str) -> bool:
    """Every content word stands in the source, or means the same, or names the guideline's subject, or adds nothing.

    None of the source's is said more often than there: "one to five years" must not become "five to five years".
    """
    before, after = _words(source), _words(statement)
    if any(many > max(1, before[each]) for each, many in after.items()):
        return False
    there = set(_content(source))
    same = {other for each in there for other in SAME.get(each, ())}
    wanted = _content(statement)
    held = sum(1 for each in wanted if each in there or each in same)
    return held / len(wanted) >= COVERAGE and all(
        each in there or each in same or each in PLAIN or each in _content(title) for each in wanted
    )


def _words(text: str) -> Counter[str]:
    """Stems of the content with its numbers."""
    return Counter([*_content(text), *(NUMBER_WORDS[token] for token in tokens(text) if token in NUMBER_WORDS)])


def _limits_kept(source: str, statement: str) -> bool:
    """What limits the source limits the statement: each word of condition, and a hedge wherever the source has one.

    What only may be does not become certain, even where another hedge is left.
    """
    before, after = set(tokens(source)), set(tokens(statement))
    conditions_kept = (before & CONDITIONS_OF_USE) == (after & CONDITIONS_OF_USE)
    hedged = bool(before & HEDGES)
    return conditions_kept and hedged == bool(after & HEDGES) and (not hedged or after & _CERTAIN <= before)


@lru_cache(maxsize=4096)
def _denied(text: str) -> Mapping[str, Counter[int]]:
    """For each stem, how often how many negations reach it: "do not stop using" reaches "use" twice."""
    found: defaultdict[str, Counter[int]] = defaultdict(Counter)
    reach: list[int] = []
    denied_last = False
    for match in _WORD_OR_END.finditer(text):
        word = match.group().casefold().replace("’", "'")
        if _CLAUSE_END.fullmatch(word):
            reach = [_SCOPE] if denied_last else []  # "not because of dirt" denies the dirt
            denied_last = False
            continue
        if word not in STOP_WORDS:
            found[stem(word)][len(reach)] += 1
            reach = [left - 1 for left in reach if left > 1]
        denied_last = word in NEGATIONS
        if denied_last:
            reach.append(_SCOPE)
    return found


def _negations_agree(source: str, statement: str) -> bool:
    """No word is denied that the source does not deny, nor asserted where it does."""
    before, after = _negations(source), _negations(statement)
    if after and not before:
        return False
    if before != after and Counter(_content(source)) == Counter(_content(statement)):
        return False
    there, said = _denied(source), _denied(statement)
    return all(said[each] <= there[each] for each in _deniable(source) & _deniable(statement))


def _negations(text: str) -> int:
    return sum(token in NEGATIONS for token in tokens(text))


def _deniable(text: str) -> frozenset[str]:
    """Content, and hedges that can be denied: "possible" must not become "not possible"."""
    return frozenset((*_content(text), *(stem(token) for token in tokens(text) if token in HEDGES - STOP_WORDS)))


def _in_order(source: str, statement: str) -> bool:
    """Most neighbouring words keep the order they have in the source: who does what to whom depends on it."""
    place: dict[str, int] = {}
    for at, each in enumerate(_content(source)):
        place.setdefault(each, at)
    places: Sequence[int] = [place[each] for each in _content(statement) if each in place]
    turned = sum(1 for first, second in pairwise(places) if second < first)
    return turned == 0 or turned / max(1, len(places) - 1) <= 0.25
