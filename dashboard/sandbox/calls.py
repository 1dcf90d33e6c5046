"""What was asked of the sandbox: the calls in order, and limits on how often a minute they may come."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Calls per account and minute, which the project assumes for the real cloud, where no figures are published.
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
class Call:
    """One call; `code` is the error it was answered with, empty where it succeeded. A download has no caller."""

    operation: str
    uid: str
    at: float
    code: str = ""


class Calls(list[Call]):
    """The calls so far, oldest first."""

    def __init__(self, clock: Callable[[], float], limits: Mapping[str, int]) -> None:
        super().__init__()
        self._clock = clock
        self._limits = limits
        self._recent: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def note(self, operation: str, uid: str, code: str = "") -> None:
        self.append(Call(operation, uid, self._clock(), code))

    def counted(self) -> Counter[str]:
        """Return how many calls of each operation there were, failed ones among them."""
        return Counter(call.operation for call in list(self))

    def exceeds_limit(self, operation: str, uid: str) -> bool:
        """Count a call against its limit; one that exceeds it is not counted."""
        limit = self._limits.get(operation)
        if limit is None:
            return False
        now = self._clock()
        with self._lock:
            recent = self._recent[operation, uid]
            while recent and now - recent[0] >= 60:
                recent.popleft()
            if len(recent) >= limit:
                return True
            recent.append(now)
            return False
