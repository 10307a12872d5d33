"""What this room needs of the vision model. The implementation talks HTTP and comes in as an argument."""

from collections.abc import Sequence
from typing import Protocol

from cases.record import Findings, History


class VisionModel(Protocol):
    """Looks at photos (JPEG bytes). Raises `agents.errors.VisionUnavailable` when it cannot be asked."""

    def examine(self, photos: Sequence[bytes], history: History) -> Findings:
        """The findings of all photos of one case together."""

    def ask(self, photo: bytes, question: str) -> str:
        """The model's own words on one photo: not advice, and never shown as a fact."""


class PhotoSource(Protocol):
    """Fetches one photo of a case, decrypted, by its id."""

    def __call__(self, photo_id: int) -> bytes:
        """The photo's bytes."""
