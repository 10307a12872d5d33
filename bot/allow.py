"""Who may use the bot: with a real token only the listed users, until a responsible clinician is named."""

from bot.settings import BotSettings


def is_allowed(settings: BotSettings, user_id: int | None) -> bool:
    """Whether this user is let in. The playground lets everyone in; so does a bot with a named clinician."""
    if settings.uses_playground or (settings.clinician and settings.clinician.strip()):
        return True
    return user_id is not None and user_id in settings.allowed
