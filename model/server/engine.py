"""Answers batches of prompts with the network; keeps what it read of a picture for the questions that follow."""

import base64
import io
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList
from transformers.generation.streamers import BaseStreamer

from conditions import CHOICE_QUESTION
from model.errors import RequestError
from model.explain import Way, looked_at, overlay
from model.network import SkinGPT, embed_prompt, look, picture_tokens
from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS
from model.server.contract import (
    Details,
    ExplainResponse,
    FinishReason,
    GenerateParameters,
    GenerateResponse,
    PrefillToken,
    Token,
)
from model.server.prompts import Picture, Prompt
from model.tokenizer import IMAGE

DEFAULT_NEW_TOKENS = 120


@dataclass(frozen=True)
class Job:
    """A prompt and how to answer it."""

    prompt: Prompt
    parameters: GenerateParameters

    @property
    def new_tokens(self) -> int:
        """How many tokens the answer may have."""
        return self.parameters.max_new_tokens or DEFAULT_NEW_TOKENS


class _AnswerTokens(LogitsProcessor):
    """Lets rows that were asked the choice question begin with a domain token and a choice token only.

    `scores` keeps those (B, V) of every step, before any sampling option changes them.
    """

    def __init__(self, rows: Tensor, allowed: Sequence[Tensor]) -> None:
        self.rows, self.allowed, self.scores = rows, allowed, list[Tensor]()

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        self.scores.append(constrain(scores, self.rows, self.allowed, len(self.scores)))
        return self.scores[-1]


class _Streamer(BaseStreamer):
    """Tells every token of one prompt's answer, and how likely it was."""

    def __init__(self, tell: Callable[[int, float], None], answer: _AnswerTokens) -> None:
        self._tell, self._answer = tell, answer

    def put(self, value: Tensor) -> None:
        for token in value.flatten().tolist():
            self._tell(token, float(self._answer.scores[-1][0].float().log_softmax(-1)[token]))

    def end(self) -> None:
        """The whole response comes next."""


def constrain(scores: Tensor, rows: Tensor, allowed: Sequence[Tensor], position: int) -> Tensor:
    """Scores (B, V) with only `allowed[position]` left in `rows`; unchanged past the answer's fixed positions."""
    if position >= len(allowed) or not rows.any():
        return scores
    out = torch.full_like(scores, -torch.inf)
    out[:, allowed[position]] = scores[:, allowed[position]]
    return torch.where(rows[:, None], out, scores)


