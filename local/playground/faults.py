"""Faults on request: the next calls of a method fail, wait, or succeed without the bot learning of it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from local.playground.errors import BotApiError

_DESCRIPTIONS = {
    400: "Bad Request: fault on request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    429: "Too Many Requests: retry after {retry_after}",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


class Fault(BaseModel):
    """What shall go wrong.

    Attributes:
        method: name of the Bot API method, or "*" for every method.
        times: how many calls it hits.
        code: HTTP status of the failure; without one the calls are only delayed.
        retry_after: seconds, sent as `parameters.retry_after`.
        delay: seconds to wait before the call is done.
        when: "before" does nothing and fails; "after" does the call, then fails: what a bot sees when the
            answer is lost.
        chat_id: hit only calls that name this chat.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str = Field(min_length=1)
    times: int = Field(default=1, ge=1)
    code: int | None = Field(default=None, ge=400, le=599)
    description: str | None = None
    retry_after: int | None = Field(default=None, ge=1)
    delay: float = Field(default=0.0, ge=0, le=600)
    when: Literal["before", "after"] = "before"
    chat_id: int | None = None

    def as_error(self) -> BotApiError | None:
        """The error the bot gets, or None for a mere delay."""
        if self.code is None:
            return None
        template = self.description or _DESCRIPTIONS.get(self.code, "Internal Server Error")
        description = template.replace("{retry_after}", str(self.retry_after or 1))
        retry_after = self.retry_after or (1 if self.code == 429 else None)
        parameters = None if retry_after is None else {"retry_after": retry_after}
        return BotApiError(description, code=self.code, parameters=parameters)

    def hits(self, method: str, chat_id: int | None) -> bool:
        """Whether a call is one of those meant."""
        fits_method = self.method == "*" or self.method.lower() == method.lower()
        return fits_method and self.chat_id in (None, chat_id)


class Faults:
    """The faults still to happen, oldest first."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault happen to the next calls it fits."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._waiting.clear()

    def waiting(self) -> list[Fault]:
        """What is still to happen."""
        return list(self._waiting)

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """The fault that hits this call, if any; it has then happened once."""
        for position, fault in enumerate(self._waiting):
            if fault.hits(method, chat_id):
                if fault.times > 1:
                    self._waiting[position] = fault.model_copy(update={"times": fault.times - 1})
                else:
                    del self._waiting[position]
                return fault
        return None
