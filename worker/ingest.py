"""Tasks of the queue `library`: publish the starter guidelines that are new or changed, and what its day has come for.

Run: ``celery -A worker.app worker -Q library -c 1``
"""

import logging

from worker import resources
from worker.app import app
from worker.failures import log_failure

_log = logging.getLogger(__name__)


@app.task(name="worker.ingest.ingest_starter")
def ingest_starter() -> None:
    """Publish what is new or changed; running it twice publishes nothing twice. Never raises."""
    from knowledge.library import load_starter

    try:
        published = load_starter(resources.library())
    except Exception as error:
        log_failure("ingest", "starter guidelines", error)
        return
    _log.info("%d starter guidelines published", published)


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
