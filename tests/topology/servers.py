"""PostgreSQL and RabbitMQ as Debian packages them, on data folders and free ports of their own, as unprivileged users.

    python -m tests.topology.servers COMMAND [ARGUMENT...]

runs COMMAND with SKINGPT_TEST_POSTGRES and SKINGPT_TEST_RABBITMQ, the addresses of an empty database and an empty
broker; of what is not installed the variable is left out. The system's own services are not touched.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local.addresses import HOST, free_ports

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
_START_SECONDS, _STOP_SECONDS = 120.0, 60.0
_RABBITMQ = Path("/usr/lib/rabbitmq/bin")


def postgres_programs() -> Path | None:
    """The folder of Debian's newest PostgreSQL server, if one is installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return folders[-1] if folders and (folders[-1] / "initdb").exists() else None


def has_rabbitmq() -> bool:
    """Whether Debian's RabbitMQ is installed."""
    return (_RABBITMQ / "rabbitmq-server").exists()


class Server:
    """One server process with a folder of its own; it ends with the process that started it."""

    user = "nobody"

    def __init__(self) -> None:
        # Not pytest's folder: the server's user could not enter it.
        self.folder = Path(tempfile.mkdtemp(prefix="skingpt-"))
        self.port = free_ports([0])[0]
        self.process: subprocess.Popen[bytes] | None = None
        self._become: tuple[str, ...] = ()
        if os.geteuid() == 0:
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            self._become = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups")

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.folder / "log"

    def command(self) -> tuple[str, ...]:
        """The server in the foreground."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Its whole environment."""
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(self.folder)}

    def is_ready(self) -> bool:
        """Whether it can be used now."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait until it can be used."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ("setpriv", "--pdeathsig=KILL", *self._become, *self.command()),
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self.is_ready():
            assert self.process.poll() is None, f"{self.said()}\n{type(self).__name__} ended with {self.process.poll()}"
            assert time.monotonic() < deadline, f"{self.said()}\n{type(self).__name__} does not come up"
            time.sleep(0.2)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Signal it and wait until it is gone."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(_STOP_SECONDS)
        finally:
            _kill_group(self.process.pid)
            self.process = None

    def remove(self) -> None:
        """Stop it and take its folder away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> str:
        """What `command` prints, run as the server's user."""
        done = subprocess.run(
            (*(("setpriv", *self._become) if self._become else ()), *command),
            env={**self.environment(), **(environment or {})},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
        return str(done.stdout)

    def write(self, name: str, text: str) -> Path:
        """A file in its folder that its user can read."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
        return path

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""


class PostgresServer(Server):
    """PostgreSQL with the superuser `skingpt`; `SIGINT` is its fast, `SIGQUIT` its immediate stop."""

    user = "postgres"

    def __init__(self, programs: Path) -> None:
        super().__init__()
        self.password = secrets.token_hex(16)
        self._programs = programs
        self._data = self.folder / "data"
        word = self.write("password", self.password)
        access = ("--username=skingpt", f"--pwfile={word}", "--auth=scram-sha-256")
        self.run(str(programs / "initdb"), f"--pgdata={self._data}", "--encoding=UTF8", "--no-sync", *access)

    def command(self) -> tuple[str, ...]:
        settings = {
            "listen_addresses": HOST,
            "unix_socket_directories": str(self.folder),
            "port": str(self.port),
            "fsync": "off",  # processes are killed here, never the machine
            "shared_buffers": "64MB",
            "max_connections": "200",
        }
        options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
        return (str(self._programs / "postgres"), "-D", str(self._data), *options)

    def environment(self) -> dict[str, str]:
        access = {"PGHOST": HOST, "PGPORT": str(self.port), "PGUSER": "skingpt", "PGPASSWORD": self.password}
        return {**super().environment(), **access}

    def is_ready(self) -> bool:
        done = subprocess.run(
            (str(self._programs / "pg_isready"), "-q"), env=self.environment(), check=False, timeout=20
        )
        return done.returncode == 0

    def sql(self, statement: str, database: str = "postgres") -> str:
        """What psql prints for `statement`, run as the superuser."""
        return self.run(str(self._programs / "psql"), "-v", "ON_ERROR_STOP=1", "-qAtc", statement, database)

    def url(self, database: str, user: str = "skingpt", password: str = "") -> str:
        """SQLAlchemy's address of a database."""
        return f"postgresql+psycopg://{user}:{password or self.password}@{HOST}:{self.port}/{database}"


class RabbitServer(Server):
    """RabbitMQ with the configuration that is deployed, and one user."""

    user = "rabbitmq"

    def __init__(self) -> None:
        super().__init__()
        self.password = secrets.token_hex(16)
        self._distribution, self._epmd = free_ports([0, 0])
        self.write("enabled_plugins", "[].\n")
        (self.folder / "conf.d").mkdir(mode=0o755)
        self.write(
            "conf.d/90-here.conf",
            f"listeners.tcp.1 = {HOST}:{self.port}\n"
            "loopback_users = none\ndefault_user = skingpt\n"
            f"default_pass = {self.password}\n",
        )
        shutil.copy(DEPLOY / "rabbitmq.conf", self.folder / "rabbitmq.conf")

    def command(self) -> tuple[str, ...]:
        return (str(_RABBITMQ / "rabbitmq-server"),)

    def environment(self) -> dict[str, str]:
        return {
            **super().environment(),
            "RABBITMQ_NODENAME": f"skingpt-{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(self.folder / "conf.d"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            # The start script then becomes the server instead of starting it: a killed caller takes it along.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(self.folder / "generated"),
            "RABBITMQ_SCHEMA_DIR": str(self.folder / "schema"),
            "RABBITMQ_LOG_BASE": str(self.folder / "logs"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": HOST,
        }

    def is_ready(self) -> bool:
        # It listens only when it has started.
        try:
            with socket.create_connection((HOST, self.port), timeout=2):
                return True
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        super().stop(how)
        # The port mapper that Erlang leaves behind.
        subprocess.run(("epmd", "-kill"), env=self.environment(), capture_output=True, check=False, timeout=20)

    def wipe(self) -> None:
        """Delete all that it kept; it must not be running."""
        assert self.process is None
        shutil.rmtree(self.folder / "mnesia", ignore_errors=True)

    def control(self, *arguments: str) -> str:
        """What rabbitmqctl prints."""
        return self.run(str(_RABBITMQ / "rabbitmqctl"), "--quiet", *arguments)

    @property
    def url(self) -> str:
        """Its address for Celery."""
        return f"amqp://skingpt:{self.password}@{HOST}:{self.port}//"


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


@contextmanager
def started(make: Callable[[], Server]) -> Iterator[Server]:
    """A server that runs inside the block."""
    server = make()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def main(command: Sequence[str]) -> int:
    """Run `command` beside the servers; its exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers and their folders go
    with ExitStack() as stack:
        found: dict[str, str] = {}
        programs = postgres_programs()
        if programs is not None:
            postgres = stack.enter_context(started(lambda: PostgresServer(programs)))
            assert isinstance(postgres, PostgresServer)
            postgres.sql("CREATE DATABASE tests")
            found["SKINGPT_TEST_POSTGRES"] = postgres.url("tests")
        if has_rabbitmq():
            rabbit = stack.enter_context(started(RabbitServer))
            assert isinstance(rabbit, RabbitServer)
            found["SKINGPT_TEST_RABBITMQ"] = rabbit.url
        return subprocess.run(command, env={**os.environ, **found}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
