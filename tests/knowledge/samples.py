"""A small guideline to publish and an embedder that needs no model, for the tests of the library."""

import hashlib
import math
from collections.abc import Sequence
from datetime import date

from conditions import CONDITIONS
from knowledge.guideline_sections import HEADINGS, HELP, HELP_LEVELS
from knowledge.record import Document, Guideline, Section, Source
from knowledge.words import telling_words

DIMENSIONS = 256
DOCUMENT = Document(
    key="psoriasis.care",
    slug="psoriasis",
    title="Care at home",
    jurisdiction="international",
    language="en",
    version="2026-11-30",
    reviewed=None,
    review_by=date(2027, 11, 30),
    source="Care at home, 2026",
    file_name="care.md",
    text="# Care\n\nUse ointment.",
)


class HashEmbedder:
    """Each word points in a direction of its own; texts that share words are near. Counts what it embeds."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        self.embedded: list[str] = []
        self.dimensions = dimensions

    def rerank(self, question: str, sentences: Sequence[str]) -> None:
        """It has no reranker."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self.embedded.extend(texts)
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self.dimensions
        for word in telling_words(text) or ["nothing"]:
            vector[int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % self.dimensions] += 1.0
        length = math.sqrt(sum(number * number for number in vector))
        return [number / length for number in vector]


def guideline(
    slug: str = "psoriasis",
    version: str = "1",
    synonyms: tuple[str, ...] = ("silvery plaques",),
    jurisdiction: str = "UK",
    **texts: str,
) -> Guideline:
    """A whole guideline; `texts` replaces the text of a section, its heading in lower case with underscores."""
    title = CONDITIONS[slug].title.capitalize()
    sections = []
    for heading in HEADINGS:
        for level in HELP_LEVELS if heading == HELP else (None,):
            key = (level if level and heading == HELP else heading).lower().replace(" ", "_").replace("-", "_")
            text = texts.get(f"help_{key}" if level else key, f"{title} and {heading.lower()} {level or ''}".strip())
            sections.append(Section(heading=heading, subheading=level, text=f"{text.rstrip('.')}."))
    return Guideline(
        slug=slug,
        title=title,
        disease_class=CONDITIONS[slug].disease_class,
        icd11=None,
        synonyms=synonyms,
        sources=(Source(organisation="NHS", title=title, year=2020, url="https://www.nhs.uk/"),),
        jurisdiction=jurisdiction,
        language="en",
        version=version,
        reviewed=None,
        review_by=date(2027, 11, 30),
        sections=tuple(sections),
    )
