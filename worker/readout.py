"""From the tokens of the choice question to findings: probabilities of the choices, of one photo and of
several.

The first token says how the picture was taken, the second which choice it is; the probabilities of all
choices are the second position's ``details.top_tokens``.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cases.record import Possibility
from conditions import CANNOT_TELL, CHOICES, HEALTHY_SKIN, KINDS, NOT_SKIN, Domain
from worker.errors import ModelNonsense

UNSURE = "unsure"
"""The reason of findings whose likeliest answer is not likely enough to be given."""

_SENTENCE = re.compile(r"\w[^.!?]*(?:[.](?=\d)[^.!?]*)*[.!?](?=\s|$)")
"""A sentence ends at a full stop that is not a decimal point."""

_FLOOR = 1e-4
"""Probability of a choice the server did not list: small, but one view alone must not exclude a choice for
ever.
"""


@dataclass(frozen=True)
class Token:
    """A token of the answer; `logprob` is the natural logarithm of its probability."""

    text: str
    logprob: float


@dataclass(frozen=True)
class View:
    """What one photo gave: how it was taken, and the probability of every choice."""

    domain: Domain
    probabilities: Mapping[str, float]


def _name(token: Token) -> str:
    return token.text.strip().removeprefix("<").removesuffix(">")


def _domain(first: Token) -> Domain:
    try:
        return Domain(_name(first))
    except ValueError:
        raise ModelNonsense(
            "The model's first token is no domain: is the model at SKINGPT_MODEL_URL trained on the choice question?"
        ) from None


def _normalised(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {choice: weights[choice] / total for choice in CHOICES}


def _folded(domain: Domain, probabilities: Mapping[str, float]) -> dict[str, float]:
    """Kinds the model never saw in `domain` count as "cannot tell"."""
    known = {*KINDS[domain], NOT_SKIN, HEALTHY_SKIN, CANNOT_TELL}
    folded = {choice: p if choice in known else 0.0 for choice, p in probabilities.items()}
    folded[CANNOT_TELL] += sum(p for choice, p in probabilities.items() if choice not in known)
    return folded


def read_view(tokens: Sequence[Token], top_tokens: Sequence[Sequence[Token]]) -> View:
    """Read one answer to the choice question.

    Raises:
        ModelNonsense: fewer than two tokens, no domain token, no choice among the top tokens, or a
        log-probability that is
            not a number.
    """
    if len(tokens) < 2 or len(top_tokens) < 2:
        raise ModelNonsense("The model's answer to the choice question has fewer than two tokens with top_tokens.")
    domain = _domain(tokens[0])
    listed = {_name(token): token.logprob for token in top_tokens[1] if _name(token) in CHOICES}
    if not listed:
        raise ModelNonsense("No choice is among the model's top tokens: start the server with --max-top-n-tokens 16.")
    if any(not math.isfinite(logprob) or logprob > 1e-3 for logprob in listed.values()):
        raise ModelNonsense("A log-probability of the model is not a number of at most 0.")
    weights = {choice: math.exp(listed[choice]) if choice in listed else 0.0 for choice in CHOICES}
    if not sum(weights.values()) > 0:
        raise ModelNonsense("All choices of the model have probability zero.")
    return View(domain, _folded(domain, _normalised(weights)))


def combine(views: Sequence[View]) -> View:
    """Several photos of one case: the log-mean of their probabilities; the domain most of them have (the
    first, if even).
    """
    domains = [view.domain for view in views]
    domain = max(domains, key=domains.count)
    means = {
        choice: math.exp(sum(math.log(max(view.probabilities[choice], _FLOOR)) for view in views) / len(views))
        for choice in CHOICES
    }
    return View(domain, _folded(domain, _normalised(means))) if len(views) > 1 else views[0]


def differential(probabilities: Mapping[str, float]) -> tuple[Possibility, ...]:
    """All choices, the likeliest first."""
    ranked = sorted(CHOICES, key=lambda choice: -probabilities[choice])
    return tuple(Possibility(slug=choice, probability=min(1.0, probabilities[choice])) for choice in ranked)


def abstention(ranked: Sequence[Possibility], sureness: float) -> str | None:
    """Why no kind can be named: the likeliest answer is none (`not-skin`, `healthy-skin`, `cannot-tell`) or
    `unsure`.
    """
    likeliest = ranked[0]
    if likeliest.slug in (NOT_SKIN, HEALTHY_SKIN, CANNOT_TELL):
        return likeliest.slug
    return UNSURE if likeliest.probability < sureness else None


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of the model's prose, without the last one if it was cut off."""
    return tuple(" ".join(match.group().split()) for match in _SENTENCE.finditer(text))
