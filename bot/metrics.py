"""The bot's Prometheus metrics. Labels hold words of fixed lists, never an id or a word of a patient."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram
from telegram import Update

from bot.errors import RefusalReason
from conditions import TriageLevel

RECEIVED = Counter("skingpt_updates_received", "Updates written down for the first time", ["kind"])
HANDLED = Counter("skingpt_updates_handled", "Updates dealt with, tries that failed, updates given up", ["outcome"])
PHOTOS_TAKEN = Counter("skingpt_photos_taken", "Photos that were stored")
PHOTOS_REFUSED = Counter("skingpt_photos_refused", "Photos that were not taken, by reason", ["reason"])

ANSWER_SECONDS = Histogram(
    "skingpt_answer_seconds",
    "Seconds from a case's coming to the first time its answer is delivered",
    ["kind"],
    buckets=(0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600, 1800, 3600),
)
DELIVERED = Counter("skingpt_answers_delivered", "Answers delivered, by the level of urgency they give", ["level"])
SENT = Counter("skingpt_messages_sent", "Messages of the outbox that Telegram took", ["kind"])
RETRIED = Counter("skingpt_messages_retried", "Tries to send a message that have to be made again", ["kind"])
DROPPED = Counter("skingpt_messages_dropped", "Messages never to be delivered, by reason", ["reason"])
RATE_LIMITED = Counter("skingpt_telegram_rate_limited", "Calls that Telegram sent back with 429", ["call"])

ROUND = Gauge("skingpt_bot_round_timestamp_seconds", "When the bot's event loop last went round, in Unix time")

UPDATES = ("message", "edited_message", "callback_query", "other")


def update_kind(update: Update | Mapping[str, object]) -> str:
    """Which of `UPDATES` this is: an update of the library, or as Telegram sent it."""
    if isinstance(update, Update):
        return next((kind for kind in UPDATES if getattr(update, kind, None)), "other")
    return next((kind for kind in UPDATES if kind in update), "other")


# So that what has not happened yet is there as 0: a rate over a series that comes late misses its first event.
for _kind in UPDATES:
    RECEIVED.labels(_kind)
for _outcome in ("done", "failed", "given-up"):
    HANDLED.labels(_outcome)
for _reason in RefusalReason:
    PHOTOS_REFUSED.labels(_reason.value)
for _level in TriageLevel:
    DELIVERED.labels(_level.value)
for _kind in ("photo", "words"):
    ANSWER_SECONDS.labels(_kind)
for _kind in ("case", "turn", "notice", "text", "overlay"):
    SENT.labels(_kind)
    RETRIED.labels(_kind)
for _why in ("erased", "blocked", "refused"):
    DROPPED.labels(_why)
