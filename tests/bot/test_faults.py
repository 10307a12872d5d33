"""What fails while an update is dealt with or an answer delivered: it is done later, once, and in the chat's order."""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, event
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter, TimedOut

from bot import texts
from bot.attempts import _wait
from bot.transient import is_transient
from cases import caseload, consent, conversation, inbox, outbox, patients
from cases.database import CaseDatabase
from cases.errors import DatabaseUnavailable, LeaseTaken, SealBroken
from cases.record import Case, CaseStatus, DangerSign
from cases.tables import InboxRow
from local.playground.patient import Patient, add_fault
from tests.bot.conftest import House
from tests.bot.drawn import PHOTO
from tests.bot.test_chat import EMERGENCY, advise, one_case, photographed, quiet, saying, text_of, until


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.outbox._FIRST_PAUSE", 0.02)
    monkeypatch.setattr("bot.outbox._LONGEST_PAUSE", 0.1)
    monkeypatch.setattr("bot.attempts._FIRST_WAIT", 0.02)
    monkeypatch.setattr("bot.attempts._LONGEST_WAIT", 0.2)
    monkeypatch.setattr("bot.attempts._URGENT_SECONDS", 0.3)


@pytest.fixture
def patient(house: House) -> Iterator[Patient]:
    """Somebody who has agreed, in a house whose bot is not started yet."""
    with Patient.open(house.url) as someone:
        consent.give(house.db, patients.patient_of_chat(house.db, someone.chat_id).id, consent.Purpose.CARE)
        yield someone


def answers(patient: Patient) -> list[str]:
    return [text_of(sent) for sent in patient.replies() if "Contact a doctor this week" in text_of(sent)]


def times(patient: Patient, text: str) -> int:
    return [text_of(sent) for sent in patient.replies()].count(text)


class Away:
    """Something of the record that cannot be used, until `back`."""

    def __init__(self, real: Any) -> None:
        self.real, self.back, self.asked = real, False, 0

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.asked += 1
        if not self.back:
            raise DatabaseUnavailable("locked")
        return self.real(*arguments, **options)


# ---------------------------------------------------------------- updates


