"""What is asked on the command line, read and checked before anything is started for it.

Run: ``python -m bot.request PHOTO... --question TEXT`` (checks only: exit status 0, or 2 with one line saying
why)
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from bot.errors import PhotoRefused
from bot.intake import take_in
from bot.texts import REFUSED
from cases.record import History

YES_NO = ("itch", "grew", "hurt", "changed", "bleed", "elevation", "pregnant", "immunosuppressed")
_WORDS: dict[str, bool | None] = {"yes": True, "no": False, "unknown": None}

Photos = Annotated[
    list[Path] | None,
    typer.Argument(help="Photos of one spot or rash (JPEG, PNG, WebP, HEIC).", show_default=False),
]
Question = Annotated[str, typer.Option(help="Your words: with a photo asked after the answer, else on their own.")]
HistoryText = Annotated[
    str, typer.Option("--history", help="e.g. itch=yes,grew=no,age=58,region=face,danger=fever+eye")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object instead of text.")]


class RequestInvalid(ValueError):
    """It cannot be asked like this; the message is one line that says what to change."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. `photos`: as intake leaves them (JPEG, upright, bare of metadata)."""

    photos: tuple[bytes, ...]
    question: str
    history: History


def read_request(photos: list[Path], question: str, history: str) -> Request:
    """Check everything, photos included.

    Raises:
        RequestInvalid: something of it cannot be used.
    """
    question = question.strip()
    if not photos and not question:
        raise RequestInvalid("give a photo, or --question TEXT, or both")
    told = read_history(history)
    return Request(tuple(_photo(path) for path in photos), question, told)


def read_history(text: str) -> History:
    """The history written as name=value, separated by commas: yes, no or unknown; an age in years; a word.

    Raises:
        RequestInvalid: a name or a value is not known.
    """
    told: dict[str, Any] = {}
    for item in filter(None, (item.strip() for item in text.split(","))):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals or name not in History.model_fields:
            raise RequestInvalid(f"--history: {item!r} is not one of {', '.join(History.model_fields)} with =value")
        told[name] = _value(name, value)
    try:
        return History.model_validate(told)
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0])
        raise RequestInvalid(f"--history: {name}={told[name]!r}: {problem['msg']}") from None


def _value(name: str, value: str) -> object:
    if name in YES_NO:
        if value.lower() not in _WORDS:
            raise RequestInvalid(f"--history: {name}={value} must be yes, no or unknown")
        return _WORDS[value.lower()]
    if name == "danger":
        return frozenset(value.lower().split("+"))
    return value


def _photo(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RequestInvalid(f"{path}: {error.strerror}") from None
    try:
        return take_in(data)
    except PhotoRefused as refused:
        advice = re.sub(r"<[^>]+>", "", REFUSED[refused.reason])
        raise RequestInvalid(f"{path} ({refused.reason}): {html.unescape(advice)}") from None


def checked(photos: list[Path] | None, question: str, history: str) -> Request:
    """`read_request` for a command: what is wrong goes to standard error in one line, exit status 2."""
    try:
        return read_request(photos or [], question, history)
    except RequestInvalid as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def main(photos: Photos = None, question: Question = "", history: HistoryText = "", as_json: Json = False) -> None:
    """Ask about a photo, or in words: the same queue and workers as in the chat, without the chat."""
    checked(photos, question, history)


if __name__ == "__main__":
    typer.run(main)
