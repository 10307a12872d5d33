"""Kills, replays and a Bot API that misbehaves: nothing is lost, nothing is said twice for no reason."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from telegram import Update

from bot import texts
from bot.application import running
from bot.errors import SettingsInvalid
from bot.guidelines.desk import Desk
from bot.presses import Press, PressKind
from bot.settings import BotSettings
from cases import caseload, consent, inbox, outbox, patients
from cases.record import CaseStatus
from knowledge import people
from local.playground.patient import Patient, add_fault
from tests.bot.conftest import KEY, House, agree
from tests.bot.dermatologists import dermatologist
from tests.bot.drawn import PHOTO
from tests.bot.test_chat import EMERGENCY, advise, one_case, photographed, quiet, saying, text_of, until


def test_a_bot_that_was_killed_finishes_what_it_had_received(house: House) -> None:
    """SIGKILL while updates are under way: Telegram has been told that they came, only the inbox still has them."""
    with Patient.open(house.url) as patient:
        with house.bot():
            agree(patient)
        (photo,) = patient.send_photo(PHOTO)
        update = {"update_id": 9000, "message": {**photo, "chat": {"id": patient.chat_id, "type": "private"}}}
        assert inbox.receive(house.db, 9000, json.dumps(update).encode())
        with house.bot():
            patient.wait_for(saying("I have your photo"))
            until(lambda: inbox.pending(house.db) == [])
        assert house.cases_of(patient.chat_id)


def test_an_update_that_was_half_done_has_one_effect(house: House) -> None:
    with Patient.open(house.url) as patient:
        with house.bot():
            agree(patient)
        (photo,) = patient.send_photo(PHOTO)
        message = {**photo, "chat": {"id": patient.chat_id, "type": "private"}}
        patient_id = patients.patient_of_chat(house.db, patient.chat_id).id
        # The photo was stored, then the bot died before the update was done.
        caseload.open_case(house.db, patient_id, (PHOTO,), source="update:9001")
        inbox.receive(house.db, 9001, json.dumps({"update_id": 9001, "message": message}).encode())
        with house.bot():
            until(lambda: inbox.pending(house.db) == [])
        sources = [case for case in house.cases_of(patient.chat_id) if case.photo_ids]
        assert len(sources) == 2, "the replayed update opened no second case; the other came by polling"


def test_a_press_that_comes_again_after_a_crash_has_one_effect(house: House) -> None:
    with Patient.open(house.url) as patient:
        with house.bot():
            agree(patient)
            case = photographed(house, patient)
            card = patient.wait_for(saying("I have your photo"))
        numbers = iter(range(9100, 9200))

        def after(*presses: tuple[str, str]) -> tuple[int, int]:
            """The history's revision and the number of cards, once a bot has found these presses in its inbox."""
            for data, query in presses:
                who = {"id": patient.chat_id, "is_bot": False, "first_name": "P"}
                pressed = {"id": query, "from": who, "data": data, "chat_instance": "1", "message": card}
                number = next(numbers)
                payload = json.dumps({"update_id": number, "callback_query": pressed}).encode()
                assert inbox.receive(house.db, number, payload)
            with house.bot():
                until(lambda: inbox.pending(house.db) == [])
            return caseload.get(house.db, case.id).history_revision, len(patient.messages())

        grew, show = Press(PressKind.CHANGE, case.id, "grew").data, Press(PressKind.SHOW, case.id).data
        revision, cards = caseload.get(house.db, case.id).history_revision, len(patient.messages())
        assert after((grew, "one"), (grew, "one"), (show, "two"), (show, "two")) == (revision + 1, cards + 1)
        assert caseload.get(house.db, case.id).history.grew is True, "pressed once, not ticked off again"
        assert after((grew, "three"), (show, "four")) == (revision + 2, cards + 2), "other presses count"


