"""`skingpt triage`: one text, or one per line, each with a verdict of its own.

Run: ``pytest tests/agents/test_triage_command.py``
"""

import json

from typer.testing import CliRunner

from skingpt import app


def test_each_line_has_its_verdict_an_empty_one_too() -> None:
    lines = "my lips are swelling and I cannot breathe\n\ndandruff shampoo, how often?\n"
    told = CliRunner().invoke(app, ["triage", "-", "--json"], input=lines)
    assert told.exit_code == 0
    found = [json.loads(line) for line in told.stdout.splitlines()]
    assert [each["level"] for each in found] == ["emergency", "self-care", "self-care"]
    assert found[0]["rules"] and found[1]["rules"] == []


def test_one_text_is_told_in_words_with_the_reason() -> None:
    told = CliRunner().invoke(app, ["triage", "my lips are swelling and I cannot breathe"])
    assert told.stdout.startswith("emergency\n  ")
