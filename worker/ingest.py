"""Tasks of the queue `library`: read what a dermatologist handed in, and publish what its day has come for.

Run: ``celery -A worker.app worker -Q library -c 1``
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cases.errors import LeaseTaken
from worker import resources
from worker.app import app
from worker.failures import log_failure
from worker.holding import held, submission_lease_name

if TYPE_CHECKING:
    from knowledge.editions import Edition
    from knowledge.report import Comparison

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
    from knowledge.submission import State
    from knowledge.submissions import Submissions

    try:
        submissions = Submissions(resources.library())
        with held(
            resources.cases(), submission_lease_name(number), "library", resources.settings().worker_lease_seconds
        ):
            for _ in range(_ROUNDS):
                if submissions.get(number).state is not State.RECEIVED:
                    break
                submissions.read(number, compared)
        _log.info("submission %d: %s", number, submissions.get(number).state)
    except LeaseTaken:
        return  # the sweep comes back if they fail
    except Exception as error:
        log_failure("ingest", f"submission {number}", error)


def compared(edition: "Edition", tell: Callable[[int, int], None]) -> "Comparison":
    """The standing questions before and after `edition`. Raises KnowledgeError."""
    from agents.errors import AgentsError
    from agents.preview import compare
    from agents.settings import AgentSettings
    from agents.standing_questions import standing_questions
    from knowledge.errors import KnowledgeError
    from knowledge.rehearsal import Change

    settings = AgentSettings()
    try:
        questions = standing_questions(settings)
        change = Change.publishing(edition)
        return compare(resources.library(), resources.embedder(), change, questions, settings, tell)
    except AgentsError as error:
        raise KnowledgeError(str(error)) from error


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
