"""A dermatologist in the whole house: invited on the command line, sends a document, publishes it by a press.

Run: ``./run test -m slow tests/end_to_end/test_library.py``
"""

import json
from pathlib import Path

import pytest

from bot.guidelines import texts
from local.playground.patient import Patient
from local.playground.wire import Json
from tests.end_to_end.whole_house import WholeHouse

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

READING_SECONDS = 900.0
"""Every standing question is asked twice, on a machine that has other things to do."""
TEXT = "# Scalp psoriasis in winter\n\n## Treatment\n\nA seaweed mask loosens thick winter scale within nine weeks.\n"


def test_a_document_from_the_chat_is_read_by_the_worker_and_found_once_it_is_published(
    house: WholeHouse, newcomer: Patient, tmp_path: Path
) -> None:
    invited = house.run("knowledge", "invite", "Dr Ada", "--bot", "skingpt_bot")
    assert invited.returncode == 0, invited.stderr
    newcomer.say(f"/start {invited.stdout.strip().partition('?start=')[2].split()[0]}")
    newcomer.wait_for(lambda message: "Welcome, Dr Ada" in message.get("text", ""), timeout=180)

    (tmp_path / "winter.md").write_text(TEXT, encoding="utf-8")
    newcomer.send_file(tmp_path / "winter.md", caption="psoriasis")
    preview = newcomer.wait_for(
        lambda message: "look at it and decide" in message.get("text", ""), timeout=READING_SECONDS
    )
    assert "standing questions" in preview["text"]
    assert found(house) == []
    newcomer.press(texts.PUBLISH)
    newcomer.wait_for(lambda message: "Published" in message.get("text", ""), timeout=300)
    assert [passage["document"] for passage in found(house)] == ["winter.md"]


def found(house: WholeHouse) -> list[Json]:
    """What a search brings of the new document."""
    searched = house.run("knowledge", "search", "seaweed mask for psoriasis scale in winter", "-k", "5", "--json")
    assert searched.returncode == 0, searched.stderr
    return [passage for passage in json.loads(searched.stdout) if "seaweed" in passage["passage"]]
