"""The record's Prometheus metrics: work taken over from a process that died."""

from prometheus_client import Counter

TAKEN_OVER = Counter("skingpt_leases_taken_over", "Leases taken whose holder had let them run out", ["kind"])

for _kind in ("case", "chat"):
    TAKEN_OVER.labels(_kind)
