"""Reviewing cases: only with an answer, only with the patient's consent, and nothing the patient wrote."""

from datetime import date

import pytest

from cases import caseload, consent
from cases.consent import Purpose
from cases.database import CaseDatabase
from cases.patients import forget, patient_of_chat
from cases.record import Case, History
from tests.cases.samples import PHOTO, advice, citation, findings
from tests.clinic.browsing import Visitor

CHAT_ID = 471100815


def advised_case(cases: CaseDatabase, words: str = "", history: History | None = None, now: str = "Go soon.") -> Case:
    patient = patient_of_chat(cases, CHAT_ID)
    case = caseload.open_case(cases, patient.id, [PHOTO], words, history or History())
    caseload.store_findings(cases, case.id, findings())
    assert caseload.store_advice(cases, case.id, advice(0, now))
    return caseload.get(cases, case.id)


def agree(cases: CaseDatabase, case: Case) -> None:
    consent.give(cases, case.patient_id, Purpose.RESEARCH)


async def test_a_shared_case_shows_photo_findings_and_advice(cases: CaseDatabase, reader: Visitor) -> None:
    case = advised_case(cases, history=History(age=52, region="BACK", grew=True, itch=False))
    agree(cases, case)
    found = await reader.get(f"/cases?number={case.id.upper()}")
    assert found.headers["location"] == f"/cases/{case.id}"
    page = (await reader.get(found.headers["location"])).text
    for shown in ("Go soon.", "cannot be ruled out", "A flat brown spot.", "80 %", "NICE", "This week", "8 March 2026"):
        assert shown in page
    for told in ("about 52 years old", "back", "has grown", "does not itch"):
        assert f"<li>{told}</li>" in page
    photo = await reader.get(f"/cases/{case.id}/photos/{case.photo_ids[0]}")
    assert (photo.content, photo.headers["content-type"]) == (PHOTO, "image/jpeg")
    assert photo.headers["cache-control"] == "no-store"


async def test_a_source_whose_review_is_overdue_is_marked(cases: CaseDatabase, reader: Visitor) -> None:
    patient = patient_of_chat(cases, CHAT_ID)
    case = caseload.open_case(cases, patient.id, [PHOTO], "", History())
    caseload.store_findings(cases, case.id, findings())
    late = citation().model_copy(update={"review_by": date(2026, 2, 28)})
    assert caseload.store_advice(cases, case.id, advice(0).model_copy(update={"citations": (late,)}))
    agree(cases, case)
    assert "Overdue since 28 February 2026" in (await reader.get(f"/cases/{case.id}")).text


async def test_who_the_patient_is_and_what_they_wrote_is_not_shown(cases: CaseDatabase, reader: Visitor) -> None:
    case = advised_case(cases, words="I am Maria Musterfrau")
    agree(cases, case)
    page = (await reader.get(f"/cases/{case.id}")).text
    assert "Musterfrau" not in page
    assert str(CHAT_ID) not in page


@pytest.mark.parametrize("purpose", [None, Purpose.CARE], ids=["no consent", "consent to care only"])
async def test_without_consent_to_research_nothing_is_shown(
    cases: CaseDatabase, reader: Visitor, purpose: Purpose | None
) -> None:
    case = advised_case(cases)
    if purpose:
        consent.give(cases, case.patient_id, purpose)
    refused = await reader.get(f"/cases/{case.id}")
    unknown = await reader.get(f"/cases/{'0' * 32}")
    assert refused.status_code == unknown.status_code == 404
    assert refused.text == unknown.text
    assert (await reader.get(f"/cases/{case.id}/photos/{case.photo_ids[0]}")).status_code == 404
    assert (await reader.get(f"/cases?number={case.id}")).status_code == 404


async def test_a_withdrawn_consent_hides_the_case_at_once(cases: CaseDatabase, reader: Visitor) -> None:
    case = advised_case(cases)
    agree(cases, case)
    assert (await reader.get(f"/cases/{case.id}")).status_code == 200
    consent.withdraw(cases, case.patient_id, Purpose.RESEARCH)
    assert (await reader.get(f"/cases/{case.id}")).status_code == 404
    assert (await reader.get(f"/cases/{case.id}/photos/{case.photo_ids[0]}")).status_code == 404


async def test_a_forgotten_case_is_gone(cases: CaseDatabase, reader: Visitor) -> None:
    case = advised_case(cases)
    agree(cases, case)
    forget(cases, case.patient_id)
    assert (await reader.get(f"/cases/{case.id}")).status_code == 404


async def test_a_case_without_an_answer_is_not_shown(cases: CaseDatabase, reader: Visitor) -> None:
    patient = patient_of_chat(cases, CHAT_ID)
    consent.give(cases, patient.id, Purpose.RESEARCH)
    case = caseload.open_case(cases, patient.id, [PHOTO])
    assert (await reader.get(f"/cases/{case.id}")).status_code == 404


async def test_a_photo_is_shown_only_with_its_own_case(cases: CaseDatabase, reader: Visitor) -> None:
    shared = advised_case(cases)
    agree(cases, shared)
    other = caseload.open_case(cases, patient_of_chat(cases, CHAT_ID + 1).id, [PHOTO])
    assert (await reader.get(f"/cases/{shared.id}/photos/{other.photo_ids[0]}")).status_code == 404


async def test_hostile_advice_stays_text(cases: CaseDatabase, reader: Visitor) -> None:
    case = advised_case(cases, now="<img src=x onerror=alert(1)>")
    agree(cases, case)
    page = (await reader.get(f"/cases/{case.id}")).text
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
