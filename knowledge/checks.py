"""What `./run doctor` asks of the guideline library: its tables, its index, the embedder, which guidelines are overdue.

Nothing is changed by looking: the tables are read as they are.
"""

import math
import random
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from checkup import Check, Finding, broken, warning, well
from conditions import EMERGENCIES
from knowledge import catalogue
from knowledge.embedding import RemoteEmbedder
from knowledge.errors import IndexMissing, KnowledgeError
from knowledge.readership import Readership
from knowledge.record import Version
from knowledge.schema import MIGRATIONS, revision
from knowledge.settings import KnowledgeSettings
from knowledge.standing import as_it_is, is_new
from knowledge.vector_index import Kind, VectorIndex

REBUILD: Final = "Run: ./run knowledge rebuild"
SAMPLE: Final = 8
SAME: Final = 0.99
"""Cosine similarity from which two vectors were made of one text by one model; rounding costs a thousandth."""


def check_library(settings: KnowledgeSettings) -> Sequence[Finding]:
    """Whether the library's tables can be reached and are at this program's revision."""
    if is_new(settings):
        return [broken("library", "There is no guideline library yet.", "Run: ./run knowledge load (or ./run up)")]
    with as_it_is(settings) as connection:
        at = revision(connection)
        try:
            steps = ScriptDirectory(str(MIGRATIONS)).iterate_revisions("head", at or "base")
            missing = [step.revision for step in steps][::-1]
        except CommandError:
            remedy = "Install that version, or restore a copy made before the upgrade."
            return [broken("library", f"A newer version of this program made the library ({at}).", remedy)]
        if missing:
            says = f"The library is at revision {at or 'none'}; {', '.join(missing)} are missing."
            return [broken("library", says, "Run: ./run knowledge migrate", revision=at, missing=len(missing))]
        guidelines, passages = catalogue.live_counts(connection)
    if not guidelines:
        return [broken("library", "The library holds no guideline.", "Run: ./run knowledge load")]
    says = f"{guidelines} guidelines in {passages} passages, at the newest revision, {at}."
    return [well("library", says, revision=at, guidelines=guidelines, passages=passages)]


def check_guidelines(settings: KnowledgeSettings, today: date | None = None) -> Sequence[Finding]:
    """Which live guidelines are past the date by which somebody should have reviewed them, and which no patient gets.

    The latter only where the settings say for whom answers are.
    """
    if is_new(settings):
        return []
    with as_it_is(settings) as connection:
        live = catalogue.live_versions(connection)
    overdue = [each.slug for each in live if each.review_by < (today or date.today())]
    unreviewed = sum(1 for each in live if each.reviewed is None)
    facts = {"live": len(live), "overdue": len(overdue), "unreviewed": unreviewed}
    readers = _of_readers(live, settings.readers) if settings.readers.is_narrow and live else []
    if overdue:
        some = ", ".join(overdue[:5]) + (" …" if len(overdue) > 5 else "")
        remedy = "Have a clinician review and publish them anew on the dermatologists' page."
        return [
            warning(
                "guidelines", f"{len(overdue)} of {len(live)} are past their review date: {some}.", remedy, **facts
            ),
            *readers,
        ]
    return [
        well("guidelines", f"None of {len(live)} is past its review date; {unreviewed} were never reviewed.", **facts),
        *readers,
    ]


def _of_readers(live: Sequence[Version], readers: Readership) -> list[Finding]:
    """Of how many conditions there are texts, but none for the patients; those that are emergencies first."""
    answered = {each.slug for each in live if readers.may_be_told(each.jurisdiction, each.language)}
    without = sorted({each.slug for each in live} - answered, key=lambda slug: (slug not in EMERGENCIES, slug))
    facts = {"conditions": len(answered), "without": len(without)}
    if not answered:
        there = ", ".join(sorted({f"{each.jurisdiction} in {each.language}" for each in live}))
        says = f"No live text is {readers.words}: no question of a patient is answered from the library."
        remedy = f"Set SKINGPT_LIBRARY_JURISDICTION and SKINGPT_LIBRARY_LANGUAGE to what there is ({there})."
        return [broken("guidelines", says, remedy, **facts)]
    if without:
        some = ", ".join(without[:5]) + (" …" if len(without) > 5 else "")
        says = f"Of {len(without)} conditions there are live texts, but none {readers.words}: {some}."
        remedy = "Publish texts of them that are, or patients are told that the library does not cover them."
        return [warning("guidelines", says, remedy, **facts)]
    return [well("guidelines", f"Texts {readers.words} cover every condition that has one.", **facts)]


