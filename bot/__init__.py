"""The Telegram bot: what patients see. Run: ``python -m bot`` (with the playground or a real token)."""
