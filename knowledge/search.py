"""Finds the passages that answer a patient's question: by words and by meaning, over passages and names.

The question is embedded once; the rest is the database's word search and two queries to Chroma. Every result is
looked up among the live chunks of the database, so a retired passage cannot come back, whatever an index still
holds. And none comes back that is not for the readers: patients are never answered from what holds elsewhere, whoever
asks for them and by whatever slug.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row

from conditions import CONDITIONS
from knowledge import catalogue
from knowledge.database import reading
from knowledge.embedding import Embedder
from knowledge.errors import IndexMissing
from knowledge.guideline_sections import HEADINGS, HELP
from knowledge.intent import intended_sections
from knowledge.keyword_hit import Hit
from knowledge.keyword_index import keyword_index
from knowledge.library import Library
from knowledge.naming import KnownName, named_slugs
from knowledge.ranking import Candidate, Signals, guideline_scores, ranked, section_bonuses, spread
from knowledge.readership import Readership, spoken
from knowledge.record import Passage
from knowledge.settings import BUNDLED_MODEL
from knowledge.vector_index import Kind, Neighbour
from knowledge.words import telling_words

DEPTH = 40
"""What each search of chunks contributes at most."""

NARROW = 12
"""A search limited to at most so many conditions looks among theirs alone: the largest class has so many."""

WIDE_DEPTH = 400
"""What each search of chunks contributes where much that it finds may not fit: what does not is dropped."""

DEEPER, DEEPEST = 4, 6400
"""By how much it is looked deeper where a large text that is not for the readers crowds out theirs, and how deep."""

NAME_DEPTH = 120
"""The same for names: enough that the three nearest of every likely guideline are among them."""

WHOLE_GUIDELINES = 5
"""Of the best guidelines every passage may be returned, so that the section asked for is among them."""

RELEVANT = 0.36
"""Cosine to a passage from which a guideline has to do with the question.

With MiniLM, nearly all of the questions in the tests reach 0.42; a headache or a sore knee stays below 0.36.
"""

NAME_RELEVANT = 0.52
"""The same for a name. Names are short, and a short text is near to many: "hello" reaches 0.42."""

NEAR_NAME, WORDS_AGREE = 0.45, 0.8
"""Cosine to a name that is enough where the words agree: both word searches give the guideline so much of their best
score ("golden crusts round his nose, can he go to school?").
"""

LEAST_LIKELY = 0.0005
"""Of a guideline beside the best: what is less likely is no answer, even where the best has nothing to say."""

_GIVING_WAY = frozenset(HEADINGS) - {HELP}
"""Sections in which an international text gives way to one for the patients' own place."""

REBUILT_MEANWHILE = 2
"""How often a search begins anew where rebuilds overtook it and dropped the generation that it was reading."""


@dataclass(frozen=True, slots=True)
class _Hits:
    """What the four searches brought, of live text only. The lists of chunk ids are best first."""

    signals: dict[str, Signals]
    slug_of: dict[str, str]
    by_words: list[str]
    by_meaning: list[str]
    named: frozenset[str]

    def relevant(self, slug: str) -> bool:
        """Whether the guideline has to do with the question."""
        signals = self.signals[slug]
        words_agree = min(signals.name_words, signals.chunk_words) >= WORDS_AGREE
        return (
            slug in self.named
            or signals.chunk >= RELEVANT
            or signals.name >= (NEAR_NAME if words_agree else NAME_RELEVANT)
        )


@dataclass(frozen=True, slots=True)
class _Allowed:
    """The texts a search is limited to, each key with its slug. `crowded`: texts for others may be found first."""

    slug_of: Mapping[str, str]
    crowded: bool


