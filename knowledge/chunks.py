"""Cuts a guideline or a document into the passages that are searched and cited.

One chunk per section or subsection; a longer one is cut between sentences into parts of about equal length,
so that every sentence stands in exactly one chunk. Of a guideline the list of sources is not cut: every chunk
names them. In a document a chunk follows the path of headings above it and belongs to the page it begins on.
"""

import hashlib
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from knowledge.document_sections import document_sections
from knowledge.guideline_sections import SOURCES
from knowledge.record import Document, Guideline
from knowledge.sentences import Sentence, sentences

LONGEST = 110
"""Words in a chunk; only a single sentence may be longer. MiniLM reads 256 word pieces, about 180 words."""


class Chunk(BaseModel):
    """A passage before it has a place in the library.

    `section` is the label of its section, `heading` the heading it counts as; `page` counts from 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunk_id: str
    heading: str
    section: str
    text: str
    page: int | None = None


def chunks(guideline: Guideline) -> list[Chunk]:
    """The chunks of `guideline` in reading order."""
    return [
        Chunk(
            chunk_id=_chunk_id(guideline.slug, guideline.version, section.label, part, text),
            heading=section.heading,
            section=section.label,
            text=text,
        )
        for section in guideline.sections
        if section.heading != SOURCES
        for part, text in enumerate(_parts(section.text))
    ]


def document_chunks(document: Document) -> list[Chunk]:
    """The chunks of `document` in reading order."""
    return [
        Chunk(
            chunk_id=_chunk_id(document.key, document.version, section.label, f"{at}.{part}", text),
            heading=section.heading,
            section=section.label,
            text=text,
            page=section.page,
        )
        for at, section in enumerate(document_sections(document.text))
        for part, text in enumerate(_parts(section.text))
    ]


def _parts(text: str) -> Iterator[str]:
    all_sentences = sentences(text)
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


def _chunk_id(key: str, version: str, label: str, part: int | str, text: str) -> str:
    # The part tells two equal pieces of one section apart. 16 characters fit a chat button's 64 bytes of data.
    whole = "\x1f".join((key, version, label, str(part), text))
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
