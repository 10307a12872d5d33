"""The mini's own tokenizer: byte-level BPE on the notes it is taught, with one token per domain and per choice."""

from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS

VOCABULARY = 1024
"""Byte-level pieces, before the answer tokens are added."""

PAD, BEGIN, END, IMAGE = "<pad>", "<s>", "</s>", "<image>"

CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'assistant' %} {{ message['content'] }}"
    "{% elif message['role'] == 'user' %}###Human: "
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}{% else %}<Img><image></Img> {% endif %}"
    "{% endfor %}{% endif %} ###Assistant:"
    "{% endif %}{% endfor %}"
)
"""The paper's `###Human: … ###Assistant:` form; a system message is left out, since the paper has none."""


ANSWERS = tuple(AddedToken(text, special=False, normalized=False) for text in (*DOMAIN_TOKENS, *CHOICE_TOKENS))


def extended(tokenizer: PreTrainedTokenizerFast) -> PreTrainedTokenizerFast:
    """A published language model's tokenizer with `<image>`, `<pad>` and the answer tokens after its own pieces."""
    tokenizer.add_tokens([AddedToken(IMAGE, special=True), AddedToken(PAD, special=True), *ANSWERS])
    tokenizer.pad_token = PAD
    tokenizer.padding_side = "left"
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def train_tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """A tokenizer learned from `texts`; begins every text with `<s>`."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, BEGIN, END, IMAGE],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator(texts, trainer)
    pieces.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, pieces.token_to_id(BEGIN))]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        pad_token=PAD,
        bos_token=BEGIN,
        eos_token=END,
        extra_special_tokens={"image_token": IMAGE},
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )
    tokenizer.add_tokens(list(ANSWERS))
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
