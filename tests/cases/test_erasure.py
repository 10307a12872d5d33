"""What is on the disk: never a patient's word in clear, and after `forget` not even a sealed one."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from cases import caseload, consent, conversation, feedback, inbox, messages, outbox
from cases.consent import Purpose
from cases.database import CaseDatabase, open_cases
from cases.errors import CaseNotFound, ErasureUnfinished, LeaseLost
from cases.leases import lease
from cases.patients import find_patient, forget, patient_of_chat
from cases.record import History
from cases.retention import purge
from cases.settings import CasesSettings
from cases.tables import ForgottenRow, InboxRow
from tests.cases.conftest import Clock
from tests.cases.samples import advice, findings

PLANTED = "Zwetschgenkrautwickel"
SLICE = 24
"""Bytes of a sealed value that are looked for: none other is like them by chance."""


def _live_through_everything(db: CaseDatabase, chat_id: int, photo: bytes) -> tuple[int, str]:
    """Patient and last case, with the planted word in every place that takes words."""
    patient = patient_of_chat(db, chat_id)
    consent.give(db, patient.id, Purpose.CARE)
    for n in range(4):
        case = caseload.open_case(db, patient.id, [photo, photo[: 100 * n + 10]], PLANTED, History(region=PLANTED))
        caseload.store_findings(db, case.id, findings(PLANTED))
        caseload.store_advice(db, case.id, advice(0, now=PLANTED))
        asked = conversation.say(db, case.id, f"{PLANTED}?" * (n + 1))
        conversation.answer(db, asked.id, f"{PLANTED}!", [], [])
        feedback.record(db, case.id, helpful=True)
    update = {"update_id": chat_id, "message": {"message_id": 9, "chat": {"id": chat_id}, "text": PLANTED}}
    inbox.receive(db, chat_id, json.dumps(update).encode())
    outbox.put(db, chat_id, "text", "greeting", PLANTED.encode(), dedupe=f"greeting:{chat_id}")
    return patient.id, case.id


def _disk(settings: CasesSettings) -> bytes:
    files = list(settings.data.rglob("*"))
    assert {"cases.db", "cases.db-wal"} <= {file.name for file in files}
    return b"".join(file.read_bytes() for file in files if file.is_file())


def _sealed_values(settings: CasesSettings) -> set[bytes]:
    """Every binary value in the database, by slices of it."""
    with closing(sqlite3.connect(settings.data / "cases.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]
    values = [value for row in rows for value in row if isinstance(value, bytes)]
    return {value[at : at + SLICE] for value in values for at in range(0, len(value) - SLICE, 700)}


def test_no_word_and_no_photo_is_in_any_file(file_db: CaseDatabase, file_settings: CasesSettings) -> None:
    photo = os.urandom(20_000)
    _live_through_everything(file_db, 71, photo)
    disk = _disk(file_settings)
    assert PLANTED.encode() not in disk
    assert not any(photo[at : at + SLICE] in disk for at in range(0, len(photo), 500))


def test_after_forget_nothing_of_it_is_left_and_others_keep_all(
    file_db: CaseDatabase, file_settings: CasesSettings
) -> None:
    patient_ids = [_live_through_everything(file_db, chat_id, os.urandom(9_000))[0] for chat_id in range(70, 76)]
    gone, stays = patient_ids[2], patient_ids[3]
    gone_case, other_case = caseload.cases_of(file_db, gone)[0], caseload.cases_of(file_db, stays)[0]
    before = _sealed_values(file_settings)
    assert gone_case.id.encode() in _disk(file_settings)

    counts = forget(file_db, gone).counts

    assert counts == {
        "patients": 1, "consents": 1, "cases": 4, "photos": 8, "turns": 8, "feedback": 4,
        "inbox": 1, "outbox": 9, "leases": 0, "messages": 1,
    }  # fmt: skip
    disk = _disk(file_settings)
    erased = before - _sealed_values(file_settings)
    assert len(erased) > 50
    assert [piece for piece in erased if piece in disk] == []
    assert gone_case.id.encode() not in disk
    assert (file_settings.data / "cases.db-wal").stat().st_size == 0
    assert find_patient(file_db, 72) is None
    assert caseload.get(file_db, other_case.id) == other_case
    assert {update_id for update_id, _ in inbox.pending(file_db)} == {70, 71, 73, 74, 75}


def test_work_under_way_finds_out(db: CaseDatabase) -> None:
    patient_id, case_id = _live_through_everything(db, 71, b"photo")
    with lease(db, f"case:{case_id}", "worker", 60) as held, lease(db, "chat:71", "worker", 60):
        assert forget(db, patient_id).counts["leases"] == 2
        with pytest.raises(LeaseLost):
            held.renew()
    with pytest.raises(CaseNotFound):
        caseload.store_findings(db, case_id, findings())
    assert outbox.due(db, 10, "bot") == []


def test_an_update_that_comes_again_stays_forgotten_and_ids_are_new(db: CaseDatabase) -> None:
    patient_id, _ = _live_through_everything(db, 71, b"photo")
    forget(db, patient_id)
    assert not inbox.receive(db, 71, b"{}")
    assert patient_of_chat(db, 71).id != patient_id
    assert not consent.has(db, patient_of_chat(db, 71).id, Purpose.CARE)


def test_a_damaged_update_of_another_chat_keeps_nobody_from_being_forgotten(db: CaseDatabase) -> None:
    patient = patient_of_chat(db, 71)
    for chat_id in (71, 72):
        inbox.receive(db, chat_id, json.dumps({"message": {"chat": {"id": chat_id}}}).encode())
    with db.write() as session:
        session.execute(update(InboxRow).where(InboxRow.update_id == 72).values(payload=b"damaged"))
    forget(db, patient.id)
    with db.read() as session:
        left = session.execute(select(InboxRow.chat_id, InboxRow.payload).order_by(InboxRow.update_id)).all()
    assert left == [(0, None), (72, b"damaged")]


@pytest.mark.parametrize(
    "event",
    [
        {"message": {"chat": {"id": 71}, "from": {"id": 8}}},
        {"edited_message": {"chat": {"id": 71}}},
        {"callback_query": {"from": {"id": 71}, "message": {"chat": {"id": 71}}}},
        {"inline_query": {"from": {"id": 71}}},
        {"my_chat_member": {"chat": {"id": 71}}},
    ],
)
def test_waiting_updates_of_the_chat_are_forgotten(db: CaseDatabase, event: dict[str, object]) -> None:
    patient = patient_of_chat(db, 71)
    inbox.receive(db, 1, json.dumps({"update_id": 1, **event}).encode())
    others = {
        2: b'{"update_id": 2, "message": {"chat": {"id": 8}, "forward_from": {"id": 71}}}',
        71: b'{"update_id": 71}',
        3: b"no json",
        4: b"[71]",
    }
    for update_id, payload in others.items():
        inbox.receive(db, update_id, payload)
    forget(db, patient.id)
    assert [update_id for update_id, _ in inbox.pending(db)] == list(others)


@contextmanager
def _read_by_another(settings: CasesSettings) -> Iterator[None]:
    """Somebody else is reading the record, so that its files cannot be cleaned."""
    with closing(sqlite3.connect(settings.data / "cases.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM cases").fetchall()
        yield


def test_an_erasure_that_could_not_clean_the_files_says_so_and_can_be_finished(
    file_settings: CasesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.database.WAIT_SECONDS", 0.2)
    db = open_cases(file_settings)
    patient_id, case_id = _live_through_everything(db, 71, b"photo")
    with _read_by_another(file_settings), pytest.raises(ErasureUnfinished, match="forget again"):
        forget(db, patient_id)
    assert find_patient(db, 71) is None
    assert forget(db, patient_id).counts == {}
    assert case_id.encode() not in _disk(file_settings)
    db.close()


def test_the_upkeep_finishes_an_erasure_that_could_not_clean_the_files(
    file_settings: CasesSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cases.database.WAIT_SECONDS", 0.2)
    db = open_cases(file_settings)
    patient_id, case_id = _live_through_everything(db, 71, b"photo")
    with _read_by_another(file_settings), pytest.raises(ErasureUnfinished):
        forget(db, patient_id)
    assert case_id.encode() in _disk(file_settings)
    assert purge(db, timedelta(days=365)).counts["cases"] == 0
    assert case_id.encode() not in _disk(file_settings)
    db.close()


def test_an_erasure_holds_up_nobody_for_as_long_as_the_file_is_large(file_db: CaseDatabase) -> None:
    patient_ids = [_live_through_everything(file_db, chat_id, os.urandom(60_000))[0] for chat_id in range(70, 74)]
    with file_db.outside_transaction() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        forget(file_db, patient_ids[1])
        assert connection.exec_driver_sql("PRAGMA page_count").scalar_one() == pages, "the file was rebuilt"
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() > 60, "its pages are free to be used"


def test_who_was_erased_stays_known_by_number_alone(db: CaseDatabase) -> None:
    patient_id, _ = _live_through_everything(db, 71, b"photo")
    forget(db, patient_id)
    with db.read() as session:
        (row,) = session.scalars(select(ForgottenRow))
        assert (row.patient_id, row.erased) == (patient_id, db.now())


def test_messages_that_come_are_noted_with_their_chat_until_it_is_forgotten(db: CaseDatabase) -> None:
    inbox.receive(db, 1, b'{"update_id": 1, "message": {"message_id": 5, "chat": {"id": 71}}}')
    pressed = {"from": {"id": 71}, "message": {"message_id": 4, "chat": {"id": 71}}}
    inbox.receive(db, 2, json.dumps({"update_id": 2, "callback_query": pressed}).encode())
    inbox.receive(db, 3, b'{"update_id": 3, "message": {"message_id": 6, "chat": {"id": 72}}}')
    inbox.receive(db, 4, b'{"update_id": 4, "my_chat_member": {"chat": {"id": 71}}}')
    messages.note(db, 71, [7, 5])
    assert messages.of_chat(db, 71) == [4, 5, 7]
    forget(db, patient_of_chat(db, 71).id)
    assert messages.of_chat(db, 71) == []
    assert messages.of_chat(db, 72) == [6]


def test_messages_of_strangers_are_known_as_long_as_they_can_be_deleted(db: CaseDatabase, clock: Clock) -> None:
    patient_of_chat(db, 71)
    for chat_id in (71, 72):
        messages.note(db, chat_id, [5])
    clock.advance(hours=49)
    messages.note(db, 72, [6])
    purge(db, timedelta(days=365))
    assert messages.of_chat(db, 71) == [5]
    assert messages.of_chat(db, 71, within=messages.DELETABLE) == []
    assert messages.of_chat(db, 72) == [6]
