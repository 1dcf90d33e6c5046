"""The time by which a call to the cloud must end."""

import time
from collections.abc import Callable

from dashboard.cloud.errors import CloudError

IsStopped = Callable[[], bool]


def never_stop() -> bool:
    """Return False: a call with this default is never ended before its time limit."""
    return False


class TimeLimit:
    """Limit the time of the call under way: of all its attempts together, and of each of them.

    `is_stopped` is asked again and again while a call waits: once it returns true, the call ends,
    because its result is no longer needed. A client makes one call at a time, so it has one
    TimeLimit.
    """

    def __init__(self, is_stopped: IsStopped = never_stop) -> None:
        self._is_stopped = is_stopped
        self._call_end = self._attempt_end = time.monotonic()

    def start_call(self, seconds: float) -> None:
        """Start a call that may take `seconds`, and its first attempt."""
        self._call_end = self._attempt_end = time.monotonic() + seconds

    def start_attempt(self, seconds: float) -> None:
        """Start an attempt that may take `seconds`, but not longer than its call."""
        self._attempt_end = min(time.monotonic() + seconds, self._call_end)

    @property
    def is_over(self) -> bool:
        """Whether the call has no time for another attempt, or its result is no longer needed."""
        return time.monotonic() >= self._call_end or self._is_stopped()

    def require_time(self) -> float:
        """Return the seconds that the attempt has left; raise CloudError (TimedOut) if none."""
        if self._is_stopped():
            raise CloudError("TimedOut", "the call was ended, because its run has ended")
        seconds = self._attempt_end - time.monotonic()
        if seconds <= 0:
            raise CloudError("TimedOut", "the answer was not complete in time")
        return seconds
