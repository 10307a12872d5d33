"""`skingpt evaluate agent`: every figure of the agent with the bar it has to reach.

Triage and the check of sentences need nothing; the rest asks the agent over the published library, so a house must run.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from agents.adviser import Adviser
from agents.evaluation import asking, retrieval, sentences_checked, triage_texts
from agents.evaluation.sampling import drawn
from agents.memory import close_memory, open_memory
from agents.search import GuidelineSearch
from agents.settings import AgentSettings
from agents.vision import NoVision
from cases.vault import Vault
from knowledge.embedding import RemoteEmbedder
from knowledge.errors import KnowledgeError
from knowledge.library import open_library
from knowledge.search import Search
from knowledge.settings import KnowledgeSettings

app = typer.Typer(help="Measure the agent.")
PLANTED = 3000
"""Wrong sentences that are tried unless more are asked for: they tell a share of 1 % to within 0.4."""
QUESTIONS = 500
"""Questions that are searched for, likewise: they tell a share of 95 % to within 2."""
_TOLD = "I am 31, pregnant and allergic to penicillin. The clotrimazole cream did not help."
_ASKED = "Which treatment is safe for me?"
_CHATTER = (
    "is it contagious?", "how long does it last?", "thanks", "can I go swimming?", "what causes it?",
    "can my cat have it?", "does it leave a scar?", "what can I do myself?", "should I see a doctor?",
    "can it come back?",
    "is it serious?",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure and what it has to reach. `at_most`: small is good."""

    name: str
    value: float
    reach: float
    at_most: bool = False

    @property
    def reached(self) -> bool:
        """Whether it does."""
        return self.value <= self.reach if self.at_most else self.value >= self.reach


@app.command("agent")
def agent(
    cases: Annotated[Path | None, typer.Option("--texts", help="Triage texts by level, YAML.")] = None,
    take_all: Annotated[
        bool, typer.Option("--all", help="Try every planted sentence and every question, not a sample of each.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Figures of triage, the check of sentences, search, coverage, history taking and memory, with the bars."""
    found: dict[str, Any] = {
        "triage": triage_texts.figures(cases),
        "sentences": sentences_checked.figures(None if take_all else PLANTED),
    }
    try:
        found |= measured(None if take_all else QUESTIONS)
    except KnowledgeError as error:
        typer.echo(f"without the library: {error}", err=True)
    reached = bars(found)
    if as_json:
        told = [{"name": bar.name, "value": bar.value, "reach": bar.reach, "reached": bar.reached} for bar in reached]
        typer.echo(json.dumps({**found, "bars": told}))
        return
    for bar in reached:
        sign = "<=" if bar.at_most else ">="
        typer.echo(f"{'ok  ' if bar.reached else 'MISS'} {bar.name:52} {bar.value:8.3f}  {sign} {bar.reach:g}")
    for line in tried(found):
        typer.echo(line)


def library_search() -> Search:
    """The search of the published library. Raises the errors of `knowledge`, then or when it is asked."""
    settings = KnowledgeSettings()
    embedder = RemoteEmbedder(settings.embedder_url)
    return Search(open_library(settings, embedder), embedder)


@contextmanager
def at_work(search: GuidelineSearch) -> Iterator[Adviser]:
    """The agent over what `search` finds, with a memory that is gone afterwards."""
    with TemporaryDirectory() as folder:
        agent_settings = AgentSettings(data=Path(folder))
        memory = open_memory(agent_settings, Vault(b"\0" * 32))  # of made-up patients, erased with the folder
        try:
            yield Adviser(search, None, memory, NoVision(), agent_settings)
        finally:
            close_memory(memory)


def found_by(search: GuidelineSearch, at_most: int | None) -> Mapping[str, Any]:
    """Whether the right guideline is found for at most so many of the writers' questions (None: all), and how fast.

    Raises the errors of `knowledge`.
    """
    questions = retrieval.writers_questions()
    search.search("warm-up")
    told = retrieval.figures(
        drawn(questions, at_most),
        lambda text: retrieval.in_order(passage.slug for passage in search.search(text, k=10)),
    )
    return {**told, "of": len(questions)}


def measured(at_most: int | None) -> Mapping[str, Any]:
    """What is asked of the search, at most so many questions, and of the agent, over the published library.

    Raises the errors of `knowledge`.
    """
    search = library_search()
    with at_work(search) as adviser:
        answered, asked = asking.not_covered(adviser)
        last, talk = asking.long_talk(adviser, _TOLD, _CHATTER, _ASKED)
        return {
            "retrieval": found_by(search, at_most),
            "not_covered": {"asked": asked, "share": 1 - len(answered) / asked, "answered_all_the_same": answered},
            "histories": asking.histories(adviser),
            "talk": {
                "turns": sum(1 for turn in talk.turns if turn.answers is None),
                "facts_used": all(word in last.text for word in ("pregnant", "penicillin", "clotrimazole")),
                "p95_seconds": asking.p95(talk.seconds),
            },
        }


def bars(found: Mapping[str, Any]) -> list[Bar]:
    """The issue's bars for what was measured."""
    triage, checked = found["triage"], found["sentences"]
    rows = [
        Bar("triage: emergencies missed", triage["missed"], 0, at_most=True),
        Bar("triage: false alarms among routine and self-care", triage["false_alarms"], 0.03, at_most=True),
        Bar("triage: level exact", triage["exact"], 0.75),
        Bar("triage: level within one", triage["within_one"], 0.95),
        Bar("wrong sentences that get through", checked["got_through"], 0.01, at_most=True),
    ]
    if "retrieval" in found:
        rows += [
            Bar("search: right guideline first", found["retrieval"]["first"], 0.85),
            Bar("search: right guideline within five", found["retrieval"]["within_five"], 0.97),
        ]
    if "talk" in found:
        rows += [
            Bar("questions not covered that are called so", found["not_covered"]["share"], 0.95),
            Bar("facts of turn 1 used in turn 50", float(found["talk"]["facts_used"]), 1),
            Bar("p95 of a turn, seconds", found["talk"]["p95_seconds"], 1.0, at_most=True),
        ]
    return rows


def tried(found: Mapping[str, Any]) -> Iterator[str]:
    """What was tried of how much there is, and what has no bar, a line each."""
    checked = found["sentences"]
    yield f"tried {checked['tried']:,} of {checked['planted']:,} planted sentences"
    if "retrieval" in found:
        searched = found["retrieval"]
        yield f"searched for {searched['questions']:,} of {searched['of']:,} questions, p95 {searched['p95_ms']:g} ms"
