"""The workers' Prometheus metrics. Labels hold words of fixed lists, never an id."""

from prometheus_client import Counter, Histogram

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

# So that what has not happened yet is there as 0: a rate over a series that comes late misses its first event.
for _task in ("examine", "advise", "reply", "forget"):
    TASKS.labels(_task)
    BEGUN.labels(_task)
for _level in TriageLevel:
    ANSWERS.labels(_level.value)
