"""The bot's log: ids only. The token is cut out of every line, and libraries that log addresses are
quietened.
"""

import logging


class _WithoutToken(logging.Formatter):
    def __init__(self, token: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._token = token

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace(self._token, "<token>")


def start_logging(token: str) -> None:
    """Log to stderr at INFO; `token` never appears in it, not even inside a traceback."""
    handler = logging.StreamHandler()
    handler.setFormatter(_WithoutToken(token))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in (
        "httpx",
        "httpcore",
        "telegram",
        "apscheduler",
    ):  # they log addresses with the token, or whole updates
        logging.getLogger(name).setLevel(logging.WARNING)
