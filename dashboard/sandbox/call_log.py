"""A log of the calls that the sandbox has received, and the limits on calls per minute."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
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
KEPT_CALLS = 10_000
MAX_OPERATIONS = 100  # whose calls are counted
MAX_OPERATION_NAME = 100  # characters


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


class CallLog:
    """The latest calls, oldest first, and the number of all calls of each operation.

    `limits` gives, for each operation, the maximum number of calls per account and minute.
    """

    def __init__(self, clock: Callable[[], float], limits: Mapping[str, int]) -> None:
        self._latest_calls: deque[ReceivedCall] = deque(maxlen=KEPT_CALLS)
        self._counts: Counter[str] = Counter()
        self._clock = clock
        self._limits = limits
        self._recent_times: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[ReceivedCall]:
        """Iterate over the latest calls as they are now; more may be recorded meanwhile."""
        with self._lock:
            return iter(list(self._latest_calls))

    def record(self, operation: str, uid: str, code: str = "") -> None:
        """Add a call. A client may name any operation: what is too much of that is not kept."""
        operation = operation[:MAX_OPERATION_NAME]
        call = ReceivedCall(operation=operation, uid=uid, at=self._clock(), code=code)
        with self._lock:
            self._latest_calls.append(call)
            if operation in self._counts or len(self._counts) < MAX_OPERATIONS:
                self._counts[operation] += 1

    def count_by_operation(self) -> Counter[str]:
        """Return the number of all calls of each operation, failed calls included."""
        with self._lock:
            return self._counts.copy()

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
