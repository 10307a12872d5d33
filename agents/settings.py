"""Settings of the agents, from the environment (prefix `SKINGPT_`)."""

from pathlib import Path

from pydantic import Field, SecretStr

from agents.errors import SettingsIncomplete
from agents.triage import FindingThresholds
from room_settings import RoomSettings

_SQLITE = "sqlite:///"
_POSTGRES = ("postgresql", "postgresql+psycopg")


class AgentSettings(RoomSettings):
    """`llm_url` is the base address of an OpenAI-compatible API; unset, answers are quoted from the library by rule.

    Thresholds are probabilities (0 to 1). `serious_threshold`: from here a skin cancer counts as not excluded, and
    is named
    even if three other possibilities are likelier. `likely_threshold`: from here the first possibility is called
    the most likely. `standing_questions`: a file of your own questions, one a line, that are asked before and after
    each change of the library, beside those shipped.
    """

    data: Path = Path("var")
    memory_url: str | None = Field(default=None, repr=False)
    standing_questions: Path | None = None
    emergency_number: str = Field(default="112", pattern=r"^[0-9+ ]{2,16}$")

    llm_url: str | None = None
    llm_model: str | None = None
    llm_key: SecretStr | None = None
    llm_timeout: float = Field(default=60.0, gt=0)

    melanoma_threshold: float = Field(default=FindingThresholds().melanoma, ge=0, le=1)
    urgent_malignant_threshold: float = Field(default=FindingThresholds().urgent_malignant, ge=0, le=1)
    bcc_threshold: float = Field(default=FindingThresholds().bcc, ge=0, le=1)
    actinic_keratosis_threshold: float = Field(default=FindingThresholds().actinic_keratosis, ge=0, le=1)
    serious_threshold: float = Field(default=0.04, ge=0, le=1)
    possible_threshold: float = Field(default=0.10, ge=0, le=1)
    likely_threshold: float = Field(default=0.60, ge=0, le=1)

    @property
    def thresholds(self) -> FindingThresholds:
        """What the findings must reach to raise the urgency."""
        return FindingThresholds(
            melanoma=self.melanoma_threshold,
            urgent_malignant=self.urgent_malignant_threshold,
            bcc=self.bcc_threshold,
            actinic_keratosis=self.actinic_keratosis_threshold,
        )

    @property
    def memory_path(self) -> Path:
        """The file of the agent's memory. SettingsIncomplete: `SKINGPT_MEMORY_URL` is not a SQLite address."""
        if self.memory_url is None:
            return self.data / "memory.db"
        if not self.memory_url.startswith(_SQLITE):
            raise SettingsIncomplete(
                "SKINGPT_MEMORY_URL must start with sqlite:/// or postgresql:// – or leave it out for a file."
            )
        return Path(self.memory_url.removeprefix(_SQLITE))

    @property
    def memory_server(self) -> str | None:
        """libpq's address of the Postgres database that holds the memory; None where a file does."""
        scheme, separator, rest = (self.memory_url or "").partition("://")
        return f"postgresql://{rest}" if separator and scheme in _POSTGRES else None
