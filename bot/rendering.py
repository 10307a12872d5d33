"""What is shown of a case: a function of its snapshot, the same whenever and by whomever it is drawn."""

from datetime import date

from agents.triage import triage, triage_history, triage_words, with_number
from bot import texts
from bot.explanation import explain_rows
from bot.message import Block, Message, escape, fitted, message
from bot.presses import PressKind, button
from bot.questions import Question, danger_question, next_question
from bot.rendering_answer import answer_blocks, citation_rows, headline, overdue, urgent_block
from cases.record import UNADVISED, Case, CaseStatus, Citation, Triage, Turn, day_in_words
from conditions import NOT_SKIN, TriageLevel

_OUTCOMES = {CaseStatus.FAILED: "not answered", CaseStatus.CLOSED: "closed"}
_URGENT = (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY)


def triage_of(case: Case) -> Triage:
    """How soon, by the words and the buttons of a case; what the photo shows comes with the advice."""
    return triage(triage_words(case.words), triage_history(case.history))


def render_case(case: Case, place: int, number: str, *, asking_danger: bool = False) -> Message:
    """The status message of a case, or its answer.

    `place`: in the model's queue, 1 is next. `number`: the emergency number. `asking_danger`: ask for one
    more danger sign instead of the next question.
    """
    verdict = triage_of(case)
    level = case.advice.triage.level if case.advice else TriageLevel.SELF_CARE
    if verdict.level is level is TriageLevel.SELF_CARE and _shows_nothing_else_than_no_skin(case):
        return message(texts.NOT_SKIN_SEEN)
    question = None
    if case.status is not CaseStatus.CLOSED and TriageLevel.EMERGENCY not in (verdict.level, level):
        question = danger_question(case) if asking_danger else next_question(case)
    blocks = [*_urgent(case, verdict, number), *_body(case, place, number), *_asked(question)]
    return message(fitted(blocks), [*_case_rows(case), *(question.rows if question else ())])


def _shows_nothing_else_than_no_skin(case: Case) -> bool:
    """Whether all there is to answer is a picture that shows no skin: no advice is given on a dog."""
    if case.words or case.advice is None or case.advice.revision != case.history_revision or case.advice.possibilities:
        return False
    return bool(case.findings and case.findings.differential and case.findings.differential[0].slug == NOT_SKIN)


def _urgent(case: Case, verdict: Triage, number: str) -> list[Block]:
    """What was pressed or written since the advice, or before there is any, if it is urgent: at once, on top."""
    known = case.advice.triage.level if case.advice else TriageLevel.SELF_CARE
    if verdict.level in _URGENT and verdict.level.urgency > known.urgency:
        return [urgent_block(verdict, number)]
    return []


def _body(case: Case, place: int, number: str) -> list[Block]:
    if case.advice is None:
        if case.status is CaseStatus.FAILED:
            return [Block((texts.FAILED.format(number=escape(number)),), required=True)]
        return [Block((_stage(case, place, number),), required=True)]
    outdated = case.advice.revision < case.history_revision
    if outdated and case.status is CaseStatus.FAILED:
        note = [Block((texts.NOT_UPDATED,), required=True)]
    elif case.status is CaseStatus.RECEIVED:
        note = [Block((_stage(case, place, number),), required=True)]
    else:
        note = [Block((texts.UPDATING,), required=True)] if outdated else []
    return [*note, *answer_blocks(case.advice, number)]


def _stage(case: Case, place: int, number: str) -> str:
    if case.status is CaseStatus.CLOSED:
        return texts.STAGE_CLOSED
    if case.stalled is not None:
        return texts.STAGE_STALLED.format(number=escape(number))
    if not case.photo_ids:
        return texts.STAGE_WORDS
    if case.status is CaseStatus.EXAMINED:
        return texts.STAGE_EXAMINED
    photos = "photo" if len(case.photo_ids) == 1 else f"{len(case.photo_ids)} photos"
    queue = texts.STAGE_QUEUE.format(before=place - 1) if place > 1 else texts.STAGE_LOOKING
    return texts.STAGE_RECEIVED.format(photos=photos, queue=queue)


def _asked(question: Question | None) -> list[Block]:
    return [Block((question.text,), required=True)] if question else []


def _case_rows(case: Case) -> list[tuple[tuple[str, str], ...]]:
    if case.advice is None or case.status in UNADVISED:
        return []
    helpful = button(texts.HELPFUL, PressKind.FEEDBACK, case.id, 1)
    not_helpful = button(texts.NOT_HELPFUL, PressKind.FEEDBACK, case.id, 0)
    return [
        *citation_rows(case.advice.citations, PressKind.CITATION, case.id),
        (helpful, not_helpful),
        *explain_rows(case),
    ]


def render_turn(turn: Turn, number: str) -> Message:
    """An answer to a question, with its citations as buttons."""
    lines = tuple(escape(with_number(line, number)) for line in turn.text.split("\n"))
    return message(
        fitted([Block(lines, required=True)]),
        citation_rows(turn.citations, PressKind.TURN_CITATION, str(turn.id)),
    )


def render_citation(citation: Citation, today: date) -> Message:
    """A citation opened: the passage word for word, where it is from, whether a clinician reviewed it, and whether
    that was to be done before `today`.
    """
    reviewed = f"Reviewed {citation.reviewed:%d %B %Y}." if citation.reviewed else texts.NOT_REVIEWED
    due = overdue(citation, today)
    blocks = [
        Block((f"<b>[{citation.n}] {escape(citation.title)}</b> · {escape(citation.section)}",), required=True),
        Block((f"<blockquote>{escape(citation.passage)}</blockquote>",), required=True),
        Block((f"Source: {escape(citation.source)}", f"<i>{reviewed}</i>"), required=True),
        Block((f"⚠️ <b>{due}</b>",) if due else (), required=True),
    ]
    return message(fitted(blocks))


def render_cases(cases: list[Case]) -> Message:
    """The list of a patient's cases, each with a button that shows it again."""
    lines = [texts.CASES]
    for index, case in enumerate(cases, start=1):
        photos = f"{len(case.photo_ids)} photo(s)" if case.photo_ids else "in words"
        lines.append(f"{index}. {day_in_words(case.created)}, {photos}: {_outcome(case)}")
    buttons = [button(str(index), PressKind.SHOW, case.id) for index, case in enumerate(cases, start=1)]
    rows = [tuple(buttons[at : at + 5]) for at in range(0, len(buttons), 5)]
    return message(fitted([Block((*lines, texts.ASK_AGAIN))]), rows)


def _outcome(case: Case) -> str:
    if case.advice:
        return headline(case.advice.triage.level, "for help").replace("<b>", "").replace("</b>", "")
    return _OUTCOMES.get(case.status, "waiting")
