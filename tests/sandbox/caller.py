"""A client of the sandbox that signs by hand, so that a test can falsify any part of a request."""

import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx

from dashboard.cloud import signing
from dashboard.sandbox.authentication import Credential
from dashboard.sandbox.wsgi import Sandbox

VERSION = "2020-09-07"
FORM_TYPE = "application/x-www-form-urlencoded"
HOST = "config.cn-shanghai.example"


class Clock:
    """A clock that starts at the current time and moves only when a test changes `now`."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).timestamp()

    def __call__(self) -> float:
        return self.now


class Caller:
    """Call operations in-process, signed with one credential."""

    def __init__(self, sandbox: Sandbox, credential: Credential) -> None:
        self.sandbox = sandbox
        self.credential = credential
        self.client = httpx.Client(
            transport=httpx.WSGITransport(app=sandbox), base_url=f"http://{HOST}"
        )

    def call(self, action: str, method: str = "GET", **parameters: str) -> httpx.Response:
        """Call with V3; a GET has the parameters in its query, a POST in its form."""
        if method == "GET":
            return self.call_v3(action, method, query=parameters)
        return self.call_v3(action, method, form=parameters)

    def call_v3(
        self,
        action: str,
        method: str = "GET",
        query: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        *,
        now: datetime | None = None,
        nonce: str | None = None,
        changed_headers: dict[str, str] | None = None,
        signed_body_sha256: str | None = None,
    ) -> httpx.Response:
        """Call with V3; `changed_headers` replaces headers after they were signed.

        `signed_body_sha256` is stated, and signed, in place of the right hash of the body.
        """
        body = urlencode(form).encode() if form else b""
        headers = signing.build_v3_headers(
            access_key_id=self.credential.id,
            secret=self.credential.secret,
            method=method,
            host=HOST,
            query=list((query or {}).items()),
            body=body,
            action=action,
            version=VERSION,
            now=now or datetime.now(UTC),
            nonce=nonce or uuid.uuid4().hex,
            security_token=self.credential.token,
            content_type=FORM_TYPE if form else None,
        )
        if signed_body_sha256 is not None:
            self._sign_wrong_hash(method, query or {}, headers, signed_body_sha256)
        return self.client.request(
            method,
            "/",
            params=httpx.QueryParams(query or {}),
            content=body,
            headers=headers | (changed_headers or {}),
        )

    def _sign_wrong_hash(
        self, method: str, query: dict[str, str], headers: dict[str, str], body_sha256: str
    ) -> None:
        """State another hash of the body in the headers, and sign them as the cloud checks them."""
        right_sha256 = headers["x-acs-content-sha256"]
        headers["x-acs-content-sha256"] = body_sha256
        start, _, _ = headers["authorization"].partition("Signature=")
        names = start.partition("SignedHeaders=")[2].rstrip(",").split(";")
        signature = signing.compute_v3_signature(
            self.credential.secret, method, "/", list(query.items()), headers, names, right_sha256
        )
        headers["authorization"] = f"{start}Signature={signature}"

    def call_v1(
        self,
        action: str,
        method: str = "GET",
        *,
        all_in_body: bool = False,
        form: dict[str, str] | None = None,
        **extra_parameters: str,
    ) -> httpx.Response:
        """Call with V1; `extra_parameters` add to the common parameters or replace them.

        The common parameters are in the query, or in the body with `all_in_body`.
        """
        common = {
            "Action": action,
            "Version": VERSION,
            "AccessKeyId": self.credential.id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        } | extra_parameters
        if self.credential.token:
            common["SecurityToken"] = self.credential.token
        common["Signature"] = signing.compute_v1_signature(
            self.credential.secret, method, common | (form or {})
        )
        query, body = ({}, common | (form or {})) if all_in_body else (common, form or {})
        content = urlencode(body).encode()
        headers = {"content-type": FORM_TYPE} if content else {}
        return self.client.request(method, "/", params=query, content=content, headers=headers)

    def generate_report(self, pack_id: str) -> httpx.Response:
        return self.call("GenerateCompliancePackReport", "POST", CompliancePackId=pack_id)

    def get_report(self, pack_id: str) -> dict[str, str]:
        answer = self.call("GetCompliancePackReport", CompliancePackId=pack_id)
        report: dict[str, str] = answer.json()["CompliancePackReport"]
        return report

    def list_results(self, pack_id: str, **parameters: str) -> list[dict[str, Any]]:
        """Return the rows of all pages of the pack's evaluation results."""
        rows: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            page = self.get_results_page(
                CompliancePackId=pack_id, **{"MaxResults": "100"} | parameters | token
            )
            rows += page["EvaluationResultList"]
            if not page.get("NextToken"):
                return rows
            token = {"NextToken": page["NextToken"]}

    def get_results_page(self, **parameters: str) -> dict[str, Any]:
        """Return one page of evaluation results."""
        answer = self.call("ListConfigRuleEvaluationResults", **parameters)
        page: dict[str, Any] = answer.json()["EvaluationResults"]
        return page

    def get_rule(self, rule_id: str) -> dict[str, Any]:
        rule: dict[str, Any] = self.call("GetConfigRule", ConfigRuleId=rule_id).json()["ConfigRule"]
        return rule

    def generate_and_download(self, pack_id: str) -> bytes:
        assert self.generate_report(pack_id).status_code == 200
        return self.client.get(self.get_report(pack_id)["ReportUrl"]).content


def get_qualifier(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a row of evaluation results says about its rule and resource."""
    qualifier: dict[str, Any] = row["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    return qualifier


def get_error_code(answer: httpx.Response) -> str:
    """Return the error code of a JSON answer; "None" if it has none."""
    return str(answer.json().get("Code"))
