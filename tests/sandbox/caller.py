"""A hand-signed caller of the sandbox, in-process, with every part of a request open to tampering."""

import uuid
from datetime import UTC, datetime
from urllib.parse import urlencode

import httpx

from dashboard import signing
from dashboard.sandbox.gate import Credential
from dashboard.sandbox.wsgi import Sandbox

VERSION = "2020-09-07"
FORM = "application/x-www-form-urlencoded"
HOST = "config.cn-shanghai.example"


class Clock:
    """A clock that stands still until it is moved; it begins at the real time."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


class Caller:
    """Calls operations as the owner of one credential."""

    def __init__(self, sandbox: Sandbox, credential: Credential) -> None:
        self.sandbox = sandbox
        self.credential = credential
        self.client = httpx.Client(
            transport=httpx.WSGITransport(app=sandbox), base_url=f"http://{HOST}"
        )

    def call(self, action: str, method: str = "GET", **parameters: str) -> httpx.Response:
        """Call with V3; the parameters go into the query of a GET and into the form of a POST."""
        return self.v3(
            action,
            method,
            parameters if method == "GET" else {},
            parameters if method == "POST" else {},
        )

    def v3(
        self,
        action: str,
        method: str = "GET",
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        *,
        now: datetime | None = None,
        nonce: str | None = None,
        changed: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Call with V3; `changed` replaces headers after they were signed."""
        body = urlencode(form).encode() if form else b""
        pairs = list((query or {}).items())
        headers = signing.v3_headers(
            access_key_id=self.credential.id,
            secret=self.credential.secret,
            method=method,
            host=HOST,
            query=pairs,
            body=body,
            action=action,
            version=VERSION,
            now=now or datetime.now(UTC),
            nonce=nonce or uuid.uuid4().hex,
            security_token=self.credential.token,
            content_type=FORM if form else None,
        )
        return self.client.request(
            method,
            "/",
            params=httpx.QueryParams(query or {}),
            content=body,
            headers=headers | (changed or {}),
        )

    def v1(
        self,
        action: str,
        method: str = "GET",
        *,
        everything_in_body: bool = False,
        form: dict[str, str] | None = None,
        **stated: str,
    ) -> httpx.Response:
        """Call with V1; the common parameters go into the query unless they are wanted in the body."""
        common = {
            "Action": action,
            "Version": VERSION,
            "AccessKeyId": self.credential.id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        } | stated
        if self.credential.token:
            common["SecurityToken"] = self.credential.token
        common["Signature"] = signing.v1_signature(
            self.credential.secret, method, common | (form or {})
        )
        query, body = ({}, common | (form or {})) if everything_in_body else (common, form or {})
        content = urlencode(body).encode()
        headers = {"content-type": FORM} if content else {}
        return self.client.request(method, "/", params=query, content=content, headers=headers)

    def generate(self, pack: str) -> httpx.Response:
        return self.call("GenerateCompliancePackReport", "POST", CompliancePackId=pack)

    def report(self, pack: str) -> dict[str, str]:
        answer = self.call("GetCompliancePackReport", CompliancePackId=pack)
        report: dict[str, str] = answer.json()["CompliancePackReport"]
        return report

    def file(self, pack: str) -> bytes:
        """Generate and download."""
        assert self.generate(pack).status_code == 200
        return self.client.get(self.report(pack)["ReportUrl"]).content


def code(answer: httpx.Response) -> str:
    """Return the error code of a JSON answer."""
    return str(answer.json().get("Code"))
