"""The training pictures of one split as arrays in memory: lesions, pasted cut-outs and made negatives.

Every picture is squashed to a square, as the image processor does when the model answers, so training and use agree.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from numpy.random import Generator, default_rng
from PIL import Image
from tqdm import tqdm

from conditions import CANNOT_TELL, CHOICES, HEALTHY_SKIN, NOT_SKIN, Domain
from model.datasets.ham10000 import read_ham10000
from model.datasets.pad_ufes_20 import read_pad_ufes_20
from model.datasets.read import read_data
from model.datasets.record import PatientFacts, Reading, SkinRecord
from model.errors import DataSetError, PictureError
from model.image_files import open_picture
from model.negatives import drawn_object, eruption, paste_cutout, skin_margin, unreadable

DOMAINS: tuple[Domain, ...] = tuple(Domain)

MOST_FAULTS = 20
"""Faults of a data set that are told one by one."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PictureSet:
    """`pixels` uint8 (N, S, S, 3); `choice` and `domain` int64 (N,), indices into CHOICES and DOMAINS.

    A choice is -1 where a data set names a condition that is none of the answers, or only a class. `facts`, `groups`
    and the annotated `concepts` go with the pictures one by one; `made` marks pictures that no camera took as they are.
    """

    pixels: npt.NDArray[np.uint8]
    choice: npt.NDArray[np.int64]
    domain: npt.NDArray[np.int64]
    facts: tuple[PatientFacts, ...]
    groups: tuple[str, ...]
    made: npt.NDArray[np.bool_]
    concepts: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.choice)

    def only(self, keep: npt.NDArray[np.bool_]) -> "PictureSet":
        """The pictures where `keep` (N,) is true."""
        at = np.flatnonzero(keep)
        return PictureSet(
            self.pixels[at],
            self.choice[at],
            self.domain[at],
            tuple(self.facts[i] for i in at),
            tuple(self.groups[i] for i in at),
            self.made[at],
            tuple(self.concepts[i] for i in at),
        )


@dataclass(frozen=True)
class Fold:
    """One of `of` parts of PAD-UFES-20's patients (train and validation together) that is held out."""

    number: int
    of: int

    def split(self, records: Sequence[SkinRecord]) -> dict[str, list[SkinRecord]]:
        """`train` and `val` (the part held out) by patient, each kind spread as evenly as it goes; no test records."""
        known = [record for record in records if record.split != "test"]
        kinds = {record.group: record.slug or "" for record in known}
        counts = Counter(kinds.values())
        ordered = sorted(kinds, key=lambda group: (counts[kinds[group]], kinds[group], group))
        held = set(ordered[self.number :: self.of])
        return {
            "train": [record for record in known if record.group not in held],
            "val": [record for record in known if record.group in held],
        }


@dataclass(frozen=True)
class _Labelled:
    image: Image.Image
    choice: str | None
    domain: Domain
    facts: PatientFacts
    group: str
    made: bool
    concepts: tuple[str, ...] = ()


