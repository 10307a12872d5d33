"""The folder of a training run: exact configuration, what the data were, curves as numbers and as pictures.

RUN/STEP.config.json    every hyper-parameter, the seed, library versions
RUN/STEP.data.json      SHA-256 of each table the step read and of the weights it began with, how many pictures it got
RUN/STEP.jsonl          losses, one line a batch; figures on validation where they were taken
RUN/STEP.png            the same as curves
RUN/STEP.state.pt       where a run that was cut off goes on; a step that is done ends there at once
RUN/tensorboard/STEP    for `tensorboard --logdir RUN/tensorboard`
"""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.errors import TrainingError


@dataclass(frozen=True)
class RunFolder:
    """The files of one step in a run's folder."""

    folder: Path
    step: str

    @property
    def state(self) -> Path:
        """The checkpoint."""
        return self.folder / f"{self.step}.state.pt"

    @property
    def curve(self) -> Path:
        """The losses, as JSON lines."""
        return self.folder / f"{self.step}.jsonl"

    @property
    def data(self) -> Path:
        """What the step read."""
        return self.folder / f"{self.step}.data.json"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard's folder of the step."""
        return self.folder / "tensorboard" / self.step

    def record(self, recipe: object, data: Mapping[str, object]) -> None:
        """Writes what the step is trained with; a run that goes on must be the same.

        Raises:
            TrainingError: the folder holds the same step begun with another configuration, other data or other weights.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not is_dataclass(recipe) or isinstance(recipe, type):
            raise TypeError("a recipe is a dataclass")
        told = {"recipe": asdict(recipe), "versions": _versions()}
        self._same_or_new(self.folder / f"{self.step}.config.json", told, "recipe")
        self._same_or_new(self.data, dict(data), None)

    def _same_or_new(self, file: Path, told: dict[str, Any], part: str | None) -> None:
        text = json.dumps(told, indent=1, default=str)
        if self.state.is_file() and file.is_file():
            before, now = json.loads(file.read_text()), json.loads(text)
            # A run that was begun before all of this was noted goes on by what it did note.
            if (before[part] != now[part]) if part else (now | before != now):
                raise TrainingError(
                    f"{file} tells of another {part or 'data set or beginning'}: give another --run, or remove"
                    f" {self.state} to train the step anew"
                )
        file.write_text(text)

    def lines(self) -> list[dict[str, Any]]:
        """The curve's lines so far."""
        return [json.loads(line) for line in self.curve.read_text().splitlines()] if self.curve.is_file() else []


def fingerprint(folders: Sequence[Path], pictures: Mapping[str, int]) -> dict[str, object]:
    """SHA-256 of the table in each folder (of its file names where it has none), and how many pictures were read."""
    hashes = {}
    for folder in folders:
        table = folder / "metadata.csv"
        told = table.read_bytes() if table.is_file() else "\n".join(sorted(p.name for p in folder.rglob("*"))).encode()
        hashes[folder.name] = hashlib.sha256(told).hexdigest()
    return {"sha256": hashes, "pictures": dict(pictures)}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in ("torch", "transformers", "numpy")}
