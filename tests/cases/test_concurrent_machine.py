"""Leases, inbox, outbox and compare-and-set under concurrent workers: threads on one database, cut off anywhere.

Hypothesis chooses what happens next; four threads then do it at the same time, interleaved by the database alone. What
must hold whatever the interleaving is checked on what each call said: every effect once, nothing lost, one holder at a
time, nothing overtaken. Who crashes never gives its lease back; the clock is then moved past it.
"""

import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import SecretStr
from sqlalchemy import create_engine

from cases import caseload, conversation, inbox, leases, outbox
from cases.database import CaseDatabase, open_cases
from cases.errors import LeaseLost, LeaseTaken
from cases.keys import new_key
from cases.patients import patient_of_chat
from cases.record import CaseStatus, History, Role
from cases.settings import CasesSettings
from tests.cases.conftest import POSTGRES, Clock
from tests.cases.samples import advice, findings

CHATS = (5, 6)
WORKERS = 4
LEASE_SECONDS = 30.0


class Concurrent(RuleBasedStateMachine):
    """Two chats, each with a case; four workers."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.updates = 0
        self.received: list[int] = []
        self.held: dict[str, tuple[int, leases.Lease, ExitStack]] = {}
        """Lease → its holder, and what gives it back."""
        self.announced: Counter[str] = Counter()
        self.sent: list[tuple[int, int]] = []
        """(chat, outbox id) in the order they were marked as sent."""
        self.in_hand: dict[int, int] = {}
        """Outbox id → chat, of messages handed out and neither sent nor given back."""

    @initialize()
    def open(self) -> None:
        if POSTGRES is not None:
            engine = create_engine(POSTGRES)
            with engine.begin() as connection:
                connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                connection.exec_driver_sql("CREATE SCHEMA public")
            engine.dispose()
        chosen = CasesSettings(data=Path(self.folder.name), key=SecretStr(new_key()), cases_url=POSTGRES)
        self.db: CaseDatabase = open_cases(chosen)
        self.db.now = self.clock
        patients = [patient_of_chat(self.db, chat).id for chat in CHATS]
        self.case_ids = [caseload.open_case(self.db, each, [b"photo"]).id for each in patients]

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.everything_is_delivered_in_the_end()
            self.db.close()
        self.folder.cleanup()

    def at_once(self, work: Callable[[int], Any]) -> list[Any]:
        """What `work(worker)` gives in as many threads as there are workers, begun together."""
        barrier = threading.Barrier(WORKERS)
        results: list[Any] = [None] * WORKERS

        def run(worker: int) -> None:
            barrier.wait(timeout=20)
            try:
                results[worker] = work(worker)
            except Exception as error:
                results[worker] = error

        threads = [threading.Thread(target=run, args=(worker,)) for worker in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        unexpected = [each for each in results if isinstance(each, Exception) and not isinstance(each, LeaseTaken)]
        assert not unexpected, unexpected
        return results

    # ---------------------------------------------------------------- compare-and-set

    @rule(which=st.integers(0, 1))
    def all_examine(self, which: int) -> None:
        before = caseload.get(self.db, self.case_ids[which])
        stored = self.at_once(lambda _: caseload.store_findings(self.db, before.id, findings(), before.photo_ids))
        assert sum(stored) == (before.status is CaseStatus.RECEIVED)

    @rule(which=st.integers(0, 1), pressing=st.booleans())
    def all_advise(self, which: int, pressing: bool) -> None:
        """Each for the revision it has seen; one of them may be a patient pressing a button meanwhile."""
        before = caseload.get(self.db, self.case_ids[which])

        def work(worker: int) -> bool:
            if pressing and worker == 0:
                caseload.note_history(self.db, before.id, History(itch=True))
                return False
            return caseload.store_advice(self.db, before.id, advice(before.history_revision))

        stored = sum(self.at_once(work))
        done = before.advice is not None and before.advice.revision == before.history_revision
        possible = before.status in (CaseStatus.EXAMINED, CaseStatus.ADVISED, CaseStatus.DELIVERED) and not done
        assert stored == 1 if possible and not pressing else stored <= possible
        self.announced[before.id] += stored
        after = caseload.get(self.db, before.id)
        assert after.history_revision == before.history_revision + pressing, "no press is lost"

    @rule(which=st.integers(0, 1))
    def some_give_up_while_others_advise(self, which: int) -> None:
        before = caseload.get(self.db, self.case_ids[which])
        outcomes = self.at_once(
            lambda worker: (
                caseload.fail(self.db, before.id)
                if worker % 2
                else caseload.store_advice(self.db, before.id, advice(before.history_revision))
            )
        )
        assert sum(outcomes) <= 1, "an answer and an apology"
        self.announced[before.id] += sum(outcomes)
        if any(outcomes[1::2]):
            caseload.add_photo(self.db, before.id, b"sent again")

    @rule(which=st.integers(0, 1))
    def all_count_an_attempt(self, which: int) -> None:
        before = caseload.get(self.db, self.case_ids[which]).attempts
        counted = self.at_once(lambda _: caseload.count_attempt(self.db, self.case_ids[which]))
        assert sorted(counted) == list(range(before + 1, before + WORKERS + 1))

    @rule(which=st.integers(0, 1), same=st.booleans())
    def photos_of_an_album_come_at_once(self, which: int, same: bool) -> None:
        before = caseload.get(self.db, self.case_ids[which])
        number = len(before.photo_ids)
        self.at_once(
            lambda worker: caseload.add_photo(
                self.db, before.id, b"view", f"update:{number}" if same else f"update:{number}.{worker}"
            )
        )
        added = len(caseload.get(self.db, before.id).photo_ids) - len(before.photo_ids)
        assert added == (1 if same else WORKERS)

    @rule(which=st.integers(0, 1))
    def all_answer_one_question(self, which: int) -> None:
        turn = conversation.say(self.db, self.case_ids[which], "is it contagious?")
        answered = self.at_once(lambda worker: conversation.answer(self.db, turn.id, f"by {worker}", (), ()))
        assert sum(each is not None for each in answered) == 1
        said = [each for each in conversation.turns(self.db, turn.case_id) if each.role is Role.ASSISTANT]
        assert sum(each.answers == turn.id for each in said) == 1
        self.announced[turn.case_id] += 1

    # ---------------------------------------------------------------- leases

    @rule(which=st.integers(0, 1))
    def all_want_the_lease(self, which: int) -> None:
        name = leases.case_lease_name(self.case_ids[which])

        def work(worker: int) -> tuple[int, leases.Lease, ExitStack]:
            stack = ExitStack()
            return worker, stack.enter_context(leases.lease(self.db, name, f"worker {worker}", LEASE_SECONDS)), stack

        got = [each for each in self.at_once(work) if not isinstance(each, LeaseTaken)]
        assert len(got) == (0 if name in self.held else 1)
        if got:
            (self.held[name],) = got

    @rule(which=st.integers(0, 1))
    def a_holder_dies(self, which: int) -> None:
        """Its lease runs out and goes to one of those who wait for it; the living keep theirs."""
        name = leases.case_lease_name(self.case_ids[which])
        if name not in self.held:
            return
        _, dead, never_closed = self.held.pop(name)
        self.clock.advance(seconds=LEASE_SECONDS)
        for _, lease, _ in self.held.values():
            lease.renew()
        self.senders_die()
        self.all_want_the_lease(which)
        with pytest.raises(LeaseLost):
            dead.renew()
        never_closed.close()
        with pytest.raises(LeaseTaken), leases.lease(self.db, name, "another", LEASE_SECONDS):
            pytest.fail("the dead gave back what is another's by now")

    @rule(which=st.integers(0, 1))
    def a_holder_finishes(self, which: int) -> None:
        name = leases.case_lease_name(self.case_ids[which])
        if name in self.held:
            self.held.pop(name)[2].close()

    # ---------------------------------------------------------------- inbox

    @rule(count=st.integers(1, 4))
    def all_receive_the_same_updates(self, count: int) -> None:
        ids = range(self.updates + 1, self.updates + count + 1)
        self.updates += count
        taken = self.at_once(lambda _: [each for each in ids if inbox.receive(self.db, each, b"{}")])
        assert sorted(update for each in taken for update in each) == list(ids), "each update is taken once"
        self.received += ids

    @rule(finished=st.integers(0, 6))
    def all_finish_some(self, finished: int) -> None:
        waiting = [update for update, _ in inbox.pending(self.db)]
        done, self.received = waiting[:finished], [each for each in self.received if each not in waiting[:finished]]
        self.at_once(lambda worker: inbox.done(self.db, *done[worker::WORKERS]))

    # ---------------------------------------------------------------- outbox

    @rule(limit=st.integers(1, 3))
    def all_want_what_is_due(self, limit: int) -> None:
        taken = self.at_once(lambda worker: outbox.due(self.db, limit, f"sender {worker}"))
        handed = [message for each in taken for message in each]
        assert len({message.id for message in handed}) == len(handed), "one message to two senders"
        assert not {message.id for message in handed} & set(self.in_hand), "handed out while another holds it"
        for chat in CHATS:
            senders = [each for each in taken if any(message.chat_id == chat for message in each)]
            assert len(senders) <= 1, "two senders for one chat: one would overtake"
        self.in_hand |= {message.id: message.chat_id for message in handed}

    @rule(sent=st.integers(0, 4), tried=st.booleans())
    def the_senders_send_some_and_give_the_rest_back(self, sent: int, tried: bool) -> None:
        for chat in CHATS:
            mine = sorted(number for number, of_chat in self.in_hand.items() if of_chat == chat)
            for number in mine[:sent]:
                outbox.sent(self.db, number, 1)
                self.sent.append((chat, number))
            for number in mine[sent:]:
                (outbox.retry if tried else outbox.postpone)(self.db, number, timedelta())
        self.in_hand.clear()

    @rule()
    def senders_die(self) -> None:
        """Whoever comes after them on the same machine need not wait for their leases."""
        for owner in outbox.owners(self.db):
            outbox.release(self.db, owner)
        self.in_hand.clear()

    # ---------------------------------------------------------------- always

    @invariant()
    def nothing_overtook(self) -> None:
        for chat in CHATS:
            numbers = [number for of_chat, number in self.sent if of_chat == chat]
            assert numbers == sorted(numbers)
            assert len(set(numbers)) == len(numbers)

    @invariant()
    def no_update_is_lost(self) -> None:
        if hasattr(self, "db"):
            assert [update for update, _ in inbox.pending(self.db)] == sorted(self.received)

    def everything_is_delivered_in_the_end(self) -> None:
        self.clock.advance(seconds=outbox.LEASE_SECONDS)
        sent = len(self.sent)
        while due := outbox.due(self.db, 50, "the last"):
            for message in due:
                outbox.sent(self.db, message.id, 1)
                sent += 1
        assert sent == sum(self.announced.values()), "a message was lost or told twice"


ConcurrentTest = Concurrent.TestCase
ConcurrentTest.settings = settings(
    max_examples=4, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
