"""Finds the passages that answer a patient's question: by words and by meaning, over passages and names.

The question is embedded once; the rest is the database's word search and two queries to Chroma. Every result is
looked up among the live chunks of the database, so a retired passage cannot come back, whatever an index still
holds.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from knowledge import catalogue
from knowledge.database import reading
from knowledge.embedding import Embedder
from knowledge.intent import intended_sections
from knowledge.keyword_index import keyword_index
from knowledge.library import Library
from knowledge.naming import KnownName, named_slugs
from knowledge.ranking import Candidate, Found, guideline_scores, ranked, section_bonuses
from knowledge.record import Passage
from knowledge.vector_index import Kind, Neighbour
from knowledge.words import telling_words

DEPTH = 40
"""What each search contributes at most."""

WHOLE_GUIDELINES = 4
"""Of the best guidelines every passage may be returned, so that the section asked for is among them."""

RELEVANT = 0.36
"""Cosine to a passage from which a guideline has to do with the question.

With MiniLM, nearly all of the questions in the tests reach 0.42; a headache or a sore knee stays below 0.36.
"""

NAME_RELEVANT = 0.48
"""The same for a name. Names are short, and a short text is near to many: "hello" reaches 0.42."""

ONE_GUIDELINE = 0.6
"""Share of the results one guideline may fill unless one condition is named: a description fits several."""


@dataclass(frozen=True, slots=True)
class _Hits:
    """What the four searches brought, of live text only."""

    found: Found
    slug_of: dict[str, str]
    nearest_chunk: dict[str, float]
    nearest_name: dict[str, float]

    def relevant(self, slug: str) -> bool:
        """Whether the guideline has to do with the question."""
        return (
            slug in self.found.named
            or self.nearest_chunk.get(slug, 0.0) >= RELEVANT
            or self.nearest_name.get(slug, 0.0) >= NAME_RELEVANT
        )


class Search:
    """Search over the live guidelines of `library`; `embedder` must be the one they were published with."""

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder

    def search(
        self,
        text: str,
        k: int = 5,
        slugs: Collection[str] | None = None,
        sections: Collection[str] | None = None,
        jurisdiction: str | None = None,
    ) -> list[Passage]:
        """At most `k` passages, best first; none when nothing in the library has to do with `text`.

        `slugs`, `sections` (headings or whole labels) and `jurisdiction` narrow what may be returned; with
        `slugs` the caller vouches that they matter and nothing is held back as irrelevant. Raises
        EmbedderUnavailable, EmbedderRefused, IndexMissing, IndexUnavailable or LibraryUnavailable.
        """
        # Half a surrogate pair cannot be sent to any server.
        question = text.encode("utf-8", "replace").decode().strip()
        if not question or k < 1:
            return []
        vector = self._embedder.embed([question])[0]
        with reading(self._library.engine) as connection:
            allowed = _allowed(connection, slugs, jurisdiction)
            if allowed == []:
                return []
            hits = self._hits(connection, question, vector, allowed)
            scores = guideline_scores(hits.found, hits.slug_of)
            if slugs is None:
                scores = {slug: score for slug, score in scores.items() if hits.relevant(slug)}
            best = sorted(scores, key=lambda slug: -scores[slug])[:WHOLE_GUIDELINES]
            rows = catalogue.live_chunks_among(connection, (), hits.slug_of, best)
        eligible = {
            row.chunk_id: row
            for row in rows
            if row.slug in scores and (sections is None or not {row.heading, row.section}.isdisjoint(sections))
        }
        candidates = [Candidate(row.chunk_id, row.slug, row.heading, row.section) for row in eligible.values()]
        condition_known = slugs is not None or len(hits.found.named) == 1
        bonuses = section_bonuses(intended_sections(question), condition_known)
        order = ranked(candidates, scores, hits.found, bonuses)
        if not condition_known:
            order = _mixed(order, k)
        return [catalogue.passage(eligible[candidate.chunk_id], score) for candidate, score in order[:k]]

    def _hits(self, connection: Connection, question: str, vector: Sequence[float], slugs: list[str] | None) -> _Hits:
        index = self._library.index
        generation = catalogue.live_generation(connection, self._library.model)
        words = keyword_index(connection)
        asked = telling_words(question)
        chunk_rows = words.chunk_rows(connection, asked, DEPTH, slugs)
        name_rows = words.name_rows(connection, asked, DEPTH)
        near_chunks = index.nearest(generation, Kind.CHUNKS, vector, DEPTH, slugs)
        near_names = index.nearest(generation, Kind.NAMES, vector, DEPTH, slugs)
        chunks = catalogue.live_chunks_among(connection, chunk_rows, [near.entry_id for near in near_chunks], ())
        names = catalogue.live_names_among(connection, name_rows, [near.entry_id for near in near_names])
        names = [row for row in names if slugs is None or row.slug in slugs]
        chunk_of_row = {row.row: row.chunk_id for row in chunks}
        slug_of_row = {row.row: row.slug for row in names}
        slug_of_name = {row.name_id: row.slug for row in names}
        slug_of_chunk = {row.chunk_id: row.slug for row in chunks}
        nearest_chunk = _nearness(near_chunks, slug_of_chunk)
        nearest_name = _nearness(near_names, slug_of_name)
        nearness = {
            slug: max(nearest_chunk.get(slug, -1.0), nearest_name.get(slug, -1.0))
            for slug in (*nearest_chunk, *nearest_name)
        }
        nearest = sorted(nearness, key=lambda slug: -nearness[slug])
        named = named_slugs(question, [KnownName(row.phrase, row.slug) for row in names])
        if named:
            # "My mole has changed" names a mole and describes a melanoma: neither may hide the other.
            named |= {nearest[0]}
        found = Found(
            nearest=nearest,
            name_words=[slug_of_row[row] for row in name_rows if row in slug_of_row],
            name_meaning=[slug_of_name[near.entry_id] for near in near_names if near.entry_id in slug_of_name],
            chunk_words=[chunk_of_row[row] for row in chunk_rows if row in chunk_of_row],
            chunk_meaning=[near.entry_id for near in near_chunks if near.entry_id in slug_of_chunk],
            named=named,
        )
        return _Hits(found, slug_of_chunk, nearest_chunk, nearest_name)


def _allowed(connection: Connection, slugs: Collection[str] | None, jurisdiction: str | None) -> list[str] | None:
    """The slugs a search is limited to; None for all."""
    if jurisdiction is None:
        return None if slugs is None else sorted(slugs)
    versions = catalogue.live_versions(connection)
    there = {version.slug for version in versions if version.jurisdiction == jurisdiction}
    return sorted(there if slugs is None else there & set(slugs))


def _nearness(neighbours: Sequence[Neighbour], slug_of: dict[str, str]) -> dict[str, float]:
    """The highest cosine of each guideline."""
    nearness: dict[str, float] = {}
    for near in neighbours:
        slug = slug_of.get(near.entry_id)
        if slug is not None:
            nearness[slug] = max(near.similarity, nearness.get(slug, -1.0))
    return nearness


def _mixed(order: list[tuple[Candidate, float]], k: int) -> list[tuple[Candidate, float]]:
    """`order` with the surplus of any one guideline moved to the end."""
    most = math.ceil(k * ONE_GUIDELINE)
    taken: dict[str, int] = {}
    first: list[tuple[Candidate, float]] = []
    surplus: list[tuple[Candidate, float]] = []
    for candidate, score in order:
        taken[candidate.slug] = taken.get(candidate.slug, 0) + 1
        (first if taken[candidate.slug] <= most else surplus).append((candidate, score))
    return first + surplus
