"""Pictures that cannot be used, as patients send them: one friendly sentence each, and no case."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from bot import texts
from bot.errors import RefusalReason
from bot.handlers.photos import MOST_A_MINUTE
from bot.intake import MAX_BYTES
from cases import caseload, conversation
from cases.erasure import erase_cases
from cases.record import Findings, Possibility
from conditions import NOT_SKIN, Domain, TriageLevel
from local.playground.patient import Patient, buttons
from tests.bot.conftest import House, agree
from tests.bot.drawn import DARK_SKIN, PHOTO, encoded, face, framed, screenshot, skin, xray
from tests.bot.test_chat import one_case, photographed, quiet, saying, text_of, until
from tests.bot.test_rendering import advice


@pytest.fixture(scope="module")
def keeps_photos(shared_house: House) -> Iterator[Patient]:
    """One patient who agreed, for all that is taken."""
    with Patient.open(shared_house.url) as someone:
        agree(someone)
        yield someone


def animated(kind: str) -> bytes:
    return encoded(skin(), kind, save_all=True, append_images=[skin(blur=3)])


def deep(picture: Image.Image) -> bytes:
    """Sixteen bits a pixel."""
    return encoded(Image.fromarray(np.asarray(picture.convert("L"), dtype=np.uint16) * 257), "PNG")


def lying(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(picture, exif=exif)


def see_through(picture: Image.Image) -> bytes:
    layered = picture.convert("RGBA")
    layered.putalpha(180)
    return encoded(layered, "PNG")


def exactly(size: int) -> bytes:
    return PHOTO + b"\0" * (size - len(PHOTO))


REFUSED: dict[str, tuple[Callable[[], bytes], RefusalReason]] = {
    "one byte": (lambda: b"\0", RefusalReason.NOT_A_PHOTO),
    "truncated": (lambda: PHOTO[: len(PHOTO) // 2], RefusalReason.BROKEN),
    "decompression bomb": (
        lambda: encoded(Image.new("1", (12000, 12000)), "PNG", optimize=True),
        RefusalReason.TOO_MANY_PIXELS,
    ),
    "a PDF named .jpg": (lambda: b"%PDF-1.7 hello", RefusalReason.NOT_A_PHOTO),
    "a program named .jpg": (lambda: b"\x7fELF" + bytes(500), RefusalReason.NOT_A_PHOTO),
    "a TIFF named .jpg": (lambda: encoded(skin(), "TIFF"), RefusalReason.NOT_A_PHOTO),
    "animated GIF": (lambda: animated("GIF"), RefusalReason.ANIMATED),
    "animated WebP": (lambda: animated("WEBP"), RefusalReason.ANIMATED),
    "animated PNG": (lambda: animated("PNG"), RefusalReason.ANIMATED),
    "one byte over 20 MB": (lambda: exactly(MAX_BYTES + 1), RefusalReason.TOO_HEAVY),
    "screenshot of text": (lambda: encoded(screenshot()), RefusalReason.SCREENSHOT),
    "dark screenshot of text": (lambda: encoded(screenshot(dark=True), "PNG"), RefusalReason.SCREENSHOT),
    "black": (lambda: encoded(Image.new("RGB", (600, 400))), RefusalReason.TOO_DARK),
    "white": (lambda: encoded(Image.new("RGB", (600, 400), "white")), RefusalReason.TOO_BRIGHT),
    "one colour": (lambda: encoded(Image.new("RGB", (600, 400), (200, 150, 120))), RefusalReason.BLANK),
    "out of focus": (lambda: encoded(skin(blur=14)), RefusalReason.BLURRED),
    "too small": (lambda: encoded(skin((120, 90))), RefusalReason.TOO_SMALL),
    "X-ray": (lambda: encoded(xray()), RefusalReason.GREY),
    "16-bit X-ray": (lambda: deep(xray()), RefusalReason.GREY),
    "blue fabric": (
        lambda: encoded(ImageOps.colorize(Image.effect_noise((400, 400), 60), "navy", "lightgreen")),
        RefusalReason.NOT_SKIN,
    ),
}

TAKEN: dict[str, Callable[[], bytes]] = {
    "20 MB": lambda: exactly(MAX_BYTES),
    "CMYK": lambda: encoded(skin().convert("CMYK")),
    "transparent": lambda: see_through(skin()),
    "palette": lambda: encoded(skin().convert("P"), "PNG"),
    "EXIF-rotated": lambda: lying(skin()),
    "HEIC": lambda: encoded(skin(), "HEIF"),
    "WebP": lambda: encoded(skin(), "WEBP"),
    "black frame": lambda: encoded(framed(skin(), "black")),
    "white frame": lambda: encoded(framed(skin(), "white")),
    "very dark skin": lambda: encoded(skin(colour=DARK_SKIN)),
    "a face": lambda: encoded(face()),
}


def only_answer(patient: Patient, after: int, text: str) -> dict[str, Any]:
    """The one thing the bot says of what came last is `text`: nothing came before or after it."""
    answer = patient.wait_for(saying(text), after=after)
    patient.say("/cases")
    last = patient.wait_for(lambda sent: "questions" in text_of(sent).lower(), after=answer["message_id"])
    said = [text_of(sent) for sent in patient.replies(after=after) if sent["message_id"] != last["message_id"]]
    assert said == [text]
    return answer


@pytest.mark.parametrize("case", REFUSED)
def test_a_picture_that_is_no_good_gets_its_sentence_and_leaves_nothing(
    shared_house: House, keeps_nothing: Patient, case: str
) -> None:
    draw, reason = REFUSED[case]
    sent = keeps_nothing.send_file(draw())
    answer = only_answer(keeps_nothing, sent[0]["message_id"], texts.REFUSED[reason])
    assert answer["reply_to_message"]["message_id"] == sent[0]["message_id"]
    assert shared_house.cases_of(keeps_nothing.chat_id) == []


@pytest.mark.parametrize("case", TAKEN)
def test_a_picture_that_is_good_enough_opens_one_case(shared_house: House, keeps_photos: Patient, case: str) -> None:
    before = len(shared_house.cases_of(keeps_photos.chat_id))
    (sent,) = keeps_photos.send_file(TAKEN[case]())
    keeps_photos.wait_for(saying("I have your photo"), after=sent["message_id"])
    *_, opened = shared_house.cases_of(keeps_photos.chat_id)
    assert len(shared_house.cases_of(keeps_photos.chat_id)) == before + 1
    kept = Image.open(io.BytesIO(caseload.photo(shared_house.db, opened.photo_ids[0])))
    assert (kept.format, kept.mode) == ("JPEG", "RGB")
    assert not kept.getexif()


def test_every_reason_has_one_sentence_that_says_how_to_do_better() -> None:
    assert set(texts.REFUSED) == set(RefusalReason)
    for text in texts.REFUSED.values():
        assert "lease" in text or "Hold the camera" in text


def test_an_empty_file_is_no_photo(shared_house: House, agreed: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram takes no empty file, but what it hands out may be one."""

    async def nothing(*_: object) -> bytes:
        return b""

    monkeypatch.setattr("bot.handlers.photos.fetch", nothing)
    sent = agreed.send_photo(PHOTO)
    only_answer(agreed, sent[0]["message_id"], texts.REFUSED[RefusalReason.NOT_A_PHOTO])
    assert shared_house.cases_of(agreed.chat_id) == []


