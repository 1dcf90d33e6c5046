"""Answers on the wire: JSON, the cloud's XML, the error documents of OSS, and bytes."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse
from xml.sax.saxutils import escape


@dataclass
class Answer:
    """A status, a body, and the headers beside its length; `length` differs from the body's where it is cut off."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        length = len(self.body) if self.length is None else self.length
        headers = {"Content-Type": self.content_type, "Content-Length": str(length)} | self.headers
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", list(headers.items()))
        return (self.body[start : start + 65_536] for start in range(0, len(self.body), 65_536))


def request_id() -> str:
    """Return a new id in the cloud's form, an upper-case UUID."""
    return str(uuid.uuid4()).upper()


def api(status: int, root: str, content: dict[str, Any], *, xml: bool) -> Answer:
    """Return an API answer in the format that was asked for; `root` names the XML document."""
    headers = {"x-acs-request-id": str(content["RequestId"])}
    if not xml:
        return Answer(status, "application/json;charset=utf-8", _json(content), headers)
    text = f'<?xml version="1.0" encoding="UTF-8"?>{_element(root, content)}'
    return Answer(status, "text/xml;charset=utf-8", text.encode(), headers)


def plain_json(status: int, content: object) -> Answer:
    return Answer(status, "application/json", _json(content))


def oss_error(
    status: int, code: str, message: str, host: str, expires: float | None = None
) -> Answer:
    """Return an error document of OSS. https://www.alibabacloud.com/help/en/oss/support/error-response"""
    content = {
        "Code": code,
        "Message": message,
        "RequestId": uuid.uuid4().hex[:24].upper(),
        "HostId": host,
    }
    if expires is not None:
        content["Expires"] = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{_element("Error", content)}'
    return Answer(
        status, "application/xml", text.encode(), {"x-oss-request-id": content["RequestId"]}
    )


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def _element(name: str, value: object) -> str:
    """Return an element; a list becomes repeated elements of its own name, without a wrapper."""
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(key, item) for key, item in value.items())}</{name}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"
