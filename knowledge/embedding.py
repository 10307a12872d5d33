"""Turns text into vectors: what the library expects of an embedder, and the client of the embedding server.

The server speaks the API of Text Embeddings Inference
(https://huggingface.github.io/text-embeddings-inference/): `knowledge.embedder` on one machine, TEI itself
where there are many.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx

from knowledge.errors import EmbedderRefused, EmbedderUnavailable

BATCH = 32
"""Texts in one request: TEI's default for --max-client-batch-size."""

_TIMEOUT = httpx.Timeout(60.0, connect=3.0)


class Embedder(Protocol):
    """Anything that turns texts into vectors of one length, the same text always into the same vector.

    Some also tell how well sentences answer a question.
    """

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in order. Raises EmbedderUnavailable or EmbedderRefused."""
        ...

    def rerank(self, question: str, sentences: Sequence[str]) -> list[float] | None:
        """One score per sentence, compared within one question; None where there is no model for it.

        Raises EmbedderUnavailable or EmbedderRefused.
        """
        ...


class RemoteEmbedder:
    """Asks the embedding server at `url`. Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        # A proxy from the environment must never see a patient's words.
        self._client = httpx.Client(timeout=_TIMEOUT, trust_env=False)

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in order. Raises EmbedderUnavailable or EmbedderRefused."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            vectors.extend(self._embed_batch(texts[start : start + BATCH]))
        return vectors

    def rerank(self, question: str, sentences: Sequence[str]) -> list[float] | None:
        """One score per sentence, at most BATCH of them; None where the server has no model for it.

        Raises EmbedderUnavailable or EmbedderRefused.
        """
        body = {"query": question, "texts": list(sentences), "truncate": True, "raw_scores": True}
        answer = self._post("rerank", body)
        if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.FAILED_DEPENDENCY):
            return None
        return self._scores(self._taken(answer), len(sentences))

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _embed_batch(self, texts: Sequence[str]) -> list[list[float]]:
        answer = self._taken(self._post("embed", {"inputs": list(texts), "truncate": True}))
        return self._vectors(answer, len(texts))

    def _post(self, path: str, body: Mapping[str, object]) -> httpx.Response:
        try:
            return self._client.post(f"{self._url}/{path}", json=body)
        except httpx.HTTPError as error:
            problem = f"the embedding server at {self._url} does not answer ({type(error).__name__})"
            raise EmbedderUnavailable(f"{problem}; start it with: python -m knowledge.embedder") from error

    def _taken(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in (429, 503):
            raise EmbedderUnavailable(f"the embedding server at {self._url} is overloaded; try again later")
        if answer.status_code != httpx.codes.OK:
            raise EmbedderRefused(f"the embedding server at {self._url} answered {answer.status_code}; see its log")
        return answer

    def _scores(self, answer: httpx.Response, count: int) -> list[float]:
        try:
            ranked: Any = answer.json()
            found = {int(each["index"]): float(each["score"]) for each in ranked}
            return [found[at] for at in range(count)]
        except (ValueError, TypeError, KeyError) as error:
            raise EmbedderRefused(f"{self._url} did not answer with a score for each sentence; see its log") from error

    def _vectors(self, answer: httpx.Response, count: int) -> list[list[float]]:
        try:
            vectors: Any = answer.json()
            found = [[float(number) for number in vector] for vector in vectors]
        except (ValueError, TypeError) as error:
            raise EmbedderRefused(f"{self._url} did not answer with vectors; is it an embedding server?") from error
        if len(found) != count or len({len(vector) for vector in found}) > 1:
            raise EmbedderRefused(f"{self._url} answered {len(found)} vectors for {count} texts; see its log")
        return found