@pytest.mark.slow
def test_sigkill_in_the_middle_of_a_burst_loses_no_message(house: House, tmp_path: Path) -> None:
    """A real process, killed for real, started again."""
    environment = {
        "SKINGPT_DATA": str(tmp_path / "var"),
        "SKINGPT_KEY": KEY,
        "SKINGPT_BOT_API": house.url,
        "SKINGPT_BROKER_URL": "redis://127.0.0.1:9/0",
        "PATH": "/usr/bin",
    }
    root = Path(__file__).resolve().parents[2]

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "bot"], cwd=root, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )

    patients_here = [Patient.open(house.url) for _ in range(6)]
    for patient in patients_here:
        agreed = patients.patient_of_chat(house.db, patient.chat_id)
        consent.give(house.db, agreed.id, consent.Purpose.CARE)
        patient.say("an itchy rash on my arm")
    first = start()
    until(lambda: any(house.cases_of(patient.chat_id) for patient in patients_here))
    first.kill()
    first.communicate()
    second = start()
    try:
        until(lambda: all(len(house.cases_of(patient.chat_id)) == 1 for patient in patients_here))
        for patient in patients_here:
            patient.wait_for(saying("checking the guidelines"))
    finally:
        second.terminate()
        _, log = second.communicate(timeout=20)
    assert second.returncode == 0
    assert b"1:playground" not in log, "the token is in no line of the log"
    assert b"itchy" not in log
    for patient in patients_here:
        patient.close()


@pytest.mark.parametrize("method", ["getUpdates", "sendMessage"])
async def test_a_token_that_is_revoked_is_noticed_and_the_bot_leaves_in_peace(house: House, method: str) -> None:
    settings = BotSettings(bot_api=house.url, outbox_seconds=0.05)
    async with running(settings, house.db, Desk(lambda: house.library)) as refused:
        assert not refused.is_set()
        await asyncio.to_thread(add_fault, house.url, method=method, code=401, times=1000)
        with Patient.open(house.url) as patient:
            await asyncio.to_thread(patient.say, "hello")
            await asyncio.wait_for(refused.wait(), 30)


@pytest.mark.slow
def test_a_bot_whose_token_is_revoked_ends_and_says_so(house: House, tmp_path: Path) -> None:
    environment = {"SKINGPT_DATA": str(tmp_path / "var"), "SKINGPT_KEY": KEY, "SKINGPT_BOT_API": house.url}
    bot = subprocess.Popen(
        [sys.executable, "-m", "bot"],
        cwd=Path(__file__).resolve().parents[2],
        env={**environment, "SKINGPT_BROKER_URL": "redis://127.0.0.1:9/0", "PATH": "/usr/bin"},
        stderr=subprocess.PIPE,
    )
    try:
        with Patient.open(house.url) as patient:
            patient.say("/start")
            patient.wait_for(saying("Is that all right with you?"), timeout=60)
            add_fault(house.url, method="getUpdates", code=401, times=1000)
            patient.say("hello")  # ends the request that waits for updates
            _, log = bot.communicate(timeout=60)
    finally:
        bot.kill()
    assert bot.returncode == 3
    assert b"does not know the token any more" in log
    assert b"The bot has ended: " in log.splitlines()[-1]
    assert b"1:playground" not in log


def test_a_chats_messages_are_dealt_with_in_order(house: House) -> None:
    with Patient.open(house.url) as patient:
        with house.bot():
            agree(patient)
        for command in ("/help", "/privacy", "/cases", "/help", "/privacy"):
            patient.say(command)
        with house.bot():
            patient.wait_for(saying("You have no questions stored"))
            until(lambda: len(patient.replies()) >= 7)
        said = [text_of(sent)[:14] for sent in patient.replies()][-5:]
        assert said == ["How to take a ", "Your data\n• St", "You have no qu", "How to take a ", "Your data\n• St"]


