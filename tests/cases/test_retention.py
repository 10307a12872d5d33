"""Retention: what nobody touched for long goes, what is in use stays."""

from datetime import timedelta

from cases import caseload, conversation, feedback, inbox, outbox
from cases.database import CaseDatabase
from cases.leases import lease
from cases.record import Patient
from cases.retention import purge
from tests.cases.conftest import Clock
from tests.cases.samples import PHOTO

YEAR = timedelta(days=365)


def test_only_what_nobody_touched_for_so_long_is_erased(db: CaseDatabase, clock: Clock, patient: Patient) -> None:
    old = caseload.open_case(db, patient.id, [PHOTO])
    talked_of = caseload.open_case(db, patient.id, [PHOTO])
    worked_on = caseload.open_case(db, patient.id, [PHOTO])
    answered = conversation.say(db, old.id, "Is it catching?")
    conversation.answer(db, answered.id, "No.", [], [])
    feedback.record(db, old.id, helpful=False)
    clock.advance(days=300)
    conversation.say(db, talked_of.id, "It is back.")
    assert purge(db, YEAR).counts["cases"] == 0
    clock.advance(days=66)
    with lease(db, f"case:{worked_on.id}", "worker", 60):
        counts = purge(db, YEAR).counts
    assert (counts["cases"], counts["photos"], counts["turns"], counts["outbox"]) == (1, 1, 2, 1)
    assert [case.id for case in caseload.cases_of(db, patient.id)] == [talked_of.id, worked_on.id]
    assert outbox.due(db, 10, "bot") == []


def test_repeats_are_known_for_a_month(db: CaseDatabase, clock: Clock) -> None:
    inbox.receive(db, 1, b"{}")
    inbox.done(db, 1)
    inbox.receive(db, 2, b"{}")
    outbox.put(db, 5, "text", "a", dedupe="a")
    outbox.sent(db, outbox.due(db, 1, "bot")[0].id, 7)
    outbox.put(db, 5, "text", "b", dedupe="b")
    purge(db, YEAR)
    assert not inbox.receive(db, 1, b"{}")
    clock.advance(days=31)
    purge(db, YEAR)
    assert inbox.receive(db, 1, b"{}")
    assert [update_id for update_id, _ in inbox.pending(db)] == [2, 1]
    outbox.put(db, 5, "text", "a", dedupe="a")
    assert [each.reference for each in outbox.due(db, 10, "bot")] == ["b", "a"]
