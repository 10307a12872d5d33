"""The vision step: fine-tunes the ViT as a classifier before any language is taught.

A random Q-Former with a random language model recites priors; a tower that already separates the kinds is what makes
the two steps after it worth taking. Run: `skingpt train --preset mini --step vision --data DATA --run RUN`; with
`--start WEIGHTS` it goes on from released weights, or a run folder's tower, instead of the published ViT.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import Blip2VisionModel

from conditions import Domain
from model.errors import WeightsError
from model.network import load_skingpt, placed
from model.pictures import DOMAINS, Fold, PictureSet, read_pictures
from model.training.cached_views import digest
from model.training.loop import Draw, Plan, fit
from model.training.run_folder import RunFolder, fingerprint
from model.training.views import as_seen, augmented, blended, pasted
from model.vision_tower import (
    PLAIN_HEAD,
    JoinedTowers,
    PlainHead,
    joined,
    load_vit_tiny,
    set_side,
    towers_of,
    vit_tiny_config,
)
from precision import autocast

STORED_SIDE = 208
"""Pixels a training picture is kept at; views are cut from it."""

VIT_FILE = Path("vit_tiny") / "vit_tiny_patch16_224_augreg_in21k_ft_in1k.safetensors"
VISION = "vision.pt"
_LAYER = re.compile(r"\.encoder\.layers\.(\d+)\.")


@dataclass(frozen=True)
class VisionRecipe:
    """Hyper-parameters of the vision step.

    `rarity` 0 samples as the data come, 1 all kinds alike; `frozen` counts the lowest layers that stay as they are (the
    embeddings with them). Pictures are mixed two by two, `mixed` being the parameter of the beta distribution of their
    shares: in `pasted` of the batches a piece of one replaces that of the other (CutMix), in the rest they are blended
    (mixup). `kept` is the share of `--start`'s weights in the mean with what was trained from them: two towers a little
    way apart are better in the middle than at either end (WiSE-FT, Wortsman et al. 2022).
    """

    side: int = 160
    batch: int = 64
    layer_decay: float = 0.82
    rarity: float = 0.6
    frozen: int = 0
    mixed: float = 0.4
    pasted: float = 0.5
    smoothing: float = 0.05
    kept: float = 0.0
    plan: Plan = field(
        default_factory=lambda: Plan(batches=1152, rate=5e-4, warmup=70, average=0.997, seed=7, judge_every=192)
    )


class VisionCourse:
    """The kinds of lesion and how the picture was taken, from the picture alone."""

    def __init__(self, network: PlainHead, train: PictureSet, val: PictureSet, recipe: VisionRecipe) -> None:
        self.network = network
        self._recipe, self._val = recipe, val
        self._pixels = torch.from_numpy(train.pixels)
        self._choice, self._domain = torch.from_numpy(train.choice), torch.from_numpy(train.domain)
        self._weights = sampling_weights(train, recipe.rarity)

    def parameter_groups(self) -> Sequence[dict[str, Any]]:
        """The deeper the layer, the lower its rate: what it sees is the less particular to skin."""
        layers = towers_of(self.network.tower)[0].config.num_hidden_layers
        groups: dict[int, list[nn.Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            depth = _depth(name, layers)
            parameter.requires_grad_(depth > self._recipe.frozen or self._recipe.frozen == 0)
            if parameter.requires_grad:
                groups.setdefault(depth, []).append(parameter)
        return [
            {"params": parameters, "scale": self._recipe.layer_decay ** (layers + 1 - depth)}
            for depth, parameters in groups.items()
        ]

    def losses(self, draw: Draw) -> Mapping[str, Tensor]:
        """Cross-entropy of choice and domain on augmented pictures, mixed two by two."""
        recipe = self._recipe
        at = torch.multinomial(self._weights, recipe.batch, replacement=True, generator=draw.torch)
        views = augmented(self._pixels[at], recipe.side, draw.torch)
        share = draw.python.betavariate(recipe.mixed, recipe.mixed) if recipe.mixed else 1.0
        other = at.flip(0)
        mixed = pasted if draw.python.random() < recipe.pasted else blended
        views, share = mixed(views, share, draw.python)
        device = self.network.device
        with autocast(device.type):
            choices, domains = self.network(views.to(device))

        def loss(logits: Tensor, labels: Tensor) -> Tensor:
            one = cross_entropy(logits.float(), labels[at].to(device), label_smoothing=recipe.smoothing)
            two = cross_entropy(logits.float(), labels[other].to(device), label_smoothing=recipe.smoothing)
            return share * one + (1 - share) * two

        return {"choice": loss(choices, self._choice), "domain": 0.2 * loss(domains, self._domain)}

    def judge(self, network: nn.Module) -> Mapping[str, float]:
        """Accuracy and balanced accuracy on whole phone photos, on dermoscopy and on made negatives."""
        assert isinstance(network, PlainHead)
        return plain_figures(network, self._val, self._recipe.side)


def train_vision(
    data: Path,
    run: Path,
    recipe: VisionRecipe,
    *,
    start: Path | None = None,
    fold: Fold | None = None,
    device: str = "cpu",
) -> None:
    """Fine-tunes the tower and writes `RUN/vision.pt` (averaged weights); goes on with a run that was cut off.

    Raises:
        DataSetError: a folder of `data` is missing.
        WeightsError: the weights to start from are missing or of another shape.
        TrainingError: `run` holds a vision step begun with another recipe or other weights.
    """
    folder = RunFolder(run, "vision")
    train = read_pictures(data, "train", STORED_SIDE, fold=fold)
    val = read_pictures(data, "val", STORED_SIDE, fold=fold)
    read = fingerprint([data / name for name in ("pad_ufes_20", "ham10000", "not_skin")], {"train": len(train)})
    torch.manual_seed(recipe.plan.seed)
    network = _begun(start, recipe.side) if start else PlainHead(load_vit_tiny(data / VIT_FILE, recipe.side))
    read |= {"start": start and str(start), "fold": fold and asdict(fold), "began": digest([network])}
    folder.record(recipe, read)
    averaged = fit(VisionCourse(placed(network, device), train, val, recipe), recipe.plan, folder).cpu().state_dict()
    if start and recipe.kept:
        began = _begun(start, recipe.side).state_dict()
        averaged = {name: tensor.lerp(began[name].to(tensor), recipe.kept) for name, tensor in averaged.items()}
    torch.save(averaged, run / VISION)


def join_towers(starts: Sequence[Path], run: Path, side: int) -> None:
    """Writes `RUN/vision.pt` of the towers of released weights or of other runs, to be taught language together.

    Raises:
        WeightsError: the weights of one are missing, or `side` cannot be cut into patches.
    """
    head = joined([_begun(start, side) for start in starts])
    run.mkdir(parents=True, exist_ok=True)
    torch.save(head.state_dict(), run / VISION)


def _begun(start: Path, side: int) -> PlainHead:
    """Released weights or a run's tower to go on from, read at the side that is trained; theirs may be a larger one."""
    head = load_plain_head(start) if (start / VISION).is_file() else load_heads(start)
    set_side(head.tower, side)
    return head


