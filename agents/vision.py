"""What this room needs of the vision model. The implementation talks HTTP and comes in as an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from agents.body_place import UNTOLD, Place
from agents.errors import VisionUnavailable
from cases.record import Case, Findings, History


class VisionModel(Protocol):
    """Looks at photos (JPEG bytes). Raises `agents.errors.VisionUnavailable` when it cannot be asked."""

    def examine(self, photos: Sequence[bytes], history: History) -> Findings:
        """The findings of all photos of one case together."""

    def ask(self, photo: bytes, question: str) -> str:
        """The model's own words on one photo: not advice, and never shown as a fact."""


class NoVision:
    """Stands in for the vision model where no photo is looked at."""

    def examine(self, photos: Sequence[bytes], history: History) -> Findings:
        """Raises VisionUnavailable."""
        raise VisionUnavailable("no vision model is at hand here")

    def ask(self, photo: bytes, question: str) -> str:
        """Raises VisionUnavailable."""
        raise VisionUnavailable("no vision model is at hand here")


class PhotoSource(Protocol):
    """Fetches one photo of a case, decrypted, by its id."""

    def __call__(self, photo_id: int) -> bytes:
        """The photo's bytes."""


@dataclass(frozen=True, slots=True)
class EarlierPhoto:
    """A photo that the patient sent before, and the place that was told for it: of the same spot or of another."""

    photo_id: int
    day: date
    place: Place = UNTOLD


class EarlierPhotos(Protocol):
    """Finds the patient's photos of earlier cases, whichever spots they show."""

    def __call__(self, case: Case) -> Sequence[EarlierPhoto]:
        """The first photo of each case that is not called a rash, the newest first."""
