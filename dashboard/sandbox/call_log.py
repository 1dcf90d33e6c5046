"""The calls that the sandbox has received, and the limits on calls per minute."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Calls per account and minute. The cloud publishes no figures; these are the project's assumption.
ASSUMED_LIMITS = {
    "GenerateCompliancePackReport": 60,
    "ListCompliancePacks": 60,
    "GetCompliancePackReport": 300,
    "GetCompliancePack": 300,
    "GetConfigRuleComplianceByPack": 300,
    "GetResourceComplianceByPack": 300,
}
DOWNLOAD = "Download"


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call to the sandbox.

    `uid` is the account that called, empty for a download. `code` is the error code that the caller
    received, empty if the call succeeded.
    """

    operation: str
    uid: str
    at: float
    code: str = ""


class CallLog(list[ReceivedCall]):
    """All calls so far, oldest first; `limits` are calls per operation, account and minute."""

    def __init__(self, clock: Callable[[], float], limits: Mapping[str, int]) -> None:
        super().__init__()
        self._clock = clock
        self._limits = limits
        self._recent_times: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def record(self, operation: str, uid: str, code: str = "") -> None:
        self.append(ReceivedCall(operation, uid, self._clock(), code))

    def count_by_operation(self) -> Counter[str]:
        """Return the number of calls of each operation, failed calls included."""
        return Counter(call.operation for call in list(self))

    def count_against_limit(self, operation: str, uid: str) -> bool:
        """Count a call against the operation's limit and return True.

        Return False, and do not count the call, if the limit of the last minute is reached.
        """
        limit = self._limits.get(operation)
        if limit is None:
            return True
        now = self._clock()
        with self._lock:
            times = self._recent_times[operation, uid]
            while times and now - times[0] >= 60:
                times.popleft()
            if len(times) >= limit:
                return False
            times.append(now)
            return True
