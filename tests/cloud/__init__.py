"""A cloud of a few lines for each test: it gives the answers it was told to, in turn, and keeps what it was asked."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx

from dashboard.cloud.client import Client

KEY_ID, SECRET = "LTAI5tExampleKeyId", "anExampleSecretOf30Characters1"


class Cloud:
    """Answers are (status, body) or an exception to raise; the last one is repeated."""

    def __init__(
        self, *answers: tuple[int, object] | Exception, headers: dict[str, str] | None = None
    ) -> None:
        self.answers = list(answers)
        self.headers = headers or {}
        self.asked: list[WSGIEnvironment] = []
        self.forms: list[dict[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.asked.append(environ)
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

    def client(self, **options: Any) -> Client:
        return Client(
            "config.example.com",
            KEY_ID,
            SECRET,
            transport=self.transport,
            **{"wait": 0.0} | options,
        )


def error(code: str, message: str = "", **more: object) -> dict[str, object]:
    return {
        "RequestId": "REQ-1",
        "HostId": "config.example.com",
        "Code": code,
        "Message": message,
        **more,
    }
