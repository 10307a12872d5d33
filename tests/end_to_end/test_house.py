"""The whole house from outside: a patient's way from consent to the answer, kills, restarts, `ask`, the page.

Run: ``./run test -m slow tests/end_to_end``
"""

import json
import os
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot import texts
from conditions import CHOICES, CONDITIONS, TriageLevel
from local.playground.patient import Patient, buttons
from local.playground.wire import Json
from tests.end_to_end.whole_house import ROOT, WholeHouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PATIENCE = 180.0
"""Seconds for one answer on a machine that has other things to do."""

HEADLINES = re.compile("Call .* now|See someone today|Contact a doctor this week|Book an appointment|look after this")
CITED = re.compile(r"\[(\d)\]")


def agree(patient: Patient) -> None:
    patient.start()
    patient.wait_for(lambda message: "SkinGPT" in message.get("text", ""), timeout=PATIENCE)
    patient.press(texts.CONSENT_YES)
    patient.wait_for(lambda message: "send me a photo" in message.get("text", ""), timeout=PATIENCE)


def is_answer(message: Json) -> bool:
    return bool(HEADLINES.search(message.get("text", ""))) and "Not helpful" in str(buttons(message))


def answer_to_photo(patient: Patient, photo: Path) -> Json:
    patient.send_photo(photo)
    return patient.wait_for(is_answer, timeout=PATIENCE)


def open_citation(patient: Patient, message: Json, number: str) -> str:
    last = patient.messages()[-1]["message_id"]
    patient.press(f"[{number}]", message_id=message["message_id"])
    opened = patient.wait_for(lambda each: f"[{number}]" in each.get("text", ""), after=last, timeout=PATIENCE)
    return str(opened["text"])


def follow_up(patient: Patient, words: str) -> Json:
    sent = patient.say(words)
    return patient.wait_for(
        lambda message: CITED.search(message.get("text", "")), after=sent["message_id"], timeout=PATIENCE
    )


def published_words() -> str:
    """All starter guidelines, as one line of words."""
    texts_of = (path.read_text(encoding="utf-8") for path in (ROOT / "knowledge" / "guidelines").glob("*.md"))
    return " ".join(" ".join(texts_of).replace("**", "").replace("- ", " ").split())


def test_a_patient_is_answered_and_the_answer_survives_a_restart(
    house: WholeHouse, newcomer: Patient, lesion: Path
) -> None:
    agree(newcomer)
    answer = answer_to_photo(newcomer, lesion)
    assert "What it may be" in answer["text"] or "can't tell" in answer["text"].lower()
    numbers = sorted({label["text"].strip("[]") for label in buttons(answer) if CITED.fullmatch(label["text"])})
    assert numbers, "the answer has no citation to open"
    assert set(CITED.findall(answer["text"])) <= set(numbers)
    opened = open_citation(newcomer, answer, numbers[0])
    sentences = [part for part in re.split(r"(?<=[.!?])\s+|\n", opened) if len(part.split()) >= 5]
    library = published_words()
    assert any(" ".join(sentence.replace("- ", " ").split()) in library for sentence in sentences)

    first = follow_up(newcomer, "Is it contagious?")
    assert len(first["text"].split()) > 5

    house.stop()
    assert not house.status()["running"]
    house.start()
    with Patient(house.page, newcomer.chat_id, newcomer.session) as again:
        assert any(message.get("text") == first["text"] for message in again.messages()), "the chat was lost"
        second = follow_up(again, "What can I do myself?")
        assert second["message_id"] > first["message_id"]


def test_what_the_model_looked_at_comes_as_a_picture(newcomer: Patient) -> None:
    agree(newcomer)
    answer = answer_to_photo(newcomer, ROOT / "examples" / "mole.jpg")
    newcomer.press(texts.EXPLAIN)
    shown = newcomer.wait_for(lambda message: "photo" in message, after=answer["message_id"], timeout=PATIENCE)
    assert "not a diagnosis" in shown["caption"]
    assert newcomer.download(shown["photo"][-1]["file_id"]).startswith(b"\xff\xd8")


def test_an_emergency_in_words_is_answered_before_consent(newcomer: Patient) -> None:
    newcomer.start()
    newcomer.wait_for(lambda message: "SkinGPT" in message.get("text", ""), timeout=PATIENCE)
    sent = newcomer.say("My tongue is swelling and I can't breathe properly")
    answer = newcomer.wait_for(lambda message: "112" in message.get("text", ""), after=sent["message_id"], timeout=20)
    assert "Call 112 now" in answer["text"]


def test_a_blurred_photo_is_refused_with_the_way_to_a_better_one(newcomer: Patient) -> None:
    agree(newcomer)
    newcomer.send_photo(ROOT / "examples" / "blurred.jpg")
    told = newcomer.wait_for(lambda message: "sharp" in message.get("text", "").lower(), timeout=PATIENCE)
    assert not HEADLINES.search(told["text"])


