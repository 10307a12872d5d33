"""The supervisor with small parts of its own: order, restarts, endings, and no orphans."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local import running, supervisor
from local.child import State
from local.errors import AlreadyRunning, NotRunning, StartFailed
from local.health import AnswersHttp, Finishes, GoesRound, SaysSo
from local.parts import DOORS, STORES, WORKERS, Part
from local.running import Running
from local.settings import ROOT, LocalSettings
from local.supervisor import House


def python(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", textwrap.dedent(script))


SLEEPER = """
    import signal, sys, time
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("ready", flush=True)
    time.sleep(600)
"""


def wait_until(fact: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


async def until(fact: Callable[[], object], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not fact():
            await asyncio.sleep(0.05)


def exists(pid: int) -> bool:
    """Whether the process lives (a zombie that nobody has waited for does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    return LocalSettings(data=tmp_path / "var", start_seconds=20, stop_seconds=5)


@pytest.fixture
def build(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[House, list[str]]]]:
    """Makes a house of the given parts; with it comes the list of what a person would have read."""

    def make(*parts: Part, **options: object) -> tuple[House, list[str]]:
        monkeypatch.setattr(supervisor, "house_parts", lambda *_, **__: parts)
        read: list[str] = []
        return House(settings.model_copy(update=options), dict(os.environ), notice=read.append), read

    yield make


def part(name: str, script: str = SLEEPER, **more: object) -> Part:
    options = {"health": SaysSo("ready"), "tier": STORES, **more}
    return Part(name, name, python(script), **options)  # type: ignore[arg-type]


async def test_a_part_waits_until_what_it_needs_is_up(build: Callable[..., tuple[House, list[str]]]) -> None:
    slow = part("slow", "import time; time.sleep(1)" + textwrap.dedent(SLEEPER))
    first = part("first", "import time; time.sleep(1); print('done', flush=True)", health=Finishes(), once=True)
    eager = part("eager", needs=frozenset({"first"}), tier=WORKERS)
    house, _ = build(first, eager, slow)
    async with house:
        states = {child.part.name: child.state for child in house.children}
        began = {child.part.name: child.log.stat().st_ctime_ns for child in house.children}
    assert states == {"first": State.DONE, "eager": State.UP, "slow": State.UP}
    assert began["eager"] > began["first"]


async def test_doors_stop_before_stores(build: Callable[..., tuple[House, list[str]]], tmp_path: Path) -> None:
    script = """
        import signal, sys, time
        def leave(*_):
            open({path!r}, "a").write({name!r} + " ")
            sys.exit(0)
        signal.signal(signal.SIGTERM, leave)
        print("ready", flush=True)
        time.sleep(600)
    """
    book = tmp_path / "order"
    tiers = {"store": STORES, "worker": WORKERS, "door": DOORS}
    house, _ = build(*(part(name, script.format(path=str(book), name=name), tier=tier) for name, tier in tiers.items()))
    async with house:
        pids = [child.pid for child in house.children]
    assert book.read_text().split() == ["door", "worker", "store"]
    assert not any(exists(pid) for pid in pids if pid)


async def test_a_killed_part_comes_back_and_is_talked_about(
    build: Callable[..., tuple[House, list[str]]],
) -> None:
    house, read = build(part("server"))
    async with house:
        child = house.children[0]
        before = child.pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        await until(lambda: child.pid not in (None, before) and child.state is State.UP)
        told = Running.load(house.settings.folder)
        assert told is not None and told.parts["server"]["restarts"] == 1
    assert len(read) == 1 and "server stopped (killed by SIGKILL)" in read[0] and "server.log" in read[0]


SERVER = """
    import http.server, sys
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    open({place!r}, "w").write(str(server.server_port))
    print("ready", flush=True)
    server.serve_forever()
"""


@dataclass(frozen=True)
class Answers:
    """What the part itself serves, at a port that it writes down."""

    place: Path

    async def is_up(self, log: Path, since: int) -> bool:
        try:
            return await AnswersHttp(f"http://127.0.0.1:{self.place.read_text()}/").is_up(log, since)
        except FileNotFoundError:
            return False


@pytest.mark.slow
async def test_a_part_that_lives_but_hangs_is_killed_and_comes_back(
    build: Callable[..., tuple[House, list[str]]], tmp_path: Path
) -> None:
    place = tmp_path / "port"
    hanging = part("hanging", SERVER.format(place=str(place)), health=Answers(place))
    mute = part("mute", alive=AnswersHttp("http://127.0.0.1:9/"))
    house, read = build(hanging, mute, hang_seconds=6)
    async with house:
        child, silent = house.children
        before, untouched = child.pid, silent.pid
        assert before is not None
        await asyncio.sleep(5)  # at least two looks
        assert child.pid == before, "who answers is left alone"
        os.kill(before, signal.SIGSTOP)
        await until(lambda: child.pid not in (None, before) and child.state is State.UP, seconds=60)
        assert child.reason == "it did not answer any more"
        assert not exists(before)
        assert silent.pid == untouched, "what never answered cannot be told to hang"
    assert "hanging lives but has not answered" in read[0]
    assert "started again" in read[1]


async def test_a_part_that_ends_by_itself_is_quoted(
    build: Callable[..., tuple[House, list[str]]], tmp_path: Path
) -> None:
    once = tmp_path / "once"
    script = f"""
        import pathlib, sys, time
        print("ready", flush=True)
        if pathlib.Path({str(once)!r}).exists():
            time.sleep(600)
        pathlib.Path({str(once)!r}).touch()
        time.sleep(0.5)
        sys.exit("the token was revoked")
    """
    house, read = build(part("bot", script))
    async with house:
        await until(lambda: house.children[0].restarts == 1)
        assert house.children[0].reason == "exit status 1: the token was revoked"
    assert "bot stopped (exit status 1: the token was revoked)" in read[0]


