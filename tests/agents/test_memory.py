"""The agent's memory: it lasts, it holds no plain word, and it forgets.

Run: ``pytest tests/agents/test_memory.py``
"""

import sqlite3
from datetime import UTC, date, datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver

from agents.adviser import Adviser
from agents.errors import MemoryUnreadable, SettingsIncomplete
from agents.memory import forget_case, open_memory
from agents.settings import AgentSettings
from cases.record import History, OtherCase, Said
from cases.vault import Vault
from tests.agents.library import PASSAGES, WordSearch
from tests.agents.samples import RINGWORM, TODAY, Looking, ScriptedModel, turns

KEY = b"k" * 32
THREAD = {"configurable": {"thread_id": RINGWORM.id}}


def adviser_with(memory: SqliteSaver, settings: AgentSettings) -> Adviser:
    return Adviser(WordSearch(), None, memory, Looking(), settings)


def remembered(memory: SqliteSaver) -> list[object]:
    checkpoint = memory.get(THREAD)  # type: ignore[arg-type]
    return list(checkpoint["channel_values"]["messages"]) if checkpoint else []


def test_a_conversation_survives_reopening(agent_settings: AgentSettings) -> None:
    memory = open_memory(agent_settings, Vault(KEY))
    first = adviser_with(memory, agent_settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    memory.conn.close()

    memory = open_memory(agent_settings, Vault(KEY))
    said = turns("Is it contagious?", first.text, "How long does it last?")
    adviser_with(memory, agent_settings).reply(RINGWORM, said, TODAY)
    messages = remembered(memory)
    asked = [message.text for message in messages if isinstance(message, HumanMessage)]
    artifacts = [message.artifact for message in messages if isinstance(message, ToolMessage)]
    memory.conn.close()
    assert asked == ["Is it contagious?", "How long does it last?"]
    assert all(isinstance(artifact, dict) for artifact in artifacts) and len(artifacts) == 2


def test_no_plain_word_reaches_the_disk(agent_settings: AgentSettings, memory: SqliteSaver) -> None:
    question = "Is my zanzibar rash contagious?"
    reply = adviser_with(memory, agent_settings).reply(RINGWORM, turns(question), TODAY)
    assert "contagious" in reply.text
    folder = agent_settings.memory_path.parent
    raw = b"".join(file.read_bytes() for file in folder.glob("memory.db*")).lower()
    assert RINGWORM.id.encode() in raw  # the file that was read is the one that was written
    for word in ("zanzibar", "contagious", "ringworm", "itchy", "tinea", "melanoma", "chunk_id"):
        assert word.encode() not in raw
    assert agent_settings.memory_path.stat().st_mode & 0o077 == 0


def test_asking_the_same_turn_again_is_remembered_once(agent_settings: AgentSettings, memory: SqliteSaver) -> None:
    adviser = adviser_with(memory, agent_settings)
    once = adviser.reply(RINGWORM, turns("Is it contagious?"), TODAY)
    before = len(remembered(memory))
    assert adviser.reply(RINGWORM, turns("Is it contagious?"), TODAY).text == once.text
    assert len(remembered(memory)) == before


def test_a_lost_memory_is_filled_from_the_case(agent_settings: AgentSettings, memory: SqliteSaver) -> None:
    said = turns("My cat has bald patches", "Thank you for telling me.", "Is it contagious?")
    adviser_with(memory, agent_settings).reply(RINGWORM, said, TODAY)
    messages = remembered(memory)
    assert [message.text for message in messages if isinstance(message, HumanMessage)] == [said[0].text, said[2].text]
    assert any(isinstance(message, AIMessage) and message.text == said[1].text for message in messages)


def test_a_memory_from_before_review_dates_were_kept_opens_and_what_is_found_anew_has_its_date(
    agent_settings: AgentSettings, memory: SqliteSaver
) -> None:
    due = date(2026, 3, 3)
    search = WordSearch(tuple(each.model_copy(update={"review_by": due}) for each in PASSAGES))
    adviser = Adviser(search, None, memory, Looking(), agent_settings)
    first = adviser.reply(RINGWORM, turns("Is it contagious?"), TODAY)
    assert {cited.review_by for cited in first.citations} == {due}
    place: RunnableConfig = {"configurable": {"thread_id": RINGWORM.id, "checkpoint_ns": ""}}
    kept = memory.get_tuple(place)
    assert kept is not None
    for message in kept.checkpoint["channel_values"]["messages"]:
        for raw in message.artifact["passages"] if isinstance(message, ToolMessage) else ():
            del raw["review_by"]
    memory.put(place, kept.checkpoint, kept.metadata, {})
    said = turns("Is it contagious?", first.text, "Is it contagious?")
    again = adviser.reply(RINGWORM, said, TODAY)
    assert {cited.chunk_id for cited in again.citations} & {cited.chunk_id for cited in first.citations}
    assert {cited.review_by for cited in again.citations} == {due}


def test_a_long_conversation_keeps_one_checkpoint_and_all_of_its_words(
    agent_settings: AgentSettings, memory: SqliteSaver
) -> None:
    adviser, said = adviser_with(memory, agent_settings), ["Is it contagious?"]
    other = RINGWORM.model_copy(update={"id": "b" * 32})
    adviser.reply(other, turns("Is it contagious?", case_id=other.id), TODAY)
    for _ in range(25):
        said += [adviser.reply(RINGWORM, turns(*said), TODAY).text, "How long does it last?"]
        (kept,) = memory.conn.execute("SELECT count(*) FROM checkpoints WHERE thread_id = ?", (RINGWORM.id,)).fetchone()
        assert kept == 1
    rows = memory.conn.execute("SELECT DISTINCT checkpoint_id FROM writes WHERE thread_id = ?", (RINGWORM.id,))
    assert len(rows.fetchall()) <= 1
    asked = [message.text for message in remembered(memory) if isinstance(message, HumanMessage)]
    assert asked == said[:-1:2]
    assert memory.get({"configurable": {"thread_id": other.id}}), "another case is not touched"


def test_a_memory_that_cannot_be_pruned_costs_no_answer(
    agent_settings: AgentSettings, memory: SqliteSaver, caplog: pytest.LogCaptureFixture
) -> None:
    memory.conn.execute("CREATE TRIGGER stuck BEFORE DELETE ON checkpoints BEGIN SELECT raise(ABORT, 'stuck'); END")
    adviser = adviser_with(memory, agent_settings)
    first = adviser.reply(RINGWORM, turns("Is it contagious?"), TODAY)
    assert first.statements and "not pruned" in caplog.text
    memory.conn.execute("DROP TRIGGER stuck")
    adviser.reply(RINGWORM, turns("Is it contagious?", first.text, "How long does it last?"), TODAY)
    assert memory.conn.execute("SELECT count(*) FROM checkpoints").fetchone() == (1,)


def test_nothing_that_comes_from_another_case_stays_in_the_memory_of_this_one(
    agent_settings: AgentSettings, memory: SqliteSaver
) -> None:
    class Reading(ScriptedModel):
        def _generate(self, messages: list[BaseMessage], *args: Any, **named: Any) -> ChatResult:
            if any(isinstance(message, ToolMessage) for message in messages):
                return super()._generate(messages, *args, **named)
            call = {"name": "read_case", "args": {}, "id": "call-1"}
            self.seen.append(list(messages))
            return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])

    told = Said(text="I am pregnant and allergic to latex", at=datetime(2026, 5, 3, tzinfo=UTC))
    other = OtherCase(id="b" * 32, history=History(), said=(told,), created=told.at)
    model = Reading(answer=lambda found: f"{found} [1]", query=None)
    adviser = Adviser(WordSearch(), model, memory, Looking(), agent_settings)
    adviser.reply(RINGWORM, turns("How is it treated?"), TODAY, [other])
    assert "allergic to latex" in str(model.seen[-1]), "the model read it"
    kept = str(remembered(memory))
    assert "How is it treated?" in kept and "latex" not in kept and "pregnant" not in kept


