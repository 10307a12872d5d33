"""The one training loop: what it learns comes in as a `Course`, how fast as a `Plan`.

Every batch draws its pictures, views and dropout from the seed and its own number, and the rate is a function of that
number, so a run that was killed goes on from its last checkpoint onto the same curve.
"""

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from model.training.curves import Curve
from model.training.run_folder import RunFolder


@dataclass(frozen=True)
class Plan:
    """How a step learns.

    The rate rises from `first_rate` to `rate` over `warmup` batches, then falls as a cosine to `last_rate`. `average`
    is the share that the running mean of the weights keeps at each batch; 0 takes the weights as they are.
    """

    batches: int
    rate: float
    first_rate: float = 0.0
    last_rate: float = 0.0
    warmup: int = 0
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    average: float = 0.0
    seed: int = 7
    judge_every: int = 200
    save_seconds: float = 120.0

    def rate_at(self, batch: int) -> float:
        """The learning rate of batch number `batch`, counted from 0."""
        if batch < self.warmup:
            return self.first_rate + (self.rate - self.first_rate) * (batch + 1) / self.warmup
        done = (batch - self.warmup) / max(1, self.batches - self.warmup)
        return self.last_rate + (self.rate - self.last_rate) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True)
class Draw:
    """The sources of chance of one batch."""

    torch: torch.Generator
    python: Random

    @classmethod
    def of(cls, seed: int, batch: int) -> "Draw":
        """The same for the same batch of the same seed; dropout draws from it too."""
        number = seed * 1_000_003 + batch
        torch.manual_seed(number)
        return cls(torch.Generator().manual_seed(number), Random(number))


class Course(Protocol):
    """What a step teaches."""

    @property
    def network(self) -> nn.Module:
        """Holds everything that is trained and averaged."""

    def parameter_groups(self) -> Sequence[dict[str, Any]]:
        """Groups for the optimiser; `scale` is their share of the rate (1 where absent)."""

    def losses(self, draw: Draw) -> Mapping[str, Tensor]:
        """The parts of one batch's loss, already weighted."""

    def judge(self, network: nn.Module) -> Mapping[str, float]:
        """Figures of the averaged network on the validation split."""


def fit(course: Course, plan: Plan, run: RunFolder, *, stop: Callable[[], bool] = lambda: False) -> nn.Module:
    """Trains to the plan's end, or goes on to it, and gives the (averaged) network in evaluation mode."""
    groups = list(course.parameter_groups())
    scales = [float(group.get("scale", 1.0)) for group in groups]
    parameters = [parameter for group in groups for parameter in group["params"]]
    optimiser = torch.optim.AdamW(groups, plan.rate, betas=plan.betas, weight_decay=plan.weight_decay)
    # A running mean is a second network in memory, so there is one only where it is asked for.
    averaged = (
        AveragedModel(course.network, multi_avg_fn=_towards(plan.average), use_buffers=True) if plan.average else None
    )
    learned: nn.Module = averaged.module if averaged else course.network
    first = _restored(run, course.network, averaged, optimiser)
    saved = time.monotonic()
    with Curve(run, first) as curve, tqdm(total=plan.batches, initial=first, desc=run.step, mininterval=10) as bar:
        for batch in range(first, plan.batches):
            for group, scale in zip(optimiser.param_groups, scales, strict=True):
                group["lr"] = plan.rate_at(batch) * scale
            course.network.train()
            losses = course.losses(Draw.of(plan.seed, batch))
            optimiser.zero_grad()
            torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(parameters, plan.clip)
            optimiser.step()
            if averaged:
                averaged.update_parameters(course.network)
            told = {name: loss.item() for name, loss in losses.items()}
            curve.add(batch + 1, told, plan.rate_at(batch))
            bar.set_postfix(loss=f"{sum(told.values()):.3f}", refresh=False)
            bar.update()
            last = batch + 1 == plan.batches
            if (batch + 1) % plan.judge_every == 0 or last:
                figures = course.judge(learned.eval())
                curve.judged(batch + 1, figures)
                tqdm.write(json.dumps({"batch": batch + 1, **figures}))
            if last or time.monotonic() - saved > plan.save_seconds:
                _save(run, course.network, averaged, optimiser, batch + 1)
                saved = time.monotonic()
            if stop():
                break
    return learned.eval()


def _towards(keep: float) -> Callable[[Any, Any, Any], None]:
    """A running mean that follows quickly at first, so that it never holds what the weights began as."""

    @torch.no_grad()
    def average(means: Sequence[Tensor], weights: Sequence[Tensor], updates: Tensor | int) -> None:
        share = min(keep, (1 + int(updates)) / (10 + int(updates)))
        for mean, weight in zip(means, weights, strict=True):
            if mean.is_floating_point():
                mean.lerp_(weight.to(mean.dtype), 1 - share)
            else:
                mean.copy_(weight)

    return average


def _restored(
    run: RunFolder, network: nn.Module, averaged: AveragedModel | None, optimiser: torch.optim.Optimizer
) -> int:
    if not run.state.is_file():
        return 0
    saved = torch.load(run.state, weights_only=True, map_location="cpu")
    network.load_state_dict(saved["network"])
    if averaged:
        averaged.load_state_dict(saved["averaged"])
    optimiser.load_state_dict(saved["optimiser"])
    return int(saved["batch"])


def _save(
    run: RunFolder, network: nn.Module, averaged: AveragedModel | None, optimiser: torch.optim.Optimizer, batch: int
) -> None:
    """Writes beside and renames, so that a kill leaves the old checkpoint or the new one, never half of one."""
    beside = run.state.with_suffix(".writing")
    with beside.open("wb") as file:
        torch.save(
            {
                "network": network.state_dict(),
                "averaged": averaged.state_dict() if averaged else None,
                "optimiser": optimiser.state_dict(),
                "batch": batch,
            },
            file,
        )
        file.flush()
        os.fsync(file.fileno())
    beside.replace(run.state)
