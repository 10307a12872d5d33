"""What can go wrong in the bot.

* BotError
  * PhotoRefused     – what was sent cannot be used; `reason` says why, and `bot.texts` how to do better
  * PhotoNotFetched  – Telegram did not hand the file out; the patient is asked to send it again
  * UpdateUnreadable – what came is no update of Telegram's; it is dropped
  * SettingsInvalid  – the bot may not start like this; the message names the setting
  * TokenRefused     – Telegram knew the token and does so no more: the bot ends
"""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a picture is not taken."""

    NOT_A_PHOTO = "not-a-photo"
    TOO_HEAVY = "too-heavy"
    TOO_MANY_PIXELS = "too-many-pixels"
    BROKEN = "broken"
    ANIMATED = "animated"
    TOO_SMALL = "too-small"
    TOO_DARK = "too-dark"
    TOO_BRIGHT = "too-bright"
    BLANK = "blank"
    BLURRED = "blurred"
    GREY = "grey"
    SCREENSHOT = "screenshot"
    NOT_SKIN = "not-skin"


class BotError(Exception):
    """Base of everything the bot raises."""


class PhotoRefused(BotError):
    """The picture cannot be used, for `reason`."""

    def __init__(self, reason: RefusalReason) -> None:
        """`reason`: chosen from a fixed list, so that nothing of the picture gets into a log."""
        super().__init__(reason.value)
        self.reason = reason


class PhotoNotFetched(BotError):
    """The file could not be downloaded from Telegram."""


class UpdateUnreadable(BotError):
    """What came is no update; the message says nothing of its content."""


class SettingsInvalid(BotError):
    """A setting is missing or contradicts another."""


class TokenRefused(BotError):
    """The token was revoked while the bot was at work."""
