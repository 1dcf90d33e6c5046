"""Signed download links that expire, like those of OSS (the file storage of the cloud)."""

import base64
import hmac
import secrets
from collections.abc import Callable
from urllib.parse import quote


class LinkSigner:
    """Sign and check links; each link is valid for `seconds`.

    `base_url` is the scheme and host of the links; None takes those of the client's request.
    """

    def __init__(self, clock: Callable[[], float], seconds: float, base_url: str | None) -> None:
        self._clock = clock
        self._seconds = seconds
        self._base_url = base_url
        self._key = secrets.token_bytes(20)

    def sign(self, request_base_url: str, path: str, *, expired: bool = False) -> str:
        """Return the signed URL of a path; anybody who has the URL can download the file.

        With `expired`, the URL has already expired.
        """
        expires = str(int(self._clock() + (-1 if expired else self._seconds)))
        signature = quote(self._compute_signature(path, expires), safe="")
        return (
            f"{self._base_url or request_base_url}{path}?Expires={expires}"
            f"&OSSAccessKeyId=STS.sandbox-oss&Signature={signature}"
        )

    def has_valid_signature(self, path: str, parameters: dict[str, str]) -> bool:
        """Return whether the parameters `Expires` and `Signature` are those of a signed link."""
        expected = self._compute_signature(path, parameters.get("Expires", ""))
        return hmac.compare_digest(expected.encode(), parameters.get("Signature", "").encode())

    def has_expired(self, parameters: dict[str, str]) -> bool:
        """Return whether the link has expired; call this only after has_valid_signature."""
        return self._clock() > int(parameters["Expires"])

    def _compute_signature(self, path: str, expires: str) -> str:
        string_to_sign = f"GET\n\n\n{expires}\n{path}"
        digest = hmac.new(self._key, string_to_sign.encode(), "sha1").digest()
        return base64.b64encode(digest).decode()
