"""Overlays: on the disk sealed or not at all, gone once they are sent, and with the case."""

import os

import pytest

from cases import caseload, outbox, overlays
from cases.database import CaseDatabase
from cases.erasure import clean_files, erase_cases
from cases.errors import CaseNotFound
from cases.patients import forget, patient_of_chat
from cases.record import Case
from cases.settings import CasesSettings
from cases.tables import OutboxRow
from tests.cases.samples import advice, findings

CHAT = 71
SLICE = 24


def shown(db: CaseDatabase) -> Case:
    case = caseload.open_case(db, patient_of_chat(db, CHAT).id, [b"photo"])
    caseload.store_findings(db, case.id, findings(), explainable=True)
    caseload.store_advice(db, case.id, advice(0))
    for message in outbox.due(db, 9, "bot"):
        outbox.sent(db, message.id, 5)
    caseload.set_status_message(db, case.id, 5)
    return caseload.get(db, case.id)


def is_on_disk(settings: CasesSettings, overlay: bytes) -> bool:
    disk = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
    return any(overlay[at : at + SLICE] in disk for at in range(0, len(overlay), 500))


def test_whether_it_can_be_explained_is_kept_with_the_case(db: CaseDatabase) -> None:
    case = shown(db)
    assert case.explainable
    again = caseload.add_photo(db, case.id, b"another")
    caseload.store_findings(db, again.id, findings())
    assert not caseload.get(db, case.id).explainable, "another model looked at it"


def test_it_is_sent_once_for_each_message_that_shows_the_answer(db: CaseDatabase) -> None:
    case = shown(db)
    assert not overlays.is_sent(db, case)
    assert overlays.send(db, case.id, b"overlay")
    assert overlays.is_sent(db, case)
    assert not overlays.send(db, case.id, b"overlay")
    (message,) = outbox.due(db, 9, "bot")
    assert (message.kind, message.reference, message.payload, message.chat_id) == ("overlay", case.id, b"overlay", CHAT)
    outbox.sent(db, message.id, 6)
    assert not overlays.send(db, case.id, b"overlay")
    caseload.set_status_message(db, case.id, 7)
    assert not overlays.is_sent(db, caseload.get(db, case.id))
    assert overlays.send(db, case.id, b"overlay")


def test_on_the_disk_it_is_sealed_and_gone_once_it_is_sent(file_db: CaseDatabase, file_settings: CasesSettings) -> None:
    overlay = os.urandom(9_000)
    overlays.send(file_db, shown(file_db).id, overlay)
    assert not is_on_disk(file_settings, overlay)
    with file_db.read() as session:
        (sealed,) = [row.payload for row in session.query(OutboxRow) if row.payload]
    assert is_on_disk(file_settings, sealed), "else this test would find nothing in any case"
    (message,) = outbox.due(file_db, 9, "bot")
    outbox.sent(file_db, message.id, 6)
    clean_files(file_db)
    assert not is_on_disk(file_settings, sealed)


@pytest.mark.parametrize("whole", [True, False], ids=["forget", "one-case"])
def test_it_is_erased_with_its_case_before_it_is_sent(
    file_db: CaseDatabase, file_settings: CasesSettings, whole: bool
) -> None:
    case = shown(file_db)
    overlays.send(file_db, case.id, os.urandom(9_000))
    with file_db.read() as session:
        (sealed,) = [row.payload for row in session.query(OutboxRow) if row.payload]
    if whole:
        forget(file_db, case.patient_id)
    else:
        with file_db.write() as session:
            erase_cases(session, [case.id])
        clean_files(file_db)
    assert outbox.due(file_db, 9, "bot") == []
    assert not is_on_disk(file_settings, sealed)


def test_nothing_is_kept_for_a_case_that_is_closed_or_erased(db: CaseDatabase) -> None:
    case = shown(db)
    caseload.close(db, case.id)
    assert not overlays.send(db, case.id, b"overlay")
    forget(db, case.patient_id)
    with pytest.raises(CaseNotFound):
        overlays.send(db, case.id, b"overlay")
    assert outbox.due(db, 9, "bot") == []


def test_a_message_that_only_a_newer_program_knows_holds_up_nobody(db: CaseDatabase) -> None:
    with db.write() as session:
        session.add(OutboxRow(chat_id=CHAT, kind="hologram", reference="", dedupe="hologram", due=db.now()))
    outbox.put(db, CHAT, "text", "hello", b"hello", dedupe="hello")
    assert [each.reference for each in outbox.due(db, 9, "bot")] == ["hello"]
