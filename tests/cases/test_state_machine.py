"""A case, the inbox and the outbox against a simple model of them, in whatever order things happen."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import SecretStr

from cases import caseload, inbox, outbox
from cases.database import open_cases
from cases.keys import new_key
from cases.patients import patient_of_chat
from cases.record import CaseStatus, History
from cases.settings import CasesSettings
from tests.cases.conftest import Clock
from tests.cases.samples import advice, findings

CHAT = 5
UPDATES = st.integers(1, 4)
OWNERS = st.sampled_from(["one", "two"])


class Record(RuleBasedStateMachine):
    """One chat with one case."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.db = open_cases(CasesSettings(data=Path(self.folder.name), key=SecretStr(new_key())))
        self.db.now = self.clock
        self.case_id = caseload.open_case(self.db, patient_of_chat(self.db, CHAT).id, [b"photo"]).id
        self.status = CaseStatus.RECEIVED
        self.revision = 0
        self.advised: int | None = None
        self.waiting: list[int] = []
        self.seen: set[int] = set()
        self.unsent: dict[int, str | None] = {}
        """Outbox id → who holds it."""
        self.announced = 0

    def teardown(self) -> None:
        self.clock.advance(seconds=outbox.LEASE_SECONDS)
        assert len(outbox.due(self.db, 1000, "count")) == self.announced, "a message was lost or sent twice"
        self.db.close()
        self.folder.cleanup()

    @rule()
    def examine(self) -> None:
        stored = caseload.store_findings(self.db, self.case_id, findings())
        assert stored == (self.status is CaseStatus.RECEIVED)
        if stored:
            self.status = CaseStatus.EXAMINED

    @rule()
    def answer_a_question(self) -> None:
        self.revision += 1
        assert caseload.note_history(self.db, self.case_id, History(itch=True)).history_revision == self.revision

    @rule(behind=st.integers(0, 1))
    def advise(self, behind: int) -> None:
        written_for = max(self.revision - behind, 0)
        possible = self.status in {CaseStatus.EXAMINED, CaseStatus.ADVISED, CaseStatus.DELIVERED}
        stored = caseload.store_advice(self.db, self.case_id, advice(written_for))
        assert stored == (possible and written_for == self.revision and self.advised != self.revision)
        if stored:
            self.status, self.advised = CaseStatus.ADVISED, written_for
            self.announced += 1

    @rule()
    def give_up(self) -> None:
        answered = self.status in {CaseStatus.ADVISED, CaseStatus.DELIVERED} and self.advised == self.revision
        failed = caseload.fail(self.db, self.case_id)
        assert failed == (self.status is not CaseStatus.FAILED and not answered)
        if failed:
            self.status = CaseStatus.FAILED
            self.announced += 1

    @rule()
    def another_photo(self) -> None:
        caseload.add_photo(self.db, self.case_id, b"another")
        if self.status is not CaseStatus.RECEIVED:
            self.status = CaseStatus.RECEIVED
            self.revision += 1

    @rule(owner=OWNERS, limit=st.integers(1, 3))
    def take_from_the_outbox(self, owner: str, limit: int) -> None:
        taken = outbox.due(self.db, limit, owner)
        for message in taken:
            assert self.unsent.get(message.id) is None, "handed out while another holds it"
            self.unsent[message.id] = owner
        if any(holder and number not in {each.id for each in taken} for number, holder in self.unsent.items()):
            assert taken == [], "overtook a message that is being sent"

    @rule(choice=st.data(), delivered=st.booleans())
    def send(self, choice: Any, delivered: bool) -> None:
        held = sorted(number for number, owner in self.unsent.items() if owner)
        if not held:
            return
        number = choice.draw(st.sampled_from(held))
        if delivered:
            outbox.sent(self.db, number, 1)
            del self.unsent[number]
            self.announced -= 1
            if caseload.mark_delivered(self.db, self.case_id):
                assert self.status is CaseStatus.ADVISED
                self.status = CaseStatus.DELIVERED
        else:
            outbox.retry(self.db, number, timedelta())
            self.unsent[number] = None

    @rule()
    def senders_die(self) -> None:
        self.clock.advance(seconds=outbox.LEASE_SECONDS)
        self.unsent = dict.fromkeys(self.unsent)

    @rule(update_id=UPDATES)
    def receive(self, update_id: int) -> None:
        assert inbox.receive(self.db, update_id, b"%d" % update_id) == (update_id not in self.seen)
        if update_id not in self.seen:
            self.seen.add(update_id)
            self.waiting.append(update_id)

    @rule(update_id=UPDATES)
    def handle(self, update_id: int) -> None:
        inbox.done(self.db, update_id)
        if update_id in self.waiting:
            self.waiting.remove(update_id)

    @invariant()
    def agrees_with_the_model(self) -> None:
        case = caseload.get(self.db, self.case_id)
        assert (case.status, case.history_revision) == (self.status, self.revision)
        assert (case.advice.revision if case.advice else None) == self.advised
        assert inbox.pending(self.db) == [(each, b"%d" % each) for each in self.waiting]
        stale = self.advised != self.revision
        unfinished = self.status in {CaseStatus.RECEIVED, CaseStatus.EXAMINED} or (
            self.status in {CaseStatus.ADVISED, CaseStatus.DELIVERED} and stale
        )
        assert bool(caseload.unfinished(self.db, timedelta())) == unfinished


RecordTest = Record.TestCase
RecordTest.settings = settings(
    max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