class Search:
    """Search over the live guidelines of `library`; `embedder` must be the one they were published with.

    `readers`: whom the passages are for. Not given, it is the patients of the library's settings: whoever forgets them
    answers nobody from a text that holds elsewhere.
    """

    def __init__(self, library: Library, embedder: Embedder, readers: Readership | None = None) -> None:
        self.library = library
        self.embedder = embedder
        self.readers = library.settings.readers if readers is None else readers

    def search(
        self,
        text: str,
        k: int = 5,
        slugs: Collection[str] | None = None,
        sections: Collection[str] | None = None,
        jurisdiction: str | None = None,
        language: str | None = None,
        disease_class: str | None = None,
    ) -> list[Passage]:
        """At most `k` passages, best first; none when nothing in the library has to do with `text`.

        `slugs`, `sections` (headings or whole labels), `jurisdiction` (which also finds what is international),
        `language` (en also finds en-GB) and `disease_class` narrow what may be returned, beside what is for the
        readers; with `slugs` the caller vouches that they matter and nothing is held back as irrelevant. Where a text
        for the jurisdiction has a section, an international one of the same condition gives way. Raises
        EmbedderUnavailable, EmbedderRefused, IndexMissing, IndexUnavailable or LibraryUnavailable.
        """
        # Half a surrogate pair cannot be sent to any server.
        question = text.encode("utf-8", "replace").decode().strip()
        if not question or k < 1:
            return []
        vector = self.embedder.embed([question])[0]
        narrowed = (slugs, sections, (self.readers, Readership(jurisdiction, language)), disease_class)
        for _ in range(REBUILT_MEANWHILE):
            try:
                return self._search(question, vector, k, *narrowed)
            except IndexMissing:
                continue
        return self._search(question, vector, k, *narrowed)

    def vectors(self, texts: Sequence[str]) -> list[list[float]] | None:
        """The texts' vectors by the embedding model that comes with the library; None where another one is set.

        Raises EmbedderUnavailable or EmbedderRefused.
        """
        if self.library.model != BUNDLED_MODEL:
            return None
        return self.embedder.embed([_written(text) for text in texts])

    def reranked(self, question: str, sentences: Sequence[str]) -> list[float] | None:
        """How well each sentence answers, to be compared within one question; None where nothing was learned for that.

        Raises EmbedderUnavailable or EmbedderRefused.
        """
        if self.library.model != BUNDLED_MODEL:
            return None
        return self.embedder.rerank(_written(question), [_written(each) for each in sentences])

    def _search(
        self,
        question: str,
        vector: Sequence[float],
        k: int,
        slugs: Collection[str] | None,
        sections: Collection[str] | None,
        readers: Sequence[Readership],
        disease_class: str | None,
    ) -> list[Passage]:
        with reading(self.library.engine) as connection:
            allowed = _allowed(connection, slugs, readers, disease_class)
            if allowed is not None and not allowed.slug_of:
                return []
            due_from = self.library.due_from()
            hits = self._hits(connection, question, vector, allowed, due_from)
            scores = guideline_scores(hits.signals)
            if slugs is None:
                scores = {
                    slug: score for slug, score in scores.items() if score >= LEAST_LIKELY and hits.relevant(slug)
                }
            best = sorted(scores, key=lambda slug: -scores[slug])[:WHOLE_GUIDELINES]
            rows = [
                *catalogue.guideline_chunks(connection, best, due_from),
                *catalogue.live_chunks_among(connection, (), hits.slug_of, due_from),
            ]
        eligible = {
            row.chunk_id: row
            for row in rows
            if row.slug in scores
            and (allowed is None or row.key in allowed.slug_of)
            and (sections is None or not {row.heading, row.section}.isdisjoint(sections))
        }
        eligible = _own_first(eligible, readers)
        candidates = [Candidate(row.chunk_id, row.slug, row.heading, row.section) for row in eligible.values()]
        intended = intended_sections(question)
        condition_known = slugs is not None or len(hits.named) == 1
        bonuses = section_bonuses(intended, condition_known)
        order = ranked(candidates, scores, hits.by_words, hits.by_meaning, bonuses)
        if not condition_known or (slugs is None and not intended):
            order = spread(order, k)
        return [catalogue.passage(eligible[candidate.chunk_id], score) for candidate, score in order[:k]]

    def _hits(
        self,
        connection: Connection,
        question: str,
        vector: Sequence[float],
        allowed: _Allowed | None,
        due_from: date,
    ) -> _Hits:
        slugs = None if allowed is None else sorted(set(allowed.slug_of.values()))
        crowded = allowed is not None and allowed.crowded
        depth = WIDE_DEPTH if crowded else DEPTH
        if slugs is not None and len(slugs) > NARROW:
            slugs, depth = None, WIDE_DEPTH
        index = self.library.index
        generation = catalogue.live_generation(connection, self.library.model)
        words, asked = keyword_index(connection), telling_words(question)
        while True:
            chunk_hits = words.chunk_hits(connection, asked, depth, slugs)
            near_chunks = index.nearest(generation, Kind.CHUNKS, vector, depth, slugs)
            chunks = catalogue.live_chunks_among(
                connection, [hit.row for hit in chunk_hits], [near.entry_id for near in near_chunks], due_from
            )
            chunks = [row for row in chunks if allowed is None or row.key in allowed.slug_of]
            all_seen = max(len(chunk_hits), len(near_chunks)) < depth
            if not crowded or all_seen or len(chunks) >= DEPTH or depth >= DEEPEST:
                break
            depth *= DEEPER
        name_hits = words.name_hits(connection, asked, NAME_DEPTH)
        near_names = index.nearest(generation, Kind.NAMES, vector, NAME_DEPTH, slugs)
        names = catalogue.live_names_among(
            connection, [hit.row for hit in name_hits], [near.entry_id for near in near_names], due_from
        )
        names = [row for row in names if allowed is None or row.key in allowed.slug_of]
        slug_of_chunk = {row.chunk_id: row.slug for row in chunks}
        chunk_of_row = {row.row: row.chunk_id for row in chunks}
        slug_of_name = {row.name_id: row.slug for row in names}
        name_cosines = _cosines(near_names, slug_of_name)
        chunk_cosines = _cosines(near_chunks, slug_of_chunk)
        named = _named(question, names, name_cosines, chunk_cosines)
        signals = _signals(
            name_cosines,
            chunk_cosines,
            _shares(name_hits, {row.row: row.slug for row in names}),
            _shares(chunk_hits, {row.row: row.slug for row in chunks}),
            named,
        )
        return _Hits(
            signals=signals,
            slug_of=slug_of_chunk,
            by_words=[chunk_of_row[hit.row] for hit in chunk_hits if hit.row in chunk_of_row],
            by_meaning=[near.entry_id for near in near_chunks if near.entry_id in slug_of_chunk],
            named=named,
        )