class Engine:
    """Not thread-safe: one thread calls it at a time."""

    def __init__(self, skingpt: SkinGPT, cached_pictures: int) -> None:
        self.skingpt = skingpt
        self.tokenizer = skingpt.processor.tokenizer
        self.max_total_tokens: int = skingpt.network.config.text_config.max_position_embeddings
        self._cache: OrderedDict[str, Tensor] = OrderedDict()
        self._cached_pictures = cached_pictures
        ids = self.tokenizer.convert_tokens_to_ids
        self._device = skingpt.network.device
        self._answer_tokens = [
            torch.tensor(ids(list(tokens)), device=self._device) for tokens in (DOMAIN_TOKENS, CHOICE_TOKENS)
        ]

    def check(self, job: Job) -> None:
        """Refuses what cannot be answered, before it waits in the queue.

        Raises:
            RequestError: the prompt is too long, its pictures and their places do not match, or it asks for what this
                server has not.
        """
        if job.parameters.unsupported:
            raise RequestError(f"this server does not support {', '.join(job.parameters.unsupported)}")
        places, pictures = job.prompt.text.count(IMAGE), len(job.prompt.pictures)
        if places != pictures:
            # Pictures of a batch fill the places in order: one too many would be read as another request's.
            raise RequestError(f"the prompt has {places} places for {pictures} pictures")
        given, new = self.given(job), job.new_tokens
        if given + new > self.max_total_tokens:
            raise RequestError(
                f"`inputs` tokens + `max_new_tokens` must be <= {self.max_total_tokens}. "
                f"Given: {given} `inputs` tokens and {new} `max_new_tokens`"
            )

    def given(self, job: Job) -> int:
        """How many tokens the prompt has."""
        return self._tokens([job.prompt])["input_ids"].shape[1]

    @torch.inference_mode()
    def answer(self, jobs: Sequence[Job], tell: Callable[[Token], None] | None = None) -> list[GenerateResponse]:
        """One response a job; all jobs must be alike in everything but prompt, length and details.

        A single job's tokens are told one by one as well, as they are generated.
        """
        network = self.skingpt.network
        inputs = self._tokens([job.prompt for job in jobs])
        pictures = [self._read(picture) for job in jobs for picture in job.prompt.pictures]
        embedded = network.get_input_embeddings()(inputs["input_ids"].to(self._device))
        if pictures:
            embedded = embed_prompt(network, inputs["input_ids"], torch.stack(pictures))
        rows = torch.tensor([_asks_choice(job.prompt) for job in jobs], device=self._device)
        asked = jobs[0].parameters
        if asked.sampled and asked.seed is not None:
            torch.manual_seed(asked.seed)
        answer = _AnswerTokens(rows, self._answer_tokens)
        longest = max(job.new_tokens for job in jobs)
        generated = network.language_model.generate(
            inputs_embeds=embedded,
            attention_mask=inputs["attention_mask"].to(self._device),
            max_new_tokens=longest,
            logits_processor=LogitsProcessorList([answer]),
            stop_strings=list(asked.stop) or None,
            tokenizer=self.tokenizer,
            streamer=tell and _Streamer(lambda token, logprob: tell(self._token(token, logprob)), answer),
            **_decoding(asked),
        )
        return [
            self._response(job, generated[row], [step[row] for step in answer.scores], inputs, row)
            for row, job in enumerate(jobs)
        ]

    def explain(self, picture: Picture, way: Way) -> ExplainResponse:
        """What the answer to the choice question looks at in `picture`.

        Raises:
            RequestError: this network cannot tell.
        """
        told = looked_at(self.skingpt, picture.image, way)
        content = io.BytesIO()
        overlay(picture.image, told.heat).save(content, "JPEG", quality=88)
        return ExplainResponse(
            choice=told.choice,
            heat=[[round(value, 4) for value in row] for row in told.heat.tolist()],
            overlay=f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode('ascii')}",
        )

    def _tokens(self, prompts: Sequence[Prompt]) -> dict[str, Tensor]:
        return self.skingpt.processor.tokens([one.text for one in prompts])

    def _read(self, picture: Picture) -> Tensor:
        if picture.digest in self._cache:
            self._cache.move_to_end(picture.digest)
            return self._cache[picture.digest]
        network = self.skingpt.network
        seen = look(network, self.skingpt.processor.pixels([picture.image]))
        tokens = picture_tokens(network, seen)[0][0]
        self._cache[picture.digest] = tokens
        while len(self._cache) > self._cached_pictures:
            self._cache.popitem(last=False)
        return tokens

    def _response(
        self, job: Job, sequence: Tensor, logits: list[Tensor], inputs: dict[str, Tensor], row: int
    ) -> GenerateResponse:
        asked = job.parameters
        ids = sequence.tolist()[: job.new_tokens]
        end = self.tokenizer.eos_token_id
        reason: FinishReason = "length"
        if end in ids:
            ids, reason = ids[: ids.index(end) + 1], "eos_token"
        text = self.tokenizer.decode(ids, skip_special_tokens=True)
        for stop in asked.stop:
            if stop in text:
                ids = self._until(ids, stop)
                text, reason = self.tokenizer.decode(ids, skip_special_tokens=True), "stop_sequence"
        if asked.return_full_text:
            text = job.prompt.text + text
        if not (asked.details or asked.decoder_input_details):
            return GenerateResponse(generated_text=text)
        logprobs = [step.float().log_softmax(-1) for step in logits[: len(ids)]]
        return GenerateResponse(
            generated_text=text,
            details=Details(
                finish_reason=reason,
                generated_tokens=len(ids),
                seed=asked.seed,
                prefill=self._prefill(inputs, row) if asked.decoder_input_details else [],
                tokens=[self._token(token, float(step[token])) for token, step in zip(ids, logprobs, strict=True)],
                top_tokens=[self._top(step, asked.top_n_tokens) for step in logprobs] if asked.top_n_tokens else None,
            ),
        )

    def _until(self, ids: list[int], stop: str) -> list[int]:
        for count in range(1, len(ids) + 1):
            if stop in self.tokenizer.decode(ids[:count], skip_special_tokens=True):
                return ids[:count]
        return ids

    def _prefill(self, inputs: dict[str, Tensor], row: int) -> list[PrefillToken]:
        ids = inputs["input_ids"][row][inputs["attention_mask"][row].bool()].tolist()
        return [PrefillToken(id=i, text=self.tokenizer.decode([i]), logprob=None) for i in ids]

    def _top(self, logprobs: Tensor, count: int) -> list[Token]:
        values, ids = logprobs.topk(min(count, len(logprobs)))
        return [
            self._token(token, value)
            for token, value in zip(ids.tolist(), values.tolist(), strict=True)
            if value > -torch.inf
        ]

    def _token(self, token: int, logprob: float | None) -> Token:
        special = token in self.tokenizer.all_special_ids
        return Token(id=token, text=self.tokenizer.decode([token]), logprob=logprob, special=special)


def _asks_choice(one: Prompt) -> bool:
    return one.text.endswith(f"{CHOICE_QUESTION} ###Assistant:")


def _decoding(asked: GenerateParameters) -> dict[str, object]:
    options: dict[str, object] = {"do_sample": asked.sampled}
    if asked.sampled:
        options |= {
            "temperature": asked.temperature or 1.0,
            "top_k": asked.top_k or 0,
            "top_p": asked.top_p or 1.0,
            "typical_p": asked.typical_p or 1.0,
        }
    if asked.repetition_penalty:
        options["repetition_penalty"] = asked.repetition_penalty
    return options
