"""Findings and advice as the worker would store them, and a way to run several processes at once."""

import multiprocessing
from collections.abc import Callable
from datetime import date
from typing import Any

from cases.record import Advice, Citation, Findings, Possibility, PossibilityInWords, Reason, Statement, Triage
from conditions import Domain, TriageLevel

PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20


def findings(description: str = "A flat brown spot.") -> Findings:
    return Findings(
        domain=Domain.PHONE,
        description=description,
        concepts=("brown",),
        differential=(
            Possibility(slug="melanocytic-naevus", probability=0.8),
            Possibility(slug="melanoma", probability=0.2),
        ),
        abstained=False,
        reason=None,
        model="mini",
        seconds=0.5,
    )


def advice(revision: int, now: str = "Have it looked at this week.") -> Advice:
    return Advice(
        triage=Triage(
            level=TriageLevel.THIS_WEEK,
            reasons=(
                Reason(rule="spot-grew", level=TriageLevel.THIS_WEEK, text="It grew.", action="Go.", source="NG12"),
            ),
        ),
        now=now,
        seen="A flat brown spot.",
        possibilities=(PossibilityInWords(slug="melanoma", title="melanoma", words="cannot be ruled out"),),
        statements=(Statement(text="Keep it out of the sun.", citations=(1,)),),
        citations=(citation(),),
        watch_for=("bleeding",),
        see_by=date(2026, 3, 8),
        see_whom="a doctor",
        limits="A photo cannot rule out skin cancer.",
        revision=revision,
    )


def citation(reviewed: date | None = None) -> Citation:
    return Citation(
        n=1,
        chunk_id="c1",
        slug="melanoma",
        title="Melanoma",
        section="Self-care",
        passage="Keep it out of the sun.",
        source="NICE",
        reviewed=reviewed,
    )


def at_once(count: int, work: Callable[..., Any], *arguments: object) -> list[Any]:
    """What `work(index, *arguments)` gives in `count` processes that begin together."""
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(count), context.SimpleQueue()

    def run(index: int) -> None:
        start.wait(timeout=20)
        try:
            results.put((index, work(index, *arguments)))
        except Exception as error:
            results.put((index, error))

    processes = [context.Process(target=run, args=(index,)) for index in range(count)]
    for process in processes:
        process.start()
    gathered = dict(results.get() for _ in processes)
    for process in processes:
        process.join(timeout=20)
    return [gathered[index] for index in range(count)]
