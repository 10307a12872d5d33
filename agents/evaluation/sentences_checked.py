"""How many wrong sentences get through the check, and how many true paraphrases survive it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from agents.evaluation.planting import Planted, planted
from agents.evaluation.sampling import drawn
from agents.grounding import ground
from agents.passages import NumberedPassage
from agents.sentences import sentences
from conditions import CONDITIONS
from knowledge.chunks import chunks
from knowledge.guideline_file import read_guideline
from knowledge.library import STARTER_TEXTS

_PARAPHRASES = Path(__file__).with_name("paraphrases.yaml")


def starter_passages() -> list[NumberedPassage]:
    """Every chunk of the starter guidelines as a passage with the number 1."""
    found = []
    for path in sorted(STARTER_TEXTS.glob("*.md")):
        guideline = read_guideline(path)
        for chunk in chunks(guideline):
            title = CONDITIONS[path.stem].title
            found.append(NumberedPassage(1, chunk.chunk_id, path.stem, title, chunk.section, chunk.text, "", None))
    return found


def plants(passages: Iterable[NumberedPassage]) -> list[tuple[Planted, NumberedPassage]]:
    """Wrong sentences, each with the passage it pretends to come from."""
    home: dict[str, NumberedPassage] = {}
    said: list[tuple[str, str]] = []
    for passage in passages:
        for sentence in sentences(passage.text):
            if sentence not in home:
                home[sentence] = passage
                said.append((sentence, passage.title))
    return [(each, home[each.right]) for each in planted(said)]


def leaks() -> tuple[list[Planted], int]:
    """The wrong sentences that the check lets through, and how many were planted."""
    tried = plants(starter_passages())
    return _let_through(tried), len(tried)


def _let_through(tried: Sequence[tuple[Planted, NumberedPassage]]) -> list[Planted]:
    return [each for each, passage in tried if _gets_through(each, passage)]


def _gets_through(each: Planted, passage: NumberedPassage) -> bool:
    """Whether something else is said than the right sentence, in full."""
    return any(kept.text != each.right for kept in ground(f"{each.wrong} [1]", {1: passage}))


def paraphrases() -> list[tuple[str, str, bool]]:
    """True paraphrases: (source sentence, paraphrase, whether it survives the check)."""
    pairs = yaml.safe_load(_PARAPHRASES.read_text(encoding="utf-8"))
    found = []
    for pair in pairs:
        passage = NumberedPassage(1, "c", "tinea-corporis", "", "Overview", pair["source"], "", None)
        found.append((pair["source"], pair["says"], bool(ground(f"{pair['says']} [1]", {1: passage}))))
    return found


def figures(at_most: int | None = None) -> Mapping[str, Any]:
    """The share of wrong sentences that get through, by kind, and of true paraphrases that survive.

    Of those planted, at most so many are tried, drawn by a fixed seed; all for None.
    """
    every = plants(starter_passages())
    tried = drawn(every, at_most)
    through = _let_through(tried)
    told = paraphrases()
    return {
        "planted": len(every),
        "tried": len(tried),
        "got_through": len(through) / len(tried),
        "got_through_by_kind": dict(Counter(each.kind for each in through)),
        "paraphrases": len(told),
        "paraphrases_kept": sum(kept for _, _, kept in told) / len(told),
    }
