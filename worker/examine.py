"""Task `examine` (queue `gpu`): the model looks at the photos of a case; its findings are stored; advice is
queued.

Run: ``celery -A worker.app worker -Q gpu -c 1``
"""

from cases import caseload, leases
from cases.errors import CaseNotFound, LeaseTaken, SealBroken
from cases.record import Case, CaseStatus
from worker import resources
from worker.app import app
from worker.availability import is_last_try
from worker.enqueue import enqueue_advise
from worker.failures import log_failure
from worker.holding import held

_ROUNDS = 3
"""How often a case is examined anew in one task while photos of it keep coming."""


@app.task(name="worker.examine.examine")
def examine(case_id: str) -> None:
    """Examine one case. Does nothing when it is examined, being examined, or erased. A failure is counted,
    not raised.
    """
    db = resources.cases()
    try:
        with held(db, leases.case_lease_name(case_id), "examine", resources.settings().worker_lease_seconds):
            examined = any(_examine(caseload.get(db, case_id)) for _ in range(_ROUNDS))
            waits = examined and caseload.get(db, case_id).status is CaseStatus.EXAMINED
    except (CaseNotFound, LeaseTaken):
        return  # erased meanwhile; or somebody is at it, and the sweep comes back if they fail
    except SealBroken as error:  # no later try could read it: the patient hears of it now
        log_failure("examine", case_id, error)
        caseload.fail(db, case_id)
        return
    if waits:
        enqueue_advise(case_id)


def _examine(case: Case) -> bool:
    """True: nothing more to do here. False: a photo was added meanwhile, look again at once."""
    if case.status is not CaseStatus.RECEIVED:
        return True
    db, settings = resources.cases(), resources.settings()
    attempts = caseload.count_attempt(db, case.id)
    if attempts > settings.worker_attempts:  # the last of them ended this process, not in an error
        caseload.fail(db, case.id)
        return True
    try:
        photos = [caseload.photo(db, photo_id) for photo_id in case.photo_ids]
        findings = resources.endpoint().examine(photos, case.history)
    except Exception as error:  # whatever it is, the patient hears of it after the last attempt
        log_failure("examine", case.id, error)
        if is_last_try(error, attempts, lambda: caseload.stall(db, case.id), db.now(), settings):
            caseload.fail(db, case.id)
        return True
    explainable = resources.endpoint().can_explain()
    return caseload.store_findings(db, case.id, findings, case.photo_ids, explainable=explainable)
