"""Compute the two kinds of signatures of Alibaba Cloud's API.

The client of this project sends V3. Older clients send V1, which only the sandbox needs.

Sources: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
for V3, https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism for V1.
The tests compare both with the example signatures published there.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

V3_ALGORITHM = "ACS3-HMAC-SHA256"


def percent_encode(text: str) -> str:
    """Encode by RFC 3986: each UTF-8 byte of a character other than `A-Za-z0-9-_.~` becomes %XX."""
    return quote(text, safe="-_.~")


def compute_v3_signature(
    secret: str,
    method: str,
    path: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    signed_headers: Sequence[str],
    body_sha256: str,
) -> str:
    """Return the V3 signature of a request in hex digits.

    `query` holds decoded parameters in any order; `headers` has lower-case names.
    Raise KeyError if `headers` does not have a name that is in `signed_headers`.
    """
    names = sorted(signed_headers)
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    canonical_request = "\n".join(
        (
            method.upper(),
            path,
            build_canonical_query(query),
            canonical_headers,
            ";".join(names),
            body_sha256,
        )
    )
    string_to_sign = f"{V3_ALGORITHM}\n{hashlib.sha256(canonical_request.encode()).hexdigest()}"
    return hmac.new(secret.encode(), string_to_sign.encode(), hashlib.sha256).hexdigest()


def build_v3_headers(
    *,
    access_key_id: str,
    secret: str,
    method: str,
    host: str,
    query: Sequence[tuple[str, str]],
    body: bytes,
    action: str,
    version: str,
    now: datetime,
    nonce: str,
    security_token: str | None = None,
    content_type: str | None = None,
) -> dict[str, str]:
    """Return all headers that V3 requires; `authorization` holds the signature of the others.

    `now` must have a time zone; the cloud accepts it within 15 minutes of its own clock.
    `security_token` belongs to a temporary (STS) key. Give `content_type` if the request has one,
    so that it is signed too.
    """
    body_sha256 = hashlib.sha256(body).hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": body_sha256,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    if security_token:
        headers["x-acs-security-token"] = security_token
    if content_type:
        headers["content-type"] = content_type
    names = sorted(headers)
    signature = compute_v3_signature(secret, method, "/", query, headers, names, body_sha256)
    credential = f"Credential={access_key_id},SignedHeaders={';'.join(names)},Signature={signature}"
    return headers | {"authorization": f"{V3_ALGORITHM} {credential}"}


def compute_v1_signature(secret: str, method: str, parameters: Mapping[str, str]) -> str:
    """Return the V1 signature, in Base64, of all query and form parameters except `Signature`."""
    parameters_to_sign = [
        (name, value) for name, value in parameters.items() if name != "Signature"
    ]
    string_to_sign = (
        f"{method.upper()}&%2F&{percent_encode(build_canonical_query(parameters_to_sign))}"
    )
    digest = hmac.new(f"{secret}&".encode(), string_to_sign.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def build_canonical_query(parameters: Sequence[tuple[str, str]]) -> str:
    """Return the query string that V1 and V3 sign: sorted by name and percent-encoded."""
    return "&".join(
        f"{percent_encode(name)}={percent_encode(value)}" for name, value in sorted(parameters)
    )