def test_a_file_without_a_type_is_a_photo_by_its_name(shared_house: House, agreed: Patient) -> None:
    (sent,) = agreed.send_file(encoded(skin(), "HEIF"))
    document = {**sent["document"], "mime_type": "application/octet-stream", "file_name": "IMG_0001.HEIC"}
    agreed.wait_for(saying("I have your photo"))
    again = agreed.send_raw({"document": document})
    agreed.wait_for(saying("I have your photo"), after=again["message_id"])
    assert len(shared_house.cases_of(agreed.chat_id)) == 2


def test_an_album_of_ten_with_two_broken_says_once_which_and_why(shared_house: House, agreed: Patient) -> None:
    broken = PHOTO[: len(PHOTO) // 2]
    sent = agreed.send_file(*[broken if place in (3, 7) else PHOTO for place in range(1, 11)])
    agreed.wait_for(saying("I have your 8 photos"))
    refusals = [text for text in quiet(agreed, sent[0]["message_id"]) if "8 of your 10" in text]
    assert refusals == [f"I'm using 8 of your 10 photos. Photos 3 and 7: {texts.REFUSED[RefusalReason.BROKEN]}"]
    assert len(one_case(shared_house, agreed).photo_ids) == 8


def test_an_album_of_which_nothing_is_good_leaves_no_case(shared_house: House, agreed: Patient) -> None:
    sent = agreed.send_file(PHOTO[:900], encoded(skin(blur=14)))
    answer = text_of(agreed.wait_for(saying("Photo 1:", "Photo 2:"), after=sent[0]["message_id"]))
    assert "damaged" in answer and "blurred" in answer
    assert shared_house.cases_of(agreed.chat_id) == []


def test_the_caption_of_a_refused_photo_belongs_to_the_others_of_its_album(
    shared_house: House, agreed: Patient
) -> None:
    agreed.send_photo(encoded(skin(blur=14)), PHOTO, caption="this mole has been bleeding for two months")
    agreed.wait_for(saying("I'm using 1 of your 2 photos"))
    assert one_case(shared_house, agreed).words == "this mole has been bleeding for two months"


def test_the_caption_of_a_refused_photo_is_told_to_the_case_that_the_others_opened(
    shared_house: House, agreed: Patient
) -> None:
    (good,) = agreed.send_photo(PHOTO)
    agreed.wait_for(saying("I have your photo"))
    (blurred,) = agreed.send_photo(encoded(skin(blur=14)))
    agreed.wait_for(saying("blurred"))
    agreed.send_raw({"photo": good["photo"], "media_group_id": "4712"})
    agreed.send_raw({"photo": blurred["photo"], "media_group_id": "4712", "caption": "it bleeds"})
    agreed.wait_for(saying("I'm using 1 of your 2 photos"))
    case = shared_house.cases_of(agreed.chat_id)[-1]
    assert [turn.text for turn in conversation.turns(shared_house.db, case.id)] == ["it bleeds"]


def test_an_album_goes_on_after_its_case_was_erased(shared_house: House, agreed: Patient) -> None:
    """Found by fuzzing: what comes of an album after `/forget` had its first photos' case looked up."""
    (first,) = agreed.send_photo(PHOTO)
    agreed.wait_for(saying("I have your photo"))
    photo = {"photo": first["photo"], "media_group_id": "4711"}
    agreed.send_raw(photo)
    until(lambda: len(shared_house.cases_of(agreed.chat_id)) == 2)
    with shared_house.db.write() as session:
        erase_cases(session, [case.id for case in shared_house.cases_of(agreed.chat_id)])
    agreed.send_raw(photo)
    until(lambda: shared_house.cases_of(agreed.chat_id))
    assert len(one_case(shared_house, agreed).photo_ids) == 1


@pytest.mark.slow
def test_a_hundred_photos_in_a_minute_are_bounded_once_and_starve_nobody(
    shared_house: House, agreed: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.handlers.photos._MINUTE", timedelta(minutes=10))  # the tests' machine may be slow
    sent = [agreed.send_photo(PHOTO)[0] for _ in range(100)]
    with Patient.open(shared_house.url) as other:
        agree(other)
        photographed(shared_house, other)
    plea = agreed.wait_for(saying("That's a lot of photos", f"I take {MOST_A_MINUTE} in a minute"), timeout=60)
    agreed.say("/cases")
    agreed.wait_for(saying("Your questions"), timeout=60)
    said = [text_of(each) for each in agreed.replies(after=sent[0]["message_id"])]
    assert said.count(text_of(plea)) == 1
    assert len(shared_house.cases_of(agreed.chat_id)) == MOST_A_MINUTE


def not_skin() -> Findings:
    return Findings(
        domain=Domain.PHONE, description="", concepts=(), abstained=True, reason=NOT_SKIN, model="mini", seconds=0.1,
        differential=(Possibility(slug=NOT_SKIN, probability=0.97),),
    )  # fmt: skip


def test_a_dog_is_answered_with_one_sentence_instead_of_advice(shared_house: House, agreed: Patient) -> None:
    """A brown dog passes the intake; the model says that it is no skin."""
    case = photographed(shared_house, agreed)
    caseload.store_findings(shared_house.db, case.id, not_skin())
    told = advice(TriageLevel.SELF_CARE).model_copy(update={"possibilities": ()})
    assert caseload.store_advice(shared_house.db, case.id, told)
    answer = agreed.wait_for(saying("I don't think this picture shows skin"))
    assert text_of(answer) == texts.NOT_SKIN_SEEN
    assert buttons(answer) == []


def test_words_beside_a_picture_of_something_else_are_still_answered(shared_house: House, agreed: Patient) -> None:
    case = photographed(shared_house, agreed, caption="itchy rash on my arm")
    caseload.store_findings(shared_house.db, case.id, not_skin())
    assert caseload.store_advice(shared_house.db, case.id, advice(TriageLevel.SELF_CARE))
    answer = agreed.wait_for(saying("You can look after this at home"))
    assert "What may help" in text_of(answer)
