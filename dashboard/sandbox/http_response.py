"""Build the HTTP responses of the sandbox: answers of the API, errors of OSS, and files."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse
from xml.sax.saxutils import escape

CHUNK_BYTES = 65_536


@dataclass
class SandboxResponse:
    """A response of the sandbox.

    `stated_length` is the length in the header Content-Length if it differs from that of the body,
    as in a download that is cut off.
    """

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    stated_length: int | None = None

    def send(self, start_response: StartResponse, *, without_body: bool) -> Iterable[bytes]:
        """Start the WSGI response, and return the body in chunks.

        `without_body` answers a HEAD request: with the length of the body, and nothing else of it.
        """
        length = len(self.body) if self.stated_length is None else self.stated_length
        headers = {"Content-Type": self.content_type, "Content-Length": str(length)} | self.headers
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", list(headers.items()))
        if without_body:
            return []
        return (
            self.body[start : start + CHUNK_BYTES]
            for start in range(0, len(self.body), CHUNK_BYTES)
        )


def create_request_id() -> str:
    """Return a new request id in the cloud's form, an upper-case UUID."""
    return str(uuid.uuid4()).upper()


def build_api_response(
    status: int, root: str, content: dict[str, Any], *, as_xml: bool
) -> SandboxResponse:
    """Return an answer of the API in JSON or XML; `root` is the name of the XML root element."""
    headers = {"x-acs-request-id": str(content["RequestId"])}
    if not as_xml:
        json_type = "application/json;charset=utf-8"
        return SandboxResponse(status, json_type, _encode_json(content), headers)
    document = f'<?xml version="1.0" encoding="UTF-8"?>{_build_xml_element(root, content)}'
    return SandboxResponse(status, "text/xml;charset=utf-8", document.encode(), headers)


def build_json_response(status: int, content: object) -> SandboxResponse:
    return SandboxResponse(status, "application/json", _encode_json(content))


def build_oss_error(
    status: int, code: str, message: str, host: str, expires: float | None = None
) -> SandboxResponse:
    """Return an error document of OSS; `expires` is the time at which the link expired.

    https://www.alibabacloud.com/help/en/oss/support/error-response
    """
    content = {
        "Code": code,
        "Message": message,
        "RequestId": uuid.uuid4().hex[:24].upper(),
        "HostId": host,
    }
    if expires is not None:
        content["Expires"] = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{_build_xml_element("Error", content)}'
    headers = {"x-oss-request-id": content["RequestId"]}
    return SandboxResponse(status, "application/xml", document.encode(), headers)


def _encode_json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _build_xml_element(name: str, value: object) -> str:
    """Return the XML for a value; a dict becomes child elements.

    A list becomes one element with this name for each item, without an element around them.
    """
    if isinstance(value, list):
        return "".join(_build_xml_element(name, item) for item in value)
    if isinstance(value, dict):
        children = "".join(_build_xml_element(key, item) for key, item in value.items())
        return f"<{name}>{children}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"
