"""What can go wrong in the worker.

* WorkerError
  * ModelError (an `agents.errors.VisionUnavailable` too: the agent's tool meets it)
    * ModelBusy         – the model has too many requests (HTTP 429); `retry_after` says when to come back
    * ModelUnavailable  – nobody answers at the model's address (no connection, HTTP 502-504)
    * ModelSlow         – the model took the request and did not answer in time
    * ModelFailed       – the model broke off an answer (HTTP 424, 500)
    * ModelRefused      – the model does not accept the request (other HTTP 4xx); asking again does not help
    * ModelNonsense     – the answer is not what the contract promises
  * PhotoUnreadable     – a stored photo cannot be decoded

Messages name what happened and what to do; they never hold a patient's words or photo.
"""

from agents.errors import VisionUnavailable


class WorkerError(Exception):
    """Base of everything the worker raises."""


class ModelError(WorkerError, VisionUnavailable):
    """The vision model gave no usable answer. `retry_after`: seconds the server asked for, if it did."""

    worth_retrying = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        """`message`: what happened and what to do."""
        super().__init__(message)
        self.retry_after = retry_after


class ModelBusy(ModelError):
    """The model is overloaded."""


class ModelUnavailable(ModelError):
    """The model cannot be reached."""


class ModelSlow(ModelError):
    """The model did not answer in time: it is overloaded, or this photo is too much for it."""


class ModelFailed(ModelError):
    """The model started an answer and broke off."""


class ModelRefused(ModelError):
    """The model does not accept this request."""

    worth_retrying = False


class ModelNonsense(ModelError):
    """The answer does not keep the contract."""

    worth_retrying = False


class PhotoUnreadable(WorkerError, VisionUnavailable):
    """A photo in the record cannot be decoded."""
