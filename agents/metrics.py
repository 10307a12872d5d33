"""The agent's Prometheus metrics: what the grounding check let through, and what the library did not cover."""

from prometheus_client import Counter

SENTENCES = Counter("skingpt_grounding_sentences", "Sentences of the chat model, kept or dropped", ["outcome"])
NOT_COVERED = Counter("skingpt_not_covered", "Replies that say that the library does not cover the question")

for _outcome in ("kept", "dropped"):
    SENTENCES.labels(_outcome)
