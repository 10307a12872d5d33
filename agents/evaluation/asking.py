"""The agent at work on made-up cases over the published library: what it does not cover, history, a long talk."""

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from agents.adviser import Adviser
from agents.grounding import NOT_COVERED
from agents.replying import Reply
from cases.record import Advice, Case, CaseStatus, History, Role, Turn

_HERE = Path(__file__).parent
_TODAY = date(2026, 6, 1)
_NOW = datetime(2026, 6, 1, tzinfo=UTC)
_TURNS = 50


def made_up(words: str, case_id: str, history: History | None = None, advice: Advice | None = None) -> Case:
    """A case without a photo."""
    return Case(
        id=case_id,
        patient_id=1,
        chat_id=1,
        status=CaseStatus.DELIVERED,
        history=history or History(),
        history_revision=1,
        words=words,
        photo_ids=(),
        findings=None,
        advice=advice,
        status_message_id=None,
        attempts=0,
        created=_NOW,
    )


class Talk:
    """A conversation with the agent about one case; remembers it as the record of cases would."""

    def __init__(self, adviser: Adviser, case: Case) -> None:
        self._adviser = adviser
        self.case = case
        self.turns: list[Turn] = []
        self.seconds: list[float] = []

    def open(self) -> Advice:
        """The advice on the words that open the case."""
        advice = self._adviser.advise(self.case, _TODAY)
        self.case = self.case.model_copy(update={"advice": advice})
        self._add(Role.PATIENT, self.case.words, None)
        self._add(Role.ASSISTANT, advice.text, 1)
        return advice

    def say(self, text: str) -> Reply:
        """The agent's reply to the patient's `text`."""
        self._add(Role.PATIENT, text, None)
        asked = self.turns[-1]
        start = time.perf_counter()
        reply = self._adviser.reply(self.case, self.turns, _TODAY)
        self.seconds.append(time.perf_counter() - start)
        self._add(Role.ASSISTANT, reply.text, asked.id)
        return reply

    def _add(self, role: Role, text: str, answers: int | None) -> None:
        number = len(self.turns) + 1
        self.turns.append(Turn(id=number, case_id=self.case.id, role=role, text=text, answers=answers, created=_NOW))


def _all(pattern: str) -> list[Any]:
    """What all files of this folder with such a name hold: our own and a second writer's."""
    files = sorted(_HERE.glob(pattern))
    return [each for path in files for each in yaml.safe_load(path.read_text(encoding="utf-8"))]


def not_covered(adviser: Adviser) -> tuple[list[str], int]:
    """The questions that no guideline answers and that got an answer all the same, and how many were asked."""
    questions: Sequence[str] = _all("*uncovered.yaml")
    answered = []
    for at, question in enumerate(questions):
        reply = Talk(adviser, made_up("", f"{at:032x}")).say(question)
        if reply.statements or NOT_COVERED not in reply.text:
            answered.append(question)
    return answered, len(questions)


def histories(adviser: Adviser) -> Mapping[str, Any]:
    """Made-up patients who open with little and then answer what is asked: is the right condition among the first two?

    A patient who has no answer to a question presses "Not sure".
    """
    patients = _all("*patients.yaml")
    before = after = asked = 0
    for at, patient in enumerate(patients):
        history = History(spot_or_rash="rash", age=30)
        advice = adviser.advise(made_up(patient["words"], f"{at:031x}h", history), _TODAY)
        before += _named(advice, patient["slug"])
        for _ in range(9):
            if advice.ask is None:
                break
            asked += 1
            answer = str(patient["answers"].get(advice.ask.feature, "unsure"))
            history = history.merged(History(answers=frozenset({f"{advice.ask.feature}:{answer}"})))
            advice = adviser.advise(made_up(patient["words"], f"{at:031x}h", history), _TODAY)
        after += _named(advice, patient["slug"])
    count = len(patients)
    return {"patients": count, "right_before": before / count, "right_after": after / count, "asked": asked / count}


def _named(advice: Advice, slug: str) -> bool:
    return slug in {each.slug for each in advice.possibilities}


def long_talk(adviser: Adviser, told: str, chatter: Iterable[str], ask: str) -> tuple[Reply, Talk]:
    """A conversation of 50 turns: facts in the first, `ask` in the last, `chatter` between."""
    talk = Talk(adviser, made_up("itchy ring shaped rash on my arm", "c" * 32, History(spot_or_rash="rash")))
    talk.say(told)
    between = list(chatter)
    for at in range(_TURNS - 2):
        talk.say(between[at % len(between)])
    return talk.say(ask), talk


def p95(seconds: Sequence[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(seconds, n=20)[-1]
