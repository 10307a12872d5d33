"""Dermatologists in the chat: invited by a link, sending documents, pressing buttons; and the worker that reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from knowledge import people
from knowledge.rehearsal import Change
from knowledge.report import ChangedAnswer, CitedPassage, Comparison, GivenAnswer
from knowledge.submission import Submission
from local.playground.patient import Patient
from tests.bot.conftest import House
from tests.bot.test_chat import saying, until

PASSAGE = CitedPassage(
    n=1, slug="psoriasis", title="Psoriasis", section="Treatment", key="psoriasis", version="1", page=None, text="Tar."
)
CHANGED = ChangedAnswer(
    question="What helps psoriasis?",
    before=GivenAnswer(text="Tar helps. [1]", passages=(PASSAGE,)),
    after=GivenAnswer(text="Ointment helps. [1]", passages=(PASSAGE,)),
)


@contextmanager
def dermatologist(house: House, name: str) -> Iterator[Patient]:
    """Somebody who followed an invitation."""
    token = people.invite(house.library.library.engine, name, "operator")
    with Patient.open(house.url, first_name=name) as someone:
        someone.say(f"/start {token}")
        someone.wait_for(saying("Welcome", name))
        yield someone


def send(someone: Patient, folder: Path, name: str, content: bytes | str, caption: str = "") -> dict[str, Any]:
    """Sends a document; the message sent."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (sent,) = someone.send_file(path, caption=caption)
    return sent


def read(house: House, changed: tuple[ChangedAnswer, ...] = ()) -> Submission:
    """What the worker does with the newest document."""
    until(lambda: any(name == "read" for name, _ in house.queued))
    number = [identifier for name, identifier in house.queued if name == "read"][-1]

    def compare(change: Change, tell: Callable[[int, int], None]) -> Comparison:
        return Comparison(questions=12, changed_answers=changed)

    return house.library.submissions.read(number, compare)
