"""A lease that lives as long as its process: short, and renewed while the work goes on.

So a long task keeps it, and a killed one loses it within half a minute.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cases import leases
from cases.database import CaseDatabase
from cases.errors import CasesError, LeaseLost

_log = logging.getLogger(__name__)


def submission_lease_name(number: int) -> str:
    """Held while a submission to the guideline library is read."""
    return f"submission:{number}"


@contextmanager
def held(db: CaseDatabase, name: str, owner: str, seconds: float) -> Iterator[None]:
    """Hold the lease `name` inside the block, renewing it three times in each `seconds`.

    Raises:
        LeaseTaken: somebody else holds it.
    """
    with leases.lease(db, name, owner, seconds) as lease:
        done = threading.Event()
        beat = threading.Thread(target=_renew, args=(lease, done, seconds / 3), daemon=True)
        beat.start()
        try:
            yield
        finally:
            done.set()
            beat.join()


def _renew(lease: leases.Lease, done: threading.Event, pause: float) -> None:
    while not done.wait(pause):
        try:
            lease.renew()
        except LeaseLost:
            return  # what the work stores is compare-and-set: two at work do no harm
        except CasesError as error:
            _log.warning("lease %s not renewed: %s", lease.name, type(error).__name__)
