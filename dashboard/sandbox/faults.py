"""Faults that can be switched on and off while the sandbox runs."""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

FAULTS = {
    "throttling": "answers Throttling.User",
    "unavailable": "answers 503 ServiceUnavailable",
    "internal-error": "answers 500 InternalError",
    "forbidden": "answers 403 Forbidden.RAM with AccessDeniedDetail",
    "no-permission": "answers 403 NoPermission with AccessDeniedDetail",
    "not-activated": "answers 404 AccountNotExisted",
    "slow": "waits `delay` seconds before any answer",
    "reset": "resets the connection instead of answering",
    "never-completes": "leaves a report CREATING",
    "previous-report": "answers COMPLETE with the report before the one under way",
    "expired-link": "hands out links that have already expired",
    "cut-off": "ends a download in its middle",
    "html-page": "serves an HTML error page as the file",
    "corrupt": "serves the file with its inside overwritten",
    "encrypted": "serves a workbook that asks for a password",
}
API_ERRORS = {
    "throttling": "Throttling.User",
    "unavailable": "ServiceUnavailable",
    "internal-error": "InternalError",
    "forbidden": "Forbidden.RAM",
    "no-permission": "NoPermission",
    "not-activated": "AccountNotExisted",
}


@dataclass
class Fault:
    """One fault in force; None means without a limit."""

    name: str
    times: int | None
    on: str | None
    pack: str | None
    until: float | None
    delay: float


class Faults:
    """The faults in force. The operations are named as in the API; fetching a link is called `Download`."""

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
    ) -> None:
        """Switch a fault on: for so many `times`, `on` one operation, for one `pack` id, `lasting` so many seconds."""
        if name not in FAULTS:
            raise ValueError(f"no such fault: {name}; there are {', '.join(FAULTS)}")
        until = None if lasting is None else self._clock() + lasting
        with self._lock:
            self._faults.append(Fault(name, times, on, pack, until, delay))

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all of them."""
        with self._lock:
            self._faults = [
                fault for fault in self._faults if name is not None and fault.name != name
            ]

    def hit(
        self, name: str, operation: str, pack: str | None = None, *, spend: bool = True
    ) -> Fault | None:
        """Return the fault if it strikes here and now; `spend` counts it against its `times`."""
        now = self._clock()
        with self._lock:
            self._faults = [
                fault for fault in self._faults if fault.until is None or fault.until > now
            ]
            for fault in self._faults:
                if (
                    fault.name == name
                    and fault.on in (None, operation)
                    and fault.pack in (None, pack)
                ):
                    if spend and fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        """Return the faults in force, as the control path shows them."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]
