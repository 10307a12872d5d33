"""The chat as patients see it: consent, words, photos, buttons, the answer. Real bot, real Bot API server."""

import io
import time
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from agents.adviser import Adviser
from agents.settings import AgentSettings
from agents.vision import NoVision
from bot import texts
from cases import caseload, consent, conversation, patients
from cases.record import Advice, Case, CaseStatus, Citation, DangerSign, History, Role, Statement
from cases.tables import CaseRow, FeedbackRow, TurnRow
from conditions import TriageLevel
from local.playground.patient import Patient, add_fault, buttons
from tests.agents.library import WordSearch
from tests.agents.samples import findings
from tests.bot.conftest import House, agree
from tests.bot.drawn import PHOTO, encoded, skin
from tests.bot.test_rendering import advice

EMERGENCY = "I can't breathe and my tongue is swelling"
PATIENCE = 60.0
"""Seconds that a bot may take for what it does at once on an idle machine: its process may start within them."""


def text_of(sent: dict[str, Any]) -> str:
    return str(sent.get("text", ""))


def saying(*parts: str) -> Callable[[dict[str, Any]], bool]:
    return lambda sent: all(part in text_of(sent) for part in parts)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def quiet(patient: Patient, after: int, seconds: float = 0.4) -> list[str]:
    """What the bot has said once it has nothing more to say."""
    time.sleep(seconds)
    return [text_of(sent) for sent in patient.replies(after=after)]


def one_case(house: House, patient: Patient) -> Case:
    until(lambda: house.cases_of(patient.chat_id))
    (case,) = house.cases_of(patient.chat_id)
    return case


def photographed(house: House, patient: Patient, *photos: bytes, caption: str = "") -> Case:
    sent = patient.send_photo(*(photos or (PHOTO,)), caption=caption)
    patient.wait_for(saying("I have your"), after=sent[-1]["message_id"])
    return one_case(house, patient)


def advise(house: House, case: Case, **changes: Any) -> None:
    """What the workers do."""
    from tests.cases.samples import findings

    caseload.store_findings(house.db, case.id, findings())
    now = caseload.get(house.db, case.id)
    assert caseload.store_advice(house.db, case.id, advice(revision=now.history_revision, **changes))


# ---------------------------------------------------------------- before consent


def test_the_consent_says_what_this_is_and_who_is_not_watching(patient: Patient) -> None:
    patient.start()
    asked = text_of(patient.wait_for(saying("not a doctor")))
    for said in ("not a medical device", "No person is watching", "encrypted", "/forget", "112"):
        assert said in asked


def test_a_photo_before_consent_is_not_kept_and_asked_for_again(shared_house: House, patient: Patient) -> None:
    sent = patient.send_photo(PHOTO, caption="my arm")
    asked = patient.wait_for(saying("Before I may keep a photo", "Is that all right"), after=sent[0]["message_id"])
    assert patients.find_patient(shared_house.db, patient.chat_id) is None
    patient.press("Yes, I agree")
    patient.wait_for(saying("send it again"), after=asked["message_id"])
    assert shared_house.cases_of(patient.chat_id) == []


def test_an_album_before_consent_is_answered_once(patient: Patient) -> None:
    sent = patient.send_photo(PHOTO, PHOTO, PHOTO)
    patient.wait_for(saying("Is that all right"))
    assert len(quiet(patient, sent[-1]["message_id"])) == 1


def test_whoever_cannot_breathe_is_told_what_to_do_and_not_asked_to_agree(
    shared_house: House, patient: Patient
) -> None:
    said = patient.say(EMERGENCY)
    answer = patient.wait_for(saying("Call 112 now"))
    assert quiet(patient, said["message_id"]) == [text_of(answer)]
    assert patients.find_patient(shared_house.db, patient.chat_id) is None, "nothing is kept"


def test_an_urgent_caption_counts_as_words(patient: Patient) -> None:
    sent = patient.send_photo(PHOTO, caption=EMERGENCY)
    patient.wait_for(saying("Call 112 now"))
    assert not any("Is that all right" in text for text in quiet(patient, sent[0]["message_id"]))


def test_other_words_before_consent_are_not_kept_either(shared_house: House, patient: Patient) -> None:
    patient.say("I have an itchy rash")
    patient.wait_for(saying("Before I may keep"))
    assert shared_house.cases_of(patient.chat_id) == []