def load_heads(weights: Path) -> PlainHead:
    """The tower and plain head of a released weights folder.

    Raises:
        WeightsError: the folder is missing or incomplete.
    """
    if not (weights / PLAIN_HEAD).is_file():
        raise WeightsError(f"{weights / PLAIN_HEAD} is missing: name a folder that `skingpt release` wrote")
    head = PlainHead(load_skingpt(weights).network.vision_model)
    told = head.load_state_dict({n: t.float() for n, t in load_file(weights / PLAIN_HEAD).items()}, strict=False)
    missing = [name for name in told.missing_keys if not name.startswith("tower.")]
    if missing:
        raise WeightsError(f"{weights / PLAIN_HEAD} lacks {', '.join(missing)}: release the weights again")
    return head.eval()


def load_plain_head(run: Path) -> PlainHead:
    """The tower and heads the vision step left in `run`.

    Raises:
        WeightsError: the vision step has not been run there to its end.
    """
    if not (run / VISION).is_file():
        raise WeightsError(f"{run / VISION} is missing: run the vision step to its end first")
    tensors = torch.load(run / VISION, weights_only=True)
    tables = [tensor for name, tensor in tensors.items() if name.endswith("embeddings.position_embedding")]
    side = round((tables[0].shape[1] - 1) ** 0.5) * 16
    towers = [Blip2VisionModel(vit_tiny_config(side)) for _ in tables]
    head = PlainHead(JoinedTowers(towers) if "tower.embeddings.position_embedding" not in tensors else towers[0])
    head.load_state_dict(tensors)
    return head.eval()


def _depth(name: str, layers: int) -> int:
    if ".embeddings." in name:
        return 0
    layer = _LAYER.search(name)
    return int(layer[1]) + 1 if layer else layers + 1


def kind_weights(pictures: PictureSet, rarity: float) -> Tensor:
    """(N,) weights: each kind (within its domain) counts n^(1 - rarity) in all, those without answer as one kind."""
    kinds = pictures.choice * len(Domain) + pictures.domain
    _, which, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    return torch.from_numpy(counts[which].astype(np.float64) ** -rarity)


def sampling_weights(pictures: PictureSet, rarity: float) -> Tensor:
    """(N,) weights by kind; a picture without answer counts nothing."""
    return kind_weights(pictures, rarity) * torch.from_numpy(pictures.choice >= 0)


@torch.inference_mode()
def plain_logits(network: PlainHead, pictures: PictureSet, side: int) -> Tensor:
    """Choice logits (N, 11) of the plain head, pictures as they are."""
    network.eval()
    parts = []
    for pixels in torch.split(torch.from_numpy(pictures.pixels), 64):
        with autocast(network.device.type):
            parts.append(network(as_seen(pixels, side).to(network.device))[0].float().cpu())
    return torch.cat(parts)


def plain_figures(network: PlainHead, pictures: PictureSet, side: int) -> dict[str, float]:
    """Accuracy and balanced accuracy on whole phone photos, on dermoscopy and on made negatives."""
    return figures_by_part(plain_logits(network, pictures, side), pictures)


def figures_by_part(logits: Tensor, pictures: PictureSet) -> dict[str, float]:
    """Accuracy and balanced accuracy of choice scores (N, 11) on phone photos, dermoscopy and made negatives."""
    right = logits.argmax(1).numpy() == pictures.choice
    lesions = np.array([bool(group) for group in pictures.groups])
    parts = {f"{domain}": lesions & ~pictures.made & (pictures.domain == i) for i, domain in enumerate(DOMAINS)} | {
        "negatives": ~lesions
    }
    figures = {}
    for name, part in parts.items():
        if not part.any():
            continue
        recalls = [right[part & (pictures.choice == c)].mean() for c in np.unique(pictures.choice[part])]
        figures[f"{name}_accuracy"] = round(float(right[part].mean()), 4)
        figures[f"{name}_balanced"] = round(float(np.mean(recalls)), 4)
    return figures
