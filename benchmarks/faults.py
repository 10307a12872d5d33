"""Kills at random while patients send photos: what is lost, missing or doubled, and how long recovery takes.

    python -m benchmarks.faults --cases 1000 --every 6 [--seed 7] [--json]

Starts a house of its own with a stub of the model behind the model's HTTP API, and a Bot API server that knows no two
sends as the same. Patients side by side send photos and now and then ask a question; every few seconds one part, or the
supervisor, or the broker with all that it had stored, is killed (SIGKILL). The kills end when the last photo was sent;
then everybody is waited for.
"""

import json
import random
import sqlite3
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.house_under_fault import HouseUnderFault, until
from benchmarks.patients_under_fault import CASES_OF_A_CHAT, Chat, Ledger

KILLED = {
    "gpu": 2,
    "agent": 2,
    "bot": 2,
    "model": 2,
    "broker": 1,
    "broker with its data": 1,
    "chroma": 1,
    "embedder": 1,
    "sweep": 1,
    "supervisor": 1,
}
"""What is killed, and how often compared with the others."""
LAST_WAIT = 400.0
"""Seconds after the last kill in which every answer must have come: longer than the longest pause of the sweep."""


@dataclass(frozen=True)
class Kill:
    """One kill, in seconds since the start, and how long until things were well again."""

    part: str
    at: float
    next_answer: float | None
    """Until the next answer to anybody."""
    all_answered: float | None
    """Until the last of those who waited at the kill had their answer."""


@dataclass(frozen=True)
class Result:
    """The figures of one run."""

    seed: int
    cases: int
    questions: int
    seconds: float
    kills: int
    kills_by_part: dict[str, int]
    starts_of_the_house: int
    photos_lost: int
    answers_missing: int
    answers_doubled: int
    out_of_order: int
    apologies: int
    extra_notices: int
    next_answer_p50: float | None
    next_answer_p95: float | None
    all_answered_p50: float | None
    all_answered_p95: float | None
    without_kills_p50: float | None
    """Photo to answer of those who waited through no kill."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was lost, missing or doubled."""
        return not (self.photos_lost or self.answers_missing or self.answers_doubled or self.out_of_order)


