"""The features that questions are asked about, as data: `features.yaml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("features.yaml")
NOT_SURE = "unsure"
"""The answer that says nothing; its question is not asked again."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: its button's label, and the pattern of the words that show it in a text."""

    id: str
    label: str
    words: re.Pattern[str] | None

    def hits(self, text: str) -> int:
        """How many different words of a text (lower case) show this answer."""
        return len(set(self.words.findall(text))) if self.words else 0


@dataclass(frozen=True, slots=True)
class Feature:
    """One question with its answers."""

    id: str
    question: str
    options: tuple[Option, ...]


def _pattern(words: list[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    parts = (re.escape(word).replace(r"\ \*\ ", r" \w+ ").replace(r"\*", r"\w*") for word in words)
    return re.compile(r"\b(?:" + "|".join(sorted(parts, key=len, reverse=True)) + r")\b")


@lru_cache(maxsize=1)
def features() -> Mapping[str, Feature]:
    """Every feature by its id, in the order of the file."""
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {
        name: Feature(
            name,
            entry["question"],
            tuple(
                # YAML reads an unquoted `no` as false.
                Option(_name(key), value["label"], _pattern(value["words"]))
                for key, value in entry["options"].items()
            ),
        )
        for name, entry in raw.items()
    }


def _name(key: object) -> str:
    return "no" if key is False else str(key)
