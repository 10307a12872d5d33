"""Looks through a data set before anything is learned from it: `skingpt data check PATH`.

Four things make figures lie: a patient or a picture in two splits, kinds that are hardly there, skin types that are
missing, and a column whose blanks tell the label.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import chi2_contingency
from tqdm import tqdm

from model.datasets.read import adapter
from model.datasets.record import Fault, SkinRecord
from model.datasets.table import UNKNOWN, Row, read_table
from model.errors import MissingExtra, PictureError
from model.image_files import open_picture

ALIKE = 2
"""Two pictures are the same when at most this many of the 64 bits of their perceptual hashes differ."""

TELLING = 0.3
"""A column gives the label away when how often it is blank differs by at least this share between two labels."""

LEAST_ROWS = 8
"""Labels with fewer rows than this say nothing about a column."""

LABEL_COLUMNS = ("diagnostic", "dx", "slug", "class", "label")


@dataclass(frozen=True)
class BlankColumn:
    """A column whose blanks tell the label: how often it is blank with the label that has most, and with the fewest."""

    column: str
    most: tuple[str, float]
    fewest: tuple[str, float]


@dataclass(frozen=True)
class Check:
    """What `check` found. `kinds` and `skin_types` count pictures by split; leaks name what lies in two splits."""

    form: str
    kinds: dict[str, dict[str, int]]
    skin_types: dict[str, int]
    faults: tuple[Fault, ...]
    groups_in_two_splits: tuple[str, ...]
    same_pictures: tuple[tuple[str, str], ...]
    same_pictures_with_other_labels: tuple[tuple[str, str], ...]
    blank_columns: tuple[BlankColumn, ...]

    @property
    def leaks(self) -> bool:
        """Whether something lies in two splits."""
        return bool(self.groups_in_two_splits or self.same_pictures)


def check(folder: Path) -> Check:
    """Reads the whole data set, every picture once.

    Raises:
        DataSetError: the folder is of no known form.
        MissingExtra: the perceptual hash needs `imagehash`.
    """
    form, read = adapter(folder)
    reading = read(folder)
    records = [record for record in reading.records if not record.cutout]
    hashes, unreadable = _hashes(records)
    across, contradicting = _same_pictures(records, hashes)
    table = folder / "metadata.csv"
    return Check(
        form=form,
        kinds=_counts(records),
        skin_types=dict(Counter(str(record.skin_type or "unknown") for record in records)),
        faults=(*reading.faults, *unreadable),
        groups_in_two_splits=_groups_in_two_splits(reading.records),
        same_pictures=across,
        same_pictures_with_other_labels=contradicting,
        blank_columns=blank_columns(read_table(table)) if table.is_file() else (),
    )


def blank_columns(rows: Sequence[Row]) -> tuple[BlankColumn, ...]:
    """The columns that are blank much more often with one label than with another, by more than chance."""
    columns = list(rows[0]) if rows else []
    label = next((column for column in LABEL_COLUMNS if column in columns), None)
    if label is None:
        return ()
    sizes = Counter(row[label] for row in rows)
    labels = [name for name, size in sizes.items() if size >= LEAST_ROWS]
    found = []
    for column in columns:
        blanks = Counter(row[label] for row in rows if row[column].strip().lower() in UNKNOWN)
        shares = sorted((blanks[name] / sizes[name], name) for name in labels)
        if column == label or len(shares) < 2 or shares[-1][0] - shares[0][0] < TELLING:
            continue
        counted = np.array([[blanks[name], sizes[name] - blanks[name]] for name in labels])
        if chi2_contingency(counted).pvalue < 0.001:
            found.append(BlankColumn(column, shares[-1][::-1], shares[0][::-1]))
    return tuple(found)


def _counts(records: Iterable[SkinRecord]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for record in records:
        counts[record.slug or record.class_name or "other"][record.split or "no split"] += 1
    return {kind: dict(split) for kind, split in sorted(counts.items())}


def _groups_in_two_splits(records: Iterable[SkinRecord]) -> tuple[str, ...]:
    splits: dict[str, set[str]] = defaultdict(set)
    for record in records:
        splits[record.group].add(record.split)
    return tuple(sorted(group for group, found in splits.items() if len(found) > 1))


def _hashes(records: Sequence[SkinRecord]) -> tuple[np.ndarray, list[Fault]]:
    """A perceptual hash of 64 bits for each record, (N,), 0 where the picture cannot be read."""
    try:
        import imagehash
    except ImportError as error:
        raise MissingExtra("`skingpt data check` needs imagehash: pip install 'skingpt[research]'") from error
    hashes, faults = np.zeros(len(records), dtype=np.uint64), []
    for at, record in enumerate(tqdm(records, desc="hashing pictures", mininterval=5)):
        try:
            bits = imagehash.phash(open_picture(record.path, side=128)).hash
        except PictureError as error:
            faults.append(Fault(record.path.name, f"the picture cannot be read ({error})"))
            continue
        hashes[at] = np.packbits(bits.flatten()).view(">u8")[0]
    return hashes, faults


def _same_pictures(
    records: Sequence[SkinRecord], hashes: np.ndarray
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Pairs of one picture in two splits, and pairs of one picture with two labels."""
    across, contradicting = [], []
    for at, record in enumerate(records):
        if not hashes[at]:
            continue
        different = np.bitwise_count(hashes[at + 1 :] ^ hashes[at])
        for step in np.flatnonzero((different <= ALIKE) & (hashes[at + 1 :] != 0)).tolist():
            other = records[at + 1 + step]
            pair = (record.path.name, other.path.name)
            if other.split != record.split:
                across.append(pair)
            if (other.slug, other.class_name) != (record.slug, record.class_name):
                contradicting.append(pair)
    return tuple(across), tuple(contradicting)
