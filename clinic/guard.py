"""What every request and every answer has to keep, whatever the page: hosts, origins, sizes, headers.

The page has no script at all, so the policy forbids scripts altogether.
"""

from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clinic.access import signed_in_or_none
from knowledge.sandbox import LARGEST_FILE

LARGEST_BODY = 1_000_000
"""Bytes of a form."""
LARGEST_UPLOAD = LARGEST_FILE + 100_000
"""Bytes of the form that hands a document in, from who is signed in."""
UPLOAD = "/submissions"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with that, browsers send "Origin: null" with the page's own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    # Patients' photos must not stay in a shared computer's cache, nor a page after signing out.
    "Cache-Control": "no-store",
}


def refusal(
    headers: Headers, method: str, hosts: frozenset[str], largest: int = LARGEST_BODY
) -> tuple[int, str] | None:
    """Status and reason of a refusal, or None where the request may pass."""
    host = headers.get("host", "")
    if _name(host) not in hosts:
        return 400, "This host name is not answered here; see SKINGPT_CLINIC_HOSTS."
    if method in ("GET", "HEAD"):
        return None
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
        return 403, "Forms of other pages are refused."
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, "Forms of other pages are refused."
    length = headers.get("content-length", "")
    if not length.isdecimal():
        return 411, "A form must say how long it is."
    if int(length) > largest:
        return 413, f"A form may have {largest:,} bytes at most."
    return None


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


class Guard:
    """ASGI middleware: turns down what `refusal` refuses and adds the headers to every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        large = scope["path"] == UPLOAD and signed_in_or_none(Request(scope)) is not None
        largest = LARGEST_UPLOAD if large else LARGEST_BODY
        refused = refusal(Headers(scope=scope), scope["method"], self._hosts, largest)
        answer = PlainTextResponse(refused[1], refused[0]) if refused else self._app
        await answer(scope, receive, send_guarded)
