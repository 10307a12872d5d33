"""What the agent is given of a patient's record: the earlier photos, and where each spot is."""

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from cases import caseload, conversation, patients
from cases.database import CaseDatabase, open_cases
from cases.record import History
from cases.settings import CasesSettings
from cases.tables import CaseRow
from worker import resources

PHOTO = b"a photo"


@pytest.fixture
def db(monkeypatch: pytest.MonkeyPatch) -> Iterator[CaseDatabase]:
    db = open_cases(CasesSettings())
    monkeypatch.setattr(resources, "cases", lambda: db)
    yield db
    db.close()


def test_earlier_photos_come_newest_first_with_the_place_that_was_told_and_without_rashes(db: CaseDatabase) -> None:
    patient = patients.patient_of_chat(db, 77).id
    arm = caseload.open_case(db, patient, [PHOTO], "a mole", History(spot_or_rash="spot"))
    conversation.say(db, arm.id, "it is on my left arm")
    caseload.open_case(db, patient, [PHOTO], "on my face", History(spot_or_rash="rash"))
    caseload.open_case(db, patient, [], "a mole on my leg")
    back = caseload.open_case(db, patient, [PHOTO, PHOTO], "a mole on my back")
    stranger = patients.patient_of_chat(db, 78).id
    caseload.open_case(db, stranger, [PHOTO], "a mole on my ear")
    now = caseload.open_case(db, patient, [PHOTO], "has it changed?", History(spot_or_rash="spot"))
    earlier = resources.earlier_photos(now)
    assert [each.photo_id for each in earlier] == [back.photo_ids[0], arm.photo_ids[0]]
    assert [(set(each.place.named), set(each.place.sides)) for each in earlier] == [
        ({"back"}, set()),
        ({"arm"}, {"left"}),
    ]


def test_one_damaged_case_keeps_no_other_photo_from_being_found_and_is_logged(
    db: CaseDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    patient = patients.patient_of_chat(db, 77).id
    whole = caseload.open_case(db, patient, [PHOTO], "a mole on my arm")
    damaged = [caseload.open_case(db, patient, [PHOTO], "secret words") for _ in range(2)]
    now = caseload.open_case(db, patient, [PHOTO], "has it changed?")
    with db.write() as session:
        session.execute(update(CaseRow).where(CaseRow.id == damaged[0].id).values(words=b"\1damaged"))
        session.execute(update(CaseRow).where(CaseRow.id == damaged[1].id).values(history=b"\1damaged"))
    assert [each.photo_id for each in resources.earlier_photos(now)] == [whole.photo_ids[0]]
    assert all(each.id in caplog.text for each in damaged) and "secret" not in caplog.text
