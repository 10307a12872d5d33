"""The choice question asked in bulk, for calibration and evaluation: the same tokens the server reads, many at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from conditions import CHOICE_QUESTION, prompt
from model.network import SkinGPT, embed_prompt, picture_tokens, read_prompt
from model.notes import CHOICE_TOKENS, DOMAIN_TOKENS

BATCH = 64


@dataclass(frozen=True)
class Chosen:
    """`domains` (N, 2) and `choices` (N, 11), log-probabilities; the choice follows the likelier domain.

    `free` (N,) tells where the two tokens that the model would write with no word forbidden are the likeliest ones.
    """

    domains: Tensor
    choices: Tensor
    free: Tensor


@torch.inference_mode()
def choose(
    skingpt: SkinGPT, features: Tensor, facts: Sequence[str], question: str | Sequence[str] = CHOICE_QUESTION
) -> Chosen:
    """Answers to the choice question for tower outputs (N, looks * (patches + 1), width) and facts in words.

    `question` may be one for all or one a picture.
    """
    questions = [question] * len(facts) if isinstance(question, str) else list(question)
    domains, choices, free = [], [], []
    for start in range(0, len(facts), BATCH):
        part = slice(start, start + BATCH)
        pictures, _ = picture_tokens(skingpt.network, features[part].float())
        asked = [prompt("<image>", one, told) for one, told in zip(questions[part], facts[part], strict=True)]
        domain, domain_free = _next(skingpt, asked, pictures, DOMAIN_TOKENS)
        told = [text + DOMAIN_TOKENS[i] for text, i in zip(asked, domain.argmax(1).tolist(), strict=True)]
        choice, choice_free = _next(skingpt, told, pictures, CHOICE_TOKENS)
        domains.append(domain.cpu())
        choices.append(choice.cpu())
        free.append((domain_free & choice_free).cpu())
    return Chosen(torch.cat(domains), torch.cat(choices), torch.cat(free))


def _next(skingpt: SkinGPT, texts: list[str], pictures: Tensor, tokens: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Log-probabilities of `tokens` among themselves, and whether the likeliest of all tokens is one of them."""
    inputs = skingpt.processor.tokens(texts)
    embedded = embed_prompt(skingpt.network, inputs["input_ids"], pictures)
    logits = read_prompt(skingpt.network, embedded, inputs["attention_mask"]).logits[:, -1].float()
    ids = torch.tensor(skingpt.processor.tokenizer.convert_tokens_to_ids(list(tokens)), device=logits.device)
    answers = logits[:, ids].log_softmax(-1)
    return answers, logits.argmax(-1) == ids[answers.argmax(-1)]


@torch.no_grad()
def scale_choices(skingpt: SkinGPT, temperature: float) -> None:
    """Divides the spread of the choice tokens' scores by `temperature`, in the weights themselves.

    The rows of the output matrix are drawn towards their mean, so the choices keep their place among other tokens and
    any server of the weights, TGI too, gives calibrated probabilities.
    """
    ids = skingpt.processor.tokenizer.convert_tokens_to_ids(list(CHOICE_TOKENS))
    rows = skingpt.network.get_output_embeddings().weight
    middle = rows[ids].mean(0, keepdim=True)
    rows[ids] = middle + (rows[ids] - middle) / temperature


def fitted_temperature(log_probabilities: Tensor, choice: Tensor) -> float:
    """The temperature that makes (N, 11) log-probabilities fit the true choices (N,) best (lowest log-loss)."""
    candidates = torch.logspace(-0.3, 0.8, 80)
    losses = [torch.nn.functional.cross_entropy(log_probabilities / temperature, choice) for temperature in candidates]
    return float(candidates[int(torch.stack(losses).argmin())])
