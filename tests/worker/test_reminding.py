"""Dermatologists are reminded of reviews that are due: everybody on the list, once a day, and by day.

Run: ``pytest tests/worker/test_reminding.py``
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cases import outbox
from cases.database import CaseDatabase, open_cases
from cases.settings import CasesSettings
from knowledge import people
from knowledge.due import due
from knowledge.library import Library
from knowledge.settings import KnowledgeSettings
from tests.bot.shelf import shelf
from tests.knowledge.samples import guideline
from worker import reminding, resources

TODAY = datetime.now(UTC).date()


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    library = shelf(KnowledgeSettings(data=tmp_path / "var")).library
    db = open_cases(CasesSettings())
    monkeypatch.setattr(resources, "library", lambda: library)
    monkeypatch.setattr(resources, "cases", lambda: db)
    for telegram_id, name in ((7, "Dr Ada"), (8, "Dr Bo"), (9, "Dr Out")):
        people.join(library.engine, people.invite(library.engine, name, "operator"), telegram_id)
    people.remove(library.engine, 9, "operator")
    yield library
    library.close()
    db.close()


def review_by(library: Library, slug: str, day: date) -> None:
    library.publish(guideline(slug).model_copy(update={"review_by": day}), "Dr Ada")


def at(hour: int, days: int = 0) -> datetime:
    return datetime(TODAY.year, TODAY.month, TODAY.day, hour, tzinfo=UTC) + timedelta(days=days)


def said(db: CaseDatabase) -> dict[int, str]:
    return {each.chat_id: each.payload.decode() for each in outbox.due(db, 10, "test")}


def test_everybody_on_the_list_is_reminded_once_a_day(library: Library) -> None:
    review_by(library, "warts", TODAY + timedelta(days=10))
    review_by(library, "psoriasis", TODAY + timedelta(days=300))
    assert reminding.remind_at(at(reminding.NOT_BEFORE - 1)) == 0, "not at night"
    assert reminding.remind_at(at(9)) == 2
    assert reminding.remind_at(at(15)) == 0
    assert reminding.remind_at(at(9, days=1)) == 2
    told = said(resources.cases())
    assert told.keys() == {7, 8}
    assert f"Warts: review is due {TODAY + timedelta(days=10)}" in told[7]
    assert "Psoriasis" not in told[7]


def test_with_nothing_due_nobody_is_written_to(library: Library) -> None:
    review_by(library, "warts", TODAY + timedelta(days=100))
    assert reminding.remind_at(at(9)) == 0


def test_a_long_list_fits_a_message(library: Library) -> None:
    for slug in ("warts", "lipoma", "melasma"):
        review_by(library, slug, TODAY - timedelta(days=1))
    reminder = reminding.reminder(due(library) * 30)
    assert "and 78 more" in reminder
    assert len(reminder) < 4096
