"""Where the library keeps its data and finds its servers; read from the environment, prefix `SKINGPT_`."""

from pathlib import Path

from pydantic import Field, field_validator

from knowledge.readership import LANGUAGE_TAG, Readership
from room_settings import RoomSettings

BUNDLED_MODEL = "all-MiniLM-L6-v2"


class KnowledgeSettings(RoomSettings):
    """The library's settings: `SKINGPT_DATA`, `SKINGPT_KNOWLEDGE_URL`, `SKINGPT_CHROMA_URL` and so on.

    `embedding_model` is the bundled model's name or a folder that sentence-transformers can load. It is part
    of the key under which vectors are remembered: after a change, run `./run knowledge rebuild`.
    """

    data: Path = Path(__file__).resolve().parents[1] / "var"
    knowledge_url: str | None = None
    chroma_url: str = "http://127.0.0.1:8771"
    embedder_url: str = "http://127.0.0.1:8772"
    embedding_model: str = BUNDLED_MODEL
    migrate: bool = True
    """Whether every process upgrades the tables when it opens them; set to no where several machines share the
    database, and upgrade it first with `./run knowledge migrate`.
    """
    library_second_approver: bool = False
    """Whether somebody other than the author must approve what a person publishes."""
    library_grace_days: int = Field(default=90, ge=0)
    """Days after its review was due on which a guideline is still searched, with a warning; then it drops out."""
    library_jurisdiction: str | None = Field(default=None, pattern=r"^\S([^\r\n]*\S)?$")
    """Where the patients are, as front matter calls it: they are answered from what holds there or internationally, and
    not from what holds elsewhere.
    """
    library_language: str | None = Field(default=None, pattern=f"^{LANGUAGE_TAG.pattern}$")
    """What the patients read: they are answered from texts in it only; en also finds en-GB."""

    @field_validator("knowledge_url")
    @classmethod
    def _with_word_search(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("SKINGPT_KNOWLEDGE_URL must begin with sqlite:/// or postgresql+psycopg://")
        return url

    @property
    def database_url(self) -> str:
        """The database's address; beside the other data unless one is set."""
        return self.knowledge_url or f"sqlite:///{self.data / 'knowledge.db'}"

    @property
    def readers(self) -> Readership:
        """Whom answers are for."""
        return Readership(self.library_jurisdiction, self.library_language)