def test_the_queue_place_is_kept_up_to_date(house: House) -> None:
    with Patient.open(house.url) as first, Patient.open(house.url) as second, house.bot():
        agree(first)
        agree(second)
        ahead = photographed(house, first)
        photographed(house, second)
        second.wait_for(saying("Before you in the queue: 1."))
        advise(house, ahead)
        second.wait_for(saying("I have your photo. I'm looking now"))


def test_waiting_cases_are_picked_up_again_after_a_restart(house: House) -> None:
    with Patient.open(house.url) as patient:
        with house.bot():
            agree(patient)
            case = photographed(house, patient)
        from tests.cases.samples import findings

        caseload.store_findings(house.db, case.id, findings())
        with house.bot():
            patient.wait_for(saying("I have looked at it"))


def test_an_answer_that_came_while_the_bot_was_away_is_delivered(house: House) -> None:
    with Patient.open(house.url) as patient:
        with house.bot():
            agree(patient)
            case = photographed(house, patient)
        advise(house, case)
        with house.bot():
            patient.wait_for(saying(texts.READY))
        assert caseload.get(house.db, case.id).status is CaseStatus.DELIVERED


@pytest.mark.parametrize("fault", [{"code": 502, "times": 1}, {"code": 429, "retry_after": 1}])
def test_an_answer_telegram_would_not_take_at_first_comes_later(house: House, fault: dict[str, int]) -> None:
    with Patient.open(house.url) as patient, house.bot():
        agree(patient)
        case = photographed(house, patient)
        add_fault(house.url, method="editMessageText", **fault)
        advise(house, case)
        patient.wait_for(saying(texts.READY))
        assert "Contact a doctor this week" in text_of(patient.replies()[-2])


def test_a_card_telegram_would_not_take_at_first_comes_later(house: House) -> None:
    with Patient.open(house.url) as patient, house.bot():
        agree(patient)
        add_fault(house.url, method="sendMessage", code=502)
        patient.send_photo(PHOTO)
        patient.wait_for(saying("I have your photo"))
        case = one_case(house, patient)
        until(lambda: ("examine", case.id) in house.queued)
        assert not any("went wrong" in text_of(sent) for sent in patient.replies())


def test_an_edit_whose_answer_was_lost_counts_as_done(house: House) -> None:
    """Done again, Telegram says "message is not modified": that is success."""
    with Patient.open(house.url) as patient, house.bot():
        agree(patient)
        case = photographed(house, patient)
        add_fault(house.url, method="editMessageText", code=502, when="after")
        advise(house, case)
        patient.wait_for(saying(texts.READY))
        assert [text_of(sent) for sent in patient.replies()].count(texts.READY) == 1


def test_html_that_telegram_cannot_parse_is_sent_as_plain_text(house: House) -> None:
    with Patient.open(house.url) as patient, house.bot():
        agree(patient)
        add_fault(house.url, method="sendMessage", code=400, description="Bad Request: can't parse entities: no")
        patient.say("/help")
        sent = patient.wait_for(saying("How to take a good photo"))
        assert "<b>" not in text_of(sent)
        assert "entities" not in sent or not any(each["type"] == "bold" for each in sent["entities"])


def test_an_answer_to_a_deleted_card_is_sent_anew(house: House) -> None:
    with Patient.open(house.url) as patient, house.bot():
        agree(patient)
        case = photographed(house, patient)
        add_fault(house.url, method="editMessageText", code=400, description="Bad Request: message to edit not found")
        advise(house, case)
        answer = patient.wait_for(saying("Contact a doctor this week"))
        assert answer["message_id"] != case.status_message_id


def test_a_patient_who_blocked_the_bot_holds_up_nobody(house: House) -> None:
    with Patient.open(house.url) as gone, Patient.open(house.url) as here, house.bot():
        agree(gone)
        agree(here)
        left, stayed = photographed(house, gone), photographed(house, here)
        gone.block()
        advise(house, left)
        advise(house, stayed)
        here.wait_for(saying(texts.READY))
        until(lambda: outbox.due(house.db, 9, "test") == [])


