"""Tasks `advise` and `reply` (queue `agent`): the agent writes the advice of a case, or answers a patient's
words.

Run: ``celery -A worker.app worker -Q agent -c 1``
"""

import logging
from collections.abc import Sequence
from datetime import date

from cases import caseload, conversation, leases, outbox
from cases.elsewhere import told_elsewhere
from cases.errors import CaseNotFound, LeaseTaken, SealBroken, TurnNotFound
from cases.record import ANSWERED, UNADVISED, Case, CaseStatus, Role, Turn
from worker import metrics, resources
from worker.app import app
from worker.availability import is_last_try, is_unavailable
from worker.enqueue import enqueue_advise, enqueue_reply
from worker.failures import log_failure
from worker.holding import held

_log = logging.getLogger(__name__)

APOLOGY = (
    "I'm sorry, I could not answer this. Please don't wait for me: if it is getting worse or you feel ill, "
    "call a doctor "
    "today. You can also ask me again later."
)

LATER = (
    "This takes longer than usual: a part that I need to answer you is not available right now. You need do nothing: "
    "my answer comes here by itself. If it is getting worse or you feel ill, don't wait for me: call a doctor today."
)

_ROUNDS = 3
"""How often advice is written anew in one task while the patient keeps pressing buttons."""


@app.task(name="worker.advise.advise")
def advise(case_id: str) -> None:
    """Write the advice of one case for its newest history. Does nothing when that is done. A failure is
    counted, not raised.
    """
    db = resources.cases()
    try:
        with held(db, leases.case_lease_name(case_id), "advise", resources.settings().worker_lease_seconds):
            settled = any(_advise(caseload.get(db, case_id)) for _ in range(_ROUNDS))
        case = caseload.get(db, case_id)
        turns = conversation.turns(db, case_id)
    except (CaseNotFound, LeaseTaken):
        return  # erased meanwhile; or somebody is at it, and the sweep comes back if they fail
    except SealBroken as error:  # no later try could read it: the patient hears of it now
        log_failure("advise", case_id, error)
        caseload.fail(db, case_id)
        return
    if not settled:
        enqueue_advise(case_id)
    if case.status not in UNADVISED:
        for turn in open_questions(case, turns):
            enqueue_reply(turn.id)


def _wants_advice(case: Case) -> bool:
    outdated = case.advice is not None and case.advice.revision < case.history_revision
    return case.status is CaseStatus.EXAMINED or (outdated and case.status in ANSWERED)


def _advise(case: Case) -> bool:
    """True: nothing more to do here. False: the history moved on meanwhile, write it anew at once."""
    if not _wants_advice(case):
        return True
    db, settings = resources.cases(), resources.settings()
    attempts = caseload.count_attempt(db, case.id)
    if attempts > settings.worker_attempts:  # the last of them ended this process, not in an error
        caseload.fail(db, case.id)
        return True
    try:
        turns, others = conversation.turns(db, case.id), told_elsewhere(db, case)
        advice = resources.adviser().advise(case, date.today(), turns, others)
    except Exception as error:  # whatever it is, the patient hears of it after the last attempt
        log_failure("advise", case.id, error)
        if is_last_try(error, attempts, lambda: caseload.stall(db, case.id), db.now(), settings):
            caseload.fail(db, case.id)
        return True
    stored = caseload.store_advice(db, case.id, advice)
    if stored:
        metrics.ANSWERS.labels(advice.triage.level.value).inc()
        _log.info("advice stored: %s", advice.triage.level.value)
    return stored


@app.task(name="worker.advise.reply")
def reply(turn_id: int) -> None:
    """Answer a patient's turn, after what they asked before it and before what they asked later. Waits for the advice
    of a case that has none yet.

    Does nothing when it is answered; a failure is counted, and after the last one the answer is an apology.
    """
    db = resources.cases()
    try:
        case = caseload.get(db, conversation.turn(db, turn_id).case_id)
        if case.status in UNADVISED:
            return  # `advise` queues it again
        with held(db, leases.chat_lease_name(case.chat_id), "reply", resources.settings().worker_lease_seconds):
            turns = conversation.turns(db, case.id)
            all(_reply(case, turn) for turn in open_questions(case, turns))  # a later answer waits for an earlier one
    except (CaseNotFound, TurnNotFound, LeaseTaken):
        return  # erased meanwhile; or somebody is at it, and the sweep comes back if they fail
    except SealBroken as error:  # no later try could read it: the patient hears of it now
        log_failure("reply", turn_id, error)
        conversation.answer(db, turn_id, APOLOGY, (), ())


def open_questions(case: Case, turns: Sequence[Turn]) -> list[Turn]:
    """The patient's turns that have no answer. The words that opened a case without photos are answered by
    its advice.
    """
    answered = {turn.answers for turn in turns}
    asked = [turn for turn in turns if turn.role is Role.PATIENT]
    if not case.photo_ids:
        asked = asked[1:]
    return [turn for turn in asked if turn.id not in answered]


def _reply(case: Case, turn: Turn) -> bool:
    """Whether the turn has its answer now."""
    db, settings = resources.cases(), resources.settings()
    attempts = conversation.count_attempt(db, turn.id)
    if attempts > settings.worker_attempts:  # the last of them ended this process, not in an error
        conversation.answer(db, turn.id, APOLOGY, (), ())
        return True
    said = [earlier for earlier in conversation.turns(db, case.id) if earlier.id <= turn.id or earlier.answers]
    try:
        answer = resources.adviser().reply(case, said, date.today(), told_elsewhere(db, case))
    except Exception as error:  # whatever it is, the patient hears of it after the last attempt
        log_failure("reply", turn.id, error)
        if is_last_try(error, attempts, lambda: conversation.stall(db, turn.id), db.now(), settings):
            conversation.answer(db, turn.id, APOLOGY, (), ())
            return True
        if is_unavailable(error):
            outbox.put(db, case.chat_id, "text", str(turn.id), LATER.encode(), dedupe=f"later:{turn.id}")
        return False
    conversation.answer(db, turn.id, answer.text, answer.statements, answer.citations)
    return True
