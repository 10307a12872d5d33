"""Leases: one at a time, given back at the end, taken over when the owner is dead."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from cases.database import CaseDatabase, open_cases
from cases.errors import LeaseLost, LeaseTaken
from cases.leases import first, lease
from cases.settings import CasesSettings
from cases.standing import standing
from cases.tables import LeaseRow
from tests.cases.conftest import Clock
from tests.cases.samples import at_once


def test_one_at_a_time_whoever_asks(db: CaseDatabase) -> None:
    with lease(db, "case:a", "first", 60):
        for owner in ("second", "first"):
            with pytest.raises(LeaseTaken, match="case:a is being worked on by first"), lease(db, "case:a", owner, 60):
                pytest.fail("two at work")
        with lease(db, "case:b", "second", 60):
            pass
    with lease(db, "case:a", "second", 60):
        pass


def test_given_back_when_the_work_fails(db: CaseDatabase) -> None:
    with pytest.raises(RuntimeError), lease(db, "case:a", "first", 60):
        raise RuntimeError
    with lease(db, "case:a", "second", 60):
        pass


def test_what_is_called_once_is_first_for_one_alone_and_again_when_its_time_is_over(
    db: CaseDatabase, clock: Clock
) -> None:
    with ThreadPoolExecutor(4) as bots:
        assert sorted(bots.map(lambda _: first(db, "plea", 60), range(4))) == [False, False, False, True]
    assert first(db, "another", 60)
    clock.advance(seconds=59)
    assert not first(db, "plea", 60)
    clock.advance(seconds=2)
    assert standing(db).leases == 0, "nobody is at work on it"
    assert first(db, "plea", 60)
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(LeaseRow)) == 1, "what has run out is not kept"


def test_a_dead_owners_lease_is_taken_and_not_given_back_by_the_dead(db: CaseDatabase, clock: Clock) -> None:
    with lease(db, "case:a", "slow", 60) as slow:
        clock.advance(seconds=61)
        taken = lease(db, "case:a", "next", 60)
        taken.__enter__()
        with pytest.raises(LeaseLost):
            slow.renew()
    with pytest.raises(LeaseTaken), lease(db, "case:a", "third", 60):
        pytest.fail("two at work")
    taken.__exit__(None, None, None)


def test_renewing_holds_it_longer(db: CaseDatabase, clock: Clock) -> None:
    with lease(db, "case:a", "first", 60) as held:
        clock.advance(seconds=50)
        held.renew()
        clock.advance(seconds=50)
        with pytest.raises(LeaseTaken), lease(db, "case:a", "second", 60):
            pytest.fail("two at work")
        held.renew(seconds=5)
        clock.advance(seconds=6)
        with lease(db, "case:a", "second", 60):
            pass


def _compete(index: int, settings: CasesSettings) -> list[tuple[float, float]]:
    """The times in which this process held the lease."""
    db = open_cases(settings)
    held: list[tuple[float, float]] = []
    while len(held) < 10:
        try:
            with lease(db, "case:a", f"worker-{index}", 60):
                start = time.monotonic()
                time.sleep(0.002)
                held.append((start, time.monotonic()))
        except LeaseTaken:
            time.sleep(0.001)
    return held


def test_two_processes_never_hold_it_together(settings: CasesSettings) -> None:
    first, second = at_once(2, _compete, settings)
    spans = sorted(first + second)
    assert len(spans) == 20
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
