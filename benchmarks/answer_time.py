"""How long a patient waits: photo to status message, photo to answer, through page's server, bot, queue and model.

Run while `./run up` runs: `.venv/bin/python -m benchmarks.answer_time examples/*.jpg --count 20`. Prints medians and
the 95th percentile in seconds, as one JSON object.
"""

import json
import statistics
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import typer

from bot.texts import CONSENT_YES, HELPFUL
from local import running
from local.playground.patient import Patient, buttons
from local.playground.wire import Json
from local.settings import LocalSettings

LONGEST_WAIT = 120.0


def main(photos: list[Path], count: Annotated[int, typer.Option(min=1)] = 20) -> None:
    """Send `count` photos one after the other, each as a new patient, and print the waits."""
    page = running.find(LocalSettings().folder).page
    waits = [_one_photo(page, photo) for photo in islice(cycle(photos), count)]
    figures = {
        "photos": count,
        "photo_to_status_s": _figures([status for status, _ in waits]),
        "photo_to_answer_s": _figures([answer for _, answer in waits]),
    }
    typer.echo(json.dumps(figures))


def _one_photo(page: str, photo: Path) -> tuple[float, float]:
    with Patient.open(page) as patient:
        patient.start()
        patient.wait_for(lambda message: CONSENT_YES in _labels(message))
        patient.press(CONSENT_YES)
        patient.wait_for(lambda message: CONSENT_YES not in _labels(message), after=2, timeout=LONGEST_WAIT)
        started = time.monotonic()
        sent = patient.send_photo(photo)[-1]["message_id"]
        patient.wait_for(lambda message: True, after=sent, timeout=LONGEST_WAIT)
        status = time.monotonic() - started
        patient.wait_for(lambda message: HELPFUL in _labels(message), after=sent, timeout=LONGEST_WAIT)
        return status, time.monotonic() - started


def _labels(message: Json) -> list[str]:
    return [button["text"] for button in buttons(message)]


def _figures(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 2),
    }


if __name__ == "__main__":
    typer.run(main)
