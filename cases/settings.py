"""Where the patient's record is kept and which key seals it: environment variables SKINGPT_DATA,
SKINGPT_CASES_URL, SKINGPT_KEY …
"""

from pathlib import Path

from pydantic import Field, SecretStr

from room_settings import RoomSettings


class CasesSettings(RoomSettings):
    """Settings of this room; without `cases_url` the database is the file `cases.db` in `data`."""

    data: Path = Path(__file__).resolve().parent.parent / "var"
    """Folder of everything that is kept."""
    cases_url: str | None = Field(default=None, repr=False)
    """SQLAlchemy address, e.g. postgresql+psycopg://user:word@host/skingpt; not shown, since it may hold a
    password.
    """
    key: SecretStr | None = None
    """32 bytes in urlsafe base64; comes before `key_file`."""
    key_file: Path = Path("~/.config/skingpt/key")
    """Holds the key where SKINGPT_KEY is unset. Keep it outside `data`, and keep a copy."""
    migrate: bool = True
    """Whether every process upgrades the tables when it opens them; set to no where several machines share the
    database, and upgrade it first with `./run cases migrate`.
    """
    retention_days: int = Field(default=365, ge=1)
    """A case untouched for so many days is erased by the daily purge."""

    @property
    def url(self) -> str:
        """The database's address."""
        return self.cases_url or f"sqlite:///{self.data.expanduser().resolve() / 'cases.db'}"
