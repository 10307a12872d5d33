"""What can go wrong in the playground.

PlaygroundError
├── BotApiError            the bot asked for something impossible; answered as Telegram answers it
│   ├── BadRequest         400
│   ├── Unauthorized       401
│   ├── Forbidden          403
│   ├── UnknownMethod      404
│   └── Conflict           409
├── PatientError           the page (or a test's patient) asked for something impossible
└── NoAnswerError          a patient waited for the bot in vain
"""

from __future__ import annotations

from local.playground.wire import Json


class PlaygroundError(Exception):
    """Base of every error of this room."""


class BotApiError(PlaygroundError):
    """An unsuccessful call of the Bot API (https://core.telegram.org/bots/api#making-requests).

    Args:
        code: the HTTP status, repeated as `error_code`.
        description: Telegram's sentence, without the leading "Bad Request: " and the like.
        parameters: `ResponseParameters`, for example `{"retry_after": 3}`.
    """

    code = 400
    prefix = ""

    def __init__(self, description: str, *, code: int | None = None, parameters: Json | None = None) -> None:
        super().__init__(f"{self.prefix}{description}")
        self.code = self.code if code is None else code
        self.description = f"{self.prefix}{description}"
        self.parameters = parameters


class BadRequest(BotApiError):
    """400: a parameter is missing, malformed or refers to nothing."""

    prefix = "Bad Request: "


class Unauthorized(BotApiError):
    """401: the token belongs to no bot of this server."""

    code = 401


class Forbidden(BotApiError):
    """403: the user blocked the bot."""

    code = 403
    prefix = "Forbidden: "


class UnknownMethod(BotApiError):
    """404: no such method, or a malformed token."""

    code = 404


class Conflict(BotApiError):
    """409: two ways of receiving updates at once."""

    code = 409
    prefix = "Conflict: "


class PatientError(PlaygroundError):
    """A request of the chat page that cannot be done; `status` is the HTTP status."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class NoAnswerError(PlaygroundError):
    """The bot did not answer a patient in the time allowed."""
