"""/guidelines: lists, searches, retires, brings back, rolls back, shows what expires; and nothing for anybody else.

Run: ``pytest tests/bot/test_guidelines_library.py``
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.guidelines import texts
from bot.guidelines.buttons import Action, library_button
from knowledge import people
from knowledge.guideline_file import parse_guideline
from knowledge.library import Library
from local.playground.patient import Patient, buttons
from tests.bot.conftest import House, agree
from tests.bot.dermatologists import dermatologist, read, send
from tests.bot.test_chat import saying, text_of, until
from tests.knowledge.samples import guideline

Sent = dict[str, Any]

CONDITIONS = ("psoriasis", "scabies", "rosacea", "impetigo", "vitiligo", "melasma", "lipoma", "warts", "cellulitis")


@pytest.fixture(scope="module")
def library(shared_house: House) -> Library:
    library = shared_house.library.library
    for slug in CONDITIONS:
        library.publish(guideline(slug), "Dr Ada")
    return library


class Reader:
    """A dermatologist who turns the library's pages."""

    def __init__(self, someone: Patient) -> None:
        self.someone = someone
        self.at = 0

    def open(self, words: str = "") -> None:
        """The first page, or a search."""
        self.at = int(self.someone.say(f"/guidelines {words}".strip())["message_id"])

    def page(self, *words: str) -> Sent:
        """The page opened last, once it reads so."""
        return self.someone.wait_for(saying(*words), after=self.at)

    def press(self, label: str) -> None:
        """The newest button of this label."""
        self.someone.press(label)

    def press_first(self, page: Sent, beginning: str) -> None:
        """The first button of a page whose label begins so."""
        self.someone.press(next(label for label in labels(page) if label.startswith(beginning)))


@pytest.fixture(scope="module")
def ada(shared_house: House, library: Library) -> Iterator[Reader]:
    with dermatologist(shared_house, "Dr Ada") as someone:
        yield Reader(someone)


def labels(message: Sent) -> list[str]:
    return [button["text"] for button in buttons(message)]


def test_all_texts_are_listed_a_page_at_a_time_in_one_message(ada: Reader) -> None:
    ada.open()
    home = ada.page("The guideline library", "9 texts are live")
    ada.press(texts.HOME_ROWS["list"])
    first = ada.page("Live texts", "1–8 of 9")
    assert len([label for label in labels(first) if " · 1" in label]) == 8
    ada.press(texts.OLDER)
    second = ada.page("9–9 of 9")
    assert first["message_id"] == second["message_id"] == home["message_id"]
    assert labels(second) == ["Warts · 1", texts.NEWER, texts.HOME_BUTTON]


def test_a_text_is_opened_and_comes_as_a_file_that_can_be_sent_back(ada: Reader) -> None:
    ada.open("impetigo treatment")
    ada.page("impetigo treatment", "Impetigo · Treatment")
    ada.press("1")
    ada.page("Version 1 · UK · en", "by Dr Ada", "Not reviewed", "review due")
    ada.press(texts.AS_FILE)
    sent = ada.someone.wait_for(lambda message: "document" in message, after=ada.at)
    assert sent["document"]["file_name"] == "impetigo.md"
    assert parse_guideline(ada.someone.download(sent["document"]["file_id"]).decode(), "impetigo.md") == guideline(
        "impetigo"
    )


def test_a_search_that_finds_nothing_says_so_and_turns_pages(ada: Reader) -> None:
    ada.open("quantum chromodynamics")
    ada.page(texts.FOUND_NONE)
    ada.open("psoriasis")
    found = ada.page("1.", "8.")
    if texts.OLDER in labels(found):
        ada.press(texts.OLDER)
        ada.page("psoriasis", "9.")


def test_retiring_asks_first_and_takes_the_text_out_of_search_until_it_is_brought_back(
    ada: Reader, library: Library, shared_house: House
) -> None:
    search = shared_house.library.search
    ada.open("vitiligo treatment")
    ada.page("Vitiligo · Treatment")
    ada.press("1")
    ada.page("Version 1")
    ada.press(texts.RETIRE)
    ada.page("Retire", "at once")
    assert library.edition("vitiligo") is not None, "not before yes"
    ada.press(texts.RETIRE_YES)
    ada.page("Published", "ended", "by Dr Ada")
    assert library.edition("vitiligo") is None
    assert search.search("vitiligo treatment", slugs=["vitiligo"]) == []
    ada.open()
    ada.page("The guideline library")
    ada.press(texts.HOME_ROWS["gone"])
    ada.page("Retired", "Vitiligo")
    ada.press("Vitiligo · 1")
    retired = ada.page("Published", "ended")
    ada.press_first(retired, "↩️")
    ada.page("word for word")
    ada.press(texts.RESTORE_YES)
    until(lambda: library.edition("vitiligo") is not None)
    assert search.search("vitiligo treatment", k=1)[0].slug == "vitiligo"


