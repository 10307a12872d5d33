"""Settings of the playground, from the environment: SKINGPT_PLAYGROUND_PORT, _DATA, _TOKEN, …"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from room_settings import RoomSettings

HOST = "127.0.0.1"


class PlaygroundSettings(RoomSettings):
    """Where the playground listens (loopback only), what it keeps, and which bot it serves.

    `port` 0 takes any free port. `token` has Telegram's shape, `<number>:<word>`.
    """

    model_config = SettingsConfigDict(env_prefix="SKINGPT_PLAYGROUND_")

    port: int = Field(default=8765, ge=0, le=65535)
    data: Path = Path("data/playground")
    token: SecretStr = SecretStr("1:playground")
    name: str = "SkinGPT"
    username: str = "skingpt_bot"

    @field_validator("token")
    @classmethod
    def _has_telegrams_shape(cls, token: SecretStr) -> SecretStr:
        number, colon, word = token.get_secret_value().partition(":")
        if not (number.isdigit() and colon and word) or "/" in word:
            raise ValueError("SKINGPT_PLAYGROUND_TOKEN must look like 1:playground (a number, a colon, a word)")
        return token
