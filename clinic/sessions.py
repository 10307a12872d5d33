"""Sessions: a signed cookie that says who signed in and when, and the token that each of its forms carries.

Signed with HMAC-SHA256; the secret is derived from the key of the patients' records with HKDF (RFC 5869), so there
is no second secret to keep. Visitors have a session too, of nobody, so that the sign-in form carries a token.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clinic.clinicians import Clinician

LIFETIME: Final = timedelta(hours=8)
"""From sign-in to the next, however busy the session is."""


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in; a visitor's has no name. `began` in seconds since 1970."""

    id: str
    name: str
    fingerprint: str
    began: int


def session_secret(key: bytes) -> bytes:
    """The secret that signs sessions, 32 bytes, from the key of the patients' records."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"skingpt clinic sessions").derive(key)


class Sessions:
    """Begins, reads and ends sessions. Safe to share between threads."""

    def __init__(self, secret: bytes, clock: Callable[[], datetime]) -> None:
        self._secret = secret
        self._clock = clock
        self._ended: dict[str, int] = {}
        self._lock = threading.Lock()

    def begin(self, clinician: Clinician | None = None) -> Session:
        """A new session, of a visitor unless a clinician signed in."""
        name, fingerprint = (clinician.name, clinician.fingerprint) if clinician else ("", "")
        return Session(secrets.token_urlsafe(16), name, fingerprint, self._now())

    def cookie(self, session: Session) -> str:
        """The session as its cookie holds it."""
        content = base64.urlsafe_b64encode(json.dumps(asdict(session)).encode()).decode()
        return f"{content}.{self._signature('session', content)}"

    def read(self, cookie: str) -> Session | None:
        """The session in a cookie; None if it was not signed here, has expired or was ended."""
        content, _, signature = cookie.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature("session", content).encode()):
            return None
        try:
            session = Session(**json.loads(base64.urlsafe_b64decode(content)))
        except (ValueError, TypeError, binascii.Error):
            return None
        age = self._now() - session.began
        with self._lock:
            ended = session.id in self._ended
        return session if 0 <= age < LIFETIME.total_seconds() and not ended else None

    def end(self, session: Session) -> None:
        """A copy of this session's cookie is worth nothing from now on, as long as this process runs."""
        oldest = self._now() - LIFETIME.total_seconds()
        with self._lock:
            self._ended = {each: began for each, began in self._ended.items() if began > oldest}
            self._ended[session.id] = session.began

    def form_token(self, session: Session) -> str:
        """What every form of this session carries."""
        return self._signature("form", session.id)

    def is_form_token(self, session: Session, token: str) -> bool:
        """Whether a form with this token is one of this session."""
        return hmac.compare_digest(token.encode(), self.form_token(session).encode())

    def _signature(self, purpose: str, content: str) -> str:
        return hmac.new(self._secret, f"{purpose}\0{content}".encode(), hashlib.sha256).hexdigest()

    def _now(self) -> int:
        return int(self._clock().timestamp())
