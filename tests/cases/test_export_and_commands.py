"""What a patient gets on request, and the operator's commands."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cases import caseload, consent, conversation, feedback
from cases.commands import app
from cases.consent import Purpose
from cases.database import CaseDatabase, open_cases
from cases.errors import PatientNotFound
from cases.patients import export, find_patient, patient_of_chat
from cases.record import History, Patient
from cases.settings import CasesSettings
from tests.cases.samples import PHOTO, advice, findings

PNG = b"\x89PNG\r\n\x1a\n and the rest"


def _fill(db: CaseDatabase, chat_id: int) -> str:
    patient = patient_of_chat(db, chat_id)
    consent.give(db, patient.id, Purpose.RESEARCH)
    consent.withdraw(db, patient.id, Purpose.RESEARCH)
    case = caseload.open_case(db, patient.id, [PHOTO, PNG, b"?"], "süße Worte", History(age=58))
    caseload.store_findings(db, case.id, findings())
    caseload.store_advice(db, case.id, advice(0))
    asked = conversation.say(db, case.id, "Is it catching?")
    conversation.answer(db, asked.id, "No.", [], [])
    feedback.record(db, case.id, helpful=True)
    feedback.record(db, case.id, helpful=False)
    return case.id


def test_the_export_holds_everything(db: CaseDatabase, patient: Patient) -> None:
    case_id = _fill(db, patient.chat_id)
    _fill(db, 2)
    archive = zipfile.ZipFile(io.BytesIO(export(db, patient.id)))
    record = json.loads(archive.read("record.json"))
    assert record["patient"]["chat_id"] == patient.chat_id
    (given,) = record["consents"]
    assert (given["purpose"], given["withdrawn"] is not None) == ("research", True)
    (case,) = record["cases"]
    assert (case["id"], case["words"], case["history"]["age"]) == (case_id, "süße Worte", 58)
    assert case["findings"]["description"] == "A flat brown spot."
    assert case["advice"]["now"] == "Have it looked at this week."
    assert [turn["text"] for turn in case["conversation"]] == ["Is it catching?", "No."]
    assert case["helpful"] is False
    assert [Path(name).suffix for name in case["photos"]] == [".jpg", ".png", ".bin"]
    assert [archive.read(name) for name in case["photos"]] == [PHOTO, PNG, b"?"]
    assert set(archive.namelist()) == {"record.json", *case["photos"]}


def test_nothing_to_export_is_told(db: CaseDatabase) -> None:
    with pytest.raises(PatientNotFound):
        export(db, 99)


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKINGPT_DATA", str(tmp_path / "var"))
    monkeypatch.setenv("SKINGPT_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=answer)


def test_key_then_export_then_forget(in_folder: Path) -> None:
    assert "copy" in _run("key").output
    assert (in_folder / "key").stat().st_mode & 0o777 == 0o600
    db = open_cases(CasesSettings())
    _fill(db, 5)
    exported = _run("export", "5")
    assert exported.exit_code == 0, exported.output
    assert (in_folder / "5.zip").stat().st_mode & 0o777 == 0o600
    assert "record.json" in zipfile.ZipFile(in_folder / "5.zip").namelist()
    assert _run("export", "5").exit_code == 1, "a file is not overwritten"
    assert _run("purge").output == "Erased 0 cases.\n"
    assert _run("forget", "5", answer="n\n").exit_code == 1
    assert find_patient(db, 5) is not None
    assert re.search(r"1 cases.*3 photos", _run("forget", "5", "--yes").output)
    assert find_patient(db, 5) is None
    db.close()


def test_commands_tell_what_is_wrong_and_what_to_do(in_folder: Path) -> None:
    no_key = _run("forget", "5", "--yes")
    assert no_key.exit_code == 1
    assert "cases.commands key" in no_key.output
    assert _run("key").exit_code == 0
    second = _run("key")
    assert (second.exit_code, "left as it is" in second.output) == (1, True)
    nobody = _run("export", "5")
    assert (nobody.exit_code, nobody.output) == (1, "Nothing is kept of chat 5.\n")