def test_forgetting_leaves_no_row(agent_settings: AgentSettings, memory: SqliteSaver) -> None:
    adviser_with(memory, agent_settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    forget_case(memory, RINGWORM.id)
    assert remembered(memory) == []
    for table in ("checkpoints", "writes"):
        assert memory.conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    raw = b"".join(file.read_bytes() for file in agent_settings.memory_path.parent.glob("memory.db*"))
    assert RINGWORM.id.encode() not in raw


def test_another_key_is_told_apart_from_no_memory(agent_settings: AgentSettings, memory: SqliteSaver) -> None:
    adviser_with(memory, agent_settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    other = open_memory(agent_settings, Vault(b"x" * 32))
    with pytest.raises(MemoryUnreadable, match="another key"):
        adviser_with(other, agent_settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    other.conn.close()


def test_a_row_that_was_not_sealed_is_refused(agent_settings: AgentSettings, memory: SqliteSaver) -> None:
    adviser_with(memory, agent_settings).reply(RINGWORM, turns("Is it contagious?"), TODAY)
    with sqlite3.connect(agent_settings.memory_path) as forging:
        forging.execute("UPDATE checkpoints SET type = 'json', checkpoint = '{}'")
    with pytest.raises(MemoryUnreadable, match="not sealed"):
        remembered(memory)


def test_a_file_that_is_no_memory_is_named_with_a_remedy(agent_settings: AgentSettings) -> None:
    agent_settings.memory_path.write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(MemoryUnreadable, match="delete the file"):
        open_memory(agent_settings, Vault(KEY))


def test_an_address_that_is_not_sqlite_names_the_setting() -> None:
    with pytest.raises(SettingsIncomplete, match="SKINGPT_MEMORY_URL"):
        _ = AgentSettings(memory_url="postgresql://somewhere").memory_path
