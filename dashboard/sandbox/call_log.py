"""A log of the calls that the sandbox has received, and the limits on calls per minute."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Calls per account and minute. The cloud publishes the number of the evaluation results only; this
# project assumes the others.
ASSUMED_LIMITS = {
    "GenerateCompliancePackReport": 60,
    "ListCompliancePacks": 60,
    "GetCompliancePackReport": 300,
    "GetCompliancePack": 300,
    "GetConfigRuleComplianceByPack": 300,
    "GetResourceComplianceByPack": 300,
    "ListConfigRuleEvaluationResults": 3000,
    "GetConfigRule": 300,
    "StartConfigRuleEvaluation": 60,
}
DOWNLOAD = "Download"  # the operation name for the download of a report file
MINUTE = 60  # seconds


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call to the sandbox.

    `uid` is the id of the calling account, empty for a download. `at` is the time in seconds.
    `code` is the error code in the answer, empty if the call succeeded.
    """

    operation: str
    uid: str
    at: float
    code: str = ""


class CallLog(list[ReceivedCall]):
    """The list of all calls so far, oldest first.

    `limits` gives, for each operation, the maximum number of calls per account and minute.
    """

    def __init__(self, clock: Callable[[], float], limits: Mapping[str, int]) -> None:
        super().__init__()
        self._clock = clock
        self._limits = limits
        self._recent_times: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def record(self, operation: str, uid: str, code: str = "") -> None:
        self.append(ReceivedCall(operation=operation, uid=uid, at=self._clock(), code=code))

    def count_by_operation(self) -> Counter[str]:
        """Return the number of calls of each operation, failed calls included."""
        return Counter(call.operation for call in list(self))

    def count_against_limit(self, operation: str, uid: str) -> bool:
        """Return whether the account may make one more call of this operation now.

        If it may, count the call. An operation without a limit may always be called.
        """
        limit = self._limits.get(operation)
        if limit is None:
            return True
        now = self._clock()
        with self._lock:
            times = self._recent_times[operation, uid]
            while times and now - times[0] >= MINUTE:
                times.popleft()
            if len(times) >= limit:
                return False
            times.append(now)
            return True
