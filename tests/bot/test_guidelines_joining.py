"""Who keeps the library: invited by a link that works once, looked up at every action, out the moment they are removed.

Run: ``pytest tests/bot/test_guidelines_joining.py``
"""

import logging
from datetime import timedelta

import httpx
import pytest

from bot import texts as patients_texts
from bot.guidelines import texts
from knowledge import people
from knowledge.errors import LibraryUnavailable
from knowledge.people import PREFIX
from local.playground.patient import Patient
from logs import NOISY
from tests.bot.conftest import House
from tests.bot.dermatologists import dermatologist
from tests.bot.test_chat import quiet, saying


def test_an_invitation_works_once_and_its_token_is_nowhere_logged(
    shared_house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for library in NOISY:  # as every process of ours sets them, whatever SKINGPT_LOG_LEVEL says
        caplog.set_level(logging.WARNING, library)
    token = people.invite(shared_house.library.library.engine, "Dr Cy", "operator")
    with Patient.open(shared_house.url) as cy, Patient.open(shared_house.url) as thief:
        cy.say(f"/start {token}")
        cy.wait_for(saying("Welcome, Dr Cy", "/guidelines"))
        again = cy.say(f"/start {token}")
        cy.wait_for(saying("on the list already", "Dr Cy"), after=again["message_id"])
        thief.say(f"/start {token}")
        thief.wait_for(saying(texts.INVITATION_OVER))
        assert thief.chat_id not in {each.telegram_id for each in people.allowed(shared_house.library.library.engine)}
        assert token.removeprefix(PREFIX) not in caplog.text
        assert "guidelines" in menu(shared_house, cy)
        assert "guidelines" not in menu(shared_house, thief)


def menu(house: House, someone: Patient) -> list[str]:
    """The commands that Telegram shows in this chat."""
    scope = {"type": "chat", "chat_id": someone.chat_id}
    asked = httpx.post(f"{house.url}/bot1:playground/getMyCommands", json={"scope": scope}, trust_env=False)
    return [each["command"] for each in asked.json()["result"]]


def test_while_the_library_is_away_nobody_is_told_that_they_are_not_on_its_list(
    shared_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LibraryUnavailable("locked")

    with dermatologist(shared_house, "Dr Eve") as eve:
        eve.say("/guidelines")
        eve.wait_for(saying("The guideline library"))
        monkeypatch.setattr(people, "find", away)
        assert eve.press_answer(eve.press(texts.HOME_ROWS["list"]))["text"] == texts.AWAY
        asked = eve.say("/guidelines warts")
        eve.wait_for(saying(texts.AWAY), after=asked["message_id"])
        urgent = eve.say("/guidelines I can't breathe and my tongue is swelling")
        eve.wait_for(saying("Call 112 now"), after=urgent["message_id"])
        assert "guidelines" in menu(shared_house, eve)


@pytest.mark.parametrize("token", [PREFIX, f"{PREFIX}guess", f"{PREFIX}{'x' * 50}"])
def test_a_guessed_invitation_gets_a_clear_sentence(patient: Patient, token: str) -> None:
    patient.say(f"/start {token}")
    patient.wait_for(saying(texts.INVITATION_OVER))


def test_an_old_invitation_gets_a_clear_sentence(
    shared_house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "LASTS", -timedelta(seconds=1))
    patient.say(f"/start {people.invite(shared_house.library.library.engine, 'Dr Late', 'operator')}")
    patient.wait_for(saying(texts.INVITATION_OVER))


def test_help_speaks_of_the_library_to_dermatologists_alone(shared_house: House, patient: Patient) -> None:
    asked = patient.say("/help")
    patient.wait_for(saying("good photo"))
    assert not any("guidelines" in said for said in quiet(patient, asked["message_id"]))
    unknown = patient.say("/guidelines psoriasis")
    patient.wait_for(saying(patients_texts.UNKNOWN_COMMAND), after=unknown["message_id"])
    with dermatologist(shared_house, "Dr Di") as di:
        di.say("/help")
        di.wait_for(saying("For dermatologists", "/guidelines", "valid-from"))
