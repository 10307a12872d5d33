"""A browser for the tests: it keeps cookies and sends the forms it was shown, with their tokens."""

import html
import re
from typing import Any

import httpx

from clinic.clinicians import Clinician
from clinic.passwords import Cost, PasswordHash

PASSWORD = "four quite random words"
CHEAP = Cost(log2_n=2, r=1, p=1)


def clinician(name: str, password: str = PASSWORD) -> Clinician:
    return Clinician(name, PasswordHash.of(password, CHEAP))


def fields(page: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to `action`, as a browser would send them."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.S)
    assert form, f"the page has no form for {action}"
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', form[0])
    return {name: html.unescape(value) for name, value in hidden}


class Visitor:
    """Whoever looks at the page."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, address: str) -> httpx.Response:
        return await self.client.get(address)

    async def send(self, page: str, action: str, files: Any = None, **typed: str) -> httpx.Response:
        """Fill in the form for `action` on `page` and send it."""
        shown = fields((await self.get(page)).text, action)
        return await self.client.post(action, data={**shown, **typed}, files=files)

    async def sign_in(self, name: str, password: str) -> httpx.Response:
        return await self.send("/", "/sign-in", name=name, password=password)

    async def upload(self, text: str | bytes, filename: str = "psoriasis.md", **said: str) -> httpx.Response:
        """Hand a file in; the page that shows what was read, or the form with what is wrong."""
        answer = await self.send("/guidelines/new", "/submissions", files={"file": (filename, text)}, **said)
        return await self.get(answer.headers["location"]) if answer.status_code == 303 else answer

    async def press(self, shown: httpx.Response, what: str, **typed: str) -> httpx.Response:
        """Press the button of a handed-in document's page: publish, withdraw, read or details."""
        form = re.search(rf'action="(/submissions/\d+/{what})"', shown.text)
        assert form, f"the page has no button to {what}"
        return await self.client.post(form[1], data={**fields(shown.text, form[1]), **typed})

    async def publish(self, shown: httpx.Response) -> httpx.Response:
        """Press Publish on the page that shows what was read."""
        return await self.press(shown, "publish")
