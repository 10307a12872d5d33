"""Fetching a photo's bytes from Telegram."""

import asyncio
import logging

from telegram import Bot, Message
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from bot.errors import PhotoNotFetched, PhotoRefused, RefusalReason
from bot.intake import MAX_BYTES

_log = logging.getLogger(__name__)

_TRIES = 3
_PAUSE = 1.0


async def fetch(bot: Bot, message: Message) -> bytes:
    """The bytes of the message's photo (its largest size), or of the picture sent as a file.

    Raises:
        PhotoRefused: it is over 20 MB, which Telegram does not hand out to bots.
        PhotoNotFetched: Telegram refuses to hand it out.
        NetworkError: Telegram could not be reached, or is in trouble: the same works later.
    """
    sent = message.photo[-1] if message.photo else message.document
    assert sent is not None
    if sent.file_size and sent.file_size > MAX_BYTES:
        raise PhotoRefused(RefusalReason.TOO_HEAVY)
    for attempt in range(1, _TRIES + 1):
        try:
            file = await bot.get_file(sent.file_id)
            return bytes(await file.download_as_bytearray())
        except BadRequest as error:  # also a NetworkError to the library, but asking again does not help
            if "too big" in error.message.lower():
                raise PhotoRefused(RefusalReason.TOO_HEAVY) from None
            raise PhotoNotFetched("Telegram refused to hand out a photo: have it sent again.") from None
        except NetworkError as error:
            _log.warning("photo not fetched, try %d: %s", attempt, type(error).__name__)
            if attempt == _TRIES:
                raise
            await asyncio.sleep(_PAUSE * attempt)
        except RetryAfter:
            raise
        except TelegramError:
            break
    raise PhotoNotFetched("Telegram did not hand out a photo: have it sent again.")
