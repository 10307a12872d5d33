"""Settings of the local house, from the environment (SKINGPT_*): data folder, key, wished-for ports."""

from pathlib import Path

from pydantic import Field, SecretStr

from room_settings import RoomSettings

ROOT = Path(__file__).resolve().parent.parent
"""The folder the rooms lie in; every part is started here."""


class LocalSettings(RoomSettings):
    """Data folder, key, and the port each part asks for; a port that is taken is replaced by a free one."""

    data: Path = ROOT / "var"
    key: SecretStr | None = None
    key_file: Path = Path("~/.config/skingpt/key")
    telegram_token: SecretStr | None = None
    """With a token the bot talks to Telegram, and no playground is started."""

    playground_port: int = Field(default=8765, ge=0, le=65535)
    clinic_port: int = Field(default=8766, ge=0, le=65535)
    chroma_port: int = Field(default=8771, ge=0, le=65535)
    embedder_port: int = Field(default=8772, ge=0, le=65535)
    model_port: int = Field(default=8773, ge=0, le=65535)
    broker_port: int = Field(default=8774, ge=0, le=65535)

    metrics_port: int = Field(default=8780, ge=0, le=65500)
    """The first of eight ports for metrics, see `local.addresses.MEASURED`."""

    chroma_url: str | None = None
    embedder_url: str | None = None
    model_url: str | None = None
    broker_url: str | None = None
    playground_url: str | None = None
    """Where one of these five is set, that server runs elsewhere and is not started here."""

    disk_free_mb: int = Field(default=2000, gt=0)
    disk_free_inodes: int = Field(default=10_000, gt=0)
    """Room on the disk below which `./run doctor` warns; below a tenth of it, it calls the disk full."""

    start_seconds: float = Field(default=180, gt=0)
    """Longest wait for one part to come up."""
    hang_seconds: float = Field(default=60, gt=0)
    """A part that answered before and has not for so long is killed and started again."""
    stop_seconds: float = Field(default=25, gt=0)
    """Longest wait for a part to finish what it is doing; then it is killed."""

    @property
    def folder(self) -> Path:
        """The data folder, absolute."""
        return self.data.expanduser().resolve()
