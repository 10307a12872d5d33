"""The chat page in a real browser: `pytest -m browser tests/local/test_playground_page.py`."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from local.playground.server import serving
from local.playground.settings import PlaygroundSettings

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed on this machine"),
]
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Bot:
    """The bot's end, by plain calls of the Bot API."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __call__(self, method: str, **parameters: object) -> Any:
        response = httpx.post(f"{self._address}/bot1:playground/{method}", json=parameters, timeout=30)
        assert response.json()["ok"], response.text
        return response.json()["result"]

    def update(self) -> Any:
        """The newest update, waiting for it; it is confirmed."""
        [update] = self("getUpdates", timeout=10, limit=1)
        self("getUpdates", offset=update["update_id"] + 1)
        return update


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with serving(PlaygroundSettings(port=0, data=tmp_path)) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield running
        running.close()


@pytest.fixture
def bot(address: str) -> Bot:
    return Bot(address)


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens the page as a new patient; fails the test on any error in it, or on any request to elsewhere."""
    problems: list[str] = []
    contexts: list[Any] = []

    def opened(**options: object) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if _is_complaint(line) else None)
        page.on(
            "request",
            lambda request: None if request.url.startswith((address, "blob:")) else problems.append(request.url),
        )
        page.goto(address)
        page.wait_for_selector("#start:visible, #composer:visible")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


def _is_complaint(line: Any) -> bool:
    """Errors of the page; a request that is refused for a reason is logged by the browser itself."""
    return line.type == "error" and "the server responded with a status of 400" not in line.text


def chat_of(page: Any) -> int:
    return int(json.loads(page.evaluate("localStorage.getItem('playground.chat')"))["chat_id"])


def photo(name: str) -> dict[str, object]:
    buffer = io.BytesIO()
    Image.new("RGB", (900, 700), "brown").save(buffer, "JPEG")
    return {"name": name, "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


def test_start_button_answer_and_pressed_button(bot: Bot, open_page: Callable[..., Any]) -> None:
    bot("setMyDescription", description="I look at photos of skin.")
    page = open_page()
    assert page.inner_text("#description") == "I look at photos of skin."
    page.click("#start")
    assert bot.update()["message"]["text"] == "/start"
    page.wait_for_selector(".own .ticks.read")
    keyboard = {
        "inline_keyboard": [[{"text": "Agree", "callback_data": "yes"}, {"text": "Read", "url": "https://example.com"}]]
    }
    bot(
        "sendMessage",
        chat_id=chat_of(page),
        text="<b>Hello</b> 👋 <i>you</i>",
        parse_mode="HTML",
        reply_markup=keyboard,
    )
    assert page.inner_text(".theirs strong") == "Hello"
    assert page.inner_text(".theirs em") == "you"
    assert page.get_attribute(".key.url", "href") == "https://example.com/"
    page.click("text=Agree")
    page.wait_for_selector(".key.waiting")
    query = bot.update()["callback_query"]
    assert query["data"] == "yes"
    bot("answerCallbackQuery", callback_query_id=query["id"], text="Thank you")
    assert page.inner_text("#toast:visible") == "Thank you"
    page.wait_for_selector(".key.waiting", state="detached")
    bot("editMessageText", chat_id=chat_of(page), message_id=query["message"]["message_id"], text="Agreed")
    page.wait_for_selector(".theirs .edited")
    assert page.locator(".key").count() == 0
    bot("deleteMessage", chat_id=chat_of(page), message_id=query["message"]["message_id"])
    page.wait_for_selector(".theirs", state="detached")


def test_remote_text_is_never_markup(bot: Bot, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.click("#start")
    hostile = "<img src=x onerror=alert(1)> <script>alert(2)</script> 👩🏽‍⚕️"
    entities = [{"type": "text_link", "offset": 0, "length": 4, "url": "javascript:alert(3)"}]
    bot("sendMessage", chat_id=chat_of(page), text=hostile, entities=entities)
    assert hostile in page.inner_text(".theirs .words")
    assert page.locator(".theirs img, .theirs script, .theirs a").count() == 0


def test_formatting_of_an_answer(bot: Bot, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.click("#start")
    text = (
        "a\n<blockquote expandable>" + "long quote " * 60 + "</blockquote>\nb <tg-spoiler>secret</tg-spoiler>"
        ' <a href="https://example.com/x">link</a> <pre><code class="language-python">x &lt; 1</code></pre> /help'
    )
    bot("sendMessage", chat_id=chat_of(page), text=text, parse_mode="HTML")
    quote = page.locator("blockquote.expandable")
    before = quote.bounding_box()["height"]
    quote.focus()
    page.keyboard.press("Enter")
    assert quote.get_attribute("aria-expanded") == "true"
    assert quote.bounding_box()["height"] > before * 2
    page.click(".spoiler")
    assert "shown" in page.get_attribute(".spoiler", "class")
    link = page.locator(".theirs .words a")
    assert (link.get_attribute("href"), link.get_attribute("rel")) == ("https://example.com/x", "noopener noreferrer")
    assert page.inner_text("pre code") == "x < 1"
    bot.update()
    page.click(".theirs .command")
    assert bot.update()["message"]["text"] == "/help"


def test_a_photo_of_the_bot_is_shown_as_an_answer(address: str, bot: Bot, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.click("#start")
    asked = bot.update()["message"]
    reply = json.dumps({"message_id": asked["message_id"], "allow_sending_without_reply": True})
    fields = {
        "chat_id": asked["chat"]["id"],
        "caption": "<b>Warm</b> parts",
        "parse_mode": "HTML",
        "reply_parameters": reply,
    }
    content = photo("looked-at.jpg")["buffer"]
    assert isinstance(content, bytes)
    picture = {"photo": ("looked-at.jpg", content, "image/jpeg")}
    sent = httpx.post(f"{address}/bot1:playground/sendPhoto", data=fields, files=picture, timeout=30).json()
    assert sent["ok"], sent
    assert sent["result"]["reply_to_message"]["message_id"] == asked["message_id"]
    page.wait_for_selector(".theirs .photo img.loaded")
    assert page.inner_text(".theirs .words strong") == "Warm"
    assert "/start" in page.inner_text(".theirs .reply")
    page.click(".theirs .photo")
    page.wait_for_selector("#viewer-photo[src^=blob]")


def test_photos_files_and_the_large_view(bot: Bot, open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.click("#start")
    bot.update()
    page.set_input_files("#files", [photo("one.jpg"), photo("two.jpg")])
    page.fill("#caption", "my arm")
    page.keyboard.press("Enter")
    first, second = bot.update()["message"], bot.update()["message"]
    assert (first["caption"], first["media_group_id"]) == ("my arm", second["media_group_id"])
    page.wait_for_selector(".grid.count-2 img.loaded")
    page.click(".photo >> nth=0")
    page.wait_for_selector("#viewer-photo[src^=blob]")
    width = "(photo => photo.decode().then(() => photo.naturalWidth))(document.getElementById('viewer-photo'))"
    assert page.evaluate(width) == 900
    page.keyboard.press("ArrowRight")
    assert page.is_disabled("#viewer-next")
    page.keyboard.press("Escape")
    page.set_input_files("#files", [photo("exact.jpg")])
    page.check("#as-file")
    page.click("#upload-send")
    assert bot.update()["message"]["document"]["file_name"] == "exact.jpg"
    assert "exact.jpg" in page.inner_text(".document")
    page.set_input_files("#files", [{"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}])
    page.click("#upload-send")
    assert "not a picture" in page.inner_text("#upload-problem:visible")


def test_commands_by_keyboard_typing_and_drafts(bot: Bot, open_page: Callable[..., Any]) -> None:
    bot(
        "setMyCommands",
        commands=[{"command": "help", "description": "Help"}, {"command": "privacy", "description": "Kept"}],
    )
    page = open_page()
    page.click("#start")
    bot.update()
    page.fill("#text", "/p")
    assert page.locator("#commands li").all_inner_texts() == ["/privacy\nKept"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert bot.update()["message"]["text"] == "/privacy"
    bot("sendChatAction", chat_id=chat_of(page), action="typing")
    playwright.expect(page.locator("#status")).to_have_text("typing")
    bot("sendMessageDraft", chat_id=chat_of(page), draft_id=1, text="half a")
    page.wait_for_selector(".draft >> text=half a")
    bot("sendMessage", chat_id=chat_of(page), text="half a sentence, and the rest")
    page.wait_for_selector(".draft", state="detached")
    assert page.inner_text("#status") == "bot"
    page.fill("#text", "one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Enter")
    assert bot.update()["message"]["text"] == "one\ntwo"


def test_nothing_is_wider_than_a_small_phone(bot: Bot, open_page: Callable[..., Any]) -> None:
    page = open_page(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True, color_scheme="dark")
    page.click("#start")
    keyboard = {"inline_keyboard": [[{"text": "A rather long label of a button " * 3, "callback_data": "x"}]]}
    bot("sendMessage", chat_id=chat_of(page), text="w" * 300, reply_markup=keyboard)
    page.set_input_files("#files", [photo("wide.jpg")])
    page.click("#upload-send")
    page.wait_for_selector(".grid img.loaded")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("document.getElementById('scroll').scrollWidth") == 360
    assert page.is_visible("#camera")


def test_the_page_comes_back_after_a_restart(browser: Any, tmp_path: Path) -> None:
    settings = PlaygroundSettings(port=0, data=tmp_path)
    context = browser.new_context()
    page = context.new_page()
    with serving(settings) as address:
        page.goto(address)
        page.click("#start")
        page.wait_for_selector(".own")
    playwright.expect(page.locator("#status")).to_have_text("connecting")
    page.fill("#text", "not lost")
    page.keyboard.press("Enter")
    page.wait_for_selector("#toast:visible")
    assert page.input_value("#text") == "not lost"
    with serving(settings.model_copy(update={"port": int(address.rsplit(":", 1)[1])})):
        playwright.expect(page.locator("#status")).to_have_text("bot", timeout=15_000)
        page.focus("#text")
        page.keyboard.press("Enter")
        page.wait_for_selector(".own >> text=not lost")
        assert page.locator(".own").count() == 2
        context.close()
