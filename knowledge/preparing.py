"""Makes an edition of a file, ready to be published, and the report on it beside the live one."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import PurePath

from conditions import CONDITIONS
from knowledge.catalogue import live_names
from knowledge.database import reading
from knowledge.editions import Edition, edition_of
from knowledge.errors import DocumentRefused
from knowledge.formats.extracted import Extracted
from knowledge.guideline_file import parse_guideline
from knowledge.library import Library
from knowledge.naming import KnownName, named_slugs
from knowledge.readership import INTERNATIONAL, spoken
from knowledge.record import Document
from knowledge.report import Comparison, Report
from knowledge.sandbox import read_safely
from knowledge.submission import Details

REVIEW_AFTER = timedelta(days=365)
"""When a document that names no date must be reviewed."""
_LONGEST_STEM = 60
"""Letters of a file's name that its key keeps."""


def prepared(
    content: bytes,
    file_name: str,
    details: Details,
    library: Library,
    tell: Callable[[int, int], None] = lambda page, of: None,
) -> tuple[Edition, Extracted]:
    """The edition a file amounts to. Raises DocumentRefused or GuidelineInvalid."""
    extracted = read_safely(content, file_name, tell)
    # A Markdown file that is named after a condition means to be its guideline.
    is_guideline = PurePath(file_name).suffix == ".md" and PurePath(file_name).stem in CONDITIONS
    if is_guideline or extracted.text.startswith("---\n"):
        return edition_of(parse_guideline(extracted.text, file_name), details.valid_from), extracted
    heading = re.search(r"^#{1,6}\s+(.*\S)", extracted.text, re.MULTILINE)
    title = details.title or (heading[1] if heading else PurePath(file_name).stem.replace("_", " ").replace("-", " "))
    slug = details.slug or _named_slug(f"{title}. {PurePath(file_name).stem}", library)
    if slug is None or slug not in CONDITIONS:
        problem = (
            f"'{details.slug}' is no known condition"
            if details.slug
            else "it is not clear which condition this is about"
        )
        raise DocumentRefused(f"{problem}: name one by its slug, for example psoriasis")
    version = details.version or _today().isoformat()
    document = Document(
        key=_key(file_name, slug, library),
        slug=slug,
        title=title[:200],
        jurisdiction=details.jurisdiction,
        language=details.language,
        version=version,
        reviewed=None,
        review_by=details.review_by or _today() + REVIEW_AFTER,
        source=details.source or f"{title[:200]}, {version}",
        file_name=plain_name(file_name),
        text=extracted.text,
    )
    edition = edition_of(document, details.valid_from)
    if not edition.pieces:
        raise DocumentRefused("this document holds no text that could be cited")
    return edition, extracted


def reported(
    edition: Edition, live: Edition | None, extracted: Extracted, answers: Comparison | None, library: Library
) -> Report:
    """The report on an edition beside the `live` one, and beside the condition's other texts in `library`.

    `answers` is None where they were not compared. Raises LibraryUnavailable.
    """
    before = [piece.text for piece in live.pieces] if live else []
    after = [piece.text for piece in edition.pieces]
    return Report(
        passages=len(after),
        pages=extracted.pages,
        new=tuple(text for text in after if text not in set(before)),
        gone=tuple(text for text in before if text not in set(after)),
        unchanged=sum(text in set(before) for text in after),
        removed=extracted.removed,
        warnings=(*_warnings(edition, live), *_of_readers(edition, library)),
        questions=answers.questions if answers else None,
        changed_answers=answers.changed_answers if answers else (),
    )


def plain_name(file_name: str) -> str:
    """The name of a file without its folder and without what cannot be printed."""
    name = PurePath(file_name.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:100] or "document"


def _warnings(edition: Edition, live: Edition | None) -> list[str]:
    found = []
    if edition.reviewed is None:
        found.append("No review date: patients will read “not reviewed by a clinician” at every citation.")
    elif edition.reviewed > _today():
        found.append("The review date lies in the future.")
    if edition.review_by < _today():
        found.append("The date for the next review has passed already.")
    if live and live.version == edition.version and live.sha256 != edition.sha256:
        found.append(f"The text changed, but the version is still {edition.version}.")
    if live and live.jurisdiction != edition.jurisdiction:
        found.append(f"The live version is for {live.jurisdiction}, this one for {edition.jurisdiction}.")
    if live and live.language != edition.language:
        found.append(
            f"The live version is in {live.language}, this one in {edition.language}: it would take that one's place."
        )
    return found


def _of_readers(edition: Edition, library: Library) -> Iterator[str]:
    """What to mind of whom the edition is for, and whom the texts are for that stand beside it."""
    beside = [each for each in library.documents() if each.slug == edition.slug and each.key != edition.key]
    others: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for each in beside:
        others[each.jurisdiction, each.language].append(each.key)
    for (jurisdiction, language), keys in others.items():
        if (jurisdiction, language) != (edition.jurisdiction, edition.language):
            stand = f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'} live for {jurisdiction}, in {language}"
            yield f"Beside it {stand}; this one is for {edition.jurisdiction}, in {edition.language}."
    readers = library.settings.readers
    alike = [each for each in beside if spoken(each.language) == spoken(edition.language)]
    own = [each.key for each in alike if readers.is_own(each.jurisdiction)]
    anywhere = [each.key for each in alike if each.jurisdiction.casefold() == INTERNATIONAL]
    if not readers.may_be_told(edition.jurisdiction, edition.language):
        yield f"Patients here are answered from texts {readers.words}: nobody would be answered from this one."
    elif anywhere and readers.is_own(edition.jurisdiction) and edition.jurisdiction.casefold() != INTERNATIONAL:
        yield (
            f"Where this one has the same section as {', '.join(anywhere)} ({INTERNATIONAL}), patients here would be"
            " answered from this one alone. When to get help is told of both."
        )
    elif own and not readers.is_own(edition.jurisdiction):
        yield (
            f"Where {', '.join(own)} (for {readers.jurisdiction}) has the same section, patients here are answered from"
            f" that, not from this one; when to get help is told of both. If this one is for {readers.jurisdiction}"
            " too, say so as its jurisdiction."
        )


def _named_slug(words: str, library: Library) -> str | None:
    """The one condition that a title or a file name names."""
    with reading(library.engine) as connection:
        names = [KnownName(row.phrase, row.slug) for row in live_names(connection) if row.key == row.slug]
    names += [KnownName(slug.replace("-", " "), slug) for slug in CONDITIONS]
    found = named_slugs(words, names)
    return next(iter(found)) if len(found) == 1 else None


def _key(file_name: str, slug: str, library: Library) -> str:
    """The key of a document; where its name does not fit in whole, a hash tells it from others like it.

    A document that is live under a key from before there were such hashes keeps it, or both would be.
    """
    stem = unicodedata.normalize("NFC", PurePath(file_name).stem.casefold())
    plain = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")
    short = plain[:_LONGEST_STEM] or "document"
    if plain and len(plain) <= _LONGEST_STEM and not re.search(r"[^\W_a-z0-9]", stem):
        return f"{slug}.{plain}"
    live = library.edition(f"{slug}.{short}")
    if live is not None and live.file_name == plain_name(file_name):
        return live.key
    return f"{slug}.{short.rstrip('-')}-{hashlib.sha256(stem.encode()).hexdigest()[:6]}"


def _today() -> date:
    return datetime.now(UTC).date()
