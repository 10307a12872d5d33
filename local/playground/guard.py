"""Who may talk to the playground: this machine, and of the pages in a browser only its own.

Checks the Host header (so no foreign name can be made to point here), the Origin header and Sec-Fetch-Site
(so no other page can post or make a browser call the Bot API), and sets a policy that lets the page load
nothing from elsewhere.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_CLIENTS = frozenset({"127.0.0.1", "::1"})
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(), geolocation=()",
}

BODY_BYTES = 256 * 1024 * 1024
"""Largest request: an album of ten files that a bot may still fetch (20 MB each), with room to spare."""


def oversize(headers: Headers) -> tuple[int, str] | None:
    """Status and reason for a request whose body is too large or of a size that is not told, else None."""
    if "transfer-encoding" in headers:
        return 411, "the size of the request must be told"
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > BODY_BYTES:
        return 413, "the request is too large"
    return None


def refusal(headers: Headers, method: str, path: str, client: str | None) -> str | None:
    """Why a request is refused, or None where it may pass."""
    host = headers.get("host", "")
    if _name(host) not in NAMES:
        return "Host must be localhost or 127.0.0.1"
    if client is not None and client not in _CLIENTS:
        return "only this machine may connect"
    origin = headers.get("origin")
    if origin is not None and (_name(urlsplit(origin).netloc) not in NAMES or urlsplit(origin).netloc != host):
        return "Origin must be this server"
    opens_the_page = method == "GET" and path == "/" and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not opens_the_page:
        return "requests from other sites are refused"
    return None


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


class Guard:
    """ASGI middleware: 403 for what `refusal` refuses, 411 or 413 for `oversize`, the page's policy on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        client = scope.get("client")
        headers = Headers(scope=scope)
        reason = refusal(headers, scope["method"], scope["path"], client[0] if client else None)
        refused = (403, f"Forbidden: {reason}") if reason is not None else oversize(headers)
        if refused is not None:
            status, description = refused
            body = {"ok": False, "error_code": status, "description": description}
            await JSONResponse(body, status_code=status)(scope, receive, send_with_policy)
            return
        await self._app(scope, receive, send_with_policy)
