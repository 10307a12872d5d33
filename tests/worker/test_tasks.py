"""The tasks, called as Celery calls them, against a real case database; the model is a real HTTP server."""

import io
import logging
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint
from PIL import Image
from sqlalchemy import text

from agents.errors import ChatModelUnavailable
from agents.memory import close_memory, open_memory, remembered_cases
from agents.settings import AgentSettings
from cases import caseload, conversation, leases, outbox, patients
from cases.checks import check_work
from cases.damage import damaged_cases
from cases.database import CaseDatabase, open_cases
from cases.errors import DatabaseUnavailable, LeaseTaken
from cases.record import Advice, Case, CaseStatus, Findings, History, OtherCase, Role, Triage, Turn
from cases.settings import CasesSettings
from conditions import TriageLevel
from knowledge.errors import EmbedderUnavailable, IndexUnavailable
from tests.worker.stub_model import Answer, StubModel, error, stub_model
from worker import advise as advise_tasks
from worker import examine as examine_task
from worker import metrics, resources
from worker.advise import APOLOGY, advise, reply
from worker.endpoint import Endpoint
from worker.examine import examine
from worker.forget import forget_erased
from worker.holding import held
from worker.settings import WorkerSettings
from worker.sweep import Sweep


class Reply:
    text, statements, citations = "Keep it dry.", (), ()


