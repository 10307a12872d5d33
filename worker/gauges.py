"""The sweep's Prometheus metrics: its own, and the gauges of the whole house that it takes (`worker.measure`).

Apart from `worker.metrics`, so that no other process shows a gauge that it never takes.
"""

from prometheus_client import Counter, Gauge

ROUND = Gauge("skingpt_sweep_round_timestamp_seconds", "When the sweep last went round, in vain or not, in Unix time")
SWEPT = Gauge("skingpt_sweep_timestamp_seconds", "When the sweep last looked, in Unix time")
QUEUED_AGAIN = Counter("skingpt_queued_again", "Tasks that the sweep queued again")
ERASED = Counter("skingpt_cases_erased", "Cases erased because their retention was over")

WAITING = Gauge("skingpt_waiting", "What waits, by kind, as the record has it", ["kind"])
OLDEST = Gauge("skingpt_oldest_waiting_seconds", "For how long the oldest of it has waited", ["kind"])
LEASES = Gauge("skingpt_leases", "Pieces of work that a process holds at this moment")
FAILED = Gauge("skingpt_cases_failed_last_day", "Cases of the last day that ended in an apology")
DROPPED = Gauge("skingpt_messages_dropped_last_day", "Messages of the last day that were never delivered")
PROCESSES = Gauge("skingpt_processes_alive", "Processes that gave a sign of life in the last minute", ["part"])
DEPTH = Gauge("skingpt_queue_messages", "Messages in a queue of the broker that no worker has taken", ["queue"])
BROKER_UP = Gauge("skingpt_broker_up", "1 where the broker answers")
GUIDELINES = Gauge("skingpt_guidelines", "Live guidelines")
OVERDUE = Gauge("skingpt_guidelines_overdue", "Live guidelines past their review date")
UNREVIEWED = Gauge("skingpt_guidelines_unreviewed", "Live guidelines that no clinician has reviewed")
PASSAGES = Gauge("skingpt_passages", "Live passages of the library")
PUBLISHED = Gauge("skingpt_library_version", "Number of the newest publication in the library")
MEASURED = Gauge("skingpt_measured_timestamp_seconds", "When these gauges were last taken, in Unix time")
