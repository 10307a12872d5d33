"""What a publication consists of, whether it comes from a guideline in the fixed form or from a free document."""

import hashlib
import re
from datetime import date

from pydantic import BaseModel, ConfigDict

from knowledge.chunks import Chunk, chunks, document_chunks
from knowledge.guideline_file import render_guideline
from knowledge.record import Document, Guideline


class Edition(BaseModel):
    """All that is stored of one version, ready to be published. `key` names what it replaces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    slug: str
    title: str
    version: str
    jurisdiction: str
    language: str
    reviewed: date | None
    review_by: date
    valid_from: date | None
    source: str
    file_name: str
    document: str
    names: tuple[str, ...]
    pieces: tuple[Chunk, ...]

    @property
    def sha256(self) -> str:
        """The hash that tells whether two editions are the same to the letter."""
        return digest(self.document)


def digest(document: str) -> str:
    """The hash of a version's whole text."""
    return hashlib.sha256(document.encode()).hexdigest()


def edition_of(text: Guideline | Document, valid_from: date | None = None) -> Edition:
    """The edition of a guideline or a document."""
    common = {name: getattr(text, name) for name in ("slug", "title", "version", "jurisdiction", "language")}
    common |= {"reviewed": text.reviewed, "review_by": text.review_by, "valid_from": valid_from}
    if isinstance(text, Guideline):
        return Edition(
            key=text.slug,
            source="; ".join(source.citation for source in text.sources),
            file_name=f"{text.slug}.md",
            document=render_guideline(text),
            names=names_of(text.title, text.slug, *text.synonyms),
            pieces=tuple(chunks(text)),
            **common,
        )
    return Edition(
        key=text.key,
        source=text.source,
        file_name=text.file_name,
        document=text.text,
        names=names_of(text.title),
        pieces=tuple(document_chunks(text)),
        **common,
    )


def names_of(title: str, slug: str = "", *synonyms: str) -> tuple[str, ...]:
    """The title, its part before and its part in brackets, the slug's words and the synonyms, each once."""
    phrases = (title, *re.split(r"[()]", title), slug.replace("-", " "), *synonyms)
    once = {" ".join(phrase.split()).casefold(): " ".join(phrase.split()) for phrase in reversed(phrases)}
    return tuple(phrase for key, phrase in reversed(once.items()) if key)
