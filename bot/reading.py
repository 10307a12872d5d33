"""An update from the JSON that Telegram sent; whoever else may have sent it, what the bot uses of it is sound."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from telegram import Bot, Update

from bot.errors import UpdateUnreadable

_Id = Annotated[int, Field(gt=-(2**53), lt=2**53)]
"""Telegram's ids have at most 52 significant bits (core.telegram.org/bots/api#user)."""


class _Part(BaseModel):
    """The fields the bot uses, in their types; the library itself checks nothing. Others may come along."""

    model_config = ConfigDict(strict=True, extra="allow")


class _Chat(_Part):
    id: _Id
    type: str


class _User(_Part):
    id: _Id
    language_code: str | None = Field(None, max_length=35)


class _File(_Part):
    file_id: str
    file_size: int | None = None
    mime_type: str | None = None
    file_name: str | None = None


class _Entity(_Part):
    type: str
    offset: int = Field(ge=0)
    length: int = Field(ge=0)


class _Replied(_Part):
    message_id: _Id
    text: str | None = None


class _Message(_Part):
    message_id: _Id
    chat: _Chat
    sender: _User | None = Field(None, alias="from")
    text: str | None = None
    entities: list[_Entity] | None = None
    caption: str | None = None
    caption_entities: list[_Entity] | None = None
    media_group_id: str | None = Field(None, max_length=64)
    photo: list[_File] | None = Field(None, min_length=1)
    document: _File | None = None
    reply_to_message: _Replied | None = None


class _Query(_Part):
    id: str
    sender: _User = Field(alias="from")
    data: str | None = None
    message: _Message | None = None


class _Update(_Part):
    update_id: Annotated[int, Field(ge=0, lt=2**63)]
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Query | None = None


def update_of(payload: bytes, bot: Bot | None) -> Update:
    """The update in `payload`; its answers go through `bot`.

    Raises:
        UpdateUnreadable: it is no JSON, or not in the shape of an update.
    """
    try:
        body = _Update.model_validate_json(payload).model_dump(mode="json", by_alias=True, exclude_unset=True)
        return Update.de_json(body, bot)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(str(part) for part in each["loc"][:3]) for each in error.errors()})[:5])
        raise UpdateUnreadable(f"An update of {len(payload)} bytes is not sound at {fields or 'its root'}.") from None
    except (TypeError, KeyError, AttributeError, ValueError, OverflowError, OSError, RecursionError) as error:
        # The library fails in these ways where a field that the bot does not use is not as it expects.
        raise UpdateUnreadable(f"An update of {len(payload)} bytes is not readable: {type(error).__name__}.") from None
