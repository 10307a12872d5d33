"""OpenAI-compatible chat on top of generation, in the shape TGI gives it."""

import json
import time
from collections.abc import AsyncIterator, Callable

from model.errors import RequestError
from model.server.contract import ChatRequest, Details, GenerateParameters, GenerateResponse, Token
from model.server.engine import Job
from model.server.prompts import prompt_of_messages

Chunk = dict[str, object]
Decode = Callable[[list[int]], str]


def job_of_chat(request: ChatRequest) -> Job:
    """The generation a chat request asks for.

    Raises:
        RequestError: it asks for what this server has not, or the messages cannot be read.
    """
    if request.unsupported:
        raise RequestError(f"this server does not support {', '.join(request.unsupported)}")
    sampled = bool(request.temperature) or request.top_p is not None
    return Job(
        prompt_of_messages(request.messages),
        GenerateParameters(
            max_new_tokens=request.max_tokens,
            do_sample=sampled,
            temperature=request.temperature or None,
            top_p=request.top_p,
            seed=request.seed,
            stop=request.stop or (),
            top_n_tokens=request.top_logprobs if request.logprobs else None,
            decoder_input_details=True,
        ),
    )


def completion(model: str, request: ChatRequest, response: GenerateResponse) -> Chunk:
    """A `chat.completion` object."""
    details = _details(response)
    choice: Chunk = {
        "index": 0,
        "message": {"role": "assistant", "content": response.generated_text.strip()},
        "finish_reason": _finish(details),
        "logprobs": _logprobs(details) if request.logprobs else None,
    }
    given, new = len(details.prefill), details.generated_tokens
    return _envelope("chat.completion", model) | {
        "choices": [choice],
        "usage": {"prompt_tokens": given, "completion_tokens": new, "total_tokens": given + new},
    }


async def chunks(steps: AsyncIterator[Token | GenerateResponse], model: str, decode: Decode) -> AsyncIterator[str]:
    """Server-sent `chat.completion.chunk` events, closed by `[DONE]`."""
    ids: list[int] = []
    told = ""
    async for step in steps:
        if isinstance(step, GenerateResponse):
            yield _event(_chunk(model, {"role": "assistant", "content": ""}, _finish(_details(step))))
            continue
        ids.append(step.id)
        text = decode(ids)
        yield _event(_chunk(model, {"role": "assistant", "content": text[len(told) :]}, None))
        told = text
    yield "data: [DONE]\n\n"


def _details(response: GenerateResponse) -> Details:
    if response.details is None:
        raise RequestError("the response came without details")
    return response.details


def _envelope(kind: str, model: str) -> Chunk:
    return {
        "id": "",
        "object": kind,
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": model,
    }


def _chunk(model: str, delta: dict[str, str], finish: str | None) -> Chunk:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _envelope("chat.completion.chunk", model) | {"choices": [choice]}


def _event(content: Chunk) -> str:
    return f"data: {json.dumps(content)}\n\n"


def _finish(details: Details) -> str:
    return "length" if details.finish_reason == "length" else "stop"


def _logprobs(details: Details) -> Chunk:
    tops = details.top_tokens or [[] for _ in details.tokens]
    return {
        "content": [
            {
                "token": token.text,
                "logprob": token.logprob,
                "top_logprobs": [{"token": one.text, "logprob": one.logprob} for one in top],
            }
            for token, top in zip(details.tokens, tops, strict=True)
        ]
    }
