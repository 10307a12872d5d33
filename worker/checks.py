"""What `./run doctor` asks of the queue and the model: is the broker there, who takes work, does the model see."""

import io
from collections.abc import Mapping, Sequence

from kombu.exceptions import OperationalError
from PIL import Image, ImageDraw

from agents.errors import VisionUnavailable
from cases.record import History
from checkup import Check, Finding, broken, warning, well
from worker.app import QUEUES, make_app
from worker.depths import queue_depths
from worker.endpoint import Endpoint
from worker.errors import ModelBusy
from worker.settings import WorkerSettings

PING_SECONDS = 3.0
"""How long workers have to say that they are there; a busy one answers too, since its parent process does."""


def check_broker(settings: WorkerSettings) -> Sequence[Finding]:
    """Whether the broker answers, and how many messages stand in each queue."""
    try:
        depths = queue_depths(settings.broker_url)
    except (OperationalError, OSError) as error:
        remedy = "Start the server at SKINGPT_BROKER_URL; photos are kept meanwhile, and the sweep queues them."
        return [broken("broker", f"The broker does not answer ({type(error).__name__}).", remedy)]
    told = ", ".join(f"{queue} {depth}" for queue, depth in depths.items())
    return [well("broker", f"It answers; waiting: {told}.", **depths)]


def check_workers(settings: WorkerSettings) -> Sequence[Finding]:
    """How many workers listen on each queue."""
    try:
        replies = make_app(settings).control.inspect(timeout=PING_SECONDS).active_queues() or {}
    except (OperationalError, OSError):
        return [broken("workers", "No worker can be asked: the broker does not answer.", "Start the broker first.")]
    listening = {queue: 0 for queue in QUEUES}
    for queues in replies.values():
        for queue in queues:
            if queue["name"] in listening:
                listening[queue["name"]] += 1
    return [_worker(queue, count) for queue, count in listening.items()]


def _worker(queue: str, count: int) -> Finding:
    if count:
        return well(f"worker {queue}", f"{count} listening.", listening=count)
    remedy = f"Start one (./run up), or: celery -A worker.app worker -Q {queue} -c 1"
    if queue == "library":  # patients do not wait for it
        return warning(f"worker {queue}", "None listens: guidelines are not read in.", remedy, listening=0)
    return broken(f"worker {queue}", "None listens.", remedy, listening=0)


def check_model(settings: WorkerSettings) -> Sequence[Finding]:
    """Whether the model answers a question about a drawn picture, through the worker's own client."""
    once = settings.model_copy(update={"worker_model_tries": 1})
    try:
        findings = Endpoint(once).examine([_drawn()], History())
    except ModelBusy:
        return [warning("model", "It is overloaded and refused (429).", "Wait, or add a model server.")]
    except VisionUnavailable as error:
        says, _, remedy = str(error).partition(": ")
        remedy = remedy or "see the model server's log"
        return [broken("model", f"{says.rstrip('.')}.", f"{remedy[:1].upper()}{remedy[1:]}")]
    says = f"{findings.model} looked at a drawn picture in {findings.seconds:.1f} s, and its answer keeps the contract."
    return [well("model", says, model=findings.model, seconds=findings.seconds)]


def _drawn() -> bytes:
    """A brown spot on skin, 224 x 224, as JPEG."""
    picture = Image.new("RGB", (224, 224), (224, 182, 158))
    ImageDraw.Draw(picture).ellipse((80, 84, 140, 136), fill=(104, 66, 48))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


CHECKS: Mapping[str, Check] = {
    "broker": lambda: check_broker(WorkerSettings()),
    "workers": lambda: check_workers(WorkerSettings()),
    "model": lambda: check_model(WorkerSettings()),
}
