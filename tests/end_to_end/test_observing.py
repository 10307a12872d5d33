"""What operators see of the running house: `doctor`, the metrics of every process, one case followed through the logs.

Run: ``./run test -m slow tests/end_to_end/test_observing.py``
"""

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.playground.patient import Patient
from tests.end_to_end.test_house import PATIENCE, agree, answer_to_photo, is_answer, until
from tests.end_to_end.whole_house import WholeHouse
from tests.test_dashboard import OURS, expressions, names_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OWN_LOGS = ("bot", "gpu", "agent", "library", "sweep", "clinic", "embedder", "model", "playground")


def exposed(house: WholeHouse) -> dict[str, str]:
    """What each process shows, by part."""
    status: Any = house.status()
    ports = {name: part["metrics"] for name, part in status["parts"].items() if part["metrics"]}
    addresses = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    addresses["embedder"] = status["environment"]["SKINGPT_EMBEDDER_URL"]
    addresses["model"] = status["environment"]["SKINGPT_MODEL_URL"]
    return {name: httpx.get(f"{url}/metrics", trust_env=False).text for name, url in addresses.items()}


def lines_of(house: WholeHouse, part: str) -> list[dict[str, Any]]:
    written = (house.folder / "var" / "logs" / f"{part}.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in written if line.startswith("{")]


def about(house: WholeHouse, part: str, case_id: str) -> list[str]:
    return [str(line["event"]) for line in lines_of(house, part) if line.get("case") == case_id]


def test_a_house_that_runs_is_well(house: WholeHouse, lesion: Path) -> None:
    # The sweep, the bot and the workers give their first sign of life some seconds after they are up; those of the life
    # before count for a minute.
    deadline = time.monotonic() + 150
    while True:
        asked = house.run("doctor", "--json")
        told = json.loads(asked.stdout)
        broken = [finding for finding in told["findings"] if finding["state"] == "broken"]
        alive = [finding["facts"].get("alive") for finding in told["findings"] if finding["part"] in ("sweep", "bot")]
        if (not broken and alive == [1, 1]) or time.monotonic() > deadline:
            break
        time.sleep(2)
    assert broken == []
    assert asked.returncode in (0, 1)
    found = {finding["part"]: finding for finding in told["findings"]}
    assert found["model"]["facts"]["model"] == "skingpt-mini"
    assert found["index"]["facts"]["passages"] > 100
    assert {f"worker {queue}" for queue in ("gpu", "agent", "library")} <= set(found)
    assert alive == [1, 1]


def test_every_process_shows_its_metrics_and_the_dashboards_are_among_them(
    house: WholeHouse, newcomer: Patient, lesion: Path
) -> None:
    agree(newcomer)
    answer_to_photo(newcomer, lesion)

    def answered() -> bool:
        return 'skingpt_answer_seconds_count{kind="photo"} 0.0' not in exposed(house)["bot"]

    until(answered, PATIENCE)
    until(lambda: re.search(r'skingpt_processes_alive\{part="gpu"\} 1\.0', exposed(house)["sweep"]), PATIENCE)
    shown = exposed(house)
    assert set(shown) == {*OWN_LOGS}, "the supervisor is asked by its own test"
    there = set().union(*(names_in(text) for text in shown.values()))
    asked = {name for _, expression in expressions() for name in OURS.findall(expression)}
    missing = {name for name in asked - there if not name.startswith("skingpt_part_")}
    assert missing == set()
    assert 'skingpt_task_seconds_count{task="examine"}' in shown["gpu"]
    everything = "".join(shown.values())
    assert not re.search(r"\b[0-9a-f]{32}\b", everything), "an id stands in a label"
    assert str(newcomer.chat_id) not in re.findall(r'="(\d+)"', everything)


def test_one_case_is_followed_through_the_logs_of_all_parts(house: WholeHouse, newcomer: Patient, lesion: Path) -> None:
    agree(newcomer)
    answer_to_photo(newcomer, lesion)
    case_id = [line["case"] for line in lines_of(house, "gpu") if line.get("task") == "examine"][-1]
    until(lambda: "case sent" in about(house, "bot", case_id), PATIENCE)
    bot, gpu, agent = (about(house, part, case_id) for part in ("bot", "gpu", "agent"))
    assert "case stored" in bot and any("answered after" in event for event in bot)
    assert "examine begins" in gpu and any(event.startswith("examine ended") for event in gpu)
    assert any(event.startswith("advice stored: ") for event in agent)
    updates = {line.get("update") for line in lines_of(house, "bot") if line.get("case") == case_id}
    assert any(isinstance(update, int) for update in updates), "the update that brought the photo is named"
    levels = {line["level"] for part in OWN_LOGS for line in lines_of(house, part)}
    assert levels <= {"info", "warning", "error"}


def test_no_token_and_no_word_is_in_any_log(house: WholeHouse, newcomer: Patient) -> None:
    agree(newcomer)
    sent = newcomer.say("my quetzalcoatlus ointment did not help my dandruff")
    newcomer.wait_for(is_answer, after=sent["message_id"], timeout=PATIENCE)
    asked = newcomer.say("can I use shampoo against quetzalcoatlus dandruff?")
    newcomer.wait_for(lambda message: len(message.get("text", "")) > 40, after=asked["message_id"], timeout=PATIENCE)
    for log in (house.folder / "var" / "logs").glob("*.log"):
        written = log.read_text(encoding="utf-8", errors="replace")
        for planted in ("quetzalcoatlus", "bot1:playground", "data:image", "1:playground"):
            assert planted not in written, (log.name, planted)
    for part in ("bot", "sweep", "clinic"):  # Celery greets in its own words, and models show how they load
        written = (house.folder / "var" / "logs" / f"{part}.log").read_text(encoding="utf-8")
        assert [line for line in written.splitlines() if not line.startswith("{")] == []
