"""Cases, findings and turns for the tests, a vision model on demand, and a scripted language model."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from agents.passages import NumberedPassage
from cases.record import Advice, Case, CaseStatus, Findings, History, Possibility, Role, Turn
from conditions import CHOICES, Domain

TODAY = date(2026, 6, 1)
DESCRIPTION = "A brown spot with an uneven border and two colours. This is a benign naevus, apply 5 mg cream."


def findings(likely: dict[str, float], abstained: bool = False, description: str = DESCRIPTION) -> Findings:
    rest = [choice for choice in CHOICES if choice not in likely]
    left = max(0.0, 1 - sum(likely.values())) / len(rest)
    together = {**likely, **dict.fromkeys(rest, left)}
    return Findings(
        domain=Domain.PHONE,
        description=description,
        concepts=(),
        differential=tuple(
            Possibility(slug=slug, probability=p) for slug, p in sorted(together.items(), key=lambda pair: -pair[1])
        ),
        abstained=abstained,
        reason=None,
        model="mini",
        seconds=0.1,
    )


def case(
    found: Findings | None = None,
    history: History | None = None,
    words: str = "",
    advice: Advice | None = None,
    case_id: str = "a" * 32,
    photo_ids: tuple[int, ...] = (1,),
) -> Case:
    return Case(
        id=case_id,
        patient_id=1,
        chat_id=1,
        status=CaseStatus.EXAMINED,
        history=history or History(),
        history_revision=2,
        words=words,
        photo_ids=photo_ids,
        findings=found,
        advice=advice,
        status_message_id=None,
        attempts=0,
        created=datetime(2026, 6, 1, tzinfo=UTC),
    )


MOLE = case(findings({"melanocytic-naevus": 0.97, "melanoma": 0.002}))
MOLE_PERHAPS_MELANOMA = case(findings({"melanocytic-naevus": 0.55, "seborrhoeic-keratosis": 0.2, "melanoma": 0.15}))
RINGWORM = case(
    findings({"cannot-tell": 0.9}),
    History(spot_or_rash="rash", itch=True),
    "an itchy ring with a scaly edge on my leg",
)


def turns(*texts: str, case_id: str = "a" * 32) -> list[Turn]:
    """A conversation: patient, assistant, patient …"""
    return [
        Turn(
            id=at + 1,
            case_id=case_id,
            role=Role.ASSISTANT if at % 2 else Role.PATIENT,
            text=text,
            answers=at if at % 2 else None,
            created=datetime(2026, 6, 1, tzinfo=UTC),
        )
        for at, text in enumerate(texts)
    ]


class Looking:
    """A vision model that says `words`, or raises `error`."""

    def __init__(self, words: str = "", error: Exception | None = None) -> None:
        self.words = words
        self.error = error
        self.asked: list[tuple[bytes, str]] = []

    def examine(self, photos: Sequence[bytes], history: History) -> Findings:
        raise AssertionError("nobody here examines photos")

    def ask(self, photo: bytes, question: str) -> str:
        self.asked.append((photo, question))
        if self.error is not None:
            raise self.error
        return self.words


class ScriptedModel(BaseChatModel):
    """A language model that searches with `query`, then says what `answer` makes of the search's result."""

    answer: Callable[[str], str]
    query: str | None = "treatment"
    conditions: tuple[str, ...] = ()
    seen: list[list[BaseMessage]] = []  # noqa: RUF012 - a pydantic field, copied for each model

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(**{})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.seen.append(list(messages))
        last = max(at for at, message in enumerate(messages) if isinstance(message, HumanMessage))
        results = [message for message in messages[last:] if isinstance(message, ToolMessage)]
        if not results and self.query is not None:
            args = {"query": self.query, "conditions": list(self.conditions)}
            message = AIMessage("", tool_calls=[{"name": "search_guidelines", "args": args, "id": f"call-{last}"}])
        else:
            message = AIMessage(self.answer("\n".join(str(result.content) for result in results)))
        return ChatResult(generations=[ChatGeneration(message=message)])


def passage(text: str, n: int = 1, section: str = "Treatment", slug: str = "tinea-corporis") -> NumberedPassage:
    return NumberedPassage(n, f"chunk{n}", slug, "ringworm", section, text, "NHS, Ringworm", None)
