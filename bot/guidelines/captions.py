"""What a document's caption says of it: a condition, and options by the names they have on the command line."""

import re
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from bot.characters import plain
from conditions import CONDITIONS
from knowledge.submission import Details

LONGEST: Final = 200
"""Characters of a value."""
_SYNONYMS: Final = {"from": "valid_from", "valid": "valid_from", "review": "review_by", "condition": "slug"}
_PARTED = re.compile(r"[\n;]|,(?=\s*(?:--|—)?[A-Za-z][A-Za-z_ -]*[:=])")
"""A comma parts as well, where the name of an option follows it."""
_OPTION = re.compile(r"(?:--|—)?([a-z][a-z _-]*?)\s*[:=]\s*(.*)", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_TITLES: Final = {condition.title.casefold(): slug for slug, condition in CONDITIONS.items()}


class CaptionInvalid(ValueError):
    """The caption cannot be read; the message says which part, and what to write."""


def details_of(caption: str, before: Details | None = None) -> Details:
    """The details a caption gives, over those given `before`: one per line, or parted by semicolons.

    Raises:
        CaptionInvalid: a part is neither a condition nor an option with its value.
    """
    told: dict[str, Any] = before.model_dump() if before else {}
    for part in filter(None, (part.strip() for part in _PARTED.split(plain(caption)))):
        name, value = _read(part)
        if name not in Details.model_fields:
            raise CaptionInvalid(f"“{part[:60]}” is neither a condition nor an option")
        told[name] = _checked(name, value)
    try:
        return Details.model_validate(told)
    except ValidationError as error:
        raise CaptionInvalid(f"“{error.errors()[0]['loc'][0]}” has a value of the wrong kind") from None


def _read(part: str) -> tuple[str, str]:
    """The option's name and value; a condition may stand alone."""
    if slug := _slug(part):
        return "slug", slug
    option = _OPTION.fullmatch(part)
    if option is None:
        return "", part
    name = re.sub(r"[ -]+", "_", option[1].strip().casefold())
    return _SYNONYMS.get(name, name), option[2].strip()


def _checked(name: str, value: str) -> str | date:
    if not value or len(value) > LONGEST:
        raise CaptionInvalid(f"“{name}” needs a value of at most {LONGEST} letters")
    if name == "slug":
        slug = _slug(value)
        if slug is None:
            raise CaptionInvalid(f"“{value[:60]}” is no condition of the library")
        return slug
    if name == "language" and not _LANGUAGE.fullmatch(value):
        raise CaptionInvalid(f"“{value[:60]}” is no language as en or pt-BR")
    if name in ("valid_from", "review_by"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise CaptionInvalid(f"“{value[:60]}” is no date as 2027-11-30") from None
    return value


def _slug(text: str) -> str | None:
    words = " ".join(text.casefold().split())
    slug = words.replace(" ", "-")
    return slug if slug in CONDITIONS else _TITLES.get(words)
