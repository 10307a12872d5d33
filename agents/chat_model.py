"""The chat model of the settings: an OpenAI-compatible endpoint (TGI, vLLM), or none: then the library is quoted."""

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from agents.errors import SettingsIncomplete
from agents.settings import AgentSettings


def open_chat_model(settings: AgentSettings) -> BaseChatModel | None:
    """The chat model; None: there is no address. SettingsIncomplete: there is an address but no model's name.

    Without a key a placeholder is sent: TGI and vLLM ask for none, but the client wants one.
    """
    if settings.llm_url is None:
        return None
    if not settings.llm_model:
        raise SettingsIncomplete("SKINGPT_LLM_URL is set but SKINGPT_LLM_MODEL is not: set it to the model's name.")
    # Imported here because it costs a second, which machines without a language model need not pay.
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(
        openai_api_base=settings.llm_url,
        model_name=settings.llm_model,
        openai_api_key=settings.llm_key or SecretStr("none"),
        temperature=0,
        request_timeout=settings.llm_timeout,
        max_retries=1,
    )
