"""The agent's memory in Postgres: shared, sealed, forgotten, and back after the server was gone.

Run: ``python -m tests.topology.servers pytest tests/agents/test_postgres_memory.py``
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'skingpt[postgres]'")

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import empty_checkpoint
from sqlalchemy import Connection, create_engine, inspect, text

from agents.adviser import Adviser
from agents.errors import MemoryUnreadable
from agents.memory import close_memory, forget_case, open_memory, remembered_cases, reseal_memory
from agents.postgres_memory import PostgresMemory
from agents.settings import AgentSettings
from cases.vault import Vault
from tests.agents.library import WordSearch
from tests.agents.samples import RINGWORM, TODAY, Looking, turns

POSTGRES = os.environ.get("SKINGPT_TEST_POSTGRES")
pytestmark = pytest.mark.skipif(POSTGRES is None, reason="SKINGPT_TEST_POSTGRES names no server: see this file's top")

KEY = b"k" * 32


@pytest.fixture(scope="module")
def database() -> Iterator[Connection]:
    """A look at the empty database from outside."""
    assert POSTGRES is not None
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        yield connection
    engine.dispose()


@pytest.fixture
def settings() -> AgentSettings:
    return AgentSettings(memory_url=POSTGRES)


@pytest.fixture
def memory(database: Connection, settings: AgentSettings) -> Iterator[PostgresMemory]:
    opened = open_memory(settings, Vault(KEY))
    assert isinstance(opened, PostgresMemory)
    yield opened
    forget_case(opened, RINGWORM.id)
    close_memory(opened)


def adviser_with(memory: PostgresMemory, settings: AgentSettings) -> Adviser:
    return Adviser(WordSearch(), None, memory, Looking(), settings)


def all_that_is_stored(database: Connection) -> bytes:
    tables = [table for table in inspect(database.engine).get_table_names() if table.startswith("checkpoint")]
    rows = [row for table in tables for row in database.execute(text(f"SELECT * FROM {table}"))]
    return b" ".join(each if isinstance(each, bytes) else str(each).encode() for row in rows for each in row).lower()


def _open(url: str) -> int:
    memory = open_memory(AgentSettings(memory_url=url), Vault(KEY))
    count = len(remembered_cases(memory))
    close_memory(memory)
    return count


def test_four_processes_make_the_tables_at_once(database: Connection) -> None:
    assert POSTGRES is not None
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as processes:
        assert list(processes.map(_open, [POSTGRES] * 4)) == [0] * 4


def test_another_worker_goes_on_with_the_conversation(memory: PostgresMemory, settings: AgentSettings) -> None:
    first = adviser_with(memory, settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    other = open_memory(settings, Vault(KEY))
    assert isinstance(other, PostgresMemory)
    said = turns("Is it contagious?", first.text, "How long does it last?")
    adviser_with(other, settings).reply(RINGWORM, said, TODAY)
    close_memory(other)
    checkpoint = memory.get({"configurable": {"thread_id": RINGWORM.id}})
    assert checkpoint is not None
    asked = [each.text for each in checkpoint["channel_values"]["messages"] if isinstance(each, HumanMessage)]
    assert asked == ["Is it contagious?", "How long does it last?"]


def test_no_plain_word_is_in_any_row(memory: PostgresMemory, settings: AgentSettings, database: Connection) -> None:
    adviser_with(memory, settings).reply(RINGWORM, turns("Is my zanzibar rash contagious?"), TODAY)
    stored = all_that_is_stored(database)
    assert RINGWORM.id.encode() in stored
    for word in ("zanzibar", "contagious", "ringworm", "itchy", "tinea", "melanoma", "chunk_id"):
        assert word.encode() not in stored


def test_a_channel_that_would_lie_open_is_refused(memory: PostgresMemory) -> None:
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {"summary": "my zanzibar rash"}
    config = {"configurable": {"thread_id": RINGWORM.id, "checkpoint_ns": ""}}
    with pytest.raises(MemoryUnreadable, match="summary") as refused:
        memory.put(config, checkpoint, {}, {"summary": "1"})  # type: ignore[arg-type]
    assert "zanzibar" not in str(refused.value)


def test_a_conversation_keeps_one_checkpoint(
    memory: PostgresMemory, settings: AgentSettings, database: Connection
) -> None:
    adviser, said = adviser_with(memory, settings), ["Is it contagious?"]
    for _ in range(4):
        said += [adviser.reply(RINGWORM, turns(*said), TODAY).text, "How long does it last?"]
    assert database.execute(text("SELECT count(*) FROM checkpoints")).scalar() == 1
    checkpoint = memory.get({"configurable": {"thread_id": RINGWORM.id}})
    assert checkpoint is not None
    asked = [each.text for each in checkpoint["channel_values"]["messages"] if isinstance(each, HumanMessage)]
    assert asked == said[:-1:2]


def test_forgetting_leaves_no_row(memory: PostgresMemory, settings: AgentSettings, database: Connection) -> None:
    adviser_with(memory, settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    assert remembered_cases(memory) == [RINGWORM.id]
    forget_case(memory, RINGWORM.id)
    assert remembered_cases(memory) == []
    assert RINGWORM.id.encode() not in all_that_is_stored(database)


def test_a_new_key_takes_over_what_the_old_one_sealed(memory: PostgresMemory, settings: AgentSettings) -> None:
    adviser_with(memory, settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    new = b"n" * 32
    both = open_memory(settings, Vault(new, KEY))
    assert reseal_memory(both, Vault(new, KEY)) > 0
    assert reseal_memory(both, Vault(new, KEY)) == 0
    close_memory(both)
    after = open_memory(settings, Vault(new))
    assert after.get({"configurable": {"thread_id": RINGWORM.id}})
    close_memory(after)


def test_cut_connections_are_made_anew(memory: PostgresMemory, settings: AgentSettings, database: Connection) -> None:
    adviser = adviser_with(memory, settings)
    first = adviser.reply(RINGWORM, turns("Is it contagious?"), TODAY)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'skingpt'"
    assert list(database.execute(text(others)))
    said = turns("Is it contagious?", first.text, "How long does it last?")
    assert adviser.reply(RINGWORM, said, TODAY).text


def test_a_server_that_is_not_there_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.postgres_memory._WAIT_SECONDS", 1)
    with pytest.raises(MemoryUnreadable, match="SKINGPT_MEMORY_URL") as caught:
        open_memory(AgentSettings(memory_url="postgresql://me:planted@127.0.0.1:1/none"), Vault(KEY))
    assert "planted" not in str(caught.value)