def check_embedder(settings: KnowledgeSettings) -> Sequence[Finding]:
    """Whether the embedder answers with vectors of length 1."""
    try:
        vector = RemoteEmbedder(settings.embedder_url).embed(["itchy red patches"])[0]
    except KnowledgeError as error:
        return [broken("embedder", *_parted(error))]
    length = math.hypot(*vector)
    if abs(length - 1) > 0.01:
        remedy = "Serve the model with normalised vectors, as sentence-transformers' normalize_embeddings does."
        return [broken("embedder", f"Its vectors have length {length:.2f}, not 1.", remedy, dimension=len(vector))]
    return [well("embedder", f"It answers with vectors of {len(vector)} numbers.", dimension=len(vector))]


def check_index(settings: KnowledgeSettings) -> Sequence[Finding]:
    """Whether Chroma answers, holds exactly what is live, and holds vectors of the model that is in use."""
    if is_new(settings):
        return []
    index = VectorIndex(settings.chroma_url)
    try:
        with as_it_is(settings) as connection:
            generation = catalogue.live_generation(connection, settings.embedding_model)
            chunk_ids = catalogue.live_chunk_ids(connection)
            phrases = {str(row.name_id): str(row.phrase) for row in catalogue.live_names(connection)}
        differing = _differing(index, generation, chunk_ids, set(phrases))
        if differing:
            return [broken("index", differing, REBUILD, generation=generation)]
        sample = random.sample(sorted(phrases), min(SAMPLE, len(phrases)))
        strange = _strange(settings, index, generation, [phrases[each] for each in sample])
    except IndexMissing as error:
        return [broken("index", *_parted(error))]
    except KnowledgeError as error:
        return [broken("index", *_parted(error))]
    if strange:
        says = f"{strange} of {len(sample)} vectors are not what {settings.embedding_model} makes of their texts."
        return [broken("index", says, REBUILD, model=settings.embedding_model)]
    says = f"Chroma holds all {len(chunk_ids)} passages; {len(sample)} vectors taken at random are the embedder's."
    return [well("index", says, passages=len(chunk_ids), generation=generation, model=settings.embedding_model)]


def _differing(index: VectorIndex, generation: str, chunk_ids: set[str], name_ids: set[str]) -> str:
    problems = []
    for kind, live in ((Kind.CHUNKS, chunk_ids), (Kind.NAMES, name_ids)):
        stored = index.entry_ids(generation, kind)
        if missing := len(live - stored):
            problems.append(f"{missing} live {kind} are missing in the index")
    return f"{' and '.join(problems).capitalize()}." if problems else ""


def _strange(settings: KnowledgeSettings, index: VectorIndex, generation: str, phrases: Sequence[str]) -> int:
    """How many of these names have no vector in the index like the one the embedder gives."""
    vectors = RemoteEmbedder(settings.embedder_url).embed(phrases)
    found = [index.nearest(generation, Kind.NAMES, vector, 1, None) for vector in vectors]
    return sum(1 for nearest in found if not nearest or nearest[0].similarity < SAME)


def _parted(error: KnowledgeError) -> tuple[str, str]:
    """What happened, and the remedy: this room's messages say both, parted by a semicolon."""
    says, _, remedy = str(error).partition("; ")
    return f"{says[:1].upper()}{says[1:]}.", f"{remedy[:1].upper()}{remedy[1:]}"


CHECKS: Mapping[str, Check] = {
    "library": lambda: check_library(KnowledgeSettings()),
    "guidelines": lambda: check_guidelines(KnowledgeSettings()),
    "embedder": lambda: check_embedder(KnowledgeSettings()),
    "index": lambda: check_index(KnowledgeSettings()),
}
