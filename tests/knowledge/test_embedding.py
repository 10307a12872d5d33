"""The embedding server and its client speak Text Embeddings Inference's API to each other, over loopback."""

import threading
import time
from collections.abc import Iterator, Sequence

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from knowledge.embedder import Turns, embedding_server
from knowledge.embedding import BATCH, RemoteEmbedder
from knowledge.errors import EmbedderRefused, EmbedderUnavailable
from tests.knowledge.conftest import free_port
from tests.knowledge.samples import HashEmbedder

SECRET = "the words of a patient"


class HashEncoder:
    """Stands for the model; says a text of more than five words is too long."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        self.batches.append(len(texts))
        return HashEmbedder().embed(texts)

    def too_long(self, text: str) -> bool:
        return len(text.split()) > 5


def served(app: FastAPI) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture(scope="module")
def url(encoder: HashEncoder) -> Iterator[str]:
    yield from served(embedding_server(encoder))


def test_many_texts_come_back_in_order_and_in_batches(url: str, encoder: HashEncoder) -> None:
    texts = [f"text number {number}" for number in range(2 * BATCH + 3)]
    assert RemoteEmbedder(url).embed(texts) == HashEmbedder().embed(texts)
    assert encoder.batches[-3:] == [BATCH, BATCH, 3]
    assert RemoteEmbedder(url).embed([]) == []


def test_a_question_goes_before_the_batches_of_a_document_that_wait() -> None:
    turns, order, holding = Turns(), list[str](), threading.Event()

    def take(name: str, first: bool) -> None:
        with turns.taken(first=first):
            order.append(name)

    with turns.taken(first=False):
        waiting = [threading.Thread(target=take, args=(f"document {n}", False)) for n in range(3)]
        waiting.append(threading.Thread(target=take, args=("question", True)))
        for thread in waiting:
            thread.start()
        while not turns.question_waits:
            holding.wait(0.01)
    for thread in waiting:
        thread.join()
    assert order[0] == "question"
    assert sorted(order[1:]) == ["document 0", "document 1", "document 2"]


def test_health_is_told(url: str) -> None:
    assert httpx.get(f"{url}/health").status_code == 200


def test_one_text_may_be_sent_alone(url: str) -> None:
    answer = httpx.post(f"{url}/embed", json={"inputs": "itchy"})
    assert answer.json() == HashEmbedder().embed(["itchy"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"inputs": ["x"] * (BATCH + 1), "truncate": True}, 413),
        ({"inputs": [f"{SECRET} and more"], "truncate": False}, 413),
        ({"inputs": []}, 422),
        ({"inputs": {"text": SECRET}}, 422),
        ({"texts": [SECRET]}, 422),
    ],
)
def test_errors_have_the_documented_shape_and_repeat_no_words(url: str, body: object, status: int) -> None:
    answer = httpx.post(f"{url}/embed", json=body)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "error_type"}
    assert answer.json()["error_type"] == "Validation"
    assert SECRET not in answer.text


def test_a_server_that_is_down_is_named_with_the_remedy_and_without_the_words() -> None:
    with pytest.raises(EmbedderUnavailable, match=r"python -m knowledge\.embedder") as failed:
        RemoteEmbedder(f"http://127.0.0.1:{free_port()}").embed([SECRET])
    assert SECRET not in str(failed.value)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (429, {"error": "Model is overloaded", "error_type": "Overloaded"}, EmbedderUnavailable),
        (424, {"error": "Inference failed", "error_type": "Backend"}, EmbedderRefused),
        (200, {"not": "vectors"}, EmbedderRefused),
        (200, [[0.1, 0.2]], EmbedderRefused),
        (200, [[0.1], [0.1, 0.2]], EmbedderRefused),
    ],
)
def test_every_failure_of_a_server_has_its_own_error(status: int, body: object, error: type[Exception]) -> None:
    app = FastAPI()
    app.post("/embed")(lambda: JSONResponse(body, status_code=status))
    for address in served(app):
        with pytest.raises(error):
            RemoteEmbedder(address).embed(["one", "two"])


class LongestFirst:
    """Stands for the reranker: the longer the sentence, the better."""

    def scores(self, question: str, sentences: Sequence[str]) -> list[float]:
        return [float(len(each)) for each in sentences]


@pytest.fixture(scope="module")
def ranking_url() -> Iterator[str]:
    yield from served(embedding_server(HashEncoder(), LongestFirst()))


def test_sentences_are_scored_in_their_own_order(ranking_url: str) -> None:
    assert RemoteEmbedder(ranking_url).rerank("why?", ["aa", "aaaa", "a"]) == [2.0, 4.0, 1.0]


def test_ranked_sentences_come_best_first_and_as_shares_unless_raw_scores_are_wanted(ranking_url: str) -> None:
    told = httpx.post(f"{ranking_url}/rerank", json={"query": "why?", "texts": ["a", "aaa"]}).json()
    assert [each["index"] for each in told] == [1, 0]
    assert all(0 < each["score"] < 1 for each in told)


def test_a_server_that_cannot_rerank_leaves_the_sentences_unranked(url: str) -> None:
    assert RemoteEmbedder(url).rerank(SECRET, ["a"]) is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"query": SECRET, "texts": ["x"] * (BATCH + 1)}, 413),
        ({"query": SECRET, "texts": []}, 422),
        ({"texts": [SECRET]}, 422),
    ],
)
def test_what_cannot_be_ranked_is_refused_without_the_words(ranking_url: str, body: object, status: int) -> None:
    answer = httpx.post(f"{ranking_url}/rerank", json=body)
    assert answer.status_code == status and SECRET not in answer.text


@pytest.mark.parametrize("body", [{"not": "scores"}, [{"index": 1, "score": 0.5}], [{"index": 0}], ["x"]])
def test_scores_that_are_none_are_refused(body: object) -> None:
    app = FastAPI()
    app.post("/rerank")(lambda: JSONResponse(body))
    for address in served(app):
        with pytest.raises(EmbedderRefused):
            RemoteEmbedder(address).rerank("why?", ["one"])
