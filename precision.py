"""Which precision torch computes in: bfloat16 where the processor has instructions for it, float32 elsewhere.

Without them torch's bfloat16 is right but about eighteen times slower than float32 (a training step of the mini's
tower on a processor with AVX2: 840 ms a picture instead of 45); with them it is about twice as fast.
"""

import torch

_INSTRUCTIONS = ("avx512_bf16", "amx_bf16", "bf16")
"""What x86 processors and ARM's call them."""


def autocast(device: str) -> torch.autocast:
    """The context to compute in on a device of type `device` ("cpu", "cuda")."""
    fast = device != "cpu" or any(torch.cpu.get_capabilities().get(name, False) for name in _INSTRUCTIONS)
    return torch.autocast(device, dtype=torch.bfloat16, enabled=fast)
