"""Proves that guideline files can be trusted and read: form, links, sources, dates, sentence length, reading age.

Reading age is the Flesch-Kincaid grade (Kincaid et al. 1975) plus five, as schools count: grade 7 is age 12. The
names of the condition that its front matter lists count as words of two syllables at most: a text about urticaria
must say urticaria, and repeats it so that each passage can be read alone.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from conditions import CONDITIONS
from knowledge.errors import GuidelineInvalid
from knowledge.guideline_file import read_guideline
from knowledge.guideline_sections import SOURCES
from knowledge.record import Guideline
from knowledge.sentences import sentences

OLDEST_READER: Final = 13.5
"""Years: the reading age of a whole text, "about 12"."""
LONGEST_SENTENCE: Final = 32
"""Words."""
AVERAGE_SENTENCE: Final = 16.5
_KNOWN: Final = 2
"""Syllables that a word the reader knows counts at most."""
_FOLDER: Final = Path(__file__).parent / "guidelines"
_LINK = re.compile(r"\]\(([^)\s]+)\)|\b([a-z]+(?:-[a-z]+)*)\.md\b")
_VOWELS = re.compile(r"[aeiouy]+")


def problems_of_texts(folder: Path | None = None) -> list[str]:
    """What is wrong with the files of `folder`, in words; of the starter texts also which condition has none."""
    problems: list[str] = []
    guidelines: list[Guideline] = []
    for path in sorted((folder or _FOLDER).glob("*.md")):
        try:
            guidelines.append(read_guideline(path))
        except GuidelineInvalid as error:
            problems.append(str(error))
    today = datetime.now(UTC).date()
    slugs = {guideline.slug for guideline in guidelines}
    for guideline in guidelines:
        problems += [f"{guideline.slug}.md: {problem}" for problem in problems_of(guideline, today)]
    if folder is None:
        problems += [f"{slug}.md is missing" for slug in sorted(set(CONDITIONS) - slugs)]
    if not guidelines and not problems:
        problems.append("there are no guideline files in this folder")
    return problems


def problems_of(guideline: Guideline, today: date) -> Iterator[str]:
    """What is wrong with one guideline, in words."""
    if guideline.review_by <= today:
        yield f"its review was due {guideline.review_by}"
    if guideline.reviewed and guideline.reviewed > today:
        yield f"it says it was reviewed in the future ({guideline.reviewed})"
    if guideline.reviewed and guideline.reviewed >= guideline.review_by:
        yield "its next review is due before the last one"
    named = next(section.text for section in guideline.sections if section.heading == SOURCES)
    for source in guideline.sources:
        if source.title.casefold() not in named.casefold() and source.organisation.casefold() not in named.casefold():
            yield f"the source '{source.citation}' is not named in its section Sources"
    prose = [section for section in guideline.sections if section.heading != SOURCES]
    for section in prose:
        yield from (
            f"{section.label}: links to '{target}', which does not exist" for target in _dead_links(section.text)
        )
        for sentence in sentences(section.text):
            words = len(sentence.text.split())
            if words > LONGEST_SENTENCE:
                begins = f"{sentence.text[:60]}…"
                yield f"{section.label}: a sentence has {words} words (at most {LONGEST_SENTENCE}): {begins}"
    whole = "\n\n".join(section.text for section in prose)
    age, average = reading_age(whole, _own_words(guideline)), average_sentence(whole)
    if age > OLDEST_READER:
        yield f"its reading age is {age:.1f} (at most {OLDEST_READER:.0f}): use shorter sentences and plainer words"
    if average > AVERAGE_SENTENCE:
        yield f"its sentences have {average:.1f} words on average (at most {AVERAGE_SENTENCE:.0f})"


def reading_age(text: str, known: frozenset[str] = frozenset()) -> float:
    """Years of age at which a reader follows `text`, who knows the words `known` (in lower case)."""
    all_sentences, words = _counted(text)
    syllables = sum(min(_syllables(word), _KNOWN if word.casefold() in known else 99) for word in words)
    return 0.39 * len(words) / all_sentences + 11.8 * syllables / max(1, len(words)) - 15.59 + 5


def average_sentence(text: str) -> float:
    """Words of a sentence on average."""
    all_sentences, words = _counted(text)
    return len(words) / all_sentences


def _own_words(guideline: Guideline) -> frozenset[str]:
    """The words of the condition's names."""
    names = " ".join((guideline.title, guideline.slug, *guideline.synonyms)).casefold()
    return frozenset(re.findall(r"[a-z]{4,}", names))


def _counted(text: str) -> tuple[int, list[str]]:
    words = re.findall(r"[A-Za-z]+(?:['’][A-Za-z]+)?", text)
    return max(1, len(sentences(text))), words


def _syllables(word: str) -> int:
    """Groups of vowels, without a silent e or ed at the end."""
    plain = word.casefold().replace("’", "'").split("'")[0]
    groups = len(_VOWELS.findall(plain))
    if groups > 1 and (re.search(r"[^aeiouyl]e$|[^aeiou]es$", plain) or re.search(r"[^aeiouydt]ed$", plain)):
        groups -= 0 if re.search(r"(s|x|z|ch|sh|c|g)es$", plain) else 1
    return max(1, groups)


def _dead_links(text: str) -> Iterator[str]:
    for target, file in _LINK.findall(text):
        slug = file or target.removesuffix(".md").rsplit("/", 1)[-1]
        if not target.startswith("https://") and slug not in CONDITIONS:
            yield target or file
