"""Learned matrices stored as whole numbers: 8 bits a number and one scale a row, a quarter of the room of float32."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_SCALE = ".scale"
_MOST = 127


def quantised(tensors: Mapping[str, Array]) -> dict[str, NDArray[np.generic]]:
    """Matrices as int8 with `NAME.scale` (rows, 1) beside them; vectors and scalars as float16."""
    found: dict[str, NDArray[np.generic]] = {}
    for name, tensor in tensors.items():
        if tensor.ndim < 2:
            found[name] = tensor.astype(np.float16)
            continue
        scale = np.abs(tensor).max(axis=1, keepdims=True) / _MOST + 1e-12
        found |= {name: np.round(tensor / scale).astype(np.int8), f"{name}{_SCALE}": scale.astype(np.float32)}
    return found


def restored(stored: Mapping[str, NDArray[np.generic]]) -> dict[str, Array]:
    """The tensors of `quantised`, as float32."""
    return {
        name: tensor.astype(np.float32) * stored.get(f"{name}{_SCALE}", np.float32(1)).astype(np.float32)
        for name, tensor in stored.items()
        if not name.endswith(_SCALE)
    }
