"""Takes the pictures of the README in a real browser, of the real house, with drawn photos.

Run while `./run up` runs (needs Debian's chromium): `.venv/bin/python docs/take_pictures.py`.
"""

import shutil
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bot.texts import CONSENT_YES, HELPFUL
from local import running
from local.settings import ROOT, LocalSettings

OUT = ROOT / "docs" / "pictures"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONGEST_WAIT_MS = 60_000


def main() -> None:
    """One chat on a desktop, one on a phone in the dark."""
    address = running.find(LocalSettings().folder).page
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        page = _chat(browser, address, ROOT / "examples" / "mole.jpg", width=820, height=2330, dark=False)
        page.screenshot(path=OUT / "chat.jpg", type="jpeg", quality=82)
        _ask(page, "can I cut it off myself?")
        page.screenshot(path=OUT / "follow-up.jpg", type="jpeg", quality=82)
        phone = _chat(browser, address, ROOT / "examples" / "rough-red-spot.jpg", width=390, height=844, dark=True)
        phone.screenshot(path=OUT / "phone.jpg", type="jpeg", quality=82)
        browser.close()


def _chat(browser: Browser, address: str, photo: Path, *, width: int, height: int, dark: bool) -> Page:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.set_default_timeout(LONGEST_WAIT_MS)
    page.goto(address)
    page.locator("#start").click()
    page.get_by_role("button", name=CONSENT_YES).click()
    page.locator("#files").set_input_files(photo)
    page.locator("#upload-send").click()
    page.get_by_role("button", name=HELPFUL).wait_for()
    page.wait_for_timeout(2500)
    return page


def _ask(page: Page, question: str) -> None:
    before = page.locator("#log > li").count()
    page.locator("#text").fill(question)
    page.locator("#send").click()
    page.wait_for_function("count => document.querySelectorAll('#log > li').length >= count", arg=before + 2)
    page.wait_for_timeout(4000)


if __name__ == "__main__":
    main()
