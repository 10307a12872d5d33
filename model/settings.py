"""Settings of the model room: where the weights are and how the server serves them."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from room_settings import RoomSettings

MINI = Path(__file__).parent / "weights" / "skingpt-mini"


class ModelSettings(RoomSettings):
    """`SKINGPT_MODEL_*` variables. One torch thread a process: two are slower once anything else runs."""

    model_config = SettingsConfigDict(env_prefix="SKINGPT_MODEL_")

    weights: Path = MINI
    host: str = "127.0.0.1"
    port: int = Field(8773, ge=1, le=65535)
    threads: int = Field(1, ge=1)
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?)$")
    max_batch: int = Field(8, ge=1)
    max_waiting: int = Field(128, ge=1)
    cached_pictures: int = Field(256, ge=0)
