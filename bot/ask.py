"""One case from the command line through the same queue and workers as in the chat, without the chat.

Run: ``./run ask PHOTO... [--question TEXT] [--history itch=yes,age=58] [--json]`` (starts what is not
running)
 or: ``python -m bot.ask ...`` (while everything runs)

The case belongs to a patient made for this one question and is erased with it: nothing that was asked is
kept.
"""

import json
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from agents.triage import with_number
from bot.rendering_answer import overdue
from bot.request import HistoryText, Json, Photos, Question, Request, checked
from bot.settings import BotSettings
from cases import caseload, conversation
from cases.database import CaseDatabase, open_cases
from cases.errors import CasesError
from cases.patients import forget, patient_of_chat
from cases.record import Advice, Case, CaseStatus, Citation, Findings, Turn
from cases.settings import CasesSettings
from conditions import CONDITIONS
from worker.enqueue import enqueue_advise, enqueue_examine, enqueue_reply

PATIENCE_SECONDS = 300.0
POLL_SECONDS = 0.1

Found = TypeVar("Found")


class Unanswered(Exception):
    """No answer came; the message says what to look at."""


def ask(db: CaseDatabase, request: Request) -> dict[str, Any]:
    """Open a case, wait for its advice and, with a photo and a question, for the reply; the whole of it as
    JSON.

    Raises:
        Unanswered: it took too long, or the workers gave up.
        CasesError: the record cannot be written or read.
    """
    # Telegram's private chats have positive ids: no bot sends anything to this one.
    patient = patient_of_chat(db, -secrets.randbelow(2**52) - 1)
    try:
        return _ask(db, patient.id, request)
    finally:
        forget(db, patient.id)


def _ask(db: CaseDatabase, patient_id: int, request: Request) -> dict[str, Any]:
    began = time.monotonic()
    timings: dict[str, float] = {}
    words = "" if request.photos else request.question
    case = caseload.open_case(db, patient_id, request.photos, words, request.history)
    if request.photos:
        _enqueued(lambda: enqueue_examine(case.id))
        _until(lambda: _examined(caseload.get(db, case.id)), "the photo was not examined")
        timings["examined"] = _since(began)
    else:
        _enqueued(lambda: enqueue_advise(case.id))
    case = _until(lambda: _advised(caseload.get(db, case.id)), "no advice came")
    timings["advised"] = _since(began)
    answer = _case_json(case)
    if request.photos and request.question:
        turn = conversation.say(db, case.id, request.question)
        _enqueued(lambda: enqueue_reply(turn.id))
        reply = _until(lambda: _reply(db, case.id, turn.id), "the question was not answered")
        timings["replied"] = _since(began)
        answer["reply"] = {
            "question": request.question,
            "text": reply.text,
            "citations": _citations(reply.citations),
        }
    answer["timings"] = timings
    return dict(_with_number(answer, BotSettings().emergency_number))


def _with_number(told: Any, number: str) -> Any:
    """`told` with the local emergency number in all its texts."""
    if isinstance(told, str):
        return with_number(told, number)
    if isinstance(told, dict):
        return {name: _with_number(value, number) for name, value in told.items()}
    return [_with_number(value, number) for value in told] if isinstance(told, list) else told


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)


def _enqueued(send: Callable[[], bool]) -> None:
    if not send():
        raise Unanswered("the queue cannot be reached; is everything up? See ./run status")


def _until(found: Callable[[], Found | None], complaint: str) -> Found:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (result := found()) is None:
        if time.monotonic() > deadline:
            raise Unanswered(f"{complaint} within {PATIENCE_SECONDS:g} s; see ./run status and the logs")
        time.sleep(POLL_SECONDS)
    return result


def _examined(case: Case) -> Case | None:
    return case if case.status is not CaseStatus.RECEIVED else None


def _advised(case: Case) -> Case | None:
    if case.status is CaseStatus.FAILED:
        raise Unanswered("the workers gave up on this case; their logs say why")
    return case if case.advice is not None else None


def _reply(db: CaseDatabase, case_id: str, turn_id: int) -> Turn | None:
    return next((turn for turn in conversation.turns(db, case_id) if turn.answers == turn_id), None)


def _case_json(case: Case) -> dict[str, Any]:
    if case.advice is None:
        raise Unanswered("the case has no advice")
    return {
        "case_id": case.id,
        "triage": case.advice.triage.model_dump(mode="json"),
        "findings": _findings_json(case.findings) if case.findings else None,
        "advice": _advice_json(case.advice),
    }


def _findings_json(findings: Findings) -> dict[str, Any]:
    told = findings.model_dump(mode="json")
    told["differential"] = [
        {
            "slug": each.slug,
            "class": CONDITIONS[each.slug].disease_class if each.slug in CONDITIONS else None,
            "probability": each.probability,
        }
        for each in findings.differential
    ]
    return told


def _advice_json(advice: Advice) -> dict[str, Any]:
    return {
        "text": advice.text,
        "see_by": advice.see_by.isoformat(),
        "see_whom": advice.see_whom,
        "possibilities": [each.model_dump(mode="json") for each in advice.possibilities],
        "citations": _citations(advice.citations),
    }


def _citations(citations: Sequence[Citation]) -> list[dict[str, Any]]:
    """The citations; each says under `overdue` if its review should have been done by today, or nothing."""
    today = datetime.now(UTC).date()
    return [each.model_dump(mode="json") | {"overdue": overdue(each, today)} for each in citations]


_COLOURS = {
    "emergency": "bold white on red",
    "same-day": "bold red",
    "this-week": "bold yellow",
    "routine": "bold cyan",
    "self-care": "bold green",
}


def show(answer: dict[str, Any], console: Console) -> None:
    """Print an answer for people."""
    level = answer["triage"]["level"]
    console.print(f"[{_COLOURS[level]}] {level} [/]\n")
    console.print(escape(answer["advice"]["text"]), highlight=False)
    _warn(answer["advice"]["citations"], console)
    if findings := answer["findings"]:
        first = ", ".join(f"{each['slug']} {each['probability']:.0%}" for each in findings["differential"][:3])
        console.print(f"\n[dim]The model's own figures: {first}[/dim]", highlight=False)
    if reply := answer.get("reply"):
        console.print(f"\n[bold]> {escape(reply['question'])}[/bold]\n\n{escape(reply['text'])}", highlight=False)
        for cited in reply["citations"]:
            console.print(f"[dim]\\[{cited['n']}] {escape(cited['source'])}[/dim]", highlight=False)
        _warn(reply["citations"], console)


def _warn(citations: Sequence[dict[str, Any]], console: Console) -> None:
    for cited in citations:
        if cited["overdue"]:
            console.print(f"[yellow]\\[{cited['n']}] {escape(cited['overdue'])}[/yellow]", highlight=False)


def main(photos: Photos = None, question: Question = "", history: HistoryText = "", as_json: Json = False) -> None:
    """Ask about a photo, or in words: the same queue and workers as in the chat, without the chat."""
    request = checked(photos, question, history)
    try:
        answer = ask(open_cases(CasesSettings()), request)
    except (Unanswered, CasesError) as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        show(answer, Console())


if __name__ == "__main__":
    typer.run(main)
