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

    async def upload(self, text: str | bytes, filename: str = "psoriasis.md") -> httpx.Response:
        """Have a file checked."""
        return await self.send("/guidelines/new", "/guidelines/check", files={"file": (filename, text)})

    async def publish(self, checked: httpx.Response) -> httpx.Response:
        """Press Publish on the page that shows the checked file."""
        return await self.client.post("/guidelines", data=fields(checked.text, "/guidelines"))
