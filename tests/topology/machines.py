"""The parts of docker-compose.yml as processes of this machine: the same commands, secrets, databases and queues.

Each process is started again when it ends, as a container with `restart: unless-stopped` is.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from knowledge.library import Library, open_library
from knowledge.settings import KnowledgeSettings
from local.addresses import HOST, free_ports
from tests.topology.balancer import Balancer
from tests.topology.servers import DEPLOY, ROOT, PostgresServer, RabbitServer, postgres_programs
from tests.worker.stub_model import StubModel, stub_model

PATIENCE = 300.0
_CHROMA = "import sys, chromadb_rust_bindings as chroma; chroma.cli(['chroma', *sys.argv[1:]])"
_QUICK = {
    "SKINGPT_WORKER_LEASE_SECONDS": "8",
    "SKINGPT_WORKER_SWEEP_SECONDS": "1",
    "SKINGPT_WORKER_OVERDUE_SECONDS": "6",
    "SKINGPT_WORKER_BACKOFF_SECONDS": "0.2",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "ANONYMIZED_TELEMETRY": "False",
    "LANGSMITH_TRACING": "false",
}


@dataclass
class Part:
    """One process that is kept running."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    lives: int = 0
    wanted: bool = True

    def start(self) -> None:
        """Begin one life."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ("setpriv", "--pdeathsig=KILL", *self.command),
                cwd=ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.lives += 1

    def kill(self) -> None:
        """SIGKILL to it and all it started."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


