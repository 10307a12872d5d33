"""One picture with what is known about it: the record every data set is read into."""

from dataclasses import dataclass
from pathlib import Path

from conditions import Domain


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What the patient or the record says; None where nothing was recorded.

    The signs are PAD-UFES-20's anamnesis columns. Columns that are blank by diagnosis there (smoking, gender,
    diameter, skin type) are left out: a model that reads a blank reads the label.
    """

    age: int | None = None
    region: str | None = None
    itch: bool | None = None
    grew: bool | None = None
    hurt: bool | None = None
    changed: bool | None = None
    bleed: bool | None = None
    elevation: bool | None = None


@dataclass(frozen=True, slots=True)
class LesionRecord:
    """A picture of one lesion. `group` is the patient or the lesion: a group never lies in two splits."""

    path: Path
    choice: str
    domain: Domain
    group: str
    split: str
    facts: PatientFacts
    cutout: bool = False
