"""Words triaged at once: what to do now, if they are urgent, before consent and before anything is kept."""

from agents.triage import triage_words
from bot.characters import plain
from bot.message import Message, fitted, message
from bot.rendering_answer import urgent_block
from conditions import TriageLevel


def urgent_answer(text: str, number: str) -> tuple[TriageLevel, Message | None]:
    """How soon, by `text` alone, and what to say at once; None where it can wait for the answer."""
    verdict = triage_words(plain(text))
    if verdict.level not in (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY):
        return verdict.level, None
    return verdict.level, message(fitted([urgent_block(verdict, number)]))
