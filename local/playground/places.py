"""What the playground's sealed bytes are bound to, so that none can be read in another's place."""


def chat_place(chat_id: int) -> str:
    """A chat's person."""
    return f"chat:{chat_id}"


def message_place(message_id: int) -> str:
    """A message."""
    return f"message:{message_id}"


def update_place(chat_id: int) -> str:
    """An unconfirmed update of a chat."""
    return f"update:{chat_id}"


def press_place(callback_query_id: str) -> str:
    """The answer to a pressed button."""
    return f"press:{callback_query_id}"


def file_place(file_id: str) -> str:
    """What is known of a file."""
    return f"file:{file_id}"


def content_place(path: str) -> str:
    """The bytes of a file."""
    return f"content:{path}"