class FakeAdviser:
    """Writes advice for the case's revision; can fail, or be interrupted by whatever `during` does."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.during: Any = lambda case: None
        self.heard: list[list[str]] = []
        self.elsewhere: list[list[str]] = []

    def advise(self, case: Case, today: date, turns: Sequence[Turn] = (), others: Sequence[OtherCase] = ()) -> Advice:
        self.elsewhere.append([said.text for other in others for said in other.said])
        if self.error:
            raise self.error
        self.during(case)
        return Advice(
            triage=Triage(level=TriageLevel.ROUTINE, reasons=()),
            now="Book an appointment.",
            seen="A spot.",
            possibilities=(),
            statements=(),
            citations=(),
            watch_for=(),
            see_by=today,
            see_whom="a doctor",
            limits="A photo cannot rule out cancer.",
            revision=case.history_revision,
        )

    def reply(self, case: Case, turns: list[Turn], today: date, others: Sequence[OtherCase] = ()) -> Reply:
        self.elsewhere.append([said.text for other in others for said in other.said])
        if self.error:
            raise self.error
        self.heard.append([turn.text for turn in turns if turn.role is Role.PATIENT])
        return Reply()


class House:
    """What the tasks find: a database, a model, an adviser, and a list instead of the queue."""

    def __init__(self, db: CaseDatabase, model: StubModel, settings: WorkerSettings) -> None:
        self.db, self.model, self.settings, self.adviser = db, model, settings, FakeAdviser()
        self.queued: list[tuple[str, str | int]] = []
        self.patient = patients.patient_of_chat(db, 77)

    def open(self, *photos: bytes, words: str = "") -> Case:
        return caseload.open_case(self.db, self.patient.id, photos, words)

    def get(self, case: Case) -> Case:
        return caseload.get(self.db, case.id)

    def due(self) -> list[tuple[str, str]]:
        return [(each.kind, each.reference) for each in outbox.due(self.db, 50, "test")]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    db = open_cases(CasesSettings())
    with stub_model() as model:
        settings = WorkerSettings(model_url=model.url, worker_model_tries=1)
        house = House(db, model, settings)
        monkeypatch.setattr(resources, "cases", lambda: db)
        monkeypatch.setattr(resources, "settings", lambda: settings)
        monkeypatch.setattr(resources, "endpoint", lambda: Endpoint(settings))
        monkeypatch.setattr(resources, "adviser", lambda: house.adviser)

        def queue(task: str) -> Any:
            return lambda identifier: house.queued.append((task, identifier)) or True

        monkeypatch.setattr(examine_task, "enqueue_advise", queue("advise"))
        monkeypatch.setattr(advise_tasks, "enqueue_advise", queue("advise"))
        monkeypatch.setattr(advise_tasks, "enqueue_reply", queue("reply"))
        monkeypatch.setattr("worker.sweep.is_empty", lambda queue: False)
        yield house
    db.close()


def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), "tan").save(out, "JPEG")
    return out.getvalue()


def test_a_photo_goes_from_received_to_advised_and_is_due(house: House) -> None:
    case = house.open(photo())
    examine(case.id)
    assert house.get(case).status is CaseStatus.EXAMINED
    assert house.queued == [("advise", case.id)]
    advise(case.id)
    advised = house.get(case)
    assert advised.status is CaseStatus.ADVISED
    assert advised.advice is not None
    assert house.due() == [("case", case.id)]


def test_running_everything_twice_changes_nothing(house: House) -> None:
    case = house.open(photo())
    examine(case.id)
    examine(case.id)
    advise(case.id)
    advise(case.id)
    assert len(house.model.requests) == 3, "the choice and two questions, once"
    assert house.due() == [("case", case.id)]


def test_a_failing_model_leads_to_an_apology_after_five_attempts_and_not_before(house: House) -> None:
    house.model.answers = lambda _: error(500, "incomplete_generation")
    case = house.open(photo())
    for _ in range(4):
        examine(case.id)
    assert house.get(case).status is CaseStatus.RECEIVED
    assert house.due() == []
    examine(case.id)
    assert house.get(case).status is CaseStatus.FAILED
    assert house.due() == [("case", case.id)]


def test_a_model_that_comes_back_is_as_good_as_one_that_never_left(house: House) -> None:
    case = house.open(photo())
    house.model.answers = lambda _: error(429, "overloaded")
    examine(case.id)
    house.model.answers = house.model.usual
    examine(case.id)
    assert house.get(case).status is CaseStatus.EXAMINED
    assert house.get(case).attempts == 0


def test_who_holds_the_lease_works_alone(house: House) -> None:
    case = house.open(photo())
    with leases.lease(house.db, leases.case_lease_name(case.id), "somebody", 60):
        examine(case.id)
        advise(case.id)
    assert house.get(case).status is CaseStatus.RECEIVED
    assert house.model.requests == []


def test_a_long_task_keeps_its_lease_and_a_finished_one_gives_it_back(house: House) -> None:
    case = house.open(photo())
    name = leases.case_lease_name(case.id)
    with held(house.db, name, "long", 0.3):
        time.sleep(0.7)
        with pytest.raises(LeaseTaken), leases.lease(house.db, name, "other", 1):
            pass
    with leases.lease(house.db, name, "other", 1):
        pass


def test_a_photo_added_while_the_model_looks_is_looked_at_too(house: House) -> None:
    case = house.open(photo())
    added: list[Case] = []

    def add_once(request: dict[str, Any]) -> Any:
        if not added:
            added.append(caseload.add_photo(house.db, case.id, photo()))
        return house.model.usual(request)

    house.model.answers = add_once
    examine(case.id)
    assert house.get(case).status is CaseStatus.EXAMINED
    choices = [request for request in house.model.requests if request["parameters"]["max_new_tokens"] == 2]
    assert len(choices) == 1 + 2


def test_a_button_pressed_while_advice_is_written_is_in_the_advice(house: House) -> None:
    case = house.open(words="a rash")
    presses = iter([History(age=30)])

    def press(seen: Case) -> None:
        for history in presses:
            caseload.note_history(house.db, seen.id, history)

    house.adviser.during = press
    advise(case.id)
    advised = house.get(case)
    assert advised.advice is not None
    assert advised.advice.revision == advised.history_revision == 1


def test_a_button_pressed_in_every_round_is_no_failure_of_the_advice(house: House) -> None:
    case = house.open(words="a rash")
    presses = iter([History(age=age) for age in range(30, 38)])

    def press(seen: Case) -> None:
        for history in presses:
            caseload.note_history(house.db, seen.id, history)
            return

    house.adviser.during = press
    for _ in range(4):
        advise(case.id)
    advised = house.get(case)
    assert advised.status is CaseStatus.ADVISED
    assert advised.advice is not None
    assert advised.advice.revision == advised.history_revision == 8


def test_a_photo_added_in_every_round_is_no_failure_of_the_model(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    case = house.open(photo())
    views = iter([photo()] * 8)

    class Album(Endpoint):
        def examine(self, photos: Any, history: History) -> Findings:
            for view in views:
                caseload.add_photo(house.db, case.id, view)
                break
            return super().examine(photos, history)

    monkeypatch.setattr(resources, "endpoint", lambda: Album(house.settings))
    for _ in range(4):
        examine(case.id)
    assert house.get(case).status is CaseStatus.EXAMINED


def test_a_changed_history_after_delivery_gets_new_advice(house: House) -> None:
    case = house.open(words="a rash")
    advise(case.id)
    caseload.mark_delivered(house.db, case.id)
    caseload.note_history(house.db, case.id, History(age=30))
    advise(case.id)
    advised = house.get(case)
    assert advised.advice is not None
    assert advised.advice.revision == 1
    assert advised.status is CaseStatus.ADVISED


def test_an_erased_case_is_no_error(house: House) -> None:
    case = house.open(photo())
    turn = conversation.say(house.db, case.id, "hello?")
    patients.forget(house.db, house.patient.id)
    examine(case.id)
    advise(case.id)
    reply(turn.id)


def test_a_damaged_case_keeps_nothing_of_an_erased_one_in_the_agents_memory(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = open_memory(AgentSettings(), house.db.vault)
    monkeypatch.setattr(resources, "memory", lambda: memory)
    damaged = house.open(words="a rash")
    damage(house, "cases", "words", id=damaged.id)
    for case_id in (damaged.id, "0" * 32):
        place: RunnableConfig = {"configurable": {"thread_id": case_id, "checkpoint_ns": ""}}
        memory.put(place, empty_checkpoint(), {}, {})
    forget_erased()
    assert remembered_cases(memory) == [damaged.id]
    close_memory(memory)


def test_words_are_answered_once_after_the_advice_is_there(house: House) -> None:
    case = house.open(photo())
    turn = conversation.say(house.db, case.id, "is it dangerous?")
    reply(turn.id)
    assert [each.role for each in conversation.turns(house.db, case.id)] == [Role.PATIENT], "the photo comes first"
    examine(case.id)
    advise(case.id)
    assert ("reply", turn.id) in house.queued
    reply(turn.id)
    reply(turn.id)
    answers = [each for each in conversation.turns(house.db, case.id) if each.role is Role.ASSISTANT]
    assert [each.text for each in answers] == ["Keep it dry."]
    assert house.adviser.heard == [["is it dangerous?"]]


def test_two_questions_in_a_row_are_both_answered_by_the_first_task(house: House) -> None:
    case = house.open(words="a rash")
    advise(case.id)
    first = conversation.say(house.db, case.id, "one?")
    conversation.say(house.db, case.id, "two?")
    reply(first.id)
    assert house.adviser.heard == [["a rash", "one?"], ["a rash", "one?", "two?"]]


def test_the_words_that_open_a_case_are_answered_by_its_advice_alone(house: House) -> None:
    case = house.open(words="a rash")
    advise(case.id)
    assert house.queued == []
    assert conversation.unanswered(house.db, timedelta(0)) == []


def test_a_question_that_cannot_be_answered_gets_an_apology_in_the_end(house: House) -> None:
    case = house.open(words="a rash")
    advise(case.id)
    turn = conversation.say(house.db, case.id, "why?")
    house.adviser.error = ValueError("nonsense")
    for _ in range(4):
        reply(turn.id)
    assert len(conversation.turns(house.db, case.id)) == 2
    reply(turn.id)
    assert conversation.turns(house.db, case.id)[-1].text == APOLOGY


def test_what_a_patient_wrote_is_not_in_the_log_even_when_an_error_repeats_it(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    case = house.open(words="secret words")
    house.adviser.error = ValueError("cannot parse 'secret words'")
    with caplog.at_level(logging.DEBUG):
        advise(case.id)
    assert case.id in caplog.text
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


def test_the_sweep_queues_lost_work_again_ever_more_rarely(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    photographed, written = house.open(photo()), house.open(words="a rash")
    queued: list[tuple[str, str | int]] = []
    for name in ("examine", "advise", "reply"):
        monkeypatch.setattr(f"worker.sweep.enqueue_{name}", lambda each, name=name: queued.append((name, each)) or True)
    now = [0.0]
    sweep = Sweep(house.db, overdue=0.0, clock=lambda: now[0])
    sweep._overdue = 10.0
    lost = [(case.id, case.status) for case in (photographed, written)]
    monkeypatch.setattr(caseload, "unfinished", lambda db, older: lost)
    times = []
    for second in range(100):
        now[0] = float(second)
        if sweep.sweep():
            times.append(second)
    assert set(queued) == {("examine", photographed.id), ("advise", written.id)}
    assert times == [0, 20, 60], "each pause is twice as long as the one before"


def test_the_sweep_finds_only_what_nobody_works_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[str] = []
    monkeypatch.setattr("worker.sweep.enqueue_examine", lambda case_id: queued.append(case_id) or True)
    held, lost = house.open(photo()), house.open(photo())
    with leases.lease(house.db, leases.case_lease_name(held.id), "somebody", 60):
        assert Sweep(house.db, overdue=0).sweep() == 1
    assert queued == [lost.id]


def damage(house: House, table: str, column: str, **row: str | int) -> None:
    """Turn round the last byte of what is sealed in this place."""
    (key, value), *_ = row.items()
    with house.db.engine.begin() as connection:
        where = f"WHERE {key} = :value"
        sealed = connection.execute(text(f"SELECT {column} FROM {table} {where}"), {"value": value}).scalar_one()
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(
            text(f"UPDATE {table} SET {column} = :changed {where}"), {"value": value, "changed": changed}
        )


def test_a_damaged_case_holds_up_no_other_and_its_patient_hears_of_it(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    damaged, whole = house.open(photo()), house.open(photo())
    written = house.open(words="a rash")
    damage(house, "cases", "words", id=damaged.id)
    damage(house, "cases", "history", id=written.id)
    monkeypatch.setattr("worker.sweep.enqueue_examine", lambda case_id: examine(case_id) or True)
    monkeypatch.setattr("worker.sweep.enqueue_advise", lambda case_id: advise(case_id) or True)
    failures = metrics.FAILURES.labels("examine", "SealBroken")._value.get()
    assert Sweep(house.db, overdue=0).sweep() == 3
    assert house.get(whole).status is CaseStatus.EXAMINED
    assert damaged.id in caplog.text
    assert metrics.FAILURES.labels("examine", "SealBroken")._value.get() == failures + 1
    assert house.due() == [("case", damaged.id), ("case", written.id)]
    assert caseload.unfinished(house.db, timedelta(0)) == [(whole.id, CaseStatus.EXAMINED)], (
        "given up, not tried for ever"
    )
    assert set(damaged_cases(house.db)) == {damaged.id, written.id}
    said = [finding.says for finding in check_work(CasesSettings()) if "damaged" in finding.says]
    assert len(said) == 1
    assert damaged.id in said[0]


def test_what_cannot_be_opened_of_an_older_case_keeps_no_newer_one_from_its_answer(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    old, older = house.open(words="a dry patch"), house.open(words="a wart")
    told = conversation.say(house.db, old.id, "I am allergic to penicillin")
    damage(house, "turns", "sealed", id=conversation.say(house.db, old.id, "secret words").id)
    damage(house, "cases", "history", id=older.id)
    case = house.open(words="a rash")
    advise(case.id)
    reply(conversation.say(house.db, case.id, "which cream?").id)
    assert house.get(case).status is CaseStatus.ADVISED
    assert conversation.turns(house.db, case.id)[-1].text == Reply.text
    for elsewhere in house.adviser.elsewhere:
        assert told.text in elsewhere and "a wart" in elsewhere and "secret words" not in elsewhere
    assert f"case {case.id} is answered without 2 texts" in caplog.text and "secret" not in caplog.text


def test_a_damaged_question_gets_an_apology_and_others_their_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, other = house.open(words="a rash"), house.open(words="a spot")
    for each in (case, other):
        advise(each.id)
    asked, sound = conversation.say(house.db, case.id, "why?"), conversation.say(house.db, other.id, "why?")
    damage(house, "turns", "sealed", id=asked.id)
    monkeypatch.setattr("worker.sweep.enqueue_reply", lambda turn_id: reply(turn_id) or True)
    assert Sweep(house.db, overdue=0).sweep() == 2
    said = [conversation.turn(house.db, int(number)) for kind, number in house.due() if kind == "turn"]
    assert [(each.answers, each.text) for each in said] == [(asked.id, APOLOGY), (sound.id, Reply.text)]
    assert conversation.unanswered(house.db, timedelta(0)) == [], "answered once, not for ever"


def test_the_sweep_stops_at_a_dead_broker(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("worker.sweep.enqueue_examine", asked.append)
    house.open(photo())
    house.open(photo())
    assert Sweep(house.db, overdue=0).sweep() == 0
    assert len(asked) == 1


@pytest.mark.parametrize("answer", [error(429, "overloaded"), error(503, "unhealthy")])
def test_a_model_that_is_away_costs_no_attempt_and_the_case_says_that_it_waits(house: House, answer: Answer) -> None:
    house.model.answers = lambda _: answer
    case = house.open(photo())
    for _ in range(20):
        examine(case.id)
    waits = house.get(case)
    assert (waits.status, waits.attempts) == (CaseStatus.RECEIVED, 0)
    assert waits.stalled is not None
    house.model.answers = house.model.usual
    examine(case.id)
    assert house.get(case).status is CaseStatus.EXAMINED
    assert house.get(case).stalled is None


def test_a_model_that_never_comes_back_leads_to_an_apology_when_patience_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.model.answers = lambda _: error(503, "unhealthy")
    case = house.open(photo())
    examine(case.id)
    now = house.db.now()
    monkeypatch.setattr(house.db, "now", lambda: now + timedelta(seconds=house.settings.worker_patience_seconds))
    examine(case.id)
    assert house.get(case).status is CaseStatus.FAILED
    assert house.due() == [("case", case.id)]


@pytest.mark.parametrize(
    "away", [IndexUnavailable("x"), EmbedderUnavailable("x"), ChatModelUnavailable("x"), DatabaseUnavailable("x")]
)
def test_advice_waits_for_a_part_that_is_away(house: House, away: Exception) -> None:
    case = house.open(words="a rash")
    house.adviser.error = away
    for _ in range(6):
        advise(case.id)
    assert house.get(case).status is CaseStatus.EXAMINED
    assert house.get(case).stalled is not None
    house.adviser.error = None
    advise(case.id)
    assert house.get(case).status is CaseStatus.ADVISED


def test_who_asked_while_a_part_is_away_is_told_once_and_answered_in_order(house: House) -> None:
    case = house.open(words="a rash")
    advise(case.id)
    first = conversation.say(house.db, case.id, "one?")
    house.adviser.error = IndexUnavailable("x")
    for _ in range(6):
        reply(first.id)
    second = conversation.say(house.db, case.id, "two?")
    house.adviser.error = None
    reply(second.id)
    answered = [turn.answers for turn in conversation.turns(house.db, case.id) if turn.role is Role.ASSISTANT]
    assert answered == [first.id, second.id], "a later question does not overtake"
    assert [kind for kind, _ in house.due()] == ["case", "text", "turn", "turn"]


class Killed(BaseException):
    """What a task sees of SIGKILL: nothing after it runs."""


def test_a_photo_that_kills_its_worker_is_given_up_after_five_attempts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = house.open(photo())

    def killed(request: Any) -> Any:
        raise Killed

    monkeypatch.setattr(Endpoint, "examine", lambda *_: killed(None))
    for _ in range(5):
        with pytest.raises(Killed):
            examine(case.id)
    assert house.get(case).status is CaseStatus.RECEIVED
    examine(case.id)
    assert house.get(case).status is CaseStatus.FAILED


def test_a_question_that_kills_its_worker_is_given_up_after_five_attempts(house: House) -> None:
    case = house.open(words="a rash")
    advise(case.id)
    turn = conversation.say(house.db, case.id, "why?")
    house.adviser.error = Killed()  # type: ignore[assignment]
    for _ in range(5):
        with pytest.raises(Killed):
            reply(turn.id)
    reply(turn.id)
    assert conversation.turns(house.db, case.id)[-1].text == APOLOGY


def test_an_empty_queue_with_work_overdue_has_lost_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[str] = []
    monkeypatch.setattr("worker.sweep.enqueue_examine", lambda case_id: queued.append(case_id) or True)
    case = house.open(photo())
    sweep = Sweep(house.db, overdue=0.0, clock=lambda: 0.0)
    sweep._queued[case.id] = (0.0, 320.0)
    assert sweep.sweep() == 0, "its task stands in a long queue"
    monkeypatch.setattr("worker.sweep.is_empty", lambda queue: queue == "gpu")
    assert sweep.sweep() == 1
    assert queued == [case.id]