def pids_of(house: WholeHouse) -> dict[str, Any]:
    parts: Any = house.status()["parts"]
    return {name: part["pid"] for name, part in parts.items()}


def until(fact: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.3)


@pytest.mark.parametrize("part", ["gpu", "agent", "broker", "bot"])
def test_a_photo_survives_the_death_of_a_part(house: WholeHouse, newcomer: Patient, lesion: Path, part: str) -> None:
    agree(newcomer)
    before = pids_of(house)[part]
    newcomer.send_photo(lesion)
    os.killpg(before, signal.SIGKILL)
    answer = newcomer.wait_for(is_answer, timeout=PATIENCE)
    assert HEADLINES.search(answer["text"])
    until(lambda: pids_of(house)[part] not in (None, before))
    assert f"{part} stopped (killed by SIGKILL)" in house.said()


def test_ask_gives_the_case_as_json(house: WholeHouse, lesion: Path) -> None:
    asked = house.run(
        "ask", str(lesion), "--question", "is it contagious?", "--history", "age=58,itch=yes,grew=no", "--json"
    )
    assert asked.returncode == 0, asked.stderr
    case = json.loads(asked.stdout)
    assert case["triage"]["level"] in [level.value for level in TriageLevel]
    differential = case["findings"]["differential"]
    assert {each["slug"] for each in differential} == set(CHOICES)
    assert sum(each["probability"] for each in differential) == pytest.approx(1, abs=0.01)
    assert all(each["class"] == CONDITIONS[each["slug"]].disease_class for each in differential if each["class"])
    assert case["advice"]["text"] and case["advice"]["citations"]
    assert set(case["advice"]["citations"][0]) >= {"n", "slug", "section", "passage", "source"}
    assert case["reply"]["question"] == "is it contagious?" and case["reply"]["text"]
    assert "{emergency_number}" not in asked.stdout


def test_ask_in_words_needs_no_photo(house: WholeHouse) -> None:
    asked = house.run("ask", "--question", "is ringworm contagious?", "--json")
    assert asked.returncode == 0, asked.stderr
    case = json.loads(asked.stdout)
    assert case["findings"] is None
    assert "tinea-corporis" in {cited["slug"] for cited in case["advice"]["citations"]}


def test_an_asked_case_is_not_kept(house: WholeHouse) -> None:
    asked = house.run("ask", "--question", "what helps against dandruff?", "--json")
    assert asked.returncode == 0, asked.stderr
    with closing(sqlite3.connect(house.folder / "var" / "cases.db")) as record:
        for table, column, value in (
            ("cases", "id", json.loads(asked.stdout)["case_id"]),
            ("outbox", "reference", json.loads(asked.stdout)["case_id"]),
        ):
            query = f"SELECT count(*) FROM {table} WHERE {column} = ?"
            assert record.execute(query, (value,)).fetchone() == (0,)
        assert record.execute("SELECT count(*) FROM patients WHERE chat_id < 0").fetchone() == (0,)


@pytest.mark.browser
def test_the_page_takes_a_photo_and_shows_the_answer(house: WholeHouse, lesion: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        outside: list[str] = []
        page.on("request", lambda request: outside.append(request.url) if "127.0.0.1" not in request.url else None)
        page.goto(house.page)
        page.get_by_role("button", name="START").click()
        page.get_by_role("button", name=texts.CONSENT_YES).click(timeout=PATIENCE * 1000)
        expect(page.locator("#log")).to_contain_text("send me a photo", timeout=PATIENCE * 1000)
        page.set_input_files("#files", str(lesion))
        page.locator("#upload-send").click()
        expect(page.locator("#log")).to_contain_text(HEADLINES, timeout=PATIENCE * 1000)
        page.get_by_role("button", name="[1]").first.click()
        expect(page.locator("#log")).to_contain_text("Source:", timeout=PATIENCE * 1000)
        browser.close()
    assert not problems
    assert not [url for url in outside if not url.startswith(("blob:", "data:"))]


def test_nothing_of_the_patients_words_is_in_the_logs(house: WholeHouse, newcomer: Patient) -> None:
    agree(newcomer)
    sent = newcomer.say("my zebrafinch ointment did not help my dandruff")
    newcomer.wait_for(is_answer, after=sent["message_id"], timeout=PATIENCE)
    written = b"".join(path.read_bytes() for path in (house.folder / "var" / "logs").glob("*.log"))
    assert written and b"zebrafinch" not in written
    record = b"".join(path.read_bytes() for path in (house.folder / "var").glob("cases.db*"))
    assert record and b"zebrafinch" not in record


def test_nothing_is_left_when_it_is_stopped(house: WholeHouse) -> None:
    pids = [pid for pid in pids_of(house).values() if pid]
    assert house.run("down").returncode == 0
    for pid in pids:
        assert not Path(f"/proc/{pid}").exists()
    assert house.run("status").returncode == 3
    house.start()
