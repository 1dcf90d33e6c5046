"""A simulated cloud for single tests: it gives prepared answers and keeps the requests."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx

from dashboard.cloud.client import Client

KEY_ID, SECRET = "LTAI5tExampleKeyId", "anExampleSecretOf30Characters1"
GENERATED = {"CompliancePackId": "cp-1", "RequestId": "REQ-2"}
FILE_ADDRESS = "https://bucket.oss-cn-shanghai.aliyuncs.com/1-cp-1-report-202106221046.xls"
LINK = f"{FILE_ADDRESS}?Expires=1&Signature=s3cr3t"
REPORT = {
    "RequestId": "REQ-3",
    "CompliancePackReport": {
        "AccountId": 1000000000000001,
        "CompliancePackId": "cp-1",
        "ReportCreateTimestamp": 1624329965857,
        "ReportStatus": "COMPLETE",
        "ReportUrl": LINK,
    },
}


class Cloud:
    """Give the answers in turn, each (status, body) or an exception; repeat the last one."""

    def __init__(
        self, *answers: tuple[int, object] | Exception, headers: dict[str, str] | None = None
    ) -> None:
        self.answers = list(answers)
        self.headers = headers or {}
        self.requests: list[WSGIEnvironment] = []
        self.forms: list[dict[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.requests.append(environ)
        self.forms.append(dict(parse_qsl(environ["wsgi.input"].read().decode())))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer
        start_response(f"{status} Status", list(self.headers.items()))
        return [body if isinstance(body, bytes) else json.dumps(body).encode()]

    @property
    def transport(self) -> httpx.WSGITransport:
        return httpx.WSGITransport(app=self)

    def create_client(self, **options: Any) -> Client:
        return Client(
            "config.example.com",
            KEY_ID,
            SECRET,
            transport=self.transport,
            **{"initial_wait": 0.0} | options,
        )


def build_error(code: str, message: str = "", **extra_fields: object) -> dict[str, object]:
    return {
        "RequestId": "REQ-1",
        "HostId": "config.example.com",
        "Code": code,
        "Message": message,
        **extra_fields,
    }