@dataclass
class Machines:
    """All of it; `with Machines() as house` starts and stops everything."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="skingpt-machines-")))
    parts: dict[str, Part] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._ending = contextlib.ExitStack()
        try:
            self._start()
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def _start(self) -> None:
        self._ending.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._start_stores()
        self.model: StubModel = self._ending.enter_context(stub_model())
        ports = free_ports([0] * 5)
        self._chroma, self._embedder, page, *bots = ports
        self.page = f"http://{HOST}:{page}"
        self.balancer = Balancer(bots)
        self._ending.callback(self.balancer.server_close)
        self._ending.callback(self.balancer.shutdown)
        self.shared = self._shared_environment(page)
        self._done = threading.Event()
        self._ending.callback(self._stop)
        self._plan(bots)
        # The thread that starts the processes must outlive them: they end with it.
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()
        self.until_answers(f"http://{HOST}:{self._chroma}/api/v2/heartbeat")
        self.until_answers(f"http://{HOST}:{self._embedder}/health")
        for bot in bots:
            self.until_answers(f"http://{HOST}:{bot}/ready")
        for worker in ("gpu1", "gpu2", "agent1", "agent2", "library"):
            self.until(lambda worker=worker: self.said(worker, "ready."), f"{worker} is ready")  # type: ignore[misc]

    def _start_stores(self) -> None:
        programs = postgres_programs()
        assert programs is not None
        self.rabbit = RabbitServer()
        self._ending.callback(self.rabbit.remove)
        self.postgres = PostgresServer(programs)
        self._ending.callback(self.postgres.remove)
        self.postgres.start()
        self.secrets = self.folder / "secrets"
        where = {
            "POSTGRES_HOST": HOST,
            "POSTGRES_PORT": str(self.postgres.port),
            "RABBITMQ_HOST": HOST,
            "RABBITMQ_PORT": str(self.rabbit.port),
        }
        subprocess.run((DEPLOY / "make-secrets", self.secrets), env={**os.environ, **where}, check=True, timeout=60)
        server = {**self.postgres.environment(), "POSTGRES_USER": "skingpt", "SECRETS": str(self.secrets)}
        subprocess.run((DEPLOY / "postgres-init.sh",), env=server, check=True, timeout=60)
        (self.rabbit.folder / "conf.d" / "90-here.conf").unlink()
        self.rabbit.write("conf.d/90-here.conf", f"listeners.tcp.1 = {HOST}:{self.rabbit.port}\n")
        self.rabbit.write("conf.d/20-user.conf", (self.secrets / "rabbitmq_user.conf").read_text())
        self.rabbit.start()

    def _shared_environment(self, page: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SKINGPT_")}
        return {
            **kept,
            **_QUICK,
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": HOST,
            "SKINGPT_DATA": str(self.folder / "var"),
            "SKINGPT_SECRETS_DIR": str(self.secrets),
            "SKINGPT_KEY_FILE": str(self.secrets / "record_key"),
            "SKINGPT_CHROMA_URL": f"http://{HOST}:{self._chroma}",
            "SKINGPT_EMBEDDER_URL": f"http://{HOST}:{self._embedder}",
            "SKINGPT_MODEL_URL": self.model.url,
            "SKINGPT_BOT_API": self.page,
            "SKINGPT_PLAYGROUND_PORT": str(page),
            "SKINGPT_PLAYGROUND_DATA": str(self.folder / "telegram"),
            "SKINGPT_WEBHOOK_URL": f"http://{HOST}:{self.balancer.port}/telegram",
        }

    def _plan(self, bots: list[int]) -> None:
        python = sys.executable
        chroma = ("run", "--host", HOST, "--port", str(self._chroma), "--path", str(self.folder / "chroma"))
        self._add("chroma", (python, "-c", _CHROMA, *chroma))
        self._add("embedder", (python, "-m", "knowledge.embedder"))
        self._add("telegram", (python, "-m", "local.playground"))
        for name in ("gpu1", "gpu2", "agent1", "agent2", "library"):
            self._add(name, (python, "-m", *worker_command(name.rstrip("12"), name)))
        self._add("sweep", (python, "-m", "worker.sweep"))
        for number, port in enumerate(bots, 1):
            self._add(f"bot{number}", (python, "-m", "bot"), {"SKINGPT_WEBHOOK_LISTEN": f"{HOST}:{port}"})

    def _add(self, name: str, command: tuple[str, ...], own: Mapping[str, str] | None = None) -> None:
        log = self.folder / f"{name}.log"
        self.parts[name] = Part(name, command, {**self.shared, **(own or {})}, log)

    def _keep(self) -> None:
        while not self._done.wait(0.5):
            for part in self.parts.values():
                if part.wanted and (part.process is None or part.process.poll() is not None):
                    part.start()

    def _stop(self) -> None:
        self._done.set()
        if hasattr(self, "_keeper"):
            self._keeper.join()
        for part in reversed(self.parts.values()):
            if part.process is not None:
                part.kill()

    def library(self) -> Library:
        """The guideline library, as the clinic opens it."""
        return open_library(
            KnowledgeSettings(
                knowledge_url=(self.secrets / "skingpt_knowledge_url").read_text().strip(),
                chroma_url=self.shared["SKINGPT_CHROMA_URL"],
                embedder_url=self.shared["SKINGPT_EMBEDDER_URL"],
            )
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the front door, on these machines."""
        command = (sys.executable, "-m", "skingpt", *words)
        return subprocess.run(
            command, cwd=ROOT, env=self.shared, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def said(self, name: str, words: str) -> bool:
        """Whether the log of a part holds `words`."""
        log = self.parts[name].log
        return log.exists() and words in log.read_text(errors="replace")

    def until_answers(self, url: str) -> None:
        """Wait until `url` gives a 2xx."""
        self.until(lambda: _answers(url), url)

    def until(self, fact: Callable[[], object], what: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not fact():
            assert time.monotonic() < deadline, f"never: {what}\n{self.ends()}"
            time.sleep(0.3)

    def ends(self) -> str:
        """The last lines of every log."""
        return "\n".join(
            f"--- {name}, {part.lives} lives\n" + "\n".join(part.log.read_text(errors="replace").splitlines()[-8:])
            for name, part in self.parts.items()
            if part.log.exists()
        )


def worker_command(queue: str, name: str) -> tuple[str, ...]:
    """Celery's command of a worker, as docker-compose.yml has it."""
    return (
        *("celery", "-A", "worker.app", "worker", "-Q", queue, "-n", f"{name}@%h"),
        *("--pool", "prefork", "-c", "1", "--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle"),
    )


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False