def test_no_thanks_is_respected(shared_house: House, patient: Patient) -> None:
    patient.start()
    patient.wait_for(saying("Is that all right"))
    patient.press("No, thank you")
    patient.wait_for(saying("I have kept nothing"))
    assert patients.find_patient(shared_house.db, patient.chat_id) is None


def test_no_thanks_on_the_old_question_takes_the_consent_back(shared_house: House, agreed: Patient) -> None:
    photographed(shared_house, agreed)
    agreed.press("No, thank you")
    agreed.wait_for(saying("store nothing more", "until you erase it"))
    agreed.send_photo(PHOTO)
    agreed.wait_for(saying("Before I may keep"))
    assert len(shared_house.cases_of(agreed.chat_id)) == 1


# ---------------------------------------------------------------- photos


def test_a_photo_is_stored_queued_and_answered_by_edit_with_one_notice(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed, caption="my arm")
    assert case.status is CaseStatus.RECEIVED
    assert case.words == "my arm"
    assert len(case.photo_ids) == 1
    until(lambda: ("examine", case.id) in shared_house.queued)
    advise(shared_house, case)
    answer = agreed.wait_for(saying("Contact a doctor this week"))
    notice = agreed.wait_for(saying(texts.READY))
    until(lambda: caseload.get(shared_house.db, case.id).status is CaseStatus.DELIVERED)
    assert answer["message_id"] == caseload.get(shared_house.db, case.id).status_message_id
    assert notice["reply_to_message"]["message_id"] == answer["message_id"]
    shown = [button["text"] for button in buttons(answer)]
    assert shown[:4] == ["[1]", "[2]", texts.HELPFUL, texts.NOT_HELPFUL]


def test_an_album_is_one_case_with_several_views(shared_house: House, agreed: Patient) -> None:
    before = len(shared_house.queued)
    case = photographed(shared_house, agreed, PHOTO, encoded(skin((500, 500))), PHOTO)
    until(lambda: ("examine", case.id) in shared_house.queued)
    assert len(caseload.get(shared_house.db, case.id).photo_ids) == 3
    assert shared_house.queued[before:].count(("examine", case.id)) == 1
    agreed.wait_for(saying("I have your 3 photos"))


def test_a_bad_photo_in_an_album_is_named_and_the_good_ones_are_used(shared_house: House, agreed: Patient) -> None:
    agreed.send_photo(PHOTO, encoded(skin(blur=14)))
    agreed.wait_for(saying("I'm using 1 of your 2 photos", "blurred"))
    assert len(one_case(shared_house, agreed).photo_ids) == 1


def test_a_photo_sent_as_a_file_is_taken(shared_house: House, agreed: Patient) -> None:
    agreed.send_file(PHOTO)
    agreed.wait_for(saying("I have your photo"))
    assert len(one_case(shared_house, agreed).photo_ids) == 1


def test_a_photo_that_is_no_good_is_refused_with_advice_and_not_kept(shared_house: House, agreed: Patient) -> None:
    agreed.send_photo(encoded(skin(colour=(9, 6, 5))))
    agreed.wait_for(saying("too dark", "window"))
    assert shared_house.cases_of(agreed.chat_id) == []


def test_a_photo_after_words_belongs_to_them(shared_house: House, agreed: Patient) -> None:
    agreed.say("an itchy spot on my arm since May")
    agreed.wait_for(saying("checking the guidelines"))
    agreed.send_photo(PHOTO, caption="here")
    agreed.wait_for(saying("I have your photo"))
    worded, pictured = shared_house.cases_of(agreed.chat_id)
    assert worded.status is CaseStatus.CLOSED
    assert pictured.words == "an itchy spot on my arm since May\nhere"


def test_a_photo_after_words_brings_all_that_was_written(shared_house: House, agreed: Patient) -> None:
    agreed.say("a mole on my back")
    agreed.wait_for(saying("checking the guidelines"))
    said = agreed.say("it has grown and bleeds")
    agreed.wait_for(saying("I have that"), after=said["message_id"])
    agreed.send_photo(PHOTO)
    agreed.wait_for(saying("I have your photo"))
    assert shared_house.cases_of(agreed.chat_id)[-1].words == "a mole on my back\nit has grown and bleeds"


