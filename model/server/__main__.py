"""Serves the weights of `SKINGPT_MODEL_WEIGHTS` on `SKINGPT_MODEL_PORT`. Run: `python -m model.server`."""

import torch
import uvicorn

from logs import start_logging
from model.server.app import build_app
from model.settings import ModelSettings


def main() -> None:
    """Loads the weights and serves until stopped."""
    settings = ModelSettings()
    start_logging("model")
    torch.set_num_threads(settings.threads)
    # Without the access log, and without uvicorn's own format of the rest.
    uvicorn.run(build_app(settings), host=settings.host, port=settings.port, access_log=False, log_config=None)


if __name__ == "__main__":
    main()
