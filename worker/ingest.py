"""Tasks of the queue `library`: read what a dermatologist handed in, and publish what its day has come for.

Run: ``celery -A worker.app worker -Q library -c 1``
"""

import logging

from cases.errors import LeaseTaken
from worker import resources
from worker.app import app
from worker.failures import log_failure
from worker.holding import held, submission_lease_name

_log = logging.getLogger(__name__)

_READING_SECONDS = 1200
"""Longest reading. A broker that delivers the message again meanwhile does no harm: the submission is held."""
_ROUNDS = 3
"""How often a submission is read anew in one task while its author says otherwise what it is about."""


@app.task(name="worker.ingest.read_submission", time_limit=_READING_SECONDS, soft_time_limit=_READING_SECONDS - 20)
def read_submission(number: int) -> None:
    """Read one submission to the end: passages, what was taken out, the difference, the answers that would change.

    Does nothing when it was read, or is being read. Never raises: what failed is tried again by the sweep.
    """
    from agents.preview import comparing
    from agents.settings import AgentSettings
    from knowledge.submission import State
    from knowledge.submissions import Submissions

    try:
        submissions = Submissions(resources.library())
        compare = comparing(resources.library(), resources.embedder(), AgentSettings())
        with held(
            resources.cases(), submission_lease_name(number), "library", resources.settings().worker_lease_seconds
        ):
            for _ in range(_ROUNDS):
                if submissions.get(number).state is not State.RECEIVED:
                    break
                submissions.read(number, compare)
        _log.info("submission %d: %s", number, submissions.get(number).state)
    except LeaseTaken:
        return  # the sweep comes back if they fail
    except Exception as error:
        log_failure("ingest", f"submission {number}", error)


@app.task(name="worker.ingest.publish_due")
def publish_due() -> None:
    """Publish the submissions that waited for the day from which they are valid; twice does no harm. Never raises."""
    from knowledge.submissions import Submissions

    try:
        published = Submissions(resources.library()).publish_due()
    except Exception as error:
        log_failure("ingest", "submissions that are due", error)
        return
    for version in published:
        _log.info("%s version %s is valid by now and live", version.key, version.version)
