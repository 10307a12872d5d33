"""The workers' and the sweep's Prometheus metrics. Labels hold words of fixed lists, never an id."""

from prometheus_client import Counter, Gauge, Histogram

from conditions import TriageLevel

_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 240)

TASKS = Histogram("skingpt_task_seconds", "Seconds from taking a task to its end, by task", ["task"], buckets=_SECONDS)
FAILURES = Counter("skingpt_failures", "Failed attempts, by stage and type of error", ["stage", "error"])
BEGUN = Counter("skingpt_tasks_begun", "Tasks begun; more than ended: processes died at work", ["task"])
ANSWERS = Counter("skingpt_answers_written", "Advice written, by the level of urgency it gives", ["level"])
ENQUEUE_FAILURES = Counter("skingpt_enqueue_failures", "Tasks that the broker did not take; the sweep queues them")

MODEL_CALLS = Histogram("skingpt_model_call_seconds", "Seconds of one request to the model", buckets=_SECONDS)
MODEL_ERRORS = Counter("skingpt_model_errors", "Requests the model did not answer usably, by type of error", ["error"])
MODEL_RETRIES = Counter("skingpt_model_retries", "Requests to the model made again")

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

# So that what has not happened yet is there as 0: a rate over a series that comes late misses its first event.
for _task in ("examine", "advise", "reply", "forget"):
    TASKS.labels(_task)
    BEGUN.labels(_task)
for _level in TriageLevel:
    ANSWERS.labels(_level.value)
