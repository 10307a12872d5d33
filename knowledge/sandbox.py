"""Reads a document in a process of its own with limited memory and time, so that a hostile file harms nothing else."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from knowledge.errors import DocumentRefused
from knowledge.formats.extracted import Extracted
from knowledge.formats.read import PROCESSOR_SECONDS

LARGEST_FILE: Final = 25_000_000
"""Bytes; Telegram lets a bot fetch 20 MB."""
_LONGEST_WAIT: Final = 2 * PROCESSOR_SECONDS


def refuse_too_large(content: bytes) -> None:
    """Raises DocumentRefused for a file larger than LARGEST_FILE."""
    if len(content) > LARGEST_FILE:
        problem = f"this file has {len(content) // 1_000_000} MB, and at most {LARGEST_FILE // 1_000_000} are taken"
        raise DocumentRefused(f"{problem}: remove its pictures or split it")


def read_safely(content: bytes, file_name: str, tell: Callable[[int, int], None] = lambda page, of: None) -> Extracted:
    """The visible text of a document; `tell` hears of each page (number, of how many).

    Raises DocumentRefused, also when the reader dies, takes too long or wants too much memory.
    """
    refuse_too_large(content)
    reader = subprocess.Popen(
        [sys.executable, "-m", "knowledge.formats.read", file_name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).resolve().parents[1],
        env={"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0"},
    )
    clock = threading.Timer(_LONGEST_WAIT, reader.kill)
    clock.start()
    feeding = threading.Thread(target=_feed, args=(reader, content), daemon=True)
    feeding.start()
    try:
        answer = _answer(reader, tell)
    finally:
        clock.cancel()
        reader.kill()
        reader.wait()
        feeding.join()
        if reader.stdout:
            reader.stdout.close()
    if "refused" in answer:
        raise DocumentRefused(str(answer["refused"]))
    try:
        return Extracted.model_validate(answer)
    except ValidationError:
        problem = "this document could not be read within the limits of memory and time"
        raise DocumentRefused(
            f"{problem}: it is broken or hostile; save it anew, or send its text as Markdown"
        ) from None


def _feed(reader: "subprocess.Popen[bytes]", content: bytes) -> None:
    assert reader.stdin is not None
    try:
        reader.stdin.write(content)
        reader.stdin.close()
    except BrokenPipeError:
        return  # It died; what it printed tells.


def _answer(reader: "subprocess.Popen[bytes]", tell: Callable[[int, int], None]) -> dict[str, Any]:
    assert reader.stdout is not None
    answer: dict[str, Any] = {}
    for line in reader.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            return {}
        if "page" in said:
            tell(int(said["page"]), int(said["of"]))
        else:
            answer = said
    return answer