def with_a_real_token(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bots from now on have one; here the playground's own, spoken to at its address."""
    from bot import application

    build = application.build
    monkeypatch.setattr(BotSettings, "uses_playground", property(lambda settings: settings is playground))
    playground = BotSettings(bot_api=house.url)
    monkeypatch.setattr(application, "build", lambda _, *rest: build(playground, *rest))


def test_a_closed_bot_lets_in_whom_the_list_names_and_answers_emergencies(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_real_token(house, monkeypatch)
    with Patient.open(house.url) as stranger, Patient.open(house.url) as invited:
        with house.bot(telegram_token="1:playground", telegram_allowed=f"{invited.chat_id}, 5"):
            stranger.say("/start")
            stranger.wait_for(saying("isn't open to the public"))
            stranger.say(EMERGENCY)
            stranger.wait_for(saying("Call 112 now"))
            agree(invited)
        assert house.cases_of(stranger.chat_id) == []
        with house.bot(telegram_token="1:playground", clinician="Dr Example"):
            agree(stranger)


def test_a_closed_bot_lets_in_dermatologists_until_they_are_removed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_real_token(house, monkeypatch)
    with house.bot(telegram_token="1:playground", telegram_allowed="5"), dermatologist(house, "Dr Ada") as ada:
        ada.say("/guidelines")
        ada.wait_for(saying("The guideline library"))
        people.remove(house.library.library.engine, ada.chat_id, "operator")
        asked = ada.say("/guidelines")
        ada.wait_for(saying("isn't open to the public"), after=asked["message_id"])


def test_a_group_is_no_place_for_skin(house: House) -> None:
    with Patient.open(house.url) as patient, house.bot():
        agree(patient)
        sent = patient.send_raw({"text": "a rash", "chat": {"id": patient.chat_id, "type": "group", "title": "x"}})
        patient.say("/help")
        patient.wait_for(saying("How to take a good photo"))
        assert len(quiet(patient, sent["message_id"], 0.1)) == 1
        assert house.cases_of(patient.chat_id) == []


def test_a_handler_that_fails_asks_for_the_message_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret words")

    with Patient.open(house.url) as patient, house.bot():
        agree(patient)
        monkeypatch.setattr("bot.handlers.words.caseload.open_case", broken)
        patient.say("a rash")
        patient.wait_for(saying("Something went wrong on my side"))
        until(lambda: inbox.pending(house.db) == [])


def test_the_bot_waits_for_a_bot_api_that_is_not_up_yet(house: House) -> None:
    add_fault(house.url, method="getMe", code=502, times=1)
    with Patient.open(house.url) as patient, house.bot():
        agree(patient)


def test_a_token_telegram_does_not_know_is_named_without_being_shown(house: House) -> None:
    with (
        pytest.raises(SettingsInvalid, match="SKINGPT_TELEGRAM_TOKEN") as caught,
        house.bot(playground_token="2:wrong"),
    ):
        pass
    assert "wrong" not in str(caught.value)


def test_two_photos_of_one_chat_and_one_of_another_are_all_kept(house: House) -> None:
    with Patient.open(house.url) as first, Patient.open(house.url) as second, house.bot():
        agree(first)
        agree(second)
        sending = [threading.Thread(target=someone.send_photo, args=(PHOTO,)) for someone in (first, second, first)]
        for thread in sending:
            thread.start()
        for thread in sending:
            thread.join()
        until(lambda: len(house.cases_of(first.chat_id)) == 2 and one_case(house, second))


def test_the_inbox_keeps_an_update_as_telegram_sent_it() -> None:
    sent = {
        "update_id": 5,
        "message": {"message_id": 1, "date": int(time.time()), "chat": {"id": 1, "type": "private"}, "text": "é & 🙂"},
    }
    update = Update.de_json(sent, None)
    again = Update.de_json(json.loads(update.to_json()), None)
    assert again == update
    assert again.message is not None and again.message.text == "é & 🙂"