def _written(text: str) -> str:
    """Without halves of characters, which JSON cannot carry."""
    return text.encode("utf-8", "replace").decode()


def _named(
    question: str,
    names: Sequence[Row[Any]],
    name_cosines: Mapping[str, Sequence[float]],
    chunk_cosines: Mapping[str, Sequence[float]],
) -> frozenset[str]:
    """The conditions that the question names, and the one nearest in meaning beside them."""
    named = named_slugs(question, [KnownName(row.phrase, row.slug) for row in names])
    nearest = {
        slug: max(*name_cosines.get(slug, (-1.0,)), *chunk_cosines.get(slug, (-1.0,)), -1.0)
        for slug in (*chunk_cosines, *name_cosines)
    }
    # "My mole has changed" names a mole and describes a melanoma: neither may hide the other.
    return named | {max(nearest, key=lambda slug: nearest[slug])} if named and nearest else named


def _signals(
    name_cosines: Mapping[str, Sequence[float]],
    chunk_cosines: Mapping[str, Sequence[float]],
    name_shares: Mapping[str, float],
    chunk_shares: Mapping[str, float],
    named: frozenset[str],
) -> dict[str, Signals]:
    # A guideline none of whose names is near is no nearer than the last one that was found.
    farthest_name = min((cosines[-1] for cosines in name_cosines.values()), default=0.0)
    farthest_chunk = min((cosines[-1] for cosines in chunk_cosines.values()), default=0.0)
    signals = {}
    for slug in {**name_cosines, **chunk_cosines, **name_shares, **chunk_shares, **dict.fromkeys(named)}:
        nearest = [*name_cosines.get(slug, ()), farthest_name, farthest_name, farthest_name][:3]
        signals[slug] = Signals(
            name=nearest[0],
            names=sum(nearest) / len(nearest),
            name_words=name_shares.get(slug, 0.0),
            chunk_words=chunk_shares.get(slug, 0.0),
            chunk=max(chunk_cosines.get(slug, (farthest_chunk,))),
            named=slug in named,
        )
    return signals


def _shares(hits: Sequence[Hit], slug_of: Mapping[int, str]) -> dict[str, float]:
    """The best score of each guideline as a share of the best of all."""
    best: dict[str, float] = {}
    for hit in hits:
        if hit.row in slug_of:
            best[slug_of[hit.row]] = max(hit.score, best.get(slug_of[hit.row], 0.0))
    top = max(best.values(), default=0.0)
    return {slug: score / top for slug, score in best.items()} if top > 0 else {}


def _allowed(
    connection: Connection,
    slugs: Collection[str] | None,
    readers: Sequence[Readership],
    disease_class: str | None,
) -> _Allowed | None:
    """What a search is limited to; None for all. What it finds must be for all of `readers`."""
    of_any = slugs is None and disease_class is None
    if of_any and not any(each.is_narrow for each in readers):
        return None
    among = [
        version
        for version in catalogue.live_versions(connection)
        if (slugs is None or version.slug in slugs)
        and (disease_class is None or CONDITIONS[version.slug].disease_class == disease_class)
    ]
    slug_of = {
        version.key: version.slug
        for version in among
        if all(each.may_be_told(version.jurisdiction, version.language) for each in readers)
    }
    if of_any and len(slug_of) == len(among):
        return None
    return _Allowed(slug_of, crowded=len(slug_of) < len(among))


def _own_first(rows: Mapping[str, Row[Any]], readers: Sequence[Readership]) -> dict[str, Row[Any]]:
    """Less the international passages of a section that a text for the readers' own jurisdiction has as well.

    Only what was found gives way, and only to what was found: a leaflet of the place that says little hides little.
    What tells when to get help never gives way: a sign of danger is one wherever it was written down.
    """
    own = {chunk_id for chunk_id, row in rows.items() if any(each.is_own(row.jurisdiction) for each in readers)}
    said = {_place(rows[chunk_id]) for chunk_id in own} - {None}
    return {chunk_id: row for chunk_id, row in rows.items() if chunk_id in own or _place(row) not in said}


def _place(row: Row[Any]) -> tuple[str, str, str] | None:
    """Which section of which condition the passage is of, in which language; None: of none that gives way."""
    return (row.slug, spoken(row.language), row.heading) if row.heading in _GIVING_WAY else None


def _cosines(neighbours: Sequence[Neighbour], slug_of: Mapping[str, str]) -> dict[str, list[float]]:
    """The cosines of each guideline, highest first."""
    cosines: dict[str, list[float]] = {}
    for near in sorted(neighbours, key=lambda near: -near.similarity):
        if near.entry_id in slug_of:
            cosines.setdefault(slug_of[near.entry_id], []).append(near.similarity)
    return cosines
