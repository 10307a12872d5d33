"""One question from the command line, as a person reads the answer; the queue is answered at once.

Run: ``pytest tests/bot/test_ask.py``
"""

import base64
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from bot.ask import ask, show
from bot.request import Request
from cases import caseload
from cases.database import CaseDatabase, open_cases
from cases.record import History
from cases.settings import CasesSettings
from tests.cases.samples import advice, citation


@pytest.fixture
def db(tmp_path: Path) -> Iterator[CaseDatabase]:
    key = SecretStr(base64.urlsafe_b64encode(b"k" * 32).decode())
    database = open_cases(CasesSettings(data=tmp_path / "var", key=key))
    yield database
    database.close()


def answered(db: CaseDatabase, monkeypatch: pytest.MonkeyPatch, review_by: date) -> str:
    """What stands on the screen."""
    cited = citation().model_copy(update={"review_by": review_by})
    given = advice(0).model_copy(update={"citations": (cited,)})
    monkeypatch.setattr("bot.ask.enqueue_advise", lambda case_id: caseload.store_advice(db, case_id, given))
    screen = Console(file=io.StringIO(), width=200)
    show(ask(db, Request((), "what helps?", History())), screen)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_a_source_whose_review_is_overdue_is_warned_of(db: CaseDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    late = answered(db, monkeypatch, date(2020, 3, 3))
    assert "[1] Its review was due on 3 March 2020; it may be out of date." in late
    assert "out of date" not in answered(db, monkeypatch, date.max)
