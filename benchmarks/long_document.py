"""Whether patients wait longer while a book of 500 pages is read into the library.

Run while `./run up` runs: `.venv/bin/python -m benchmarks.long_document [--pages 500] [--count 20]`. A patient asks
questions in words, one after the other, first with nothing else to do, then while a generated PDF is read on the queue
`library` (passages, comparison of answers) and published, which is where it is embedded. Prints one JSON object: the
waits from question to answer in seconds, how long reading and publishing took, and whether the document is whole. It is
retired at the end.
"""

import json
import random
import statistics
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Annotated, Any

import typer
from celery import Celery

from benchmarks.answer_time import LONGEST_WAIT
from bot.texts import CONSENT_YES, HELPFUL
from knowledge.library import Library, open_library
from knowledge.settings import KnowledgeSettings
from knowledge.submission import Details, State
from knowledge.submissions import Submissions
from local import running
from local.playground.patient import Patient, buttons
from local.settings import LocalSettings

QUESTIONS = (
    "ring shaped itchy rash on my leg",
    "how do I get rid of scabies",
    "is psoriasis contagious",
    "my mole has changed colour",
    "flaky scalp for months",
)
AUTHOR = "Benchmark"
WORDS = """
    skin plaque cream ointment patient doctor week evidence trial scale itch red dry knee elbow scalp light
""".split()


def main(
    pages: Annotated[int, typer.Option(min=1, help="Pages of the document.")] = 500,
    count: Annotated[int, typer.Option(min=2, help="Questions asked before it.")] = 20,
) -> None:
    """Measure the waits without and with the document on its way."""
    house = running.find(LocalSettings().folder)
    settings = KnowledgeSettings(
        data=LocalSettings().folder,
        chroma_url=house.environment["SKINGPT_CHROMA_URL"],
        embedder_url=house.environment["SKINGPT_EMBEDDER_URL"],
    )
    library = open_library(settings)
    with Patient.open(house.page) as patient:
        agree(patient)
        alone = [ask(patient, question) for question, _ in zip(cycle(QUESTIONS), range(count), strict=False)]
        steps = ReadAndPublish(library, house.environment["SKINGPT_BROKER_URL"], book(pages))
        beside = ask_while(patient, steps)
    pieces = library.edition(steps.key).pieces  # type: ignore[union-attr]
    library.retire(steps.key, AUTHOR)
    whole = all(f"Marker {number}." in " ".join(p.text for p in pieces if p.page == number) for number in _all(pages))
    figures = {"pages": pages, "passages": len(pieces), "every_page_kept": whole, **steps.took}
    typer.echo(json.dumps({**figures, "alone_s": _figures(alone), "beside_it_s": _figures(beside)}))


class ReadAndPublish(threading.Thread):
    """Hands a document in, waits until the worker has read it, and publishes it."""

    def __init__(self, library: Library, broker_url: str, content: bytes) -> None:
        super().__init__(daemon=True)
        self.took: dict[str, float] = {}
        self.key = ""
        self._submissions = Submissions(library)
        self._broker = Celery(broker=broker_url, set_as_current=False)
        self._content = content

    def run(self) -> None:
        """Do it."""
        began = time.monotonic()
        number = hand_in(self._submissions, self._broker, self._content)
        while (submission := self._submissions.get(number)).state is State.RECEIVED:
            time.sleep(0.2)
        if submission.edition is None:
            raise SystemExit(submission.progress)
        read = time.monotonic()
        self._submissions.publish(number, AUTHOR)
        self.key = submission.edition.key
        self.took = {"reading_s": round(read - began, 1), "publishing_s": round(time.monotonic() - read, 1)}


def hand_in(submissions: Submissions, broker: Celery, content: bytes) -> int:
    """Give a PDF to the library and have it read on the queue `library`; the submission's number."""
    number = submissions.receive(content, "psoriasis-handbook.pdf", AUTHOR, Details(slug="psoriasis"))
    broker.send_task("worker.ingest.read_submission", args=[number], queue="library")
    return number


def book(pages: int, lines: int = 14) -> bytes:
    """A PDF with a running head, a chapter on every page with so many lines of 22 words, and "Marker N." on page N."""
    chance = random.Random(pages)
    return pdf([_page(number, lines, chance) for number in _all(pages)])


def pdf(pages: Sequence[str]) -> bytes:
    """A PDF with the drawing operators of each page."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", font.encode()]
    kids = []
    for operators in pages:
        stream = zlib.compress(operators.encode("latin-1"))
        head = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(head + stream + b"\nendstream")
        frame = "/Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< {frame} /Contents {len(objects)} 0 R >>".encode())
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return body + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{trailer}".encode()


def agree(patient: Patient) -> None:
    """Give consent."""
    patient.start()
    patient.wait_for(lambda message: CONSENT_YES in _labels(message), timeout=LONGEST_WAIT)
    patient.press(CONSENT_YES)
    patient.wait_for(lambda message: CONSENT_YES not in _labels(message), after=2, timeout=LONGEST_WAIT)


def ask(patient: Patient, question: str) -> float:
    """Open a case with words alone; seconds until its answer stands in the chat."""
    patient.say("/new")
    sent = patient.say(question)["message_id"]
    started = time.monotonic()
    patient.wait_for(lambda message: HELPFUL in _labels(message), after=sent, timeout=LONGEST_WAIT)
    return time.monotonic() - started


def ask_while(patient: Patient, work: threading.Thread) -> list[float]:
    """Ask one question after the other until `work` is done."""
    work.start()
    waits = []
    for question in cycle(QUESTIONS):
        waits.append(ask(patient, question))
        if not work.is_alive():
            return waits
    raise AssertionError("a cycle does not end")


def _page(number: int, lines: int, chance: random.Random) -> str:
    def sentence() -> str:
        return " ".join(chance.choices(WORDS, k=11)).capitalize() + "."

    head = [_text("A handbook", 7, 760), _text(f"Chapter {number}", 16, 740), _text(f"Marker {number}.", 7, 715)]
    return "".join([*head, *(_text(f"{sentence()} {sentence()}", 7, 700 - 40 * at) for at in range(lines))])


def _text(words: str, size: int, at: int) -> str:
    return f"q BT /F1 {size} Tf 1 0 0 1 72 {at} Tm ({words}) Tj ET Q\n"


def _all(pages: int) -> range:
    return range(1, pages + 1)


def _labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for button in buttons(message)]


def _figures(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    at: Callable[[float], float] = lambda share: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)  # noqa: E731
    return {"questions": len(ordered), "median": round(statistics.median(ordered), 2), "p95": at(0.95), "max": at(1)}


if __name__ == "__main__":
    typer.run(main)