async def test_a_metric_that_stands_still_tells_that_its_loop_does(tmp_path: Path) -> None:
    page = tmp_path / "metrics"
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        look = GoesRound(f"http://127.0.0.1:{server.server_port}/metrics", "skingpt_bot_round_timestamp_seconds", 60)
        for told, up in (
            (f"skingpt_bot_round_timestamp_seconds {time.time() - 5}", True),
            (f"skingpt_bot_round_timestamp_seconds {time.time() - 70}", False),
            ("# HELP skingpt_bot_round_timestamp_seconds when\nanother 1.7e9", False),
        ):
            page.write_text(f"a 1\n{told}\nb 2\n")
            assert await look.is_up(page, 0) is up, told
        server.shutdown()
    assert not await look.is_up(page, 0)


async def test_a_part_that_never_comes_up_ends_the_start_with_its_last_words(
    build: Callable[..., tuple[House, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.child.FIRST_WAIT", 0.05)
    good = part("good")
    house, _ = build(good, part("bad", "import sys; sys.exit('the port is taken')"))
    with pytest.raises(StartFailed, match=r"bad \(bad\) does not come up(.|\n)*the port is taken"):
        await house.__aenter__()
    assert [child.pid for child in house.children] == [None, None]


async def test_a_part_that_ignores_the_request_is_killed_with_its_children(
    settings: LocalSettings, build: Callable[..., tuple[House, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stubborn = part(
        "stubborn",
        """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print("child", child.pid, flush=True)
        print("ready", flush=True)
        time.sleep(600)
        """,
    )
    house, read = build(stubborn)
    house.settings = settings.model_copy(update={"stop_seconds": 0.3})
    async with house:
        grandchild = int(house.children[0].log.read_text().split()[1])
        assert exists(grandchild)
    await until(lambda: not exists(grandchild))
    assert "did not stop" in read[0]


async def test_logs_are_for_the_owner_only(build: Callable[..., tuple[House, list[str]]]) -> None:
    house, _ = build(part("server"))
    async with house:
        assert house.children[0].log.stat().st_mode & 0o077 == 0


async def test_a_large_log_is_put_aside(build: Callable[..., tuple[House, list[str]]], tmp_path: Path) -> None:
    house, _ = build(part("server"))
    log = house.children[0].log
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * 5_000_001)
    async with house:
        assert log.stat().st_size < 1000
    assert log.with_suffix(".old.log").stat().st_size == 5_000_001


def test_a_data_folder_holds_one_house(settings: LocalSettings) -> None:
    with running.hold(settings.folder):
        Running(pid=os.getpid(), ready=True, page="http://127.0.0.1:1", environment={}).save(settings.folder)
        assert running.find(settings.folder).pid == os.getpid()
        second = subprocess.run(
            [sys.executable, "-m", "skingpt", "up"],
            env={**os.environ, "SKINGPT_DATA": str(settings.folder)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert "already runs" in second.stderr and "http://127.0.0.1:1" in second.stderr
        assert "Traceback" not in second.stderr
    with pytest.raises(NotRunning, match=r"\./run up"):
        running.find(settings.folder)
    with running.hold(settings.folder), pytest.raises(AlreadyRunning), running.hold(settings.folder):
        pass


def test_the_state_of_a_dead_house_is_not_believed(settings: LocalSettings) -> None:
    settings.folder.mkdir(parents=True)
    Running(pid=1, ready=True, page="http://127.0.0.1:1", environment={}).save(settings.folder)
    with pytest.raises(NotRunning):
        running.find(settings.folder)


PARENT = """
import multiprocessing, time
from worker.orphans import die_with_parent

def sleep():
    die_with_parent()
    time.sleep(600)

child = multiprocessing.get_context("fork").Process(target=sleep)
child.start()
print("ready", child.pid, flush=True)
time.sleep(600)
"""

TREE = f"""
import asyncio, os, sys
from local import supervisor
from local.health import SaysSo
from local.parts import Part
from local.settings import LocalSettings

part = Part("tree", "tree", (sys.executable, "-c", {PARENT!r}), SaysSo("ready"), 0)
supervisor.house_parts = lambda *_, **__: (part,)

async def main():
    async with supervisor.House(LocalSettings(), os.environ) as house:
        print(house.children[0].pid, flush=True)
        await house.until_stopped()

asyncio.run(main())
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_supervisor(settings: LocalSettings, end: signal.Signals) -> None:
    environment = {**os.environ, "SKINGPT_DATA": str(settings.folder), "SKINGPT_STOP_SECONDS": "1"}
    house = subprocess.Popen(
        python(TREE), cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert house.stdout is not None
    child = int(house.stdout.readline())
    grandchild = int((settings.folder / "logs" / "tree.log").read_text().split()[1])
    assert exists(child) and exists(grandchild)
    house.send_signal(end)
    house.wait(20)
    wait_until(lambda: not exists(child) and not exists(grandchild))


def test_running_json_is_whole_and_holds_no_secret(settings: LocalSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINGPT_TELEGRAM_TOKEN", "123456:a-secret-word")

    async def plan() -> House:
        return House(LocalSettings(), dict(os.environ))

    house = asyncio.run(plan())
    settings.folder.mkdir(parents=True)
    house.running().save(settings.folder)
    text = (settings.folder / "running.json").read_text()
    assert set(json.loads(text)["parts"]) >= {"broker", "chroma", "gpu", "agent", "bot", "clinic"}
    assert "a-secret-word" not in text and os.environ["SKINGPT_KEY"] not in text
