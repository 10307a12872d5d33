"""The worker's settings, each an environment variable ``SKINGPT_<NAME>``."""

from pydantic import Field

from room_settings import RoomSettings


class WorkerSettings(RoomSettings):
    """Where the broker and the model are, and how long and how often the worker tries."""

    broker_url: str = Field(default="redis://127.0.0.1:8774/0", repr=False)
    """Redis or RabbitMQ (amqp://); not shown, since it may hold a password."""
    model_url: str = "http://127.0.0.1:8773"
    model_key: str = Field(default="unused", min_length=1, repr=False)
    """Bearer key of the model's endpoint. Never empty: the client would send the machine's Hugging Face token
    instead.
    """

    worker_model_seconds: float = Field(default=60, gt=0)
    """Longest wait for one answer of the model."""
    worker_model_tries: int = Field(default=3, ge=1)
    worker_backoff_seconds: float = Field(default=1.0, ge=0)
    """First wait between two tries; it doubles each time."""

    worker_task_seconds: int = Field(default=240, gt=10)
    """Longest a task may run."""
    worker_lease_seconds: float = Field(default=30, gt=0)
    """How long a case stays reserved for a process that was killed; a living one renews its lease."""
    worker_attempts: int = Field(default=5, ge=1)
    """Failed attempts after which the patient gets an apology with the safety net."""
    worker_patience_seconds: float = Field(default=6 * 3600, ge=0)
    """How long work waits for a part that is not available, before the patient gets the same apology. They are told at
    once that it takes longer.
    """

    worker_sweep_seconds: float = Field(default=10, gt=0)
    """Pause between two looks for cases whose task was lost."""
    worker_overdue_seconds: float = Field(default=20, ge=0)
    """Age from which work without a live lease counts as lost."""

    worker_sureness: float = Field(default=0.35, ge=0, le=1)
    """Probability under which the likeliest answer of the model is not given as an answer."""
