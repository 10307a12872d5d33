"""The client of the model server's own route ``/explain``, which TGI has not: what the model looked at in a photo.

``POST /explain {"inputs": "![](data:image/jpeg;base64,…)"}`` gives ``{"choice", "heat", "overlay"}``: docs/MODEL.md.
"""

import base64

import httpx2

from worker.errors import ModelNonsense, PhotoUnreadable
from worker.picture import jpeg_for_model
from worker.prompt import markdown_image

_ADDRESS = "data:image/jpeg;base64,"
_ASKING_SECONDS = 5.0


class Explanation:
    """The route of the model at one address. Safe to share between threads."""

    def __init__(self, base: str, key: str, seconds: float) -> None:
        """`base`: the model's address; `seconds`: the longest wait for an overlay. Connects to nothing yet."""
        self._url = f"{base}/explain"
        self._headers = {"authorization": f"Bearer {key}"}
        self._seconds = seconds
        self._offered: bool | None = None

    def is_offered(self) -> bool:
        """Whether the model has the route. Asked until it is known, then remembered; False where it cannot be asked.

        The route takes POST: asked by GET, a server that has it says "method not allowed" and computes nothing.
        """
        if self._offered is None:
            try:
                status = httpx2.get(self._url, headers=self._headers, timeout=_ASKING_SECONDS).status_code
            except httpx2.HTTPError:
                return False
            if status in (429, 502, 503, 504):
                return False
            self._offered = status == httpx2.codes.METHOD_NOT_ALLOWED
        return self._offered

    def overlay(self, jpeg: bytes) -> bytes:
        """The photo with what the model looked at, as a JPEG of at most 1024 px.

        Raises:
            httpx2.HTTPError: no answer, or one that refuses.
            ModelNonsense: the answer holds no picture.
            LookupError, TypeError, ValueError: it is not the JSON of the contract.
        """
        asked = {"inputs": markdown_image(jpeg)}
        answer = httpx2.post(self._url, json=asked, headers=self._headers, timeout=self._seconds)
        answer.raise_for_status()
        address = answer.json()["overlay"]
        if not address.startswith(_ADDRESS):
            raise ModelNonsense("The model's overlay is no data address of a JPEG.")
        try:
            return jpeg_for_model(base64.b64decode(address.removeprefix(_ADDRESS), validate=True))
        except PhotoUnreadable:
            raise ModelNonsense("The model's overlay is no picture.") from None
