"""The server answers TGI's routes in TGI's shapes, and refuses in TGI's error form."""

import base64
import io
import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from conditions import CHOICE_QUESTION, CHOICES, QUESTIONS, Domain, prompt
from model.errors import RequestError
from model.network import SkinGPT
from model.server import prompts
from model.server.app import build_app
from model.server.contract import GenerateParameters
from model.server.engine import Engine, Job
from model.server.prompts import Prompt, prompt_of_inputs
from model.settings import ModelSettings
from tests.model.conftest import broken_png, drawn_lesion


@pytest.fixture(scope="module")
def client(weights: Path) -> Iterator[TestClient]:
    with TestClient(build_app(ModelSettings(weights=weights)), raise_server_exceptions=False) as client:
        yield client


def data_address(colour: tuple[int, int, int] = (90, 50, 40)) -> str:
    content = io.BytesIO()
    drawn_lesion(colour).save(content, "JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"


def png_address(image: Image.Image, **options: object) -> str:
    content = io.BytesIO()
    image.save(content, "PNG", **options)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


CUT = base64.b64encode(broken_png()).decode()

PREFILLED = {"max_new_tokens": 1, "decoder_input_details": True}


def streamed(client: TestClient, route: str, request: object) -> list[Any]:
    response = client.post(route, json=request)
    assert response.status_code == 200
    return [json.loads(line.removeprefix("data:")) for line in response.text.strip().split("\n\n")]


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def choice_request(address: str) -> dict[str, object]:
    return {
        "inputs": prompt(f"![]({address})", CHOICE_QUESTION),
        "parameters": {"max_new_tokens": 2, "details": True, "top_n_tokens": 16},
    }


def test_choice_question_is_answered_by_a_domain_and_a_choice_with_all_probabilities(client: TestClient) -> None:
    details = client.post("/generate", json=choice_request(data_address())).json()["details"]
    domains, choices = details["top_tokens"]
    assert {token["text"] for token in domains} == {f"<{domain}>" for domain in Domain}
    assert {token["text"] for token in choices} == {f"<{choice}>" for choice in CHOICES}
    assert math.isclose(sum(math.exp(token["logprob"]) for token in choices), 1, abs_tol=1e-4)
    assert details["tokens"][1]["text"] == choices[0]["text"]
    assert details["finish_reason"] == "length"


def test_together_or_alone_the_answer_is_the_same(miniature: SkinGPT) -> None:
    engine = Engine(miniature, cached_pictures=8)
    asked = [
        (data_address((90, 50, 40)), CHOICE_QUESTION, ""),
        (data_address((200, 60, 60)), CHOICE_QUESTION, "Patient: age 58, face, itches. "),
        (data_address((90, 50, 40)), QUESTIONS[0], ""),
    ]
    jobs = [
        Job(prompt_of_inputs(prompt(f"![]({address})", question, facts)), GenerateParameters(max_new_tokens=2))
        for address, question, facts in asked
    ]
    for together, job in zip(engine.answer(jobs), jobs, strict=True):
        alone = engine.answer([job])[0]
        assert together.generated_text == alone.generated_text
        assert together.details is not None
        assert alone.details is not None
        for one, other in zip(together.details.tokens, alone.details.tokens, strict=True):
            assert one.logprob == pytest.approx(other.logprob, abs=1e-3)


def test_many_at_once_are_all_answered(client: TestClient) -> None:
    requests = [choice_request(data_address((90 + 10 * i, 50, 40))) for i in range(6)]
    alone = [client.post("/generate", json=request).json() for request in requests]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda request: client.post("/generate", json=request).json(), requests))
    assert [one["generated_text"] for one in together] == [one["generated_text"] for one in alone]


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"role": "user", "content": "![]({one}) ![]({two}) compare"}, "one picture a message"),
        (
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "{one}"}},
                    {"type": "image_url", "image_url": {"url": "{two}"}},
                ],
            },
            "one picture a message",
        ),
        ({"role": "system", "content": "![]({one}) be brief"}, "user's messages only"),
        (
            {"role": "assistant", "content": [{"type": "image_url", "image_url": {"url": "{one}"}}]},
            "user's messages only",
        ),
    ],
)
def test_a_picture_without_a_place_of_its_own_is_refused(
    client: TestClient, message: dict[str, object], says: str
) -> None:
    """The next request of the batch would be answered by it."""
    told = json.dumps([message, {"role": "user", "content": "what is it?"}])
    told = told.replace("{one}", data_address()).replace("{two}", data_address((200, 60, 60)))
    response = client.post("/v1/chat/completions", json={"messages": json.loads(told), "max_tokens": 2})
    assert response.status_code == 422
    assert says in response.json()["error"]


