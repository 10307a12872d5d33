"""The client of the vision model: TGI's HTTP API (``POST /generate``, ``GET /info``), whatever serves it.

`huggingface_hub.InferenceClient` is TGI's maintained client; it has no retries and its own zoo of errors, so
both are handled here. API: contract ``tgi-openapi.json`` of Text Generation Inference 3.3.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx2
from huggingface_hub import InferenceClient, TextGenerationOutput
from huggingface_hub.errors import OfflineModeIsEnabled

from cases.record import Findings, History
from conditions import CHOICE_QUESTION, QUESTIONS
from worker import metrics
from worker.errors import (
    ModelBusy,
    ModelError,
    ModelFailed,
    ModelNonsense,
    ModelRefused,
    ModelSlow,
    ModelUnavailable,
)
from worker.explanation import Explanation
from worker.picture import jpeg_for_model
from worker.prompt import facts, plain, prompt
from worker.readout import Token, View, abstention, combine, differential, read_view, sentences
from worker.settings import WorkerSettings

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")

_TOP_TOKENS = 16
_PROSE_TOKENS = 120
_LONGEST_WAIT = 20.0
"""Seconds between two tries at most, whatever the server asks for: the sweep comes back later."""


class Endpoint:
    """The vision model behind an address; implements `agents.vision.VisionModel`. Safe to share between
    threads.
    """

    def __init__(self, settings: WorkerSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        """Connects to nothing yet. `sleep` is what waits between two tries."""
        base = settings.model_url.rstrip("/")
        self._base = base
        self._settings = settings
        self._sleep = sleep
        self._client = InferenceClient(
            f"{base}/generate",
            provider="hf-inference",
            api_key=settings.model_key,
            timeout=settings.worker_model_seconds,
        )
        self._explanation = Explanation(base, settings.model_key, settings.worker_model_seconds)
        self._model: str | None = None

    def examine(self, photos: Sequence[bytes], history: History) -> Findings:
        """Ask the choice question of every photo and the paper's first two questions of the first.

        Raises:
            ModelError: no usable answer after all tries.
            PhotoUnreadable: a photo cannot be decoded.
            ValueError: `photos` is empty.
        """
        if not photos:
            raise ValueError("A case without photos has nothing to examine.")
        started = time.monotonic()
        known = facts(history)
        jpegs = [jpeg_for_model(photo) for photo in photos]
        view = combine([self._choose(jpeg, known) for jpeg in jpegs])
        ranked = differential(view.probabilities)
        reason = abstention(ranked, self._settings.worker_sureness)
        description = self._say(jpegs[0], known, QUESTIONS[0])
        concepts = sentences(self._say(jpegs[0], known, QUESTIONS[1]))
        return Findings(
            domain=view.domain,
            description=description,
            concepts=concepts,
            differential=ranked,
            abstained=reason is not None,
            reason=reason,
            model=self._model_name(),
            seconds=round(time.monotonic() - started, 3),
        )

    def ask(self, photo: bytes, question: str) -> str:
        """Ask one question about one photo; the model's words, possibly empty.

        Raises:
            ModelError: no usable answer after all tries.
            PhotoUnreadable: the photo cannot be decoded.
        """
        return self._say(jpeg_for_model(photo), "", plain(question))

    def can_explain(self) -> bool:
        """Whether the model can show what it looked at. Never raises: where it cannot be asked, it cannot."""
        return self._explanation.is_offered()

    def explain(self, photo: bytes) -> bytes:
        """The photo with what the model looked at, a JPEG.

        Raises:
            ModelError: no usable answer after all tries; ModelRefused where the model has no such route.
            PhotoUnreadable: the photo cannot be decoded.
        """
        jpeg = jpeg_for_model(photo)
        return self._with_tries(lambda: self._explanation.overlay(jpeg))

    def _choose(self, jpeg: bytes, known: str) -> View:
        text = prompt(jpeg, known, CHOICE_QUESTION)
        answer = self._with_tries(lambda: self._generate(text, 2, top_n_tokens=_TOP_TOKENS))
        return read_view(*_tokens(answer))

    def _say(self, jpeg: bytes, known: str, question: str) -> str:
        text = prompt(jpeg, known, question)
        answer = self._with_tries(lambda: self._generate(text, _PROSE_TOKENS, stop=["###"]))
        if not isinstance(answer.generated_text, str):
            raise ModelNonsense("The model's answer has no generated_text.")
        return " ".join(answer.generated_text.split("###")[0].split())

    def _generate(
        self,
        text: str,
        max_new_tokens: int,
        *,
        top_n_tokens: int | None = None,
        stop: list[str] | None = None,
    ) -> TextGenerationOutput:
        return self._client.text_generation(
            text,
            details=True,
            stream=False,
            do_sample=False,
            max_new_tokens=max_new_tokens,
            top_n_tokens=top_n_tokens,
            stop=stop,
        )

    def _model_name(self) -> str:
        if self._model is None:
            info = self._with_tries(lambda: self._client.get_endpoint_info(model=self._base))
            self._model = str(info.get("model_id") or "unnamed")
        return self._model

    def _with_tries(self, ask: Callable[[], _Answer]) -> _Answer:
        for attempt in range(1, self._settings.worker_model_tries + 1):
            try:
                with metrics.MODEL_CALLS.time():
                    return _mapped(ask)
            except ModelError as error:
                metrics.MODEL_ERRORS.labels(type(error).__name__).inc()
                if not error.worth_retrying or attempt == self._settings.worker_model_tries:
                    raise
                wait = self._wait(attempt, error)
                _log.info("model try %d: %s; again in %.1f s", attempt, type(error).__name__, wait)
                metrics.MODEL_RETRIES.inc()
                self._sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    def _wait(self, attempt: int, error: ModelError) -> float:
        """Doubling, with up to half as much again at random so that workers do not come back all at once."""
        backoff = self._settings.worker_backoff_seconds * 2.0 ** (attempt - 1) * (1 + random.random() / 2)
        return min(_LONGEST_WAIT, max(backoff, error.retry_after or 0.0))


def _tokens(answer: TextGenerationOutput) -> tuple[list[Token], list[list[Token]]]:
    try:
        details = answer.details
        if details is None or details.top_tokens is None:
            raise ModelNonsense("The model's answer has no details.top_tokens: start it with --max-top-n-tokens 16.")
        return [_token(each) for each in details.tokens], [
            [_token(each) for each in place] for place in details.top_tokens
        ]
    except (TypeError, AttributeError, KeyError, ValueError):
        raise ModelNonsense("The tokens of the model's answer do not keep the contract.") from None


def _token(token: Mapping[str, Any]) -> Token:
    """A token of the client, which leaves the ones in lists of lists as plain dicts; its own type is a dict as well."""
    return Token(str(token["text"]), float(token["logprob"]))


def _mapped(ask: Callable[[], _Answer]) -> _Answer:
    """Run `ask`, every error of the client turned into ours. The causes are cut off: they hold the request,
    so the photo.
    """
    try:
        return ask()
    except (httpx2.HTTPError, OfflineModeIsEnabled) as error:
        raise _error_of(error) from None
    except (LookupError, TypeError, AttributeError, ValueError):
        raise ModelNonsense("The model's answer is not the JSON of the contract.") from None


def _error_of(error: Exception) -> ModelError:
    status, headers = _status(error)
    if status is None and _is_slow(error):
        return ModelSlow("The model did not answer in time (SKINGPT_WORKER_MODEL_SECONDS): see what it is busy with.")
    if status is None:
        return ModelUnavailable("The model does not answer: is it running at SKINGPT_MODEL_URL?")
    if status == 429:
        return ModelBusy("The model is overloaded (HTTP 429).", _seconds(headers.get("retry-after")))
    if status in (502, 503, 504):
        return ModelUnavailable(f"The model is not available (HTTP {status}).", _seconds(headers.get("retry-after")))
    if status == 424 or status >= 500:
        return ModelFailed(f"The model broke off its answer (HTTP {status}): see the model server's log.")
    return ModelRefused(f"The model refused the request (HTTP {status}): does it speak TGI's API and take images?")


def _is_slow(error: Exception) -> bool:
    """The request was taken, the answer did not come; a connection that could not be made in time is no such case."""
    cause = error.__cause__ or error
    return isinstance(cause, httpx2.TimeoutException) and not isinstance(cause, httpx2.ConnectTimeout)


def _status(error: Exception) -> tuple[int | None, httpx2.Headers]:
    """The HTTP status behind an error of the client; TGI's own errors keep the response on their cause."""
    for candidate in (error, error.__cause__):
        response = getattr(candidate, "response", None)
        if isinstance(response, httpx2.Response):
            return response.status_code, response.headers
    return None, httpx2.Headers()


def _seconds(header: str | None) -> float | None:
    return float(header) if header is not None and header.isdecimal() else None
