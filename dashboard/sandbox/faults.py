"""Faults: failures of the cloud that the sandbox simulates while a test has switched them on."""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

# Each fault with a description of what the sandbox then does.
FAULTS = {
    "throttling": "answers Throttling.User",
    "unavailable": "answers 503 ServiceUnavailable",
    "internal-error": "answers 500 InternalError",
    "forbidden": "answers 403 Forbidden.RAM with AccessDeniedDetail",
    "no-permission": "answers 403 NoPermission with AccessDeniedDetail",
    "not-activated": "answers 404 AccountNotExisted",
    "no-service-role": "answers 404 CloudConfigServiceRoleNotExisted",
    "slow": "waits `delay` seconds before any answer",
    "reset": "resets the connection instead of answering",
    "never-completes": "leaves a report CREATING",
    "previous-report": "answers COMPLETE with the report before the one under way",
    "foreign-account": "answers GetCompliancePackReport with another AccountId",
    "foreign-pack": "answers GetCompliancePackReport with another CompliancePackId",
    "foreign-rows": "serves an .xls whose cells name another account",
    "expired-link": "hands out links that have already expired",
    "refused-link": "refuses a download with 403 and an HTML page",
    "cut-off": "ends a download in its middle",
    "html-page": "serves an HTML error page as the file",
    "corrupt": "serves the file with its inside overwritten",
    "encrypted": "serves a workbook that asks for a password",
    "expired-token": "refuses the token of a page of the evaluation results",
    "repeated-page": "lists a page of the evaluation results twice",
    "repeated-token": "answers a page of the evaluation results with the token that asked for it",
    "short-list": "ends the evaluation results with a page that is not the last",
    "endless-list": "adds empty pages to the evaluation results without end",
    "contradicting-rows": "lists the first row of a page again with another status",
    "newer-results": "lists evaluation results that are newer than the latest report",
    "inactive-rule": "answers GetConfigRule with an INACTIVE rule without evaluations",
    "failing-rule": "answers GetConfigRule with a rule that could never be evaluated",
    "evaluating-rule": "answers GetConfigRule with a rule whose evaluation does not end",
}
MAX_SECONDS = 24 * 60 * 60
FOREIGN_UID, FOREIGN_PACK_ID = "1888888888888888", "cp-foreign000000000000"
# The error code of each fault that answers an API request with an error.
API_ERRORS = {
    "throttling": "Throttling.User",
    "unavailable": "ServiceUnavailable",
    "internal-error": "InternalError",
    "forbidden": "Forbidden.RAM",
    "no-permission": "NoPermission",
    "not-activated": "AccountNotExisted",
    "no-service-role": "CloudConfigServiceRoleNotExisted",
}


@dataclass
class Fault:
    """A fault that is switched on, and to which requests it is limited (None: no such limit).

    `times` is the number of requests that it will still affect, `on` an operation, `pack` a pack
    id, `page` a page of a list (from 1), and `until` the time at which it ends. `delay` is the
    waiting time in seconds of `slow`.
    """

    name: str
    times: int | None
    on: str | None
    pack: str | None
    until: float | None
    delay: float
    page: int | None

    def matches(
        self, name: str, operation: str, pack_id: str | None, page: int | None = None
    ) -> bool:
        """Return whether this is the named fault and affects this operation, pack and page."""
        return (
            self.name == name
            and self.on in (None, operation)
            and self.pack in (None, pack_id)
            and self.page in (None, page)
        )


class Faults:
    """The faults that are switched on.

    Operations have their names in the API; the download of a file is the operation `Download`.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def set(
        self,
        name: str,
        *,
        times: int | None = None,
        on: str | None = None,
        pack: str | None = None,
        lasting: float | None = None,
        delay: float = 3.0,
        page: int | None = None,
    ) -> None:
        """Switch a fault on; raise ValueError if its name is unknown or a time is not valid.

        It affects only the next `times` requests, only the operation `on`, only the pack with the
        id `pack`, only the next `lasting` seconds, and only the page `page` (from 1) of a list of
        evaluation results; None means no such limit. `delay` is the waiting time of the fault
        `slow`, in seconds.
        """
        if name not in FAULTS:
            raise ValueError(f"no such fault: {name}; there are {', '.join(FAULTS)}")
        for seconds in (delay, lasting or 0):
            if not 0 <= seconds <= MAX_SECONDS:  # also refuses NaN
                raise ValueError(f"seconds are 0 to {MAX_SECONDS}")
        until = None if lasting is None else self._clock() + lasting
        with self._lock:
            self._faults.append(
                Fault(name=name, times=times, on=on, pack=pack, until=until, delay=delay, page=page)
            )

    def clear(self, name: str | None = None) -> None:
        """Switch off the fault with this name, or all faults if no name is given."""
        with self._lock:
            self._faults = [
                fault for fault in self._faults if name is not None and fault.name != name
            ]

    def is_active(self, name: str, operation: str, pack_id: str | None = None) -> bool:
        """Return whether the fault is on for this operation and pack, without counting a use."""
        with self._lock:
            return self._find(name, operation, pack_id) is not None

    def trigger(
        self, name: str, operation: str, pack_id: str | None = None, page: int | None = None
    ) -> Fault | None:
        """Return the fault if it is on for this operation, pack and page, and count this as a use.

        Switch the fault off after its last use. Return None if it is not on.
        """
        with self._lock:
            fault = self._find(name, operation, pack_id, page)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault

    def _find(
        self, name: str, operation: str, pack_id: str | None, page: int | None = None
    ) -> Fault | None:
        """Return the first fault that matches, or None; remove the faults whose time is over."""
        now = self._clock()
        self._faults = [fault for fault in self._faults if fault.until is None or fault.until > now]
        for fault in self._faults:
            if fault.matches(name, operation, pack_id, page):
                return fault
        return None

    def list_as_json(self) -> list[dict[str, Any]]:
        """Return the faults that are on, in the form in which `/-/faults` answers them."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
