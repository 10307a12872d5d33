"""Run the playground: ``python -m local.playground --port 8765 --data data/playground``.

Options left out come from the environment (SKINGPT_PLAYGROUND_PORT, SKINGPT_PLAYGROUND_DATA,
SKINGPT_PLAYGROUND_TOKEN). The token is taken from the environment only, since options show in process lists.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from exporter import export
from local.errors import LocalError
from local.playground.server import serve
from local.playground.settings import PlaygroundSettings
from logs import start_logging


def main() -> int:
    """Read the options and serve; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.playground", description=__doc__)
    parser.add_argument("--port", type=int, help="port on 127.0.0.1; 0 takes any free one")
    parser.add_argument("--data", type=Path, help="folder for the chats and files")
    options = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    settings = PlaygroundSettings(**options)
    start_logging("playground", settings.token.get_secret_value())
    export()
    try:
        serve(settings)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"Port {settings.port} cannot be used ({error}). Choose another with --port.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
