"""The part of TGI's HTTP contract this server speaks, as pydantic models.

Source: the OpenAPI document of text-generation-inference 3.3 (GenerateRequest, GenerateResponse, ChatRequest, Info,
ErrorResponse). Parameters TGI has and this server has not are refused by name rather than ignored; those that TGI
itself leaves unused (`n`, `logit_bias`) are ignored here too.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LARGEST_SEED = 2**64 - 1


class GenerateParameters(BaseModel):
    """How to decode. Bounds are TGI's."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    max_new_tokens: int | None = Field(None, ge=1)
    do_sample: bool = False
    temperature: float | None = Field(None, gt=0)
    top_k: int | None = Field(None, gt=0)
    top_p: float | None = Field(None, gt=0, le=1)
    typical_p: float | None = Field(None, gt=0, le=1)
    repetition_penalty: float | None = Field(None, gt=0)
    seed: int | None = Field(None, ge=0, le=LARGEST_SEED)
    stop: tuple[str, ...] = Field((), max_length=4)
    details: bool = True
    decoder_input_details: bool = False
    return_full_text: bool | None = None
    top_n_tokens: int | None = Field(None, ge=0, le=16)
    best_of: int | None = None
    grammar: object | None = None
    frequency_penalty: float | None = None
    adapter_id: str | None = None
    truncate: int | None = None
    watermark: bool | None = None

    @property
    def sampled(self) -> bool:
        """Whether tokens are drawn rather than the likeliest taken: asked for, or implied by a sampling option."""
        return self.do_sample or any((self.temperature, self.top_k, self.top_p, self.typical_p))

    @property
    def unsupported(self) -> list[str]:
        """What is asked for and this server has not."""
        names = ("grammar", "frequency_penalty", "adapter_id", "truncate", "watermark")
        return [name for name in names if getattr(self, name)] + ["best_of"] * ((self.best_of or 1) > 1)


class GenerateRequest(BaseModel):
    """A prompt; a picture stands in it as `![](data:image/…;base64,…)`."""

    inputs: str = Field(min_length=1)
    parameters: GenerateParameters = GenerateParameters()


class ExplainRequest(BaseModel):
    """One picture, as `![](data:image/…;base64,…)`; the words beside it are not read. Not part of TGI's contract."""

    inputs: str = Field(min_length=1)
    way: Literal["occlusion", "attention"] = "occlusion"


class ExplainResponse(BaseModel):
    """The choice, how much each patch counted for it (rows of 0 to 1), and that over the picture as a data address."""

    choice: str
    heat: list[list[float]]
    overlay: str


class CompatGenerateRequest(GenerateRequest):
    """What `/` takes."""

    stream: bool = False


class Token(BaseModel):
    """One token of the answer."""

    id: int
    text: str
    logprob: float | None
    special: bool


class PrefillToken(BaseModel):
    """One token of the prompt."""

    id: int
    text: str
    logprob: float | None


FinishReason = Literal["length", "eos_token", "stop_sequence"]


class Details(BaseModel):
    """How the answer came about; `top_tokens` holds the likeliest tokens of each position."""

    finish_reason: FinishReason
    generated_tokens: int
    seed: int | None = None
    prefill: list[PrefillToken] = []
    tokens: list[Token] = []
    top_tokens: list[list[Token]] | None = None


class GenerateResponse(BaseModel):
    """The answer; `details` only where asked for."""

    generated_text: str
    details: Details | None = None


class ImageUrl(BaseModel):
    """A picture in a chat message; only `data:` addresses are opened."""

    url: str


class ContentPart(BaseModel):
    """A piece of a chat message."""

    type: Literal["text", "image_url"]
    text: str = ""
    image_url: ImageUrl | None = None


class ChatMessage(BaseModel):
    """A message of the conversation so far."""

    role: str
    content: str | list[ContentPart] = ""


class ChatRequest(BaseModel):
    """OpenAI-compatible chat request, as TGI takes it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    messages: list[ChatMessage] = Field(min_length=1)
    model: str | None = None
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = Field(None, ge=0, le=LARGEST_SEED)
    stop: tuple[str, ...] | None = Field(None, max_length=4)
    stream: bool = False
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=16)
    tools: list[object] | None = None
    response_format: object | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stream_options: dict[str, object] | None = None

    @property
    def unsupported(self) -> list[str]:
        """What is asked for and this server has not."""
        names = ("tools", "response_format", "frequency_penalty", "presence_penalty")
        usage = (self.stream_options or {}).get("include_usage")
        return [name for name in names if getattr(self, name)] + ["stream_options"] * bool(usage)


class Info(BaseModel):
    """What `/info` tells."""

    model_id: str
    model_sha: str | None = None
    model_pipeline_tag: str = "image-text-to-text"
    max_concurrent_requests: int
    max_best_of: int = 1
    max_stop_sequences: int = 4
    max_input_tokens: int
    max_total_tokens: int
    validation_workers: int = 1
    max_client_batch_size: int
    router: str = "skingpt-model-server"
    version: str
