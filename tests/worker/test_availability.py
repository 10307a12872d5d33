"""Which failures are waited for and which are counted: every error that a task can meet is on one side."""

import inspect
import sqlite3

import pytest

import agents.errors
import cases.errors
import knowledge.errors
import worker.errors
from agents.errors import ChatModelUnavailable, MemoryUnreadable
from cases.errors import DatabaseUnavailable, SchemaOutdated, SchemaUnknown
from knowledge.errors import EmbedderUnavailable, IndexMissing, IndexUnavailable, LibraryUnavailable
from worker.availability import is_unavailable
from worker.errors import ModelBusy, ModelUnavailable

WAITED_FOR = {
    ChatModelUnavailable,
    DatabaseUnavailable,
    SchemaOutdated,
    SchemaUnknown,
    EmbedderUnavailable,
    IndexMissing,
    IndexUnavailable,
    LibraryUnavailable,
    ModelBusy,
    ModelUnavailable,
}
ALL = {
    error
    for room in (agents.errors, cases.errors, knowledge.errors, worker.errors)
    for _, error in inspect.getmembers(room, inspect.isclass)
    if issubclass(error, Exception)
}


@pytest.mark.parametrize("error", sorted(ALL, key=lambda each: each.__name__))
def test_an_absent_part_is_waited_for_and_all_else_is_counted(error: type[Exception]) -> None:
    made = error("page", 1, "a problem", "a remedy") if error.__name__ == "GuidelineInvalid" else error("a problem")
    assert is_unavailable(made) == (error in WAITED_FOR)


@pytest.mark.parametrize("error", [ValueError("x"), MemoryError(), TimeoutError(), KeyError("x")])
def test_what_nobody_mapped_is_counted(error: Exception) -> None:
    assert not is_unavailable(error)


class Answered(Exception):
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


@pytest.mark.parametrize(("status", "waited_for"), [(400, False), (401, False), (422, False), (429, True), (503, True)])
def test_a_chat_model_that_refuses_this_case_is_not_away(status: int, waited_for: bool) -> None:
    error = ChatModelUnavailable("x")
    error.__cause__ = Answered(status)
    assert is_unavailable(error) == waited_for


def test_an_agents_memory_on_a_full_disk_is_waited_for() -> None:
    error = MemoryUnreadable("x")
    error.__cause__ = sqlite3.OperationalError("database or disk is full")
    assert is_unavailable(error)