def test_while_the_record_is_away_updates_wait_in_order_and_urgent_words_do_not(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Away(caseload.open_case)
    monkeypatch.setattr("bot.handlers.words.caseload.open_case", record)
    with house.bot():
        patient.say("an itchy rash on my arm")
        patient.say("/help")
        until(lambda: record.asked > 6)
        patient.say(EMERGENCY)
        patient.wait_for(saying("Call 112 now"))
        assert times(patient, texts.LATER) == 1, "told once that it takes longer"
        assert not any("How to take" in text_of(sent) for sent in patient.replies()), "nothing overtakes"
        record.back = True
        patient.wait_for(saying("How to take a good photo"))
        until(lambda: inbox.pending(house.db) == [])
    assert len(house.cases_of(patient.chat_id)) == 1
    said = [text_of(sent) for sent in patient.replies()]
    card = next(index for index, text in enumerate(said) if "checking the guidelines" in text)
    assert card < next(index for index, text in enumerate(said) if "How to take" in text)


def test_a_telegram_that_cannot_be_reached_for_long_loses_no_update(house: House, patient: Patient) -> None:
    add_fault(house.url, method="sendMessage", code=502, times=12)
    with house.bot():
        patient.say("/help")
        patient.wait_for(saying("How to take a good photo"))
        until(lambda: inbox.pending(house.db) == [])
    assert len(patient.replies()) == 1


def test_a_photo_telegram_does_not_hand_out_for_a_while_is_not_asked_for_again(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.fetching._PAUSE", 0.01)
    add_fault(house.url, method="getFile", code=502, times=7)
    with house.bot():
        patient.send_photo(PHOTO)
        patient.wait_for(saying("I have your photo"))
    assert texts.NOT_FETCHED not in [text_of(sent) for sent in patient.replies()]


def test_an_update_that_crashed_the_bot_five_times_is_given_up_with_an_apology(house: House, patient: Patient) -> None:
    with house.bot():
        pass  # so that nothing is fetched below that this bot has not seen
    command = [{"type": "bot_command", "offset": 0, "length": 5}]
    chat = {"id": patient.chat_id, "type": "private"}
    said = {"message_id": 1, "date": 1, "chat": chat, "text": "/help", "entities": command}
    for update_id, crashes in ((9001, 5), (9002, 4)):
        inbox.receive(house.db, update_id, json.dumps({"update_id": update_id, "message": said}).encode())
        for _ in range(crashes - 1):
            inbox.begin_again(house.db, update_id)
    with house.bot():
        patient.wait_for(saying(texts.FAILED_ONCE))
        patient.wait_for(saying("How to take a good photo"))
        until(lambda: inbox.pending(house.db) == [])
    assert len(patient.replies()) == 2, "the one with four crashes is dealt with"


def test_a_guard_that_fails_lets_nothing_through(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.handlers.guard.is_allowed", lambda *_: False)
    add_fault(house.url, method="sendMessage", code=502, times=3)
    with house.bot():
        patient.say("a rash on my arm")
        patient.wait_for(saying("isn't open to the public"))
    assert house.cases_of(patient.chat_id) == []


def test_an_album_cut_off_in_its_middle_keeps_all_its_photos_in_one_case(house: House, patient: Patient) -> None:
    with house.bot():
        pass
    photos = patient.send_photo(PHOTO, PHOTO, PHOTO)
    group = photos[0]["media_group_id"]
    patient_id = patients.patient_of_chat(house.db, patient.chat_id).id
    # The first photo was stored and then the bot was killed; the second had been received, the third had not.
    updates = [json.loads(json.dumps({"update_id": 9100 + n, "message": each})) for n, each in enumerate(photos)]
    caseload.open_case(house.db, patient_id, (PHOTO,), source=f"album:{group}", photo_source="update:9100")
    for update in updates[:2]:
        inbox.receive(house.db, update["update_id"], json.dumps(update).encode())
    httpx.get(f"{house.url}/bot1:playground/getUpdates", params={"offset": -1})  # the first two are confirmed
    with house.bot():
        patient.wait_for(saying("I have your 3 photos"))
        until(lambda: inbox.pending(house.db) == [])
    assert len(one_case(house, patient).photo_ids) == 3


def test_a_full_disk_leaves_updates_with_telegram_until_there_is_room(house: House, patient: Patient) -> None:
    full = FullDisk(house.db)
    with house.bot():
        patient.say("an itchy rash on my arm")
        patient.say("/help")
        until(lambda: full.refused > 1)
        assert httpx.get(f"{house.url}/health").json()["pending_update_count"] == 2
        full.empty()
        patient.wait_for(saying("How to take a good photo"))
    assert len(house.cases_of(patient.chat_id)) == 1


def refusals(patient: Patient) -> int:
    return len([sent for sent in patient.replies() if "private parts" in text_of(sent)])


def test_a_refusal_that_cannot_be_sent_erases_its_own_case_and_no_other(house: House, patient: Patient) -> None:
    with house.bot():
        earlier = photographed(house, patient)
        (sent,) = patient.send_photo(PHOTO)
        patient.wait_for(saying("I have your photo"), after=sent["message_id"])
        add_fault(house.url, method="sendMessage", code=502, times=3)
        patient.say("that is my son's penis")
        patient.wait_for(saying("private parts"))
        until(lambda: inbox.pending(house.db) == [])
    assert [case.id for case in house.cases_of(patient.chat_id)] == [earlier.id]
    assert refusals(patient) == 1


def test_a_refusal_dealt_with_again_after_a_crash_erases_no_other_case(house: House, patient: Patient) -> None:
    patient_id = patients.patient_of_chat(house.db, patient.chat_id).id
    earlier = caseload.open_case(house.db, patient_id, (PHOTO,))
    caseload.open_case(house.db, patient_id, (PHOTO,))
    chat = {"id": patient.chat_id, "type": "private"}
    said = {"message_id": 1, "date": 1, "chat": chat, "text": "that is my son's penis"}
    with house.bot():
        pass  # so that nothing is fetched below that this bot has not seen
    for _ in range(2):  # the bot was killed before it could note that the update is done
        with house.db.write() as session:
            session.execute(delete(InboxRow))
        inbox.receive(house.db, 9001, json.dumps({"update_id": 9001, "message": said}).encode())
        with house.bot():
            patient.wait_for(saying("private parts"))
            until(lambda: inbox.pending(house.db) == [])
    assert [case.id for case in house.cases_of(patient.chat_id)] == [earlier.id]
    assert refusals(patient) == 1


def test_a_danger_sign_is_answered_however_often_telegram_fails(house: House, patient: Patient) -> None:
    with house.bot():
        photographed(house, patient)
        card = patient.wait_for(saying("Is any of these true"))
        add_fault(house.url, method="sendMessage", code=502, times=3)
        patient.press(texts.DANGER_BUTTONS[0][1])
        patient.wait_for(saying("Call 112 now"), after=card["message_id"])
        until(lambda: inbox.pending(house.db) == [])
    assert DangerSign.BREATHING in one_case(house, patient).history.danger


def test_a_danger_sign_is_answered_once_while_it_cannot_be_noted(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    note, tries = caseload.note_history, []

    def away_at_first(*told: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            raise DatabaseUnavailable("read only")
        return note(*told)

    with house.bot():
        photographed(house, patient)
        card = patient.wait_for(saying("Is any of these true"))
        monkeypatch.setattr(caseload, "note_history", away_at_first)
        patient.press(texts.DANGER_BUTTONS[0][1])
        until(lambda: inbox.pending(house.db) == [])
        said = quiet(patient, card["message_id"])
    assert len(tries) == 3 and len([text for text in said if "Call 112 now" in text]) == 1
    assert DangerSign.BREATHING in one_case(house, patient).history.danger


def test_an_earlier_answer_seen_again_is_filled_in_when_its_first_edit_fails(house: House, patient: Patient) -> None:
    with house.bot():
        case = photographed(house, patient)
        advise(house, case)
        patient.wait_for(saying(texts.READY))
        patient.say("/cases")
        listed = patient.wait_for(saying("Your questions"))
        add_fault(house.url, method="editMessageText", code=400)
        patient.press("1", message_id=listed["message_id"])
        patient.wait_for(saying("Contact a doctor this week"), after=listed["message_id"])
        until(lambda: inbox.pending(house.db) == [])
    assert len(patient.replies(after=listed["message_id"])) == 1


def test_an_album_before_consent_is_answered_even_if_the_first_try_fails(house: House) -> None:
    with Patient.open(house.url) as stranger, house.bot():
        add_fault(house.url, method="sendMessage", code=502)
        sent = stranger.send_photo(PHOTO, PHOTO)
        stranger.wait_for(saying("Before I may keep"), after=sent[-1]["message_id"])
        assert len(quiet(stranger, sent[-1]["message_id"])) == 1


def test_an_album_after_a_refusal_is_answered_even_if_the_first_try_fails(house: House, patient: Patient) -> None:
    with house.bot():
        patient.say("I'll send you my son's willy")
        patient.wait_for(saying("private parts"))
        add_fault(house.url, method="sendMessage", code=502)
        sent = patient.send_photo(PHOTO, PHOTO)
        patient.wait_for(saying(texts.PHOTO_AFTER_CHILD))
        assert len(quiet(patient, sent[-1]["message_id"])) == 1
    assert house.cases_of(patient.chat_id) == []


def test_what_is_said_once_is_said_even_if_the_first_try_fails(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.handlers.photos.MOST_A_MINUTE", 0)
    file = {"file_id": "f", "file_unique_id": "f", "width": 90, "height": 90}
    video = {"video": {**file, "duration": 2}, "media_group_id": "78"}
    with house.bot():
        add_fault(house.url, method="sendMessage", code=502)
        patient.send_raw(video)
        patient.send_raw(video)
        patient.wait_for(saying(texts.UNSUPPORTED["video"]))
        add_fault(house.url, method="sendMessage", code=502)
        patient.send_photo(PHOTO)
        patient.send_photo(PHOTO)
        patient.wait_for(saying("That's a lot of photos"))
        until(lambda: inbox.pending(house.db) == [])
    assert len(patient.replies()) == 2


def test_an_update_waits_however_often_it_was_tried() -> None:
    assert _wait(5000, DatabaseUnavailable("away")) == 0.2, "the longest that these tests wait"


class FullDisk:
    """SQLite's answer to every write of `db` while there is no room."""

    def __init__(self, db: CaseDatabase) -> None:
        self.db, self.refused = db, 0
        event.listen(db.engine, "do_execute", self._refuse)

    def _refuse(self, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("INSERT", "UPDATE")):
            self.refused += 1
            raise sqlite3.OperationalError("database or disk is full")

    def empty(self) -> None:
        event.remove(self.db.engine, "do_execute", self._refuse)


# ---------------------------------------------------------------- answers


def test_an_answer_waits_for_telegram_as_long_as_it_takes(house: House, patient: Patient) -> None:
    with house.bot():
        case = photographed(house, patient)
        add_fault(house.url, method="editMessageText", code=502, times=20)
        advise(house, case)
        patient.wait_for(saying(texts.READY))
    assert len(answers(patient)) == 1
    assert times(patient, texts.READY) == 1


def test_who_blocked_the_bot_gets_the_answer_when_they_write_again(house: House, patient: Patient) -> None:
    with house.bot():
        case = photographed(house, patient)
        patient.block()
        advise(house, case)
        until(lambda: _dropped(house))
        patient.say("/help")  # writing lifts the block
        patient.wait_for(saying("Contact a doctor this week"))
    assert len(answers(patient)) == 1


def _count(house: House, condition: str) -> int:
    with house.db.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM outbox WHERE {condition}").scalar() or 0)


def _dropped(house: House) -> int:
    return _count(house, "dropped = 'blocked'")


def _unsent(house: House) -> int:
    return _count(house, "ended IS NULL")


def replied(house: House, patient: Patient, words: str = "Keep it dry.") -> Case:
    """A case with its advice, and the reply to a question, both still to be delivered."""
    patient_id = patients.patient_of_chat(house.db, patient.chat_id).id
    case = caseload.open_case(house.db, patient_id, (), "a rash")
    turn = conversation.say(house.db, case.id, "is it contagious?")
    conversation.answer(house.db, turn.id, words, (), ())
    return case


def test_a_reply_is_filled_into_the_message_a_killed_bot_had_sent_for_it(house: House, patient: Patient) -> None:
    replied(house, patient)
    sent = httpx.post(
        f"{house.url}/bot1:playground/sendMessage", json={"chat_id": patient.chat_id, "text": texts.THINKING}
    ).json()["result"]
    (held,) = outbox.due(house.db, 9, "bot@elsewhere:1")
    outbox.place(house.db, held.id, sent["message_id"])
    outbox.release(house.db, "bot@elsewhere:1")
    with house.bot():
        patient.wait_for(saying("Keep it dry."))
    assert [text_of(each) for each in patient.replies()] == ["Keep it dry."]


@pytest.mark.parametrize("method", ["sendMessage", "editMessageText"])
def test_a_reply_whose_sending_was_not_answered_is_not_doubled(house: House, patient: Patient, method: str) -> None:
    replied(house, patient)
    add_fault(house.url, method=method, code=502, when="after")
    with house.bot():
        patient.wait_for(saying("Keep it dry."))
        until(lambda: not _unsent(house))
    assert times(patient, "Keep it dry.") == 1


def test_an_answer_whose_card_was_never_noted_is_not_doubled(house: House, patient: Patient) -> None:
    """Killed before the card's id was stored: the answer itself is sent as an edit all the same."""
    patient_id = patients.patient_of_chat(house.db, patient.chat_id).id
    case = caseload.open_case(house.db, patient_id, (PHOTO,))
    advise(house, case)
    add_fault(house.url, method="sendMessage", code=502, when="after")
    with house.bot():
        patient.wait_for(saying(texts.READY))
    assert len(answers(patient)) == 1


def test_what_a_dead_bot_of_this_machine_had_in_hand_is_taken_over_at_once(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    replied(house, patient)
    monkeypatch.setattr("bot.outbox.socket.gethostname", lambda: "here")
    assert outbox.due(house.db, 9, "bot@here:999999999")
    with house.bot():
        patient.wait_for(saying("Keep it dry."), timeout=15)


def test_a_message_that_cannot_be_drawn_holds_up_nobody_and_its_patient_is_told(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.rendering import render_turn

    def broken(turn: Any, number: str) -> Any:
        if turn.text == "broken":
            raise KeyError("no such thing")
        return render_turn(turn, number)

    monkeypatch.setattr("bot.outbox.render_turn", broken)
    replied(house, patient, "broken")
    with Patient.open(house.url) as other, house.bot():
        consent.give(house.db, patients.patient_of_chat(house.db, other.chat_id).id, consent.Purpose.CARE)
        patient.wait_for(saying("could not show it here"))
        replied(house, other)
        other.wait_for(saying("Keep it dry."))


def test_an_edit_that_comes_through_late_does_not_stay_over_the_answer(
    house: House, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.cards._LATE_SECONDS", 1.5)
    with house.bot():
        case = photographed(house, patient)
        add_fault(house.url, method="editMessageText", code=502, times=1)
        advise(house, case)
        patient.wait_for(saying(texts.READY))
        card = caseload.get(house.db, case.id).status_message_id
        late = {"chat_id": patient.chat_id, "message_id": card, "text": "I'm looking now"}
        httpx.post(f"{house.url}/bot1:playground/editMessageText", json=late).raise_for_status()
        assert answers(patient) == []
        until(lambda: len(answers(patient)) == 1)


def test_a_case_that_waits_for_a_part_says_so_and_then_gives_the_answer(house: House, patient: Patient) -> None:
    with house.bot():
        case = photographed(house, patient)
        caseload.count_attempt(house.db, case.id)
        caseload.stall(house.db, case.id)
        patient.wait_for(saying("takes longer than usual", "don't wait for me", "112"))
        advise(house, case)
        patient.wait_for(saying(texts.READY))
    assert caseload.get(house.db, case.id).status is CaseStatus.DELIVERED
    assert not any("longer than usual" in text for text in quiet(patient, 0, 0.1))


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (NetworkError("x"), True),
        (TimedOut("x"), True),
        (RetryAfter(3), True),
        (Conflict("x"), True),
        (InvalidToken("x"), True),
        (DatabaseUnavailable("x"), True),
        (LeaseTaken("x"), True),
        (BadRequest("x"), False),
        (Forbidden("x"), False),
        (SealBroken("x"), False),
        (KeyError("x"), False),
    ],
)
def test_what_passes_by_itself(error: Exception, transient: bool) -> None:
    assert is_transient(error) == transient
