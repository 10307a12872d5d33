"""What `./run doctor` asks of the agent: its memory, and the language model where one is set. Changes nothing."""

from collections.abc import Mapping, Sequence

import httpx
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from agents.settings import AgentSettings
from checkup import Check, Finding, broken, warning, well


def check_memory(settings: AgentSettings) -> Sequence[Finding]:
    """Whether the agent's memory opens. It is disposable: without it an answer is slower, not wrong."""
    server = settings.memory_server
    if server is None and not settings.memory_path.expanduser().exists():
        return [well("memory", "The agent has no memory yet; its worker makes it.", cases=0)]
    url = make_url(server or f"sqlite:///{settings.memory_path.expanduser()}")
    engine = create_engine(url.set(drivername="postgresql+psycopg") if server else url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            there = inspect(connection).has_table("checkpoints")
            counted = text("SELECT count(DISTINCT thread_id) FROM checkpoints")
            cases = connection.execute(counted).scalar_one() if there else 0
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        remedy = "Check SKINGPT_MEMORY_URL; a broken memory.db may be deleted, since the cases hold what was said."
        return [warning("memory", f"The agent's memory cannot be read ({type(error).__name__}).", remedy)]
    finally:
        engine.dispose()
    return [well("memory", f"The agent remembers {cases} cases.", cases=int(cases))]


def check_language_model(settings: AgentSettings) -> Sequence[Finding]:
    """Whether the language model answers, where one is set."""
    if settings.llm_url is None:
        return [well("llm", "None is set: answers quote the library by rule.")]
    headers = {"Authorization": f"Bearer {settings.llm_key.get_secret_value()}"} if settings.llm_key else {}
    try:
        answer = httpx.get(f"{settings.llm_url.rstrip('/')}/models", headers=headers, timeout=10, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = "Start the server at SKINGPT_LLM_URL; until then patients get apologies after five attempts."
        return [broken("llm", f"The language model does not answer ({type(error).__name__}).", remedy)]
    if not answer.is_success:
        remedy = "Check SKINGPT_LLM_URL (it ends in /v1) and SKINGPT_LLM_KEY."
        return [broken("llm", f"The language model's server answers with status {answer.status_code}.", remedy)]
    return [well("llm", f"The language model's server answers; {settings.llm_model} is asked for.")]


CHECKS: Mapping[str, Check] = {
    "memory": lambda: check_memory(AgentSettings()),
    "llm": lambda: check_language_model(AgentSettings()),
}
