"""What `doctor` finds of the broker, the workers and the model, and the gauges that the sweep takes."""

from datetime import UTC, datetime, timedelta

import pytest

from cases import caseload, patients
from cases.database import open_cases
from cases.heartbeat import beat
from cases.settings import CasesSettings
from checkup import State
from tests.worker.stub_model import FAULTS, stub_model
from worker import checks, gauges, measure
from worker.app import make_app
from worker.settings import WorkerSettings


def test_a_model_that_sees_and_one_that_does_not() -> None:
    with stub_model() as stub:
        settings = WorkerSettings(model_url=stub.url, worker_model_seconds=20)
        (found,) = checks.check_model(settings)
        assert found.state is State.WELL and found.facts["model"] == "stub-1"
        for fault in FAULTS:
            stub.fault = fault
            (found,) = checks.check_model(settings)
            expected = State.WARNING if fault == "busy" else State.BROKEN
            assert found.state is expected and found.remedy, fault
    (found,) = checks.check_model(settings)
    assert found.state is State.BROKEN and "SKINGPT_MODEL_URL" in found.remedy


def test_what_stands_in_the_queues_is_counted() -> None:
    settings = WorkerSettings(broker_url="memory://depths")
    (found,) = checks.check_broker(settings)
    assert found.state is State.WELL
    before = int(found.facts["gpu"] or 0)
    make_app(settings).send_task("worker.examine.examine", args=["c1"])
    (found,) = checks.check_broker(settings)
    assert found.facts["gpu"] == before + 1


def test_a_broker_and_workers_that_are_away_are_told() -> None:
    away = WorkerSettings(broker_url="redis://:planted@127.0.0.1:9/0")
    found = [*checks.check_broker(away), *checks.check_workers(away)]
    assert [each.state for each in found] == [State.BROKEN, State.BROKEN]
    assert all(each.remedy for each in found) and "planted" not in str(found)


def test_the_gauges_say_what_waits_and_who_lives() -> None:
    db = open_cases(CasesSettings())
    patient = patients.patient_of_chat(db, 4711)
    caseload.open_case(db, patient.id, (b"photo",))
    beat(db, "gpu", "gpu@a:1", db.now())
    db.now = lambda: datetime.now(UTC) - timedelta(minutes=5)
    beat(db, "agent", "agent@a:2", db.now())
    db.now = lambda: datetime.now(UTC) + timedelta(seconds=100)
    measure.take_record(db)
    db.close()
    assert gauges.WAITING.labels("photos")._value.get() == 1
    assert 99 < gauges.OLDEST.labels("photos")._value.get() < 200
    alive = {part: gauges.PROCESSES.labels(part)._value.get() for part in measure.PARTS}
    assert alive == {"bot": 0, "gpu": 1, "agent": 0, "library": 0, "sweep": 0, "clinic": 0}


def test_a_broker_that_is_away_is_a_gauge_of_zero() -> None:
    measure.take_broker("redis://127.0.0.1:9/0")
    assert gauges.BROKER_UP._value.get() == 0


def test_gauges_of_a_library_that_is_not_there_yet_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    gauges.GUIDELINES.set(5)
    measure.take_library()
    assert gauges.GUIDELINES._value.get() == 5
