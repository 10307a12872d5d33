"""What a worker tells of itself, by Celery's signals: its log, its metrics, its heartbeat; and of every task, how long
it took, and the ids that all lines written meanwhile carry.

The tasks know nothing of it. The pool's children do the work, so each of them shows its own metrics: the first at
SKINGPT_METRICS_PORT, the next one port higher.
"""

import logging
import time
from contextlib import ExitStack
from typing import Any

from billiard import current_process
from celery.signals import setup_logging, task_postrun, task_prerun, worker_process_init

from cases.heartbeat import keep_beating
from exporter import export
from logs import LogSettings, about, start_logging
from worker import metrics

ABOUT = {
    "worker.examine.examine": ("examine", "case"),
    "worker.advise.advise": ("advise", "case"),
    "worker.advise.reply": ("reply", "turn"),
    "worker.forget.forget": ("forget", "case"),
}
"""Task → its stage, and what its one argument is the id of."""

_log = logging.getLogger(__name__)
_under_way: dict[str, tuple[float, ExitStack]] = {}


def part() -> str:
    """The name of this worker among the parts: SKINGPT_PART, e.g. "gpu"."""
    return LogSettings().part or "worker"


@setup_logging.connect
def _log_as_all_do(**_: object) -> None:
    start_logging(part())


@worker_process_init.connect
def _show_child(**_: object) -> None:
    from worker import resources

    export(offset=max(0, getattr(current_process(), "index", 0)))
    keep_beating(resources.cases, part())


@task_prerun.connect
def _begin(task_id: str, task: Any, args: Any = (), **_: object) -> None:
    stage, kind = ABOUT.get(task.name, (task.name.rsplit(".", 1)[-1], ""))
    binding = ExitStack()
    fields = {kind: args[0]} if kind and args else {}
    binding.enter_context(about(task=stage, **fields))
    _under_way[task_id] = (time.monotonic(), binding)
    metrics.BEGUN.labels(stage).inc()
    _log.info("%s begins", stage)


@task_postrun.connect
def _end(task_id: str, task: Any, **_: object) -> None:
    began, binding = _under_way.pop(task_id, (None, ExitStack()))
    with binding:
        if began is not None:
            stage = ABOUT.get(task.name, (task.name.rsplit(".", 1)[-1], ""))[0]
            seconds = time.monotonic() - began
            metrics.TASKS.labels(stage).observe(seconds)
            _log.info("%s ended after %.2f s", stage, seconds)
