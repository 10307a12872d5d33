"""What `./run doctor` asks of the agent: its memory, and the language model where one is set. Changes nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from agents.settings import AgentSettings
from checkup import Check, Finding, broken, warning, well


def check_memory(settings: AgentSettings) -> Sequence[Finding]:
    """Whether the agent's memory opens. It is disposable: without it an answer is slower, not wrong."""
    address = settings.memory_url or f"sqlite:///{settings.data.expanduser().resolve() / 'memory.db'}"
    url = make_url(address)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return [well("memory", "The agent has no memory yet; its worker makes it.", cases=0)]
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    try:
        engine = create_engine(url, hide_parameters=True)
        with engine.connect() as connection:
            cases = connection.execute(text("SELECT count(DISTINCT thread_id) FROM checkpoints")).scalar_one()
        engine.dispose()
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        remedy = "Check SKINGPT_MEMORY_URL; a broken memory.db may be deleted, since the cases hold what was said."
        return [warning("memory", f"The agent's memory cannot be read ({type(error).__name__}).", remedy)]
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