def test_rolling_back_brings_the_version_before_back_unless_somebody_was_quicker(ada: Reader, library: Library) -> None:
    library.publish(guideline("lipoma", version="2", treatment="Lipoma treatment takes leeches"), "Dr Bo")
    ada.open("lipoma leeches")
    ada.page("Lipoma")
    ada.press("1")
    ada.page("Version 2")
    ada.press(texts.ALL_VERSIONS)
    shown = ada.page("Versions of Lipoma", "• 2", "• 1")
    ada.press_first(shown, "↩️ Bring back 1")
    ada.page("Bring back version 1", "replaces the live version 2")
    library.publish(guideline("lipoma", version="3", treatment="Lipoma treatment takes a knife"), "Dr Bo")
    ada.press(texts.RESTORE_YES)
    ada.page("somebody changed this guideline meanwhile")
    edition = library.edition("lipoma")
    assert edition is not None
    assert edition.version == "3"
    ada.open("lipoma knife")
    ada.page("Lipoma")
    ada.press("1")
    ada.page("Version 3")
    ada.press(texts.ALL_VERSIONS)
    shown = ada.page("• 3")
    ada.press_first(shown, "↩️ Bring back 1")
    ada.page("replaces the live version 3")
    ada.press(texts.RESTORE_YES)
    ada.page("Version 1")
    restored, *_, first = library.versions("lipoma")
    assert (restored.restores, restored.author, restored.retired) == (first.number, "Dr Ada", None)


def test_what_expires_soon_is_listed_with_how_far_it_is(ada: Reader, library: Library) -> None:
    today = datetime.now(UTC).date()
    for slug, days in (("warts", 10), ("melasma", -5), ("scabies", -100)):
        changed = guideline(slug, version="2").model_copy(update={"review_by": today + timedelta(days=days)})
        library.publish(changed, "Dr Ada")
    ada.open()
    ada.page("3 must be reviewed")
    ada.press(texts.HOME_ROWS["due"])
    listed = text_of(ada.page("Expires soon"))
    order = [listed.index(words) for words in ("no longer searched", "with a warning", "Warts: review is due")]
    assert order == sorted(order)


def test_what_waits_is_listed_and_its_card_shown_anew(ada: Reader, shared_house: House, tmp_path: Path) -> None:
    sent = send(ada.someone, tmp_path, "waits.md", "# Warts and paint\n\nPaint the wart each night for twelve weeks.\n")
    ada.someone.wait_for(saying("waits.md"), after=sent["message_id"])
    number = read(shared_house).number
    ada.open()
    ada.page("1 wait")
    ada.press(texts.HOME_ROWS["waiting"])
    ada.page(f"{number} · waits.md, by Dr Ada: ready")
    ada.press(f"{number} · waits.md")
    ada.someone.wait_for(saying("waits.md", "look at it and decide"), after=ada.at)


def test_the_log_says_who_did_what(ada: Reader) -> None:
    ada.open()
    ada.page("The guideline library")
    ada.press(texts.HOME_ROWS["log"])
    ada.page("Who did what", "Dr Ada published")


def press_made_up(someone: Patient, under: Sent, data: str) -> None:
    """A press that no button has: Telegram's apps do not send it, others can."""
    sender = {"id": someone.chat_id, "is_bot": False, "first_name": "Sam"}
    query = {"id": str(hash(data)), "from": sender, "chat_instance": "1", "data": data, "message": under}
    someone.send_raw(query, kind="callback_query")


def test_nobody_without_the_role_gets_anything_done(
    shared_house: House, library: Library, ada: Reader, patient: Patient, tmp_path: Path
) -> None:
    """Every action: pressed by a patient who made the button up, and by a dermatologist who was removed."""
    agree(patient)
    sent = send(
        ada.someone, tmp_path, "table.md", "# Cellulitis at the knee\n\nRaise the leg and mark the edge daily.\n"
    )
    ada.someone.wait_for(saying("table.md"), after=sent["message_id"])
    submission = read(shared_house).number
    version = library.versions("cellulitis")[0].number
    older = library.versions("warts")[-1].number
    numbers = {
        Action.CARD: (submission, 0),
        Action.PREVIEW: (submission, 0),
        Action.COMPARE: (submission, 0),
        Action.PUBLISH: (submission, 0),
        Action.WITHDRAW: (submission, 0),
        Action.ASK_RESTORE: (older, 0),
        Action.RESTORE: (older, library.versions("warts")[0].number),
    }
    with dermatologist(shared_house, "Dr Out") as out:
        people.remove(library.engine, out.chat_id, "operator")
        before = library.deeds(1000), library.documents(), shared_house.library.submissions.get(submission)
        queued, cards = len(shared_house.queued), len(out.replies()) + len(patient.replies())
        for someone in (patient, out):
            under = someone.replies()[-1]
            for action in Action:
                _, data = library_button("", action, *numbers.get(action, (version, 0)))
                press_made_up(someone, under, data)
            someone.say("/help")
            someone.wait_for(saying("good photo"), after=under["message_id"])
        assert (library.deeds(1000), library.documents()) == before[:2]
        assert shared_house.library.submissions.get(submission) == before[2]
        assert len(shared_house.queued) == queued
        assert len(out.replies()) + len(patient.replies()) == cards + 2, "nothing is said but the help asked for"
