"""The playground answers an unmodified python-telegram-bot as Telegram does."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    MenuButtonCommands,
    Message,
    ReplyKeyboardRemove,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from local.playground.errors import PatientError
from local.playground.patient import Patient, buttons

TOKEN = "1:playground"
YES_OR_NO = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="y"), InlineKeyboardButton("No", callback_data="n")]]
)


@pytest.fixture
async def bot(address: str) -> AsyncIterator[Bot]:
    async with Bot(TOKEN, base_url=f"{address}/bot", base_file_url=f"{address}/file/bot") as unmodified:
        # The server is shared by the tests of this file, what waits in it is not.
        await unmodified.delete_webhook(drop_pending_updates=True)
        yield unmodified


def picture(width: int = 1000, height: int = 750, colour: str = "brown") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "JPEG")
    return buffer.getvalue()


async def test_the_bot_knows_itself(bot: Bot) -> None:
    assert (bot.id, bot.username, bot.first_name) == (1, "skingpt_bot", "SkinGPT")
    assert await bot.log_out()


async def test_a_whole_conversation_with_an_application(address: str) -> None:
    async def start(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        await update.message.reply_html("<b>Hello</b> 👋 <i>you</i>", reply_markup=YES_OR_NO)

    async def pressed(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer("Noted", show_alert=True)
        await update.callback_query.edit_message_text(f"You chose {update.callback_query.data}")

    async def photo(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        file = await update.message.photo[-1].get_file()
        await update.message.reply_photo(bytes(await file.download_as_bytearray()), caption="as I got it")

    def talk() -> None:
        with Patient.open(address, language_code="de") as someone:
            someone.start()
            hello = someone.wait_for(lambda message: "Hello" in message["text"], timeout=10)
            assert hello["text"] == "Hello 👋 you"
            assert [(e["type"], e["offset"], e["length"]) for e in hello["entities"]] == [
                ("bold", 0, 5),
                ("italic", 9, 3),
            ]
            assert [button["text"] for button in buttons(hello)] == ["Yes", "No"]
            answer = someone.press_answer(someone.press("No"), timeout=10)
            assert (answer["text"], answer["show_alert"]) == ("Noted", True)
            edited = someone.wait_for(lambda message: message["text"] == "You chose n", timeout=10)
            assert edited["message_id"] == hello["message_id"]
            assert not buttons(edited)
            [sent] = someone.send_photo(picture())
            back = someone.wait_for(lambda message: "photo" in message, timeout=10)
            assert back["caption"] == "as I got it"
            assert (back["photo"][-1]["width"], back["photo"][-1]["height"]) == (1000, 750)
            assert Image.open(io.BytesIO(someone.download(back["photo"][-1]["file_id"]))).size == (1000, 750)
            assert sent["from"]["language_code"] == "de"

    application = (
        Application.builder().token(TOKEN).base_url(f"{address}/bot").base_file_url(f"{address}/file/bot").build()
    )
    application.add_handlers(
        [CommandHandler("start", start), CallbackQueryHandler(pressed), MessageHandler(filters.PHOTO, photo)]
    )
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=5)
        try:
            await asyncio.to_thread(talk)
        finally:
            await application.updater.stop()
            await application.stop()


async def test_updates_wait_until_they_are_confirmed(bot: Bot, patient: Patient) -> None:
    for number in range(3):
        patient.say(f"message {number}")
    first = await bot.get_updates(limit=2)
    assert [update.message.text for update in first if update.message] == ["message 0", "message 1"]
    assert [update.update_id for update in await bot.get_updates()] == [first[0].update_id + n for n in range(3)]
    rest = await bot.get_updates(offset=first[1].update_id + 1)
    assert [update.message.text for update in rest if update.message] == ["message 2"]
    patient.say("message 3")
    [newest] = await bot.get_updates(offset=-1)
    assert newest.message is not None
    assert newest.message.text == "message 3"
    assert len(await bot.get_updates()) == 1


async def test_a_long_poll_returns_when_something_comes(bot: Bot, patient: Patient) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.1)
    assert not poll.done()
    patient.say("now")
    [update] = await asyncio.wait_for(poll, 5)
    assert update.message is not None
    assert update.message.text == "now"


async def test_a_second_poll_ends_the_first(address: str, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.1)
    # One bot object never polls twice at once; a second process would.
    async with Bot(TOKEN, base_url=f"{address}/bot") as other:
        second = asyncio.create_task(other.get_updates(timeout=1))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await asyncio.wait_for(first, 10)
        assert await second == ()


async def test_only_the_kinds_asked_for_are_queued(bot: Bot, patient: Patient) -> None:
    await bot.get_updates(allowed_updates=["message"])
    own = patient.say("helo")
    patient.edit(own["message_id"], "hello")
    assert [update.edited_message for update in await bot.get_updates()] == [None]
    await bot.get_updates(allowed_updates=[])
    patient.edit(own["message_id"], "hello!")
    last = (await bot.get_updates())[-1]
    assert last.edited_message is not None
    assert last.edited_message.text == "hello!"


async def test_an_album_comes_as_one_update_per_photo(bot: Bot, patient: Patient) -> None:
    patient.send_photo(picture(), picture(300, 200), caption="two views")
    first, second = [update.message for update in await bot.get_updates()]
    assert first is not None
    assert second is not None
    assert first.media_group_id == second.media_group_id is not None
    assert (first.caption, second.caption) == ("two views", None)
    assert [(size.width, size.height) for size in first.photo] == [(90, 68), (320, 240), (800, 600), (1000, 750)]
    assert [size.width for size in second.photo] == [90, 300]


async def test_a_file_keeps_its_bytes_name_and_type(bot: Bot, patient: Patient, tmp_path: Path) -> None:
    path = tmp_path / "mole ü.jpg"
    path.write_bytes(picture())
    patient.send_file(path, caption="full quality")
    [update] = await bot.get_updates()
    assert update.message is not None
    document = update.message.document
    assert document is not None
    assert (document.file_name, document.mime_type) == ("mole ü.jpg", "image/jpeg")
    assert document.thumbnail is not None
    assert document.thumbnail.width == 320
    file = await document.get_file()
    assert bytes(await file.download_as_bytearray()) == path.read_bytes()


async def test_a_file_over_20_mb_cannot_be_downloaded(bot: Bot, patient: Patient, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(20 * 1024 * 1024 + 1))
    patient.send_file(path)
    [update] = await bot.get_updates()
    assert update.message is not None
    assert update.message.document is not None
    with pytest.raises(BadRequest, match="File is too big"):
        await update.message.document.get_file()


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("x" * 4097, {}, "Message is too long"),
        ("👋" * 2049, {}, "Message is too long"),
        (" \n ", {}, "Message text is empty"),
        ("<h1>x</h1>", {"parse_mode": "HTML"}, "Can't parse entities: unsupported start tag"),
        ("x", {"parse_mode": "MarkdownV2"}, "Unsupported parse_mode"),
        ("x", {"reply_parameters": ReplyParameters(99)}, "Message to be replied not found"),
        (
            "x",
            {"reply_markup": InlineKeyboardMarkup.from_button(InlineKeyboardButton("a", callback_data="ü" * 33))},
            "Button_data_invalid",
        ),
        (
            "x",
            {"reply_markup": InlineKeyboardMarkup.from_button(InlineKeyboardButton("a", url="javascript:0"))},
            "Wrong http url",
        ),
    ],
)
async def test_what_cannot_be_sent(
    bot: Bot, patient: Patient, text: str, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        await bot.send_message(patient.chat_id, text, **options)  # type: ignore[arg-type]
    assert sentence.lower() in caught.value.message.lower()
    assert patient.messages() == []


async def test_the_limits_themselves_can_be_sent(bot: Bot, patient: Patient) -> None:
    await bot.send_message(patient.chat_id, "<b>" + "x" * 4096 + "</b>", parse_mode="HTML")
    await bot.send_message(
        patient.chat_id,
        "x",
        reply_markup=InlineKeyboardMarkup.from_button(InlineKeyboardButton("a", callback_data="x" * 64)),
    )
    await bot.send_message(patient.chat_id, "x", reply_markup=ReplyKeyboardRemove())
    assert len(patient.messages()) == 3


async def test_unknown_chats_blocked_bots_and_wrong_tokens(address: str, bot: Bot, patient: Patient) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(5, "x")
    patient.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(patient.chat_id, "x")
    [update] = await bot.get_updates()
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    patient.say("back again")
    assert await bot.send_message(patient.chat_id, "welcome")
    with pytest.raises(InvalidToken):
        await Bot("1:other", base_url=f"{address}/bot").get_me()
    assert httpx.get(f"{address}/bot1:other/getMe").json() == {
        "ok": False,
        "error_code": 401,
        "description": "Unauthorized",
    }
    assert httpx.get(f"{address}/bot{TOKEN}/getNothing").status_code == 404


@pytest.mark.parametrize("how", ["query", "form", "json", "multipart"])
def test_parameters_come_in_every_form(address: str, patient: Patient, how: str) -> None:
    url, fields = f"{address}/bot{TOKEN}/SENDmessage", {"chat_id": str(patient.chat_id), "text": "hi"}
    match how:
        case "query":
            response = httpx.get(url, params=fields)
        case "form":
            response = httpx.post(url, data=fields)
        case "json":
            response = httpx.post(url, json={"chat_id": patient.chat_id, "text": "hi"})
        case _:
            response = httpx.post(url, files={name: (None, value) for name, value in fields.items()})
    assert response.json()["result"]["text"] == "hi"


async def test_edits(bot: Bot, patient: Patient) -> None:
    sent = await bot.send_message(patient.chat_id, "one", reply_markup=YES_OR_NO)
    with pytest.raises(BadRequest, match="Message is not modified"):
        await sent.edit_text("one", reply_markup=YES_OR_NO)
    edited = await sent.edit_text("two", reply_markup=YES_OR_NO)
    assert isinstance(edited, Message)
    assert edited.edit_date is not None
    bare = await sent.edit_reply_markup(None)
    assert isinstance(bare, Message)
    assert bare.reply_markup is None
    with pytest.raises(BadRequest, match="Message is not modified"):
        await sent.edit_text("two")
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("x", patient.chat_id, 999)
    own = patient.say("mine")
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await bot.edit_message_text("x", patient.chat_id, own["message_id"])
    with pytest.raises(BadRequest, match="no caption"):
        await sent.edit_caption("x")
    assert [message["text"] for message in patient.replies()] == ["two"]


async def test_media_edits_and_deletions(bot: Bot, patient: Patient) -> None:
    sent = await bot.send_photo(patient.chat_id, picture(), caption="<b>a</b>", parse_mode="HTML")
    assert sent.caption_entities[0].type == "bold"
    captioned = await sent.edit_caption("b")
    assert isinstance(captioned, Message)
    assert captioned.caption == "b"
    replaced = await sent.edit_media(InputMediaDocument(InputFile(b"words", "letter.txt"), caption="c"))
    assert isinstance(replaced, Message)
    assert replaced.document is not None
    assert (replaced.document.file_name, replaced.caption, replaced.photo) == ("letter.txt", "c", ())
    own = patient.say("mine")
    assert await bot.delete_messages(patient.chat_id, [own["message_id"], sent.message_id, 999])
    assert patient.messages() == []
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await sent.delete()


async def test_albums_of_the_bot_by_upload_and_by_file_id(bot: Bot, patient: Patient) -> None:
    one = await bot.send_photo(patient.chat_id, picture())
    album = await bot.send_media_group(
        patient.chat_id,
        [InputMediaPhoto(picture(colour="red")), InputMediaPhoto(one.photo[-1].file_id)],
        caption="both",
    )
    assert album[0].media_group_id == album[1].media_group_id is not None
    assert album[1].photo[-1].file_id == one.photo[-1].file_id
    assert [message.caption for message in album] == ["both", None]
    with pytest.raises(BadRequest, match="can't be mixed"):
        await bot.send_media_group(
            patient.chat_id, [InputMediaPhoto(one.photo[-1].file_id), InputMediaDocument(b"x", filename="x")]
        )
    with pytest.raises(BadRequest, match="Wrong file identifier"):
        await bot.send_photo(patient.chat_id, "nonsense")
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(patient.chat_id, b"no picture")
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(patient.chat_id, picture(), caption="x" * 1025)


async def test_replies_reactions_actions_and_drafts(bot: Bot, patient: Patient) -> None:
    own = patient.say("a question")
    answer = await bot.send_message(patient.chat_id, "an answer", reply_parameters=ReplyParameters(own["message_id"]))
    assert answer.reply_to_message is not None
    assert answer.reply_to_message.text == "a question"
    assert await bot.set_message_reaction(patient.chat_id, own["message_id"], "👍")
    assert patient.messages()[0]["reaction"] == "👍"
    assert await bot.send_chat_action(patient.chat_id, "typing")
    with pytest.raises(BadRequest, match="Wrong parameter action"):
        await bot.send_chat_action(patient.chat_id, "dancing")
    assert await bot.send_message_draft(patient.chat_id, 7, "half a sen")
    assert len(patient.messages()) == 2


async def test_a_button_is_answered_once(bot: Bot, patient: Patient) -> None:
    await bot.send_message(patient.chat_id, "?", reply_markup=YES_OR_NO)
    patient.press("y")
    [update] = await bot.get_updates()
    assert update.callback_query is not None
    assert isinstance(update.callback_query.message, Message)
    assert (update.callback_query.data, update.callback_query.message.text) == ("y", "?")
    assert await update.callback_query.answer()
    with pytest.raises(BadRequest, match="Query is too old"):
        await update.callback_query.answer()
    with pytest.raises(PatientError, match="No message has a button"):
        patient.press("Perhaps")


async def test_other_kinds_of_messages(bot: Bot, patient: Patient) -> None:
    patient.send_raw({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}})
    patient.send_raw({"location": {"latitude": 52.5, "longitude": 13.4}})
    patient.send_raw({"contact": {"phone_number": "112", "first_name": "A"}})
    voice, place, contact = [update.message for update in await bot.get_updates()]
    assert voice is not None
    assert voice.voice is not None
    assert voice.voice.duration == 3
    assert place is not None
    assert place.location is not None
    assert contact is not None
    assert contact.contact is not None


async def test_the_profile_of_the_bot(bot: Bot, patient: Patient) -> None:
    await bot.set_my_commands([BotCommand("help", "Help")])
    await bot.set_my_commands([BotCommand("hilfe", "Hilfe")], language_code="de")
    await bot.set_my_commands([BotCommand("clinic", "Only here")], scope=BotCommandScopeChat(patient.chat_id))
    assert [each.command for each in await bot.get_my_commands()] == ["help"]
    assert [each.command for each in await bot.get_my_commands(language_code="de")] == ["hilfe"]
    assert await bot.delete_my_commands(language_code="de")
    assert await bot.get_my_commands(language_code="de") == ()
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Nö", "x")])
    await bot.set_my_name("Skin")
    await bot.set_my_description("What I do")
    await bot.set_my_short_description("Skin photos")
    assert (await bot.get_my_description()).description == "What I do"
    assert (await bot.get_my_name()).name == "Skin"
    await bot.set_my_name("")
    assert (await bot.get_my_name()).name == "SkinGPT"
    assert await bot.set_chat_menu_button(patient.chat_id, MenuButtonCommands())
    chat = await bot.get_chat(patient.chat_id)
    assert (chat.first_name, chat.type) == ("Sam", "private")


async def test_patients_do_not_see_each_other(address: str, bot: Bot, patient: Patient) -> None:
    sent = await bot.send_photo(patient.chat_id, picture())
    with Patient.open(address) as other:
        assert other.messages() == []
        with pytest.raises(PatientError):
            other.download(sent.photo[-1].file_id)
        with Patient(address, patient.chat_id, other.session) as intruder, pytest.raises(PatientError):
            intruder.messages()
