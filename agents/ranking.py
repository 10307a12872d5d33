"""Chooses which sentences answer a question: the best of those found, nothing said twice.

No sentence is changed. A question about nothing that the passages speak of gets no sentence at all.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from agents.intents import Intent
from agents.passages import NumberedPassage
from agents.selection.pairs import Asked, Placed, overlap
from agents.selection.selector import AnswerSelector
from agents.sentences import sentences
from agents.stems import content_stems
from agents.subjects import named_in
from knowledge.record import Passage

P = TypeVar("P", NumberedPassage, Passage)
MOST = 6
BEHIND, FAR_BEHIND = 1.5, 3.0
"""How far a sentence's score may lie behind the best one's; the first third of an answer may lie further behind. Of 500
questions about conditions that were never seen in training, an answer of at most five has then 2.9 sentences, of which
0.67 have to do with the question, and in 0.91 of the answers one that answers it is among them.
"""
_ALIKE = 0.65
"""Share of the shorter sentence's content that makes two sentences say the same."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """A sentence as the passage has it, and where it stands. `score` compares within one question only."""

    text: str
    passage: NumberedPassage
    score: float


def quotations(
    question: str,
    passages: Sequence[NumberedPassage],
    selector: AnswerSelector,
    titles: Collection[str] = (),
    most: int = MOST,
    *,
    described: bool = False,
) -> tuple[Quotation, ...]:
    """At most `most` sentences that answer the question about the conditions in `titles`; none where none does.

    Of a condition that the question only describes, what it is answers more than nothing.
    """
    asked = Asked.of(question, titles)
    found = list(_each(passages))
    if not found or not (described or _speak_of(asked, [placed.text for placed, _ in found])):
        return ()
    scores = selector.scores(asked, [placed for placed, _ in found]).tolist()
    ranked = sorted(
        (Quotation(placed.text, passage, score) for (placed, passage), score in zip(found, scores, strict=True)),
        key=lambda each: -each.score,
    )
    chosen: list[Quotation] = []
    for each in ranked:
        behind = FAR_BEHIND if 3 * len(chosen) <= most else BEHIND
        if len(chosen) == most or each.score < ranked[0].score - behind:
            break
        if not any(alike(each.text, other.text, asked.named) for other in chosen):
            chosen.append(each)
    return tuple(chosen)


def by_best_sentence(
    question: str, passages: Sequence[Passage], selector: AnswerSelector, titles: Collection[str]
) -> list[Passage]:
    """The passages, that first of which a sentence answers the question about the conditions in `titles` best."""
    found = list(_each(passages))
    if not found:
        return []
    scores = selector.scores(Asked.of(question, titles), [placed for placed, _ in found]).tolist()
    best: dict[str, float] = {}
    for (_, passage), score in zip(found, scores, strict=True):
        best[passage.chunk_id] = max(score, best.get(passage.chunk_id, score))
    return sorted(passages, key=lambda each: -best.get(each.chunk_id, -math.inf))


def alike(first: str, second: str, apart_from: Collection[str] = ()) -> bool:
    """Whether two sentences say nearly the same, the stems in `apart_from` not counted."""
    one = set(content_stems(first)) - set(apart_from)
    other = set(content_stems(second)) - set(apart_from)
    shorter = min(len(one), len(other))
    return shorter > 0 and len(one & other) / shorter >= _ALIKE


def _each(passages: Sequence[P]) -> Iterator[tuple[Placed, P]]:
    """Each sentence with its passage; its place counts those of the same section that came before it."""
    before: Counter[tuple[str, str]] = Counter()
    for passage in passages:
        for sentence in sentences(passage.text):
            yield Placed(sentence, passage.title, passage.section, before[passage.slug, passage.section]), passage
            before[passage.slug, passage.section] += 1


def _speak_of(asked: Asked, texts: Sequence[str]) -> bool:
    """Whether the passages have to do with what is asked.

    A question that names the condition has, and one of a known kind (how it is treated, whether it is catching) finds
    its section. "What is …" must be about something they name, and a question of no known kind shares a third of its
    words, and one, with a sentence.
    """
    if named_in(asked.text) or not asked.named.isdisjoint(content_stems(asked.text)):
        return True
    if set(asked.intents) == {Intent.WHAT_IS_IT}:
        return not asked.telling or any(overlap(asked.telling, text) >= 1.0 for text in texts)
    if asked.intents:
        return True
    if not asked.focus:
        return bool(asked.named)
    return any(overlap(asked.focus, text) >= max(1.0, len(asked.focus) / 3) for text in texts)
