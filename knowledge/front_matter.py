"""Reads the front matter of a guideline file: YAML with a fixed set of keys, checked one by one.

A failure names the line of the key, because a dermatologist has to find it in a text editor.
"""

import datetime
from collections.abc import Callable
from typing import Any, TypeVar

import yaml

from conditions import CLASSES, CONDITIONS
from knowledge.errors import GuidelineInvalid
from knowledge.readership import LANGUAGE_TAG
from knowledge.record import Source

KEYS = (
    "title",
    "slug",
    "class",
    "icd11",
    "synonyms",
    "sources",
    "jurisdiction",
    "language",
    "version",
    "reviewed",
    "review_by",
)
SOURCE_KEYS = ("organisation", "title", "year", "url")
FIRST_LINE = 2
"""The line of the file on which the YAML starts, after the opening `---`."""

_T = TypeVar("_T")


class FrontMatter:
    """The checked keys of one file. Every reader raises GuidelineInvalid naming the key's line."""

    def __init__(self, text: str, document: str) -> None:
        self._document = document
        self._values, self._lines = self._parsed(text)
        for key in self._values:
            if key not in KEYS:
                raise self.invalid(key, f"unknown key '{key}'", f"Use only {', '.join(KEYS)}")
        for key in KEYS:
            if key not in self._values:
                raise self.invalid(key, f"the key '{key}' is missing", f"Add a line '{key}: …'")

    def invalid(self, key: str, problem: str, remedy: str) -> GuidelineInvalid:
        """The error for `key`, at its line or at the head of the file."""
        return GuidelineInvalid(self._document, self._lines.get(key, 1), problem, remedy)

    def words(self, key: str) -> str:
        """A non-empty line of text."""
        return self._checked(key, _line_of_text, "Write one line of text, in quotes if it holds a colon")

    def words_or_none(self, key: str) -> str | None:
        """A non-empty line of text, or null."""
        return None if self._values[key] is None else self.words(key)

    def slug(self) -> str:
        """A slug of the shared vocabulary whose class the file names rightly."""
        slug = self.words("slug")
        if slug not in CONDITIONS:
            raise self.invalid("slug", f"'{slug}' is no known condition", "Use a slug of conditions.py")
        expected = CONDITIONS[slug].disease_class
        if self.words("class") != expected:
            problem = f"'{slug}' is not of the class '{self.words('class')}'"
            known = f" (the classes are {', '.join(CLASSES)})" if self.words("class") not in CLASSES else ""
            raise self.invalid("class", problem, f"Write 'class: {expected}'{known}")
        return slug

    def language(self) -> str:
        """A BCP 47 language tag such as en or pt-BR."""
        language = self.words("language")
        if not LANGUAGE_TAG.fullmatch(language):
            raise self.invalid("language", f"'{language}' is no language tag", "Write a tag such as en or pt-BR")
        return language

    def day(self, key: str) -> datetime.date:
        """A date."""
        return self._checked(key, _day, "Write a date as 2027-11-30")

    def day_or_none(self, key: str) -> datetime.date | None:
        """A date, or null."""
        return None if self._values[key] is None else self.day(key)

    def synonyms(self) -> tuple[str, ...]:
        """The other names and the everyday descriptions, without repeats."""
        entries = self._checked("synonyms", _list, "List at least one name, each on a line '  - name'")
        names = tuple(
            self._entry("synonyms", entry, _line_of_text, "Write each synonym as one line of text") for entry in entries
        )
        if len({name.casefold() for name in names}) != len(names):
            raise self.invalid("synonyms", "a synonym is listed twice", "Remove the repeated one")
        return names

    def sources(self) -> tuple[Source, ...]:
        """At least one source."""
        entries = self._checked("sources", _list, "List at least one source with its organisation and title")
        remedy = f"Give each source the keys {', '.join(SOURCE_KEYS)}; the year a number or null, the url https or null"
        return tuple(self._entry("sources", entry, _source, remedy) for entry in entries)

    def _checked(self, key: str, read: Callable[[Any], _T], remedy: str) -> _T:
        return self._entry(key, self._values[key], read, remedy)

    def _entry(self, key: str, value: Any, read: Callable[[Any], _T], remedy: str) -> _T:
        try:
            return read(value)
        except ValueError as error:
            raise self.invalid(key, f"'{key}' {error}", remedy) from error

    def _parsed(self, text: str) -> tuple[dict[str, Any], dict[str, int]]:
        try:
            self._refuse_aliases(text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            values = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            line = FIRST_LINE + (mark.line if mark else 0)
            problem = "the front matter is not valid YAML"
            raise GuidelineInvalid(self._document, line, problem, "Check quotes, colons and indents here") from error
        if not isinstance(node, yaml.MappingNode) or not isinstance(values, dict):
            problem = "the front matter holds no keys"
            raise GuidelineInvalid(self._document, FIRST_LINE, problem, "Write it as lines 'key: value'")
        lines = {str(key.value): key.start_mark.line + FIRST_LINE for key, _ in node.value}
        if len(lines) != len(node.value):
            problem = "a key stands there twice"
            raise GuidelineInvalid(self._document, FIRST_LINE, problem, "Remove the repeated key")
        return {str(key): value for key, value in values.items()}, lines

    def _refuse_aliases(self, text: str) -> None:
        """Aliases of aliases make a small file fill any memory."""
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = FIRST_LINE + (event.start_mark.line if event.start_mark else 0)
                problem = "the front matter refers to itself"
                raise GuidelineInvalid(self._document, line, problem, "Write each value out, without * and &")


def _line_of_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is not text")
    if not value.strip() or len(value.splitlines()) != 1 or value != value.strip():
        raise ValueError("is empty, has several lines or begins or ends with a space")
    return value


def _day(value: Any) -> datetime.date:
    if type(value) is not datetime.date:
        raise ValueError("is not a date")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError("is not a list or is empty")
    return value


def _source(value: Any) -> Source:
    if not isinstance(value, dict) or set(value) != set(SOURCE_KEYS):
        raise ValueError("has an entry with other keys")
    year, url = value["year"], value["url"]
    if year is not None and (type(year) is not int or not 1900 <= year <= 2200):
        raise ValueError("has a year that is not a number between 1900 and 2200")
    if url is not None and not _line_of_text(url).startswith("https://"):
        raise ValueError("has an address that does not begin with https://")
    return Source(
        organisation=_line_of_text(value["organisation"]),
        title=_line_of_text(value["title"]),
        year=year,
        url=url,
    )
