"""The sandbox as a WSGI callable: API at `/`, files under `/oss/`, `/-/faults` and `/-/calls` for whoever tests."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from dashboard.sandbox import answers, downloads, errors, request, server
from dashboard.sandbox.answers import Answer
from dashboard.sandbox.calls import DOWNLOAD, Calls
from dashboard.sandbox.errors import ApiError
from dashboard.sandbox.estate import Estate
from dashboard.sandbox.faults import API_ERRORS, FAULTS, Faults
from dashboard.sandbox.files import SHEET_ROWS
from dashboard.sandbox.gate import Gate
from dashboard.sandbox.operations import Operations
from dashboard.sandbox.reports import LINK_PATH, Links, Reports
from dashboard.sandbox.request import Request

CONTROL_PATH = "/-/"


class Sandbox:
    """The cloud's stand-in. All times are seconds; `clock` returns the time as `time.time` does.

    `estate` stands instead of `seed`, `large_rows` and `past_weeks`. `limits` are calls per operation, account and
    minute. In-process a reset is a ConnectionResetError and a cut-off body merely ends early, there being no
    connection; over HTTP both are what they say.
    """

    def __init__(
        self,
        estate: Estate | None = None,
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
    ) -> None:
        self.estate = estate or Estate(seed, past_weeks, large_rows)
        self.accounts = tuple(self.estate.accounts.values())
        self.faults = Faults(clock)
        self.calls = Calls(clock, limits or {})
        keys = [
            key
            for account in self.accounts
            for key in (account.credential, account.temporary_credential)
        ]
        self.gate = Gate(keys, clock)
        self._reports = Reports(self.estate, clock, generation_seconds, sheet_rows)
        self._links = Links(clock, link_seconds, link_base)
        self._operations = Operations(self.estate, self._reports, self._links, self.faults, clock)
        self._lock = threading.Lock()
        self.generated = self._reports.generated

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(request.read(environ)).send(start_response)

    def _answer(self, asked: Request) -> Answer:
        if asked.path.startswith(CONTROL_PATH):
            return self._control(asked)
        if asked.path.startswith(LINK_PATH):
            self._disturb(asked, DOWNLOAD)
            answer = downloads.fetch(asked, self._reports, self._links, self.faults)
            self.calls.note(DOWNLOAD, "", "" if answer.status == 200 else str(answer.status))
            return answer
        return self._call(asked)

    def _call(self, asked: Request) -> Answer:
        """Answer a call of the API, with its result or with the cloud's error."""
        action, uid, request_id = asked.action or "", "", answers.request_id()
        pack = dict(asked.form + asked.query).get("CompliancePackId")
        self._disturb(asked, action, pack)
        try:
            uid = self.gate.admit(asked).uid
            self._strike(action, uid, pack)
            with self._lock:
                result = self._operations.perform(action, asked, uid)
        except ApiError as error:
            self.calls.note(action, uid, error.code)
            return answers.api(
                error.status, "Error", error.body(request_id, asked.host), xml=asked.wants_xml
            )
        self.calls.note(action, uid)
        return answers.api(
            200, f"{action}Response", {"RequestId": request_id} | result, xml=asked.wants_xml
        )

    def _disturb(self, asked: Request, operation: str, pack: str | None = None) -> None:
        """Let the faults of the line itself happen, before anybody answers."""
        slow = self.faults.hit("slow", operation, pack)
        if slow:
            time.sleep(slow.delay)
        if self.faults.hit("reset", operation, pack):
            server.reset(asked.connection)
            raise ConnectionResetError("reset by the sandbox's fault")

    def _strike(self, action: str, uid: str, pack: str | None) -> None:
        if self.calls.exceeds_limit(action, uid):
            raise ApiError("Throttling.User")
        for fault, code in API_ERRORS.items():
            if self.faults.hit(fault, action, pack):
                denied = (
                    errors.access_denied(action, uid)
                    if code in ("Forbidden.RAM", "NoPermission")
                    else None
                )
                raise ApiError(code, access_denied=denied)

    def _control(self, asked: Request) -> Answer:
        """Show the calls, or the faults: GET lists, POST sets one, DELETE clears one or all. For this machine alone."""
        if not asked.from_loopback:
            return answers.plain_json(403, {"error": "the control path answers this machine alone"})
        if asked.path == "/-/calls":
            calls = [asdict(call) for call in list(self.calls)]
            return answers.plain_json(200, {"calls": calls, "generated": self.generated})
        if asked.path != "/-/faults":
            return answers.plain_json(404, {"error": "there are /-/faults and /-/calls"})
        parameters = dict(asked.query + asked.form)
        name = parameters.pop("name", None)
        try:
            if asked.method == "POST":
                self.faults.set(name or "", **_typed(parameters))
            elif asked.method == "DELETE":
                self.faults.clear(name)
        except (ValueError, TypeError) as error:
            return answers.plain_json(400, {"error": str(error)})
        return answers.plain_json(200, {"faults": self.faults.listing(), "known": FAULTS})


def _typed(parameters: dict[str, str]) -> dict[str, Any]:
    types: dict[str, Callable[[str], object]] = {"times": int, "lasting": float, "delay": float}
    return {name: types.get(name, str)(value) for name, value in parameters.items()}
