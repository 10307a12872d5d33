"""Cuts a guideline into the passages that are searched and cited.

One chunk per section or subsection; a longer one is cut between sentences into parts of about equal length,
so that every sentence of the guideline stands in exactly one chunk. The list of sources is not cut: every
chunk names them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.guideline_sections import SOURCES
from knowledge.record import Guideline, Section
from knowledge.sentences import Sentence, sentences

LONGEST = 110
"""Words in a chunk; only a single sentence may be longer. MiniLM reads 256 word pieces, about 180 words."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage before it has a place in the library. `section` is the label of its section."""

    chunk_id: str
    heading: str
    section: str
    text: str


def chunks(guideline: Guideline) -> list[Chunk]:
    """The chunks of `guideline` in reading order."""
    return [
        Chunk(_chunk_id(guideline, section, part, text), section.heading, section.label, text)
        for section in guideline.sections
        if section.heading != SOURCES
        for part, text in enumerate(_parts(section))
    ]


def _parts(section: Section) -> Iterator[str]:
    all_sentences = sentences(section.text)
    words = sum(_words(sentence) for sentence in all_sentences)
    target = words / max(1, -(-words // LONGEST))
    taken: list[Sentence] = []
    length = 0
    for sentence in all_sentences:
        more = _words(sentence)
        # A part may pass its fair share by half a sentence, never the limit.
        if taken and (length + more > LONGEST or length + more / 2 > target):
            yield _joined(taken)
            taken, length = [], 0
        taken.append(sentence)
        length += more
    if taken:
        yield _joined(taken)


def _words(sentence: Sentence) -> int:
    return len(sentence.text.split())


def _joined(part: Sequence[Sentence]) -> str:
    text = part[0].text
    for sentence in part[1:]:
        text += ("\n" if sentence.opens_block else " ") + sentence.text
    return text


def _chunk_id(guideline: Guideline, section: Section, part: int, text: str) -> str:
    # The part tells two equal pieces of one section apart. 16 characters fit a chat button's 64 bytes of data.
    whole = "\x1f".join((guideline.slug, guideline.version, section.label, str(part), text))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
