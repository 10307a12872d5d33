"""Tasks `forget` and `forget_erased` (queue `agent`): what the agent remembers of erased cases is erased too.

Run: ``celery -A worker.app worker -Q agent -c 1``
"""

from contextlib import closing

from cases import caseload
from cases.errors import CaseNotFound
from worker import resources
from worker.app import app
from worker.failures import log_failure


@app.task(name="worker.forget.forget")
def forget(case_id: str) -> None:
    """Erase the agent's memory of a case that is not in the record any more. Never raises."""
    _forget_if_erased(case_id)


@app.task(name="worker.forget.forget_erased")
def forget_erased() -> None:
    """The same for every case the agent remembers: finds what a lost task left behind. Never raises."""
    with closing(resources.memory().conn.execute("SELECT DISTINCT thread_id FROM checkpoints")) as threads:
        case_ids = [str(thread_id) for (thread_id,) in threads]
    for case_id in case_ids:
        _forget_if_erased(case_id)


def _forget_if_erased(case_id: str) -> None:
    from agents.memory import forget_case

    try:
        caseload.get(resources.cases(), case_id)
    except CaseNotFound:
        try:
            forget_case(resources.memory(), case_id)
        except Exception as error:
            log_failure("forget", case_id, error)
