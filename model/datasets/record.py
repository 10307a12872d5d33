"""One picture with what is known about it: the record every data set is read into."""

from dataclasses import dataclass, field
from pathlib import Path

from conditions import CHOICES, CONDITIONS, Domain


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
class SkinRecord:
    """A picture of skin.

    `slug` is the condition (of `conditions.CONDITIONS`, or None where the set names only a class), `disease_class` one
    of the paper's classes. `group` is the patient or the lesion: a group must not lie in two splits. `concepts` are
    SKINCON's, as annotated in this very picture. `skin_type` (Fitzpatrick, 1–6) is for judging, never for learning.
    """

    path: Path
    slug: str | None
    domain: Domain
    group: str
    split: str
    facts: PatientFacts = field(default_factory=PatientFacts)
    disease_class: str | None = None
    concepts: tuple[str, ...] = ()
    notes: str = ""
    skin_type: int | None = None
    cutout: bool = False

    @property
    def choice(self) -> str | None:
        """What the model should answer to the choice question; None for a kind it cannot answer with."""
        return self.slug if self.slug in CHOICES else None

    @property
    def class_name(self) -> str | None:
        """The paper's class."""
        return self.disease_class or (CONDITIONS[self.slug].disease_class if self.slug in CONDITIONS else None)


@dataclass(frozen=True, slots=True)
class Fault:
    """A row or a file that could not be used: where it is and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a data set gave: the records that can be used, and what could not be."""

    records: tuple[SkinRecord, ...]
    faults: tuple[Fault, ...] = ()

    def of(self, split: str) -> tuple[SkinRecord, ...]:
        """The records of one split."""
        return tuple(record for record in self.records if record.split == split)