def test_the_engine_takes_no_prompt_whose_pictures_and_places_differ(miniature: SkinGPT) -> None:
    engine = Engine(miniature, cached_pictures=8)
    picture = prompt_of_inputs(f"![]({data_address()})").pictures[0]
    for text, pictures in (("hello", (picture,)), ("<image>", (picture, picture)), ("<image>", ())):
        with pytest.raises(RequestError, match="places for"):
            engine.check(Job(Prompt(text, pictures), GenerateParameters(max_new_tokens=1)))


def test_prose_stops_where_asked(client: TestClient) -> None:
    request = {"inputs": prompt(f"![]({data_address()})", QUESTIONS[0]), "parameters": {"max_new_tokens": 7}}
    answer = client.post("/generate", json=request).json()
    assert answer["details"]["generated_tokens"] <= 7
    assert answer["details"]["finish_reason"] in ("length", "eos_token")


def test_details_are_left_out_on_request(client: TestClient) -> None:
    request = {"inputs": "hello", "parameters": {"max_new_tokens": 2, "details": False}}
    assert client.post("/generate", json=request).json()["details"] is None


def test_chat_takes_words_and_a_picture(client: TestClient) -> None:
    message = {
        "role": "user",
        "content": [
            {"type": "text", "text": QUESTIONS[0]},
            {"type": "image_url", "image_url": {"url": data_address()}},
        ],
    }
    answer = client.post("/v1/chat/completions", json={"messages": [message], "max_tokens": 5}).json()
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]


def test_streams_end_with_the_whole_text(client: TestClient) -> None:
    request = {"inputs": prompt(f"![]({data_address()})", QUESTIONS[0]), "parameters": {"max_new_tokens": 6}}
    whole = client.post("/generate", json=request).json()["generated_text"]
    lines = client.post("/generate_stream", json=request).text.strip().split("\n\n")
    events = [json.loads(line.removeprefix("data:")) for line in lines]
    assert events[-1]["generated_text"] == whole
    assert [event["index"] for event in events] == list(range(1, len(events) + 1))


def test_streamed_tokens_tell_what_the_whole_answer_tells(client: TestClient) -> None:
    request = choice_request(data_address())
    whole = client.post("/generate", json=request | {"parameters": {"max_new_tokens": 2}}).json()["details"]
    given = client.post("/generate", json={"inputs": request["inputs"], "parameters": PREFILLED}).json()["details"]
    events = streamed(client, "/generate_stream", request)
    assert [event["token"]["id"] for event in events] == [token["id"] for token in whole["tokens"]]
    for event, token in zip(events, whole["tokens"], strict=True):
        assert event["token"]["logprob"] == pytest.approx(token["logprob"], abs=1e-4)
    assert events[-1]["details"] == {
        "finish_reason": "length",
        "generated_tokens": 2,
        "seed": None,
        "input_length": len(given["prefill"]),
    }


STREAMS = (
    ("/generate_stream", {"inputs": "hello"}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hello"}], "stream": True}),
)


@pytest.mark.parametrize(("route", "request_"), STREAMS)
def test_a_stream_that_fails_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, route: str, request_: dict[str, object]
) -> None:
    monkeypatch.setattr(Engine, "answer", failing(RuntimeError("out of memory")))
    (event,) = streamed(client, route, request_)
    assert event["error_type"] == "generation"
    assert "Request failed during generation" in event["error"]


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [(RuntimeError("out of memory"), 424, "generation"), (KeyError("a bug"), 500, "incomplete_generation")],
)
def test_whatever_fails_is_told_as_json(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, kind: str
) -> None:
    monkeypatch.setattr(Engine, "answer", failing(error))
    response = client.post("/generate", json={"inputs": "hello"})
    assert response.status_code == status
    assert set(response.json()) == {"error", "error_type"}
    assert response.json()["error_type"] == kind


def test_streams_and_explanations_count_among_those_that_wait(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = Event(), Event()

    def slow(*_: object) -> None:
        begun.set()
        go_on.wait(20)
        raise RuntimeError("stopped")

    monkeypatch.setattr(Engine, "answer", slow)
    with (
        TestClient(build_app(ModelSettings(weights=weights, max_waiting=1)), raise_server_exceptions=False) as one,
        ThreadPoolExecutor(1) as pool,
    ):
        first = pool.submit(one.post, *STREAMS[0][:1], json=STREAMS[0][1])
        try:
            assert begun.wait(60)
            asked = [*STREAMS, ("/explain", {"inputs": f"![]({data_address()})"}), ("/generate", {"inputs": "hello"})]
            refused = [one.post(route, json=request) for route, request in asked]
        finally:
            go_on.set()
        assert [response.status_code for response in refused] == [429] * 4
        assert {response.json()["error_type"] for response in refused} == {"overloaded"}
        assert first.result(60).status_code == 200
        assert one.post("/generate", json={"inputs": "hello"}).status_code == 424, "what is done waits no more"


def test_chat_stream_is_closed_by_done(client: TestClient) -> None:
    request = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 3, "stream": True}
    assert client.post("/v1/chat/completions", json=request).text.rstrip().endswith("data: [DONE]")


