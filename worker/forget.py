"""Tasks `forget` and `forget_erased` (queue `agent`): what the agent remembers of erased cases is erased too.

Run: ``celery -A worker.app worker -Q agent -c 1``
"""

from cases import caseload
from cases.errors import CaseNotFound
from cases.vault import UNREADABLE
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
    from agents.memory import remembered_cases

    for case_id in remembered_cases(resources.memory()):
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
    except UNREADABLE:
        return  # damaged, but not erased
