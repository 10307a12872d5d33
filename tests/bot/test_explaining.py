"""The button "What did it look at?": real bot, real Bot API server, real worker tasks, a model with the route and one
without.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from PIL import Image

from bot import texts
from bot.explanation import is_offered
from bot.presses import PressKind
from cases import caseload, outbox
from cases.record import Case, CaseStatus, DangerSign, History, Possibility, PossibilityInWords
from conditions import TriageLevel
from local.playground.errors import PatientError
from local.playground.patient import Patient, add_fault, buttons
from tests.bot.conftest import House, agree
from tests.bot.drawn import PHOTO
from tests.bot.test_chat import photographed, quiet, saying, text_of, until
from tests.bot.test_rendering import advice
from tests.bot.test_rendering import case as case_with
from tests.cases.samples import findings
from tests.worker.stub_model import OVERLAY_SIZE, StubModel, stub_model
from worker import resources
from worker.endpoint import Endpoint
from worker.examine import examine
from worker.explain import SORRY, explain
from worker.settings import WorkerSettings

LIKELIEST = PossibilityInWords(slug="melanocytic-naevus", title="mole", words="possible")


@contextmanager
def workers(house: House, patch: pytest.MonkeyPatch, *, explains: bool) -> Iterator[StubModel]:
    """The tasks of a worker whose model has the route, or has not."""
    with stub_model() as model:
        model.explains = explains
        settings = WorkerSettings(model_url=model.url, worker_model_tries=1)
        endpoint = Endpoint(settings)
        patch.setattr(resources, "cases", lambda: house.db)
        patch.setattr(resources, "settings", lambda: settings)
        patch.setattr(resources, "endpoint", lambda: endpoint)
        patch.setattr("worker.examine.enqueue_advise", lambda _case_id: True)
        yield model


@pytest.fixture
def model(shared_house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[StubModel]:
    with workers(shared_house, monkeypatch, explains=True) as model:
        yield model


def answered(house: House, patient: Patient, *photos: bytes) -> Case:
    """A case with its photos examined, advised on and delivered."""
    case = photographed(house, patient, *(photos or (PHOTO,)))
    examine(case.id)
    assert caseload.store_advice(house.db, case.id, advice(possibilities=(LIKELIEST,)))
    patient.wait_for(saying(texts.READY))
    return caseload.get(house.db, case.id)


def labels(house: House, patient: Patient, case: Case) -> list[str]:
    card = caseload.get(house.db, case.id).status_message_id
    [message] = [each for each in patient.replies() if each["message_id"] == card]
    return [button["text"] for button in buttons(message)]


def pressed(patient: Patient) -> str:
    return str(patient.press_answer(patient.press(texts.EXPLAIN))["text"])


def pictures(patient: Patient) -> list[dict[str, Any]]:
    return [each for each in patient.replies() if "photo" in each]


def asked(house: House, case: Case) -> int:
    return house.queued.count(("explain", case.id))


def test_the_picture_comes_under_the_answer_with_what_it_means(
    shared_house: House, agreed: Patient, model: StubModel
) -> None:
    case = answered(shared_house, agreed)
    before = agreed.wait_for(saying("Contact a doctor this week"))
    assert pressed(agreed) == texts.EXPLAINING
    assert asked(shared_house, case) == 1
    explain(case.id)
    shown = agreed.wait_for(lambda sent: "photo" in sent)
    assert shown["reply_to_message"]["message_id"] == case.status_message_id
    for words in (
        "covering the picture changed the model's answer most",
        "not a reason and not a diagnosis",
        "stand as",
    ):
        assert words in shown["caption"]
    assert "first of your" not in shown["caption"]
    with Image.open(io.BytesIO(agreed.download(shown["photo"][-1]["file_id"]))) as picture:
        assert picture.size == OVERLAY_SIZE
        red, green, blue = picture.convert("RGB").getpixel((200, 150))  # type: ignore[misc]
        assert red > green > blue, "the overlay, and not the photo"
    [message] = [each for each in agreed.replies() if each["message_id"] == before["message_id"]]
    assert text_of(message) == text_of(before), "the answer stands as it was"


def test_however_often_it_is_pressed_it_comes_once(shared_house: House, agreed: Patient, model: StubModel) -> None:
    case = answered(shared_house, agreed)
    said = [pressed(agreed) for _ in range(4)]
    assert said == [texts.EXPLAINING, *[texts.EXPLAINING_ALREADY] * 3]
    assert asked(shared_house, case) == 1
    for _ in range(3):  # a task may come twice
        explain(case.id)
    agreed.wait_for(lambda sent: "photo" in sent)
    assert pressed(agreed) == texts.EXPLAINED_ALREADY
    quiet(agreed, 0)
    assert len(pictures(agreed)) == 1
    assert [request["path"] for request in model.requests].count("/explain") == 1


def test_of_several_photos_the_first_is_shown_and_said_to_be(
    shared_house: House, agreed: Patient, model: StubModel
) -> None:
    case = answered(shared_house, agreed, PHOTO, PHOTO)
    pressed(agreed)
    explain(case.id)
    assert "(in the first of your 2 photos)" in agreed.wait_for(lambda sent: "photo" in sent)["caption"]


def test_a_model_without_the_route_never_offers_it(
    shared_house: House, agreed: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workers(shared_house, monkeypatch, explains=False):
        case = answered(shared_house, agreed)
    shown = labels(shared_house, agreed, case)
    assert texts.HELPFUL in shown
    assert texts.EXPLAIN not in shown


@pytest.mark.parametrize("fault", ["busy", "unhealthy", "nonsense"])
def test_a_model_that_cannot_now_is_told_in_one_sentence(
    shared_house: House, agreed: Patient, model: StubModel, fault: str
) -> None:
    case = answered(shared_house, agreed)
    pressed(agreed)
    model.fault = fault
    for _ in range(3):
        explain(case.id)
    agreed.wait_for(saying(SORRY))
    assert len([text for text in quiet(agreed, 0) if text == SORRY]) <= 2, (
        "one a minute, and a minute may end meanwhile"
    )
    model.fault = None
    explain(case.id)
    agreed.wait_for(lambda sent: "photo" in sent)


def test_a_model_that_lost_the_route_is_told_in_the_same_sentence(
    shared_house: House, agreed: Patient, model: StubModel
) -> None:
    case = answered(shared_house, agreed)
    pressed(agreed)
    model.explains = False
    explain(case.id)
    agreed.wait_for(saying(SORRY))


def test_a_closed_and_an_erased_question_are_told_so(shared_house: House, agreed: Patient, model: StubModel) -> None:
    case = answered(shared_house, agreed)
    caseload.close(shared_house.db, case.id)
    try:
        assert pressed(agreed) == texts.STAGE_CLOSED
    except PatientError:  # The card was quicker, and has no button any more.
        agreed.wait_for(saying(texts.STAGE_CLOSED))
    explain(case.id)
    own = agreed.replies()[-1]
    data = f"{PressKind.EXPLAIN}:{'0' * 32}:"
    agreed.send_raw({"id": data, "chat_instance": "1", "data": data, "message": own}, kind="callback_query")
    agreed.say("/help")
    agreed.wait_for(saying("How to take a good photo"))
    assert pictures(agreed) == []
    assert asked(shared_house, case) == 0


def test_nobody_sees_another_chats_picture(shared_house: House, agreed: Patient, model: StubModel) -> None:
    case = answered(shared_house, agreed)
    with Patient.open(shared_house.url) as stranger:
        agree(stranger)
        data = f"{PressKind.EXPLAIN}:{case.id}:"
        press = {"id": data, "chat_instance": "1", "data": data, "message": stranger.replies()[-1]}
        stranger.send_raw(press, kind="callback_query")
        stranger.say("/help")
        stranger.wait_for(saying("How to take a good photo"))
        assert pictures(stranger) == []
    assert asked(shared_house, case) == 0


def test_without_consent_nothing_is_asked_of_the_model(shared_house: House, agreed: Patient, model: StubModel) -> None:
    case = answered(shared_house, agreed)
    agreed.say("/privacy")
    agreed.wait_for(saying("Your data"))
    agreed.press(texts.WITHDRAW_BUTTON)
    gone = agreed.wait_for(saying("I'll store nothing more"))
    agreed.press(texts.EXPLAIN)
    agreed.wait_for(saying("Is that all right with you?"), after=gone["message_id"])
    assert asked(shared_house, case) == 0


def test_a_picture_that_telegram_refuses_is_not_tried_for_ever(
    shared_house: House, agreed: Patient, model: StubModel
) -> None:
    case = answered(shared_house, agreed)
    pressed(agreed)
    add_fault(shared_house.url, method="sendPhoto", code=400, times=1, chat_id=agreed.chat_id)
    explain(case.id)
    agreed.wait_for(saying(texts.NOT_EXPLAINED))


def test_forget_while_the_model_looks_leaves_nothing(shared_house: House, agreed: Patient, model: StubModel) -> None:
    case = answered(shared_house, agreed)
    pressed(agreed)
    usual = model.answers

    def forgotten_meanwhile(request: dict[str, Any]) -> Any:
        if request["path"] == "/explain":
            agreed.say("/forget")
            agreed.wait_for(saying("Erase everything"))
            agreed.press(texts.FORGET_YES)
            until(lambda: shared_house.cases_of(agreed.chat_id) == [])
        return usual(request)

    model.answers = forgotten_meanwhile
    explain(case.id)
    agreed.wait_for(saying("is erased"))
    assert [each for each in outbox.due(shared_house.db, 99, "test") if each.kind == "overlay"] == []
    quiet(agreed, 0)
    assert pictures(agreed) == []


# ---------------------------------------------------------------- under which answers it stands


def explainable(**changes: Any) -> Case:
    given: dict[str, Any] = {
        "status": CaseStatus.DELIVERED,
        "explainable": True,
        "photo_ids": (1,),
        "findings": findings(),
        "advice": advice(possibilities=(LIKELIEST,)),
        **changes,
    }
    return case_with(**given)


def test_it_is_offered_under_an_answer_that_names_what_the_model_saw() -> None:
    assert is_offered(explainable())


@pytest.mark.parametrize(
    "changes",
    [
        {"explainable": False},
        {"photo_ids": ()},
        {"findings": None},
        {"advice": None},
        {"status": CaseStatus.CLOSED},
        {"status": CaseStatus.RECEIVED},
        {"history_revision": 1, "history": History(danger=frozenset({DangerSign.BREATHING}))},
        {"advice": advice(TriageLevel.EMERGENCY, possibilities=(LIKELIEST,))},
        {"advice": advice(possibilities=())},
        {"advice": advice(possibilities=(LIKELIEST.model_copy(update={"slug": "scabies"}),))},
        {"findings": findings().model_copy(update={"differential": (Possibility(slug="not-skin", probability=1),)})},
    ],
    ids="-".join,
)
def test_it_is_not_offered_where_it_would_mislead(changes: dict[str, Any]) -> None:
    assert not is_offered(explainable(**changes))
