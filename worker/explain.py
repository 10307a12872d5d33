"""Task `explain` (queue `gpu`): the model shows what it looked at in the first photo of a case, for the patient who
asked.

Run: ``celery -A worker.app worker -Q gpu -c 1``

The picture is kept nowhere but sealed on the outbox, until it is sent. A task that is lost is not queued again: nobody
waits for it as for an answer, and the patient can press the button again.
"""

from cases import caseload, leases, outbox, overlays
from cases.errors import CaseNotFound, LeaseTaken
from cases.record import Case, CaseStatus
from worker import resources
from worker.app import app
from worker.failures import log_failure
from worker.holding import held

SORRY = (
    "I'm sorry, I can't show you right now what the model looked at. My answer stands as it is. You can press the "
    "button again later."
)


@app.task(name="worker.explain.explain")
def explain(case_id: str) -> None:
    """Send the overlay of one case. Does nothing when it was sent, is being made, or the case is closed or erased. A
    failure is told to the patient, not raised.
    """
    db = resources.cases()
    try:
        with held(db, leases.overlay_lease_name(case_id), "explain", resources.settings().worker_lease_seconds):
            _explain(caseload.get(db, case_id))
    except (CaseNotFound, LeaseTaken):
        return


def _explain(case: Case) -> None:
    db = resources.cases()
    if case.status is CaseStatus.CLOSED or not case.photo_ids or overlays.is_sent(db, case):
        return
    try:
        overlay = resources.endpoint().explain(caseload.photo(db, case.photo_ids[0]))
    except Exception as error:  # whatever it is, the patient is told
        log_failure("explain", case.id, error)
        minute = f"{db.now():%Y%m%d%H%M}"  # however often it is pressed, one sentence a minute
        outbox.put(db, case.chat_id, "text", "", SORRY.encode(), dedupe=f"unexplained:{case.id}:{minute}")
        return
    overlays.send(db, case.id, overlay)