def read_pictures(data: Path, split: str, side: int, *, seed: int = 0, fold: Fold | None = None) -> PictureSet:
    """The pictures of `split` under `data` (folders `pad_ufes_20`, `ham10000`, `not_skin`), `side` pixels square.

    With `fold`, the phone photos of train and validation are divided by it instead of by their own split.

    Negatives are made from the split's own photos alone, so nothing leaks from one split into another. `not_skin` has
    no validation folder: every fifth of its training photographs stands in.

    Raises:
        DataSetError: a folder is missing.
    """
    rng = default_rng([seed, *split.encode()])
    phone = usable(read_pad_ufes_20(data / "pad_ufes_20"))
    pad = fold.split(phone.records)[split] if fold else phone.of(split)
    ham = usable(read_ham10000(data / "ham10000")).of(split)
    photos = [record for record in pad if not record.cutout]
    cutouts = [record for record in pad if record.cutout]
    skins = list(_skins(photos, rng))
    rows: list[_Labelled] = [_as_taken(record) for record in tqdm([*photos, *ham], desc=f"reading {split}")]
    rows += [_as_taken(record) for folder in _more_sets(data) for record in usable(read_data(folder)).of(split)]
    rows += [_pasted(record, skins, rng) for record in cutouts]
    rows += [_negative(skin, HEALTHY_SKIN) for skin in skins]
    rows += [
        _negative(unreadable(_open(record.path), _one_of(skins, rng), rng), CANNOT_TELL)
        for record in photos
        for _ in range(2)
    ]
    rows += [
        _negative(unreadable(_open(ham[i].path), _one_of(skins, rng), rng), CANNOT_TELL, Domain.DERMOSCOPY)
        for i in rng.permutation(len(ham))[: len(photos) // 2]
    ]
    rows += [_negative(eruption(_one_of(skins, rng), rng), CANNOT_TELL) for _ in range(len(skins) * 2)]
    everyday = _everyday(data / "not_skin", split)
    rows += [_negative(_open(path), NOT_SKIN, made=False) for path in everyday]
    rows += [_negative(drawn_object(rng), NOT_SKIN) for _ in range(len(everyday) // 2)]
    return _stack(rows, side)


MORE_SETS = ("skincon", "dermnet")
"""Folders below the data folder that are read as well where their pictures are there."""


def _more_sets(data: Path) -> list[Path]:
    return [data / name for name in MORE_SETS if any((data / name).rglob("*.jpg"))]


def usable(reading: Reading) -> Reading:
    """The reading itself, once what could not be used has been told.

    Raises:
        DataSetError: nothing could be used.
    """
    for fault in reading.faults[:MOST_FAULTS]:
        log.warning("left out %s: %s", fault.where, fault.why)
    if len(reading.faults) > MOST_FAULTS:
        log.warning("left out %d more: see `skingpt data check`", len(reading.faults) - MOST_FAULTS)
    if not reading.records:
        raise DataSetError("no picture of the data set can be used: see `skingpt data check`")
    return reading


def square(image: Image.Image, side: int) -> npt.NDArray[np.uint8]:
    """The image squashed to `side` x `side`, uint8 (side, side, 3)."""
    return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC), dtype=np.uint8)


def _skins(photos: Sequence[SkinRecord], rng: Generator) -> Iterable[Image.Image]:
    for record in photos:
        margin = skin_margin(_open(record.path), rng)
        if margin is not None:
            yield margin


def _everyday(folder: Path, split: str) -> list[Path]:
    source = folder / ("test" if split == "test" else "train")
    paths = sorted(source.glob("*.jpg"))
    if not paths:
        raise DataSetError(f"{source} holds no photographs: the `not-skin` answer cannot be learned without them")
    if split == "test":
        return paths
    return [path for i, path in enumerate(paths) if (i % 5 == 0) == (split == "val")]


def _as_taken(record: SkinRecord) -> _Labelled:
    return _Labelled(
        _open(record.path), record.choice, record.domain, record.facts, record.group, False, record.concepts
    )


def _pasted(record: SkinRecord, skins: Sequence[Image.Image], rng: Generator) -> _Labelled:
    image = paste_cutout(_open(record.path), _one_of(skins, rng), rng)
    return _Labelled(image, record.choice, record.domain, record.facts, record.group, True)


def _negative(image: Image.Image, choice: str, domain: Domain = Domain.PHONE, *, made: bool = True) -> _Labelled:
    return _Labelled(image, choice, domain, PatientFacts(), "", made)


def _open(path: Path) -> Image.Image:
    try:
        return open_picture(path)
    except PictureError as error:
        raise DataSetError(f"{path} cannot be read as a picture ({error}); remove its row or restore it") from error


def _one_of(skins: Sequence[Image.Image], rng: Generator) -> Image.Image:
    skin = skins[int(rng.integers(len(skins)))].rotate(90 * int(rng.integers(4)))
    return skin.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else skin


def _stack(rows: Sequence[_Labelled], side: int) -> PictureSet:
    return PictureSet(
        pixels=np.stack([square(row.image, side) for row in rows]),
        choice=np.array([CHOICES.index(row.choice) if row.choice else -1 for row in rows], dtype=np.int64),
        domain=np.array([DOMAINS.index(row.domain) for row in rows], dtype=np.int64),
        facts=tuple(row.facts for row in rows),
        groups=tuple(row.group for row in rows),
        made=np.array([row.made for row in rows], dtype=np.bool_),
        concepts=tuple(row.concepts for row in rows),
    )
