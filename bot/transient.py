"""Which failures pass by themselves: Telegram or the record cannot be used at the moment, or another bot is at it."""

from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError

from cases.errors import DatabaseUnavailable, LeaseTaken


def is_transient(error: BaseException) -> bool:
    """Whether the same is worth trying again later, as often as it takes."""
    if isinstance(error, TelegramError):
        return not isinstance(error, (BadRequest, Forbidden))
    return isinstance(error, (DatabaseUnavailable, LeaseTaken))


def is_unanswered(error: BaseException) -> bool:
    """Whether Telegram may have done what was asked all the same: its answer did not come."""
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest)
