"""The server answers TGI's routes in TGI's shapes, and refuses in TGI's error form."""

import base64
import io
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions import CHOICE_QUESTION, CHOICES, QUESTIONS, Domain, prompt
from model.network import SkinGPT
from model.server.app import build_app
from model.server.contract import GenerateParameters
from model.server.engine import Engine, Job
from model.server.prompts import prompt_of_inputs
from model.settings import ModelSettings
from tests.model.conftest import drawn_lesion


@pytest.fixture(scope="module")
def client(weights: Path) -> Iterator[TestClient]:
    with TestClient(build_app(ModelSettings(weights=weights)), raise_server_exceptions=False) as client:
        yield client


def data_address(colour: tuple[int, int, int] = (90, 50, 40)) -> str:
    content = io.BytesIO()
    drawn_lesion(colour).save(content, "JPEG")
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"


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
    ],
)
def test_what_cannot_be_answered_gets_422_and_the_reason(
    client: TestClient, inputs: str, parameters: dict[str, object], says: str
) -> None:
    response = client.post("/generate", json={"inputs": inputs, "parameters": parameters})
    assert response.status_code == 422
    assert response.json()["error_type"] == "validation"
    assert says in response.json()["error"]


def test_a_huge_payload_gets_413(client: TestClient) -> None:
    response = client.post("/generate", content=b"x" * 2_000_001)
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
