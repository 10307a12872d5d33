"""Small regressions in torch: the coefficients with the lowest loss, by L-BFGS."""

from collections.abc import Callable

import torch
from torch import Tensor


def lowest(loss: Callable[[Tensor], Tensor], shape: tuple[int, ...], most: int) -> Tensor:
    """The coefficients of that shape for which `loss` is lowest, found from zero in at most so many steps."""
    coefficients = torch.zeros(shape, requires_grad=True)
    optimiser = torch.optim.LBFGS([coefficients], max_iter=most)

    def step() -> Tensor:
        optimiser.zero_grad()
        value = loss(coefficients)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(step)  # type: ignore[no-untyped-call]
    return coefficients.detach()
