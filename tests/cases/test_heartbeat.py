"""Signs of life of processes, and how the work stands."""

import time
from datetime import UTC, datetime, timedelta

from cases import caseload, conversation, inbox, outbox
from cases.database import CaseDatabase
from cases.heartbeat import beat, heartbeats, keep_beating
from cases.record import Patient, Role
from cases.standing import standing
from tests.cases.conftest import Clock
from tests.cases.samples import PHOTO, advice, findings


def test_the_latest_sign_of_each_process_is_known_for_a_day(db: CaseDatabase, clock: Clock) -> None:
    started = clock()
    beat(db, "gpu", "gpu@a:1", started)
    clock.advance(seconds=15)
    beat(db, "gpu", "gpu@a:1", started)
    beat(db, "bot", "bot@a:2", clock())
    first, second = heartbeats(db)
    assert (first.part, second.part) == ("bot", "gpu")
    assert second.started == started and second.beat == clock()
    assert second.version and second.machine
    clock.advance(hours=25)
    beat(db, "bot", "bot@a:2", started)
    assert [each.name for each in heartbeats(db)] == ["bot@a:2"]


def test_a_process_beats_until_it_ends_and_survives_a_broken_database(db: CaseDatabase) -> None:
    keep_beating(lambda: db, "sweep")
    deadline = time.monotonic() + 30
    while not heartbeats(db):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert heartbeats(db)[0].part == "sweep"


def test_a_clock_that_is_off_is_seen_where_the_database_has_one(db: CaseDatabase) -> None:
    db.now = lambda: datetime.now(UTC) + timedelta(seconds=90)
    beat(db, "bot", "bot@a:1", db.now())
    skew = heartbeats(db)[0].skew
    assert skew == 0 if db.engine.dialect.name == "sqlite" else 80 < skew < 100


def test_what_waits_is_counted_with_its_age(db: CaseDatabase, clock: Clock, patient: Patient) -> None:
    assert standing(db).photos.count == 0 and standing(db).photos.oldest == 0
    first = caseload.open_case(db, patient.id, (PHOTO,))
    inbox.receive(db, 1, b"{}")
    clock.advance(seconds=40)
    caseload.open_case(db, patient.id, (PHOTO,))
    worded = caseload.open_case(db, patient.id, (), "an itchy rash")
    now = standing(db)
    assert (now.photos.count, now.photos.oldest) == (2, 40)
    assert (now.updates.count, now.updates.oldest) == (1, 40)
    assert (now.advice.count, now.advice.oldest) == (1, 0)
    assert now.replies.count == 0, "the words that open a case are answered by its advice"

    caseload.store_findings(db, first.id, findings())
    caseload.store_advice(db, first.id, advice(0))
    conversation.say(db, worded.id, "and my leg?")
    inbox.done(db, 1)
    now = standing(db)
    assert (now.photos.count, now.advice.count, now.replies.count, now.messages.count) == (1, 1, 1, 1)
    assert now.updates.count == 0

    for message in outbox.due(db, 10, "bot"):
        outbox.drop(db, message.id, "blocked")
    caseload.fail(db, worded.id)
    turn = next(each for each in conversation.turns(db, worded.id) if each.role is Role.PATIENT and "leg" in each.text)
    conversation.answer(db, turn.id, "…", (), ())
    now = standing(db)
    assert (now.dropped, now.failed, now.replies.count) == (1, 1, 0)
    clock.advance(hours=25)
    assert (standing(db).dropped, standing(db).failed) == (0, 0)
