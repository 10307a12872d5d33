"""The embedding server's Prometheus metrics."""

from prometheus_client import Counter, Histogram

EMBEDDED = Counter("skingpt_texts_embedded", "Texts turned into vectors")
EMBEDDING = Histogram("skingpt_embedding_seconds", "Seconds to compute the vectors of one request")
RERANKING = Histogram("skingpt_reranking_seconds", "Seconds to compare the sentences of one request with a question")
