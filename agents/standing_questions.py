"""The questions that are asked before and after each change of the library: those shipped and the operator's own."""

from pathlib import Path

from agents.errors import SettingsIncomplete
from agents.settings import AgentSettings

SHIPPED = Path(__file__).with_name("standing_questions.txt")
LONGEST = 400
"""Characters of a question; what follows is not asked."""


def standing_questions(settings: AgentSettings) -> tuple[str, ...]:
    """The operator's own, then those shipped, each once. SettingsIncomplete: the operator's file cannot be read."""
    own = _questions(settings.standing_questions) if settings.standing_questions else ()
    return tuple(dict.fromkeys((*own, *_questions(SHIPPED))))


def _questions(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsIncomplete(
            f"SKINGPT_STANDING_QUESTIONS names {file}, which cannot be read ({type(error).__name__}): "
            "give a text file in UTF-8 with one question a line, or leave it out."
        ) from error
    return tuple(line.strip()[:LONGEST] for line in lines if line.strip() and not line.lstrip().startswith("#"))
