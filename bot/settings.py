"""The bot's settings, each an environment variable ``SKINGPT_<NAME>``."""

import re
from functools import cached_property
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.errors import SettingsInvalid
from room_settings import RoomSettings

PLAYGROUND_TOKEN = "1:playground"
"""The playground's default token: no secret, it listens on loopback only."""


class BotSettings(RoomSettings):
    """Which bot this is, who may use it, and how it speaks. Without a token it talks to the playground."""

    telegram_token: SecretStr | None = None
    telegram_allowed: str = ""
    """User ids that may use the bot while no clinician is named, separated by commas."""
    clinician: str | None = None
    """Name of the responsible clinician; opens the bot to everyone."""
    bot_api: str = "http://127.0.0.1:8765"
    """Base address of the Bot API where no token is set: the playground."""
    playground_token: SecretStr = SecretStr(PLAYGROUND_TOKEN)
    webhook_url: str | None = None
    """Public address to which Telegram brings updates; without one the bot asks for them (long polling)."""
    webhook_listen: str = Field(default="127.0.0.1:8443", pattern=r"^(\S+):\d{1,5}$")
    webhook_secret: SecretStr | None = None
    """What Telegram sends along with every update, to prove that it is Telegram."""
    emergency_number: str = Field(default="112", pattern=r"^[0-9+ ]{2,20}$")
    album_seconds: float = Field(default=1.4, ge=0)
    """Quiet time after which an album counts as complete."""
    outbox_seconds: float = Field(default=0.5, gt=0)
    """Pause between two looks for messages that are due."""
    progress_seconds: float = Field(default=2.0, gt=0)
    """Pause between two looks at the queue places of waiting cases (Telegram: an edit every 1.5 s at most).
    """

    @field_validator("telegram_allowed")
    @classmethod
    def _ids(cls, value: str) -> str:
        if not all(part.strip().isdecimal() for part in value.split(",") if part.strip()):
            raise ValueError("SKINGPT_TELEGRAM_ALLOWED must be user ids separated by commas, e.g. 1234,5678")
        return value

    @model_validator(mode="after")
    def _webhook_is_safe(self) -> Self:
        if self.webhook_url is None:
            return self
        parts = urlsplit(self.webhook_url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("SKINGPT_WEBHOOK_URL must begin with https:// (http only on this machine)")
        if parts.path in ("/health", "/ready"):
            raise ValueError("SKINGPT_WEBHOOK_URL needs another path: /health and /ready are taken")
        if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", self.webhook_secret_text):
            raise ValueError("SKINGPT_WEBHOOK_SECRET must be 16 to 256 of A-Z a-z 0-9 _ -, and set with the address")
        return self

    @property
    def webhook_secret_text(self) -> str:
        """The secret; empty where none is set."""
        return self.webhook_secret.get_secret_value() if self.webhook_secret else ""

    @cached_property
    def allowed(self) -> frozenset[int]:
        """The user ids of `telegram_allowed`."""
        return frozenset(int(part) for part in self.telegram_allowed.split(",") if part.strip())

    @property
    def uses_playground(self) -> bool:
        """Whether this bot talks to the playground instead of Telegram."""
        return self.telegram_token is None

    @property
    def token(self) -> str:
        """The token in use.

        Raises:
            SettingsInvalid: it does not have Telegram's shape; the message does not repeat it.
        """
        token = (self.telegram_token or self.playground_token).get_secret_value()
        number, colon, word = token.partition(":")
        if not (number.isdecimal() and colon and word):
            raise SettingsInvalid("SKINGPT_TELEGRAM_TOKEN must look like 123456:ABC-def, as BotFather gives it.")
        return token