def test_a_photo_long_after_words_is_another_matter(shared_house: House, agreed: Patient) -> None:
    agreed.say(EMERGENCY)
    case = one_case(shared_house, agreed)
    caseload.note_history(shared_house.db, case.id, History(danger=frozenset({DangerSign.BREATHING})))
    days_ago = shared_house.db.now() - timedelta(days=2)
    with shared_house.db.write() as session:
        session.execute(update(CaseRow).where(CaseRow.id == case.id).values(touched=days_ago))
        session.execute(update(TurnRow).where(TurnRow.case_id == case.id).values(created=days_ago))
    agreed.send_photo(PHOTO)
    agreed.wait_for(saying("I have your photo"))
    worded, pictured = shared_house.cases_of(agreed.chat_id)
    assert (pictured.words, pictured.history) == ("", History())
    assert worded.status is not CaseStatus.CLOSED


def test_a_download_that_fails_once_is_tried_again(shared_house: House, agreed: Patient) -> None:
    add_fault(shared_house.url, method="getFile", code=502, times=1, chat_id=None)
    agreed.send_photo(PHOTO)
    agreed.wait_for(saying("I have your photo"))


def test_a_failed_case_apologises_with_the_safety_net(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    caseload.fail(shared_house.db, case.id)
    apology = agreed.wait_for(saying("I'm sorry", "Please don't wait for me", "112"))
    assert apology["message_id"] == caseload.get(shared_house.db, case.id).status_message_id


# ---------------------------------------------------------------- a child's private parts


@pytest.mark.parametrize("caption", ["rash on my daughter's vagina", "nappy area, baby boy, 4 months old"])
def test_a_photo_of_a_childs_private_parts_is_refused_kindly_and_not_kept(
    shared_house: House, agreed: Patient, caption: str
) -> None:
    agreed.send_photo(PHOTO, PHOTO, caption=caption)
    refusal = text_of(agreed.wait_for(saying("private parts", "kept nothing")))
    assert "children's doctor" in refusal
    assert shared_house.cases_of(agreed.chat_id) == []


def test_saying_so_afterwards_erases_the_photo(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    agreed.say("that is my son's penis")
    agreed.wait_for(saying("private parts"))
    assert shared_house.cases_of(agreed.chat_id) == []
    with pytest.raises(Exception, match="photo"):
        caseload.photo(shared_house.db, case.photo_ids[0])


# ---------------------------------------------------------------- buttons


def test_a_danger_sign_is_answered_at_once_and_the_advice_is_written_anew(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    advise(shared_house, case, level=TriageLevel.SELF_CARE)
    agreed.wait_for(saying("You can look after this at home"))
    card = agreed.wait_for(saying("Is any of these true now?"))
    agreed.press(texts.DANGER_BUTTONS[0][1])
    agreed.wait_for(saying("Call 112 now"), after=card["message_id"])
    until(lambda: DangerSign.BREATHING in caseload.get(shared_house.db, case.id).history.danger)
    now = caseload.get(shared_house.db, case.id)
    until(lambda: ("advise", case.id) in shared_house.queued)
    caseload.store_advice(shared_house.db, case.id, advice(TriageLevel.EMERGENCY, now.history_revision))
    edited = agreed.wait_for(lambda sent: sent["message_id"] == card["message_id"] and "112" in text_of(sent))
    assert text_of(edited).startswith("🔴")
    until(lambda: caseload.get(shared_house.db, case.id).status is CaseStatus.DELIVERED)
    assert [text_of(sent) for sent in agreed.replies()].count(texts.READY) == 1, "one notice, at the first answer"


def test_the_questions_are_asked_one_after_the_other_while_the_photo_waits(
    shared_house: House, agreed: Patient
) -> None:
    case = photographed(shared_house, agreed)
    for question, label in (
        ("Is any of these true", "None of these"),
        ("one spot, or a rash", "One spot or lump"),
        ("What has the spot done", "Got bigger"),
        ("✓", "That's all"),
        ("How old", "65 or older"),
    ):
        agreed.wait_for(lambda sent, question=question: question in str(sent))
        agreed.press(label)
    until(lambda: caseload.get(shared_house.db, case.id).history.age == 72)
    history = caseload.get(shared_house.db, case.id).history
    assert (history.spot_or_rash, history.grew, history.bleed) == ("spot", True, False)
    agreed.wait_for(lambda sent: "I have your photo" in text_of(sent) and not buttons(sent))


def test_a_rash_that_came_without_words_is_asked_about_by_buttons(
    shared_house: House, agreed: Patient, tmp_path: Path
) -> None:
    adviser = Adviser(WordSearch(), None, None, NoVision(), AgentSettings(data=tmp_path))
    case = photographed(shared_house, agreed)
    for question, label in (
        ("Is any of these true", "None of these"),
        ("one spot, or a rash", "A rash, or many spots"),
        ("How old", "18-39"),
        ("Is one of these true for them", "Neither"),
    ):
        agreed.wait_for(lambda sent, question=question: question in str(sent))
        agreed.press(label)
    until(lambda: caseload.get(shared_house.db, case.id).history.immunosuppressed is False)
    caseload.store_findings(shared_house.db, case.id, findings({"cannot-tell": 0.95}))

    def advised() -> Advice:
        now = caseload.get(shared_house.db, case.id)
        advice = adviser.advise(now, date.today())
        assert caseload.store_advice(shared_house.db, case.id, advice)
        return advice

    assert not advised().possibilities
    card = agreed.wait_for(saying("Which looks most like it?"))
    assert "please tell me in a few words" in text_of(card)
    assert {"A ring", "Small bumps", "Not sure"} <= {each["text"] for each in buttons(card)}
    for label, answers in (("A ring", 1), ("Arms or legs", 2), ("Some weeks", 3), ("A pet or animal", 4)):
        agreed.wait_for(lambda sent, label=label: label in {each["text"] for each in buttons(sent)})
        agreed.press(label)
        until(lambda answers=answers: len(caseload.get(shared_house.db, case.id).history.answers) == answers)
        named = [each.slug for each in advised().possibilities]
    assert named == ["tinea-corporis"]
    agreed.wait_for(saying("ringworm (tinea corporis)", "fits some of your answers"))


def test_a_citation_opens_word_for_word(shared_house: House, agreed: Patient) -> None:
    advise(shared_house, photographed(shared_house, agreed))
    agreed.wait_for(saying(texts.READY))
    agreed.press("[2]")
    agreed.wait_for(saying("[2] Melanoma", "Keep it out of the sun.", "NICE, NG12", "not been reviewed by a clinician"))


def test_a_citation_says_that_its_review_is_overdue(shared_house: House, agreed: Patient) -> None:
    advise(shared_house, photographed(shared_house, agreed))
    agreed.wait_for(saying(texts.READY))
    agreed.say("may I swim?")
    until(lambda: shared_house.queued[-1][0] == "reply")
    cited = Citation(
        n=1, chunk_id="c", slug="s", title="Eczema", section="Self-care", passage="Rinse.", source="NHS",
        reviewed=None, review_by=date(2020, 3, 3),
    )  # fmt: skip
    conversation.answer(shared_house.db, shared_house.queued[-1][1], "Rinse. [1]", (), (cited,))
    agreed.wait_for(saying("Rinse. [1]"))
    agreed.press("[1]")
    agreed.wait_for(saying("NHS", "Its review was due on 3 March 2020; it may be out of date."))


def test_feedback_is_thanked_for(shared_house: House, agreed: Patient) -> None:
    advise(shared_house, photographed(shared_house, agreed))
    agreed.wait_for(saying(texts.READY))
    assert agreed.press_answer(agreed.press(texts.HELPFUL))["text"] == texts.THANKS_HELPFUL


def test_after_consent_was_withdrawn_a_press_is_warned_of_but_not_kept(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    advise(shared_house, case, level=TriageLevel.SELF_CARE)
    ready = agreed.wait_for(saying(texts.READY))
    consent.withdraw(shared_house.db, case.patient_id, consent.Purpose.CARE)
    agreed.press(texts.DANGER_BUTTONS[0][1])
    warned = agreed.wait_for(saying("Call 112 now"), after=ready["message_id"])
    asked = agreed.wait_for(saying("Is that all right with you?"), after=warned["message_id"])
    agreed.press(texts.HELPFUL)
    agreed.wait_for(saying("Is that all right with you?"), after=asked["message_id"])
    assert caseload.get(shared_house.db, case.id).history == History()
    with shared_house.db.read() as session:
        assert session.get(FeedbackRow, case.id) is None


def test_nobody_reaches_another_chats_case_by_its_buttons(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    advise(shared_house, case)
    notice = agreed.wait_for(saying(texts.READY))
    with Patient.open(shared_house.url) as stranger:
        agree(stranger)
        own = stranger.replies()[-1]
        for data in (f"o:{case.id}:", f"c:{case.id}:1", f"d:{case.id}:fever"):
            stranger.send_raw({"id": data, "chat_instance": "1", "data": data, "message": own}, kind="callback_query")
        stranger.say("/help")
        stranger.wait_for(saying("How to take a good photo"))
        assert len(stranger.replies(after=own["message_id"])) == 1
    assert quiet(agreed, notice["message_id"], 0.1) == []
    assert caseload.get(shared_house.db, case.id).history.danger == frozenset()


# ---------------------------------------------------------------- words


def test_a_question_is_queued_and_its_answer_sent_with_sources(shared_house: House, agreed: Patient) -> None:
    advise(shared_house, photographed(shared_house, agreed))
    agreed.wait_for(saying(texts.READY))
    agreed.say("may I swim?")
    until(lambda: shared_house.queued[-1][0] == "reply")
    turn = conversation.turn(shared_house.db, shared_house.queued[-1][1])
    assert (turn.role, turn.text) == (Role.PATIENT, "may I swim?")
    cited = Citation(
        n=1, chunk_id="c", slug="s", title="Eczema", section="Self-care", passage="Rinse <well>.", source="NHS",
        reviewed=date(2026, 1, 2),
    )  # fmt: skip
    said = (Statement(text="Yes.", citations=(1,)),)
    conversation.answer(shared_house.db, turn.id, "Yes & rinse well. [1]", said, (cited,))
    agreed.wait_for(saying("Yes & rinse well. [1]"))
    agreed.press("[1]")
    agreed.wait_for(saying("Rinse <well>.", "Reviewed 02 January 2026"))


def test_words_while_the_photo_waits_are_kept_for_later(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    agreed.say("it itches at night")
    agreed.wait_for(saying("as soon as I have looked at your photo"))
    assert [turn.text for turn in conversation.turns(shared_house.db, case.id)] == ["it itches at night"]


def test_urgent_words_are_answered_at_once_and_kept_too(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    agreed.say(EMERGENCY)
    agreed.wait_for(saying("Call 112 now"))
    until(lambda: conversation.turns(shared_house.db, case.id))


def test_a_greeting_opens_no_case(shared_house: House, agreed: Patient) -> None:
    agreed.say("Hello!")
    agreed.wait_for(saying("Good to see you"))
    assert shared_house.cases_of(agreed.chat_id) == []


def test_words_of_any_shape_come_back_as_text(shared_house: House, agreed: Patient) -> None:
    agreed.say("<b>bold & </i> rash [1](tg://user?id=1) {emergency_number}")
    agreed.wait_for(saying("checking the guidelines"))
    assert one_case(shared_house, agreed).words.startswith("<b>bold")


def test_an_edited_message_with_urgent_words_is_answered(agreed: Patient) -> None:
    said = agreed.say("hello")
    agreed.edit(said["message_id"], EMERGENCY)
    agreed.wait_for(saying("Call 112 now"))


@pytest.mark.parametrize(
    ("partial", "expected"),
    [
        ({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 2}}, "can't listen"),
        ({"location": {"latitude": 1.0, "longitude": 2.0}}, "where you are"),
        ({"contact": {"phone_number": "1", "first_name": "X"}}, "anybody's number"),
        ({"document": {"file_id": "d", "file_unique_id": "d", "mime_type": "application/pdf"}}, "that kind of file"),
        ({"dice": {"emoji": "🎲", "value": 3}}, "leave nothing to chance"),
    ],
)
def test_what_is_neither_words_nor_photo_gets_one_friendly_sentence(
    agreed: Patient, partial: dict[str, Any], expected: str
) -> None:
    sent = agreed.send_raw(partial)
    agreed.wait_for(saying(expected))
    assert len(quiet(agreed, sent["message_id"], 0.2)) == 1


# ---------------------------------------------------------------- commands


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/start", "Good to see you"),
        ("/help", "How to take a good photo"),
        ("/privacy", "Not stored"),
        ("/new", "A new question"),
        ("/cases", "You have no questions stored"),
        ("/nonsense", "I don't know that command"),
    ],
)
def test_every_command_answers(agreed: Patient, command: str, expected: str) -> None:
    sent = agreed.say(command)
    agreed.wait_for(saying(expected), after=sent["message_id"])


def test_the_commands_are_in_the_menu(shared_house: House, agreed: Patient) -> None:
    import httpx

    state = httpx.get(
        f"{shared_house.url}/chat/{agreed.chat_id}",
        headers={"Authorization": f"Bearer {agreed.session}"},
        trust_env=False,
    ).json()
    assert {each["command"] for each in state["bot"]["commands"]} == {name for name, _ in texts.COMMANDS}


def test_a_new_question_closes_the_old_one(shared_house: House, agreed: Patient) -> None:
    photographed(shared_house, agreed)
    agreed.say("/new")
    agreed.wait_for(saying("A new question"))
    agreed.say("a rash on my leg")
    agreed.wait_for(saying("checking the guidelines"))
    assert [case.status for case in shared_house.cases_of(agreed.chat_id)] == [CaseStatus.CLOSED, CaseStatus.EXAMINED]


def test_earlier_answers_can_be_seen_again(shared_house: House, agreed: Patient) -> None:
    advise(shared_house, photographed(shared_house, agreed))
    agreed.wait_for(saying(texts.READY))
    agreed.say("/cases")
    listed = agreed.wait_for(saying("Your questions", "1 photo"))
    agreed.press("1", message_id=listed["message_id"])
    agreed.wait_for(saying("Contact a doctor this week"), after=listed["message_id"])


def test_an_export_holds_the_case_and_the_photo(shared_house: House, agreed: Patient) -> None:
    photographed(shared_house, agreed, caption="my arm")
    agreed.say("/export")
    sent = agreed.wait_for(lambda sent: "document" in sent)
    archive = zipfile.ZipFile(io.BytesIO(agreed.download(sent["document"]["file_id"])))
    assert any(name.endswith(".jpg") for name in archive.namelist())
    assert any(b"my arm" in archive.read(name) for name in archive.namelist())


def test_forget_asks_once_more_and_then_erases_everything(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    agreed.say("/forget")
    agreed.wait_for(saying("Erase everything"))
    agreed.press(texts.FORGET_NO)
    agreed.wait_for(saying(texts.NOT_FORGOTTEN))
    assert shared_house.cases_of(agreed.chat_id)
    agreed.press(texts.FORGET_YES)
    last = agreed.wait_for(saying("is erased"))
    assert "48 hours" in last["text"]
    assert agreed.messages() == [last], "the chat was emptied, both sides of it"
    assert patients.find_patient(shared_house.db, agreed.chat_id) is None
    until(lambda: ("forget", case.id) in shared_house.queued)
    agreed.say("itchy spot")
    agreed.wait_for(saying("Before I may keep"))


def test_forget_erases_the_record_even_if_the_chat_cannot_be_emptied(shared_house: House, agreed: Patient) -> None:
    photographed(shared_house, agreed)
    agreed.say("/forget")
    agreed.wait_for(saying("Erase everything"))
    add_fault(shared_house.url, method="deleteMessages", code=400)
    agreed.press(texts.FORGET_YES)
    agreed.wait_for(saying("could not delete the messages"))
    assert patients.find_patient(shared_house.db, agreed.chat_id) is None


def test_a_button_of_an_erased_case_says_so(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed)
    patients.forget(shared_house.db, case.patient_id)
    assert agreed.press_answer(agreed.press("None of these"))["text"] == texts.GONE


def test_research_is_a_consent_of_its_own(agreed: Patient) -> None:
    agreed.say("/privacy")
    agreed.wait_for(saying("not used to improve"))
    agreed.press(texts.RESEARCH_ON_BUTTON)
    agreed.wait_for(saying("You allow your photos"))
    agreed.press(texts.RESEARCH_OFF_BUTTON)
    agreed.wait_for(saying("not used to improve"))


def test_consent_can_be_withdrawn(shared_house: House, agreed: Patient) -> None:
    agreed.say("/privacy")
    agreed.wait_for(saying("not used to improve"))
    agreed.press(texts.WITHDRAW_BUTTON)
    agreed.wait_for(saying("store nothing more"))
    agreed.send_photo(PHOTO)
    agreed.wait_for(saying("Before I may keep"))
    assert shared_house.cases_of(agreed.chat_id) == []
