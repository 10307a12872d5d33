"""Answers batches of prompts with the network; keeps what it read of a picture for the questions that follow."""

import base64
import io
from collections import OrderedDict
from collections.abc import Sequence
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
    """Lets rows that were asked the choice question begin with a domain token and a choice token only."""

    def __init__(self, rows: Tensor, allowed: Sequence[Tensor]) -> None:
        self.rows, self.allowed, self.position = rows, allowed, 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        constrained = constrain(scores, self.rows, self.allowed, self.position)
        self.position += 1
        return constrained


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
            RequestError: the prompt is too long or asks for what this server has not.
        """
        asked = job.parameters
        missing = [
            name
            for name, value in (
                ("grammar", asked.grammar),
                ("frequency_penalty", asked.frequency_penalty),
                ("adapter_id", asked.adapter_id),
                ("truncate", asked.truncate),
                ("best_of", asked.best_of if (asked.best_of or 1) > 1 else None),
            )
            if value
        ]
        if missing:
            raise RequestError(f"this server does not support {', '.join(missing)}")
        given = self._tokens([job.prompt])["input_ids"].shape[1]
        new = job.new_tokens
        if given + new > self.max_total_tokens:
            raise RequestError(
                f"`inputs` tokens + `max_new_tokens` must be <= {self.max_total_tokens}. "
                f"Given: {given} `inputs` tokens and {new} `max_new_tokens`"
            )

    @torch.inference_mode()
    def answer(self, jobs: Sequence[Job], streamer: BaseStreamer | None = None) -> list[GenerateResponse]:
        """One response a job; all jobs must be alike in everything but prompt, length and details."""
        network = self.skingpt.network
        inputs = self._tokens([job.prompt for job in jobs])
        pictures = [self._read(picture) for job in jobs for picture in job.prompt.pictures]
        embedded = network.get_input_embeddings()(inputs["input_ids"].to(self._device))
        if pictures:
            embedded = embed_prompt(network, inputs["input_ids"], torch.stack(pictures))
        rows = torch.tensor([_asks_choice(job.prompt) for job in jobs], device=self._device)
        asked = jobs[0].parameters
        if asked.seed is not None:
            torch.manual_seed(asked.seed)
        longest = max(job.new_tokens for job in jobs)
        generated = network.language_model.generate(
            inputs_embeds=embedded,
            attention_mask=inputs["attention_mask"].to(self._device),
            max_new_tokens=longest,
            logits_processor=LogitsProcessorList([_AnswerTokens(rows, self._answer_tokens)]),
            stop_strings=list(asked.stop) or None,
            tokenizer=self.tokenizer,
            return_dict_in_generate=True,
            output_logits=True,
            streamer=streamer,
            **_decoding(asked),
        )
        logits = [constrain(step, rows, self._answer_tokens, at) for at, step in enumerate(generated.logits)]
        return [
            self._response(job, generated.sequences[row], [step[row] for step in logits], inputs, row)
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

    def plain_token(self, token: int) -> Token:
        """A streamed token; how likely it was is told at the end, not while streaming."""
        return self._token(token, None)

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
