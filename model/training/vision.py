"""The vision step: fine-tunes the ViT as a classifier before any language is taught.

A random Q-Former with a random language model recites priors; a tower that already separates the kinds is what makes
the two steps after it worth taking. Run: `skingpt train --step vision --data DATA --run RUN`.
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm
from transformers import Blip2VisionModel

from conditions import Domain
from model.errors import WeightsError
from model.pictures import DOMAINS, PictureSet, read_pictures
from model.training.views import as_seen, augmented
from model.vision_tower import PlainHead, load_vit_tiny, vit_tiny_config

STORED_SIDE = 208
"""Pixels a training picture is kept at; views are cut from it."""


@dataclass(frozen=True)
class VisionRecipe:
    """Hyper-parameters of the vision step. `rarity` 0 samples as the data come, 1 all kinds alike."""

    side: int = 160
    epochs: int = 12
    pictures_per_epoch: int = 6144
    batch: int = 64
    rate: float = 5e-4
    layer_decay: float = 0.82
    weight_decay: float = 0.05
    warmup: float = 0.06
    average: float = 0.997
    rarity: float = 0.6
    seed: int = 7


def train_vision(data: Path, vit: Path, run: Path, recipe: VisionRecipe) -> None:
    """Fine-tunes and writes `run/vision.pt` (averaged weights) after every epoch; continues a run that was cut off."""
    run.mkdir(parents=True, exist_ok=True)
    (run / "vision.json").write_text(json.dumps(asdict(recipe), indent=1))
    torch.manual_seed(recipe.seed)
    train = read_pictures(data, "train", STORED_SIDE)
    val = read_pictures(data, "val", STORED_SIDE)
    network = PlainHead(load_vit_tiny(vit, recipe.side))
    averaged = torch.optim.swa_utils.AveragedModel(
        network,
        multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(recipe.average),  # type: ignore[no-untyped-call]
    )
    optimiser = torch.optim.AdamW(_layer_rates(network, recipe), weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (recipe.pictures_per_epoch // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group["lr"] for group in optimiser.param_groups], steps, pct_start=recipe.warmup
    )
    state = run / "vision-state.pt"
    first = 0
    if state.is_file():
        saved = torch.load(state, weights_only=True)
        network.load_state_dict(saved["network"])
        averaged.load_state_dict(saved["averaged"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        first = int(saved["epoch"])
    for epoch in range(first, recipe.epochs):
        started = time.monotonic()
        loss = _epoch(network, averaged, optimiser, schedule, train, recipe, epoch)
        figures = plain_figures(averaged.module, val, recipe.side)
        line = {"epoch": epoch + 1, "loss": loss, "seconds": time.monotonic() - started, **figures}
        with (run / "vision.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        tqdm.write(json.dumps(line))
        torch.save(averaged.module.state_dict(), run / "vision.pt")
        torch.save(
            {
                "network": network.state_dict(),
                "averaged": averaged.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "epoch": epoch + 1,
            },
            state,
        )


def load_plain_head(run: Path) -> PlainHead:
    """The tower and heads the vision step left in `run`.

    Raises:
        WeightsError: the vision step has not been run there.
    """
    if not (run / "vision.pt").is_file():
        raise WeightsError(f"{run / 'vision.pt'} is missing: run the vision step first")
    side = json.loads((run / "vision.json").read_text())["side"]
    head = PlainHead(Blip2VisionModel(vit_tiny_config(side)))
    head.load_state_dict(torch.load(run / "vision.pt", weights_only=True))
    head.eval()
    return head


def _epoch(
    network: PlainHead,
    averaged: torch.optim.swa_utils.AveragedModel,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    train: PictureSet,
    recipe: VisionRecipe,
    epoch: int,
) -> float:
    generator = torch.Generator().manual_seed(recipe.seed * 1000 + epoch)
    order = torch.multinomial(
        sampling_weights(train, recipe.rarity),
        recipe.pictures_per_epoch,
        replacement=True,
        generator=generator,
    )
    pixels = torch.from_numpy(train.pixels)
    choice, domain = torch.from_numpy(train.choice), torch.from_numpy(train.domain)
    network.train()
    losses = []
    batches = torch.split(order, recipe.batch)
    for at in tqdm(batches, desc=f"epoch {epoch + 1}/{recipe.epochs}", mininterval=20):
        views = augmented(pixels[at], recipe.side, generator)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            choices, domains = network(views)
        loss = cross_entropy(choices.float(), choice[at]) + 0.2 * cross_entropy(domains.float(), domain[at])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        averaged.update_parameters(network)
        losses.append(loss.item())
    return sum(losses) / len(losses)


def sampling_weights(pictures: PictureSet, rarity: float) -> Tensor:
    """(N,) weights: each picture's kind (within its domain) counts n^(1 - rarity) in all."""
    kinds = pictures.choice * len(Domain) + pictures.domain
    _, which, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    return torch.from_numpy(counts[which].astype(np.float64) ** -rarity)


def _layer_rates(network: PlainHead, recipe: VisionRecipe) -> list[dict[str, object]]:
    layers = network.tower.config.num_hidden_layers
    groups: dict[int, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if name.startswith("tower.embeddings"):
            depth = 0
        elif name.startswith("tower.encoder.layers."):
            depth = int(name.split(".")[3]) + 1
        else:
            depth = layers + 1
        groups.setdefault(depth, []).append(parameter)
    return [
        {"params": parameters, "lr": recipe.rate * recipe.layer_decay ** (layers + 1 - depth)}
        for depth, parameters in groups.items()
    ]


@torch.inference_mode()
def plain_logits(network: nn.Module, pictures: PictureSet, side: int) -> Tensor:
    """Choice logits (N, 11) of the plain head, pictures as they are."""
    network.eval()
    parts = []
    for pixels in torch.split(torch.from_numpy(pictures.pixels), 64):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            parts.append(network(as_seen(pixels, side))[0].float())
    return torch.cat(parts)


def plain_figures(network: nn.Module, pictures: PictureSet, side: int) -> dict[str, float]:
    """Accuracy and balanced accuracy on whole phone photos, on dermoscopy and on made negatives."""
    told = plain_logits(network, pictures, side).argmax(1).numpy()
    right = told == pictures.choice
    lesions = np.array([bool(group) for group in pictures.groups])
    parts = {f"{domain}": lesions & ~pictures.made & (pictures.domain == i) for i, domain in enumerate(DOMAINS)} | {
        "negatives": ~lesions
    }
    figures = {}
    for name, part in parts.items():
        recalls = [right[part & (pictures.choice == c)].mean() for c in np.unique(pictures.choice[part])]
        figures[f"{name}_accuracy"] = round(float(right[part].mean()), 4)
        figures[f"{name}_balanced"] = round(float(np.mean(recalls)), 4)
    return figures
