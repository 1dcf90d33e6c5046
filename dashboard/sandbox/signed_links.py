"""Signed download links that expire, like those of OSS (the file storage of the cloud)."""

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

REQUIRED_PARAMETERS = ("Expires", "OSSAccessKeyId", "Signature")


class LinkSigner:
    """Sign and check links; each link is valid for `seconds`.

    `base_url` is the scheme and host of the links; None takes those of the client's request. The
    cloud signs with a temporary (STS) key, so a link has a security token, which is signed too.
    """

    def __init__(self, clock: Callable[[], float], seconds: float, base_url: str | None) -> None:
        self._clock = clock
        self._seconds = seconds
        self._base_url = base_url
        self._key = secrets.token_bytes(20)
        self._token = secrets.token_urlsafe(60)

    def sign(self, request_base_url: str, path: str, *, expired: bool = False) -> str:
        """Return the signed URL of a path; anybody who has the URL can download the file.

        With `expired`, the URL has already expired.
        """
        expires = str(int(self._clock() + (-1 if expired else self._seconds)))
        parameters = {
            "Expires": expires,
            "OSSAccessKeyId": "STS.sandbox-oss",
            "Signature": self._compute_signature(path, expires, self._token),
            "security-token": self._token,
        }
        return f"{self._base_url or request_base_url}{path}?{urlencode(parameters)}"

    def find_error(self, path: str, parameters: Mapping[str, str]) -> tuple[str, str] | None:
        """Return (code, message) of what is wrong with a link; None if it may be followed.

        Whether it has expired is said before whether it was signed.
        """
        if not all(parameters.get(name) for name in REQUIRED_PARAMETERS):
            return "AccessDenied", "You have no right to access this object because of bucket acl."
        expires = parameters["Expires"]
        if not re.fullmatch("[0-9]{1,12}", expires):
            return "AccessDenied", "Invalid date (should be seconds since epoch)."
        if self._clock() > int(expires):
            return "AccessDenied", "Request has expired."
        token = parameters.get("security-token", "")
        expected = self._compute_signature(path, expires, token)
        if not hmac.compare_digest(expected.encode(), parameters["Signature"].encode()):
            return (
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method.",
            )
        return None if token == self._token else ("InvalidSecurityToken", "The token is invalid.")

    def _compute_signature(self, path: str, expires: str, token: str) -> str:
        string_to_sign = f"GET\n\n\n{expires}\n{path}?security-token={token}"
        digest = hmac.new(self._key, string_to_sign.encode(), "sha1").digest()
        return base64.b64encode(digest).decode()