@pytest.mark.parametrize(
    ("inputs", "parameters", "says"),
    [
        ("", {}, "inputs"),
        ("![](http://127.0.0.1/lesion.jpg)", {}, "data:image"),
        ("![](data:image/png;base64,AAAA)", {}, "cannot be read"),
        ("look at <image>", {}, "<image>"),
        ("a " * 3000, {}, "max_new_tokens"),
        ("hello", {"max_new_tokens": 100_000}, "max_new_tokens"),
        ("hello", {"grammar": {"type": "json"}}, "grammar"),
        ("hello", {"temperature": -1}, "temperature"),
        ("hello", {"best_of": 2}, "best_of"),
        ("hello", {"watermark": True}, "watermark"),
        ("hello", {"seed": 2**64}, "seed"),
        (f"![](data:image/png;base64,{CUT})", {}, "cannot be read"),
        ("![](data:image/png;base64,AAAA)" * 9, {}, "9 pictures are too many"),
    ],
)
def test_what_cannot_be_answered_gets_422_and_the_reason(
    client: TestClient, inputs: str, parameters: dict[str, object], says: str
) -> None:
    response = client.post("/generate", json={"inputs": inputs, "parameters": parameters})
    assert response.status_code == 422
    assert response.json()["error_type"] == "validation"
    assert says in response.json()["error"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("tools", [{"type": "function"}]),
        ("response_format", {"type": "json_object"}),
        ("frequency_penalty", 0.5),
        ("presence_penalty", 0.5),
        ("stream_options", {"include_usage": True}),
        ("seed", 2**64),
    ],
)
def test_chat_refuses_by_name_what_it_has_not(client: TestClient, option: str, value: object) -> None:
    request = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    response = client.post("/v1/chat/completions", json=request | {option: value})
    assert response.status_code == 422
    assert option in response.json()["error"]
    blank = {"logprobs": None, "frequency_penalty": 0.0, "stream_options": {"include_usage": False}, option: None}
    assert client.post("/v1/chat/completions", json=request | blank).status_code == 200


def test_the_largest_seed_draws_the_same_again(client: TestClient) -> None:
    request = {"inputs": "hello", "parameters": {"max_new_tokens": 6, "do_sample": True, "seed": 2**64 - 1}}
    one, two = (client.post("/generate", json=request).json()["generated_text"] for _ in range(2))
    assert one == two


def test_a_photo_held_sideways_is_read_upright(client: TestClient) -> None:
    upright = drawn_lesion((90, 50, 40)).crop((0, 20, 120, 80))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    sideways = upright.transpose(Image.Transpose.ROTATE_90)
    addresses = (png_address(upright), png_address(sideways, exif=exif))
    one, two = (client.post("/generate", json=choice_request(address)).json()["details"] for address in addresses)
    assert one == two


def test_other_requests_are_answered_while_a_picture_is_decoded(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    def slow(*_: object, **__: object) -> Image.Image:
        begun.set()
        assert go_on.wait(30), "nothing else was answered meanwhile"
        return drawn_lesion((90, 50, 40))

    monkeypatch.setattr(prompts, "open_picture", slow)
    with ThreadPoolExecutor(1) as pool:
        picture = pool.submit(client.post, "/generate", json=choice_request(data_address()))
        assert begun.wait(60)
        assert client.get("/health").status_code == 200
        go_on.set()
        assert picture.result(60).status_code == 200


@pytest.mark.parametrize("body", [b"x" * 2_000_001, (b"x" * 1_000 for _ in range(2_001))], ids=["whole", "in chunks"])
def test_a_huge_payload_gets_413(client: TestClient, body: bytes | Iterator[bytes]) -> None:
    response = client.post("/generate", content=body)
    assert response.status_code == 413
    assert response.json()["error_type"] == "validation"


def test_state_routes(client: TestClient) -> None:
    assert client.get("/health").status_code == 200
    info = client.get("/info").json()
    assert info["max_total_tokens"] == 512
    assert len(info["model_sha"]) == 64
    assert client.get("/v1/models").json()["data"][0]["id"] == info["model_id"]
    assert "tgi_request_count" in client.get("/metrics").text


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=80))
def test_any_words_get_an_answer_or_a_reason(client: TestClient, words: str) -> None:
    response = client.post("/generate", json={"inputs": words, "parameters": {"max_new_tokens": 1}})
    assert response.status_code in (200, 422)
    assert ("generated_text" in response.json()) == (response.status_code == 200)
