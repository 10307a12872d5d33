"""Findings from tokens, for any distribution a server may send."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conditions import CHOICES, KINDS, Domain
from worker.errors import ModelNonsense
from worker.readout import Token, abstention, combine, differential, read_view, sentences

probabilities = st.dictionaries(st.sampled_from(CHOICES), st.floats(1e-6, 1.0), min_size=1)


def view(weights: dict[str, float], domain: Domain = Domain.PHONE):  # noqa: ANN201
    top = [Token(f" <{slug}> ", math.log(weight)) for slug, weight in weights.items()]
    return read_view([Token(f"<{domain}>", 0.0), top[0]], [[], top])


@given(probabilities, st.sampled_from(Domain))
def test_one_view_is_a_distribution_over_what_its_domain_knows(weights: dict[str, float], domain: Domain) -> None:
    read = view(weights, domain)
    assert set(read.probabilities) == set(CHOICES)
    assert sum(read.probabilities.values()) == pytest.approx(1)
    unknown = set(CHOICES) - {*KINDS[domain], "not-skin", "healthy-skin", "cannot-tell"}
    assert all(read.probabilities[slug] == 0 for slug in unknown)


@given(st.lists(st.tuples(probabilities, st.sampled_from(Domain)), min_size=1, max_size=4))
def test_several_views_are_a_distribution_too_and_never_exclude_a_kind_for_one_views_sake(
    views: list[tuple[dict[str, float], Domain]],
) -> None:
    together = combine([view(weights, domain) for weights, domain in views])
    assert sum(together.probabilities.values()) == pytest.approx(1)
    if len(views) > 1:
        assert all(together.probabilities[slug] > 0 for slug in KINDS[together.domain])
    ranked = differential(together.probabilities)
    assert [each.probability for each in ranked] == sorted((each.probability for each in ranked), reverse=True)


@given(st.lists(st.builds(Token, st.text(max_size=12), st.floats(allow_nan=True)), max_size=4))
def test_any_tokens_are_read_or_refused(tokens: list[Token]) -> None:
    try:
        read = read_view(tokens, [tokens, tokens])
    except ModelNonsense:
        return
    assert sum(read.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("slug", ["not-skin", "healthy-skin", "cannot-tell"])
def test_an_answer_that_is_no_kind_abstains_however_sure(slug: str) -> None:
    assert abstention(differential(view({slug: 1.0}).probabilities), sureness=0.0) == slug


def test_sentences_end_at_full_stops_that_are_not_decimal_points() -> None:
    assert sentences("It is 4.5 mm wide. Brown!\nEdges  blur? And then") == (
        "It is 4.5 mm wide.",
        "Brown!",
        "Edges blur?",
    )
