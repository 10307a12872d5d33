"""The example conversations of docs/conversations: replayed with the agent, and written anew.

    python -m agents.evaluation.conversations docs/conversations

asks the agent over the published library of the running house, and replaces what it answers in the files. A file is
Markdown: a title, what it shows, then turns "**Patient:** …" and "**SkinGPT** (level): …".
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agents.adviser import Adviser
from agents.evaluation.asking import Talk, made_up

_PATIENT = re.compile(r"^\*\*Patient:\*\* (?P<text>.+)$", re.MULTILINE)
_ANSWER = re.compile(r"^\*\*SkinGPT\*\* \((?P<level>[a-z-]+)\):\n\n(?P<text>(?:>.*\n?)+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer as a file shows it."""

    level: str
    text: str


def said_in(page: str) -> list[str]:
    """What the patient says, in order; the first opens the case."""
    return [match["text"] for match in _PATIENT.finditer(page)]


def shown_in(page: str) -> list[Shown]:
    """What the agent answered when the file was written."""
    return [
        Shown(match["level"], "\n".join(line[1:].strip() for line in match["text"].strip().splitlines()))
        for match in _ANSWER.finditer(page)
    ]


def replayed(adviser: Adviser, page: str, case_id: str) -> Iterator[tuple[str, Shown, bool]]:
    """Each thing the patient says, what the agent answers now, and whether it cites. The first is the advice."""
    said = said_in(page)
    talk = Talk(adviser, made_up(said[0], case_id))
    advice = talk.open()
    yield said[0], Shown(advice.triage.level.value, advice.text), bool(advice.statements)
    for text in said[1:]:
        reply = talk.say(text)
        yield text, Shown(reply.triage.level.value, reply.text), bool(reply.statements)


def written(adviser: Adviser, page: str, case_id: str) -> str:
    """The page with the agent's answers of now."""
    head = page[: page.index("**Patient:**")].rstrip()
    turns = []
    for text, shown, _ in replayed(adviser, page, case_id):
        quoted = "\n".join(f"> {line}".rstrip() for line in shown.text.splitlines())
        turns.append(f"**Patient:** {text}\n\n**SkinGPT** ({shown.level}):\n\n{quoted}")
    return "\n\n".join([head, *turns]) + "\n"


def main() -> None:
    """Write every file of the folder anew."""
    from agents.evaluation.commands import at_work, library_search

    with at_work(library_search()) as adviser:
        for at, path in enumerate(sorted(Path(sys.argv[1]).glob("*.md"))):
            page = path.read_text(encoding="utf-8")
            path.write_text(written(adviser, page, f"{at:032x}"), encoding="utf-8")


if __name__ == "__main__":
    main()
