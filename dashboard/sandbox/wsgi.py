"""The sandbox (a simulation of the cloud) as a WSGI application.

The API is at `/`, and the report files are below `/CompliancePackReports/`. At `/-/faults` tests
switch on faults, which are simulated failures, and at `/-/calls` they read the latest calls that
the sandbox has received.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from dashboard.sandbox.api_errors import ApiError, build_access_denied_detail
from dashboard.sandbox.authentication import Authenticator
from dashboard.sandbox.call_log import DOWNLOAD, CallLog
from dashboard.sandbox.cloud_state import CloudState
from dashboard.sandbox.downloads import answer_download
from dashboard.sandbox.evaluation_list import LIST_RESULTS
from dashboard.sandbox.evaluation_operations import EvaluationOperations
from dashboard.sandbox.faults import API_ERRORS, FAULTS, Faults
from dashboard.sandbox.http_request import SandboxRequest, read_wsgi_request
from dashboard.sandbox.http_response import (
    SandboxResponse,
    build_api_response,
    build_json_response,
    create_request_id,
)
from dashboard.sandbox.operations import Operations
from dashboard.sandbox.report_files import SHEET_ROWS
from dashboard.sandbox.reports import LINK_PATH, ReportStore
from dashboard.sandbox.server import reset_when_closed
from dashboard.sandbox.signed_links import LinkSigner

CONTROL_PATH = "/-/"


class Sandbox:
    """A simulation of the cloud, as a WSGI application.

    All times are seconds; `clock` returns the time as `time.time` does. If `cloud_state` is given,
    `seed`, `large_rows` and `past_weeks` are ignored. `limits` gives the calls per account and
    minute for each operation. `link_base` is the scheme and host of the download links; None takes
    those of the request. The past reports end at `past_until`, which must have a time zone; None
    takes the present time. `evaluation_seconds` is how long an evaluation takes that a client
    starts, and `token_seconds` how long the token of a list works. Without a server, when a test
    client calls the application directly, the fault `reset` raises ConnectionResetError.
    """

    def __init__(
        self,
        cloud_state: CloudState | None = None,
        *,
        seed: int = 7,
        large_rows: int = 3000,
        past_weeks: int = 0,
        generation_seconds: float = 0,
        link_seconds: float = 3600,
        link_base: str | None = None,
        sheet_rows: int = SHEET_ROWS,
        limits: Mapping[str, int] | None = None,
        clock: Callable[[], float] = time.time,
        past_until: datetime | None = None,
        evaluation_seconds: float = 0,
        token_seconds: float = 3600,
    ) -> None:
        self.cloud_state = cloud_state or CloudState(seed, past_weeks, large_rows)
        self.accounts = tuple(self.cloud_state.accounts.values())
        self.faults = Faults(clock)
        self.call_log = CallLog(clock, limits or {})
        credentials = [
            credential
            for account in self.accounts
            for credential in (account.credential, account.temporary_credential)
        ]
        self.authenticator = Authenticator(credentials, clock)
        evaluation_operations = EvaluationOperations(
            self.cloud_state,
            self.faults,
            clock,
            past_until=past_until,
            evaluation_seconds=evaluation_seconds,
            token_seconds=token_seconds,
        )
        self._reports = ReportStore(
            self.cloud_state, clock, generation_seconds, sheet_rows, evaluation_operations.times
        )
        self._links = LinkSigner(clock, link_seconds, link_base)
        self._operations = Operations(
            self.cloud_state, self._reports, self._links, self.faults, clock, evaluation_operations
        )
        self._lock = threading.Lock()
        self.generated = self._reports.generated  # number of reports by pack id

    @property
    def operation_names(self) -> list[str]:
        """The operations that a fault can be limited to; the download of a file is one of them."""
        return [*self._operations.list_names(), DOWNLOAD]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_head = environ["REQUEST_METHOD"] == "HEAD"
        return self._build_answer(environ).send(start_response, without_body=is_head)

    def _build_answer(self, environ: WSGIEnvironment) -> SandboxResponse:
        try:
            request = read_wsgi_request(environ)
        except ValueError as error:
            return build_json_response(400, {"Code": "InvalidRequest", "Message": str(error)})
        if request.path.startswith(CONTROL_PATH):
            return self._answer_control_request(request)
        if request.path.startswith(LINK_PATH):
            return self._answer_download(request)
        return self._answer_api_call(request)

    def _answer_download(self, request: SandboxRequest) -> SandboxResponse:
        """Answer a request for a report file, and record the call."""
        self._trigger_connection_faults(request, DOWNLOAD)
        response = answer_download(request, self._reports, self._links, self.faults)
        error_code = "" if response.status < 300 else str(response.status)
        self.call_log.record(DOWNLOAD, "", error_code)
        return response

    def _answer_api_call(self, request: SandboxRequest) -> SandboxResponse:
        """Answer a call of the API with its result or an error, and record the call."""
        action, uid, request_id = request.action or "", "", create_request_id()
        pack_id = request.get_parameter("CompliancePackId")
        self._trigger_connection_faults(request, action, pack_id)
        try:
            uid = self.authenticator.authenticate(request).uid
            self._raise_api_faults(action, uid, pack_id)
            with self._lock:
                result = self._operations.perform(action, request, uid)
        except ApiError as error:
            self.call_log.record(action, uid, error.code)
            body = error.build_body(request_id, request.host)
            return build_api_response(error.status, "Error", body, as_xml=request.wants_xml)
        self.call_log.record(action, uid)
        body = {"RequestId": request_id} | result
        return build_api_response(200, f"{action}Response", body, as_xml=request.wants_xml)

    def _trigger_connection_faults(
        self, request: SandboxRequest, operation: str, pack_id: str | None = None
    ) -> None:
        """Wait if the fault `slow` is on; reset the connection if the fault `reset` is on.

        The reset raises ConnectionResetError, which ends the request.
        """
        slow_fault = self.faults.trigger("slow", operation, pack_id)
        if slow_fault:
            time.sleep(slow_fault.delay)
        if self.faults.trigger("reset", operation, pack_id):
            reset_when_closed(request.connection)
            raise ConnectionResetError("reset by the sandbox's fault")

    def _raise_api_faults(self, action: str, uid: str, pack_id: str | None) -> None:
        """Raise ApiError if a call limit is reached or a fault of API_ERRORS is on."""
        if not self.call_log.count_against_limit(action, uid):
            raise ApiError("Throttling.User")
        for fault, code in API_ERRORS.items():
            if self.faults.trigger(fault, action, pack_id):
                if code in ("Forbidden.RAM", "NoPermission"):
                    status = 400 if code == "NoPermission" and action == LIST_RESULTS else None
                    access_denied = build_access_denied_detail(action, uid)
                    raise ApiError(code, access_denied=access_denied, status=status)
                raise ApiError(code)

    def _answer_control_request(self, request: SandboxRequest) -> SandboxResponse:
        """Answer a request of a test to control the sandbox, only if it comes from this machine.

        GET /-/calls: list the latest calls.
        GET /-/faults: list the faults (simulated failures) that are on, and all that exist.
        POST /-/faults: switch on the fault `name`; other parameters are the options of Faults.set.
        DELETE /-/faults: switch off the fault `name`, or all faults without a name.
        """
        if not request.is_from_loopback:
            return build_json_response(
                403, {"error": "the control path answers this machine alone"}
            )
        if request.path == "/-/calls":
            calls = [asdict(call) for call in self.call_log]
            return build_json_response(200, {"calls": calls, "generated": self.generated})
        if request.path != "/-/faults":
            return build_json_response(404, {"error": "there are /-/faults and /-/calls"})
        parameters = dict(request.parameters)
        name = parameters.pop("name", None)
        try:
            if request.method == "POST":
                self.faults.set(name or "", **_convert_fault_options(parameters))
            elif request.method == "DELETE":
                self.faults.clear(name)
        except (ValueError, TypeError) as error:
            return build_json_response(400, {"error": str(error)})
        return build_json_response(200, {"faults": self.faults.list_as_json(), "known": FAULTS})


def _convert_fault_options(parameters: dict[str, str]) -> dict[str, Any]:
    """Convert the texts of a request to the argument types of `Faults.set`.

    Raise ValueError if a number is malformed.
    """
    types: dict[str, Callable[[str], object]] = {
        "times": int,
        "page": int,
        "lasting": float,
        "delay": float,
    }
    return {name: types.get(name, str)(value) for name, value in parameters.items()}
