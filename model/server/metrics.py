"""The server's Prometheus metrics, under TGI's names where TGI has one."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("tgi_request_count", "Requests by route and status", ["method", "status"])
DURATION = Histogram("tgi_request_duration", "Seconds from request to response", ["method"])
QUEUE_SIZE = Gauge("tgi_queue_size", "Requests that wait for the model")
BATCH_SIZE = Histogram("tgi_batch_next_size", "Requests answered together", buckets=(1, 2, 4, 8, 16))