@dataclass
class Killer:
    """Kills parts of a house until it is told to stop, and starts again what nobody else does."""

    house: HouseUnderFault
    choice: random.Random
    every: float
    began: float
    kills: list[tuple[str, float]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _starting: threading.Lock = field(default_factory=threading.Lock)
    """Two threads start again what is gone; a second copy would be refused, and then be killed instead of the first."""

    def run(self) -> None:
        """Kill, every `every` seconds on average."""
        while not self._stop.wait(self.choice.uniform(0.5, 1.5) * self.every):
            part = self.choice.choices(list(KILLED), list(KILLED.values()))[0]
            at = time.monotonic() - self.began
            if part == "broker with its data":
                self.house.delete_queue()
            elif not self.house.kill(part):
                continue
            self.kills.append((part, at))
            self.start_again()

    def start_again(self) -> None:
        """What an operating system's service manager does."""
        with self._starting:
            if not self.house.lives("model"):
                self.house.start_model()
            if not self.house.lives("supervisor"):
                self.house.start()

    def stop(self) -> None:
        """No more kills."""
        self._stop.set()


def measure(
    house: HouseUnderFault, cases: int, longest: float, patients: int, every: float, seed: int, console: Console
) -> Result:
    """Kill parts of this house while its patients send photos."""
    chats = -(-cases // CASES_OF_A_CHAT)
    ledger = Ledger(cases, longest)
    stored_before = _photos_stored(house)
    began = ledger.began = time.monotonic()
    killer = Killer(house, random.Random(seed), every, began)
    killing = threading.Thread(target=killer.run, daemon=True)
    waiting = [Chat(house.page, ledger, number, random.Random(seed + number)) for number in range(chats)]
    threads = _side_by_side(waiting, patients)
    killing.start()
    _watch(ledger, killer, threads, console)
    killer.stop()
    killing.join()
    killer.start_again()
    console.print(f"all photos sent, {len(killer.kills)} kills; waiting for the last answers", highlight=False)
    deadline = time.monotonic() + LAST_WAIT
    while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
        time.sleep(0.5)
        killer.start_again()
    ledger.give_up()
    for thread in threads:
        thread.join(30)
    until(lambda: house.lives("supervisor"), 10)
    time.sleep(3)  # a doubled answer would come about now
    return _result(house, stored_before, ledger, killer, waiting, seed, time.monotonic() - began)


def _side_by_side(chats: Sequence[Chat], patients: int) -> list[threading.Thread]:
    left = list(reversed(chats))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not left:
                    return
                chat = left.pop()
            chat.run()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(patients)]
    for thread in threads:
        thread.start()
    return threads


def _watch(ledger: Ledger, killer: Killer, threads: Sequence[threading.Thread], console: Console) -> None:
    told = 0.0
    while not ledger.is_closed and any(thread.is_alive() for thread in threads):
        time.sleep(0.5)
        killer.start_again()
        if time.monotonic() - told > 30:
            told = time.monotonic()
            console.print(
                f"{told - ledger.began:5.0f} s: {ledger.photos_sent} photos sent, {len(ledger.answered)} answers, "
                f"{len(killer.kills)} kills",
                highlight=False,
            )


def _result(
    house: HouseUnderFault,
    stored_before: int,
    ledger: Ledger,
    killer: Killer,
    chats: Sequence[Chat],
    seed: int,
    seconds: float,
) -> Result:
    told = [chat.judged() for chat in chats]
    kills = [_recovery(part, at, ledger) for part, at in killer.kills]
    next_answer = [each.next_answer for each in kills if each.next_answer is not None]
    all_answered = [each.all_answered for each in kills if each.all_answered is not None]
    quiet = [
        answered - sent
        for sent, answered in ledger.answered
        if not any(sent <= at <= answered for _, at in killer.kills)
    ]
    return Result(
        seed=seed,
        cases=ledger.photos_sent,
        questions=ledger.questions_asked,
        seconds=round(seconds, 1),
        kills=len(kills),
        kills_by_part=dict(Counter(each.part for each in kills)),
        starts_of_the_house=house.starts,
        photos_lost=ledger.photos_sent - (_photos_stored(house) - stored_before),
        answers_missing=sum(each.missing for each in told),
        answers_doubled=sum(each.doubled for each in told),
        out_of_order=sum(each.out_of_order for each in told),
        apologies=sum(each.apologies for each in told),
        extra_notices=sum(each.extra for each in told),
        next_answer_p50=_percentile(next_answer, 50),
        next_answer_p95=_percentile(next_answer, 95),
        all_answered_p50=_percentile(all_answered, 50),
        all_answered_p95=_percentile(all_answered, 95),
        without_kills_p50=_percentile(quiet, 50),
    )


def _photos_stored(house: HouseUnderFault) -> int:
    with closing(sqlite3.connect(house.data / "cases.db")) as record:
        return int(record.execute("SELECT count(*) FROM photos").fetchone()[0])


def _recovery(part: str, at: float, ledger: Ledger) -> Kill:
    later = [answered - at for _, answered in ledger.answered if answered > at]
    waited = [answered - at for sent, answered in ledger.answered if sent <= at < answered]
    return Kill(part, at, min(later, default=None), max(waited, default=None))


def _percentile(seconds: Sequence[float], percent: int) -> float | None:
    if len(seconds) < 2:
        return round(seconds[0], 1) if seconds else None
    return round(statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1], 1)


def show(result: Result, console: Console) -> None:
    """The figures as a table."""
    table = Table(box=None)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in asdict(result).items():
        listed = (
            ", ".join(f"{part} {count}" for part, count in sorted(value.items()))
            if isinstance(value, dict)
            else str(value)
        )
        table.add_row(name.replace("_", " "), listed)
    console.print(table, highlight=False)


def main(
    cases: Annotated[int, typer.Option(min=1, help="Photos to send.")] = 1000,
    patients: Annotated[int, typer.Option(min=1, help="Patients side by side.")] = 12,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds from kill to kill, on average.")] = 6.0,
    seconds: Annotated[float, typer.Option(min=1, help="Send photos for so long at most.")] = 7200.0,
    seed: Annotated[int | None, typer.Option(help="Of the kills; printed, to run them again.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep data and logs here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Kill parts of a house at random and count what its patients miss. Exit status 1 where they miss anything."""
    console = Console(stderr=as_json)
    chosen = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    console.print(f"seed {chosen}", highlight=False)
    with tempfile.TemporaryDirectory() as scratch, HouseUnderFault(folder or Path(scratch)) as house:
        result = measure(house, cases, seconds, patients, every, chosen, console)
    if as_json:
        typer.echo(json.dumps(asdict(result), indent=1))
    else:
        show(result, console)
    raise typer.Exit(0 if result.is_sound else 1)


if __name__ == "__main__":
    typer.run(main)
