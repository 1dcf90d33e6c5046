"""The httpx authentication class that signs each request to the cloud."""

import secrets
from collections.abc import Generator
from datetime import UTC, datetime

import httpx

from dashboard.cloud import signing


class V3Auth(httpx.Auth):
    """Sign a request with ACS3-HMAC-SHA256 when it is sent.

    A retry therefore gets a new signature, with a new time and nonce.

    The request must carry the headers `x-acs-action` and `x-acs-version`.
    """

    requires_request_body = True

    def __init__(self, access_key_id: str, secret: str, security_token: str | None = None) -> None:
        self._access_key_id = access_key_id
        self._secret = secret
        self._security_token = security_token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers of the signature to the request; httpx calls this for each request."""
        request.headers.update(
            signing.build_v3_headers(
                access_key_id=self._access_key_id,
                secret=self._secret,
                security_token=self._security_token,
                method=request.method,
                host=request.headers["host"],
                query=request.url.params.multi_items(),
                body=request.content,
                content_type=request.headers.get("content-type"),
                action=request.headers["x-acs-action"],
                version=request.headers["x-acs-version"],
                now=datetime.now(UTC),
                nonce=secrets.token_hex(16),
            )
        )
        yield request
