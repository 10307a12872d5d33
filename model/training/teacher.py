"""What the choice token learns from besides the label: the plain head on the picture, and what the patient's facts say.

The tower knows its training pictures, so a language model that learns from the labels learns to pass over what the
patient tells. The teacher weighs both as if they were independent given the kind:

    p(kind | picture, facts) ~ p(kind | picture)^(1/T) * (p(kind | facts) / p(kind))^w

The head judges the very tower outputs that the language model reads, blends of two pictures among them, so there is
always something new to learn from it (function matching: Beyer et al. 2022). T and w are those that fit the validation
split best, for each way of taking the picture; with `--fold` no phone photo is left that neither the tower learned from
nor the figures judge, so for those both are 1. Distillation: Hinton et al. 2015.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from random import Random

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from conditions import CHOICES, SIGNS
from model.datasets.record import PatientFacts
from model.notes import masked
from model.pictures import DOMAINS, PictureSet
from model.regression import lowest
from model.vision_tower import PlainHead

TEMPERATURES = (0.7, 0.85, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5)
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)
MASKINGS = 4
"""How often the facts of one record are read, other ones masked each time."""

PENALTY = 1e-3


@dataclass(frozen=True)
class FactsReader:
    """A logistic regression from a patient's facts to the kinds of one domain, all kinds as likely where none is told.

    `regions` are those of the training split; `coefficients` is (facts, 11), zero for kinds of the other domain.
    """

    regions: tuple[str, ...]
    coefficients: Tensor
    kinds: Tensor

    @classmethod
    def fitted(cls, pictures: PictureSet, domain: int, regions: tuple[str, ...]) -> "FactsReader":
        """Read from the whole pictures of `domain` whose kind is known; each kind counts alike."""
        at = [i for i in lesions(pictures, domain).nonzero()[:, 0].tolist() if pictures.choice[i] >= 0]
        rng = Random(0)
        told = encoded([masked(pictures.facts[i], rng) for _ in range(MASKINGS) for i in at], regions)
        truth = torch.from_numpy(pictures.choice[at]).repeat(MASKINGS)
        counts = torch.bincount(truth, minlength=len(CHOICES)).float()
        weights = torch.where(counts > 0, 1 / counts.clamp(min=1), 0.0)
        absent = torch.where(counts > 0, 0.0, -torch.inf)

        def loss(coefficients: Tensor) -> Tensor:
            value = cross_entropy(told @ coefficients + absent, truth, weight=weights)
            return value + PENALTY * coefficients.square().sum()

        return cls(regions, lowest(loss, (told.shape[1], len(CHOICES)), most=200), counts > 0)

    def ratios(self, facts: Sequence[PatientFacts]) -> Tensor:
        """log p(kind | facts) - log p(kind), (N, 11); 0 where no fact is told, and for kinds of the other domain."""
        scores = encoded(facts, self.regions) @ self.coefficients
        known = scores.masked_fill(~self.kinds, -torch.inf).log_softmax(-1) + self.kinds.sum().log()
        return torch.where(self.kinds, known, 0.0)


@dataclass(frozen=True)
class Teacher:
    """The plain head with what the facts say; `readers`, `temperatures` and `weights` are one a domain."""

    head: PlainHead
    readers: tuple[FactsReader, ...]
    temperatures: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def fitted(cls, head: PlainHead, train: PictureSet, val: PictureSet, seen: Tensor) -> "Teacher":
        """Facts are read from `train`; both are weighed on `val`, of tower outputs `seen` (M, patches + 1, width)."""
        plain = _plain(head, seen)
        regions = tuple(sorted({facts.region for facts in train.facts if facts.region}))
        readers = tuple(FactsReader.fitted(train, domain, regions) for domain in range(len(DOMAINS)))
        best = [_best(reader, val, plain, domain) for domain, reader in enumerate(readers)]
        temperatures, weights = zip(*best, strict=True)
        return cls(head, readers, temperatures, weights)

    def by_sight(self, seen: Tensor, domains: Sequence[int]) -> Tensor:
        """Scores (B, 11) of tower outputs (B, patches + 1, width) alone, where the patients told nothing."""
        return _plain(self.head, seen) / torch.tensor([self.temperatures[domain] for domain in domains])[:, None]

    def probabilities(self, seen: Tensor, domains: Sequence[int], facts: Sequence[PatientFacts]) -> Tensor:
        """(B, 11) for tower outputs (B, patches + 1, width), the patients having told `facts`."""
        rows = [
            scores + self.weights[domain] * self.readers[domain].ratios([told])[0]
            for scores, domain, told in zip(self.by_sight(seen, domains), domains, facts, strict=True)
        ]
        return torch.stack(rows).softmax(-1)


@torch.no_grad()
def _plain(head: PlainHead, seen: Tensor) -> Tensor:
    """The plain head's log-probabilities (B, 11)."""
    parts = [head.heads(part.float())[0].log_softmax(-1) for part in torch.split(seen, 512)]
    return torch.cat(parts)


def encoded(facts: Sequence[PatientFacts], regions: Sequence[str]) -> Tensor:
    """(N, 4 + regions + signs): age (centred; young and old besides), region, signs as 1 or -1; unknown is 0."""
    rows = [_row(asdict(one), regions) for one in facts]
    return torch.tensor(rows, dtype=torch.float32).reshape(len(rows), 4 + len(regions) + len(SIGNS))


def _row(facts: dict[str, object], regions: Sequence[str]) -> list[float]:
    age = facts["age"]
    row = [0.0] * 4
    if isinstance(age, int):
        centred = (age - 55) / 20
        row = [centred, centred**2 - 1, (age < 35) - 0.15, (age > 70) - 0.3]
    row += [float(facts["region"] == region) for region in regions]
    return row + [{True: 1.0, False: -1.0}.get(facts[sign], 0.0) for sign in SIGNS]  # type: ignore[call-overload]


def lesions(pictures: PictureSet, domain: int) -> Tensor:
    """(N,) which are whole pictures of a lesion taken in that way."""
    taken = (pictures.domain == domain) & ~pictures.made
    return torch.from_numpy(taken) & torch.tensor([bool(group) for group in pictures.groups])


def _best(reader: FactsReader, val: PictureSet, plain: Tensor, domain: int) -> tuple[float, float]:
    """The temperature and weight with the lowest log-loss on the validation pictures of that domain; (1, 1) if none."""
    part = lesions(val, domain) & torch.from_numpy(val.choice >= 0)
    if not part.any():
        return 1.0, 1.0
    truth = torch.from_numpy(val.choice)[part]
    ratios = reader.ratios([val.facts[i] for i in part.nonzero()[:, 0].tolist()])
    tried = {
        (temperature, weight): float(cross_entropy(plain[part] / temperature + weight * ratios, truth))
        for temperature, weight in product(TEMPERATURES, WEIGHTS)
    }
    return min(tried, key=lambda pair: tried[pair])
