"""Consent: each purpose by itself, to the text of now, until it is withdrawn."""

import pytest

from cases import consent
from cases.consent import Purpose
from cases.database import CaseDatabase
from cases.errors import PatientNotFound
from cases.patients import patient_of_chat
from cases.record import Patient


def test_nothing_is_agreed_to_until_it_is_given(db: CaseDatabase, patient: Patient) -> None:
    other = patient_of_chat(db, 2)
    assert not consent.has(db, patient.id, Purpose.CARE)
    consent.give(db, patient.id, Purpose.CARE)
    assert consent.has(db, patient.id, Purpose.CARE)
    assert not consent.has(db, patient.id, Purpose.RESEARCH)
    assert not consent.has(db, other.id, Purpose.CARE)


def test_withdrawn_and_given_again(db: CaseDatabase, patient: Patient) -> None:
    for purpose in Purpose:
        consent.give(db, patient.id, purpose)
        consent.give(db, patient.id, purpose)
    consent.withdraw(db, patient.id, Purpose.RESEARCH)
    assert not consent.has(db, patient.id, Purpose.RESEARCH)
    assert consent.has(db, patient.id, Purpose.CARE)
    consent.give(db, patient.id, Purpose.RESEARCH)
    assert consent.has(db, patient.id, Purpose.RESEARCH)


def test_a_new_text_has_to_be_agreed_to_anew(
    db: CaseDatabase, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    consent.give(db, patient.id, Purpose.CARE)
    monkeypatch.setattr(consent, "CONSENT_VERSION", "next")
    assert not consent.has(db, patient.id, Purpose.CARE)
    consent.give(db, patient.id, Purpose.CARE)
    consent.withdraw(db, patient.id, Purpose.CARE)
    monkeypatch.undo()
    assert not consent.has(db, patient.id, Purpose.CARE)


def test_an_unknown_patient_cannot_agree(db: CaseDatabase) -> None:
    with pytest.raises(PatientNotFound):
        consent.give(db, 99, Purpose.CARE)
