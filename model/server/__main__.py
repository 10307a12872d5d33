"""Serves the weights of `SKINGPT_MODEL_WEIGHTS` on `SKINGPT_MODEL_PORT`. Run: `python -m model.server`."""

import torch
import uvicorn

from model.server.app import build_app
from model.settings import ModelSettings


def main() -> None:
    """Loads the weights and serves until stopped."""
    settings = ModelSettings()
    torch.set_num_threads(settings.threads)
    uvicorn.run(build_app(settings), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
